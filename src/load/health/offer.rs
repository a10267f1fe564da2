//! How much of a scenario this machine can offer. In: a scenario; out: processor time per request, measured. Requests
//! are rendered, sent, read, checked and captured from as in a run, to a thread of this process that always gives
//! the same answer. Invariant: nothing leaves the machine, and it takes less than a second.

use super::{processors, thread_cpu};
use crate::expr::{Context, Facts, Value};
use crate::load::program::{Program, RequestProgram};
use crate::plan::choose;
use crate::protocol::{Answer, Blueprint, Call, Client, Exchange, Location, Opens, Protocol as _};
use crate::protocol::{Reach, Session, TlsSettings};
use crate::record::Masker;
use crate::scenario::{Connections, Draw, Scenario};
use crate::units::nanos;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::uri::PathAndQuery;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use std::{io, thread};
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::Instant;
use url::Url;

/// Users that go through the scenario at the same time.
const USERS: u64 = 16;
/// Connections are opened and caches filled for this long.
const WARM: Duration = Duration::from_millis(60);
/// The measurement proper.
const LENGTH: Duration = Duration::from_millis(300);
/// Where every user opens connections, so many requests are enough: each costs a local port.
const FEW: u64 = 2_000;
/// Nothing on loopback takes as long.
const TIMEOUT: Duration = Duration::from_millis(250);
/// Bytes of the text in the answer; with the rest about 1 KB.
const TEXT: usize = 900;

/// What the measurement found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Processor time of one request, an average one of the scenario.
    pub cpu: Duration,
    /// Requests it was measured over.
    pub requests: u64,
}

impl Offer {
    /// Part of a processor that a worker may use and still send on time.
    pub const HEADROOM: f64 = 0.7;

    /// Measures a scenario.
    ///
    /// # Errors
    /// When the system gives no thread, socket or runtime, or none of the requests could be sent.
    pub fn measure(scenario: &Scenario) -> io::Result<Self> {
        let scenario = scenario.clone();
        let worker = thread::Builder::new()
            .name("rehearsal".into())
            .spawn(move || rehearse(scenario))?;
        let lost = |_| io::Error::other("the measuring thread panicked");
        let (cpu, requests) = worker.join().map_err(lost)??;
        if requests == 0 {
            return Err(io::Error::other("none of its requests could be sent"));
        }
        let cpu = Duration::from_nanos((nanos(cpu) / requests).max(1));
        Ok(Self { cpu, requests })
    }

    /// Requests a second that so many workers can offer: each 70 % of a processor, as far as there are processors.
    pub fn rate(&self, workers: u64) -> f64 {
        self.rate_on(workers, processors())
    }

    fn rate_on(&self, workers: u64, processors: f64) -> f64 {
        Self::HEADROOM * (workers as f64).min(processors) / self.cpu.as_secs_f64()
    }

    /// The fewest workers that can offer so much; `None` where the processors do not suffice.
    pub fn workers(&self, rate: f64) -> Option<u64> {
        let most = processors().ceil().max(1.0) as u64;
        (1..=most).find(|n| self.rate(*n) >= rate)
    }
}

/// The thread that plays the worker: processor time spent on so many requests.
fn rehearse(mut scenario: Scenario) -> io::Result<(Duration, u64)> {
    let target = answering()?;
    scenario.target.value.clone_from(&target);
    let blueprint = Blueprint::new(target, TlsSettings::default(), Reach::Any)
        .map_err(io::Error::other)?
        .with_connections(scenario.connections);
    let most = match scenario.connections {
        Connections::Shared => u64::MAX,
        Connections::PerUser | Connections::PerRequest => FEW,
    };
    let stage = Rc::new(Stage {
        program: Program::new(&scenario, &[], &Masker::new(std::iter::empty::<&str>())),
        client: Client::new(blueprint),
        done: Cell::new(0),
        journeys: Cell::new(0),
        most,
        end: Instant::now() + WARM + LENGTH,
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let users: Vec<_> = (0..USERS)
            .map(|_| spawn_local(Rc::clone(&stage).user()))
            .collect();
        tokio::time::sleep(WARM).await;
        let (cpu, done) = (thread_cpu(), stage.done.get());
        for user in users {
            user.await.map_err(io::Error::other)?;
        }
        let (spent, requests) = (thread_cpu().saturating_sub(cpu), stage.done.get() - done);
        Ok((spent, requests))
    })
}

/// What the users share.
struct Stage {
    program: Program,
    client: Client,
    done: Cell<u64>,
    journeys: Cell<u64>,
    most: u64,
    end: Instant,
}

/// What one of them has to itself.
struct Actor {
    variables: Vec<Value>,
    session: Session,
    rng: Xoshiro256PlusPlus,
    buffer: String,
}

impl Stage {
    async fn user(self: Rc<Self>) {
        let mut actor = Actor {
            variables: Vec::new(),
            session: Session::default(),
            rng: Xoshiro256PlusPlus::seed_from_u64(0),
            buffer: String::new(),
        };
        while Instant::now() < self.end && self.done.get() < self.most {
            let number = self.journeys.replace(self.journeys.get() + 1);
            self.journey(&mut actor, number).await;
            actor.session.end();
            tokio::task::yield_now().await;
        }
    }

