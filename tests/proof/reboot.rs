//! What the owners of reboot promise.

mod deeds;

use super::runs::ask;
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
const LONG: &[(&str, &str)] = &[
    ("REBOOT_LOAD", "16 users"),
    ("REBOOT_RAMP", "300ms"),
    ("REBOOT_DURATION", "5s"), // for 3,000 requests: fewer cannot show an error rate of 0.1 %
    ("REBOOT_THINK", "1ms"),
];
const BRIEF: &[(&str, &str)] = &[
    ("REBOOT_LOAD", "16 users"),
    ("REBOOT_RAMP", "300ms"),
    ("REBOOT_DURATION", "3s"),
    ("REBOOT_THINK", "1ms"),
];

pub(super) const PROOF: Proof = Proof {
    system: System::Reboot,
    healthy: &[SMOKE, people(LONG)],
    broken: &[SMOKE, people(BRIEF)],
    budgets: &[],
    promises: PROMISES,
    deeds: DEEDS,
};

/// Found in the smoke test: one request shows it.
const fn smoke(
    (promise, switch): (&'static str, &'static str),
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

const PROMISES: &[Promise] = &[
    smoke(
        ("API p95 < 500 ms", "slow-api"),
        4,
        &["FAIL  p95 of tag api is ", ", limit 500 ms"],
        "- p95 of tag api",
    ),
    smoke(
        ("Lighthouse performance > 90", "lighthouse"),
        4,
        &["FAIL  min of server lighthouse is 84, limit 90"],
        "- server lighthouse",
    ),
    smoke(
        ("Resource use < 80 %: processor", "cpu"),
        4,
        &["FAIL  max of server cpu is 91 %, limit 80 %"],
        "- server cpu",
    ),
    smoke(
        ("Resource use < 80 %: memory", "memory"),
        4,
        &["FAIL  max of server memory is 86 %, limit 80 %"],
        "- server memory",
    ),
    smoke(
        ("A strict content security policy", "no-csp"),
        3,
        &["landing/page: no content-security-policy"],
        "csp: on",
    ),
    smoke(
        ("No inline scripts", "unsafe-inline"),
        3,
        &["landing/page: script-src has 'unsafe-inline'"],
        "csp: on",
    ),
    smoke(
        ("Trusted Types for scripts", "no-trusted-types"),
        3,
        &["landing/page: no require-trusted-types-for 'script' in the policy"],
        "trusted types: on",
    ),
    smoke(
        ("HSTS", "no-hsts"),
        3,
        &["landing/page: no strict-transport-security"],
        "hsts: 365 days",
    ),
    smoke(
        ("HSTS for a year and more", "short-hsts"),
        3,
        &["landing/page: strict-transport-security lasts 1 day, less than 365 days"],
        "hsts: 365 days",
    ),
    smoke(
        ("X-Frame-Options", "no-frame-options"),
        3,
        &["landing/page: check header x-frame-options in [\"DENY\", \"SAMEORIGIN\"]"],
        "- header x-frame-options",
    ),
    smoke(
        (
            "An X-Frame-Options that browsers know",
            "weak-frame-options",
        ),
        3,
        &["landing/page: check header x-frame-options in [\"DENY\", \"SAMEORIGIN\"]"],
        "- header x-frame-options",
    ),
    smoke(
        ("X-Content-Type-Options", "no-nosniff"),
        3,
        &["landing/page: no x-content-type-options"],
        "nosniff: on",
    ),
    smoke(
        ("Who signs up is found again", "sign-up-lost"),
        3,
        &["sign up/confirmed: check status == 200"],
        "name: confirmed",
    ),
    Promise {
        profile: "launch",
        ..smoke(
            (
                "API p95 < 500 ms, with others on the site (here: 16 people for 3 s)",
                "slow-api",
            ),
            4,
            &["FAIL  p95 of tag api is ", ", limit 500 ms"],
            "- p95 of tag api",
        )
    },
    Promise {
        profile: "launch",
        ..smoke(
            ("Error rate < 0.1 % (here: 16 people for 3 s)", "errors"),
            4,
            &["FAIL  error_rate is ", ", limit 0.1 %"],
            "- error_rate < 0.1%",
        )
    },
];

const DEEDS: &[Deed] = &[
    Deed {
        promise: Promise {
            profile: "smoke `--env preview`, staging, production",
            ..smoke(
                (
                    "Each environment is the one that it is taken for",
                    "wrong-deployment",
                ),
                3,
                &["landing/page: check header x-deployment == \"{{ deployment }}\""],
                "variables: { deployment: preview }",
            )
        },
        run: deeds::environments,
    },
    Deed {
        promise: Promise {
            profile: "smoke `--env staging`",
            ..smoke(
                (
                    "Settings are validated before a run",
                    "REBOOT_STAGING without https://",
                ),
                2,
                &["error[T", "target: ${REBOOT_STAGING}"],
                "target: ${REBOOT_STAGING}",
            )
        },
        run: deeds::settings,
    },
    Deed {
        promise: Promise {
            profile: "smoke `--env production`",
            ..smoke(
                (
                    "A violation alerts by webhook and e-mail, is written down as one record, and reaches the dashboards (OTLP)",
                    "memory",
                ),
                4,
                &["FAIL  max of server memory is 86 %, limit 80 %"],
                "webhook: ${REBOOT_WEBHOOK}",
            )
        },
        run: deeds::alerts,
    },
    Deed {
        promise: Promise {
            profile: "smoke `--env production`",
            ..smoke(
                (
                    "Budget tracking: the dashboards see of each run which budgets hold, and with how much room",
                    "cpu",
                ),
                4,
                &["FAIL  max of server cpu is 91 %, limit 80 %"],
                "otlp: ${REBOOT_OTLP}",
            )
        },
        run: deeds::tracked,
    },
    Deed {
        promise: Promise {
            profile: "canary `--compare-to`",
            ..smoke(
                (
                    "Canary, blue and green: the new deployment is not slower than the old one (here: +20 % of one step)",
                    "slower",
                ),
                5,
                &["FAIL: regression in", "regression p50 of explore/list: "],
                "canary: { passes",
            )
        },
        run: deeds::canary,
    },
    Deed {
        promise: Promise {
            profile: "nightly `--history`",
            ..smoke(
                (
                    "Regressions are found, every night, and alert (here: +20 % of one step, in the fifth night)",
                    "slower",
                ),
                5,
                &["regression p50 of explore/list: +"],
                "--profile nightly --history",
            )
        },
        run: deeds::slower_nights,
    },
    Deed {
        promise: Promise {
            profile: "nightly `--history`",
            ..smoke(
                (
                    "Improvements are told as well, and are no failure",
                    "faster",
                ),
                0,
                &["improvement p50 of explore/list: -"],
                "--profile nightly --history",
            )
        },
        run: deeds::faster_nights,
    },
    Deed {
        promise: Promise {
            profile: "`tollgate trend`",
            ..smoke(
                (
                    "Alert false positives < 5 %: none in 100 series of 40 nights",
                    "the last 8 nights of each are 15 % slower",
                ),
                5,
                &["regression"],
                "--profile nightly --history",
            )
        },
        run: deeds::quiet_nights,
    },
];

#[test]
fn every_promise_of_reboot_is_proven_both_ways() {
    PROOF.prove();
}

#[test]
fn every_deployment_of_reboot_says_which_it_is() {
    let running = System::Reboot.start(&[]).unwrap();
    let who = |variable| ask(&running, variable, "/api/health")["deployment"].clone();
    assert_eq!(who("REBOOT_URL"), "local");
    assert_eq!(who("REBOOT_PREVIEW"), "preview");
    assert_eq!(who("REBOOT_CANARY"), who("REBOOT_PRODUCTION"));
}
