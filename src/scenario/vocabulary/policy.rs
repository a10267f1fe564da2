//! The keys of `policies:`. In: nothing; out: the words, and the settings of each. Invariant: every word is a key of
//! [`POLICY`], so that it can stand alone and with settings.

use super::{TEXTS, key};
use crate::source::{Key, Shape, Type};

/// The words that can stand in `policies:`.
pub const POLICIES: [&str; 9] = [
    "security headers",
    "cookies",
    "certificate",
    "compressed",
    "cache",
    "no sensitive data",
    "cors",
    "uptime",
    "rate limited",
];
/// A rule of a policy is looked at, or is not.
pub(in crate::scenario) const SWITCH: [&str; 2] = ["on", "off"];
/// What a finding does.
pub(in crate::scenario) const LEVELS: [&str; 2] = ["fail", "warn"];
/// Whether a 429 must say when to come again.
pub(in crate::scenario) const RETRY_AFTER: [&str; 2] = ["required", "optional"];
/// What caches say of answers.
pub(in crate::scenario) const CACHE: [&str; 4] = ["hit", "stale", "miss", "bypass"];
/// Which answers the headers of pages are looked for on.
pub(in crate::scenario) const ANSWERS: [&str; 2] = ["pages", "all"];

const ITEM: Type = Type::Either(&[Type::Words(&POLICIES), Type::Object(&POLICY)]);
const ON_OFF: Type = Type::Words(&SWITCH);

pub(super) const POLICIES_KEY: Key = key(
    "policies",
    Type::List(&ITEM),
    "What must hold of answers beside the checks, by name: see docs/policies.md. Those of a step win over those around it.",
);

const HSTS: Type = Type::Either(&[Type::Words(&["off"]), Type::Quantity("180 days")]);
const LEVEL: Key = key(
    "level",
    Type::Words(&LEVELS),
    "`warn` counts and shows findings and fails nothing (`fail` when left out).",
);
const HTTPS: Key = key(
    "https",
    Type::Boolean,
    "`true` judges answers over plain http as if they had come over https: where TLS ends before this server.",
);

macro_rules! settings {
    ($shape:expr) => {
        Type::Either(&[Type::Words(&["off"]), Type::Object(&$shape)])
    };
}

pub(in crate::scenario) static POLICY: Shape = Shape {
    name: "a policy",
    required: &[],
    keys: &[
        key(
            "security headers",
            settings!(SECURITY_HEADERS),
            "Answers tell browsers to be careful.",
        ),
        key(
            "cookies",
            settings!(COOKIES),
            "Every cookie that is set has `Secure` (over https), `HttpOnly` and `SameSite`.",
        ),
        key(
            "certificate",
            settings!(CERTIFICATE),
            "The server's certificate is valid for some time to come.",
        ),
        key(
            "compressed",
            settings!(COMPRESSED),
            "Texts that are not short come compressed; the policy offers `gzip` where the step offers nothing.",
        ),
        key(
            "cache",
            settings!(CACHED),
            "Caches deal with the answers as they are meant to; the hit ratio is in every report.",
        ),
        key(
            "no sensitive data",
            settings!(SENSITIVE),
            "No stack traces, keys, passwords of databases or versions of servers in answers.",
        ),
        key(
            "cors",
            settings!(CORS),
            "Which other origins may read the answer: requests of its own, in smoke tests.",
        ),
        key(
            "uptime",
            settings!(UPTIME),
            "`HEAD` answers what `GET` does: a request of its own, in smoke tests.",
        ),
        key(
            "rate limited",
            settings!(RATE_LIMITED),
            "Too many requests are refused with 429: requests of its own, in smoke tests.",
        ),
    ],
};

