//! Pages. In: views, comparisons, lists, histories; out: one HTML file each. Invariant: self-contained, readable without
//! script, every text escaped, smaller than 500 KB.

mod compare;
mod index;
mod nights;
mod report;

pub use index::index;
pub use nights::chronicles;
pub use report::{Html, LiveHtml};

use super::charts::escaped;
use crate::budget::{Judgement, Outcome};
use crate::report::Word;

/// The class that colours a verdict.
fn tone(word: Word) -> &'static str {
    match word {
        Word::Pass => "pass",
        Word::Fail | Word::Unreachable | Word::Stopped => "fail",
        Word::Invalid | Word::Interrupted | Word::Terminated => "unsure",
    }
}

/// Markup of a sentence: what stands between backticks is code.
fn marked(sentence: &str) -> String {
    let parts = sentence.split('`').enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    parts.collect()
}

/// The class that colours a budget.
fn outcome(budget: &Judgement) -> &'static str {
    match budget.outcome {
        _ if budget.warns() => "unsure",
        Outcome::Pass => "pass",
        Outcome::Fail | Outcome::Marginal { passed: false } => "fail",
        Outcome::Marginal { passed: true } | Outcome::Undecided => "unsure",
        Outcome::NotRun => "off",
    }
}
