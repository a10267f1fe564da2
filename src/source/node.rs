//! YAML text → a tree of nodes. In: a [`Source`]; out: a [`Node`] tree with byte spans, the text of every
//! scalar as written and whether it was quoted. Invariant: nothing is typed here, so `no`, `012` and
//! `1_000` stay the text that the author wrote; duplicate keys, endless aliases and second documents are errors.

use super::{Diagnostic, Source, Span, Spanned};
use saphyr_parser::{Event, Parser, ScalarStyle, Span as RawSpan};
use std::collections::HashMap;

/// Nodes that one file may hold once its aliases are written out.
const NODE_LIMIT: usize = 250_000;
/// How deep lists and maps may nest.
const DEPTH_LIMIT: usize = 100;

/// One YAML value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// The three kinds of YAML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A single value.
    Scalar(Scalar),
    /// `- a` or `[a]`.
    List(Vec<Node>),
    /// `key: value`, in the order of the file.
    Map(Vec<(Spanned<String>, Node)>),
}

/// A single value, not yet typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, without its quotes.
    pub text: String,
    /// Written without quotes, so that YAML readers would guess its type.
    pub plain: bool,
}

impl Node {
    /// The scalar, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Moves the places of the whole tree.
    pub fn shift(&mut self, by: usize) {
        let moved = |span: Span| Span::new(span.start + by, span.end + by);
        self.span = moved(self.span);
        match &mut self.kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Kind::Map(entries) => {
                for (key, node) in entries {
                    key.span = moved(key.span);
                    node.shift(by);
                }
            }
        }
    }

    /// `key:` with nothing behind it, or `null`.
    pub fn is_null(&self) -> bool {
        self.scalar()
            .is_some_and(|s| s.plain && matches!(s.text.as_str(), "" | "null" | "~"))
    }

    /// What it is, for messages.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(_) if self.is_null() => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    /// The place of `range` (bytes of the scalar's text) in the file; the whole scalar where the text
    /// does not stand there letter by letter (escapes, folded lines).
    pub fn inner(&self, source: &Source, range: std::ops::Range<usize>) -> Span {
        let Some(scalar) = self.scalar() else {
            return self.span;
        };
        let written = source.text.get(self.span.range()).unwrap_or_default();
        match written.find(&scalar.text) {
            Some(at) if range.end <= scalar.text.len() => {
                let start = self.span.start + at + range.start;
                Span::new(start, (self.span.start + at + range.end).max(start + 1))
            }
            _ => self.span,
        }
    }
}

/// Parses a file that holds one YAML document.
///
/// # Errors
/// The syntax error, duplicate key, unknown alias or size limit, with its place.
pub fn parse(source: &Source) -> Result<Node, Diagnostic> {
    let offsets = Offsets::new(&source.text);
    let mut builder = Builder {
        source,
        offsets,
        anchors: HashMap::new(),
        nodes: 0,
    };
    let mut parser = Parser::new_from_str(&source.text);
    let mut root = None;
    while let Some(event) = builder.next(&mut parser)? {
        match event {
            (
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing,
                _,
            ) => {}
            (Event::StreamEnd, _) => break,
            (event, span) if root.is_none() => {
                root = Some(builder.node(event, span, &mut parser, 0)?);
            }
            (_, span) => {
                let span = builder.offsets.span(span);
                return Err(Diagnostic::error(
                    "T0101",
                    source,
                    span,
                    "a second document in one file",
                )
                .help("keep one document per file; remove the `---`"));
            }
        }
    }
    root.ok_or_else(|| {
        Diagnostic::error("T0102", source, Span::new(0, 0), "the file is empty")
            .help("`tollgate init` writes a first scenario and its budgets")
    })
}

type Events<'a> = Parser<'a, saphyr_parser::StrInput<'a>>;

