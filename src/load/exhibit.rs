//! Exchanges kept as evidence. In: a call, how it went, what was expected; out: a masked, shortened
//! [`Exhibit`]. Invariant: built only when one is still wanted, since it copies headers and bodies.

mod page;

use self::page::page;
use super::program::Program;
use super::user::{Captured, Heard, Log, with_facts};
use crate::expr::{Facts, Mismatch, Value};
use crate::protocol::{Answer, Call, Exchange};
use crate::record::{
    Exhibit, Failure, Field, Finding, MASK, Masker, Message, Metric, Origin, Said, Sample, What,
    proofs,
};
use crate::scenario::{Body, Multipart, PartValue};
use crate::units::Nanos;
use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::borrow::Cow;

/// Characters that are shown of a message.
const EXCERPT: usize = 512;
/// Characters that are kept of a body that failed in a smoke test.
const WHOLE: usize = 64 << 10;

/// What went wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) what: What,
    pub(super) mismatch: Mismatch,
    /// Further checks that the same answer failed, by index: a smoke test looks at all of them.
    pub(super) also: Vec<(usize, Mismatch)>,
}

impl Fault {
    pub(super) fn new(what: What, mismatch: Mismatch) -> Self {
        let also = Vec::new();
        Self {
            what,
            mismatch,
            also,
        }
    }

    /// The checks that failed: none where something else did.
    fn checks(&self) -> impl Iterator<Item = (usize, &Mismatch)> {
        let first = match self.what {
            What::Check(index) => Some((index, &self.mismatch)),
            What::Failure(_) => None,
        };
        let others = self.also.iter().map(|(index, also)| (*index, also));
        first.into_iter().chain(others)
    }
}

/// What became of one exchange.
#[derive(Debug, Clone, Copy)]
pub(super) enum Case<'a> {
    /// It passed, with these captures.
    Passed(&'a [Captured]),
    /// It failed.
    Failed(&'a Fault),
    /// It failed, and is sent again.
    Again(&'a Fault),
}

impl Case<'_> {
    /// Nothing was sent.
    pub(super) fn unsent(&self) -> bool {
        match self {
            Self::Passed(_) => false,
            Self::Failed(fault) | Self::Again(fault) => matches!(
                fault.what,
                What::Failure(Failure::Unsendable | Failure::Auth)
            ),
        }
    }
}

/// One exchange, and all that says what it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence<'a> {
    pub(super) variables: &'a [Value],
    pub(super) call: &'a Call,
    /// The `cookie` line that the user's jar gave to it.
    pub(super) cookies: Option<&'a str>,
    pub(super) exchange: &'a Exchange,
    /// What was said behind the answer.
    pub(super) heard: Option<&'a Heard>,
    pub(super) sample: &'a Sample,
    /// A smoke test, which looks at every check and keeps what a page says.
    pub(super) smoke: bool,
    /// As much of a failed answer's body is kept as anybody may want to read.
    pub(super) whole: bool,
}

