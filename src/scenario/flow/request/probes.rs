//! Requests that policies send beside their step. In: a request with all its policies; out: the same with those that
//! look at its answers, and the requests of the others. Invariant: each has a fixed name that begins with that of its
//! step, looks at its own answer only, and is for smoke tests.

use super::{Body, Request};
use crate::expr::Template;
use crate::scenario::flow::step::{BlockKind, Retry, Step};
use crate::scenario::flow::trail;
use crate::scenario::loading::Loading;
use crate::scenario::policy::{Cors, Crossing, Policy, Rule};
use crate::source::Fields;
use http::{HeaderName, Method, header};

/// Makes requests of the policies that need some; warns of those that cannot be here.
pub(in crate::scenario::flow) fn apart(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    mut request: Request,
) -> Vec<Request> {
    let (mut asking, looking): (Vec<Policy>, Vec<Policy>) =
        request.policies.drain(..).partition(Policy::probes);
    request.policies = looking;
    // Limits last: what comes behind them may be refused.
    asking.sort_by_key(|policy| matches!(policy.rule, Rule::RateLimited(_)));
    let mut probes = Vec::new();
    for policy in asking {
        match &policy.rule {
            Rule::Uptime if request.method == Method::GET => {
                request.remembered = true;
                let mut head = probe(&request, "head", policy);
                head.method = Method::HEAD;
                probes.push(head);
            }
            Rule::Uptime => misplaced(loading, fields, &request, &policy),
            Rule::Cors(cors) => crossings(&request, (cors, &policy), &mut probes),
            _ => probes.push(probe(&request, "rate limited", policy)),
        }
    }
    for probe in &probes {
        trail::step(loading, &probe.name, probe.name_span);
    }
    let mut all = vec![request];
    all.append(&mut probes);
    all
}

/// Said of the step itself it is a mistake; said of everything it means what it can.
fn misplaced(loading: &mut Loading<'_>, fields: &Fields<'_>, request: &Request, policy: &Policy) {
    let own = fields.get("policies").is_some_and(|node| {
        node.span.start <= policy.span.start && policy.span.end <= node.span.end
    });
    if own {
        let message = format!(
            "`uptime` compares GET and HEAD, and this is {}",
            request.method
        );
        let help = "put it on a step with `get:`";
        loading.reader.error("T0485", policy.span, message, help);
    }
}

/// The same request once more, without what belongs to its step.
fn probe(request: &Request, what: &str, policy: Policy) -> Request {
    Request {
        name: format!("{}: {what}", request.name),
        captures: Vec::new(),
        checks: Vec::new(),
        needs_body: false,
        until: None,
        retry: Retry::default(),
        policies: vec![policy],
        probe: Some(request.name.clone()),
        remembered: false,
        conversation: None,
        ..request.clone()
    }
}

/// For each origin a preflight for each method, and the request itself where sending it again changes nothing.
fn crossings(request: &Request, (cors, policy): (&Cors, &Policy), probes: &mut Vec<Request>) {
    let own = [request.method.clone()];
    let methods = if cors.methods.is_empty() {
        &own[..]
    } else {
        &cors.methods
    };
    let all = cors.allowed.iter().map(|origin| (origin, true));
    for (origin, allowed) in all.chain(cors.refused.iter().map(|origin| (origin, false))) {
        let look = |preflight| Policy {
            rule: Rule::Crossing(Crossing {
                origin: origin.clone(),
                allowed,
                preflight,
                credentials: cors.credentials,
            }),
            ..policy.clone()
        };
        for method in methods {
            let what = format!("preflight {method} from {origin}");
            let mut preflight = probe(request, &what, look(Some(method.clone())));
            preflight.method = Method::OPTIONS;
            preflight.body = Body::None;
            preflight.auth = None;
            preflight.redirects = 0;
            preflight.headers = [
                (header::ORIGIN, origin.as_str()),
                (header::ACCESS_CONTROL_REQUEST_METHOD, method.as_str()),
            ]
            .map(|(name, value)| (name, Template::literal(value)))
            .into();
            probes.push(preflight);
        }
        if request.method.is_safe() {
            let mut itself = probe(request, &format!("origin {origin}"), look(None));
            set(&mut itself, header::ORIGIN, origin);
            probes.push(itself);
        }
    }
}

/// Sets a header to a fixed value.
pub(super) fn set(request: &mut Request, name: HeaderName, value: &str) {
    request.headers.retain(|(known, _)| *known != name);
    request.headers.push((name, Template::literal(value)));
}

/// Takes the requests of policies out of steps; what is left, and they, with the conditions around them.
pub(in crate::scenario) fn split(steps: Vec<Step>) -> (Vec<Step>, Vec<Step>) {
    let (mut left, mut probes) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Request(request) if request.probe.is_some() => {
                probes.push(Step::Request(request));
            }
            Step::Block(mut block) => {
                let (own, theirs) = split(std::mem::take(&mut block.steps));
                if !theirs.is_empty() {
                    let mut around = block.clone();
                    if matches!(around.kind, BlockKind::Group { .. }) {
                        around.kind = BlockKind::Once;
                    }
                    around.steps = theirs;
                    probes.push(Step::Block(around));
                }
                if !own.is_empty() {
                    block.steps = own;
                    left.push(Step::Block(block));
                }
            }
            step => left.push(step),
        }
    }
    (left, probes)
}

impl Request {
    /// The policy that sends it, where one does.
    pub fn sent_by(&self) -> Option<&Policy> {
        self.probe.as_ref().and(self.policies.first())
    }

    /// How many requests it may take, for a request of `rate limited`.
    pub fn most(&self) -> Option<u64> {
        match &self.sent_by()?.rule {
            Rule::RateLimited(rule) => Some(rule.within),
            _ => None,
        }
    }
}
