//! Every program that the documentation shows is a program: it is checked here.

use smpcc_compiler::diagnostic::{has_errors, short};
use smpcc_compiler::front;
use smpcc_compiler::source::SourceSet;
use std::path::{Path, PathBuf};

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md")];
    let mut book: Vec<PathBuf> = std::fs::read_dir(root.join("docs/src"))
        .expect("the book")
        .map(|e| e.expect("a page").path())
        .collect();
    book.sort();
    pages.extend(
        book.into_iter()
            .filter(|p| p.extension().is_some_and(|e| e == "md")),
    );
    pages
}

/// The texts between "```smpc" and "```", with the line they begin at.
fn programs(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (i, line) in page.lines().enumerate() {
        match &mut open {
            None if line.trim() == "```smpc" => open = Some((i + 2, String::new())),
            None => {}
            Some(_) if line.trim() == "```" => found.extend(open.take()),
            Some((_, text)) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    found
}

#[test]
fn documented_programs_compile() {
    let mut n = 0;
    let mut wrong = String::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        for (line, program) in programs(&text) {
            n += 1;
            let mut sources = SourceSet::new();
            // Circuits that pages speak of are those of the examples.
            for file in front::needed_circuits(&program) {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
                if let Ok(text) = std::fs::read_to_string(path.join(&file)) {
                    sources.add(file, text);
                }
            }
            let root = sources.add(
                format!(
                    "{}+{line}",
                    page.file_name().expect("a name").to_string_lossy()
                ),
                program,
            );
            let (_, diagnostics) = front::check(&sources, root);
            if has_errors(&diagnostics) {
                wrong.push_str(&short::render(&sources, &diagnostics));
            }
        }
    }
    assert!(n >= 10, "{n} programs");
    assert!(wrong.is_empty(), "{wrong}");
}
