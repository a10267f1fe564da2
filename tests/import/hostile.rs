//! Documents that are broken or mean harm: refused with place and fix, or taken over as far as they go; never a panic,
//! never a secret in the output.

use crate::support::cli::Bench;
use serde_json::{Value, json};
use std::fmt::Write as _;
use tollgate::import::{Imported, Options, import};
use tollgate::source::Source;

fn read(text: &str) -> Result<Imported, String> {
    import(&Source::new("api.yaml", text), &Options::default()).map_err(|error| error.to_string())
}

#[test]
fn what_cannot_be_imported_says_where_and_why() {
    let deep = format!(
        "{{\"openapi\":\"3.0.0\",\"paths\":{}1{}}}",
        "[".repeat(400),
        "]".repeat(400)
    );
    let mut aliases = String::from("openapi: 3.0.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..9 {
        let before = format!("*a{}, ", i - 1).repeat(10);
        writeln!(aliases, "a{i}: &a{i} [{}]", before.trim_end_matches(", ")).unwrap();
    }
    for (text, says) in [
        ("", "api.yaml: the file is empty"),
        ("swagger: \"2.0\"", "this is Swagger 2.0; convert it"),
        (
            "openapi: 4.0.0",
            "OpenAPI 4.0.0 is not read; 3.0 and 3.1 are",
        ),
        ("a: b", "not a document that can be imported; OpenAPI has"),
        (
            "{\"openapi\": \"3.0.0\",\n  \"paths\": }",
            "api.yaml:2:12: not valid JSON: expected value",
        ),
        ("openapi: 3.0.0\npaths: [", "api.yaml:2:"),
        (
            "openapi: 3.0.0\npaths: {}",
            "api.yaml: #/paths: there are no operations to take over",
        ),
        (&deep, "nested too deep; at most 127 levels"),
        (
            &aliases,
            "too large or nested too deep once its aliases are written out; write it as JSON",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

/// A document with one operation.
fn one(path: &str, operation: &Value, components: &Value) -> String {
    json!({ "openapi": "3.1.0", "info": { "title": "t" }, "paths": { path: { "post": operation } }, "components": components }).to_string()
}

#[test]
fn circles_end() {
    let circle = json!({ "schemas": {
        "A": { "$ref": "#/components/schemas/B" }, "B": { "$ref": "#/components/schemas/A" },
        "Tree": { "type": "object", "required": ["child", "name"], "properties": { "child": { "$ref": "#/components/schemas/Tree" }, "name": { "type": "string" } } },
        "Fan": { "allOf": vec![json!({ "$ref": "#/components/schemas/Fan" }); 50] },
        "Odd": { "oneOf": [{ "$ref": "#/components/schemas/Odd" }] },
    } });
    for schema in ["A", "Tree", "Fan", "Odd"] {
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        let content = json!({ "content": { "application/json": { "schema": schema } } });
        let operation = json!({ "requestBody": content, "responses": { "200": content } });
        match read(&one("/x", &operation, &circle)) {
            Ok(imported) => assert_eq!(imported.steps, 1),
            Err(error) => assert!(error.contains("more and more references"), "{error}"),
        }
    }
    let other = json!({ "requestBody": { "$ref": "other.yaml#/a" }, "responses": {} });
    let left = read(&one("/x", &other, &json!({}))).unwrap().left;
    assert!(
        left[0]
            .what
            .contains("is in another file; bundle the document first"),
        "{left:?}"
    );
}

#[test]
fn secrets_of_the_document_do_not_reach_the_scenario() {
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2VjcmV0";
    let secret = json!({ "type": "string", "example": "hunter2" });
    let operation = json!({
        "parameters": [
            { "name": "X-Api-Key", "in": "header", "required": true, "example": "hunter2", "schema": { "type": "string" } },
            { "name": "token", "in": "query", "required": true, "example": "hunter2" },
            { "name": "sid", "in": "cookie", "required": true, "example": token },
            { "name": "secret", "in": "path", "required": true, "example": "hunter2" },
        ],
        "requestBody": { "content": { "application/json": {
            "example": { "user": { "password": "hunter2", "pin": 471_147_114_711_u64, "note": format!("Bearer {token}") }, "list": [{ "client_secret": "hunter2" }] },
        } } },
        "responses": { "200": { "description": "ok", "content": { "application/json": { "schema": {
            "type": "object", "required": ["password"], "properties": { "password": secret } } } } } },
    });
    let text = json!({
        "openapi": "3.0.0",
        "servers": [{ "url": "https://ann:hunter2@shop.test/v1" }],
        "paths": { "/a/{secret}": { "post": operation } },
    });
    let bench = Bench::new(&[("a.json", &text.to_string())]);
    let ran = bench
        .run(&["import", "a.json", "--out", "s.yaml"])
        .expect(0);
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    for out in [&scenario, &ran.stderr, &ran.stdout] {
        assert!(
            !out.contains("hunter2") && !out.contains("471147114711") && !out.contains("eyJ"),
            "{out}"
        );
    }
    bench.run(&["validate", "s.yaml"]).expect(0);
}

#[test]
fn what_the_document_says_is_text_and_not_scenario() {
    let operation = json!({
        "operationId": "x\n- get: /evil", "summary": "\u{1b}[31m",
        "parameters": [{ "name": "a{{b", "in": "query", "required": true, "example": "${HOME} {{ env(\"HOME\") }} $${x}" }],
        "requestBody": { "content": { "application/json": { "example": { "{{ x }}": "{{ uuid() }}", "y": "a: b # c\n- d" } } } },
        "responses": { "201": { "description": "" } },
    });
    let text = one("/a b/ü", &operation, &json!({}));
    let bench = Bench::new(&[("a.json", &text)]);
    let ran = bench
        .run(&[
            "import",
            "a.json",
            "--out",
            "s.yaml",
            "--target",
            "http://127.0.0.1:1",
        ])
        .expect(0);
    assert!(!ran.stderr.contains('\u{1b}'));
    bench.run(&["validate", "s.yaml"]).expect(0);
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    assert!(
        scenario.contains("$${HOME} {{ \\\"{{\\\" }} env("),
        "{scenario}"
    );
}

/// Everything of a kind that must never be in the output.
#[test]
fn secrets_of_recordings_do_not_reach_the_scenario() {
    for name in [
        "visit.har",
        "demo-shop.har",
        "requests.curl",
        "teas.postman.json",
    ] {
        let text = std::fs::read_to_string(format!(
            "{}/tests/import/{name}",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap();
        let imported = read(&text).unwrap();
        let out = format!("{imported:?}");
        assert!(
            !out.contains("-secret-") && !out.contains("eyJ") && !out.contains("0123456789"),
            "{}",
            imported.text
        );
        assert!(text.contains("-secret-"));
    }
}

#[test]
fn a_kind_that_is_not_what_the_user_says() {
    let bench = Bench::new(&[("a.yaml", "openapi: 3.0.0\n"), ("b", "curl 'http://a.test")]);
    let ran = bench.run(&["import", "a.yaml", "--from", "har"]).expect(2);
    assert!(
        ran.stderr
            .contains("a.yaml: this is an OpenAPI document; leave --from out"),
        "{}",
        ran.stderr
    );
    let ran = bench.run(&["import", "b"]).expect(2);
    assert!(
        ran.stderr
            .contains("b: line 1: a quote that is never closed"),
        "{}",
        ran.stderr
    );
}
