//! What budgets may call a step. In: the names of a scenario or of a record; out: the steps that a part of a budget
//! speaks of. Invariant: `validate`, recording and judging ask here, so a name means the same steps to all of them.
//!
//! A bare name is looked up as `flow/step`, flow, step, group (`flow/group`, too), tag, host, in that order. With its
//! kind before it (`tag checkout`) it is that and nothing else. Flows, groups, tags and hosts are all of their steps.

use crate::budget::{Budget, Scope};
use crate::record::{Metric, Part, RunRecord};

/// The tag that keeps a step out of latency budgets without a part.
const SLOW: &str = "slow";

/// A step, by all that it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its flow.
    pub flow: String,
    /// Its name.
    pub step: String,
    /// The groups that it is in.
    pub groups: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Where it goes, with the port if one is given; `None` where only the run knows.
    pub host: Option<String>,
    /// What it captures and may be shown; `None` where that is not known.
    pub captures: Option<Vec<String>>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::budget) enum Kind {
    /// One step.
    Step,
    /// The steps of a flow.
    Flow,
    /// The steps of a group.
    Group,
    /// The steps with a tag.
    Tag,
    /// The steps that go to a host.
    Host,
}

/// What a scope stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::budget) enum Target<'a> {
    /// Every step.
    All,
    /// All steps that the name fits in this way.
    Of(Kind, &'a str),
    /// Steps of several flows have this name.
    Ambiguous(&'a str),
    /// Nothing has this name.
    Unknown,
}

impl Place {
    /// A step without groups, tags and host.
    pub fn new(flow: impl Into<String>, step: impl Into<String>) -> Self {
        Self {
            flow: flow.into(),
            step: step.into(),
            ..Self::default()
        }
    }

    /// The steps of a run, in the order of its record.
    pub fn of(record: &RunRecord) -> Vec<Self> {
        let steps = record.steps.iter();
        let place = |step: &crate::record::StepRecord| Self {
            flow: record
                .flows
                .get(step.flow)
                .map_or_else(String::new, |flow| flow.name.clone()),
            step: step.name.clone(),
            groups: step.groups.clone(),
            tags: step.tags.clone(),
            host: step.host.clone(),
            captures: None,
        };
        steps.map(place).collect()
    }

    /// `flow/step`.
    pub fn label(&self) -> String {
        format!("{}/{}", self.flow, self.step)
    }

    /// Its names of a kind.
    pub(super) fn called(&self, kind: Kind) -> Vec<&str> {
        match kind {
            Kind::Step => vec![&self.step],
            Kind::Flow => vec![&self.flow],
            Kind::Group => self.groups.iter().map(String::as_str).collect(),
            Kind::Tag => self.tags.iter().map(String::as_str).collect(),
            Kind::Host => self.host.as_deref().into_iter().collect(),
        }
    }

    /// Whether a part of it can be counted, as far as is known.
    pub(in crate::budget) fn captured(&self, part: &Part) -> bool {
        match (part, &self.captures) {
            (Part::Capture(name), Some(captures)) => captures.contains(name),
            _ => true,
        }
    }

    /// Whether a name of this kind fits.
    fn is(&self, kind: Kind, name: &str) -> bool {
        match kind {
            Kind::Step => self.step == name || is_label(name, &self.flow, &self.step),
            Kind::Flow => self.flow == name,
            Kind::Group => {
                let fits = |g: &String| g == name || is_label(name, &self.flow, g);
                self.groups.iter().any(fits)
            }
            Kind::Tag => self.tags.iter().any(|tag| tag == name),
            Kind::Host => self.host.as_deref().is_some_and(|host| {
                let bare = host.rsplit_once(':').map_or(host, |(bare, _)| bare);
                host == name || bare == name
            }),
        }
    }
}

impl Kind {
    /// In the order of looking up.
    pub(in crate::budget) const ALL: [Self; 5] =
        [Self::Flow, Self::Step, Self::Group, Self::Tag, Self::Host];

    /// The word in sentences.
    pub(in crate::budget) fn word(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Flow => "flow",
            Self::Group => "group",
            Self::Tag => "tag",
            Self::Host => "host",
        }
    }
}

