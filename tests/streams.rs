//! Streams through the binary: the demo shop's events, and a server that breaks the rules of them.

use crate::support::cli::Bench;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;
use tollgate::record::{Failure, RunRecord, What};

const SMOKE: &str = "  smoke: { passes: 1 }\n";
const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";

/// A server whose path says what it does; its threads end with the test.
fn server() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(stream));
        }
    });
    addr
}

fn serve(mut stream: TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    // Clients that leave early are part of the tests.
    let _ = play(&mut stream, path.trim_start_matches('/'), &head);
}

fn play(stream: &mut TcpStream, path: &str, head: &str) -> std::io::Result<()> {
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let chunked = format!("{EVENTS}transfer-encoding: chunked\r\n\r\n");
    let two = "data: {\"n\":1}\n\ndata: {\"n\":2}\n\n";
    let answer = match path {
        "chunked" => format!("{chunked}{}0\r\n\r\n", chunk(two)),
        "length" => format!("{EVENTS}content-length: {}\r\n\r\n{two}", two.len()),
        "close" => format!("{EVENTS}connection: close\r\n\r\n{two}"),
        "no-blank-line" => format!("{EVENTS}connection: close\r\n\r\n{two}data: {{\"n\":3}}\n"),
        "vanishes" => format!("{chunked}{}5\r\nda", chunk(two)),
        "bad-chunk" => format!("{chunked}{}x\r\n", chunk(two)),
        "html" => {
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi".into()
        }
        "none" => "HTTP/1.1 204 No Content\r\n\r\n".into(),
        "error" => "HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r\nbusy".into(),
        "packed" => format!("{EVENTS}content-encoding: br\r\n\r\nx"),
        "gzip" => return gzip(stream),
        "lines" => {
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"n\":1}\n\n{\"n\":2}\n{\"n\":3}".into()
        }
        "slow" => {
            for byte in format!("{chunked}{}", chunk(two)).bytes() {
                stream.write_all(&[byte])?;
                thread::sleep(Duration::from_millis(1));
            }
            return Ok(());
        }
        "endless" => {
            stream.write_all(format!("{EVENTS}\r\ndata: ").as_bytes())?;
            loop {
                stream.write_all(&[b'x'; 1 << 13])?;
            }
        }
        // Two events and an end, then what follows the last id; 204 once there is nothing left.
        "resumes" if head.contains("last-event-id: 4") => "HTTP/1.1 204 No Content\r\n\r\n".into(),
        "resumes" => {
            let from = if head.contains("last-event-id: 2") {
                3
            } else {
                1
            };
            let event = |id| format!("id: {id}\ndata: {{\"n\":{id}}}\n\n");
            format!(
                "{EVENTS}connection: close\r\n\r\nretry: 1\n{}{}",
                event(from),
                event(from + 1)
            )
        }
        _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into(),
    };
    stream.write_all(answer.as_bytes())
}

/// Two events, packed and sent one by one.
fn gzip(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(format!("{EVENTS}content-encoding: gzip\r\n\r\n").as_bytes())?;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for n in 1..3 {
        writeln!(encoder, "data: {{\"n\":{n}}}\n")?;
        encoder.flush()?;
        stream.write_all(&std::mem::take(encoder.get_mut()))?;
    }
    // Open until the client leaves.
    stream.read_exact(&mut [0])
}

fn step(path: &str, keys: &str) -> String {
    let keys: String = keys
        .split(", ")
        .flat_map(|k| ["        ", k, "\n"])
        .collect();
    format!("      - stream: /{path}\n        name: a\n{keys}")
}

