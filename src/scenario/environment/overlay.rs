//! `environments:`: what is different in preview, staging, production. In: the tree of a file and the name that
//! `--env` chose; out: the tree with that environment's keys laid over it. Invariant: only nodes are moved, so
//! every value keeps its place in the file, and a secret of the file is a secret in each environment.

use super::Environment;
use crate::scenario::vocabulary::{DEFAULTS, FEEDER, LOADS, NOTIFY, OBSERVE, PROFILE, TLS, TRACE};
use crate::source::{Diagnostic, Key, Kind, Node, Reader, Shape, Span, Spanned, Type, closest};

const fn key(name: &'static str, kind: Type, about: &'static str) -> Key {
    Key { name, kind, about }
}

/// A feeder has one of these files.
pub(in crate::scenario) const FILES: [&str; 3] = ["csv", "json", "jsonl"];

/// The keys of an environment. Journeys are the same everywhere: there is no `flows` here.
pub(in crate::scenario) static ENVIRONMENT: Shape = Shape {
    name: "an environment",
    required: &[],
    keys: &[
        key(
            "target",
            Type::Text,
            "Where the system is in this environment.",
        ),
        key(
            "budgets",
            Type::Text,
            "The budget file of this environment, relative to this one.",
        ),
        key(
            "secrets",
            Type::Either(&[Type::Text, Type::List(&Type::Text)]),
            "Secrets beside those of the file: those stay secrets.",
        ),
        key(
            "allow",
            Type::Either(&[Type::Text, Type::List(&Type::Text)]),
            "Hosts of this environment which may get more than 50 requests a second; in the place of the file's.",
        ),
        key("tls", Type::Object(&TLS), "How servers are verified here."),
        key(
            "proxy",
            Type::Text,
            "The proxy before the hosts of this environment, or `off`.",
        ),
        key(
            "unix",
            Type::Text,
            "The Unix socket on which the target listens here.",
        ),
        key(
            "resolve",
            Type::MapOf(&Type::Either(&[Type::Text, Type::List(&Type::Text)])),
            "Addresses that are not looked up here; over the file's, key by key.",
        ),
        key(
            "dns",
            Type::Words(&crate::scenario::vocabulary::DNS),
            "How often host names are looked up here.",
        ),
        key(
            "ip",
            Type::Words(&crate::scenario::vocabulary::FAMILIES),
            "Which addresses of a host are used here.",
        ),
        key(
            "connections",
            Type::Words(&crate::scenario::vocabulary::CONNECTIONS),
            "Whose connections are used again here.",
        ),
        key(
            "keep_alive",
            Type::Boolean,
            "Whether connections are kept here.",
        ),
        key(
            "notify",
            Type::Object(&NOTIFY),
            "Who is told here how a run ended.",
        ),
        key(
            "observe",
            Type::Object(&OBSERVE),
            "What is read beside the load here.",
        ),
        key(
            "trace",
            Type::Either(&[Type::Quantity("1%"), Type::Object(&TRACE)]),
            "Traces of the requests here.",
        ),
        key(
            "http",
            Type::Words(&crate::scenario::vocabulary::HTTP),
            "Which version of HTTP is spoken here.",
        ),
        key(
            "streams",
            Type::Integer,
            "Requests at once on one HTTP/2 connection here.",
        ),
        key(
            "defaults",
            Type::Object(&DEFAULTS),
            "What holds here for every step that says nothing else; over the file's, key by key.",
        ),
        key(
            "variables",
            Type::MapOf(&Type::Anything),
            "Constants with another value here.",
        ),
        key(
            "data",
            Type::MapOf(&Type::Object(&FEEDER)),
            "Feeders with other rows here.",
        ),
        key(
            "profiles",
            Type::MapOf(&Type::Object(&PROFILE)),
            "Profiles with other amounts here, or more of them.",
        ),
    ],
};

/// A file's tree, with an environment laid over it or without.
#[derive(Debug)]
pub(in crate::scenario) struct Laid {
    /// The tree, without `environments:`.
    pub(in crate::scenario) root: Node,
    /// The environments of the file, in its order.
    pub(in crate::scenario) names: Vec<String>,
    /// Where the keys of the chosen one stand, those inside others too; nothing where none was chosen.
    pub(in crate::scenario) keys: Option<Vec<Span>>,
}

/// Takes `environments:` out of a tree and lays the chosen one over it. Keys that none of them may have are noted.
///
/// # Errors
/// There is no environment of that name.
pub(in crate::scenario) fn lay(
    mut root: Node,
    environment: &Environment,
    reader: &mut Reader<'_>,
) -> Result<Laid, Box<Diagnostic>> {
    let written = take(&mut root);
    let entries = written
        .as_ref()
        .and_then(|(_, node)| reader.map(node, "environments"))
        .unwrap_or_default();
    for (name, node) in &entries {
        check(name, node, reader);
    }
    let names: Vec<String> = entries.iter().map(|(name, _)| name.value.clone()).collect();
    let mut keys = None;
    if let Some(chosen) = environment.chosen() {
        let Some((_, node)) = entries.iter().find(|(name, _)| name.value == chosen) else {
            let span = written.as_ref().map_or(Span::new(0, 0), |(span, _)| *span);
            return Err(Box::new(unknown(chosen, &names, span, reader)));
        };
        keys.get_or_insert_with(Vec::new).extend(inside(node));
        over(&mut root, node);
    }
    Ok(Laid { root, names, keys })
}

