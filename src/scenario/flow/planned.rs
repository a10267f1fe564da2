//! Everything that gets a value somewhere, before anything is compiled. In: steps as they are written; out: who
//! captures what, for messages about names that are used too early or elsewhere. Invariant: what is broken here is
//! skipped; it is told where it is read.

use crate::scenario::include::Fragment;
use crate::scenario::names::Planned;
use crate::scenario::vocabulary::VERBS;
use crate::source::{Kind, Node};
use std::collections::{BTreeMap, BTreeSet};

/// Looks for captures in the steps of one flow.
pub(super) struct Search<'s, 'a> {
    /// The fragments that may be used.
    pub(super) fragments: &'s BTreeMap<&'a str, Fragment<'a>>,
    /// The flow.
    pub(super) flow: &'s str,
    /// The fragments that were looked through.
    pub(super) seen: BTreeSet<&'a str>,
    /// What was found.
    pub(super) found: &'s mut Vec<Planned>,
}

impl<'a> Search<'_, 'a> {
    /// Looks through a list of steps, the steps in them and the fragments that they use.
    pub(super) fn steps(&mut self, node: &'a Node) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            self.list(node, &mut open);
        }
    }

    fn list(&mut self, node: &'a Node, open: &mut Vec<&'a Node>) {
        let Kind::List(steps) = &node.kind else {
            return;
        };
        for (index, step) in steps.iter().enumerate() {
            let said = match child(step, "messages").map(|node| &node.kind) {
                Some(Kind::List(messages)) => messages.as_slice(),
                _ => &[],
            };
            let waits = said
                .iter()
                .flat_map(|message| [child(message, "receive"), child(message, "reply")])
                .flatten()
                .map(|wait| child(wait, "capture"));
            let own = ["capture", "set"].map(|key| child(step, key));
            for node in own.into_iter().chain(waits) {
                let Some(Kind::Map(entries)) = node.map(|node| &node.kind) else {
                    continue;
                };
                for (name, _) in entries {
                    self.found.push(Planned {
                        flow: self.flow.into(),
                        step: step.span,
                        label: label(step, index),
                        name: name.value.clone(),
                    });
                }
            }
            open.extend(child(step, "steps"));
            let used = child(step, "use").and_then(Node::scalar);
            let fragment = used.and_then(|used| self.fragments.get_key_value(used.text.as_str()));
            if let Some((name, fragment)) = fragment
                && self.seen.insert(name)
            {
                open.push(fragment.steps);
            }
        }
    }
}

fn label(step: &Node, index: usize) -> String {
    let text = |key: &str| child(step, key)?.scalar().map(|scalar| scalar.text.clone());
    let verb = || {
        VERBS
            .iter()
            .find_map(|verb| Some(format!("{verb}: {}", text(verb)?)))
    };
    text("name")
        .or_else(verb)
        .unwrap_or_else(|| format!("step {}", index + 1))
}

fn child<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.kind {
        Kind::Map(entries) => entries
            .iter()
            .find(|(k, _)| k.value == key)
            .map(|(_, node)| node),
        Kind::Scalar(_) | Kind::List(_) => None,
    }
}
