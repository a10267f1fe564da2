//! Markdown and TAP as their readers take them, whatever a server said.

use crate::golden::rendered;
use crate::support::{extreme_runs, sample_run};
use tollgate::report::{COMMENT, Markdown, Reporter, SUMMARY, Tap, View};

const WHOLE: Markdown = Markdown {
    most: SUMMARY,
    sticky: false,
};
const STICKY: Markdown = Markdown {
    most: COMMENT,
    sticky: true,
};

fn hostile() -> View {
    let (record, verdict) = extreme_runs::hostile();
    View::new(&record, &verdict)
}

/// What a renderer takes for markup: everything outside of blocks and spans of code.
fn markup(text: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) => {
                if ticks.len() >= open.len() && line.trim_end() == ticks {
                    fence = None;
                }
            }
            None if ticks.len() >= 3 && !line[ticks.len()..].contains('`') => fence = Some(ticks),
            None => {
                out.push_str(&without_spans(line));
                out.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a block of code is open at the end");
    out
}

fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        out.push_str(&rest[..start]);
        let ticks = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let fence = &rest[start..start + ticks];
        let inside = &rest[start + ticks..];
        // The next run of exactly as many.
        let ends = inside.match_indices(fence).find(|(at, _)| {
            !inside[..*at].ends_with('`') && !inside[at + ticks..].starts_with('`')
        });
        let (at, _) = ends.unwrap_or_else(|| panic!("code is open: {line}"));
        rest = &inside[at + ticks..];
    }
    out + rest
}

#[test]
fn a_hostile_answer_is_text_in_markdown() {
    for reporter in [WHOLE, STICKY] {
        let text = rendered(&reporter, &hostile());
        assert!(
            text.contains("owned") && text.contains("alert(1)"),
            "{text}"
        );
        let markup = markup(&text);
        for tag in markup.split('<').skip(1) {
            let known = [
                "details>",
                "/details>",
                "summary>",
                "/summary>",
                "b>",
                "/b>",
                "code>",
                "/code>",
                "!-- tollgate:",
            ];
            assert!(known.iter().any(|k| tag.starts_with(k)), "<{tag}");
        }
        for c in ['@', '[', '\\'] {
            assert!(!markup.contains(c), "{c} in {markup}");
        }
        assert!(
            text.chars()
                .all(|c| c == '\n' || c == '\t' || !c.is_control())
        );
    }
}

#[test]
fn a_large_run_fits_and_says_that_it_was_cut() {
    let (record, verdict) = extreme_runs::large();
    let view = View::new(&record, &verdict);
    for (reporter, most) in [(WHOLE, SUMMARY), (STICKY, COMMENT)] {
        let text = rendered(&reporter, &view);
        assert!(text.len() <= most, "{}", text.len());
        assert!(text.contains("1,980 more failures, in report.html") || text.contains("_Cut here"));
        assert!(
            text.contains("p99 of purchase/pay"),
            "budgets are always there"
        );
        markup(&text);
        assert_eq!(
            text.matches("<details>").count(),
            text.matches("</details>").count()
        );
    }
}

#[test]
fn tap_has_as_many_tests_as_its_plan_says() {
    for (name, (record, verdict)) in [
        ("pass", sample_run::pass()),
        ("fail", sample_run::fail()),
        ("invalid", sample_run::invalid()),
        ("hostile", extreme_runs::hostile()),
    ] {
        let view = View::new(&record, &verdict);
        let text = rendered(&Tap as &dyn Reporter, &view);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("TAP version 14"));
        let plan: usize = lines
            .next()
            .unwrap()
            .strip_prefix("1..")
            .unwrap()
            .parse()
            .unwrap();
        let tests: Vec<&str> = lines
            .filter(|l| l.starts_with("ok ") || l.starts_with("not ok "))
            .collect();
        assert_eq!(tests.len(), plan, "{name}");
        let red = tests.iter().any(|l| l.starts_with("not ok "));
        assert_eq!(red, view.exit.code != 0, "{name}\n{text}");
        for (index, line) in tests.iter().enumerate() {
            assert!(line.contains(&format!("ok {} - ", index + 1)), "{line}");
        }
        assert_eq!(
            text.matches("\n  ---\n").count(),
            text.matches("\n  ...\n").count()
        );
    }
}
