//! Flows. In: the operations of each tag, in order; out: the steps, whose ids come from the responses of earlier ones.
//! Invariant: nothing is read before something gives it, and nothing is deleted that the flow did not make.

use super::operation::Operation;
use super::provider::{self, Wanted};
use super::security::{Access, Security, TOKEN, auth, common, default_auth};
use super::tree::At;
use super::{Context, parameter, request};
use crate::import::draft::{Capture, Flow, Request, Step};
use crate::import::name::{self, Taken, sentence, title};
use crate::import::secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Collections that lie in collections.
const NESTED: usize = 4;
/// What stands in a segment of a path as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b',')
    .remove(b':')
    .remove(b'@');
/// The fragment that signs in.
const SIGN_IN: &str = "sign in";

/// A tag and its operations.
pub(super) type Tagged<'a> = (String, Vec<Operation<'a>>);

/// Makes the flows of a draft.
pub(super) fn all<'a>(context: &mut Context<'a>, tagged: &[Tagged<'a>], security: &Security<'a>) {
    let mut uses_fragment = false;
    context.draft.auth = default_auth(context, tagged, security);
    for (tag, operations) in tagged {
        let mut building = Building::new(context, tagged, security, operations);
        let above = building.about(tag);
        let mut operations: Vec<&Operation<'_>> = operations.iter().collect();
        operations.sort_by_key(|o| !security.is_sign_in(o));
        for operation in operations {
            building.add(operation, NESTED);
        }
        let (mut flow, fragment) = building.flow();
        flow.name.clone_from(tag);
        flow.above = above;
        uses_fragment |= fragment;
        context.draft.flows.push(flow);
    }
    if let (true, Some(sign_in)) = (uses_fragment, &security.sign_in) {
        let mut building = Building::new(context, tagged, security, &[]);
        building.add(&sign_in.operation, NESTED);
        let (mut flow, _) = building.flow();
        flow.name = SIGN_IN.into();
        if let (Some(Step::Request(request)), Some(from)) = (flow.steps.first_mut(), &sign_in.token)
        {
            let capture = Capture {
                name: TOKEN.into(),
                from: from.clone(),
                secret: true,
            };
            let reads = context.draft.flows.iter().any(reads_token);
            request.captures.extend(reads.then_some(capture));
            let inherits = context.draft.auth.is_some()
                || context.draft.flows.iter().any(|f| f.auth.is_some());
            request.auth = inherits.then(|| "none".into());
        }
        context.draft.fragments.push(flow);
    }
    accept(context);
}

fn reads_token(flow: &Flow) -> bool {
    let template = format!("{{{{ {TOKEN} }}}}");
    let of = |auth: &Option<Value>| {
        auth.as_ref()
            .is_some_and(|auth| auth.to_string().contains(&template))
    };
    of(&flow.auth)
        || flow
            .steps
            .iter()
            .any(|step| matches!(step, Step::Request(r) if of(&r.auth)))
}

/// What holds for every step: that the answers are JSON, where all are.
fn accept(context: &mut Context<'_>) {
    let draft = &mut context.draft;
    let other = |step: &Step| matches!(step, Step::Request(r) if r.checks.iter().any(|c| c.starts_with("header content-type")));
    if !draft.flows.iter().flat_map(|flow| &flow.steps).any(other) {
        draft
            .headers
            .push(("accept".into(), "application/json".into()));
    }
}

/// What is known of an item while a flow is built.
struct Known {
    /// Its template or text, as it stands in a path.
    text: String,
    /// Made by this flow.
    created: bool,
}

/// A flow while it is built.
struct Building<'b, 'a> {
    context: &'b mut Context<'a>,
    tagged: &'b [Tagged<'a>],
    security: &'b Security<'a>,
    steps: Vec<(Operation<'a>, Request, Access)>,
    known: HashMap<String, Known>,
    names: Taken,
    variables: Taken,
}

