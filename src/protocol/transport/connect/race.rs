//! Happy eyeballs (RFC 8305). In: the addresses of a host and a way to try one; out: the first that answered, or why none
//! did. Invariant: an address that says nothing holds up the next one by [`STAGGER`] and no more, one that fails not at
//! all; what was begun goes on until one has answered, and is given up then.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The head start of each address (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Families in turn, each address after the head start of the last one or once any has failed.
pub(super) async fn race<S, A>(
    addresses: &[SocketAddr],
    attempt: impl Fn(SocketAddr) -> A,
) -> Result<(SocketAddr, S), Vec<(SocketAddr, io::Error)>>
where
    S: Send + 'static,
    A: Future<Output = io::Result<S>> + Send + 'static,
{
    let mut waiting = in_turn(addresses).into_iter();
    let mut racing = JoinSet::new();
    let mut errors = Vec::new();
    loop {
        let next = waiting.next();
        let more = next.is_some();
        if let Some(address) = next {
            let trying = attempt(address);
            racing.spawn(async move { (address, trying.await) });
        } else if racing.is_empty() {
            return Err(errors);
        }
        tokio::select! {
            Some(ended) = racing.join_next() => match ended {
                Ok((address, Ok(stream))) => return Ok((address, stream)),
                Ok((address, Err(error))) => errors.push((address, error)),
                // Nobody aborts them but the end of the run.
                Err(_) => {}
            },
            () = sleep(STAGGER), if more => {}
        }
    }
}

/// The families one after the other, beginning with that of the first address; within one, the order stays.
fn in_turn(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else {
        return Vec::new();
    };
    let (mut these, mut others): (Vec<SocketAddr>, Vec<_>) = addresses
        .iter()
        .partition(|a| a.is_ipv4() == first.is_ipv4());
    these.reverse();
    others.reverse();
    let mut all = Vec::with_capacity(addresses.len());
    while all.len() < addresses.len() {
        all.extend(these.pop());
        all.extend(others.pop());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use tokio::time::{Instant, timeout};

    fn addresses(all: &[&str]) -> Vec<SocketAddr> {
        all.iter().map(|a| a.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns() {
        for (given, expected) in [
            (
                &["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"][..],
                &["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"][..],
            ),
            (
                &["1.1.1.1:1", "2.2.2.2:1", "[::1]:1"],
                &["1.1.1.1:1", "[::1]:1", "2.2.2.2:1"],
            ),
            (&["1.1.1.1:1"], &["1.1.1.1:1"]),
            (&[], &[]),
        ] {
            assert_eq!(in_turn(&addresses(given)), addresses(expected));
        }
    }

    /// What an address does: answers or refuses after so many milliseconds, or says nothing for ever.
    #[derive(Debug, Clone, Copy)]
    enum Does {
        Answer(u64),
        Refuse(u64),
        Nothing,
    }
    use Does::{Answer, Nothing, Refuse};

    /// A race on virtual time, no network in it. What is told: the addresses in the order in which they were tried, each
    /// with the millisecond, and how it ended, with the millisecond; "hangs" when nothing has in ten seconds.
    async fn told(script: &[(&'static str, Does)]) -> (Vec<String>, String) {
        let start = Instant::now();
        let tried = RefCell::new(Vec::new());
        let attempt = |address: SocketAddr| {
            let (_, does) = *script
                .iter()
                .find(|(a, _)| a.parse() == Ok(address))
                .unwrap();
            let at = start.elapsed().as_millis();
            tried.borrow_mut().push(format!("{address} at {at}"));
            async move {
                match does {
                    Answer(after) => {
                        sleep(Duration::from_millis(after)).await;
                        Ok(())
                    }
                    Refuse(after) => {
                        sleep(Duration::from_millis(after)).await;
                        Err(io::ErrorKind::ConnectionRefused.into())
                    }
                    Nothing => std::future::pending().await,
                }
            }
        };
        let all: Vec<_> = script.iter().map(|(address, _)| *address).collect();
        let all = addresses(&all);
        let ended = timeout(Duration::from_secs(10), race(&all, attempt)).await;
        let at = start.elapsed().as_millis();
        let ended = match ended {
            Ok(Ok((address, ()))) => format!("{address} at {at}"),
            Ok(Err(errors)) => format!("{} errors at {at}", errors.len()),
            Err(_) => "hangs".into(),
        };
        (tried.into_inner(), ended)
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_says_nothing_has_a_head_start_of_250_ms_and_no_more() {
        let (six, four) = ("[::1]:1", "1.1.1.1:1");
        for (script, tried, ended) in [
            // IPv6 is silent: IPv4 is tried after 250 ms, and wins.
            (
                &[(six, Nothing), (four, Answer(10))][..],
                &["[::1]:1 at 0", "1.1.1.1:1 at 250"][..],
                "1.1.1.1:1 at 260",
            ),
            // The same where the system puts IPv4 first.
            (
                &[(four, Nothing), (six, Answer(10))],
                &["1.1.1.1:1 at 0", "[::1]:1 at 250"],
                "[::1]:1 at 260",
            ),
            // Within its head start nobody else is bothered.
            (
                &[(six, Answer(240)), (four, Answer(0))],
                &["[::1]:1 at 0"],
                "[::1]:1 at 240",
            ),
            // A slow one is not given up for being overtaken at the start.
            (
                &[(six, Answer(300)), (four, Answer(100))],
                &["[::1]:1 at 0", "1.1.1.1:1 at 250"],
                "[::1]:1 at 300",
            ),
            // Who refuses holds nobody up.
            (
                &[(six, Refuse(5)), (four, Answer(10))],
                &["[::1]:1 at 0", "1.1.1.1:1 at 5"],
                "1.1.1.1:1 at 15",
            ),
            (
                &[(six, Nothing), (four, Refuse(20)), ("[::2]:1", Answer(5))],
                &["[::1]:1 at 0", "1.1.1.1:1 at 250", "[::2]:1 at 270"],
                "[::2]:1 at 275",
            ),
            // Families in turn, however the system puts them, and each address with a head start of its own.
            (
                &[(six, Nothing), ("[::2]:1", Answer(1)), (four, Nothing)],
                &["[::1]:1 at 0", "1.1.1.1:1 at 250", "[::2]:1 at 500"],
                "[::2]:1 at 501",
            ),
            // No address answers.
            (
                &[(six, Refuse(300)), (four, Refuse(20))],
                &["[::1]:1 at 0", "1.1.1.1:1 at 250"],
                "2 errors at 300",
            ),
            (
                &[(six, Nothing), (four, Refuse(20))],
                &["[::1]:1 at 0", "1.1.1.1:1 at 250"],
                "hangs",
            ),
        ] {
            let (was_tried, has_ended) = told(script).await;
            assert_eq!(was_tried, tried, "{script:?}");
            assert_eq!(has_ended, ended, "{script:?}");
        }
    }
}
