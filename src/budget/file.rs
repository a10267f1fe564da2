//! The budget file. In: YAML with a list of sentences; out: a [`BudgetFile`], or every problem in it at once.
//! Invariant: a budget's span is its place in the file, so whatever is found later points there too.

use super::{Budget, BudgetFile, Level, Place, Scope, Statistic, guard, parse_sentence};
use crate::record::{Limit, Metric, Part, PartLayout};
use crate::source::parse as yaml;
use crate::source::{
    Diagnostic, Fields, Key, Kind, Node, Reader, Shape, Source, Span, Spanned, Type,
};
use std::ops::Range;
use std::sync::Arc;

/// The vocabulary of a budget file.
pub static BUDGETS: Shape = Shape {
    name: "a budget file",
    required: &["budgets"],
    keys: &[
        Key {
            name: "budgets",
            kind: Type::List(&Type::Either(&[
                Type::Text,
                Type::Object(&WARNING),
                Type::MapOf(&Type::Text),
            ])),
            about: "What must hold, one sentence each: `p95 of purchase/pay < 500ms during launch`.",
        },
        Key {
            name: "guards",
            kind: Type::List(&Type::Text),
            about: "What stops the run when it is broken for so long on end: `error_rate < 5% for 2m`.",
        },
        Key {
            name: "strict",
            kind: Type::Boolean,
            about: "A budget that the evidence does not decide makes the run undecided (exit 7).",
        },
    ],
};

/// A budget that only warns.
static WARNING: Shape = Shape {
    name: "a warning",
    required: &["warn"],
    keys: &[Key {
        name: "warn",
        kind: Type::Text,
        about: "A budget that is shown when it does not hold, and changes no exit code.",
    }],
};

/// Reads a budget file.
///
/// # Errors
/// Every problem of the file, each with its place and fix.
pub fn parse(source: Arc<Source>) -> Result<BudgetFile, Vec<Diagnostic>> {
    let root = yaml(&source).map_err(|problem| vec![with_help(problem)])?;
    let mut reader = Reader::new(&source);
    let fields = reader.object(&root, &BUDGETS);
    let budgets = fields
        .as_ref()
        .map_or_else(Vec::new, |fields| sentences(&mut reader, fields));
    let guards = fields
        .as_ref()
        .map_or_else(Vec::new, |fields| guard::read(&mut reader, fields));
    let strict = fields
        .as_ref()
        .and_then(|f| f.get("strict"))
        .and_then(|node| reader.boolean(node))
        .unwrap_or_default();
    if reader.failed() {
        return Err(reader.finish());
    }
    Ok(BudgetFile {
        source,
        budgets,
        guards,
        strict,
    })
}

/// Whether a text is a budget file rather than a scenario: it has lists of budgets or guards, and nothing of what a scenario
/// has. A scenario names its budgets by a path.
pub fn is_budgets(text: &str) -> bool {
    let root = yaml(&Source::new("", text)).map(|node| node.kind);
    let Ok(Kind::Map(entries)) = root else {
        return false;
    };
    let own = |key: &str| BUDGETS.keys.iter().any(|known| known.name == key);
    let list = |node: &Node| matches!(node.kind, Kind::List(_)) || node.is_null();
    let lists = |(key, node): &(Spanned<String>, Node)| own(&key.value) && list(node);
    let scenario = ["scenario", "target", "flows", "profiles", "environments"];
    entries.iter().any(lists)
        && !entries
            .iter()
            .any(|(key, _)| scenario.contains(&key.value.as_str()))
}

/// A quoted expression in a bare sentence is what the parser of YAML stumbles over.
fn with_help(problem: Diagnostic) -> Diagnostic {
    let line = problem.source.position(problem.span.start).0;
    let line = problem
        .source
        .text
        .lines()
        .nth(line - 1)
        .unwrap_or_default();
    let asks = line.trim_start().starts_with("- prometheus ");
    problem.help_if(asks.then(|| {
        "put the whole sentence into quotes, or leave out those of the expression: `- prometheus cpu: rate(x[15s]) < 70%`".to_owned()
    }))
}

