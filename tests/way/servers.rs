//! Small servers on loopback, each on threads of its own. In: connections; out: what was asked of them. Invariant: they
//! live as long as the test process, and hold nothing up.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

/// A server and the heads that it was sent.
pub(crate) struct Heard {
    pub(crate) addr: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Heard {
    /// The heads in the order they came.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Runs `serve` on every connection.
pub(crate) fn server<S>(serve: S) -> Heard
where
    S: Fn(TcpStream, &dyn Fn(&mut TcpStream) -> Option<String>) + Clone + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&heads);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            stream.set_nodelay(true).ok();
            let (serve, noted) = (serve.clone(), Arc::clone(&noted));
            thread::spawn(move || {
                let next = move |stream: &mut TcpStream| {
                    let head = head(stream)?;
                    noted.lock().unwrap().push(head.clone());
                    Some(head)
                };
                serve(stream, &next);
            });
        }
    });
    Heard { addr, heads }
}

/// The next head, without a body behind it but what its length says, which is dropped.
fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        bytes.extend(byte);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |l| l.parse().unwrap());
    stream.read_exact(&mut vec![0; length]).ok()?;
    Some(head)
}

/// An HTTP proxy: tunnels to wherever it is asked, and answers what it should pass on by itself. `credentials` is what
/// `proxy-authorization` must say.
pub(crate) fn proxy(credentials: Option<&'static str>) -> Heard {
    server(move |mut stream, next| {
        while let Some(head) = next(&mut stream) {
            let known = credentials.is_none_or(|words| {
                head.contains(&format!("proxy-authorization: Basic {words}\r\n"))
            });
            if !known {
                let refusal = "HTTP/1.1 407 Who?\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(refusal.as_bytes()).ok();
            } else if let Some(rest) = head.strip_prefix("CONNECT ") {
                let to = rest.split(' ').next().unwrap();
                let Ok(other) = TcpStream::connect(to) else {
                    stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").ok();
                    return;
                };
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                return both_ways(stream, other);
            } else {
                let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
                let body = if head.starts_with("HEAD") { "" } else { "ok" };
                stream.write_all(format!("{ok}{body}").as_bytes()).ok();
            }
        }
    })
}

fn both_ways(one: TcpStream, other: TcpStream) {
    let (mut from, mut to) = (one.try_clone().unwrap(), other.try_clone().unwrap());
    thread::spawn(move || {
        io::copy(&mut from, &mut to).ok();
        to.shutdown(std::net::Shutdown::Write).ok();
    });
    let (mut from, mut to) = (other, one);
    io::copy(&mut from, &mut to).ok();
    to.shutdown(std::net::Shutdown::Write).ok();
}

/// A Unix socket that leads to a TCP address.
pub(crate) fn relay(path: &Path, to: SocketAddr) {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        for mut from in listener.incoming().flatten() {
            let mut to = TcpStream::connect(to).unwrap();
            let (mut back_from, mut back_to) = (to.try_clone().unwrap(), from.try_clone().unwrap());
            thread::spawn(move || {
                io::copy(&mut from, &mut to).ok();
                to.shutdown(std::net::Shutdown::Write).ok();
            });
            thread::spawn(move || io::copy(&mut back_from, &mut back_to).ok());
        }
    });
}
