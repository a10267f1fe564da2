//! Seconds as they pass. In: what the recorder has gathered; out: one window a second. Invariant: whatever happened
//! is in one window.

use super::{SECOND, WindowPart, Worker};
use crate::protocol::Protocol;
use crate::record::Window;
use crate::units::Nanos;
use std::rc::Rc;
use std::sync::mpsc;

impl<P: Protocol> Worker<P> {
    /// Hands over what happened in every second.
    pub(super) async fn tick(self: Rc<Self>, windows: mpsc::Sender<WindowPart>) {
        for index in 0.. {
            self.clock.sleep_until((index + 1) * SECOND).await;
            let window = self.window(index * SECOND, (index + 1) * SECOND);
            // Nobody listens any more only when the run is over.
            windows
                .send(WindowPart {
                    index,
                    window,
                    last: false,
                    so_far: (self.tells_all && index % 2 == 1).then(|| Box::new(self.so_far())),
                })
                .ok();
            self.ticked.set(index + 1);
        }
    }

    pub(super) fn window(&self, start: Nanos, end: Nanos) -> Window {
        let mut window = self.recorder.borrow_mut().take_window();
        window.start = start;
        window.length = end - start;
        window.in_flight = self.flights.borrow_mut().take_window_peak();
        window
    }
}
