//! Multi-operand sums: all summands in one heap of bits by column, compressed with full adders, one carry chain at the end.
//!
//! A full adder is one AND whether it stands in an adder or in a tree, so merging sums costs nothing and saves the depth
//! of every adder but the last. In the free-XOR model only its carry costs a level: inside one level a column of
//! `2t − 1` bits shrinks to `t`, so the heights of Dadda's scheme ("Some schemes for parallel multipliers", 1965) become
//! 2, 3, 5, 9, 17, 33 instead of 2, 3, 4, 6, 9, 13. Negation is a complement and a constant; all constants are one word.

mod planned;

pub use planned::{IsZero, Planned};

use super::Objective;
use super::add::outputs;
use super::multiply;
use super::prefix::{self, Want};
use super::word::zero_extend;
use smpcc_circuit::template::{Builder, Lit};

/// One summand of [`sum`]: `± bits · 2^shift`, the bits extended without limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The bits, least significant first.
    pub bits: Vec<Lit>,
    /// Whether the last bit is a sign.
    pub signed: bool,
    /// Whether the term is subtracted.
    pub negated: bool,
    /// Position of the first bit.
    pub shift: u32,
}

impl Term {
    /// An unsigned summand at position 0.
    pub fn unsigned(bits: Vec<Lit>) -> Self {
        Self {
            bits,
            signed: false,
            negated: false,
            shift: 0,
        }
    }
}

/// The sum of `terms` mod 2^width.
pub fn sum(b: &mut Builder, terms: &[Term], width: u32, objective: Objective) -> Vec<Lit> {
    product_sum(b, &[], terms, width, objective)
}

/// `Σ ± x·y + Σ terms` mod 2^width with one carry chain for everything. A factor shorter than `width` is unsigned: extend
/// a signed one by copies of its top bit first (they cost nothing). The flag of a product says that it is subtracted.
pub fn product_sum(
    b: &mut Builder,
    products: &[(Vec<Lit>, Vec<Lit>, bool)],
    terms: &[Term],
    width: u32,
    objective: Objective,
) -> Vec<Lit> {
    let width = width as usize;
    // Products with digits ±1 come as twice (squares: four times) their value, so the heap has room below position 0.
    let below = multiply::room_below(products);
    let mut heap = Heap::new(width + below);
    for (x, y, negated) in products {
        let (x, y) = (zero_extend(x, width), zero_extend(y, width));
        multiply::into_heap(b, &mut heap, &x, &y, *negated, below);
    }
    for term in terms {
        let shift = term.shift as usize + below;
        heap.add_word(&term.bits, term.signed, term.negated, shift);
    }
    heap.finish(b, objective).split_off(below)
}

/// One carry-save step after another until two rows are left: `Σ rows` mod 2^width equals the sum of the result's rows.
/// All rows have one width. One AND level halves the number of rows.
pub fn csa(b: &mut Builder, rows: &[Vec<Lit>]) -> Vec<Vec<Lit>> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut heap = Heap::new(width);
    for row in rows {
        heap.add_word(row, false, false, 0);
    }
    let (x, y) = heap.compress(b);
    vec![x, y]
}

/// Bits to be added, by column, and a constant; arithmetic is mod 2^columns.
#[derive(Clone, Debug)]
pub(super) struct Heap {
    columns: Vec<Vec<Lit>>,
    constant: Vec<bool>,
}

