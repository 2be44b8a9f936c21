//! The checked program: names resolved, types and secrecy known, sugar gone.
//!
//! The front end writes it, lowering walks it. Functions stay generic here: lowering *traces* `main` with the values
//! that the session fixes (number of parties, lengths, public arguments), and instantiates a function at each call
//! from the call's generic arguments and the actual arguments' shapes. So a HIR does not depend on a session, and no
//! recursion exists (the checker refuses cycles of calls).

mod dump;
pub(crate) mod effects;
mod len;
mod ty;

pub use dump::{dump, show_type};
pub use len::{Len, LenOf};
pub use ty::{GenericArg, Real, Signature, Sum, Text, Type};
pub(crate) use ty::{
    MAX_STR, fixed_bits, form_of, keep, range_of, scalar_of, wide_scalar, wide_width,
};

use crate::imported::Circuit;
use crate::span::Span;
use smpcc_circuit::value::{Integer, Scalar, Word};
use std::sync::Arc;

macro_rules! hir_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
        impl $name {
            /// The position in its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

hir_ids! {
    /// A function of [`Hir::fns`].
    FnId;
    /// A struct of [`Hir::structs`].
    StructId;
    /// A named constant of [`Hir::consts`].
    ConstId;
    /// A role of [`Hir::roles`].
    RoleId;
    /// A variable of [`Fn::locals`]; parameters come first, closures' parameters and variables are in the same table.
    LocalId;
    /// An imported circuit of [`Hir::circuits`].
    CircuitId;
    /// A generic parameter of [`Fn::generics`] or [`Struct::generics`], by position.
    GenericId;
}

/// A whole program.
#[derive(Clone, Debug)]
pub struct Hir {
    /// In the order of declaration. Never empty: without declarations there is one open-ended role named `party`.
    pub roles: Vec<Role>,
    /// All structs, the library's included.
    pub structs: Vec<Struct>,
    /// All functions, the library's included.
    pub fns: Vec<Fn>,
    /// All named constants.
    pub consts: Vec<Const>,
    /// All imported circuits; each is the body of a function.
    pub circuits: Vec<Arc<Circuit>>,
    /// Absent in a module that is only a library.
    pub main: Option<Main>,
    /// `test` blocks of the root file.
    pub tests: Vec<Test>,
}

/// `party NAME;` or `party NAME[LO..HI];`.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Whether it was declared with brackets (then its parties are `NAME[0]`, `NAME[1]`, …).
    pub is_array: bool,
    /// Fewest parties.
    pub min: u32,
    /// Most parties; `None` is open-ended.
    pub max: Option<u32>,
    /// The declaration.
    pub span: Span,
}

/// The privacy contract: who gives what, who learns what.
#[derive(Clone, Debug)]
pub struct Main {
    /// The function.
    pub function: FnId,
    /// One per parameter of the function, in order.
    pub params: Vec<MainParam>,
    /// Who learns the result.
    pub receivers: Receivers,
}

/// Where a parameter of `main` comes from. The parameter's type in [`Fn::locals`] is the *whole* type: with `from each`
/// it is already the array over parties (or [`Type::Ragged`]).
#[derive(Clone, Debug)]
pub struct MainParam {
    /// The parameter's variable.
    pub local: LocalId,
    /// Its name: the key in input files.
    pub name: String,
    /// Its source.
    pub source: ParamSource,
    /// The type that one owner gives (an element of the array over parties, for `from each`).
    pub element: Type,
    /// The declared range of scalars, if any (`in lo..=hi`).
    pub range: Option<ValueRange>,
    /// The declaration.
    pub span: Span,
}

/// Where a parameter of `main` comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamSource {
    /// No `from`: a public argument that all parties agree on (`--arg NAME=VALUE`).
    Argument,
    /// An input.
    Input {
        /// `secret` (else its owner publishes it to all).
        secret: bool,
        /// The owner.
        from: From,
    },
}

/// The owner of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// `from ROLE`, the only party of that role; or `from ROLE[i]`.
    One(RoleId, u32),
    /// `from each ROLE`: one row per party of the role.
    EachOf(RoleId),
    /// `from each`: one row per party of the run.
    Each,
}

/// Who learns the result of `main`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receivers {
    /// The whole result goes to all of these: one kind of receiver, or several that each learn the whole.
    Whole(Vec<To>),
    /// The result is a struct (or an anonymous one) whose fields go to receivers of their own: `(field name, receivers)`.
    Fields(Vec<(String, Vec<To>)>),
}

/// One kind of receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// Everybody.
    All,
    /// One party: `to ROLE` (index 0 of a single role) or `to ROLE[i]`.
    One(RoleId, u32),
    /// `to ROLE` of a role that several play: each learns the whole value.
    AllOf(RoleId),
    /// `to each ROLE`: the value is an array and party i of the role gets element i.
    EachOf(RoleId),
    /// `to each`: party i of the run gets element i.
    Each,
}