impl Scope {
    /// What it stands for among these steps.
    pub(in crate::budget) fn target(&self, places: &[Place]) -> Target<'_> {
        let Self::Named(name) = self else {
            return Target::All;
        };
        if places.iter().any(|p| is_label(name, &p.flow, &p.step)) {
            return Target::Of(Kind::Step, name);
        }
        let whole = Kind::ALL.into_iter().map(|kind| (kind, name.as_str()));
        let told = Kind::ALL.into_iter().filter_map(|kind| {
            let rest = name.strip_prefix(kind.word())?;
            Some((kind, rest.strip_prefix(' ')?.trim_start()))
        });
        for (kind, name) in whole.chain(told) {
            match (kind, places.iter().filter(|p| p.is(kind, name)).count()) {
                (_, 0) => {}
                (Kind::Step, 2..) => return Target::Ambiguous(name),
                _ => return Target::Of(kind, name),
            }
        }
        Target::Unknown
    }

    /// For each of these steps, whether it speaks of it.
    pub(in crate::budget) fn among(&self, places: &[Place]) -> Vec<bool> {
        let target = self.target(places);
        let labelled = |name: &str| places.iter().any(|p| is_label(name, &p.flow, &p.step));
        let fits = |place: &Place| match target {
            Target::All => true,
            Target::Of(Kind::Step, name) if labelled(name) => {
                is_label(name, &place.flow, &place.step)
            }
            Target::Of(kind, name) => place.is(kind, name),
            Target::Ambiguous(_) | Target::Unknown => false,
        };
        places.iter().map(fits).collect()
    }

    /// What else its name could mean, beside what it does mean, where that is other steps.
    pub(super) fn namesakes(&self, places: &[Place]) -> Option<(Kind, Kind)> {
        let (Self::Named(written), Target::Of(kind, name)) = (self, self.target(places)) else {
            return None;
        };
        let covered = |kind| places.iter().map(|p| p.is(kind, name)).collect::<Vec<_>>();
        let differs = |other: &Kind| {
            let theirs = covered(*other);
            *other != kind && theirs.contains(&true) && theirs != covered(kind)
        };
        let told = written != name || written.contains('/');
        let other = Kind::ALL.into_iter().find(|k| !told && differs(k))?;
        Some((kind, other))
    }
}

impl Budget {
    /// For each of these steps, whether it is judged on it: those tagged `slow` only where a part is named, or where it
    /// is not about time, and of a captured number those that capture it, as far as is known.
    pub(in crate::budget) fn among(&self, places: &[Place]) -> Vec<bool> {
        let metric = self.statistic.metric();
        let slow = self.scope == Scope::All && metric.is_some_and(|m| m != Metric::Captured);
        let judged = |place: &Place| {
            let left_out = slow && place.tags.iter().any(|tag| tag == SLOW);
            !left_out && self.part.as_ref().is_none_or(|part| place.captured(part))
        };
        let speaks = self.scope.among(places).into_iter().zip(places);
        speaks
            .map(|(speaks, place)| speaks && judged(place))
            .collect()
    }
}

/// Whether `name` is `flow/step`.
pub(in crate::budget) fn is_label(name: &str, flow: &str, step: &str) -> bool {
    name.strip_prefix(flow)
        .and_then(|rest| rest.strip_prefix('/'))
        == Some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(label: &str, group: &str, tag: &str, host: &str) -> Place {
        let (flow, step) = label.split_once('/').unwrap();
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Place {
            groups: list(group),
            tags: list(tag),
            host: Some(host.to_owned()).filter(|h| !h.is_empty()),
            ..Place::new(flow, step)
        }
    }

    #[test]
    fn a_name_means_the_same_steps_to_everybody() {
        let places = [
            place("browse/landing", "", "public", "shop.test"),
            place("browse/images", "assets", "public cached", "cdn.test:8443"),
            place("buy/pay", "", "checkout", "shop.test"),
            place("buy/images", "assets", "checkout", "cdn.test:8443"),
            place("buy/tag checkout", "", "", ""),
        ];
        for (name, covered) in [
            ("browse", vec![0, 1]),
            ("buy/pay", vec![2]),
            ("pay", vec![2]),
            ("images", vec![]),
            ("step landing", vec![0]),
            ("assets", vec![1, 3]),
            ("group assets", vec![1, 3]),
            ("buy/assets", vec![3]),
            ("public", vec![0, 1]),
            ("tag public", vec![0, 1]),
            ("checkout", vec![2, 3]),
            // The whole name goes before the word of a kind.
            ("tag checkout", vec![4]),
            ("flow buy", vec![2, 3, 4]),
            ("host shop.test", vec![0, 2]),
            ("cdn.test", vec![1, 3]),
            ("host cdn.test:8443", vec![1, 3]),
            ("host cdn", vec![]),
            ("tag browse", vec![]),
        ] {
            let mask = Scope::Named(name.into()).among(&places);
            let found: Vec<usize> = (0..places.len()).filter(|i| mask[*i]).collect();
            assert_eq!(found, covered, "{name}");
        }
        assert_eq!(Scope::All.among(&places), [true; 5]);
        let images = Scope::Named("images".into());
        assert_eq!(images.target(&places), Target::Ambiguous("images"));
    }
}
