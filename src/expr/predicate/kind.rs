//! Types, for `is`. In: a value; out: whether it is a number, a list, a date, … Invariant: a text is a date, an
//! address or a URL when it is written like one, and remains a string.

use crate::expr::filter::dates;
use crate::expr::found::Found;
use serde_json::Value as Json;
use std::net::{Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Number,
    Integer,
    Float,
    String,
    Boolean,
    List,
    Object,
    Null,
    Date,
    Uuid,
    Ipv4,
    Ipv6,
    Url,
}

/// As they are written.
pub(super) const TYPES: [(&str, Type); 13] = [
    ("number", Type::Number),
    ("integer", Type::Integer),
    ("float", Type::Float),
    ("string", Type::String),
    ("boolean", Type::Boolean),
    ("list", Type::List),
    ("object", Type::Object),
    ("null", Type::Null),
    ("date", Type::Date),
    ("uuid", Type::Uuid),
    ("ipv4", Type::Ipv4),
    ("ipv6", Type::Ipv6),
    ("url", Type::Url),
];

impl Type {
    pub(super) fn name(self) -> &'static str {
        let known = TYPES.iter().find(|(_, known)| *known == self);
        known.map_or("", |(name, _)| name)
    }

    pub(super) fn fits(self, found: &Found<'_>) -> bool {
        if let Some(text) = found.as_text() {
            return self.is_written(text);
        }
        match (self, found) {
            (Self::Date, Found::Date(_)) => true,
            (_, Found::Json(json)) => match json.as_ref() {
                Json::Null => self == Self::Null,
                Json::Bool(_) => self == Self::Boolean,
                Json::Number(number) => match self {
                    Self::Number => true,
                    Self::Integer => !number.is_f64(),
                    Self::Float => number.is_f64(),
                    _ => false,
                },
                Json::Array(_) => self == Self::List,
                Json::Object(_) => self == Self::Object,
                Json::String(_) => false,
            },
            _ => false,
        }
    }

    fn is_written(self, text: &str) -> bool {
        match self {
            Self::String => true,
            Self::Date => dates::read(text).is_some(),
            Self::Uuid => is_uuid(text),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Url => url::Url::parse(text).is_ok_and(|url| url.has_host()),
            _ => false,
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(i, c)| match i {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
}
