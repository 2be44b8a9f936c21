//! The direction of imports: files that import each other in a circle are one thought, or somebody says why they may.
//!
//! What a file imports is read off its paths (`crate::…`, `super::…`). A file and the files in its folder (`foo.rs`, `foo/…`) are
//! one thought. Tests may import what they like. Two graphs must have no circles but the known ones: of the files of a
//! crate, and of its modules (a module's files taken together).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Circles that are known, by crate and members, and why each may be.
const KNOWN: &[(&str, &[&str], &str)] = &[
    (
        "circuit",
        &["decimal", "float", "splitmix", "value"],
        "a value says how it is written, in decimals or as a float, and these are written from and to values",
    ),
    (
        "compiler/syntax",
        &["format/space", "format/tree"],
        "the space between two tokens follows from the groups that they stand in, which are built token by token",
    ),
    (
        "compiler",
        &["passes/algebra", "passes/constants", "passes/rewrite"],
        "the walk applies both sets of rules to whatever it emits, and the rules emit by the walk",
    ),
    (
        "compiler",
        &["templates/heap", "templates/multiply"],
        "a product is a heap of bits, and a heap squares and multiplies rows",
    ),
    (
        "compiler",
        &[
            "check/body",
            "check/builtin",
            "check/consts",
            "check/effects",
            "check/expr",
            "check/flat",
            "check/flow",
            "check/operator",
            "check/signature",
        ],
        "to check an expression is to check those in it, with the state of the body around them",
    ),
    (
        "compiler",
        &["lower/loops", "lower/rolled"],
        "a loop is rolled or not, and what is inside is again loops",
    ),
    (
        "runtime",
        &["engine/execute", "engine/group"],
        "a group's operations are executed, and a group is an operation",
    ),
];

const CRATES: [&str; 7] = [
    "circuit",
    "compiler",
    "compiler/syntax",
    "runtime",
    "study",
    "cli",
    "node",
];

type Graph = BTreeMap<String, BTreeSet<String>>;

