//! A request that was really sent, as a step. In: method, URL, headers and body as a browser or curl had them; out: a
//! request of the draft. Invariant: credentials become placeholders, or what an earlier response gave; headers that
//! follow from the connection or the browser are not copied.

use super::draft::{Body, Draft, Request, literal, literal_key};
use super::name::{Taken, singular, title, words};
use super::{ImportError, Options, name, secret};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

/// A request as it was sent.
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Payload>,
}

/// A body as it was sent.
pub(super) enum Payload {
    /// A media type and the text.
    Text(String, String),
    /// A form with files: name, value, file name, media type.
    Parts(Vec<(String, String, Option<String>, Option<String>)>),
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the path or the query, which everybody logs.
    Url,
    /// In a header or the body.
    Inside,
}

/// Gives the template of a value that an earlier response had: place, name, value.
pub(super) type Known<'k> = dyn FnMut(Place, &str, &str) -> Option<String> + 'k;

/// Headers that are not copied: those of the connection, of the browser and of its cache.
const DROPPED: [&str; 30] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "accept-encoding",
    "content-encoding",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "referer",
    "origin",
    "dnt",
    "priority",
    "pragma",
    "cache-control",
    "if-none-match",
    "if-modified-since",
    "purpose",
    "save-data",
    "x-requested-by",
    "expect",
    "via",
    "forwarded",
    "traceparent",
    "tracestate",
    "accept-language",
];

/// Copies requests into a draft.
pub(super) struct Copier<'c> {
    pub(super) draft: &'c mut Draft,
    pub(super) prefix: String,
    /// Scheme, host and port of the target.
    pub(super) origin: String,
    pub(super) names: Taken,
}

impl<'c> Copier<'c> {
    /// For requests to a site: its host names the scenario, unless it is a number, and gives the target, unless the user does.
    pub(super) fn new(
        draft: &'c mut Draft,
        site: &Url,
        otherwise: &str,
        options: &Options,
    ) -> Result<Self, ImportError> {
        let host = site.host_str().unwrap_or(otherwise).to_owned();
        let first = host.trim_start_matches("www.").split('.').next();
        let named = first.filter(|part| !part.bytes().all(|b| b.is_ascii_digit()));
        let title = named.unwrap_or(otherwise).to_owned();
        let origin = site.origin().ascii_serialization();
        let prefix = name::prefix(&title);
        let target = match &options.target {
            Some(text) => super::target(text)?.0,
            None => origin.clone(),
        };
        draft.name = name::scenario(&title);
        draft.target = (name::environment(&[&prefix, "url"]), target);
        draft.host = host;
        Ok(Self {
            draft,
            prefix,
            origin,
            names: Taken::default(),
        })
    }

    /// The step of a request.
    pub(super) fn request(&mut self, sent: &Sent, known: &mut Known<'_>) -> Request {
        let mut request = Request {
            method: sent.method.to_ascii_lowercase(),
            ..Request::default()
        };
        request.path = self.path(&sent.url, known);
        request.query = self.query(&sent.url, known);
        request.name = self
            .names
            .unique(&step_name(&request.method, &sent.url), " ");
        for (name, value) in &sent.headers {
            self.header(&name.to_ascii_lowercase(), value, &mut request, known);
        }
        // A scenario sends no body with these.
        let bodiless = matches!(request.method.as_str(), "get" | "head");
        if let Some(body) = sent.body.as_ref().filter(|_| !bodiless) {
            self.body(body, &mut request, known);
        }
        if !matches!(request.method.as_str(), "get" | "head" | "options") {
            request.beside = Some(
                if request.method == "delete" {
                    "deletes"
                } else {
                    "writes"
                }
                .into(),
            );
        }
        request
    }

