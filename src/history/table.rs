//! Series from a CSV file. In: its text; out: series by name, one value a run. Invariant: what cannot be read is an
//! error with its line, never skipped.

use super::significance::median;

/// Names of the columns.
#[derive(Debug, Clone)]
pub struct Columns {
    /// What tells runs apart: several rows of one run count as one, their median. Rows are numbered where the file
    /// has no such column.
    pub run: String,
    /// The measured value.
    pub value: String,
}

/// One series, oldest run first.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// From the column `metric` or `series`; none where there is no such column.
    pub name: Option<String>,
    /// Names of the runs.
    pub runs: Vec<String>,
    /// Commits, where the file has them.
    pub commits: Vec<Option<String>>,
    /// Values, zero or above.
    pub values: Vec<f64>,
}

/// A file that is no series.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TableError {
    /// From 1.
    pub line: u64,
    /// What is wrong, and how to put it right.
    pub what: String,
}

/// Reads the series of a CSV file with a header.
///
/// # Errors
/// The first line that cannot be read.
pub fn read_table(text: &str, columns: &Columns) -> Result<Vec<Series>, TableError> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|e| broken(&e))?.clone();
    let find = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
    let value = find(&columns.value).ok_or_else(|| TableError {
        line: 1,
        what: format!(
            "no column `{}`, only {}; name one with --value",
            columns.value,
            header
                .iter()
                .map(|h| format!("`{h}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    })?;
    let places = [
        find("metric").or_else(|| find("series")),
        find(&columns.run),
        find("commit"),
    ];
    let mut building: Vec<Building> = Vec::new();
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(|e| broken(&e))?;
        let number = number(&record, value)?;
        let [name, run, commit] = places.map(|place| place.map(|p| record[p].to_owned()));
        let run = run.unwrap_or_else(|| (row + 1).to_string());
        let at = building.iter().position(|b| b.name == name);
        let at = at.unwrap_or_else(|| {
            building.push(Building::new(name));
            building.len() - 1
        });
        building[at].add(run, commit.filter(|c| !c.is_empty()), number);
    }
    if building.is_empty() {
        return Err(TableError {
            line: 1,
            what: "no rows below the header".into(),
        });
    }
    Ok(building.into_iter().map(Building::finish).collect())
}

fn broken(error: &csv::Error) -> TableError {
    TableError {
        line: error.position().map_or(1, csv::Position::line),
        what: match error.kind() {
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => format!("{len} fields, but the header has {expected_len}"),
            _ => error.to_string(),
        },
    }
}

fn number(record: &csv::StringRecord, place: usize) -> Result<f64, TableError> {
    let text = &record[place];
    let number = text.parse::<f64>().ok();
    number
        .filter(|n| n.is_finite() && *n >= 0.0)
        .ok_or_else(|| TableError {
            line: record.position().map_or(1, csv::Position::line),
            what: format!(
                "`{text}` is no value; it must be a number, zero or above, without a unit"
            ),
        })
}

/// A series on its way: the measurements of every run.
struct Building {
    name: Option<String>,
    places: std::collections::HashMap<String, usize>,
    runs: Vec<(String, Option<String>, Vec<f64>)>,
}

impl Building {
    fn new(name: Option<String>) -> Self {
        Self {
            name,
            places: std::collections::HashMap::new(),
            runs: Vec::new(),
        }
    }

    fn add(&mut self, run: String, commit: Option<String>, value: f64) {
        let next = self.runs.len();
        let at = *self.places.entry(run.clone()).or_insert(next);
        if at == next {
            self.runs.push((run, commit, vec![value]));
        } else {
            self.runs[at].2.push(value);
        }
    }

    fn finish(self) -> Series {
        let mut series = Series {
            name: self.name,
            runs: Vec::new(),
            commits: Vec::new(),
            values: Vec::new(),
        };
        for (run, commit, mut values) in self.runs {
            series.runs.push(run);
            series.commits.push(commit);
            series.values.push(median(&mut values));
        }
        series
    }
}
