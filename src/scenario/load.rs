//! One pass over a scenario file. In: its path and the environment; out: [`Loaded`] or all problems.
//! Invariant: every part is read even when another is broken, and a cause is told once.

use super::environment::{
    Environment, Outside, Resolver, Secrets, beside, overlay, settings as written,
};
use super::flow::{self, Here, Journeys, Trail};
use super::include;
use super::loading::Loading;
use super::names::Names;
use super::profile::{self, Profile};
use super::vocabulary::SCENARIO;
use super::{
    Loaded, Problems, Scenario, constants, feeder, network, notify, observe, settings, timing,
    trace,
};
use crate::expr::Value;
use crate::source::{
    Diagnostic, Fields, Kind, Node, Reader, Scalar, Severity, Source, Span, Spanned,
};
use std::collections::BTreeMap;
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
    let root = crate::source::parse(&source)
        .map_err(|problem| Problems::Invalid(vec![with_help(problem)]))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut problems = Vec::new();
    let file = beside(folder, &mut problems);
    let whole = include::gather(source, root, path, &mut problems);
    let mut reader = Reader::new(&whole.source);
    for problem in problems {
        reader.push(problem);
    }
    let mut laid = overlay::lay(whole.root, environment, &mut reader)
        .map_err(|problem| Problems::Invalid(vec![*problem]))?;
    retarget(&mut laid.root, environment);
    let declared = declared_secrets(&mut reader, &laid.root);
    let mut resolver = Resolver::new(environment, file);
    let root = resolver.expand(&laid.root, &mut reader);
    let secrets = Secrets::new(&declared, &resolver, &mut reader);
    let mut loading = Loading {
        reader,
        names: Names::new(Outside::new(folder, &resolver, &declared)),
        secrets,
        uses: resolver.uses(),
        folders: &whole.folders,
        fragments: BTreeMap::new(),
        trail: Trail::default(),
        quiet: false,
        files: Vec::new(),
    };
    let parts = read(&mut loading, &root, (path, environment));
    let (names, secrets, mut files) = (loading.names, loading.secrets, loading.files);
    let problems = loading.reader.finish().into_iter().map(|p| laid.explain(p));
    let problems = tidy(
        problems.collect(),
        &whole.source,
        &secrets,
        resolver.unfilled(),
    );
    let wrong = |problem: &Diagnostic| problem.severity == Severity::Error;
    let failed = problems.iter().any(wrong);
    let (Some(mut scenario), false) = (parts, failed) else {
        return Err(Problems::Invalid(problems));
    };
    let lookups = resolver.lookups(&declared, names.outside().asked());
    add_texts(&mut files, path, (&whole.files, &names));
    scenario.variables = names.into_variables();
    scenario.secrets = secrets.into_values();
    scenario.source = Arc::new(whole.source);
    scenario.environment = environment.chosen().map(str::to_owned);
    Ok(Loaded {
        settings: written(
            (&laid.root, &root),
            laid.keys.as_deref().unwrap_or_default(),
            resolver.uses(),
            &declared,
        ),
        scenario,
        warnings: problems,
        lookups,
        files,
    })
}

/// Adds the files that were read before everything else, and those that expressions read.
fn add_texts(files: &mut Vec<PathBuf>, path: &Path, (included, names): (&[PathBuf], &Names)) {
    files.extend(names.outside().files().iter().cloned());
    let folder = path.parent().unwrap_or(Path::new(""));
    files.extend([path.to_owned(), folder.join(".env")]);
    files.extend_from_slice(included);
}

/// The names of a file's `environments:`, and whether it has a target only with one of them. Nothing where the
/// file cannot be read: [`load`] says why.
pub fn environments(path: &Path) -> (Vec<String>, bool) {
    let Ok(text) = std::fs::read_to_string(path) else {
        return (Vec::new(), false);
    };
    let source = Source::new(path.display().to_string(), text);
    let whole = crate::source::parse(&source)
        .map(|root| include::gather(source, root, path, &mut Vec::new()));
    whole.map_or((Vec::new(), false), |whole| overlay::listed(whole.root))
}

