//! A server that keeps time, on 127.0.0.1. In: requests, whose path says when to answer; out: the answer then.
//! Invariant: threads and the system's own sleep, because an async timer rounds to milliseconds, which would look
//! like an error of whoever measures it; how late it was itself is known.
//!
//! `/after/5` answers after 5 ms. `/frozen/5/1600/2000` takes 5 ms, but stands still from 1600 ms to the end of
//! every 2000 ms. `/slow/10/110` has its head at 10 ms and its last byte at 110 ms. `/silent/5/50` answers after
//! 5 ms, but every 50th never. `/close` closes the connection behind every answer.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A running server. Dropping it closes the port; connections end when the client ends them.
pub(crate) struct Precise {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    epoch: Instant,
    closed: AtomicBool,
    connections: AtomicU64,
    served: Mutex<Served>,
    turned: Condvar,
}

#[derive(Default)]
struct Served {
    requests: u64,
    late: Vec<Duration>,
}

impl Precise {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = Self {
            addr: listener.local_addr().unwrap(),
            shared: Arc::new(Shared {
                epoch: Instant::now(),
                closed: AtomicBool::new(false),
                connections: AtomicU64::new(0),
                served: Mutex::default(),
                turned: Condvar::new(),
            }),
        };
        let shared = Arc::clone(&server.shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.closed.load(Ordering::SeqCst) {
                    return;
                }
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                // A client that goes away in the middle is no fault of the test.
                thread::spawn(move || shared.converse(stream).ok());
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.shared.served.lock().unwrap().requests
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Blocks until so many requests have come; `false` when that took too long.
    pub(crate) fn wait_for(&self, requests: u64, patience: Duration) -> bool {
        let few = |served: &mut Served| served.requests < requests;
        let served = self.shared.served.lock().unwrap();
        let waited = self
            .shared
            .turned
            .wait_timeout_while(served, patience, few)
            .unwrap();
        !waited.1.timed_out()
    }

    /// How late its own answers were.
    pub(crate) fn late(&self, quantile: f64) -> Duration {
        let mut late = self.shared.served.lock().unwrap().late.clone();
        late.sort_unstable();
        let rank = (late.len() as f64 * quantile) as usize;
        late.get(rank).copied().unwrap_or_default()
    }
}

impl Drop for Precise {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection; an error means that it is gone.
        TcpStream::connect(self.addr).ok();
    }
}

impl Shared {
    fn converse(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            while line != "\r\n" {
                line.clear();
                if reader.read_line(&mut line)? == 0 {
                    return Ok(());
                }
            }
            let now = Instant::now();
            if !self.answer(&path, now, &mut reader)? {
                return Ok(());
            }
        }
    }

    /// `false` ends the connection.
    fn answer(
        &self,
        path: &str,
        now: Instant,
        reader: &mut BufReader<TcpStream>,
    ) -> io::Result<bool> {
        let number = {
            let mut served = self.served.lock().unwrap();
            served.requests += 1;
            self.turned.notify_all();
            served.requests
        };
        let mut words = path.split('/').skip(1);
        let word = words.next().unwrap_or_default();
        let numbers: Vec<u64> = words.map(|w| w.parse().unwrap()).collect();
        let mut due = now + ms(numbers.first().copied().unwrap_or_default());
        match word {
            "frozen" => due += self.frozen(now, ms(numbers[1]), ms(numbers[2])),
            "silent" if number.is_multiple_of(numbers[1]) => {
                reader.fill_buf()?;
                return Ok(false);
            }
            _ => {}
        }
        self.wait(due);
        let stream = reader.get_mut();
        let connection = match word {
            "close" => "connection: close\r\n",
            _ => "",
        };
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n{connection}\r\n"
        )?;
        if word == "slow" {
            self.wait(now + ms(numbers[1]));
        }
        stream.write_all(b"ok\n")?;
        Ok(word != "close")
    }

    /// How long it stands still for what arrives now.
    fn frozen(&self, now: Instant, from: Duration, period: Duration) -> Duration {
        let into = (now - self.epoch).as_nanos() % period.as_nanos();
        let into = Duration::from_nanos(u64::try_from(into).unwrap());
        if into < from {
            Duration::ZERO
        } else {
            period.saturating_sub(into)
        }
    }

    fn wait(&self, due: Instant) {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let late = due.elapsed();
        self.served.lock().unwrap().late.push(late);
    }
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}
