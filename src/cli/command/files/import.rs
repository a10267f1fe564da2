//! `tollgate import`. In: a document that describes a system, such as an OpenAPI file; out: a scenario. Invariant: nothing
//! is sent, and a file that is there is never overwritten unless that is asked for.

use crate::cli::Terminal;
use crate::cli::error::Error;
use crate::import::{self, ImportError, Imported, Kind, Options, SIZE_LIMIT};
use crate::source::Source;
use clap::{Args, ValueEnum};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// The document; `-` reads it from standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the scenario is written; standard output when left out.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the system is, in the place of what the document says.
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// What the document is; recognised by its content when left out.
    #[arg(long, value_name = "KIND")]
    from: Option<From>,
    /// Overwrites what is there.
    #[arg(long)]
    force: bool,
}

/// Kinds of documents.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum From {
    /// OpenAPI 3.0 or 3.1, YAML or JSON.
    Openapi,
    /// A browser's recording.
    Har,
    /// Command lines of curl.
    Curl,
    /// A collection of Postman, 2.1.
    Postman,
}

impl From {
    fn kind(self) -> Kind {
        match self {
            Self::Openapi => Kind::OpenApi,
            Self::Har => Kind::Har,
            Self::Curl => Kind::Curl,
            Self::Postman => Kind::Postman,
        }
    }
}

pub(in crate::cli) fn import(args: &Import, terminal: Terminal) -> Result<u8, Error> {
    let source = read(&args.file)?;
    let options = Options {
        kind: args.from.map(From::kind),
        target: args.target.clone(),
    };
    let imported = import::import(&source, &options).map_err(|error| match error {
        ImportError::Yaml(problem) => Error::Usage(
            problem
                .render(terminal.stderr)
                .trim_start_matches("error: ")
                .to_owned(),
        ),
        other @ ImportError::Document { .. } => Error::Usage(other.to_string()),
    })?;
    write(args, &imported)?;
    tell(args, &imported);
    Ok(0)
}

fn read(path: &Path) -> Result<Source, Error> {
    let unreadable =
        |error: io::Error| Error::Usage(format!("cannot read {}: {error}", path.display()));
    let mut bytes = Vec::new();
    // One byte more than is read says that there is more.
    let most = SIZE_LIMIT as u64 + 1;
    if path == Path::new("-") {
        io::stdin()
            .lock()
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    } else {
        fs::File::open(path)
            .and_then(|file| file.take(most).read_to_end(&mut bytes))
            .map_err(unreadable)?;
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::Usage(format!(
            "{}: byte {at} is not UTF-8; save the file as UTF-8",
            path.display()
        ))
    })?;
    Ok(Source::new(path.display().to_string(), text))
}

fn write(args: &Import, imported: &Imported) -> Result<(), Error> {
    let Some(path) = &args.out else {
        return Ok(io::stdout().lock().write_all(imported.text.as_bytes())?);
    };
    let unwritable = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Error::Usage(format!(
            "{} is there already; nothing was written; --force overwrites it",
            path.display()
        )),
        _ => Error::Unwritable {
            path: path.clone(),
            error,
        },
    };
    let mut options = fs::OpenOptions::new();
    options.write(true);
    if args.force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut file = options.open(path).map_err(unwritable)?;
    file.write_all(imported.text.as_bytes()).map_err(unwritable)
}

fn tell(args: &Import, imported: &Imported) {
    for left in &imported.left {
        eprintln!("not taken over: {}: {}", left.place, left.what);
    }
    if let Some(path) = &args.out {
        println!(
            "wrote {}: {} request steps; next: `tollgate validate {0}`",
            path.display(),
            imported.steps
        );
    }
}
