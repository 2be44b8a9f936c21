//! Changes of texts, as the protocol has them.

use super::documents::Found;
use super::opened::Opened;
use super::places;
use serde_json::{Map, Value, json};
use smpcc_compiler::ide::Edit;
use std::rc::Rc;

/// Edits of several files.
pub fn workspace(found: &Found, edits: &[Edit]) -> Value {
    of_programs(&[(found.program.clone(), edits.to_vec())], found.utf8)
}

/// Edits of several files that stand in several programs, each of them once.
pub fn of_programs(all: &[(Rc<Opened>, Vec<Edit>)], utf8: bool) -> Value {
    let mut changes: Map<String, Value> = Map::new();
    let edits = all
        .iter()
        .flat_map(|(program, edits)| edits.iter().map(move |edit| (program, edit)));
    for (program, edit) in edits {
        let Some(file) = program.sources.get(edit.place.file) else {
            continue;
        };
        let Some(uri) = program.uri(edit.place.file) else {
            continue;
        };
        let one = json!({
            "range": places::range(file, edit.place, utf8),
            "newText": edit.text,
        });
        let list = changes.entry(uri).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut().filter(|list| !list.contains(&one)) {
            list.push(one);
        }
    }
    json!({ "changes": changes })
}

/// What makes one text of another: whole lines, from the first that differs to the last.
pub fn between(old: &str, new: &str, utf8: bool) -> Vec<Value> {
    if old == new {
        return Vec::new();
    }
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let before = old_lines.iter().zip(&new_lines).take_while(same).count();
    let after = old_lines[before..]
        .iter()
        .rev()
        .zip(new_lines[before..].iter().rev())
        .take_while(same)
        .count();
    let length = |lines: &[&str]| lines.iter().map(|l| l.len()).sum::<usize>();
    let start = length(&old_lines[..before]);
    let end = old.len() - length(&old_lines[old_lines.len() - after..]);
    let text = new_lines[before..new_lines.len() - after].concat();
    vec![json!({
        "range": {
            "start": places::position(old, start, utf8),
            "end": places::position(old, end, utf8),
        },
        "newText": text,
    })]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_differ_are_replaced() {
        for (old, new) in [
            ("a\nb\nc\n", "a\nx\nc\n"),
            ("", "a\n"),
            ("a", "a\n"),
            ("a\na\n", "a\n"),
            ("é\r\nb", "é\nb\n"),
            ("a\nb\n", ""),
        ] {
            for utf8 in [false, true] {
                let edits = between(old, new, utf8);
                let range = &edits[0]["range"];
                let at = |end: &str| places::offset(old, &range[end], utf8).unwrap();
                let mut text = old.to_owned();
                let new_text = edits[0]["newText"].as_str().unwrap();
                text.replace_range(at("start")..at("end"), new_text);
                assert_eq!(text, new);
            }
        }
        assert!(between("a\n", "a\n", false).is_empty());
    }
}
