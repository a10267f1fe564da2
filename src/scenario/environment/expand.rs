//! `${NAME}` in scalars. In: a tree as written; out: the same tree with values in place, what was asked for
//! and where, and the places that could not be filled. Invariant: keys are never touched, `$${` is a
//! literal `${`, and a scalar that could not be filled keeps its text.

use super::{Environment, Lookup, Origin, is_name};
use crate::source::{Kind, Node, Reader, Scalar, Span, Spanned};
use std::collections::BTreeMap;
use std::ops::Range;

/// Fills in `${NAME}` and keeps account of it.
#[derive(Debug)]
pub(in crate::scenario) struct Resolver<'a> {
    environment: &'a Environment,
    file: BTreeMap<String, String>,
    uses: Vec<Use>,
    unfilled: Vec<Span>,
    /// The keys around the scalar that is read.
    path: Vec<String>,
}

/// One `${NAME}` and what came of it.
#[derive(Debug)]
pub(in crate::scenario) struct Use {
    /// The variable.
    pub(in crate::scenario) name: String,
    /// The scalar that it stands in.
    pub(in crate::scenario) span: Span,
    /// Its value; `None` where it is not set.
    pub(in crate::scenario) found: Option<(String, Origin)>,
}

/// A part of a scalar's text.
enum Part<'t> {
    Text(&'t str),
    Variable {
        name: &'t str,
        default: Option<&'t str>,
        range: Range<usize>,
    },
    Broken(Range<usize>),
}

impl<'a> Resolver<'a> {
    /// A resolver over an environment and the entries of `.env`.
    pub(in crate::scenario) fn new(
        environment: &'a Environment,
        file: BTreeMap<String, String>,
    ) -> Self {
        Self {
            environment,
            file,
            uses: Vec::new(),
            unfilled: Vec::new(),
            path: Vec::new(),
        }
    }

    /// The tree with every `${NAME}` filled in.
    pub(in crate::scenario) fn expand(&mut self, node: &Node, reader: &mut Reader<'_>) -> Node {
        let kind = match &node.kind {
            Kind::Scalar(scalar) if scalar.text.contains("${") => {
                Kind::Scalar(self.scalar(scalar, node, reader))
            }
            Kind::Scalar(scalar) => Kind::Scalar(scalar.clone()),
            Kind::List(items) => {
                Kind::List(items.iter().map(|item| self.expand(item, reader)).collect())
            }
            Kind::Map(entries) => {
                let entry = |(key, value): &(Spanned<String>, Node)| {
                    self.path.push(key.value.clone());
                    let value = self.expand(value, reader);
                    self.path.pop();
                    (key.clone(), value)
                };
                Kind::Map(entries.iter().map(entry).collect())
            }
        };
        Node {
            span: node.span,
            kind,
        }
    }

    /// The value of a variable, outside of any scalar.
    pub(in crate::scenario) fn value(&self, name: &str) -> Option<(&str, Origin)> {
        self.environment
            .lookup(name, &self.file)
            .filter(|(value, _)| !value.is_empty())
    }

    /// Every variable with its value, the empty ones left out.
    pub(in crate::scenario) fn all(&self) -> BTreeMap<String, String> {
        let mut all = self.environment.all(&self.file);
        all.retain(|_, value| !value.is_empty());
        all
    }

    /// Everything that was asked for.
    pub(in crate::scenario) fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// Scalars that could not be filled: what else is wrong with them is not worth telling.
    pub(in crate::scenario) fn unfilled(&self) -> &[Span] {
        &self.unfilled
    }

    /// The variables that were asked for and found, each once; the declared secrets are asked for too, and what
    /// `env()` asked for.
    pub(in crate::scenario) fn lookups(
        &self,
        secrets: &[Spanned<String>],
        asked: &[String],
    ) -> Vec<Lookup> {
        let used = self.uses.iter().filter_map(|usage| {
            let (_, origin) = usage.found.as_ref()?;
            Some((&usage.name, *origin))
        });
        let names = secrets.iter().map(|secret| &secret.value).chain(asked);
        let declared = names.filter_map(|name| Some((name, self.value(name)?.1)));
        let mut lookups: Vec<Lookup> = Vec::new();
        for (name, origin) in used.chain(declared) {
            let lookup = Lookup {
                name: name.clone(),
                origin,
            };
            if !lookups.contains(&lookup) {
                lookups.push(lookup);
            }
        }
        lookups
    }

    fn scalar(&mut self, scalar: &Scalar, node: &Node, reader: &mut Reader<'_>) -> Scalar {
        let mut text = String::with_capacity(scalar.text.len());
        let mut filled = true;
        for part in parts(&scalar.text) {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Variable {
                    name,
                    default,
                    range,
                } => {
                    let place = node.inner(reader.source(), range);
                    let found = self.find(name, default);
                    if let Some((value, _)) = &found {
                        text.push_str(value);
                    } else {
                        self.not_set(name, place, reader);
                        filled = false;
                    }
                    self.uses.push(Use {
                        name: name.into(),
                        span: node.span,
                        found,
                    });
                }
                Part::Broken(range) => {
                    reader.error(
                        "T0702",
                        node.inner(reader.source(), range),
                        "`${` opens the name of an environment variable",
                        "write `${NAME}` or `${NAME:-default}`, or `$${` for the characters themselves",
                    );
                    filled = false;
                }
            }
        }
        if !filled {
            self.unfilled.push(node.span);
            return scalar.clone();
        }
        // A value that happens to read `null` or nothing is still a text that somebody set.
        let null = matches!(text.as_str(), "" | "null" | "~");
        Scalar {
            plain: scalar.plain && !null,
            text,
        }
    }

    fn find(&self, name: &str, default: Option<&str>) -> Option<(String, Origin)> {
        self.value(name)
            .map(|(value, origin)| (value.to_owned(), origin))
            .or_else(|| default.map(|text| (text.to_owned(), Origin::Default)))
    }

    fn not_set(&self, name: &str, place: Span, reader: &mut Reader<'_>) {
        // CI systems hand over secrets that do not exist as empty variables.
        let what = match self.environment.lookup(name, &self.file) {
            Some(_) => "empty",
            None => "not set",
        };
        if let Some(lost) = lost(&self.path) {
            let message = format!("{lost}: the environment variable `{name}` is {what}");
            let help = format!(
                "the run goes on; set it, or pass `-e {name}=value`, where somebody relies on it"
            );
            reader.warn("T0744", place, message, help);
            return;
        }
        reader.error(
            "T0701",
            place,
            format!("the environment variable `{name}` is {what}"),
            format!("set it (`.env` beside the scenario does, too), pass `-e {name}=value`, or give a default: `${{{name}:-value}}`"),
        );
    }
}

