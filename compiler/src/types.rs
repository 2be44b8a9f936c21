//! Types as the checker sees them.
//!
//! They say on which type parameters the secrecy of a scalar depends ([`Secrecy`]), because `a > b` for `a, b: T` is exactly
//! as secret as `T` is; [`Ty::hir`] takes them to the HIR. `usize` is public; what would make one secret is refused, and has
//! the type `secret u64` from there on.

pub(crate) mod secrecy;
pub(crate) mod width;

pub(crate) use secrecy::Secrecy;

use crate::hir::{self, GenericArg, GenericId, Len, StructId, Sum, Text, Type, keep};
use smpcc_circuit::value::Scalar;

/// A type as the checker sees it.
pub(crate) type Ty = Type<Secrecy>;
/// What a callable takes and gives, as the checker sees it.
pub(crate) type Signature = hir::Signature<Secrecy>;
/// A generic argument as the checker sees it.
pub(crate) type Arg = GenericArg<Secrecy>;

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
    /// A public integer.
    pub const fn int(width: u8, signed: bool) -> Ty {
        Ty::Scalar(Scalar::Int { width, signed }, Secrecy::PUBLIC)
    }

    /// A public `bool`.
    pub const fn bool() -> Ty {
        Ty::Scalar(Scalar::Bool, Secrecy::PUBLIC)
    }

    /// A type parameter with nothing on top.
    pub const fn param(id: GenericId) -> Ty {
        Ty::Param {
            id,
            secret: Secrecy::PUBLIC,
        }
    }

    /// `Wide` of a type: integers of at most 32 bits become 64 bits wide, others 128.
    pub fn wide(self) -> Ty {
        self.summed(Sum::Terms)
    }

    /// `Wide` or `Dot` of a type, which are the same for integers. A sum of products with fractions has the type of its factors.
    pub fn summed(self, of: Sum) -> Ty {
        match self {
            Ty::Scalar(Scalar::Int { width, signed }, secret) => {
                let width = hir::wide_width(width);
                Ty::Scalar(Scalar::Int { width, signed }, secret)
            }
            Ty::Real(real, secret) if of == Sum::Products => Ty::Real(real, secret),
            Ty::Real(real, secret) => match real.clone().wide() {
                Some(real) => Ty::Real(real, secret),
                None => Ty::Wide(Box::new(Ty::Real(real, secret)), of),
            },
            Ty::Usize => Ty::int(128, false),
            Ty::Never => Ty::Never,
            other => Ty::Wide(Box::new(other), of),
        }
    }

    /// The type with more secrecy on every leaf.
    pub fn with(self, more: Secrecy) -> Ty {
        if more.is_public() {
            return self;
        }
        match self {
            Ty::Scalar(scalar, s) => Ty::Scalar(scalar, s.join(more)),
            Ty::Text(text, s) => Ty::Text(text, s.join(more)),
            Ty::Real(real, s) => Ty::Real(real, s.join(more)),
            Ty::Usize => Ty::int(64, false).with(more),
            // On top of what its fields and arguments say.
            Ty::Struct { id, args, secret } => Ty::Struct {
                id,
                args,
                secret: secret.join(more),
            },
            Ty::Param { id, secret } => Ty::Param {
                id,
                secret: secret.join(more.without(id)),
            },
            Ty::Fn(_) => self,
            other => other.descend(&mut |t| t.with(more), &mut keep),
        }
    }

    /// The type of a result before it is opened: every leaf secret, but for what is never secret.
    pub fn unopened(self) -> Ty {
        match self {
            Ty::Usize => Ty::Usize,
            Ty::Tuple(parts) => Ty::Tuple(parts.into_iter().map(Ty::unopened).collect()),
            Ty::Array(item, len) => Ty::Array(Box::new(item.unopened()), len),
            other => other.with(Secrecy::SECRET),
        }
    }

    /// The type with every leaf public; of a type parameter only what was put on top can be taken away.
    pub fn public(self) -> Ty {
        match self {
            Ty::Fn(_) => self,
            other => other.map(&mut |_| Secrecy::PUBLIC),
        }
    }

    /// The join of all leaves' secrecy: what a person learns of who sees one leaf.
    pub fn secrecy(&self, structs: &dyn Fields) -> Secrecy {
        match self {
            Ty::Scalar(_, s) | Ty::Text(_, s) | Ty::Real(_, s) => *s,
            Ty::Struct { id, args, secret } => {
                if *secret == Secrecy::SECRET {
                    return *secret;
                }
                let of_field = |t: &Ty| t.clone().substitute(args).secrecy(structs);
                structs
                    .fields(*id)
                    .iter()
                    .map(of_field)
                    .fold(*secret, Secrecy::join)
            }
            Ty::Param { id, secret } => secret.join(Secrecy::of(*id)),
            other => {
                let of = |t: &Ty| t.secrecy(structs);
                let parts = other.children().into_iter().map(of);
                parts.fold(Secrecy::PUBLIC, Secrecy::join)
            }
        }
    }

    /// Whether every leaf is at least this secret.
    pub fn hides(&self, least: Secrecy, structs: &dyn Fields) -> bool {
        if least.is_public() {
            return true;
        }
        match self {
            Ty::Scalar(_, s) | Ty::Text(_, s) | Ty::Real(_, s) => least.below(*s),
            Ty::Usize => false,
            Ty::Struct { id, args, secret } => {
                least.below(*secret)
                    || structs.fields(*id).iter().all(|t| {
                        t.clone()
                            .substitute(args)
                            .with(*secret)
                            .hides(least, structs)
                    })
            }
            Ty::Param { id, secret } => least.below(secret.join(Secrecy::of(*id))),
            other => other.children().iter().all(|t| t.hides(least, structs)),
        }
    }

    /// The type with generic parameters replaced; a parameter without an argument stays.
    pub fn substitute(self, args: &[Arg]) -> Ty {
        match self {
            Ty::Param { id, secret } => match args.get(id.index()) {
                Some(Arg::Type(t)) => t.clone().with(secret),
                _ => Ty::Param { id, secret },
            },
            Ty::Wide(t, of) => t.substitute(args).summed(of),
            other => other.descend(&mut |t| t.substitute(args), &mut |n| {
                substitute_len(n, args)
            }),
        }
    }

    /// Whether a value of this type may stand where `to` is wanted: the same shape, nothing more secret.
    pub fn fits(&self, to: &Ty, structs: &dyn Fields) -> Fit {
        let level = |a: Secrecy, b: Secrecy| if a.below(b) { Fit::Yes } else { Fit::TooSecret };
        match (self, to) {
            (Ty::Never, _) | (_, Ty::Never) => Fit::Yes,
            (Ty::Scalar(s, a), Ty::Scalar(t, b)) if s == t => level(*a, *b),
            (Ty::Text(t, a), Ty::Text(u, b)) if same_text(t, u) => level(*a, *b),
            (Ty::Real(r, a), Ty::Real(t, b)) if r == t => level(*a, *b),
            (Ty::Usize, Ty::Usize) => Fit::Yes,
            (Ty::Scalar(Scalar::USIZE, secret), Ty::Usize) if !secret.is_public() => Fit::TooSecret,
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
                Ty::Struct { id, args, secret },
                Ty::Struct {
                    id: j,
                    args: other,
                    secret: b,
                },
            ) if id == j => {
                if args == other && secret.below(*b) {
                    return Fit::Yes;
                }
                let field = |t: &Ty| {
                    let from = t.clone().substitute(args).with(*secret);
                    from.fits(&t.clone().substitute(other).with(*b), structs)
                };
                structs
                    .fields(*id)
                    .iter()
                    .map(field)
                    .fold(Fit::Yes, Fit::and)
            }
            (Ty::Param { id, secret }, Ty::Param { id: j, secret: b }) if id == j => {
                level(secret.without(*id), *b)
            }
            (Ty::Wide(a, of), Ty::Wide(b, like)) if of == like => a.fits(b, structs),
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
            (Ty::Scalar(s, a), Ty::Scalar(t, b)) if s == t => Some(Ty::Scalar(*s, a.join(*b))),
            (Ty::Text(t, a), Ty::Text(u, b)) if same_text(t, u) => {
                Some(Ty::Text(t.clone(), a.join(*b)))
            }
            (Ty::Real(r, a), Ty::Real(t, b)) if r == t => Some(Ty::Real(r.clone(), a.join(*b))),
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
                Ty::Struct { id, args, secret },
                Ty::Struct {
                    id: j,
                    args: others,
                    secret: b,
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
                    secret: secret.join(*b),
                })
            }
            (Ty::Param { id, secret }, Ty::Param { id: j, secret: b }) if id == j => {
                Some(Ty::Param {
                    id: *id,
                    secret: secret.join(*b).without(*id),
                })
            }
            (Ty::Wide(a, of), Ty::Wide(b, like)) if of == like => {
                Some(Ty::Wide(Box::new(a.join(b, structs)?), *of))
            }
            _ => None,
        }
    }

    /// Whether `usize` stands in it, structs aside.
    pub fn names_usize(&self) -> bool {
        match self {
            Ty::Usize => true,
            Ty::Struct { .. } | Ty::Wide(..) => false,
            other => other.children().into_iter().any(Ty::names_usize),
        }
    }

    /// The type in the HIR. What may be secret for some arguments is secret there.
    pub fn hir(&self) -> Type {
        self.map(&mut |s| !s.is_public())
    }
}

