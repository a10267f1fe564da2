//! What the scenario language asks of every draft. In: a draft as the reader of some document made it; out: the same,
//! without what no scenario can have, which is noted. Invariant: URLs hold no secret, a header, a parameter and a capture
//! stand once in a step, bodies are no larger than our own reader takes, and every flow sends a request.

use super::{Body, Capture, Draft, Flow, Request, Step, template, through};
use crate::import::name::{self, Taken};
use crate::import::secret;
use regex::{Captures, Regex};
use serde_json::Value;
use std::mem::take;
use std::sync::LazyLock;

/// Bodies that are nested deeper: the reader counts what stands around them, too, and takes 100.
const DEEPEST: usize = 80;
/// Values in all bodies together: the reader takes 250,000 with everything else.
const VALUES: usize = 100_000;

/// Makes a draft one that can be written.
pub(in crate::import) fn settle(draft: &mut Draft) {
    let mut flows = take(&mut draft.flows);
    let mut fragments = take(&mut draft.fragments);
    let mut room = VALUES;
    for flow in flows.iter_mut().chain(&mut fragments) {
        let name = flow.name.clone();
        for request in flow.requests() {
            let place = format!("{name}/{}", request.name);
            bounded(request, &mut room, &place, draft);
            headers(request, &place, draft);
            without_secrets_in_its_url(request, draft);
            captures(request);
            request.query = together(take(&mut request.query));
            request.body = take(&mut request.body).map(|body| match body {
                Body::Form(pairs) => Body::Form(together(pairs)),
                Body::Multipart(parts) => Body::Multipart(together(parts)),
                other => other,
            });
        }
    }
    for flow in &mut flows {
        steps_of_other_names(flow, &fragments);
    }
    let urls: Vec<String> = (flows.iter_mut().chain(&mut fragments))
        .flat_map(Flow::requests)
        .map(|request| format!("{} {:?}", request.path, request.query))
        .collect();
    for request in flows
        .iter_mut()
        .chain(&mut fragments)
        .flat_map(Flow::requests)
    {
        for capture in &mut request.captures {
            // What stands in a URL is no secret any more, and the language takes none there.
            let read = template(&capture.name);
            capture.secret &= !urls.iter().any(|url| url.contains(&read));
        }
    }
    flows.retain_mut(|flow| {
        let sends = flow.requests().any(|request| !request.off);
        if !sends {
            let what = "the flow: nothing in it can be sent as it is, and a flow sends a request";
            draft.leave(&flow.name, what);
        }
        sends
    });
    (draft.flows, draft.fragments) = (flows, fragments);
}

/// Without a body that the reader of scenarios would refuse.
fn bounded(request: &mut Request, room: &mut usize, place: &str, draft: &mut Draft) {
    let (deepest, values) = match &request.body {
        Some(Body::Json(value)) => size(value),
        Some(Body::Form(pairs) | Body::Multipart(pairs)) => {
            let sizes = pairs.iter().map(|(_, value)| size(value));
            sizes.fold((0, 0), |all, one| (all.0.max(one.0), all.1 + one.1))
        }
        Some(Body::Text(_)) | None => return,
    };
    if deepest > DEEPEST || values > *room {
        request.body = None;
        draft.leave(
            place,
            "the body: too large or nested too deep; write `file:`",
        );
    } else {
        *room -= values;
    }
}

/// How deep a value is nested, and of how many it is made.
fn size(value: &Value) -> (usize, usize) {
    let inside: Vec<(usize, usize)> = match value {
        Value::Array(items) => items.iter().map(size).collect(),
        Value::Object(members) => members.values().map(size).collect(),
        _ => Vec::new(),
    };
    let deepest = inside.iter().map(|(deep, _)| deep + 1).max().unwrap_or(0);
    (
        deepest,
        1 + inside.iter().map(|(_, many)| many + 1).sum::<usize>(),
    )
}

