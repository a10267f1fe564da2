//! The kinds of authentication. In: the map behind each; out: what it comes to. Invariant: a part that is missing
//! is told, and none is guessed.

use super::{Auth, OAuth2, Told, endpoint, secret};
use crate::expr::Template;
use crate::scenario::flow::request::headers;
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::{API_KEY, BASIC, DIGEST, OAUTH2};
use crate::source::{Fields, Node, Shape};
use http::header;

pub(super) fn basic(loading: &mut Loading<'_>, node: &Node) -> Option<Told> {
    let (user, password) = pair(loading, node, &BASIC)?;
    if user.as_literal().is_some_and(|user| user.contains(':')) {
        let message = "a user name with `:` cannot be sent by basic authentication";
        let help = "use another user: what is behind the first `:` would be read as the password";
        loading.reader.error("T0441", node.span, message, help);
        return None;
    }
    let value = Template::basic(user, password);
    Some(Told::Header(header::AUTHORIZATION, value))
}

pub(super) fn digest(loading: &mut Loading<'_>, node: &Node) -> Option<Told> {
    let (user, password) = pair(loading, node, &DIGEST)?;
    Some(Told::Computed(Auth::Digest { user, password }))
}

fn pair(
    loading: &mut Loading<'_>,
    node: &Node,
    shape: &'static Shape,
) -> Option<(Template, Template)> {
    let fields = loading.reader.object(node, shape)?;
    let user = plain(loading, &fields, "user");
    let password = fields
        .get("password")
        .and_then(|node| secret(loading, node));
    Some((user?, password?))
}

pub(super) fn bearer(loading: &mut Loading<'_>, node: &Node) -> Option<Told> {
    let token = secret(loading, node)?;
    Some(Told::Header(header::AUTHORIZATION, token.behind("Bearer ")))
}

pub(super) fn api_key(loading: &mut Loading<'_>, node: &Node) -> Option<Told> {
    let fields = loading.reader.object(node, &API_KEY)?;
    let value = fields.get("value").and_then(|node| secret(loading, node));
    match (fields.entry("header"), fields.entry("query")) {
        (Some((_, node)), None) => {
            let text = loading.reader.text(node)?;
            let name = headers::name(loading, &text.value, text.span)?;
            Some(Told::Header(name, value?))
        }
        (None, Some((span, node))) => {
            let name = loading.reader.text(node)?.value;
            let message = "an API key in a URL is kept by the logs of servers and proxies";
            let help = "send it in a header if the system takes one: `api_key: { header: x-api-key, value: … }`";
            loading.reader.warn("T0715", span, message, help);
            Some(Told::Query(name, value?))
        }
        (header, query) => {
            let span = header.and(query).map_or(node.span, |(span, _)| span);
            let message = "an API key is sent in a header or in a query parameter";
            let help = "write one of `header: x-api-key` and `query: key`";
            loading.reader.error("T0441", span, message, help);
            None
        }
    }
}

pub(super) fn oauth2(loading: &mut Loading<'_>, node: &Node) -> Option<Told> {
    let fields = loading.reader.object(node, &OAUTH2)?;
    let token_url = fields
        .get("token_url")
        .and_then(|node| endpoint(loading, node));
    let client_id = plain(loading, &fields, "client_id");
    let client_secret = optional(loading, &fields, "client_secret");
    let scope = plain(loading, &fields, "scope");
    let user = match (fields.get("user"), fields.get("password")) {
        (Some(_), Some(node)) => {
            let user = plain(loading, &fields, "user");
            let password = secret(loading, node);
            Some((user?, password?))
        }
        (None, None) => None,
        (Some(node), None) | (None, Some(node)) => {
            let message = "the password grant needs `user` and `password`";
            let help = "add the other, or remove this one for the client's own credentials";
            loading.reader.error("T0441", node.span, message, help);
            return None;
        }
    };
    Some(Told::Computed(Auth::OAuth2(Box::new(OAuth2 {
        token_url: token_url?,
        client_id: client_id?,
        client_secret,
        scope,
        user,
    }))))
}

fn plain(loading: &mut Loading<'_>, fields: &Fields<'_>, key: &str) -> Option<Template> {
    headers::value(loading, fields.get(key)?)
}

/// `None` where the key is absent, or wrong and told.
fn optional(loading: &mut Loading<'_>, fields: &Fields<'_>, key: &str) -> Option<Template> {
    secret(loading, fields.get(key)?)
}
