//! `tollgate config`. In: a scenario and what the command line says about reading it; out: every value that a run
//! would use and where it came from. Invariant: nothing is sent, and secrets are names.

use crate::cli::Terminal;
use crate::cli::args::{Amount, Reading};
use crate::cli::error::Error;
use crate::cli::inputs::Inputs;
use crate::record::Masker;
use crate::scenario::{Connections, Load, Lookup, Order, Origin, Process, Profile, Setting};
use crate::units::{format_count, format_duration};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Config {
    /// Scenario file.
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// Only this profile, and the plan that it makes.
    #[arg(short, long, value_name = "NAME")]
    pub(in crate::cli) profile: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(in crate::cli) format: Format,
    #[command(flatten)]
    pub(in crate::cli) reading: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// A table for people.
    Text,
    /// One JSON document.
    Json,
}

/// One value.
struct Row {
    key: String,
    value: String,
    from: From,
    /// `file:line:col`, where it is written.
    place: Option<String>,
    lookups: Vec<Lookup>,
}

/// Where a value came from, before variables.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    File,
    Environment,
    Flag(&'static str),
    /// A budget file with the scenario's name.
    Found,
    /// Worked out from other values.
    Derived,
    Default,
}

impl From {
    fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag(flag) => flag,
            Self::Found => "found by name",
            Self::Derived => "derived",
            Self::Default => "default",
        }
    }
}

pub(in crate::cli) fn config(args: &Config, terminal: Terminal) -> Result<u8, Error> {
    let inputs = Inputs::read(&args.file, &args.reading, terminal)?;
    let mut rows = written(&inputs, &args.reading);
    rows.extend(unwritten(&inputs, &args.reading, &rows));
    if let Some(profile) = &args.profile {
        let plan = inputs.plan(&Amount {
            profile: Some(profile.clone()),
            seed: Some(1),
            ..Amount::default()
        })?;
        let (all, own) = ("profiles.", format!("profiles.{profile}."));
        rows.retain(|row| !row.key.starts_with(all) || row.key.starts_with(&own));
        rows.push(row("plan", plan.to_string(), From::Derived));
    }
    // Sections stay as the file has them, and what it leaves out stands with its section.
    let order = sections(&rows);
    rows.sort_by_key(|row| order.iter().position(|s| s == section(&row.key)));
    let text = match args.format {
        Format::Text => table(&inputs, &rows),
        Format::Json => format!("{:#}\n", document(&inputs, &rows, args)),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(0)
}

fn row(key: impl Into<String>, value: impl Into<String>, from: From) -> Row {
    Row {
        key: key.into(),
        value: value.into(),
        from,
        place: None,
        lookups: Vec::new(),
    }
}

fn section(key: &str) -> &str {
    let mut parts = key.match_indices('.').map(|(at, _)| at);
    let end = match key.split('.').next() {
        Some("profiles" | "data") => parts.nth(1),
        _ => parts.next(),
    };
    &key[..end.unwrap_or(key.len())]
}

fn sections(rows: &[Row]) -> Vec<String> {
    let mut order: Vec<String> = Vec::new();
    for row in rows {
        let section = section(&row.key);
        if !order.iter().any(|known| known == section) {
            order.push(section.to_owned());
        }
    }
    order
}

/// What the file or its environment says.
fn written(inputs: &Inputs, reading: &Reading) -> Vec<Row> {
    let scenario = &inputs.scenario;
    let masker = Masker::new(scenario.secrets.iter().map(|s| s.value.as_str()));
    let of = |setting: &Setting| {
        let flag = match setting.key.as_str() {
            "target" if reading.target.is_some() => Some("--target"),
            "budgets" if reading.budgets.is_some() => Some("--budgets"),
            _ => None,
        };
        let (line, column) = scenario.source.position(setting.span.start);
        let (file, _) = scenario.source.place(setting.span);
        let value = match (setting.key.as_str(), &reading.budgets) {
            ("budgets", Some(path)) => path.display().to_string(),
            _ => masker.text(&setting.value, &[]),
        };
        Row {
            key: setting.key.clone(),
            value,
            from: match flag {
                Some(flag) => From::Flag(flag),
                None if setting.overlaid => From::Environment,
                None => From::File,
            },
            place: flag.is_none().then(|| format!("{file}:{line}:{column}")),
            lookups: if flag.is_some() {
                Vec::new()
            } else {
                setting.lookups.clone()
            },
        }
    };
    inputs.settings.iter().map(of).collect()
}

/// What nobody wrote, and what was worked out.
fn unwritten(inputs: &Inputs, reading: &Reading, written: &[Row]) -> Vec<Row> {
    let scenario = &inputs.scenario;
    let mut rows = vec![row("scenario", scenario.name.as_str(), From::Default)];
    let budgets = inputs.budgets.as_ref().map(|b| b.source.name.clone());
    rows.push(match (budgets, &reading.budgets) {
        (Some(file), Some(_)) => row("budgets", file, From::Flag("--budgets")),
        (Some(file), None) => row("budgets", file, From::Found),
        (None, _) => row("budgets", "none: only checks decide", From::Default),
    });
    let connections = match scenario.connections {
        Connections::PerUser => "per user",
        Connections::Shared | Connections::PerRequest => "shared",
    };
    let proxy = match scenario.network.proxies.of(&scenario.target.value) {
        Some(proxy) => format!("the environment's: {proxy}"),
        None => "none before the target".into(),
    };
    rows.push(row("proxy", proxy, From::Default));
    for (key, value) in [
        ("dns", "run"),
        ("ip", "any"),
        ("tls.min", "1.2"),
        ("allow", "this machine only, above 50 req/s"),
        ("tls.ca", "the system's authorities"),
        ("tls.insecure", "false"),
        ("connections", connections),
        ("keep_alive", "true"),
        ("http", "auto"),
        ("defaults.timeout", "10s"),
        ("defaults.redirects", "off"),
        ("defaults.compression", "off"),
        ("defaults.compress", "off"),
    ] {
        rows.push(row(key, value, From::Default));
    }
    for feeder in &scenario.data {
        let key = |name: &str| format!("data.{}.{name}", feeder.name);
        rows.push(row(key("order"), order(feeder.order), From::Default));
        let columns: Vec<&str> = feeder
            .columns
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let count = format_count(feeder.rows.len() as u64);
        let holds = format!("{count}, columns {}", columns.join(", "));
        rows.push(row(key("rows"), holds, From::Derived));
    }
    for profile in &scenario.profiles {
        rows.extend(unwritten_profile(profile));
    }
    rows.extend(secrets(inputs));
    // A key that is written, or whose parts are.
    let known = |row: &Row| {
        written
            .iter()
            .any(|w| w.key == row.key || w.key.starts_with(&format!("{}.", row.key)))
    };
    rows.retain(|row| !known(row));
    rows
}

/// Their names, each once, and never a value.
fn secrets(inputs: &Inputs) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for secret in &inputs.scenario.secrets {
        let key = format!("secrets.{}", secret.name);
        if rows.iter().any(|row| row.key == key) {
            continue;
        }
        let mut entry = row(key, "set", From::File);
        let of = |lookup: &&Lookup| lookup.name == secret.name;
        entry.lookups = inputs
            .lookups
            .iter()
            .find(of)
            .cloned()
            .into_iter()
            .collect();
        rows.push(entry);
    }
    rows
}

