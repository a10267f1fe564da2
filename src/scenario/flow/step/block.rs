//! Steps in steps. In: `when`, `repeat`, `each` and `group`; out: [`Block`]s. Invariant: conditions look at
//! variables only; a block has steps; what is captured in a block that may be left out is in doubt behind it.

use super::{Block, BlockKind, Step, list};
use crate::expr::Check;
use crate::expr::Scope as _;
use crate::scenario::flow::request::probes;
use crate::scenario::flow::{Here, trail};
use crate::scenario::loading::Loading;
use crate::scenario::names::Names;
use crate::source::{Fields, Node, Span, Spanned, closest};

/// How many requests a browser sends to one host at once.
const BROWSER: usize = 6;

/// Steps that are done only when something holds.
pub(super) fn conditional<'a>(
    loading: &mut Loading<'a>,
    node: &'a Node,
    span: Span,
    read: impl FnOnce(&mut Loading<'a>) -> Vec<Step>,
) -> Vec<Step> {
    let when = when(loading, node);
    let wanted = |check: &&Spanned<Check>| !check.value.text().ends_with("not exists");
    let asked: Vec<usize> = when
        .iter()
        .filter(wanted)
        .flat_map(|check| check.value.slots())
        .collect();
    loading.names.branch(&asked);
    let mut steps = read(loading);
    loading.names.join();
    // A block has room for one condition.
    if let [Step::Block(block)] = steps.as_mut_slice()
        && block.when.is_empty()
    {
        block.when = when;
        return steps;
    }
    if steps.is_empty() {
        return steps;
    }
    vec![Step::Block(Box::new(Block {
        kind: BlockKind::Once,
        when,
        steps,
        span,
    }))]
}

/// The conditions, as far as they are sound.
fn when(loading: &mut Loading<'_>, node: &Node) -> Vec<Spanned<Check>> {
    let mut checks = Vec::new();
    for item in loading.reader.list(node) {
        loading.quiet = true;
        let check = loading.compile(item, "T0312", Check::parse);
        loading.quiet = false;
        let Some(check) = check else {
            continue;
        };
        if check.tests_variable() {
            checks.push(Spanned::new(check, item.span));
        } else {
            let query = check.text().split_whitespace().next().unwrap_or_default();
            let message = format!(
                "`when` looks at variables, and `{query}` at a response, which is not there yet"
            );
            let help = format!(
                "capture it in an earlier step, `capture: {{ x: {query} … }}`, and ask for the variable"
            );
            loading.reader.error("T0439", item.span, message, help);
        }
    }
    checks
}

/// The steps of a condition without a verb.
pub(super) fn nested<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    here: &Here<'a>,
) -> Vec<Step> {
    let here = here.inside(loading, fields);
    steps(loading, fields, &here, "when").unwrap_or_default()
}

/// Steps that are done several times.
pub(super) fn repeat<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    here: &Here<'a>,
) -> Option<Step> {
    let times = loading.count(fields.get("repeat")?);
    let here = here.inside(loading, fields);
    let steps = steps(loading, fields, &here, "repeat")?;
    Some(block(BlockKind::Repeat(times?), steps, fields.span))
}

/// Steps that are done for each item of a list.
pub(super) fn each<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    here: &Here<'a>,
) -> Option<Step> {
    let node = fields.get("each")?;
    let source = header(loading, node);
    let limit = match fields.get("limit") {
        Some(node) => loading.count(node).map(Some),
        None => Some(None),
    };
    let here = here.inside(loading, fields);
    let (item, list) = source?;
    // The list may be empty.
    loading.names.branch(&[]);
    let secret = loading.names.secret_among(list.iter().copied()).is_some();
    let slot = loading.names.item(&item, node.span, secret);
    let steps = steps(loading, fields, &here, "each");
    loading.names.drop_item(slot);
    loading.names.join();
    let kind = BlockKind::Each {
        list: list?,
        item: slot,
        limit: limit?,
        rounds: None,
    };
    Some(block(kind, steps?, fields.span))
}

