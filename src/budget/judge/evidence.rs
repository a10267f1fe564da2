//! Was the instrument fit to measure? In: the generator's record of itself and the budgets of this profile; out:
//! one fact per rule, held or not. Invariant: what the target did never counts against the generator.
//!
//! - **Lag** (open model). More than 1 % of the requests were sent later than the larger of 2 ms and a tenth of
//!   the tightest limit on response time (10 ms where there is none): that is what p99 over it means. Or more
//!   than 1 % later than 10 ms. Fewer than five late requests are one hiccup, and are forgiven.
//! - **Data** (any load). A flow was not started because a feeder had no row left for it.
//! - **Drops** (open model). Arrivals were dropped because too much was in flight while the generator used more
//!   than 80 % of its processors. With processors to spare, a drop is the target's doing: the budgets count it.
//! - **Connections** (open model). Arrivals were dropped where the system allows fewer connections (open files, local
//!   ports) than the plan needs: another machine would have sent them.
//! - **Exhaustion** (always). A connection was not opened because this machine had no local port or no file left.
//! - **Throttling** (any load). A cgroup's quota stopped the process, and it shows: CPU above 80 %, or lag. Quotas
//!   of idle containers are hit by short bursts all the time, and that alone harms nothing.
//! - **Lag alone** (open model). A budget on response time is broken, and on service time, which is response time
//!   less the lag, it holds: then the generator broke it, not the target.
//! - **Counts** (always) add up.
//! - **Mitigation** (any load): a platform answered in the application's place: see the module `mitigation`.
//! - **Clocks** (budgets on message latency): see the module `clocks`.
//! - **Settling** (any load of at least 40 s): see the module `settling`. A run that was still getting faster when
//!   it ended is no pass; what failed in it stands.
//! - **Samples** (any load): a budget on a share has fewer requests than could ever pass it, and they decide nothing.
//!
//! In a closed model nothing is due, so nothing is late; passes load nothing.

mod clocks;
mod mitigation;
mod settling;

use super::Run;
use crate::budget::{Budget, Consequence, Evidence, Judgement, Level, Outcome, Statistic};
use crate::record::{Failure, Metric, Model, RunRecord, What};
use crate::units::{Nanos, format_count, format_nanos, format_share};

const MS: Nanos = 1_000_000;
/// The least lag that p99 may have, whatever the budgets.
const LAG: Nanos = 2 * MS;
/// Later than this is late, whatever the budgets.
const LATE: Nanos = 10 * MS;
/// Share of requests that may be late.
const LATE_SHARE: f64 = 0.01;
/// As many late requests are one hiccup.
const HICCUP: u64 = 4;
/// Busier than this, a generator cannot be trusted to keep up.
const BUSY: f64 = 0.8;

pub(super) fn gather(record: &RunRecord, judged: &[&Budget]) -> Vec<Evidence> {
    let mut all = Vec::new();
    let load = matches!(record.model, Model::Open { .. } | Model::Closed { .. });
    if load {
        all.extend(mitigation::evidence(record));
    }
    // What was not sent at all comes before what was sent late: the first that does not hold is the headline.
    all.extend(exhausted(record));
    let open = matches!(record.model, Model::Open { .. });
    if open {
        all.push(connections(record));
        all.push(drops(record));
    }
    if load {
        all.push(out_of_data(record));
    }
    if open {
        all.extend(lag(record, judged));
    }
    if load {
        let late = all.iter().any(|e| !e.holds);
        all.push(throttling(record, late));
        all.extend(settling::evidence(record));
    }
    all.extend(clocks::evidence(record, judged));
    if record.model != Model::None {
        all.push(counts(record));
    }
    all
}

/// How late p99 may be, by the tightest budget on response time.
fn lag_limit(judged: &[&Budget]) -> Nanos {
    let limits = judged.iter().filter_map(|budget| match budget.statistic {
        Statistic::Percentile { metric, .. } | Statistic::Mean(metric) | Statistic::Max(metric) => {
            budget.bound.time().filter(|_| metric == Metric::Response)
        }
        _ => None,
    });
    limits
        .min()
        .map_or(LATE, |tightest| (tightest / 10).max(LAG))
}

