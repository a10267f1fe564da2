//! Documents that chance wrote. In: JSON, words and texts, put together as documents of each kind are; out: nothing. Invariant:
//! whatever a document holds, it is refused, or becomes a scenario that is valid at once, plans, and holds no secret.

use crate::support::properties::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use tollgate::import::{Options, import};
use tollgate::plan::{Overrides, resolve};
use tollgate::scenario::{Environment, parse};
use tollgate::source::Source;

/// In the place of a secret; nothing else has these letters in this order.
pub(super) const SECRET: &str = "Bearer sw0rdf1sh-sw0rdf1sh";

/// A scenario that was made can be read and planned.
pub(crate) fn sound(text: &str) -> Result<(), TestCaseError> {
    let options = Options::default();
    let Ok(imported) = import(&Source::new("api.yaml", text), &options) else {
        return Ok(());
    };
    let whole = &imported.text;
    prop_assert!(!whole.contains("sw0rdf1sh"), "a secret\n{}", whole);
    let source = Source::new("s.yaml", whole.as_str());
    let read = parse(source, Path::new("s.yaml"), &Environment::empty());
    let loaded = read.map_err(|problems| {
        let problems = problems.render(false);
        TestCaseError::fail(format!("{problems}\n{whole}\n{text}"))
    })?;
    for profile in &loaded.scenario.profiles {
        let plan = resolve(&loaded.scenario, &profile.name, &Overrides::default(), 1);
        prop_assert!(plan.is_ok(), "{}\n{}", plan.unwrap_err(), whole);
    }
    Ok(())
}

/// Words that documents have.
const WORDS: &str = "get post delete $ref #/components/schemas/A # #/paths schema type object array string integer \
    properties required items allOf oneOf example examples enum name in path query header id format uuid \
    binary parameters requestBody responses 200 201 2XX content application/json multipart/form-data \
    security tags operationId links headers minimum maxLength default ${X} é password /{a} true";

/// JSON that looks like a document here and there.
fn noise() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(WORDS.split(' ').collect::<Vec<_>>());
    let leaf = prop_oneof![
        words.clone().prop_map(|w| json!(w)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        any::<bool>().prop_map(|b| json!(b)),
        Just(Value::Null),
        text().prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(7, 120, 6, move |inner| {
        let key = prop_oneof![words.clone().prop_map(str::to_owned), ".{0,6}"];
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::Array),
            vec((key, inner), 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

/// What means something to a scenario, a URL, YAML or a shell.
#[rustfmt::skip]
const TELLING: &[&str] = &[
    "{{a}}", "{{ b }}", "{{$guid}}", "{{token}}", "${X}", "${X:-y}", "$${", "{{", "}}", "}", "{", "$",
    "#", "//", "?", "&", "=", "%", "%zz", ":", "@", "\"", "'", "\\",
    "\n", "\t", "\u{1}", "\u{7f}", "\u{85}", "\u{ad}", "\u{2028}", "\u{feff}", "é", "ß", "🦀", "a",
    "b", "id", "token", "x y", "-", "--", "- ", "*", "true", "null", "~", "0x1",
    "007", "1e9", "9223372036854775808", "http://", "https://a.test", "a.test", "[::1]", "127.0.0.1:0", "setup", "teardown", "sign in", "password",
    "..", "/",
];

/// A text, or one that means something to a scenario, a URL, YAML or a shell.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => ".{0,12}",
        3 => vec(prop::sample::select(TELLING), 0..4).prop_map(|parts| parts.concat()),
    ]
}

/// Names that matter.
#[rustfmt::skip]
const FEW: &[&str] = &[
    "a", "A", "b", "id", "token", "password", "x-api-key", "X-Api-Key", "cookie",
    "Authorization", "content-type", "accept", "productId", "sign in", "uuid", "content-length", "connection",
];

/// The name of something: few, so that they meet.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(FEW).prop_map(str::to_owned),
        1 => text(),
    ]
}

fn word(all: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(all).prop_map(str::to_owned)
}

