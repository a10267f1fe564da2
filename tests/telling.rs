//! Who is told of a run, in forms of their own: mail over SMTP and Prometheus remote write, through the binary.

use crate::support::cli::{Bench, Ran};
use crate::support::serve::serve;
use crate::support::smtp::{Begins, MailServer};
use crate::support::target::{Target, target};
use std::collections::BTreeMap;

const PASSWORD: &str = "planted-s3cret";

/// A smoke test with these lines of `notify:`, whose step fails and that trusts this authority.
fn told(target: &Target, ca: &str, notify: &str) -> (Bench, Ran) {
    let steps = "      - get: /hostile\n        name: a\n        check: status == 201\n";
    let bench = Bench::with_steps(&target.url(""), steps, "  smoke: { passes: 1 }\n");
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("ca.pem", ca);
    let tls = if ca.is_empty() {
        ""
    } else {
        "tls: { ca: ca.pem }\n"
    };
    bench.write(
        "s.yaml",
        &format!("secrets: [PW]\n{tls}notify:\n{notify}\n{scenario}"),
    );
    bench.write(".env", &format!("PW={PASSWORD}\n"));
    let ran = bench.smoke(&["--format", "openmetrics"]);
    (bench, ran)
}

/// A smoke test that mails how it ended.
fn mailed(server: &MailServer, tls: &str, login: bool) -> Ran {
    let target = target();
    let login = if login {
        ", user: ann, password: \"${PW}\""
    } else {
        ""
    };
    let mail = format!(
        "  mail: {{ server: \"localhost:{}\", tls: {tls}, from: tollgate@shop.test, to: [a@shop.test, b@shop.test]{login} }}",
        server.addr.port()
    );
    let (_bench, ran) = told(&target, &server.ca, &mail);
    let ran = ran.expect(3);
    for text in [&ran.stderr, &ran.stdout] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
    ran
}

#[test]
fn a_mail_says_what_broke_to_everybody_named() {
    let server = MailServer::start(Begins::Never, None);
    let ran = mailed(&server, "none", false);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    let said = server.said();
    for line in [
        "MAIL FROM:<tollgate@shop.test>",
        "RCPT TO:<a@shop.test>",
        "RCPT TO:<b@shop.test>",
        "Subject: tollgate: check failed: s, smoke",
        "Content-Type: text/plain; charset=utf-8",
        "- f/a: status == 201",
        "exit code: 3",
    ] {
        assert!(said.iter().any(|s| s == line), "{line} in {said:#?}");
    }
    assert_eq!(said.iter().filter(|s| *s == "DATA").count(), 1);
}

#[test]
fn a_password_goes_through_tls_only() {
    let login = Some(("ann", PASSWORD));
    for (begins, tls) in [(Begins::Asked, "starttls"), (Begins::AtOnce, "implicit")] {
        let server = MailServer::start(begins, login);
        let ran = mailed(&server, tls, true);
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
        let said = server.said();
        let at = |what: &str| said.iter().position(|line| line.starts_with(what));
        assert!(at("DATA").is_some(), "{said:#?}");
        if begins == Begins::Asked {
            assert!(at("(TLS)") < at("AUTH"), "{said:#?}");
        }
    }
    // A server that has no TLS gets nothing to read.
    let server = MailServer::start(Begins::Never, login);
    let ran = mailed(&server, "starttls", true);
    assert!(
        ran.stderr
            .contains("warning: the mail to localhost was not sent: "),
        "{}",
        ran.stderr
    );
    let said = server.said().concat();
    assert!(
        !said.contains("AUTH") && !said.contains("MAIL FROM"),
        "{said}"
    );
}

#[test]
fn a_mail_that_is_refused_is_a_warning() {
    let server = MailServer::start(Begins::Asked, Some(("ann", "another")));
    let ran = mailed(&server, "starttls", true);
    assert!(ran.stderr.contains("5.7.8"), "{}", ran.stderr);
    assert!(!server.said().concat().contains("MAIL FROM"));
}

/// What protobuf holds: field numbers with their bytes; numbers as eight bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let length = bytes.iter().position(|b| b & 0x80 == 0).unwrap() + 1;
        let (own, rest) = bytes.split_at(length);
        *bytes = rest;
        let each = own.iter().enumerate();
        each.fold(0, |sum, (i, b)| sum | u64::from(b & 0x7f) << (7 * i))
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = match tag & 7 {
            0 => varint(&mut bytes).to_le_bytes().to_vec(),
            kind => {
                let length = if kind == 1 {
                    8
                } else {
                    varint(&mut bytes) as usize
                };
                let (own, rest) = bytes.split_at(length);
                bytes = rest;
                own.to_vec()
            }
        };
        found.push((tag >> 3, value));
    }
    found
}

/// The series of a write request, as `metrics.txt` would write them, with value and time stamp.
fn series(body: &[u8]) -> BTreeMap<String, (f64, i64)> {
    let plain = snap::raw::Decoder::new().decompress_vec(body).unwrap();
    let all = fields(&plain)
        .into_iter()
        .filter(|(number, _)| *number == 1);
    let read = |series: Vec<u8>| {
        let (mut name, mut labels, mut sample) = (String::new(), Vec::new(), (0.0, 0));
        for (number, bytes) in fields(&series) {
            let parts = fields(&bytes);
            if number == 1 {
                let text = |i: usize| String::from_utf8(parts[i].1.clone()).unwrap();
                labels.push((text(0), text(1)));
            } else {
                let eight = |i: usize| parts[i].1.clone().try_into().unwrap();
                let value = if parts.len() > 1 {
                    f64::from_le_bytes(eight(0))
                } else {
                    0.0
                };
                sample = (value, i64::from_le_bytes(eight(parts.len() - 1)));
            }
        }
        assert!(labels.is_sorted(), "{labels:?}");
        labels.retain(|(key, value)| {
            let own = key == "__name__";
            if own {
                name.clone_from(value);
            }
            !own
        });
        let labels = labels.iter().map(|(k, v)| format!("{k}={v:?}"));
        let mut labels: Vec<String> = labels.collect();
        labels.sort();
        (format!("{name}{{{}}}", labels.join(",")), sample)
    };
    all.map(|(_, series)| read(series)).collect()
}

