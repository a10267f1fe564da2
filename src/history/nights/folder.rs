//! A history in its place. In: digests and acceptances; out: one file each, and all of them again. Invariant: files are
//! only added (and removed by `prune`), each at once and whole, so that two jobs at once are no trouble.

use super::digest::{Digest, Key, Measure};
use super::store::{Kept, Place, Store, no_directory};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;

/// Number of the format that is written. It moves when an older tollgate could misread a file.
pub const FORMAT: u32 = 1;

/// Why a history could not be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The system refused, or the server of a bucket did.
    #[error("history {place}: {reason}")]
    Store {
        /// The directory or bucket.
        place: String,
        /// Why.
        reason: String,
    },
    /// It is something else, or damaged.
    #[error("{path} is no file of a history, or it is damaged: {reason}; move it away")]
    Damaged {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A newer tollgate wrote it.
    #[error(
        "{path} has format {format}; this tollgate reads up to {FORMAT}: use the newer one that wrote it"
    )]
    Newer {
        /// The file.
        path: String,
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

/// A directory or bucket with a folder for every environment.
#[derive(Debug, Clone)]
pub struct Folder(Place);

impl Folder {
    /// The history in this place, which need not be there yet.
    pub fn new(place: Place) -> Self {
        Self(place)
    }

    /// Makes a directory and tries the place: a night of load is not lost on a read-only disk.
    ///
    /// # Errors
    /// When the system or the bucket refuses.
    pub fn open(&self) -> Result<(), HistoryError> {
        if let Place::Folder(path) = &self.0 {
            fs::create_dir_all(path).map_err(|e| no_directory(path, &e))?;
        }
        Store::open(&self.0)?.probe()
    }

    /// Adds a run; one that is there already stays as it is.
    ///
    /// # Errors
    /// When the system or the bucket refuses.
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
    /// When the system or the bucket refuses.
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
        let name = name(key);
        let mut all = self.sorted(Store::open(&self.0)?.folder(&name)?)?;
        Ok(all.remove(&name).unwrap_or_default())
    }

    /// The runs of all environments that have any, by the names of their folders.
    ///
    /// # Errors
    /// When the directory is not there, or a file cannot be read, is damaged or too new.
    pub fn all(&self) -> Result<BTreeMap<String, Nights>, HistoryError> {
        let mut all = self.sorted(Store::open(&self.0)?.all()?)?;
        all.retain(|_, nights| !nights.runs.is_empty());
        Ok(all)
    }

    /// Removes a run.
    ///
    /// # Errors
    /// When the system or the bucket refuses; a run that is gone already is no trouble.
    pub fn remove(&self, run: &Digest) -> Result<(), HistoryError> {
        Store::open(&self.0)?.remove(&name(&run.key), &format!("{}.json", run.id))
    }

    fn write(&self, key: &Key, file: &str, entry: &Entry) -> Result<(), HistoryError> {
        let text = serde_json::to_string_pretty(entry).map_err(|e| HistoryError::Store {
            place: self.0.to_string(),
            reason: e.to_string(),
        })?;
        Store::open(&self.0)?.add(&name(key), file, text + "\n")
    }

    /// The runs in these texts by folder, oldest first.
    fn sorted(&self, texts: Vec<Kept>) -> Result<BTreeMap<String, Nights>, HistoryError> {
        let mut all: BTreeMap<String, Nights> = BTreeMap::new();
        for kept in texts {
            let path = format!("{}/{}/{}", self.0, kept.folder, kept.file);
            let entry = parse(&kept.text, &path)?;
            let nights = all.entry(kept.folder).or_default();
            nights.runs.extend(entry.run);
            nights.accepted.extend(entry.accept);
        }
        for nights in all.values_mut() {
            nights.runs.sort_by(|a, b| a.id.cmp(&b.id));
            nights.accepted.sort_by(|a, b| a.at.cmp(&b.at));
        }
        Ok(all)
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

fn parse(text: &str, path: &str) -> Result<Entry, HistoryError> {
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
