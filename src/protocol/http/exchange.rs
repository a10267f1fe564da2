//! One call from its first byte to the end of its redirects. In: a [`Call`]; out: an [`Answer`]. Invariant: a
//! connection is used again only when its answer was read whole, and a request is sent twice only when the server
//! cannot have acted on the first one.

use super::connection::Connection;
use super::redirect::Hop;
use super::wire::{self, Arrival, Outgoing, Purpose, Received};
use super::{Client, Kept, Timings, body, origin};
use crate::expr::Head;
use crate::protocol::cookies::{Jar, Place};
use crate::protocol::websocket::{Ahead, WebSocket, agreed};
use crate::protocol::{
    Answer, Call, Channel, EventStream, Keep, Location, Opens, Problem, Session,
};
use crate::record::Failure;
use bytes::Bytes;
use http::{Method, StatusCode};
use std::time::SystemTime;

const SWITCHING: StatusCode = StatusCode::SWITCHING_PROTOCOLS;

impl Client {
    /// Sends a call, follows its redirects, reads the answer.
    pub(super) async fn exchange(
        &self,
        call: &Call,
        session: &mut Session,
        timings: &mut Timings,
    ) -> Result<Answer, Problem> {
        let mut hop = self.first(call)?;
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
            let (channel, connection) = opened(call, connection, &mut received)?;
            if let Some(connection) = connection.filter(|_| received.reusable) {
                self.keep(&hop.origin, &mut session.kept, connection);
            }
            let Some(url) = hop.next(&received)? else {
                let size = received.size;
                return Ok(Answer {
                    status: received.status,
                    version: received.version,
                    body: match body::unpacked(
                        &received.head,
                        received.body,
                        received.has.coding,
                        size,
                    ) {
                        Err(_) if call.keep_body == Keep::Shown => Bytes::new(),
                        body => body?,
                    },
                    headers: received.head,
                    received: size,
                    redirects,
                    peer: Some(peer),
                    certificate,
                    channel,
                });
            };
            self.blueprint.reach.permit(&url)?;
            hop.follow(self.origins.of(&url)?, &url, received.status);
            redirects.push((received.status, url));
        }
    }

    /// Where a call goes first.
    fn first<'a>(&self, call: &'a Call) -> Result<Hop<'a>, Problem> {
        Ok(match &call.url {
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
        })
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
            open: matches!(call.opens, Opens::Stream(_)),
        };
        loop {
            let waiting = match call.opens {
                Opens::Nothing | Opens::Stream(_) => self.kept(&hop.origin, kept).await,
                // Others may be kept to speak another protocol.
                Opens::WebSocket(_) => None,
            };
            let reused = waiting.is_some();
            let mut connection = match waiting {
                Some(connection) => connection,
                None => self.open(&hop.origin, timings).await?,
            };
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

/// Makes a connection what the call wanted opened, where the answer agrees.
fn opened(
    call: &Call,
    connection: Connection,
    received: &mut Received,
) -> Result<(Option<Channel>, Option<Connection>), Problem> {
    match &call.opens {
        Opens::WebSocket(offered) if received.status == SWITCHING => {
            agreed(&call.headers, offered, &received.head)?;
            let rest = std::mem::take(&mut received.rest);
            let stream = connection.stream;
            let socket = WebSocket::new(Ahead { rest, stream });
            Ok((Some(Channel::WebSocket(Box::new(socket))), None))
        }
        Opens::Stream(framing) => {
            let Some(body) = received.open.take() else {
                return Ok((None, Some(connection)));
            };
            let coding = received.head.get("content-encoding").unwrap_or_default();
            let body = (*body, std::mem::take(&mut received.rest));
            let stream = EventStream::new(connection.stream, body, coding, framing)?;
            Ok((Some(Channel::Stream(Box::new(stream))), None))
        }
        _ => Ok((None, Some(connection))),
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
