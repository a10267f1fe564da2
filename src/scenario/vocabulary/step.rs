//! The keys of a step. In: nothing; out: [`STEP`], and which of its keys go together. Invariant: every verb is
//! a key of the step, and every key says what it does.

use super::message::MESSAGE;
use super::policy::POLICIES_KEY;
use super::{COMPRESS_KEY, COMPRESSION_KEY, HEADERS, REDIRECTS, TEXTS, TIMEOUT, key};
use crate::source::{Key, Shape, Type};

/// What a step can do: exactly one of these stands in it, or `steps` under a condition.
pub(in crate::scenario) const VERBS: [&str; 17] = [
    "get",
    "head",
    "post",
    "put",
    "patch",
    "delete",
    "options",
    "send",
    "graphql",
    "websocket",
    "stream",
    "think",
    "set",
    "use",
    "repeat",
    "each",
    "group",
];
/// The keys that carry a request's body; at most one stands in a step.
pub(in crate::scenario) const BODIES: [&str; 5] = ["json", "form", "text", "multipart", "file"];
/// The keys that every step may have beside its verb.
pub(in crate::scenario) const COMMON: &[&str] = &["when", "tags"];
/// The keys that a request may have beside those.
pub(in crate::scenario) const REQUEST: &[&str] = &[
    "name",
    "query",
    "headers",
    "capture",
    "check",
    "timeout",
    "redirects",
    "compression",
    "compress",
    "auth",
    "retry",
    "until",
    "policies",
];
/// The keys that a WebSocket may have beside those that all steps may have.
pub(in crate::scenario) const WEBSOCKET: &[&str] = &[
    "name",
    "query",
    "headers",
    "protocols",
    "messages",
    "ping",
    "capture",
    "check",
    "timeout",
    "auth",
    "retry",
];

/// The keys that a stream may have beside those that all steps may have.
pub(in crate::scenario) const STREAM: &[&str] = &[
    "name",
    "query",
    "headers",
    "as",
    "event",
    "events",
    "for",
    "at_least",
    "first_within",
    "gap_within",
    "reconnect",
    "sent_at",
    "capture",
    "check",
    "timeout",
    "redirects",
    "auth",
    "retry",
];

const AUTHS: &[Type] = &[Type::Words(&["none"]), Type::Object(&AUTH)];
const RETRIES: &[Type] = &[Type::Integer, Type::Object(&RETRY)];
/// A text, or nothing: a parameter without a value.
const VALUES: Type = Type::MapOf(&Type::Either(&[TEXTS, Type::Nothing]));
const PART_VALUE: Type = Type::Either(&[Type::Text, Type::Object(&PART)]);

pub(super) const TAGS: Key = key(
    "tags",
    TEXTS,
    "Names for parts of budgets; `slow` keeps a step out of latency budgets that name no part.",
);
pub(super) const AUTH_KEY: Key = key(
    "auth",
    Type::Either(AUTHS),
    "Who the requests come from; that of a step wins over its flow's and that of `defaults`.",
);
pub(super) const RETRY_KEY: Key = key(
    "retry",
    Type::Either(RETRIES),
    "How often a request that failed is sent again (0 when left out); a pass after that is flaky.",
);

