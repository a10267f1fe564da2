//! Conditions, loops, lists, polls, attempts and groups: how often each request goes out, and exactly when.

use super::*;
use crate::expr::{Check, Scope, Template};
use crate::scenario::{Assignment, Block, BlockKind, Request, Retry, Step, Until};
use crate::source::{Span, Spanned};
use std::cell::RefCell;
use std::time::Duration;

pub(super) const VARIABLES: [&str; 4] = ["plan", "products", "product", "copy"];

struct Names;

impl Scope for Names {
    fn slot(&mut self, name: &str) -> Option<usize> {
        VARIABLES.iter().position(|known| *known == name)
    }
    fn names(&self) -> Vec<String> {
        VARIABLES.map(str::to_owned).into()
    }
}

pub(super) fn check(text: &str) -> Spanned<Check> {
    Spanned::new(Check::parse(text, &mut Names).unwrap(), Span::new(0, 0))
}

pub(super) fn block(kind: BlockKind, when: &[&str], steps: Vec<Step>) -> Step {
    Step::Block(Box::new(Block {
        kind,
        when: when.iter().map(|text| check(text)).collect(),
        steps,
        span: Span::new(0, 0),
    }))
}

/// A scenario whose flow has these steps; requests are named a, b, c, … in the order in which they are made.
pub(super) fn with_steps(
    profile: &str,
    steps: impl FnOnce(&mut Requests) -> Vec<Step>,
) -> Scenario {
    let mut base = scenario(profile, ONE);
    let Step::Request(template) = base.flows[0].steps.remove(0) else {
        panic!("a request")
    };
    base.flows[0].steps = steps(&mut Requests(*template, b'a'));
    base.variables = VARIABLES.map(str::to_owned).into();
    base
}

/// Makes requests.
pub(super) struct Requests(Request, u8);

impl Requests {
    pub(super) fn next(&mut self) -> Step {
        self.changed(|_| {})
    }

    pub(super) fn changed(&mut self, change: impl FnOnce(&mut Request)) -> Step {
        let mut request = self.0.clone();
        request.name = char::from(self.1).to_string();
        self.1 += 1;
        change(&mut request);
        Step::Request(Box::new(request))
    }
}

fn json(scenario: &mut Scenario, slot: usize, text: &str) {
    let value = serde_json::from_str(text).unwrap();
    let value = crate::expr::Value::Json(value);
    scenario.constants.push((slot, value));
}

/// What was sent when, in milliseconds, and the parts of the run.
fn sends(
    scenario: &Scenario,
    reply: impl Fn(u64, Nanos) -> Reply + 'static,
) -> (Vec<u64>, Recorded) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let sends = Rc::clone(&log);
    let parts = run(scenario, move |k, now| {
        log.borrow_mut().push(now / MS);
        reply(k, now)
    });
    assert!(parts.health.conserved);
    (sends.take(), parts.recorder.finish())
}

fn counts(recorded: &Recorded, of: fn(&Tally) -> u64) -> Vec<u64> {
    recorded.steps.iter().map(|s| of(&s.measured)).collect()
}

const ONCE: &str = "{ passes: 1 }";

#[test]
fn blocks_send_each_request_as_often_as_they_say() {
    let each = |limit| BlockKind::Each {
        list: 1,
        item: 2,
        limit,
        rounds: None,
    };
    let run = |products: &str, when: &str, limit: Option<u64>| {
        let mut scenario = with_steps(ONCE, |r| {
            let inner = block(BlockKind::Once, &["product != 2"], vec![r.next()]);
            let list = block(each(limit), &[], vec![r.next(), inner]);
            let twice = block(BlockKind::Repeat(2), &[], vec![r.next(), list]);
            vec![block(BlockKind::Repeat(3), &[when], vec![r.next()]), twice]
        });
        json(&mut scenario, 0, "\"pro\"");
        json(&mut scenario, 1, products);
        let (_, recorded) = sends(&scenario, |_, _| Reply::after(MS));
        assert_eq!(recorded.flows[0].completed, 1);
        let named = |of: fn(&Tally) -> u64| {
            let mut steps: Vec<_> = recorded.steps.iter().collect();
            steps.sort_by_key(|s| s.name.clone());
            steps.iter().map(|s| of(&s.measured)).collect::<Vec<_>>()
        };
        (named(|t| t.ok), named(|t| t.not_taken))
    };
    // a: where product is not 2; b: for each product; c: twice; d: three times, where the condition holds.
    let (yes, no) = ("plan == \"pro\"", "plan == \"free\"");
    assert_eq!(
        run("[1, 2, 3]", yes, None),
        (vec![4, 6, 2, 3], vec![2, 0, 0, 0])
    );
    assert_eq!(
        run("[1, 2, 3]", no, Some(2)),
        (vec![2, 4, 2, 0], vec![2, 0, 0, 1])
    );
    assert_eq!(run("[]", yes, None), (vec![0, 0, 2, 3], vec![2, 2, 0, 0]));
}

