//! What comes from outside the file: the command line, the environment, other files, and what of it is told.

use super::*;

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

#[test]
fn who_is_told_may_be_missing_and_hides_nothing_else() {
    let read = |notify: &str, more: &str| {
        let text = SHOP.replace(
            "allow:",
            &format!("notify: {notify}\ntrace: {{ url: \"${{JAEGER}}/{{trace_id}}\" }}\nallow:"),
        );
        let text = text.replace("form: {", &format!("{more}form: {{"));
        loaded(&text, &Environment::empty().with("SHOP_PASSWORD", "given"))
    };
    let codes = |problems: &[Diagnostic]| problems.iter().map(|p| p.code).collect::<Vec<_>>();
    let mail = "from: a@shop.test, to: [b@shop.test]";
    let good = format!(
        "{{ mail: {{ server: \"${{SMTP}}\", {mail} }}, otlp: \"http://c.test\", file: a.ndjson }}"
    );
    let good = read(&good, "").unwrap();
    assert_eq!(
        codes(&good.warnings),
        ["T0744", "T0744"],
        "{:?}",
        good.warnings
    );
    let notify = good.scenario.notify.unwrap();
    assert_eq!(notify.missing, [("mail".to_owned(), "SMTP".to_owned())]);
    assert_eq!(notify.ways.len(), 2);
    assert_eq!(good.scenario.trace.unwrap().url, None);
    // Nor is anything confirmed by a version that nobody named.
    let confirm = "{ in: nights, confirm: \"${BASE}\" }";
    let nightly =
        format!("profiles:\n  nightly: {{ users: 1, duration: 1s, history: {confirm} }}\n");
    let text = SHOP.replace("profiles:\n", &nightly);
    let loaded = loaded(&text, &Environment::empty().with("SHOP_PASSWORD", "given")).unwrap();
    assert_eq!(codes(&loaded.warnings), ["T0744"], "{:?}", loaded.warnings);
    let nightly = loaded.scenario.profile("nightly").unwrap();
    assert_eq!(nightly.history.as_ref().unwrap().confirm, None);
    // Elsewhere in the file a key of this name is any other.
    let body = "json: { notify: { slack: \"${NOPE}\" } }\n        #";
    let bad = format!("{{ mail: {{ server: \"${{SMTP}}\", {mail}, user: ann }} }}");
    let bad = read(&bad, body).unwrap_err();
    assert_eq!(
        codes(bad.diagnostics()),
        ["T0743", "T0744", "T0744", "T0701"]
    );
    assert!(!bad.render(false).contains("T0742"));
}
