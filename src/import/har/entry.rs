//! Entries of a recording. In: JSON; out: what was sent and what came back, or why it is no part of the journey.
//! Invariant: whatever is missing or of another type, an entry is read as far as it goes.

use crate::import::is_hosted;
use crate::import::name::line;
use crate::import::recorded::{Payload, Sent};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// Kinds of resources that browsers fetch for a page by themselves.
const ASSETS: [&str; 9] = [
    "image",
    "stylesheet",
    "script",
    "font",
    "media",
    "manifest",
    "texttrack",
    "ping",
    "preflight",
];
/// The same by their names.
const ENDINGS: [&str; 20] = [
    ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".ico", ".css", ".js", ".mjs",
    ".map", ".woff", ".woff2", ".ttf", ".otf", ".mp4", ".webm", ".mp3", ".wasm",
];

/// One exchange.
pub(super) struct Entry<'a> {
    pub(super) pointer: String,
    pub(super) sent: Sent,
    /// Since 1970.
    pub(super) started: Option<Duration>,
    time: Duration,
    pub(super) page: Option<&'a str>,
    resource: &'a str,
    status: u64,
    /// Of the response.
    pub(super) headers: Vec<(String, String)>,
    pub(super) kind: String,
    pub(super) text: &'a str,
}

/// Every entry with a URL, in the order in which they were sent.
pub(super) fn all(root: &Value) -> Vec<Entry<'_>> {
    let entries = root["log"]["entries"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut all: Vec<Entry<'_>> = entries
        .iter()
        .enumerate()
        .filter_map(|(i, entry)| read(i, entry))
        .collect();
    if all.iter().all(|entry| entry.started.is_some()) {
        all.sort_by_key(|entry| entry.started);
    }
    all
}

fn read(index: usize, entry: &Value) -> Option<Entry<'_>> {
    let (request, response) = (&entry["request"], &entry["response"]);
    let url = Url::parse(request["url"].as_str()?)
        .ok()
        .filter(is_hosted)?;
    let method = request["method"].as_str().unwrap_or("GET");
    let word =
        !method.is_empty() && method.len() < 20 && method.bytes().all(|b| b.is_ascii_alphabetic());
    let started = entry["startedDateTime"]
        .as_str()
        .and_then(|text| text.parse::<Timestamp>().ok());
    let started = started
        .and_then(|time| u64::try_from(time.as_millisecond()).ok())
        .map(Duration::from_millis);
    let time = entry["time"]
        .as_f64()
        .filter(|time| (0.0..1e7).contains(time))
        .unwrap_or(0.0);
    let content = &response["content"];
    Some(Entry {
        pointer: format!("#/log/entries/{index}"),
        sent: Sent {
            method: if word {
                method.to_ascii_uppercase()
            } else {
                "GET".into()
            },
            url,
            headers: headers(&request["headers"]),
            body: body(&request["postData"]),
        },
        started,
        time: Duration::from_secs_f64(time / 1000.0),
        page: entry["pageref"].as_str(),
        resource: entry["_resourceType"].as_str().unwrap_or_default(),
        status: response["status"].as_u64().unwrap_or(0),
        headers: headers(&response["headers"]),
        kind: content["mimeType"]
            .as_str()
            .unwrap_or_default()
            .to_ascii_lowercase(),
        text: content["text"]
            .as_str()
            .filter(|_| content.get("encoding").is_none())
            .unwrap_or_default(),
    })
}

fn headers(list: &Value) -> Vec<(String, String)> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(|h| {
            Some((
                h["name"].as_str()?.to_owned(),
                h["value"].as_str()?.to_owned(),
            ))
        })
        .collect()
}