/// The range that a declaration gives (`in lo..=hi`), both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueRange {
    /// Smallest value.
    pub lo: Integer,
    /// Largest value.
    pub hi: Integer,
}

impl ValueRange {
    /// The range of what is in it or zero, as where a variant is not chosen.
    #[must_use]
    pub fn or_zero(self) -> Self {
        let zero = Integer::natural(0);
        Self {
            lo: self.lo.min(zero),
            hi: self.hi.max(zero),
        }
    }

    /// The range as the analyses hold it; `None` where it goes beyond what they can say.
    pub fn interval(self) -> Option<Range> {
        Some(Range {
            lo: self.lo.to_i128()?,
            hi: self.hi.to_i128()?,
        })
    }
}

/// An inclusive range of integers as analyses hold it: signed 128-bit, so that some values of `u128` are in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Smallest value.
    pub lo: i128,
    /// Largest value.
    pub hi: i128,
}

/// A struct.
#[derive(Clone, Debug)]
pub struct Struct {
    /// Its name; empty for the anonymous result type of `main`.
    pub name: String,
    /// Its generic parameters.
    pub generics: Vec<Generic>,
    /// Its fields, in order. An enum's are its tag and then what its variants hold, each of which belongs to all variants
    /// that hold such a value and is zero in the others.
    pub fields: Vec<Field>,
    /// Its variants, if it is an enum.
    pub variants: Vec<Variant>,
    /// The declaration.
    pub span: Span,
}

impl Struct {
    /// Whether its values are one of several variants.
    pub fn is_enum(&self) -> bool {
        !self.variants.is_empty()
    }
}

/// A variant of an enum; its tag is its position.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The name by which files and reports call it.
    pub name: String,
    /// Whether its fields have numbers and not names.
    pub tuple: bool,
    /// What it holds.
    pub fields: Vec<VariantField>,
}

/// A field of a variant.
#[derive(Clone, Debug)]
pub struct VariantField {
    /// The name by which files call it, or its number.
    pub name: String,
    /// Its type, over the enum's generics.
    pub ty: Type,
    /// The declared range, if any.
    pub range: Option<ValueRange>,
    /// The fields of the enum that hold its parts, in order.
    pub slots: Vec<u32>,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The name by which files call it.
    pub text: String,
    /// Its type, over the struct's generics.
    pub ty: Type,
    /// The declared range, if any.
    pub range: Option<ValueRange>,
    /// The declaration.
    pub span: Span,
}

/// A generic parameter.
#[derive(Clone, Debug)]
pub struct Generic {
    /// Its name.
    pub name: String,
    /// Type or length.
    pub kind: GenericKind,
}

/// What a generic parameter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenericKind {
    /// A type.
    Type,
    /// A `usize` constant of the session.
    Const,
    /// A closure or function (the type of a callable parameter); filled by the actual argument.
    Callable,
}

/// A named constant (`const N: usize = 3;`); its value has no locals but its own.
#[derive(Clone, Debug)]
pub struct Const {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Its value.
    pub value: Expr,
    /// The declaration.
    pub span: Span,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Fn {
    /// Its name, with its module: `std::stats::mean`.
    pub name: String,
    /// Generic parameters.
    pub generics: Vec<Generic>,
    /// Its variables, parameters first.
    pub locals: Vec<Local>,
    /// How many of the locals are parameters.
    pub n_params: u32,
    /// The result type.
    pub ret: Type,
    /// `#[protocol(...)]`, if given.
    pub protocol: Option<Protocol>,
    /// `#[float(flush_to_zero)]`: whether floats below the normal ones are zeros in it and in what it calls.
    pub flushes: bool,
    /// The body.
    pub body: Expr,
    /// The name in the declaration.
    pub span: Span,
}

/// A domain that the user asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Arithmetic shares.
    Arithmetic,
    /// Boolean shares.
    Boolean,
    /// Garbled.
    Yao,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name (empty for temporaries of desugaring).
    pub name: String,
    /// Its type: fixed by its annotation or its initialiser, secrecy included.
    pub ty: Type,
    /// Whether it may be assigned.
    pub mutable: bool,
    /// The declaration.
    pub span: Span,
}

/// A `test "name" { … }` block: a function without parameters.
#[derive(Clone, Debug)]
pub struct Test {
    /// The quoted name.
    pub name: String,
    /// Its function (unit result).
    pub function: FnId,
    /// For how many parties it runs, both ends included, if it says so.
    pub parties: Option<(u32, u32)>,
    /// The block.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type, secrecy included.
    pub ty: Type,
    /// Where it stands.
    pub span: Span,
}

