//! One page, read again and again. In: its address and what is wanted; out: a series for each value. Invariant: readings
//! are due at fixed instants; one that took so long that others were left out counts these as missed.

use super::exposition;
use super::{call, clipped, fetch};
use crate::expr::{Facts, Value};
use crate::protocol::{Answer, Client};
use crate::record::{ServerSeries, ServerSource};
use crate::scenario::{Observed, Page, Reading, Selector};
use crate::units::nanos;
use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How long one reading may take.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(5);

/// When readings are due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) began: Instant,
    pub(super) every: Duration,
}

impl Clock {
    /// Whole intervals since the beginning.
    fn ticks(self, at: Instant) -> u32 {
        let since = at.saturating_duration_since(self.began).as_nanos();
        u32::try_from(since / self.every.as_nanos().max(1)).unwrap_or(u32::MAX)
    }

    fn due(self, tick: u32) -> Instant {
        self.began + self.every.saturating_mul(tick)
    }
}

/// Series of a page while it is read.
type Shared = Arc<Mutex<Vec<ServerSeries>>>;

/// The series of a page, and what counters said last.
struct Readings {
    values: Vec<Observed>,
    series: Shared,
    before: HashMap<usize, (Instant, BTreeMap<String, f64>)>,
}

/// Reads at once, then until it is told to stop, and then once more.
pub(super) async fn read(
    client: Client,
    (page, series): (Page, Shared),
    clock: Clock,
    mut stop: watch::Receiver<bool>,
) {
    let timeout = clock.every.clamp(SHORTEST, LONGEST);
    let question = call(&page.at, page.at.url.clone(), None, timeout);
    let mut readings = Readings {
        values: page.values,
        series,
        before: HashMap::new(),
    };
    let mut tick = 0;
    loop {
        // A run can be over before this thread began: the growth of a counter needs two readings all the same.
        let last = tick > 0
            && tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => true,
                () = sleep_until(clock.due(tick)) => false,
            };
        let asked = Instant::now();
        let answer = fetch(&client, &question).await;
        let ticks = clock.ticks(Instant::now());
        // More than one a second is as good as it can be; a second without any is a gap.
        let gap = answer.is_err() || clock.due(tick).elapsed() > SHORTEST;
        readings.note(asked, answer, clock);
        if last {
            break;
        }
        let left_out = if gap {
            ticks.min(tick.saturating_add(1_000))
        } else {
            tick
        };
        for left_out in tick + 1..=left_out {
            readings.miss(clock.due(left_out), clock);
        }
        tick = ticks.max(tick) + 1;
    }
}

/// The series of some values, before the first reading.
pub(super) fn series(values: &[Observed], every: Duration) -> Vec<ServerSeries> {
    let empty = values.iter().map(|value| ServerSeries {
        name: value.name.clone(),
        from: match value.what {
            Reading::Metric(_) => ServerSource::Metrics,
            Reading::Field(_) => ServerSource::Health,
        },
        what: value.text.clone(),
        every: nanos(every),
        ..ServerSeries::default()
    });
    empty.collect()
}

impl Readings {
    fn series(&self) -> MutexGuard<'_, Vec<ServerSeries>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reading that was due and was not made.
    fn miss(&mut self, at: Instant, clock: Clock) {
        for series in self.series().iter_mut() {
            series.push(nanos(at - clock.began), None);
            let late = "a reading took so long that the next ones were left out";
            series.problem.get_or_insert_with(|| late.to_owned());
        }
    }

    fn note(&mut self, asked: Instant, answer: Result<Answer, String>, clock: Clock) {
        let at = nanos(asked - clock.began);
        let answer = answer.and_then(|answer| match answer.status.as_u16() {
            // A health page that says 503 says it in JSON, too.
            200..=299 | 503 => Ok(answer),
            status => Err(format!("it answered {status}")),
        });
        let found = match &answer {
            Ok(answer) => self.values(asked, answer, clock.every),
            Err(why) => self.values.iter().map(|_| Err(why.clone())).collect(),
        };
        for (series, value) in self.series().iter_mut().zip(found) {
            match value {
                Ok(Some(value)) if value.is_finite() => series.push(at, Some(value)),
                // A counter whose growth is not known yet.
                Ok(None) => {}
                Ok(Some(value)) => {
                    series.push(at, None);
                    series.problem = Some(format!("its value was {value}"));
                }
                Err(why) => {
                    series.push(at, None);
                    series.problem = Some(clipped(&why));
                }
            }
        }
    }

    /// What an answer says, value by value; `None` of a counter that was not read before, or just now: so short a time
    /// says nothing about a rate.
    fn values(
        &mut self,
        at: Instant,
        answer: &Answer,
        every: Duration,
    ) -> Vec<Result<Option<f64>, String>> {
        let selectors = self.values.iter().filter_map(|value| match &value.what {
            Reading::Metric(selector) => Some(selector),
            Reading::Field(_) => None,
        });
        let selectors: Vec<&Selector> = selectors.collect();
        let text = String::from_utf8_lossy(&answer.body);
        let mut metrics = exposition::find(&text, &selectors).into_iter();
        let mut all = Vec::new();
        for (index, value) in self.values.iter().enumerate() {
            all.push(match &value.what {
                Reading::Field(expression) => field(expression, answer).map(Some),
                Reading::Metric(_) => match metrics.next() {
                    Some(Ok(found)) if found.counter => {
                        let known = !self.series()[index].points.is_empty();
                        match self.before.get(&index) {
                            Some((then, _)) if known && at < *then + every / 4 => Ok(None),
                            _ => {
                                let now = (at, found.series.clone());
                                let before = self.before.insert(index, now);
                                Ok(before.map(|before| rate(&before, (at, &found.series))))
                            }
                        }
                    }
                    Some(Ok(found)) => Ok(Some(found.series.values().sum())),
                    Some(Err(why)) => Err(why),
                    None => Err("it was not looked for".to_owned()),
                },
            });
        }
        all
    }
}

/// Growth a second. A counter that fell began anew at zero, and so did one that was not there before.
fn rate(
    (then, before): &(Instant, BTreeMap<String, f64>),
    (now, series): (Instant, &BTreeMap<String, f64>),
) -> f64 {
    let growth = |(labels, value): (&String, &f64)| match before.get(labels) {
        Some(old) if old <= value => value - old,
        _ => *value,
    };
    let seconds = now.saturating_duration_since(*then).as_secs_f64();
    series.iter().map(growth).sum::<f64>() / seconds.max(1e-6)
}

/// A field as a number; `true` is 1 and `false` 0.
fn field(expression: &crate::expr::Expression, answer: &Answer) -> Result<f64, String> {
    let facts = Facts::new(answer.status.as_u16(), &answer.headers, "")
        .with_body(&answer.body, answer.received);
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(0);
    let value = expression
        .evaluate(&facts, &mut dice)
        .map_err(|mismatch| format!("`{}`: {}", expression.text(), mismatch.actual))?;
    let number = match &value {
        Value::Json(serde_json::Value::Bool(yes)) => Some(f64::from(u8::from(*yes))),
        Value::Json(serde_json::Value::Number(number)) => number.as_f64(),
        Value::Time(time) => Some(time.as_secs_f64()),
        other => other.text().trim().parse().ok(),
    };
    number.ok_or_else(|| format!("`{}` is no number: {}", expression.text(), value.text()))
}
