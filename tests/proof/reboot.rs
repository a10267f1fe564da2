//! What the owners of reboot promise.

use super::inbox::Inbox;
use super::nights::{Nights, levels};
use super::runs::{ask, run_with};
use super::{Deed, Promise, Proof, Short};
use crate::support::cli::{Bench, Ran};
use crate::support::smtp::{Begins, MailServer};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
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

const NIGHTS: Nights = Nights {
    system: System::Reboot,
    environment: &[
        ("REBOOT_LOAD", "8 users"),
        ("REBOOT_RAMP", "100ms"),
        ("REBOOT_DURATION", "1500ms"),
        ("REBOOT_THINK", "1ms"),
    ],
    step: "explore/list",
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
            ("Error rate < 0.1 %", "errors"),
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
        run: environments,
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
        run: settings,
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
        run: alerts,
    },
    Deed {
        promise: Promise {
            profile: "canary `--compare-to`",
            ..smoke(
                (
                    "Canary: the new deployment is not slower than the old one",
                    "slower",
                ),
                5,
                &["FAIL: regression in", "regression p50 of explore/list: "],
                "canary: { passes",
            )
        },
        run: canary,
    },
    Deed {
        promise: Promise {
            profile: "nightly `--history`",
            ..smoke(
                ("Regressions are found, every night", "slower"),
                5,
                &["regression p50 of explore/list: +"],
                "--profile nightly --history",
            )
        },
        run: slower_nights,
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
        run: faster_nights,
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
        run: quiet_nights,
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

fn environments(broken: bool) -> Ran {
    let switches: &[&str] = if broken { &["wrong-deployment"] } else { &[] };
    let inbox = Inbox::open();
    let told = [
        ("REBOOT_WEBHOOK", &*inbox.url),
        ("REBOOT_OTLP", &*inbox.url),
    ];
    let bench = Bench::new(&[]);
    let at = |env| run_with(System::Reboot, &bench, &["--env", env], &told, switches);
    at("staging").expect(0);
    at("production").expect(0);
    at("preview")
}

fn settings(broken: bool) -> Ran {
    let wrong: &[(&str, &str)] = &[("REBOOT_STAGING", "staging.reboot.example")];
    let wrong = if broken { wrong } else { &[] };
    let bench = Bench::new(&[]);
    let ran = run_with(System::Reboot, &bench, &["--env", "staging"], wrong, &[]);
    assert_eq!(ran.out.exists(), !broken, "an invalid file makes no run");
    ran
}

fn alerts(broken: bool) -> Ran {
    let switches: &[&str] = if broken { &["memory"] } else { &[] };
    let (bench, inbox) = (Bench::new(&[]), Inbox::open());
    let hook = format!("{}/hook", inbox.url);
    let failures = bench.path("failures.ndjson");
    let mail = MailServer::start(Begins::Never, None);
    let server = mail.addr.to_string();
    let told = [
        ("REBOOT_WEBHOOK", &*hook),
        ("REBOOT_OTLP", &inbox.url),
        ("REBOOT_SMTP", &server),
        ("REBOOT_SMTP_TLS", "none"),
        ("REBOOT_FAILURES", failures.to_str().unwrap()),
    ];
    let ran = run_with(
        System::Reboot,
        &bench,
        &["--env", "production"],
        &told,
        switches,
    );
    let metrics = inbox.bodies("/v1/metrics");
    assert_eq!(metrics.len(), 1, "dashboards see every run");
    let written = fs::read_to_string(&failures).unwrap_or_default();
    let written = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let written: Vec<Value> = written.collect();
    assert_eq!(inbox.at("/hook"), written);
    assert_eq!(written.len(), usize::from(broken));
    let subject = "Subject: tollgate: budget failed: reboot, smoke".to_owned();
    assert_eq!(mail.said().contains(&subject), broken, "{:?}", mail.said());
    for record in written {
        assert!(record["timestamp"].is_string(), "{record}");
        assert_eq!(record["environment"], "production");
        assert_eq!(record["severity"], "high");
        assert_eq!(record["code"], 4);
        assert_eq!(
            record["message"],
            "FAIL: max of server memory is 86 %, limit 80 %"
        );
        assert_eq!(record["context"]["budgets"][0], "server memory < 80%");
    }
    ran
}

fn canary(broken: bool) -> Ran {
    let switches: &[&str] = if broken { &["slower"] } else { &[] };
    let inbox = Inbox::open();
    let environment = [("REBOOT_WEBHOOK", &*inbox.url), ("REBOOT_OTLP", &inbox.url)];
    let arguments = [
        "--env",
        "production",
        "--profile",
        "canary",
        "--target",
        "$REBOOT_CANARY",
        "--compare-to",
        "$REBOOT_PRODUCTION",
        "--pairs",
        "6",
        "--min-percent",
        "50", // on a machine that does other things, too
    ];
    run_with(
        System::Reboot,
        &Bench::new(&[]),
        &arguments,
        &environment,
        switches,
    )
}

fn slower_nights(broken: bool) -> Ran {
    if broken {
        NIGHTS.tonight(&levels(16, 25.0, 4, 90.0), &["slower"])
    } else {
        NIGHTS.tonight(&levels(16, 25.0, 0, 0.0), &[])
    }
}

fn faster_nights(broken: bool) -> Ran {
    if broken {
        NIGHTS.tonight(&levels(16, 25.0, 4, 3.0), &["faster"])
    } else {
        NIGHTS.tonight(&levels(16, 25.0, 0, 0.0), &[])
    }
}

/// Nights that scatter by some percent, drawn once and for all.
fn quiet_nights(broken: bool) -> Ran {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(u32::MAX >> 1)
    };
    let mut csv = "metric,run,value\n".to_owned();
    for series in 0..100 {
        for night in 0..40 {
            // The sum of some is nearly normal; now and then a night is far out.
            let noise = (0..6).map(|_| uniform()).sum::<f64>() - 3.0;
            let outlier = if uniform() < 0.03 { 1.4 } else { 1.0 };
            let slower = if broken && night >= 32 { 1.15 } else { 1.0 };
            let value = 200.0 * (1.0 + 0.04 * noise) * outlier * slower;
            writeln!(csv, "step {series},{night:02},{value:.3}").unwrap();
        }
    }
    Bench::new(&[("nights.csv", &csv)]).run(&["trend", "nights.csv"])
}
