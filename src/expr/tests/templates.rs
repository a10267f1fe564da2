use super::*;

fn render(text: &str) -> String {
    let template = Template::parse(text, &mut Names).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    let (variables, mut rng) = (variables(), rng());
    let mut out = String::new();
    template.render(&mut context(&variables, &mut rng), &mut out);
    out
}

pub(super) fn context<'a>(variables: &'a [Value], rng: &'a mut Xoshiro256PlusPlus) -> Context<'a> {
    Context {
        variables,
        rng,
        user: 4,
        iteration: 9,
        now: || SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_000_000_123_456),
    }
}

#[test]
fn names_and_functions_are_filled_in() {
    for (text, want) in [
        ("", ""),
        ("plain } }} text {", "plain } }} text {"),
        ("Bearer {{ token }}", "Bearer s\"3cret"),
        ("/{{count_of}}/{{ shopper.id }}?{{ empty }}", "/3/17?"),
        ("{{ paid }}", "505ms"),
        ("{{ user() }}-{{ iteration() }}", "4-9"),
        ("{{ timestamp() }}", "1795000000"),
        ("{{ now() }}", "2026-11-18T11:06:40.123Z"),
        ("{{ \"{{\" }} x {{ '}}' }}", "{{ x }}"),
        ("{{ random_int(5, 5) }}", "5"),
        ("{{ now(\"-1h\") }}", "2026-11-18T10:06:40.123Z"),
        ("{{ now(\"%d.%m.%Y\", \"+2w\") }}", "02.12.2026"),
        ("{{ timestamp(\"+1d\") }}", "1795086400"),
        ("{{ choice(\"x\") }}", "x"),
        ("{{ base64(token) }}", "cyIzY3JldA=="),
        ("{{ url_encode(base64(\"a?>\")) }}", "YT8%2B"),
        ("{{ base64(iteration()) }}{{ base64(7) }}", "OQ==Nw=="),
        ("{{ env(\"X\", \"y\") }}", "y"),
        (
            "{{ sha256(\"\") }}",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        ("{{ random_int(-1_000, -1_000) }}", "-1000"),
    ] {
        assert_eq!(render(text), want, "{text}");
    }
}

#[test]
fn random_functions_keep_their_promises() {
    let uuid = render("{{ uuid() }}");
    let shape: String = uuid
        .chars()
        .map(|c| if c == '-' { '-' } else { 'x' })
        .collect();
    assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    assert_eq!(&uuid[14..15], "4");
    assert!("89ab".contains(&uuid[19..20]), "{uuid}");
    assert_eq!(render("{{ uuid() }}"), uuid, "the stream decides");
    let two = render("{{ uuid() }}{{ uuid() }}");
    assert_ne!(two[..36], two[36..]);
    let text = render("{{ random_string(500) }}");
    assert!(text.len() == 500 && text.bytes().all(|b| b.is_ascii_alphanumeric()));
    let dice = render(&"{{ random_int(1, 6) }}".repeat(300));
    assert!(('1'..='6').all(|side| dice.contains(side)) && dice.len() == 300);
}

/// A template, the text that is pointed at, a part of the message and of the fix.
const WRONG: &[(&str, &str, &str, &str)] = &[
    ("a {{ token", "{{ token", "never closed", "`}}`"),
    (
        "a {{ token }",
        "{{ token }",
        "never closed",
        "literal braces",
    ),
    ("a {{", "{{", "never closed", "`}}`"),
    ("{{ uuid(", "{{ uuid(", "never closed", "`}}`"),
    ("{{ }} b", "{{ }", "nothing stands", "{{ name }}"),
    ("{{ 3 }}", "3", "expected a variable", "{{ name }}"),
    ("{{ tokn }}", "tokn", "unknown variable", "`token`"),
    (
        "{{ shopper.di }}",
        "shopper.di",
        "unknown variable",
        "`shopper.id`",
    ),
    ("{{ xyzzy }}", "xyzzy", "unknown variable", "one of: token"),
    ("{{ uuid }}", "uuid", "unknown variable", "`uuid()`"),
    ("{{ uid() }}", "uid", "unknown function", "`uuid`"),
    (
        "{{ zzzzzzz() }}",
        "zzzzzzz",
        "unknown function",
        "uuid(), now(",
    ),
    (
        "{{ random_int(1) }}",
        "random_int(1)",
        "1 argument",
        "random_int(1, 6)",
    ),
    (
        "{{ random_int(6, 1) }}",
        "random_int(6, 1)",
        "nothing lies",
        "random_int(1, 6)",
    ),
    (
        "{{ random_int(a, 1) }}",
        "a",
        "whole numbers",
        "random_int(1, 6)",
    ),
    (
        "{{ random_int(1.5, 2) }}",
        "1.5",
        "whole number",
        "random_int(1, 6)",
    ),
    (
        "{{ random_string(0) }}",
        "random_string(0)",
        "1 to 65536",
        "random_string(8)",
    ),
    ("{{ now(3) }}", "now(3)", "takes a format", "now("),
    ("{{ now(\"soon\") }}", "now(\"soon\")", "no offset", "now("),
    (
        "{{ now(\"+9999999999w\") }}",
        "now(\"+9999999999w\")",
        "thousand years",
        "now(",
    ),
    ("{{ now(\"é\") }}", "now(\"é\")", "no offset", "now("),
    (
        "{{ timestamp(3) }}",
        "timestamp(3)",
        "does not take 1",
        "timestamp(",
    ),
    ("{{ uuid(1, 2) }}", "uuid(1, 2)", "2 arguments", "uuid()"),
    ("{{ uuid(1 2) }}", "2", "expected `,`", "uuid()"),
    ("{{ choice() }}", "choice()", "no arguments", "choice("),
    ("{{ sha256(tokn) }}", "tokn", "unknown variable", "`token`"),
    ("{{ sha256(uid()) }}", "uid", "unknown function", "`uuid`"),
    (
        "{{ fake_name(3) }}",
        "fake_name(3)",
        "1 argument",
        "fake_name()",
    ),
    (
        "{{ env(\"SHOP_X\") }}",
        "env(\"SHOP_X\")",
        "is not set",
        "default",
    ),
    ("{{ token | upper }}", "|", "filters do not", "capture"),
    ("{{ token + 1 }}", "+", "expected `}}`", "one variable"),
];

struct Nobody;

impl Scope for Nobody {
    fn slot(&mut self, _: &str) -> Option<usize> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

#[test]
fn errors_point_at_their_place_and_name_the_fix() {
    for (text, place, message, help) in WRONG {
        let error = Template::parse(text, &mut Names).expect_err(text);
        assert_eq!(&text[error.range.clone()], *place, "{text}: {error:?}");
        assert!(error.message.contains(message), "{text}: {error:?}");
        let fix = error.help.clone().unwrap_or_default();
        assert!(fix.contains(help), "{text}: {error:?}");
    }
    let error = Template::parse("{{ x }}", &mut Nobody).unwrap_err();
    assert!(error.help.unwrap().contains("capture it"));
}

#[test]
fn literals_and_slots_are_known() {
    let parse = |text: &str| Template::parse(text, &mut Names).unwrap();
    assert_eq!(parse("a b").as_literal(), Some("a b"));
    assert_eq!(parse("").as_literal(), Some(""));
    assert_eq!(parse("a {{ \"{{\" }} b").as_literal(), Some("a {{ b"));
    assert_eq!(parse("{{ token }}").as_literal(), None);
    assert_eq!(parse("{{ now() }}").as_literal(), None);
    assert_eq!(Template::literal("{{ x").as_literal(), Some("{{ x"));
    let slots: Vec<usize> = parse("{{ shopper.id }} {{ uuid() }} {{ token }}")
        .slots()
        .collect();
    assert_eq!(slots, [3, 0]);
}

#[test]
fn arguments_are_read_like_everything_else() {
    let parse = |text: &str| Template::parse(text, &mut Names).unwrap();
    let slots: Vec<usize> = parse("{{ hmac_sha256(token, choice(number, sha256(shopper.id))) }}")
        .slots()
        .collect();
    assert_eq!(slots, [0, 2, 3]);
    let env = Template::parse("{{ env('SHOP') }}", &mut examples::Shop).unwrap();
    assert_eq!(env.as_literal(), Some("demo"));
}

#[test]
fn no_two_iterations_share_a_number() {
    let template = Template::parse("{{ sequence() }}", &mut Names).unwrap();
    let mut seen = std::collections::HashSet::new();
    for (user, iteration) in [
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 1),
        (7, 3),
        (3, 7),
        (u32::MAX.into(), 0),
    ] {
        let mut rng = rng();
        let mut context = context(&[], &mut rng);
        (context.user, context.iteration) = (user, iteration);
        let mut out = String::new();
        template.render(&mut context, &mut out);
        assert!(seen.insert(out));
    }
}

#[test]
fn values_print_as_in_a_url() {
    for (value, text) in [
        (Value::Missing, ""),
        ("a\"b".into(), "a\"b"),
        (Value::Json(json!(3)), "3"),
        (Value::Json(json!(null)), "null"),
        (Value::Json(json!([1, "a"])), "[1,\"a\"]"),
        (Value::Time(Duration::from_micros(1_250)), "1.25ms"),
    ] {
        assert_eq!(value.text(), text);
        assert_eq!(value.to_string(), text);
        assert_eq!(value.is_missing(), value == Value::Missing);
    }
}

struct Order;

impl Scope for Order {
    fn slot(&mut self, name: &str) -> Option<usize> {
        ["order", "order.column", "token"]
            .iter()
            .position(|known| *known == name)
    }

    fn names(&self) -> Vec<String> {
        ["order", "order.column", "token"].map(str::to_owned).into()
    }
}

#[test]
fn members_are_read_by_plain_paths_and_a_column_wins() {
    let order = json!({ "id": 7, "column": "member", "lines": [{ "sku": "a", "a b": [true] }], "k-1": "x" });
    let variables = [Value::Json(order), "of a feeder".into(), Value::Missing];
    for (text, want) in [
        ("{{ order.id }}", "7"),
        ("{{ order.column }}", "of a feeder"),
        ("{{ order.lines[0].sku }}{{order.k-1}}", "ax"),
        ("{{ order[\"lines\"][0][\"a b\"][0] }}", "true"),
        ("{{ order.lines[0] }}", r#"{"a b":[true],"sku":"a"}"#),
        ("{{ base64(order.lines[0].sku) }}", "YQ=="),
    ] {
        let template = Template::parse(text, &mut Order).unwrap_or_else(|e| panic!("{text}: {e}"));
        let (mut rng, mut out) = (rng(), String::new());
        template.render(&mut context(&variables, &mut rng), &mut out);
        let same = out == want
            || serde_json::from_str::<serde_json::Value>(&out).is_ok_and(|out| {
                serde_json::from_str(want).is_ok_and(|want: serde_json::Value| out == want)
            });
        assert!(same, "{text}: {out}");
        assert!(template.members().all(|m| m.find(&variables).is_some()));
    }
    let nothing = Template::parse("{{ order.lines[1].sku }}", &mut Order).unwrap();
    let member = nothing.as_member().unwrap();
    assert_eq!(member.find(&variables), None);
    assert!(
        member
            .lacking(&variables)
            .starts_with("`order.lines[1].sku` finds nothing: `order` holds object {")
    );
    for (text, at, help) in [
        ("{{ ordr.id }}", "ordr.id", "did you mean `order.id`?"),
        ("{{ order[x] }}", "[", "write names and places"),
        ("{{ order..id }}", "order..id", "write names and places"),
        ("{{ order[0 }}", "[0 ", "write names and places"),
    ] {
        let problem = Template::parse(text, &mut Order).unwrap_err();
        assert_eq!(&text[problem.range.clone()], at, "{problem:?}");
        assert!(problem.help.as_ref().unwrap().contains(help), "{problem:?}");
    }
}

#[test]
fn members_keep_their_type_in_bodies_and_checks() {
    let variables = [
        Value::Json(json!({ "n": 2, "tags": ["a"] })),
        Value::Missing,
        Value::Missing,
    ];
    let source = Source::new(
        "x.yaml",
        "{ n: '{{ order.n }}', t: '{{ order.tags }}', s: 'x{{ order.n }}' }",
    );
    let node = crate::source::parse(&source).unwrap();
    let body = JsonTemplate::compile(&node, &source, &mut Order, &mut Vec::new());
    let (mut rng, mut out) = (rng(), String::new());
    body.render(&mut context(&variables, &mut rng), &mut out);
    assert_eq!(out, r#"{"n":2,"t":["a"],"s":"x2"}"#);
    let headers = Head::default();
    let facts = Facts::new(202, &headers, "").with_variables(&variables);
    for (check, holds) in [
        ("status > \"{{ order.n }}\"", true),
        ("status == \"20{{ order.n }}\"", true),
        ("status == \"{{ order.n }}\"", false),
        ("status in [\"{{ order.none }}\", 202]", false),
    ] {
        let parsed = Check::parse(check, &mut Order).unwrap();
        assert_eq!(parsed.evaluate(&facts, &mut rng).is_ok(), holds, "{check}");
    }
}
