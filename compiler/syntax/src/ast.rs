//! The syntax tree: what the text says, before any name is looked up.
//!
//! Every node has its span. Trees own their children; how deep they nest is bounded when they are built
//! ([`MAX_DEPTH`]), because checking and dropping recurse. Flat code, such as a sum of thousands of terms, nests in the
//! tree although nobody sees it nest: it does so only through a [`Spine`], on which nothing recurses. Sugar is kept (method calls, compound assignment), so that
//! messages and later tools speak of what was written.

mod dump;
mod spine;

pub use dump::dump;
pub use spine::Spine;

use crate::span::{FileId, Span};
use std::sync::Arc;

/// How deep expressions, types and brackets may nest.
pub const MAX_DEPTH: u32 = 256;
/// How many links of flat code count as nesting. What is longer is worked on in pieces of this many, so more do not add.
pub const MAX_LINKS: u32 = 128;

/// A name where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// What stands between the tokens of a file and means nothing to the compiler, kept for those who show or rewrite it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trivia {
    /// All comments, documentation included, in order.
    pub comments: Vec<Comment>,
    /// Where those tokens and comments start that have a blank line before them, in order.
    pub blank_lines: Vec<u32>,
}

impl Trivia {
    /// The comments that start in a range of bytes.
    pub fn between(&self, start: u32, end: u32) -> &[Comment] {
        let at = |offset| self.comments.partition_point(|c| c.span.start < offset);
        self.comments.get(at(start)..at(end)).unwrap_or(&[])
    }

    /// Whether a blank line stands before the token or comment that starts here.
    pub fn blank_before(&self, start: u32) -> bool {
        self.blank_lines.binary_search(&start).is_ok()
    }
}

/// A comment where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// What it is.
    pub kind: CommentKind,
    /// With its marks, without the end of the line.
    pub span: Span,
    /// Whether nothing but white space is before it on its line.
    pub own_line: bool,
}

/// What a comment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentKind {
    /// `// …`
    Line,
    /// `/* … */`
    Block,
    /// `/// …`
    Doc,
    /// `//! …`
    ModuleDoc,
}

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
    /// `fn f(…) -> … { … }`
    Fn(Arc<FnDecl>),
    /// `party name[lo..hi];`
    Party(Arc<PartyDecl>),
    /// `test "name" { … }`
    Test(Arc<TestDecl>),
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

/// A field of a structure.
#[derive(Clone, Debug)]
pub struct FieldDecl {
    /// The text of the `///` comments before it.
    pub docs: String,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
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

/// `from ROLE`, `to each ROLE`, `to all`, `to ROLE[0]`.
#[derive(Clone, Debug)]
pub struct Seats {
    /// Which parties.
    pub kind: SeatsKind,
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

/// A type as written.
#[derive(Clone, Debug)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
    /// How deep it nests.
    pub depth: u32,
}

/// What a type is.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `a::B<C, 3>`
    Path(Path),
    /// `secret T`
    Secret(Box<Type>),
    /// `public T`, for inputs only.
    Public(Box<Type>),
    /// `[T; n]`
    Array(Box<Type>, Box<Expr>),
    /// `[T; _]`
    Ragged(Box<Type>),
    /// `(A, B)`
    Tuple(Vec<Type>),
    /// `fn(A, B) -> C`
    Fn(Vec<Type>, Box<Type>),
    /// `T in lo..=hi`
    Ranged(Box<Type>, Box<ValueRange>),
    /// It could not be kept; a diagnostic says why.
    Error,
}

/// `lo..=hi` after `in` in a type.
#[derive(Clone, Debug)]
pub struct ValueRange {
    /// The least value.
    pub lo: Expr,
    /// The greatest value, or one past it.
    pub hi: Expr,
    /// Whether `hi` is included.
    pub inclusive: bool,
}

/// A path with generic arguments at its end.
#[derive(Clone, Debug)]
pub struct Path {
    /// Its parts; at least one.
    pub parts: Vec<Name>,
    /// What stands between `<` and `>`.
    pub args: Vec<GenericArg>,
    /// Where.
    pub span: Span,
}

/// An argument for a generic parameter.
#[derive(Clone, Debug)]
pub enum GenericArg {
    /// A type, or a name that may turn out to be a constant.
    Type(Type),
    /// A constant: a literal or `{ … }`.
    Const(Expr),
}

