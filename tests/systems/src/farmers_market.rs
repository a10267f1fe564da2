//! A marketplace.

use crate::kit::{Services, Switch, Switches};
use axum::Router;
use axum::routing::get;
use std::io;

/// What can be broken.
pub(crate) const SWITCHES: &[Switch] = &[];

/// Opens its services.
pub(crate) async fn open(services: &mut Services, _broken: Switches) -> io::Result<()> {
    let app = Router::new().route("/api/health", get(async || "ok"));
    services.http("FARMERS_MARKET_URL", app).await
}
