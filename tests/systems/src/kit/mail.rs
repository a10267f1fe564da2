//! A mail server, as senders see it. In: conversations in SMTP, without TLS; out: the text of each mail. Invariant: who
//! takes no mail says so at once.

use std::io;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Takes the mails of one sender, where any are taken.
pub(super) async fn converse(
    stream: TcpStream,
    lost: bool,
    take: impl Fn(String) + Send,
) -> io::Result<()> {
    let (from, mut to) = stream.into_split();
    if lost {
        return to.write_all(b"554 no mail today\r\n").await;
    }
    to.write_all(b"220 stand-in\r\n").await?;
    let mut lines = BufReader::new(from).lines();
    let mut mail: Option<String> = None;
    while let Some(line) = lines.next_line().await? {
        let answer = match (line.as_str(), &mut mail) {
            (".", Some(text)) => {
                take(std::mem::take(text));
                mail = None;
                "250 taken"
            }
            (line, Some(text)) => {
                text.push_str(line);
                text.push('\n');
                continue;
            }
            ("DATA", None) => {
                mail = Some(String::new());
                "354 go on"
            }
            ("QUIT", None) => return to.write_all(b"221 bye\r\n").await,
            _ => "250 ok",
        };
        to.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
