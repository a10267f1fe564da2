//! The shop's prices as they change, `/api/events`. In: a request, with the last event that its client saw; out:
//! server-sent events without end, or as many as `?count=` says. Invariant: a client that does not read, or is gone,
//! costs nothing but its connection.

use super::counter;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::request::Parts;
use hyper::body::{Body, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// From one event to the next.
const PACE: Duration = Duration::from_millis(100);
/// How long clients are to wait before they come again.
const RETRY: Duration = Duration::from_millis(200);
/// The products whose prices change.
const PRODUCTS: u64 = 20;

/// Events that are still to come.
#[derive(Debug)]
pub(super) struct Feed {
    ticks: Interval,
    /// The id of the next.
    next: u64,
    left: u64,
}

/// The answer to a client that wants to know.
pub(super) fn open(head: &Parts) -> http::Response<Feed> {
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let last = number(head.headers.get("last-event-id").map(HeaderValue::as_bytes));
    let mut pairs = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let count = pairs.find(|(name, _)| name == "count");
    let feed = Feed {
        ticks,
        next: last.map_or(1, |last| last.saturating_add(1)),
        left: number(count.as_ref().map(|(_, count)| count.as_bytes())).unwrap_or(u64::MAX),
    };
    let mut answer = http::Response::new(feed);
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn number(text: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(text?).ok()?.parse().ok()
}

impl Feed {
    fn event(&mut self) -> String {
        let id = self.next;
        self.next = id.saturating_add(1);
        self.left -= 1;
        let bits = counter::mix(id);
        let (product, price) = (1 + bits % PRODUCTS, 100 + (bits >> 32) % 9_900);
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let at = at.unwrap_or_default().as_secs_f64();
        let retry = RETRY.as_millis();
        format!(
            "retry: {retry}\nid: {id}\nevent: price\ndata: {{\"id\":{id},\"product\":{product},\ndata: \"price\":{price},\"at\":{at:.6}}}\n\n"
        )
    }
}

impl Body for Feed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        ready!(self.ticks.poll_tick(cx));
        Poll::Ready(Some(Ok(Frame::data(self.event().into()))))
    }
}
