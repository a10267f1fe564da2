//! Answers that break one rule each.

/// A step, a policy that it breaks, the step that fails, and the finding.
pub(super) const BROKEN: [(&str, &str, &str, &str); 22] = [
    (
        "get: /careful?without=content-security-policy",
        "security headers",
        "f/page",
        "no content-security-policy",
    ),
    (
        "get: /careful?content-security-policy=script-src+%27unsafe-inline%27&without=content-security-policy",
        "security headers: { framing: off }",
        "f/page",
        "script-src has 'unsafe-inline'",
    ),
    (
        "get: /careful?without=x-content-type-options",
        "security headers",
        "f/page",
        "no x-content-type-options",
    ),
    (
        "get: /careful?without=referrer-policy",
        "security headers",
        "f/page",
        "no referrer-policy",
    ),
    (
        "get: /careful?without=strict-transport-security",
        "security headers: { https: true }",
        "f/page",
        "no strict-transport-security",
    ),
    (
        "get: /tea",
        "security headers: { csp: off, framing: on }",
        "f/page",
        "no x-frame-options and no frame-ancestors",
    ),
    (
        "get: /tea",
        "security headers: { trusted types: on }",
        "f/page",
        "require-trusted-types-for",
    ),
    (
        "get: /careful?without=set-cookie&set-cookie=sid%3Ds3cret%3B+SameSite%3DLax",
        "cookies",
        "f/page",
        "sid has no HttpOnly",
    ),
    (
        "get: /cookie/set",
        "cookies: { https: true }",
        "f/page",
        "flavour has no Secure, no SameSite",
    ),
    (
        "get: /with?cf-cache-status=DYNAMIC",
        "cache",
        "f/page",
        "the cache says bypass, not hit or stale or miss",
    ),
    (
        "get: /with?x-cache=MISS",
        "cache: { accept: hit }",
        "f/page",
        "the cache says miss, not hit",
    ),
    (
        "get: /with?server=Apache%2F2.4.1",
        "no sensitive data",
        "f/page",
        "a version in the header server: Apache/2.4.1",
    ),
    (
        "get: /with?body=Traceback+(most+recent+call+last)%3A%0A++File+%22a.py%22",
        "no sensitive data",
        "f/page",
        "a Python stack trace in line 1 of the body",
    ),
    (
        "get: /cors?allow=https://a.test",
        "cors: { allowed: [https://b.test] }",
        "f/page: preflight GET from https://b.test",
        "https://b.test is refused",
    ),
    (
        "get: /cors?allow=echo",
        "cors: { refused: [https://evil.test] }",
        "f/page: preflight GET from https://evil.test",
        "https://evil.test may send GET",
    ),
    (
        "get: /cors?allow=*",
        "cors: { allowed: [https://b.test] }",
        "f/page: preflight GET from https://b.test",
        "credentials rule out",
    ),
    (
        "get: /cors?allow=https://b.test",
        "cors: { allowed: [https://b.test], methods: [DELETE] }",
        "f/page: preflight DELETE from https://b.test",
        "has no DELETE",
    ),
    (
        "get: /head-differs",
        "uptime",
        "f/page: head",
        "HEAD has status 404, GET had 200",
    ),
    (
        "get: /limited/99",
        "rate limited: { within: 4 }",
        "f/page: rate limited",
        "no 429 within 4 requests",
    ),
    (
        "get: /limited/2?after=",
        "rate limited: { within: 4 }",
        "f/page: rate limited",
        "429 without retry-after",
    ),
    (
        "get: /limited/2?after=soon",
        "rate limited: { within: 4 }",
        "f/page: rate limited",
        "retry-after is soon",
    ),
    (
        "get: /hostile",
        "security headers: { nosniff: off, framing: off, referrer: off }",
        "f/page",
        "no content-security-policy",
    ),
];