/// A schema, with noise here and there.
fn schema() -> impl Strategy<Value = Value> {
    let kinds = &[
        "string", "integer", "number", "boolean", "null", "", "array",
    ];
    let formats = &[
        "uuid",
        "date",
        "date-time",
        "binary",
        "password",
        "email",
        "x",
    ];
    let leaf = (
        word(kinds),
        word(formats),
        prop::option::of(noise()),
        text(),
    );
    let leaf = leaf.prop_map(|(kind, format, example, text)| {
        let mut schema = json!({ "type": kind, "format": format, "enum": [text] });
        if let Some(example) = example {
            schema["example"] = example;
        }
        schema
    });
    leaf.prop_recursive(3, 16, 4, |inner| {
        let object = |m: Vec<(String, Value)>| {
            let required: Vec<&String> = m.iter().map(|(name, _)| name).collect();
            json!({ "type": "object", "required": required, "properties": m.iter().cloned().collect::<serde_json::Map<_, _>>() })
        };
        prop_oneof![
            vec((name(), inner.clone()), 0..4).prop_map(object),
            inner.clone().prop_map(|s| json!({ "type": "array", "items": s })),
            inner.clone().prop_map(|s| json!({ "allOf": [s] })),
            inner.prop_map(|s| json!({ "oneOf": [s], "discriminator": { "propertyName": "{{ kind" } })),
        ]
    })
}

/// An operation as documents have them.
fn operation() -> impl Strategy<Value = Value> {
    let places = &["query", "header", "cookie", "path", "body"];
    let parameter = (name(), word(places), schema(), prop::option::of(noise())).prop_map(
        |(name, place, schema, example)| {
            let mut one = json!({ "name": name, "in": place, "required": true, "schema": schema });
            if let Some(example) = example {
                one["example"] = example;
            }
            one
        },
    );
    let kinds = &[
        "application/json",
        "application/x+json",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "text/plain",
        "é",
        "a/b\u{1}",
        "*/*",
    ];
    let security = (name(), prop::bool::ANY).prop_map(|(name, some)| {
        if some {
            json!([{ name: [] }])
        } else {
            json!([])
        }
    });
    (vec(parameter, 0..4), word(kinds), [schema(), schema()], (name(), text(), text()), security, text()).prop_map(
        |(parameters, kind, [sent, got], (tag, id, summary), security, link)| {
            let content = |schema: &Value| json!({ &kind: { "schema": schema } });
            json!({
                "operationId": id, "summary": summary, "tags": [tag], "parameters": parameters, "security": security,
                "requestBody": { "content": content(&sent) },
                "responses": { "201": { "content": content(&got), "links": { "x": { "operationId": id, "parameters": { "id": link } } }, "headers": { "location": {} } } },
            })
        },
    )
}

