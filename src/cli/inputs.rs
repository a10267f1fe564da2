//! Files → everything a run needs. In: a scenario's path and what the command line says; out: [`Inputs`], or
//! every problem of both files at once. Invariant: budgets are bound to steps before anything is sent.

use super::Terminal;
use super::args::{Amount, Reading};
use super::error::Error;
use crate::budget::{self, BudgetFile, Place};
use crate::plan::{self, Overrides, Plan};
use crate::record::{BudgetSource, Limit, PartLayout, Watch};
use crate::scenario::{self, Flow, Lookup, Override, Proxy, Request, Scenario, Setting};
use crate::source::{Diagnostic, Severity, Source, render_all};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Requests a second that any host may get.
const SAFE_RATE: f64 = 50.0;

/// Requests that any host may get one after the other.
const SAFE_REQUESTS: u64 = 1_000;

/// A scenario with its budgets, checked against each other.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) scenario: Scenario,
    pub(super) budgets: Option<BudgetFile>,
    /// What the file gives beside its flows, and where from.
    pub(super) settings: Vec<Setting>,
    /// What it took from outside.
    pub(super) lookups: Vec<Lookup>,
    /// The files that it was read from.
    pub(super) files: Vec<PathBuf>,
}

impl Inputs {
    /// Reads a scenario and its budgets; warnings are printed, and the CI system is told of them.
    pub(super) fn read(file: &Path, reading: &Reading, terminal: Terminal) -> Result<Self, Error> {
        let (inputs, warnings) = Self::collect(file, reading)?;
        eprint!("{}", render_all(&warnings, terminal.stderr));
        terminal.ci.diagnosed(&warnings);
        Ok(inputs)
    }

    /// Reads a scenario and its budgets, and gives what is worth a look in them.
    pub(super) fn collect(
        file: &Path,
        reading: &Reading,
    ) -> Result<(Self, Vec<Diagnostic>), Error> {
        if is_budgets(file) {
            let file = file.display();
            return Err(Error::Usage(format!(
                "{file} is a budget file, not a scenario; name the scenario, with `--budgets {file}` for these budgets (`tollgate validate {file}` checks its sentences)"
            )));
        }
        let loaded = scenario::load(file, &reading.environment())?;
        let (scenario, mut warnings) = (loaded.scenario, loaded.warnings);
        let path = reading
            .budgets
            .clone()
            .or(scenario.budgets.as_deref().map(tidy));
        let budgets = path.map(|path| read_budgets(&path)).transpose()?;
        if let Some(budgets) = &budgets {
            let found = bind(budgets, &scenario);
            if found.iter().any(|p| p.severity == Severity::Error) {
                warnings.extend(found);
                return Err(Error::Budgets(warnings));
            }
            warnings.extend(found);
        }
        let inputs = Self {
            scenario,
            budgets,
            settings: loaded.settings,
            lookups: loaded.lookups,
            files: loaded.files,
        };
        Ok((inputs, warnings))
    }

    /// Resolves the profile; `smoke` where none was named, or the only one.
    pub(super) fn plan(&self, amount: &Amount) -> Result<Plan, Error> {
        let profile = match (&amount.profile, self.scenario.profiles.as_slice()) {
            (Some(name), _) => name.as_str(),
            (None, [only]) => only.name.as_str(),
            (None, _) => "smoke",
        };
        let overrides = Overrides {
            rate: amount.rate,
            duration: amount.duration,
            ramp: amount.ramp,
            warmup: amount.warmup,
        };
        let seed = amount.seed.unwrap_or_else(fresh_seed);
        let mut scenario = self.scenario.clone();
        scenario.keep_to(profile);
        Ok(plan::resolve(&scenario, profile, &overrides, seed)?)
    }

    /// Keeps what the plan sends. How many requests of policies were left out, which are for smoke tests.
    pub(super) fn keep_to(&mut self, plan: &Plan) -> usize {
        self.scenario.keep_to(&plan.profile)
    }

    /// The latency limits that recorders must count exactly, per request step.
    pub(super) fn limits(&self) -> Vec<Vec<Limit>> {
        let steps = steps(&self.scenario);
        self.budgets
            .as_ref()
            .map_or_else(Vec::new, |b| b.limits(&steps))
    }

