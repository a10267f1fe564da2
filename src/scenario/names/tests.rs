use super::*;
use crate::source::{Diagnostic, Source};

const LINTED: Origin = Origin {
    secret: false,
    linted: true,
};
const SECRET: Origin = Origin {
    secret: true,
    linted: true,
};

fn at(step: usize) -> Span {
    Span::new(step, step)
}

fn planned(flow: &str, step: usize, name: &str) -> Planned {
    Planned {
        flow: flow.into(),
        step: at(step),
        label: format!("step {step}"),
        name: name.into(),
    }
}

fn explained(names: &mut Names, name: &str) -> String {
    names.listen(Path::new(""));
    assert_eq!(names.slot(name), None, "{name}");
    let source = Source::new("x", "");
    let problem = Diagnostic::error("T0301", &source, Span::default(), format!("no `{name}`"));
    names.explain(problem).message
}

#[test]
fn names_live_in_their_flow_from_their_step_on() {
    let mut names = Names::default();
    let columns = [String::from("email")];
    assert_eq!(names.add_feeder("shopper", Columns::Known(&columns)), [0]);
    names.plan(vec![planned("a", 1, "token"), planned("b", 0, "order")]);
    names.enter("a", true);
    names.begin(at(0));
    assert_eq!(names.slot("shopper.email"), Some(0));
    assert!(explained(&mut names, "token").contains("the later step `step 1`"));
    names.begin(at(1));
    assert!(explained(&mut names, "token").contains("this very step"));
    assert_eq!(names.capture("token", Span::new(1, 2), SECRET), 1);
    assert_eq!(names.unread().len(), 1);
    assert_eq!(names.slot("token"), Some(1));
    assert!(names.unread().is_empty());
    assert_eq!(names.secret_among([0, 1].into_iter()), Some("token"));
    assert!(explained(&mut names, "order").contains("flow `b`"));
    assert!(explained(&mut names, "shopper").contains("is a feeder"));
    assert_eq!(explained(&mut names, "nothing"), "no `nothing`");
    assert_eq!(names.names(), ["token", "shopper.email"]);
    names.enter("b", true);
    assert_eq!(names.slot("token"), None);
    assert_eq!(
        names.capture("token", Span::default(), LINTED),
        1,
        "one slot a name"
    );
    assert_eq!(names.secret_among([1].into_iter()), None);
}

#[test]
fn a_broken_feeder_is_one_problem() {
    let mut names = Names::default();
    names.add_feeder("shopper", Columns::Unknown);
    names.enter("a", true);
    assert!(names.slot("shopper.anything").is_some());
    assert_eq!(names.slot("other.anything"), None);
}

#[test]
fn what_a_block_captures_is_in_doubt_behind_it() {
    let doubts = |names: &mut Names, name: &str| {
        names.listen(Path::new(""));
        assert!(names.slot(name).is_some(), "{name}");
        names.doubted()
    };
    let mut names = Names::default();
    names.enter("a", true);
    let before = names.capture("before", Span::default(), LINTED);
    names.branch(&[before]);
    let order = names.capture("order", Span::default(), LINTED);
    assert!(doubts(&mut names, "order").is_empty(), "inside");
    names.join();
    assert_eq!(doubts(&mut names, "order"), ["order"]);
    assert!(doubts(&mut names, "before").is_empty());
    names.branch(&[order]);
    assert!(doubts(&mut names, "order").is_empty(), "asked for");
    names.join();
    assert_eq!(doubts(&mut names, "order"), ["order"]);
    names.branch(&[]);
    names.capture("order", Span::default(), LINTED);
    names.join();
    assert!(
        doubts(&mut names, "order").is_empty(),
        "captured on both branches"
    );
}

#[test]
fn members_of_a_group_do_not_see_each_other() {
    let mut names = Names::default();
    names.enter("a", true);
    names.hold();
    names.capture("css", Span::default(), LINTED);
    assert!(explained(&mut names, "css").contains("another member"));
    names.release();
    assert!(names.slot("css").is_some());
}

#[test]
fn parameters_live_in_their_fragment() {
    let mut names = Names::default();
    names.enter("a", true);
    let (outer, inner) = (names.parameter("f", "user"), names.parameter("g", "user"));
    assert_ne!(outer, inner);
    names.open(vec![("user".into(), outer, true)]);
    names.open(vec![("user".into(), inner, false)]);
    assert_eq!(names.slot("user"), Some(inner));
    names.close();
    assert_eq!(names.slot("user"), Some(outer));
    assert_eq!(names.secret_among([outer].into_iter()), Some("user"));
    names.close();
    assert_eq!(names.slot("user"), None);
}

#[test]
fn what_setup_captures_every_flow_begins_with() {
    let mut names = Names::default();
    names.add_feeder("rows", Columns::Known(&[String::from("a")]));
    names.enter("setup", false);
    assert!(explained(&mut names, "rows.a").contains("no row"));
    let token = names.capture("token", Span::default(), SECRET);
    names.share();
    let common = names.shared();
    names.enter("user setup", true);
    names.capture("cart", Span::default(), LINTED);
    names.share();
    names.enter("a", true);
    assert_eq!(names.slot("token"), Some(token));
    assert!(names.unread().is_empty());
    names.unshare(common);
    names.enter("teardown", false);
    assert_eq!(names.slot("cart"), None);
    let unread: Vec<String> = names.unread_shared().into_iter().map(|(n, _)| n).collect();
    assert_eq!(unread, ["cart"], "the token was read");
}
