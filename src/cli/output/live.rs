//! `events.ndjson` while the run goes. In: what happens; out: a line each, at once. Invariant: a file that cannot be
//! written ends nothing; when the run has ended, the whole file takes its place.

use super::Folder;
use crate::record::{RunRecord, Window};
use crate::report::LiveEvents;
use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

/// The name of the file.
pub(super) const EVENTS: &str = "events.ndjson";

/// A file that grows.
pub(in crate::cli) struct Live {
    file: File,
    events: LiveEvents,
}

impl Live {
    /// Begins the file; `timeout` is the shortest of its requests.
    pub(in crate::cli) fn begin(
        folder: &Folder,
        record: &RunRecord,
        timeout: Duration,
    ) -> Option<Self> {
        let path = folder.path().join(EVENTS);
        let file = File::create(&path).map_err(|error| {
            eprintln!("warning: {} is not written: {error}", path.display());
        });
        let mut live = Self {
            file: file.ok()?,
            events: LiveEvents::new(record, timeout),
        };
        live.line(&live.events.start());
        Some(live)
    }

    /// A second has passed.
    pub(in crate::cli) fn window(&mut self, window: &Window) {
        self.line(&self.events.window(window));
    }

    fn line(&mut self, text: &str) {
        // What is lost here is in the whole file.
        self.file.write_all(text.as_bytes()).ok();
    }
}
