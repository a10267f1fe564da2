//! A target that wants to act on whoever reads of it, and repeats every secret it was given: all that a run leaves, in
//! every format and on every way, through the binary. Nothing of it acts, and no secret is anywhere.

use crate::support::cli::{Bench, Ran};
use crate::support::serve::{Asked, serve};
use crate::support::target::{Target, target};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Each line would do something somewhere.
const HOSTILE: &str = "::error::owned\n  ::add-mask::owned\n##[error]owned ##vso[task]owned\r\n\u{1b}[2J\u{1b}]0;owned\u{7}\0\u{9b}31m\u{202e}owned\n\
    ]]> <!channel> <!-- <script>alert('owned')</script> <img src=x onerror=alert(1)> {{ token }}\n=cmd|'/c calc'!A1 [[ATTACHMENT|/etc/passwd]]\n```\n@all\n";
/// In every secret, and nowhere else.
const SECRET: &str = "s3cret";
const FORMATS: &str =
    "markdown,comment,tap,gitlab,openmetrics,otlp-metrics,otlp-traces,events,steps";

/// What was asked, with all secrets in it, among what is hostile.
fn answer(asked: &Asked) -> (String, String) {
    let sent = ["authorization", "cookie", "x-key", "x-note"].map(|name| asked.header(name));
    let said = format!(
        "{{\"access_token\": \"undeclared-s3cret\"}} client_secret=form-s3cret\n{HOSTILE}{} {} {}\n",
        asked.line,
        sent.join(" "),
        asked.body
    );
    let head = "200 OK\r\nx-hostile: ##[error]owned <script>owned ]]> <!channel>\r\nset-cookie: sid=cookie-s3cret-sid-17; Path=/\r\n";
    let path = asked.line.split([' ', '?']).nth(1).unwrap_or_default();
    let (kind, body) = match path {
        "/login" => {
            let token = serde_json::json!({ "token": "captured-s3cret", "said": said });
            ("application/json", token.to_string())
        }
        "/large" => ("text/html", said.repeat(10_000_000 / said.len())),
        "/edge" => ("text/plain", asked.body.repeat(10_000)),
        "/feed" => (
            "text/event-stream",
            format!(
                "event: {}\ndata: {}\n\n",
                "##[error]owned",
                said.replace('\n', "\ndata: ")
            ),
        ),
        // A head that no client may take.
        "/head" => return (format!("200 OK\r\nx-owned: {HOSTILE}"), said),
        _ => ("text/html", said),
    };
    (format!("{head}content-type: {kind}"), body)
}

