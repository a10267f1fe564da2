//! Tables and properties of the language, one file per part.

mod checks;
mod errors;
mod examples;
mod exchange;
mod hostile;
mod json_bodies;
mod paths;
mod properties;
mod templates;

use super::*;
use rand_xoshiro::rand_core::SeedableRng;
use serde_json::json;

/// Slot → name.
const NAMES: [&str; 6] = ["token", "count_of", "number", "shopper.id", "empty", "paid"];

struct Names;

impl Scope for Names {
    fn slot(&mut self, name: &str) -> Option<usize> {
        NAMES.iter().position(|known| *known == name)
    }

    fn names(&self) -> Vec<String> {
        NAMES.map(str::to_owned).to_vec()
    }
}

fn variables() -> Vec<Value> {
    vec![
        "s\"3cret".into(),
        Value::Json(json!(3)),
        "17".into(),
        Value::Json(json!(17)),
        Value::Missing,
        Value::Time(Duration::from_millis(505)),
    ]
}

fn rng() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(7)
}

const BODY: &str = r#"{"state":"paid","n":3,"f":1.0,"big":12345678901234567890,"none":null,"yes":true,
    "items":[{"id":17,"tags":["a","b"]},{"id":18,"tags":[]}],"words":["red","blue"],"o":{"a b":1},
    "spaced":"  x  ","when":"2026-11-21T10:00:00Z","empty":"","csv":"a,b,c","price":"12.50"}"#;

fn headers() -> Head {
    Head::of([
        ("content-type", "text/html; charset=utf-8"),
        ("x-count", "12"),
        ("set-cookie", "session=\"abc\"; Path=/; HttpOnly"),
        ("set-cookie", "theme=dark"),
        ("set-cookie", "session=def"),
    ])
}

/// Runs `with` on a response whose body is `body`.
fn respond<T>(body: &[u8], with: impl FnOnce(&Facts<'_>) -> T) -> T {
    let (headers, variables) = (headers(), variables());
    let facts = Facts::new(201, &headers, "http://shop/orders/9?x=1")
        .with_body(body, 12_000)
        .with_times(Duration::from_millis(120), Duration::from_secs(2))
        .with_variables(&variables);
    with(&facts)
}

fn check_on(body: &[u8], text: &str) -> Result<(), Mismatch> {
    let check = Check::parse(text, &mut Names).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    respond(body, |facts| check.evaluate(facts, &mut rng()))
}

fn check(text: &str) -> Result<(), Mismatch> {
    check_on(BODY.as_bytes(), text)
}

fn capture(text: &str) -> Result<Value, Mismatch> {
    let expression =
        Expression::parse(text, &mut Names).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    respond(BODY.as_bytes(), |facts| {
        expression.evaluate(facts, &mut rng())
    })
}
