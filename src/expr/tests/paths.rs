use super::super::jsonpath::JsonPath;
use super::super::lexer::Piece;
use super::*;
use serde_json::Value as Json;

fn path(text: &str) -> Result<JsonPath, ParseError> {
    JsonPath::parse(&Piece {
        text,
        range: 0..text.len(),
    })
}

/// What a path finds in a body; the tree is parsed before where `tree` is set.
pub(super) fn find(text: &str, body: &str, tree: bool) -> Option<Json> {
    let headers = Head::default();
    let facts = Facts::new(200, &headers, "").with_body(body.as_bytes(), 0);
    if tree {
        facts.json();
    }
    let path = path(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    let found = path
        .find(&facts)
        .unwrap_or_else(|_| panic!("not JSON: {body}"));
    assert!(tree || facts.parsed_json().is_none() || !text.starts_with("$.plain"));
    found.map(|found| match found.into_value() {
        Value::Json(json) => json,
        other => panic!("{other:?}"),
    })
}

#[test]
fn one_value_or_a_list() {
    let body = r#"{"a":{"b":[{"c":1},{"c":[2]}]},"x":{"y z":3,"q\"":4,"d":5,"d":6},"ü":7}"#;
    for (text, want) in [
        ("$.a.b[0].c", Some(json!(1))),
        ("$.a.b[1].c[0]", Some(json!(2))),
        ("$.a.b[2].c", None),
        ("$.a.b.c", None),
        ("$.a[0]", None),
        ("$.a.b[0].c.d", None),
        ("$['x'][\"y z\"]", Some(json!(3))),
        ("$.x['q\"']", Some(json!(4))),
        ("$.x[\"q\\\"\"]", Some(json!(4))),
        ("$.x.d", Some(json!(6))),
        ("$.ü", Some(json!(7))),
        ("$.a.b[-1].c", Some(json!([2]))),
        ("$.a.b[-3].c", None),
        ("$.a.b[*].c", Some(json!([1, [2]]))),
        ("$.a.b[0:1].c", Some(json!([1]))),
        ("$.a.b[0,1].c", Some(json!([1, [2]]))),
        ("$..d", Some(json!([6]))),
        ("$.a.b[?@.c == 1].c", Some(json!([1]))),
        ("$.nope[*]", None),
    ] {
        for tree in [false, true] {
            assert_eq!(find(text, body, tree), want, "{text}");
        }
    }
    assert_eq!(find("$", "3", false), Some(json!(3)));
    assert_eq!(find("$.a", "\u{feff}{\"a\":1}", false), Some(json!(1)));
}

#[test]
fn plain_paths_build_no_tree_and_still_read_the_whole_document() {
    let headers = Head::default();
    let plain = path("$.a.b[0]").unwrap();
    let good = Facts::new(200, &headers, "").with_body(br#"{"a":{"b":[1,2]},"z":[]}"#, 0);
    assert!(plain.find(&good).unwrap().is_some());
    assert!(good.parsed_json().is_none());
    for broken in [
        "{\"a\":{\"b\":[1]}",
        "{\"a\":{\"b\":[1]}} x",
        "",
        "{\"a\":{\"b\":[1]},}",
    ] {
        let facts = Facts::new(200, &headers, "").with_body(broken.as_bytes(), 0);
        assert!(plain.find(&facts).is_err(), "{broken}");
    }
    // Deeper than the stack: refused or skipped, never overflowed.
    let deep = format!(
        "{{\"x\":{0}1{1},\"a\":{{\"b\":[5]}}}}",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    let facts = Facts::new(200, &headers, "").with_body(deep.as_bytes(), 0);
    let _ = plain.find(&facts);
    assert!(path("$..x").unwrap().find(&facts).is_err());
}

#[test]
fn wrong_paths_are_refused() {
    for text in [
        "$.",
        "$[01]",
        "$['a",
        "$.a[",
        "$[a]",
        "$..",
        "$.a b",
        "$[99999999999999999999]",
    ] {
        assert!(path(text).is_err(), "{text}");
    }
}

/// The compliance suite of RFC 9535, where `JSONPATH_CTS` names its `cts.json`.
#[test]
fn the_compliance_suite_passes() {
    let Ok(file) = std::env::var("JSONPATH_CTS") else {
        eprintln!(
            "skipped: set JSONPATH_CTS to the cts.json of the JSONPath compliance test suite"
        );
        return;
    };
    let suite: Json = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for case in suite["tests"].as_array().unwrap() {
        let selector = case["selector"].as_str().unwrap();
        let passed = match path(selector) {
            Err(_) => case["invalid_selector"] == true || selector.contains("{{"),
            Ok(path) if case["invalid_selector"] != true => {
                let found = find(selector, &case["document"].to_string(), false);
                let wants = case["results"].as_array().cloned();
                let wants = wants.unwrap_or_else(|| vec![case["result"].clone()]);
                wants.iter().any(|want| match (&found, want.as_array()) {
                    (None, Some(want)) => want.is_empty(),
                    (Some(found), Some(want)) if !path.is_plural() => want[..] == [found.clone()],
                    (Some(found), Some(_)) => found == want,
                    (_, None) => false,
                })
            }
            Ok(_) => false,
        };
        if !passed {
            wrong.push(case["name"].to_string());
        }
    }
    assert!(wrong.is_empty(), "{} cases: {wrong:#?}", wrong.len());
}
