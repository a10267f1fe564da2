//! Text in GitHub Flavored Markdown. In: any clean text; out: the same text, which no renderer takes for markup, a link,
//! a mention or a command. Invariant: what a server wrote stands in code only, where mentions and links do nothing.

use crate::report::text::put;

/// In a sentence or a cell: punctuation that could be markup becomes an entity, and nobody is mentioned.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '@' | '#' => put(&mut out, format_args!("&#{};&#8203;", u32::from(c))),
            '&' | '<' | '>' | '"' | '\'' | '*' | '_' | '`' | '[' | ']' | '~' | '|' | '\\' | '$'
            | '!' => put(&mut out, format_args!("&#{};", u32::from(c))),
            // Addresses would become links.
            ':' if out.ends_with("http") || out.ends_with("https") => out.push_str("&#58;&#8203;"),
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Code in a cell of a table.
pub(super) fn cell(text: &str) -> String {
    if !text.is_empty() && !text.contains(['`', '|', '\\', '\n']) {
        return code(text);
    }
    format!("<code>{}</code>", plain(text))
}

/// Code in a line, whatever it holds; not for tables, where `|` ends a cell.
pub(super) fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let text = text.replace('\n', " ");
    // A blank at both ends is taken off again.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A block of code.
pub(super) fn block(text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        for (text, expected) in [
            ("p95 < 500ms", "p95 &#60; 500ms"),
            ("a|b `c` *d*", "a&#124;b &#96;c&#96; &#42;d&#42;"),
            ("@all #1", "&#64;&#8203;all &#35;&#8203;1"),
            ("see http://x", "see http&#58;&#8203;//x"),
        ] {
            assert_eq!(plain(text), expected);
        }
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a``b`c"), "```a``b`c```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(block("x\n````\n"), "`````text\nx\n````\n`````\n");
        assert_eq!(block("x"), "```text\nx\n```\n");
    }
}
