//! In which parts was the generator at fault? In: the windows of each part and the generator's record of the whole run;
//! out: why, or nothing, part by part. Invariant: what the target did never counts against the generator.
//!
//! How many requests were sent late is known of the whole run only. A window knows its latest send, so the late ones
//! are shared out among the windows that had any, by how many they sent and how late: an estimate, and it says "about".

use super::super::evidence::{HICCUP, LATE, LATE_SHARE, by_generator, lag_limit};
use super::Part;
use crate::budget::Budget;
use crate::record::{Failure, Model, RunRecord, Window, Wrong};
use crate::units::{Nanos, format_count, format_nanos, format_share};

pub(super) fn find(
    record: &RunRecord,
    judged: &[&Budget],
    parts: &[Part<'_>],
) -> Vec<Option<String>> {
    let conserved = record.health.conserved && record.steps.iter().all(|s| s.measured.conserved());
    if !conserved {
        return vec![Some("its counts do not add up".to_owned()); parts.len()];
    }
    let open = matches!(record.model, Model::Open { .. });
    let limit = lag_limit(judged).min(LATE);
    let late = if open {
        late(record, parts, limit)
    } else {
        vec![0.0; parts.len()]
    };
    let dropping = open && by_generator(record);
    parts
        .iter()
        .zip(late)
        .map(|(part, late)| {
            exhausted(part)
                .or_else(|| dropped(part, dropping))
                .or_else(|| lagging(part, late, limit))
        })
        .collect()
}

fn exhausted(part: &Part<'_>) -> Option<String> {
    let own = |w: &&(Wrong, u64)| w.0 == Wrong::Failure(Failure::Exhausted);
    let (_, count) = part.seen.wrong.iter().find(own)?;
    let count = format_count(*count);
    Some(format!(
        "no port or file was left on this machine for {count} requests"
    ))
}

fn dropped(part: &Part<'_>, dropping: bool) -> Option<String> {
    let count = part.seen.counts.dropped;
    (dropping && count > 0).then(|| format!("it dropped {} arrivals", format_count(count)))
}

fn lagging(part: &Part<'_>, late: f64, limit: Nanos) -> Option<String> {
    let share = late / part.seen.counts.sent.max(1) as f64;
    (late > HICCUP as f64 && share > LATE_SHARE).then(|| {
        format!(
            "about {} of the requests were sent more than {} late",
            format_share((share * 100.0).round().clamp(2.0, 100.0) / 100.0),
            format_nanos(limit)
        )
    })
}

/// About how many requests of each part were sent later than the limit.
fn late(record: &RunRecord, parts: &[Part<'_>], limit: Nanos) -> Vec<f64> {
    let total = record.health.lag.count_over(limit) as f64;
    let windows = record.timeline.windows();
    let weight = |w: &Window| {
        let late = if w.lag > limit {
            w.lag.min(w.length)
        } else {
            0
        };
        w.counts.sent as f64 * late as f64
    };
    let own = |part: &Part<'_>| windows[part.windows.clone()].iter();
    let all: f64 = parts.iter().flat_map(own).map(weight).sum();
    let of = |part: &Part<'_>| {
        let shares =
            own(part).map(|w| (total * weight(w) / all.max(1.0)).min(w.counts.sent as f64));
        shares.sum()
    };
    parts.iter().map(of).collect()
}
