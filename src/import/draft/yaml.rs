//! YAML as people write it. In: a tree with comments; out: text. Invariant: what is written is read back as the same
//! tree by our own reader, whatever the scalars hold; short lists and maps stand on one line.

use serde_json::Value;
use std::fmt::Write as _;

/// Lines are folded where they would grow longer.
const WIDTH: usize = 110;

/// Longer keys stand behind a `?`: YAML looks no further than 1024 characters for a colon.
const KEY: usize = 1000;

/// The largest whole number that every reader of JSON keeps exactly: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A value to be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Yaml {
    /// A text: quoted where it must be.
    Text(String),
    /// What YAML readers type: a number, `true`, `null`, or something that is written as it is.
    Plain(String),
    /// A list; on one line where it fits and may.
    List(Vec<Item>),
    /// A map; on one line where it fits and may.
    Map(Vec<Entry>),
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) above: Vec<String>,
    pub(super) value: Yaml,
    /// Written as a comment: the reader of the file decides.
    pub(super) off: bool,
}

/// An entry of a map.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) above: Vec<String>,
    pub(super) key: String,
    pub(super) value: Yaml,
    pub(super) beside: Option<String>,
    /// Stands on lines of its own, however short it is.
    pub(super) tall: bool,
}

impl Entry {
    /// An entry without comments.
    pub(super) fn new(key: impl Into<String>, value: Yaml) -> Self {
        Self {
            above: Vec::new(),
            key: key.into(),
            value,
            beside: None,
            tall: false,
        }
    }

    /// With a comment behind it.
    pub(super) fn beside(mut self, comment: impl Into<String>) -> Self {
        self.beside = Some(comment.into());
        self
    }

    /// With its value on lines of its own.
    pub(super) fn tall(mut self) -> Self {
        self.tall = true;
        self
    }
}

impl Yaml {
    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A list of texts.
    pub(super) fn texts(texts: &[String]) -> Self {
        Self::list(texts.iter().map(Self::text))
    }

    /// A list without comments.
    pub(super) fn list(values: impl Iterator<Item = Self>) -> Self {
        Self::List(
            values
                .map(|value| Item {
                    above: Vec::new(),
                    value,
                    off: false,
                })
                .collect(),
        )
    }

    /// A map of texts.
    pub(super) fn map(entries: &[(String, String)]) -> Self {
        Self::Map(
            entries
                .iter()
                .map(|(key, value)| Entry::new(key, Self::text(value)))
                .collect(),
        )
    }

    /// A JSON value.
    pub(super) fn json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Plain("null".into()),
            // Beyond this not every reader of JSON keeps them, and a scenario has them only as texts.
            Value::Number(number)
                if number.as_f64().is_some_and(|n| n.abs() > EXACT) && !number.is_f64() =>
            {
                Self::Text(number.to_string())
            }
            Value::Bool(_) | Value::Number(_) => Self::Plain(value.to_string()),
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::list(items.iter().map(Self::json)),
            Value::Object(members) => Self::Map(
                members
                    .iter()
                    .map(|(key, value)| Entry::new(key, Self::json(value)))
                    .collect(),
            ),
        }
    }

    /// The value on one line, where it has no comments.
    fn inline(&self, inside: bool) -> Option<String> {
        match self {
            Self::Text(text) => Some(scalar(text, inside)),
            Self::Plain(text) => Some(text.clone()),
            Self::List(items) => {
                let shown: Option<Vec<String>> = items
                    .iter()
                    .map(|item| {
                        (item.above.is_empty() && !item.off).then(|| item.value.inline(true))?
                    })
                    .collect();
                Some(format!("[{}]", shown?.join(", ")))
            }
            Self::Map(entries) if entries.is_empty() => Some("{}".into()),
            Self::Map(entries) => {
                let shown: Option<Vec<String>> = entries
                    .iter()
                    .map(|e| {
                        let key = scalar(&e.key, true);
                        let bare = e.above.is_empty() && e.beside.is_none() && !e.tall;
                        let value = (bare && key.len() <= KEY).then(|| e.value.inline(true))??;
                        Some(format!("{key}: {value}"))
                    })
                    .collect();
                Some(format!("{{ {} }}", shown?.join(", ")))
            }
        }
    }

    /// Lines of a map or list, each indented.
    pub(super) fn write(&self, indent: usize, out: &mut String) {
        match self {
            Self::Map(entries) => {
                for entry in entries {
                    entry.write(indent, out);
                }
            }
            Self::List(items) => {
                for item in items {
                    item.write(indent, out);
                }
            }
            Self::Text(_) | Self::Plain(_) => {
                let shown = self.inline(false).unwrap_or_default();
                let _ = writeln!(out, "{:indent$}{shown}", "");
            }
        }
    }
}

