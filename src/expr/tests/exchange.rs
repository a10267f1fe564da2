//! What only some checks look at: the connection, the certificate, cookies, dates, schemas.

use super::examples::{Shop, shop};
use super::*;

fn check(text: &str) -> Result<(), Mismatch> {
    let check = Check::parse(text, &mut Shop).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    shop(|facts| check.evaluate(facts, &mut rng()))
}

const GREEN: &[&str] = &[
    "cookie session == \"abc\"",
    "cookie session secure exists",
    "cookie session secure == true",
    "cookie session HttpOnly exists",
    "cookie session samesite == \"Lax\"",
    "cookie session max-age >= 1h",
    "cookie session expires > \"2026-11-21\"",
    "cookie session domain == \"shop.example\"",
    "cookie session path == \"/\"",
    "cookie theme secure not exists",
    "cookie theme max-age not exists",
    "cookie nobody secure not exists",
    "certificate subject contains \"CN=shop.example\"",
    "certificate issuer contains \"O=Shop\"",
    "certificate san contains \"shop.example\"",
    "certificate san == [\"shop.example\", \"192.0.2.7\"]",
    "certificate san | count == 2",
    "certificate serial == \"010203ff\"",
    "certificate start < \"2026-01-02\"",
    "certificate expiry | days until > 30",
    "certificate expiry is date",
    "certificate expiry is not string",
    "certificate expiry == \"2027-01-01T01:00:00+01:00\"",
    "header expires | date == \"2026-11-28T10:00:00Z\"",
    "header expires | days until == 7",
    "redirects | first | json $.status == 302",
    "redirects | json $[0].url == \"https://shop.example/orders/17?code=a%20b\"",
    "redirects is list",
    "dns < connect_limit",
    "connect == 5ms",
    "tls < 10ms",
    "server_timing db > 53ms",
    "server_timing cache not exists",
    "server_timing nope not exists",
    "css a | count == 2",
    "css a | last == \"go on\"",
    "css a@href == \"/pay\"",
    "css \"h1 > b\" == \"cart\"",
    "css h1 == \"Your cart\"",
    "css table not exists",
    "css table | count == 0",
    "css a @class not exists",
    "json $.page | css a | count == 2",
    "json $.when | regex /\\d+/ | count == 6",
    "json $.note | between \"r\" \",\" == \"ed\"",
    "json $.page | between \"href=\" \">\" | count == 2",
    "between \"{{ user }}\" \"x\" not exists",
    "json $.token | jwt $.roles[0] == \"admin\"",
    "json $.token | jwt $.roles[*] contains \"admin\"",
    "json $.token | jwt nope not exists",
    "json $.count | int | date == \"1970-01-01T00:00:03Z\"",
    "json $.when | date > \"2026-11-21T09:59:59Z\"",
    "json $.when | format \"%H:%M\" == \"10:00\"",
    "url | url param \"nope\" not exists",
    "json $.items[*].id | nth 1 is integer",
    "json $.total is not integer",
    "json $.day is not date",
    "json $.state is not url",
    "json $ matches schema order.json",
    "json $ not matches schema \"strict.json\"",
    "version in [\"HTTP/1.1\", \"HTTP/2\"]",
    "reason == \"OK\"",
    "ip is ipv4",
    "bytes starts with \"7b22\"",
    "sha256 matches /^[0-9a-f]{64}$/",
    "variable user == \"Ann\"",
];

#[test]
fn these_hold() {
    for text in GREEN {
        let text = text.replace("connect_limit", "1s");
        assert_eq!(check(&text), Ok(()), "{text}");
    }
}

