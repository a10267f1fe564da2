//! One HTTP/2 connection. In: a stream of bytes; out: places for requests on it. Invariant: it carries no more
//! requests at once than the server and the scenario allow, and whoever waits on it drives it; a task looks after it
//! only while nobody waits.

use super::hub::Hub;
use super::links::Queue;
use crate::protocol::transport::{Connection, Stream};
use bytes::Bytes;
use h2::SendStream;
use h2::client::{Builder, ResponseFuture, SendRequest};
use http::Request;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// What a server may send ahead on a stream and on a connection: about what browsers grant. It bounds memory.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// The longest head, as on HTTP/1.1.
const HEAD: u32 = 256 << 10;
/// Requests at once, whatever the server allows: as browsers do.
const MOST: usize = 256;

type Begun = (ResponseFuture, SendStream<Bytes>);
type Driven = h2::client::Connection<Stream, Bytes>;

/// A connection that several requests share.
pub(in super::super) struct Link {
    hub: Arc<Hub>,
    bell: Waker,
    /// None once it has ended.
    driven: RefCell<Option<Driven>>,
    sender: RefCell<SendRequest<Bytes>>,
    taken: Cell<usize>,
    /// Places that the server allowed when somebody who waits was told last.
    allowed: Cell<usize>,
    queue: Rc<Queue>,
    /// A request has gone out on it.
    used: Cell<bool>,
    pub(in super::super) peer: Option<SocketAddr>,
    pub(in super::super) certificate: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// Begins to speak HTTP/2 on a connection.
    ///
    /// # Errors
    /// When its first bytes cannot be written.
    pub(super) async fn new(
        connection: Connection,
        queue: Rc<Queue>,
    ) -> Result<Rc<Self>, h2::Error> {
        let (sender, driven) = Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEAD)
            .handshake(connection.stream)
            .await?;
        let hub = Arc::<Hub>::default();
        hub.ring();
        let link = Rc::new(Self {
            bell: Waker::from(Arc::clone(&hub)),
            hub,
            driven: RefCell::new(Some(driven)),
            sender: RefCell::new(sender),
            taken: Cell::new(0),
            allowed: Cell::new(0),
            queue,
            used: Cell::new(false),
            peer: connection.peer,
            certificate: connection.certificate,
        });
        tokio::task::spawn_local(watch(Rc::downgrade(&link)));
        Ok(link)
    }

    /// Takes a place, where there is one.
    pub(super) fn take(&self, most: Option<usize>) -> bool {
        let free = self.taken.get() < self.allows().min(most.unwrap_or(MOST));
        if free {
            self.taken.set(self.taken.get() + 1);
        }
        free
    }

    /// Requests at once that the server allows.
    pub(super) fn allows(&self) -> usize {
        self.sender.borrow().current_max_send_streams()
    }

    pub(super) fn give_back(&self) {
        self.taken.set(self.taken.get() - 1);
    }

    /// Whether a request has gone out on it before; one does now.
    pub(in super::super) fn use_again(&self) -> bool {
        self.used.replace(true)
    }

    /// Whether new requests can go out on it.
    pub(in super::super) fn is_open(&self) -> bool {
        // What the reactor has seen is looked at first: it may be the end. Whoever waits looks soon enough, and then
        // what all of them send goes out in one write.
        if self.hub.is_due_to_nobody() && self.hub.take_due() {
            self.drive();
            self.hub.pause();
        }
        let mut cx = Context::from_waker(Waker::noop());
        let ready = self.sender.borrow_mut().poll_ready(&mut cx);
        self.driven.borrow().is_some() && !matches!(ready, Poll::Ready(Err(_)))
    }

    /// Begins a stream with the head of a request.
    pub(super) fn send(&self, head: Request<()>, whole: bool) -> Result<Begun, h2::Error> {
        // More of them than the server allows wait in the library, which keeps but one for each sender.
        let mut sender = self.sender.borrow().clone();
        sender.send_request(head, whole)
    }

    fn drive(&self) {
        let mut driven = self.driven.borrow_mut();
        if let Some(connection) = &mut *driven {
            let mut cx = Context::from_waker(&self.bell);
            // Why it ended its streams say.
            if Pin::new(connection).poll(&mut cx).is_ready() {
                *driven = None;
            }
        }
        drop(driven);
        self.hub.driven();
        // Settings may have changed, or it has ended.
        if !self.queue.is_empty() {
            let allowed = self.allows();
            let open = self.driven.borrow().is_some();
            if self.allowed.replace(allowed) != allowed || !open {
                self.queue.call();
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.hub.dismiss();
    }
}

/// Answers pings and sees the end while nobody waits.
async fn watch(link: Weak<Link>) {
    poll_fn(|cx| {
        let Some(link) = link.upgrade() else {
            return Poll::Ready(());
        };
        if link.hub.watch(cx.waker()) && link.hub.take_due() {
            link.drive();
            link.hub.pause();
        }
        if link.driven.borrow().is_some() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

/// Somebody who waits on a connection; dropped, it has left.
pub(super) struct Waiting<'a> {
    link: &'a Link,
    number: u64,
    whole: bool,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(link: &'a Link) -> Self {
        Self {
            link,
            number: link.hub.number(),
            whole: false,
        }
    }

    /// Works on a stream, and on the connection where somebody must. Once it is ready there is nothing to wait for.
    /// What was just sent waits for what the others send (`hold`): all of it goes out in one write.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        hold: bool,
        mut work: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let hub = &self.link.hub;
        let alone = hub.enter(self.number, cx.waker());
        // Whoever is alone sees for himself what happens to its stream.
        if hold {
            hub.ask();
        }
        let mut own = Context::from_waker(if alone { Waker::noop() } else { cx.waker() });
        let mut result = work(&mut own);
        if result.is_pending() && (alone || !hold) && hub.take_due() {
            self.link.drive();
            result = work(&mut own);
        }
        if result.is_pending() {
            hub.pause();
        } else {
            self.whole = true;
        }
        result
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.link.hub.leave(self.number, self.whole);
    }
}
