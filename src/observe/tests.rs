//! Pages that are right, broken and hostile.

use super::exposition::find;
use crate::scenario::Selector;
use proptest::prelude::*;

fn one(page: &str, selector: &str) -> Result<(bool, f64, usize), String> {
    let selector = Selector::parse(selector).unwrap();
    let found = find(page, &[&selector]).remove(0)?;
    Ok((
        found.counter,
        found.series.values().sum(),
        found.series.len(),
    ))
}

const PAGE: &str = "\
# HELP http_requests_total Requests.\r
# TYPE http_requests_total counter\r
http_requests_total{code=\"200\",path=\"/a b{c}\"} 1027 1395066363000\r
http_requests_total{code=\"500\",path=\"say \\\"hi\\\" \\\\ \\n\"} 3\r
# TYPE jobs gauge
jobs 12.5
jobs_total_done 7
  spaced { a = \"1\" , } 4
# TYPE rpc summary
rpc{quantile=\"0.99\"} 0.7
rpc_sum 1.5e3
rpc_count 2
untyped_total 5
# TYPE openmetrics counter
openmetrics_total 9 # {trace_id=\"x\"} 0.5
inf +Inf
nan NaN
# EOF
";

#[test]
fn values_of_a_page() {
    for (selector, expected) in [
        ("http_requests_total", (true, 1030.0, 2)),
        ("http_requests_total{code=\"200\"}", (true, 1027.0, 1)),
        (
            "http_requests_total{path=\"say \\\"hi\\\" \\\\ \\n\"}",
            (true, 3.0, 1),
        ),
        ("jobs", (false, 12.5, 1)),
        ("jobs_total_done", (false, 7.0, 1)),
        ("rpc{quantile=\"0.99\"}", (false, 0.7, 1)),
        ("rpc_sum", (true, 1500.0, 1)),
        ("untyped_total", (true, 5.0, 1)),
        ("openmetrics_total", (true, 9.0, 1)),
        ("inf", (false, f64::INFINITY, 1)),
    ] {
        assert_eq!(one(PAGE, selector), Ok(expected), "{selector}");
    }
    assert!(one(PAGE, "nan").unwrap().1.is_nan());
}

#[test]
fn what_is_no_value() {
    for (page, selector) in [
        ("", "a"),
        ("<html>a 1</html>", "a"),
        ("a", "a"),
        ("a{", "a"),
        ("a{b=\"c} 1", "a"),
        ("a{b=\"c\"", "a"),
        ("a{b=\"c\"}", "a"),
        ("a one", "a"),
        ("a{b} 1", "a"),
        ("ab 1", "a"),
        ("a{b=\"c\"} 1", "a{b=\"d\"}"),
        ("a 1\na{ 2", "a"),
    ] {
        assert!(one(page, selector).is_err(), "{page}");
    }
    let many: Vec<String> = (0..10_001)
        .map(|i| {
            format!(
                "a{{b=\"{i}\"}} 1
"
            )
        })
        .collect();
    let many = many.concat();
    assert!(one(&many, "a").unwrap_err().contains("more than 10000"));
    // What is not wanted may be broken.
    assert_eq!(one("b{ x\na 1\n\u{0}\u{1}", "a"), Ok((false, 1.0, 1)));
}

proptest! {
    #![proptest_config(crate::properties::cases(256))]

    #[test]
    fn never_panics(page in "((a|b|#|TYPE|\\{|\\}|=|\"|\\\\|,|1|é|\n| |NaN) ?){0,40}") {
        let selector = Selector::parse("a{b=\"\"}").unwrap();
        for found in find(&page, &[&selector]).into_iter().flatten() {
            prop_assert!(!found.series.is_empty());
        }
    }
}
