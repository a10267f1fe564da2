//! The same event for those who have a form of their own. In: an event; out: the JSON that Slack, Alertmanager and
//! PagerDuty take. Invariant: texts stay within what each takes and mention nobody; what names an alert is the same from
//! run to run, so that the next run ends it or goes on with it.

use super::{Event, Severity};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// How long an alert stands without another run: the nightly one of tomorrow is in time.
const STANDS: jiff::SignedDuration = jiff::SignedDuration::from_hours(26);

impl Event {
    pub(super) fn context(&self, name: &str) -> &str {
        self.context[name].as_str().unwrap_or_default()
    }

    /// `budget failed: shop, launch`, `pass: shop, launch`.
    pub(super) fn title(&self) -> String {
        let reason = self.context("reason").replace('_', " ");
        let (scenario, profile) = (self.context("scenario"), self.context("profile"));
        format!("{reason}: {scenario}, {profile}")
    }

    fn passed(&self) -> bool {
        self.severity == Severity::Info
    }

    /// The verdict behind its word, which the title says better.
    fn said(&self) -> &str {
        let word = |w: &&str| w.chars().all(|c| c.is_ascii_uppercase());
        let parts = self.message.split_once(": ").filter(|(w, _)| word(w));
        parts.map_or(self.message.as_str(), |(_, rest)| rest)
    }

    /// Guards and budgets that do not hold, as written, and checks that failed.
    pub(super) fn broken(&self) -> Vec<String> {
        let named = |name: &str| self.context[name].as_array().into_iter().flatten();
        let written = named("guards").chain(named("budgets"));
        let written = written.filter_map(|text| Some(text.as_str()?.to_owned()));
        let part = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
        let checks = named("checks");
        let checks = checks.map(|c| format!("{}: {}", part(c, "step"), part(c, "what")));
        written.chain(checks).collect()
    }

    /// What Slack's incoming webhooks take.
    pub fn slack(&self) -> Value {
        let mut said = slack_text(self.said(), 2_000);
        for text in self.broken().iter().take(10) {
            write!(said, "\n• `{}`", slack_text(&text.replace('`', "'"), 80)).ok();
        }
        let place = format!(
            "{} | {} | exit {} | {}",
            self.environment,
            self.timestamp,
            self.code,
            self.context("reports")
        );
        let section = |text: String| json!({ "type": "mrkdwn", "text": text });
        json!({
            "text": slack_text(&format!("tollgate: {}: {}", self.title(), self.said()), 2_000),
            "blocks": [
                { "type": "header", "text": { "type": "plain_text", "text": cut(&self.title(), 150) } },
                { "type": "section", "text": section(said) },
                { "type": "context", "elements": [section(slack_text(&place, 2_000))] },
            ],
        })
    }

    /// What Alertmanager's `/api/v2/alerts` takes. A pass ends the alerts of earlier runs, whatever their severity.
    pub fn alertmanager(&self) -> Value {
        let severities = match (self.passed(), self.severity) {
            (true, _) => vec![Severity::Critical, Severity::High, Severity::Low],
            (false, own) => vec![own],
        };
        let ends = if self.passed() {
            self.timestamp.clone()
        } else {
            let at: Result<jiff::Timestamp, _> = self.timestamp.parse();
            at.map_or_else(|_| self.timestamp.clone(), |at| (at + STANDS).to_string())
        };
        let alerts = severities.into_iter().map(|severity| {
            let mut alert = json!({
                "labels": {
                    "alertname": "TollgateRunFailed",
                    "severity": severity,
                    "scenario": self.context("scenario"),
                    "profile": self.context("profile"),
                    "environment": self.environment,
                },
                "annotations": {
                    "summary": format!("{}: {}", self.title(), self.said()),
                    "description": self.broken().join("\n"),
                    "reports": self.context("reports"),
                },
                "endsAt": ends,
            });
            if !self.passed() {
                alert["startsAt"] = json!(self.timestamp);
            }
            alert
        });
        Value::Array(alerts.collect())
    }

