//! A stream that is followed. In: the keys of a `stream:` step; out: a [`Stream`]. Invariant: following it ends, by
//! what came or by time.

use super::response::one_text;
use super::turn::time;
use super::{Capture, Headers};
use crate::expr::{Check, Expression, Template};
use crate::scenario::loading::Loading;
use crate::source::{Fields, Node, Spanned};
use http::{HeaderName, header};
use std::sync::Arc;
use std::time::Duration;

/// The media type of server-sent events.
const EVENTS: &str = "text/event-stream";

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
    /// What holds of each.
    pub checks: Vec<Spanned<Check>>,
    /// Values to keep from the last.
    pub captures: Vec<Capture>,
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

    /// Says what is asked for, as a browser would, where the step itself has no such header.
    pub(super) fn ask<'a>(
        &self,
        loading: &mut Loading<'a>,
        fields: &Fields<'a>,
        headers: &mut Vec<(HeaderName, Template)>,
    ) {
        if !matches!(self.framing, Framing::Events(_)) {
            return;
        }
        let own = Headers::read(loading, fields.get("headers"));
        for (name, value) in [
            (header::ACCEPT, EVENTS),
            (header::CACHE_CONTROL, "no-cache"),
        ] {
            if own.get(&name).is_none() {
                headers.retain(|(known, _)| *known != name);
                headers.push((name, Template::literal(value)));
            }
        }
    }

    /// The check that what comes are events.
    pub(super) fn media_type(
        &self,
        loading: &mut Loading<'_>,
        fields: &Fields<'_>,
    ) -> Option<Spanned<Check>> {
        let text = format!("header content-type contains \"{EVENTS}\"");
        let events = matches!(self.framing, Framing::Events(_));
        let check = events.then(|| Check::parse(&text, &mut loading.names).ok())??;
        let span = fields.entry("stream").map_or(fields.span, |(span, _)| span);
        Some(Spanned::new(check, span))
    }
}

/// Reads the keys of a stream; `timeout` is that of the step.
pub(super) fn read(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    timeout: Duration,
    (checks, captures): (Vec<Spanned<Check>>, Vec<Capture>),
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
        checks,
        captures,
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
