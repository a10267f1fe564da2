//! HAR 1.2, as browsers export it. In: what a browser sent and got; out: one flow, page by page, with the pauses that the
//! person made. Invariant: assets, other sites, preflights and what was never answered are left out and counted;
//! cookies are not copied.

mod entry;
mod seen;

use super::Options;
use super::document::{Document, ImportError};
use super::draft::{Draft, Flow, Request, Step};
use super::name::Taken;
use super::recorded::{Copier, Place};
use super::secret;
use entry::Entry;
use seen::{Answer, Seen};
use std::collections::BTreeMap;
use std::time::Duration;

/// Requests of one journey.
const REQUESTS: usize = 2_000;
/// Shorter gaps are the browser's, not the person's.
const PAUSE: Duration = Duration::from_secs(1);
/// Nobody waits longer for a page; they went to lunch.
const LONGEST: Duration = Duration::from_secs(30);

/// Makes a draft of a recording.
pub(super) fn draft(document: &Document<'_>, options: &Options) -> Result<Draft, ImportError> {
    let mut entries = entry::all(&document.root);
    let web = || entries.iter().filter(|e| e.is_http());
    let Some(main) = web()
        .find(|e| e.is_page())
        .or(web().next())
        .map(|e| e.sent.url.clone())
    else {
        return Err(document.error(
            "#/log/entries",
            "there is no request in it",
            "record a visit with the network panel open, and export it with content",
        ));
    };
    let mut draft = Draft::default();
    let copier = Copier::new(&mut draft, &main, "recording", options)?;
    let (prefix, origin) = (copier.prefix, copier.origin);
    let host = draft.host.clone();
    draft.head(&format!("A visit to {host}"), &document.source.name);
    leave_out(&mut draft, &mut entries, &host);
    if entries.len() > REQUESTS {
        let what = format!(
            "{} requests are more than one journey should have",
            entries.len()
        );
        return Err(document.error(
            "#/log/entries",
            what,
            "record a shorter visit; 2000 requests are the limit",
        ));
    }
    if entries.is_empty() {
        return Err(document.error(
            "#/log/entries",
            format!("there is nothing but assets and requests to other sites than {host}"),
            "record a visit of pages",
        ));
    }
    let flow = flow(&mut draft, &prefix, &origin, &entries, &document.root);
    draft.flows.push(flow);
    Ok(draft)
}

/// Takes out what a scenario should not send, and says how much of it.
fn leave_out(draft: &mut Draft, entries: &mut Vec<Entry<'_>>, host: &str) {
    let mut counts: BTreeMap<String, (String, usize)> = BTreeMap::new();
    entries.retain(|entry| match entry.left_out(host) {
        None => true,
        Some(why) => {
            counts
                .entry(why)
                .or_insert_with(|| (entry.pointer.clone(), 0))
                .1 += 1;
            false
        }
    });
    for (why, (pointer, count)) in counts {
        let many = if count == 1 {
            "1 request".to_owned()
        } else {
            format!("{count} requests")
        };
        draft.leave(pointer, format!("{many}: {why}"));
    }
}

fn flow(
    draft: &mut Draft,
    prefix: &str,
    origin: &str,
    entries: &[Entry<'_>],
    root: &serde_json::Value,
) -> Flow {
    let mut seen = Seen::default();
    let mut steps: Vec<Step> = Vec::new();
    let mut before: Option<&Entry<'_>> = None;
    let mut copier = Copier {
        draft,
        prefix: prefix.into(),
        origin: origin.into(),
        names: Taken::default(),
    };
    let mut cookies = Cookies::default();
    for entry in entries {
        steps.extend(
            before
                .and_then(|before| pause(before, entry))
                .map(Step::Think),
        );
        let mut request = copier.request(&entry.sent, &mut |place, name, value| {
            known(&mut seen, place, name, value)
        });
        request.checks = entry.checks();
        if before.is_none_or(|before| before.page != entry.page) {
            request.above.extend(entry.page_title(root));
        }
        cookies.look_at(entry);
        let answer = Answer {
            path: entry.sent.url.path(),
            made: matches!(request.method.as_str(), "post" | "put"),
            headers: &entry.headers,
            kind: &entry.kind,
            text: entry.text,
        };
        seen.answer(steps.len(), &answer);
        steps.push(Step::Request(Box::new(request)));
        before = Some(entry);
    }
    for (step, capture) in seen.captures() {
        if let Some(Step::Request(request)) = steps.get_mut(step) {
            request.captures.push(capture);
        }
    }
    if let Some(names) = cookies.unknown() {
        let what =
            format!("cookies from before the recording: {names}; record from the sign-in on");
        draft.leave("#/log/entries", what);
    }
    common_headers(draft, &mut steps);
    Flow {
        name: "visit".into(),
        steps,
        ..Flow::default()
    }
}

fn known(seen: &mut Seen, place: Place, name: &str, value: &str) -> Option<String> {
    // A short number is an id only where ids stand.
    let short =
        value.len() < 8 && place == Place::Inside && !name.to_ascii_lowercase().ends_with("id");
    if short {
        None
    } else {
        seen.template(place, value)
    }
}

/// The pause before a request, where a person made one.
fn pause(before: &Entry<'_>, entry: &Entry<'_>) -> Option<String> {
    let gap = entry.started?.checked_sub(before.ended()?)?;
    let shown = |time: Duration| format!("{}s", time.as_secs().max(1));
    (gap >= PAUSE).then(|| {
        let gap = gap.min(LONGEST);
        if gap.as_secs() < 2 {
            shown(gap)
        } else {
            format!("{}..{}", shown(gap.mul_f64(0.7)), shown(gap.mul_f64(1.3)))
        }
    })
}

/// A header that most requests have stands under `defaults:`.
fn common_headers(draft: &mut Draft, steps: &mut [Step]) {
    let accept = ("accept".to_owned(), "application/json".to_owned());
    let mut requests: Vec<&mut Request> = steps.iter_mut().filter_map(Step::request).collect();
    if requests
        .iter()
        .all(|request| request.headers.contains(&accept))
    {
        for request in &mut requests {
            request.headers.retain(|header| *header != accept);
        }
        draft.headers.push(accept);
    }
}

/// Which cookies were there already.
#[derive(Default)]
struct Cookies {
    set: Vec<String>,
    unknown: Vec<String>,
}

impl Cookies {
    fn look_at(&mut self, entry: &Entry<'_>) {
        let sent = entry
            .sent
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
        let names = sent
            .flat_map(|(_, value)| value.split(';'))
            .filter_map(|pair| Some(pair.split_once('=')?.0));
        for name in names
            .map(str::trim)
            .filter(|name| !name.is_empty() && name.len() < 60 && !secret::is_value(name))
        {
            if !self
                .set
                .iter()
                .chain(&self.unknown)
                .any(|known| known == name)
            {
                self.unknown.push(name.to_owned());
            }
        }
        let set = entry
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        for (_, value) in set {
            // Several stand on lines of one header in some exports.
            self.set.extend(
                value
                    .lines()
                    .filter_map(|line| line.split('=').next())
                    .map(|name| name.trim().to_owned()),
            );
        }
    }

    fn unknown(&self) -> Option<String> {
        (!self.unknown.is_empty()).then(|| self.unknown[..self.unknown.len().min(8)].join(", "))
    }
}
