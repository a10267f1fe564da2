//! One request. In: a step with a method; out: a [`Request`] that renders without looking anything up.
//! Invariant: what it renders as URL is plain ASCII that can be sent, and holds no secret.

mod auth;
mod body;
mod coding;
mod conversation;
mod graphql;
mod headers;
mod name;
pub(in crate::scenario) mod probes;
mod response;
mod stream;
mod url;

pub use auth::{Auth, OAuth2, bearer};
pub use body::{Body, Multipart, Part, PartValue};
pub use coding::Coding;
pub(super) use coding::Packing;
use conversation::turn;
pub use conversation::{Conversation, Listen, Send, Turn, Wait};
pub(super) use headers::Headers;
pub use response::Capture;
pub(super) use response::checks;
pub use stream::{Framing, Stream};

use super::here::{redirects, timeout};
use super::step::{Retry, Until, retry, until};
use super::{Here, trail};
use crate::expr::{Check, Context, Member, Template};
use crate::scenario::loading::Loading;
use crate::scenario::policy::{self, Policy, Rule};
use crate::scenario::vocabulary::BODIES;
use crate::source::{Diagnostic, Fields, Node, Source, Span, Spanned};
use auth::Told;
use body::render_pairs;
use http::{HeaderName, Method, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::time::Duration;

/// Where a step is written: in the scenario, or in a file that it includes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The file, as it is named in messages.
    pub file: String,
    /// The 1-based line of the step.
    pub line: usize,
    /// Those of its checks.
    pub checks: Vec<usize>,
}

impl Written {
    fn of(source: &Source, span: Span, checks: &[Spanned<Check>]) -> Self {
        let line = |span: Span| source.position(span.start).0;
        Self {
            file: source.place(span).0.to_owned(),
            line: line(span),
            checks: checks.iter().map(|check| line(check.span)).collect(),
        }
    }
}

/// One request and what is done with its response.
#[derive(Debug, Clone)]
pub struct Request {
    /// As reports and budgets name it: fixed text, unique within the flow.
    pub name: String,
    /// Where the name stands; the URL where the step has none.
    pub name_span: Span,
    /// Where the step stands.
    pub span: Span,
    /// The same for reports.
    pub written: Written,
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
    /// How the body is packed before it is sent; `content-encoding` is among the headers then.
    pub compress: Option<Coding>,
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
    /// The parts of variables that rendering reads: where one is not there it cannot be sent either.
    pub members: Vec<Member>,
    /// Whether a check or a capture looks at the body, so that it must be kept.
    pub needs_body: bool,
    /// Names for parts of budgets, those of its flow included; `slow` keeps it out of latency budgets without a part.
    pub tags: Vec<String>,
    /// Authentication that is worked out for each request.
    pub auth: Option<Auth>,
    /// The header that `auth:` sets.
    pub key: Option<HeaderName>,
    /// Sent again until something holds.
    pub until: Option<Until>,
    /// Sent again when it failed.
    pub retry: Retry,
    /// What must hold of its answers beside the checks.
    pub policies: Vec<Policy>,
    /// The step whose policy sends it, in smoke tests only; `None` for steps of the file.
    pub probe: Option<String>,
    /// A request of a policy is compared with its answer.
    pub remembered: bool,
    /// What is said over the WebSocket that it opens.
    pub conversation: Option<Box<Conversation>>,
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

/// Where a request goes, and what it carries.
struct Outgoing {
    method: Method,
    url: Option<Template>,
    query: Option<Vec<(String, Template)>>,
    headers: Vec<(HeaderName, Template)>,
    body: Option<Body>,
    compress: Option<Coding>,
    auth: Option<Auth>,
    key: Option<HeaderName>,
}

/// Reads a step whose only verb sends a request.
pub(super) fn read<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    verb: &str,
    here: &Here<'a>,
) -> Option<Request> {
    let (method, target) = target(loading, fields, verb)?;
    let name = name::read(loading, fields, (verb, &method, &target), here);
    let mut outgoing = outgoing(loading, fields, (verb, method, &target), here);
    let timeout = timeout(loading, fields).unwrap_or(here.defaults.timeout);
    let redirects = match verb {
        "websocket" => 0,
        _ => redirects(loading, fields).unwrap_or(here.defaults.redirects),
    };
    let retry = retry(loading, fields).unwrap_or(here.defaults.retry);
    let mut checks = checks(loading, fields);
    if verb == "graphql" {
        checks.splice(0..0, graphql::checks(loading, fields));
    }
    let until = until(loading, fields);
    let tags = here.tags(loading, fields);
    let mut captures = response::captures(loading, fields);
    let policies = policy::read(loading, fields, &here.policies);
    let judged = (&mut checks, &mut captures);
    let headers = &mut outgoing.headers;
    let conversation = talk(loading, fields, (verb, timeout), (judged, headers));
    let (name, name_span) = name?;
    let polled = until.iter().flat_map(|until| &until.checks);
    let needs_body = checks.iter().chain(polled).any(|c| c.value.needs_body())
        || captures.iter().any(|c| c.expression.needs_body())
        || policies.iter().any(Policy::needs_body);
    let (reads, members) = (outgoing.reads(), outgoing.members());
    let mut request = Request {
        name,
        name_span,
        span: fields.span,
        written: Written::of(loading.reader.source(), fields.span, &checks),
        method: outgoing.method,
        url: outgoing.url?,
        query: outgoing.query?,
        headers: outgoing.headers,
        body: outgoing.body?,
        compress: outgoing.compress,
        captures,
        checks,
        timeout,
        redirects,
        reads,
        members,
        needs_body,
        tags,
        auth: outgoing.auth,
        key: outgoing.key,
        until,
        retry,
        policies,
        probe: None,
        remembered: false,
        conversation: conversation.ok()?.map(Box::new),
    };
    offer(&mut request);
    Some(request)
}

