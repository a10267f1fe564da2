//! What the pieces of the big example come to.

use super::example::{LIBRARY, everything, with};
use super::*;

#[test]
fn every_step_has_its_name_and_its_tags() {
    let scenario = everything();
    let found: Vec<(&str, String)> = scenario.flows[0]
        .requests()
        .map(|r| (r.name.as_str(), r.tags.join(" ")))
        .collect();
    let expected = [
        ("admin: log in", "checkout staff"),
        ("admin: GET /me", "checkout staff"),
        ("look", "checkout"),
        ("GET /plan", "checkout"),
        ("GET /style.css", "checkout assets"),
        ("HEAD /logo.png", "checkout assets"),
        ("GET /offers", "checkout slow"),
        ("GET /coupon", "checkout"),
        ("redeem", "checkout"),
        ("add", "checkout"),
        ("OPTIONS /", "checkout"),
        ("PURGE /cache/x", "checkout"),
        ("PATCH /note", "checkout"),
        ("POST /upload", "checkout"),
        ("PUT /blob", "checkout"),
        ("GET /order", "checkout"),
        ("addItem", "checkout"),
        ("live", "checkout"),
        ("ticker", "checkout"),
        ("STREAM /log", "checkout"),
        ("refused", "checkout"),
        ("plans", "checkout"),
        ("GET /all", "checkout"),
    ];
    assert_eq!(found, expected.map(|(name, tags)| (name, tags.to_owned())));
    assert_eq!(scenario.flows[0].feeders, [0, 1, 2]);
}

#[test]
fn what_is_around_the_load_is_flows_of_their_own() {
    let scenario = everything();
    let names = |flow: &Option<Flow>| -> Vec<String> {
        let flow = flow.as_ref().unwrap();
        let name = |r: &Request| format!("{}/{}", flow.name, r.name);
        flow.requests().map(name).collect()
    };
    assert_eq!(names(&scenario.setup), ["setup/POST /reset"]);
    assert_eq!(
        names(&scenario.user_setup),
        ["user setup/log in", "user setup/GET /me"]
    );
    assert_eq!(
        names(&scenario.user_teardown),
        ["user teardown/DELETE /session"]
    );
    assert_eq!(names(&scenario.teardown), ["teardown/remove"]);
    assert_eq!(scenario.user_setup.unwrap().feeders, [0]);
}

#[test]
fn blocks_stand_where_they_were_written() {
    let scenario = everything();
    let kinds: Vec<String> = scenario.flows[0].steps.iter().map(shown).collect();
    let expected = [
        "set cart, owner",
        "set account, password",
        "admin: log in",
        "admin: GET /me",
        "once 2 steps, 1 conditions",
        "GET /plan",
        "landing page by 4 2 steps, 0 conditions",
        "once 1 steps, 2 conditions",
        "once 2 steps, 1 conditions",
        "once 1 steps, 1 conditions",
        "each Some(5) None 1 steps, 0 conditions",
        "repeat 3 2 steps, 0 conditions",
    ];
    assert_eq!(&kinds[..expected.len()], expected);
}

fn shown(step: &Step) -> String {
    let block = match step {
        Step::Request(request) => return request.name.clone(),
        Step::Think(_) => return "think".into(),
        Step::Set(set) => {
            let names: Vec<&str> = set.iter().map(|a| a.name.as_str()).collect();
            return format!("set {}", names.join(", "));
        }
        Step::Block(block) => block,
    };
    let kind = match &block.kind {
        BlockKind::Once => "once".to_owned(),
        BlockKind::Repeat(times) => format!("repeat {times}"),
        BlockKind::Each { limit, rounds, .. } => format!("each {limit:?} {rounds:?}"),
        BlockKind::Group { name, parallel } => format!("{name} by {parallel}"),
    };
    let (steps, conditions) = (block.steps.len(), block.when.len());
    format!("{kind} {steps} steps, {conditions} conditions")
}

