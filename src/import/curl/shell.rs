//! Command lines as a POSIX shell reads them. In: text; out: the words of each command of curl. Invariant: nothing is run,
//! and what a shell would fill in (`$NAME`, `` `…` ``) stays as it is written.

/// The line on which a command begins, and its words.
pub(super) type Words = (usize, Vec<String>);

/// The commands of a text, each with its line and words.
pub(super) fn commands(text: &str) -> Result<Vec<Words>, (usize, String)> {
    let mut commands: Vec<Words> = Vec::new();
    let mut shell = Shell {
        rest: text.trim_start_matches('\u{feff}').chars().peekable(),
        line: 1,
    };
    loop {
        let (line, words, more) = shell.command()?;
        let start = words.iter().position(|word| word == "curl");
        if let Some(start) = start {
            commands.push((line, words[start..].to_vec()));
        }
        if !more {
            return Ok(commands);
        }
    }
}

/// Reads words as a POSIX shell does.
struct Shell<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
}

impl Shell<'_> {
    /// The words up to the end of the command, and whether there is more behind it.
    fn command(&mut self) -> Result<(usize, Vec<String>, bool), (usize, String)> {
        let (mut words, mut word, mut begun) = (Vec::new(), String::new(), None);
        while let Some(c) = self.take() {
            match c {
                '\n' | ';' | '|' | '&' => {
                    words.extend(written(&mut word));
                    if !words.is_empty() {
                        return Ok((begun.unwrap_or(self.line), words, true));
                    }
                    continue;
                }
                c if c.is_whitespace() => {
                    words.extend(written(&mut word));
                    continue;
                }
                '#' if word.is_empty() => {
                    while self.rest.peek().is_some_and(|c| *c != '\n') {
                        self.take();
                    }
                    continue;
                }
                _ => {}
            }
            begun = begun.or(Some(self.line));
            self.piece(c, &mut word)?;
        }
        words.extend(written(&mut word));
        Ok((begun.unwrap_or(self.line), words, false))
    }

    /// A character, or what stands between quotes.
    fn piece(&mut self, c: char, word: &mut String) -> Result<(), (usize, String)> {
        match c {
            '\'' => self.quoted('\'', word),
            '"' => self.quoted('"', word),
            '$' if self.rest.peek() == Some(&'\'') => {
                self.take();
                self.quoted('$', word)
            }
            '\\' => {
                match self.take() {
                    Some('\n') | None => {}
                    Some('\r') if self.rest.peek() == Some(&'\n') => {
                        self.take();
                    }
                    Some(c) => word.push(c),
                }
                Ok(())
            }
            c => {
                word.push(c);
                Ok(())
            }
        }
    }

    /// Up to the closing quote; `$` is `$'…'`.
    fn quoted(&mut self, kind: char, word: &mut String) -> Result<(), (usize, String)> {
        let opened = self.line;
        let end = if kind == '$' { '\'' } else { kind };
        // Even an empty text is a word.
        word.push(EMPTY);
        while let Some(c) = self.take() {
            match (kind, c) {
                (_, c) if c == end => return Ok(()),
                ('$', '\\') => self.escaped(word),
                ('"', '\\') => match self.take() {
                    Some('\n') | None => {}
                    Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                    Some(c) => word.extend(['\\', c]),
                },
                (_, c) => word.push(c),
            }
        }
        Err((opened, "a quote that is never closed".into()))
    }

    /// Behind a backslash in `$'…'`.
    fn escaped(&mut self, word: &mut String) {
        let Some(c) = self.take() else { return };
        match c {
            'n' => word.push('\n'),
            't' => word.push('\t'),
            'r' => word.push('\r'),
            'u' | 'x' => {
                let most = if c == 'u' { 4 } else { 2 };
                let mut digits = String::new();
                while digits.len() < most && self.rest.peek().is_some_and(char::is_ascii_hexdigit) {
                    digits.extend(self.take());
                }
                word.extend(
                    u32::from_str_radix(&digits, 16)
                        .ok()
                        .and_then(char::from_u32),
                );
            }
            c => word.push(c),
        }
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }
}

/// Stands in a word where quotes did; in no text that anybody pastes.
const EMPTY: char = '\u{0}';

/// A word that ends, if there is one.
fn written(word: &mut String) -> Option<String> {
    let word = std::mem::take(word);
    (!word.is_empty()).then(|| word.replace(EMPTY, ""))
}

#[cfg(test)]
mod tests {
    use super::super::is_one;
    use super::*;

    #[test]
    fn words_as_a_shell_reads_them() {
        let text = "# two\ncurl 'a b'\"c \\\"d\\\" \\n\" \\\n  -d '' $'x\\u0041\\n' e\\ f # no\ncurl g; curl h";
        let read = commands(text).unwrap();
        let words: Vec<Vec<&str>> = read
            .iter()
            .map(|(_, w)| w.iter().map(String::as_str).collect())
            .collect();
        assert_eq!(
            words[0],
            ["curl", "a bc \"d\" \\n", "-d", "", "xA\n", "e f"]
        );
        assert_eq!(
            (words[1].as_slice(), words[2].as_slice()),
            (["curl", "g"].as_slice(), ["curl", "h"].as_slice())
        );
        assert_eq!(read[1].0, 4);
        assert_eq!(commands("curl\n'a").unwrap_err().0, 2);
        assert!(is_one("$ curl x"));
        assert!(!is_one("curls: x"));
    }
}
