//! Answers that follow every policy, or break one. In: a request; out: `/careful` with careful headers, `/with?…` with the
//! headers and the body of the query, `/cors?allow=…`, `/limited/N`. Invariant: only `/limited` and
//! `/at-first` look at the count.

use super::script::Answer;
use super::wire::Seen;

const PAGE: &str = "<!doctype html><title>Careful</title><p>Nothing to see.";

/// Headers that no policy finds anything in.
const CAREFUL: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=31536000"),
    (
        "set-cookie",
        "session=s-1; Path=/; Secure; HttpOnly; SameSite=Lax",
    ),
];

pub(super) fn answer(seen: &Seen, (word, rest): (&str, &str), hit: u64) -> Option<Answer> {
    Some(match word {
        "careful" => careful(seen, &seen.query("without", "")),
        "with" => with(seen),
        "at-first" if hit == 1 => with(seen),
        "cors" => cors(seen, &seen.query("allow", "*")),
        "head-differs" if seen.method == "HEAD" => Answer::new(404, "text/plain", ""),
        "limited" if hit > rest.parse().unwrap() => {
            let answer = Answer::new(429, "text/plain", "later\n");
            match seen.query("after", "30").as_str() {
                "" => answer,
                after => answer.with("retry-after", after),
            }
        }
        "at-first" | "head-differs" | "limited" => Answer::new(200, "text/plain", "ok\n"),
        _ => return None,
    })
}

/// A page with careful headers, but for one, and with what the query adds.
fn careful(seen: &Seen, without: &str) -> Answer {
    let kept = CAREFUL.iter().filter(|(name, _)| *name != without);
    let page = Answer::new(200, "text/html; charset=utf-8", PAGE);
    let answer = kept.fold(page, |answer, (name, value)| answer.with(*name, *value));
    added(seen, answer)
}

/// The headers and the body of the query, as they are.
fn with(seen: &Seen) -> Answer {
    let kind = seen.query("content-type", "text/plain");
    added(seen, Answer::new(200, &kind, seen.query("body", "ok\n")))
}

fn added(seen: &Seen, answer: Answer) -> Answer {
    let pairs = form_urlencoded::parse(seen.query.as_bytes());
    let own = ["without", "content-type", "body"];
    pairs
        .filter(|(name, _)| !own.contains(&name.as_ref()))
        .fold(answer, |answer, (name, value)| answer.with(name, value))
}

/// Lets one origin read, or all of them by name (`echo`), or `*`.
fn cors(seen: &Seen, allow: &str) -> Answer {
    let origin = seen.header("origin").unwrap_or_default();
    let answer = Answer::new(200, "text/plain", "ok\n");
    let named = match allow {
        "*" => "*",
        "echo" => origin,
        own if own == origin => origin,
        _ => return answer,
    };
    answer
        .with("access-control-allow-origin", named)
        .with("access-control-allow-credentials", "true")
        .with("access-control-allow-methods", "GET, PUT")
}
