//! Why a name does not resolve. In: the name and everything captured anywhere; out: the problem in better words.
//! Invariant: only a name that exists, but not here, gets other words.

use super::Names;
use crate::source::{Diagnostic, Span};

/// A variable that gets a value somewhere in the file, found before anything is compiled.
#[derive(Debug)]
pub(in crate::scenario) struct Planned {
    /// The flow that it is in.
    pub(in crate::scenario) flow: String,
    /// Where the step stands.
    pub(in crate::scenario) step: Span,
    /// The step as the user calls it.
    pub(in crate::scenario) label: String,
    /// The variable.
    pub(in crate::scenario) name: String,
}

impl Names {
    /// The problem in better words, where it is about a name that exists, but not here.
    pub(in crate::scenario) fn explain(&self, mut problem: Diagnostic) -> Diagnostic {
        let quoted = |name: &&String| problem.message.contains(&format!("`{name}`"));
        let Some(name) = self.missed.iter().find(quoted) else {
            return problem;
        };
        let Some((message, help)) = self.reason(name) else {
            return problem;
        };
        problem.code = "T0313";
        problem.message = message;
        problem.help = Some(help);
        problem
    }

    fn reason(&self, name: &str) -> Option<(String, String)> {
        let head = name.split('.').next().unwrap_or(name);
        self.of_feeder(name)
            .or_else(|| self.of_group(head))
            .or_else(|| self.of_step(head))
    }

    fn of_feeder(&self, name: &str) -> Option<(String, String)> {
        let feeder = name.split('.').next().unwrap_or_default();
        let (feeder, columns, _) = self.feeders.iter().find(|(known, ..)| known == feeder)?;
        if !self.rows {
            let message = format!(
                "`{}` has no row of `{feeder}`: rows are dealt to arrivals",
                self.flow
            );
            let help = "read it in a flow or in `setup: { user: … }`, or write the value under `variables:`";
            return Some((message, help.into()));
        }
        if name != feeder {
            return None;
        }
        let columns: Vec<String> = columns.iter().map(|c| format!("`{feeder}.{c}`")).collect();
        let message = format!("`{name}` is a feeder, not a value");
        Some((message, format!("name a column: {}", columns.join(", "))))
    }

    fn of_group(&self, name: &str) -> Option<(String, String)> {
        let mut held = self.held.iter().flatten();
        held.any(|known| known.name == name).then(|| {
            let message = format!("`{name}` is captured by another member of this group, and all are sent at the same time");
            (message, "read it in a step behind the group".into())
        })
    }

    fn of_step(&self, name: &str) -> Option<(String, String)> {
        let planned: Vec<&Planned> = self.planned.iter().filter(|c| c.name == name).collect();
        if let Some(later) = planned.iter().find(|c| c.flow == self.flow) {
            let message = if later.step == self.step {
                format!("`{name}` is captured by this very step, from its response")
            } else {
                format!(
                    "`{name}` is not captured yet: the later step `{}` does that",
                    later.label
                )
            };
            let help = "use it in a step behind the one that captures it";
            return Some((message, help.into()));
        }
        let other = planned.first()?;
        Some((
            format!(
                "`{name}` is captured in the flow `{}`, and each flow has its own variables",
                other.flow
            ),
            format!("capture it in an earlier step of `{}`", self.flow),
        ))
    }
}
