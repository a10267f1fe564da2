//! The scenario as the hot path wants it. In: a [`Scenario`]; out: a [`Program`] shared by all workers: steps with
//! an index, everything without a template rendered once. Invariant: nothing that can be decided before the run
//! is decided for each request.

mod judged;
mod location;
mod ops;
mod packing;
mod socket;
mod wanted;

pub(super) use location::{host, locate};
use location::{in_full, literal_location};
pub(super) use ops::{Each, Group, Member, Op, When, rest};

use crate::expr::{Context, Needs, Template, Value};
use crate::protocol::{Call, Headers, Keep, Location, Opens};
use crate::record::{FlowLayout, GroupLayout, Layout, Limit, Masker, StepLayout};
use crate::scenario::policy::{Policy, Rule};
use crate::scenario::{Block, Body, Connections, Feeder, Flow, Request, Retry, Scenario};
use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderName, Method};
use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;
use url::Url;

const AGENT: &str = concat!("tollgate/", env!("CARGO_PKG_VERSION"));

/// A scenario, ready to be run by any number of workers.
#[derive(Debug)]
pub struct Program {
    pub(super) target: Url,
    /// The flows: those of the load, then those outside it.
    pub(super) flows: Vec<FlowProgram>,
    /// How many flows the load has.
    pub(super) load: usize,
    pub(super) outside: Outside,
    pub(super) requests: Vec<RequestProgram>,
    pub(super) feeders: Vec<Feeder>,
    /// Feeders that setup and teardown of a user read: where a user stays, so does its row.
    pub(super) user_feeders: Vec<usize>,
    /// Slot → name.
    pub(super) names: Vec<String>,
    /// Slot → value that every user begins with.
    pub(super) constants: Vec<(usize, Value)>,
    /// Slots whose values are secret once captured.
    pub(super) secret_slots: Vec<usize>,
    /// The share of traces that are kept; `None` where requests carry none.
    pub(super) traced: Option<f64>,
    /// The durations of `Server-Timing` that are kept, all where no name is given; `None` where none are.
    pub(super) timed: Option<Vec<String>>,
    layout: Layout,
}

/// Flows outside the load.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outside {
    pub(super) setup: Option<usize>,
    pub(super) teardown: Option<usize>,
    pub(super) user_setup: Option<usize>,
    pub(super) user_teardown: Option<usize>,
}

#[derive(Debug)]
pub(super) struct FlowProgram {
    pub(super) share: f64,
    pub(super) ops: Vec<Op>,
    /// Its requests among all of them.
    pub(super) requests: Range<usize>,
    /// How many requests one pass is expected to send.
    pub(super) expected: i64,
    /// Feeders that it reads, or that is read around it by setup and teardown of its user.
    pub(super) feeders: Vec<usize>,
}

/// Gathers requests and what recorders must know, flow by flow.
struct Builder<'a> {
    scenario: &'a Scenario,
    limits: &'a [Vec<Limit>],
    masker: &'a Masker,
    flow: Option<&'a Flow>,
    requests: Vec<RequestProgram>,
    /// The flow's first request.
    first: usize,
    layout: Layout,
}

impl<'a> Builder<'a> {
    fn flow(&mut self, flow: &'a Flow, share: f64) -> FlowProgram {
        self.flow = Some(flow);
        self.layout.flows.push(FlowLayout {
            name: flow.name.clone(),
            outside: false,
        });
        let first = self.requests.len();
        self.first = first;
        let mut ops = Vec::new();
        let expected = ops::compile(&flow.steps, self, &mut ops);
        FlowProgram {
            share,
            ops,
            requests: first..self.requests.len(),
            expected,
            feeders: flow.feeders.clone(),
        }
    }

    fn line(&self, start: usize) -> usize {
        self.scenario.source.position(start).0
    }
}

impl ops::Build for Builder<'_> {
    fn request(&mut self, request: &Request) -> usize {
        let index = self.requests.len();
        let mut program = RequestProgram::new(index, request, self.scenario);
        let limits = self.limits.get(index).cloned().unwrap_or_default();
        program.ready.keep_body = packing::keep(request, &limits);
        request.policies.iter().for_each(Policy::prepare);
        program.compared = judged::compared(request, &self.requests, self.first);
        let flow = self.flow.map_or("", |flow| flow.name.as_str());
        self.layout.steps.push(StepLayout {
            flow: self.layout.flows.len() - 1,
            name: request.name.clone(),
            label: format!("{flow}/{}", request.name),
            method: request.method.to_string(),
            line: request.written.line,
            file: Some(request.written.file.clone())
                .filter(|file| *file != self.scenario.source.name),
            tags: request.tags.clone(),
            groups: Vec::new(),
            host: self.scenario.host_of(request),
            checks: program.check_texts(self.masker),
            check_lines: program.check_lines(),
            policies: request.policies.iter().map(judged::named).collect(),
            limits,
        });
        self.requests.push(program);
        index
    }

    fn next(&self) -> usize {
        self.requests.len()
    }

    fn group(&mut self, name: &str, block: &Block, first: usize) -> usize {
        for step in &mut self.layout.steps[first..] {
            step.groups.push(name.to_owned());
        }
        self.layout.groups.push(GroupLayout {
            flow: self.layout.flows.len() - 1,
            name: name.to_owned(),
            line: self.line(block.span.start),
        });
        self.layout.groups.len() - 1
    }
}

