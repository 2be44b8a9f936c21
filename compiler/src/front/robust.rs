//! Whatever the text, the front end ends, soon, without a panic, and says something about what it refuses.

use super::*;
use crate::diagnostic::{human, json, short};
use crate::robust::survive;
use crate::source::Span;
use proptest::prelude::*;
use std::path::Path;

/// The programs, and the files of the circuits that they import.
fn programs_and_circuits() -> (Vec<String>, Vec<(String, String)>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let programs = programs();
    let circuits = programs
        .iter()
        .flat_map(|text| needed_circuits(text))
        .map(|name| {
            let text = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
            (name, text)
        })
        .collect();
    (programs, circuits)
}

/// All programs of the repository: examples and the library.
fn programs() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths = Vec::new();
    for folder in ["examples", "stdlib"] {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten();
        paths.extend(entries.filter_map(|e| e.ok().map(|e| e.path())));
    }
    paths.sort();
    paths.retain(|p| p.extension().is_some_and(|e| e == "smpc"));
    assert!(paths.len() >= 4, "the library is there");
    paths
        .iter()
        .map(|p| std::fs::read_to_string(p).unwrap_or_default())
        .collect()
}

#[test]
fn the_programs_of_the_repository_are_accepted() {
    let (programs, circuits) = programs_and_circuits();
    for text in programs {
        let mut sources = SourceSet::new();
        for (name, text) in &circuits {
            sources.add(name.as_str(), text.as_str());
        }
        let root = sources.add("main.smpc", text.as_str());
        let (hir, diagnostics) = check(&sources, root);
        assert!(
            hir.is_some(),
            "{}\n{text}",
            short::render(&sources, &diagnostics)
        );
        let serious: Vec<_> = diagnostics
            .iter()
            .filter(|d| d.code.as_str() != "W0001")
            .collect();
        assert!(
            serious.is_empty(),
            "{}",
            short::render(&sources, &diagnostics)
        );
    }
}

/// Every name of a program has an entry that leads to what it stands for, and every comment is kept.
#[test]
fn every_name_is_in_the_index_and_every_comment_in_the_trivia() {
    use crate::lexer::{Kind, lex};
    let (programs, circuits) = programs_and_circuits();
    for text in programs {
        let mut sources = SourceSet::new();
        for (name, text) in &circuits {
            sources.add(name.as_str(), text.as_str());
        }
        let root = sources.add("main.smpc", text.as_str());
        let mut parses = Parses::default();
        let checked = analyse(&sources, root, &mut parses);
        let (tokens, _) = lex(root, &text);
        // The name of an attribute is a word of the language.
        let is_attribute = |at: usize| at > 1 && tokens[at - 2].kind == Kind::Hash;
        let names = (tokens.iter().enumerate()).filter(|(_, t)| t.kind == Kind::Ident);
        for (_, token) in names.filter(|(at, _)| !is_attribute(*at)) {
            let found = checked.index.at(root, token.span.start).next();
            let place = sources.place(token.span);
            let found = found.unwrap_or_else(|| panic!("{place}: `{}`", sources.text(token.span)));
            assert_eq!(found.place, token.span, "{place}");
            let definition = checked.index.get(found.definition);
            let definition = definition.unwrap_or_else(|| panic!("{place}"));
            if let Some(declared) = definition.place {
                let is_module = declared.start == declared.end;
                assert!(
                    is_module || sources.text(declared) == definition.name,
                    "{place}"
                );
                assert!(
                    checked
                        .index
                        .places_of(found.definition)
                        .any(|p| p == token.span)
                );
            }
        }
        let comments: Vec<Span> = tokens
            .iter()
            .filter(|t| {
                matches!(
                    t.kind,
                    Kind::Comment | Kind::BlockComment | Kind::DocComment | Kind::ModuleDoc
                )
            })
            .map(|t| t.span)
            .collect();
        let kept: Vec<Span> = parses
            .parse(root, &text)
            .trivia
            .comments
            .iter()
            .map(|c| c.span)
            .collect();
        assert_eq!(kept, comments);
        // With a mistake at the end all that is before it is still known.
        let broken = format!("{text}\nfn broken() -> u8 {{ unknown_name }}\n");
        let mut sources = SourceSet::new();
        for (name, text) in &circuits {
            sources.add(name.as_str(), text.as_str());
        }
        let root = sources.add("main.smpc", broken);
        let again = analyse(&sources, root, &mut Parses::default());
        assert!(diagnostic::has_errors(&again.diagnostics));
        let n = |checked: &Checked| {
            checked
                .index
                .occurrences()
                .iter()
                .filter(|o| o.place.file == root)
                .count()
        };
        assert!(n(&again) >= n(&checked), "{text}");
        assert_eq!(again.hir.fns.len(), checked.hir.fns.len() + 1);
    }
}