#[test]
fn offered_counts_what_flows_turn_out_to_want() {
    // Two requests in the loop and one behind it are sent; the condition does not hold.
    for (rounds, planned) in [(None, 1 + 2 + 1), (Some(3), 1 + 6 + 1), (Some(0), 1 + 1)] {
        let mut scenario = with_steps(
            "{ rate: 100 flows/s, arrivals: constant, duration: 2s }",
            |r| {
                let body = vec![r.next(), r.next()];
                let list = BlockKind::Each {
                    list: 1,
                    item: 2,
                    limit: None,
                    rounds,
                };
                vec![
                    block(BlockKind::Once, &["plan exists"], vec![r.next()]),
                    block(list, &[], body),
                    r.next(),
                ]
            },
        );
        let items = if rounds == Some(0) { "[]" } else { "[1, 2, 3]" };
        json(&mut scenario, 1, items);
        let sent = if rounds == Some(0) { 1 } else { 7 };
        let parts = run(&scenario, |_, _| Reply::after(MS));
        assert_eq!(
            (parts.counts.planned, parts.counts.offered),
            (200 * planned, 200 * sent),
            "{rounds:?}"
        );
    }
}

#[test]
fn a_list_that_is_none_fails_the_first_request_of_its_block() {
    for (value, why) in [
        (Some("\"x\""), "products is no list: text \"x\""),
        (Some("7"), "products is no list: 7"),
        (Some("{\"a\":1}"), "products is no list: object {\"a\":1}"),
        (None, "products has no value"),
    ] {
        let mut scenario = with_steps(ONCE, |r| {
            let list = BlockKind::Each {
                list: 1,
                item: 2,
                limit: None,
                rounds: None,
            };
            let body = vec![r.next(), r.next()];
            vec![block(list, &[], body), r.next()]
        });
        value.into_iter().for_each(|v| json(&mut scenario, 1, v));
        let (sent, recorded) = sends(&scenario, |_, _| Reply::after(MS));
        assert!(sent.is_empty());
        assert_eq!(counts(&recorded, |t| t.failed), [1, 0, 0]);
        assert_eq!(counts(&recorded, |t| t.skipped), [0, 1, 1]);
        assert_eq!(recorded.exhibits[0].actual.as_deref(), Some(why));
    }
}

#[test]
fn set_gives_values_and_keeps_their_types() {
    let assign = |slot: usize, text: &str| Assignment {
        name: VARIABLES[slot].into(),
        slot,
        value: Template::parse(text, &mut Names).unwrap(),
    };
    let mut scenario = with_steps(ONCE, |r| {
        let set = Step::Set(vec![
            assign(3, "{{ products }}"),
            assign(0, "a {{ product }}"),
        ]);
        let when = ["copy is list", "plan == \"a 5\""];
        vec![set, block(BlockKind::Once, &when, vec![r.next()])]
    });
    json(&mut scenario, 1, "[1]");
    json(&mut scenario, 2, "5");
    let (_, recorded) = sends(&scenario, |_, _| Reply::after(MS));
    assert_eq!(counts(&recorded, |t| t.ok), [1]);
}

fn polling(r: &mut Requests, every: u64, within: u64) -> Step {
    r.changed(|request| {
        request.until = Some(Until {
            checks: vec![check("status == 201")],
            every: Duration::from_millis(every),
            within: Duration::from_millis(within),
        });
    })
}

fn status(status: u16, took: Nanos) -> Reply {
    Reply {
        status,
        ..Reply::after(took)
    }
}

#[test]
fn polls_go_out_on_their_grid_and_each_is_a_sample() {
    let scenario = with_steps(ONCE, |r| vec![r.next(), polling(r, 500, 10_000), r.next()]);
    // The poll at 510 ms takes 700 ms: the one at 1010 is left out.
    let (sent, recorded) = sends(&scenario, |k, _| match k {
        2 => status(200, 700 * MS),
        5 => status(201, 10 * MS),
        _ => status(200, 10 * MS),
    });
    assert_eq!(sent, [0, 10, 510, 1510, 2010, 2510, 2520]);
    assert_eq!(counts(&recorded, |t| t.ok), [1, 5, 1]);
    let polls = &recorded.steps[1].measured;
    assert_percentiles(polls, Metric::Response, &[(0.8, 10 * MS), (1.0, 700 * MS)]);
    let checks: Vec<_> = polls.checks.iter().map(|c| (c.passed, c.failed)).collect();
    assert_eq!(recorded.steps[1].checks, ["status < 400", "status == 201"]);
    assert_eq!(checks, [(5, 0), (1, 0)]);
}

