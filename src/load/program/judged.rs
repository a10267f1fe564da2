//! What is looked at in an answer. In: a request; out: its checks, what it waits for, captures and policies, and their
//! texts. Invariant: the index of whatever fails is its place in that order; policies come last.

use super::{RequestProgram, socket};
use crate::expr::Check;
use crate::record::Masker;
use crate::scenario::policy::{Level, Policy};
use crate::scenario::{Capture, Request};

/// The text of the check that a step without one on the status gets.
const IMPLICIT: &str = "status < 400";

impl RequestProgram {
    /// What can fail, in the order in which it is looked at: the implicit check, the checks, what is waited for, the
    /// captures.
    pub(super) fn check_texts(&self, masker: &Masker) -> Vec<String> {
        let implicit = match (self.stream(), self.talks()) {
            (Some(_), _) => socket::IMPLICIT_STREAM,
            (None, true) => socket::IMPLICIT,
            (None, false) => IMPLICIT,
        };
        let implicit = self.implicit_status.then(|| implicit.to_owned());
        let checks = self.source.checks.iter().map(|c| c.value.text().to_owned());
        let awaited = self.awaited().map(|c| c.text().to_owned());
        let captures = self
            .source
            .captures
            .iter()
            .map(|c| format!("capture {}: {}", c.name, c.expression.text()));
        implicit
            .into_iter()
            .chain(checks)
            .chain(awaited)
            .chain(captures)
            .chain(self.said())
            .map(|text| masker.text(&text, &[]))
            .collect()
    }

    /// The lines of the first of those: the implicit check stands at the step, and so do those behind the checks.
    pub(super) fn check_lines(&self) -> Vec<usize> {
        let written = &self.source.written;
        let implicit = self.implicit_status.then_some(written.line);
        let checks = written.checks.iter().copied();
        implicit.into_iter().chain(checks).collect()
    }

    /// Whether a status passes where the step has no check on it, and what it must be.
    pub(in crate::load) fn implicit(&self, status: u16) -> (bool, &'static str) {
        if self.stream().is_some() {
            (status == 200, "== 200")
        } else if self.talks() {
            (status == 101, "== 101")
        } else {
            (status < 400, "< 400")
        }
    }

    /// How much of it was looked at where this failed; in a smoke test every check of the answer, and every policy.
    pub(in crate::load) fn looked(&self, index: usize, smoke: bool) -> usize {
        let checks = self.handshake_checks() - self.source.captures.len();
        match index {
            _ if !smoke => index + 1,
            _ if index < checks => checks,
            _ if index < self.checked() => index + 1,
            _ => self.checked() + self.source.policies.len(),
        }
    }

    /// How much of what can fail is about the answer, not about messages behind it.
    pub(super) fn handshake_checks(&self) -> usize {
        let checks = self.source.checks.len() + self.awaited().count();
        usize::from(self.implicit_status) + checks + self.source.captures.len()
    }

    pub(in crate::load) fn checks(&self) -> impl Iterator<Item = &Check> {
        self.source.checks.iter().map(|c| &c.value)
    }

    /// Whether the check with this index is what a poll waits for.
    pub(in crate::load) fn awaits(&self, index: usize) -> bool {
        let first = usize::from(self.implicit_status) + self.source.checks.len();
        (first..first + self.awaited().count()).contains(&index)
    }

    /// What a poll waits for.
    pub(in crate::load) fn awaited(&self) -> impl Iterator<Item = &Check> {
        let until = self.source.until.iter();
        until.flat_map(|u| u.checks.iter().map(|c| &c.value))
    }

    pub(in crate::load) fn captures(&self) -> &[Capture] {
        &self.source.captures
    }

    /// Whether policies look at its answers, or compare others with them.
    pub(in crate::load) fn is_policed(&self) -> bool {
        self.source.remembered || !self.source.policies.is_empty()
    }

    /// How many things can fail before the policies.
    pub(in crate::load) fn checked(&self) -> usize {
        self.handshake_checks() + self.said().count()
    }
}

/// A policy as records name it, and whether it only warns.
pub(super) fn named(policy: &Policy) -> (String, bool) {
    (policy.word.to_owned(), policy.level == Level::Warn)
}

/// The step whose policy sends a request, among those of its flow, which begins at `first`.
pub(super) fn compared(
    request: &Request,
    before: &[RequestProgram],
    first: usize,
) -> Option<usize> {
    let of = request.probe.as_ref()?;
    let own = before.get(first..)?;
    Some(first + own.iter().rposition(|r| r.source.name == *of)?)
}
