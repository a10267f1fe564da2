//! Variables of Postman. In: `{{name}}` and `{{$guid}}`; out: templates of ours. Invariant: while a request is read, marks
//! that no URL and no encoding changes stand in their place; a secret's value is never copied.

use super::{Found, Reading};
use crate::import::draft::{literal, template};
use crate::import::{name, secret};
use regex::Regex;
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// What stands for a variable while a URL is read: letters that no URL changes.
pub(super) const MARK: &str = "tgvar";

/// A variable where JSON has a value.
#[expect(clippy::unwrap_used, reason = "a constant pattern, used by a test")]
static BARE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"([:,\[]\s*)(tgvar\d+x)(\s*[,}\]])").unwrap());

impl Reading<'_> {
    /// Text with marks in the place of variables.
    pub(super) fn marked(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, name, after)) = rest.split_once("{{").and_then(|(before, rest)| {
            let (name, after) = rest.split_once("}}")?;
            Some((before, name, after))
        }) {
            out.push_str(before);
            let _ = write!(out, "{MARK}{}x", self.marks.len());
            self.marks.push(name.trim().to_owned());
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// JSON in which variables may stand without quotes.
    pub(super) fn raw_json(&mut self, raw: &str) -> String {
        let marked = self.marked(raw);
        if serde_json::from_str::<Value>(&marked).is_ok() {
            return marked;
        }
        let quoted = BARE.replace_all(&marked, "$1\"$2\"$3").into_owned();
        BARE.replace_all(&quoted, "$1\"$2\"$3").into_owned()
    }

    /// A variable of Postman as a template.
    pub(super) fn template(&mut self, name: &str, found: &Found<'_>) -> String {
        if let Some(dynamic) = name.strip_prefix('$') {
            return dynamic_value(dynamic).map_or_else(
                || {
                    self.draft.leave(
                        &found.pointer,
                        format!("the variable `${}`", name::line(dynamic, 40)),
                    );
                    "{{ fake_word() }}".into()
                },
                str::to_owned,
            );
        }
        let ours = name::variable(name);
        if self.kept.iter().any(|capture| capture.name == ours) {
            return template(&ours);
        }
        if secret::is_name(name)
            || self
                .given
                .get(name)
                .is_some_and(|value| secret::is_value(value))
        {
            return self.draft.placeholder(&self.prefix, name);
        }
        match self.given.get(name) {
            Some(value) => {
                let value = literal(value);
                self.draft
                    .fill_in(&ours, value.into(), "a variable of the collection")
            }
            None => self.draft.fill_in(
                &ours,
                "fill-in".into(),
                "a variable that the collection does not have",
            ),
        }
    }
}

/// Marks back to templates.
pub(super) fn unmark(text: &str, templates: &[String]) -> String {
    let mut out = text.to_owned();
    for (index, template) in templates.iter().enumerate().rev() {
        let mark = format!("{MARK}{index}x");
        let mut parts = out.split(mark.as_str());
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            // Dollars and braces right before a template would open something else.
            let bare = whole.trim_end_matches(['$', '{']).len();
            if bare < whole.len() {
                let odd = whole.split_off(bare);
                let _ = write!(whole, "{{{{ \"{odd}\" }}}}");
            }
            whole.push_str(template);
            whole.push_str(part);
        }
        out = whole;
    }
    out
}

/// What Postman makes up by itself.
fn dynamic_value(name: &str) -> Option<&'static str> {
    Some(match name {
        "guid" | "randomUUID" => "{{ uuid() }}",
        "timestamp" => "{{ timestamp() }}",
        "isoTimestamp" => "{{ now() }}",
        "randomInt" => "{{ random_int(0, 1000) }}",
        "randomEmail" | "randomExampleEmail" => "{{ fake_email() }}",
        "randomFirstName" => "{{ fake_first_name() }}",
        "randomLastName" => "{{ fake_last_name() }}",
        "randomFullName" => "{{ fake_name() }}",
        "randomUserName" => "{{ fake_username() }}",
        "randomPhoneNumber" => "{{ fake_phone() }}",
        "randomCity" => "{{ fake_city() }}",
        "randomCountry" => "{{ fake_country() }}",
        "randomStreetAddress" => "{{ fake_street() }}",
        "randomCompanyName" => "{{ fake_company() }}",
        "randomWord" | "randomLoremWord" | "randomProductName" => "{{ fake_word() }}",
        "randomLoremSentence" => "{{ fake_sentence() }}",
        "randomLoremParagraph" => "{{ fake_paragraph() }}",
        "randomAlphaNumeric" => "{{ random_string(1) }}",
        _ => return None,
    })
}