#[test]
fn truncated_programs_survive() {
    for text in programs() {
        // Long ones at fewer places of each thousand: what a cut costs grows with the text before it.
        for end in (0..text.len()).step_by(7.max(text.len() / 60)) {
            if text.is_char_boundary(end) {
                survive(&text[..end]);
            }
        }
    }
}

#[test]
fn deep_and_long_texts_survive() {
    let n = 100_000;
    for unit in [
        "(",
        "[",
        "{",
        "<",
        "fn f(",
        "if a {",
        "else ",
        "!",
        "a.",
        "a+",
        "f(",
        "/*",
        "\"",
        "#[",
        "use a::{",
        "|a|",
        "::",
        "-> ",
        "struct S {",
        "let x = ",
        "secret ",
    ] {
        survive(&unit.repeat(n / unit.len()));
        survive(&format!("fn main() {{ {} }}", unit.repeat(n / unit.len())));
    }
    survive(&"fn f() { }\n".repeat(2_000));
    survive(&format!(
        "fn f(a: u8) -> u8 {{ {} a }}",
        "let a = a + 1;\n".repeat(5_000)
    ));
    survive(&format!(
        "fn f(a: u8) -> u8 {{ {} }}",
        (0..200).map(|_| "if a > 3 { 1 } else ").collect::<String>() + "{ 2 }"
    ));
}

#[test]
fn a_million_open_brackets_are_an_error() {
    let text = format!("fn main() {{ {} }}", "(".repeat(1_000_000));
    let mut sources = SourceSet::new();
    let root = sources.add("main.smpc", text);
    let (_, diagnostics) = check(&sources, root);
    assert_eq!(diagnostics.first().map(|d| d.code.as_str()), Some("E1007"));
}

#[test]
fn thousands_of_mistakes_on_one_line_are_told_in_few_words() {
    let n = 5_000;
    let each = |f: &dyn Fn(usize) -> String| (0..n).map(f).collect::<String>();
    let known = each(&|i| format!("let seen{i} = 1; "));
    for (body, code) in [
        (each(&|i| format!("let a{i} = 1; ")), "W0001"),
        (each(&|i| format!("name{i}; ")), "E2001"),
        (
            format!("{known} [{}];", each(&|i| format!("sean{i}, "))),
            "E2001",
        ),
        (each(&|i| format!("f(g{i}(1)); ")), "E2001"),
        (each(&|i| format!("let b{i}: t{i} = true; ")), "E2002"),
        (each(&|_| "1 + true; ".to_owned()), "E3001"),
    ] {
        let mut sources = SourceSet::new();
        let root = sources.add("main.smpc", format!("fn f() {{ {body} }}"));
        let (_, diagnostics) = check(&sources, root);
        let found = diagnostics.iter().filter(|d| d.code.as_str() == code);
        assert_eq!(found.count(), n, "{code}");
        let told = human::render(&sources, &diagnostics, false);
        assert!(told.len() < 20_000, "{code}: {} bytes", told.len());
        assert!(told.contains("more "), "{told}");
        let list = json::render(&sources, &diagnostics);
        assert_eq!(list.as_array().map(Vec::len), Some(diagnostics.len()));
    }
}

