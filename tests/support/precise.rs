//! A server that keeps time, on 127.0.0.1. In: requests, whose path says when to answer; out: the answer then.
//! Invariant: threads and the system's own sleep, because an async timer rounds to milliseconds, which would look
//! like an error of whoever measures it; how late it was itself is known.
//!
//! `/after/5` answers after 5 ms. `/frozen/5/1600/2000` takes 5 ms, but stands still from 1600 ms to the end of
//! every 2000 ms. `/slow/10/110` has its head at 10 ms and its last byte at 110 ms. `/silent/5/50` answers after
//! 5 ms, but every 50th never. `/close` closes the connection behind every answer. Two serve one request after the
//! other: `/serial/1250/50/500` takes 1250 µs each, and stands still in the first 50 ms of every 500 ms since the first
//! request; `/random/2000/7` takes exponential times of 2000 µs on average, drawn with the seed 7.

use rand::SeedableRng as _;
use rand_distr::{Distribution as _, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;
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
    /// When each request came, since the server's start.
    came: Vec<Duration>,
    /// How long each should be there, by the rules of the queue.
    sojourns: Vec<Duration>,
    /// When what is queued is served.
    free: Option<Instant>,
    first: Option<Instant>,
    dice: Option<Xoshiro256PlusPlus>,
}

impl Served {
    /// When the answer to what comes `now` is due in a queue of one server.
    fn enqueue(
        &mut self,
        now: Instant,
        service: Duration,
        freeze: (Duration, Duration),
    ) -> Instant {
        let first = *self.first.get_or_insert(now);
        let mut start = self.free.map_or(now, |free| free.max(now));
        let (length, period) = freeze;
        if !period.is_zero() {
            let into = nanos((start - first).as_nanos() % period.as_nanos());
            start += length.saturating_sub(into);
        }
        let due = start + service;
        self.free = Some(due);
        self.sojourns.push(due - now);
        due
    }
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

    /// When each request came, since the first.
    pub(crate) fn came(&self) -> Vec<Duration> {
        let came = self.shared.served.lock().unwrap().came.clone();
        came.iter().map(|at| at.saturating_sub(came[0])).collect()
    }

    /// How long requests should be in its queue.
    pub(crate) fn sojourns(&self) -> Vec<Duration> {
        self.shared.served.lock().unwrap().sojourns.clone()
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
            served.came.push(now - self.epoch);
            self.turned.notify_all();
            served.requests
        };
        let mut words = path.split('/').skip(1);
        let word = words.next().unwrap_or_default();
        let numbers: Vec<u64> = words.map(|w| w.parse().unwrap()).collect();
        let mut due = now + ms(numbers.first().copied().unwrap_or_default());
        match word {
            "serial" => {
                let freeze = (ms(numbers[1]), ms(numbers[2]));
                let mut served = self.served.lock().unwrap();
                due = served.enqueue(now, Duration::from_micros(numbers[0]), freeze);
            }
            "random" => {
                let mut served = self.served.lock().unwrap();
                let seeded = || Xoshiro256PlusPlus::seed_from_u64(numbers[1]);
                let unit: f64 = Exp1.sample(served.dice.get_or_insert_with(seeded));
                let service = Duration::from_micros(numbers[0]).mul_f64(unit);
                due = served.enqueue(now, service, (Duration::ZERO, Duration::ZERO));
            }
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
        let into = nanos(into);
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

fn nanos(number: u128) -> Duration {
    Duration::from_nanos(u64::try_from(number).unwrap())
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}