#[test]
fn constants_have_the_type_of_json() {
    let scenario = everything();
    let values: Vec<Value> = scenario.constants.iter().map(|c| c.1.clone()).collect();
    let expected = [
        Value::from("eu"),
        Value::Json(20.into()),
        Value::Json(serde_json::json!(["free", "pro"])),
    ];
    assert_eq!(values, expected);
    assert_eq!(scenario.variables[scenario.constants[0].0], "region");
}

#[test]
fn authentication_is_a_header_or_worked_out() {
    let scenario = everything();
    let authorization = |flow: &Flow, name: &str| {
        let request = flow.requests().find(|r| r.name == name).unwrap();
        let is = |(name, _): &&(http::HeaderName, _)| *name == http::header::AUTHORIZATION;
        let (_, value) = request.headers.iter().find(is)?;
        let variables = [("shopper.email", Value::from("ann"))];
        Some(rendered(&scenario, &variables, |cx, out| {
            value.render(cx, out);
        }))
    };
    let buy = &scenario.flows[0];
    let setup = scenario.setup.as_ref().unwrap();
    let bearer = authorization(setup, "POST /reset");
    assert_eq!(bearer.as_deref(), Some("Bearer correct horse"));
    // ann:correct horse
    let basic = authorization(buy, "GET /plan");
    assert_eq!(basic.as_deref(), Some("Basic YW5uOmNvcnJlY3QgaG9yc2U="));
    assert_eq!(authorization(buy, "GET /offers"), None, "none");
    assert_eq!(authorization(buy, "PATCH /note"), None, "an API key");
    let note = request(&scenario, "buy", "PATCH /note");
    let mut keys = note.headers.iter().filter(|(name, _)| name == "x-api-key");
    assert_eq!(keys.next().unwrap().1.as_literal(), Some("correct horse"));
    let computed = |name: &str| request(&scenario, "buy", name).auth.clone();
    assert!(matches!(computed("PUT /blob"), Some(Auth::Digest { .. })));
    assert!(matches!(computed("GET /order"), Some(Auth::OAuth2(o)) if o.user.is_some()));
    assert!(computed("GET /plan").is_none());
}

#[test]
fn polls_and_retries_end() {
    let scenario = everything();
    let order = request(&scenario, "buy", "GET /order");
    let until = order.until.as_ref().unwrap();
    assert_eq!(until.checks.len(), 1);
    assert_eq!(until.every, Duration::from_millis(500));
    assert_eq!(until.within, Duration::from_secs(10));
    assert!(order.needs_body, "until looks at it");
    assert_eq!(order.retry, Retry::default());
    let plan = request(&scenario, "buy", "GET /plan").retry;
    assert_eq!((plan.times, plan.pause), (1, Duration::from_millis(100)));
    let purge = request(&scenario, "buy", "PURGE /cache/x");
    assert_eq!((purge.method.as_str(), purge.redirects), ("PURGE", 0));
}

#[test]
fn graphql_is_json_with_checks() {
    let scenario = everything();
    let add = request(&scenario, "buy", "addItem");
    let checks: Vec<&str> = add.checks.iter().map(|c| c.value.text()).collect();
    let expected = [
        "json $.errors[*] is empty",
        "json $.data.add.__typename == \"Order\"",
        "duration < 2s",
    ];
    assert_eq!(checks, expected);
    let variables = [("product.id", Value::Json(7.into()))];
    let body = rendered(&scenario, &variables, |cx, out| {
        let body = add.body.render(cx, &mut String::new());
        out.push_str(&String::from_utf8_lossy(&body));
    });
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["variables"]["id"], 7);
    assert_eq!(body["operationName"], "addItem");
    let document = body["query"].as_str().unwrap();
    assert!(document.starts_with("mutation addItem($id: ID!) {\n"));
    let plans = request(&scenario, "buy", "plans");
    assert_eq!(plans.checks.len(), 1, "errors are allowed");
    let literal = plans.body.literal().unwrap();
    assert_eq!(&literal[..], br#"{"query":"{ plans }"}"#, "rendered once");
}

