//! What is noted of a request beside its sample, where somebody asks: its trace, and what the server says of its own time.
//! In: a call, its exchange and sample; out: the slowest traces and the timings of a step. Invariant: nothing is
//! allocated for a request of which nobody asks this.

use crate::expr::server_timings;
use crate::load::trace::trace;
use crate::load::worker::Worker;
use crate::protocol::{Call, Exchange, Protocol};
use crate::record::{Metric, Sample, SlowRequest};
use crate::units::nanos;
use std::borrow::Cow;

/// The header.
const SERVER_TIMING: &str = "server-timing";

impl<P: Protocol> Worker<P> {
    /// Gives a request its trace, where requests have one and it brings none along.
    #[inline]
    pub(super) fn mark(&self, call: &mut Cow<'_, Call>) {
        if let Some(sampled) = self.program.traced
            && trace(call).is_none()
        {
            self.tracer.borrow_mut().mark(call.to_mut(), sampled);
        }
    }

    /// Notes what is asked for of a request that has ended.
    #[inline]
    pub(super) fn aside(&self, sample: &Sample, call: &Call, exchange: &Exchange) {
        if !sample.measured {
            return;
        }
        if self.program.traced.is_some() {
            self.slow(sample, call);
        }
        if let Some(names) = &self.program.timed {
            self.timings(names, sample, exchange);
        }
    }

    /// Keeps the trace of a request that is one of the slowest of its step.
    fn slow(&self, sample: &Sample, call: &Call) {
        let took = sample.response();
        let wanted = self.recorder.borrow().wants_slow(sample.step, took);
        if let Some(found) = trace(call).filter(|found| wanted && found.sampled) {
            let request = SlowRequest {
                at: sample.sent,
                took,
                status: sample.status,
                trace: found.id,
            };
            self.recorder.borrow_mut().slow(sample.step, request);
        }
    }

    /// Keeps the durations of these names; of all where there are none.
    fn timings(&self, names: &[String], sample: &Sample, exchange: &Exchange) {
        let Ok(answer) = &exchange.result else {
            return;
        };
        if !answer.timed {
            return;
        }
        let ttfb = Metric::Ttfb.value(sample);
        let values = answer.headers.get_all(SERVER_TIMING);
        for value in values.filter_map(|value| std::str::from_utf8(value).ok()) {
            for (name, time) in server_timings(value) {
                let wanted = names.is_empty() || names.iter().any(|own| own == name);
                if let Some(time) = time.map(nanos).filter(|_| wanted) {
                    let rest = ttfb.map(|ttfb| ttfb.saturating_sub(time));
                    let mut recorder = self.recorder.borrow_mut();
                    recorder.timing(sample.step, name, (time, rest));
                }
            }
        }
    }
}
