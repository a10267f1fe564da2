mod example;
mod language;
mod schema;

use super::*;
use crate::expr::{Context, Value};
use crate::source::Severity;
use crate::units::Arrivals;
use http::Method;
use proptest::prelude::*;
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
fn step_names_default_to_method_and_path() {
    let scenario = shop();
    let names: Vec<&str> = scenario
        .flows
        .iter()
        .flat_map(Flow::requests)
        .map(|r| r.name.as_str())
        .collect();
    assert_eq!(names, ["GET /", "product", "sign in", "next", "PUT /cart"]);
}

#[test]
fn headers_of_a_step_win_and_bodies_say_their_type() {
    let scenario = shop();
    let shown = |request: &Request| -> Vec<(String, String)> {
        let value = |t: &crate::expr::Template| t.as_literal().unwrap_or("(template)").to_owned();
        request
            .headers
            .iter()
            .map(|(name, v)| (name.to_string(), value(v)))
            .collect()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        shown(request(&scenario, "browse", "product")),
        [pair("x-trace", "(template)"), pair("accept", "text/html")]
    );
    let cart = shown(request(&scenario, "purchase", "PUT /cart"));
    assert_eq!(cart[2], pair("content-type", "application/json"));
    let form = shown(request(&scenario, "purchase", "sign in"));
    assert_eq!(
        form[2],
        pair("content-type", "application/x-www-form-urlencoded")
    );
}

#[test]
fn urls_can_be_sent_whatever_a_variable_holds() {
    let scenario = shop();
    let next = request(&scenario, "purchase", "next");
    let url = |path: &str, name: &str| {
        let variables = [
            ("next", Value::from(path)),
            ("product.name", Value::from(name)),
        ];
        rendered(&scenario, &variables, |cx, out| next.render_url(cx, out))
    };
    assert_eq!(url("/a", "red & blue"), "/a?q=red+%26+blue&page=2&flag=");
    assert_eq!(url("/a?b=c", "x"), "/a?b=c&q=x&page=2&flag=");
    assert_eq!(
        url("http://h/a b#c", "ü=#"),
        "http://h/a%20b%23c?q=%C3%BC%3D%23&page=2&flag="
    );
    assert_eq!(
        url("/a\r\nhost: evil%20", "\u{0}"),
        "/a%0D%0Ahost:%20evil%20?q=%00&page=2&flag="
    );
    let home = request(&scenario, "browse", "GET /");
    assert_eq!(
        rendered(&scenario, &[], |cx, out| home.render_url(cx, out)),
        "/?ref=mail"
    );
}