#[test]
fn prometheus_is_written_what_metrics_txt_says() {
    let (target, hooks) = (target(), target());
    let url = hooks
        .url("/echo/api/v1/write")
        .replace("//", "//ann:${PW}@");
    let (_bench, ran) = told(&target, "", &format!("  remote_write: {url}"));
    let ran = ran.expect(3);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    let [seen] = hooks.seen("/echo/api/v1/write").try_into().unwrap();
    for (name, value) in [
        ("content-type", "application/x-protobuf"),
        ("content-encoding", "snappy"),
        ("x-prometheus-remote-write-version", "0.1.0"),
        ("authorization", "Basic YW5uOnBsYW50ZWQtczNjcmV0"),
    ] {
        assert_eq!(seen.header(name), Some(value));
    }
    let written = series(&seen.body);
    let text = ran.report("metrics.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut expected = BTreeMap::new();
    for line in lines {
        let (key, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = key.strip_suffix('}').unwrap().split_once('{').unwrap();
        let mut labels: Vec<&str> = labels.split(',').collect();
        labels.sort_unstable();
        let value: f64 = value.parse().unwrap();
        expected.insert(format!("{name}{{{}}}", labels.join(",")), value);
    }
    assert_eq!(written.len(), expected.len());
    for (key, value) in &expected {
        assert_eq!(written[key].0, *value, "{key}");
    }
    let started: jiff::Timestamp = ran.result()["run"]["started"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    for (_, at) in written.values() {
        let since = at - started.as_millisecond();
        assert!((0..60_000).contains(&since), "{since}");
    }
}

#[test]
fn a_collector_that_keeps_only_a_part_is_a_warning() {
    let target = target();
    // partial_success { rejected_data_points: 3, error_message: "too old" }
    let partly = "\n\u{b}\u{8}\u{3}\u{12}\u{7}too old";
    let collector = serve(move |_| ("200 OK".into(), partly.into()));
    let (_bench, ran) = told(&target, "", &format!("  otlp: {collector}"));
    let said = ran.expect(3).stderr;
    for what in ["metrics", "traces"] {
        let warning = format!(
            "warning: the collector of {what} at 127.0.0.1 was not told: it refused 3 of what it was sent: too old"
        );
        assert!(said.contains(&warning), "{said}");
    }
}

/// Nobody's laptop has the secrets of the pipeline: who needs one is not told, everybody else is, and the run is judged.
#[test]
fn who_needs_a_variable_that_is_not_set_is_not_told_and_the_run_goes_on() {
    let (target, hooks) = (target(), target());
    let notify = format!(
        "  webhook: {}\n  secret: ${{HOOK_SECRET}}\n  slack: ${{SLACK}}\n  file: told.ndjson",
        hooks.url("/echo/hook")
    );
    let (bench, ran) = told(&target, "", &notify);
    let ran = ran.expect(2);
    assert!(ran.stderr.contains("T0741"), "{}", ran.stderr);
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    let scenario = scenario.replace("[PW]", "[PW, HOOK_SECRET, SLACK]");
    bench.write("s.yaml", &scenario);
    let ran = bench.smoke(&[]).expect(3);
    for (way, key, name) in [
        ("webhook", "webhook", "HOOK_SECRET"),
        ("slack", "slack", "SLACK"),
    ] {
        let warning = format!(
            "warning[T0744]: `{key}` is not told how the run ends: the environment variable `{name}` is not set"
        );
        assert_eq!(ran.stderr.matches(&warning).count(), 1, "{}", ran.stderr);
        let line = format!("not told  {way}: `{name}` has no value\n");
        assert_eq!(ran.stdout.matches(&line).count(), 1, "{}", ran.stdout);
    }
    let missing = serde_json::json!([
        "webhook: `HOOK_SECRET` has no value",
        "slack: `SLACK` has no value"
    ]);
    assert_eq!(ran.result()["run"]["not_told"], missing);
    assert!(hooks.seen("/echo/hook").is_empty(), "it went out unsigned");
    assert!(bench.path("told.ndjson").exists());
    for command in ["validate", "plan"] {
        let ran = bench.run(&[command, "s.yaml"]).expect(0);
        assert_eq!(ran.stderr.matches("T0744").count(), 2, "{}", ran.stderr);
    }
    // A value is looked at.
    let ran = bench.smoke(&["-e", "SLACK=hooks.slack.test", "-e", "HOOK_SECRET=abcdef"]);
    let said = ran.expect(2).stderr;
    assert!(said.contains("T0740") && !said.contains("T0744"), "{said}");
    // Once all are there, nobody is missing.
    let slack = format!("SLACK={}", hooks.url("/echo/slack"));
    let ran = bench
        .smoke(&["-e", &slack, "-e", "HOOK_SECRET=abcdef"])
        .expect(3);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    assert!(ran.result()["run"].get("not_told").is_none());
    assert_eq!(hooks.seen("/echo/slack").len(), 1);
}
