//! One request. In: a step with a method; out: a [`Request`] that renders without looking anything up.
//! Invariant: what it renders as URL is plain ASCII that can be sent, and holds no secret.

use super::auth::Auth;
use super::body::{self, Body, render_pairs};
use super::control::{Retry, Until};
use super::headers::Headers;
use super::response::{Capture, captures, checks};
use super::step::{Defaults, redirects, timeout};
use super::url::{query, url};
use crate::expr::{Check, Context, Template};
use crate::scenario::loading::Loading;
use crate::source::{Diagnostic, Fields, Node, Span, Spanned};
use http::{HeaderName, Method, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::time::Duration;

/// One request and what is done with its response.
#[derive(Debug, Clone)]
pub struct Request {
    /// As reports and budgets name it: fixed text, unique within the flow.
    pub name: String,
    /// Where the name stands; the URL where the step has none.
    pub name_span: Span,
    /// Where the step stands.
    pub span: Span,
    /// The method.
    pub method: Method,
    /// Path and query, or an absolute URL; see [`Request::render_url`].
    pub url: Template,
    /// Query parameters to append, not yet encoded.
    pub query: Vec<(String, Template)>,
    /// Header names, each once, with their values; `content-type` is among them where there is a body.
    pub headers: Vec<(HeaderName, Template)>,
    /// The body.
    pub body: Body,
    /// Values to keep from the response.
    pub captures: Vec<Capture>,
    /// What must hold of the response.
    pub checks: Vec<Spanned<Check>>,
    /// From sending to the last byte; above zero.
    pub timeout: Duration,
    /// How many redirects are followed; 0 is none.
    pub redirects: u32,
    /// The slots that rendering reads, each once: without a value for one of them it cannot be sent.
    pub reads: Vec<usize>,
    /// Whether a check or a capture looks at the body, so that it must be kept.
    pub needs_body: bool,
    /// Names for parts of budgets, those of its flow included; `slow` keeps it out of latency budgets without a part.
    pub tags: Vec<String>,
    /// Authentication that is worked out for each request.
    pub auth: Option<Auth>,
    /// Sent again until something holds.
    pub until: Option<Until>,
    /// Sent again when it failed.
    pub retry: Retry,
}

/// What a URL cannot hold as it is. `%` stays: the author may have encoded already.
const NOT_IN_URLS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl Request {
    /// Appends the path and query, or the absolute URL: ASCII, with what URLs cannot hold percent-encoded.
    pub fn render_url(&self, cx: &mut Context<'_>, out: &mut String) {
        let start = out.len();
        self.url.render(cx, out);
        let plain = |b: &u8| b.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(b);
        if !out.as_bytes()[start..].iter().all(plain) {
            let raw = out.split_off(start);
            out.extend(utf8_percent_encode(&raw, NOT_IN_URLS));
        }
        if !self.query.is_empty() {
            out.push(if out[start..].contains('?') { '&' } else { '?' });
            render_pairs(&self.query, cx, out);
        }
    }
}

/// Reads a step whose only verb is a method.
pub(super) fn read(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    verb: &str,
    defaults: &Defaults<'_>,
) -> Option<Request> {
    let target = fields.get(verb)?;
    let method = Method::from_bytes(verb.to_uppercase().as_bytes()).ok()?;
    let name = name(loading, fields, &method, target);
    let url = url(loading, target);
    let query = query(loading, fields);
    let own = Headers::read(loading, fields.get("headers"));
    let mut headers = own.compile(loading, &defaults.headers);
    let body = body::read(loading, fields);
    pointless_body(loading, fields, &method);
    if let Some(kind) = body.as_ref().and_then(Body::media_type)
        && !headers
            .iter()
            .any(|(name, _)| *name == header::CONTENT_TYPE)
    {
        headers.push((header::CONTENT_TYPE, Template::literal(kind)));
    }
    let timeout = timeout(loading, fields).unwrap_or(defaults.timeout);
    let redirects = redirects(loading, fields).unwrap_or(defaults.redirects);
    let checks = checks(loading, fields);
    let captures = captures(loading, fields);
    let (name, name_span) = name?;
    let needs_body = checks.iter().any(|check| check.value.needs_body())
        || captures
            .iter()
            .any(|capture| capture.expression.needs_body());
    let (url, query, body) = (url?, query?, body?);
    let values = query.iter().map(|(_, value)| value);
    let fixed = values.chain(headers.iter().map(|(_, value)| value));
    let mut reads: Vec<usize> = url.slots().chain(fixed.flat_map(Template::slots)).collect();
    reads.extend(body.slots());
    reads.sort_unstable();
    reads.dedup();
    Some(Request {
        name,
        name_span,
        span: fields.span,
        method,
        url,
        query,
        headers,
        body,
        captures,
        checks,
        timeout,
        redirects,
        reads,
        needs_body,
        tags: Vec::new(),
        auth: None,
        until: None,
        retry: Retry::default(),
    })
}

/// `name:`, or method and path where the path is fixed.
fn name(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    method: &Method,
    target: &Node,
) -> Option<(String, Span)> {
    if let Some(node) = fields.get("name") {
        let text = loading.reader.text(node)?;
        if let Some(secret) = loading.secrets.found_in(node) {
            let message =
                format!("the secret `{secret}` stands in a name, which every report shows");
            loading
                .reader
                .error("T0704", node.span, message, "name the step without it");
            return None;
        }
        return loading
            .label(&text.value, text.span, "a step")
            .then_some((text.value, text.span));
    }
    // What is wrong with the URL itself is told where it is read.
    let written = &target.scalar().filter(|_| !target.is_null())?.text;
    if written.contains("{{") {
        let help = "add `name:`, the same for every value, so that reports have one line for it";
        loading.reader.error(
            "T0411",
            target.span,
            "a step with a template in its URL needs a name",
            help,
        );
        return None;
    }
    let path = written.split(['?', '#']).next().unwrap_or_default();
    Some((format!("{method} {path}"), target.span))
}

fn pointless_body(loading: &mut Loading<'_>, fields: &Fields<'_>, method: &Method) {
    let sent = ["json", "form", "text"]
        .iter()
        .find_map(|key| fields.entry(key));
    if let (true, Some((span, _))) = (matches!(*method, Method::GET | Method::HEAD), sent) {
        let message = format!("servers ignore or refuse the body of a {method} request");
        let warning = Diagnostic::warning("T0413", loading.reader.source(), span, message)
            .help("use `post:`, or `query:` for parameters");
        loading.reader.push(warning);
    }
}
