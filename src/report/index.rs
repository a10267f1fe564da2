//! Many runs on one page. In: a view each, or why a file could not be read; out: rows, the newest first. Invariant: a
//! file that could not be read is shown, never left out.

use super::{Point, View, Word};

/// A run in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexRow {
    /// Where it is, from the page's folder: `shop-20261121/report.html`.
    pub link: String,
    /// What is known of it, or why nothing is.
    pub run: Result<Listed, String>,
}

/// What a list says of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The verdict in one word.
    pub word: Word,
    /// The verdict in one sentence.
    pub sentence: String,
    /// When it began, to the second.
    pub started: String,
    /// The scenario.
    pub scenario: String,
    /// The profile and the environment.
    pub profile: String,
    /// Git revision.
    pub revision: Option<String>,
    /// Requests that ended.
    pub n: u64,
    /// Requests a second; `None` of a smoke test.
    pub rate: Option<f64>,
    /// Share of requests that did not end well, in words.
    pub errors: String,
    /// Response time.
    pub p50: Point,
    /// Response time.
    pub p95: Point,
    /// Response time.
    pub p99: Point,
}

impl Listed {
    /// Of a view.
    pub fn of(view: &View) -> Self {
        let (run, all) = (&view.run, &view.totals.all);
        Self {
            word: view.word,
            sentence: view.sentence.clone(),
            started: to_the_second(&run.started),
            scenario: run.scenario.clone(),
            profile: run.profile_text(),
            revision: run.revision.clone(),
            n: all.n(),
            rate: run.under_load.then_some(all.throughput),
            errors: all.error_text(),
            p50: all.response.p50,
            p95: all.response.p95,
            p99: all.response.p99,
        }
    }
}

/// The newest first; what could not be read last.
pub(super) fn sorted(rows: &[IndexRow]) -> Vec<&IndexRow> {
    let started = |row: &&IndexRow| row.run.as_ref().ok().map(|run| run.started.clone());
    let mut rows: Vec<&IndexRow> = rows.iter().collect();
    rows.sort_by(|a, b| {
        started(b)
            .cmp(&started(a))
            .then_with(|| a.link.cmp(&b.link))
    });
    rows
}

/// `2026-11-21 15:25:47Z` of `2026-11-21T15:25:47.365267459Z`.
fn to_the_second(started: &str) -> String {
    let whole = started.split(['.', 'Z']).next().unwrap_or(started);
    format!("{}Z", whole.replace('T', " "))
}
