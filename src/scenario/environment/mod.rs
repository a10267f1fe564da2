//! Where values from outside come from. In: `-e K=V`, the process environment and the `.env` file beside the
//! scenario, in this order of precedence; out: the tree with the chosen environment laid over it, and `${NAME}` and
//! `${NAME:-default}` filled in.
//! Invariant: a variable that is not set is a problem with a place, never an empty text.

mod dotenv;
mod expand;
mod outside;
pub(super) mod overlay;
mod provenance;
mod secret;

pub(super) use dotenv::beside;
pub(super) use expand::{Resolver, Use};
pub(super) use outside::Outside;
pub use provenance::Setting;
pub(super) use provenance::settings;
pub use secret::Secret;
pub(super) use secret::Secrets;

use std::collections::BTreeMap;
use std::fmt;
use url::Url;

/// What a scenario may ask for by `${NAME}`.
#[derive(Clone, Default)]
pub struct Environment {
    given: BTreeMap<String, String>,
    process: BTreeMap<String, String>,
    target: Option<Url>,
    chosen: Option<String>,
}

/// Where the value of an environment variable came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `-e NAME=value`.
    Given,
    /// The process environment.
    Process,
    /// The `.env` file beside the scenario.
    File,
    /// The default in `${NAME:-default}`.
    Default,
}

/// One variable that a scenario asked for. The value is not kept: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The variable's name.
    pub name: String,
    /// Where its value came from.
    pub origin: Origin,
}

impl Environment {
    /// Nothing but what [`Environment::with`] adds (and `.env`).
    pub fn empty() -> Self {
        Self::default()
    }

    /// The environment of this process. Variables that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        let text = |os: std::ffi::OsString| os.into_string().ok();
        let process = std::env::vars_os()
            .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
            .collect();
        Self {
            process,
            ..Self::default()
        }
    }

    /// Adds `-e name=value`, which wins over everything else.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.given.insert(name.into(), value.into());
        self
    }

    /// Takes `--target`, which wins over `target:` in the file.
    #[must_use]
    pub fn with_target(mut self, target: Url) -> Self {
        self.target = Some(target);
        self
    }

    /// Chooses one of the file's `environments:`, as `--env` does.
    #[must_use]
    pub fn with_chosen(mut self, name: impl Into<String>) -> Self {
        self.chosen = Some(name.into());
        self
    }

    /// Splits the `NAME=value` of `-e`.
    ///
    /// # Errors
    /// What is wrong with it and how to write it.
    pub fn assignment(text: &str) -> Result<(String, String), String> {
        match text.split_once('=') {
            Some((name, value)) if is_name(name) => Ok((name.into(), value.into())),
            Some((name, _)) => Err(format!(
                "`{name}` is not the name of a variable; use letters, digits and `_`"
            )),
            None => Err(format!("`{text}` has no value; write `{text}=value`")),
        }
    }

    pub(super) fn target(&self) -> Option<&Url> {
        self.target.as_ref()
    }

    fn all(&self, file: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut all = file.clone();
        for from in [&self.process, &self.given] {
            all.extend(
                from.iter()
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
        }
        all
    }

    /// A variable of this process, whatever `-e` and `.env` say.
    pub(super) fn of_the_process(&self, name: &str) -> Option<&str> {
        self.process.get(name).map(String::as_str)
    }

    #[cfg(test)]
    pub(super) fn with_process(mut self, name: &str, value: &str) -> Self {
        self.process.insert(name.into(), value.into());
        self
    }

    pub(super) fn chosen(&self) -> Option<&str> {
        self.chosen.as_deref()
    }

    fn lookup<'a>(
        &'a self,
        name: &str,
        file: &'a BTreeMap<String, String>,
    ) -> Option<(&'a str, Origin)> {
        [
            (&self.given, Origin::Given),
            (&self.process, Origin::Process),
            (file, Origin::File),
        ]
        .into_iter()
        .find_map(|(from, origin)| Some((from.get(name)?.as_str(), origin)))
    }
}

impl fmt::Debug for Environment {
    /// Names only: any value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("given", &self.given.keys())
            .field("process", &self.process.len())
            .field("target", &self.target.as_ref().map(Url::as_str))
            .field("chosen", &self.chosen)
            .finish()
    }
}

/// Whether a text can name an environment variable.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_need_a_name_and_a_value() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(Environment::assignment("A=b=c"), pair("A", "b=c"));
        assert_eq!(Environment::assignment("_A1="), pair("_A1", ""));
        assert!(
            Environment::assignment("A")
                .unwrap_err()
                .contains("A=value")
        );
        assert!(Environment::assignment("1A=b").is_err());
        assert!(Environment::assignment("=b").is_err());
    }

    #[test]
    fn what_is_given_wins_over_the_process_over_the_file() {
        let file = BTreeMap::from([("A", "file"), ("B", "file"), ("C", "file")].map(owned));
        let mut environment = Environment::empty().with("A", "given");
        environment.process = BTreeMap::from([("A", "process"), ("B", "process")].map(owned));
        assert_eq!(
            environment.lookup("A", &file),
            Some(("given", Origin::Given))
        );
        assert_eq!(
            environment.lookup("B", &file),
            Some(("process", Origin::Process))
        );
        assert_eq!(environment.lookup("C", &file), Some(("file", Origin::File)));
        assert_eq!(environment.lookup("D", &file), None);
        assert!(
            !format!("{environment:?}").contains("given\""),
            "values stay out"
        );
    }

    fn owned((name, value): (&str, &str)) -> (String, String) {
        (name.into(), value.into())
    }
}
