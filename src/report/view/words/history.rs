//! What the runs before say of this one. In: a [`Night`], or why there is none; out: rows and sentences. Invariant: a
//! finding is shown as it was judged, every number with its unit; nothing is judged here.

use crate::budget::Reason;
use crate::history::nights::{Finding, Measure, Night, Standing};
use crate::history::{CLEAR, LASTING};
use crate::report::text;
use crate::units::{Nanos, format_nanos, format_share, significant};

/// A run against those before it.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoryView {
    /// It was compared.
    Judged {
        /// What came of it.
        night: Night,
        /// Scenario, profile, machine: what the runs have in common.
        environment: String,
    },
    /// It says nothing: not compared, not added.
    Refused(Reason),
}

/// All that was found of one step or flow, gravest first.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPart<'a> {
    /// `flow/step`, `flow NAME` or `all requests`.
    pub name: &'a str,
    /// Its series.
    pub findings: Vec<&'a Finding>,
}

impl HistoryView {
    /// A judged run; every text in it made clean.
    pub fn judged(night: &Night, environment: &str) -> Self {
        let clean = |found: &Finding| Finding {
            part: text::line(&found.part),
            since: found.since.as_deref().map(text::line),
            revision: found.revision.as_deref().map(text::line),
            reason: found.reason.as_deref().map(text::line),
            ..found.clone()
        };
        Self::Judged {
            night: Night {
                run: text::line(&night.run),
                findings: night.findings.iter().map(clean).collect(),
                ..night.clone()
            },
            environment: text::line(environment),
        }
    }

    /// The night, where the run was compared.
    pub fn night(&self) -> Option<&Night> {
        match self {
            Self::Judged { night, .. } => Some(night),
            Self::Refused(_) => None,
        }
    }

    /// What the runs have in common.
    pub fn environment(&self) -> &str {
        match self {
            Self::Judged { environment, .. } => environment,
            Self::Refused(_) => "",
        }
    }

    /// The series, gravest first.
    pub fn findings(&self) -> &[Finding] {
        self.night().map_or(&[], |night| &night.findings)
    }

    /// Series that somebody has to know of.
    pub fn told(&self) -> impl Iterator<Item = &Finding> {
        self.findings().iter().filter(|f| f.standing.told())
    }

    /// By step and flow, in the order in which the gravest come.
    pub fn parts(&self) -> Vec<HistoryPart<'_>> {
        let mut parts: Vec<HistoryPart<'_>> = Vec::new();
        for finding in self.findings() {
            match parts.iter_mut().find(|part| part.name == finding.part) {
                Some(part) => part.findings.push(finding),
                None => parts.push(HistoryPart {
                    name: &finding.part,
                    findings: vec![finding],
                }),
            }
        }
        parts
    }

    /// `20 runs before this one of shop/nightly, …`, or why there is nothing to say.
    pub fn head(&self) -> String {
        match self {
            Self::Judged { night, environment } => {
                format!("{} runs before this one of {environment}", night.before)
            }
            Self::Refused(reason) => format!(
                "the run says nothing about the target ({}): not compared, not added",
                reason.name()
            ),
        }
    }

    /// How many series there are of each kind, what chance alone would give, and which change would be seen.
    pub fn notes(&self) -> Vec<String> {
        let Some(night) = self.night() else {
            return Vec::new();
        };
        let count = |standing| night.of(standing).count();
        let mut notes = Vec::new();
        if count(Standing::Suspect) + count(Standing::Unconfirmed) > 0 {
            notes.push(format!(
                "a suspect is no proof: about {:.1} are expected by chance",
                night.by_chance
            ));
        }
        if count(Standing::InLine) > 0 {
            notes.push(format!("{} series in line", count(Standing::InLine)));
        }
        if count(Standing::NoBaseline) > 0 {
            notes.push(format!(
                "{} series: no baseline yet, fewer than 5 runs before this one",
                count(Standing::NoBaseline)
            ));
        }
        notes.extend(night.power().and_then(power));
        notes
    }

    /// For people, as lines of a terminal or a log.
    pub fn text(&self) -> String {
        let told = self.told().map(|f| format!("  {}", finding_text(f)));
        let notes = self.notes().into_iter().map(|note| format!("  {note}"));
        let head = [format!("history: {}", self.head())].into_iter();
        let lines = head.chain(told).chain(notes);
        lines.map(|line| text::line(&line) + "\n").collect()
    }
}

fn power(finding: &Finding) -> Option<String> {
    Some(format!(
        "power: a step of {} in {} would be suspect the same night in 9 of 10 cases; it scatters by {:.1} % over {} runs",
        percent(finding.visible?),
        named(finding),
        finding.scatter? * 100.0,
        finding.runs,
    ))
}

/// A value with its unit.
pub fn measured(measure: Measure, value: f64) -> String {
    match measure {
        Measure::P50 | Measure::P95 | Measure::P99 => format_nanos((value * 1e6) as Nanos),
        Measure::ErrorShare => format_share(value),
        Measure::Throughput => format!("{}/s", significant(value)),
    }
}