#[test]
fn multipart_bodies_hold_fields_and_files() {
    let scenario = everything();
    let upload = request(&scenario, "buy", "POST /upload");
    assert_eq!(upload.body.literal(), None);
    let body = rendered(&scenario, &[("cart", Value::from("7"))], |cx, out| {
        let body = upload.body.render(cx, &mut String::new());
        out.push_str(&String::from_utf8_lossy(&body));
    });
    let mut kinds = upload.headers.iter().filter(|(n, _)| n == "content-type");
    let kind = kinds.next().unwrap().1.as_literal().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 7, "{body}");
    let title = "\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\nx 7\r\n";
    assert_eq!(parts[1], title);
    let head = "\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a%22b.json\"\r\ncontent-type: application/json\r\n\r\n[{";
    assert!(parts[2].starts_with(head), "{}", parts[2]);
    assert_eq!(parts[6], "--\r\n");
    let blob = request(&scenario, "buy", "PUT /blob");
    assert!(blob.body.literal().unwrap().starts_with(b"email,city"));
}

#[test]
fn a_boundary_occurs_in_no_part() {
    let boundary = |value| {
        let part = Part {
            name: "a".into(),
            value,
            filename: None,
            media_type: None,
        };
        let media_type = Body::Multipart(Multipart::new(vec![part])).media_type();
        media_type.unwrap().split_once('=').unwrap().1.to_owned()
    };
    let plain = boundary(PartValue::Text(crate::expr::Template::literal("x")));
    let file = PartValue::File(
        format!("..{plain}..{plain}-1").into_bytes().into(),
        "x".into(),
    );
    assert_eq!(boundary(file), format!("{plain}-2"));
}

#[test]
fn problems_of_an_included_file_point_into_it() {
    let problems = with(&LIBRARY.replace("json $.name", "jsn $.name")).unwrap_err();
    let found: Vec<String> = problems
        .diagnostics()
        .iter()
        .map(Diagnostic::location)
        .collect();
    let told = problems.render(false);
    assert_eq!(found.len(), 1, "told once, though used twice: {told}");
    assert!(found[0].ends_with("library/sign-in.yaml:12:16"), "{told}");
}

#[test]
fn a_feeder_named_alone_is_the_list_of_its_rows_and_deals_none() {
    let text = "target: http://127.0.0.1:1
data: { shopper: { csv: shoppers.csv }, other: { csv: shoppers.csv } }
fragments:
  greet:
    with: [people]
    steps:
      - each: person in people
        steps: [{ get: \"/hello/{{ person.email }}\", name: hello }]
flows:
  one:
    steps: [{ each: one in shopper, steps: [{ get: \"/{{ one.email }}\", name: each }] }]
  two:
    steps: [{ use: greet, with: { people: \"{{ shopper }}\" } }]
  three:
    steps: [{ get: \"/{{ other.email }}\", name: dealt }]
";
    let loaded = loaded(text, &Environment::empty()).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let scenario = loaded.scenario;
    let feeders: Vec<&[usize]> = scenario.flows.iter().map(|f| &f.feeders[..]).collect();
    assert_eq!(feeders, [&[][..], &[], &[1]]);
    let [(_, Value::Json(rows))] = &scenario.constants[..] else {
        panic!("{:?}", scenario.constants);
    };
    let columns = &scenario.data[0].columns;
    assert_eq!(rows.as_array().unwrap().len(), scenario.data[0].rows.len());
    assert!(columns.iter().all(|(name, _)| rows[0].get(name).is_some()));
    let elsewhere = text.replace("/{{ other.email }}", "/{{ other }}");
    assert!(super::loaded(&elsewhere, &Environment::empty()).is_err());
}
