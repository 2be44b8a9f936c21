//! Word operations on vectors in the clear, in a number of steps that no lane decides.
//!
//! What is computed here may be a secret of the party that computes it, and the others see when it goes on. So nothing jumps on a
//! lane's value: a choice is made with a [`Mask`], a quotient takes a step for each bit of its type, and there are as many steps as
//! shapes say. What an operation means on a lane says [`WordOp::eval`], to which tests hold this. Only where a lane is an index, memory
//! is read where it says.

use std::ops::{BitAnd, BitOr, BitXor, Not, Shl, Shr};

use smpcc_circuit::eval::identity;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{Scalar, Word};

use crate::error::Error;
use crate::mask::Mask;
use crate::ring::{Element, Elements, each, for_width, other_word};

mod lanes;
#[cfg(test)]
mod tests;

pub use lanes::Places;
use lanes::{Lanes, Vectors};

/// A machine word with all that word operations need.
pub trait Lane:
    Element
    + Ord
    + From<bool>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
    /// Bits of the machine word.
    const BITS: u32;
    /// Ones in it.
    fn ones(self) -> u32;
    /// Shifted right, its highest bit coming after.
    fn shifted_signed(self, by: u32) -> Self;
}

impl Lane for u64 {
    const BITS: u32 = Self::BITS;
    fn ones(self) -> u32 {
        self.count_ones()
    }
    fn shifted_signed(self, by: u32) -> Self {
        (self as i64 >> by) as Self
    }
}

impl Lane for u128 {
    const BITS: u32 = Self::BITS;
    fn ones(self) -> u32 {
        self.count_ones()
    }
    fn shifted_signed(self, by: u32) -> Self {
        (self as i128 >> by) as Self
    }
}

/// A scalar type in a machine word.
#[derive(Clone, Copy)]
struct Type<E> {
    width: u32,
    /// The bit of the sign; none where there is no sign.
    sign: E,
}

impl<E: Lane> Type<E> {
    fn of(scalar: Scalar) -> Self {
        let width = scalar.width();
        let sign = E::from(scalar.is_signed()) << (width - 1);
        Self { width, sign }
    }

    /// Whether the one integer is less than the other.
    #[inline(always)]
    fn below(self, a: E, b: E) -> u64 {
        flag((a ^ self.sign) < (b ^ self.sign))
    }

    /// With the sign in all higher bits.
    #[inline(always)]
    fn extended(self, word: E) -> E {
        (word ^ self.sign).sub(self.sign)
    }

    #[inline(always)]
    fn is_negative(self, word: E) -> Mask {
        mask((word & self.sign) >> (self.width - 1))
    }

    #[inline(always)]
    fn magnitude(self, word: E) -> E {
        self.negated(word, self.is_negative(word))
    }

    /// The negative of a word where the mask says so.
    #[inline(always)]
    fn negated(self, word: E, if_so: Mask) -> E {
        let all = (!E::default()).select(if_so);
        (word ^ all).sub(all).low(self.width)
    }

    /// The first word if the mask says so, else the second.
    #[inline(always)]
    fn either(if_so: Mask, a: E, b: E) -> E {
        a.select(if_so) | b.select(!if_so)
    }

    #[inline(always)]
    fn smaller(self, a: E, b: E) -> E {
        Self::either(mask(self.below(a, b)), a, b)
    }

    #[inline(always)]
    fn larger(self, a: E, b: E) -> E {
        Self::either(mask(self.below(a, b)), b, a)
    }

    #[inline(always)]
    fn shifted_left(self, word: E, by: u64) -> E {
        let inside = less(by, u64::from(self.width));
        (word << within::<E>(by)).select(inside).low(self.width)
    }

    #[inline(always)]
    fn shifted_right(self, word: E, by: u64) -> E {
        let inside = less(by, u64::from(E::BITS));
        if self.sign == E::default() {
            return (word >> within::<E>(by)).select(inside);
        }
        let by = Type::<u64>::either(inside, by, u64::from(E::BITS - 1));
        let shifted = self.extended(word).shifted_signed(within::<E>(by));
        shifted.low(self.width)
    }

