//! Where ids come from. In: an operation with a parameter in its path, and the operations that could give it; out: the
//! capture. Invariant: only what the document says a response has is captured.

use super::operation::Operation;
use super::schema::{kind, member, properties};
use super::tree::At;
use crate::import::name::{singular, variable, words};
use serde_json::Value;

/// A parameter of a path.
pub(super) struct Wanted {
    /// As in the path: `productId`.
    pub(super) name: String,
    /// The path up to it, with anonymous parameters: `/farms/{}/products/{}`.
    pub(super) key: String,
    /// The same before it: the collection that it is an item of.
    pub(super) collection: String,
    /// What it is called in the scenario: `product`.
    pub(super) noun: String,
}

/// The path without the names of its parameters.
pub(super) fn anonymous(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.trim_end_matches('/').chars() {
        match c {
            '{' => {
                inside = true;
                out.push_str("{}");
            }
            '}' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// The parts of a path: text, and parameters.
pub(super) fn parts(path: &str) -> Vec<Result<Wanted, String>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some((open, close)) = path[at..]
        .find('{')
        .and_then(|o| Some((at + o, at + o + path[at + o..].find('}')?)))
    {
        parts.push(Err(path[at..open].to_owned()));
        let before = path[..open].trim_end_matches('/');
        let name = path[open + 1..close].to_owned();
        parts.push(Ok(Wanted {
            key: anonymous(&path[..=close]),
            collection: anonymous(before),
            noun: noun(&name, before),
            name,
        }));
        at = close + 1;
    }
    parts.push(Err(path[at..].to_owned()));
    parts
}

/// `productId` → `product`; `id` below `/products` → `product`, too.
fn noun(name: &str, before: &str) -> String {
    let mut parts = words(name);
    let tail = |word: &String| {
        matches!(
            word.as_str(),
            "id" | "uuid" | "guid" | "slug" | "key" | "code"
        )
    };
    if parts.last().is_some_and(tail) {
        parts.pop();
    }
    if parts.is_empty() {
        let segment = before
            .rsplit('/')
            .find(|s| !s.is_empty() && !s.starts_with('{'))
            .unwrap_or("id");
        parts = words(segment);
        if let Some(last) = parts.last_mut() {
            *last = singular(last);
        }
    }
    variable(&parts.join("_"))
}

/// The capture of an id from what a request on the collection made.
pub(super) fn created(operation: &Operation<'_>, wanted: &Wanted) -> Option<String> {
    let from_body = operation
        .answer()
        .and_then(|schema| item_id(&schema, "$", wanted, 1));
    let located = || {
        let headers = operation.success.as_ref()?.response.get("headers")?;
        let named = headers
            .members()
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("location"));
        named.then(|| "header location | split \"/\" | last".to_owned())
    };
    from_body
        .map(|path| format!("json {path}"))
        .or_else(located)
}

/// Where an item has the id that it was asked for by.
pub(super) fn own_id(operation: &Operation<'_>, wanted: &Wanted) -> Option<String> {
    item_id(&operation.answer()?, "$", wanted, 1)
}

/// The capture of an id from a list of what is there.
pub(super) fn listed(operation: &Operation<'_>, wanted: &Wanted) -> Option<String> {
    let path = list_id(&operation.answer()?, "$", wanted, 2)?;
    Some(format!("json {path} | random"))
}

/// The capture of a property that has the parameter's own name, and a name that says something.
pub(super) fn named(operation: &Operation<'_>, wanted: &Wanted) -> Option<String> {
    let same = flat(&wanted.name);
    if matches!(
        same.as_str(),
        "id" | "uuid" | "slug" | "key" | "code" | "name" | "type"
    ) {
        return None;
    }
    let schema = operation.answer()?;
    let path = search(&schema, "$", 1, &|name, at| {
        flat(name) == same && !matches!(kind(at), "object" | "array")
    })?;
    Some(format!("json {path}"))
}

/// The capture that a link of the response describes.
pub(super) fn linked(
    operation: &Operation<'_>,
    to: &Operation<'_>,
    wanted: &Wanted,
) -> Option<String> {
    let links = operation.success.as_ref()?.response.get("links")?;
    let id = to.at.text("operationId")?;
    let link = links
        .members()
        .into_iter()
        .find(|(_, link)| link.text("operationId") == Some(id))?
        .1;
    let says = link
        .get("parameters")?
        .members()
        .into_iter()
        .find(|(name, _)| {
            *name == wanted.name || name.strip_prefix("path.") == Some(&wanted.name)
        })?;
    let expression = says.1.value.as_str()?;
    if let Some(pointer) = expression.strip_prefix("$response.body#/") {
        let path =
            pointer
                .split('/')
                .try_fold("$".to_owned(), |path, part| match part.parse::<u32>() {
                    Ok(index) => Some(format!("{path}[{index}]")),
                    Err(_) => member(&path, part),
                });
        return path.map(|path| format!("json {path}"));
    }
    let header = expression.strip_prefix("$response.header.")?;
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let token = !header.is_empty() && header.bytes().all(word);
    token.then(|| format!("header {}", header.to_ascii_lowercase()))
}

fn flat(name: &str) -> String {
    words(name).concat()
}

/// How well a property serves as the id that is wanted; less is better.
fn fits(name: &str, at: &At<'_>, wanted: &Wanted) -> Option<usize> {
    if !matches!(kind(at), "string" | "integer" | "number" | "") {
        return None;
    }
    let (flat_name, asked, noun) = (flat(name), flat(&wanted.name), flat(&wanted.noun));
    let by_slug = asked.ends_with("slug");
    match flat_name.as_str() {
        name if name == asked => Some(0),
        "slug" if by_slug => Some(1),
        name if words(&wanted.name)
            .last()
            .is_some_and(|last| name == last && last != "id") =>
        {
            Some(2)
        }
        "id" => Some(3),
        name if name == format!("{noun}id") => Some(4),
        "uuid" | "guid" => Some(5),
        "slug" | "code" | "number" | "key" => Some(6),
        _ => None,
    }
}

fn item_id(schema: &At<'_>, path: &str, wanted: &Wanted, depth: usize) -> Option<String> {
    let (all, _) = properties(schema);
    let best = all
        .iter()
        .filter_map(|(name, at)| Some((fits(name, at, wanted)?, *name)))
        .min();
    if let Some((_, name)) = best {
        return member(path, name);
    }
    let mut wrapped = all
        .iter()
        .filter(|(_, at)| depth > 0 && kind(at) == "object");
    wrapped.find_map(|(name, at)| item_id(at, &member(path, name)?, wanted, depth - 1))
}

fn list_id(schema: &At<'_>, path: &str, wanted: &Wanted, depth: usize) -> Option<String> {
    if kind(schema) == "array" {
        return item_id(&schema.get("items")?, &format!("{path}[*]"), wanted, 0);
    }
    let (all, _) = properties(schema);
    let mut lists = all.iter().filter(|(_, at)| kind(at) == "array");
    let found = lists.find_map(|(name, at)| list_id(at, &member(path, name)?, wanted, 0));
    let mut objects = all
        .iter()
        .filter(|(_, at)| depth > 0 && kind(at) == "object");
    found.or_else(|| {
        objects.find_map(|(name, at)| list_id(at, &member(path, name)?, wanted, depth - 1))
    })
}

/// The path of the first property for which something holds, the nearest first.
pub(super) fn search(
    schema: &At<'_>,
    path: &str,
    depth: usize,
    holds: &dyn Fn(&str, &At<'_>) -> bool,
) -> Option<String> {
    let (all, _) = properties(schema);
    if let Some((name, _)) = all.iter().find(|(name, at)| holds(name, at)) {
        return member(path, name);
    }
    let mut objects = all
        .iter()
        .filter(|(_, at)| depth > 0 && kind(at) == "object");
    objects.find_map(|(name, at)| search(at, &member(path, name)?, depth - 1, holds))
}

/// A value for a path, where the document has an example of it.
pub(super) fn example(parameter: &At<'_>) -> Option<String> {
    let schema = parameter.get("schema");
    let given =
        super::schema::example(parameter).or_else(|| super::schema::given(schema.as_ref()?));
    match given? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
