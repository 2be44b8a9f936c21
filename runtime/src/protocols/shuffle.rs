//! What the shuffles of all suites are made of: orders of rows, and columns that are put into them.
//!
//! Who knows an order is a matter of the suite. It samples it from a key, so that those who share the key have the same order, and puts
//! vectors of its own into it. Memory is then read at places that the order names: these are secrets of this party's own, and what they
//! leave in a cache is all that the machine's other users can have of them (see SECURITY). No branch depends on them but those
//! that draw a number again, which is thrown away.

use std::ops::Range;

use zeroize::{Zeroize, Zeroizing};

use super::sharing::{Arithmetic, Boolean, Held, Share, arithmetic, boolean};
use super::{Outcome, Value};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::error::Error;
use crate::prg::{Prg, PrgKey};
use crate::ring::{
    Element, Elements, each, element_len, for_width, other_word, read_elements, write_elements,
};

/// Lanes of a piece of a message.
pub(super) const PIECE: usize = 1 << 15;
/// Bits of a lane from which on lanes of bits are moved as integers: fewer are moved bit by bit.
const MOVED_WHOLE: usize = 4;
/// Numbers that are drawn at a time.
const DRAWN: usize = 256;

/// An order of rows: place `i` takes row `order[i]`. Wiped when dropped.
pub(super) struct Order(Zeroizing<Vec<u32>>);

impl Order {
    /// A uniform order of `n` rows, the same for everybody with the key.
    ///
    /// R. A. Fisher and F. Yates as in Knuth, The Art of Computer Programming 2, 3.4.2, algorithm P.
    pub(super) fn sample(key: &PrgKey, n: usize) -> Result<Self, Error> {
        let n = u32::try_from(n).map_err(|_| Error::machine("more rows than can be shuffled"))?;
        let mut order = Zeroizing::new((0..n).collect::<Vec<u32>>());
        let mut numbers = Numbers::new(key);
        for last in (1..order.len()).rev() {
            let other = numbers.below(last as u64 + 1) as usize;
            order.swap(last, other);
        }
        Ok(Self(order))
    }

    /// By place, the row that it takes.
    pub(super) fn rows(&self) -> &[u32] {
        &self.0
    }
}

/// Words of a key's stream, one after the other.
struct Numbers {
    prg: Prg,
    next: u64,
    words: Zeroizing<Vec<u64>>,
}

impl Numbers {
    fn new(key: &PrgKey) -> Self {
        Self {
            prg: Prg::once(key),
            next: 0,
            words: Zeroizing::new(Vec::with_capacity(DRAWN)),
        }
    }

    fn word(&mut self) -> u64 {
        if self.words.is_empty() {
            self.words.resize(DRAWN, 0);
            self.prg.fill_words(0, self.next, &mut self.words);
            self.next += DRAWN as u64 / 2;
        }
        self.words.pop().unwrap_or_default()
    }

    /// A uniform number below `n`, which is not 0. D. Lemire, "Fast random integer generation in an interval" (ACM TOMACS 2019),
    /// algorithm 5: of the words that stand for each number as many are thrown away that all have equally many.
    fn below(&mut self, n: u64) -> u64 {
        let wide = |word: u64| u128::from(word) * u128::from(n);
        let mut product = wide(self.word());
        // 2^64 mod n.
        let least = (u64::MAX % n + 1) % n;
        while (product as u64) < least {
            product = wide(self.word());
        }
        (product >> 64) as u64
    }
}

/// Columns of equally many lanes: arithmetic or Boolean shares.
pub struct Columns {
    /// At least one.
    pub(super) all: Vec<Held>,
    /// Of each.
    pub(super) lanes: usize,
}

impl Columns {
    /// The operands of a shuffle.
    pub(super) fn new(all: Vec<Held>) -> Result<Self, Error> {
        let lanes = |column: &Held| match &**column {
            Value::Shared(Share::Boolean(b)) => Ok(b.lanes()),
            other => Ok(arithmetic(other)?.lanes()),
        };
        let first = all.first().map(lanes);
        let first = first.ok_or_else(|| Error::bug("a shuffle of nothing"))??;
        for column in &all {
            if lanes(column)? != first {
                return Err(Error::bug("columns of different lengths"));
            }
        }
        Ok(Self { all, lanes: first })
    }

    /// The kinds of the columns.
    pub(super) fn kinds(&self) -> Result<Vec<Kind>, Error> {
        let kind = |column: &Held| match &**column {
            Value::Shared(Share::Boolean(b)) => Ok(Kind::Bits(b.width())),
            other => Ok(Kind::Integers(arithmetic(other)?.ring)),
        };
        self.all.iter().map(kind).collect()
    }