    /// Rotated toward higher bits, by less than the width.
    #[inline(always)]
    fn rotated_left(self, word: E, by: u32) -> E {
        (word << by | (word >> 1) >> (self.width - 1 - by)).low(self.width)
    }

    /// Rotated toward lower bits, by less than the width.
    #[inline(always)]
    fn rotated_right(self, word: E, by: u32) -> E {
        (word >> by | (word << 1) << (self.width - 1 - by)).low(self.width)
    }
}

/// The first word if the mask says so, else the second.
#[inline(always)]
pub fn either<E: Lane>(if_so: Mask, a: E, b: E) -> E {
    Type::either(if_so, a, b)
}

/// What a comparison of secrets says, as a word; `.ci/branches` looks at what becomes of lines with it.
#[inline(always)]
fn flag<E: Lane>(holds: bool) -> E {
    E::from(holds)
}

/// For a word that is 0 or 1.
#[inline(always)]
fn mask<E: Lane>(bit: E) -> Mask {
    Mask::lowest(bit.word() as u64)
}

#[inline(always)]
fn same<E: Lane>(a: E, b: E) -> u64 {
    flag(a == b)
}

#[inline(always)]
fn less(a: u64, b: u64) -> Mask {
    Mask::lowest(flag(a < b))
}

/// An amount that the machine can shift by; what is beyond does not count.
#[inline(always)]
fn within<E: Lane>(by: u64) -> u32 {
    by as u32 & (E::BITS - 1)
}

/// A word of 64 bits, the largest for all that are larger.
#[inline(always)]
fn saturated(word: Word) -> u64 {
    word as u64 | Mask::lowest(flag(word >> 64 != 0)).word()
}

/// An operation on lanes: `from` is the type of the first data operand, `to` that of the result, as in [`WordOp::eval`].
///
/// # Errors
/// A bug: operands of the wrong number, machine word or lanes.
pub fn map(op: WordOp, from: Scalar, to: Scalar, args: &[&Elements]) -> Result<Elements, Error> {
    let lanes = args.first().map_or(0, |a| a.lanes());
    if args.len() != op.arity() || args.iter().any(|a| a.lanes() != lanes) {
        return Err(Error::bug("operands of different shapes"));
    }
    for_width!(from.width(), E => compute::<E, _>(op, from, to, Vectors(args)))
}

/// The same on a few lanes that lie, each in a word and zero above its type, in one memory.
///
/// # Errors
/// None.
///
/// # Panics
/// If a place is not in the memory.
pub fn map_in(op: WordOp, from: Scalar, to: Scalar, places: Places<'_>) -> Result<(), Error> {
    for_width!(from.width(), E => compute::<E, _>(op, from, to, places))
}

