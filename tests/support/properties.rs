//! How many cases a property draws, and from where. In: `FUZZ` and `FUZZ_SEED` of the environment; out: the configuration of a
//! property, the rounds of a fuzz target. Invariant: without the variables every case is the same in every run.
//!
//! `FUZZ=50 cargo test` draws fifty times as many, from a random seed that a failure prints; `FUZZ_SEED` sets the seed.

#![allow(
    clippy::print_stderr,
    reason = "where a finding comes again is told with it"
)]

use proptest::test_runner::{Config, RngSeed};
use std::env;

/// The configuration of a property that draws so many cases in the quick form.
pub(crate) fn cases(quick: u32) -> Config {
    let usual = Config::default();
    Config {
        cases: quick.saturating_mul(times()),
        max_global_rejects: usual.max_global_rejects.saturating_mul(times()),
        rng_seed: RngSeed::Fixed(seed()),
        // What was found stands as a case in the tests, not as a seed in a file that the next draw reads otherwise.
        failure_persistence: None,
        ..usual
    }
}

/// How many times the quick form is wanted.
pub(crate) fn times() -> u32 {
    number("FUZZ").unwrap_or(1)
}

/// Where the draw begins.
pub(crate) fn seed() -> u64 {
    if times() == 1 {
        return number("FUZZ_SEED").unwrap_or(1);
    }
    let seed = number("FUZZ_SEED").unwrap_or_else(|| rand::random::<u32>().into());
    eprintln!("FUZZ={} FUZZ_SEED={seed}", times());
    seed
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|e| panic!("{name}={text}: {e:?}")),
    )
}
