//! Syntax of the programs that tests draw, and its source text: only what has a meaning of its own in `meaning.rs`.

use super::real;
use std::fmt;

/// A type without its secrecy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ty {
    Bool,
    Int {
        width: u32,
        signed: bool,
    },
    Usize,
    /// Bits in all, and behind the point.
    Fixed {
        width: u32,
        frac: u32,
    },
    /// `f32`; a value is its bits.
    Float,
    Array(Box<Ty>, usize),
    Tuple(Vec<Ty>),
    Struct(usize),
    Enum(usize),
    Option(Box<Ty>),
}

impl Ty {
    pub const U8: Self = Self::Int {
        width: 8,
        signed: false,
    };

    pub fn is_int(&self) -> bool {
        matches!(self, Self::Int { .. } | Self::Usize)
    }

    /// Whether it has numbers with fractions.
    pub fn is_real(&self) -> bool {
        matches!(self, Self::Fixed { .. } | Self::Float)
    }

    /// Whether it has no parts.
    pub fn is_scalar(&self) -> bool {
        self.is_int() || self.is_real() || *self == Self::Bool
    }

    /// Width and sign of a scalar.
    pub fn shape(&self) -> (u32, bool) {
        match self {
            Self::Int { width, signed } => (*width, *signed),
            Self::Usize => (64, false),
            Self::Fixed { width, .. } => (*width, true),
            Self::Float => (32, false),
            Self::Bool
            | Self::Array(..)
            | Self::Tuple(_)
            | Self::Struct(_)
            | Self::Enum(_)
            | Self::Option(_) => (1, false),
        }
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int { width, signed } => write!(f, "{}{width}", if *signed { 'i' } else { 'u' }),
            Self::Usize => f.write_str("usize"),
            Self::Fixed { width, frac } => write!(f, "fixed<{width}, {frac}>"),
            Self::Float => f.write_str("f32"),
            Self::Array(of, n) => write!(f, "[{of}; {n}]"),
            Self::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(Self::to_string).collect();
                write!(f, "({})", parts.join(", "))
            }
            Self::Struct(id) => write!(f, "S{id}"),
            Self::Enum(id) => write!(f, "E{id}"),
            Self::Option(of) => write!(f, "Option<{of}>"),
        }
    }
}

/// What the variants of the enums hold.
pub type Enums = Vec<Vec<Vec<Ty>>>;

/// A pattern for values of a type.
#[derive(Clone, Debug)]
pub struct Pat {
    pub ty: Ty,
    pub is: Like,
}

#[derive(Clone, Debug)]
pub enum Like {
    Any,
    Bind(usize),
    Word(i128),
    /// From here to there, both included.
    Words(i128, i128),
    Variant(usize, Vec<Pat>),
    Parts(Vec<Pat>),
    /// One of these, which bind nothing.
    Or(Vec<Pat>),
}

impl fmt::Display for Pat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |of: &[Self], with: &str| -> String {
            let each: Vec<String> = of.iter().map(Self::to_string).collect();
            each.join(with)
        };
        match (&self.is, &self.ty) {
            (Like::Any, _) => f.write_str("_"),
            (Like::Bind(v), _) => write!(f, "v{v}"),
            (Like::Word(word), Ty::Bool) => write!(f, "{}", *word != 0),
            (Like::Word(word), _) => write!(f, "{word}"),
            (Like::Words(lo, hi), _) => write!(f, "{lo}..={hi}"),
            (Like::Variant(0, _), Ty::Option(_)) => f.write_str("None"),
            (Like::Variant(_, parts), Ty::Option(_)) => write!(f, "Some({})", list(parts, ", ")),
            (Like::Variant(k, parts), ty) if parts.is_empty() => write!(f, "{ty}::V{k}"),
            (Like::Variant(k, parts), ty) => write!(f, "{ty}::V{k}({})", list(parts, ", ")),
            (Like::Parts(parts), Ty::Array(..)) => write!(f, "[{}]", list(parts, ", ")),
            (Like::Parts(parts), Ty::Struct(id)) => {
                let fields: Vec<String> = (parts.iter().enumerate())
                    .map(|(k, pat)| format!("f{k}: {pat}"))
                    .collect();
                write!(f, "S{id} {{ {} }}", fields.join(", "))
            }
            (Like::Parts(parts), _) => write!(f, "({})", list(parts, ", ")),
            (Like::Or(all), _) => write!(f, "{}", list(all, " | ")),
        }
    }
}