#[test]
fn polls_that_never_hold_are_one_failed_check() {
    let scenario = with_steps(ONCE, |r| vec![polling(r, 100, 350), r.next()]);
    let (sent, recorded) = sends(&scenario, |_, _| status(200, 20 * MS));
    assert_eq!(sent, [0, 100, 200, 300]);
    assert_eq!(counts(&recorded, |t| t.ok), [3, 0]);
    assert_eq!(counts(&recorded, |t| t.check_failed), [1, 0]);
    assert_eq!(counts(&recorded, |t| t.skipped), [0, 1]);
    let actual = recorded.exhibits[0].actual.as_deref();
    assert_eq!(actual, Some("number 200 after 4 polls in 320 ms"));
    assert_eq!(recorded.failures[0].label, "status == 201");
}

fn retrying(r: &mut Requests, times: u32, pause: u64) -> Step {
    r.changed(|request| {
        request.retry = Retry {
            times,
            pause: Duration::from_millis(pause),
        };
    })
}

#[test]
fn attempts_leave_one_sample_whose_time_includes_them_all() {
    let scenario = with_steps("{ rate: 1 req/s, arrivals: constant, duration: 1s }", |r| {
        vec![retrying(r, 2, 100)]
    });
    let (sent, recorded) = sends(&scenario, |k, _| {
        status(if k < 2 { 503 } else { 200 }, 10 * MS)
    });
    assert_eq!(
        sent.iter().map(|at| at - sent[0]).collect::<Vec<_>>(),
        [0, 110, 220]
    );
    let tally = &recorded.steps[0].measured;
    assert_eq!(
        (tally.sent, tally.ok, tally.retried, tally.flaky),
        (3, 1, 2, 1)
    );
    assert_eq!(tally.ended(), 1);
    assert!(about(tally.quantile(Metric::Response, 1.0), 230 * MS));
    assert!(about(tally.quantile(Metric::Service, 1.0), 10 * MS));
    assert!(
        recorded.lag.max().unwrap() <= MS,
        "attempts are no lateness"
    );
    assert!(recorded.failures.is_empty());
}

#[test]
fn the_last_attempt_fails_the_step() {
    let scenario = with_steps(ONCE, |r| vec![retrying(r, 2, 0), r.next()]);
    let (_, recorded) = sends(&scenario, |_, _| Reply {
        failure: Some(Failure::Read),
        ..Reply::after(MS)
    });
    let tally = &recorded.steps[0].measured;
    assert_eq!(
        (tally.sent, tally.failed, tally.retried, tally.flaky),
        (3, 1, 2, 0)
    );
    assert_eq!(counts(&recorded, |t| t.skipped), [0, 1]);
}

fn group(r: &mut Requests, members: usize, parallel: usize) -> Step {
    let steps = (0..members).map(|_| r.next()).collect();
    let name = "page".to_owned();
    block(BlockKind::Group { name, parallel }, &[], steps)
}

fn layout_groups(scenario: &Scenario) -> usize {
    Program::new(scenario, &[], &Masker::new([]))
        .layout()
        .groups
        .len()
}

#[test]
fn a_group_sends_so_many_at_once() {
    let scenario = with_steps(ONCE, |r| vec![r.next(), group(r, 8, 6), r.next()]);
    assert_eq!(layout_groups(&scenario), 1);
    let (sent, recorded) = sends(&scenario, |_, _| Reply::after(10 * MS));
    assert_eq!(sent, [0, 10, 10, 10, 10, 10, 10, 20, 20, 30]);
    assert_eq!(counts(&recorded, |t| t.ok), [1; 10]);
    for step in &recorded.steps {
        assert!(about(
            step.measured.quantile(Metric::Response, 1.0),
            10 * MS
        ));
    }
    let group = &recorded.groups[0];
    assert_eq!((group.duration.count(), group.stopped), (1, 0));
    assert!(group.duration.max().unwrap().abs_diff(20 * MS) < MS / 10);
}

#[test]
fn a_member_that_fails_keeps_no_other_from_being_sent() {
    let scenario = with_steps(ONCE, |r| vec![group(r, 3, 2), r.next()]);
    let (sent, recorded) = sends(&scenario, |k, _| {
        status(if k == 0 { 500 } else { 200 }, 10 * MS)
    });
    assert_eq!(sent, [0, 0, 10]);
    assert_eq!(counts(&recorded, |t| t.ok), [0, 1, 1, 0]);
    assert_eq!(counts(&recorded, |t| t.skipped), [0, 0, 0, 1]);
    assert_eq!(recorded.groups[0].stopped, 1);
}

