//! Following redirects as browsers do. In: an answer; out: where the next request goes and what it carries.
//! Invariant: a POST becomes a GET on 301, 302 and 303 and stays on 307 and 308; no secret in a
//! header follows to another origin.

use super::multiplex::Target;
use super::origin::{Origin, path_of};
use super::wire::{self, Received};
use crate::protocol::{Call, Place, Problem};
use crate::record::Failure;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{Method, StatusCode};
use std::borrow::Cow;
use std::rc::Rc;
use url::Url;

/// One request of a chain.
pub(super) struct Hop<'a> {
    pub(super) origin: Rc<Origin>,
    pub(super) path: PathAndQuery,
    pub(super) call: Cow<'a, Call>,
    left: u32,
}

impl<'a> Hop<'a> {
    pub(super) fn first(origin: Rc<Origin>, path: &PathAndQuery, call: &'a Call) -> Self {
        Self {
            origin,
            path: path.clone(),
            call: Cow::Borrowed(call),
            left: call.redirects,
        }
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place {
            host: &self.origin.endpoint.host,
            path: self.path.path(),
            secure: self.origin.secure(),
        }
    }

    /// The same for HTTP/2.
    pub(super) fn target(&self) -> Target<'_> {
        Target {
            scheme: &self.origin.scheme,
            authority: &self.origin.authority,
            path: &self.path,
        }
    }

    /// Where the answer sends us; `None` when it is the last one.
    pub(super) fn next(&self, received: &Received) -> Result<Option<Url>, Problem> {
        let most = self.call.redirects;
        if most == 0 || !received.has.location || !wire::redirects(received.status.as_u16()) {
            return Ok(None);
        }
        let problem = |detail: String| Problem::new(Failure::Redirect, detail);
        if self.left == 0 {
            return Err(problem(format!("more than `redirects: {most}` allows")));
        }
        let location = received.head.get("location").unwrap_or_default();
        let text = String::from_utf8_lossy(location);
        let url = self.origin.url(&self.path).join(&text);
        url.map(Some)
            .map_err(|e| problem(format!("the location cannot be read: {e}")))
    }

    /// Makes this the next request of the chain.
    pub(super) fn follow(&mut self, origin: Rc<Origin>, url: &Url, status: StatusCode) {
        let keeps_body = matches!(status.as_u16(), 307 | 308);
        if !keeps_body && self.call.method != Method::GET && self.call.method != Method::HEAD {
            let call = self.call.to_mut();
            call.method = Method::GET;
            call.body = Bytes::new();
            call.plain = None;
            call.headers.remove(&[CONTENT_TYPE, CONTENT_ENCODING]);
        }
        if !Rc::ptr_eq(&origin, &self.origin) {
            self.call.to_mut().headers.leave();
        }
        self.origin = origin;
        self.path = path_of(url);
        self.left -= 1;
    }
}