/// An arm: its pattern, its guard, and what it gives or does.
#[derive(Clone, Debug)]
pub struct Arm<T> {
    pub pat: Pat,
    pub guard: Option<Expr>,
    pub body: T,
}

impl<T> Arm<T> {
    fn head(&self) -> String {
        match &self.guard {
            Some(guard) => format!("{} if {guard}", self.pat),
            None => self.pat.to_string(),
        }
    }
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Two {
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
    AndAlso,
    OrElse,
    Min,
    Max,
    RotL,
    RotR,
}

impl Two {
    fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::And => "&",
            Self::Or => "|",
            Self::Xor => "^",
            Self::Shl => "<<",
            Self::Shr => ">>",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::AndAlso => "&&",
            Self::OrElse => "||",
            Self::Min => "min",
            Self::Max => "max",
            Self::RotL => "rotate_left",
            Self::RotR => "rotate_right",
        }
    }
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum One {
    Neg,
    Not,
    Abs,
    CountOnes,
    Isqrt,
}

/// An expression: its type, whether it is secret, what it is.
#[derive(Clone, Debug)]
pub struct Expr {
    pub ty: Ty,
    pub secret: bool,
    pub is: Is,
}

/// Numbers name variables, functions and structs.
#[derive(Clone, Debug)]
pub enum Is {
    Literal(i128),
    Var(usize),
    One(One, Box<Expr>),
    Two(Two, Box<Expr>, Box<Expr>),
    Cast(Box<Expr>),
    Part(Box<Expr>, usize),
    Index(Box<Expr>, Box<Expr>),
    Build(Vec<Expr>),
    /// A variant and what it holds.
    Variant(usize, Vec<Expr>),
    Match(Box<Expr>, Vec<Arm<Expr>>),
    /// `if let p = x { a } else { b }`
    IfLet(Pat, Box<Expr>, Box<Expr>, Box<Expr>),
    UnwrapOr(Box<Expr>, Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `swap_if(c, a, b).0`
    Swapped(Box<Expr>, Box<Expr>, Box<Expr>),
    Call(usize, Vec<Expr>),
    Reveal(Box<Expr>),
    /// Array, parameter, body.
    Map(Box<Expr>, usize, Box<Expr>),
    /// Array, start, parameters, body.
    Fold(Box<Expr>, Box<Expr>, usize, usize, Box<Expr>),
    /// `any` or `all` of an array of `bool`.
    Any(Box<Expr>),
    All(Box<Expr>),
    /// Two arrays zipped and mapped.
    ZipMap(Box<Expr>, Box<Expr>, usize, usize, Box<Expr>),
}

/// A place that is assigned to: a variable, then parts or elements.
#[derive(Clone, Debug)]
pub struct Place {
    pub var: usize,
    pub path: Vec<Step>,
}

#[derive(Clone, Debug)]
pub enum Step {
    Part(usize),
    Index(Expr),
}

#[derive(Clone, Debug)]
pub enum Stmt {
    /// Variable, whether it may change, whether it is secret, its value.
    Let(usize, bool, bool, Expr),
    Set(Place, Expr),
    /// `place op= value`
    Update(Two, Place, Expr),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    Match(Expr, Vec<Arm<Vec<Stmt>>>),
    /// Counter, bounds, whether the second is included, body.
    Count(usize, Expr, Expr, bool, Vec<Stmt>),
    /// Element, array, body.
    Each(usize, Expr, Vec<Stmt>),
    /// Position and element, array, body.
    Enumerate(usize, usize, Expr, Vec<Stmt>),
    /// A counter's start; counts down to zero, then the body.
    While(usize, Expr, Vec<Stmt>),
    Break,
    Continue,
    Return(Expr),
    Assert(Expr),
}

#[derive(Clone, Debug)]
pub struct Fun {
    /// Parameters: variable, type, whether secret.
    pub params: Vec<(usize, Ty, bool)>,
    pub result: (Ty, bool),
    pub body: Vec<Stmt>,
    pub last: Expr,
    pub attribute: Option<&'static str>,
}

/// Where a parameter of `main` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Secret(u32),
    Public(u32),
    Argument,
}