fn sentences(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Budget> {
    let Some((key, list)) = fields.entry("budgets") else {
        return Vec::new();
    };
    let items = reader.list(list);
    if items.is_empty() {
        let help = "add a sentence, for example `- p95 < 500ms`";
        reader.error("T0830", key, "there is no budget in this file", help);
    }
    items
        .into_iter()
        .filter_map(|item| budget(reader, item))
        .collect()
}

fn budget(reader: &mut Reader<'_>, item: &Node) -> Option<Budget> {
    if let Some((key, node)) = asked(item) {
        return question(reader, key, node);
    }
    // `- p95: 500ms` is a map too, and no warning.
    let warns = matches!(&item.kind, Kind::Map(keys) if keys.iter().any(|(k, _)| k.value == WARNING.keys[0].name));
    if warns {
        let fields = reader.object(item, &WARNING)?;
        let budget = sentence(reader, fields.get("warn")?)?;
        return Some(Budget {
            level: Level::Warn,
            ..budget
        });
    }
    sentence(reader, item)
}

/// `- prometheus cpu: rate(x[15s]) < 70%`: to YAML that is a map of one key.
fn asked(item: &Node) -> Option<(&Spanned<String>, &Node)> {
    let Kind::Map(entries) = &item.kind else {
        return None;
    };
    let [(key, node)] = entries.as_slice() else {
        return None;
    };
    let asks = key.value.split_whitespace().next() == Some("prometheus");
    (asks && node.scalar().is_some()).then_some((key, node))
}

fn question(reader: &mut Reader<'_>, key: &Spanned<String>, node: &Node) -> Option<Budget> {
    let written = node.scalar()?;
    let head = format!("{}: ", key.value);
    let place = |range: Range<usize>| match range.start.checked_sub(head.len()) {
        Some(start) => node.inner(reader.source(), start..range.end - head.len()),
        None => key.span,
    };
    match parse_sentence(&format!("{head}{}", written.text)) {
        Ok(budget) => Some(Budget {
            span: Span::new(key.span.start, node.span.end),
            limit_at: place(budget.limit_at.range()),
            ..budget
        }),
        Err(error) => {
            let span = place(error.range);
            reader.error(error.code, span, error.message, error.help);
            None
        }
    }
}

/// A sentence of its own, with its place in the file.
pub(super) fn sentence(reader: &mut Reader<'_>, item: &Node) -> Option<Budget> {
    let Some(text) = item.scalar().filter(|_| !item.is_null()) else {
        let message = format!("expected a budget as a sentence, found {}", item.describe());
        let help = "write it on one line, for example `- p95 of landing < 500ms`";
        reader.error("T0801", item.span, message, help);
        return None;
    };
    match parse_sentence(&text.text) {
        Ok(budget) => Some(Budget {
            span: item.span,
            limit_at: item.inner(reader.source(), budget.limit_at.range()),
            ..budget
        }),
        Err(error) => {
            let span = item.inner(reader.source(), error.range);
            reader.error(error.code, span, error.message, error.help);
            None
        }
    }
}

impl BudgetFile {
    /// The budgets that are judged in a profile.
    pub fn applies<'a>(&'a self, profile: &'a str) -> impl Iterator<Item = &'a Budget> {
        self.budgets.iter().filter(move |b| b.applies(profile))
    }

    /// The budgets of a profile that are about none of the steps that it sends.
    pub fn unsent<'a>(
        &'a self,
        profile: &'a str,
        sent: &'a [Place],
    ) -> impl Iterator<Item = &'a Budget> {
        let unsent = |b: &&Budget| !b.among(sent).contains(&true);
        let asked = |b: &&Budget| !matches!(b.statistic, Statistic::Server(_));
        self.applies(profile).filter(asked).filter(unsent)
    }

    /// The labels of the steps that no budget of a profile speaks of; warnings and the throughput of the whole run do
    /// not count, nor do captured numbers.
    pub fn uncovered(&self, profile: &str, places: &[Place]) -> Vec<String> {
        let mut covered = vec![false; places.len()];
        for budget in self.applies(profile) {
            let captured = matches!(budget.part, Some(Part::Capture(_)));
            let whole = budget.statistic == Statistic::Throughput || captured;
            if !whole && budget.level != Level::Warn {
                let speaks = budget.scope.among(places);
                covered.iter_mut().zip(speaks).for_each(|(c, s)| *c |= s);
            }
        }
        let all = places.iter().zip(covered);
        all.filter(|(_, covered)| !covered)
            .map(|(place, _)| place.label())
            .collect()
    }

    /// The limits that a recorder must count exactly, per step. Those of all profiles: so a run can be judged by a
    /// budget that was not meant for its profile.
    pub fn limits(&self, places: &[Place]) -> Vec<Vec<Limit>> {
        let mut all = vec![Vec::new(); places.len()];
        for budget in &self.budgets {
            if budget.part.is_some() {
                continue;
            }
            let (wanted, speaks) = (budget.limits(), budget.scope.among(places));
            for (limits, _) in all.iter_mut().zip(speaks).filter(|(_, speaks)| *speaks) {
                for limit in &wanted {
                    if !limits.contains(limit) {
                        limits.push(*limit);
                    }
                }
            }
        }
        all
    }

    /// What budgets ask a Prometheus server, each expression once, with the name it is given. Those of all profiles: so a
    /// run can be judged by a budget that was not meant for its profile.
    pub fn queries(&self) -> Vec<(String, String)> {
        let mut queries: Vec<(String, String)> = Vec::new();
        for budget in &self.budgets {
            if let Scope::Server {
                name,
                query: Some(query),
            } = &budget.scope
                && queries.iter().all(|(_, known)| known != query)
            {
                queries.push((name.clone(), query.clone()));
            }
        }
        queries
    }

    /// What a recorder must count apart, with the limits of the budgets that ask for it; those of all profiles, too.
    pub fn parts(&self, places: &[Place]) -> Vec<PartLayout> {
        let mut all: Vec<PartLayout> = Vec::new();
        for budget in &self.budgets {
            let Some(part) = &budget.part else { continue };
            let speaks = budget.scope.among(places).into_iter();
            let has = |place: &Place| place.captured(part);
            let steps = speaks.zip(places).enumerate();
            for (step, _) in steps.filter(|(_, (speaks, place))| *speaks && has(place)) {
                let known = all.iter().position(|p| p.step == step && p.part == *part);
                let index = known.unwrap_or(all.len());
                if known.is_none() {
                    all.push(PartLayout {
                        step,
                        part: part.clone(),
                        limits: Vec::new(),
                    });
                }
                for limit in budget.limits() {
                    if !all[index].limits.contains(&limit) {
                        all[index].limits.push(limit);
                    }
                }
            }
        }
        all
    }

    /// Whether a budget asks what caches say of a step's answers, per step.
    pub fn cached(&self, places: &[Place]) -> Vec<bool> {
        let mut all = vec![false; places.len()];
        let mut budgets = self.budgets.iter();
        while let Some(budget) = budgets.find(|b| b.statistic == Statistic::CacheHitRate) {
            let speaks = budget.scope.among(places);
            all.iter_mut().zip(speaks).for_each(|(c, s)| *c |= s);
        }
        all
    }
}

