//! A summary in Markdown: of a job, or a comment on a change. In: a view; out: GitHub Flavored Markdown, which GitLab
//! reads too. Invariant: the verdict and the budgets come first and always fit; what does not fit behind them is left
//! out whole, and the text says so.

use super::gfm::{block, cell, code, plain};
use crate::history::nights::{Finding, Standing};
use crate::report::text::{clip, counted, put};
use crate::report::{
    ExhibitRow, FailureRow, PART_COLUMNS, Reporter, StepRow, View, changed, measured, named,
    percent, since,
};
use crate::units::format_count;
use std::io::{self, Write};

/// Bytes that a summary of a job may have: GitHub drops one of more than 1 MiB whole, and several may follow each other.
pub const SUMMARY: usize = 900 * 1024;

/// Bytes that a comment may have: GitHub refuses one of more than 65,536 characters.
pub const COMMENT: usize = 60_000;

/// Rows of a table of budgets and of one of steps, failures.
const ROWS: (usize, usize, usize) = (40, 100, 20);

/// Characters of a name, and of what a failure shows.
const NAME: usize = 120;
const SHOWN: usize = 2_000;

/// `summary.md`, `comment.md`.
#[derive(Debug, Clone, Copy)]
pub struct Markdown {
    /// Bytes that it may have; at least [`COMMENT`].
    pub most: usize,
    /// It begins with a mark by which a later run finds it and writes over it.
    pub sticky: bool,
}

impl Reporter for Markdown {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let mut text = String::new();
        if self.sticky {
            put(&mut text, format_args!("{}\n", mark(view)));
        }
        text.push_str(&head(view));
        let end = foot(view);
        let cut = "\n_Cut here: the rest is in report.html._\n";
        let room = self.most.saturating_sub(end.len() + cut.len());
        for section in [
            budgets(view),
            parts(view),
            why(view),
            history(view),
            failures(view),
            steps(view),
        ] {
            if text.len() + section.len() > room {
                text.push_str(cut);
                break;
            }
            text.push_str(&section);
        }
        text.push_str(&end);
        out.write_all(text.as_bytes())
    }
}

/// A comment that nobody sees; of the same scenario and profile it is always the same.
fn mark(view: &View) -> String {
    let name = format!("{}/{}", view.run.scenario, view.run.profile);
    let safe = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
    let name: String = name
        .chars()
        .map(|c| if safe(c) { c } else { '-' })
        .collect();
    // Two dashes in a row end a comment in some readers.
    format!("<!-- tollgate:{} -->", name.replace("--", "-"))
}

fn head(view: &View) -> String {
    let run = &view.run;
    let symbol = if view.word.text() == "PASS" {
        "✅"
    } else {
        "❌"
    };
    let mut out = format!(
        "### {symbol} {}: {}, {}\n\n{}\n\n",
        view.word.text(),
        plain(&clip(&run.scenario, NAME)),
        plain(&clip(&run.profile_text(), NAME)),
        plain(&clip(&view.sentence, SHOWN))
    );
    for who in &run.not_told {
        put(
            &mut out,
            format_args!("⚠️ not told {}\n\n", plain(&clip(who, NAME))),
        );
    }
    out
}

fn table(head: &[&str], right: usize) -> String {
    let mut out = format!("| {} |\n|", head.join(" | "));
    for column in 0..head.len() {
        out.push_str(if column < right { " --- |" } else { " ---: |" });
    }
    out.push('\n');
    out
}

fn budgets(view: &View) -> String {
    if view.budgets.is_empty() && view.guards.is_empty() {
        return String::new();
    }
    let mut out = table(&["", "budget", "value", "headroom", "n"], 2);
    for guard in &view.guards {
        put(
            &mut out,
            format_args!(
                "| {} | guard {} | {} | | |\n",
                guard.word(),
                cell(&clip(&guard.text, NAME)),
                plain(&guard.finding)
            ),
        );
    }
    let rows = view.ranked();
    for row in rows.iter().take(ROWS.0) {
        put(
            &mut out,
            format_args!(
                "| {} | {} | {} | {} | {} |\n",
                if row.breaks() {
                    format!("**{}**", row.word())
                } else {
                    row.word()
                },
                cell(&clip(&row.text, NAME)),
                plain(row.actual.as_deref().unwrap_or("–")),
                plain(&row.headroom_text()),
                format_count(row.n)
            ),
        );
    }
    out.push_str(&left(rows.len(), ROWS.0, "budget"));
    out.push('\n');
    out
}

/// What stairs say, and a row a part.
fn parts(view: &View) -> String {
    if view.parts.is_empty() {
        return String::new();
    }
    let mut out = format!("#### {}\n\n", view.parts_title());
    if let Some(statement) = &view.statement {
        put(
            &mut out,
            format_args!("{}\n\n", plain(&clip(statement, SHOWN))),
        );
    }
    let mut head = vec!["part"];
    head.extend(PART_COLUMNS);
    out.push_str(&table(&head, 1));
    for row in view.parts.iter().take(ROWS.0) {
        let cells = row.cells().map(|text| plain(&clip(&text, NAME)));
        let name = plain(&clip(&row.name, NAME));
        put(
            &mut out,
            format_args!("| {name} | {} |\n", cells.join(" | ")),
        );
    }
    out.push_str(&left(view.parts.len(), ROWS.0, "part"));
    out + "\n"
}

