//! The journeys. In: `flows:`, `setup:` and `teardown:`; out: [`Flow`]s of compiled steps. Invariant: a flow sends at
//! least one request, its step names are fixed and differ, and each of its templates reads only what an earlier
//! step captured, what every flow begins with, or what a feeder has.

mod here;
mod journeys;
mod lists;
mod planned;
mod request;
mod step;
mod trail;

pub(super) use here::Here;
pub(super) use journeys::{Journeys, read, unused, weight};
pub(super) use lists::count as count_lists;
pub use request::{
    Auth, Body, Capture, Coding, Conversation, Framing, Listen, Multipart, OAuth2, Part, PartValue,
    Request, Send, Stream, Turn, Wait, Written, bearer,
};
pub use step::{Assignment, Block, BlockKind, Retry, Step, Think, Until};
pub(super) use trail::Trail;

use crate::source::Span;

/// A user journey.
#[derive(Debug, Clone)]
pub struct Flow {
    /// As reports and budgets name it; without `/`.
    pub name: String,
    /// How often it starts, in proportion to the other flows: finite, not below zero. 0 is a flow of smoke tests only.
    pub weight: f64,
    /// What happens, one after the other; at least one request, but for `setup` and `teardown`.
    pub steps: Vec<Step>,
    /// The feeders whose columns it reads: places in `Scenario::data`.
    pub feeders: Vec<usize>,
    /// Names for parts of budgets; those of its steps are beside them.
    pub tags: Vec<String>,
    /// Where its name stands.
    pub span: Span,
}

impl Flow {
    /// Its requests, in the order of the file, each once.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.grouped_requests()
            .into_iter()
            .map(|(_, request)| request)
    }

    /// The same, each with the groups that it is in.
    pub fn grouped_requests(&self) -> Vec<(Vec<&str>, &Request)> {
        let mut found = Vec::new();
        collect(&self.steps, &[], &mut found);
        found
    }

    /// Takes out the requests of policies, and what is only there for them.
    pub(super) fn leave_out_probes(&mut self) {
        let (mut steps, _) = request::probes::split(std::mem::take(&mut self.steps));
        forget(&mut steps);
        self.steps = steps;
    }
}

/// Nothing is compared any more.
fn forget(steps: &mut [Step]) {
    for step in steps {
        match step {
            Step::Request(request) => request.remembered = false,
            Step::Block(block) => forget(&mut block.steps),
            Step::Think(_) | Step::Set(_) => {}
        }
    }
}

fn collect<'s>(
    steps: &'s [Step],
    groups: &[&'s str],
    found: &mut Vec<(Vec<&'s str>, &'s Request)>,
) {
    for step in steps {
        match step {
            Step::Request(request) => found.push((groups.to_vec(), request)),
            Step::Block(block) => {
                let mut inside = groups.to_vec();
                if let BlockKind::Group { name, .. } = &block.kind {
                    inside.push(name);
                }
                collect(&block.steps, &inside, found);
            }
            Step::Think(_) | Step::Set(_) => {}
        }
    }
}
