//! Guards at work. In: what every second brought; out: the first guard that was broken for its time. Invariant: no
//! clock but the run's own: the same seconds trip the same guard at the same instant.

use super::{allowance, dwell, holds};
use crate::budget::{Budget, BudgetFile};
use crate::record::{GuardRecord, Watched};
use crate::units::Nanos;
use std::collections::VecDeque;

const SECOND: Nanos = 1_000_000_000;
/// So many windows make up the time of a guard.
const WINDOWS: Nanos = 24;
/// The fewest requests that say anything, and the most that are ever asked for.
const SAMPLE: (f64, f64) = (20.0, 1_000.0);

/// Watches a run.
#[derive(Debug)]
pub struct Watchman {
    posts: Vec<Post>,
}

/// One guard.
#[derive(Debug)]
struct Post {
    guard: Budget,
    dwell: Nanos,
    /// Seconds of a window, and the most that are kept.
    window: usize,
    most: usize,
    /// The fewest requests that say anything.
    sample: u64,
    seconds: VecDeque<Watched>,
    /// Since when it is broken.
    broken: Option<Nanos>,
    /// What was seen last.
    share: f64,
    record: GuardRecord,
}

impl Watchman {
    /// For the guards of a profile.
    pub fn new(budgets: &BudgetFile, profile: &str) -> Self {
        let guards = budgets.guards_of(profile);
        let posts = guards.map(|guard| {
            let (line, _) = budgets.source.position(guard.span.start);
            Post::new(guard.clone(), line)
        });
        Self {
            posts: posts.collect(),
        }
    }

    /// How many guards there are.
    pub fn guards(&self) -> usize {
        self.posts.len()
    }

    /// A second has passed, from `start` to `end`, with these counts, guard by guard; whether a guard tripped.
    pub fn second(&mut self, (start, end): (Nanos, Nanos), watched: &[Watched]) -> bool {
        let mut tripped = false;
        for (index, post) in self.posts.iter_mut().enumerate() {
            let counts = watched.get(index).copied().unwrap_or_default();
            tripped |= post.second((start, end), counts);
        }
        tripped
    }

    /// The texts of the guards that have tripped.
    pub fn tripped(&self) -> impl Iterator<Item = &str> {
        let tripped = self.posts.iter().filter(|p| p.record.tripped.is_some());
        tripped.map(|post| post.guard.text.as_str())
    }

    /// How the guards stand now: one that is broken says since when, and by how much.
    pub fn standing(&self) -> Vec<GuardRecord> {
        self.posts.iter().map(Post::standing).collect()
    }

    /// What became of the guards.
    pub fn records(self) -> Vec<GuardRecord> {
        self.posts.into_iter().map(|post| post.record).collect()
    }
}

impl Post {
    fn new(guard: Budget, line: usize) -> Self {
        let dwell = dwell(&guard).unwrap_or(SECOND);
        let seconds = |time: Nanos| usize::try_from(time / SECOND).unwrap_or(1).max(1);
        let record = GuardRecord {
            text: guard.text.clone(),
            line,
            ..GuardRecord::default()
        };
        Self {
            window: seconds(dwell / WINDOWS),
            most: seconds(dwell),
            sample: (1.0 / allowance(&guard)).ceil().clamp(SAMPLE.0, SAMPLE.1) as u64,
            dwell,
            guard,
            seconds: VecDeque::new(),
            broken: None,
            share: 0.0,
            record,
        }
    }

    fn standing(&self) -> GuardRecord {
        let record = self.record.clone();
        match self.broken {
            Some(_) if record.tripped.is_none() => GuardRecord {
                since: self.broken,
                share: Some(self.share),
                ..record
            },
            _ => record,
        }
    }

    fn second(&mut self, (start, end): (Nanos, Nanos), counts: Watched) -> bool {
        if self.seconds.len() == self.most {
            self.seconds.pop_front();
        }
        self.seconds.push_back(counts);
        if let Some((ended, broken)) = self.look() {
            let share = broken as f64 / ended as f64;
            self.record.worst = self.record.worst.max(share);
            if holds(&self.guard, ended, broken) {
                self.broken = None;
            } else {
                self.broken = self.broken.or(Some(start));
            }
            self.share = share;
        }
        let Some(since) = self.broken else {
            return false;
        };
        self.record.longest = self.record.longest.max(end - since);
        if end - since < self.dwell || self.record.tripped.is_some() {
            return false;
        }
        self.record.tripped = Some(end);
        self.record.since = Some(since);
        self.record.share = Some(self.share);
        true
    }

    /// Requests of the sliding window and how many of them broke the guard; `None` where they are too few.
    fn look(&self) -> Option<(u64, u64)> {
        let (mut ended, mut broken) = (0, 0);
        for (age, second) in self.seconds.iter().rev().enumerate() {
            if age >= self.window && ended >= self.sample {
                break;
            }
            ended += second.ended;
            broken += second.broken;
        }
        (ended >= self.sample).then_some((ended, broken))
    }
}