fn left(all: usize, shown: usize, noun: &str) -> String {
    let rest = all.saturating_sub(shown) as u64;
    if rest == 0 {
        return String::new();
    }
    format!(
        "\n{}, in report.html\n",
        counted(rest, &format!("more {noun}"))
    )
}

fn why(view: &View) -> String {
    if view.why.is_empty() {
        return String::new();
    }
    let mut out = String::from("#### Why\n\n");
    for sentence in view.why.iter().take(ROWS.2) {
        put(
            &mut out,
            format_args!("- {}\n", plain(&clip(sentence, SHOWN))),
        );
    }
    out.push('\n');
    out
}

/// What the runs before say.
fn history(view: &View) -> String {
    let Some(history) = &view.history else {
        return String::new();
    };
    let mut out = format!(
        "#### Against the runs before\n\n{}\n\n",
        plain(&clip(&history.head(), SHOWN))
    );
    let told: Vec<&Finding> = history.told().collect();
    if !told.is_empty() {
        out.push_str(&table(
            &["", "", "change", "95 % interval", "this run", "since"],
            2,
        ));
    }
    for finding in told.iter().take(ROWS.0) {
        out.push_str(&found(finding));
    }
    out.push_str(&left(told.len(), ROWS.0, "series"));
    for note in history.notes() {
        put(&mut out, format_args!("\n- {}", plain(&note)));
    }
    out + "\n\n"
}

fn found(finding: &Finding) -> String {
    let word = finding.standing.words();
    let word = match finding.standing {
        Standing::Regression => format!("**{word}**"),
        _ => word.to_owned(),
    };
    let interval = finding
        .pairs
        .as_ref()
        .map(|p| p.interval)
        .or(finding.interval);
    let interval = interval.map_or_else(
        || "–".to_owned(),
        |(low, high)| format!("{} … {}", percent(low), percent(high)),
    );
    format!(
        "| {word} | {} | {} | {interval} | {} | {} |\n",
        plain(&clip(&named(finding), NAME)),
        changed(finding).unwrap_or_else(|| "–".to_owned()),
        measured(finding.measure, finding.value),
        plain(&since(finding).unwrap_or_else(|| "–".into()))
    )
}

fn failures(view: &View) -> String {
    if view.failures.is_empty() {
        return String::new();
    }
    let mut out = String::from("#### Failures\n\n");
    for failure in view.failures.iter().take(ROWS.2) {
        out.push_str(&one(failure));
    }
    out.push_str(&left(view.failures.len(), ROWS.2, "failure"));
    out.push('\n');
    out
}

fn one(failure: &FailureRow) -> String {
    let kind = if failure.kind == "check" {
        "check "
    } else {
        ""
    };
    let mut out = format!(
        "<details><summary><b>{}</b>: {kind}<code>{}</code>, {} of {}, at {}</summary>\n\n",
        plain(&clip(&failure.step, NAME)),
        plain(&clip(&failure.what, NAME)),
        format_count(failure.count),
        counted(failure.of, "request"),
        plain(&failure.place())
    );
    if let Some(exhibit) = failure.exhibits.first() {
        out.push_str(&block(&clip(&exchange(exhibit), 2 * SHOWN)));
    }
    out.push_str("\n</details>\n");
    out
}

fn exchange(exhibit: &ExhibitRow) -> String {
    let mut out = String::new();
    for (name, value) in [("expected", &exhibit.expected), ("actual", &exhibit.actual)] {
        if let Some(value) = value {
            put(&mut out, format_args!("{name}: {}\n", clip(value, SHOWN)));
        }
    }
    if exhibit.same_as.is_some() {
        return out;
    }
    if let Some(status) = exhibit.status {
        put(&mut out, format_args!("status: {status}\n"));
    }
    if let Some((title, page)) = &exhibit.page {
        put(
            &mut out,
            format_args!("page: {title}: {}\n", clip(page, SHOWN)),
        );
    } else if !exhibit.response_body.is_empty() {
        put(
            &mut out,
            format_args!("body: {}\n", clip(&exhibit.response_body, SHOWN)),
        );
    }
    if !exhibit.curl.is_empty() {
        put(&mut out, format_args!("\n{}\n", exhibit.curl));
    }
    out.trim_start_matches('\n').to_owned()
}

fn steps(view: &View) -> String {
    let mut out = table(&["step", "n", "errors", "p50", "p95", "p99", "max"], 1);
    let rows = view.steps.iter().take(ROWS.1);
    for step in rows.chain([&view.totals.all]) {
        out.push_str(&row(step));
    }
    out.push_str(&left(view.steps.len(), ROWS.1, "step"));
    format!(
        "<details><summary>{}, response time in ms</summary>\n\n{out}\n</details>\n\n",
        counted(view.steps.len() as u64, "step")
    )
}

fn row(step: &StepRow) -> String {
    let times = [
        step.response.p50,
        step.response.p95,
        step.response.p99,
        step.response.max,
    ];
    format!(
        "| {} | {} | {} | {} |\n",
        plain(&clip(&step.label, NAME)),
        format_count(step.n()),
        format_count(step.errors()),
        times.map(|point| point.text()).join(" | ")
    )
}

fn foot(view: &View) -> String {
    let run = &view.run;
    let mut facts = vec![
        code(&clip(&run.target, NAME)),
        plain(&run.load),
        format!("seed {}", run.seed),
        format!("exit {}", view.exit.code),
    ];
    facts.extend(
        run.revision
            .as_ref()
            .map(|id| format!("revision {}", code(id))),
    );
    facts.push(format!("tollgate {}", run.version));
    format!("\n{}\n", facts.join(" · "))
}
