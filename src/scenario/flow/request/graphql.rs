//! GraphQL over HTTP. In: `query`, `variables`, `operation`, `expect` and `errors` of a step; out: a JSON body, and
//! checks like those that are written. Invariant: an answer with errors, or with another member of a union than the
//! step names, fails the step although its status is 200.

use super::body::{Body, json};
use crate::expr::Check;
use crate::scenario::loading::Loading;
use crate::source::{Fields, Kind, Node, Scalar, Span, Spanned};

/// The body: `{ "query": …, "variables": …, "operationName": … }`.
pub(super) fn body(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Body> {
    let query = document(loading, fields)?;
    let mut entries = vec![member("query", query.span, text(query))];
    if let Some((span, node)) = fields
        .entry("variables")
        .filter(|(_, node)| !node.is_null())
    {
        loading.reader.map(node, "variables")?;
        entries.push(member("variables", span, node.clone()));
    }
    if let Some((span, node)) = fields.entry("operation") {
        let name = loading.reader.text(node)?;
        if !is_name(&name.value) {
            let help = "write the name of an operation of `query:`";
            let message = format!("`{}` cannot be the name of an operation", name.value);
            loading.reader.error("T0437", node.span, message, help);
            return None;
        }
        entries.push(member("operationName", span, text(node)));
    }
    let whole = Node {
        span: fields.span,
        kind: Kind::Map(entries),
    };
    Some(Body::Json(json(loading, &whole)))
}

fn member(name: &str, span: Span, node: Node) -> (Spanned<String>, Node) {
    (Spanned::new(name.into(), span), node)
}

/// The same as text, whatever YAML readers would take it for.
fn text(node: &Node) -> Node {
    let text = node.scalar().map(|scalar| scalar.text.clone());
    let text = text.unwrap_or_default();
    Node {
        span: node.span,
        kind: Kind::Scalar(Scalar { text, plain: false }),
    }
}

/// `query:`, a document without templates.
fn document<'n>(loading: &mut Loading<'_>, fields: &Fields<'n>) -> Option<&'n Node> {
    let Some(node) = fields.get("query") else {
        let span = fields
            .entry("graphql")
            .map_or(fields.span, |(span, _)| span);
        let help = "add the document: `query: \"{ products { id } }\"`";
        loading
            .reader
            .error("T0435", span, "a GraphQL step needs `query:`", help);
        return None;
    };
    let Some(scalar) = node.scalar().filter(|_| !node.is_null()) else {
        let message = format!(
            "in a GraphQL step `query:` is the document, and YAML reads {} here",
            node.describe()
        );
        let help = "write it as a block of text, `query: |`, or put it into quotes";
        loading.reader.error("T0435", node.span, message, help);
        return None;
    };
    if let Some(at) = scalar.text.find("{{") {
        let span = node.inner(loading.reader.source(), at..at + 2);
        let message =
            "a template in a GraphQL document, where its value could change the operation";
        let help = "declare a variable, `query ($id: ID!) { … }`, and give it a value: `variables: { id: \"{{ id }}\" }`";
        loading.reader.error("T0436", span, message, help);
        return None;
    }
    Some(node)
}

/// The name of the operation: as the step says, or that of the document.
pub(super) fn operation(fields: &Fields<'_>) -> Option<String> {
    if let Some(named) = fields.get("operation").and_then(Node::scalar) {
        return is_name(&named.text).then(|| named.text.clone());
    }
    let document = &fields.get("query")?.scalar()?.text;
    let document = document.trim_start();
    let kinds = ["query", "mutation", "subscription"];
    let behind = kinds.iter().find_map(|kind| document.strip_prefix(kind))?;
    // `query($id: ID!)` and `queryAll` name nothing.
    let behind = behind.strip_prefix(char::is_whitespace)?;
    let name: String = behind
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    is_name(&name).then_some(name)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What holds of a good answer: no errors, and the members that the step expects.
pub(super) fn checks(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Vec<Spanned<Check>> {
    let span = fields
        .entry("graphql")
        .map_or(fields.span, |(span, _)| span);
    let allowed = fields
        .get("errors")
        .and_then(|node| loading.reader.word(node, &["allowed"]));
    let mut texts = Vec::new();
    if allowed.is_none() {
        texts.push((span, String::from("json $.errors[*] is empty")));
    }
    if let Some((key, node)) = fields.entry("expect") {
        let document = fields.get("query").and_then(Node::scalar);
        if document.is_some_and(|document| !document.text.contains("__typename")) {
            let message = "`expect:` needs `__typename`, and the document does not ask for it";
            let help = "add `__typename` to the selection of each field that is expected";
            loading.reader.error("T0437", key, message, help);
        }
        for (field, members) in loading.reader.map(node, "expect").unwrap_or_default() {
            let members = members_of(loading, members);
            if !is_name(&field.value) {
                let message = format!("`{}` is not a field of the answer", field.value);
                let help = "write a field of the operation, or its alias: `addItemToOrder: Order`";
                loading.reader.error("T0437", field.span, message, help);
                continue;
            }
            let path = format!("json $.data.{}.__typename", field.value);
            let text = match members.as_slice() {
                [] => continue,
                [member] => format!("{path} == \"{member}\""),
                several => format!("{path} in [\"{}\"]", several.join("\", \"")),
            };
            texts.push((field.span, text));
        }
    }
    let compile = |(span, text): (Span, String)| {
        let check = Check::parse(&text, &mut loading.names).ok()?;
        Some(Spanned::new(check, span))
    };
    texts.into_iter().filter_map(compile).collect()
}

fn members_of(loading: &mut Loading<'_>, node: &Node) -> Vec<String> {
    let mut members = Vec::new();
    for item in loading.reader.list(node) {
        let Some(text) = loading.reader.text(item) else {
            continue;
        };
        if is_name(&text.value) {
            members.push(text.value);
        } else {
            let message = format!("`{}` cannot be the name of a type", text.value);
            let help = "write the member of the union that must come: `Order`";
            loading.reader.error("T0437", item.span, message, help);
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Key, Reader, Shape, Source, Type, parse};

    static STEP: Shape = Shape {
        name: "a step",
        required: &[],
        keys: &[Key {
            name: "query",
            kind: Type::Text,
            about: "",
        }],
    };

    #[test]
    fn a_document_names_its_operation() {
        for (document, name) in [
            ("query Products { a }", Some("Products")),
            ("mutation addItem($id: ID!) { a }", Some("addItem")),
            ("\n  query\n  A{ a }", Some("A")),
            ("query { a }", None),
            ("query($id: ID!) { a }", None),
            ("{ query Products }", None),
            ("{ a }", None),
            ("fragment F on A { a }", None),
        ] {
            let text = format!("query: {document:?}\n");
            let source = Source::new("x", text);
            let root = parse(&source).unwrap();
            let mut reader = Reader::new(&source);
            let fields = reader.object(&root, &STEP).unwrap();
            assert_eq!(operation(&fields).as_deref(), name, "{document}");
        }
    }
}
