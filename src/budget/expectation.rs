//! What a plan can decide, before anything is sent. In: budgets and the requests that a plan expects per step;
//! out: per budget how many requests it will have and how many it needs. Invariant: the same arithmetic as judging,
//! so a run that keeps to its plan is not undecided where this says that it can decide.

use super::judge::{allowed, too_few};
use super::statistics::{at_most, most_passing, smallest_sample};
use super::{Budget, BudgetFile, Part, Place, Statistic, When};
use crate::units::format_count;

/// What a plan will send to one step in the measured phase.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedStep {
    /// The step.
    pub place: Place,
    /// Expected requests.
    pub requests: f64,
}

/// Whether a plan can decide a budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The budget as written.
    pub text: String,
    /// Requests it will be judged on; for connect and tls at most; for messages those that open their streams.
    pub expected_n: u64,
    /// The fewest that can ever pass it.
    pub needed_n: u64,
    /// Whether they suffice.
    pub can_decide: bool,
    /// Chance of a decided pass for a system with half of the violations that the budget allows; `None` where the
    /// budget is not about a share.
    pub chance: Option<f64>,
    /// What is wrong, in words: "200 requests can never show p99; needs 299".
    pub advice: Option<String>,
}

/// One expectation per budget on requests that is judged in `profile`. Passes are another matter: nothing is undecided there.
pub fn expectations(file: &BudgetFile, profile: &str, steps: &[ExpectedStep]) -> Vec<Expectation> {
    let places: Vec<Place> = steps.iter().map(|s| s.place.clone()).collect();
    file.applies(profile)
        .filter(|budget| !matches!(budget.statistic, Statistic::Server(_)))
        .map(|budget| {
            let among = budget.among(&places);
            let covered = steps.iter().zip(&among).filter(|c| *c.1);
            let requests: f64 = covered.map(|(s, _)| s.requests).sum();
            let expected = expect(budget, requests.max(0.0).floor() as u64);
            let sent = among.contains(&true);
            Expectation {
                advice: expected
                    .advice
                    .filter(|_| sent)
                    .or((!sent).then(|| NEVER_SENT.to_owned())),
                ..expected
            }
        })
        .collect()
}

/// What is to be said of a budget that is about none of the steps that a profile sends.
pub const NEVER_SENT: &str =
    "this profile never sends it; name one that does in the budget: `during smoke`";

fn expect(budget: &Budget, n: u64) -> Expectation {
    if budget.statistic.of_what() == "messages" && n > 0 {
        return of_messages(budget, n);
    }
    if let Some(part) = budget.status().filter(|_| n > 0) {
        return of_status(budget, n, part);
    }
    let windows = matches!(budget.when, Some(When::Windows { .. } | When::Every(_)));
    let share = allowed(budget.statistic, budget.bound).filter(|_| !windows);
    let needed = share.map_or(1, smallest_sample);
    let can_decide = n >= needed;
    let advice = match share {
        _ if n == 0 => Some(format!("no request will show {}", budget.statistic)),
        Some(_) if !can_decide => Some(too_few(n, budget.statistic, budget.bound)),
        _ => advise(budget.statistic, n),
    };
    Expectation {
        text: budget.text.clone(),
        expected_n: n,
        needed_n: needed,
        can_decide,
        chance: share.map(|share| chance(n, share)),
        advice,
    }
}

/// How many answers have a status, the servers decide.
fn of_status(budget: &Budget, requests: u64, part: &Part) -> Expectation {
    let share = allowed(budget.statistic, budget.bound).filter(|_| budget.when.is_none());
    let needed = share.map_or(1, smallest_sample);
    Expectation {
        text: budget.text.clone(),
        expected_n: requests,
        needed_n: needed,
        can_decide: requests >= needed,
        chance: share.map(|share| chance(requests, share)),
        advice: Some(format!("if every answer is {part}; fewer decide less")),
    }
}

/// How many messages come, the servers decide.
fn of_messages(budget: &Budget, streams: u64) -> Expectation {
    let share = allowed(budget.statistic, budget.bound).filter(|_| budget.when.is_none());
    let needed = share.map_or(1, smallest_sample);
    let (needed_text, streams_text) = (format_count(needed), format_count(streams));
    Expectation {
        text: budget.text.clone(),
        expected_n: streams,
        needed_n: needed,
        can_decide: true,
        chance: None,
        advice: Some(format!(
            "needs {needed_text} messages; how many come on {streams_text} requests, only the run shows"
        )),
    }
}