/// What is lost where the scalar behind these keys has no value, and the run goes on all the same: nothing that was
/// measured depends on it, and whoever runs the file somewhere else has none of the secrets of those who are told.
fn lost(path: &[String]) -> Option<String> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path[..] {
        ["notify", "on", ..] => None,
        ["notify", "secret", ..] => Some("`webhook` is not told how the run ends".to_owned()),
        ["notify", key, ..] => Some(format!("`{key}` is not told how the run ends")),
        ["trace", "url"] => Some("reports have no links to traces".to_owned()),
        ["profiles", profile, "history", "confirm"] => {
            Some(format!("what is suspect in `{profile}` is not confirmed"))
        }
        _ => None,
    }
}

/// Cuts a text at its `${…}` and `$${`.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let dollar = at + found;
        if text[at..dollar].ends_with('$') {
            // `$${`: one dollar is the escape, `${` stays.
            parts.push(Part::Text(&text[at..dollar - 1]));
            parts.push(Part::Text("${"));
            at = dollar + 2;
            continue;
        }
        parts.push(Part::Text(&text[at..dollar]));
        let inside = dollar + 2;
        let Some(close) = text[inside..].find('}').map(|length| inside + length) else {
            parts.push(Part::Broken(dollar..text.len()));
            return parts;
        };
        let (name, default) = match text[inside..close].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&text[inside..close], None),
        };
        parts.push(if is_name(name) {
            Part::Variable {
                name,
                default,
                range: dollar..close + 1,
            }
        } else {
            Part::Broken(dollar..close + 1)
        });
        at = close + 1;
    }
    parts.push(Part::Text(&text[at..]));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, parse};

    fn expand(text: &str) -> (String, Vec<String>, Vec<Lookup>) {
        let environment = Environment::empty()
            .with("HOST", "shop.test")
            .with("EMPTY", "")
            .with("NULL", "null");
        let source = Source::new("x.yaml", format!("v: {text}\n"));
        let root = parse(&source).unwrap();
        let mut reader = Reader::new(&source);
        let mut resolver = Resolver::new(&environment, BTreeMap::new());
        let Kind::Map(entries) = resolver.expand(&root, &mut reader).kind else {
            panic!("a map")
        };
        let scalar = entries[0].1.scalar().unwrap();
        assert!(!entries[0].1.is_null());
        let problems = reader.finish().iter().map(ToString::to_string).collect();
        (scalar.text.clone(), problems, resolver.lookups(&[], &[]))
    }

    #[test]
    fn variables_defaults_and_escapes() {
        for (text, expanded) in [
            ("${HOST}", "shop.test"),
            ("http://${HOST}:80/${HOST}", "http://shop.test:80/shop.test"),
            ("${PORT:-http://127.0.0.1:8080}", "http://127.0.0.1:8080"),
            ("${HOST:-other}", "shop.test"),
            ("${EMPTY:-default}", "default"),
            ("\"${EMPTY:-}\"", ""),
            ("${NULL}", "null"),
            ("a $${HOST} b", "a ${HOST} b"),
            ("costs $5 {x}", "costs $5 {x}"),
            ("'^a$'", "^a$"),
            ("é${HOST}é", "éshop.testé"),
        ] {
            let (value, problems, _) = expand(text);
            assert_eq!(
                (value.as_str(), problems.len()),
                (expanded, 0),
                "{text} {problems:?}"
            );
        }
    }

    #[test]
    fn what_is_not_set_is_a_problem_with_a_place() {
        let (value, problems, _) = expand("\"a ${NOPE} ${EMPTY}\"");
        assert_eq!(value, "a ${NOPE} ${EMPTY}");
        assert!(problems[0].starts_with("x.yaml:1:7: the environment variable `NOPE` is not set"));
        assert!(problems[1].contains("`EMPTY` is empty"));
        assert!(problems[0].contains("${NOPE:-value}"));
        for broken in ["a ${", "a ${}", "a ${1}", "a ${A B}", "a ${é}"] {
            assert!(
                expand(&format!("'{broken}'")).1[0].contains("`$${`"),
                "{broken}"
            );
        }
    }

    #[test]
    fn lookups_name_the_origin_and_not_the_value() {
        let (_, _, lookups) = expand("${HOST} ${HOST} ${X:-1}");
        let shown = format!("{lookups:?}");
        assert_eq!(lookups.len(), 2, "{shown}");
        assert_eq!(lookups[1].origin, Origin::Default);
        assert!(!shown.contains("shop.test"));
    }
}
