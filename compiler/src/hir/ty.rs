//! Types, generic over how the secrecy of a scalar is said.
//!
//! The HIR says whether it is secret: `Type<bool>`. The checker says on which type parameters that depends, and calls its
//! types `Ty`. Arrays, tuples and structs carry no secrecy of their own, it stands at their leaves; structs and type
//! parameters carry what is put on top of all their leaves.
//!
//! Walks say what they do at the forms that concern them and leave the rest to [`Type::descend`] and [`Type::children`].

use super::{GenericId, Len, RoleId, StructId, ValueRange};
use smpcc_circuit::calendar;
use smpcc_circuit::value::{Form, Integer, Scalar};

/// A type. Secrecy `S` stands at the scalars: `secret` on an aggregate has been distributed to its leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type<S = bool> {
    /// `bool`, `uW`, `iW`: a scalar, and how secret it is.
    Scalar(Scalar, S),
    /// `usize`: public, 64 bits.
    Usize,
    /// What files and reports spell as text, and how secret it is.
    Text(Text, S),
    /// A number with a fraction, and how secret it is.
    Real(Real, S),
    /// `[T; N]`.
    Array(Box<Type<S>>, Len),
    /// One row per party of the role (`None`: of the run), rows of different lengths; the element type of a row.
    Ragged(Box<Type<S>>, Option<RoleId>),
    /// A tuple; the empty one is the unit type.
    Tuple(Vec<Type<S>>),
    /// A struct with its generic arguments.
    Struct {
        /// Which.
        id: StructId,
        /// Its generic arguments, in order.
        args: Vec<GenericArg<S>>,
        /// How secret all leaves are on top of what the fields say.
        secret: S,
    },
    /// A type parameter of the function or struct.
    Param {
        /// Which.
        id: GenericId,
        /// How secret all leaves are on top of what the argument says.
        secret: S,
    },
    /// `Wide<T>` or `Dot<T>` of a type parameter: of integer types of up to 32 bits 64 bits, of others 128; same sign and secrecy.
    Wide(Box<Type<S>>, Sum),
    /// A closure or function, known when compiling.
    Fn(Box<Signature<S>>),
    /// No value (`return`, `break`); also the type of what was found wrong, so that one mistake is reported once.
    Never,
}

/// What is added up in a type of sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// `Wide<T>`: numbers.
    Terms,
    /// `Dot<T>`: products of two. Those of numbers with fractions are of their type.
    Products,
}

impl Sum {
    /// As programs write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Sum::Terms => "Wide",
            Sum::Products => "Dot",
        }
    }
}

/// A type whose values are spelt as text; each is an integer, and has its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// `date`: days from 1970-01-01.
    Date,
    /// `datetime`: seconds from 1970-01-01T00:00:00Z.
    Datetime,
    /// `str<N>`: at most N bytes of UTF-8, the first one highest, zeros behind.
    Str(Len),
}

/// Most bytes of a `str<N>`: it is one integer.
pub(crate) const MAX_STR: u64 = 16;

impl Text {
    /// The scalar type that holds it, where its size is known.
    pub fn scalar(&self) -> Option<Scalar> {
        match self {
            Self::Date => Some(Scalar::signed(32)),
            Self::Datetime => Some(Scalar::signed(64)),
            Self::Str(Len::Const(n @ 1..=MAX_STR)) => Some(Scalar::unsigned(*n as u8 * 8)),
            Self::Str(_) => None,
        }
    }

    /// How its values are written.
    pub fn form(&self) -> Form {
        match self {
            Self::Date => Form::Date,
            Self::Datetime => Form::Datetime,
            Self::Str(_) => Form::Text,
        }
    }
}

/// A type of numbers with fractions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Real {
    /// `fixed<W, F>`: a signed integer of W bits that counts units of 2^-F.
    Fixed {
        /// W.
        width: Len,
        /// F.
        frac: Len,
    },
    /// `f32` or `f64`, by its width.
    Float(u8),
}

impl Real {
    /// W and F, where they are known.
    pub fn fixed(&self) -> Option<(u8, u8)> {
        match self {
            Self::Fixed {
                width: Len::Const(width),
                frac: Len::Const(frac),
            } => fixed_bits(*width, *frac),
            Self::Fixed { .. } | Self::Float(_) => None,
        }
    }

    /// The scalar type that holds it, where its size is known.
    pub fn scalar(&self) -> Option<Scalar> {
        match self {
            Self::Float(width) => Some(Scalar::unsigned(*width)),
            Self::Fixed { .. } => self.fixed().map(|(width, _)| Scalar::signed(width)),
        }
    }

