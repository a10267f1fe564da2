//! Latencies as readers need them. In: tallies and histograms; out: percentiles in milliseconds and the points of
//! a percentile curve. Invariant: what is not known has no number, and what is only known to be at least so much
//! says so.

use crate::history::nights::{ALL, Measure, Night};
use crate::record::{Histogram, Metric, Quantile, RunRecord, Tally, rank};
use crate::report::text::{figure, line as clean};
use crate::units::Nanos;

/// One value, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Point {
    /// The value; `None` where there is no data.
    pub ms: Option<f64>,
    /// The value falls among timed-out requests: it is at least `ms`.
    pub at_least: bool,
}

impl Point {
    /// A known value.
    pub fn known(nanos: Option<Nanos>) -> Self {
        Self {
            ms: nanos.map(ms),
            at_least: false,
        }
    }

    /// A lower bound.
    pub fn at_least(nanos: Nanos) -> Self {
        Self {
            ms: Some(ms(nanos)),
            at_least: true,
        }
    }

    /// For a column headed `ms`: `4.9`, `≥ 1,000`, `–`.
    pub fn text(&self) -> String {
        match self.ms {
            None => "–".into(),
            Some(value) if self.at_least => format!("≥ {}", figure(value)),
            Some(value) => figure(value),
        }
    }

    /// For a sentence: `4.9 ms`, `≥ 10 s`, `no data`.
    pub fn spoken(&self) -> String {
        let Some(value) = self.ms else {
            return "no data".into();
        };
        let text = crate::units::format_nanos((value * 1e6).round() as Nanos);
        if self.at_least {
            format!("≥ {text}")
        } else {
            text
        }
    }
}

impl From<Quantile> for Point {
    fn from(quantile: Quantile) -> Self {
        match quantile {
            Quantile::Nothing | Quantile::Failed => Self::default(),
            Quantile::Value(nanos) => Self::known(Some(nanos)),
            Quantile::AtLeast(nanos) => Self::at_least(nanos),
        }
    }
}

/// Nanoseconds → milliseconds.
pub(in crate::report::view) fn ms(nanos: Nanos) -> f64 {
    nanos as f64 / 1e6
}

/// A latency of one step, or of all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Latency {
    /// Requests that have it; timed-out ones are counted among them where they bound percentiles.
    pub n: u64,
    /// Mean of the answered.
    pub mean: Point,
    /// Least.
    pub min: Point,
    /// Half are faster.
    pub p50: Point,
    /// 90 % are faster.
    pub p90: Point,
    /// 95 % are faster.
    pub p95: Point,
    /// 99 % are faster.
    pub p99: Point,
    /// 99.9 % are faster.
    pub p999: Point,
    /// The slowest.
    pub max: Point,
}

impl Latency {
    /// Of a tally: answered requests, with timed-out ones beyond the last.
    pub(in crate::report::view) fn of(tally: &Tally, metric: Metric) -> Self {
        let answered = tally.latencies(metric);
        let censored = if metric.of_connections() || metric.of_messages() {
            0
        } else {
            tally.timed_out
        };
        Self::build(&answered, censored, tally.at_least())
    }

    /// Of a plain histogram.
    pub(in crate::report::view) fn plain(histogram: &Histogram) -> Self {
        Self::build(histogram, 0, 0)
    }

    fn build(answered: &Histogram, censored: u64, timeout: Nanos) -> Self {
        let n = answered.count() + censored;
        let at = |q: f64| {
            if n == 0 {
                return Point::default();
            }
            answered
                .at_rank(rank(q, n))
                .map_or(Point::at_least(timeout), |v| Point::known(Some(v)))
        };
        Self {
            n,
            mean: Point::known(answered.mean()),
            min: Point::known(answered.min()),
            p50: at(0.50),
            p90: at(0.90),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: at(1.0),
        }
    }

    /// The six percentile columns, left to right: p50, p90, p95, p99, p99.9, max.
    pub fn columns(&self) -> [Point; 6] {
        [self.p50, self.p90, self.p95, self.p99, self.p999, self.max]
    }
}

/// Which clock a latency starts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// From the intended start.
    Response,
    /// From the send.
    Service,
}

/// Latency against the share of requests that are slower.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The clock.
    pub clock: Clock,
    /// Share of requests at or below, and the latency in milliseconds; ascending. It ends where requests timed out.
    pub points: Vec<(f64, f64)>,
}

/// What a run is laid over: the response time of another run, or of those before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// Which it is.
    pub name: String,
    /// See [`Curve::points`].
    pub points: Vec<(f64, f64)>,
}

