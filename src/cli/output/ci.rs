//! The CI system around the process. In: its variables; out: which one it is, and what GitHub Actions is told: the
//! summary of the job, annotations, outputs. Invariant: speaking to it changes no verdict and no exit code, and what
//! cannot be told is a warning.

use super::Folder;
use crate::report::{Gravity, Markdown, Problem, Reporter, SUMMARY, View, annotations};
use crate::source::{Diagnostic, Severity};
use rand::RngExt as _;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What stands around the process.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Ci {
    /// A person, or a system that is told nothing but files and an exit code.
    None,
    /// GitHub Actions; it lives as long as the process.
    GitHub(&'static Actions),
    /// GitLab CI.
    GitLab,
}

/// GitHub Actions.
#[derive(Debug, Default)]
pub(in crate::cli) struct Actions {
    /// Where the summary of the job is.
    summary: Option<PathBuf>,
    /// Where outputs of the step go.
    output: Option<PathBuf>,
    /// What paths in annotations are relative to.
    workspace: Option<PathBuf>,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    problems: Vec<Problem>,
    runs: Vec<Ran>,
}

/// A run that ended.
#[derive(Debug)]
struct Ran {
    code: u8,
    verdict: String,
    sentence: String,
    folder: Option<String>,
    p95: Option<f64>,
}

impl Ci {
    /// As the environment says.
    pub(in crate::cli) fn around() -> Self {
        let says = |name: &str| env::var(name).is_ok_and(|value| value == "true");
        let path = |name: &str| {
            let path = env::var_os(name).filter(|value| !value.is_empty());
            path.map(PathBuf::from)
        };
        if says("GITHUB_ACTIONS") {
            return Self::GitHub(Box::leak(Box::new(Actions {
                summary: path("GITHUB_STEP_SUMMARY"),
                output: path("GITHUB_OUTPUT"),
                workspace: path("GITHUB_WORKSPACE"),
                told: Mutex::default(),
            })));
        }
        if says("GITLAB_CI") {
            return Self::GitLab;
        }
        Self::None
    }

    /// A text that may hold what a server said, so that no line of it is a command: for standard output.
    pub(in crate::cli) fn fenced(self, text: &mut Vec<u8>) {
        if let Self::GitHub(_) = self {
            let token = token();
            text.splice(0..0, format!("::stop-commands::{token}\n").into_bytes());
            text.extend(format!("::{token}::\n").into_bytes());
        }
    }

    /// A run has ended: its summary goes to the job at once.
    pub(in crate::cli) fn ran(self, view: &View, folder: Option<&Folder>) {
        if let Self::GitHub(actions) = self {
            actions.ran(view, folder);
        }
    }

    /// Files have problems.
    pub(in crate::cli) fn diagnosed(self, problems: &[Diagnostic]) {
        if let Self::GitHub(actions) = self {
            let mut told = actions.told.lock().unwrap_or_else(PoisonError::into_inner);
            let found = problems.iter().map(|p| actions.diagnosis(p));
            told.problems.extend(found);
        }
    }

    /// The process ends with this code.
    pub(in crate::cli) fn end(self, code: u8) {
        if let Self::GitHub(actions) = self {
            actions.end(code);
        }
    }
}

impl Actions {
    fn ran(&self, view: &View, folder: Option<&Folder>) {
        if let Some(path) = &self.summary
            && let Err(error) = summarise(path, view)
        {
            eprintln!("warning: the summary of the job was not written: {error}");
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.runs.push(Ran {
            code: view.exit.code,
            verdict: view.word.text().to_lowercase(),
            sentence: view.sentence.clone(),
            folder: folder.map(|f| f.path().display().to_string()),
            p95: view.totals.all.response.p95.ms,
        });
        let problems = view.problems.iter().map(|problem| Problem {
            file: self.within(&problem.file),
            ..problem.clone()
        });
        told.problems.extend(problems);
    }

    fn diagnosis(&self, problem: &Diagnostic) -> Problem {
        let help = problem.help.as_deref();
        let help = help.map_or_else(String::new, |help| format!("; {help}"));
        Problem {
            gravity: match problem.severity {
                Severity::Error => Gravity::Error,
                Severity::Warning | Severity::Note => Gravity::Warning,
            },
            kind: "file",
            file: self.within(&problem.source.name),
            line: problem.source.position(problem.span.start).0,
            title: problem.code.to_owned(),
            message: format!("{}{help}", problem.message),
        }
    }

    /// A path relative to the workspace, where the file is in it.
    fn within(&self, file: &str) -> String {
        let inside = || {
            let root = fs::canonicalize(self.workspace.as_ref()?).ok()?;
            let path = fs::canonicalize(file).ok()?;
            Some(path.strip_prefix(root).ok()?.display().to_string())
        };
        if file.is_empty() {
            return String::new();
        }
        inside().unwrap_or_else(|| file.to_owned())
    }

    fn end(&self, code: u8) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.problems.sort_by_key(|p| p.gravity);
        // One write: lines of other threads do not come between.
        let commands = annotations(&told.problems);
        io::stdout().lock().write_all(commands.as_bytes()).ok();
        // A command that runs nothing and finds nothing has nothing to say.
        let (Some(path), true) = (&self.output, code != 0 || !told.runs.is_empty()) else {
            return;
        };
        let text = outputs(&told.runs, code);
        if let Err(error) = append(path, text.as_bytes()) {
            eprintln!("warning: the outputs of the step were not written: {error}");
        }
    }
}

/// Appends a run to the summary, as much of it as the step has room for.
fn summarise(path: &Path, view: &View) -> io::Result<()> {
    let taken = fs::metadata(path).map_or(0, |file| file.len() as usize);
    let most = SUMMARY.saturating_sub(taken);
    if most == 0 {
        return Ok(());
    }
    let mut text = Vec::new();
    let reporter = Markdown {
        most,
        sticky: false,
    };
    reporter.render(view, &mut text)?;
    // GitHub drops a summary that is too long whole.
    if text.len() > most + (1 << 16) {
        return Ok(());
    }
    append(path, &text)
}

fn append(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text)
}

/// `verdict=pass` and its kin, for later steps of the job.
fn outputs(runs: &[Ran], code: u8) -> String {
    // What decided: the run that the process ends with.
    let decisive = runs.iter().find(|run| run.code == code).or(runs.first());
    let verdict = decisive.map_or("error", |run| run.verdict.as_str());
    let sentence = decisive.map_or("", |run| run.sentence.as_str());
    let folders: Vec<&str> = runs.iter().filter_map(|r| r.folder.as_deref()).collect();
    let pages: Vec<String> = folders
        .iter()
        .map(|folder| Path::new(folder).join("report.html").display().to_string())
        .collect();
    let p95 = match runs {
        [run] => run.p95.map_or_else(String::new, |ms| format!("{ms:.3}")),
        _ => String::new(),
    };
    let plain = format!("verdict={verdict}\nexit-code={code}\np95-ms={p95}\n");
    let long = [
        ("sentence", sentence.to_owned()),
        ("report-dir", folders.join("\n")),
        ("report", pages.join("\n")),
    ];
    let long = long.map(|(name, value)| {
        let end = token();
        format!("{name}<<{end}\n{value}\n{end}\n")
    });
    plain + &long.concat()
}

/// What nobody else can know, so that no text ends what it begins.
fn token() -> String {
    let mut rng = rand::rng();
    format!("tollgate-{:032x}", rng.random::<u128>())
}
