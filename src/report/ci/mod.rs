//! What CI systems read. In: a view, or its problems; out: JUnit, workflow commands, Markdown, TAP, GitLab's numbers.
//! Invariant: no text of a server is a command, a markup or a mention there, and every output stays within what its
//! reader takes, however much went wrong.

mod gfm;
mod github;
mod gitlab;
mod junit;
mod markdown;
mod tap;

pub use github::annotations;
pub use gitlab::GitLab;
pub use junit::Junit;
pub use markdown::{COMMENT, Markdown, SUMMARY};
pub use tap::Tap;