    /// One flow from end to end: what fails a check here would pass it at the target, so it goes on.
    async fn journey(&self, actor: &mut Actor, number: u64) {
        let flow = &self.program.flows[choose(0, number, self.program.shares())];
        // Nothing is captured from an answer that is not the target's: any text stands for it.
        actor.variables.clear();
        let stand_in = || Value::from("stand-in");
        actor
            .variables
            .resize_with(self.program.names.len(), stand_in);
        for (slot, value) in &self.program.constants {
            actor.variables[*slot].clone_from(value);
        }
        for feeder in flow.feeders.iter().map(|i| &self.program.feeders[*i]) {
            let draw = Draw::arrival(number);
            let again = || feeder.row(Draw::arrival(0), 0);
            let Some(row) = feeder.row(draw, 0).or_else(again) else {
                continue;
            };
            for ((_, slot), value) in feeder.columns.iter().zip(&feeder.rows[row]) {
                actor.variables[*slot].clone_from(value);
            }
        }
        for step in flow.requests.clone() {
            if Instant::now() >= self.end {
                return;
            }
            self.request(actor, step, number).await;
        }
    }

    async fn request(&self, actor: &mut Actor, step: usize, number: u64) {
        let request = &self.program.requests[step];
        let mut context = Context {
            variables: &actor.variables,
            rng: &mut actor.rng,
            user: number,
            iteration: 0,
            now: SystemTime::now,
        };
        let Ok(call) = request.call(&mut context, &mut actor.buffer) else {
            return;
        };
        let call = at_home(call.into_owned());
        let exchange = self
            .client
            .call(&call, &mut actor.session, Instant::now())
            .await;
        if let Ok(answer) = &exchange.result {
            actor.look(request, (&exchange, answer));
            self.done.set(self.done.get() + 1);
        }
    }
}

impl Actor {
    /// Every check and capture, whatever comes of it.
    fn look(&mut self, request: &RequestProgram, (exchange, answer): (&Exchange, &Answer)) {
        let first_byte = exchange.first_byte.unwrap_or(exchange.done);
        let facts = Facts::new(answer.status.as_u16(), &answer.headers, "http://127.0.0.1/")
            .with_body(&answer.body, answer.received)
            .with_times(first_byte - exchange.sent, exchange.done - exchange.sent)
            .with_variables(&self.variables);
        for check in request.checks() {
            std::hint::black_box(check.evaluate(&facts, &mut self.rng).is_ok());
        }
        for capture in request.captures() {
            let captured = capture.expression.evaluate(&facts, &mut self.rng);
            std::hint::black_box(captured.is_ok());
        }
    }
}

/// The same call, at the thread that answers, wherever it was to go.
fn at_home(call: Call) -> Call {
    let url = match call.url {
        Location::Elsewhere(url) => {
            let path = url[url::Position::BeforePath..url::Position::AfterQuery].parse();
            Location::Target(path.unwrap_or(PathAndQuery::from_static("/")))
        }
        home @ Location::Target(_) => home,
    };
    Call {
        url,
        timeout: TIMEOUT,
        opens: Opens::Nothing,
        ..call
    }
}

/// Starts a thread that gives every request the same answer, until the measurement is over.
fn answering() -> io::Result<Url> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name("answers".into())
        .spawn(move || {
            let serving = LocalSet::new();
            serving.block_on(&runtime, async {
                tokio::time::timeout(Duration::from_secs(1), serve(listener)).await
            })
        })?;
    url.parse().map_err(io::Error::other)
}

async fn serve(listener: std::net::TcpListener) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let body = Bytes::from(format!(
        "{{\"text\":\"{}\",\"items\":[1,2,3]}}",
        "x".repeat(TEXT)
    ));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let body = body.clone();
        let answer = service_fn(move |_| {
            let mut response = http::Response::new(Full::new(body.clone()));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let connection = hyper::server::conn::http1::Builder::new();
        spawn_local(connection.serve_connection(TokioIo::new(stream), answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Environment, parse};
    use crate::source::Source;
    use std::path::Path;

    #[test]
    fn workers_count_as_far_as_there_are_processors() {
        let offer = Offer {
            cpu: Duration::from_micros(10),
            requests: 1,
        };
        for (workers, processors, rate) in [
            (1, 8.0, 70_000.0),
            (2, 8.0, 140_000.0),
            (4, 1.5, 105_000.0),
            (1, 0.5, 35_000.0),
        ] {
            let found: f64 = offer.rate_on(workers, processors);
            assert!(
                (found - rate).abs() < 1.0,
                "{workers} on {processors}: {found}"
            );
        }
        assert_eq!(offer.workers(1.0), Some(1));
        assert_eq!(offer.workers(1e12), None);
    }

    fn measured(text: &str) -> io::Result<Offer> {
        let loaded = parse(
            Source::new("s.yaml", text),
            Path::new("s.yaml"),
            &Environment::empty(),
        );
        Offer::measure(&loaded.unwrap().scenario)
    }

    #[test]
    fn a_scenario_is_measured_whatever_its_checks_want_and_wherever_it_leads() {
        for top in ["", "keep_alive: false\n", "connections: per user\n"] {
            let text = format!(
                "target: https://shop.test\n{top}flows:\n  f:\n    steps:\n\
                 \x20     - post: /token\n        name: a\n        json: {{ at: \"{{{{ uuid() }}}}\" }}\n\
                 \x20       capture: {{ token: json $.token }}\n        check: [status == 201]\n\
                 \x20     - think: 10s\n\
                 \x20     - get: https://pay.test/{{{{ token }}}}\n        name: b\n\
                 \x20       headers: {{ authorization: \"Bearer {{{{ token }}}}\" }}\n"
            );
            let offer = measured(&text).unwrap();
            assert!(offer.requests > 10, "{offer:?}");
            assert!(offer.rate(1) > 100.0, "{offer:?}");
        }
    }
}
