use super::*;

#[test]
fn paths_and_whole_urls_are_told_apart() {
    assert!(matches!(locate("/a?b=1"), Ok(Location::Target(path)) if path == "/a?b=1"));
    assert!(matches!(locate("http://a.b/c"), Ok(Location::Elsewhere(_))));
    assert!(locate("http://").is_err());
    assert!(locate("").is_err() || matches!(locate(""), Ok(Location::Target(path)) if path == "/"));
}
