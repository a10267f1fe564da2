//! Stand-in for uvis, a fleet management system: an API with live positions, its documentation, a front, Prometheus,
//! Grafana and Kibana. In: what is broken; out: five servers and the variables of `scenarios/uvis.yaml`. Invariant: what
//! one user made, another one never sees, and a dispatch is only ever in the state that its history gives it.

mod api;
mod database;
mod dispatches;
mod fleet;
mod monitoring;
mod pages;
mod reports;
mod tokens;
mod tracking;

use crate::kit::{Certificate, Services, Switch, Switches};
use fleet::Fleet;
use std::io;
use std::sync::Arc;

const fn switch(name: &'static str, breaks: &'static str) -> Switch {
    Switch { name, breaks }
}

/// What can be broken.
pub(crate) const SWITCHES: &[Switch] = &[
    switch("api-down", "/health of the API says 503"),
    switch("docs-down", "the API's documentation is not there"),
    switch("front-down", "the front's gateway answers 502"),
    switch("prometheus-down", "Prometheus is not ready"),
    switch("grafana-down", "Grafana has lost its database"),
    switch("kibana-down", "Kibana is critical"),
    switch(
        "api-slow",
        "every eighth answer of the API takes 300 ms longer",
    ),
    switch(
        "slower",
        "every answer of the API takes 80 ms more than last night, which the budget allows",
    ),
    switch("tracking-lag", "one socket in a hundred runs 400 ms behind"),
    switch("tracking-silent", "no positions are pushed"),
    switch("tracking-open", "positions are for everybody"),
    switch("cache-cold", "nothing is found in the cache"),
    switch("database-slow", "every eighth query takes 80 ms"),
    switch("memory-high", "85 % of the memory is in use"),
    switch("cpu-high", "85 % of the processor is in use"),
    switch("token-missing", "who has no token is let in"),
    switch("token-malformed", "any text is a token"),
    switch("token-forged", "tokens may say that they need no signature"),
    switch("token-expired", "tokens never expire"),
    switch("sql-error", "a quote reaches the database as one"),
    switch(
        "reflected-input",
        "the search page shows what was typed as it is",
    ),
    switch("csrf-unchecked", "forms need no CSRF token"),
    switch("rows-of-others", "dispatches are for everybody"),
    switch("certificate-expiring", "the certificate ends in three days"),
    switch(
        "certificate-untrusted",
        "the certificate is signed by somebody else",
    ),
    switch(
        "rate-unlimited",
        "passwords can be guessed as often as one likes",
    ),
    switch("retry-after-missing", "429 does not say when to come back"),
    switch(
        "report-cut",
        "the second half of a report's file is missing",
    ),
    switch(
        "report-unnamed",
        "a report opens in the browser, without a file name",
    ),
    switch("report-late", "a report takes 2.5 s"),
    switch("state-lost", "what was closed is on its way again"),
    switch("state-unchecked", "what was never assigned can be closed"),
];

/// Opens its services.
pub(crate) async fn open(services: &mut Services, broken: Switches) -> io::Result<()> {
    let days = if broken.on("certificate-expiring") {
        3
    } else {
        90
    };
    let certificate = Certificate::valid_for(days)?;
    let mut trusted = certificate.ca().to_owned();
    if broken.on("certificate-untrusted") {
        let other = Certificate::valid_for(days)?;
        other.ca().clone_into(&mut trusted);
        tokio::spawn(async move {
            std::future::pending::<()>().await;
            // Its file goes with it.
            drop(other);
        });
    }
    let fleet = Arc::new(Fleet::new(broken));
    services.set("UVIS_CA", trusted.display().to_string());
    services.set(
        "UVIS_EXPIRED_TOKEN",
        fleet.tokens.expired("north-01@uvis.test"),
    );
    tokio::spawn(monitoring::scrape(Arc::clone(&fleet)));
    services
        .http("UVIS_FRONT", pages::front(Arc::clone(&fleet)))
        .await?;
    services
        .http("UVIS_GRAFANA", monitoring::grafana(Arc::clone(&fleet)))
        .await?;
    services
        .http("UVIS_KIBANA", monitoring::kibana(Arc::clone(&fleet)))
        .await?;
    services
        .http(
            "UVIS_PROMETHEUS",
            monitoring::prometheus(Arc::clone(&fleet)),
        )
        .await?;
    services
        .https("UVIS_API", api::router(fleet), certificate)
        .await
}
