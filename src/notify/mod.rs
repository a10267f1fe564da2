//! TELL: a run and its verdict → one record of what happened. In: a [`RunRecord`], its [`Verdict`] and where its
//! reports are; out: an [`Event`], as JSON, signed where there is a secret. Invariant: nothing here sends anything, and
//! telling never changes a verdict.

mod event;
mod forms;
mod mail;
mod signature;

pub use event::{Event, Severity};
pub use signature::{SIGNATURE, signature};

#[cfg(doc)]
use crate::{budget::Verdict, record::RunRecord};