impl Arg {
    /// The argument in the HIR.
    pub fn hir(&self) -> GenericArg {
        self.map(&mut |s| !s.is_public())
    }
}

fn substitute_len(len: Len, args: &[Arg]) -> Len {
    len.replaced(&mut |len| match len {
        Len::Param(id) => match args.get(id.index()) {
            Some(Arg::Len(n)) => n.clone(),
            _ => Len::Param(id),
        },
        other => other,
    })
}

fn same_text(a: &Text, b: &Text) -> bool {
    match (a, b) {
        (Text::Str(n), Text::Str(m)) => n == m,
        (a, b) => a == b,
    }
}

/// Whether two lengths may be equal. What only a session can tell is let through: lowering compares the actual ones.
pub(crate) fn same_len(a: &Len, b: &Len) -> bool {
    match (a, b) {
        (Len::Const(a), Len::Const(b)) => a == b,
        (Len::Param(a), Len::Param(b)) => a == b,
        (Len::Param(_), Len::Const(_) | Len::Parties(_))
        | (Len::Const(_) | Len::Parties(_), Len::Param(_)) => false,
        (Len::Session | Len::Parties(_) | Len::Computed(_), _)
        | (_, Len::Session | Len::Parties(_) | Len::Computed(_)) => true,
    }
}
