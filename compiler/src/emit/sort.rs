//! Sorting with shuffles: the places of rows are computed, and opened after a shuffle.
//!
//! Rows and places are shuffled, the places are opened, and everybody puts rows where they say. Opened places are 0, 1, … in a uniform
//! order, whatever the rows are.
//!
//! By digits: Hamada, Ikarashi, Chida, Takahashi, "Oblivious radix sort: an efficient sorting algorithm for practical secure
//! multi-party computation" (ePrint 2014/121): for a digit, from the lowest on, the place of each row in a stable order is a sum.
//! Digits of several bits after Asharov et al., "Efficient secure three-party sorting with applications to data
//! analysis and heavy hitters" (CCS 2022). By comparing all with all ([`pairs`]): the place of a row is the number of those that come before it.

mod pairs;

use super::Emitter;
use super::frame::{Logic, Work};
use crate::forms::Way;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op, ValueInfo};
use smpcc_circuit::value::{ConstVec, Scalar, Word, mask};

/// Runs of rows that are sorted by themselves.
#[derive(Clone, Copy)]
struct Runs {
    segments: u64,
    /// Rows of each.
    rows: u64,
}

impl Runs {
    /// Bits of a place among the rows of all runs, of which there are some.
    const fn width(self) -> u8 {
        ((self.segments * self.rows - 1).ilog2() + 1) as u8
    }

    /// Places of all rows as numbers in the ring that is just wide enough.
    const fn places(self) -> ValueInfo {
        let width = self.width();
        ValueInfo {
            domain: Domain::Arithmetic { ring: width },
            scalar: Scalar::unsigned(width),
            lanes: self.segments * self.rows,
        }
    }

    /// For each row, the first place of its run.
    fn first_places(self) -> ConstVec {
        let dims = vec![(self.segments, Word::from(self.rows)), (self.rows, 0)];
        ConstVec::Affine { start: 0, dims }
    }
}

