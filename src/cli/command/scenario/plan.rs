//! `tollgate plan`. In: a scenario and a profile; out: what a run would do, and what its budgets could decide.
//! Invariant: nothing leaves this machine.

use crate::budget::{self, Budget, BudgetFile, ExpectedStep, Level};
use crate::cli::Terminal;
use crate::cli::args::{Amount, Reading};
use crate::cli::command::load::{capacity, shortages};
use crate::cli::error::Error;
use crate::cli::inputs::{Inputs, steps};
use crate::load::{self, Offer};
use crate::plan::{self, Load, Plan};
use crate::report::log_line;
use crate::units::{format_count, format_duration, format_nanos, format_share, nanos, significant};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Scenario file.
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) amount: Amount,
    #[command(flatten)]
    pub(in crate::cli) reading: Reading,
    /// Leaves out the half second of measuring, on loopback, how much of this scenario the machine can offer.
    #[arg(long)]
    pub(in crate::cli) no_measure: bool,
}

pub(in crate::cli) fn plan(args: &Arguments, terminal: Terminal) -> Result<u8, Error> {
    let mut inputs = Inputs::read(&args.file, &args.reading, terminal)?;
    let plan = inputs.plan(&args.amount)?;
    let names = inputs.scenario.flows.iter().map(|flow| flow.name.clone());
    let names: Vec<String> = names.collect();
    let left_out = inputs.keep_to(&plan);
    print!(
        "{}{}{}{}{}{}",
        overview(&inputs, &plan),
        policies(left_out),
        if args.no_measure {
            String::new()
        } else {
            machine(&inputs, &plan)
        },
        flows(&plan),
        others(&plan, &names),
        budgets(&inputs, &plan)
    );
    Ok(0)
}

fn overview(inputs: &Inputs, plan: &Plan) -> String {
    let mut out = format!(
        "{} → {}\n{plan}\nseed {}\n",
        inputs.scenario.name, inputs.scenario.target.value, plan.seed
    );
    for part in inputs.way() {
        writeln!(out, "via {part}").ok();
    }
    let names = plan.phases.iter().map(|p| p.name.chars().count());
    let width = names.max().unwrap_or(0).max(10);
    for phase in &plan.phases {
        if phase.end > phase.start {
            let at = |nanos| format_duration(Duration::from_nanos(nanos));
            let judged = if phase.measured {
                "judged"
            } else {
                "not judged"
            };
            writeln!(
                out,
                "  {:<width$} {:>8} … {:<8} {judged}",
                phase.name,
                at(phase.start),
                at(phase.end)
            )
            .ok();
        }
    }
    if let Load::Open(pacer) = &plan.load {
        let drawn = pacer.arrivals(plan.seed).count() as u64;
        writeln!(
            out,
            "{} flow starts drawn with this seed; {} expected",
            format_count(drawn),
            format_count(pacer.shape.area().round() as u64)
        )
        .ok();
    }
    let capacity = capacity(&inputs.scenario, plan);
    writeln!(
        out,
        "at most {} requests in flight; the system allows {} open files",
        format_count(plan.max_in_flight),
        format_count(capacity.descriptors)
    )
    .ok();
    for shortage in shortages(&capacity, &inputs.scenario, plan) {
        writeln!(out, "warning: {shortage}").ok();
    }
    out
}

/// What policies would send in a smoke test.
fn policies(left_out: usize) -> String {
    match left_out {
        0 => String::new(),
        1 => "1 request of a policy is sent in smoke tests only\n".to_owned(),
        many => format!("{many} requests of policies are sent in smoke tests only\n"),
    }
}

/// What this machine can offer, against what the plan asks for; nothing of a plan that loads nothing.
fn machine(inputs: &Inputs, plan: &Plan) -> String {
    if matches!(plan.load, Load::Passes(_)) {
        return String::new();
    }
    match Offer::measure(&inputs.scenario) {
        Ok(offer) => offered(
            &offer,
            plan,
            inputs.scenario.target.value.scheme() == "https",
        ),
        Err(error) => format!("what this machine can offer could not be measured: {error}\n"),
    }
}

