//! Runs that never happened, the same every time: simulated from a seed, recorded by the real recorder and judged by
//! the real judge. A launch at 500 req/s against a shop: one that passes, one whose payments stall, one made by a
//! generator that could not keep up.

use std::sync::Arc;
use tollgate::budget::{BudgetFile, Place, Verdict, judge, parse};
use tollgate::record::{
    BudgetSource, Connections, Counts, Environment, Exhibit, Failure, FlowLayout, Health, Host,
    Layout, Limit, Message, Metric, Model, Outcome, PhaseRecord, Recorded, Recorder, RunRecord,
    Sample, StepLayout, StepRecord, What, Window,
};
use tollgate::source::Source;

pub(super) const SECOND: u64 = 1_000_000_000;
/// Warm-up ends, load ends.
const WARM: u64 = 5 * SECOND;
const END: u64 = 65 * SECOND;
const TIMEOUT: u64 = 2 * SECOND;
/// How many stairs there are, and how long each is.
const STAIRS: u64 = 5;
const EVERY: u64 = 24 * SECOND;

pub(crate) const BUDGETS: &str = "budgets:
  - p95 < 250ms
  - p99 of purchase/pay < 800ms
  - error_rate < 1%
  - throughput >= 450 req/s during launch
  - success_rate of purchase > 99%
  - ttfb p95 of browse/landing < 100ms
  - p95 of browse/products < 30ms
  - p95 < 1s during soak
";

/// Flow, step, line, middle of the service time in microseconds.
const STEPS: [(usize, &str, usize, u64); 5] = [
    (0, "landing", 21, 6_000),
    (0, "products", 25, 11_000),
    (1, "sign in", 34, 24_000),
    (1, "add to cart", 41, 14_000),
    (1, "pay", 48, 85_000),
];
const FLOWS: [&str; 2] = ["browse", "purchase"];

#[derive(Clone, Copy, PartialEq)]
enum Story {
    Pass,
    /// Payments stall for a while and then fail now and then.
    Stall,
    /// The generator is late.
    Late,
    /// From 100 to 500 req/s, and from 400 on it is too much.
    Stairs,
}

pub(crate) fn pass() -> (RunRecord, Verdict) {
    judged(simulate(Story::Pass))
}

pub(crate) fn fail() -> (RunRecord, Verdict) {
    judged(simulate(Story::Stall))
}

pub(crate) fn invalid() -> (RunRecord, Verdict) {
    judged(simulate(Story::Late))
}

pub(crate) fn stairs() -> (RunRecord, Verdict) {
    judged(simulate(Story::Stairs))
}

fn judged(record: RunRecord) -> (RunRecord, Verdict) {
    let verdict = judge(&record, Some(&budgets()));
    (record, verdict)
}

pub(super) fn budgets() -> BudgetFile {
    parse(Arc::new(Source::new("budgets/shop.yaml", BUDGETS))).expect("the sample budgets")
}

/// Numbers from a seed, without any function that could differ between machines.
struct Dice(u64);

impl Dice {
    /// `0..1`
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A factor around one with a long tail, by its quantiles.
    fn tail(&mut self) -> f64 {
        const SHAPE: [(f64, f64); 7] = [
            (0.0, 0.55),
            (0.5, 1.0),
            (0.9, 1.55),
            (0.99, 2.6),
            (0.999, 5.0),
            (0.9999, 7.5),
            (1.0, 9.0),
        ];
        let u = self.roll();
        let i = SHAPE.iter().position(|p| u < p.0).unwrap_or(6).max(1);
        let ((a, low), (b, high)) = (SHAPE[i - 1], SHAPE[i]);
        low + (u - a) / (b - a) * (high - low)
    }
}

/// What happens, in order of time.
enum Event {
    Arrival(u64),
    Sent(u64, bool),
    Done(Sample),
    Flow(usize, bool, bool, u64),
    Skipped(usize, usize, bool),
}

