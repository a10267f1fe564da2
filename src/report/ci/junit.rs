//! JUnit as GitHub's actions, GitLab and Jenkins all read it. In: a view; out: `junit.xml`. Invariant: one case per
//! step, one per budget and one for the run itself, whatever the load; totals count cases; `<failure>` means that the
//! target is wrong, `<error>` that nothing could be said. A case's class has no dots but those that we set, because
//! Jenkins splits it there.

use crate::budget::{FailedCheck, Judgement, Level, Outcome, Reason};
use crate::history::nights::Standing;
use crate::report::text::{self, put};
use crate::report::{
    ExhibitRow, GuardRow, HistoryPart, PART_COLUMNS, PartRow, Reporter, StepRow, View, Word,
    finding_text,
};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

/// Characters of what stands in lists of failures.
const MESSAGE: usize = 500;

/// `junit.xml`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Junit;

/// What everything but the run itself says then.
const NOBODY: &str = "the target could not be reached";

impl Reporter for Junit {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let mut report = Report::new("tollgate");
        report.set_time(time(view.run.elapsed));
        let scenario = &view.run.scenario;
        let steps: Vec<TestCase> = view.steps.iter().map(|s| step(view, s)).collect();
        report.add_test_suite(suite(view, scenario.clone(), "steps", steps));
        if !view.budgets.is_empty() {
            let budgets: Vec<TestCase> = view.budgets.iter().map(|b| budget(view, b)).collect();
            report.add_test_suite(suite(
                view,
                format!("{scenario} budgets"),
                "budgets",
                budgets,
            ));
        }
        if !view.guards.is_empty() {
            let guards: Vec<TestCase> = view.guards.iter().map(|g| guard(view, g)).collect();
            report.add_test_suite(suite(view, format!("{scenario} guards"), "guards", guards));
        }
        if let Some(history) = &view.history {
            let parts = history.parts();
            let parts: Vec<TestCase> = parts.iter().map(|p| against_history(view, p)).collect();
            report.add_test_suite(suite(view, format!("{scenario} history"), "history", parts));
        }
        report.add_test_suite(suite(
            view,
            format!("{scenario} run"),
            "run",
            vec![validity(view)],
        ));
        report.serialize(&mut *out).map_err(io::Error::other)?;
        out.write_all(b"\n")
    }
}

/// Names the cases after their part and makes them unique within it.
fn suite(view: &View, name: String, part: &str, cases: Vec<TestCase>) -> TestSuite {
    let mut suite = TestSuite::new(name);
    if part == "steps" {
        suite.set_time(time(view.run.elapsed));
    }
    suite.timestamp = view.run.started.parse().ok();
    if !view.run.host.is_empty() {
        suite
            .extra
            .insert("hostname".into(), view.run.host.as_str().into());
    }
    for (property, value) in [
        ("target", &view.run.target),
        ("profile", &view.run.profile),
        ("seed", &view.run.seed.to_string()),
        ("verdict", &view.sentence),
    ] {
        suite.add_property((property, value.as_str()));
    }
    if let Some(statement) = &view.statement {
        suite.add_property(("stairs", statement.as_str()));
    }
    if let Some(env) = &view.run.env {
        suite.add_property(("environment", env.as_str()));
    }
    let class = format!("tollgate.{}.{part}", view.run.scenario.replace('.', "_"));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for mut case in cases {
        let times = seen.entry(case.name.as_str().to_owned()).or_insert(0);
        *times += 1;
        if *times > 1 {
            case.name = format!("{} ({times})", case.name.as_str()).into();
        }
        case.set_classname(&class);
        suite.add_test_case(case);
    }
    suite
}

fn time(seconds: f64) -> Duration {
    Duration::from_millis((seconds * 1e3).max(0.0).round() as u64)
}

fn place(case: &mut TestCase, file: &str, line: usize) {
    if !file.is_empty() && line > 0 {
        case.extra.insert("file".into(), file.into());
        case.extra
            .insert("line".into(), line.to_string().as_str().into());
    }
}

fn non_success(kind: NonSuccessKind, ty: &str, message: &str, body: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_type(ty)
        .set_message(message)
        .set_description(body);
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}

