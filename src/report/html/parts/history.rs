//! The part of a page about the runs before. In: a history view; out: rows of texts. Invariant: what somebody has to know
//! of comes first and whole; what is in line is cut where there is too much for a page.

use crate::history::nights::{Finding, Standing};
use crate::report::html::charts::escaped;
use crate::report::{HistoryView, changed, measured, named, percent, since};

/// Rows that somebody has to know of, and others.
const ROWS: (usize, usize) = (100, 150);

/// The part, ready for its template.
pub(in crate::report::html) struct History<'a> {
    pub(in crate::report::html) view: &'a HistoryView,
    pub(in crate::report::html) told: Vec<Row>,
    pub(in crate::report::html) others: Vec<Row>,
    pub(in crate::report::html) notes: Vec<String>,
    /// Series without a row.
    pub(in crate::report::html) more: usize,
}

/// One series.
pub(in crate::report::html) struct Row {
    pub(in crate::report::html) class: &'static str,
    pub(in crate::report::html) word: &'static str,
    pub(in crate::report::html) name: String,
    pub(in crate::report::html) note: Option<String>,
    pub(in crate::report::html) before: String,
    pub(in crate::report::html) value: String,
    pub(in crate::report::html) change: String,
    /// Markup.
    pub(in crate::report::html) interval: String,
    pub(in crate::report::html) since: String,
    pub(in crate::report::html) runs: usize,
    pub(in crate::report::html) scatter: String,
    pub(in crate::report::html) visible: String,
}

impl<'a> History<'a> {
    pub(in crate::report::html) fn of(view: &'a HistoryView) -> Self {
        let others = view.findings().iter().filter(|f| !f.standing.told());
        let told: Vec<Row> = view.told().take(ROWS.0).map(Row::of).collect();
        let others: Vec<Row> = others.take(ROWS.1).map(Row::of).collect();
        Self {
            view,
            more: view.findings().len() - told.len() - others.len(),
            told,
            others,
            notes: view.notes(),
        }
    }
}

impl Row {
    pub(in crate::report::html) fn of(finding: &Finding) -> Self {
        let value = |v| measured(finding.measure, v);
        let none = || "–".to_owned();
        let pairs = finding.pairs.as_ref();
        let interval = pairs.map(|p| p.interval).or(finding.interval);
        let pairs = pairs.map(|p| {
            let pairs = p.pairs;
            format!("{pairs} pairs beside the base: {}", percent(p.ratio))
        });
        let reason = finding.reason.as_ref().map(|r| format!("accepted: {r}"));
        Self {
            class: class(finding.standing),
            word: finding.standing.words(),
            name: named(finding),
            note: pairs.or(reason),
            before: finding.baseline.map_or_else(none, value),
            value: value(finding.value),
            change: changed(finding).unwrap_or_else(none),
            interval: interval.map_or_else(none, |(low, high)| {
                format!(
                    "<span class=whole>{}</span> … <span class=whole>{}</span>",
                    escaped(&percent(low)),
                    escaped(&percent(high))
                )
            }),
            since: since(finding).unwrap_or_else(none),
            runs: finding.runs,
            scatter: finding
                .scatter
                .map_or_else(none, |s| format!("{:.1} %", s * 100.0)),
            visible: finding.visible.map_or_else(none, percent),
        }
    }
}

/// The class that colours a standing.
pub(in crate::report::html) fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Regression => "fail",
        Standing::Suspect | Standing::Shift => "unsure",
        Standing::Recovered | Standing::Improvement | Standing::InLine => "pass",
        Standing::Unconfirmed | Standing::Accepted | Standing::NoBaseline => "off",
    }
}
