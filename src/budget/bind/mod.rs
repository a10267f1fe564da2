//! Budgets against a scenario. In: budgets and the names of steps, flows and profiles; out: a problem for every
//! name that means nothing or two things. Invariant: what binds without an error names exactly one step or flow,
//! by the same rule that judging uses.

mod place;

pub use place::Place;
pub(super) use place::{Kind, Target};

use super::{Budget, BudgetFile, Part, Scope};
use crate::source::{Diagnostic, Span, closest};

/// Checks that every name in a budget file means something in a scenario.
///
/// Errors are unknown and ambiguous names; a name with two meanings is a warning: it means the first of them.
pub fn bind(file: &BudgetFile, places: &[Place], profiles: &[String]) -> Vec<Diagnostic> {
    let sentences = file.budgets.iter().chain(&file.guards);
    sentences
        .flat_map(|budget| {
            [
                scope(file, budget, places).or_else(|| captured(file, budget, places)),
                profile(file, budget, profiles),
            ]
        })
        .flatten()
        .collect()
}

/// A number that no step of the scope captures.
fn captured(file: &BudgetFile, budget: &Budget, places: &[Place]) -> Option<Diagnostic> {
    let part = budget.part.as_ref()?;
    let Part::Capture(name) = part else {
        return None;
    };
    let covered = || places.iter().zip(budget.scope.among(places));
    if covered().any(|(place, speaks)| speaks && place.captured(part)) {
        return None;
    }
    let names = covered()
        .filter(|c| c.1)
        .filter_map(|(p, _)| p.captures.as_ref());
    let names: Vec<&str> = names.flatten().map(String::as_str).collect();
    let help = closest(name, names).map_or_else(
        || "name what a `capture:` of a request keeps; secret ones and those of sockets are not measured".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    let message = format!("no step of this budget captures `{name}`");
    let span = first_place(file, budget, name);
    Some(Diagnostic::error("T0826", &file.source, span, message).help(help))
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

fn scope(file: &BudgetFile, budget: &Budget, places: &[Place]) -> Option<Diagnostic> {
    let Scope::Named(name) = &budget.scope else {
        return None;
    };
    let span = place(file, budget, name);
    match budget.scope.target(places) {
        Target::Unknown => {
            let message = format!("no step, flow, group, tag or host is called `{name}`");
            let help = known(name, places);
            Some(Diagnostic::error("T0820", &file.source, span, message).help(help))
        }
        Target::Ambiguous(step) => {
            let namesakes: Vec<&Place> = places.iter().filter(|p| p.step == step).collect();
            let message = format!("`{step}` is a step of {} flows", namesakes.len());
            let labels: Vec<String> = namesakes
                .iter()
                .map(|p| format!("`{}`", p.label()))
                .collect();
            let help = format!("write {}", labels.join(" or "));
            Some(Diagnostic::error("T0821", &file.source, span, message).help(help))
        }
        Target::Of(..) => {
            let (kind, other) = budget.scope.namesakes(places)?;
            let (kind, other) = (kind.word(), other.word());
            let message =
                format!("`{name}` is a {kind} and a {other}; this budget is about the {kind}");
            let namesakes = places.iter().filter(|p| other == "step" && p.step == *name);
            let labels: Vec<String> = namesakes.map(|p| format!("`{}`", p.label())).collect();
            let help = if labels.is_empty() {
                format!("write `{other} {name}` for the {other}")
            } else {
                format!("write {} for the step", labels.join(" or "))
            };
            Some(Diagnostic::warning("T0823", &file.source, span, message).help(help))
        }
        Target::All => None,
    }
}

/// Phases that every load may have, and that budgets judge only when they name them.
const PHASES: [&str; 2] = ["ramp", "warm-up"];

/// Steps that a message lists.
const SHOWN: usize = 12;

/// The fix for an unknown name: the nearest label, flow or step, else all there is.
fn known(name: &str, places: &[Place]) -> String {
    let labels: Vec<String> = places.iter().map(Place::label).collect();
    let parts = places.iter().flat_map(|p| {
        let kinds = Kind::ALL.into_iter();
        kinds.flat_map(|kind| p.called(kind))
    });
    let candidates = labels.iter().map(String::as_str).chain(parts);
    if let Some(near) = closest(name, candidates) {
        return format!("did you mean `{near}`?");
    }
    let kind = Kind::ALL.into_iter().find(|kind| {
        let rest = name.strip_prefix(kind.word());
        rest.is_some_and(|rest| rest.starts_with(' '))
    });
    if let Some(kind) = kind {
        let all = places.iter().flat_map(|p| p.called(kind));
        if let Some(near) = closest(name[kind.word().len()..].trim(), all) {
            return format!("did you mean `{} {near}`?", kind.word());
        }
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
    let list = || format!("the profiles are: {}", profiles.join(", "));
    let help = if is_part(name) {
        let every = "every part of a profile is judged by itself, without being named, and the report has a row for each";
        format!("{}; {every}", list())
    } else {
        closest(name, names.chain(PHASES))
            .map_or_else(list, |near| format!("did you mean `{near}`?"))
    };
    let message = format!("no profile is called `{name}`");
    Some(Diagnostic::error("T0822", &file.source, span, message).help(help))
}

/// `step 3`, `stage 2 (to 50 users)`, `rise`: what stairs, stages and spikes call their parts.
fn is_part(name: &str) -> bool {
    let mut words = name.split_whitespace();
    match (words.next(), words.next()) {
        (Some("step" | "stage"), Some(number)) => number.parse::<u64>().is_ok(),
        (Some("base" | "spike" | "rise" | "fall"), None) => true,
        (Some("base" | "spike"), Some(level)) => level.starts_with('('),
        _ => false,
    }
}

/// Where a scope's name stands; the whole budget where it does not stand there letter by letter.
fn place(file: &BudgetFile, budget: &Budget, name: &str) -> Span {
    let written = file.source.text.get(budget.span.range());
    let after = written.and_then(|w| Some((w.find("of")?, w)));
    after
        .and_then(|(of, w)| Some(of + w.get(of..)?.find(name)?))
        .map_or(budget.span, |at| within(budget, at, name))
}

/// Where the name of a captured number stands.
fn first_place(file: &BudgetFile, budget: &Budget, name: &str) -> Span {
    let written = file.source.text.get(budget.span.range());
    let after = written.and_then(|w| Some((w.find("capture")? + "capture".len(), w)));
    after
        .and_then(|(from, w)| Some(from + w.get(from..)?.find(name)?))
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
        let steps = [
            ("browse", "landing"),
            ("browse", "pay"),
            ("purchase", "add to cart"),
            ("purchase", "pay"),
            ("api/v1", "landing page"),
            ("health", "health"),
            ("browse", "purchase"),
        ];
        let places = steps.map(|(flow, step)| Place::new(flow, step));
        bind(&file, &places, &["smoke".to_owned(), "launch".to_owned()])
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
                "p95 < 1s during step 3",
                "T0822",
                "b.yaml:2:21",
                "the profiles are: smoke, launch; every part of a profile is judged by itself",
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
    }
}
