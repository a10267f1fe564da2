//! What was judged, as people read it. In: judgements and evidence; out: the same with clean texts, and their words.
//! Invariant: nothing is judged here.

use crate::budget::{Evidence, Judgement, Outcome};
use crate::report::text;
use crate::units::{format_count, format_share};

/// A judgement whose texts are clean.
pub(in crate::report::view) fn judged(judgement: &Judgement) -> Judgement {
    let clean = |said: &Option<String>| said.as_deref().map(text::line);
    Judgement {
        text: text::line(&judgement.text),
        scope: text::line(&judgement.scope),
        headroom: judgement.headroom.filter(|h| h.is_finite()),
        // Equal bounds are words, not an interval.
        interval: judgement.interval.clone().filter(|(low, high)| low != high),
        note: clean(&judgement.note),
        worst: clean(&judgement.worst),
        ..judgement.clone()
    }
}

/// Those that need a look before the others; of one kind in the order of their file.
pub(in crate::report::view) fn ranked(judgements: &[Judgement]) -> Vec<&Judgement> {
    let mut ranked: Vec<&Judgement> = judgements.iter().collect();
    ranked.sort_by_key(|judgement| judgement.rank());
    ranked
}

/// Evidence whose texts are clean.
pub(in crate::report::view) fn fitness(evidence: &Evidence) -> Evidence {
    Evidence {
        value: text::line(&evidence.value),
        advice: text::line(&evidence.advice),
        ..evidence.clone()
    }
}

impl Judgement {
    /// How soon somebody has to look at it: what fails the run, what is only shown, what is open, what holds.
    fn rank(&self) -> u8 {
        match self.outcome {
            _ if self.breaks() => 0,
            _ if self.warns() => 1,
            Outcome::Undecided => 2,
            Outcome::NotRun => 4,
            _ => 3,
        }
    }

    /// The outcome as readers see it: `PASS`, `FAIL`, `MARGINAL PASS`, `UNDECIDED`, `NOT RUN`.
    pub fn word(&self) -> String {
        if self.warns() {
            return "WARN".to_owned();
        }
        self.outcome.name().to_uppercase()
    }

    /// `worth 420 independent ones (inflation 71.4)`, or nothing.
    pub fn effective_text(&self) -> Option<String> {
        let (effective, inflation) = self.effective.zip(self.inflation)?;
        Some(format!(
            "worth {} independent ones (inflation {})",
            format_count(effective),
            text::figure(inflation)
        ))
    }

    /// `37 % left`, `104 % over`, or nothing.
    pub fn headroom_text(&self) -> String {
        match self.headroom {
            Some(left) if left >= 0.0 => format!("{} left", whole_share(left)),
            Some(over) if over < -9.995 => format!("{} × the limit", text::figure(1.0 - over)),
            // A rate that is missed is not exceeded.
            Some(over) if self.violations.is_none() && self.text.contains('>') => {
                format!("{} short", whole_share(-over))
            }
            Some(over) => format!("{} over", whole_share(-over)),
            None => String::new(),
        }
    }
}

/// A share to the percent, but never a small one as none, nor nearly all as all.
fn whole_share(share: f64) -> String {
    if share > 0.0 && (share < 0.01 || (share > 0.99 && share < 1.0)) {
        return format_share(share);
    }
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Level;

    #[test]
    fn headroom_is_said_in_words() {
        let judgement = Judgement {
            text: "p95 < 500ms".into(),
            line: 2,
            scope: "all requests".into(),
            level: Level::Fail,
            outcome: Outcome::Marginal { passed: false },
            limit: "500 ms".into(),
            actual: None,
            headroom: None,
            n: 0,
            violations: None,
            interval: None,
            needed: None,
            effective: None,
            inflation: None,
            bound: None,
            exact: true,
            note: None,
            worst: None,
        };
        let mut row = judged(&judgement);
        assert_eq!((row.word().as_str(), row.breaks()), ("MARGINAL FAIL", true));
        row.level = Level::Warn;
        assert_eq!((row.word().as_str(), row.breaks()), ("WARN", false));
        for (headroom, text) in [
            (None, ""),
            (Some(0.374), "37 % left"),
            (Some(0.0), "0 % left"),
            (Some(0.004), "0.4 % left"),
            (Some(1.0), "100 % left"),
            (Some(-1.04), "104 % over"),
            (Some(-61.6), "62.6 × the limit"),
        ] {
            row.headroom = headroom;
            assert_eq!(row.headroom_text(), text);
        }
    }
}
