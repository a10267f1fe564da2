//! Which flows a profile starts, and in what proportion. In: its `flows:` and those of the file; out: names with
//! weights. Invariant: each is a flow of the file, stands here once, and has a weight above zero where it is load.

use crate::scenario::flow::{Journeys, weight};
use crate::scenario::loading::Loading;
use crate::source::{Kind, Node, Span, Spanned, closest};

/// How a weight is written.
const WEIGHT: &str = "write how often it starts beside the others, e.g. `3`";

/// Reads `flows:` of a profile: names, which keep the weights of the file, or a map of names and weights. `kind` is the
/// profile's load.
pub(super) fn read(
    loading: &mut Loading<'_>,
    (key, node): (Span, &Node),
    kind: &str,
    journeys: &Journeys,
) -> Vec<(String, f64)> {
    let errors = loading.reader.errors();
    let found: Vec<(Spanned<String>, f64)> = match &node.kind {
        Kind::Map(entries) => {
            if kind == "passes" {
                let help = "each flow is run as often as `passes` says; write a list: `flows: [browse, buy]`";
                let message = "weights mean nothing beside `passes`";
                loading.reader.error("T0603", key, message, help);
            }
            let one = |(name, node): &(Spanned<String>, Node)| {
                let weight = weight(loading, node, WEIGHT)?;
                Some((known(loading, name.clone(), journeys)?, (weight, node.span)))
            };
            let weighed: Vec<_> = entries.iter().filter_map(one).collect();
            let zero = weighed.iter().filter(|(_, (weight, _))| *weight == 0.0);
            for (name, (_, span)) in zero {
                let message = format!("`{}` would never start: its weight here is 0", name.value);
                let help = "write a weight above zero, or leave the flow out";
                loading.reader.error("T0612", *span, message, help);
            }
            let plain = weighed.into_iter();
            plain.map(|(name, (weight, _))| (name, weight)).collect()
        }
        Kind::Scalar(_) | Kind::List(_) => named(loading, node, kind, journeys),
    };
    if found.is_empty() && loading.reader.errors() == errors {
        let help = "name the flows that it starts, or remove `flows` to start all of the file";
        let message = "a profile with no flow would start nothing";
        loading.reader.error("T0612", key, message, help);
    }
    let plain = found.into_iter();
    plain.map(|(name, weight)| (name.value, weight)).collect()
}

/// Names alone: each flow has the weight that the file gives it.
fn named(
    loading: &mut Loading<'_>,
    node: &Node,
    kind: &str,
    journeys: &Journeys,
) -> Vec<(Spanned<String>, f64)> {
    let mut found: Vec<(Spanned<String>, f64)> = Vec::new();
    for item in loading.reader.list(node) {
        let Some(name) = loading.reader.text(item) else {
            continue;
        };
        let Some(name) = known(loading, name, journeys) else {
            continue;
        };
        let flow = journeys.flows.iter().find(|flow| flow.name == name.value);
        let weight = flow.map_or(1.0, |flow| flow.weight);
        if found.iter().any(|(other, _)| other.value == name.value) {
            let message = format!("`{}` stands here twice", name.value);
            let help = format!(
                "name it once; to start it more often, weigh them: `{{ {}: 2, … }}`",
                name.value
            );
            loading.reader.error("T0612", name.span, message, help);
        } else if weight == 0.0 && kind != "passes" {
            let message = format!("`{}` has the weight 0: no load starts it", name.value);
            let help = format!(
                "leave it out, or weigh the flows of this profile: `flows: {{ {}: 1 }}`",
                name.value
            );
            loading.reader.error("T0612", name.span, message, help);
        }
        found.push((name, weight));
    }
    found
}

/// The name, if a flow of the file has it.
fn known(
    loading: &mut Loading<'_>,
    name: Spanned<String>,
    journeys: &Journeys,
) -> Option<Spanned<String>> {
    let names = || journeys.names.iter().map(String::as_str);
    if names().any(|known| known == name.value) {
        return Some(name);
    }
    let help = closest(&name.value, names()).map_or_else(
        || format!("it has: {}", names().collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    let message = format!("the scenario has no flow `{}`", name.value.escape_debug());
    loading.reader.error("T0611", name.span, message, help);
    None
}