fn lag(record: &RunRecord, judged: &[&Budget]) -> [Evidence; 2] {
    let lag = &record.health.lag;
    let n = lag.count();
    let holds = |late: u64| late <= HICCUP || late as f64 <= LATE_SHARE * n as f64;
    let advice = "run tollgate on a machine that is not the target's, with more processors, or lower the rate";
    let limit = lag_limit(judged);
    let over = lag.count_over(limit);
    let p99 = lag.quantile(0.99).unwrap_or_default();
    let mut value = format_nanos(p99);
    if p99 > limit && holds(over) {
        value = format!("{value} ({over} late of {}: a hiccup)", format_count(n));
    }
    let late = lag.count_over(LATE);
    [
        Evidence {
            name: "schedule lag p99".to_owned(),
            value,
            limit: format_nanos(limit),
            holds: holds(over),
            consequence: Consequence::Invalid,
            advice: advice.to_owned(),
        },
        Evidence {
            name: format!("requests sent more than {} late", format_nanos(LATE)),
            value: format_share(late as f64 / n.max(1) as f64),
            limit: format_share(LATE_SHARE),
            holds: holds(late),
            consequence: Consequence::Invalid,
            advice: advice.to_owned(),
        },
    ]
}

fn drops(record: &RunRecord) -> Evidence {
    let (dropped, share) = (record.counts.dropped_in_flight, record.health.cpu_share);
    Evidence {
        name: "arrivals dropped by a busy generator".to_owned(),
        value: match dropped {
            0 => "0".to_owned(),
            _ => format!("{} at {} CPU", format_count(dropped), format_share(share)),
        },
        limit: format!("0 above {} CPU", format_share(BUSY)),
        holds: dropped == 0 || share <= BUSY,
        consequence: Consequence::Invalid,
        advice: "give tollgate more processors, or lower the rate".to_owned(),
    }
}

fn connections(record: &RunRecord) -> Evidence {
    let (health, dropped) = (&record.health, record.counts.dropped_in_flight);
    let short = health.in_flight_limit < health.in_flight_wanted;
    let cut = if short { dropped } else { 0 };
    Evidence {
        name: "arrivals dropped because the system allows too few connections".to_owned(),
        value: match cut {
            0 => "0".to_owned(),
            _ => format!(
                "{} with room for {} of {}",
                format_count(cut),
                format_count(health.in_flight_limit),
                format_count(health.in_flight_wanted)
            ),
        },
        limit: "0".to_owned(),
        holds: cut == 0,
        consequence: Consequence::Invalid,
        advice: format!(
            "raise the limit on open files ({}) or widen the range of local ports, as `tollgate plan` says, or lower the rate",
            format_count(health.descriptor_limit)
        ),
    }
}

/// Told only where it happened: nothing runs short in most runs.
fn exhausted(record: &RunRecord) -> Option<Evidence> {
    let failures = record.failures.iter();
    let own = failures.filter(|f| f.what == What::Failure(Failure::Exhausted));
    let requests: u64 = own.map(|f| f.count).sum();
    (requests > 0).then(|| Evidence {
        name: "requests for which this machine had no port or no file left".to_owned(),
        value: format_count(requests),
        limit: "0".to_owned(),
        holds: false,
        consequence: Consequence::Invalid,
        advice: format!(
            "keep connections (`keep_alive: true`, `connections: shared`), raise the limit on open files ({}) with `ulimit -n`, \
             widen net.ipv4.ip_local_port_range, or lower the rate",
            format_count(record.health.descriptor_limit)
        ),
    })
}

