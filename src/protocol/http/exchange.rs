//! One call from its first byte to the end of its redirects. In: a [`Call`]; out: an [`Answer`]. Invariant: a
//! connection is used again only when its answer was read whole, and a request is sent twice only when the server
//! cannot have acted on the first one.

use super::connection::Connection;
use super::redirect::Hop;
use super::wire::{self, Arrival, Outgoing, Purpose, Received};
use super::{Client, Kept, Timings, body, origin};
use crate::expr::Head;
use crate::protocol::cookies::{Jar, Place};
use crate::protocol::{Answer, Call, Location, Problem, Session};
use crate::record::Failure;
use http::Method;
use std::time::SystemTime;
use tokio::time::Instant;

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
            let (connection, mut received) =
                self.send(&hop, cookies, &mut session.kept, timings).await?;
            if received.has.cookies {
                keep_cookies(&received.head, &mut session.jar, hop.place());
            }
            let (peer, certificate) = (connection.peer, connection.certificate.clone());
            if received.reusable {
                self.keep(&hop.origin, &mut session.kept, connection);
            }
            let Some(url) = hop.next(&received)? else {
                let body = body::unpacked(&mut received, call.keep_body)?;
                return Ok(Answer {
                    status: received.status,
                    version: received.version,
                    body: body.bytes,
                    headers: received.head,
                    received: received.size,
                    decoded: body.decoded,
                    redirects,
                    peer: Some(peer),
                    certificate,
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
    ) -> Result<(Connection, Received), Problem> {
        let call = &hop.call;
        let request = Outgoing {
            method: &call.method,
            path: hop.path.as_str(),
            headers: &call.headers,
            host: &hop.origin.host_header,
            cookies,
            body: &call.body,
        };
        let purpose = Purpose {
            to_head: call.method == Method::HEAD,
            keep: call.keep_body,
            follow: call.redirects > 0,
        };
        loop {
            let waiting = self.kept(&hop.origin, kept).await;
            let reused = waiting.is_some();
            let mut connection = match waiting {
                Some(connection) => connection,
                None => self.open(&hop.origin, timings).await?,
            };
            // Elsewhere the connection was there when the call began.
            if !reused || timings.arrival.at_once || timings.arrival.written.is_some() {
                timings.ready = Some(Instant::now());
            }
            let arrival = &mut timings.arrival;
            *arrival = Arrival::default();
            let stream = &mut connection.stream;
            match wire::exchange(stream, &self.scratch, &request, purpose, arrival).await {
                Ok(received) => {
                    self.reused.set(self.reused.get() + u64::from(reused));
                    return Ok((connection, received));
                }
                Err(lost) => {
                    // Of what is written through TLS nobody knows how much went out.
                    let unsent = lost.unsent && !hop.origin.secure();
                    let again = unsent || lost.unanswered && call.method.is_idempotent();
                    if !(reused && again) {
                        return Err(lost.problem);
                    }
                    self.reconnects.set(self.reconnects.get() + 1);
                }
            }
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
