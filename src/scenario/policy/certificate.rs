//! `certificate`. In: the certificate that the server showed; out: whether it ends soon. Invariant: chain and host are
//! not looked at here: TLS itself refuses what is wrong with them, unless the scenario says `insecure`.

use super::{Look, Seen, days};
use std::time::{Duration, SystemTime};
use x509_cert::Certificate as Read;
use x509_cert::der::Decode as _;

/// How long it must be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Warn below this.
    pub warn: Duration,
    /// Fail below this; not more than `warn`.
    pub fail: Duration,
}

impl Default for Certificate {
    fn default() -> Self {
        Self {
            warn: Duration::from_hours(30 * 24),
            fail: Duration::from_hours(7 * 24),
        }
    }
}

impl Certificate {
    pub(super) fn look(&self, seen: &Seen<'_>) -> Look {
        let Some(der) = seen.certificate else {
            return Look::Idle;
        };
        let Ok(read) = Read::from_der(der) else {
            return Look::Fails("the certificate cannot be read".to_owned());
        };
        let end = read.tbs_certificate().validity().not_after;
        let end = end.to_unix_duration();
        let now = seen
            .now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        self.judge(end.checked_sub(now))
    }

    /// `left`: how long it is still valid; `None` where it has ended.
    fn judge(&self, left: Option<Duration>) -> Look {
        let Some(left) = left else {
            return Look::Fails("the certificate has expired".to_owned());
        };
        let sentence = |limit| {
            format!(
                "the certificate ends in {}, within {}",
                days(left),
                days(limit)
            )
        };
        if left < self.fail {
            Look::Fails(sentence(self.fail))
        } else if left < self.warn {
            Look::Warns(sentence(self.warn))
        } else {
            Look::Holds
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_seen_coming() {
        let policy = Certificate::default();
        let days = |n: u64| Some(Duration::from_secs(n * 86_400));
        assert_eq!(policy.judge(days(30)), Look::Holds);
        let Look::Warns(sentence) = policy.judge(days(29)) else {
            panic!("not a warning");
        };
        assert_eq!(sentence, "the certificate ends in 29 days, within 30 days");
        assert_eq!(policy.judge(days(7)), policy.judge(days(7)));
        assert!(matches!(policy.judge(days(7)), Look::Warns(_)));
        assert!(matches!(policy.judge(days(6)), Look::Fails(_)));
        assert!(matches!(policy.judge(None), Look::Fails(_)));
    }
}
