//! Annotations of GitHub Actions. In: problems; out: one workflow command a line. Invariant: at most ten of each kind,
//! which is all that a step may have; the last one counts what is left; no text ends its command or begins another.

use crate::report::text::{clip, line, put};
use crate::report::{Gravity, Problem, text};

/// Annotations of one kind that a step shows; GitHub drops the rest without a word.
const MOST: usize = 10;

/// Characters of a message: GitHub cuts at 4096, nobody reads as many.
const MESSAGE: usize = 1_000;

/// Workflow commands, gravest first: `::error file=…,line=…,title=…::…`.
pub fn annotations(problems: &[Problem]) -> String {
    let mut out = String::new();
    for (command, gravity) in [
        ("error", Gravity::Error),
        ("warning", Gravity::Warning),
        ("notice", Gravity::Open),
    ] {
        let own = problems.iter().filter(|p| p.gravity == gravity);
        let own: Vec<&Problem> = own.collect();
        let shown = if own.len() > MOST {
            MOST - 1
        } else {
            own.len()
        };
        for problem in &own[..shown] {
            annotation(&mut out, command, problem);
        }
        if own.len() > shown {
            let rest = text::counted((own.len() - shown) as u64, &format!("more {command}"));
            put(
                &mut out,
                format_args!("::{command} title=tollgate::{rest}, in the summary of the job\n"),
            );
        }
    }
    out
}

fn annotation(out: &mut String, command: &str, problem: &Problem) {
    put(out, format_args!("::{command} "));
    if !problem.file.is_empty() {
        put(out, format_args!("file={},", property(&problem.file)));
        put(
            out,
            format_args!("line={0},endLine={0},", problem.line.max(1)),
        );
    }
    let message = clip(&line(&problem.message), MESSAGE);
    put(
        out,
        format_args!(
            "title={}::{}\n",
            property(&clip(&line(&problem.title), MESSAGE)),
            data(&message)
        ),
    );
}

/// As the runner reads it back.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(gravity: Gravity, title: &str, message: &str) -> Problem {
        Problem {
            gravity,
            kind: "check",
            file: "a,b/shop.yaml".into(),
            line: 7,
            title: title.into(),
            message: message.into(),
        }
    }

    #[test]
    fn texts_are_escaped_as_the_toolkit_does() {
        assert_eq!(
            annotations(&[problem(
                Gravity::Error,
                "shop/pay: 50%, a",
                "x::error::y\r\n100 %"
            )]),
            "::error file=a%2Cb/shop.yaml,line=7,endLine=7,title=shop/pay%3A 50%25%2C a::x::error::y⏎100 %25\n"
        );
        let nowhere = Problem {
            file: String::new(),
            ..problem(Gravity::Warning, "t", "##[error]m")
        };
        assert_eq!(annotations(&[nowhere]), "::warning title=t::# #[error]m\n");
    }

    #[test]
    fn ten_thousand_problems_are_ten_annotations_of_each_kind() {
        let kinds = [Gravity::Open, Gravity::Warning, Gravity::Error];
        let many: Vec<Problem> = (0..10_000)
            .map(|i| problem(kinds[i % 3], "t", &"m".repeat(9_000)))
            .collect();
        let text = annotations(&many);
        let count = |kind: &str| text.lines().filter(|l| l.starts_with(kind)).count();
        let counts = ["::error ", "::warning ", "::notice "].map(count);
        assert_eq!(counts, [10, 10, 10]);
        assert!(
            text.contains("::error title=tollgate::3,324 more errors, in the summary of the job\n")
        );
        let at = |kind: &str| text.find(kind);
        assert!(at("::error ") < at("::warning ") && at("::warning ") < at("::notice "));
        assert!(text.lines().all(|l| l.chars().count() < 4_096));
        let ten = annotations(&many[..30]);
        assert!(!ten.contains("more"), "ten need no line that counts");
        assert_eq!(ten.lines().count(), 30);
    }
}
