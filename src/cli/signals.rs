//! Ctrl-C and SIGTERM. In: signals; out: a wish to stop, then an end. Invariant: the first one lets requests in
//! flight end and every report be written; the second ends the process at once.

use crate::load::Stopper;
use crate::record::Stop;
use std::sync::mpsc;
use std::thread;
use tokio::signal::unix::{SignalKind, signal};

/// Listens for as long as the process lives. Returns once it does: from then on no signal is lost.
pub(super) fn listen(stopper: Stopper) {
    let (listening, ready) = mpsc::channel();
    let listener = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        else {
            return;
        };
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
                return;
            };
            listening.send(()).ok();
            let mut asked = false;
            loop {
                let reason = tokio::select! {
                    _ = interrupt.recv() => Stop::Interrupted,
                    _ = terminate.recv() => Stop::Terminated,
                };
                if std::mem::replace(&mut asked, true) {
                    exit_now(reason);
                }
                stopper.stop(reason);
                eprintln!("\nstopping: requests in flight have 5 s to end, then reports are written; once more to exit now");
            }
        });
    };
    // Without the thread signals do what they do by default.
    thread::Builder::new()
        .name("signals".into())
        .spawn(listener)
        .ok();
    // An error means that there is no listener, and nothing to wait for.
    ready.recv().ok();
}

#[expect(clippy::exit, reason = "the second signal asks for exactly this")]
fn exit_now(reason: Stop) -> ! {
    std::process::exit(match reason {
        Stop::Interrupted => 130,
        Stop::Terminated => 143,
        Stop::Guard => 8,
        // Nobody signals that.
        Stop::Decided => 0,
    })
}
