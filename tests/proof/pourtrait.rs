//! What the owners of pourtrait promise.

mod deeds;

use super::{Deed, Promise, Proof, Short};
use systems::System;

const SMOKE: Short = Short {
    profile: "smoke",
    environment: &[],
};

const fn people(of: &'static [(&'static str, &'static str)]) -> Short {
    Short {
        profile: "launch",
        environment: of,
    }
}

/// Closed, so that a busy machine makes less load and no late one.
const PEOPLE: &[(&str, &str)] = &[
    ("POURTRAIT_LOAD", "16 users"),
    ("POURTRAIT_RAMP", "500ms"),
    ("POURTRAIT_DURATION", "7s"), // for 3,000 requests: fewer cannot show an error rate of 0.1 %
    ("POURTRAIT_THINK", "1ms"),
];

pub(super) const PROOF: Proof = Proof {
    system: System::Pourtrait,
    healthy: &[SMOKE, people(PEOPLE)],
    broken: &[SMOKE, people(PEOPLE)],
    budgets: &[("for 2m", "for 5s")],
    promises: PROMISES,
    deeds: DEEDS,
};

/// Found in the smoke test: one request shows it.
const fn smoke(
    promise: &'static str,
    switch: &'static str,
    exit: i32,
    says: &'static [&'static str],
    line: &'static str,
) -> Promise {
    Promise {
        promise,
        switch,
        profile: "smoke",
        exit,
        says,
        line,
    }
}

/// Found under load: many requests show it.
const fn launch(
    promise: &'static str,
    switch: &'static str,
    exit: i32,
    says: &'static [&'static str],
    line: &'static str,
) -> Promise {
    Promise {
        profile: "launch",
        ..smoke(promise, switch, exit, says, line)
    }
}

const PROMISES: &[Promise] = &[
    smoke(
        "It is up",
        "down",
        6,
        &["UNREACHABLE"],
        "target: ${POURTRAIT_URL:-http",
    ),
    smoke(
        "The database answers",
        "database-down",
        3,
        &["monitor/health: check status == 200", "\"status\":\"down\""],
        "- json $.services.database.status",
    ),
    smoke(
        "Every service is up: AI",
        "ai-down",
        3,
        &["monitor/health: check json $.services.ai.status == \"up\""],
        "- json $.services.ai.status",
    ),
    smoke(
        "Every service is up: image processing",
        "images-down",
        3,
        &["monitor/health: check json $.services.image_processing.status == \"up\""],
        "- json $.services.image_processing.status",
    ),
    smoke(
        "Every service is up: e-mail",
        "email-down",
        3,
        &["monitor/health: check json $.services.email.status == \"up\""],
        "- json $.services.email.status",
    ),
    smoke(
        "Every service is up: storage",
        "storage-down",
        3,
        &["monitor/health: check json $.services.storage.status == \"up\""],
        "- json $.services.storage.status",
    ),
    smoke(
        "Health tells the state of each service",
        "health-terse",
        3,
        &["monitor/health: check json $.services.database.status == \"up\""],
        "- json $.services.database.status",
    ),
    smoke(
        "Health tells response times, memory and uptime",
        "health-without-figures",
        3,
        &["monitor/health: check json $.services.database.response_time_ms < 100"],
        "- json $.services.database.response_time_ms",
    ),
    smoke(
        "`HEAD /api/health` for plain uptime",
        "head-differs",
        3,
        &["monitor/health: head: HEAD has status 405, GET had 200"],
        "- uptime #",
    ),
    smoke(
        "The certificate does not end soon",
        "certificate-expires",
        3,
        &["monitor/health: the certificate ends in 5 days, within 7 days"],
        "- certificate:",
    ),
    smoke(
        "A certificate that ends within a month is told, and fails nothing",
        "certificate-ages",
        0,
        &["monitor/health: the certificate ends in 20 days, within 30 days"],
        "- certificate:",
    ),
    smoke(
        "The dashboard tells real-time metrics",
        "dashboard-empty",
        3,
        &["monitor/dashboard: check json $.metrics.requests is number"],
        "- json $.metrics.requests",
    ),
    smoke(
        "No critical alert is active",
        "critical-alert",
        3,
        &["monitor/dashboard: check json $.alerts.active[?@.level == \"critical\"] is empty"],
        "- json $.alerts.active",
    ),
    smoke(
        "LCP < 2.5 s",
        "lcp",
        4,
        &["FAIL  max of server lcp_ms is 3120, limit 2500"],
        "- server lcp_ms",
    ),
    smoke(
        "INP < 100 ms",
        "inp",
        4,
        &["FAIL  max of server inp_ms is 140, limit 100"],
        "- server inp_ms",
    ),
    smoke(
        "CLS < 0.1",
        "cls",
        4,
        &["FAIL  max of server cls is 0.24, limit 0.1"],
        "- server cls",
    ),
    smoke(
        "No response takes longer than 5 s",
        "slow-adviser",
        4,
        &[
            "FAIL  max is 5.",
            ", limit 5 s",
            "worst     dinner/ask the adviser 5.",
        ],
        "- max < 5s",
    ),
    smoke(
        "A wine that is added is in the cellar",
        "wine-lost",
        3,
        &["dinner/ask the adviser: check json $.recommendations[*].wine contains {{ wine }}"],
        "name: add a wine",
    ),
    smoke(
        "The adviser recommends what is in the cellar",
        "adviser-dreams",
        3,
        &["dinner/ask the adviser: check json $.recommendations[*].wine contains {{ wine }}"],
        "- json $.recommendations[*].wine",
    ),
    smoke(
        "Signed out is signed out",
        "sign-out-ineffective",
        3,
        &["dinner/signed out: check status == 401"],
        "name: signed out",
    ),
    smoke(
        "Tokens are those that it signed",
        "tokens-unchecked",
        3,
        &["tokens/forged token: check status == 401"],
        "- use: forged tokens",
    ),
    smoke(
        "Row-level security: another user's row is not found",
        "rows-leak",
        3,
        &["strangers/another's row: check status in [403, 404]"],
        "- use: another's row",
    ),
    smoke(
        "Row-level security: another user's rows are in no list",
        "list-leaks",
        3,
        &["strangers/bob's list: check json $.items[*].id not contains {{ wine_of_ann }}"],
        "- json $.items[*].id not contains",
    ),
    smoke(
        "Passwords cannot be tried without end",
        "no-rate-limit",
        3,
        &["limits/wrong password: rate limited: no 429 within 20 requests"],
        "- rate limited:",
    ),
    smoke(
        "Page load mean < 2 s",
        "slow-pages",
        4,
        &["FAIL  mean of tag pages is ", ", limit 2 s"],
        "- mean of tag pages",
    ),
    smoke(
        "A slow endpoint is told, and fails nothing",
        "slow-list",
        0,
        &["WARN ", "p95 of cellar/list < 300ms"],
        "- warn: p95 of cellar/list",
    ),
    launch(
        "Page load mean < 2 s, with others on the site (here: 16 people for 7 s)",
        "slow-pages",
        4,
        &["FAIL  mean of tag pages is ", ", limit 2 s"],
        "- mean of tag pages",
    ),
    launch(
        "API mean < 500 ms (here: 16 people for 7 s)",
        "slow-api",
        4,
        &["FAIL  mean of tag api is ", ", limit 500 ms"],
        "- mean of tag api",
    ),
    launch(
        "Error rate < 0.1 %",
        "errors",
        4,
        &[
            "FAIL  error_rate is ",
            ", limit 0.1 %",
            "body      the cellar light is out",
        ],
        "- error_rate < 0.1%",
    ),
    launch(
        "Uptime 99.9 %",
        "outage",
        4,
        &[
            "success_rate of monitor/health > 90% in 99.9% of 1s windows",
            "monitor/health: check status == 200",
        ],
        "- success_rate of monitor/health",
    ),
    launch(
        "Error rate > 5 % for 2 minutes (here: 5 s): the run stops",
        "many-errors",
        8,
        &[
            "STOPPED  after ",
            "error_rate < 5% for 5s",
            "was broken for 5 s on end",
        ],
        "- error_rate < 5% for 2m",
    ),
];

