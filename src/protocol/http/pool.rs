//! Connections between two requests: whose they are, and how a pool is filled before the run. In: connections whose
//! answer was read whole; out: the same ones. Invariant: a user's own connections are seen by nobody else and end
//! with its session.

use super::connection::{self, Connection};
use super::origin::Origin;
use super::{Client, Connections, Session, Timings, wire};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::task::JoinSet;

/// Connections that are opened at the same time before a run: more would be a burst that listen queues refuse.
const AT_ONCE: usize = 64;
/// How long filling a pool may hold up the start of a run.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections of one user.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Kept(Vec<(Rc<Origin>, Connection)>);

impl Kept {
    /// Closes them.
    pub(in crate::protocol) fn close(&mut self) {
        self.0.clear();
    }

    fn take(&mut self, origin: &Rc<Origin>) -> Option<Connection> {
        let place = self.0.iter().position(|(o, _)| Rc::ptr_eq(o, origin))?;
        Some(self.0.swap_remove(place).1)
    }

    fn put_back(&mut self, origin: &Rc<Origin>, connection: Connection) {
        // Nearly every user talks to one origin, and there may be many thousands of them.
        self.0.reserve_exact(1);
        self.0.push((Rc::clone(origin), connection));
    }
}

impl Client {
    /// A connection for a request of this user that is there already, and still open.
    pub(super) async fn kept(
        &self,
        origin: &Rc<Origin>,
        session: &mut Session,
    ) -> Option<Connection> {
        loop {
            let mut connection = match self.blueprint.connections {
                Connections::Shared => origin.take()?,
                Connections::PerUser => session.kept.take(origin)?,
                Connections::PerRequest => return None,
            };
            let stream = &mut connection.stream;
            if poll_fn(|cx| Poll::Ready(wire::is_quiet(stream, &self.scratch, cx))).await {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for whoever may use it again.
    pub(super) fn keep(&self, origin: &Rc<Origin>, session: &mut Session, connection: Connection) {
        match self.blueprint.connections {
            Connections::Shared => origin.put_back(connection),
            Connections::PerUser => session.kept.put_back(origin, connection),
            Connections::PerRequest => drop(connection),
        }
    }

    /// Opens connections to the target; those that cannot be opened, or not in time, are left out.
    pub(super) async fn fill(&self, connections: u64) {
        let target = self.origins.target();
        let Ok(config) = self.config(&target) else {
            return;
        };
        let mut opening = JoinSet::new();
        let filling = async {
            for _ in 0..connections {
                if opening.len() >= AT_ONCE {
                    self.filled(&target, opening.join_next().await);
                }
                let (origin, config) = (Rc::clone(&target), config.clone());
                opening.spawn_local(async move {
                    let mut timings = Timings::default();
                    connection::open(&origin, config, &mut timings).await.ok()
                });
            }
            while let Some(opened) = opening.join_next().await {
                self.filled(&target, Some(opened));
            }
        };
        tokio::time::timeout(PATIENCE, filling).await.ok();
    }

    fn filled<E>(&self, target: &Origin, opened: Option<Result<Option<Connection>, E>>) {
        if let Some(Ok(Some(connection))) = opened {
            self.opened.set(self.opened.get() + 1);
            target.put_back(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Blueprint;
    use super::*;
    use crate::protocol::{Call, Location, Protocol as _, Reach, TlsSettings};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::LocalSet;
    use tokio::time::Instant;

    fn client(listener: &TcpListener, connections: Connections) -> Client {
        let target = format!("http://{}", listener.local_addr().unwrap());
        let blueprint = Blueprint::new(
            target.parse().unwrap(),
            TlsSettings {
                ca: None,
                insecure: false,
            },
            Reach::Any,
        );
        Client::new(blueprint.unwrap().with_connections(connections))
    }

    fn call() -> Call {
        Call {
            step: 0,
            method: http::Method::GET,
            url: Location::Target(http::uri::PathAndQuery::from_static("/")),
            headers: crate::protocol::Headers::default(),
            body: bytes::Bytes::new(),
            timeout: Duration::from_secs(20),
            redirects: 0,
            keep_body: false,
        }
    }

    /// Answers one request and hands over the connection.
    async fn answer(listener: &TcpListener) -> TcpStream {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        stream
    }

    #[tokio::test]
    async fn connections_of_a_user_end_with_its_session() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let task = async {
            for (connections, at_the_end) in [
                (Connections::PerUser, false),
                (Connections::PerRequest, true),
            ] {
                let client = client(&listener, connections);
                let mut session = Session::default();
                let (call, now) = (call(), Instant::now());
                let (exchange, mut stream) =
                    tokio::join!(client.call(&call, &mut session, now), answer(&listener));
                assert!(exchange.result.is_ok());
                assert_eq!(session.kept.0.is_empty(), at_the_end);
                session.end();
                assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "closed");
                assert_eq!(client.stats().opened, 1);
            }
        };
        LocalSet::new().run_until(task).await;
    }

    #[tokio::test]
    async fn pools_are_filled_where_connections_are_shared() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let task = async {
            for (connections, opened) in [
                (Connections::Shared, 100),
                (Connections::PerUser, 0),
                (Connections::PerRequest, 0),
            ] {
                let client = client(&listener, connections);
                client.open_ahead(100).await;
                assert_eq!(client.stats().opened, opened, "{connections:?}");
            }
            // A target that is gone is left for the run to find.
            let client = client(&listener, Connections::Shared);
            drop(listener);
            client.open_ahead(100).await;
            assert_eq!(client.stats().opened, 0);
        };
        LocalSet::new().run_until(task).await;
    }
}
