//! The scenario as the hot path wants it. In: a [`Scenario`]; out: a [`Program`] shared by all workers: steps with
//! an index, everything without a template rendered once. Invariant: nothing that can be decided before the run
//! is decided for each request.

use crate::expr::{Check, Context, Template};
use crate::protocol::{Call, Headers, Location};
use crate::record::{Layout, Limit, Masker, StepLayout};
use crate::scenario::{Body, Capture, Connections, Feeder, Request, Scenario, Step, Think};
use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderName, Method};
use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::borrow::Cow;
use std::ops::Range;
use std::time::{Duration, SystemTime};
use url::Url;

/// The text of the check that a step without one on the status gets.
const IMPLICIT: &str = "status < 400";
const AGENT: &str = concat!("tollgate/", env!("CARGO_PKG_VERSION"));

/// A scenario, ready to be run by any number of workers.
#[derive(Debug)]
pub struct Program {
    pub(super) target: Url,
    pub(super) flows: Vec<FlowProgram>,
    pub(super) requests: Vec<RequestProgram>,
    pub(super) feeders: Vec<Feeder>,
    pub(super) variables: usize,
    /// Slots whose values are secret once captured.
    pub(super) secret_slots: Vec<usize>,
    layout: Layout,
}

#[derive(Debug)]
pub(super) struct FlowProgram {
    pub(super) share: f64,
    pub(super) steps: Vec<Op>,
    /// Its requests among all of them.
    pub(super) requests: Range<usize>,
    /// Feeders that it reads.
    pub(super) feeders: Vec<usize>,
}

/// One step.
#[derive(Debug)]
pub(super) enum Op {
    Think(Think),
    /// Index of a request.
    Request(usize),
}

/// A request with its constant parts rendered.
#[derive(Debug)]
pub(super) struct RequestProgram {
    pub(super) source: Request,
    /// What is the same every time; everything where nothing has a template.
    ready: Call,
    /// The URL in full, where it has no template.
    url: Option<String>,
    body: bool,
    templates: Vec<(HeaderName, Template)>,
    /// The step has no check on the status, so anything from 400 on fails it.
    pub(super) implicit_status: bool,
}

/// Why a request could not be built from its templates: a captured value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unsendable(pub(super) String);

impl Program {
    /// Compiles a scenario. `limits` are, per request step, the latency limits to count exactly; `masker` keeps
    /// secrets out of the texts of checks, which every report repeats.
    pub fn new(scenario: &Scenario, limits: &[Vec<Limit>], masker: &Masker) -> Self {
        let total: f64 = scenario.flows.iter().map(|f| f.weight).sum();
        let mut requests = Vec::new();
        let mut flows = Vec::new();
        let mut layout = Layout::default();
        for (index, flow) in scenario.flows.iter().enumerate() {
            let first = requests.len();
            let mut steps = Vec::with_capacity(flow.steps.len());
            for step in &flow.steps {
                match step {
                    Step::Think(think) => steps.push(Op::Think(*think)),
                    Step::Request(request) => {
                        steps.push(Op::Request(requests.len()));
                        let program = RequestProgram::new(requests.len(), request, scenario);
                        layout.steps.push(StepLayout {
                            flow: index,
                            name: request.name.clone(),
                            label: format!("{}/{}", flow.name, request.name),
                            line: scenario.source.position(request.span.start).0,
                            checks: program.check_texts(masker),
                            limits: limits.get(requests.len()).cloned().unwrap_or_default(),
                        });
                        requests.push(program);
                    }
                }
            }
            let feeders = flow.feeders.clone();
            flows.push(FlowProgram {
                share: flow.weight / total,
                steps,
                requests: first..requests.len(),
                feeders,
            });
            layout.flows.push(flow.name.clone());
        }
        let secret_slots = requests
            .iter()
            .flat_map(|r: &RequestProgram| &r.source.captures)
            .filter(|c| c.secret)
            .map(|c| c.slot)
            .collect();
        Self {
            target: scenario.target.value.clone(),
            flows,
            requests,
            feeders: scenario.data.clone(),
            variables: scenario.variables.len(),
            secret_slots,
            layout,
        }
    }

    /// Whether any request may go to the target: those to whole URLs need no connections to it.
    pub(super) fn uses_target(&self) -> bool {
        let elsewhere = |r: &RequestProgram| matches!(r.ready.url, Location::Elsewhere(_));
        !self.requests.iter().all(elsewhere)
    }

    /// The longest timeout of a request.
    pub(super) fn longest_timeout(&self) -> Duration {
        self.requests
            .iter()
            .map(|r| r.source.timeout)
            .max()
            .unwrap_or_default()
    }

    /// What recorders must know.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl RequestProgram {
    fn new(step: usize, request: &Request, scenario: &Scenario) -> Self {
        let location = literal_location(request);
        let mut headers = Headers::default();
        let mut templates = Vec::new();
        let own = |name: &HeaderName| request.headers.iter().any(|(own, _)| own == name);
        if let Some(Location::Target(_)) = &location
            && !own(&HOST)
        {
            headers.add(&HOST, &host(&scenario.target.value));
        }
        for (name, value) in [(USER_AGENT, AGENT), (ACCEPT, "*/*")] {
            if !own(&name) {
                headers.add(&name, value);
            }
        }
        for (name, template) in &request.headers {
            let added = template.as_literal().is_some_and(|v| headers.add(name, v));
            if !added {
                templates.push((name.clone(), template.clone()));
            }
        }
        if scenario.connections == Connections::PerRequest {
            headers.remove(&[CONNECTION]);
            headers.add(&CONNECTION, "close");
        }
        let body = literal_body(&request.body);
        let url = location
            .as_ref()
            .map(|l| in_full(l, &scenario.target.value));
        Self {
            source: request.clone(),
            ready: Call {
                step,
                method: request.method.clone(),
                url: location.unwrap_or(Location::Target(PathAndQuery::from_static("/"))),
                headers,
                body: body
                    .map(|text| Bytes::from(text.to_owned()))
                    .unwrap_or_default(),
                timeout: request.timeout,
                redirects: request.redirects,
                keep_body: request.needs_body,
            },
            url,
            body: body.is_some(),
            templates,
            implicit_status: !request.checks.iter().any(|c| c.value.tests_status()),
        }
    }

