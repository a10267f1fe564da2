//! Servers. In: `servers` and what the user said; out: the target, the path before all paths, and environments.
//! Invariant: a target has no path, as the scenario language has it; servers with another base path than the first
//! cannot be environments and are noted.

use super::{At, Context};
use crate::import::name::{environment, line, title, words};
use crate::import::{ImportError, Options, site};
use url::Url;

/// Where a target is when nobody says.
const NOWHERE: &str = "http://127.0.0.1:8080";

/// Sets the target.
pub(super) fn target(context: &mut Context<'_>, options: &Options) -> Result<(), ImportError> {
    let servers: Vec<(At<'_>, String)> = context
        .root
        .get("servers")
        .iter()
        .flat_map(At::items)
        .map(|s| (s.clone(), filled(&s)))
        .collect();
    let variable = environment(&[&context.prefix, "url"]);
    let mut readable: Vec<(At<'_>, Url)> = Vec::new();
    let mut path_alone = None;
    for (at, text) in &servers {
        match (site(text), text.starts_with('/')) {
            (Some(url), _) => readable.push((at.clone(), url)),
            (_, true) => path_alone = path_alone.or(Some(text.trim_end_matches('/').to_owned())),
            _ => context.draft.leave(
                &at.pointer,
                format!("`{}` is not an http or https URL", line(text, 80)),
            ),
        }
    }
    let mut rest = readable.iter();
    let (origin, base) = if let Some(text) = &options.target {
        let (origin, own) = crate::import::target(text)?;
        let first = readable.first().map(|(_, url)| base(url)).or(path_alone);
        (
            origin,
            Some(own)
                .filter(|b| !b.is_empty())
                .or(first)
                .unwrap_or_default(),
        )
    } else if let Some((_, url)) = rest.next() {
        (origin(url), base(url))
    } else {
        context.draft.target_note = Some("the document does not say where".into());
        (NOWHERE.into(), path_alone.unwrap_or_default())
    };
    context.base.clone_from(&base);
    context.draft.target = (variable, origin.clone());
    environments(context, rest.as_slice(), &base);
    Ok(())
}

/// Further servers, where they can be environments.
fn environments(context: &mut Context<'_>, servers: &[(At<'_>, Url)], base: &str) {
    let first = context.draft.target.1.clone();
    for (at, url) in servers {
        if self::base(url) != base {
            let what = format!(
                "the server {}: its base path is another",
                line(&origin(url), 80)
            );
            context.draft.leave(&at.pointer, what);
            continue;
        }
        let name = environment_name(at, url);
        if origin(url) != first
            && !context
                .draft
                .environments
                .iter()
                .any(|(known, _)| *known == name)
        {
            context.draft.environments.push((name, origin(url)));
        }
    }
}

/// The URL with the defaults of its variables.
fn filled(server: &At<'_>) -> String {
    let mut url = server.text("url").unwrap_or_default().to_owned();
    for (name, variable) in server.get("variables").iter().flat_map(At::members) {
        url = url.replace(
            &format!("{{{name}}}"),
            variable.text("default").unwrap_or_default(),
        );
    }
    url
}

/// Scheme, host and port: credentials are not copied.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn base(url: &Url) -> String {
    url.path().trim_end_matches('/').to_owned()
}

/// A name out of the description, or the first part of the host.
fn environment_name(at: &At<'_>, url: &Url) -> String {
    let text = format!(
        "{} {}",
        at.text("description").unwrap_or_default(),
        url.host_str().unwrap_or_default()
    );
    let words = words(&text);
    let usual = [
        "production",
        "staging",
        "sandbox",
        "preview",
        "development",
        "local",
        "localhost",
        "test",
        "dev",
        "prod",
        "qa",
    ];
    let found = words.iter().find(|word| usual.contains(&word.as_str()));
    found.map_or_else(
        || title(url.host_str().unwrap_or("other")).replace(' ', "-"),
        Clone::clone,
    )
}
