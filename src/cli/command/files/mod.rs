//! Commands that write files for people and editors. In: what is built in; out: files and documents. Invariant:
//! nothing is sent.

pub(in crate::cli) mod explain;
pub(in crate::cli) mod import;
pub(in crate::cli) mod init;
pub(in crate::cli) mod schema;
