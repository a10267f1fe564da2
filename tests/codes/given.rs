//! Files that an example brings along. In: its text, where `# NAME.ext: a ⏎ b` is a file of two lines; out: names and
//! contents. Invariant: what a reader sees beside the example is what it is read with.

/// The files that comments of a text describe.
pub(super) fn files(text: &str) -> Vec<(&str, String)> {
    let file = |line| -> Option<(&str, String)> {
        let (name, content) = str::strip_prefix(line, "# ")?.split_once(": ")?;
        let named = !name.contains(' ') && name.contains('.');
        named.then(|| (name, content.replace(" ⏎ ", "\n") + "\n"))
    };
    text.lines().filter_map(file).collect()
}
