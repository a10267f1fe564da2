//! A history in a directory. In: digests and acceptances; out: one file each, and all of them again. Invariant: files
//! are only added (and removed by `prune`), each written beside and renamed, so that two jobs at once are no trouble.

use super::digest::{Digest, Key, Measure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Number of the format that is written. It moves when an older tollgate could misread a file.
pub const FORMAT: u32 = 1;

/// Why a history could not be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The system refused.
    #[error("history {path}: {error}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is something else, or damaged.
    #[error("{path} is no file of a history, or it is damaged: {reason}; move it away", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A newer tollgate wrote it.
    #[error(
        "{path} has format {format}; this tollgate reads up to {FORMAT}: use the newer one that wrote it", path = path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
}

/// A series whose level begins anew: somebody said that this is how it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acceptance {
    /// When, RFC 3339, UTC.
    pub at: String,
    /// Why.
    pub reason: String,
    /// The series, each with the run that its new level begins with.
    pub series: Vec<Accepted>,
}

/// One series of an [`Acceptance`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// Of which part.
    pub part: String,
    /// What of it.
    pub measure: Measure,
    /// The first run of the new level.
    pub from: String,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    tollgate_history: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accept: Option<Acceptance>,
}

#[derive(Deserialize)]
struct Format {
    tollgate_history: u32,
}

/// The runs of one environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Nights {
    /// Oldest first.
    pub runs: Vec<Digest>,
    /// Oldest first.
    pub accepted: Vec<Acceptance>,
}

/// A directory with a folder for every environment.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The history in this directory, which need not be there yet.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes the directory and tries it: a night of load is not lost on a read-only disk.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(&self) -> Result<(), HistoryError> {
        fs::create_dir_all(&self.0).map_err(|e| self.io(e))?;
        let probe = self.0.join(format!(".probe-{}", std::process::id()));
        let written = fs::write(&probe, b"x");
        fs::remove_file(&probe).ok();
        written.map_err(|e| self.io(e))
    }

    /// Adds a run; one that is there already stays as it is.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn add(&self, run: &Digest) -> Result<(), HistoryError> {
        let entry = Entry {
            tollgate_history: FORMAT,
            run: Some(run.clone()),
            accept: None,
        };
        self.write(&run.key, &format!("{}.json", run.id), &entry)
    }

    /// Adds what was accepted.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn accept(&self, key: &Key, accepted: Acceptance) -> Result<(), HistoryError> {
        let time = accepted.at.replace([':', '-'], "");
        let name = format!("accepted-{time}-{}.json", std::process::id());
        let entry = Entry {
            tollgate_history: FORMAT,
            run: None,
            accept: Some(accepted),
        };
        self.write(key, &name, &entry)
    }

    /// The runs of one environment.
    ///
    /// # Errors
    /// When a file cannot be read, is damaged or too new.
    pub fn nights(&self, key: &Key) -> Result<Nights, HistoryError> {
        read(&self.0.join(name(key)))
    }

    /// The runs of all environments that have any, by the names of their folders.
    ///
    /// # Errors
    /// When the directory is not there, or a file cannot be read, is damaged or too new.
    pub fn all(&self) -> Result<BTreeMap<String, Nights>, HistoryError> {
        let mut all = BTreeMap::new();
        for entry in fs::read_dir(&self.0).map_err(|e| self.io(e))? {
            let entry = entry.map_err(|e| self.io(e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && !name.starts_with('.') {
                let nights = read(&entry.path())?;
                if !nights.runs.is_empty() {
                    all.insert(name, nights);
                }
            }
        }
        Ok(all)
    }

    /// Removes a run.
    ///
    /// # Errors
    /// When the system refuses; a run that is gone already is no trouble.
    pub fn remove(&self, run: &Digest) -> Result<(), HistoryError> {
        let path = self.0.join(name(&run.key)).join(format!("{}.json", run.id));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(HistoryError::Io { path, error })
            }
            _ => Ok(()),
        }
    }

    fn write(&self, key: &Key, file: &str, entry: &Entry) -> Result<(), HistoryError> {
        let folder = self.0.join(name(key));
        let path = folder.join(file);
        let io = |error: io::Error| HistoryError::Io {
            path: path.clone(),
            error,
        };
        fs::create_dir_all(&folder).map_err(io)?;
        let beside = folder.join(format!(".{file}.{}", std::process::id()));
        let mut text = serde_json::to_string_pretty(entry).map_err(|e| io(e.into()))?;
        text.push('\n');
        let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path));
        if written.is_err() {
            fs::remove_file(&beside).ok();
        }
        written.map_err(io)
    }

    fn io(&self, error: io::Error) -> HistoryError {
        HistoryError::Io {
            path: self.0.clone(),
            error,
        }
    }
}

/// The folder of an environment: `shop-nightly-0123456789ab`.
fn name(key: &Key) -> String {
    let safe = |c: char| if c.is_alphanumeric() { c } else { '-' };
    let words: String = [&key.scenario, "-", &key.profile]
        .iter()
        .flat_map(|part| part.chars().take(60))
        .map(safe)
        .collect();
    format!("{words}-{}", key.name())
}

fn read(folder: &Path) -> Result<Nights, HistoryError> {
    let io = |error| HistoryError::Io {
        path: folder.to_owned(),
        error,
    };
    let mut nights = Nights::default();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(nights),
        entries => entries.map_err(io)?,
    };
    for entry in entries {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // A name with a point before it is a file that somebody else is just writing.
        if name.starts_with('.') || !name.ends_with(".json") {
            continue;
        }
        match fs::read_to_string(&path) {
            // Pruned by somebody else in between.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(HistoryError::Io { path, error }),
            Ok(text) => {
                let entry = parse(&text, &path)?;
                nights.runs.extend(entry.run);
                nights.accepted.extend(entry.accept);
            }
        }
    }
    nights.runs.sort_by(|a, b| a.id.cmp(&b.id));
    nights.accepted.sort_by(|a, b| a.at.cmp(&b.at));
    Ok(nights)
}

fn parse(text: &str, path: &Path) -> Result<Entry, HistoryError> {
    let damaged = |e: serde_json::Error| HistoryError::Damaged {
        path: path.to_owned(),
        reason: e.to_string(),
    };
    let format: Format = serde_json::from_str(text).map_err(damaged)?;
    if format.tollgate_history > FORMAT {
        return Err(HistoryError::Newer {
            path: path.to_owned(),
            format: format.tollgate_history,
        });
    }
    serde_json::from_str(text).map_err(damaged)
}
