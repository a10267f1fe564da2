//! Which names a template may use, and where. In: feeders, all captures of the file, then flow after flow
//! and step after step; out: slots for the [`Scope`] of templates and checks, and better words for a name
//! that does not resolve. Invariant: a name resolves only when an earlier step of the same flow captured
//! it, or a feeder has that column.

use super::environment::Outside;
use crate::expr::Scope;
use crate::source::{Diagnostic, Span};
use std::collections::HashMap;
use std::io;

/// The names of one file.
#[derive(Debug, Default)]
pub(super) struct Names {
    variables: Vec<String>,
    slots: HashMap<String, usize>,
    feeders: Vec<(String, Vec<String>, bool)>,
    captures: Vec<Planned>,
    /// The flow that is read now, and its step.
    flow: String,
    step: usize,
    known: Vec<Known>,
    read: Vec<usize>,
    missed: Vec<String>,
    outside: Outside,
}

/// A capture somewhere in the file, found before anything is compiled.
#[derive(Debug)]
pub(super) struct Planned {
    /// The flow that captures it.
    pub(super) flow: String,
    /// The step's place in the flow.
    pub(super) step: usize,
    /// The step as the user calls it.
    pub(super) label: String,
    /// The variable.
    pub(super) name: String,
}

/// The columns of a feeder.
#[derive(Debug, Clone, Copy)]
pub(super) enum Columns<'a> {
    /// Read from its file.
    Known(&'a [String]),
    /// The file is broken; every column is taken to be there, so that one cause is told once.
    Unknown,
}

/// A variable that the flow has captured so far.
#[derive(Debug)]
struct Known {
    name: String,
    slot: usize,
    span: Span,
    secret: bool,
    read: bool,
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

    /// Takes note of all captures of the file.
    pub(super) fn plan(&mut self, captures: Vec<Planned>) {
        self.captures = captures;
    }

    /// Begins a flow: nothing is captured yet.
    pub(super) fn enter(&mut self, flow: &str) {
        flow.clone_into(&mut self.flow);
        self.step = 0;
        self.known.clear();
        self.read.clear();
    }

    /// Begins the step at this place of the flow.
    pub(super) fn begin(&mut self, step: usize) {
        self.step = step;
    }

    /// A capture of the step that ends here; its slot.
    pub(super) fn capture(&mut self, name: &str, span: Span, secret: bool) -> usize {
        let slot = self.place(name);
        match self.known.iter_mut().find(|known| known.slot == slot) {
            Some(known) => known.secret |= secret,
            None => self.known.push(Known {
                name: name.into(),
                slot,
                span,
                secret,
                read: false,
            }),
        }
        slot
    }

    /// The captures of this flow that nothing reads.
    pub(super) fn unread(&self) -> Vec<(String, Span)> {
        let unread = self.known.iter().filter(|known| !known.read);
        unread
            .map(|known| (known.name.clone(), known.span))
            .collect()
    }

    /// The slots that this flow has read so far.
    pub(super) fn slots_read(&self) -> &[usize] {
        &self.read
    }

    /// The first variable among `slots` that was captured with `secret: true`.
    pub(super) fn secret_among(&self, slots: impl Iterator<Item = usize>) -> Option<&str> {
        let secret = |slot| {
            self.known
                .iter()
                .find(|known| known.slot == slot && known.secret)
        };
        slots
            .into_iter()
            .find_map(secret)
            .map(|known| known.name.as_str())
    }

    /// Slot → name.
    pub(super) fn into_variables(self) -> Vec<String> {
        self.variables
    }

    /// Forgets the names that were looked for in vain; call it before each text is compiled.
    pub(super) fn listen(&mut self) {
        self.missed.clear();
    }

