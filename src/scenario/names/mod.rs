//! Which names a template may use, and where. In: feeders, constants, all captures of the file, then flow after
//! flow and step after step; out: slots for the [`Scope`] of templates and checks, and better words for a name
//! that does not resolve. Invariant: a name resolves only when a parameter, a constant, `setup` or an earlier
//! step of the same flow gave it a value, or a feeder has that column.

mod known;
mod reason;

pub(super) use known::{Branch, identifier};
pub(super) use reason::Planned;

use super::environment::Outside;
use super::loading::Loading;
use crate::expr::Scope;
use crate::source::Span;
use known::{Known, Parameter};
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

/// The names of one file.
#[derive(Debug, Default)]
pub(super) struct Names {
    variables: Vec<String>,
    slots: HashMap<String, usize>,
    feeders: Vec<(String, Vec<String>, bool)>,
    planned: Vec<Planned>,
    /// The flow that is read now, and where its step stands.
    flow: String,
    step: Span,
    /// The flow has rows: it runs for an arrival.
    rows: bool,
    /// What every flow begins with: constants, and what `setup` captured.
    shared: Vec<Known>,
    /// What was shared for a while.
    dropped: Vec<Known>,
    known: Vec<Known>,
    /// Captures of a group, which become visible behind it.
    held: Option<Vec<Known>>,
    parameters: Vec<Vec<Parameter>>,
    branches: Vec<Branch>,
    read: Vec<usize>,
    ever_read: HashSet<usize>,
    /// Feeders may be named alone: for all their rows.
    lists: bool,
    missed: Vec<String>,
    doubted: Vec<String>,
    outside: Outside,
}

/// The columns of a feeder.
#[derive(Debug, Clone, Copy)]
pub(super) enum Columns<'a> {
    /// Read from its file.
    Known(&'a [String]),
    /// The file is broken; every column is taken to be there, so that one cause is told once.
    Unknown,
}

/// What a name's value comes from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Origin {
    /// Masked in every output.
    pub(super) secret: bool,
    /// Worth a warning where nothing reads it.
    pub(super) linted: bool,
}

impl Names {
    /// No names yet; files and environment variables are those of `outside`.
    pub(super) fn new(outside: Outside) -> Self {
        Self {
            outside,
            ..Self::default()
        }
    }

    /// Adds a feeder; the slots of its columns, in order.
    pub(super) fn add_feeder(&mut self, name: &str, columns: Columns<'_>) -> Vec<usize> {
        let (columns, unknown) = match columns {
            Columns::Known(columns) => (columns.to_vec(), false),
            Columns::Unknown => (Vec::new(), true),
        };
        let slots = columns
            .iter()
            .map(|column| self.place(&format!("{name}.{column}")))
            .collect();
        self.feeders.push((name.into(), columns, unknown));
        slots
    }

    /// Adds a constant; its slot.
    pub(super) fn add_constant(&mut self, name: &str, span: Span) -> usize {
        let slot = self.place(name);
        self.shared
            .push(Known::new(name, slot, span, Origin::default()));
        slot
    }

    /// Takes note of all captures of the file.
    pub(super) fn plan(&mut self, captures: Vec<Planned>) {
        self.planned = captures;
    }

    /// Begins a flow: nothing is captured yet but what every flow begins with. `rows` says whether it may read
    /// feeders.
    pub(super) fn enter(&mut self, flow: &str, rows: bool) {
        flow.clone_into(&mut self.flow);
        self.step = Span::default();
        self.rows = rows;
        self.known.clone_from(&self.shared);
        self.held = None;
        self.parameters.clear();
        self.branches.clear();
        self.read.clear();
    }

    /// Ends a `setup`: all that it captured, the flows behind it begin with.
    pub(super) fn share(&mut self) {
        self.shared.clone_from(&self.known);
    }

    /// What flows begin with now; [`Names::unshare`] goes back to it.
    pub(super) fn shared(&self) -> usize {
        self.shared.len()
    }

    /// Forgets what was shared since.
    pub(super) fn unshare(&mut self, length: usize) {
        self.dropped.extend(self.shared.drain(length..));
    }

    /// Begins the step at this place.
    pub(super) fn begin(&mut self, step: Span) {
        self.step = step;
    }

    /// The variables of this flow that nothing reads; those of `setup` wait for the flows.
    pub(super) fn unread(&self) -> Vec<(String, Span)> {
        let own = self.known.iter().skip(self.shared.len());
        unread(own.filter(|known| !known.read))
    }

    /// The variables of `setup` that no flow read.
    pub(super) fn unread_shared(&self) -> Vec<(String, Span)> {
        let unused = |known: &&Known| !self.ever_read.contains(&known.slot);
        unread(self.shared.iter().chain(&self.dropped).filter(unused))
    }

    /// Whether anything read this slot.
    pub(super) fn was_read(&self, slot: usize) -> bool {
        self.ever_read.contains(&slot)
    }

