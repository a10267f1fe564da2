//! The grammar in the documentation of `budget`, read and held against the parser. In: its text; out: sentences that it
//! makes, and whether it knows a sentence. Invariant: what the parser reads, the grammar knows, and what the grammar
//! makes, the parser reads, or says which two parts of it do not go together.

use super::parse_sentence;
use super::tests::{PLAIN, WRONG, sentence};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus as Rng;
use regex::Regex;
use std::collections::BTreeMap;

/// Codes of sentences whose shape is right: throughput of a part, direction, unit, pointless limit, `during` in a name
/// without quotes, a percentile beyond 100, not kept over time or by status.
const MEANING: [&str; 8] = [
    "T0803", "T0805", "T0806", "T0807", "T0810", "T0811", "T0813", "T0815",
];

#[derive(Debug)]
enum Rule {
    Any(Vec<Rule>),
    All(Vec<Rule>),
    Maybe(Box<Rule>),
    Word(String),
    Named(String),
    Fits(Regex),
}

struct Grammar(BTreeMap<String, Rule>);

impl Grammar {
    fn read() -> Self {
        let page = include_str!("../mod.rs");
        let block = page.split("```text\n").nth(1).unwrap();
        let block = block.split("//! ```").next().unwrap();
        let text = block.replace("//!", "");
        let mut rules: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            match line.split_once(" = ") {
                Some((name, rest)) if !line.trim().starts_with('|') => {
                    rules.push((name.trim().to_owned(), rest.trim().to_owned()));
                }
                _ => {
                    let (_, text) = rules.last_mut().unwrap();
                    text.push(' ');
                    text.push_str(line.trim());
                }
            }
        }
        let rules = rules.into_iter().map(|(name, text)| {
            let text = text.trim();
            if let Some(pattern) = text.strip_prefix('/').and_then(|t| t.strip_suffix('/')) {
                return (
                    name,
                    Rule::Fits(Regex::new(&format!("^(?:{pattern})")).unwrap()),
                );
            }
            let words: Vec<&str> = text.split_whitespace().collect();
            let (rule, rest) = any(&words);
            assert!(rest.is_empty(), "{name}: {rest:?}");
            (name, rule)
        });
        Self(rules.collect())
    }

    fn knows(&self, text: &str) -> bool {
        let text = text.trim();
        self.ends(&self.0["sentence"], text, 0)
            .contains(&text.len())
    }

    /// Where a rule that begins at `at` can end.
    fn ends(&self, rule: &Rule, text: &str, at: usize) -> Vec<usize> {
        match rule {
            Rule::Any(rules) => rules.iter().flat_map(|r| self.ends(r, text, at)).collect(),
            Rule::All(rules) => rules.iter().fold(vec![at], |starts, rule| {
                let ends = starts.into_iter().flat_map(|at| self.ends(rule, text, at));
                ends.collect()
            }),
            Rule::Maybe(rule) => [vec![at], self.ends(rule, text, at)].concat(),
            Rule::Named(name) => self.ends(&self.0[name], text, at),
            Rule::Word(word) => {
                let start = skip(text, at);
                let end = start + word.len();
                let whole = |next: char| !(next.is_alphanumeric() || next == '_');
                let letters = word.ends_with(char::is_alphabetic);
                let fits = text[start..].starts_with(word.as_str())
                    && (!letters || text[end..].chars().next().is_none_or(whole));
                fits.then_some(end).into_iter().collect()
            }
            Rule::Fits(pattern) => {
                let start = skip(text, at);
                let found = pattern.find(&text[start..]);
                found.map(|f| start + f.end()).into_iter().collect()
            }
        }
    }

    /// A sentence that it makes.
    fn make(&self, rule: &Rule, rng: &mut Rng, out: &mut String) {
        match rule {
            Rule::Any(rules) => self.make(&rules[rng.random_range(0..rules.len())], rng, out),
            Rule::All(rules) => rules.iter().for_each(|rule| self.make(rule, rng, out)),
            Rule::Maybe(rule) => {
                if rng.random() {
                    self.make(rule, rng, out);
                }
            }
            Rule::Named(name) => match &self.0[name] {
                Rule::Fits(pattern) => {
                    let all = example(name);
                    let word = all[rng.random_range(0..all.len())];
                    assert_eq!(
                        pattern.find(word).map(|f| f.end()),
                        Some(word.len()),
                        "{word}"
                    );
                    put(out, word);
                }
                rule => self.make(rule, rng, out),
            },
            Rule::Word(word) => put(out, word),
            Rule::Fits(_) => unreachable!("only whole rules are expressions"),
        }
    }
}

