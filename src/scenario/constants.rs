//! Constants. In: the `variables:` map; out: slots and values that every user begins with. Invariant: a constant
//! has the type that JSON gives it, and depends on nothing.

use super::loading::Loading;
use crate::expr::{JsonTemplate, Scope, Value};
use crate::source::{Diagnostic, Fields, Node};

/// A constant depends on no variable.
struct Nothing;

impl Scope for Nothing {
    fn slot(&mut self, _: &str) -> Option<usize> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Reads `variables:`.
pub(super) fn read(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Vec<(usize, Value)> {
    let entries = fields
        .get("variables")
        .and_then(|node| loading.reader.map(node, "variables"));
    let mut constants = Vec::new();
    for (name, node) in entries.unwrap_or_default() {
        if !loading.variable(&name.value, name.span) {
            continue;
        }
        let slot = loading.names.add_constant(&name.value, name.span);
        if let Some(value) = value(loading, node) {
            constants.push((slot, value));
        }
    }
    constants
}

fn value(loading: &mut Loading<'_>, node: &Node) -> Option<Value> {
    let source = loading.reader.source();
    let mut problems = Vec::new();
    let template = JsonTemplate::compile(node, source, &mut Nothing, &mut problems);
    let broken = !problems.is_empty();
    let depends = |problem: &Diagnostic| problem.message.starts_with("unknown variable");
    let templated = problems.iter().any(depends);
    if templated || (!broken && template.as_literal().is_none()) {
        let message = "a constant is the same for everybody, and depends on nothing";
        let help = "write a value; what is worked out for each user belongs under `set:` in a step";
        loading.reader.error("T0450", node.span, message, help);
        return None;
    }
    for problem in problems {
        loading.reader.push(problem);
    }
    let json = serde_json::from_str(template.as_literal()?).ok()?;
    Some(Value::Json(json))
}

/// Warns of constants that nothing reads.
pub(super) fn unused(loading: &mut Loading<'_>, fields: &Fields<'_>, constants: &[(usize, Value)]) {
    let entries = fields
        .get("variables")
        .and_then(|node| loading.reader.map(node, "variables"));
    for ((name, _), (slot, _)) in entries.unwrap_or_default().into_iter().zip(constants) {
        if !loading.names.was_read(*slot) {
            let message = format!("nothing reads the constant `{}`", name.value);
            let help = format!("use it as `{{{{ {} }}}}`, or remove it", name.value);
            loading.reader.warn("T0449", name.span, message, help);
        }
    }
}
