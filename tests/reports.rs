//! What every report promises, whatever the run.

use crate::golden::rendered;
use crate::support::extreme_runs::{self, HOSTILE};
use crate::support::sample_run;
use serde_json::Value;
use std::sync::LazyLock;
use tollgate::budget::{Exit, Reason};
use tollgate::record::{
    FlowLayout, Layout, MessageSample, Model, Recorder, RunRecord, Since, StepLayout, Stop,
};
use tollgate::report::{
    Console, Html, Json, Junit, Reporter, SCHEMA, Summary, View, Windows, Word,
};

fn view((record, verdict): (RunRecord, tollgate::budget::Verdict)) -> View {
    View::new(&record, &verdict)
}

/// An empty run: nothing was sent.
fn unreachable() -> View {
    let record = RunRecord {
        scenario: "shop".into(),
        unreachable: Some("127.0.0.1:1: connection refused".into()),
        ..RunRecord::default()
    };
    let verdict = tollgate::budget::judge(&record, None);
    View::new(&record, &verdict)
}

fn interrupted() -> View {
    let (mut record, _) = sample_run::pass();
    record.stop = Some(Stop::Interrupted);
    let verdict = tollgate::budget::judge(&record, None);
    View::new(&record, &verdict)
}

/// One of every kind, made once.
static ALL: LazyLock<Vec<View>> = LazyLock::new(|| {
    let mut views: Vec<View> = [
        sample_run::pass(),
        sample_run::fail(),
        sample_run::invalid(),
        sample_run::stairs(),
        extreme_runs::hostile(),
    ]
    .map(view)
    .into();
    views.extend([unreachable(), interrupted()]);
    views
});

#[test]
fn results_follow_the_published_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for view in ALL.iter() {
        let result: Value = serde_json::from_str(&rendered(&Json, view)).unwrap();
        let problems: Vec<String> = validator
            .iter_errors(&result)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{:?}: {problems:#?}", view.word);
        assert_eq!(result["exit"]["code"], view.exit.code);
    }
}

#[test]
fn every_reason_has_its_word_and_is_in_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let known = &schema["$defs"]["reason"]["enum"];
    let (record, mut verdict) = sample_run::pass();
    for reason in Reason::ALL {
        let name = serde_json::to_value(reason).unwrap();
        assert!(known.as_array().unwrap().contains(&name), "{name}");
        verdict.exit = Exit::of([reason]);
        let word = View::new(&record, &verdict).word;
        assert_eq!(word == Word::Pass, reason == Reason::Pass);
    }
}

/// Raw controls, tags, directions: nothing of it may come through anywhere.
fn assert_harmless(name: &str, text: &str) {
    for c in text.chars() {
        let acts = (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}'..='\u{ffff}');
        assert!(!acts, "{name} lets {c:?} through");
    }
    assert!(text.contains("owned"), "{name} does not show the answer");
}

#[test]
fn a_hostile_answer_does_not_act_on_a_terminal_or_a_log() {
    let view = view(extreme_runs::hostile());
    // Lines break at another place at every width.
    for width in 60..=120 {
        let console = Console {
            width,
            ..Console::default()
        };
        let text = rendered(&console, &view);
        assert_harmless("console", &text);
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("::"), "{line}");
            assert!(!line.contains("##["), "{line}");
        }
        assert!(text.lines().last().unwrap().starts_with("FAIL"), "{text}");
    }
}

#[test]
fn a_hostile_answer_is_text_in_html() {
    let view = view(extreme_runs::hostile());
    let text = rendered(&Html, &view);
    assert_harmless("html", &text);
    // Ours alone, and the policy lets a browser run no other.
    assert!(text.contains("script-src 'sha256-") && !text.contains("script-src 'unsafe"));
    let lower = text.to_lowercase().replacen("<script>// tables", "", 1);
    for tag in ["<script", "<img", "<!--", "<iframe", "javascript:"] {
        assert!(!lower.contains(tag), "{tag}");
    }
    assert!(text.contains("&#60;script&#62;") || text.contains("&lt;script&gt;"));
}

