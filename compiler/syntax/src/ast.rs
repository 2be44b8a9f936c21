//! The syntax tree: what the text says, before any name is looked up.
//!
//! Every node has its span. Trees own their children; how deep they nest is bounded when they are built
//! ([`MAX_DEPTH`]), because checking and dropping recurse. Flat code, such as a sum of thousands of terms, nests in the
//! tree although nobody sees it nest: it does so only through a [`Spine`], on which nothing recurses. Sugar is kept (method calls, compound assignment), so that
//! messages and later tools speak of what was written.

mod dump;
mod items;
mod spine;

pub use dump::dump;
pub use items::{
    AliasDecl, Attribute, CircuitDecl, ConstDecl, EnumDecl, FieldDecl, FnDecl, Generic,
    GenericKind, Import, Item, ItemKind, Module, Param, PartyCount, PartyDecl, Ret, RetField,
    Seats, SeatsKind, StructDecl, TestDecl, UseEnd, UseTree, VariantDecl, VariantFields,
};
pub use spine::Spine;

use crate::span::Span;

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
    /// `_`: what the call's arguments say.
    Infer(Span),
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
    /// `let pattern: T = init;` or `let name: T;`
    Let {
        /// What is bound.
        pattern: Pattern,
        /// The type, if written.
        ty: Option<Type>,
        /// The value; without one the variable is assigned later.
        init: Option<Expr>,
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
    /// `while let pattern = value { … }`: what each step chooses, and otherwise a `break`.
    WhileLet(Box<IfLet>),
    /// `loop { … }`
    Loop {
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

/// What a `let`, `for`, closure or arm binds, and what a value must be like for it.
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
    /// `[a, b]`
    Array(Vec<Pattern>),
    /// `..` among the parts of another pattern.
    Rest,
    /// `5`, `-1`, `true`
    Literal(Box<Expr>),
    /// `lo..hi`, `lo..=hi`, `lo..`
    Range {
        /// The least value.
        lo: Option<Box<Expr>>,
        /// The greatest value, or one past it.
        hi: Option<Box<Expr>>,
        /// Whether `hi` is included.
        inclusive: bool,
    },
    /// `Color::Red`, or a constant of several parts.
    Path(Path),
    /// `Some(x)`
    Variant(Path, Vec<Pattern>),
    /// `Point { x, y: 0, .. }`
    Struct(Path, Vec<FieldPattern>),
    /// `a | b`
    Or(Vec<Pattern>),
}

/// A field in a pattern.
#[derive(Clone, Debug)]
pub struct FieldPattern {
    /// The field; none for `..`.
    pub name: Option<Name>,
    /// What it must be like.
    pub pattern: Pattern,
    /// Whether only the name is written, which then binds the field.
    pub short: bool,
}

/// An arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// What the value must be like.
    pub pattern: Pattern,
    /// The condition after `if`.
    pub guard: Option<Expr>,
    /// What it gives.
    pub body: Expr,
}

/// The parts of an `if let`.
#[derive(Clone, Debug)]
pub struct IfLet {
    /// What the value must be like.
    pub pattern: Pattern,
    /// The value.
    pub value: Expr,
    /// What happens if it is.
    pub then: Block,
    /// What happens if it is not.
    pub otherwise: Option<Expr>,
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
    /// `1.5`, `2e-3`: without the `_` between digits
    Decimal(String),
    /// `true`
    Bool(bool),
    /// A text between quotes, without them.
    Str(String),
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
    /// `if let p = x { … } else …`
    IfLet(Box<IfLet>),
    /// `match x { p if c => a, … }`
    Match(Box<Expr>, Vec<Arm>),
    /// `{ … }`
    Block(Box<Block>),
    /// `#[…] { … }`
    Attributed(Vec<Attribute>, Box<Block>),
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
