//! `WebSockets` against a server that writes its frames by hand: what is said, how it is recorded, and the kind and
//! words of everything that a server can do wrong.

use crate::support::cli::Bench;
use crate::support::target::{target, target_tls};
use tollgate::record::{Failure, RunRecord, What};

const SMOKE: &str = "  smoke: { passes: 1 }\n";

fn step(path: &str, messages: &str) -> String {
    format!(
        "      - websocket: {path}\n        name: a\n        timeout: 2s\n        messages:\n{messages}"
    )
}

fn run(path: &str, messages: &str, code: i32) -> RunRecord {
    let target = target();
    let bench = Bench::with_steps(&target.url(""), &step(path, messages), SMOKE);
    let ran = bench.smoke(&[]).expect(code);
    ran.all_reports();
    let record = ran.record();
    assert!(record.health.conserved);
    record
}

/// The kind and the words of the one failure.
fn failure(path: &str, messages: &str) -> (What, String) {
    let record = run(path, messages, 3);
    assert_eq!(record.failures.len(), 1, "{:?}", record.failures);
    let words = record.exhibits[0].actual.clone().unwrap();
    (record.failures[0].what, words)
}

const LISTEN: &str = "          - listen: 1s\n";

#[test]
fn a_conversation_is_held_and_recorded() {
    let messages = r#"
          - receive: { check: json $.type == "welcome", sent_at: json $.sent_at, capture: { session: json $.session } }
          - send: { type: hello, session: "{{ session }}" }
            reply: { check: 'json $.reply_to.session == "{{ session }}"', within: 2s }
          - listen: 1m
            messages: 5
            sent_at: json $.sent_at
            check: json $.type == "position"
          - close: 1000
"#;
    let record = run("/ws/live", messages, 0);
    let step = &record.steps[0];
    let messages = &step.measured.messages;
    assert_eq!(
        (step.measured.ok, messages.sent, messages.missing),
        (1, 1, 0)
    );
    // The welcome, the reply and five positions at least; what came before the reply was passed over.
    assert!(messages.received >= 7, "{}", messages.received);
    assert_eq!(messages.latency.count(), 7);
    assert_eq!(messages.first.count(), 1);
    assert_eq!(messages.gap.count(), messages.received - 2);
    assert_eq!(
        step.checks,
        [
            "status == 101",
            "sent_at: json $.sent_at",
            "capture session: json $.session",
            "sent_at: json $.sent_at",
            "json $.type == \"position\"",
        ]
    );
    let said = &record.exhibits[0].said;
    let sent: Vec<&str> = said
        .iter()
        .filter(|s| s.sent)
        .map(|s| s.text.as_str())
        .collect();
    assert_eq!(sent, [r#"{"type":"hello","session":"s-17"}"#]);
    assert!(said[0].text.contains("welcome") && !said[0].cut);
    // The response time is that of the handshake: the feed alone took longer.
    let took = step.measured.response.max().unwrap();
    assert!(said.last().unwrap().after > took);
}

#[test]
fn what_comes_together_or_in_pieces_is_whole() {
    for (path, messages) in [
        (
            "/ws/together",
            "          - receive: json $.type == \"welcome\"\n          - receive: json $.type == \"slow\"\n          - close: 4001\n",
        ),
        (
            "/ws/fragments",
            "          - receive: json $.type == \"whole\"\n          - binary: AAEC/w==\n            reply: size == 4 B\n",
        ),
        ("/ws/code/4400", "          - closed: 4400\n"),
        (
            "/ws/code/1001",
            "          - listen: 1m\n          - closed: 1001\n",
        ),
        ("/ws/no-code", "          - closed: 1005\n"),
        ("/ws/vanish", "          - closed: 1006\n"),
        (
            "/ws/echo",
            "          - send: plain text\n          - closed: 1008\n",
        ),
    ] {
        run(path, messages, 0);
    }
}

const WAIT: &str = "          - receive: { check: body contains \"never\", within: 200ms }\n";
const MISSING: &str = "          - receive: { capture: { x: json $.nothing } }\n";

/// What a server does, what is wanted of it, and what the failure is called.
const FAILURES: &[(&str, &str, Failure, &str)] = &[
    (
        "/ws/wrong-accept",
        LISTEN,
        Failure::Protocol,
        "sec-websocket-accept",
    ),
    (
        "/ws/extension",
        LISTEN,
        Failure::Protocol,
        "permessage-deflate",
    ),
    ("/ws/unoffered", LISTEN, Failure::Protocol, "not offered"),
    ("/ws/masked", LISTEN, Failure::Protocol, "masked"),
    ("/ws/reserved", LISTEN, Failure::Protocol, "not agreed"),
    ("/ws/opcode", LISTEN, Failure::Protocol, "unknown kind"),
    ("/ws/long-ping", LISTEN, Failure::Protocol, "length"),
    ("/ws/latin", LISTEN, Failure::Protocol, "UTF-8"),
    (
        "/ws/code/1006",
        LISTEN,
        Failure::Protocol,
        "must not be sent",
    ),
    (
        "/ws/code/1011",
        LISTEN,
        Failure::Closed,
        "1011 (internal error): \"as you like\"",
    ),
    ("/ws/code/1000", LISTEN, Failure::Closed, "1000 (done)"),
    (
        "/ws/code/4400",
        "          - closed: 4401\n",
        Failure::Closed,
        "4400",
    ),
    ("/ws/vanish", LISTEN, Failure::Read, "1006"),
    ("/ws/torn", LISTEN, Failure::Read, "1006"),
    ("/ws/huge", LISTEN, Failure::BodyLimit, "16.8 MB"),
    (
        "/ws/endless",
        "          - listen: 1m\n",
        Failure::BodyLimit,
        "16.8 MB",
    ),
    (
        "/ws/live",
        WAIT,
        Failure::Timeout,
        "of another kind within 200 ms",
    ),
    (
        "/ws/mute",
        WAIT,
        Failure::Timeout,
        "no message within 200 ms",
    ),
    (
        "/ws/mute",
        "          - close: 1000\n",
        Failure::Timeout,
        "no answer within 2 s",
    ),
    (
        "/ws/mute",
        "          - closed: 1000\n",
        Failure::Timeout,
        "still open",
    ),
    (
        "/ws/mute",
        "          - listen: 200ms\n            at_least: 2\n",
        Failure::Timeout,
        "no message in 200 ms",
    ),
    ("/reset", LISTEN, Failure::Read, ""),
    ("/stall", LISTEN, Failure::Timeout, "no answer"),
];

/// The same for what a check finds.
const CHECKS: &[(&str, &str, usize, &str)] = &[
    ("/ok", LISTEN, 0, "number 200"),
    ("/ws/live", MISSING, 1, "nothing at $.nothing"),
    (
        "/ws/live",
        "          - listen: 1s\n            sent_at: json $.type\n",
        1,
        "\"welcome\"",
    ),
    (
        "/ws/live",
        "          - listen: 1s\n            check: [body exists, json $.number < 3]\n",
        2,
        "nothing at $.number",
    ),
];

#[test]
fn whatever_a_server_does_has_its_kind_and_words() {
    for (path, messages, kind, words) in FAILURES {
        let (what, found) = failure(path, messages);
        assert_eq!(what, What::Failure(*kind), "{path}: {found}");
        assert!(found.contains(words), "{path}: {found}");
    }
    for (path, messages, index, words) in CHECKS {
        let (what, found) = failure(path, messages);
        assert_eq!(
            (what, true),
            (What::Check(*index), found.contains(words)),
            "{path}: {found}"
        );
    }
}

#[test]
fn a_flood_of_pings_ends_the_step() {
    let (what, found) = failure("/ws/flood", "          - listen: 10m\n");
    assert_eq!(what, What::Failure(Failure::Protocol));
    assert!(found.contains("1024 pings"), "{found}");
}

#[test]
fn a_ping_without_an_answer_fails_the_step() {
    let target = target();
    let steps = |path: &str, ping: &str, listen: &str| {
        format!(
            "      - websocket: {path}\n        name: a\n        ping: {ping}\n        messages:\n          - listen: {listen}\n"
        )
    };
    // The second ping would be sent behind the end: a slow server has all this time for the first.
    let answered = steps("/ws/echo", "1s", "1900ms");
    let bench = Bench::with_steps(&target.url(""), &answered, SMOKE);
    bench.smoke(&[]).expect(0);
    let mute = steps("/ws/mute", "100ms", "10m");
    let bench = Bench::with_steps(&target.url(""), &mute, SMOKE);
    let record = bench.smoke(&[]).expect(3).record();
    assert_eq!(record.failures[0].what, What::Failure(Failure::Timeout));
    let words = record.exhibits[0].actual.clone().unwrap();
    assert!(words.contains("ping"), "{words}");
}

#[test]
fn handshakes_carry_what_any_request_carries() {
    let target = target_tls();
    let socket = target.target.url("/ws/echo").replace("https", "wss");
    let steps = format!(
        r#"      - get: /cookie/set
      - websocket: {socket}
        name: own
        query: {{ room: "a b" }}
        headers: {{ origin: https://shop.test }}
        protocols: [v2, v1]
        auth: {{ bearer: right }}
        check: header sec-websocket-protocol == "v2"
      - websocket: /ws/echo
        name: refused
        auth: {{ bearer: wrong }}
        check: [status == 401, body contains "wrong token"]
"#
    );
    let bench = Bench::with_steps(&target.target.url(""), &steps, SMOKE);
    bench.write("s.yaml", &{
        let file = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
        format!("tls: {{ ca: {} }}\n{file}", target.ca().display())
    });
    bench.smoke(&[]).expect(0);
    let seen = &target.target.seen("/ws/echo")[0];
    for (name, value) in [
        ("sec-websocket-protocol", "v2, v1"),
        ("sec-websocket-version", "13"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("origin", "https://shop.test"),
        ("authorization", "Bearer right"),
    ] {
        assert_eq!(seen.header(name), Some(value));
    }
    assert_eq!(
        (seen.method.as_str(), seen.query.as_str()),
        ("GET", "room=a+b")
    );
    assert!(seen.header("cookie").is_some());
}

#[test]
fn under_load_listeners_end_with_the_schedule_and_pass() {
    let target = target();
    let messages = "          - listen: 1h\n            sent_at: json $.sent_at\n";
    let bench = Bench::with_steps(
        &target.url(""),
        &step("/ws/live", messages),
        "  load: { users: 20, ramp: 500ms, duration: 1s }\n",
    );
    bench.write(
        "b.yaml",
        "budgets:\n  - ws latency p95 < 10s\n  - count(messages) >= 100\n",
    );
    let ran = bench.run(&[
        "run",
        "s.yaml",
        "-p",
        "load",
        "--budgets",
        "b.yaml",
        "--out",
        "out",
    ]);
    let record = ran.expect(0).record();
    assert!(record.health.conserved);
    // Opened in the ramp, they reach into the measured phase and are judged there.
    let step = &record.steps[0];
    assert_eq!((step.measured.ok, step.unmeasured.ok), (20, 0));
    assert!(record.failures.is_empty());
}
