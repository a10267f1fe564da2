//! The scenario file. In: a draft; out: its text, in the order and style of the scenarios that come with tollgate.
//! Invariant: what was left out stands at the end of the file, comments are one line each, and no key stands there
//! without a value.

use super::yaml::{Entry, Item, Yaml, comments};
use super::{Body, Capture, Draft, Flow, Request, Step};
use crate::import::Left;
use serde_json::Value;

/// Lines about what was left out; nobody reads more.
const SHOWN: usize = 100;

/// The whole file.
pub(in crate::import) fn scenario(draft: &Draft, left: &[Left]) -> String {
    let steps = [
        section(
            "fragments",
            None,
            draft.fragments.iter().map(flow).collect(),
        ),
        section("flows", None, draft.flows.iter().map(flow).collect()),
    ];
    let steps = lines(steps);
    let around = lines([defaults(draft)]);
    let live: String = around
        .lines()
        .chain(steps.lines())
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let mut out = String::new();
    comments(&draft.head, 0, &mut out);
    Yaml::Map(header(draft, &live)).write(0, &mut out);
    out.push_str(&around);
    out.push_str(&lines([section(
        "variables",
        Some("fill in what the document does not say"),
        variables(draft, &live),
    )]));
    out.push_str(&spaced(&steps));
    out.push_str(&lines([
        section("profiles", None, profiles()),
        section(
            "environments",
            Some("`--env NAME` chooses one"),
            environments(draft),
        ),
    ]));
    leftovers(left, &mut out);
    out
}

/// Sections, each behind an empty line.
fn lines<const N: usize>(sections: [Option<Entry>; N]) -> String {
    let mut out = String::new();
    for section in sections.into_iter().flatten() {
        out.push('\n');
        Yaml::Map(vec![section]).write(0, &mut out);
    }
    out
}

/// The constants that a step reads.
fn variables(draft: &Draft, live: &str) -> Vec<Entry> {
    let read = draft
        .variables
        .iter()
        .filter(|(name, ..)| live.contains(&format!("{{{{ {name} }}}}")));
    read.map(|(name, value, what)| Entry::new(name, Yaml::json(value)).beside(what.clone()))
        .collect()
}

fn environments(draft: &Draft) -> Vec<Entry> {
    let target = |url: &String| Yaml::Map(vec![Entry::new("target", Yaml::text(url))]);
    draft
        .environments
        .iter()
        .map(|(name, url)| Entry::new(name, target(url)))
        .collect()
}

fn header(draft: &Draft, live: &str) -> Vec<Entry> {
    let (variable, url) = &draft.target;
    let mut target = Entry::new("target", Yaml::text(format!("${{{variable}:-{url}}}")));
    target.beside.clone_from(&draft.target_note);
    let mut header = vec![Entry::new("scenario", Yaml::text(&draft.name)), target];
    // A secret that nothing sends need not be set.
    let sent = |name: &&String| live.contains(&format!("${{{name}:-"));
    let secrets: Vec<String> = draft.secrets.iter().filter(sent).cloned().collect();
    if !secrets.is_empty() {
        let secrets = Entry::new("secrets", Yaml::texts(&secrets));
        header.push(secrets.beside("from the environment or .env; masked in every output"));
    }
    header
}

fn defaults(draft: &Draft) -> Option<Entry> {
    let mut defaults = vec![Entry::new("timeout", Yaml::Plain("10s".into()))];
    if !draft.headers.is_empty() {
        defaults.push(Entry::new("headers", Yaml::map(&draft.headers)));
    }
    if let Some(auth) = &draft.auth {
        defaults.push(Entry::new("auth", Yaml::json(auth)));
    }
    section("defaults", None, defaults)
}

fn section(key: &str, beside: Option<&str>, entries: Vec<Entry>) -> Option<Entry> {
    let mut entry = Entry::new(key, Yaml::Map(entries)).tall();
    entry.beside = beside.map(str::to_owned);
    (!matches!(&entry.value, Yaml::Map(entries) if entries.is_empty())).then_some(entry)
}

fn profiles() -> Vec<Entry> {
    let entry = |(key, value): &(&str, &str)| Entry::new(*key, Yaml::Plain((*value).into()));
    let profile = |name: &str, entries: &[(&str, &str)]| {
        Entry::new(name, Yaml::Map(entries.iter().map(entry).collect()))
    };
    let load = [("rate", "10 req/s"), ("ramp", "10s"), ("duration", "2m")];
    vec![
        profile("smoke", &[("passes", "1")]).beside("every flow once, in order"),
        profile("load", &load).beside("the rate counts requests; begin small"),
    ]
}

