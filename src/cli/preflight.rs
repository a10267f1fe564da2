//! A look at the target, and at the other hosts that the steps name, before the load. In: the scenario and the
//! client's settings; out: whether they may and can be reached. Invariant: at most one request a host, a HEAD whose
//! answer may be anything; it is in no statistics and takes a bounded time.

use super::error::Error;
use crate::load::Stop;
use crate::protocol::{
    Blueprint, Call, Client, Headers, Keep, Location, Opens, Problem, Protocol as _, Reach, Session,
};
use crate::scenario::{Connections, Flow, Request, Scenario};
use crate::source::Diagnostic;
use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONNECTION, USER_AGENT};
use std::io;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::Instant;
use url::Url;

/// How long a host has for a connection, and again for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Tells this request from those of the load in a server's log.
const AGENT: &str = concat!("tollgate/", env!("CARGO_PKG_VERSION"), " (preflight)");

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

/// Looks at the target and at each other host that a step names: resolves, connects, shakes hands and, where the
/// plan is load, asks once. `Ok(Some)` says why that failed; a wish to stop ends the look without a finding.
///
/// # Errors
/// When the system gives no runtime.
pub(super) fn reach(
    blueprint: &Blueprint,
    scenario: &Scenario,
    asks: bool,
    stop: &Stop,
) -> io::Result<Option<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // The question goes on the connection that was just opened, whatever the scenario does with its own.
    let client = Client::new(blueprint.clone().with_connections(Connections::Shared));
    let mut stop = stop.clone();
    Ok(LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            found = look(&client, scenario, asks) => found,
            () = stop.requested() => None,
        }
    }))
}

async fn look(client: &Client, scenario: &Scenario, asks: bool) -> Option<String> {
    for host in hosts(scenario) {
        let result = client.reach(&host.url, PATIENCE).await;
        let problem = match result {
            Ok(()) if asks => ask(client, &host.url).await,
            other => other,
        };
        if let Err(problem) = problem {
            return Some(host.complaint(&problem));
        }
    }
    None
}

/// One harmless request. Any answer will do, whatever its status: somebody is there who speaks HTTP.
async fn ask(client: &Client, url: &Url) -> Result<(), Problem> {
    let mut headers = Headers::default();
    for (name, value) in [(USER_AGENT, AGENT), (ACCEPT, "*/*"), (CONNECTION, "close")] {
        headers.add(&name, value);
    }
    let call = Call {
        step: 0,
        method: Method::HEAD,
        url: Location::Elsewhere(Box::new(url.clone())),
        headers,
        body: Bytes::new(),
        plain: None,
        timeout: PATIENCE,
        redirects: 0,
        keep_body: Keep::No,
        opens: Opens::Nothing,
    };
    let exchange = client
        .call(&call, &mut Session::default(), Instant::now())
        .await;
    match exchange.result {
        Err(problem) if exchange.first_byte.is_none() => Err(Problem {
            detail: format!(
                "{}, to `HEAD {}` before the load; `preflight: false` leaves that request out",
                problem.detail,
                url.path()
            ),
            ..problem
        }),
        _ => Ok(()),
    }
}

/// A host to look at.
struct Host<'a> {
    /// Its origin, with the path to ask for.
    url: Url,
    /// Flow and step that name it; `None` for the target.
    named_by: Option<(&'a str, &'a str)>,
}

impl Host<'_> {
    fn complaint(&self, problem: &Problem) -> String {
        let why = format!("{}: {}", problem.failure, problem.detail);
        match self.named_by {
            None => why,
            Some((flow, step)) => {
                let host = self.url.host_str().unwrap_or_default();
                format!("{host}, which {flow}/{step} calls: {why}")
            }
        }
    }
}

/// The target, and every other origin that steps name, each once. Asked for is what the load asks for anyway: the
/// path of the first GET without templates, `/` where there is none.
fn hosts(scenario: &Scenario) -> Vec<Host<'_>> {
    let target = &scenario.target.value;
    let mut hosts = vec![Host {
        url: target.clone(),
        named_by: None,
    }];
    for (flow, request, url) in elsewhere(scenario) {
        if hosts.iter().all(|h| h.url.origin() != url.origin()) {
            hosts.push(Host {
                url: url.join("/").unwrap_or(url),
                named_by: Some((flow, &request.name)),
            });
        }
    }
    let requests = scenario.flows.iter().flat_map(Flow::requests);
    let gets: Vec<Url> = requests
        .filter(|request| request.method == Method::GET && request.conversation.is_none())
        .filter_map(|request| target.join(request.url.as_literal()?).ok())
        .collect();
    for host in &mut hosts {
        let first = gets.iter().find(|url| url.origin() == host.url.origin());
        if let Some(first) = first {
            host.url.clone_from(first);
        }
    }
    hosts
}

/// The requests to whole URLs without templates: flow, request, URL.
pub(super) fn elsewhere(scenario: &Scenario) -> impl Iterator<Item = (&str, &Request, Url)> {
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

    #[test]
    fn each_host_is_asked_once_for_what_the_load_gets_anyway() {
        let text = "target: http://shop.test\nflows:\n  f:\n    steps:\n\
            \x20     - post: /api/cart\n        name: a\n\
            \x20     - get: /api/{{ uuid() }}\n        name: b\n\
            \x20     - get: /list?limit=2\n        name: c\n\
            \x20     - get: /\n        name: d\n\
            \x20     - post: https://pay.test:8443/start\n        name: e\n\
            \x20     - get: http://cdn.test/x.css\n        name: f\n\
            \x20     - get: http://cdn.test/y.css\n        name: g\n";
        let loaded = parse(
            Source::new("s.yaml", text),
            Path::new("s.yaml"),
            &Environment::empty(),
        );
        let scenario = loaded.unwrap().scenario;
        let asked: Vec<_> = hosts(&scenario)
            .iter()
            .map(|h| (h.url.to_string(), h.named_by.map(|(_, step)| step)))
            .collect();
        assert_eq!(
            asked,
            [
                ("http://shop.test/list?limit=2".to_owned(), None),
                ("https://pay.test:8443/".to_owned(), Some("e")),
                ("http://cdn.test/x.css".to_owned(), Some("f")),
            ]
        );
    }
}