/// A request with its constant parts rendered.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent flags")]
pub(super) struct RequestProgram {
    pub(super) source: Request,
    /// What is the same every time; everything where nothing has a template.
    ready: Call,
    /// The URL in full, where it has no template.
    url: Option<String>,
    /// The body, where it has templates.
    body: Option<Body>,
    templates: Vec<(HeaderName, Template)>,
    /// The variables that it reads, in the order of `source.reads`.
    names: Vec<String>,
    /// The step has no check on the status, so anything from 400 on fails it.
    pub(super) implicit_status: bool,
    /// It may take more than one exchange: it polls, retries or must show who it is.
    pub(super) insists: bool,
    /// The step whose answer this one's is compared with.
    pub(super) compared: Option<usize>,
    /// A check or a capture asks for more than status, headers and body.
    pub(super) details: bool,
    /// Somebody asks what caches say of its answers.
    pub(super) counts_cache: bool,
    /// Captured slots whose numbers somebody asks for, and the parts that count them.
    pub(super) numbers: Vec<(usize, usize)>,
}

/// Why a request could not be built from its templates: a captured value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unsendable(pub(super) String);

impl Program {
    /// Compiles a scenario. `limits` are, per request step, the latency limits to count exactly; `masker` keeps
    /// secrets out of the texts of checks, which every report repeats.
    pub fn new(scenario: &Scenario, limits: &[Vec<Limit>], masker: &Masker) -> Self {
        let total: f64 = scenario.flows.iter().map(|f| f.weight).sum();
        let mut builder = Builder {
            scenario,
            limits,
            masker,
            flow: None,
            requests: Vec::new(),
            first: 0,
            layout: Layout::default(),
        };
        let load = scenario.flows.iter();
        let mut flows: Vec<FlowProgram> = load
            .map(|flow| builder.flow(flow, flow.weight / total))
            .collect();
        let [setup, teardown, user_setup, user_teardown] = [
            &scenario.setup,
            &scenario.teardown,
            &scenario.user_setup,
            &scenario.user_teardown,
        ]
        .map(|flow| {
            let program = builder.flow(flow.as_ref()?, 0.0);
            builder.layout.flows[flows.len()].outside = true;
            flows.push(program);
            Some(flows.len() - 1)
        });
        let outside = Outside {
            setup,
            teardown,
            user_setup,
            user_teardown,
        };
        let user_feeders = share_feeders(&mut flows, scenario.flows.len(), outside);
        let (mut requests, layout) = (builder.requests, builder.layout);
        let secret_slots = secret_slots(&requests);
        for request in requests.iter_mut().filter(|r| r.source.redirects > 0) {
            request.confide(&secret_slots, masker);
        }
        Self {
            target: scenario.target.value.clone(),
            load: scenario.flows.len(),
            flows,
            outside,
            requests,
            feeders: scenario.data.clone(),
            user_feeders,
            names: scenario.variables.clone(),
            constants: scenario.constants.clone(),
            secret_slots,
            traced: None,
            timed: None,
            layout,
        }
    }

    /// The shares of the load's flows, of 1.
    pub(super) fn shares(&self) -> impl Iterator<Item = f64> {
        self.flows[..self.load].iter().map(|flow| flow.share)
    }

    /// Whether any request may go to the target on a connection that is kept: those to whole URLs need none to it, and
    /// a WebSocket opens its own.
    pub(super) fn uses_target(&self) -> bool {
        let elsewhere =
            |r: &RequestProgram| r.talks() || matches!(r.ready.url, Location::Elsewhere(_));
        !self.requests.iter().all(elsewhere)
    }

