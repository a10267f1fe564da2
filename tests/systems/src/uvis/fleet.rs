//! What all services share. In: switches; out: users, vehicles, the database, tokens, and what the machine says of itself.
//! Invariant: everything is of one run, and begins empty.

use super::database::Database;
use super::dispatches::Dispatches;
use super::monitoring::Scrape;
use super::reports::Reports;
use super::tokens::Tokens;
use crate::kit::Switches;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;

/// Depots, each with ten dispatchers and ten vehicles.
const DEPOTS: [&str; 2] = ["north", "south"];
const OF_EACH: u64 = 10;

/// Bytes that the machine has, and that a fresh server uses.
pub(super) const MEMORY: f64 = 2_147_483_648.0;
const FRESH: f64 = 0.42 * MEMORY;

/// The state of a run.
pub(super) struct Fleet {
    pub(super) broken: Switches,
    pub(super) tokens: Tokens,
    pub(super) database: Database,
    pub(super) dispatches: Mutex<Dispatches>,
    pub(super) reports: Mutex<Reports>,
    /// Wrong passwords, by account.
    pub(super) guesses: Mutex<HashMap<String, VecDeque<Instant>>>,
    /// Sockets that were opened so far.
    pub(super) sockets: AtomicU64,
    /// Requests of the API so far.
    pub(super) requests: AtomicU64,
    /// What Prometheus has read, the newest first.
    pub(super) scrapes: Mutex<VecDeque<Scrape>>,
    started: Instant,
}

/// Somebody who sends vehicles out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct User {
    pub(super) email: String,
    pub(super) depot: &'static str,
}

impl Fleet {
    pub(super) fn new(broken: Switches) -> Self {
        Self {
            database: Database::new(broken.clone()),
            tokens: Tokens::new(broken.clone()),
            broken,
            dispatches: Mutex::default(),
            reports: Mutex::default(),
            guesses: Mutex::default(),
            sockets: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            scrapes: Mutex::default(),
            started: Instant::now(),
        }
    }

    /// Seconds of processor time: a base load, and 0.3 ms for each request.
    pub(super) fn cpu_seconds(&self) -> f64 {
        let share = if self.broken.on("cpu-high") {
            0.85
        } else {
            0.25
        };
        let requests = self.requests.load(Ordering::Relaxed) as f64;
        share * self.started.elapsed().as_secs_f64() + 0.0003 * requests
    }

    /// Bytes in use: those of a fresh server, and 2 kB for each dispatch.
    pub(super) async fn memory(&self) -> f64 {
        let rows = self.dispatches.lock().await.count() as f64;
        let base = if self.broken.on("memory-high") {
            0.85 * MEMORY
        } else {
            FRESH
        };
        base + 2_000.0 * rows
    }
}

/// The user with this address: `north-01@uvis.test` to `south-10@uvis.test`.
pub(super) fn user(email: &str) -> Option<User> {
    let (depot, number) = email.strip_suffix("@uvis.test")?.split_once('-')?;
    let depot = DEPOTS.into_iter().find(|known| *known == depot)?;
    let number: u64 = number.parse().ok()?;
    (1..=OF_EACH).contains(&number).then(|| User {
        email: email.to_owned(),
        depot,
    })
}

/// The user with this address and password: `north-01 drives`.
pub(super) fn sign_in(email: &str, password: &str) -> Option<User> {
    let user = user(email)?;
    let name = email.split('@').next()?;
    (password == format!("{name} drives")).then_some(user)
}

/// The vehicles of a depot.
pub(super) fn vehicles(depot: &str) -> impl Iterator<Item = u64> {
    let index = DEPOTS.into_iter().position(|known| known == depot);
    let first = index.map(|index| index as u64 * OF_EACH);
    first
        .into_iter()
        .flat_map(|first| first + 1..=first + OF_EACH)
}

/// The number plate of a vehicle.
pub(super) fn plate(vehicle: u64) -> String {
    format!("UV-{vehicle:03}")
}

/// Where a vehicle is: all drive in circles around the town hall.
pub(super) fn position(vehicle: u64, at: Duration) -> (f64, f64) {
    let angle = at.as_secs_f64() % 3_600.0 / 60.0 + vehicle as f64;
    (52.5186 + 0.02 * angle.sin(), 13.4081 + 0.03 * angle.cos())
}

/// The time since 1970.
pub(super) fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
