//! The scenarios of two shops against the least that answers like them: the whole way is green, and what these shops
//! refuse at status 200 is exit 3 at the right step, in words that help.

use crate::support::cli::{Bench, Ran};
use crate::support::serve::serve;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use url::form_urlencoded;

/// A file of `scenarios/` and who answers it.
struct Shop {
    name: &'static str,
    data: &'static str,
    variable: &'static str,
    url: String,
}

impl Shop {
    /// A smoke run of the scenario, with one text in it changed.
    fn smoke(&self, from: &str, to: &str) -> (Bench, Ran) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
        let scenario = format!("scenarios/{}.yaml", self.name);
        let data = format!("scenarios/data/{}", self.data);
        let text = read(&scenario);
        assert!(text.contains(from), "{from} is not in {scenario}");
        let text = if from.is_empty() {
            text
        } else {
            text.replace(from, to)
        };
        // Budgets on times would be about this machine.
        let budgets = "budgets:\n  - error_rate < 1%\n";
        let bench = Bench::new(&[(&scenario, &text), (&data, &read(&data))]);
        bench.write(&format!("budgets/{}.yaml", self.name), budgets);
        let given = format!("{}={}", self.variable, self.url);
        let ran = bench.run(&["run", &scenario, "-e", &given, "--out", "out"]);
        (bench, ran)
    }
}

/// The summary says this, wherever its lines are broken.
fn says(ran: &Ran, words: &str) {
    let bare = |text: &str| text.replace(char::is_whitespace, "");
    assert!(
        bare(&ran.stdout).contains(&bare(words)),
        "{words}: {}",
        ran.stdout
    );
}

/// What a Vendure shop with one product says to the operation that a document holds; `cart` is how many are in it.
fn vendure(body: &str, cart: &mut Value) -> Value {
    let asked: Value = serde_json::from_str(body).unwrap();
    let (document, given) = (asked["query"].as_str().unwrap(), &asked["variables"]);
    let start = document.find(['{', '\n']).unwrap();
    let rest = document[start..].trim_start_matches(['{', ' ', '\n']);
    let field: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
    match field.as_str() {
        "search" => *cart = Value::Null,
        "addItemToOrder" => *cart = given["quantity"].clone(),
        _ => {}
    }
    if given["payment"] == "gold-card" {
        let error = json!({ "message": "error.payment-method-not-found" });
        return json!({ "errors": [error], "data": null });
    }
    let answer = refusal(given, cart).unwrap_or_else(|| granted(&field, given, cart));
    json!({ "data": { field: answer } })
}

fn refusal(given: &Value, cart: &Value) -> Option<Value> {
    let refusal = |member, message| Some(json!({ "__typename": member, "message": message }));
    if cart.as_u64() > Some(100) {
        return refusal("InsufficientStockError", "Only 100 items were added");
    }
    match (given["payment"].as_str(), given["coupon"].as_str()) {
        (Some("empty-card"), _) => refusal("PaymentDeclinedError", "insufficient funds"),
        (_, Some("NO-SUCH-COUPON")) => refusal("CouponCodeInvalidError", "not valid"),
        _ => None,
    }
}

fn granted(field: &str, given: &Value, cart: &Value) -> Value {
    let (state, total) = match field {
        "search" => return json!({ "totalItems": 1, "items": [{ "slug": "a" }] }),
        "product" => return json!({ "variants": [{ "id": "7", "stockLevel": "IN_STOCK" }] }),
        "eligibleShippingMethods" => return json!([{ "id": "1", "priceWithTax": 5 }]),
        "removeAllOrderLines" => return json!({ "__typename": "Order", "totalQuantity": 0 }),
        "setOrderShippingMethod" => ("AddingItems", 105),
        "transitionOrderToState" => ("ArrangingPayment", 105),
        "addPaymentToOrder" | "orderByCode" => ("PaymentAuthorized", 105),
        "adjustOrderLine" => ("AddingItems", 500),
        _ => ("AddingItems", 100),
    };
    json!({
        "__typename": "Order", "code": "C1", "state": state, "totalWithTax": total, "shippingWithTax": 5,
        "totalQuantity": given["quantity"], "customer": given["customer"], "shippingAddress": given["address"],
        "lines": [{ "id": "1", "quantity": cart, "productVariant": { "id": "7", "sku": "S7" } }],
    })
}

