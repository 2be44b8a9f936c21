//! Traced values: trees whose leaves are vectors, structs of arrays instead of arrays of structs.
//!
//! An array of structs is one vector per field, an array of arrays one vector row by row, so that the lanes of a leaf
//! are the product of the lengths around it. What is known when the program is traced stays a constant here and
//! becomes a node only where an operation needs it.

use super::fault::{Fault, Traced, code};
use crate::hir::{Expr, FnId, LocalId, Range, Type};
use crate::passes::constants::vectors::int_hull;
use crate::span::Span;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use std::rc::Rc;

/// What a generic parameter stands for in one call.
#[derive(Clone, Debug)]
pub enum GenericValue {
    /// A closed type.
    Type(Type),
    /// A length.
    Len(u64),
    /// Not known (a callable, or a parameter that nothing mentions).
    Unknown,
}

/// One scalar of a value, over all lanes.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The type of a lane.
    pub scalar: Scalar,
    /// Number of lanes.
    pub lanes: u64,
    /// Whether it is secret. A value of secret *type* that was only ever given constants is still public here.
    pub secret: bool,
    /// What it holds.
    pub data: Data,
    /// For public integers: an interval that every lane lies in.
    pub range: Option<Range>,
    /// For public integers of one lane: an exact expression in another value.
    pub affine: Option<Affine>,
    /// For known unsigned integers: the operands of a subtraction in it that went below zero, for messages.
    pub below_zero: Option<Box<(Word, Word)>>,
    /// In a run in exact arithmetic, for what is known: the value whose mark says what it stands for, where its words do not.
    pub noted: Option<ValueId>,
}

/// `base · scale + offset`, over the integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    /// A public value.
    pub base: ValueId,
    /// Its factor.
    pub scale: i128,
    /// What is added.
    pub offset: i128,
}

/// What a leaf holds.
#[derive(Clone, Debug)]
pub enum Data {
    /// Known now.
    Const(Rc<ConstVec>),
    /// Known while running.
    Value(ValueId),
}

impl Leaf {
    /// A known public vector.
    pub fn constant(scalar: Scalar, vec: ConstVec) -> Self {
        Self {
            scalar,
            lanes: vec.lanes(),
            secret: false,
            data: Data::Const(Rc::new(vec)),
            range: None,
            affine: None,
            below_zero: None,
            noted: None,
        }
    }

    /// One known lane; the word is cut to the type.
    pub fn word(scalar: Scalar, word: Word) -> Self {
        Self::constant(scalar, ConstVec::scalar(scalar.wrap(word)))
    }

    /// A known truth value.
    pub fn truth(truth: bool) -> Self {
        Self::word(Scalar::Bool, Word::from(truth))
    }

    /// A known `usize`.
    pub fn usize(n: u64) -> Self {
        Self::word(Scalar::USIZE, Word::from(n))
    }

    /// The known word, if it is known and the same in all lanes (and there is a lane).
    pub fn known(&self) -> Option<Word> {
        let Data::Const(vec) = &self.data else {
            return None;
        };
        if self.lanes == 1 {
            return Some(self.scalar.wrap(vec.get(0)));
        }
        match &**vec {
            ConstVec::Splat { lanes, word } if *lanes > 0 => Some(self.scalar.wrap(*word)),
            ConstVec::Splat { .. }
            | ConstVec::Affine { .. }
            | ConstVec::Pieces(_)
            | ConstVec::Table(_) => None,
        }
    }

    /// The known truth value.
    pub fn known_truth(&self) -> Option<bool> {
        self.known().map(|w| w & 1 == 1)
    }

    /// The known non-negative integer, if it fits in 64 bits.
    pub fn known_u64(&self) -> Option<u64> {
        self.known().and_then(|w| u64::try_from(w).ok())
    }

    /// For a length or an index that is too large: the subtraction that made it so.
    pub fn subtraction(&self) -> Option<String> {
        crate::types::width::below_zero(self.known()?, self.below_zero.as_deref().copied())
    }

    /// The known vector.
    pub fn const_vec(&self) -> Option<&ConstVec> {
        match &self.data {
            Data::Const(vec) => Some(vec),
            Data::Value(_) => None,
        }
    }

    /// The value as an affine expression in itself or in what it was computed from.
    pub fn as_affine(&self) -> Option<Affine> {
        let whole = match self.data {
            Data::Value(base) if !self.secret && self.lanes == 1 => Some(Affine {
                base,
                scale: 1,
                offset: 0,
            }),
            Data::Value(_) | Data::Const(_) => None,
        };
        self.affine.or(whole)
    }

