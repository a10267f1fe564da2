//! What the owners of uvis promise.

use super::nights::{Nights, levels};
use super::{Deed, Promise, Proof, Short, root};
use crate::support::cli::{Bench, Ran};
use systems::System;

const SMOKE: Promise = Promise {
    promise: "",
    switch: "",
    profile: "smoke",
    exit: 3,
    says: &[],
    line: "",
};

const SHIFT: Promise = Promise {
    profile: "shift",
    exit: 4,
    ..SMOKE
};

const PROMISES: &[Promise] = &[
    Promise {
        promise: "API health endpoint",
        switch: "api-down",
        says: &["services/api: check status == 200", "503"],
        line: "get: /health",
        ..SMOKE
    },
    Promise {
        promise: "API documentation",
        switch: "docs-down",
        says: &["services/api docs: check status == 200", "404"],
        line: "get: /docs",
        ..SMOKE
    },
    Promise {
        promise: "front",
        switch: "front-down",
        says: &["services/front: check status == 200", "502"],
        line: "get: ${UVIS_FRONT",
        ..SMOKE
    },
    Promise {
        promise: "Prometheus",
        switch: "prometheus-down",
        says: &["services/prometheus: check status == 200", "503"],
        line: "get: ${UVIS_PROMETHEUS",
        ..SMOKE
    },
    Promise {
        promise: "Grafana",
        switch: "grafana-down",
        says: &["services/grafana: check status == 200", "503"],
        line: "get: ${UVIS_GRAFANA",
        ..SMOKE
    },
    Promise {
        promise: "Kibana",
        switch: "kibana-down",
        says: &["services/kibana: check status == 200", "503"],
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
        says: &["order of steps/close too early: check status == 409"],
        line: "check: status == 409",
        ..SMOKE
    },
    Promise {
        promise: "live tracking: positions are pushed",
        switch: "tracking-silent",
        says: &["tracking/positions: timed out", "at least 3 messages"],
        line: "at_least: 3",
        ..SMOKE
    },
    Promise {
        promise: "live tracking asks for a token",
        switch: "tracking-open",
        says: &["watching without a token/refused: check status == 401"],
        line: "name: refused",
        ..SMOKE
    },
    Promise {
        promise: "a report's file is whole",
        switch: "report-cut",
        says: &["report/download: check size == {{ bytes }}"],
        line: "size == {{ bytes }}",
        ..SMOKE
    },
    Promise {
        promise: "a report is a file to download",
        switch: "report-unnamed",
        says: &["report/download: check header content-disposition"],
        line: "header content-disposition",
        ..SMOKE
    },
    Promise {
        promise: "a report is made in time",
        switch: "report-late",
        exit: 4,
        says: &["FAIL  max of report/generate is", "limit 2 s"],
        line: "max of report/generate < 2s",
        ..SMOKE
    },
    Promise {
        promise: "no JWT: 401",
        switch: "token-missing",
        says: &["no token/no token: check status == 401"],
        line: "use: bad tokens",
        ..SMOKE
    },
    Promise {
        promise: "malformed JWT: 401",
        switch: "token-malformed",
        says: &["no token/bad token: check status == 401"],
        line: "use: bad tokens",
        ..SMOKE
    },
    Promise {
        promise: "JWT that needs no signature: 401",
        switch: "token-forged",
        says: &["forged/forged token: check status == 401"],
        line: "use: forged tokens",
        ..SMOKE
    },
    Promise {
        promise: "expired JWT: 401",
        switch: "token-expired",
        says: &["expired/expired token: check status == 401"],
        line: "use: expired token",
        ..SMOKE
    },
    Promise {
        promise: "SQL injection: never 5xx",
        switch: "sql-error",
        says: &["hostile input/sql in a query: check status < 500"],
        line: "use: sql injection by query",
        ..SMOKE
    },
    Promise {
        promise: "XSS: never the payload back raw",
        switch: "reflected-input",
        says: &["hostile input/script in a query: check body not contains"],
        line: "use: scripts by query",
        ..SMOKE
    },
    Promise {
        promise: "no CSRF token: 403",
        switch: "csrf-unchecked",
        says: &[
            "forms/no csrf token: check status == {{ status }}",
            "actual    number 303",
        ],
        line: "use: no csrf token",
        ..SMOKE
    },
    Promise {
        promise: "nobody sees the dispatches of others",
        switch: "rows-of-others",
        says: &["rows of others/another's row: check status in [403, 404]"],
        line: "use: another's row",
        ..SMOKE
    },
    Promise {
        promise: "TLS certificate valid for some time",
        switch: "certificate-expiring",
        says: &[
            "services/api",
            "certificate: the certificate ends in 3 days, within 7 days",
        ],
        line: "policies: [certificate]",
        ..SMOKE
    },
    Promise {
        promise: "TLS certificate signed by who should",
        switch: "certificate-untrusted",
        exit: 6,
        says: &["TLS handshake failed: the server's certificate names an authority"],
        line: "tls: { ca:",
        ..SMOKE
    },
    Promise {
        promise: "rate limiting",
        switch: "rate-unlimited",
        says: &[
            "guessing/wrong password: rate limited",
            "no 429 within 20 requests",
        ],
        line: "rate limited: {",
        ..SMOKE
    },
    Promise {
        promise: "429 with Retry-After",
        switch: "retry-after-missing",
        says: &[
            "guessing/wrong password: rate limited",
            "429 without retry-after",
        ],
        line: "rate limited: {",
        ..SMOKE
    },
    Promise {
        promise: "API p95 < 200 ms (here: 12 people for 5 s)",
        switch: "api-slow",
        says: &["FAIL … p95 < 200ms"],
        line: "p95 < 200ms",
        ..SHIFT
    },
    Promise {
        promise: "WebSocket message latency < 100 ms, also of one socket in a hundred",
        switch: "tracking-lag",
        says: &[
            "FAIL … ws latency p99.5 < 100ms",
            "% over",
            "worst     tracking/positions",
        ],
        line: "ws latency p99.5",
        ..SHIFT
    },
    Promise {
        promise: "cache hit rate > 80 %",
        switch: "cache-cold",
        says: &["FAIL … cache_hit_rate > 80%"],
        line: "cache_hit_rate",
        ..SHIFT
    },
    Promise {
        promise: "database query p95 < 50 ms",
        switch: "database-slow",
        says: &["FAIL … server db-p95 < 50ms"],
        line: "server db-p95 < 50ms",
        ..SHIFT
    },
    Promise {
        promise: "memory < 80 %",
        switch: "memory-high",
        says: &["FAIL … server memory < 80%"],
        line: "server memory < 80%",
        ..SHIFT
    },
    Promise {
        promise: "CPU < 70 %",
        switch: "cpu-high",
        says: &["FAIL … server cpu < 70%"],
        line: "server cpu < 70%",
        ..SHIFT
    },
];