impl Emitter<'_> {
    /// Columns with the rows of each segment in ascending order of the first `keys` columns; where it costs nothing, in the domains where
    /// they are wanted.
    pub(super) fn sort(
        &mut self,
        columns: &[ValueId],
        wanted: &[Domain],
        keys: u64,
        segments: u64,
        way: Way,
    ) -> Vec<ValueId> {
        let columns: Vec<ValueId> = (columns.iter().zip(wanted))
            .map(|(&column, &wanted)| match (way, wanted) {
                (Way::Places | Way::Shuffle, Domain::Arithmetic { .. }) => self.to(column, wanted),
                _ => self.to(column, Domain::Boolean),
            })
            .collect();
        let lanes = columns.first().map_or(0, |&c| self.info(c).lanes);
        let rows = lanes.checked_div(segments).unwrap_or(0);
        if rows < 2 {
            return columns;
        }
        let runs = Runs { segments, rows };
        match way {
            Way::Digits(digit) => self.by_digits(columns, keys, runs, digit),
            Way::Apart(digit) => self.by_digits_apart(&columns, keys, runs, digit),
            Way::Pairs => {
                let places = self.places_by_pairs(&columns[..keys as usize], runs);
                self.put(&columns, places)
            }
            Way::Places => self.at_places(&columns, runs),
            Way::Shuffle => self.shuffle_runs(&columns, runs),
        }
    }

    /// By digits of `digit` bits.
    fn by_digits(
        &mut self,
        columns: Vec<ValueId>,
        keys: u64,
        runs: Runs,
        digit: u32,
    ) -> Vec<ValueId> {
        let mut columns = columns;
        for key in (0..keys as usize).rev() {
            let scalar = self.info(columns[key]).scalar;
            let width = scalar.width();
            let mut from = 0;
            while from < width {
                let to = (from + digit.max(1)).min(width);
                let bits: Vec<ValueId> = (from..to)
                    .map(|bit| self.ordered_bit(columns[key], scalar, bit))
                    .collect();
                let places = self.places_by_digit(&bits, runs);
                columns = self.put(&columns, places);
                from = to;
            }
        }
        columns
    }

    /// By digits of `digit` bits, from each of which on a key is left away; the rows themselves are moved once.
    fn by_digits_apart(
        &mut self,
        columns: &[ValueId],
        keys: u64,
        runs: Runs,
        digit: u32,
    ) -> Vec<ValueId> {
        let numbers = ConstVec::iota(runs.places().lanes);
        let numbers = self.constant(runs.places().scalar, numbers);
        let numbers = self.to(numbers, Domain::Boolean);
        let mut carried: Vec<ValueId> = vec![numbers];
        carried.extend(
            columns[..keys as usize]
                .iter()
                .map(|&key| self.ordered(key)),
        );
        // Numbers of rows, then the keys that are left, the last of which counts least.
        while let [.., key] = carried[..]
            && carried.len() > 1
        {
            let width = self.info(key).scalar.width();
            let taken = digit.clamp(1, width);
            let bits: Vec<ValueId> = (0..taken)
                .map(|bit| self.logic1(Domain::Boolean, Logic::Bit(bit), &[key], Scalar::Bool))
                .collect();
            let places = self.places_by_digit(&bits, runs);
            carried.pop();
            if taken < width {
                carried.push(self.without(key, taken));
            }
            carried = self.put(&carried, places);
        }
        // The row that comes to a place finds it there.
        let places = self.put(&[numbers], carried[0]);
        self.put(columns, places[0])
    }

    /// A key as an unsigned number of the same order.
    fn ordered(&mut self, key: ValueId) -> ValueId {
        let from = self.info(key).scalar;
        let width = from.width();
        let to = Scalar::unsigned(width as u8);
        let mut bits = self.word(Domain::Boolean, WordOp::Cast, from, to, &[key]);
        if from.is_signed() {
            let lanes = self.info(key).lanes;
            let sign = self.splat(to, lanes, 1 << (width - 1));
            bits = self.word(Domain::Boolean, WordOp::Xor, to, to, &[bits, sign]);
        }
        bits
    }

    /// An unsigned number without its lowest bits, of which it has more.
    fn without(&mut self, key: ValueId, bits: u32) -> ValueId {
        let info = self.info(key);
        let amount = self.splat(Scalar::unsigned(8), info.lanes, Word::from(bits));
        let (from, b) = (info.scalar, Domain::Boolean);
        let to = Scalar::unsigned((from.width() - bits) as u8);
        let rest = self.word(b, WordOp::Shr, from, from, &[key, amount]);
        self.word(b, WordOp::Cast, from, to, &[rest])
    }

    /// The first column says where the rows of each run go. It becomes 0, 1, ….
    fn at_places(&mut self, columns: &[ValueId], runs: Runs) -> Vec<ValueId> {
        let Some((&key, moved)) = columns.split_first() else {
            return Vec::new();
        };
        let place = Scalar::unsigned(runs.width());
        let scalar = self.info(key).scalar;
        let bits = self.to(key, Domain::Boolean);
        let mut places = self.word(Domain::Boolean, WordOp::Cast, scalar, place, &[bits]);
        if runs.segments > 1 {
            let first = self.constant(place, runs.first_places());
            places = self.word(Domain::Boolean, WordOp::Add, place, place, &[places, first]);
        }
        let moved = self.put(moved, places);
        let dims = vec![(runs.segments, 0), (runs.rows, 1)];
        let ordered = self.constant(scalar, ConstVec::Affine { start: 0, dims });
        let ordered = self.to(ordered, self.info(key).domain);
        std::iter::once(ordered).chain(moved).collect()
    }

    /// Each run in an order that nobody knows.
    fn shuffle_runs(&mut self, columns: &[ValueId], runs: Runs) -> Vec<ValueId> {
        let shuffled: Vec<Vec<ValueId>> = (0..runs.segments)
            .map(|run| {
                let run: Vec<ValueId> = (columns.iter())
                    .map(|&column| self.slice(column, run * runs.rows, runs.rows))
                    .collect();
                self.shuffle(&run)
            })
            .collect();
        (0..columns.len())
            .map(|column| {
                let all: Vec<ValueId> = shuffled.iter().map(|run| run[column]).collect();
                self.concat(&all)
            })
            .collect()
    }

    /// Columns with their rows in an order that nobody knows.
    fn shuffle(&mut self, columns: &[ValueId]) -> Vec<ValueId> {
        let shuffled: Vec<ValueId> = (columns.iter())
            .map(|&column| {
                let shuffled = self.fresh(self.info(column));
                self.known[shuffled.index()].canonical |= self.known[column.index()].canonical;
                shuffled
            })
            .collect();
        let op = Work::Plain(Op::Shuffle);
        self.push(op, columns.to_vec(), shuffled.clone());
        shuffled
    }

    /// Puts each row at its place; all places are different.
    fn put(&mut self, columns: &[ValueId], places: ValueId) -> Vec<ValueId> {
        let args: Vec<ValueId> = columns.iter().copied().chain([places]).collect();
        let shuffled = self.shuffle(&args);
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
        (shuffled.iter())
            .map(|&column| {
                let info = self.info(column);
                let put = self.plain(Op::Scatter { block: 1 }, &[column, opened, column], info);
                self.canonical_if_all(put, &[column]);
                put
            })
            .collect()
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

    /// Where each row goes, mod 2^width. With Q the running sums of "has digit v", digit after digit, a row of digit v goes to its
    /// Q_v − 1: as one sum of products, Σ (has digit v)·Q_v − 1 over all digits; or, where each product costs by itself and one
    /// digit's can be saved, Q_0 − 1 + Σ (has digit v)·(Q_v − Q_0).
    fn places_by_digit(&mut self, bits: &[ValueId], runs: Runs) -> ValueId {
        let Runs { segments, rows } = runs;
        let (n, digits) = (segments * rows, 1u64 << bits.len());
        let minus = mask(u32::from(runs.width()));
        let number = |lanes: u64| ValueInfo {
            lanes,
            ..runs.places()
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
