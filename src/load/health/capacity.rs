//! How many connections the system lets a run have. In: the limit on open files, the range of local ports and who
//! uses them; out: a number, and words for the case that it is too low. Invariant: what cannot be read limits
//! nothing.

use crate::plan::Plan;
use crate::units::{format_count, format_duration, significant};
use std::fs;
use std::time::Duration;

/// Files that the process needs beside connections.
const OTHER_FILES: u64 = 64;
/// So few connections always find a port: nothing is read for a smoke test.
const FEW: u64 = 64;

/// What limits the number of connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Files that the process may have open.
    pub descriptors: u64,
    ports: Option<Ports>,
    /// Requests that share a connection.
    sharing: u64,
}

/// Local ports for connections to one remote port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ports {
    first: u16,
    last: u16,
    used: u64,
}

impl Capacity {
    /// Raises the limit on open files as far as it goes, and looks at what this plan needs towards `port`.
    pub fn of(plan: &Plan, port: u16) -> Self {
        let descriptors = super::descriptors();
        let ports = (plan.max_in_flight > FEW).then(|| Ports::towards(port));
        Self {
            descriptors,
            ports: ports.flatten(),
            sharing: 1,
        }
    }

    /// The same where so many requests share a connection.
    #[must_use]
    pub fn sharing(self, requests: u64) -> Self {
        Self {
            sharing: requests.max(1),
            ..self
        }
    }

    /// Requests whose connections fit at the same time; at least 1.
    pub fn room(&self) -> u64 {
        let connections = self.files().min(self.free_ports()).max(1);
        connections.saturating_mul(self.sharing)
    }

    fn files(&self) -> u64 {
        self.descriptors.saturating_sub(OTHER_FILES)
    }

    fn free_ports(&self) -> u64 {
        self.ports.as_ref().map_or(u64::MAX, Ports::free)
    }

    /// What is too low for the connections of so many requests, how many fit, and what to do: one sentence for each
    /// limit.
    pub fn shortages(&self, requests: u64) -> Vec<String> {
        let wanted = requests.div_ceil(self.sharing);
        let mut shortages = Vec::new();
        let begin = format!(
            "when the target stalls, {} connections will not fit",
            format_count(wanted)
        );
        if wanted > self.files() {
            shortages.push(format!(
                "{begin}: the system allows {} open files, room for {}; raise it with `ulimit -n {}`, or send less",
                format_count(self.descriptors),
                format_count(self.files()),
                wanted + OTHER_FILES
            ));
        }
        if let Some(ports) = self.ports.as_ref().filter(|p| wanted > p.free()) {
            shortages.push(format!(
                "{begin}: of the local ports {} to {}, {} are in use, room for {}; {}",
                ports.first,
                ports.last,
                format_count(ports.used),
                format_count(ports.free()),
                ports.advice(wanted)
            ));
        }
        shortages
    }

    /// Whether connections that are opened and closed all the time use up the local ports: the side that closes
    /// first keeps its port for a while, and either side may. In words, with what to do.
    pub fn exhaustion(&self, opened: f64, lasting: Duration, loopback: bool) -> Option<String> {
        let reuse = fs::read_to_string("/proc/sys/net/ipv4/tcp_tw_reuse").unwrap_or_default();
        self.exhausted(opened, lasting.min(held(&reuse, loopback)))
    }

    fn exhausted(&self, opened: f64, held: Duration) -> Option<String> {
        let ports = self.ports.as_ref()?;
        let needed = (opened * held.as_secs_f64()).ceil() as u64;
        (needed > ports.free()).then(|| {
            format!(
                "{} connections/s are opened and closed, and a closed one keeps its local port for up to {}: that takes about {} ports, \
                 and of {} to {} {} are free; keep connections (`keep_alive: true`, `connections: shared`), \
                 send less, or let ports be used again with `sysctl -w net.ipv4.tcp_tw_reuse=1`",
                significant(opened),
                format_duration(held),
                format_count(needed),
                ports.first,
                ports.last,
                format_count(ports.free())
            )
        })
    }
}

/// How long the system keeps the port of a connection that was closed from this side: a minute (`TIME_WAIT`), or a
/// second where ports may be used again (1: always, 2: on loopback).
fn held(reuse: &str, loopback: bool) -> Duration {
    match (reuse.trim(), loopback) {
        ("1", _) | ("2", true) => Duration::from_secs(1),
        _ => Duration::from_mins(1),
    }
}

impl Ports {
    /// The ports of this machine, and how many of them have a connection to the remote port. Every remote address
    /// has all ports to itself; which one it will be is not known yet, so all count.
    fn towards(port: u16) -> Option<Self> {
        let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
        let (first, last) = parse_range(&range)?;
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
        let used = tables.iter().flatten();
        Some(Self {
            first,
            last,
            used: used.map(|table| count(table, (first, last), port)).sum(),
        })
    }

