//! Data for the flows. In: the `data:` map and the files it names; out: [`Feeder`]s whose columns have
//! slots, and problems with the place in the scenario or in the data file. Invariant: a feeder has at least
//! one row, and every row has a value for every column.

mod order;
mod table;

pub use order::Order;

use super::loading::Loading;
use super::names::Columns;
use super::vocabulary::FEEDER;
use crate::expr::Value;
use crate::source::{Fields, Node, Spanned};
use std::sync::Arc;
use table::{Format, Table};

/// Rows that virtual users draw from.
#[derive(Debug, Clone)]
pub struct Feeder {
    /// As flows call it: `{{ name.column }}`.
    pub name: String,
    /// The columns and their slots, in the order of each row.
    pub columns: Vec<(String, usize)>,
    /// The rows; at least one. CSV gives texts, JSON its own types.
    pub rows: Arc<Vec<Vec<Value>>>,
    /// Which row comes next.
    pub order: Order,
}

impl Feeder {
    /// The row of the draw with this index, counted from 0 over the whole run; `None` where a `unique`
    /// feeder has run out. The same seed gives the same rows, and each feeder has its own sequence.
    pub fn row(&self, index: u64, seed: u64) -> Option<usize> {
        let key = order::mix(seed ^ order::hash(&self.name));
        let row = self.order.row(index, self.rows.len() as u64, key)?;
        usize::try_from(row).ok()
    }
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
    let table = file(loading, name, &fields)?;
    let (order, true) = (order?, named) else {
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
    })
}

/// Exactly one of `csv` and `json`, read.
fn file(loading: &mut Loading<'_>, name: &Spanned<String>, fields: &Fields<'_>) -> Option<Table> {
    let (format, node) = match (fields.entry("csv"), fields.entry("json")) {
        (Some((_, node)), None) => (Format::Csv, node),
        (None, Some((_, node))) => (Format::Json, node),
        (Some(_), Some((key, _))) => {
            let help = "keep one of them; two files make two feeders";
            loading.reader.error(
                "T0501",
                key,
                "a feeder has one file, and this one has two",
                help,
            );
            return None;
        }
        (None, None) => {
            loading.reader.error(
                "T0501",
                name.span,
                format!("the feeder `{}` has no file", name.value),
                "add `csv: file.csv` or `json: file.json`",
            );
            return None;
        }
    };
    let path = loading.path(node)?;
    let bytes = match std::fs::read(&path) {
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
