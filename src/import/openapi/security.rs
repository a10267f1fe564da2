//! Security schemes. In: those of the document and what each operation asks for; out: `auth:` for it, or that somebody
//! has to sign in first. Invariant: every credential is a placeholder.

use super::Context;
use super::flow::{Tagged, clean};
use super::operation::{Operation, is_json};
use super::provider;
use super::schema::{kind, properties};
use super::tree::At;
use crate::import::draft::literal;
use crate::import::name::{environment, is_header};
use crate::import::site;
use serde_json::{Value, json};
use url::Position;

/// What the token of a sign-in is called.
pub(super) const TOKEN: &str = "token";

/// How an operation is let in.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Access {
    /// Everybody is.
    Open,
    /// With credentials that the user has.
    Auth(Value),
    /// With a header that holds a placeholder.
    Header(String, String),
    /// After signing in: with a token, or else with the cookie.
    SignIn {
        /// Whether a token is captured and sent.
        token: bool,
    },
}

/// What is known of security.
pub(super) struct Security<'a> {
    /// The operation that signs in, where there is one that can be called.
    pub(super) sign_in: Option<SignIn<'a>>,
    schemes: Vec<(String, Access)>,
}

/// Signing in.
pub(super) struct SignIn<'a> {
    pub(super) operation: Operation<'a>,
    /// The capture of the token.
    pub(super) token: Option<String>,
}

impl<'a> Security<'a> {
    /// Reads the schemes.
    pub(super) fn read(context: &mut Context<'a>, operations: &[Operation<'a>]) -> Self {
        let sign_in = operations
            .iter()
            .find(|o| o.signs_in())
            .map(|operation| SignIn {
                token: token(operation),
                operation: operation.clone(),
            });
        let schemes = context.root.path(&["components", "securitySchemes"]);
        let mut this = Self {
            sign_in,
            schemes: Vec::new(),
        };
        for (name, scheme) in schemes.iter().flat_map(At::members) {
            let access = this.access_of(context, name, &scheme);
            let access = access.unwrap_or_else(|what| {
                context.draft.leave(&scheme.pointer, what);
                Access::Open
            });
            this.schemes.push((name.to_owned(), access));
        }
        this
    }

    fn access_of(
        &self,
        context: &mut Context<'_>,
        name: &str,
        scheme: &At<'_>,
    ) -> Result<Access, String> {
        let kind = scheme.text("type").unwrap_or_default();
        let detail = match kind {
            "http" => scheme
                .text("scheme")
                .unwrap_or_default()
                .to_ascii_lowercase(),
            "apiKey" => scheme.text("in").unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let key = scheme.text("name").unwrap_or("api_key");
        match (kind, detail.as_str()) {
            ("http", "basic" | "digest") => {
                let user = format!("${{{}:-somebody}}", environment(&[&context.prefix, "user"]));
                let password = context.secret("password");
                Ok(Access::Auth(
                    json!({ detail: { "user": user, "password": password } }),
                ))
            }
            ("http", "bearer") | ("openIdConnect", _) => Ok(self.bearer(context)),
            ("oauth2", _) => Ok(self.oauth2(context, scheme)),
            ("apiKey", "header") if key.eq_ignore_ascii_case("authorization") => {
                let token = context.secret("authorization");
                Ok(Access::Header("authorization".into(), token))
            }
            ("apiKey", "header") if !is_header(key) => Err(format!(
                "the security scheme `{name}`: `{key}` cannot be a header"
            )),
            ("apiKey", "header") => {
                let value = context.secret("api key");
                Ok(Access::Auth(
                    json!({ "api_key": { "header": literal(key).to_ascii_lowercase(), "value": value } }),
                ))
            }
            ("apiKey", "query") => {
                let value = context.secret("api key");
                Ok(Access::Auth(
                    json!({ "api_key": { "query": literal(key), "value": value } }),
                ))
            }
            ("apiKey", "cookie") if self.sign_in.is_some() => Ok(Access::SignIn { token: false }),
            ("apiKey", "cookie") => {
                let value = context.secret("session");
                Ok(Access::Header(
                    "cookie".into(),
                    format!("{}={value}", literal(key)),
                ))
            }
            ("mutualTLS", _) => Err(format!(
                "the security scheme `{name}`: give a client certificate with `tls: {{ cert, key }}`"
            )),
            _ => Err(format!(
                "the security scheme `{name}` is of a kind that a scenario does not have"
            )),
        }
    }

    fn bearer(&self, context: &mut Context<'_>) -> Access {
        if self.sign_in.as_ref().is_some_and(|s| s.token.is_some()) {
            return Access::SignIn { token: true };
        }
        let token = context.secret("token");
        Access::Auth(json!({ "bearer": token }))
    }

    fn oauth2(&self, context: &mut Context<'_>, scheme: &At<'_>) -> Access {
        let flow = |name: &str| scheme.path(&["flows", name]);
        let (flow, user) = match (flow("clientCredentials"), flow("password")) {
            (Some(flow), _) => (flow, false),
            (None, Some(flow)) => (flow, true),
            // Somebody has to click: the token comes from outside.
            (None, None) => return self.bearer(context),
        };
        let url = flow.text("tokenUrl").unwrap_or("/token");
        let url = match site(url) {
            Some(url) => literal(url[..Position::AfterPath].as_ref()),
            None => clean(&format!("/{}", url.trim_start_matches('/'))),
        };
        let id = format!(
            "${{{}:-tests}}",
            environment(&[&context.prefix, "client id"])
        );
        let mut oauth2 = json!({ "token_url": url, "client_id": id });
        if user {
            oauth2["user"] =
                format!("${{{}:-somebody}}", environment(&[&context.prefix, "user"])).into();
            oauth2["password"] = context.secret("password").into();
        } else {
            oauth2["client_secret"] = context.secret("client secret").into();
        }
        let scopes = flow.get("scopes").map(|s| {
            s.members()
                .iter()
                .map(|(k, _)| *k)
                .collect::<Vec<_>>()
                .join(" ")
        });
        let short = |s: &String| !s.is_empty() && s.len() <= 60 && !s.contains(char::is_control);
        if let Some(scopes) = scopes.filter(short) {
            oauth2["scope"] = literal(&scopes).into();
        }
        Access::Auth(json!({ "oauth2": oauth2 }))
    }

    /// How an operation is let in: the first of its alternatives counts.
    pub(super) fn of(&self, context: &Context<'_>, operation: &Operation<'_>) -> Access {
        let asked = operation
            .at
            .get("security")
            .or_else(|| context.root.get("security"));
        let Some(asked) = asked else {
            return Access::Open;
        };
        let first = asked
            .items()
            .into_iter()
            .find(|one| one.value.as_object().is_some_and(|o| !o.is_empty()));
        let names: Vec<&str> = first
            .iter()
            .flat_map(At::members)
            .map(|(name, _)| name)
            .collect();
        let known = |name: &&str| {
            self.schemes
                .iter()
                .find(|(known, _)| known == *name)
                .map(|(_, access)| access.clone())
        };
        let all: Vec<Access> = names.iter().filter_map(known).collect();
        // Of several at once a token says more than a cookie that comes by itself.
        let weight = |access: &Access| match access {
            Access::Open => 0,
            Access::SignIn { token: false } => 1,
            _ => 2,
        };
        all.into_iter()
            .rev()
            .max_by_key(weight)
            .unwrap_or(Access::Open)
    }

    /// Whether this operation is the one that signs in.
    pub(super) fn is_sign_in(&self, operation: &Operation<'_>) -> bool {
        self.sign_in
            .as_ref()
            .is_some_and(|s| s.operation.at.pointer == operation.at.pointer)
    }
}

