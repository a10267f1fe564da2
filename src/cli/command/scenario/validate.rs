//! `tollgate validate`. In: scenario files; out: every problem in all of them, or one line each. Invariant:
//! nothing is sent, and without `--env` a file is checked with each of its environments: what is wrong in staging
//! is found before anyone runs there. What is valid and could be better is told as notes, here and nowhere else.

use super::alone;
use crate::budget::{Budget, BudgetFile, Level, Place};
use crate::cli::Terminal;
use crate::cli::args::Reading;
use crate::cli::error::{Error, explained};
use crate::cli::inputs::{Inputs, is_budgets, steps};
use crate::scenario::{self, Flow, Profile, Request, Scenario};
use crate::source::{Diagnostic, Severity};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(in crate::cli) struct Validate {
    /// Scenario files; a budget file on its own is checked as far as that goes without its scenario.
    #[arg(required = true, value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) reading: Reading,
}

pub(in crate::cli) fn validate(args: &Validate, terminal: Terminal) -> u8 {
    let mut failed = false;
    for file in &args.files {
        if is_budgets(file) {
            failed |= alone::validate(file, terminal);
            continue;
        }
        let mut found = Findings::default();
        let environments = found.check(file, &args.reading);
        failed |= found.failed();
        eprint!("{}", found.render(terminal.stderr));
        let problems: Vec<Diagnostic> = found.problems.iter().map(|(p, _)| p.clone()).collect();
        terminal.ci.diagnosed(&problems);
        if let (Some(inputs), false) = (&found.inputs, found.failed()) {
            let environments = match &args.reading.environment {
                Some(chosen) => format!(", environment {chosen}"),
                None if environments.is_empty() => String::new(),
                None => format!(", environments {}", environments.join(", ")),
            };
            println!("{}: {}{environments}", file.display(), summary(inputs));
        }
    }
    if failed { 2 } else { 0 }
}

/// What is wrong with one file, with which of its environments.
#[derive(Default)]
struct Findings {
    /// Each problem once, with the readings that have it.
    problems: Vec<(Diagnostic, Vec<String>)>,
    /// Problems without a place.
    others: Vec<String>,
    /// How often the file was read.
    readings: usize,
    /// What the first good reading gave.
    inputs: Option<Inputs>,
}

impl Findings {
    /// Reads the file with the environment that was chosen, or with each; the names of its environments.
    fn check(&mut self, file: &Path, reading: &Reading) -> Vec<String> {
        let (names, needed) = scenario::environments(file);
        let each = names.iter().cloned().map(Some);
        let readings: Vec<Option<String>> = match &reading.environment {
            Some(name) => vec![Some(name.clone())],
            // A file whose environments bring the target is never run without one.
            None if needed && !names.is_empty() && reading.target.is_none() => each.collect(),
            None => std::iter::once(None).chain(each).collect(),
        };
        self.readings = readings.len();
        for environment in readings {
            let label = match &environment {
                Some(name) => format!("with `--env {name}`"),
                None => "without `--env`".into(),
            };
            let reading = Reading {
                environment,
                ..reading.clone()
            };
            match Inputs::collect(file, &reading) {
                Ok((inputs, warnings)) => {
                    self.note(warnings, &label);
                    self.inputs.get_or_insert(inputs);
                }
                Err(error) => self.refused(error, &label),
            }
        }
        self.settle();
        if let (Some(inputs), false) = (&self.inputs, self.failed()) {
            let notes = notes(inputs).into_iter().map(|note| (note, Vec::new()));
            self.problems.extend(notes);
        }
        names
    }

    fn refused(&mut self, error: Error, label: &str) {
        match error.into_diagnostics() {
            Ok(problems) => self.note(problems, label),
            Err(other) => {
                let text = other.render(false);
                if !self.others.contains(&text) {
                    self.others.push(text);
                }
            }
        }
    }

    fn note(&mut self, problems: Vec<Diagnostic>, label: &str) {
        for problem in problems {
            let same = |known: &Diagnostic| {
                known.code == problem.code
                    && known.span == problem.span
                    && known.message == problem.message
                    && known.source.name == problem.source.name
            };
            match self.problems.iter_mut().find(|(known, _)| same(known)) {
                Some((_, labels)) => labels.push(label.into()),
                None => self.problems.push((problem, vec![label.into()])),
            }
        }
    }

