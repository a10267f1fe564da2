//! Questions to a Prometheus server. In: expressions and the time that was measured; out: a series for each, second by
//! second. Invariant: an expression gives one series; none, several, or an error is no value at any instant.

use super::{call, client, clipped, fetch};
use crate::protocol::{Blueprint, Client};
use crate::record::{ServerSeries, ServerSource};
use crate::scenario::{Address, Prometheus};
use crate::units::{Nanos, nanos};
use serde::Deserialize;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::LocalSet;
use tokio::time::sleep;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Points of one answer: Prometheus gives 11,000 at most.
const MOST: u64 = 7_200;
const SECOND: Nanos = 1_000_000_000;

/// What is asked, and of which time.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Names and expressions.
    pub queries: Vec<(String, String)>,
    /// When the run began.
    pub began: SystemTime,
    /// The time that is asked for, since the run began.
    pub span: (Nanos, Nanos),
}

/// Asks every question; what has no answer is in its series, as missed.
///
/// # Errors
/// When the system gives no runtime.
pub fn ask(
    server: &Prometheus,
    asked: &Asked,
    caller: &Blueprint,
) -> io::Result<Vec<ServerSeries>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client = client(caller, &server.at);
    Ok(LocalSet::new().block_on(&runtime, async {
        sleep(server.wait).await;
        let mut all = Vec::new();
        for (name, expression) in &asked.queries {
            let grid = Grid::of(asked.span);
            let mut series = ServerSeries {
                name: name.clone(),
                from: ServerSource::Prometheus,
                what: expression.clone(),
                every: grid.step,
                ..ServerSeries::default()
            };
            match one(&client, &server.at, expression, (asked.began, grid)).await {
                Ok(values) => grid.fill(&mut series, &values),
                Err(why) => {
                    grid.fill(&mut series, &[]);
                    series.problem = Some(clipped(&why));
                }
            }
            all.push(series);
        }
        all
    }))
}

/// The instants that an answer speaks of.
#[derive(Debug, Clone, Copy)]
struct Grid {
    from: Nanos,
    step: Nanos,
    count: u64,
}

impl Grid {
    /// The end of every second; of long runs that of every other, and so on.
    fn of((from, to): (Nanos, Nanos)) -> Self {
        let length = to.saturating_sub(from);
        let step = length.div_ceil(MOST).div_ceil(SECOND).max(1) * SECOND;
        let count = length / step;
        // A run shorter than a second is asked for once, at its end.
        let from = if count == 0 { to } else { from + step };
        let count = count.max(1);
        Self { from, step, count }
    }

    fn at(self, index: u64) -> Nanos {
        self.from + index * self.step
    }

    /// Values by their instants; where there is none it was missed.
    fn fill(self, series: &mut ServerSeries, values: &[(Nanos, f64)]) {
        let mut values = values.iter().peekable();
        for index in 0..self.count {
            let at = self.at(index);
            let near = |value: &&(Nanos, f64)| value.0 < at + self.step / 2;
            let mut found = None;
            while let Some((_, value)) = values.next_if(near) {
                found = Some(*value);
            }
            series.push(at, found);
            if found.is_none_or(|value| !value.is_finite()) {
                let why = "it has no value for a part of the time";
                series.problem.get_or_insert_with(|| why.to_owned());
            }
        }
    }
}

/// The answer of `/api/v1/query_range`, as far as it is wanted.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    values: Vec<(f64, String)>,
}

async fn one(
    client: &Client,
    at: &Address,
    expression: &str,
    (began, grid): (SystemTime, Grid),
) -> Result<Vec<(Nanos, f64)>, String> {
    let began = began.duration_since(UNIX_EPOCH).unwrap_or_default();
    let moment = |at: Nanos| {
        let at = began + Duration::from_nanos(at);
        format!("{}.{:03}", at.as_secs(), at.subsec_millis())
    };
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("query", expression)
        .append_pair("start", &moment(grid.from))
        .append_pair("end", &moment(grid.at(grid.count - 1)))
        .append_pair("step", &format!("{}", grid.step / SECOND))
        .finish();
    let mut url = at.url.clone();
    let path = format!("{}/api/v1/query_range", url.path().trim_end_matches('/'));
    url.set_path(&path);
    let answer = fetch(client, &call(at, url, Some(form), PATIENCE)).await?;
    let status = answer.status.as_u16();
    let read: Option<Answer> = serde_json::from_slice(&answer.body).ok();
    match read {
        Some(Answer {
            error: Some(error), ..
        }) => Err(format!("it answered {status}: {error}")),
        Some(Answer {
            data: Some(data), ..
        }) if status == 200 => series(data, nanos(began)),
        _ if status == 200 => Err("its answer is not that of a Prometheus server".to_owned()),
        _ => Err(format!("it answered {status}")),
    }
}

/// The one series of an answer, its instants counted from the run's beginning.
fn series(mut data: Data, began: Nanos) -> Result<Vec<(Nanos, f64)>, String> {
    match data.result.len() {
        0 => return Err("the expression gives no series at that time".to_owned()),
        1 => {}
        many => {
            return Err(format!(
                "the expression gives {many} series: put `max(…)`, `sum(…)` or `avg(…)` around it"
            ));
        }
    }
    let values = data.result.swap_remove(0).values.into_iter();
    let value = |(at, value): (f64, String)| {
        let at = Duration::try_from_secs_f64(at).ok()?;
        let value = value.parse().ok()?;
        Some((nanos(at).saturating_sub(began), value))
    };
    Ok(values.filter_map(value).collect())
}
