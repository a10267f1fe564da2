//! The keys of a scenario file, each with what may stand behind it and one sentence for editors. In:
//! nothing; out: [`SCENARIO`]. Invariant: a key that is not in these tables is an error, so what editors
//! offer and what is read cannot differ.

mod message;
mod notify;
mod observe;
mod policy;
mod profile;
mod step;

pub use policy::POLICIES;
pub(super) use policy::{
    ANSWERS, CACHE, CACHED, CERTIFICATE, COMPRESSED, COOKIES, CORS, LEVELS, POLICY, RATE_LIMITED,
    RETRY_AFTER, SECURITY_HEADERS, SENSITIVE, SWITCH, UPTIME,
};

pub(super) use message::{BESIDE, MESSAGE, WAIT};
pub(super) use notify::{MAIL, MAIL_TLS, NOTIFY, NOTIFY_ON, PAGERDUTY};
pub(super) use observe::{HEALTH, METRICS, OBSERVE, PROMETHEUS, TRACE};
pub(super) use profile::{HISTORY, LOADS, PROFILE, SPIKE, STAGE, STAIRS, STOP};
pub(super) use step::{
    API_KEY, AUTH, BASIC, BODIES, CAPTURE, COMMON, DIGEST, OAUTH2, PART, REQUEST, RETRY, STEP,
    STREAM, UNTIL, VERBS, WEBSOCKET,
};

use super::environment::overlay::ENVIRONMENT;
use crate::source::{Key, Shape, Type};
use observe::{OBSERVE_KEY, TIMING_KEY, TRACE_KEY};
use policy::POLICIES_KEY;
use step::{AUTH_KEY, RETRY_KEY, TAGS};

/// Whose connections are used again.
pub(super) const CONNECTIONS: [&str; 2] = ["shared", "per user"];
/// How often host names are looked up.
pub(super) const DNS: [&str; 2] = ["run", "request"];
/// Which addresses of a host are used.
pub(super) const FAMILIES: [&str; 3] = ["any", "4", "6"];
/// The least versions of TLS.
pub(super) const TLS_VERSIONS: [&str; 2] = ["1.2", "1.3"];
/// Versions of HTTP.
pub(super) const HTTP: [&str; 3] = ["auto", "1.1", "2"];

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
/// What `compression` can be, alone.
pub(super) const COMPRESSION: [&str; 6] = ["off", "auto", "gzip", "deflate", "br", "zstd"];
/// What a list of `compression` can hold.
pub(super) const CODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];
/// How a request's body can be packed.
pub(super) const COMPRESS: [&str; 4] = ["off", "gzip", "br", "zstd"];
const COMPRESSION_KEY: Key = key(
    "compression",
    Type::Either(&[
        Type::Words(&COMPRESSION),
        Type::List(&Type::Words(&CODINGS)),
    ]),
    "How answers may be packed, sent as `accept-encoding`: `auto` is what browsers say, `off` (the default) sends nothing.",
);
const COMPRESS_KEY: Key = key(
    "compress",
    Type::Words(&COMPRESS),
    "How the body is packed before it is sent; `content-encoding` says so (`off` when left out).",
);
const REDIRECTS: Key = key(
    "redirects",
    Type::Either(&[Type::Words(&["off"]), Type::Integer]),
    "How many redirects are followed, or `off` (the default).",
);

/// The keys of a scenario file; its name comes first.
static KEYS: &[Key] = &[
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
    key(
        "tls",
        Type::Object(&TLS),
        "How servers are verified, and who we are to them.",
    ),
    key(
        "proxy",
        Type::Text,
        "`http://user:password@host:port`, `https://…`, `socks5://…`, `socks5h://…`, `environment` or `off`; the environment's, except for this machine, when left out.",
    ),
    key(
        "unix",
        Type::Text,
        "The Unix socket on which the target listens, relative to this file; `target:` then says the scheme and the host header.",
    ),
    key(
        "resolve",
        Type::MapOf(&TEXTS),
        "Addresses that are not looked up, as curl's `--resolve`: `shop.test: 10.0.0.7`, `\"shop.test:443\": \"10.0.0.7:8443\"`.",
    ),
    key(
        "dns",
        Type::Words(&DNS),
        "How often host names are looked up: once a `run` (the default), or for each `request` that opens a connection.",
    ),
    key(
        "ip",
        Type::Words(&FAMILIES),
        "Which addresses of a host are used: `any` that answers first (the default), `4` or `6`.",
    ),
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
        "http",
        Type::Words(&HTTP),
        "`auto` (the default) takes HTTP/2 or 1.1, as the server likes, with TLS and 1.1 without; `1.1` and `2` take only that, `2` without TLS by prior knowledge.",
    ),
    key(
        "streams",
        Type::Integer,
        "Requests at once on one HTTP/2 connection; what the server allows, at most 256, when left out.",
    ),
    key(
        "preflight",
        Type::Boolean,
        "`false` leaves out the one `HEAD` request that each host gets before a load, to see that it answers; that a connection can be opened is still looked at (`true` when left out).",
    ),
    key(
        "notify",
        Type::Object(&NOTIFY),
        "Who is told how a run ended.",
    ),
    OBSERVE_KEY,
    TRACE_KEY,
    TIMING_KEY,
    key(
        "include",
        TEXTS,
        "Files with what several scenarios share, relative to this one: any of these keys but `scenario`. What this file says wins.",
    ),
    key(
        "variables",
        Type::MapOf(&Type::Anything),
        "Constants that every flow can read, typed as JSON: `{{ region }}`.",
    ),
    key(
        "fragments",
        Type::MapOf(&Type::Object(&FRAGMENT)),
        "Steps with a name, for `use:` in any flow.",
    ),
    key(
        "setup",
        AROUND,
        "Steps before the load, outside all budgets: a list (once, by one user), or `run:` and `user:`.",
    ),
    key(
        "teardown",
        AROUND,
        "Steps after the load, outside all budgets: a list (once, by the user of `setup:`), or `run:` and `user:`.",
    ),
    key(
        "defaults",
        Type::Object(&DEFAULTS),
        "What holds for every step that says nothing else.",
    ),
    POLICIES_KEY,
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
];

