//! CSS selectors. In: a page and a selector; out: the text of the elements it selects, or one attribute of
//! them. Invariant: a page that is built to be slow (elements in elements in elements, a tag of a million
//! attributes) is refused with words, before it costs seconds or the stack.

use crate::expr::ParseError;
use crate::expr::found::{Found, Obstacle};
use crate::expr::lexer::{Piece, error, flat};
use html5ever::driver::{ParseOpts, parse_document};
use html5ever::tendril::{StrTendril, TendrilSink};
use scraper::{ElementRef, Html, HtmlTreeSink, Selector};
use serde_json::Value as Json;
use std::time::{Duration, Instant};

/// Elements inside each other: browsers stop at 512.
const DEEPEST: usize = 1024;
/// So much is read between two looks at the depth.
const CHUNK: usize = 4096;
/// The longest that reading one page may take; the largest honest one takes less than a second.
const LONGEST: Duration = Duration::from_secs(5);
/// The most text that one selector gives: nested elements each have the text of those inside.
const MOST: usize = 32 << 20;

/// A page, read once, or why it was not.
#[derive(Debug)]
pub(in crate::expr) struct Page(Result<Html, &'static str>);

impl Page {
    /// Reads a page as browsers do: nothing is too broken.
    pub(in crate::expr) fn read(text: &str) -> Self {
        let started = Instant::now();
        let sink = HtmlTreeSink::new(Html::new_document());
        let mut parser = parse_document(sink, ParseOpts::default());
        let mut rest = text;
        while !rest.is_empty() {
            let mut length = rest.len().min(CHUNK);
            while !rest.is_char_boundary(length) {
                length += 1;
            }
            let (chunk, behind) = rest.split_at(length);
            parser.process(StrTendril::from_slice(chunk));
            rest = behind;
            let html = parser.tokenizer.sink.sink.0.borrow();
            let last = html.tree.nodes().next_back();
            if last.is_some_and(|node| node.ancestors().take(DEEPEST).count() == DEEPEST) {
                return Self(Err("a page with more than 1024 elements inside each other"));
            }
            if started.elapsed() > LONGEST {
                return Self(Err("a page that takes more than 5 s to read"));
            }
        }
        Self(Ok(parser.finish()))
    }
}

/// A selector, and the attribute that is wanted of what it selects.
#[derive(Debug, Clone)]
pub(in crate::expr) struct Css {
    text: String,
    selector: Selector,
    attribute: Option<String>,
}

impl Css {
    /// Compiles `selector`, `selector@attribute` or `selector @attribute`.
    pub(in crate::expr) fn parse(
        piece: &Piece<'_>,
        attribute: Option<Piece<'_>>,
    ) -> Result<Self, ParseError> {
        flat(piece)?;
        let (selector, attribute) = match attribute {
            Some(attribute) => (piece.text, Some(attribute.text.to_owned())),
            None => match piece.text.rsplit_once('@') {
                Some((selector, name)) if is_name(name) => (selector, Some(name.to_owned())),
                _ => (piece.text, None),
            },
        };
        if piece.text.contains("{{") {
            return Err(error(
                piece.range.clone(),
                "a selector cannot hold a template",
                "selectors are compiled once; compare what they find with the variable instead",
            ));
        }
        let compiled = Selector::parse(selector).map_err(|problem| {
            error(
                piece.range.clone(),
                format!("not a CSS selector: {}", brief(&problem.to_string())),
                "selectors look like `\"form input[name=csrf]\" @value` or `\"main > h1\"`",
            )
        })?;
        let attribute = attribute.map(|name| name.to_ascii_lowercase());
        let mut text = selector.trim().to_owned();
        if let Some(name) = &attribute {
            text.push_str(" @");
            text.push_str(name);
        }
        Ok(Self {
            text,
            selector: compiled,
            attribute,
        })
    }

    /// The first element, or all of them.
    pub(in crate::expr) fn find<'a>(&self, page: &Page, all: bool) -> Result<Found<'a>, Obstacle> {
        let html = page.0.as_ref().map_err(|why| Obstacle::Unfit {
            expected: "a page that can be read".to_owned(),
            actual: (*why).to_owned(),
        })?;
        let mut found = html
            .select(&self.selector)
            .filter_map(|element| self.value(element));
        if !all {
            let first = found.next().map(|text| Found::Text(text.into()));
            return first.ok_or_else(|| {
                Obstacle::Absent(format!("no element for {} in the page", self.text))
            });
        }
        let (mut list, mut length) = (Vec::new(), 0);
        for text in found {
            length += text.len();
            if length > MOST {
                return Err(Obstacle::Unfit {
                    expected: format!("less text for {}", self.text),
                    actual: "elements with more than 32 MiB of text".to_owned(),
                });
            }
            list.push(Json::String(text));
        }
        Ok(Found::json(list))
    }

    fn value(&self, element: ElementRef<'_>) -> Option<String> {
        match &self.attribute {
            Some(name) => element.attr(name).map(str::to_owned),
            None => Some(as_seen(element.text())),
        }
    }
}

/// Elements whose text nobody sees.
const UNSEEN: [&str; 5] = ["script", "style", "noscript", "template", "svg"];

/// What a page says to those who see it: its title and its text, without scripts, styles and tags; `None` of a page that
/// cannot be read.
pub fn seen(page: &str) -> Option<(String, String)> {
    let html = Page::read(page).0.ok()?;
    let (mut title, mut texts) = (None, Vec::new());
    let mut open = vec![html.tree.root()];
    while let Some(node) = open.pop() {
        if let Some(text) = node.value().as_text() {
            // Elements keep their texts apart.
            texts.extend([&**text, " "]);
            continue;
        }
        let element = ElementRef::wrap(node);
        let (name, hidden) = element.map_or(("", false), |element| {
            let hidden = element.attr("hidden").is_some();
            (element.value().name(), hidden)
        });
        match element {
            Some(element) if name == "title" && title.is_none() => {
                title = Some(as_seen(element.text()));
            }
            _ if hidden || UNSEEN.contains(&name) => {}
            _ => open.extend(node.children().rev()),
        }
    }
    Some((title.unwrap_or_default(), as_seen(texts.into_iter())))
}

/// Texts as they are seen: without blanks around them, and one for several.
fn as_seen<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut out = String::new();
    let mut gap = false;
    for text in texts {
        for c in text.chars() {
            if c.is_whitespace() {
                gap = !out.is_empty();
                continue;
            }
            if std::mem::take(&mut gap) {
                out.push(' ');
            }
            out.push(c);
        }
    }
    out
}

/// A text with its character references (`&amp;`, `&#39;`) read; tags stay as they are.
pub(in crate::expr) fn plain_text(text: &str) -> String {
    let Page(Ok(html)) = Page::read(&format!("<body>|{}", text.replace('<', "&lt;"))) else {
        return text.to_owned();
    };
    let all: String = html.root_element().text().collect();
    all.strip_prefix('|').unwrap_or(&all).to_owned()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
}

fn brief(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut text: String = line.trim_end_matches('.').chars().take(100).collect();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_what_people_see_of_it() {
        for (page, title, text) in [
            (
                "<title>A &amp;\n B</title><style>p{}</style><h1>Oh</h1><p>no<script>x()</script>",
                "A & B",
                "Oh no",
            ),
            (
                "<div hidden>gone</div><svg><title>t</title></svg>&lt;b&gt;",
                "",
                "<b>",
            ),
            ("<noscript>on</noscript><body></body>", "", ""),
            ("no page", "", "no page"),
        ] {
            let seen = seen(page).unwrap();
            assert_eq!((&*seen.0, &*seen.1), (title, text), "{page}");
        }
        assert_eq!(seen(&"<div>".repeat(3_000)), None);
    }
}