#[test]
fn a_hostile_answer_is_text_in_junit() {
    let view = view(extreme_runs::hostile());
    let text = rendered(&Junit, &view);
    assert_harmless("junit", &text);
    assert!(!text.contains("<script") && !text.contains("]]>"));
    let report = quick_junit::Report::deserialize_from_str(&text).unwrap();
    assert_eq!((report.tests, report.failures, report.skipped), (3, 1, 1));
}

#[test]
fn a_hostile_answer_is_text_in_json_and_no_formula_in_csv() {
    let view = view(extreme_runs::hostile());
    let text = rendered(&Json, &view);
    assert_harmless("json", &text);
    let result: Value = serde_json::from_str(&text).unwrap();
    let actual = result["failures"][0]["exhibits"][0]["actual"]
        .as_str()
        .unwrap();
    assert!(actual.contains("owned") && actual != HOSTILE);
    for reporter in [&Summary as &dyn Reporter, &Windows] {
        let table = rendered(reporter, &view);
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        for row in reader.records() {
            for cell in &row.unwrap() {
                assert!(!cell.starts_with(['=', '@', '+', '\t']), "{cell}");
            }
        }
    }
    assert!(rendered(&Summary, &view).contains("'@products"));
}

#[test]
fn junit_counts_cases_and_tells_wrong_from_unknown() {
    let count = |view: &View| {
        let text = rendered(&Junit, view);
        let report = quick_junit::Report::deserialize_from_str(&text).unwrap();
        let cases: Vec<_> = report
            .test_suites
            .iter()
            .flat_map(|s| &s.test_cases)
            .collect();
        let mut names: Vec<_> = cases
            .iter()
            .map(|c| (c.classname.clone(), c.name.clone()))
            .collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), report.tests, "names are unique");
        assert_eq!(cases.len(), report.tests);
        (report.tests, report.failures, report.errors, report.skipped)
    };
    let [pass, fail, invalid] = [
        sample_run::pass(),
        sample_run::fail(),
        sample_run::invalid(),
    ]
    .map(view);
    // Five steps, eight budgets, the run; one budget is of another profile.
    assert_eq!(count(&pass), (14, 0, 0, 1));
    assert_eq!(count(&fail), (14, 2, 0, 1));
    assert_eq!(count(&invalid), (14, 0, 2, 1));
    assert_eq!(count(&unreachable()), (1, 0, 1, 0));
    assert_eq!(count(&interrupted()).2, 1);
}

#[test]
fn no_run_is_too_large_for_a_page() {
    let view = view(extreme_runs::large());
    assert_eq!(
        (view.steps.len(), view.series.len(), view.hover.len()),
        (500, 225, 57)
    );
    let page = rendered(&Html, &view);
    println!("{} bytes", page.len());
    assert!(page.len() < 500_000, "{} bytes", page.len());
    assert!(page.contains("350 more in summary.csv"));
    let rows = rendered(&Windows, &view).lines().count();
    assert_eq!(rows, view.windows.len() + 1);
}

#[test]
fn a_page_loads_nothing() {
    for view in ALL.iter() {
        let page = rendered(&Html, view);
        assert!(page.contains("default-src 'none'"));
        for load in ["src=", "<link", "@import", "url(", "<base", "<form"] {
            assert!(
                !page.contains(load) || view.failures.iter().any(|f| f.kind == "check"),
                "{load}"
            );
        }
    }
}

