//! What one run wants counted or sent beside the requests. In: the wishes of a plan, its budgets and guards; out: the same
//! program with them. Invariant: what nobody asks for costs nothing.

use super::Program;
use crate::protocol::Keep;
use crate::record::{Part, PartLayout, Watch};

impl Program {
    /// Keeps the bodies that nothing looks at, too, where they are short: a person may.
    #[must_use]
    pub fn showing_bodies(mut self) -> Self {
        for request in &mut self.requests {
            if request.ready.keep_body == Keep::No {
                request.ready.keep_body = Keep::Shown;
            }
        }
        self
    }

    /// Has requests carry traces, of which this share is kept.
    #[must_use]
    pub fn tracing(mut self, sampled: Option<f64>) -> Self {
        self.traced = sampled;
        self
    }

    /// Keeps durations of `Server-Timing`, all where no name is given.
    #[must_use]
    pub fn timing(mut self, names: Option<Vec<String>>) -> Self {
        self.timed = names;
        self
    }

    /// Has recorders count what guards look at.
    #[must_use]
    pub fn watching(mut self, watches: Vec<Watch>) -> Self {
        self.layout.watches = watches;
        self
    }

    /// Counts what caches say of the answers to these request steps, too.
    #[must_use]
    pub fn counting_cache(mut self, steps: &[bool]) -> Self {
        for (request, asked) in self.requests.iter_mut().zip(steps) {
            request.counts_cache |= asked;
        }
        self
    }

    /// Counts these parts of steps apart.
    #[must_use]
    pub fn counting_parts(mut self, parts: Vec<PartLayout>) -> Self {
        for (index, layout) in parts.iter().enumerate() {
            let Part::Capture(name) = &layout.part else {
                continue;
            };
            let request = &mut self.requests[layout.step];
            let captures = request.source.captures.iter();
            let open = captures.filter(|c| !c.secret && c.name == *name);
            request.numbers.extend(open.map(|c| (c.slot, index)));
        }
        self.layout.parts = parts;
        self
    }
}