const DEEDS: &[Deed] = &[Deed {
    promise: Promise {
        promise: "p95 kept, night after night, where every budget still holds",
        switch: "slower",
        profile: "nightly `--history`",
        exit: 5,
        says: &["regression p95 of all requests: +"],
        line: "-p nightly --history",
    },
    run: nights,
}];

const NIGHTS: Nights = Nights {
    system: System::Uvis,
    environment: &[
        ("--env", "laptop"),
        ("UVIS_WARMUP", "100ms"),
        ("--duration", "3s"),
        ("UVIS_LISTEN", "1s"),
        ("UVIS_HZ", "50"),
    ],
    of: |_| true,
};

fn nights(broken: bool) -> Ran {
    if broken {
        NIGHTS.tonight(&levels(16, 8.0, 4, 92.0), &["slower"])
    } else {
        NIGHTS.tonight(&levels(16, 8.0, 0, 0.0), &[])
    }
}

const SHORTS: &[Short] = &[
    Short {
        profile: "smoke",
        environment: &[("UVIS_LISTEN", "1s"), ("UVIS_HZ", "50")],
    },
    Short {
        profile: "shift",
        environment: &[
            ("UVIS_USERS", "12"),
            ("UVIS_DURATION", "5s"),
            ("UVIS_LISTEN", "2s"),
            ("UVIS_HZ", "100"),
        ],
    },
];

pub(super) const PROOF: Proof = Proof {
    system: System::Uvis,
    healthy: SHORTS,
    broken: SHORTS,
    budgets: &[],
    promises: PROMISES,
    deeds: DEEDS,
};

#[test]
fn every_promise_of_uvis_is_proven_both_ways() {
    PROOF.prove();
}

#[test]
fn launch_is_500_requests_a_second_and_500_subscribers() {
    let running = System::Uvis.start(&[]).unwrap();
    let scenario = root().join("scenarios/uvis.yaml");
    for (profile, says) in [
        ("launch", "500 req/s = 120 flow starts/s"),
        ("nightly", "100 req/s = 24 flow starts/s"),
    ] {
        let bench = Bench::new(&[]);
        let arguments = [
            "plan",
            scenario.to_str().unwrap(),
            "--no-measure",
            "-p",
            profile,
        ];
        let mut command = bench.command(&arguments);
        let planned = bench.ran(command.envs(running.environment()).output().unwrap());
        let planned = planned.expect(0);
        assert!(planned.stdout.contains(says), "{}", planned.stdout);
        assert!(!planned.stdout.contains("undecided"), "{}", planned.stdout);
    }
}
