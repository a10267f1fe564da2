//! Parameters in queries, headers and cookies. In: those of an operation; out: what its request sends. Invariant: what is
//! required is sent; what is not is sent only where the document has an example of it.

use super::Context;
use super::schema::{self, Maker, given};
use super::tree::At;
use crate::import::draft::{Request, literal};
use crate::import::name::{is_header, words};
use crate::import::secret;
use serde_json::Value;

/// Headers that follow from elsewhere, by the standard or by the scenario language.
const SET_ELSEWHERE: [&str; 12] = [
    "accept",
    "content-type",
    "authorization",
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "accept-encoding",
    "content-encoding",
    "traceparent",
    "tracestate",
    "user-agent",
];

/// Adds the parameters of an operation to its request.
pub(super) fn add(context: &mut Context<'_>, parameters: &[At<'_>], request: &mut Request) {
    for parameter in parameters {
        let (Some(name), Some(place)) = (parameter.text("name"), parameter.text("in")) else {
            continue;
        };
        if place == "path"
            || parameter.is("deprecated")
            || !(parameter.is("required") || told(parameter))
        {
            continue;
        }
        let Some(value) = value(context, name, parameter) else {
            continue;
        };
        match place {
            "query" => query(context, name, value, parameter, request),
            "header" => header(context, name, &value, parameter, request),
            "cookie" => cookie(name, &value, request),
            _ => {}
        }
    }
}

/// Whether there is an example to send; one that names a place in a list fits one list only.
fn told(parameter: &At<'_>) -> bool {
    let name = words(parameter.text("name").unwrap_or_default());
    let paging = name.iter().any(|w| {
        matches!(
            w.as_str(),
            "cursor" | "after" | "before" | "offset" | "continuation"
        )
    });
    let schema = parameter.get("schema");
    !paging
        && (schema::example(parameter).is_some()
            || schema.is_some_and(|s| schema::example(&s).is_some()))
}

/// The value of a parameter: an example, or something that fits its schema, or a variable to be filled in.
fn value(context: &mut Context<'_>, name: &str, parameter: &At<'_>) -> Option<Value> {
    let hidden = secret::is_name(name);
    if let Some(value) = schema::example(parameter).filter(|_| !hidden) {
        return Some(Maker::new(context).safe(name, value));
    }
    let media = parameter
        .get("content")
        .and_then(|c| Some(c.members().into_iter().next()?.1));
    let schema = parameter.get("schema").or_else(|| media?.get("schema"));
    let made_up = |schema: &At<'_>| {
        schema::kind(schema) == "string"
            && given(schema).is_none()
            && schema.value.get("format").is_none()
    };
    if let Some(schema) = schema.filter(|schema| hidden || !made_up(schema)) {
        let value = Maker::new(context).value(name, &schema, 0);
        if value.is_some() {
            return value;
        }
    }
    let what = format!(
        "{} parameter {name}",
        parameter.text("in").unwrap_or_default()
    );
    Some(context.fill_in(name, "fill-in".into(), &what).into())
}

fn query(
    context: &mut Context<'_>,
    name: &str,
    value: Value,
    parameter: &At<'_>,
    request: &mut Request,
) {
    let text = value.as_str().is_some_and(|text| text.starts_with("${"));
    if text {
        // Where everybody sees it: the language refuses secrets in URLs.
        let what = format!("query parameter {name}; a secret has no place in a URL");
        let filled = context.fill_in(name, "fill-in".into(), &what);
        request.query.push((name.into(), filled.into()));
        return;
    }
    let explode = parameter.value.get("explode") != Some(&Value::Bool(false));
    match value {
        Value::Array(items) if explode => {
            let items = items.iter().filter_map(single).map(Value::String).collect();
            request.query.push((name.into(), Value::Array(items)));
        }
        Value::Array(items) => {
            let mark = match parameter.text("style") {
                Some("spaceDelimited") => " ",
                Some("pipeDelimited") => "|",
                _ => ",",
            };
            let joined = items
                .iter()
                .filter_map(single)
                .collect::<Vec<_>>()
                .join(mark);
            request.query.push((name.into(), joined.into()));
        }
        Value::Object(members) => {
            let deep = parameter.text("style") == Some("deepObject");
            for (key, value) in &members {
                let key = if deep {
                    format!("{name}[{key}]")
                } else {
                    key.clone()
                };
                if let Some(value) = single(value) {
                    request.query.push((key, value.into()));
                }
            }
        }
        other => {
            let value = if other.is_number() {
                other
            } else {
                single(&other).unwrap_or_default().into()
            };
            request.query.push((name.into(), value));
        }
    }
}

fn header(
    context: &mut Context<'_>,
    name: &str,
    value: &Value,
    parameter: &At<'_>,
    request: &mut Request,
) {
    let lower = name.to_ascii_lowercase();
    if SET_ELSEWHERE.contains(&lower.as_str()) {
        return;
    }
    let text = single(value).filter(|text| !text.chars().any(char::is_control));
    match text.filter(|_| is_header(&lower)) {
        Some(text) => request.headers.push((lower, text)),
        None => context.draft.leave(
            &parameter.pointer,
            format!("the header `{name}` cannot be sent"),
        ),
    }
}

fn cookie(name: &str, value: &Value, request: &mut Request) {
    let Some(text) = single(value) else { return };
    let pair = format!("{}={text}", literal(name));
    match request
        .headers
        .iter_mut()
        .find(|(name, _)| name == "cookie")
    {
        Some((_, cookies)) => *cookies = format!("{cookies}; {pair}"),
        None => request.headers.push(("cookie".into(), pair)),
    }
}

/// A value as the text of a parameter.
pub(super) fn single(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(items) => Some(
            items
                .iter()
                .filter_map(single)
                .collect::<Vec<_>>()
                .join(","),
        ),
        Value::Object(_) => None,
    }
}
