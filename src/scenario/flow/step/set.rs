//! Variables that get values. In: `set:` and `with:`; out: assignments. Invariant: they are done in the order of the
//! file, each seeing those before it; what is made of a secret is secret.

use super::Assignment;
use crate::expr::Template;
use crate::scenario::loading::Loading;
use crate::scenario::names::Origin;
use crate::source::{Fields, Node};

/// Reads `set:`.
pub(super) fn read(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Vec<Assignment>> {
    let node = fields.get("set")?;
    let mut assignments = Vec::new();
    for (name, node) in loading.reader.map(node, "set")? {
        if !loading.variable(&name.value, name.span) {
            continue;
        }
        let value = loading.template(node);
        let secret = value
            .as_ref()
            .is_some_and(|value| secret(loading, node, value));
        let linted = !loading.trail.in_fragment();
        let origin = Origin { secret, linted };
        let slot = loading.names.capture(&name.value, name.span, origin);
        if let Some(value) = value {
            assignments.push(Assignment {
                name: name.value.clone(),
                slot,
                value,
            });
        }
    }
    Some(assignments)
}

/// Whether a value is secret: written with a declared secret, or made of a secret variable.
pub(super) fn secret(loading: &Loading<'_>, node: &Node, value: &Template) -> bool {
    loading.secret_in(node).is_some() || loading.names.secret_among(value.slots()).is_some()
}