#[test]
fn what_graphql_refuses_at_status_200_fails_the_step() {
    let cart = Arc::new(Mutex::new(Value::Null));
    let url = serve(move |request| {
        let (asked, body) = (request.line.as_str(), request.body.as_str());
        let head =
            "200 OK\r\ncontent-type: application/json\r\nvendure-auth-token: t0ken-of-a-visitor"
                .into();
        match asked {
            "POST /shop-api" => (head, vendure(body, &mut cart.lock().unwrap()).to_string()),
            _ => (head, String::from("{\"status\":\"ok\"}")),
        }
    });
    let shop = Shop {
        name: "vendure",
        data: "vendure-orders.jsonl",
        variable: "VENDURE_URL",
        url,
    };
    shop.smoke("", "").1.expect(0);
    let quantity = "quantity: \"{{ order.quantity }}\" }";
    let pay = "payment: standard-payment";
    for (from, to, step, words) in [
        (
            quantity,
            "quantity: 150 }",
            "checkout/add to cart",
            &["InsufficientStockError", "Only 100 items"][..],
        ),
        (
            pay,
            "payment: gold-card",
            "checkout/pay",
            &["error.payment-method-not-found"],
        ),
        (
            pay,
            "payment: empty-card",
            "checkout/pay",
            &["PaymentDeclinedError", "insufficient funds"],
        ),
        (
            "NO-SUCH-COUPON",
            "SUMMER",
            "changed mind/coupon that is not there",
            &["== \"CouponCodeInvalidError\"", "string \"Order\""],
        ),
    ] {
        let (_bench, ran) = shop.smoke(from, to);
        let ran = ran.expect(3);
        assert!(
            ran.stdout.contains(&format!("\n  {step}: check ")),
            "{}",
            ran.stdout
        );
        for words in words {
            says(&ran, words);
        }
        assert!(
            !ran.stdout.contains("t0ken-of") && !ran.report("report.html").contains("t0ken-of")
        );
    }
}

/// What a shop of forms remembers of its only visitor.
#[derive(Default)]
struct Visitor {
    known: bool,
    email: String,
    basket: String,
    postcode: String,
    password: String,
}

type Form = HashMap<String, String>;

fn page(text: &str) -> Result<&'static str, String> {
    Err(format!("<!DOCTYPE html><html><body>{text}</body></html>"))
}

fn refused(why: &str) -> Result<&'static str, String> {
    page(&format!("<span class=error-block>{why}</span>"))
}

impl Visitor {
    /// The answer to one request: where it leads to, or a page.
    fn answer(&mut self, asked: &str, body: &str) -> Result<&'static str, String> {
        let form: Form = form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect();
        if asked.starts_with("POST") && field(&form, "csrfmiddlewaretoken") != "t0k" {
            return page("CSRF verification failed");
        }
        match asked {
            asked if asked.contains(" /checkout/") => self.checkout(asked, &form),
            asked if asked.contains(" /accounts/") => self.account(asked, &form),
            asked => self.shop(asked, &form),
        }
    }

    fn shop(&mut self, asked: &str, form: &Form) -> Result<&'static str, String> {
        match asked {
            "GET /" => Ok("/catalogue/"),
            "GET /catalogue/" => page(
                "<link rel=stylesheet href=/static/a.css><script src=/static/a.js></script><form><strong>1</strong></form>\
                 <article class=product_pod><h3><a href=/a_1/>A</a></h3></article>",
            ),
            "GET /static/a.css" | "GET /static/a.js" => Err("a".into()),
            "GET /a_1/" => page(&format!(
                "<h1>A</h1><p class=availability>In stock</p><form id=add_to_basket_form action=/basket/add/1/>{TOKEN}</form>"
            )),
            "POST /basket/add/1/" => {
                self.basket = field(form, "quantity").into();
                Ok("/basket/")
            }
            "GET /basket/" if self.basket.len() > 4 => {
                page("<div class=alert-danger>we are not able to ship more than 10000 items</div>")
            }
            "GET /basket/" if self.basket.is_empty() => page("Your basket is empty"),
            "GET /basket/" => page(&format!(
                "<div class=alert-success>A has been added</div><div class=basket-items><h3><a href=/a_1/>A</a></h3>\
                 <input name=form-0-quantity value={}></div>",
                self.basket
            )),
            asked => panic!("not a request of the scenario: {asked}"),
        }
    }

    fn checkout(&mut self, asked: &str, form: &Form) -> Result<&'static str, String> {
        match asked {
            "GET /checkout/" if self.known => Ok("/checkout/shipping-address/"),
            "GET /checkout/" => page(&format!("<form>{TOKEN}</form>")),
            "POST /checkout/" => Ok("/checkout/shipping-address/"),
            "GET /checkout/shipping-address/" => {
                page(&format!("<form id=new_shipping_address>{TOKEN}</form>"))
            }
            "POST /checkout/shipping-address/" if field(form, "postcode") == "XX" => {
                refused("The postcode 'XX' is not valid")
            }
            "POST /checkout/shipping-address/" => {
                self.postcode = field(form, "postcode").into();
                Ok("/checkout/shipping-method/")
            }
            "GET /checkout/shipping-method/" => Ok("/checkout/payment-method/"),
            "GET /checkout/payment-method/" => Ok("/checkout/payment-details/"),
            "GET /checkout/payment-details/" => page("Enter payment details"),
            "GET /checkout/preview/" => page(&format!(
                "{}<form id=place_order_form>{TOKEN}<button id=place-order></button></form>{}",
                self.postcode, TOTAL
            )),
            "POST /checkout/preview/" if field(form, "action") == "place_order" => {
                self.basket.clear();
                Ok("/checkout/thank-you/")
            }
            "POST /checkout/preview/" => page("Preview order"),
            "GET /checkout/thank-you/" => page(&format!(
                "<p class=lead>your order number is <strong>100001</strong></p>{TOTAL}"
            )),
            asked => panic!("not a request of the scenario: {asked}"),
        }
    }

    fn account(&mut self, asked: &str, form: &Form) -> Result<&'static str, String> {
        match asked {
            "GET /accounts/orders/" => page("100001"),
            "GET /accounts/login/" => page(&format!(
                "<form id=register_form>{TOKEN}</form><form id=login_form>{TOKEN}</form>"
            )),
            "POST /accounts/login/" if !field(form, "registration-email").is_empty() => {
                if field(form, "registration-password1") != field(form, "registration-password2") {
                    return refused("The two password fields didn't match.");
                }
                self.password = field(form, "registration-password1").into();
                self.email = field(form, "registration-email").into();
                self.known = true;
                Ok("/accounts/profile/")
            }
            "POST /accounts/login/" if field(form, "login-password") != self.password => page(
                "<form id=login_form><div class=alert-danger>Please enter a correct username and password</div></form>",
            ),
            "POST /accounts/login/" => {
                self.known = true;
                Ok("/accounts/profile/")
            }
            "GET /accounts/profile/" => {
                page(&format!("<a id=logout_link>Logout</a>{}", self.email))
            }
            "GET /accounts/logout/" => {
                self.known = false;
                Ok("/catalogue/")
            }
            asked => panic!("not a request of the scenario: {asked}"),
        }
    }
}

