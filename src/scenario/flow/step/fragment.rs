//! Fragments. In: `use:` and `with:`; out: the steps of the fragment, behind one that sets its parameters.
//! Invariant: every parameter has a value, and a fragment sees its own parameters and the flow's variables only.

use super::set::secret;
use super::{Assignment, Step, list};
use crate::expr::Template;
use crate::scenario::flow::{Here, trail};
use crate::scenario::include::Fragment;
use crate::scenario::loading::Loading;
use crate::scenario::names::Names;
use crate::source::{Fields, Kind, Node, Span, closest};

/// What a `use:` gives a fragment.
type Given<'a> = Vec<(&'a str, Span, &'a Node)>;

/// Reads `use:`.
pub(super) fn read<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    here: &Here<'a>,
) -> Vec<Step> {
    let mut inside = here.clone();
    inside.tags = here.tags(loading, fields);
    if let Some(prefix) = prefix(loading, fields) {
        inside.prefix = format!("{}{prefix}: ", here.prefix);
    }
    let Some((span, fragment)) = find(loading, fields) else {
        return Vec::new();
    };
    let name = fields.get("use").and_then(|node| node.scalar());
    let name = name.map_or("", |scalar| scalar.text.as_str());
    let given = given(loading, fields);
    unknown(loading, name, &fragment, &given);
    let parameters = parameters(loading, name, span, &fragment, &given);
    if !trail::open(loading, name, span) {
        return Vec::new();
    }
    let (visible, assignments) = parameters;
    loading.names.open(visible);
    let steps = list(loading, fragment.steps, &inside);
    loading.names.close();
    loading.trail.close();
    let set = (!assignments.is_empty()).then_some(Step::Set(assignments));
    set.into_iter().chain(steps).collect()
}

fn prefix(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<String> {
    let text = loading.reader.text(fields.get("name")?)?;
    loading
        .label(&text.value, text.span, "a step")
        .then_some(text.value)
}

fn find<'a>(loading: &mut Loading<'a>, fields: &Fields<'a>) -> Option<(Span, Fragment<'a>)> {
    let node = fields.get("use")?;
    let text = loading.reader.text(node)?;
    if let Some(fragment) = loading.fragments.get(text.value.as_str()) {
        return Some((node.span, fragment.clone()));
    }
    let near = closest(&text.value, loading.fragments.keys().copied());
    let help = near.map_or_else(
        || String::from("write it under `fragments:`, or `include:` the file that has it"),
        |near| format!("did you mean `{near}`?"),
    );
    let message = format!("there is no fragment `{}`", text.value);
    loading.reader.error("T0423", node.span, message, help);
    None
}

fn given<'a>(loading: &mut Loading<'a>, fields: &Fields<'a>) -> Given<'a> {
    let Some(node) = fields.get("with") else {
        return Vec::new();
    };
    match &node.kind {
        Kind::Map(entries) => entries
            .iter()
            .map(|(key, node)| (key.value.as_str(), key.span, node))
            .collect(),
        Kind::Scalar(_) | Kind::List(_) => {
            loading.reader.map(node, "with");
            Vec::new()
        }
    }
}

fn unknown(loading: &mut Loading<'_>, name: &str, fragment: &Fragment<'_>, given: &Given<'_>) {
    let names: Vec<&str> = fragment.parameters.iter().map(|p| p.0).collect();
    for (key, span, _) in given {
        if names.contains(key) {
            continue;
        }
        let help = match closest(key, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => format!("`{name}` has none; remove it"),
            None => format!("`{name}` has: {}", names.join(", ")),
        };
        let message = format!("the fragment `{name}` has no parameter `{key}`");
        loading.reader.error("T0425", *span, message, help);
    }
}

/// The parameters: what the fragment may read, and what gives them their values.
fn parameters<'a>(
    loading: &mut Loading<'a>,
    fragment_name: &str,
    span: Span,
    fragment: &Fragment<'a>,
    given: &Given<'a>,
) -> (Vec<(String, usize, bool)>, Vec<Assignment>) {
    let (mut visible, mut assignments) = (Vec::new(), Vec::new());
    for (name, place, default) in &fragment.parameters {
        if loading.names.hides(name) {
            let message =
                format!("the parameter `{name}` hides the variable `{name}` in this fragment");
            let help = "give the parameter another name, or leave it out and use the variable";
            loading.reader.warn("T0447", *place, message, help);
        }
        let value = given.iter().find(|(key, ..)| key == name).map(|g| g.2);
        let slot = loading.names.parameter(fragment_name, name);
        let Some(node) = value.or(*default) else {
            let message = format!("`{fragment_name}` needs a value for `{name}`");
            let help = format!("add it: `with: {{ {name}: … }}`");
            loading.reader.error("T0424", span, message, help);
            visible.push(((*name).to_owned(), slot, false));
            continue;
        };
        let value = Names::listing(loading, |loading| loading.template(node));
        let is_secret = |value: &Template| secret(loading, node, value);
        let secret = value.as_ref().is_some_and(is_secret);
        visible.push(((*name).to_owned(), slot, secret));
        assignments.extend(value.map(|value| Assignment {
            name: (*name).to_owned(),
            slot,
            value,
        }));
    }
    (visible, assignments)
}
