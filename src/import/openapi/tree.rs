//! A walk through the document that follows `$ref`. In: JSON; out: places in it. Invariant: a reference is followed
//! within the document only and at most sixteen times on end, and the whole walk is bounded, so neither circles nor
//! fans of references can hold it up.

use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

/// References on end.
const HOPS: usize = 16;
/// Steps of one import.
const STEPS: u64 = 5_000_000;

/// References that lead nowhere and are told.
const NOTED: usize = 500;

/// What is known of the whole document while it is walked through.
pub(super) struct Tree<'a> {
    root: &'a Value,
    left: Cell<u64>,
    /// References that lead nowhere: where they stand, and what they say.
    dangling: RefCell<BTreeSet<(String, String)>>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self {
            root,
            left: Cell::new(STEPS),
            dangling: RefCell::default(),
        }
    }

    /// The top of the document.
    pub(super) fn root(&'a self) -> At<'a> {
        At {
            tree: self,
            value: self.root,
            pointer: "#".into(),
        }
    }

    /// Whether the walk was ended because there was no end to it.
    pub(super) fn exhausted(&self) -> bool {
        self.left.get() == 0
    }

    fn note(&self, place: String, reference: String) {
        let mut dangling = self.dangling.borrow_mut();
        if dangling.len() < NOTED {
            dangling.insert((place, reference));
        }
    }

    /// References that lead nowhere, each once.
    pub(super) fn dangling(&self) -> Vec<(String, String)> {
        self.dangling.borrow().iter().cloned().collect()
    }
}

/// A place in the document.
#[derive(Clone)]
pub(super) struct At<'a> {
    tree: &'a Tree<'a>,
    pub(super) value: &'a Value,
    pub(super) pointer: String,
}

impl<'a> At<'a> {
    /// A member, behind any references.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        self.child(key, self.value.as_object()?.get(key)?)
    }

    /// A member of a member.
    pub(super) fn path(&self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self.clone(), |at, key| at.get(key))
    }

    /// The text of a member.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str()
    }

    /// Whether a member is `true`.
    pub(super) fn is(&self, key: &str) -> bool {
        self.value.get(key) == Some(&Value::Bool(true))
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Vec<Self> {
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        let each = items.iter().enumerate();
        each.filter_map(|(i, value)| self.child(&i.to_string(), value))
            .collect()
    }

    /// The members of a map.
    pub(super) fn members(&self) -> Vec<(&'a str, Self)> {
        let members = self.value.as_object().into_iter().flatten();
        members
            .filter_map(|(key, value)| Some((key.as_str(), self.child(key, value)?)))
            .collect()
    }

    fn child(&self, key: &str, value: &'a Value) -> Option<Self> {
        let key = key.replace('~', "~0").replace('/', "~1");
        let at = Self {
            tree: self.tree,
            value,
            pointer: format!("{}/{key}", self.pointer),
        };
        at.resolved()
    }

    fn resolved(mut self) -> Option<Self> {
        for _ in 0..HOPS {
            self.tree.left.set(self.tree.left.get().saturating_sub(1));
            if self.tree.exhausted() {
                return None;
            }
            let Some(Value::String(reference)) = self.value.get("$ref") else {
                return Some(self);
            };
            let target = reference
                .strip_prefix('#')
                .map(|p| p.replace("%7B", "{").replace("%7D", "}"));
            let found = target
                .as_deref()
                .and_then(|pointer| self.tree.root.pointer(pointer));
            let Some(value) = found else {
                self.tree.note(self.pointer, reference.clone());
                return None;
            };
            self.pointer.clone_from(reference);
            self.value = value;
        }
        let what = "references that lead in a circle";
        self.tree.note(self.pointer, what.into());
        None
    }
}
