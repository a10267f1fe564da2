//! The page of a history. In: the runs of each environment with what is to be said of them; out: one HTML page.
//! Invariant: that of the report of one run: self-contained, readable without script, every text escaped, smaller than
//! 500 KB however many steps and runs there are: what is left out is named.

use crate::history::nights::{ALL, Chronicle, Course, Digest, Measure, Standing};
use crate::report::html::parts::{Row, class};
use crate::report::html::{assets, charts};
use crate::report::text::{line, put};
use crate::report::{HistoryView, measured, moment};
use askama::Template;
use std::io::{self, Write};

/// Bytes of all charts together.
const ROOM: usize = 330_000;
/// Charts that tell their values when pointed at.
const HOVERED: usize = 16;
/// Rows of tables, all environments together.
const ROWS: usize = 120;

#[derive(Template)]
#[template(path = "pages/nights.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    title: &'a str,
    environments: Vec<Environment>,
    css: &'static str,
    policy: String,
    script: &'static str,
}

struct Environment {
    name: String,
    what: String,
    runs: String,
    told: Vec<Row>,
    notes: Vec<String>,
    accepted: Vec<String>,
    parts: Vec<Part>,
    /// Series without a chart.
    left: usize,
    newest: Vec<Night>,
}

/// A step or flow.
struct Part {
    name: String,
    class: &'static str,
    word: &'static str,
    open: bool,
    newest: String,
    charts: Vec<(String, String)>,
}

/// A run in the table.
struct Night {
    started: String,
    release: String,
    revision: String,
    values: Vec<String>,
}

/// Writes the page of a history.
///
/// # Errors
/// Only when `out` cannot be written.
pub fn chronicles(title: &str, all: &[Chronicle], out: &mut dyn Write) -> io::Result<()> {
    let mut drawing = Drawing {
        room: ROOM,
        hovered: HOVERED,
    };
    let rows = ROWS / all.len().max(1);
    let page = Page {
        title,
        environments: all.iter().map(|c| drawing.environment(c, rows)).collect(),
        css: assets::CSS,
        policy: assets::policy(),
        script: assets::SORT,
    };
    page.write_into(out).map_err(io::Error::other)
}

/// What there is still room for.
struct Drawing {
    room: usize,
    hovered: usize,
}

impl Drawing {
    fn environment(&mut self, chronicle: &Chronicle, rows: usize) -> Environment {
        let what = chronicle.runs.last().map(|run| run.key.to_string());
        let view = HistoryView::judged(&chronicle.night, &what.unwrap_or_default());
        let (parts, left) = self.parts(chronicle);
        let accepted = chronicle.accepted.iter().map(|a| {
            let series = a.series.len();
            line(&format!("{}, {series} series: {}", moment(&a.at), a.reason))
        });
        Environment {
            name: line(&chronicle.name),
            what: view.environment().to_owned(),
            runs: span(chronicle),
            told: view.told().take(rows).map(Row::of).collect(),
            notes: view.notes(),
            accepted: accepted.take(rows).collect(),
            parts,
            left,
            newest: chronicle.runs.iter().rev().take(rows).map(night).collect(),
        }
    }

    /// Steps and flows, gravest first, then everything together; and how many series have no chart.
    fn parts(&mut self, chronicle: &Chronicle) -> (Vec<Part>, usize) {
        let mut names: Vec<(&str, Standing)> = Vec::new();
        for course in &chronicle.courses {
            let found = &course.finding;
            if !names.iter().any(|(name, _)| *name == found.part) {
                names.push((&found.part, found.standing));
            }
        }
        names.sort_by_key(|(name, standing)| (*standing, *name != ALL));
        let mut parts = Vec::new();
        let mut drawn = 0;
        for (name, standing) in names {
            let of = chronicle.courses.iter().filter(|c| c.finding.part == name);
            let mut own: Vec<&Course> = of.collect();
            own.sort_by_key(|c| c.measure());
            let charts: Vec<(String, String)> = own
                .iter()
                .filter_map(|course| self.chart(chronicle, course))
                .collect();
            drawn += charts.len();
            let p95 = own.iter().find(|c| c.measure() == Measure::P95);
            let newest = p95.map_or_else(String::new, |c| {
                format!("p95 {}", measured(Measure::P95, c.finding.value))
            });
            if !charts.is_empty() {
                parts.push(Part {
                    name: line(name),
                    class: class(standing),
                    word: standing.words(),
                    open: standing <= Standing::Improvement || name == ALL,
                    newest,
                    charts,
                });
            }
        }
        (parts, chronicle.courses.len() - drawn)
    }

    fn chart(&mut self, chronicle: &Chronicle, course: &Course) -> Option<(String, String)> {
        let told = course.finding.standing <= Standing::Improvement && self.hovered > 0;
        let chart = charts::trail(chronicle, course, told)?;
        self.room = self.room.checked_sub(chart.len())?;
        self.hovered -= usize::from(told);
        let standing = course.finding.standing;
        let mut caption = course.measure().words().to_owned();
        if standing.told() {
            put(&mut caption, format_args!(": {}", standing.words()));
        }
        if let (Some(limit), None) = (course.limit, charts::near(course)) {
            let limit = measured(course.measure(), limit);
            put(&mut caption, format_args!(", budget {limit}"));
        }
        Some((caption, chart))
    }
}

/// `26 runs, 2026-10-27 02:00 to 2026-11-21 02:00`.
fn span(chronicle: &Chronicle) -> String {
    let at = |run: Option<&Digest>| run.map_or_else(String::new, |r| moment(&line(&r.id)));
    let (first, last) = (chronicle.runs.first(), chronicle.runs.last());
    let older = match chronicle.older {
        0 => String::new(),
        older => format!("; {older} older ones are not shown"),
    };
    format!(
        "{} runs, {} to {}{older}",
        chronicle.runs.len(),
        at(first),
        at(last)
    )
}

fn night(run: &Digest) -> Night {
    let none = || "–".to_owned();
    let text = |text: &Option<String>| text.as_deref().map_or_else(none, line);
    let value = |measure| {
        let figure = run.figure(ALL, measure);
        figure.map_or_else(none, |f| measured(measure, f.value))
    };
    Night {
        started: moment(&line(&run.id)),
        release: text(&run.release),
        revision: text(&run.revision),
        values: Measure::ALL.into_iter().map(value).collect(),
    }
}
