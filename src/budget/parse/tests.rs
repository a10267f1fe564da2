use super::*;
use crate::budget::{When, Which};
use proptest::prelude::*;

fn budget(text: &str) -> Budget {
    parse_sentence(text).unwrap_or_else(|e| panic!("{text}: {} ({})", e.message, e.help))
}

/// As written and in the plainest form.
#[rustfmt::skip]
pub(super) const PLAIN: &[(&str, &str)] = &[
        ("p95 < 500ms", "p95 < 500ms"),
        ("response p95<500 ms", "p95 < 500ms"),
        ("p99.9 <= 1.5s", "p99.9 <= 1500ms"),
        ("ttfb p95 of landing < 200ms", "ttfb p95 of landing < 200ms"),
        ("p95 ttfb of landing < 200ms", "ttfb p95 of landing < 200ms"),
        (
            "p50 of purchase/add to cart < 2s during launch",
            "p50 of purchase/add to cart < 2s during launch",
        ),
        (
            "p50 of \"a < b\" < 2s during \"launch\"",
            "p50 of \"a < b\" < 2s during launch",
        ),
        ("mean < 250us", "mean < 250us"),
        ("max service < 1m", "service max < 60s"),
        ("connect max < 1.5ms", "connect max < 1500us"),
        ("error_rate < 0.1%", "error_rate < 0.1%"),
        ("error_rate <= 0 %", "error_rate <= 0%"),
        (
            "success_rate of purchase/pay > 99%",
            "success_rate of purchase/pay > 99%",
        ),
        ("check_rate >= 100%", "check_rate >= 100%"),
        (
            "cache_hit_rate of images > 80 %",
            "cache_hit_rate of images > 80%",
        ),
        (
            "throughput >= 500 req/s during launch",
            "throughput >= 500 req/s during launch",
        ),
        ("throughput > 30/min", "throughput > 0.5 req/s"),
        ("p99.99 < 2s", "p99.99 < 2s"),
        ("schedule lag p99 < 5ms", "lag p99 < 5ms"),
        ("max body of feed < 2s", "body max of feed < 2s"),
        ("ws latency p95 < 100ms", "message latency p95 < 100ms"),
        ("p95 message latency of chat < 100ms", "message latency p95 of chat < 100ms"),
        ("first event p99 of ticker < 1s", "first message p99 of ticker < 1s"),
        ("event  gap max < 5s", "message gap max < 5s"),
        ("message gap p99 < 5s in 95% of 10s windows", "message gap p99 < 5s in 95% of 10s windows"),
        ("count(messages) of ticker >= 100", "count(messages) of ticker >= 100"),
        ("count(messages) < 100", "count(messages) < 100"),
        ("rate(messages) >= 10/s", "rate(messages) >= 10 req/s"),
        (
            "bytes p95 of landing < 100 kB",
            "bytes p95 of landing < 100kB",
        ),
        ("bytes min > 1B", "bytes min > 1B"),
        ("stddev < 40ms", "stddev < 40ms"),
        ("server cpu < 70%", "server cpu max < 70%"),
        ("server ok >= 1", "server ok min >= 1"),
        ("server  heap p99.9 <= 1.5 GB during launch", "server heap p99.9 <= 1500MB during launch"),
        ("server queue last > -5", "server queue last > -5"),
        ("prometheus cpu: 'rate(x{a=\"b\"}[15s]) > 0' < 70%", "prometheus cpu max: 'rate(x{a=\"b\"}[15s]) > 0' < 70%"),
        ("prometheus db p95: rate(x[1m]) > 0 < 50ms", "prometheus db p95: 'rate(x[1m]) > 0' < 50ms"),
        ("prometheus up: \"up{a='b'}\" >= 1", "prometheus up min: \"up{a='b'}\" >= 1"),
        ("apdex(500ms) of pay >= 0.9", "apdex(500ms) of pay >= 0.9"),
        ("count(5xx) < 5", "count(5xx) < 5"),
        ("share(429) of pay < 1%", "share(429) of pay < 1%"),
        ("share(2xx) of pay >= 99%", "share(2xx) of pay >= 99%"),
        ("share(304) > 50 %", "share(304) > 50%"),
        ("rate(errors) < 1/s", "rate(errors) < 1 req/s"),
        ("count(timeouts) <= 0", "count(timeouts) <= 0"),
        (
            "p95 of purchase < 300ms in 95% of 10s windows",
            "p95 of purchase < 300ms in 95% of 10s windows",
        ),
        (
            "error_rate < 5% for 2m during launch",
            "error_rate < 5% for 120s during launch",
        ),
        (
            "check_rate > 99% within 30s of start",
            "check_rate > 99% within 30s of start",
        ),
        ("p95 of GET /a?b=1 < 1s", "p95 of \"GET /a?b=1\" < 1s"),
        ("  p95 of ofen < 1s  ", "p95 of ofen < 1s"),
        ("capture queue_depth max < 100", "capture queue_depth max < 100"),
        ("p95 capture queue_depth of landing <= 1_000", "capture queue_depth p95 of landing <= 1000"),
        ("capture free min > 0.5", "capture free min > 0.5"),
        ("p95 of 2xx < 300ms", "p95 of 2xx < 300ms"),
        ("ttfb p99 of 404 of tag search < 1s in 95% of 10s windows", "ttfb p99 of 404 of tag search < 1s in 95% of 10s windows"),
        ("error_rate of 2xx of \"a < b\" < 1%", "error_rate of 2xx of \"a < b\" < 1%"),
        ("p95 of \"2xx\" < 1s", "p95 of \"2xx\" < 1s"),
        ("p95 of tag checkout < 1s", "p95 of tag checkout < 1s"),
        ("p95 of 2xxl < 1s", "p95 of 2xxl < 1s"),
];

