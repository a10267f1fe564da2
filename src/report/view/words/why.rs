//! Why the verdict is what it is. In: the rows and the series; out: a few sentences, gravest first. Invariant: only
//! what the record shows: when something began and what else changed then, never a guess at the cause.

use super::history::{HistoryView, finding_text};
use crate::budget::{Consequence, Judgement, Outcome};
use crate::history::nights::Standing;
use crate::report::text::counted;
use crate::report::{FailureRow, Slice, View, Word, seconds};
use crate::units::{format_count, format_share, significant};

/// Failure kinds spoken of; the others are in the table.
const KINDS: usize = 3;

/// Slower by this factor than the run's usual is a change.
const CHANGE: f64 = 3.0;

pub(in crate::report::view) fn sentences(view: &View) -> Vec<String> {
    let mut out = Vec::new();
    for guard in view.guards.iter().filter(|g| g.tripped.is_some()) {
        out.push(format!("the guard `{}` {}", guard.text, guard.finding));
    }
    out.extend(unfit(view, Consequence::Invalid));
    out.extend(view.budgets.iter().filter(|b| b.breaks()).map(broken));
    out.extend(regressions(view));
    for failure in view.failures.iter().take(KINDS) {
        out.push(failure_sentence(failure));
    }
    if view.failures.len() > KINDS {
        let rest: u64 = view.failures.iter().skip(KINDS).map(|f| f.count).sum();
        out.push(format!(
            "{} of failure, {}",
            counted((view.failures.len() - KINDS) as u64, "more kind"),
            counted(rest, "request")
        ));
    }
    out.extend(dropped(view));
    if view.word != Word::Pass {
        out.extend(onset(&view.windows));
    }
    out.extend(view.budgets.iter().filter(|b| b.warns()).map(broken));
    out.extend(unfit(view, Consequence::Undecided));
    out.extend(open(view));
    out.extend(clocks(view));
    let messages = view
        .steps
        .iter()
        .filter_map(|s| Some((s, s.messages.as_ref()?.clocks()?)));
    out.extend(messages.map(|(step, clocks)| format!("{}: {clocks}", step.label)));
    out.extend(slowest(view));
    out
}

fn broken(budget: &Judgement) -> String {
    let warning = if budget.warns() { " (a warning)" } else { "" };
    let actual = budget.actual.as_deref().unwrap_or("no data");
    let worst = budget.worst.as_deref();
    let worst = worst.map_or_else(String::new, |w| format!("; worst is {w}"));
    format!("{} does not hold{warning}: {actual}{worst}", budget.text)
}

/// What nothing is known of, in one sentence.
fn open(view: &View) -> Option<String> {
    let undecided = view.budgets.iter();
    let undecided = undecided.filter(|b| b.outcome == Outcome::Undecided);
    let texts: Vec<&str> = undecided.map(|b| b.text.as_str()).collect();
    let shown = texts.len().min(KINDS);
    let rest = (texts.len() - shown) as u64;
    let rest = (rest > 0).then(|| format!(" and {}", counted(rest, "more budget")));
    let rest = rest.unwrap_or_default();
    (shown > 0).then(|| format!("undecided: {}{rest}", texts[..shown].join(", ")))
}

/// What is worse than in the runs before.
fn regressions(view: &View) -> Vec<String> {
    let found = view.history.iter().flat_map(HistoryView::findings);
    let found: Vec<_> = found
        .filter(|f| f.standing == Standing::Regression)
        .collect();
    let shown = found.iter().take(KINDS).map(|f| finding_text(f));
    let rest = found.len().saturating_sub(KINDS) as u64;
    let rest = (rest > 0).then(|| counted(rest, "more regression"));
    shown.chain(rest).collect()
}

/// What the generator, or the length of the run, was not fit for.
fn unfit(view: &View, consequence: Consequence) -> impl Iterator<Item = String> {
    let rows = view.evidence.iter().filter(|e| !e.holds);
    rows.filter(move |e| e.consequence == consequence)
        .map(|evidence| {
            format!(
                "{} is {}, allowed is {}, so {}: {}",
                evidence.name,
                evidence.value,
                evidence.limit,
                evidence.consequence.text(),
                evidence.advice
            )
        })
}

fn failure_sentence(failure: &FailureRow) -> String {
    let what = match failure.kind {
        "check" if failure.policy => format!("policy failed: {}", failure.what),
        "check" => format!("check failed: {}", failure.what),
        _ => failure.what.clone(),
    };
    format!("{}: {what}, {}", failure.step, failure.often())
}

