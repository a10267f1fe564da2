//! Metrics and events as their readers take them, equal to what the report says.

use crate::golden::rendered;
use crate::support::{extreme_runs, sample_run};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tollgate::report::{
    EVENTS, Events, LiveEvents, OpenMetrics, OtlpBinary, OtlpMetrics, OtlpTraces, Reporter, Steps,
    View, metric_names,
};

fn view((record, verdict): (tollgate::record::RunRecord, tollgate::budget::Verdict)) -> View {
    View::new(&record, &verdict)
}

/// The samples of an OpenMetrics text, by the grammar: families in one piece, `# EOF` last.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    let mut family = String::new();
    let mut seen = BTreeSet::new();
    let lines: Vec<&str> = text.lines().collect();
    let (end, lines) = lines.split_last().unwrap();
    assert_eq!(*end, "# EOF");
    for line in lines {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            rest.split_once(' ').unwrap().0.clone_into(&mut family);
            assert!(seen.insert(family.clone()), "{family} comes twice");
        } else if let Some(rest) = line.strip_prefix("# ") {
            assert!(rest.contains(&family), "{line}");
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(&family), "{line}");
            assert!(
                found
                    .insert(name.to_owned(), value.parse().unwrap())
                    .is_none(),
                "{line}"
            );
        }
    }
    found
}

/// The value of the one sample with this name and these labels.
fn one(samples: &BTreeMap<String, f64>, name: &str, labels: &[&str]) -> f64 {
    let all: Vec<_> = samples
        .iter()
        .filter(|(key, _)| {
            key.starts_with(&format!("{name}{{")) && labels.iter().all(|l| key.contains(l))
        })
        .collect();
    assert_eq!(all.len(), 1, "{name} {labels:?}: {all:?}");
    *all[0].1
}

#[test]
fn metrics_are_equal_to_the_report_and_limits_of_budgets_are_bounds() {
    let view = view(sample_run::fail());
    let text = samples(&rendered(&OpenMetrics, &view));
    let pay = ["step=\"pay\"", "result=\"ok\""];
    let bucket = |le: &str| {
        one(
            &text,
            "tollgate_response_duration_seconds_bucket",
            &[pay[0], pay[1], le],
        )
    };
    let step = &view.steps[4];
    assert_eq!(bucket("le=\"+Inf\""), step.ok as f64);
    // 800 ms is the limit of a budget: what is over it and what did not pass is what the budget counted.
    let budget = view
        .budgets
        .iter()
        .find(|b| b.text.contains("800ms"))
        .unwrap();
    let over = step.n() - bucket("le=\"0.8\"") as u64;
    assert_eq!(Some(over), budget.violations);
    for (result, n) in [
        ("ok", step.ok),
        ("check failed", step.check_failed),
        ("timed out", step.timed_out),
    ] {
        let labels = ["step=\"pay\"", &format!("result=\"{result}\"")];
        assert_eq!(one(&text, "tollgate_requests_total", &labels), n as f64);
    }
    assert_eq!(
        one(
            &text,
            "tollgate_budget_held",
            &["budget=\"error_rate < 1%\""]
        ),
        1.0
    );
    assert_eq!(one(&text, "tollgate_run_exit", &[]), 4.0);
    let mut last = 0.0;
    for le in ["0.005", "0.25", "0.8", "1.0", "10.0", "+Inf"] {
        let now = bucket(&format!("le=\"{le}\""));
        assert!(now >= last, "{le}");
        last = now;
    }
}

