//! The connections of one owner to one origin, and who waits for a place on them. In: a request; out: a [`Place`] on
//! a connection, or word that one is to be opened. Invariant: whoever waits is woken when a place becomes free or an
//! opening ends, however it ends.

use super::fault;
use super::link::Link;
use crate::protocol::Problem;
use crate::protocol::transport::Connection;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tokio::sync::Notify;

/// Requests that a connection is trusted to carry before its server has said how many it allows.
pub(in super::super) const ASSUMED: usize = 100;

/// Connections that are open, and how many are being opened.
#[derive(Debug, Default)]
pub(in super::super) struct Links {
    open: RefCell<Vec<Rc<Link>>>,
    opening: Cell<usize>,
    queue: Rc<Queue>,
}

/// Those who wait for a place.
#[derive(Debug, Default)]
pub(super) struct Queue {
    length: Cell<usize>,
    changed: Notify,
}

impl Queue {
    /// Something changed for all of them.
    pub(super) fn call(&self) {
        self.changed.notify_waiters();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length.get() == 0
    }
}

/// A place on a connection; dropped, it is somebody else's.
#[derive(Debug)]
pub(in super::super) struct Place {
    pub(in super::super) link: Rc<Link>,
    links: Rc<Links>,
}

/// An opening; dropped, it has ended.
#[derive(Debug)]
pub(in super::super) struct Opening(Rc<Links>);

/// What a request does next.
#[derive(Debug)]
pub(in super::super) enum Next {
    Send(Place),
    Open(Opening),
}

/// How many connections and places there may be.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Bounds {
    /// Requests at once on a connection, where the scenario bounds them.
    pub(in super::super) streams: Option<usize>,
    /// There is never more than one connection.
    pub(in super::super) single: bool,
}

impl Links {
    /// A place on a connection that is there.
    pub(in super::super) fn place(self: &Rc<Self>, bounds: Bounds) -> Option<Place> {
        let mut open = self.open.borrow_mut();
        let mut index = open.len();
        // The newest first: the rest is left idle where it is not needed.
        while index > 0 {
            index -= 1;
            if !open[index].is_open() {
                open.remove(index);
            } else if open[index].take(bounds.streams) {
                let link = Rc::clone(&open[index]);
                let links = Rc::clone(self);
                return Some(Place { link, links });
            }
        }
        None
    }

    /// A place that is free, or leave to open a connection; `None` where neither is to be had now.
    pub(in super::super) fn next(self: &Rc<Self>, bounds: Bounds) -> Option<Next> {
        let place = self.place(bounds).map(Next::Send);
        place.or_else(|| self.begin(bounds).map(Next::Open))
    }

    /// Waits until asking again may help.
    pub(in super::super) async fn change(&self) {
        let _waiting = Counted::new(&self.queue.length);
        self.queue.changed.notified().await;
    }

    /// Leave to open a connection: where those that are there and those to come do not suffice for all who wait.
    fn begin(self: &Rc<Self>, bounds: Bounds) -> Option<Opening> {
        let (opening, open) = (self.opening.get(), self.open.borrow());
        let wanted = if bounds.single {
            open.is_empty() && opening == 0
        } else {
            let to_come = opening * bounds.streams.unwrap_or(ASSUMED);
            self.queue.length.get() + opening + 1 > to_come
        };
        // A server that allows no request on one connection will not allow one on the next.
        let in_vain = open.last().is_some_and(|link| link.allows() == 0);
        (wanted && !in_vain).then(|| Opening::new(self))
    }
}

impl Opening {
    /// Beside all others.
    pub(in super::super) fn new(links: &Rc<Links>) -> Self {
        links.opening.set(links.opening.get() + 1);
        Self(Rc::clone(links))
    }

    /// Keeps the connection that was opened, and the first place on it.
    pub(in super::super) async fn begin(self, connection: Connection) -> Result<Place, Problem> {
        let links = Rc::clone(&self.0);
        let link = Link::new(connection, Rc::clone(&links.queue)).await;
        let link = link.map_err(|e| fault::not_begun(&e))?;
        links.open.borrow_mut().push(Rc::clone(&link));
        link.take(None);
        Ok(Place { link, links })
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.opening.set(self.0.opening.get() - 1);
        self.0.queue.call();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.link.give_back();
        if !self.links.queue.is_empty() {
            self.links.queue.changed.notify_one();
        }
    }
}

/// One more, for as long as it lives.
struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
