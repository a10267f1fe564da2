//! IMPORT: what describes a system already → a scenario. In: a document (OpenAPI, HAR, curl, Postman); out: the text of a scenario
//! file that `validate` takes, and a list of what was not taken over. Invariant: no secret of the document reaches the
//! text, nothing is left out silently, and however hostile the document is, the work is bounded.

mod curl;
mod document;
mod draft;
mod har;
mod name;
mod openapi;
mod postman;
mod recorded;
mod secret;

pub use document::{ImportError, Kind, SIZE_LIMIT};

use crate::source::Source;
use document::Document;
use draft::settle::settle;
use url::Url;

/// What the user says about an import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What the document is; recognised when left out.
    pub kind: Option<Kind>,
    /// Where the system is, in the place of what the document says: scheme, host, port and perhaps a base path.
    pub target: Option<String>,
}

/// A scenario made of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What the document was.
    pub kind: Kind,
    /// The scenario file.
    pub text: String,
    /// Request steps in it.
    pub steps: usize,
    /// What was not taken over.
    pub left: Vec<Left>,
}

/// Something that the scenario does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Where it stands: `line 12, #/paths/~1products/get`.
    pub place: String,
    /// What it is, and why or what to do.
    pub what: String,
}

/// Makes a scenario of a document.
///
/// # Errors
/// What is wrong with the document, where, and what to do about it.
pub fn import(source: &Source, options: &Options) -> Result<Imported, ImportError> {
    let document = Document::read(source, options.kind)?;
    let mut draft = match document.kind {
        Kind::OpenApi => openapi::draft(&document, options)?,
        Kind::Har => har::draft(&document, options)?,
        Kind::Curl => curl::draft(&document, options)?,
        Kind::Postman => postman::draft(&document, options)?,
    };
    settle(&mut draft);
    if draft.flows.is_empty() {
        return Err(ImportError::Document {
            place: source.name.clone(),
            what: "it has no request that a scenario could begin with".into(),
            fix: "add one that reads something, or makes what the others delete".into(),
        });
    }
    let mut left = document.places(draft.left.clone());
    for one in &mut left {
        // Only now: with what a terminal must not see, a pointer leads to its place.
        one.place = name::line(&one.place, 300);
    }
    Ok(Imported {
        kind: document.kind,
        text: draft::write::scenario(&draft, &left),
        steps: draft.requests(),
        left,
    })
}

/// The URL of a site: http or https.
fn site(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(is_hosted)?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Whether a URL has a host that somebody can have. Parsers let more pass, such as `a}b`, which would end the `${…}`
/// that the target stands in.
fn is_hosted(url: &Url) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b);
    url.host_str().is_some_and(|host| host.bytes().all(fine))
}

/// The target that the user gave: scheme, host and port, and its path.
fn target(text: &str) -> Result<(String, String), ImportError> {
    let url = site(text).ok_or_else(|| ImportError::Document {
        place: "--target".into(),
        what: format!("`{}` is not an http or https URL", name::line(text, 80)),
        fix: "give one, such as https://shop.test".into(),
    })?;
    Ok((
        url.origin().ascii_serialization(),
        url.path().trim_end_matches('/').to_owned(),
    ))
}
