//! Reports beside those that every run leaves. In: names on the command line, and the CI system around; out: reporters
//! with the names of their files. Invariant: each has one name, and asking for one twice writes it once.

use super::ci::Ci;
use crate::report::{COMMENT, GitLab, Markdown, Reporter, SUMMARY, Tap};
use clap::{Args, ValueEnum};

/// A report that is written where somebody asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(in crate::cli) enum Format {
    /// summary.md: verdict, budgets, failures, steps
    Markdown,
    /// comment.md: the same for a pull request, with a mark to find it again by (by itself on GitHub Actions)
    Comment,
    /// results.tap: TAP 14, a test a step, budget and guard
    Tap,
    /// load-performance.json: GitLab's merge request widget (by itself on GitLab CI)
    Gitlab,
}

/// What reports are written.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct Formats {
    /// Reports to write beside report.html, summary.csv, windows.csv, result.json and junit.xml.
    #[arg(
        long = "format",
        value_name = "NAME",
        value_enum,
        value_delimiter = ','
    )]
    pub(in crate::cli) formats: Vec<Format>,
}

impl Formats {
    /// File names and reporters: those that were asked for, and those that the CI system reads.
    pub(in crate::cli) fn reporters(&self, ci: Ci) -> Vec<(&'static str, &'static dyn Reporter)> {
        let mut formats = self.formats.clone();
        match ci {
            Ci::GitHub(_) => formats.push(Format::Comment),
            Ci::GitLab => formats.push(Format::Gitlab),
            Ci::None => {}
        }
        formats.sort_unstable();
        formats.dedup();
        formats.into_iter().map(Format::reporter).collect()
    }
}

impl Format {
    fn reporter(self) -> (&'static str, &'static dyn Reporter) {
        const WHOLE: Markdown = Markdown {
            most: SUMMARY,
            sticky: false,
        };
        const STICKY: Markdown = Markdown {
            most: COMMENT,
            sticky: true,
        };
        match self {
            Self::Markdown => ("summary.md", &WHOLE),
            Self::Comment => ("comment.md", &STICKY),
            Self::Tap => ("results.tap", &Tap),
            Self::Gitlab => ("load-performance.json", &GitLab),
        }
    }
}
