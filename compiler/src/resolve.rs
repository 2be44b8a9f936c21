//! Names of items: which modules a program has, what each defines, and what its `use`s bring in.
//!
//! Items of all modules get their ids here, before any type is looked at, so that the order of definitions never
//! matters. What a name inside a function means is the checker's business; it asks [`World::lookup`] last.

mod circuits;
mod imports;
mod statistics;

use crate::ast::{self, ItemKind, Name};
use crate::diagnostic::Diagnostic;
use crate::hir::{ConstId, FnId, Protocol, StructId};
use crate::index::{Kind, Recorder, Target};
use crate::parser::{self, Parsed};
use crate::parses::Parses;
use crate::source::{FileId, SourceSet, Span};
use crate::{diagnostic, library};
use circuits::{as_function, netlist};
use imports::import_all;
pub(crate) use imports::item_of;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::template::Template;
pub(crate) use statistics::elsewhere;
use std::sync::Arc;

/// What a name in a module stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Def {
    Fn(FnId),
    /// A struct or an enum.
    Struct(StructId),
    /// A variant of an enum, by position.
    Variant(StructId, u32),
    Const(ConstId),
    /// Another name for a type, by position.
    Alias(usize),
    Module(usize),
}

/// A name in a module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub def: Def,
    pub public: bool,
    pub span: Span,
}

/// A module: a file and its names.
pub(crate) struct ModuleInfo {
    /// `std::stats`; empty for the root.
    pub path: String,
    /// The package whose file it is; empty for the program's own files.
    pub package: String,
    pub file: FileId,
    /// The text of the `//!` comments.
    pub docs: String,
    pub scope: SortedMap<String, Entry>,
}

/// An item with the module that it stands in.
pub(crate) struct Placed<T> {
    pub module: usize,
    pub docs: String,
    pub decl: T,
}

/// A function and what stands around it.
pub(crate) struct FnItem {
    pub decl: Arc<ast::FnDecl>,
    pub wishes: Wishes,
    /// For an imported circuit, whose declaration stands as a function without a body.
    pub import: Option<Import>,
}

/// The declaration of a struct or an enum.
#[derive(Clone)]
pub(crate) enum TypeDecl {
    Struct(Arc<ast::StructDecl>),
    Enum(Arc<ast::EnumDecl>),
}

impl TypeDecl {
    pub fn name(&self) -> &Name {
        match self {
            Self::Struct(decl) => &decl.name,
            Self::Enum(decl) => &decl.name,
        }
    }

    pub fn generics(&self) -> &[ast::Generic] {
        match self {
            Self::Struct(decl) => &decl.generics,
            Self::Enum(decl) => &decl.generics,
        }
    }

    /// What an enum has; nothing for a struct.
    pub fn variants(&self) -> &[ast::VariantDecl] {
        match self {
            Self::Struct(_) => &[],
            Self::Enum(decl) => &decl.variants,
        }
    }
}

/// The file of an imported circuit.
pub(crate) struct Import {
    pub file: Name,
    /// The gates; a diagnostic says why they are missing.
    pub netlist: Option<Template>,
}

/// All items of a program.
#[derive(Default)]
pub(crate) struct World {
    pub modules: Vec<ModuleInfo>,
    pub fns: Vec<Placed<FnItem>>,
    /// Structs and enums.
    pub structs: Vec<Placed<TypeDecl>>,
    pub consts: Vec<Placed<Arc<ast::ConstDecl>>>,
    pub aliases: Vec<Placed<Arc<ast::AliasDecl>>>,
    pub parties: Vec<Placed<Arc<ast::PartyDecl>>>,
    pub tests: Vec<Arc<ast::TestDecl>>,
    /// Names that were used so far, and what they stand for.
    pub index: Recorder,
    /// The index of the prelude among the modules.
    pub prelude: usize,
}

/// The path of the prelude.
const PRELUDE: &str = "std::prelude";

/// The index of the root among the modules.
pub(crate) const ROOT: usize = 0;

/// Names of the modules (`use crate::NAME::…`) that a text needs, in order, each once.
pub fn needed_modules(text: &str) -> Vec<String> {
    // Most texts need none, and then need not be parsed for it.
    if !text.contains("crate") {
        return Vec::new();
    }
    parser::parse(FileId(u32::MAX), text)
        .module
        .needed_modules()
}

