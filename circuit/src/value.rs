//! Scalar types and public constants: what one lane of a value can hold.
//!
//! An integer of width `w` is held as a [`Word`] whose low `w` bits are its two's-complement pattern and whose upper
//! bits are zero, in every stage: interpreter, program, clear evaluator and reports agree by construction.

use crate::calendar;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// The bit pattern of one lane, zero above the scalar's width.
pub type Word = u128;

/// The type of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scalar {
    /// A truth value; one bit, 0 or 1.
    Bool,
    /// An integer of 1 to 128 bits, two's complement when signed.
    Int {
        /// Bits, 1..=128 (at least 2 when signed).
        width: u8,
        /// Whether the top bit is a sign.
        signed: bool,
    },
}

impl Scalar {
    /// An unsigned integer of `width` bits.
    pub const fn unsigned(width: u8) -> Self {
        Self::Int {
            width,
            signed: false,
        }
    }

    /// A signed integer of `width` bits.
    pub const fn signed(width: u8) -> Self {
        Self::Int {
            width,
            signed: true,
        }
    }

    /// The type of lengths and public indices: 64 bits, unsigned.
    pub const USIZE: Self = Self::unsigned(64);

    /// Bits of one lane.
    pub const fn width(self) -> u32 {
        match self {
            Self::Bool => 1,
            Self::Int { width, .. } => width as u32,
        }
    }

    /// Whether the top bit is a sign.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Int { signed: true, .. })
    }

    /// A word with the low `width` bits set.
    pub const fn mask(self) -> Word {
        mask(self.width())
    }

    /// The pattern cut to this type's width.
    pub const fn wrap(self, word: Word) -> Word {
        word & self.mask()
    }

    /// Whether the integer denoted by `word` is negative.
    pub const fn is_negative(self, word: Word) -> bool {
        self.is_signed() && (word >> (self.width() - 1)) & 1 == 1
    }

    /// The word sign- or zero-extended to 128 bits, to be read as `i128` when signed and as `u128` otherwise.
    pub const fn extend(self, word: Word) -> Word {
        if self.is_negative(word) {
            word | !self.mask()
        } else {
            word
        }
    }

    /// The magnitude of the denoted integer.
    pub const fn magnitude(self, word: Word) -> Word {
        if self.is_negative(word) {
            self.extend(word).wrapping_neg()
        } else {
            word
        }
    }

    /// Whether the integer is a value of this type (0 and 1 are those of `bool`).
    pub fn holds(self, integer: Integer) -> bool {
        Integer::of(self, self.wrap(integer.word())) == integer
    }

    /// Decimal text of the integer (or `true`/`false`) that `word` denotes.
    pub fn display(self, word: Word) -> String {
        match self {
            Self::Bool => (word & 1 == 1).to_string(),
            Self::Int { signed: false, .. } => word.to_string(),
            Self::Int { signed: true, .. } => (self.extend(word) as i128).to_string(),
        }
    }
}

/// An integer that some scalar type holds, from −2^127 to 2^128 − 1. The order is that of the integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Integer {
    // Compared in this order: negative integers come first, and their patterns ascend with them.
    natural: bool,
    word: Word,
}

impl Integer {
    /// An integer that is not negative.
    pub const fn natural(word: Word) -> Self {
        Self {
            natural: true,
            word,
        }
    }

    /// The integer that a word of a scalar type denotes.
    pub const fn of(scalar: Scalar, word: Word) -> Self {
        Self {
            natural: !scalar.is_negative(word),
            word: scalar.extend(word),
        }
    }

    /// The two's-complement pattern of 128 bits.
    pub const fn word(self) -> Word {
        self.word
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        !self.natural
    }

    /// The integer before this one, if there is one here.
    pub fn before(self) -> Option<Self> {
        match (self.natural, self.word) {
            (true, 0) => Some(Self::from(-1)),
            (true, word) => Some(Self::natural(word - 1)),
            (false, word) => (word as i128).checked_sub(1).map(Self::from),
        }
    }

