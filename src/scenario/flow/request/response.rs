//! What is done with a response. In: `check` and `capture` of a step; out: compiled checks and captures.
//! Invariant: a step's captures become visible together, behind the step, even where one is broken.

use crate::expr::{Check, Expression};
use crate::scenario::loading::Loading;
use crate::scenario::names::Origin;
use crate::scenario::vocabulary::CAPTURE;
use crate::source::{Fields, Kind, Node, Span, Spanned};

/// A value kept from a response.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The variable.
    pub name: String,
    /// Its slot.
    pub slot: usize,
    /// Where the value is found.
    pub expression: Expression,
    /// Masked in every output.
    pub secret: bool,
    /// Where the name stands.
    pub span: Span,
}

/// Reads `check:`.
pub(in crate::scenario::flow) fn checks(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
) -> Vec<Spanned<Check>> {
    let items = fields
        .get("check")
        .map(|node| loading.reader.list(node))
        .unwrap_or_default();
    let mut checks = Vec::new();
    for item in items {
        if let Some(check) = one_text(loading, item, "T0422", "a check")
            .and_then(|node| loading.compile(node, "T0312", Check::parse))
        {
            checks.push(Spanned::new(check, item.span));
        }
    }
    checks
}

/// Reads `capture:`.
pub(super) fn captures(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Vec<Capture> {
    let entries = fields
        .get("capture")
        .and_then(|node| loading.reader.map(node, "capture"));
    let mut read = Vec::new();
    for (name, node) in entries.unwrap_or_default() {
        if !loading.variable(&name.value, name.span) {
            continue;
        }
        read.push((name, capture(loading, node)));
    }
    // All of a step's captures become visible together, behind the step.
    read.into_iter()
        .filter_map(|(name, (expression, secret))| {
            let linted = !loading.trail.in_fragment();
            let origin = Origin { secret, linted };
            let slot = loading.names.capture(&name.value, name.span, origin);
            let expression = expression?;
            Some(Capture {
                name: name.value.clone(),
                slot,
                expression,
                secret,
                span: name.span,
            })
        })
        .collect()
}

/// `expression` or `{ from: expression, secret: true }`.
fn capture(loading: &mut Loading<'_>, node: &Node) -> (Option<Expression>, bool) {
    if !matches!(node.kind, Kind::Map(_)) {
        let node = one_text(loading, node, "T0422", "a capture");
        return (
            node.and_then(|node| loading.compile(node, "T0311", Expression::parse)),
            false,
        );
    }
    let Some(fields) = loading.reader.object(node, &CAPTURE) else {
        return (None, false);
    };
    let secret = fields
        .get("secret")
        .and_then(|node| loading.reader.boolean(node))
        == Some(true);
    let from = fields.get("from");
    (
        from.and_then(|node| loading.compile(node, "T0311", Expression::parse)),
        secret,
    )
}

/// A text that YAML did not take for a list or a map, as it does with `a: b` and `[a, b]` outside quotes.
pub(super) fn one_text<'n>(
    loading: &mut Loading<'_>,
    node: &'n Node,
    code: &'static str,
    what: &str,
) -> Option<&'n Node> {
    if node.scalar().is_some() {
        return Some(node);
    }
    let message = format!(
        "{what} is one text, and YAML reads {} here",
        node.describe()
    );
    loading
        .reader
        .error(code, node.span, message, "put it into single quotes: `'…'`");
    None
}
