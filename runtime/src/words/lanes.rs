//! Where the lanes of an operation are: in vectors of their own, or a few of them in one memory.
//!
//! An operation is written once, over [`Lanes`].

use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{Scalar, Word};

use super::{Lane, Type, divided, remainder, saturated};
use crate::error::Error;
use crate::mask::Mask;
use crate::ring::{Element, Elements, each, other_word};

/// Lanes whose quotients are made side by side: the steps of one wait for each other.
const SIDE_BY_SIDE: usize = 4;

/// Where the lanes of an operation's operands are and where those of its result go.
pub(super) trait Lanes {
    /// The result.
    type Made;
    /// What `f` makes of the first operand.
    fn each<E: Lane, F: Lane>(self, f: impl Fn(E) -> F) -> Result<Self::Made, Error>;
    /// What `f` makes of the first two.
    fn pairs<E: Lane, F: Lane>(self, f: impl Fn(E, E) -> F) -> Result<Self::Made, Error>;
    /// What `f` makes of the first operand and an amount; it is the largest for all amounts that are larger than 64 bits.
    fn by<E: Lane>(self, f: impl Fn(E, u64) -> E) -> Result<Self::Made, Error>;
    /// What `f` makes of the first operand and the rest of an amount by the operand's width.
    fn around<E: Lane>(self, width: u32, f: impl Fn(E, u32) -> E) -> Result<Self::Made, Error>;
    /// The second operand where the first one is one, else the third.
    fn chosen<E: Lane>(self) -> Result<Self::Made, Error>;
    /// What `f` makes of the first two and of the quotient and the rest of their magnitudes.
    fn quotients<E: Lane>(
        self,
        ty: Type<E>,
        f: impl Fn((E, E), (E, E)) -> E,
    ) -> Result<Self::Made, Error>;
    /// What the operation means.
    fn meant(self, op: WordOp, from: Scalar, to: Scalar) -> Result<Self::Made, Error>;
}

/// Whole vectors; the result is one, too.
pub(super) struct Vectors<'a>(pub(super) &'a [&'a Elements]);

impl Vectors<'_> {
    fn arg(&self, i: usize) -> Result<&Elements, Error> {
        self.0.get(i).copied().ok_or_else(other_word)
    }

    fn data<E: Element>(&self, i: usize) -> Result<&[E], Error> {
        E::slice(self.arg(i)?).ok_or_else(other_word)
    }
}

/// Lane by lane.
fn zipped<E: Lane, F: Lane, G: Element>(a: &[E], b: &[F], f: impl Fn(E, F) -> G) -> Elements {
    G::wrap(a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect())
}

impl Lanes for Vectors<'_> {
    type Made = Elements;

    fn each<E: Lane, F: Lane>(self, f: impl Fn(E) -> F) -> Result<Elements, Error> {
        let a = self.data::<E>(0)?;
        Ok(F::wrap(a.iter().map(|&a| f(a)).collect()))
    }

    fn pairs<E: Lane, F: Lane>(self, f: impl Fn(E, E) -> F) -> Result<Elements, Error> {
        Ok(zipped(self.data(0)?, self.data(1)?, f))
    }

    fn by<E: Lane>(self, f: impl Fn(E, u64) -> E) -> Result<Elements, Error> {
        let a = self.data::<E>(0)?;
        let all = each!(self.arg(1)?, by => zipped(a, by, |a, by| f(a, saturated(by.word()))));
        Ok(all)
    }

    fn around<E: Lane>(self, width: u32, f: impl Fn(E, u32) -> E) -> Result<Elements, Error> {
        let a = self.data::<E>(0)?;
        let all = each!(self.arg(1)?, by => zipped(a, by, |a, by| f(a, remainder(by, width))));
        Ok(all)
    }

    fn chosen<E: Lane>(self) -> Result<Elements, Error> {
        let both = self.data::<E>(1)?.iter().zip(self.data::<E>(2)?);
        let either = |((&a, &b), &c): ((&E, &E), &u64)| Type::either(Mask::lowest(c), a, b);
        Ok(E::wrap(
            both.zip(self.data::<u64>(0)?).map(either).collect(),
        ))
    }

    fn quotients<E: Lane>(
        self,
        ty: Type<E>,
        f: impl Fn((E, E), (E, E)) -> E,
    ) -> Result<Elements, Error> {
        let (a, b) = (self.data::<E>(0)?, self.data::<E>(1)?);
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
            out.extend(operands.zip(results).map(|(ab, qr)| f(ab, qr)));
        }
        Ok(E::wrap(out))
    }

    fn meant(self, op: WordOp, from: Scalar, to: Scalar) -> Result<Elements, Error> {
        let words: Vec<Vec<Word>> = self.0.iter().map(|a| a.words()).collect();
        let lane = |i: usize| {
            let mut lane = [0; 3];
            for (slot, words) in lane.iter_mut().zip(&words) {
                *slot = words[i];
            }
            op.eval(from, to, &lane[..words.len()])
        };
        let lanes = self.0.first().map_or(0, |a| a.lanes());
        Ok(Elements::of_words(to.width(), (0..lanes).map(lane)))
    }
}