fn field<'f>(form: &'f Form, name: &str) -> &'f str {
    form.get(name).map_or("", String::as_str)
}

const TOKEN: &str = "<input name=csrfmiddlewaretoken value=t0k>";
const TOTAL: &str = "<table><tr><td class=total><h3 class=price_color>£5.00</h3></td></tr></table>";

/// A shop that nobody has visited.
fn oscar() -> Shop {
    let visitor = Arc::new(Mutex::new(Visitor::default()));
    let url = serve(move |request| {
        let (asked, body) = (request.line.as_str(), request.body.as_str());
        let kind = match asked {
            "GET /static/a.css" => "text/css",
            "GET /static/a.js" => "text/javascript",
            _ => "text/html; charset=utf-8",
        };
        let asked = asked.replace("HEAD", "GET");
        match visitor.lock().unwrap().answer(&asked, body) {
            Ok(to) => (format!("302 Found\r\nlocation: {to}"), String::new()),
            Err(page) if page.contains("CSRF") => ("403 Forbidden".into(), page),
            Err(page) => (format!("200 OK\r\ncontent-type: {kind}"), page),
        }
    });
    Shop {
        name: "oscar",
        data: "oscar-shoppers.csv",
        variable: "OSCAR_URL",
        url,
    }
}

#[test]
fn forms_that_come_back_at_status_200_fail_the_step() {
    oscar().smoke("", "").1.expect(0);
    for (from, to, step, words) in [
        (
            "login-password: \"{{ password }}\"",
            "login-password: wrong",
            "member/log in",
            "correct username",
        ),
        (
            "password2: \"{{ password }}\"",
            "password2: another",
            "member/sign up",
            "didn't match",
        ),
        (
            "postcode: \"{{ shopper.postcode }}\"",
            "postcode: XX",
            "guest/address",
            "'XX' is not valid",
        ),
        (
            "quantity: 2",
            "quantity: 20000",
            "guest/add to basket",
            "more than 10000",
        ),
        (
            "action: place_order",
            "action: look",
            "guest/place order",
            "/checkout/preview/",
        ),
        (
            "csrfmiddlewaretoken: \"{{ token }}\", quantity",
            "quantity",
            "guest/add to basket",
            "number 403",
        ),
    ] {
        let (_bench, ran) = oscar().smoke(from, to);
        let ran = ran.expect(3);
        assert!(
            ran.stdout.contains(&format!("\n  {step}: check ")),
            "{}",
            ran.stdout
        );
        says(&ran, words);
    }
}
