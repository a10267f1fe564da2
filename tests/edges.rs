//! The scenarios of an edge server and of a Next.js application against the least that answers like them: green as they
//! are, and a broken server or expectation fails the right step.

use crate::support::cli::{Bench, Ran};
use crate::support::serve::{Asked, serve};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A smoke run of a file of `scenarios/` with one text in it changed.
fn smoke(name: &str, given: &[String], from: &str, to: &str, more: &[&str]) -> (Bench, Ran) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bench = Bench::new(&[("ca.pem", "no certificate is asked for")]);
    for folder in ["scenarios/probes", "scenarios/data", "budgets"] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            bench.write(
                &format!("{folder}/{file}"),
                &fs::read_to_string(&path).unwrap(),
            );
        }
    }
    let scenario = format!("scenarios/{name}.yaml");
    let text = fs::read_to_string(root.join(&scenario)).unwrap();
    // What is on the network in earnest need not take its time here.
    let text = text
        .replace("every: 1s", "every: 1ms")
        .replace("every: 200ms", "every: 1ms");
    assert!(text.contains(from), "{from} is not in {scenario}");
    // The server here packs nothing and has no certificate.
    let text = text
        .replace("          - header content-encoding == \"gzip\"\n", "")
        .replace("- decoded > 600KB", "- decoded < 600KB");
    let text = text
        .replace("tls: {", "# tls: {")
        .replacen(from, to, usize::from(!from.is_empty()));
    bench.write(&scenario, &text);
    let mut arguments = vec!["run", &scenario, "--out", "out"];
    for given in given {
        arguments.extend(["-e", given.as_str()]);
    }
    arguments.extend(more);
    let ran = bench.run(&arguments);
    (bench, ran)
}

fn said(head: &str, body: impl Into<String>) -> (String, String) {
    (head.to_owned(), body.into())
}

/// How often each address was asked for.
type Times = HashMap<String, u64>;

/// An edge server in front of an httpbin.
fn edge(times: &mut Times, request: &Asked) -> (String, String) {
    const SAFE: &str = "200 OK\r\nstrict-transport-security: max-age=63072000\r\ncontent-security-policy: require-trusted-types-for 'script'";
    let path = request.line.split(' ').nth(1).unwrap();
    let count = times.entry(path.to_owned()).or_default();
    *count += u64::from(!request.line.starts_with("HEAD"));
    let cached =
        ["MISS", "HIT", "EXPIRED"][usize::try_from(count.saturating_sub(1).min(2)).unwrap()];
    match path {
        "/edge/health" => said(SAFE, "{\"status\":\"ok\"}"),
        "/cached/json" => said(
            "200 OK\r\nx-cache-status: HIT",
            "{\"slideshow\":{\"title\":\"x\"}}",
        ),
        "/big.txt" if request.header("if-none-match") == "\"1\"" => said("304 Not Modified", ""),
        "/big.txt" => said("200 OK\r\netag: \"1\"", "line 20000 of a compressible file"),
        "/limited/x" if *count > 3 => said("429 Too Many Requests\r\nretry-after: 1", ""),
        "/limited/x" => said("200 OK", ""),
        "/up/post" if request.body.len() > 1 << 20 => {
            said("413 Too Large", "<h1>413 Request Entity Too Large</h1>")
        }
        "/up/post" => said("200 OK", json!({ "data": request.body }).to_string()),
        path => said(
            &format!("200 OK\r\nx-cache-status: {cached}"),
            json!({ "url": format!("http://up{path}") }).to_string(),
        ),
    }
}

#[test]
fn an_edge_server_caches_limits_and_refuses() {
    let flows = [
        "health",
        "catalogue",
        "download",
        "new page",
        "limit",
        "upload",
    ];
    let flows: Vec<&str> = flows.iter().flat_map(|flow| ["--flow", *flow]).collect();
    for (from, to, step) in [
        ("", "", None),
        (
            "cache == \"hit\"",
            "cache == \"miss\"",
            Some("new page/kept"),
        ),
        (
            "check: [status == 304, size == 0]",
            "check: status == 200",
            Some("download/not modified"),
        ),
        ("status == 413", "status == 200", Some("upload/too long")),
    ] {
        let times = Arc::new(Mutex::new(Times::new()));
        let url = serve(move |request| edge(&mut times.lock().unwrap(), request));
        let given = [format!("EDGE_URL={url}")];
        let (_bench, ran) = smoke("edge", &given, from, to, &flows);
        let Some(step) = step else {
            ran.expect(0);
            continue;
        };
        let ran = ran.expect(3);
        assert!(
            ran.stdout.contains(&format!("\n  {step}: check ")),
            "{}",
            ran.stdout
        );
    }
}

/// The genuine token.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MX0.c2lnbmF0dXJl";
const POLICY: &str = "200 OK\r\ncontent-security-policy: frame-ancestors 'none'; require-trusted-types-for 'script'\r\nstrict-transport-security: max-age=63072000\r\nx-content-type-options: nosniff\r\nreferrer-policy: same-origin";

fn list(total: u32) -> String {
    let link = |i| format!("<a href=/wines/wine-{i}>Wine {i}</a>");
    let wines: String = (0..12).map(link).collect();
    format!(
        "<script src=/a.js></script><main><p id=total>{total}<!-- --> wines</p><li>{}</main>",
        wines.replace("</a><a", "</a></li><li><a")
    )
}