struct Simulation {
    dice: Dice,
    story: Story,
    events: Vec<(u64, usize, Event)>,
}

impl Simulation {
    fn push(&mut self, at: u64, event: Event) {
        self.events.push((at, self.events.len(), event));
    }

    /// One arrival and everything that follows from it; the number of requests it asked for.
    fn arrive(&mut self, due: u64) -> u64 {
        let flow = usize::from(self.dice.roll() < 0.3);
        let measured = due >= WARM;
        let steps: Vec<usize> = (0..STEPS.len()).filter(|s| STEPS[*s].0 == flow).collect();
        self.push(due, Event::Arrival(steps.len() as u64));
        let mut intended = due;
        for (i, step) in steps.iter().enumerate() {
            let sample = self.request(*step, intended, measured);
            intended = sample.done;
            self.push(sample.sent, Event::Sent(sample.lag(), measured));
            self.push(sample.done, Event::Done(sample));
            if sample.outcome != Outcome::Ok {
                let rest = (step + 1, step + steps.len() - i);
                self.push(sample.done, Event::Skipped(rest.0, rest.1, measured));
                self.push(sample.done, Event::Flow(flow, measured, false, 0));
                return steps.len() as u64;
            }
        }
        self.push(intended, Event::Flow(flow, measured, true, intended - due));
        steps.len() as u64
    }

    fn request(&mut self, step: usize, intended: u64, measured: bool) -> Sample {
        let late = match self.story {
            Story::Late if intended > 20 * SECOND => 9_000.0,
            _ => 48.0,
        };
        let sent = intended + (late * self.dice.tail() * 1e3) as u64;
        let cold = if intended < WARM / 2 { 2.5 } else { 1.0 };
        let mut service = (STEPS[step].3 as f64 * 1e3 * self.dice.tail() * cold) as u64;
        let stalled = self.story == Story::Stall && intended > 38 * SECOND;
        let mut outcome = Outcome::Ok;
        let mut status = if step == 4 { 201 } else { 200 };
        if stalled && step >= 3 {
            service *= if intended < 52 * SECOND { 7 } else { 3 };
            let u = self.dice.roll();
            if step == 4 && u < 0.06 {
                (outcome, status) = (Outcome::CheckFailed(0), 503);
            }
        }
        if self.story == Story::Stairs {
            service *= [1, 1, 1, 3, 6][stair(intended).min(4) as usize];
        }
        if service > TIMEOUT {
            service = TIMEOUT;
            outcome = Outcome::Failed(Failure::Timeout);
        }
        let answered = outcome != Outcome::Failed(Failure::Timeout);
        let new = self.dice.roll() < if intended < WARM { 0.02 } else { 0.001 };
        Sample {
            step,
            measured,
            intended,
            sent,
            first_byte: answered.then_some(sent + service * 8 / 10),
            done: sent + service,
            wait: None,
            dns: None,
            connect: new.then(|| 180_000 + (self.dice.tail() * 90e3) as u64),
            tls: None,
            write: answered.then_some(20_000 + service / 1_000),
            outcome,
            status: answered.then_some(status),
            received: if answered { 1_800 } else { 0 },
            decoded: answered.then_some(if step < 2 { 7_150 } else { 1_800 }),
        }
    }
}

fn layout() -> Layout {
    let names: Vec<Place> = STEPS.iter().map(|s| Place::new(FLOWS[s.0], s.1)).collect();
    let limits: Vec<Vec<Limit>> = budgets().limits(&names);
    let steps = STEPS.iter().zip(limits).map(|(step, limits)| StepLayout {
        flow: step.0,
        name: step.1.to_owned(),
        label: format!("{}/{}", FLOWS[step.0], step.1),
        method: if step.1 == "pay" { "POST" } else { "GET" }.to_owned(),
        line: step.2,
        checks: match step.1 {
            "pay" => vec!["status == 201".into(), "json $.state == \"paid\"".into()],
            _ => vec!["status == 200".into()],
        },
        limits,
        ..StepLayout::default()
    });
    Layout {
        steps: steps.collect(),
        flows: FLOWS
            .map(|name| FlowLayout {
                name: name.to_owned(),
                outside: false,
            })
            .into(),
        ..Layout::default()
    }
}

