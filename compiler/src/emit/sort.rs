//! Sorting digit by digit: the places of rows are computed without comparing them, and opened after a shuffle.
//!
//! Hamada, Ikarashi, Chida, Takahashi, "Oblivious radix sort: an efficient sorting algorithm for practical secure multi-party
//! computation" (ePrint 2014/121): for a digit, from the lowest on, the place of each row in a stable order is a sum; rows and places
//! are shuffled, the places are opened, and everybody puts rows where they say. Opened places are 0, 1, … in a uniform order,
//! whatever the rows are. Digits of several bits after Asharov et al., "Efficient secure three-party sorting with applications to data
//! analysis and heavy hitters" (CCS 2022).

use super::Emitter;
use super::frame::{Logic, Work};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op, ValueInfo};
use smpcc_circuit::value::{Scalar, Word, mask};

/// Runs of rows that are sorted by themselves.
#[derive(Clone, Copy)]
struct Runs {
    segments: u64,
    /// Rows of each.
    rows: u64,
}

impl Emitter<'_> {
    /// Columns with the rows of each segment in ascending order of the first `keys` columns, by digits of `digit` bits.
    pub(super) fn sort_by_digits(
        &mut self,
        columns: &[ValueId],
        keys: u64,
        segments: u64,
        digit: u32,
    ) -> Vec<ValueId> {
        let mut columns: Vec<ValueId> = columns
            .iter()
            .map(|&c| self.to(c, Domain::Boolean))
            .collect();
        let lanes = columns.first().map_or(0, |&c| self.info(c).lanes);
        let rows = lanes.checked_div(segments).unwrap_or(0);
        if rows < 2 {
            return columns;
        }
        let runs = Runs { segments, rows };
        for key in (0..keys as usize).rev() {
            let scalar = self.info(columns[key]).scalar;
            let width = scalar.width();
            let mut from = 0;
            while from < width {
                let to = (from + digit.max(1)).min(width);
                let bits: Vec<ValueId> = (from..to)
                    .map(|bit| self.ordered_bit(columns[key], scalar, bit))
                    .collect();
                columns = self.by_digit(&columns, &bits, runs);
                from = to;
            }
        }
        columns
    }

    /// A bit of a key; of negative numbers the sign bit is complemented, since they come first.
    fn ordered_bit(&mut self, key: ValueId, scalar: Scalar, bit: u32) -> ValueId {
        let value = self.logic1(Domain::Boolean, Logic::Bit(bit), &[key], Scalar::Bool);
        if scalar.is_signed() && bit + 1 == scalar.width() {
            return self.not(value);
        }
        value
    }

    fn not(&mut self, bit: ValueId) -> ValueId {
        self.word(
            Domain::Boolean,
            WordOp::Not,
            Scalar::Bool,
            Scalar::Bool,
            &[bit],
        )
    }

    /// Rows in the stable order of a digit, whose bits are given from the lowest on.
    fn by_digit(&mut self, columns: &[ValueId], bits: &[ValueId], runs: Runs) -> Vec<ValueId> {
        let n = runs.segments * runs.rows;
        let width = ((n - 1).ilog2() + 1) as u8;
        let places = self.places(bits, runs, width);
        let args: Vec<ValueId> = columns.iter().copied().chain([places]).collect();
        let shuffled: Vec<ValueId> = args
            .iter()
            .map(|&a| {
                let info = self.info(a);
                self.fresh(info)
            })
            .collect();
        self.push(Work::Plain(Op::Shuffle), args, shuffled.clone());
        let Some((&hidden, shuffled)) = shuffled.split_last() else {
            return Vec::new();
        };
        let public = ValueInfo {
            domain: Domain::Public,
            ..self.info(hidden)
        };
        let opened = self.plain(Op::RevealShuffled, &[hidden], public);
        // They are the places of all rows.
        self.known[opened.index()].indexes_safely = true;
        shuffled
            .iter()
            .map(|&column| {
                let info = self.info(column);
                self.plain(Op::Scatter { block: 1 }, &[column, opened, column], info)
            })
            .collect()
    }

    /// Where each row goes, mod 2^width. With Q the running sums of "has digit v", digit after digit, a row of digit v goes to its
    /// Q_v − 1: as one sum of products, Σ (has digit v)·Q_v − 1 over all digits; or, where each product costs by itself and one
    /// digit's can be saved, Q_0 − 1 + Σ (has digit v)·(Q_v − Q_0).
    fn places(&mut self, bits: &[ValueId], runs: Runs, width: u8) -> ValueId {
        let Runs { segments, rows } = runs;
        let (n, digits) = (segments * rows, 1u64 << bits.len());
        let minus = mask(u32::from(width));
        let number = |lanes: u64| ValueInfo {
            domain: Domain::Arithmetic { ring: width },
            scalar: Scalar::unsigned(width),
            lanes,
        };
        let linear = |coefficients: Vec<Word>, constant: Word| Op::Linear {
            coefficients,
            constant,
        };
        let mut has: Vec<ValueId> = Vec::new();
        for digit in 1..digits {
            let bit = self.has_digit(bits, digit);
            has.push(self.plain(Op::InjectBit, &[bit], number(n)));
        }
        let none = linear(vec![minus; has.len()], 1);
        let none = self.plain(none, &has, number(n));
        let all: Vec<ValueId> = std::iter::once(none).chain(has.iter().copied()).collect();
        // Digits of one segment follow each other, then those of the next.
        let all = self.concat(&all);
        let all = self.gather_affine(all, 0, &[(segments, rows), (digits, n), (rows, 1)]);
        let sums = self.plain(Op::RunningSums, &[all], number(digits * n));
        if digits > 2 && self.suite.model().folds_products() {
            let by_row = [(segments, digits * rows), (rows, 1), (digits, rows)];
            let all = self.gather_affine(all, 0, &by_row);
            let sums = self.gather_affine(sums, 0, &by_row);
            let place = self.plain(Op::Dot { segments: n }, &[all, sums], number(n));
            return self.plain(linear(vec![1], minus), &[place], number(n));
        }
        let of_digit = |s: &mut Self, digit: u64| {
            s.gather_affine(sums, digit * rows, &[(segments, digits * rows), (rows, 1)])
        };
        let first = of_digit(self, 0);
        let mut terms = vec![first];
        for (digit, has) in (1..).zip(has) {
            let sum = of_digit(self, digit);
            let difference = self.plain(linear(vec![1, minus], 0), &[sum, first], number(n));
            terms.push(self.plain(Op::Mul, &[has, difference], number(n)));
        }
        self.plain(linear(vec![1; terms.len()], minus), &terms, number(n))
    }

    /// Whether the bits are those of a number.
    fn has_digit(&mut self, bits: &[ValueId], number: u64) -> ValueId {
        let mut all: Option<ValueId> = None;
        for (i, &bit) in bits.iter().enumerate() {
            let is = match number >> i & 1 {
                1 => bit,
                _ => self.not(bit),
            };
            all = Some(match all {
                None => is,
                Some(before) => self.word(
                    Domain::Boolean,
                    WordOp::And,
                    Scalar::Bool,
                    Scalar::Bool,
                    &[before, is],
                ),
            });
        }
        all.unwrap_or_else(|| self.splat(Scalar::Bool, 1, 1))
    }
}
