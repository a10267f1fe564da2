//! Reports beside those that every run leaves. In: names on the command line, and the CI system around; out: reporters
//! with the names of their files. Invariant: each has one name, and asking for one twice writes it once.

use super::Folder;
use super::ci::Ci;
use super::live::{EVENTS, Live};
use crate::record::RunRecord;
use crate::report::{
    COMMENT, Events, GitLab, Markdown, OpenMetrics, OtlpMetrics, OtlpTraces, Reporter, SUMMARY,
    Steps, Tap,
};
use crate::scenario::{Flow, Scenario};
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
    /// metrics.txt: OpenMetrics, for Prometheus' textfile collector and GitLab's metrics report
    Openmetrics,
    /// otlp-metrics.json: OpenTelemetry metrics, as `POST /v1/metrics` takes them
    OtlpMetrics,
    /// otlp-traces.json: a span for each step of a smoke test, as `POST /v1/traces` takes them
    OtlpTraces,
    /// events.ndjson: start, seconds (as they pass), failures, budgets and end, one JSON document a line
    Events,
    /// steps.csv: requests of each step over time
    Steps,
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

impl Formats {
    /// The file of events, where it was asked for.
    pub(in crate::cli) fn live(
        &self,
        folder: &Folder,
        record: &RunRecord,
        scenario: &Scenario,
    ) -> Option<Live> {
        if !self.formats.contains(&Format::Events) {
            return None;
        }
        let requests = scenario.every_flow().flat_map(Flow::requests);
        let timeout = requests.map(|request| request.timeout).min();
        Live::begin(folder, record, timeout.unwrap_or_default())
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
            Self::Openmetrics => ("metrics.txt", &OpenMetrics),
            Self::OtlpMetrics => ("otlp-metrics.json", &OtlpMetrics),
            Self::OtlpTraces => ("otlp-traces.json", &OtlpTraces),
            Self::Events => (EVENTS, &Events),
            Self::Steps => ("steps.csv", &Steps),
        }
    }
}
