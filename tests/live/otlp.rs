//! OTLP through a real collector: what it passes on is what the reports say.
//!
//! `TOLLGATE_LIVE_OTLP=http://127.0.0.1:4318` is where it listens, `TOLLGATE_LIVE_OTLP_BACK=127.0.0.1:4319` where it passes
//! everything on to over OTLP/HTTP, as JSON or protobuf: there this test listens. Of the OpenTelemetry Collector:
//! `exporters: { otlp_http: { endpoint: "http://127.0.0.1:4319" } }`.

use super::named;
use crate::support::cli::{Bench, Ran};
use crate::support::target::target;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest as Metrics;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest as Traces;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// What is said of a point or span, by what it is of.
type Said = BTreeMap<String, String>;

/// A request that was passed on.
struct Passed {
    path: String,
    json: bool,
    body: Vec<u8>,
}

impl Passed {
    fn read<T: Message + Default + DeserializeOwned>(&self) -> T {
        if self.json {
            return serde_json::from_slice(&self.body).unwrap();
        }
        T::decode(self.body.as_slice()).unwrap()
    }
}

/// Answers whoever passes something on, and keeps it.
fn back(address: &str) -> Receiver<Passed> {
    let listener = TcpListener::bind(address).unwrap();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut out = stream.unwrap();
                let mut lines = BufReader::new(out.try_clone().unwrap());
                while let Some(passed) = read(&mut lines) {
                    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    out.write_all(answer.as_bytes()).unwrap();
                    sender.send(passed).ok();
                }
            });
        }
    });
    receiver
}

fn read(lines: &mut BufReader<impl std::io::Read>) -> Option<Passed> {
    let mut first = String::new();
    if lines.read_line(&mut first).unwrap_or(0) == 0 {
        return None;
    }
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap_or(0) > 2 {
        let (name, value) = line.split_once(':').unwrap();
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        line.clear();
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    lines.read_exact(&mut body).unwrap();
    if headers.get("content-encoding").is_some_and(|c| c == "gzip") {
        let packed = std::mem::take(&mut body);
        flate2::read::GzDecoder::new(packed.as_slice())
            .read_to_end(&mut body)
            .unwrap();
    }
    Some(Passed {
        path: first.split(' ').nth(1).unwrap().to_owned(),
        json: headers["content-type"].starts_with("application/json"),
        body,
    })
}

/// In any order.
fn labels(attributes: &[KeyValue]) -> String {
    let mut all: Vec<String> = attributes.iter().map(|a| format!("{a:?}")).collect();
    all.sort();
    all.concat()
}

fn points(request: Metrics) -> Said {
    let mut said = Said::new();
    for resource in request.resource_metrics {
        let of = labels(&resource.resource.unwrap().attributes);
        for metric in resource.scope_metrics.into_iter().flat_map(|s| s.metrics) {
            let name = format!("{} {} {}", metric.name, metric.unit, metric.description);
            let mut put = |attributes: Vec<KeyValue>, value: String| {
                let key = format!("{name} {of} {}", labels(&attributes));
                assert_eq!(said.insert(key, value), None, "twice");
            };
            match metric.data.unwrap() {
                Data::Gauge(gauge) => gauge.data_points.into_iter().for_each(|mut p| {
                    put(std::mem::take(&mut p.attributes), format!("{p:?}"));
                }),
                Data::Sum(sum) => sum.data_points.into_iter().for_each(|mut p| {
                    let kind = (sum.aggregation_temporality, sum.is_monotonic);
                    put(std::mem::take(&mut p.attributes), format!("{kind:?} {p:?}"));
                }),
                Data::Histogram(all) => all.data_points.into_iter().for_each(|mut p| {
                    let kind = all.aggregation_temporality;
                    put(std::mem::take(&mut p.attributes), format!("{kind} {p:?}"));
                }),
                other => panic!("{other:?}"),
            }
        }
    }
    said
}

fn spans(request: Traces) -> Said {
    let mut said = Said::new();
    for resource in request.resource_spans {
        let of = labels(&resource.resource.unwrap().attributes);
        for mut span in resource.scope_spans.into_iter().flat_map(|s| s.spans) {
            let own = labels(&std::mem::take(&mut span.attributes));
            let key = format!("{:02x?}", span.span_id);
            assert_eq!(said.insert(key, format!("{of} {own} {span:?}")), None);
        }
    }
    said
}

/// A smoke test with a step that fails, and a report of each kind.
fn smoke(collector: &str) -> (Bench, Ran) {
    let target = target();
    let steps = "      - get: /ok\n        name: a\n      - get: /status/500\n        name: b\n        check: [status == 200, body contains \"x\"]\n";
    let bench = Bench::with_steps(&target.url(""), steps, "  smoke: { passes: 3 }\n");
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    let notify = format!("{scenario}notify: {{ otlp: \"{collector}\" }}\n");
    bench.write("s.yaml", &notify);
    bench.write("b.yaml", "budgets: [p95 < 200ms, error_rate < 90%]\n");
    let formats = "otlp-metrics,otlp-traces";
    let ran = bench.smoke(&["--budgets", "b.yaml", "--format", formats]);
    let ran = ran.expect(3);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    (bench, ran)
}

#[test]
fn a_collector_passes_on_what_the_reports_say() {
    let what = "where a collector takes OTLP/HTTP";
    let Some(collector) = named("TOLLGATE_LIVE_OTLP", what) else {
        return;
    };
    let what = "host and port that the collector passes OTLP on to";
    let Some(address) = named("TOLLGATE_LIVE_OTLP_BACK", what) else {
        return;
    };
    let passed = back(&address);
    let (_bench, ran) = smoke(&collector);
    let metrics = points(serde_json::from_str(&ran.report("otlp-metrics.json")).unwrap());
    let traces = spans(serde_json::from_str(&ran.report("otlp-traces.json")).unwrap());
    let (mut found, mut found_spans) = (Said::new(), Said::new());
    while found.len() < metrics.len() || found_spans.len() < traces.len() {
        let request = passed
            .recv_timeout(Duration::from_secs(60))
            .unwrap_or_else(|_| panic!("{} series, {} spans", found.len(), found_spans.len()));
        if request.path.ends_with("/v1/metrics") {
            found.extend(points(request.read()));
        } else {
            found_spans.extend(spans(request.read()));
        }
    }
    assert_eq!(found, metrics);
    assert_eq!(found_spans, traces);
    // What result.json says: a span for each request and one for the run.
    let sent = ran.result()["totals"]["n"].as_u64().unwrap();
    assert_eq!(found_spans.len() as u64, sent + 1);
    println!("{} series and {} spans equal", found.len(), traces.len());
}