    /// The longest that a step may take: its timeout, or the time of its polls and what the last of them takes.
    pub(super) fn longest_step(&self) -> Duration {
        self.requests
            .iter()
            .map(|RequestProgram { source, .. }| {
                let waits = source.conversation.as_ref();
                let longest = waits.map(|c| c.longest_wait()).unwrap_or_default();
                let once = source.timeout.max(longest);
                let Retry { times, pause } = source.retry;
                source.until.as_ref().map_or(once, |until| {
                    let again = once.saturating_add(pause).saturating_mul(times);
                    until.within.saturating_add(once).saturating_add(again)
                })
            })
            .max()
            .unwrap_or_default()
    }

    /// What recorders must know.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// The slots whose values are secret once captured.
fn secret_slots(requests: &[RequestProgram]) -> Vec<usize> {
    let captures = requests.iter().flat_map(|r| {
        let said = r.source.conversation.iter().flat_map(|c| c.captures());
        r.source.captures.iter().chain(said)
    });
    captures.filter(|c| c.secret).map(|c| c.slot).collect()
}

/// Gives the flows of the load the feeders that setup and teardown of their user read; those feeders.
fn share_feeders(flows: &mut [FlowProgram], load: usize, outside: Outside) -> Vec<usize> {
    let around = [outside.user_setup, outside.user_teardown];
    let around = around.iter().flatten();
    let mut shared: Vec<usize> = around
        .flat_map(|flow| flows[*flow].feeders.clone())
        .collect();
    shared.sort_unstable();
    shared.dedup();
    for flow in &mut flows[..load] {
        let own = flow.feeders.clone();
        let more = shared.iter().filter(|feeder| !own.contains(feeder));
        flow.feeders.extend(more);
    }
    shared
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
        let opens = match &request.conversation {
            Some(conversation) => socket::handshake(conversation, &mut headers),
            None => Opens::Nothing,
        };
        let literal = request.body.literal();
        let body = literal.is_none().then(|| request.body.clone());
        let (literal, plain) = packing::packed(request, literal.unwrap_or_default());
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
                body: literal,
                plain,
                timeout: request.timeout,
                redirects: request.redirects,
                keep_body: Keep::No,
                opens,
            },
            url,
            body,
            templates,
            names: request
                .reads
                .iter()
                .filter_map(|slot| scenario.variables.get(*slot).cloned())
                .collect(),
            insists: request.until.is_some()
                || request.retry.times > 0
                || request.auth.is_some()
                || request.most().is_some(),
            compared: None,
            details: asked(request, |needs| needs.details || needs.certificate),
            numbers: Vec::new(),
            counts_cache: asked(request, |needs| needs.cache)
                || request
                    .policies
                    .iter()
                    .any(|policy| matches!(policy.rule, Rule::Cached(_))),
            implicit_status: request.probe.is_none()
                && !request.checks.iter().any(|c| c.value.tests_status()),
        }
    }

    /// Notes which headers hold secrets, for redirects that lead elsewhere.
    fn confide(&mut self, slots: &[usize], masker: &Masker) {
        let source = &self.source;
        let secret = |value: &Template| {
            value.slots().any(|slot| slots.contains(&slot))
                || value.texts().any(|text| masker.hides(text))
        };
        let own = source.headers.iter().filter(|(_, value)| secret(value));
        for name in own.map(|(name, _)| name).chain(&source.key) {
            self.ready.headers.confide(name);
        }
    }

    /// Renders the request for one user; only what has templates is made anew.
    pub(super) fn call<'a>(
        &'a self,
        cx: &mut Context<'_>,
        buffer: &mut String,
    ) -> Result<Cow<'a, Call>, Unsendable> {
        let request = &self.source;
        let mut reads = request.reads.iter();
        if let Some(at) = reads.position(|slot| cx.variables[*slot].is_missing()) {
            return Err(Unsendable(format!("`{}` has no value", self.names[at])));
        }
        let mut members = request.members.iter();
        if let Some(member) = members.find(|m| m.find(cx.variables).is_none()) {
            return Err(Unsendable(member.lacking(cx.variables)));
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
        if self.talks() && self.stream().is_none() {
            socket::add_key(call.to_mut(), cx.rng);
        }
        if let Some(body) = &self.body {
            let rendered = body.render(cx, buffer);
            let call = call.to_mut();
            (call.body, call.plain) = packing::packed(request, rendered);
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
            plain: None,
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

/// Whether a check or a capture asks for this.
fn asked(request: &Request, wanted: impl Fn(Needs) -> bool) -> bool {
    let polled = request.until.iter().flat_map(|until| &until.checks);
    let checks = request.checks.iter().chain(polled).map(|c| c.value.needs());
    let captures = request.captures.iter().map(|c| c.expression.needs());
    checks.chain(captures).any(wanted)
}

#[cfg(test)]
mod tests;
