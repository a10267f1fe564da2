//! Documents → scenarios → plans. In: the documents of `tests/import`, damaged; out: nothing.

use super::{Corpus, fuzz};
use crate::import::noise::sound;
use std::fs;

fn corpus() -> Corpus {
    let mut texts = Vec::new();
    for entry in fs::read_dir("tests/import").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|end| end != "rs") && !name.contains(".scenario.") {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
    let words = texts
        .iter()
        .flat_map(|text| text.split([' ', '\n', '"', ',']));
    let mut words: Vec<String> = words
        .filter(|w| (3..30).contains(&w.len()))
        .map(str::to_owned)
        .collect();
    words.sort_unstable();
    words.dedup();
    Corpus { texts, words }
}

#[test]
fn documents_are_read_whatever_they_are() {
    fuzz("imports", &corpus(), |bytes| {
        if let Err(why) = sound(&String::from_utf8_lossy(bytes)) {
            panic!("{why}");
        }
    });
}
