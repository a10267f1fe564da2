//! SOCKS 5 (RFC 1928, RFC 1929). In: a stream to a proxy and where it should lead; out: the stream, leading there.
//! Invariant: what a proxy answers can end a connection and nothing else (the library for it panics where a proxy
//! chooses a method that was not offered).

use super::connection::Stream;
use super::endpoint::Endpoint;
use crate::protocol::Problem;
use crate::record::Failure;
use crate::scenario::Proxy;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;

/// Has a proxy connect to an address, or to the endpoint's name, which it looks up.
pub(super) async fn connect(
    proxy: &Proxy,
    endpoint: &Endpoint,
    address: Option<SocketAddr>,
    mut stream: Stream,
) -> Result<Stream, Problem> {
    let literal = endpoint.host.parse::<IpAddr>().ok();
    let address = address.or(literal.map(|ip| SocketAddr::new(ip, endpoint.port)));
    let asked = async {
        greet(proxy, &mut stream).await?;
        request(endpoint, address, &mut stream).await
    };
    match asked.await {
        Ok(()) => Ok(stream),
        Err(error) => {
            let why = match error.kind() {
                io::ErrorKind::UnexpectedEof => "it closed the connection".to_owned(),
                _ => error.to_string(),
            };
            let (proxy, target) = (proxy.address(), endpoint.authority());
            let detail = format!("the proxy {proxy}, asked for {target}: {why}");
            Err(Problem::new(Failure::Connect, detail))
        }
    }
}

/// Agrees on who asks.
async fn greet(proxy: &Proxy, stream: &mut Stream) -> io::Result<()> {
    let methods: &[u8] = match &proxy.credentials {
        None => &[VERSION, 1, NO_AUTHENTICATION],
        Some(_) => &[VERSION, 2, NO_AUTHENTICATION, PASSWORD],
    };
    send(stream, methods).await?;
    match (receive::<2>(stream).await?, &proxy.credentials) {
        ([VERSION, NO_AUTHENTICATION], _) => Ok(()),
        ([VERSION, PASSWORD], Some((user, password))) => {
            // Longer ones are refused where the scenario is read.
            let mut message = vec![1, user.len() as u8];
            message.extend_from_slice(user.as_bytes());
            message.push(password.len() as u8);
            message.extend_from_slice(password.as_bytes());
            send(stream, &message).await?;
            match receive::<2>(stream).await? {
                [_, 0] => Ok(()),
                _ => Err(io::Error::other("user or password is wrong")),
            }
        }
        ([VERSION, _], _) => Err(io::Error::other(
            "it wants to know who asks; write its user and password: `proxy: socks5://user:password@host:port`",
        )),
        _ => Err(io::Error::other("its answer is not SOCKS 5")),
    }
}

async fn request(
    endpoint: &Endpoint,
    address: Option<SocketAddr>,
    stream: &mut Stream,
) -> io::Result<()> {
    let mut message = vec![VERSION, 1, 0];
    match address {
        Some(SocketAddr::V4(v4)) => {
            message.push(1);
            message.extend_from_slice(&v4.ip().octets());
        }
        Some(SocketAddr::V6(v6)) => {
            message.push(4);
            message.extend_from_slice(&v6.ip().octets());
        }
        None => {
            let name = endpoint.host.as_bytes();
            let length = u8::try_from(name.len());
            let length = length.map_err(|_| io::Error::other("the host name is too long"))?;
            message.extend_from_slice(&[3, length]);
            message.extend_from_slice(name);
        }
    }
    let port = address.map_or(endpoint.port, |address| address.port());
    message.extend_from_slice(&port.to_be_bytes());
    send(stream, &message).await?;
    let [version, reply, _, kind] = receive::<4>(stream).await?;
    if version != VERSION {
        return Err(io::Error::other("its answer is not SOCKS 5"));
    }
    if reply != 0 {
        return Err(io::Error::other(refusal(reply)));
    }
    // The address that it connected from, and a port.
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(receive::<1>(stream).await?[0]),
        _ => return Err(io::Error::other("its answer is not SOCKS 5")),
    };
    stream.read_exact(&mut vec![0; length + 2]).await?;
    Ok(())
}

fn refusal(reply: u8) -> &'static str {
    match reply {
        2 => "its rules do not allow it",
        3 | 4 => "it cannot reach the target",
        5 => "the target refused the connection",
        6 => "the target did not answer it",
        7 => "it does not connect (command not supported)",
        8 => "it does not know this kind of address",
        _ => "it failed, and does not say why",
    }
}

async fn send(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn receive<const N: usize>(stream: &mut Stream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}
