//! Where the time of requests goes and how large their bodies are, in words. In: rows; out: texts for people. Invariant:
//! the parts have the names that budgets use, and a part that is not there is not named.

use super::{ExhibitRow, Latency, StepRow};
use crate::record::Metric;
use crate::report::text;
use crate::units::format_bytes;

impl StepRow {
    /// Where the time goes: the parts of a request that this step has, in their order, by the names that budgets use.
    fn phases(&self) -> impl Iterator<Item = (&'static str, &Latency)> {
        let latencies = [
            &self.wait,
            &self.dns,
            &self.connect,
            &self.tls,
            &self.write,
            &self.ttfb,
            &self.body,
        ];
        let phases = Metric::PHASES.map(Metric::name).into_iter();
        phases.zip(latencies).filter(|(_, l)| l.p50.ms.is_some())
    }

    /// `689 kB (14.4 ×)`; empty where nothing came packed.
    pub fn decoded_text(&self) -> String {
        match self.decoded {
            _ if self.packed == 0 => String::new(),
            Some(decoded) => {
                let ratio = decoded as f64 / self.received.max(1) as f64;
                format!("{} ({} ×)", format_bytes(decoded), text::figure(ratio))
            }
            None => "not measured".to_owned(),
        }
    }

    /// The 95th percentile of each part, in milliseconds: `connect 1.2, ttfb 9`
    pub fn phases_text(&self) -> String {
        let parts = self.phases();
        let parts: Vec<String> = parts
            .map(|(name, latency)| format!("{name} {}", latency.p95.text()))
            .collect();
        parts.join(", ")
    }

    /// `48 kB, unpacked: 689 kB (14.4 ×)`; nothing where no body came packed.
    pub fn sizes_text(&self) -> Option<String> {
        let wire = format_bytes(self.received);
        (self.packed > 0).then(|| format!("{wire}, unpacked: {}", self.decoded_text()))
    }
}

impl ExhibitRow {
    /// `12 ms: connect 1.2, ttfb 9`
    pub fn time_text(&self) -> String {
        let parts = self.phases.iter();
        let parts: Vec<String> = parts
            .map(|(name, time)| format!("{name} {}", text::figure(*time)))
            .collect();
        let colon = if parts.is_empty() { "" } else { ": " };
        format!("{} ms{colon}{}", text::figure(self.took), parts.join(", "))
    }
}
