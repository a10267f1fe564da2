//! Stand-in for pourtrait: a wine cellar with an adviser. In: what is broken; out: pages, an API behind JSON Web Tokens,
//! health and a monitoring dashboard, over TLS. Invariant: whoever asks sees their own wines only, until a switch says
//! otherwise; the dashboard counts what was really answered.

mod accounts;
mod cellar;
mod health;

use crate::kit::{Certificate, Services, Switch, Switches};
use accounts::Accounts;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use cellar::Cellar;
use health::Figures;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::time::sleep;

/// What all accounts of the stand-in have for a password.
const PASSWORD: &str = "oak-barrel-1982";

/// What can be broken.
pub(crate) const SWITCHES: &[Switch] = &[
    switch("slow-api", "every answer of the API takes 600 ms more"),
    switch("slow-pages", "every page takes 2.1 s"),
    switch(
        "slow-list",
        "the cellar's list takes 400 ms: an endpoint is slow",
    ),
    switch("slow-adviser", "the adviser takes 5.2 s"),
    switch("errors", "1 % of the API's answers are a 500"),
    switch("many-errors", "one in five of the API's answers is a 500"),
    switch(
        "outage",
        "everything is a 503 for 0.9 s, soon after the first request",
    ),
    switch("down", "nobody listens"),
    switch("database-down", "health finds the database down"),
    switch(
        "email-down",
        "no e-mail leaves, which is no reason to be unhealthy",
    ),
    switch("ai-down", "the model behind the adviser does not answer"),
    switch("images-down", "no picture is made smaller"),
    switch("storage-down", "the store of pictures does not answer"),
    switch(
        "health-terse",
        "health says `healthy`, and nothing of its services",
    ),
    switch(
        "health-without-figures",
        "health gives no response times, memory and uptime",
    ),
    switch("head-differs", "HEAD of the health page is a 405"),
    switch(
        "certificate-expires",
        "the certificate holds five more days",
    ),
    switch("certificate-ages", "the certificate holds twenty more days"),
    switch("dashboard-empty", "the dashboard has no metrics"),
    switch("critical-alert", "a critical alert is active"),
    switch("lcp", "people wait 3.1 s for the largest picture (LCP)"),
    switch("inp", "people wait 140 ms for what they pressed (INP)"),
    switch("cls", "pages jump while they load (CLS 0.24)"),
    switch(
        "tokens-unchecked",
        "the signature of a token is not looked at",
    ),
    switch(
        "sign-out-ineffective",
        "a token is good for an hour, signed out or not",
    ),
    switch("rows-leak", "a wine is shown to whoever knows its number"),
    switch("list-leaks", "the list holds everybody's wines"),
    switch("no-rate-limit", "passwords can be tried without end"),
    switch("wine-lost", "a wine that is added is gone at once"),
    switch(
        "adviser-dreams",
        "the adviser recommends a wine that is not in the cellar",
    ),
];

const fn switch(name: &'static str, breaks: &'static str) -> Switch {
    Switch { name, breaks }
}

/// What every handler shares.
struct Site {
    broken: Switches,
    started: Instant,
    accounts: Mutex<Accounts>,
    cellar: Mutex<Cellar>,
    figures: Mutex<Figures>,
}

type Shared = State<Arc<Site>>;

impl Site {
    /// Soon after the first request nothing works for a while.
    fn is_out(&self) -> bool {
        let since = lock(&self.figures).since_first();
        let out = Duration::from_millis(1_500)..Duration::from_millis(2_400);
        self.broken.on("outage") && out.contains(&since)
    }
}

/// A panic in another handler says nothing about the numbers behind the lock.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens its services.
pub(crate) async fn open(services: &mut Services, broken: Switches) -> io::Result<()> {
    let days = [("certificate-expires", 5), ("certificate-ages", 20)];
    let days = days.iter().find(|(name, _)| broken.on(name));
    let days = days.map_or(90, |(_, days)| *days);
    let certificate = Certificate::valid_for(days)?;
    services.set("POURTRAIT_PASSWORD", PASSWORD.into());
    // Clients trust what the system trusts; here that is the CA of this certificate.
    services.set("SSL_CERT_FILE", certificate.ca().display().to_string());
    let site = Arc::new(Site {
        broken,
        started: Instant::now(),
        accounts: Mutex::default(),
        cellar: Mutex::default(),
        figures: Mutex::default(),
    });
    if site.broken.on("down") {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await?
            .local_addr()?;
        services.set("POURTRAIT_URL", format!("https://{port}"));
        return Ok(());
    }
    services
        .https("POURTRAIT_URL", router(site), certificate)
        .await
}

fn router(site: Arc<Site>) -> Router {
    let api = Router::new()
        .route("/api/auth/sign-in", post(accounts::sign_in))
        .route("/api/auth/sign-out", post(accounts::sign_out))
        .route("/api/wines", get(cellar::list).post(cellar::add))
        .route("/api/wines/{id}", get(cellar::show).delete(cellar::drink))
        .route("/api/ai/recommendation", post(cellar::recommend))
        .layer(middleware::from_fn_with_state(site.clone(), troubled_api));
    let pages = Router::new()
        .route(
            "/",
            get(async || {
                page(
                    "Your cellar, pourtrayed",
                    "A cellar that knows when to open what.",
                )
            }),
        )
        .route(
            "/pairings",
            get(async || page("Pairings", "What goes with lamb, cheese and rain.")),
        )
        .route(
            "/static/app.js",
            get(async || asset("text/javascript", "document.title += ''")),
        )
        .route(
            "/static/app.css",
            get(async || asset("text/css", "body { margin: 2rem }")),
        )
        .layer(middleware::from_fn_with_state(site.clone(), troubled_pages));
    Router::new()
        .route("/api/health", get(health::health).head(health::head))
        .route("/api/monitoring/dashboard", get(health::dashboard))
        .merge(api)
        .merge(pages)
        .layer(middleware::from_fn_with_state(site.clone(), watched))
        .with_state(site)
}

fn page(title: &str, text: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=en><head><title>{title}</title><link rel=stylesheet href=/static/app.css>\
         <script src=/static/app.js defer></script></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    ))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, text)
}

/// Errors and delays of the API.
async fn troubled_api(State(site): Shared, request: Request, next: Next) -> Response {
    if site.broken.on("slow-api") {
        sleep(Duration::from_millis(600)).await;
    }
    let turn = lock(&site.figures).api_turn();
    let every = [("errors", 100), ("many-errors", 5)];
    if every
        .iter()
        .any(|(name, of)| site.broken.on(name) && turn % of == 0)
    {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the cellar light is out").into_response();
    }
    next.run(request).await
}

async fn troubled_pages(State(site): Shared, request: Request, next: Next) -> Response {
    if site.broken.on("slow-pages") {
        sleep(Duration::from_millis(2_100)).await;
    }
    next.run(request).await
}

/// Counts what is answered, for the dashboard.
async fn watched(State(site): Shared, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let answer = if site.is_out() {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    } else {
        next.run(request).await
    };
    lock(&site.figures).answered(begun.elapsed(), answer.status().is_server_error());
    answer
}
