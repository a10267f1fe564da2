//! Operations. In: the `paths` of a document; out: each operation with what is needed to call it, flow by flow, in an
//! order that can work. Invariant: every operation of the document is in the result, or in the list of what was left.

use super::Context;
use super::tree::At;
use crate::import::name::{Taken, line, title, words};
use crate::import::secret;

/// The methods of OpenAPI 3.
const METHODS: [&str; 8] = [
    "get", "head", "post", "put", "patch", "delete", "options", "trace",
];

/// Segments of a path that are looked at when operations are put in order.
const DEEPEST: usize = 40;

/// One operation.
#[derive(Clone)]
pub(super) struct Operation<'a> {
    pub(super) method: &'static str,
    /// As in the document: `/products/{productId}`.
    pub(super) path: String,
    /// The same without the names of parameters: `/products/{}`.
    pub(super) shape: String,
    /// The flow that it belongs to.
    pub(super) tag: String,
    /// Its step's name.
    pub(super) name: String,
    pub(super) at: At<'a>,
    /// Its parameters and those of its path.
    pub(super) parameters: Vec<At<'a>>,
    /// What comes back when all is well.
    pub(super) success: Option<Success<'a>>,
}

/// What comes back when all is well.
#[derive(Clone)]
pub(super) struct Success<'a> {
    /// Every status that is documented: 2xx, or 3xx where there is none.
    pub(super) statuses: Vec<String>,
    /// The response of the likeliest: 201 of a POST, the lowest otherwise.
    pub(super) response: At<'a>,
}

impl<'a> Operation<'a> {
    /// The segments of the path.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.path
            .split('/')
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// Whether it changes something on the server.
    pub(super) fn writes(&self) -> bool {
        !matches!(self.method, "get" | "head" | "options" | "trace") && !self.reads_by_post()
    }

    /// A search is often a POST.
    fn reads_by_post(&self) -> bool {
        let last = self
            .segments()
            .last()
            .map(|s| s.to_lowercase())
            .unwrap_or_default();
        self.method == "post"
            && matches!(
                last.as_str(),
                "search" | "query" | "filter" | "validate" | "preview"
            )
    }

    /// The content of the expected response: media type and what is known of it.
    pub(super) fn content(&self) -> Option<(&'a str, At<'a>)> {
        content(&self.success.as_ref()?.response)
    }

    /// The schema of the expected JSON response.
    pub(super) fn answer(&self) -> Option<At<'a>> {
        let (kind, media) = self.content()?;
        is_json(kind).then(|| media.get("schema"))?
    }

    /// Whether it signs somebody in: a POST with a password in it.
    pub(super) fn signs_in(&self) -> bool {
        let text = format!(
            "{} {}",
            self.path,
            self.at.text("operationId").unwrap_or_default()
        );
        let words = words(&text).join(" ");
        let says = [
            "login",
            "log in",
            "signin",
            "sign in",
            "session",
            "token",
            "authenticate",
        ]
        .iter()
        .any(|w| words.contains(w));
        let schema = self
            .at
            .path(&["requestBody"])
            .and_then(|body| content(&body))
            .and_then(|(_, media)| media.get("schema"));
        let asks = schema.is_some_and(|schema| {
            super::schema::properties(&schema)
                .0
                .iter()
                .any(|(name, _)| secret::is_name(name))
        });
        self.method == "post" && says && asks && !self.path.contains('{')
    }
}

/// JSON where there is JSON, the first media type otherwise.
pub(super) fn content<'a>(at: &At<'a>) -> Option<(&'a str, At<'a>)> {
    let all = at.get("content")?.members();
    let json = all.iter().find(|(kind, _)| is_json(kind)).cloned();
    json.or_else(|| all.into_iter().next())
}

/// Whether a media type is JSON.
pub(super) fn is_json(kind: &str) -> bool {
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind == "application/json"
        || kind.ends_with("+json")
        || kind == "*/*"
        || kind == "application/*"
}

/// Every operation that is taken over, in the order of the document.
pub(super) fn all<'a>(context: &mut Context<'a>) -> Vec<Operation<'a>> {
    let mut operations = Vec::new();
    for (path, item) in context.root.get("paths").iter().flat_map(At::members) {
        if !path.starts_with('/') || path.chars().any(char::is_control) {
            if !path.starts_with("x-") {
                context.draft.leave(&item.pointer, "a path begins with `/`");
            }
            continue;
        }
        for method in METHODS {
            let Some(at) = item.get(method) else { continue };
            let what = format!("{} {}", method.to_uppercase(), line(path, 80));
            if at.is("deprecated") {
                context
                    .draft
                    .leave(&at.pointer, format!("{what} is deprecated"));
                continue;
            }
            if let Some(unusual) = ["servers", "callbacks"]
                .into_iter()
                .find(|key| at.value.get(key).is_some())
            {
                context.draft.leave(
                    format!("{}/{unusual}", at.pointer),
                    format!("`{unusual}` of {what}"),
                );
            }
            operations.push(operation(method, path, &item, at));
        }
    }
    if let Some(webhooks) = context.root.get("webhooks") {
        context.draft.leave(
            &webhooks.pointer,
            "webhooks are requests that the system sends",
        );
    }
    operations
}

