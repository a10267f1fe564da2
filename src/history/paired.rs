//! Two versions side by side. In: the figures of interleaved pairs of runs; out: what differs, by how much, how surely.
//! Invariant: pairs are what is compared, never requests; all series together raise a false alarm in at most one
//! comparison of forty.

use super::nights::{Effect, Figure, Measure, comparable};
use super::significance::{median, quantile};
use super::{Better, Least};
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// Fewest pairs that a verdict needs.
pub const PAIRS: usize = 5;
/// Chance of a false alarm, all series of a comparison together, for each direction.
const ALARM: f64 = 0.025;
/// Scatter that even equal pairs have: one in a thousand.
const FLOOR: f64 = 1e-3;
/// Quantile of the normal distribution for a power of 90 %.
const POWER: f64 = 1.2816;

/// What is to be said of a series, gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Worse than the other version.
    Regression,
    /// Better.
    Improvement,
    /// No difference that is sure and large enough.
    None,
    /// Too few pairs that have it.
    TooFew,
}

/// One series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Of which part.
    pub part: String,
    /// What of it.
    pub measure: Measure,
    /// What is to be said.
    pub change: Change,
    /// Pairs that have it.
    pub pairs: usize,
    /// Median over the pairs of the version that is compared with.
    pub base: f64,
    /// Median over the pairs of the version in question.
    pub head: f64,
    /// The median of the pairs' ratios: 1.1 is 10 % more.
    pub ratio: f64,
    /// 95 % interval of the ratio; none with too few pairs.
    pub interval: Option<(f64, f64)>,
    /// How probable so clear a difference would be without one, one-sided, for this series alone.
    pub p: f64,
    /// The ratio that nine of ten such comparisons would see; none with too few pairs.
    pub visible: Option<f64>,
    /// Scatter of the ratio from pair to pair: 0.05 is 5 %; none with too few pairs.
    pub scatter: Option<f64>,
    #[serde(skip)]
    worse: f64,
    #[serde(skip)]
    large: bool,
}

/// The figures of a pair: the version that is compared with, and the one in question.
pub type Pair = (Vec<Figure>, Vec<Figure>);

/// Compares the pairs series by series, gravest first.
pub fn compare(pairs: &[Pair], effect: Effect) -> Vec<Compared> {
    let mut series: Vec<(&str, Measure)> = Vec::new();
    for figure in pairs.iter().flat_map(|(base, _)| base) {
        let name = (figure.part.as_str(), figure.measure);
        if !series.contains(&name) {
            series.push(name);
        }
    }
    let tests = series.len().max(1) as f64;
    let mut all: Vec<Compared> = series
        .iter()
        .filter_map(|&(part, measure)| one(pairs, (part, measure), effect.of(measure), tests))
        .collect();
    decide(&mut all);
    all.sort_by_key(|c| c.change);
    all
}

/// One series by itself.
fn one(
    pairs: &[Pair],
    (part, measure): (&str, Measure),
    least: Least,
    tests: f64,
) -> Option<Compared> {
    let find = |side: &[Figure]| {
        let mut figures = side.iter();
        let found = figures.find(|f| f.measure == measure && f.part == part)?;
        Some((found.value, comparable(found).max(f64::MIN_POSITIVE)))
    };
    let (bases, heads): (Vec<_>, Vec<_>) = pairs
        .iter()
        .filter_map(|(base, head)| Some((find(base)?, find(head)?)))
        .unzip();
    if bases.is_empty() {
        return None;
    }
    let both = bases.iter().zip(&heads);
    let logs: Vec<f64> = both.map(|(b, h)| (h.1 / b.1).ln()).collect();
    let middle = |side: &[(f64, f64)]| median(&mut side.iter().map(|v| v.0).collect::<Vec<_>>());
    let (base, head) = (middle(&bases), middle(&heads));
    let ratio = median(&mut logs.clone()).exp();
    let mut compared = Compared {
        part: part.to_owned(),
        measure,
        change: Change::TooFew,
        pairs: bases.len(),
        base,
        head,
        ratio,
        interval: None,
        p: 1.0,
        visible: None,
        scatter: None,
        worse: 1.0,
        large: ratio.ln().abs() >= least.share.ln_1p() && (head - base).abs() >= least.absolute,
    };
    if bases.len() < PAIRS {
        return Some(compared);
    }
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let squares: f64 = logs.iter().map(|l| (l - mean).powi(2)).sum();
    let scatter = (squares / (n - 1.0) + FLOOR * FLOOR).sqrt();
    let error = scatter / n.sqrt();
    let above = StudentsT::new(0.0, 1.0, n - 1.0).map_or(1.0, |t| t.sf(mean / error));
    let half = quantile(0.975, n - 1.0) * error;
    let sign = match better(measure) {
        Better::Lower => 1.0,
        Better::Higher => -1.0,
    };
    compared.change = Change::None;
    compared.interval = Some(((mean - half).exp(), (mean + half).exp()));
    compared.worse = if sign > 0.0 { above } else { 1.0 - above };
    compared.p = compared.worse.min(1.0 - compared.worse);
    compared.scatter = Some(scatter);
    let smallest = least
        .share
        .max(least.absolute / base.max(f64::MIN_POSITIVE));
    let reach = visible(scatter, bases.len(), tests as usize).ln();
    compared.visible = Some((sign * reach.max(smallest.ln_1p())).exp());
    Some(compared)
}

