//! ASK: the one small language of checks, captures and templates. In: text from a scenario and the names it
//! may use; out: compiled templates, expressions and checks that are run against a response. Invariant:
//! whatever can be wrong with a text is found while it is parsed; running it never errors, it only mismatches.
//!
//! The whole grammar; blanks between words are free, and what is between `«»` is said in words:
//!
//! ```text
//! check      = expression predicate
//! capture    = expression
//! expression = query { "|" filter }
//!
//! query      = "status" | "reason" | "version" | "url" | "redirects" | "ip" | "size" | "decoded"
//!            | "wait" | "dns" | "connect" | "tls" | "write" | "ttfb" | "duration" | "server_timing" label
//!            | "cache" | "header" label | "cookie" label [ attribute ]
//!            | "body" | "bytes" | "sha256" | "json" path | "css" selector
//!            | "regex" pattern | "between" text text
//!            | "certificate" ( "subject" | "issuer" | "san" | "start" | "expiry" | "serial" )
//!            | "variable" name | name
//! attribute  = "secure" | "httponly" | "samesite" | "max-age" | "expires" | "domain" | "path"
//! filter     = "count" | "first" | "last" | "nth" integer | "random"
//!            | "regex" pattern | "css" selector | "between" text text
//!            | "json" path | "jwt" ( label | path ) | "url" "param" text
//!            | "split" text | "replace" ( text | pattern ) text
//!            | "trim" | "lower" | "upper" | "int" | "float" | "string"
//!            | "date" [ text ] | "format" text | "days" ( "until" | "since" )
//!            | ( "base64" | "hex" | "url" ) ( "encode" | "decode" )
//!            | "base64url" "encode" | "html" ( "escape" | "unescape" )
//!
//! predicate  = { "not" } test
//! test       = ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) literal
//!            | ( "contains" | "starts" "with" | "ends" "with" ) literal
//!            | "matches" ( pattern | "schema" label )
//!            | "in" list
//!            | "exists"
//!            | "is" [ "not" ] [ "a" | "an" ] ( "empty" | type )
//! type       = "number" | "integer" | "float" | "string" | "boolean" | "list" | "object" | "null"
//!            | "date" | "uuid" | "ipv4" | "ipv6" | "url"
//!
//! literal    = number | time | bytes | text | template | list | "true" | "false" | "null"
//! list       = "[" [ literal { "," literal } ] "]"
//! time       = number ( "us" | "ms" | "s" | "m" | "h" )
//! bytes      = number ( "B" | "KB" | "MB" | "GB" | "KiB" | "MiB" )
//! number     = [ "-" ] digits [ "." digits ] [ ( "e" | "E" ) [ "+" | "-" ] digits ]
//! text       = '"' «characters, escapes, templates» '"' | "'" «the same» "'"
//! pattern    = text «backslashes are the pattern's own, no templates» | "/" «characters, \/ for /» "/"
//! path       = «RFC 9535, up to a blank, | or comparison outside its brackets» | text
//! selector   = ( «CSS, up to a blank, | or comparison outside its brackets» | text ) [ "@" name ]
//! label      = «up to a blank, | or comparison» | text
//!
//! template   = "{{" ( name | member | call | text ) "}}"
//! member     = name { "." key | "[" ( digits | text ) "]" } «into a variable that holds JSON»
//! key        = ( letter | "_" ) { letter | digit | "_" | "-" }
//! call       = function "(" [ argument { "," argument } ] ")"
//! argument   = integer | name | member | call | text
//! function   = «one of the functions that `vocabulary()` lists»
//! name       = ( letter | "_" ) { letter | digit | "_" | "-" | "." }
//! ```
//!
//! What a reader may ask next:
//! - **Several headers, cookies, elements or matches**: the query or filter gives the first; before `count`,
//!   `first`, `last`, `nth` and `random` it gives all. So `header set-cookie | count == 2`.
//! - **Several JSON values**: a path that can name several (`$.items[*].id`) gives a list; a path that names
//!   one gives that value. No match at all is nothing, except that it counts 0 and `is empty`.
//! - **Nothing**: a check on nothing fails; `not exists` alone is content with it. A body that is not JSON
//!   fails every `json` check.
//! - **Types**: 1 equals 1.0, text never equals a number. A template on the right takes the type of what it
//!   is compared with. What has no order (`"a" < 1`) fails with `not`, too.
//! - **Dates** are compared as instants with texts that are written like dates; a captured date is RFC 3339.
//! - **Brackets** stand at most 32 inside each other, those of a path or selector 64.
//! - **Members**: `{{ order.lines[0].sku }}` is a part of what the variable `order` holds, with its JSON type where
//!   it is the whole of a value. A column of a feeder `order` wins. A path that finds nothing makes a request
//!   unsendable, and a check fail.
//! - **Functions** are for requests; checks and captures read variables only. Filters are for checks and
//!   captures: a request has no place to say that one did not fit.
//! - **Environment variables and schemas** are read while the scenario is, by [`Scope`].

