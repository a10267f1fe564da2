//! What the target does for each path. In: a request and how often its path was asked for; out: bytes, well
//! formed or not. Invariant: the path alone decides; only `/sequence` and `/die` look at the count.

use super::target::Ledger;
use super::wire::{Conversation, Seen, Wire};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::json;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

/// The text of `/ok`.
const OK: &str = "ok\n";
/// What no report may let through: CI commands, HTML, terminal escapes, NUL, the end of CDATA.
pub(crate) const HOSTILE: &str = "::error::owned <script>alert(1)</script> \u{1b}[31mred\u{1b}[0m \0 ]]> | `code` \"quoted\" & {{ token }}\n";

/// A well formed answer.
pub(super) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    pub(super) fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn bytes(&self, head_only: bool) -> Vec<u8> {
        let mut out = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(out, "{name}: {value}\r\n");
        }
        let bodiless = matches!(self.status, 100..200 | 204 | 304);
        if !bodiless {
            let _ = write!(out, "content-length: {}\r\n", self.body.len());
        }
        out += "\r\n";
        let mut out = out.into_bytes();
        if !bodiless && !head_only {
            out.extend_from_slice(&self.body);
        }
        out
    }
}

/// Plays one request; `false` ends the connection.
pub(super) async fn play<S: Wire>(
    talk: &mut Conversation<S>,
    seen: &Seen,
    hit: u64,
    ledger: &Ledger,
) -> io::Result<bool> {
    let path = seen.path.trim_start_matches('/');
    let (word, rest) = path.split_once('/').unwrap_or((path, ""));
    if let Some(answer) = answer(seen, word, rest, hit) {
        talk.write(answer.bytes(seen.method == "HEAD")).await?;
        return Ok(true);
    }
    if word == "ws" && seen.header("upgrade").is_some() {
        return super::socket::play(talk, seen).await;
    }
    match word {
        "delay" => {
            tokio::time::sleep(Duration::from_millis(number(rest))).await;
            talk.write(Answer::new(200, "text/plain", OK).bytes(false))
                .await?;
            Ok(true)
        }
        "die" if hit < number(rest) => {
            talk.write(Answer::new(200, "text/plain", OK).bytes(false))
                .await?;
            Ok(true)
        }
        "die" => {
            ledger.die();
            Ok(false)
        }
        "informational" => {
            talk.write("HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n")
                .await?;
            talk.write(Answer::new(200, "text/plain", OK).bytes(false))
                .await?;
            Ok(true)
        }
        "events" => events(talk).await,
        "lines" => {
            talk.write("HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n{\"n\":1}\n{\"n\":2}\n")
                .await?;
            Ok(false)
        }
        "chunked" => {
            chunks(talk, &["first,", "second,", "third\n"]).await?;
            talk.write("0\r\n\r\n").await?;
            Ok(true)
        }
        _ => faulty(talk, seen, word).await,
    }
}

/// Twelve prices at once, and then nothing until the client leaves.
async fn events<S: Wire>(talk: &mut Conversation<S>) -> io::Result<bool> {
    let mut out =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nretry: 100\n\n".to_owned();
    for id in 1..=12 {
        let at = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let at = at.as_millis();
        let _ = write!(
            out,
            "id: {id}\nevent: price\ndata: {{\"id\":{id},\"price\":5,\"at\":{at}}}\n\n"
        );
    }
    talk.write(out).await?;
    talk.gone().await;
    Ok(false)
}

/// Paths that are answered as HTTP wants it, in one piece.
fn answer(seen: &Seen, word: &str, rest: &str, hit: u64) -> Option<Answer> {
    Some(match word {
        "ok" => Answer::new(200, "text/plain", OK),
        "echo" => Answer::new(200, "application/json", seen.json().to_string()),
        "status" => Answer::new(status(rest), "text/plain", format!("status {rest}\n")),
        "sequence" => {
            let statuses: Vec<_> = rest.split(',').collect();
            let turn = usize::try_from(hit - 1).unwrap() % statuses.len();
            Answer::new(
                status(statuses[turn]),
                "text/plain",
                format!("turn {turn}\n"),
            )
        }
        "gzip" => compressed(
            GzEncoder::new(Vec::new(), Compression::fast()),
            "gzip",
            GzEncoder::finish,
        ),
        "deflate" => compressed(
            ZlibEncoder::new(Vec::new(), Compression::fast()),
            "deflate",
            ZlibEncoder::finish,
        ),
        "packed" => super::pages::packed::packed(seen, rest),
        "catalogue" => super::pages::packed::negotiated(seen),
        "import" => super::pages::packed::imported(seen),
        "cookie" if rest == "set" => cookies(seen),
        "cookie" if rest == "show" => show(seen),
        "redirect" if number(rest) > 0 => {
            redirect(seen, &format!("/redirect/{}", number(rest) - 1))
        }
        "redirect" => Answer::new(200, "text/plain", "arrived\n"),
        "loop" => redirect(seen, "/loop"),
        "headers" => (0..number(rest)).fold(Answer::new(200, "text/plain", OK), |answer, i| {
            answer.with(format!("x-header-{i}"), format!("value {i}"))
        }),
        "crash" if rest == "short" => Answer::new(500, "text/html", "<html><p>short</p></html>"),
        "crash" => Answer::new(500, "text/html; charset=utf-8", crash()),
        "hostile" => Answer::new(
            if rest.is_empty() { 200 } else { status(rest) },
            "text/html",
            HOSTILE,
        )
        .with(
            "x-hostile",
            "::error::owned <script>alert(1)</script> ]]> {{ token }}",
        )
        .with(
            "set-cookie",
            "session=\"<script>alert(2)</script>\"; Path=/",
        ),
        _ => {
            return super::policies::answer(seen, (word, rest), hit)
                .or_else(|| super::pages::answer(seen, hit));
        }
    })
}

