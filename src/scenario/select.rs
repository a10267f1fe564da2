//! A part of a scenario. In: a scenario and what was asked for by name; out: the scenario with the flows that have
//! it, each up to the last step asked for, or the name that does not exist. Invariant: what stands before a step is
//! kept, since it captures what the step reads and brings the user to where the step makes sense.

use super::{Flow, Request, Scenario, Step};
use crate::source::closest;

/// What was asked for. Names of one kind add up; kinds narrow each other down. Empty is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names of flows.
    pub flows: Vec<String>,
    /// Names of steps: `step` in any flow, or `flow/step`.
    pub steps: Vec<String>,
    /// Tags of steps or flows.
    pub tags: Vec<String>,
}

/// Why nothing was selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A name that the scenario does not have.
    #[error("{scenario} has no {kind} `{name}`; {help}")]
    Unknown {
        /// The scenario.
        scenario: String,
        /// flow, step or tag.
        kind: &'static str,
        /// As it was asked for.
        name: String,
        /// The nearest name, or all.
        help: String,
    },
    /// Every name exists, but nowhere together.
    #[error("no step of {0} has all that was asked for; ask for less")]
    Nothing(String),
}

impl Selection {
    /// Whether everything is selected.
    pub fn is_everything(&self) -> bool {
        self.flows.is_empty() && self.steps.is_empty() && self.tags.is_empty()
    }

    /// The part of a scenario that was asked for.
    ///
    /// # Errors
    /// An unknown name, or nothing left.
    pub fn of(&self, scenario: &Scenario) -> Result<Scenario, SelectError> {
        self.known(scenario)?;
        let flows: Vec<Flow> = scenario
            .flows
            .iter()
            .filter_map(|flow| self.part(flow))
            .collect();
        if flows.is_empty() {
            return Err(SelectError::Nothing(scenario.name.clone()));
        }
        let mut selected = Scenario {
            flows,
            ..scenario.clone()
        };
        if !self.flows.is_empty() {
            // Who names flows here wants these, whatever the profile names.
            let profiles = selected.profiles.iter_mut();
            profiles.for_each(|profile| profile.flows = None);
        }
        Ok(selected)
    }

    /// A flow up to its last selected request.
    fn part(&self, flow: &Flow) -> Option<Flow> {
        let last = flow.steps.iter().rposition(|step| {
            let mut requests = requests(step).into_iter();
            requests.any(|request| self.selects(flow, request))
        })?;
        Some(Flow {
            steps: flow.steps[..=last].to_vec(),
            ..flow.clone()
        })
    }

    fn selects(&self, flow: &Flow, request: &Request) -> bool {
        let asked = |names: &[String], has: &dyn Fn(&String) -> bool| {
            names.is_empty() || names.iter().any(has)
        };
        asked(&self.flows, &|name| *name == flow.name)
            && asked(&self.steps, &|name| named(flow, request, name))
            && asked(&self.tags, &|tag| {
                request.tags.contains(tag) || flow.tags.contains(tag)
            })
    }

    fn known(&self, scenario: &Scenario) -> Result<(), SelectError> {
        let (flows, mut steps, mut tags) = names(scenario);
        let unknown = |kind, name: &String, known: &[String]| SelectError::Unknown {
            scenario: scenario.name.clone(),
            kind,
            name: name.escape_debug().to_string(),
            help: help(kind, name, known),
        };
        if let Some(name) = self.flows.iter().find(|name| !flows.contains(name)) {
            return Err(unknown("flow", name, &flows));
        }
        if let Some(name) = self.steps.iter().find(|name| !steps.contains(name)) {
            if !name.contains('/') {
                steps.retain(|step| !step.contains('/'));
            }
            return Err(unknown("step", name, &steps));
        }
        if let Some(name) = self.tags.iter().find(|name| !tags.contains(name)) {
            tags.dedup();
            return Err(unknown("tag", name, &tags));
        }
        Ok(())
    }
}

fn help(kind: &str, name: &str, known: &[String]) -> String {
    match closest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `--{kind} {near}`?"),
        None if known.is_empty() => format!("it has no {kind}s"),
        None => format!("it has: {}", known.join(", ")),
    }
}