    /// As a signed machine integer, if it fits.
    pub fn to_i128(self) -> Option<i128> {
        if self.natural {
            i128::try_from(self.word).ok()
        } else {
            Some(self.word as i128)
        }
    }
}

impl From<i128> for Integer {
    fn from(value: i128) -> Self {
        Self {
            natural: value >= 0,
            word: value as Word,
        }
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.natural {
            self.word.fmt(f)
        } else {
            (self.word as i128).fmt(f)
        }
    }
}

impl std::str::FromStr for Integer {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('-') {
            text.parse::<i128>().map(Self::from)
        } else {
            text.parse::<u128>().map(Self::natural)
        }
    }
}

/// A word with the low `width` bits set, `width` in 0..=128.
pub const fn mask(width: u32) -> Word {
    if width >= 128 {
        Word::MAX
    } else {
        (1 << width) - 1
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int { width, signed } => write!(f, "{}{width}", if *signed { 'i' } else { 'u' }),
        }
    }
}

/// How the words of a scalar type are written in files and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Form {
    /// As an integer, or as `true` and `false`.
    Plain,
    /// As a date: an `i32` counts days.
    Date,
    /// As a moment: an `i64` counts seconds.
    Datetime,
    /// As a text: an unsigned integer of one byte for each of the text's, the first byte highest.
    Text,
    /// As a decimal number: a signed integer counts units of 2 to the power of minus this.
    Fixed(u8),
    /// As a decimal number: an unsigned integer of 32 or 64 bits holds a float.
    Float,
}

impl Form {
    /// The text of a word; a fixed-point number has the shortest that reads back as the same word.
    pub fn display(self, scalar: Scalar, word: Word) -> String {
        match self {
            Self::Plain => scalar.display(word),
            Self::Date => calendar::date_text(scalar.extend(word) as i32),
            Self::Datetime => calendar::datetime_text(scalar.extend(word) as i64),
            Self::Text => calendar::text(word, scalar.width() as usize / 8),
            Self::Fixed(frac) => crate::decimal::fixed_text(word, scalar.width(), u32::from(frac)),
            Self::Float => crate::decimal::float_text(word, scalar.width()),
        }
    }

    /// Whether that text is no number, so that JSON has it in quotes.
    pub const fn is_text(self) -> bool {
        match self {
            Self::Plain | Self::Fixed(_) | Self::Float => false,
            Self::Date | Self::Datetime | Self::Text => true,
        }
    }

    /// The name of a scalar type that is written so.
    pub fn name(self, scalar: Scalar) -> String {
        match self {
            Self::Plain => scalar.to_string(),
            Self::Date => "date".to_owned(),
            Self::Datetime => "datetime".to_owned(),
            Self::Text => format!("str<{}>", scalar.width() / 8),
            Self::Fixed(frac) => format!("fixed<{}, {frac}>", scalar.width()),
            Self::Float => format!("f{}", scalar.width()),
        }
    }

    /// Whether a scalar type can be written so.
    pub fn suits(self, scalar: Scalar) -> bool {
        match self {
            Self::Plain => true,
            Self::Date => scalar == Scalar::signed(32),
            Self::Datetime => scalar == Scalar::signed(64),
            Self::Text => {
                matches!(scalar, Scalar::Int { width, signed: false } if width % 8 == 0)
            }
            Self::Fixed(frac) => scalar.is_signed() && (frac as u32) < scalar.width(),
            Self::Float => !scalar.is_signed() && (scalar.width() == 32 || scalar.width() == 64),
        }
    }
}