/// The ratio that nine of ten comparisons would see, with such scatter from pair to pair, so many pairs (two at least)
/// and so many series.
pub fn visible(scatter: f64, pairs: usize, series: usize) -> f64 {
    let n = pairs.max(2) as f64;
    let sure = quantile(1.0 - ALARM / series.max(1) as f64, n - 1.0);
    // The mean is uncertain, and so is the scatter that it is measured by: the noncentral t, approximately.
    let doubt = (1.0 + sure * sure / (2.0 * (n - 1.0))).sqrt();
    ((sure + POWER * doubt) * scatter / n.sqrt()).exp()
}

/// How often a comparison of equal versions would find a regression, of 1: the sides of the pairs are swapped at random.
pub fn false_alarms(pairs: &[Pair], effect: Effect, rounds: u32) -> f64 {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(0);
    let mut alarm = || {
        let swapped = pairs.iter().map(|(base, head)| {
            if dice.random() {
                (head.clone(), base.clone())
            } else {
                (base.clone(), head.clone())
            }
        });
        let found = compare(&swapped.collect::<Vec<Pair>>(), effect);
        found.iter().any(|c| c.change == Change::Regression)
    };
    let alarms = (0..rounds).filter(|_| alarm()).count();
    alarms as f64 / f64::from(rounds.max(1))
}

fn better(measure: Measure) -> Better {
    match measure {
        Measure::Throughput => Better::Higher,
        _ => Better::Lower,
    }
}

/// Holm's procedure, once for each direction: the more series, the surer each has to be.
fn decide(all: &mut [Compared]) {
    for change in [Change::Regression, Change::Improvement] {
        let p = |c: &Compared| match change {
            Change::Regression => c.worse,
            _ => 1.0 - c.worse,
        };
        let mut order: Vec<usize> = (0..all.len())
            .filter(|&i| all[i].change != Change::TooFew)
            .collect();
        order.sort_by(|&a, &b| p(&all[a]).total_cmp(&p(&all[b])));
        for (rank, &i) in order.iter().enumerate() {
            if p(&all[i]) > ALARM / (order.len() - rank) as f64 {
                break;
            }
            if all[i].large {
                all[i].change = change;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution as _, StandardNormal};

    /// Pairs of so many series, with night shares in common and scatter of their own; the first slower by a factor.
    fn pairs(seed: u64, (count, series): (usize, usize), scatter: f64, slower: f64) -> Vec<Pair> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut noise = || -> f64 { StandardNormal.sample(&mut random) };
        let mut pair = || {
            let common = 0.05 * noise();
            let mut side = |factor: f64| -> Vec<Figure> {
                let of = |i: usize, noise: f64| Figure {
                    part: format!("f/{i}"),
                    measure: Measure::P95,
                    value: (common + scatter * noise).exp()
                        * 100.0
                        * if i == 0 { factor } else { 1.0 },
                    n: 1000,
                };
                (0..series).map(|i| of(i, noise())).collect()
            };
            (side(1.0), side(slower))
        };
        (0..count).map(|_| pair()).collect()
    }

    #[test]
    fn a_slower_step_is_named_and_a_faster_one_is_no_regression() {
        for (slower, expected) in [
            (1.2, Change::Regression),
            (1.0, Change::None),
            (1.02, Change::None),
            (0.8, Change::Improvement),
        ] {
            let found = compare(&pairs(7, (8, 10), 0.01, slower), Effect::default());
            let of_first = found.iter().find(|c| c.part == "f/0").unwrap();
            assert_eq!(of_first.change, expected, "{of_first:?}");
            let (low, high) = of_first.interval.unwrap();
            assert!(low < slower && slower < high, "{of_first:?}");
            let others = found.iter().filter(|c| c.part != "f/0");
            assert!(others.clone().count() == 9);
            assert!(others.into_iter().all(|c| c.change == Change::None));
        }
    }

    #[test]
    fn equal_versions_alarm_in_less_than_one_comparison_of_twenty() {
        let alarms = (0..400).filter(|seed| {
            let found = compare(&pairs(*seed, (8, 20), 0.05, 1.0), Effect::default());
            found.iter().any(|c| c.change == Change::Regression)
        });
        let alarms = alarms.count();
        assert!(alarms < 20, "{alarms} of 400");
    }

    #[test]
    fn what_nine_of_ten_should_see_most_do() {
        for count in [5, 8, 16] {
            let step = visible(0.03 * 2_f64.sqrt(), count, 10);
            let seen = (0..300).filter(|seed| {
                let found = compare(&pairs(*seed, (count, 10), 0.03, step), Effect::default());
                found[0].change == Change::Regression && found[0].part == "f/0"
            });
            let seen = seen.count();
            assert!(
                (255..=297).contains(&seen),
                "{seen} of 300 with {count} pairs"
            );
        }
    }

    #[test]
    fn swapped_sides_alarm_seldom_and_more_pairs_see_more() {
        let quiet = false_alarms(&pairs(3, (12, 5), 0.05, 1.0), Effect::default(), 200);
        assert!(quiet <= 0.1, "{quiet}");
        let seen: Vec<f64> = [5, 8, 16, 64].map(|n| visible(0.05, n, 20)).into();
        assert!(seen.is_sorted_by(|a, b| a > b) && seen[3] > 1.0, "{seen:?}");
    }

    #[test]
    fn few_pairs_and_small_changes_decide_nothing() {
        let few = compare(&pairs(1, (4, 2), 0.001, 2.0), Effect::default());
        assert!(few.iter().all(|c| c.change == Change::TooFew));
        let effect = Effect {
            share: 0.0,
            milliseconds: 50.0,
        };
        let small = compare(&pairs(1, (8, 2), 0.001, 1.2), effect);
        assert!(small.iter().all(|c| c.change == Change::None), "{small:?}");
        assert!(compare(&[], Effect::default()).is_empty());
    }
}
