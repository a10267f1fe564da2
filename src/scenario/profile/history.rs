//! Which history the runs of a profile enter. In: `history:` of a profile; out: a place, and what suspects are confirmed
//! with. Invariant: nothing that opens a bucket stands in it.

use crate::scenario::loading::Loading;
use crate::scenario::settings::parse_target;
use crate::scenario::vocabulary::HISTORY;
use crate::source::{Kind, Node, Span};
use std::path::PathBuf;
use url::Url;

/// Fewest pairs that say something, most, and how many there are when nothing is said.
const PAIRS: (u64, u64, u64) = (5, 1000, 8);

/// The history that the runs of a profile are judged by and enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// A path, or the address of a bucket: `s3://`, `gs://`, `az://`.
    pub place: String,
    /// What a path is relative to.
    pub folder: PathBuf,
    /// The base version that runs beside this one when something is suspect.
    pub confirm: Option<Url>,
    /// Pairs of blocks that confirm it, at least 5.
    pub pairs: u64,
}

/// Reads `history:` of a profile: a place, or a map. `kind` is the profile's load.
pub(super) fn read(loading: &mut Loading<'_>, node: &Node, kind: &str) -> Option<History> {
    if !matches!(node.kind, Kind::Map(_)) {
        return Some(History {
            place: place(loading, node)?,
            folder: loading.folder(node).to_owned(),
            confirm: None,
            pairs: PAIRS.2,
        });
    }
    let fields = loading.reader.object(node, &HISTORY)?;
    let place = fields.get("in").and_then(|node| place(loading, node));
    let confirm = fields.entry("confirm");
    if let Some((span, _)) = confirm.filter(|_| matches!(kind, "stairs" | "spike" | "stages")) {
        uncut(loading, span, kind);
    }
    // Without its variable nothing is confirmed, as where the base cannot be reached.
    let confirm = confirm.filter(|(_, node)| loading.unset_in(node).is_none());
    let confirm = confirm.and_then(|(_, node)| {
        let text = loading.reader.text(node)?;
        let url = parse_target(&text.value);
        url.map_err(|said| {
            let help = "write the base URL of the version to compare with, or leave it to the environment: `confirm: ${BASE_URL}`";
            loading.reader.error("T0621", text.span, said, help);
        })
        .ok()
    });
    let pairs = fields.get("pairs").and_then(|node| pairs(loading, node));
    Some(History {
        place: place?,
        folder: loading.folder(node).to_owned(),
        confirm,
        pairs: pairs.unwrap_or(PAIRS.2),
    })
}

fn place(loading: &mut Loading<'_>, node: &Node) -> Option<String> {
    let text = loading.reader.text(node)?;
    let Some((scheme, rest)) = text.value.split_once("://") else {
        return Some(text.value);
    };
    let url = Url::parse(&text.value).ok();
    let named = url
        .as_ref()
        .and_then(Url::host_str)
        .is_some_and(|h| !h.is_empty());
    let plain = url
        .as_ref()
        .is_some_and(|u| u.username().is_empty() && u.password().is_none() && u.query().is_none());
    let message = match scheme {
        "file" if rest.starts_with('/') => return Some(text.value),
        "s3" | "gs" | "az" if named && plain => return Some(text.value),
        "s3" | "gs" | "az" if named => {
            loading.secrets.hide("history", &text.value);
            "what opens a bucket stands in its address"
        }
        _ => "this is no place of a history",
    };
    let help = "name a directory, `file:///path`, or a bucket without keys, as `s3://bucket/path` (gs://, az://): what opens it is read from the environment";
    loading.reader.error("T0620", text.span, message, help);
    None
}

fn pairs(loading: &mut Loading<'_>, node: &Node) -> Option<u64> {
    let count = loading.count(node)?;
    let (least, most, _) = PAIRS;
    if (least..=most).contains(&count) {
        return Some(count);
    }
    let message = format!("{count} pairs: from {least} to {most} can be compared");
    let help = "write `pairs: 8`, or leave it out";
    loading.reader.error("T0622", node.span, message, help);
    None
}

fn uncut(loading: &mut Loading<'_>, span: Span, kind: &str) {
    let message = format!("`confirm` means nothing beside `{kind}`");
    let help = "a load that changes on its way cannot be cut into blocks; remove it, or use `rate` or `users`";
    loading.reader.error("T0603", span, message, help);
}
