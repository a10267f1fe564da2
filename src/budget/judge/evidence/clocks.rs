//! Do the clocks agree? In: messages with time stamps of the target and the budgets on their latency; out: one fact,
//! where there is such a budget. Invariant: a time stamp from the future counts as no latency at all, so where it is
//! off by more than the budgets can bear, nothing passes by it.

use crate::budget::{Budget, Consequence, Evidence};
use crate::record::{Metric, RunRecord, Tally};
use crate::units::{Nanos, format_count, format_nanos};

/// What clocks may differ by, whatever the budgets.
const LEAST: Nanos = 2_000_000;

/// How far ahead time stamps were, against a tenth of the tightest limit on message latency.
pub(super) fn evidence(record: &RunRecord, judged: &[&Budget]) -> Option<Evidence> {
    let limits = judged
        .iter()
        .filter(|budget| budget.statistic.metric() == Some(Metric::Message))
        .filter_map(|budget| budget.bound.time());
    let limit = (limits.min()? / 10).max(LEAST);
    let mut all = Tally::default();
    record.steps.iter().for_each(|s| all.merge(&s.measured));
    let messages = all.messages;
    let mut value = match messages.ahead {
        0 => "none from the future".to_owned(),
        1 => format!(
            "1 from the future, by {}",
            format_nanos(messages.most_ahead)
        ),
        n => format!(
            "{} from the future, by up to {}",
            format_count(n),
            format_nanos(messages.most_ahead)
        ),
    };
    if messages.stale > 0 {
        let stale = format_count(messages.stale);
        value = format!("{value}; {stale} more than an hour old");
    }
    Some(Evidence {
        name: "time stamps of messages that cannot be true".to_owned(),
        value,
        limit: format!("{} ahead of this clock", format_nanos(limit)),
        holds: messages.most_ahead <= limit && messages.stale == 0,
        consequence: Consequence::Invalid,
        advice: "set the clocks of both machines by one time server, see that the time stamp is one of sending and in the unit it seems to be, or measure from a send to its reply".to_owned(),
    })
}