fn body(post: &Value) -> Option<Payload> {
    let kind = post["mimeType"].as_str().unwrap_or_default();
    let params = post["params"]
        .as_array()
        .filter(|params| !params.is_empty());
    if let Some(params) = params.filter(|_| kind.starts_with("multipart/")) {
        let text = |param: &Value, key: &str| param[key].as_str().map(str::to_owned);
        let part = |p: &Value| {
            Some((
                text(p, "name")?,
                text(p, "value").unwrap_or_default(),
                text(p, "fileName"),
                text(p, "contentType"),
            ))
        };
        return Some(Payload::Parts(params.iter().filter_map(part).collect()));
    }
    post["text"]
        .as_str()
        .map(|text| Payload::Text(kind.to_owned(), text.to_owned()))
}

impl Entry<'_> {
    /// Whether it is the document of a page.
    pub(super) fn is_page(&self) -> bool {
        self.resource == "document" || (self.resource.is_empty() && self.kind.contains("html"))
    }

    /// Whether it is of the web, and not of a browser's own.
    pub(super) fn is_http(&self) -> bool {
        matches!(self.sent.url.scheme(), "http" | "https")
    }

    pub(super) fn ended(&self) -> Option<Duration> {
        Some(self.started? + self.time)
    }

    /// Why the entry is no part of the journey.
    pub(super) fn left_out(&self, host: &str) -> Option<String> {
        let own = self.sent.url.host_str().unwrap_or_default();
        let path = self.sent.url.path().to_ascii_lowercase();
        let asset = ["image/", "font/", "audio/", "video/", "text/css"]
            .iter()
            .any(|kind| self.kind.starts_with(kind))
            || self.kind.contains("javascript");
        match () {
            () if !self.is_http() || self.resource == "websocket" => {
                Some("a WebSocket; write a step with `websocket:`".into())
            }
            () if self.resource == "eventsource" => {
                Some("an event stream; write a step with `stream:`".into())
            }
            () if !same_site(own, host) => Some(format!("to another site, {}", line(own, 80))),
            () if self.sent.method == "OPTIONS" => {
                Some("preflights, which browsers send by themselves".into())
            }
            () if ASSETS.contains(&self.resource)
                || asset
                || ENDINGS.iter().any(|end| path.ends_with(end)) =>
            {
                Some("assets: images, styles, scripts, fonts".into())
            }
            () if self.status < 100 => Some("never answered".into()),
            () => None,
        }
    }

    /// What must hold, as it held when it was recorded.
    pub(super) fn checks(&self) -> Vec<String> {
        // Nothing is sent that could be answered with "not modified".
        let status = if self.status == 304 { 200 } else { self.status };
        let mut checks = vec![format!("status == {status}")];
        if !(200..300).contains(&status) || self.text.is_empty() {
            return checks;
        }
        if self.kind.contains("json") {
            let begins = self.text.trim_start().chars().next();
            let what = match begins {
                Some('{') => "json $ is an object",
                Some('[') => "json $ is a list",
                _ => return checks,
            };
            checks.push(what.into());
        } else if self.kind.contains("html") {
            checks.push("header content-type starts with \"text/html\"".into());
        }
        checks
    }

    /// A line for the first request of a page.
    pub(super) fn page_title(&self, root: &Value) -> Option<String> {
        let id = self.page?;
        let page = root["log"]["pages"]
            .as_array()?
            .iter()
            .find(|page| page["id"].as_str() == Some(id))?;
        let title = page["title"].as_str().filter(|title| !title.is_empty())?;
        // Without its query: what people searched for, and tokens, stand there.
        let title = title.split(['?', '#']).next().unwrap_or_default();
        (!crate::import::secret::is_value(title)).then(|| line(title, 100))
    }
}

/// Whether a host is the site's own: the same, above or below it.
fn same_site(host: &str, site: &str) -> bool {
    let bare = |host: &str| host.trim_start_matches("www.").to_ascii_lowercase();
    let (host, site) = (bare(host), bare(site));
    let below = |a: &str, b: &str| b.contains('.') && a.ends_with(&format!(".{b}"));
    host == site || below(&host, &site) || below(&site, &host)
}
