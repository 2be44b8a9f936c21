//! What the documentation shows is so: its programs are programs, its transcripts are what `smpcc` says, its links lead somewhere.

use crate::cli::folder;
use smpcc_compiler::diagnostic::{has_errors, short};
use smpcc_compiler::front;
use smpcc_compiler::library;
use smpcc_compiler::source::SourceSet;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The README and the pages of the book, with their texts.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = vec![root().join("README.md")];
    for folder in ["docs/src", "docs/src/recipes"] {
        let mut found: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
            .expect("the book")
            .map(|e| e.expect("a page").path())
            .collect();
        found.sort();
        let is_page = |p: &PathBuf| p.extension().is_some_and(|e| e == "md");
        pages.extend(found.into_iter().filter(is_page));
    }
    let read = |page: PathBuf| {
        let text = std::fs::read_to_string(&page).expect("a page");
        (page, text)
    };
    pages.into_iter().map(read).collect()
}

/// A fenced block: what stands after the fence, the line that it begins at, and its text.
struct Block {
    info: String,
    line: usize,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    for (i, line) in page.lines().enumerate() {
        match (line.trim().strip_prefix("```"), inside) {
            (Some(info), false) => {
                inside = true;
                found.push(Block {
                    info: info.to_owned(),
                    line: i + 2,
                    text: String::new(),
                });
            }
            (Some(""), true) => inside = false,
            (_, true) => {
                if let Some(block) = found.last_mut() {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
            }
            (None, false) => {}
        }
    }
    found
}

#[test]
fn documented_programs_compile() {
    let mut n = 0;
    let mut wrong = String::new();
    for (page, text) in pages() {
        let programs = blocks(&text).into_iter();
        for block in programs.filter(|block| block.info == "smpc") {
            if block.text.starts_with("{{#include") {
                continue;
            }
            n += 1;
            let mut sources = SourceSet::new();
            // Circuits that pages speak of are those of the examples.
            for file in front::needed_circuits(&block.text) {
                let path = root().join("examples");
                if let Ok(text) = std::fs::read_to_string(path.join(&file)) {
                    sources.add(file, text);
                }
            }
            let name = page.file_name().expect("a name").to_string_lossy();
            let root = sources.add(format!("{name}+{}", block.line), block.text);
            let (_, diagnostics) = front::check(&sources, root);
            if has_errors(&diagnostics) {
                wrong.push_str(&short::render(&sources, &diagnostics));
            }
        }
    }
    assert!(n >= 10, "{n} programs");
    assert!(wrong.is_empty(), "{wrong}");
}

/// Each transcript is what `smpcc` says, in a folder with the files that the page has shown before, and the examples. A line `…` stands for
/// any lines and `…` in a line for any text; times are not compared. With `UPDATE_BOOK` set, transcripts without `…` are written anew.
#[test]
fn transcripts_are_what_smpcc_says() {
    let mut n = 0;
    let mut wrong = String::new();
    let update = std::env::var_os("UPDATE_BOOK").is_some();
    for (page, text) in pages() {
        let all = blocks(&text);
        if !all.iter().any(|b| b.info == "console") {
            continue;
        }
        let at = folder(&[]);
        #[cfg(unix)]
        std::os::unix::fs::symlink(root().join("examples"), at.path().join("examples"))
            .expect("a link");
        let mut updated = text.clone();
        let mut ports: Vec<(String, String)> = Vec::new();
        let mut parties: Vec<(String, String, Child)> = Vec::new();
        for block in &all {
            if let Some((_, name)) = block.info.split_once(' ') {
                let path = at.path().join(name);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                std::fs::write(path, with_free_ports(&block.text, &mut ports)).expect("a file");
            }
            if block.info != "console" {
                continue;
            }
            for (command, expected) in commands(&block.text) {
                n += 1;
                let place = format!("{}:{}", page.display(), block.line);
                let mut started = Command::new(env!("CARGO_BIN_EXE_smpcc"));
                started
                    .args(command.split_whitespace())
                    .current_dir(at.path())
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped());
                if command.starts_with("party ") {
                    let child = started.spawn().expect("a process");
                    parties.push((place, expected, child));
                    continue;
                }
                let said = said(&started.output().expect("a process"));
                if !matches(&expected, &said) {
                    if update && !expected.contains('…') {
                        updated = updated.replace(&expected, &said);
                    } else {
                        wrong.push_str(&format!("{place}: smpcc {command}\n{said}\n"));
                    }
                }
            }
        }
        for (place, expected, child) in parties {
            let said = said(&child.wait_with_output().expect("a process"));
            if !matches(&expected, &said) {
                wrong.push_str(&format!("{place}: a party\n{said}\n"));
            }
        }
        if updated != text {
            std::fs::write(&page, updated).expect("written");
        }
    }
    assert!(n >= 20, "{n} commands");
    assert!(wrong.is_empty(), "{wrong}");
}

/// The commands of a transcript, without `smpcc`, each with what follows it.
fn commands(transcript: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in transcript.lines() {
        match (line.strip_prefix("$ "), all.last_mut()) {
            (Some(command), _) => {
                let command = command.strip_prefix("smpcc ").expect("a command of smpcc");
                all.push((command.to_owned(), String::new()));
            }
            (None, Some((_, said))) => {
                said.push_str(line);
                said.push('\n');
            }
            (None, None) => panic!("a transcript begins with a command: {line}"),
        }
    }
    all
}

fn said(output: &std::process::Output) -> String {
    [&output.stderr, &output.stdout]
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .concat()
}