/// Where the response of a sign-in has its token.
fn token(operation: &Operation<'_>) -> Option<String> {
    let (media, _) = operation.content()?;
    let schema = operation.answer().filter(|_| is_json(media))?;
    let names = [
        "token",
        "accesstoken",
        "jwt",
        "authtoken",
        "idtoken",
        "bearertoken",
        "sessiontoken",
    ];
    provider::search(&schema, "$", 2, &|name: &str, at: &At<'_>| {
        let plain = name.replace(['_', '-'], "").to_lowercase();
        names.contains(&plain.as_str()) && matches!(kind(at), "string" | "")
    })
    .map(|path| format!("json {path}"))
    .filter(|_| !properties(&schema).0.is_empty())
}

/// The credentials of every step that says nothing else: those that the document has at its top, or that at least half
/// of its operations ask for.
pub(super) fn default_auth(
    context: &Context<'_>,
    tagged: &[Tagged<'_>],
    security: &Security<'_>,
) -> Option<Value> {
    let operations: Vec<&Operation<'_>> = tagged.iter().flat_map(|(_, all)| all).collect();
    let all: Vec<Value> = operations
        .iter()
        .filter_map(|o| match security.of(context, o) {
            Access::Auth(auth) => Some(auth),
            _ => None,
        })
        .collect();
    let often = |auth: &Value| all.iter().filter(|a| *a == auth).count();
    let most = all.iter().max_by_key(|auth| often(auth))?;
    let top = context.root.get("security").is_some();
    (top || often(most) * 2 >= operations.len()).then(|| most.clone())
}

/// `auth:` of a step.
pub(super) fn auth(access: &Access) -> Option<Value> {
    match access {
        Access::Auth(auth) => Some(auth.clone()),
        Access::SignIn { token: true } => Some(json!({ "bearer": format!("{{{{ {TOKEN} }}}}") })),
        Access::SignIn { token: false } | Access::Header(..) | Access::Open => None,
    }
}

/// `auth:` of a flow, where it is another than that of `defaults:`: what all steps have, or a token that half of them need.
pub(super) fn common(auths: &[Option<Value>], inherited: Option<&Value>) -> Option<Value> {
    let first = auths.first()?;
    if auths.iter().all(|auth| auth == first) {
        let own = first.clone().unwrap_or_else(|| "none".into());
        return (first.as_ref() != inherited).then_some(own);
    }
    let token = auth(&Access::SignIn { token: true });
    let often = auths.iter().filter(|auth| **auth == token).count();
    (often * 2 >= auths.len()).then_some(token).flatten()
}
