//! Postman collections, 2.1. In: a collection; out: one flow a folder, variables and captures. Invariant: scripts are not run:
//! of a test's script the status that it expects and the values that it keeps are recognised by their usual forms, and
//! that there was more is noted.

mod script;
mod variable;

use super::Options;
use super::document::{Document, ImportError};
use super::draft::{Capture, Draft, Flow, Request, Step, through};
use super::name::{self, Taken};
use super::recorded::{Copier, Payload, Sent};
use super::site;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::{Url, form_urlencoded};
use variable::{MARK, unmark};

/// Folders in each other.
const DEPTH: usize = 20;
/// Requests of one collection.
const REQUESTS: usize = 2_000;

/// Makes a draft of a collection.
pub(super) fn draft(document: &Document<'_>, options: &Options) -> Result<Draft, ImportError> {
    let root = &document.root;
    let title = root["info"]["name"].as_str().unwrap_or("collection");
    let mut requests = Vec::new();
    collect(root, "#", &name::title(title), 0, &mut requests);
    if requests.is_empty() || requests.len() > REQUESTS {
        let what = format!(
            "{} requests are not what one scenario can have",
            requests.len()
        );
        return Err(document.error(
            "#/item",
            what,
            "export a collection of 1 to 2000 requests as Collection v2.1",
        ));
    }
    let mut reading = Reading::new(root, title, document);
    let target = options.target.as_deref().map(super::target).transpose()?;
    reading.target(&requests, target);
    let mut flows: Vec<Flow> = Vec::new();
    let mut steps: Vec<(String, Step)> = Vec::new();
    for found in &requests {
        if let Some(step) = reading.step(found) {
            steps.push((found.folder.clone(), Step::Request(Box::new(step))));
        }
    }
    for (folder, step) in steps {
        match flows.iter_mut().find(|flow| flow.name == folder) {
            Some(flow) => flow.steps.push(step),
            None => flows.push(Flow {
                name: folder,
                steps: vec![step],
                ..Flow::default()
            }),
        }
    }
    if flows.is_empty() {
        return Err(document.error(
            "#/item",
            "there is no request with an http or https URL",
            "give --target, or a URL that does not begin with a variable",
        ));
    }
    reading.draft.flows = flows;
    reading.keep_what_is_read();
    Ok(reading.draft)
}

/// A request of the collection and its folder.
struct Found<'a> {
    pointer: String,
    folder: String,
    item: &'a Value,
}

fn collect<'a>(at: &'a Value, pointer: &str, folder: &str, depth: usize, out: &mut Vec<Found<'a>>) {
    let items = at["item"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, item) in items.iter().enumerate().filter(|_| depth < DEPTH) {
        let pointer = format!("{pointer}/item/{index}");
        if item.get("request").is_some() {
            out.push(Found {
                pointer,
                folder: folder.to_owned(),
                item,
            });
        } else if item["item"].is_array() {
            let name = item["name"].as_str().unwrap_or("folder");
            let name = if depth == 0 {
                name::title(name)
            } else {
                name::title(&format!("{folder} {name}"))
            };
            collect(item, &pointer, &name, depth + 1, out);
        }
    }
}

/// What is known while requests are read.
struct Reading<'a> {
    draft: Draft,
    prefix: String,
    names: BTreeMap<String, Taken>,
    /// The collection's own variables.
    given: BTreeMap<&'a str, String>,
    /// Variables that some script sets, and who reads which.
    kept: Vec<Capture>,
    /// Fragments, which keep what they capture.
    shared: Vec<String>,
    auth: &'a Value,
    /// The variable that the target's URL begins with, and the target.
    base: String,
    origin: String,
    marks: Vec<String>,
}

