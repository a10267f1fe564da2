//! Showing who a user is. In: a request with `auth`; out: what it carries. Invariant: a token is asked for only where
//! there is none that is good, and the time that takes is nobody's response time and nobody's lateness.

use super::Lane;
use super::request::Shot;
use crate::expr::Value;
use crate::load::auth::{Grant, authorize, digest, missing, read_token, rendered};
use crate::load::program::host;
use crate::load::worker::Worker;
use crate::protocol::{Call, Exchange, Protocol, Session};
use crate::scenario::Auth;
use rand::Rng as _;
use std::borrow::Cow;
use tokio::time::Instant;

impl<P: Protocol> Worker<P> {
    /// Sees to the token of a request that needs one. `Err` says why there is none.
    pub(super) async fn identify(
        &self,
        variables: &[Value],
        lane: &mut Lane,
        shot: &mut Shot,
    ) -> Result<(), String> {
        let request = &self.program.requests[shot.step].source;
        let Some(Auth::OAuth2(oauth)) = &request.auth else {
            return Ok(());
        };
        let grant = Grant::new(oauth, &mut lane.context(variables).0).map_err(|e| e.0)?;
        if let Some(value) = lane.keys.token(&grant, self.clock.now()) {
            shot.authorization = Some(value.clone());
            return Ok(());
        }
        let to = (request.timeout, host(&self.program.target));
        let call = grant.call(shot.step, to).map_err(|e| e.0)?;
        // The client of a token is not the browser of its user: no cookies.
        let mut session = Session::default();
        let exchange = self
            .protocol
            .call(&call, &mut session, Instant::now())
            .await;
        let done = self.clock.at(exchange.done);
        let token = read_token(grant.clone(), &exchange, done).map_err(|e| e.to_string())?;
        lane.keys.keep(token, done);
        shot.authorization = lane.keys.token(&grant, done).cloned();
        shot.intended = shot.intended.max(done);
        shot.due = shot.due.max(done);
        Ok(())
    }

    /// Puts what is there into a request.
    pub(super) fn sign(
        &self,
        variables: &[Value],
        lane: &mut Lane,
        shot: &Shot,
        call: &mut Cow<'_, Call>,
    ) {
        if let Some(value) = &shot.authorization {
            return authorize(call.to_mut(), value);
        }
        let auth = self.program.requests[shot.step].source.auth.as_ref();
        if let Some(Auth::Digest { user, password }) = auth
            && !missing(&[user, password], variables)
        {
            let mut cx = lane.context(variables).0;
            let (user, password) = (rendered(user, &mut cx), rendered(password, &mut cx));
            let dice = lane.rng.next_u64();
            if let Some(value) = lane.keys.answer((&user, &password), call, dice) {
                authorize(call.to_mut(), &value);
            }
        }
    }

    /// Whether an answer is a challenge that can be answered.
    pub(super) fn challenged(
        &self,
        (variables, lane): (&[Value], &mut Lane),
        shot: &Shot,
        exchange: &Exchange,
    ) -> bool {
        let auth = self.program.requests[shot.step].source.auth.as_ref();
        let Some((user, _)) = digest(auth, &mut lane.context(variables).0) else {
            return false;
        };
        shot.chances.open && lane.keys.challenged(&user, exchange)
    }
}
