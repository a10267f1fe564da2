//! A history in a bucket: the binary against the least that it uses of S3's protocol and of Google's, which is nearly the
//! same. Real servers: `live/buckets.rs`.
#![cfg(feature = "cloud")]

use crate::history::night;
use crate::support::cli::{Bench, Ran};
use crate::support::serve::{Asked, serve};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

type Objects = Arc<Mutex<BTreeMap<String, String>>>;

/// Keys in one page of a list: S3 has 1,000.
const PAGE: usize = 3;

/// What one kind of bucket says in its own way.
#[derive(Clone, Copy)]
struct Dialect {
    place: &'static str,
    /// How every request begins to say who asks.
    signed: &'static str,
    /// What a put says that may not write over anything.
    absent: (&'static str, &'static str),
    environment: &'static [(&'static str, &'static str)],
    /// The variable that holds the server's address.
    server: &'static str,
}

const S3: Dialect = Dialect {
    place: "s3://builds/shop/nightly",
    signed: "AWS4-HMAC-SHA256 ",
    absent: ("if-none-match", "*"),
    environment: &[
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2-hunter2"),
    ],
    server: "AWS_ENDPOINT",
};

const GOOGLE: Dialect = Dialect {
    place: "gs://builds/shop/nightly",
    signed: "Bearer hunter2-hunter2",
    absent: ("x-goog-if-generation-match", "0"),
    environment: &[
        ("GOOGLE_ALLOW_HTTP", "true"),
        ("GOOGLE_BEARER_TOKEN", "hunter2-hunter2"),
    ],
    server: "GOOGLE_BASE_URL",
};

/// A server with one bucket, `builds`, and what is in it.
fn bucket(dialect: Dialect) -> (String, Objects) {
    let objects = Objects::default();
    let inside = Arc::clone(&objects);
    let url = serve(move |asked| {
        if !asked.header("authorization").starts_with(dialect.signed) {
            return (
                "403 Forbidden".into(),
                "<Error><Code>AccessDenied</Code></Error>".into(),
            );
        }
        answer(asked, dialect, &mut inside.lock().unwrap())
    });
    (url, objects)
}

fn answer(
    asked: &Asked,
    dialect: Dialect,
    objects: &mut BTreeMap<String, String>,
) -> (String, String) {
    let (method, url) = asked.line.split_once(' ').unwrap();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let key = path
        .trim_start_matches("/builds")
        .trim_start_matches('/')
        .to_owned();
    let (absent, value) = dialect.absent;
    let ok = || "200 OK\r\netag: \"1\"\r\nlast-modified: Sat, 21 Nov 2026 02:00:00 GMT".to_owned();
    match method {
        "PUT" if objects.contains_key(&key) && asked.header(absent) == value => {
            ("412 Precondition Failed".into(), String::new())
        }
        "PUT" => {
            objects.insert(key, asked.body.clone());
            (ok(), String::new())
        }
        "GET" if query.contains("list-type=2") => ("200 OK".into(), list(query, objects)),
        "GET" => match objects.get(&key) {
            Some(text) => (ok(), text.clone()),
            None => ("404 Not Found".into(), String::new()),
        },
        "POST" => {
            let keys = asked.body.split("<Key>").skip(1);
            let keys = keys.filter_map(|part| Some(part.split_once("</Key>")?.0));
            let gone = keys.map(|key| {
                objects.remove(key);
                format!("<Deleted><Key>{key}</Key></Deleted>")
            });
            let gone: String = gone.collect();
            (
                "200 OK".into(),
                format!("<DeleteResult>{gone}</DeleteResult>"),
            )
        }
        _ => {
            objects.remove(&key);
            ("204 No Content".into(), String::new())
        }
    }
}

/// One page of keys and folders below a prefix.
fn list(query: &str, objects: &BTreeMap<String, String>) -> String {
    let wanted = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.into_owned())
    };
    let prefix = wanted("prefix").unwrap_or_default();
    let after = wanted("continuation-token").unwrap_or_default();
    let mut entries = BTreeMap::new();
    for key in objects.keys().filter(|key| key.starts_with(&prefix)) {
        let entry = match key[prefix.len()..].split_once('/') {
            Some((folder, _)) => {
                let folder = format!("{prefix}{folder}/");
                let markup = format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>");
                (folder, markup)
            }
            None => (
                key.clone(),
                format!(
                    "<Contents><Key>{key}</Key><LastModified>2026-11-21T02:00:00Z</LastModified><ETag>1</ETag><Size>1</Size></Contents>"
                ),
            ),
        };
        entries.insert(entry.0, entry.1);
    }
    let rest: Vec<_> = entries
        .range(after.clone()..)
        .filter(|(key, _)| **key != after)
        .collect();
    let page = &rest[..rest.len().min(PAGE)];
    let more = rest.len() > PAGE;
    let token = page.last().filter(|_| more);
    let token = token.map_or_else(String::new, |(key, _)| {
        format!("<NextContinuationToken>{key}</NextContinuationToken>")
    });
    let markup: String = page.iter().map(|(_, markup)| markup.as_str()).collect();
    format!(
        "<ListBucketResult><Name>builds</Name><IsTruncated>{more}</IsTruncated>{token}{markup}</ListBucketResult>"
    )
}