    /// A value: from an earlier response, a placeholder, or as it is.
    fn value(&mut self, place: Place, name: &str, value: &str, known: &mut Known<'_>) -> String {
        if let Some(template) = known(place, name, value) {
            return template;
        }
        match (secret::is_name(name) || secret::is_value(value), place) {
            (false, _) => literal(value),
            (true, Place::Inside) => self.draft.placeholder(&self.prefix, name),
            (true, Place::Url) => {
                let name = name::variable(&format!("given {name}"));
                self.draft
                    .fill_in(&name, "fill-in".into(), "was a secret in a URL")
            }
        }
    }

    fn path(&mut self, url: &Url, known: &mut Known<'_>) -> String {
        let mut path = String::new();
        let mut before = "";
        for segment in url.path().trim_start_matches('/').split('/') {
            path.push('/');
            let filled = known(Place::Url, before, segment);
            let filled = filled.unwrap_or_else(|| {
                if secret::is_value(segment) {
                    return self.value(Place::Url, before, segment, &mut |_, _, _| None);
                }
                literal(segment)
            });
            path.push_str(&filled);
            before = segment;
        }
        while path.contains("//") {
            path = path.replace("//", "/");
        }
        let origin = url.origin().ascii_serialization();
        if origin == self.origin {
            path
        } else {
            format!("{origin}{path}")
        }
    }

    fn query(&mut self, url: &Url, known: &mut Known<'_>) -> Vec<(String, Value)> {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        self.pairs(Place::Url, &pairs, known)
    }

    fn pairs(
        &mut self,
        place: Place,
        pairs: &[(String, String)],
        known: &mut Known<'_>,
    ) -> Vec<(String, Value)> {
        let mut out: Vec<(String, Value)> = Vec::new();
        for (name, value) in pairs {
            let text = self.value(place, name, value, known);
            let value = number(&text).unwrap_or_else(|| text.into());
            out.push((name.clone(), value));
        }
        out
    }

    fn header(&mut self, name: &str, value: &str, request: &mut Request, known: &mut Known<'_>) {
        let browser =
            name.starts_with("sec-") || name.starts_with("x-forwarded") || DROPPED.contains(&name);
        if !name::is_header(name)
            || browser
            || value.chars().any(char::is_control)
            || request.headers.iter().any(|(there, _)| there == name)
        {
            return;
        }
        match name {
            // Cookies come by themselves, in the flow that gets them.
            "cookie" | "content-type" => {}
            "authorization" if request.auth.is_some() => {}
            "authorization" => self.authorization(value, request, known),
            "accept" if !value.contains("json") => {}
            "accept" => request
                .headers
                .push((name.into(), "application/json".into())),
            _ => {
                let value = self.value(Place::Inside, name, value, known);
                request.headers.push((name.into(), value));
            }
        }
    }

    fn authorization(&mut self, value: &str, request: &mut Request, known: &mut Known<'_>) {
        let (scheme, credentials) = value.split_once(' ').unwrap_or(("", value));
        let template = known(Place::Inside, "token", credentials.trim());
        match (scheme.to_ascii_lowercase().as_str(), template) {
            ("bearer", Some(template)) => request.auth = Some(json!({ "bearer": template })),
            ("bearer", None) => {
                let token = self.draft.placeholder(&self.prefix, "token");
                request.auth = Some(json!({ "bearer": token }));
            }
            ("basic", _) => request.auth = Some(self.basic()),
            _ => {
                let value = self.draft.placeholder(&self.prefix, "authorization");
                request.headers.push(("authorization".into(), value));
            }
        }
    }

    /// User and password, neither of them copied.
    pub(super) fn basic(&mut self) -> Value {
        let user = format!(
            "${{{}:-somebody}}",
            name::environment(&[&self.prefix, "user"])
        );
        let password = self.draft.placeholder(&self.prefix, "password");
        json!({ "basic": { "user": user, "password": password } })
    }

