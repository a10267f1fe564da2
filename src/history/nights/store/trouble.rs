//! What is wrong with a place. In: errors of the system, of a client or of a server; out: one line with the place, the
//! reason and, where it is known, what to do. Invariant: no key is in it, and nothing that acts on a terminal.

use super::Place;
use crate::history::nights::folder::HistoryError;
use std::error::Error;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use url::Url;

/// Characters of what a server says that are repeated.
const SAID: usize = 400;
/// Parts of the codes of servers that do not let somebody in.
const DENIED: [&str; 5] = ["Auth", "AccessDenied", "AccessKeyId", "Signature", "Token"];

/// What is wrong: in the server's words where it has some, and what to do about it where that is known.
pub(super) fn place_error(place: &Place, error: &dyn Error) -> HistoryError {
    let said = chain(error);
    let Some((code, message)) = answer(&said) else {
        return match place {
            Place::Folder(_) => unusable(
                place,
                &format!("cannot be used: {said}; name a directory that can be read and written"),
            ),
            Place::Bucket(_) => unusable(place, &said),
        };
    };
    let advice = match (code, place) {
        ("NoSuchBucket" | "ContainerNotFound", _) => "; make the bucket first".to_owned(),
        (code, Place::Bucket(url)) if DENIED.iter().any(|word| code.contains(word)) => {
            format!("; {}", opened_by(url.scheme()))
        }
        _ => String::new(),
    };
    let message: String = message.chars().take(SAID / 2).collect();
    unusable(place, &format!("{code}: {message}{advice}"))
}

/// Why a place cannot be asked for anything: mostly a key that is not there.
pub(super) fn closed(place: &Place, error: &dyn Error) -> HistoryError {
    let said = chain(error);
    match place {
        Place::Bucket(url) => unusable(place, &format!("{said}; {}", opened_by(url.scheme()))),
        Place::Folder(_) => unusable(place, &said),
    }
}

/// What is said of a path that is a file.
const FILE: &str = "this is a file, and a history is a directory; name another place";

/// What keeps a path from being a history that can be read: it is not there, or no directory.
pub(super) fn unfit(path: &Path) -> Option<HistoryError> {
    let reason = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return None,
        Ok(_) => FILE.to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            "there is no such directory; name the one that `run --history` or `history add` has made (`--history PLACE`)".to_owned()
        }
        Err(error) => format!("cannot be used: {error}; name a directory that can be read"),
    };
    Some(at(path, reason))
}

/// Why a directory could not be made.
pub(in crate::history::nights) fn no_directory(path: &Path, error: &io::Error) -> HistoryError {
    if path.is_file() {
        return at(path, FILE.to_owned());
    }
    let help = "name one in a place that can be written";
    at(path, format!("cannot make this directory: {error}; {help}"))
}

fn at(path: &Path, reason: String) -> HistoryError {
    let place = path.display().to_string();
    HistoryError::Store { place, reason }
}

/// Where the keys of a bucket are looked for.
fn opened_by(scheme: &str) -> &'static str {
    match scheme {
        "gs" => "gs:// is opened by GOOGLE_SERVICE_ACCOUNT or GOOGLE_BEARER_TOKEN",
        "az" => "az:// is opened by AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
        _ => "s3:// is opened by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION",
    }
}

/// Code and message of the XML with which all three kinds of servers answer.
fn answer(said: &str) -> Option<(&str, &str)> {
    let between = |name: &str| {
        let (_, rest) = said.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.trim())
    };
    let code = between("Code")?;
    // Below the first line Azure's has the number of the request.
    let message = between("Message").and_then(|text| text.lines().next());
    Some((code, message.unwrap_or("it says no more")))
}

fn chain(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let more = error.to_string();
        if !said.contains(&more) {
            said = format!("{said}: {more}");
        }
        below = error.source();
    }
    said
}

/// On one line and not for long: a server may have written it.
fn unusable(place: &Place, said: &str) -> HistoryError {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    HistoryError::Store {
        place: place.to_string(),
        reason: bare(said).chars().map(visible).take(SAID).collect(),
    }
}

/// Addresses without what may be a key: who asks, and with which query.
fn bare(said: &str) -> String {
    let words = said.split(' ').map(|word| match Url::parse(word) {
        Ok(mut url) if url.has_host() => {
            url.set_query(None);
            // Addresses with a host can have neither.
            url.set_password(None).ok();
            url.set_username("").ok();
            url.to_string()
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_servers_come_with_what_to_do_and_without_keys() {
        let xml = |code: &str| {
            let message = "<Message>no.\nRequestId:7</Message>";
            format!(
                "error performing PUT http://a:hunter2@h/b?sig=hunter2 in 3ms - 404: <Error>\n<Code>{code}</Code>{message}"
            )
        };
        let no_answer =
            "error performing GET http://a:hunter2@h/b?sig=hunter2 in 3ms\u{1b}[2J".to_owned();
        for (place, said, expected) in [
            (
                "az://b",
                xml("ContainerNotFound"),
                "ContainerNotFound: no.; make the bucket first",
            ),
            (
                "s3://b",
                xml("NoSuchBucket"),
                "NoSuchBucket: no.; make the bucket first",
            ),
            (
                "az://b",
                xml("AuthorizationFailure"),
                "AuthorizationFailure: no.; az:// is opened by AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
            ),
            (
                "s3://b",
                xml("SignatureDoesNotMatch"),
                "SignatureDoesNotMatch: no.; s3:// is opened by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION",
            ),
            ("gs://b", xml("SlowDown"), "SlowDown: no."),
            (
                "gs://b",
                no_answer,
                "error performing GET http://h/b in 3ms [2J",
            ),
        ] {
            let place = Place::parse(place).unwrap();
            let said = place_error(&place, &io::Error::other(said)).to_string();
            assert_eq!(said, format!("history {place}: {expected}"));
        }
    }
}
