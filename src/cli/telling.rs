//! Telling others. In: how a run ended, and who wants to know; out: nothing, or a warning for each who could not be told.
//! Invariant: it takes a bounded time, shows no part of an address but its host, and changes no verdict.

use crate::notify::{Event, SIGNATURE, Severity, signature};
use crate::protocol::{
    Blueprint, Call, Client, Headers, Keep, Location, Opens, Protocol as _, Session,
};
use crate::report::{OtlpMetrics, OtlpTraces, Reporter, View};
use crate::scenario::{Ending, Notify, Way};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, Method};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};
use url::Url;

/// How long each attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pauses between attempts: there is one more attempt than pauses.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
const AGENT: &str = concat!("tollgate/", env!("CARGO_PKG_VERSION"));

/// What is posted where.
struct Letter {
    /// Who gets it, for the warning.
    to: &'static str,
    url: Url,
    body: Vec<u8>,
    /// The value of the header [`SIGNATURE`].
    signature: Option<String>,
}

/// Tells everybody who wants to hear of such an end; says on standard error who could not be told, and why.
pub(super) fn tell(notify: &Notify, (event, view): (&Event, &View), caller: &Blueprint) {
    let wanted = notify.on.contains(&ending(event));
    for way in &notify.ways {
        let letters = match way {
            Way::File(path) if wanted => {
                if let Err(why) = append(path, event) {
                    eprintln!("warning: {} was not written: {why}", path.display());
                }
                continue;
            }
            Way::Otlp(base) => telemetry(base, view),
            way if wanted => letter(way, event).into_iter().collect(),
            _ => continue,
        };
        for letter in letters {
            let host = letter.url.host_str().unwrap_or_default().to_owned();
            let to = letter.to;
            if let Err(why) = post(letter, caller) {
                eprintln!("warning: {to} at {host} was not told: {why}");
            }
        }
    }
}

fn ending(event: &Event) -> Ending {
    match (event.severity, event.code) {
        (Severity::Critical, 8) => Ending::Guard,
        (Severity::Info, _) => Ending::Pass,
        (Severity::Critical | Severity::High, _) => Ending::Fail,
        (Severity::Low, _) => Ending::Invalid,
    }
}

/// What somebody gets to read of an event.
fn letter(way: &Way, event: &Event) -> Option<Letter> {
    let (to, url, body) = match way {
        Way::Webhook { url, .. } => (
            "the webhook",
            url.clone(),
            serde_json::to_value(event).ok()?,
        ),
        Way::Slack(url) => ("Slack", url.clone(), event.slack()),
        Way::Alertmanager(base) => {
            let url = below(base, "api/v2/alerts")?;
            ("Alertmanager", url, event.alertmanager())
        }
        Way::PagerDuty { url, key } => ("PagerDuty", url.clone(), event.pagerduty(key)),
        Way::Otlp(_) | Way::File(_) => return None,
    };
    let body = serde_json::to_vec(&body).ok()?;
    let signature = match way {
        Way::Webhook { secret, .. } => secret.as_ref().map(|secret| signature(secret, &body)),
        _ => None,
    };
    Some(Letter {
        to,
        url,
        body,
        signature,
    })
}

/// Metrics of the run and, of a smoke test, its spans.
fn telemetry(base: &Url, view: &View) -> Vec<Letter> {
    let mut reporters: Vec<(&str, &dyn Reporter)> = vec![("v1/metrics", &OtlpMetrics)];
    if !view.run.under_load {
        reporters.push(("v1/traces", &OtlpTraces));
    }
    let letters = reporters.into_iter().filter_map(|(path, reporter)| {
        let mut body = Vec::new();
        reporter.render(view, &mut body).ok()?;
        Some(Letter {
            to: "the collector",
            url: below(base, path)?,
            body,
            signature: None,
        })
    });
    letters.collect()
}

/// A path below a base address, whatever the address ends with.
fn below(base: &Url, path: &str) -> Option<Url> {
    let mut url = base.clone();
    let mut segments = url.path_segments_mut().ok()?;
    segments.pop_if_empty().extend(path.split('/'));
    drop(segments);
    Some(url)
}

fn append(path: &Path, event: &Event) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(&line)
}

fn post(letter: Letter, caller: &Blueprint) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let client = caller.clone().towards(letter.url.clone());
    let call = call(letter);
    LocalSet::new().block_on(&runtime, async {
        let client = Client::new(client);
        let mut last = attempt(&client, &call).await;
        for pause in PAUSES {
            match last {
                // An answer that will be the same the next time is final.
                Ok(()) | Err((_, true)) => break,
                Err(_) => sleep(pause).await,
            }
            last = attempt(&client, &call).await;
        }
        last.map_err(|(why, _)| why)
    })
}

fn call(letter: Letter) -> Call {
    let mut headers = Headers::default();
    headers.add(&USER_AGENT, AGENT);
    headers.add(&CONTENT_TYPE, "application/json");
    if let Some(signature) = &letter.signature {
        headers.add(&HeaderName::from_static(SIGNATURE), signature);
    }
    Call {
        step: 0,
        method: Method::POST,
        url: Location::Elsewhere(Box::new(letter.url)),
        headers,
        body: Bytes::from(letter.body),
        plain: None,
        timeout: PATIENCE,
        redirects: 0,
        keep_body: Keep::No,
        opens: Opens::Nothing,
    }
}

/// One attempt; why it failed, and whether another would fail as well.
async fn attempt(client: &Client, call: &Call) -> Result<(), (String, bool)> {
    let mut session = Session::default();
    let exchange = client.call(call, &mut session, Instant::now()).await;
    match exchange.result {
        Ok(answer) if answer.status.is_success() => Ok(()),
        Ok(answer) => {
            let again = answer.status.is_server_error() || answer.status.as_u16() == 429;
            Err((format!("it answered {}", answer.status.as_u16()), !again))
        }
        Err(problem) => Err((format!("{}: {}", problem.failure, problem.detail), false)),
    }
}