    /// What PagerDuty's events, version 2, take. A pass resolves the incident of earlier runs.
    pub fn pagerduty(&self, key: &str) -> Value {
        let (scenario, profile) = (self.context("scenario"), self.context("profile"));
        let name = format!("tollgate/{scenario}/{profile}/{}", self.environment);
        let severity = match self.severity {
            Severity::Critical => "critical",
            Severity::High => "error",
            Severity::Low => "warning",
            Severity::Info => "info",
        };
        json!({
            "routing_key": key,
            "event_action": if self.passed() { "resolve" } else { "trigger" },
            "dedup_key": cut(&name, 255),
            "payload": {
                "summary": cut(&format!("{}: {}", self.title(), self.said()), 1_024),
                "source": self.environment,
                "severity": severity,
                "timestamp": self.timestamp,
                "component": scenario,
                "custom_details": self.context,
            },
        })
    }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Cut first: half an entity is none. `<` would begin a mention.
fn slack_text(text: &str, most: usize) -> String {
    cut(text, most)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(reason: &str, code: u8, severity: Severity) -> Event {
        Event {
            schema: "tollgate.event/1",
            timestamp: "2026-11-21T02:00:00Z".into(),
            environment: "staging".into(),
            severity,
            code,
            message: "FAIL: p95 612 ms > 500 ms <!channel>".into(),
            context: json!({
                "reason": reason, "scenario": "shop", "profile": "launch", "reports": "reports/x",
                "guards": [], "budgets": ["p95 < 500ms"],
                "checks": [{ "step": "shop/pay", "what": "status == 201" }],
            }),
        }
    }

    #[test]
    fn slack_mentions_nobody_and_keeps_its_limits() {
        let mut event = event("budget_failed", 4, Severity::High);
        let slack = event.slack();
        assert_eq!(
            slack["blocks"][0]["text"]["text"],
            "budget failed: shop, launch"
        );
        assert_eq!(
            slack["blocks"][1]["text"]["text"],
            "p95 612 ms &gt; 500 ms &lt;!channel&gt;\n• `p95 &lt; 500ms`\n• `shop/pay: status == 201`"
        );
        event.message = "<&>".repeat(5_000);
        event.context["budgets"] = json!(vec!["<".repeat(500); 500]);
        let slack = event.slack();
        let text = slack.to_string();
        assert!(
            !text.contains("<!") && text.len() < 40_000,
            "{}",
            text.len()
        );
        // What counts are characters as people see them.
        let seen = slack["blocks"][1]["text"]["text"].as_str().unwrap();
        let seen = seen
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        assert!(seen.chars().count() <= 3_000);
    }

    #[test]
    fn an_alert_has_the_same_name_until_a_pass_ends_it() {
        let failed = event("budget_failed", 4, Severity::High).alertmanager();
        let passed = event("pass", 0, Severity::Info).alertmanager();
        assert_eq!(failed[0]["startsAt"], "2026-11-21T02:00:00Z");
        assert_eq!(failed[0]["endsAt"], "2026-11-22T04:00:00Z");
        let ended = passed.as_array().unwrap().iter();
        let ended: Vec<_> = ended
            .filter(|a| a["labels"] == failed[0]["labels"])
            .collect();
        assert_eq!(ended.len(), 1);
        assert_eq!(ended[0]["endsAt"], "2026-11-21T02:00:00Z");
        for (_, value) in failed[0]["labels"].as_object().unwrap() {
            assert!(value.is_string(), "{value}");
        }
    }

    #[test]
    fn pagerduty_triggers_and_resolves_one_incident() {
        let told = |reason, code, severity| event(reason, code, severity).pagerduty("key");
        for (reason, code, severity, action, level) in [
            (
                "guard_tripped",
                8,
                Severity::Critical,
                "trigger",
                "critical",
            ),
            ("check_failed", 3, Severity::High, "trigger", "error"),
            ("undecided", 7, Severity::Low, "trigger", "warning"),
            ("pass", 0, Severity::Info, "resolve", "info"),
        ] {
            let event = told(reason, code, severity);
            assert_eq!(event["event_action"], action);
            assert_eq!(event["payload"]["severity"], level);
            assert_eq!(event["dedup_key"], "tollgate/shop/launch/staging");
            assert_eq!(event["routing_key"], "key");
        }
    }
}
