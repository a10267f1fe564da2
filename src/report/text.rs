//! Text that others wrote, made harmless. In: anything a server sent; out: the same text without a character
//! that could act on a terminal, a log reader or the eye. Invariant: what leaves here holds no control character
//! but line feeds and tabs, nothing invisible, nothing that turns the writing direction, and no command of a CI system,
//! and it is legal XML.

use crate::record::acts;
use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// What CI systems obey wherever it stands in a log: GitHub, Azure, `TeamCity`; and the files that GitLab and Jenkins
/// fetch because of a line in JUnit. `::error::` counts where a line begins.
const COMMANDS: [&str; 4] = ["##[", "##vso[", "##teamcity[", "[[ATTACHMENT|"];

/// Keeps lines; every other control or invisible character becomes visible, and no line is a command of a CI system.
pub(super) fn clean(text: &str) -> String {
    let text = visible(text);
    let text = COMMANDS.iter().fold(text, |text, command| {
        if text.contains(command) {
            let (first, rest) = command.split_at(1);
            return text.replace(command, &format!("{first} {rest}"));
        }
        text
    });
    if !text.contains("::") {
        return text;
    }
    let lines = text.split('\n').map(|line| {
        if line.trim_start().starts_with("::") {
            return line.replacen("::", ": :", 1).into();
        }
        Cow::Borrowed(line)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\t' => out.push(c),
            '\0'..='\x1f' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\x7f' => out.push('␡'),
            c if acts(c) => put(&mut out, format_args!("[U+{:04X}]", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Text of anybody on one line: every control or invisible character becomes visible, and no CI system takes it for a command.
pub fn line(text: &str) -> String {
    clean(text).replace('\n', "⏎").replace('\t', "⇥")
}

/// At most `most` characters, with an ellipsis in place of the rest.
pub(super) fn clip(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

/// A count with its noun: `1 request`, `2,000 requests`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", crate::units::format_count(count))
}

/// Appends formatted text.
pub(super) fn put(out: &mut String, arguments: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    out.write_fmt(arguments).ok();
}

/// A figure for a column: three digits, or all before the point in groups: `0.85`, `505`, `10,000`.
pub(super) fn figure(value: f64) -> String {
    if value.abs() >= 999.5 {
        let groups = crate::units::format_count(value.abs().round() as u64);
        return if value < 0.0 {
            format!("-{groups}")
        } else {
            groups
        };
    }
    crate::units::significant(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_becomes_visible() {
        for (text, expected) in [
            ("plain ünïcode 日本", "plain ünïcode 日本"),
            ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
            ("a\0b\x7fc", "a␀b␡c"),
            ("a\r\nb\rc", "a\nb␍c"),
            ("user\u{202e}gpj.exe", "user[U+202E]gpj.exe"),
            ("\u{9b}31m", "[U+009B]31m"),
            ("\u{ffff}", "[U+FFFF]"),
        ] {
            assert_eq!(clean(text), expected, "{text:?}");
        }
        assert_eq!(line("a\nb\tc"), "a⏎b⇥c");
    }

    #[test]
    fn commands_of_ci_systems_are_broken() {
        for (text, expected) in [
            ("::error::x", ": :error::x"),
            ("  ::set-output name=a::b", "  : :set-output name=a::b"),
            ("a ##[error]b", "a # #[error]b"),
            ("##vso[task]", "# #vso[task]"),
            ("[[ATTACHMENT|/etc/passwd]]", "[ [ATTACHMENT|/etc/passwd]]"),
            ("std::fmt", "std::fmt"),
            ("x\n::error::y", "x⏎: :error::y"),
            ("###[a", "## #[a"),
        ] {
            assert_eq!(line(text), expected);
        }
    }

    #[test]
    fn figures_and_clips() {
        for (value, text) in [
            (0.0, "0"),
            (0.8512, "0.851"),
            (505.04, "505"),
            (999.7, "1,000"),
            (12_345.6, "12,346"),
            (-1_500.0, "-1,500"),
        ] {
            assert_eq!(figure(value), text);
        }
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(clip("abcd", 4), "abcd");
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(2_000, "request"), "2,000 requests");
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn nothing_acts_after_cleaning(text in any::<String>()) {
            let cleaned = clean(&text);
            prop_assert!(cleaned.chars().all(|c| c == '\n' || c == '\t' || !(c.is_control() || acts(c))));
            prop_assert_eq!(&clean(&cleaned), &cleaned);
        }
    }
}