#[inline(always)]
fn compute<E: Lane, L: Lanes>(
    op: WordOp,
    from: Scalar,
    to: Scalar,
    lanes: L,
) -> Result<L::Made, Error> {
    let (ty, w) = (Type::<E>::of(from), from.width());
    match op {
        WordOp::Add => lanes.pairs(|a: E, b| a.add(b).low(w)),
        WordOp::Sub => lanes.pairs(|a: E, b| a.sub(b).low(w)),
        WordOp::Mul => lanes.pairs(|a: E, b| a.mul(b).low(w)),
        WordOp::And => lanes.pairs(|a: E, b| a & b),
        WordOp::Or => lanes.pairs(|a: E, b| a | b),
        WordOp::Xor => lanes.pairs(|a: E, b| a ^ b),
        WordOp::Min => lanes.pairs(|a: E, b| ty.smaller(a, b)),
        WordOp::Max => lanes.pairs(|a: E, b| ty.larger(a, b)),
        WordOp::Neg => lanes.each(|a| E::default().sub(a).low(w)),
        WordOp::Abs => lanes.each(|a: E| ty.magnitude(a)),
        WordOp::Not => lanes.each(|a: E| (!a).low(w)),
        WordOp::CountOnes => lanes.each(|a: E| E::of(a.ones().into()).low(w)),
        WordOp::Eq => lanes.pairs::<E, u64>(same),
        WordOp::Ne => lanes.pairs(|a: E, b| same(a, b) ^ 1),
        WordOp::Lt => lanes.pairs(|a: E, b| ty.below(a, b)),
        WordOp::Le => lanes.pairs(|a: E, b| ty.below(b, a) ^ 1),
        WordOp::Div => lanes.quotients(ty, |(a, b), (quotient, _)| {
            let minus = mask(((a ^ b) & ty.sign) >> (ty.width - 1));
            ty.negated(quotient, minus)
        }),
        WordOp::Rem => lanes.quotients(ty, |(a, _), (_, rest)| ty.negated(rest, ty.is_negative(a))),
        WordOp::Isqrt => lanes.each(|a: E| root(a, w)),
        WordOp::Shl => lanes.by(|a, by| ty.shifted_left(a, by)),
        WordOp::Shr => lanes.by(|a, by| ty.shifted_right(a, by)),
        WordOp::RotL => lanes.around(w, |a, by| ty.rotated_left(a, by)),
        WordOp::RotR => lanes.around(w, |a, by| ty.rotated_right(a, by)),
        WordOp::Select => lanes.chosen::<E>(),
        WordOp::Cast => {
            for_width!(to.width(), F => lanes.each(|a| cast::<E, F>(ty, a, to.width())))
        }
        // The definition itself takes the same steps for all values.
        WordOp::SubByte | WordOp::Float(..) => lanes.meant(op, from, to),
    }
}

/// A word in another type's machine word, with the sign in all higher bits.
#[inline(always)]
fn cast<E: Lane, F: Lane>(ty: Type<E>, word: E, width: u32) -> F {
    if F::BITS <= E::BITS {
        return F::of(ty.extended(word).word()).low(width);
    }
    let sign = F::of(ty.sign.word());
    (F::of(word.word()) ^ sign).sub(sign).low(width)
}

/// Quotients and rests, bit by bit; of a division by zero all ones and the dividend.
fn divided<E: Lane, const N: usize>(x: [E; N], y: [E; N], width: u32) -> ([E; N], [E; N]) {
    let one = E::from(true);
    let (mut quotient, mut rest) = ([E::default(); N], [E::default(); N]);
    for i in (0..width).rev() {
        for k in 0..N {
            let over = rest[k] >> (E::BITS - 1);
            let next = rest[k] << 1 | (x[k] >> i) & one;
            // What has left the machine word is larger than any divisor.
            let fits = over | flag(next >= y[k]);
            rest[k] = next.sub(y[k].select(mask(fits)));
            quotient[k] = quotient[k] << 1 | fits;
        }
    }
    (quotient, rest)
}

/// An amount that a word of so many bits is rotated by.
#[inline(always)]
fn remainder<E: Lane>(by: E, width: u32) -> u32 {
    let rest = if width.is_power_of_two() {
        by & E::of(Word::from(width - 1))
    } else {
        divided([by], [E::of(width.into())], E::BITS).1[0]
    };
    rest.word() as u32
}

/// The root of a natural number, bit by bit.
fn root<E: Lane>(x: E, width: u32) -> E {
    let (one, three) = (E::from(true), E::of(3));
    let (mut root, mut rest) = (E::default(), E::default());
    for i in (0..width.div_ceil(2)).rev() {
        rest = rest << 2 | (x >> (2 * i)) & three;
        let step = root << 2 | one;
        let fits: E = flag(rest >= step);
        rest = rest.sub(step.select(mask(fits)));
        root = root << 1 | fits;
    }
    root
}

