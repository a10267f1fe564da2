//! The filters, as the reference has them.

use super::{Entry, Kind};

const fn filter(entry: [&'static str; 5], also: &'static [&'static str]) -> Entry {
    Entry::new(Kind::Filter, entry, also)
}

pub(super) const FILTERS: [Entry; 32] = [
    filter(
        [
            "count",
            "count",
            "how many values a list has, or members an object",
            "json $.items | count",
            "2",
        ],
        &["length", "size", "len"],
    ),
    filter(
        [
            "first",
            "first",
            "the first value of a list",
            "json $.items[*].id | first",
            "17",
        ],
        &[],
    ),
    filter(
        [
            "last",
            "last",
            "the last value of a list",
            "json $.items[*].id | last",
            "18",
        ],
        &[],
    ),
    filter(
        [
            "nth",
            "nth INDEX",
            "the value at a place, from 0; with a minus from the end",
            "json $.items[*].id | nth -2",
            "17",
        ],
        &["at", "index"],
    ),
    filter(
        [
            "random",
            "random",
            "any value of a list, drawn from the user's own stream",
            "json $.items[*].id | random",
            "17",
        ],
        &["sample", "pick", "any"],
    ),
    filter(
        [
            "regex",
            "regex /PATTERN/",
            "the first group of a pattern, or the whole match",
            "json $.when | regex /T(\\d+)/",
            "10",
        ],
        &["regexp", "match"],
    ),
    filter(
        [
            "css",
            "css SELECTOR [@ATTRIBUTE]",
            "the text or an attribute of an element, where a text is HTML",
            "json $.page | css \"a\" @href",
            "/pay",
        ],
        &["xpath", "selector"],
    ),
    filter(
        [
            "between",
            "between \"LEFT\" \"RIGHT\"",
            "what stands between two texts",
            "url | between \"orders/\" \"?\"",
            "17",
        ],
        &["boundary", "substring"],
    ),
    filter(
        [
            "json",
            "json PATH",
            "what a JSON path names in a text that is JSON, or in a list or an object",
            "json $.inner | json $.a[1]",
            "2",
        ],
        &["jsonpath", "parseJson"],
    ),
    filter(
        [
            "jwt",
            "jwt CLAIM | PATH",
            "a claim of a JSON web token, whose signature is not verified",
            "json $.token | jwt sub",
            "ann",
        ],
        &["decodeJwt"],
    ),
    filter(
        [
            "url param",
            "url param \"NAME\"",
            "a parameter of a URL's query, decoded",
            "url | url param \"code\"",
            "a b",
        ],
        &["urlQueryParam", "queryParam", "param"],
    ),
    filter(
        [
            "split",
            "split \"BY\"",
            "the parts of a text, as a list",
            "json $.note | split \",\" | count",
            "2",
        ],
        &[],
    ),
    filter(
        [
            "replace",
            "replace \"FROM\" \"TO\" | replace /PATTERN/ \"TO\"",
            "the text with something else instead; behind a pattern `$1` is its first group",
            "json $.day | replace /(\\d+)\\.(\\d+)\\..*/ \"$2/$1\"",
            "11/21",
        ],
        &["replaceRegex", "replace_regex", "sub", "gsub"],
    ),
    filter(
        [
            "trim",
            "trim",
            "the text without blanks around it",
            "json $.note | trim",
            "red, blue",
        ],
        &["strip"],
    ),
    filter(
        [
            "lower",
            "lower",
            "the text in small letters",
            "json $.day | lower",
            "21.11.2026",
        ],
        &["lowercase", "toLower", "downcase"],
    ),
    filter(
        [
            "upper",
            "upper",
            "the text in capitals",
            "json $.state | upper",
            "PAID",
        ],
        &["uppercase", "toUpper", "upcase"],
    ),
    filter(
        [
            "int",
            "int",
            "a whole number, from text or by cutting a fraction off",
            "json $.total | int",
            "12",
        ],
        &["toInt", "integer"],
    ),
    filter(
        [
            "float",
            "float",
            "a number, from text",
            "json $.count | float",
            "3.0",
        ],
        &["toFloat", "number", "decimal"],
    ),
    filter(
        [
            "string",
            "string",
            "any value as text",
            "json $.items | string",
            "[{\"id\":17},{\"id\":18}]",
        ],
        &["toString", "text", "str"],
    ),
    filter(
        [
            "date",
            "date [\"FORMAT\"]",
            "a date: from RFC 3339, RFC 2822, an HTTP header, seconds since 1970, or a format of strptime",
            "json $.day | date \"%d.%m.%Y\"",
            "2026-11-21T00:00:00Z",
        ],
        &["toDate", "parseDate"],
    ),
    filter(
        [
            "format",
            "format \"FORMAT\"",
            "a date as text, in a format of strftime, in UTC",
            "certificate expiry | format \"%d %b %Y\"",
            "01 Jan 2027",
        ],
        &["dateFormat", "strftime"],
    ),
    filter(
        [
            "days until",
            "days until",
            "whole days from now to a date; below zero once it has passed",
            "certificate expiry | days until",
            "40",
        ],
        &["daysAfterNow", "daysUntilExpiration"],
    ),
    filter(
        [
            "days since",
            "days since",
            "whole days from a date to now; below zero while it is to come",
            "header expires | days since",
            "-7",
        ],
        &["daysBeforeNow", "age"],
    ),
    filter(
        [
            "base64 encode",
            "base64 encode",
            "the text in base64",
            "json $.state | base64 encode",
            "cGFpZA==",
        ],
        &["base64Encode", "b64encode", "btoa"],
    ),
    filter(
        [
            "base64 decode",
            "base64 decode",
            "the text that base64 stands for, in either alphabet, padded or not",
            "json $.coded | base64 decode",
            "aé?",
        ],
        &["base64Decode", "base64UrlSafeDecode", "b64decode", "atob"],
    ),
    filter(
        [
            "base64url encode",
            "base64url encode",
            "the text in the base64 of URLs, without padding",
            "json $.coded | base64 decode | base64url encode",
            "YcOpPw",
        ],
        &["base64UrlSafeEncode"],
    ),
    filter(
        [
            "hex encode",
            "hex encode",
            "the text's bytes as hexadecimal digits",
            "json $.state | hex encode",
            "70616964",
        ],
        &["toHex", "hex"],
    ),
    filter(
        [
            "hex decode",
            "hex decode",
            "the text that hexadecimal digits stand for",
            "bytes | regex /^.{8}/ | hex decode",
            "{\"id",
        ],
        &["fromHex", "utf8Decode", "decode", "unhex"],
    ),
    filter(
        [
            "url encode",
            "url encode",
            "the text as part of a URL",
            "json $.note | url encode",
            "%20%20red%2C%20blue%20%20",
        ],
        &["urlEncode", "encodeURIComponent", "percentEncode"],
    ),
    filter(
        [
            "url decode",
            "url decode",
            "the text that percent signs stand for",
            "json $.url | url decode",
            "/a b",
        ],
        &["urlDecode", "decodeURIComponent"],
    ),
    filter(
        [
            "html escape",
            "html escape",
            "the text as part of a page",
            "between \"</b>\" \"<a\" | html escape",
            "&lt;/h1&gt;",
        ],
        &["htmlEscape"],
    ),
    filter(
        [
            "html unescape",
            "html unescape",
            "the text that `&amp;` and the like stand for",
            "json $.html | html unescape",
            "a & b",
        ],
        &["htmlUnescape", "unescapeHtml"],
    ),
];
