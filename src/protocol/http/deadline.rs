//! The time limit of a call. In: a future and an instant; out: its output, or nothing when the instant came first.
//! Invariant: one timer per user for all its calls: a later deadline moves it without a lock, where a new timer for
//! each call would be put into the runtime's wheel and taken out again.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is used again.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    /// Runs `work`, until `deadline` at the latest. It is pinned by the caller, since futures are large.
    pub(in crate::protocol) async fn limit<F: Future>(
        &mut self,
        deadline: Instant,
        mut work: Pin<&mut F>,
    ) -> Option<F::Output> {
        let timer = match &mut self.0 {
            Some(timer) => {
                timer.as_mut().reset(deadline);
                timer
            }
            none => none.insert(Box::pin(sleep_until(deadline))),
        };
        // Work that never lets go of the runtime's budget ends in time, too.
        let mut timer = pin!(tokio::task::unconstrained(timer));
        poll_fn(|cx| {
            if let Poll::Ready(output) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            timer.as_mut().poll(cx).map(|()| None)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_timer_serves_many_calls() {
        let mut deadline = Deadline::default();
        let start = Instant::now();
        let (second, minute) = (Duration::from_secs(1), Duration::from_mins(1));
        for (limit, work, in_time) in [
            (second, second / 2, true),
            (second, minute, false),
            (minute, second, true),
            (second, minute, false),
            (second, Duration::ZERO, true),
        ] {
            let begin = Instant::now();
            let done = deadline
                .limit(begin + limit, pin!(tokio::time::sleep(work)))
                .await;
            assert_eq!(done.is_some(), in_time);
            assert_eq!(begin.elapsed(), work.min(limit));
        }
        assert_eq!(start.elapsed(), second * 7 / 2);
        // An instant that has passed, and work that is never ready but always busy.
        let busy = poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        assert!(deadline.limit(start, pin!(busy)).await.is_none());
    }
}
