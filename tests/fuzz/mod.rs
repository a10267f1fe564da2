//! Hostile input, as much as one likes. In: texts that are valid; out: the same, damaged at random, through
//! everything that reads them. Invariant: whatever it is, reading ends: without a panic, within a second of CPU
//! for less than 64 KB, in memory that does not grow.
//!
//! ```text
//! FUZZ=1000 cargo test --release --test tests fuzz:: -- --nocapture
//! ```
//!
//! A finding says its round: `FUZZ_SEED=ROUND` begins there. Each that was ever made is a case in `findings`.

#![allow(clippy::print_stderr, reason = "what was done is told")]

mod expressions;
mod imports;
mod mutation;
mod scenarios;

use crate::support::properties::{seed, times};
use mutation::Mutator;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Executions of one round.
const ROUND: u64 = 200;
/// CPU time that one input may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time on the clock after which an input does not end at all.
const HANG: Duration = Duration::from_mins(1);
/// Memory that the process may hold, in KiB.
const MEMORY: u64 = 1 << 20;

/// What is damaged, and with what.
struct Corpus {
    texts: Vec<String>,
    words: Vec<String>,
}

/// One round, or as many as `FUZZ` says.
fn fuzz(name: &str, corpus: &Corpus, run: impl Fn(&[u8])) {
    let (start, rounds) = (seed(), u64::from(times()));
    let watch = Watch::new();
    let mut slowest = Duration::ZERO;
    for round in start..start + rounds {
        let mut mutator = Mutator::new(round, corpus);
        watch.round.store(round, Ordering::Relaxed);
        for _ in 0..ROUND {
            let input = mutator.next();
            slowest = slowest.max(watch.run(name, &input, &run));
        }
        assert!(
            memory() < MEMORY,
            "{name}: {} KiB after round {round}",
            memory()
        );
    }
    eprintln!(
        "{name}: {} executions, rounds {start} to {}, slowest {slowest:?} of CPU, at most {} KiB",
        rounds * ROUND,
        start + rounds - 1,
        memory()
    );
}

/// Cases that were findings.
fn again(name: &str, cases: &[Vec<u8>], run: impl Fn(&[u8])) {
    let watch = Watch::new();
    for case in cases {
        watch.run(name, case, &run);
    }
}

/// When an input was begun, and the input.
type Current = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

/// Who notices that an input does not end.
struct Watch {
    current: Current,
    round: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Watch {
    fn new() -> Self {
        let watch = Self {
            current: Arc::default(),
            round: Arc::default(),
            over: Arc::default(),
        };
        let (current, round) = (Arc::clone(&watch.current), Arc::clone(&watch.round));
        let over = Arc::clone(&watch.over);
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(200));
                let current = current.lock().unwrap();
                if let Some((since, input)) = &*current
                    && since.elapsed() > HANG
                {
                    eprintln!("round {round:?} does not end:\n{}", shown(input));
                    std::process::abort();
                }
            }
        });
        watch
    }

    /// The CPU time that the input took.
    fn run(&self, name: &str, input: &[u8], run: &impl Fn(&[u8])) -> Duration {
        *self.current.lock().unwrap() = Some((Instant::now(), input.to_vec()));
        let begun = cpu();
        let ended = catch_unwind(AssertUnwindSafe(|| run(input)));
        let took = cpu().saturating_sub(begun);
        *self.current.lock().unwrap() = None;
        let round = &self.round;
        assert!(
            ended.is_ok(),
            "{name}, round {round:?}: panic on\n{}",
            shown(input)
        );
        let small = input.len() < 64 * 1024;
        assert!(
            took < PATIENCE || !small,
            "{name}, round {round:?}: {took:?} for\n{}",
            shown(input)
        );
        took
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// The most memory that this process has held, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// As it can stand in a test; the whole of it in a file.
fn shown(input: &[u8]) -> String {
    let file = std::env::temp_dir().join(format!("finding-{}", std::process::id()));
    let mut text = format!("{}", input.escape_ascii());
    if text.len() > 4000 {
        text = format!("{}… {} bytes", &text[..4000], input.len());
    }
    if std::fs::write(&file, input).is_ok() {
        let _ = write!(text, "\nin full: {}", file.display());
    }
    text
}
