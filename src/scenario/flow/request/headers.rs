//! Request headers. In: the maps of `defaults` and of a step; out: names and templates, the step's over the
//! defaults. Invariant: names are valid, lower case and stand once; a fixed value can be sent as it is.

use crate::expr::Template;
use crate::scenario::loading::Loading;
use crate::source::{Node, Span};
use http::{HeaderName, HeaderValue, header};

/// A `headers:` map whose names are checked. Values are compiled per step, where names resolve.
#[derive(Debug, Default)]
pub(in crate::scenario::flow) struct Headers<'a>(Vec<(HeaderName, &'a Node)>);

impl<'a> Headers<'a> {
    /// Reads a `headers:` map.
    pub(in crate::scenario::flow) fn read(
        loading: &mut Loading<'a>,
        node: Option<&'a Node>,
    ) -> Self {
        let mut headers: Vec<(HeaderName, &'a Node)> = Vec::new();
        let Some(entries) = node.and_then(|node| loading.reader.map(node, "headers")) else {
            return Self(headers);
        };
        for (key, node) in entries {
            let Some(name) = name(loading, &key.value, key.span) else {
                continue;
            };
            if headers.iter().any(|(known, _)| *known == name) {
                let message = format!("the header `{name}` stands here twice");
                let help = "capitals make no difference in header names; keep one of them";
                loading.reader.error("T0414", key.span, message, help);
                continue;
            }
            headers.push((name, node));
        }
        Self(headers)
    }

    /// Where a header's value stands.
    pub(super) fn get(&self, name: &HeaderName) -> Option<Span> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, node)| node.span)
    }

    /// Compiles these headers and those of `defaults` that they do not replace.
    pub(super) fn compile(
        &self,
        loading: &mut Loading<'a>,
        defaults: &Headers<'a>,
    ) -> Vec<(HeaderName, Template)> {
        let inherited = defaults
            .0
            .iter()
            .filter(|(name, _)| !self.0.iter().any(|(n, _)| n == name));
        inherited
            .chain(&self.0)
            .filter_map(|(name, node)| Some((name.clone(), value(loading, node)?)))
            .collect()
    }
}

/// A name that a step may give a header.
pub(super) fn name(loading: &mut Loading<'_>, text: &str, span: Span) -> Option<HeaderName> {
    let Ok(name) = HeaderName::from_bytes(text.as_bytes()) else {
        let message = format!("`{text}` is not a header name");
        let help = "letters, digits and `-`, without spaces and colons: `content-type`";
        loading.reader.error("T0414", span, message, help);
        return None;
    };
    if [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
    ]
    .contains(&name)
    {
        let message = format!("`{name}` follows from the request and is set for you");
        loading.reader.error("T0416", span, message, "remove it");
        return None;
    }
    Some(name)
}

/// A value that a header can carry.
pub(super) fn value(loading: &mut Loading<'_>, node: &Node) -> Option<Template> {
    let template = loading.template(node)?;
    if template
        .as_literal()
        .is_some_and(|text| HeaderValue::from_str(text).is_err())
    {
        let message = "this value cannot stand in a header";
        let help = "write it on one line, in characters that can be seen";
        loading.reader.error("T0415", node.span, message, help);
        return None;
    }
    Some(template)
}
