//! What is run: setup, flows, teardown. In: their keys; out: [`Flow`]s. Invariant: each begins with the names that
//! the ones before it leave to it, and with no others.

use super::planned::Search;
use super::step;
use super::{Flow, Here, Step};
use crate::scenario::feeder::Feeder;
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::{FLOW, SETUP};
use crate::source::{Fields, Kind, Node, Span};
use std::collections::BTreeSet;

/// Everything that is run.
#[derive(Debug)]
pub(in crate::scenario) struct Journeys {
    /// The names of the flows, those of broken ones among them.
    pub(in crate::scenario) names: Vec<String>,
    pub(in crate::scenario) flows: Vec<Flow>,
    pub(in crate::scenario) setup: Option<Flow>,
    pub(in crate::scenario) teardown: Option<Flow>,
    pub(in crate::scenario) user_setup: Option<Flow>,
    pub(in crate::scenario) user_teardown: Option<Flow>,
}

impl Journeys {
    /// All of them.
    pub(in crate::scenario) fn all(&self) -> impl Iterator<Item = &Flow> {
        let around = [
            &self.setup,
            &self.user_setup,
            &self.user_teardown,
            &self.teardown,
        ];
        self.flows.iter().chain(around.into_iter().flatten())
    }
}

/// Steps as they are written, and the flow that they are.
#[derive(Debug, Clone, Copy)]
struct Written<'a> {
    name: &'a str,
    span: Span,
    steps: &'a Node,
}

/// The forms of `setup:` and `teardown:`.
#[derive(Debug, Clone, Copy, Default)]
struct Around<'a> {
    run: Option<Written<'a>>,
    user: Option<Written<'a>>,
}

/// Reads `setup:`, `flows:` and `teardown:`.
pub(in crate::scenario) fn read<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    here: &Here<'a>,
    data: &[Feeder],
) -> Journeys {
    let setup = around(loading, fields, "setup", ["setup", "user setup"]);
    let teardown = around(loading, fields, "teardown", ["teardown", "user teardown"]);
    let flows = flows(loading, fields);
    // Setup and teardown are no part of what is tried: they have the policies of their own steps.
    let watched = here.watched(loading, fields);
    plan(loading, &flows, setup, teardown);
    let names = flows.iter().map(|flow| flow.name.to_owned()).collect();
    let mut read = Vec::new();
    // Constants are of all; `setup` is of all behind it; `user setup` is of the user's own.
    let of_run = setup.run.map(|w| {
        let flow = apart(loading, w, here, data, false);
        loading.names.share();
        flow
    });
    let common = loading.names.shared();
    let of_user = setup.user.map(|w| {
        let flow = apart(loading, w, here, data, true);
        loading.names.share();
        flow
    });
    for flow in flows {
        reserved(loading, flow, [setup, teardown]);
        read.extend(one(loading, flow, &watched, data));
    }
    weightless(loading, &read);
    let behind_user = teardown.user;
    let behind_user = behind_user.map(|w| apart(loading, w, here, data, false));
    loading.names.unshare(common);
    let behind_run = teardown.run;
    let behind_run = behind_run.map(|w| apart(loading, w, here, data, false));
    Journeys {
        names,
        flows: read,
        setup: of_run,
        teardown: behind_run,
        user_setup: of_user,
        user_teardown: behind_user,
    }
}

/// Reads a list of steps, or `run:` and `user:`.
fn around<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    key: &str,
    [run, user]: [&'a str; 2],
) -> Around<'a> {
    let Some((span, node)) = fields.entry(key) else {
        return Around::default();
    };
    let written = |name, (span, steps)| Written { name, span, steps };
    if !matches!(node.kind, Kind::Map(_)) {
        return Around {
            run: Some(written(run, (span, node))),
            user: None,
        };
    }
    let Some(fields) = loading.reader.object(node, &SETUP) else {
        return Around::default();
    };
    Around {
        run: fields.entry("run").map(|entry| written(run, entry)),
        user: fields.entry("user").map(|entry| written(user, entry)),
    }
}

fn flows<'a>(loading: &mut Loading<'a>, fields: &Fields<'a>) -> Vec<Written<'a>> {
    let Some(node) = fields.get("flows") else {
        return Vec::new();
    };
    let entries = if node.is_null() {
        Vec::new()
    } else {
        let Some(entries) = loading.reader.map(node, "flows") else {
            return Vec::new();
        };
        entries
    };
    if entries.is_empty() {
        let help = "add one: `browse: { steps: [{ get: / }] }`";
        loading.reader.error(
            "T0401",
            node.span,
            "a scenario needs at least one flow",
            help,
        );
    }
    let written = |(name, steps): (&'a crate::source::Spanned<String>, &'a Node)| Written {
        name: &name.value,
        span: name.span,
        steps,
    };
    entries.into_iter().map(written).collect()
}

fn plan<'a>(
    loading: &mut Loading<'a>,
    flows: &[Written<'a>],
    setup: Around<'a>,
    teardown: Around<'a>,
) {
    let mut found = Vec::new();
    let around = [setup.run, setup.user, teardown.user, teardown.run];
    let lists = flows.iter().filter_map(|flow| inside(*flow));
    let around = around.into_iter().flatten().map(|w| (w.name, w.steps));
    for (flow, steps) in lists.chain(around) {
        let mut search = Search {
            fragments: &loading.fragments,
            flow,
            seen: BTreeSet::new(),
            found: &mut found,
        };
        search.steps(steps);
    }
    loading.names.plan(found);
}