    /// Whether both are surely the same vector.
    pub fn same(&self, other: &Self) -> bool {
        match (&self.data, &other.data) {
            (Data::Value(a), Data::Value(b)) => a == b,
            (Data::Const(a), Data::Const(b)) => self.lanes == other.lanes && a == b,
            (Data::Value(_), Data::Const(_)) | (Data::Const(_), Data::Value(_)) => false,
        }
    }

    /// An interval of the public integer, from what is known of it or else from its type.
    pub fn interval(&self) -> Option<Range> {
        if self.secret {
            return None;
        }
        if let Some(word) = self.known() {
            return to_i128(self.scalar, word).map(|v| Range { lo: v, hi: v });
        }
        if let (Some(words), None) = (self.const_vec(), self.range)
            && let Some((lo, hi)) = int_hull(words, self.scalar)
        {
            return Some(Range { lo, hi });
        }
        self.range.or_else(|| type_interval(self.scalar))
    }
}

/// The integer that a word denotes, if it fits.
pub fn to_i128(scalar: Scalar, word: Word) -> Option<i128> {
    if scalar.is_signed() {
        Some(scalar.extend(word) as i128)
    } else {
        i128::try_from(word).ok()
    }
}

/// All integers of a type; `None` for `u128`, whose largest do not fit.
pub fn type_interval(scalar: Scalar) -> Option<Range> {
    match scalar {
        Scalar::Bool => Some(Range { lo: 0, hi: 1 }),
        Scalar::Int {
            width,
            signed: false,
        } => (width < 128).then(|| Range {
            lo: 0,
            hi: scalar.mask() as i128,
        }),
        Scalar::Int {
            width,
            signed: true,
        } => {
            let half = (scalar.mask() >> 1) as i128;
            let _ = width;
            Some(Range {
                lo: -half - 1,
                hi: half,
            })
        }
    }
}

