//! What the owners of vivr promise.

use super::nights::{Nights, levels};
use super::runs::{ask, run_with};
use super::{Deed, Promise, Proof, Short, root};
use crate::support::cli::{Bench, Ran};
use serde_json::Value;
use std::fs;
use systems::System;
use tollgate::plan::{Overrides, resolve};
use tollgate::scenario::{Environment, Flow, load};

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
        promise: "a smoke run fits a deployment of less than 10 minutes: no answer is waited for longer than 10 s (here: 2 s)",
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
        promise: "API p95 < 500 ms, at night too",
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
        promise: "throughput >= 500 req/s held (here: 50 req/s, by 4 visitors for 3 s)",
        switch: "one-at-a-time",
        profile: "launch",
        exit: 4,
        says: &["FAIL … throughput >= 50 req/s during launch"],
        line: "throughput >= 500 req/s during launch",
    },
    Promise {
        promise: "error rate > 5 % for 2 minutes (here: 2 s): stop, and exit non-zero, so that a deploy script rolls back",
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
            "the mail to 127.0.0.1 was not sent",
        ],
        line: "slack: ${SLACK_WEBHOOK}",
    },
];

const DEEDS: &[Deed] = &[
    Deed {
        promise: Promise {
            promise: "smoke after each staging and production deploy",
            switch: "order-lost",
            profile: "smoke `--env staging`, production",
            exit: 3,
            says: &["FAIL … `status == 200` … purchase/order confirmation"],
            line: "target: ${VIVR_STAGING}",
        },
        run: deployed,
    },
    Deed {
        promise: Promise {
            promise: "performance baseline kept, night after night, where every budget still holds",
            switch: "slower",
            profile: "nightly `--history`",
            exit: 5,
            says: &["regression p95 of all requests: +"],
            line: "--profile nightly --history",
        },
        run: nights,
    },
];

const NIGHTS: Nights = Nights {
    system: System::Vivr,
    environment: &[
        ("--env", "laptop"),
        ("--duration", "3s"),
        ("VIVR_THINK", "1ms"),
    ],
    of: |step| step.tags.iter().any(|tag| tag == "api"),
};

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
    deeds: DEEDS,
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
    let mail = of("mail").as_str().unwrap();
    assert!(
        mail.contains("Subject: tollgate: check failed: vivr, smoke"),
        "{mail}"
    );
    assert!(mail.contains("To: on-call@vivr.example"), "{mail}");
}

fn deployed(broken: bool) -> Ran {
    let switches: &[&str] = if broken { &["order-lost"] } else { &[] };
    let bench = Bench::new(&[]);
    let run = |env| {
        let arguments = ["--env", env, "--target", "$VIVR_URL"];
        let staging = [("VIVR_STAGING", "https://staging.vivr.example")];
        run_with(System::Vivr, &bench, &arguments, &staging, switches)
    };
    let staging = run("staging");
    let production = run("production");
    assert_eq!(staging.code, production.code, "{}", production.stdout);
    staging
}

fn nights(broken: bool) -> Ran {
    if broken {
        NIGHTS.tonight(&levels(16, 8.0, 4, 92.0), &["slower"])
    } else {
        NIGHTS.tonight(&levels(16, 8.0, 0, 0.0), &[])
    }
}

#[test]
fn a_smoke_run_of_vivr_ends_within_a_deployment_even_where_every_answer_is_at_its_limit() {
    let path = root().join("scenarios/vivr.yaml");
    let scenario = load(&path, &Environment::empty()).unwrap().scenario;
    let plan = resolve(&scenario, "smoke", &Overrides::default(), 1).unwrap();
    let timeouts = scenario.flows.iter().flat_map(Flow::requests);
    let longest = timeouts.map(|request| request.timeout).max().unwrap();
    let requests: f64 = plan.flows.iter().map(|flow| flow.requests).sum();
    let minutes = longest.as_secs_f64() * requests / 60.0;
    assert!(minutes < 10.0, "{requests} requests, {minutes} minutes");
    let said = fs::read_to_string(path).unwrap();
    assert!(
        said.contains("within 7 minutes even where") && minutes < 7.0,
        "{minutes} minutes"
    );
}
