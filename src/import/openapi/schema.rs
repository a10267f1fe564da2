//! Schemas. In: a schema object; out: a value that fits it, as a template, and what checks can ask of a value that
//! should fit it. Invariant: the first example that the document gives wins; what is made up is made up plainly; no
//! value of a secret is copied.

use super::Context;
use super::tree::At;
use crate::import::draft::{literal, literal_key, literals};
use crate::import::name::words;
use crate::import::secret;
use serde_json::{Map, Value, json};

/// Objects and lists in each other; deeper ones are left empty.
const DEPTH: usize = 8;
/// Parts of one value; more make no better body.
const PARTS: usize = 300;

/// A schema's type; of several the first that is not null.
pub(super) fn kind<'a>(schema: &At<'a>) -> &'a str {
    let named = match schema.value.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null"),
        _ => None,
    };
    named.unwrap_or_else(|| {
        let has = |key: &str| schema.value.get(key).is_some();
        match () {
            () if has("properties") || has("allOf") => "object",
            () if has("items") => "array",
            () => "",
        }
    })
}

/// Whether `null` fits, too.
pub(super) fn nullable(schema: &At<'_>) -> bool {
    let listed = schema.value.get("type").and_then(Value::as_array);
    schema.is("nullable") || listed.is_some_and(|names| names.iter().any(|n| n == "null"))
}

/// The properties of an object, those of `allOf` and of the first alternative with them, and which are required.
pub(super) fn properties<'a>(schema: &At<'a>) -> (Vec<(&'a str, At<'a>)>, Vec<&'a str>) {
    let mut found = Properties::default();
    found.collect(schema, 0);
    (found.all, found.required)
}

/// Properties while they are collected.
#[derive(Default)]
struct Properties<'a> {
    all: Vec<(&'a str, At<'a>)>,
    required: Vec<&'a str>,
    /// What was looked at: a schema that is part of itself adds nothing.
    seen: Vec<String>,
}

impl<'a> Properties<'a> {
    fn collect(&mut self, schema: &At<'a>, depth: usize) {
        if depth > DEPTH
            || self.all.len() > PARTS
            || self.seen.len() > PARTS
            || self.seen.contains(&schema.pointer)
        {
            return;
        }
        self.seen.push(schema.pointer.clone());
        for part in schema.get("allOf").iter().flat_map(At::items) {
            self.collect(&part, depth + 1);
        }
        for (name, property) in schema.get("properties").iter().flat_map(At::members) {
            match self.all.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = property,
                None => self.all.push((name, property)),
            }
        }
        let names = schema
            .value
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        self.required.extend(names.filter_map(Value::as_str));
        if let Some(first) = alternative(schema) {
            self.collect(&first, depth + 1);
        }
    }
}

/// The first of `oneOf` or `anyOf` that is not null alone.
fn alternative<'a>(schema: &At<'a>) -> Option<At<'a>> {
    let several = schema.get("oneOf").or_else(|| schema.get("anyOf"))?;
    several
        .items()
        .into_iter()
        .find(|one| kind(one) != "null" && one.value.get("type") != Some(&json!("null")))
}

/// What the document itself gives as a value: `example`, `examples`, `const`, `default`, the first of `enum`.
pub(super) fn given<'a>(at: &At<'a>) -> Option<&'a Value> {
    example(at).or_else(|| {
        let first = at
            .value
            .get("enum")
            .and_then(Value::as_array)
            .and_then(|all| all.first());
        at.value
            .get("const")
            .or_else(|| at.value.get("default"))
            .or(first)
    })
}

/// `example`, or the first of `examples` in any of their forms.
pub(super) fn example<'a>(at: &At<'a>) -> Option<&'a Value> {
    let several = || match at.value.get("examples")? {
        Value::Array(list) => list.first(),
        Value::Object(_) => at
            .get("examples")?
            .members()
            .into_iter()
            .find_map(|(_, one)| one.value.get("value")),
        _ => None,
    };
    at.value.get("example").or_else(several)
}

/// Makes values.
pub(super) struct Maker<'c, 'd> {
    pub(super) context: &'c mut Context<'d>,
    parts: usize,
}

impl<'c, 'd> Maker<'c, 'd> {
    pub(super) fn new(context: &'c mut Context<'d>) -> Self {
        Self { context, parts: 0 }
    }