/// Each header once, cookies together, and none that `auth:` sets or that cannot be sent.
fn headers(request: &mut Request, place: &str, draft: &mut Draft) {
    let set = request
        .auth
        .as_ref()
        .filter(|auth| auth.is_object())
        .map(|auth| {
            let key = &auth["api_key"];
            if key.is_object() {
                key["header"].as_str().unwrap_or_default()
            } else {
                "authorization"
            }
        });
    let mut kept: Vec<(String, String)> = Vec::new();
    for (name, value) in take(&mut request.headers) {
        let name = name.to_ascii_lowercase();
        if !name::is_header(&name) || value.chars().any(char::is_control) {
            draft.leave(place, format!("the header `{name}` cannot be sent"));
            continue;
        }
        match kept.iter_mut().find(|(known, _)| *known == name) {
            None if set == Some(&name) => {}
            None => kept.push((name, value)),
            Some((_, all)) if name == "cookie" => *all = format!("{all}; {value}"),
            Some(_) => {}
        }
    }
    request.headers = kept;
}

/// A placeholder where everybody would log it becomes a constant to be filled in.
fn without_secrets_in_its_url(request: &mut Request, draft: &mut Draft) {
    #[expect(clippy::unwrap_used, reason = "a constant pattern, used by a test")]
    static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
        let any = secret::placeholder("@")
            .replace('$', "\\$")
            .replace('{', "\\{");
        Regex::new(&format!("\\$?{}", any.replace('@', "(\\w+)"))).unwrap()
    });
    let constant = |found: &Captures<'_>| name::variable(&format!("given {}", &found[1]));
    let is_text = |found: &Captures<'_>| found[0].starts_with("$$");
    let open = |text: &str| {
        let filled = |found: &Captures<'_>| {
            if is_text(found) {
                found[0].to_owned()
            } else {
                template(&constant(found))
            }
        };
        PLACEHOLDER.replace_all(text, filled).into_owned()
    };
    let values = request.query.iter().map(|(_, value)| value.to_string());
    for text in [request.path.clone()].into_iter().chain(values) {
        for found in PLACEHOLDER
            .captures_iter(&text)
            .filter(|found| !is_text(found))
        {
            draft.fill_in(&constant(&found), "fill-in".into(), "was a secret in a URL");
        }
    }
    request.path = open(&request.path);
    for (_, value) in &mut request.query {
        *value = through(value, &open);
    }
}

/// Each name once, with all its values.
fn together(pairs: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut kept: Vec<(String, Value)> = Vec::new();
    for (name, value) in pairs {
        let Some((_, known)) = kept.iter_mut().find(|(known, _)| *known == name) else {
            kept.push((name, value));
            continue;
        };
        let all = [known.take(), value].map(|one| match one {
            Value::Array(values) => values,
            one => vec![one],
        });
        *known = all.concat().into();
    }
    kept
}

/// A step that is called like one of a fragment which the flow uses gets a number.
fn steps_of_other_names(flow: &mut Flow, fragments: &[Flow]) {
    let uses = |name: &str| {
        (flow.steps.iter()).any(|step| matches!(step, Step::Use(used) if used == name))
    };
    let used = fragments.iter().filter(|fragment| uses(&fragment.name));
    let mut taken = Taken::default();
    for step in used.flat_map(|fragment| &fragment.steps) {
        if let Step::Request(request) = step {
            taken.unique(&request.name, " ");
        }
    }
    for request in flow.requests() {
        request.name = taken.unique(&request.name, " ");
    }
}

/// Each name once: the last capture counts.
fn captures(request: &mut Request) {
    let mut kept = Vec::new();
    for capture in take(&mut request.captures).into_iter().rev() {
        let known = |one: &Capture| one.name == capture.name;
        if !kept.iter().any(known) {
            kept.push(capture);
        }
    }
    kept.reverse();
    request.captures = kept;
}
