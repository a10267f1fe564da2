use super::*;

/// The headers that are left where a redirect leads elsewhere.
fn left(steps: &str) -> Vec<Vec<String>> {
    let text = format!(
        "target: http://127.0.0.1:1\ndefaults: {{ redirects: 3 }}\nflows:\n  f:\n    steps:\n{steps}\
         profiles: {{ smoke: {{ passes: 1 }} }}\n"
    );
    let source = crate::source::Source::new("s.yaml", text);
    let environment = crate::scenario::Environment::empty();
    let path = std::path::Path::new("s.yaml");
    let scenario = crate::scenario::parse(source, path, &environment).unwrap();
    let program = Program::new(&scenario.scenario, &[], &Masker::new(["declared"]));
    let named = |request: &RequestProgram| {
        let mut headers = request.ready.headers.clone();
        for (name, _) in &request.templates {
            assert!(headers.add(name, "rendered"));
        }
        headers.leave();
        let names = headers.iter().map(|(name, _)| name.to_owned());
        names
            .filter(|name| name != "user-agent" && name != "accept")
            .collect()
    };
    program.requests.iter().map(named).collect()
}

#[test]
fn headers_with_secrets_stay_with_their_origin() {
    let found = left(
        "      - get: /a\n        auth: { api_key: { header: x-shop, value: anything } }\n\
         \x20       headers: { x-tenant: tea, x-auth-token: abc, x-from: is declared, accept-language: en }\n\
         \x20       capture: { token: { from: json $.token, secret: true }, plain: json $.plain }\n\
         \x20     - get: /b\n        headers: { x-mine: \"a {{ token }}\", x-yours: \"{{ plain }}\", cookie: a=b }\n",
    );
    assert_eq!(
        found,
        [vec!["x-tenant", "accept-language"], vec!["x-yours"]]
    );
}

#[test]
fn paths_and_whole_urls_are_told_apart() {
    assert!(matches!(locate("/a?b=1"), Ok(Location::Target(path)) if path == "/a?b=1"));
    assert!(matches!(locate("http://a.b/c"), Ok(Location::Elsewhere(_))));
    assert!(locate("http://").is_err());
    assert!(locate("").is_err() || matches!(locate(""), Ok(Location::Target(path)) if path == "/"));
}
