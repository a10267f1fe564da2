use super::*;

/// Every query and predicate: these hold.
const GREEN: &[&str] = &[
    "status == 201",
    "status != 200",
    "status >= 200",
    "status < 300",
    "status <= 201",
    "status > 200.5",
    "status in [200, 201]",
    "status not in [404, 500]",
    "status not == 200",
    "status not not == 201",
    "url contains \"/orders/\"",
    "url ends with 'x=1'",
    "url starts with \"http://\"",
    "url matches /orders.\\d+/",
    "url matches \"orders/\\d+\"",
    "size == 12KB",
    "size < 12.5 KB",
    "ttfb < 2s",
    "ttfb == 120ms",
    "duration <= 2 s",
    "header content-type contains \"text/html\"",
    "header Content-Type matches /^text/",
    "header \"content-type\" exists",
    "header x-missing not exists",
    "header set-cookie | count == 3",
    "header x-missing | count == 0",
    "header set-cookie | last contains 'def'",
    "header x-count | int == 12",
    "header x-count == \"12\"",
    "header x-count > \"11\"",
    "cookie session == \"abc\"",
    "cookie session | last == \"def\"",
    "cookie theme == 'dark'",
    "cookie nope not exists",
    "body contains \"\\\"paid\\\"\"",
    "body is string",
    "body is not empty",
    "regex \"\\\"id\\\":(\\d+)\" == \"17\"",
    "regex /\"id\":(\\d+)/ | count == 2",
    "regex /state/ exists",
    "regex /nope/ not exists",
    "regex /nope/ | count == 0",
    "json $.state == \"paid\"",
    "json $.state == 'paid'",
    "json $.n == 3",
    "json $.n == 3.0",
    "json $.f == 1",
    "json $.big == 12345678901234567890",
    "json $.big > 12345678901234567889",
    "json $.n > -1",
    "json $.n < 1e3",
    "json $.none == null",
    "json $.none exists",
    "json $.none is null",
    "json $.yes == true",
    "json $.yes != false",
    "json $.yes is boolean",
    "json $.n is number",
    "json $.n not is string",
    "json $.n is not string",
    "json $.items is list",
    "json $.o is object",
    "json $.nope not exists",
    "json $.state.deeper not exists",
    "json $.items | count >= 1",
    "json $.items[*].id == [17, 18]",
    "json $.items[*].id contains 18",
    "json $.items[*].id not contains 19",
    "json $.items[0].tags == ['a', \"b\"]",
    "json $.items[1].tags is empty",
    "json $.items[1].tags == []",
    "json $.items[?@.id > 100] is empty",
    "json $.items[?@.id > 100] not exists",
    "json $.items[?@.id > 100] | count == 0",
    "json $.items[?@.id == 18 && @.id < 19] exists",
    "json $.items[-1].id == 18",
    "json $..id | count == 2",
    "json $['o']['a b'] == 1",
    "json \"$.o['a b']\" == 1",
    "json $.o contains \"a b\"",
    "json $.words contains \"red\"",
    "json $.when > \"2026-01-01\"",
    "json $.empty is empty",
    "json $.csv | split \",\" == [\"a\", \"b\", \"c\"]",
    "json $.price | float == 12.5",
    "token == \"s\\\"3cret\"",
    "variable count_of == 3",
    "shopper.id == 17",
    "empty not exists",
    // Templates take the type of what they are compared with.
    "json $.n == \"{{ count_of }}\"",
    "json $.n == {{ count_of }}",
    "json $.items[0].id == \"{{ number }}\"",
    "json $.items[0].id == {{ shopper.id }}",
    "json $.items[0].id in [1, {{ number }}]",
    "json $.items[*].id contains {{ number }}",
    "number == \"{{ shopper.id }}\"",
    "number == \"{{ number }}\"",
    "number != \"1{{ count_of }}\"",
    "header x-count not == \"{{ count_of }}2\"",
    "url contains \"/orders\"",
    "duration > {{ paid }}",
    "url not contains \"{{ token }}\"",
];

