//! What each code means. In: `docs/errors.md`, which is the one table of codes; out: a [`Code`] per section.
//! Invariant: the page that people read and what `tollgate explain` prints are the same text. A new code is a new
//! section of the page.

/// The page, one section a code: `### T0204: title`, why, `Fix: …`, and a wrong and a right example.
const PAGE: &str = include_str!("../../docs/errors.md");

/// One code of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `T0204`.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Cause, fix and examples, in Markdown.
    pub text: &'static str,
}

/// All codes, in their order.
pub fn codes() -> impl Iterator<Item = Code> {
    PAGE.split("\n### ").skip(1).filter_map(|section| {
        let (title, text) = section.split_once('\n')?;
        let (code, title) = title.split_once(": ")?;
        Some(Code {
            code,
            title,
            text: text.trim(),
        })
    })
}

impl Code {
    /// The section for a terminal: examples are indented, the fences are gone.
    pub fn plain(&self) -> String {
        let mut out = format!("{}: {}\n\n", self.code, self.title);
        let mut example = false;
        for line in self.text.lines() {
            if line.starts_with("```") {
                example = !example;
                out.push('\n');
                continue;
            }
            if example && !line.is_empty() {
                out.push_str("    ");
            }
            out.push_str(line);
            out.push('\n');
        }
        let whole = out.trim_end().len();
        out.truncate(whole);
        out.push('\n');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_says_why_how_to_fix_it_and_shows_both() {
        let all: Vec<Code> = codes().collect();
        assert!(all.len() > 80, "{}", all.len());
        assert!(
            all.is_sorted_by(|a, b| a.code < b.code),
            "each once, in order"
        );
        for code in all {
            let text = code.text;
            assert!(code.title.len() < 60, "{}", code.code);
            assert!(!text.starts_with("Fix:"), "{} says why", code.code);
            for part in ["\nFix: ", "\n```yaml\n# wrong\n", "\n# right\n"] {
                assert_eq!(text.matches(part).count(), 1, "{}: {part:?}", code.code);
            }
            assert!(!code.plain().contains("```"));
        }
    }
}