/// Forms of expressions. Evaluation is left to right.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A literal of a type of numbers with fractions that only a call's generic arguments make known.
    Decimal(String),
    /// The value of the expression's type that is zero everywhere: what a variant does not use.
    Zero,
    /// An integer or Boolean literal of the expression's type; the pattern is sign-extended to 128 bits for negatives.
    Lit(Word),
    /// A variable's value.
    Local(LocalId),
    /// A named constant.
    Const(ConstId),
    /// A const generic parameter of the function, as `usize`.
    ConstParam(GenericId),
    /// `T::MAX`, `T::MIN` or `T::BITS` of a type that only a call fixes.
    Limit(Limit, Type),
    /// `-a`, `!a`.
    Unary(UnaryOp, Box<Expr>),
    /// Arithmetic, comparison, shift and bit operators.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `a && b`; both sides run when either is secret.
    LogicalAnd(Box<Expr>, Box<Expr>),
    /// `a || b`; both sides run when either is secret.
    LogicalOr(Box<Expr>, Box<Expr>),
    /// `a as T`; the target is the expression's type.
    Cast(Box<Expr>),
    /// Field of a struct or tuple, by position.
    Field(Box<Expr>, u32),
    /// `a[i]`: `i` is any unsigned integer, public or secret; `a` an array or (with public `i`) ragged.
    Index(Box<Expr>, Box<Expr>),
    /// `a[lo..hi]` or `a[lo..=hi]` with public bounds; absent bounds are the ends.
    Slice {
        /// The array.
        array: Box<Expr>,
        /// The first element.
        lo: Option<Box<Expr>>,
        /// The last element, or the one after it.
        hi: Option<Box<Expr>>,
        /// Whether `hi` is the last element. There may be no number after it, so nothing is added to it.
        inclusive: bool,
    },
    /// `[a, b]`.
    Array(Vec<Expr>),
    /// `[x; n]`.
    Repeat(Box<Expr>, Box<Expr>),
    /// `(a, b)`.
    Tuple(Vec<Expr>),
    /// A struct literal, fields in the struct's order; evaluated in that order (what is written in another order and
    /// shows it has been put into variables).
    Struct(Vec<Expr>),
    /// A call of a function.
    Call {
        /// The function.
        function: FnId,
        /// One per generic parameter.
        generics: Vec<GenericArg>,
        /// One per parameter.
        args: Vec<Expr>,
    },
    /// The body of an imported circuit's function: its gates on the function's parameters, as secrets.
    Circuit(CircuitId),
    /// A call of a closure value.
    CallValue(Box<Expr>, Vec<Expr>),
    /// A closure: parameters and body; it captures the values that the other locals it mentions have now.
    Closure {
        /// Its parameters (locals of the enclosing function).
        params: Vec<LocalId>,
        /// Its body.
        body: Box<Expr>,
    },
    /// A named function used as a value; its generics are filled at the call.
    FnValue(FnId),
    /// A function of the prelude that the compiler knows.
    Builtin(Builtin, Vec<Expr>),
    /// `reveal(x)`.
    Reveal(Box<Expr>),
    /// `secret(x)` in tests: treat a public value as a secret.
    MakeSecret(Box<Expr>),
    /// `assert(cond, "why")`.
    Assert(Box<Expr>, Option<String>),
    /// A block with a domain that the user asked for.
    Within(Protocol, Box<Expr>),
    /// A block; without a tail its value is the unit.
    Block(Vec<Stmt>, Option<Box<Expr>>),
    /// `if`; without an else its value is the unit. The condition's type says whether it is secret.
    If {
        /// The condition.
        cond: Box<Expr>,
        /// The first arm.
        then: Box<Expr>,
        /// The other.
        otherwise: Option<Box<Expr>>,
    },
    /// `return x`.
    Return(Option<Box<Expr>>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Stmt {
    /// `let x = e;` (patterns have been taken apart). Without a value the variable is assigned later.
    Let(LocalId, Option<Expr>),
    /// `place = e;` (compound assignment has been spelt out).
    Assign(Place, Expr, Span),
    /// An expression for its effect.
    Expr(Expr),
    /// `for x in lo..hi { … }` or `for x in lo..=hi { … }`.
    ForRange {
        /// The counter, a fresh variable per iteration.
        var: LocalId,
        /// First value.
        lo: Expr,
        /// The last value, or the one after it.
        hi: Expr,
        /// Whether `hi` is the last value. There may be no number after it, so nothing is added to it.
        inclusive: bool,
        /// The body.
        body: Expr,
        /// The head.
        span: Span,
    },
    /// `for x in array { … }` over a snapshot; ragged arrays give their rows.
    ForEach {
        /// The element, a fresh variable per iteration.
        var: LocalId,
        /// The array.
        array: Expr,
        /// The body.
        body: Expr,
        /// The head.
        span: Span,
    },
    /// `while cond { … }`, public condition.
    While {
        /// The condition.
        cond: Expr,
        /// The body.
        body: Expr,
        /// The head.
        span: Span,
    },
}

/// What an assignment changes: a variable, or a part of it reached by steps.
#[derive(Clone, Debug)]
pub struct Place {
    /// The variable.
    pub local: LocalId,
    /// From the outside in.
    pub steps: Vec<PlaceStep>,
}

/// One step into a place.
#[derive(Clone, Debug)]
pub enum PlaceStep {
    /// A field by position.
    Field(u32),
    /// An element; the index may be secret.
    Index(Expr),
}

/// What a type of integers says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Its largest value, a value of the type.
    Max,
    /// Its smallest value, a value of the type.
    Min,
    /// How many bits it has, a `usize`.
    Bits,
}

