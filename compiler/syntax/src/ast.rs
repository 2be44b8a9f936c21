//! The syntax tree: what the text says, before any name is looked up.
//!
//! Every node has its span. Trees own their children; how deep they nest is bounded when they are built
//! ([`MAX_DEPTH`]), because checking and dropping recurse. Sugar is kept (method calls, compound assignment), so that
//! messages and later tools speak of what was written.

mod dump;

pub use dump::dump;

use crate::source::{FileId, Span};

/// How deep expressions, types and brackets may nest.
pub const MAX_DEPTH: u32 = 256;

/// A name where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where.
    pub span: Span,
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
    Use(Vec<Import>),
    /// `const N: T = value;`
    Const(ConstDecl),
    /// `struct S<T> { a: T }`
    Struct(StructDecl),
    /// `fn f(…) -> … { … }`
    Fn(FnDecl),
    /// `party name[lo..hi];`
    Party(PartyDecl),
    /// `test "name" { … }`
    Test(TestDecl),
    /// `circuit name: fn(T) -> U = "file";`
    Circuit(CircuitDecl),
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
    pub fields: Vec<(Name, Type)>,
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

/// `[lo..hi]` after a role.
#[derive(Clone, Debug)]
pub struct PartyCount {
    /// The least number.
    pub lo: Expr,
    /// The end, if there is one.
    pub hi: Option<Expr>,
    /// Whether the end is included.
    pub inclusive: bool,
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
    Field(Box<Expr>, Name),
    /// `x.0`; the text of the number
    TupleField(Box<Expr>, Name),
    /// `x[i]`
    Index(Box<Expr>, Box<Expr>),
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
    Method(Box<Expr>, Path, Vec<Expr>),
    /// `!x`, `-x`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `x as T`
    Cast(Box<Expr>, Box<Type>),
    /// `if c { … } else …`
    If(Box<Expr>, Box<Block>, Option<Box<Expr>>),
    /// `{ … }`
    Block(Box<Block>),
    /// `|a, b| x`
    Closure(Vec<(Pattern, Option<Type>)>, Box<Expr>),
    /// `reveal(x)`
    Reveal(Box<Expr>),
    /// `secret(x)`, in tests
    MakeSecret(Box<Expr>),
    /// `assert(c, "why")`
    Assert(Box<Expr>, Option<String>),
    /// It could not be kept; a diagnostic says why.
    Error,
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