/// A block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its statements.
    pub stmts: Vec<Stmt>,
    /// Its value.
    pub tail: Option<Box<Expr>>,
    /// With its braces.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where.
    pub span: Span,
}

/// What a statement is.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `let pattern: T = init;`
    Let {
        /// What is bound.
        pattern: Pattern,
        /// The type, if written.
        ty: Option<Type>,
        /// The value.
        init: Expr,
    },
    /// `place op= value;`
    Assign {
        /// What changes.
        place: Expr,
        /// The operator of a compound assignment.
        op: Option<BinaryOp>,
        /// The value.
        value: Expr,
    },
    /// An expression; whether a `;` follows it.
    Expr(Expr, bool),
    /// `for pattern in … { … }`
    For {
        /// What each step binds.
        pattern: Pattern,
        /// What is walked.
        iter: Expr,
        /// The body.
        body: Block,
    },
    /// `while condition { … }`
    While {
        /// The condition.
        condition: Expr,
        /// The body.
        body: Block,
    },
    /// `return value;`
    Return(Option<Expr>),
    /// `break;`
    Break,
    /// `continue;`
    Continue,
    /// A lone `;`
    Empty,
}

/// What a `let`, `for` or closure binds.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What it is.
    pub kind: PatternKind,
    /// Where.
    pub span: Span,
}

/// What a pattern is.
#[derive(Clone, Debug)]
pub enum PatternKind {
    /// `_`
    Wild,
    /// `name` or `mut name`
    Bind {
        /// Whether it may be assigned to.
        mutable: bool,
        /// The name.
        name: Name,
    },
    /// `(a, b)`
    Tuple(Vec<Pattern>),
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
    /// How deep it nests.
    pub depth: u32,
    /// How many expressions follow each other down its spine.
    pub links: u32,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `5`, `5u8`
    Int(u128, Option<String>),
    /// `true`
    Bool(bool),
    /// `a::b::<T>`
    Path(Path),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// `[x; n]`
    Repeat(Box<Expr>, Box<Expr>),
    /// `(a, b)`; `()` is the empty one.
    Tuple(Vec<Expr>),
    /// `(x)`
    Paren(Box<Expr>),
    /// `S { a: x, b }`; the path is empty where the type comes from outside: `{ a: x, b }`
    Struct(Path, Vec<(Name, Option<Expr>)>),
    /// `x.a`
    Field(Spine, Name),
    /// `x.0`; the text of the number
    TupleField(Spine, Name),
    /// `x[i]`
    Index(Spine, Box<Expr>),
    /// `lo..hi` in a `for`, an index or parentheses
    Range {
        /// The start.
        lo: Option<Box<Expr>>,
        /// The end.
        hi: Option<Box<Expr>>,
        /// Whether the end is included.
        inclusive: bool,
    },
    /// `f(a, b)`
    Call(Box<Expr>, Vec<Expr>),
    /// `x.f::<T>(a)`
    Method(Spine, Path, Vec<Expr>),
    /// `!x`, `-x`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`
    Binary(BinaryOp, Spine, Box<Expr>),
    /// `x as T`
    Cast(Spine, Box<Type>),
    /// `if c { … } else …`
    If(Box<Expr>, Box<Block>, Option<Spine>),
    /// `{ … }`
    Block(Box<Block>),
    /// `|a, b| x`
    Closure(Vec<(Pattern, Option<Type>)>, Box<Expr>),
    /// `reveal(x)` or `x.reveal()`
    Reveal(Box<Expr>, RevealForm),
    /// `secret(x)`, in tests
    MakeSecret(Box<Expr>),
    /// `assert(c, "why")`
    Assert(Box<Expr>, Option<Name>),
    /// It could not be kept; a diagnostic says why.
    Error,
}

/// How a `reveal` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevealForm {
    /// `reveal(x)`
    Function,
    /// `x.reveal()`
    Method,
}

/// An operator before its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!`
    Not,
}

/// An operator between its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the symbol beside each in `symbol` is its documentation"
)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Shl,
    Shr,
    And,
    Or,
    Xor,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    AndAnd,
    OrOr,
}

impl BinaryOp {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
            BinaryOp::And => "&",
            BinaryOp::Or => "|",
            BinaryOp::Xor => "^",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::AndAnd => "&&",
            BinaryOp::OrOr => "||",
        }
    }
}
