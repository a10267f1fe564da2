//! A scenario before it is written. In: what a reader of documents found; out: the parts that `write` puts into words.
//! Invariant: every text is a template as the scenario language has it: what came from a document went through
//! [`literal`], so nothing of it is read as `{{ … }}` or `${…}`.

pub(super) mod settle;
pub(super) mod write;
mod yaml;

use super::{Left, name, secret};
use serde_json::Value;

/// A scenario.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// Lines above everything.
    pub(super) head: Vec<String>,
    pub(super) name: String,
    /// The host that requests were recorded of.
    pub(super) host: String,
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
    /// A pause.
    Think(String),
}

impl Flow {
    /// Its requests, those that are switched off with them.
    pub(super) fn requests(&mut self) -> impl Iterator<Item = &mut Request> {
        self.steps.iter_mut().filter_map(Step::request)
    }
}

impl Step {
    /// The request that it is.
    pub(super) fn request(&mut self) -> Option<&mut Request> {
        match self {
            Self::Request(request) => Some(request),
            Self::Use(_) | Self::Think(_) => None,
        }
    }
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
    /// How many are followed.
    pub(super) redirects: Option<u32>,
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

impl Body {
    /// With every value changed.
    pub(super) fn through(self, change: &dyn Fn(&Value) -> Value) -> Self {
        let pairs = |pairs: Vec<(String, Value)>| {
            pairs
                .into_iter()
                .map(|(key, value)| (key, change(&value)))
                .collect()
        };
        match self {
            Self::Json(value) => Self::Json(change(&value)),
            Self::Form(fields) => Self::Form(pairs(fields)),
            Self::Multipart(parts) => Self::Multipart(pairs(parts)),
            Self::Text(text) => {
                Self::Text(change(&text.into()).as_str().unwrap_or_default().to_owned())
            }
        }
    }
}

/// A value kept for later steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Capture {
    pub(super) name: String,
    pub(super) from: String,
    pub(super) secret: bool,
}

impl Draft {
    /// The lines above everything: what it is, and what was made of which file.
    pub(super) fn head(&mut self, title: &str, file: &str) {
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let made = match file {
            "-" => String::new(),
            file => format!(": made of {} by `tollgate import`", name::line(file, 60)),
        };
        self.head = vec![
            format!("{}{made}.", name::line(title.trim(), 60)),
            "It is a first draft: look at the order of the steps, the data they send and what they check.".into(),
            "`tollgate validate FILE` checks it and sends nothing; `tollgate run FILE` does every flow once.".into(),
        ];
    }

    /// The placeholder of a secret, which is declared: `${SHOP_PASSWORD:-not-set}`.
    pub(super) fn placeholder(&mut self, prefix: &str, name: &str) -> String {
        let name = name::environment(&[prefix, name]);
        self.secret(&name);
        secret::placeholder(&name)
    }

    /// A constant that the user has to fill in, as a template.
    pub(super) fn fill_in(&mut self, name: &str, value: Value, what: &str) -> String {
        if !self.variables.iter().any(|(known, ..)| *known == name) {
            self.variables
                .push((name.to_owned(), value, name::line(what, 80)));
        }
        template(name)
    }

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
    fn secret(&mut self, name: &str) {
        if !self.secrets.iter().any(|known| known == name) {
            self.secrets.push(name.to_owned());
        }
    }

    /// Notes what was not taken over, once.
    pub(super) fn leave(&mut self, place: impl Into<String>, what: impl Into<String>) {
        let left = Left {
            place: place.into(),
            what: name::line(&what.into(), 200),
        };
        if !self.left.contains(&left) {
            self.left.push(left);
        }
    }
}

/// What reads a variable.
pub(super) fn template(name: &str) -> String {
    format!("{{{{ {name} }}}}")
}

/// Every text of a value, changed.
pub(super) fn through(value: &Value, change: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => change(text).into(),
        Value::Array(items) => items.iter().map(|item| through(item, change)).collect(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| (change(key), through(value, change)));
            Value::Object(members.collect())
        }
        other => other.clone(),
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
