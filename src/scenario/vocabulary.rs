//! The keys of a scenario file, each with what may stand behind it and one sentence for editors. In:
//! nothing; out: [`SCENARIO`]. Invariant: a key that is not in these tables is an error, so what editors
//! offer and what is read cannot differ.

use super::environment::overlay::ENVIRONMENT;
use crate::source::{Key, Shape, Type};

/// The methods that a step can use; exactly one of these or `think` stands in every step.
pub(super) const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];
/// The keys that carry a request's body; at most one stands in a step.
pub(super) const BODIES: [&str; 3] = ["json", "form", "text"];
/// Whose connections are used again.
pub(super) const CONNECTIONS: [&str; 2] = ["shared", "per user"];
/// The three ways to say how much; exactly one stands in a profile.
pub(super) const LOADS: [&str; 3] = ["passes", "rate", "users"];

const fn key(name: &'static str, kind: Type, about: &'static str) -> Key {
    Key { name, kind, about }
}

const TEXTS: Type = Type::Either(&[Type::Text, Type::List(&Type::Text)]);
const TIMEOUT: Key = key(
    "timeout",
    Type::Quantity("10s"),
    "How long one request may take, from sending to the last byte (10s when left out).",
);
const HEADERS: Key = key(
    "headers",
    Type::MapOf(&Type::Text),
    "Request headers; those of a step win over those of `defaults`.",
);
const REDIRECTS: Key = key(
    "redirects",
    Type::Either(&[Type::Words(&["off"]), Type::Integer]),
    "How many redirects are followed, or `off` (the default).",
);

/// The vocabulary of a scenario file.
pub static SCENARIO: Shape = Shape {
    name: "a scenario",
    required: &["target", "flows"],
    keys: &[
        key(
            "scenario",
            Type::Text,
            "The scenario's name in reports; the file's name when left out.",
        ),
        key(
            "target",
            Type::Text,
            "Where the system is: `http://` or `https://`, host and port.",
        ),
        key(
            "budgets",
            Type::Text,
            "The budget file, relative to this one; found by name when left out.",
        ),
        key(
            "secrets",
            TEXTS,
            "Environment variables whose values no output may show.",
        ),
        key(
            "allow",
            TEXTS,
            "Hosts you own, which may get more than 50 requests a second.",
        ),
        key("tls", Type::Object(&TLS), "How servers are verified."),
        key(
            "connections",
            Type::Words(&CONNECTIONS),
            "`shared` (the default) takes any idle connection; `per user` opens new ones for every user and closes them at the end of the flow, as browsers do.",
        ),
        key(
            "keep_alive",
            Type::Boolean,
            "`false` opens a connection for every request and sends `connection: close` (`true` when left out).",
        ),
        key(
            "defaults",
            Type::Object(&DEFAULTS),
            "What holds for every step that says nothing else.",
        ),
        key(
            "data",
            Type::MapOf(&Type::Object(&FEEDER)),
            "Rows from files; a flow reads `{{ name.column }}`.",
        ),
        key(
            "flows",
            Type::MapOf(&Type::Object(&FLOW)),
            "The journeys that people take through the system.",
        ),
        key(
            "profiles",
            Type::MapOf(&Type::Object(&PROFILE)),
            "How much load for how long, by name.",
        ),
        key(
            "environments",
            Type::MapOf(&Type::Object(&ENVIRONMENT)),
            "What is different in preview, staging, production; `--env NAME` chooses one.",
        ),
    ],
};

pub(super) static TLS: Shape = Shape {
    name: "tls",
    required: &[],
    keys: &[
        key(
            "ca",
            Type::Text,
            "A PEM file of certificate authorities to trust, relative to this one.",
        ),
        key(
            "insecure",
            Type::Boolean,
            "`true` accepts any certificate: for throwaway test systems only.",
        ),
    ],
};

pub(super) static DEFAULTS: Shape = Shape {
    name: "defaults",
    required: &[],
    keys: &[TIMEOUT, HEADERS, REDIRECTS],
};

pub(super) static FEEDER: Shape = Shape {
    name: "a feeder",
    required: &[],
    keys: &[
        key(
            "csv",
            Type::Text,
            "A CSV file whose first line names the columns, relative to this one.",
        ),
        key(
            "json",
            Type::Text,
            "A JSON file: a list of objects with the same keys, relative to this one.",
        ),
        key(
            "jsonl",
            Type::Text,
            "A JSON Lines file: one object a line, all with the same keys, relative to this one.",
        ),
        key(
            "order",
            Type::Words(&["sequential", "shuffled", "random", "unique"]),
            "Which row comes next: in order, shuffled anew each lap, drawn at random, or each row only once.",
        ),
        key(
            "per",
            Type::Words(&["iteration", "user", "run"]),
            "Who gets a row: each flow that begins (the default), each user for all its flows, or everybody the same one.",
        ),
        key(
            "at_end",
            Type::Words(&["wrap", "error"]),
            "Behind the last row: the first again (`wrap`, the default but for `unique`), or no flow begins any more, which the report tells (`error`).",
        ),
    ],
};