/// The names of a file's environments, and whether it needs one of them to have a target.
pub(in crate::scenario) fn listed(mut root: Node) -> (Vec<String>, bool) {
    let names = match take(&mut root).map(|(_, node)| node.kind) {
        Some(Kind::Map(entries)) => entries.into_iter().map(|(name, _)| name.value).collect(),
        _ => Vec::new(),
    };
    let targeted = matches!(&root.kind, Kind::Map(entries) if entries.iter().any(|(key, _)| key.value == "target"));
    (names, !targeted)
}

impl Laid {
    /// The problem in better words, where the file leaves to its environments what is missing.
    pub(in crate::scenario) fn explain(&self, mut problem: Diagnostic) -> Diagnostic {
        let missing = problem.code == "T0202" && problem.message.ends_with("needs `target:`");
        if let (true, None, Some(first)) = (missing, &self.keys, self.names.first()) {
            problem.help = Some(format!(
                "choose one of its environments ({}), e.g. `--env {first}`, or add `target:`",
                self.names.join(", ")
            ));
        }
        problem
    }
}

/// The places of all keys of a tree.
fn inside(node: &Node) -> Vec<Span> {
    let Kind::Map(entries) = &node.kind else {
        return Vec::new();
    };
    let of = |(key, node): &(Spanned<String>, Node)| {
        let mut keys = inside(node);
        keys.push(key.span);
        keys
    };
    entries.iter().flat_map(of).collect()
}

/// Removes `environments:` from a file's map: the place of the key and what is behind it.
fn take(root: &mut Node) -> Option<(Span, Node)> {
    let Kind::Map(entries) = &mut root.kind else {
        return None;
    };
    let at = entries
        .iter()
        .position(|(key, _)| key.value == "environments")?;
    let (key, node) = entries.remove(at);
    Some((key.span, node))
}

fn check(name: &Spanned<String>, node: &Node, reader: &mut Reader<'_>) {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if name.value.is_empty() || !name.value.chars().all(plain) {
        reader.error(
            "T0722",
            name.span,
            format!("`{}` cannot name an environment", name.value.escape_debug()),
            "use letters, digits, `-`, `_` and `.`: it is typed behind `--env`",
        );
    }
    if !node.is_null() {
        reader.object(node, &ENVIRONMENT);
    }
}

fn unknown(chosen: &str, names: &[String], span: Span, reader: &Reader<'_>) -> Diagnostic {
    let help = match closest(chosen, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `--env {near}`?"),
        None if names.is_empty() => String::from(
            "add it: `environments: { staging: { target: https://staging.shop.test } }`",
        ),
        None => format!("the file has: {}", names.join(", ")),
    };
    let message = format!("there is no environment `{}`", chosen.escape_debug());
    Diagnostic::error("T0721", reader.source(), span, message).help(help)
}

/// Lays an environment's keys over those of the file.
fn over(root: &mut Node, environment: &Node) {
    let (Kind::Map(base), Kind::Map(entries)) = (&mut root.kind, &environment.kind) else {
        return;
    };
    for (key, node) in entries {
        let Some((place, old)) = base.iter_mut().find(|(k, _)| k.value == key.value) else {
            base.push((key.clone(), node.clone()));
            continue;
        };
        match key.value.as_str() {
            "secrets" => add(old, node),
            "profiles" => named(old, node, &LOADS),
            "data" => named(old, node, &FILES),
            _ => {
                *place = key.clone();
                deep(old, node);
            }
        }
    }
}

/// Maps key by key; anything else is replaced.
fn deep(base: &mut Node, node: &Node) {
    let (Kind::Map(old), Kind::Map(new)) = (&mut base.kind, &node.kind) else {
        *base = node.clone();
        return;
    };
    for (key, value) in new {
        match old.iter_mut().find(|(k, _)| k.value == key.value) {
            Some((place, below)) => {
                *place = key.clone();
                deep(below, value);
            }
            None => old.push((key.clone(), value.clone())),
        }
    }
}

/// Entries that are of one kind each: one of another kind takes the whole place of the file's, since the keys
/// beside the old kind would mean nothing.
fn named(base: &mut Node, node: &Node, kinds: &[&str]) {
    let (Kind::Map(old), Kind::Map(new)) = (&mut base.kind, &node.kind) else {
        *base = node.clone();
        return;
    };
    for (key, value) in new {
        match old.iter_mut().find(|(k, _)| k.value == key.value) {
            Some((place, below)) => {
                *place = key.clone();
                let says = kind(value, kinds);
                if says.is_some() && says != kind(below, kinds) {
                    *below = value.clone();
                } else {
                    deep(below, value);
                    // Weights say something beside each other: those of an environment are all there are.
                    whole(below, value, "flows");
                }
            }
            None => old.push((key.clone(), value.clone())),
        }
    }
}