#[test]
fn streams_are_followed_however_they_are_framed() {
    let url = format!("http://{}", server());
    for (path, keys, received) in [
        ("chunked", "events: 2", 2),
        ("length", "events: 2", 2),
        ("close", "events: 2", 2),
        ("slow", "events: 2", 2),
        ("gzip", "events: 2", 2),
        // Where nothing says how many or how long, the end is the end.
        ("chunked", "check: json $.n > 0", 2),
        ("close", "check: json $.n > 0", 2),
        ("no-blank-line", "check: json $.n < 3", 2),
        ("lines", "as: lines, check: json $.n > 0", 3),
        ("resumes", "events: 4, reconnect: 1", 4),
    ] {
        let bench = Bench::with_steps(&url, &step(path, keys), SMOKE);
        let ran = bench.smoke(&[]).expect(0);
        ran.all_reports();
        let messages = &ran.result()["steps"][0]["messages"];
        assert_eq!(messages["received"], received, "{path}: {keys}");
    }
}

#[test]
fn broken_streams_have_their_kind() {
    let url = format!("http://{}", server());
    let failed = What::Failure;
    for (path, keys, what) in [
        ("chunked", "events: 3", failed(Failure::Closed)),
        ("close", "for: 20s", failed(Failure::Closed)),
        ("no-blank-line", "events: 3", failed(Failure::Closed)),
        ("vanishes", "events: 3", failed(Failure::Read)),
        ("bad-chunk", "events: 3", failed(Failure::Protocol)),
        ("html", "events: 1", What::Check(1)),
        ("none", "events: 1", What::Check(0)),
        ("error", "events: 1", What::Check(0)),
        ("packed", "events: 1", failed(Failure::Protocol)),
        ("endless", "events: 1", failed(Failure::BodyLimit)),
        // 204 says not to come again.
        (
            "resumes",
            "events: 5, reconnect: 9",
            failed(Failure::Closed),
        ),
    ] {
        let bench = Bench::with_steps(&url, &step(path, keys), SMOKE);
        let ran = bench.smoke(&[]).expect(3);
        let record = ran.record();
        assert!(record.health.conserved, "{path}");
        // An answer that is no event stream at all fails the check of its type, too.
        let failures = if what == What::Check(0) { 2 } else { 1 };
        assert_eq!(
            record.failures.len(),
            failures,
            "{path}: {:?}",
            record.failures
        );
        assert_eq!(record.failures[0].what, what, "{path}: {keys}");
    }
}

#[test]
fn the_events_of_the_shop_are_judged_by_budgets_on_messages() {
    let shop = tollgate::demo::Shop::spawn_thread().unwrap();
    let keys = "events: 3, event: price, sent_at: json $.at, check: json $.price > 0, capture: { last: json $.id }";
    let steps = format!(
        "{}      - stream: /api/events?count=2\n        name: again\n        events: 3\n        reconnect: 1\n        capture: {{ id: json $.id }}\n      - get: /api/products?last={{{{ last }}}}&id={{{{ id }}}}\n        name: later\n",
        step("api/events", keys)
    );
    let bench = Bench::with_steps(&shop.url(), &steps, "  load: { users: 3, duration: 1s }\n");
    bench.write(
        "b.yaml",
        "budgets:\n  - count(messages) >= 18\n  - first event max of a < 1h\n  - event gap max < 1h\n  - ws latency max of a < 1h\n  - error_rate <= 0%\n",
    );
    let arguments = ["--profile", "load", "--budgets", "b.yaml"];
    let enough = |record: &RunRecord| record.steps[2].measured.ok >= 9;
    let ran = bench.load(&arguments, None, enough).expect(0);
    ran.all_reports();
    let result = ran.result();
    let (first, second) = (
        &result["steps"][0]["messages"],
        &result["steps"][1]["messages"],
    );
    assert!(
        first["latency_ms"]["latency"]["n"].as_u64() >= Some(9),
        "{first}"
    );
    assert_eq!((&first["ahead"], &first["stale"]), (&0.into(), &0.into()));
    assert_eq!(second["latency_ms"]["latency"]["n"], 0);
    assert_eq!(result["steps"][1]["retried"], result["steps"][1]["ok"]);
    assert!(ran.report("summary.csv").contains("message_gap_p99_ms"));
}