fn offered(offer: &Offer, plan: &Plan, tls: bool) -> String {
    let workers = load::workers(plan);
    let rate = offer.rate(workers);
    let noun = if workers == 1 { "worker" } else { "workers" };
    let asked = plan.peak_requests();
    let asks = asked.map_or_else(
        || "how much is asked for depends on the answers".into(),
        |asked| format!("it asks for {}", round(asked)),
    );
    let tls = if tls {
        "; TLS was left out, and costs more"
    } else {
        ""
    };
    let mut out = format!(
        "this machine can offer about {} req/s of this scenario with {workers} {noun} ({asks})\n  \
         measured on loopback, nothing left the machine: {} of CPU a request, {} used of each processor{tls}\n",
        round(rate),
        format_nanos(nanos(offer.cpu)),
        format_share(Offer::HEADROOM),
    );
    if let Some(asked) = asked.filter(|asked| *asked > rate) {
        let fix = match offer.workers(asked) {
            Some(enough) => format!("run it with `--workers {enough}`"),
            None => "lower the rate, or use a machine with more processors, or several".into(),
        };
        writeln!(
            out,
            "warning: the profile asks for {} req/s, more than this machine can offer on time: {fix}",
            round(asked)
        )
        .ok();
    }
    out
}

/// Two digits: a measurement of a third of a second has no more.
fn round(rate: f64) -> String {
    let unit = 10f64.powf((rate.max(1.0).log10().floor() - 1.0).max(0.0));
    format_count(((rate / unit).round() * unit) as u64)
}

fn flows(plan: &Plan) -> String {
    let mut out = String::from("\nflows\n");
    let width = plan.flows.iter().map(|f| f.name.len()).max().unwrap_or(0);
    for (index, flow) in plan.flows.iter().enumerate() {
        let each = plan.expected_runs(index).map_or_else(String::new, |n| {
            format!(", about {} of each", format_count(n.round() as u64))
        });
        let names: Vec<&str> = flow.steps.iter().map(|s| s.name.as_str()).collect();
        writeln!(
            out,
            "  {:<width$}  {:>7}  {}{} requests{each}: {}",
            flow.name,
            format_share(flow.share),
            flow.counted.word(),
            significant(flow.requests),
            names.join(" → ")
        )
        .ok();
        // Only what is not sent exactly once needs a word.
        for step in flow.steps.iter().filter(|s| !s.how.is_empty()) {
            writeln!(out, "      {}: {}", step.name, step.how.join(", ")).ok();
        }
    }
    out
}

/// The flows that a profile leaves out by naming others.
fn others(plan: &Plan, names: &[String]) -> String {
    let started = |name: &&String| plan.flows.iter().any(|flow| flow.name == **name);
    let (_, others): (Vec<&String>, Vec<&String>) = names.iter().partition(started);
    if !plan.named || others.is_empty() {
        return String::new();
    }
    let others: Vec<&str> = others.into_iter().map(String::as_str).collect();
    format!("  left out by this profile: {}\n", others.join(", "))
}

/// How often each step will be sent; `None` where answers set the pace.
fn expected(inputs: &Inputs, plan: &Plan) -> Option<Vec<ExpectedStep>> {
    let mut expected = Vec::new();
    for place in steps(&inputs.scenario) {
        let flows = &mut plan.flows.iter();
        let index = flows.position(|f| f.name == place.flow).unwrap_or_default();
        let runs = plan.expected_runs(index)?;
        let planned = plan.flows.get(index).and_then(|f| {
            let named = |s: &&plan::PlannedStep| s.name == place.step;
            f.steps.iter().find(named)
        });
        expected.push(ExpectedStep {
            requests: runs * planned.map_or(1.0, |s| s.times),
            place,
        });
    }
    Some(expected)
}

/// What a run cannot decide, however well the target does: better known before it than behind it.
pub(in crate::cli) fn undecidable(inputs: &Inputs, plan: &Plan) -> Option<String> {
    let file = inputs.budgets.as_ref()?;
    if let Some(told) = unsent(file, inputs, plan) {
        return Some(told);
    }
    if !matches!(plan.load, Load::Open(_)) {
        return None;
    }
    let expected = expected(inputs, plan)?;
    let mut open = budget::expectations(file, &plan.profile, &expected)
        .into_iter()
        .filter(|e| !e.can_decide && e.needed_n > e.expected_n);
    let first = open.next()?;
    let others = match open.count() {
        0 => String::new(),
        more => format!(", nor {more} more"),
    };
    Some(format!(
        "warning: this load cannot decide `{}` (about {} requests, {} are needed){others}: `tollgate plan` says more",
        log_line(&first.text),
        format_count(first.expected_n),
        format_count(first.needed_n)
    ))
}