/// `product in products`: the item's name, and the slot of the list where it is known.
fn header(loading: &mut Loading<'_>, node: &Node) -> Option<(String, Option<usize>)> {
    let text = loading.reader.text(node)?;
    let words: Vec<&str> = text.value.split_whitespace().collect();
    let [item, "in", list] = words.as_slice() else {
        let help =
            "write `each: product in products`, where `products` is a captured list or a feeder";
        let message = "expected a name, `in`, and the variable that holds the list";
        loading.reader.error("T0430", node.span, message, help);
        return None;
    };
    if !loading.variable(item, node.span) {
        return None;
    }
    if loading.names.knows(item) {
        let message = format!("`{item}` is a variable already");
        let help = "give the item a name of its own";
        loading.reader.error("T0447", node.span, message, help);
        return None;
    }
    loading.listen(node);
    let slot = Names::listing(loading, |loading| loading.names.slot(list));
    loading.doubts(node);
    if slot.is_none() {
        unknown_list(loading, node, list);
    }
    Some(((*item).to_owned(), slot))
}

fn unknown_list(loading: &mut Loading<'_>, node: &Node, list: &str) {
    let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
    let at = text.rfind(list).unwrap_or_default();
    let source = loading.reader.source();
    let span = node.inner(source, at..at + list.len());
    let names = loading.names.names();
    let help = closest(list, names.iter().map(String::as_str)).map_or_else(
        || String::from("capture the list in an earlier step: `products: json $.items[*].id`"),
        |near| format!("did you mean `{near}`?"),
    );
    let message = format!("unknown variable `{list}`");
    let problem = crate::source::Diagnostic::error("T0431", source, span, message).help(help);
    let problem = loading.names.explain(problem);
    loading.reader.push(problem);
}

/// Requests that are sent at the same time, and behind them those of their policies.
pub(super) fn group<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    here: &Here<'a>,
) -> Vec<Step> {
    together(loading, fields, here).unwrap_or_default()
}

fn together<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    here: &Here<'a>,
) -> Option<Vec<Step>> {
    let node = fields.get("group")?;
    let name = loading
        .reader
        .text(node)
        .filter(|text| loading.label(&text.value, text.span, "a group"))
        .map(|text| format!("{}{}", here.prefix, text.value));
    if let Some(name) = &name {
        trail::group(loading, name, node.span);
    }
    let parallel = match fields.get("parallel") {
        Some(node) => loading.count(node),
        None => Some(BROWSER as u64),
    };
    let mut here = here.inside(loading, fields);
    here.in_group = true;
    loading.names.hold();
    let steps = steps(loading, fields, &here, "group");
    loading.names.release();
    let kind = BlockKind::Group {
        name: name?,
        parallel: usize::try_from(parallel?).ok()?,
    };
    let (members, mut behind) = probes::split(steps?);
    let mut all = vec![block(kind, members, fields.span)];
    all.append(&mut behind);
    Some(all)
}

fn block(kind: BlockKind, steps: Vec<Step>, span: Span) -> Step {
    Step::Block(Box::new(Block {
        kind,
        when: Vec::new(),
        steps,
        span,
    }))
}

/// The steps of a block; `None` where it has none, or they are all wrong and told.
fn steps<'a>(
    loading: &mut Loading<'a>,
    fields: &Fields<'a>,
    here: &Here<'a>,
    verb: &str,
) -> Option<Vec<Step>> {
    let empty = |node: &&Node| {
        !node.is_null()
            && !matches!(&node.kind, crate::source::Kind::List(items) if items.is_empty())
    };
    let Some(node) = fields.get("steps").filter(empty) else {
        let span = fields.entry(verb).map_or(fields.span, |(span, _)| span);
        let message = format!("`{verb}:` without steps");
        let help = "add `steps:` with at least one step";
        loading.reader.error("T0432", span, message, help);
        return None;
    };
    let steps = list(loading, node, here);
    (!steps.is_empty()).then_some(steps)
}