fn simulate(story: Story) -> RunRecord {
    let mut simulation = Simulation {
        dice: Dice(42),
        story,
        events: Vec::new(),
    };
    let (mut arrivals, mut offered) = (0, 0);
    let mut due = 0f64;
    loop {
        // 500 req/s over 2.3 requests a flow.
        let (rate, end) = match story {
            Story::Stairs => (
                (stair(due as u64) + 1) as f64 * 100.0 / 2.3,
                WARM + STAIRS * EVERY,
            ),
            _ => (217.4, END),
        };
        due += simulation.dice.roll() * 2.0 / rate * 1e9;
        if due >= end as f64 {
            break;
        }
        let requests = simulation.arrive(due as u64);
        if due as u64 >= WARM {
            arrivals += 1;
            offered += requests;
        }
    }
    let mut record = record(simulation.events);
    let answered = |step: &StepRecord| step.measured.ok + step.measured.check_failed;
    record.counts = Counts {
        in_time: record.steps.iter().map(answered).sum(),
        arrivals,
        started: arrivals,
        offered,
        duration: END - WARM,
        ..Counts::default()
    };
    if story == Story::Stairs {
        climb(&mut record);
    }
    record
}

/// Which stair an instant is on; the warm-up is on the first.
fn stair(at: u64) -> u64 {
    at.saturating_sub(WARM) / EVERY
}

/// The profile that the stairs are of.
fn climb(record: &mut RunRecord) {
    let stair = |i: u64| {
        let start = WARM + i * EVERY;
        let name = format!("step {} ({} req/s)", i + 1, (i + 1) * 100);
        phase(&name, start, start + EVERY, true)
    };
    record.profile = "limit".into();
    record.counts.duration = STAIRS * EVERY;
    record.model = Model::Open {
        requests: 300.0,
        flows: 130.4,
        peak: Some(500.0),
        poisson: true,
    };
    record.phases = vec![phase("warm-up", 0, WARM, false)];
    record.phases.extend((0..STAIRS).map(stair));
}

/// Plays the events into a recorder, a window a second.
fn record(mut events: Vec<(u64, usize, Event)>) -> RunRecord {
    events.sort_by_key(|(at, order, _)| (*at, *order));
    let mut recorder = Recorder::new(&layout());
    let mut record = RunRecord::default();
    let (mut in_flight, mut most, mut peak) = (0u64, 0, 0);
    let mut connections = 0;
    let mut start = 0;
    let mut close = |recorder: &mut Recorder, start: u64, end: u64, most: u64| {
        let window = recorder.take_window();
        record.timeline.push(Window {
            start,
            length: end - start,
            in_flight: most,
            ..window
        });
    };
    let last = events.last().map_or(0, |e| e.0);
    for (at, _, event) in events {
        while at >= start + SECOND {
            close(&mut recorder, start, start + SECOND, most);
            start += SECOND;
            most = in_flight;
        }
        match event {
            Event::Arrival(requests) => recorder.arrival(requests),
            Event::Sent(lag, measured) => {
                recorder.sent(lag, measured);
                in_flight += 1;
                most = most.max(in_flight);
                peak = peak.max(in_flight);
            }
            Event::Done(sample) => {
                in_flight -= 1;
                connections += u64::from(sample.connect.is_some());
                recorder.record(&sample);
                if let Some(exhibit) = exhibit(&recorder, &sample) {
                    recorder.exhibit(exhibit);
                }
            }
            Event::Flow(flow, measured, completed, took) => {
                recorder.flow_started(flow, measured);
                recorder.flow_ended(flow, measured, completed, took);
            }
            Event::Skipped(from, to, measured) => recorder.skipped(from..to, measured),
        }
    }
    close(&mut recorder, start, last + 1, most);
    finish(record, recorder, last, connections, peak)
}

