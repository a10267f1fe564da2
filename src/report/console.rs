//! The end of a run on a terminal or in a log. In: a view; out: what was run, the steps, the budgets, what failed
//! with one exchange each, and the verdict as the last line. Invariant: colour and symbols only repeat what a word
//! says, no line of a server begins a line here or acts on the terminal, and the width given is kept where the texts allow.

mod conversation;
mod failures;
mod paint;
mod parts;
mod policies;
mod server;
mod table;

use super::text::{clip, counted, line, put};
use super::view::seconds;
use super::{HistoryView, Reporter, View, Word};
use crate::budget::{Consequence, Judgement, Outcome, Reason};
use crate::units::{format_count, significant};
use paint::{BAD, DIM, GOOD, Paint, STRONG, UNSURE};
use std::io::{self, Write};

/// The summary at the end.
#[derive(Debug, Clone)]
pub struct Console {
    /// Columns of the terminal; 80 where it is not known.
    pub width: usize,
    /// Write ANSI colours.
    pub colour: bool,
    /// Where the other reports are, said above the verdict.
    pub files: Option<String>,
    /// Show every step with its checks.
    pub verbose: bool,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            width: 80,
            colour: false,
            files: None,
            verbose: false,
        }
    }
}

impl Reporter for Console {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let mut page = Page {
            out,
            paint: Paint(self.colour),
            width: self.width.clamp(60, 160),
        };
        page.head(view)?;
        // Of a target that was never reached there is nothing else to say.
        let reached = view.word != Word::Unreachable;
        let smoke = !view.run.under_load;
        if smoke && reached {
            page.failures(view)?;
            page.flaky(view)?;
        }
        if view.totals.all.n() > 0 {
            table::steps(&mut page, view)?;
            table::messages(&mut page, view)?;
            if self.verbose {
                page.checks(view)?;
            }
        }
        if reached {
            page.budgets(view)?;
            parts::parts(&mut page, view)?;
            table::guards(&mut page, view)?;
            server::server(&mut page, view)?;
            policies::policies(&mut page, view)?;
            if !smoke {
                page.failures(view)?;
                page.flaky(view)?;
            }
            page.instrument(view)?;
            page.history(view)?;
        }
        page.verdict(view, self.files.as_deref())
    }
}

/// Where a summary is written, and how.
struct Page<'a> {
    out: &'a mut dyn Write,
    paint: Paint,
    width: usize,
}

