//! A run and those before it. In: a record, its verdict and a history; out: what is to be said, and the run in the
//! history. Invariant: a run is judged before it enters, and one that says nothing does neither.

use super::text::{self, json};
use crate::budget::{Exit, Reason, Verdict};
use crate::cli::error::Error;
use crate::history::nights::{self, Digest, Effect, Folder, Night, Place, Standing, refused};
use crate::history::paired::Pair;
use crate::record::RunRecord;
use crate::report::HistoryView;
use crate::scenario::History;
use clap::Args;

/// The least change that counts.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Least {
    /// The least change that counts, in percent of the level before.
    #[arg(long, value_name = "PERCENT", default_value_t = 3.0, value_parser = amount)]
    min_percent: f64,
    /// The least change of a time that counts, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1.0, value_parser = amount)]
    min_ms: f64,
}

impl Least {
    pub(in crate::cli) fn effect(&self) -> Effect {
        Effect {
            share: self.min_percent / 100.0,
            milliseconds: self.min_ms,
        }
    }
}

fn amount(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    number
        .filter(|n| n.is_finite() && *n >= 0.0)
        .ok_or_else(|| "must be a number, zero or above, without a unit".into())
}

/// The history that a run is judged by and enters.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "History and comparison")]
pub(in crate::cli) struct Past {
    /// Judges the run by those before it in this directory or bucket (`s3://`, `gs://`, `az://`), and adds it: exit 5
    /// for a regression.
    #[arg(long, value_name = "PLACE", value_parser = Place::parse)]
    history: Option<Place>,
    /// Neither judges nor adds: the profile's `history:` counts for nothing.
    #[arg(long, conflicts_with = "history")]
    no_history: bool,
    /// What this class of machines is called: runs of different ones are not compared.
    #[arg(long, value_name = "NAME", env = "TOLLGATE_RUNNER")]
    runner: Option<String>,
    /// What this version is called, where it is a release: marked in `history plot`.
    #[arg(long, value_name = "NAME", env = "TOLLGATE_RELEASE")]
    release: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) least: Least,
}

/// What became of a run in its history.
pub(in crate::cli) enum Judged {
    /// It is compared with those before it, and enters.
    Night(Night, Box<Digest>),
    /// It says nothing.
    Refused(Reason),
}

impl Past {
    /// No history.
    pub(in crate::cli) fn none(least: Least) -> Self {
        Self {
            history: None,
            no_history: true,
            runner: None,
            release: None,
            least,
        }
    }

    /// Whether the user named a history.
    pub(in crate::cli) fn is_named(&self) -> bool {
        self.history.is_some()
    }

    /// The history of a run, that of its profile where none is named; one that cannot be read or written is refused.
    pub(in crate::cli) fn open(&self, own: Option<&History>) -> Result<Option<Opened>, Error> {
        let own = own.filter(|_| !self.no_history);
        let place = match (&self.history, own) {
            (Some(place), _) => place.clone(),
            (None, Some(own)) => Place::parse(&own.place)
                .map_err(Error::Usage)?
                .within(&own.folder),
            (None, None) => return Ok(None),
        };
        let folder = Folder::new(place);
        folder.open()?;
        folder.all()?;
        Ok(Some(Opened {
            folder,
            runner: self.runner.clone(),
            release: self.release.clone(),
            effect: self.least.effect(),
        }))
    }
}

/// A history that can be read and written.
pub(in crate::cli) struct Opened {
    folder: Folder,
    runner: Option<String>,
    release: Option<String>,
    effect: Effect,
}

impl Opened {
    /// One that is only read.
    pub(in crate::cli) fn read(
        place: &Place,
        runner: Option<String>,
        least: &Least,
    ) -> Result<Self, Error> {
        let folder = Folder::new(place.clone());
        folder.all()?;
        Ok(Self {
            folder,
            runner,
            release: None,
            effect: least.effect(),
        })
    }

    /// Judges a run.
    pub(in crate::cli) fn judge(
        &self,
        record: &RunRecord,
        verdict: &Verdict,
    ) -> Result<Judged, Error> {
        if let Some(reason) = refused(&verdict.exit) {
            return Ok(Judged::Refused(reason));
        }
        let Some(digest) = Digest::of(record, self.runner.as_deref()) else {
            return Ok(Judged::Refused(Reason::Internal));
        };
        let digest = digest.released(self.release.as_deref());
        let before = self.folder.nights(&digest.key).map_err(Error::Forgotten)?;
        let night = nights::judge(&before, &digest, self.effect);
        Ok(Judged::Night(night, Box::new(digest)))
    }

    /// Adds a run that was judged.
    pub(in crate::cli) fn add(&self, judged: &Judged) -> Result<(), Error> {
        match judged {
            Judged::Night(_, digest) => self.folder.add(digest).map_err(Error::Forgotten),
            Judged::Refused(_) => Ok(()),
        }
    }

    /// Says of each suspect whether pairs with the base version confirm it.
    pub(in crate::cli) fn confirm(&self, judged: &mut Judged, pairs: &[Pair]) {
        if let Judged::Night(night, _) = judged {
            night.confirm(pairs, self.effect);
        }
    }
}

impl Judged {
    /// Series that are out of line by themselves.
    pub(in crate::cli) fn suspects(&self) -> usize {
        self.count(Standing::Suspect)
    }

    fn count(&self, standing: Standing) -> usize {
        match self {
            Self::Night(night, _) => night.of(standing).count(),
            Self::Refused(_) => 0,
        }
    }

    /// A regression enters the verdict, what is suspect or shifted its sentence.
    pub(in crate::cli) fn enter(&self, verdict: &mut Verdict) {
        if let Self::Night(night, _) = self
            && night.regressed()
        {
            regress(verdict, &text::sentence(night));
        }
        for (standing, word) in [(Standing::Suspect, "suspect"), (Standing::Shift, "shifted")] {
            if let count @ 1.. = self.count(standing) {
                verdict.sentence = format!("{}; {count} series {word}", verdict.sentence);
            }
        }
    }

    /// For the reports of the run.
    pub(in crate::cli) fn view(&self) -> HistoryView {
        match self {
            Self::Night(night, digest) => text::view(night, &digest.key),
            Self::Refused(reason) => HistoryView::Refused(*reason),
        }
    }

    /// For machines; nothing where the run was refused.
    pub(in crate::cli) fn json(&self, exit: &Exit) -> Option<String> {
        match self {
            Self::Night(night, _) => Some(json(night, exit)),
            Self::Refused(_) => None,
        }
    }
}

/// Puts a regression into a verdict.
fn regress(verdict: &mut Verdict, said: &str) {
    let before = [verdict.exit.reason].into_iter();
    let all = before.chain(verdict.exit.also.iter().copied());
    verdict.exit = Exit::of(all.chain([Reason::Regression]).collect::<Vec<_>>());
    verdict.sentence = if verdict.exit.reason == Reason::Regression {
        format!("FAIL: {said}")
    } else {
        format!("{}; {said}", verdict.sentence)
    };
}
