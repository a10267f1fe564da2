//! A look at the target, and at the other hosts that the steps name, before the load. In: the scenario and the
//! client's settings; out: whether they may and can be reached. Invariant: no request is sent, only connections
//! (and TLS handshakes) are made.

use super::error::Error;
use crate::protocol::{Blueprint, Client, Reach};
use crate::scenario::{Request, Scenario};
use crate::source::Diagnostic;
use std::io;
use std::time::Duration;
use tokio::task::LocalSet;
use url::Url;

/// Refuses steps that lead to hosts which the load must not reach. Hosts that templates make are only known, and
/// refused, under way.
pub(super) fn check_steps(scenario: &Scenario, reach: &Reach) -> Result<(), Error> {
    let refuse = |request: &Request, url: &Url| {
        let host = url.host_str().unwrap_or_default();
        let message = format!("`{}` sends load to another host, {host}", request.name);
        Diagnostic::error("T0712", &scenario.source, request.span, message).help(format!(
            "if that system is yours, list it: `allow: [{host}]`"
        ))
    };
    let problems: Vec<Diagnostic> = elsewhere(scenario)
        .filter(|(_, _, url)| !reach.permits(url))
        .map(|(_, request, url)| refuse(request, &url))
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Reach(problems))
    }
}

/// Resolves, connects and shakes hands with the target and each host that a step names. `Ok(Some)` says why
/// that failed.
///
/// # Errors
/// When the system gives no runtime.
pub(super) fn reach(
    blueprint: &Blueprint,
    scenario: &Scenario,
    timeout: Duration,
) -> io::Result<Option<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client = Client::new(blueprint.clone());
    let target = &scenario.target.value;
    Ok(LocalSet::new().block_on(&runtime, async {
        if let Err(problem) = client.reach(target, timeout).await {
            return Some(format!("{}: {}", problem.failure, problem.detail));
        }
        let mut known = vec![target.origin()];
        for (flow, request, url) in elsewhere(scenario) {
            let origin = url.origin();
            if known.contains(&origin) {
                continue;
            }
            known.push(origin);
            if let Err(problem) = client.reach(&url, timeout).await {
                let (host, step) = (url.host_str().unwrap_or_default(), &request.name);
                return Some(format!(
                    "{host}, which {flow}/{step} calls: {}: {}",
                    problem.failure, problem.detail
                ));
            }
        }
        None
    }))
}

/// The requests to whole URLs without templates: flow, request, URL.
fn elsewhere(scenario: &Scenario) -> impl Iterator<Item = (&str, &Request, Url)> {
    let requests = scenario
        .every_flow()
        .flat_map(|flow| flow.requests().map(|request| (flow.name.as_str(), request)));
    requests.filter_map(|(flow, request)| {
        let url = Url::parse(request.url.as_literal()?).ok()?;
        url.has_host().then_some((flow, request, url))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Environment, parse};
    use crate::source::Source;
    use std::path::Path;

    #[test]
    fn load_goes_only_where_the_scenario_allows_it() {
        for (url, refused) in [
            ("/path", false),
            ("http://127.0.0.1:9/x", false),
            ("http://localhost/x", false),
            ("https://shop.test:8443/x", false),
            ("https://CDN.shop.test/x?y=1", false),
            ("https://pay.test/x", true),
            ("http://{{ user() }}.test/x", false),
        ] {
            let text = format!(
                "target: http://shop.test\nflows: {{ f: {{ steps: [{{ get: \"{url}\", name: a }}] }} }}\n"
            );
            let path = Path::new("s.yaml");
            let loaded = parse(Source::new("s.yaml", text), path, &Environment::empty());
            let reach = Reach::Only(vec!["cdn.shop.test".into(), "shop.test".into()]);
            let scenario = loaded.unwrap().scenario;
            assert_eq!(check_steps(&scenario, &reach).is_err(), refused, "{url}");
            assert!(check_steps(&scenario, &Reach::Any).is_ok());
        }
    }
}