/// A public vector that is known when the program is compiled, in a form whose size does not follow its lanes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConstVec {
    /// The same word in every lane.
    Splat {
        /// Number of lanes.
        lanes: u64,
        /// The word.
        word: Word,
    },
    /// Nested affine counting: lane `((i0·n1 + i1)·n2 + i2)…` holds `start + i0·step0 + i1·step1 + …` (mod 2^128, then
    /// cut to the scalar's width); `dims` lists `(count, step)` from the outermost on. Its lanes are the counts' product.
    Affine {
        /// Word of lane 0.
        start: Word,
        /// `(count, step)` per nesting level, outermost first; steps are mod 2^128, so negative ones wrap.
        dims: Vec<(u64, Word)>,
    },
    /// One word per lane.
    Table(Vec<Word>),
    /// Affine countings one after the other.
    Pieces(Vec<Piece>),
}

/// A part of [`ConstVec::Pieces`]: lanes as those of [`ConstVec::Affine`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Piece {
    /// Word of lane 0.
    pub start: Word,
    /// `(count, step)` per nesting level, outermost first.
    pub dims: Vec<(u64, Word)>,
}

impl Piece {
    /// Number of lanes.
    pub fn lanes(&self) -> u64 {
        product(&self.dims)
    }
}

/// The number of lanes that `dims` count.
fn product(dims: &[(u64, Word)]) -> u64 {
    dims.iter().fold(1, |n, d| n.saturating_mul(d.0))
}

impl ConstVec {
    /// A single lane.
    pub fn scalar(word: Word) -> Self {
        Self::Splat { lanes: 1, word }
    }

    /// 0, 1, …, `lanes` − 1.
    pub fn iota(lanes: u64) -> Self {
        Self::Affine {
            start: 0,
            dims: vec![(lanes, 1)],
        }
    }

    /// Number of lanes.
    pub fn lanes(&self) -> u64 {
        match self {
            Self::Splat { lanes, .. } => *lanes,
            Self::Affine { dims, .. } => product(dims),
            Self::Pieces(pieces) => pieces
                .iter()
                .fold(0, |n, piece| n.saturating_add(piece.lanes())),
            Self::Table(words) => words.len() as u64,
        }
    }

    /// The word of `lane`, not yet cut to a scalar's width; zero beyond the last lane of pieces and tables.
    pub fn get(&self, lane: u64) -> Word {
        match self {
            Self::Splat { word, .. } => *word,
            Self::Affine { start, dims } => affine_at(*start, dims, lane),
            Self::Pieces(pieces) => {
                let mut left = lane;
                for piece in pieces {
                    let lanes = piece.lanes();
                    if left < lanes {
                        return affine_at(piece.start, &piece.dims, left);
                    }
                    left -= lanes;
                }
                0
            }
            Self::Table(words) => words.get(lane as usize).copied().unwrap_or(0),
        }
    }

    /// All words in lane order, not yet cut to a scalar's width.
    pub fn words(&self) -> Box<dyn Iterator<Item = Word> + '_> {
        self.words_in(0..self.lanes())
    }

    /// The words of some lanes in order, not yet cut to a scalar's width.
    pub fn words_in(&self, lanes: Range<u64>) -> Box<dyn Iterator<Item = Word> + '_> {
        let lanes = lanes.start.min(self.lanes())..lanes.end.min(self.lanes());
        let n = lanes.end.saturating_sub(lanes.start);
        match self {
            Self::Splat { word, .. } => Box::new(std::iter::repeat_n(*word, n as usize)),
            Self::Affine { start, dims } => Box::new(Counting::new(*start, dims, lanes.start, n)),
            Self::Pieces(pieces) => {
                let mut at = 0;
                let parts = pieces.iter().filter_map(move |piece| {
                    let (first, own) = (at, piece.lanes());
                    at += own;
                    let from = lanes.start.max(first);
                    let to = lanes.end.min(at);
                    (from < to)
                        .then(|| Counting::new(piece.start, &piece.dims, from - first, to - from))
                });
                Box::new(parts.flatten())
            }
            Self::Table(words) => {
                Box::new(words[lanes.start as usize..][..n as usize].iter().copied())
            }
        }
    }
}

