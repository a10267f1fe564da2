//! Checks, captures and templates on any answer. In: a text, and a body behind its first line end; out: nothing.

use super::{Corpus, again, fuzz};
use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::io;
use std::net::IpAddr;
use std::time::SystemTime;
use tollgate::expr::{
    Check, Context, Details, EXAMPLE, Expression, Facts, Head, ParseError, Scope, Template, Value,
    vocabulary,
};

/// One variable, and a schema.
struct Names;

impl Scope for Names {
    fn slot(&mut self, name: &str) -> Option<usize> {
        ["user", "list", "a"]
            .iter()
            .position(|known| *known == name)
    }

    fn names(&self) -> Vec<String> {
        vec!["user".into(), "list".into(), "a".into()]
    }

    fn file(&mut self, name: &str) -> io::Result<Vec<u8>> {
        match name {
            "order.json" => Ok(br#"{"type": "object", "required": ["id"]}"#.to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fn rng() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(1)
}

/// What is pointed at stands in the text, and there is a way out.
fn sane(text: &str, problem: &ParseError) {
    assert!(text.get(problem.range.clone()).is_some(), "{problem:?}");
    assert!(problem.help.is_some(), "{problem:?}");
}

fn read(input: &[u8]) {
    let end = input
        .iter()
        .position(|b| *b == b'\n')
        .unwrap_or(input.len());
    let text = String::from_utf8_lossy(&input[..end]);
    let body = input.get(end + 1..).unwrap_or_default();
    let head = Head::new(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nset-cookie: session=a; Max-Age=60\r\nserver-timing: db;dur=1\r\n\r\n");
    let list = serde_json::from_slice(body).unwrap_or_else(|_| serde_json::json!([1, "b", null]));
    let variables = [
        "Ann".into(),
        Value::Json(list),
        String::from_utf8_lossy(body).as_ref().into(),
    ];
    let redirects = [(302, "http://a.test/".to_owned())];
    let details = Details {
        reason: Some("OK"),
        version: Some("HTTP/1.1"),
        redirects: &redirects,
        peer: Some(IpAddr::from([192, 0, 2, 7])),
        certificate: Some(body),
        ..Details::default()
    };
    let facts = Facts::new(200, &head, "https://shop.test/a?b=c")
        .with_body(body, body.len() as u64)
        .with_variables(&variables)
        .with_details(details);
    match Check::parse(&text, &mut Names) {
        Ok(check) => drop(check.evaluate(&facts, &mut rng())),
        Err(problem) => sane(&text, &problem),
    }
    match Expression::parse(&text, &mut Names) {
        Ok(capture) => drop(capture.evaluate(&facts, &mut rng()).map(|v| v.text().len())),
        Err(problem) => sane(&text, &problem),
    }
    match Template::parse(&text, &mut Names) {
        Ok(template) => {
            let mut context = Context {
                variables: &variables,
                rng: &mut rng(),
                user: u64::MAX,
                iteration: u64::MAX,
                now: SystemTime::now,
            };
            template.render(&mut context, &mut String::new());
        }
        Err(problem) => sane(&text, &problem),
    }
}

fn corpus() -> Corpus {
    let body = EXAMPLE.split_once("\n\n").unwrap().1;
    let page = "<!doctype html><table><tr><td>a<p>b<a href='/x?y=1'>c</a></table><select><option>d&amp;&#x1F980;";
    let deep = "[".repeat(200) + &"]".repeat(200);
    let bodies = [
        body,
        page,
        &deep,
        "",
        "null",
        "{\"a\": [1e308, -0.0, 18446744073709551615]}",
    ];
    let mut texts = Vec::new();
    for entry in vocabulary() {
        for body in bodies {
            texts.push(format!("{}\n{body}", entry.example));
        }
    }
    let mut words: Vec<String> = Vec::new();
    for entry in vocabulary() {
        words.extend([entry.name.to_owned(), format!("| {} ", entry.name)]);
        let (_, tail) = entry.example.split_once(' ').unwrap_or_default();
        words.push(format!(" {tail} "));
    }
    Corpus { texts, words }
}

#[test]
fn expressions_are_read_whatever_they_are() {
    fuzz("expressions", &corpus(), read);
}

#[test]
fn findings() {
    let cases: [Vec<u8>; 1] = [b"status == 200\n".to_vec()];
    again("expressions", &cases, read);
}