    /// What recorders must count while the run goes: for the guards of its profile and, behind them, for the budgets
    /// where it ends as soon as they are decided, or where somebody sees them.
    pub(super) fn watches(&self, plan: &Plan, seen: bool) -> Vec<Watch> {
        let steps = steps(&self.scenario);
        let Some(budgets) = &self.budgets else {
            return Vec::new();
        };
        let mut watches = budgets.watches(&plan.profile, &steps);
        if plan.until_decided || seen {
            watches.extend(budgets.deciding(&plan.profile, &steps));
        }
        watches
    }

    /// The request steps whose cache outcomes a budget asks for.
    pub(super) fn cached(&self) -> Vec<bool> {
        let steps = steps(&self.scenario);
        self.budgets
            .as_ref()
            .map_or_else(Vec::new, |b| b.cached(&steps))
    }

    /// The parts of steps that budgets ask for.
    pub(super) fn parts(&self) -> Vec<PartLayout> {
        let steps = steps(&self.scenario);
        self.budgets
            .as_ref()
            .map_or_else(Vec::new, |b| b.parts(&steps))
    }

    /// The budget file for the record: re-judging needs nothing else.
    pub(super) fn budget_source(&self) -> Option<BudgetSource> {
        self.budgets.as_ref().map(|b| BudgetSource {
            file: b.source.name.clone(),
            text: b.source.text.clone(),
        })
    }

    /// Refuses load on somebody who did not ask for it.
    pub(super) fn check_reach(&self, plan: &Plan, owned: bool) -> Result<(), Error> {
        let target = &self.scenario.target.value;
        let host = target.host_str().unwrap_or_default();
        let listed = self
            .scenario
            .allow
            .iter()
            .any(|h| h.eq_ignore_ascii_case(host));
        if !is_load(plan) || owned {
            return Ok(());
        }
        let network = &self.scenario.network;
        let (on, host) = if let Some(proxy) = self.foreign_proxy() {
            ("through the proxy", proxy.host.as_str())
        } else if listed || network.is_local(target, true) {
            return Ok(());
        } else {
            ("on", host)
        };
        Err(Error::Usage(format!(
            "profile `{}` is load (more than {SAFE_RATE} req/s, or more than {SAFE_REQUESTS} requests) {on} {host}, which is neither this machine nor listed under `allow:`\n  \
             = help: if that system is yours, add `allow: [{host}]` to the scenario, or pass --i-own-this-target",
            plan.profile
        )))
    }

    /// A proxy that the load would go through, on another machine and not under `allow:`.
    fn foreign_proxy(&self) -> Option<&Proxy> {
        let (scenario, network) = (&self.scenario, &self.scenario.network);
        let target = network.foreign_proxy(&scenario.target.value, true);
        let others = super::preflight::elsewhere(scenario);
        let others = others.filter_map(|(_, _, url)| network.foreign_proxy(&url, false));
        let listed = |proxy: &&Proxy| {
            let allow = scenario.allow.iter();
            !allow
                .into_iter()
                .any(|h| h.eq_ignore_ascii_case(&proxy.host))
        };
        target.into_iter().chain(others).find(listed)
    }

    /// The same as options of curl.
    pub(super) fn way_of_curl(&self) -> Vec<(String, String)> {
        let (network, target) = (&self.scenario.network, &self.scenario.target.value);
        let option = |name: &str, value: String| (name.to_owned(), value);
        let mut options = Vec::new();
        match (&network.unix, network.proxies.of(target)) {
            (Some(path), _) => options.push(option("--unix-socket", path.display().to_string())),
            (None, Some(proxy)) => options.push(option("--proxy", proxy.to_string())),
            (None, None) => {}
        }
        for fixed in &network.resolve {
            let port = fixed.port.or(target.port_or_known_default()).unwrap_or(80);
            let to = fixed.addresses.iter().map(|a| a.ip().to_string());
            let to = to.collect::<Vec<_>>().join(",");
            options.push(option("--resolve", format!("{}:{port}:{to}", fixed.host)));
        }
        if let Some(identity) = &self.scenario.tls.identity {
            options.push(option("--cert", identity.cert.display().to_string()));
            options.push(option("--key", identity.key.display().to_string()));
        }
        options
    }

