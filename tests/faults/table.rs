//! The table of `docs/faults.md`, done: every fault is caused, and the run ends in time, in bounded memory, with the
//! failure that the table names. `UPDATE=1 cargo test` writes the page anew.

use super::{SMOKE, frames};
use crate::support::cli::Bench;
use crate::support::target::{Certificate, refused, target_tls, target_tls_with};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;
use std::{fs, io};
use tollgate::record::{Failure, What};

/// What a server does with a connection.
type Script = fn(&mut TcpStream) -> io::Result<()>;

/// How a fault comes about.
enum Cause {
    /// A host that has no address.
    Host(&'static str),
    /// Nobody listens.
    Refused,
    /// A server without TLS that does this.
    Plain(Script),
    /// The same where HTTP/2 is expected, without TLS.
    Multiplexed(Script),
    /// The same where a WebSocket is wanted.
    Socket(Script),
    /// The same where TLS is expected.
    Secure(Script),
    /// A server with TLS and such a certificate.
    Certificate(Certificate),
    /// A server with TLS where none is expected.
    Unexpected,
}

/// A row of the table.
struct Fault {
    name: &'static str,
    cause: Cause,
    /// What the step says beside its path.
    more: &'static str,
    failure: Failure,
    means: &'static str,
    fix: &'static str,
}

/// No whole process may need more than this: a kept body is 16 MB.
const MEMORY: u64 = 192 << 20;

/// Something looks at the body.
const KEPT: &str = "        check: body contains \"never there\"\n";

const GONE: &str =
    "the server or something before it (a proxy, a load balancer) closed the connection";
const LOOK: &str = "look into its log at the time that the report gives";
const SLOW: &str = "the answer was on its way and not there in time";
const PATIENCE: &str = "make it faster, or raise the step's `timeout:`";
const ODD: &str = "what came is not HTTP as its standard has it";
const PROXY: &str =
    "ask with the `curl` line; where that complains too, mend the server or the proxy before it";
const TRUST: &str = "whoever answered could not prove to be the host of the URL";

#[rustfmt::skip]
const FAULTS: &[Fault] = &[
    Fault { name: "the host has no address", cause: Cause::Host("http://a-name-of-more-than-sixty-three-letters-is-no-name-that-a-server-could-have.test"), more: "",
        failure: Failure::Dns, means: "the name in the URL is not known where tollgate runs", fix: "correct `target:`, or ask whoever runs the names; in containers look at the network" },
    Fault { name: "nobody listens", cause: Cause::Refused, more: "",
        failure: Failure::Connect, means: "the host is there, and the port is closed", fix: "start the server, or correct the port" },
    Fault { name: "reset as soon as it is connected", cause: Cause::Plain(reset_at_once), more: "",
        failure: Failure::Read, means: GONE, fix: LOOK },
    Fault { name: "closed without an answer", cause: Cause::Plain(|s| { request(s)?; Ok(()) }), more: "",
        failure: Failure::Read, means: GONE, fix: LOOK },
    Fault { name: "reset while the head is sent", cause: Cause::Plain(|s| reset_behind(s, b"HTTP/1.1 200 OK\r\ncontent-le")), more: "",
        failure: Failure::Read, means: GONE, fix: LOOK },
    Fault { name: "closed while the head is sent", cause: Cause::Plain(|s| { request(s)?; s.write_all(b"HTTP/1.1 200 OK\r\ncontent-le") }), more: "",
        failure: Failure::Read, means: GONE, fix: LOOK },
    Fault { name: "reset while the body is sent", cause: Cause::Plain(|s| reset_behind(s, b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")), more: "",
        failure: Failure::Read, means: GONE, fix: LOOK },
    Fault { name: "closed while the chunks are sent", cause: Cause::Plain(|s| { request(s)?; s.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf") }), more: "",
        failure: Failure::Read, means: GONE, fix: LOOK },
    Fault { name: "half-closed: the server sends no more and goes on reading", cause: Cause::Plain(half_closed), more: "",
        failure: Failure::Read, means: GONE, fix: LOOK },
    Fault { name: "reset while the request is sent", cause: Cause::Plain(reset_at_once), more: UPLOAD,
        failure: Failure::Write, means: "the server did not want the body, and did not say so", fix: "look at its limits on bodies; a 413 would have been shown as an answer" },
    Fault { name: "no answer", cause: Cause::Plain(|s| { request(s)?; gone(s) }), more: "",
        failure: Failure::Timeout, means: SLOW, fix: PATIENCE },
    Fault { name: "the head comes byte by byte", cause: Cause::Plain(|s| drip(s, b"")), more: "",
        failure: Failure::Timeout, means: SLOW, fix: PATIENCE },
    Fault { name: "the body comes byte by byte", cause: Cause::Plain(|s| drip(s, b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")), more: "",
        failure: Failure::Timeout, means: SLOW, fix: PATIENCE },
    Fault { name: "early hints without end", cause: Cause::Plain(|s| forever(s, b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")), more: "",
        failure: Failure::Timeout, means: SLOW, fix: PROXY },
    Fault { name: "another protocol", cause: Cause::Plain(|s| { request(s)?; s.write_all(b"220 mail.test ESMTP ready\r\n\r\n") }), more: "",
        failure: Failure::Protocol, means: "something else listens on this port", fix: "correct the port" },
    Fault { name: "100,000 headers", cause: Cause::Plain(|s| { request(s)?; headers(s) }), more: "",
        failure: Failure::Protocol, means: ODD, fix: PROXY },
    Fault { name: "a header line without end", cause: Cause::Plain(|s| forever(s, b"HTTP/1.1 200 OK\r\nx: ", &[b'x'; 4096])), more: "",
        failure: Failure::Protocol, means: ODD, fix: PROXY },
    Fault { name: "two lengths", cause: Cause::Plain(|s| { request(s)?; s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc") }), more: "",
        failure: Failure::Protocol, means: ODD, fix: PROXY },
    Fault { name: "a chunk whose size is no number", cause: Cause::Plain(|s| { request(s)?; s.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfive\r\nhello\r\n") }), more: "",
        failure: Failure::Protocol, means: ODD, fix: PROXY },
    Fault { name: "a chunk whose size is no size", cause: Cause::Plain(|s| { request(s)?; s.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n") }), more: "",
        failure: Failure::Protocol, means: ODD, fix: PROXY },
    Fault { name: "a chunk longer than it says", cause: Cause::Plain(|s| { request(s)?; s.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n") }), more: "",
        failure: Failure::Protocol, means: ODD, fix: PROXY },
    Fault { name: "a chunk's extension without end", cause: Cause::Plain(|s| forever(s, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;x=", &[b'x'; 4096])), more: "",
        failure: Failure::Protocol, means: ODD, fix: PROXY },
    Fault { name: "trailers without end", cause: Cause::Plain(|s| forever(s, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n")), more: "",
        failure: Failure::Protocol, means: ODD, fix: PROXY },
    Fault { name: "one chunk without end", cause: Cause::Plain(|s| forever(s, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffff\r\n", &[b'x'; 65_536])), more: KEPT,
        failure: Failure::BodyLimit, means: "a body that a check looks at is kept up to 16 MB", fix: "check the status or a header instead, or ask for less" },
    Fault { name: "a length of exabytes", cause: Cause::Plain(|s| forever(s, b"HTTP/1.1 200 OK\r\ncontent-length: 9000000000000000000\r\n\r\n", &[b'x'; 65_536])), more: KEPT,
        failure: Failure::BodyLimit, means: "a body that a check looks at is kept up to 16 MB", fix: "check the status or a header instead, or ask for less" },
    Fault { name: "a compression bomb", cause: Cause::Plain(bomb), more: KEPT,
        failure: Failure::BodyLimit, means: "a body is unpacked up to 16 MB", fix: "check the status or a header instead, or ask for less" },
    Fault { name: "compressed, and damaged", cause: Cause::Plain(|s| { request(s)?; s.write_all(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello") }), more: KEPT,
        failure: Failure::Protocol, means: "the body is not what `content-encoding` says", fix: "mend what compresses: often it is done twice, or not at all" },
    Fault { name: "a redirect to nowhere", cause: Cause::Plain(|s| { request(s)?; s.write_all(b"HTTP/1.1 302 Found\r\nlocation: http://[\r\ncontent-length: 0\r\n\r\n") }), more: "        redirects: 3\n",
        failure: Failure::Redirect, means: "the `location` cannot be followed", fix: "look at the header `location` with `redirects: off`" },
    Fault { name: "HTTP/2: the stream is reset", cause: Cause::Multiplexed(frames::reset), more: "",
        failure: Failure::Read, means: "the server or something before it (a proxy, a load balancer) gave the request up", fix: LOOK },
    Fault { name: "HTTP/2: every request is refused", cause: Cause::Multiplexed(frames::refused), more: "",
        failure: Failure::Read, means: "the server takes no requests; it was asked twice", fix: LOOK },
    Fault { name: "HTTP/2: the connection is ended under the request (GOAWAY)", cause: Cause::Multiplexed(frames::going_away), more: "",
        failure: Failure::Read, means: GONE, fix: LOOK },
    Fault { name: "HTTP/2: resets on and on", cause: Cause::Multiplexed(frames::rapid_reset), more: "",
        failure: Failure::Read, means: GONE, fix: LOOK },
    Fault { name: "HTTP/2: settings on and on", cause: Cause::Multiplexed(frames::settings), more: "",
        failure: Failure::Timeout, means: ODD, fix: PROXY },
    Fault { name: "HTTP/2: pings on and on", cause: Cause::Multiplexed(frames::pings), more: "",
        failure: Failure::Timeout, means: ODD, fix: PROXY },
    Fault { name: "HTTP/2: a head without end", cause: Cause::Multiplexed(frames::continuation), more: "",
        failure: Failure::Protocol, means: ODD, fix: PROXY },
    Fault { name: "HTTP/2: more than the window allows", cause: Cause::Multiplexed(frames::window), more: "",
        failure: Failure::Protocol, means: ODD, fix: PROXY },
    Fault { name: "HTTP/1.1 where HTTP/2 is expected", cause: Cause::Multiplexed(frames::older), more: "",
        failure: Failure::Protocol, means: "the port speaks HTTP/1.1 only", fix: "write `http: 1.1`" },
    Fault { name: "WebSocket: a message without an end of its fragments", cause: Cause::Socket(frames::endless_message), more: LISTEN,
        failure: Failure::BodyLimit, means: "a message is kept up to 16 MB", fix: "send less in one message" },
    Fault { name: "WebSocket: a frame of exabytes", cause: Cause::Socket(frames::huge_frame), more: LISTEN,
        failure: Failure::BodyLimit, means: "a message is kept up to 16 MB", fix: "send less in one message" },
    Fault { name: "WebSocket: frames with a mask", cause: Cause::Socket(frames::masked_frame), more: LISTEN,
        failure: Failure::Protocol, means: "what came is no WebSocket as its standard has it", fix: "mend the server or the proxy before it" },
    Fault { name: "a certificate for another host", cause: Cause::Certificate(Certificate::WrongHost), more: "",
        failure: Failure::Tls, means: TRUST, fix: "ask by a name that the certificate has" },
    Fault { name: "a certificate that is over", cause: Cause::Certificate(Certificate::Expired), more: "",
        failure: Failure::Tls, means: TRUST, fix: "renew it" },
    Fault { name: "a certificate that nobody signed", cause: Cause::Certificate(Certificate::SelfSigned), more: "",
        failure: Failure::Tls, means: TRUST, fix: "name its authority with `tls: { ca: FILE }`; for throwaway systems `tls: { insecure: true }`" },
    Fault { name: "TLS 1.1 and nothing newer", cause: Cause::Secure(|s| hello(s, &old_hello())), more: "",
        failure: Failure::Tls, means: "the server offers no version that is still safe", fix: "switch on TLS 1.2 or 1.3 there" },
    Fault { name: "TLS is refused with an alert", cause: Cause::Secure(|s| hello(s, &[0x15, 3, 3, 0, 2, 2, 40])), more: "",
        failure: Failure::Tls, means: "server and client have no method in common", fix: "look at the server's ciphers, and whether it wants a client certificate" },
    Fault { name: "closed during the handshake", cause: Cause::Secure(|s| hello(s, &[])), more: "",
        failure: Failure::Tls, means: GONE, fix: LOOK },
    Fault { name: "plain text where TLS is expected", cause: Cause::Secure(|s| hello(s, b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")), more: "",
        failure: Failure::Tls, means: "the port speaks HTTP without TLS", fix: "write `http://`, or another port" },
    Fault { name: "TLS where plain text is expected", cause: Cause::Unexpected, more: "",
        failure: Failure::Protocol, means: "the port speaks TLS", fix: "write `https://`" },
];

/// Something is waited for.
const LISTEN: &str = "        messages: [listen: 20s]\n";

/// A body of 4 MB, in one text.
const UPLOAD: &str = "UPLOAD";

/// Waits for the first bytes of a request, and leaves them unread: closing is then a reset.
fn begun(stream: &TcpStream) -> io::Result<()> {
    match stream.peek(&mut [0; 16])? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Reads a head.
pub(super) fn request(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut seen = Vec::new();
    let mut bytes = [0; 4096];
    while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut bytes)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => seen.extend_from_slice(&bytes[..n]),
        }
    }
    Ok(seen)
}

/// Waits until the client has closed.
pub(super) fn gone(stream: &mut TcpStream) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(drop)
}

fn reset_at_once(stream: &mut TcpStream) -> io::Result<()> {
    begun(stream)
}

fn reset_behind(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    begun(stream)?;
    stream.write_all(bytes)
}

fn half_closed(stream: &mut TcpStream) -> io::Result<()> {
    request(stream)?;
    stream.shutdown(Shutdown::Write)?;
    gone(stream)
}

/// One byte of a header or a body every 50 ms.
fn drip(stream: &mut TcpStream, start: &[u8]) -> io::Result<()> {
    request(stream)?;
    stream.write_all(start)?;
    for byte in b"HTTP/1.1 200 OK\r\nx: "
        .iter()
        .chain([b'x'; 10_000].iter())
    {
        stream.write_all(&[*byte])?;
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn forever(stream: &mut TcpStream, start: &[u8], again: &[u8]) -> io::Result<()> {
    request(stream)?;
    stream.write_all(start)?;
    loop {
        stream.write_all(again)?;
    }
}

fn headers(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = String::from("HTTP/1.1 200 OK\r\n");
    for i in 0..100_000 {
        let _ = write!(head, "x-{i}: y\r\n");
    }
    head += "content-length: 0\r\n\r\n";
    stream.write_all(head.as_bytes())
}

/// 48 MB of nothing, in a few KB.
fn bomb(stream: &mut TcpStream) -> io::Result<()> {
    static PACKED: OnceLock<Vec<u8>> = OnceLock::new();
    let packed = PACKED.get_or_init(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let block = vec![0; 1 << 20];
        (0..48).for_each(|_| encoder.write_all(&block).unwrap());
        encoder.finish().unwrap()
    });
    request(stream)?;
    let length = packed.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"
    )?;
    stream.write_all(packed)
}

/// Answers the first message of a client's handshake.
fn hello(stream: &mut TcpStream, answer: &[u8]) -> io::Result<()> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let length = u16::from_be_bytes([head[3], head[4]]);
    stream.read_exact(&mut vec![0; length.into()])?;
    stream.write_all(answer)?;
    stream.shutdown(Shutdown::Write)?;
    gone(stream)
}

/// A `ServerHello` of TLS 1.1: ECDHE with AES in CBC, no extension.
fn old_hello() -> Vec<u8> {
    let mut body = vec![3, 2];
    body.extend([7; 32]);
    body.extend([0, 0xc0, 0x13, 0]);
    let mut message = vec![2, 0, 0, body.len().try_into().unwrap()];
    message.extend(body);
    let mut record = vec![0x16, 3, 2, 0, message.len().try_into().unwrap()];
    record.extend(message);
    record
}

/// A server that does this with every connection.
fn serve(script: Script) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // The client may leave at any point; that is no fault of the test.
            thread::spawn(move || drop(script(&mut stream.unwrap())));
        }
    });
    address
}

/// Causes a fault: the failure as the record has it.
fn caused(fault: &Fault) -> String {
    let mut tls = String::new();
    let (mut kept, mut closed) = (None, None);
    let url = match &fault.cause {
        Cause::Host(url) => (*url).to_owned(),
        Cause::Refused => format!("http://{}", closed.insert(refused()).addr),
        Cause::Plain(script) | Cause::Multiplexed(script) | Cause::Socket(script) => {
            format!("http://{}", serve(*script))
        }
        Cause::Secure(script) => format!("https://{}", serve(*script)),
        Cause::Certificate(kind) => {
            let target = kept.insert(target_tls_with(*kind));
            tls = format!("tls: {{ ca: {} }}\n", target.ca().display());
            target.target.url("")
        }
        Cause::Unexpected => format!("http://{}", kept.insert(target_tls()).target.addr),
    };
    let more = match fault.more {
        UPLOAD => format!("        text: {}\n", "x".repeat(4 << 20)),
        more => more.to_owned(),
    };
    let verb = if fault.more == UPLOAD { "post" } else { "get" };
    let what = match fault.cause {
        Cause::Socket(_) => "websocket: /ok".to_owned(),
        _ => format!("{verb}: /ok"),
    };
    if let Cause::Multiplexed(_) = fault.cause {
        tls.push_str("http: 2\n");
    }
    // Long enough for what is found by reading much of it, on a machine with other things to do.
    let timeout = if fault.failure == Failure::Timeout {
        "500ms"
    } else {
        "5m"
    };
    let text = format!(
        "scenario: s\ntarget: {url}\n{tls}flows:\n  f:\n    steps:\n      - {what}\n        name: a\n        timeout: {timeout}\n{more}profiles:\n{SMOKE}"
    );
    let bench = Bench::new(&[("s.yaml", &text)]);
    let ran = bench.smoke(&[]);
    assert!(ran.code != Some(2), "{}: {}", fault.name, ran.stderr);
    let record = ran.record();
    assert!(record.health.conserved, "{}", fault.name);
    let memory = record.health.peak_memory;
    assert!(memory < MEMORY, "{}: {memory} bytes", fault.name);
    if let Some(why) = &record.unreachable {
        assert_eq!(ran.code, Some(6), "{}: {}", fault.name, ran.stderr);
        return why.clone();
    }
    assert_eq!(ran.code, Some(3), "{}: {}", fault.name, ran.stdout);
    match record.failures.as_slice() {
        [one] => match one.what {
            What::Failure(failure) => failure.name().to_owned(),
            What::Check(_) => format!("check {}", one.label),
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn every_fault_has_its_name_and_ends() {
    let wrong: Vec<String> = thread::scope(|scope| {
        // Most of them wait; four at a time are enough.
        let lanes: Vec<_> = (0..4)
            .map(|lane| {
                scope.spawn(move || {
                    let mine = FAULTS.iter().skip(lane).step_by(4);
                    let told = mine.map(|fault| (fault, caused(fault)));
                    let other =
                        told.filter(|(fault, said)| !said.starts_with(fault.failure.name()));
                    other
                        .map(|(fault, said)| format!("{}: {said}", fault.name))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        lanes
            .into_iter()
            .flat_map(|lane| lane.join().unwrap())
            .collect()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const HEAD: &str = "<!-- Made by tests/faults/table.rs; UPDATE=1 cargo test writes it anew. -->
# Requests without a whole answer

A failed request is data: it is counted under one of eleven names, stays in every percentile, and ends no run. The name
stands in the summary, in every report and in `result.json`; beside it the words of the system or of the library. A fault
that keeps tollgate from connecting at all is told before the run, with exit code 6.

Each row is a test: the fault is caused, the run names it so, ends in time and stays small.

| What happens | Failure | What it means | What to do |
| --- | --- | --- | --- |
";

#[test]
fn the_page_is_the_table() {
    let mut made = HEAD.to_owned();
    for fault in FAULTS {
        let _ = writeln!(
            made,
            "| {} | {} | {} | {} |",
            fault.name,
            fault.failure.name(),
            fault.means,
            fault.fix
        );
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == made,
        "docs/faults.md is stale: `UPDATE=1 cargo test` writes it anew"
    );
}
