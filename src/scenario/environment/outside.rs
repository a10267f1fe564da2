//! What expressions read while they are compiled. In: the scenario's folder and the environment; out: the bytes
//! of files beside the scenario and the values of variables. Invariant: a declared secret is not there: its
//! value reaches a request by `${NAME}` alone, where it is watched.

use super::Resolver;
use crate::source::Spanned;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Files and variables from outside the scenario.
#[derive(Default)]
pub(in crate::scenario) struct Outside {
    folder: PathBuf,
    variables: BTreeMap<String, String>,
}

impl Outside {
    /// What is there for a scenario in `folder`, without its secrets.
    pub(in crate::scenario) fn new(
        folder: &Path,
        resolver: &Resolver<'_>,
        secrets: &[Spanned<String>],
    ) -> Self {
        let mut variables = resolver.all();
        variables.retain(|name, _| !secrets.iter().any(|secret| secret.value == *name));
        Self {
            folder: folder.to_owned(),
            variables,
        }
    }

    /// A file, by its path relative to the scenario.
    pub(in crate::scenario) fn file(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.folder.join(name))
    }

    /// A variable that is set.
    pub(in crate::scenario) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Outside {
    /// The folder only: any value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outside({})", self.folder.display())
    }
}
