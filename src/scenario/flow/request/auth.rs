//! Who a request comes from. In: `auth:` of a step, of its flow or of `defaults`; out: a header or a query parameter,
//! or what the engine works out for each request. Invariant: what is secret here is a template over declared secrets
//! or captures, so it is masked wherever it is shown; anything else is warned about.

mod kinds;

use super::headers::{self, Headers};
use super::url::url;
use crate::expr::Template;
use crate::scenario::flow::Here;
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::AUTH;
use crate::source::{Fields, Node};
use http::{HeaderName, HeaderValue, header};

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

impl Auth {
    /// Everything that is rendered for it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Digest { user, password } => vec![user, password],
            Self::OAuth2(oauth2) => {
                let optional = oauth2.client_secret.iter().chain(&oauth2.scope);
                let user = oauth2
                    .user
                    .iter()
                    .flat_map(|(user, password)| [user, password]);
                let needed = [&oauth2.token_url, &oauth2.client_id];
                needed.into_iter().chain(optional).chain(user).collect()
            }
        }
    }
}

/// The value of `authorization` for a bearer token; `None` where headers cannot carry it.
pub fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// What `auth:` comes to.
pub(super) enum Told {
    Nothing,
    Header(HeaderName, Template),
    Query(String, Template),
    Computed(Auth),
}

/// Reads the `auth:` that holds for a step.
pub(super) fn read<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    headers: &Headers<'_>,
    here: &Here<'a>,
) -> Told {
    let own = fields.get("auth");
    let Some(node) = own.or(here.auth) else {
        return Told::Nothing;
    };
    let told = told(loading, node);
    let name = match &told {
        Some(Told::Header(name, _)) => name,
        Some(Told::Computed(_)) => &header::AUTHORIZATION,
        Some(Told::Nothing | Told::Query(..)) | None => return told.unwrap_or(Told::Nothing),
    };
    match (headers.get(name), own) {
        (Some(span), Some(_)) => {
            let message = format!("the header `{name}` beside `auth:`, which sets it");
            loading
                .reader
                .error("T0443", span, message, "keep one of them");
            Told::Nothing
        }
        // What the step says itself wins over what it inherits.
        (Some(_), None) => Told::Nothing,
        (None, _) => told.unwrap_or(Told::Nothing),
    }
}

fn told(loading: &mut Loading<'_>, node: &Node) -> Option<Told> {
    if node.scalar().is_some_and(|scalar| scalar.text == "none") {
        return Some(Told::Nothing);
    }
    let errors = loading.reader.errors();
    let fields = loading.reader.object(node, &AUTH)?;
    let kinds: Vec<_> = fields.iter().collect();
    match kinds.as_slice() {
        [(kind, node)] => match kind.value.as_str() {
            "basic" => kinds::basic(loading, node),
            "bearer" => kinds::bearer(loading, node),
            "api_key" => kinds::api_key(loading, node),
            "digest" => kinds::digest(loading, node),
            _ => kinds::oauth2(loading, node),
        },
        [] => {
            // An unknown key is told already.
            if loading.reader.errors() == errors {
                let help = "write one of basic, bearer, api_key, digest, oauth2, or `auth: none`";
                let message = "this `auth:` does not say how";
                loading.reader.error("T0440", node.span, message, help);
            }
            None
        }
        [(first, _), (second, _), ..] => {
            let message = format!(
                "`{}:` beside `{}:`: a request has one authentication",
                second.value, first.value
            );
            loading
                .reader
                .error("T0440", second.span, message, "keep one of them");
            None
        }
    }
}

/// A value that must not be shown, told where it stands in the file for all to read.
fn secret(loading: &mut Loading<'_>, node: &Node) -> Option<Template> {
    let template = headers::value(loading, node)?;
    let fixed = template.as_literal().is_some_and(|text| !text.is_empty());
    if fixed && loading.secret_in(node).is_none() {
        let message = "a secret stands in the file, and reports do not know that it is one";
        let help = "write `${NAME}` and list the name under `secrets:`";
        loading.reader.warn("T0442", node.span, message, help);
    }
    Some(template)
}

/// Where tokens come from.
fn endpoint(loading: &mut Loading<'_>, node: &Node) -> Option<Template> {
    url(loading, node, false)
}
