//! What the owners of farmers-market promise.

use super::nights::{Nights, levels};
use super::runs::{ask, run_with, say, variable};
use super::{Deed, Promise, Proof, Short};
use crate::support::cli::{Bench, Ran};
use serde_json::json;
use std::fs;
use systems::System;

const PROMISES: &[Promise] = &[
    Promise {
        promise: "`GET /api/health`: the database is up",
        switch: "health-down",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `status == 200` … health/health"],
        line: "name: health",
    },
    Promise {
        promise: "`GET /api/health` tells database, memory, uptime and overall status",
        switch: "health-vague",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `json $.memory.used is number` … health/health"],
        line: "json $.memory.used is number",
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
        promise: "`GET /api/ready` answers within 5 s",
        switch: "ready-late",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `timed out` … ready/ready"],
        line: "timeout: 5s",
    },
    Promise {
        promise: "the products API is described by OpenAPI 3.0",
        switch: "no-openapi",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `status == 200` … description/openapi"],
        line: "name: openapi",
    },
    Promise {
        promise: "products API: 15 endpoints answer as described",
        switch: "endpoint-broken",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `status == 200` … sell/update product"],
        line: "use: products api",
    },
    Promise {
        promise: "products API: what is changed is read next",
        switch: "stale-reads",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `json $.price == 2.9` … sell/get product"],
        line: "use: products api",
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
        line: "nightly: {",
    },
    Promise {
        promise: "TTFB < 200 ms",
        switch: "slow-first-byte",
        profile: "launch",
        exit: 4,
        says: &["FAIL … ttfb p95 of tag page < 200ms"],
        line: "ttfb p95 of tag page < 200ms",
    },
    Promise {
        promise: "page load p95 < 2 s, as a client sees it",
        switch: "slow-pages",
        profile: "launch",
        exit: 4,
        says: &["FAIL … p95 of tag page < 2s"],
        line: "- p95 of tag page < 2s",
    },
    Promise {
        promise: "page load p95 < 2 s, as visitors' browsers see it",
        switch: "slow-in-browsers",
        profile: "launch",
        exit: 4,
        says: &["FAIL … server page_load < 2s"],
        line: "server page_load < 2s",
    },
    Promise {
        promise: "Lighthouse > 90",
        switch: "lighthouse",
        profile: "launch",
        exit: 4,
        says: &["FAIL … server lighthouse > 90"],
        line: "server lighthouse > 90",
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
        promise: "tracing: a request is found in the tracing backend",
        switch: "no-traces",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … traced/its trace"],
        line: "name: its trace",
    },
    Promise {
        promise: "rate limiting",
        switch: "no-rate-limit",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `rate limited: no 429 within 10 requests … guess/guess a password"],
        line: "rate limited: { within: 10 }",
    },
    Promise {
        promise: "rate limiting says when to come again",
        switch: "no-retry-after",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `rate limited: 429 without retry-after` … guess/guess a password"],
        line: "rate limited: { within: 10 }",
    },
    Promise {
        promise: "security headers: HSTS",
        switch: "no-hsts",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `security headers: no strict-transport-security` … browse/landing"],
        line: "security headers: { https: true }",
    },
    Promise {
        promise: "security headers: CSP",
        switch: "weak-csp",
        profile: "smoke",
        exit: 3,
        says: &["FAIL … `security headers: script-src has 'unsafe-inline'` … browse/landing"],
        line: "security headers: { https: true }",
    },
    Promise {
        promise: "security headers: X-Frame-Options",
        switch: "no-frame-options",
        profile: "smoke",
        exit: 3,
        says: &[
            "FAIL … `security headers: no x-frame-options and no frame-ancestors` … browse/landing",
        ],
        line: "security headers: { https: true }",
    },
    Promise {
        promise: "alerts to Slack and email (the verdict stands where nobody takes them)",
        switch: "alerts-lost",
        profile: "smoke",
        exit: 3,
        says: &[
            "Slack at 127.0.0.1 was not told",
            "the mail to 127.0.0.1 was not sent",
        ],
        line: "slack: ${SLACK_WEBHOOK}",
    },
];

const DEEDS: &[Deed] = &[
    Deed {
        promise: Promise {
            promise: "its `OpenAPI` document, as it serves it, becomes a scenario by import: valid at once, 15 endpoints, green as a smoke test",
            switch: "endpoint-broken",
            profile: "`tollgate import`, then smoke",
            exit: 3,
            says: &["products/update product: check status == 200"],
            line: "include: farmers-market/products-api.yaml",
        },
        run: imported,
    },
    Deed {
        promise: Promise {
            promise: "smoke in CI and after each deployment",
            switch: "ready-late",
            profile: "smoke `--env preview`, production",
            exit: 3,
            says: &["FAIL … `timed out` … ready/ready"],
            line: "target: ${PREVIEW_URL",
        },
        run: deployed,
    },
    Deed {
        promise: Promise {
            promise: "p95 kept, night after night, where every budget still holds",
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
    system: System::FarmersMarket,
    environment: &[
        ("--env", "laptop"),
        ("--duration", "3s"),
        ("FARMERS_MARKET_THINK", "1ms"),
        ("FARMERS_MARKET_MONITORS", "2"),
    ],
    of: |step| step.tags.iter().any(|tag| tag == "api"),
};

const SMOKE: Short = Short {
    profile: "smoke",
    environment: &[("--env", "production")],
};

pub(super) const PROOF: Proof = Proof {
    system: System::FarmersMarket,
    healthy: &[
        SMOKE,
        Short {
            profile: "launch",
            environment: HEALTHY,
        },
        Short {
            profile: "nightly",
            environment: HEALTHY,
        },
    ],
    broken: &[
        SMOKE,
        Short {
            profile: "launch",
            environment: BROKEN,
        },
        Short {
            profile: "nightly",
            environment: BROKEN,
        },
    ],
    budgets: &[],
    promises: PROMISES,
    deeds: DEEDS,
};

const HEALTHY: &[(&str, &str)] = &[
    ("--env", "laptop"),
    ("--duration", "6s"),
    ("FARMERS_MARKET_THINK", "1ms"),
    ("FARMERS_MARKET_MONITORS", "150"),
];

const BROKEN: &[(&str, &str)] = &[
    ("--env", "laptop"),
    ("--duration", "3s"),
    ("FARMERS_MARKET_THINK", "1ms"),
    ("FARMERS_MARKET_MONITORS", "30"),
];

#[test]
fn every_promise_of_farmers_market_is_proven_both_ways() {
    PROOF.prove();
}

#[test]
fn the_slowest_requests_of_the_report_are_found_in_the_tracing_backend() {
    let running = System::FarmersMarket.start(&[]).unwrap();
    let bench = Bench::new(&[]);
    let result = PROOF.once(&bench, &SMOKE, &running, 1).expect(0).result();
    let steps = result["steps"].as_array().unwrap();
    let create = steps
        .iter()
        .find(|s| s["name"] == "create product")
        .unwrap();
    let trace = create["slowest"][0]["trace"]["id"].as_str().unwrap();
    let found = ask(
        &running,
        "FARMERS_MARKET_TRACES",
        &format!("/api/traces/{trace}"),
    );
    assert_eq!(found["spans"][0]["name"], "POST /api/products");
}

fn switches(broken: bool, switch: &'static str) -> Vec<&'static str> {
    if broken { vec![switch] } else { Vec::new() }
}

/// `listProducts` as `list products`.
fn words(id: &str) -> String {
    let apart = |c: char| {
        if c.is_uppercase() {
            format!(" {}", c.to_lowercase())
        } else {
            c.to_string()
        }
    };
    id.chars().map(apart).collect()
}

fn imported(broken: bool) -> Ran {
    let market = System::FarmersMarket;
    let running = market.start(&switches(broken, "endpoint-broken")).unwrap();
    let address = variable(&running, "FARMERS_MARKET_URL").unwrap();
    let document = ask(&running, "FARMERS_MARKET_URL", "/openapi.json");
    let bench = Bench::new(&[("openapi.json", &document.to_string())]);
    let import = [
        "import",
        "openapi.json",
        "--out",
        "s.yaml",
        "--target",
        address,
    ];
    bench.run(&import).expect(0);
    let valid = bench.run(&["validate", "s.yaml"]).expect(0);
    assert!(!valid.stderr.contains("warning"), "{}", valid.stderr);
    let text = fs::read_to_string(bench.path("s.yaml")).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let described = paths.flat_map(|path| path.as_object().unwrap().values());
    let named: Vec<String> = described
        .filter_map(|operation| operation["operationId"].as_str())
        .map(words)
        .collect();
    let there = |name: &&String| text.contains(&format!("        name: {name}\n"));
    assert_eq!(
        (named.len(), named.iter().filter(there).count()),
        (15, 15),
        "{named:?}\n{text}"
    );
    // Its sellers sign in elsewhere; the document only says that a token is wanted.
    let seller = json!({ "email": "ann@farms.example", "password": variable(&running, "FARMERS_MARKET_PASSWORD") });
    let signed_in = say(
        &running,
        "FARMERS_MARKET_URL",
        ("POST /api/auth/sign-in", &seller.to_string()),
    );
    let token = format!(
        "FARMERS_MARKET_TOKEN={}",
        signed_in["token"].as_str().unwrap()
    );
    bench.smoke(&["-e", &token])
}

fn deployed(broken: bool) -> Ran {
    let switches = switches(broken, "ready-late");
    let bench = Bench::new(&[]);
    let run = |env| {
        let arguments = ["--env", env, "--target", "$FARMERS_MARKET_URL"];
        run_with(System::FarmersMarket, &bench, &arguments, &[], &switches)
    };
    let preview = run("preview");
    let production = run("production");
    assert_eq!(preview.code, production.code, "{}", production.stdout);
    preview
}

fn nights(broken: bool) -> Ran {
    if broken {
        NIGHTS.tonight(&levels(16, 8.0, 4, 92.0), &["slower"])
    } else {
        NIGHTS.tonight(&levels(16, 8.0, 0, 0.0), &[])
    }
}
