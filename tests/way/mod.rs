//! The ways to a target, as a user walks them: proxies, Unix sockets, addresses that are given, and connections that are
//! cut.

mod reconnects;
pub(crate) mod servers;

use crate::support::cli::{Bench, Ran};
use crate::support::target::{refused, target, target_tls};
use servers::{proxy, relay};
use std::os::unix::process::CommandExt as _;

const SMOKE: &str = "  smoke: { passes: 1 }\n";
const LOAD: &str = "  load: { users: 2, duration: 1s }\n";
const ONE: &str = "      - get: /ok\n        name: a\n";

/// A scenario with more lines at its top.
fn bench(target: &str, top: &str, profiles: &str) -> Bench {
    let bench = Bench::with_steps(target, ONE, profiles);
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &format!("{top}\n{text}"));
    bench
}

/// Runs with variables in the environment.
fn with(bench: &Bench, variables: &[(&str, &str)]) -> Ran {
    let mut command = bench.command(&["run", "s.yaml", "--out", "out"]);
    command.envs(variables.iter().copied());
    bench.ran(command.output().unwrap())
}

#[test]
fn https_goes_through_a_tunnel_and_http_is_handed_over() {
    let secure = target_tls();
    let ca = secure.ca().display();
    let proxy = proxy(Some("YW5uOnNlY3JldC13b3Jk"));
    let key = format!("proxy: http://ann:secret-word@{}\n", proxy.addr);
    let top = format!("{key}tls: {{ ca: {ca} }}");
    let first = bench(&secure.target.url(""), &top, SMOKE);
    let ran = first.smoke(&[]).expect(0);
    assert_eq!(secure.target.hits("/ok"), 1);
    let asked = format!("CONNECT {} HTTP/1.1\r\n", secure.target.addr);
    assert!(
        proxy.heads().iter().all(|head| head.starts_with(&asked)),
        "{:?}",
        proxy.heads()
    );
    let via = format!("via the proxy http://{}", proxy.addr);
    assert!(
        ran.stdout.contains(&via) && ran.stderr.contains(&via),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.result()["run"]["via"][0], via[4..]);

    let before = proxy.heads().len();
    let key = format!("{key}allow: [shop.test]");
    let second = bench("http://shop.test:8080", &key, LOAD);
    let ran = second.smoke(&[]).expect(0);
    let heads = proxy.heads().split_off(before);
    assert!(
        heads[0].starts_with("HEAD http://shop.test:8080/ok HTTP/1.1\r\nhost: shop.test:8080\r\n")
    );
    assert!(
        heads[1..]
            .iter()
            .all(|h| h.starts_with("GET http://shop.test:8080/ok HTTP/1.1\r\n"))
    );
    assert!(
        heads.len() > 2,
        "a loopback proxy needs no `allow:`, and its connections are kept"
    );
    for text in [
        &ran.stdout,
        &ran.stderr,
        &ran.report("result.json"),
        &ran.report("report.html"),
    ] {
        assert!(
            !text.contains("secret-word") && !text.contains("YW5u"),
            "{text}"
        );
    }
}

#[test]
fn six_when_the_proxy_does_not_let_us_through() {
    let proxy = proxy(Some("other"));
    let gone = refused();
    for (target, address, words) in [
        (
            "https://shop.test",
            proxy.addr,
            format!(
                "the proxy {} answered 407 Proxy Authentication Required to CONNECT",
                proxy.addr
            ),
        ),
        (
            "http://shop.test",
            proxy.addr,
            format!(
                "the proxy {} answered 407 Proxy Authentication Required to HEAD",
                proxy.addr
            ),
        ),
        (
            "http://shop.test",
            gone.addr,
            format!("the proxy {}: ", gone.addr),
        ),
    ] {
        let top = format!("allow: [shop.test]\nproxy: http://ann:secret-word@{address}");
        let bench = bench(target, &top, LOAD);
        let ran = bench.smoke(&[]).expect(6);
        assert!(ran.stdout.contains(&words), "{words}: {}", ran.stdout);
        assert!(!ran.stdout.contains("secret-word"), "{}", ran.stdout);
        ran.all_reports();
    }
}

