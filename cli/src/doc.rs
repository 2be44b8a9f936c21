//! Pages of documentation from the comments in programs and in the library: what `smpcc doc` writes.
//!
//! A page is Markdown, one for each file. It shows what the file offers to others, what `main` asks of the parties, and who they are. Nothing in
//! it is written twice: heads are the source's text, and an example is a `test` block that uses the function.

use smpcc_compiler::ast::{FnDecl, Item, ItemKind, TestDecl};
use smpcc_compiler::parser;
use smpcc_compiler::source::SourceSet;
use smpcc_compiler::span::Span;
use std::fmt::Write as _;
use std::sync::Arc;

/// How every page begins, so that a later run knows its own pages.
pub const MARK: &str = "<!-- Written by `smpcc doc`; the source is where to change it. -->\n";

/// Longest example that is shown, in lines.
const EXAMPLE_LINES: usize = 30;

/// What says that a sentence is about cost.
const COST: [&str; 15] = [
    " ANDs",
    "comparators",
    "comparison of",
    "omparisons",
    "selections",
    "equality test",
    "Costs ",
    " division for each",
    " divisions",
    "one division",
    "products for each",
    " products in ",
    " products.",
    " sorts ",
    "One sort",
];

/// A file to document.
pub struct File<'a> {
    /// What programs call it: `std::stats`, or a path.
    pub title: String,
    /// Where it stands, for readers who look for the source.
    pub place: String,
    /// Its text.
    pub text: &'a str,
}

/// The page of a file; `None` for one that offers nothing.
pub fn page(file: &File<'_>) -> Option<String> {
    let mut sources = SourceSet::new();
    let id = sources.add(file.place.clone(), file.text.to_owned());
    let parsed = parser::parse(id, &sources.file(id).text);
    let module = &parsed.module;
    let tests: Vec<&Arc<TestDecl>> = module
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Test(test) => Some(test),
            _ => None,
        })
        .collect();
    let shown: Vec<(&Item, &str)> = module
        .items
        .iter()
        .filter_map(|item| Some((item, name(item)?)))
        .filter(|(item, name)| item.public || *name == "main" || is_party(item))
        .collect();
    if shown.is_empty() {
        return None;
    }
    let mut out = format!(
        "{MARK}# {}\n\n{}\n\n",
        title(&file.title),
        without_html(module.docs.trim())
    );
    if shown.len() > 1 {
        out.push_str("| | |\n|---|---|\n");
        for (item, name) in &shown {
            let first = sentences(&item.docs).into_iter().next();
            let first = without_html(&first.unwrap_or_default()).replace('|', "\\|");
            let _ = writeln!(out, "| [`{name}`](#{name}) | {first} |");
        }
        out.push('\n');
    }
    for (item, name) in shown {
        let _ = write!(out, "<h2 id=\"{name}\"><code>{name}</code></h2>\n\n");
        fenced(&mut out, &head(&sources, item));
        let (text, cost) = split_cost(&item.docs);
        let (text, cost) = (without_html(&text), without_html(&cost));
        if !text.is_empty() {
            let _ = write!(out, "{text}\n\n");
        }
        if !cost.is_empty() {
            let _ = write!(out, "**Cost.** {cost}\n\n");
        }
        let ItemKind::Fn(function) = &item.kind else {
            continue;
        };
        if let Some((said, text)) = example(&sources, &tests, name) {
            let _ = write!(
                out,
                "**Example**, a test of this file: {}.\n\n",
                without_html(&said)
            );
            fenced(&mut out, &text);
        }
        let (line, _) = sources.line_col(item.span);
        let _ = write!(
            out,
            "<details><summary>Source: <code>{}</code>, line {line}</summary>\n\n",
            without_html(&file.place)
        );
        fenced(&mut out, sources.text(whole(item, function)));
        out.push_str("</details>\n\n");
    }
    Some(out)
}

/// The names of what a file offers.
pub fn names(text: &str) -> Vec<String> {
    let mut sources = SourceSet::new();
    let id = sources.add(String::new(), text.to_owned());
    let parsed = parser::parse(id, &sources.file(id).text);
    let items = parsed.module.items.iter().filter(|item| item.public);
    items.filter_map(name).map(str::to_owned).collect()
}