/// `--target` in the place of `target:`, before anyone asks what stands there: it may be a variable that is
/// only set elsewhere, or nothing, where only environments have one.
fn retarget(root: &mut Node, environment: &Environment) {
    let (Kind::Map(entries), Some(target)) = (&mut root.kind, environment.target()) else {
        return;
    };
    let kind = Kind::Scalar(Scalar {
        text: target.as_str().into(),
        plain: false,
    });
    if let Some((_, node)) = entries.iter_mut().find(|(key, _)| key.value == "target") {
        node.kind = kind;
    } else {
        let span = Span::new(root.span.start, root.span.start);
        let key = Spanned::new("target".to_owned(), span);
        entries.push((key, Node { span, kind }));
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
fn read<'a>(
    loading: &mut Loading<'a>,
    root: &'a Node,
    (path, environment): (&Path, &Environment),
) -> Option<Scenario> {
    let fields = loading.reader.object(root, &SCENARIO)?;
    let name = name(loading, &fields, path);
    let target = settings::target(loading, &fields);
    let budgets = settings::budgets(loading, &fields, path);
    let allow = settings::allow(loading, &fields);
    let tls = network::tls(loading, &fields);
    let mut network = network::network(loading, &fields);
    let connections = settings::connections(loading, &fields);
    let http = settings::http(loading, &fields);
    let streams = settings::streams(loading, &fields, http);
    let preflight = settings::preflight(loading, &fields);
    let observe = observe::read(loading, &fields, target.as_ref());
    let mut constants = constants::read(loading, &fields);
    include::read(loading, &fields);
    let here = Here::read(loading, fields.get("defaults"));
    let data = fields
        .get("data")
        .map_or_else(Vec::new, |node| feeder::read(loading, node));
    let mut journeys = flow::read(loading, &fields, &here, &data);
    // Where a step is broken, nobody knows what it would have read.
    if !loading.reader.failed() {
        unused_feeders(loading, &fields, &journeys, &data);
        constants::unused(loading, &fields, &constants);
        flow::unused(loading);
    }
    lists(loading, &mut journeys, (&data, &mut constants));
    let profiles = profiles(loading, &fields, &journeys);
    let url = target.as_ref().map(|target| &target.value);
    if url.is_some_and(|url| url.scheme() != "https") {
        network::unused(loading, &fields);
    }
    network.proxies = network::proxies(loading, &fields, environment, url);
    Some(Scenario {
        name: name?,
        source: Arc::new(Source::new("", "")),
        environment: None,
        target: target?,
        budgets,
        secrets: Vec::new(),
        allow,
        tls,
        network,
        connections,
        http,
        streams,
        preflight,
        observe,
        trace: trace::read(loading, &fields),
        server_timing: timing::read(loading, &fields),
        // Behind all else: what is wrong here because of a missing variable is dropped, and hides nothing.
        notify: notify::read(loading, &fields),
        variables: Vec::new(),
        data,
        flows: journeys.flows,
        setup: journeys.setup,
        teardown: journeys.teardown,
        user_setup: journeys.user_setup,
        user_teardown: journeys.user_teardown,
        constants,
        profiles,
    })
}

/// Feeders that are read as lists are constants, and the loops over constant lists are counted.
fn lists(
    loading: &Loading<'_>,
    journeys: &mut Journeys,
    (data, constants): (&[feeder::Feeder], &mut Vec<(usize, Value)>),
) {
    constants.extend(feeder::lists(data, &loading.names));
    flow::count_lists(journeys, constants);
}

/// `scenario:`, or the file's name.
fn name(loading: &mut Loading<'_>, fields: &Fields<'_>, path: &Path) -> Option<String> {
    let Some(node) = fields.get("scenario") else {
        let stem = path.file_stem().unwrap_or_default();
        return Some(stem.to_string_lossy().into_owned());
    };
    let text = loading.reader.text(node)?;
    loading
        .label(&text.value, text.span, "a scenario")
        .then_some(text.value)
}

fn profiles(loading: &mut Loading<'_>, fields: &Fields<'_>, journeys: &Journeys) -> Vec<Profile> {
    fields
        .get("profiles")
        .filter(|node| !node.is_null())
        .map_or_else(
            || vec![Profile::smoke()],
            |node| profile::read(loading, node, journeys),
        )
}

fn unused_feeders(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    journeys: &Journeys,
    data: &[feeder::Feeder],
) {
    let Some(Kind::Map(entries)) = fields.get("data").map(|node| &node.kind) else {
        return;
    };
    for (index, feeder) in data.iter().enumerate() {
        let used = journeys.all().any(|flow| flow.feeders.contains(&index))
            || loading.names.rows_of(&feeder.name).is_some();
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

/// The parser of YAML says what is wrong and leaves the fix to us.
pub(super) fn with_help(mut problem: Diagnostic) -> Diagnostic {
    if problem.help.is_none() {
        problem.help = Some(String::from(if problem.message.contains("tab") {
            "indent with spaces"
        } else if problem.message.contains("parsing a flow") {
            "inside `{ }` and `[ ]`, quote a text that holds `[`, `]`, `{`, `}` or `,`, or write one item a line"
        } else {
            "check the indentation, and quote a text that holds `: `, ` #`, or begins with `{`, `[`, `*`, `&` or `%`"
        }));
    }
    problem
}

/// What is said of something that has no use: a feeder, a constant, a key that changes nothing.
const UNUSED: [&str; 6] = ["T0449", "T0508", "T0710", "T0711", "T0738", "T0745"];

/// One problem per cause: aliases repeat their node's problems, and a text with an unset `${NAME}` is wrong
/// in every further way because of that. No secret leaves in a message or in a line of the file.
fn tidy(
    problems: Vec<Diagnostic>,
    source: &Source,
    secrets: &Secrets,
    unfilled: &[Span],
) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::new();
    for mut problem in problems {
        let span = problem.span;
        let inside = |hole: &Span| {
            let (file, hole) = source.place(*hole);
            file == problem.source.name && hole.start <= span.start && span.end <= hole.end
        };
        // Whether a name is declared does not depend on its value.
        let cause = matches!(problem.code, "T0701" | "T0702" | "T0741" | "T0744");
        let follows = !cause && unfilled.iter().any(inside);
        secrets.mask(&mut problem);
        let known = |k: &Diagnostic| {
            k.code == problem.code
                && k.span == span
                && k.message == problem.message
                && k.source.name == problem.source.name
        };
        // What one scenario does not use another may.
        let idle = UNUSED.contains(&problem.code) && problem.source.name != source.name;
        if !follows && !idle && !kept.iter().any(known) {
            kept.push(problem);
        }
    }
    kept.sort_by_key(|problem| (problem.source.name != source.name, problem.span.start));
    kept
}