impl<'b, 'a> Building<'b, 'a> {
    fn new(
        context: &'b mut Context<'a>,
        tagged: &'b [Tagged<'a>],
        security: &'b Security<'a>,
        own: &[Operation<'a>],
    ) -> Self {
        let mut names = Taken::default();
        for operation in own {
            names.unique(&operation.name, " ");
        }
        let mut variables = Taken::default();
        variables.unique(TOKEN, "_");
        for (name, ..) in &context.draft.variables {
            variables.unique(name, "_");
        }
        Self {
            context,
            tagged,
            security,
            steps: Vec::new(),
            known: HashMap::new(),
            names,
            variables,
        }
    }

    /// What the document says about the tag.
    fn about(&self, tag: &str) -> Vec<String> {
        let tags = self
            .context
            .root
            .get("tags")
            .map(|tags| tags.items())
            .unwrap_or_default();
        let found = tags
            .iter()
            .find(|one| one.text("name").is_some_and(|name| title(name) == tag));
        let text = found.and_then(|one| one.text("description")).map(sentence);
        text.filter(|text| !text.is_empty())
            .map(|text| format!("{text}."))
            .into_iter()
            .collect()
    }

    /// Adds the step of an operation, and before it those that give what it needs.
    fn add(&mut self, operation: &Operation<'a>, nested: usize) {
        let mut request = Request {
            method: operation.method.into(),
            name: operation.name.clone(),
            ..Request::default()
        };
        let (path, owned) = self.path(operation, nested);
        request.path = path;
        parameter::add(self.context, &operation.parameters, &mut request);
        request::body(self.context, operation, &mut request);
        request.checks = request::checks(operation);
        self.check_own(operation, &mut request);
        if operation.method == "delete" && owned == Some(false) {
            request.off = true;
            request
                .above
                .push("deletes what was there before: switch it on where that does no harm".into());
        } else if operation.writes() && !self.security.is_sign_in(operation) {
            let what = match (operation.method, owned) {
                ("delete", _) => "deletes",
                ("post" | "put", None) | ("post", _) | (_, Some(true)) => "writes",
                _ => "writes to what was there before",
            };
            request.beside = Some(what.into());
        }
        let access = self.security.of(self.context, operation);
        let access = if self.security.is_sign_in(operation) {
            Access::Open
        } else {
            access
        };
        self.steps.push((operation.clone(), request, access));
    }

    /// What is asked for by its id comes back with this id.
    fn check_own(&self, operation: &Operation<'a>, request: &mut Request) {
        let parts = provider::parts(&operation.path);
        let [.., Ok(wanted), Err(tail)] = parts.as_slice() else {
            return;
        };
        if !tail.is_empty() || !matches!(operation.method, "get" | "put" | "patch") {
            return;
        }
        let Some(text) = self.known.get(&wanted.key).map(|known| &known.text) else {
            return;
        };
        let captures = self
            .steps
            .iter()
            .flat_map(|(_, request, _)| &request.captures);
        let Some(capture) = captures
            .into_iter()
            .find(|c| *text == format!("{{{{ {} }}}}", c.name))
        else {
            return;
        };
        let Some(path) = provider::own_id(operation, wanted) else {
            return;
        };
        let member = |path: &str| {
            path.trim_end_matches(" | random")
                .rsplit(['.', ' '])
                .next()
                .map(str::to_owned)
        };
        if member(&capture.from) == member(&path) {
            let begin = format!("json {path} ");
            request.checks.retain(|check| !check.starts_with(&begin));
            request.checks.insert(
                1.min(request.checks.len()),
                format!("json {path} == \"{text}\""),
            );
        }
    }

