//! Who a request comes from, where that cannot be said in a fixed header. In: nothing of its own; out: the types
//! that the parser fills and the engine follows. Invariant: what is secret here is a template over declared
//! secrets or captures, so it is masked wherever it is shown.

use crate::expr::Template;
use http::HeaderValue;

/// Authentication that is worked out for each request. Basic, bearer and API keys are headers or query parameters
/// like any other, and are made while the file is read.
#[derive(Debug, Clone)]
pub enum Auth {
    /// RFC 7616: the first request is answered by a challenge, the second answers it.
    Digest {
        /// The user.
        user: Template,
        /// The password.
        password: Template,
    },
    /// RFC 6749: a token, asked for when there is none or it has run out.
    OAuth2(Box<OAuth2>),
}

/// How a token is asked for.
#[derive(Debug, Clone)]
pub struct OAuth2 {
    /// The token endpoint: a path at the target or an absolute URL.
    pub token_url: Template,
    /// The client.
    pub client_id: Template,
    /// Its secret; sent by basic authentication.
    pub client_secret: Option<Template>,
    /// The scope asked for.
    pub scope: Option<Template>,
    /// User name and password (the password grant); the client's own credentials otherwise.
    pub user: Option<(Template, Template)>,
}

/// The value of `authorization` for a bearer token; `None` where headers cannot carry it.
pub fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
