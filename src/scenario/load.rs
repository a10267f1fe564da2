//! One pass over a scenario file. In: its path and the environment; out: [`Loaded`] or all problems.
//! Invariant: every part is read even when another is broken, and a cause is told once.

use super::environment::{Environment, Resolver, Secrets, beside};
use super::flow::{self, Defaults};
use super::names::Names;
use super::profile::{self, Profile};
use super::vocabulary::SCENARIO;
use super::{Loaded, Problems, Scenario, feeder, settings};
use crate::expr::{ParseError, Template};
use crate::source::{Diagnostic, Fields, Kind, Node, Reader, Severity, Source, Span, Spanned};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads a scenario file and the files it names.
///
/// # Errors
/// Every problem of the file, or why it cannot be read.
pub fn load(path: &Path, environment: &Environment) -> Result<Loaded, Problems> {
    let unreadable = |error| Problems::Unreadable {
        path: path.into(),
        error,
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    parse(
        Source::new(path.display().to_string(), text),
        path,
        environment,
    )
}

/// Reads a scenario from its text, as if it stood at `path`: the files it names are relative to that.
///
/// # Errors
/// Every problem of the text; never [`Problems::Unreadable`].
pub fn parse(source: Source, path: &Path, environment: &Environment) -> Result<Loaded, Problems> {
    let root = crate::source::parse(&source).map_err(|problem| Problems::Invalid(vec![problem]))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut problems = Vec::new();
    let file = beside(folder, &mut problems);
    let mut reader = Reader::new(&source);
    for problem in problems {
        reader.push(problem);
    }
    let declared = declared_secrets(&mut reader, &root);
    let mut resolver = Resolver::new(environment, file);
    let root = resolver.expand(&root, &mut reader);
    let secrets = Secrets::new(&declared, &resolver, &mut reader);
    let mut loading = Loading {
        reader,
        names: Names::default(),
        secrets,
        folder,
    };
    let parts = read(&mut loading, &root, path, environment);
    let Loading {
        reader,
        names,
        secrets,
        ..
    } = loading;
    let problems = tidy(reader.finish(), &secrets, resolver.unfilled());
    let failed = problems
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    let (Some(mut scenario), false) = (parts, failed) else {
        return Err(Problems::Invalid(problems));
    };
    scenario.variables = names.into_variables();
    scenario.secrets = secrets.into_values();
    scenario.source = Arc::new(source);
    Ok(Loaded {
        scenario,
        warnings: problems,
        lookups: resolver.lookups(),
    })
}

/// What is known while one file is read.
#[derive(Debug)]
pub(super) struct Loading<'a> {
    /// Typed values and problems.
    pub(super) reader: Reader<'a>,
    /// The variables.
    pub(super) names: Names,
    /// What no URL may hold.
    pub(super) secrets: Secrets,
    folder: &'a Path,
}

impl Loading<'_> {
    /// The path behind a key, relative to the scenario's folder.
    pub(super) fn path(&mut self, node: &Node) -> Option<PathBuf> {
        Some(self.folder.join(self.reader.text(node)?.value))
    }

    /// Notes a file that cannot be read.
    pub(super) fn unreadable(
        &mut self,
        code: &'static str,
        node: &Node,
        path: &Path,
        error: &io::Error,
    ) {
        let shown = path.display();
        let (message, help) = if error.kind() == io::ErrorKind::NotFound {
            let message = format!("there is no file {shown}");
            (message, "paths are relative to the scenario file")
        } else {
            (
                format!("cannot read {shown}: {error}"),
                "name a file that can be read",
            )
        };
        self.reader.error(code, node.span, message, help);
    }

    /// A whole number of at least 1, in digits that every YAML reader takes for the same number.
    pub(super) fn count(&mut self, node: &Node) -> Option<u64> {
        if !self.plain_digits(node) {
            return None;
        }
        let count = self.reader.integer(node)?;
        if count == 0 {
            self.reader
                .error("T0604", node.span, "expected at least 1", "write 1 or more");
        }
        (count > 0).then_some(count)
    }

    /// Notes `012` (octal to some) and `1_000` (a text to some).
    pub(super) fn plain_digits(&mut self, node: &Node) -> bool {
        let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
        let digits = text.replace('_', "");
        let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let short = digits.trim_start_matches('0');
        let trap = number && (text.contains('_') || (digits.len() > 1 && digits.starts_with('0')));
        if trap {
            let meant = if short.is_empty() { "0" } else { short };
            let message = format!("YAML readers do not agree on the number `{text}`");
            self.reader
                .error("T0421", node.span, message, format!("write `{meant}`"));
        }
        !trap
    }

    /// Compiles a scalar as a template.
    pub(super) fn template(&mut self, node: &Node) -> Option<Template> {
        self.compile(node, "T0310", Template::parse)
    }

    /// Compiles a scalar; what is wrong is noted in the best words.
    pub(super) fn compile<T>(
        &mut self,
        node: &Node,
        code: &'static str,
        parse: impl FnOnce(&str, &mut dyn crate::expr::Scope) -> Result<T, ParseError>,
    ) -> Option<T> {
        let text = self.reader.text(node)?;
        self.names.listen();
        match parse(&text.value, &mut self.names) {
            Ok(compiled) => Some(compiled),
            Err(error) => {
                let problem = error.diagnostic(code, self.reader.source(), node);
                self.reader.push(self.names.explain(problem));
                None
            }
        }
    }

    /// Whether a text can name something in reports and budgets; `what` is "a step", "a flow", …
    pub(super) fn label(&mut self, text: &str, span: Span, what: &str) -> bool {
        let (message, help) = if text.contains("{{") {
            let help =
                "name it the same for every request: reports and budgets have one line per name";
            (
                format!("the name of {what} is fixed text, without templates"),
                help,
            )
        } else if text.trim().is_empty() {
            (format!("the name of {what} is empty"), "name it")
        } else if text.chars().any(char::is_control) {
            (
                format!("the name of {what} has control characters"),
                "write it on one line",
            )
        } else if what != "a step" && text.contains('/') {
            let help = "budgets write `flow/step`; use `-` instead";
            (format!("the name of {what} has a `/`"), help)
        } else {
            return true;
        };
        self.reader.error("T0409", span, message, help);
        false
    }
}

