use super::*;

/// A check, the text that is pointed at, a part of the message and of the fix.
const CHECKS: &[(&str, &str, &str, &str)] = &[
    ("", "", "nothing to look at", "status, header"),
    ("== 200", "==", "no query", "start with a query"),
    ("$.a == 1", "$.a", "behind `json`", "json $.a"),
    (
        "stauts == 200",
        "stauts",
        "neither a query nor a variable",
        "`status`",
    ),
    ("tokn exists", "tokn", "neither", "`token`"),
    ("jsonpath $.a == 1", "jsonpath", "neither", "`json`"),
    ("header", "header", "of what", "header content-type"),
    ("header é == 'x'", "é", "name of a header", "letters"),
    ("cookie == 'x'", "cookie", "of what", "cookie session"),
    ("json", "json", "of what", "json $.items"),
    (
        "json items[0] == 1",
        "items[0]",
        "starts with `$`",
        "`$.items[0]`",
    ),
    ("json $.a[ == 1", "[ == 1", "never closed", "close it"),
    ("json $.x-y == 1", "x-y", "not a JSON path", "`['x-y']`"),
    (
        "json $['{{ token }}'] == 1",
        "$['{{ token }}']",
        "template",
        "compiled once",
    ),
    ("regex", "", "needs a pattern", "quotes or slashes"),
    ("regex /(/ exists", "(", "not a pattern", "regex crate"),
    (
        "body matches \"{{ token }}\"",
        "{{ token }}",
        "template",
        "`contains`",
    ),
    ("body matches paid", "paid", "needs a pattern", "matches /"),
    (
        "variable nope == 1",
        "nope",
        "unknown variable",
        "one of: token",
    ),
    (
        "variable tokne == 1",
        "tokne",
        "unknown variable",
        "`token`",
    ),
    (
        "json $.a | cuont == 1",
        "cuont",
        "unknown filter",
        "`count`",
    ),
    (
        "json $.a | length == 1",
        "length",
        "unknown filter",
        "`count`",
    ),
    ("json $.a | == 1", "==", "expected a filter", "count, first"),
    ("json $.a | nth == 1", "nth", "of what", "nth 0"),
    ("json $.a | nth 1.5 == 1", "1.5", "whole number", "nth 0"),
    (
        "json $.a | split == 1",
        "==",
        "needs text in quotes",
        "split \",\"",
    ),
    (
        "json $.a | replace \"a\"",
        "replace",
        "needs text in quotes",
        "replace \"from\"",
    ),
    ("body | count == 1", "count", "takes a list", "size"),
    (
        "status | trim == 'x'",
        "trim",
        "takes text, and `status` gives a number",
        "leave",
    ),
    ("status", "status", "ends with what must hold", "status =="),
    ("status = 200", "=", "no predicate", "`==`"),
    ("status === 200", "===", "no predicate", "`==`"),
    ("status => 200", "=>", "no predicate", "`>=`"),
    ("status <> 200", "<>", "no predicate", "`!=`"),
    ("url =~ /x/", "=~", "no predicate", "`matches`"),
    ("status ~ 200", "~", "no predicate", "one of"),
    ("status equals 200", "equals", "no predicate", "`==`"),
    (
        "url startsWith 'x'",
        "startsWith",
        "no predicate",
        "`starts with`",
    ),
    ("url contain 'x'", "contain", "no predicate", "`contains`"),
    (
        "url starts 'x'",
        "starts",
        "half a predicate",
        "`starts with`",
    ),
    ("json $.a is", "is", "`is` what", "number"),
    ("json $.a is array", "array", "no type", "`list`"),
    ("json $.a is lst", "lst", "no type", "`list`"),
    ("status ==", "==", "needs a value", "duration"),
    ("status in 200", "200", "needs a list", "in ["),
    ("status in [200, 201", "[200, 201", "never closed", "`]`"),
    ("status in [200 201]", "[200 ", "never closed", "`,`"),
    (
        "json $.a == pending",
        "pending",
        "quotes",
        "quote it: `\"pending\"`",
    ),
    (
        "json $.a == paid",
        "paid",
        "quotes",
        "`\"{{ paid }}\"` for the variable",
    ),
    ("json $.a == \"paid", "\"paid", "never closed", "add"),
    ("json $.a == \"\\d\"", "\\d", "not an escape", "backslash"),
    ("json $.a == /x/", "/x/", "pattern", "matches /x/"),
    (
        "json $.a == 2026-01-01",
        "2026-01-01",
        "no number",
        "quote it",
    ),
    ("json $.a == 12ab", "12ab", "not a unit", "quotes"),
    (
        "ttfb < 2 parsecs",
        "2 parsecs",
        "`parsecs` is not a unit",
        "ms",
    ),
    ("ttfb < 2parsecs", "2parsecs", "not a unit", "ms"),
    (
        "ttfb < 2",
        "< 2",
        "a time, and is compared with a number",
        "`2s`",
    ),
    (
        "status == '200'",
        "== '200'",
        "`status` gives a number",
        "without quotes",
    ),
    (
        "status == true",
        "== true",
        "true, false or null",
        "same type",
    ),
    ("header x == 3", "== 3", "gives text", "| int"),
    ("status matches /2/", "matches /2/", "about text", "`==`"),
    ("status contains 2", "contains 2", "about text", "`==`"),
    ("ttfb > -2s", "-2s", "not negative", "`-`"),
    ("size > -2 KB", "-2 KB", "not negative", "`-`"),
    (
        "ttfb < 900000h",
        "900000h",
        "longer than 30 years",
        "shorter",
    ),
    (
        "not status == 404",
        "not",
        "before the predicate",
        "status not",
    ),
    ("json $.a..[ ] == 1", ".[ ]", "from here on", "RFC 9535"),
    ("json $.a..[ ", "[ ", "never closed", "close it"),
    (
        "status == 200 and ttfb < 2s",
        "and ttfb < 2s",
        "ends behind",
        "list item",
    ),
    ("status == 200 or 201", "or 201", "ends behind", "in ["),
    (
        "status == 200 | count",
        "| count",
        "ends behind",
        "before the predicate",
    ),
    (
        "json $.a == \"{{ nope }}\"",
        "nope",
        "unknown variable",
        "token",
    ),
    (
        "json $.a == \"{{ uuid() }}\"",
        "{{ uuid() }}",
        "for requests",
        "variables",
    ),
    (
        "json $.a == \"\\n{{ nope }}\"",
        "\\n{{ nope }}",
        "unknown variable",
        "token",
    ),
];

