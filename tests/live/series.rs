//! Metrics asked back from a server that keeps them, equal to `metrics.txt`.
//!
//! - `TOLLGATE_LIVE_PROMETHEUS=http://127.0.0.1:9090`, with `--web.enable-remote-write-receiver`;
//! - `TOLLGATE_LIVE_OTLP_SERIES=http://127.0.0.1:8428`: `VictoriaMetrics` with `-opentelemetry.usePrometheusNaming`.

use super::named;
use crate::support::cli::Bench;
use crate::support::target::target;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Series by name and labels, without those that a server adds.
type Series = BTreeMap<(String, BTreeMap<String, String>), f64>;

/// What the server says to a query at an instant.
fn asked(base: &str, query: &str, at: f64) -> Series {
    let url = url::Url::parse(base).unwrap();
    let host = format!(
        "{}:{}",
        url.host_str().unwrap(),
        url.port_or_known_default().unwrap()
    );
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let mut stream = TcpStream::connect(&host).unwrap();
    let request = format!(
        "GET /api/v1/query?query={query}&time={at}&latency_offset=1ms&nocache=1 HTTP/1.0\r\nhost: {host}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{answer}");
    let document: Value = serde_json::from_str(body).unwrap();
    let found = document["data"]["result"].as_array().unwrap().iter();
    found
        .map(|one| {
            let mut labels: BTreeMap<String, String> =
                serde_json::from_value(one["metric"].clone()).unwrap();
            let name = labels.remove("__name__").unwrap();
            (
                (name, labels),
                one["value"][1].as_str().unwrap().parse().unwrap(),
            )
        })
        .collect()
}

/// The samples of `metrics.txt`; no label of this test holds a comma or a quote.
fn told(text: &str) -> Series {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (key, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = key.strip_suffix('}').unwrap().split_once('{').unwrap();
            let labels = labels.split(',').map(|label| {
                let (name, value) = label.split_once('=').unwrap();
                (name.to_owned(), value.trim_matches('"').to_owned())
            });
            (
                (name.to_owned(), plain(labels.collect())),
                value.parse().unwrap(),
            )
        })
        .collect()
}

#[test]
fn prometheus_gives_back_what_the_report_says() {
    let what = "the base address of a Prometheus that takes remote write";
    if let Some(base) = named("TOLLGATE_LIVE_PROMETHEUS", what) {
        given_back(&base, &format!("remote_write: \"{base}/api/v1/write\""));
    }
}

#[test]
fn a_server_that_takes_otlp_gives_back_what_the_report_says() {
    let what = "the base address of a VictoriaMetrics";
    if let Some(base) = named("TOLLGATE_LIVE_OTLP_SERIES", what) {
        given_back(&base, &format!("otlp: \"{base}/opentelemetry\""));
    }
}

/// Tells a server of a run, and asks it.
fn given_back(base: &str, way: &str) {
    let target = target();
    let steps =
        "      - get: /ok\n        name: a\n      - get: /sequence/200,200,500\n        name: b\n";
    let bench = Bench::with_steps(
        &target.url(""),
        steps,
        "  load: { users: 2, duration: 3s }\n",
    );
    let name = format!("live-{:016x}", rand::random::<u64>());
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    let scenario = scenario.replacen("scenario: s\n", &format!("scenario: {name}\n"), 1);
    bench.write("s.yaml", &format!("{scenario}notify: {{ {way} }}\n"));
    bench.write(
        "b.yaml",
        "budgets:\n  - p95 < 200ms\n  - error_rate < 50%\n",
    );
    let ran = bench.smoke(&["--budgets", "b.yaml", "--format", "openmetrics"]);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    let expected = told(&ran.report("metrics.txt"));
    let result = ran.result();
    let started: jiff::Timestamp = result["run"]["started"].as_str().unwrap().parse().unwrap();
    let at = started.as_millisecond() as f64 / 1e3 + 60.0;
    let own = format!("{{scenario=\"{name}\"}}");
    // Some servers show a second later what they have taken.
    let found = (0..50).find_map(|_| {
        let found = known(asked(base, &own, at), &expected);
        std::thread::sleep(Duration::from_millis(200));
        (found.len() == expected.len()).then_some(found)
    });
    let found = found.expect("all series are there within ten seconds");
    for (key, value) in &expected {
        let found = found.get(key).copied();
        // VictoriaMetrics keeps twelve digits.
        let same = found.is_some_and(|found| (found - value).abs() <= value.abs() * 1e-11);
        assert!(same, "{key:?}: {found:?}, {value} was told");
    }
    // What people would ask is what the report says.
    let sent = format!("sum(tollgate_requests_total{own}) by (scenario)");
    let query = format!("label_replace({sent}, \"__name__\", \"sent\", \"\", \"\")");
    let counted = asked(base, &query, at).into_values().sum::<f64>();
    assert_eq!(result["totals"]["n"], counted as u64);
    println!("{name}: {} series equal, {counted} requests", found.len());
}

/// Without the labels that a server made of what OTLP says of the process: none of them is one of `metrics.txt`.
fn known(found: Series, expected: &Series) -> Series {
    let names: BTreeSet<&String> = expected
        .keys()
        .flat_map(|(_, labels)| labels.keys())
        .collect();
    let own = |((name, mut labels), value): ((String, BTreeMap<String, String>), f64)| {
        labels.retain(|label, _| names.contains(label));
        ((name, plain(labels)), value)
    };
    let count = found.len();
    let found: Series = found.into_iter().map(own).collect();
    assert_eq!(found.len(), count, "series that differ in other labels");
    found
}

/// Bounds in one way of writing: `5e-5` is `0.00005`.
fn plain(mut labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    if let Some(le) = labels.get_mut("le") {
        *le = le.parse::<f64>().unwrap().to_string();
    }
    labels
}
