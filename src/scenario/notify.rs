//! Who is told how a run ended. In: `notify:`; out: where to, what it is signed with, and after which runs. Invariant:
//! a secret of a webhook is one of the scenario's secrets, so no output shows it.

use super::loading::Loading;
use super::vocabulary::{NOTIFY, NOTIFY_ON};
use crate::source::{Fields, Node};
use url::Url;

/// A webhook that is called when a run has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Where the event is posted.
    pub webhook: Url,
    /// What its body is signed with.
    pub secret: Option<String>,
    /// After which runs; never empty.
    pub on: Vec<Ending>,
}

/// How a run ended, for those who are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A guard stopped it.
    Guard,
    /// It failed: a check, a budget, a comparison, or there was no target.
    Fail,
    /// It says nothing, or was cut off.
    Invalid,
    /// Everything holds.
    Pass,
}

impl Ending {
    /// In the order of the words in the vocabulary.
    const ALL: [Self; 4] = [Self::Guard, Self::Fail, Self::Invalid, Self::Pass];
}

/// Reads `notify:`.
pub(super) fn read(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Notify> {
    let node = fields.get("notify")?;
    let fields = loading.reader.object(node, &NOTIFY)?;
    let webhook = webhook(loading, fields.get("webhook")?);
    let secret = match fields.get("secret") {
        Some(node) => Some(secret(loading, node)?),
        None => None,
    };
    let items = fields.get("on").map(|node| loading.reader.list(node));
    let words: Vec<&str> = items
        .unwrap_or_default()
        .into_iter()
        .filter_map(|item| loading.reader.word(item, &NOTIFY_ON))
        .collect();
    let named = |word: &str| NOTIFY_ON.iter().position(|known| *known == word);
    let on = match words.as_slice() {
        [] => Ending::ALL[..3].to_vec(),
        words => words
            .iter()
            .filter_map(|w| named(w))
            .map(|i| Ending::ALL[i])
            .collect(),
    };
    Some(Notify {
        webhook: webhook?,
        secret,
        on,
    })
}

fn webhook(loading: &mut Loading<'_>, node: &Node) -> Option<Url> {
    let text = loading.reader.text(node)?;
    match Url::parse(&text.value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Some(url),
        _ => {
            let message = "the webhook is no `http://` or `https://` address";
            let help =
                "write its whole URL, or leave it to the environment: `webhook: ${DEPLOY_HOOK}`";
            loading.reader.error("T0740", text.span, message, help);
            None
        }
    }
}

/// The value of a secret, as `${NAME}` has filled it in.
fn secret(loading: &mut Loading<'_>, node: &Node) -> Option<String> {
    let text = loading.reader.text(node)?;
    if loading.secret_in(node).is_some() && !text.value.is_empty() {
        return Some(text.value);
    }
    // It is one all the same: no drawing of the file shows it.
    loading.secrets.hide("notify", &text.value);
    let message =
        "what a webhook is signed with stands in the file, or is not declared as a secret";
    let help = "keep it in the environment: `secrets: [HOOK_SECRET]` and `secret: ${HOOK_SECRET}`";
    loading.reader.error("T0741", text.span, message, help);
    None
}