const RED: &[(&str, &str, &str)] = &[
    (
        "cookie theme secure exists",
        "exists",
        "no `secure` on cookie `theme`",
    ),
    ("cookie nobody path exists", "exists", "no cookie `nobody`"),
    (
        "certificate expiry < \"2026-12-31\"",
        "< \"2026-12-31\"",
        "date 2027-01-01T00:00:00Z",
    ),
    (
        "server_timing cache < 1s",
        "< 1 s",
        "no `dur` of `cache` in the header `server-timing`",
    ),
    (
        "css table exists",
        "exists",
        "no element for table in the page",
    ),
    (
        "css a @class exists",
        "exists",
        "no element for a @class in the page",
    ),
    (
        "between \"(\" \")\" exists",
        "exists",
        "nothing between \"(\" and \")\"",
    ),
    (
        "json $.state | date exists",
        "a date for `date`",
        "string \"paid\"",
    ),
    (
        "json $.day | date \"%Y\" exists",
        "a date written as \"%Y\" for `date`",
        "string \"21.11.2026\"",
    ),
    (
        "json $.state | json $.a exists",
        "JSON for `json`",
        "string \"paid\"",
    ),
    (
        "json $.state | jwt sub exists",
        "a JSON web token for `jwt`",
        "string \"paid\"",
    ),
    (
        "json $.token | jwt x exists",
        "exists",
        "no claim `x` in the token",
    ),
    (
        "json $.state | hex decode exists",
        "text in hexadecimal digits for `hex decode`",
        "string \"paid\"",
    ),
    (
        "json $.day | base64 decode exists",
        "text in base64 for `base64 decode`",
        "string \"21.11.2026\"",
    ),
    (
        "url | url param \"x\" exists",
        "exists",
        "no parameter `x` in the URL",
    ),
    (
        "json $ matches schema strict.json",
        "matches schema strict.json",
        "at /items/1/id: 18 is greater than the maximum of 17",
    ),
    (
        "ttfb matches schema strict.json",
        "matches schema strict.json",
        "time 120 ms",
    ),
];

#[test]
fn mismatches_say_why() {
    for (text, expected, actual) in RED {
        let want = Err(Mismatch {
            expected: (*expected).into(),
            actual: (*actual).into(),
        });
        assert_eq!(check(text), want, "{text}");
    }
}

#[test]
fn what_nobody_kept_is_not_found_and_says_why() {
    for (text, actual) in [
        ("reason exists", "no words behind the status code"),
        ("version exists", "no version of the protocol is known"),
        ("ip exists", "no address: what answered is not known"),
        (
            "dns exists",
            "no look-up: an open connection was used, or the target is an address",
        ),
        (
            "connect exists",
            "no connecting: an open connection was used",
        ),
        (
            "tls exists",
            "no TLS handshake: an open connection was used, or none was encrypted",
        ),
        (
            "certificate expiry exists",
            "no certificate: the connection was not encrypted",
        ),
    ] {
        assert_eq!(super::check(text).unwrap_err().actual, actual, "{text}");
        super::check(&text.replace("exists", "not exists")).unwrap();
    }
    super::check("redirects | count == 0").unwrap();
}

#[test]
fn what_must_be_kept_is_known_before() {
    let none = Needs::default();
    let body = Needs { body: true, ..none };
    let headers = Needs {
        headers: true,
        ..none
    };
    let details = Needs {
        details: true,
        ..none
    };
    let certificate = Needs {
        certificate: true,
        ..none
    };
    for (text, needs) in [
        ("status == 200", none),
        ("ttfb < 1s", none),
        ("url exists", none),
        ("css h1 exists", body),
        ("between 'a' 'b' exists", body),
        ("sha256 exists", body),
        ("bytes exists", body),
        ("header a exists", headers),
        ("cookie a path exists", headers),
        ("server_timing a exists", headers),
        ("ip exists", details),
        ("redirects | count == 0", details),
        ("tls < 1s", details),
        ("certificate san exists", certificate),
    ] {
        let check = Check::parse(text, &mut Shop).unwrap();
        assert_eq!(
            (check.needs(), check.needs_body()),
            (needs, needs.body),
            "{text}"
        );
    }
    assert_eq!(
        body | certificate,
        Needs {
            certificate: true,
            ..body
        }
    );
}

