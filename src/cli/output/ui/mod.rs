//! `tollgate run --ui`. In: records of a run while it goes, and its view when it has ended; out: its report at an
//! address of loopback. Invariant: nobody beyond this machine can reach it, nobody can change anything by it, and a page
//! is made only when somebody asks, at most once for each record.

mod serve;

use crate::budget::{self, BudgetFile};
use crate::cli::error::Error;
use crate::record::RunRecord;
use crate::report::{Html, LiveHtml, Reporter, View};
use crate::units::format_duration;
use hyper::body::Bytes;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Somebody who asked so long ago still looks.
const LOOKS: Duration = Duration::from_secs(6);
/// Whoever looks gets the end of the run, but the run does not wait longer than this.
const FAREWELL: Duration = Duration::from_secs(4);

/// A loopback address for `--ui`.
///
/// # Errors
/// Any other address, with the reason.
pub(in crate::cli) fn address(text: &str) -> Result<SocketAddr, String> {
    let localhost = text
        .strip_prefix("localhost:")
        .map(|port| format!("127.0.0.1:{port}"));
    let text = localhost.as_deref().unwrap_or(text);
    let port = text.parse::<u16>().ok();
    let port = port.map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    let Some(address) = port.or_else(|| text.parse().ok()) else {
        return Err("an address and a port, as in 127.0.0.1:8088".into());
    };
    if !address.ip().is_loopback() {
        return Err(format!(
            "{} can be reached from other machines, and the report has no password; use 127.0.0.1:{}, and a tunnel such as `ssh -L` from elsewhere",
            address.ip(),
            address.port()
        ));
    }
    Ok(address)
}

/// The live report.
#[derive(Debug)]
pub(in crate::cli) struct Ui {
    address: SocketAddr,
    state: Mutex<State>,
    told: Condvar,
}

/// What there is to show.
#[derive(Debug, Default)]
struct State {
    record: Option<Arc<RunRecord>>,
    budgets: Option<Arc<BudgetFile>>,
    planned: Duration,
    /// Of the record, once somebody asked for it; of the run, once it has ended.
    page: Option<Bytes>,
    ended: bool,
    asked: Option<Instant>,
    /// The end of the run was sent to somebody, whole.
    seen: bool,
}

impl Ui {
    /// Listens from now on.
    pub(in crate::cli) fn start(wanted: SocketAddr) -> Result<Arc<Self>, Error> {
        let failed = |e| {
            Error::Usage(format!(
                "--ui cannot listen on {wanted}: {e}; choose another port"
            ))
        };
        let listener = std::net::TcpListener::bind(wanted).map_err(failed)?;
        listener.set_nonblocking(true)?;
        let ui = Arc::new(Self {
            address: listener.local_addr()?,
            state: Mutex::default(),
            told: Condvar::new(),
        });
        let served = Arc::clone(&ui);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        thread::Builder::new()
            .name("ui".into())
            .spawn(move || runtime.block_on(serve::serve(listener, served)))?;
        Ok(ui)
    }

    /// Where it listens.
    pub(in crate::cli) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A run begins.
    pub(in crate::cli) fn begin(
        &self,
        record: RunRecord,
        budgets: Option<BudgetFile>,
        planned: Duration,
    ) {
        *self.state() = State {
            record: Some(Arc::new(record)),
            budgets: budgets.map(Arc::new),
            planned,
            ..State::default()
        };
    }

    /// The run has got so far.
    pub(in crate::cli) fn show(&self, record: RunRecord) {
        let mut state = self.state();
        state.record = Some(Arc::new(record));
        state.page = None;
    }

    /// The run has ended. Whoever looks at it gets to see that.
    pub(in crate::cli) fn end(&self, view: &View) {
        let mut page = Vec::new();
        if Html.render(view, &mut page).is_err() {
            return;
        }
        let mut state = self.state();
        (state.page, state.ended, state.seen) = (Some(page.into()), true, false);
        if state.asked.is_some_and(|asked| asked.elapsed() < LOOKS) {
            let unseen = |state: &mut State| !state.seen;
            let waited = self.told.wait_timeout_while(state, FAREWELL, unseen);
            drop(waited);
        }
    }

    /// The end of the run has been sent to somebody.
    fn seen(&self) {
        self.state().seen = true;
        self.told.notify_all();
    }

    /// The page as it is now, and whether it is that of a run that has ended.
    fn page(&self) -> (Bytes, bool) {
        let mut state = self.state();
        state.asked = Some(Instant::now());
        if let Some(page) = &state.page {
            return (page.clone(), state.ended);
        }
        let (record, budgets, planned) =
            (state.record.clone(), state.budgets.clone(), state.planned);
        // The run goes on while the page is made.
        drop(state);
        let page: Bytes = made(
            &record.clone().unwrap_or_default(),
            budgets.as_deref(),
            planned,
        )
        .into();
        let mut state = self.state();
        let same = match (&state.record, &record) {
            (Some(now), Some(then)) => Arc::ptr_eq(now, then),
            _ => false,
        };
        if same && state.page.is_none() {
            state.page = Some(page.clone());
        }
        (page, false)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn made(record: &RunRecord, budgets: Option<&BudgetFile>, planned: Duration) -> Vec<u8> {
    let view = View::new(record, &budget::judge(record, budgets));
    let broken = view.budgets.iter().filter(|b| b.breaks()).count();
    let so_far = match (view.totals.all.n(), view.budgets.len(), broken) {
        (0, ..) => "nothing is measured yet".to_owned(),
        (_, 0, _) => "no budgets were given".to_owned(),
        (_, _, 0) => "no budget is broken so far".to_owned(),
        (_, all, broken) => format!("{broken} of {all} budgets do not hold so far"),
    };
    let elapsed = Duration::from_secs(record.elapsed / 1_000_000_000);
    let mut sentence = format_duration(elapsed);
    if !planned.is_zero() {
        sentence = format!("{sentence} of {}", format_duration(planned));
    }
    let live = LiveHtml {
        sentence: format!("{sentence}; {so_far}"),
    };
    let mut page = Vec::new();
    // Writing to memory cannot fail.
    live.render(&view, &mut page).ok();
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_an_address() {
        for (text, expected) in [
            ("8088", "127.0.0.1:8088"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("localhost:80", "127.0.0.1:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(address(text).map(|a| a.to_string()), Ok(expected.into()));
        }
        for text in [
            "0.0.0.0:80",
            "[::]:80",
            "192.168.1.4:80",
            "[::ffff:10.0.0.1]:80",
        ] {
            let error = address(text).unwrap_err();
            assert!(error.contains("no password"), "{error}");
        }
        for text in ["", "localhost", "evil.example:80", "127.0.0.1:99999"] {
            assert!(address(text).unwrap_err().contains("as in 127.0.0.1:8088"));
        }
    }
}
