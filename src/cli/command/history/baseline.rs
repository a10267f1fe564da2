//! What a run is laid over in its report. In: a stored run; out: a [`Baseline`]. Invariant: nothing is judged by it.

use crate::cli::error::Error;
use crate::record;
use crate::report::{Baseline, log_line as escape};
use std::path::Path;

/// Of a stored run.
pub(in crate::cli) fn stored(path: &Path) -> Result<Baseline, Error> {
    let baseline = Baseline::of(&record::load(path)?);
    baseline.ok_or_else(|| {
        let place = escape(&path.display().to_string());
        Error::Usage(format!(
            "{place} measured no answer and is no baseline; name another run"
        ))
    })
}
