//! Answers that were not the application's. In: who refused a request; out: counts for the evidence. Invariant: what a
//! step declares by a check on the status is no refusal.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who protects targets by answering in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Cloudflare.
    Cloudflare,
    /// Vercel.
    Vercel,
    /// AWS WAF and `CloudFront`.
    Aws,
    /// Akamai.
    Akamai,
    /// Imperva.
    Imperva,
    /// `DataDome`.
    DataDome,
    /// Sucuri.
    Sucuri,
}

impl Platform {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cloudflare => "Cloudflare",
            Self::Vercel => "Vercel",
            Self::Aws => "AWS WAF",
            Self::Akamai => "Akamai",
            Self::Imperva => "Imperva",
            Self::DataDome => "DataDome",
            Self::Sucuri => "Sucuri",
        }
    }

    /// How its owner lets a load generator in.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Cloudflare => {
                "add a WAF rule with the action Skip for the generator's address or a secret header, and send that header with `defaults: { headers: … }`"
            }
            Self::Vercel => {
                "add a bypass rule for the generator's address to the Vercel Firewall, or send `x-vercel-protection-bypass` with `defaults: { headers: … }`, and tell Vercel before a load test"
            }
            Self::Aws => {
                "put a rule that allows the generator's address or a secret header before the others of the web ACL, and send that header with `defaults: { headers: … }`"
            }
            Self::Akamai | Self::Imperva | Self::DataDome | Self::Sucuri => {
                "allow-list the generator's address there, or a secret header that `defaults: { headers: … }` sends"
            }
        }
    }
}

/// How a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// By a platform that says so.
    Platform(Platform),
    /// With 403 or 429, by nobody that is known.
    Wall,
}

/// How often requests of a step were refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refusals {
    /// By platforms.
    pub platforms: BTreeMap<Platform, u64>,
    /// With a 403 or 429 that the step does not declare.
    pub wall: u64,
    /// Requests that had passed when the first of these came.
    pub before: u64,
}

impl Refusals {
    /// Counts one; `passed` requests of the step did before.
    pub fn record(&mut self, refusal: Refusal, passed: u64) {
        match refusal {
            Refusal::Platform(platform) => *self.platforms.entry(platform).or_default() += 1,
            Refusal::Wall => {
                if self.wall == 0 {
                    self.before = passed;
                }
                self.wall += 1;
            }
        }
    }

    /// Adds those of another worker or phase. Each comes with all that passed there: before the first refusal, that is,
    /// where there was none.
    pub fn merge(&mut self, passed: u64, (other, theirs): (&Self, u64)) {
        let before = |of: &Self, passed| if of.wall > 0 { of.before } else { passed };
        self.before = match self.wall + other.wall {
            0 => 0,
            _ => before(self, passed) + before(other, theirs),
        };
        self.wall += other.wall;
        for (platform, count) in &other.platforms {
            *self.platforms.entry(*platform).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_before_adds_up_over_workers() {
        let mut first = Refusals::default();
        first.record(Refusal::Wall, 40);
        first.record(Refusal::Wall, 41);
        let quiet = Refusals::default();
        let mut all = Refusals::default();
        all.merge(30, (&first, 45));
        assert_eq!((all.wall, all.before), (2, 70));
        all.merge(75, (&quiet, 5));
        assert_eq!((all.wall, all.before), (2, 75));
        all.merge(80, (&first, 45));
        assert_eq!((all.wall, all.before), (4, 115));
    }
}
