//! HTTP/1.1 on connections of our own. In: a [`Call`]; out: an [`Exchange`]. One client per worker, one pool per
//! origin. Invariant: a connection is used again only when its answer was read whole, and a request is sent twice
//! only when the server cannot have acted on the first one.

mod body;
mod connection;
mod failure;
mod origin;
mod pool;
mod redirect;

pub use origin::{Reach, is_loopback};
pub(super) use pool::Kept;

use super::cookies::{Jar, Place};
use super::session::Session;
use super::tls::{self, TlsError, TlsSettings};
use super::{Answer, Call, Exchange, Location, Problem, Protocol};
use crate::record::Failure;
use crate::scenario::Connections;
use bytes::Bytes;
use connection::Sender;
use http::header::{COOKIE, HOST, SET_COOKIE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use origin::{Origin, Origins};
use redirect::Hop;
use rustls::ClientConfig;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use url::Url;

/// What every worker's client is made from; cheap to clone, can be sent to threads.
#[derive(Debug, Clone)]
pub struct Blueprint {
    target: Url,
    tls: TlsSettings,
    reach: Reach,
    connections: Connections,
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Blueprint {
    /// Settings of a scenario. With a private CA the TLS configuration is built at once, so that a bad file is
    /// found before anything is sent; otherwise with the first https connection.
    ///
    /// # Errors
    /// When the CA file cannot be used.
    pub fn new(target: Url, tls: TlsSettings, reach: Reach) -> Result<Self, TlsError> {
        let config = Arc::new(OnceLock::new());
        let blueprint = Self {
            target,
            tls,
            reach,
            connections: Connections::Shared,
            config,
        };
        if blueprint.tls.ca.is_some() {
            blueprint.tls_config()?;
        }
        Ok(blueprint)
    }

    /// The same with connections kept for others than anybody.
    #[must_use]
    pub fn with_connections(self, connections: Connections) -> Self {
        Self {
            connections,
            ..self
        }
    }

    fn tls_config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = tls::config(&self.tls)?;
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }
}

/// Counts of one client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientStats {
    /// Connections opened.
    pub opened: u64,
    /// Requests on a connection that was there already.
    pub reused: u64,
    /// Kept connections that turned out closed when a request was put on them; the request was sent again.
    pub reconnects: u64,
}

/// Where the time of a call went, filled in as it goes: a timeout keeps what was known.
#[derive(Debug, Default)]
struct Timings {
    first_byte: Option<Instant>,
    connect: Option<Duration>,
    tls: Option<Duration>,
}

/// The HTTP client of one worker.
#[derive(Debug)]
pub struct Client {
    blueprint: Blueprint,
    origins: Origins,
    opened: Cell<u64>,
    reused: Cell<u64>,
    reconnects: Cell<u64>,
}

impl Client {
    /// A client without connections.
    pub fn new(blueprint: Blueprint) -> Self {
        let origins = Origins::new(&blueprint.target);
        Self {
            blueprint,
            origins,
            opened: Cell::new(0),
            reused: Cell::new(0),
            reconnects: Cell::new(0),
        }
    }

    /// Resolves, connects and shakes hands with the host of a URL, and keeps the connection.
    ///
    /// # Errors
    /// Why it cannot be reached.
    pub async fn reach(&self, url: &Url, timeout: Duration) -> Result<(), Problem> {
        let origin = self.origins.of(url)?;
        let mut timings = Timings::default();
        let opening = self.open(&origin, &mut timings);
        let sender = tokio::time::timeout(timeout, opening)
            .await
            .map_err(|_| Problem::new(Failure::Timeout, "no connection within the timeout"))??;
        origin.put_back(sender);
        Ok(())
    }

    async fn open(&self, origin: &Origin, timings: &mut Timings) -> Result<Sender, Problem> {
        let opened = connection::open(origin, self.config(origin)?).await;
        let connect = timings.connect.get_or_insert_default();
        *connect += opened.connect;
        if let Some(tls) = opened.tls {
            *timings.tls.get_or_insert_default() += tls;
        }
        let sender = opened.sender?;
        self.opened.set(self.opened.get() + 1);
        Ok(sender)
    }

    /// The TLS settings, where the origin asks for TLS.
    fn config(&self, origin: &Origin) -> Result<Option<Arc<ClientConfig>>, Problem> {
        origin
            .secure()
            .then(|| self.blueprint.tls_config())
            .transpose()
            .map_err(|e| Problem::new(Failure::Tls, e))
    }

