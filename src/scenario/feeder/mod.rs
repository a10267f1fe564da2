//! Data for the flows. In: the `data:` map and the files it names; out: [`Feeder`]s whose columns have
//! slots, and problems with the place in the scenario or in the data file. Invariant: a feeder has at least
//! one row, and every row has a value for every column.

mod draw;
mod order;
mod table;

pub use draw::{Draw, Per};
pub use order::Order;

use super::loading::Loading;
use super::names::Columns;
use super::names::Names;
use super::vocabulary::FEEDER;
use crate::expr::Value;
use crate::source::{Fields, Node, Spanned};
use serde_json::Value as Json;
use std::sync::Arc;
use table::{Format, Table};

/// Rows that virtual users draw from.
#[derive(Debug, Clone)]
pub struct Feeder {
    /// As flows call it: `{{ name.column }}`.
    pub name: String,
    /// The columns and their slots, in the order of each row.
    pub columns: Vec<(String, usize)>,
    /// The rows; at least one. CSV gives texts, JSON and JSON Lines their own types.
    pub rows: Arc<Vec<Vec<Value>>>,
    /// Which row comes next.
    pub order: Order,
    /// How long somebody keeps it.
    pub per: Per,
    /// Whether the first row comes again behind the last one, or nothing more.
    pub wraps: bool,
}

impl Feeder {
    /// The row for this draw; `None` where the rows have run out. The same seed gives the same rows, and each
    /// feeder has its own sequence.
    pub fn row(&self, draw: Draw, seed: u64) -> Option<usize> {
        let rows = self.rows.len() as u64;
        let mut number = self.per.number(draw);
        if self.order != Order::Random && number >= rows {
            if !self.wraps {
                return None;
            }
            if self.order == Order::Unique {
                number %= rows;
            }
        }
        let key = order::mix(seed ^ order::hash(&self.name));
        let row = self.order.row(number, rows, key)?;
        usize::try_from(row).ok()
    }
}

/// The feeders that are read as lists: slots, and all rows as objects.
pub(super) fn lists(feeders: &[Feeder], names: &Names) -> Vec<(usize, Value)> {
    let object = |feeder: &Feeder, row: &Vec<Value>| -> Json {
        let columns = feeder.columns.iter().map(|(column, _)| column.clone());
        let values = row.iter().map(|value| match value {
            Value::Json(json) => json.clone(),
            other => other.text().into(),
        });
        Json::Object(columns.zip(values).collect())
    };
    let list = |feeder: &Feeder| {
        let slot = names.rows_of(&feeder.name)?;
        let rows = feeder.rows.iter().map(|row| object(feeder, row));
        Some((slot, Value::Json(rows.collect())))
    };
    feeders.iter().filter_map(list).collect()
}

/// Reads the `data:` map.
pub(super) fn read(loading: &mut Loading<'_>, node: &Node) -> Vec<Feeder> {
    let Some(entries) = loading.reader.map(node, "data") else {
        return Vec::new();
    };
    let mut feeders = Vec::new();
    for (name, value) in entries {
        let feeder = one(loading, name, value);
        if feeder.is_none() {
            // Its columns are not known: what reads them is not reported on top.
            loading.names.add_feeder(&name.value, Columns::Unknown);
        }
        feeders.extend(feeder);
    }
    feeders
}

fn one(loading: &mut Loading<'_>, name: &Spanned<String>, node: &Node) -> Option<Feeder> {
    let named = super::names::identifier(&name.value);
    if !named {
        loading.reader.error(
            "T0507",
            name.span,
            format!("`{}` cannot be used in a template", name.value),
            "name a feeder with letters, digits and `_`, and no digit first",
        );
    }
    let fields = loading.reader.object(node, &FEEDER)?;
    let order = fields.get("order").map_or(Some(Order::default()), |node| {
        loading
            .reader
            .word(node, &Order::WORDS)
            .and_then(Order::from_word)
    });
    let per = fields.get("per").map_or(Some(Per::default()), |node| {
        let word = loading.reader.word(node, &Per::WORDS);
        word.map(Per::from_word)
    });
    let wraps = at_end(loading, &fields, order);
    let table = file(loading, name, &fields)?;
    let (order, per, wraps, true) = (order?, per?, wraps?, named) else {
        return None;
    };
    let slots = loading
        .names
        .add_feeder(&name.value, Columns::Known(&table.columns));
    Some(Feeder {
        name: name.value.clone(),
        columns: table.columns.into_iter().zip(slots).collect(),
        rows: Arc::new(table.rows),
        order,
        per,
        wraps,
    })
}