    /// A value for a schema under a name; `None` where nothing sensible can be made up.
    pub(super) fn value(&mut self, name: &str, schema: &At<'_>, depth: usize) -> Option<Value> {
        self.parts += 1;
        if depth > DEPTH || self.parts > PARTS {
            return None;
        }
        let simple = !matches!(kind(schema), "object" | "array");
        if simple
            && (secret::is_name(name) || schema.text("format") == Some("password"))
            && kind(schema) != "boolean"
        {
            return Some(self.context.secret(name).into());
        }
        if let Some(value) = given(schema) {
            return Some(self.safe(name, value));
        }
        match kind(schema) {
            "object" => Some(self.object(schema, depth)),
            "array" => {
                let at_least = schema
                    .value
                    .get("minItems")
                    .and_then(Value::as_u64)
                    .unwrap_or(1)
                    .min(20);
                let item = schema.get("items").and_then(|items| {
                    self.value(&crate::import::name::singular(name), &items, depth + 1)
                });
                Some(item.map_or_else(
                    || json!([]),
                    |item| (0..at_least.max(1)).map(|_| item.clone()).collect(),
                ))
            }
            "integer" | "number" => Some(number(schema)),
            "boolean" => Some(true.into()),
            "string" => text(name, schema),
            "null" => Some(Value::Null),
            _ => match alternative(schema) {
                Some(first) => self.value(name, &first, depth + 1),
                None => Some(fake(name).into()),
            },
        }
    }

    fn object(&mut self, schema: &At<'_>, depth: usize) -> Value {
        let (properties, required) = properties(schema);
        let told = |at: &At<'_>| example(at).is_some() || at.value.get("const").is_some();
        // Where nothing is required and nothing has an example, everything simple is sent.
        let open = required.is_empty() && !properties.iter().any(|(_, at)| told(at));
        let mut members = Map::new();
        for (name, property) in properties {
            let must = required.contains(&name);
            let simple = !matches!(kind(&property), "object" | "array");
            if property.is("readOnly")
                || property.is("deprecated")
                || !(must || told(&property) || (open && simple))
            {
                continue;
            }
            match self.value(name, &property, depth + 1) {
                Some(value) => {
                    members.insert(literal_key(name), value);
                }
                None if must && property.text("format") != Some("binary") => {
                    let what = format!("no value for `{name}` could be made up");
                    self.context.draft.leave(&property.pointer, what);
                    members.insert(literal_key(name), Value::Null);
                }
                None => {}
            }
        }
        discriminate(schema, &mut members);
        Value::Object(members)
    }

    /// A value of the document, with placeholders where secrets stand in it.
    pub(super) fn safe(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let members = members
                    .iter()
                    .map(|(key, value)| (literal_key(key), self.safe(key, value)));
                Value::Object(members.collect())
            }
            Value::Array(items) => items.iter().map(|item| self.safe(name, item)).collect(),
            Value::String(text) if secret::is_name(name) || secret::is_value(text) => {
                self.context.secret(name).into()
            }
            Value::Number(_) if secret::is_name(name) => self.context.secret(name).into(),
            other => literals(other),
        }
    }
}

/// The property that says which alternative it is.
fn discriminate(schema: &At<'_>, members: &mut Map<String, Value>) {
    let Some(discriminator) = schema.get("discriminator") else {
        return;
    };
    let (Some(name), Some(first)) = (discriminator.text("propertyName"), alternative(schema))
    else {
        return;
    };
    let mapping = discriminator.get("mapping");
    let mapped = mapping
        .iter()
        .filter_map(|m| m.value.as_object())
        .flatten()
        .find(|(_, to)| to.as_str() == Some(&first.pointer));
    let own = first.pointer.rsplit('/').next().unwrap_or_default();
    members.insert(
        literal_key(name),
        literal(mapped.map_or(own, |(key, _)| key)).into(),
    );
}

fn number(schema: &At<'_>) -> Value {
    let bound = |key: &str| schema.value.get(key).and_then(Value::as_f64);
    let whole = kind(schema) == "integer";
    let step = bound("multipleOf").filter(|step| *step > 0.0);
    let least = bound("minimum");
    let above = bound("exclusiveMinimum").or(least.filter(|_| schema.is("exclusiveMinimum")));
    let most = bound("maximum").or(bound("exclusiveMaximum"));
    let unit = step.unwrap_or(1.0);
    let mut value = match (above, least) {
        (Some(above), _) => above + unit,
        (None, Some(least)) => least,
        (None, None) => most.map_or(1.0, |most| most.min(1.0)),
    };
    if let Some(step) = step {
        value = (value / step).ceil() * step;
    }
    if let Some(most) = most.filter(|most| value > *most) {
        value = above.map_or(most, |above| f64::midpoint(above, most));
    }
    if whole || value == value.trunc() && value.abs() < 1e9 {
        return json!(value.ceil() as i64);
    }
    json!(value)
}