impl Limit {
    /// Its value for a type.
    pub fn of(self, scalar: Scalar) -> Word {
        match self {
            Limit::Bits => Word::from(scalar.width()),
            Limit::Max if scalar.is_signed() => scalar.mask() >> 1,
            Limit::Max => scalar.mask(),
            Limit::Min if scalar.is_signed() => !(scalar.mask() >> 1),
            Limit::Min => 0,
        }
    }
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`.
    Neg,
    /// `!`, on integers and Booleans.
    Not,
}

/// Binary operators; operands have one type except for shifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the operators")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Operations that may not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the operators")]
pub enum Arith {
    Add,
    Sub,
    Mul,
    Div,
}

/// Functions of the prelude that lowering knows. `Eq`/`Ne` of aggregates have been taken apart by the checker or are
/// refused there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// `min(a, b)` of numbers.
    Min,
    /// `max(a, b)` of numbers.
    Max,
    /// `abs(a)`.
    Abs,
    /// `len(xs)`: `usize`; of a `str<N>` its bytes, as `u8`.
    Len,
    /// `bytes(s)` of a `str<N>`: an array of N `u8`, zeros after the text's end.
    Bytes,
    /// `map(xs, f)`.
    Map,
    /// `zip(xs, ys)`: array of pairs; lengths must agree.
    Zip,
    /// `fold(xs, init, f)` with `f(acc, x)`.
    Fold,
    /// `sum(xs)`: `Wide` of the element type.
    Sum,
    /// `average(xs)`: of integers truncated toward zero, of fixed-point numbers rounded to nearest, ties up.
    Average,
    /// `average_of(total, n)` of the type of `total`: `total / n`, rounded as `average` is. `n` is unsigned.
    AverageOf,
    /// `mul_add(a, b, c)` of floats: `a · b + c`, rounded once.
    MulAdd,
    /// `dot(xs, ys)`: the sum of products; of integers `Wide`, of fixed-point numbers rounded once.
    Dot,
    /// `floor(a)` of a number with a fraction, of the same type.
    Floor,
    /// `ceil(a)` of a number with a fraction, of the same type.
    Ceil,
    /// `round(a)` of a number with a fraction, of the same type.
    Round,
    /// `trunc(a)` of a number with a fraction, of the same type.
    Trunc,
    /// `sqrt(a)` of a number with a fraction, of the same type.
    Sqrt,
    /// `any(xs)` of Booleans.
    Any,
    /// `all(xs)` of Booleans.
    All,
    /// `enumerate(xs)`: array of `(usize, T)`.
    Enumerate,
    /// `flatten(xss)` of nested or ragged arrays.
    Flatten,
    /// `concat(xs, ys)` of two arrays.
    Concat,
    /// `isqrt(a)` of an unsigned integer.
    Isqrt,
    /// `count_ones(a)`: of the same type.
    CountOnes,
    /// `rotate_left(a, s)`.
    RotateLeft,
    /// `rotate_right(a, s)`.
    RotateRight,
    /// `swap_if(c, a, b)`: `(b, a)` if `c`, else `(a, b)`.
    SwapIf,
    /// `widen(a)`: `Wide` of its type.
    Widen,
    /// `rev(xs)`: the elements from the last to the first.
    Rev,
    /// `step_by(xs, n)`: each `n`th element, from the first on.
    StepBy,
    /// `chunks(xs, n)`: arrays of `n` elements, which must come out even.
    Chunks,
    /// `windows(xs, n)`: all runs of `n` neighbours.
    Windows,
    /// Whether `a op b` is no value of the operands' type.
    Overflows(Arith),
    /// `a op b`, or the nearest value of the operands' type.
    Saturating(Arith),
    /// `parties()`: number of parties of the run, `usize`.
    Parties,
    /// `random()`: uniform secret words that no party knows, of the type that is expected.
    Random,
}
