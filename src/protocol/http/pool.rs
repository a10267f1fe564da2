//! Connections between two requests: whose they are, and how a pool is filled before the run. In: connections whose
//! answer was read whole; out: the same ones. Invariant: a user's own connections are seen by nobody else and end
//! with its session.

use super::multiplex::{ASSUMED, Bounds, Links, Next, Opening, Place};
use super::origin::Origin;
use super::{Client, Connections, Timings, wire};
use crate::protocol::Problem;
use crate::protocol::transport::{Agreed, Connection, Phases};
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Connections that are opened at the same time before a run: more would be a burst that listen queues refuse.
const AT_ONCE: usize = 64;
/// How long filling a pool may hold up the start of a run.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections of one user.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Kept {
    idle: Vec<(Rc<Origin>, Connection)>,
    /// HTTP/2 connections, which requests at the same time share.
    links: Option<Shared>,
}

type Shared = Rc<RefCell<Vec<(Rc<Origin>, Rc<Links>)>>>;

/// What a request goes out on.
pub(super) enum Way {
    Alone(Connection),
    Among(Place),
}

impl Kept {
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.idle.is_empty() && self.links.is_none()
    }

    /// Closes them.
    pub(in crate::protocol) fn close(&mut self) {
        self.idle.clear();
        self.links = None;
    }

    /// Lets requests of the same user that go out at the same time share its HTTP/2 connections.
    pub(in crate::protocol) fn share(&mut self, other: &mut Self) {
        let links = self.links.get_or_insert_default();
        other.links = Some(Rc::clone(links));
    }

    fn links(&mut self, origin: &Rc<Origin>) -> Rc<Links> {
        let mut all = self.links.get_or_insert_default().borrow_mut();
        if let Some((_, links)) = all.iter().find(|(o, _)| Rc::ptr_eq(o, origin)) {
            return Rc::clone(links);
        }
        let links = Rc::<Links>::default();
        all.push((Rc::clone(origin), Rc::clone(&links)));
        links
    }

    fn take(&mut self, origin: &Rc<Origin>) -> Option<Connection> {
        let place = self.idle.iter().position(|(o, _)| Rc::ptr_eq(o, origin))?;
        Some(self.idle.swap_remove(place).1)
    }

    fn put_back(&mut self, origin: &Rc<Origin>, connection: Connection) {
        // Nearly every user talks to one origin, and there may be many thousands of them.
        self.idle.reserve_exact(1);
        self.idle.push((Rc::clone(origin), connection));
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
            // A request that meets the close on its way is lost, and one with effects must not be sent again.
            if connection
                .until
                .is_some_and(|until| Instant::now() >= until)
            {
                continue;
            }
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

    /// Keeps a connection that speaks HTTP/2 where none was expected to.
    pub(super) async fn adopt(
        &self,
        origin: &Rc<Origin>,
        own: &mut Kept,
        connection: Connection,
    ) -> Result<(), Problem> {
        let opening = Opening::new(&self.links(origin, own));
        opening.begin(connection).await.map(drop)
    }

    /// A place on a connection that requests share, or a connection where it turns out that they do not.
    pub(super) async fn place(
        &self,
        origin: &Rc<Origin>,
        own: &mut Kept,
        timings: &mut Timings,
    ) -> Result<(Way, bool), Problem> {
        let links = self.links(origin, own);
        let bounds = Bounds {
            streams: self.blueprint.streams,
            single: self.blueprint.connections != Connections::Shared,
        };
        timings.wait = Some(Duration::ZERO);
        let mut since = None;
        while origin.multiplexes() {
            let next = links.next(bounds);
            if let (Some(since), Some(_)) = (since, &next) {
                timings.wait = Some(Instant::now() - since);
            }
            match next {
                Some(Next::Send(place)) => {
                    let used = place.link.use_again();
                    return Ok((Way::Among(place), used));
                }
                Some(Next::Open(opening)) => {
                    let connection = self.open(origin, timings).await?;
                    if connection.agreed == Agreed::Http1 {
                        return Ok((Way::Alone(connection), false));
                    }
                    let place = opening.begin(connection).await?;
                    place.link.use_again();
                    return Ok((Way::Among(place), false));
                }
                None => {
                    since.get_or_insert_with(Instant::now);
                    links.change().await;
                }
            }
        }
        // The first connection has shown that each request needs one of its own.
        let connection = self.open(origin, timings).await?;
        Ok((Way::Alone(connection), false))
    }

    fn links(&self, origin: &Rc<Origin>, own: &mut Kept) -> Rc<Links> {
        match self.blueprint.connections {
            Connections::Shared => Rc::clone(&origin.links),
            Connections::PerUser => own.links(origin),
            Connections::PerRequest => Rc::default(),
        }
    }

    /// Opens connections for so many requests at once to the target; those that cannot be opened, or not in time, are
    /// left out.
    pub(super) async fn fill(&self, requests: u64) {
        let target = self.origins.target();
        let filling = async {
            let mut wanted = requests;
            if wanted > 0 && target.multiplexes() {
                // The first shows how many are needed.
                self.open_many(&target, 1).await;
                if target.multiplexes() {
                    let places = self.blueprint.streams.unwrap_or(ASSUMED);
                    wanted = wanted.div_ceil(places as u64);
                }
                wanted -= 1;
            }
            self.open_many(&target, wanted).await;
        };
        tokio::time::timeout(PATIENCE, filling).await.ok();
    }

    async fn open_many(&self, target: &Rc<Origin>, connections: u64) {
        let mut opening = JoinSet::new();
        let count = |opened: Option<Result<Option<()>, _>>| {
            let opened = matches!(opened, Some(Ok(Some(()))));
            self.opened.set(self.opened.get() + u64::from(opened));
        };
        for _ in 0..connections {
            if opening.len() >= AT_ONCE {
                count(opening.join_next().await);
            }
            let (origin, dialer) = (Rc::clone(target), self.blueprint.dialer.clone());
            let offer = self.blueprint.offer;
            opening.spawn_local(async move {
                let phases = &mut Phases::default();
                let opened = dialer.open(&origin.endpoint, offer, phases).await;
                origin.admit(opened.ok()?).await.ok()
            });
        }
        while let Some(opened) = opening.join_next().await {
            count(Some(opened));
        }
    }
}
