//! Connections between two requests: whose they are, and how a pool is filled before the run. In: connections whose
//! answer was read whole; out: the same ones. Invariant: a user's own connections are seen by nobody else and end
//! with its session.

use super::connection::{self, Sender};
use super::origin::Origin;
use super::{Client, Connections, Rc, Session};
use std::time::Duration;
use tokio::task::JoinSet;

/// Connections that are opened at the same time before a run: more would be a burst that listen queues refuse.
const AT_ONCE: usize = 64;
/// How long filling a pool may hold up the start of a run.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections of one user.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Kept(Vec<(Rc<Origin>, Sender)>);

impl Kept {
    /// Closes them.
    pub(in crate::protocol) fn close(&mut self) {
        self.0.clear();
    }

    async fn take(&mut self, origin: &Rc<Origin>) -> Option<Sender> {
        loop {
            let place = self.0.iter().position(|(o, _)| Rc::ptr_eq(o, origin))?;
            let (_, mut sender) = self.0.swap_remove(place);
            if !sender.is_closed() && sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }
}

impl Client {
    /// A connection for a request of this user that is there already.
    pub(super) async fn kept(&self, origin: &Rc<Origin>, session: &mut Session) -> Option<Sender> {
        match self.blueprint.connections {
            Connections::Shared => origin.take().await,
            Connections::PerUser => session.kept.take(origin).await,
            Connections::PerRequest => None,
        }
    }

    /// Keeps a connection for whoever may use it again.
    pub(super) fn keep(&self, origin: &Rc<Origin>, session: &mut Session, sender: Sender) {
        match self.blueprint.connections {
            Connections::Shared => origin.put_back(sender),
            Connections::PerUser => session.kept.0.push((Rc::clone(origin), sender)),
            Connections::PerRequest => drop(sender),
        }
    }

    /// Opens connections to the target; those that cannot be opened, or not in time, are left out.
    pub(super) async fn fill(&self, connections: u64) {
        let target = self.origins.target();
        let Ok(config) = self.config(&target) else {
            return;
        };
        let mut opening = JoinSet::new();
        let filling = async {
            for _ in 0..connections {
                if opening.len() >= AT_ONCE {
                    self.filled(&target, opening.join_next().await);
                }
                let (origin, config) = (Rc::clone(&target), config.clone());
                opening.spawn_local(
                    async move { connection::open(&origin, config).await.sender.ok() },
                );
            }
            while let Some(opened) = opening.join_next().await {
                self.filled(&target, Some(opened));
            }
        };
        tokio::time::timeout(PATIENCE, filling).await.ok();
    }

    fn filled<E>(&self, target: &Origin, opened: Option<Result<Option<Sender>, E>>) {
        if let Some(Ok(Some(sender))) = opened {
            self.opened.set(self.opened.get() + 1);
            target.put_back(sender);
        }
    }
}
