//! One step. In: an item of `steps:`; out: what a virtual user does. Invariant: a step has exactly one verb; it is
//! read as one map of optional keys and counted afterwards, so every key keeps its place.

mod block;
mod control;
mod fragment;
mod poll;
mod set;
mod think;

pub use control::{Assignment, Block, BlockKind, Retry, Until};
pub(super) use poll::{retry, until};
pub use think::Think;

use super::request::probes;
use super::{Here, Request, request, trail};
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::{BODIES, COMMON, REQUEST, STEP, STREAM, VERBS, WEBSOCKET};
use crate::source::{Fields, Kind, Node};

/// What a virtual user does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends a request and looks at the response.
    Request(Box<Request>),
    /// Waits.
    Think(Think),
    /// Gives variables values.
    Set(Vec<Assignment>),
    /// Steps under a condition, repeated, or at the same time.
    Block(Box<Block>),
}

/// Reads a list of steps; fragments are written out.
pub(super) fn list<'a>(loading: &mut Loading<'a>, listed: &'a Node, here: &Here<'a>) -> Vec<Step> {
    let mut steps = Vec::new();
    if !trail::descend(loading, listed.span) {
        return steps;
    }
    for node in loading.reader.list(listed) {
        if trail::count(loading, node.span) {
            loading.names.begin(node.span);
            steps.extend(read(loading, node, here));
        }
    }
    trail::ascend(loading);
    steps
}

/// Reads one step: several where it uses a fragment, none where it is broken.
fn read<'a>(loading: &mut Loading<'a>, node: &'a Node, here: &Here<'a>) -> Vec<Step> {
    let Some(fields) = loading.reader.object(node, &STEP) else {
        return Vec::new();
    };
    let Some(verb) = verb(loading, node, &fields) else {
        return Vec::new();
    };
    misfits(loading, verb, &fields);
    if here.in_group && !may_join(loading, verb, &fields) {
        return Vec::new();
    }
    let Some(when) = fields.get("when") else {
        return act(loading, verb, &fields, here);
    };
    block::conditional(loading, when, fields.span, |loading| {
        act(loading, verb, &fields, here)
    })
}

fn act<'a>(
    loading: &mut Loading<'a>,
    verb: &'static str,
    fields: &Fields<'a>,
    here: &Here<'a>,
) -> Vec<Step> {
    let step = match verb {
        "use" => return fragment::read(loading, fields, here),
        "steps" => return block::nested(loading, fields, here),
        "think" => think::read(loading, fields).map(Step::Think),
        "set" => set::read(loading, fields).map(Step::Set),
        "repeat" => block::repeat(loading, fields, here),
        "each" => block::each(loading, fields, here),
        "group" => return block::group(loading, fields, here),
        _ => {
            let request = request::read(loading, fields, verb, here);
            let all = request.map(|request| probes::apart(loading, fields, request));
            let steps = all.into_iter().flatten();
            return steps.map(|r| Step::Request(Box::new(r))).collect();
        }
    };
    step.into_iter().collect()
}

/// The one thing that a step does.
fn verb(loading: &mut Loading<'_>, node: &Node, fields: &Fields<'_>) -> Option<&'static str> {
    let known = |key: &str| VERBS.iter().find(|verb| **verb == key).copied();
    let verbs: Vec<&'static str> = fields
        .iter()
        .filter_map(|(key, _)| known(&key.value))
        .collect();
    match verbs.as_slice() {
        [verb] => Some(verb),
        [] if fields.get("steps").is_some() => {
            if fields.get("when").is_none() {
                let message = "these steps are done once and always, as if they stood outside";
                let help = "add `when:`, `repeat:`, `each:` or `group:`, or move the steps out";
                let span = fields.entry("steps").map_or(fields.span, |(span, _)| span);
                loading.reader.error("T0432", span, message, help);
                return None;
            }
            Some("steps")
        }
        [] => {
            no_verb(loading, node, fields);
            None
        }
        [first, second, ..] => {
            let span = fields.entry(second).map_or(fields.span, |(span, _)| span);
            let message = format!("`{second}:` beside `{first}:`: a step does one thing");
            loading.reader.error(
                "T0404",
                span,
                message,
                "make it two steps, each with its own `-`",
            );
            None
        }
    }
}

fn no_verb(loading: &mut Loading<'_>, node: &Node, fields: &Fields<'_>) {
    let written = if let Kind::Map(entries) = &node.kind {
        entries.len()
    } else {
        0
    };
    if written > fields.iter().count() {
        // An unknown key is told already, and it is probably the verb.
        return;
    }
    let span = fields
        .iter()
        .next()
        .map_or(fields.span, |(key, _)| key.span);
    let help = format!("add one of: {}", VERBS.join(", "));
    loading
        .reader
        .error("T0403", span, "this step does not say what to do", help);
}

/// The keys that mean something beside a verb and those that all steps may have.
fn beside(verb: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match verb {
        "think" | "set" => (&[], &[]),
        "use" => (&["with", "name"], &[]),
        "steps" | "repeat" => (&["steps"], &[]),
        "each" => (&["steps", "limit"], &[]),
        "group" => (&["steps", "parallel"], &[]),
        "websocket" => (&[], WEBSOCKET),
        "stream" => (&[], STREAM),
        "graphql" => (&["variables", "operation", "expect", "errors"], REQUEST),
        _ => (&BODIES, REQUEST),
    }
}

fn misfits(loading: &mut Loading<'_>, verb: &str, fields: &Fields<'_>) {
    let (own, shared) = beside(verb);
    let tags = !matches!(verb, "think" | "set");
    for (key, _) in fields.iter() {
        let key_text = key.value.as_str();
        let common = COMMON.contains(&key_text) && (key_text != "tags" || tags);
        if key_text == verb || common || own.contains(&key_text) || shared.contains(&key_text) {
            continue;
        }
        let message = format!("`{key_text}` means nothing beside `{verb}`");
        let help = match key_text {
            "variables" | "operation" | "expect" | "errors" => {
                "remove it, or make the step a `graphql:`"
            }
            "with" => "remove it, or make the step a `use:`",
            "messages" | "protocols" | "ping" => "remove it, or make the step a `websocket:`",
            "until" if verb == "stream" => "wait for an event: `events: 1` with `check:`",
            "as" | "events" | "for" | "event" | "at_least" | "sent_at" | "reconnect"
            | "first_within" | "gap_within" => "remove it, or make the step a `stream:`",
            "until" if verb == "websocket" => "wait for a message: `receive:` under `messages:`",
            key if verb == "websocket" && BODIES.contains(&key) => {
                "a handshake has no body; `send:` it under `messages:`"
            }
            key if verb == "graphql" && BODIES.contains(&key) => {
                "the body is made of `query:` and `variables:`; remove it"
            }
            _ => "remove it, or make it a step of its own",
        };
        loading.reader.error("T0407", key.span, message, help);
    }
}

/// Whether a step can be sent at the same time as others.
fn may_join(loading: &mut Loading<'_>, verb: &str, fields: &Fields<'_>) -> bool {
    let (key, help) = if beside(verb).1.is_empty() {
        (verb, "move it before or behind the group")
    } else if fields.get("when").is_some() {
        (
            "when",
            "put the condition on the group, or move the step out of it",
        )
    } else if fields.get("until").is_some() {
        (
            "until",
            "what is polled is no part of a page; move the step out of the group",
        )
    } else {
        return true;
    };
    let span = fields.entry(key).map_or(fields.span, |(span, _)| span);
    let message = format!("`{key}:` in a group: its steps are requests, sent at the same time");
    loading.reader.error("T0433", span, message, help);
    false
}