#[test]
fn every_error_points_at_its_place_and_names_the_fix() {
    let mut wrong = Vec::new();
    for (text, place, message, help) in CHECKS {
        let error = Check::parse(text, &mut Names).expect_err(text);
        let fix = error.help.clone().unwrap_or_default();
        let right = &text[error.range.clone()] == *place
            && error.message.contains(message)
            && fix.contains(help);
        if !right {
            wrong.push(format!(
                "{text}\n  {}\n  {error:?}",
                &text[error.range.clone()]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Two letters of a word in the wrong order: what people type most often.
#[test]
fn every_word_is_known_by_a_slip_of_the_fingers() {
    let mut wrong = Vec::new();
    for entry in vocabulary() {
        let word = entry.name.split(' ').next().unwrap();
        let letters: Vec<char> = word.chars().collect();
        let pair = (1..letters.len().saturating_sub(1)).find(|&i| letters[i] != letters[i + 1]);
        let Some(at) = pair.filter(|_| letters.len() > 3 && letters[0].is_alphabetic()) else {
            continue;
        };
        let mut slip = letters;
        slip.swap(at, at + 1);
        let slip: String = slip.into_iter().collect();
        let Some(place) = place(entry, word) else {
            wrong.push(format!("{}: not in its example", entry.name));
            continue;
        };
        let text = format!(
            "{}{slip}{}",
            &entry.example[..place],
            &entry.example[place + word.len()..]
        );
        let error = match entry.kind {
            Kind::Function => Template::parse(&text, &mut examples::Shop).err(),
            Kind::Predicate => Check::parse(&text, &mut examples::Shop).err(),
            Kind::Query | Kind::Filter => Expression::parse(&text, &mut examples::Shop).err(),
        };
        let help = error.as_ref().and_then(|error| error.help.as_deref());
        if !help.is_some_and(|help| help.contains(&format!("did you mean `{word}"))) {
            wrong.push(format!("{text}: {error:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a word stands in its example: a query in front, a filter behind a `|`, a predicate as late as can be.
fn place(entry: &Entry, word: &str) -> Option<usize> {
    let text = entry.example;
    match entry.kind {
        Kind::Query => text.starts_with(word).then_some(0),
        Kind::Filter => text.rfind(&format!("| {word}")).map(|at| at + 2),
        Kind::Predicate => text.find(&format!(" {word}")).map(|at| at + 1),
        Kind::Function => text.find(word),
    }
}

#[test]
fn captures_hold_no_predicates() {
    let error = Expression::parse("json $.a == 1", &mut Names).unwrap_err();
    assert_eq!((error.range.start, error.range.end), (9, 13));
    assert!(error.help.unwrap().contains("`check:`"));
}

#[test]
fn problems_point_into_the_file() {
    let source = Source::new("a.yaml", "check: \"status = 200\"\n");
    let tree = crate::source::parse(&source).unwrap();
    let crate::source::Kind::Map(entries) = tree.kind else {
        panic!("a map")
    };
    let problem = Check::parse("status = 200", &mut Names).unwrap_err();
    let shown = problem.diagnostic("T0310", &source, &entries[0].1);
    assert_eq!(shown.location(), "a.yaml:1:16");
    assert_eq!(
        shown.to_string(),
        "a.yaml:1:16: `=` is no predicate (write `==`)"
    );
}
