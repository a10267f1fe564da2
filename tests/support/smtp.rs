//! The least that takes mail, on 127.0.0.1. In: SMTP, with or without TLS; out: what was said and what was mailed.
//! Invariant: it takes one conversation after the other, and lives as long as the test.

use super::certificate::{self, Certificate};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// How TLS begins there.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Begins {
    Never,
    Asked,
    AtOnce,
}

/// A server that takes mail.
pub(crate) struct MailServer {
    pub(crate) addr: SocketAddr,
    /// Its authority, in PEM.
    pub(crate) ca: String,
    said: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    /// A server that wants this user and password, if any.
    pub(crate) fn start(begins: Begins, login: Option<(&str, &str)>) -> Self {
        let (config, ca) = certificate::make(Certificate::Valid);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        let login = login.map(|(user, password)| STANDARD.encode(format!("\0{user}\0{password}")));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let config = Arc::clone(&config);
                // A client that breaks off ends its conversation only.
                converse(stream, (begins, config), login.as_deref(), &heard).ok();
            }
        });
        Self { addr, ca, said }
    }

    /// Every line that clients said, mails included.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

fn converse(
    mut stream: TcpStream,
    (begins, config): (Begins, Arc<ServerConfig>),
    login: Option<&str>,
    said: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let safe = |stream| {
        let server = ServerConnection::new(config).map_err(io::Error::other)?;
        io::Result::Ok(StreamOwned::new(server, stream))
    };
    if begins == Begins::AtOnce {
        let mut stream = safe(stream)?;
        stream.write_all(b"220 stub\r\n")?;
        return talk(&mut stream, false, login, said).map(|_| ());
    }
    stream.write_all(b"220 stub\r\n")?;
    if talk(&mut stream, begins == Begins::Asked, login, said)? {
        said.lock().unwrap().push("(TLS)".into());
        talk(&mut safe(stream)?, false, login, said)?;
    }
    Ok(())
}

/// Answers commands; `true`: TLS is to begin.
fn talk(
    stream: &mut (impl Read + Write),
    offers: bool,
    login: Option<&str>,
    said: &Mutex<Vec<String>>,
) -> io::Result<bool> {
    let mut stream = BufReader::new(stream);
    let mut data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        said.lock().unwrap().push(line.clone());
        let answer = match line.as_str() {
            "." if data => {
                data = false;
                "250 taken"
            }
            _ if data => continue,
            "STARTTLS" => {
                stream.get_mut().write_all(b"220 go on\r\n")?;
                return Ok(true);
            }
            "DATA" => {
                data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ if line.starts_with("EHLO") => match (offers, login) {
                (true, _) => "250-stub\r\n250 STARTTLS",
                (_, Some(_)) => "250-stub\r\n250 AUTH PLAIN",
                _ => "250 stub",
            },
            _ if line.starts_with("AUTH") => {
                let right = login.is_some_and(|l| line == format!("AUTH PLAIN {l}"));
                if right { "235 come in" } else { "535 5.7.8 no" }
            }
            _ => "250 ok",
        };
        write!(stream.get_mut(), "{answer}\r\n")?;
    }
}
