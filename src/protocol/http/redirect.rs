//! Following redirects as browsers do. In: an answer; out: where the next request goes and what it carries.
//! Invariant: a POST becomes a GET on 301, 302 and 303 and stays on 307 and 308; authorization never follows
//! to another origin.

use super::origin::{Origin, path_of};
use super::{
    Bytes, Call, Failure, HeaderMap, Incoming, Method, PathAndQuery, Place, Problem, Rc, Response,
    Url,
};
use http::StatusCode;
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, LOCATION,
};
use std::borrow::Cow;

/// One request of a chain.
pub(super) struct Hop<'a> {
    pub(super) origin: Rc<Origin>,
    pub(super) path: PathAndQuery,
    pub(super) method: Method,
    pub(super) headers: Cow<'a, HeaderMap>,
    pub(super) body: Bytes,
    pub(super) followed: bool,
    left: u32,
}

impl<'a> Hop<'a> {
    pub(super) fn first(origin: Rc<Origin>, path: PathAndQuery, call: &'a Call) -> Self {
        Self {
            origin,
            path,
            method: call.method.clone(),
            headers: Cow::Borrowed(&call.headers),
            body: call.body.clone(),
            followed: false,
            left: call.redirects,
        }
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place {
            host: &self.origin.host,
            path: self.path.path(),
            secure: self.origin.secure(),
        }
    }

    pub(super) fn url(&self) -> Url {
        self.origin.url(&self.path)
    }

    /// Where the answer sends us; `None` when it is the last one.
    pub(super) fn next(
        &self,
        response: &Response<Incoming>,
        call: &Call,
    ) -> Result<Option<Url>, Problem> {
        if call.redirects == 0 || !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308)
        {
            return Ok(None);
        }
        let Some(location) = response.headers().get(LOCATION) else {
            return Ok(None);
        };
        if self.left == 0 {
            return Err(Problem::new(
                Failure::Redirect,
                format!("more than {} redirects", call.redirects),
            ));
        }
        let text = String::from_utf8_lossy(location.as_bytes());
        self.url().join(&text).map(Some).map_err(|e| {
            Problem::new(
                Failure::Redirect,
                format!("the location cannot be read: {e}"),
            )
        })
    }

    /// Makes this the next request of the chain.
    pub(super) fn follow(&mut self, origin: Rc<Origin>, url: &Url, status: StatusCode) {
        let keeps_body = matches!(status.as_u16(), 307 | 308);
        if !keeps_body && self.method != Method::GET && self.method != Method::HEAD {
            self.method = Method::GET;
            self.body = Bytes::new();
            let headers = self.headers.to_mut();
            for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING] {
                headers.remove(name);
            }
        }
        if !Rc::ptr_eq(&origin, &self.origin) {
            let headers = self.headers.to_mut();
            headers.remove(AUTHORIZATION);
            headers.remove(COOKIE);
            headers.remove(http::header::HOST);
        }
        self.origin = origin;
        self.path = path_of(url);
        self.followed = true;
        self.left -= 1;
    }
}
