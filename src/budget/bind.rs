//! Budgets against a scenario. In: budgets and the names of steps, flows and profiles; out: a problem for every
//! name that means nothing or two things. Invariant: what binds without an error names exactly one step or flow,
//! by the same rule that judging uses.

use super::{Budget, BudgetFile, Scope};
use crate::source::{Diagnostic, Span, closest};

/// What the name of a scope stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Every step.
    All,
    /// The steps of a flow.
    Flow,
    /// One step.
    Step,
    /// Steps of several flows have this name.
    Ambiguous,
    /// Nothing has this name.
    Unknown,
}

impl Scope {
    /// What it stands for among steps (given as flow and step): a `flow/step` first, then a flow, then a step.
    pub(super) fn target(&self, steps: &[(String, String)]) -> Target {
        let Self::Named(name) = self else {
            return Target::All;
        };
        let named = |(flow, step): &&(String, String)| is_label(name, flow, step);
        if steps.iter().any(|s| named(&s)) {
            return Target::Step;
        }
        if steps.iter().any(|(flow, _)| flow == name) {
            return Target::Flow;
        }
        match steps.iter().filter(|(_, step)| step == name).count() {
            0 => Target::Unknown,
            1 => Target::Step,
            _ => Target::Ambiguous,
        }
    }

    /// Whether it speaks of a step, one of `steps`.
    pub(super) fn covers(&self, flow: &str, step: &str, steps: &[(String, String)]) -> bool {
        let name = match self {
            Self::All => return true,
            Self::Server { .. } => return false,
            Self::Named(name) => name,
        };
        match self.target(steps) {
            Target::All => true,
            Target::Flow => flow == name,
            Target::Step => {
                is_label(name, flow, step)
                    || (step == name && !steps.iter().any(|(f, s)| is_label(name, f, s)))
            }
            Target::Ambiguous | Target::Unknown => false,
        }
    }
}

/// Whether `name` is `flow/step`.
fn is_label(name: &str, flow: &str, step: &str) -> bool {
    name.strip_prefix(flow)
        .and_then(|rest| rest.strip_prefix('/'))
        == Some(step)
}

/// Checks that every name in a budget file means something in a scenario. `steps` are labels `flow/step`.
///
/// Errors are unknown and ambiguous names; a name that is a flow's and a step's is a warning: it means the flow.
pub fn bind(
    file: &BudgetFile,
    steps: &[String],
    flows: &[String],
    profiles: &[String],
) -> Vec<Diagnostic> {
    let pairs = split(steps, flows);
    let sentences = file.budgets.iter().chain(&file.guards);
    sentences
        .flat_map(|budget| [scope(file, budget, &pairs), profile(file, budget, profiles)])
        .flatten()
        .collect()
}

/// Labels as flow and step. A flow's name may hold a slash: the longest flow that fits is the label's.
fn split(steps: &[String], flows: &[String]) -> Vec<(String, String)> {
    let longest = |label: &String| {
        flows
            .iter()
            .filter_map(|flow| Some((flow, label.strip_prefix(flow.as_str())?.strip_prefix('/')?)))
            .max_by_key(|(flow, _)| flow.len())
            .map(|(flow, step)| (flow.clone(), step.to_owned()))
    };
    steps.iter().filter_map(longest).collect()
}

/// Checks that every value of a server that a budget file names is read in a scenario: `names` are those that are,
/// `asks` whether there is a Prometheus server.
pub fn bind_servers(file: &BudgetFile, names: &[String], asks: bool) -> Vec<Diagnostic> {
    let problem = |budget: &Budget| {
        let Scope::Server { name, query } = &budget.scope else {
            return None;
        };
        if query.is_some() {
            let message = "the scenario names no Prometheus server to ask";
            let help = "add `observe: { prometheus: http://127.0.0.1:9090 }` to the scenario";
            let found = Diagnostic::error("T0841", &file.source, budget.span, message);
            return (!asks).then(|| found.help(help));
        }
        let help = match closest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => {
                "name what is read in the scenario, under `observe:`".to_owned()
            }
            None => format!("there are: {}", names.join(", ")),
        };
        let message = format!("nothing that is called `{name}` is read of a server");
        let span = last_place(file, budget, name);
        let found = Diagnostic::error("T0840", &file.source, span, message);
        (!names.contains(name)).then(|| found.help(help))
    };
    file.budgets.iter().filter_map(problem).collect()
}