/// Ports of a page, each replaced with one that is free.
fn with_free_ports(text: &str, ports: &mut Vec<(String, String)>) -> String {
    let mut out = text.to_owned();
    for shown in ["7101", "7102", "7103"] {
        if !ports.iter().any(|(known, _)| known == shown) {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = listener.local_addr().expect("an address").port();
            ports.push((shown.to_owned(), port.to_string()));
        }
        let free = ports.iter().find(|(known, _)| known == shown);
        out = out.replace(shown, &free.expect("just found").1);
    }
    out
}

/// Whether lines are as they are shown.
fn matches(shown: &str, said: &str) -> bool {
    let shown: Vec<&str> = shown.lines().map(str::trim_end).collect();
    let said: Vec<&str> = said.lines().map(str::trim_end).collect();
    lines_match(&shown, &said)
}

fn lines_match(shown: &[&str], said: &[&str]) -> bool {
    match (shown, said) {
        ([], []) => true,
        (["…", rest @ ..], said) => (0..=said.len()).any(|n| lines_match(rest, &said[n..])),
        ([first, rest @ ..], [line, more @ ..]) => {
            line_matches(&without_times(first), &without_times(line)) && lines_match(rest, more)
        }
        _ => false,
    }
}

fn line_matches(shown: &str, said: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = said.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    for (i, part) in parts.iter().enumerate() {
        if i + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

/// `12.3 ms` and `1.2 s` as `… ms`, since they are others each time.
fn without_times(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let is_unit = |word: Option<&&str>| {
        word.is_some_and(|w| matches!(w.trim_end_matches([',', ';', '.']), "ms" | "s"))
    };
    let time = |i: usize, word: &str| {
        is_unit(words.get(i + 1))
            && word.starts_with(|c: char| c.is_ascii_digit())
            && word.contains('.')
    };
    let shown = words.iter().enumerate();
    let shown: Vec<&str> = shown
        .map(|(i, w)| if time(i, w) { "…" } else { w })
        .collect();
    shown.join(" ")
}

#[test]
fn transcripts_are_compared_as_they_are_meant() {
    for (shown, said, same) in [
        ("a\n…\nz\n", "a\nb\nc\nz\n", true),
        ("a\n…\nz\n", "a\nz\n", true),
        ("a\n…\nz\n", "a\nb\n", false),
        ("cost: … ms, 4 rounds\n", "cost: 1.5 ms, 4 rounds\n", true),
        ("cost: 2.5 ms, 4 rounds\n", "cost: 1.5 ms, 4 rounds\n", true),
        (
            "cost: 2.5 ms, 4 rounds\n",
            "cost: 1.5 ms, 5 rounds\n",
            false,
        ),
        ("x\n", "x\ny\n", false),
    ] {
        assert_eq!(matches(shown, said), same, "{shown} {said}");
    }
}

/// Links lead to files and headings of the book or the repository, and the table of contents has every page once.
#[test]
fn links_lead_somewhere() {
    let made: BTreeSet<String> = library::MODULES
        .iter()
        .map(|(name, _)| format!("library/{name}.md"))
        .chain(["errors.md".to_owned()])
        .collect();
    let book = root().join("docs/src");
    let mut wrong = Vec::new();
    let mut contents = BTreeSet::new();
    for (page, text) in pages() {
        let folder = page.parent().expect("a folder");
        let is_contents = page.ends_with("SUMMARY.md");
        for target in links(&text) {
            if target.contains("://") || target.starts_with('#') {
                continue;
            }
            let file = target.split('#').next().unwrap_or(&target);
            if is_contents && !contents.insert(file.to_owned()) {
                wrong.push(format!("SUMMARY.md has {file} twice"));
            }
            let within = folder.strip_prefix(&book).unwrap_or(Path::new(""));
            let in_book = within
                .join(file)
                .to_string_lossy()
                .replace("recipes/../", "");
            // What is not in the book is not beside its pages when it is built; of the library it has pages.
            let is_module = in_book.contains("/stdlib/") && folder.join(file).exists();
            let leaves = page.starts_with(&book) && in_book.starts_with("..") && !is_module;
            if leaves || !folder.join(file).exists() && !made.contains(&in_book) {
                wrong.push(format!("{}: {target}", page.display()));
            }
        }
        for file in includes(&text) {
            if !folder.join(&file).exists() {
                wrong.push(format!("{}: {file}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for page in &made {
        assert!(contents.contains(page), "SUMMARY.md has no {page}");
    }
    for (page, _) in pages() {
        if let Ok(name) = page.strip_prefix(&book)
            && name != Path::new("SUMMARY.md")
        {
            let name = name.to_string_lossy().into_owned();
            assert!(contents.contains(&name), "SUMMARY.md has no {name}");
        }
    }
}

/// The targets of links outside of code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        }
        let mut rest = line;
        while let (false, Some(at)) = (inside, rest.find("](")) {
            rest = &rest[at + 2..];
            let end = rest.find(')').unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
        }
    }
    found
}

/// The files that a page takes in.
fn includes(text: &str) -> Vec<String> {
    let starts = text.match_indices("{{#include ");
    starts
        .map(|(at, mark)| {
            let rest = &text[at + mark.len()..];
            let end = rest.find([':', '}']).unwrap_or(rest.len());
            rest[..end].trim().to_owned()
        })
        .collect()
}

/// Each example has a recipe.
#[test]
fn every_example_has_a_page() {
    for entry in std::fs::read_dir(root().join("examples")).expect("the examples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "smpc") {
            let name = path.file_stem().expect("a name").to_string_lossy();
            let page = root().join(format!("docs/src/recipes/{name}.md"));
            let text = std::fs::read_to_string(&page).unwrap_or_default();
            let program = format!("{{{{#include ../../../examples/{name}.smpc}}}}");
            let run = format!("$ smpcc run examples/{name}.smpc");
            assert!(
                text.contains(&program) && text.contains(&run),
                "{name} has no recipe"
            );
        }
    }
}
