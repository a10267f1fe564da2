//! Where a request goes. In: the text behind a method and the `query:` map; out: templates. Invariant: no
//! secret gets into a URL, and what is fixed in one is a path or an `http(s)` address.

use super::body;
use crate::expr::Template;
use crate::scenario::loading::Loading;
use crate::scenario::settings::has_credentials;
use crate::source::{Fields, Kind, Node};
use url::Url;

/// How the schemes of `WebSockets` are called over HTTP.
const SCHEMES: [(&str, &str); 2] = [("ws://", "http://"), ("wss://", "https://")];

/// The path or absolute URL behind a method.
pub(super) fn url(loading: &mut Loading<'_>, node: &Node, socket: bool) -> Option<Template> {
    let text = loading.reader.text(node)?;
    if let Some((code, message, help)) = wrong_url(&text.value, socket) {
        loading.reader.error(code, node.span, message, help);
        return None;
    }
    let template = loading.template(node)?;
    no_secret(loading, node, &template)?;
    Some(if socket {
        over_http(template)
    } else {
        template
    })
}

/// A handshake goes out over HTTP.
fn over_http(mut template: Template) -> Template {
    for (socket, http) in SCHEMES {
        template.replace_start(socket, http);
    }
    template
}

/// What is wrong with a URL as written: code, message and fix.
fn wrong_url(text: &str, socket: bool) -> Option<(&'static str, String, String)> {
    let fixed = without_templates(text);
    if fixed.contains('#') {
        let message = "the part behind `#` is never sent to a server";
        return Some((
            "T0405",
            message.into(),
            "remove it, or write `%23` for the character".into(),
        ));
    }
    if text.starts_with("//") {
        let help = "write one `/` for a path, or the scheme too: `https://…`";
        return Some((
            "T0405",
            "a URL that begins with `//` has no scheme".into(),
            help.into(),
        ));
    }
    if text.starts_with('/') || text.trim_start().starts_with("{{") {
        return None;
    }
    if let Some((scheme, _)) = text.split_once("://") {
        if let Some((message, help)) = wrong_scheme(scheme, socket) {
            return Some(("T0405", message, help.into()));
        }
        return match Url::parse(&fixed) {
            Ok(url) if has_credentials(&url) => Some((
                "T0706",
                "this URL holds credentials".into(),
                "send them in a header and keep them under `secrets:`".into(),
            )),
            Err(error) if fixed == text => Some((
                "T0405",
                format!("not a URL: {error}"),
                "write `https://host/path`".into(),
            )),
            Ok(_) | Err(_) => None,
        };
    }
    let help = format!("write `/{}`", text.trim());
    Some((
        "T0405",
        "a path begins with `/`, and an absolute URL with `http://` or `https://`".into(),
        help,
    ))
}

/// What is wrong with a scheme: message and fix.
fn wrong_scheme(scheme: &str, socket: bool) -> Option<(String, &'static str)> {
    match (scheme.to_ascii_lowercase().as_str(), socket) {
        ("http" | "https", false) | ("ws" | "wss", true) => None,
        (_, true) => Some((
            format!("`{scheme}:` is not the scheme of a WebSocket"),
            "write a path, or a `ws://` or `wss://` URL",
        )),
        ("ws" | "wss", false) => Some((
            format!("`{scheme}:` is the scheme of a WebSocket"),
            "make the step a `websocket:`",
        )),
        _ => Some((
            format!("`{scheme}:` is not a scheme that can be tested"),
            "write a path, or an `http://` or `https://` URL",
        )),
    }
}

/// The text with every `{{ … }}` cut out.
fn without_templates(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        out.push_str(before);
        rest = behind.split_once("}}").map_or("", |(_, behind)| behind);
    }
    out + rest
}

/// Query parameters, in the order of the file.
pub(super) fn query(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
) -> Option<Vec<(String, Template)>> {
    let Some(node) = fields.get("query") else {
        return Some(Vec::new());
    };
    let pairs = body::pairs(loading, node, "query")?;
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    let mut values = entries.iter().flat_map(|(_, value)| match &value.kind {
        Kind::List(items) if !items.is_empty() => items.iter().collect(),
        Kind::List(_) => Vec::new(),
        Kind::Scalar(_) | Kind::Map(_) => vec![value],
    });
    let mut clean = true;
    for (_, template) in &pairs {
        clean &= values
            .next()
            .is_none_or(|value| no_secret(loading, value, template).is_some());
    }
    clean.then_some(pairs)
}

/// URLs stand in logs of servers, proxies and browsers, where no mask of ours reaches.
fn no_secret(loading: &mut Loading<'_>, node: &Node, template: &Template) -> Option<()> {
    let captured = loading.names.secret_among(template.slots()).map(|name| {
        format!("the secret variable `{name}` stands in a URL, which servers and proxies log")
    });
    let declared = loading
        .secret_in(node)
        .map(|name| format!("the secret `{name}` stands in a URL, which servers and proxies log"));
    let Some(message) = declared.or(captured) else {
        return Some(());
    };
    loading.reader.error(
        "T0704",
        node.span,
        message,
        "send it in a header or in the body",
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_paths_or_http() {
        for good in [
            "/",
            "/a?b=c d",
            "/{{ a }}",
            "{{ next }}",
            "http://h/{{ x }}",
            "https://{{ host }}/",
            "HTTP://h",
            "/a{{ \"#\" }}",
        ] {
            assert_eq!(wrong_url(good, false), None, "{good}");
        }
        for (bad, why) in [
            ("a", "`/a`"),
            ("//h/a", "one `/`"),
            ("/a#b", "%23"),
            ("http://", "https://host/path"),
            ("ftp://h", "a path"),
            ("wss://h/x", "websocket:"),
            ("mailto:a@b.test", "`/mailto"),
            ("https://u:{{ x }}@h/", "secrets"),
        ] {
            let (.., help) = wrong_url(bad, false).unwrap();
            assert!(help.contains(why), "{bad}: {help}");
        }
    }
}
