//! One big example that uses every key. In: nothing; out: its files and the scenario they make. Invariant: it is read
//! without a warning.

use super::*;

pub(super) const LIBRARY: &str = r#"
include: []
fragments:
  sign-in:
    with: { account: , password: "${SHOP_PASSWORD}" }
    steps:
      - post: /session
        name: log in
        form: { user: "{{ account }}", password: "{{ password }}" }
        capture:
          token: { from: json $.token, secret: true }
      - get: /me
        check: json $.name == "{{ account }}"
"#;

pub(super) const EVERYTHING: &str = r#"
scenario: everything
target: http://127.0.0.1:8080
budgets: everything.budgets.yaml
secrets: [SHOP_PASSWORD]
allow: [staging.shop.test]
tls: { insecure: true }
connections: per user
keep_alive: true
preflight: false
environments:
  staging: { target: "http://127.0.0.1:8081", variables: { page_size: 5 } }
include: library/sign-in.yaml
variables: { region: eu, page_size: 20, plans: [free, pro] }
defaults:
  timeout: 5s
  redirects: 2
  headers: { accept: application/json, content-type: text/csv }
  retry: { times: 1, pause: 100ms }
  auth: { bearer: "${SHOP_PASSWORD}" }
data:
  shopper: { csv: shoppers.csv, order: unique }
  product: { json: products.json, at_end: wrap, per: iteration }
  region_row: { jsonl: regions.jsonl, per: user }
fragments:
  look:
    with: [path]
    steps:
      - get: "{{ path }}"
        name: look
setup:
  run:
    - post: /reset
      form: { stock: full, notes: }
      capture: { run_id: { from: json $.id, secret: false } }
  user:
    - use: sign-in
      with: { account: "{{ shopper.email }}" }
teardown:
  run:
    - delete: /runs/{{ run_id }}
      name: remove
  user:
    - delete: /session
      headers: { x-token: "{{ token }}" }
flows:
  buy:
    weight: 3
    tags: [checkout]
    auth: { basic: { user: "{{ shopper.email }}", password: "${SHOP_PASSWORD}" } }
    steps:
      - set: { cart: "{{ uuid() }}", owner: "{{ shopper.email }}" }
      - use: sign-in
        name: admin
        with: { account: admin }
        tags: staff
      - use: look
        with: { path: "/regions/{{ region }}" }
        when: region == "eu"
      - get: /plan
        query: { size: "{{ page_size }}", of: [a, b], flag: }
        capture:
          plan: json $.plan
          products: json $.items[*].id
      - group: landing page
        parallel: 4
        tags: [assets]
        steps:
          - get: /style.css
          - head: /logo.png
            capture: { logo: header etag }
      - get: /offers
        when: [plan == "pro", logo exists]
        tags: [slow]
        auth: none
      - when: plan in ["free"]
        steps:
          - get: /coupon
            capture: { coupon: json $.code }
          - think: 1s..2s
      - get: /redeem/{{ coupon }}
        name: redeem
        when: coupon exists
      - each: item in products
        limit: 5
        steps:
          - put: /cart/{{ cart }}
            name: add
            json: { id: "{{ item }}", note: "for {{ owner }} of {{ product.id }}" }
      - repeat: 3
        steps:
          - options: /
          - think: 1s
      - send: PURGE /cache/x
        redirects: off
        timeout: 1s
      - patch: /note
        text: hello
        auth: { api_key: { header: X-Api-Key, value: "${SHOP_PASSWORD}" } }
      - post: /upload
        multipart:
          title: "x {{ cart }}"
          photo: { file: products.json, type: application/json, filename: 'a"b.json' }
          note: { text: fixed }
          tag: [a, b]
      - put: /blob
        file: shoppers.csv
        auth: { digest: { user: ann, password: "${SHOP_PASSWORD}" } }
      - get: /order
        until: { check: ['json $.state == "paid"'], every: 500ms, within: 10s }
        retry: 0
        auth:
          oauth2:
            token_url: /token
            client_id: shop
            client_secret: "${SHOP_PASSWORD}"
            scope: read
            user: ann
            password: "${SHOP_PASSWORD}"
      - graphql: /shop-api
        query: |
          mutation addItem($id: ID!) {
            add(id: $id) { __typename ... on Order { code } ... on ErrorResult { message } }
          }
        variables: { id: "{{ product.id }}" }
        operation: addItem
        expect: { add: Order }
        check: duration < 2s
      - graphql: /shop-api
        query: "{ plans }"
        errors: allowed
        name: plans
        capture: { all: json $.data.plans }
        check: variable plans exists
        auth:
          digest: { user: ann, password: "${SHOP_PASSWORD}" }
      - get: /all
        query: { all: "{{ all }}", region: "{{ region_row.name }}" }
profiles:
  smoke: { passes: 1 }
  launch: { rate: 50 req/s, ramp: 1s, warmup: 1s, duration: 5s, arrivals: constant, max_in_flight: 9 }
  soak: { users: 2, duration: 5s }
  stairs: { stairs: { from: 10 req/s, to: 30 req/s, step: 10 req/s, every: 1s } }
  spike: { spike: { base: 5 req/s, peak: 50 req/s, rise: 1s, hold: 1s, fall: 1s, every: 10s }, duration: 20s }
  day: { stages: [{ to: 10 req/s, for: 1s, warmup: true }, { at: 20 req/s, for: 2s }] }
"#;

/// Loads the example with this library.
pub(super) fn with(library: &str) -> Result<Loaded, Problems> {
    let folder = folder();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("library")).unwrap();
    file("library/sign-in.yaml", library);
    file("everything.budgets.yaml", "");
    file("regions.jsonl", "{\"name\":\"eu\"}\n");
    file("everything.yaml", EVERYTHING);
    load(
        &folder.path().join("everything.yaml"),
        &Environment::empty(),
    )
}

pub(super) fn everything() -> Scenario {
    let loaded = with(LIBRARY).unwrap_or_else(|p| panic!("{}", p.render(false)));
    let warnings = render_all(&loaded.warnings, false);
    assert!(warnings.is_empty(), "{warnings}");
    loaded.scenario
}