/// A flow's name and its steps, as they are written.
fn inside(flow: Written<'_>) -> Option<(&str, &Node)> {
    let Kind::Map(entries) = &flow.steps.kind else {
        return None;
    };
    let steps = entries.iter().find(|(key, _)| key.value == "steps");
    steps.map(|(_, steps)| (flow.name, steps))
}

fn reserved(loading: &mut Loading<'_>, flow: Written<'_>, around: [Around<'_>; 2]) {
    let mut taken = around.iter().flat_map(|a| [a.run, a.user]).flatten();
    if taken.any(|other| other.name == flow.name) {
        let message = format!("reports show `{}:` as a flow of this name", flow.name);
        let help = "give this flow another name";
        loading.reader.error("T0451", flow.span, message, help);
    }
}

fn one<'a>(
    loading: &mut Loading<'a>,
    written: Written<'a>,
    here: &Here<'a>,
    data: &[Feeder],
) -> Option<Flow> {
    loading.label(written.name, written.span, "a flow");
    loading.names.enter(written.name, true);
    loading.trail.enter();
    let fields = loading.reader.object(written.steps, &FLOW)?;
    let weight = fields
        .get("weight")
        .map_or(Some(1.0), |node| weight(loading, node, WEIGHT));
    let here = here.inside(loading, &fields);
    let listed = fields.get("steps")?;
    let errors = loading.reader.errors();
    let steps = step::list(loading, listed, &here);
    let flow = finish(loading, written, steps, data);
    if flow.requests().next().is_none() && loading.reader.errors() == errors {
        let message = format!("the flow `{}` sends no request", flow.name);
        let help = "add a step with a method: `- get: /`";
        loading.reader.error("T0402", flow.span, message, help);
    }
    unread(loading, &flow.name);
    Some(Flow {
        weight: weight?,
        tags: here.tags,
        ..flow
    })
}

/// Reads a flow around the load.
fn apart<'a>(
    loading: &mut Loading<'a>,
    written: Written<'a>,
    here: &Here<'a>,
    data: &[Feeder],
    rows: bool,
) -> Flow {
    loading.names.enter(written.name, rows);
    loading.trail.enter();
    let steps = step::list(loading, written.steps, here);
    if written.name.ends_with("teardown") {
        unread(loading, written.name);
    }
    finish(loading, written, steps, data)
}

fn finish(loading: &Loading<'_>, written: Written<'_>, steps: Vec<Step>, data: &[Feeder]) -> Flow {
    let read = loading.names.slots_read();
    let reads = |feeder: &Feeder| feeder.columns.iter().any(|(_, slot)| read.contains(slot));
    let feeders = (0..data.len()).filter(|index| reads(&data[*index]));
    Flow {
        name: written.name.into(),
        weight: 1.0,
        steps,
        feeders: feeders.collect(),
        tags: Vec::new(),
        span: written.span,
    }
}

fn unread(loading: &mut Loading<'_>, flow: &str) {
    // Where a step is broken, nobody knows what it would have read.
    if loading.reader.failed() {
        return;
    }
    for (variable, span) in loading.names.unread() {
        let message = format!("no later step of `{flow}` reads `{variable}`");
        let help = format!("use it as `{{{{ {variable} }}}}`, or remove the capture");
        loading.reader.warn("T0418", span, message, help);
    }
}

/// Warns of what no flow reads: captures of `setup:`, and fragments.
pub(in crate::scenario) fn unused(loading: &mut Loading<'_>) {
    for (variable, span) in loading.names.unread_shared() {
        let message = format!("no later step and no flow reads `{variable}`");
        let help = format!("use it as `{{{{ {variable} }}}}`, or remove the capture");
        loading.reader.warn("T0418", span, message, help);
    }
    let unused = |(name, fragment): (&&str, &crate::scenario::include::Fragment<'_>)| {
        let idle = !loading.is_shared(fragment.span) && !loading.trail.was_used(name);
        idle.then(|| ((*name).to_owned(), fragment.span))
    };
    let fragments: Vec<(String, Span)> = loading.fragments.iter().filter_map(unused).collect();
    for (name, span) in fragments {
        let message = format!("no flow uses the fragment `{name}`");
        let help = format!("use it as a step, `- use: {name}`, or remove it");
        loading.reader.warn("T0429", span, message, help);
    }
}

/// How a weight is written.
const WEIGHT: &str =
    "write how often it starts beside the others, e.g. `3`, or `0` for a flow of smoke tests only";

/// How often a flow starts beside the others, not below zero; `help` says how it is written.
pub(in crate::scenario) fn weight(
    loading: &mut Loading<'_>,
    node: &Node,
    help: &str,
) -> Option<f64> {
    if !loading.plain_digits(node) {
        return None;
    }
    let weight = node
        .scalar()
        .and_then(|scalar| scalar.text.parse::<f64>().ok());
    let weight = weight.filter(|weight| weight.is_finite() && *weight >= 0.0);
    if weight.is_none() {
        loading.reader.error(
            "T0406",
            node.span,
            "a weight is a number, not below zero",
            help,
        );
    }
    weight
}

/// A load needs a flow to start.
fn weightless(loading: &mut Loading<'_>, flows: &[Flow]) {
    let Some(first) = flows.first() else {
        return;
    };
    if !loading.reader.failed() && flows.iter().all(|flow| flow.weight == 0.0) {
        let message = "every flow has the weight 0, so a load would have nothing to start";
        let help = "give one of them a weight above zero, e.g. `weight: 1`";
        loading.reader.error("T0406", first.span, message, help);
    }
}
