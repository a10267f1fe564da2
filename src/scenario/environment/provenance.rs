//! Where each value of a file came from. In: the tree as written and as filled in; out: one [`Setting`] per value.
//! Invariant: a text that holds a declared secret is given as it was written, with `${NAME}` in it.

use super::{Lookup, Use};
use crate::scenario::network::shown as proxy_shown;
use crate::source::{Kind, Node, Span, Spanned};

/// The keys whose values are settings; the journeys are not.
const SECTIONS: [&str; 18] = [
    "scenario",
    "target",
    "budgets",
    "allow",
    "tls",
    "proxy",
    "unix",
    "resolve",
    "dns",
    "ip",
    "connections",
    "keep_alive",
    "http",
    "streams",
    "defaults",
    "variables",
    "data",
    "profiles",
];

/// One value that the file or its environment gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its place in the file's maps: `profiles.launch.rate`.
    pub key: String,
    /// The value; several are separated by commas.
    pub value: String,
    /// Where it stands in the scenario's source.
    pub span: Span,
    /// Whether it stands in the chosen environment.
    pub overlaid: bool,
    /// What it took from outside.
    pub lookups: Vec<Lookup>,
}

/// Every setting that is written, in the order of the file.
pub(in crate::scenario) fn settings(
    (written, filled): (&Node, &Node),
    environment: &[Span],
    uses: &[Use],
    secrets: &[Spanned<String>],
) -> Vec<Setting> {
    let mut walk = Walk {
        environment,
        uses,
        secrets,
        found: Vec::new(),
    };
    if let (Kind::Map(written), Kind::Map(filled)) = (&written.kind, &filled.kind) {
        for ((key, written), (_, filled)) in written.iter().zip(filled) {
            if SECTIONS.contains(&key.value.as_str()) {
                walk.node(&key.value, key.span, (written, filled));
            }
        }
    }
    walk.found
}

struct Walk<'a> {
    environment: &'a [Span],
    uses: &'a [Use],
    secrets: &'a [Spanned<String>],
    found: Vec<Setting>,
}

impl Walk<'_> {
    fn node(&mut self, path: &str, key: Span, (written, filled): (&Node, &Node)) {
        let (value, spans) = match (&written.kind, &filled.kind) {
            (Kind::Map(written), Kind::Map(filled)) => {
                for ((key, written), (_, filled)) in written.iter().zip(filled) {
                    let path = format!("{path}.{}", key.value);
                    self.node(&path, key.span, (written, filled));
                }
                return;
            }
            (Kind::List(items), _) if items.iter().any(|item| item.scalar().is_none()) => {
                (format!("{} items", items.len()), Vec::new())
            }
            (Kind::List(items), Kind::List(filled)) => {
                let texts: Vec<String> = items
                    .iter()
                    .zip(filled)
                    .map(|(written, filled)| self.text(written, filled))
                    .collect();
                let spans = items.iter().map(|item| item.span).collect();
                (texts.join(", "), spans)
            }
            _ if path == "proxy" => {
                let text = proxy_shown(&self.text(written, filled));
                (text, vec![written.span])
            }
            _ => (self.text(written, filled), vec![written.span]),
        };
        self.found.push(Setting {
            key: path.into(),
            value,
            span: written.span,
            overlaid: self.environment.contains(&key),
            lookups: self.lookups(&spans),
        });
    }

    fn text(&self, written: &Node, filled: &Node) -> String {
        let secret = self.uses.iter().any(|usage| {
            usage.span == written.span && self.secrets.iter().any(|s| s.value == usage.name)
        });
        let node = if secret { written } else { filled };
        node.scalar().map_or_else(String::new, |s| s.text.clone())
    }

    fn lookups(&self, spans: &[Span]) -> Vec<Lookup> {
        let found = |usage: &Use| {
            let (_, origin) = usage.found.as_ref()?;
            Some(Lookup {
                name: usage.name.clone(),
                origin: *origin,
            })
        };
        let uses = self.uses.iter().filter(|u| spans.contains(&u.span));
        uses.filter_map(found).collect()
    }
}
