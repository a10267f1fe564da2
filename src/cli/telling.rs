//! Telling others. In: how a run ended, and who wants to know; out: nothing, or a warning for each who could not be told.
//! Invariant: it takes a bounded time, shows no part of an address but its host, and changes no verdict.

mod mail;
mod post;

use crate::notify::{Event, Severity, signature};
use crate::protocol::Blueprint;
use crate::record;
use crate::report::{OtlpBinary, RemoteWrite, Reporter, View};
use crate::scenario::{Ending, Notify, Tls, Way};
use post::{Form, Letter, post};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use url::Url;

/// Tells everybody who wants to hear of such an end; says on standard error who could not be told, and why.
pub(super) fn tell(
    notify: &Notify,
    (event, view): (&Event, &View),
    (caller, tls): (&Blueprint, &Tls),
) {
    let wanted = notify.on.contains(&ending(event));
    for way in &notify.ways {
        let letters = match way {
            Way::File(path) if wanted => {
                if let Err(why) = append(path, event) {
                    eprintln!("warning: {} was not written: {why}", path.display());
                }
                continue;
            }
            Way::Mail(mail) if wanted => {
                if let Err(why) = mail::send(mail, event, tls) {
                    eprintln!("warning: the mail to {} was not sent: {why}", mail.host);
                }
                continue;
            }
            Way::Otlp(base) => telemetry(base, view),
            Way::RemoteWrite(url) => written(url, view).into_iter().collect(),
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
        Way::Otlp(_) | Way::RemoteWrite(_) | Way::Mail(_) | Way::File(_) => return None,
    };
    let body = record::json(&body).ok()?.into_bytes();
    let form = match way {
        Way::Webhook {
            secret: Some(secret),
            ..
        } => Form::Signed(signature(secret, &body)),
        _ => Form::Json,
    };
    Some(Letter {
        to,
        url,
        body,
        form,
    })
}

/// Metrics of the run and, of a smoke test, its spans.
fn telemetry(base: &Url, view: &View) -> Vec<Letter> {
    let mut requests = vec![(
        "the collector of metrics",
        "v1/metrics",
        OtlpBinary::Metrics,
    )];
    if !view.run.under_load {
        requests.push(("the collector of traces", "v1/traces", OtlpBinary::Traces));
    }
    let letters = requests.into_iter().filter_map(|(to, path, request)| {
        Some(Letter {
            to,
            url: below(base, path)?,
            body: rendered(&request, view)?,
            form: Form::Otlp,
        })
    });
    letters.collect()
}

/// The same metrics in Prometheus' own form.
fn written(url: &Url, view: &View) -> Option<Letter> {
    Some(Letter {
        to: "Prometheus",
        url: url.clone(),
        body: rendered(&RemoteWrite, view)?,
        form: Form::RemoteWrite,
    })
}

fn rendered(reporter: &dyn Reporter, view: &View) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    reporter.render(view, &mut body).ok()?;
    Some(body)
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
    let line = format!("{}\n", record::json(event)?);
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(line.as_bytes())
}
