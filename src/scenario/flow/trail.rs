//! The way into the flow that is read. In: names of steps and uses of fragments; out: names that differ, and an end
//! to fragments that use themselves. Invariant: reading ends, whatever fragments use each other.

use crate::scenario::loading::Loading;
use crate::source::{Diagnostic, Span};
use std::collections::HashMap;

/// How deep steps may stand in steps, those of fragments included.
const DEPTH: usize = 40;
/// Steps that a scenario may have once its fragments are written out.
const STEPS: usize = 10_000;

/// What is known of the steps before this one.
#[derive(Debug, Default)]
pub(in crate::scenario) struct Trail {
    named: HashMap<String, Named>,
    uses: Vec<Site>,
    used: Vec<String>,
    steps: usize,
    depth: usize,
}

/// Where a name was given.
#[derive(Debug)]
struct Named {
    span: Span,
    uses: Vec<Site>,
}

/// A `use:`.
#[derive(Debug, Clone)]
struct Site {
    fragment: String,
    span: Span,
}

impl Trail {
    /// Begins a flow.
    pub(super) fn enter(&mut self) {
        self.named.clear();
        self.uses.clear();
    }

    /// Whether the steps that are read stand in a fragment.
    pub(super) fn in_fragment(&self) -> bool {
        !self.uses.is_empty()
    }

    /// Whether a fragment was used anywhere.
    pub(super) fn was_used(&self, fragment: &str) -> bool {
        self.used.iter().any(|used| used == fragment)
    }

    /// Ends the fragment that was opened last.
    pub(super) fn close(&mut self) {
        self.uses.pop();
    }
}

/// Counts a step; `false` where there are too many, told once.
pub(super) fn count(loading: &mut Loading<'_>, span: Span) -> bool {
    loading.trail.steps += 1;
    if loading.trail.steps == STEPS + 1 {
        let message =
            format!("the scenario has more than {STEPS} steps once its fragments are written out");
        let help = "use fragments less often, or `repeat:` their steps";
        loading.reader.error("T0452", span, message, help);
    }
    loading.trail.steps <= STEPS
}

/// Goes into a list of steps; `false` where it is too deep.
pub(super) fn descend(loading: &mut Loading<'_>, span: Span) -> bool {
    if loading.trail.depth == DEPTH {
        let message = format!("steps stand in steps more than {DEPTH} deep");
        let help = "use fewer blocks and fragments in each other";
        loading.reader.error("T0452", span, message, help);
        return false;
    }
    loading.trail.depth += 1;
    true
}

/// Goes out of it.
pub(super) fn ascend(loading: &mut Loading<'_>) {
    loading.trail.depth -= 1;
}

/// Opens a fragment for a `use:` at `span`; `false` where it is open already.
pub(super) fn open(loading: &mut Loading<'_>, fragment: &str, span: Span) -> bool {
    let uses = &loading.trail.uses;
    let chain: Vec<&str> = uses.iter().map(|site| site.fragment.as_str()).collect();
    if let Some(first) = chain.iter().position(|open| *open == fragment) {
        let chain = chain[first..].join(" → ");
        let message = format!("the fragment `{fragment}` uses itself: {chain} → {fragment}");
        let help = "remove this `use:`; `repeat:` and `until:` do steps again";
        loading.reader.error("T0426", span, message, help);
        return false;
    }
    let fragment = fragment.to_owned();
    loading.trail.used.push(fragment.clone());
    loading.trail.uses.push(Site { fragment, span });
    true
}

/// Takes a name for a step; a second one of the same name is told.
pub(super) fn step(loading: &mut Loading<'_>, name: &str, span: Span) {
    take(loading, name.to_owned(), ("step", name), span);
}

/// Takes a name for a group; a second one of the same name is told.
pub(super) fn group(loading: &mut Loading<'_>, name: &str, span: Span) {
    // No step can have a line break in its name.
    take(loading, format!("{name}\n"), ("group", name), span);
}

fn take(loading: &mut Loading<'_>, key: String, (what, name): (&str, &str), span: Span) {
    let named = Named {
        span,
        uses: loading.trail.uses.clone(),
    };
    let Some(first) = loading.trail.named.get(&key) else {
        loading.trail.named.insert(key, named);
        return;
    };
    let source = loading.reader.source();
    let parted = first
        .uses
        .iter()
        .zip(&named.uses)
        .find(|(a, b)| a.span != b.span);
    let problem = if let Some((_, site)) = parted {
        let message = format!(
            "`{}` is used a second time in this flow, and its steps would have the same names",
            site.fragment
        );
        let help = "add a `name:` to this `use:`; the names of its steps begin with it";
        Diagnostic::error("T0427", source, site.span, message).help(help)
    } else {
        let (line, _) = source.position(first.span.start);
        let (file, _) = source.place(first.span);
        let message = format!("a second {what} of this flow is named `{name}`");
        let place = if file == source.place(span).0 {
            format!("on line {line}")
        } else {
            format!("in {file}, line {line}")
        };
        let help = format!("the first is {place}; give each its own `name:`");
        Diagnostic::error("T0410", source, span, message).help(help)
    };
    loading.reader.push(problem);
}