mod cache;
mod details;
mod facts;
mod filter;
mod found;
mod head;
mod json_template;
mod jsonpath;
mod lexer;
mod parse;
mod predicate;
mod query;
mod template;
mod timing;
mod vocabulary;

pub use cache::Cache;
pub use details::{Details, Needs};
pub use facts::{Facts, Mismatch};
pub use filter::escaped;
pub use head::Head;
pub use json_template::JsonTemplate;
pub use parse::{Check, Expression};
pub use query::seen;
pub use template::{Member, Template};
pub use timing::server_timings;
pub use vocabulary::{EXAMPLE, Entry, Kind, vocabulary};

use crate::source::{Diagnostic, Node, Source};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::ops::Range;
use std::time::{Duration, SystemTime};

/// What a variable holds and a query finds.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing: not captured yet, or not found.
    #[default]
    Missing,
    /// Text, numbers, booleans, null, lists and objects.
    Json(serde_json::Value),
    /// A time, such as `ttfb`.
    Time(Duration),
}

impl Value {
    /// As it stands in a URL or a text body: text without quotes, numbers as digits, lists and objects as
    /// JSON, times as `505ms`, nothing as the empty text.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Missing => Cow::Borrowed(""),
            Self::Json(serde_json::Value::String(text)) => Cow::Borrowed(text),
            Self::Json(_) | Self::Time(_) => Cow::Owned(self.to_string()),
        }
    }

    /// The number that it is, or that its text is.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Json(serde_json::Value::Number(number)) => number.as_f64(),
            Self::Json(serde_json::Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Whether there is no value.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Json(serde_json::Value::String(text)) => f.write_str(text),
            Self::Json(json) => write!(f, "{json}"),
            Self::Time(time) => write!(f, "{}ms", time.as_micros() as f64 / 1e3),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Json(text.into())
    }
}

/// What is wrong with a text, where, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// Bytes within the parsed text.
    pub range: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
}

impl ParseError {
    /// The error as a problem of the file whose scalar `node` holds the parsed text.
    pub fn diagnostic(self, code: &'static str, source: &Source, node: &Node) -> Diagnostic {
        let span = node.inner(source, self.range);
        Diagnostic::error(code, source, span, self.message).help_if(self.help)
    }
}

/// Resolves names while templates and expressions are compiled.
pub trait Scope {
    /// The slot of a variable or `feeder.column`; `None` where the name is unknown.
    fn slot(&mut self, name: &str) -> Option<usize>;
    /// Every known name, for "did you mean".
    fn names(&self) -> Vec<String>;

    /// A file beside the text that is parsed, read now.
    ///
    /// # Errors
    /// It cannot be read; where there are no files, always.
    fn file(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let reason = format!("`{name}` is a file, and there are none here");
        Err(io::Error::new(io::ErrorKind::Unsupported, reason))
    }

    /// The value of an environment variable; `None` where it is not set, or where there are none.
    fn env(&mut self, _name: &str) -> Option<String> {
        None
    }
}

/// What templates see at run time, for one virtual user.
#[derive(Debug)]
pub struct Context<'a> {
    /// Slot → value.
    pub variables: &'a [Value],
    /// The user's own seeded stream.
    pub rng: &'a mut Xoshiro256PlusPlus,
    /// The number of the virtual user.
    pub user: u64,
    /// How many flows this user has run before this one.
    pub iteration: u64,
    /// The clock on the wall, read only where a template asks for it: `SystemTime::now`.
    pub now: fn() -> SystemTime,
}

#[cfg(test)]
mod tests;
