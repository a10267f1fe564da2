//! What a flow knows while it is read. In: captures, parameters, items, and the blocks they stand in; out: their
//! slots, and which of them may be missing behind a block. Invariant: what is captured only in a block that may be
//! left out is in doubt behind it, unless a second block captures it too.

use super::{Names, Origin};
use crate::source::Span;

/// A variable that the flow has a value for.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) name: String,
    pub(super) slot: usize,
    pub(super) span: Span,
    pub(super) origin: Origin,
    pub(super) read: bool,
    /// Captured in a block that may have been left out.
    pub(super) maybe: bool,
    /// The item of the list whose block is read.
    pub(super) item: bool,
}

/// A parameter of the fragment that is read now.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) slot: usize,
    pub(super) secret: bool,
}

/// A block that may be left out, while it is read.
#[derive(Debug)]
pub(in crate::scenario) struct Branch {
    /// How many variables were known before it.
    known: usize,
    /// Variables in doubt that its condition asks for.
    guarded: Vec<usize>,
    /// Variables that it captures.
    captured: Vec<usize>,
}

impl Known {
    pub(super) fn new(name: &str, slot: usize, span: Span, origin: Origin) -> Self {
        Self {
            name: name.into(),
            slot,
            span,
            origin,
            read: false,
            maybe: false,
            item: false,
        }
    }
}

impl Names {
    /// A variable that has a value from here on, or behind the group that is read; its slot.
    pub(in crate::scenario) fn capture(&mut self, name: &str, span: Span, origin: Origin) -> usize {
        let slot = self.place(name);
        let known = Known::new(name, slot, span, origin);
        match &mut self.held {
            Some(held) => held.push(known),
            None => self.learn(known),
        }
        slot
    }

    fn learn(&mut self, new: Known) {
        for branch in &mut self.branches {
            branch.captured.push(new.slot);
        }
        match self.known.iter_mut().find(|known| known.slot == new.slot) {
            Some(known) => {
                known.origin.secret |= new.origin.secret;
                known.maybe = false;
            }
            None => self.known.push(new),
        }
    }

    /// Begins a group: what its members capture is visible behind it.
    pub(in crate::scenario) fn hold(&mut self) {
        self.held = Some(Vec::new());
    }

    /// Ends a group.
    pub(in crate::scenario) fn release(&mut self) {
        for known in self.held.take().unwrap_or_default() {
            self.learn(known);
        }
    }

    /// Begins a block that may be left out; where it is done, the `guarded` variables have a value.
    pub(in crate::scenario) fn branch(&mut self, guarded: &[usize]) {
        let mut branch = Branch {
            known: self.known.len(),
            guarded: Vec::new(),
            captured: Vec::new(),
        };
        for known in &mut self.known {
            if known.maybe && guarded.contains(&known.slot) {
                known.maybe = false;
                branch.guarded.push(known.slot);
            }
        }
        self.branches.push(branch);
    }

    /// Ends the block that was begun last.
    pub(in crate::scenario) fn join(&mut self) {
        let Some(branch) = self.branches.pop() else {
            return;
        };
        for (index, known) in self.known.iter_mut().enumerate() {
            let captured = branch.captured.contains(&known.slot);
            known.maybe |=
                index >= branch.known || (branch.guarded.contains(&known.slot) && !captured);
        }
    }

    /// Whether a name has a value here.
    pub(in crate::scenario) fn knows(&self, name: &str) -> bool {
        let parameter = |p: &Parameter| p.name == name;
        let held = self.held.iter().flatten();
        self.known.iter().chain(held).any(|k| k.name == name)
            || self
                .parameters
                .last()
                .is_some_and(|p| p.iter().any(parameter))
    }

    /// Whether a name is that of an item or a parameter.
    pub(in crate::scenario) fn is_bound(&self, name: &str) -> bool {
        let mut parameters = self.parameters.last().into_iter().flatten();
        parameters.any(|parameter| parameter.name == name)
            || self
                .known
                .iter()
                .any(|known| known.item && known.name == name)
    }

    /// Whether a parameter of that name would hide a variable.
    pub(in crate::scenario) fn hides(&self, name: &str) -> bool {
        self.known.iter().any(|known| known.name == name)
    }

    /// The item of a list, until [`Names::drop_item`]; its slot.
    pub(in crate::scenario) fn item(&mut self, name: &str, span: Span, secret: bool) -> usize {
        let slot = self.place(name);
        let linted = false;
        let mut item = Known::new(name, slot, span, Origin { secret, linted });
        item.item = true;
        self.known.push(item);
        slot
    }

    /// Forgets an item.
    pub(in crate::scenario) fn drop_item(&mut self, slot: usize) {
        if let Some(at) = self.known.iter().position(|known| known.slot == slot) {
            self.known.remove(at);
            for branch in &mut self.branches {
                branch.known -= usize::from(at < branch.known);
            }
        }
    }

    /// The slot of a fragment's parameter; each fragment has its own.
    pub(in crate::scenario) fn parameter(&mut self, fragment: &str, name: &str) -> usize {
        // No variable and no feeder can have a blank in its name.
        self.place_as(&format!("{fragment} {name}"), name)
    }

    /// Begins a fragment with its parameters: name, slot, and whether the value is secret.
    pub(in crate::scenario) fn open(&mut self, parameters: Vec<(String, usize, bool)>) {
        let parameter = |(name, slot, secret)| Parameter { name, slot, secret };
        self.parameters
            .push(parameters.into_iter().map(parameter).collect());
    }

    /// Ends a fragment: its parameters are gone, what it captured stays.
    pub(in crate::scenario) fn close(&mut self) {
        self.parameters.pop();
    }
}

/// Whether a text can name a variable or a feeder: letters, digits, `_` and inner `-`, no digit first.
pub(in crate::scenario) fn identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !text.ends_with('-')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}