    /// The slots that this flow has read so far.
    pub(super) fn slots_read(&self) -> &[usize] {
        &self.read
    }

    /// The first variable among `slots` that is secret.
    pub(super) fn secret_among(&self, mut slots: impl Iterator<Item = usize>) -> Option<&str> {
        slots.find_map(|slot| {
            let known = |k: &&Known| k.slot == slot && k.origin.secret;
            let parameter = |p: &&Parameter| p.slot == slot && p.secret;
            let known = self.known.iter().find(known).map(|k| k.name.as_str());
            let mut parameters = self.parameters.iter().flatten();
            known.or_else(|| parameters.find(parameter).map(|p| p.name.as_str()))
        })
    }

    /// What was asked for outside the scenario.
    pub(super) fn outside(&self) -> &Outside {
        &self.outside
    }

    /// Slot → name.
    pub(super) fn into_variables(self) -> Vec<String> {
        self.variables
    }

    /// Forgets the names that were looked for in vain or in doubt; call it before each text is compiled.
    pub(super) fn listen(&mut self, folder: &Path) {
        self.outside.turn(folder);
        self.missed.clear();
        self.doubted.clear();
    }

    /// The names in the text compiled last that may have no value there.
    pub(super) fn doubted(&mut self) -> Vec<String> {
        std::mem::take(&mut self.doubted)
    }

    /// Compiles something in which a feeder may be named alone, for the list of its rows.
    pub(super) fn listing<T>(
        loading: &mut Loading<'_>,
        read: impl FnOnce(&mut Loading<'_>) -> T,
    ) -> T {
        let before = std::mem::replace(&mut loading.names.lists, true);
        let read = read(loading);
        loading.names.lists = before;
        read
    }

    /// The slot of the list of a feeder's rows, where something reads it.
    pub(super) fn rows_of(&self, feeder: &str) -> Option<usize> {
        self.slots.get(&rows(feeder)).copied()
    }

    fn place(&mut self, name: &str) -> usize {
        self.place_as(name, name)
    }

    /// The slot of a key, shown by a name of its own.
    fn place_as(&mut self, key: &str, name: &str) -> usize {
        if let Some(slot) = self.slots.get(key) {
            return *slot;
        }
        let slot = self.variables.len();
        self.variables.push(name.into());
        self.slots.insert(key.into(), slot);
        slot
    }

    fn find(&mut self, name: &str) -> Option<usize> {
        let parameter = |p: &&Parameter| p.name == name;
        if let Some(found) = self
            .parameters
            .last()
            .and_then(|p| p.iter().find(parameter))
        {
            return Some(found.slot);
        }
        if let Some(known) = self.known.iter_mut().find(|known| known.name == name) {
            known.read = true;
            if known.maybe {
                self.doubted.push(name.into());
            }
            return Some(known.slot);
        }
        if self.lists && self.feeders.iter().any(|(feeder, ..)| feeder == name) {
            return Some(self.place_as(&rows(name), name));
        }
        let (feeder, column) = name.split_once('.')?;
        let (_, columns, unknown) = self.feeders.iter().find(|(name, ..)| name == feeder)?;
        let has = *unknown || columns.iter().any(|known| known == column);
        (has && self.rows).then(|| self.place(name))
    }
}

/// What the list of a feeder's rows is kept under: no variable can have brackets in its name.
fn rows(feeder: &str) -> String {
    format!("{feeder}[]")
}

fn unread<'k>(known: impl Iterator<Item = &'k Known>) -> Vec<(String, Span)> {
    let told = known.filter(|known| known.origin.linted);
    told.map(|known| (known.name.clone(), known.span)).collect()
}

impl Scope for Names {
    fn slot(&mut self, name: &str) -> Option<usize> {
        let found = self.find(name);
        match found {
            Some(slot) => {
                self.read.push(slot);
                self.ever_read.insert(slot);
            }
            None => self.missed.push(name.into()),
        }
        found
    }

    fn names(&self) -> Vec<String> {
        let parameters = self.parameters.last().into_iter().flatten();
        let parameters = parameters.map(|parameter| parameter.name.clone());
        let captured = self.known.iter().map(|known| known.name.clone());
        let column = |(feeder, columns, _): &(String, Vec<String>, bool)| {
            columns
                .iter()
                .map(|column| format!("{feeder}.{column}"))
                .collect::<Vec<_>>()
        };
        let feeders = self.feeders.iter().filter(|_| self.rows);
        parameters
            .chain(captured)
            .chain(feeders.flat_map(column))
            .collect()
    }

    fn file(&mut self, name: &str) -> io::Result<Vec<u8>> {
        self.outside.file(name)
    }

    fn env(&mut self, name: &str) -> Option<String> {
        self.outside.variable(name)
    }
}

#[cfg(test)]
mod tests;