#[test]
fn sentences_and_their_plain_form() {
    for (text, plain) in PLAIN {
        let parsed = budget(text);
        assert_eq!(parsed.to_string(), *plain, "{text}");
        assert_eq!(parsed.text, text.trim());
    }
}

#[test]
fn what_is_read() {
    let parsed = budget("tls p99 of \"sign in\" <= 80ms during night shift");
    let metric = Metric::Tls;
    assert_eq!(parsed.statistic, Statistic::Percentile { metric, q: 0.99 });
    assert_eq!(parsed.scope, Scope::Named("sign in".into()));
    assert_eq!(
        parsed.bound,
        Bound {
            operator: Operator::AtMost,
            limit: Quantity::Time(80_000_000)
        }
    );
    assert_eq!(parsed.during.as_deref(), Some("night shift"));
}

/// Sentence, code, the part pointed at, a piece of message or help.
#[rustfmt::skip]
pub(super) const WRONG: &[(&str, &str, &str, &str)] = &[
    ("", "T0801", "", "starts with what it bounds"),
    ("< 500ms", "T0801", "< 500ms", "starts with what it bounds"),
    ("p95th < 500ms", "T0802", "p95th", "not a statistic"),
    ("P95 < 500ms", "T0802", "P95", "did you mean `p95`?"),
    ("p(95) < 500ms", "T0802", "p(95)", "write `p95`"),
    ("avg < 500ms", "T0802", "avg", "write `mean`"),
    ("eror_rate < 1%", "T0802", "eror_rate", "did you mean `error_rate`?"),
    ("errors < 1%", "T0802", "errors", "write `error_rate`"),
    ("ttfb < 1s", "T0802", "ttfb", "`ttfb p95`"),
    ("landing p95 < 1s", "T0802", "landing", "`p95 of landing`"),
    ("cats < 1s", "T0802", "cats", "starts with one of"),
    ("p95 of < 1s", "T0803", "of", "names nothing"),
    ("p95 of \"\" < 1s", "T0803", "of", "names nothing"),
    ("p95 of \"landing < 1s", "T0803", "\"landing < 1s", "closing \""),
    ("throughput of pay > 1 req/s", "T0803", "pay", "whole run"),
    ("p95", "T0804", "", "write `p95 < 500ms`"),
    ("p95 of landing", "T0804", "", "limit is missing"),
    ("p95 is below 500ms", "T0804", "is", "write `<`"),
    ("p95 landing < 500ms", "T0804", "landing", "`of` before the name"),
    ("p95 = 500ms", "T0804", "=", "not an operator"),
    ("p95 of landing == 500ms", "T0804", "==", "not an operator"),
    ("p95 of landing => 500ms", "T0804", "=>", "not an operator"),
    ("p95 ≤ 500ms", "T0804", "≤", "write `<=`"),
    ("error_rate != 0%", "T0804", "!=", "not an operator"),
    ("p95 > 500ms", "T0805", ">", "what must hold"),
    ("success_rate < 99%", "T0805", "<", "takes `>`"),
    ("throughput <= 5 req/s", "T0805", "<=", "write `>=`"),
    ("p95 <", "T0806", "", "limit is missing"),
    ("p95 < fast", "T0806", "fast", "a number with its unit"),
    ("p95 < 500", "T0806", "500", "500ms"),
    ("p95 < 500 during launch", "T0806", "500", "has no unit"),
    ("p95 < 5%", "T0806", "5%", "not a unit of time"),
    ("p95 < -5ms", "T0806", "-5ms", "number"),
    ("p95 < 1,5s", "T0806", "1,5s", "as in `500ms`"),
    ("error_rate < 0.1", "T0806", "0.1", "`10%` if the fraction"),
    ("error_rate < 500ms", "T0806", "500ms", "in percent"),
    ("check_rate > 101%", "T0806", "101%", "more than 100 %"),
    ("throughput > 500", "T0806", "500", "500 req/s"),
    ("throughput > 500 rps", "T0806", "500 rps", "not a rate"),
    ("throughput > 50 flows/s", "T0806", "50 flows/s", "req/s"),
    ("error_rate < 0%", "T0807", "0%", "error_rate <= 0%"),
    ("p95 < 0ms", "T0807", "0ms", "never holds"),
    ("success_rate > 100%", "T0807", "100%", "success_rate >= 100%"),
    ("error_rate <= 100%", "T0807", "100%", "always holds"),
    ("p95 < 500ms of landing", "T0808", "of landing", "before the operator"),
    ("p95 < 300ms in 95% of 10 windows", "T0813", "in 95% of 10 windows", "in 95% of 10s windows"),
    ("p95 < 300ms in windows", "T0813", "in windows", "no window"),
    ("p95 < 300ms for 0s", "T0813", "for 0s", "no window"),
    ("p95 < 300ms within 30s", "T0813", "within 30s", "within 30s of start"),
    ("mean < 300ms for 2m", "T0813", "for 2m", "of the whole run"),
    ("connect p95 < 3ms for 2m", "T0813", "for 2m", "kept over time"),
    ("p95 < 300ms for 2m please", "T0808", "please", "during"),
    ("cache_hit_rate of images < 80%", "T0805", "<", ">"),
    ("cache_hits > 80%", "T0802", "cache_hits", "cache_hit_rate"),
    ("cache_hit_rate > 80% for 2m", "T0813", "for 2m", "of the whole run"),
    ("capture max < 100", "T0802", "capture max", "`capture max p95`"),
    ("capture < 100", "T0812", "capture", "names nothing"),
    ("capture queue_depth max < 100ms", "T0806", "100ms", "plain number"),
    ("count(5xx) of 2xx < 4", "T0815", "2xx", "not kept by status"),
    ("cache_hit_rate of 2xx > 80%", "T0815", "2xx", "not kept by status"),
    ("capture depth max of 2xx < 4", "T0815", "2xx", "not kept by status"),
    ("ws p95 < 1s", "T0802", "ws", "write `ws latency p95`"),
    ("message latency < 1s", "T0802", "message latency", "`message latency p95`"),
    ("messages > 5", "T0802", "messages", "count(messages)"),
    ("share(messages) < 5%", "T0814", "share(messages)", "count(messages)"),
    ("count(6xx) < 5", "T0814", "count(6xx)", "count(5xx)"),
    ("count(5xx < 5", "T0814", "count(5xx", "not closed"),
    ("apdex(fast) > 0.9", "T0814", "apdex(fast)", "apdex(500ms)"),
    ("cuont(5xx) < 5", "T0802", "cuont(5xx)", "did you mean `count(5xx)`?"),
    ("count(5xx) < 5%", "T0806", "5%", "plain number"),
    ("count(5xx) < 0", "T0807", "0", "never holds"),
    ("share(5xx) < 5", "T0806", "5", "5%"),
    ("share(5xx) > 5%", "T0805", ">", "write `<`"),
    ("share(errors) >= 99%", "T0805", ">=", "write `<=`"),
    ("share(2xx) > 100%", "T0807", "100%", "share(2xx) >= 100%"),
    ("share(2xx) >= 0%", "T0807", "0%", "always holds"),
    ("rate(2xx) >= 99%", "T0805", ">=", "`share(2xx) >= 99%`"),
    ("count(2xx) > 9", "T0805", ">", "`share(2xx) >= 99%`"),
    ("rate(5xx) < 1%", "T0806", "1%", "write `share(5xx)`"),
    ("5xx < 1%", "T0802", "5xx", "write `share(5xx)`"),
    ("bytes p95 < 5ms", "T0806", "5ms", "100kB"),
    ("apdex(1s) < 0.9", "T0805", "<", "takes `>`"),
    ("p95 < 300ms, please", "T0806", "300ms,", "not a unit"),
    ("p95 < 3s during \"a\" b", "T0808", " b", "ends the sentence"),
    ("ttfb p95 service < 1s", "T0804", "service", "expected `<`"),
    ("ttfb error_rate < 1%", "T0809", "error_rate", "do not go together"),
    ("p95 p99 < 1s", "T0809", "p99", "do not go together"),
    ("p95 < 500ms during", "T0810", "during", "names no profile"),
    ("p95 of landing during launch < 1s", "T0810", "landing during launch", "after the limit"),
    ("p100 < 1s", "T0811", "p100", "write `max`"),
    ("p0 < 1s", "T0811", "p0", "between 0 and 100"),
    ("p999 < 1s", "T0811", "p999", "write `p99.9`"),
    ("p095 < 1s", "T0811", "p095", "between 0 and 100"),
];

