//! Tokens and challenges: what goes out when, and what is counted.

use super::blocks::{Requests, with_steps};
use super::*;
use crate::expr::{Head, Template};
use crate::protocol::{Answer, Call, ClientStats, Exchange, Protocol, Session};
use crate::scenario::{Auth, OAuth2, Step};
use std::cell::RefCell;
use std::time::Duration;

/// A target with an authorization server: every answer takes 10 ms.
struct Guarded {
    epoch: Instant,
    log: Log,
    answer: fn(&Call, usize) -> (u16, Option<&'static str>, &'static str),
}

/// Path, `authorization` and millisecond of what was sent.
type Log = Rc<RefCell<Vec<(String, String, u64)>>>;

impl Protocol for Guarded {
    async fn call(&self, call: &Call, _: &mut Session, sent: Instant) -> Exchange {
        let crate::protocol::Location::Target(path) = &call.url else {
            panic!("a path")
        };
        let mut sent_along = call.headers.iter();
        let authorization = sent_along.find(|(name, _)| *name == "authorization");
        let authorization = authorization.map_or("", |(_, v)| std::str::from_utf8(v).unwrap());
        let at = (sent - self.epoch).as_millis() as u64;
        let number = self.log.borrow().len();
        let entry = (path.to_string(), authorization.to_owned(), at);
        self.log.borrow_mut().push(entry);
        let (status, challenge, body) = (self.answer)(call, number);
        tokio::time::sleep_until(sent + Duration::from_millis(10)).await;
        let headers = Head::of(challenge.map(|challenge| ("www-authenticate", challenge)));
        Exchange::of(sent, Instant::now(), Ok(Answer::of(status, headers, body)))
    }

    fn stats(&self) -> ClientStats {
        ClientStats::default()
    }
}

fn guarded(
    scenario: &Scenario,
    answer: fn(&Call, usize) -> (u16, Option<&'static str>, &'static str),
) -> (Vec<(String, String, u64)>, Recorded) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let log = Log::default();
    let kept = Rc::clone(&log);
    let orders = orders(scenario, 1);
    let report = LocalSet::new().block_on(&runtime, async move {
        let epoch = Instant::now();
        let protocol = Guarded { epoch, log, answer };
        let (_stopper, stop) = stop();
        let worker = Worker::new(&orders, 0, protocol, Clock::coarse(epoch), stop);
        let (sender, _receiver) = mpsc::channel();
        worker.work(sender).await
    });
    assert!(report.recorder.conserved());
    (kept.take(), report.recorder.finish())
}

fn secured(profile: &str, auth: &Auth, steps: usize) -> Scenario {
    let step = |r: &mut Requests| r.changed(|request| request.auth = Some(auth.clone()));
    with_steps(profile, |r| {
        (0..steps).map(|_| step(r)).collect::<Vec<Step>>()
    })
}

fn oauth() -> Auth {
    Auth::OAuth2(Box::new(OAuth2 {
        token_url: Template::literal("/token"),
        client_id: Template::literal("shop"),
        client_secret: Some(Template::literal("s e")),
        scope: Some(Template::literal("read")),
        user: None,
    }))
}

