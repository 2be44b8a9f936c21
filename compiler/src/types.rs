//! Types as the checker sees them.
//!
//! They differ from those of the HIR in one point: the secrecy of a scalar may depend on type parameters
//! ([`Secrecy`]), because `a > b` for `a, b: T` is exactly as secret as `T` is. Arrays, tuples and structs carry no
//! secrecy of their own, it stands at their leaves; structs and type parameters carry what is put on top of all
//! their leaves. `usize` is public; made secret it is a `secret u64`.

pub(crate) mod secrecy;
pub(crate) mod width;

pub(crate) use secrecy::Secrecy;

use crate::hir::{self, GenericId, Len, RoleId, StructId};

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    /// `bool`
    Bool(Secrecy),
    /// `uW`, `iW`
    Int {
        width: u8,
        signed: bool,
        secrecy: Secrecy,
    },
    /// `usize`
    Usize,
    /// `[T; n]`
    Array(Box<Ty>, Len),
    /// One row per party, of different lengths.
    Ragged(Box<Ty>, Option<RoleId>),
    /// A tuple; the empty one is the unit.
    Tuple(Vec<Ty>),
    /// A struct with its arguments.
    Struct {
        id: StructId,
        args: Vec<Arg>,
        secrecy: Secrecy,
    },
    /// A type parameter of the function or struct.
    Param { id: GenericId, secrecy: Secrecy },
    /// `Wide<T>` of a type parameter.
    Wide(Box<Ty>),
    /// A function or closure, known when compiling.
    Fn(Box<Signature>),
    /// No value; also the type of what was found wrong, so that one mistake is reported once.
    Never,
}

/// What a callable takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub params: Vec<Ty>,
    pub ret: Ty,
}

/// A generic argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
    Type(Ty),
    Len(Len),
    Callable,
}

/// Whether a value of one type may stand where another type is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Yes.
    Yes,
    /// Only its secrecy is in the way.
    TooSecret,
    /// No.
    No,
}

impl Fit {
    fn and(self, other: Fit) -> Fit {
        match (self, other) {
            (Fit::No, _) | (_, Fit::No) => Fit::No,
            (Fit::TooSecret, _) | (_, Fit::TooSecret) => Fit::TooSecret,
            _ => Fit::Yes,
        }
    }
}

/// Struct fields by struct, needed to look through structs.
pub(crate) trait Fields {
    /// The field types of a struct over its own generics.
    fn fields(&self, id: StructId) -> &[Ty];
}

impl Ty {
    pub const fn unit() -> Ty {
        Ty::Tuple(Vec::new())
    }

    pub const fn int(width: u8, signed: bool) -> Ty {
        Ty::Int {
            width,
            signed,
            secrecy: Secrecy::PUBLIC,
        }
    }

    pub const fn bool() -> Ty {
        Ty::Bool(Secrecy::PUBLIC)
    }

    pub fn param(id: GenericId) -> Ty {
        Ty::Param {
            id,
            secrecy: Secrecy::PUBLIC,
        }
    }

    pub fn is_unit(&self) -> bool {
        matches!(self, Ty::Tuple(parts) if parts.is_empty())
    }

    pub fn is_never(&self) -> bool {
        matches!(self, Ty::Never)
    }

    /// An integer, or what can stand for one.
    pub fn is_integral(&self) -> bool {
        matches!(
            self,
            Ty::Int { .. } | Ty::Usize | Ty::Param { .. } | Ty::Wide(_)
        )
    }

    /// `Wide` of a type: integers of at most 32 bits become 64 bits wide, others 128.
    pub fn wide(self) -> Ty {
        match self {
            Ty::Int {
                width,
                signed,
                secrecy,
            } => Ty::Int {
                width: width::wide(width),
                signed,
                secrecy,
            },
            Ty::Usize => Ty::int(128, false),
            Ty::Never => Ty::Never,
            other => Ty::Wide(Box::new(other)),
        }
    }

    /// Whether `usize` stands in it, structs aside.
    pub fn names_usize(&self) -> bool {
        match self {
            Ty::Usize => true,
            Ty::Array(t, _) | Ty::Ragged(t, _) => t.names_usize(),
            Ty::Tuple(ts) => ts.iter().any(Ty::names_usize),
            Ty::Bool(_)
            | Ty::Int { .. }
            | Ty::Struct { .. }
            | Ty::Param { .. }
            | Ty::Wide(_)
            | Ty::Fn(_)
            | Ty::Never => false,
        }
    }

