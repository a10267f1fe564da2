//! HTTP/1.1 and HTTP/2 on connections of our own. In: a [`Call`]; out: an [`Exchange`]. One client per worker, one pool
//! per origin. Invariant: whoever waits for an answer reads it itself: no task and no message stands between a user and
//! its connection.

mod body;
mod deadline;
mod exchange;
mod multiplex;
mod origin;
mod pool;
mod redirect;
#[cfg(test)]
mod tests;
mod wire;

pub use crate::scenario::is_loopback;
pub(super) use deadline::Deadline;
pub use origin::Reach;
pub(super) use pool::Kept;
pub(super) use wire::OpenBody;

use super::session::Session;
use super::transport::{Connection, Dialer, Offer, Phases, TlsError, TlsSettings};
use super::{Call, Exchange, Location, Problem, Protocol};
use crate::record::Failure;
use crate::scenario::{Connections, Http, Network};
use origin::{Origin, Origins};
use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;
use wire::{Arrival, Scratch};

/// What every worker's client is made from; cheap to clone, can be sent to threads.
#[derive(Debug, Clone)]
pub struct Blueprint {
    target: Url,
    dialer: Dialer,
    reach: Reach,
    connections: Connections,
    offer: Offer,
    /// Requests at once on an HTTP/2 connection, where the scenario bounds them.
    streams: Option<usize>,
}

impl Blueprint {
    /// Settings of a scenario.
    ///
    /// # Errors
    /// When the CA file cannot be used.
    pub fn new(target: Url, tls: TlsSettings, reach: Reach) -> Result<Self, TlsError> {
        Ok(Self {
            target,
            dialer: Dialer::new(tls)?,
            reach,
            connections: Connections::Shared,
            offer: Offer::Either,
            streams: None,
        })
    }

    /// The scenario's target.
    pub fn target(&self) -> &Url {
        &self.target
    }

    /// The same way of connecting, to somebody whom no load reaches.
    #[must_use]
    pub fn towards(self, target: Url) -> Self {
        Self {
            target,
            reach: Reach::Any,
            connections: Connections::Shared,
            ..self
        }
    }

    /// The same on the ways of a network: proxies, sockets, addresses that are given.
    #[must_use]
    pub fn with_network(self, network: Network) -> Self {
        Self {
            dialer: self.dialer.with_network(network, &self.target),
            ..self
        }
    }

    /// The same for another version of HTTP, with so many requests at once on an HTTP/2 connection.
    #[must_use]
    pub fn with_http(self, http: Http, streams: Option<u32>) -> Self {
        Self {
            offer: match http {
                Http::Auto => Offer::Either,
                Http::One => Offer::Http1,
                Http::Two => Offer::Http2,
            },
            streams: streams.map(|streams| streams as usize),
            ..self
        }
    }

    /// The same with connections kept for others than anybody.
    #[must_use]
    pub fn with_connections(self, connections: Connections) -> Self {
        Self {
            connections,
            ..self
        }
    }
}

/// Counts of one client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientStats {
    /// Connections opened.
    pub opened: u64,
    /// Requests on a connection that was there already.
    pub reused: u64,
    /// Kept connections that turned out closed when a request was put on them; it went out on a new one.
    pub reconnects: u64,
    /// Answers.
    pub answers: u64,
    /// Those of them that came over HTTP/2.
    pub over_http2: u64,
}

/// Where the time of a call went, filled in as it goes: a timeout keeps what was known.
#[derive(Debug, Default)]
struct Timings {
    arrival: Arrival,
    phases: Phases,
    /// When the connection of the last request was there, where that was not at once.
    ready: Option<Instant>,
    wait: Option<Duration>,
}

impl Timings {
    /// The next request is about to be sent; `late` where its connection was not there when the call began.
    fn begin(&mut self, late: bool) {
        if late || self.arrival.at_once || self.arrival.written.is_some() {
            self.ready = Some(Instant::now());
        }
        self.arrival = Arrival::default();
    }
}

/// The HTTP client of one worker.
#[derive(Debug)]
pub struct Client {
    blueprint: Blueprint,
    origins: Origins,
    scratch: RefCell<Scratch>,
    opened: Cell<u64>,
    reused: Cell<u64>,
    reconnects: Cell<u64>,
    answers: Cell<u64>,
    over_http2: Cell<u64>,
}

