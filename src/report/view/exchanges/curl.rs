//! A request as a command for a shell. In: an exhibit; out: one line that sends it again. Invariant: it is one command
//! on one line whatever a server sent or a body holds, runs in any POSIX shell, and shows no secret: what is known by
//! name is taken from the environment.

use crate::record::{Exhibit, Failure, Field, MASK, Message, Origin, RunRecord, What, name_of};
use crate::report::text::{self, put};

/// Headers that curl sets by itself.
const OWN: [&str; 2] = ["content-length", "user-agent"];

/// What curl sets by itself is left out; a body that was shortened is named by its place.
/// What was never sent has none.
pub(super) fn curl(record: &RunRecord, exhibit: &Exhibit) -> String {
    if exhibit.what == Some(What::Failure(Failure::Unsendable)) {
        return String::new();
    }
    let (method, url) = exhibit
        .request_line
        .split_once(' ')
        .unwrap_or(("GET", &exhibit.request_line));
    let request = &exhibit.request;
    let mut command = String::from("curl -i");
    let upgrades = |(name, _): &(String, String)| name.eq_ignore_ascii_case("upgrade");
    if request.headers.iter().any(upgrades) {
        // Shows the handshake and what comes in five seconds, frames and all.
        command.push_str(" --http1.1 -N -m 5");
    }
    let secure = url.starts_with("https:");
    match &record.ca {
        _ if record.insecure && secure => command.push_str(" -k"),
        Some(ca) if secure => put(&mut command, format_args!(" --cacert {}", quoted(ca))),
        _ => {}
    }
    for (option, value) in &record.curl {
        put(&mut command, format_args!(" {option} {}", quoted(value)));
    }
    let carries = !request.body.is_empty() || request.origin.is_some();
    match method {
        "GET" if !carries => {}
        "HEAD" => command.push_str(" -I"),
        "POST" if carries => {}
        method => put(&mut command, format_args!(" -X {}", quoted(method))),
    }
    command.push(' ');
    command.push_str(&quoted(url));
    let authority = url.split("://").nth(1);
    let authority = authority.and_then(|rest| rest.split(['/', '?']).next());
    let form = matches!(request.origin, Some(Origin::Form(_)));
    for (name, value) in &request.headers {
        let lower = name.to_ascii_lowercase();
        // curl puts a form together itself, and cannot pack it.
        let of_form = lower == "content-type" || request.packed && lower == "content-encoding";
        let own = lower == "host" && authority == Some(value.as_str());
        if own || OWN.contains(&lower.as_str()) || form && of_form {
            continue;
        }
        if lower == "accept-encoding" {
            command.push_str(" --compressed");
        }
        let cookies = lower == "cookie" && value.contains(MASK);
        let value = if cookies { "•••{COOKIE}" } else { value };
        put(
            &mut command,
            format_args!(" -H {}", quoted(&format!("{name}: {value}"))),
        );
    }
    with_body(request, command)
}

/// The command that packs what it is given, with blanks around it as in a pipe.
fn packer(request: &Message) -> Option<&'static str> {
    let mut headers = request.headers.iter().filter(|_| request.packed);
    let (_, coding) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-encoding"))?;
    match coding.as_str() {
        "gzip" => Some("gzip -c"),
        "br" => Some("brotli -c"),
        "zstd" => Some("zstd -c"),
        _ => None,
    }
}

/// The command with what the request carries.
fn with_body(request: &Message, mut command: String) -> String {
    let form = matches!(request.origin, Some(Origin::Form(_)));
    if let Some(packer) = packer(request).filter(|_| !form) {
        let packed = match &request.origin {
            Some(Origin::File(path)) => format!("{packer} {}", quoted(path)),
            _ if request.cut || request.body.contains('\u{fffd}') => format!("{packer} body"),
            _ => format!("{} | {packer}", printf(&request.body)),
        };
        return format!("{packed} | {command} --data-binary @-");
    }
    match &request.origin {
        Some(Origin::File(path)) => {
            put(
                &mut command,
                format_args!(" --data-binary {}", quoted(&format!("@{path}"))),
            );
        }
        Some(Origin::Form(fields)) => {
            for field in fields {
                put(&mut command, format_args!(" -F {}", quoted(&part(field))));
            }
        }
        None if request.body.is_empty() => {}
        // What is not text cannot stand here either.
        None if request.cut || request.body.contains('\u{fffd}') => {
            command.push_str(" --data-binary @body");
        }
        None if is_plain(&request.body) => {
            put(
                &mut command,
                format_args!(" --data-raw {}", quoted(&request.body)),
            );
        }
        None => {
            let print = printf(&request.body);
            command = format!("{print} | {command} --data-binary @-");
        }
    }
    command
}

/// A field for `-F`.
fn part(field: &Field) -> String {
    let Field { name, value, .. } = field;
    let mut part = format!("{name}=");
    if field.file {
        put(&mut part, format_args!("@{}", in_quotes(value)));
    } else if value.starts_with(['@', '<', '"', '(']) || value.contains([';', ',']) {
        part.push_str(&in_quotes(value));
    } else {
        part.push_str(value);
    }
    if let Some(kind) = &field.media_type {
        put(&mut part, format_args!(";type={kind}"));
    }
    if let Some(filename) = &field.filename {
        put(&mut part, format_args!(";filename={}", in_quotes(filename)));
    }
    part
}

/// Within double quotes where curl would read more into it.
fn in_quotes(text: &str) -> String {
    if text.contains(['"', ';', ',', '\\']) || text.starts_with(['@', '<', '(']) {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    } else {
        text.to_owned()
    }
}

/// Whether a text can stand in a line as it is: nothing that reports show, join or break in another way.
fn is_plain(text: &str) -> bool {
    !text.contains("##") && text::line(text) == *text
}

/// One word for a POSIX shell. A secret whose name is known is taken from the environment variable of that name.
fn quoted(word: &str) -> String {
    if !is_plain(word) {
        return format!("\"$({})\"", printf(word));
    }
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

/// A command that prints a text, which it holds in printable characters.
fn printf(text: &str) -> String {
    let (mut format, mut arguments) = (String::new(), String::new());
    let mut rest = text;
    while let Some((at, end, name)) = secret(rest) {
        escape(&rest[..at], &mut format);
        format.push_str("%s");
        put(&mut arguments, format_args!(" \"${name}\""));
        rest = &rest[end..];
    }
    escape(rest, &mut format);
    format!("printf {}{arguments}", literal(&format))
}

fn escape(text: &str, format: &mut String) {
    let mut bytes = [0; 4];
    for c in text.chars() {
        let shown = text::line(c.encode_utf8(&mut bytes));
        match c {
            '\n' => format.push_str("\\n"),
            '\r' => format.push_str("\\r"),
            '\t' => format.push_str("\\t"),
            '\\' => format.push_str("\\\\"),
            '%' => format.push_str("%%"),
            '#' if format.ends_with('#') => format.push_str("\\043"),
            c if shown.chars().eq([c]) => format.push(c),
            c => {
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    put(format, format_args!("\\{byte:03o}"));
                }
            }
        }
    }
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
            retried: false,
            findings: Vec::new(),
            at: 0,
            took: 0,
            phases: Vec::new(),
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
                origin: None,
                packed: false,
            },
            status: None,
            response: None,
            said: Vec::new(),
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
            retried: false,
            findings: Vec::new(),
            at: 0,
            took: 0,
            phases: Vec::new(),
            expected: None,
            actual: None,
            request_line: "PURGE https://shop.test/".into(),
            request: Message::default(),
            status: None,
            response: None,
            said: Vec::new(),
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
    }
}
