use super::*;
use crate::record::Metric;

fn layout() -> Layout {
    let step = |name: &str| StepLayout {
        name: name.into(),
        label: format!("shop/{name}"),
        checks: vec!["status == 200".into(), "body contains \"x\"".into()],
        limits: vec![Limit {
            metric: Metric::Response,
            limit: 5,
        }],
        ..StepLayout::default()
    };
    Layout {
        steps: vec![step("a"), step("b")],
        flows: vec![FlowLayout {
            name: "shop".into(),
            outside: false,
        }],
        ..Layout::default()
    }
}

fn sample(step: usize, outcome: Outcome, done: Nanos) -> Sample {
    Sample {
        done,
        ..Sample::of(step, outcome)
    }
}

fn run(samples: &[Sample]) -> Recorder {
    let mut recorder = Recorder::new(&layout());
    samples.iter().for_each(|s| recorder.record(s));
    recorder
}

#[test]
fn workers_added_equal_one_worker() {
    let samples: Vec<Sample> = (0..20u64)
        .map(|i| {
            let outcome = match i % 4 {
                0 => Outcome::CheckFailed(1),
                1 => Outcome::Failed(Failure::Read),
                _ => Outcome::Ok,
            };
            sample((i % 2) as usize, outcome, i + 1)
        })
        .collect();
    let mut merged = run(&samples[..7]);
    merged.merge(run(&samples[7..]));
    let (merged, expected) = (merged.finish(), run(&samples).finish());
    assert_eq!(merged.steps, expected.steps);
    assert_eq!(merged.failures, expected.failures);
    assert!(merged.steps.iter().all(|s| s.measured.conserved()));
}

#[test]
fn checks_after_a_failed_one_are_not_counted() {
    let recorded = run(&[
        sample(0, Outcome::CheckFailed(0), 1),
        sample(0, Outcome::NotYet(1), 1),
        sample(0, Outcome::Ok, 1),
    ])
    .finish();
    let counts: Vec<_> = recorded.steps[0]
        .measured
        .checks
        .iter()
        .map(|c| (c.passed, c.failed))
        .collect();
    assert_eq!(counts, [(2, 1), (1, 0)]);
}

#[test]
fn a_dropped_arrival_is_missing_in_every_step_of_its_flow() {
    let mut recorder = run(&[]);
    recorder.flow_dropped(0, 0, true);
    let Recorded { steps, flows, .. } = recorder.finish();
    assert_eq!(
        steps.iter().map(|s| s.measured.dropped).collect::<Vec<_>>(),
        [1, 1]
    );
    assert_eq!(flows[0].dropped, 1);
}