impl Entry {
    fn write(&self, indent: usize, out: &mut String) {
        comments(&self.above, indent, out);
        let key = match scalar(&self.key, false) {
            long if long.len() > KEY => format!("? {long}\n{:indent$}", ""),
            key => key,
        };
        let beside = self
            .beside
            .as_ref()
            .map(|text| format!(" # {text}"))
            .unwrap_or_default();
        let inline = self.value.inline(false).filter(|shown| {
            let scalar = matches!(self.value, Yaml::Text(_) | Yaml::Plain(_));
            let empty = matches!(shown.as_str(), "[]" | "{}");
            scalar || empty || (!self.tall && indent + key.len() + 2 + shown.len() <= WIDTH)
        });
        if let Some(shown) = inline {
            let _ = writeln!(out, "{:indent$}{key}: {shown}{beside}", "");
        } else {
            let _ = writeln!(out, "{:indent$}{key}:{beside}", "");
            self.value.write(indent + 2, out);
        }
    }
}

impl Item {
    fn write(&self, indent: usize, out: &mut String) {
        comments(&self.above, indent, out);
        let mut text = String::new();
        let fits = |shown: &String| indent + 2 + shown.len() <= WIDTH;
        match &self.value {
            list @ Yaml::List(_) if list.inline(true).is_some_and(|shown| fits(&shown)) => {
                let shown = list.inline(true).unwrap_or_default();
                let _ = writeln!(text, "{:1$}{shown}", "", indent + 2);
            }
            Yaml::Map(entries) if entries.is_empty() => {
                let _ = writeln!(text, "{:1$}{{}}", "", indent + 2);
            }
            Yaml::List(items) if items.is_empty() => {
                let _ = writeln!(text, "{:1$}[]", "", indent + 2);
            }
            value => value.write(indent + 2, &mut text),
        }
        // The dash takes the place of the first two blanks of the item's indentation.
        let text = format!("{:indent$}- {}", "", &text[indent + 2..]);
        if self.off {
            for line in text.lines() {
                let _ = writeln!(out, "{:indent$}# {}", "", &line[indent..]);
            }
        } else {
            out.push_str(&text);
        }
    }
}

/// Comment lines.
pub(super) fn comments(lines: &[String], indent: usize, out: &mut String) {
    for line in lines {
        let _ = match line.as_str() {
            "" => writeln!(out),
            line => writeln!(out, "{:indent$}# {line}", ""),
        };
    }
}

/// A text, in quotes where a reader would see something else in it; `inside` brackets more is something else.
fn scalar(text: &str, inside: bool) -> String {
    if plain(text, inside) {
        return text.into();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            ' '..='~' | '\u{a1}'..='\u{d7ff}' if !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                out.push(c);
            }
            _ if u32::from(c) > 0xffff => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            _ => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// Whether a text can stand without quotes.
fn plain(text: &str, inside: bool) -> bool {
    let begins =
        text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_' | '$'));
    let fine = |c: char| {
        c.is_ascii_alphanumeric()
            || " /_-.$=<>+()@;?&%!~^".contains(c)
            || (!inside && ",[]{}\"'|:*#".contains(c))
            || (inside && "\"':*|".contains(c))
    };
    let broken = [": ", " #"].iter().any(|mark| text.contains(mark));
    // The words that one YAML reader or another takes for something else than a text.
    let word = [
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
    ];
    begins
        && text.chars().all(fine)
        && !broken
        && !text.ends_with([' ', ':'])
        && !word.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Kind, Node, Source, parse};
    use proptest::prelude::*;

    fn back(node: &Node) -> Value {
        match &node.kind {
            Kind::Scalar(s) if s.plain && s.text == "null" => Value::Null,
            Kind::Scalar(s) => Value::String(s.text.clone()),
            Kind::List(items) => items.iter().map(back).collect(),
            Kind::Map(entries) => entries
                .iter()
                .map(|(k, v)| (k.value.clone(), back(v)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    fn any() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            ".*".prop_map(Value::String),
            "[a-z:#{}\\[\\],&*!|>'\"%@` -]{0,9}".prop_map(Value::String),
            Just(Value::Null)
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
                prop::collection::vec(
                    (prop_oneof![9 => ".{0,8}", 1 => "[a-z: ]{1100}"], inner),
                    0..5
                )
                .prop_map(|m| Value::Object(m.into_iter().filter(|(k, _)| k != "<<").collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn what_is_written_is_read(value in any()) {
            let tree = Yaml::Map(vec![Entry::new("a", Yaml::json(&value)), Entry::new("b", Yaml::list([Yaml::json(&value)].into_iter())).tall()]);
            let mut text = String::new();
            tree.write(0, &mut text);
            let node = parse(&Source::new("x", text.as_str())).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            let read = back(&node);
            prop_assert_eq!(&read["a"], &value, "{}", text);
            prop_assert_eq!(&read["b"][0], &value, "{}", text);
        }
    }
}