/// Files of the circuits that a text imports, as paths from the folder of the text's own file, in order, each once.
pub fn needed_circuits(text: &str) -> Vec<String> {
    if !text.contains("circuit") {
        return Vec::new();
    }
    parser::parse(FileId(u32::MAX), text)
        .module
        .needed_circuits()
}

/// The path of a module's file beside the root file.
fn beside(root: &str, module: &str) -> String {
    in_folder_of(root, &format!("{module}.smpc"))
}

/// The path of a file in the folder of another one.
fn in_folder_of(other: &str, file: &str) -> String {
    match other.rfind(['/', '\\']) {
        Some(at) => format!("{}{file}", &other[..=at]),
        None => file.to_owned(),
    }
}

/// Parses the root and every module that it reaches, and gives every item its id.
pub(crate) fn resolve(
    sources: &SourceSet,
    root: FileId,
    parses: &mut Parses,
    diagnostics: &mut Vec<Diagnostic>,
) -> World {
    let mut world = World::default();
    let mut parsed: Vec<(String, Arc<Parsed>)> = Vec::new();
    let mut index: SortedMap<String, usize> = SortedMap::new();
    let root_name = sources.get(root).map_or(String::new(), |f| f.name.clone());
    let mut wanted: Vec<(String, Option<FileId>)> = vec![
        (String::new(), Some(root)),
        (PRELUDE.into(), sources.find(&library::file_name("prelude"))),
    ];
    let mut next = 0;
    while next < wanted.len() {
        let (path, file) = wanted[next].clone();
        next += 1;
        let Some((id, source)) = file.and_then(|id| sources.get(id).map(|s| (id, s))) else {
            continue;
        };
        if index.contains_key(&path) {
            continue;
        }
        let module = parses.parse(id, &source.text);
        diagnostics.extend_from_slice(&module.diagnostics);
        for import in module.module.imports() {
            let Some((path, file)) = module_of(sources, &root_name, &source.name, &import) else {
                continue;
            };
            if !wanted.iter().any(|(p, _)| *p == path) {
                wanted.push((path, file));
            }
        }
        index.insert(path.clone(), parsed.len());
        parsed.push((path, module));
    }
    world.prelude = index.get(PRELUDE).copied().unwrap_or(ROOT);
    let mut uses = Vec::new();
    for (at, (path, parsed)) in parsed.iter().enumerate() {
        let module = &parsed.module;
        world.modules.push(ModuleInfo {
            path: path.clone(),
            package: sources
                .get(module.file)
                .map_or("", |f| library::package_of(&f.name))
                .to_owned(),
            file: module.file,
            docs: module.docs.clone(),
            scope: SortedMap::new(),
        });
        for item in &module.items {
            define(&mut world, at, item, &mut uses, sources, diagnostics);
        }
    }
    import_all(&mut world, &index, uses, diagnostics);
    world
}

/// The module in which an import looks: its path and its file, if there is one.
fn module_of(
    sources: &SourceSet,
    root: &str,
    importer: &str,
    import: &ast::Import,
) -> Option<(String, Option<FileId>)> {
    let [first, name, ..] = import.path.as_slice() else {
        return None;
    };
    let package = library::package_of(importer);
    let path = module_path(package, &first.text, &name.text);
    let file = match first.text.as_str() {
        "std" => library::file_name(&name.text),
        "crate" if package.is_empty() => beside(root, &name.text),
        "crate" => in_folder_of(importer, &format!("{}.smpc", name.text)),
        other => library::package_file(package, other, &name.text),
    };
    Some((path, sources.find(&file)))
}

/// The path of a module that a file of `package` names; `crate` in a package is the package.
fn module_path(package: &str, first: &str, name: &str) -> String {
    let package = match first {
        "std" => "std".to_owned(),
        "crate" if package.is_empty() => "crate".to_owned(),
        "crate" => package.to_owned(),
        other => library::package_name(package, other),
    };
    format!("{}::{name}", package.replace('/', "::"))
}

/// A `use` that waits until all items are known: its module, what it brings, whether it is `pub`.
type Pending = (usize, ast::Import, bool);