#[test]
fn wrong_sentences_point_at_the_place_and_name_the_fix() {
    for (text, code, place, piece) in WRONG {
        let error = parse_sentence(text).expect_err(text);
        let said = format!("{} ({})", error.message, error.help);
        assert_eq!(error.code, *code, "{text}: {said}");
        assert_eq!(&text[error.range.clone()], *place, "{text}: {said}");
        assert!(said.contains(piece), "{text}: {said}");
        assert!(!error.message.ends_with('.') && !error.help.is_empty());
    }
}

fn metric() -> impl Strategy<Value = Metric> {
    prop::sample::select(Metric::ALL.to_vec())
}

fn name() -> impl Strategy<Value = String> {
    "[a-z\"'<=!é/][a-z0-9 \"'<>=!?/é-]{0,12}".prop_filter("no text holds both quotes", |n| {
        let both = n.contains('"') && n.contains('\'');
        !(both || n.trim().is_empty())
    })
}

fn length() -> impl Strategy<Value = u64> {
    (1u64..1_000_000).prop_map(|ms| ms * 1_000_000)
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        (100u16..600).prop_map(Which::Status),
        (1u16..6).prop_map(Which::Class),
        Just(Which::Errors),
        Just(Which::Timeouts),
    ]
}

fn statistic() -> impl Strategy<Value = Statistic> {
    let percent = (1u32..99_999).prop_map(|p| f64::from(p) / 1000.0 / 100.0);
    prop_oneof![
        (metric(), percent).prop_map(|(metric, q)| Statistic::Percentile { metric, q }),
        metric().prop_map(Statistic::Mean),
        metric().prop_map(Statistic::Max),
        metric().prop_map(Statistic::Min),
        metric().prop_map(Statistic::Deviation),
        length().prop_map(Statistic::Apdex),
        which().prop_map(Statistic::Share),
        which().prop_map(Statistic::Count),
        which().prop_map(Statistic::Rate),
        Just(Statistic::Count(Which::Messages)),
        Just(Statistic::Rate(Which::Messages)),
        Just(Statistic::ErrorRate),
        Just(Statistic::SuccessRate),
        Just(Statistic::CheckRate),
        Just(Statistic::Throughput),
    ]
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        (1u32..=1000, length()).prop_map(|(per_mille, length)| When::Windows {
            share: crate::units::parse_share(&format!("{}%", f64::from(per_mille) / 10.0)).unwrap(),
            length
        }),
        length().prop_map(When::Every),
        length().prop_map(When::From),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        (100u16..600).prop_map(Part::Status),
        (1u16..6).prop_map(Part::Class),
        "[a-z_][a-z0-9_]{0,8}".prop_map(Part::Capture),
    ]
}