impl Baseline {
    /// The latency at a share, in milliseconds; `None` where no point is near.
    pub fn at(&self, share: f64) -> Option<f64> {
        let near = |p: &&(f64, f64)| (p.0 - share).abs() < 2e-3;
        let far = |p: &&(f64, f64)| (p.0 - share).abs();
        let points = self.points.iter().filter(near);
        points.min_by(|a, b| far(a).total_cmp(&far(b))).map(|p| p.1)
    }

    /// The levels that the percentiles of all requests are compared with; `None` where there are fewer than two.
    pub fn usual(night: &Night) -> Option<Self> {
        let all = night.findings.iter().filter(|f| f.part == ALL);
        let mut levels: Vec<(Measure, (f64, f64))> = all
            .filter_map(|f| Some((f.measure, (f.measure.quantile()?, f.baseline?))))
            .collect();
        levels.sort_by(|a, b| a.1.0.total_cmp(&b.1.0));
        let names: Vec<&str> = levels.iter().map(|l| l.0.words()).collect();
        let (last, first) = names.split_last()?;
        let (runs, first) = (night.before, first.join(", "));
        (levels.len() > 1).then(|| Self {
            name: format!("the usual of {runs} runs before, at {first} and {last}"),
            points: levels.into_iter().map(|l| l.1).collect(),
        })
    }

    /// All requests of another run; `None` where none was answered.
    pub fn of(record: &RunRecord) -> Option<Self> {
        let mut all = Tally::default();
        record.steps.iter().for_each(|s| all.merge(&s.measured));
        let points = Curve::of(&all, Clock::Response).points;
        let revision = record.environment.revision.as_ref();
        let revision = revision.map_or_else(String::new, |r| format!(", git {}", clean(r)));
        (!points.is_empty()).then(|| Self {
            name: format!("the run of {}{revision}", clean(&record.started)),
            points,
        })
    }
}

/// Points a decade of the rest `1 − p`.
const PER_DECADE: u32 = 20;

impl Curve {
    pub(in crate::report::view) fn of(tally: &Tally, clock: Clock) -> Self {
        let metric = match clock {
            Clock::Response => Metric::Response,
            Clock::Service => Metric::Service,
        };
        let answered = tally.latencies(metric);
        let n = answered.count() + tally.timed_out;
        let mut points: Vec<(f64, f64)> = Vec::new();
        if n > 0 {
            let most = ((n as f64).log10() * f64::from(PER_DECADE)).floor() as u32;
            for step in 0..=most {
                let p = 1.0 - 10f64.powf(-f64::from(step) / f64::from(PER_DECADE));
                let Some(value) = answered.at_rank(rank(p, n)) else {
                    break;
                };
                points.push((p, ms(value)));
            }
            // The slowest stands where only it is left.
            if let Some(max) = answered.at_rank(n) {
                points.push((1.0 - 0.5 / n as f64, ms(max)));
            }
        }
        Self { clock, points }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Failure, Outcome, Sample};

    fn tally(answers: u64, timeouts: u64) -> Tally {
        let mut tally = Tally::default();
        let sample = |done: Nanos, outcome| Sample {
            done,
            ..Sample::of(0, outcome)
        };
        (1..=answers).for_each(|i| tally.record(&sample(i * 1_000_000, Outcome::Ok)));
        (0..timeouts).for_each(|_| {
            tally.record(&sample(1_000_000_000, Outcome::Failed(Failure::Timeout)));
        });
        tally
    }

    #[test]
    fn timeouts_say_at_least() {
        let latency = Latency::of(&tally(90, 10), Metric::Response);
        assert_eq!(latency.n, 100);
        assert_eq!(latency.p50.text(), "50");
        assert_eq!(latency.p95.text(), "≥ 1,000");
        assert_eq!(latency.max.spoken(), "≥ 1 s");
        assert_eq!(Latency::default().p50.text(), "–");
        assert_eq!(Latency::default().p50.spoken(), "no data");
    }

    #[test]
    fn a_curve_rises_and_ends_where_requests_timed_out() {
        let whole = Curve::of(&tally(100, 0), Clock::Response).points;
        assert!(
            whole
                .windows(2)
                .all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1)
        );
        assert_eq!(whole.last().map(|p| p.1), Some(100.0));
        let cut = Curve::of(&tally(90, 10), Clock::Response).points;
        assert!(cut.last().is_some_and(|p| p.0 <= 0.9));
        assert!(
            Curve::of(&Tally::default(), Clock::Service)
                .points
                .is_empty()
        );
    }
}
