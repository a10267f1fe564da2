//! Filters about lists. In: a list; out: how many it has, or one of them. Invariant: what is not there is
//! absent, and says how long the list is.

use super::Filter;
use crate::expr::found::{Found, Obstacle};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value as Json;
use std::borrow::Cow;

/// Which one of a list.
#[derive(Debug, Clone, Copy)]
pub(in crate::expr) enum Pick {
    First,
    Last,
    /// From the front, or with a minus from the back.
    Nth(i64),
    Random,
}

impl Pick {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
            Self::Nth(_) => "nth",
            Self::Random => "random",
        }
    }

    pub(super) fn from<'a>(
        self,
        found: Found<'a>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Found<'a>, Obstacle> {
        let Some(Json::Array(items)) = found.as_json() else {
            return Err(Filter::Pick(self).unfit("a list", &found));
        };
        let length = items.len();
        let index = match self {
            Self::Last => length.checked_sub(1),
            Self::Nth(n) if n < 0 => usize::try_from(n.unsigned_abs())
                .ok()
                .and_then(|back| length.checked_sub(back)),
            Self::Nth(n) => usize::try_from(n).ok().filter(|n| *n < length),
            Self::Random if length > 0 => Some(rng.random_range(0..length)),
            _ => (length > 0).then_some(0),
        };
        let Some(index) = index else {
            let wanted = match self {
                Self::Nth(n) => format!("nth {n}"),
                _ => self.name().to_owned(),
            };
            return Err(Obstacle::Absent(match length {
                0 => format!("an empty list, which has no `{wanted}`"),
                _ => format!("a list of {length}, which has no `{wanted}`"),
            }));
        };
        Ok(match found {
            Found::Json(Cow::Borrowed(Json::Array(items))) => {
                Found::Json(Cow::Borrowed(&items[index]))
            }
            Found::Json(Cow::Owned(Json::Array(mut items))) => {
                Found::Json(Cow::Owned(items.swap_remove(index)))
            }
            other => other,
        })
    }
}

impl Filter {
    pub(super) fn count<'a>(&self, found: &Found<'_>) -> Result<Found<'a>, Obstacle> {
        match found.as_json() {
            Some(Json::Array(items)) => Ok(Found::json(items.len())),
            Some(Json::Object(members)) => Ok(Found::json(members.len())),
            _ => Err(self.unfit("a list or an object", found)),
        }
    }
}
