//! OBSERVE: what servers say of themselves → [`ServerSeries`]. In: the pages and the Prometheus server of a scenario; out:
//! their values over the time of the run. Invariant: it stands beside the load, one request at a time and page, bounded
//! in time and size; what cannot be read is counted as missed and is never a value.

mod asking;
mod exposition;
mod page;
#[cfg(test)]
mod tests;

pub use asking::{Asked, ask};

use crate::protocol::{
    Blueprint, Call, Client, Headers, Keep, Location, Opens, Protocol as _, Session,
};
use crate::record::ServerSeries;
use crate::scenario::{Address, Http, Observe};
use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, USER_AGENT};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::Instant;

/// Tells these requests from those of the load in a server's log.
const AGENT: &str = concat!("tollgate/", env!("CARGO_PKG_VERSION"), " (observe)");
/// Bytes of a page that are looked at.
const PAGE: usize = 8 << 20;
/// Characters of what a server says of a problem.
const SAID: usize = 200;

/// Pages that are being read.
#[derive(Debug)]
pub struct Beside {
    thread: thread::JoinHandle<io::Result<()>>,
    stop: watch::Sender<bool>,
    readings: Readings,
}

/// What is read of pages: the thread beside the load writes it, whoever looks copies it.
#[derive(Debug, Clone)]
pub struct Readings {
    pages: Vec<Arc<Mutex<Vec<ServerSeries>>>>,
    began: Instant,
}

impl Readings {
    /// What was read since the run began, so far.
    pub fn since(&self, run_began: Instant) -> Vec<ServerSeries> {
        let start = crate::units::nanos(run_began.saturating_duration_since(self.began));
        let mut all = Vec::new();
        for page in &self.pages {
            let series = page.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(series.iter().cloned());
        }
        for series in &mut all {
            series.begin(start);
        }
        all
    }
}

/// Begins to read the pages of a scenario, on a thread of its own.
///
/// # Errors
/// When the system gives no thread.
pub fn start(observe: &Observe, caller: &Blueprint) -> io::Result<Beside> {
    let (stop, stopped) = watch::channel(false);
    let began = Instant::now();
    let (observe, caller) = (observe.clone(), caller.clone());
    let pages = observe.pages.iter();
    let pages = pages.map(|page| Arc::new(Mutex::new(page::series(&page.values, observe.every))));
    let readings = Readings {
        pages: pages.collect(),
        began,
    };
    let written = readings.clone();
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let tasks = LocalSet::new();
        let mut reading = Vec::new();
        for (page, series) in observe.pages.into_iter().zip(written.pages) {
            let client = client(&caller, &page.at);
            let clock = page::Clock {
                began,
                every: observe.every,
            };
            let work = page::read(client, (page, series), clock, stopped.clone());
            reading.push(tasks.spawn_local(work));
        }
        tasks.block_on(&runtime, async {
            for page in reading {
                page.await.map_err(io::Error::other)?;
            }
            Ok(())
        })
    };
    let thread = thread::Builder::new().name("observe".into()).spawn(work)?;
    Ok(Beside {
        thread,
        stop,
        readings,
    })
}

impl Beside {
    /// What is read, to look at while the run goes.
    pub fn readings(&self) -> &Readings {
        &self.readings
    }

    /// Reads a last time, and gives what was read since the run began.
    ///
    /// # Errors
    /// When the thread broke down.
    pub fn finish(self, run_began: Instant) -> io::Result<Vec<ServerSeries>> {
        self.stop.send_replace(true);
        let ended = self.thread.join();
        ended.map_err(|_| io::Error::other("the thread beside the load panicked"))??;
        Ok(self.readings.since(run_began))
    }
}

/// The scenario's way of connecting; its version of HTTP only where it is the same server.
fn client(caller: &Blueprint, at: &Address) -> Client {
    let towards = caller.clone().towards(at.url.clone());
    let same = caller.target().origin() == at.url.origin();
    Client::new(if same {
        towards
    } else {
        towards.with_http(Http::Auto, None)
    })
}

/// One question: a GET, or a POST where there is a form.
fn call(at: &Address, url: url::Url, form: Option<String>, timeout: Duration) -> Call {
    let mut headers = Headers::default();
    headers.add(&USER_AGENT, AGENT);
    for (name, value) in &at.headers {
        headers.add(name, value);
    }
    if form.is_some() {
        headers.add(&CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    Call {
        step: 0,
        method: if form.is_some() {
            Method::POST
        } else {
            Method::GET
        },
        url: Location::Elsewhere(Box::new(url)),
        headers,
        body: Bytes::from(form.unwrap_or_default()),
        plain: None,
        timeout,
        redirects: 0,
        keep_body: Keep::Whole,
        opens: Opens::Nothing,
    }
}

/// The whole answer, whatever its status; else why there is none, in words without the address.
async fn fetch(client: &Client, call: &Call) -> Result<crate::protocol::Answer, String> {
    let mut session = Session::default();
    let exchange = client.call(call, &mut session, Instant::now()).await;
    let answer = exchange
        .result
        .map_err(|problem| format!("{}: {}", problem.failure, problem.detail))?;
    if answer.body.len() > PAGE {
        return Err(format!("its page is larger than {} MB", PAGE >> 20));
    }
    Ok(answer)
}

/// The beginning of what a server said, on one line.
fn clipped(text: &str) -> String {
    let mut line: String = text.chars().take(SAID).collect();
    line = line.replace(char::is_control, " ");
    line
}