#[derive(Clone, Debug)]
pub struct Program {
    pub n_parties: u32,
    pub structs: Vec<Vec<Ty>>,
    pub enums: Enums,
    pub functions: Vec<Fun>,
    /// Parameters of `main`: variable, type, source, value as words in order.
    pub inputs: Vec<(usize, Ty, From, Vec<i128>)>,
    /// Statements of `main` and the parts of its result.
    pub main: Fun,
    pub n_vars: usize,
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |of: &[Self]| -> String {
            let each: Vec<String> = of.iter().map(Self::to_string).collect();
            each.join(", ")
        };
        match &self.is {
            Is::Literal(word) => match &self.ty {
                Ty::Bool => write!(f, "{}", *word != 0),
                ty if ty.is_real() => f.write_str(&real::literal(*word, ty)),
                ty if *word < 0 => write!(f, "(-{}{ty})", -word),
                ty => write!(f, "{word}{ty}"),
            },
            Is::Var(v) => write!(f, "v{v}"),
            Is::One(op, a) => match op {
                One::Neg => write!(f, "(-{a})"),
                One::Not => write!(f, "(!{a})"),
                One::Abs => write!(f, "abs({a})"),
                One::CountOnes => write!(f, "count_ones({a})"),
                One::Isqrt => write!(f, "isqrt({a})"),
            },
            Is::Two(op, a, b) => {
                let sign = op.sign();
                if sign.starts_with(char::is_alphabetic) {
                    write!(f, "{sign}({a}, {b})")
                } else {
                    write!(f, "({a} {sign} {b})")
                }
            }
            Is::Cast(a) => write!(f, "({a} as {})", self.ty),
            Is::Part(a, k) => match &a.ty {
                Ty::Struct(_) => write!(f, "{a}.f{k}"),
                _ => write!(f, "{a}.{k}"),
            },
            Is::Index(a, i) => write!(f, "{a}[{i}]"),
            Is::Build(parts) => match &self.ty {
                Ty::Array(..) => write!(f, "[{}]", list(parts)),
                Ty::Struct(id) => {
                    let fields: Vec<String> = (parts.iter().enumerate())
                        .map(|(k, e)| format!("f{k}: {e}"))
                        .collect();
                    write!(f, "S{id} {{ {} }}", fields.join(", "))
                }
                _ => write!(f, "({})", list(parts)),
            },
            Is::Variant(k, parts) => match (&self.ty, parts.as_slice()) {
                (Ty::Option(_), []) => f.write_str("None"),
                (Ty::Option(_), parts) => write!(f, "Some({})", list(parts)),
                (ty, []) => write!(f, "{ty}::V{k}"),
                (ty, parts) => write!(f, "{ty}::V{k}({})", list(parts)),
            },
            Is::Match(value, arms) => {
                let arms: Vec<String> = (arms.iter())
                    .map(|arm| format!("{} => {}", arm.head(), arm.body))
                    .collect();
                write!(f, "(match ({value}) {{ {} }})", arms.join(", "))
            }
            Is::IfLet(pat, value, a, b) => {
                write!(f, "(if let {pat} = ({value}) {{ {a} }} else {{ {b} }})")
            }
            Is::UnwrapOr(a, b) => write!(f, "unwrap_or({a}, {b})"),
            Is::If(c, a, b) => write!(f, "(if {c} {{ {a} }} else {{ {b} }})"),
            Is::Swapped(c, a, b) => write!(f, "swap_if({c}, {a}, {b}).0"),
            Is::Call(g, args) => write!(f, "g{g}({})", list(args)),
            Is::Reveal(a) => write!(f, "reveal({a})"),
            Is::Map(a, x, body) => write!(f, "{a}.map(|v{x}| {body})"),
            Is::Fold(a, start, acc, x, body) => {
                write!(f, "fold({a}, {start}, |v{acc}, v{x}| {body})")
            }
            Is::Any(a) => write!(f, "any({a})"),
            Is::All(a) => write!(f, "{a}.all()"),
            Is::ZipMap(a, b, x, y, body) => write!(f, "{a}.zip({b}).map(|(v{x}, v{y})| {body})"),
        }
    }
}