/// Every flow; every step by its name and with its flow; every tag.
fn names(scenario: &Scenario) -> (Vec<String>, Vec<String>, Vec<String>) {
    let flows = scenario.flows.iter().map(|flow| flow.name.clone());
    let (mut steps, mut tags) = (Vec::new(), Vec::new());
    for flow in &scenario.flows {
        tags.extend(flow.tags.iter().cloned());
        for request in flow.requests() {
            steps.push(request.name.clone());
            steps.push(format!("{}/{}", flow.name, request.name));
            tags.extend(request.tags.iter().cloned());
        }
    }
    tags.sort();
    (flows.collect(), steps, tags)
}

fn named(flow: &Flow, request: &Request, name: &str) -> bool {
    // The requests of a step's policies come with it.
    let names = [Some(request.name.as_str()), request.probe.as_deref()];
    let in_flow = || name.strip_prefix(flow.name.as_str())?.strip_prefix('/');
    names.contains(&Some(name)) || in_flow().is_some_and(|name| names.contains(&Some(name)))
}

fn requests(step: &Step) -> Vec<&Request> {
    match step {
        Step::Request(request) => vec![request],
        Step::Block(block) => block.steps.iter().flat_map(requests).collect(),
        Step::Think(_) | Step::Set(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Environment, parse};
    use crate::source::Source;
    use std::path::Path;

    fn shop() -> Scenario {
        let text = "target: http://shop.test\nflows:\n  browse: { steps: [{ get: /, name: landing }, { get: /a, name: list }, { think: 1s }] }\n  buy: { steps: [{ post: /cart, name: cart }, { get: /a, name: list }, { post: /pay, name: pay }] }\n";
        let source = Source::new("s.yaml", text);
        let mut scenario = parse(source, Path::new("s.yaml"), &Environment::empty())
            .unwrap()
            .scenario;
        scenario.flows[1].tags = vec!["checkout".into()];
        if let Step::Request(request) = &mut scenario.flows[0].steps[0] {
            request.tags = vec!["fast".into()];
        }
        scenario
    }

    fn selected(flows: &[&str], steps: &[&str], tags: &[&str]) -> Result<String, SelectError> {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let selection = Selection {
            flows: owned(flows),
            steps: owned(steps),
            tags: owned(tags),
        };
        let part = selection.of(&shop())?;
        let flows = part.flows.iter().map(|flow| {
            let steps: Vec<&str> = flow.requests().map(|r| r.name.as_str()).collect();
            format!("{}: {}", flow.name, steps.join(" "))
        });
        Ok(flows.collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn flows_are_kept_up_to_what_was_asked_for() {
        for (flows, steps, tags, expected) in [
            (
                &[][..],
                &[][..],
                &[][..],
                "browse: landing list; buy: cart list pay",
            ),
            (&["buy"], &[], &[], "buy: cart list pay"),
            (&[], &["list"], &[], "browse: landing list; buy: cart list"),
            (&[], &["buy/list"], &[], "buy: cart list"),
            (&["browse"], &["list"], &[], "browse: landing list"),
            (&[], &["landing", "cart"], &[], "browse: landing; buy: cart"),
            (&[], &[], &["checkout"], "buy: cart list pay"),
            (&[], &[], &["fast"], "browse: landing"),
        ] {
            assert_eq!(selected(flows, steps, tags).unwrap(), expected);
        }
    }

    #[test]
    fn unknown_names_are_told_with_the_nearest() {
        for (flows, steps, tags, expected) in [
            (
                &["buuy"][..],
                &[][..],
                &[][..],
                "did you mean `--flow buy`?",
            ),
            (&[], &["landign"], &[], "did you mean `--step landing`?"),
            (&[], &["buy/landing"], &[], "no step `buy/landing`"),
            (&[], &[], &["slow"], "it has: checkout, fast"),
            (&["browse"], &["pay"], &[], "ask for less"),
        ] {
            let error = selected(flows, steps, tags).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