/// Puts what stands behind a key in the place of what stood there.
fn whole(base: &mut Node, node: &Node, name: &str) {
    let (Kind::Map(old), Kind::Map(new)) = (&mut base.kind, &node.kind) else {
        return;
    };
    let of = |(key, _): &&(Spanned<String>, Node)| key.value == name;
    if let Some(given) = new.iter().find(of) {
        let below = old.iter_mut().find(|(key, _)| key.value == name);
        below.into_iter().for_each(|old| *old = given.clone());
    }
}

pub(in crate::scenario) fn kind<'k>(node: &Node, kinds: &[&'k str]) -> Option<&'k str> {
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    let has = |kind: &&&str| entries.iter().any(|(key, _)| key.value == ***kind);
    kinds.iter().find(has).copied()
}

/// Both lists, one behind the other.
pub(in crate::scenario) fn add(base: &mut Node, node: &Node) {
    let items = |node: &Node| match &node.kind {
        Kind::List(items) => items.clone(),
        _ if node.is_null() => Vec::new(),
        _ => vec![node.clone()],
    };
    let mut all = items(base);
    for item in items(node) {
        let text = |node: &Node| node.scalar().map(|scalar| scalar.text.clone());
        if !all.iter().any(|known| text(known) == text(&item)) {
            all.push(item);
        }
    }
    base.kind = Kind::List(all);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::SCENARIO;
    use crate::source::{Source, parse};

    const FILE: &str = "\
target: http://a.test
secrets: [A]
allow: [a.test, b.test]
defaults: { timeout: 1s, headers: { x: 1, y: 2 } }
profiles: { load: { users: 3, duration: 1m }, more: { rate: 1 req/s, duration: 1m, flows: { a: 1, b: 2 } } }
environments:
  staging:
    target: http://s.test
    secrets: [B, A]
    allow: [s.test]
    defaults: { headers: { y: 3 } }
    profiles: { load: { rate: 5 req/s }, more: { duration: 2m, flows: { b: 3 } } }
";

    fn lay_over(text: &str, chosen: &str) -> Result<(Laid, Vec<String>), String> {
        let source = Source::new("x.yaml", text);
        let mut reader = Reader::new(&source);
        let environment = Environment::empty().with_chosen(chosen);
        let laid = lay(parse(&source).unwrap(), &environment, &mut reader)
            .map_err(|problem| problem.to_string())?;
        let problems = reader.finish().iter().map(ToString::to_string).collect();
        Ok((laid, problems))
    }

    /// The tree on one line.
    fn shown(node: &Node) -> String {
        match &node.kind {
            Kind::Scalar(scalar) => scalar.text.clone(),
            Kind::List(items) => {
                let items: Vec<String> = items.iter().map(shown).collect();
                format!("[{}]", items.join(" "))
            }
            Kind::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, node)| format!("{}:{}", key.value, shown(node)))
                    .collect();
                format!("{{{}}}", entries.join(" "))
            }
        }
    }

    #[test]
    fn maps_are_laid_over_each_other_and_the_rest_is_replaced() {
        let (laid, problems) = lay_over(FILE, "staging").unwrap();
        assert_eq!(problems, [""; 0]);
        assert_eq!(
            shown(&laid.root),
            "{target:http://s.test secrets:[A B] allow:[s.test] \
             defaults:{timeout:1s headers:{x:1 y:3}} \
             profiles:{load:{rate:5 req/s} more:{rate:1 req/s duration:2m flows:{b:3}}}}"
        );
        let Kind::Map(entries) = &laid.root.kind else {
            panic!("a map")
        };
        assert_eq!(&FILE[entries[0].1.span.range()], "http://s.test");
        let after = FILE.find("staging").unwrap();
        let keys = laid.keys.unwrap();
        assert_eq!(keys.len(), 13);
        assert!(keys.iter().all(|key| key.start > after));
    }

    #[test]
    fn unknown_names_and_keys_are_told() {
        let problem = lay_over(FILE, "stagign").unwrap_err();
        assert!(
            problem.contains("did you mean `--env staging`?"),
            "{problem}"
        );
        assert!(problem.starts_with("x.yaml:6:1"), "{problem}");
        let problem = lay_over("target: x", "staging").unwrap_err();
        assert!(problem.contains("environments: {"), "{problem}");
        let (_, problems) =
            lay_over("environments: { a: {}, b: { flows: {} }, 'c=d': ~ }", "a").unwrap();
        assert!(
            problems[0].contains("`flows` in an environment"),
            "{problems:?}"
        );
        assert!(problems[1].contains("`c=d` cannot name"), "{problems:?}");
    }

    #[test]
    fn an_environment_has_only_keys_of_the_file() {
        for key in ENVIRONMENT.keys.iter().filter(|k| k.name != "variables") {
            assert!(
                SCENARIO.keys.iter().any(|k| k.name == key.name),
                "{}",
                key.name
            );
            assert!(key.about.ends_with('.'));
        }
    }
}
