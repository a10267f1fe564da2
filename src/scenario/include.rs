//! `include:` and `fragments:`. In: the tree of a scenario; out: the tree with those of the files that it includes under
//! it, and [`Fragment`]s by name. Invariant: only nodes are moved, so every value keeps its place in its file; a file is
//! read once, whoever includes it.

mod merge;

use super::loading::Loading;
use super::names::identifier;
use super::vocabulary::{FRAGMENT, INCLUDED};
use crate::source::{Diagnostic, Fields, Kind, Node, Reader, Source, Span, Spanned};
use std::path::{Path, PathBuf};

/// A scenario with all that it includes.
#[derive(Debug)]
pub(super) struct Whole {
    /// The texts.
    pub(super) source: Source,
    /// What they say together.
    pub(super) root: Node,
    /// What paths are relative to, file by file as the source counts them.
    pub(super) folders: Vec<PathBuf>,
    /// The included files.
    pub(super) files: Vec<PathBuf>,
}

/// Steps with a name.
#[derive(Debug, Clone)]
pub(super) struct Fragment<'a> {
    /// Where its name stands.
    pub(super) span: Span,
    /// Its parameters: name, its place, and the value where none is given.
    pub(super) parameters: Vec<(&'a str, Span, Option<&'a Node>)>,
    /// Its steps.
    pub(super) steps: &'a Node,
}

/// Reads all files that a scenario includes, and those that they include.
pub(super) fn gather(
    source: Source,
    root: Node,
    path: &Path,
    problems: &mut Vec<Diagnostic>,
) -> Whole {
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let name = source.name.clone();
    let mut gathering = Gathering {
        folders: vec![folder.clone()],
        files: Vec::new(),
        open: vec![(same(path), name.clone())],
        whole: source,
        problems,
    };
    let root = gathering.beneath(&name, root, &folder);
    Whole {
        source: gathering.whole,
        root,
        folders: gathering.folders,
        files: gathering.files,
    }
}

struct Gathering<'p> {
    whole: Source,
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    /// The files that include each other down to this one, with their names.
    open: Vec<(PathBuf, String)>,
    problems: &'p mut Vec<Diagnostic>,
}

impl Gathering<'_> {
    /// Puts what a file includes under what it says itself; `root` has its places in the whole already.
    fn beneath(&mut self, name: &str, mut root: Node, folder: &Path) -> Node {
        let Some(node) = member(&root, "include").cloned() else {
            return root;
        };
        let whole = self.whole.clone();
        let mut reader = Reader::new(&whole);
        let mut included: Option<Node> = None;
        for item in reader.list(&node) {
            let Some(text) = reader.text(item) else {
                continue;
            };
            let Some(tree) = self.file(&mut reader, item, &folder.join(text.value)) else {
                continue;
            };
            match &mut included {
                None => included = Some(tree),
                Some(before) => {
                    let found = merge::conflicts((before, &tree), &root);
                    let tell = |conflict| merge::told(&conflict, &self.whole, name);
                    self.problems.extend(found.into_iter().map(tell));
                    merge::under(before, tree);
                }
            }
        }
        self.problems.extend(reader.finish());
        if let Some(included) = included {
            merge::under(&mut root, included);
        }
        root
    }

    /// Reads one file; `None` where that was done before, or cannot be.
    fn file(&mut self, reader: &mut Reader<'_>, node: &Node, path: &Path) -> Option<Node> {
        let shown = path.display();
        let known = same(path);
        if let Some(at) = self.open.iter().position(|(open, _)| *open == known) {
            let through: Vec<&str> = self.open[at + 1..]
                .iter()
                .map(|(_, n)| n.as_str())
                .collect();
            let through = match through.as_slice() {
                [] => String::new(),
                names => format!(" through {}", names.join(", ")),
            };
            let message = format!("{shown} includes itself{through}");
            let help =
                "remove this line; files that one scenario includes know each other without it";
            reader.error("T0714", node.span, message, help);
            return None;
        }
        if self.files.iter().any(|file| same(file) == known) {
            return None;
        }
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read {shown}: {error}");
                let help = "paths are relative to the file that includes";
                reader.error("T0713", node.span, message, help);
                return None;
            }
        };
        let source = Source::new(shown.to_string(), text);
        self.files.push(path.to_owned());
        let root = crate::source::parse(&source)
            .map_err(|problem| self.problems.push(super::load::with_help(problem)));
        let mut root = self.known(&source, root.ok()?)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        root.shift(self.whole.include(&source));
        self.folders.push(folder.clone());
        self.open.push((known, source.name.clone()));
        let root = self.beneath(&source.name, root, &folder);
        self.open.pop();
        Some(root)
    }

    /// What an included file may say; the rest is told.
    fn known(&mut self, source: &Source, root: Node) -> Option<Node> {
        let mut reader = Reader::new(source);
        let read = reader.object(&root, &INCLUDED).is_some();
        self.problems.extend(reader.finish());
        let Kind::Map(mut entries) = root.kind else {
            return None;
        };
        entries.retain(|(key, _)| INCLUDED.keys.iter().any(|known| known.name == key.value));
        let kind = Kind::Map(entries);
        read.then_some(Node { kind, ..root })
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
pub(super) fn read<'a>(loading: &mut Loading<'a>, fields: &Fields<'a>) {
    let Some(node) = fields.get("fragments") else {
        return;
    };
    for (name, node) in loading.reader.map(node, "fragments").unwrap_or_default() {
        loading.label(&name.value, name.span, "a fragment");
        if let Some(first) = loading.fragments.get(name.value.as_str()) {
            let source = loading.reader.source();
            let (line, _) = source.position(first.span.start);
            let (file, _) = source.place(first.span);
            let message = format!("a second fragment is named `{}`", name.value);
            let help = format!("the first is in {file}, line {line}; give one another name");
            loading.reader.error("T0428", name.span, message, help);
            continue;
        }
        if let Some(fragment) = one(loading, name, node) {
            loading.fragments.insert(&name.value, fragment);
        }
    }
}

fn one<'a>(
    loading: &mut Loading<'a>,
    name: &'a Spanned<String>,
    node: &'a Node,
) -> Option<Fragment<'a>> {
    let fields = loading.reader.object(node, &FRAGMENT)?;
    let steps = fields.get("steps")?;
    let mut parameters = Vec::new();
    match fields.get("with").map(|node| (node, &node.kind)) {
        Some((_, Kind::Map(entries))) => {
            for (name, node) in entries {
                let default = (!node.is_null()).then_some(node);
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
        span: name.span,
        parameters,
        steps,
    })
}