/// What is said behind the answer, or followed there; of a stream, what a step checks and captures is of its events.
fn talk<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    (verb, timeout): (&str, Duration),
    ((checks, captures), headers): (Judged<'_>, &mut Vec<(HeaderName, Template)>),
) -> Result<Option<Conversation>, Broken> {
    match verb {
        "websocket" => conversation::read(loading, fields, timeout)
            .map(Some)
            .ok_or(Broken),
        "stream" => {
            let of_events = (std::mem::take(checks), std::mem::take(captures));
            let stream = stream::read(loading, fields, timeout, of_events).ok_or(Broken)?;
            stream.ask(loading, fields, headers);
            checks.extend(stream.media_type(loading, fields));
            Ok(Some(Conversation::follow(stream)))
        }
        _ => Ok(None),
    }
}

/// It was there, and its problems have been told.
struct Broken;

/// What is looked at in an answer.
type Judged<'a> = (&'a mut Vec<Spanned<Check>>, &'a mut Vec<Capture>);

/// `compressed` is about answers to requests that can read them.
fn offer(request: &mut Request) {
    let compressed = |policy: &Policy| matches!(policy.rule, Rule::Compressed(_));
    let own = |(name, _): &(HeaderName, Template)| *name == header::ACCEPT_ENCODING;
    if request.policies.iter().any(compressed) && !request.headers.iter().any(own) {
        probes::set(request, header::ACCEPT_ENCODING, "gzip");
    }
}

/// The method, and the node that says where it goes.
fn target(loading: &mut Loading<'_>, fields: &Fields<'_>, verb: &str) -> Option<(Method, Node)> {
    let node = fields.get(verb)?;
    let method = match verb {
        "send" => return any_method(loading, node),
        "graphql" => Method::POST,
        "websocket" | "stream" => Method::GET,
        _ => Method::from_bytes(verb.to_uppercase().as_bytes()).ok()?,
    };
    Some((method, node.clone()))
}

/// `PURGE /cache/x`.
fn any_method(loading: &mut Loading<'_>, node: &Node) -> Option<(Method, Node)> {
    let text = loading.reader.text(node)?.value;
    let (word, path) = text
        .split_once(char::is_whitespace)
        .unwrap_or((text.as_str(), ""));
    let upper = word.bytes().all(|b| !b.is_ascii_lowercase());
    let method = Method::from_bytes(word.as_bytes())
        .ok()
        .filter(|m| upper && *m != Method::CONNECT);
    let (Some(method), false) = (method, path.trim().is_empty()) else {
        let message = "expected a method in capitals and where to send it";
        let help = "write `send: PURGE /cache/x`; tunnels (CONNECT) cannot be tested";
        loading.reader.error("T0444", node.span, message, help);
        return None;
    };
    let start = text.len() - path.trim_start().len();
    let span = node.inner(loading.reader.source(), start..text.trim_end().len());
    let kind = crate::source::Kind::Scalar(crate::source::Scalar {
        text: path.trim().into(),
        plain: false,
    });
    Some((method, Node { span, kind }))
}