fn unwritten_profile(profile: &Profile) -> Vec<Row> {
    let entry = |key: &str, value: String| {
        let key = format!("profiles.{}.{key}", profile.name);
        row(key, value, From::Default)
    };
    let mut rows = Vec::new();
    match &profile.load {
        Load::Passes(passes) => return vec![entry("passes", passes.to_string())],
        // Each of its stages says everything.
        Load::Stages(_) => return rows,
        Load::Rate(_) | Load::Stairs(_) | Load::Spike(_) => {
            let arrivals = match profile.arrivals {
                Process::Poisson => "poisson",
                Process::Constant => "constant",
            };
            rows.push(entry("arrivals", arrivals.into()));
            rows.push(entry("max_in_flight", "from rate and timeouts".into()));
        }
        Load::Users(_) => {}
    }
    rows.push(entry("ramp", format_duration(profile.ramp)));
    rows.push(entry("warmup", format_duration(profile.warmup)));
    rows
}

fn order(order: Order) -> &'static str {
    match order {
        Order::Sequential => "sequential",
        Order::Shuffled => "shuffled",
        Order::Random => "random",
        Order::Unique => "unique",
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Given => "-e",
        Origin::Process => "the process environment",
        Origin::File => ".env",
        Origin::Default => "its default",
    }
}

fn table(inputs: &Inputs, rows: &[Row]) -> String {
    let width = |text: fn(&Row) -> &str, most: usize| {
        let widths = rows.iter().map(|row| text(row).chars().count());
        widths.filter(|w| *w <= most).max().unwrap_or(0)
    };
    let (keys, values) = (width(|r| &r.key, 40), width(|r| &r.value, 40));
    let mut out = String::new();
    for row in rows {
        let line = format!(
            "{:<keys$}  {:<values$}  {}",
            row.key,
            shown(&row.value),
            said(inputs, row)
        );
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// On one line, whatever a variable holds.
fn shown(text: &str) -> String {
    let hidden = |c: char| if c.is_control() { '?' } else { c };
    text.chars().map(hidden).collect()
}

/// Where a value came from, in words.
fn said(inputs: &Inputs, row: &Row) -> String {
    let mut said = match (row.from, &inputs.scenario.environment) {
        (From::Environment, Some(name)) => format!("environment {name}"),
        (from, _) => from.name().to_owned(),
    };
    if let Some(place) = &row.place {
        said = match row.from {
            From::File => place.clone(),
            _ => format!("{said}, {place}"),
        };
    }
    for lookup in &row.lookups {
        said.push_str(", ");
        said.push_str(&lookup.name);
        said.push_str(" from ");
        said.push_str(origin(lookup.origin));
    }
    said
}

fn document(inputs: &Inputs, rows: &[Row], args: &Config) -> Value {
    let variables = |row: &Row| -> Vec<Value> {
        let of = |l: &Lookup| json!({ "name": l.name, "from": origin(l.origin) });
        row.lookups.iter().map(of).collect()
    };
    let settings: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "key": row.key,
                "value": row.value,
                "from": row.from.name(),
                "place": row.place,
                "variables": variables(row),
            })
        })
        .collect();
    json!({
        "schema": "tollgate.config/1",
        "file": args.file.display().to_string(),
        "environment": inputs.scenario.environment,
        "settings": settings,
    })
}
