//! Fragments: steps with a name, from the scenario and the files it includes. In: `include:` and `fragments:`;
//! out: [`Fragment`]s by name, each with the file it stands in. Invariant: a file is read once, whoever includes
//! it, and problems in it point into it.

use super::loading::{File, Loading, Placed};
use super::names::identifier;
use super::vocabulary::{FRAGMENT, INCLUDED};
use crate::source::{Diagnostic, Fields, Kind, Node, Reader, Source, Span, Spanned};
use std::path::{Path, PathBuf};

/// A file under `include:`, as it was read.
#[derive(Debug)]
pub(super) struct Included {
    /// Its text.
    pub(super) source: Source,
    /// What it says.
    pub(super) root: Node,
    /// What paths in it are relative to.
    pub(super) folder: PathBuf,
}

/// Steps with a name.
#[derive(Debug, Clone)]
pub(super) struct Fragment<'a> {
    /// Where it stands.
    pub(super) file: File<'a>,
    /// Where its name stands.
    pub(super) span: Span,
    /// Its parameters: name, its place, and the value where none is given.
    pub(super) parameters: Vec<(&'a str, Span, Option<Placed<'a>>)>,
    /// Its steps.
    pub(super) steps: &'a Node,
    /// It stands in the scenario itself, not in a library.
    pub(super) own: bool,
}

/// Reads all files that a scenario includes, and those that they include.
pub(super) fn gather(
    source: &Source,
    root: &Node,
    path: &Path,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Included> {
    let mut gathering = Gathering {
        files: Vec::new(),
        seen: Vec::new(),
        open: vec![same(path)],
        problems,
    };
    gathering.file(source, root, path.parent().unwrap_or(Path::new("")));
    gathering.files
}

struct Gathering<'p> {
    files: Vec<Included>,
    seen: Vec<PathBuf>,
    open: Vec<PathBuf>,
    problems: &'p mut Vec<Diagnostic>,
}

impl Gathering<'_> {
    fn file(&mut self, source: &Source, root: &Node, folder: &Path) {
        let Some(node) = member(root, "include") else {
            return;
        };
        let mut reader = Reader::new(source);
        let items = reader.list(node);
        for item in items {
            if let Some(text) = reader.text(item) {
                self.include(&mut reader, item, &folder.join(text.value));
            }
        }
        self.problems.extend(reader.finish());
    }

    fn include(&mut self, reader: &mut Reader<'_>, node: &Node, path: &Path) {
        let shown = path.display();
        let known = same(path);
        if self.open.contains(&known) {
            let message = format!("{shown} includes itself, here or through another file");
            let help =
                "remove this line; fragments of one file may use those of another without it";
            return reader.error("T0714", node.span, message, help);
        }
        if self.seen.contains(&known) {
            return;
        }
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read {shown}: {error}");
                let help = "paths are relative to the file that includes";
                return reader.error("T0713", node.span, message, help);
            }
        };
        let source = Source::new(shown.to_string(), text);
        self.seen.push(known.clone());
        match crate::source::parse(&source) {
            Ok(root) => {
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                self.open.push(known);
                self.file(&source, &root, &folder);
                self.open.pop();
                self.files.push(Included {
                    source,
                    root,
                    folder,
                });
            }
            Err(problem) => self.problems.push(super::load::with_help(problem)),
        }
    }
}

/// One path for one file, where the system knows it.
fn same(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.into())
}

fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    let found = entries.iter().find(|(key, _)| key.value == name);
    found.map(|(_, node)| node)
}

/// Reads the `fragments:` of the scenario and of the files it includes.
pub(super) fn read<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    included: &'a [(&'a Included, Node)],
) {
    if let Some(node) = fields.get("fragments") {
        fragments(loading, node, true);
    }
    for (file, root) in included {
        let place = File {
            source: &file.source,
            folder: &file.folder,
        };
        loading.within(place, |loading| {
            let fields = loading.reader.object(root, &INCLUDED);
            if let Some(node) = fields.and_then(|fields| fields.get("fragments")) {
                fragments(loading, node, false);
            }
        });
    }
}

fn fragments<'a>(loading: &mut Loading<'a>, node: &'a Node, own: bool) {
    for (name, node) in loading.reader.map(node, "fragments").unwrap_or_default() {
        loading.label(&name.value, name.span, "a fragment");
        if let Some(first) = loading.fragments.get(name.value.as_str()) {
            let source = first.file.source;
            let (line, _) = source.position(first.span.start);
            let message = format!("a second fragment is named `{}`", name.value);
            let help = format!(
                "the first is in {}, line {line}; give one another name",
                source.name
            );
            loading.reader.error("T0428", name.span, message, help);
            continue;
        }
        if let Some(fragment) = one(loading, name, node, own) {
            loading.fragments.insert(&name.value, fragment);
        }
    }
}

fn one<'a>(
    loading: &mut Loading<'a>,
    name: &'a Spanned<String>,
    node: &'a Node,
    own: bool,
) -> Option<Fragment<'a>> {
    let fields = loading.reader.object(node, &FRAGMENT)?;
    let steps = fields.get("steps")?;
    let file = loading.file();
    let mut parameters = Vec::new();
    match fields.get("with").map(|node| (node, &node.kind)) {
        Some((_, Kind::Map(entries))) => {
            for (name, node) in entries {
                let default = (!node.is_null()).then_some(Placed { file, node });
                parameters.push((name.value.as_str(), name.span, default));
            }
        }
        Some((node, _)) => {
            for item in loading.reader.list(node) {
                if loading.reader.text(item).is_some()
                    && let Some(scalar) = item.scalar()
                {
                    parameters.push((scalar.text.as_str(), item.span, None));
                }
            }
        }
        None => {}
    }
    for (parameter, span, _) in &parameters {
        if !identifier(parameter) {
            let message = format!("`{parameter}` cannot be used in a template");
            let help = "name a parameter with letters, digits and `_`, and no digit first";
            loading.reader.error("T0417", *span, message, help);
        }
    }
    Some(Fragment {
        file,
        span: name.span,
        parameters,
        steps,
        own,
    })
}
