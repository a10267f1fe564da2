//! `unix:`. In: a path; out: the same, beside the scenario. Invariant: it fits into a socket's address; whether
//! somebody listens there is for the run to find.

use crate::scenario::loading::Loading;
use crate::source::Node;
use std::path::PathBuf;

/// What `sockaddr_un` holds on Linux, less its final zero.
const LONGEST: usize = 107;

pub(super) fn path(loading: &mut Loading<'_>, node: &Node) -> Option<PathBuf> {
    let path = loading.path(node)?;
    let length = path.as_os_str().len();
    if path.is_dir() || length > LONGEST {
        let message = if length > LONGEST {
            format!("the path of a Unix socket has at most {LONGEST} bytes, and this has {length}")
        } else {
            format!("{} is a folder", path.display())
        };
        let help = "name the socket itself: `unix: /run/app.sock`";
        loading.reader.error("T0732", node.span, message, help);
        return None;
    }
    Some(path)
}
