//! A problem in a file, as a compiler shows it. In: code, place, message, fix; out: text with
//! `file:line:col`, the line, a caret and the help. Invariant: control characters of the file never reach a terminal.

use super::{Source, Span};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// Whether a problem stops the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The file cannot be used: exit 2, nothing is sent.
    Error,
    /// Worth a look; the run goes on.
    Warning,
    /// What could be better; told only to those who ask for it.
    Note,
}

/// One problem, with the place it points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, `T0201`: the first two digits name the part of the language.
    pub code: &'static str,
    /// Whether it stops the work.
    pub severity: Severity,
    /// The file it is in.
    pub source: Arc<Source>,
    /// The place.
    pub span: Span,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(
        code: &'static str,
        source: &Source,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        let (source, span) = source.alone(span);
        Self {
            code,
            severity: Severity::Error,
            source: Arc::new(source),
            span,
            message: message.into(),
            help: None,
        }
    }

    /// A warning at a place.
    pub fn warning(
        code: &'static str,
        source: &Source,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, source, span, message)
        }
    }

    /// A note at a place.
    pub fn note(
        code: &'static str,
        source: &Source,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::error(code, source, span, message)
        }
    }

    /// Adds the fix.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the fix, if there is one.
    #[must_use]
    pub fn help_if(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// `file:line:col`.
    pub fn location(&self) -> String {
        let (line, column) = self.source.position(self.span.start);
        format!("{}:{line}:{column}", self.source.name)
    }

    /// The whole message with the line and a caret, in colour when `colour` is set.
    pub fn render(&self, colour: bool) -> String {
        let text = visible(&self.source.text);
        let end = self.span.end.clamp(self.span.start, text.len());
        let start = self.span.start.min(text.len());
        // A long span is shown by its first line: the caret should point, not underline the file.
        let end = text[floor(&text, start)..floor(&text, end)]
            .find('\n')
            .map_or(end, |line| start + line);
        let range = floor(&text, start)..floor(&text, end);
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let message = visible(&self.message);
        let mut report = vec![
            level.primary_title(message.as_str()).id(self.code).element(
                Snippet::source(text.as_str())
                    .path(self.source.name.as_str())
                    .annotation(AnnotationKind::Primary.span(range)),
            ),
        ];
        let help = self.help.as_deref().map(visible);
        if let Some(help) = &help {
            let last = report.remove(0);
            report.push(last.element(Level::HELP.message(help.as_str())));
        }
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&report)
    }
}

impl fmt::Display for Diagnostic {
    /// One line: `file:line:col: message (help)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location(), self.message)?;
        self.help
            .as_ref()
            .map_or(Ok(()), |help| write!(f, " ({help})"))
    }
}

/// Problems that are shown: drawing one looks at the whole file, and nobody reads more.
const SHOWN: usize = 200;

/// The problems in the order of the file, and how many more there are than are shown.
pub fn render_all(problems: &[Diagnostic], colour: bool) -> String {
    let mut sorted: Vec<&Diagnostic> = problems.iter().collect();
    sorted.sort_by_key(|d| (d.source.name.clone(), d.span.start));
    let mut out = String::new();
    for problem in sorted.iter().take(SHOWN) {
        out.push_str(&problem.render(colour));
        out.push_str("\n\n");
    }
    if let more @ 1.. = sorted.len().saturating_sub(SHOWN) {
        let _ = writeln!(out, "and {more} more problems; fix these first\n");
    }
    out
}

/// The candidate that was probably meant: edit distance at most a third of its length.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Control characters as `?` of the same width in bytes, so that offsets stay true.
fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let hidden = c.is_control() && !matches!(c, '\n' | '\t' | '\r');
            let (shown, times) = if hidden { ('?', c.len_utf8()) } else { (c, 1) };
            std::iter::repeat_n(shown, times)
        })
        .collect()
}

fn floor(text: &str, offset: usize) -> usize {
    super::floor_char(text, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_the_place_with_a_fix() {
        let source = Source::new("a.yaml", "flows:\n  browse:\n    wieght: 3\n");
        let shown = Diagnostic::error("T0201", &source, Span::new(21, 27), "unknown key `wieght`")
            .help("did you mean `weight`?")
            .render(false);
        assert!(
            shown.contains("error[T0201]: unknown key `wieght`"),
            "{shown}"
        );
        assert!(shown.contains("a.yaml:3:5"), "{shown}");
        assert!(shown.contains("^^^^^^"), "{shown}");
        assert!(shown.contains("did you mean `weight`?"), "{shown}");
    }

    #[test]
    fn a_file_cannot_talk_to_the_terminal() {
        let source = Source::new("a.yaml", "name: \"\u{1b}[31mé\u{7}\"");
        let problem = Diagnostic::error("T0201", &source, Span::new(6, 18), "odd \u{1b}[0m");
        assert!(!problem.render(false).contains('\u{1b}'));
    }

    #[test]
    fn suggests_only_what_is_near() {
        let keys = ["weight", "steps", "think"];
        assert_eq!(closest("wieght", keys), Some("weight"));
        assert_eq!(closest("step", keys), Some("steps"));
        assert_eq!(closest("headers", keys), None);
    }
}
