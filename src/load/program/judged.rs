//! What is looked at in an answer. In: a request; out: its checks, what it waits for, captures and policies, and their
//! texts. Invariant: the index of whatever fails is its place in that order; policies come last.

use super::RequestProgram;
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
        let implicit = self.implicit_status.then(|| IMPLICIT.to_owned());
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
            .map(|text| masker.text(&text, &[]))
            .collect()
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
        usize::from(self.implicit_status)
            + self.source.checks.len()
            + self.awaited().count()
            + self.source.captures.len()
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
