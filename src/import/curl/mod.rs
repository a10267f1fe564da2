//! Command lines of curl, as browsers copy them and documentation shows them. In: text; out: a flow with one step a command.
//! Invariant: words are read as a POSIX shell reads them and nothing is run; credentials are not copied; options that a
//! scenario has no place for are noted.

mod shell;

use super::Options;
use super::document::{Document, ImportError};
use super::draft::{Draft, Flow, Step};
use super::name;
use super::recorded::{Copier, Payload, Sent};
use super::site;
use shell::commands;
use url::{Url, form_urlencoded};

/// Commands of one file.
const COMMANDS: usize = 1_000;
/// Options without a value that change nothing about the request.
const QUIET: [&str; 14] = [
    "-s",
    "--silent",
    "-S",
    "--show-error",
    "-v",
    "--verbose",
    "-i",
    "--include",
    "-f",
    "--fail",
    "--compressed",
    "-g",
    "--globoff",
    "--no-progress-meter",
];
/// Options with a value that change nothing about the request.
const PASSED_OVER: [&str; 8] = [
    "-o",
    "--output",
    "-w",
    "--write-out",
    "--retry",
    "--connect-timeout",
    "-A",
    "--user-agent",
];
/// Options with a value that a scenario has elsewhere.
const ELSEWHERE: [&str; 12] = [
    "-x",
    "--proxy",
    "--cacert",
    "--cert",
    "-E",
    "--key",
    "--resolve",
    "--unix-socket",
    "-m",
    "--max-time",
    "-T",
    "--upload-file",
];

/// Whether a text is a command line of curl.
pub(super) fn is_one(text: &str) -> bool {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    let first = first.unwrap_or_default().trim_start_matches("$ ");
    first == "curl" || first.starts_with("curl ") || first.starts_with("curl\\")
}

/// Makes a draft of command lines.
pub(super) fn draft(document: &Document<'_>, options: &Options) -> Result<Draft, ImportError> {
    let commands = commands(&document.source.text).map_err(|(line, what)| {
        document.error(
            &format!("line {line}"),
            what,
            "close it, as a shell wants it",
        )
    })?;
    if commands.len() > COMMANDS {
        return Err(document.error(
            "curl",
            format!(
                "{} commands are more than one journey should have",
                commands.len()
            ),
            "1000 are the limit",
        ));
    }
    let mut draft = Draft::default();
    let mut read = Vec::new();
    for (line, words) in &commands {
        let command = Command::read(&mut draft, *line, words).map_err(|what| {
            let fix = "give the URL as curl has it: https://HOST/PATH";
            document.error(&format!("line {line}"), what, fix)
        });
        read.push(command?);
    }
    let Some(first) = read.first() else {
        return Err(document.error(
            "line 1",
            "there is no command in it",
            "paste a command that begins with `curl`",
        ));
    };
    let mut copier = Copier::new(&mut draft, &first.url.clone(), "api", options)?;
    let steps = read
        .into_iter()
        .map(|command| step(&mut copier, command))
        .collect();
    draft.flows.push(Flow {
        name: "requests".into(),
        steps,
        ..Flow::default()
    });
    let host = draft.host.clone();
    draft.head(&format!("Requests to {host}"), &document.source.name);
    Ok(draft)
}

fn step(copier: &mut Copier<'_>, command: Command) -> Step {
    let (user, cookie, redirects) = (command.user, command.cookie, command.redirects);
    let mut request = copier.request(&command.sent(), &mut |_, _, _| None);
    if user {
        request.auth = Some(copier.basic());
    }
    if cookie {
        let cookie = copier.draft.placeholder(&copier.prefix, "cookie");
        request.headers.push(("cookie".into(), cookie));
    }
    request.redirects = redirects.then_some(10);
    Step::Request(Box::new(request))
}

/// One command.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
struct Command {
    url: Url,
    method: Option<String>,
    headers: Vec<(String, String)>,
    data: Vec<String>,
    parts: Vec<(String, String, Option<String>, Option<String>)>,
    json: bool,
    get: bool,
    head: bool,
    user: bool,
    cookie: bool,
    redirects: bool,
}

