//! The graph of a program as a page: sections that fold by function, with the source beside them.

use super::{Parts, legend, page};
use serde_json::{Value, json};
use smpcc_circuit::program::Program;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::stats::{FunctionLines, Stats};
use smpcc_compiler::graph::{Picture, Role};

/// The page's script.
pub const SCRIPT: &str = include_str!("graph.js");

const HEAD: &str = "<button data-does=\"fit\">fit</button><button data-does=\"fold\">fold all</button>\
    <button data-does=\"unfold\">unfold all</button><button data-does=\"source\">source</button>";

/// The page. `files` are the name and text of each file that [`Program::files`] has, or none where there is no text.
pub fn html(
    picture: &Picture,
    program: &Program,
    stats: &Stats,
    functions: &[FunctionLines],
    files: &[(String, String)],
) -> String {
    let places = places(program);
    let mut letters = String::new();
    let boxes: Vec<Value> = picture
        .boxes
        .iter()
        .map(|drawn| {
            let role = match drawn.role {
                Role::Gives => "gives".to_owned(),
                Role::Learns => "learns".to_owned(),
                Role::Computes(domain) => {
                    letters.push(domain.letter());
                    domain.letter().to_string()
                }
            };
            let here: SortedSet<(u32, u32)> = drawn
                .sections
                .iter()
                .filter_map(|id| places.get(id))
                .flatten()
                .copied()
                .collect();
            let of_all = |figure: fn(&smpcc_circuit::stats::SectionStats) -> Option<u64>| {
                let sections = drawn.sections.iter();
                let known = sections.filter_map(|id| stats.sections.get(*id as usize));
                // None if it is not known of one of them.
                known.map(figure).sum::<Option<u64>>()
            };
            json!({
                "role": role,
                "lines": drawn.lines,
                "note": drawn.note,
                "within": within(&here, functions).unwrap_or_default(),
                "places": here,
                "sections": drawn.sections.len(),
                "and": of_all(|s| s.and),
                "bytes": of_all(|s| s.bytes),
            })
        })
        .collect();
    let edges: Vec<Value> = picture
        .edges
        .iter()
        .map(|e| json!({"from": e.from, "to": e.to, "label": e.label, "converts": e.converts}))
        .collect();
    let files: Vec<Value> = files
        .iter()
        .map(|(name, text)| json!({"name": name, "text": text}))
        .collect();
    page(&Parts {
        title: &picture.title,
        style: include_str!("graph.css"),
        head: &format!("{HEAD}{}", legend(&letters)),
        body: "<div id=\"picture\"></div><div id=\"source\"></div>",
        script: SCRIPT,
        data: &json!({"boxes": boxes, "edges": edges, "files": files}),
    })
}

/// The files and lines that the operations of each section come from.
fn places(program: &Program) -> SortedMap<u32, SortedSet<(u32, u32)>> {
    let mut places: SortedMap<u32, SortedSet<(u32, u32)>> = SortedMap::new();
    for node in program.regions.iter().flat_map(|r| &r.nodes) {
        if node.loc.line > 0 {
            let here = places.entry(node.section.0).or_default();
            here.insert((node.loc.file, node.loc.line));
        }
    }
    places
}

/// The function that most of these lines are in; of functions in each other the inner one.
fn within(places: &SortedSet<(u32, u32)>, functions: &[FunctionLines]) -> Option<String> {
    let mut lines: SortedMap<&str, usize> = SortedMap::new();
    for (file, line) in places {
        let around = functions
            .iter()
            .filter(|f| f.file == *file && (f.first..=f.last).contains(line));
        if let Some(inner) = around.max_by_key(|f| f.first) {
            *lines.entry(&inner.name).or_default() += 1;
        }
    }
    let most = lines.into_iter().max_by_key(|(_, n)| *n);
    most.map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_belong_to_the_inner_function_of_most_of_their_lines() {
        let function = |name: &str, first, last| FunctionLines {
            name: name.into(),
            file: 0,
            first,
            last,
        };
        let all = [function("outer", 1, 10), function("inner", 4, 6)];
        let of = |lines: &[u32]| within(&lines.iter().map(|l| (0, *l)).collect(), &all);
        assert_eq!(of(&[4, 5, 9]).as_deref(), Some("inner"));
        assert_eq!(of(&[2, 3, 5]).as_deref(), Some("outer"));
        assert_eq!(of(&[11]), None);
        assert_eq!(within(&SortedSet::from([(1, 4)]), &all), None);
    }
}
