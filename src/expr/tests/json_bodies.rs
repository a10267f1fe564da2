use super::*;
use crate::source::parse;

fn compile(yaml: &str) -> (JsonTemplate, Vec<Diagnostic>) {
    let source = Source::new("x.yaml", yaml);
    let node = parse(&source).unwrap_or_else(|e| panic!("{yaml}: {e}"));
    let mut problems = Vec::new();
    let template = JsonTemplate::compile(&node, &source, &mut Names, &mut problems);
    (template, problems)
}

fn body(yaml: &str) -> String {
    let (template, problems) = compile(yaml);
    assert!(problems.is_empty(), "{yaml}: {problems:?}");
    let (variables, mut rng) = (variables(), rng());
    let mut out = String::new();
    template.render(&mut templates::context(&variables, &mut rng), &mut out);
    serde_json::from_str::<serde_json::Value>(&out)
        .unwrap_or_else(|e| panic!("{yaml}: {e}: {out}"));
    out
}

#[test]
fn yaml_becomes_json_in_the_order_written() {
    for (yaml, json) in [
        (
            "{ b: 1, a: [true, ~, null, x y] }",
            r#"{"b":1,"a":[true,null,null,"x y"]}"#,
        ),
        ("a:\nb: -1.50\nc: 1e3\n", r#"{"a":null,"b":-1.50,"c":1e3}"#),
        (
            "[\"1\", '012', \"no\", 2026-01-01, 1:30, -x, 10.0.0.1]",
            r#"["1","012","no","2026-01-01","1:30","-x","10.0.0.1"]"#,
        ),
        ("[]", "[]"),
        ("{}", "{}"),
        ("\"a\\\"\\\\\\n\\x01é\"", "\"a\\\"\\\\\\n\\u0001é\""),
        ("9007199254740992", "9007199254740992"),
        ("{ \"a\\\"b\": 0 }", r#"{"a\"b":0}"#),
    ] {
        assert_eq!(body(yaml), json, "{yaml}");
        assert!(compile(yaml).0.as_literal().is_some());
    }
}

#[test]
fn a_whole_template_keeps_its_type_and_a_part_is_escaped() {
    for (yaml, json) in [
        ("{ n: \"{{ count_of }}\" }", r#"{"n":3}"#),
        ("\"{{ number }}\"", "\"17\""),
        ("\"{{ token }}\"", r#""s\"3cret""#),
        ("\"{{ empty }}\"", "null"),
        ("\"{{ paid }}\"", "\"505ms\""),
        (
            "\"x {{ token }} {{ count_of }} \\\" {{ empty }}\"",
            r#""x s\"3cret 3 \" ""#,
        ),
        ("x{{ count_of }}", "\"x3\""),
        ("\"{{ user() }}\"", "4"),
        ("\"{{ timestamp() }}\"", "1795000000"),
        ("\"{{ random_int(7, 7) }}\"", "7"),
        ("\"{{ now() }}\"", "\"2026-11-18T11:06:40.123Z\""),
        ("{ \"{{ number }}\": a }", r#"{"17":"a"}"#),
        ("{ \"{{ count_of }}\": a }", r#"{"3":"a"}"#),
        ("\"{{ '{{' }}\"", "\"{{\""),
    ] {
        assert_eq!(body(yaml), json, "{yaml}");
    }
    let (template, _) =
        compile("{ a: \"{{ number }}\", b: \"x{{ token }}\", c: \"{{ uuid() }}\" }");
    assert_eq!(template.slots().collect::<Vec<_>>(), [2, 0]);
    assert_eq!(template.as_literal(), None);
}

#[test]
fn traps_are_errors_with_a_fix() {
    for (scalar, code, help) in [
        ("no", "T0301", "write `false`"),
        ("On", "T0301", "write `true`"),
        ("yes", "T0301", "quote it"),
        ("True", "T0301", "write `true`"),
        ("NULL", "T0301", "write `null`"),
        ("012", "T0302", "`\"012\"`"),
        ("-01", "T0302", "quote it"),
        ("1_000", "T0303", "write `1000`"),
        ("9007199254740993", "T0304", "quote it"),
        ("12345678901234567890123", "T0304", "quote it"),
        ("0x1F", "T0305", "write `31`"),
        ("0o17", "T0305", "write `15`"),
        ("+49123", "T0305", "write `49123`"),
        (".5", "T0305", "write `0.5`"),
        ("5.", "T0305", "write `5`"),
        (".inf", "T0306", "quote it"),
        ("1e999", "T0306", "quote it"),
    ] {
        let yaml = format!("a: {scalar}\nb: \"{{{{ nope }}}}\"\n");
        let (_, problems) = compile(&yaml);
        assert_eq!(problems.len(), 2, "{scalar}: {problems:?}");
        assert_eq!(problems[0].code, code, "{scalar}");
        assert_eq!(&yaml[problems[0].span.range()], scalar);
        assert!(
            problems[0].help.as_ref().unwrap().contains(help),
            "{scalar}: {problems:?}"
        );
        assert_eq!(&yaml[problems[1].span.range()], "nope");
    }
    let (_, problems) = compile("{ \"{{ tokn }}\": 1 }");
    assert_eq!(
        problems[0].to_string(),
        "x.yaml:1:7: unknown variable `tokn` (did you mean `token`?)"
    );
}
