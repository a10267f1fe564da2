//! What the owners of vivr promise.

use super::runs::ask;
use super::{Promise, Proof, Short};
use crate::support::cli::Bench;
use serde_json::Value;
use systems::System;

const PROMISES: &[Promise] = &[
    Promise {
        promise: "`GET /api/health` answers, and says that the database is up",
        switch: "health-down",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `status == 200` … health/health"],
        line: "name: health",
    },
    Promise {
        promise: "uptime monitors can ask with `HEAD`",
        switch: "head-refused",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `uptime: HEAD has status 405, GET had 200` … health/health: head"],
        line: "policies: [uptime]",
    },
    Promise {
        promise: "uptime 99.9 %",
        switch: "health-flaps",
        profile: "launch",
        exit: 4,
        says: &["FAIL … success_rate of health/health > 99.9%"],
        line: "success_rate of health/health > 99.9%",
    },
    Promise {
        promise: "users able to complete purchases: carts are kept",
        switch: "cart-lost",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `status == 201` … purchase/checkout"],
        line: "name: checkout",
    },
    Promise {
        promise: "users able to complete purchases: orders are confirmed",
        switch: "order-lost",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `status == 200` … purchase/order confirmation"],
        line: "name: order confirmation",
    },
    Promise {
        promise: "a smoke run fits a deployment of less than 10 minutes",
        switch: "page-hangs",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `timed out` … purchase/product"],
        line: "timeout: ${VIVR_TIMEOUT:-10s}",
    },
    Promise {
        promise: "API p95 < 500 ms",
        switch: "slow-api",
        profile: "launch",
        exit: 4,
        says: &["FAIL … p95 of tag api < 500ms"],
        line: "p95 of tag api < 500ms",
    },
    Promise {
        promise: "API p95 < 500 ms, every night",
        switch: "slow-api",
        profile: "nightly",
        exit: 4,
        says: &["FAIL … p95 of tag api < 500ms"],
        line: "nightly: #",
    },
    Promise {
        promise: "error rate < 0.1 %",
        switch: "some-errors",
        profile: "launch",
        exit: 4,
        says: &["FAIL … error_rate < 0.1%"],
        line: "error_rate < 0.1%",
    },
    Promise {
        promise: "payment success > 99 %",
        switch: "payments-fail",
        profile: "launch",
        exit: 4,
        says: &["FAIL … success_rate of purchase/pay > 99%"],
        line: "success_rate of purchase/pay > 99%",
    },
    Promise {
        promise: "cache hit rate > 80 %",
        switch: "cold-cache",
        profile: "launch",
        exit: 4,
        says: &["FAIL … cache_hit_rate of tag cdn > 80%"],
        line: "cache_hit_rate of tag cdn > 80%",
    },
    Promise {
        promise: "page load < 3 s, as a client sees it",
        switch: "slow-pages",
        profile: "launch",
        exit: 4,
        says: &["FAIL … p95 of tag page < 3s"],
        line: "p95 of tag page < 3s",
    },
    Promise {
        promise: "page load < 3 s, as visitors' browsers see it",
        switch: "slow-in-browsers",
        profile: "launch",
        exit: 4,
        says: &["FAIL … server page_load < 3s"],
        line: "server page_load < 3s",
    },
    Promise {
        promise: "throughput >= 500 req/s held",
        switch: "one-at-a-time",
        profile: "launch",
        exit: 4,
        says: &["FAIL … throughput >= 50 req/s during launch"],
        line: "throughput >= 500 req/s during launch",
    },
    Promise {
        promise: "error rate > 5 % for 2 minutes: stop, and exit non-zero, so that a deploy script rolls back",
        switch: "outage",
        profile: "launch",
        exit: 8,
        says: &["TRIPPED … error_rate < 5% for 2s"],
        line: "error_rate < 5% for 2m",
    },
    Promise {
        promise: "HSTS",
        switch: "no-hsts",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `security headers: no strict-transport-security` … purchase/landing"],
        line: "security headers: { https: true }",
    },
    Promise {
        promise: "CSP",
        switch: "weak-csp",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `security headers: script-src has 'unsafe-inline'` … purchase/landing"],
        line: "security headers: { https: true }",
    },
    Promise {
        promise: "X-Frame-Options",
        switch: "no-frame-options",
        profile: "smoke",
        exit: 3,
        says: &[
            "FAIL … `security headers: no x-frame-options and no frame-ancestors` … purchase/landing",
        ],
        line: "security headers: { https: true }",
    },
    Promise {
        promise: "CORS answers only for allowed origins",
        switch: "cors-open",
        profile: "smoke",
        exit: 3,
        says: &[
            "FAIL … `cors: https://vivr.example.evil.test may send GET: … origins/other origins",
        ],
        line: "refused: [https://vivr.example.evil.test",
    },
    Promise {
        promise: "CORS answers for allowed origins",
        switch: "cors-closed",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `cors: https://www.vivr.example is refused: … origins/other origins"],
        line: "allowed: [https://www.vivr.example",
    },
    Promise {
        promise: "alerts to Slack, PagerDuty, email (the verdict stands where nobody takes them)",
        switch: "alerts-lost",
        profile: "smoke",
        exit: 3,
        says: &[
            "Slack at 127.0.0.1 was not told",
            "PagerDuty at 127.0.0.1 was not told",
            "Alertmanager at 127.0.0.1 was not told",
        ],
        line: "slack: ${SLACK_WEBHOOK}",
    },
];

const SMOKE: Short = Short {
    profile: "smoke",
    environment: &[("--env", "production"), ("VIVR_TIMEOUT", "2s")],
};

pub(super) const PROOF: Proof = Proof {
    system: System::Vivr,
    healthy: &[
        SMOKE,
        Short {
            profile: "launch",
            environment: &[
                ("--env", "laptop"),
                ("--duration", "6s"),
                ("VIVR_THINK", "1ms"),
                ("VIVR_BUYERS", "40"),
                ("VIVR_MONITORS", "300"),
            ],
        },
        Short {
            profile: "nightly",
            environment: &[
                ("--env", "laptop"),
                ("--duration", "6s"),
                ("VIVR_THINK", "1ms"),
                ("VIVR_BUYERS", "40"),
                ("VIVR_MONITORS", "300"),
            ],
        },
    ],
    broken: &[
        SMOKE,
        Short {
            profile: "launch",
            environment: &[
                ("--env", "laptop"),
                ("--duration", "3s"),
                ("VIVR_THINK", "1ms"),
                ("VIVR_MONITORS", "60"),
            ],
        },
        Short {
            profile: "nightly",
            environment: &[
                ("--env", "laptop"),
                ("--duration", "3s"),
                ("VIVR_THINK", "1ms"),
                ("VIVR_MONITORS", "60"),
            ],
        },
    ],
    budgets: &[("500 req/s", "50 req/s"), ("for 2m", "for 2s")],
    promises: PROMISES,
    deeds: &[],
};

#[test]
fn every_promise_of_vivr_is_proven_both_ways() {
    PROOF.prove();
}

#[test]
fn a_failed_smoke_run_reaches_slack_pagerduty_and_mail() {
    let running = System::Vivr.start(&["health-down"]).unwrap();
    PROOF.once(&Bench::new(&[]), &SMOKE, &running, 1).expect(3);
    let received = ask(&running, "ALERTS", "/received");
    let all = received.as_array().unwrap();
    let of = |who: &str| -> &Value { &all.iter().find(|r| r["who"] == who).unwrap()["what"] };
    assert!(
        of("slack").to_string().contains("health/health"),
        "{received}"
    );
    assert_eq!(of("pagerduty")["event_action"], "trigger");
    assert_eq!(of("pagerduty")["routing_key"], "R0UT1NGK3Y");
    assert_eq!(of("alertmanager")[0]["labels"]["scenario"], "vivr");
}
