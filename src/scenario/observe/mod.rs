//! What is read beside the load. In: `observe:`; out: pages with the values wanted of each, and a Prometheus server.
//! Invariant: every value has a name of its own, and every address is one that can be asked.

mod selector;

pub use selector::{Selector, Test, labels};

use super::loading::Loading;
use super::names::identifier;
use super::vocabulary::{HEALTH, METRICS, OBSERVE, PROMETHEUS};
use crate::expr::{Expression, Scope};
use crate::source::{Fields, Kind, Node, Spanned};
use http::{HeaderName, HeaderValue};
use std::time::Duration;
use url::Url;

/// The shortest time from one reading to the next.
const LEAST: Duration = Duration::from_millis(100);

/// What is read beside the load, and how often.
#[derive(Debug, Clone)]
pub struct Observe {
    /// From one reading to the next.
    pub every: Duration,
    /// The pages that are read while the load goes.
    pub pages: Vec<Page>,
    /// The Prometheus server that is asked after the run.
    pub prometheus: Option<Prometheus>,
}

/// A page, and what is wanted of it.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it is.
    pub at: Address,
    /// What is wanted; never empty.
    pub values: Vec<Observed>,
}

/// Somebody who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Where.
    pub url: Url,
    /// What is said beside the question.
    pub headers: Vec<(HeaderName, String)>,
}

/// A value with its name.
#[derive(Debug, Clone)]
pub struct Observed {
    /// What budgets call it.
    pub name: String,
    /// As written.
    pub text: String,
    /// What is read.
    pub what: Reading,
}

/// What is read of a page.
#[derive(Debug, Clone)]
pub enum Reading {
    /// A metric in the text format of Prometheus.
    Metric(Selector),
    /// A field of JSON.
    Field(Box<Expression>),
}

/// A Prometheus server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prometheus {
    /// Its address; the path of its API stands behind this one's.
    pub at: Address,
    /// How long it has to read the end of the run before it is asked.
    pub wait: Duration,
    /// Expressions by name, as written.
    pub values: Vec<(String, String)>,
}

impl Observe {
    /// The names of all values.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let pages = self.pages.iter().flat_map(|page| &page.values);
        let asked = self.prometheus.iter().flat_map(|server| &server.values);
        let names = pages.map(|value| value.name.as_str());
        names.chain(asked.map(|(name, _)| name.as_str()))
    }
}

/// Fields of a page are read without variables.
struct NoNames;

