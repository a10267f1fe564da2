//! What chance found, case by case: documents that became scenarios which no one could read. In: the document; out: a part
//! of the scenario that it becomes now, or of the error.

use super::noise::{SECRET, sound};
use serde_json::{Value, json};
use tollgate::import::{Options, import};
use tollgate::source::Source;

fn har(url: &str) -> String {
    let entry = json!({ "request": { "url": url }, "response": { "status": 200 } });
    json!({ "log": { "entries": [entry] } }).to_string()
}

fn postman(url: &str) -> String {
    let item = json!({ "name": "a", "request": { "url": url } });
    json!({ "info": { "name": "t" }, "item": [item] }).to_string()
}

/// With more about the request.
fn postman_with(more: &Value) -> String {
    let mut request = json!({ "url": "http://a.test/" });
    let members = request.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    json!({ "info": { "name": "t" }, "item": [{ "name": "a", "request": request }] }).to_string()
}

fn openapi(paths: &Value) -> String {
    json!({ "openapi": "3.1.0", "info": { "title": "t" }, "paths": paths }).to_string()
}

#[test]
fn what_was_found_once_stays_mended() {
    for (document, says) in [
        // A brace in a host ended the `${…}` of the target.
        (har("http://xn--}0-sh4o/"), "there is no request in it"),
        (
            postman("http://xn--}0-sh4o/"),
            "no request with an http or https URL",
        ),
        (
            "curl http://xn--}0-sh4o/".into(),
            "is not an http or https URL",
        ),
        // A flow whose steps were all comments.
        (
            openapi(&json!({ "/a/{id}": { "delete": {} } })),
            "no request that a scenario could begin with",
        ),
        (
            openapi(&json!({ "/a/{id}": { "delete": {} }, "/b": { "get": {} } })),
            "#   a: the flow: nothing in it can be sent",
        ),
        // A brace and a dollar before a variable.
        (
            postman("http://a.test/?a={${{b}}"),
            r#"{{ \"{$\" }}{{ b }}"#,
        ),
        // A parameter that two places of the document give.
        (
            openapi(&json!({ "/a": { "get": { "parameters": [
                { "name": "a", "in": "query", "required": true, "example": "x" },
                { "name": "b", "in": "query", "required": true, "example": { "a": "y" } },
            ] } } })),
            "query: { a: [x, \"y\"] }",
        ),
        // A header that follows from the connection.
        (
            postman_with(&json!({ "auth": { "type": "apikey", "apikey": [{ "key": "key", "value": "content-length" }] } })),
            "header: x-api-key",
        ),
        // A file without a media type.
        (
            postman_with(&json!({ "method": "POST", "body": { "mode": "formdata", "formdata": [{ "key": "a", "type": "file", "contentType": "" }] } })),
            "type: application/octet-stream",
        ),
        // A secret in the place of a cookie's name, and one that is encoded.
        (
            json!({ "log": { "entries": [{ "response": { "status": 200 }, "request": { "url": "http://a.test/", "headers": [
                { "name": "cookie", "value": SECRET },
            ] } }] } }).to_string(),
            "name: landing",
        ),
        (
            format!("curl http://a.test --json a --data-urlencode 'authorization={SECRET}'"),
            "${BODY:-not-set}",
        ),
    ] {
        sound(&document).unwrap();
        let made = import(&Source::new("d", document.as_str()), &Options::default());
        let made = made.map_or_else(|error| error.to_string(), |imported| imported.text);
        assert!(made.contains(says), "{says}\n{made}");
    }
}