impl Page<'_> {
    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())
    }

    fn title(&mut self, title: &str) -> io::Result<()> {
        let title = self.paint.on(STRONG, title);
        self.line("")?;
        self.line(&title)
    }

    /// A name and a value below an item, the value broken into lines that keep the column.
    fn field(&mut self, name: &str, value: &str) -> io::Result<()> {
        // And a column to spare: a broken command is one wider.
        const INDENT: usize = 18;
        let room = self.width.saturating_sub(INDENT);
        // Broken lines are new lines: none of them may begin like a command.
        for (i, part) in broken(&line(value), room).iter().enumerate() {
            let part = line(part);
            let name = if i == 0 { name } else { "" };
            let name = self.paint.on(DIM, &format!("{name:<10}"));
            self.line(&format!("       {name}{part}"))?;
        }
        Ok(())
    }

    fn head(&mut self, view: &View) -> io::Result<()> {
        let run = &view.run;
        let title = self.paint.on(STRONG, &line(&run.scenario));
        self.line("")?;
        self.line(&format!(
            "{title} · profile {} · {}",
            line(&run.profile_text()),
            line(&run.target)
        ))?;
        let mut facts = vec![run.load.clone()];
        if !run.phases.is_empty() {
            facts.push(run.phases_text());
        }
        facts.extend(run.via.iter().map(|part| format!("via {part}")));
        if let Some(connections) = run.connections {
            facts.push(format!("connections: {connections}"));
        }
        match view.health.http2_share {
            Some(1.0) => facts.push("HTTP/2".to_owned()),
            Some(share) if share > 0.0 => {
                facts.push(format!("HTTP/2: {}", crate::units::format_share(share)));
            }
            _ => {}
        }
        facts.push(format!("seed {}", run.seed));
        for part in flowed(&facts, self.width) {
            for part in broken(&line(&part), self.width) {
                let part = self.paint.on(DIM, &line(&part));
                self.line(&part)?;
            }
        }
        self.line("")?;
        for part in flowed(&counts(view), self.width) {
            self.line(&part)?;
        }
        self.response(view)
    }

    /// The response time of all requests on one line: each word with its number and unit, to be searched for.
    fn response(&mut self, view: &View) -> io::Result<()> {
        // The times of a few requests are in the table, as they are.
        if view.totals.all.n() == 0 || table::too_few(view, &view.totals.all) {
            return Ok(());
        }
        let response = &view.totals.all.response;
        let named = [
            ("p50", response.p50),
            ("p90", response.p90),
            ("p99", response.p99),
            ("max", response.max),
        ];
        let spoken = named.map(|(name, point)| format!("{name} {}", point.spoken()));
        self.line(&format!("response {}", spoken.join("  ")))?;
        let Some(caution) = view.run.caution else {
            return Ok(());
        };
        for part in broken(caution, self.width) {
            let part = self.paint.on(UNSURE, &part);
            self.line(&part)?;
        }
        Ok(())
    }

    /// Every step with its checks and how often each held.
    fn checks(&mut self, view: &View) -> io::Result<()> {
        self.title("Checks")?;
        for step in &view.steps {
            self.line(&format!("  {}", line(&step.label)))?;
            for check in &step.checks {
                let (style, word) = match (check.passed, check.failed) {
                    (0, 0) => (DIM, "not reached"),
                    (_, 0) => (GOOD, "ok"),
                    _ => (BAD, "FAIL"),
                };
                let often = if check.passed + check.failed > 1 {
                    let all = format_count(check.passed + check.failed);
                    format!(" ({} of {all} held)", format_count(check.passed))
                } else {
                    String::new()
                };
                let word = self.paint.on(style, &format!("{word:<11}"));
                self.line(&format!("    {word} {}{often}", line(&check.text)))?;
            }
            let mut failures = view.failures.iter().filter(|f| f.step == step.label);
            let failed = failures.find_map(|f| f.exhibits.first());
            let passed = step.exchanges.iter().find(|e| !e.retried);
            if let Some(exhibit) = failed.or(passed) {
                self.field("time", &exhibit.time_text())?;
                conversation::said(self, exhibit, usize::MAX)?;
            } else if !step.phases_text().is_empty() {
                self.field("p95, ms", &step.phases_text())?;
            }
            // What failed stands with its command among the failures.
            if let Some(exhibit) = passed.filter(|_| failed.is_none()) {
                self.curl(exhibit)?;
            }
            for timing in &step.timings {
                self.field("server", &timing.text())?;
            }
            if let Some(sizes) = step.sizes_text() {
                self.field("received", &sizes)?;
            }
        }
        Ok(())
    }

    fn budgets(&mut self, view: &View) -> io::Result<()> {
        if view.budgets.is_empty() {
            return Ok(());
        }
        self.title(match view.exit.reason {
            Reason::InvalidInstrument => "Budgets, of a run that says nothing about the target",
            _ => "Budgets",
        })?;
        table::budgets(self, view)?;
        if !view.run.under_load {
            return table::smoke_pass(self, view);
        }
        match view.coverage() {
            Some(coverage) => self.line(&self.paint.on(DIM, &line(&coverage))),
            None => Ok(()),
        }
    }

    /// What is not plain about a budget, below its line. A smoke test has a line for each, and one for all of them.
    fn budget_notes(&mut self, view: &View, budget: &Judgement) -> io::Result<()> {
        if matches!(budget.outcome, Outcome::Pass | Outcome::NotRun) {
            return Ok(());
        }
        if !view.run.under_load {
            let own = budget.outcome.broken() && !budget.by_failures;
            let mut worst = budget.worst.iter().filter(|_| own);
            return worst.try_for_each(|worst| self.field("worst", worst));
        }
        let mut n = format_count(budget.n);
        if let Some(violations) = budget.violations {
            put(
                &mut n,
                format_args!(", {} violate it", format_count(violations)),
            );
        }
        if let Some(effective) = budget.effective_text() {
            put(&mut n, format_args!("; {effective}"));
        }
        self.field("n", &n)?;
        if let Some((low, high)) = &budget.interval {
            self.field("bounds", &format!("{low} to {high}, each at 95 %"))?;
        }
        for (name, value) in [("note", &budget.note), ("worst", &budget.worst)] {
            if let Some(value) = value {
                self.field(name, value)?;
            }
        }
        self.field("at", &view.budget_place(budget.line))
    }

    /// What the runs before say; a run that says nothing is not compared.
    fn history(&mut self, view: &View) -> io::Result<()> {
        let Some(history @ HistoryView::Judged { .. }) = &view.history else {
            return Ok(());
        };
        self.line("")?;
        history.text().lines().try_for_each(|line| self.line(line))
    }

    fn instrument(&mut self, view: &View) -> io::Result<()> {
        self.evidence(view, Consequence::Invalid, "Why the run is invalid")?;
        self.evidence(view, Consequence::Undecided, "Too little to say")
    }

    fn evidence(&mut self, view: &View, of: Consequence, title: &str) -> io::Result<()> {
        let broken = view.evidence.iter().filter(|e| !e.holds);
        let broken: Vec<_> = broken.filter(|e| e.consequence == of).collect();
        if broken.is_empty() {
            return Ok(());
        }
        self.title(title)?;
        for evidence in broken {
            let name = self.paint.on(UNSURE, &evidence.name);
            self.line(&format!("  {name}"))?;
            self.field(
                "found",
                &format!("{}, allowed {}", evidence.value, evidence.limit),
            )?;
            self.field("advice", &evidence.advice)?;
        }
        Ok(())
    }

    fn verdict(&mut self, view: &View, files: Option<&str>) -> io::Result<()> {
        self.line("")?;
        if let Some(files) = files {
            let text = self.paint.on(DIM, &format!("report {}", line(files)));
            self.line(&text)?;
        }
        for who in &view.run.not_told {
            let text = self.paint.on(UNSURE, &format!("not told  {}", line(who)));
            self.line(&text)?;
        }
        let style = match view.word {
            Word::Pass => GOOD,
            Word::Fail | Word::Unreachable | Word::Stopped => BAD,
            Word::Invalid | Word::Interrupted | Word::Terminated => UNSURE,
        };
        let word = self.paint.on(style, view.word.text());
        self.line(&format!("{word}  {}", line(&view.sentence)))
    }
}

