//! What holds for the whole scenario. In: `target`, `budgets`, `allow` and `connections`; out: their values, with
//! files that exist. Invariant: a target is an origin without credentials, so it can be shown anywhere.

use super::loading::Loading;
use super::vocabulary::{CONNECTIONS, HTTP};
use crate::source::{Diagnostic, Fields, Node, Spanned};
use std::path::{Path, PathBuf};
use url::Url;

/// How long a connection is kept, and for whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Connections {
    /// For whoever needs one next.
    #[default]
    Shared,
    /// For one virtual user, until the end of its flow.
    PerUser,
    /// For one request.
    PerRequest,
}

/// Which version of HTTP is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Http {
    /// What the server takes (ALPN): HTTP/2 or 1.1 with TLS, 1.1 without.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    One,
    /// HTTP/2 only; without TLS by prior knowledge.
    Two,
}

/// Reads `http://host:port` or `https://…`, from a file or from `--target`.
///
/// # Errors
/// What is wrong with it. The text itself is not in the message: it may hold credentials.
pub fn parse_target(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => {
            String::from("the target has no scheme; write `http://host:port` or `https://host`")
        }
        other => format!("the target is not a URL: {other}"),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!(
            "`{}:` is not a scheme that can be tested; write `http://host:port` or `https://host`",
            url.scheme()
        ));
    }
    if has_credentials(&url) {
        return Err(String::from(
            "the target holds credentials; send them in a header and keep them under `secrets:`",
        ));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "the target is scheme, host and port only; write `{}` and put the path into the steps",
            url.origin().ascii_serialization()
        ));
    }
    Ok(url)
}

