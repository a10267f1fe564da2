//! Stand-in for reboot: the relaunch of a web platform, deployed five times. In: what is broken; out: a landing page, an
//! API with state, metrics and the last Lighthouse report, under an address for each deployment. Invariant: what is slower or
//! faster is the release, which production has not seen yet; all else breaks everywhere.

mod pages;
mod platform;

use crate::kit::{Services, Switch, Switches};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use platform::Platform;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

/// What can be broken.
pub(crate) const SWITCHES: &[Switch] = &[
    switch("slow-api", "every answer of the API takes 600 ms more"),
    switch("errors", "1 % of the API's answers are a 500"),
    switch(
        "slower",
        "the release takes a fifth longer for the list of projects",
    ),
    switch(
        "faster",
        "the release finds the list of projects in a cache",
    ),
    switch("cpu", "91 % of the processor are in use"),
    switch("memory", "86 % of the memory are in use"),
    switch(
        "lighthouse",
        "the last Lighthouse report gives 84 for performance",
    ),
    switch("no-csp", "pages have no content security policy"),
    switch(
        "unsafe-inline",
        "the content security policy lets inline scripts run",
    ),
    switch(
        "no-trusted-types",
        "the policy does not require Trusted Types",
    ),
    switch("no-hsts", "no Strict-Transport-Security"),
    switch("short-hsts", "Strict-Transport-Security for a day"),
    switch("no-frame-options", "no X-Frame-Options"),
    switch(
        "weak-frame-options",
        "an X-Frame-Options that no browser knows",
    ),
    switch("no-nosniff", "no X-Content-Type-Options"),
    switch("sign-up-lost", "who signs up is not found again"),
    switch(
        "wrong-deployment",
        "the address of the preview leads to production",
    ),
];

const fn switch(name: &'static str, breaks: &'static str) -> Switch {
    Switch { name, breaks }
}

/// One deployment.
struct Deployment {
    /// What it calls itself in the header `x-deployment`.
    name: &'static str,
    /// It was there before the release.
    old: bool,
    broken: Switches,
    platform: Mutex<Platform>,
    asked: AtomicU64,
}

impl Deployment {
    fn on(&self, name: &str) -> bool {
        let of_the_release = ["slower", "faster"].contains(&name);
        self.broken.on(name) && !(self.old && of_the_release)
    }
}

type Shared = State<Arc<Deployment>>;

/// Opens its services.
pub(crate) async fn open(services: &mut Services, broken: Switches) -> io::Result<()> {
    let preview = if broken.on("wrong-deployment") {
        "production"
    } else {
        "preview"
    };
    for (variable, name) in [
        ("REBOOT_URL", "local"),
        ("REBOOT_PREVIEW", preview),
        ("REBOOT_STAGING", "staging"),
        ("REBOOT_CANARY", "production"),
        ("REBOOT_PRODUCTION", "production"),
    ] {
        let deployment = Arc::new(Deployment {
            name,
            old: variable == "REBOOT_PRODUCTION",
            broken: broken.clone(),
            platform: Mutex::default(),
            asked: AtomicU64::new(0),
        });
        services.http(variable, router(deployment)).await?;
    }
    Ok(())
}

fn router(deployment: Arc<Deployment>) -> Router {
    let api = Router::new()
        .route("/api/projects", get(platform::projects))
        .route("/api/projects/{slug}", get(platform::project))
        .route("/api/sign-ups", post(platform::sign_up))
        .route("/api/sign-ups/{id}", get(platform::sign_up_state))
        .layer(middleware::from_fn_with_state(deployment.clone(), troubled));
    Router::new()
        .route("/", get(pages::landing))
        .route("/projects", get(pages::projects))
        .route("/static/{file}", get(pages::asset))
        .route("/api/health", get(platform::health))
        .route("/api/metrics", get(platform::metrics))
        .route("/api/lighthouse", get(platform::lighthouse))
        .merge(api)
        .layer(middleware::from_fn_with_state(deployment.clone(), headed))
        .with_state(deployment)
}

/// Errors and delays of the API.
async fn troubled(State(deployment): Shared, request: Request, next: Next) -> Response {
    if deployment.on("slow-api") {
        sleep(Duration::from_millis(600)).await;
    }
    let turn = deployment.asked.fetch_add(1, Ordering::Relaxed) + 1;
    if deployment.on("errors") && turn % 100 == 0 {
        return (StatusCode::INTERNAL_SERVER_ERROR, "out of connections").into_response();
    }
    next.run(request).await
}

/// What every answer says about itself.
async fn headed(State(deployment): Shared, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let on = |name| deployment.on(name);
    let mut set = |name: &'static str, value: &'static str| {
        let name = HeaderName::from_static(name);
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    };
    set("x-deployment", deployment.name);
    set("referrer-policy", "strict-origin-when-cross-origin");
    if on("short-hsts") {
        set("strict-transport-security", "max-age=86400");
    } else if !on("no-hsts") {
        set(
            "strict-transport-security",
            "max-age=63072000; includeSubDomains; preload",
        );
    }
    if on("weak-frame-options") {
        set("x-frame-options", "ALLOWALL");
    } else if !on("no-frame-options") {
        set("x-frame-options", "DENY");
    }
    if !on("no-nosniff") {
        set("x-content-type-options", "nosniff");
    }
    if on("unsafe-inline") {
        set(
            CSP,
            "default-src 'self'; script-src 'self' 'unsafe-inline'; require-trusted-types-for 'script'",
        );
    } else if on("no-trusted-types") {
        set(
            CSP,
            "default-src 'self'; script-src 'self'; object-src 'none'",
        );
    } else if !on("no-csp") {
        set(
            CSP,
            "default-src 'self'; script-src 'self'; object-src 'none'; require-trusted-types-for 'script'",
        );
    }
    answer
}

const CSP: &str = "content-security-policy";
