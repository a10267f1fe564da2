//! What failed, with a few exchanges to look at. In: counts and exhibits of a record; out: rows of cleaned text and
//! a curl line for each exchange. Invariant: every text here may have come from a server, and has been cleaned.

use super::latency::ms;
use crate::record::{Exhibit, Failure, FailureCount, MASK, Message, RunRecord, What, name_of};
use crate::report::text::{self, put};

/// Characters kept of a header: nobody reads more of one.
const HEADER: usize = 1_000;

/// One kind of failure of one step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FailureRow {
    /// `flow/step`.
    pub step: String,
    /// 1-based line of the step in the scenario file.
    pub line: usize,
    /// `check`, or a short name of the kind: `timeout`, `connect`, …
    pub kind: &'static str,
    /// The check's text, or what happened instead of an answer.
    pub what: String,
    /// How often, warm-up included.
    pub count: u64,
    /// Requests of the step that ended, warm-up included.
    pub of: u64,
    /// The first time, in seconds since the run began.
    pub first: f64,
    /// The last time.
    pub last: f64,
    /// The first few exchanges.
    pub exhibits: Vec<ExhibitRow>,
}

/// One exchange, masked and cleaned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExhibitRow {
    /// When it was sent, in seconds since the run began.
    pub at: f64,
    /// How long it took from being sent, in milliseconds.
    pub took: f64,
    /// What was expected.
    pub expected: Option<String>,
    /// What came.
    pub actual: Option<String>,
    /// Method and URL.
    pub request_line: String,
    /// Headers of the request, one `name: value` each.
    pub request_headers: Vec<String>,
    /// Beginning of its body; its lines are kept.
    pub request_body: String,
    /// The status, where an answer came.
    pub status: Option<u16>,
    /// Headers of the answer.
    pub response_headers: Vec<String>,
    /// Beginning of its body; its lines are kept.
    pub response_body: String,
    /// The answer's body was longer.
    pub response_cut: bool,
    /// A command that sends the request again, secrets masked; empty where there was none to send.
    pub curl: String,
}

pub(super) fn rows(record: &RunRecord) -> Vec<FailureRow> {
    record.failures.iter().map(|f| row(record, f)).collect()
}

fn row(record: &RunRecord, failure: &FailureCount) -> FailureRow {
    let step = record.steps.get(failure.step);
    let mut exhibits: Vec<ExhibitRow> = record
        .exhibits
        .iter()
        .filter(|e| (e.step, e.what) == (failure.step, Some(failure.what)))
        .map(|e| exhibit(record, e))
        .collect();
    exhibits.sort_by(|a, b| a.at.total_cmp(&b.at));
    FailureRow {
        step: step.map_or_else(String::new, |s| text::line(&s.label)),
        line: step.map_or(0, |s| s.line),
        kind: kind(failure.what),
        what: text::line(&failure.label),
        count: failure.count,
        of: step.map_or(0, |s| s.measured.ended() + s.unmeasured.ended()),
        first: failure.first as f64 / 1e9,
        last: failure.last as f64 / 1e9,
        exhibits,
    }
}

fn kind(what: What) -> &'static str {
    use crate::record::Failure as F;
    match what {
        What::Check(_) => "check",
        What::Failure(F::Dns) => "dns",
        What::Failure(F::Connect) => "connect",
        What::Failure(F::Tls) => "tls",
        What::Failure(F::Write) => "write",
        What::Failure(F::Read) => "read",
        What::Failure(F::Timeout) => "timeout",
        What::Failure(F::Protocol) => "protocol",
        What::Failure(F::BodyLimit) => "body limit",
        What::Failure(F::Redirect) => "redirect",
        What::Failure(F::Auth) => "auth",
        What::Failure(F::Unsendable) => "unsendable",
    }
}

fn exhibit(record: &RunRecord, exhibit: &Exhibit) -> ExhibitRow {
    let response = exhibit.response.as_ref();
    ExhibitRow {
        at: exhibit.at as f64 / 1e9,
        took: ms(exhibit.took),
        expected: exhibit.expected.as_deref().map(text::line),
        actual: exhibit.actual.as_deref().map(text::line),
        request_line: text::line(&exhibit.request_line),
        request_headers: headers(&exhibit.request),
        request_body: text::clean(&exhibit.request.body),
        status: exhibit.status,
        response_headers: response.map_or_else(Vec::new, headers),
        response_body: response.map_or_else(String::new, |r| text::clean(&r.body)),
        response_cut: response.is_some_and(|r| r.cut),
        curl: text::clean(&curl(record, exhibit)),
    }
}