/// A crate's files by their path in `src`, without the ending and without comments.
fn files(name: &str) -> BTreeMap<String, String> {
    fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            let file = path.file_name().expect("a name").to_string_lossy();
            if path.is_dir() {
                walk(&path, &format!("{prefix}{file}/"), found);
            } else if let Some(stem) = file.strip_suffix(".rs") {
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                let code = text.split("#[cfg(test)]\nmod tests {").next();
                let lines = code.unwrap_or_default().lines();
                let code: Vec<&str> = lines.map(|l| l.split("//").next().unwrap_or(l)).collect();
                found.insert(format!("{prefix}{stem}"), code.join("\n"));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let mut found = BTreeMap::new();
    walk(&root.join("src"), "", &mut found);
    found
}

/// Whether a file is compiled into tests only, by the names that such files have here.
fn is_test(file: &str) -> bool {
    const NAMES: [&str; 6] = [
        "tests",
        "testing",
        "conformance",
        "generate",
        "robust",
        "testkit",
    ];
    file.split('/').any(|part| NAMES.contains(&part))
}

/// The paths of a use tree, written out.
fn expand(prefix: &[String], tree: &str, out: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let (head, group) = match tree.split_once('{') {
        Some((head, rest)) => (head, rest.strip_suffix('}')),
        None => (tree, None),
    };
    let mut path = prefix.to_vec();
    let names = head.split("::").map(str::trim).filter(|s| !s.is_empty());
    path.extend(names.map(|s| s.split(' ').next().unwrap_or(s).to_owned()));
    let Some(group) = group else {
        out.push(path);
        return;
    };
    let (mut depth, mut from) = (0, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !group[from..at].trim().is_empty() {
                    expand(&path, &group[from..at], out);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// All paths of a file that start in its own crate.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    let mut rest = String::new();
    for (i, statement) in code.split_inclusive(';').enumerate() {
        let at = (statement.rfind("use ")).filter(|&at| {
            let before = statement[..at].trim_end();
            i > 0 && before.is_empty()
                || before.is_empty()
                || before.ends_with([')', ';', '}', '{', ']'])
                || before.ends_with("pub")
        });
        match at {
            Some(at) => {
                rest.push_str(&statement[..at]);
                let tree: String = statement[at + 4..]
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                expand(&[], tree.trim_end_matches(';'), &mut out);
            }
            None => rest.push_str(statement),
        }
    }
    for start in ["crate::", "super::"] {
        for (at, _) in rest.match_indices(start) {
            let inside =
                rest[..at].ends_with(|c: char| c == ':' || c.is_alphanumeric() || c == '_');
            if !inside {
                let end = rest[at..]
                    .find(|c: char| !(c == ':' || c == '_' || c.is_alphanumeric()))
                    .map_or(rest.len(), |n| at + n);
                expand(&[], &rest[at..end], &mut out);
            }
        }
    }
    out
}

/// Which files of a crate import which.
fn imports(name: &str) -> Graph {
    let files = files(name);
    let mut graph = Graph::new();
    for (file, code) in &files {
        if matches!(file.as_str(), "lib" | "main") || is_test(file) {
            continue;
        }
        let to = graph.entry(file.clone()).or_default();
        for path in paths(code) {
            let mut here: Vec<String> = file.split('/').map(str::to_owned).collect();
            let mut path = path.as_slice();
            match path.split_first() {
                Some((first, rest)) if first == "crate" => (here, path) = (Vec::new(), rest),
                Some((first, _)) if first == "super" => {
                    while let Some((first, rest)) = path.split_first()
                        && first == "super"
                    {
                        here.pop();
                        path = rest;
                    }
                }
                _ => continue,
            }
            here.extend(path.iter().cloned());
            let target = (1..=here.len()).rev().map(|n| here[..n].join("/"));
            to.extend(target.into_iter().find(|t| files.contains_key(t)));
        }
    }
    graph
}

/// Members of circles, each circle once.
fn circles(graph: &Graph) -> BTreeSet<Vec<String>> {
    let reach = |from: &String| -> BTreeSet<&String> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&String> = graph.get(from).into_iter().flatten().collect();
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(graph.get(next).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        graph.keys().map(|file| (file, reach(file))).collect();
    let mut found = BTreeSet::new();
    for (file, to) in &reached {
        let both = |other: &&&String| reached.get(**other).is_some_and(|back| back.contains(file));
        let circle: BTreeSet<String> = to.iter().filter(both).map(|s| (*s).clone()).collect();
        if circle.len() > 1 {
            found.insert(circle.into_iter().collect());
        }
    }
    found
}

fn is_one_thought(a: &str, b: &str) -> bool {
    let inside = |outer: &str, inner: &str| {
        (inner.strip_prefix(outer)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    inside(a, b) || inside(b, a)
}

#[test]
fn files_import_in_one_direction() {
    let mut found = BTreeSet::new();
    for name in CRATES {
        let imports = imports(name);
        assert!(imports.values().any(|to| !to.is_empty()), "{name}");
        let mut files = Graph::new();
        let mut modules = Graph::new();
        for (from, to) in &imports {
            for to in to
                .iter()
                .filter(|to| !is_one_thought(from, to) && !is_test(to))
            {
                files.entry(from.clone()).or_default().insert(to.clone());
                let module = |file: &str| file.split('/').next().unwrap_or(file).to_owned();
                if module(from) != module(to) {
                    modules.entry(module(from)).or_default().insert(module(to));
                }
            }
        }
        for circle in circles(&files).into_iter().chain(circles(&modules)) {
            found.insert((name.to_owned(), circle));
        }
    }
    let within = |(name, circle): &(String, Vec<String>), known: &(&str, &[&str], &str)| {
        name == known.0 && circle.iter().all(|file| known.1.contains(&file.as_str()))
    };
    let new: Vec<_> = (found.iter())
        .filter(|circle| !KNOWN.iter().any(|known| within(circle, known)))
        .collect();
    let gone: Vec<_> = (KNOWN.iter())
        .filter(|known| !found.iter().any(|circle| within(circle, known)))
        .collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "files that import each other in a circle: {new:#?}\ncircles that are no more, to be taken off the list: {gone:#?}"
    );
}

#[test]
fn paths_are_read_off_the_code() {
    let code = "pub use crate::a::{b, c::{D, e::*}, f as g};\nuse super::h;\nfn x() { crate::i::j(); super::super::k::l() }";
    let read: BTreeSet<String> = paths(code).iter().map(|p| p.join("/")).collect();
    let expected = [
        "crate/a/b",
        "crate/a/c/D",
        "crate/a/c/e/*",
        "crate/a/f",
        "super/h",
        "crate/i/j",
        "super/super/k/l",
    ];
    assert_eq!(read, expected.map(str::to_owned).into());
}