/// `secrets:` as it is written: these names say what must not be shown, so they are read first.
fn declared_secrets(reader: &mut Reader<'_>, root: &Node) -> Vec<Spanned<String>> {
    let Kind::Map(entries) = &root.kind else {
        return Vec::new();
    };
    let Some((_, node)) = entries.iter().find(|(key, _)| key.value == "secrets") else {
        return Vec::new();
    };
    reader
        .list(node)
        .into_iter()
        .filter_map(|item| reader.text(item))
        .collect()
}

/// Everything but what is only known at the end.
fn read(
    loading: &mut Loading<'_>,
    root: &Node,
    path: &Path,
    environment: &Environment,
) -> Option<Scenario> {
    let fields = loading.reader.object(root, &SCENARIO)?;
    let stem = || {
        path.file_stem()
            .map_or_else(String::new, |s| s.to_string_lossy().into_owned())
    };
    let name = fields.get("scenario").map_or_else(
        || Some(stem()),
        |node| {
            let text = loading.reader.text(node)?;
            loading
                .label(&text.value, text.span, "a scenario")
                .then_some(text.value)
        },
    );
    let target = settings::target(loading, &fields, environment);
    let budgets = settings::budgets(loading, &fields, path);
    let allow = settings::allow(loading, &fields);
    let tls = settings::tls(loading, &fields);
    let defaults = Defaults::read(loading, fields.get("defaults"));
    let data = fields
        .get("data")
        .map_or_else(Vec::new, |node| feeder::read(loading, node));
    let flows = fields
        .get("flows")
        .map_or_else(Vec::new, |node| flow::read(loading, node, &defaults, &data));
    unused_feeders(loading, &fields, &flows, &data);
    let profiles = profiles(loading, &fields);
    Some(Scenario {
        name: name?,
        source: Arc::new(Source::new("", "")),
        target: target?,
        budgets,
        secrets: Vec::new(),
        allow,
        tls,
        variables: Vec::new(),
        data,
        flows,
        profiles,
    })
}

fn profiles(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Vec<Profile> {
    fields
        .get("profiles")
        .filter(|node| !node.is_null())
        .map_or_else(
            || vec![Profile::smoke()],
            |node| profile::read(loading, node),
        )
}

fn unused_feeders(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    flows: &[flow::Flow],
    data: &[feeder::Feeder],
) {
    let Some(Kind::Map(entries)) = fields.get("data").map(|node| &node.kind) else {
        return;
    };
    // Where a step is broken, nobody knows what it would have read.
    if loading.reader.failed() {
        return;
    }
    for (index, feeder) in data.iter().enumerate() {
        let used = flows.iter().any(|flow| flow.feeders.contains(&index));
        let key = entries.iter().find(|(key, _)| key.value == feeder.name);
        if let (false, Some((key, _))) = (used, key) {
            let column = feeder
                .columns
                .first()
                .map_or("column", |(column, _)| column.as_str());
            let message = format!("no flow reads the feeder `{}`", feeder.name);
            let warning = Diagnostic::warning("T0508", loading.reader.source(), key.span, message)
                .help(format!(
                    "use it as `{{{{ {}.{column} }}}}`, or remove it",
                    feeder.name
                ));
            loading.reader.push(warning);
        }
    }
}

/// One problem per cause: aliases repeat their node's problems, and a text with an unset `${NAME}` is wrong
/// in every further way because of that.
fn tidy(problems: Vec<Diagnostic>, secrets: &Secrets, unfilled: &[Span]) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::new();
    for mut problem in problems {
        let span = problem.span;
        let inside = |hole: &Span| hole.start <= span.start && span.end <= hole.end;
        let follows = !problem.code.starts_with("T07") && unfilled.iter().any(inside);
        secrets.mask(&mut problem);
        let known = |k: &Diagnostic| {
            k.code == problem.code
                && k.span == span
                && k.message == problem.message
                && k.source.name == problem.source.name
        };
        if !follows && !kept.iter().any(known) {
            kept.push(problem);
        }
    }
    kept.sort_by_key(|problem| problem.span.start);
    kept
}
