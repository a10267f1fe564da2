//! Servers that close kept connections: shown as reconnects, and never as errors.

use super::servers::server;
use crate::support::cli::Bench;
use std::io::Write as _;
use std::time::Duration;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const STEPS: &str = "      - get: /a\n        name: a\n      - post: /b\n        name: b\n        json: { n: 1 }\n\
                     \x20     - think: 1ms\n";
const LOAD: &str = "  load: { users: 5, duration: 1s }\n";

fn expect_reconnects(addr: std::net::SocketAddr, name: &str) {
    let bench = Bench::with_steps(&format!("http://{addr}"), STEPS, LOAD);
    let ran = bench.smoke(&[]);
    let record = ran.record();
    assert!(record.failures.is_empty(), "{name}: {:?}", record.failures);
    assert_eq!(ran.code, Some(0), "{name}: {}", ran.stdout);
    assert!(record.health.reconnects > 0, "{name}");
    let reconnects = ran.result()["health"]["reconnects"].as_u64();
    assert_eq!(reconnects, Some(record.health.reconnects));
    assert!(ran.stdout.contains(" reconnects"), "{}", ran.stdout);
    assert!(ran.report("report.html").contains(" reconnect"));
}

#[test]
fn a_server_that_closes_after_some_requests_loses_none() {
    // Without a word, and right behind its answer.
    let cut = server(|mut stream, next| {
        for _ in 0..20 {
            if next(&mut stream).is_none() || stream.write_all(OK).is_err() {
                return;
            }
        }
    });
    expect_reconnects(cut.addr, "after 20 requests");
}

#[test]
fn a_server_that_closes_idle_connections_loses_none() {
    let idle = server(|mut stream, next| {
        while next(&mut stream).is_some() && stream.write_all(OK).is_ok() {
            let short = Some(Duration::from_millis(3));
            stream.set_read_timeout(short).unwrap();
        }
    });
    expect_reconnects(idle.addr, "idle for 3 ms");
}
