//! A server that misbehaves to order, on 127.0.0.1. In: requests, whose path says what happens (see
//! `script.rs`); out: that, and counts of what was asked. Invariant: it runs on a thread of its own and stops,
//! connections and all, when it is dropped or when `/die/N` was asked for the N-th time.

pub(crate) use super::certificate::Certificate;
pub(crate) use super::script::HOSTILE;
pub(crate) use super::wire::Seen;
use super::wire::{Conversation, Wire};
use super::{certificate, script};
use rustls::ServerConfig;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio_rustls::TlsAcceptor;

/// How many requests are kept to be looked at; all are counted.
const KEPT: usize = 10_000;

/// A running target.
pub(crate) struct Target {
    pub(crate) addr: SocketAddr,
    scheme: &'static str,
    ledger: Arc<Ledger>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A target behind TLS, and the CA to trust for it.
pub(crate) struct TlsTarget {
    pub(crate) target: Target,
    ca: PathBuf,
    _folder: TempDir,
}

/// An address where nothing listens, and nothing will as long as this is kept.
pub(crate) struct Refused {
    pub(crate) addr: SocketAddr,
    _socket: TcpSocket,
}

/// What the target has seen.
#[derive(Default)]
pub(super) struct Ledger {
    pages: Mutex<Pages>,
    turned: Condvar,
    connections: AtomicU64,
    broken_handshakes: AtomicU64,
    died: Notify,
}

#[derive(Default)]
struct Pages {
    hits: HashMap<String, u64>,
    seen: Vec<Seen>,
}

impl Ledger {
    /// Counts a request and says how often its path was asked for.
    fn note(&self, request: &Seen) -> u64 {
        let mut pages = self.pages.lock().unwrap();
        if pages.seen.len() < KEPT {
            pages.seen.push(request.clone());
        }
        let hits = pages.hits.entry(request.path.clone()).or_default();
        *hits += 1;
        self.turned.notify_all();
        *hits
    }

    /// Ends the target from within.
    pub(super) fn die(&self) {
        self.died.notify_one();
    }
}

/// A target without TLS.
pub(crate) fn target() -> Target {
    Target::start(None)
}

/// A target with TLS and a proper certificate.
pub(crate) fn target_tls() -> TlsTarget {
    target_tls_with(Certificate::Valid)
}

/// A target with TLS and a certificate to order.
pub(crate) fn target_tls_with(kind: Certificate) -> TlsTarget {
    let (config, pem) = certificate::make(kind);
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, pem).unwrap();
    TlsTarget {
        target: Target::start(Some(config)),
        ca,
        _folder: folder,
    }
}

/// An address where connections are refused: its port is taken, and nobody listens.
pub(crate) fn refused() -> Refused {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    Refused {
        addr: socket.local_addr().unwrap(),
        _socket: socket,
    }
}

impl Target {
    fn start(tls: Option<Arc<ServerConfig>>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let ledger = Arc::new(Ledger::default());
        let (stop, stopped) = oneshot::channel();
        let (report, started) = mpsc::channel();
        let shared = Arc::clone(&ledger);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                report.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    () = shared.died.notified() => {}
                    () = accept(&listener, tls.map(TlsAcceptor::from), &shared) => {}
                }
            });
        });
        Self {
            addr: started.recv().unwrap(),
            scheme,
            ledger,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// An absolute URL on the target.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.addr)
    }

    /// How often a path was asked for, queries aside.
    pub(crate) fn hits(&self, path: &str) -> u64 {
        self.ledger
            .pages
            .lock()
            .unwrap()
            .hits
            .get(path)
            .copied()
            .unwrap_or_default()
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> u64 {
        self.ledger.pages.lock().unwrap().hits.values().sum()
    }

    /// The requests for a path, in the order they came.
    pub(crate) fn seen(&self, path: &str) -> Vec<Seen> {
        let pages = self.ledger.pages.lock().unwrap();
        pages
            .seen
            .iter()
            .filter(|seen| seen.path == path)
            .cloned()
            .collect()
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> u64 {
        self.ledger.connections.load(Ordering::SeqCst)
    }

    /// How many TLS handshakes did not end well.
    pub(crate) fn broken_handshakes(&self) -> u64 {
        self.ledger.broken_handshakes.load(Ordering::SeqCst)
    }

    /// Blocks until a path was asked for `hits` times; `false` when that took too long.
    pub(crate) fn wait_for(&self, path: &str, hits: u64, patience: Duration) -> bool {
        let few = |pages: &mut Pages| pages.hits.get(path).copied().unwrap_or_default() < hits;
        let pages = self.ledger.pages.lock().unwrap();
        !self
            .ledger
            .turned
            .wait_timeout_while(pages, patience, few)
            .unwrap()
            .1
            .timed_out()
    }

    /// Closes the port and all connections, and waits until that is done. The counts stay readable.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that it has died already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the target panicked");
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.stop();
    }
}

impl TlsTarget {
    /// The PEM file of the CA.
    pub(crate) fn ca(&self) -> &Path {
        &self.ca
    }
}

/// Takes connections for ever. Ending the runtime ends them all.
async fn accept(listener: &TcpListener, tls: Option<TlsAcceptor>, ledger: &Arc<Ledger>) {
    while let Ok((stream, _)) = listener.accept().await {
        let number = ledger.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let _ = stream.set_nodelay(true);
        tokio::spawn(greet(stream, number, tls.clone(), Arc::clone(ledger)));
    }
}

async fn greet(stream: TcpStream, number: u64, tls: Option<TlsAcceptor>, ledger: Arc<Ledger>) {
    match tls {
        None => converse(stream, number, &ledger).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => converse(stream, number, &ledger).await,
            Err(_) => {
                ledger.broken_handshakes.fetch_add(1, Ordering::SeqCst);
            }
        },
    }
}

/// Plays requests until the script or the client ends the connection.
async fn converse<S: Wire>(stream: S, number: u64, ledger: &Ledger) {
    let mut talk = Conversation::new(stream, number);
    while let Ok(Some(seen)) = talk.request().await {
        let hit = ledger.note(&seen);
        let goes_on = script::play(&mut talk, &seen, hit, ledger).await;
        if !goes_on.unwrap_or(false) || seen.header("connection") == Some("close") {
            return;
        }
    }
}
