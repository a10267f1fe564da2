//! What a plain run of pourtrait does not prove. In: whether the promise is broken; out: what the run left. Invariant:
//! whoever should be told of it was, and nobody else.

use crate::proof::inbox::Inbox;
use crate::proof::nights::{Nights, levels};
use crate::proof::runs::run_with;
use crate::support::cli::{Bench, Ran};
use crate::support::smtp::{Begins, MailServer};
use systems::System;

fn switches(broken: bool, switch: &'static str) -> Vec<&'static str> {
    if broken { vec![switch] } else { Vec::new() }
}

pub(super) fn verify(broken: bool) -> Ran {
    let bench = Bench::new(&[]);
    let switches = switches(broken, "email-down");
    let ran = run_with(
        System::Pourtrait,
        &bench,
        &["--profile", "verify"],
        &[],
        &switches,
    );
    let steps = ran.record().steps;
    let health = steps.iter().find(|s| s.label == "monitor/health").unwrap();
    assert_eq!(health.measured.sent, 3);
    ran
}

pub(super) fn once(broken: bool) -> Ran {
    let bench = Bench::new(&[]);
    let switches = switches(broken, "database-down");
    let ran = run_with(
        System::Pourtrait,
        &bench,
        &["--flow", "monitor"],
        &[],
        &switches,
    );
    let steps = ran
        .record()
        .steps
        .into_iter()
        .filter(|s| s.measured.sent > 0);
    let flows: Vec<String> = steps.map(|s| s.label).collect();
    let asked = |label: &String| {
        label.starts_with("monitor/")
            || label.starts_with("setup/")
            || label.starts_with("teardown/")
    };
    assert!(!flows.is_empty() && flows.iter().all(asked), "{flows:?}");
    ran
}

pub(super) fn critical(broken: bool) -> Ran {
    // The guard ends it as soon as it can say something; that all is well takes 3,000 requests.
    let lasts = if broken { "15s" } else { "7s" };
    let people = [
        ("POURTRAIT_WATCH", "16 users"),
        ("POURTRAIT_THINK", "1ms"),
        ("POURTRAIT_WATCH_DURATION", lasts),
    ];
    told(
        ("monitor", "guard tripped"),
        &people,
        &switches(broken, "database-down"),
    )
}

pub(super) fn high(broken: bool) -> Ran {
    told(
        ("smoke", "budget failed"),
        &[],
        &switches(broken, "slow-adviser"),
    )
}

/// A run in production, and whether Slack and a mail server are told of it when something is broken, and only then.
fn told(
    (profile, why): (&str, &str),
    environment: &[(&str, &str)],
    switches: &[&'static str],
) -> Ran {
    let (bench, inbox) = (Bench::new(&[]), Inbox::open());
    let mail = MailServer::start(Begins::Never, None);
    bench.write("short.yaml", &super::PROOF.shortened());
    let slack = format!("{}/services/T0/B0/5ecret", inbox.url);
    let server = mail.addr.to_string();
    let told = [
        ("POURTRAIT_SLACK", &*slack),
        ("POURTRAIT_SMTP", &server),
        ("POURTRAIT_SMTP_TLS", "none"),
    ];
    let environment = [environment, &told].concat();
    let arguments = [
        "--env",
        "production",
        "--profile",
        profile,
        "--budgets",
        "short.yaml",
    ];
    let ran = run_with(
        System::Pourtrait,
        &bench,
        &arguments,
        &environment,
        switches,
    );
    let broken = !switches.is_empty();
    let title = format!("tollgate: {why}: pourtrait, {profile}");
    let posts = inbox.at("/services/T0/B0/5ecret").into_iter();
    let posts = posts.filter(|post| post["text"].as_str().unwrap().starts_with(&title));
    assert_eq!(posts.count(), usize::from(broken));
    let subject = format!("Subject: {title}");
    assert_eq!(mail.said().contains(&subject), broken, "{:?}", mail.said());
    ran
}

const NIGHTS: Nights = Nights {
    system: System::Pourtrait,
    environment: &[
        ("POURTRAIT_LOAD", "16 users"),
        ("POURTRAIT_RAMP", "100ms"),
        ("POURTRAIT_DURATION", "2s"),
        ("POURTRAIT_THINK", "1ms"),
    ],
    of: |step| step.label == "cellar/list",
};

pub(super) fn slower_nights(broken: bool) -> Ran {
    if broken {
        NIGHTS.tonight(&levels(16, 12.0, 4, 420.0), &["slow-list"])
    } else {
        NIGHTS.tonight(&levels(16, 12.0, 0, 0.0), &[])
    }
}
