//! The table of words: every example does what it says.

use super::*;
use std::net::IpAddr;

const SCHEMA: &str = r#"{"type": "object", "required": ["id", "state"],
    "properties": {"id": {"format": "uuid"}, "total": {"type": "number", "minimum": 0},
        "items": {"type": "array", "items": {"properties": {"id": {"type": "integer", "maximum": 17}}}}}}"#;

/// The names and the files of the examples.
pub(super) struct Shop;

impl Scope for Shop {
    fn slot(&mut self, name: &str) -> Option<usize> {
        (name == "user").then_some(0)
    }

    fn names(&self) -> Vec<String> {
        vec!["user".into()]
    }

    fn file(&mut self, name: &str) -> io::Result<Vec<u8>> {
        match name {
            "order.json" => Ok(SCHEMA.replace(", \"maximum\": 17", "").into()),
            "strict.json" => Ok(SCHEMA.into()),
            "broken.json" => Ok(b"{".to_vec()),
            "wrong.json" => Ok(br#"{"type": "thing"}"#.to_vec()),
            "remote.json" => Ok(br#"{"$ref": "http://127.0.0.1:1/x.json"}"#.to_vec()),
            "pattern.json" => Ok(br#"{"pattern": "(?=a)b"}"#.to_vec()),
            "private.json" => Err(io::ErrorKind::PermissionDenied.into()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn env(&mut self, name: &str) -> Option<String> {
        (name == "SHOP").then(|| "demo".to_owned())
    }
}

/// A certificate of `shop.example`, for the year 2026.
pub(super) fn certificate() -> Vec<u8> {
    let names = ["shop.example".to_owned(), "192.0.2.7".to_owned()];
    let mut parameters = rcgen::CertificateParams::new(names).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2027, 1, 1);
    parameters.serial_number = Some(0x0102_03ff_u64.into());
    let mut name = rcgen::DistinguishedName::new();
    name.push(rcgen::DnType::CommonName, "shop.example");
    name.push(rcgen::DnType::OrganizationName, "Shop");
    parameters.distinguished_name = name;
    let key = rcgen::KeyPair::generate().unwrap();
    parameters.self_signed(&key).unwrap().der().to_vec()
}

fn ten_o_clock() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(498_682)
}

/// Runs `with` on the exchange that the examples are about.
pub(super) fn shop<T>(with: impl FnOnce(&Facts<'_>) -> T) -> T {
    let (head, body) = EXAMPLE.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let url = lines.next().unwrap().strip_prefix("GET ").unwrap();
    assert_eq!(lines.next(), Some("HTTP/1.1 200 OK"));
    let headers = Head::of(lines.map(|line| line.split_once(": ").unwrap()));
    let der = certificate();
    let redirects = [(302, url.to_owned())];
    let milliseconds = Duration::from_millis;
    let details = Details {
        reason: Some("OK"),
        version: Some("HTTP/1.1"),
        redirects: &redirects,
        peer: Some(IpAddr::from([192, 0, 2, 7])),
        certificate: Some(&der),
        wait: Some(milliseconds(1)),
        dns: Some(milliseconds(2)),
        connect: Some(milliseconds(5)),
        tls: Some(milliseconds(9)),
        write: Some(milliseconds(3)),
    };
    let variables = ["Ann".into()];
    let mut facts = Facts::new(200, &headers, url)
        .with_body(body.as_bytes(), body.len() as u64)
        .with_decoded(Some(body.len() as u64))
        .with_times(milliseconds(120), milliseconds(150))
        .with_variables(&variables)
        .with_details(details);
    facts.now = ten_o_clock;
    with(&facts)
}

fn result(entry: &Entry) -> Result<String, String> {
    let wrong = |problem: ParseError| format!("{problem:?}");
    match entry.kind {
        Kind::Query | Kind::Filter => {
            let capture = Expression::parse(entry.example, &mut Shop).map_err(wrong)?;
            let found = shop(|facts| capture.evaluate(facts, &mut rng()));
            Ok(found.map_err(|m| format!("{m:?}"))?.text().into_owned())
        }
        Kind::Predicate => {
            let check = Check::parse(entry.example, &mut Shop).map_err(wrong)?;
            let holds = shop(|facts| check.evaluate(facts, &mut rng()));
            holds
                .map(|()| "holds".to_owned())
                .map_err(|m| format!("{m:?}"))
        }
        Kind::Function => {
            let template = Template::parse(entry.example, &mut Shop).map_err(wrong)?;
            let (mut out, variables, mut rng) = (String::new(), ["Ann".into()], rng());
            let mut context = templates::context(&variables, &mut rng);
            context.now = ten_o_clock;
            template.render(&mut context, &mut out);
            Ok(out)
        }
    }
}

#[test]
fn every_example_gives_what_the_table_says() {
    let mut wrong = Vec::new();
    for entry in vocabulary() {
        let found = result(entry);
        if found.as_deref() != Ok(entry.result) {
            wrong.push(format!("{}: {found:?}", entry.example));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_word_is_told_apart_and_documented() {
    for (i, entry) in vocabulary().iter().enumerate() {
        let twin = |other: &Entry| other.kind == entry.kind && other.name == entry.name;
        assert!(!vocabulary()[..i].iter().any(twin), "{}", entry.name);
        assert!(
            !entry.doc.is_empty() && !entry.doc.ends_with('.'),
            "{}",
            entry.name
        );
        assert!(entry.syntax.contains(entry.name), "{}", entry.name);
        let shown = entry.example.contains(entry.name);
        assert!(shown || entry.name.starts_with("is "), "{}", entry.example);
        for other in entry.also {
            let word = |known: &Entry| known.kind == entry.kind && known.name == *other;
            assert!(!vocabulary().iter().any(word), "{other}");
        }
    }
}

#[test]
fn words_of_other_tools_lead_to_ours() {
    for entry in vocabulary() {
        for other in entry.also {
            let problem = match entry.kind {
                Kind::Query => Check::parse(&format!("{other} == 1"), &mut Shop).unwrap_err(),
                Kind::Filter => {
                    Check::parse(&format!("body | {other} == 1"), &mut Shop).unwrap_err()
                }
                Kind::Predicate => {
                    Check::parse(&format!("body {other} 'x'"), &mut Shop).unwrap_err()
                }
                Kind::Function => {
                    Template::parse(&format!("{{{{ {other}() }}}}"), &mut Shop).unwrap_err()
                }
            };
            let help = problem.help.clone().unwrap_or_default();
            assert!(
                help.contains(&format!("`{}", entry.name)),
                "{other}: {problem:?}"
            );
        }
    }
}
