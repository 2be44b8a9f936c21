//! Items of a file: what is declared, and what is used of other files.

use super::{Block, Expr, Name, Type};
use crate::span::{FileId, Span};
use std::sync::Arc;

/// One file.
#[derive(Clone, Debug)]
pub struct Module {
    /// The file.
    pub file: FileId,
    /// The text of the `//!` comments.
    pub docs: String,
    /// Its items in order; broken ones are missing.
    pub items: Vec<Item>,
}

impl Module {
    /// Each name that the module brings in.
    pub fn imports(&self) -> Vec<Import> {
        let mut all = Vec::new();
        for item in &self.items {
            if let ItemKind::Use(tree) = &item.kind {
                all.extend(tree.imports());
            }
        }
        all
    }

    /// Names of the modules (`use crate::NAME::…`) that the module needs, in order, each once.
    pub fn needed_modules(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for import in self.imports() {
            if let [first, name, ..] = import.path.as_slice()
                && first.text == "crate"
                && !names.contains(&name.text)
            {
                names.push(name.text.clone());
            }
        }
        names
    }

    /// Packages and their modules (`use PACKAGE::NAME::…`) that the module needs, in order, each once.
    pub fn needed_packages(&self) -> Vec<(String, String)> {
        let mut names: Vec<(String, String)> = Vec::new();
        for import in self.imports() {
            if let [first, name, ..] = import.path.as_slice()
                && !matches!(first.text.as_str(), "std" | "crate")
            {
                let needed = (first.text.clone(), name.text.clone());
                if !names.contains(&needed) {
                    names.push(needed);
                }
            }
        }
        names
    }

    /// Files of the circuits that the module imports, as paths from its own folder, in order, each once.
    pub fn needed_circuits(&self) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        for item in &self.items {
            if let ItemKind::Circuit(decl) = &item.kind
                && decl.is_portable()
                && !files.contains(&decl.file.text)
            {
                files.push(decl.file.text.clone());
            }
        }
        files
    }
}

impl CircuitDecl {
    /// Whether the path leads to the same file beside every copy of the program, and never out of the program's folder.
    pub fn is_portable(&self) -> bool {
        let path = &self.file.text;
        !path.is_empty()
            && !path.starts_with('/')
            && !path.contains(['\\', ':'])
            && path.split('/').all(|part| part != "..")
    }
}

/// One item of a file.
#[derive(Clone, Debug)]
pub struct Item {
    /// The text of the `///` comments before it.
    pub docs: String,
    /// What stands in `#[…]` before it.
    pub attributes: Vec<Attribute>,
    /// Whether other modules may use it.
    pub public: bool,
    /// What it is.
    pub kind: ItemKind,
    /// The whole item without its comments.
    pub span: Span,
}

/// `#[name(arguments)]`.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The name.
    pub name: Name,
    /// The words in the parentheses.
    pub arguments: Vec<Name>,
    /// The text in the parentheses, in place of words.
    pub text: Option<Name>,
    /// From `#` to `]`.
    pub span: Span,
}

/// What an item is.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `use a::b::{c, d as e};`
    Use(UseTree),
    /// `const N: T = value;`
    Const(Arc<ConstDecl>),
    /// `struct S<T> { a: T }`
    Struct(Arc<StructDecl>),
    /// `enum E<T> { A, B(T) }`
    Enum(Arc<EnumDecl>),
    /// `fn f(…) -> … { … }`
    Fn(Arc<FnDecl>),
    /// `party name[lo..hi];`
    Party(Arc<PartyDecl>),
    /// `test "name" { … }`
    Test(Arc<TestDecl>),
    /// `type X<T> = …;`
    Type(Arc<AliasDecl>),
    /// `circuit name: fn(T) -> U = "file";`
    Circuit(Arc<CircuitDecl>),
}

/// What a `use` brings in, as it is written.
#[derive(Clone, Debug)]
pub struct UseTree {
    /// `std::stats` as its parts; the first may be `crate`.
    pub path: Vec<Name>,
    /// What follows the path.
    pub end: UseEnd,
}

/// The end of a `use`.
#[derive(Clone, Debug)]
pub enum UseEnd {
    /// Nothing, or `as name`.
    Whole(Option<Name>),
    /// `::{c, d as e}`
    Group(Vec<(Name, Option<Name>)>),
}

impl UseTree {
    /// Each name that it brings in.
    pub fn imports(&self) -> Vec<Import> {
        let import = |path: Vec<Name>, local: &Option<Name>| {
            let local = local.as_ref().or(path.last()).cloned();
            local.map(|local| Import { path, local })
        };
        match &self.end {
            UseEnd::Whole(local) => import(self.path.clone(), local).into_iter().collect(),
            UseEnd::Group(names) => {
                let one = |(name, local): &(Name, Option<Name>)| {
                    let mut path = self.path.clone();
                    path.push(name.clone());
                    import(path, local)
                };
                names.iter().filter_map(one).collect()
            }
        }
    }
}

/// One name brought in by a `use`.
#[derive(Clone, Debug)]
pub struct Import {
    /// `std::stats::mean` as its parts; the first may be `crate`.
    pub path: Vec<Name>,
    /// The name under which it is known here.
    pub local: Name,
}

/// A constant.
#[derive(Clone, Debug)]
pub struct ConstDecl {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// Its value.
    pub value: Expr,
}