    /// The path with its parameters filled in, and whether the flow made the last of them; `None` without any.
    fn path(&mut self, operation: &Operation<'a>, nested: usize) -> (String, Option<bool>) {
        let mut path = clean(&self.context.base);
        let mut owned = None;
        for part in provider::parts(&operation.path) {
            match part {
                Err(text) => path.push_str(&clean(&text)),
                Ok(wanted) => {
                    let known = self.resolve(operation, &wanted, nested);
                    path.push_str(&known.0);
                    owned = Some(known.1);
                }
            }
        }
        // Two slashes at the beginning would be a host.
        while path.contains("//") {
            path = path.replace("//", "/");
        }
        (path, owned)
    }

    /// The text of a parameter, and whether the flow made what it stands for.
    fn resolve(
        &mut self,
        operation: &Operation<'a>,
        wanted: &Wanted,
        nested: usize,
    ) -> (String, bool) {
        if !self.known.contains_key(&wanted.key) {
            let known = self.find(operation, wanted, nested);
            self.known.insert(wanted.key.clone(), known);
        }
        self.known
            .get(&wanted.key)
            .map(|known| (known.text.clone(), known.created))
            .unwrap_or_default()
    }

    fn find(&mut self, operation: &Operation<'a>, wanted: &Wanted, nested: usize) -> Known {
        if let Some((index, from, created)) = self.earlier(operation, wanted) {
            return self.capture(index, from, wanted, created);
        }
        let elsewhere = self.tagged.iter().flat_map(|(_, all)| all).find(|o| {
            let collection = o.method == "get" && o.shape == wanted.collection;
            collection && provider::listed(o, wanted).is_some()
        });
        if let Some(list) = elsewhere.filter(|_| nested > 0) {
            let mut list = list.clone();
            list.name = self.names.unique(&list.name, " ");
            self.add(&list, nested - 1);
            if let Some((_, request, _)) = self.steps.last_mut() {
                request
                    .above
                    .push(format!("which {}", wanted.noun.replace('_', " ")));
            }
            if let Some(from) = provider::listed(&list, wanted) {
                return self.capture(self.steps.len() - 1, from, wanted, false);
            }
        }
        let parameter = operation
            .parameters
            .iter()
            .find(|p| p.text("in") == Some("path") && p.text("name") == Some(&wanted.name));
        let example = parameter
            .and_then(provider::example)
            .filter(|text| !secret::is_name(&wanted.name) && !secret::is_value(text));
        let text = example.map_or_else(
            || self.fill_in(operation, wanted, parameter),
            |text| utf8_percent_encode(&text, SEGMENT).to_string(),
        );
        Known {
            text,
            created: false,
        }
    }

    fn fill_in(
        &mut self,
        operation: &Operation<'_>,
        wanted: &Wanted,
        parameter: Option<&At<'_>>,
    ) -> String {
        let schema = parameter.and_then(|p| p.get("schema"));
        let value = match schema
            .as_ref()
            .map(|s| (super::schema::kind(s), s.text("format")))
        {
            Some(("integer" | "number", _)) => json!(1),
            Some((_, Some("uuid"))) => json!("00000000-0000-0000-0000-000000000000"),
            _ => json!("fill-in"),
        };
        let name = if name::words(&wanted.name).len() > 1 {
            wanted.name.clone()
        } else {
            format!("{}_{}", wanted.noun, wanted.name)
        };
        let name = if wanted.noun == name::variable(&wanted.name) {
            wanted.noun.clone()
        } else {
            name
        };
        self.context
            .fill_in(&name, value, &format!("of {}", operation.path))
    }

