//! IMPORT: what describes a system already → a scenario. In: a document (OpenAPI 3.0 or 3.1); out: the text of a scenario
//! file that `validate` takes, and a list of what was not taken over. Invariant: no secret of the document reaches the
//! text, nothing is left out silently, and however hostile the document is, the work is bounded.

mod document;
mod draft;
mod name;
mod openapi;
mod secret;
mod write;
mod yaml;

pub use document::{ImportError, Kind, SIZE_LIMIT};

use crate::source::Source;
use document::Document;

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
    let draft = match document.kind {
        Kind::OpenApi => openapi::draft(&document, options)?,
    };
    let mut left = document.places(draft.left.clone());
    for one in &mut left {
        // Only now: with what a terminal must not see, a pointer leads to its place.
        one.place = name::line(&one.place, 300);
    }
    Ok(Imported {
        kind: document.kind,
        text: write::scenario(&draft, &left),
        steps: draft.requests(),
        left,
    })
}
