//! A stream that is followed. In: the keys of a `stream:` step; out: a [`Stream`]. Invariant: following it ends, by
//! what came or by time.

use super::response::one_text;
use super::turn::time;
use crate::expr::Expression;
use crate::scenario::loading::Loading;
use crate::source::{Fields, Node};
use crate::units::format_duration;
use http::{HeaderName, header};
use std::sync::Arc;
use std::time::Duration;

/// How a stream is cut into pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events; of this type only, where one is named.
    Events(Option<Arc<str>>),
    /// Lines of text, such as JSON objects; empty ones are none.
    Lines,
    /// Whatever comes at once.
    Bytes,
}

impl Framing {
    /// What a piece is called.
    pub fn piece(&self) -> &'static str {
        match self {
            Self::Events(_) => "event",
            Self::Lines => "line",
            Self::Bytes => "piece",
        }
    }
}

/// How a stream is followed, and what must come on it.
#[derive(Debug, Clone)]
pub struct Stream {
    /// What a piece is.
    pub framing: Framing,
    /// It is left with this many.
    pub most: Option<u64>,
    /// It is left after this time, and that is no failure.
    pub lasts: Option<Duration>,
    /// Fewer are a failure.
    pub at_least: u64,
    /// From the request to the first.
    pub first_within: Option<Duration>,
    /// From one to the next.
    pub gap_within: Option<Duration>,
    /// How often it is opened again where the server ends it.
    pub reconnect: u32,
    /// Where each says when it was sent.
    pub sent_at: Option<Expression>,
    /// The whole of it, where nothing says how long it lasts: the step's timeout.
    pub limit: Duration,
}

/// What must come on a stream, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// The first in time.
    First,
    /// The next in time.
    Gap,
    /// Enough of them, or the end.
    Enough,
}

impl Stream {
    /// The longest that it may be followed.
    pub fn longest(&self) -> Duration {
        self.lasts.unwrap_or(self.limit)
    }

    /// The fewest that must have come when it is left.
    pub fn fewest(&self) -> u64 {
        match (self.most, self.lasts) {
            (Some(most), None) => most,
            _ => self.at_least,
        }
    }

    /// What it promises.
    pub fn promises(&self) -> impl Iterator<Item = Promise> {
        let first = self.first_within.map(|_| Promise::First);
        let gap = self.gap_within.map(|_| Promise::Gap);
        first.into_iter().chain(gap).chain([Promise::Enough])
    }

    /// A promise in words.
    pub fn words(&self, promise: Promise) -> String {
        let piece = self.framing.piece();
        let time = |time: Option<Duration>| format_duration(time.unwrap_or_default());
        match promise {
            Promise::First => format!("first {piece} within {}", time(self.first_within)),
            Promise::Gap => format!("next {piece} within {}", time(self.gap_within)),
            Promise::Enough => {
                let within = format_duration(self.longest());
                match (self.fewest(), self.lasts) {
                    (0, Some(_)) => format!("open for {within}"),
                    (0, None) => format!("end within {within}"),
                    (1, _) => format!("1 {piece} within {within}"),
                    (n, _) => format!("{n} {piece}s within {within}"),
                }
            }
        }
    }

    /// Headers that a browser would send, where the step has no others.
    pub(super) fn headers(&self) -> &'static [(HeaderName, &'static str)] {
        const EVENTS: &[(HeaderName, &str)] = &[
            (header::ACCEPT, "text/event-stream"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        match self.framing {
            Framing::Events(_) => EVENTS,
            Framing::Lines | Framing::Bytes => &[],
        }
    }
}

/// Reads the keys of a stream; `timeout` is that of the step.
pub(super) fn read(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    timeout: Duration,
) -> Option<Stream> {
    let framing = framing(loading, fields);
    let count = |loading: &mut Loading<'_>, key| match fields.get(key) {
        Some(node) => loading.count(node).map(Some),
        None => Some(None),
    };
    let span = |loading: &mut Loading<'_>, key| match fields.get(key) {
        Some(node) => time(loading, node).map(Some),
        None => Some(None),
    };
    let (most, at_least) = (count(loading, "events"), count(loading, "at_least"));
    let lasts = span(loading, "for");
    let (first, gap) = (span(loading, "first_within"), span(loading, "gap_within"));
    let reconnect = count(loading, "reconnect");
    let sent_at = match fields.get("sent_at") {
        Some(node) => one_text(loading, node, "T0422", "`sent_at`")
            .and_then(|text| loading.compile(text, "T0311", Expression::parse))
            .map(Some),
        None => Some(None),
    };
    let stream = Stream {
        framing: framing?,
        most: most?,
        lasts: lasts?,
        at_least: at_least?.unwrap_or_default(),
        first_within: first?,
        gap_within: gap?,
        reconnect: u32::try_from(reconnect?.unwrap_or_default()).unwrap_or(u32::MAX),
        sent_at: sent_at?,
        limit: timeout,
    };
    contradiction(&stream, fields)
        .map(|(key, message, help)| {
            let span = fields.entry(key).map_or(fields.span, |(span, _)| span);
            loading.reader.error("T0470", span, message, help);
        })
        .is_none()
        .then_some(stream)
}

fn framing(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Framing> {
    let word = |loading: &mut Loading<'_>, node: &Node| {
        loading
            .reader
            .word(node, &["events", "lines", "bytes"])
            .map(str::to_owned)
    };
    let how = match fields.get("as") {
        Some(node) => word(loading, node)?,
        None => "events".into(),
    };
    let event = match fields.get("event") {
        Some(node) => Some(loading.reader.text(node)?.value),
        None => None,
    };
    Some(match how.as_str() {
        "lines" => Framing::Lines,
        "bytes" => Framing::Bytes,
        _ => Framing::Events(event.map(Into::into)),
    })
}

/// The key that cannot be kept beside the others, why, and the fix.
fn contradiction(
    stream: &Stream,
    fields: &Fields<'_>,
) -> Option<(&'static str, String, &'static str)> {
    let written = |key| fields.get(key).is_some();
    let events = matches!(stream.framing, Framing::Events(_));
    let of_events = ["event", "reconnect"];
    if let Some(key) = of_events.into_iter().find(|key| !events && written(key)) {
        let message = format!("`{key}` is for server-sent events, and this stream has none");
        return Some((key, message, "remove it, or remove `as:`"));
    }
    if stream.at_least > 0 && stream.lasts.is_none() {
        let message = "`at_least` is what must come within `for`, which is not there".to_owned();
        return Some((
            "at_least",
            message,
            "write `events:` for that many, or add `for:`",
        ));
    }
    if stream.most.is_some_and(|most| most < stream.at_least) {
        let message = format!("the stream is left before {} have come", stream.at_least);
        return Some((
            "at_least",
            message,
            "make `events` at least as many as `at_least`",
        ));
    }
    let late = |time: Option<Duration>| time.is_some_and(|time| time > stream.longest());
    for (key, time) in [
        ("first_within", stream.first_within),
        ("gap_within", stream.gap_within),
    ] {
        if late(time) {
            let whole = if stream.lasts.is_some() {
                "`for`"
            } else {
                "`timeout`"
            };
            let message = format!("`{key}` is longer than {whole}, so it is never missed");
            return Some((key, message, "make it shorter, or remove it"));
        }
    }
    None
}
