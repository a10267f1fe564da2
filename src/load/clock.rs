//! The only place that waits. In: absolute deadlines on the run's clock; out: a wake-up at or after them.
//! Invariant: a deadline is absolute, so being late once never makes anything after it late.
//!
//! On Linux one timerfd in the worker's own reactor serves the pacer, think times and windows: late by about
//! 50 µs where tokio's timer rounds up to whole milliseconds. Elsewhere, and on a paused clock, tokio's timer does.

use crate::units::{Nanos, nanos};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

/// The clock of one worker: nanoseconds since the run began.
#[derive(Clone)]
pub struct Clock {
    epoch: Cell<Instant>,
    timer: Option<Rc<Timer>>,
}

impl Clock {
    /// A clock that waits with tokio's timer: exact on a paused runtime, to the millisecond otherwise.
    pub fn coarse(epoch: Instant) -> Self {
        Self {
            epoch: Cell::new(epoch),
            timer: None,
        }
    }

    /// A clock that waits with a timerfd; its driver runs as a task of the current `LocalSet`.
    ///
    /// # Errors
    /// When the system gives no timer.
    #[cfg(target_os = "linux")]
    pub fn precise(epoch: Instant) -> io::Result<Self> {
        let timer = Rc::new(Timer::new()?);
        tokio::task::spawn_local(drive(Rc::clone(&timer)));
        Ok(Self {
            epoch: Cell::new(epoch),
            timer: Some(timer),
        })
    }

    /// See the Linux version; here tokio's timer is used.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(target_os = "linux"))]
    pub fn precise(epoch: Instant) -> io::Result<Self> {
        Ok(Self::coarse(epoch))
    }

    /// Counts from another instant: what was before the run goes on within it.
    pub(super) fn restart(&self, epoch: Instant) {
        self.epoch.set(epoch);
    }

    /// Now; 0 before the run has begun.
    pub fn now(&self) -> Nanos {
        self.at(Instant::now())
    }

    /// An instant on this clock.
    pub fn at(&self, instant: Instant) -> Nanos {
        nanos(instant.saturating_duration_since(self.epoch.get()))
    }

    /// Waits until `deadline`; at once when it has passed.
    pub async fn sleep_until(&self, deadline: Nanos) {
        let deadline = self.epoch.get() + Duration::from_nanos(deadline);
        match &self.timer {
            None => tokio::time::sleep_until(deadline).await,
            Some(timer) => {
                let mut registered: Option<std::task::Waker> = None;
                poll_fn(|context| {
                    if Instant::now() >= deadline {
                        return Poll::Ready(());
                    }
                    // A task is polled for other reasons, too: once is enough.
                    if !registered
                        .as_ref()
                        .is_some_and(|w| w.will_wake(context.waker()))
                    {
                        timer.add(deadline, context.waker());
                        registered = Some(context.waker().clone());
                    }
                    Poll::Pending
                })
                .await;
            }
        }
    }
}

#[cfg(target_os = "linux")]
use linux::{Timer, drive};

#[cfg(not(target_os = "linux"))]
struct Timer;

#[cfg(not(target_os = "linux"))]
impl Timer {
    fn add(&self, _: Instant, _: &std::task::Waker) {}
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Duration, Instant, Rc, RefCell, io};
    use rustix::fd::OwnedFd;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;
    use std::task::Waker;
    use tokio::io::unix::AsyncFd;

    /// Deadlines in order, and the timerfd that is armed for the first of them.
    pub(super) struct Timer {
        fd: AsyncFd<OwnedFd>,
        waiting: RefCell<BinaryHeap<Reverse<Waiting>>>,
    }

    struct Waiting {
        deadline: Instant,
        waker: Waker,
    }

    impl PartialEq for Waiting {
        fn eq(&self, other: &Self) -> bool {
            self.deadline == other.deadline
        }
    }
    impl Eq for Waiting {}
    impl PartialOrd for Waiting {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Waiting {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.deadline.cmp(&other.deadline)
        }
    }

    impl Timer {
        #[expect(
            deprecated,
            reason = "its successor is unsafe; the descriptor is owned, and open for as long as it is registered"
        )]
        pub(super) fn new() -> io::Result<Self> {
            let fd = timerfd_create(
                TimerfdClockId::Monotonic,
                TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
            )?;
            Ok(Self {
                fd: AsyncFd::new(fd)?,
                waiting: RefCell::new(BinaryHeap::new()),
            })
        }

        pub(super) fn add(&self, deadline: Instant, waker: &Waker) {
            let mut waiting = self.waiting.borrow_mut();
            let first = waiting
                .peek()
                .is_none_or(|Reverse(w)| deadline < w.deadline);
            waiting.push(Reverse(Waiting {
                deadline,
                waker: waker.clone(),
            }));
            if first {
                self.arm(deadline);
            }
        }

        fn arm(&self, deadline: Instant) {
            // A zero value would disarm it.
            let after = deadline
                .saturating_duration_since(Instant::now())
                .max(Duration::from_nanos(1));
            let value = Timespec {
                tv_sec: after.as_secs().cast_signed(),
                tv_nsec: after.subsec_nanos().into(),
            };
            let once = Itimerspec {
                it_interval: Timespec::default(),
                it_value: value,
            };
            // Only bad arguments can fail, and these are good.
            timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &once).ok();
        }

        /// Wakes everybody whose time has come and arms for the next.
        fn fire(&self) {
            let mut waiting = self.waiting.borrow_mut();
            let now = Instant::now();
            while let Some(Reverse(first)) = waiting.peek() {
                if first.deadline > now {
                    self.arm(first.deadline);
                    break;
                }
                if let Some(Reverse(due)) = waiting.pop() {
                    due.waker.wake();
                }
            }
        }
    }

    /// Waits for the timerfd for as long as the worker lives.
    pub(super) async fn drive(timer: Rc<Timer>) {
        let mut expirations = [0; 8];
        while let Ok(mut ready) = timer.fd.readable().await {
            ready
                .try_io(|fd| Ok(rustix::io::read(fd, &mut expirations)?))
                .ok();
            timer.fire();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use tokio::task::LocalSet;

    fn order(precise: bool, paused: bool) -> Vec<u64> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(paused)
            .build()
            .unwrap();
        LocalSet::new().block_on(&runtime, async {
            let epoch = Instant::now();
            let clock = if precise {
                Clock::precise(epoch).unwrap()
            } else {
                Clock::coarse(epoch)
            };
            let woken = Rc::new(RefCell::new(Vec::new()));
            let late = Rc::new(Cell::new(false));
            let tasks: Vec<_> = [3, 1, 2, 0]
                .map(|n| {
                    let (clock, woken, late) = (clock.clone(), Rc::clone(&woken), Rc::clone(&late));
                    tokio::task::spawn_local(async move {
                        clock.sleep_until(n * 20_000_000).await;
                        late.set(late.get() || clock.now() < n * 20_000_000);
                        woken.borrow_mut().push(n);
                    })
                })
                .into();
            for task in tasks {
                task.await.unwrap();
            }
            assert!(!late.get(), "nobody is woken early");
            woken.take()
        })
    }

    #[test]
    fn deadlines_are_met_in_order_on_every_clock() {
        assert_eq!(order(true, false), [0, 1, 2, 3]);
        assert_eq!(order(false, true), [0, 1, 2, 3]);
    }
}
