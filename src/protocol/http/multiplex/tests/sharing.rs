//! Several requests at once: how many connections they take, who waits, and who is sent again.

use super::*;
use crate::record::Failure;
use std::cell::Cell;
use tokio::task::JoinSet;

/// So many requests at once, of one user or of several.
async fn at_once(client: &Client, count: usize, call: &Call) -> Vec<Exchange> {
    let mut sessions: Vec<Session> = (0..count).map(|_| Session::default()).collect();
    let (first, others) = sessions.split_first_mut().unwrap();
    others.iter_mut().for_each(|other| first.share(other));
    let now = Instant::now();
    let mut calls: Vec<_> = sessions
        .iter_mut()
        .map(|session| Box::pin(client.call(call, session, now)))
        .collect();
    let mut done: Vec<Option<Exchange>> = (0..count).map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (call, done) in calls.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(exchange) = call.as_mut().poll(cx)
            {
                *done = Some(exchange);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Answers everything on every connection, refuses what is over the limit; the most requests at once on one of them.
async fn serve(listener: &TcpListener, limit: u32, most: &Cell<u32>) {
    let mut connections = JoinSet::new();
    let settings = [(3, limit)];
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    loop {
        tokio::select! {
            peer = Peer::accept(listener, &settings) => {
                connections.spawn_local(answer_all(peer, limit, tell.clone()));
            }
            Some(seen) = told.recv() => most.set(most.get().max(seen)),
        }
    }
}

async fn answer_all(mut peer: Peer, limit: u32, tell: tokio::sync::mpsc::UnboundedSender<u32>) {
    let mut open = 0;
    loop {
        // Whatever the client sends at once is there by then, as far as it may be sent.
        tokio::time::sleep(Duration::from_millis(30)).await;
        let mut streams = Vec::new();
        let mut buffer = [0; 9];
        while peer.0.peek(&mut buffer).await.is_ok_and(|n| n == 9) {
            let Some((kind, _, stream, _)) = peer.next().await else {
                return;
            };
            if kind == HEADERS && open >= limit {
                peer.reset(stream, REFUSED).await;
            } else if kind == HEADERS {
                open += 1;
                streams.push(stream);
                tell.send(open).unwrap();
            }
            if peer.is_empty().await {
                break;
            }
        }
        for stream in streams {
            peer.answer(stream).await;
            open -= 1;
        }
    }
}

#[tokio::test]
async fn requests_share_connections_as_far_as_they_may() {
    let run = async {
        // Whose connections, streams in the scenario, limit of the server; connections opened, at once on one.
        for (connections, streams, limit, opened, at_once_on_one) in [
            (Connections::Shared, None, 100, 1, 6),
            (Connections::Shared, Some(2), 100, 3, 2),
            (Connections::Shared, Some(1), 100, 6, 1),
            (Connections::PerUser, None, 100, 1, 6),
            (Connections::PerUser, Some(2), 100, 1, 2),
            (Connections::PerUser, None, 1, 1, 1),
            (Connections::PerRequest, None, 100, 6, 1),
        ] {
            let listener = listen().await;
            let client = client(&listener, connections, streams);
            let (call, most) = (get(), Cell::new(0));
            let exchanges = tokio::select! {
                exchanges = at_once(&client, 6, &call) => exchanges,
                () = serve(&listener, limit, &most) => unreachable!(),
            };
            let case = format!("{connections:?} {streams:?} {limit}");
            for exchange in &exchanges {
                let answer = exchange.result.as_ref();
                assert!(
                    answer.is_ok_and(|a| a.body == "hello"),
                    "{case}: {exchange:?}"
                );
                assert!(exchange.wait.is_some());
            }
            let connecting = exchanges.iter().filter(|e| e.connect.is_some()).count() as u64;
            let stats = client.stats();
            assert_eq!(
                (stats.opened, connecting),
                (opened, opened),
                "{case}: {stats:?}"
            );
            assert_eq!(stats.reused, 6 - opened, "{case}: {stats:?}");
            assert_eq!(most.get(), at_once_on_one, "{case}");
        }
    };
    LocalSet::new().run_until(run).await;
}

#[tokio::test]
async fn who_may_send_nothing_waits_until_it_may() {
    let run = async {
        let listener = listen().await;
        let client = client(&listener, Connections::Shared, None);
        let call = Call {
            timeout: Duration::from_millis(200),
            ..get()
        };
        let server = async {
            let mut peer = Peer::accept(&listener, &[(3, 0)]).await;
            // Sent before the settings were known.
            let stream = peer.request().await;
            peer.reset(stream, REFUSED).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            // Another one waits by now.
            peer.frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1]).await;
            let stream = peer.request().await;
            peer.answer(stream).await;
            peer.stay().await;
        };
        let requests = async {
            let problem = send(&client, &call).await.result.unwrap_err();
            assert_eq!(problem.failure, Failure::Timeout, "{problem:?}");
            let exchange = send(&client, &get()).await;
            assert_eq!(exchange.result.unwrap().body, "hello");
            assert!(exchange.wait.unwrap() > Duration::ZERO && exchange.connect.is_none());
        };
        tokio::select! { () = requests => {}, () = server => panic!("closed") }
        assert_eq!(client.stats().opened, 1);
    };
    LocalSet::new().run_until(run).await;
}