fn scope(file: &BudgetFile, budget: &Budget, steps: &[(String, String)]) -> Option<Diagnostic> {
    let Scope::Named(name) = &budget.scope else {
        return None;
    };
    let namesakes = || steps.iter().filter(|(_, step)| step == name);
    let labels = || {
        let labels: Vec<String> = namesakes().map(|(f, s)| format!("`{f}/{s}`")).collect();
        labels.join(" or ")
    };
    let span = place(file, budget, name);
    match budget.scope.target(steps) {
        Target::Unknown => {
            let message = format!("no step or flow is called `{name}`");
            let help = status(name).unwrap_or_else(|| known(name, steps));
            Some(Diagnostic::error("T0820", &file.source, span, message).help(help))
        }
        Target::Ambiguous => {
            let message = format!("`{name}` is a step of {} flows", namesakes().count());
            let help = format!("write {}", labels());
            Some(Diagnostic::error("T0821", &file.source, span, message).help(help))
        }
        // The same requests either way where the flow has no other step.
        Target::Flow
            if namesakes().next().is_some()
                && !(namesakes().all(|(flow, _)| flow == name)
                    && steps.iter().filter(|(flow, _)| flow == name).count() == 1) =>
        {
            let message = format!("`{name}` is a flow and a step; this budget is about the flow");
            let help = format!("write {} for the step", labels());
            Some(Diagnostic::warning("T0823", &file.source, span, message).help(help))
        }
        Target::All | Target::Flow | Target::Step => None,
    }
}

/// Phases that every load may have, and that budgets judge only when they name them.
const PHASES: [&str; 2] = ["ramp", "warm-up"];

/// Steps that a message lists.
const SHOWN: usize = 12;

/// Answers of a status are counted, and their latencies are those of all.
fn status(name: &str) -> Option<String> {
    let digits = name.strip_suffix("xx").unwrap_or(name);
    let status = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    status.then(|| {
        format!("write `share({name})`, `count({name})` or `rate({name})`; latencies by status are not measured by this version")
    })
}

/// The fix for an unknown name: the nearest label, flow or step, else all there is.
fn known(name: &str, steps: &[(String, String)]) -> String {
    let labels: Vec<String> = steps.iter().map(|(f, s)| format!("{f}/{s}")).collect();
    let short = steps.iter().flat_map(|(f, s)| [f.as_str(), s.as_str()]);
    let candidates = labels.iter().map(String::as_str).chain(short);
    if let Some(near) = closest(name, candidates) {
        return format!("did you mean `{near}`?");
    }
    let mut list = labels[..labels.len().min(SHOWN)].join(", ");
    if labels.len() > SHOWN {
        list = format!("{list} and {} more", labels.len() - SHOWN);
    }
    format!("the steps are: {list}")
}

