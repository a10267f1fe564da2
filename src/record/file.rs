//! The run file: gzip around one JSON document with a format number. In: a path; out: a [`RunRecord`], or why
//! not. Invariant: a file is whole or not there (written beside, then renamed), and old formats stay readable.

mod harmless;

pub use harmless::{acts, json, json_lines};

use super::RunRecord;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Number of the format that is written. It moves when an older tollgate could misread a file.
pub const FORMAT: u32 = 1;

/// Why a run file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error(
        "no run can be read at {path}: {error}; name the folder of its reports, or the `run.tg` in it"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is something else, or damaged.
    #[error("{path} is not a run of tollgate, or it is damaged: {reason}")]
    NotARun {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A newer tollgate wrote it.
    #[error(
        "{path} has format {format}; this tollgate reads up to {FORMAT}: use the newer one that wrote it"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
}

#[derive(Serialize)]
struct Writing<'a> {
    tollgate_run: u32,
    run: &'a RunRecord,
}

#[derive(Deserialize)]
struct Reading {
    tollgate_run: u32,
    run: serde_json::Value,
}

/// Writes a run.
///
/// # Errors
/// When the system refuses; the old file, if any, is then still there.
pub fn save(record: &RunRecord, path: &Path) -> Result<(), FileError> {
    let io = |error| FileError::Io {
        path: path.to_owned(),
        error,
    };
    let beside = path.with_extension("tmp");
    let writing = Writing {
        tollgate_run: FORMAT,
        run: record,
    };
    let text = json(&writing).map_err(|e| io(e.into()))?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).map_err(io)?;
    let bytes = gzip.finish().map_err(io)?;
    fs::write(&beside, bytes).map_err(io)?;
    fs::rename(&beside, path).map_err(io)
}

/// Reads a run; `path` may be the file or the folder of a run, which holds it as `run.tg`.
///
/// # Errors
/// When it is not there, not a run, damaged or too new.
pub fn load(path: &Path) -> Result<RunRecord, FileError> {
    let path = if path.is_dir() {
        path.join("run.tg")
    } else {
        path.to_owned()
    };
    let file = fs::File::open(&path).map_err(|error| FileError::Io {
        path: path.clone(),
        error,
    })?;
    let not_a_run = |reason: String| FileError::NotARun {
        path: path.clone(),
        reason,
    };
    let reading: Reading = serde_json::from_reader(io::BufReader::new(GzDecoder::new(file)))
        .map_err(|e| not_a_run(e.to_string()))?;
    if reading.tollgate_run > FORMAT {
        return Err(FileError::Newer {
            path: path.clone(),
            format: reading.tollgate_run,
        });
    }
    serde_json::from_value(reading.run).map_err(|e| not_a_run(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_anything_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.tg");
        let record = RunRecord {
            scenario: "shop".into(),
            seed: 7,
            ..RunRecord::default()
        };
        save(&record, &path).unwrap();
        assert_eq!(load(&path).unwrap(), record);
        assert_eq!(load(dir.path()).unwrap(), record, "the folder will do");

        let mut damaged = fs::read(&path).unwrap();
        damaged.truncate(damaged.len() / 2);
        fs::write(&path, damaged).unwrap();
        assert!(load(&path).unwrap_err().to_string().contains("damaged"));
        assert!(matches!(
            load(&dir.path().join("none")),
            Err(FileError::Io { .. })
        ));
    }

    #[test]
    fn a_newer_format_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.tg");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(br#"{"tollgate_run": 99, "run": {}}"#)
            .unwrap();
        fs::write(&path, gzip.finish().unwrap()).unwrap();
        assert!(matches!(
            load(&path),
            Err(FileError::Newer { format: 99, .. })
        ));
    }
}
