//! Nodes → typed values. In: nodes and the [`Shape`] that they should have; out: values, or a problem
//! noted and `None`. Invariant: reading goes on after a problem, so that one pass reports them all.

use super::{Diagnostic, Kind, Node, Severity, Shape, Source, Span, Spanned, closest};
use crate::units;
use std::time::Duration;

/// Reads one source and collects its problems.
#[derive(Debug)]
pub struct Reader<'a> {
    source: &'a Source,
    problems: Vec<Diagnostic>,
}

/// The entries of a map with a fixed vocabulary; every key in it is known.
#[derive(Debug)]
pub struct Fields<'n> {
    entries: Vec<(&'n Spanned<String>, &'n Node)>,
    /// The place of the whole map.
    pub span: Span,
}

impl<'n> Fields<'n> {
    /// The value of a key; `None` where it is absent.
    pub fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|(_, node)| node)
    }

    /// The key's own place and its value.
    pub fn entry(&self, name: &str) -> Option<(Span, &'n Node)> {
        self.entries
            .iter()
            .find(|(k, _)| k.value == name)
            .map(|(k, node)| (k.span, *node))
    }

    /// All entries, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&'n Spanned<String>, &'n Node)> {
        self.entries.iter().copied()
    }
}

impl<'a> Reader<'a> {
    /// A reader of one source.
    pub fn new(source: &'a Source) -> Self {
        Self {
            source,
            problems: Vec::new(),
        }
    }

