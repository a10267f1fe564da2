//! Charts. In: views and rows; out: SVG. Invariant: every chart says in words what it shows, and needs no script.

mod curve;
mod frame;
mod heatmap;
mod lanes;
mod lines;
mod overlay;
mod scale;
mod server;
mod svg;
mod trails;

pub(super) use crate::expr::escaped;
pub(super) use curve::curve;
pub(super) use frame::enough;
pub(super) use heatmap::heatmap;
pub(super) use lanes::lanes;
pub(super) use lines::{in_flight, lag, latency, opened, throughput};
pub(super) use overlay::{curves, over_time};
pub(super) use server::server;
pub(super) use svg::{bar, pixel};
pub(super) use trails::{near, trail};