    /// Says of each problem where it is one. A variable that only some environments ask for may well be set only
    /// where those are run: it is told, and is no error here.
    fn settle(&mut self) {
        for (problem, labels) in &mut self.problems {
            if labels.len() == self.readings {
                continue;
            }
            problem.message = format!("{}, {}", problem.message, labels.join(" and "));
            let unset = matches!(problem.code, "T0701" | "T0703");
            if unset && !labels.iter().any(|label| label.starts_with("without")) {
                problem.severity = Severity::Warning;
            }
        }
    }

    fn failed(&self) -> bool {
        let error = |(problem, _): &(Diagnostic, _)| problem.severity == Severity::Error;
        !self.others.is_empty() || self.problems.iter().any(error)
    }

    fn render(&self, colour: bool) -> String {
        let problems: Vec<Diagnostic> = self.problems.iter().map(|(p, _)| p.clone()).collect();
        format!("{}{}", explained(&problems, colour), self.others.concat())
    }
}

/// Steps that a note names; the others are counted.
const NAMED: usize = 5;

/// What could be better, at most one note of a kind for each flow.
fn notes(inputs: &Inputs) -> Vec<Diagnostic> {
    let scenario = &inputs.scenario;
    let note = |code, flow: &Flow, lacking: &dyn Fn(&Request) -> bool, says: [&str; 2]| {
        let [what, help] = says;
        let steps: Vec<&str> = written(flow).filter(|r| lacking(r)).map(name).collect();
        let message = format!(
            "{what} {} of `{}`: {}",
            ratio(&steps, flow),
            flow.name,
            list(&steps)
        );
        let note = Diagnostic::note(code, &scenario.source, flow.span, message).help(help);
        (!steps.is_empty()).then_some(note)
    };
    let unchecked = scenario.every_flow().filter_map(|flow| {
        let help = "add a `check:` of something that only the right answer has";
        note(
            "T0453",
            flow,
            &blind,
            ["nothing but the status is looked at in", help],
        )
    });
    let uncovered = scenario.flows.iter().filter_map(|flow| {
        let budgets = inputs.budgets.as_ref()?;
        let lacking = |request: &Request| !covers(budgets, scenario, &flow.name, &request.name);
        let help = "add a budget of all steps, such as `error_rate < 1%`, or of these";
        note("T0825", flow, &lacking, ["no budget covers", help])
    });
    unchecked.chain(uncovered).chain(unsent(inputs)).collect()
}

/// What one profile sends, and what it would send if it named no flows.
struct Sent<'a> {
    profile: &'a Profile,
    named: Vec<Place>,
    all: Vec<Place>,
}

impl<'a> Sent<'a> {
    fn by(profile: &'a Profile, scenario: &Scenario) -> Self {
        let places = |mut scenario: Scenario| {
            scenario.keep_to(&profile.name);
            steps(&scenario)
        };
        let mut unnamed = scenario.clone();
        let profiles = unnamed.profiles.iter_mut();
        profiles.for_each(|profile| profile.flows = None);
        Self {
            profile,
            named: places(scenario.clone()),
            all: places(unnamed),
        }
    }
}

/// Budgets that some profiles could not decide, since they do not send what they are about.
fn unsent(inputs: &Inputs) -> Vec<Diagnostic> {
    let (Some(file), scenario) = (&inputs.budgets, &inputs.scenario) else {
        return Vec::new();
    };
    let sent = scenario.profiles.iter();
    let sent: Vec<Sent<'_>> = sent.map(|profile| Sent::by(profile, scenario)).collect();
    let failing = file.budgets.iter().filter(|b| b.level == Level::Fail);
    failing
        .flat_map(|budget| {
            let lacks = |sent: &Sent<'_>, places: &[Place]| {
                let mut unsent = file.unsent(&sent.profile.name, places);
                unsent.any(|other| other.span == budget.span)
            };
            let (never, sometimes): (Vec<_>, Vec<_>) =
                sent.iter().partition(|sent| lacks(sent, &sent.all));
            let left_out = |sent: &&&Sent<'_>| lacks(sent, &sent.named);
            let left_out: Vec<&Sent<'_>> = sometimes.iter().filter(left_out).copied().collect();
            let of_smoke = smoke_only(&never, scenario);
            let of_mix = left_out_of(&left_out, (&sometimes, budget));
            let note = |(code, message, help): (_, String, String)| {
                Diagnostic::note(code, &file.source, budget.span, message).help(help)
            };
            [of_smoke, of_mix].into_iter().flatten().map(note)
        })
        .collect()
}

