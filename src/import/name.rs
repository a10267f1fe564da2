//! Names: from those of a document to those that scenarios, variables and environments can have. In: any text; out: a
//! name. Invariant: never empty, on one line, and without anything that a template, a budget or a shell would read.

/// Longer names help nobody in a table.
const LONGEST: usize = 60;

/// The words of a name in any convention: `listProducts_byID` → list, products, by, id.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let letters: Vec<char> = text.chars().collect();
    for (i, &letter) in letters.iter().enumerate() {
        if matches!(letter, '\'' | '’') {
            continue;
        }
        if !letter.is_alphanumeric() {
            words.push(std::mem::take(&mut word));
            continue;
        }
        let before = i.checked_sub(1).map(|b| letters[b]);
        let lower = |c: Option<&char>| c.is_some_and(|c| c.is_lowercase());
        let hump = letter.is_uppercase()
            && (lower(before.as_ref())
                || (before.is_some_and(char::is_uppercase) && lower(letters.get(i + 1))));
        if hump {
            words.push(std::mem::take(&mut word));
        }
        word.extend(letter.to_lowercase());
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// A name for people: of a flow, a step or a scenario.
pub(super) fn title(text: &str) -> String {
    let mut name = String::new();
    for word in words(text) {
        if !name.is_empty() && name.len() + word.len() >= LONGEST {
            break;
        }
        if !name.is_empty() {
            name.push(' ');
        }
        name.extend(word.chars().take(LONGEST));
    }
    match name.as_str() {
        "" => "unnamed".into(),
        // Names that the scenario language keeps for itself.
        "setup" | "teardown" => format!("{name} flow"),
        _ => name,
    }
}

/// A name for a scenario: `Farmers' Market Products API` → `farmers market products`.
pub(super) fn scenario(text: &str) -> String {
    let dull = |word: &String| matches!(word.as_str(), "api" | "rest" | "openapi" | "www");
    let words: Vec<String> = words(text).into_iter().filter(|word| !dull(word)).collect();
    if words.is_empty() {
        return "api".into();
    }
    title(&words.join(" "))
}

/// How environment variables of a scenario begin: with its first two words.
pub(super) fn prefix(text: &str) -> String {
    let name = scenario(text);
    let words = name
        .split(' ')
        .filter(|w| !matches!(*w, "the" | "a" | "my"));
    words.take(2).collect::<Vec<_>>().join(" ")
}

/// A name for a variable.
pub(super) fn variable(text: &str) -> String {
    let ascii =
        |word: &String| -> String { word.chars().filter(char::is_ascii_alphanumeric).collect() };
    let parts: Vec<String> = words(text)
        .iter()
        .map(ascii)
        .filter(|w| !w.is_empty())
        .collect();
    let mut name = parts.join("_");
    name.truncate(LONGEST);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "value");
    }
    name
}

/// A name for an environment variable.
pub(super) fn environment(parts: &[&str]) -> String {
    variable(&parts.join("_")).to_uppercase()
}

/// Whether a scenario can have a header of this name: those of the connection follow from the request.
pub(super) fn is_header(name: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&b);
    let follow = ["content-length", "transfer-encoding", "connection"];
    let follows = follow.iter().any(|one| name.eq_ignore_ascii_case(one));
    !name.is_empty() && !follows && name.bytes().all(fine)
}

/// The media type of a file's part.
pub(super) fn media_type(told: Option<&str>) -> &str {
    let fine = |told: &&str| told.contains('/') && told.bytes().all(|b| (b' '..=b'~').contains(&b));
    let told = told.map(str::trim).filter(|told| !told.contains('*'));
    told.filter(fine).unwrap_or("application/octet-stream")
}

/// One of several: `categories` → `category`.
pub(super) fn singular(word: &str) -> String {
    let cut = |tail: usize, end: &str| format!("{}{end}", &word[..word.len() - tail]);
    match word {
        _ if word.len() < 4 || !word.is_ascii() => word.into(),
        _ if word.ends_with("ies") => cut(3, "y"),
        _ if ["sses", "shes", "ches", "xes"]
            .iter()
            .any(|end| word.ends_with(end)) =>
        {
            cut(2, "")
        }
        _ if word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) => {
            cut(1, "")
        }
        _ => word.into(),
    }
}

/// Names that were given, so that the next of the same name gets a number.
#[derive(Debug, Default)]
pub(super) struct Taken(Vec<String>);

impl Taken {
    /// The name, or with a number behind it.
    pub(super) fn unique(&mut self, name: &str, between: &str) -> String {
        let numbered = (2..).map(|n| format!("{name}{between}{n}"));
        let free = std::iter::once(name.to_owned())
            .chain(numbered)
            .find(|name| !self.0.contains(name))
            .unwrap_or_default();
        self.0.push(free.clone());
        free
    }
}

/// One line of a text for a comment: blanks folded, control characters gone, cut where it grows long.
pub(super) fn line(text: &str, longest: usize) -> String {
    let visible = text.chars().map(|c| if hidden(c) { ' ' } else { c });
    let folded = visible
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    if folded.chars().count() <= longest {
        return folded;
    }
    let cut: String = folded.chars().take(longest).collect();
    let whole = cut
        .rsplit_once(' ')
        .map_or(cut.as_str(), |(whole, _)| whole);
    format!("{whole} …")
}

/// What a terminal or an editor would obey and not show: controls, and what turns the direction of text.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The first sentence of a description.
pub(super) fn sentence(text: &str) -> String {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let end = first.find(". ").map_or(first.len(), |end| end);
    line(first[..end].trim_end_matches('.'), 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_convention_become_ours() {
        for (from, to) in [
            ("listProducts", "list products"),
            ("GET_products-by_ID", "get products by id"),
            ("HTTPServerError", "http server error"),
            ("Farmers' Market", "farmers market"),
            ("a/b {c}", "a b c"),
            ("setup", "setup flow"),
            ("\u{1b}[0m", "0m"),
            ("…", "unnamed"),
        ] {
            assert_eq!(title(from), to);
        }
        assert_eq!(variable("farm-ID"), "farm_id");
        assert_eq!(variable("12 é"), "value12");
        assert_eq!(
            environment(&["farmers market", "api key"]),
            "FARMERS_MARKET_API_KEY"
        );
    }

    #[test]
    fn one_of_many() {
        for (many, one) in [
            ("categories", "category"),
            ("boxes", "box"),
            ("products", "product"),
            ("status", "status"),
            ("bus", "bus"),
            ("addresses", "address"),
        ] {
            assert_eq!(singular(many), one);
        }
    }

    #[test]
    fn comments_stay_on_their_line() {
        assert_eq!(line("a\n- get: /\u{1b}\u{202e}", 80), "a - get: /");
        assert_eq!(line("one two three", 8), "one two …");
        assert_eq!(
            sentence("\nWhat is for sale. And more.\nYes."),
            "What is for sale"
        );
    }
}