    /// What can fail, in the order in which it is looked at: the implicit check, the checks, the captures.
    fn check_texts(&self, masker: &Masker) -> Vec<String> {
        let implicit = self.implicit_status.then(|| IMPLICIT.to_owned());
        let checks = self.source.checks.iter().map(|c| c.value.text().to_owned());
        let captures = self
            .source
            .captures
            .iter()
            .map(|c| format!("capture {}: {}", c.name, c.expression.text()));
        implicit
            .into_iter()
            .chain(checks)
            .chain(captures)
            .map(|text| masker.text(&text, &[]))
            .collect()
    }

    pub(super) fn checks(&self) -> impl Iterator<Item = &Check> {
        self.source.checks.iter().map(|c| &c.value)
    }

    pub(super) fn captures(&self) -> &[Capture] {
        &self.source.captures
    }

    /// Renders the request for one user; only what has templates is made anew.
    pub(super) fn call<'a>(
        &'a self,
        cx: &mut Context<'_>,
        buffer: &mut String,
    ) -> Result<Cow<'a, Call>, Unsendable> {
        let request = &self.source;
        if let Some(slot) = request
            .reads
            .iter()
            .find(|slot| cx.variables[**slot].is_missing())
        {
            return Err(Unsendable(format!("variable number {slot} has no value")));
        }
        let mut call = Cow::Borrowed(&self.ready);
        if self.url.is_none() {
            buffer.clear();
            request.render_url(cx, buffer);
            call.to_mut().url = locate(buffer)?;
        }
        for (name, template) in &self.templates {
            buffer.clear();
            template.render(cx, buffer);
            if !call.to_mut().headers.add(name, buffer) {
                return Err(Unsendable(format!(
                    "the value of header `{name}` has characters that headers cannot carry"
                )));
            }
        }
        if !self.body {
            buffer.clear();
            request.body.render(cx, buffer);
            call.to_mut().body = Bytes::copy_from_slice(buffer.as_bytes());
        }
        Ok(call)
    }

    /// What stands for a request that could not be rendered.
    pub(super) fn unrendered(&self) -> Cow<'_, Call> {
        Cow::Owned(Call {
            method: Method::GET,
            url: Location::Target(PathAndQuery::from_static("/")),
            headers: Headers::default(),
            body: Bytes::new(),
            ..self.ready.clone()
        })
    }

    /// The URL of a call of this request.
    pub(super) fn url<'a>(&'a self, call: &Call, target: &Url) -> Cow<'a, str> {
        match &self.url {
            Some(url) => Cow::Borrowed(url),
            None => Cow::Owned(in_full(&call.url, target)),
        }
    }
}

/// A location as a URL.
fn in_full(location: &Location, target: &Url) -> String {
    match location {
        Location::Target(path) => format!("{}{path}", target.as_str().trim_end_matches('/')),
        Location::Elsewhere(url) => url.to_string(),
    }
}

/// The value of the `host` header for a target.
fn host(target: &Url) -> String {
    let host = target.host_str().unwrap_or_default();
    match target.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The location of a request without templates in it.
fn literal_location(request: &Request) -> Option<Location> {
    let constant = request
        .query
        .iter()
        .all(|(_, value)| value.as_literal().is_some());
    if !constant || request.url.as_literal().is_none() {
        return None;
    }
    let mut context = Context {
        variables: &[],
        rng: &mut Xoshiro256PlusPlus::seed_from_u64(0),
        user: 0,
        iteration: 0,
        now: SystemTime::now,
    };
    let mut text = String::new();
    request.render_url(&mut context, &mut text);
    locate(&text).ok()
}

fn literal_body(body: &Body) -> Option<&str> {
    match body {
        Body::None => Some(""),
        Body::Json(template) => template.as_literal(),
        Body::Text(template) => template.as_literal(),
        Body::Form(_) => None,
    }
}

/// A path at the target, or a whole URL.
fn locate(text: &str) -> Result<Location, Unsendable> {
    if text.starts_with("http://") || text.starts_with("https://") {
        let url = text
            .parse()
            .map_err(|e| Unsendable(format!("the URL cannot be read: {e}")))?;
        return Ok(Location::Elsewhere(Box::new(url)));
    }
    text.parse::<PathAndQuery>()
        .map(Location::Target)
        .map_err(|e| Unsendable(format!("the path cannot be sent: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_whole_urls_are_told_apart() {
        assert!(matches!(locate("/a?b=1"), Ok(Location::Target(path)) if path == "/a?b=1"));
        assert!(matches!(locate("http://a.b/c"), Ok(Location::Elsewhere(_))));
        assert!(locate("http://").is_err());
        assert!(
            locate("").is_err() || matches!(locate(""), Ok(Location::Target(path)) if path == "/")
        );
    }
}