    fn body(&mut self, body: &Payload, request: &mut Request, known: &mut Known<'_>) {
        let (kind, text) = match body {
            Payload::Parts(parts) => {
                request.body = self.parts(parts, known);
                return;
            }
            Payload::Text(_, text) if text.is_empty() => return,
            Payload::Text(kind, text) => (
                kind.split(';')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_ascii_lowercase(),
                text,
            ),
        };
        if kind == "application/x-www-form-urlencoded" {
            let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect();
            request.body = Some(Body::Form(self.pairs(Place::Inside, &pairs, known)));
            return;
        }
        let parsed = serde_json::from_str::<Value>(text)
            .ok()
            .filter(|_| kind.is_empty() || kind.contains("json"));
        if let Some(value) = parsed {
            if !kind.is_empty() && kind != "application/json" {
                request
                    .headers
                    .push(("content-type".into(), literal(&kind)));
            }
            request.body = Some(Body::Json(self.json("", &value, known)));
            return;
        }
        if !kind.is_empty() && kind != "text/plain" && !kind.chars().any(char::is_control) {
            request
                .headers
                .push(("content-type".into(), literal(&kind)));
        }
        let hidden = secret::is_value(text);
        request.body = Some(Body::Text(if hidden {
            self.draft.placeholder(&self.prefix, "body")
        } else {
            literal(text)
        }));
    }

    fn json(&mut self, name: &str, value: &Value, known: &mut Known<'_>) -> Value {
        match value {
            Value::String(text) => self.value(Place::Inside, name, text, known).into(),
            Value::Number(number) if secret::is_name(name) => self
                .value(Place::Inside, name, &number.to_string(), known)
                .into(),
            Value::Number(number) => known(Place::Inside, name, &number.to_string())
                .map_or_else(|| value.clone(), Value::from),
            Value::Array(items) => items
                .iter()
                .map(|item| self.json(name, item, known))
                .collect(),
            Value::Object(members) => {
                let members = members
                    .iter()
                    .map(|(key, value)| (literal_key(key), self.json(key, value, known)));
                Value::Object(members.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    fn parts(
        &mut self,
        parts: &[(String, String, Option<String>, Option<String>)],
        known: &mut Known<'_>,
    ) -> Option<Body> {
        let mut out: Vec<(String, Value)> = Vec::new();
        for (name, value, file, kind) in parts {
            let part = if let Some(file) = file {
                let kind = name::media_type(kind.as_deref());
                json!({ "text": "to be replaced by `file:`", "filename": literal(&name::line(file, 80)), "type": literal(kind) })
            } else {
                self.value(Place::Inside, name, value, known).into()
            };
            out.push((name.clone(), part));
        }
        (!out.is_empty()).then_some(Body::Multipart(out))
    }
}

/// A whole number, where it is written as one.
fn number(text: &str) -> Option<Value> {
    let number = text.parse::<i32>().ok()?;
    (number.to_string() == text).then(|| number.into())
}

/// What a request is called: what stands in its path and is no id, with the method where it is not GET.
fn step_name(method: &str, url: &Url) -> String {
    let said: Vec<&str> = url
        .path()
        .split('/')
        .filter(|part| !part.is_empty() && *part != "api" && !is_version(part) && !is_id(part))
        .collect();
    let last = said[said.len().saturating_sub(3)..].join(" ");
    match (method, last.is_empty()) {
        ("get", true) => "landing".into(),
        ("get", false) => title(&last),
        (_, true) => title(method),
        _ => title(&format!("{method} {last}")),
    }
}

/// Whether a part of a path names one of many.
pub(super) fn is_id(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let hex = part.len() >= 8 && part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    part.contains('%')
        || (digits > 0 && digits == part.len())
        || (hex && digits > 0)
        || (part.len() >= 16 && digits >= 3)
}

/// `v1`.
fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|rest| {
        (1..=2).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit())
    })
}

/// What the last collection of a path holds: `/api/orders/17` → `order`.
pub(super) fn noun(path: &str) -> String {
    let part = path
        .rsplit('/')
        .find(|part| !part.is_empty() && !is_id(part))
        .unwrap_or("item");
    let words = words(part);
    words
        .last()
        .map_or_else(|| "item".into(), |word| singular(word))
}
