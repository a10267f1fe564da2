//! The git revision of the working directory. In: its files; out: the beginning of the commit's name. Invariant: what
//! cannot be read is `None`, and no process is started: that would cost more than a small smoke test.

use std::fs;
use std::path::{Path, PathBuf};

/// Characters of a commit's name that are kept.
const SHORT: usize = 12;

/// The commit that is checked out in `folder` or around it.
pub(super) fn revision(folder: &Path) -> Option<String> {
    let git = folder.ancestors().find_map(|folder| {
        let git = folder.join(".git");
        git.exists().then_some(git)
    })?;
    let git = if git.is_dir() { git } else { elsewhere(&git)? };
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    let Some(name) = head.trim().strip_prefix("ref: ") else {
        return short(&head);
    };
    // Branches are those of the repository that a worktree belongs to.
    let common = fs::read_to_string(git.join("commondir"));
    let common = common.map_or_else(|_| git.clone(), |path| git.join(path.trim()));
    let loose = |folder: &Path| fs::read_to_string(folder.join(name)).ok();
    loose(&git)
        .or_else(|| loose(&common))
        .and_then(|id| short(&id))
        .or_else(|| packed(&common, name))
}

/// Where `.git` leads that is a file: `gitdir: …`.
fn elsewhere(file: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(file).ok()?;
    let path = text.trim().strip_prefix("gitdir: ")?;
    Some(file.parent()?.join(path))
}

fn packed(git: &Path, name: &str) -> Option<String> {
    let refs = fs::read_to_string(git.join("packed-refs")).ok()?;
    let line = refs.lines().find_map(|line| line.strip_suffix(name))?;
    line.ends_with(' ').then(|| short(line))?
}

fn short(id: &str) -> Option<String> {
    let id = id.trim();
    let whole = id.len() >= 40 && id.bytes().all(|b| b.is_ascii_hexdigit());
    whole.then(|| id[..SHORT].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn heads_branches_packed_refs_and_worktrees_are_read() {
        let packed = format!(
            "# pack-refs\n{} refs/heads/xmain\n{ID} refs/heads/main\n",
            "f".repeat(40)
        );
        let id = format!("{ID}\n");
        let cases: [(&[(&str, &str)], bool); 7] = [
            (&[(".git/HEAD", &id)], true),
            (
                &[
                    (".git/HEAD", "ref: refs/heads/main\n"),
                    (".git/refs/heads/main", &id),
                ],
                true,
            ),
            (
                &[
                    (".git/HEAD", "ref: refs/heads/main\n"),
                    (".git/packed-refs", &packed),
                ],
                true,
            ),
            (
                &[
                    (".git", "gitdir: all/worktrees/w\n"),
                    ("all/worktrees/w/HEAD", "ref: refs/heads/main\n"),
                    ("all/worktrees/w/commondir", "../..\n"),
                    ("all/refs/heads/main", &id),
                ],
                true,
            ),
            (
                &[
                    (".git/HEAD", "ref: refs/heads/new\n"),
                    (".git/packed-refs", &packed),
                ],
                false,
            ),
            (&[(".git/HEAD", "nonsense")], false),
            (&[(".git", "nonsense")], false),
        ];
        for (files, found) in cases {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), files);
            let within = folder.path().join("a/b");
            fs::create_dir_all(&within).unwrap();
            let expected = found.then(|| ID[..SHORT].to_owned());
            assert_eq!(revision(&within), expected, "{files:?}");
        }
    }
}