/// What a terminal shows of a file: what it is about and what it offers, or all about the one item of this name. `None` where there is
/// nothing of the kind.
pub fn shown(file: &File<'_>, only: Option<&str>) -> Option<String> {
    let mut sources = SourceSet::new();
    let id = sources.add(file.place.clone(), file.text.to_owned());
    let parsed = parser::parse(id, &sources.file(id).text);
    let items = || {
        let items = parsed.module.items.iter();
        let named = items.filter_map(|item| Some((item, name(item)?)));
        named.filter(|(item, _)| item.public)
    };
    let Some(only) = only else {
        let width = items().map(|(_, name)| name.len()).max()?;
        let mut out = format!("{}\n\n{}\n\n", file.title, parsed.module.docs.trim());
        for (item, name) in items() {
            let first = sentences(&item.docs).into_iter().next();
            let line = format!("  {name:width$}  {}", first.unwrap_or_default());
            let _ = writeln!(out, "{}", line.trim_end());
        }
        return Some(out);
    };
    let (item, _) = items().find(|(_, name)| *name == only)?;
    let mut out = format!("use {}::{only};\n\n{}\n", file.title, head(&sources, item));
    if !item.docs.trim().is_empty() {
        let _ = write!(out, "\n{}\n", item.docs.trim());
    }
    let tests = parsed
        .module
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Test(test) => Some(test),
            _ => None,
        });
    if let Some((said, text)) = example(&sources, &tests.collect::<Vec<_>>(), only) {
        let text = text.replace('\n', "\n    ");
        let _ = write!(
            out,
            "\nExample, a test of the module: {said}.\n\n    {text}\n"
        );
    }
    Some(out)
}

/// A list of pages: their titles, the files that they are in, and the first sentence of each.
pub fn index(title: &str, pages: &[(String, String, String)]) -> String {
    let mut out = format!("{MARK}# {title}\n\n| | |\n|---|---|\n");
    for (title, file, about) in pages {
        let _ = writeln!(
            out,
            "| [{}]({file}) | {} |",
            self::title(title),
            without_html(about).replace('|', "\\|")
        );
    }
    out
}

/// The first paragraph of a file's documentation.
pub fn paragraph(text: &str) -> String {
    let lines = text
        .lines()
        .map_while(|line| line.trim().strip_prefix("//!"));
    let docs: Vec<&str> = lines.map(str::trim).take_while(|l| !l.is_empty()).collect();
    docs.join(" ")
}

/// The first sentence of a file's documentation.
pub fn about(text: &str) -> String {
    let all = sentences(&paragraph(text));
    all.into_iter().next().unwrap_or_default()
}

fn title(title: &str) -> String {
    format!("`{title}`")
}

/// The name under which an item is shown.
fn name(item: &Item) -> Option<&str> {
    let name = match &item.kind {
        ItemKind::Fn(decl) => &decl.name,
        ItemKind::Struct(decl) => &decl.name,
        ItemKind::Enum(decl) => &decl.name,
        ItemKind::Const(decl) => &decl.name,
        ItemKind::Type(decl) => &decl.name,
        ItemKind::Circuit(decl) => &decl.name,
        ItemKind::Party(decl) => &decl.name,
        ItemKind::Use(_) | ItemKind::Test(_) => return None,
    };
    Some(&name.text)
}

const fn is_party(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Party(_))
}

/// What is to be known in order to use an item: of a function its head, of anything else all of it.
fn head(sources: &SourceSet, item: &Item) -> String {
    let text = match &item.kind {
        ItemKind::Fn(decl) => sources.text(decl.head),
        ItemKind::Circuit(decl) => sources.text(decl.head),
        _ => sources.text(item.span),
    };
    text.trim_start_matches("pub ").trim_end().to_owned()
}

fn whole(item: &Item, function: &FnDecl) -> Span {
    Span {
        end: function.body.span.end,
        ..item.span
    }
}

fn fenced(out: &mut String, text: &str) {
    let _ = write!(out, "```smpc-part\n{text}\n```\n\n");
}

/// Markdown in which nothing is HTML: outside of code a `<` is one that readers see.
fn without_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.split_inclusive('\n') {
        let fence = line.trim_start().starts_with("```");
        let blank = line.trim().is_empty();
        if fence || fenced || blank {
            out.push_str(&plain(&std::mem::take(&mut prose)));
            out.push_str(line);
            fenced ^= fence;
        } else {
            prose.push_str(line);
        }
    }
    out + &plain(&prose)
}

