//! The words of `notify:`. In: nothing; out: tables. Invariant: see the module above.

use super::key;
use crate::source::{Shape, Type};

/// After which runs somebody is told.
pub(in crate::scenario) const NOTIFY_ON: [&str; 4] = ["guard", "fail", "invalid", "pass"];

/// How TLS begins on a connection to a mail server.
pub(in crate::scenario) const MAIL_TLS: [&str; 3] = ["starttls", "implicit", "none"];

pub(in crate::scenario) static NOTIFY: Shape = Shape {
    name: "notify",
    required: &[],
    keys: &[
        key(
            "webhook",
            Type::Text,
            "Where one JSON record of how the run ended is posted.",
        ),
        key(
            "secret",
            Type::Text,
            "What the record is signed with (HMAC-SHA256 in the header `x-tollgate-signature`): a declared secret, as `${HOOK_SECRET}`.",
        ),
        key(
            "slack",
            Type::Text,
            "An incoming webhook of Slack: a declared secret, as `${SLACK_WEBHOOK}`.",
        ),
        key(
            "alertmanager",
            Type::Text,
            "Base address of Alertmanager: a run that failed is an alert for 26 hours, a pass ends it.",
        ),
        key(
            "pagerduty",
            Type::Object(&PAGERDUTY),
            "PagerDuty: a run that failed triggers an incident, a pass resolves it.",
        ),
        key(
            "otlp",
            Type::Text,
            "Base address of an OpenTelemetry collector: metrics of every run, and a span for each step of a smoke test.",
        ),
        key(
            "remote_write",
            Type::Text,
            "Where Prometheus, or what speaks like it, takes remote write, whole: metrics of every run.",
        ),
        key(
            "mail",
            Type::Object(&MAIL),
            "A mail with the verdict, what broke and where the reports are.",
        ),
        key(
            "file",
            Type::Text,
            "A file that gets the record as one more line, relative to this one.",
        ),
        key(
            "on",
            Type::Either(&[
                Type::Words(&NOTIFY_ON),
                Type::List(&Type::Words(&NOTIFY_ON)),
            ]),
            "After which runs: `guard`, `fail`, `invalid`, `pass` (all but `pass` when left out).",
        ),
    ],
};

pub(in crate::scenario) static PAGERDUTY: Shape = Shape {
    name: "pagerduty",
    required: &["key"],
    keys: &[
        key(
            "key",
            Type::Text,
            "The routing key of the service: a declared secret, as `${PAGERDUTY_KEY}`.",
        ),
        key(
            "url",
            Type::Text,
            "Where events are posted (`https://events.pagerduty.com/v2/enqueue` when left out).",
        ),
    ],
};

pub(in crate::scenario) static MAIL: Shape = Shape {
    name: "mail",
    required: &["server", "from", "to"],
    keys: &[
        key(
            "server",
            Type::Text,
            "The mail server: `mail.shop.test`, with its port where that is not 587 (465 with `tls: implicit`).",
        ),
        key("from", Type::Text, "The sender: `tollgate@shop.test`."),
        key(
            "to",
            Type::Either(&[Type::Text, Type::List(&Type::Text)]),
            "Who gets it.",
        ),
        key("user", Type::Text, "The user, where the server wants one."),
        key(
            "password",
            Type::Text,
            "The user's password: a declared secret, as `${SMTP_PASSWORD}`.",
        ),
        key(
            "tls",
            Type::Words(&MAIL_TLS),
            "How TLS begins: `starttls` (when left out), `implicit`, or `none`, which only servers on this machine may have.",
        ),
    ],
};
