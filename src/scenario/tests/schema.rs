//! What editors are told: the schema accepts what is read, and the example uses all of it.

use super::example::EVERYTHING;
use super::*;
use crate::source::{Kind, Node, Shape, Type, json_schema};
use std::collections::BTreeSet;

/// YAML as editors see it.
fn json(node: &Node) -> serde_json::Value {
    match &node.kind {
        Kind::Map(entries) => {
            let pair = |(key, node): &(Spanned<String>, Node)| (key.value.clone(), json(node));
            serde_json::Value::Object(entries.iter().map(pair).collect())
        }
        Kind::List(items) => items.iter().map(json).collect(),
        Kind::Scalar(_) if node.is_null() => serde_json::Value::Null,
        Kind::Scalar(scalar) => serde_json::from_str(&scalar.text)
            .ok()
            .filter(|value: &serde_json::Value| scalar.plain && !value.is_string())
            .unwrap_or_else(|| scalar.text.clone().into()),
    }
}

fn tree(text: &str) -> serde_json::Value {
    json(&crate::source::parse(&Source::new("x.yaml", text)).unwrap())
}

#[test]
fn editors_accept_every_scenario() {
    let schema = json_schema(&SCENARIO, "tollgate scenario");
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut texts = vec![SHOP.to_owned(), EVERYTHING.to_owned()];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "yaml") {
            texts.push(std::fs::read_to_string(path).unwrap());
        }
    }
    assert!(texts.len() >= 5);
    for text in &texts {
        let error = |e: jsonschema::ValidationError<'_>| format!("{}: {e}", e.instance_path());
        let errors: Vec<String> = validator.iter_errors(&tree(text)).map(error).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    for (right, wrong) in [
        ("limit: 5", "limt: 5"),
        ("parallel: 4", "parallel: many"),
        ("every: 500ms", "evry: 500ms"),
        ("- options: /", "- optoins: /"),
    ] {
        let text = EVERYTHING.replace(right, wrong);
        assert!(!validator.is_valid(&tree(&text)), "{wrong}");
    }
}

#[test]
fn the_example_uses_every_key() {
    let (mut seen, mut all) = (BTreeSet::new(), BTreeSet::new());
    keys(&SCENARIO, &mut seen, &mut all);
    let used = |key: &&String| {
        let name = key.rsplit(": ").next().unwrap();
        EVERYTHING.contains(&format!("{name}:"))
    };
    let missing: Vec<&String> = all.iter().filter(|key| !used(key)).collect();
    let elsewhere = ["tls: ca", "tls: cert"];
    assert_eq!(
        missing, elsewhere,
        "real files, and no sense beside `insecure`"
    );
}

fn keys(shape: &'static Shape, seen: &mut BTreeSet<&'static str>, all: &mut BTreeSet<String>) {
    if !seen.insert(shape.name) {
        return;
    }
    for key in shape.keys {
        all.insert(format!("{}: {}", shape.name, key.name));
        inside(key.kind, seen, all);
    }
}

fn inside(kind: Type, seen: &mut BTreeSet<&'static str>, all: &mut BTreeSet<String>) {
    match kind {
        Type::Object(shape) => keys(shape, seen, all),
        Type::List(kind) | Type::MapOf(kind) => inside(*kind, seen, all),
        Type::Either(kinds) => kinds.iter().for_each(|kind| inside(*kind, seen, all)),
        _ => {}
    }
}
