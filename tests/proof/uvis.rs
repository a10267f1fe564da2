//! What the owners of uvis promise.

use super::{Promise, Short, prove};
use systems::System;

const SMOKE: Promise = Promise {
    promise: "",
    switch: "",
    profile: "smoke",
    exit: 3,
    says: &[],
    line: "",
};

const LAUNCH: Promise = Promise {
    profile: "launch",
    exit: 4,
    ..SMOKE
};

pub(super) const PROMISES: &[Promise] = &[
    Promise {
        promise: "API health endpoint",
        switch: "api-down",
        says: &["services/api", "status == 200", "503"],
        line: "get: /health",
        ..SMOKE
    },
    Promise {
        promise: "API documentation",
        switch: "docs-down",
        says: &["services/api docs", "status == 200", "404"],
        line: "get: /docs",
        ..SMOKE
    },
    Promise {
        promise: "front",
        switch: "front-down",
        says: &["services/front", "status == 200", "502"],
        line: "get: ${UVIS_FRONT",
        ..SMOKE
    },
    Promise {
        promise: "Prometheus",
        switch: "prometheus-down",
        says: &["services/prometheus", "status == 200", "503"],
        line: "get: ${UVIS_PROMETHEUS",
        ..SMOKE
    },
    Promise {
        promise: "Grafana",
        switch: "grafana-down",
        says: &["services/grafana", "status == 200", "503"],
        line: "get: ${UVIS_GRAFANA",
        ..SMOKE
    },
    Promise {
        promise: "Kibana",
        switch: "kibana-down",
        says: &["services/kibana", "status == 200", "503"],
        line: "get: ${UVIS_KIBANA",
        ..SMOKE
    },
    Promise {
        promise: "dispatch: what was closed stays closed",
        switch: "state-lost",
        says: &[
            "dispatch/look again",
            "json $.state == \"closed\"",
            "under_way",
        ],
        line: "name: look again",
        ..SMOKE
    },
    Promise {
        promise: "dispatch: one step after the other",
        switch: "state-unchecked",
        says: &["order of steps/close too early", "status == 409"],
        line: "check: status == 409",
        ..SMOKE
    },
    Promise {
        promise: "live tracking: positions are pushed",
        switch: "tracking-silent",
        says: &["tracking/positions", "timed out"],
        line: "at_least: 3",
        ..SMOKE
    },
    Promise {
        promise: "live tracking asks for a token",
        switch: "tracking-open",
        says: &["watching without a token/refused", "status == 401"],
        line: "name: refused",
        ..SMOKE
    },
    Promise {
        promise: "a report's file is whole",
        switch: "report-cut",
        says: &["report/download", "size == {{ bytes }}"],
        line: "size == {{ bytes }}",
        ..SMOKE
    },
    Promise {
        promise: "a report is a file to download",
        switch: "report-unnamed",
        says: &["report/download", "header content-disposition"],
        line: "header content-disposition",
        ..SMOKE
    },
    Promise {
        promise: "a report is made in time",
        switch: "report-late",
        exit: 4,
        says: &["max of report/generate < 2s"],
        line: "max of report/generate < 2s",
        ..SMOKE
    },
    Promise {
        promise: "no JWT: 401",
        switch: "token-missing",
        says: &["no token/no token", "status == 401"],
        line: "use: bad tokens",
        ..SMOKE
    },
    Promise {
        promise: "malformed JWT: 401",
        switch: "token-malformed",
        says: &["no token/bad token", "status == 401"],
        line: "use: bad tokens",
        ..SMOKE
    },
    Promise {
        promise: "JWT that needs no signature: 401",
        switch: "token-forged",
        says: &["forged/forged token", "status == 401"],
        line: "use: forged tokens",
        ..SMOKE
    },
    Promise {
        promise: "expired JWT: 401",
        switch: "token-expired",
        says: &["expired/expired token", "status == 401"],
        line: "use: expired token",
        ..SMOKE
    },
    Promise {
        promise: "SQL injection: never 5xx",
        switch: "sql-error",
        says: &["hostile input/sql in a query", "status < 500"],
        line: "use: sql injection by query",
        ..SMOKE
    },
    Promise {
        promise: "XSS: never the payload back raw",
        switch: "reflected-input",
        says: &["hostile input/script in a query", "body not contains"],
        line: "use: scripts by query",
        ..SMOKE
    },
    Promise {
        promise: "no CSRF token: 403",
        switch: "csrf-unchecked",
        says: &["forms/no csrf token", "number 303"],
        line: "use: no csrf token",
        ..SMOKE
    },
    Promise {
        promise: "nobody sees the dispatches of others",
        switch: "rows-of-others",
        says: &["rows of others/another's row", "status in [403, 404]"],
        line: "use: another's row",
        ..SMOKE
    },
    Promise {
        promise: "TLS certificate valid for some time",
        switch: "certificate-expiring",
        says: &["services/api", "certificate"],
        line: "policies: [certificate]",
        ..SMOKE
    },
    Promise {
        promise: "TLS certificate signed by who should",
        switch: "certificate-untrusted",
        exit: 6,
        says: &["certificate"],
        line: "tls: { ca:",
        ..SMOKE
    },
    Promise {
        promise: "rate limiting",
        switch: "rate-unlimited",
        says: &["guessing/wrong password", "rate limited"],
        line: "rate limited: {",
        ..SMOKE
    },
    Promise {
        promise: "429 with Retry-After",
        switch: "retry-after-missing",
        says: &["guessing/wrong password", "rate limited"],
        line: "rate limited: {",
        ..SMOKE
    },
    Promise {
        promise: "API p95 < 200 ms",
        switch: "api-slow",
        says: &["p95 < 200ms"],
        line: "p95 < 200ms",
        ..LAUNCH
    },
    Promise {
        promise: "WebSocket message latency < 100 ms",
        switch: "tracking-lag",
        says: &["ws latency p99.5 < 100ms", "tracking/positions"],
        line: "ws latency p99.5",
        ..LAUNCH
    },
    Promise {
        promise: "cache hit rate > 80 %",
        switch: "cache-cold",
        says: &["cache_hit_rate > 80%"],
        line: "cache_hit_rate",
        ..LAUNCH
    },
    Promise {
        promise: "database query p95 < 50 ms",
        switch: "database-slow",
        says: &["server db-p95 < 50ms during launch"],
        line: "server db-p95 < 50ms during launch",
        ..LAUNCH
    },
    Promise {
        promise: "memory < 80 %",
        switch: "memory-high",
        says: &["server memory < 80% during launch"],
        line: "server memory < 80% during launch",
        ..LAUNCH
    },
    Promise {
        promise: "CPU < 70 %",
        switch: "cpu-high",
        says: &["server cpu < 70% during launch"],
        line: "server cpu < 70% during launch",
        ..LAUNCH
    },
];

const SHORTS: &[Short] = &[
    Short {
        profile: "smoke",
        environment: &[("UVIS_LISTEN", "200ms"), ("UVIS_HZ", "50")],
    },
    Short {
        profile: "launch",
        environment: &[
            ("UVIS_RATE", "50 req/s"),
            ("UVIS_RAMP", "0s"),
            ("UVIS_WARMUP", "1s"),
            ("UVIS_DURATION", "4s"),
            ("UVIS_LISTEN", "1m"),
            ("UVIS_HZ", "50"),
        ],
    },
    Short {
        profile: "nightly",
        environment: &[
            ("UVIS_NIGHTLY_RATE", "50 req/s"),
            ("UVIS_WARMUP", "1s"),
            ("UVIS_DURATION", "4s"),
            ("UVIS_LISTEN", "1m"),
            ("UVIS_HZ", "50"),
        ],
    },
];

#[test]
fn every_promise_of_uvis_is_proven_both_ways() {
    prove(System::Uvis, SHORTS, PROMISES);
}