pub(super) static FLOW: Shape = Shape {
    name: "a flow",
    required: &["steps"],
    keys: &[
        key(
            "weight",
            Type::Text,
            "How often this flow starts, in proportion to the others (1 when left out).",
        ),
        key(
            "steps",
            Type::List(&Type::Object(&STEP)),
            "What happens, one after the other.",
        ),
    ],
};

pub(super) static STEP: Shape = Shape {
    name: "a step",
    required: &[],
    keys: &[
        key("get", Type::Text, "GET this path (or absolute URL)."),
        key("head", Type::Text, "HEAD this path (or absolute URL)."),
        key("post", Type::Text, "POST to this path (or absolute URL)."),
        key("put", Type::Text, "PUT to this path (or absolute URL)."),
        key("patch", Type::Text, "PATCH this path (or absolute URL)."),
        key("delete", Type::Text, "DELETE this path (or absolute URL)."),
        key(
            "options",
            Type::Text,
            "OPTIONS of this path (or absolute URL).",
        ),
        key(
            "think",
            Type::Quantity("1s..3s"),
            "Wait as a person would: a time, or a range to draw from.",
        ),
        key(
            "name",
            Type::Text,
            "The step's name in reports and budgets: fixed text, unique within the flow.",
        ),
        key(
            "query",
            Type::MapOf(&TEXTS),
            "Query parameters, percent-encoded and appended to the URL.",
        ),
        HEADERS,
        key("json", Type::Anything, "A JSON body, written as YAML."),
        key(
            "form",
            Type::MapOf(&TEXTS),
            "A form body (application/x-www-form-urlencoded).",
        ),
        key("text", Type::Text, "A body of plain text."),
        key(
            "capture",
            Type::MapOf(&Type::Either(&[Type::Text, Type::Object(&CAPTURE)])),
            "Values kept from the response for later steps: `name: json $.id`.",
        ),
        key(
            "check",
            TEXTS,
            "What must hold of the response: `status == 200`.",
        ),
        TIMEOUT,
        REDIRECTS,
    ],
};

pub(super) static CAPTURE: Shape = Shape {
    name: "a capture",
    required: &["from"],
    keys: &[
        key(
            "from",
            Type::Text,
            "Where the value is: `json $.token`, `header location`, `cookie sid`.",
        ),
        key(
            "secret",
            Type::Boolean,
            "`true` masks the value in every output.",
        ),
    ],
};

pub(super) static PROFILE: Shape = Shape {
    name: "a profile",
    required: &[],
    keys: &[
        key(
            "passes",
            Type::Integer,
            "Every flow this many times, in order, without think time.",
        ),
        key(
            "rate",
            Type::Quantity("500 req/s"),
            "Arrivals at this rate, however slow the system answers.",
        ),
        key(
            "users",
            Type::Integer,
            "This many users, each starting anew when done.",
        ),
        key(
            "ramp",
            Type::Quantity("30s"),
            "How long the load grows from nothing before it is full.",
        ),
        key(
            "warmup",
            Type::Quantity("30s"),
            "Full load that is reported and not judged.",
        ),
        key(
            "duration",
            Type::Quantity("5m"),
            "How long the full load is judged.",
        ),
        key(
            "arrivals",
            Type::Words(&["poisson", "constant"]),
            "How arrivals are spread: as independent people come (poisson), or evenly.",
        ),
        key(
            "max_in_flight",
            Type::Integer,
            "Arrivals beyond this many unfinished flows are dropped, and counted.",
        ),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::json_schema;

    #[test]
    fn every_key_says_what_it_does() {
        for shape in [
            &SCENARIO, &TLS, &DEFAULTS, &FEEDER, &FLOW, &STEP, &CAPTURE, &PROFILE,
        ] {
            for key in shape.keys {
                assert!(key.about.ends_with('.'), "{}: {}", shape.name, key.name);
            }
        }
        let has = |name: &str, shape: &Shape| shape.keys.iter().any(|key| key.name == name);
        assert!(METHODS.iter().chain(&BODIES).all(|name| has(name, &STEP)));
        assert!(LOADS.iter().all(|name| has(name, &PROFILE)));
    }

    #[test]
    fn editors_get_a_schema() {
        let schema = json_schema(&SCENARIO, "tollgate scenario");
        assert_eq!(schema["required"], serde_json::json!(["target", "flows"]));
        assert!(schema["definitions"]["a step"]["properties"]["think"].is_object());
    }
}