struct Builder<'a> {
    source: &'a Source,
    offsets: Offsets,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn next(&self, parser: &mut Events<'a>) -> Result<Option<(Event<'a>, RawSpan)>, Diagnostic> {
        parser.next_event().transpose().map_err(|error| {
            let at = self.offsets.byte(error.marker().index());
            let end = (at + 1).min(self.source.text.len()).max(at);
            Diagnostic::error(
                "T0103",
                self.source,
                Span::new(at, end),
                format!("not valid YAML: {}", error.info()),
            )
        })
    }

    fn node(
        &mut self,
        event: Event<'a>,
        span: RawSpan,
        parser: &mut Events<'a>,
        depth: usize,
    ) -> Result<Node, Diagnostic> {
        let start = self.offsets.span(span);
        self.nodes += 1;
        if self.nodes > NODE_LIMIT || depth > DEPTH_LIMIT {
            return Err(Diagnostic::error(
                "T0104",
                self.source,
                start,
                "the file is too large or nested too deep once its aliases are written out",
            )
            .help(format!(
                "at most {NODE_LIMIT} values, nested at most {DEPTH_LIMIT} deep"
            )));
        }
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let scalar = Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                };
                Ok(self.keep(
                    anchor,
                    Node {
                        span: self.trim(start),
                        kind: Kind::Scalar(scalar),
                    },
                ))
            }
            Event::SequenceStart(anchor, _) => self.list(anchor, start, parser, depth),
            Event::MappingStart(anchor, _) => self.map(anchor, start, parser, depth),
            Event::Alias(anchor) => self.alias(anchor, start),
            _ => Err(Diagnostic::error(
                "T0103",
                self.source,
                start,
                "not valid YAML here",
            )),
        }
    }

    fn keep(&mut self, anchor: usize, node: Node) -> Node {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    fn list(
        &mut self,
        anchor: usize,
        start: Span,
        parser: &mut Events<'a>,
        depth: usize,
    ) -> Result<Node, Diagnostic> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next(parser)? {
            if event == Event::SequenceEnd {
                break;
            }
            items.push(self.node(event, span, parser, depth + 1)?);
        }
        let end = items
            .last()
            .map_or(start.end, |n| n.span.end)
            .max(start.end);
        Ok(self.keep(
            anchor,
            Node {
                span: Span::new(start.start, end),
                kind: Kind::List(items),
            },
        ))
    }

    fn map(
        &mut self,
        anchor: usize,
        start: Span,
        parser: &mut Events<'a>,
        depth: usize,
    ) -> Result<Node, Diagnostic> {
        let mut entries: Vec<(Spanned<String>, Node)> = Vec::new();
        let mut merged: Vec<(Spanned<String>, Node)> = Vec::new();
        while let Some((event, span)) = self.next(parser)? {
            if event == Event::MappingEnd {
                break;
            }
            let key_node = self.node(event, span, parser, depth + 1)?;
            let Some(key) = key_node.scalar().map(|s| s.text.clone()) else {
                return Err(Diagnostic::error(
                    "T0105",
                    self.source,
                    key_node.span,
                    "a key must be a single value",
                )
                .help("quote a template: \"{{ name }}\""));
            };
            let Some((event, span)) = self.next(parser)? else {
                break;
            };
            let value = self.node(event, span, parser, depth + 1)?;
            if key == "<<" {
                self.merge(&value, &mut merged)?;
                continue;
            }
            if let Some((first, _)) = entries.iter().find(|(k, _)| k.value == key) {
                let (line, _) = self.source.position(first.span.start);
                return Err(Diagnostic::error(
                    "T0106",
                    self.source,
                    key_node.span,
                    format!("the key `{key}` stands here twice"),
                )
                .help(format!("the first one is on line {line}; keep one of them")));
            }
            entries.push((Spanned::new(key, key_node.span), value));
        }
        let end = entries
            .last()
            .map_or(start.end, |(_, n)| n.span.end)
            .max(start.end);
        for (key, value) in merged {
            if !entries.iter().any(|(k, _)| k.value == key.value) {
                entries.push((key, value));
            }
        }
        let first = entries
            .first()
            .map_or(start.start, |(k, _)| k.span.start.min(start.start));
        Ok(self.keep(
            anchor,
            Node {
                span: Span::new(first, end),
                kind: Kind::Map(entries),
            },
        ))
    }

    /// `<<: *defaults`: entries of another map, below those written here.
    fn merge(
        &self,
        value: &Node,
        into: &mut Vec<(Spanned<String>, Node)>,
    ) -> Result<(), Diagnostic> {
        match &value.kind {
            Kind::Map(entries) => into.extend(entries.iter().cloned()),
            Kind::List(maps) => {
                for map in maps {
                    self.merge(map, into)?;
                }
            }
            Kind::Scalar(_) => {
                return Err(Diagnostic::error(
                    "T0107",
                    self.source,
                    value.span,
                    "`<<` merges maps, and this is a single value",
                )
                .help("point it at an anchor: `<<: *defaults`"));
            }
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node, Diagnostic> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Diagnostic::error(
                "T0108",
                self.source,
                span,
                "this alias points at no anchor, or into itself",
            )
            .help("define it first: `&name` before `*name`"));
        };
        let node = node.clone();
        self.nodes += count(&node);
        Ok(node)
    }

    /// Scalars' spans end behind trailing blanks and comments in some styles: keep what was written.
    fn trim(&self, span: Span) -> Span {
        let written = self.source.text.get(span.range()).unwrap_or_default();
        Span::new(span.start, span.start + written.trim_end().len())
    }
}

