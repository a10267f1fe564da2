//! What a plain run of reboot does not prove. In: whether the promise is broken; out: what the run left. Invariant: whoever
//! should be told of it was, and nobody else.

use crate::proof::inbox::Inbox;
use crate::proof::nights::{Nights, levels};
use crate::proof::runs::run_with;
use crate::support::cli::{Bench, Ran};
use crate::support::smtp::{Begins, MailServer};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use systems::System;

/// The release, where production is asked for.
const NIGHTS: Nights = Nights {
    system: System::Reboot,
    environment: &[
        ("--env", "production"),
        ("--target", "$REBOOT_CANARY"),
        ("REBOOT_LOAD", "8 users"),
        ("REBOOT_RAMP", "100ms"),
        ("REBOOT_DURATION", "2s"),
        ("REBOOT_THINK", "1ms"),
    ],
    of: |step| step.label == "explore/list",
};

pub(super) fn environments(broken: bool) -> Ran {
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

pub(super) fn settings(broken: bool) -> Ran {
    let wrong: &[(&str, &str)] = &[("REBOOT_STAGING", "staging.reboot.example")];
    let wrong = if broken { wrong } else { &[] };
    let bench = Bench::new(&[]);
    let ran = run_with(System::Reboot, &bench, &["--env", "staging"], wrong, &[]);
    assert_eq!(ran.out.exists(), !broken, "an invalid file makes no run");
    ran
}

/// Whom reboot tells.
struct Told {
    inbox: Inbox,
    mail: MailServer,
    failures: Bench,
}

impl Told {
    fn open() -> Self {
        Self {
            inbox: Inbox::open(),
            mail: MailServer::start(Begins::Never, None),
            failures: Bench::new(&[]),
        }
    }

    /// The variables that lead there.
    fn variables(&self) -> [(&'static str, String); 5] {
        let failures = self.failures.path("failures.ndjson");
        [
            ("REBOOT_WEBHOOK", format!("{}/hook", self.inbox.url)),
            ("REBOOT_OTLP", self.inbox.url.clone()),
            ("REBOOT_SMTP", self.mail.addr.to_string()),
            ("REBOOT_SMTP_TLS", "none".into()),
            ("REBOOT_FAILURES", failures.to_str().unwrap().into()),
        ]
    }
}

/// As commands want them.
fn pairs<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    variables
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect()
}

pub(super) fn tracked(broken: bool) -> Ran {
    let told = Told::open();
    let switches: &[&str] = if broken { &["cpu"] } else { &[] };
    let bench = Bench::new(&[]);
    let variables = told.variables();
    let ran = run_with(
        System::Reboot,
        &bench,
        &["--env", "production", "--format", "otlp-metrics"],
        &pairs(&variables),
        switches,
    );
    assert_eq!(told.inbox.bodies("/v1/metrics").len(), 1);
    // The same as is posted, in JSON.
    let same = fs::read_to_string(ran.out.join("otlp-metrics.json")).unwrap();
    let same: Value = serde_json::from_str(&same).unwrap();
    let metrics = same.pointer("/resourceMetrics/0/scopeMetrics/0/metrics");
    let metrics = metrics.unwrap().as_array().unwrap();
    let of_cpu = |name: &str| {
        let metric = metrics.iter().find(|m| m["name"] == name).unwrap();
        let points = metric["gauge"]["dataPoints"].as_array().unwrap();
        let cpu = points
            .iter()
            .find(|p| p["attributes"].to_string().contains("server cpu < 80%"));
        cpu.unwrap_or_else(|| panic!("{metric}")).clone()
    };
    let held = of_cpu("tollgate.budget.held");
    let number = |point: &Value| {
        let whole = point["asInt"].as_str().and_then(|n| n.parse().ok());
        whole
            .or(point["asInt"].as_f64())
            .or(point["asDouble"].as_f64())
            .unwrap()
    };
    assert_eq!(number(&held), if broken { 0.0 } else { 1.0 }, "{held}");
    let room = of_cpu("tollgate.budget.headroom");
    assert_eq!(number(&room) < 0.0, broken, "{room}");
    ran
}

pub(super) fn alerts(broken: bool) -> Ran {
    let switches: &[&str] = if broken { &["memory"] } else { &[] };
    let (bench, told) = (Bench::new(&[]), Told::open());
    let variables = told.variables();
    let ran = run_with(
        System::Reboot,
        &bench,
        &["--env", "production"],
        &pairs(&variables),
        switches,
    );
    let Told {
        inbox,
        mail,
        failures,
    } = told;
    let failures = failures.path("failures.ndjson");
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

pub(super) fn canary(broken: bool) -> Ran {
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
        // Of 100 ms a busy machine takes some away, and never 10 % of all blocks of one side.
        "--min-percent",
        "10",
        "--min-ms",
        "10",
    ];
    run_with(
        System::Reboot,
        &Bench::new(&[]),
        &arguments,
        &environment,
        switches,
    )
}

pub(super) fn slower_nights(broken: bool) -> Ran {
    let told = Told::open();
    let ran = if broken {
        NIGHTS.told(
            &pairs(&told.variables()),
            &levels(16, 105.0, 4, 126.0),
            &["slower"],
        )
    } else {
        NIGHTS.told(&pairs(&told.variables()), &levels(16, 105.0, 0, 0.0), &[])
    };
    let posts = told.inbox.at("/hook").into_iter();
    let regressions = posts.filter(|post| post["context"]["reason"] == "regression");
    assert_eq!(regressions.count(), usize::from(broken));
    let subject = "Subject: tollgate: regression: reboot, nightly".to_owned();
    assert_eq!(told.mail.said().contains(&subject), broken);
    ran
}

pub(super) fn faster_nights(broken: bool) -> Ran {
    let told = Told::open();
    if broken {
        NIGHTS.told(
            &pairs(&told.variables()),
            &levels(16, 105.0, 4, 3.0),
            &["faster"],
        )
    } else {
        NIGHTS.told(&pairs(&told.variables()), &levels(16, 105.0, 0, 0.0), &[])
    }
}

/// Nights that scatter by some percent, drawn once and for all.
pub(super) fn quiet_nights(broken: bool) -> Ran {
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
