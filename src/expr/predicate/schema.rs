//! JSON Schema. In: a file beside the scenario; out: a compiled schema that says whether a value fits, and where
//! it does not. Invariant: the file is read and compiled while the scenario is read, and nothing else is: a
//! `$ref` to another file or host is a problem of the scenario, not a request.

use crate::expr::found::{Found, harmless};
use crate::expr::lexer::{Piece, error};
use crate::expr::{ParseError, Scope};
use jsonschema::{PatternOptions, Validator};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::io;
use std::sync::Arc;

/// How many misfits a message shows.
const SHOWN: usize = 3;

/// A schema, by the name of its file.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    name: String,
    validator: Arc<Validator>,
}

impl Schema {
    pub(super) fn compile(file: &Piece<'_>, scope: &mut dyn Scope) -> Result<Self, ParseError> {
        let problem = |message: String, help: &str| error(file.range.clone(), message, help);
        let name = file.text;
        let bytes = scope.file(name).map_err(|reason| match reason.kind() {
            io::ErrorKind::NotFound => problem(
                format!("there is no file {name}"),
                "paths are relative to the scenario file",
            ),
            _ => problem(
                format!("cannot read {name}: {reason}"),
                "name a file that can be read",
            ),
        })?;
        let tree: Json = serde_json::from_slice(&bytes).map_err(|reason| {
            problem(
                format!("{name} is not JSON: {reason}"),
                "a schema is a JSON file",
            )
        })?;
        let validator = jsonschema::options()
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .build(&tree)
            .map_err(|reason| {
                let reason = harmless(&reason.to_string());
                problem(
                    format!("{name} is no JSON Schema: {reason}"),
                    "correct the schema; a `$ref` must stay inside its file",
                )
            })?;
        Ok(Self {
            name: name.to_owned(),
            validator: Arc::new(validator),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether a value fits; `None` for what JSON does not have.
    pub(super) fn fits(&self, found: &Found<'_>) -> Option<bool> {
        Some(self.validator.is_valid(&*as_json(found)?))
    }

    /// Where a value does not fit, and why.
    pub(super) fn misfit(&self, found: &Found<'_>) -> Option<String> {
        let json = as_json(found)?;
        let misfits = self.validator.iter_errors(&json).take(SHOWN);
        let misfits: Vec<String> = misfits
            .map(|misfit| {
                let place = misfit.instance_path().to_string();
                let place = if place.is_empty() { "the top" } else { &place };
                format!("at {}: {}", harmless(place), harmless(&misfit.to_string()))
            })
            .collect();
        (!misfits.is_empty()).then(|| misfits.join("; "))
    }
}

fn as_json<'a>(found: &'a Found<'_>) -> Option<Cow<'a, Json>> {
    match found {
        Found::Json(json) => Some(Cow::Borrowed(json)),
        Found::Text(text) => Some(Cow::Owned(Json::String(text.to_string()))),
        Found::Time(_) | Found::Date(_) => None,
    }
}