impl<'a> Reading<'a> {
    fn new(root: &'a Value, title: &str, document: &Document<'_>) -> Self {
        let mut draft = Draft {
            name: name::scenario(title),
            ..Draft::default()
        };
        draft.head(title, &document.source.name);
        let variables = root["variable"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let given = variables.iter().filter_map(|v| {
            let value = match &v["value"] {
                Value::String(text) => text.clone(),
                Value::Null => return None,
                other => other.to_string(),
            };
            Some((v["key"].as_str()?, value))
        });
        Self {
            draft,
            prefix: name::prefix(title),
            names: BTreeMap::new(),
            given: given.collect(),
            kept: Vec::new(),
            shared: Vec::new(),
            auth: &root["auth"],
            base: String::new(),
            origin: String::new(),
            marks: Vec::new(),
        }
    }

    /// The target: what most URLs begin with, which often is a variable.
    fn target(&mut self, requests: &[Found<'_>], wanted: Option<(String, String)>) {
        let first = requests
            .iter()
            .find_map(|found| raw(found.item))
            .unwrap_or_default();
        let variable = first
            .trim()
            .strip_prefix("{{")
            .and_then(|rest| rest.split_once("}}"))
            .map(|(name, _)| name.trim().to_owned());
        let known = variable
            .as_deref()
            .and_then(|name| self.given.get(name))
            .cloned();
        self.base = variable.unwrap_or_default();
        let text = known.unwrap_or_else(|| {
            if self.base.is_empty() {
                first.clone()
            } else {
                String::new()
            }
        });
        let text = if text.contains("://") || text.is_empty() {
            text
        } else {
            format!("http://{text}")
        };
        let url = site(&text);
        let origin = url.as_ref().map(|url| url.origin().ascii_serialization());
        if origin.is_none() && wanted.is_none() {
            self.draft.target_note = Some("the collection does not say where".into());
        }
        self.origin = origin.unwrap_or_else(|| "http://127.0.0.1:8080".into());
        let path = url
            .filter(|_| !self.base.is_empty())
            .map(|url| url.path().trim_end_matches('/').to_owned())
            .unwrap_or_default();
        let (target, path) = wanted.map_or((self.origin.clone(), path.clone()), |(target, own)| {
            (target, if own.is_empty() { path } else { own })
        });
        if !self.base.is_empty() {
            let whole = format!("{}{path}", self.origin);
            let base = std::mem::take(&mut self.base);
            self.base = format!("{{{{{base}}}}}\n{whole}");
        }
        self.draft.target = (name::environment(&[&self.prefix, "url"]), target);
    }

    fn step(&mut self, found: &Found<'a>) -> Option<Request> {
        let item = &found.item["request"];
        let url = raw(found.item).and_then(|text| self.url(&text, found));
        let Some(url) = url else {
            self.draft
                .leave(&found.pointer, "a request without an http or https URL");
            return None;
        };
        let method = item["method"].as_str().unwrap_or("GET");
        let word = !method.is_empty()
            && method.len() < 20
            && method.bytes().all(|b| b.is_ascii_alphabetic());
        let method = if word {
            method.to_ascii_uppercase()
        } else {
            "GET".into()
        };
        let bodiless = matches!(method.as_str(), "GET" | "HEAD");
        let body = if bodiless {
            None
        } else {
            self.body(&item["body"], found)
        };
        let headers = self.headers(&item["header"]);
        let sent = Sent {
            method,
            url,
            headers,
            body,
        };
        let mut request = self.copy(&sent, found);
        request.name = {
            let names = self.names.entry(found.folder.clone()).or_default();
            names.unique(
                &name::title(found.item["name"].as_str().unwrap_or("request")),
                " ",
            )
        };
        let auth = if item["auth"].is_object() {
            &item["auth"]
        } else {
            self.auth
        };
        self.authorize(auth, found, &mut request);
        self.scripts(found, &mut request);
        Some(request)
    }

    /// The request, with its variables as ours.
    fn copy(&mut self, sent: &Sent, found: &Found<'_>) -> Request {
        let mut copier = Copier {
            draft: &mut self.draft,
            prefix: self.prefix.clone(),
            origin: self.origin.clone(),
            names: Taken::default(),
        };
        let mut request = copier.request(sent, &mut |_, _, _| None);
        let marks = std::mem::take(&mut self.marks);
        let templates: Vec<String> = marks
            .iter()
            .map(|name| self.template(name, found))
            .collect();
        let back = |text: &str| unmark(text, &templates);
        request.path = back(&request.path);
        for (name, value) in &mut request.headers {
            *value = back(value);
            *name = name.to_ascii_lowercase();
        }
        for (name, value) in &mut request.query {
            *name = back(name);
            *value = through(value, &back);
        }
        request.body = request
            .body
            .map(|body| body.through(&|value| through(value, &back)));
        request
    }

    fn url(&mut self, text: &str, found: &Found<'_>) -> Option<Url> {
        let base = self
            .base
            .split_once('\n')
            .map(|(variable, whole)| (variable.to_owned(), whole.to_owned()));
        let text = match base {
            Some((variable, whole)) if text.replace(' ', "").starts_with(&variable) => {
                let (_, rest) = text.split_once("}}")?;
                format!("{whole}{rest}")
            }
            _ => text.to_owned(),
        };
        let path = found.item["request"]["url"]["variable"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut text = text;
        for variable in &path {
            let Some(key) = variable["key"].as_str().filter(|key| !key.is_empty()) else {
                continue;
            };
            let value = variable["value"].as_str().filter(|value| !value.is_empty());
            let value = value.map_or_else(|| format!("{{{{{key}}}}}"), str::to_owned);
            text = text.replace(&format!("/:{key}"), &format!("/{value}"));
        }
        let marked = self.marked(&text);
        let whole = if marked.contains("://") {
            marked
        } else {
            format!("http://{marked}")
        };
        // A host is fixed text: what a variable would make of it is the target's.
        site(&whole).filter(|url| url.host_str().is_some_and(|host| !host.contains(MARK)))
    }

    fn headers(&mut self, list: &Value) -> Vec<(String, String)> {
        let list = list.as_array().cloned().unwrap_or_default();
        let live = list.iter().filter(|h| h["disabled"] != json!(true));
        live.filter_map(|h| {
            Some((
                h["key"].as_str()?.to_owned(),
                self.marked(h["value"].as_str()?),
            ))
        })
        .collect()
    }

    fn parts(&mut self, fields: &[Value]) -> Payload {
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        let parts = fields.iter().map(|one| {
            let path = one["src"].as_str().unwrap_or("upload");
            let file = path.rsplit('/').next().filter(|_| one["type"] == "file");
            let kind = one["contentType"].as_str().map(str::to_owned);
            (
                text(one, "key"),
                self.marked(&text(one, "value")),
                file.map(str::to_owned),
                kind,
            )
        });
        Payload::Parts(parts.collect())
    }

    fn graphql(&mut self, body: &Value) -> Payload {
        let variables = self.marked(body["variables"].as_str().unwrap_or("{}"));
        let variables: Value = serde_json::from_str(&variables).unwrap_or(json!({}));
        let query = body["query"].as_str().unwrap_or_default();
        let body = json!({ "query": query, "variables": variables });
        Payload::Text("application/json".into(), body.to_string())
    }

    fn body(&mut self, body: &Value, found: &Found<'_>) -> Option<Payload> {
        let list = |key: &str| -> Vec<Value> {
            let all = body[key].as_array().cloned().unwrap_or_default();
            all.into_iter()
                .filter(|one| one["disabled"] != json!(true))
                .collect()
        };
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        match body["mode"].as_str()? {
            "raw" => {
                let raw = body["raw"].as_str()?;
                let language = body["options"]["raw"]["language"]
                    .as_str()
                    .unwrap_or_default();
                let kind = match language {
                    "json" => "application/json",
                    "xml" => "application/xml",
                    "html" => "text/html",
                    // Without a word it is what it looks like.
                    _ if raw.trim_start().starts_with(['{', '[']) => "application/json",
                    _ => "text/plain",
                };
                Some(Payload::Text(kind.into(), self.raw_json(raw)))
            }
            "urlencoded" => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                for one in list("urlencoded") {
                    form.append_pair(&text(&one, "key"), &self.marked(&text(&one, "value")));
                }
                Some(Payload::Text(
                    "application/x-www-form-urlencoded".into(),
                    form.finish(),
                ))
            }
            "formdata" => Some(self.parts(&list("formdata"))),
            "graphql" => Some(self.graphql(&body["graphql"])),
            other => {
                self.draft.leave(
                    format!("{}/request/body", found.pointer),
                    format!("a body of the mode `{}`", name::line(other, 40)),
                );
                None
            }
        }
    }
}

/// The URL of a request as it was written.
fn raw(item: &Value) -> Option<String> {
    let url = &item["request"]["url"];
    let text = url
        .as_str()
        .or(url["raw"].as_str())
        .or(item["request"].as_str())?;
    (!text.is_empty()).then(|| text.to_owned())
}