fn affine_at(start: Word, dims: &[(u64, Word)], lane: u64) -> Word {
    let (mut word, mut rest) = (start, lane);
    for &(count, step) in dims.iter().rev() {
        word = word.wrapping_add(step.wrapping_mul(Word::from(rest % count.max(1))));
        rest /= count.max(1);
    }
    word
}

/// Counts through nested dimensions without a division per lane.
struct Counting<'a> {
    dims: &'a [(u64, Word)],
    /// The place in each dimension.
    at: Vec<u64>,
    word: Word,
    left: u64,
}

impl<'a> Counting<'a> {
    /// `n` lanes from `lane` on.
    fn new(start: Word, dims: &'a [(u64, Word)], lane: u64, n: u64) -> Self {
        let (mut at, mut rest) = (vec![0; dims.len()], lane);
        for (slot, &(count, _)) in at.iter_mut().zip(dims).rev() {
            *slot = rest % count.max(1);
            rest /= count.max(1);
        }
        Self {
            dims,
            at,
            word: affine_at(start, dims, lane),
            left: n,
        }
    }
}

impl Iterator for Counting<'_> {
    type Item = Word;

    #[inline]
    fn next(&mut self) -> Option<Word> {
        self.left = self.left.checked_sub(1)?;
        let word = self.word;
        for (slot, &(count, step)) in self.at.iter_mut().zip(self.dims).rev() {
            *slot += 1;
            self.word = self.word.wrapping_add(step);
            if *slot < count {
                break;
            }
            self.word = self.word.wrapping_sub(step.wrapping_mul(Word::from(*slot)));
            *slot = 0;
        }
        Some(word)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_order_are_those_of_each_lane() {
        let piece = |start, dims: &[(u64, Word)]| Piece {
            start,
            dims: dims.to_vec(),
        };
        let forms = [
            ConstVec::Splat { lanes: 7, word: 3 },
            ConstVec::Affine {
                start: 5,
                dims: vec![(3, 10), (2, 0), (4, Word::MAX)],
            },
            ConstVec::Pieces(vec![
                piece(9, &[(4, 2)]),
                piece(0, &[(2, 100), (3, 1)]),
                piece(7, &[]),
            ]),
            ConstVec::Table(vec![4, 8, 1]),
        ];
        for words in forms {
            let n = words.lanes();
            for from in 0..=n {
                for to in from..=n + 1 {
                    let expected: Vec<Word> =
                        (from..to.min(n)).map(|lane| words.get(lane)).collect();
                    assert_eq!(words.words_in(from..to).collect::<Vec<_>>(), expected);
                }
            }
            assert_eq!(words.words().count() as u64, n);
        }
    }

    #[test]
    fn integers_are_ordered_and_written_as_such() {
        let all: Vec<Integer> = [
            "-170141183460469231731687303715884105728",
            "-2",
            "-1",
            "0",
            "1",
            "170141183460469231731687303715884105727",
            "170141183460469231731687303715884105728",
            "340282366920938463463374607431768211455",
        ]
        .iter()
        .map(|text| {
            let integer: Integer = text.parse().unwrap();
            assert_eq!(integer.to_string(), *text);
            integer
        })
        .collect();
        assert!(all.is_sorted() && all[0].before().is_none());
        assert_eq!(all[3].before(), Some(all[2]));
        assert_eq!(all[6].before(), Some(all[5]));
        assert_eq!(all[2].before(), Some(all[1]));
        assert_eq!(
            (all[0].to_i128(), all[6].to_i128()),
            (Some(i128::MIN), None)
        );
        let (u128, i128, u8) = (
            Scalar::unsigned(128),
            Scalar::signed(128),
            Scalar::unsigned(8),
        );
        assert!(u128.holds(all[7]) && !i128.holds(all[6]) && i128.holds(all[0]));
        assert!(!u128.holds(all[2]) && u8.holds(Integer::natural(255)));
        assert!(
            !u8.holds(Integer::natural(256)) && !Scalar::signed(8).holds(Integer::natural(128))
        );
    }
}
