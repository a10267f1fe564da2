//! What an operation sends and what must come back. In: an operation; out: body and checks of its request. Invariant: a
//! body is one of the kinds that a step can have, or it is noted as left out.

use super::operation::{Operation, content, is_json};
use super::schema::{self, Maker};
use super::tree::At;
use super::{Context, parameter};
use crate::import::draft::{Body, Request, literal};
use crate::import::name::{self, line};
use serde_json::{Map, Value, json};

/// Adds the body of an operation.
pub(super) fn body(context: &mut Context<'_>, operation: &Operation<'_>, request: &mut Request) {
    let Some(body) = operation.at.get("requestBody") else {
        return;
    };
    let Some((kind, media)) = content(&body) else {
        return;
    };
    if matches!(operation.method, "get" | "head") {
        context.draft.leave(
            &body.pointer,
            format!("a body of a {}", operation.method.to_uppercase()),
        );
        return;
    }
    let plain = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let value = value(context, &media);
    request.body = match (plain.as_str(), value) {
        (_, Some(value)) if is_json(&plain) => {
            if plain.ends_with("+json") {
                request.headers.push(("content-type".into(), plain));
            }
            Some(Body::Json(value))
        }
        ("application/x-www-form-urlencoded", Some(Value::Object(fields))) => {
            Some(Body::Form(pairs(fields)))
        }
        ("multipart/form-data", value) => multipart(context, &media, value),
        (_, Some(Value::String(text))) if !text.is_empty() => {
            if plain != "text/plain" {
                request
                    .headers
                    .push(("content-type".into(), literal(&line(&plain, 80))));
            }
            Some(Body::Text(text))
        }
        _ => None,
    };
    if request.body.is_none() {
        let what = format!(
            "the body of {} ({}): the document has no example of it",
            line(&operation.name, 60),
            line(kind, 60)
        );
        context.draft.leave(&media.pointer, what);
    }
}

fn value(context: &mut Context<'_>, media: &At<'_>) -> Option<Value> {
    let mut maker = Maker::new(context);
    if let Some(example) = schema::example(media) {
        return Some(maker.safe("", example));
    }
    maker.value("", &media.get("schema")?, 0)
}

fn pairs(fields: Map<String, Value>) -> Vec<(String, Value)> {
    let single = |(name, value): (String, Value)| Some((name, parameter::single(&value)?.into()));
    fields.into_iter().filter_map(single).collect()
}

/// Fields, and files with a few bytes in them.
fn multipart(context: &mut Context<'_>, media: &At<'_>, value: Option<Value>) -> Option<Body> {
    let mut parts = match value {
        Some(Value::Object(fields)) => pairs(fields),
        _ => Vec::new(),
    };
    let schema = media.get("schema")?;
    let (properties, _) = schema::properties(&schema);
    for (name, property) in properties {
        let inside = if schema::kind(&property) == "array" {
            property.get("items")
        } else {
            Some(property.clone())
        };
        let Some(file) = inside.filter(|p| {
            p.text("format") == Some("binary") || p.value.get("contentMediaType").is_some()
        }) else {
            continue;
        };
        let media_type = media
            .path(&["encoding", name])
            .and_then(|e| e.text("contentType"));
        let media_type = media_type
            .or(file.text("contentMediaType"))
            .and_then(|t| t.split(',').next());
        let media_type = name::media_type(media_type);
        parts.retain(|(known, _)| known != name);
        let part = json!({ "text": "to be replaced by `file:`", "filename": "upload", "type": literal(media_type) });
        parts.push((name.into(), part));
        context.draft.leave(
            &property.pointer,
            format!(
                "the file `{}`: put one in the place of `text:`",
                line(name, 60)
            ),
        );
    }
    (!parts.is_empty()).then_some(Body::Multipart(parts))
}

/// What is documented of the expected response, as checks.
pub(super) fn checks(operation: &Operation<'_>) -> Vec<String> {
    let Some(success) = &operation.success else {
        return Vec::new();
    };
    let exact: Option<Vec<u16>> = success
        .statuses
        .iter()
        .map(|status| status.parse().ok())
        .collect();
    let mut checks = match exact.as_deref() {
        Some([status]) => vec![format!("status == {status}")],
        Some(several) => vec![format!("status in {several:?}")],
        None => {
            let class = if success.statuses[0].starts_with('3') {
                3
            } else {
                2
            };
            vec![
                format!("status >= {class}00"),
                format!("status <= {class}99"),
            ]
        }
    };
    if operation.method == "head" {
        return checks;
    }
    match operation.content() {
        Some((kind, media)) if is_json(kind) => {
            checks.extend(media.get("schema").iter().flat_map(schema::checks));
        }
        Some((kind, _)) if !kind.contains('*') => {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            checks.extend(
                schema::quoted(kind).map(|kind| format!("header content-type starts with {kind}")),
            );
        }
        _ => {}
    }
    checks
}
