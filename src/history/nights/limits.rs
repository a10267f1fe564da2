//! What the budgets of a run allow, as far as a history knows the figure. In: a record; out: a limit by step and measure.
//! Invariant: only limits of the same figure: whole measured phase, this profile, response time.

use super::digest::{ALL, Measure};
use crate::budget::{Budget, Quantity, Scope, Statistic, parse};
use crate::record::{Metric, RunRecord};
use crate::source::Source;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a figure may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Allowed {
    /// `flow/step` or [`ALL`].
    pub part: String,
    /// What is bounded.
    pub measure: Measure,
    /// The limit, in the unit of the measure.
    pub limit: f64,
}

/// The limits of a run's own budgets.
pub(super) fn limits(record: &RunRecord) -> Vec<Allowed> {
    let Some(budgets) = &record.budgets else {
        return Vec::new();
    };
    let source = Source::new(&budgets.file, budgets.text.clone());
    let Ok(file) = parse(Arc::new(source)) else {
        return Vec::new();
    };
    let whole = |b: &&Budget| {
        let here = b.during.as_ref().is_none_or(|d| *d == record.profile);
        here && b.when.is_none() && b.part.is_none()
    };
    let allowed = |budget: &Budget| {
        let (measure, limit) = of(budget)?;
        let part = part(record, &budget.scope)?;
        Some(Allowed {
            part,
            measure,
            limit,
        })
    };
    file.budgets
        .iter()
        .filter(whole)
        .filter_map(allowed)
        .collect()
}

fn of(budget: &Budget) -> Option<(Measure, f64)> {
    match (budget.statistic, budget.bound.limit) {
        (
            Statistic::Percentile {
                metric: Metric::Response,
                q,
            },
            Quantity::Time(nanos),
        ) => {
            let measures = Measure::ALL.into_iter();
            let measure = measures
                .filter_map(|m| Some((m, m.quantile()?)))
                .find(|(_, own)| (own - q).abs() < 1e-9)?;
            Some((measure.0, nanos as f64 / 1e6))
        }
        (Statistic::ErrorRate, Quantity::Share(share)) => Some((Measure::ErrorShare, share)),
        (Statistic::SuccessRate, Quantity::Share(share)) => {
            Some((Measure::ErrorShare, 1.0 - share))
        }
        (Statistic::Throughput, Quantity::Rate(rate)) => Some((Measure::Throughput, rate)),
        _ => None,
    }
}

/// All requests, or the one step of this name; flows are judged by their requests, a history keeps their duration.
fn part(record: &RunRecord, scope: &Scope) -> Option<String> {
    let Scope::Named(name) = scope else {
        return matches!(scope, Scope::All).then(|| ALL.to_owned());
    };
    let named = |label: bool| {
        let steps = record.steps.iter();
        let mut steps = steps.filter(move |s| *name == if label { &*s.label } else { &*s.name });
        let first = steps.next()?;
        steps.next().is_none().then(|| first.label.clone())
    };
    let flow = record.flows.iter().any(|f| f.name == *name);
    named(true).or_else(|| named(false).filter(|_| !flow))
}