/// The same of a paragraph. Code in it stands between equally many backticks.
fn plain(mut text: &str) -> String {
    let mut out = String::new();
    while let Some(at) = text.find('`') {
        let (before, rest) = text.split_at(at);
        out += &before.replace('<', "&lt;");
        let n = rest.len() - rest.trim_start_matches('`').len();
        let (open, inside) = rest.split_at(n);
        let ends = inside.match_indices(open).map(|(end, _)| end).find(|end| {
            let after = &inside[end + n..];
            !inside[..*end].ends_with('`') && !after.starts_with('`')
        });
        let code = ends.map_or(0, |end| end + n);
        out += open;
        out += &inside[..code];
        text = &inside[code..];
    }
    out + &text.replace('<', "&lt;")
}

/// The shortest test that calls a function: what it says, and what it does.
fn example(sources: &SourceSet, tests: &[&Arc<TestDecl>], name: &str) -> Option<(String, String)> {
    let calls = |text: &str| {
        text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                && matches!(after, Some('(' | ':'))
        })
    };
    let bodies = tests
        .iter()
        .map(|t| (&t.name.text, sources.text(t.body.span)));
    let (said, body) = bodies
        .filter(|(_, body)| calls(body) && body.lines().count() <= EXAMPLE_LINES)
        .min_by_key(|(_, body)| body.len())?;
    Some((said.trim_matches('"').to_owned(), inner(body)))
}

