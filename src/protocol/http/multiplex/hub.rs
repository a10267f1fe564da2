//! Who drives a connection that many requests share. In: the wakers of those who wait for something on it; out: one of
//! them is woken when something has happened. Invariant: whatever happened is looked at: as long as it was not, one of
//! those who wait has been woken and has not been here since.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The bell of a connection: what it is polled with.
#[derive(Debug, Default)]
pub(super) struct Hub(Mutex<Turn>);

#[derive(Debug, Default)]
struct Turn {
    /// Something happened since the connection was polled last.
    due: bool,
    /// The same, by somebody who was at work here: nothing that came from outside.
    asked: bool,
    busy: Busy,
    /// In the order in which they came.
    waiting: Vec<(u64, Waker)>,
    /// Who looks when nobody waits.
    watch: Option<Waker>,
    next: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Busy {
    #[default]
    No,
    /// Somebody works on its stream, and looks for himself.
    Working,
    Driving,
}

impl Wake for Hub {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

impl Hub {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened.
    pub(super) fn ring(&self) {
        let mut turn = self.turn();
        match turn.busy {
            Busy::Working => turn.asked = true,
            Busy::Driving => turn.due = true,
            Busy::No => {
                turn.due = true;
                turn.call();
            }
        }
    }

    /// Somebody at work here wants the connection polled.
    pub(super) fn ask(&self) {
        self.turn().asked = true;
    }

    /// A number for somebody who is going to wait.
    pub(super) fn number(&self) -> u64 {
        let mut turn = self.turn();
        turn.next += 1;
        turn.next
    }

    /// Somebody who waits is at work; whether nobody else waits.
    pub(super) fn enter(&self, number: u64, waker: &Waker) -> bool {
        let mut turn = self.turn();
        turn.busy = Busy::Working;
        if let Some((_, own)) = turn.waiting.iter_mut().find(|(own, _)| *own == number) {
            own.clone_from(waker);
        } else {
            // Who was alone did not leave its waker with its stream.
            if let [(_, first)] = &turn.waiting[..] {
                first.wake_by_ref();
            }
            turn.waiting.push((number, waker.clone()));
        }
        turn.waiting.len() == 1
    }

    /// Whether the connection is to be polled, by whoever asks.
    pub(super) fn take_due(&self) -> bool {
        let mut turn = self.turn();
        let due = turn.due || turn.asked;
        if due {
            (turn.due, turn.asked, turn.busy) = (false, false, Busy::Driving);
        }
        due
    }

    /// The connection has been polled.
    pub(super) fn driven(&self) {
        self.turn().busy = Busy::Working;
    }

    /// Whoever was at work waits again.
    pub(super) fn pause(&self) {
        let mut turn = self.turn();
        turn.busy = Busy::No;
        turn.due |= std::mem::take(&mut turn.asked);
        if turn.due {
            turn.call();
        }
    }

    /// Whoever was at work has what it waited for. What it asked for itself can wait for the next one.
    pub(super) fn leave(&self, number: u64, whole: bool) {
        let mut turn = self.turn();
        turn.busy = Busy::No;
        turn.waiting.retain(|(own, _)| *own != number);
        let asked = std::mem::take(&mut turn.asked);
        turn.due |= asked && !(whole && turn.waiting.is_empty());
        if turn.due {
            turn.call();
        }
    }

    /// Takes the waker of who looks when nobody waits; whether there is something to look at.
    pub(super) fn watch(&self, waker: &Waker) -> bool {
        let mut turn = self.turn();
        match &mut turn.watch {
            Some(own) => own.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        turn.due && turn.waiting.is_empty()
    }

    /// Wakes who looks when nobody waits: it has nothing to look at any more.
    pub(super) fn dismiss(&self) {
        if let Some(watch) = &self.turn().watch {
            watch.wake_by_ref();
        }
    }

    /// Whether something happened and nobody waits who would look at it.
    pub(super) fn is_due_to_nobody(&self) -> bool {
        let turn = self.turn();
        turn.due && turn.waiting.is_empty()
    }
}

impl Turn {
    fn call(&self) {
        if let Some((_, first)) = self.waiting.first() {
            first.wake_by_ref();
        } else if let Some(watch) = &self.watch {
            watch.wake_by_ref();
        }
    }
}