#[tokio::test]
async fn what_a_server_has_not_looked_at_is_sent_again() {
    let run = async {
        for (refused, expected) in [(1, Ok(())), (2, Err(Failure::Read))] {
            let listener = listen().await;
            let client = client(&listener, Connections::Shared, None);
            let server = async {
                let mut peer = Peer::accept(&listener, &[]).await;
                for _ in 0..refused {
                    let stream = peer.request().await;
                    peer.reset(stream, REFUSED).await;
                }
                let stream = peer.request().await;
                peer.answer(stream).await;
                peer.stay().await;
            };
            let call = post(b"x".to_vec());
            let exchange = tokio::select! {
                exchange = send(&client, &call) => exchange,
                () = server => panic!("closed"),
            };
            let outcome = exchange.result.map(|_| ()).map_err(|p| p.failure);
            assert_eq!(outcome, expected);
            let stats = client.stats();
            assert_eq!((stats.opened, stats.reconnects), (1, 0));
        }
    };
    LocalSet::new().run_until(run).await;
}

#[tokio::test]
async fn a_server_that_goes_away_ends_what_it_began() {
    let run = async {
        let listener = listen().await;
        let client = client(&listener, Connections::PerUser, None);
        let server = async {
            let mut peer = Peer::accept(&listener, &[]).await;
            let mut streams = Vec::new();
            for _ in 0..6 {
                streams.push(peer.request().await);
            }
            peer.go_away(streams[1], NO_ERROR).await;
            let next = async {
                let mut peer = Peer::accept(&listener, &[]).await;
                for _ in 0..4 {
                    let stream = peer.request().await;
                    peer.answer(stream).await;
                }
                peer.stay().await;
            };
            let rest = async {
                for stream in &streams[..2] {
                    peer.answer(*stream).await;
                }
                peer.stay().await;
            };
            tokio::join!(next, rest);
            std::future::pending::<()>().await;
        };
        // Not even a POST was looked at.
        let call = post(b"x".to_vec());
        let exchanges = tokio::select! {
            exchanges = at_once(&client, 6, &call) => exchanges,
            () = server => unreachable!(),
        };
        for exchange in exchanges {
            assert_eq!(exchange.result.unwrap().body, "hello");
        }
        let stats = client.stats();
        assert_eq!((stats.opened, stats.reconnects), (2, 4));
    };
    LocalSet::new().run_until(run).await;
}

#[tokio::test]
async fn kept_connections_that_ended_are_replaced() {
    let run = async {
        // What the server does once it has answered; whether the request notices only when it is sent.
        for goes_away in [true, false] {
            let listener = listen().await;
            let client = client(&listener, Connections::Shared, None);
            let (left, gone) = tokio::sync::oneshot::channel();
            let server = async {
                let mut peer = Peer::accept(&listener, &[]).await;
                let stream = peer.request().await;
                peer.answer(stream).await;
                if goes_away {
                    peer.go_away(stream, NO_ERROR).await;
                }
                drop(peer);
                left.send(()).unwrap();
                let mut peer = Peer::accept(&listener, &[]).await;
                let stream = peer.request().await;
                peer.answer(stream).await;
                peer.stay().await;
            };
            let requests = async {
                assert!(send(&client, &get()).await.result.is_ok());
                gone.await.unwrap();
                assert!(send(&client, &get()).await.result.is_ok());
            };
            tokio::select! { () = requests => {}, () = server => panic!("closed") }
            assert_eq!(client.stats().opened, 2);
        }
    };
    LocalSet::new().run_until(run).await;
}

#[tokio::test]
async fn large_bodies_go_both_ways() {
    let run = async {
        let listener = listen().await;
        let client = client(&listener, Connections::Shared, None);
        let server = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(request) = connection.accept().await {
                let (request, mut respond) = request.unwrap();
                tokio::task::spawn_local(async move {
                    assert_eq!(request.headers()["content-length"], "10000000");
                    let mut body = request.into_body();
                    let mut stream = respond
                        .send_response(http::Response::new(()), false)
                        .unwrap();
                    while let Some(data) = body.data().await {
                        let data = data.unwrap();
                        body.flow_control().release_capacity(data.len()).unwrap();
                        stream.send_data(data, false).unwrap();
                    }
                    stream.send_data(Bytes::new(), true).unwrap();
                });
            }
        };
        let body: Vec<u8> = (0..10_000_000_u32).map(|i| (i % 251) as u8).collect();
        let call = post(body.clone());
        let exchanges = tokio::select! {
            exchanges = at_once(&client, 3, &call) => exchanges,
            () = server => panic!("closed"),
        };
        for exchange in exchanges {
            let answer = exchange.result.unwrap();
            assert!(answer.body == body && answer.received == 10_000_000);
        }
    };
    LocalSet::new().run_until(run).await;
}