fn dropped(view: &View) -> Option<String> {
    let totals = &view.totals;
    let arrivals = totals.dropped_in_flight + totals.dropped_data;
    (arrivals > 0).then(|| {
        let cause = match (totals.dropped_in_flight, totals.dropped_data) {
            (_, 0) => "too many flows were unfinished",
            (0, _) => "a unique feeder had run out",
            _ => "too many flows were unfinished or a unique feeder had run out",
        };
        format!(
            "{} of {} arrivals could not be started: {cause}",
            format_count(arrivals),
            format_count(totals.arrivals)
        )
    })
}

/// When latency left its usual, and what else was different then.
fn onset(series: &[Slice]) -> Option<String> {
    let measured: Vec<&Slice> = series.iter().filter(|s| s.measured).collect();
    let usual = usual(measured.iter().filter_map(|s| s.p95.ms))?;
    let begin = measured
        .iter()
        .position(|s| s.p95.ms.is_some_and(|p95| p95 > usual * CHANGE))?;
    // At the very beginning there is no before to compare with.
    let (before, after) = measured.split_at(begin);
    let (last, first) = (before.last()?, after.first()?);
    let rate = |s: &Slice| significant(s.rate(s.offered).round());
    let errors = |s: &Slice| match s.ended() {
        0 => "no answers".to_owned(),
        n => format_share(s.not_ok as f64 / n as f64),
    };
    let generator = if first.lag > last.lag * 2.0 && first.lag > 1.0 {
        format!(
            "the latest send {} ms → {} ms behind",
            significant(last.lag),
            significant(first.lag)
        )
    } else {
        "the generator on time".to_owned()
    };
    let known = |kind: &str| before.iter().any(|s| s.wrong.iter().any(|w| w.0 == kind));
    let fresh = first.wrong.iter().map(|w| w.0).filter(|kind| !known(kind));
    let fresh = fresh.fold(String::new(), |list, kind| {
        format!("{list}, for the first time `{kind}`")
    });
    Some(format!(
        "latency rose at {}: p95 from {} to {}, with {} → {} req/s offered, {} → {} errors{fresh}, {generator}",
        seconds(first.start),
        last.p95.spoken(),
        first.p95.spoken(),
        rate(last),
        rate(first),
        errors(last),
        errors(first),
    ))
}

/// What a quarter of the values does not exceed: the usual, even when most of a run is unusual.
fn usual(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 4).copied()
}

/// Requests that waited before being sent.
fn clocks(view: &View) -> Option<String> {
    let (response, service) = (view.totals.all.response.p99, view.totals.all.service.p99);
    let (r, s) = (response.ms?, service.ms?);
    (r > s * 2.0 && r - s > 10.0 && !service.at_least).then(|| {
        format!(
            "requests waited before they were sent: p99 is {} from the intended start, {} from the send",
            response.spoken(),
            service.spoken()
        )
    })
}

fn slowest(view: &View) -> Option<String> {
    // One request says nothing about percentiles.
    if view.steps.len() < 2 || !view.run.under_load {
        return None;
    }
    let step = view
        .steps
        .iter()
        .filter(|s| s.response.p95.ms.is_some())
        .max_by(|a, b| {
            f64::total_cmp(
                &a.response.p95.ms.unwrap_or(0.0),
                &b.response.p95.ms.unwrap_or(0.0),
            )
        })?;
    Some(format!(
        "slowest step: {}, p95 {}, p99 {}",
        step.label,
        step.response.p95.spoken(),
        step.response.p99.spoken()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Point;

    #[test]
    fn the_onset_names_the_moment_and_what_else_changed() {
        let series: Vec<Slice> = (0..20u32)
            .map(|i| Slice {
                start: f64::from(i),
                length: 1.0,
                measured: true,
                offered: 500,
                ok: 500,
                p95: Point {
                    ms: Some(if i >= 14 { 400.0 } else { 10.0 }),
                    at_least: false,
                },
                ..Slice::default()
            })
            .collect();
        let sentence = onset(&series).unwrap();
        assert!(
            sentence.starts_with("latency rose at 14 s: p95 from 10 ms to 400 ms"),
            "{sentence}"
        );
        assert_eq!(onset(&series[..14]), None);
        assert_eq!(onset(&[]), None);
    }
}
