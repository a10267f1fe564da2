mod example;
mod language;
mod noise;
mod outside;
mod requests;
mod schema;
use super::*;
use crate::expr::{Context, Value};
use crate::units::Arrivals;
use http::Method;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::path::Path;
use std::time::{Duration, SystemTime};

const SHOP: &str = r#"
scenario: shop
target: ${SHOP_URL:-http://127.0.0.1:8080}
secrets: [SHOP_PASSWORD]
allow: Staging.Shop.test
defaults: { timeout: 5s, redirects: 2, headers: { accept: application/json, x-trace: "{{ uuid() }}" } }
data:
  shopper: { csv: shoppers.csv, order: unique }
  product: { json: products.json }
flows:
  browse:
    weight: 7
    steps:
      - get: /?ref=mail
      - think: 1s..3s
      - get: /products/{{ product.id }}
        name: product
        headers: { Accept: text/html }
        timeout: 1s
        redirects: off
        check: [status == 200, json $.id exists]
  purchase:
    steps:
      - post: /sessions
        name: sign in
        form: { email: "{{ shopper.email }}", password: "${SHOP_PASSWORD}", tag: [a, "b&c"] }
        capture:
          token: { from: json $.token, secret: true }
          next: header location
      - get: "{{ next }}"
        name: next
        query: { q: "{{ product.name }}", page: 2, flag: }
        headers: { authorization: "Bearer {{ token }}" }
        check: status == 200
      - put: /cart
        json: { id: "{{ product.id }}", note: "for {{ shopper.email }}" }
profiles:
  smoke: { passes: 1 }
  launch: { rate: 500 req/s, ramp: 30s, warmup: 30s, duration: 5m, arrivals: constant, max_in_flight: 200 }
  soak: { users: 50, duration: 2h }
"#;

/// A folder with the shop's data files, and a `.env`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file(
        "shoppers.csv",
        "email,city\nann@shop.test,Bern\nbob@shop.test,Basel\n",
    );
    file(
        "products.json",
        r#"[{"id": 7, "name": "red & blue"}, {"id": 8, "name": "ü"}]"#,
    );
    file(".env", "SHOP_PASSWORD='correct horse'\n");
    folder
}

fn loaded(text: &str, environment: &Environment) -> Result<Loaded, Problems> {
    let folder = folder();
    let path = folder.path().join("shop.yaml");
    std::fs::write(&path, text).unwrap();
    load(&path, environment)
}

fn shop() -> Scenario {
    let loaded =
        loaded(SHOP, &Environment::empty()).unwrap_or_else(|p| panic!("{}", p.render(false)));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    loaded.scenario
}

fn request<'a>(scenario: &'a Scenario, flow: &str, name: &str) -> &'a Request {
    let flow = scenario.flows.iter().find(|f| f.name == flow).unwrap();
    flow.requests()
        .find(|request| request.name == name)
        .unwrap()
}

