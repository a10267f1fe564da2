//! The least that answers like somebody's application. In: a function from requests to answers; out: a server on
//! 127.0.0.1, which lives as long as the test. Invariant: whatever the function says is sent as it is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// What was asked.
pub(crate) struct Asked {
    /// Method and path with its query: `GET /a?b=1`.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

impl Asked {
    /// A header, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        headers
            .find(|(own, _)| own == name)
            .map_or("", |(_, value)| value)
    }
}

/// Answers requests, one after the other on each connection, with a head's lines (`200 OK\r\nname: value`) and a body.
pub(crate) fn serve(
    answer: impl Fn(&Asked) -> (String, String) + Clone + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = answer.clone();
            thread::spawn(move || converse(stream.unwrap(), &answer));
        }
    });
    url
}

fn converse(mut out: TcpStream, answer: impl Fn(&Asked) -> (String, String)) {
    let mut lines = BufReader::new(out.try_clone().unwrap());
    while let Some(request) = read(&mut lines) {
        let (head, text) = answer(&request);
        let length = text.len();
        let nothing = request.line.starts_with("HEAD") || head.starts_with("304");
        let text = if nothing { "" } else { &text };
        let whole = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{text}");
        if out.write_all(whole.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(lines: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut first = String::new();
    if lines.read_line(&mut first).unwrap_or(0) == 0 {
        return None;
    }
    let mut headers = Vec::new();
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap_or(0) > 2 {
        let (name, value) = line.split_once(':').unwrap();
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        line.clear();
    }
    let mut request = Asked {
        line: first.rsplit_once(' ').unwrap().0.to_owned(),
        headers,
        body: String::new(),
    };
    let mut body = vec![0; request.header("content-length").parse().unwrap_or(0)];
    lines.read_exact(&mut body).ok()?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Some(request)
}
