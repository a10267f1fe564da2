//! Counts beside the latencies: over a limit, by cache, by check, by policy. In: what one answer was; out: sums.
//! Invariant: sums of parts are the sum of the whole.

use super::Metric;
use crate::expr::Cache;
use crate::units::Nanos;
use serde::{Deserialize, Serialize};

/// Exact count of requests over one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverCount {
    /// The latency.
    pub metric: Metric,
    /// The limit.
    pub limit: Nanos,
    /// Passed requests above it, or messages. Failed requests and messages that never came are not in here: they
    /// violate every limit and are counted apart.
    pub over: u64,
}

/// What caches said of answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CacheCount {
    /// Answers from a cache.
    pub hit: u64,
    /// Answers from a cache that were out of date.
    pub stale: u64,
    /// Answers that a cache had to fetch.
    pub miss: u64,
    /// Answers that no cache was meant to have.
    pub bypass: u64,
}

impl CacheCount {
    /// Counts an answer.
    pub fn record(&mut self, cache: Cache) {
        *match cache {
            Cache::Hit => &mut self.hit,
            Cache::Stale => &mut self.stale,
            Cache::Miss => &mut self.miss,
            Cache::Bypass => &mut self.bypass,
        } += 1;
    }

    /// Adds the counts of others.
    pub fn merge(&mut self, other: Self) {
        self.hit += other.hit;
        self.stale += other.stale;
        self.miss += other.miss;
        self.bypass += other.bypass;
    }

    /// Answers that a cache could have given.
    pub fn cacheable(self) -> u64 {
        self.hit + self.stale + self.miss
    }
}

/// How often a check held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckCount {
    /// It held.
    pub passed: u64,
    /// It did not.
    pub failed: u64,
}

/// What one policy found in the answers of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyCount {
    /// Answers that passed every check.
    pub answers: u64,
    /// Those of them that it looked at.
    pub looked: u64,
    /// Those in which there was nothing to judge.
    pub idle: u64,
    /// Those with a finding that failed the step.
    pub failed: u64,
    /// Those with a finding that is only shown.
    pub warned: u64,
}

impl PolicyCount {
    /// Adds another's.
    pub fn add(&mut self, other: Self) {
        self.answers += other.answers;
        self.looked += other.looked;
        self.idle += other.idle;
        self.failed += other.failed;
        self.warned += other.warned;
    }
}