fn step(view: &View, step: &StepRow) -> TestCase {
    let failed: Vec<&FailedCheck> = view
        .checks
        .iter()
        .filter(|c| c.step == step.label)
        .collect();
    let mut case = TestCase::new(step.label.as_str(), step_status(view, step, &failed));
    case.set_time(time(step.response.mean.ms.unwrap_or(0.0) / 1e3));
    let (file, line) = failed
        .iter()
        .find(|c| !c.budgeted)
        .map_or((step.file.as_str(), step.line), |c| step.place_of(&c.what));
    place(&mut case, file, line);
    let mut said = format!(
        "{}, {}; response time p50 {}, p95 {}, p99 {}, max {}",
        text::counted(step.n(), "request"),
        text::counted(step.errors(), "error"),
        step.response.p50.spoken(),
        step.response.p95.spoken(),
        step.response.p99.spoken(),
        step.response.max.spoken(),
    );
    for (count, what) in step.asides() {
        put(&mut said, format_args!("\n{count} {what}"));
    }
    for policy in view.policies.iter().filter(|p| p.step == step.label) {
        put(
            &mut said,
            format_args!("\npolicy {}: {}", policy.name, policy.counts_text()),
        );
        if let Some(warning) = &policy.warned {
            put(&mut said, format_args!("\n  warning: {warning}"));
        }
    }
    for check in failed.iter().filter(|c| c.budgeted) {
        put(
            &mut said,
            format_args!(
                "\n{} of {} failed, which budgets judge: {}",
                check.count, check.n, check.what
            ),
        );
    }
    for attempt in step.exchanges.iter().filter(|e| e.retried) {
        let what = attempt.what.as_deref().unwrap_or_default();
        let what = format!("sent again at {}: {what}", step.place());
        said.push_str(&exchange(&what, attempt));
    }
    case.set_system_out(said);
    case
}

/// A failure that budgets judge does not fail its step: the budget's case does.
fn step_status(view: &View, step: &StepRow, failed: &[&FailedCheck]) -> TestCaseStatus {
    if view.word == Word::Unreachable {
        return skipped(NOBODY);
    }
    let counted: Vec<&&FailedCheck> = failed.iter().filter(|c| !c.budgeted).collect();
    let Some(first) = counted.first() else {
        return unfailed_status(view, step);
    };
    let told = |check: &FailedCheck| {
        let of = text::counted(check.n, "request");
        format!("{}: {} of {of}", check.what, check.count)
    };
    let rest = counted.iter().skip(1).map(|check| check.what.clone());
    let all: Vec<String> = std::iter::once(told(first)).chain(rest).collect();
    let message = text::clip(&all.join("; "), MESSAGE);
    let mut body = String::new();
    for check in &counted {
        let (file, line) = step.place_of(&check.what);
        put(&mut body, format_args!("{file}:{line}: {}\n", told(check)));
    }
    for failure in view.failures.iter().filter(|f| f.step == step.label) {
        if let Some(exhibit) = failure.exhibits.first() {
            body.push_str(&exchange(&failure.what, exhibit));
        }
    }
    let ty = if step.failed + step.timed_out > 0 {
        "request"
    } else {
        "check"
    };
    non_success(NonSuccessKind::Failure, ty, &message, &body)
}

fn unfailed_status(view: &View, step: &StepRow) -> TestCaseStatus {
    if step.sent > 0 {
        return TestCaseStatus::success();
    }
    if view.word.stopped() {
        return skipped("not sent: the run was stopped");
    }
    if step.skipped > 0 {
        return skipped("not sent: an earlier step failed");
    }
    if step.not_taken > 0 {
        return skipped("not sent: its condition did not hold");
    }
    let why = if step.dropped > 0 {
        "not sent: no arrival could be started"
    } else {
        "not sent: there was no arrival for it"
    };
    non_success(NonSuccessKind::Error, "no data", why, why)
}

/// An exchange that failed.
fn exchange(what: &str, exhibit: &ExhibitRow) -> String {
    let mut out = format!("\n{what}\n");
    for (name, value) in [("expected", &exhibit.expected), ("actual", &exhibit.actual)] {
        if let Some(value) = value {
            put(&mut out, format_args!("  {name}: {value}\n"));
        }
    }
    if exhibit.same_as.is_some() {
        return out;
    }
    if let Some(status) = exhibit.status {
        put(&mut out, format_args!("  status: {status}\n"));
    }
    if let Some((title, page)) = &exhibit.page {
        put(
            &mut out,
            format_args!("  title: {title}\n  page: {}\n", text::clip(page, 512)),
        );
    } else if !exhibit.response_body.is_empty() {
        let body = text::line(&exhibit.response_body);
        put(
            &mut out,
            format_args!("  body: {}\n", text::clip(&body, 512)),
        );
    }
    if let Some(trace) = &exhibit.trace {
        put(&mut out, format_args!("  trace {}\n", trace.text()));
    }
    if !exhibit.curl.is_empty() {
        put(&mut out, format_args!("  {}\n", text::line(&exhibit.curl)));
    }
    out
}

fn budget(view: &View, budget: &Judgement) -> TestCase {
    let mut case = TestCase::new(budget.text.as_str(), budget_status(view, budget));
    case.set_time(Duration::ZERO);
    if let Some(file) = &view.run.budget_file {
        place(&mut case, file, budget.line);
    }
    case.set_system_out(finding(budget));
    case
}

