//! What policies find in an answer that passed its checks. In: an exchange; out: a finding of each policy, and the
//! fault where one fails the step. Invariant: a step without policies costs nothing; in a smoke test every answer is
//! looked at, under load the first [`FIRST`] of each step and worker and then one in [`EVERY`].

use crate::expr::{Mismatch, Value};
use crate::load::program::RequestProgram;
use crate::load::user::request::Shot;
use crate::load::user::{Captured, Fault};
use crate::load::worker::Worker;
use crate::protocol::{Answer, Call, Exchange, Location, Protocol};
use crate::record::{PolicyFinding, What};
use crate::scenario::policy::{Earlier, Look, Seen};
use std::time::SystemTime;

/// Answers of a step that each worker looks at before it takes samples.
pub(in crate::load) const FIRST: u64 = 20;
/// Then one in so many.
pub(in crate::load) const EVERY: u64 = 100;

/// What the policies of a step say of one answer.
#[derive(Debug, Default)]
pub(in crate::load::user) struct Policed {
    findings: Vec<PolicyFinding>,
    /// Why the step fails.
    pub(in crate::load::user) fault: Option<Box<Fault>>,
    /// The request is sent once more: the next answer may say.
    pub(in crate::load::user) later: bool,
}

impl<P: Protocol> Worker<P> {
    /// Looks at an answer that passed its checks.
    pub(in crate::load::user) fn police(
        &self,
        variables: &[Value],
        shot: &Shot,
        (call, exchange): (&Call, &Exchange),
        captured: &[Captured],
    ) -> Policed {
        let request = &self.program.requests[shot.step];
        match &exchange.result {
            Ok(answer) if request.is_policed() => {
                self.judge(shot, (call, answer), (variables, captured))
            }
            _ => Policed::default(),
        }
    }

    fn judge(
        &self,
        shot: &Shot,
        (call, answer): (&Call, &Answer),
        (variables, captured): (&[Value], &[Captured]),
    ) -> Policed {
        let request = &self.program.requests[shot.step];
        let mut policed = Policed::default();
        if request.source.remembered {
            let earlier = Earlier::new(answer.status.as_u16(), &answer.headers);
            self.earlier.borrow_mut().insert(shot.step, earlier);
        }
        let policies = &request.source.policies;
        if !self.looks_at(shot.step) {
            policed.findings = vec![PolicyFinding::Unseen; policies.len()];
            return policed;
        }
        let hidden = self.hidden(variables, request, captured);
        let earlier = self.earlier.borrow();
        let earlier = request.compared.and_then(|step| earlier.get(&step));
        let seen = Seen {
            round: shot.round,
            earlier,
            ..self.seen(call, answer)
        };
        for (place, policy) in policies.iter().enumerate() {
            let look = policy.look(&seen);
            policed.later |= look == Look::Later;
            let finding = self.finding(look, &hidden);
            if let PolicyFinding::Fails(words) = &finding {
                let index = request.checked() + place;
                let mismatch = Mismatch {
                    expected: policy.word.to_owned(),
                    actual: words.clone(),
                };
                match &mut policed.fault {
                    None => {
                        let fault = Fault::new(What::Check(index), mismatch);
                        policed.fault = Some(Box::new(fault));
                    }
                    Some(fault) if self.shows_passes() => fault.also.push((index, mismatch)),
                    Some(_) => {}
                }
            }
            policed.findings.push(finding);
        }
        policed
    }

    /// Counts what was found.
    pub(in crate::load::user) fn found(&self, shot: &Shot, policed: Policed) {
        if policed.findings.is_empty() {
            return;
        }
        let mut recorder = self.recorder.borrow_mut();
        for (place, finding) in policed.findings.into_iter().enumerate() {
            recorder.policy((shot.step, place), shot.measured, finding);
        }
    }

    fn looks_at(&self, step: usize) -> bool {
        if self.shows_passes() {
            return true;
        }
        let mut answers = self.answers.borrow_mut();
        if answers.len() <= step {
            answers.resize(step + 1, 0);
        }
        let before = answers[step];
        answers[step] += 1;
        before < FIRST || before.is_multiple_of(EVERY)
    }

    fn seen<'a>(&self, call: &'a Call, answer: &'a Answer) -> Seen<'a> {
        let asked = match &call.url {
            Location::Target(_) => self.program.target.scheme(),
            Location::Elsewhere(url) => url.scheme(),
        };
        let scheme = answer.redirected_to().map_or(asked, |url| url.scheme());
        let mut headers = call.headers.iter();
        Seen {
            https: scheme == "https",
            status: answer.status.as_u16(),
            headers: &answer.headers,
            body: &answer.body,
            size: answer.received,
            offered: headers
                .find(|(name, _)| *name == "accept-encoding")
                .map(|(_, value)| value),
            certificate: answer.certificate.as_deref(),
            now: SystemTime::now(),
            round: 0,
            earlier: None,
        }
    }

    /// The values that no sentence may hold: captured secrets, those of this answer included.
    fn hidden(
        &self,
        variables: &[Value],
        request: &RequestProgram,
        captured: &[Captured],
    ) -> Vec<String> {
        let slots = self.program.secret_slots.iter();
        let known = slots.map(|slot| variables[*slot].text().into_owned());
        let secret = |slot: &usize| {
            request
                .captures()
                .iter()
                .any(|c| c.slot == *slot && c.secret)
        };
        let fresh = captured.iter().filter(|(slot, _)| secret(slot));
        let fresh = fresh.map(|(_, value)| value.text().into_owned());
        known.chain(fresh).collect()
    }

    fn finding(&self, look: Look, hidden: &[String]) -> PolicyFinding {
        let masked = |words: &str| {
            let hidden: Vec<_> = hidden.iter().map(|h| h.as_str().into()).collect();
            self.masker.text(words, &hidden)
        };
        match look {
            Look::Idle => PolicyFinding::Idle,
            Look::Holds | Look::Later => PolicyFinding::Holds,
            Look::Warns(words) => PolicyFinding::Warns(masked(&words)),
            Look::Fails(words) => PolicyFinding::Fails(masked(&words)),
        }
    }
}
