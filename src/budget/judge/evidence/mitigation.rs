//! Did the application answer? In: the refusals of every step; out: facts, where there were some. Invariant: what the
//! application refuses from the beginning, or as often before as after, is a finding about it, and no excuse.
//!
//! - **Platforms** that say so: a challenge in more than 0.1 % of the requests makes another load of it.
//! - **A wall** of 403 and 429 that no check declares: a fifth of the requests since the first of them, and so many
//!   requests that passed before that, if the refusals were spread evenly, nobody would see it in a million runs.

use super::super::is_outside;
use crate::budget::{Consequence, Evidence};
use crate::record::{Platform, Refusals, RunRecord, StepRecord, Tally};
use crate::units::{format_count, format_share};
use std::collections::BTreeMap;

/// The share of requests that a platform may answer.
const CHALLENGED: f64 = 0.001;
/// The share of requests that makes a wall, and the fewest.
const WALL: (f64, u64) = (0.2, 20);
/// How probable it may be that a wall is an even spread of refusals.
const CHANCE: f64 = 1e-6;

pub(in crate::budget::judge) fn evidence(record: &RunRecord) -> impl Iterator<Item = Evidence> {
    let steps: Vec<(&StepRecord, Tally)> = record
        .steps
        .iter()
        .filter(|step| !is_outside(record, step))
        .map(|step| (step, whole(step)))
        .collect();
    challenged(&steps).into_iter().chain(wall(&steps))
}

/// Ramp, warm-up and measured phase: what is refused in one is refused in the next.
fn whole(step: &StepRecord) -> Tally {
    let (early, late) = (&step.unmeasured, &step.measured);
    let mut refused = early.refused.clone();
    refused.merge(early.ok, (&late.refused, late.ok));
    if early.refused.wall > 0 {
        refused.before = early.refused.before;
    }
    Tally {
        sent: early.ended() + late.ended(),
        ok: early.ok + late.ok,
        refused,
        ..Tally::default()
    }
}

fn challenged(steps: &[(&StepRecord, Tally)]) -> Option<Evidence> {
    let mut platforms: BTreeMap<Platform, u64> = BTreeMap::new();
    for (platform, count) in steps.iter().flat_map(|(_, t)| &t.refused.platforms) {
        *platforms.entry(*platform).or_default() += count;
    }
    let (most, _) = platforms.iter().max_by_key(|(_, count)| **count)?;
    let count: u64 = platforms.values().sum();
    let n: u64 = steps.iter().map(|(_, t)| t.sent).sum();
    let share = count as f64 / n.max(1) as f64;
    let names: Vec<&str> = platforms.keys().map(|p| p.name()).collect();
    Some(Evidence {
        name: format!(
            "answers that {} gave in the application's place",
            names.join(", ")
        ),
        value: format!(
            "{} of {} ({})",
            format_count(count),
            format_count(n),
            format_share(share)
        ),
        limit: format_share(CHALLENGED),
        holds: share <= CHALLENGED,
        consequence: Consequence::Invalid,
        advice: most.advice().to_owned(),
    })
}

fn wall(steps: &[(&StepRecord, Tally)]) -> Option<Evidence> {
    let walled = || steps.iter().filter(|(_, t)| t.refused.wall > 0);
    let sum = |of: fn(&Tally) -> u64| walled().map(|(_, t)| of(t)).sum::<u64>();
    let refused = |of: fn(&Refusals) -> u64| walled().map(|(_, t)| of(&t.refused)).sum::<u64>();
    let (count, before) = (refused(|r| r.wall), refused(|r| r.before));
    let since = sum(|t| t.sent).saturating_sub(before);
    let (first, _) = walled().max_by_key(|(_, t)| t.refused.wall)?;
    let share = count as f64 / since.max(1) as f64;
    let evenly = count as f64 / (since + before).max(1) as f64;
    let sudden = before as f64 * (-evenly).ln_1p() < CHANCE.ln();
    let found = count >= WALL.1 && share >= WALL.0 && sudden;
    found.then(|| Evidence {
        name: "answers with 403 or 429 that no check declares, all at once".to_owned(),
        value: format!(
            "{} of {} ({}), after {} that passed, most of them at {}",
            format_count(count),
            format_count(since),
            format_share(share),
            format_count(before),
            first.label
        ),
        limit: format_share(WALL.0),
        holds: false,
        consequence: Consequence::Invalid,
        advice: "something protects the target from the generator: allow-list its address, or send the header that lets it pass with `defaults: { headers: … }`; where the refusal is meant, declare it with a check on the status".to_owned(),
    })
}