fn scheme() -> impl Strategy<Value = Value> {
    let kinds = &["http", "apiKey", "oauth2", "openIdConnect", "mutualTLS"];
    let schemes = &["basic", "digest", "bearer", "x"];
    let places = &["header", "query", "cookie"];
    (word(kinds), word(schemes), word(places), name(), text(), name()).prop_map(|(kind, scheme, place, name, url, scope)| {
        let flow = json!({ "tokenUrl": url, "scopes": { scope: "" } });
        json!({ "type": kind, "scheme": scheme, "in": place, "name": name, "flows": { "clientCredentials": flow, "password": flow } })
    })
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn no_document_makes_it_panic(info in noise(), item in noise(), operation in noise(), schema in noise(), security in noise(), path in "/[a-z{}/]{0,12}") {
        sound(&info.to_string())?;
        let text = json!({
            "openapi": "3.0.1", "info": info, "security": security, "tags": item,
            "paths": { "/a": item, path: { "get": operation, "post": operation, "parameters": item, "delete": { "responses": operation } },
                "/b/{id}": { "put": { "operationId": "x", "parameters": [{ "name": "id", "in": "path", "schema": schema }],
                "requestBody": { "content": { "application/json": { "schema": schema } } }, "responses": { "200": { "content": { "application/json": { "schema": schema } } } } } } },
            "components": { "schemas": { "A": schema }, "securitySchemes": security },
        });
        sound(&text.to_string())?;
    }

    #[test]
    fn no_description_makes_an_unsound_scenario(
        paths in vec(("/[ab]{0,2}", prop::option::of(name()), vec((word(&["get", "head", "post", "put", "patch", "delete", "options", "trace"]), operation()), 1..4)), 1..4),
        servers in vec((text(), text()), 0..3), schemes in vec((name(), scheme()), 0..3), (title, tag) in (text(), name()), security in name(),
    ) {
        let paths = paths.into_iter().map(|(path, item, operations)| {
            let path = item.map_or(path.clone(), |item| format!("{path}/{{{item}}}"));
            (path, Value::Object(operations.into_iter().collect()))
        });
        let servers: Vec<Value> = servers.into_iter().map(|(url, about)| json!({ "url": url, "description": about })).collect();
        let text = json!({
            "openapi": "3.1.0", "info": { "title": title, "version": title }, "servers": servers, "security": [{ security: [] }],
            "tags": [{ "name": tag, "description": title }], "paths": paths.collect::<serde_json::Map<_, _>>(),
            "components": { "securitySchemes": schemes.into_iter().collect::<serde_json::Map<_, _>>() },
        });
        sound(&text.to_string())?;
    }

    #[test]
    fn no_recording_makes_it_panic(
        headers in vec(("[a-zA-Z-]{0,14}|cookie|authorization|.{0,5}", ".{0,20}|Bearer [a-z]{8}"), 0..6),
        path in "[a-z0-9/{}$%?&=#.:@-]{0,30}", body in noise(), text in ".{0,40}", kind in word(&["application/json", "text/html", "multipart/form-data", "application/x-www-form-urlencoded", "", "é"]),
        method in word(&["GET", "POST", "DELETE", "PURGE", "x y"]), status in 0_u16..700, noise in noise(),
    ) {
        let headers: Vec<Value> = headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let url = format!("http://a.test/{path}");
        let entry = json!({ "request": { "method": method, "url": url, "headers": headers, "postData": { "mimeType": kind, "text": body.to_string(), "params": noise } },
            "response": { "status": status, "headers": headers, "content": { "mimeType": kind, "text": text } } });
        sound(&json!({ "log": { "entries": [entry, noise, entry] } }).to_string())?;
        let item = json!({ "name": text, "event": [{ "listen": "test", "script": { "exec": text } }],
            "request": { "method": method, "url": format!("{{{{base}}}}/{path}{{{{{text}}}}}"), "header": noise, "auth": noise, "body": { "mode": "raw", "raw": body.to_string() } } });
        sound(&json!({ "info": { "name": text }, "item": [item, { "name": text, "item": [item, noise] }], "variable": [{ "key": "base", "value": "http://a.test" }], "auth": noise }).to_string())?;
        sound(&format!("curl '{}' -X {method} -d '{}' -H '{text}' -F {text}", url.replace('\'', ""), body.to_string().replace('\'', "")))?;
        sound(&format!("curl {text}"))?;
    }

    #[test]
    fn no_visit_makes_an_unsound_scenario(
        entries in vec((
            (word(&["http", "https", "ws", "chrome-extension"]), word(&["a.test", "www.a.test", "b.test", "[::1]:80", "xn--}0-sh4o", "a${b"]), text(), word(&["GET", "POST", "PUT", "DELETE", "OPTIONS", "x"])),
            vec((name(), prop_oneof![text(), Just(SECRET.to_owned())]), 0..4),
            (word(&["application/json", "application/json\u{1}", "text/html", "multipart/form-data", "multipart/x", "application/x-www-form-urlencoded", ""]), noise(), vec((name(), text(), prop::option::of(text())), 0..3)),
            (any::<u64>(), schema_like(), word(&["document", "xhr", "websocket", ""]), 0..3_u64, 0..3_u8),
        ), 1..5),
    ) {
        let entries: Vec<Value> = entries.into_iter().map(|((scheme, host, path, method), headers, (kind, body, params), (status, answer, resource, page, gap))| {
            let headers: Vec<Value> = headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
            let params: Vec<Value> = params.iter().map(|(name, value, file)| json!({ "name": name, "value": value, "fileName": file, "contentType": file })).collect();
            let status = if status % 4 == 0 { status } else { 200 };
            json!({
                "startedDateTime": format!("2026-11-21T10:00:{:02}Z", gap * 20), "time": 5, "pageref": page.to_string(), "_resourceType": resource,
                "request": { "method": method, "url": format!("{scheme}://{host}/{path}"), "headers": headers, "postData": { "mimeType": kind, "text": body.to_string(), "params": params } },
                "response": { "status": status, "headers": headers, "content": { "mimeType": kind, "text": answer.to_string() } },
            })
        }).collect();
        sound(&json!({ "log": { "pages": [{ "id": "0", "title": "a\nb" }], "entries": entries } }).to_string())?;
    }

    #[test]
    fn no_collection_makes_an_unsound_scenario(
        items in vec((
            (name(), name(), word(&["{{base}}", "{{ base }}", "http://a.test", "a.test", "{{other}}", "http://{{host}}", "http://a-{{x}}.test", ""]), text(), word(&["GET", "POST", "DELETE", "x y"])),
            vec((name(), prop_oneof![text(), Just(SECRET.to_owned())]), 0..3),
            (word(&["raw", "urlencoded", "formdata", "graphql", "file"]), text(), vec((name(), text()), 0..3)),
            (word(&["bearer", "basic", "digest", "apikey", "oauth2", "noauth"]), vec((word(&["token", "key", "in", "value"]), prop_oneof![name(), Just("{{token}}".to_owned())]), 0..3)),
            vec((word(&["a", "b", "id", "token"]), word(&[".id", ".a.b[0]", ".token", ""])), 0..3),
        ), 1..5),
        base in prop_oneof![Just("http://a.test/v1".to_owned()), text()], variables in vec((name(), text()), 0..4), title in text(),
    ) {
        let pairs = |pairs: &[(String, String)]| -> Vec<Value> { pairs.iter().map(|(key, value)| json!({ "key": key, "value": value, "src": value, "type": if key == "a" { "file" } else { "text" }, "contentType": value })).collect() };
        let items: Vec<Value> = items.iter().map(|((folder, name, base, path, method), headers, (mode, raw, fields), (auth, credentials), kept)| {
            let script: Vec<String> = kept.iter().map(|(name, path)| format!("pm.environment.set(\"{name}\", jsonData{path});")).collect();
            let body = json!({ "mode": mode, "raw": raw, "urlencoded": pairs(fields), "formdata": pairs(fields), "graphql": { "query": raw, "variables": raw } });
            let item = json!({ "name": name, "event": [{ "listen": "test", "script": { "exec": script } }],
                "request": { "method": method, "url": format!("{base}/{path}"), "header": pairs(headers), "body": body, "auth": { "type": auth, auth: pairs(credentials) } } });
            if folder == "a" { item } else { json!({ "name": folder, "item": [item] }) }
        }).collect();
        let mut variables = pairs(&variables);
        variables.push(json!({ "key": "base", "value": base }));
        sound(&json!({ "info": { "name": title }, "item": items, "variable": variables }).to_string())?;
    }

    #[test]
    fn no_command_makes_an_unsound_scenario(
        commands in vec((word(&["http://a.test/", "https://u:sw0rdf1sh@a.test/x?token=1", "a.test", "http://[::1]/", "http://a}b/"]), text(),
            vec((word(&["-H", "-d", "-F", "--json", "--data-urlencode", "-u", "-b", "-X", "-G", "-I", "-L", "-sXPOST", "--url", "-x", "--max-time"]), name(), text()), 0..5)), 1..4),
    ) {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', ""));
        let lines: Vec<String> = commands.iter().map(|(url, path, options)| {
            let options: Vec<String> = options.iter().map(|(option, name, text)| {
                let secret = if name == "Authorization" { SECRET } else { text };
                let between = if option == "-H" { ": " } else { "=" };
                format!("{option} {}", quoted(&format!("{name}{between}{secret}")))
            }).collect();
            format!("curl {} {}", quoted(&format!("{url}{path}")), options.join(" "))
        }).collect();
        sound(&lines.join("\n"))?;
    }
}

/// What a server may have said: ids and tokens that later requests send.
fn schema_like() -> impl Strategy<Value = Value> {
    vec(
        (name(), prop_oneof![text(), Just("abcdefgh12".to_owned())]),
        0..4,
    )
    .prop_map(|members| Value::Object(members.into_iter().map(|(k, v)| (k, v.into())).collect()))
}