    /// A part of each column, as its party holds it.
    pub(super) fn parts(&self, part: usize) -> Result<Vec<Vector>, Error> {
        let missing = || Error::bug("a part of a share is missing");
        let part = |column: &Held| match &**column {
            Value::Shared(Share::Boolean(_)) => {
                let bits = boolean(column)?.part.get(part);
                Ok(Vector::Bits(bits.ok_or_else(missing)?.clone()))
            }
            other => {
                let share = arithmetic(other)?;
                let elements = share.part.get(part).ok_or_else(missing)?;
                Ok(Vector::Integers(share.ring, elements.clone()))
            }
        };
        self.all.iter().map(part).collect()
    }
}

/// What a column holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Integers mod 2^ring.
    Integers(u32),
    /// Strings of so many bits.
    Bits(usize),
}

impl Kind {
    /// Words of randomness of so many lanes.
    pub(super) fn words(self, lanes: usize) -> usize {
        match self {
            Self::Integers(ring) => for_width!(ring, E => lanes * E::WORDS),
            Self::Bits(width) => width * words_for(lanes),
        }
    }

    /// Bytes of so many lanes in a message.
    pub(super) fn len(self, lanes: usize) -> usize {
        match self {
            Self::Integers(ring) => lanes * element_len(ring),
            Self::Bits(width) => (width * lanes).div_ceil(8),
        }
    }

    /// A vector of zeros.
    pub(super) fn zeros(self, lanes: usize) -> Vector {
        match self {
            Self::Integers(ring) => Vector::Integers(ring, Elements::zeros(ring, lanes)),
            Self::Bits(width) => Vector::Bits(Bits::zeros(width, lanes)),
        }
    }

    /// A vector whose lanes are there as integers.
    pub(super) fn of_integers(self, elements: Elements) -> Vector {
        match self {
            Self::Integers(ring) => Vector::Integers(ring, elements),
            Self::Bits(width) => {
                Vector::Bits(Bits::from_elements(width, &Zeroizing::new(elements)))
            }
        }
    }

    /// A vector from words of randomness, as many as [`Kind::words`] says.
    pub(super) fn random(self, lanes: usize, words: Vec<u64>) -> Result<Vector, Error> {
        Ok(match self {
            Self::Integers(ring) => Vector::Integers(
                ring,
                for_width!(ring, E => {
                    let elements = words.chunks_exact(E::WORDS);
                    E::wrap(elements.map(|w| E::from_words(w).low(ring)).collect())
                }),
            ),
            Self::Bits(width) => Vector::Bits(Bits::from_words(width, lanes, words)?),
        })
    }
}

/// One vector of a column: a part of a share, or on the way to one.
pub(super) enum Vector {
    /// Mod 2^ring.
    Integers(u32, Elements),
    /// Strings of bits.
    Bits(Bits),
}

impl Drop for Vector {
    fn drop(&mut self) {
        match self {
            Self::Integers(_, elements) => elements.zeroize(),
            Self::Bits(bits) => bits.zeroize(),
        }
    }
}

impl Vector {
    /// The same rows in an order.
    pub(super) fn ordered(&self, order: &Order) -> Self {
        fn pick<E: Copy>(from: &[E], order: &Order) -> Vec<E> {
            order.rows().iter().map(|&row| from[row as usize]).collect()
        }
        let elements = |elements: &Elements| each!(elements, v => Element::wrap(pick(v, order)));
        match self {
            Self::Integers(ring, all) => Self::Integers(*ring, elements(all)),
            Self::Bits(bits) if bits.width() < MOVED_WHOLE => {
                let rows: Zeroizing<Vec<usize>> =
                    Zeroizing::new(order.rows().iter().map(|&row| row as usize).collect());
                Self::Bits(bits.gather(&rows, 1))
            }
            Self::Bits(bits) => {
                let whole = Zeroizing::new(bits.to_elements());
                let moved = Zeroizing::new(elements(&whole));
                Self::Bits(Bits::from_elements(bits.width(), &moved))
            }
        }
    }

    /// The lanes as integers.
    pub(super) fn into_integers(mut self) -> Elements {
        match &mut self {
            Self::Integers(_, elements) => std::mem::take(elements),
            Self::Bits(bits) => bits.to_elements(),
        }
    }

    /// The words of bits, bit after bit; none of integers.
    pub(super) fn into_words(mut self) -> Vec<u64> {
        match &mut self {
            Self::Integers(..) => Vec::new(),
            Self::Bits(bits) => std::mem::replace(bits, Bits::zeros(0, 0)).into_words(),
        }
    }