#[test]
fn every_query_and_predicate_holds_where_it_should() {
    for text in GREEN {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

/// A check that is red, what it expected and what was there.
const RED: &[(&str, &str, &str)] = &[
    (
        "url not contains \"x{{ empty }}\"",
        "not contains a variable without a value",
        "string \"http://shop/orders/9?x=1\"",
    ),
    (
        "url | split \"{{ empty }}\" exists",
        "a value for every variable of `split`",
        "a variable without a value",
    ),
    ("status == 200", "== 200", "number 201"),
    ("status in [200, 204]", "in [200, 204]", "number 201"),
    ("json $.state == \"new\"", "== \"new\"", "string \"paid\""),
    ("json $.n == \"3\"", "== \"3\"", "number 3"),
    ("json $.n != 3", "!= 3", "number 3"),
    ("json $.state == {{ count_of }}", "== 3", "string \"paid\""),
    (
        "json $.state == {{ token }}",
        "== \"s\\\"3cret\"",
        "string \"paid\"",
    ),
    (
        "json $.state == {{ empty }}",
        "== a variable without a value",
        "string \"paid\"",
    ),
    ("json $.none is string", "is string", "null"),
    ("json $.yes == false", "== false", "boolean true"),
    (
        "json $.words == []",
        "== []",
        "list of 2: [\"red\",\"blue\"]",
    ),
    ("json $.o is empty", "is empty", "object {\"a b\":1}"),
    ("json $.nope == 1", "== 1", "nothing at $.nope"),
    (
        "json $.nope not contains \"x\"",
        "not contains \"x\"",
        "nothing at $.nope",
    ),
    ("json $.nope is empty", "is empty", "nothing at $.nope"),
    ("json $.state not exists", "not exists", "string \"paid\""),
    ("ttfb < 100ms", "< 100 ms", "time 120 ms"),
    ("size < 10KB", "< 10000", "number 12000"),
    ("header x-nope == \"1\"", "== \"1\"", "no header `x-nope`"),
    ("cookie x exists", "exists", "no cookie `x`"),
    ("empty == 1", "== 1", "variable `empty` without a value"),
    (
        "regex /zzz/ exists",
        "exists",
        "no match for /zzz/ in the body",
    ),
    ("json $.n matches /3/", "matches /3/", "number 3"),
    // Incomparable: neither way.
    ("json $.n < \"4\"", "< \"4\"", "number 3"),
    ("json $.n not < \"4\"", "not < \"4\"", "number 3"),
    (
        "json $.n not contains \"4\"",
        "not contains \"4\"",
        "number 3",
    ),
    ("json $.n is not empty", "not is empty", "number 3"),
    // Filters.
    (
        "json $.n | count == 1",
        "a list or an object for `count`",
        "number 3",
    ),
    ("json $.nope | count == 0", "== 0", "nothing at $.nope"),
    (
        "json $.items | nth 5 exists",
        "exists",
        "a list of 2, which has no `nth 5`",
    ),
    (
        "json $.items[1].tags | first exists",
        "exists",
        "an empty list, which has no `first`",
    ),
    (
        "json $.state | regex /z/ exists",
        "exists",
        "no match for /z/ in string \"paid\"",
    ),
    (
        "json $.state | int == 1",
        "a whole number for `int`",
        "string \"paid\"",
    ),
    ("json $.n | trim == \"3\"", "text for `trim`", "number 3"),
];

#[test]
fn mismatches_say_what_was_expected_and_what_was_there() {
    for (text, expected, actual) in RED {
        let want = Err(Mismatch {
            expected: (*expected).into(),
            actual: (*actual).into(),
        });
        assert_eq!(check(text), want, "{text}");
    }
}

#[test]
fn a_body_that_is_not_json_is_shown_and_no_json_check_is_green() {
    for text in [
        "json $.a == 1",
        "json $.a not exists",
        "json $.a[*] is empty",
        "json $[-1] exists",
    ] {
        let wrong = check_on(b"<html>\x1b[31m\xff", text).unwrap_err();
        assert_eq!(wrong.expected, "a JSON body");
        assert_eq!(
            wrong.actual,
            "a body that is not JSON: \"<html>\\u{1b}[31m\u{fffd}\""
        );
        assert_eq!(check_on(b"", text).unwrap_err().actual, "an empty body");
        assert!(check_on(b"{\"a\":1}}", text).is_err());
    }
}

#[test]
fn excerpts_are_capped_and_harmless() {
    let long = format!("[\"{}\u{202e}\"]", "é".repeat(5_000));
    for text in [
        "json $ is string",
        "json $[0] is number",
        "body is empty",
        "json $[*] is number",
    ] {
        let actual = check_on(long.as_bytes(), text).unwrap_err().actual;
        assert!(actual.chars().count() < 240, "{text}: {actual}");
        assert!(actual.contains('…'), "{text}: {actual}");
    }
    let hostile = check_on("[\"a\u{202e}\u{9b}b\"]".as_bytes(), "json $ is string").unwrap_err();
    assert_eq!(hostile.actual, "list of 1: [\"a\\u{202e}\\u{9b}b\"]");
}

#[test]
fn captures_give_typed_values() {
    for (text, value) in [
        ("status", json!(201)),
        ("json $.state", json!("paid")),
        ("json $.items[*].id", json!([17, 18])),
        ("json $.items[*].id | first", json!(17)),
        ("json $.items[*].id | last", json!(18)),
        ("json $.items[*].id | nth 1", json!(18)),
        (
            "json $.items | nth -2",
            json!({"id": 17, "tags": ["a", "b"]}),
        ),
        ("json $.items | count", json!(2)),
        ("json $.o | count", json!(1)),
        ("json $.spaced | trim", json!("x")),
        ("json $.state | upper", json!("PAID")),
        ("json $.state | upper | lower", json!("paid")),
        ("json $.n | float", json!(3.0)),
        ("json $.n | int", json!(3)),
        ("json $.big | int", json!(12_345_678_901_234_567_890_u64)),
        ("json $.price | float | int", json!(12)),
        ("json $.csv | split \",\" | last", json!("c")),
        (
            "json $.csv | replace \",\" \"{{ count_of }}\"",
            json!("a3b3c"),
        ),
        ("json $.when | regex /T(\\d+)/ | int", json!(10)),
        (
            "header set-cookie",
            json!("session=\"abc\"; Path=/; HttpOnly"),
        ),
        ("header set-cookie | nth 1", json!("theme=dark")),
        ("cookie session", json!("abc")),
        ("regex /\"id\":(\\d+)/ | last", json!("18")),
        ("regex /n./ | first", json!("n\"")),
        ("url | regex \"orders/(\\d+)\"", json!("9")),
        ("shopper.id", json!(17)),
    ] {
        assert_eq!(capture(text), Ok(Value::Json(value)), "{text}");
    }
    assert_eq!(capture("ttfb"), Ok(Value::Time(Duration::from_millis(120))));
    let nothing = capture("json $.items[?@.id == 1].id").unwrap_err();
    assert_eq!(
        (nothing.expected.as_str(), nothing.actual.as_str()),
        ("a value", "nothing at $.items[?@.id == 1].id")
    );
    assert!(capture("json $.items[?@.id == 1].id | random").is_err());
}

#[test]
fn random_draws_from_the_given_stream() {
    let expression = Expression::parse("json $.items[*].id | random", &mut Names).unwrap();
    let (mut one, mut two) = (rng(), rng());
    let (first, second): (Vec<_>, Vec<_>) = respond(BODY.as_bytes(), |facts| {
        (0..40)
            .map(|_| {
                let draw = |rng: &mut _| expression.evaluate(facts, rng).unwrap().to_string();
                (draw(&mut one), draw(&mut two))
            })
            .unzip()
    });
    assert_eq!(first, second);
    assert!(first.contains(&"17".into()) && first.contains(&"18".into()));
}

#[test]
fn what_a_check_needs_is_known_before_it_runs() {
    for (text, body, status) in [
        ("status == 200", false, true),
        ("json $.a exists", true, false),
        ("body contains 'x'", true, false),
        ("regex /a/ exists", true, false),
        ("size > 0", false, false),
        ("header a exists", false, false),
    ] {
        let check = Check::parse(text, &mut Names).unwrap();
        assert_eq!(
            (check.needs_body(), check.tests_status()),
            (body, status),
            "{text}"
        );
    }
    let check = Check::parse(
        " token | replace \"{{ number }}\" \"\" in [{{ paid }}, 'a{{ empty }}'] ",
        &mut Names,
    )
    .unwrap();
    assert_eq!(check.slots().collect::<Vec<_>>(), [0, 2, 5, 4]);
    assert!(check.text().starts_with("token |") && check.text().ends_with(']'));
    let capture = Expression::parse(" json $.a | first ", &mut Names).unwrap();
    assert_eq!(
        (capture.text(), capture.needs_body()),
        ("json $.a | first", true)
    );
}
