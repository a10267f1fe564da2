//! The integration tests: one binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop where it is"
)]

mod baselines;
mod browser;
mod buckets;
mod budget_diagnostics;
mod budgets;
mod cache;
mod ci;
mod codes;
mod connections;
mod data;
mod diagnostics;
mod edges;
mod environments;
mod exits;
mod faults;
mod files;
mod fuzz;
mod golden;
mod guards;
mod history;
mod import;
mod includes;
mod layers;
mod live;
mod mitigation;
mod mix;
mod pages;
mod phases;
mod plan;
mod policies;
mod preflight;
mod probes;
mod proof;
mod reference;
mod reports;
mod schema;
mod server;
mod shops;
mod signals;
mod smoke;
mod stairs;
mod streams;
mod support;
mod target;
mod telling;
mod tighten;
mod timing;
mod traces;
mod trend;
mod ui;
mod versus;
mod way;
mod websocket;