#[test]
fn bodies_are_encoded_as_what_they_are() {
    let scenario = shop();
    let variables = [
        ("shopper.email", Value::from("a\"b@x")),
        ("product.id", Value::Json(7.into())),
    ];
    let body = |name: &str| {
        let request = request(&scenario, "purchase", name);
        rendered(&scenario, &variables, |cx, out| {
            let body = request.body.render(cx, &mut String::from("scratch"));
            out.push_str(&String::from_utf8_lossy(&body));
        })
    };
    assert_eq!(
        body("sign in"),
        "email=a%22b%40x&password=correct+horse&tag=a&tag=b%26c"
    );
    assert_eq!(body("PUT /cart"), r#"{"id":7,"note":"for a\"b@x"}"#);
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

#[test]
fn the_command_line_wins_over_the_file() {
    let environment = Environment::empty()
        .with("SHOP_PASSWORD", "given")
        .with_target(parse_target("https://staging.shop.test").unwrap());
    let text = SHOP.replace(":-http://127.0.0.1:8080", "");
    assert!(
        loaded(&text, &environment).is_ok(),
        "--target needs no SHOP_URL"
    );
    let loaded = loaded(&text, &environment).unwrap();
    assert_eq!(
        loaded.scenario.target.value.host_str(),
        Some("staging.shop.test")
    );
    assert_eq!(loaded.scenario.secrets[0].value, "given");
    let origins: Vec<Origin> = loaded.lookups.iter().map(|lookup| lookup.origin).collect();
    assert_eq!(origins, [Origin::Given]);
}

#[test]
fn budgets_are_found_by_name() {
    let folder = folder();
    let path = folder.path().join("shop.yaml");
    let budgets = folder.path().join("shop.budgets.yaml");
    std::fs::write(&path, SHOP).unwrap();
    assert_eq!(
        load(&path, &Environment::empty()).unwrap().scenario.budgets,
        None
    );
    std::fs::write(&budgets, "").unwrap();
    assert_eq!(
        load(&path, &Environment::empty()).unwrap().scenario.budgets,
        Some(budgets)
    );
}

#[test]
fn a_secret_is_in_no_message() {
    let text = SHOP
        .replace("timeout: 1s", "timeout: ${SHOP_PASSWORD}")
        .replace("weight: 7", "weight: correct horse")
        .replace("name: product", "name: correct horse");
    let shown = loaded(&text, &Environment::empty())
        .unwrap_err()
        .render(false);
    assert!(
        shown.contains("T0406") && shown.contains("T0205") && shown.contains("T0704"),
        "{shown}"
    );
    assert!(!shown.contains("horse"), "{shown}");
}

#[test]
fn a_default_of_a_secret_is_a_secret() {
    let text = SHOP
        .replace("${SHOP_PASSWORD}", "${SHOP_PIN:-4711}")
        .replace("[SHOP_PASSWORD]", "SHOP_PIN");
    let scenario = loaded(&text, &Environment::empty()).unwrap().scenario;
    assert_eq!(
        scenario.secrets,
        [Secret {
            name: "SHOP_PIN".into(),
            value: "4711".into()
        }]
    );
}

#[test]
fn a_broken_dotenv_is_told_without_its_text() {
    let folder = folder();
    let path = folder.path().join("shop.yaml");
    std::fs::write(&path, SHOP).unwrap();
    std::fs::write(folder.path().join(".env"), "SHOP_PASSWORD=x\nhunter2\n").unwrap();
    let shown = load(&path, &Environment::empty())
        .unwrap_err()
        .render(false);
    assert!(
        shown.contains(".env:2:1") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn an_unreadable_file_is_named() {
    let problems = load(Path::new("no/such/file.yaml"), &Environment::empty()).unwrap_err();
    assert!(
        problems
            .to_string()
            .starts_with("cannot read no/such/file.yaml: "),
        "{problems}"
    );
    assert!(problems.diagnostics().is_empty());
}

#[test]
fn one_cause_is_told_once() {
    let text = "target: http://h\nflows:\n  a:\n    steps: &steps\n      - get: /\n        timeout: 5\n  b: { steps: *steps }\n";
    assert_eq!(
        loaded(text, &Environment::empty())
            .unwrap_err()
            .diagnostics()
            .len(),
        1,
        "aliases"
    );
    let text = SHOP.replace("shoppers.csv", "nobody.csv");
    let problems = loaded(&text, &Environment::empty()).unwrap_err();
    assert_eq!(
        problems.diagnostics().len(),
        1,
        "columns of a missing file: {}",
        problems.render(false)
    );
}

/// Lines of scenarios in any order and depth, and noise.
fn yaml() -> impl Strategy<Value = String> {
    let lines: Vec<&'static str> = SHOP.lines().chain(example::EVERYTHING.lines()).collect();
    let line = prop_oneof![
        6 => proptest::sample::select(lines).prop_map(str::to_owned),
        2 => (0usize..12, "[a-z]{1,6}", "[ -~é{}$:]{0,20}").prop_map(|(n, key, value)| format!("{}{key}: {value}", " ".repeat(n))),
        1 => "[ -~]{0,30}",
        1 => "\\PC{0,20}",
    ];
    proptest::collection::vec(line, 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_scenario_or_problems(text in yaml()) {
        let path = Path::new("no/such/folder/x.yaml");
        if let Err(problems) = parse(Source::new("x.yaml", text), path, &Environment::empty()) {
            prop_assert!(problems.diagnostics().iter().any(|p| p.severity == Severity::Error));
            prop_assert!(!problems.render(false).is_empty());
        }
    }

    /// One damaged line: the rest of the file is still read.
    #[test]
    fn a_damaged_scenario_is_told_with_a_place(line in 1usize..190, at in 0usize..60, noise in "[ -~é]{1,8}") {
        let text = if line % 2 == 0 { SHOP } else { example::EVERYTHING };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let index = line % lines.len();
        let cut = at.min(lines[index].len());
        lines[index].insert_str(cut, &noise);
        let path = Path::new("no/such/folder/x.yaml");
        let problems = parse(Source::new("x.yaml", lines.join("\n")), path, &Environment::empty());
        // The data files are not there, so there is always something to tell.
        let problems = problems.unwrap_err();
        prop_assert!(problems.diagnostics().iter().all(|p| p.help.is_some()), "{}", problems.render(false));
    }
}

#[test]
fn schemas_and_variables_are_read_with_the_scenario() {
    let folder = folder();
    std::fs::write(folder.path().join("order.json"), "{\"type\": \"object\"}").unwrap();
    let environment = Environment::empty()
        .with("STAGE", "dev")
        .with("PIN", "s3cret");
    let read = |schema: &str, name: &str| {
        let text = format!(
            "scenario: x\ntarget: http://127.0.0.1:1\nsecrets: [PIN]\nflows:\n  a:\n    steps:\n      - get: /\n        \
             headers: {{ x-stage: '{{{{ env(\"{name}\") }}}}' }}\n        check: json $ matches schema {schema}\n"
        );
        let path = folder.path().join("x.yaml");
        parse(Source::new("x.yaml", text), &path, &environment).map_err(|p| p.render(false))
    };
    let loaded = read("order.json", "STAGE").unwrap();
    assert!(loaded.lookups.iter().any(|l| l.name == "STAGE"));
    for name in ["x.yaml", ".env", "order.json"] {
        assert!(loaded.files.contains(&folder.path().join(name)), "{name}");
    }
    let missing = read("nope.json", "STAGE").unwrap_err();
    assert!(
        missing.contains("x.yaml:9:38") && missing.contains("no file nope.json"),
        "{missing}"
    );
    for name in ["NOPE", "PIN"] {
        let problem = read("order.json", name).unwrap_err();
        assert!(
            problem.contains("is not set") && !problem.contains("s3cret"),
            "{problem}"
        );
    }
}
