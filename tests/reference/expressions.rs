//! `docs/expressions.md`, whole: every word of the vocabulary with its example.

use super::{code, golden, row};
use std::fmt::Write as _;
use tollgate::expr::{EXAMPLE, Entry, Kind, vocabulary};

const HEAD: &str = include_str!("expressions.head.md");

const PARTS: [(Kind, &str, &str); 4] = [
    (
        Kind::Query,
        "Queries",
        "What a check or a capture begins with.",
    ),
    (
        Kind::Filter,
        "Filters",
        "What stands behind a `|`, and makes something else of what was found. Any number of them, from left to right.",
    ),
    (
        Kind::Predicate,
        "Predicates",
        "What a check ends with. Each example holds. `not` may stand before any of them: `body not contains \"x\"`.",
    ),
    (
        Kind::Function,
        "Functions",
        "What is called between `{{` and `}}`, in requests and in `set:`. Random ones draw from the user's own stream, \
         which `--seed` decides: the results are those of one seed.",
    ),
];

fn table(kind: Kind) -> String {
    let judged = kind == Kind::Predicate;
    let mut head = vec!["Written", "What it is", "Example", "Gives", "Elsewhere"];
    if judged {
        head.remove(3);
    }
    let head: Vec<String> = head.into_iter().map(str::to_owned).collect();
    let mut text = row(&head) + &row(&vec!["---".to_owned(); head.len()]);
    for entry in vocabulary().iter().filter(|entry| entry.kind == kind) {
        text += &row(&cells(entry, judged));
    }
    text
}

fn cells(entry: &Entry, judged: bool) -> Vec<String> {
    let elsewhere: Vec<String> = entry.also.iter().map(|word| code(word)).collect();
    let mut cells = vec![
        code(entry.syntax),
        entry.doc.to_owned(),
        code(entry.example),
    ];
    if !judged {
        cells.push(code(entry.result));
    }
    cells.push(elsewhere.join(", "));
    cells
}

#[test]
fn every_word_is_in_the_reference() {
    let mut made = HEAD.replace("EXAMPLE\n", &format!("{EXAMPLE}\n"));
    for (kind, title, about) in PARTS {
        write!(made, "\n## {title}\n\n{about}\n\n{}", table(kind)).unwrap();
    }
    golden("expressions.md", &made);
}
