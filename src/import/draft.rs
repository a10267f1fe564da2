//! A scenario before it is written. In: what a reader of documents found; out: the parts that `write` puts into words.
//! Invariant: every text is a template as the scenario language has it: what came from a document went through
//! [`literal`], so nothing of it is read as `{{ … }}` or `${…}`.

use super::Left;
use serde_json::Value;

/// A scenario.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// Lines above everything.
    pub(super) head: Vec<String>,
    pub(super) name: String,
    /// The environment variable of the target, and the target where it is not set.
    pub(super) target: (String, String),
    pub(super) target_note: Option<String>,
    pub(super) secrets: Vec<String>,
    /// `headers:` of `defaults:`.
    pub(super) headers: Vec<(String, String)>,
    pub(super) auth: Option<Value>,
    /// Constants that the user has to fill in: name, value, what it is.
    pub(super) variables: Vec<(String, Value, String)>,
    pub(super) fragments: Vec<Flow>,
    pub(super) flows: Vec<Flow>,
    /// Further environments: name and target.
    pub(super) environments: Vec<(String, String)>,
    pub(super) left: Vec<Left>,
}

/// A flow, or a fragment.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    pub(super) above: Vec<String>,
    pub(super) name: String,
    pub(super) auth: Option<Value>,
    pub(super) steps: Vec<Step>,
}

/// A step.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Request(Box<Request>),
    /// The name of a fragment.
    Use(String),
}

/// A request.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) above: Vec<String>,
    /// Written as a comment, for the user to switch on.
    pub(super) off: bool,
    /// Behind the verb.
    pub(super) beside: Option<String>,
    /// In small letters: `get`.
    pub(super) method: String,
    pub(super) path: String,
    pub(super) name: String,
    pub(super) query: Vec<(String, Value)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) auth: Option<Value>,
    pub(super) body: Option<Body>,
    pub(super) captures: Vec<Capture>,
    pub(super) checks: Vec<String>,
}

/// A body.
#[derive(Debug, Clone)]
pub(super) enum Body {
    Json(Value),
    Form(Vec<(String, Value)>),
    Multipart(Vec<(String, Value)>),
    Text(String),
}

/// A value kept for later steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Capture {
    pub(super) name: String,
    pub(super) from: String,
    pub(super) secret: bool,
}

impl Draft {
    /// Requests of all flows that are not switched off.
    pub(super) fn requests(&self) -> usize {
        let steps = self
            .flows
            .iter()
            .chain(&self.fragments)
            .flat_map(|flow| &flow.steps);
        steps
            .filter(|step| matches!(step, Step::Request(request) if !request.off))
            .count()
    }

    /// Declares a secret.
    pub(super) fn secret(&mut self, name: &str) {
        if !self.secrets.iter().any(|known| known == name) {
            self.secrets.push(name.to_owned());
        }
    }

    /// Notes what was not taken over, once.
    pub(super) fn leave(&mut self, place: impl Into<String>, what: impl Into<String>) {
        let left = Left {
            place: place.into(),
            what: super::name::line(&what.into(), 200),
        };
        if !self.left.contains(&left) {
            self.left.push(left);
        }
    }
}

/// A text of a document as a template that gives just this text.
pub(super) fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("{{", "{{ \"{{\" }}")
}

/// A key of a JSON body: a template, too, in which environment variables are not looked for.
pub(super) fn literal_key(key: &str) -> String {
    key.replace("{{", "{{ \"{{\" }}")
}

/// The same for every text in a JSON value.
pub(super) fn literals(value: &Value) -> Value {
    match value {
        Value::String(text) => literal(text).into(),
        Value::Array(items) => items.iter().map(literals).collect(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| (literal_key(key), literals(value)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}