/// A user without a row leaves, an arrival is never sent, and what is measured from then on is another load.
fn out_of_data(record: &RunRecord) -> Evidence {
    Evidence {
        name: "flows that ran out of data".to_owned(),
        value: format_count(record.counts.dropped_data),
        limit: "0".to_owned(),
        holds: record.counts.dropped_data == 0,
        consequence: Consequence::Invalid,
        advice: "add rows to the feeder, or use `order: shuffled`".to_owned(),
    }
}

fn throttling(record: &RunRecord, late: bool) -> Evidence {
    let (times, share) = (record.health.throttled, record.health.cpu_share);
    Evidence {
        name: "stopped by a CPU quota".to_owned(),
        value: match times {
            0 => "0 times".to_owned(),
            _ => format!(
                "{} times at {} CPU",
                format_count(times),
                format_share(share)
            ),
        },
        limit: format!(
            "0 times above {} CPU or with late requests",
            format_share(BUSY)
        ),
        holds: times == 0 || (share <= BUSY && !late),
        consequence: Consequence::Invalid,
        advice: "raise the CPU limit of the container".to_owned(),
    }
}

/// The budget that wants the most requests it did not get.
pub(super) fn samples(judgements: &[Judgement]) -> Option<Evidence> {
    let few = |j: &&Judgement| {
        let needed = j.needed.is_some_and(|needed| j.n < needed);
        j.level == Level::Fail && j.outcome == Outcome::Undecided && needed
    };
    let worst = judgements.iter().filter(few).max_by_key(|j| j.needed)?;
    let needed = format_count(worst.needed.unwrap_or_default());
    Some(Evidence {
        name: "requests for the budget that needs most".to_owned(),
        value: format_count(worst.n),
        limit: format!("{needed} for `{}`", worst.text),
        holds: false,
        consequence: Consequence::Undecided,
        advice: "run longer, raise the rate, or bound a lower percentile".to_owned(),
    })
}

/// The broken budgets that hold once the schedule lag is taken off.
pub(super) fn lag_alone<'a>(run: &Run<'_>, broken: impl Iterator<Item = &'a Budget>) -> Evidence {
    // Response time holds the attempts before the last as well, and these are no lag.
    let retried = |budget: &Budget| run.judged(budget).iter().any(|s| s.measured.retried > 0);
    let by_lag = |budget: &&Budget| {
        let held = on_service_time(budget).is_some_and(|b| run.judge(&b).outcome.holds());
        held && !retried(budget)
    };
    let texts: Vec<String> = broken
        .filter(by_lag)
        .map(|b| format!("`{}`", b.text))
        .collect();
    Evidence {
        name: "budgets that only schedule lag breaks".to_owned(),
        value: if texts.is_empty() { "none".to_owned() } else { texts.join(", ") },
        limit: "none".to_owned(),
        holds: texts.is_empty(),
        consequence: Consequence::Invalid,
        advice: "run tollgate on a machine that is not the target's, with more processors; the target was fast enough".to_owned(),
    }
}

/// The same budget on service time; `None` where it is not on response time.
fn on_service_time(budget: &Budget) -> Option<Budget> {
    let statistic = match budget.statistic {
        Statistic::Percentile {
            metric: Metric::Response,
            q,
        } => Statistic::Percentile {
            metric: Metric::Service,
            q,
        },
        Statistic::Mean(Metric::Response) => Statistic::Mean(Metric::Service),
        Statistic::Max(Metric::Response) => Statistic::Max(Metric::Service),
        _ => return None,
    };
    Some(Budget {
        statistic,
        ..budget.clone()
    })
}

fn counts(record: &RunRecord) -> Evidence {
    let steps = record.steps.iter();
    let conserved = record.health.conserved && steps.clone().all(|s| s.measured.conserved());
    let value = if conserved { "yes" } else { "no" };
    Evidence {
        name: "counts add up".to_owned(),
        value: value.to_owned(),
        limit: "yes".to_owned(),
        holds: conserved,
        consequence: Consequence::Invalid,
        advice: "this is a fault of tollgate: please report it with the run file".to_owned(),
    }
}