/// `at_end:`, whether rows come again; without it all but unique ones do.
fn at_end(loading: &mut Loading<'_>, fields: &Fields<'_>, order: Option<Order>) -> Option<bool> {
    let Some((key, node)) = fields.entry("at_end") else {
        return Some(order != Some(Order::Unique));
    };
    if order == Some(Order::Random) {
        let message = "`at_end` means nothing beside `order: random`, which has no end";
        let help = "remove it, or write `order: shuffled`";
        loading.reader.error("T0509", key, message, help);
        return None;
    }
    let word = loading.reader.word(node, &["wrap", "error"])?;
    Some(word == "wrap")
}

/// The keys that name a file, and how it is written.
const FILES: [(&str, Format); 3] = [
    ("csv", Format::Csv),
    ("json", Format::Json),
    ("jsonl", Format::JsonLines),
];

/// Exactly one file, read.
fn file(loading: &mut Loading<'_>, name: &Spanned<String>, fields: &Fields<'_>) -> Option<Table> {
    let mut named = FILES
        .iter()
        .filter_map(|(key, format)| Some((*format, fields.entry(key)?)));
    let Some((format, (_, node))) = named.next() else {
        loading.reader.error(
            "T0501",
            name.span,
            format!("the feeder `{}` has no file", name.value),
            "add `csv: file.csv`, `json: file.json` or `jsonl: file.jsonl`",
        );
        return None;
    };
    if let Some((_, (key, _))) = named.next() {
        loading.reader.error(
            "T0501",
            key,
            "a feeder has one file, and this one has two",
            "keep one of them; two files make two feeders",
        );
        return None;
    }
    let path = loading.path(node)?;
    let bytes = match loading.bytes(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            loading.unreadable("T0502", node, &path, &error);
            return None;
        }
    };
    match table::read(format, &path.display().to_string(), bytes) {
        Ok(table) => Some(table),
        Err(problems) => {
            for problem in problems {
                loading.reader.push(problem);
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feeder(order: Order, per: Per, wraps: bool) -> Feeder {
        Feeder {
            name: "f".into(),
            columns: Vec::new(),
            rows: Arc::new(vec![Vec::new(); 3]),
            order,
            per,
            wraps,
        }
    }

    fn drawn(feeder: &Feeder, draws: &[(u64, u64)]) -> Vec<Option<usize>> {
        let row = |&(index, user)| feeder.row(Draw { index, user }, 7);
        draws.iter().map(row).collect()
    }

    #[test]
    fn who_gets_a_row_and_what_comes_behind_the_last() {
        use Order::{Sequential, Unique};
        for (order, per, wraps, draws, rows) in [
            (
                Sequential,
                Per::Iteration,
                true,
                [(2, 0), (3, 0), (4, 1)],
                [Some(2), Some(0), Some(1)],
            ),
            (
                Sequential,
                Per::Iteration,
                false,
                [(2, 0), (3, 0), (4, 1)],
                [Some(2), None, None],
            ),
            (
                Sequential,
                Per::User,
                true,
                [(0, 1), (9, 1), (1, 4)],
                [Some(1), Some(1), Some(1)],
            ),
            (
                Unique,
                Per::User,
                false,
                [(0, 2), (9, 2), (1, 3)],
                [Some(2), Some(2), None],
            ),
            (
                Unique,
                Per::Iteration,
                true,
                [(2, 0), (3, 0), (8, 0)],
                [Some(2), Some(0), Some(2)],
            ),
            (
                Unique,
                Per::Run,
                false,
                [(2, 5), (3, 6), (8, 7)],
                [Some(0), Some(0), Some(0)],
            ),
        ] {
            let feeder = feeder(order, per, wraps);
            assert_eq!(drawn(&feeder, &draws), rows, "{order:?} {per:?} {wraps}");
        }
        let random = drawn(
            &feeder(Order::Random, Per::Run, true),
            &[(0, 0), (5, 5), (99, 9)],
        );
        assert!(random[0].is_some() && random.iter().all(|row| *row == random[0]));
        let lap = drawn(
            &feeder(Order::Shuffled, Per::Iteration, false),
            &[(0, 0), (1, 1), (2, 2), (3, 3)],
        );
        assert!(lap[..3].iter().all(Option::is_some) && lap[3].is_none());
    }
}
