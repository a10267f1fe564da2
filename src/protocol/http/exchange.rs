//! One call from its first byte to the end of its redirects. In: a [`Call`]; out: an [`Answer`]. Invariant: a
//! connection is used again only when its answer was read whole, and a request is sent twice only when the server
//! cannot have acted on the first one.

use super::multiplex;
use super::pool::Way;
use super::redirect::Hop;
use super::wire::{self, Lost, Outgoing, Purpose, Received};
use super::{Client, Kept, Timings, body, origin};
use crate::expr::Head;
use crate::protocol::cookies::{Jar, Place};
use crate::protocol::transport::{Agreed, Connection};
use crate::protocol::{Answer, Call, Keep, Location, Problem, Session};
use crate::record::Failure;
use bytes::Bytes;
use http::Method;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

/// How often a request is sent again at most.
const MOST: u32 = 8;

impl Hop<'_> {
    fn outgoing<'a>(&'a self, cookies: Option<&'a str>) -> Outgoing<'a> {
        Outgoing {
            method: &self.call.method,
            path: self.path.as_str(),
            headers: &self.call.headers,
            host: &self.origin.host_header,
            cookies,
            body: &self.call.body,
        }
    }

    fn purpose(&self) -> Purpose {
        Purpose {
            to_head: self.call.method == Method::HEAD,
            keep: self.call.keep_body,
            follow: self.call.redirects > 0,
        }
    }
}

impl Client {
    /// Sends a call, follows its redirects, reads the answer.
    pub(super) async fn exchange(
        &self,
        call: &Call,
        session: &mut Session,
        timings: &mut Timings,
    ) -> Result<Answer, Problem> {
        let mut hop = match &call.url {
            Location::Target(path) => Hop::first(self.origins.target(), path, call),
            Location::Elsewhere(url) => {
                // Nothing redirected us here: the step's own URL, once rendered, is somewhere else.
                self.blueprint
                    .reach
                    .permit(url)
                    .map_err(|problem| Problem {
                        failure: Failure::Unsendable,
                        ..problem
                    })?;
                Hop::first(self.origins.of(url)?, &origin::path_of(url), call)
            }
        };
        let mut redirects = Vec::new();
        loop {
            let line = if session.jar.is_empty() {
                None
            } else {
                session.jar.header(hop.place(), SystemTime::now)
            };
            // The exchange may be cut off at any time: what the first request says is kept before it is sent.
            let later;
            let cookies = if redirects.is_empty() {
                session.cookies = line;
                session.cookies.as_deref()
            } else {
                later = line;
                later.as_deref()
            };
            let (received, shown) = self.send(&hop, cookies, &mut session.kept, timings).await?;
            if received.has.cookies {
                keep_cookies(&received.head, &mut session.jar, hop.place());
            }
            let Some(url) = hop.next(&received)? else {
                let (size, packed) = (received.size, received.has.coding);
                return Ok(Answer {
                    status: received.status,
                    version: received.version,
                    body: match body::unpacked(&received.head, received.body, packed, size) {
                        Err(_) if call.keep_body == Keep::Shown => Bytes::new(),
                        body => body?,
                    },
                    headers: received.head,
                    received: size,
                    redirects,
                    peer: Some(shown.peer),
                    certificate: shown.certificate,
                });
            };
            self.blueprint.reach.permit(&url)?;
            hop.follow(self.origins.of(&url)?, &url, received.status);
            redirects.push((received.status, url));
        }
    }

