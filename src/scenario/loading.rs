//! What every part of a scenario is read with. In: nodes; out: texts, paths, counts and templates, or a
//! problem noted and `None`. Invariant: reading goes on after a problem, and numbers that YAML readers do
//! not agree on are never guessed.

use super::environment::Secrets;
use super::names::Names;
use crate::expr::{ParseError, Scope, Template};
use crate::source::{Node, Reader, Span};
use std::io;
use std::path::{Path, PathBuf};

/// What is known while one file is read.
#[derive(Debug)]
pub(super) struct Loading<'a> {
    /// Typed values and problems.
    pub(super) reader: Reader<'a>,
    /// The variables.
    pub(super) names: Names,
    /// What no URL may hold.
    pub(super) secrets: Secrets,
    /// Where the scenario stands.
    pub(super) folder: &'a Path,
}

impl Loading<'_> {
    /// The path behind a key, relative to the scenario's folder.
    pub(super) fn path(&mut self, node: &Node) -> Option<PathBuf> {
        Some(self.folder.join(self.reader.text(node)?.value))
    }

    /// Notes a file that cannot be read.
    pub(super) fn unreadable(
        &mut self,
        code: &'static str,
        node: &Node,
        path: &Path,
        error: &io::Error,
    ) {
        let shown = path.display();
        let (message, help) = if error.kind() == io::ErrorKind::NotFound {
            let message = format!("there is no file {shown}");
            (message, "paths are relative to the scenario file")
        } else {
            (
                format!("cannot read {shown}: {error}"),
                "name a file that can be read",
            )
        };
        self.reader.error(code, node.span, message, help);
    }

    /// A whole number of at least 1, in digits that every YAML reader takes for the same number.
    pub(super) fn count(&mut self, node: &Node) -> Option<u64> {
        if !self.plain_digits(node) {
            return None;
        }
        let count = self.reader.integer(node)?;
        if count == 0 {
            self.reader
                .error("T0604", node.span, "expected at least 1", "write 1 or more");
        }
        (count > 0).then_some(count)
    }

    /// Notes `012` (octal to some) and `1_000` (a text to some).
    pub(super) fn plain_digits(&mut self, node: &Node) -> bool {
        let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
        let digits = text.replace('_', "");
        let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let short = digits.trim_start_matches('0');
        let trap = number && (text.contains('_') || (digits.len() > 1 && digits.starts_with('0')));
        if trap {
            let meant = if short.is_empty() { "0" } else { short };
            let message = format!("YAML readers do not agree on the number `{text}`");
            self.reader
                .error("T0421", node.span, message, format!("write `{meant}`"));
        }
        !trap
    }

    /// Compiles a scalar as a template.
    pub(super) fn template(&mut self, node: &Node) -> Option<Template> {
        self.compile(node, "T0310", Template::parse)
    }

    /// Compiles a scalar; what is wrong is noted in the best words.
    pub(super) fn compile<T>(
        &mut self,
        node: &Node,
        code: &'static str,
        parse: impl FnOnce(&str, &mut dyn Scope) -> Result<T, ParseError>,
    ) -> Option<T> {
        let text = self.reader.text(node)?;
        self.names.listen();
        match parse(&text.value, &mut self.names) {
            Ok(compiled) => Some(compiled),
            Err(error) => {
                let problem = error.diagnostic(code, self.reader.source(), node);
                self.reader.push(self.names.explain(problem));
                None
            }
        }
    }

    /// Whether a text can name something in reports and budgets; `what` is "a step", "a flow", …
    pub(super) fn label(&mut self, text: &str, span: Span, what: &str) -> bool {
        let (message, help) = if text.contains("{{") {
            let help =
                "name it the same for every request: reports and budgets have one line per name";
            (
                format!("the name of {what} is fixed text, without templates"),
                help,
            )
        } else if text.trim().is_empty() {
            (format!("the name of {what} is empty"), "name it")
        } else if text.chars().any(char::is_control) {
            (
                format!("the name of {what} has control characters"),
                "write it on one line",
            )
        } else if what != "a step" && text.contains('/') {
            let help = "budgets write `flow/step`; use `-` instead";
            (format!("the name of {what} has a `/`"), help)
        } else {
            return true;
        };
        self.reader.error("T0409", span, message, help);
        false
    }
}
