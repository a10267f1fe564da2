//! What one run through a flow sends. In: nested steps; out: each request once, with what decides whether and how
//! often it is sent. Invariant: the order is that of the file, and what only the run knows is said to be assumed.

use super::{Counted, PlannedStep};
use crate::scenario::{Block, BlockKind, Flow, Request, Step};
use crate::units::{format_duration, significant};

/// The requests of a flow, and how surely they are counted; `variables` are the names of its slots.
pub(super) fn planned(flow: &Flow, variables: &[String]) -> (Vec<PlannedStep>, Counted) {
    let mut walk = Walk {
        variables,
        found: Vec::new(),
        counted: Counted::Exactly,
    };
    walk.steps(&flow.steps, (1.0, &[]));
    (walk.found, walk.counted)
}

struct Walk<'a> {
    variables: &'a [String],
    found: Vec<PlannedStep>,
    counted: Counted,
}

impl Walk<'_> {
    fn steps(&mut self, steps: &[Step], (times, how): (f64, &[String])) {
        for step in steps {
            match step {
                Step::Request(request) => {
                    let own = self.own(request);
                    self.found.push(PlannedStep {
                        name: request.name.clone(),
                        times,
                        how: how.iter().cloned().chain(own).collect(),
                    });
                }
                Step::Block(block) => {
                    let own = self.words(block);
                    let all: Vec<String> = how.iter().cloned().chain(own).collect();
                    let rounds = block.kind.rounds() as f64;
                    self.steps(&block.steps, (times * rounds, &all));
                }
                Step::Think(_) | Step::Set(_) => {}
            }
        }
    }

    fn words(&mut self, block: &Block) -> Vec<String> {
        let when = block.when.iter();
        let mut words: Vec<String> = when
            .map(|c| format!("if {} (taken to hold)", c.value.text()))
            .collect();
        if !words.is_empty() {
            self.is(Counted::About);
        }
        let times = |times: &u64| format!("×{}", significant(*times as f64));
        match &block.kind {
            BlockKind::Once => {}
            BlockKind::Repeat(n) => words.push(times(n)),
            BlockKind::Each {
                list,
                limit,
                rounds,
                ..
            } => {
                let name = self.variables.get(*list).map_or("a list", String::as_str);
                let most = limit.map_or_else(String::new, |limit| format!(", at most {limit}"));
                if let Some(n) = rounds {
                    words.extend([times(n), format!("for each of {name}{most}")]);
                } else {
                    words.push(format!("for each of {name}{most} (counted as one)"));
                    self.is(Counted::AtLeast);
                }
            }
            BlockKind::Group { name, .. } => words.push(format!("in group {name}")),
        }
        words
    }

    fn own(&mut self, request: &Request) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(policy) = request.sent_by() {
            words.push(format!("by policy {}", policy.word));
        }
        if let Some(most) = request.most() {
            words.push(format!(
                "up to {most} times, until a 429 comes (counted once)"
            ));
            self.is(Counted::AtLeast);
        }
        if let Some(until) = &request.until {
            let within = format_duration(until.within);
            words.push(format!("until it holds, within {within} (counted once)"));
            self.is(Counted::AtLeast);
        }
        match request.retry.times {
            0 => {}
            times => {
                words.push(format!("up to {times} more attempts (not counted)"));
                self.is(Counted::AtLeast);
            }
        }
        words
    }

    /// Less sure is less sure, whatever else is there.
    fn is(&mut self, counted: Counted) {
        self.counted = self.counted.max(counted);
    }
}
