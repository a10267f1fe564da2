//! Where the time of steps goes, as bars. In: steps; out: rows with a bar each. Invariant: all bars have one scale, so
//! that lengths compare, and every part stands beside them as a number.

use crate::report::html::charts::pixel;
use crate::report::text::put;
use crate::report::{PARTS, StepRow};

/// Width of the longest bar.
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 14.0;
/// Steps shown; of more, those with the largest mean.
pub(in crate::report::html) const MOST: usize = 20;

/// One part, by its name and the class that colours it.
#[derive(Debug, Clone, Copy)]
pub(in crate::report::html) struct Part {
    pub(in crate::report::html) name: &'static str,
    pub(in crate::report::html) class: &'static str,
}

const fn part(index: usize, class: &'static str) -> Part {
    Part {
        name: PARTS[index],
        class,
    }
}

/// In the order in which they happen.
pub(in crate::report::html) const PARTS_OF_A_BAR: [Part; 5] = [
    part(0, "late"),
    part(1, "connecting"),
    part(2, "written"),
    part(3, "waiting"),
    part(4, "body"),
];

/// A step and the parts of its mean.
pub(in crate::report::html) struct Phases<'a> {
    pub(in crate::report::html) label: &'a str,
    pub(in crate::report::html) mean: f64,
    pub(in crate::report::html) parts: [f64; 5],
    pub(in crate::report::html) bar: String,
}

pub(in crate::report::html) fn rows<'a>(steps: &[&'a StepRow]) -> Vec<Phases<'a>> {
    let known = steps.iter().filter_map(|step| Some((*step, step.parts()?)));
    let mut known: Vec<(&StepRow, [f64; 5])> = known.collect();
    let sum = |parts: &[f64; 5]| parts.iter().sum::<f64>();
    if known.len() > MOST {
        known.sort_by(|a, b| sum(&b.1).total_cmp(&sum(&a.1)));
        known.truncate(MOST);
    }
    let most = known
        .iter()
        .map(|(_, parts)| sum(parts))
        .fold(0.0, f64::max);
    let rows = known.into_iter().map(|(step, parts)| Phases {
        label: &step.label,
        mean: sum(&parts),
        bar: bar(&parts, most),
        parts,
    });
    rows.collect()
}

/// A bar of parts; the longest step fills it. Nothing is said in it that the numbers beside it do not say.
fn bar(parts: &[f64; 5], most: f64) -> String {
    let mut out = format!("<svg class=parts aria-hidden=true viewBox='0 0 {WIDTH} {HEIGHT}'>");
    let mut left = 0.0;
    for (ms, part) in parts.iter().zip(PARTS_OF_A_BAR) {
        let right = left + ms / most.max(f64::MIN_POSITIVE) * WIDTH;
        if right - left >= 0.05 {
            put(
                &mut out,
                format_args!(
                    "<path class={} d='M{} 2H{}v10H{}z'/>",
                    part.class,
                    pixel(left),
                    pixel(right),
                    pixel(left)
                ),
            );
        }
        left = right;
    }
    out + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_one_scale() {
        let long = bar(&[0.0, 2.0, 0.0, 6.0, 2.0], 10.0);
        assert!(long.contains("<path class=waiting d='M48 2H192v10H48z'/>"));
        let short = bar(&[0.0, 0.0, 0.0, 1.0, 0.0], 10.0);
        assert!(short.contains("<path class=waiting d='M0 2H24v10H0z'/>"));
    }
}