/// A cellar with one tasting.
fn cellar(tasting: &mut Option<Value>, request: &Asked) -> (String, String) {
    const JSON: &str = "200 OK\r\ncontent-type: application/json";
    let json = |value: Value| said(JSON, value.to_string());
    let sent: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let known = request.header("authorization") == format!("JWT {TOKEN}");
    let line = request.line.replace("HEAD", "GET");
    match line.as_str() {
        "GET /api/health" => said(
            &format!("{JSON}\r\ncache-control: no-store"),
            "{\"status\":\"healthy\",\"checks\":{\"database\":\"up\"}}",
        ),
        "GET /" | "GET /?page=2" => said(POLICY, list(150)),
        "GET /?region=Douro" => said(POLICY, list(30)),
        "GET /a.js" => said(
            "200 OK\r\ncontent-type: text/javascript\r\ncache-control: immutable",
            "",
        ),
        "GET /wines/none" => said("404 Not Found", ""),
        "GET /wines/wine-7" if request.header("if-none-match") == "\"7\"" => {
            said("304 Not Modified", "")
        }
        line if line.starts_with("GET /wines/") => {
            let name = line.rsplit('-').next().unwrap();
            said(
                "200 OK\r\nx-nextjs-cache: HIT\r\netag: \"7\"",
                format!("<article><h1>Wine {name}</h1>"),
            )
        }
        line if line.starts_with("GET /api/wines") => json(json!({ "docs": [{ "price": 94 }] })),
        line if line.contains("/api/users/")
            || line.contains("/api/tastings")
            || line.contains("/api/monitoring/") =>
        {
            api(tasting, line, (&sent, known))
        }
        "POST /api/graphql" => json(json!({ "data": { "Wines": { "totalDocs": 150 } } })),
        "GET /contact" => said(
            "200 OK",
            "<form><input type=hidden name=$ACTION_ID_4f></form>",
        ),
        "POST /contact"
            if request
                .body
                .contains("name=\"$ACTION_ID_4f\"\r\n\r\n\r\n--part") =>
        {
            said("303 See Other\r\nlocation: /contact/thanks", "")
        }
        "POST /contact" => said("400 Bad Request", "Invalid Server Action request."),
        line if line.starts_with("GET /api/wines") => json(json!({ "docs": [{ "price": 94 }] })),
        line => panic!("not a request of the scenario: {line}"),
    }
}

/// What needs a token, or gives one.
fn api(tasting: &mut Option<Value>, line: &str, (sent, known): (&Value, bool)) -> (String, String) {
    const JSON: &str = "200 OK\r\ncontent-type: application/json";
    let json = |value: Value| said(JSON, value.to_string());
    match line {
        "POST /api/users/login" if sent["password"].as_str().unwrap().starts_with("wine-pass-") => {
            let cookie =
                format!("{JSON}\r\nset-cookie: payload-token=x; Path=/; HttpOnly; SameSite=Lax");
            said(
                &cookie,
                json!({ "token": TOKEN, "user": { "email": sent["email"] } }).to_string(),
            )
        }
        "POST /api/users/login" => said(
            "401 Unauthorized",
            "{\"errors\":[{\"message\":\"is incorrect\"}]}",
        ),
        "GET /api/users/me" => json(json!({})),
        "POST /api/users/refresh-token" => json(json!({ "refreshedToken": TOKEN })),
        "GET /api/monitoring/dashboard" if !known => said("401 Unauthorized", ""),
        "GET /api/monitoring/dashboard" => json(json!({ "counts": { "wines": 150 } })),
        "POST /api/tastings" if !known => said("403 Forbidden", ""),
        "POST /api/tastings" if sent["rating"] == 191 => said(
            "400 Bad Request",
            "{\"errors\":[{\"data\":{\"errors\":[{\"path\":\"rating\"}]}}]}",
        ),
        "POST /api/tastings" => {
            *tasting = Some(sent.clone());
            said(
                "201 Created",
                json!({ "doc": { "id": 5, "rating": sent["rating"] } }).to_string(),
            )
        }
        "GET /api/tastings/5?depth=0" => match tasting {
            Some(tasting) => json(tasting.clone()),
            None => said("404 Not Found", ""),
        },
        "PATCH /api/tastings/5" => json(json!({ "doc": sent })),
        "DELETE /api/tastings/5" => {
            *tasting = None;
            json(json!({}))
        }
        line => panic!("not a request of the scenario: {line}"),
    }
}

#[test]
fn a_cellar_of_next_js_is_walked_through() {
    for (from, to, step) in [
        ("", "", None),
        (
            "\"#total\" == \"{{ wines }} wines\"",
            "\"#total\" == \"151 wines\"",
            Some("list/list"),
        ),
        (
            "check: cache == \"hit\", every: 1ms, within: 10s",
            "check: cache == \"bypass\", every: 1ms, within: 20ms",
            Some("revalidation/kept"),
        ),
        ("status == 303", "status == 302", Some("contact/send")),
        (
            "genuine: \"{{ token }}\"",
            "genuine: \"{{ token }}x\"",
            Some("refusals/genuine token"),
        ),
    ] {
        let tasting = Arc::new(Mutex::new(None));
        let url = serve(move |request| cellar(&mut tasting.lock().unwrap(), request));
        let given = [format!("PAYLOAD_URL={url}")];
        let (_bench, ran) = smoke("payload-next", &given, from, to, &[]);
        let Some(step) = step else {
            ran.expect(0);
            continue;
        };
        let ran = ran.expect(3);
        assert!(
            ran.stdout.contains(&format!("\n  {step}: check ")),
            "{}",
            ran.stdout
        );
    }
}
