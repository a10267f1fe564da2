//! Setup and teardown, of the run and of its users: when they go out, what they leave, and that nothing of them is
//! measured.

use super::blocks::{Requests, block, with_steps};
use super::*;
use crate::expr::{Template, Value};
use crate::load::stage::Stage;
use crate::record::{Counts, Stop as Reason};
use crate::scenario::{Assignment, BlockKind, Flow, Retry, Step};
use std::cell::RefCell;
use std::time::Duration;

fn flow(name: &str, like: &Flow, steps: Vec<Step>) -> Flow {
    Flow {
        name: name.into(),
        steps,
        ..like.clone()
    }
}

type Sends = Rc<RefCell<Vec<(usize, u64)>>>;

/// Setup, load and teardown on one paused clock, as `load::run` does them. What was sent: step and millisecond.
fn staged(
    scenario: &Scenario,
    reply: impl Fn(usize, Nanos) -> Reply + Clone + 'static,
    stop_at: Option<u64>,
) -> (Vec<(usize, u64)>, Recorded) {
    let (sent, recorded, _) = counted(scenario, reply, stop_at);
    (sent, recorded)
}

/// The same, with what the load counts of itself.
fn counted(
    scenario: &Scenario,
    reply: impl Fn(usize, Nanos) -> Reply + Clone + 'static,
    stop_at: Option<u64>,
) -> (Vec<(usize, u64)>, Recorded, Counts) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let (stopper, stop) = stop();
    let sends = Sends::default();
    let mut orders = orders(scenario, 1);
    let local = LocalSet::new();
    let (recorder, counts) = local.block_on(&runtime, async {
        let epoch = Instant::now();
        if let Some(at) = stop_at {
            tokio::task::spawn_local(async move {
                tokio::time::sleep(Duration::from_millis(at)).await;
                stopper.stop(Reason::Interrupted);
            });
        }
        let worker = |orders: &Orders| {
            let (sends, reply) = (Rc::clone(&sends), reply.clone());
            let protocol = Scripted::new(epoch, move |call, _, now| {
                sends.borrow_mut().push((call.step, now / MS));
                reply(call.step, now)
            });
            Worker::new(orders, 0, protocol, Clock::coarse(epoch), stop.clone())
        };
        let stage = worker(&orders);
        let Some(user) = stage.set_up_run().await else {
            return (stage.report().recorder, Counts::default());
        };
        orders.known = user.known(&orders.program);
        let (sender, _receiver) = mpsc::channel();
        let report = worker(&orders).work(sender).await;
        let (mut recorder, counts) = (report.recorder, report.counts);
        stage.tear_down_run(user).await;
        recorder.merge(stage.report().recorder);
        (recorder, counts)
    });
    assert!(recorder.conserved());
    (sends.take(), recorder.finish(), counts)
}

/// Step 0 is the load's, 1 the setup's, 2 the teardown's.
fn with_stages(profile: &str) -> Scenario {
    let mut outside = Vec::new();
    let mut scenario = with_steps(profile, |r| {
        let steps = vec![r.next()];
        outside = vec![r.next(), r.next()];
        steps
    });
    let like = scenario.flows[0].clone();
    scenario.teardown = outside
        .pop()
        .map(|step| flow("teardown", &like, vec![step]));
    scenario.setup = outside.pop().map(|step| flow("setup", &like, vec![step]));
    scenario
}

fn fast(_: usize, _: Nanos) -> Reply {
    Reply::after(10 * MS)
}

#[test]
fn setup_comes_before_the_load_and_teardown_behind_it_and_neither_is_measured() {
    let scenario = with_stages("{ passes: 3 }");
    let (sent, recorded) = staged(&scenario, fast, None);
    assert_eq!(sent, [(1, 0), (0, 10), (0, 20), (0, 30), (2, 40)]);
    let counts: Vec<_> = recorded
        .steps
        .iter()
        .map(|s| (s.label.as_str(), s.measured.ok, s.unmeasured.ok))
        .collect();
    assert_eq!(
        counts,
        [("shop/a", 3, 0), ("setup/b", 0, 1), ("teardown/c", 0, 1)]
    );
    let flows: Vec<_> = recorded
        .flows
        .iter()
        .map(|f| (f.name.as_str(), f.outside, f.started, f.completed))
        .collect();
    assert_eq!(
        flows,
        [
            ("shop", false, 3, 3),
            ("setup", true, 1, 1),
            ("teardown", true, 1, 1)
        ]
    );
}