fn flow(flow: &Flow) -> Entry {
    let mut entries = Vec::new();
    if let Some(auth) = &flow.auth {
        entries.push(Entry::new("auth", Yaml::json(auth)));
    }
    let steps = flow.steps.iter().map(step).collect();
    entries.push(Entry::new("steps", Yaml::List(steps)).tall());
    let mut entry = Entry::new(&flow.name, Yaml::Map(entries)).tall();
    entry.above.clone_from(&flow.above);
    entry
}

fn step(step: &Step) -> Item {
    match step {
        Step::Use(fragment) => Item {
            above: Vec::new(),
            value: Yaml::Map(vec![Entry::new("use", Yaml::text(fragment))]),
            off: false,
        },
        Step::Think(pause) => Item {
            above: Vec::new(),
            value: Yaml::Map(vec![Entry::new("think", Yaml::Plain(pause.clone()))]),
            off: false,
        },
        Step::Request(request) => Item {
            above: request.above.clone(),
            value: Yaml::Map(entries(request)),
            off: request.off,
        },
    }
}

fn entries(request: &Request) -> Vec<Entry> {
    let verbs = ["get", "head", "post", "put", "patch", "delete", "options"];
    let mut entries = vec![if verbs.contains(&request.method.as_str()) {
        Entry::new(&request.method, Yaml::text(&request.path))
    } else {
        let line = format!("{} {}", request.method.to_uppercase(), request.path);
        Entry::new("send", Yaml::text(line))
    }];
    entries[0].beside.clone_from(&request.beside);
    entries.push(Entry::new("name", Yaml::text(&request.name)));
    if !request.query.is_empty() {
        entries.push(Entry::new("query", pairs(&request.query)));
    }
    if !request.headers.is_empty() {
        entries.push(Entry::new("headers", Yaml::map(&request.headers)));
    }
    if let Some(auth) = &request.auth {
        entries.push(Entry::new("auth", Yaml::json(auth)));
    }
    entries.extend(
        request
            .redirects
            .map(|most| Entry::new("redirects", Yaml::Plain(most.to_string()))),
    );
    entries.extend(request.body.as_ref().map(body));
    if !request.captures.is_empty() {
        let captures = request.captures.iter().map(capture).collect();
        entries.push(Entry::new("capture", Yaml::Map(captures)).tall());
    }
    match request.checks.as_slice() {
        [] => {}
        [check] => entries.push(Entry::new("check", Yaml::text(check))),
        checks => entries.push(Entry::new("check", Yaml::texts(checks)).tall()),
    }
    entries
}

fn pairs(pairs: &[(String, Value)]) -> Yaml {
    Yaml::Map(
        pairs
            .iter()
            .map(|(key, value)| Entry::new(key, Yaml::json(value)))
            .collect(),
    )
}

fn body(body: &Body) -> Entry {
    match body {
        Body::Json(value) => Entry::new("json", Yaml::json(value)),
        Body::Form(fields) => Entry::new("form", pairs(fields)),
        Body::Multipart(parts) => Entry::new("multipart", pairs(parts)),
        Body::Text(text) => Entry::new("text", Yaml::text(text)),
    }
}

fn capture(capture: &Capture) -> Entry {
    let from = Yaml::text(&capture.from);
    if !capture.secret {
        return Entry::new(&capture.name, from);
    }
    let entries = vec![
        Entry::new("from", from),
        Entry::new("secret", Yaml::Plain("true".into())),
    ];
    Entry::new(&capture.name, Yaml::Map(entries))
}

fn leftovers(left: &[Left], out: &mut String) {
    if left.is_empty() {
        return;
    }
    out.push_str("\n# Not taken over:\n");
    let lines: Vec<String> = left
        .iter()
        .take(SHOWN)
        .map(|l| format!("  {}: {}", l.place, l.what))
        .collect();
    comments(&lines, 0, out);
    if let more @ 1.. = left.len().saturating_sub(SHOWN) {
        comments(&[format!("  and {more} more")], 0, out);
    }
}

/// An empty line between two flows, as between sections.
fn spaced(text: &str) -> String {
    let mut out = String::new();
    let mut before = "";
    let mut inside = false;
    for line in text.lines() {
        let level = line.len() - line.trim_start().len();
        inside = if level == 0 && !line.is_empty() {
            matches!(line, "flows:" | "fragments:")
        } else {
            inside
        };
        let opens = inside && level == 2 && !line.trim_start().starts_with('-');
        let goes_on = before.starts_with("  #")
            || before.ends_with("flows:")
            || before.ends_with("fragments:");
        if opens && !goes_on {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        before = line;
    }
    out
}