fn guard(view: &View, guard: &GuardRow) -> TestCase {
    let status = if guard.tripped.is_some() {
        let body = format!("{}\n{}", view.budget_place(guard.line), guard.finding);
        non_success(NonSuccessKind::Failure, "guard", &guard.finding, &body)
    } else if guard.unwatched {
        skipped(&format!("not watched: {}", guard.finding))
    } else {
        TestCaseStatus::success()
    };
    let mut case = TestCase::new(guard.text.as_str(), status);
    case.set_time(Duration::ZERO);
    if let Some(file) = &view.run.budget_file {
        place(&mut case, file, guard.line);
    }
    case.set_system_out(guard.finding.as_str());
    case
}

/// A step or flow against the runs before.
fn against_history(view: &View, part: &HistoryPart<'_>) -> TestCase {
    let of = |standing| part.findings.iter().filter(move |f| f.standing == standing);
    let told: Vec<String> = part.findings.iter().map(|f| finding_text(f)).collect();
    let status = if let Some(first) = of(Standing::Regression).next() {
        let body = told.join("\n");
        non_success(
            NonSuccessKind::Failure,
            "regression",
            &finding_text(first),
            &body,
        )
    } else if of(Standing::NoBaseline).count() == part.findings.len() {
        skipped("no baseline yet: fewer than 5 runs before this one")
    } else {
        TestCaseStatus::success()
    };
    let mut case = TestCase::new(part.name, status);
    case.set_time(Duration::ZERO);
    if let Some(step) = view.steps.iter().find(|s| s.label == part.name) {
        place(&mut case, &step.file, step.line);
    }
    case.set_system_out(told.join("\n"));
    case
}

/// Limit, value and how sure it is.
fn finding(budget: &Judgement) -> String {
    let mut out = format!(
        "{} of {}: limit {}, actual {}, n {}",
        budget.word().to_lowercase(),
        budget.scope,
        budget.limit,
        budget.actual.as_deref().unwrap_or("no data"),
        budget.n
    );
    if let Some((low, high)) = &budget.interval {
        put(&mut out, format_args!(", 95 % bounds {low} to {high}"));
    }
    if let Some(effective) = budget.effective_text() {
        put(&mut out, format_args!(", {effective}"));
    }
    for (name, value) in [("worst", &budget.worst), ("note", &budget.note)] {
        if let Some(value) = value {
            put(&mut out, format_args!("\n{name}: {value}"));
        }
    }
    out
}

fn budget_status(view: &View, budget: &Judgement) -> TestCaseStatus {
    if view.word == Word::Unreachable {
        return skipped(NOBODY);
    }
    let body = format!("{}\n{}", view.budget_place(budget.line), finding(budget));
    let message = format!(
        "expected {}, actual {}",
        budget.text,
        budget.actual.as_deref().unwrap_or("no data")
    );
    // A generator at fault breaks budgets that the target may well hold.
    let broken = if view.exit.reason == Reason::InvalidInstrument {
        NonSuccessKind::Error
    } else {
        NonSuccessKind::Failure
    };
    if budget.level == Level::Warn && budget.outcome != Outcome::NotRun {
        return TestCaseStatus::success();
    }
    match budget.outcome {
        Outcome::Pass | Outcome::Marginal { passed: true } => TestCaseStatus::success(),
        Outcome::Fail | Outcome::Marginal { passed: false } => {
            non_success(broken, "budget", &message, &body)
        }
        Outcome::Undecided => non_success(NonSuccessKind::Error, "undecided", &message, &body),
        Outcome::NotRun => skipped(budget.note.as_deref().unwrap_or("not of this profile")),
    }
}

/// A part of a load that changes, on one line.
fn part(row: &PartRow) -> String {
    let named = PART_COLUMNS.iter().zip(row.cells());
    let cells: Vec<String> = named.map(|(name, cell)| format!("{name} {cell}")).collect();
    format!("{}: {}", row.name, cells.join(", "))
}

/// The run itself: red when nothing can be said, so that no broken run looks green.
fn validity(view: &View) -> TestCase {
    let status = match view.word {
        Word::Pass | Word::Fail | Word::Stopped => TestCaseStatus::success(),
        _ => non_success(
            NonSuccessKind::Error,
            view.exit.reason.name(),
            &view.sentence,
            &view.why.join("\n"),
        ),
    };
    let mut case = TestCase::new("the run is valid", status);
    case.set_time(Duration::ZERO);
    let evidence: Vec<String> = view
        .evidence
        .iter()
        .map(|e| format!("{}: {}, allowed {}", e.name, e.value, e.limit))
        .chain(view.statement.clone())
        .chain(view.parts.iter().map(part))
        .collect();
    if !evidence.is_empty() {
        case.set_system_out(evidence.join("\n"));
    }
    case
}