impl Budget {
    /// Whether it is judged in a profile.
    pub fn applies(&self, profile: &str) -> bool {
        self.during.as_deref().is_none_or(|d| d == profile)
    }

    /// What must be counted exactly for it.
    fn limits(&self) -> Vec<Limit> {
        let of = |metric, limit| Limit { metric, limit };
        match self.statistic {
            Statistic::Percentile { metric, .. } => {
                let limit = self.bound.time().map(|limit| of(metric, limit));
                limit.into_iter().collect()
            }
            // Named here, the bodies are unpacked for it.
            _ if self.statistic.metric() == Some(Metric::Decoded) => {
                vec![of(Metric::Decoded, self.bound.time().unwrap_or_default())]
            }
            Statistic::Apdex(t) => [t, t.saturating_mul(4)]
                .map(|limit| of(Metric::Response, limit))
                .into(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Metric;

    fn read(text: &str) -> Result<BudgetFile, Vec<Diagnostic>> {
        parse(Arc::new(Source::new("budgets/shop.yaml", text)))
    }

    #[test]
    fn a_file_of_sentences() {
        let file = read(
            "budgets:\n  - p95 < 500ms\n  - \"error_rate < 0.1%\" # quoted\n  - p50 < 1s during soak\nstrict: true\n",
        )
        .unwrap();
        assert!(file.strict);
        let texts: Vec<&str> = file.budgets.iter().map(|b| b.text.as_str()).collect();
        assert_eq!(
            texts,
            ["p95 < 500ms", "error_rate < 0.1%", "p50 < 1s during soak"]
        );
        assert_eq!(file.source.position(file.budgets[1].span.start), (3, 5));
        assert_eq!(file.applies("launch").count(), 2);
        assert_eq!(file.applies("soak").count(), 3);
    }

    #[test]
    fn one_pass_reports_every_problem() {
        let problems = read("budgets:\n  - p95 < 500\n  - eror_rate < 1%\nstrict: no\nguard: []\n")
            .unwrap_err();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 4, "{said:?}");
        assert!(said[0].contains("unknown key `guard`"), "{said:?}");
        assert!(
            said[1].starts_with("budgets/shop.yaml:2:11: `500` has no unit"),
            "{said:?}"
        );
        assert!(
            said[2].starts_with("budgets/shop.yaml:3:5: `eror_rate`"),
            "{said:?}"
        );
    }

    #[test]
    fn budget_files_are_told_from_scenarios() {
        for (text, expected) in [
            ("budgets: [p95 < 1s]", true),
            ("budgets:\n", true),
            ("guards:\n  - error_rate < 5% for 2m\nbudgts: []\n", true),
            ("budgets: shop.budgets.yaml\n", false),
            ("budgets: []\ntarget: http://shop.test\n", false),
            ("strict: true\n", false),
            ("- p95 < 1s\n", false),
            ("budgets: [p95 < 1s", false),
        ] {
            assert_eq!(is_budgets(text), expected, "{text}");
        }
    }

    #[test]
    fn no_budget_at_all_is_an_error() {
        assert_eq!(read("budgets: []\n").unwrap_err()[0].code, "T0830");
        assert_eq!(read("budgets:\n").unwrap_err()[0].code, "T0830");
    }

    #[test]
    fn recorders_count_each_limit_once_where_it_is_needed() {
        let file = read(
            "budgets:\n  - p95 < 500ms\n  - p50 < 500ms\n  - mean < 1s\n  - ttfb p95 of purchase < 1s\n  - p99 of landing < 2s\n",
        )
        .unwrap();
        let limits = file.limits(&[
            Place::new("browse", "landing"),
            Place::new("purchase", "pay"),
        ]);
        let of = |metric, ms: u64| Limit {
            metric,
            limit: ms * 1_000_000,
        };
        let all = of(Metric::Response, 500);
        assert_eq!(limits[0], [all, of(Metric::Response, 2000)]);
        assert_eq!(limits[1], [all, of(Metric::Ttfb, 1000)]);
    }
}