const WRONG: &[(&str, &str, &str, &str)] = &[
    ("cookie a secur exists", "secur", "no predicate", ""),
    (
        "certificate exists",
        "exists",
        "no part of a certificate",
        "subject",
    ),
    ("certificate expiri exists", "expiri", "no part", "`expiry`"),
    (
        "certificate expiry > 3",
        "> 3",
        "a date, and is compared with a number",
        "2026-12-31",
    ),
    (
        "certificate expiry > 'soon'",
        "> 'soon'",
        "a date, and is compared with text",
        "2026-12-31",
    ),
    ("css exists", "", "", ""),
    (
        "css \"a[\" exists",
        "a[",
        "not a CSS selector",
        "selectors look like",
    ),
    ("css a[b exists", "[b exists", "never closed", "close it"),
    ("css \"a\" @ exists", "", "", ""),
    (
        "css \"{{ user }}\" exists",
        "{{ user }}",
        "template",
        "compiled once",
    ),
    (
        "between \"a\" exists",
        "exists",
        "needs text in quotes",
        "between",
    ),
    (
        "between '' '' exists",
        "between '' ''",
        "nothing and nothing",
        "between",
    ),
    (
        "body | base64 exists",
        "base64",
        "half a filter",
        "`base64 encode` or `base64 decode`",
    ),
    ("body | days exists", "days", "half a filter", "days until"),
    ("body | url exists", "url", "half a filter", "url param"),
    (
        "body | date \"x\" exists",
        "x",
        "no format of dates",
        "strftime",
    ),
    (
        "body | format \"%!\" exists",
        "%!",
        "no format of dates",
        "strftime",
    ),
    (
        "status | format \"%Y\" == 'x'",
        "format \"%Y\"",
        "takes a date",
        "",
    ),
    (
        "body | replace /(/ 'x' exists",
        "(",
        "not a pattern",
        "regex crate",
    ),
    (
        "json $ matches schema nope.json",
        "nope.json",
        "there is no file nope.json",
        "relative",
    ),
    (
        "json $ matches schema private.json",
        "private.json",
        "cannot read",
        "can be read",
    ),
    (
        "json $ matches schema \"broken.json\"",
        "broken.json",
        "is not JSON",
        "JSON file",
    ),
    (
        "json $ matches schema wrong.json",
        "wrong.json",
        "no JSON Schema",
        "correct",
    ),
    (
        "json $ matches schema remote.json",
        "remote.json",
        "no JSON Schema",
        "inside its file",
    ),
    (
        "json $ matches schema pattern.json",
        "pattern.json",
        "no JSON Schema",
        "correct",
    ),
    ("json $ matches schema", "schema", "of what", "order.json"),
    ("json $ is a lst", "lst", "no type", "`list`"),
    ("json $ is int", "int", "no type", "`integer`"),
];

#[test]
fn problems_are_found_while_the_check_is_read() {
    let mut wrong = Vec::new();
    for (text, place, message, help) in WRONG {
        match Check::parse(text, &mut Shop) {
            Err(error) if message.is_empty() => drop(error),
            Err(error) => {
                let fix = error.help.clone().unwrap_or_default();
                let right = &text[error.range.clone()] == *place
                    && error.message.contains(message)
                    && fix.contains(help);
                if !right {
                    wrong.push(format!(
                        "{text}\n  {}\n  {error:?}",
                        &text[error.range.clone()]
                    ));
                }
            }
            Ok(_) if message.is_empty() => {}
            Ok(_) => wrong.push(format!("{text}: accepted")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let nowhere = Check::parse("json $ matches schema x.json", &mut Names).unwrap_err();
    assert!(
        nowhere.message.contains("there are none here"),
        "{nowhere:?}"
    );
}
