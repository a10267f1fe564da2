//! One tree under another. In: the trees of a file and of those that it includes; out: one tree, and where two included
//! files say different things. Invariant: what a file says itself wins over what it includes, key by key.

use crate::scenario::environment::overlay::{FILES, add, kind};
use crate::scenario::vocabulary::LOADS;
use crate::source::{Diagnostic, Kind, Node, Source, Span, Spanned};

type Entries = Vec<(Spanned<String>, Node)>;

/// A key with two values.
#[derive(Debug)]
pub(super) struct Conflict {
    /// From the top of the file: `defaults.timeout`.
    key: String,
    /// Where it stands first.
    first: Span,
    /// And then.
    second: Span,
}

/// Puts the entries of an included file, or of an environment in it, under those of a file.
pub(super) fn under(own: &mut Node, included: Node) {
    let (Kind::Map(own), Kind::Map(entries)) = (&mut own.kind, included.kind) else {
        return;
    };
    for (key, node) in entries {
        let Some((_, mine)) = own.iter_mut().find(|(k, _)| k.value == key.value) else {
            own.push((key, node));
            continue;
        };
        match key.value.as_str() {
            "secrets" => add(mine, &node),
            // Two of one name are told where they are read.
            "fragments" => extend(mine, node),
            "environments" => each(mine, node, environment),
            "profiles" => each(mine, node, |mine, node| same_kind(mine, node, &LOADS)),
            "data" => each(mine, node, |mine, node| same_kind(mine, node, &FILES)),
            _ => fill(mine, node),
        }
    }
}

/// One that says nothing here is still there: it has a name that `--env` can choose.
fn environment(own: &mut Node, node: Node) {
    if own.is_null() {
        *own = node;
    } else {
        under(own, node);
    }
}

/// Maps key by key; anything else stays.
fn fill(own: &mut Node, node: Node) {
    each(own, node, fill);
}

/// The entries that are not there yet; `merge` takes those that are.
fn each(own: &mut Node, node: Node, merge: impl Fn(&mut Node, Node)) {
    let (Kind::Map(own), Kind::Map(entries)) = (&mut own.kind, node.kind) else {
        return;
    };
    for (key, node) in entries {
        match own.iter_mut().find(|(k, _)| k.value == key.value) {
            Some((_, mine)) => merge(mine, node),
            None => own.push((key, node)),
        }
    }
}

fn extend(own: &mut Node, node: Node) {
    if let (Kind::Map(own), Kind::Map(entries)) = (&mut own.kind, node.kind) {
        own.extend(entries);
    }
}

/// Entries that are of one kind each: beside another kind the keys would mean nothing. The flows of a profile are one
/// value.
fn same_kind(own: &mut Node, mut node: Node, kinds: &[&str]) {
    let says = kind(own, kinds);
    if says.is_some() && kind(&node, kinds).is_some_and(|other| Some(other) != says) {
        return;
    }
    if let (Kind::Map(entries), Some(_)) = (&mut node.kind, member(own, "flows")) {
        entries.retain(|(key, _)| key.value != "flows");
    }
    fill(own, node);
}

/// What two included files say differently and the file itself does not say.
pub(super) fn conflicts((first, second): (&Node, &Node), own: &Node) -> Vec<Conflict> {
    let mut found = Vec::new();
    let (Kind::Map(first), Kind::Map(second)) = (&first.kind, &second.kind) else {
        return found;
    };
    differing("", (first, second), Some(own), &mut found);
    found
}

fn differing(
    path: &str,
    (first, second): (&Entries, &Entries),
    own: Option<&Node>,
    found: &mut Vec<Conflict>,
) {
    for (key, node) in second {
        let name = key.value.as_str();
        // Secrets add up, and fragments have words of their own.
        let apart = path.is_empty() && matches!(name, "secrets" | "fragments" | "include")
            || path.starts_with("environments.") && name == "secrets";
        let before = first.iter().find(|(k, _)| k.value == name);
        let Some((place, before)) = before.filter(|_| !apart) else {
            continue;
        };
        let own = own.and_then(|own| member(own, name));
        let path = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        match (&before.kind, &node.kind, own.map(|own| &own.kind)) {
            (Kind::Map(a), Kind::Map(b), None | Some(Kind::Map(_))) => {
                differing(&path, (a, b), own, found);
            }
            (_, _, None) if !equal(before, node) => found.push(Conflict {
                key: path,
                first: place.span,
                second: key.span,
            }),
            _ => {}
        }
    }
}

/// A conflict in words; `file` is the one that includes both.
pub(super) fn told(conflict: &Conflict, source: &Source, file: &str) -> Diagnostic {
    let (line, _) = source.position(conflict.first.start);
    let (first, _) = source.place(conflict.first);
    let key = conflict.key.escape_debug();
    let message = format!("`{key}` is something else in {first}, line {line}");
    let help = format!("leave it to one of the two, or say it in {file}, which wins over both");
    Diagnostic::error("T0716", source, conflict.second, message).help(help)
}

fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    let found = entries.iter().find(|(key, _)| key.value == name);
    found.map(|(_, node)| node)
}

/// The same text, wherever it stands.
fn equal(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Scalar(a), Kind::Scalar(b)) => a == b,
        (Kind::List(a), Kind::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Kind::Map(a), Kind::Map(b)) => {
            let mut pairs = a.iter().zip(b);
            a.len() == b.len() && pairs.all(|(a, b)| a.0.value == b.0.value && equal(&a.1, &b.1))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::parse;

    fn tree(text: &str) -> Node {
        parse(&Source::new("x.yaml", text)).unwrap()
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
                let of = |(key, node): &(Spanned<String>, Node)| {
                    format!("{}:{}", key.value, shown(node))
                };
                let entries: Vec<String> = entries.iter().map(of).collect();
                format!("{{{}}}", entries.join(" "))
            }
        }
    }

    #[test]
    fn what_a_file_says_wins_over_what_it_includes() {
        for (own, included, together) in [
            ("{ a: 1 }", "{ a: 2, b: 3 }", "{a:1 b:3}"),
            ("{ a: [1] }", "{ a: [2, 3] }", "{a:[1]}"),
            ("{ a: ~ }", "{ a: { b: 1 } }", "{a:~}"),
            (
                "{ defaults: { headers: { x: 1 } } }",
                "{ defaults: { timeout: 1s, headers: { x: 2, y: 2 } } }",
                "{defaults:{headers:{x:1 y:2} timeout:1s}}",
            ),
            ("{ secrets: [A] }", "{ secrets: [B, A] }", "{secrets:[A B]}"),
            (
                "{ fragments: { a: 1 } }",
                "{ fragments: { a: 2, b: 3 } }",
                "{fragments:{a:1 a:2 b:3}}",
            ),
            (
                "{ flows: { f: { weight: 3 } } }",
                "{ flows: { f: { weight: 1, steps: [] }, g: { steps: [] } } }",
                "{flows:{f:{weight:3 steps:[]} g:{steps:[]}}}",
            ),
            (
                "{ profiles: { p: { users: 3 }, q: { duration: 2m, flows: { a: 1 } } } }",
                "{ profiles: { p: { rate: 1 req/s, ramp: 1s }, q: { users: 1, flows: { b: 1 } } } }",
                "{profiles:{p:{users:3} q:{duration:2m flows:{a:1} users:1}}}",
            ),
            (
                "{ data: { d: { csv: a } } }",
                "{ data: { d: { json: b, per: run } } }",
                "{data:{d:{csv:a}}}",
            ),
            (
                "{ environments: { s: { secrets: [A], target: x }, t: } }",
                "{ environments: { s: { secrets: [B], target: y, ip: 4 }, t: { ip: 6 } } }",
                "{environments:{s:{secrets:[A B] target:x ip:4} t:{ip:6}}}",
            ),
        ] {
            let mut root = tree(own);
            under(&mut root, tree(included));
            assert_eq!(shown(&root), together, "{own} over {included}");
        }
    }

    #[test]
    fn included_files_may_not_contradict_each_other_where_their_reader_says_nothing() {
        for (first, second, own, keys) in [
            ("{ a: 1 }", "{ a: 1 }", "{}", ""),
            ("{ a: 1 }", "{ b: 2 }", "{}", ""),
            ("{ a: 1 }", "{ a: 2 }", "{}", "a"),
            ("{ a: 1 }", "{ a: 2 }", "{ a: 3 }", ""),
            ("{ a: [1, 2] }", "{ a: [1, 2] }", "{}", ""),
            ("{ a: [1, 2] }", "{ a: [2, 1] }", "{}", "a"),
            ("{ a: '1' }", "{ a: 1 }", "{}", "a"),
            (
                "{ a: { b: 1, c: 2 } }",
                "{ a: { b: 2, c: 3 } }",
                "{}",
                "a.b a.c",
            ),
            (
                "{ a: { b: 1, c: 2 } }",
                "{ a: { b: 2, c: 3 } }",
                "{ a: { b: 0 } }",
                "a.c",
            ),
            ("{ a: { b: 1 } }", "{ a: 1 }", "{}", "a"),
            ("{ a: { b: 1 } }", "{ a: { b: 2 } }", "{ a: off }", ""),
            ("{ secrets: [A] }", "{ secrets: [B] }", "{}", ""),
            (
                "{ fragments: { a: 1 } }",
                "{ fragments: { a: 2 } }",
                "{}",
                "",
            ),
            (
                "{ environments: { s: { secrets: [A], ip: 4 } } }",
                "{ environments: { s: { secrets: [B], ip: 6 } } }",
                "{}",
                "environments.s.ip",
            ),
        ] {
            let found = conflicts((&tree(first), &tree(second)), &tree(own));
            let found: Vec<&str> = found.iter().map(|c| c.key.as_str()).collect();
            assert_eq!(found.join(" "), keys, "{first} {second} {own}");
        }
    }
}
