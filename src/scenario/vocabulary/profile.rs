//! The keys of a profile. In: nothing; out: the shapes of load. Invariant: that of the module above.

use super::key;
use crate::source::{Shape, Type};

/// The ways to say how much; exactly one stands in a profile.
/// When a run may end before its time.
pub(in crate::scenario) const STOP: [&str; 1] = ["when decided"];
pub(in crate::scenario) const LOADS: [&str; 6] =
    ["passes", "rate", "users", "stairs", "spike", "stages"];

pub(in crate::scenario) static PROFILE: Shape = Shape {
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
            "stairs",
            Type::Object(&STAIRS),
            "Arrivals at one constant rate after the other, to find the last that holds.",
        ),
        key(
            "spike",
            Type::Object(&SPIKE),
            "Arrivals at a base rate, with a peak in the middle of the duration or of every period.",
        ),
        key(
            "stages",
            Type::List(&Type::Object(&STAGE)),
            "Any load, stretch by stretch: arrivals (`to: 100 req/s`) or users (`to: 50 users`).",
        ),
        key(
            "flows",
            Type::Either(&[
                Type::Text,
                Type::List(&Type::Text),
                Type::MapOf(&Type::Text),
            ]),
            "The flows that it starts: a list, with the weights of the file, or a map of weights, `{ browse: 6, buy: 1 }`; all of the file when left out.",
        ),
        key(
            "ramp",
            Type::Quantity("30s"),
            "How long the load grows from nothing before it is full (or at the first rate of a shape).",
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
            "stop",
            Type::Words(&STOP),
            "Ends the run as soon as the rest of it could change nothing about its budgets, at the earliest after 20 seconds.",
        ),
        key(
            "max_in_flight",
            Type::Integer,
            "Arrivals beyond this many unfinished flows are dropped, and counted.",
        ),
        key(
            "history",
            Type::Either(&[Type::Text, Type::Object(&HISTORY)]),
            "The history that its runs are judged by and enter: a directory, relative to this file, or a bucket.",
        ),
    ],
};

pub(in crate::scenario) static HISTORY: Shape = Shape {
    name: "a history",
    required: &["in"],
    keys: &[
        key(
            "in",
            Type::Text,
            "A directory, relative to this file, or `s3://bucket/path`, `gs://…`, `az://…`.",
        ),
        key(
            "confirm",
            Type::Text,
            "Base URL of the version before: when something is suspect, the same flows go to both in turns, and say whether it is so.",
        ),
        key(
            "pairs",
            Type::Integer,
            "Pairs of blocks that confirm a suspect: 8 when left out, 5 at least.",
        ),
    ],
};

const RATE: Type = Type::Quantity("100 req/s");

pub(in crate::scenario) static STAIRS: Shape = Shape {
    name: "stairs",
    required: &["from", "to", "step", "every"],
    keys: &[
        key("from", RATE, "The first rate."),
        key(
            "to",
            RATE,
            "The last rate; below `from` the stairs go down.",
        ),
        key("step", RATE, "From one rate to the next."),
        key(
            "every",
            Type::Quantity("30s"),
            "How long each rate is held.",
        ),
    ],
};

pub(in crate::scenario) static SPIKE: Shape = Shape {
    name: "a spike",
    required: &["base", "peak", "hold"],
    keys: &[
        key("base", RATE, "The rate before and after."),
        key("peak", RATE, "The highest rate."),
        key(
            "rise",
            Type::Quantity("5s"),
            "How long it takes from base to peak (at once when left out).",
        ),
        key("hold", Type::Quantity("20s"), "How long the peak lasts."),
        key(
            "fall",
            Type::Quantity("5s"),
            "How long it takes from peak to base (at once when left out).",
        ),
        key(
            "every",
            Type::Quantity("1m"),
            "The period, with a spike in the middle of each; the whole duration when left out.",
        ),
    ],
};

pub(in crate::scenario) static STAGE: Shape = Shape {
    name: "a stage",
    required: &["for"],
    keys: &[
        key(
            "to",
            RATE,
            "In a straight line to this rate, from that of the stage before (the first: from nothing).",
        ),
        key("at", RATE, "At once, and constantly, at this rate."),
        key("for", Type::Quantity("30s"), "How long."),
        key(
            "warmup",
            Type::Boolean,
            "`true` reports the stage and does not judge it; only the first stages can have it.",
        ),
    ],
};