/// 1.1 is +10.0 %.
pub fn percent(ratio: f64) -> String {
    // Rounded first: nothing has no sign.
    let tenths = ((ratio - 1.0) * 1e3).round();
    if tenths == 0.0 {
        return "0.0 %".into();
    }
    format!("{:+.1} %", tenths / 10.0)
}

/// `p95 of browse/products`.
pub fn named(finding: &Finding) -> String {
    format!(
        "{} of {}",
        finding.measure.words(),
        text::line(&finding.part)
    )
}

/// `regression p95 of browse/list: +20.0 % from 50 ms, between …`.
pub(in crate::report) fn finding_text(finding: &Finding) -> String {
    format!(
        "{} {}: {}",
        finding.standing.words(),
        named(finding),
        said(finding)
    )
}

/// `+20.0 % from 50 ms, between +18.1 % and +22.0 %, since …; this run 61 ms`.
pub(in crate::report) fn said(finding: &Finding) -> String {
    let value = |v| measured(finding.measure, v);
    let change = changed(finding).unwrap_or_default();
    let was = finding.baseline.map_or_else(String::new, value);
    let tonight = value(finding.value);
    let mut out = match (finding.interval, since(finding)) {
        (Some((low, high)), Some(since)) => {
            let (low, high) = (percent(low), percent(high));
            format!(
                "{change} from {was}, between {low} and {high}, since {since}; this run {tonight}"
            )
        }
        (None, Some(since)) if finding.nights > 1 => {
            let (nights, how) = (finding.nights, how(finding.standing));
            format!(
                "{tonight}, level {was} ({change}), {how} for {nights} runs on end, since {since}"
            )
        }
        _ => format!("{tonight}, level {was} ({change})"),
    };
    if let Some(short) = short(finding) {
        out.push_str("; ");
        out.push_str(&short);
    }
    if let Some(pairs) = &finding.pairs {
        let (low, high) = pairs.interval;
        let (ratio, low, high) = (percent(pairs.ratio), percent(low), percent(high));
        let against = format!(
            "; {} pairs beside the base: {ratio}, between {low} and {high}",
            pairs.pairs
        );
        out.push_str(&against);
    }
    if let Some(reason) = &finding.reason {
        out.push_str("; accepted: ");
        out.push_str(&text::line(reason));
    }
    out
}

/// What a shift is short of: `1.8 times the scatter, a regression from 2.5`.
fn short(finding: &Finding) -> Option<String> {
    let shift = finding.standing == Standing::Shift;
    let scatters = finding.scatters.filter(|_| shift)?;
    let (soon, lasting) = LASTING;
    let wanted = if scatters < CLEAR {
        format!("a regression from {CLEAR}")
    } else {
        let nights = finding.nights;
        format!("a regression from {soon}, or if it lasts for {lasting} runs ({nights} so far)")
    };
    // Downwards: what is short of a limit must not read as if it were at it.
    let scatters = (scatters * 10.0).floor() / 10.0;
    Some(format!("{scatters:.1} times the scatter, {wanted}"))
}

/// The change in percent; what reads the same, such as no error of few and none of many, has none.
pub(in crate::report) fn changed(finding: &Finding) -> Option<String> {
    let value = |v| measured(finding.measure, v);
    let same = finding.baseline.map(value) == Some(value(finding.value));
    let even = same && finding.measure == Measure::ErrorShare;
    let ratio = finding.ratio?;
    let none = even || (ratio - 1.0).abs() < 0.5e-3;
    Some(if none {
        "no change".to_owned()
    } else {
        percent(ratio)
    })
}

/// What runs on end have in common.
fn how(standing: Standing) -> &'static str {
    match standing {
        Standing::Recovered => "in line with it again",
        _ => "out of line",
    }
}

/// When the run began that a level begins with, and its revision: `2026-11-16 02:00 (3f2a91c)`.
pub(in crate::report) fn since(finding: &Finding) -> Option<String> {
    let since = moment(&text::line(finding.since.as_deref()?));
    let revision = finding.revision.as_deref().map(text::line);
    let revision = revision.map_or_else(String::new, |r| format!(" ({r})"));
    Some(since + &revision)
}

/// The day and minute at the beginning of a run's name, or of a time; anything else as it is.
pub(in crate::report) fn moment(name: &str) -> String {
    let digits: Vec<char> = name.chars().filter(char::is_ascii_digit).take(12).collect();
    let shaped = [8, 10]
        .iter()
        .any(|at| name.as_bytes().get(*at) == Some(&b'T'));
    if !shaped || digits.len() < 12 {
        return name.to_owned();
    }
    let part = |from: usize, to: usize| digits[from..to].iter().collect::<String>();
    let day = [part(0, 4), part(4, 6), part(6, 8)].join("-");
    format!("{day} {}:{}", part(8, 10), part(10, 12))
}
