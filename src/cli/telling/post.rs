//! One letter over HTTP. In: a body and where it goes; out: whether it was taken, or why not. Invariant: a bounded number
//! of attempts, each within a bounded time; what will be refused again is not sent again.

use crate::notify::SIGNATURE;
use crate::protocol::{
    Blueprint, Call, Client, Headers, Keep, Location, Opens, Protocol as _, Session,
};
use crate::report::log_line;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, Method};
use percent_encoding::percent_decode_str;
use prost::Message;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};
use url::Url;

/// How long each attempt may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// The pauses between attempts: there is one more attempt than pauses.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// Characters of what a collector says that are repeated.
const SAID: usize = 300;
const AGENT: &str = concat!("tollgate/", env!("CARGO_PKG_VERSION"));

/// What is posted where.
pub(super) struct Letter {
    /// Who gets it, for the warning.
    pub(super) to: &'static str,
    pub(super) url: Url,
    pub(super) body: Vec<u8>,
    pub(super) form: Form,
}

/// What the body is.
pub(super) enum Form {
    /// JSON.
    Json,
    /// JSON, with this value of the header [`SIGNATURE`].
    Signed(String),
    /// OTLP in protobuf.
    Otlp,
    /// Prometheus remote write.
    RemoteWrite,
}

/// What a collector answers: how much of what it took it did not keep.
#[derive(Clone, PartialEq, Message)]
struct Taken {
    #[prost(message, optional, tag = "1")]
    partly: Option<Partly>,
}

#[derive(Clone, PartialEq, Message)]
struct Partly {
    #[prost(int64, tag = "1")]
    refused: i64,
    #[prost(string, tag = "2")]
    why: String,
}

/// Sends it.
///
/// # Errors
/// Why nobody took it.
pub(super) fn post(letter: Letter, caller: &Blueprint) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let client = caller.clone().towards(letter.url.clone());
    let call = call(letter);
    LocalSet::new().block_on(&runtime, async {
        let client = Client::new(client);
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

fn call(mut letter: Letter) -> Call {
    let mut headers = Headers::default();
    headers.add(&USER_AGENT, AGENT);
    match &letter.form {
        Form::Json | Form::Signed(_) => {
            headers.add(&CONTENT_TYPE, "application/json");
        }
        Form::Otlp => {
            headers.add(&CONTENT_TYPE, "application/x-protobuf");
        }
        Form::RemoteWrite => {
            headers.add(&CONTENT_TYPE, "application/x-protobuf");
            headers.add(&CONTENT_ENCODING, "snappy");
            let version = HeaderName::from_static("x-prometheus-remote-write-version");
            headers.add(&version, "0.1.0");
        }
    }
    let keep_body = match letter.form {
        Form::Otlp => Keep::Shown,
        _ => Keep::No,
    };
    if let Form::Signed(signature) = &letter.form {
        headers.add(&HeaderName::from_static(SIGNATURE), signature);
    }
    if let Some(basic) = basic(&mut letter.url) {
        headers.add(&AUTHORIZATION, &basic);
    }
    Call {
        step: 0,
        method: Method::POST,
        url: Location::Elsewhere(Box::new(letter.url)),
        headers,
        body: Bytes::from(letter.body),
        plain: None,
        timeout: PATIENCE,
        redirects: 0,
        keep_body,
        opens: Opens::Nothing,
    }
}

/// Takes user and password out of an address; they go into a header.
fn basic(url: &mut Url) -> Option<String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (decoded(url.username()), decoded(url.password()?));
    // Addresses without a host cannot have either.
    url.set_password(None).ok();
    url.set_username("").ok();
    Some(format!(
        "Basic {}",
        STANDARD.encode(format!("{user}:{password}"))
    ))
}

/// One attempt; why it failed, and whether another would fail as well.
async fn attempt(client: &Client, call: &Call) -> Result<(), (String, bool)> {
    let mut session = Session::default();
    let exchange = client.call(call, &mut session, Instant::now()).await;
    match exchange.result {
        Ok(answer) if answer.status.is_success() => taken(&answer.body),
        Ok(answer) => {
            let again = answer.status.is_server_error() || answer.status.as_u16() == 429;
            Err((format!("it answered {}", answer.status.as_u16()), !again))
        }
        Err(problem) => Err((format!("{}: {}", problem.failure, problem.detail), false)),
    }
}

/// An answer of success may still say that a part was refused; the same part would be again.
fn taken(body: &[u8]) -> Result<(), (String, bool)> {
    // Whoever says something else says nothing of it.
    let taken = Taken::decode(body).unwrap_or_default();
    match taken.partly {
        Some(Partly { refused, why }) if refused > 0 => {
            let why: String = log_line(&why).chars().take(SAID).collect();
            Err((
                format!("it refused {refused} of what it was sent: {why}"),
                true,
            ))
        }
        _ => Ok(()),
    }
}
