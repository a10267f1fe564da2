//! The keys of `observe:`, `trace:` and `server_timing:`. In: nothing; out: its shapes. Invariant: as in the module above.

use super::key;
use crate::source::{Key, Shape, Type};

pub(super) const OBSERVE_KEY: Key = key(
    "observe",
    Type::Object(&OBSERVE),
    "What is read beside the load, for budgets on the servers themselves.",
);
const TRACES: Type = Type::Either(&[Type::Quantity("1%"), Type::Object(&TRACE)]);
pub(super) const TRACE_KEY: Key = key(
    "trace",
    TRACES,
    "A trace for every request (`traceparent`), and the share of them that servers are told to keep.",
);
const HEADERS_BESIDE: Key = key("headers", Type::MapOf(&Type::Text), "Request headers.");
pub(super) const TIMING_KEY: Key = key(
    "server_timing",
    super::TEXTS,
    "Durations of the header `server-timing` that a load keeps, step by step, by their names; a smoke test keeps all.",
);
const URL: Key = key(
    "url",
    Type::Text,
    "Where the page is: a whole URL, or a path of the target.",
);

pub(in crate::scenario) static OBSERVE: Shape = Shape {
    name: "observe",
    required: &[],
    keys: &[
        key(
            "every",
            Type::Quantity("1s"),
            "How long it is from one reading to the next (1s when left out).",
        ),
        key(
            "metrics",
            Type::Either(&[Type::Object(&METRICS), Type::List(&Type::Object(&METRICS))]),
            "Pages in the text format of Prometheus, read while the load goes.",
        ),
        key(
            "health",
            Type::Either(&[Type::Object(&HEALTH), Type::List(&Type::Object(&HEALTH))]),
            "JSON pages, read while the load goes.",
        ),
        key(
            "prometheus",
            Type::Either(&[Type::Text, Type::Object(&PROMETHEUS)]),
            "A Prometheus server, asked after the run for the time that was measured.",
        ),
    ],
};

pub(in crate::scenario) static METRICS: Shape = Shape {
    name: "metrics",
    required: &["url", "values"],
    keys: &[
        URL,
        HEADERS_BESIDE,
        key(
            "values",
            Type::MapOf(&Type::Text),
            "Metrics by the names that budgets call them: `jobs: queue_jobs{queue=\"mail\"}`; counters are read as their rate a second.",
        ),
    ],
};

pub(in crate::scenario) static HEALTH: Shape = Shape {
    name: "health",
    required: &["url", "values"],
    keys: &[
        URL,
        HEADERS_BESIDE,
        key(
            "values",
            Type::MapOf(&Type::Text),
            "JSON paths by the names that budgets call them: `pool: $.pool.active`.",
        ),
    ],
};

pub(in crate::scenario) static PROMETHEUS: Shape = Shape {
    name: "prometheus",
    required: &["url"],
    keys: &[
        key(
            "url",
            Type::Text,
            "Where the server is; `/api/v1/query_range` is added.",
        ),
        HEADERS_BESIDE,
        key(
            "wait",
            Type::Quantity("5s"),
            "How long it has to read the end of the run before it is asked (0s when left out).",
        ),
        key(
            "values",
            Type::MapOf(&Type::Text),
            "Expressions by the names that budgets call them: `cpu: rate(process_cpu_seconds_total[15s])`.",
        ),
    ],
};

pub(in crate::scenario) static TRACE: Shape = Shape {
    name: "trace",
    required: &[],
    keys: &[
        key(
            "sampled",
            Type::Quantity("1%"),
            "The share of a load's requests whose traces servers are told to keep (1% when left out); of a smoke test all.",
        ),
        key(
            "url",
            Type::Text,
            "Where a trace is shown: `https://jaeger.shop.test/trace/{trace_id}`.",
        ),
    ],
};