/// A statistic with a part that it can have.
fn apart(statistic: Statistic, part: Option<Part>) -> (Statistic, Option<Part>) {
    let by_status = match statistic.metric() {
        Some(metric) => !metric.of_messages() && metric != Metric::Decoded,
        None => matches!(statistic, Statistic::ErrorRate | Statistic::Apdex(_)),
    };
    match (part, statistic) {
        (Some(part @ Part::Capture(_)), Statistic::Percentile { q, .. }) => {
            let metric = Metric::Captured;
            (Statistic::Percentile { metric, q }, Some(part))
        }
        (Some(part @ Part::Capture(_)), Statistic::Max(_)) => {
            (Statistic::Max(Metric::Captured), Some(part))
        }
        (Some(part @ (Part::Status(_) | Part::Class(_))), _) if by_status => {
            (statistic, Some(part))
        }
        _ => (statistic, None),
    }
}

pub(super) fn sentence() -> impl Strategy<Value = Budget> {
    let time = (1u64..100_000_000_000).prop_map(Quantity::Time);
    let share = (1u32..99_999).prop_map(|s| Quantity::Share(f64::from(s) / 1000.0 / 100.0));
    let rate = (1u32..1_000_000).prop_map(|r| Quantity::Rate(f64::from(r) / 60.0));
    let statistic = statistic();
    let scope = prop_oneof![
        Just(Scope::All),
        name().prop_map(|n| Scope::Named(n.trim().into()))
    ];
    let part = prop::option::of(part());
    let during = prop::option::of(name().prop_map(|n| n.trim().to_owned()));
    let when = prop::option::of(when());
    (
        statistic,
        scope,
        (time, share, rate),
        any::<bool>(),
        (during, when, part),
    )
        .prop_map(
            |(statistic, scope, (time, share, rate), strict, (during, when, part))| {
                let (statistic, part) = apart(statistic, part);
                let operator = match (statistic.upper(), strict) {
                    (true, true) => Operator::Less,
                    (true, false) => Operator::AtMost,
                    (false, true) => Operator::More,
                    (false, false) => Operator::AtLeast,
                };
                let limit = match statistic {
                    Statistic::Throughput | Statistic::Rate(_) => rate,
                    Statistic::Count(_) | Statistic::Apdex(_) => Quantity::Number(7.0),
                    _ if statistic.metric() == Some(Metric::Captured) => Quantity::Number(7.5),
                    _ if statistic.metric().is_some_and(Metric::of_bytes) => Quantity::Bytes(7_000),
                    _ if statistic.metric().is_some() => time,
                    _ => share,
                };
                let scope = match statistic {
                    Statistic::Throughput => Scope::All,
                    _ => scope,
                };
                let bound = Bound { operator, limit };
                let (text, span) = (String::new(), Span::default());
                Budget {
                    text,
                    span,
                    limit_at: span,
                    level: Level::Fail,
                    statistic,
                    scope,
                    part,
                    bound,
                    when: when.filter(|_| statistic.timed()),
                    during,
                }
            },
        )
}

proptest! {
    #![proptest_config(crate::properties::cases(256))]

    #[test]
    fn never_panics(text in "\\PC{0,60}") {
        let _ = parse_sentence(&text);
    }

    #[test]
    fn never_panics_near_the_language(text in "((p95|p9|ttfb|of|\"|'|<|>=|=|≤|500|ms|%|during|é|error_rate|throughput|req/s|,) ?){0,9}") {
        if let Err(error) = parse_sentence(&text) {
            prop_assert!(text.get(error.range).is_some());
        }
    }

    #[test]
    fn printed_budgets_parse_back(written in sentence()) {
        let text = written.to_string();
        let read = parse_sentence(&text);
        prop_assert!(read.is_ok(), "{text}: {read:?}");
        let read = Budget { text: String::new(), span: Span::default(), limit_at: Span::default(), ..read.unwrap() };
        prop_assert_eq!(read, written, "{}", text);
    }
}