    /// The type with more secrecy on every leaf.
    pub fn with(self, more: Secrecy) -> Ty {
        if more.is_public() {
            return self;
        }
        match self {
            Ty::Bool(s) => Ty::Bool(s.join(more)),
            Ty::Int {
                width,
                signed,
                secrecy,
            } => Ty::Int {
                width,
                signed,
                secrecy: secrecy.join(more),
            },
            Ty::Usize => Ty::Int {
                width: 64,
                signed: false,
                secrecy: more,
            },
            Ty::Array(t, n) => Ty::Array(Box::new(t.with(more)), n),
            Ty::Ragged(t, role) => Ty::Ragged(Box::new(t.with(more)), role),
            Ty::Tuple(ts) => Ty::Tuple(ts.into_iter().map(|t| t.with(more)).collect()),
            Ty::Struct { id, args, secrecy } => Ty::Struct {
                id,
                args,
                secrecy: secrecy.join(more),
            },
            Ty::Param { id, secrecy } => Ty::Param {
                id,
                secrecy: secrecy.join(more.without(id)),
            },
            Ty::Wide(t) => Ty::Wide(Box::new(t.with(more))),
            Ty::Fn(_) | Ty::Never => self,
        }
    }

    /// The type with every leaf public; of a type parameter only what was put on top can be taken away.
    pub fn public(self) -> Ty {
        match self {
            Ty::Bool(_) => Ty::bool(),
            Ty::Int { width, signed, .. } => Ty::int(width, signed),
            Ty::Array(t, n) => Ty::Array(Box::new(t.public()), n),
            Ty::Ragged(t, role) => Ty::Ragged(Box::new(t.public()), role),
            Ty::Tuple(ts) => Ty::Tuple(ts.into_iter().map(|t| t.public()).collect()),
            Ty::Struct { id, args, .. } => {
                let publish = |a: Arg| match a {
                    Arg::Type(t) => Arg::Type(t.public()),
                    other => other,
                };
                Ty::Struct {
                    id,
                    args: args.into_iter().map(publish).collect(),
                    secrecy: Secrecy::PUBLIC,
                }
            }
            Ty::Param { id, .. } => Ty::param(id),
            Ty::Wide(t) => Ty::Wide(Box::new(t.public())),
            Ty::Usize | Ty::Fn(_) | Ty::Never => self,
        }
    }

    /// The join of all leaves' secrecy: what a person learns of who sees one leaf.
    pub fn secrecy(&self, structs: &dyn Fields) -> Secrecy {
        match self {
            Ty::Bool(s) | Ty::Int { secrecy: s, .. } => *s,
            Ty::Usize | Ty::Fn(_) | Ty::Never => Secrecy::PUBLIC,
            Ty::Array(t, _) | Ty::Ragged(t, _) | Ty::Wide(t) => t.secrecy(structs),
            Ty::Tuple(ts) => ts
                .iter()
                .fold(Secrecy::PUBLIC, |s, t| s.join(t.secrecy(structs))),
            Ty::Struct { id, args, secrecy } => {
                if *secrecy == Secrecy::SECRET {
                    return *secrecy;
                }
                let of_field = |t: &Ty| t.clone().substitute(args).secrecy(structs);
                structs
                    .fields(*id)
                    .iter()
                    .map(of_field)
                    .fold(*secrecy, Secrecy::join)
            }
            Ty::Param { id, secrecy } => secrecy.join(Secrecy::of(*id)),
        }
    }

    /// Whether every leaf is at least this secret.
    pub fn hides(&self, least: Secrecy, structs: &dyn Fields) -> bool {
        if least.is_public() {
            return true;
        }
        match self {
            Ty::Bool(s) | Ty::Int { secrecy: s, .. } => least.below(*s),
            Ty::Usize => false,
            Ty::Fn(_) | Ty::Never => true,
            Ty::Array(t, _) | Ty::Ragged(t, _) | Ty::Wide(t) => t.hides(least, structs),
            Ty::Tuple(ts) => ts.iter().all(|t| t.hides(least, structs)),
            Ty::Struct { id, args, secrecy } => {
                least.below(*secrecy)
                    || structs.fields(*id).iter().all(|t| {
                        t.clone()
                            .substitute(args)
                            .with(*secrecy)
                            .hides(least, structs)
                    })
            }
            Ty::Param { id, secrecy } => least.below(secrecy.join(Secrecy::of(*id))),
        }
    }

