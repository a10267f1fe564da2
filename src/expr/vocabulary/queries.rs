//! The queries, as the reference has them.

use super::{Entry, Kind};

const fn query(entry: [&'static str; 5], also: &'static [&'static str]) -> Entry {
    Entry::new(Kind::Query, entry, also)
}

pub(super) const QUERIES: [Entry; 28] = [
    query(
        ["status", "status", "the status code", "status", "200"],
        &["code", "status_code", "statusCode"],
    ),
    query(
        [
            "header",
            "header NAME",
            "a header; of several the first, and all of them before `count`, `first`, `last`, `nth` and `random`",
            "header content-type",
            "text/html; charset=utf-8",
        ],
        &["headers"],
    ),
    query(
        [
            "cookie",
            "cookie NAME [secure | httponly | samesite | max-age | expires | domain | path]",
            "the value that `set-cookie` gives a cookie, or one of its attributes",
            "cookie session max-age",
            "3600000ms",
        ],
        &["cookies"],
    ),
    query(
        [
            "cache",
            "cache",
            "whether a cache answered, by `cache-status`, `cf-cache-status`, `x-vercel-cache`, `x-cache-status`, `x-cache`, `x-nextjs-cache` or `age`: `hit`, `stale`, `miss` or `bypass`; not there where none of them says so",
            "cache",
            "hit",
        ],
        &["cdnHit", "cache_status"],
    ),
    query(
        [
            "body",
            "body",
            "the body as text",
            "body | regex /state\": \"(\\w+)/",
            "paid",
        ],
        &["text", "content"],
    ),
    query(
        [
            "json",
            "json PATH",
            "what a JSON path (RFC 9535) names: one value, or a list where the path can name several",
            "json $.items[0].id",
            "17",
        ],
        &["jsonpath", "jmespath"],
    ),
    query(
        [
            "css",
            "css SELECTOR [@ATTRIBUTE]",
            "the text of an element as people see it, or one of its attributes; a selector with blanks or `>` stands in quotes",
            "css \"h1 b\"",
            "cart",
        ],
        &["xpath", "selector"],
    ),
    query(
        [
            "regex",
            "regex /PATTERN/",
            "the first group of a pattern in the body, or the whole match where it has no groups",
            "regex /\"id\": (\\d+)/",
            "17",
        ],
        &["regexp"],
    ),
    query(
        [
            "between",
            "between \"LEFT\" \"RIGHT\"",
            "what stands between two texts in the body: quicker than a pattern or a selector",
            "between \"<a href=\" \">\"",
            "/pay",
        ],
        &["boundary", "substring"],
    ),
    query(
        [
            "url",
            "url",
            "the URL that answered, behind all redirects",
            "url",
            "https://shop.example/orders/17?code=a%20b",
        ],
        &[],
    ),
    query(
        [
            "redirects",
            "redirects",
            "the answers that led on to another: a list of `{status, url}`",
            "redirects | count",
            "1",
        ],
        &["location"],
    ),
    query(
        [
            "size",
            "size",
            "the bytes of the body on the wire, before it is unpacked",
            "size | string",
            "484",
        ],
        &["length", "bodyLength"],
    ),
    query(
        [
            "decoded",
            "decoded",
            "the bytes of the body once it is unpacked: of one that came packed more than `size`",
            "decoded | string",
            "484",
        ],
        &["decoded_size", "uncompressed"],
    ),
    query(
        [
            "ttfb",
            "ttfb",
            "the time from sending to the first byte",
            "ttfb",
            "120ms",
        ],
        &["firstByte", "waiting"],
    ),
    query(
        [
            "duration",
            "duration",
            "the time from sending to the last byte",
            "duration",
            "150ms",
        ],
        &["time", "response_time", "responseTime"],
    ),
    query(
        [
            "wait",
            "wait",
            "the time until there was a place on a connection that others use; not there on a connection of its own",
            "wait",
            "1ms",
        ],
        &["blocked", "queued"],
    ),
    query(
        [
            "dns",
            "dns",
            "the time to look up the host's name; not there on an open connection",
            "dns",
            "2ms",
        ],
        &[],
    ),
    query(
        [
            "connect",
            "connect",
            "the time to open the connection; not there on an open one",
            "connect",
            "5ms",
        ],
        &["tcp"],
    ),
    query(
        [
            "tls",
            "tls",
            "the time of the TLS handshake; not there on an open connection",
            "tls",
            "9ms",
        ],
        &["ssl", "handshake"],
    ),
    query(
        [
            "write",
            "write",
            "the time from having a connection to the last byte of the request",
            "write",
            "3ms",
        ],
        &["sending", "upload"],
    ),
    query(
        [
            "server_timing",
            "server_timing NAME",
            "the duration that the server gives a metric in the header `server-timing`",
            "server_timing db",
            "53.2ms",
        ],
        &["server-timing", "serverTiming"],
    ),
    query(
        [
            "version",
            "version",
            "the version of HTTP",
            "version",
            "HTTP/1.1",
        ],
        &["http_version", "protocol"],
    ),
    query(
        [
            "reason",
            "reason",
            "the words behind the status code",
            "reason",
            "OK",
        ],
        &["statusText", "status_text"],
    ),
    query(
        ["ip", "ip", "the address that answered", "ip", "192.0.2.7"],
        &["address", "peer"],
    ),
    query(
        [
            "certificate",
            "certificate subject | issuer | san | start | expiry | serial",
            "a part of the server's certificate: names, dates, the serial number in hexadecimal",
            "certificate expiry",
            "2027-01-01T00:00:00Z",
        ],
        &["ssl_certificate", "cert"],
    ),
    query(
        [
            "bytes",
            "bytes",
            "the body as hexadecimal digits, for files that start with a known signature",
            "bytes | regex /^.{8}/",
            "7b226964",
        ],
        &["rawbytes"],
    ),
    query(
        [
            "sha256",
            "sha256",
            "the SHA-256 digest of the body, in hexadecimal",
            "sha256",
            "409868c0cb7303e481563abd1932695a7ec27270e33c1dbae7a131f4ee8ef542",
        ],
        &["md5", "hash", "checksum"],
    ),
    query(
        [
            "variable",
            "variable NAME",
            "a variable whose name is also that of a query",
            "variable user",
            "Ann",
        ],
        &[],
    ),
];