#[test]
fn otlp_says_the_same_in_its_own_form() {
    let view = view(sample_run::fail());
    let document: Value = serde_json::from_str(&rendered(&OtlpMetrics, &view)).unwrap();
    let metrics = document["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
        .as_array()
        .unwrap();
    let found = metrics
        .iter()
        .find(|m| m["name"] == "http.client.request.duration")
        .unwrap();
    assert_eq!(found["unit"], "s");
    let points = found["histogram"]["dataPoints"].as_array().unwrap();
    assert_eq!(points.len(), view.steps.len());
    for (point, step) in points.iter().zip(&view.steps) {
        let keys: Vec<&str> = point["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["key"].as_str().unwrap())
            .collect();
        for needed in ["http.request.method", "server.address", "server.port"] {
            assert!(keys.contains(&needed), "{keys:?}");
        }
        let counts = point["bucketCounts"].as_array().unwrap();
        let bounds = point["explicitBounds"].as_array().unwrap();
        assert_eq!(counts.len(), bounds.len() + 1);
        assert!(bounds.contains(&0.8.into()) && bounds.contains(&0.1.into()));
        let sum: u64 = counts
            .iter()
            .map(|c| c.as_str().unwrap().parse::<u64>().unwrap())
            .sum();
        assert_eq!(point["count"], sum.to_string());
        assert_eq!(sum, step.ok + step.check_failed);
    }
}

#[test]
fn otlp_is_read_by_its_own_messages_and_protobuf_says_what_json_says() {
    let bytes = |reporter: OtlpBinary, view: &View| {
        let mut bytes = Vec::new();
        reporter.render(view, &mut bytes).unwrap();
        bytes
    };
    for run in [
        sample_run::pass(),
        sample_run::fail(),
        sample_run::invalid(),
        extreme_runs::hostile(),
    ] {
        let view = view(run);
        let json = rendered(&OtlpMetrics, &view);
        let json: ExportMetricsServiceRequest = serde_json::from_str(&json).unwrap();
        let binary = bytes(OtlpBinary::Metrics, &view);
        let binary = ExportMetricsServiceRequest::decode(binary.as_slice()).unwrap();
        assert_eq!(json, binary);
        assert!(!json.resource_metrics[0].scope_metrics[0].metrics.is_empty());
        let json = rendered(&OtlpTraces, &view);
        let json: ExportTraceServiceRequest = serde_json::from_str(&json).unwrap();
        let binary = bytes(OtlpBinary::Traces, &view);
        assert_eq!(
            json,
            ExportTraceServiceRequest::decode(binary.as_slice()).unwrap()
        );
    }
}

#[test]
fn a_smoke_test_is_one_trace_and_a_load_is_none() {
    let spans = |view: &View| {
        let document: Value = serde_json::from_str(&rendered(&OtlpTraces, view)).unwrap();
        document["resourceSpans"][0]["scopeSpans"][0]["spans"]
            .as_array()
            .unwrap()
            .clone()
    };
    assert_eq!(spans(&view(sample_run::fail())), Vec::<Value>::new());
    let spans = spans(&view(extreme_runs::hostile()));
    let [root, step] = spans.as_slice() else {
        panic!("{spans:?}")
    };
    assert_eq!(
        (&step["traceId"], &step["parentSpanId"]),
        (&root["traceId"], &root["spanId"])
    );
    assert_eq!(step["traceId"].as_str().unwrap().len(), 32);
    assert_eq!(step["status"]["code"], 2);
}

#[test]
fn hostile_labels_stay_labels() {
    let text = rendered(&OpenMetrics, &view(extreme_runs::hostile()));
    samples(&text);
    assert!(
        text.contains("check=\"body contains \\\"welcome\\\"\""),
        "{text}"
    );
}

#[test]
fn every_line_of_the_events_is_of_the_published_schema() {
    let schema: Value = serde_json::from_str(EVENTS).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for run in [
        sample_run::pass(),
        sample_run::fail(),
        sample_run::invalid(),
        extreme_runs::hostile(),
    ] {
        let view = view(run);
        let text = rendered(&Events, &view);
        let lines: Vec<Value> = text
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        for line in &lines {
            assert!(validator.is_valid(line), "{line}");
        }
        assert_eq!(lines[0]["event"], "start");
        assert_eq!(lines.last().unwrap()["exit"]["code"], view.exit.code);
        let windows = lines.iter().filter(|l| l["event"] == "window").count();
        assert_eq!(windows, view.windows.len());
    }
}

#[test]
fn lines_that_are_written_while_it_goes_are_those_of_the_whole_file() {
    let (record, verdict) = sample_run::fail();
    let text = rendered(&Events, &View::new(&record, &verdict));
    let timeouts = record.steps.iter().map(|s| s.measured.at_least());
    let shortest = timeouts.filter(|timeout| *timeout > 0).min().unwrap();
    let live = LiveEvents::new(&record, Duration::from_nanos(shortest));
    let windows = record.timeline.windows().iter();
    let lines: Vec<String> = [live.start()]
        .into_iter()
        .chain(windows.map(|w| live.window(w)))
        .collect();
    assert!(text.starts_with(&lines.concat()));
}

#[test]
fn slots_of_steps_add_up_to_the_step() {
    let view = view(sample_run::fail());
    let text = rendered(&Steps, &view);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut ended: BTreeMap<String, u64> = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        if &row[4] == "true" {
            *ended.entry(format!("{}/{}", &row[0], &row[1])).or_default() +=
                row[5].parse::<u64>().unwrap();
        }
    }
    for step in &view.steps {
        assert_eq!(ended[&step.label], step.n(), "{}", step.label);
    }
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let names = metric_names(&view(sample_run::fail()));
    let text = std::fs::read_to_string("ci/grafana/tollgate.json").unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut asked = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let own = words.filter(|w| w.starts_with("tollgate_") || w.starts_with("http_client_"));
            asked.extend(own.map(str::to_owned));
        }
    }
    assert!(asked.len() >= 6, "{asked:?}");
    let unknown: Vec<_> = asked.difference(&names).collect();
    assert!(unknown.is_empty(), "{unknown:?} of {names:?}");
}