    /// The type that holds sums of it.
    pub fn wide(self) -> Option<Self> {
        if let Self::Float(_) = self {
            return Some(self);
        }
        let (width, frac) = self.fixed()?;
        let width = Len::Const(u64::from(wide_width(width)));
        Some(Self::Fixed {
            width,
            frac: Len::Const(u64::from(frac)),
        })
    }

    fn descend(self, len: &mut dyn FnMut(Len) -> Len) -> Self {
        match self {
            Self::Fixed { width, frac } => Self::Fixed {
                width: len(width),
                frac: len(frac),
            },
            Self::Float(width) => Self::Float(width),
        }
    }
}

/// The numbers of bits, if there is such a `fixed<W, F>`.
pub(crate) fn fixed_bits(width: u64, frac: u64) -> Option<(u8, u8)> {
    let known = (2..=128).contains(&width) && frac < width;
    known.then_some((width as u8, frac as u8))
}

/// What a callable takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature<S = bool> {
    /// The types of its parameters.
    pub params: Vec<Type<S>>,
    /// The type of its result.
    pub ret: Type<S>,
}

/// A generic argument of a call or a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GenericArg<S = bool> {
    /// For a type parameter; may mention the caller's parameters.
    Type(Type<S>),
    /// For a const parameter; [`Len::Session`] means: found by matching the parameters' types with the actual arguments.
    Len(Len),
    /// For a callable: take the actual argument.
    Callable,
}

impl<S> Type<S> {
    /// The type without values.
    pub const fn unit() -> Self {
        Self::Tuple(Vec::new())
    }

    /// Whether it is the type without values.
    pub fn is_unit(&self) -> bool {
        matches!(self, Self::Tuple(parts) if parts.is_empty())
    }

    /// Whether there is no value of it.
    pub fn is_never(&self) -> bool {
        matches!(self, Self::Never)
    }

    /// Whether it is `bool`.
    pub fn is_bool(&self) -> bool {
        matches!(self, Self::Scalar(Scalar::Bool, _))
    }

    /// Whether it is an integer, or what can stand for one.
    pub fn is_integral(&self) -> bool {
        matches!(
            self,
            Self::Scalar(Scalar::Int { .. }, _) | Self::Usize | Self::Param { .. } | Self::Wide(..)
        )
    }

    /// Whether it is a number, or what can stand for one.
    pub fn is_number(&self) -> bool {
        self.is_integral() || matches!(self, Self::Real(..))
    }

    /// Whether it is an unsigned integer of the language, parameters aside.
    pub fn is_unsigned(&self) -> bool {
        matches!(
            self,
            Self::Scalar(Scalar::Int { signed: false, .. }, _) | Self::Usize
        )
    }

    /// The same type with every secrecy replaced.
    pub fn map<T>(&self, level: &mut dyn FnMut(&S) -> T) -> Type<T> {
        match self {
            Self::Scalar(scalar, s) => Type::Scalar(*scalar, level(s)),
            Self::Usize => Type::Usize,
            Self::Text(text, s) => Type::Text(text.clone(), level(s)),
            Self::Real(real, s) => Type::Real(real.clone(), level(s)),
            Self::Array(t, n) => Type::Array(Box::new(t.map(level)), n.clone()),
            Self::Ragged(t, role) => Type::Ragged(Box::new(t.map(level)), *role),
            Self::Tuple(ts) => Type::Tuple(ts.iter().map(|t| t.map(level)).collect()),
            Self::Struct { id, args, secret } => Type::Struct {
                id: *id,
                args: args.iter().map(|a| a.map(level)).collect(),
                secret: level(secret),
            },
            Self::Param { id, secret } => Type::Param {
                id: *id,
                secret: level(secret),
            },
            Self::Wide(t, of) => Type::Wide(Box::new(t.map(level)), *of),
            Self::Fn(s) => Type::Fn(Box::new(Signature {
                params: s.params.iter().map(|t| t.map(level)).collect(),
                ret: s.ret.map(level),
            })),
            Self::Never => Type::Never,
        }
    }

