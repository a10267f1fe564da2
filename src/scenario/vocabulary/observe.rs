//! The keys of `observe:`. In: nothing; out: its shapes. Invariant: as in the module above.

use super::{HEADERS_BESIDE, key};
use crate::source::{Key, Shape, Type};

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
