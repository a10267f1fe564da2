//! One file describes how people use a system; `tollgate` turns it into a smoke test, a load test and a
//! regression check.
//!
//! *A scenario file is parsed into a `Scenario`, resolved with its profile, environment and seed into a
//! `Plan`; the plan's `Pacer` says when each arrival is due; the load engine hands every arrival to a virtual
//! user, who speaks a `protocol` and produces `Sample`s; recorders fold samples into histograms that become a
//! `RunRecord`; budgets judge the record into a `Verdict`; reporters render both.*
#![warn(missing_docs)]

pub mod budget;
pub mod cli;
pub mod demo;
pub mod expr;
pub mod history;
pub mod import;
pub mod load;
pub mod notify;
pub mod observe;
pub mod plan;
pub mod protocol;
pub mod record;
pub mod report;
pub mod scenario;
pub mod source;
pub mod units;

#[cfg(test)]
#[path = "../tests/support/properties.rs"]
mod properties;
