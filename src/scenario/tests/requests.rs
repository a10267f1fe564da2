//! What requests are called, and what they send.

use super::*;

#[test]
fn step_names_default_to_method_and_path() {
    let scenario = shop();
    let names: Vec<&str> = scenario
        .flows
        .iter()
        .flat_map(Flow::requests)
        .map(|r| r.name.as_str())
        .collect();
    assert_eq!(names, ["GET /", "product", "sign in", "next", "PUT /cart"]);
}

#[test]
fn headers_of_a_step_win_and_bodies_say_their_type() {
    let scenario = shop();
    let shown = |request: &Request| -> Vec<(String, String)> {
        let value = |t: &crate::expr::Template| t.as_literal().unwrap_or("(template)").to_owned();
        request
            .headers
            .iter()
            .map(|(name, v)| (name.to_string(), value(v)))
            .collect()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        shown(request(&scenario, "browse", "product")),
        [pair("x-trace", "(template)"), pair("accept", "text/html")]
    );
    let cart = shown(request(&scenario, "purchase", "PUT /cart"));
    assert_eq!(cart[2], pair("content-type", "application/json"));
    let form = shown(request(&scenario, "purchase", "sign in"));
    assert_eq!(
        form[2],
        pair("content-type", "application/x-www-form-urlencoded")
    );
}

#[test]
fn urls_can_be_sent_whatever_a_variable_holds() {
    let scenario = shop();
    let next = request(&scenario, "purchase", "next");
    let url = |path: &str, name: &str| {
        let variables = [
            ("next", Value::from(path)),
            ("product.name", Value::from(name)),
        ];
        rendered(&scenario, &variables, |cx, out| next.render_url(cx, out))
    };
    assert_eq!(url("/a", "red & blue"), "/a?q=red+%26+blue&page=2&flag=");
    assert_eq!(url("/a?b=c", "x"), "/a?b=c&q=x&page=2&flag=");
    assert_eq!(
        url("http://h/a b#c", "ü=#"),
        "http://h/a%20b%23c?q=%C3%BC%3D%23&page=2&flag="
    );
    assert_eq!(
        url("/a\r\nhost: evil%20", "\u{0}"),
        "/a%0D%0Ahost:%20evil%20?q=%00&page=2&flag="
    );
    let home = request(&scenario, "browse", "GET /");
    assert_eq!(
        rendered(&scenario, &[], |cx, out| home.render_url(cx, out)),
        "/?ref=mail"
    );
}

#[test]
fn bodies_are_encoded_as_what_they_are() {
    let scenario = shop();
    let variables = [
        ("shopper.email", Value::from("a\"b@x")),
        ("product.id", Value::Json(7.into())),
    ];
    let body = |name: &str| {
        let request = request(&scenario, "purchase", name);
        rendered(&scenario, &variables, |cx, out| {
            let body = request.body.render(cx, &mut String::from("scratch"));
            out.push_str(&String::from_utf8_lossy(&body));
        })
    };
    assert_eq!(
        body("sign in"),
        "email=a%22b%40x&password=correct+horse&tag=a&tag=b%26c"
    );
    assert_eq!(body("PUT /cart"), r#"{"id":7,"note":"for a\"b@x"}"#);
}