fn define(
    world: &mut World,
    module: usize,
    item: &ast::Item,
    uses: &mut Vec<Pending>,
    sources: &SourceSet,
    out: &mut Vec<Diagnostic>,
) {
    let public = item.public;
    let is_fn = matches!(item.kind, ItemKind::Fn(_));
    for attribute in item.attributes.iter().filter(|_| !is_fn) {
        out.push(
            diagnostic!(
                E1010,
                attribute.span,
                "`#[{}]` does not go with this item",
                attribute.name.text
            )
            .here("not here")
            .help(match attribute.name.text.as_str() {
                "derive" => "leave it out: structs are copied, and compared with `==`, without it",
                _ => "attributes stand before functions and blocks",
            }),
        );
    }
    let docs = item.docs.clone();
    match &item.kind {
        ItemKind::Use(tree) => {
            uses.extend(tree.imports().into_iter().map(|i| (module, i, public)));
        }
        ItemKind::Const(decl) => {
            let id = ConstId(index(world.consts.len()));
            add(world, module, &decl.name, Def::Const(id), public, out);
            let decl = decl.clone();
            world.consts.push(Placed { module, docs, decl });
        }
        ItemKind::Struct(decl) => {
            let id = StructId(index(world.structs.len()));
            add(world, module, &decl.name, Def::Struct(id), public, out);
            let decl = TypeDecl::Struct(decl.clone());
            world.structs.push(Placed { module, docs, decl });
        }
        ItemKind::Enum(decl) => {
            let id = StructId(index(world.structs.len()));
            add(world, module, &decl.name, Def::Struct(id), public, out);
            // What `Option` is made of has names of its own everywhere.
            if world.modules[module].path == PRELUDE {
                for (at, variant) in (0u32..).zip(&decl.variants) {
                    let def = Def::Variant(id, at);
                    add(world, module, &variant.name, def, public, out);
                }
            }
            let decl = TypeDecl::Enum(decl.clone());
            world.structs.push(Placed { module, docs, decl });
        }
        ItemKind::Type(decl) => {
            let def = Def::Alias(world.aliases.len());
            add(world, module, &decl.name, def, public, out);
            let decl = decl.clone();
            world.aliases.push(Placed { module, docs, decl });
        }
        ItemKind::Fn(decl) => {
            let id = FnId(index(world.fns.len()));
            add(world, module, &decl.name, Def::Fn(id), public, out);
            let wishes = wishes(&item.attributes, &mut world.index, out);
            let decl = FnItem {
                decl: decl.clone(),
                wishes,
                import: None,
            };
            world.fns.push(Placed { module, docs, decl });
        }
        ItemKind::Circuit(circuit) => {
            let id = FnId(index(world.fns.len()));
            add(world, module, &circuit.name, Def::Fn(id), public, out);
            let netlist = netlist(sources, circuit, out);
            let file = circuit.file.clone();
            let decl = FnItem {
                decl: Arc::new(as_function(circuit)),
                wishes: Wishes::default(),
                import: Some(Import { file, netlist }),
            };
            world.fns.push(Placed { module, docs, decl });
        }
        ItemKind::Party(decl) => {
            let known = world.parties.iter().map(|p| &p.decl.name);
            let known = known.into_iter().find(|name| name.text == decl.name.text);
            if module != ROOT {
                out.push(
                    diagnostic!(
                        E3024,
                        decl.name.span,
                        "roles are declared in the program's main file"
                    )
                    .here("not in a module")
                    .help("move the declaration to the file that has `main`"),
                );
            } else if let Some(known) = known {
                out.push(twice(&decl.name, known.span));
            } else {
                let decl = decl.clone();
                world.parties.push(Placed { module, docs, decl });
            }
        }
        ItemKind::Test(decl) => {
            if module == ROOT {
                world.tests.push(decl.clone());
            }
        }
    }
}

fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// What attributes before a function or a block ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes {
    pub protocol: Option<Protocol>,
    /// `#[float(flush_to_zero)]`
    pub flushes: bool,
}