    /// The problem in better words, where it is about a name that exists, but not here.
    pub(super) fn explain(&self, mut problem: Diagnostic) -> Diagnostic {
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
        if let Some((feeder, columns, _)) = self.feeders.iter().find(|(feeder, ..)| feeder == name)
        {
            let columns: Vec<String> = columns.iter().map(|c| format!("`{feeder}.{c}`")).collect();
            let message = format!("`{name}` is a feeder, not a value");
            return Some((message, format!("name a column: {}", columns.join(", "))));
        }
        let planned: Vec<&Planned> = self.captures.iter().filter(|c| c.name == name).collect();
        if let Some(later) = planned.iter().find(|c| c.flow == self.flow) {
            let message = if later.step == self.step {
                format!("`{name}` is captured by this very step, from its response")
            } else {
                format!(
                    "`{name}` is not captured yet: the later step `{}` does that",
                    later.label
                )
            };
            return Some((
                message,
                String::from("use it in a step behind the one that captures it"),
            ));
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

    fn place(&mut self, name: &str) -> usize {
        if let Some(slot) = self.slots.get(name) {
            return *slot;
        }
        let slot = self.variables.len();
        self.variables.push(name.into());
        self.slots.insert(name.into(), slot);
        slot
    }

    fn find(&mut self, name: &str) -> Option<usize> {
        if let Some(known) = self.known.iter_mut().find(|known| known.name == name) {
            known.read = true;
            return Some(known.slot);
        }
        let (feeder, column) = name.split_once('.')?;
        let (_, columns, unknown) = self.feeders.iter().find(|(name, ..)| name == feeder)?;
        (*unknown || columns.iter().any(|known| known == column)).then(|| self.place(name))
    }
}

impl Scope for Names {
    fn slot(&mut self, name: &str) -> Option<usize> {
        let found = self.find(name);
        match found {
            Some(slot) => self.read.push(slot),
            None => self.missed.push(name.into()),
        }
        found
    }

    fn names(&self) -> Vec<String> {
        let captured = self.known.iter().map(|known| known.name.clone());
        let column = |(feeder, columns, _): &(String, Vec<String>, bool)| {
            columns
                .iter()
                .map(|column| format!("{feeder}.{column}"))
                .collect::<Vec<_>>()
        };
        captured
            .chain(self.feeders.iter().flat_map(column))
            .collect()
    }

    fn file(&mut self, name: &str) -> io::Result<Vec<u8>> {
        self.outside.file(name)
    }

    fn env(&mut self, name: &str) -> Option<String> {
        self.outside.variable(name).map(str::to_owned)
    }
}

/// Whether a text can name a variable or a feeder: letters, digits, `_` and inner `-`, no digit first.
pub(super) fn identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !text.ends_with('-')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn planned(flow: &str, step: usize, name: &str) -> Planned {
        Planned {
            flow: flow.into(),
            step,
            label: format!("step {step}"),
            name: name.into(),
        }
    }

    fn explained(names: &mut Names, name: &str) -> String {
        names.listen();
        assert_eq!(names.slot(name), None, "{name}");
        let source = Source::new("x", "");
        let problem = Diagnostic::error("T0301", &source, Span::default(), format!("no `{name}`"));
        names.explain(problem).message
    }

    #[test]
    fn names_live_in_their_flow_from_their_step_on() {
        let mut names = Names::default();
        let columns = [String::from("email")];
        assert_eq!(names.add_feeder("shopper", Columns::Known(&columns)), [0]);
        names.plan(vec![planned("a", 1, "token"), planned("b", 0, "order")]);
        names.enter("a");
        names.begin(0);
        assert_eq!(names.slot("shopper.email"), Some(0));
        assert!(explained(&mut names, "token").contains("the later step `step 1`"));
        names.begin(1);
        assert!(explained(&mut names, "token").contains("this very step"));
        assert_eq!(names.capture("token", Span::new(1, 2), true), 1);
        assert_eq!(names.unread().len(), 1);
        assert_eq!(names.slot("token"), Some(1));
        assert!(names.unread().is_empty());
        assert_eq!(names.secret_among([0, 1].into_iter()), Some("token"));
        assert!(explained(&mut names, "order").contains("flow `b`"));
        assert!(explained(&mut names, "shopper").contains("is a feeder"));
        assert_eq!(explained(&mut names, "nothing"), "no `nothing`");
        assert_eq!(names.names(), ["token", "shopper.email"]);
        names.enter("b");
        assert_eq!(names.slot("token"), None);
        assert_eq!(
            names.capture("token", Span::default(), false),
            1,
            "one slot a name"
        );
        assert_eq!(names.secret_among([1].into_iter()), None);
    }

    #[test]
    fn a_broken_feeder_is_one_problem() {
        let mut names = Names::default();
        names.add_feeder("shopper", Columns::Unknown);
        assert!(names.slot("shopper.anything").is_some());
        assert_eq!(names.slot("other.anything"), None);
    }
}
