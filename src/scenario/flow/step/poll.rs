//! Requests that are sent again. In: `until:` and `retry:`; out: how often and how long. Invariant: both end.

use super::{Retry, Until};
use crate::scenario::flow::request::checks;
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::{RETRY, UNTIL};
use crate::source::{Fields, Kind, Node};

/// How often a request may be sent again.
const MOST: u64 = 10;

/// Reads `until:`; `None` where there is none, or it is wrong and told.
pub(in crate::scenario::flow) fn until(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
) -> Option<Until> {
    let fields = loading.reader.object(fields.get("until")?, &UNTIL)?;
    let errors = loading.reader.errors();
    let checks = checks(loading, &fields);
    let check = fields.get("check")?;
    if checks.is_empty() && loading.reader.errors() == errors {
        let help = "write what must hold in the end: `check: json $.state == \"paid\"`";
        loading
            .reader
            .error("T0434", check.span, "this list of checks is empty", help);
    }
    let (every, within) = (fields.get("every")?, fields.get("within")?);
    let (pause, limit) = (
        loading.reader.duration(every),
        loading.reader.duration(within),
    );
    let (pause, limit) = (pause?, limit?);
    if pause.is_zero() {
        let help = "write the time from one request to the next: `500ms`";
        loading
            .reader
            .error("T0434", every.span, "polling needs a pause", help);
        return None;
    }
    if pause > limit {
        let message = "`every` is longer than `within`, so the request would be sent only once";
        let help = "make `within` at least as long as `every`";
        loading.reader.error("T0434", every.span, message, help);
        return None;
    }
    Some(Until {
        checks,
        every: pause,
        within: limit,
    })
}

/// Reads `retry:`; `None` where there is none, or it is wrong and told.
pub(in crate::scenario::flow) fn retry(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
) -> Option<Retry> {
    let node = fields.get("retry")?;
    if !matches!(node.kind, Kind::Map(_)) {
        let times = times(loading, node)?;
        return Some(Retry {
            times,
            ..Retry::default()
        });
    }
    let fields = loading.reader.object(node, &RETRY)?;
    let pause = match fields.get("pause") {
        Some(node) => loading.reader.duration(node),
        None => Some(std::time::Duration::ZERO),
    };
    let times = times(loading, fields.get("times")?);
    Some(Retry {
        times: times?,
        pause: pause?,
    })
}

fn times(loading: &mut Loading<'_>, node: &Node) -> Option<u32> {
    if !loading.plain_digits(node) {
        return None;
    }
    let times = loading.reader.integer(node)?;
    if times > MOST {
        let message = format!("{times} retries hide a system that does not work");
        let help = format!("write at most {MOST}; to wait for something, use `until:`");
        loading.reader.error("T0438", node.span, message, help);
        return None;
    }
    u32::try_from(times).ok()
}
