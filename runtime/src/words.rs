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

#[cfg(test)]
mod tests;

/// Lanes whose quotients are made side by side: the steps of one wait for each other.
const SIDE_BY_SIDE: usize = 4;

/// A machine word with all that word operations need.
trait Lane:
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
    for_width!(from.width(), E => map_as::<E>(op, from, to, args))
}

fn map_as<E: Lane>(
    op: WordOp,
    from: Scalar,
    to: Scalar,
    args: &[&Elements],
) -> Result<Elements, Error> {
    let (ty, w) = (Type::<E>::of(from), from.width());
    let arg = |i: usize| args.get(i).copied().ok_or_else(other_word);
    let data = |i: usize| E::slice(arg(i)?).ok_or_else(other_word);
    let one = |f: fn(Type<E>, E) -> E| Ok(each_of(data(0)?, |a| f(ty, a)));
    Ok(match op {
        WordOp::Add => pairs(data(0)?, data(1)?, |a, b| a.add(b).low(w)),
        WordOp::Sub => pairs(data(0)?, data(1)?, |a, b| a.sub(b).low(w)),
        WordOp::Mul => pairs(data(0)?, data(1)?, |a, b| a.mul(b).low(w)),
        WordOp::And => pairs(data(0)?, data(1)?, |a, b| a & b),
        WordOp::Or => pairs(data(0)?, data(1)?, |a, b| a | b),
        WordOp::Xor => pairs(data(0)?, data(1)?, |a, b| a ^ b),
        WordOp::Min => pairs(data(0)?, data(1)?, |a, b| ty.smaller(a, b)),
        WordOp::Max => pairs(data(0)?, data(1)?, |a, b| ty.larger(a, b)),
        WordOp::Neg => return one(|ty, a| E::default().sub(a).low(ty.width)),
        WordOp::Abs => return one(Type::magnitude),
        WordOp::Not => return one(|ty, a| (!a).low(ty.width)),
        WordOp::CountOnes => return one(|ty, a| E::of(a.ones().into()).low(ty.width)),
        WordOp::Eq => pairs(data(0)?, data(1)?, same),
        WordOp::Ne => pairs(data(0)?, data(1)?, |a, b| same(a, b) ^ 1),
        WordOp::Lt => pairs(data(0)?, data(1)?, |a, b| ty.below(a, b)),
        WordOp::Le => pairs(data(0)?, data(1)?, |a, b| ty.below(b, a) ^ 1),
        WordOp::Div => quotients(ty, data(0)?, data(1)?, |ty, (a, b), (quotient, _)| {
            let minus = mask(((a ^ b) & ty.sign) >> (ty.width - 1));
            ty.negated(quotient, minus)
        }),
        WordOp::Rem => quotients(ty, data(0)?, data(1)?, |ty, (a, _), (_, rest)| {
            ty.negated(rest, ty.is_negative(a))
        }),
        WordOp::Isqrt => each_of(data(0)?, |a| root(a, w)),
        WordOp::Shl | WordOp::Shr => {
            let values = data(0)?;
            let left = op == WordOp::Shl;
            each!(arg(1)?, by => pairs(values, by, |a, by| {
                let by = saturated(by.word());
                if left { ty.shifted_left(a, by) } else { ty.shifted_right(a, by) }
            }))
        }
        WordOp::RotL | WordOp::RotR => {
            let values = data(0)?;
            let left = op == WordOp::RotL;
            each!(arg(1)?, by => pairs(values, by, |a, by| {
                let by = remainder(by, w);
                if left { ty.rotated_left(a, by) } else { ty.rotated_right(a, by) }
            }))
        }
        WordOp::Select => {
            let which = u64::slice(arg(0)?).ok_or_else(other_word)?;
            let both = data(1)?.iter().zip(data(2)?).zip(which);
            let either = |((&a, &b), &c): ((&E, &E), &u64)| Type::either(Mask::lowest(c), a, b);
            E::wrap(both.map(either).collect())
        }
        WordOp::Cast => {
            let values = data(0)?;
            for_width!(to.width(), F => each_of(values, |a| cast::<E, F>(ty, a, to.width())))
        }
        WordOp::SubByte | WordOp::Float(..) => {
            // The definition itself takes the same steps for all values.
            let words: Vec<Vec<Word>> = args.iter().map(|a| a.words()).collect();
            let lane = |i: usize| {
                let mut lane = [0; 3];
                for (slot, words) in lane.iter_mut().zip(&words) {
                    *slot = words[i];
                }
                op.eval(from, to, &lane[..words.len()])
            };
            let lanes = args.first().map_or(0, |a| a.lanes());
            Elements::of_words(to.width(), (0..lanes).map(lane))
        }
    })
}

fn each_of<E: Lane, F: Element>(a: &[E], f: impl Fn(E) -> F) -> Elements {
    F::wrap(a.iter().map(|&a| f(a)).collect())
}

fn pairs<E: Lane, F: Lane, G: Element>(a: &[E], b: &[F], f: impl Fn(E, F) -> G) -> Elements {
    G::wrap(a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect())
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

/// What `f` makes of operands and of the quotient and the rest of their magnitudes.
fn quotients<E: Lane>(
    ty: Type<E>,
    a: &[E],
    b: &[E],
    f: impl Fn(Type<E>, (E, E), (E, E)) -> E,
) -> Elements {
    let mut out = Vec::with_capacity(a.len());
    for (a, b) in a.chunks(SIDE_BY_SIDE).zip(b.chunks(SIDE_BY_SIDE)) {
        let magnitudes = |words: &[E]| {
            let mut all = [E::default(); SIDE_BY_SIDE];
            for (all, &word) in all.iter_mut().zip(words) {
                *all = ty.magnitude(word);
            }
            all
        };
        let (quotient, rest) = divided(magnitudes(a), magnitudes(b), ty.width);
        let results = quotient.into_iter().zip(rest);
        let operands = a.iter().copied().zip(b.iter().copied());
        out.extend(operands.zip(results).map(|(ab, qr)| f(ty, ab, qr)));
    }
    E::wrap(out)
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

fn run_of(lanes: usize, segments: usize) -> Result<usize, Error> {
    let run = lanes.checked_div(segments).unwrap_or(0);
    match run.checked_mul(segments) == Some(lanes) {
        true => Ok(run),
        false => Err(Error::bug("runs that are not whole")),
    }
}

/// Arrays side by side, each with as many of the indices.
struct Arrays {
    /// Lanes of one array.
    own: usize,
    /// Elements of one array.
    n: u64,
    /// Indices into one array.
    per: usize,
}

impl Arrays {
    fn of(lanes: usize, indices: usize, block: usize, groups: usize) -> Result<Self, Error> {
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

    /// Where the element of the `k`-th index begins, and whether there is one; else the array's first, which there is.
    #[inline(always)]
    fn place(&self, k: usize, index: Word, block: usize) -> (usize, Mask) {
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
    if arrays.n == 0 {
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
    if arrays.n == 0 {
        return Ok(());
    }
    each!(lanes, words => put(words, index, val, block, &arrays))
}
