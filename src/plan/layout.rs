//! A profile, stretch by stretch. In: a profile and what its rates mean in flow starts; out: the stretches of the
//! run, in order. Invariant: each begins where the one before ends, and what is not judged comes first.

use super::pacer::Segment;
use crate::scenario::{Amount, Load, Profile, Spike, Stage, Stairs};
use crate::units::Rate;
use std::time::Duration;

/// A stretch of the run: a phase, and the load in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stretch {
    pub(super) name: String,
    pub(super) segment: Segment,
    pub(super) measured: bool,
}

/// The stretches of a profile in flow starts a second or users; none for passes.
pub(super) fn stretches(profile: &Profile, starts: impl Fn(Rate) -> f64) -> Vec<Stretch> {
    let level = |amount| match amount {
        Amount::Rate(rate) => starts(rate),
        Amount::Users(users) => users as f64,
    };
    let steady = |amount| {
        let segment = Segment::flat(level(amount), profile.duration);
        vec![stretch(profile.name.clone(), segment)]
    };
    let judged = match &profile.load {
        Load::Passes(_) => return Vec::new(),
        Load::Users(users) => steady(Amount::Users(*users)),
        Load::Rate(rate) => steady(Amount::Rate(*rate)),
        Load::Stairs(stairs) => self::stairs(stairs, starts),
        Load::Spike(spike) => self::spike(spike, profile.duration, starts),
        Load::Stages(stages) => self::stages(stages, level),
    };
    let first = judged.first().map_or(0.0, |s| s.segment.from);
    let ramp = Segment {
        duration: profile.ramp,
        from: 0.0,
        to: first,
    };
    let warmup = Segment::flat(first, profile.warmup);
    let before = [("ramp", ramp), ("warm-up", warmup)].map(|(name, segment)| Stretch {
        measured: false,
        ..stretch(name.into(), segment)
    });
    before
        .into_iter()
        .chain(judged)
        .filter(|s| !s.segment.duration.is_zero())
        .collect()
}

fn stretch(name: String, segment: Segment) -> Stretch {
    Stretch {
        name,
        segment,
        measured: true,
    }
}

fn stairs(stairs: &Stairs, starts: impl Fn(Rate) -> f64) -> Vec<Stretch> {
    let level = |(i, rate): (usize, Rate)| {
        let name = format!("step {} ({rate})", i + 1);
        stretch(name, Segment::flat(starts(rate), stairs.every))
    };
    stairs.levels().enumerate().map(level).collect()
}

/// A spike in the middle of every period; what is left of the last period is at the base.
fn spike(spike: &Spike, duration: Duration, starts: impl Fn(Rate) -> f64) -> Vec<Stretch> {
    let (base, peak) = (starts(spike.base), starts(spike.peak));
    let period = spike.every.unwrap_or(duration);
    let before = (period.saturating_sub(spike.length())) / 2;
    let after = period.saturating_sub(spike.length() + before);
    let slope = |duration, from, to| Segment { duration, from, to };
    let low = || format!("base ({})", spike.base);
    let one = || {
        [
            (low(), Segment::flat(base, before)),
            ("rise".to_owned(), slope(spike.rise, base, peak)),
            (
                format!("spike ({})", spike.peak),
                Segment::flat(peak, spike.hold),
            ),
            ("fall".to_owned(), slope(spike.fall, peak, base)),
            (low(), Segment::flat(base, after)),
        ]
    };
    let periods = (duration.as_nanos() / period.as_nanos().max(1)) as u32;
    let rest = duration.saturating_sub(period * periods);
    (0..periods)
        .flat_map(|_| one())
        .chain([(low(), Segment::flat(base, rest))])
        .map(|(name, segment)| stretch(name, segment))
        .collect()
}

fn stages(stages: &[Stage], level: impl Fn(Amount) -> f64) -> Vec<Stretch> {
    let mut before = 0.0;
    let one = |(i, stage): (usize, &Stage)| {
        let to = level(stage.amount);
        let from = if stage.at_once { to } else { before };
        before = to;
        let how = if stage.at_once { "at" } else { "to" };
        let segment = Segment {
            duration: stage.length,
            from,
            to,
        };
        Stretch {
            measured: !stage.warmup,
            ..stretch(format!("stage {} ({how} {})", i + 1, stage.amount), segment)
        }
    };
    stages.iter().enumerate().map(one).collect()
}
