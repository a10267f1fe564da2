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
    /// Files that were asked for.
    files: Vec<PathBuf>,
    /// Variables that were asked for and are set.
    asked: Vec<String>,
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
            files: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Reads on in a file of another folder.
    pub(in crate::scenario) fn turn(&mut self, folder: &Path) {
        if self.folder != folder {
            folder.clone_into(&mut self.folder);
        }
    }

    /// A file, by its path relative to the file that names it.
    pub(in crate::scenario) fn file(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.folder.join(name);
        self.files.push(path.clone());
        std::fs::read(path)
    }

    /// A variable that is set.
    pub(in crate::scenario) fn variable(&mut self, name: &str) -> Option<String> {
        let value = self.variables.get(name)?;
        self.asked.push(name.to_owned());
        Some(value.clone())
    }

    /// The files that were asked for.
    pub(in crate::scenario) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The variables that were asked for and are set.
    pub(in crate::scenario) fn asked(&self) -> &[String] {
        &self.asked
    }
}

impl fmt::Debug for Outside {
    /// The folder only: any value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outside({})", self.folder.display())
    }
}
