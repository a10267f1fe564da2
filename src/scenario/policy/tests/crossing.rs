//! Who may read answers from other origins.

use super::*;
use http::Method;

const ORIGIN: (&str, &str) = ("access-control-allow-origin", "https://a.test");
const OTHER: (&str, &str) = ("access-control-allow-origin", "https://b.test");
const ANY: (&str, &str) = ("access-control-allow-origin", "*");
const NULL: (&str, &str) = ("access-control-allow-origin", "null");
const CREDENTIALS: (&str, &str) = ("access-control-allow-credentials", "true");
const METHODS: (&str, &str) = ("access-control-allow-methods", "POST, PUT");
const EVERY_METHOD: (&str, &str) = ("access-control-allow-methods", "*");

/// A request from `https://a.test`: whether it should be allowed, the method of its preflight, whether cookies go along.
fn look((allowed, preflight, credentials): (bool, &str, bool), headers: &[(&str, &str)]) -> Look {
    let rule = Crossing {
        origin: "https://a.test".into(),
        allowed,
        preflight: Method::from_bytes(preflight.as_bytes()).ok(),
        credentials,
    };
    looked(Rule::Crossing(rule), headers, |_| {})
}

#[test]
fn origins_are_allowed_as_browsers_do() {
    for (wanted, headers) in [
        ((true, "", false), &[ORIGIN][..]),
        ((true, "", false), &[ANY]),
        ((true, "", true), &[ORIGIN, CREDENTIALS]),
        ((true, "GET", false), &[ORIGIN]),
        ((true, "PUT", false), &[ORIGIN, METHODS]),
        ((true, "PUT", false), &[ORIGIN, EVERY_METHOD]),
        ((false, "", false), &[]),
        ((false, "GET", false), &[NULL]),
    ] {
        assert_eq!(look(wanted, headers), Look::Holds, "{wanted:?} {headers:?}");
    }
}

#[test]
fn origins_that_should_not_or_cannot_are_named() {
    for (wanted, headers, part) in [
        ((true, "", false), &[][..], "no access-control-allow-origin"),
        ((true, "", false), &[ORIGIN, ORIGIN], "more than one"),
        ((true, "", false), &[OTHER], "is https://b.test"),
        (
            (true, "", false),
            &[ANY, CREDENTIALS],
            "credentials rule out",
        ),
        (
            (true, "", true),
            &[ORIGIN],
            "no access-control-allow-credentials",
        ),
        ((true, "PUT", false), &[ORIGIN], "has no PUT"),
        (
            (true, "PUT", true),
            &[ORIGIN, CREDENTIALS, EVERY_METHOD],
            "has no PUT",
        ),
        ((false, "", false), &[ORIGIN], "may read the answer"),
        (
            (false, "", false),
            &[ANY],
            "access-control-allow-origin is *",
        ),
        ((false, "GET", false), &[ORIGIN], "may send GET"),
    ] {
        fails(look(wanted, headers), part);
    }
    let rule = Crossing {
        origin: "https://a.test".into(),
        allowed: true,
        preflight: Some(Method::GET),
        credentials: false,
    };
    let refused = |seen: &mut Seen<'_>| seen.status = 405;
    fails(
        looked(Rule::Crossing(rule), &[ORIGIN], refused),
        "status 405",
    );
}
