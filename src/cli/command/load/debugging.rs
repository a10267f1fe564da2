//! `tollgate run --debug`. In: calls on their way; out: the same calls, and every request and answer on standard
//! error. Invariant: what is printed is masked and cannot act on the terminal or on a CI system.

use crate::expr::{Facts, Value};
use crate::protocol::{Answer, Call, ClientStats, Exchange, Keep, Location, Protocol, Session};
use crate::record::{Masker, Message, proofs};
use crate::report::log_line;
use crate::scenario::{Capture, Scenario};
use crate::units::{format_bytes, format_duration};
use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::time::Instant;

/// Characters of a body that are printed.
const BODY: usize = 4_096;

/// What is known of the steps: names, and captures that are secret.
#[derive(Debug)]
pub(super) struct Steps {
    target: String,
    named: Vec<(String, Vec<Capture>)>,
    masker: Masker,
}

impl Steps {
    pub(super) fn new(scenario: &Scenario, masker: Masker) -> Self {
        let steps = scenario.every_flow().flat_map(|flow| {
            flow.requests().map(|request| {
                let secret = request.captures.iter().filter(|c| c.secret).cloned();
                (format!("{}/{}", flow.name, request.name), secret.collect())
            })
        });
        Self {
            target: scenario.target.value.as_str().trim_end_matches('/').into(),
            named: steps.collect(),
            masker,
        }
    }
}

/// A protocol that tells what it carries.
pub(super) struct Debugging<P> {
    pub(super) inner: P,
    pub(super) steps: Arc<Steps>,
    /// What was captured as secret so far.
    pub(super) secrets: RefCell<Vec<String>>,
}

impl<P: Protocol> Protocol for Debugging<P> {
    async fn call(&self, call: &Call, session: &mut Session, now: Instant) -> Exchange {
        // Nobody else may want the body.
        let whole = Call {
            keep_body: Keep::Whole,
            ..call.clone()
        };
        let exchange = self.inner.call(&whole, session, now).await;
        if let Ok(answer) = &exchange.result {
            self.learn(call.step, answer);
        }
        eprint!("{}", self.text((call, session.cookies()), &exchange));
        exchange
    }

    async fn open_ahead(&self, connections: u64) {
        self.inner.open_ahead(connections).await;
    }

    fn stats(&self) -> ClientStats {
        self.inner.stats()
    }
}

impl<P> Debugging<P> {
    /// Keeps the secrets that this answer gives to the step's captures.
    fn learn(&self, step: usize, answer: &Answer) {
        let Some((_, captures)) = self.steps.named.get(step) else {
            return;
        };
        let facts = Facts::new(answer.status.as_u16(), &answer.headers, "")
            .with_body(&answer.body, answer.received);
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(0);
        let values = captures
            .iter()
            .filter_map(|c| c.expression.evaluate(&facts, &mut dice).ok());
        let values: Vec<String> = values.map(|v: Value| v.text().into_owned()).collect();
        self.secrets.borrow_mut().extend(values);
    }

    fn text(&self, (call, cookies): (&Call, Option<&str>), exchange: &Exchange) -> String {
        let known = self.secrets.borrow();
        let sent = proofs(call.headers.iter(), cookies).map(Cow::Owned);
        let captured = known.iter().map(|s| s.as_str().into());
        let secrets: Vec<Cow<'_, str>> = captured.chain(sent).collect();
        let mask = |text: &str| self.steps.masker.text(text, &secrets);
        let url = match &call.url {
            Location::Target(path) => format!("{}{path}", self.steps.target),
            Location::Elsewhere(url) => url.to_string(),
        };
        let mut out = String::new();
        let step = self.steps.named.get(call.step);
        if let Some((label, _)) = step {
            line(&mut out, '*', label);
        }
        line(&mut out, '>', &mask(&format!("{} {url}", call.method)));
        let cookies = cookies.map(|line| ("cookie", line.as_bytes()));
        let headers = call.headers.iter().chain(cookies);
        lines(
            &mut out,
            '>',
            &self
                .steps
                .masker
                .excerpt(headers, call.readable(), (&secrets, BODY)),
        );
        let took = format_duration(exchange.done - exchange.sent);
        match &exchange.result {
            Ok(answer) => {
                line(
                    &mut out,
                    '<',
                    &format!("{} after {took}{}", answer.status, phases(exchange)),
                );
                if let Some(url) = answer.redirected_to() {
                    line(&mut out, '<', &mask(&format!("from {url}")));
                }
                lines(
                    &mut out,
                    '<',
                    &self.steps.masker.excerpt(
                        answer.headers.iter(),
                        &answer.body,
                        (&secrets, BODY),
                    ),
                );
            }
            Err(problem) => {
                let said = format!("{} after {took}: {}", problem.failure, problem.detail);
                line(&mut out, '!', &mask(&said));
            }
        }
        out
    }
}

/// The parts of the time, where they are known.
fn phases(exchange: &Exchange) -> String {
    let first = exchange.first_byte.map(|at| at - exchange.sent);
    let mut said = String::new();
    for (name, part) in [
        ("wait", exchange.wait),
        ("dns", exchange.dns),
        ("connect", exchange.connect),
        ("tls", exchange.tls),
        ("written", exchange.write()),
        ("first byte", first),
    ] {
        if let Some(part) = part {
            write!(said, ", {name} {}", format_duration(part)).ok();
        }
    }
    let answer = exchange.result.as_ref().ok();
    let packed = answer.filter(|answer| answer.decoded != Some(answer.received));
    if let Some((answer, decoded)) = packed.and_then(|answer| Some((answer, answer.decoded?))) {
        let (wire, plain) = (format_bytes(answer.received), format_bytes(decoded));
        write!(said, ", {wire} unpacked to {plain}").ok();
    }
    said
}

fn lines(out: &mut String, mark: char, message: &Message) {
    for (name, value) in &message.headers {
        line(out, mark, &format!("{name}: {value}"));
    }
    if !message.body.is_empty() {
        line(out, mark, "");
        for part in message.body.lines() {
            line(out, mark, part);
        }
    }
    if message.cut {
        line(out, mark, &format!("(cut at {BODY} characters)"));
    }
}

fn line(out: &mut String, mark: char, text: &str) {
    writeln!(out, "{mark} {}", log_line(text)).ok();
}