fn token(call: &Call, number: usize) -> (u16, Option<&'static str>, &'static str) {
    let asks = matches!(&call.url, crate::protocol::Location::Target(p) if p.path() == "/token");
    if !asks {
        return (200, None, "");
    }
    assert_eq!(&call.body[..], b"grant_type=client_credentials&scope=read");
    match number {
        0 => (200, None, r#"{"access_token": "one", "expires_in": 1}"#),
        _ => (200, None, r#"{"access_token": "two", "expires_in": 3600}"#),
    }
}

#[test]
fn a_token_is_asked_for_once_until_it_runs_out_and_is_no_sample() {
    // One user, 3 s: the first token is good for 0.9 s.
    let scenario = secured("{ users: 1, duration: 3s }", &oauth(), 2);
    let (sent, recorded) = guarded(&scenario, token);
    let asked: Vec<_> = sent.iter().filter(|s| s.0 == "/token").collect();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].1, "Basic c2hvcDpzK2U=");
    assert!((910..=930).contains(&asked[1].2), "{}", asked[1].2);
    assert_eq!(sent[1].1, "Bearer one");
    assert_eq!(sent.last().unwrap().1, "Bearer two");
    let samples: u64 = recorded.steps.iter().map(|s| s.measured.sent).sum();
    assert_eq!(samples as usize + 2, sent.len());
    for step in &recorded.steps {
        assert!(about(
            step.measured.quantile(Metric::Response, 1.0),
            10 * MS
        ));
    }
    assert!(recorded.lag.max().unwrap() < MS);
}

#[test]
fn users_do_not_share_tokens() {
    let scenario = secured(
        "{ rate: 5 flows/s, arrivals: constant, duration: 1s }",
        &oauth(),
        2,
    );
    let (sent, _) = guarded(&scenario, token);
    let asked = sent.iter().filter(|s| s.0 == "/token").count();
    assert_eq!((asked, sent.len()), (5, 15));
}

#[test]
fn without_a_token_the_step_fails_and_says_why() {
    let scenario = secured("{ passes: 1 }", &oauth(), 2);
    let (sent, recorded) = guarded(&scenario, |_, _| {
        (401, None, r#"{"error": "invalid_client"}"#)
    });
    assert_eq!(sent.len(), 1);
    let (first, second) = (&recorded.steps[0].measured, &recorded.steps[1].measured);
    assert_eq!((first.sent, first.failed, second.skipped), (1, 1, 1));
    assert_eq!(recorded.failures[0].label, "no token to authenticate with");
    assert_eq!(
        recorded.exhibits[0].actual.as_deref(),
        Some("a token from /token: status 401, invalid_client")
    );
}

const CHALLENGE: &str = r#"Digest realm="r", qop="auth", nonce="abc", algorithm=SHA-256"#;

fn digest() -> Auth {
    Auth::Digest {
        user: Template::literal("ann"),
        password: Template::literal("hunter2"),
    }
}

#[test]
fn a_challenge_is_answered_and_then_answered_beforehand() {
    let scenario = secured("{ passes: 1 }", &digest(), 2);
    let (sent, recorded) = guarded(&scenario, |call, _| {
        if call.headers.iter().any(|(name, _)| name == "authorization") {
            (200, None, "")
        } else {
            (401, Some(CHALLENGE), "")
        }
    });
    assert_eq!(sent.iter().map(|s| s.2).collect::<Vec<_>>(), [0, 10, 20]);
    assert!(sent[0].1.is_empty());
    for (entry, count) in [(&sent[1], "nc=00000001"), (&sent[2], "nc=00000002")] {
        assert!(
            entry.1.starts_with("Digest username=\"ann\""),
            "{}",
            entry.1
        );
        assert!(entry.1.contains(count), "{}", entry.1);
        assert!(!entry.1.contains("hunter2"));
    }
    let (first, second) = (&recorded.steps[0].measured, &recorded.steps[1].measured);
    assert_eq!(
        (first.sent, first.ok, first.retried, first.flaky),
        (2, 1, 1, 0)
    );
    assert_eq!((second.sent, second.ok), (1, 1));
    assert!(about(first.quantile(Metric::Response, 1.0), 10 * MS));
}

#[test]
fn a_wrong_password_is_a_failed_check_not_a_loop() {
    let scenario = secured("{ passes: 1 }", &digest(), 1);
    let (sent, recorded) = guarded(&scenario, |_, _| (401, Some(CHALLENGE), ""));
    assert_eq!(sent.len(), 2);
    let tally = &recorded.steps[0].measured;
    assert_eq!((tally.sent, tally.retried, tally.check_failed), (2, 1, 1));
}