pub(in crate::scenario) static STEP: Shape = Shape {
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
            "send",
            Type::Text,
            "Any method and its path: `PURGE /cache/x`.",
        ),
        key(
            "graphql",
            Type::Text,
            "POST a GraphQL operation to this path: the document stands under `query:`.",
        ),
        key(
            "websocket",
            Type::Text,
            "Open a WebSocket at this path (or `ws://`, `wss://` URL).",
        ),
        key(
            "protocols",
            TEXTS,
            "The sub-protocols that are offered; a server that chooses none of them fails the step.",
        ),
        key(
            "messages",
            Type::List(&Type::Object(&MESSAGE)),
            "The conversation over a WebSocket, in order.",
        ),
        key(
            "ping",
            Type::Quantity("20s"),
            "Send a ping this often; one without an answer by the next fails the step.",
        ),
        key(
            "stream",
            Type::Text,
            "GET this path (or absolute URL) and follow what comes: server-sent events, or what `as` says.",
        ),
        key(
            "as",
            Type::Words(&["events", "lines", "bytes"]),
            "What a stream is made of: `events` (the default), `lines` such as JSON objects, or `bytes` as they come.",
        ),
        key(
            "event",
            Type::Text,
            "Only events of this type count; those without a type are `message`.",
        ),
        key(
            "events",
            Type::Integer,
            "The stream is left with this many.",
        ),
        key(
            "for",
            Type::Quantity("30s"),
            "The stream is left after this time, or at the end of the load; that is no failure.",
        ),
        key(
            "at_least",
            Type::Integer,
            "Fewer than this many within `for` fail the step.",
        ),
        key(
            "first_within",
            Type::Quantity("2s"),
            "How long the first may take, from the request.",
        ),
        key(
            "gap_within",
            Type::Quantity("5s"),
            "How long the next may take, from the one before.",
        ),
        key(
            "reconnect",
            Type::Integer,
            "How often a stream that the server ends is opened again, with `last-event-id` and after its `retry:` (0 when left out).",
        ),
        key(
            "sent_at",
            Type::Text,
            "Where an event says when it was sent, RFC 3339 or a number since 1970: `json $.at`. What is left until its arrival is its latency.",
        ),
        key(
            "think",
            Type::Quantity("1s..3s"),
            "Wait as a person would: a time, or a range to draw from.",
        ),
        key(
            "set",
            Type::MapOf(&Type::Text),
            "Give variables values: `cart: \"{{ uuid() }}\"`; one `{{ x }}` alone keeps the type of x.",
        ),
        key("use", Type::Text, "Do the steps of a fragment here."),
        key(
            "with",
            Type::MapOf(&Type::Text),
            "Values for the parameters of the fragment.",
        ),
        key("repeat", Type::Integer, "Do `steps:` so many times."),
        key(
            "each",
            Type::Text,
            "Do `steps:` for each item of a list: `product in products`.",
        ),
        key("limit", Type::Integer, "At most so many items of the list."),
        key(
            "group",
            Type::Text,
            "Send the requests of `steps:` at the same time, as a browser fetches a page's assets; the text names the group.",
        ),
        key(
            "parallel",
            Type::Integer,
            "At most so many requests of the group at once (6 when left out).",
        ),
        key(
            "steps",
            Type::List(&Type::Object(&STEP)),
            "The steps of `repeat`, `each`, `group`, or those that are done only `when` something holds.",
        ),
        key(
            "when",
            TEXTS,
            "Conditions over variables, all of which must hold; otherwise the step is left out: `plan == \"pro\"`.",
        ),
        key(
            "name",
            Type::Text,
            "The step's name in reports and budgets: fixed text, unique within the flow; for `use`, what its steps' names begin with.",
        ),
        TAGS,
        key(
            "query",
            Type::Either(&[VALUES, Type::Text]),
            "Query parameters, percent-encoded and appended to the URL; in a `graphql` step the document.",
        ),
        HEADERS,
        key("json", Type::Anything, "A JSON body, written as YAML."),
        key(
            "form",
            VALUES,
            "A form body (application/x-www-form-urlencoded).",
        ),
        key("text", Type::Text, "A body of plain text."),
        key(
            "multipart",
            Type::MapOf(&Type::Either(&[PART_VALUE, Type::List(&PART_VALUE)])),
            "A body of fields and files (multipart/form-data).",
        ),
        key(
            "file",
            Type::Text,
            "A body from a file, relative to this one; application/octet-stream unless a header says otherwise.",
        ),
        key(
            "variables",
            Type::MapOf(&Type::Anything),
            "The variables of a GraphQL operation, written as YAML.",
        ),
        key(
            "operation",
            Type::Text,
            "Which operation of a GraphQL document is meant, where it holds several.",
        ),
        key(
            "expect",
            Type::MapOf(&TEXTS),
            "The member of a union that a field of a GraphQL answer must be: `addItemToOrder: Order`.",
        ),
        key(
            "errors",
            Type::Words(&["allowed"]),
            "`allowed` accepts a GraphQL answer with `errors` in it.",
        ),
        key(
            "capture",
            Type::MapOf(&Type::Either(&[Type::Text, Type::Object(&CAPTURE)])),
            "Values kept from the response for later steps: `name: json $.id`.",
        ),
        key(
            "check",
            TEXTS,
            "What must hold of the response: `status == 200`; of a stream, of every event.",
        ),
        key(
            "until",
            Type::Object(&UNTIL),
            "Send the request again and again until something holds of its response.",
        ),
        RETRY_KEY,
        POLICIES_KEY,
        AUTH_KEY,
        TIMEOUT,
        REDIRECTS,
        COMPRESSION_KEY,
        COMPRESS_KEY,
    ],
};

