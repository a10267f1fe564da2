//! Who is told how a run ended. In: `notify:`; out: where to, in which form, and after which runs. Invariant: what lets
//! somebody post in a user's name is one of the scenario's secrets, so no output shows it.

mod mail;

use super::loading::Loading;
use super::vocabulary::{NOTIFY, NOTIFY_ON, PAGERDUTY};
use crate::source::{Fields, Node};
pub use mail::{Mail, MailTls};
use std::path::PathBuf;
use url::Url;

/// Where PagerDuty takes events.
const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// Who is told how a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Each is told by itself; empty only where everybody is missing.
    pub ways: Vec<Way>,
    /// Who cannot be told, as written, and the variable without a value that this needs.
    pub missing: Vec<(String, String)>,
    /// After which runs; never empty. Metrics go out after every run.
    pub on: Vec<Ending>,
}

/// One way to tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The event itself, signed where there is a secret.
    Webhook {
        /// Where it is posted.
        url: Url,
        /// What its body is signed with.
        secret: Option<String>,
    },
    /// An incoming webhook of Slack, or of what takes the same.
    Slack(Url),
    /// Alertmanager's API, version 2: its base address.
    Alertmanager(Url),
    /// PagerDuty's events, version 2.
    PagerDuty {
        /// Where they are posted.
        url: Url,
        /// The routing key.
        key: String,
    },
    /// OpenTelemetry over HTTP: the base address of a collector.
    Otlp(Url),
    /// Prometheus remote write: where it is posted.
    RemoteWrite(Url),
    /// A mail.
    Mail(Mail),
    /// A file that gets the event as one more line.
    File(PathBuf),
}

impl Way {
    /// Its key in `notify:`.
    fn key(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Slack(_) => "slack",
            Self::Alertmanager(_) => "alertmanager",
            Self::PagerDuty { .. } => "pagerduty",
            Self::Otlp(_) => "otlp",
            Self::RemoteWrite(_) => "remote_write",
            Self::Mail(_) => "mail",
            Self::File(_) => "file",
        }
    }
}

/// How a run ended, for those who are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A guard stopped it.
    Guard,
    /// It failed: a check, a budget, a comparison, or there was no target.
    Fail,
    /// It says nothing, or was cut off.
    Invalid,
    /// Everything holds.
    Pass,
}

impl Ending {
    /// In the order of the words in the vocabulary.
    const ALL: [Self; 4] = [Self::Guard, Self::Fail, Self::Invalid, Self::Pass];
}

