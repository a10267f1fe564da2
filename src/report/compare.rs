//! Two runs beside each other. In: their views; out: why they cannot be compared, or pairs of steps, budgets and facts.
//! Invariant: differences are shown and never judged: of two runs none can say whether the target changed or the night
//! was noisy.

use super::text::figure;
use super::{Latency, Point, StepRow, View, Word};
use crate::budget::Judgement;

/// What is said of a difference where there is none.
pub(super) const SAME: &str = "no change";

/// Lengths may differ by so much before it is said.
const LENGTH: f64 = 0.1;

/// Two runs that may be laid over each other.
#[derive(Debug, Clone)]
pub struct Comparison<'a> {
    /// The first.
    pub a: &'a View,
    /// The second.
    pub b: &'a View,
    /// What whoever reads the differences must know.
    pub cautions: Vec<String>,
    /// Steps of either, in the order of the second.
    pub steps: Vec<Pair<'a, StepRow>>,
    /// Budgets of either.
    pub budgets: Vec<Pair<'a, Judgement>>,
    /// What was run: name, first, second; those that differ first.
    pub facts: Vec<(&'static str, String, String)>,
}

/// What two runs say of the same thing.
#[derive(Debug, Clone)]
pub struct Pair<'a, T> {
    /// Its name.
    pub name: &'a str,
    /// The first run's.
    pub a: Option<&'a T>,
    /// The second run's.
    pub b: Option<&'a T>,
}

impl<'a> Comparison<'a> {
    /// Lays one run over another.
    ///
    /// # Errors
    /// Every reason why they cannot be compared, unless `force` turns them into cautions.
    pub fn new(a: &'a View, b: &'a View, force: bool) -> Result<Self, Vec<String>> {
        let reasons = incomparable(a, b);
        let empty = a.totals.all.n() == 0 || b.totals.all.n() == 0;
        if !reasons.is_empty() && (empty || !force) {
            return Err(reasons);
        }
        let mut said: Vec<String> = reasons;
        said.extend(cautions(a, b));
        Ok(Self {
            a,
            b,
            cautions: said,
            steps: pairs(&a.steps, &b.steps, |step| &step.label),
            budgets: pairs(&a.budgets, &b.budgets, |budget| &budget.text),
            facts: facts(a, b),
        })
    }
}

/// Why differences of two runs would say nothing of the target.
fn incomparable(a: &View, b: &View) -> Vec<String> {
    let mut reasons = Vec::new();
    for (name, view) in [("A", a), ("B", b)] {
        if view.totals.all.n() == 0 {
            reasons.push(format!("{name} measured no request"));
        }
    }
    let (x, y) = (&a.run, &b.run);
    for (what, one, other) in [
        ("scenario", &x.scenario, &y.scenario),
        ("profile", &x.profile, &y.profile),
        ("load", &x.load, &y.load),
    ] {
        if one != other {
            reasons.push(format!("the {what} differs: {one} in A, {other} in B"));
        }
    }
    reasons
}

fn cautions(a: &View, b: &View) -> Vec<String> {
    let mut out = Vec::new();
    for (name, view) in [("A", a), ("B", b)] {
        if matches!(view.word, Word::Invalid) || view.word.stopped() {
            out.push(format!("{name} is {}: {}", view.word.text(), view.sentence));
        }
    }
    let (x, y) = (&a.run, &b.run);
    if (x.measured - y.measured).abs() > x.measured.max(y.measured) * LENGTH {
        let (one, other) = (super::seconds(x.measured), super::seconds(y.measured));
        out.push(format!("A measured for {one}, B for {other}"));
    }
    for (what, differs) in [
        (
            "made on different machines",
            (&x.host, &x.processor) != (&y.host, &y.processor),
        ),
        (
            "made by different versions of tollgate",
            x.version != y.version,
        ),
        (
            "made of different plans: steps, data or options changed",
            x.plan != y.plan,
        ),
    ] {
        if differs {
            out.push(format!("the runs were {what}"));
        }
    }
    out
}

fn pairs<'a, T>(a: &'a [T], b: &'a [T], name: fn(&T) -> &String) -> Vec<Pair<'a, T>> {
    let find = |rows: &'a [T], wanted: &str| rows.iter().find(|row| name(row) == wanted);
    let mut out: Vec<Pair<'a, T>> = b
        .iter()
        .map(|row| Pair {
            name: name(row),
            a: find(a, name(row)),
            b: Some(row),
        })
        .collect();
    let gone = a.iter().filter(|row| find(b, name(row)).is_none());
    out.extend(gone.map(|row| Pair {
        name: name(row),
        a: Some(row),
        b: None,
    }));
    out
}

fn facts(a: &View, b: &View) -> Vec<(&'static str, String, String)> {
    let of = |view: &View| {
        let run = &view.run;
        [
            (
                "verdict",
                format!("{}: {}", view.word.text(), view.sentence),
            ),
            ("started", run.started.clone()),
            ("target", run.target.clone()),
            (
                "git revision",
                run.revision.clone().unwrap_or_else(|| "–".into()),
            ),
            ("scenario", format!("{} ({})", run.scenario, run.file)),
            ("profile", run.profile_text()),
            ("load", run.load.clone()),
            ("phases", run.phases_text()),
            ("seed", run.seed.to_string()),
            ("plan", run.plan.clone()),
            (
                "machine",
                format!("{}, {}, {}", run.host, run.system, run.processor),
            ),
            ("version", run.version.clone()),
        ]
    };
    let rows = of(a).into_iter().zip(of(b));
    rows.map(|((name, one), (_, other))| (name, one, other))
        .collect()
}

/// The difference as a share and in milliseconds: `+12 %`, `+1.2 ms`. Nothing where either is not known; no number where
/// nothing changed, or where one is only known to be at least so much.
pub(super) fn change(a: Point, b: Point) -> (String, String) {
    let Some((one, other)) = a.ms.zip(b.ms) else {
        return ("–".into(), String::new());
    };
    if a.at_least || b.at_least {
        return ("timed out".into(), String::new());
    }
    let by = other - one;
    if by == 0.0 {
        return (SAME.into(), String::new());
    }
    let sign = if by < 0.0 { '−' } else { '+' };
    let share = if one > 0.0 {
        format!("{sign}{} %", figure((by / one * 100.0).abs()))
    } else {
        "–".into()
    };
    (share, format!("{sign}{} ms", figure(by.abs())))
}

/// The percentiles that are compared.
pub(super) fn compared(latency: &Latency) -> [Point; 3] {
    [latency.p50, latency.p95, latency.p99]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_a_sign_a_share_and_a_size() {
        let point = |ms| Point {
            ms: Some(ms),
            at_least: false,
        };
        let unknown = Point::default();
        let late = Point {
            ms: Some(2_000.0),
            at_least: true,
        };
        for (a, b, share, size) in [
            (point(10.0), point(11.2), "+12 %", "+1.2 ms"),
            (point(10.0), point(5.0), "−50 %", "−5 ms"),
            (point(10.0), point(10.0), "no change", ""),
            (point(0.0), point(0.0), "no change", ""),
            (point(0.0), point(1.0), "–", "+1 ms"),
            (unknown, point(1.0), "–", ""),
            (point(1.0), late, "timed out", ""),
        ] {
            assert_eq!(change(a, b), (share.to_owned(), size.to_owned()));
        }
    }
}