impl Heap {
    pub(super) fn new(width: usize) -> Self {
        Self {
            columns: vec![Vec::new(); width],
            constant: vec![false; width],
        }
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Adds `bit · 2^column`.
    pub(super) fn add(&mut self, column: usize, bit: Lit) {
        match bit.as_const() {
            Some(false) => {}
            Some(true) => self.add_power(column),
            None => {
                if let Some(bits) = self.columns.get_mut(column) {
                    bits.push(bit);
                }
            }
        }
    }

    /// Subtracts `bit · 2^column`: adds the complement and subtracts the constant.
    pub(super) fn subtract(&mut self, column: usize, bit: Lit) {
        self.add(column, !bit);
        self.subtract_power(column);
    }

    /// Adds 2^column.
    pub(super) fn add_power(&mut self, column: usize) {
        for bit in self.constant.iter_mut().skip(column) {
            *bit = !*bit;
            if *bit {
                break;
            }
        }
    }

    /// Subtracts 2^column.
    pub(super) fn subtract_power(&mut self, column: usize) {
        for bit in self.constant.iter_mut().skip(column) {
            *bit = !*bit;
            if !*bit {
                break;
            }
        }
    }

    /// Adds `± bits · 2^shift`, extended by the sign or by zeros.
    pub(super) fn add_word(&mut self, bits: &[Lit], signed: bool, negated: bool, shift: usize) {
        let Some(top) = bits.len().checked_sub(1) else {
            return;
        };
        for (i, &bit) in bits.iter().enumerate() {
            // The sign bit has negative weight.
            if negated != (signed && i == top) {
                self.subtract(shift + i, bit);
            } else {
                self.add(shift + i, bit);
            }
        }
    }

    /// Adds `when ? −(bits · 2^shift) : bits · 2^shift`: the bits are complemented for free, and the negation's carry is
    /// the condition itself. The bits must not stand above what `signed` says.
    pub(super) fn add_word_negated_if(
        &mut self,
        b: &mut Builder,
        bits: &[Lit],
        signed: bool,
        when: Lit,
        shift: usize,
    ) {
        let mut flipped: Vec<Lit> = bits.iter().map(|&l| b.xor(l, when)).collect();
        if !signed {
            flipped.push(when);
        }
        self.add_word(&flipped, true, false, shift);
        self.add(shift, when);
    }

    /// Leaves out the low columns that together are worth less than 2^column. If the sum is known not to be negative,
    /// `made_up_for` adds 2^column first, so that it stays so.
    pub(super) fn drop_worth_less_than(&mut self, column: usize, made_up_for: bool) {
        let tallest = self.columns.iter().map(Vec::len).max().unwrap_or(0) + 1;
        let guard = tallest.next_power_of_two().trailing_zeros() as usize;
        let cut = column.saturating_sub(guard);
        if made_up_for && cut > 0 {
            self.add_power(column);
        }
        for bits in self.columns.iter_mut().take(cut) {
            bits.clear();
        }
        for bit in self.constant.iter_mut().take(cut) {
            *bit = false;
        }
    }

    /// Merges what needs no adder: equal bits of a column are one bit of the next, complements are a constant.
    fn normalise(&mut self) {
        for i in 0..self.columns.len() {
            let mut bits = std::mem::take(&mut self.columns[i]);
            bits.sort_unstable();
            let mut kept: Vec<Lit> = Vec::with_capacity(bits.len());
            for bit in bits {
                match kept.last() {
                    Some(&last) if last == bit => {
                        kept.pop();
                        self.add(i + 1, bit);
                    }
                    Some(&last) if last == !bit => {
                        kept.pop();
                        self.add_power(i);
                    }
                    _ => kept.push(bit),
                }
            }
            self.columns[i] = kept;
        }
    }

    /// The sum.
    pub(super) fn finish(self, b: &mut Builder, objective: Objective) -> Vec<Lit> {
        match objective {
            Objective::Size => self.finish_serial(b),
            Objective::Balanced | Objective::Depth => self.finish_shallow(b, objective),
        }
    }

    /// The sum with the fewest full adders: column by column, earliest bits first.
    pub(super) fn finish_serial(mut self, b: &mut Builder) -> Vec<Lit> {
        self.normalise();
        let width = self.width();
        let mut out = Vec::with_capacity(width);
        for i in 0..width {
            let mut column = Column::new(b, std::mem::take(&mut self.columns[i]));
            let mut one = self.constant[i];
            if i + 1 == width {
                let sum = column
                    .take_all()
                    .into_iter()
                    .fold(Lit::from(one), |sum, bit| b.xor(sum, bit));
                out.push(sum);
                break;
            }
            loop {
                // The constant waits: added to a single bit it costs nothing, in a full adder no more than any bit.
                let (x, y, z) = match (column.len(), one) {
                    (0 | 1, false) | (0, true) => break,
                    (2, false) => (column.take(), column.take(), Lit::FALSE),
                    (1, true) => (column.take(), Lit::TRUE, Lit::FALSE),
                    (2, true) => (column.take(), column.take(), Lit::TRUE),
                    (_, _) => (column.take(), column.take(), column.take()),
                };
                one &= z != Lit::TRUE && y != Lit::TRUE;
                let (sum, carry) = full_add(b, x, y, z);
                match sum.as_const() {
                    Some(true) if one => {
                        self.add_power(i + 1);
                        one = false;
                    }
                    Some(value) => one |= value,
                    None => column.put(b, sum),
                }
                self.add(i + 1, carry);
            }
            out.push(if one { Lit::TRUE } else { column.take() });
        }
        out
    }

    /// The sum with little depth: compression to two rows, then the cheapest carry chain of least depth, or with slack.
    fn finish_shallow(self, b: &mut Builder, objective: Objective) -> Vec<Lit> {
        let n = self.width();
        if n == 0 {
            return Vec::new();
        }
        let (x, y) = self.compress(b);
        let latest = super::word::level(b, &x).max(super::word::level(b, &y));
        let (low_x, low_y) = (&x[..n - 1], &y[..n - 1]);
        let carries = match objective {
            Objective::Balanced => prefix::relaxed(b, low_x, low_y, Lit::FALSE, Want::All),
            Objective::Size | Objective::Depth => {
                prefix::shallow(b, low_x, low_y, Lit::FALSE, Want::All, latest)
            }
        };
        outputs(b, &x, &y, Lit::FALSE, &carries)
    }

    /// Two rows with the same sum.
    pub(super) fn compress(mut self, b: &mut Builder) -> (Vec<Lit>, Vec<Lit>) {
        self.normalise();
        let (bits, plan) = self.planned(b, &[]);
        plan.build(b, bits)
    }

    /// The bits and the shallowest plan to compress them together with words that arrive at the levels `later` and have no
    /// bits yet (a stand-in is among the bits). Equal bits have been merged before.
    fn planned(mut self, b: &Builder, later: &[u32]) -> (Vec<Lit>, Plan) {
        const STAND_IN: Lit = Lit(u32::MAX);
        for (column, &one) in self.columns.iter_mut().zip(&self.constant) {
            if one {
                column.push(Lit::TRUE);
            }
        }
        let mut bits: Vec<Lit> = Vec::new();
        let mut levels = Vec::new();
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let first = bits.len() as u32;
            bits.extend(column);
            levels.extend(column.iter().map(|&l| b.level(l)));
            bits.extend(later.iter().map(|_| STAND_IN));
            levels.extend(later);
            columns.push((first..bits.len() as u32).collect());
        }
        let plan = Plan::shallowest(levels, &columns);
        (bits, plan)
    }
}

