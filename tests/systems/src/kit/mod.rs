//! What all stand-ins are made of. In: routers and switches; out: servers on free ports, on a thread of their own.
//! Invariant: nothing listens beyond 127.0.0.1, and nothing goes on when the handle is dropped.

pub(crate) mod alerts;
mod front;
mod mail;
mod tls;

pub(crate) use front::{Calls, careful};
pub(crate) use tls::Certificate;

use axum::Router;
use axum::serve::ListenerExt as _;
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// One thing that can be broken.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    /// Its name on the command line.
    pub name: &'static str,
    /// The promise that it breaks.
    pub breaks: &'static str,
}

impl Switch {
    /// A name, and what it breaks.
    pub(crate) const fn new(name: &'static str, breaks: &'static str) -> Self {
        Self { name, breaks }
    }
}

/// What is broken.
#[derive(Debug, Clone, Default)]
pub struct Switches(Vec<&'static str>);

impl Switches {
    /// # Errors
    /// When a name is not known.
    pub(crate) fn new(known: &'static [Switch], broken: &[&str]) -> io::Result<Self> {
        let find = |name: &&str| {
            let switch = known.iter().find(|switch| switch.name == *name);
            let names: Vec<&str> = known.iter().map(|s| s.name).collect();
            switch.map(|switch| switch.name).ok_or_else(|| {
                io::Error::other(format!(
                    "no switch `{name}`; there are {}",
                    names.join(", ")
                ))
            })
        };
        broken.iter().map(find).collect::<io::Result<_>>().map(Self)
    }

    /// Whether this promise is broken.
    #[must_use]
    pub fn on(&self, name: &str) -> bool {
        self.0.contains(&name)
    }
}

/// What a system serves, while it is opened.
#[derive(Debug, Default)]
pub(crate) struct Services {
    environment: BTreeMap<String, String>,
    tasks: JoinSet<()>,
}

impl Services {
    /// Serves over plain HTTP; `variable` names the address for scenarios.
    pub(crate) async fn http(&mut self, variable: &str, app: Router) -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        self.set(variable, format!("http://{}", listener.local_addr()?));
        let listener = listener.tap_io(|stream| {
            // Answers leave as they are written; a connection that is gone already needs nothing.
            let _gone = stream.set_nodelay(true);
        });
        self.tasks.spawn(async move {
            // Ends with its task only.
            let _ended = axum::serve(listener, app).await;
        });
        Ok(())
    }

    /// Serves over TLS, with HTTP/2 where clients want it.
    pub(crate) async fn https(
        &mut self,
        variable: &str,
        app: Router,
        certificate: Certificate,
    ) -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let listener = tls::Listener::new(listener, &certificate)?;
        self.set(variable, format!("https://{}", listener.address()));
        self.tasks.spawn(async move {
            let _ended = axum::serve(listener, app).await;
            drop(certificate);
        });
        Ok(())
    }

    /// What a variable says; nothing when it was not set.
    pub(crate) fn get(&self, variable: &str) -> String {
        self.environment.get(variable).cloned().unwrap_or_default()
    }

    /// Another variable for scenarios: a path, a password.
    pub(crate) fn set(&mut self, variable: &str, value: String) {
        self.environment.insert(variable.to_owned(), value);
    }
}

/// A system that runs.
#[derive(Debug)]
pub struct Running {
    environment: BTreeMap<String, String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(
        open: impl AsyncFnOnce(&mut Services) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("system".into())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                let runtime = match runtime {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(tell.send(Err(error))),
                };
                runtime.block_on(async {
                    let mut services = Services::default();
                    let opened = open(&mut services).await;
                    let environment = std::mem::take(&mut services.environment);
                    if tell.send(opened.map(|()| environment)).is_ok() {
                        let _stopped = stopped.await;
                    }
                });
            })?;
        let environment = told.recv().map_err(io::Error::other)??;
        Ok(Self {
            environment,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The variables that its scenario reads.
    pub fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.environment.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}
