//! The schema that editors use, against the files that users copy, and against what it must refuse.

use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;
use tollgate::scenario::SCENARIO;
use tollgate::source::{Kind, Node, Source, json_schema, parse};

/// A tree as an editor's YAML reader sees it.
fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::List(items) => items.iter().map(value).collect(),
        Kind::Map(entries) => {
            let entry = |(key, node): &(tollgate::source::Spanned<String>, Node)| {
                (key.value.clone(), value(node))
            };
            Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        Kind::Scalar(_) if node.is_null() => Value::Null,
        Kind::Scalar(scalar) if scalar.plain => match scalar.text.as_str() {
            "true" => json!(true),
            "false" => json!(false),
            text => text
                .parse::<i64>()
                .map(Value::from)
                .or_else(|_| text.parse::<f64>().map(Value::from))
                .unwrap_or_else(|_| json!(text)),
        },
        Kind::Scalar(scalar) => json!(scalar.text),
    }
}

fn read(text: &str) -> Value {
    value(&parse(&Source::new("x.yaml", text)).unwrap())
}

#[test]
fn every_scenario_of_the_repository_follows_the_schema() {
    let schema = json_schema(&SCENARIO, "A tollgate scenario");
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "yaml") {
            continue;
        }
        let document = read(&fs::read_to_string(&path).unwrap());
        let problems: Vec<String> = validator
            .iter_errors(&document)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let schema = json_schema(&SCENARIO, "A tollgate scenario");
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let good = "target: http://a.test\nflows: { f: { steps: [{ get: / }] } }\n";
    assert!(validator.is_valid(&read(good)));
    for more in [
        "tragets: x",
        "tls: { insecure: yes }",
        "data: { d: { csv: a.csv, order: shufled } }",
        "environments: { staging: { flows: {} } }",
        "environments: { staging: { tls: { insecur: true } } }",
        "profiles: { smoke: { passes: one } }",
        "connections: alone",
    ] {
        assert!(
            !validator.is_valid(&read(&format!("{good}{more}\n"))),
            "{more}"
        );
    }
}

/// What stands deep in blocks, fragments and setup is looked at like what stands in a flow.
#[test]
fn the_schema_follows_steps_into_steps() {
    let schema = json_schema(&SCENARIO, "A tollgate scenario");
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let places = [
        "flows: { f: { steps: [{ repeat: 2, steps: [{ group: g, steps: [STEP] }] }] } }",
        "flows: { f: { steps: [{ when: a exists, steps: [{ each: a in b, steps: [STEP] }] }] } }",
        "fragments: { g: { with: { a: 1, b: }, steps: [{ repeat: 2, steps: [STEP] }] } }",
        "setup: [STEP]",
        "teardown: { run: [STEP], user: [STEP] }",
    ];
    for place in places {
        let fits = |step: &str| {
            let flows = if place.starts_with("flows") {
                ""
            } else {
                "flows: { f: { steps: [{ get: / }] } }\n"
            };
            let text = format!(
                "target: http://a.test\n{flows}{}\n",
                place.replace("STEP", step)
            );
            validator.is_valid(&read(&text))
        };
        for good in [
            "{ get: /, auth: none, retry: 2, until: { check: status == 200, every: 1s, within: 5s } }",
            "{ graphql: /api, query: \"{ a }\", variables: { a: [1] }, expect: { a: B }, errors: allowed }",
            "{ post: /, auth: { basic: { user: a, password: b } }, retry: { times: 1, pause: 1s } }",
            "{ post: /, multipart: { a: b, c: { file: d, type: image/png } }, tags: [slow] }",
        ] {
            assert!(fits(good), "{place}: {good}");
        }
        for bad in [
            "{ gte: / }",
            "{ get: /, auth: nobody }",
            "{ get: /, auth: { basic: { user: a } } }",
            "{ get: /, until: { check: status == 200, every: 1s } }",
            "{ graphql: /api, errors: ignored }",
            "{ post: /, multipart: { c: { file: d, typ: image/png } } }",
            "{ repeat: 2, steps: [{ gte: / }] }",
        ] {
            assert!(!fits(bad), "{place}: {bad}");
        }
    }
}

/// Editors show a sentence for every key, wherever it stands.
#[test]
fn every_key_is_described() {
    fn walk(schema: &Value, path: &str, missing: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                let told = property["description"]
                    .as_str()
                    .is_some_and(|d| d.ends_with('.'));
                if !told {
                    missing.push(format!("{path}.{name}"));
                }
            }
        }
        let definitions = schema.get("definitions").and_then(Value::as_object);
        for (name, definition) in definitions.into_iter().flatten() {
            walk(definition, name, missing);
        }
    }
    let mut missing = Vec::new();
    walk(
        &json_schema(&SCENARIO, "A tollgate scenario"),
        "",
        &mut missing,
    );
    assert!(missing.is_empty(), "{missing:?}");
}