    /// The type with generic parameters replaced; a parameter without an argument stays.
    pub fn substitute(self, args: &[Arg]) -> Ty {
        match self {
            Ty::Array(t, n) => Ty::Array(Box::new(t.substitute(args)), substitute_len(n, args)),
            Ty::Ragged(t, role) => Ty::Ragged(Box::new(t.substitute(args)), role),
            Ty::Tuple(ts) => Ty::Tuple(ts.into_iter().map(|t| t.substitute(args)).collect()),
            Ty::Struct {
                id,
                args: own,
                secrecy,
            } => {
                let replace = |a: Arg| match a {
                    Arg::Type(t) => Arg::Type(t.substitute(args)),
                    Arg::Len(n) => Arg::Len(substitute_len(n, args)),
                    Arg::Callable => Arg::Callable,
                };
                Ty::Struct {
                    id,
                    args: own.into_iter().map(replace).collect(),
                    secrecy,
                }
            }
            Ty::Param { id, secrecy } => match args.get(id.index()) {
                Some(Arg::Type(t)) => t.clone().with(secrecy),
                _ => Ty::Param { id, secrecy },
            },
            Ty::Wide(t) => t.substitute(args).wide(),
            Ty::Fn(s) => Ty::Fn(Box::new(Signature {
                params: s.params.into_iter().map(|t| t.substitute(args)).collect(),
                ret: s.ret.substitute(args),
            })),
            other => other,
        }
    }

    /// Whether a value of this type may stand where `to` is wanted: the same shape, nothing more secret.
    pub fn fits(&self, to: &Ty, structs: &dyn Fields) -> Fit {
        let level = |a: Secrecy, b: Secrecy| if a.below(b) { Fit::Yes } else { Fit::TooSecret };
        match (self, to) {
            (Ty::Never, _) | (_, Ty::Never) => Fit::Yes,
            (Ty::Bool(a), Ty::Bool(b)) => level(*a, *b),
            (
                Ty::Int {
                    width,
                    signed,
                    secrecy,
                },
                Ty::Int {
                    width: w,
                    signed: s,
                    secrecy: b,
                },
            ) => {
                if width == w && signed == s {
                    level(*secrecy, *b)
                } else {
                    Fit::No
                }
            }
            (Ty::Usize, Ty::Usize) => Fit::Yes,
            (
                Ty::Usize,
                Ty::Int {
                    width: 64,
                    signed: false,
                    secrecy,
                },
            ) if !secrecy.is_public() => Fit::Yes,
            (
                Ty::Int {
                    width: 64,
                    signed: false,
                    secrecy,
                },
                Ty::Usize,
            ) if !secrecy.is_public() => Fit::TooSecret,
            (Ty::Array(a, n), Ty::Array(b, m)) => match same_len(n, m) {
                true => a.fits(b, structs),
                false => Fit::No,
            },
            (Ty::Ragged(a, p), Ty::Ragged(b, q)) if p == q => a.fits(b, structs),
            (Ty::Ragged(a, _), Ty::Array(b, Len::Session | Len::Parties(_))) => {
                Ty::Array(a.clone(), Len::Session).fits(b, structs)
            }
            (Ty::Tuple(a), Ty::Tuple(b)) if a.len() == b.len() => a
                .iter()
                .zip(b)
                .fold(Fit::Yes, |fit, (a, b)| fit.and(a.fits(b, structs))),
            (
                Ty::Struct { id, args, secrecy },
                Ty::Struct {
                    id: j,
                    args: other,
                    secrecy: b,
                },
            ) if id == j => {
                if args == other && secrecy.below(*b) {
                    return Fit::Yes;
                }
                let field = |t: &Ty| {
                    let from = t.clone().substitute(args).with(*secrecy);
                    from.fits(&t.clone().substitute(other).with(*b), structs)
                };
                structs
                    .fields(*id)
                    .iter()
                    .map(field)
                    .fold(Fit::Yes, Fit::and)
            }
            (Ty::Param { id, secrecy }, Ty::Param { id: j, secrecy: b }) if id == j => {
                level(secrecy.without(*id), *b)
            }
            (Ty::Wide(a), Ty::Wide(b)) => a.fits(b, structs),
            (Ty::Fn(a), Ty::Fn(b)) if a == b => Fit::Yes,
            _ => Fit::No,
        }
    }