    fn all(&self) -> u64 {
        u64::from(self.last.saturating_sub(self.first)) + 1
    }

    fn free(&self) -> u64 {
        self.all().saturating_sub(self.used)
    }

    fn advice(&self, wanted: u64) -> String {
        if self.first > 1024 && wanted + self.used <= 64_512 {
            "widen the range with `sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"`, or send less".into()
        } else {
            "no range of ports is wide enough: send less, or from several machines".into()
        }
    }
}

fn parse_range(text: &str) -> Option<(u16, u16)> {
    let mut ports = text.split_whitespace().map(str::parse);
    Some((ports.next()?.ok()?, ports.next()?.ok()?))
}

/// Lines of a table of sockets whose local port is in the range and whose remote port is `remote`.
fn count(table: &str, (first, last): (u16, u16), remote: u16) -> u64 {
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next()?, 16).ok();
    let taken = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1).map(port);
        let local = fields.next().flatten();
        local.is_some_and(|p| (first..=last).contains(&p))
            && fields.next().flatten() == Some(remote)
    };
    table.lines().skip(1).filter(taken).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacity(descriptors: u64, used: u64) -> Capacity {
        let ports = Some(Ports {
            first: 32_768,
            last: 60_999,
            used,
        });
        Capacity {
            descriptors,
            ports,
            sharing: 1,
        }
    }

    #[test]
    fn the_lower_limit_counts_and_says_what_to_do() {
        for (capacity, room) in [
            (capacity(1024, 0), 960),
            (capacity(1_000_000, 0), 28_232),
            (capacity(1_000_000, 28_000), 232),
            (capacity(10, 0), 1),
            (capacity(1_000_000, 40_000), 1),
        ] {
            assert_eq!(capacity.room(), room, "{capacity:?}");
            assert!(capacity.shortages(room + 1).len() == 1 || room == 1);
        }
        assert!(capacity(1024, 0).shortages(960).is_empty());
        assert_eq!(
            capacity(1024, 0).shortages(5490),
            [
                "when the target stalls, 5,490 connections will not fit: the system allows 1,024 open files, \
                 room for 960; raise it with `ulimit -n 5554`, or send less"
            ]
        );
        let shared = capacity(1024, 0).sharing(100);
        assert_eq!(shared.room(), 96_000);
        assert!(shared.shortages(96_000).is_empty());
        assert!(shared.shortages(96_001)[0].contains("961 connections"));
        let both = capacity(1024, 32).shortages(30_000);
        assert!(both[1].contains("room for 28,200") && both[1].contains("ip_local_port_range"));
        let never = capacity(1_000_000, 0).shortages(100_000);
        assert!(never[0].contains("several machines"), "{never:?}");
    }

    #[test]
    fn closed_connections_keep_their_ports_for_a_while() {
        let minute = Duration::from_mins(1);
        let of = |opened, held| capacity(1_000_000, 232).exhausted(opened, held);
        assert_eq!(of(400.0, minute), None);
        assert_eq!(of(28_000.0, Duration::from_secs(1)), None);
        let told = of(2_000.0, minute).unwrap();
        for words in [
            "2000 connections/s",
            "up to 60 s",
            "about 120,000 ports",
            "of 32768 to 60999 28,000 are free",
            "tcp_tw_reuse=1",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        for (reuse, loopback, seconds) in [
            ("0\n", true, 60),
            ("1\n", false, 1),
            ("2\n", true, 1),
            ("2\n", false, 60),
            ("", true, 60),
        ] {
            assert_eq!(
                held(reuse, loopback),
                Duration::from_secs(seconds),
                "{reuse}"
            );
        }
    }

    #[test]
    fn without_tables_nothing_is_limited() {
        let capacity = Capacity {
            descriptors: u64::MAX,
            ports: None,
            sharing: 1,
        };
        assert!(capacity.shortages(1_000_000).is_empty());
        assert_eq!(capacity.exhausted(1e9, Duration::from_mins(1)), None);
    }

    #[test]
    fn tables_of_the_system_are_read() {
        assert_eq!(parse_range("32768\t60999\n"), Some((32_768, 60_999)));
        assert_eq!(parse_range(""), None);
        let table = "  sl  local_address rem_address   st tx_queue\n\
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n\
             1: 0100007F:C001 0100007F:1F90 01 00000000:00000000\n\
             2: 0100007F:1F90 0100007F:C001 01 00000000:00000000\n\
             3: 0000000000000000FFFF00000100007F:C002 0000000000000000FFFF00000100007F:1F90 06 0\n\
             4: 0100007F:C003 0100007F:0050 01 00000000:00000000\n\
             5: broken\n";
        assert_eq!(count(table, (32_768, 60_999), 8080), 2);
        assert_eq!(count("", (1, 2), 3), 0);
        if cfg!(target_os = "linux") {
            assert!(Ports::towards(1).is_some_and(|ports| ports.all() > 0));
        }
    }
}
