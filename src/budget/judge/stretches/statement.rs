//! What stairs say, in one sentence. In: the parts, judged; out: which rate holds and what ends it. Invariant: a stair
//! counts only if all before it hold, and one of which nothing can be said ends the statement.

use crate::budget::{Broken, Stretch, StretchOutcome};
use crate::units::format_share;

/// "the last stair that holds is 300 req/s; at 400 req/s `p95 < 500ms` breaks (612 ms)"; `None` where there are no stairs.
pub(in crate::budget::judge) fn statement(parts: &[Stretch]) -> Option<String> {
    let (first, last) = parts.first().zip(parts.last())?;
    if !parts.iter().all(Stretch::is_stair) {
        return None;
    }
    let holding = parts
        .iter()
        .take_while(|p| matches!(p.outcome, StretchOutcome::Holds { .. }))
        .count();
    let Some(end) = parts.get(holding) else {
        return Some(format!(
            "every stair holds, from {} to {}",
            first.level(),
            last.level()
        ));
    };
    let lead = match (holding.checked_sub(1), &end.outcome) {
        (Some(index), StretchOutcome::NotReached) => {
            format!("every stair so far holds, up to {}", parts[index].level())
        }
        (Some(index), _) => format!("the last stair that holds is {}", parts[index].level()),
        (None, StretchOutcome::Breaks { .. } | StretchOutcome::Refused { .. }) => {
            "not even the first stair holds".to_owned()
        }
        (None, StretchOutcome::NotJudged) => {
            let add =
                "add one such as `p95 < 500ms` or `error_rate < 1%` to learn which rate holds";
            return Some(format!(
                "no budget of this run can be asked of a stair: {add}"
            ));
        }
        (None, _) => "no stair can be said to hold".to_owned(),
    };
    let tail = tail(end);
    let behind = behind(end, &parts[holding + 1..]).unwrap_or_default();
    let wall = parts[holding..].iter().find(|p| refuses(p));
    let wall = wall.filter(|p| !std::ptr::eq(*p, end)).map(|p| {
        format!(
            "; from {} on something in front of the target refuses requests",
            p.level()
        )
    });
    let told = format!("{lead}; {tail}{behind}");
    let wall = wall.filter(|_| !told.contains("begins to refuse"));
    Some(format!("{told}{}", wall.unwrap_or_default()))
}

/// What those behind an undecided stair show by themselves: a low rate has often too few requests to say anything.
fn behind(end: &Stretch, rest: &[Stretch]) -> Option<String> {
    let undecided = |p: &Stretch| matches!(p.outcome, StretchOutcome::Undecided { .. });
    let holds = |p: &Stretch| matches!(p.outcome, StretchOutcome::Holds { .. });
    let known = rest.iter().take_while(|p| undecided(p) || holds(p)).count();
    let last = rest[..known]
        .iter()
        .rfind(|p| holds(p))
        .filter(|_| undecided(end))?;
    let next = rest.get(known).map(|p| format!(", and {}", tail(p)));
    Some(format!(
        "; by itself {} holds{}",
        last.level(),
        next.unwrap_or_default()
    ))
}

fn refuses(part: &Stretch) -> bool {
    matches!(part.outcome, StretchOutcome::Refused { .. })
}

/// What ends it.
fn tail(end: &Stretch) -> String {
    let level = end.level();
    match &end.outcome {
        StretchOutcome::Breaks { budgets, failures } => {
            let told = budgets.first().map(broken).unwrap_or_default();
            let more = match budgets.len() {
                0 | 1 => String::new(),
                2 => ", and 1 more budget".to_owned(),
                all => format!(", and {} more budgets", all - 1),
            };
            let failures = failures.as_ref().map(|f| format!("; most failures: {f}"));
            format!("at {level} {told}{more}{}", failures.unwrap_or_default())
        }
        StretchOutcome::Undecided { why } => format!("{level} is undecided: {why}"),
        StretchOutcome::GeneratorAtFault { why } => {
            format!(
                "at {level} the generator was at fault ({why}), so nothing is known from there on"
            )
        }
        StretchOutcome::Refused { share } => format!(
            "at {level} something in front of the target begins to refuse requests ({} of them): its limit is found, not the target's",
            format_share(*share)
        ),
        StretchOutcome::NotReached => format!("{level} was not reached"),
        StretchOutcome::NotJudged | StretchOutcome::Holds { .. } => {
            format!("{level} is not judged")
        }
    }
}

fn broken(broken: &Broken) -> String {
    let Broken {
        budget,
        actual,
        marginal,
    } = broken;
    let marginally = if *marginal { "marginally " } else { "" };
    format!("`{budget}` {marginally}breaks ({actual})")
}
