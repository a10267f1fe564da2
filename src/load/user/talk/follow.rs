//! Following a stream. In: what comes on it; out: whether enough did, in time. Invariant: it ends, by what came or by
//! time, and a stream that is left by its own limit has not failed.

use super::{Got, Halt, Talk, fault};
use crate::load::exhibit::Fault;
use crate::protocol::{Incoming, Protocol};
use crate::record::{Failure, What};
use crate::scenario::Stream;
use crate::units::{format_count, format_duration, nanos};
use http::HeaderName;
use std::time::Duration;
use tokio::time::Instant;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What came of opening a stream again.
enum Again {
    Open,
    /// There was no answer.
    Lost,
    /// The server does not want it, or there is no time.
    Refused,
}

/// Why a stream brings nothing more.
enum Ended {
    /// The server ended it in order.
    Over,
    /// It broke.
    Broken(String),
}

impl<P: Protocol> Talk<'_, P> {
    /// Takes what comes, until it is enough.
    pub(super) async fn follow(&mut self, stream: &Stream, turn: usize) -> Result<(), Halt> {
        let end = self.begun + stream.longest();
        let endless = stream.lasts.is_some();
        let mut again = stream.reconnect;
        let mut seen = 0;
        let mut last = None;
        while stream.most.is_none_or(|most| seen < most) {
            let (due, within) = self.due(stream, end);
            let ended = match self.next(due, endless).await {
                Ok(Got::Message(message)) => {
                    seen += 1;
                    let first = usize::from(stream.sent_at.is_some());
                    self.count(&message, (stream.sent_at.as_ref(), turn), None)?;
                    self.hold(&message, &stream.checks, (turn, first))?;
                    last = Some(message);
                    continue;
                }
                Ok(Got::Cut) => return self.leave(stream, last.as_ref(), turn),
                Ok(Got::Late) if due < end => return Err(self.overdue(stream, seen, within)),
                Ok(Got::Late) if endless => break,
                Ok(Got::Late) => return Err(self.unfinished(stream, seen)),
                Ok(Got::Closed) => Ended::Over,
                Err(Halt::Fault(fault)) if fault.what == What::Failure(Failure::Read) => {
                    Ended::Broken(fault.mismatch.actual)
                }
                Err(halt) => return Err(halt),
            };
            if again > 0 {
                again -= 1;
                match self.reopen(end, endless).await {
                    // Without an answer, the stream ends again at once.
                    Again::Open | Again::Lost => continue,
                    Again::Refused => {}
                }
                if endless && Instant::now() >= end || self.worker.is_ended() {
                    break;
                }
            }
            match ended {
                // Whoever set no limit waits for the end.
                Ended::Over if stream.most.is_none() && !endless => break,
                ended => return Err(self.ended_early(stream, seen, ended)),
            }
        }
        if seen < stream.at_least && !self.worker.is_ended() {
            return Err(self.unfinished(stream, seen));
        }
        self.leave(stream, last.as_ref(), turn)
    }

    /// Until when the next must come, and the time that was given for it.
    fn due(&self, stream: &Stream, end: Instant) -> (Instant, Duration) {
        let (from, within) = match self.last {
            None => (self.begun, stream.first_within),
            Some(last) => (last, stream.gap_within),
        };
        let due = within.map_or(end, |within| (from + within).min(end));
        (due, within.unwrap_or_default())
    }

    /// Keeps what is to be kept of the last.
    fn leave(&mut self, stream: &Stream, last: Option<&Incoming>, turn: usize) -> Result<(), Halt> {
        let before = usize::from(stream.sent_at.is_some()) + stream.checks.len();
        match last {
            Some(last) => self.capture(last, &stream.captures, (turn, before)),
            None if stream.captures.is_empty() => Ok(()),
            None => {
                let piece = stream.framing.piece();
                let what = What::Check(self.program.check_of_turn(turn, before));
                let mismatch = crate::expr::Mismatch {
                    expected: format!("{} to take it from", article(piece)),
                    actual: format!("no {piece}"),
                };
                Err(Halt::Fault(Fault::new(what, mismatch)))
            }
        }
    }

    /// Opens the stream again, where the last one ended. Nothing of that is a new request to the schedule: it is
    /// counted as one that is sent again.
    async fn reopen(&mut self, end: Instant, endless: bool) -> Again {
        let resume = self.channel.resume();
        let at = Instant::now() + resume.after;
        if at >= end && !endless {
            return Again::Refused;
        }
        let at = at.min(end);
        let wait = self.worker.clock.at(at);
        tokio::select! {
            () = self.worker.clock.sleep_until(wait) => {}
            () = self.worker.ending(), if endless => {}
        }
        if self.worker.stopping() || endless && self.worker.is_ended() {
            return Again::Refused;
        }
        if at >= end {
            return Again::Refused;
        }
        let mut call = self.call.clone();
        call.timeout = call.timeout.min(end - at);
        call.headers.remove(&[LAST_EVENT_ID]);
        if let (false, Ok(id)) = (
            resume.last_id.is_empty(),
            std::str::from_utf8(&resume.last_id),
        ) {
            call.headers.add(&LAST_EVENT_ID, id);
        }
        let (step, now) = (self.shot.step, Instant::now());
        let at = self.worker.clock.at(now);
        let measured = self.shot.measured || self.worker.measures(self.shot, at);
        {
            let mut recorder = self.worker.recorder.borrow_mut();
            recorder.sent(0, measured);
            recorder.retried(step, measured);
        }
        let session = &mut self.lane.session;
        let exchange = self.worker.protocol.call(&call, session, now).await;
        let Ok(answer) = exchange.result else {
            return Again::Lost;
        };
        // 204 says that nothing more will come, and what is no stream is not asked again either.
        let Some(mut channel) = answer.channel else {
            return Again::Refused;
        };
        channel.follow(&self.channel);
        self.channel = channel;
        Again::Open
    }

    /// The first or the next did not come in time.
    fn overdue(&mut self, stream: &Stream, seen: u64, within: Duration) -> Halt {
        self.missed();
        let piece = stream.framing.piece();
        let within = format_duration(within);
        let (which, actual) = match seen {
            0 => ("first", format!("no {piece}")),
            _ => ("next", format!("none after {}", pieces(stream, seen))),
        };
        let expected = format!("the {which} {piece} within {within}");
        Halt::Fault(fault(Failure::Timeout, expected, actual))
    }

    /// Its time is over, and something is missing.
    fn unfinished(&mut self, stream: &Stream, seen: u64) -> Halt {
        self.missed();
        let within = format_duration(stream.longest());
        let expected = match stream.fewest() {
            0 => format!("the end of the stream within {within}"),
            fewest => format!("{} within {within}", pieces(stream, fewest)),
        };
        Halt::Fault(fault(Failure::Timeout, expected, pieces(stream, seen)))
    }

    /// The server ended it, or it broke.
    fn ended_early(&mut self, stream: &Stream, seen: u64, ended: Ended) -> Halt {
        self.missed();
        let expected = match (stream.most, stream.lasts) {
            (Some(most), None) => pieces(stream, most),
            (Some(most), Some(lasts)) => {
                format!("{} or {}", pieces(stream, most), format_duration(lasts))
            }
            (None, Some(lasts)) => format!("the stream to go on for {}", format_duration(lasts)),
            (None, None) => "the end of the stream".to_owned(),
        };
        let after = format!(
            "after {} and {}",
            pieces(stream, seen),
            crate::units::format_nanos(nanos(self.begun.elapsed()))
        );
        let (failure, actual) = match ended {
            Ended::Over => (Failure::Closed, format!("the server ended it {after}")),
            Ended::Broken(words) => (Failure::Read, format!("{words}, {after}")),
        };
        Halt::Fault(fault(failure, expected, actual))
    }
}

/// "1 event", "12 lines".
fn pieces(stream: &Stream, count: u64) -> String {
    let piece = stream.framing.piece();
    match count {
        0 => format!("no {piece}"),
        1 => format!("1 {piece}"),
        many => format!("{} {piece}s", format_count(many)),
    }
}

fn article(piece: &str) -> String {
    let article = if piece.starts_with('e') { "an" } else { "a" };
    format!("{article} {piece}")
}
