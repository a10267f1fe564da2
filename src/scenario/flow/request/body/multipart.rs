//! `multipart/form-data` (RFC 7578). In: the `multipart:` map and the files it names; out: parts between boundaries.
//! Invariant: the boundary is the same in every run, and occurs in no part that is known before the run.

use super::file;
use crate::expr::{Context, Template};
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::PART;
use crate::source::{Fields, Kind, Node};
use bytes::Bytes;
use std::fmt::Write as _;
use std::path::PathBuf;

/// What every boundary begins with; a text that happens to hold it makes a number follow.
const BOUNDARY: &str = "tollgate-5b1c9e0f7a3d4826b0e1";

/// Fields and files.
#[derive(Debug, Clone)]
pub struct Multipart {
    boundary: String,
    parts: Vec<Part>,
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
    /// A file as it is, read while the scenario was read, and where.
    File(Bytes, PathBuf),
}

impl Multipart {
    /// Parts, and a boundary that none of them holds.
    pub fn new(parts: Vec<Part>) -> Self {
        let mut boundary = BOUNDARY.to_owned();
        let mut number = 0;
        while parts.iter().any(|part| part.value.holds(&boundary)) {
            number += 1;
            boundary = format!("{BOUNDARY}-{number}");
        }
        Self { boundary, parts }
    }

    /// Its parts, in the order of the file.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The texts of a rendered body, part by part; nothing for files, and nothing at all where the body is not its own.
    pub fn texts_in(&self, body: &[u8]) -> Vec<Option<String>> {
        let body = String::from_utf8_lossy(body);
        let mark = format!("--{}\r\n", self.boundary);
        let end = format!("\r\n--{}--\r\n", self.boundary);
        let inner = body.strip_prefix(&mark).and_then(|b| b.strip_suffix(&end));
        let between = format!("\r\n{mark}");
        let found: Vec<&str> = inner.map_or_else(Vec::new, |b| b.split(&between).collect());
        if found.len() != self.parts.len() {
            return vec![None; self.parts.len()];
        }
        let text = |(part, text): (&Part, &str)| match part.value {
            PartValue::Text(_) => Some(text.split_once("\r\n\r\n")?.1.to_owned()),
            PartValue::File(..) => None,
        };
        self.parts.iter().zip(found).map(text).collect()
    }

    pub(super) fn media_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    pub(super) fn literal(&self) -> Option<Bytes> {
        self.write(|text| text.as_literal().map(|text| text.as_bytes().to_vec()))
    }

    pub(super) fn render(&self, cx: &mut Context<'_>, buffer: &mut String) -> Bytes {
        let rendered = self.write(|text| {
            buffer.clear();
            text.render(cx, buffer);
            Some(buffer.as_bytes().to_vec())
        });
        rendered.unwrap_or_default()
    }

    fn write(&self, mut text: impl FnMut(&Template) -> Option<Vec<u8>>) -> Option<Bytes> {
        let mut out = Vec::new();
        for part in &self.parts {
            out.extend_from_slice(self.head(part).as_bytes());
            match &part.value {
                PartValue::Text(template) => out.extend(text(template)?),
                PartValue::File(bytes, _) => out.extend_from_slice(bytes),
            }
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        Some(Bytes::from(out))
    }

    fn head(&self, part: &Part) -> String {
        let name = escaped(&part.name);
        let mut head = format!(
            "--{}\r\ncontent-disposition: form-data; name=\"{name}\"",
            self.boundary
        );
        // Writing to a String does not fail.
        if let Some(filename) = &part.filename {
            let _ = write!(head, "; filename=\"{}\"", escaped(filename));
        }
        if let Some(kind) = &part.media_type {
            let _ = write!(head, "\r\ncontent-type: {kind}");
        }
        head.push_str("\r\n\r\n");
        head
    }

    /// The parts that are text.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Template> {
        self.parts.iter().filter_map(|part| match &part.value {
            PartValue::Text(text) => Some(text),
            PartValue::File(..) => None,
        })
    }
}

impl PartValue {
    fn holds(&self, boundary: &str) -> bool {
        match self {
            Self::Text(text) => text
                .as_literal()
                .is_some_and(|text| text.contains(boundary)),
            Self::File(bytes, _) => bytes
                .windows(boundary.len())
                .any(|w| w == boundary.as_bytes()),
        }
    }
}

/// What would end a quoted name, as browsers write it.
fn escaped(text: &str) -> String {
    text.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Reads `multipart:`.
pub(super) fn read(loading: &mut Loading<'_>, node: &Node) -> Option<Multipart> {
    let mut parts = Vec::new();
    for (name, value) in loading.reader.map(node, "multipart")? {
        for item in loading.reader.list(value) {
            parts.push(part(loading, &name.value, item));
        }
    }
    let parts: Option<Vec<Part>> = parts.into_iter().collect();
    parts.map(Multipart::new)
}

/// A text, or `{ file: … }`.
fn part(loading: &mut Loading<'_>, name: &str, node: &Node) -> Option<Part> {
    let named = |value, filename, media_type| Part {
        name: name.into(),
        value,
        filename,
        media_type,
    };
    if !matches!(node.kind, Kind::Map(_)) {
        let text = loading.template(node)?;
        return Some(named(PartValue::Text(text), None, None));
    }
    let fields = loading.reader.object(node, &PART)?;
    let kind = media_type(loading, &fields);
    let filename = fields.get("filename");
    let filename = filename.and_then(|node| loading.reader.text(node));
    let filename = filename.map(|text| text.value);
    match (fields.get("file"), fields.get("text")) {
        (Some(node), None) => {
            let (bytes, path) = file(loading, node)?;
            let own = path.file_name().unwrap_or_default();
            let own = own.to_string_lossy().into_owned();
            let kind = kind.unwrap_or_else(|| "application/octet-stream".into());
            let value = PartValue::File(bytes, path);
            Some(named(value, filename.or(Some(own)), Some(kind)))
        }
        (None, Some(node)) => {
            let text = loading.template(node)?;
            Some(named(PartValue::Text(text), filename, kind))
        }
        (Some(_), Some(_)) | (None, None) => {
            let message = format!("the part `{name}` carries a file or a text");
            let help = "write one of `file: cat.png` and `text: …`";
            loading.reader.error("T0446", node.span, message, help);
            None
        }
    }
}

/// `type:`; `None` where there is none, or it is wrong and told.
fn media_type(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<String> {
    let node = fields.get("type")?;
    let text = loading.reader.text(node)?.value;
    let odd = |c: char| c.is_control() || !c.is_ascii();
    if !text.contains('/') || text.contains(odd) {
        let message = "expected a media type";
        let help = "write a type and a subtype: `image/png`";
        loading.reader.error("T0446", node.span, message, help);
        return None;
    }
    Some(text)
}
