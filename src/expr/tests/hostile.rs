//! Bodies that are built to hurt: they cost a mismatch, not the stack and not minutes.

use super::*;

/// What is true of every check on such a body: it ends.
fn survives(body: &str, text: &str) -> Result<(), Mismatch> {
    check_on(body.as_bytes(), text)
}

#[test]
fn pages_inside_pages_are_refused() {
    for open in ["<div>", "<b a=1>", "<table><tr><td>", "<svg>", "<ul><li>"] {
        let body = open.repeat(50_000);
        let wrong = survives(&body, "css \"div div div b\" | count == -1").unwrap_err();
        assert!(
            wrong.actual.contains("inside each other"),
            "{open}: {wrong:?}"
        );
    }
    // What browsers do not nest, however often it stands there.
    for open in [
        "<p><b i>",
        "<button>",
        "<li>",
        "<a href=x>",
        "</p>",
        "<!--",
        "<b>x</p>",
    ] {
        let body = open.repeat(1_000);
        assert!(survives(&body, "css \"p b\" | count == -1").is_err());
    }
}

#[test]
fn one_tag_of_many_attributes_ends() {
    let names: Vec<String> = (0..2_000).map(|i| format!("a{i}")).collect();
    let body = format!("<p {}>x</p>", names.join(" "));
    assert_eq!(survives(&body, "css p == \"x\""), Ok(()));
}

#[test]
fn nested_texts_do_not_multiply() {
    let body = format!("{}{}", "<div>".repeat(900), "x".repeat(200_000));
    let wrong = survives(&body, "css div | count == 1").unwrap_err();
    assert!(wrong.actual.contains("32 MiB"), "{wrong:?}");
    assert_eq!(survives(&body, "css div starts with \"x\""), Ok(()));
}

#[test]
fn nested_json_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let quoted = serde_json::to_string(&deep).unwrap();
    for text in [
        "json $..a exists",
        "json $[0] exists",
        "body | json $..a exists",
    ] {
        assert!(survives(&deep, text).is_err(), "{text}");
        assert!(survives(&quoted, text).is_err(), "{text}");
    }
}

#[test]
fn patterns_and_boundaries_are_linear() {
    let body = "a".repeat(1 << 20);
    assert!(survives(&body, "regex /(a+)+$b/ exists").is_err());
    assert!(survives(&body, "between \"a\" \"b\" | count == 1").is_err());
    assert_eq!(
        survives(&body, "between \"a\" \"a\" | count == 524288"),
        Ok(())
    );
}

#[test]
fn texts_that_look_like_something_else_are_mismatches() {
    for body in [
        "",
        "%",
        "%ff",
        "=",
        "....",
        "a.b.c",
        "\u{feff}",
        "&#xffffffff;&#0;&",
        "-99999-12-31",
        "0x",
    ] {
        for filter in [
            "date",
            "date \"%Y-%m-%d\"",
            "jwt sub",
            "jwt $.a",
            "base64 decode",
            "hex decode",
            "url decode",
            "html unescape",
            "url param \"a\"",
            "json $.a",
            "css a",
            "days until",
            "format \"%s\"",
            "int",
        ] {
            let capture = Expression::parse(&format!("body | {filter}"), &mut Names).unwrap();
            let _ = respond(body.as_bytes(), |facts| capture.evaluate(facts, &mut rng()));
        }
    }
}

#[test]
fn certificates_that_are_none_are_mismatches() {
    let good = examples::certificate();
    for cut in 0..good.len() {
        let mut broken = good[..cut].to_vec();
        for part in ["subject", "san", "expiry", "serial"] {
            let query = Expression::parse(&format!("certificate {part}"), &mut Names).unwrap();
            let (headers, mut rng) = (Head::default(), rng());
            let details = Details {
                certificate: Some(&broken),
                ..Details::default()
            };
            let facts = Facts::new(200, &headers, "").with_details(details);
            assert!(query.evaluate(&facts, &mut rng).is_err());
        }
        broken.clear();
    }
}

#[test]
fn texts_of_many_brackets_are_refused() {
    for (open, text) in [
        ("[", "status in "),
        ("(", "json $[?"),
        ("[?@", "json $"),
        ("!", "json $[?"),
        (":not(", "css \"a"),
        ("(", "regex /"),
    ] {
        let text = format!("{text}{}", open.repeat(50_000));
        assert!(Check::parse(&text, &mut Names).is_err());
        assert!(Check::parse(&format!("{text}\" exists"), &mut Names).is_err());
    }
    let text = format!("{{{{ {}", "sha256(".repeat(50_000));
    assert!(Template::parse(&text, &mut Names).is_err());
}