#[test]
fn without_its_setup_there_is_no_load() {
    let scenario = with_stages("{ passes: 3 }");
    let failing = |step, now| Reply {
        status: if step == 1 { 500 } else { 200 },
        ..fast(step, now)
    };
    let (sent, recorded) = staged(&scenario, failing, None);
    assert_eq!(sent, [(1, 0)]);
    assert_eq!(recorded.steps[1].unmeasured.check_failed, 1);
    assert_eq!(recorded.failures[0].label, "status < 400");
}

#[test]
fn a_stopped_run_is_torn_down_within_its_time() {
    let scenario = with_stages("{ users: 1, duration: 60s }");
    let (sent, recorded) = staged(&scenario, fast, Some(1000));
    assert_eq!(sent.last(), Some(&(2, 1000)));
    assert_eq!(recorded.steps[2].unmeasured.ok, 1);
    // A teardown that takes for ever is cut off after five seconds.
    let stuck = |step, now| match step {
        2 => Reply::after(9 * SECOND),
        _ => fast(step, now),
    };
    let (_, recorded) = staged(&scenario, stuck, Some(1000));
    assert_eq!(recorded.steps[2].unmeasured.aborted, 1);
    // So is one that waits to try again when the run is stopped, and what it tried has failed.
    let mut scenario = with_stages("{ users: 1, duration: 1s }");
    let teardown = scenario.teardown.as_mut().unwrap();
    let Step::Request(request) = &mut teardown.steps[0] else {
        panic!("a request")
    };
    request.retry = Retry {
        times: 1,
        pause: Duration::from_mins(1),
    };
    let failing = |step, now| Reply {
        status: if step == 2 { 500 } else { 200 },
        ..fast(step, now)
    };
    let (sent, recorded) = staged(&scenario, failing, Some(3000));
    assert_eq!(sent.iter().filter(|(step, _)| *step == 2).count(), 1);
    let tally = &recorded.steps[2].unmeasured;
    assert_eq!((tally.sent, tally.check_failed, tally.retried), (1, 1, 0));
}

/// The load's step 0, its user's setup 1 and teardown 2.
fn with_user_stages(profile: &str, change: impl Fn(&mut Requests) -> Vec<Step>) -> Scenario {
    let mut scenario = with_stages(profile);
    let like = scenario.flows[0].clone();
    scenario.flows[0].steps = with_steps("{ passes: 1 }", |r| change(r)).flows[0]
        .steps
        .clone();
    scenario.user_setup = scenario
        .setup
        .take()
        .map(|f| flow("user setup", &like, f.steps));
    scenario.user_teardown = scenario.teardown.take();
    scenario
}

#[test]
fn an_arrivals_setup_is_no_lateness() {
    let scenario = with_user_stages(
        "{ rate: 2 flows/s, arrivals: constant, duration: 1s }",
        |r| vec![r.next()],
    );
    let (sent, recorded) = staged(&scenario, fast, None);
    let first = sent[0].1;
    let relative: Vec<_> = sent.iter().map(|(step, at)| (*step, at - first)).collect();
    assert_eq!(
        relative,
        [(1, 0), (0, 10), (2, 20), (1, 500), (0, 510), (2, 520)]
    );
    let load = &recorded.steps[0].measured;
    assert!(about(load.quantile(Metric::Response, 1.0), 10 * MS));
    assert!(recorded.lag.max().unwrap() < MS);
    assert_eq!(
        (
            recorded.steps[1].measured.sent,
            recorded.steps[1].unmeasured.ok
        ),
        (0, 2)
    );
}