/// A few lanes in a memory.
pub struct Places<'a> {
    /// The memory: a word for each lane.
    pub memory: &'a mut [Word],
    /// Where the lanes of each operand begin.
    pub args: [usize; 3],
    /// Where those of the result begin, apart from all operands'.
    pub result: usize,
    /// How many they are.
    pub lanes: usize,
}

impl Places<'_> {
    #[inline(always)]
    fn fill(self, f: impl Fn(&[Word], usize) -> Word) -> Result<(), Error> {
        for k in 0..self.lanes {
            self.memory[self.result + k] = f(self.memory, k);
        }
        Ok(())
    }
}

impl Lanes for Places<'_> {
    type Made = ();

    #[inline(always)]
    fn each<E: Lane, F: Lane>(self, f: impl Fn(E) -> F) -> Result<(), Error> {
        let [a, ..] = self.args;
        self.fill(|memory, k| f(E::of(memory[a + k])).word())
    }

    #[inline(always)]
    fn pairs<E: Lane, F: Lane>(self, f: impl Fn(E, E) -> F) -> Result<(), Error> {
        let [a, b, _] = self.args;
        self.fill(|memory, k| f(E::of(memory[a + k]), E::of(memory[b + k])).word())
    }

    #[inline(always)]
    fn by<E: Lane>(self, f: impl Fn(E, u64) -> E) -> Result<(), Error> {
        let [a, b, _] = self.args;
        self.fill(|memory, k| f(E::of(memory[a + k]), saturated(memory[b + k])).word())
    }

    #[inline(always)]
    fn around<E: Lane>(self, width: u32, f: impl Fn(E, u32) -> E) -> Result<(), Error> {
        let [a, b, _] = self.args;
        self.fill(|memory, k| f(E::of(memory[a + k]), remainder(memory[b + k], width)).word())
    }

    #[inline(always)]
    fn chosen<E: Lane>(self) -> Result<(), Error> {
        let [c, a, b] = self.args;
        self.fill(|memory, k| {
            let (which, a, b) = (memory[c + k], memory[a + k], memory[b + k]);
            // Apart from the line above, which checks places: `.ci/branches` wants no jump here.
            let which = Mask::lowest(which as u64);
            Type::either(which, E::of(a), E::of(b)).word()
        })
    }

    #[inline(always)]
    fn quotients<E: Lane>(self, ty: Type<E>, f: impl Fn((E, E), (E, E)) -> E) -> Result<(), Error> {
        let [a, b, _] = self.args;
        self.fill(|memory, k| {
            let (a, b) = (E::of(memory[a + k]), E::of(memory[b + k]));
            let ([quotient], [rest]) = divided([ty.magnitude(a)], [ty.magnitude(b)], ty.width);
            f((a, b), (quotient, rest)).word()
        })
    }

    fn meant(self, op: WordOp, from: Scalar, to: Scalar) -> Result<(), Error> {
        let args = self.args;
        self.fill(|memory, k| {
            let lane = args.map(|a| memory.get(a + k).copied().unwrap_or(0));
            op.eval(from, to, &lane[..op.arity()])
        })
    }
}
