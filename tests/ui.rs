//! `--ui` as a user, and as somebody hostile, meets it: the binary, a target that takes its time, raw requests.

use crate::support::cli::{Bench, signal};
use crate::support::serve::serve;
use crate::support::target::{Target, target};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

/// A run that goes until it is told to end, and the address of its report.
struct Shown {
    child: Child,
    address: String,
    bench: Bench,
    _target: Target,
}

fn shown() -> Shown {
    shown_with("", "budgets: [p95 < 1us]\n")
}

/// With more at the head of its scenario, and these budgets.
fn shown_with(more: &str, budgets: &str) -> Shown {
    let target = target();
    let steps = "      - get: /delay/20\n        name: tea\n";
    let profiles = "  soak: { users: 2, duration: 10m }\n";
    let bench = Bench::with_steps(&target.url(""), steps, profiles);
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &format!("{more}{scenario}"));
    bench.write("b.yaml", budgets);
    let mut child = bench.start(&["-p", "soak", "--budgets", "b.yaml", "--ui"]);
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("live report: ") {
        line.clear();
        assert!(errors.read_line(&mut line).unwrap() > 0, "no address");
    }
    // Nobody reads on: a full pipe must not hold the run up.
    std::thread::spawn(move || errors.read_to_end(&mut Vec::new()));
    let address = line.trim().trim_start_matches("live report: http://");
    Shown {
        child,
        address: address.trim_end_matches('/').to_owned(),
        bench,
        _target: target,
    }
}

fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(address: &str) -> String {
    ask(
        address,
        &format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n"),
    )
}

/// The page once it says this.
fn until(address: &str, part: &str) -> String {
    let began = Instant::now();
    loop {
        let page = get(address);
        if page.contains(part) {
            return page;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{page}");
    }
}

#[test]
fn the_report_of_a_running_run_is_served_and_ends_with_it() {
    let mut shown = shown();
    let page = until(&shown.address, "f/tea</th>");
    for part in [
        "HTTP/1.1 200",
        "RUNNING",
        "data-live",
        "connect-src 'self'",
        "x-frame-options: DENY",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("access-control"));
    until(&shown.address, "1 of 1 budgets do not hold so far");

    signal(&shown.child, "-INT");
    let last = until(&shown.address, "INTERRUPTED");
    assert!(!last.contains("data-live"));
    assert_eq!(shown.child.wait().unwrap().code(), Some(130));
    assert!(TcpStream::connect(&shown.address).is_err());
    let written = std::fs::read_to_string(shown.bench.path("out/report.html")).unwrap();
    assert!(last.ends_with(&written), "the last page is the report");
}

#[test]
fn guards_and_servers_are_shown_as_they_stand() {
    let server = serve(|_| ("200 OK".into(), "{\"pool\":7}".into()));
    let observe =
        format!("observe: {{ health: {{ url: \"{server}\", values: {{ pool: $.pool }} }} }}\n");
    let mut shown = shown_with(
        &observe,
        "budgets: [server pool < 5]\nguards: [p95 < 1us for 10m, error_rate < 50% for 10m]\n",
    );
    let page = until(&shown.address, "BROKEN");
    for part in [
        "<span class=\"word\">BROKEN</span> p95 &#60; 1us for 10m",
        "<span class=\"word\">HOLDS</span> error_rate &#60; 50% for 10m",
        "100 % of the requests break it now",
        "<span class=\"word\">FAIL</span> &#60; 5</span>",
        "<td class=\"r strong\">7</td>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    shown.child.kill().unwrap();
    shown.child.wait().unwrap();
}

#[test]
fn hostile_requests_are_refused_and_change_nothing() {
    let mut shown = shown();
    let address = shown.address.as_str();
    let long = "x".repeat(100_000);
    for (request, status) in [
        (
            "GET / HTTP/1.1\r\nhost: rebound.example\r\n\r\n".to_owned(),
            "421",
        ),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "421"),
        (
            format!("GET / HTTP/1.1\r\nhost: {address}\r\nhost: evil\r\n\r\n"),
            "421",
        ),
        (
            format!("POST / HTTP/1.1\r\nhost: {address}\r\ncontent-length: 3\r\n\r\na=b"),
            "405",
        ),
        (
            format!("DELETE / HTTP/1.1\r\nhost: {address}\r\n\r\n"),
            "405",
        ),
        (
            format!("GET /../../etc/passwd HTTP/1.1\r\nhost: {address}\r\n\r\n"),
            "404",
        ),
        (
            format!("GET /run.tg HTTP/1.1\r\nhost: {address}\r\n\r\n"),
            "404",
        ),
        (
            format!("GET /{long} HTTP/1.1\r\nhost: {address}\r\n\r\n"),
            "4",
        ),
        ("\0\u{1b}[2J\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = ask(address, &request);
        let expected = format!("HTTP/1.1 {status}");
        // A head too long may also just be cut off.
        let refused = answer.starts_with(&expected) || (status == "4" && answer.is_empty());
        assert!(refused, "{request:.80}: {answer:.200}");
        assert!(!answer.contains("<html"));
    }
    // Who says nothing, or begins and does not end, keeps nobody else out for long.
    let mute: Vec<TcpStream> = (0..40)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    (&mute[0]).write_all(b"GET / HTTP/1.1\r\nho").unwrap();
    assert!(get(address).contains("RUNNING"));
    drop(mute);
    shown.child.kill().unwrap();
    shown.child.wait().unwrap();
}

#[test]
fn other_addresses_are_refused_before_anything_is_sent() {
    let bench = Bench::with_steps(
        "http://127.0.0.1:1",
        "      - get: /\n        name: a\n",
        "  smoke: { passes: 1 }\n",
    );
    for (flag, part) in [
        ("--ui=0.0.0.0:0", "can be reached from other machines"),
        ("--ui=10.1.2.3:80", "can be reached from other machines"),
        ("--ui=example.com", "as in 127.0.0.1:8088"),
    ] {
        let ran = bench.smoke(&[flag]).expect(2);
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let flag = format!("--ui={}", taken.local_addr().unwrap());
    let ran = bench.smoke(&[&flag]).expect(2);
    assert!(ran.stderr.contains("choose another port"), "{}", ran.stderr);
}