/// What attributes before a function or a block ask for.
pub(crate) fn wishes(
    attributes: &[ast::Attribute],
    index: &mut Recorder,
    out: &mut Vec<Diagnostic>,
) -> Wishes {
    let mut found = Wishes::default();
    for attribute in attributes {
        let words: Vec<&str> = attribute
            .arguments
            .iter()
            .map(|a| a.text.as_str())
            .collect();
        match (attribute.name.text.as_str(), words.as_slice()) {
            ("protocol", ["arithmetic"]) => found.protocol = Some(Protocol::Arithmetic),
            ("protocol", ["boolean"]) => found.protocol = Some(Protocol::Boolean),
            ("protocol", ["yao"]) => found.protocol = Some(Protocol::Yao),
            ("float", ["flush_to_zero"]) => found.flushes = true,
            ("float", _) => {
                let error = diagnostic!(
                    E1010,
                    attribute.span,
                    "`#[float]` says what small floats are"
                );
                out.push(error.help("write `#[float(flush_to_zero)]`, or leave it out"));
                continue;
            }
            ("protocol", _) => {
                let error = diagnostic!(E1010, attribute.span, "`#[protocol]` names one protocol");
                out.push(error.help(
                    "write `#[protocol(arithmetic)]`, `#[protocol(boolean)]` or `#[protocol(yao)]`",
                ));
                continue;
            }
            (name, _) => {
                let error = diagnostic!(E1010, attribute.span, "there is no attribute `{name}`");
                out.push(
                    error
                        .here("unknown attribute")
                        .help("the attributes are `#[protocol(…)]` and `#[float(flush_to_zero)]`"),
                );
                continue;
            }
        }
        for word in std::iter::once(&attribute.name).chain(&attribute.arguments) {
            index.refer(&word.text, word.span, Target::Known(Kind::Attribute));
        }
    }
    found
}

fn twice(name: &Name, first: Span) -> Diagnostic {
    diagnostic!(E2003, name.span, "`{}` is defined twice", name.text)
        .here("defined again here")
        .because(first, "first defined here")
        .help("rename one of them")
}

fn add(
    world: &mut World,
    module: usize,
    name: &Name,
    def: Def,
    public: bool,
    out: &mut Vec<Diagnostic>,
) {
    let scope = &mut world.modules[module].scope;
    if let Some(first) = scope.get(&name.text) {
        out.push(twice(name, first.span));
        return;
    }
    scope.insert(
        name.text.clone(),
        Entry {
            def,
            public,
            span: name.span,
        },
    );
}

impl World {
    /// Where the declaration of an item has its name.
    pub fn declared(&self, def: Def) -> Target {
        let span = match def {
            Def::Fn(id) => self.fns.get(id.index()).map(|f| f.decl.decl.name.span),
            Def::Struct(id) => self.structs.get(id.index()).map(|s| s.decl.name().span),
            Def::Variant(id, at) => self.variant(id, at).map(|v| v.name.span),
            Def::Const(id) => self.consts.get(id.index()).map(|c| c.decl.name.span),
            Def::Alias(at) => self.aliases.get(at).map(|a| a.decl.name.span),
            Def::Module(at) => self.modules.get(at).map(|m| Span::new(m.file, 0, 0)),
        };
        Target::Declared(span.unwrap_or_default())
    }

    /// A variant's declaration.
    pub fn variant(&self, id: StructId, at: u32) -> Option<&ast::VariantDecl> {
        let item = self.structs.get(id.index())?;
        item.decl.variants().get(at as usize)
    }

    /// What a bare name means in a module, the prelude included.
    pub fn lookup(&self, module: usize, name: &str) -> Option<Def> {
        let own = self.modules.get(module)?.scope.get(name);
        let prelude = || {
            self.modules
                .get(self.prelude)?
                .scope
                .get(name)
                .filter(|e| e.public)
        };
        own.or_else(prelude).map(|e| e.def)
    }

    /// All names of a module and the prelude, for suggestions.
    pub fn names(&self, module: usize) -> impl Iterator<Item = &str> {
        let of = |at: usize| {
            self.modules
                .get(at)
                .into_iter()
                .flat_map(|m| m.scope.keys().map(String::as_str))
        };
        of(module).chain(of(self.prelude))
    }

    /// A function's name with its module.
    pub fn fn_name(&self, id: FnId) -> String {
        let Some(item) = self.fns.get(id.index()) else {
            return String::new();
        };
        match self.modules.get(item.module).map(|m| m.path.as_str()) {
            Some("") | None => item.decl.decl.name.text.clone(),
            Some(path) => format!("{path}::{}", item.decl.decl.name.text),
        }
    }
}
