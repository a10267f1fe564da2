//! Bodies and other pairs of names and values. In: `json`, `form`, `text`, `multipart`, `file` and `query` of a
//! step; out: templates that render to what goes over the wire. Invariant: names and values of forms and queries are
//! encoded when they are rendered, whatever a variable holds.

mod multipart;

pub use multipart::{Multipart, Part, PartValue};

use crate::expr::{Context, JsonTemplate, Member, Template};
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::BODIES;
use crate::source::{Fields, Node};
use bytes::Bytes;
use std::borrow::Cow;
use std::path::PathBuf;

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
    Multipart(Multipart),
    /// A file as it is, and where it was read.
    File(Bytes, PathBuf),
}

impl Body {
    /// The body, where nothing in it depends on the run.
    pub fn literal(&self) -> Option<Bytes> {
        let copied = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        match self {
            Self::None => Some(Bytes::new()),
            Self::File(bytes, _) => Some(bytes.clone()),
            Self::Json(json) => json.as_literal().map(copied),
            Self::Text(text) => text.as_literal().map(copied),
            Self::Form(pairs) => literal_pairs(pairs).map(Bytes::from),
            Self::Multipart(multipart) => multipart.literal(),
        }
    }

    /// The body for one request. `buffer` is scratch: it is cleared first.
    pub fn render(&self, cx: &mut Context<'_>, buffer: &mut String) -> Bytes {
        buffer.clear();
        match self {
            Self::None => {}
            Self::Json(json) => json.render(cx, buffer),
            Self::Form(pairs) => render_pairs(pairs, cx, buffer),
            Self::Text(text) => text.render(cx, buffer),
            Self::Multipart(multipart) => return multipart.render(cx, buffer),
            Self::File(bytes, _) => return bytes.clone(),
        }
        Bytes::copy_from_slice(buffer.as_bytes())
    }

    /// The slots that it reads, as often as it reads them.
    pub(super) fn slots(&self) -> Vec<usize> {
        match self {
            Self::None | Self::File(..) => Vec::new(),
            Self::Json(json) => json.slots().collect(),
            Self::Form(pairs) => pairs.iter().flat_map(|(_, value)| value.slots()).collect(),
            Self::Text(text) => text.slots().collect(),
            Self::Multipart(multipart) => multipart.texts().flat_map(Template::slots).collect(),
        }
    }

    /// The parts of variables that it reads.
    pub(super) fn members(&self) -> Vec<&Member> {
        match self {
            Self::None | Self::File(..) => Vec::new(),
            Self::Json(json) => json.members().collect(),
            Self::Form(pairs) => pairs
                .iter()
                .flat_map(|(_, value)| value.members())
                .collect(),
            Self::Text(text) => text.members().collect(),
            Self::Multipart(multipart) => multipart.texts().flat_map(Template::members).collect(),
        }
    }

    /// Whether there is one, even if it is empty.
    pub fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// The media type to send where the step names none.
    pub fn media_type(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::None => return None,
            Self::Json(_) => "application/json".into(),
            Self::Form(_) => "application/x-www-form-urlencoded".into(),
            Self::Text(_) => "text/plain; charset=utf-8".into(),
            Self::Multipart(multipart) => multipart.media_type().into(),
            Self::File(..) => "application/octet-stream".into(),
        })
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
        "multipart" => multipart::read(loading, node).map(Body::Multipart),
        "file" => file(loading, node).map(|(bytes, path)| Body::File(bytes, path)),
        _ => Some(Body::Json(json(loading, node))),
    }
}

/// The bytes of a file, and where it is.
pub(super) fn file(loading: &mut Loading<'_>, node: &Node) -> Option<(Bytes, PathBuf)> {
    let path = loading.path(node)?;
    match loading.bytes(&path) {
        Ok(bytes) => Some((Bytes::from(bytes), path)),
        Err(error) => {
            loading.unreadable("T0445", node, &path, &error);
            None
        }
    }
}

/// A JSON body.
pub(super) fn json(loading: &mut Loading<'_>, node: &Node) -> JsonTemplate {
    let mut problems = Vec::new();
    loading.listen(node);
    let source = loading.reader.source();
    let template = JsonTemplate::compile(node, source, &mut loading.names, &mut problems);
    for problem in problems {
        let problem = loading.names.explain(problem);
        loading.reader.push(problem);
    }
    loading.doubts(node);
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

/// What the pairs render to, where nothing in them depends on the run.
fn literal_pairs(pairs: &[(String, Template)]) -> Option<String> {
    let mut out = String::new();
    for (index, (name, template)) in pairs.iter().enumerate() {
        let value = template.as_literal()?;
        if index > 0 {
            out.push('&');
        }
        encode_behind(&mut out, |out| out.push_str(name));
        out.push('=');
        encode_behind(&mut out, |out| out.push_str(value));
    }
    Some(out)
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
