//! HTTP/1.1 on connections of our own. In: a [`Call`]; out: an [`Exchange`]. One client per worker, one pool per
//! origin. Invariant: whoever waits for an answer reads it itself: no task and no message stands between a user and
//! its connection.

mod body;
mod connection;
mod deadline;
mod exchange;
mod origin;
mod pool;
mod redirect;
#[cfg(test)]
mod tests;
mod wire;

pub(super) use connection::Stream;
pub(super) use deadline::Deadline;
pub use origin::{Reach, is_loopback};
pub(super) use pool::Kept;
pub(super) use wire::OpenBody;

use super::session::Session;
use super::tls::{self, TlsError, TlsSettings};
use super::{Call, Exchange, Problem, Protocol};
use crate::record::Failure;
use crate::scenario::Connections;
use connection::Connection;
use origin::{Origin, Origins};
use rustls::ClientConfig;
use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;
use wire::{Arrival, Scratch};

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
    arrival: Arrival,
    dns: Option<Duration>,
    connect: Option<Duration>,
    tls: Option<Duration>,
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
}

impl Client {
    /// A client without connections.
    pub fn new(blueprint: Blueprint) -> Self {
        let origins = Origins::new(&blueprint.target);
        Self {
            blueprint,
            origins,
            scratch: RefCell::default(),
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
        let connection = tokio::time::timeout(timeout, opening)
            .await
            .map_err(|_| Problem::new(Failure::Timeout, "no connection within the timeout"))??;
        origin.put_back(connection);
        Ok(())
    }

    async fn open(&self, origin: &Origin, timings: &mut Timings) -> Result<Connection, Problem> {
        let opened = connection::open(origin, self.config(origin)?, timings).await?;
        self.opened.set(self.opened.get() + 1);
        Ok(opened)
    }

    /// The TLS settings, where the origin asks for TLS.
    fn config(&self, origin: &Origin) -> Result<Option<Arc<ClientConfig>>, Problem> {
        origin
            .secure()
            .then(|| self.blueprint.tls_config())
            .transpose()
            .map_err(|e| Problem::new(Failure::Tls, e))
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
                let detail = timed_out(call.timeout, arrival);
                (limit, Err(Problem::new(Failure::Timeout, detail)))
            }
        };
        Exchange {
            sent,
            first_byte: arrival.head,
            done,
            dns: timings.dns,
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

fn timed_out(limit: Duration, arrival: Arrival) -> String {
    let seen = if arrival.head.is_some() {
        "the head of the answer came, its body did not end"
    } else {
        "no answer"
    };
    format!("{seen} within {}", crate::units::format_duration(limit))
}
