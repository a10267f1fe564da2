//! `tollgate plan`. In: a scenario and a profile; out: what a run would do, and what its budgets could decide.
//! Invariant: nothing is sent.

use super::Terminal;
use super::args::Plan as Arguments;
use super::error::Error;
use super::inputs::{Inputs, steps};
use crate::budget::{self, ExpectedStep};
use crate::plan::{Load, Plan};
use crate::units::{format_count, format_duration, format_share, significant};
use std::fmt::Write as _;
use std::time::Duration;

pub(super) fn plan(args: &Arguments, terminal: Terminal) -> Result<u8, Error> {
    let inputs = Inputs::read(&args.file, &args.reading, terminal)?;
    let plan = inputs.plan(&args.amount)?;
    print!(
        "{}{}{}",
        overview(&inputs, &plan),
        flows(&plan),
        budgets(&inputs, &plan)
    );
    Ok(0)
}

fn overview(inputs: &Inputs, plan: &Plan) -> String {
    let mut out = format!(
        "{} → {}\n{plan}\nseed {}\n",
        inputs.scenario.name, inputs.scenario.target.value, plan.seed
    );
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
                "  {:<10} {:>8} … {:<8} {judged}",
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
    let capacity = super::run::capacity(&inputs.scenario, plan);
    writeln!(
        out,
        "at most {} requests in flight; the system allows {} open files",
        format_count(plan.max_in_flight),
        format_count(capacity.descriptors)
    )
    .ok();
    for shortage in capacity.shortages(plan.max_in_flight) {
        writeln!(out, "warning: {shortage}").ok();
    }
    out
}

fn flows(plan: &Plan) -> String {
    let mut out = String::from("\nflows\n");
    let width = plan.flows.iter().map(|f| f.name.len()).max().unwrap_or(0);
    for (index, flow) in plan.flows.iter().enumerate() {
        let each = plan.expected_requests(index).map_or_else(String::new, |n| {
            format!(", about {} of each", format_count(n.round() as u64))
        });
        writeln!(
            out,
            "  {:<width$}  {:>7}  {} requests{each}: {}",
            flow.name,
            format_share(flow.share),
            significant(flow.requests as f64),
            flow.steps.join(" → ")
        )
        .ok();
    }
    out
}

fn budgets(inputs: &Inputs, plan: &Plan) -> String {
    let Some(file) = &inputs.budgets else {
        return "\nno budgets: only checks decide\n".into();
    };
    let mut expected = Vec::new();
    for (flow, step) in steps(&inputs.scenario) {
        let index = plan
            .flows
            .iter()
            .position(|f| f.name == flow)
            .unwrap_or_default();
        let Some(requests) = plan.expected_requests(index) else {
            return format!(
                "\nbudgets ({}): how many requests they will be judged on depends on the answers (closed model)\n",
                file.source.name
            );
        };
        expected.push(ExpectedStep {
            flow,
            step,
            requests,
        });
    }
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