    /// Sends one request and reads its answer. A kept connection that closed under the request is replaced: always
    /// when nothing was written, otherwise only when the method may be repeated.
    async fn send(
        &self,
        hop: &Hop<'_>,
        cookies: Option<&str>,
        kept: &mut Kept,
        timings: &mut Timings,
    ) -> Result<(Received, Shown), Problem> {
        let (request, purpose) = (hop.outgoing(cookies), hop.purpose());
        let mut sent = 0;
        let mut fresh = None;
        loop {
            let (lost, reused, ended) = if hop.origin.multiplexes() && fresh.is_none() {
                let sending = (&request, purpose, sent > 0);
                // A large future, which requests on HTTP/1.1 do not carry with them.
                match Box::pin(self.among(hop, sending, kept, timings)).await? {
                    Among::Answered(answer) => return Ok(answer),
                    Among::Lost(lost, reused, ended) => (lost, reused, ended),
                    Among::Alone(connection) => {
                        fresh = Some(connection);
                        continue;
                    }
                }
            } else {
                let waiting = match fresh {
                    Some(_) => None,
                    None => self.kept(&hop.origin, kept).await,
                };
                let reused = waiting.is_some();
                let mut connection = match waiting.or_else(|| fresh.take()) {
                    Some(connection) => connection,
                    None => self.open(&hop.origin, timings).await?,
                };
                if connection.agreed == Agreed::Http2 {
                    Box::pin(self.adopt(&hop.origin, kept, connection)).await?;
                    continue;
                }
                let (stream, arrival) = (&mut connection.stream, timings.afresh());
                match wire::exchange(stream, &self.scratch, &request, purpose, arrival).await {
                    Ok(received) => {
                        self.answered(reused);
                        let shown = Shown::of(connection.peer, connection.certificate.as_ref());
                        if received.reusable {
                            self.keep(&hop.origin, kept, connection);
                        }
                        return Ok((received, shown));
                    }
                    // Of what is written through TLS nobody knows how much went out.
                    Err(lost) => (lost.known(reused && !hop.origin.secure()), reused, true),
                }
            };
            let repeated = lost.unanswered && reused && hop.call.method.is_idempotent();
            if sent >= MOST || !(lost.unsent || repeated) {
                return Err(lost.problem);
            }
            sent += 1;
            self.sent_again(ended);
        }
    }

    fn sent_again(&self, ended: bool) {
        let reconnects = self.reconnects.get();
        self.reconnects.set(reconnects + u64::from(ended));
    }

    fn answered(&self, reused: bool) {
        self.reused.set(self.reused.get() + u64::from(reused));
        self.answers.set(self.answers.get() + 1);
    }

    /// A request on a connection that others use, too.
    async fn among(
        &self,
        hop: &Hop<'_>,
        (request, purpose, again): (&Outgoing<'_>, Purpose, bool),
        kept: &mut Kept,
        timings: &mut Timings,
    ) -> Result<Among, Problem> {
        let (place, reused) = match self.place(&hop.origin, kept, timings).await? {
            (Way::Among(place), reused) => (place, reused),
            (Way::Alone(connection), _) => return Ok(Among::Alone(connection)),
        };
        let (link, arrival) = (&place.link, timings.afresh());
        let purpose = (purpose, again);
        match multiplex::exchange(link, request, hop.target(), purpose, arrival).await {
            Ok(received) => {
                self.answered(reused);
                self.over_http2.set(self.over_http2.get() + 1);
                let shown = Shown::of(link.peer, link.certificate.as_ref());
                Ok(Among::Answered((received, shown)))
            }
            Err(lost) => {
                let ended = !link.is_open();
                Ok(Among::Lost(lost, reused, ended))
            }
        }
    }
}

/// What came of a request on a connection that others use.
enum Among {
    Answered((Received, Shown)),
    /// Whether another request had gone out on the connection, and whether that has ended.
    Lost(Lost, bool, bool),
    /// It turned out to be one that nobody else can use.
    Alone(Connection),
}

/// What a connection shows of the server.
struct Shown {
    peer: SocketAddr,
    certificate: Option<Arc<[u8]>>,
}

impl Shown {
    fn of(peer: SocketAddr, certificate: Option<&Arc<[u8]>>) -> Self {
        Self {
            peer,
            certificate: certificate.map(Arc::clone),
        }
    }
}

fn keep_cookies(head: &Head, jar: &mut Jar, place: Place<'_>) {
    let now = SystemTime::now();
    for line in head.get_all("set-cookie") {
        if let Ok(line) = std::str::from_utf8(line) {
            jar.set(line, place, now);
        }
    }
}
