//! What no answer should tell, and what looks like it.

use super::super::sensitive::secrets;
use super::*;

const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF\n-----END RSA PRIVATE KEY-----";
const KEY_IN_JSON: &str =
    "-----BEGIN PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn\\n-----END PRIVATE KEY-----";

fn found(headers: &[(&str, &str)], body: &str) -> Look {
    let headers = Head::of(headers.iter().copied());
    Sensitive::default().look(&Seen {
        body: body.as_bytes(),
        ..seen(200, &headers)
    })
}

/// A kind, a body that has it, and what must not be repeated of it.
const TOLD: &[(&str, &str, &str)] = &[
    ("Java", "x\n\tat com.shop.Cart.add(Cart.java:42)", ""),
    (
        "JavaScript",
        "Error: x\\n    at add (/app/cart.js:4:7)\\n    at next (/app/n.js:1:2)",
        "",
    ),
    (
        "JavaScript",
        "<pre>Error<br> &nbsp; at /srv/app.js:10:3<br> &nbsp; at Layer.handle (/srv/l.js:95:5)",
        "",
    ),
    (
        "Python",
        "Traceback (most recent call last):\n  File \"/app/views.py\", line 3",
        "",
    ),
    (
        ".NET",
        "   at Shop.Cart.Add(Int32 id) in C:\\src\\Cart.cs:line 17",
        "",
    ),
    (
        "PHP",
        "<b>Fatal error</b>:  Uncaught Error in <b>/var/www/a.php</b> on line <b>3</b>",
        "",
    ),
    ("Ruby", "app/models/cart.rb:12:in `add'", ""),
    ("Go", "goroutine 1 [running]:\nmain.main()", ""),
    ("Rust", "thread 'main' panicked at src/main.rs:2:5:", ""),
    ("private key", KEY, "MIIEpAIBAAKCAQEA"),
    ("private key", KEY_IN_JSON, "MIIEpAIBAAKCAQEA"),
    ("AWS", "key=AKIAIOSFODNN7QWERTYU;", "IOSFODNN7QWERTYU"),
    (
        "GitHub",
        "ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2",
        "a1B2a1B2",
    ),
    (
        "Slack",
        "xoxb-17653672481-19874698323-abcdefABCDEF",
        "17653672481",
    ),
    ("Stripe", "sk_live_4eC39HqLyjWD4eC39HqLyjWD", "4eC39HqLyjWD"),
    (
        "JSON Web Token secret",
        r#"{"jwtSecret":"correct-horse"}"#,
        "correct-horse",
    ),
    (
        "JSON Web Token secret",
        "JWT_SECRET=correct-horse-battery",
        "correct-horse",
    ),
    (
        "connection string",
        "postgres://shop:hunter22@db.internal:5432/shop",
        "hunter22",
    ),
    (
        "connection string",
        "mongodb+srv://u:hunter22@c.mongodb.net",
        "hunter22",
    ),
    (
        "connection string",
        "Server=db;Database=shop;User Id=sa;Password=hunter22;",
        "hunter22",
    ),
    (
        "connection string",
        "jdbc:mysql://db/shop?user=sa&password=hunter22",
        "hunter22",
    ),
];

#[test]
fn what_no_answer_should_tell_is_found_and_masked() {
    for (kind, body, secret) in TOLD {
        let look = found(
            &[("content-type", "text/html")],
            &format!("line one\n{body}\n"),
        );
        if !secret.is_empty() {
            assert!(!format!("{look:?}").contains(*secret), "{look:?}");
            let hidden = secrets(&Head::default(), body.as_bytes());
            assert!(
                hidden.iter().any(|h| h.contains(*secret)),
                "{kind}: {hidden:?}"
            );
        }
        fails(look.clone(), kind);
        let Look::Fails(sentence) = look else {
            continue;
        };
        assert!(
            sentence.contains("line 2 of the body") || sentence.contains("line 3"),
            "{sentence}"
        );
    }
    for (name, value) in [
        ("Server", "nginx/1.18.0"),
        ("X-Powered-By", "PHP/8.1.2"),
        ("X-AspNet-Version", "4.0.30319"),
        ("x-debug", "postgres://shop:hunter22@db/shop"),
    ] {
        let look = found(&[(name, value)], "");
        assert!(!format!("{look:?}").contains("hunter22"));
        fails(look, &format!("in the header {name}").to_lowercase());
    }
}

/// What is everywhere on the web and tells nothing.
#[test]
fn ordinary_pages_and_scripts_are_left_alone() {
    for body in [
        "We look at 10:30 (see cart.js:12). Meet us at Main Street (building 4:2).",
        "throw new Error('at least one'); // at foo (bar)",
        "const stack = new Error().stack; console.log(`at ${file}:${line}:${column}`)",
        "try { } catch (e) { report(e.stack) }",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
        "paste what stands behind -----BEGIN PRIVATE KEY----- here",
        "AKIAIOSFODNN7EXAMPLE",
        "pk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "jwtSecret: process.env.JWT_SECRET, jwt_secret=config.jwt",
        "JWT_SECRET=$JWT_SECRET",
        "postgres://localhost/shop postgres://user:password@localhost:5432/db postgres://u:${PASSWORD}@h/d",
        "redis://cache:6379/0 mysql://user@host/db amqp://guest:<password>@host",
        "Server=db;Database=shop;Integrated Security=true",
        "<input type=password name=pwd> <label>Password=</label>",
        "Warning: shallow water in the harbour. Notice: closed on Monday",
        "Fatal error handling in PHP is described in chapter 3",
        "the goroutine 1 of many; a thread 'main' and its panic",
        "gem 'rails' # app.rb:12: see below",
        "Traceback (most recent call last) is what Python prints",
        "var a=function(){return{at:1}};e.at(-1);o.at(0).b(c);",
    ] {
        let look = found(&[("content-type", "text/html"), ("server", "nginx")], body);
        assert_eq!(look, Look::Holds, "{body}");
    }
    let picture = [("content-type", "image/png")];
    assert_eq!(found(&picture, KEY), Look::Holds);
    let rule = Sensitive {
        except: vec!["nginx/1.".into(), "RSA".into()],
        ..Sensitive::default()
    };
    let headers = Head::of([("server", "nginx/1.18.0")]);
    let seen = Seen {
        body: KEY.as_bytes(),
        ..seen(200, &headers)
    };
    assert_eq!(rule.look(&seen), Look::Holds);
}