    /// Sends a call, follows its redirects, reads the answer.
    async fn exchange(
        &self,
        call: &Call,
        session: &mut Session,
        timings: &mut Timings,
    ) -> Result<Answer, Problem> {
        let mut hop = match &call.url {
            Location::Target(path) => Hop::first(self.origins.target(), path.clone(), call),
            Location::Elsewhere(url) => {
                // Nothing redirected us here: the step's own URL, once rendered, is somewhere else.
                self.blueprint
                    .reach
                    .permit(url)
                    .map_err(|problem| Problem {
                        failure: Failure::Unsendable,
                        ..problem
                    })?;
                Hop::first(self.origins.of(url)?, origin::path_of(url), call)
            }
        };
        loop {
            let (sender, response) = self.send(&hop, session, timings).await?;
            timings.first_byte = Some(Instant::now());
            keep_cookies(response.headers(), &mut session.jar, hop.place());
            let next = hop.next(&response, call)?;
            let keep = call.keep_body && next.is_none();
            let (head, body) = response.into_parts();
            let body = body::read(body, &head.headers, keep).await?;
            self.keep(&hop.origin, session, sender);
            let Some(url) = next else {
                return Ok(Answer {
                    status: head.status,
                    headers: head.headers,
                    body: body.bytes,
                    received: body.received,
                    redirected_to: hop.followed.then(|| hop.url()),
                });
            };
            self.blueprint.reach.permit(&url)?;
            hop.follow(self.origins.of(&url)?, &url, head.status);
        }
    }

    /// Sends one request and waits for the head of its answer. A kept connection that closed under the request
    /// is replaced: always when nothing was written, otherwise only when the method may be repeated.
    async fn send(
        &self,
        hop: &Hop<'_>,
        session: &mut Session,
        timings: &mut Timings,
    ) -> Result<(Sender, Response<Incoming>), Problem> {
        while let Some(mut sender) = self.kept(&hop.origin, session).await {
            match sender.try_send_request(request(hop, &session.jar)).await {
                Ok(response) => {
                    self.reused.set(self.reused.get() + 1);
                    return Ok((sender, response));
                }
                Err(mut refused) => {
                    let unsent = refused.take_message().is_some();
                    let error = refused.into_error();
                    let lost = error.is_incomplete_message() || failure::is_reset(&error);
                    if !(unsent || lost && hop.method.is_idempotent()) {
                        return Err(failure::of(&error));
                    }
                    self.reconnects.set(self.reconnects.get() + 1);
                }
            }
        }
        let mut sender = self.open(&hop.origin, timings).await?;
        let response = sender
            .send_request(request(hop, &session.jar))
            .await
            .map_err(|e| failure::of(&e))?;
        Ok((sender, response))
    }
}

impl Protocol for Client {
    async fn call(&self, call: &Call, session: &mut Session, sent: Instant) -> Exchange {
        let mut timings = Timings::default();
        let result =
            tokio::time::timeout(call.timeout, self.exchange(call, session, &mut timings)).await;
        let (done, result) = match result {
            Ok(result) => (Instant::now(), result),
            // A timeout counts at its limit, however late the timer was.
            Err(_) => (
                sent + call.timeout,
                Err(Problem::new(
                    Failure::Timeout,
                    timed_out(call.timeout, &timings),
                )),
            ),
        };
        Exchange {
            sent,
            first_byte: timings.first_byte,
            done,
            connect: timings.connect,
            tls: timings.tls,
            result,
        }
    }

    async fn open_ahead(&self, connections: u64) {
        if self.blueprint.connections == Connections::Shared {
            self.fill(connections).await;
        }
    }

    fn stats(&self) -> ClientStats {
        ClientStats {
            opened: self.opened.get(),
            reused: self.reused.get(),
            reconnects: self.reconnects.get(),
        }
    }
}

fn timed_out(limit: Duration, timings: &Timings) -> String {
    let seen = if timings.first_byte.is_some() {
        "the head of the answer came, its body did not end"
    } else {
        "no answer"
    };
    format!("{seen} within {}", crate::units::format_duration(limit))
}

fn keep_cookies(headers: &HeaderMap, jar: &mut Jar, place: Place<'_>) {
    if !headers.contains_key(SET_COOKIE) {
        return;
    }
    let now = SystemTime::now();
    for line in headers.get_all(SET_COOKIE) {
        if let Ok(line) = line.to_str() {
            jar.set(line, place, now);
        }
    }
}

fn request(hop: &Hop<'_>, jar: &Jar) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(hop.body.clone()));
    *request.method_mut() = hop.method.clone();
    *request.uri_mut() = Uri::from(hop.path.clone());
    let mut headers = hop.headers.as_ref().clone();
    if !headers.contains_key(HOST) {
        headers.insert(HOST, hop.origin.host_header.clone());
    }
    if !jar.is_empty()
        && let Some(line) = jar.header(hop.place(), SystemTime::now)
    {
        let line = match headers.get(COOKIE).and_then(|own| own.to_str().ok()) {
            Some(own) => format!("{own}; {line}"),
            None => line,
        };
        if let Ok(value) = HeaderValue::from_str(&line) {
            headers.insert(COOKIE, value);
        }
    }
    *request.headers_mut() = headers;
    request
}
