//! OpenAPI 3.0 and 3.1. In: a document; out: a draft with one flow a tag, whose steps come in an order that can work. Read as JSON
//! by our own walk and not by a crate of typed structs: those speak one version each and give up on the first thing
//! that is not as the standard has it, and most documents have one. Invariant: what is not taken over is noted.

mod flow;
mod operation;
mod parameter;
mod provider;
mod request;
mod schema;
mod security;
mod server;
mod tree;

use super::document::{Document, ImportError};
use super::draft::Draft;
use super::{Options, name};
use security::Security;
use serde_json::Value;
use tree::{At, Tree};

/// Operations that one scenario can take.
const OPERATIONS: usize = 3_000;

/// What all parts of an import share.
struct Context<'a> {
    root: At<'a>,
    draft: Draft,
    /// How environment variables begin: `FARMERS_MARKET`.
    prefix: String,
    /// What stands before every path.
    base: String,
    /// Variables that some flow captures.
    captured: Vec<String>,
}

impl Context<'_> {
    /// The placeholder of a secret, which is declared.
    fn secret(&mut self, name: &str) -> String {
        self.draft.placeholder(&self.prefix, name)
    }

    /// A constant that the user has to fill in, as a template.
    fn fill_in(&mut self, name: &str, value: Value, what: &str) -> String {
        let mut name = name::variable(name);
        if self.captured.contains(&name) {
            name.push_str("_given");
        }
        self.draft.fill_in(&name, value, what)
    }
}

/// Makes a draft of a document.
pub(super) fn draft(document: &Document<'_>, options: &Options) -> Result<Draft, ImportError> {
    let tree = Tree::new(&document.root);
    let root = tree.root();
    let title = root
        .path(&["info"])
        .and_then(|info| info.text("title"))
        .unwrap_or("api");
    let mut context = Context {
        draft: Draft {
            name: name::scenario(title),
            ..Draft::default()
        },
        prefix: name::prefix(title),
        base: String::new(),
        captured: Vec::new(),
        root,
    };
    let version = context
        .root
        .path(&["info"])
        .and_then(|info| info.text("version"))
        .unwrap_or_default();
    context
        .draft
        .head(&format!("{title} {version}"), &document.source.name);
    server::target(&mut context, options)?;
    let operations = operation::all(&mut context);
    if operations.len() > OPERATIONS {
        let what = format!(
            "{} operations are more than one scenario should have",
            operations.len()
        );
        return Err(document.error(
            "#/paths",
            what,
            "cut the document into several, 3000 operations are the limit",
        ));
    }
    if operations.is_empty() {
        return Err(document.error(
            "#/paths",
            "there are no operations to take over",
            "an operation is `paths: { /products: { get: … } }`, not deprecated",
        ));
    }
    let security = Security::read(&mut context, &operations);
    let flows = operation::flows(operations);
    flow::all(&mut context, &flows, &security);
    dangling(&mut context, &tree);
    if tree.exhausted() {
        return Err(document.error(
            "#",
            "its references lead to more and more references",
            "remove circles of `allOf` and `$ref`",
        ));
    }
    Ok(context.draft)
}

/// Notes the references that lead nowhere.
fn dangling(context: &mut Context<'_>, tree: &Tree<'_>) {
    for (pointer, what) in tree.dangling() {
        let what = if what.starts_with('#') || what.starts_with("references") {
            format!("`{what}` leads nowhere")
        } else {
            format!(
                "`{what}` is in another file; bundle the document first, with `npx @redocly/cli bundle`"
            )
        };
        context.draft.leave(pointer, what);
    }
}
