//! Queries of headers. In: the headers; out: values, cookies with their attributes, server timings.
//! Invariant: this is the one place that reads headers; what cannot be read as text or as a cookie is not there.

use super::Gives;
use crate::expr::facts::Facts;
use crate::expr::found::{Found, Obstacle};
use crate::expr::timing::server_timings;
use cookie::Cookie;
use http::header::{HeaderName, SET_COOKIE};
use std::borrow::Cow;
use std::time::Duration;

/// The attributes of a cookie, as `Set-Cookie` gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Attribute {
    Secure,
    HttpOnly,
    SameSite,
    MaxAge,
    Expires,
    Domain,
    Path,
}

/// As they are written.
pub(super) const ATTRIBUTES: [(&str, Attribute); 7] = [
    ("secure", Attribute::Secure),
    ("httponly", Attribute::HttpOnly),
    ("samesite", Attribute::SameSite),
    ("max-age", Attribute::MaxAge),
    ("expires", Attribute::Expires),
    ("domain", Attribute::Domain),
    ("path", Attribute::Path),
];

/// All values of a header, in order.
pub(super) fn header_values<'a>(
    facts: &'a Facts<'_>,
    name: &'a HeaderName,
) -> impl Iterator<Item = Cow<'a, str>> {
    let values = facts.headers.get_all(name.as_str());
    values.map(String::from_utf8_lossy)
}

/// The values that `Set-Cookie` gives a cookie.
pub(super) fn cookies<'a>(
    facts: &'a Facts<'_>,
    name: &'a str,
) -> impl Iterator<Item = Cow<'a, str>> {
    set_cookies(facts, name).map(|cookie| Cow::Owned(cookie.value_trimmed().to_owned()))
}

fn set_cookies<'a>(facts: &'a Facts<'_>, name: &'a str) -> impl Iterator<Item = Cookie<'a>> {
    header_values(facts, &SET_COOKIE).filter_map(move |header| {
        // Most cookies are other cookies.
        let written = header.split('=').next()?.trim();
        if written != name {
            return None;
        }
        match header {
            Cow::Borrowed(header) => Cookie::parse(header).ok(),
            Cow::Owned(header) => Cookie::parse(header).ok(),
        }
    })
}

impl Attribute {
    /// The type of its value.
    pub(super) fn gives(self) -> Gives {
        match self {
            Self::Secure | Self::HttpOnly => Gives::Anything,
            Self::SameSite | Self::Domain | Self::Path => Gives::Text,
            Self::MaxAge => Gives::Time,
            Self::Expires => Gives::Date,
        }
    }

    /// Its value in the first `Set-Cookie` of that name.
    pub(super) fn find<'a>(self, facts: &Facts<'_>, name: &str) -> Result<Found<'a>, Obstacle> {
        let cookie = set_cookies(facts, name).next();
        let cookie = cookie.ok_or_else(|| Obstacle::Absent(format!("no cookie `{name}`")))?;
        let text = |text: &str| Found::Text(Cow::Owned(text.to_owned()));
        let flag = |set: Option<bool>| (set == Some(true)).then(|| Found::json(true));
        let found = match self {
            Self::Secure => flag(cookie.secure()),
            Self::HttpOnly => flag(cookie.http_only()),
            Self::SameSite => cookie.same_site().map(|site| text(&site.to_string())),
            Self::MaxAge => cookie.max_age().map(|age| {
                let seconds = u64::try_from(age.whole_seconds()).unwrap_or_default();
                Found::Time(Duration::from_secs(seconds))
            }),
            Self::Expires => cookie
                .expires_datetime()
                .and_then(|at| jiff::Timestamp::from_second(at.unix_timestamp()).ok())
                .map(Found::Date),
            Self::Domain => cookie.domain().map(text),
            Self::Path => cookie.path().map(text),
        };
        found.ok_or_else(|| {
            let known = ATTRIBUTES.iter().find(|(_, known)| *known == self);
            let attribute = known.map_or("", |(word, _)| word);
            Obstacle::Absent(format!("no `{attribute}` on cookie `{name}`"))
        })
    }
}

/// The `dur` of a metric in `Server-Timing`, which is in milliseconds.
pub(super) fn server_timing<'a>(facts: &Facts<'_>, name: &str) -> Result<Found<'a>, Obstacle> {
    let header = HeaderName::from_static("server-timing");
    let mut seen = false;
    for value in header_values(facts, &header) {
        for (metric, duration) in server_timings(&value) {
            if metric != name {
                continue;
            }
            seen = true;
            if let Some(duration) = duration {
                return Ok(Found::Time(duration));
            }
        }
    }
    Err(Obstacle::Absent(if seen {
        format!("no `dur` of `{name}` in the header `server-timing`")
    } else {
        format!("no `{name}` in the header `server-timing`")
    }))
}
