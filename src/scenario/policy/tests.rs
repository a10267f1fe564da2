//! Each rule on answers that keep it and on answers that break it.

use super::*;
use http::Method;

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
    const CSP: &str = "content-security-policy";
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

#[test]
fn careless_headers_are_named() {
    const CSP: &str = "content-security-policy";
    for (name, value, part) in [
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
    ] {
        fails(headers_with(&[(name, value)]), part);
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
            seen.https = https
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
fn origins_are_allowed_as_browsers_do() {
    const ORIGIN: (&str, &str) = ("access-control-allow-origin", "https://a.test");
    const ANY: (&str, &str) = ("access-control-allow-origin", "*");
    const CREDENTIALS: (&str, &str) = ("access-control-allow-credentials", "true");
    let look =
        |allowed: bool, preflight: Option<Method>, credentials: bool, headers: &[(&str, &str)]| {
            let rule = Crossing {
                origin: "https://a.test".into(),
                allowed,
                preflight,
                credentials,
            };
            looked(Rule::Crossing(rule), headers, |_| {})
        };
    assert_eq!(look(true, None, false, &[ORIGIN]), Look::Holds);
    assert_eq!(look(true, None, false, &[ANY]), Look::Holds);
    assert_eq!(look(true, None, true, &[ORIGIN, CREDENTIALS]), Look::Holds);
    assert_eq!(look(true, Some(Method::GET), false, &[ORIGIN]), Look::Holds);
    let put = ("access-control-allow-methods", "POST, PUT");
    assert_eq!(
        look(true, Some(Method::PUT), false, &[ORIGIN, put]),
        Look::Holds
    );
    let any = ("access-control-allow-methods", "*");
    assert_eq!(
        look(true, Some(Method::PUT), false, &[ORIGIN, any]),
        Look::Holds
    );
    for (look, part) in [
        (
            look(true, None, false, &[]),
            "no access-control-allow-origin",
        ),
        (look(true, None, false, &[ORIGIN, ORIGIN]), "more than one"),
        (
            look(
                true,
                None,
                false,
                &[("access-control-allow-origin", "https://b.test")],
            ),
            "is https://b.test",
        ),
        (
            look(true, None, false, &[ANY, CREDENTIALS]),
            "credentials rule out",
        ),
        (
            look(true, None, true, &[ORIGIN]),
            "no access-control-allow-credentials",
        ),
        (
            look(true, Some(Method::PUT), false, &[ORIGIN]),
            "has no PUT",
        ),
        (
            look(true, Some(Method::PUT), true, &[ORIGIN, CREDENTIALS, any]),
            "has no PUT",
        ),
        (look(false, None, false, &[ORIGIN]), "may read the answer"),
        (
            look(false, None, false, &[ANY]),
            "access-control-allow-origin is *",
        ),
        (
            look(false, Some(Method::GET), false, &[ORIGIN]),
            "may send GET",
        ),
    ] {
        fails(look, part);
    }
    assert_eq!(look(false, None, false, &[]), Look::Holds);
    let null = ("access-control-allow-origin", "null");
    assert_eq!(look(false, Some(Method::GET), false, &[null]), Look::Holds);
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

const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF\n-----END RSA PRIVATE KEY-----";

fn found(headers: &[(&str, &str)], body: &str) -> Look {
    let headers = Head::of(headers.iter().copied());
    Sensitive::default().look(&Seen {
        body: body.as_bytes(),
        ..seen(200, &headers)
    })
}

#[test]
fn what_no_answer_should_tell_is_found_and_masked() {
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let stripe = format!("sk_live_{}", "4eC39HqLyjWD".repeat(2));
    for (kind, body, secret) in [
        ("Java", "x\n\tat com.shop.Cart.add(Cart.java:42)", ""),
        (
            "JavaScript",
            "Error: x\\n    at add (/app/cart.js:4:7)\\n    at next (/app/n.js:1:2)",
            "",
        ),
        (
            "JavaScript",
            "<pre>Error<br> &nbsp; at /srv/app.js:10:3<br> &nbsp; at Layer.handle (/srv/l.js:95:5)",
            "",
        ),
        (
            "Python",
            "Traceback (most recent call last):\n  File \"/app/views.py\", line 3",
            "",
        ),
        (
            ".NET",
            "   at Shop.Cart.Add(Int32 id) in C:\\src\\Cart.cs:line 17",
            "",
        ),
        (
            "PHP",
            "<b>Fatal error</b>:  Uncaught Error in <b>/var/www/a.php</b> on line <b>3</b>",
            "",
        ),
        ("Ruby", "app/models/cart.rb:12:in `add'", ""),
        ("Go", "goroutine 1 [running]:\nmain.main()", ""),
        ("Rust", "thread 'main' panicked at src/main.rs:2:5:", ""),
        ("private key", KEY, "MIIEpAIBAAKCAQEA"),
        ("private key", &KEY.replace('\n', "\\n"), "MIIEpAIBAAKCAQEA"),
        ("AWS", "key=AKIAIOSFODNN7QWERTYU;", "IOSFODNN7QWERTYU"),
        ("GitHub", &token, "a1B2a1B2"),
        (
            "Slack",
            "xoxb-17653672481-19874698323-abcdefABCDEF",
            "17653672481",
        ),
        ("Stripe", &stripe, "4eC39HqLyjWD"),
        (
            "JSON Web Token secret",
            r#"{"jwtSecret":"correct horse"}"#.replace(' ', "-").as_str(),
            "correct-horse",
        ),
        (
            "JSON Web Token secret",
            "JWT_SECRET=correct-horse-battery",
            "correct-horse",
        ),
        (
            "connection string",
            "postgres://shop:hunter22@db.internal:5432/shop",
            "hunter22",
        ),
        (
            "connection string",
            "mongodb+srv://u:hunter22@c.mongodb.net",
            "hunter22",
        ),
        (
            "connection string",
            "Server=db;Database=shop;User Id=sa;Password=hunter22;",
            "hunter22",
        ),
        (
            "connection string",
            "jdbc:mysql://db/shop?user=sa&password=hunter22",
            "hunter22",
        ),
    ] {
        let look = found(
            &[("content-type", "text/html")],
            &format!("line one\n{body}\n"),
        );
        if !secret.is_empty() {
            assert!(!format!("{look:?}").contains(secret), "{look:?}");
            let hidden = sensitive::secrets(&Head::default(), body.as_bytes());
            assert!(
                hidden.iter().any(|h| h.contains(secret)),
                "{kind}: {hidden:?}"
            );
        }
        fails(look.clone(), kind);
        let Look::Fails(sentence) = look else {
            continue;
        };
        assert!(
            sentence.contains("line 2 of the body") || sentence.contains("line 3"),
            "{sentence}"
        );
    }
    for (name, value) in [
        ("Server", "nginx/1.18.0"),
        ("X-Powered-By", "PHP/8.1.2"),
        ("X-AspNet-Version", "4.0.30319"),
        ("x-debug", "postgres://shop:hunter22@db/shop"),
    ] {
        let look = found(&[(name, value)], "");
        assert!(!format!("{look:?}").contains("hunter22"));
        fails(look, &format!("in the header {name}").to_lowercase());
    }
}

/// What is everywhere on the web and tells nothing.
#[test]
fn ordinary_pages_and_scripts_are_left_alone() {
    for body in [
        "We look at 10:30 (see cart.js:12). Meet us at Main Street (building 4:2).",
        "throw new Error('at least one'); // at foo (bar)",
        "const stack = new Error().stack; console.log(`at ${file}:${line}:${column}`)",
        "try { } catch (e) { report(e.stack) }",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
        "paste what stands behind -----BEGIN PRIVATE KEY----- here",
        "AKIAIOSFODNN7EXAMPLE",
        "pk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "jwtSecret: process.env.JWT_SECRET, jwt_secret=config.jwt",
        "JWT_SECRET=$JWT_SECRET",
        "postgres://localhost/shop postgres://user:password@localhost:5432/db postgres://u:${PASSWORD}@h/d",
        "redis://cache:6379/0 mysql://user@host/db amqp://guest:<password>@host",
        "Server=db;Database=shop;Integrated Security=true",
        "<input type=password name=pwd> <label>Password=</label>",
        "Warning: shallow water in the harbour. Notice: closed on Monday",
        "Fatal error handling in PHP is described in chapter 3",
        "the goroutine 1 of many; a thread 'main' and its panic",
        "gem 'rails' # app.rb:12: see below",
        "Traceback (most recent call last) is what Python prints",
        "var a=function(){return{at:1}};e.at(-1);o.at(0).b(c);",
    ] {
        let look = found(&[("content-type", "text/html"), ("server", "nginx")], body);
        assert_eq!(look, Look::Holds, "{body}");
    }
    let picture = [("content-type", "image/png")];
    assert_eq!(found(&picture, KEY), Look::Holds);
    let rule = Sensitive {
        except: vec!["nginx/1.".into(), "RSA".into()],
        ..Sensitive::default()
    };
    let headers = Head::of([("server", "nginx/1.18.0")]);
    let seen = Seen {
        body: KEY.as_bytes(),
        ..seen(200, &headers)
    };
    assert_eq!(rule.look(&seen), Look::Holds);
}
