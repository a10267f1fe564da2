//! Against real servers, where the environment names some; elsewhere these tests say what they wanted and pass. How each
//! server is started stands beside its test.

mod buckets;
mod otlp;
mod series;

/// A variable of the environment; says what is not tested without it.
fn named(name: &str, what: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        eprintln!("skipped: set {name} to {what}");
    }
    value
}