pub(in crate::scenario) static SECURITY_HEADERS: Shape = Shape {
    name: "security headers",
    required: &[],
    keys: &[
        key(
            "hsts",
            HSTS,
            "The least `max-age` of `Strict-Transport-Security` (180 days when left out); judged over https.",
        ),
        key(
            "csp",
            ON_OFF,
            "`Content-Security-Policy` restricts scripts, and does not let inline ones run.",
        ),
        key(
            "trusted types",
            ON_OFF,
            "It has `require-trusted-types-for 'script'` (`off` when left out).",
        ),
        key(
            "framing",
            ON_OFF,
            "`X-Frame-Options` or `frame-ancestors` says who may frame the page.",
        ),
        key("nosniff", ON_OFF, "`X-Content-Type-Options` is `nosniff`."),
        key(
            "referrer",
            ON_OFF,
            "`Referrer-Policy` is there and keeps paths from other origins.",
        ),
        key(
            "answers",
            Type::Words(&ANSWERS),
            "`all` looks for `csp`, `framing` and `referrer` on every answer, not only on HTML (`pages`).",
        ),
        HTTPS,
        LEVEL,
    ],
};

pub(in crate::scenario) static COOKIES: Shape = Shape {
    name: "cookies",
    required: &[],
    keys: &[
        key("secure", ON_OFF, "`Secure`, over https."),
        key("http only", ON_OFF, "`HttpOnly`."),
        key("same site", ON_OFF, "`SameSite`."),
        key(
            "except",
            TEXTS,
            "Names of cookies that may be as they are, such as one that scripts must read.",
        ),
        HTTPS,
        LEVEL,
    ],
};

pub(in crate::scenario) static CERTIFICATE: Shape = Shape {
    name: "certificate",
    required: &[],
    keys: &[
        key(
            "warn",
            Type::Quantity("30 days"),
            "Warn when it ends within this time (30 days when left out).",
        ),
        key(
            "fail",
            Type::Quantity("7 days"),
            "Fail when it ends within this time (7 days when left out).",
        ),
        LEVEL,
    ],
};

pub(in crate::scenario) static COMPRESSED: Shape = Shape {
    name: "compressed",
    required: &[],
    keys: &[
        key(
            "above",
            Type::Quantity("1 kB"),
            "Answers up to this size may come as they are (1 kB when left out).",
        ),
        LEVEL,
    ],
};

pub(in crate::scenario) static CACHED: Shape = Shape {
    name: "cache",
    required: &[],
    keys: &[
        key(
            "accept",
            Type::Either(&[Type::Words(&CACHE), Type::List(&Type::Words(&CACHE))]),
            "What caches may say (`[hit, stale, miss]` when left out).",
        ),
        LEVEL,
    ],
};

pub(in crate::scenario) static SENSITIVE: Shape = Shape {
    name: "no sensitive data",
    required: &[],
    keys: &[
        key(
            "stack traces",
            ON_OFF,
            "Stack traces of the usual runtimes.",
        ),
        key(
            "keys",
            ON_OFF,
            "Private keys, access keys of AWS, GitHub, Slack and Stripe, secrets of JSON Web Tokens.",
        ),
        key(
            "connection strings",
            ON_OFF,
            "Addresses of databases with a password in them.",
        ),
        key(
            "versions",
            ON_OFF,
            "Versions in `Server`, `X-Powered-By` and `X-AspNet-Version`.",
        ),
        key(
            "except",
            TEXTS,
            "Findings whose text holds one of these are left out.",
        ),
        LEVEL,
    ],
};

pub(in crate::scenario) static CORS: Shape = Shape {
    name: "cors",
    required: &[],
    keys: &[
        key("allowed", TEXTS, "Origins that may read the answer."),
        key("refused", TEXTS, "Origins that may not."),
        key(
            "methods",
            TEXTS,
            "The methods that preflights ask for (that of the step when left out).",
        ),
        key(
            "credentials",
            Type::Boolean,
            "`true` wants cookies to be allowed too: the origin by name, and `access-control-allow-credentials`.",
        ),
        LEVEL,
    ],
};

pub(in crate::scenario) static UPTIME: Shape = Shape {
    name: "uptime",
    required: &[],
    keys: &[LEVEL],
};

pub(in crate::scenario) static RATE_LIMITED: Shape = Shape {
    name: "rate limited",
    required: &[],
    keys: &[
        key(
            "within",
            Type::Integer,
            "The request is sent at most this often (100 times when left out, 1000 at most).",
        ),
        key(
            "retry_after",
            Type::Words(&RETRY_AFTER),
            "Whether the 429 must have a `Retry-After` (`required` when left out).",
        ),
        LEVEL,
    ],
};
