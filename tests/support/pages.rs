//! The pages of a small shop, for the examples of the reference. In: a request and how often its path was asked
//! for; out: what the examples expect. Invariant: only `/orders/…` and `/flaky` look at the count.

pub(super) mod packed;

use super::script::Answer;
use super::wire::Seen;
use serde_json::{Value, json};

const PAGE: &str = "<!doctype html><title>Tea</title><link rel=stylesheet href=/style.css>\
    <form action=/session><input type=hidden name=csrf value=c-4711></form>\
    <ul><li class=product><a href=/products/17>Green tea</a><li class=product><a href=/products/18>Cup</a></ul>";

/// A page of the shop; nothing for any other path.
pub(super) fn answer(seen: &Seen, hit: u64) -> Option<Answer> {
    let json = |status, value: Value| Answer::new(status, "application/json", value.to_string());
    Some(match seen.path.as_str() {
        "/" | "/tea" => Answer::new(200, "text/html; charset=utf-8", PAGE)
            .with("server-timing", "db;dur=5.3")
            .with(
                "set-cookie",
                "basket=b-1; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax",
            ),
        "/style.css" | "/shop.js" | "/logo.png" => {
            Answer::new(200, "text/css", "").with("etag", "\"e-1\"")
        }
        "/old-tea" => Answer::new(301, "text/plain", "").with("location", "/tea"),
        "/products" => json(
            200,
            json!({ "items": [{ "id": 17, "name": "Green tea" }, { "id": 18, "name": "Cup" }] }),
        ),
        "/products/17" | "/products/18" => json(200, json!({ "name": "Green tea", "price": 4.5 })),
        "/session" | "/login" => json(200, json!({ "token": "t-4711", "name": "ann" }))
            .with("set-cookie", "session=s-4711; Path=/; HttpOnly"),
        "/me" => json(
            200,
            json!({ "name": "ann", "plan": "pro", "vouchers": ["WELCOME"] }),
        ),
        "/cart" | "/upload" => json(201, seen.json()),
        "/orders" => json(201, json!({ "id": 17, "state": "open" })),
        "/orders/17" => json(
            200,
            json!({ "state": if hit > 2 { "paid" } else { "open" } }),
        ),
        "/flaky" if hit % 2 == 1 => Answer::new(503, "text/plain", "come back\n"),
        "/flaky" | "/runs" | "/runs/r-1" | "/cache/tea" | "/avatar" | "/note" | "/report" => {
            json(200, json!({ "id": "r-1" }))
        }
        "/token" => json(
            200,
            json!({ "access_token": "t-1", "token_type": "Bearer", "expires_in": 3600 }),
        ),
        "/digest" => digest(seen),
        "/private" => match seen.header("authorization").or(seen.header("x-api-key")) {
            Some(_) => json(200, json!({ "name": "ann" })),
            None => Answer::new(401, "text/plain", "who are you?\n"),
        },
        "/graphql" => json(200, graphql(&String::from_utf8_lossy(&seen.body))),
        _ => return None,
    })
}

fn digest(seen: &Seen) -> Answer {
    let known = seen
        .header("authorization")
        .is_some_and(|a| a.starts_with("Digest username=\"ann\""));
    if known {
        return Answer::new(200, "text/plain", "welcome\n");
    }
    let challenge = "Digest realm=\"shop\", nonce=\"n-1\", qop=\"auth\", algorithm=SHA-256";
    Answer::new(401, "text/plain", "").with("www-authenticate", challenge)
}

/// Failures are answered with 200, as GraphQL does.
fn graphql(body: &str) -> Value {
    if body.contains("broken") {
        return json!({ "errors": [{ "message": "no such field" }], "data": null });
    }
    if body.contains("\"id\":99") {
        let failed = json!({ "__typename": "InsufficientStockError", "message": "sold out" });
        return json!({ "data": { "addItemToOrder": failed } });
    }
    json!({ "data": { "addItemToOrder": { "__typename": "Order", "code": "C-1" }, "products": [{ "id": 17 }] } })
}