    /// What stands between this machine and the target, in words.
    pub(super) fn way(&self) -> Vec<String> {
        let (network, target) = (&self.scenario.network, &self.scenario.target.value);
        let mut way = Vec::new();
        match (&network.unix, network.proxies.of(target)) {
            (Some(path), _) => way.push(format!("the Unix socket {}", path.display())),
            (None, Some(proxy)) => way.push(format!("the proxy {proxy}")),
            (None, None) => {}
        }
        way.extend(network.resolve.iter().map(Override::words));
        way
    }
}

/// More than a person could do by hand: over the safe rate, or users without a limit on theirs.
pub(super) fn is_load(plan: &Plan) -> bool {
    match &plan.load {
        plan::Load::Passes(passes) => {
            let requests: f64 = plan.flows.iter().map(|f| f.requests).sum();
            *passes as f64 * requests > SAFE_REQUESTS as f64
        }
        plan::Load::Closed(_) => true,
        plan::Load::Open(_) => plan.peak_requests().is_some_and(|rate| rate > SAFE_RATE),
    }
}

/// (flow, step) of every request step, in the order of their indices.
pub(super) fn steps(scenario: &Scenario) -> Vec<Place> {
    let named = |flow: &Flow| {
        let requests = flow.grouped_requests().into_iter();
        let places = requests.map(|(groups, request)| Place {
            groups: groups.into_iter().map(str::to_owned).collect(),
            tags: request.tags.clone(),
            host: scenario.host_of(request),
            captures: Some(captures(request)),
            ..Place::new(&flow.name, &request.name)
        });
        places.collect::<Vec<_>>()
    };
    scenario.flows.iter().flat_map(named).collect()
}

/// The names under which a request captures what may be shown.
fn captures(request: &Request) -> Vec<String> {
    let open = request.captures.iter().filter(|c| !c.secret);
    open.map(|c| c.name.clone()).collect()
}

/// `scenarios/../budgets/shop.yaml` as `budgets/shop.yaml`, where that is the same file.
fn tidy(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        let folded = part == Component::ParentDir
            && matches!(short.components().next_back(), Some(Component::Normal(_)));
        if folded {
            short.pop();
        } else {
            short.push(part);
        }
    }
    let same = fs::canonicalize(&short)
        .ok()
        .zip(fs::canonicalize(path).ok())
        .is_some_and(|(a, b)| a == b);
    if same { short } else { path.to_owned() }
}

/// Whether somebody named a budget file where scenarios stand.
pub(super) fn is_budgets(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| budget::is_budgets(&text))
}

/// Reads and parses a budget file.
pub(super) fn read_budgets(path: &Path) -> Result<BudgetFile, Error> {
    let text = fs::read_to_string(path)
        .map_err(|e| Error::Usage(format!("cannot read {}: {e}", path.display())))?;
    parse_budgets(path.display().to_string(), text)
}

/// Parses a budget file.
pub(super) fn parse_budgets(name: String, text: String) -> Result<BudgetFile, Error> {
    budget::parse(Arc::new(Source::new(name, text))).map_err(Error::Budgets)
}

fn bind(budgets: &BudgetFile, scenario: &Scenario) -> Vec<Diagnostic> {
    let profiles: Vec<String> = scenario.profiles.iter().map(|p| p.name.clone()).collect();
    let observe = scenario.observe.as_ref();
    let names = observe.map_or_else(Vec::new, |o| o.names().map(str::to_owned).collect());
    let asks = observe.is_some_and(|observe| observe.prometheus.is_some());
    let mut problems = budget::bind(budgets, &steps(scenario), &profiles);
    problems.extend(budget::bind_servers(budgets, &names, asks));
    problems
}

/// Errors end the command, warnings are printed.
pub(super) fn refuse_errors(problems: Vec<Diagnostic>, terminal: Terminal) -> Result<(), Error> {
    if problems.iter().any(|p| p.severity == Severity::Error) {
        return Err(Error::Budgets(problems));
    }
    eprint!("{}", render_all(&problems, terminal.stderr));
    Ok(())
}

/// A seed that nobody chose: short enough to be typed again.
fn fresh_seed() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    plan::seed_of(now.as_secs(), u64::from(now.subsec_nanos())) % 1_000_000
}