/// Whether a URL holds a user name or a password.
pub(super) fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// `target:`.
pub(super) fn target(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Spanned<Url>> {
    let node = fields.get("target")?;
    let text = loading.reader.text(node)?;
    if let Some(name) = loading.secret_in(node) {
        let message = format!("the secret `{name}` stands in the target, which every report shows");
        loading
            .reader
            .error("T0704", node.span, message, "send it in a header");
        return None;
    }
    match parse_target(&text.value) {
        Ok(url) => Some(Spanned::new(url, node.span)),
        Err(why) => {
            let (message, help) = why
                .split_once("; ")
                .unwrap_or((&why, "write `http://host:port`"));
            loading.reader.error("T0705", node.span, message, help);
            None
        }
    }
}

/// The budget file: named, or found by the scenario's own name.
pub(super) fn budgets(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    scenario: &Path,
) -> Option<PathBuf> {
    match fields.get("budgets") {
        Some(node) => existing(loading, node),
        None => candidates(scenario).into_iter().find(|path| path.is_file()),
    }
}

/// Where budgets are looked for: `a/scenarios/shop.yaml` → `a/scenarios/shop.budgets.yaml`,
/// `a/scenarios/budgets/shop.yaml`, `a/budgets/shop.yaml`.
fn candidates(scenario: &Path) -> Vec<PathBuf> {
    let (Some(file), Some(stem)) = (scenario.file_name(), scenario.file_stem()) else {
        return Vec::new();
    };
    let folder = scenario.parent().unwrap_or(Path::new(""));
    let beside = folder.join(format!("{}.budgets.yaml", stem.to_string_lossy()));
    let mut paths = vec![beside, folder.join("budgets").join(file)];
    // `budgets/` beside the folder, and never the scenario itself.
    if folder.file_name().is_some_and(|name| name != "budgets") {
        paths.push(folder.with_file_name("budgets").join(file));
    }
    paths
}

/// A path behind a key, where a file is.
pub(super) fn existing(loading: &mut Loading<'_>, node: &Node) -> Option<PathBuf> {
    let path = loading.path(node)?;
    loading.files.push(path.clone());
    match std::fs::File::open(&path).and_then(|file| file.metadata()) {
        Ok(found) if found.is_file() => Some(path),
        Ok(_) => {
            let message = format!("{} is not a file", path.display());
            loading
                .reader
                .error("T0707", node.span, message, "name a file");
            None
        }
        Err(error) => {
            loading.unreadable("T0707", node, &path, &error);
            None
        }
    }
}

/// `allow:` hosts, in lower case.
pub(super) fn allow(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Vec<String> {
    let items = fields
        .get("allow")
        .map(|node| loading.reader.list(node))
        .unwrap_or_default();
    let mut hosts = Vec::new();
    for item in items {
        let Some(text) = loading.reader.text(item) else {
            continue;
        };
        match url::Host::parse(&text.value) {
            Ok(host) => hosts.push(host.to_string()),
            Err(_) => loading.reader.error(
                "T0709",
                text.span,
                format!("`{}` is not a host", text.value),
                "write the host alone, without scheme, port and path: `staging.shop.test`",
            ),
        }
    }
    hosts
}

/// `connections:` and `keep_alive:`.
pub(super) fn connections(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Connections {
    let per_user = fields
        .get("connections")
        .and_then(|node| loading.reader.word(node, &CONNECTIONS))
        == Some("per user");
    let kept = fields
        .get("keep_alive")
        .and_then(|node| loading.reader.boolean(node))
        != Some(false);
    match (kept, per_user, fields.entry("connections")) {
        (true, false, _) => Connections::Shared,
        (true, true, _) => Connections::PerUser,
        (false, true, Some((span, _))) => {
            let message = "`connections` has no effect: with `keep_alive: false` none is kept";
            let warning = Diagnostic::warning("T0711", loading.reader.source(), span, message)
                .help("remove `keep_alive`, and every user keeps its own connections");
            loading.reader.push(warning);
            Connections::PerRequest
        }
        (false, ..) => Connections::PerRequest,
    }
}

/// `http:`.
pub(super) fn http(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Http {
    let word = fields
        .get("http")
        .and_then(|node| loading.reader.word(node, &HTTP));
    match word {
        Some("1.1") => Http::One,
        Some("2") => Http::Two,
        _ => Http::Auto,
    }
}

/// `streams:`: requests at once on an HTTP/2 connection.
pub(super) fn streams(loading: &mut Loading<'_>, fields: &Fields<'_>, http: Http) -> Option<u32> {
    let (span, node) = fields.entry("streams")?;
    let streams = loading.count(node)?;
    if http == Http::One {
        let message = "`streams` has no effect: HTTP/1.1 has one request at once on a connection";
        let warning = Diagnostic::warning("T0745", loading.reader.source(), span, message)
            .help("remove `streams`, or write `http: 2`");
        loading.reader.push(warning);
    }
    u32::try_from(streams).ok()
}

/// `preflight:`; asked where it is left out.
pub(super) fn preflight(loading: &mut Loading<'_>, fields: &Fields<'_>) -> bool {
    fields
        .get("preflight")
        .and_then(|node| loading.reader.boolean(node))
        != Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_origins() {
        for good in [
            "http://127.0.0.1:8080",
            "https://shop.test/",
            "http://[::1]:80",
            "HTTP://Shop.Test",
        ] {
            assert!(parse_target(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("shop.test", "no scheme"),
            ("localhost:8080", "not a scheme"),
            ("ftp://shop.test", "not a scheme"),
            ("http://", "not a URL"),
            ("https://user:hunter2@shop.test", "credentials"),
            ("https://shop.test/api", "write `https://shop.test`"),
            ("https://shop.test/?a=b", "scheme, host and port only"),
        ] {
            let message = parse_target(bad).unwrap_err();
            assert!(
                message.contains(why) && !message.contains("hunter2"),
                "{bad}: {message}"
            );
        }
    }

    #[test]
    fn budgets_are_looked_for_by_name() {
        let shown = |path: &str| -> Vec<String> {
            candidates(Path::new(path))
                .iter()
                .map(|p| p.display().to_string())
                .collect()
        };
        assert_eq!(
            shown("a/scenarios/shop.yaml"),
            [
                "a/scenarios/shop.budgets.yaml",
                "a/scenarios/budgets/shop.yaml",
                "a/budgets/shop.yaml"
            ]
        );
        assert_eq!(
            shown("shop.yaml"),
            ["shop.budgets.yaml", "budgets/shop.yaml"]
        );
        assert_eq!(shown("budgets/shop.yaml").len(), 2);
    }
}
