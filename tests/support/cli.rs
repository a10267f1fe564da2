//! The binary as a user runs it. In: files and arguments; out: exit code, both streams, the reports. Invariant:
//! every run has a folder of its own and sees no environment but what the test gives it.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;
use tollgate::record::RunRecord;

/// Sends a signal: `-INT`.
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let status = Command::new("kill").args([name, &id]).status();
    assert!(status.unwrap().success());
}

/// A folder with files, and the binary to run in it.
pub(crate) struct Bench {
    folder: TempDir,
}

/// What one run of the binary left.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// `--out` of every run: the folder `out`.
    pub(crate) out: PathBuf,
}

impl Bench {
    /// A folder with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for (name, text) in files {
            bench.write(name, text);
        }
        bench
    }

    /// A folder with a scenario, `s.yaml`, whose only flow has these steps.
    pub(crate) fn with_steps(target: &str, steps: &str, profiles: &str) -> Self {
        let text = format!(
            "scenario: s\ntarget: {target}\nflows:\n  f:\n    steps:\n{steps}profiles:\n{profiles}"
        );
        Self::new(&[("s.yaml", &text)])
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.ran(self.command(arguments).output().unwrap())
    }

    /// Starts `run s.yaml --out out` with more arguments.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let all: Vec<&str> = ["run", "s.yaml", "--out", "out"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        self.command(&all).spawn().unwrap()
    }

    /// `run s.yaml --out out` with more arguments, to its end.
    pub(crate) fn smoke(&self, arguments: &[&str]) -> Ran {
        let child = self.start(arguments);
        self.ran(child.wait_with_output().unwrap())
    }

    /// A load of one second; of more, where the machine was too busy to do enough in it. A server that changes under
    /// load is another one each time.
    pub(crate) fn load(
        &self,
        arguments: &[&str],
        server: Option<&dyn Fn() -> String>,
        enough: impl Fn(&RunRecord) -> bool,
    ) -> Ran {
        let lasting = |duration: &&str| {
            let url = server.map(|server| server());
            let target = url.as_deref().map(|url| ["--target", url]);
            let target = target.as_ref().map_or(&[][..], |target| target);
            self.smoke(&[arguments, target, &["--duration", duration]].concat())
        };
        let runs = ["1s", "4s", "16s"].iter().map(lasting);
        let found = runs.into_iter().find(|ran| enough(&ran.record()));
        found.unwrap_or_else(|| lasting(&"64s"))
    }

    pub(crate) fn ran(&self, output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            out: self.path("out"),
        }
    }
}

impl Ran {
    /// Asserts the exit code; shows both streams when it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// The document `result.json`.
    pub(crate) fn result(&self) -> Value {
        serde_json::from_str(&self.report("result.json")).unwrap()
    }

    /// The document `result.json`, which follows its schema.
    #[track_caller]
    pub(crate) fn valid_result(&self) -> Value {
        let schema = serde_json::from_str(tollgate::report::SCHEMA).unwrap();
        let result = self.result();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let problems: Vec<String> = validator
            .iter_errors(&result)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{problems:#?}");
        result
    }

    pub(crate) fn report(&self, name: &str) -> String {
        fs::read_to_string(self.out.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}\n{}", self.stderr))
    }

    /// Asserts that every report is there and not empty.
    #[track_caller]
    pub(crate) fn all_reports(&self) {
        for name in [
            "report.html",
            "summary.csv",
            "windows.csv",
            "result.json",
            "junit.xml",
            "run.tg",
        ] {
            assert!(
                fs::metadata(self.out.join(name)).is_ok_and(|m| m.len() > 0),
                "{name} in {}",
                self.out.display()
            );
        }
    }

    /// The run as it was stored.
    pub(crate) fn record(&self) -> RunRecord {
        tollgate::record::load(Path::new(&self.out)).unwrap()
    }
}