pub(in crate::scenario) static UNTIL: Shape = Shape {
    name: "until",
    required: &["check", "every", "within"],
    keys: &[
        key(
            "check",
            TEXTS,
            "What must hold of the response in the end: `json $.state == \"paid\"`.",
        ),
        key(
            "every",
            Type::Quantity("500ms"),
            "The time from one request to the next.",
        ),
        key(
            "within",
            Type::Quantity("10s"),
            "How long it is tried before the step fails.",
        ),
    ],
};

pub(in crate::scenario) static RETRY: Shape = Shape {
    name: "retry",
    required: &["times"],
    keys: &[
        key(
            "times",
            Type::Integer,
            "How often a request that failed is sent again.",
        ),
        key(
            "pause",
            Type::Quantity("500ms"),
            "The pause before each (none when left out).",
        ),
    ],
};

pub(in crate::scenario) static PART: Shape = Shape {
    name: "a part",
    required: &[],
    keys: &[
        key(
            "file",
            Type::Text,
            "The file to send, relative to this one.",
        ),
        key("text", Type::Text, "The text to send."),
        key("type", Type::Text, "The part's media type: `image/png`."),
        key(
            "filename",
            Type::Text,
            "The file's name, as the server is told (that of the file when left out).",
        ),
    ],
};

pub(in crate::scenario) static AUTH: Shape = Shape {
    name: "auth",
    required: &[],
    keys: &[
        key(
            "basic",
            Type::Object(&BASIC),
            "User and password in a header (RFC 7617).",
        ),
        key(
            "bearer",
            Type::Text,
            "A token in the header `authorization`.",
        ),
        key(
            "api_key",
            Type::Object(&API_KEY),
            "A key in a header or a query parameter.",
        ),
        key(
            "digest",
            Type::Object(&DIGEST),
            "User and password in answer to a challenge (RFC 7616).",
        ),
        key(
            "oauth2",
            Type::Object(&OAUTH2),
            "A token that is asked for when there is none (RFC 6749).",
        ),
    ],
};

const USER: Key = key("user", Type::Text, "The user's name.");
const PASSWORD: Key = key("password", Type::Text, "The user's password.");

pub(in crate::scenario) static BASIC: Shape = Shape {
    name: "basic",
    required: &["user", "password"],
    keys: &[USER, PASSWORD],
};

pub(in crate::scenario) static DIGEST: Shape = Shape {
    name: "digest",
    required: &["user", "password"],
    keys: &[USER, PASSWORD],
};

pub(in crate::scenario) static API_KEY: Shape = Shape {
    name: "api_key",
    required: &["value"],
    keys: &[
        key("header", Type::Text, "The header that carries the key."),
        key(
            "query",
            Type::Text,
            "The query parameter that carries the key; servers and proxies log it.",
        ),
        key("value", Type::Text, "The key."),
    ],
};

pub(in crate::scenario) static OAUTH2: Shape = Shape {
    name: "oauth2",
    required: &["token_url", "client_id"],
    keys: &[
        key(
            "token_url",
            Type::Text,
            "Where tokens are asked for: a path or an absolute URL.",
        ),
        key("client_id", Type::Text, "The client."),
        key("client_secret", Type::Text, "The client's secret."),
        key("scope", Type::Text, "The scope that is asked for."),
        key(
            "user",
            Type::Text,
            "The user, for the password grant; the client's own credentials otherwise.",
        ),
        PASSWORD,
    ],
};

pub(in crate::scenario) static CAPTURE: Shape = Shape {
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
