//! DEMO: the shop that `tollgate demo` and the tests run against. In: a loopback address; out: a small web
//! shop over HTTP/1.1 with pages, a JSON API, sign-in, carts, orders and a live feed. Invariant: it stays small and quick
//! whatever clients do: sessions and orders are capped, bodies and headers are bounded, vanished clients cost
//! nothing, and answers depend only on the requests, never on chance.

mod account;
mod answer;
mod api;
mod catalogue;
mod counter;
mod events;
mod live;
mod pages;
mod route;
mod store;
#[cfg(test)]
mod tests;

use catalogue::Catalogue;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

/// A client that has not sent a whole request head for this long is let go; idle connections too.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests under way may go on after the shop was told to close.
const GRACE: Duration = Duration::from_secs(1);
/// A request head longer than this, in bytes, is refused.
const MAX_HEAD: usize = 32 * 1024;
/// Connections served at once; more wait in the listen queue.
const MAX_CONNECTIONS: usize = 8192;

/// The demo shop: a way in, holding nothing itself.
#[derive(Debug, Clone, Copy)]
pub struct Shop;

/// A shop that listens and does not answer yet.
#[derive(Debug)]
pub struct Bound {
    /// Where it listens; the port is the real one when port 0 was asked for.
    pub addr: SocketAddr,
    listener: TcpListener,
    state: Arc<State>,
}

/// A shop that runs on a thread of its own; dropping the handle stops it and waits for its end.
#[derive(Debug)]
pub struct Handle {
    /// Where it listens, on 127.0.0.1.
    pub addr: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What all connections share.
#[derive(Debug)]
struct State {
    catalogue: Catalogue,
    store: Mutex<Store>,
    requests: AtomicU64,
    opened: Instant,
    /// How much longer slow answers take than they were asked to.
    slower: f64,
}

impl Shop {
    /// Opens a shop at an address, in the tokio runtime that this is called in.
    ///
    /// # Errors
    /// What binding reports, such as an address in use.
    pub async fn bind(addr: SocketAddr) -> io::Result<Bound> {
        let listener = TcpListener::bind(addr).await?;
        Ok(Bound {
            addr: listener.local_addr()?,
            listener,
            state: Arc::new(State::new()),
        })
    }

    /// Opens a shop on a free port of 127.0.0.1 and answers from a thread and a runtime of its own, so that
    /// it shares no scheduler with whoever measures it. May be called inside and outside of a runtime.
    ///
    /// # Errors
    /// No port, no thread, or no runtime to be had.
    pub fn spawn_thread() -> io::Result<Handle> {
        let (stop, stopped) = oneshot::channel();
        let (report, started) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("demo-shop".into())
            .spawn(move || run(&report, stopped))?;
        let (addr, state) = started
            .recv()
            .map_err(|_| io::Error::other("the demo shop ended before it opened"))??;
        Ok(Handle {
            addr,
            state,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// The body of the shop's own thread.
fn run(
    report: &mpsc::Sender<io::Result<(SocketAddr, Arc<State>)>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        // Nobody listening means that nobody cares any more, here and below.
        Err(error) => return drop(report.send(Err(error))),
    };
    runtime.block_on(async {
        match Shop::bind((Ipv4Addr::LOCALHOST, 0).into()).await {
            Ok(bound) => {
                let _ = report.send(Ok((bound.addr, Arc::clone(&bound.state))));
                bound
                    .serve(async {
                        let _ = stopped.await;
                    })
                    .await;
            }
            Err(error) => drop(report.send(Err(error))),
        }
    });
}

impl Bound {
    /// The same shop, whose answers that are asked to be slow (`?slow=50ms`) take this many times as long.
    #[must_use]
    pub fn slower(mut self, factor: f64) -> Self {
        if let Some(state) = Arc::get_mut(&mut self.state) {
            state.slower = factor;
        }
        self
    }

    /// Answers until `shutdown` is ready; then takes no more connections, closes idle ones, gives requests
    /// under way up to a second, and returns.
    pub async fn serve(self, shutdown: impl Future) {
        let (closing, closed) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                _ = &mut shutdown => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(converse(stream, Arc::clone(&self.state), closed.clone()));
                    }
                    // Out of descriptors, or a client gone before it was accepted: let others move on.
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                },
            }
        }
        drop(self.listener);
        // No receiver left means no connection left.
        let _ = closing.send(true);
        let _ = tokio::time::timeout(GRACE, async {
            while connections.join_next().await.is_some() {}
        })
        .await;
    }
}

/// Serves one connection to its end. How a client leaves is its own affair, so errors end here.
async fn converse(stream: TcpStream, state: Arc<State>, mut closing: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| route::serve(Arc::clone(&state), request));
    let http2 = tokio::select! {
        http2 = speaks_http2(&stream) => http2,
        _ = closing.wait_for(|closing| *closing) => return,
    };
    let stream = TokioIo::new(stream);
    if http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .serve_connection(stream, service);
        return until_closed(connection, closing, http2::Connection::graceful_shutdown).await;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_header_size(MAX_HEAD)
        .max_buf_size(2 * MAX_HEAD)
        .serve_connection(stream, service)
        .with_upgrades();
    until_closed(
        connection,
        closing,
        http1::UpgradeableConnection::graceful_shutdown,
    )
    .await;
}

/// Serves a connection until it ends, or the shop closes and what was begun has been answered.
async fn until_closed<C: Future>(
    connection: C,
    mut closing: watch::Receiver<bool>,
    shut_down: impl FnOnce(Pin<&mut C>),
) {
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = closing.wait_for(|closing| *closing) => {}
    }
    shut_down(connection.as_mut());
    let _ = connection.await;
}

/// Whether a client begins as HTTP/2 does by prior knowledge.
async fn speaks_http2(stream: &TcpStream) -> bool {
    let mut start = [0; 4];
    let looking = stream.peek(&mut start);
    let looked = tokio::time::timeout(HEADER_TIMEOUT, looking).await;
    matches!(looked, Ok(Ok(4))) && start == *b"PRI "
}

impl Handle {
    /// The address to point a scenario at, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// How many requests the shop has received.
    pub fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the shop has ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    fn new() -> Self {
        Self {
            catalogue: Catalogue::new(),
            store: Mutex::new(Store::new(store::Limits::default())),
            requests: AtomicU64::new(0),
            opened: Instant::now(),
            slower: 1.0,
        }
    }

    /// The changing part; held for a look-up, never across an await.
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