/// A way to compress a heap, found on the levels of its bits alone. Bits have numbers: first those of the heap, then sum
/// and carry of each adder in turn.
#[derive(Clone, Debug)]
struct Plan {
    level: Vec<u32>,
    adders: Vec<(u32, u32, Option<u32>)>,
    columns: Vec<Vec<u32>>,
}

impl Plan {
    /// The plan that is done at the earliest level.
    fn shallowest(level: Vec<u32>, columns: &[Vec<u32>]) -> Self {
        let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
        let begun = || Self {
            level: level.clone(),
            adders: Vec::new(),
            columns: columns.to_vec(),
        };
        let mut greedy = begun();
        let done = greedy.take_earliest();
        for by in Self::lower_bound(&level, columns)..done {
            let mut plan = begun();
            if plan.squeeze(tallest, by) {
                return plan;
            }
        }
        let mut plan = begun();
        if plan.squeeze(tallest, done) && plan.adders.len() <= greedy.adders.len() {
            return plan;
        }
        greedy
    }

    /// Compresses to height 2, in each column always the three earliest bits, carries from the column below among them; says at what
    /// level it is done. Where bits arrive one after the other it is earlier than levels for all columns alike, and later where
    /// they arrive together (Oklobdzija, Villeger and Liu, "A method for speed optimized partial product reduction and generation
    /// of fast parallel multipliers", 1996).
    fn take_earliest(&mut self) -> u32 {
        let mut carries: Vec<u32> = Vec::new();
        let mut done = 0;
        for i in 0..self.columns.len() {
            let mut bits = std::mem::take(&mut self.columns[i]);
            bits.append(&mut carries);
            bits.sort_unstable_by_key(|&id| std::cmp::Reverse((self.level[id as usize], id)));
            while let [.., z, y, x] = bits[..] {
                bits.truncate(bits.len() - 3);
                let level = self.level[z as usize];
                let sum = self.level.len() as u32;
                self.level.extend([level, level + 1]);
                self.adders.push((x, y, Some(z)));
                carries.push(sum + 1);
                let at = bits.partition_point(|&id| (self.level[id as usize], id) > (level, sum));
                bits.insert(at, sum);
            }
            done = bits
                .iter()
                .fold(done, |done, &id| done.max(self.level[id as usize]));
            self.columns[i] = bits;
        }
        done
    }

