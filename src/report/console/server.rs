//! What servers said of themselves. In: a view; out: a line each. Invariant: nothing where nothing was observed.

use super::paint::{DIM, UNSURE};
use super::{Page, View, line};
use std::io;

pub(super) fn server(page: &mut Page<'_>, view: &View) -> io::Result<()> {
    if view.server.is_empty() {
        return Ok(());
    }
    page.title("Server")?;
    for row in &view.server {
        let gaps = row.missed > 0 || row.summary.is_none();
        let style = if gaps { UNSURE } else { DIM };
        let from = page.paint.on(style, row.from);
        page.line(&format!("  {} {from}", line(&row.name)))?;
        page.field("found", &row.finding())?;
    }
    Ok(())
}