/// The vocabulary of a scenario file.
pub static SCENARIO: Shape = Shape {
    name: "a scenario",
    required: &["target", "flows"],
    keys: KEYS,
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
        key(
            "cert",
            Type::Text,
            "A PEM file with the client's certificate, and those up to its authority, for servers that ask for one.",
        ),
        key(
            "key",
            Type::Text,
            "A PEM file with the key of `cert`, not encrypted.",
        ),
        key(
            "min",
            Type::Words(&TLS_VERSIONS),
            "The least version that is spoken: `1.2` (the default) or `1.3`.",
        ),
        key(
            "server_name",
            Type::Text,
            "The name that the target is asked for (SNI) and verified as, in the place of its host.",
        ),
    ],
};

pub(super) static DEFAULTS: Shape = Shape {
    name: "defaults",
    required: &[],
    keys: &[
        TIMEOUT,
        HEADERS,
        REDIRECTS,
        COMPRESSION_KEY,
        COMPRESS_KEY,
        AUTH_KEY,
        RETRY_KEY,
    ],
};

const AROUND: Type = Type::Either(&[Type::List(&Type::Object(&STEP)), Type::Object(&SETUP)]);

pub(super) static SETUP: Shape = Shape {
    name: "setup or teardown",
    required: &[],
    keys: &[
        key(
            "run",
            Type::List(&Type::Object(&STEP)),
            "Steps that one user does once in the whole run.",
        ),
        key(
            "user",
            Type::List(&Type::Object(&STEP)),
            "Steps that every virtual user does once.",
        ),
    ],
};

/// The vocabulary of a file under `include:`: all of a scenario but its name.
pub(super) static INCLUDED: Shape = Shape {
    name: "an included file",
    required: &[],
    keys: KEYS.split_at(1).1,
};

pub(super) static FRAGMENT: Shape = Shape {
    name: "a fragment",
    required: &["steps"],
    keys: &[
        key(
            "with",
            Type::Either(&[
                Type::List(&Type::Text),
                Type::MapOf(&Type::Either(&[Type::Text, Type::Nothing])),
            ]),
            "Its parameters: a list of names, or `name: default` with nothing behind those that must be given.",
        ),
        key(
            "steps",
            Type::List(&Type::Object(&STEP)),
            "What happens, one after the other.",
        ),
    ],
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
            "How often this flow starts, in proportion to the others (1 when left out); `0`: in smoke tests only.",
        ),
        TAGS,
        AUTH_KEY,
        POLICIES_KEY,
        key(
            "steps",
            Type::List(&Type::Object(&STEP)),
            "What happens, one after the other.",
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
            &SCENARIO,
            &TLS,
            &DEFAULTS,
            &FEEDER,
            &FLOW,
            &STEP,
            &CAPTURE,
            &PROFILE,
            &SETUP,
            &INCLUDED,
            &FRAGMENT,
            &UNTIL,
            &RETRY,
            &PART,
            &AUTH,
            &BASIC,
            &DIGEST,
            &API_KEY,
            &OAUTH2,
            &STAIRS,
            &SPIKE,
            &STAGE,
            &NOTIFY,
            &OBSERVE,
            &METRICS,
            &HEALTH,
            &PROMETHEUS,
            &TRACE,
            &PAGERDUTY,
            &POLICY,
            &SECURITY_HEADERS,
            &COOKIES,
            &CERTIFICATE,
            &COMPRESSED,
            &CACHED,
            &SENSITIVE,
            &CORS,
            &UPTIME,
            &RATE_LIMITED,
            &MESSAGE,
            &WAIT,
        ] {
            for key in shape.keys {
                assert!(key.about.ends_with('.'), "{}: {}", shape.name, key.name);
            }
        }
        let has = |name: &str, shape: &Shape| shape.keys.iter().any(|key| key.name == name);
        assert!(
            VERBS
                .iter()
                .chain(&BODIES)
                .chain(REQUEST)
                .all(|name| has(name, &STEP))
        );
        assert!(LOADS.iter().all(|name| has(name, &PROFILE)));
    }

    #[test]
    fn editors_get_a_schema() {
        let schema = json_schema(&SCENARIO, "tollgate scenario");
        let required = serde_json::json!(["target", "flows"]);
        assert_eq!(schema["anyOf"][0]["required"], required);
        let step = &schema["definitions"]["a step"]["properties"];
        assert!(step["think"].is_object());
        assert_eq!(
            step["steps"]["items"]["$ref"], "#/definitions/a%20step",
            "steps stand in steps"
        );
    }
}