/// The evidence for a case.
pub(super) fn exhibit(
    program: &Program,
    masker: &Masker,
    evidence: Evidence<'_>,
    case: Case<'_>,
) -> Exhibit {
    let (call, sample) = (evidence.call, evidence.sample);
    let secrets = secrets(program, evidence);
    let mask = |text: &str| masker.text(text, &secrets);
    let answer = evidence.exchange.result.as_ref().ok();
    let url = program.requests[call.step].url(call, &program.target);
    let fault = match case {
        Case::Passed(_) => None,
        Case::Failed(fault) | Case::Again(fault) => Some(fault),
    };
    let found = answer.map_or_else(Vec::new, |answer| findings(program, evidence, answer, case));
    let message = masker.message(call.headers.iter(), call.readable(), &secrets);
    Exhibit {
        step: sample.step,
        what: fault.map(|fault| fault.what),
        retried: matches!(case, Case::Again(_)),
        findings: found
            .into_iter()
            .map(|finding| Finding {
                expected: mask(&finding.expected),
                actual: mask(&finding.actual),
            })
            .collect(),
        at: sample.sent,
        took: sample.service(),
        phases: phases(sample),
        expected: fault.map(|fault| mask(&fault.mismatch.expected)),
        actual: fault.map(|fault| mask(&fault.mismatch.actual)),
        request_line: mask(&format!("{} {url}", call.method)),
        request: Message {
            origin: origin(program, call, mask),
            packed: call.plain.is_some(),
            ..with_cookies(message, evidence.cookies, mask)
        },
        status: sample.status,
        response: answer.map(|answer| {
            let most = if evidence.whole { WHOLE } else { EXCERPT };
            masker.excerpt(
                answer.headers.iter(),
                &answer.body,
                (secrets.as_slice(), most),
            )
        }),
        also: fault.map_or_else(Vec::new, |fault| {
            fault.checks().skip(1).map(|c| c.0).collect()
        }),
        page: answer
            .filter(|_| evidence.smoke && fault.is_some())
            .and_then(|answer| page(answer, mask)),
        said: evidence
            .heard
            .map(|heard| said(&heard.log, sample.sent, mask))
            .unwrap_or_default(),
    }
}

/// Where the time of an exchange went.
fn phases(sample: &Sample) -> Vec<(Metric, Nanos)> {
    let phases = Metric::PHASES.into_iter();
    phases
        .filter_map(|metric| Some((metric, metric.value(sample)?)))
        .collect()
}

/// What was captured as secret, and what this very answer would have yielded: checks fail before captures are kept.
fn secrets<'a>(program: &Program, evidence: Evidence<'a>) -> Vec<Cow<'a, str>> {
    let slots = program.secret_slots.iter();
    let known = slots.map(|slot| evidence.variables[*slot].text());
    let yielded = yielded(program, evidence).into_iter().map(Cow::Owned);
    let heard = evidence.heard.into_iter().flat_map(|heard| &heard.captured);
    let heard = heard.filter(|(slot, _)| program.secret_slots.contains(slot));
    let heard = heard.map(|(_, value)| value.text());
    let leaked = leaked(program, evidence).into_iter().map(Cow::Owned);
    let sent = proofs(evidence.call.headers.iter(), evidence.cookies).map(Cow::Owned);
    let all = known.chain(yielded).chain(heard).chain(leaked);
    all.chain(sent).collect()
}

/// What the policies of the step say no output may show of its answer.
fn leaked(program: &Program, evidence: Evidence<'_>) -> Vec<String> {
    let Ok(answer) = &evidence.exchange.result else {
        return Vec::new();
    };
    let policies = &program.requests[evidence.call.step].source.policies;
    let secrets = policies
        .iter()
        .map(|policy| policy.secrets(&answer.headers, &answer.body));
    secrets.flatten().collect()
}

/// The last messages, masked, and then shortened: a secret may stand where they are cut.
fn said(log: &Log, sent: Nanos, mask: impl Fn(&str) -> String) -> Vec<Said> {
    let line = |line: &super::user::Line| {
        let text = mask(&line.text());
        let short: String = text.chars().take(EXCERPT).collect();
        Said {
            sent: line.sent,
            after: line.at.saturating_sub(sent),
            cut: !line.binary && (line.length > line.start.len() || short.len() < text.len()),
            text: short,
        }
    };
    log.lines().map(line).collect()
}

/// The secret captures of the step, evaluated on its answer.
fn yielded(program: &Program, evidence: Evidence<'_>) -> Vec<String> {
    let Ok(answer) = &evidence.exchange.result else {
        return Vec::new();
    };
    let facts = Facts::new(answer.status.as_u16(), &answer.headers, "")
        .with_body(&answer.body, answer.received)
        .with_variables(evidence.variables);
    let captures = program.requests[evidence.call.step]
        .captures()
        .iter()
        .filter(|c| c.secret);
    let mut dice = dice();
    captures
        .filter_map(|c| c.expression.evaluate(&facts, &mut dice).ok())
        .map(|value| value.text().into_owned())
        .collect()
}