    /// The two rows that are left when the adders have been built on `bits`.
    fn build(&self, b: &mut Builder, mut bits: Vec<Lit>) -> (Vec<Lit>, Vec<Lit>) {
        for &(x, y, z) in &self.adders {
            let z = z.map_or(Lit::FALSE, |z| bits[z as usize]);
            let (sum, carry) = full_add(b, bits[x as usize], bits[y as usize], z);
            bits.extend([sum, carry]);
        }
        let row = |k: usize| {
            let bit = |c: &Vec<u32>| c.get(k).map_or(Lit::FALSE, |&id| bits[id as usize]);
            self.columns.iter().map(bit).collect()
        };
        (row(0), row(1))
    }

    /// No plan is done earlier: bits of one column that come at `l` or later need their number's levels from there.
    fn lower_bound(level: &[u32], columns: &[Vec<u32>]) -> u32 {
        let mut bound = 0;
        let mut levels = Vec::new();
        for column in columns.iter().filter(|c| c.len() > 2) {
            levels.clear();
            levels.extend(column.iter().map(|&id| level[id as usize]));
            levels.sort_unstable_by(|x, y| y.cmp(x));
            for (i, &l) in levels.iter().enumerate().skip(2) {
                bound = bound.max(l + i.next_power_of_two().trailing_zeros());
            }
        }
        bound
    }

    /// Compresses to height 2 by level `by`, or says that it cannot. `s` levels before the end a column may stand
    /// `height(s)` high; each level uses no more adders than that asks for, on the earliest bits.
    fn squeeze(&mut self, tallest: usize, by: u32) -> bool {
        let mut steps = 0;
        while height(steps) < tallest {
            steps += 1;
        }
        for step in (0..steps.min(by)).rev() {
            let now = by - step - 1;
            let goal = height(step);
            let mut carries: Vec<u32> = Vec::new();
            for i in 0..self.columns.len() {
                let arrived = std::mem::take(&mut carries);
                if self.columns[i].len() + arrived.len() <= goal {
                    self.columns[i].extend(arrived);
                    continue;
                }
                let mut bits = std::mem::take(&mut self.columns[i]);
                bits.sort_unstable_by_key(|&id| std::cmp::Reverse((self.level[id as usize], id)));
                while bits.len() + arrived.len() > goal {
                    let over = bits.len() + arrived.len() - goal;
                    let ready = |k: usize| {
                        let at = bits.len().checked_sub(k)?;
                        (self.level[bits[at] as usize] <= now).then_some(bits[at])
                    };
                    let (Some(x), Some(y)) = (ready(1), ready(2)) else {
                        break;
                    };
                    let z = if over >= 2 { ready(3) } else { None };
                    bits.truncate(bits.len() - if z.is_some() { 3 } else { 2 });
                    let level = [Some(x), Some(y), z]
                        .into_iter()
                        .flatten()
                        .map(|id| self.level[id as usize])
                        .max()
                        .unwrap_or(0);
                    let sum = self.level.len() as u32;
                    self.level.extend([level, level + 1]);
                    self.adders.push((x, y, z));
                    let key = (level, sum);
                    let at = bits.partition_point(|&id| (self.level[id as usize], id) > key);
                    bits.insert(at, sum);
                    carries.push(sum + 1);
                }
                bits.extend(arrived);
                self.columns[i] = bits;
            }
        }
        self.columns.iter().all(|c| c.len() <= 2)
    }
}

/// Heights that `steps` levels can bring to two: 2, 3, 5, 9, 17, …
fn height(steps: u32) -> usize {
    (1usize << steps.min(30)) + 1
}

fn full_add(b: &mut Builder, x: Lit, y: Lit, z: Lit) -> (Lit, Lit) {
    let sum = b.xor(x, y);
    (b.xor(sum, z), prefix::majority(b, x, y, z))
}

/// The bits of a column, latest first, so that the earliest is taken from the end; constants count as earliest.
struct Column(Vec<(u32, Lit)>);

impl Column {
    fn new(b: &Builder, bits: Vec<Lit>) -> Self {
        let mut keyed: Vec<(u32, Lit)> = bits.into_iter().map(|l| (b.level(l), l)).collect();
        keyed.sort_unstable_by(|x, y| y.cmp(x));
        Self(keyed)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// The earliest bit, or false.
    fn take(&mut self) -> Lit {
        self.0.pop().map_or(Lit::FALSE, |(_, l)| l)
    }

    fn put(&mut self, b: &Builder, bit: Lit) {
        let key = (b.level(bit), bit);
        let at = self.0.partition_point(|&k| k > key);
        self.0.insert(at, key);
    }

    fn take_all(&mut self) -> Vec<Lit> {
        std::mem::take(&mut self.0)
            .into_iter()
            .map(|(_, l)| l)
            .collect()
    }
}
