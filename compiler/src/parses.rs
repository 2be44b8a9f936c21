//! Parsed files, each parsed once.
//!
//! Loading a program asks each file for the modules and circuits that it needs, checking asks for its items, and an editor
//! asks again after every key. [`Parses`] keeps what was parsed as long as a file's text stays the same. The library's
//! modules are the same in every program and are parsed once in a process.

use crate::ast::{Item, ItemKind};
use crate::library;
use crate::parser::{self, Parsed};
use crate::span::FileId;
use smpcc_circuit::sorted::SortedMap;
use std::sync::{Arc, LazyLock, OnceLock};

/// Parsed files by their ids, with the texts that they were parsed from.
#[derive(Clone, Debug, Default)]
pub struct Parses {
    files: SortedMap<FileId, (String, Arc<Parsed>)>,
}

impl Parses {
    /// The parsed file; parsed anew if its text is not that of last time.
    pub fn parse(&mut self, file: FileId, text: &str) -> Arc<Parsed> {
        if let Some(parsed) = library_module(file, text) {
            return parsed;
        }
        if let Some((known, parsed)) = self.files.get(&file)
            && known == text
        {
            return parsed.clone();
        }
        let parsed = Arc::new(parser::parse(file, text));
        self.files.insert(file, (text.to_owned(), parsed.clone()));
        parsed
    }
}

/// The library's modules, which are the first files of every source set, as far as they were asked for: to parse all of them takes
/// longer than everything else that a small program needs.
static LIBRARY: [OnceLock<Arc<Parsed>>; library::MODULES.len()] =
    [const { OnceLock::new() }; library::MODULES.len()];

fn library_module(file: FileId, text: &str) -> Option<Arc<Parsed>> {
    let at = file.0 as usize;
    let ((_, known), parsed) = library::MODULES.get(at).zip(LIBRARY.get(at))?;
    // The usual text is the library's own, at the same address or not.
    (*known == text).then(|| {
        let parsed = parsed.get_or_init(|| Arc::new(parser::parse(file, known)));
        parsed.clone()
    })
}

/// The library's public items, each with its name, its module by its name after `std::`, and its text; those of the prelude, which
/// needs no `use`, are left out.
pub(crate) fn library_items() -> impl Iterator<Item = (&'static Item, &'static str, &'static str)> {
    let modules = (0..).map(FileId).zip(LIBRARY.iter().zip(library::MODULES));
    let others = modules.filter(|(_, (_, (module, _)))| *module != "prelude");
    others.flat_map(|(file, (parsed, (module, text)))| {
        let parsed = parsed.get_or_init(|| Arc::new(parser::parse(file, text)));
        let public = parsed.module.items.iter().filter(|i| i.public);
        public.map(move |item| {
            let (from, to) = (item.span.start as usize, item.span.end as usize);
            (item, *module, text.get(from..to).unwrap_or(""))
        })
    })
}

/// The name of an item that others may use.
pub(crate) fn item_name(item: &Item) -> Option<&str> {
    let name = match &item.kind {
        ItemKind::Fn(decl) => &decl.name,
        ItemKind::Enum(decl) => &decl.name,
        ItemKind::Struct(decl) => &decl.name,
        ItemKind::Const(decl) => &decl.name,
        ItemKind::Type(decl) => &decl.name,
        ItemKind::Circuit(decl) => &decl.name,
        ItemKind::Use(_) | ItemKind::Party(_) | ItemKind::Test(_) => return None,
    };
    Some(&name.text)
}

/// The library's public items by their names, each with its module.
static ITEMS: LazyLock<SortedMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut items = SortedMap::new();
    for (item, module, _) in library_items() {
        if let Some(name) = item_name(item) {
            items.entry(name).or_insert(module);
        }
    }
    items
});

/// The names of the library's public items.
pub(crate) fn library_names() -> impl Iterator<Item = &'static str> {
    ITEMS.keys().copied()
}

/// The module, by its name after `std::`, in which the library has a public item of this name; the prelude needs no `use`.
pub(crate) fn library_module_of(item: &str) -> Option<&'static str> {
    ITEMS.get(item).copied()
}

/// Whether a module of the library, by its name after `std::`, has a public item of this name.
pub(crate) fn library_has(module: &str, name: &str) -> bool {
    library_items().any(|(item, of, _)| of == module && item_name(item) == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceSet;

    #[test]
    fn a_file_is_parsed_again_only_when_its_text_changes() {
        let mut parses = Parses::default();
        let file = FileId(100);
        let first = parses.parse(file, "fn f() { }");
        assert!(Arc::ptr_eq(&first, &parses.parse(file, "fn f() { }")));
        let second = parses.parse(file, "fn g() { }");
        assert!(!Arc::ptr_eq(&first, &second));
        let other = parses.parse(FileId(101), "fn g() { }");
        assert!(!Arc::ptr_eq(&other, &second), "spans name the file");
    }

    #[test]
    fn the_library_is_parsed_once_and_known_by_its_items() {
        let sources = SourceSet::new();
        for (id, file) in sources.iter() {
            assert!(library::owns(id));
            let one = Parses::default().parse(id, &file.text);
            assert!(Arc::ptr_eq(&one, &Parses::default().parse(id, &file.text)));
        }
        assert!(!library::owns(FileId(sources.iter().count() as u32)));
        assert_eq!(library_module_of("mean"), Some("stats"));
        assert_eq!(library_module_of("sort"), Some("sort"));
        assert_eq!(library_module_of("mea"), None);
    }
}