/// How many requests, how fast, how they ended.
fn counts(view: &View) -> Vec<String> {
    let (totals, all) = (&view.totals, &view.totals.all);
    let mut facts = vec![format!(
        "{} in {}",
        counted(all.n(), "request"),
        seconds(view.run.elapsed)
    )];
    if view.run.under_load {
        let mut rate = format!("{} req/s", significant(all.throughput));
        if totals.offered > 0 {
            put(
                &mut rate,
                format_args!(" of {} offered", significant(totals.offered_rate)),
            );
        }
        facts.push(rate);
    }
    facts.push(format!("{} ok", format_count(all.ok)));
    facts.push(format!(
        "{} ({})",
        counted(all.errors(), "error"),
        all.error_text()
    ));
    for (count, name) in [
        (all.dropped, "dropped"),
        (all.skipped, "skipped"),
        (all.aborted, "aborted"),
        (view.health.reconnects, "reconnects"),
    ]
    .into_iter()
    .chain(all.asides())
    {
        if count > 0 {
            facts.push(format!("{} {name}", format_count(count)));
        }
    }
    facts
}

/// Facts side by side, as many to a line as there is room for.
fn flowed(facts: &[String], room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 3 + fact.chars().count() <= room => {
                line.push_str(" · ");
                line.push_str(fact);
            }
            _ => lines.push(fact.clone()),
        }
    }
    lines
}

/// Breaks at spaces, and a word longer than the room where it must.
fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if length > room {
            if width > 0 && width < room {
                lines.last_mut().into_iter().for_each(|l| l.push(' '));
                width += 1;
            }
            for c in word.chars() {
                if width >= room {
                    lines.push(String::new());
                    width = 0;
                }
                lines.last_mut().into_iter().for_each(|l| l.push(c));
                width += 1;
            }
            continue;
        }
        if width > 0 && width + 1 + length > room {
            lines.push(String::new());
            width = 0;
        }
        if let Some(line) = lines.last_mut() {
            if width > 0 {
                line.push(' ');
                width += 1;
            }
            line.push_str(word);
            width += length;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(broken("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(broken("a-very-long b", 5), ["a-ver", "y-lon", "g b"]);
        assert_eq!(broken("ab cdefgh", 5), ["ab cd", "efgh"]);
        assert_eq!(broken("", 5), [""]);
        let facts = ["aa".to_owned(), "bb".to_owned(), "cc".to_owned()];
        assert_eq!(flowed(&facts, 8), ["aa · bb", "cc"]);
    }
}
