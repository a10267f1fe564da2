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
use super::{Options, name, secret};
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
        let name = name::environment(&[&self.prefix, name]);
        self.draft.secret(&name);
        secret::placeholder(&name)
    }

    /// A constant that the user has to fill in, as a template.
    fn fill_in(&mut self, name: &str, value: Value, what: &str) -> String {
        let mut name = name::variable(name);
        if self.captured.contains(&name) {
            name.push_str("_given");
        }
        if !self
            .draft
            .variables
            .iter()
            .any(|(known, ..)| *known == name)
        {
            self.draft
                .variables
                .push((name.clone(), value, name::line(what, 80)));
        }
        format!("{{{{ {name} }}}}")
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
            name: scenario_name(title),
            ..Draft::default()
        },
        prefix: prefix(title),
        base: String::new(),
        captured: Vec::new(),
        root,
    };
    head(&mut context, title, &document.source.name);
    server::target(&mut context, options).map_err(|(pointer, what)| {
        document.error(&pointer, what, "give one with --target https://HOST")
    })?;
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
    if tree.exhausted() {
        return Err(document.error(
            "#",
            "its references lead to more and more references",
            "remove circles of `allOf` and `$ref`",
        ));
    }
    Ok(context.draft)
}

fn head(context: &mut Context<'_>, title: &str, file: &str) {
    let version = context
        .root
        .path(&["info"])
        .and_then(|info| info.text("version"))
        .unwrap_or_default();
    let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let made = if file == "-" {
        String::new()
    } else {
        format!(": made of {} by `tollgate import`", name::line(file, 60))
    };
    context.draft.head = vec![
        format!("{}{made}.", name::line(format!("{title} {version}").trim(), 60)),
        "It is a first draft: look at the order of the steps, the data they send and what they check.".into(),
        "`tollgate validate FILE` checks it and sends nothing; `tollgate run FILE` does every flow once.".into(),
    ];
}

/// `Farmers' Market Products API` → `farmers market products`.
fn scenario_name(title: &str) -> String {
    let words: Vec<String> = name::words(title)
        .into_iter()
        .filter(|w| !matches!(w.as_str(), "api" | "rest" | "openapi"))
        .collect();
    if words.is_empty() {
        "api".into()
    } else {
        name::title(&words.join(" "))
    }
}

/// The first two words of the title, for names of environment variables.
fn prefix(title: &str) -> String {
    let name = scenario_name(title);
    let words: Vec<&str> = name
        .split(' ')
        .filter(|w| !matches!(*w, "the" | "a" | "my"))
        .take(2)
        .collect();
    words.join(" ")
}
