//! What a request is called. In: `name:`, or the method and the path; out: a fixed text. Invariant: it is the same
//! for every request of the step, holds no secret, and no other step of the flow has it.

use super::graphql;
use super::{Here, trail};
use crate::scenario::loading::Loading;
use crate::source::{Fields, Node, Span};
use http::Method;

/// The name and where it stands.
pub(super) fn read(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    (verb, method, target): (&str, &Method, &Node),
    here: &Here<'_>,
) -> Option<(String, Span)> {
    let (name, span) = match fields.get("name") {
        Some(node) => written(loading, node)?,
        None if verb == "graphql" => match graphql::operation(fields) {
            Some(operation) => (operation, target.span),
            None => implied(loading, method.as_str(), target)?,
        },
        None if verb == "websocket" => implied(loading, "WS", target)?,
        None if verb == "stream" => implied(loading, "STREAM", target)?,
        None => implied(loading, method.as_str(), target)?,
    };
    let name = format!("{}{name}", here.prefix);
    trail::step(loading, &name, span);
    Some((name, span))
}

fn written(loading: &mut Loading<'_>, node: &Node) -> Option<(String, Span)> {
    let text = loading.reader.text(node)?;
    if let Some(secret) = loading.secret_in(node) {
        let message = format!("the secret `{secret}` stands in a name, which every report shows");
        loading
            .reader
            .error("T0704", node.span, message, "name the step without it");
        return None;
    }
    loading
        .label(&text.value, text.span, "a step")
        .then_some((text.value, text.span))
}

/// Method and path, where the path is fixed.
fn implied(loading: &mut Loading<'_>, method: &str, target: &Node) -> Option<(String, Span)> {
    // What is wrong with the URL itself is told where it is read.
    let written = &target.scalar().filter(|_| !target.is_null())?.text;
    if written.contains("{{") {
        let help = "add `name:`, the same for every value, so that reports have one line for it";
        loading.reader.error(
            "T0411",
            target.span,
            "a step with a template in its URL needs a name",
            help,
        );
        return None;
    }
    let path = written.split(['?', '#']).next().unwrap_or_default();
    Some((format!("{method} {path}"), target.span))
}