#[test]
fn what_multiplies_is_cut() {
    // Structs and generic types that double at each step, and closures in closures.
    let mut text = String::from("struct S0 { a: u8 }\n");
    for i in 1..60 {
        text.push_str(&format!("struct S{i} {{ a: S{}, b: S{} }}\n", i - 1, i - 1));
    }
    text.push_str("fn f(s: secret S59) -> u8 { s.a }\n");
    survive(&text);
    let nested = "Pair<".repeat(100) + "u8" + &">".repeat(100);
    survive(&format!(
        "struct Pair<T> {{ a: T, b: T }}\nfn f(p: secret {nested}) -> secret {nested} {{ p }}\n"
    ));
    let pairs = (0..40)
        .map(|i| format!("let p{} = Pair {{ a: p{i}, b: p{i} }};\n", i + 1))
        .collect::<String>();
    survive(&format!(
        "struct Pair<T> {{ a: T, b: T }}\nfn f(p0: secret u8) -> secret u8 {{ {pairs} p0 }}\n"
    ));
    let tuples = (0..60)
        .map(|i| format!("let p{} = (p{i}, p{i});\n", i + 1))
        .collect::<String>();
    survive(&format!(
        "fn f(p0: secret u8) -> secret u8 {{ {tuples} p0 }}\n"
    ));
    let folds = (0..12).fold("x".to_owned(), |inner, i| {
        format!("xs.fold(0u8, |a{i}, x| a{i} + {inner})")
    });
    survive(&format!(
        "fn f(xs: [secret u8; 3], x: u8) -> secret u8 {{ {folds} }}\n"
    ));
    let ifs = (0..100).fold("1".to_owned(), |inner, _| {
        format!("if c {{ {inner} }} else {{ 2 }}")
    });
    survive(&format!("fn f(c: bool) -> i32 {{ {ifs} }}\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_survives(text in "\\PC{0,200}") {
        survive(&text);
    }

    #[test]
    fn words_in_any_order_survive(words in prop::collection::vec(0usize..60, 0..80)) {
        let list = [
            "fn", "main", "(", ")", "{", "}", "[", "]", "<", ">", ",", ";", ":", "::", "->", "=>", ".", "..", "..=", "=",
            "==", "+", "-", "*", "&", "&&", "|", "||", "!", "#", "let", "mut", "if", "else", "for", "in", "while",
            "return", "break", "secret", "public", "from", "to", "each", "all", "party", "test", "struct", "const",
            "use", "u8", "usize", "x", "y", "1", "true", "_", "as", "reveal", "\"s\"",
        ];
        let text: Vec<&str> = words.iter().map(|w| list[*w]).collect();
        survive(&text.join(" "));
        survive(&format!("fn main(x: secret u8 from each) -> u8 {{ {} }}", text.join(" ")));
    }

    #[test]
    fn mutated_programs_survive(which in 0usize..64, edits in prop::collection::vec((any::<u32>(), any::<u8>(), 0u8..4), 1..6)) {
        let programs = programs();
        let mut text: Vec<char> = programs[which % programs.len()].chars().collect();
        for (at, with, how) in edits {
            let at = at as usize % text.len().max(1);
            let other = with as usize * 31 % text.len().max(1);
            match how {
                0 if at < text.len() => { text.remove(at); }
                1 => text.insert(at.min(text.len()), char::from(with)),
                2 if at < text.len() && other < text.len() => text.swap(at, other),
                _ => {
                    // Move a piece of the text elsewhere.
                    let end = (at + 12).min(text.len());
                    let piece: Vec<char> = text.drain(at.min(end)..end).collect();
                    let to = other.min(text.len());
                    text.splice(to..to, piece);
                }
            }
        }
        survive(&text.into_iter().collect::<String>());
    }
}