fn run(bench: &Bench, (dialect, url): (Dialect, &str), arguments: &[&str]) -> Ran {
    let mut command = bench.command(&[arguments, &["--history", dialect.place]].concat());
    command.envs(dialect.environment.iter().copied());
    command.env(dialect.server, url);
    bench.ran(command.output().unwrap())
}

fn bench(days: usize) -> (Bench, Vec<String>) {
    let bench = Bench::new(&[]);
    let names: Vec<String> = (0..days).map(|day| format!("n{day:02}.tg")).collect();
    for (day, name) in names.iter().enumerate() {
        tollgate::record::save(&night(day, 1.0), &bench.path(name)).unwrap();
    }
    (bench, names)
}

#[test]
fn a_bucket_is_a_history_as_a_directory_is() {
    for dialect in [S3, GOOGLE] {
        is_a_history(dialect);
    }
}

fn is_a_history(dialect: Dialect) {
    let (url, objects) = bucket(dialect);
    let at = (dialect, url.as_str());
    let (bench, names) = bench(8);
    let mut add = vec!["history", "add"];
    add.extend(names.iter().take(7).map(String::as_str));
    run(&bench, at, &add).expect(0);
    let kept = objects.lock().unwrap().clone();
    assert_eq!(kept.len(), 7, "{:?}", kept.keys());
    assert!(
        kept.keys()
            .all(|key| key.starts_with("shop/nightly/shop-nightly-"))
    );
    // What is there is not written over.
    objects
        .lock()
        .unwrap()
        .values_mut()
        .for_each(|text| text.push(' '));
    run(&bench, at, &add).expect(0);
    assert!(
        objects
            .lock()
            .unwrap()
            .values()
            .all(|text| text.ends_with(' '))
    );
    let list = run(&bench, at, &["history"]).expect(0).stdout;
    assert!(list.contains("7 runs, 2026-01-01T02:00:00Z"), "{list}");
    let judged = run(&bench, at, &["history", "judge", "n07.tg"])
        .expect(0)
        .stdout;
    assert!(
        judged.contains("history: 7 runs before this one"),
        "{judged}"
    );
    run(&bench, at, &["history", "prune", "--keep", "2"]).expect(0);
    assert_eq!(objects.lock().unwrap().len(), 2);
    let plot = ["history", "plot", "--out", "page.html"];
    run(&bench, at, &plot).expect(0);
}

#[test]
fn jobs_that_add_to_a_bucket_at_once_lose_nothing() {
    for dialect in [S3, GOOGLE] {
        let (url, objects) = bucket(dialect);
        let at = (dialect, url.as_str());
        let (bench, names) = bench(6);
        std::thread::scope(|scope| {
            for name in &names {
                scope.spawn(|| run(&bench, at, &["history", "add", name]).expect(0));
            }
        });
        let runs = objects.lock().unwrap().len();
        assert_eq!(runs, 6, "{}", dialect.place);
    }
}

#[test]
fn a_bucket_that_refuses_is_told_without_its_keys() {
    let forbidden = serve(|_| {
        let said = "<Error><Code>AccessDenied</Code><Message>no\u{1b}[31m</Message></Error>";
        ("403 Forbidden".into(), said.into())
    });
    let (bench, _) = bench(1);
    for dialect in [S3, GOOGLE] {
        let at = (dialect, forbidden.as_str());
        let refused = run(&bench, at, &["history", "add", "n00.tg"]).expect(2);
        let refused = refused.stderr;
        let begins = format!("error: history {}: ", dialect.place);
        assert!(refused.contains(&begins), "{refused}");
        assert!(
            refused.contains("403") || refused.contains("AccessDenied"),
            "{refused}"
        );
        assert!(
            !refused.contains("hunter2") && !refused.contains('\u{1b}'),
            "{refused}"
        );
    }
    let other = bench
        .run(&["history", "--history", "ftp://builds/shop"])
        .expect(2);
    assert!(
        other.stderr.contains("not under ftp://"),
        "{}",
        other.stderr
    );
}