fn headers(message: &Message) -> Vec<String> {
    message
        .headers
        .iter()
        .map(|(name, value)| text::line(&text::clip(&format!("{name}: {value}"), HEADER)))
        .collect()
}

/// The request as a command for a shell. What curl sets by itself is left out; a body that was shortened is named
/// by its place.
fn curl(record: &RunRecord, exhibit: &Exhibit) -> String {
    if exhibit.what == Some(What::Failure(Failure::Unsendable)) {
        return String::new();
    }
    let (method, url) = exhibit
        .request_line
        .split_once(' ')
        .unwrap_or(("GET", &exhibit.request_line));
    let request = &exhibit.request;
    let mut command = String::from("curl -i");
    let secure = url.starts_with("https:");
    match &record.ca {
        _ if record.insecure && secure => command.push_str(" -k"),
        Some(ca) if secure => put(&mut command, format_args!(" --cacert {}", quoted(ca))),
        _ => {}
    }
    match method {
        "GET" => {}
        "HEAD" => command.push_str(" -I"),
        "POST" if !request.body.is_empty() => {}
        method => put(&mut command, format_args!(" -X {}", quoted(method))),
    }
    command.push(' ');
    command.push_str(&quoted(url));
    for (name, value) in &request.headers {
        if !["host", "content-length", "user-agent", "accept-encoding"]
            .contains(&name.to_ascii_lowercase().as_str())
        {
            command.push_str(" -H ");
            command.push_str(&quoted(&format!("{name}: {value}")));
        }
    }
    if request.cut {
        command.push_str(" --data-binary @body");
    } else if !request.body.is_empty() {
        command.push_str(" --data-raw ");
        command.push_str(&quoted(&request.body));
    }
    command
}

/// One word for a POSIX shell. A secret whose name is known is taken from the environment variable of that name.
fn quoted(word: &str) -> String {
    let Some((at, end, name)) = secret(word) else {
        return literal(word);
    };
    let before = if at > 0 {
        literal(&word[..at])
    } else {
        String::new()
    };
    let behind = if end < word.len() {
        quoted(&word[end..])
    } else {
        String::new()
    };
    format!("{before}\"${name}\"{behind}")
}

/// The first mask that says a name: where it begins and ends, and the name.
fn secret(word: &str) -> Option<(usize, usize, &str)> {
    let masks = word.match_indices(MASK).map(|(at, _)| at);
    masks.into_iter().find_map(|at| {
        let end = at + word[at..].find('}')? + 1;
        Some((at, end, name_of(&word[at..end])?))
    })
}

fn literal(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curl_line_is_one_command_whatever_the_server_said() {
        let exhibit = Exhibit {
            step: 0,
            what: None,
            at: 0,
            took: 0,
            expected: None,
            actual: None,
            request_line: "POST http://shop.test/cart?a=1&b=2".into(),
            request: Message {
                headers: vec![
                    ("host".into(), "shop.test".into()),
                    ("x-token".into(), "it's $(id) `id`".into()),
                ],
                body: "{\"a\":1}".into(),
                cut: false,
            },
            status: None,
            response: None,
        };
        assert_eq!(
            curl(&RunRecord::default(), &exhibit),
            r#"curl -i 'http://shop.test/cart?a=1&b=2' -H 'x-token: it'\''s $(id) `id`' --data-raw '{"a":1}'"#
        );
    }

    #[test]
    fn secrets_are_taken_from_the_environment_by_the_shell() {
        for (word, shell) in [
            ("x-key: •••{KEY}", r#"'x-key: '"$KEY""#),
            ("•••{A}•••{B}'s", r#""$A""$B"''\''s'"#),
            ("•••", "'•••'"),
            ("•••{a b} $(id)", "'•••{a b} $(id)'"),
        ] {
            assert_eq!(quoted(word), shell);
        }
    }

    #[test]
    fn curl_trusts_whom_the_run_trusted() {
        let exhibit = Exhibit {
            step: 0,
            what: None,
            at: 0,
            took: 0,
            expected: None,
            actual: None,
            request_line: "PURGE https://shop.test/".into(),
            request: Message::default(),
            status: None,
            response: None,
        };
        let mut record = RunRecord {
            ca: Some("my ca.pem".into()),
            ..RunRecord::default()
        };
        let line = curl(&record, &exhibit);
        assert_eq!(
            line,
            "curl -i --cacert 'my ca.pem' -X PURGE https://shop.test/"
        );
        record.insecure = true;
        assert_eq!(
            curl(&record, &exhibit),
            "curl -i -k -X PURGE https://shop.test/"
        );
        let never_sent = Exhibit {
            what: Some(What::Failure(Failure::Unsendable)),
            ..exhibit
        };
        assert_eq!(curl(&record, &never_sent), "");
    }
}