fn operation<'a>(method: &'static str, path: &str, item: &At<'a>, at: At<'a>) -> Operation<'a> {
    let own: Vec<At<'a>> = at.get("parameters").iter().flat_map(At::items).collect();
    let same =
        |a: &At<'_>, b: &At<'_>| a.text("name") == b.text("name") && a.text("in") == b.text("in");
    let shared = item
        .get("parameters")
        .iter()
        .flat_map(At::items)
        .collect::<Vec<_>>();
    let mut parameters: Vec<At<'a>> = shared
        .into_iter()
        .filter(|one| !own.iter().any(|o| same(o, one)))
        .collect();
    parameters.extend(own);
    Operation {
        method,
        path: path.to_owned(),
        shape: super::provider::anonymous(path),
        tag: tag(&at, path),
        name: name(&at, method, path),
        success: success(&at, method),
        at,
        parameters,
    }
}

fn tag(at: &At<'_>, path: &str) -> String {
    let first = at
        .get("tags")
        .map(|tags| tags.items())
        .and_then(|tags| tags.first()?.value.as_str());
    let versioned = |part: &&str| {
        part.len() <= 3 && part.starts_with('v') && part[1..].chars().all(|c| c.is_ascii_digit())
    };
    let root = || {
        path.split('/')
            .find(|p| !p.is_empty() && *p != "api" && !versioned(p) && !p.starts_with('{'))
    };
    title(first.or_else(root).unwrap_or("root"))
}

fn name(at: &At<'_>, method: &str, path: &str) -> String {
    let id = at.text("operationId").filter(|id| !id.trim().is_empty());
    let summary = at.text("summary").filter(|s| !s.trim().is_empty());
    // What FastAPI and others make up by themselves: `read_items_items__get`.
    let made =
        |id: &&str| id.contains("__") || id.ends_with(&format!("_{method}")) || words(id).len() < 2;
    let chosen = id
        .filter(|id| !made(id))
        .or(summary.filter(|s| s.len() <= 60))
        .or(id);
    chosen.map_or_else(|| title(&format!("{method} {path}")), title)
}

fn success<'a>(at: &At<'a>, method: &str) -> Option<Success<'a>> {
    let all = at.get("responses")?.members();
    let of = |class: char| -> Vec<_> {
        let mut some: Vec<_> = all
            .iter()
            .filter(|(status, _)| status.len() == 3 && status.starts_with(class))
            .cloned()
            .collect();
        // `2XX` says less than 200.
        some.sort_by_key(|(status, _)| (status.ends_with(['X', 'x']), *status));
        some
    };
    let fine = Some(of('2'))
        .filter(|some| !some.is_empty())
        .unwrap_or_else(|| of('3'));
    let created = fine
        .iter()
        .find(|(status, _)| method == "post" && *status == "201");
    let (_, response) = created.or(fine.first())?;
    Some(Success {
        statuses: fine
            .iter()
            .map(|(status, _)| (*status).to_owned())
            .collect(),
        response: response.clone(),
    })
}

/// The operations by flow, in the order of the tags, each flow in an order that can work.
pub(super) fn flows<'a>(operations: Vec<Operation<'a>>) -> Vec<(String, Vec<Operation<'a>>)> {
    let mut flows: Vec<(String, Vec<Operation<'a>>)> = Vec::new();
    for operation in operations {
        match flows.iter_mut().find(|(tag, _)| *tag == operation.tag) {
            Some((_, members)) => members.push(operation),
            None => flows.push((operation.tag.clone(), vec![operation])),
        }
    }
    for (_, members) in &mut flows {
        let mut ordered = Vec::new();
        arrange(std::mem::take(members), 0, &mut ordered);
        let mut names = Taken::default();
        for operation in &mut ordered {
            operation.name = names.unique(&operation.name, " ");
        }
        *members = ordered;
    }
    flows
}

/// Puts operations in order that have the same path down to some depth: reads, then what lies beneath by name, then
/// writes and what lies beneath by id, deletions last.
fn arrange<'a>(operations: Vec<Operation<'a>>, depth: usize, out: &mut Vec<Operation<'a>>) {
    let shallow = |o: &Operation<'_>| depth > DEEPEST || o.segments().len() <= depth;
    let (mut here, below): (Vec<_>, Vec<_>) = operations.into_iter().partition(shallow);
    let mut children: Vec<(String, Vec<Operation<'a>>)> = Vec::new();
    for operation in below {
        let segment = operation.segments()[depth].to_owned();
        let segment = if segment.starts_with('{') {
            "{}".into()
        } else {
            segment
        };
        match children.iter_mut().find(|(known, _)| *known == segment) {
            Some((_, members)) => members.push(operation),
            None => children.push((segment, vec![operation])),
        }
    }
    let collection = children.iter().any(|(segment, _)| segment == "{}") && depth > 0;
    let rank = |segment: &str| match segment.to_lowercase().as_str() {
        "logout" | "signout" | "sign-out" => 3,
        "{}" => 2,
        _ if collection => 0,
        _ => 1,
    };
    children.sort_by_key(|(segment, _)| rank(segment));
    let order = [
        "get", "head", "options", "trace", "post", "put", "patch", "delete",
    ];
    here.sort_by_key(|o| order.iter().position(|m| *m == o.method));
    let (reads, writes): (Vec<_>, Vec<_>) = here.into_iter().partition(|o| !o.writes());
    let (last, writes): (Vec<_>, Vec<_>) = writes.into_iter().partition(|o| o.method == "delete");
    out.extend(reads);
    let (first, then): (Vec<_>, Vec<_>) = children
        .into_iter()
        .partition(|(segment, _)| rank(segment) == 0);
    for (_, members) in first {
        arrange(members, depth + 1, out);
    }
    out.extend(writes);
    for (_, members) in then {
        arrange(members, depth + 1, out);
    }
    out.extend(last);
}
