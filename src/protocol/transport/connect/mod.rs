//! From addresses to a stream. In: the addresses of a host, in the system's order; out: the first connection.
//! Invariant: a machine that has no port or file left is told from a target that refuses.

mod race;

use super::connection::Stream;
use crate::protocol::Problem;
use crate::record::Failure;
use rustix::io::Errno;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::{TcpStream, UnixStream};

/// Addresses that a failure names.
const NAMED: usize = 4;

/// Connects to the first address that answers.
pub(super) async fn connect(addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), Problem> {
    let (address, stream) = match addresses {
        // Nothing to race.
        [only] => {
            let stream = TcpStream::connect(only).await;
            (*only, stream.map_err(|e| failed(&[(*only, e)]))?)
        }
        several => race::race(several, TcpStream::connect)
            .await
            .map_err(|errors| failed(&errors))?,
    };
    // Requests are whole when written: waiting to fill a segment only adds latency.
    stream.set_nodelay(true).ok();
    Ok((stream, address))
}

/// Why no address gave a connection.
fn failed(errors: &[(SocketAddr, io::Error)]) -> Problem {
    let named = errors.iter().take(NAMED);
    let mut words: Vec<String> = named.map(|(at, e)| format!("{at}: {}", said(e))).collect();
    if errors.len() > NAMED {
        words.push(format!("and {} addresses more", errors.len() - NAMED));
    }
    let files = errors.iter().any(|(_, e)| out_of_files(e));
    // A machine without IPv6 says the same of an IPv6 address: only where it says so of all is it out of ports.
    let ports = !errors.is_empty() && errors.iter().all(|(_, e)| out_of_ports(e));
    let failure = or_exhausted(files || ports, Failure::Connect);
    Problem::new(failure, words.join("; "))
}

/// Connects to a Unix socket.
pub(super) async fn unix(path: &Path) -> Result<Stream, Problem> {
    match UnixStream::connect(path).await {
        Ok(stream) => Ok(Stream::Unix(stream)),
        Err(error) => {
            let failure = or_exhausted(out_of_files(&error), Failure::Connect);
            let detail = format!("the Unix socket {}: {}", path.display(), said(&error));
            Err(Problem::new(failure, detail))
        }
    }
}

/// A problem of a lookup: of the name, or of this machine.
pub(super) fn lookup_failed(error: &io::Error, name: &str) -> Problem {
    let failure = or_exhausted(out_of_files(error), Failure::Dns);
    Problem::new(failure, format!("{name}: {}", said(error)))
}

fn or_exhausted(exhausted: bool, other: Failure) -> Failure {
    if exhausted { Failure::Exhausted } else { other }
}

fn said(error: &io::Error) -> String {
    if out_of_files(error) {
        format!("this machine has no file left for a connection ({error})")
    } else if out_of_ports(error) {
        format!("this machine has no local port left, or no address of that family ({error})")
    } else {
        error.to_string()
    }
}

fn out_of_files(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(code, Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS))
}

fn out_of_ports(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn a_machine_that_ran_out_is_told_from_a_target_that_refuses() {
        let (v4, v6) = ("127.0.0.1:1", "[::1]:1");
        let of = |errors: &[(&str, Errno)]| {
            let errors: Vec<_> = errors
                .iter()
                .map(|(at, code)| (at.parse().unwrap(), io::Error::from(*code)))
                .collect();
            failed(&errors)
        };
        for (errors, failure, words) in [
            (
                &[(v4, Errno::CONNREFUSED)][..],
                Failure::Connect,
                "127.0.0.1:1: ",
            ),
            (
                &[(v4, Errno::ADDRNOTAVAIL)],
                Failure::Exhausted,
                "no local port left",
            ),
            (&[(v4, Errno::MFILE)], Failure::Exhausted, "no file left"),
            (&[(v4, Errno::NFILE)], Failure::Exhausted, "no file left"),
            (
                &[(v6, Errno::ADDRNOTAVAIL), (v4, Errno::CONNREFUSED)],
                Failure::Connect,
                "; 127.0.0.1:1: ",
            ),
            (
                &[(v4, Errno::CONNREFUSED), (v4, Errno::MFILE)],
                Failure::Exhausted,
                "no file left",
            ),
            (
                &[(v4, Errno::TIMEDOUT); 9],
                Failure::Connect,
                "and 5 addresses more",
            ),
        ] {
            let problem = of(errors);
            assert_eq!(problem.failure, failure, "{problem:?}");
            assert!(problem.detail.contains(words), "{problem:?}");
        }
    }

    #[tokio::test]
    async fn the_first_address_that_answers_wins() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let good = listener.local_addr().unwrap();
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let refused = socket.local_addr().unwrap();
        for all in [vec![good], vec![refused, good], vec![good, refused]] {
            assert_eq!(connect(&all).await.unwrap().1, good);
        }
        let problem = connect(&[refused, refused]).await.unwrap_err();
        assert_eq!(problem.failure, Failure::Connect);
        assert_eq!(problem.detail.matches(&refused.to_string()).count(), 2);
    }
}