fn shown(secret: bool, ty: &Ty) -> String {
    format!("{}{ty}", if secret { "secret " } else { "" })
}

fn block(text: &mut String, stmts: &[Stmt], depth: usize, ty: &dyn Fn(&Place) -> Ty) {
    for stmt in stmts {
        write_stmt(text, stmt, depth, ty);
    }
}

fn place(at: &Place, ty: &dyn Fn(&Place) -> Ty) -> String {
    let mut text = format!("v{}", at.var);
    for (k, step) in at.path.iter().enumerate() {
        let before = Place {
            var: at.var,
            path: at.path[..k].to_vec(),
        };
        match step {
            Step::Part(part) if matches!(ty(&before), Ty::Struct(_)) => {
                text.push_str(&format!(".f{part}"));
            }
            Step::Part(part) => text.push_str(&format!(".{part}")),
            Step::Index(i) => text.push_str(&format!("[{i}]")),
        }
    }
    text
}

fn write_stmt(text: &mut String, stmt: &Stmt, depth: usize, ty: &dyn Fn(&Place) -> Ty) {
    let pad = "    ".repeat(depth);
    let nested = |text: &mut String, head: String, first: String, body: &[Stmt]| {
        text.push_str(&format!("{pad}{head} {{\n{first}"));
        block(text, body, depth + 1, ty);
        text.push_str(&format!("{pad}}}"));
    };
    match stmt {
        Stmt::Let(v, mutable, secret, e) => {
            let word = if *mutable { "mut " } else { "" };
            let of = shown(*secret, &e.ty);
            text.push_str(&format!("{pad}let {word}v{v}: {of} = {e};\n"));
        }
        Stmt::Set(at, e) => text.push_str(&format!("{pad}{} = {e};\n", place(at, ty))),
        Stmt::Update(op, at, e) => {
            let sign = op.sign();
            text.push_str(&format!("{pad}{} {sign}= {e};\n", place(at, ty)));
        }
        Stmt::If(c, a, b) => {
            nested(text, format!("if {c}"), String::new(), a);
            if !b.is_empty() {
                text.push_str(" else {\n");
                block(text, b, depth + 1, ty);
                text.push_str(&format!("{pad}}}"));
            }
            text.push('\n');
        }
        Stmt::Match(value, arms) => {
            text.push_str(&format!("{pad}match ({value}) {{\n"));
            for arm in arms {
                text.push_str(&format!("{pad}    {} => {{\n", arm.head()));
                block(text, &arm.body, depth + 2, ty);
                text.push_str(&format!("{pad}    }}\n"));
            }
            text.push_str(&format!("{pad}}}\n"));
        }
        Stmt::Count(v, lo, hi, inclusive, body) => {
            let dots = if *inclusive { "..=" } else { ".." };
            let head = format!("for v{v} in {lo}{dots}{hi}");
            nested(text, head, String::new(), body);
            text.push('\n');
        }
        Stmt::Each(v, of, body) => {
            nested(text, format!("for v{v} in {of}"), String::new(), body);
            text.push('\n');
        }
        Stmt::Enumerate(i, v, of, body) => {
            let head = format!("for (v{i}, v{v}) in enumerate({of})");
            nested(text, head, String::new(), body);
            text.push('\n');
        }
        Stmt::While(v, start, body) => {
            text.push_str(&format!("{pad}let mut v{v}: {} = {start};\n", start.ty));
            let first = format!("{pad}    v{v} -= 1;\n");
            nested(text, format!("while v{v} > 0"), first, body);
            text.push('\n');
        }
        Stmt::Break => text.push_str(&format!("{pad}break;\n")),
        Stmt::Continue => text.push_str(&format!("{pad}continue;\n")),
        Stmt::Return(e) => text.push_str(&format!("{pad}return {e};\n")),
        Stmt::Assert(e) => text.push_str(&format!("{pad}assert({e});\n")),
    }
}

