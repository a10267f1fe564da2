//! JSON that acts on nobody who reads it as something else: in a page, in XML, in a message, on a terminal, in a log. In:
//! a value; out: its JSON. Invariant: a reader of JSON reads the same value as ever; no text in it holds a control or
//! invisible character, begins a tag or a mention, ends a CDATA section or is a command of a CI system.

use serde::Serialize;
use std::fmt::Write as _;

/// A value as JSON on one line.
///
/// # Errors
/// When the value is none that JSON knows.
pub fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value).map(|text| escaped(&text))
}

/// A value as JSON on many lines.
///
/// # Errors
/// When the value is none that JSON knows.
pub fn json_lines(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(value).map(|text| escaped(&text))
}

/// Invisible, turning the writing direction, breaking lines, or not a character of XML.
pub fn acts(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{fffe}'..='\u{ffff}'
        | '\u{e0000}'..='\u{e007f}')
}

/// None of these stands outside of texts in JSON, where each may be written as its number.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) =
        rest.find(|c| matches!(c, '<' | '>' | '#') || !char::is_ascii(&c) || c == '\u{7f}')
    {
        out.push_str(&rest[..at]);
        let mut chars = rest[at..].chars();
        let Some(c) = chars.next() else { break };
        rest = chars.as_str();
        let told = match c {
            // `p95 < 500ms` stays readable.
            '<' => {
                rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '!' | '/' | '?'))
            }
            '>' => out.ends_with("]]"),
            '#' => out.ends_with('#'),
            c => acts(c),
        };
        if told {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a text cannot fail.
                write!(out, "\\u{unit:04x}").ok();
            }
        } else {
            out.push(c);
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_somewhere_is_written_as_its_number() {
        for (text, expected) in [
            ("p95 < 500ms -> ünï 日本", "p95 < 500ms -> ünï 日本"),
            ("<script>x</script>", "\\u003cscript>x\\u003c/script>"),
            ("<!channel> <!--", "\\u003c!channel> \\u003c!--"),
            ("]]> ]>", "]]\\u003e ]>"),
            ("##[error] # ###vso[", "#\\u0023[error] # #\\u0023#vso["),
            (
                "\u{9b}31m\u{202e}\u{7f}\u{e0041}",
                "\\u009b31m\\u202e\\u007f\\udb40\\udc41",
            ),
            ("\u{1b}[0m\0", "\\u001b[0m\\u0000"),
        ] {
            assert_eq!(json(&text).unwrap(), format!("\"{expected}\""));
        }
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn a_reader_reads_what_was_written(text in any::<String>(), more in "[<>#!/\\]s\\[]{0,12}") {
            let value = serde_json::json!({ "a": [text, more], more.clone(): text.clone() });
            let read: serde_json::Value = serde_json::from_str(&json(&value).unwrap()).unwrap();
            prop_assert_eq!(&read, &value);
            let read: serde_json::Value = serde_json::from_str(&json_lines(&value).unwrap()).unwrap();
            prop_assert_eq!(&read, &value);
        }
    }
}