    /// The type with the types directly inside of it replaced, generic arguments included, and its lengths.
    pub fn descend(
        self,
        inner: &mut dyn FnMut(Self) -> Self,
        len: &mut dyn FnMut(Len) -> Len,
    ) -> Self {
        match self {
            Self::Array(t, n) => Self::Array(Box::new(inner(*t)), len(n)),
            Self::Text(Text::Str(n), s) => Self::Text(Text::Str(len(n)), s),
            Self::Real(real, s) => Self::Real(real.descend(len), s),
            Self::Ragged(t, role) => Self::Ragged(Box::new(inner(*t)), role),
            Self::Tuple(ts) => Self::Tuple(ts.into_iter().map(inner).collect()),
            Self::Struct { id, args, secret } => {
                let arg = |a| match a {
                    GenericArg::Type(t) => GenericArg::Type(inner(t)),
                    GenericArg::Len(n) => GenericArg::Len(len(n)),
                    GenericArg::Callable => GenericArg::Callable,
                };
                Self::Struct {
                    id,
                    args: args.into_iter().map(arg).collect(),
                    secret,
                }
            }
            Self::Wide(t, of) => Self::Wide(Box::new(inner(*t)), of),
            Self::Fn(s) => Self::Fn(Box::new(Signature {
                params: s.params.into_iter().map(&mut *inner).collect(),
                ret: inner(s.ret),
            })),
            Self::Scalar(..) | Self::Usize | Self::Text(..) | Self::Param { .. } | Self::Never => {
                self
            }
        }
    }

    /// The types directly inside of it, generic arguments included; none of what a function takes or gives.
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Array(t, _) | Self::Ragged(t, _) | Self::Wide(t, _) => vec![t],
            Self::Tuple(ts) => ts.iter().collect(),
            Self::Struct { args, .. } => args
                .iter()
                .filter_map(|a| match a {
                    GenericArg::Type(t) => Some(t),
                    GenericArg::Len(_) | GenericArg::Callable => None,
                })
                .collect(),
            Self::Scalar(..)
            | Self::Usize
            | Self::Text(..)
            | Self::Real(..)
            | Self::Param { .. }
            | Self::Fn(_)
            | Self::Never => Vec::new(),
        }
    }
}

impl<S> GenericArg<S> {
    /// The same argument with every secrecy replaced.
    pub fn map<T>(&self, level: &mut dyn FnMut(&S) -> T) -> GenericArg<T> {
        match self {
            Self::Type(t) => GenericArg::Type(t.map(level)),
            Self::Len(n) => GenericArg::Len(n.clone()),
            Self::Callable => GenericArg::Callable,
        }
    }
}

/// A length as it is.
pub(crate) fn keep(len: Len) -> Len {
    len
}

/// Bits of `Wide` of an integer of `width` bits: a sum or product of the inputs that people have fits there.
pub(crate) const fn wide_width(width: u8) -> u8 {
    if width <= 32 { 64 } else { 128 }
}

/// `Wide` of a scalar type.
pub(crate) const fn wide_scalar(scalar: Scalar) -> Scalar {
    match scalar {
        Scalar::Bool => Scalar::unsigned(64),
        Scalar::Int { width, signed } => Scalar::Int {
            width: wide_width(width),
            signed,
        },
    }
}

/// How the values of a closed scalar type are written.
pub(crate) fn form_of(ty: &Type) -> Form {
    match ty {
        Type::Text(text, _) => text.form(),
        Type::Real(Real::Float(_), _) => Form::Float,
        Type::Real(real, _) => match real.fixed() {
            Some((_, frac)) => Form::Fixed(frac),
            None => Form::Plain,
        },
        Type::Wide(inner, _) => form_of(inner),
        Type::Scalar(..)
        | Type::Usize
        | Type::Array(..)
        | Type::Ragged(..)
        | Type::Tuple(_)
        | Type::Struct { .. }
        | Type::Param { .. }
        | Type::Fn(_)
        | Type::Never => Form::Plain,
    }
}

/// The range that the values of a closed scalar type have without declaring one.
pub(crate) fn range_of(ty: &Type) -> Option<ValueRange> {
    let range = |lo: i64, hi: i64| ValueRange {
        lo: Integer::from(i128::from(lo)),
        hi: Integer::from(i128::from(hi)),
    };
    match form_of(ty) {
        Form::Plain | Form::Text | Form::Fixed(_) | Form::Float => None,
        Form::Date => Some(range(
            i64::from(*calendar::DAYS.start()),
            i64::from(*calendar::DAYS.end()),
        )),
        Form::Datetime => Some(range(*calendar::SECONDS.start(), *calendar::SECONDS.end())),
    }
}

/// The scalar of a closed scalar type.
pub(crate) fn scalar_of(ty: &Type) -> Option<Scalar> {
    match ty {
        Type::Scalar(scalar, _) => Some(*scalar),
        Type::Usize => Some(Scalar::USIZE),
        Type::Text(text, _) => text.scalar(),
        Type::Real(real, _) => real.scalar(),
        Type::Wide(inner, _) => scalar_of(inner).map(wide_scalar),
        Type::Array(..)
        | Type::Ragged(..)
        | Type::Tuple(_)
        | Type::Struct { .. }
        | Type::Param { .. }
        | Type::Fn(_)
        | Type::Never => None,
    }
}
