//! What no output may show. In: the names under `secrets:` and what was asked of the environment; out: the
//! values to mask, and whether a scalar holds one. Invariant: a value that a declared secret took anywhere
//! in the file is masked, its default included.

use super::{Resolver, Use};
use crate::source::{Diagnostic, Node, Reader, Source, Span, Spanned};
use std::fmt;
use std::sync::Arc;

/// Shorter values appear in texts by chance: such a secret is recognised by its `${NAME}` alone.
const TELLING: usize = 4;

/// A value that is masked in every output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The environment variable.
    pub name: String,
    /// Its value, never empty.
    pub value: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.name)
    }
}

/// The secrets of one file and the scalars that hold them.
#[derive(Debug, Default)]
pub(in crate::scenario) struct Secrets {
    values: Vec<Secret>,
    places: Vec<(Span, String)>,
}

impl Secrets {
    /// Finds the values of the declared names; one that is neither used nor set is a problem.
    pub(in crate::scenario) fn new(
        declared: &[Spanned<String>],
        resolver: &Resolver<'_>,
        reader: &mut Reader<'_>,
    ) -> Self {
        let mut secrets = Self::default();
        for Spanned { value: name, span } in declared {
            let uses: Vec<&Use> = resolver.uses().iter().filter(|u| u.name == *name).collect();
            for usage in &uses {
                secrets.places.push((usage.span, name.clone()));
                if let Some((value, _)) = &usage.found {
                    secrets.add(name, value);
                }
            }
            match resolver.value(name) {
                Some((value, _)) => secrets.add(name, value),
                None if uses.is_empty() => reader.error(
                    "T0703",
                    *span,
                    format!("the secret `{name}` is not set and has no default"),
                    format!("set the environment variable `{name}`, or add it to `.env` beside the scenario"),
                ),
                None => {}
            }
        }
        secrets
    }

    /// The secret that a scalar holds, by its `${NAME}` or by its value.
    pub(in crate::scenario) fn found_in(&self, node: &Node) -> Option<&str> {
        let by_place = self.places.iter().find(|(span, _)| *span == node.span);
        let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
        let by_value = || {
            let held = |s: &&Secret| s.value.len() >= TELLING && text.contains(&s.value);
            self.values
                .iter()
                .find(held)
                .map(|secret| secret.name.as_str())
        };
        by_place.map(|(_, name)| name.as_str()).or_else(by_value)
    }

    /// Takes the values out of the words of a problem and out of the file that it shows.
    pub(in crate::scenario) fn mask(&self, problem: &mut Diagnostic) {
        for Secret { value, .. } in &self.values {
            problem.message = problem.message.replace(value, "***");
            problem.help = problem.help.take().map(|help| help.replace(value, "***"));
            if value.len() >= TELLING && problem.source.text.contains(value) {
                // As long as before, so that places stay true.
                let text = problem.source.text.replace(value, &"*".repeat(value.len()));
                problem.source = Arc::new(Source::new(problem.source.name.as_str(), text));
            }
        }
    }

    /// The values to mask, longest first so that one inside another is masked whole.
    pub(in crate::scenario) fn into_values(mut self) -> Vec<Secret> {
        self.values
            .sort_by_key(|secret| std::cmp::Reverse(secret.value.len()));
        self.values
    }

    /// Takes a value for a secret that nobody declared.
    pub(in crate::scenario) fn hide(&mut self, name: &str, value: &str) {
        self.add(name, value);
    }

    fn add(&mut self, name: &str, value: &str) {
        let secret = Secret {
            name: name.into(),
            value: value.into(),
        };
        if !value.is_empty() && !self.values.contains(&secret) {
            self.values.push(secret);
        }
    }
}
