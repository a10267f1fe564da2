//! From which part on did something refuse requests in the application's place? In: the windows of each part; out: the
//! share that was refused, in those parts where it was. Invariant: nothing is found in a run whose evidence finds no
//! wall, and what was refused all along is not where it began.

use super::super::evidence::mitigation;
use super::Part;
use crate::record::{RunRecord, Window, Wrong};

/// A smaller share is no wall.
const LEAST: f64 = 0.01;
/// As many refusals are chance.
const CHANCE: u64 = 4;
/// So many times what is refused in the best of the parts.
const MORE: f64 = 3.0;

pub(super) fn find(record: &RunRecord, parts: &[Part<'_>]) -> Vec<Option<f64>> {
    if mitigation::evidence(record).all(|e| e.holds) {
        return vec![None; parts.len()];
    }
    let platforms = record.steps.iter().any(|s| {
        let tallies = [&s.measured, &s.unmeasured];
        tallies.iter().any(|t| !t.refused.platforms.is_empty())
    });
    let share = |part: &Part<'_>| refused(&part.seen, platforms);
    let shares: Vec<(u64, f64)> = parts.iter().map(share).collect();
    let asked = parts
        .iter()
        .zip(&shares)
        .filter(|(p, _)| ended(&p.seen) > 0);
    let best = asked
        .map(|(_, (_, share))| *share)
        .fold(f64::INFINITY, f64::min);
    let wall = |least: f64| {
        let found =
            |(count, share): &(u64, f64)| (*count > CHANCE && *share >= least).then_some(*share);
        shares.iter().map(found).collect::<Vec<_>>()
    };
    let sudden = wall((MORE * best).max(LEAST));
    // Where every part has much of it, it began before the first or in it.
    if sudden.iter().all(Option::is_none) {
        wall(LEAST)
    } else {
        sudden
    }
}

fn ended(seen: &Window) -> u64 {
    seen.counts.ok + seen.counts.not_ok
}

/// Checks that failed on answers with 4xx, and on 5xx where a platform was seen: some refuse with 503.
fn refused(seen: &Window, platforms: bool) -> (u64, f64) {
    let refusal = |w: &&(Wrong, u64)| match w.0 {
        Wrong::Check(4) => true,
        Wrong::Check(5) => platforms,
        _ => false,
    };
    let count = seen.wrong.iter().filter(refusal).map(|w| w.1).sum();
    (count, count as f64 / ended(seen).max(1) as f64)
}
