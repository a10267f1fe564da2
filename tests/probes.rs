//! The probes of `scenarios/probes/`: green against what is sound, and each red for its own fault, at its own step.

use crate::support::cli::{Bench, Ran};
use crate::support::serve::{Asked, serve};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use std::fs;
use std::path::Path;
use tollgate::demo::Shop;
use url::form_urlencoded;

/// What can be wrong with an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// It shows what was searched for as it came.
    Reflects,
    /// It puts what was searched for into its SQL.
    Quotes,
    /// The database's own words reach the page.
    Leaks,
    /// It believes tokens without an algorithm.
    NoAlgorithm,
    /// It does not verify signatures.
    NoSignature,
    /// It does not look when a token expires.
    NoExpiry,
    /// It asks for no token at all.
    NoToken,
    /// It asks for no CSRF token.
    NoCsrf,
    /// It takes any CSRF token.
    AnyCsrf,
    /// It shows everybody's orders.
    NoOwner,
}

const SIGNATURE: &str = "c2lnbmVkIHdpdGggdGhlIHNlcnZlcidzIGtleQ";

fn token(name: &str, expiry: u64) -> String {
    let part = |text: String| BASE64.encode(text);
    let header = part(r#"{"alg":"HS256","typ":"JWT"}"#.into());
    let claims = part(format!(r#"{{"sub":"{name}","exp":{expiry}}}"#));
    format!("{header}.{claims}.{SIGNATURE}")
}

/// Who a token is of, as far as this application looks.
fn bearer(fault: Fault, request: &Asked) -> Option<String> {
    let token = request.header("authorization").strip_prefix("Bearer ")?;
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return None;
    };
    let json = |part: &str| -> Option<serde_json::Value> {
        serde_json::from_slice(&BASE64.decode(part).ok()?).ok()
    };
    let (header, claims) = (json(header)?, json(claims)?);
    let algorithm = header["alg"].as_str()?.to_ascii_lowercase();
    let believed = match algorithm.as_str() {
        "none" => fault == Fault::NoAlgorithm,
        "hs256" => signature == SIGNATURE || fault == Fault::NoSignature,
        _ => false,
    };
    let fresh = claims["exp"].as_u64()? > 1_000_000_000 || fault == Fault::NoExpiry;
    (believed && fresh).then_some(claims["sub"].as_str()?.to_owned())
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

fn search(fault: Fault, query: &str) -> (String, String) {
    let q = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q");
    let q = q.map_or(String::new(), |(_, value)| value.into_owned());
    let html = |status: &str, text: String| (format!("{status}\r\ncontent-type: text/html"), text);
    match fault {
        Fault::Quotes if q.contains('\'') => html("500 Oh", "<h1>sorry".into()),
        Fault::Leaks if q.contains('\'') => html("200 OK", "<p>SQLSTATE[42601] near".into()),
        Fault::Reflects => html("200 OK", format!("<p>nothing for {q}")),
        _ => html("200 OK", format!("<p>nothing for {}", escaped(&q))),
    }
}

fn answer(fault: Fault, request: &Asked) -> (String, String) {
    let said = |status: &str| (status.to_owned(), String::from("x"));
    let who = bearer(fault, request);
    let signed_in = request.header("cookie").contains("session=ada");
    let csrf = form_urlencoded::parse(request.body.as_bytes()).find(|(name, _)| name == "csrf");
    let csrf = csrf.map(|(_, value)| value.into_owned());
    match request.line.as_str() {
        "GET /me" if who.is_some() || fault == Fault::NoToken => said("200 OK"),
        "GET /me" => said("401 Unauthorized"),
        "POST /session" => said("200 OK\r\nset-cookie: session=ada; Path=/"),
        "POST /cart" if !signed_in => said("401 Unauthorized"),
        "POST /cart" => match (fault, csrf.as_deref()) {
            (Fault::NoCsrf, _) | (Fault::AnyCsrf, Some(_)) | (_, Some("t0k")) => said("200 OK"),
            _ => said("403 Forbidden"),
        },
        "GET /orders/1" => match who.as_deref() {
            Some("ada") => said("200 OK"),
            Some(_) if fault == Fault::NoOwner => said("200 OK"),
            Some(_) => said("404 Not Found"),
            None => said("401 Unauthorized"),
        },
        line => search(fault, line.split_once('?').map_or("", |(_, query)| query)),
    }
}

const SCENARIO: &str = r#"
include: probes/probes.yaml
secrets: [ADA, BOB, OLD]
data:
  sql: { csv: probes/sql-injection.csv }
  scripts: { csv: probes/xss.csv }
  tokens: { csv: probes/jwt.csv }
  forgeries: { csv: probes/forged.csv }
flows:
  sql:
    steps:
      - use: sql injection by query
        with: { path: /search, parameter: q, inputs: "{{ sql }}" }
  scripts:
    steps:
      - use: scripts by query
        with: { path: /search, parameter: q, inputs: "{{ scripts }}" }
  tokens:
    steps:
      - use: bad tokens
        with: { path: /me, tokens: "{{ tokens }}" }
  forgeries:
    steps:
      - use: forged tokens
        with: { path: /me, genuine: "${ADA}", forgeries: "{{ forgeries }}" }
  expiry:
    steps:
      - use: expired token
        with: { path: /me, expired: "${OLD}" }
  csrf:
    steps:
      - post: /session
        name: sign in
        check: cookie session exists
      - post: /cart
        name: with the token
        form: { csrf: t0k, product: 1 }
        check: status == 200
      - use: no csrf token
        with: { path: /cart, body: product=1, field: csrf }
  rows:
    steps:
      - use: another's row
        with: { path: /orders/1, authorization: "Bearer ${BOB}" }
profiles:
  smoke: { passes: 1 }
"#;

/// A folder with a scenario and all that stands in `scenarios/probes/`.
fn bench(name: &str, text: &str) -> Bench {
    let bench = Bench::new(&[(name, text)]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/probes");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        bench.write(&format!("probes/{name}"), &text);
    }
    bench
}

fn run(fault: Fault) -> (Bench, Ran) {
    let url = serve(move |request| answer(fault, request));
    let bench = bench("s.yaml", &format!("scenario: s\ntarget: {url}{SCENARIO}"));
    let tokens = [
        ("ADA", "ada", 4_000_000_000),
        ("BOB", "bob", 4_000_000_000),
        ("OLD", "ada", 1),
    ];
    let lines = tokens.map(|(name, who, expiry)| format!("{name}={}\n", token(who, expiry)));
    bench.write(".env", &lines.concat());
    let ran = bench.smoke(&[]);
    (bench, ran)
}

#[test]
fn each_fault_fails_its_own_probe_and_no_other() {
    for (fault, step, words) in [
        (Fault::Reflects, "scripts/script in a query", "not contains"),
        (Fault::Quotes, "sql/sql in a query", "number 500"),
        (Fault::Leaks, "sql/sql in a query", "SQLSTATE"),
        (Fault::NoAlgorithm, "forgeries/forged token", "number 200"),
        (Fault::NoExpiry, "expiry/expired token", "number 200"),
        (Fault::NoCsrf, "csrf/no csrf token", "number 200"),
        (Fault::AnyCsrf, "csrf/wrong csrf token", "number 200"),
        (Fault::NoOwner, "rows/another's row", "number 200"),
    ] {
        let (_bench, ran) = run(fault);
        let ran = ran.expect(3);
        let record = ran.record();
        let failed: Vec<&str> = record
            .failures
            .iter()
            .map(|f| record.steps[f.step].label.as_str())
            .collect();
        assert_eq!(failed, [step], "{fault:?}: {}", ran.stdout);
        assert!(ran.stdout.contains(words), "{fault:?}: {}", ran.stdout);
        assert!(!ran.stdout.contains(SIGNATURE), "{fault:?}: {}", ran.stdout);
    }
}

#[test]
fn what_is_wrong_with_all_tokens_fails_all_probes_of_tokens() {
    for (fault, steps) in [
        (Fault::NoSignature, &["forgeries/forged token"][..]),
        (
            Fault::NoToken,
            &[
                "expiry/expired token",
                "forgeries/forged token",
                "tokens/no token",
            ],
        ),
    ] {
        let (_bench, ran) = run(fault);
        let record = ran.expect(3).record();
        let failures = record.failures.iter();
        let mut failed: Vec<&str> = failures
            .map(|f| record.steps[f.step].label.as_str())
            .collect();
        failed.sort_unstable();
        assert!(
            steps.iter().all(|step| failed.contains(step)),
            "{fault:?}: {failed:?}"
        );
        let of_tokens = ["forgeries/", "expiry/", "tokens/"];
        assert!(
            failed
                .iter()
                .all(|step| of_tokens.iter().any(|flow| step.starts_with(flow))),
            "{failed:?}"
        );
    }
}

#[test]
fn a_sound_application_passes_every_row() {
    let (_bench, ran) = run(Fault::None);
    let record = ran.expect(0).record();
    let sent = |label: &str| {
        let step = record.steps.iter().find(|s| s.label == label).unwrap();
        step.measured.ok
    };
    let rows = |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("scenarios/probes")
            .join(file);
        csv::Reader::from_path(path)
            .unwrap()
            .records()
            .map(Result::unwrap)
            .count() as u64
    };
    for (step, file) in [
        ("sql/sql in a query", "sql-injection.csv"),
        ("scripts/script in a query", "xss.csv"),
        ("tokens/bad token", "jwt.csv"),
        ("forgeries/forged token", "forged.csv"),
    ] {
        assert_eq!(sent(step), rows(file), "{step}");
        assert!(sent(step) >= 8, "{step}");
    }
}

#[test]
fn every_script_changes_when_it_is_escaped() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/probes/xss.csv");
    for row in csv::Reader::from_path(path).unwrap().records() {
        let input = row.unwrap()[1].to_owned();
        let json = serde_json::to_string(&input).unwrap();
        assert!(
            !escaped(&input).contains(&input) && !json.contains(&input),
            "{input}"
        );
        assert!(
            !input.contains('\''),
            "a quote is for the other file: {input}"
        );
    }
}

#[test]
fn the_demo_shop_passes_its_own_probes() {
    let shop = Shop::spawn_thread().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("scenarios/shop-probes.yaml")).unwrap();
    let bench = bench("s.yaml", &text);
    let url = format!("SHOP_URL=http://{}", shop.addr);
    let ran = bench.smoke(&["-e", &url]).expect(0);
    assert!(
        ran.record()
            .steps
            .iter()
            .all(|s| s.measured.ok + s.unmeasured.ok > 0 || s.measured.not_taken > 0)
    );
}