#[test]
fn answers_of_setup_and_teardown_are_no_throughput() {
    let rate = "{ rate: 20 flows/s, arrivals: constant, duration: 2s }";
    let scenario = with_user_stages(rate, |r| vec![r.next()]);
    // The load's own answers come behind the measured phase, those around it at once.
    let late = |step, now| match step {
        0 => Reply::after(8 * SECOND),
        _ => fast(step, now),
    };
    let (sent, recorded, counts) = counted(&scenario, late, None);
    assert_eq!(sent.iter().filter(|(step, _)| *step == 1).count(), 40);
    assert_eq!(recorded.steps[0].measured.ok, 40);
    assert_eq!((counts.ended_within, counts.in_time), (0, 0), "{counts:?}");
    let (_, _, counts) = counted(&scenario, fast, None);
    assert!((38..=40).contains(&counts.ended_within), "{counts:?}");
    assert_eq!(counts.in_time, 40, "{counts:?}");
}

#[test]
fn a_user_of_the_closed_model_is_set_up_once() {
    let scenario = with_user_stages("{ users: 2, duration: 1s }", |r| vec![r.next()]);
    let slow = |_, _| Reply::after(100 * MS);
    let (sent, recorded) = staged(&scenario, slow, None);
    let of = |step| sent.iter().filter(|(s, _)| *s == step).count();
    assert_eq!((of(1), of(0), of(2)), (2, 18, 2));
    assert_eq!(recorded.flows[0].completed, 18);
}

#[test]
fn users_whose_setup_fails_send_nothing_of_their_flow() {
    let failing = |step, now| Reply {
        status: if step == 1 { 500 } else { 200 },
        ..fast(step, now)
    };
    for profile in [
        "{ users: 2, duration: 1s }",
        "{ rate: 2 flows/s, duration: 5s }",
        "{ passes: 2 }",
    ] {
        let scenario = with_user_stages(profile, |r| vec![r.next()]);
        let (sent, recorded) = staged(&scenario, failing, None);
        assert!(sent.iter().all(|(step, _)| *step == 1), "{profile}");
        let load = &recorded.steps[0].measured;
        assert_eq!(load.skipped, recorded.flows[0].started, "{profile}");
    }
}

#[test]
fn users_begin_with_constants_and_what_setup_found_out() {
    let mut scenario = with_stages("{ passes: 1 }");
    scenario.constants.push((0, Value::from("pro")));
    let found = Assignment {
        name: "copy".into(),
        slot: 3,
        value: Template::literal("found"),
    };
    if let Some(setup) = &mut scenario.setup {
        setup.steps.insert(0, Step::Set(vec![found]));
    }
    for (condition, sends) in [("copy == \"found\"", 3), ("copy == \"lost\"", 2)] {
        let mut scenario = scenario.clone();
        let steps = &mut scenario.flows[0].steps;
        let body = std::mem::take(steps);
        steps.push(block(
            BlockKind::Once,
            &["plan == \"pro\"", condition],
            body,
        ));
        assert_eq!(staged(&scenario, fast, None).0.len(), sends, "{condition}");
    }
}

#[test]
fn setup_is_before_the_run_and_teardown_is_within_it() {
    let scenario = with_stages("{ passes: 1 }");
    let staged = |failing: usize| {
        let (_stopper, stop) = stop();
        let make = move || {
            Scripted::new(Instant::now(), move |call: &Call, _, _| Reply {
                status: if call.step == failing { 500 } else { 200 },
                ..Reply::after(0)
            })
        };
        // The load began a minute ago.
        let epoch = Instant::now() - Duration::from_mins(1);
        let mut stage = Stage::new(&orders(&scenario, 1), make, &stop)
            .unwrap()
            .unwrap();
        assert_eq!(stage.set_up().is_some(), failing == 2);
        stage.end(epoch).recorder.finish()
    };
    let setup = staged(1);
    assert_eq!((setup.failures[0].first, setup.failures[0].last), (0, 0));
    assert_eq!(setup.exhibits[0].at, 0);
    let teardown = staged(2);
    assert_eq!(teardown.failures[0].step, 2);
    assert!(teardown.failures[0].first >= 60 * SECOND);
    assert!(teardown.exhibits[0].at >= 60 * SECOND);
    assert!(teardown.steps[2].unmeasured.response_check_failed.max() < Some(60 * SECOND));
}