/// Alternatives, up to a closing bracket.
fn any<'t, 'w>(words: &'t [&'w str]) -> (Rule, &'t [&'w str]) {
    let (mut rules, mut all, mut rest) = (Vec::new(), Vec::new(), words);
    while let Some((word, behind)) = rest.split_first() {
        rest = behind;
        match *word {
            ")" | "]" => {
                rest = &words[words.len() - behind.len() - 1..];
                break;
            }
            "|" => rules.push(Rule::All(std::mem::take(&mut all))),
            "(" | "[" => {
                let (inner, closed) = any(behind);
                rest = &closed[1..];
                all.push(match *word {
                    "[" => Rule::Maybe(Box::new(inner)),
                    _ => inner,
                });
            }
            quoted if quoted.starts_with('"') => {
                all.push(Rule::Word(quoted.trim_matches('"').to_owned()));
            }
            name => all.push(Rule::Named(name.to_owned())),
        }
    }
    rules.push(Rule::All(all));
    (Rule::Any(rules), rest)
}

fn skip(text: &str, at: usize) -> usize {
    at + text[at..].len() - text[at..].trim_start().len()
}

/// Words stand apart, but for what is in brackets.
fn put(out: &mut String, word: &str) {
    if !(out.is_empty() || out.ends_with('(') || word == ")") {
        out.push(' ');
    }
    out.push_str(word);
}

fn example(rule: &str) -> &'static [&'static str] {
    match rule {
        "percentile" => &["p50", "p95", "p99.9", "p99.99"],
        "variable" => &["queue_depth", "n1"],
        "status" => &["2xx", "404", "503"],
        "name" => &[
            "landing",
            "purchase/add to cart",
            "\"a < b\"",
            "tag checkout",
            "host cdn.test",
        ],
        "last" => &["launch", "warm-up", "night shift", "\"a > b\""],
        "duration" => &["500ms", "1.5 s", "2m", "250us", "1h"],
        "length" => &["500ms", "1.5s", "10s", "2m"],
        "portion" => &["95%", "99.9%"],
        "size" => &["100kB", "2 MB", "1KiB", "7B"],
        "percent" => &["0.1%", "99 %", "5%"],
        "rate" => &["500 req/s", "1/s", "30/min"],
        "number" => &["5", "0.9", "1_000"],
        other => panic!("no example of {other}"),
    }
}

#[test]
fn what_the_grammar_makes_is_read() {
    let (grammar, mut rng) = (Grammar::read(), Rng::seed_from_u64(8));
    let mut read = 0;
    for _ in 0..20_000 {
        let mut text = String::new();
        grammar.make(&grammar.0["sentence"], &mut rng, &mut text);
        assert!(grammar.knows(&text), "{text}");
        match parse_sentence(&text) {
            Ok(_) => read += 1,
            Err(error) => assert!(MEANING.contains(&error.code), "{text}: {error:?}"),
        }
    }
    assert!(read > 500, "{read}");
}

#[test]
fn what_is_read_the_grammar_knows() {
    let grammar = Grammar::read();
    // What servers say of themselves has a grammar of its own.
    let observed = |text: &str| text.starts_with("server ") || text.starts_with("prometheus ");
    for (text, plain) in PLAIN.iter().filter(|(text, _)| !observed(text)) {
        assert!(grammar.knows(text) && grammar.knows(plain), "{text}");
    }
    for (text, code, ..) in WRONG.iter().filter(|wrong| !observed(wrong.0)) {
        let shape = !MEANING.contains(code);
        assert!(!(shape && grammar.knows(text)), "{text}: {code}");
    }
}

#[test]
fn every_rule_is_used() {
    let page = include_str!("../mod.rs");
    for name in Grammar::read().0.keys().filter(|n| *n != "sentence") {
        let block = page
            .split("```text")
            .nth(1)
            .unwrap()
            .split("```")
            .next()
            .unwrap();
        let words = block.split_whitespace().filter(|w| w == name).count();
        assert!(words > 1, "{name}");
    }
}

proptest! {
    #![proptest_config(crate::properties::cases(256))]

    #[test]
    fn printed_budgets_are_in_the_grammar(written in sentence()) {
        let text = written.to_string();
        prop_assert!(Grammar::read().knows(&text), "{text}");
    }
}
