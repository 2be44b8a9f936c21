//! The grammar takes every program that the compiler takes, its tables are those of its source, and colours stand where they should.

use smpcc_syntax::diagnostic::Diagnostic;
use smpcc_syntax::lexer::KEYWORDS;
use smpcc_syntax::parser;
use smpcc_syntax::span::FileId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tree_sitter::{Parser, Query, QueryCursor, StreamingIterator, Tree};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a readable folder");
    let mut entries: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().map_or("", |n| n.to_str().unwrap_or(""));
        if path.is_dir() && !name.starts_with('.') && !matches!(name, "target" | "node_modules") {
            files(&path, ending, found);
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

/// Every program of the project: its files, and the fenced ones of its texts.
fn programs() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut paths = Vec::new();
    files(&root(), ".smpc", &mut paths);
    files(&root(), ".md", &mut paths);
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a text");
        let name = path.display().to_string();
        if name.ends_with(".smpc") {
            found.push((name, text));
            continue;
        }
        let fences = text.split("```smpc\n").skip(1).enumerate();
        found.extend(fences.filter_map(|(i, rest)| {
            let (program, _) = rest.split_once("\n```")?;
            Some((format!("{name}#{i}"), format!("{program}\n")))
        }));
    }
    found
}

fn tree(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_smpc::LANGUAGE.into())
        .expect("its version is known");
    parser.parse(text, None).expect("a tree")
}

#[test]
fn every_program_that_the_compiler_reads_is_read() {
    let mut read = 0;
    let mut refused = Vec::new();
    for (name, text) in programs() {
        let parsed = parser::parse(FileId(0), &text);
        if parsed.diagnostics.iter().any(Diagnostic::is_error) {
            continue;
        }
        read += 1;
        let tree = tree(&text);
        if tree.root_node().has_error() {
            refused.push(format!("{name}\n{}", tree.root_node().to_sexp()));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
    assert!(read > 300, "only {read} programs were read");
    assert!(tree("fn f( {").root_node().has_error());
}

#[test]
fn the_tables_are_those_of_the_grammar() {
    let source = include_str!("../grammar.js");
    let rules = source.split("  rules: {").nth(1).expect("rules");
    let written: BTreeSet<&str> = rules
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase() || c == '_'))
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect();
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../src/grammar.json")).expect("JSON");
    let generated = json["rules"].as_object().expect("rules");
    let generated: BTreeSet<&str> = generated.keys().map(String::as_str).collect();
    assert_eq!(written, generated, "`tree-sitter generate` writes src anew");
}

/// The words of a text by how they are coloured; where several colours are said of a word, the last one counts.
fn colours(text: &str) -> BTreeMap<usize, (String, String)> {
    let language = tree_sitter_smpc::LANGUAGE.into();
    let query = Query::new(&language, tree_sitter_smpc::HIGHLIGHTS).expect("a right query");
    let names = query.capture_names();
    let tree = tree(text);
    let mut cursor = QueryCursor::new();
    let mut captures = cursor.captures(&query, tree.root_node(), text.as_bytes());
    let mut found: BTreeMap<usize, (usize, String, String)> = BTreeMap::new();
    while let Some((matched, at)) = captures.next() {
        let capture = matched.captures()[*at];
        let range = capture.node.byte_range();
        let name = names[capture.index as usize].to_owned();
        let entry = (matched.pattern_index, text[range.clone()].to_owned(), name);
        match found.get(&range.start) {
            Some((pattern, ..)) if *pattern > entry.0 => {}
            _ => {
                found.insert(range.start, entry);
            }
        }
    }
    found
        .into_iter()
        .map(|(at, (_, word, colour))| (at, (word, colour)))
        .collect()
}

#[test]
fn what_goes_in_hidden_and_what_comes_out_stands_out() {
    let text = "/// Doc.\nparty from;\nfn main(to: secret u8 from from) -> u8 to all {\n    let each = to + 1;\n    reveal(each)\n}\n";
    let all = colours(text);
    let colour = |piece: &str, word: &str| {
        let at = text.find(piece).expect("it is there");
        let (found, colour) = &all[&at];
        assert_eq!(found, word);
        colour.as_str()
    };
    assert_eq!(colour("/// Doc.", "/// Doc."), "comment.documentation");
    assert_eq!(colour("secret", "secret"), "keyword.modifier");
    assert_eq!(colour("reveal", "reveal"), "keyword.exception");
    assert_eq!(colour("u8 from from", "u8"), "type.builtin");
    // Words that are keywords in their place only.
    assert_eq!(colour("from;", "from"), "type.definition");
    assert_eq!(colour("to: ", "to"), "variable.parameter");
    assert_eq!(colour("from from)", "from"), "keyword");
    assert_eq!(colour("from) ->", "from"), "type");
    assert_eq!(colour("to all", "to"), "keyword");
}

#[test]
fn every_word_that_the_compiler_reserves_is_coloured() {
    let grammar = include_str!("../grammar.js");
    for word in KEYWORDS {
        assert!(grammar.contains(&format!("\"{word}\"")), "{word}");
        let node = format!("\"{word}\"");
        let named = matches!(*word, "true" | "false" | "break" | "continue" | "crate");
        let coloured = tree_sitter_smpc::HIGHLIGHTS.contains(&node);
        assert!(named || coloured, "{word} has no colour");
    }
}