fn profile(file: &BudgetFile, budget: &Budget, profiles: &[String]) -> Option<Diagnostic> {
    let name = budget.during.as_ref().filter(|p| !profiles.contains(p))?;
    let span = last_place(file, budget, name);
    if PHASES.contains(&name.as_str()) {
        let statistic = budget.statistic;
        let message = format!("{statistic} is of the measured phase, and the {name} is none");
        let help = "only percentiles of requests and error_rate, success_rate and check_rate are kept for other phases";
        return (!statistic.timed())
            .then(|| Diagnostic::error("T0824", &file.source, span, message).help(help));
    }
    let names = profiles.iter().map(String::as_str);
    let help = closest(name, names.chain(PHASES)).map_or_else(
        || format!("the profiles are: {}", profiles.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    let message = format!("no profile is called `{name}`");
    Some(Diagnostic::error("T0822", &file.source, span, message).help(help))
}

/// Where a scope's name stands; the whole budget where it does not stand there letter by letter.
fn place(file: &BudgetFile, budget: &Budget, name: &str) -> Span {
    let written = file.source.text.get(budget.span.range());
    let after = written.and_then(|w| Some((w.find("of")?, w)));
    after
        .and_then(|(of, w)| Some(of + w.get(of..)?.find(name)?))
        .map_or(budget.span, |at| within(budget, at, name))
}

/// Where a profile's name stands: at the end.
fn last_place(file: &BudgetFile, budget: &Budget, name: &str) -> Span {
    let written = file.source.text.get(budget.span.range());
    written
        .and_then(|w| w.rfind(name))
        .map_or(budget.span, |at| within(budget, at, name))
}

fn within(budget: &Budget, at: usize, name: &str) -> Span {
    let start = budget.span.start + at;
    Span::new(start, start + name.len())
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::source::{Severity, Source};
    use std::sync::Arc;

    fn bound(budget: &str) -> Vec<Diagnostic> {
        let text = format!("budgets:\n  - {budget}\n");
        let file = parse(Arc::new(Source::new("b.yaml", text))).unwrap();
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        bind(
            &file,
            &names(&[
                "browse/landing",
                "browse/pay",
                "purchase/add to cart",
                "purchase/pay",
                "api/v1/landing page",
                "health/health",
                "browse/purchase",
            ]),
            &names(&["browse", "purchase", "api", "api/v1", "health"]),
            &names(&["smoke", "launch"]),
        )
    }

    #[test]
    fn names_that_mean_one_thing() {
        for text in [
            "p95 < 1s",
            "p95 of purchase/pay < 1s",
            "p95 of landing < 1s",
            "p95 of browse < 1s",
            "p95 of \"add to cart\" < 1s during launch",
            "p95 of api/v1 < 1s",
            "p95 of api/v1/landing page < 1s",
            "p95 of health < 1s",
        ] {
            assert_eq!(bound(text), [], "{text}");
        }
    }

    #[test]
    fn names_that_mean_nothing_or_two_things() {
        for (text, code, place, help) in [
            (
                "p95 of purchase/pya < 1s",
                "T0820",
                "b.yaml:2:12",
                "did you mean `purchase/pay`?",
            ),
            (
                "p95 of landign < 1s",
                "T0820",
                "b.yaml:2:12",
                "did you mean `landing`?",
            ),
            (
                "p95 of checkout < 1s",
                "T0820",
                "b.yaml:2:12",
                "the steps are: browse/landing, ",
            ),
            (
                "p95 of pay < 1s",
                "T0821",
                "b.yaml:2:12",
                "write `browse/pay` or `purchase/pay`",
            ),
            (
                "p95 < 1s during lunch",
                "T0822",
                "b.yaml:2:21",
                "did you mean `launch`?",
            ),
            (
                "p95 < 1s during soak test",
                "T0822",
                "b.yaml:2:21",
                "the profiles are: smoke, launch",
            ),
        ] {
            let problems = bound(text);
            assert_eq!(problems.len(), 1, "{text}: {problems:?}");
            assert_eq!(problems[0].code, code, "{text}");
            assert_eq!(problems[0].location(), place, "{text}");
            assert!(
                problems[0].help.as_ref().unwrap().contains(help),
                "{problems:?}"
            );
            assert_eq!(problems[0].severity, Severity::Error);
        }
    }

    #[test]
    fn a_flow_goes_before_a_step_of_the_same_name() {
        let problems = bound("p95 of purchase < 1s");
        assert_eq!(problems[0].severity, Severity::Warning);
        assert!(
            problems[0]
                .help
                .as_ref()
                .unwrap()
                .contains("`browse/purchase`")
        );
        let scope = Scope::Named("purchase".into());
        let steps = split(
            &["purchase/pay".into(), "browse/purchase".into()],
            &["purchase".into(), "browse".into()],
        );
        assert!(scope.covers("purchase", "pay", &steps));
        assert!(!scope.covers("browse", "purchase", &steps));
    }
}
