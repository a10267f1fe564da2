//! What was said over a WebSocket, in the summary. In: an exchange; out: its last messages, a line each. Invariant: no
//! message can begin a line of its own.

use super::failures::BODY;
use super::{Page, clip};
use crate::report::ExhibitRow;
use std::io;

/// Messages shown of a conversation that failed.
pub(super) const LAST: usize = 3;

/// The last messages, at most so many.
pub(super) fn said(page: &mut Page<'_>, exhibit: &ExhibitRow, most: usize) -> io::Result<()> {
    let first = exhibit.said.len().saturating_sub(most);
    for (index, said) in exhibit.said[first..].iter().enumerate() {
        let name = if index == 0 { "messages" } else { "" };
        page.field(name, &clip(&said.line(), BODY))?;
    }
    Ok(())
}