#[test]
fn a_stop_ends_loops_pauses_and_groups() {
    type Make = fn(&mut Requests) -> Step;
    let cases: [(&str, Make); 4] = [
        ("loop", |r| {
            block(BlockKind::Repeat(u64::MAX), &[], vec![r.next()])
        }),
        ("poll", |r| polling(r, 60_000, 600_000)),
        ("retry", |r| retrying(r, 1000, 60_000)),
        ("group", |r| group(r, 26, 1)),
    ];
    for (name, step) in cases {
        let scenario = with_steps(ONCE, |r| vec![step(r)]);
        let (stopper, stop) = stop();
        let stop_later = |local: &LocalSet| {
            local.spawn_local(async move {
                tokio::time::sleep(Duration::from_secs(2)).await;
                stopper.stop(crate::record::Stop::Interrupted);
            });
        };
        let answer = if name == "retry" { 500 } else { 200 };
        let reply = move |_, _| status(answer, 300 * MS);
        let parts = run_until(&scenario, reply, stop, stop_later);
        assert!(parts.health.conserved, "{name}");
        assert!(parts.elapsed < 7 * SECOND, "{name}: {}", parts.elapsed);
        assert_eq!(parts.recorder.finish().flows[0].stopped, 1, "{name}");
    }
}

const OPEN: &str = "{ rate: 20 flows/s, arrivals: constant, duration: 10s }";

#[test]
fn polls_that_outlast_the_load_go_on_until_their_time_is_over() {
    let scenario = with_steps(OPEN, |r| vec![polling(r, 5_000, 60_000)]);
    let (sent, recorded) = sends(&scenario, |_, _| status(200, MS));
    let tally = &recorded.steps[0].measured;
    assert_eq!((tally.check_failed, tally.skipped), (200, 0));
    assert_eq!((tally.ok, sent.len()), (200 * 12, 200 * 13));
    assert_eq!(recorded.flows[0].stopped, 200);
    // What comes late, but in time, has come: behind the grace, too.
    let (_, recorded) = sends(&scenario, |_, now| {
        status(if now < 55 * SECOND { 200 } else { 201 }, MS)
    });
    assert_eq!(counts(&recorded, |t| t.check_failed), [0]);
    assert_eq!(recorded.flows[0].completed, 200);
}

#[test]
fn polls_that_outlast_the_load_keep_their_attempts() {
    let once = "{ rate: 1 flows/s, arrivals: constant, duration: 1s }";
    let scenario = with_steps(once, |r| {
        vec![r.changed(|request| {
            request.until = Some(Until {
                checks: vec![check("status == 201")],
                every: Duration::from_secs(5),
                within: Duration::from_mins(1),
            });
            request.retry = Retry {
                times: 1,
                pause: Duration::from_secs(1),
            };
        })]
    });
    let flaky = |k: u64, now| match k % 2 {
        0 => status(500, MS),
        _ => status(if now < 55 * SECOND { 200 } else { 201 }, MS),
    };
    let (_, recorded) = sends(&scenario, flaky);
    let tally = &recorded.steps[0].measured;
    assert_eq!((tally.ok, tally.retried, tally.sent), (12, 12, 24));
    assert_eq!(recorded.flows[0].completed, 1);
}

#[test]
fn an_attempt_whose_pause_the_run_does_not_outlast_has_failed() {
    let closed = "{ rate: 20 flows/s, arrivals: constant, duration: 1s }";
    for stop_at in [None, Some(2)] {
        let scenario = with_steps(closed, |r| vec![retrying(r, 1, 60_000), r.next()]);
        let (stopper, stop) = stop();
        let stop_later = |local: &LocalSet| {
            if let Some(seconds) = stop_at {
                local.spawn_local(async move {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    stopper.stop(crate::record::Stop::Interrupted);
                });
            }
        };
        let parts = run_until(&scenario, |_, _| status(500, MS), stop, stop_later);
        assert!(parts.health.conserved);
        let recorded = parts.recorder.finish();
        let tally = &recorded.steps[0].measured;
        assert_eq!(
            (tally.sent, tally.check_failed, tally.retried, tally.skipped),
            (20, 20, 0, 0),
            "{stop_at:?}"
        );
        assert_eq!(recorded.failures[0].count, 20);
        assert_eq!(counts(&recorded, |t| t.skipped), [0, 20]);
    }
}