    /// The source that is read.
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// Notes a problem.
    pub fn push(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Notes an error at a place, with its fix.
    pub fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::error(code, self.source, span, message).help(help));
    }

    /// Notes a warning at a place, with its fix.
    pub fn warn(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::warning(code, self.source, span, message).help(help));
    }

    /// Whether an error was noted.
    pub fn failed(&self) -> bool {
        self.errors() > 0
    }

    /// How many errors were noted.
    pub fn errors(&self) -> usize {
        let errors = self
            .problems
            .iter()
            .filter(|p| p.severity == Severity::Error);
        errors.count()
    }

    /// Everything that was noted.
    pub fn finish(self) -> Vec<Diagnostic> {
        self.problems
    }

    /// A map with a fixed vocabulary. Unknown keys are noted with the nearest known one.
    pub fn object<'n>(&mut self, node: &'n Node, shape: &Shape) -> Option<Fields<'n>> {
        let entries = self.map(node, shape.name)?;
        let mut known = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if shape.keys.iter().any(|k| k.name == key.value) {
                known.push((key, value));
            } else {
                let names = || shape.keys.iter().map(|k| k.name);
                let help = closest(&key.value, names()).map_or_else(
                    || {
                        format!(
                            "{} has: {}",
                            shape.name,
                            names().collect::<Vec<_>>().join(", ")
                        )
                    },
                    |near| format!("did you mean `{near}`?"),
                );
                self.error(
                    "T0201",
                    key.span,
                    format!("unknown key `{}` in {}", key.value, shape.name),
                    help,
                );
            }
        }
        for name in shape.required {
            if !known.iter().any(|(k, _)| k.value == *name) {
                self.error(
                    "T0202",
                    first_line(self.source, node.span),
                    format!("{} needs `{name}:`", shape.name),
                    format!("add `{name}:`"),
                );
            }
        }
        Some(Fields {
            entries: known,
            span: node.span,
        })
    }

    /// The entries of a map with free keys; `what` is its name in messages.
    pub fn map<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
    ) -> Option<Vec<(&'n Spanned<String>, &'n Node)>> {
        if let Kind::Map(entries) = &node.kind {
            return Some(entries.iter().map(|(k, v)| (k, v)).collect());
        }
        self.expected(node, &format!("{what} as a map of `key: value`"));
        None
    }

    /// The items of a list; a single value or map counts as a list of one.
    pub fn list<'n>(&mut self, node: &'n Node) -> Vec<&'n Node> {
        match &node.kind {
            Kind::List(items) => items.iter().collect(),
            Kind::Scalar(_) | Kind::Map(_) if node.is_null() => Vec::new(),
            Kind::Scalar(_) | Kind::Map(_) => vec![node],
        }
    }

    /// Text. Scalars that YAML readers would take for something else must be quoted.
    pub fn text(&mut self, node: &Node) -> Option<Spanned<String>> {
        let Some(scalar) = node.scalar().filter(|_| !node.is_null()) else {
            self.expected(node, "text");
            return None;
        };
        Some(Spanned::new(scalar.text.clone(), node.span))
    }

    /// A whole number.
    pub fn integer(&mut self, node: &Node) -> Option<u64> {
        let value = node
            .scalar()
            .and_then(|s| s.text.replace('_', "").parse().ok());
        if value.is_none() {
            self.expected(node, "a whole number");
        }
        value
    }

    /// `true` or `false`; YAML 1.1's other spellings get their own message.
    pub fn boolean(&mut self, node: &Node) -> Option<bool> {
        match node.scalar().map(|s| s.text.as_str()) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(
                word @ ("yes" | "no" | "on" | "off" | "y" | "n" | "True" | "False" | "TRUE"
                | "FALSE" | "Yes" | "No" | "On" | "Off"),
            ) => {
                let meant = matches!(word.to_lowercase().as_str(), "yes" | "on" | "y" | "true");
                self.error(
                    "T0204",
                    node.span,
                    format!("`{word}` is not a boolean here"),
                    format!("write `{meant}`"),
                );
                None
            }
            _ => {
                self.expected(node, "`true` or `false`");
                None
            }
        }
    }

    /// A duration with its unit.
    pub fn duration(&mut self, node: &Node) -> Option<Duration> {
        self.quantity(
            node,
            "a duration such as `500ms` or `2s`",
            units::parse_duration,
        )
    }

    /// A quantity read by one of the parsers in [`units`]; `what` says what was expected.
    pub fn quantity<T>(
        &mut self,
        node: &Node,
        what: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Some(scalar) = node.scalar().filter(|_| !node.is_null()) else {
            self.expected(node, what);
            return None;
        };
        match parse(&scalar.text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.error("T0205", node.span, message, format!("expected {what}"));
                None
            }
        }
    }

    /// One word of a fixed set.
    pub fn word(&mut self, node: &Node, words: &[&'static str]) -> Option<&'static str> {
        let text = node.scalar().map_or("", |s| s.text.as_str());
        let found = words.iter().find(|w| **w == text).copied();
        if found.is_none() {
            let help = closest(text, words.iter().copied()).map_or_else(
                || format!("one of: {}", words.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.error(
                "T0206",
                node.span,
                format!("`{text}` is not one of {}", words.join(", ")),
                help,
            );
        }
        found
    }

    fn expected(&mut self, node: &Node, what: &str) {
        let span = first_line(self.source, node.span);
        self.error(
            "T0203",
            span,
            format!("expected {what}, found {}", node.describe()),
            format!("write {what}"),
        );
    }
}

/// The part of a span on its first line: a caret under a whole block helps nobody.
fn first_line(source: &Source, span: Span) -> Span {
    let text = source.text.get(span.range()).unwrap_or_default();
    Span::new(
        span.start,
        text.find('\n').map_or(span.end, |at| span.start + at),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Key, Type, parse};
    use super::*;

    const STEP: Shape = Shape {
        name: "step",
        required: &["name"],
        keys: &[
            Key {
                name: "name",
                kind: Type::Text,
                about: "",
            },
            Key {
                name: "timeout",
                kind: Type::Quantity("10s"),
                about: "",
            },
            Key {
                name: "follow",
                kind: Type::Boolean,
                about: "",
            },
        ],
    };

    #[test]
    fn one_pass_reports_every_problem() {
        let source = Source::new("x.yaml", "nmae: a\ntimeout: 10\nfollow: no\n");
        let root = parse(&source).unwrap();
        let mut reader = Reader::new(&source);
        let fields = reader.object(&root, &STEP).unwrap();
        assert_eq!(reader.duration(fields.get("timeout").unwrap()), None);
        assert_eq!(reader.boolean(fields.get("follow").unwrap()), None);
        let lines: Vec<String> = reader.finish().iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[0].contains("did you mean `name`?"));
        assert!(lines[1].contains("needs `name:`"));
        assert!(lines[2].contains("`10s`"));
        assert!(lines[3].contains("write `false`"));
    }
}
