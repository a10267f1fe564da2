//! Connections between two requests: whose they are, and how a pool is filled before the run. In: connections whose
//! answer was read whole; out: the same ones. Invariant: a user's own connections are seen by nobody else and end
//! with its session.

use super::origin::Origin;
use super::{Client, Connections, wire};
use crate::protocol::transport::{Connection, Offer, Phases};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::task::JoinSet;

/// Connections that are opened at the same time before a run: more would be a burst that listen queues refuse.
const AT_ONCE: usize = 64;
/// How long filling a pool may hold up the start of a run.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections of one user.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Kept(Vec<(Rc<Origin>, Connection)>);

impl Kept {
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Closes them.
    pub(in crate::protocol) fn close(&mut self) {
        self.0.clear();
    }

    fn take(&mut self, origin: &Rc<Origin>) -> Option<Connection> {
        let place = self.0.iter().position(|(o, _)| Rc::ptr_eq(o, origin))?;
        Some(self.0.swap_remove(place).1)
    }

    fn put_back(&mut self, origin: &Rc<Origin>, connection: Connection) {
        // Nearly every user talks to one origin, and there may be many thousands of them.
        self.0.reserve_exact(1);
        self.0.push((Rc::clone(origin), connection));
    }
}

impl Client {
    /// A connection for a request of this user that is there already, and still open.
    pub(super) async fn kept(&self, origin: &Rc<Origin>, own: &mut Kept) -> Option<Connection> {
        loop {
            let mut connection = match self.blueprint.connections {
                Connections::Shared => origin.take()?,
                Connections::PerUser => own.take(origin)?,
                Connections::PerRequest => return None,
            };
            let stream = &mut connection.stream;
            if poll_fn(|cx| Poll::Ready(wire::is_quiet(stream, &self.scratch, cx))).await {
                return Some(connection);
            }
            self.reconnects.set(self.reconnects.get() + 1);
        }
    }

    /// Keeps a connection for whoever may use it again.
    pub(super) fn keep(&self, origin: &Rc<Origin>, own: &mut Kept, connection: Connection) {
        match self.blueprint.connections {
            Connections::Shared => origin.put_back(connection),
            Connections::PerUser => own.put_back(origin, connection),
            Connections::PerRequest => drop(connection),
        }
    }

    /// Opens connections to the target; those that cannot be opened, or not in time, are left out.
    pub(super) async fn fill(&self, connections: u64) {
        let target = self.origins.target();
        let mut opening = JoinSet::new();
        let filling = async {
            for _ in 0..connections {
                if opening.len() >= AT_ONCE {
                    self.filled(&target, opening.join_next().await);
                }
                let (origin, dialer) = (Rc::clone(&target), self.blueprint.dialer.clone());
                opening.spawn_local(async move {
                    let opening = &mut Phases::default();
                    let opened = dialer.open(&origin.endpoint, Offer::Http1, opening).await;
                    opened.ok()
                });
            }
            while let Some(opened) = opening.join_next().await {
                self.filled(&target, Some(opened));
            }
        };
        tokio::time::timeout(PATIENCE, filling).await.ok();
    }

    fn filled<E>(&self, target: &Origin, opened: Option<Result<Option<Connection>, E>>) {
        if let Some(Ok(Some(connection))) = opened {
            self.opened.set(self.opened.get() + 1);
            target.put_back(connection);
        }
    }
}
