use super::*;
use proptest::prelude::*;

fn table(format: Format, text: &str) -> Table {
    read(format, "data", text.as_bytes().to_vec()).unwrap()
}

fn problems(format: Format, text: &str) -> Vec<String> {
    let problems = read(format, "data", text.as_bytes().to_vec()).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

fn texts(rows: &[&[&str]]) -> Vec<Vec<Value>> {
    rows.iter()
        .map(|row| row.iter().map(|text| Value::from(*text)).collect())
        .collect()
}

#[test]
fn csv_keeps_texts_as_they_are() {
    let found = table(
        Format::Csv,
        "\u{feff}email, phone\r\n a@b ,0441\r\n\r\n\"x,\n\"\"y\"\"\",no\r\n",
    );
    assert_eq!(found.columns, ["email", "phone"]);
    assert_eq!(
        found.rows,
        texts(&[&[" a@b ", "0441"], &["x,\n\"y\"", "no"]])
    );
}

#[test]
fn json_keeps_its_types() {
    let found = table(
        Format::Json,
        "\u{feff} [ {\"id\": 7, \"tags\": [\"a\"]},\n{\"tags\": null, \"id\": \"x\"} ]\n",
    );
    assert_eq!(found.columns, ["id", "tags"]);
    assert_eq!(found.rows[0][0], Value::Json(7.into()));
    assert_eq!(found.rows[1], [Value::from("x"), Value::Json(Json::Null)]);
}

#[test]
fn json_lines_are_one_object_each() {
    let text = "\u{feff}{\"id\": 7, \"n\": \"a\"}\r\n\n  {\"n\": \"é\", \"id\": null}  ";
    let found = table(Format::JsonLines, text);
    assert_eq!(found.columns, ["id", "n"]);
    assert_eq!(found.rows[1], [Value::Json(Json::Null), Value::from("é")]);
    for (text, expected) in [
        ("", "data:1:1: the file has no rows"),
        (
            "{\"a\": 1}\n\n[2]\n",
            "data:3:1: expected an object on this line",
        ),
        ("{\"a\": 1}\n {\"a\": é}", "data:2:8: not valid JSON"),
        ("{\"a\": 1}\n{", "data:2:1: not valid JSON: EOF"),
        (
            "{\"a\": 1}\n{\"b\": 1}",
            "data:2:1: this row has the key `b`",
        ),
        (
            "{\"a\": 1} {\"a\": 2}",
            "data:1:10: not valid JSON: trailing characters",
        ),
    ] {
        let found = problems(Format::JsonLines, text);
        assert!(found[0].starts_with(expected), "{text}: {found:?}");
    }
}

#[test]
fn csv_problems_stand_at_their_line() {
    for (text, expected) in [
        ("", "data:1:1: the file is empty"),
        ("a,b\n", "data:1:1: the file has no rows"),
        (
            "a,b\n1,2\n\n3\n",
            "data:4:1: this row has 1 value, the header has 2",
        ),
        (
            "a,b\n1,2,3\n",
            "data:2:1: this row has 3 values, the header has 2",
        ),
        ("a,a\n1,2\n", "data:1:1: the column `a` stands here twice"),
        ("a,,c\n1,2,3\n", "data:1:1: column 2 has no name"),
        ("a;b\n1;2\n", "data:1:1: the columns are separated by ';'"),
    ] {
        let found = problems(Format::Csv, text);
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{text:?}: {found:?}"
        );
    }
}

#[test]
fn json_problems_stand_at_their_row() {
    for (text, expected) in [
        (" ", "data:1:1: the file is empty"),
        ("[]", "data:1:1: the file has no rows"),
        ("{\"a\": 1}", "data:1:1: expected a list of objects"),
        ("[1]", "data:1:2: expected an object"),
        (
            "[{\"a\": 1},\n {\"b\": 1}]",
            "data:2:2: this row has the key `b`",
        ),
        (
            "[{\"a\": 1, \"b\": 2},\n {\"b\": 1}]",
            "data:2:2: this row lacks the key `a`",
        ),
        (
            "[{\"a\": 1}\n {\"a\": 1}]",
            "data:2:2: not valid JSON: expected `,`",
        ),
        (
            "[{\"a\": 1},",
            "data:1:11: not valid JSON: the list is not closed",
        ),
        ("[{\"a\": nope}]", "data:1:"),
        (
            "[{\"a\": 1}] x",
            "data:1:12: not valid JSON: text behind the list",
        ),
        ("[{\"\": 1}]", "data:1:2: column 1 has no name"),
        ("[{}]", "data:1:2: this object has no keys"),
    ] {
        let found = problems(Format::Json, text);
        assert!(found[0].starts_with(expected), "{text:?}: {found:?}");
    }
}

#[test]
fn a_file_wrong_in_every_line_is_told_five_times() {
    let text = format!("a,b\n{}", "1\n".repeat(1000));
    assert_eq!(problems(Format::Csv, &text).len(), MOST);
    let bytes = b"a\nna\xefve\n".to_vec();
    let found = read(Format::Csv, "data", bytes).unwrap_err();
    assert!(
        found[0]
            .to_string()
            .starts_with("data:2:3: the file is not UTF-8"),
        "{}",
        found[0]
    );
}

proptest! {
    #![proptest_config(crate::properties::cases(256))]

    #[test]
    fn any_bytes_are_a_table_or_a_problem(text in "[\\[\\]{}\":,0-9a\n\" é]{0,40}") {
        for format in [Format::Csv, Format::Json] {
            match read(format, "data", text.clone().into_bytes()) {
                Ok(table) => prop_assert!(table.rows.iter().all(|row| row.len() == table.columns.len())),
                Err(problems) => {
                    prop_assert!(!problems.is_empty());
                    let _ = crate::source::render_all(&problems, false);
                }
            }
        }
    }
}
