//! What the shop answers.

use super::{Client, EMAIL, PASSWORD, shop};
use http::Method;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn addresses_and_methods() {
    let shop = shop();
    let mut client = Client::new(&shop).await;
    for (method, path, status, kind) in [
        ("GET", "/", 200, "text/html; charset=utf-8"),
        ("GET", "/category/lamps", 200, "text/html; charset=utf-8"),
        ("GET", "/category/boats", 404, "application/json"),
        ("GET", "/product/7", 200, "text/html; charset=utf-8"),
        ("GET", "/product/0", 404, "application/json"),
        ("GET", "/images/7.svg", 200, "image/svg+xml"),
        ("GET", "/images/7.png", 404, "application/json"),
        ("GET", "/static/shop.css", 200, "text/css"),
        ("GET", "/api/health", 200, "application/json"),
        ("GET", "/api/products", 200, "application/json"),
        ("GET", "/api/products/7", 200, "application/json"),
        ("GET", "/api/products/7000", 404, "application/json"),
        ("GET", "/api/products/7/x", 404, "application/json"),
        ("GET", "/api/me", 401, "application/json"),
        ("GET", "/api/cart", 401, "application/json"),
        ("GET", "/api/orders/1", 401, "application/json"),
        ("POST", "/api/checkout/pay", 401, "application/json"),
        ("GET", "/api/session", 405, "application/json"),
        ("DELETE", "/api/cart", 405, "application/json"),
        ("OPTIONS", "/api/cart", 204, ""),
        ("GET", "/redirect", 302, ""),
        ("GET", "/logout", 303, ""),
        ("GET", "/nowhere", 404, "application/json"),
    ] {
        let reply = client.send(method.parse().unwrap(), path, &[], "").await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (status, kind),
            "{method} {path}"
        );
        if status >= 400 {
            assert!(reply.json()["error"].is_string(), "{method} {path}");
        }
    }
    let reply = client.send(Method::DELETE, "/api/cart", &[], "").await;
    assert_eq!(reply.header("allow"), "GET, HEAD, POST, OPTIONS");
    assert_eq!(client.get("/redirect", &[]).await.header("location"), "/");
    assert_eq!(shop.requests(), 25);
}

