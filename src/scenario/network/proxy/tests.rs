//! Proxies as they are written, and the conventions of the environment.

use super::*;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn environment(pairs: &[(&str, &str)]) -> Environment {
    let mut environment = Environment::empty();
    for (name, value) in pairs {
        environment = environment.with_process(name, value);
    }
    environment
}

#[test]
fn proxies_are_shown_without_credentials() {
    for (text, shown, credentials) in [
        ("http://proxy.test:3128", "http://proxy.test:3128", None),
        ("proxy.test:3128", "http://proxy.test:3128", None),
        ("https://proxy.test/", "https://proxy.test:443", None),
        ("socks5://[::1]", "socks5://[::1]:1080", None),
        (
            "socks5h://ann:p%40ss@proxy.test:9",
            "socks5h://proxy.test:9",
            Some(("ann", "p@ss")),
        ),
        (
            "http://ann@proxy.test",
            "http://proxy.test:80",
            Some(("ann", "")),
        ),
    ] {
        let proxy = Proxy::parse(text).unwrap();
        assert_eq!(proxy.to_string(), shown);
        assert!(!format!("{proxy:?}").contains("ann"));
        let credentials = credentials.map(|(a, b): (&str, &str)| (a.to_owned(), b.to_owned()));
        assert_eq!(proxy.credentials, credentials, "{text}");
    }
    for bad in [
        "",
        "ftp://proxy.test",
        "socks4://proxy.test",
        "http://",
        "http://proxy.test/path",
        "http://a:hunter2@proxy.test:99999",
    ] {
        let why = Proxy::parse(bad).unwrap_err();
        assert!(!why.contains("hunter2"), "{why}");
    }
    assert_eq!(shown("http://a:b@c:1"), "http://***@c:1");
    assert_eq!(shown("a:b@c:1"), "***@c:1");
    assert_eq!(shown("off"), "off");
}

/// Variables, a target, the proxy before it.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, Option<&'a str>);

#[test]
fn the_environment_is_read_as_curl_reads_it() {
    let of = |pairs: &[(&str, &str)], target: &str| {
        let proxies = Proxies::of_environment(&environment(pairs)).unwrap();
        proxies.of(&url(target)).map(|p| p.host.clone())
    };
    let rows: [Row<'_>; 12] = [
        (
            &[("http_proxy", "http://a:1")],
            "http://shop.test",
            Some("a"),
        ),
        // The header `Proxy:` of a request becomes HTTP_PROXY in CGI programs.
        (&[("HTTP_PROXY", "http://a:1")], "http://shop.test", None),
        (&[("http_proxy", "a:1")], "https://shop.test", None),
        (&[("HTTPS_PROXY", "a:1")], "https://shop.test", Some("a")),
        (
            &[("https_proxy", "a:1"), ("HTTPS_PROXY", "b:1")],
            "https://shop.test",
            Some("a"),
        ),
        (
            &[("ALL_PROXY", "socks5://a:1")],
            "http://shop.test",
            Some("a"),
        ),
        (
            &[("ALL_PROXY", "a:1"), ("https_proxy", "b:1")],
            "https://shop.test",
            Some("b"),
        ),
        (
            &[("https_proxy", ""), ("ALL_PROXY", "a:1")],
            "https://shop.test",
            Some("a"),
        ),
        (&[("ALL_PROXY", "a:1")], "http://127.0.0.1:8080", None),
        (&[("ALL_PROXY", "a:1")], "http://app.localhost", None),
        (
            &[("ALL_PROXY", "a:1"), ("NO_PROXY", "*")],
            "http://shop.test",
            None,
        ),
        (&[], "http://shop.test", None),
    ];
    for (pairs, target, expected) in rows {
        assert_eq!(of(pairs, target).as_deref(), expected, "{pairs:?} {target}");
    }
    let wrong = Proxies::of_environment(&environment(&[("ALL_PROXY", "ftp://a")]));
    assert_eq!(wrong.unwrap_err().0, "ALL_PROXY");
}

#[test]
fn exceptions_are_hosts_networks_and_ports() {
    for (list, target, excepted) in [
        ("shop.test", "http://shop.test", true),
        ("shop.test", "http://www.SHOP.test", true),
        ("shop.test", "http://workshop.test", false),
        (".shop.test", "http://shop.test", true),
        ("*.shop.test", "http://a.shop.test", true),
        ("other.test, shop.test", "http://shop.test", true),
        ("shop.test:8080", "http://shop.test:8080", true),
        ("shop.test:8080", "http://shop.test", false),
        ("shop.test:443", "https://shop.test", true),
        ("10.0.0.0/8", "http://10.1.2.3", true),
        ("10.0.0.0/8", "http://11.1.2.3", false),
        ("10.1.2.3:81", "http://10.1.2.3:81", true),
        ("10.1.2.3:81", "http://10.1.2.3", false),
        ("fd00::/8", "http://[fd00::1]", true),
        ("[fd00::1]:80", "http://[fd00::1]", true),
        ("::1", "http://[::1]", true),
        ("", "http://shop.test", false),
        ("*", "http://shop.test", true),
    ] {
        let proxies = Proxies {
            except: exceptions(list),
            ..Proxies::all(Proxy::parse("proxy.test:1").unwrap())
        };
        assert_eq!(
            proxies.of(&url(target)).is_none(),
            excepted,
            "{list} {target}"
        );
    }
}
