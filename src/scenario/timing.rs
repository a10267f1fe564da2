//! Which durations of `Server-Timing` are kept. In: `server_timing:`; out: their names. Invariant: few, and each a name that
//! the header can have.

use super::loading::Loading;
use crate::source::Fields;

/// Names that are kept of a step.
const MOST: usize = 16;

/// Reads `server_timing:`.
pub(super) fn read(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Vec<String>> {
    let node = fields.get("server_timing")?;
    let mut names = Vec::new();
    for item in loading.reader.list(node) {
        let text = loading.reader.text(item)?;
        let token = |c: char| c.is_ascii_graphic() && !"\"(),/:;<=>?@[\\]{}".contains(c);
        if text.value.is_empty() || text.value.len() > 64 || !text.value.chars().all(token) {
            let message = format!("`{}` is no name of a duration", text.value);
            let help = "write it as the header has it: `server-timing: db;dur=53` has `db`";
            loading.reader.error("T0768", text.span, message, help);
            continue;
        }
        names.push(text.value);
    }
    if names.len() > MOST || names.is_empty() && !loading.reader.failed() {
        let message = format!("{} durations of each step", names.len());
        let help = "name those that matter, 1 to 16 of them";
        loading.reader.error("T0768", node.span, message, help);
    }
    Some(names)
}