#[test]
fn the_environment_decides_except_for_this_machine() {
    let (proxy, target) = (proxy(None), target());
    let address = format!("http://{}", proxy.addr);
    let variables = [
        ("http_proxy", address.as_str()),
        ("no_proxy", "internal.test"),
    ];
    with(&bench("http://shop.test", "", SMOKE), &variables).expect(0);
    assert_eq!(proxy.heads().len(), 1);
    with(&bench(&target.url(""), "", SMOKE), &variables).expect(0);
    assert_eq!((proxy.heads().len(), target.hits("/ok")), (1, 1));
    with(
        &bench(&target.url(""), "proxy: environment", SMOKE),
        &variables,
    )
    .expect(0);
    assert_eq!((proxy.heads().len(), target.hits("/ok")), (2, 1));
    with(&bench(&target.url(""), "proxy: off", SMOKE), &variables).expect(0);
    let wrong = [("http_proxy", "ftp://ann:secret-word@proxy.test")];
    let ran = with(&bench("http://shop.test", "", SMOKE), &wrong).expect(2);
    assert!(
        ran.stderr
            .contains("the environment variable `http_proxy`: "),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("secret-word"), "{}", ran.stderr);
    assert_eq!(proxy.heads().len(), 2);
}

#[test]
fn two_when_load_would_go_through_a_proxy_that_nobody_owns() {
    let target = target();
    let load = "  load: { users: 2, duration: 300ms }\n";
    let top = "proxy: socks5h://ann:secret-word@proxy.test:1080";
    let bench = bench(&target.url(""), top, load);
    let ran = bench.smoke(&[]).expect(2);
    for words in ["through the proxy proxy.test", "allow: [proxy.test]"] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    let plan = bench.run(&["plan", "s.yaml", "--no-measure"]).expect(0);
    assert!(
        plan.stdout
            .contains("via the proxy socks5h://proxy.test:1080\n"),
        "{}",
        plan.stdout
    );
    let config = bench.run(&["config", "s.yaml"]).expect(0);
    assert!(
        config.stdout.contains("socks5h://***@proxy.test:1080"),
        "{}",
        config.stdout
    );
    for text in [ran.stderr, plan.stdout, config.stdout] {
        assert!(!text.contains("secret-word"), "{text}");
    }
    assert_eq!(target.connections(), 0);
}

#[test]
fn a_unix_socket_is_this_machine_and_a_missing_one_is_named() {
    let target = target();
    let bench = bench("http://app.test", "unix: app.sock", LOAD);
    let ran = bench.smoke(&[]).expect(6);
    assert!(
        ran.stdout
            .contains("the Unix socket app.sock: No such file"),
        "{}",
        ran.stdout
    );
    relay(&bench.path("app.sock"), target.addr);
    let ran = bench.smoke(&[]).expect(0);
    assert!(
        ran.stdout.contains("via the Unix socket app.sock"),
        "{}",
        ran.stdout
    );
    let seen = target.seen("/ok");
    assert!(seen.len() > 1 && seen.iter().all(|s| s.header("host") == Some("app.test")));
}

#[test]
fn hosts_are_sent_where_the_scenario_says() {
    let target = target();
    let top = format!("resolve: {{ shop.test: \"{}\" }}", target.addr);
    // Under load: what is sent to this machine needs no `allow:`.
    let ran = bench("http://shop.test", &top, LOAD).smoke(&[]).expect(0);
    let seen = target.seen("/ok");
    assert!(seen.iter().all(|s| s.header("host") == Some("shop.test")));
    assert!(
        ran.stdout
            .contains(&format!("via shop.test to {}", target.addr)),
        "{}",
        ran.stdout
    );
    let steps = "      - get: /ok\n        name: a\n        headers: { Host: other.test }\n        check: [status == 500]\n";
    let bench = Bench::with_steps(&target.url(""), steps, SMOKE);
    let ran = bench.smoke(&[]).expect(3);
    assert_eq!(
        target.seen("/ok").last().unwrap().header("host"),
        Some("other.test")
    );
    assert!(
        ran.report("result.json").contains("-H 'host: other.test'"),
        "the curl line says it, too"
    );
}

#[test]
fn seven_when_the_generator_has_no_file_left() {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /stall\n        name: a\n        timeout: 1s\n",
        "  load: { users: 120, duration: 1s }\n",
    );
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &format!("preflight: false\n{text}"));
    let binary = env!("CARGO_BIN_EXE_tollgate");
    let mut shell = std::process::Command::new("/bin/sh");
    let script = format!("ulimit -n 60 && exec {binary} run s.yaml --out out --workers 1");
    shell
        .args(["-c", &script])
        .current_dir(bench.path(""))
        .arg0("sh");
    let ran = bench.ran(shell.output().unwrap()).expect(7);
    for words in [
        "had no port or no file left",
        "ulimit -n",
        "keep_alive: true",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let record = ran.record();
    assert!(record.health.conserved);
}
