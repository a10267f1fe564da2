//! What every part of a scenario is read with. In: nodes; out: texts, paths, counts and templates, or a
//! problem noted and `None`. Invariant: reading goes on after a problem, and numbers that YAML readers do
//! not agree on are never guessed.

use super::environment::{Secrets, Use};
use super::flow::Trail;
use super::include::Fragment;
use super::names::{Names, identifier};
use crate::expr::{ParseError, Scope, Template};
use crate::source::{Node, Reader, Span};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// What is known while one scenario is read.
#[derive(Debug)]
pub(super) struct Loading<'a> {
    /// Typed values and problems.
    pub(super) reader: Reader<'a>,
    /// The variables.
    pub(super) names: Names,
    /// What no URL may hold.
    pub(super) secrets: Secrets,
    /// What was asked of the environment.
    pub(super) uses: &'a [Use],
    /// Where the scenario and the files that it includes stand, as its source counts them.
    pub(super) folders: &'a [PathBuf],
    /// Steps with a name, from this file and those it includes.
    pub(super) fragments: BTreeMap<&'a str, Fragment<'a>>,
    /// The way into the flow that is read.
    pub(super) trail: Trail,
    /// A condition is read: asking for what may be missing is what conditions are for.
    pub(super) quiet: bool,
    /// Files that were read, or looked for.
    pub(super) files: Vec<PathBuf>,
}

impl<'a> Loading<'a> {
    /// What paths in a node are relative to: the folder of its file.
    pub(super) fn folder(&self, node: &Node) -> &'a Path {
        let file = self.reader.source().file(node.span.start);
        self.folders
            .get(file)
            .map_or(Path::new(""), PathBuf::as_path)
    }

    /// Gets ready to compile what stands in a node.
    pub(super) fn listen(&mut self, node: &Node) {
        let folder = self.folder(node);
        self.names.listen(folder);
    }

    /// Whether something stands in an included file, which others may include too.
    pub(super) fn is_shared(&self, span: Span) -> bool {
        self.reader.source().file(span.start) > 0
    }

    /// The secret that a scalar holds.
    pub(super) fn secret_in(&self, node: &Node) -> Option<&str> {
        self.secrets.found_in(node)
    }

    /// What a node asks of the environment.
    pub(super) fn asked_in(&self, node: &Node) -> impl Iterator<Item = &'a Use> {
        let (uses, span) = (self.uses, node.span);
        let within =
            move |usage: &&Use| span.start <= usage.span.start && usage.span.end <= span.end;
        uses.iter().filter(within)
    }

    /// The variable without a value that a node asks for.
    pub(super) fn unset_in(&self, node: &Node) -> Option<&'a str> {
        let mut asked = self.asked_in(node);
        let usage = asked.find(|usage| usage.found.is_none())?;
        Some(&usage.name)
    }

    /// The path behind a key, relative to the file that it stands in.
    pub(super) fn path(&mut self, node: &Node) -> Option<PathBuf> {
        Some(self.folder(node).join(self.reader.text(node)?.value))
    }

    /// What a file holds.
    pub(super) fn bytes(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.push(path.to_owned());
        std::fs::read(path)
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
            let help = if self.is_shared(node.span) {
                "paths are relative to the file that they stand in"
            } else {
                "paths are relative to the scenario file"
            };
            (message, help)
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
        self.listen(node);
        match parse(&text.value, &mut self.names) {
            Ok(compiled) => {
                self.doubts(node);
                Some(compiled)
            }
            Err(error) => {
                let problem = error.diagnostic(code, self.reader.source(), node);
                self.reader.push(self.names.explain(problem));
                None
            }
        }
    }

    /// Warns of the names just compiled that may have no value here.
    pub(super) fn doubts(&mut self, node: &Node) {
        for name in self.names.doubted() {
            if self.quiet {
                continue;
            }
            let text = self.reader.source().text.get(node.span.range());
            let span = text
                .and_then(|text| place(text, &name))
                .map_or(node.span, |at| {
                    let start = node.span.start + at;
                    Span::new(start, start + name.len())
                });
            let message = format!(
                "`{name}` is captured only in a block that may be left out, and may be missing here"
            );
            let help = format!(
                "put this step under `when: {name} exists`, or capture it before the block"
            );
            self.reader.warn("T0448", span, message, help);
        }
    }

    /// Whether a text can name a variable that gets a value here.
    pub(super) fn variable(&mut self, name: &str, span: Span) -> bool {
        if !identifier(name) {
            let message = format!("`{name}` cannot be used in a template");
            let help = "name a variable with letters, digits and `_`, and no digit first";
            self.reader.error("T0417", span, message, help);
        } else if self.names.is_bound(name) {
            let message =
                format!("`{name}` is the item of a list or a parameter here, and keeps its value");
            let help = "give the variable a name of its own";
            self.reader.error("T0447", span, message, help);
        } else {
            return true;
        }
        false
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

/// Where a text reads a variable: in a template, or else anywhere.
fn place(text: &str, name: &str) -> Option<usize> {
    let mut found = text.match_indices(name);
    let read = found.find(|(at, _)| text[..*at].trim_end().ends_with("{{"));
    read.map(|(at, _)| at).or_else(|| text.find(name))
}