/// Reads `notify:`.
pub(super) fn read(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Notify> {
    let node = fields.get("notify")?;
    let fields = loading.reader.object(node, &NOTIFY)?;
    let before = loading.reader.errors();
    let missing = missing(loading, &fields);
    let mut ways = ways(loading, &fields);
    ways.retain(|way| missing.iter().all(|(key, _)| key != way.key()));
    if ways.is_empty() && missing.is_empty() && loading.reader.errors() == before {
        let message = "nobody is told: `notify` names no address and no file";
        let help = "add where to, such as `webhook: ${DEPLOY_HOOK}` or `file: failures.ndjson`";
        loading.reader.error("T0742", node.span, message, help);
    }
    let items = fields.get("on").map(|node| loading.reader.list(node));
    let words: Vec<&str> = items
        .unwrap_or_default()
        .into_iter()
        .filter_map(|item| loading.reader.word(item, &NOTIFY_ON))
        .collect();
    let named = |word: &str| NOTIFY_ON.iter().position(|known| *known == word);
    let on = match words.as_slice() {
        [] => Ending::ALL[..3].to_vec(),
        words => words
            .iter()
            .filter_map(|w| named(w))
            .map(|i| Ending::ALL[i])
            .collect(),
    };
    (!ways.is_empty() || !missing.is_empty()).then_some(Notify { ways, missing, on })
}

/// Who cannot be told, since a variable has no value. A webhook that would go out unsigned does not go out.
fn missing(loading: &Loading<'_>, fields: &Fields<'_>) -> Vec<(String, String)> {
    let mut missing: Vec<(String, String)> = Vec::new();
    for (key, node) in fields.iter().filter(|(key, _)| key.value != "on") {
        let way = match key.value.as_str() {
            "secret" => "webhook",
            way => way,
        };
        let unset = loading.unset_in(node);
        if let Some(name) = unset.filter(|_| missing.iter().all(|(known, _)| known != way)) {
            missing.push((way.to_owned(), name.to_owned()));
        }
    }
    missing
}

fn ways(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Vec<Way> {
    let mut ways = Vec::new();
    if let Some(node) = fields.get("webhook") {
        let url = address(loading, node, ("webhook", "DEPLOY_HOOK"));
        let signed = "what a webhook is signed with";
        let secret = fields.get("secret");
        let secret = secret.map(|node| secret_of(loading, node, (signed, "secret", "HOOK_SECRET")));
        ways.extend(url.map(|url| Way::Webhook {
            url,
            secret: secret.flatten(),
        }));
    }
    if let Some(node) = fields.get("slack") {
        let words = ("the address of a Slack channel", "slack", "SLACK_WEBHOOK");
        let url = secret_of(loading, node, words)
            .and_then(|_| address(loading, node, ("slack", "SLACK_WEBHOOK")));
        ways.extend(url.map(Way::Slack));
    }
    if let Some(node) = fields.get("alertmanager") {
        let url = address(loading, node, ("alertmanager", "ALERTMANAGER"));
        ways.extend(url.map(Way::Alertmanager));
    }
    if let Some(node) = fields.get("pagerduty") {
        ways.extend(pagerduty(loading, node));
    }
    if let Some(node) = fields.get("otlp") {
        let url = address(loading, node, ("otlp", "OTEL_EXPORTER_OTLP_ENDPOINT"));
        ways.extend(url.map(Way::Otlp));
    }
    if let Some(node) = fields.get("remote_write") {
        let url = address(loading, node, ("remote_write", "PROMETHEUS_WRITE"));
        ways.extend(url.map(Way::RemoteWrite));
    }
    if let Some(node) = fields.get("mail") {
        ways.extend(mail::read(loading, node).map(Way::Mail));
    }
    if let Some(node) = fields.get("file") {
        ways.extend(loading.path(node).map(Way::File));
    }
    ways
}

fn pagerduty(loading: &mut Loading<'_>, node: &Node) -> Option<Way> {
    let fields = loading.reader.object(node, &PAGERDUTY)?;
    let words = ("a routing key of PagerDuty", "key", "PAGERDUTY_KEY");
    let key = secret_of(loading, fields.get("key")?, words);
    let url = match fields.get("url") {
        Some(node) => address(loading, node, ("url", "PAGERDUTY_URL")),
        None => Url::parse(PAGERDUTY_URL).ok(),
    };
    Some(Way::PagerDuty {
        url: url?,
        key: key?,
    })
}

fn address(loading: &mut Loading<'_>, node: &Node, (key, example): (&str, &str)) -> Option<Url> {
    let text = loading.reader.text(node)?;
    match Url::parse(&text.value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            if url.password().is_some() {
                secret_of(loading, node, ("a password in an address", key, example))?;
            }
            Some(url)
        }
        _ => {
            let message = format!("`{key}` is no `http://` or `https://` address");
            let help = format!(
                "write its whole URL, or leave it to the environment: `{key}: ${{{example}}}`"
            );
            loading.reader.error("T0740", text.span, message, help);
            None
        }
    }
}

/// The value of a secret, as `${NAME}` has filled it in.
fn secret_of(
    loading: &mut Loading<'_>,
    node: &Node,
    (what, key, example): (&str, &str, &str),
) -> Option<String> {
    let text = loading.reader.text(node)?;
    let declared = loading.secret_in(node).is_some();
    if declared && !text.value.is_empty() {
        return Some(text.value);
    }
    // It is one all the same: no drawing of the file shows it.
    if loading.unset_in(node).is_none() {
        loading.secrets.hide("notify", &text.value);
    }
    let asked = loading.asked_in(node).next().filter(|_| !declared);
    let (message, help) = match asked {
        Some(usage) => (
            format!("{what} is not declared as a secret"),
            format!("declare it: `secrets: [{}]`", usage.name),
        ),
        None => (
            format!("{what} stands in the file, or is not declared as a secret"),
            format!(
                "keep it in the environment: `secrets: [{example}]` and `{key}: ${{{example}}}`"
            ),
        ),
    };
    loading.reader.error("T0741", text.span, message, help);
    None
}