/// What only smoke tests send.
fn smoke_only(never: &[&Sent<'_>], scenario: &Scenario) -> Option<(&'static str, String, String)> {
    let message = format!(
        "only smoke tests send what this is about, so it stays undecided in {}",
        names(never)?
    );
    let smoke = scenario.profiles.iter().find(|profile| profile.is_smoke());
    let smoke = smoke.map_or("smoke", |smoke| &smoke.name);
    let help = format!("add `during {smoke}`, or give the flow a weight above zero");
    Some(("T0827", message, help))
}

/// What profiles leave out by naming flows.
fn left_out_of(
    left_out: &[&Sent<'_>],
    (sometimes, budget): (&[&Sent<'_>], &Budget),
) -> Option<(&'static str, String, String)> {
    let message = format!(
        "no flow that this is about is started in {}, so it stays undecided there",
        names(left_out)?
    );
    let starts = |sent: &&&Sent<'_>| {
        let same = |other: &&Sent<'_>| other.profile.name == sent.profile.name;
        budget.during.is_none() && !left_out.iter().any(same)
    };
    let starting = sometimes.iter().filter(starts);
    let help = match starting.min_by_key(|sent| sent.profile.is_smoke()) {
        Some(other) => format!(
            "add the flow to `flows:` there, or say where it is judged: `during {}`",
            other.profile.name
        ),
        None => "add the flow to `flows:` there".to_owned(),
    };
    Some(("T0828", message, help))
}

/// The names of the profiles; `None` where there are none.
fn names(profiles: &[&Sent<'_>]) -> Option<String> {
    let names = profiles
        .iter()
        .map(|sent| format!("`{}`", sent.profile.name));
    let names: Vec<String> = names.collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    (!names.is_empty()).then(|| list(&names))
}

/// The requests of the file, without those of policies.
fn written(flow: &Flow) -> impl Iterator<Item = &Request> {
    flow.requests().filter(|request| request.probe.is_none())
}

fn name(request: &Request) -> &str {
    &request.name
}

/// Whether any answer with a status below 400 would do. A capture fails where its value is missing.
fn blind(request: &Request) -> bool {
    // Whoever says something over a WebSocket waits for its messages; the handshake itself says that it is one.
    let asks = request.until.is_some() || request.conversation.is_some();
    request.checks.is_empty() && !asks && request.captures.is_empty()
}

/// Whether a budget of any profile speaks of a step; warnings and the throughput of the whole run do not.
fn covers(budgets: &BudgetFile, scenario: &Scenario, flow: &str, step: &str) -> bool {
    let (all, label) = (steps(scenario), format!("{flow}/{step}"));
    let profiles = scenario.profiles.iter();
    profiles
        .map(|profile| budgets.uncovered(&profile.name, &all))
        .any(|uncovered| !uncovered.contains(&label))
}

/// `2 of 3 steps`.
fn ratio(steps: &[&str], flow: &Flow) -> String {
    format!(
        "{} of {}",
        steps.len(),
        count(written(flow).count(), "step")
    )
}

pub(super) fn list(steps: &[&str]) -> String {
    let list = steps[..steps.len().min(NAMED)].join(", ");
    match steps.len().saturating_sub(NAMED) {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

fn summary(inputs: &Inputs) -> String {
    let scenario = &inputs.scenario;
    let profiles: Vec<String> = scenario.profiles.iter().map(described).collect();
    let budgets = match &inputs.budgets {
        Some(file) => format!(
            "{} in {}",
            count(file.budgets.len(), "budget"),
            file.source.name
        ),
        None => "no budgets".into(),
    };
    format!(
        "valid: {}, {}, profiles {}, {budgets}",
        count(scenario.flows.len(), "flow"),
        count(
            scenario.flows.iter().flat_map(written).count(),
            "request step"
        ),
        profiles.join(", ")
    )
}

/// A profile, with the flows that it names.
fn described(profile: &Profile) -> String {
    let Some(flows) = &profile.flows else {
        return profile.name.clone();
    };
    let flow = |(name, weight): &(String, f64)| {
        if profile.is_smoke() {
            name.clone()
        } else {
            format!("{name} {weight}")
        }
    };
    let flows: Vec<String> = flows.iter().map(flow).collect();
    format!("{} ({})", profile.name, flows.join(", "))
}

pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}
