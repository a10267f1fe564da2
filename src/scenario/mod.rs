//! PARSE: the scenario file → a [`Scenario`]. In: the path of a YAML file and the [`Environment`]; out: a
//! typed scenario with every template, check and data row ready, or every problem of the file in one pass.
//! Invariant: a [`Scenario`] that exists can be run: names resolve, files were read, numbers have units,
//! and no secret stands in a URL.
//!
//! *The text becomes nodes; [`Environment`] fills in `${NAME}`; the vocabulary says which keys there are;
//! names gives every capture and data column its slot; flows become steps, steps become requests.*

mod constants;
mod environment;
mod feeder;
mod flow;
mod include;
mod load;
mod loading;
mod names;
mod network;
mod notify;
mod observe;
pub mod policy;
mod profile;
mod select;
mod settings;
mod timing;
mod trace;
mod vocabulary;

pub use environment::{Environment, Lookup, Origin, Secret, Setting};
pub use feeder::{Draw, Feeder, Order, Per};
pub use flow::{
    Assignment, Auth, Block, BlockKind, Body, Capture, Coding, Conversation, Flow, Framing, Listen,
    Multipart, OAuth2, Part, PartValue, Request, Retry, Send, Step, Stream, Think, Turn, Until,
    Wait, Written, bearer,
};
pub use load::{environments, load, parse};
pub use network::{
    Dns, Family, Identity, Network, Override, Proxies, Proxy, Speaks, Tls, TlsVersion, is_loopback,
};
pub use notify::{Ending, Mail, MailTls, Notify, Way};
pub use observe::{Address, Observe, Observed, Page, Prometheus, Reading, Selector, Test, labels};
pub use profile::{Amount, History, Load, Process, Profile, Spike, Stage, Stairs};
pub use select::{SelectError, Selection};
pub use settings::{Connections, Http, parse_target};
pub use trace::Trace;
pub use vocabulary::{POLICIES, SCENARIO};

use crate::expr::Value;
use crate::source::{Diagnostic, Source, Spanned, render_all};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// A scenario, and what is worth a look in its file.
#[derive(Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// Problems that do not stop the run.
    pub warnings: Vec<Diagnostic>,
    /// Which environment variables the file asked for and where each value came from, never the values.
    pub lookups: Vec<Lookup>,
    /// The values that the file gives beside its flows, and where each came from.
    pub settings: Vec<Setting>,
    /// Every file that it was read from, the scenario's own and `.env` among them, whether it is there or not.
    pub files: Vec<PathBuf>,
}

/// How people use a system, ready to run.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// `scenario:`, or the file's name without its ending.
    pub name: String,
    /// The file it was read from.
    pub source: Arc<Source>,
    /// The one of its `environments:` that was laid over it.
    pub environment: Option<String>,
    /// Scheme, host and port of the system; the paths of the steps start here.
    pub target: Spanned<Url>,
    /// The budget file: as named, or found by name; it exists.
    pub budgets: Option<PathBuf>,
    /// Values that no output may show.
    pub secrets: Vec<Secret>,
    /// Hosts that may get more than the safe rate.
    pub allow: Vec<String>,
    /// How servers are verified.
    pub tls: Tls,
    /// What stands between the users and the target.
    pub network: Network,
    /// How long connections are kept, and for whom.
    pub connections: Connections,
    /// Which version of HTTP is spoken.
    pub http: Http,
    /// Requests at once on an HTTP/2 connection, where the scenario bounds them.
    pub streams: Option<u32>,
    /// Whether each host gets one request before a load.
    pub preflight: bool,
    /// Who is told how a run ended.
    pub notify: Option<Notify>,
    /// What is read beside the load.
    pub observe: Option<Observe>,
    /// Whether requests carry traces.
    pub trace: Option<Trace>,
    /// The durations of `Server-Timing` that a load keeps.
    pub server_timing: Option<Vec<String>>,
    /// Slot → name of a captured variable or `feeder.column`.
    pub variables: Vec<String>,
    /// Rows for the flows.
    pub data: Vec<Feeder>,
    /// The journeys, in the order of the file; at least one.
    pub flows: Vec<Flow>,
    /// Once before the load, by one user; what it captures, every user begins with.
    pub setup: Option<Flow>,
    /// Once after the load, by the user of `setup`.
    pub teardown: Option<Flow>,
    /// Once by every user before its first flow.
    pub user_setup: Option<Flow>,
    /// Once by every user after its last flow.
    pub user_teardown: Option<Flow>,
    /// Slot → value that every user begins with: `variables:`.
    pub constants: Vec<(usize, Value)>,
    /// The amounts of load, in the order of the file; `smoke` with one pass where the file names none.
    pub profiles: Vec<Profile>,
}