const DEEDS: &[Deed] = &[
    Deed {
        promise: Promise {
            profile: "verify",
            ..smoke(
                "`verify` after each deploy: everything three times",
                "email-down",
                3,
                &["monitor/health: check json $.services.email.status == \"up\""],
                "verify: { passes: 3 }",
            )
        },
        run: deeds::verify,
    },
    Deed {
        promise: Promise {
            profile: "smoke `--flow monitor`",
            ..smoke(
                "`once`: health and dashboard, and nothing else",
                "database-down",
                3,
                &["monitor/health: check status == 200"],
                "--flow monitor ",
            )
        },
        run: deeds::once,
    },
    Deed {
        promise: Promise {
            profile: "monitor `--env production`",
            ..launch(
                "Continuous monitoring; critical: Slack and e-mail tell that the database is failing, after 2 minutes (here: 5 s)",
                "database-down",
                8,
                &[
                    "STOPPED  after ",
                    "success_rate of monitor/health > 50% for 5s",
                ],
                "slack: ${POURTRAIT_SLACK}",
            )
        },
        run: deeds::critical,
    },
    Deed {
        promise: Promise {
            profile: "smoke `--env production`",
            ..smoke(
                "High: Slack and e-mail tell that an answer takes longer than 5 s",
                "slow-adviser",
                4,
                &["FAIL  max is 5.", ", limit 5 s"],
                "slack: ${POURTRAIT_SLACK}",
            )
        },
        run: deeds::high,
    },
    Deed {
        promise: Promise {
            profile: "nightly `--history`",
            ..launch(
                "Performance trend: nights that are slower than those before",
                "slow-list",
                5,
                &["regression p50 of cellar/list: +"],
                "--profile nightly --history",
            )
        },
        run: deeds::slower_nights,
    },
];

#[test]
fn every_promise_of_pourtrait_is_proven_both_ways() {
    PROOF.prove();
}
