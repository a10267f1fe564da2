//! The least HTTP/1.1 that a test server needs. In: bytes from a client; out: requests, and answers written
//! exactly as told. Invariant: nothing is put right on the way: what the script says is what the client gets.

use serde_json::{Value, json};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A connection that can also be torn.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    /// Makes closing send RST in place of FIN.
    fn tear(&self);
}

impl Wire for TcpStream {
    fn tear(&self) {
        self.set_zero_linger().unwrap();
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tear(&self) {
        self.get_ref().0.tear();
    }
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Which connection it came on, from 1.
    pub(crate) connection: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Without the question mark; empty when there is none.
    pub(crate) query: String,
    /// In their order, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// The first header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// A value of the query, or what stands for it.
    pub(super) fn query(&self, name: &str, default: &str) -> String {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(n, _)| n == name)
            .map_or_else(|| default.to_owned(), |(_, value)| value.into_owned())
    }

    /// As `/echo` answers it.
    pub(super) fn json(&self) -> Value {
        json!({
            "connection": self.connection,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": String::from_utf8_lossy(&self.body),
        })
    }
}

/// A connection with what was read and not yet used.
pub(super) struct Conversation<S> {
    pub(super) stream: S,
    pub(super) number: u64,
    unread: Vec<u8>,
}

impl<S: Wire> Conversation<S> {
    pub(super) fn new(stream: S, number: u64) -> Self {
        Self {
            stream,
            number,
            unread: Vec::new(),
        }
    }

    /// The next request with its body; `None` when the client has finished.
    pub(super) async fn request(&mut self) -> io::Result<Option<Seen>> {
        let Some(head) = self.until(b"\r\n\r\n").await? else {
            return Ok(None);
        };
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.trim_end().split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let address = words.next().unwrap_or_default();
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut seen = Seen {
            connection: self.number,
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: Vec::new(),
        };
        if seen.header("transfer-encoding") == Some("chunked") {
            seen.body = self.chunks().await?;
        } else if let Some(length) = seen.header("content-length") {
            let length = length.parse().map_err(io::Error::other)?;
            seen.body = self.exactly(length).await?;
        }
        Ok(Some(seen))
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self
                .until(b"\r\n")
                .await?
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            let length = usize::from_str_radix(&line, 16).map_err(io::Error::other)?;
            let chunk = self.exactly(length + 2).await?;
            if length == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..length]);
        }
    }

    /// Bytes up to and with a mark.
    async fn until(&mut self, mark: &[u8]) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(at) = self
                .unread
                .windows(mark.len())
                .position(|window| window == mark)
            {
                return Ok(Some(self.unread.drain(..at + mark.len()).collect()));
            }
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Waits for anything to come; what came stays to be read.
    pub(super) async fn some(&mut self) -> io::Result<()> {
        if self.unread.is_empty() && self.stream.read_buf(&mut self.unread).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    pub(super) async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < length {
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.unread.drain(..length).collect())
    }

    /// Writes bytes as they are, and lets them go.
    pub(super) async fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        self.stream.flush().await
    }

    /// Waits until the client is gone.
    pub(super) async fn gone(&mut self) {
        let mut ignored = [0; 1024];
        while matches!(self.stream.read(&mut ignored).await, Ok(1..)) {}
    }
}
