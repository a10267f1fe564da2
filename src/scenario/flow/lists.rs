//! Lists whose length is known before the run. In: flows and constants; out: [`BlockKind::Each`] with its rounds.
//! Invariant: rounds stand only where nothing that the run finds out could change them.

use super::{BlockKind, Journeys, Request, Step};
use crate::expr::Value;
use serde_json::Value as Json;
use std::collections::HashMap;

/// Slot → items of the list that it holds.
type Known = HashMap<usize, u64>;

/// Counts the rounds of every loop over a list that does not change: a constant, or the rows of a feeder, whatever
/// parameters they pass through.
pub(in crate::scenario) fn count(journeys: &mut Journeys, constants: &[(usize, Value)]) {
    let length = |(slot, value): &(usize, Value)| match value {
        Value::Json(Json::Array(items)) => Some((*slot, items.len() as u64)),
        _ => None,
    };
    let mut known: Known = constants.iter().filter_map(length).collect();
    for before in [&mut journeys.setup, &mut journeys.user_setup] {
        before
            .iter_mut()
            .for_each(|flow| walk(&mut flow.steps, &mut known));
    }
    let around = [&mut journeys.user_teardown, &mut journeys.teardown];
    for flow in journeys
        .flows
        .iter_mut()
        .chain(around.into_iter().flatten())
    {
        walk(&mut flow.steps, &mut known.clone());
    }
}

fn walk(steps: &mut [Step], known: &mut Known) {
    for step in steps {
        match step {
            Step::Think(_) => {}
            Step::Request(request) => captured(request, known),
            Step::Set(assignments) => {
                for given in assignments {
                    let length = given.value.as_slot().and_then(|slot| known.get(&slot));
                    match length.copied() {
                        Some(length) => known.insert(given.slot, length),
                        None => known.remove(&given.slot),
                    };
                }
            }
            Step::Block(block) => {
                if let BlockKind::Each {
                    list,
                    item,
                    limit,
                    rounds,
                } = &mut block.kind
                {
                    let most = limit.unwrap_or(u64::MAX);
                    *rounds = known.get(list).map(|length| most.min(*length));
                    known.remove(item);
                }
                // The second round begins with what the first one left.
                if matches!(block.kind, BlockKind::Each { .. } | BlockKind::Repeat(_)) {
                    forget(&block.steps, known);
                }
                walk(&mut block.steps, known);
            }
        }
    }
}

/// What these steps give a value is not known any more.
fn forget(steps: &[Step], known: &mut Known) {
    for step in steps {
        match step {
            Step::Think(_) => {}
            Step::Request(request) => captured(request, known),
            Step::Set(assignments) => {
                known.retain(|slot, _| assignments.iter().all(|given| given.slot != *slot));
            }
            Step::Block(block) => forget(&block.steps, known),
        }
    }
}

fn captured(request: &Request, known: &mut Known) {
    let said = request.conversation.iter().flat_map(|c| c.captures());
    for capture in request.captures.iter().chain(said) {
        known.remove(&capture.slot);
    }
}
