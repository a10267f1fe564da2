//! The tables of keys in `docs/scenario.md` and `docs/policies.md`, and that each key is in an example.

use super::examples::{Example, examples};
use super::{code, golden, page, row};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use tollgate::scenario::SCENARIO;
use tollgate::source::{Kind, Node, Shape, Source, Type, parse};

type Shapes = BTreeMap<&'static str, &'static Shape>;

fn shapes(shape: &'static Shape, all: &mut Shapes) {
    if all.insert(shape.name, shape).is_none() {
        for key in shape.keys {
            inside(key.kind, all);
        }
    }
}

fn inside(kind: Type, all: &mut Shapes) {
    match kind {
        Type::Object(shape) => shapes(shape, all),
        Type::List(kind) | Type::MapOf(kind) => inside(*kind, all),
        Type::Either(kinds) => kinds.iter().for_each(|kind| inside(*kind, all)),
        _ => {}
    }
}

fn every_shape() -> Shapes {
    let mut all = Shapes::new();
    shapes(&SCENARIO, &mut all);
    all
}

/// What may stand behind a key, in words.
fn words(kind: Type) -> String {
    match kind {
        Type::Text => "text".into(),
        Type::Integer => "whole number".into(),
        Type::Boolean => "`true`, `false`".into(),
        Type::Quantity(example) => format!("such as `{example}`"),
        Type::Words(words) => {
            let words: Vec<String> = words.iter().map(|word| code(word)).collect();
            words.join(", ")
        }
        Type::List(kind) => format!("list: {}", words(*kind)),
        Type::MapOf(kind) => format!("`name:` {}", words(*kind)),
        Type::Object(shape) => format!("map ({})", shape.name),
        Type::Either(kinds) => {
            let kinds: Vec<String> = kinds.iter().map(|kind| words(*kind)).collect();
            kinds.join(" or ")
        }
        Type::Anything => "anything".into(),
        Type::Nothing => "nothing".into(),
    }
}

fn table(shape: &Shape) -> String {
    let mut text = row(&["Key", "Value", "Meaning"].map(str::to_owned))
        + &row(&["---", "---", "---"].map(str::to_owned));
    for key in shape.keys {
        let must = if shape.required.contains(&key.name) {
            "**Required.** "
        } else {
            ""
        };
        text += &row(&[
            code(key.name),
            words(key.kind),
            format!("{must}{}", key.about),
        ]);
    }
    text
}

#[test]
fn every_key_is_in_the_reference() {
    let all = every_shape();
    let mut told = BTreeSet::new();
    for name in super::PAGES {
        golden(name, &filled(&page(name), &all, &mut told));
    }
    let missing: Vec<_> = all.keys().filter(|name| !told.contains(*name)).collect();
    assert!(missing.is_empty(), "no table for {missing:?}");
}

/// The page with its tables made anew.
fn filled(page: &str, all: &Shapes, told: &mut BTreeSet<&'static str>) -> String {
    let mut parts = page.split("<!-- keys: ");
    let mut made = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(" -->").unwrap();
        let (_, behind) = rest.split_once("<!-- end -->").unwrap();
        let shape = all
            .get(name)
            .unwrap_or_else(|| panic!("no map is called `{name}`"));
        told.insert(shape.name);
        write!(
            made,
            "<!-- keys: {name} -->\n{}<!-- end -->{behind}",
            table(shape)
        )
        .unwrap();
    }
    made
}

/// Notes the keys of a tree, as far as the vocabulary knows them.
fn note(node: &Node, kind: Type, seen: &mut BTreeSet<String>) {
    match (kind, &node.kind) {
        (Type::Object(shape), Kind::Map(entries)) => {
            for (name, node) in entries {
                if let Some(key) = shape.keys.iter().find(|key| key.name == name.value) {
                    seen.insert(format!("{}: {}", shape.name, key.name));
                    note(node, key.kind, seen);
                }
            }
        }
        (Type::MapOf(kind), Kind::Map(entries)) => {
            entries.iter().for_each(|(_, node)| note(node, *kind, seen));
        }
        (Type::List(kind), Kind::List(items)) => {
            items.iter().for_each(|node| note(node, *kind, seen));
        }
        (Type::Either(kinds), _) => kinds.iter().for_each(|kind| note(node, *kind, seen)),
        _ => {}
    }
}

#[test]
fn every_key_is_in_an_example_that_is_run() {
    let mut seen = BTreeSet::new();
    for Example { file, .. } in examples() {
        let tree = parse(&Source::new("s.yaml", file)).unwrap();
        note(&tree, Type::Object(&SCENARIO), &mut seen);
    }
    let all = every_shape();
    let keys = all.values().flat_map(|shape| {
        shape
            .keys
            .iter()
            .map(|key| format!("{}: {}", shape.name, key.name))
    });
    let missing: Vec<String> = keys.filter(|key| !seen.contains(key)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