    /// Adds a vector of the same kind.
    pub(super) fn add(&mut self, other: &Self) -> Result<(), Error> {
        self.combine(other, true)
    }

    /// Subtracts a vector of the same kind.
    pub(super) fn subtract(&mut self, other: &Self) -> Result<(), Error> {
        self.combine(other, false)
    }

    fn combine(&mut self, other: &Self, adds: bool) -> Result<(), Error> {
        match (self, other) {
            (Self::Integers(ring, into), Self::Integers(_, other)) => {
                fn each_lane<E: Element>(
                    ring: u32,
                    into: &mut [E],
                    other: &Elements,
                    adds: bool,
                ) -> Result<(), Error> {
                    let other = E::slice(other).ok_or_else(other_word)?;
                    if into.len() != other.len() {
                        return Err(Error::bug("columns of different lengths"));
                    }
                    for (a, &b) in into.iter_mut().zip(other) {
                        *a = if adds { a.add(b) } else { a.sub(b) }.low(ring);
                    }
                    Ok(())
                }
                each!(into, v => each_lane(*ring, v, other, adds))
            }
            (Self::Bits(into), Self::Bits(other)) => into.xor_assign(other),
            (Self::Integers(..) | Self::Bits(_), _) => {
                Err(Error::bug("columns of different kinds"))
            }
        }
    }

    /// Some lanes; the first is a multiple of 64.
    pub(super) fn slice(&self, from: usize, lanes: usize) -> Self {
        match self {
            Self::Integers(ring, elements) => Self::Integers(*ring, elements.slice(from, lanes)),
            Self::Bits(bits) => Self::Bits(bits.slice(from, lanes)),
        }
    }

    /// Overwrites lanes with a vector of the same kind; the first is a multiple of 64.
    pub(super) fn put(&mut self, from: usize, part: &Self) -> Result<(), Error> {
        match (self, part) {
            (Self::Integers(_, into), Self::Integers(_, part)) => into.put(from, part),
            (Self::Bits(into), Self::Bits(part)) => into.put(from, part),
            (Self::Integers(..) | Self::Bits(_), _) => {
                Err(Error::bug("columns of different kinds"))
            }
        }
    }

    /// Appends lanes to a message; the first is a multiple of 64.
    pub(super) fn write(&self, lanes: Range<usize>, out: &mut Vec<u8>) {
        match self {
            Self::Integers(ring, elements) => {
                each!(elements, v => write_elements(&v[lanes], *ring, out));
            }
            Self::Bits(bits) => {
                let mut packer = Packer::new(out);
                bits.pack(lanes.start, lanes.len(), &mut packer);
                packer.finish();
            }
        }
    }

    /// Overwrites lanes with what a message has; the first is a multiple of 64.
    pub(super) fn read(&mut self, lanes: Range<usize>, bytes: &[u8]) {
        match self {
            Self::Integers(ring, elements) => each!(elements, v => {
                read_elements(bytes, *ring, &mut v[lanes], |to, e| *to = e);
            }),
            Self::Bits(bits) => {
                bits.unpack(lanes.start, lanes.len(), &mut Unpacker::new(bytes));
            }
        }
    }
}

/// The columns of a shuffle from the vectors of each part of their shares.
pub(super) fn outcome<const PARTS: usize>(
    columns: impl Iterator<Item = [Vector; PARTS]>,
) -> Result<Outcome<Share>, Error> {
    let column = |parts: [Vector; PARTS]| {
        let mut share: Option<Share> = None;
        for mut part in parts {
            match (&mut share, &mut part) {
                (None, Vector::Integers(ring, elements)) => {
                    let part = vec![std::mem::take(elements)];
                    share = Some(Share::Arithmetic(Arithmetic { ring: *ring, part }));
                }
                (None, Vector::Bits(bits)) => {
                    let part = vec![std::mem::replace(bits, Bits::zeros(0, 0))];
                    share = Some(Share::Boolean(Boolean::of(part)));
                }
                (Some(Share::Arithmetic(share)), Vector::Integers(_, elements)) => {
                    share.part.push(std::mem::take(elements));
                }
                (Some(Share::Boolean(share)), Vector::Bits(bits)) => {
                    share.part.push(std::mem::replace(bits, Bits::zeros(0, 0)));
                }
                (Some(_), _) => return Err(Error::bug("parts of different kinds")),
            }
        }
        let share = share.ok_or_else(|| Error::bug("a share of no parts"))?;
        Ok(Value::Shared(share))
    };
    Ok(Outcome::Values(
        columns.map(column).collect::<Result<_, _>>()?,
    ))
}

#[cfg(test)]
mod tests;