/// A structure.
#[derive(Clone, Debug)]
pub struct StructDecl {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub generics: Vec<Generic>,
    /// Its fields.
    pub fields: Vec<FieldDecl>,
}

/// Another name for a type.
#[derive(Clone, Debug)]
pub struct AliasDecl {
    /// The name.
    pub name: Name,
    /// Its parameters.
    pub generics: Vec<Generic>,
    /// What it stands for.
    pub ty: Type,
}

/// A field of a structure.
#[derive(Clone, Debug)]
pub struct FieldDecl {
    /// The text of the `///` comments before it.
    pub docs: String,
    /// What stands in `#[…]` before it.
    pub attributes: Vec<Attribute>,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
}

/// A type whose values are one of several variants.
#[derive(Clone, Debug)]
pub struct EnumDecl {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub generics: Vec<Generic>,
    /// Its variants.
    pub variants: Vec<VariantDecl>,
}

/// A variant of an `enum`.
#[derive(Clone, Debug)]
pub struct VariantDecl {
    /// The text of the `///` comments before it.
    pub docs: String,
    /// What stands in `#[…]` before it.
    pub attributes: Vec<Attribute>,
    /// Its name.
    pub name: Name,
    /// What it holds.
    pub fields: VariantFields,
}

/// What a variant holds.
#[derive(Clone, Debug)]
pub enum VariantFields {
    /// Nothing.
    Unit,
    /// `(A, B)`
    Tuple(Vec<Type>),
    /// `{ a: A, b: B }`
    Struct(Vec<FieldDecl>),
}

/// A parameter for types or constants.
#[derive(Clone, Debug)]
pub struct Generic {
    /// Its name.
    pub name: Name,
    /// What it stands for.
    pub kind: GenericKind,
}

/// What a generic parameter stands for.
#[derive(Clone, Debug)]
pub enum GenericKind {
    /// A type with these bounds.
    Type(Vec<Name>),
    /// A constant of this type.
    Const(Type),
}

/// A function.
#[derive(Clone, Debug)]
pub struct FnDecl {
    /// Its name.
    pub name: Name,
    /// Its type and const parameters.
    pub generics: Vec<Generic>,
    /// Its parameters.
    pub params: Vec<Param>,
    /// Its result.
    pub result: Ret,
    /// Its body.
    pub body: Block,
    /// From `fn` to the end of the result.
    pub head: Span,
}

/// A parameter of a function.
#[derive(Clone, Debug)]
pub struct Param {
    /// The text of the `///` comments before it.
    pub docs: String,
    /// Whether the body may assign to it.
    pub mutable: bool,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// Who gives it.
    pub from: Option<Seats>,
}

/// `from ROLE`, `to each ROLE`, `to all`, `to ROLE[0]`, `to A, B`.
#[derive(Clone, Debug)]
pub struct Seats {
    /// Which parties.
    pub kind: SeatsKind,
    /// Those named after it (`to a, b`).
    pub more: Vec<SeatsKind>,
    /// From the word `from` or `to` on.
    pub span: Span,
}

/// Which parties give or receive.
#[derive(Clone, Debug)]
pub enum SeatsKind {
    /// All parties, one value for all (`to all`).
    All,
    /// Every party its own value (`each`).
    Each,
    /// The party of this role, or the one with this index among several.
    Role(Name, Option<Box<Expr>>),
    /// Every party of this role its own value.
    EachRole(Name),
}

/// The result of a function.
#[derive(Clone, Debug)]
pub enum Ret {
    /// Nothing.
    None,
    /// `-> T to …`
    One(Type, Option<Seats>),
    /// `-> { a: T to …, … }`
    Fields(Vec<RetField>, Span),
}

/// One field of a result with receivers per field.
#[derive(Clone, Debug)]
pub struct RetField {
    /// The text of the `///` comments before it.
    pub docs: String,
    /// What stands in `#[…]` before it.
    pub attributes: Vec<Attribute>,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// Who learns it; everybody when nothing is said.
    pub to: Option<Seats>,
}

/// Declaration of a role.
#[derive(Clone, Debug)]
pub struct PartyDecl {
    /// Its name.
    pub name: Name,
    /// How many parties play it; one if nothing is said.
    pub count: Option<PartyCount>,
}

/// What stands in brackets after a role.
#[derive(Clone, Debug)]
pub enum PartyCount {
    /// `[n]`
    Exactly(Expr),
    /// `[lo..hi]`
    Range {
        /// The least number.
        lo: Expr,
        /// The end, if there is one.
        hi: Option<Expr>,
        /// Whether the end is included.
        inclusive: bool,
    },
}

/// A test.
#[derive(Clone, Debug)]
pub struct TestDecl {
    /// Its name.
    pub name: Name,
    /// For how many parties it runs (`for 2..=5 parties`).
    pub parties: Option<PartyCount>,
    /// What it does.
    pub body: Block,
}

/// A circuit whose gates are in a file.
#[derive(Clone, Debug)]
pub struct CircuitDecl {
    /// Its name.
    pub name: Name,
    /// The types of its operands.
    pub params: Vec<Type>,
    /// The type of its result.
    pub result: Type,
    /// The file, as a path from the folder of the source file.
    pub file: Name,
    /// From `circuit` to the end of the result's type.
    pub head: Span,
}