/// The page of a framework that has crashed: a long head, and far more than anybody keeps.
fn crash() -> String {
    let style = "p { color: red }\n".repeat(100);
    let trace = "<li>app.php:17</li>".repeat(6_000);
    format!(
        "<!doctype html>\n<html><head><title>Server\n Error</title><style>{style}</style></head>\n\
         <body><script>start()</script><h1>Whoops</h1><p>Undefined variable $cart \
         &lt;script&gt;alert(1)&lt;/script&gt;</p><ol>{trace}</ol></body></html>"
    )
}

/// Paths that break the rules; everything else is 404.
async fn faulty<S: Wire>(talk: &mut Conversation<S>, seen: &Seen, word: &str) -> io::Result<bool> {
    match word {
        "reset" => talk.stream.tear(),
        "close" => {}
        "half" => {
            let body = "x".repeat(50);
            talk.write(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{body}"
            ))
            .await?;
        }
        "half-head" => talk.write("HTTP/1.1 200 OK\r\ncontent-le").await?,
        "garbage" => {
            talk.write("\u{16}\u{3}\u{1} this is not HTTP\r\n\r\n")
                .await?;
        }
        "hostile-head" => {
            talk.write(format!("HTTP/1.1 200 OK\r\nx-hostile: {HOSTILE}\r\n\r\n"))
                .await?;
        }
        "stall" => talk.gone().await,
        "endless" => {
            let piece = "x".repeat(16 * 1024);
            chunks(talk, &[]).await?;
            loop {
                talk.write(format!("4000\r\n{piece}\r\n")).await?;
            }
        }
        "bad-chunk" => {
            chunks(talk, &["good"]).await?;
            talk.write("not hexadecimal\r\nbad\r\n").await?;
        }
        "slow-body" => {
            let every = Duration::from_millis(number(&seen.query("every", "10")));
            let bytes = number(&seen.query("bytes", "10"));
            talk.write(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n"
            ))
            .await?;
            for _ in 0..bytes {
                tokio::time::sleep(every).await;
                talk.write("x").await?;
            }
            return Ok(true);
        }
        _ => {
            talk.write(Answer::new(404, "text/plain", "no such script\n").bytes(false))
                .await?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// The head of a chunked answer, and chunks.
async fn chunks<S: Wire>(talk: &mut Conversation<S>, chunks: &[&str]) -> io::Result<()> {
    talk.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n")
        .await?;
    for chunk in chunks {
        talk.write(format!("{:x}\r\n{chunk}\r\n", chunk.len()))
            .await?;
    }
    Ok(())
}

/// Compresses although nobody asked.
fn compressed<E: Write>(
    mut encoder: E,
    name: &str,
    finish: impl Fn(E) -> io::Result<Vec<u8>>,
) -> Answer {
    encoder.write_all(b"{\"compressed\":true}").unwrap();
    Answer::new(200, "application/json", finish(encoder).unwrap()).with("content-encoding", name)
}

/// Sets the cookies of the query, or two that differ in their attributes.
fn cookies(seen: &Seen) -> Answer {
    let answer = Answer::new(200, "text/plain", OK);
    if seen.query.is_empty() {
        return answer
            .with("set-cookie", "flavour=oatmeal; Path=/; HttpOnly")
            .with("set-cookie", "scope=narrow; Path=/cookie/show; Max-Age=600");
    }
    form_urlencoded::parse(seen.query.as_bytes()).fold(answer, |answer, (name, value)| {
        answer.with("set-cookie", format!("{name}={value}; Path=/"))
    })
}

/// The cookies that were sent, as a JSON object.
fn show(seen: &Seen) -> Answer {
    let cookies: serde_json::Map<_, _> = seen
        .headers
        .iter()
        .filter(|(name, _)| name == "cookie")
        .flat_map(|(_, value)| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    Answer::new(200, "application/json", json!(cookies).to_string())
}

/// 302, or the status of `?status=`, which goes along.
fn redirect(seen: &Seen, to: &str) -> Answer {
    let mark = if seen.query.is_empty() { "" } else { "?" };
    Answer::new(
        status(&seen.query("status", "302")),
        "text/plain",
        "elsewhere\n",
    )
    .with("location", format!("{to}{mark}{}", seen.query))
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

fn status(text: &str) -> u16 {
    text.parse().unwrap_or(500)
}