/// A text for a schema: by its format, by its name, within its lengths; `None` where a pattern asks for more.
fn text(name: &str, schema: &At<'_>) -> Option<Value> {
    let length = |key: &str| {
        schema
            .value
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    let made = match schema.text("format") {
        Some("uuid") => "{{ uuid() }}",
        Some("date-time") => "{{ now() }}",
        Some("date") => "{{ now(\"%Y-%m-%d\") }}",
        Some("time") => "12:00:00Z",
        Some("duration") => "PT1H",
        Some("email" | "idn-email") => "{{ fake_email() }}",
        Some("uri" | "url" | "iri" | "uri-reference") => "https://example.com/",
        Some("hostname" | "idn-hostname") => "example.com",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("byte") => "AAEC",
        Some("binary") => return None,
        _ if schema.value.get("pattern").is_some() => return None,
        _ => {
            let (least, most) = (
                length("minLength").unwrap_or(0),
                length("maxLength").unwrap_or(usize::MAX),
            );
            if least <= 3 && most >= 40 {
                return Some(fake(name).into());
            }
            let base: String = words(name).join(" ").chars().take(most.min(200)).collect();
            let missing = least.min(200).saturating_sub(base.chars().count());
            return Some(literal(&format!("{base}{}", "x".repeat(missing))).into());
        }
    };
    Some(made.into())
}

/// A text that fits a name.
fn fake(name: &str) -> &'static str {
    let words = words(name);
    let all: Vec<&str> = words.iter().map(String::as_str).collect();
    match all.as_slice() {
        ["first", "name"] | ["firstname"] => "{{ fake_first_name() }}",
        ["last", "name"] | ["lastname" | "surname"] => "{{ fake_last_name() }}",
        ["full", "name"] => "{{ fake_name() }}",
        ["email" | "mail"] | [_, "email"] => "{{ fake_email() }}",
        ["username" | "login"] => "{{ fake_username() }}",
        ["phone"] | [_, "phone"] => "{{ fake_phone() }}",
        ["street"] | ["street", _] => "{{ fake_street() }}",
        ["address"] => "{{ fake_address() }}",
        ["city"] => "{{ fake_city() }}",
        ["zip"] | ["zip" | "postal", "code"] => "{{ fake_zip() }}",
        ["country"] => "{{ fake_country() }}",
        ["company"] => "{{ fake_company() }}",
        [
            ..,
            "description" | "comment" | "text" | "message" | "note" | "body" | "content",
        ] => "{{ fake_sentence() }}",
        _ => "{{ fake_word() }}",
    }
}

/// Checks of one value.
const CHECKS: usize = 3;

/// What a response that fits the schema has, as checks.
pub(super) fn checks(schema: &At<'_>) -> Vec<String> {
    if nullable(schema) {
        return Vec::new();
    }
    match kind(schema) {
        "array" => vec!["json $ is a list".into()],
        "object" => {
            let (mut properties, required) = properties(schema);
            properties.sort_by_key(|(name, _)| *name != "id");
            let asked = properties.iter().filter(|(name, at)| {
                required.contains(name) && !at.is("writeOnly") && !nullable(at)
            });
            let mut checks: Vec<String> = asked
                .filter_map(|(name, at)| Some(check(&member("$", name)?, at)))
                .take(CHECKS)
                .collect();
            if checks.is_empty() {
                checks.push("json $ is an object".into());
            }
            checks
        }
        _ => Vec::new(),
    }
}

fn check(path: &str, schema: &At<'_>) -> String {
    let allowed = schema.value.get("enum").and_then(Value::as_array);
    let listed: Option<Vec<String>> = allowed
        .map(|all| all.iter().map(|v| v.as_str().and_then(quoted)).collect())
        .unwrap_or_default();
    let only = schema
        .value
        .get("const")
        .and_then(Value::as_str)
        .and_then(quoted);
    if let Some(only) = only.or_else(|| listed.clone().filter(|l| l.len() == 1)?.pop()) {
        return format!("json {path} == {only}");
    }
    if let Some(listed) = listed.filter(|l| (1..=6).contains(&l.len())) {
        return format!("json {path} in [{}]", listed.join(", "));
    }
    let what = match (kind(schema), schema.text("format")) {
        ("string", Some("uuid")) => "is a uuid",
        ("string", Some("date-time" | "date")) => "is a date",
        ("string", _) => "is a string",
        ("integer", _) => "is an integer",
        ("number", _) => "is a number",
        ("boolean", _) => "is a boolean",
        ("array", _) => "is a list",
        ("object", _) => "is an object",
        _ => "exists",
    };
    format!("json {path} {what}")
}

/// A text that a check can hold in quotes.
pub(super) fn quoted(text: &str) -> Option<String> {
    let simple = text
        .chars()
        .all(|c| c.is_alphanumeric() || " _-.:/+@".contains(c));
    simple.then(|| format!("\"{text}\""))
}

/// A member of what a JSON path names; `None` where its name would break the path.
pub(super) fn member(path: &str, name: &str) -> Option<String> {
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if word {
        return Some(format!("{path}.{name}"));
    }
    let fine = name
        .chars()
        .all(|c| c.is_alphanumeric() || "_-.:@".contains(c));
    fine.then(|| format!("{path}['{name}']"))
}
