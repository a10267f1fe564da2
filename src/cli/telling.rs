//! Calling the webhook. In: an event and where it goes; out: nothing, or a warning. Invariant: it takes a bounded time,
//! shows no part of the address but its host, and changes no verdict.

use crate::budget::Reason;
use crate::notify::{Event, SIGNATURE, signature};
use crate::protocol::{
    Blueprint, Call, Client, Headers, Keep, Location, Opens, Protocol as _, Session,
};
use crate::scenario::{Ending, Notify};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, Method};
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

/// How long each attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pauses between attempts: there is one more attempt than pauses.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
const AGENT: &str = concat!("tollgate/", env!("CARGO_PKG_VERSION"));

/// Whether somebody wants to hear of such an end.
pub(super) fn wanted(notify: &Notify, reason: Reason) -> bool {
    let ending = match reason {
        Reason::GuardTripped => Ending::Guard,
        Reason::Pass => Ending::Pass,
        Reason::CheckFailed | Reason::BudgetFailed | Reason::Regression | Reason::Unreachable => {
            Ending::Fail
        }
        _ => Ending::Invalid,
    };
    notify.on.contains(&ending)
}

/// Posts an event; says on standard error what came of it where nothing did.
pub(super) fn tell(notify: &Notify, event: &Event, caller: Blueprint) {
    let host = notify.webhook.host_str().unwrap_or_default();
    if let Err(why) = post(notify, event, caller) {
        eprintln!("warning: the webhook at {host} was not told: {why}");
    }
}

fn post(notify: &Notify, event: &Event, caller: Blueprint) -> Result<(), String> {
    let body = serde_json::to_vec(event).map_err(|e| e.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let call = call(notify, body);
    LocalSet::new().block_on(&runtime, async {
        let client = Client::new(caller.towards(notify.webhook.clone()));
        let mut last = attempt(&client, &call).await;
        for pause in PAUSES {
            match last {
                // An answer that will be the same the next time is final.
                Ok(()) | Err((_, true)) => break,
                Err(_) => sleep(pause).await,
            }
            last = attempt(&client, &call).await;
        }
        last.map_err(|(why, _)| why)
    })
}

fn call(notify: &Notify, body: Vec<u8>) -> Call {
    let mut headers = Headers::default();
    headers.add(&USER_AGENT, AGENT);
    headers.add(&CONTENT_TYPE, "application/json");
    if let Some(secret) = &notify.secret {
        let name = HeaderName::from_static(SIGNATURE);
        headers.add(&name, &signature(secret, &body));
    }
    Call {
        step: 0,
        method: Method::POST,
        url: Location::Elsewhere(Box::new(notify.webhook.clone())),
        headers,
        body: Bytes::from(body),
        plain: None,
        timeout: PATIENCE,
        redirects: 0,
        keep_body: Keep::No,
        opens: Opens::Nothing,
    }
}

/// One attempt; why it failed, and whether another would fail as well.
async fn attempt(client: &Client, call: &Call) -> Result<(), (String, bool)> {
    let mut session = Session::default();
    let exchange = client.call(call, &mut session, Instant::now()).await;
    match exchange.result {
        Ok(answer) if answer.status.is_success() => Ok(()),
        Ok(answer) => {
            let again = answer.status.is_server_error() || answer.status.as_u16() == 429;
            Err((format!("it answered {}", answer.status.as_u16()), !again))
        }
        Err(problem) => Err((format!("{}: {}", problem.failure, problem.detail), false)),
    }
}
