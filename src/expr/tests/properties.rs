use super::*;
use proptest::prelude::*;
use serde_json::Value as Json;

const WORDS: &[&str] = &[
    "status",
    "header",
    "x-a",
    "json",
    "$.a[0]",
    "$.items[?@.a",
    "|",
    "count",
    "nth",
    "-1",
    "==",
    "!=",
    "<",
    "not",
    "is",
    "empty",
    "in",
    "[1,",
    "]",
    "\"a",
    "\"",
    "'",
    "/a(",
    "/",
    "{{",
    "}}",
    "token",
    "uuid(",
    ")",
    "2",
    "s",
    "KB",
    "é",
    "\\",
    "\\u{",
    "matches",
    "contains",
    "starts",
    "with",
    " ",
    "\t",
    "%",
    "1e9",
    "1e",
    "99999999999999999999",
    "split",
    "replace",
    "random",
    "css",
    "a@href",
    "\"h1 b\"",
    "@x",
    "between",
    "\"<\" \">\"",
    "certificate",
    "expiry",
    "cookie",
    "max-age",
    "date",
    "\"%Y\"",
    "days",
    "until",
    "base64",
    "decode",
    "html",
    "unescape",
    "jwt",
    "url",
    "param",
    "schema",
    "order.json",
    "bytes",
    "sha256(",
    "choice(",
    "now(",
    "\"+3d\"",
    ",",
];

/// Text that often looks like the language.
fn near_miss() -> impl Strategy<Value = String> {
    let words = prop::sample::select(WORDS);
    prop_oneof![
        prop::collection::vec(words, 0..12).prop_map(|words| words.join(" ")),
        prop::collection::vec(".{0,4}", 0..6).prop_map(|words| words.concat()),
        ".{0,40}",
    ]
}

fn json_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        ".{0,6}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

fn sane(text: &str, problem: &ParseError) {
    assert!(
        problem.range.start <= problem.range.end,
        "{text:?}: {problem:?}"
    );
    assert!(
        text.get(problem.range.clone()).is_some(),
        "{text:?}: {problem:?}"
    );
    assert!(problem.help.is_some(), "{text:?}: {problem:?}");
}

proptest! {
    #![proptest_config(crate::properties::cases(256))]

    #[test]
    fn parsers_never_panic_and_errors_stay_inside(text in near_miss()) {
        if let Err(problem) = Check::parse(&text, &mut Names) { sane(&text, &problem); }
        if let Err(problem) = Expression::parse(&text, &mut Names) { sane(&text, &problem); }
        if let Err(problem) = Template::parse(&text, &mut Names) { sane(&text, &problem); }
    }

    #[test]
    fn what_parses_runs_on_any_body(text in near_miss(), body in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(check) = Check::parse(&text, &mut Names) {
            respond(&body, |facts| check.evaluate(facts, &mut rng()).ok());
        }
    }

    #[test]
    fn every_word_of_the_table_runs_on_any_body(
        body in prop_oneof![".{0,40}", "(<[a-c]( [a-c]=.)?>|</[a-c]>|[a-c]){0,12}"],
        picks in prop::collection::vec(0..vocabulary().len(), 1..4),
    ) {
        let filters = picks.iter().map(|pick| vocabulary()[*pick]).filter(|e| e.kind == Kind::Filter);
        let words: Vec<&str> = filters.filter_map(|e| e.example.split_once(" | ")).map(|(_, f)| f).collect();
        for query in vocabulary().iter().filter(|e| e.kind == Kind::Query) {
            let text = [&[query.example], &words[..]].concat().join(" | ");
            if let Ok(capture) = Expression::parse(&text, &mut examples::Shop) {
                respond(body.as_bytes(), |facts| capture.evaluate(facts, &mut rng()).ok());
            }
        }
    }

    #[test]
    fn texts_come_back_from_every_alphabet(text in ".{0,30}") {
        for (to, back) in [("base64 encode", "base64 decode"), ("base64url encode", "base64 decode"),
            ("hex encode", "hex decode"), ("url encode", "url decode")] {
            let capture = Expression::parse(&format!("body | {to} | {back}"), &mut Names).unwrap();
            let found = respond(text.as_bytes(), |facts| capture.evaluate(facts, &mut rng()));
            prop_assert_eq!(found, Ok(Value::from(text.as_str())), "{}", to);
        }
        let seen: String = text.chars().filter(|c| !c.is_control()).collect();
        let capture = Expression::parse("body | html escape | html unescape", &mut Names).unwrap();
        let found = respond(seen.as_bytes(), |facts| capture.evaluate(facts, &mut rng()));
        prop_assert_eq!(found, Ok(Value::from(seen.as_str())));
    }

    #[test]
    fn text_without_braces_is_itself_and_braces_can_be_written(text in ".{0,60}") {
        let render = |template: &Template| {
            let (variables, mut rng) = (variables(), rng());
            let mut out = String::new();
            template.render(&mut templates::context(&variables, &mut rng), &mut out);
            out
        };
        prop_assert_eq!(render(&Template::literal(&text)), text.clone());
        let escaped = text.replace("{{", "{{ \"{{\" }}");
        let template = Template::parse(&escaped, &mut Names).unwrap();
        prop_assert_eq!(template.as_literal(), Some(text.as_str()));
        prop_assert_eq!(render(&template), text);
    }

    #[test]
    fn walking_the_bytes_finds_what_the_tree_holds(
        document in json_value(),
        steps in prop::collection::vec(prop_oneof!["\\.[ab]", "\\[[0-3]\\]", "\\['[ab]'\\]"], 0..4),
    ) {
        let path = format!("${}", steps.concat());
        let body = document.to_string();
        let reference = serde_json_path::JsonPath::parse(&path).unwrap();
        let want = reference.query(&document).first().cloned();
        prop_assert_eq!(paths::find(&path, &body, false), want.clone());
        prop_assert_eq!(paths::find(&path, &body, true), want);
    }

    #[test]
    fn bodies_are_json_whatever_the_variables_hold(text in ".{0,30}", plain in "[^\\x00-\\x1f\"\\\\{}]{0,10}") {
        let source = Source::new("x.yaml", format!("\"{plain}{{{{ token }}}} {{{{ token }}}}\""));
        let Ok(node) = crate::source::parse(&source) else { return Ok(()); };
        let mut problems = Vec::new();
        let template = JsonTemplate::compile(&node, &source, &mut Names, &mut problems);
        let (values, mut rng) = ([Value::from(text.as_str())], rng());
        let mut out = String::new();
        template.render(&mut templates::context(&values, &mut rng), &mut out);
        let back: Json = serde_json::from_str(&out).unwrap();
        let yaml = &node.scalar().unwrap().text;
        prop_assert_eq!(back, Json::from(yaml.replace("{{ token }}", &text)));
    }
}