#[tokio::test]
async fn head_answers_with_the_length_and_no_body() {
    let shop = shop();
    let mut client = Client::new(&shop).await;
    for path in [
        "/",
        "/category/mugs",
        "/product/1",
        "/images/1.svg",
        "/api/health",
        "/api/products",
        "/api/products/1",
    ] {
        let get = client.get(path, &[]).await;
        let head = client.send(Method::HEAD, path, &[], "").await;
        assert_eq!(head.status, 200, "{path}");
        assert_eq!(
            head.header("content-length"),
            get.body.len().to_string(),
            "{path}"
        );
        assert!(head.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn products_are_listed_revalidated_and_slow_on_request() {
    let shop = shop();
    let mut client = Client::new(&shop).await;
    let reply = client.get("/api/products?limit=5&category=rugs", &[]).await;
    let items = reply.json()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 5);
    assert!(
        items
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["category"] == "rugs")
    );
    let found = client.get("/api/products?q=Olive+M", &[]).await.json();
    assert_eq!(found["items"][0]["name"], "Olive Mug");
    for path in ["/api/products?limit=5&category=rugs", "/api/products/3"] {
        let tag = client.get(path, &[]).await.header("etag").to_owned();
        let again = client.get(path, &[("if-none-match", &tag)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(
            client
                .status(path, &[("if-none-match", "\"other\"")], None)
                .await,
            200
        );
    }
    for query in ["limit=0", "limit=101", "limit=x", "slow=50", "slow=1h"] {
        let reply = client.get(&format!("/api/products?{query}"), &[]).await;
        assert_eq!(reply.status, 422, "{query}");
    }
    let started = Instant::now();
    assert_eq!(
        client.status("/api/products?slow=50ms", &[], None).await,
        200
    );
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn signing_in_by_json() {
    let shop = shop();
    let mut client = Client::new(&shop).await;
    let reply = client
        .post(
            "/api/session",
            &[],
            &json!({ "email": EMAIL, "password": PASSWORD }),
        )
        .await;
    assert!(reply.header("set-cookie").contains("HttpOnly"));
    let token = reply.json()["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let me = client.get("/api/me", &[("authorization", &bearer)]).await;
    assert_eq!((me.status, me.json()["email"].as_str()), (200, Some(EMAIL)));
    let wrong = format!("Bearer {token}x");
    assert_eq!(
        client
            .status("/api/me", &[("authorization", &wrong)], None)
            .await,
        401
    );
}

#[tokio::test]
async fn signing_in_by_form_and_out_again() {
    let shop = shop();
    let mut client = Client::new(&shop).await;
    let form = [(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )];
    let body = format!("email={}&password={PASSWORD}", EMAIL.replace('@', "%40"));
    assert_eq!(
        client
            .send(Method::POST, "/api/session", &form, &body)
            .await
            .status,
        200
    );
    for (body, status) in [
        (json!({ "email": EMAIL, "password": "wrong" }), 401),
        (
            json!({ "email": "nobody@shop.example", "password": PASSWORD }),
            401,
        ),
        (json!({ "email": EMAIL }), 422),
        (json!(["x"]), 422),
    ] {
        assert_eq!(
            client.status("/api/session", &[], Some(&body)).await,
            status,
            "{body}"
        );
    }
    assert_eq!(
        client
            .send(Method::POST, "/api/session", &form, "email=x")
            .await
            .status,
        422
    );

    let (cookie, _) = client.sign_in().await;
    let cookies = format!("theme=dark; {cookie}");
    assert_eq!(
        client
            .status("/api/cart", &[("cookie", &cookies)], None)
            .await,
        200
    );
    let bye = client.get("/logout", &[("cookie", &cookies)]).await;
    assert!(bye.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(
        client
            .status("/api/cart", &[("cookie", &cookies)], None)
            .await,
        401
    );
}

#[tokio::test]
async fn a_cart_takes_what_is_in_stock_and_nothing_else() {
    let shop = shop();
    let mut client = Client::new(&shop).await;
    let (cookie, bearer) = client.sign_in().await;
    let by_cookie = [("cookie", &*cookie)];
    for (body, status) in [
        (json!({ "product": 1, "quantity": 2 }), 201),
        (json!({ "product": 2 }), 201),
        (json!({ "product": 124, "quantity": 1 }), 409),
        (json!({ "product": 999, "quantity": 1 }), 422),
        (json!({ "product": 1, "quantity": 0 }), 422),
        (json!({ "product": 1, "quantity": 11 }), 422),
        (json!({ "product": 1, "quantity": -1 }), 422),
        (json!({ "product": "1", "quantity": 1 }), 422),
        (json!({}), 422),
    ] {
        assert_eq!(
            client.status("/api/cart", &by_cookie, Some(&body)).await,
            status,
            "{body}"
        );
    }
    assert_eq!(
        client
            .send(Method::POST, "/api/cart", &by_cookie, "{")
            .await
            .status,
        422
    );
    let cart = client
        .get("/api/cart", &[("authorization", &bearer)])
        .await
        .json();
    assert_eq!(cart["count"], 3);
    assert_eq!(cart["items"][0]["product"], 1);
    let statuses: Vec<_> = {
        let mut statuses = Vec::new();
        for product in 3..30 {
            statuses.push(
                client
                    .status(
                        "/api/cart",
                        &by_cookie,
                        Some(&json!({ "product": product })),
                    )
                    .await,
            );
        }
        statuses
    };
    assert_eq!(
        statuses.iter().filter(|s| **s == 201).count(),
        18,
        "a cart has twenty lines"
    );
}

#[tokio::test]
async fn an_order_is_paid_for_its_owner_only() {
    let shop = shop();
    let mut client = Client::new(&shop).await;
    let (cookie, bearer) = client.sign_in().await;
    let headers = [("authorization", &*bearer), ("idempotency-key", "k1")];
    assert_eq!(
        client
            .status("/api/checkout/pay", &headers, Some(&json!({})))
            .await,
        409,
        "empty"
    );
    client
        .post(
            "/api/cart",
            &[("cookie", &cookie)],
            &json!({ "product": 1, "quantity": 2 }),
        )
        .await;
    let by_cookie = client
        .post("/api/checkout/pay", &[("cookie", &cookie)], &json!({}))
        .await;
    assert_eq!(by_cookie.status, 401, "paying needs the token");
    let paid = client.post("/api/checkout/pay", &headers, &json!({})).await;
    let order = paid.json();
    assert_eq!(
        (paid.status, order["state"].as_str()),
        (201, Some("pending"))
    );
    let path = paid.header("location").to_owned();
    assert_eq!(path, format!("/api/orders/{}", order["order"]));
    let again = client.post("/api/checkout/pay", &headers, &json!({})).await;
    assert_eq!(
        (again.status, &again.json()["order"]),
        (200, &order["order"])
    );

    let mut other = Client::new(&shop).await;
    let body = json!({ "email": "alan.archer@shop.example", "password": "birch-cobalt-78" });
    let token = other.post("/api/session", &[], &body).await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let stranger = format!("Bearer {token}");
    assert_eq!(
        other
            .get(&path, &[("authorization", &stranger)])
            .await
            .status,
        404
    );

    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let seen = client.get(&path, &[("cookie", &cookie)]).await.json();
        assert_eq!(seen["total"], order["total"]);
        if seen["state"] == "paid" {
            break;
        }
        assert!(Instant::now() < deadline, "never paid");
    }
}

#[tokio::test]
async fn images_come_mostly_from_the_cache() {
    let shop = shop();
    let mut client = Client::new(&shop).await;
    let mut hits = 0;
    for id in 1..=100 {
        let image = client.get(&format!("/images/{id}.svg"), &[]).await;
        assert!(image.header("cache-control").contains("max-age"));
        let hit = image.header("x-cache") == "HIT";
        assert_eq!(image.header("age") != "0", hit);
        hits += u32::from(hit);
    }
    assert!((85..100).contains(&hits), "{hits}");
}