#[test]
fn the_summary_keeps_its_width_and_ends_with_the_verdict() {
    for (width, view) in [60, 80, 120]
        .into_iter()
        .flat_map(|w| ALL.iter().map(move |v| (w, v)))
    {
        let console = Console {
            width,
            ..Console::default()
        };
        let text = rendered(&console, view);
        let last = text.lines().last().unwrap();
        assert!(last.starts_with(view.word.text()), "{last}");
        let commands = |l: &&str| !l.trim_start().starts_with("curl") && *l != last;
        for line in text.lines().filter(commands) {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn colour_only_repeats_words() {
    let view = view(sample_run::fail());
    let plain = rendered(&Console::default(), &view);
    let console = Console {
        colour: true,
        ..Console::default()
    };
    let coloured = rendered(&console, &view);
    assert!(coloured.contains('\x1b') && !plain.contains('\x1b'));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

#[test]
fn a_closed_model_says_what_its_percentiles_leave_out() {
    let (mut record, verdict) = sample_run::pass();
    let cautions = |record: &RunRecord| {
        let view = View::new(record, &verdict);
        let joined = rendered(&Console::default(), &view).replace('\n', " ");
        [joined, rendered(&Html, &view)].map(|text| text.contains("leave out who would have"))
    };
    assert_eq!(cautions(&record), [false, false]);
    record.model = Model::Closed { users: 50 };
    assert_eq!(cautions(&record), [true, true]);
}

#[test]
fn the_summary_can_be_searched_for_response_times_and_connections() {
    let (record, verdict) = sample_run::fail();
    for width in [60, 80, 160] {
        let console = Console {
            width,
            ..Console::default()
        };
        let text = rendered(&console, &View::new(&record, &verdict));
        let line = text
            .lines()
            .find(|l| l.starts_with("response p50 "))
            .unwrap();
        assert!(line.ends_with("p99 749 ms  max ≥ 2 s"), "{line}");
        assert!(line.chars().count() <= width, "{line}");
        assert!(text.contains("connections: shared"), "{text}");
    }
}

/// A run one of whose steps had messages, some of them from the future.
fn with_messages() -> View {
    let (mut record, _) = sample_run::pass();
    let layout = Layout {
        steps: vec![StepLayout::default()],
        flows: vec![FlowLayout::default()],
        ..Layout::default()
    };
    let mut recorder = Recorder::new(&layout);
    for i in 0..200 {
        recorder.message(&MessageSample {
            step: 0,
            measured: true,
            at: i * 1_000_000,
            latency: Some(i * 1_000_000),
            ahead: if i < 37 { 2_000_000_000 } else { 0 },
            since: if i == 0 {
                Since::First(5_000_000)
            } else {
                Since::Gap(100_000_000)
            },
        });
    }
    recorder.message_sent(0, true);
    recorder.message_missing(0, true, 1);
    record.steps[0].measured.messages = recorder.finish().steps.remove(0).measured.messages;
    let verdict = tollgate::budget::judge(&record, None);
    View::new(&record, &verdict)
}

#[test]
fn messages_are_in_every_report_that_has_them_and_in_no_other() {
    let (with, without) = (with_messages(), view(sample_run::pass()));
    let console = Console {
        width: 100,
        ..Console::default()
    };
    for (reporter, name) in [
        (&console as &dyn Reporter, "console"),
        (&Html as &dyn Reporter, "html"),
    ] {
        let text = rendered(reporter, &with);
        for part in [
            "Messages",
            "missing",
            "37 messages carried a time stamp from the future, by up to 2 s: the clocks differ",
        ] {
            assert!(text.contains(part), "{name}: {part}\n{text}");
        }
        assert!(!rendered(reporter, &without).contains("Messages"), "{name}");
    }
    let row = "browse/landing                                     200     1        1  99  189  197          5      100";
    let text = rendered(&console, &with);
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(text.lines().any(|l| words(l) == words(row)), "{text}");

    let result: Value = serde_json::from_str(&rendered(&Json, &with)).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(jsonschema::is_valid(&schema, &result));
    let messages = &result["steps"][0]["messages"];
    assert_eq!(messages["received"], 200);
    assert_eq!(
        (&messages["missing"], &messages["ahead"]),
        (&1.into(), &37.into())
    );
    assert_eq!(messages["latency_ms"]["gap"]["p99"], 100.0);
    assert_eq!(result["steps"][1].get("messages"), None);

    let table = rendered(&Summary, &with);
    let mut lines = table.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let first: Vec<&str> = lines.next().unwrap().split(',').collect();
    let cell = |name: &str| first[head.iter().position(|h| *h == name).unwrap()];
    assert_eq!(
        (cell("messages_received"), cell("message_first_max_ms")),
        ("200", "5")
    );
    assert!(!rendered(&Summary, &without).contains("message"));
}