/// What the checks wanted and found, as far as they were looked at, and what was captured where all of them held.
fn findings(
    program: &Program,
    evidence: Evidence<'_>,
    answer: &Answer,
    case: Case<'_>,
) -> Vec<Mismatch> {
    let request = &program.requests[evidence.call.step];
    let failed = match case {
        Case::Passed(_) => None,
        Case::Failed(fault) | Case::Again(fault) => match fault.what {
            What::Check(index) => Some((index, fault)),
            // A conversation that broke off: no check is to blame.
            What::Failure(_) => return Vec::new(),
        },
    };
    let status = Mismatch {
        expected: request.implicit(0).1.into(),
        actual: format!("number {}", answer.status.as_u16()),
    };
    let mut all: Vec<Mismatch> = request
        .implicit_status
        .then_some(status)
        .into_iter()
        .collect();
    let mut dice = dice();
    let exchange = (evidence.call, evidence.exchange, answer);
    with_facts(program, evidence.variables, exchange, |facts| {
        let checks = request.checks().chain(request.awaited());
        all.extend(checks.map(|check| check.finding(facts, &mut dice)));
    });
    let captured = match (case, evidence.heard) {
        (Case::Passed(captured), _) => captured,
        (_, Some(heard)) => &heard.captured,
        _ => &[],
    };
    let mut captured = captured.iter();
    for is_capture in request.captures_behind() {
        // What is asked of every message is not asked again.
        let mut actual = "held of every message".to_owned();
        if is_capture {
            let Some((_, value)) = captured.next() else {
                break;
            };
            actual = value.text().chars().take(200).collect();
        }
        let expected = String::new();
        all.push(Mismatch { expected, actual });
    }
    if let Some((index, fault)) = failed {
        let words = |words: &str| Mismatch {
            expected: String::new(),
            actual: words.into(),
        };
        let looked = request.looked(index, evidence.smoke);
        // Policies come behind captures, of which nobody asked what they found.
        all.resize(looked.min(request.checked()), words("captured"));
        all.resize(looked, words("nothing found"));
        for (index, mismatch) in fault.checks() {
            all[index].clone_from(mismatch);
        }
    }
    all
}

fn dice() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(0)
}

/// The request with the cookies of its user, by name: their values are credentials.
fn with_cookies(
    mut request: Message,
    cookies: Option<&str>,
    mask: impl Fn(&str) -> String,
) -> Message {
    let Some(line) = cookies else {
        return request;
    };
    let names = line.split("; ").map(|cookie| {
        let name = cookie.split('=').next().unwrap_or_default();
        format!("{}={MASK}", mask(name))
    });
    let line = names.collect::<Vec<_>>().join("; ");
    let own = request.headers.iter_mut();
    match own
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("cookie"))
    {
        Some((_, value)) => *value = format!("{value}; {line}"),
        None => request.headers.push(("cookie".into(), line)),
    }
    request
}

/// Where a body came from, if it is more than a text.
fn origin(program: &Program, call: &Call, mask: impl Fn(&str) -> String) -> Option<Origin> {
    match &program.requests[call.step].source.body {
        Body::File(_, path) => Some(Origin::File(path.display().to_string())),
        Body::Multipart(multipart) => Some(Origin::Form(fields(multipart, call.readable(), mask))),
        Body::None | Body::Json(_) | Body::Form(_) | Body::Text(_) => None,
    }
}

fn fields(multipart: &Multipart, body: &[u8], mask: impl Fn(&str) -> String) -> Vec<Field> {
    let texts = multipart.texts_in(body);
    let field = |(part, text): (&crate::scenario::Part, Option<String>)| {
        let (value, file) = match &part.value {
            PartValue::Text(_) => (mask(&text.unwrap_or_default()), false),
            PartValue::File(_, path) => (path.display().to_string(), true),
        };
        Field {
            name: part.name.clone(),
            value,
            file,
            filename: part.filename.clone(),
            media_type: part.media_type.clone(),
        }
    };
    multipart.parts().iter().zip(texts).map(field).collect()
}