/// What stands in a block, without the braces and their indentation.
fn inner(block: &str) -> String {
    let text = block.trim_start_matches('{').trim_end_matches('}');
    let lines = text.trim_matches('\n').lines();
    let lines = lines.map(|line| line.strip_prefix("    ").unwrap_or(line).trim_end());
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

/// A comment without what it says of cost, and that.
fn split_cost(docs: &str) -> (String, String) {
    let mut paragraphs = Vec::new();
    let mut cost = Vec::new();
    for paragraph in docs.split("\n\n") {
        // Lists and code stay as they are.
        if paragraph
            .lines()
            .any(|l| l.starts_with([' ', '-', '`', '|']))
        {
            paragraphs.push(paragraph.to_owned());
            continue;
        }
        let (costs, rest): (Vec<String>, Vec<String>) = sentences(paragraph)
            .into_iter()
            .partition(|s| COST.iter().any(|word| s.contains(word)));
        cost.extend(costs);
        paragraphs.push(rest.join(" "));
    }
    paragraphs.retain(|p| !p.is_empty());
    (paragraphs.join("\n\n"), cost.join(" "))
}

/// The sentences of a paragraph. A point ends one if a blank and something that no sentence goes on with follow it, outside of code and brackets.
fn sentences(text: &str) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut all = Vec::new();
    let mut from = 0;
    let (mut code, mut depth) = (false, 0i32);
    for (at, c) in text.char_indices() {
        match c {
            '`' => code = !code,
            '(' if !code => depth += 1,
            ')' if !code => depth -= 1,
            '.' if !code && depth <= 0 => {
                let rest = &text[at + 1..];
                let mut next = rest.chars();
                let word = text[from..at].rsplit(' ').next().unwrap_or("");
                // `D. E. Knuth`, `E. Ukkonen`.
                let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
                if next.next().is_none_or(|c| c == ' ')
                    && !initial
                    && !next.next().is_some_and(char::is_lowercase)
                {
                    all.push(text[from..=at].trim().to_owned());
                    from = at + 1;
                }
            }
            _ => {}
        }
    }
    let rest = text[from..].trim();
    if !rest.is_empty() {
        all.push(rest.to_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_compiler::library;

    #[test]
    fn a_page_shows_what_a_file_offers_and_nothing_else() {
        let text = "//! Of numbers. And more.\n\n/// Twice a number. N comparisons, or 3.5 ANDs.\n///\n/// - one\npub fn twice(x: u8) -> u8 {\n    half(x) * 4\n}\n\nfn half(x: u8) -> u8 { x / 2 }\n\ntest \"two\" {\n    assert(twice(1) == 2);\n}\n";
        let page = page(&File {
            title: "numbers".into(),
            place: "numbers.smpc".into(),
            text,
        });
        let page = page.expect("a page");
        let wanted = "<h2 id=\"twice\"><code>twice</code></h2>\n\n```smpc-part\nfn twice(x: u8) -> u8\n```\n\nTwice a number.\n\n- one\n\n**Cost.** N comparisons, or 3.5 ANDs.\n\n**Example**, a test of this file: two.\n\n```smpc-part\nassert(twice(1) == 2);\n```\n\n<details><summary>Source: <code>numbers.smpc</code>, line 6</summary>\n\n";
        assert!(page.contains(wanted), "{page}");
        assert!(!page.contains("\"half\""), "{page}");
        assert_eq!(about(text), "Of numbers.");
    }

    #[test]
    fn a_terminal_shows_a_module_or_one_item() {
        let text = "//! Of numbers.\n\n/// Twice a number. Wraps.\npub fn twice(x: u8) -> u8 {\n    x * 2\n}\n\nfn half(x: u8) -> u8 { x / 2 }\n\n/// A pair.\npub struct Two { a: u8, b: u8 }\n\ntest \"two\" {\n    assert(twice(1) == 2);\n}\n";
        let file = File {
            title: "std::numbers".into(),
            place: "numbers.smpc".into(),
            text,
        };
        assert_eq!(
            shown(&file, None).as_deref(),
            Some("std::numbers\n\nOf numbers.\n\n  twice  Twice a number.\n  Two    A pair.\n")
        );
        assert_eq!(
            shown(&file, Some("twice")).as_deref(),
            Some(
                "use std::numbers::twice;\n\nfn twice(x: u8) -> u8\n\nTwice a number. Wraps.\n\n\
                 Example, a test of the module: two.\n\n    assert(twice(1) == 2);\n"
            )
        );
        assert_eq!(shown(&file, Some("half")), None);
    }

    #[test]
    fn comments_are_no_html() {
        for (text, shown) in [
            ("a < b and `Vec<u8>`", "a &lt; b and `Vec<u8>`"),
            (
                "<script>f(`<b>`)</script>",
                "&lt;script>f(`<b>`)&lt;/script>",
            ),
            ("one ` and <b>", "one ` and &lt;b>"),
            ("``a ` <b> `` <b>", "``a ` <b> `` &lt;b>"),
            ("one `\n\n<b>`", "one `\n\n&lt;b>`"),
            ("```html\n<b>\n```\n<b>", "```html\n<b>\n```\n&lt;b>"),
        ] {
            assert_eq!(without_html(text), shown);
        }
        let page = page(&File {
            title: "x".into(),
            place: "x.smpc".into(),
            text: "//! <img src=x>\n\n/// <b>One</b>. <i>10 comparisons.\npub fn one() -> u8 { 1 }\n\npub fn two() -> u8 { 2 }\n\ntest \"<u>\" { assert(one() == 1); }\n",
        });
        let page = page.expect("a page");
        for tag in ["<img", "<b>", "<i>", "<u>"] {
            assert!(!page.contains(tag), "{tag}: {page}");
        }
    }

    #[test]
    fn every_public_function_of_the_library_says_what_it_gives() {
        let mut n = 0;
        for (module, text) in library::MODULES {
            let page = page(&File {
                title: format!("std::{module}"),
                place: format!("stdlib/{module}.smpc"),
                text,
            });
            let page = page.unwrap_or_else(|| panic!("{module} offers nothing"));
            for row in page.lines().filter(|l| l.starts_with("| [`")) {
                n += 1;
                let said = row.rsplit(" | ").next().unwrap_or("");
                // Names of constants say what they are.
                let constant = row.starts_with("| [`") && row[4..].starts_with(char::is_uppercase);
                assert!(constant || said.len() > 3, "std::{module}: {row}");
            }
        }
        assert!(n > 120, "{n} functions and types");
    }

    #[test]
    fn sentences_end_where_readers_think_so() {
        let text = "By D. E. Knuth, i.e. him (vol. 3. Ed. 2), is `a. B`. 3.5 is not. e^x.";
        assert_eq!(
            sentences(text),
            [
                "By D. E. Knuth, i.e. him (vol. 3. Ed. 2), is `a. B`.",
                "3.5 is not. e^x."
            ]
        );
    }
}
