//! Had the target settled? In: the windows of the measured phase; out: one fact, where the run is long enough to say.
//! Invariant: only a run that was still getting faster counts as unsettled: one that gets slower is a finding about
//! the target, and no excuse.
//!
//! MSER-5 on the mean response times of the windows: five neighbours make a batch, and the cut is where the mean of
//! the rest is known best: the least variance by number. A cut in the first half is a warm-up that was a little
//! short. Where it falls at the half, and the second half is faster by a fifth, the run never settled. A load that
//! changes says nothing of this: less of it is answered faster.

use crate::budget::{Consequence, Evidence};
use crate::record::{Model, RunRecord, Window};
use crate::units::{Nanos, format_nanos, format_share};

/// Windows of a batch.
const BATCH: usize = 5;

/// Fewer batches say nothing.
const FEWEST: usize = 8;

/// A second half that is faster by less is noise.
const FASTER: f64 = 0.2;

pub(super) fn evidence(record: &RunRecord) -> Option<Evidence> {
    let parts = record.phases.iter().filter(|p| p.measured).count();
    if parts > 1 || matches!(record.model, Model::Open { peak: Some(_), .. }) {
        return None;
    }
    let measured = |w: &&Window| {
        let inside = |p: &&crate::record::PhaseRecord| {
            p.measured && p.start <= w.start && w.start + w.length <= p.end
        };
        record.phases.iter().any(|p| inside(&p))
    };
    let windows = record.timeline.windows().iter().filter(measured);
    let means: Vec<f64> = windows
        .filter_map(|w| w.response.mean())
        .map(|mean| mean as f64)
        .collect();
    let batches: Vec<f64> = means.chunks_exact(BATCH).map(mean).collect();
    if batches.len() < FEWEST {
        return None;
    }
    let half = batches.len() / 2;
    let (before, after) = (mean(&batches[..half]), mean(&batches[half..]));
    let gain = 1.0 - after / before.max(1.0);
    let unsettled = cut(&batches) >= half && gain >= FASTER;
    let spoken = |mean: f64| format_nanos(mean as Nanos);
    Some(Evidence {
        name: "mean response time of the second half".to_owned(),
        value: format!("{} after {}", spoken(after), spoken(before)),
        limit: format!(
            "less than {} faster, or settled before",
            format_share(FASTER)
        ),
        holds: !unsettled,
        consequence: Consequence::Undecided,
        advice: "the target was still warming up: give the profile a longer `warmup:`".to_owned(),
    })
}

/// How many batches to leave out, at most half.
fn cut(batches: &[f64]) -> usize {
    let error = |from: &usize| {
        let rest = &batches[*from..];
        let centre = mean(rest);
        let n = rest.len() as f64;
        rest.iter().map(|b| (b - centre).powi(2)).sum::<f64>() / (n * n)
    };
    (0..=batches.len() / 2)
        .min_by(|a, b| error(a).total_cmp(&error(b)))
        .unwrap_or(0)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::PhaseRecord;

    const SECOND: Nanos = 1_000_000_000;

    fn run(seconds: u64, ms: impl Fn(f64) -> f64) -> RunRecord {
        let mut record = RunRecord {
            phases: vec![PhaseRecord {
                end: seconds * SECOND,
                measured: true,
                ..PhaseRecord::default()
            }],
            ..RunRecord::default()
        };
        for second in 0..seconds {
            let mut window = Window {
                start: second * SECOND,
                length: SECOND,
                ..Window::default()
            };
            // A little noise that repeats every seven seconds.
            let noise = 1.0 + 0.02 * (second % 7) as f64;
            window
                .response
                .record((ms(second as f64) * noise * 1e6) as Nanos);
            record.timeline.push(window);
        }
        record
    }

    #[test]
    fn only_a_run_that_gets_faster_to_its_end_never_settled() {
        let holds = |record: &RunRecord| evidence(record).map(|e| e.holds);
        assert_eq!(holds(&run(60, |_| 20.0)), Some(true), "steady");
        assert_eq!(
            holds(&run(60, |t| 20.0 + 40.0 * (-t / 3.0).exp())),
            Some(true),
            "a short warm-up"
        );
        assert_eq!(
            holds(&run(60, |t| 20.0 + 40.0 * (-t / 30.0).exp())),
            Some(false),
            "a long one"
        );
        assert_eq!(holds(&run(60, |t| 20.0 + t)), Some(true), "an overload");
        assert_eq!(holds(&run(30, |t| 80.0 - t)), None, "too short to say");
        let mut falling = run(60, |t| 80.0 - t);
        falling.model = Model::Open {
            requests: 55.0,
            flows: 55.0,
            peak: Some(100.0),
            poisson: true,
        };
        assert_eq!(holds(&falling), None, "a load that falls");
        let mut parts = run(60, |t| 80.0 - t);
        parts.phases = vec![parts.phases[0].clone(); 2];
        assert_eq!(holds(&parts), None, "users of several stages");
    }
}
