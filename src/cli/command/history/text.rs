//! A night in words and as JSON. In: a [`Night`]; out: text. Invariant: every number has its unit, and names that came
//! from files cannot act on a terminal or a CI log.

use crate::budget::Exit;
use crate::history::nights::{Finding, Key, Measure, Night, Standing};
use crate::report::log_line as escape;
use crate::units::{Nanos, format_nanos, format_share, significant};
use serde_json::json;

/// A value with its unit.
pub(in crate::cli) fn measured(measure: Measure, value: f64) -> String {
    match measure {
        Measure::P50 | Measure::P95 | Measure::P99 => format_nanos((value * 1e6) as Nanos),
        Measure::ErrorShare => format_share(value),
        Measure::Throughput => format!("{}/s", significant(value)),
    }
}

/// A measure with its unit, for columns.
pub(super) fn plain(measure: Measure) -> String {
    let unit = match measure {
        Measure::P50 | Measure::P95 | Measure::P99 => " ms",
        Measure::ErrorShare => "",
        Measure::Throughput => " per s",
    };
    format!("{}{unit}", measure.words())
}

/// 1.1 is +10.0 %.
pub(in crate::cli) fn percent(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}

/// `p95 of browse/products`.
pub(super) fn named(finding: &Finding) -> String {
    format!("{} of {}", finding.measure.words(), escape(&finding.part))
}

/// The regressions in a few words.
pub(super) fn sentence(night: &Night) -> String {
    let mut all = night.of(Standing::Regression);
    let first = all.next().map_or_else(String::new, |f| {
        let change = f.ratio.map_or_else(String::new, percent);
        format!("regression: {} {change} against the runs before", named(f))
    });
    match all.count() {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}

/// For people.
pub(super) fn night(night: &Night, key: &Key) -> String {
    let mut lines = vec![format!(
        "history: {} runs before this one of {}",
        night.before,
        escape(&key.to_string())
    )];
    let told = |f: &&Finding| f.standing <= Standing::Accepted;
    lines.extend(night.findings.iter().filter(told).map(line));
    let count = |standing| night.of(standing).count();
    if count(Standing::Suspect) > 0 {
        lines.push(format!(
            "  one run is no proof: about {:.1} suspects are expected by chance",
            night.by_chance
        ));
    }
    if count(Standing::InLine) > 0 {
        lines.push(format!("  {} series in line", count(Standing::InLine)));
    }
    if count(Standing::NoBaseline) > 0 {
        lines.push(format!(
            "  {} series: no baseline yet, fewer than 5 runs before this one",
            count(Standing::NoBaseline)
        ));
    }
    lines.extend(power(night));
    lines.join("\n") + "\n"
}

fn line(finding: &Finding) -> String {
    let value = |v| measured(finding.measure, v);
    let (word, name) = (finding.standing.words(), named(finding));
    let change = finding.ratio.map_or_else(String::new, percent);
    let was = finding.baseline.map_or_else(String::new, value);
    let tonight = value(finding.value);
    let what = match (finding.interval, &finding.since) {
        (Some((low, high)), Some(since)) => {
            let (low, high) = (percent(low), percent(high));
            let revision = finding.revision.as_deref().map(escape);
            let revision = revision.map_or_else(String::new, |r| format!(" ({r})"));
            let since = escape(since);
            format!(
                "{change} from {was}, between {low} and {high}, since {since}{revision}; this run {tonight}"
            )
        }
        _ => format!("{tonight}, level {was} ({change})"),
    };
    let reason = finding.reason.as_deref().map(escape);
    let reason = reason.map_or_else(String::new, |r| format!("; accepted: {r}"));
    format!("  {word} {name}: {what}{reason}")
}

fn power(night: &Night) -> Option<String> {
    let finding = night.power()?;
    Some(format!(
        "  power: {} scatters by {:.1} % over {} runs; a step of {} would be suspect the same night in 9 of 10 cases",
        named(finding),
        finding.scatter? * 100.0,
        finding.runs,
        percent(finding.visible?)
    ))
}

/// For machines.
pub(super) fn json(night: &Night, exit: &Exit) -> String {
    let all = json!({ "schema": "tollgate.history/1", "exit": exit, "night": night });
    format!("{all:#}\n")
}
