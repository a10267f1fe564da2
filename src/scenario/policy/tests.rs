//! Each rule on answers that keep it and on answers that break it.

mod crossing;
mod sensitive;

use super::*;

/// An answer over https, without a body.
fn seen(status: u16, headers: &Head) -> Seen<'_> {
    Seen {
        https: true,
        status,
        headers,
        body: b"",
        size: 0,
        offered: None,
        certificate: None,
        now: SystemTime::UNIX_EPOCH,
        round: 0,
        earlier: None,
    }
}

/// What a rule says of an answer with these headers and this body.
fn looked(rule: Rule, headers: &[(&str, &str)], change: impl Fn(&mut Seen<'_>)) -> Look {
    let headers = Head::of(headers.iter().copied());
    let mut seen = seen(200, &headers);
    change(&mut seen);
    let policy = Policy {
        word: "",
        level: Level::Fail,
        rule,
        span: Span::default(),
    };
    policy.look(&seen)
}

#[track_caller]
fn fails(look: Look, part: &str) {
    let Look::Fails(sentence) = look else {
        panic!("{part}: {look:?}");
    };
    assert!(sentence.contains(part), "{part}: {sentence}");
}

const CSP: &str = "content-security-policy";
const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");
const GOOD: [(&str, &str); 6] = [
    HTML,
    (
        "Content-Security-Policy",
        "default-src 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "NoSniff"),
    ("referrer-policy", "unsafe-url, strict-origin"),
    (
        "strict-transport-security",
        "includeSubDomains; Max-Age=\"15552000\"",
    ),
    ("x-frame-options", "nonsense where frame-ancestors is"),
];

fn headers_with(change: &[(&str, &str)]) -> Look {
    headers_of(SecurityHeaders::default(), change, |_| {})
}

/// The good headers with some of them replaced; an empty value takes one away.
fn headers_of(
    rule: SecurityHeaders,
    change: &[(&str, &str)],
    seen: impl Fn(&mut Seen<'_>),
) -> Look {
    let known = |name: &str| change.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let kept = GOOD.iter().filter(|(name, _)| !known(name));
    let more = change.iter().filter(|(_, value)| !value.is_empty());
    let all: Vec<(&str, &str)> = kept.chain(more).copied().collect();
    looked(Rule::SecurityHeaders(rule), &all, seen)
}

#[test]
fn careful_headers_hold() {
    assert_eq!(headers_with(&[]), Look::Holds);
    for csp in [
        "script-src 'self' 'unsafe-inline' 'nonce-abc'; frame-ancestors 'self'",
        "script-src 'strict-dynamic' 'unsafe-inline' https:; frame-ancestors a.test",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors a.test",
        "script-src 'unsafe-inline', script-src 'self'; frame-ancestors 'self'",
        "script-src 'self'; script-src 'unsafe-inline'; frame-ancestors 'self'",
        "SCRIPT-SRC 'unsafe-inline' 'sha256-AAAA'; frame-ancestors 'self'",
    ] {
        assert_eq!(headers_with(&[(CSP, csp)]), Look::Holds, "{csp}");
    }
    let framed = [
        (CSP, "default-src 'self'"),
        ("x-frame-options", "SameOrigin"),
    ];
    assert_eq!(headers_with(&framed), Look::Holds);
    // Nothing of a page on what is none, and nothing at all on what has no type.
    let json = [("content-type", "application/json"), (CSP, "")];
    assert_eq!(headers_with(&json), Look::Holds);
    let plain = |seen: &mut Seen<'_>| seen.https = false;
    let bare = looked(
        Rule::SecurityHeaders(SecurityHeaders::default()),
        &[],
        plain,
    );
    assert_eq!(bare, Look::Idle);
    let elsewhere = |seen: &mut Seen<'_>| seen.status = 302;
    let rule = SecurityHeaders::default();
    assert_eq!(headers_of(rule, &[(CSP, "")], elsewhere), Look::Holds);
}

/// A header, its value, and the finding.
const CARELESS: &[(&str, &str, &str)] = &[
    (CSP, "", "no content-security-policy"),
    (
        CSP,
        "img-src 'self'; frame-ancestors 'self'",
        "no script-src and no default-src",
    ),
    (
        CSP,
        "script-src 'self' 'unsafe-inline'; frame-ancestors 'self'",
        "script-src has 'unsafe-inline'",
    ),
    (
        CSP,
        "default-src 'unsafe-inline'; frame-ancestors 'self'",
        "default-src has 'unsafe-inline'",
    ),
    (
        CSP,
        "script-src 'self'; script-src-attr 'unsafe-inline'; frame-ancestors 'self'",
        "script-src-attr has",
    ),
    (
        CSP,
        "script-src-elem 'self'; frame-ancestors 'self'",
        "no script-src and no default-src",
    ),
    (
        CSP,
        "default-src 'self'; frame-ancestors *",
        "anybody frame",
    ),
    (CSP, "default-src 'self'", "x-frame-options is nonsense"),
    ("x-content-type-options", "", "no x-content-type-options"),
    (
        "x-content-type-options",
        "none",
        "x-content-type-options is none",
    ),
    ("referrer-policy", "", "no referrer-policy"),
    (
        "referrer-policy",
        "no-referrer, unsafe-url",
        "unsafe-url tells",
    ),
    ("referrer-policy", "never", "no value that browsers know"),
    (
        "strict-transport-security",
        "",
        "no strict-transport-security",
    ),
    (
        "strict-transport-security",
        "max-age=86400",
        "lasts 1 day, less than 180 days",
    ),
    ("strict-transport-security", "max-age=0", "lasts 0 hours"),
    ("strict-transport-security", "preload", "no max-age"),
];

#[test]
fn careless_headers_are_named() {
    for (name, value, part) in CARELESS {
        fails(headers_with(&[(*name, *value)]), part);
    }
    fails(
        headers_with(&[(CSP, "default-src 'self'"), ("x-frame-options", "")]),
        "no x-frame-options and no frame-ancestors",
    );
    let trusted = SecurityHeaders {
        trusted_types: true,
        ..SecurityHeaders::default()
    };
    fails(
        headers_of(trusted.clone(), &[], |_| {}),
        "require-trusted-types-for",
    );
    let all = SecurityHeaders {
        all: true,
        https: true,
        ..SecurityHeaders::default()
    };
    let plain = |seen: &mut Seen<'_>| seen.https = false;
    let gone = [
        ("content-type", "application/json"),
        (CSP, ""),
        ("strict-transport-security", ""),
    ];
    let look = headers_of(all, &gone, plain);
    fails(look.clone(), "no content-security-policy");
    fails(look, "no strict-transport-security");
}

#[test]
fn what_is_switched_off_is_not_looked_at() {
    let off = SecurityHeaders {
        hsts: None,
        csp: false,
        trusted_types: false,
        framing: false,
        nosniff: false,
        referrer: false,
        ..SecurityHeaders::default()
    };
    assert_eq!(
        looked(Rule::SecurityHeaders(off), &[HTML], |_| {}),
        Look::Holds
    );
}

#[test]
fn cookies_have_their_attributes() {
    let cookie = |line: &str, https: bool| {
        let headers = [("set-cookie", line)];
        looked(Rule::Cookies(Cookies::default()), &headers, |seen| {
            seen.https = https;
        })
    };
    assert_eq!(
        cookie("a=1; Secure; HttpOnly; SameSite=lax", true),
        Look::Holds
    );
    assert_eq!(
        cookie("a=1;secure ;httponly; samesite = None", true),
        Look::Holds
    );
    assert_eq!(cookie("a=1; HttpOnly; SameSite=Strict", false), Look::Holds);
    for gone in [
        "a=; Max-Age=0",
        "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "a=; Max-Age=-1",
    ] {
        assert_eq!(cookie(gone, true), Look::Idle, "{gone}");
    }
    for (line, part) in [
        ("sid=s3cret", "sid has no Secure, no HttpOnly, no SameSite"),
        (
            "sid=s3cret; Secure; HttpOnly; SameSite=Whatever",
            "sid has no SameSite",
        ),
        (
            "sid=s3cret; HttpOnly; SameSite=None",
            "no Secure beside SameSite=None",
        ),
        (
            "sid=s3cret; Secure; SameSite=Lax; max-age=60",
            "sid has no HttpOnly",
        ),
    ] {
        let look = cookie(line, true);
        assert!(!format!("{look:?}").contains("s3cret"));
        fails(look, part);
    }
    let rule = Cookies {
        except: vec!["theme".into()],
        ..Cookies::default()
    };
    let headers = [
        ("set-cookie", "theme=dark"),
        ("Set-Cookie", "b=1; Secure; SameSite=Lax"),
    ];
    fails(
        looked(Rule::Cookies(rule), &headers, |_| {}),
        "b has no HttpOnly",
    );
    assert_eq!(
        looked(Rule::Cookies(Cookies::default()), &[], |_| {}),
        Look::Idle
    );
}

#[test]
fn texts_come_compressed() {
    let look = |kind: &str, encoding: &str, offered: &'static str, size: u64| {
        let headers = [("content-type", kind), ("content-encoding", encoding)];
        looked(Rule::Compressed(Compressed::default()), &headers, |seen| {
            seen.offered = Some(offered.as_bytes());
            seen.size = size;
        })
    };
    assert_eq!(look("text/html", "br", "gzip, br", 5_000), Look::Holds);
    assert_eq!(look("text/html", "", "gzip", 1_000), Look::Idle);
    assert_eq!(look("image/png", "", "gzip", 5_000), Look::Idle);
    assert_eq!(look("text/event-stream", "", "gzip", 5_000), Look::Idle);
    for none in ["", "identity", "gzip;q=0", "gzip; q=0, identity"] {
        assert_eq!(look("text/html", "", none, 5_000), Look::Idle, "{none}");
    }
    for kind in [
        "text/css; charset=utf-8",
        "application/problem+json",
        "IMAGE/SVG+XML",
    ] {
        fails(
            look(kind, "identity", "gzip", 1_001),
            "without a content-encoding",
        );
    }
}

#[test]
fn head_agrees_with_get() {
    let get = Earlier::new(
        200,
        &Head::of([("content-type", "text/html"), ("content-length", "5")]),
    );
    let look = |status: u16, headers: &[(&str, &str)]| {
        let headers = Head::of(headers.iter().copied());
        let seen = Seen {
            earlier: Some(&get),
            ..seen(status, &headers)
        };
        service::agrees(&seen)
    };
    assert_eq!(
        look(
            200,
            &[("content-type", "Text/HTML"), ("content-length", "5")]
        ),
        Look::Holds
    );
    assert_eq!(look(200, &[]), Look::Holds);
    assert_eq!(look(200, &[("content-length", "6")]), Look::Holds);
    fails(look(405, &[]), "HEAD has status 405, GET had 200");
    fails(
        look(200, &[("content-type", "text/plain")]),
        "content-type text/plain, GET had text/html",
    );
    fails(
        look(200, &[("content-length", "0")]),
        "content-length 0, GET had 5",
    );
    assert_eq!(looked(Rule::Uptime, &[], |_| {}), Look::Idle);
}

#[test]
fn a_limit_comes_in_time_and_says_when_to_come_again() {
    let look = |status: u16, round: u64, after: &str| {
        let rule = RateLimited {
            within: 3,
            retry_after: true,
        };
        looked(Rule::RateLimited(rule), &[("retry-after", after)], |seen| {
            seen.status = status;
            seen.round = round;
        })
    };
    assert_eq!(look(200, 0, ""), Look::Later);
    assert_eq!(look(401, 1, ""), Look::Later);
    assert_eq!(look(429, 2, "30"), Look::Holds);
    assert_eq!(look(429, 0, "Sun, 06 Nov 1994 08:49:37 GMT"), Look::Holds);
    fails(
        look(200, 2, ""),
        "no 429 within 3 requests, the last got status 200",
    );
    fails(look(429, 1, ""), "429 without retry-after");
    fails(look(429, 1, "soon"), "retry-after is soon");
    fails(look(503, 1, ""), "status 503 at request 2");
    let lenient = RateLimited {
        within: 3,
        retry_after: false,
    };
    let look = looked(Rule::RateLimited(lenient), &[], |seen| seen.status = 429);
    assert_eq!(look, Look::Holds);
}

#[test]
fn warnings_fail_nothing() {
    let policy = Policy {
        word: "cookies",
        level: Level::Warn,
        rule: Rule::Cookies(Cookies::default()),
        span: Span::default(),
    };
    let headers = Head::of([("set-cookie", "a=1")]);
    assert!(matches!(policy.look(&seen(200, &headers)), Look::Warns(_)));
}