/// A traced value.
#[derive(Clone, Debug)]
pub enum Val<'h> {
    /// A scalar, or the scalar of the elements of the arrays around it.
    Leaf(Leaf),
    /// A tuple or a struct.
    Tuple(Vec<Val<'h>>),
    /// An array; the leaves of the element hold all elements.
    Array(u64, Box<Val<'h>>),
    /// A list whose elements differ in shape (rows of different lengths), one value each.
    Rows(Vec<Val<'h>>),
    /// A closure or a function.
    Callable(Rc<Callable<'h>>),
    /// No value: control went elsewhere.
    Never,
}

/// A function value.
#[derive(Debug)]
pub enum Callable<'h> {
    /// A closure with the values that it captured.
    Closure {
        /// The function in whose table its locals stand.
        function: Option<FnId>,
        /// That function's generics where the closure was made.
        generics: Rc<Vec<GenericValue>>,
        /// Parameters.
        params: &'h [LocalId],
        /// Body.
        body: &'h Expr,
        /// Captured variables.
        captured: Vec<(LocalId, Val<'h>)>,
    },
    /// A named function.
    Function(FnId),
}

impl<'h> Val<'h> {
    /// The value without content.
    pub fn unit() -> Self {
        Self::Tuple(Vec::new())
    }

    /// All leaves in the shape's order.
    pub fn leaves(&self) -> Vec<&Leaf> {
        fn walk<'a>(val: &'a Val<'_>, out: &mut Vec<&'a Leaf>) {
            match val {
                Val::Leaf(leaf) => out.push(leaf),
                Val::Tuple(parts) | Val::Rows(parts) => parts.iter().for_each(|p| walk(p, out)),
                Val::Array(_, element) => walk(element, out),
                Val::Callable(_) | Val::Never => {}
            }
        }
        let mut out = Vec::new();
        walk(self, &mut out);
        out
    }

    /// The same tree with each leaf replaced.
    pub fn map_leaves(&self, f: &mut dyn FnMut(&Leaf) -> Traced<Leaf>) -> Traced<Self> {
        Ok(match self {
            Self::Leaf(leaf) => Self::Leaf(f(leaf)?),
            Self::Tuple(parts) => Self::Tuple(
                parts
                    .iter()
                    .map(|p| p.map_leaves(f))
                    .collect::<Traced<_>>()?,
            ),
            Self::Rows(parts) => Self::Rows(
                parts
                    .iter()
                    .map(|p| p.map_leaves(f))
                    .collect::<Traced<_>>()?,
            ),
            Self::Array(len, element) => Self::Array(*len, Box::new(element.map_leaves(f)?)),
            Self::Callable(c) => Self::Callable(c.clone()),
            Self::Never => Self::Never,
        })
    }

    /// The same tree with the leaves that the iterator gives.
    pub fn with_leaves(&self, leaves: &mut dyn Iterator<Item = Leaf>) -> Self {
        match self {
            Self::Leaf(old) => Self::Leaf(leaves.next().unwrap_or_else(|| old.clone())),
            Self::Tuple(parts) => {
                Self::Tuple(parts.iter().map(|p| p.with_leaves(leaves)).collect())
            }
            Self::Rows(parts) => Self::Rows(parts.iter().map(|p| p.with_leaves(leaves)).collect()),
            Self::Array(len, element) => Self::Array(*len, Box::new(element.with_leaves(leaves))),
            Self::Callable(c) => Self::Callable(c.clone()),
            Self::Never => Self::Never,
        }
    }

    /// The same tree with each leaf of an array's *element* replaced; `f` also gets the lanes per element.
    pub fn map_blocks(
        &self,
        block: u64,
        f: &mut dyn FnMut(&Leaf, u64) -> Traced<Leaf>,
    ) -> Traced<Self> {
        Ok(match self {
            Self::Leaf(leaf) => Self::Leaf(f(leaf, block)?),
            Self::Tuple(parts) => Self::Tuple(
                parts
                    .iter()
                    .map(|p| p.map_blocks(block, f))
                    .collect::<Traced<_>>()?,
            ),
            Self::Rows(parts) => Self::Rows(
                parts
                    .iter()
                    .map(|p| p.map_blocks(block, f))
                    .collect::<Traced<_>>()?,
            ),
            Self::Array(len, element) => Self::Array(
                *len,
                Box::new(element.map_blocks(block.saturating_mul(*len), f)?),
            ),
            Self::Callable(c) => Self::Callable(c.clone()),
            Self::Never => Self::Never,
        })
    }

    /// Whether both have one shape, lanes and secrecy of leaves aside.
    pub fn same_shape(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Leaf(a), Self::Leaf(b)) => a.scalar == b.scalar,
            (Self::Tuple(a), Self::Tuple(b)) | (Self::Rows(a), Self::Rows(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_shape(b))
            }
            (Self::Array(n, a), Self::Array(m, b)) => n == m && a.same_shape(b),
            (Self::Callable(a), Self::Callable(b)) => Rc::ptr_eq(a, b),
            (Self::Never, Self::Never) => true,
            _ => false,
        }
    }

    /// An error unless both have one shape.
    pub fn require_shape(&self, other: &Self, span: Span, what: &str) -> Traced<()> {
        if self.same_shape(other) {
            Ok(())
        } else {
            Err(Fault::new(
                code::LENGTHS,
                span,
                format!("{what}: {} and {}", self.describe(), other.describe()),
            )
            .needs_known()
            .into())
        }
    }

    /// Zeros (constants) of the same shape.
    pub fn zeros(&self) -> Self {
        let mut zeros = self.leaves().into_iter().map(|leaf| {
            Leaf::constant(
                leaf.scalar,
                ConstVec::Splat {
                    lanes: leaf.lanes,
                    word: 0,
                },
            )
        });
        self.with_leaves(&mut zeros)
    }

    /// Whether there is an array or a list inside.
    pub fn has_array(&self) -> bool {
        match self {
            Self::Leaf(_) | Self::Callable(_) | Self::Never => false,
            Self::Tuple(parts) => parts.iter().any(Val::has_array),
            Self::Array(..) | Self::Rows(_) => true,
        }
    }

    /// Its shape for messages.
    pub fn describe(&self) -> String {
        match self {
            Self::Leaf(leaf) => leaf.scalar.to_string(),
            Self::Tuple(parts) => {
                let parts: Vec<_> = parts.iter().map(Val::describe).collect();
                format!("({})", parts.join(", "))
            }
            Self::Array(len, element) => format!("[{}; {len}]", element.describe()),
            Self::Rows(parts) => format!("a list of {} rows", parts.len()),
            Self::Callable(_) => "a function".into(),
            Self::Never => "nothing".into(),
        }
    }
}