    /// The least type into which values of both may flow.
    pub fn join(&self, other: &Ty, structs: &dyn Fields) -> Option<Ty> {
        if self.fits(other, structs) == Fit::Yes {
            return Some(if other.is_never() {
                self.clone()
            } else {
                other.clone()
            });
        }
        if other.fits(self, structs) == Fit::Yes {
            return Some(self.clone());
        }
        match (self, other) {
            (Ty::Bool(a), Ty::Bool(b)) => Some(Ty::Bool(a.join(*b))),
            (Ty::Int { secrecy, .. }, Ty::Int { .. }) => {
                let joined = other.clone().with(*secrecy);
                (self.fits(&joined, structs) == Fit::Yes).then_some(joined)
            }
            (Ty::Array(a, n), Ty::Array(b, m)) if same_len(n, m) => {
                let len = if *n == Len::Session {
                    m.clone()
                } else {
                    n.clone()
                };
                Some(Ty::Array(Box::new(a.join(b, structs)?), len))
            }
            (Ty::Ragged(a, p), Ty::Ragged(b, q)) if p == q => {
                Some(Ty::Ragged(Box::new(a.join(b, structs)?), *p))
            }
            (Ty::Tuple(a), Ty::Tuple(b)) if a.len() == b.len() => {
                let parts: Option<Vec<Ty>> =
                    a.iter().zip(b).map(|(a, b)| a.join(b, structs)).collect();
                Some(Ty::Tuple(parts?))
            }
            (
                Ty::Struct { id, args, secrecy },
                Ty::Struct {
                    id: j,
                    args: others,
                    secrecy: b,
                },
            ) if id == j => {
                let arg = |(a, b): (&Arg, &Arg)| match (a, b) {
                    (Arg::Type(a), Arg::Type(b)) => a.join(b, structs).map(Arg::Type),
                    (Arg::Len(n), Arg::Len(m)) if same_len(n, m) => Some(Arg::Len(n.clone())),
                    (Arg::Callable, Arg::Callable) => Some(Arg::Callable),
                    _ => None,
                };
                let args: Option<Vec<Arg>> = args.iter().zip(others).map(arg).collect();
                Some(Ty::Struct {
                    id: *id,
                    args: args?,
                    secrecy: secrecy.join(*b),
                })
            }
            (Ty::Param { id, secrecy }, Ty::Param { id: j, secrecy: b }) if id == j => {
                Some(Ty::Param {
                    id: *id,
                    secrecy: secrecy.join(*b).without(*id),
                })
            }
            (Ty::Wide(a), Ty::Wide(b)) => Some(Ty::Wide(Box::new(a.join(b, structs)?))),
            _ => None,
        }
    }

    /// The type in the HIR. What may be secret for some arguments is secret there.
    pub fn hir(&self) -> hir::Type {
        match self {
            Ty::Bool(s) => hir::Type::Bool {
                secret: !s.is_public(),
            },
            Ty::Int {
                width,
                signed,
                secrecy,
            } => hir::Type::Int {
                width: *width,
                signed: *signed,
                secret: !secrecy.is_public(),
            },
            Ty::Usize => hir::Type::Usize,
            Ty::Array(t, n) => hir::Type::Array(Box::new(t.hir()), n.clone()),
            Ty::Ragged(t, role) => hir::Type::Ragged(Box::new(t.hir()), *role),
            Ty::Tuple(ts) => hir::Type::Tuple(ts.iter().map(Ty::hir).collect()),
            Ty::Struct { id, args, secrecy } => hir::Type::Struct {
                id: *id,
                args: args.iter().map(Arg::hir).collect(),
                secret: !secrecy.is_public(),
            },
            Ty::Param { id, secrecy } => hir::Type::Param {
                id: *id,
                secret: !secrecy.is_public(),
            },
            Ty::Wide(t) => hir::Type::Wide(Box::new(t.hir())),
            Ty::Fn(_) => hir::Type::Callable,
            Ty::Never => hir::Type::Never,
        }
    }
}

impl Arg {
    /// The argument in the HIR.
    pub fn hir(&self) -> hir::GenericArg {
        match self {
            Arg::Type(t) => hir::GenericArg::Type(t.hir()),
            Arg::Len(n) => hir::GenericArg::Len(n.clone()),
            Arg::Callable => hir::GenericArg::Callable,
        }
    }
}

fn substitute_len(len: Len, args: &[Arg]) -> Len {
    match len {
        Len::Param(id) => match args.get(id.index()) {
            Some(Arg::Len(n)) => n.clone(),
            _ => Len::Param(id),
        },
        other => other,
    }
}

/// Whether two lengths may be equal. What only a session can tell is let through: lowering compares the actual ones.
pub(crate) fn same_len(a: &Len, b: &Len) -> bool {
    match (a, b) {
        (Len::Const(a), Len::Const(b)) => a == b,
        (Len::Param(a), Len::Param(b)) => a == b,
        (Len::Param(_), Len::Const(_) | Len::Parties(_))
        | (Len::Const(_) | Len::Parties(_), Len::Param(_)) => false,
        (Len::Session | Len::Parties(_), _) | (_, Len::Session | Len::Parties(_)) => true,
    }
}
