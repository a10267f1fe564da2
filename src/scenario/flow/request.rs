//! One request. In: a step with a method; out: a [`Request`] that renders without looking anything up.
//! Invariant: what it renders as URL is plain ASCII that can be sent, and holds no secret.

use super::body::{self, Body, render_pairs};
use super::headers::Headers;
use super::step::{Defaults, redirects, timeout};
use crate::expr::{Check, Context, Expression, Template};
use crate::scenario::load::Loading;
use crate::scenario::names::identifier;
use crate::scenario::settings::has_credentials;
use crate::scenario::vocabulary::CAPTURE;
use crate::source::{Diagnostic, Fields, Kind, Node, Span, Spanned};
use http::{HeaderName, Method, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::time::Duration;
use url::Url;

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
}

/// A value kept from a response.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The variable.
    pub name: String,
    /// Its slot.
    pub slot: usize,
    /// Where the value is found.
    pub expression: Expression,
    /// Masked in every output.
    pub secret: bool,
    /// Where the name stands.
    pub span: Span,
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

fn url(loading: &mut Loading<'_>, node: &Node) -> Option<Template> {
    let text = loading.reader.text(node)?;
    if let Some((code, message, help)) = wrong_url(&text.value) {
        loading.reader.error(code, node.span, message, help);
        return None;
    }
    let template = loading.template(node)?;
    no_secret(loading, node, &template)?;
    Some(template)
}

/// What is wrong with a URL as written: code, message and fix.
fn wrong_url(text: &str) -> Option<(&'static str, String, String)> {
    let fixed = without_templates(text);
    if fixed.contains('#') {
        let message = "the part behind `#` is never sent to a server";
        return Some((
            "T0405",
            message.into(),
            "remove it, or write `%23` for the character".into(),
        ));
    }
    if text.starts_with("//") {
        let help = "write one `/` for a path, or the scheme too: `https://…`";
        return Some((
            "T0405",
            "a URL that begins with `//` has no scheme".into(),
            help.into(),
        ));
    }
    if text.starts_with('/') || text.trim_start().starts_with("{{") {
        return None;
    }
    if let Some((scheme, _)) = text.split_once("://") {
        if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
            let message = format!("`{scheme}:` is not a scheme that can be tested");
            return Some((
                "T0405",
                message,
                "write a path, or an `http://` or `https://` URL".into(),
            ));
        }
        return match Url::parse(&fixed) {
            Ok(url) if has_credentials(&url) => Some((
                "T0706",
                "this URL holds credentials".into(),
                "send them in a header and keep them under `secrets:`".into(),
            )),
            Err(error) if fixed == text => Some((
                "T0405",
                format!("not a URL: {error}"),
                "write `https://host/path`".into(),
            )),
            Ok(_) | Err(_) => None,
        };
    }
    let help = format!("write `/{}`", text.trim());
    Some((
        "T0405",
        "a path begins with `/`, and an absolute URL with `http://` or `https://`".into(),
        help,
    ))
}

/// The text with every `{{ … }}` cut out.
fn without_templates(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        out.push_str(before);
        rest = behind.split_once("}}").map_or("", |(_, behind)| behind);
    }
    out + rest
}

fn query(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Vec<(String, Template)>> {
    let Some(node) = fields.get("query") else {
        return Some(Vec::new());
    };
    let pairs = body::pairs(loading, node, "query")?;
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    let mut values = entries.iter().flat_map(|(_, value)| match &value.kind {
        Kind::List(items) if !items.is_empty() => items.iter().collect(),
        Kind::List(_) => Vec::new(),
        Kind::Scalar(_) | Kind::Map(_) => vec![value],
    });
    let mut clean = true;
    for (_, template) in &pairs {
        clean &= values
            .next()
            .is_none_or(|value| no_secret(loading, value, template).is_some());
    }
    clean.then_some(pairs)
}

/// URLs stand in logs of servers, proxies and browsers, where no mask of ours reaches.
fn no_secret(loading: &mut Loading<'_>, node: &Node, template: &Template) -> Option<()> {
    let captured = loading.names.secret_among(template.slots()).map(|name| {
        format!("the secret variable `{name}` stands in a URL, which servers and proxies log")
    });
    let declared = loading
        .secrets
        .found_in(node)
        .map(|name| format!("the secret `{name}` stands in a URL, which servers and proxies log"));
    let Some(message) = declared.or(captured) else {
        return Some(());
    };
    loading.reader.error(
        "T0704",
        node.span,
        message,
        "send it in a header or in the body",
    );
    None
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

fn checks(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Vec<Spanned<Check>> {
    let items = fields
        .get("check")
        .map(|node| loading.reader.list(node))
        .unwrap_or_default();
    let mut checks = Vec::new();
    for item in items {
        if let Some(check) = one_text(loading, item, "T0422", "a check")
            .and_then(|node| loading.compile(node, "T0312", Check::parse))
        {
            checks.push(Spanned::new(check, item.span));
        }
    }
    checks
}

fn captures(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Vec<Capture> {
    let entries = fields
        .get("capture")
        .and_then(|node| loading.reader.map(node, "capture"));
    let mut read = Vec::new();
    for (name, node) in entries.unwrap_or_default() {
        if !identifier(&name.value) {
            let message = format!("`{}` cannot be used in a template", name.value);
            let help = "name a variable with letters, digits and `_`, and no digit first";
            loading.reader.error("T0417", name.span, message, help);
            continue;
        }
        read.push((name, capture(loading, node)));
    }
    // All of a step's captures become visible together, behind the step.
    read.into_iter()
        .filter_map(|(name, (expression, secret))| {
            let slot = loading.names.capture(&name.value, name.span, secret);
            let expression = expression?;
            Some(Capture {
                name: name.value.clone(),
                slot,
                expression,
                secret,
                span: name.span,
            })
        })
        .collect()
}

/// `expression` or `{ from: expression, secret: true }`.
fn capture(loading: &mut Loading<'_>, node: &Node) -> (Option<Expression>, bool) {
    if !matches!(node.kind, Kind::Map(_)) {
        let node = one_text(loading, node, "T0422", "a capture");
        return (
            node.and_then(|node| loading.compile(node, "T0311", Expression::parse)),
            false,
        );
    }
    let Some(fields) = loading.reader.object(node, &CAPTURE) else {
        return (None, false);
    };
    let secret = fields
        .get("secret")
        .and_then(|node| loading.reader.boolean(node))
        == Some(true);
    let from = fields.get("from");
    (
        from.and_then(|node| loading.compile(node, "T0311", Expression::parse)),
        secret,
    )
}

/// A text that YAML did not take for a list or a map, as it does with `a: b` and `[a, b]` outside quotes.
fn one_text<'n>(
    loading: &mut Loading<'_>,
    node: &'n Node,
    code: &'static str,
    what: &str,
) -> Option<&'n Node> {
    if node.scalar().is_some() {
        return Some(node);
    }
    let message = format!(
        "{what} is one text, and YAML reads {} here",
        node.describe()
    );
    loading
        .reader
        .error(code, node.span, message, "put it into single quotes: `'…'`");
    None
}
