//! What one run through a flow sends. In: nested steps; out: each request once, with what decides whether and how
//! often it is sent. Invariant: the order is that of the file.

use super::PlannedStep;
use crate::scenario::{Block, BlockKind, Flow, Request, Step};
use crate::units::{format_duration, significant};

/// The requests of a flow; `variables` are the names of its slots.
pub(super) fn planned(flow: &Flow, variables: &[String]) -> Vec<PlannedStep> {
    let mut walk = Walk {
        variables,
        found: Vec::new(),
    };
    walk.steps(&flow.steps, (1.0, &[]));
    walk.found
}

struct Walk<'a> {
    variables: &'a [String],
    found: Vec<PlannedStep>,
}

impl Walk<'_> {
    fn steps(&mut self, steps: &[Step], (times, how): (f64, &[String])) {
        for step in steps {
            match step {
                Step::Request(request) => self.found.push(PlannedStep {
                    name: request.name.clone(),
                    times,
                    how: how.iter().cloned().chain(own(request)).collect(),
                }),
                Step::Block(block) => {
                    let all: Vec<String> = how.iter().cloned().chain(self.words(block)).collect();
                    let repeated = match block.kind {
                        BlockKind::Repeat(n) => n as f64,
                        _ => 1.0,
                    };
                    self.steps(&block.steps, (times * repeated, &all));
                }
                Step::Think(_) | Step::Set(_) => {}
            }
        }
    }

    fn words(&self, block: &Block) -> Vec<String> {
        let when = block.when.iter();
        let mut words: Vec<String> = when.map(|c| format!("if {}", c.value.text())).collect();
        match &block.kind {
            BlockKind::Once => {}
            BlockKind::Repeat(times) => words.push(format!("×{}", significant(*times as f64))),
            BlockKind::Each { list, limit, .. } => {
                let name = self.variables.get(*list).map_or("a list", String::as_str);
                let most = limit.map_or_else(String::new, |limit| format!(", at most {limit}"));
                words.push(format!("for each of {name}{most}"));
            }
            BlockKind::Group { name, .. } => words.push(format!("in group {name}")),
        }
        words
    }
}

fn own(request: &Request) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(policy) = request.sent_by() {
        words.push(format!("by policy {}", policy.word));
    }
    if let Some(most) = request.most() {
        words.push(format!("up to {most} times, until a 429 comes"));
    }
    if let Some(until) = &request.until {
        let within = format_duration(until.within);
        words.push(format!("until it holds, within {within}"));
    }
    match request.retry.times {
        0 => {}
        times => words.push(format!("up to {times} more attempts")),
    }
    words
}