/// Runs `$body` with `$f` an associative operation on machine words, whose results are right in their low bits.
macro_rules! associative {
    ($op:expr, $ty:expr, $E:ident, $f:ident => $body:expr) => {
        match $op {
            WordOp::Add => {
                let $f = |a: $E, b: $E| a.add(b);
                $body
            }
            WordOp::Mul => {
                let $f = |a: $E, b: $E| a.mul(b);
                $body
            }
            WordOp::And => {
                let $f = |a: $E, b: $E| a & b;
                $body
            }
            WordOp::Or => {
                let $f = |a: $E, b: $E| a | b;
                $body
            }
            WordOp::Xor => {
                let $f = |a: $E, b: $E| a ^ b;
                $body
            }
            WordOp::Min => {
                let $f = |a: $E, b: $E| $ty.smaller(a, b);
                $body
            }
            WordOp::Max => {
                let $f = |a: $E, b: $E| $ty.larger(a, b);
                $body
            }
            WordOp::Sub
            | WordOp::Div
            | WordOp::Rem
            | WordOp::Neg
            | WordOp::Abs
            | WordOp::Not
            | WordOp::Eq
            | WordOp::Ne
            | WordOp::Lt
            | WordOp::Le
            | WordOp::Shl
            | WordOp::Shr
            | WordOp::RotL
            | WordOp::RotR
            | WordOp::Select
            | WordOp::Cast
            | WordOp::Isqrt
            | WordOp::CountOnes
            | WordOp::SubByte
            | WordOp::Float(..) => Err(Error::bug("an operation whose order counts")),
        }
    };
}

/// The reductions of `segments` runs of equally many lanes of type `scalar`.
///
/// # Errors
/// A bug: runs that are not whole, or an operation that is not associative.
pub fn reduce(
    op: WordOp,
    scalar: Scalar,
    lanes: &Elements,
    segments: usize,
) -> Result<Elements, Error> {
    let run = run_of(lanes.lanes(), segments)?;
    for_width!(scalar.width(), E => {
        let (words, ty) = (E::slice(lanes).ok_or_else(other_word)?, Type::<E>::of(scalar));
        let start = E::of(identity(op, scalar));
        associative!(op, ty, E, f => {
            let runs = (0..segments).map(|s| &words[s * run..(s + 1) * run]);
            let all = runs.map(|run| run.iter().fold(start, |a, &b| f(a, b)).low(ty.width));
            Ok(E::wrap(all.collect()))
        })
    })
}

/// In each lane the reduction of its run up to it.
///
/// # Errors
/// A bug: runs that are not whole, or an operation that is not associative.
pub fn scan(
    op: WordOp,
    scalar: Scalar,
    lanes: &Elements,
    segments: usize,
) -> Result<Elements, Error> {
    let run = run_of(lanes.lanes(), segments)?;
    for_width!(scalar.width(), E => {
        let (words, ty) = (E::slice(lanes).ok_or_else(other_word)?, Type::<E>::of(scalar));
        let start = E::of(identity(op, scalar));
        associative!(op, ty, E, f => {
            let mut out = Vec::with_capacity(words.len());
            for run in words.chunks(run.max(1)) {
                let mut sum = start;
                out.extend(run.iter().map(|&word| {
                    sum = f(sum, word).low(ty.width);
                    sum
                }));
            }
            Ok(E::wrap(out))
        })
    })
}

/// As [`reduce`] and, if `each` of the results on the way is kept, [`scan`], of a few lanes in a memory (see [`Places`]).
///
/// # Errors
/// A bug: an operation that is not associative.
///
/// # Panics
/// If a place is not in the memory.
pub fn fold_in(
    op: WordOp,
    scalar: Scalar,
    places: Places<'_>,
    segments: usize,
    each: bool,
) -> Result<(), Error> {
    let Places {
        memory,
        args: [from, ..],
        result,
        lanes,
    } = places;
    let run = run_of(lanes, segments)?;
    for_width!(scalar.width(), E => {
        let ty = Type::<E>::of(scalar);
        let start = E::of(identity(op, scalar));
        associative!(op, ty, E, f => {
            for s in 0..segments {
                let mut sum = start;
                for k in s * run..(s + 1) * run {
                    sum = f(sum, E::of(memory[from + k])).low(ty.width);
                    if each {
                        memory[result + k] = sum.word();
                    }
                }
                if !each {
                    memory[result + s] = sum.low(ty.width).word();
                }
            }
            Ok(())
        })
    })
}

