//! Filters that read a text as something else: a number, a date, JSON, a token, a URL. In: text; out: what it
//! stands for. Invariant: a text that is not written like that is a mismatch that shows it.

use super::{Filter, dates, owned};
use crate::expr::found::{Found, Obstacle};
use crate::expr::jsonpath::JsonPath;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::time::SystemTime;

impl Filter {
    pub(super) fn int<'a>(&self, found: &Found<'_>) -> Result<Found<'a>, Obstacle> {
        let whole = |text: &str| {
            let text = text.trim();
            let signed = text.parse::<i64>().map(Json::from).ok();
            signed.or_else(|| text.parse::<u64>().map(Json::from).ok())
        };
        let number = match (found.as_text(), found.as_json()) {
            (Some(text), _) => whole(text),
            (None, Some(Json::Number(number))) if !number.is_f64() => Some(number.clone().into()),
            (None, Some(Json::Number(number))) => number
                .as_f64()
                .and_then(|f| whole(&format!("{:.0}", f.trunc()))),
            _ => None,
        };
        number
            .map(Found::json)
            .ok_or_else(|| self.unfit("a whole number", found))
    }

    pub(super) fn float<'a>(&self, found: &Found<'_>) -> Result<Found<'a>, Obstacle> {
        let number = match (found.as_text(), found.as_json()) {
            (Some(text), _) => text.trim().parse::<f64>().ok(),
            (None, Some(Json::Number(number))) => number.as_f64(),
            _ => None,
        };
        number
            .and_then(serde_json::Number::from_f64)
            .map(Found::json)
            .ok_or_else(|| self.unfit("a number", found))
    }

    /// A date: as it is, written in `format` or in a usual way, or as seconds since 1970.
    pub(super) fn date(
        &self,
        format: Option<&str>,
        found: &Found<'_>,
    ) -> Result<Timestamp, Obstacle> {
        let date = match (found, found.as_text(), found.as_json()) {
            (Found::Date(date), ..) => Some(*date),
            (_, Some(text), _) => match format {
                Some(format) => dates::read_as(format, text),
                None => dates::read(text),
            },
            (.., Some(Json::Number(number))) => {
                number.as_i64().and_then(|s| Timestamp::from_second(s).ok())
            }
            _ => None,
        };
        date.ok_or_else(|| match format {
            Some(format) => self.unfit(&format!("a date written as {format:?}"), found),
            None => self.unfit("a date", found),
        })
    }

    pub(super) fn format<'a>(
        &self,
        format: &str,
        found: &Found<'_>,
    ) -> Result<Found<'a>, Obstacle> {
        let date = self.date(None, found)?;
        let text = dates::write(format, date);
        text.map(owned)
            .ok_or_else(|| self.unfit("a date that the format can show", found))
    }

    /// Whole days from now until a date; less than zero when it has passed.
    pub(super) fn days(&self, found: &Found<'_>, now: fn() -> SystemTime) -> Result<i64, Obstacle> {
        const DAY: i64 = 24 * 60 * 60;
        let date = self.date(None, found)?;
        let now = Timestamp::try_from(now()).unwrap_or_default();
        Ok((date.as_second() - now.as_second()) / DAY)
    }

    pub(super) fn json<'a>(
        &self,
        path: &JsonPath,
        found: Found<'a>,
    ) -> Result<Found<'a>, Obstacle> {
        let absent = || Obstacle::Absent(format!("nothing at {}", path.text()));
        let tree = match found {
            Found::Json(Cow::Borrowed(tree)) if !tree.is_string() => {
                return path.find_in(tree).ok_or_else(absent);
            }
            Found::Json(Cow::Owned(tree)) if !tree.is_string() => tree,
            other => {
                let text = self.want_text(other)?;
                serde_json::from_str(&text).map_err(|_| self.unfit("JSON", &Found::Text(text)))?
            }
        };
        let found = path.find_in(&tree).ok_or_else(absent)?;
        Ok(kept(found))
    }

    pub(super) fn jwt<'a>(
        &self,
        claim: &str,
        path: Option<&JsonPath>,
        found: Found<'a>,
    ) -> Result<Found<'a>, Obstacle> {
        let token = self.want_text(found)?;
        let claims =
            claims(&token).ok_or_else(|| self.unfit("a JSON web token", &Found::Text(token)))?;
        let found = match path {
            Some(path) => path.find_in(&claims),
            None => claims
                .get(claim)
                .map(|value| Found::Json(Cow::Borrowed(value))),
        };
        found
            .map(kept)
            .ok_or_else(|| Obstacle::Absent(format!("no claim `{claim}` in the token")))
    }

    pub(super) fn param<'a>(&self, name: &str, found: Found<'a>) -> Result<Found<'a>, Obstacle> {
        let url = self.want_text(found)?;
        let query = url.split_once('?').map_or("", |(_, behind)| behind);
        let query = query.split_once('#').map_or(query, |(before, _)| before);
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let value = pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()));
        value
            .map(owned)
            .ok_or_else(|| Obstacle::Absent(format!("no parameter `{name}` in the URL")))
    }
}

/// The same, without what it was borrowed from.
fn kept<'a>(found: Found<'_>) -> Found<'a> {
    match found {
        Found::Text(text) => Found::Text(Cow::Owned(text.into_owned())),
        Found::Json(json) => Found::Json(Cow::Owned(json.into_owned())),
        Found::Time(time) => Found::Time(time),
        Found::Date(date) => Found::Date(date),
    }
}

/// The claims of a token, whose signature is not looked at.
fn claims(token: &str) -> Option<Json> {
    let token = token.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