    /// The earlier step that gives a parameter: its place, the capture, and whether it makes the item.
    fn earlier(&self, operation: &Operation<'a>, wanted: &Wanted) -> Option<(usize, String, bool)> {
        let steps = || {
            self.steps
                .iter()
                .enumerate()
                .filter(|(_, (_, request, _))| !request.off)
        };
        let on_collection = |o: &Operation<'_>| o.shape == wanted.collection;
        let linked = || {
            steps().find_map(|(i, (o, ..))| {
                Some((
                    i,
                    provider::linked(o, operation, wanted)?,
                    o.method == "post",
                ))
            })
        };
        let created = || {
            steps().find_map(|(i, (o, ..))| {
                let makes = matches!(o.method, "post" | "put") && on_collection(o);
                makes
                    .then(|| provider::created(o, wanted))
                    .flatten()
                    .map(|from| (i, from, true))
            })
        };
        let named = || {
            steps().find_map(|(i, (o, ..))| {
                (o.method == "post")
                    .then(|| provider::named(o, wanted))
                    .flatten()
                    .map(|from| (i, from, true))
            })
        };
        let listed = || {
            steps().find_map(|(i, (o, ..))| {
                (o.method == "get" && on_collection(o))
                    .then(|| provider::listed(o, wanted))
                    .flatten()
                    .map(|from| (i, from, false))
            })
        };
        linked().or_else(created).or_else(named).or_else(listed)
    }

    fn capture(&mut self, step: usize, from: String, wanted: &Wanted, created: bool) -> Known {
        let captures = &mut self.steps[step].1.captures;
        let name = if let Some(known) = captures.iter().find(|known| known.from == from) {
            known.name.clone()
        } else {
            let name = self.variables.unique(&wanted.noun, "_");
            captures.push(Capture {
                name: name.clone(),
                from,
                secret: false,
            });
            name
        };
        if !self.context.captured.contains(&name) {
            self.context.captured.push(name.clone());
        }
        Known {
            text: format!("{{{{ {name} }}}}"),
            created,
        }
    }

    /// The flow, and whether it uses the fragment that signs in.
    fn flow(self) -> (Flow, bool) {
        let security = self.security;
        let signs_in = self.steps.iter().position(|(o, ..)| security.is_sign_in(o));
        let needs = |access: &Access| matches!(access, Access::SignIn { .. });
        let fragment = signs_in.is_none() && self.steps.iter().any(|(_, _, access)| needs(access));
        let reads = self
            .steps
            .iter()
            .any(|(_, _, access)| *access == Access::SignIn { token: true });
        let auths: Vec<Option<Value>> = self
            .steps
            .iter()
            .map(|(_, _, access)| auth(access))
            .collect();
        let inherited = self.context.draft.auth.clone();
        let common = common(&auths, inherited.as_ref());
        let around = match &common {
            Some(none) if none == "none" => None,
            Some(auth) => Some(auth.clone()),
            None => inherited,
        };
        let mut flow = Flow {
            auth: common,
            ..Flow::default()
        };
        if fragment {
            flow.steps.push(Step::Use(SIGN_IN.into()));
        }
        for (index, ((_, mut request, access), auth)) in
            self.steps.into_iter().zip(auths).enumerate()
        {
            if let Access::Header(name, value) = access {
                request.headers.push((name, value));
            }
            request.auth = match (auth, &around) {
                (auth, around) if auth == *around => None,
                (None, _) => Some("none".into()),
                (auth, _) => auth,
            };
            if let (true, true, Some(from)) = (
                signs_in == Some(index),
                reads,
                security.sign_in.as_ref().and_then(|s| s.token.clone()),
            ) {
                request.captures.push(Capture {
                    name: TOKEN.into(),
                    from,
                    secret: true,
                });
            }
            flow.steps.push(Step::Request(Box::new(request)));
        }
        (flow, fragment)
    }
}

/// The text between parameters, as a URL can have it.
pub(super) fn clean(text: &str) -> String {
    const PATH: &AsciiSet = &SEGMENT
        .remove(b'/')
        .remove(b'!')
        .remove(b'\'')
        .remove(b'(')
        .remove(b')')
        .remove(b'*')
        .remove(b';')
        .remove(b'=')
        .remove(b'+')
        .remove(b'&')
        .remove(b'%');
    utf8_percent_encode(text, PATH).to_string()
}