impl Command {
    fn read(draft: &mut Draft, line: usize, words: &[String]) -> Result<Self, String> {
        let nowhere = Url::parse("http://127.0.0.1/").map_err(|error| error.to_string())?;
        let mut this = Self {
            url: nowhere,
            method: None,
            headers: Vec::new(),
            data: Vec::new(),
            parts: Vec::new(),
            json: false,
            get: false,
            head: false,
            user: false,
            cookie: false,
            redirects: false,
        };
        let mut url = None;
        let words: Vec<String> = words.iter().skip(1).flat_map(|word| apart(word)).collect();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (option, glued) = split(word);
            if !option.starts_with('-') || option == "-" {
                url = url.or(Some(word.clone()));
                continue;
            }
            if this.switch(option) || QUIET.contains(&option) {
                continue;
            }
            let takes = takes_value(option);
            let value = if takes {
                glued.map(str::to_owned).or_else(|| words.next().cloned())
            } else {
                None
            };
            match (option, value) {
                ("--url", Some(value)) => url = Some(value),
                (option, Some(value)) if this.option(draft, line, option, &value) => {}
                (option, _) if PASSED_OVER.contains(&option) => {}
                (option, _) => draft.leave(
                    format!("line {line}"),
                    format!("the option {}", name::line(option, 40)),
                ),
            }
        }
        let url = url.ok_or("a command without a URL")?;
        let whole = if url.contains("://") {
            url.clone()
        } else {
            format!("http://{url}")
        };
        this.url = site(&whole)
            .ok_or_else(|| format!("`{}` is not an http or https URL", name::line(&url, 80)))?;
        this.user |= !this.url.username().is_empty();
        Ok(this)
    }

    /// An option without a value.
    fn switch(&mut self, option: &str) -> bool {
        match option {
            "-G" | "--get" => self.get = true,
            "-I" | "--head" => self.head = true,
            "-L" | "--location" => self.redirects = true,
            _ => return false,
        }
        true
    }

    /// An option with a value.
    fn option(&mut self, draft: &mut Draft, line: usize, option: &str, value: &str) -> bool {
        match option {
            "-X" | "--request" => {
                self.method = Some(value.to_ascii_uppercase()).filter(|m| {
                    !m.is_empty() && m.len() < 20 && m.bytes().all(|b| b.is_ascii_uppercase())
                });
            }
            "-H" | "--header" => {
                if let Some((name, value)) = value.split_once(':') {
                    self.cookie |= name.trim().eq_ignore_ascii_case("cookie");
                    self.headers.push((name.trim().into(), value.trim().into()));
                }
            }
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" | "--json"
                if value.starts_with('@') && option != "--data-raw" =>
            {
                draft.leave(format!("line {line}"), "a body from a file: write `file:`");
            }
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" => {
                self.data.push(value.into());
            }
            "--json" => {
                self.json = true;
                self.data.push(value.into());
            }
            "--data-urlencode" => self.data.push(encoded(value)),
            "-F" | "--form" | "--form-string" => self.parts.extend(part(value)),
            "-u" | "--user" => self.user = true,
            "-b" | "--cookie" => self.cookie = true,
            "-e" | "--referer" => {}
            _ => return false,
        }
        true
    }

    fn sent(mut self) -> Sent {
        let data = self.data.join(if self.json { "" } else { "&" });
        let sends = !self.data.is_empty() || !self.parts.is_empty();
        if self.get && !self.data.is_empty() {
            let both = self
                .url
                .query()
                .map_or_else(|| data.clone(), |query| format!("{query}&{data}"));
            self.url.set_query(Some(&both));
        }
        let usual = match (self.head, self.get, sends) {
            (true, ..) => "HEAD",
            (_, false, true) => "POST",
            _ => "GET",
        };
        let given = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map(|(_, value)| value.clone());
        let usual_kind = if self.json {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        let kind = given.unwrap_or_else(|| usual_kind.into());
        let method = self.method.unwrap_or_else(|| usual.into());
        // A scenario sends no body with these.
        let bodiless = self.get || matches!(method.as_str(), "GET" | "HEAD");
        let body = match (bodiless, self.parts.is_empty()) {
            (true, _) => None,
            (_, false) => Some(Payload::Parts(self.parts)),
            (_, true) => sends.then_some(Payload::Text(kind, data)),
        };
        Sent {
            method,
            url: self.url,
            headers: self.headers,
            body,
        }
    }
}

/// `-sSL` is `-s -S -L`, and `-sXPOST` is `-s -XPOST`.
fn apart(word: &str) -> Vec<String> {
    let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
        return vec![word.to_owned()];
    };
    let mut out = Vec::new();
    for (at, letter) in letters.char_indices() {
        let option = format!("-{letter}");
        if takes_value(&option) {
            out.push(format!("-{}", &letters[at..]));
            return out;
        }
        out.push(option);
    }
    if out.is_empty() {
        vec![word.to_owned()]
    } else {
        out
    }
}

/// `-XPOST` and `--request=POST` are two words in one.
fn split(word: &str) -> (&str, Option<&str>) {
    if word.starts_with("--") {
        return word
            .split_once('=')
            .map_or((word, None), |(option, value)| (option, Some(value)));
    }
    match word.char_indices().nth(2) {
        Some((at, _)) if word.starts_with('-') && takes_value(&word[..at]) => {
            (&word[..at], Some(&word[at..]))
        }
        _ => (word, None),
    }
}

fn takes_value(option: &str) -> bool {
    let known = [
        "-X",
        "--request",
        "-H",
        "--header",
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-ascii",
        "--json",
        "--data-urlencode",
        "-F",
        "--form",
        "--form-string",
        "-u",
        "--user",
        "-b",
        "--cookie",
        "-e",
        "--referer",
        "--url",
        "-c",
        "--cookie-jar",
    ];
    known.contains(&option) || PASSED_OVER.contains(&option) || ELSEWHERE.contains(&option)
}

/// `name=content`, `=content` or `content`, encoded as curl does it.
fn encoded(value: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    match value.split_once('=') {
        Some(("", content)) => encode(content),
        Some((name, content)) => format!("{name}={}", encode(content)),
        None => encode(value),
    }
}

/// `name=value`, `name=@file;type=image/png`.
fn part(value: &str) -> Option<(String, String, Option<String>, Option<String>)> {
    let (name, content) = value.split_once('=')?;
    let Some(file) = content.strip_prefix(['@', '<']) else {
        return Some((name.into(), content.into(), None, None));
    };
    let mut parts = file.split(';');
    let file = parts
        .next()
        .unwrap_or_default()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let kind = parts
        .find_map(|part| part.trim().strip_prefix("type="))
        .map(str::to_owned);
    Some((name.into(), String::new(), Some(file.into()), kind))
}