fn scenario(target: &str, hooks: &Target) -> String {
    format!(
        "scenario: s
target: {target}
secrets: [PASSWORD, LONG, SLACK]
preflight: false
notify:
  webhook: \"{0}?key=webhook-s3cret\"
  secret: ${{PASSWORD}}
  slack: \"{0}/${{SLACK}}\"
  alertmanager: {1}
  pagerduty: {{ key: \"${{SLACK}}\", url: \"{1}/enqueue\" }}
  otlp: {1}
  file: out/told.ndjson
  on: [guard, fail, invalid, pass]
flows:
  header: {{ steps: [{{ post: /a, name: a, headers: {{ x-key: \"${{PASSWORD}}\", x-note: \"a ${{LONG}} b\" }}, check: body == \"x\" }}] }}
  body: {{ steps: [{{ post: /b, name: b, json: {{ key: \"${{PASSWORD}}\" }}, check: 'header x-hostile == \"x\"' }}] }}
  auth: {{ steps: [{{ post: /c, name: c, auth: {{ basic: {{ user: ann, password: \"${{PASSWORD}}\" }} }}, check: 'regex \"owned(.*)\" == \"x\"' }}] }}
  large: {{ steps: [{{ post: /large, name: d, text: \"${{LONG}}\", check: body == \"x\" }}] }}
  edge: {{ steps: [{{ post: /edge, name: e, text: \"${{LONG}}\", check: body == \"x\" }}] }}
  head: {{ steps: [{{ get: /head, name: f }}] }}
  feed: {{ steps: [{{ stream: /feed, name: g, events: 1, headers: {{ x-key: \"${{PASSWORD}}\" }}, check: body == \"x\" }}] }}
  talk:
    steps:
      - websocket: ws://{2}/ws/echo
        name: j
        messages:
          - send: {{ key: \"${{PASSWORD}}\", said: \"##[error]owned <script>alert(1)</script> ]]> <!channel> \\e[2J\" }}
            reply: {{ check: json $.a == 1, within: 300ms }}
  captured:
    steps:
      - post: /login
        name: h
        form: {{ user: ann, password: \"${{PASSWORD}}\" }}
        capture:
          token: {{ from: json $.token, secret: true }}
          said: json $.said
      - post: /i?password=url-s3cret&said={{{{ said }}}}
        name: i
        headers: {{ authorization: \"Bearer {{{{ token }}}}\" }}
        text: \"{{{{ token }}}} {{{{ said }}}}\"
        check: json $.a == 1
profiles:
  smoke: {{ passes: 2 }}
  load: {{ users: 2, duration: 1s }}
",
        hooks.url("/ok"),
        hooks.url("/echo"),
        hooks.addr
    )
}

/// All files of a folder and those below, run files as the text inside.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        let mut text = String::new();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        } else {
            text = String::from_utf8(bytes).unwrap();
        }
        (path.file_name().unwrap().to_str().unwrap().to_owned(), text)
    };
    let each = paths.into_iter().map(|path| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![read(path)]
        }
    });
    each.flatten().collect()
}

/// What acts wherever it stands, and what acts only where its like is read.
#[track_caller]
fn assert_harmless(name: &str, text: &str) {
    for form in [
        SECRET.to_owned(),
        STANDARD.encode("ann:password-s3cret-17"),
        STANDARD.encode("password-s3cret-17"),
    ] {
        if let Some(at) = text.find(&form) {
            let from = text.floor_char_boundary(at.saturating_sub(200));
            let to = text.ceil_char_boundary((at + 100).min(text.len()));
            panic!("{name} shows a secret: {}", &text[from..to]);
        }
    }
    for c in text.chars() {
        let acts =
            (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}');
        // The table is written with line ends of its own.
        assert!(
            !acts || (c == '\r' && is(name, &["csv"])),
            "{name} lets {c:?} through"
        );
    }
    assert!(
        !text.contains("##[") && !text.contains("##vso["),
        "{name} has a command"
    );
    if is(name, &["xml"]) {
        roxmltree::Document::parse(text).unwrap();
        assert!(!text.contains("[[ATTACHMENT|"));
    }
    let markup = is(name, &["html", "xml", "json", "ndjson", "tg"]) || name.starts_with("told ");
    for mark in ["<script>alert", "]]>", "<!channel", "<img src"] {
        assert!(!markup || !text.contains(mark), "{name} has {mark}");
    }
    let mut stopped: Option<String> = None;
    for line in text.lines() {
        let line = line.trim_start();
        match &stopped {
            Some(token) if line == format!("::{token}::") => stopped = None,
            Some(_) => {}
            None if name == "stdout" && line.starts_with("::stop-commands::") => {
                stopped = line.rsplit("::").next().map(str::to_owned);
            }
            None => assert!(
                !line.starts_with("::") || name == "stdout" && line.starts_with("::error file="),
                "{name}: {line}"
            ),
        }
    }
}

/// Whether it is a file of such a kind.
fn is(name: &str, kinds: &[&str]) -> bool {
    let kind = Path::new(name).extension();
    kind.is_some_and(|kind| kinds.iter().any(|known| kind == *known))
}

fn assert_all_harmless(ran: &Ran, bench: &Bench, hooks: &Target) {
    let mut all = files(&ran.out);
    all.push(("stdout".into(), ran.stdout.clone()));
    all.push(("stderr".into(), ran.stderr.clone()));
    for name in ["summary", "output"] {
        all.push((name.into(), fs::read_to_string(bench.path(name)).unwrap()));
    }
    for way in [
        "/ok",
        "/ok/slack-s3cret-17",
        "/echo/api/v2/alerts",
        "/echo/v1/metrics",
    ] {
        let told = hooks.seen(way);
        assert!(!told.is_empty(), "{way}: {}", ran.stderr);
        for seen in told {
            let said = match way {
                "/echo/v1/metrics" => {
                    let request = ExportMetricsServiceRequest::decode(seen.body.as_slice());
                    serde_json::to_string(&request.unwrap()).unwrap()
                }
                _ => String::from_utf8(seen.body).unwrap(),
            };
            all.push((format!("told {way}"), said));
        }
    }
    // Whoever may post there names the secret as the key.
    let incident = hooks.seen("/echo/enqueue").pop().unwrap();
    let incident = String::from_utf8(incident.body).unwrap();
    let key = "\"routing_key\":\"slack-s3cret-17\"";
    all.push(("told PagerDuty".into(), incident.replacen(key, "", 1)));
    for (name, text) in &all {
        assert_harmless(name, text);
    }
}

#[test]
fn nothing_that_a_run_leaves_acts_or_shows_a_secret() {
    for more in [&["-v"][..], &["--debug"], &["--profile", "load"]] {
        let (url, hooks) = (serve(answer), target());
        let bench = Bench::new(&[
            ("s.yaml", &scenario(&url, &hooks)),
            (
                ".env",
                &format!(
                    "PASSWORD=password-s3cret-17\nSLACK=slack-s3cret-17\nLONG={}\n",
                    "long-s3cret".repeat(30)
                ),
            ),
        ]);
        let arguments = [
            &["run", "s.yaml", "--out", "out", "--format", FORMATS],
            more,
        ]
        .concat();
        let mut command = bench.command(&arguments);
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", bench.path("summary"))
            .env("GITHUB_OUTPUT", bench.path("output"));
        let ran = bench.ran(command.output().unwrap()).expect(3);
        assert!(ran.report("result.json").contains("owned"));
        assert_all_harmless(&ran, &bench, &hooks);
        for again in [
            &["report", "out"][..],
            &["judge", "out"],
            &["index", "."],
            &["compare", "out", "out"],
        ] {
            let told = bench.run(again);
            assert_harmless("stdout", &told.stdout);
            assert_harmless("stderr", &told.stderr);
        }
        for (name, text) in files(&bench.path("out")) {
            assert_harmless(&name, &text);
        }
        for before in [
            &["validate", "s.yaml"][..],
            &["plan", "s.yaml", "--no-measure"],
            &["config", "s.yaml"],
        ] {
            let told = bench.run(before).expect(0);
            assert!(!told.stdout.contains(SECRET), "{}", told.stdout);
            assert!(!told.stderr.contains(SECRET), "{}", told.stderr);
        }
    }
}
