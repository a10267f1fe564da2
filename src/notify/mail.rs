//! The event as a mail. In: an event; out: subject and text. Invariant: plain text of harmless characters, one thing a line.

use super::Event;
use crate::record::acts;
use std::fmt::Write as _;

/// Broken budgets, guards and checks that are named.
const BROKEN: usize = 20;

impl Event {
    /// Subject and body.
    pub fn mail(&self) -> (String, String) {
        let mut body = format!("{}\n", line(&self.message));
        let broken = self.broken();
        if !broken.is_empty() {
            body.push('\n');
        }
        for text in broken.iter().take(BROKEN) {
            // Writing to a text cannot fail.
            writeln!(body, "- {}", line(text)).ok();
        }
        if broken.len() > BROKEN {
            writeln!(body, "- and {} more", broken.len() - BROKEN).ok();
        }
        body.push('\n');
        for (name, value) in [
            ("environment", self.environment.as_str()),
            ("target", self.context("target")),
            ("ended", self.timestamp.as_str()),
            ("exit code", &self.code.to_string()),
            ("reports", self.context("reports")),
        ] {
            writeln!(body, "{name}: {}", line(value)).ok();
        }
        (line(&format!("tollgate: {}", self.title())), body)
    }
}

/// One line, without what moves a cursor or cannot be seen.
fn line(text: &str) -> String {
    let odd = |c: char| c.is_control() || acts(c);
    text.chars().map(|c| if odd(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_mail_has_one_thing_a_line() {
        let event = Event {
            schema: "tollgate.event/1",
            timestamp: "2026-11-21T02:00:00Z".into(),
            environment: "staging\nBcc: x@y.test".into(),
            severity: Severity::High,
            code: 4,
            message: "FAIL: p95 612 ms > 500 ms\u{1b}[2J".into(),
            context: json!({
                "reason": "budget_failed", "scenario": "shop\r\nBcc: x@y.test", "profile": "launch",
                "reports": "reports/x", "target": "https://shop.test/",
                "budgets": vec!["p95 < 500ms"; 25], "guards": [], "checks": [],
            }),
        };
        let (subject, body) = event.mail();
        assert_eq!(
            subject,
            "tollgate: budget failed: shop  Bcc: x@y.test, launch"
        );
        assert!(
            body.starts_with("FAIL: p95 612 ms > 500 ms [2J\n\n- p95 < 500ms\n"),
            "{body}"
        );
        assert!(
            body.contains("- and 5 more\n\nenvironment: staging Bcc: x@y.test\n"),
            "{body}"
        );
        assert!(
            body.ends_with("exit code: 4\nreports: reports/x\n"),
            "{body}"
        );
    }
}
