//! The formatter across crates: the project's own programs are in the style, and formatted programs mean the same.

use crate::support::{self, EXAMPLES};
use smpcc_compiler::format::format;
use smpcc_compiler::source::{FileId, SourceSet};
use smpcc_compiler::{front, hir, ir, lower};
use std::path::{Path, PathBuf};

fn programs(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a readable folder")
        .map(|e| e.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let skipped = name.starts_with('.') || name == "target" || name == "node_modules";
        if path.is_dir() && !skipped {
            programs(&path, found);
        } else if name.ends_with(".smpc") {
            found.push(path);
        }
    }
}

#[test]
fn the_projects_programs_are_in_the_style() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    programs(&root, &mut found);
    // What is coloured there is written as nobody should.
    found.retain(|path| !path.to_string_lossy().contains("/vscode/test/"));
    assert!(found.len() >= 12, "{found:?}");
    let mut other = Vec::new();
    for path in found {
        let text = std::fs::read_to_string(&path).expect("a text");
        match format(FileId(0), &text) {
            Ok(formatted) if formatted == text => {}
            wrong => other.push((path, wrong.is_ok())),
        }
    }
    assert!(other.is_empty(), "`smpcc fmt` changes or refuses {other:?}");
}

/// The text with other white space.
fn squeezed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    lines
        .join("\n")
        .replace(" = ", "=")
        .replace(", ", ",")
        .replace(" {", "{")
}

fn checked(name: &str, text: &str) -> hir::Hir {
    let mut sources = SourceSet::new();
    for file in front::needed_circuits(text) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        let circuit = std::fs::read_to_string(path.join(&file)).expect("the circuit");
        sources.add(file, circuit);
    }
    let root = sources.add(name, text);
    front::check(&sources, root)
        .0
        .unwrap_or_else(|| panic!("{name}: {text}"))
}

fn formatted(text: &str) -> String {
    format(FileId(0), text).unwrap_or_else(|refused| panic!("{text}\n{refused:?}"))
}

#[test]
fn formatting_keeps_what_examples_compile_to() {
    for example in EXAMPLES {
        let (_, hir, session) = [3, 2]
            .into_iter()
            .find_map(|n| support::example(example, n))
            .expect("a session");
        let path = format!(
            "{}/../examples/{}.smpc",
            env!("CARGO_MANIFEST_DIR"),
            example.0
        );
        let text = std::fs::read_to_string(path).expect("the example");
        let again = checked(example.0, &formatted(&squeezed(&text)));
        assert_eq!(hir::dump(&hir), hir::dump(&again), "{}", example.0);
        let shown = |hir| {
            let ir = lower::lower(hir, &session).expect("a program");
            let text = ir::print::print(&ir);
            // Without the places of operations.
            let lines = text
                .lines()
                .map(|line| line.split(" @").next().unwrap_or("").to_owned());
            lines.collect::<Vec<String>>()
        };
        assert_eq!(shown(&hir), shown(&again), "{}", example.0);
    }
}

#[test]
fn formatting_keeps_what_drawn_programs_mean() {
    for seed in 0..60 {
        let text = crate::generated::source(seed);
        let once = formatted(&text);
        assert_eq!(formatted(&squeezed(&text)), once, "seed {seed}");
        let dump = |text: &str| hir::dump(&checked("drawn.smpc", text));
        assert_eq!(dump(&text), dump(&once), "seed {seed}");
    }
}