impl Scope for NoNames {
    fn slot(&mut self, _: &str) -> Option<usize> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Reads `observe:`; addresses may be relative to the target.
pub(super) fn read(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    target: Option<&Spanned<Url>>,
) -> Option<Observe> {
    let target = target.map(|target| &target.value);
    let node = fields.get("observe")?;
    let fields = loading.reader.object(node, &OBSERVE)?;
    let every = fields.get("every").and_then(|node| interval(loading, node));
    let mut names = Vec::new();
    let mut pages = Vec::new();
    for (key, shape) in [("metrics", &METRICS), ("health", &HEALTH)] {
        let items = fields.get(key).map(|node| loading.reader.list(node));
        for item in items.unwrap_or_default() {
            let Some(fields) = loading.reader.object(item, shape) else {
                continue;
            };
            let at = address(loading, &fields, target);
            let values = values(loading, &fields, &mut names);
            let values = values.into_iter();
            let values: Vec<Observed> = values
                .filter_map(|(name, node)| observed(loading, key, name, node))
                .collect();
            pages.extend(at.map(|at| Page { at, values }));
        }
    }
    let server = fields.get("prometheus");
    let prometheus = server.and_then(|node| prometheus(loading, node, &mut names));
    if fields.iter().all(|(key, _)| key.value == "every") {
        let message = "`observe` names nothing that could be read";
        let help = "name a page of `metrics` or `health`, or a `prometheus` server";
        loading.reader.error("T0760", node.span, message, help);
    }
    Some(Observe {
        every: every.unwrap_or(Duration::from_secs(1)),
        pages,
        prometheus,
    })
}

fn interval(loading: &mut Loading<'_>, node: &Node) -> Option<Duration> {
    let every = loading.reader.duration(node)?;
    if every < LEAST {
        let message = "reading so often would be load of its own";
        let help = "write at least `100ms`; `1s` is what is done when nothing is said";
        loading.reader.error("T0762", node.span, message, help);
        return None;
    }
    Some(every)
}

/// Where something is read, from `url:` and `headers:`.
fn address(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    target: Option<&Url>,
) -> Option<Address> {
    let url = at(loading, fields.get("url")?, target);
    let entries = fields
        .get("headers")
        .and_then(|node| loading.reader.map(node, "headers"));
    let mut headers = Vec::new();
    for (key, node) in entries.unwrap_or_default() {
        let text = loading.reader.text(node)?;
        let name = HeaderName::from_bytes(key.value.as_bytes()).ok();
        if let Some(name) = name.filter(|_| HeaderValue::from_str(&text.value).is_ok()) {
            headers.push((name, text.value));
        } else {
            let message = format!("`{}` and its value are no header", key.value);
            let help = "names are letters, digits and `-`; a value is one line";
            loading.reader.error("T0761", key.span, message, help);
        }
    }
    Some(Address { url: url?, headers })
}

fn at(loading: &mut Loading<'_>, node: &Node, target: Option<&Url>) -> Option<Url> {
    let text = loading.reader.text(node)?;
    let url = match target {
        Some(target) if text.value.starts_with('/') => target.join(&text.value),
        _ => Url::parse(&text.value),
    };
    let usable = |url: &Url| {
        let plain = url.username().is_empty() && url.password().is_none();
        matches!(url.scheme(), "http" | "https") && url.has_host() && plain
    };
    let url = url.ok().filter(usable);
    // A path below a target that is broken itself is not a second problem.
    if url.is_none() && !(target.is_none() && text.value.starts_with('/')) {
        let message = "this is no `http://` or `https://` address without credentials";
        let help = "write its whole URL, or a path of the target (`/metrics`); credentials go into `headers:`";
        loading.reader.error("T0761", text.span, message, help);
    }
    url
}

/// Names with what stands behind them; a name that is taken is a problem.
fn values<'n>(
    loading: &mut Loading<'_>,
    fields: &Fields<'n>,
    names: &mut Vec<String>,
) -> Vec<(String, &'n Node)> {
    let entries = fields
        .get("values")
        .and_then(|node| loading.reader.map(node, "values"));
    let entries: Vec<(&Spanned<String>, &Node)> = entries.unwrap_or_default();
    let mut values = Vec::new();
    for (key, node) in entries {
        let (message, help) = if !identifier(&key.value) {
            let help = "letters, digits, `_` and `-`, beginning with a letter: `queue_depth`";
            (format!("`{}` is no name of a value", key.value), help)
        } else if names.contains(&key.value) {
            let help = "give each value a name of its own";
            (format!("`{}` is the name of two values", key.value), help)
        } else {
            names.push(key.value.clone());
            values.push((key.value.clone(), node));
            continue;
        };
        loading.reader.error("T0763", key.span, message, help);
    }
    values
}

fn observed(loading: &mut Loading<'_>, key: &str, name: String, node: &Node) -> Option<Observed> {
    let text = loading.reader.text(node)?;
    let what = if key == "metrics" {
        Selector::parse(&text.value)
            .map(Reading::Metric)
            .map_err(|message| {
                let help = "write a metric and its labels: `jobs{queue=\"mail\"}`";
                (message, help.to_owned())
            })
    } else {
        let path = match text.value.trim() {
            path if path.starts_with('$') => format!("json {path}"),
            other => other.to_owned(),
        };
        Expression::parse(&path, &mut NoNames)
            .map(|e| Reading::Field(Box::new(e)))
            .map_err(|e| {
                let path = format!("write a JSON path: `$.{}`", text.value.trim());
                let told = e.help.filter(|_| text.value.trim().starts_with('$'));
                (e.message, told.unwrap_or(path))
            })
    };
    match what {
        Ok(what) => Some(Observed {
            name,
            text: text.value.trim().to_owned(),
            what,
        }),
        Err((message, help)) => {
            loading.reader.error("T0764", text.span, message, help);
            None
        }
    }
}

/// `prometheus:`: an address, or an address with more.
fn prometheus(
    loading: &mut Loading<'_>,
    node: &Node,
    names: &mut Vec<String>,
) -> Option<Prometheus> {
    if !matches!(node.kind, Kind::Map(_)) {
        let url = at(loading, node, None)?;
        let headers = Vec::new();
        return Some(Prometheus {
            at: Address { url, headers },
            wait: Duration::ZERO,
            values: Vec::new(),
        });
    }
    let fields = loading.reader.object(node, &PROMETHEUS)?;
    let at = address(loading, &fields, None);
    let wait = fields.get("wait").and_then(|n| loading.reader.duration(n));
    let values = values(loading, &fields, names);
    let text = |(name, node): (String, &Node)| {
        let text = loading.reader.text(node)?;
        Some((name, text.value.trim().to_owned()))
    };
    let values = values.into_iter().filter_map(text).collect();
    Some(Prometheus {
        at: at?,
        wait: wait.unwrap_or_default(),
        values,
    })
}
