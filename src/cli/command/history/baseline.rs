//! What a run is laid over in its report. In: a stored run, or what a history says of the new one; out: a
//! [`Baseline`]. Invariant: nothing is judged by it.

use super::past::Judged;
use crate::cli::error::Error;
use crate::history::nights::{ALL, Measure};
use crate::record;
use crate::report::{Baseline, View, log_line as escape};
use std::path::Path;

/// Of a stored run.
pub(in crate::cli) fn stored(path: &Path) -> Result<Baseline, Error> {
    let baseline = Baseline::of(&record::load(path)?);
    baseline.ok_or_else(|| {
        let place = escape(&path.display().to_string());
        Error::Usage(format!(
            "{place} measured no answer and is no baseline; name another run"
        ))
    })
}

/// A run as its reports show it: laid over a baseline, the one that was named or that of the runs before.
pub(in crate::cli) fn laid(
    view: View,
    named: Option<Baseline>,
    usual: Option<&Judged>,
) -> View {
    let view = view.over(named.or_else(|| usual.and_then(level)));
    match usual {
        Some(judged) => view.with_history(judged.view()),
        None => view,
    }
}

/// Of the runs before: the levels that the percentiles of all requests are compared with.
fn level(judged: &Judged) -> Option<Baseline> {
    let Judged::Night(night, _) = judged else {
        return None;
    };
    let all = night.findings.iter().filter(|f| f.part == ALL);
    let mut points: Vec<(f64, f64)> = all
        .filter_map(|f| Some((Measure::quantile(f.measure)?, f.baseline?)))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    (points.len() > 1).then(|| Baseline {
        name: format!(
            "the usual of {} runs before, at p50, p95 and p99",
            night.before
        ),
        points,
    })
}