fn count(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 1,
        Kind::List(items) => 1 + items.iter().map(count).sum::<usize>(),
        Kind::Map(entries) => 1 + entries.iter().map(|(_, n)| count(n)).sum::<usize>(),
    }
}

/// The parser counts characters, we count bytes.
enum Offsets {
    Ascii(usize),
    Table(Vec<usize>),
}

impl Offsets {
    fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Ascii(text.len());
        }
        let mut table: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
        table.push(text.len());
        Self::Table(table)
    }

    fn byte(&self, index: usize) -> usize {
        match self {
            Self::Ascii(length) => index.min(*length),
            Self::Table(table) => table.get(index).or(table.last()).copied().unwrap_or(0),
        }
    }

    fn span(&self, raw: RawSpan) -> Span {
        Span::new(self.byte(raw.start.index()), self.byte(raw.end.index()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn node(text: &str) -> Node {
        parse(&Source::new("x.yaml", text)).unwrap()
    }

    fn problem(text: &str) -> String {
        parse(&Source::new("x.yaml", text)).unwrap_err().message
    }

    #[test]
    fn scalars_keep_their_text_and_place() {
        let text = "name: no\nphone: 012 # a comment\nquoted: \"é {{ x }}\"\n";
        let Kind::Map(entries) = node(text).kind else {
            panic!("a map")
        };
        let written: Vec<&str> = entries.iter().map(|(_, n)| &text[n.span.range()]).collect();
        assert_eq!(written, ["no", "012", "\"é {{ x }}\""]);
        assert!(entries[0].1.scalar().unwrap().plain);
        assert!(!entries[2].1.scalar().unwrap().plain);
        let inner = entries[2].1.inner(&Source::new("", text), 3..10);
        assert_eq!(&text[inner.range()], "{{ x }}");
    }

    #[test]
    fn merge_keys_and_aliases_are_written_out() {
        let tree = node("a: &a { x: 1, y: 2 }\nb: { <<: *a, y: 3 }\n");
        let Kind::Map(entries) = tree.kind else {
            panic!("a map")
        };
        let Kind::Map(b) = &entries[1].1.kind else {
            panic!("a map")
        };
        let flat: Vec<(&str, &str)> = b
            .iter()
            .map(|(k, v)| (k.value.as_str(), v.scalar().unwrap().text.as_str()))
            .collect();
        assert_eq!(flat, [("y", "3"), ("x", "1")]);
    }

    #[test]
    fn traps_are_errors() {
        assert!(problem("a: 1\na: 2\n").contains("twice"));
        assert!(problem("").contains("empty"));
        assert!(problem("a: 1\n---\nb: 2\n").contains("second document"));
        assert!(problem("a:\n\t- b\n").contains("not valid YAML"));
        assert!(problem("{{ x }}: 1").contains("key"));
    }

    #[test]
    fn alias_bombs_stop_at_the_limit() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..9 {
            let before = format!("*a{}, ", i - 1).repeat(10);
            writeln!(text, "a{i}: &a{i} [{}]", before.trim_end_matches(", ")).unwrap();
        }
        assert!(problem(&text).contains("too large"));
    }
}