fn outgoing<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    (verb, method, target): (&str, Method, &Node),
    here: &Here<'a>,
) -> Outgoing {
    let url = url::url(loading, target, verb == "websocket");
    let graphql = verb == "graphql";
    let mut query = if graphql {
        Some(Vec::new())
    } else {
        url::query(loading, fields)
    };
    let own = Headers::read(loading, fields.get("headers"));
    let mut headers = own.compile(loading, &here.defaults.headers);
    let body = if graphql {
        graphql::body(loading, fields)
    } else {
        body::read(loading, fields)
    };
    pointless_body(loading, fields, &method);
    if let Some(body) = &body {
        media_type(loading, body, &own, &mut headers);
    }
    let has_body = body.as_ref().is_none_or(Body::is_some);
    if let (false, Some((span, _))) = (has_body, fields.entry("compress")) {
        let message = "`compress` means nothing here: the request has no body";
        loading.reader.error("T0407", span, message, "remove it");
    }
    let packing = Packing::read(loading, fields, &own);
    let compress = packing.apply(&here.defaults.packing, (&own, has_body), &mut headers);
    let (mut computed, mut key) = (None, None);
    match auth::read(loading, fields, &own, here) {
        Told::Nothing => {}
        Told::Header(name, value) => {
            headers.retain(|(known, _)| *known != name);
            headers.push((name.clone(), value));
            key = Some(name);
        }
        Told::Query(name, value) => query
            .iter_mut()
            .for_each(|q| q.push((name.clone(), value.clone()))),
        Told::Computed(auth) => {
            headers.retain(|(known, _)| *known != header::AUTHORIZATION);
            computed = Some(auth);
        }
    }
    Outgoing {
        method,
        url,
        query,
        headers,
        body,
        compress,
        auth: computed,
        key,
    }
}

impl Outgoing {
    /// The slots that rendering reads, each once.
    fn reads(&self) -> Vec<usize> {
        let mut reads: Vec<usize> = self.templates().flat_map(Template::slots).collect();
        reads.extend(self.body.iter().flat_map(Body::slots));
        reads.sort_unstable();
        reads.dedup();
        reads
    }

    /// The parts of variables that rendering reads.
    fn members(&self) -> Vec<Member> {
        let mut members: Vec<Member> = self
            .templates()
            .flat_map(Template::members)
            .cloned()
            .collect();
        members.extend(self.body.iter().flat_map(Body::members).cloned());
        members
    }

    /// All templates but those of the body.
    fn templates(&self) -> impl Iterator<Item = &Template> {
        let query = self.query.iter().flatten().map(|(_, value)| value);
        let headers = self.headers.iter().map(|(_, value)| value);
        let templates = self.url.iter().chain(query).chain(headers);
        templates.chain(self.auth.iter().flat_map(Auth::templates))
    }
}

/// Adds `content-type` where the step has none. That of a multipart body holds its boundary, so no other will do.
fn media_type(
    loading: &mut Loading<'_>,
    body: &Body,
    own: &Headers<'_>,
    headers: &mut Vec<(HeaderName, Template)>,
) {
    let Some(kind) = body.media_type() else {
        return;
    };
    if matches!(body, Body::Multipart(_)) {
        if let Some(span) = own.get(&header::CONTENT_TYPE) {
            let message =
                "the content type of a multipart body holds its boundary and is set for you";
            loading.reader.error("T0446", span, message, "remove it");
        }
        headers.retain(|(name, _)| *name != header::CONTENT_TYPE);
    }
    if !headers
        .iter()
        .any(|(name, _)| *name == header::CONTENT_TYPE)
    {
        headers.push((header::CONTENT_TYPE, Template::literal(&kind)));
    }
}

fn pointless_body(loading: &mut Loading<'_>, fields: &Fields<'_>, method: &Method) {
    let sent = BODIES.iter().find_map(|key| fields.entry(key));
    if let (true, Some((span, _))) = (matches!(*method, Method::GET | Method::HEAD), sent) {
        let message = format!("servers ignore or refuse the body of a {method} request");
        let warning = Diagnostic::warning("T0413", loading.reader.source(), span, message)
            .help("use `post:`, or `query:` for parameters");
        loading.reader.push(warning);
    }
}