impl Program {
    /// The source text; `types` are those of the variables.
    pub fn source(&self, types: &[Ty]) -> String {
        let of_place = |at: &Place| {
            at.path
                .iter()
                .fold(types[at.var].clone(), |ty, step| match (ty, step) {
                    (Ty::Array(of, _), _) => *of,
                    (Ty::Tuple(parts), Step::Part(k)) => parts[*k].clone(),
                    (Ty::Struct(id), Step::Part(k)) => self.structs[id][*k].clone(),
                    (ty, _) => ty,
                })
        };
        let mut text = String::new();
        for p in 0..self.n_parties {
            text.push_str(&format!("party p{p};\n"));
        }
        for (id, fields) in self.structs.iter().enumerate() {
            let fields: Vec<String> = (fields.iter().enumerate())
                .map(|(k, ty)| format!("f{k}: {ty}"))
                .collect();
            text.push_str(&format!("struct S{id} {{ {} }}\n", fields.join(", ")));
        }
        for (id, variants) in self.enums.iter().enumerate() {
            let variants: Vec<String> = (variants.iter().enumerate())
                .map(|(k, held)| {
                    let held: Vec<String> = held.iter().map(Ty::to_string).collect();
                    match held.as_slice() {
                        [] => format!("V{k}"),
                        held => format!("V{k}({})", held.join(", ")),
                    }
                })
                .collect();
            text.push_str(&format!("enum E{id} {{ {} }}\n", variants.join(", ")));
        }
        for (id, fun) in self.functions.iter().enumerate() {
            if let Some(attribute) = fun.attribute {
                text.push_str(&format!("#[protocol({attribute})]\n"));
            }
            let params: Vec<String> = (fun.params.iter())
                .map(|(v, ty, secret)| format!("v{v}: {}", shown(*secret, ty)))
                .collect();
            let result = shown(fun.result.1, &fun.result.0);
            text.push_str(&format!("fn g{id}({}) -> {result} {{\n", params.join(", ")));
            block(&mut text, &fun.body, 1, &of_place);
            text.push_str(&format!("    {}\n}}\n", fun.last));
        }
        let params: Vec<String> = (self.inputs.iter())
            .map(|(v, ty, from, _)| match from {
                From::Secret(p) => format!("v{v}: secret {ty} from p{p}"),
                From::Public(p) => format!("v{v}: public {ty} from p{p}"),
                From::Argument => format!("v{v}: {ty}"),
            })
            .collect();
        let result = &self.main.result.0;
        text.push_str(&format!("fn main({}) -> {result} {{\n", params.join(", ")));
        block(&mut text, &self.main.body, 1, &of_place);
        text.push_str(&format!("    {}\n}}\n", self.main.last));
        text
    }
}
