//! Where the time of requests goes and how large their bodies are, in words. In: rows; out: texts for people. Invariant:
//! the parts have the names that budgets use, and a part that is not there is not named.

use crate::record::Metric;
use crate::report::{ExhibitRow, Latency, StepRow, text};
use crate::units::format_bytes;

/// The parts that the mean of a step is made of, in their order.
pub const PARTS: [&str; 5] = [
    "before the send",
    "connecting",
    "request written",
    "first byte",
    "body",
];

impl StepRow {
    /// The mean of the answered requests, part by part as [`PARTS`] names them, in milliseconds; `None` where none was
    /// answered. A part that only some requests have is spread over all of them, so that the parts add up.
    pub fn parts(&self) -> Option<[f64; 5]> {
        let (response, service) = (self.response.mean.ms?, self.service.mean.ms?);
        let first_byte = self.ttfb.mean.ms?;
        let of_all = |part: &Latency| {
            let sum = part.mean.ms.unwrap_or(0.0) * part.n as f64;
            sum / self.ttfb.n.max(1) as f64
        };
        let connecting = [&self.wait, &self.dns, &self.connect, &self.tls];
        let connecting: f64 = connecting.map(of_all).iter().sum();
        let write = of_all(&self.write);
        // Requests without an answer have the one and not the other: no part is less than nothing.
        let waiting = (first_byte - connecting - write).max(0.0);
        let late = (response - service).max(0.0);
        Some([late, connecting, write, waiting, of_all(&self.body)])
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Point;

    fn mean(ms: f64, n: u64) -> Latency {
        Latency {
            n,
            mean: Point {
                ms: Some(ms),
                at_least: false,
            },
            ..Latency::default()
        }
    }

    #[test]
    fn parts_add_up_to_the_mean_response_time() {
        let step = StepRow {
            response: mean(12.0, 100),
            service: mean(10.0, 100),
            connect: mean(20.0, 5),
            write: mean(0.5, 100),
            ttfb: mean(7.0, 100),
            body: mean(3.0, 100),
            ..StepRow::default()
        };
        assert_eq!(step.parts(), Some([2.0, 1.0, 0.5, 5.5, 3.0]));
        assert_eq!(StepRow::default().parts(), None);
    }
}