/// Budgets of what the profile never sends.
fn unsent(file: &BudgetFile, inputs: &Inputs, plan: &Plan) -> Option<String> {
    let sent = steps(&inputs.scenario);
    let failing = |budget: &&Budget| budget.level == Level::Fail;
    let mut unsent = file.unsent(&plan.profile, &sent).filter(failing);
    let first = unsent.next()?;
    let others = match unsent.count() {
        0 => String::new(),
        more => format!(", nor what {more} more are about"),
    };
    Some(format!(
        "warning: profile `{}` never sends what `{}` is about{others}, and no data is no pass: name a profile that does, as in `during launch`",
        plan.profile,
        log_line(&first.text)
    ))
}

fn budgets(inputs: &Inputs, plan: &Plan) -> String {
    let Some(file) = &inputs.budgets else {
        return "\nno budgets: only checks decide\n".into();
    };
    let Some(expected) = expected(inputs, plan) else {
        let mut out = format!(
            "\nbudgets ({}): how many requests they will be judged on depends on the answers (closed model)\n",
            file.source.name
        );
        for budget in file.unsent(&plan.profile, &steps(&inputs.scenario)) {
            writeln!(
                out,
                "  {:<44} CANNOT DECIDE: {}",
                budget.text,
                budget::NEVER_SENT
            )
            .ok();
        }
        return out;
    };
    let mut out = format!("\nbudgets ({})\n", file.source.name);
    let uncovered = file.uncovered(&plan.profile, &steps(&inputs.scenario));
    if !uncovered.is_empty() {
        writeln!(out, "  no budget speaks of {}", uncovered.join(", ")).ok();
    }
    for expectation in budget::expectations(file, &plan.profile, &expected) {
        let verdict = if expectation.can_decide {
            "can decide"
        } else {
            "CANNOT DECIDE"
        };
        write!(
            out,
            "  {:<44} {verdict}: about {} requests",
            expectation.text,
            format_count(expectation.expected_n)
        )
        .ok();
        if expectation.needed_n > 0 {
            write!(out, ", needs {}", format_count(expectation.needed_n)).ok();
        }
        if let Some(chance) = expectation.chance {
            write!(
                out,
                "; a system at half the limit passes clearly in {} of runs",
                likely(chance)
            )
            .ok();
        }
        out.push('\n');
        if let Some(advice) = expectation.advice {
            writeln!(out, "      {advice}").ok();
        }
    }
    for budget in file.applies(&plan.profile) {
        if matches!(budget.statistic, budget::Statistic::Server(_)) {
            writeln!(out, "  {:<44} judged on what the server says", budget.text).ok();
        }
    }
    out
}

/// A chance in percent; beyond three nines the digits say nothing.
fn likely(chance: f64) -> String {
    if chance > 0.999 {
        "over 99.9 %".into()
    } else {
        format_share(chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Overrides, resolve};
    use crate::scenario::{Environment, parse};
    use crate::source::Source;
    use std::path::Path;

    fn line(profile: &str, micros: u64) -> String {
        let text = format!(
            "target: http://127.0.0.1:1\nflows: {{ f: {{ steps: [{{ get: /, name: a }}] }} }}\nprofiles: {{ p: {profile} }}\n"
        );
        let loaded = parse(
            Source::new("s.yaml", text),
            Path::new("s.yaml"),
            &Environment::empty(),
        );
        let plan = resolve(&loaded.unwrap().scenario, "p", &Overrides::default(), 1).unwrap();
        let offer = Offer {
            cpu: Duration::from_micros(micros),
            requests: 1,
        };
        offered(&offer, &plan, false)
    }

    #[test]
    fn what_is_asked_for_is_held_against_what_can_be_offered() {
        let enough = line("{ rate: 500 req/s, duration: 1s }", 1_400);
        assert!(
            enough.starts_with("this machine can offer about 500 req/s of this scenario with 1 worker (it asks for 500)\n"),
            "{enough}"
        );
        assert!(!enough.contains("warning"), "{enough}");
        let never = line("{ rate: 500 req/s, duration: 1s }", 900_000);
        assert!(
            never.contains("warning: the profile asks for 500 req/s")
                && never.contains("lower the rate"),
            "{never}"
        );
        let users = line("{ users: 1, duration: 1s }", 900);
        assert!(
            users.contains("depends on the answers") && !users.contains("warning"),
            "{users}"
        );
    }

    #[test]
    fn two_digits_are_as_many_as_there_are() {
        for (rate, text) in [
            (43_512.0, "44,000"),
            (512.0, "510"),
            (99.6, "100"),
            (7.4, "7"),
            (0.2, "0"),
        ] {
            assert_eq!(round(rate), text);
        }
    }
}
