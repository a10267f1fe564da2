//! The database and its cache, acted. In: how long a query takes; out: answers after that time, and how long all of them took.
//! Invariant: every query is in the histogram once.

use crate::kit::Switches;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Upper bounds of the histogram's buckets, in seconds; behind them one for the rest.
pub(super) const BOUNDS: [f64; 8] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25];

/// A query of a database that is slow.
const SLOW: Duration = Duration::from_millis(80);

tokio::task_local! {
    /// What the database took of the request that is answered.
    pub(super) static TAKEN: Cell<Duration>;
}

/// Both stores.
pub(super) struct Database {
    broken: Switches,
    /// Queries by bucket, each in its own.
    counts: [AtomicU64; BOUNDS.len() + 1],
    /// All they took, in microseconds.
    micros: AtomicU64,
    cache: Mutex<HashMap<String, Instant>>,
}

impl Database {
    pub(super) fn new(broken: Switches) -> Self {
        Self {
            broken,
            counts: Default::default(),
            micros: AtomicU64::new(0),
            cache: Mutex::default(),
        }
    }

    /// A query that takes so long.
    pub(super) async fn query(&self, cost: Duration) {
        let number = self.counts().into_iter().sum::<u64>();
        let slow = self.broken.on("database-slow") && number % 8 == 0;
        // Told as it was meant: what a busy machine adds is not the database's.
        let took = if slow { SLOW } else { cost };
        tokio::time::sleep(took).await;
        let bucket = BOUNDS.iter().position(|bound| took.as_secs_f64() <= *bound);
        self.counts[bucket.unwrap_or(BOUNDS.len())].fetch_add(1, Ordering::Relaxed);
        self.micros
            .fetch_add(took.as_micros() as u64, Ordering::Relaxed);
        // Outside a request nobody asks.
        let _outside = TAKEN.try_with(|taken| taken.set(taken.get() + took));
    }

    /// Looks for vehicles whose plate has this text in it; the error is what the driver says.
    pub(super) async fn search(&self, text: &str) -> Result<(), String> {
        self.query(Duration::from_millis(2)).await;
        let quotes = text.chars().filter(|c| *c == '\'').count();
        if self.broken.on("sql-error") && quotes % 2 == 1 {
            return Err(format!(
                "psycopg2.errors.SyntaxError: unterminated quoted string at or near \"'%{text}%'\""
            ));
        }
        Ok(())
    }

    /// Whether this is in the cache; what is not is asked of the database and kept for ten seconds.
    pub(super) async fn cached(&self, key: &str) -> bool {
        let mut cache = self.cache.lock().await;
        let fresh = |kept: &Instant| kept.elapsed() < Duration::from_secs(10);
        if cache.get(key).is_some_and(fresh) && !self.broken.on("cache-cold") {
            return true;
        }
        cache.insert(key.to_owned(), Instant::now());
        drop(cache);
        self.query(Duration::from_millis(4)).await;
        false
    }

    /// Queries by bucket; the last one is those above all bounds.
    pub(super) fn counts(&self) -> [u64; BOUNDS.len() + 1] {
        self.counts
            .each_ref()
            .map(|count| count.load(Ordering::Relaxed))
    }

    /// Seconds of all queries.
    pub(super) fn seconds(&self) -> f64 {
        self.micros.load(Ordering::Relaxed) as f64 / 1e6
    }
}
