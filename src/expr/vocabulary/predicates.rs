//! The predicates, as the reference has them.

use super::{Entry, Kind};

/// What an example of a predicate gives.
const HOLDS: &str = "holds";

const fn predicate(
    [name, syntax, doc, example]: [&'static str; 4],
    also: &'static [&'static str],
) -> Entry {
    Entry::new(Kind::Predicate, [name, syntax, doc, example, HOLDS], also)
}

pub(super) const PREDICATES: [Entry; 27] = [
    predicate(
        [
            "==",
            "== VALUE",
            "equals: 1 is 1.0, text is never a number",
            "json $.state == \"paid\"",
        ],
        &["equals", "equal", "eq", "is_equal"],
    ),
    predicate(
        ["!=", "!= VALUE", "does not equal", "status != 404"],
        &["ne", "notEquals"],
    ),
    predicate(
        [
            "<",
            "< VALUE",
            "is less than: numbers, texts, times and dates have an order",
            "ttfb < 2s",
        ],
        &["lt", "below"],
    ),
    predicate(
        ["<=", "<= VALUE", "is at most", "size <= 1KB"],
        &["lte", "atMost"],
    ),
    predicate(
        [
            ">",
            "> VALUE",
            "is more than",
            "certificate expiry > \"2026-12-31\"",
        ],
        &["gt", "above"],
    ),
    predicate(
        [">=", ">= VALUE", "is at least", "json $.items | count >= 1"],
        &["gte", "atLeast"],
    ),
    predicate(
        [
            "contains",
            "contains VALUE",
            "a text has a text in it, a list a value, an object a key",
            "body contains \"cart\"",
        ],
        &["includes", "has", "include"],
    ),
    predicate(
        [
            "starts with",
            "starts with TEXT",
            "a text begins so",
            "header content-type starts with \"text/\"",
        ],
        &["startsWith", "startswith"],
    ),
    predicate(
        [
            "ends with",
            "ends with TEXT",
            "a text ends so",
            "url ends with \"b\"",
        ],
        &["endsWith", "endswith"],
    ),
    predicate(
        [
            "matches",
            "matches /PATTERN/",
            "a pattern is found in a text",
            "url matches /orders.\\d+/",
        ],
        &["match", "matchesRegexp"],
    ),
    predicate(
        [
            "matches schema",
            "matches schema FILE",
            "the value fits a JSON Schema, whose path is relative to its file",
            "json $ matches schema \"order.json\"",
        ],
        &["schema", "jsonschema", "validates"],
    ),
    predicate(
        [
            "in",
            "in [VALUE, …]",
            "equals one of several",
            "status in [200, 204]",
        ],
        &["oneOf", "one_of"],
    ),
    predicate(
        [
            "exists",
            "exists",
            "something is there, if only null",
            "json $.none exists",
        ],
        &["present", "defined", "isPresent"],
    ),
    predicate(
        [
            "is empty",
            "is empty",
            "a text, list or object with nothing in it",
            "json $.items[?@.id > 99] is empty",
        ],
        &["isEmpty", "empty"],
    ),
    predicate(
        [
            "is number",
            "is number",
            "any number",
            "json $.total is number",
        ],
        &["isNumber"],
    ),
    predicate(
        [
            "is integer",
            "is integer",
            "a number written without a fraction",
            "json $.items[0].id is integer",
        ],
        &["isInteger"],
    ),
    predicate(
        [
            "is float",
            "is float",
            "a number written with a fraction",
            "json $.total is float",
        ],
        &["isFloat"],
    ),
    predicate(
        ["is string", "is string", "text", "json $.state is a string"],
        &["isString"],
    ),
    predicate(
        [
            "is boolean",
            "is boolean",
            "true or false",
            "json $.state not is boolean",
        ],
        &["isBoolean"],
    ),
    predicate(
        ["is list", "is list", "a list", "json $.items is a list"],
        &["isCollection", "isList", "isArray"],
    ),
    predicate(
        [
            "is object",
            "is object",
            "an object",
            "json $.items[0] is an object",
        ],
        &["isObject"],
    ),
    predicate(
        [
            "is null",
            "is null",
            "null, which is there",
            "json $.none is null",
        ],
        &["isNull"],
    ),
    predicate(
        [
            "is date",
            "is date",
            "a date, or a text written like one",
            "json $.when is a date",
        ],
        &["isDate", "isIsoDate"],
    ),
    predicate(
        [
            "is uuid",
            "is uuid",
            "a text written like a UUID",
            "json $.id is a uuid",
        ],
        &["isUuid"],
    ),
    predicate(
        ["is ipv4", "is ipv4", "an IPv4 address", "json $.ip is ipv4"],
        &["isIpv4"],
    ),
    predicate(
        [
            "is ipv6",
            "is ipv6",
            "an IPv6 address",
            "json $.ip is not ipv6",
        ],
        &["isIpv6"],
    ),
    predicate(
        [
            "is url",
            "is url",
            "a whole URL, with a host",
            "url is a url",
        ],
        &["isUrl"],
    ),
];