/// What a part of a request renders to, with these variables set.
fn rendered(
    scenario: &Scenario,
    variables: &[(&str, Value)],
    render: impl FnOnce(&mut Context<'_>, &mut String),
) -> String {
    let mut values = vec![Value::Missing; scenario.variables.len()];
    for (name, value) in variables {
        let slot = scenario
            .variables
            .iter()
            .position(|known| known == name)
            .unwrap();
        values[slot] = value.clone();
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut context = Context {
        variables: &values,
        rng: &mut rng,
        user: 0,
        iteration: 0,
        now: SystemTime::now,
    };
    let mut out = String::from("before ");
    render(&mut context, &mut out);
    out.strip_prefix("before ").unwrap().to_owned()
}

#[test]
fn the_whole_language_in_one_file() {
    let scenario = shop();
    assert_eq!(scenario.name, "shop");
    assert_eq!(scenario.target.value.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(scenario.allow, ["staging.shop.test"]);
    assert_eq!(scenario.secrets[0].value, "correct horse");
    assert!(!format!("{:?}", scenario.secrets).contains("horse"));
    let weights: Vec<f64> = scenario.flows.iter().map(|flow| flow.weight).collect();
    assert_eq!(weights, [7.0, 1.0]);
    let Step::Think(think) = &scenario.flows[0].steps[1] else {
        panic!("think time")
    };
    assert_eq!(
        (think.min, think.max),
        (Duration::from_secs(1), Duration::from_secs(3))
    );
    let product = request(&scenario, "browse", "product");
    assert_eq!(
        (product.method.clone(), product.timeout, product.redirects),
        (Method::GET, Duration::from_secs(1), 0)
    );
    assert!(product.needs_body);
    assert_eq!(product.checks.len(), 2);
    let next = request(&scenario, "purchase", "next");
    assert!(!next.needs_body);
    assert_eq!((next.timeout, next.redirects), (Duration::from_secs(5), 2));
    let sign_in = request(&scenario, "purchase", "sign in");
    let captures: Vec<(&str, bool)> = sign_in
        .captures
        .iter()
        .map(|c| (c.name.as_str(), c.secret))
        .collect();
    assert_eq!(captures, [("token", true), ("next", false)]);
}

#[test]
fn slots_are_shared_and_each_flow_knows_its_feeders() {
    let scenario = shop();
    let names = [
        "shopper.email",
        "shopper.city",
        "product.id",
        "product.name",
        "token",
        "next",
    ];
    assert_eq!(scenario.variables, names);
    assert_eq!(scenario.flows[0].feeders, [1], "browse reads products only");
    assert_eq!(scenario.flows[1].feeders, [0, 1]);
    assert_eq!(request(&scenario, "purchase", "next").reads, [3, 4, 5]);
    let (column, slot) = &scenario.data[1].columns[0];
    assert_eq!((column.as_str(), *slot), ("id", 2));
    assert_eq!(scenario.data[1].rows[0][0], Value::Json(7.into()));
    assert_eq!(scenario.data[0].row(Draw::arrival(1), 42), Some(1));
    assert_eq!(
        scenario.data[0].row(Draw::arrival(2), 42),
        None,
        "unique rows run out"
    );
}

#[test]
fn profiles_say_how_much_for_how_long() {
    let scenario = shop();
    let launch = scenario.profile("launch").unwrap();
    let Load::Rate(rate) = launch.load else {
        panic!("a rate")
    };
    assert_eq!((rate.per_second, rate.of), (500.0, Arrivals::Requests));
    assert_eq!(
        (launch.ramp, launch.duration),
        (Duration::from_secs(30), Duration::from_mins(5))
    );
    assert_eq!(
        (launch.arrivals, launch.max_in_flight),
        (Process::Constant, Some(200))
    );
    assert_eq!(scenario.profile("soak").unwrap().load, Load::Users(50));
    let without = "target: http://h\nflows: { a: { steps: [{ get: / }] } }\n";
    let scenario = loaded(without, &Environment::empty()).unwrap().scenario;
    assert_eq!(scenario.profiles, [Profile::smoke()]);
    assert_eq!(scenario.name, "shop", "the file's name");
}

#[test]
fn connections_are_shared_unless_the_file_says_otherwise() {
    for (lines, expected) in [
        ("", Connections::Shared),
        (
            "connections: shared\nkeep_alive: true\n",
            Connections::Shared,
        ),
        ("connections: per user\n", Connections::PerUser),
        ("keep_alive: false\n", Connections::PerRequest),
        (
            "connections: shared\nkeep_alive: false\n",
            Connections::PerRequest,
        ),
    ] {
        let text =
            format!("target: http://h\n{lines}flows: {{ a: {{ steps: [{{ get: / }}] }} }}\n");
        let loaded = loaded(&text, &Environment::empty()).unwrap();
        assert_eq!(loaded.scenario.connections, expected, "{lines}");
        assert!(loaded.warnings.is_empty());
    }
}