fn exhibit(recorder: &Recorder, sample: &Sample) -> Option<Exhibit> {
    let what = match sample.outcome {
        Outcome::CheckFailed(i) => What::Check(i),
        Outcome::Failed(failure) => What::Failure(failure),
        _ => return None,
    };
    recorder.wants_exhibit(sample.step, what).then(|| Exhibit {
        step: sample.step,
        what: Some(what),
        retried: false,
        findings: Vec::new(),
        at: sample.sent,
        took: sample.service(),
        phases: Metric::PHASES
            .into_iter()
            .filter_map(|metric| Some((metric, metric.value(sample)?)))
            .collect(),
        expected: sample.status.map(|_| "number 201".into()),
        actual: sample.status.map(|s| format!("number {s}")),
        request_line: "POST http://127.0.0.1:8080/api/checkout/pay".into(),
        request: Message {
            headers: vec![
                ("host".into(), "127.0.0.1:8080".into()),
                ("accept".into(), "application/json".into()),
                ("authorization".into(), "Bearer ***".into()),
                ("content-type".into(), "application/json".into()),
                ("content-length".into(), "42".into()),
            ],
            body: "{\"cart\":\"c-1042\",\"method\":\"card\",\"note\":\"it's a gift\"}".into(),
            cut: false,
            origin: None,
            packed: false,
        },
        status: sample.status,
        said: Vec::new(),
        also: Vec::new(),
        page: None,
        response: sample.status.map(|_| Message {
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("retry-after".into(), "1".into()),
            ],
            body: "{\n  \"error\": \"payment provider is busy\",\n  \"trace\": \"4bf92f3577b34da6\"\n}".into(),
            cut: false,
            origin: None,
            packed: false,
        }),
    })
}

fn finish(
    mut record: RunRecord,
    recorder: Recorder,
    last: u64,
    connections: u64,
    peak: u64,
) -> RunRecord {
    let Recorded {
        steps,
        flows,
        failures,
        exhibits,
        lag,
        ..
    } = recorder.finish();
    let requests: u64 = steps
        .iter()
        .map(|s| s.measured.sent + s.unmeasured.sent)
        .sum();
    record.health = Health {
        lag,
        cpu_seconds: 3.41,
        cpu_share: 0.026,
        processors: 2.0,
        peak_memory: 21_450_000,
        workers: 2,
        connections,
        reused: requests - connections,
        in_flight: peak,
        in_flight_limit: 1_000,
        descriptor_limit: 65_536,
        conserved: true,
        ..Health::default()
    };
    record.elapsed = last;
    record.environment = environment();
    record.budgets = Some(BudgetSource {
        file: "budgets/shop.yaml".into(),
        text: BUDGETS.into(),
    });
    RunRecord {
        scenario: "shop".into(),
        file: "scenarios/shop.yaml".into(),
        profile: "launch".into(),
        target: "http://127.0.0.1:8080".into(),
        started: "2026-11-21T02:00:00Z".into(),
        seed: 42,
        connections: Some(Connections::Shared),
        model: Model::Open {
            requests: 500.0,
            flows: 217.4,
            peak: None,
            poisson: true,
        },
        phases: vec![
            phase("warm-up", 0, WARM, false),
            phase("launch", WARM, END, true),
        ],
        steps,
        flows,
        failures,
        exhibits,
        ..record
    }
}

fn phase(name: &str, start: u64, end: u64, measured: bool) -> PhaseRecord {
    PhaseRecord {
        name: name.into(),
        start,
        end,
        measured,
    }
}

pub(super) fn environment() -> Environment {
    Environment {
        version: "0.1.0".into(),
        revision: Some("3f2a91c".into()),
        host: Host {
            name: "runner-7".into(),
            system: "linux x86_64".into(),
            processor: "AMD EPYC 7763".into(),
        },
        plan: "5d1c2f0a9be44e70".into(),
    }
}
