//! Bodies and other pairs of names and values. In: `json`, `form`, `text` and `query` of a step; out:
//! templates that render to what goes over the wire. Invariant: names and values of forms and queries are
//! encoded when they are rendered, whatever a variable holds.

use crate::expr::{Context, JsonTemplate, Template};
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::BODIES;
use crate::source::{Fields, Node};
use bytes::Bytes;

/// What a request carries.
#[derive(Debug, Clone, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// `application/json`.
    Json(JsonTemplate),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
    /// `text/plain`.
    Text(Template),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
    /// A file as it is.
    File(Bytes),
}

/// One part of a multipart body.
#[derive(Debug, Clone)]
pub struct Part {
    /// The field.
    pub name: String,
    /// What it carries.
    pub value: PartValue,
    /// The file's name, as the server is told.
    pub filename: Option<String>,
    /// The part's media type, where one is sent.
    pub media_type: Option<String>,
}

/// What a part carries.
#[derive(Debug, Clone)]
pub enum PartValue {
    /// Text.
    Text(Template),
    /// A file as it is, read while the scenario was read.
    File(Bytes),
}

impl Body {
    /// Appends the body for one request.
    pub fn render(&self, cx: &mut Context<'_>, out: &mut String) {
        match self {
            Self::None => {}
            Self::Json(json) => json.render(cx, out),
            Self::Form(pairs) => render_pairs(pairs, cx, out),
            Self::Text(text) => text.render(cx, out),
            Self::Multipart(_) | Self::File(_) => todo!(),
        }
    }

    /// The slots that it reads, as often as it reads them.
    pub(super) fn slots(&self) -> Vec<usize> {
        match self {
            Self::None => Vec::new(),
            Self::Json(json) => json.slots().collect(),
            Self::Form(pairs) => pairs.iter().flat_map(|(_, value)| value.slots()).collect(),
            Self::Text(text) => text.slots().collect(),
            Self::Multipart(_) | Self::File(_) => todo!(),
        }
    }

    /// Whether there is one, even if it is empty.
    pub fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// The media type to send where the step names none.
    pub fn media_type(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Json(_) => Some("application/json"),
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
            Self::Text(_) => Some("text/plain; charset=utf-8"),
            Self::Multipart(_) | Self::File(_) => todo!(),
        }
    }
}

/// Reads the one body of a step. A step with two is told, and gets the first.
pub(super) fn read(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Body> {
    let mut found = fields
        .iter()
        .filter(|(key, _)| BODIES.contains(&key.value.as_str()));
    let Some((key, node)) = found.next() else {
        return Some(Body::None);
    };
    if let Some((second, _)) = found.next() {
        let message = format!(
            "`{}:` beside `{}:`: a request has one body",
            second.value, key.value
        );
        loading
            .reader
            .error("T0412", second.span, message, "keep one of them");
    }
    match key.value.as_str() {
        "form" => pairs(loading, node, "form").map(Body::Form),
        "text" => loading.template(node).map(Body::Text),
        _ => Some(Body::Json(json(loading, node))),
    }
}

fn json(loading: &mut Loading<'_>, node: &Node) -> JsonTemplate {
    let mut problems = Vec::new();
    loading.names.listen();
    let source = loading.reader.source();
    let template = JsonTemplate::compile(node, source, &mut loading.names, &mut problems);
    for problem in problems {
        let problem = loading.names.explain(problem);
        loading.reader.push(problem);
    }
    template
}

/// `name: value` and `name: [value, value]`, in the order of the file.
pub(super) fn pairs(
    loading: &mut Loading<'_>,
    node: &Node,
    what: &str,
) -> Option<Vec<(String, Template)>> {
    let entries = loading.reader.map(node, what)?;
    let mut pairs = Vec::new();
    for (name, value) in entries {
        for item in loading.reader.list(value) {
            pairs.push((name.value.clone(), loading.template(item)));
        }
        if value.is_null() {
            // `name:` is a parameter without a value.
            pairs.push((name.value.clone(), Some(Template::literal(""))));
        }
    }
    pairs
        .into_iter()
        .map(|(name, template)| Some((name, template?)))
        .collect()
}

/// Appends `a=1&b=2`, encoded as forms are.
pub(super) fn render_pairs(pairs: &[(String, Template)], cx: &mut Context<'_>, out: &mut String) {
    for (index, (name, template)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push('&');
        }
        encode_behind(out, |out| out.push_str(name));
        out.push('=');
        encode_behind(out, |out| template.render(cx, out));
    }
}

/// Encodes what `write` appends; in place where nothing needs it.
fn encode_behind(out: &mut String, write: impl FnOnce(&mut String)) {
    let start = out.len();
    write(out);
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'-' | b'.' | b'_');
    if !out.as_bytes()[start..].iter().copied().all(safe) {
        let raw = out.split_off(start);
        out.extend(form_urlencoded::byte_serialize(raw.as_bytes()));
    }
}