impl Client {
    /// A client without connections.
    pub fn new(blueprint: Blueprint) -> Self {
        let origins = Origins::new(&blueprint.target, blueprint.offer);
        Self {
            blueprint,
            origins,
            scratch: RefCell::default(),
            opened: Cell::new(0),
            reused: Cell::new(0),
            reconnects: Cell::new(0),
            answers: Cell::new(0),
            over_http2: Cell::new(0),
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
        let opened = tokio::time::timeout(timeout, opening).await;
        let connection = opened.map_err(|_| {
            let secure = origin.endpoint.secure;
            let seen = stuck(secure, &timings.phases).unwrap_or("no connection");
            Problem::new(Failure::Timeout, within(seen, timeout))
        })??;
        origin.admit(connection).await
    }

    async fn open(&self, origin: &Origin, timings: &mut Timings) -> Result<Connection, Problem> {
        let dialer = &self.blueprint.dialer;
        let offer = self.blueprint.offer;
        let opening = dialer.open(&origin.endpoint, offer, &mut timings.phases);
        let opened = opening.await?;
        origin.learn(opened.agreed);
        self.opened.set(self.opened.get() + 1);
        Ok(opened)
    }
}

impl Client {
    /// The same for what does not share a connection, whatever the server speaks besides.
    async fn open_alone(
        &self,
        origin: &Origin,
        timings: &mut Timings,
    ) -> Result<Connection, Problem> {
        let dialer = &self.blueprint.dialer;
        let opening = dialer.open(&origin.endpoint, Offer::Http1, &mut timings.phases);
        let opened = opening.await?;
        self.opened.set(self.opened.get() + 1);
        Ok(opened)
    }
}

impl Protocol for Client {
    async fn call(&self, call: &Call, session: &mut Session, sent: Instant) -> Exchange {
        let mut timings = Timings::default();
        let limit = sent + call.timeout;
        // Lent for the call: the session itself is the exchange's.
        let mut deadline = std::mem::take(&mut session.deadline);
        let ended = {
            let exchange = pin!(self.exchange(call, session, &mut timings));
            deadline.limit(limit, exchange).await
        };
        session.deadline = deadline;
        let arrival = timings.arrival;
        let (done, result) = match ended {
            Some(Ok(answer)) => (arrival.end.unwrap_or_else(Instant::now), Ok(answer)),
            Some(Err(problem)) => (Instant::now(), Err(problem)),
            // A timeout counts at its limit, however late the timer was.
            None => {
                let secure = match &call.url {
                    Location::Target(_) => self.blueprint.target.scheme() == "https",
                    Location::Elsewhere(url) => url.scheme() == "https",
                };
                let detail = timed_out(call.timeout, arrival, stuck(secure, &timings.phases));
                (limit, Err(Problem::new(Failure::Timeout, detail)))
            }
        };
        Exchange {
            sent,
            ready: timings.ready,
            written: if arrival.at_once {
                Some(timings.ready.unwrap_or(sent))
            } else {
                arrival.written
            },
            first_byte: arrival.head,
            done,
            wait: timings.wait,
            dns: timings.phases.dns,
            connect: timings.phases.connect,
            tls: timings.phases.tls,
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
            answers: self.answers.get(),
            over_http2: self.over_http2.get(),
        }
    }
}

fn timed_out(limit: Duration, arrival: Arrival, stuck: Option<&str>) -> String {
    let seen = if arrival.head.is_some() {
        "the head of the answer came, its body did not end"
    } else {
        stuck.unwrap_or("no answer")
    };
    within(seen, limit)
}

/// Where opening a connection stands, if it is known to have got as far as TLS.
fn stuck(secure: bool, phases: &Phases) -> Option<&'static str> {
    let securing = secure && phases.connect.is_some() && phases.tls.is_none();
    securing.then_some("connected, but the TLS handshake did not end")
}

fn within(seen: &str, limit: Duration) -> String {
    format!("{seen} within {}", crate::units::format_duration(limit))
}
