//! `tollgate init`. In: a folder; out: a scenario, its data and its budgets. Invariant: a file that is there
//! already is never overwritten.

use crate::cli::error::Error;
use clap::Args;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The demo's files, which are the first ones that a user gets. Paths as in the repository.
pub(in crate::cli) const FILES: [(&str, &str); 3] = [
    (
        "scenarios/shop.yaml",
        include_str!("../../../../scenarios/shop.yaml"),
    ),
    (
        "scenarios/data/shoppers.csv",
        include_str!("../../../../scenarios/data/shoppers.csv"),
    ),
    (
        "budgets/shop.yaml",
        include_str!("../../../../budgets/shop.yaml"),
    ),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Init {
    /// Folder to write to.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(in crate::cli) dir: PathBuf,
}

pub(in crate::cli) fn init(args: &Init) -> Result<u8, Error> {
    if let Some((name, _)) = FILES.iter().find(|(name, _)| args.dir.join(name).exists()) {
        let path = args.dir.join(name);
        return Err(Error::Usage(format!(
            "{} is there already; nothing was written",
            path.display()
        )));
    }
    write(&args.dir)?;
    for (name, _) in FILES {
        println!("wrote {}", args.dir.join(name).display());
    }
    println!(
        "next: `tollgate demo --serve 8080` in one terminal, `tollgate run {}` in another",
        args.dir.join(FILES[0].0).display()
    );
    Ok(0)
}

/// Writes the demo's files below a folder; those that are there stay.
pub(in crate::cli) fn write(dir: &Path) -> Result<(), Error> {
    for (name, text) in FILES {
        let path = dir.join(name);
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| {
                fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(&path)
            })
            .and_then(|mut file| file.write_all(text.as_bytes()));
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::Unwritable { path, error }),
        }
    }
    Ok(())
}