/// A maximum is of every request, so it grows with their number.
fn advise(statistic: Statistic, n: u64) -> Option<String> {
    matches!(statistic, Statistic::Max(_)).then(|| {
        format!(
            "one slow request of {} breaks a maximum; a percentile says more",
            format_count(n)
        )
    })
}

fn chance(n: u64, allowed: f64) -> f64 {
    if allowed <= 0.0 {
        return f64::from(u8::from(n > 0));
    }
    most_passing(n, allowed).map_or(0.0, |k| at_most(k, n, allowed / 2.0))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::source::Source;
    use std::sync::Arc;

    fn expected(budget: &str, requests: f64) -> Expectation {
        let source = Source::new("b.yaml", format!("budgets:\n  - {budget}\n"));
        let file = parse(Arc::new(source)).unwrap();
        let step = |flow: &str, step: &str, requests| ExpectedStep {
            place: Place::new(flow, step),
            requests,
        };
        let steps = [
            step("browse", "landing", requests),
            step("buy", "pay", requests / 10.0),
        ];
        expectations(&file, "launch", &steps).remove(0)
    }

    #[test]
    fn what_a_plan_can_never_show() {
        for (budget, requests, n, needed, advice) in [
            (
                "p99 of landing < 1s",
                200.0,
                200,
                299,
                Some("200 requests can never show p99; needs 299"),
            ),
            (
                "error_rate of pay < 0.1%",
                5_000.0,
                500,
                2_995,
                Some("500 requests can never show an error rate below 0.1 %; needs 2,995"),
            ),
            (
                "success_rate of pay > 99%",
                10.0,
                1,
                299,
                Some("1 request can never show a rate above 99 %; needs 299"),
            ),
            ("p95 < 1s", 1_000.0, 1_100, 59, None),
            (
                "p95 of buy < 1s",
                0.0,
                0,
                59,
                Some("no request will show p95"),
            ),
            ("mean < 1s", 1.0, 1, 1, None),
            (
                "event gap p95 of landing < 1s",
                2.0,
                2,
                59,
                Some("needs 59 messages; how many come on 2 requests, only the run shows"),
            ),
            (
                "ws latency p95 of landing < 1s",
                0.0,
                0,
                59,
                Some("no request will show message latency p95"),
            ),
            ("error_rate <= 0%", 1.0, 1, 1, None),
        ] {
            let expected = expected(budget, requests);
            assert_eq!(
                (expected.expected_n, expected.needed_n, expected.can_decide),
                (n, needed, n >= needed || n > 0 && budget.contains("event")),
                "{budget}"
            );
            assert_eq!(expected.advice.as_deref(), advice, "{budget}");
        }
    }

    #[test]
    fn steps_are_those_that_judging_takes() {
        let tagged = |step: &str, tag: &str, requests| ExpectedStep {
            place: Place {
                tags: vec![tag.to_owned()],
                captures: Some(vec![format!("of_{step}")]),
                ..Place::new("buy", step)
            },
            requests,
        };
        // As of a fragment that two flows use: its steps are theirs, with its tags.
        let steps = [
            tagged("sign in", "checkout", 100.0),
            tagged("pay", "checkout", 200.0),
            tagged("export", "slow", 400.0),
        ];
        for (budget, n) in [
            ("p95 of tag checkout < 1s", 300),
            ("p95 < 1s", 300),
            ("p95 of export < 1s", 400),
            ("error_rate < 50%", 700),
            ("capture of_pay max < 9", 200),
            ("p95 of 2xx of pay < 1s", 200),
        ] {
            let source = Source::new("b.yaml", format!("budgets:\n  - {budget}\n"));
            let file = parse(Arc::new(source)).unwrap();
            let expected = expectations(&file, "launch", &steps).remove(0);
            assert_eq!(expected.expected_n, n, "{budget}");
        }
    }

    #[test]
    fn the_chance_of_a_decided_pass_at_half_the_budget() {
        // Requests for 90 % at half the allowed share: 508 for p95, 2,558 for p99, 25,607 for 0.1 %.
        for (budget, n) in [
            ("p95 of landing < 1s", 508.0),
            ("p99 of landing < 1s", 2_558.0),
            ("error_rate of landing < 0.1%", 25_607.0),
        ] {
            let chance = expected(budget, n).chance.unwrap();
            assert!((0.899..0.92).contains(&chance), "{budget}: {chance}");
        }
        assert_eq!(expected("p99 of landing < 1s", 200.0).chance, Some(0.0));
    }
}
