//! Colour. In: a style and a text; out: the text, styled when colour is wanted. Invariant: without colour the text
//! is exactly what was given.

use anstyle::{AnsiColor, Style};

/// Names of things.
pub(super) const STRONG: Style = Style::new().bold();
/// What matters less.
pub(super) const DIM: Style = Style::new().dimmed();
/// Holds.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Does not hold.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Says nothing either way.
pub(super) const UNSURE: Style = AnsiColor::Yellow.on_default().bold();

/// Whether to write colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    /// The text in a style.
    pub(super) fn on(self, style: Style, text: &str) -> String {
        if self.0 && !text.trim().is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_a_choice() {
        assert_eq!(Paint(false).on(BAD, "FAIL"), "FAIL");
        let painted = Paint(true).on(BAD, "FAIL");
        assert!(painted.starts_with("\x1b[") && painted.contains("FAIL"));
        assert!(painted.ends_with("\x1b[0m"));
    }
}
