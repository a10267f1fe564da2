//! Metrics by name and labels, as Prometheus selects them. In: `jobs{queue="mail",kind!~"test.*"}`; out: a [`Selector`],
//! or what is wrong. Invariant: a pattern must fit a whole value, as it does in Prometheus.

use regex::Regex;

/// A metric's name, and what its labels must be.
#[derive(Debug, Clone)]
pub struct Selector {
    /// The name.
    pub name: String,
    /// Labels, each with its test; a label that is not there is empty.
    pub labels: Vec<(String, Test)>,
}

/// What a label must be.
#[derive(Debug, Clone)]
pub enum Test {
    /// This.
    Is(String),
    /// Anything else.
    IsNot(String),
    /// Something that the pattern fits.
    Fits(Regex),
    /// Something that it does not fit.
    FitsNot(Regex),
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Is(wanted) => value == wanted,
            Self::IsNot(wanted) => value != wanted,
            Self::Fits(pattern) => pattern.is_match(value),
            Self::FitsNot(pattern) => !pattern.is_match(value),
        }
    }
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let end = text.find('{').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let name = name.trim();
        if !is_name(name) {
            return Err(format!("`{name}` is no name of a metric"));
        }
        let mut labels = Vec::new();
        let mut rest = rest.strip_prefix('{').unwrap_or("").trim_start();
        let closed = end == text.len();
        while !closed && !rest.starts_with('}') {
            let (label, test, behind) = label(rest)?;
            labels.push((label, test));
            rest = match behind.strip_prefix(',') {
                Some(more) => more.trim_start(),
                None if behind.starts_with('}') => behind,
                None => return Err("a label ends with `,` or `}`".to_owned()),
            };
        }
        if !closed && rest != "}" {
            return Err(format!("`{}` stands behind the labels", &rest[1..]));
        }
        Ok(Self {
            name: name.to_owned(),
            labels,
        })
    }

    /// Whether labels fit.
    pub fn fits(&self, labels: &[(String, String)]) -> bool {
        self.labels.iter().all(|(name, test)| {
            let own = labels.iter().find(|(own, _)| own == name);
            test.holds(own.map_or("", |(_, value)| value))
        })
    }
}

/// Labels as a page writes them behind `{`, and what stands behind their `}`; `None` where they are broken.
pub fn labels(text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(behind) = rest.strip_prefix('}') {
            return Some((labels, behind));
        }
        let (name, value) = rest.split_once('=')?;
        let (value, behind) = quoted(value.trim_start())?;
        labels.push((name.trim().to_owned(), value));
        let behind = behind.trim_start();
        rest = match behind.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None => behind.starts_with('}').then_some(behind)?,
        };
    }
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':');
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// One label with its test, and what stands behind.
fn label(text: &str) -> Result<(String, Test, &str), String> {
    let end = text
        .find(['=', '!'])
        .ok_or_else(|| "a label has `=` and a value in quotes".to_owned())?;
    let name = text[..end].trim();
    if !is_name(name) || name.contains(':') {
        return Err(format!("`{name}` is no name of a label"));
    }
    let rest = &text[end..];
    let signs = ["=~", "!~", "!=", "="];
    let sign = signs.into_iter().find(|sign| rest.starts_with(sign));
    let sign = sign.ok_or_else(|| format!("`{name}` has no `=`, `!=`, `=~` or `!~`"))?;
    let (value, behind) = quoted(rest[sign.len()..].trim_start())
        .ok_or_else(|| format!("the value of `{name}` stands in double quotes"))?;
    let pattern = |value: &str| {
        Regex::new(&format!("^(?s:{value})$")).map_err(|_| format!("`{value}` is no pattern"))
    };
    let test = match sign {
        "=~" => Test::Fits(pattern(&value)?),
        "!~" => Test::FitsNot(pattern(&value)?),
        "!=" => Test::IsNot(value),
        _ => Test::Is(value),
    };
    Ok((name.to_owned(), test, behind.trim_start()))
}

/// A text in double quotes with `\\`, `\"` and `\n`, and what stands behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &inside[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_tested_as_prometheus_tests_them() {
        let labels = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
            list.iter().map(owned).collect()
        };
        let mail = labels(&[("queue", "mail"), ("kind", "a\"b")]);
        for (text, fits) in [
            ("jobs", true),
            ("jobs{}", true),
            (" jobs { queue = \"mail\" , } ", true),
            ("jobs{queue=\"mail\",kind=\"a\\\"b\"}", true),
            ("jobs{queue!=\"mail\"}", false),
            ("jobs{queue=~\"m.*|x\"}", true),
            ("jobs{queue=~\"ai\"}", false),
            ("jobs{queue!~\"x|y\"}", true),
            ("jobs{gone=\"\"}", true),
            ("jobs{gone!=\"\"}", false),
        ] {
            let selector = Selector::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(selector.name, "jobs");
            assert_eq!(selector.fits(&mail), fits, "{text}");
        }
    }

    #[test]
    fn what_is_no_selector() {
        for (text, why) in [
            ("", "no name of a metric"),
            ("9x", "no name of a metric"),
            ("rate(x)", "no name of a metric"),
            ("jobs{queue}", "has `=`"),
            ("jobs{queue=mail}", "double quotes"),
            ("jobs{queue=\"mail}", "double quotes"),
            ("jobs{queue=\"mail\"", "ends with"),
            ("jobs{a:b=\"\"}", "no name of a label"),
            ("jobs{queue=~\"(\"}", "no pattern"),
            ("jobs{queue=\"a\"} 7", "behind the labels"),
            ("jobs{", "has `=`"),
        ] {
            let problem = Selector::parse(text).unwrap_err();
            assert!(problem.contains(why), "{text}: {problem}");
        }
    }
}
