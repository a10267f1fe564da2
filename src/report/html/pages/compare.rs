//! The page of two runs. In: a comparison; out: one HTML page. Invariant: that of the report of one run: self-contained,
//! readable without script, every text escaped.

use super::outcome;
use crate::budget::Judgement;
use crate::report::compare::{SAME, change, compared};
use crate::report::html::{assets, charts};
use crate::report::text::put;
use crate::report::{Comparison, StepRow, Word};
use crate::units::format_count;
use askama::Template;
use std::borrow::Borrow;
use std::io::{self, Write};

#[derive(Template)]
#[template(path = "pages/compare.html", config = "src/report/html/askama.toml")]
struct Compared<'a> {
    both: &'a Comparison<'a>,
    css: &'static str,
    policy: String,
    script: &'static str,
    curves: Option<String>,
    over_time: Option<String>,
    all: String,
}

impl Comparison<'_> {
    /// Writes the page.
    ///
    /// # Errors
    /// Only when `out` cannot be written.
    pub fn html(&self, out: &mut dyn Write) -> io::Result<()> {
        let page = Compared {
            both: self,
            css: assets::CSS,
            policy: assets::policy(),
            script: assets::SORT,
            curves: charts::curves(self),
            over_time: charts::over_time(self),
            all: Compared::cells(Some(&self.a.totals.all), Some(&self.b.totals.all)),
        };
        page.write_into(out).map_err(io::Error::other)
    }
}

impl Compared<'_> {
    /// All requests of both: what it is, both values, the change.
    fn totals(&self) -> Vec<(&'static str, String, String)> {
        let [a, b] = [self.both.a, self.both.b].map(|view| &view.totals.all);
        let both = |one: String, other: String| {
            if one == other {
                one
            } else {
                format!("{one} → {other}")
            }
        };
        let same = a.error_text() == b.error_text();
        let errors = both(a.error_text(), b.error_text());
        let times = compared(&a.response).into_iter().zip(compared(&b.response));
        let times = ["p50", "p95", "p99"].into_iter().zip(times);
        let times =
            times.map(|(name, (a, b))| (name, both(a.spoken(), b.spoken()), change(a, b).0));
        let turned = if same { SAME.into() } else { String::new() };
        times.chain([("errors", errors, turned)]).collect()
    }

    fn tone(word: impl Borrow<Word>) -> &'static str {
        super::tone(*word.borrow())
    }

    /// Cells of a step: requests and errors of both, then each percentile of both with its difference.
    fn cells(a: Option<&StepRow>, b: Option<&StepRow>) -> String {
        let mut cells = String::new();
        let mut cell = |text: &str, below: &str| {
            put(
                &mut cells,
                format_args!("<td class=r>{}", charts::escaped(text)),
            );
            if !below.is_empty() {
                put(
                    &mut cells,
                    format_args!("<span class=sub>{}</span>", charts::escaped(below)),
                );
            }
            cells.push_str("</td>");
        };
        let both = [a, b];
        let none = || "–".to_owned();
        for step in both {
            cell(&step.map_or_else(none, |s| format_count(s.n())), "");
        }
        for step in both {
            cell(&step.map_or_else(none, StepRow::error_text), "");
        }
        let times = both.map(|step| step.map_or_else(Default::default, |s| compared(&s.response)));
        for (one, other) in times[0].into_iter().zip(times[1]) {
            cell(&one.text(), "");
            cell(&other.text(), "");
            let (share, size) = change(one, other);
            cell(&share, &size);
        }
        cells
    }

    /// Cells of a budget: verdict, value and headroom of both.
    fn judged(budget: Option<&Judgement>) -> String {
        let Some(budget) = budget else {
            return "<td class=sub>not judged</td><td class=r>–</td>".into();
        };
        let class = outcome(budget);
        let actual = budget.actual.as_deref().unwrap_or("–");
        format!(
            "<td class='word {class}'>{}</td><td class='r strong'>{}<span class=sub>{}</span></td>",
            charts::escaped(&budget.word()),
            charts::escaped(actual),
            charts::escaped(&budget.headroom_text())
        )
    }
}
