//! What holds where a step stands. In: `defaults:` and the keys of flows and blocks; out: [`Here`], handed down from
//! step to step. Invariant: what is inherited is compiled where it is used, and told where it stands.

use super::request::{Headers, Packing};
use super::step::{Retry, retry};
use crate::scenario::loading::Loading;
use crate::scenario::policy::{self, Policy};
use crate::scenario::vocabulary::DEFAULTS;
use crate::source::{Fields, Node};
use std::rc::Rc;
use std::time::Duration;

/// What holds for every step that says nothing else.
#[derive(Debug)]
pub(super) struct Defaults<'a> {
    pub(super) timeout: Duration,
    pub(super) redirects: u32,
    pub(super) headers: Headers<'a>,
    pub(super) retry: Retry,
    pub(super) packing: Packing,
}

/// What holds where a step stands.
#[derive(Debug, Clone)]
pub(in crate::scenario) struct Here<'a> {
    pub(super) defaults: Rc<Defaults<'a>>,
    /// `auth:` of the flow, or of `defaults`.
    pub(super) auth: Option<&'a Node>,
    /// Policies of the scenario and of the flow.
    pub(super) policies: Vec<Policy>,
    /// Tags of the flow and of the blocks around.
    pub(super) tags: Vec<String>,
    /// What the names of steps begin with: `admin: `.
    pub(super) prefix: String,
    /// Requests are sent at the same time.
    pub(super) in_group: bool,
}

impl<'a> Here<'a> {
    /// Reads `defaults:`; 10 s, no redirects and no retries where it says nothing.
    pub(in crate::scenario) fn read(loading: &mut Loading<'a>, node: Option<&'a Node>) -> Self {
        let mut defaults = Defaults {
            timeout: Duration::from_secs(10),
            redirects: 0,
            headers: Headers::default(),
            retry: Retry::default(),
            packing: Packing::default(),
        };
        let mut auth = None;
        if let Some(fields) = node.and_then(|node| loading.reader.object(node, &DEFAULTS)) {
            defaults.timeout = timeout(loading, &fields).unwrap_or(defaults.timeout);
            defaults.redirects = redirects(loading, &fields).unwrap_or(defaults.redirects);
            defaults.headers = Headers::read(loading, fields.get("headers"));
            defaults.packing = Packing::read(loading, &fields, &defaults.headers);
            defaults.retry = retry(loading, &fields).unwrap_or_default();
            auth = fields.get("auth");
        }
        Self {
            defaults: Rc::new(defaults),
            auth,
            policies: Vec::new(),
            tags: Vec::new(),
            prefix: String::new(),
            in_group: false,
        }
    }

    /// The same with the `policies:` of the scenario.
    pub(super) fn watched(&self, loading: &mut Loading<'a>, fields: &Fields<'a>) -> Self {
        let policies = policy::read(loading, fields, &[]);
        Self {
            policies,
            ..self.clone()
        }
    }

    /// The same with the `tags:` and the `auth:` of a flow or a block.
    pub(super) fn inside(&self, loading: &mut Loading<'a>, fields: &Fields<'a>) -> Self {
        let mut inside = self.clone();
        inside.tags = self.tags(loading, fields);
        inside.policies = policy::read(loading, fields, &self.policies);
        inside.auth = fields.get("auth").or(self.auth);
        inside
    }

    /// The tags of a step, those around it included.
    pub(super) fn tags(&self, loading: &mut Loading<'_>, fields: &Fields<'_>) -> Vec<String> {
        let mut tags = self.tags.clone();
        let items = fields.get("tags").map(|node| loading.reader.list(node));
        for item in items.unwrap_or_default() {
            if let Some(text) = loading.reader.text(item)
                && loading.label(&text.value, text.span, "a tag")
                && !tags.contains(&text.value)
            {
                tags.push(text.value);
            }
        }
        tags
    }
}

/// `timeout:`; `None` where there is none, or it is wrong and told.
pub(super) fn timeout(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Duration> {
    let node = fields.get("timeout")?;
    let timeout = loading.reader.duration(node)?;
    if timeout.is_zero() {
        let help = "write how long a request may take: `10s`";
        loading
            .reader
            .error("T0419", node.span, "nothing answers within no time", help);
        return None;
    }
    Some(timeout)
}

/// `redirects:`; `None` where there is none, or it is wrong and told.
pub(super) fn redirects(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<u32> {
    const MOST: u32 = 50;
    let node = fields.get("redirects")?;
    let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
    if text == "off" {
        return Some(0);
    }
    if !loading.plain_digits(node) {
        return None;
    }
    let limit = text.parse().ok().filter(|limit| *limit <= MOST);
    if limit.is_none() {
        let message = format!("expected `off` or how many redirects to follow, at most {MOST}");
        loading.reader.error(
            "T0420",
            node.span,
            message,
            "write `off` or a number such as `5`",
        );
    }
    limit
}
