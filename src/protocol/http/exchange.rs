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
use crate::protocol::transport::{Agreed, Connection, refused};
use crate::protocol::websocket::{Ahead, WebSocket, agreed};
use crate::protocol::{Answer, Call, Channel, EventStream, Location, Opens, Problem, Session};
use crate::record::Failure;
use http::{Method, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

const SWITCHING: StatusCode = StatusCode::SWITCHING_PROTOCOLS;

/// How often a request is sent again at most.
const MOST: u32 = 8;

impl Hop<'_> {
    fn outgoing<'a>(&'a self, cookies: Option<&'a str>) -> Outgoing<'a> {
        Outgoing {
            method: &self.call.method,
            path: self.path.as_str(),
            headers: &self.call.headers,
            host: &self.origin.host_header,
            forward: None,
            cookies,
            body: &self.call.body,
        }
    }

    fn purpose(&self) -> Purpose {
        Purpose {
            to_head: self.call.method == Method::HEAD,
            keep: self.call.keep_body,
            follow: self.call.redirects > 0,
            open: matches!(self.call.opens, Opens::Stream(_)),
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
            let (mut received, shown) =
                self.send(&hop, cookies, &mut session.kept, timings).await?;
            if received.has.cookies {
                keep_cookies(&received.head, &mut session.jar, hop.place());
            }
            let Some(url) = hop.next(&received)? else {
                let body = body::unpacked(&mut received, call.keep_body)?;
                return Ok(Answer {
                    status: received.status,
                    version: received.version,
                    body: body.bytes,
                    headers: received.head,
                    timed: received.has.timing,
                    received: received.size,
                    decoded: body.decoded,
                    redirects,
                    peer: shown.peer,
                    certificate: shown.certificate,
                    channel: shown.channel,
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
    ) -> Result<(Received, Shown), Problem> {
        let (request, purpose) = (hop.outgoing(cookies), hop.purpose());
        let mut sent = 0;
        let mut fresh = None;
        loop {
            let shares = hop.call.opens == Opens::Nothing && hop.origin.multiplexes();
            let (lost, reused, ended) = if shares && fresh.is_none() {
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
                let (mut connection, reused) = self.own(hop, kept, timings, fresh.take()).await?;
                if connection.agreed == Agreed::Http2 {
                    Box::pin(self.adopt(&hop.origin, kept, connection)).await?;
                    continue;
                }
                timings.begin(!reused);
                let arrival = &mut timings.arrival;
                let forward = connection.forward.clone();
                let request = Outgoing {
                    forward: forward.as_deref(),
                    ..request
                };
                let stream = &mut connection.stream;
                match wire::exchange(stream, &self.scratch, &request, purpose, arrival).await {
                    Ok(mut received) => {
                        if let (Some(forward), 407) = (&forward, received.status.as_u16()) {
                            *arrival = wire::Arrival::default();
                            let asked = hop.call.method.as_str();
                            return Err(refused(&forward.proxy, received.status, asked));
                        }
                        let shown = self.shown(hop, kept, (connection, reused), &mut received)?;
                        return Ok((received, shown));
                    }
                    Err(mut lost) => {
                        lost.unsent = reused && unread(&lost, hop, &connection).await;
                        (lost, reused, true)
                    }
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

    /// A connection for a request of its own, and whether another one went out on it before.
    async fn own(
        &self,
        hop: &Hop<'_>,
        kept: &mut Kept,
        timings: &mut Timings,
        fresh: Option<Connection>,
    ) -> Result<(Connection, bool), Problem> {
        if let Some(fresh) = fresh {
            return Ok((fresh, false));
        }
        let opens = &hop.call.opens;
        // For a WebSocket: others may be kept to speak another protocol.
        if !matches!(opens, Opens::WebSocket(_))
            && let Some(connection) = self.kept(&hop.origin, kept).await
        {
            return Ok((connection, true));
        }
        let opened = if *opens == Opens::Nothing {
            self.open(&hop.origin, timings).await?
        } else {
            self.open_alone(&hop.origin, timings).await?
        };
        Ok((opened, false))
    }

    /// What a connection has shown; it is kept where it can be used again.
    fn shown(
        &self,
        hop: &Hop<'_>,
        kept: &mut Kept,
        (connection, reused): (Connection, bool),
        received: &mut Received,
    ) -> Result<Shown, Problem> {
        self.answered(reused);
        let (peer, certificate) = (connection.peer, connection.certificate.clone());
        let (channel, connection) = opened(&hop.call, connection, received)?;
        if let Some(mut connection) = connection.filter(|_| received.reusable) {
            if received.has.lifetime {
                let said = received.head.get("keep-alive").and_then(lifetime);
                connection.until = said.map(|said| Instant::now() + said);
            }
            self.keep(&hop.origin, kept, connection);
        }
        Ok(Shown {
            peer,
            certificate,
            channel,
        })
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
        timings.begin(!reused || timings.wait.is_some_and(|wait| !wait.is_zero()));
        let (link, arrival) = (&place.link, &mut timings.arrival);
        let purpose = (purpose, again);
        match multiplex::exchange(link, request, hop.target(), purpose, arrival).await {
            Ok(received) => {
                self.answered(reused);
                self.over_http2.set(self.over_http2.get() + 1);
                let shown = Shown {
                    peer: link.peer,
                    certificate: link.certificate.clone(),
                    channel: None,
                };
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
    peer: Option<SocketAddr>,
    certificate: Option<Arc<[u8]>>,
    /// What stays open behind the answer.
    channel: Option<Channel>,
}

/// How long a connection is used again, out of `keep-alive: timeout=5`: a second less than the server says, as others
/// do, or half of it where it says less.
fn lifetime(value: &[u8]) -> Option<Duration> {
    let mut parameters = value.split(|b| *b == b',').map(<[u8]>::trim_ascii);
    let seconds = parameters.find_map(|p| p.strip_prefix(b"timeout="))?;
    let seconds: u32 = std::str::from_utf8(seconds).ok()?.parse().ok()?;
    let said = Duration::from_secs(seconds.into());
    Some(said.saturating_sub((said / 2).min(Duration::from_secs(1))))
}

/// Whether a request that was lost on a used connection has not been read by anybody.
async fn unread(lost: &Lost, hop: &Hop<'_>, connection: &Connection) -> bool {
    // Of what is written through TLS nobody knows how much went out.
    if lost.unsent && !hop.origin.secure() {
        return true;
    }
    // What may be repeated anyway need not be looked into.
    let matters = lost.unanswered && !hop.call.method.is_idempotent();
    matters && connection.stream.closed_before().await
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_little_less_than_the_server_says() {
        for (value, millis) in [
            ("timeout=5", Some(4_000)),
            ("timeout=5, max=100", Some(4_000)),
            ("max=100,timeout=1", Some(500)),
            ("timeout=0", Some(0)),
            ("timeout=", None),
            ("timeout=99999999999999", None),
            ("max=100", None),
        ] {
            let expected = millis.map(Duration::from_millis);
            assert_eq!(lifetime(value.as_bytes()), expected, "{value}");
        }
    }
}