fn run_of(lanes: usize, segments: usize) -> Result<usize, Error> {
    let run = lanes.checked_div(segments).unwrap_or(0);
    match run.checked_mul(segments) == Some(lanes) {
        true => Ok(run),
        false => Err(Error::bug("runs that are not whole")),
    }
}

/// Arrays side by side, each with as many of the indices.
#[derive(Clone, Copy)]
pub struct Arrays {
    /// Lanes of one array.
    own: usize,
    /// Elements of one array.
    n: u64,
    /// Indices into one array.
    per: usize,
}

impl Arrays {
    /// `groups` arrays of elements of `block` lanes, `lanes` in all, and so many indices.
    ///
    /// # Errors
    /// A bug: arrays or indices that do not divide into groups.
    pub fn of(lanes: usize, indices: usize, block: usize, groups: usize) -> Result<Self, Error> {
        let bad = || Error::bug("arrays that are not whole");
        let (own, per) = (run_of(lanes, groups)?, run_of(indices, groups)?);
        let n = own.checked_div(block).ok_or_else(bad)?;
        match n * block == own {
            true => Ok(Self {
                own,
                n: n as u64,
                per,
            }),
            false => Err(bad()),
        }
    }

    /// Whether they have no elements.
    pub const fn are_empty(&self) -> bool {
        self.n == 0
    }

    /// Where the element of the `k`-th index begins, and whether there is one; else the array's first, which there is.
    #[inline(always)]
    pub fn place(&self, k: usize, index: Word, block: usize) -> (usize, Mask) {
        let index = saturated(index);
        let inside = less(index, self.n);
        let index = (index & inside.word()) as usize;
        (k / self.per * self.own + index * block, inside)
    }
}

/// Elements of `block` lanes that indices name, in `groups` arrays side by side; zeros for those that are not there.
///
/// # Errors
/// A bug: arrays or indices that do not divide into groups.
pub fn read(
    lanes: &Elements,
    index: &Elements,
    block: usize,
    groups: usize,
) -> Result<Elements, Error> {
    let arrays = Arrays::of(lanes.lanes(), index.lanes(), block, groups)?;
    if arrays.are_empty() {
        return Ok(lanes.zeros_like(index.lanes() * block));
    }
    Ok(each!(lanes, words => {
        let mut out = Vec::with_capacity(index.lanes() * block);
        for k in 0..index.lanes() {
            let (from, inside) = arrays.place(k, index.get(k), block);
            out.extend(words[from..from + block].iter().map(|word| word.select(inside)));
        }
        Element::wrap(out)
    }))
}

/// Overwrites elements of `block` lanes that indices name, in `groups` arrays side by side, one after the other; none for those
/// that are not there.
///
/// # Errors
/// A bug: arrays, indices or elements that do not fit each other.
pub fn write(
    lanes: &mut Elements,
    index: &Elements,
    val: &Elements,
    block: usize,
    groups: usize,
) -> Result<(), Error> {
    fn put<E: Lane>(
        words: &mut [E],
        index: &Elements,
        val: &Elements,
        block: usize,
        arrays: &Arrays,
    ) -> Result<(), Error> {
        let val = E::slice(val).ok_or_else(other_word)?;
        for (k, val) in val.chunks_exact(block).enumerate() {
            let (from, inside) = arrays.place(k, index.get(k), block);
            for (word, &val) in words[from..from + block].iter_mut().zip(val) {
                *word = Type::either(inside, val, *word);
            }
        }
        Ok(())
    }
    let arrays = Arrays::of(lanes.lanes(), index.lanes(), block, groups)?;
    if index.lanes().checked_mul(block) != Some(val.lanes()) {
        return Err(Error::bug("operands of different shapes"));
    }
    if arrays.are_empty() {
        return Ok(());
    }
    each!(lanes, words => put(words, index, val, block, &arrays))
}