impl Scenario {
    /// The flows, and those around them: setup and teardown of the run and of users.
    pub fn every_flow(&self) -> impl Iterator<Item = &Flow> {
        let around = [
            &self.setup,
            &self.user_setup,
            &self.user_teardown,
            &self.teardown,
        ];
        self.flows.iter().chain(around.into_iter().flatten())
    }

    /// The host that a request goes to, with the port if one is given; `None` where that depends on the run.
    pub fn host_of(&self, request: &Request) -> Option<String> {
        let (url, literal) = (request.url.beginning(), request.url.as_literal());
        let Some((_, behind)) = url.split_once("://") else {
            let at_target = url.starts_with('/') || literal.is_some();
            let host = self.target.value.host_str().filter(|_| at_target)?;
            let port = self.target.value.port();
            return Some(port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")));
        };
        let end = behind
            .find(['/', '?', '#'])
            .or(literal.map(|_| behind.len()))?;
        Some(behind[..end].to_lowercase())
    }

    /// Keeps what a profile sends: the flows that it names, with their weights there, and under load neither flows without
    /// weight nor the requests that policies send beside their steps. How many of these requests were left out.
    pub fn keep_to(&mut self, profile: &str) -> usize {
        let Some(profile) = self.profile(profile) else {
            return 0;
        };
        let (smoke, mix) = (profile.is_smoke(), profile.flows.clone());
        if let Some(mix) = mix {
            self.flows.retain_mut(|flow| {
                let named = mix.iter().find(|(name, _)| *name == flow.name);
                flow.weight = named.map_or(0.0, |(_, weight)| *weight);
                named.is_some()
            });
        }
        if smoke { 0 } else { self.leave_out_smoke() }
    }

    /// Takes out what is for smoke tests only; how many requests of policies.
    fn leave_out_smoke(&mut self) -> usize {
        let before = self.every_flow().flat_map(Flow::requests).count();
        let around = [
            &mut self.setup,
            &mut self.user_setup,
            &mut self.user_teardown,
            &mut self.teardown,
        ];
        for flow in self.flows.iter_mut().chain(around.into_iter().flatten()) {
            flow.leave_out_probes();
        }
        let left_out = before - self.every_flow().flat_map(Flow::requests).count();
        self.flows.retain(|flow| flow.weight > 0.0);
        left_out
    }

    /// The profile of that name.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum Problems {
    /// The file says something that cannot be run. Warnings are among them.
    #[error("{} in the scenario", counted(.0))]
    Invalid(Vec<Diagnostic>),
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// As it was asked for.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Problems {
    /// The problems that have a place in a file.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Invalid(problems) => problems,
            Self::Unreadable { .. } => &[],
        }
    }

    /// Every problem as a compiler shows it, in colour when `colour` is set.
    pub fn render(&self, colour: bool) -> String {
        match self {
            Self::Invalid(problems) => render_all(problems, colour),
            Self::Unreadable { .. } => format!("error: {self}\n"),
        }
    }
}

fn counted(problems: &[Diagnostic]) -> String {
    match problems.len() {
        1 => String::from("1 problem"),
        many => format!("{many} problems"),
    }
}

#[cfg(test)]
mod tests;
