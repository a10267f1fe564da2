//! Who a request comes from. In: a request's [`Auth`] and what its user has been given so far; out: the header
//! `authorization`. Invariant: what is exchanged only to authenticate is no sample: neither its time nor its result
//! is in any figure of the step, except that a step without a token fails; and what a user keeps does not grow.
//!
//! A challenge (digest) is the answer to an attempt that is then sent again: it counts as retried. A request for a
//! token is not counted at all. Both move the instant from which the step's response time counts.

mod digest;
mod token;

use crate::expr::{Context, Template, Value};
use crate::plan::seed_of;
use crate::protocol::{Call, Exchange};
use crate::scenario::Auth;
use crate::units::Nanos;
pub(super) use digest::Challenge;
use http::header::AUTHORIZATION;
use http::{HeaderValue, StatusCode};
pub(super) use token::{Grant, Token, read_token};

/// Tokens, and challenges, that a user keeps: the last ones. A user of the closed model may be somebody else in every
/// iteration, for as long as the run lasts.
const MOST: usize = 8;

/// What a user was given to authenticate with.
#[derive(Debug, Default)]
pub(super) struct Keys {
    tokens: Vec<Token>,
    challenges: Vec<Challenge>,
}

impl Keys {
    /// Another person.
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.challenges.clear();
    }

    /// The tokens of another lane of the same user, for this one. Challenges count their answers, so each lane has
    /// its own.
    pub(super) fn share(&mut self, other: &Self) {
        self.tokens.clone_from(&other.tokens);
    }

    /// A token that was given for this grant and is good at this instant.
    pub(super) fn token(&self, grant: &Grant, now: Nanos) -> Option<&HeaderValue> {
        let token = self.tokens.iter().find(|token| token.fits(grant, now))?;
        Some(&token.value)
    }

    /// Keeps a token instead of the one before it; `now` is when it came.
    pub(super) fn keep(&mut self, token: Token, now: Nanos) {
        self.tokens
            .retain(|known| known.is_good(now) && !known.same(&token));
        push(&mut self.tokens, token);
    }

    /// Takes the challenge of an answer that wants one answered; whether there was one.
    pub(super) fn challenged(&mut self, user: &str, exchange: &Exchange) -> bool {
        let Ok(answer) = &exchange.result else {
            return false;
        };
        if answer.status != StatusCode::UNAUTHORIZED {
            return false;
        }
        let mut offered = answer.headers.get_all("www-authenticate");
        let found =
            offered.find_map(|value| Challenge::read(user, std::str::from_utf8(value).ok()?));
        let Some(challenge) = found else {
            return false;
        };
        self.take(challenge);
        true
    }

    /// Keeps a challenge instead of the one before it.
    fn take(&mut self, challenge: Challenge) {
        self.challenges.retain(|known| known.user != challenge.user);
        push(&mut self.challenges, challenge);
    }

    /// Answers the challenge that was last given to this user, if one was.
    pub(super) fn answer(
        &mut self,
        (user, password): (&str, &str),
        call: &Call,
        dice: u64,
    ) -> Option<HeaderValue> {
        let challenge = self.challenges.iter_mut().find(|c| c.user == user)?;
        challenge.answer(password, call, seed_of(dice, 0))
    }
}

/// Adds one, and forgets the oldest where there are too many.
fn push<T>(kept: &mut Vec<T>, new: T) {
    if kept.len() >= MOST {
        kept.remove(0);
    }
    kept.push(new);
}

/// The user of digest authentication; `None` for other kinds.
pub(super) fn digest<'a>(
    auth: Option<&'a Auth>,
    cx: &mut Context<'_>,
) -> Option<(String, &'a Template)> {
    let Auth::Digest { user, password } = auth? else {
        return None;
    };
    Some((rendered(user, cx), password))
}

/// A template's text.
pub(super) fn rendered(template: &Template, cx: &mut Context<'_>) -> String {
    let mut text = String::new();
    template.render(cx, &mut text);
    text
}

/// Puts a value into a call's header `authorization`.
pub(super) fn authorize(call: &mut Call, value: &HeaderValue) {
    call.headers.remove(&[AUTHORIZATION]);
    if let Ok(value) = value.to_str() {
        call.headers.add(&AUTHORIZATION, value);
    }
}

/// Whether a variable that a template needs, or a part of one, has no value.
pub(super) fn missing(templates: &[&Template], variables: &[Value]) -> bool {
    templates.iter().any(|template| {
        template.slots().any(|slot| variables[slot].is_missing())
            || template.members().any(|m| m.find(variables).is_none())
    })
}
