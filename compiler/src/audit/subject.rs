//! A program as an auditor tries it: its inputs as records of cells, its runs as views of coalitions.
//!
//! A record is what belongs to one person or thing: a row of a table, an element of an array, or all scalars that one party
//! gives. A view is all that a coalition learns: the results that its members receive and what is revealed to everybody.

use crate::ir::interpret::watch;
use crate::ir::{Ir, Op, Region};
use crate::passes;
use crate::session::LocalChoice;
use crate::span::Span;
use smpcc_circuit::ids::{OutputId, ValueId};
use smpcc_circuit::program::{ParamShape, ShapeNode};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Integer, Scalar, Word};

/// The lanes of each input leaf.
pub(super) type Inputs = Vec<Vec<Word>>;

/// Cells with fewer values than this have no inner values: what pins them at an end says nothing of the middle.
const FEW: i128 = 5;

/// What all runs together may take, in lanes that are computed.
const MOST_WORK: u64 = 1 << 29;

/// What a node takes besides, in lanes.
const NODE_WORK: u64 = 8;

/// Iterations that a loop is taken to have whose number is known only when it runs.
const USUAL_ITERATIONS: u64 = 32;

/// Lanes that a run computes, about.
fn work(ir: &Ir, region: &Region) -> u64 {
    let lanes = |id: &ValueId| ir.values.get(id.index()).map_or(0, |v| v.ty.lanes);
    let nodes = region.nodes.iter().map(|node| {
        let own: u64 = node
            .results
            .iter()
            .map(lanes)
            .fold(NODE_WORK, u64::saturating_add);
        let read: u64 = node.args.iter().map(lanes).fold(0, u64::saturating_add);
        let times = match &node.op {
            Op::Loop { count } => count.unwrap_or(USUAL_ITERATIONS),
            Op::While => USUAL_ITERATIONS,
            _ => 1,
        };
        let inner = node.regions.iter().map(|inner| work(ir, inner));
        let inner = inner.fold(0, u64::saturating_add);
        // Reductions read more than they give.
        own.max(read).saturating_add(inner.saturating_mul(times))
    });
    nodes.fold(0, u64::saturating_add)
}

/// One number of an input.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Its leaf among the inputs.
    pub leaf: usize,
    /// Its lane in the leaf.
    pub lane: usize,
    /// The least value.
    pub lo: i128,
    /// The greatest value.
    pub hi: i128,
    /// Its type.
    pub scalar: Scalar,
    /// As messages call it: `rows[2].age`.
    pub name: String,
}

impl Cell {
    /// Whether it has so few values that each is an end.
    pub fn is_small(&self) -> bool {
        self.hi.saturating_sub(self.lo) < FEW - 1
    }

    /// A number that cells of one field share, whoever gives them.
    pub fn leaf_turn(&self) -> u64 {
        let letters = self.name.bytes().filter(|b| !b.is_ascii_digit());
        letters.fold(7, |hash: u64, b| {
            hash.wrapping_mul(31).wrapping_add(u64::from(b))
        })
    }

    /// Its value.
    pub fn get(&self, inputs: &Inputs) -> i128 {
        let word = inputs.get(self.leaf).and_then(|l| l.get(self.lane));
        Integer::of(self.scalar, word.copied().unwrap_or(0))
            .to_i128()
            .unwrap_or(self.hi)
    }

    /// Gives it a value within its range; whether that was one.
    pub fn set(&self, inputs: &mut Inputs, value: i128) -> bool {
        if value < self.lo || value > self.hi {
            return false;
        }
        if let Some(word) = inputs.get_mut(self.leaf).and_then(|l| l.get_mut(self.lane)) {
            *word = self.scalar.wrap(value as Word);
        }
        true
    }
}

/// What belongs to one person or thing.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Whose it is.
    pub party: u32,
    /// As messages call it: `row 2 of rows`, or nothing where it is all that the party gives.
    pub name: String,
    /// Its numbers.
    pub cells: Vec<Cell>,
}

/// Where an item of a view comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A leaf of the result.
    Output(OutputId),
    /// A `reveal` or an `assert` in the source.
    Reveal(Span),
    /// The place where the run stopped.
    Stopped(Span),
}

/// Which number of a view: its origin, and the how-manieth of that origin.
pub(super) type Item = (Origin, usize);

/// What a coalition learns in one run.
pub(super) type View = Vec<(Item, Word)>;

/// The program with its records.
pub(super) struct Subject<'a> {
    pub ir: &'a Ir,
    /// The same, optimised: it gives the same results, runs faster, and reveals together what parties open together.
    pub fast: Ir,
    pub records: Vec<Record>,
    /// The leaves of one party's parts of draws: they stand for what all parties draw together.
    pub draws: Vec<usize>,
    /// Runs so far.
    pub runs: u64,
    /// Runs that are allowed.
    pub most: u64,
}

impl<'a> Subject<'a> {
    pub fn new(ir: &'a Ir, most: u64) -> Self {
        let fast = passes::optimise(ir.clone(), 2, LocalChoice::Off, &mut |_, _| {});
        let most = most.min(MOST_WORK / work(&fast, &fast.body).max(1)).max(1);
        let mut records: Vec<Record> = Vec::new();
        for param in &ir.params {
            for record in records_of(ir, param) {
                let whole = record.name.is_empty();
                let same = |r: &&mut Record| whole && r.name.is_empty() && r.party == record.party;
                match records.iter_mut().find(same) {
                    Some(known) => known.cells.extend(record.cells),
                    None => records.push(record),
                }
            }
        }
        Self {
            ir,
            fast,
            records,
            draws: (0..ir.inputs.len())
                .filter(|&leaf| {
                    let leaf = &ir.inputs[leaf];
                    leaf.drawn && leaf.party == 0 && leaf.lanes > 0
                })
                .collect(),
            runs: 0,
            most,
        }
    }

    /// Whether there are runs left.
    pub fn may_run(&self) -> bool {
        self.runs < self.most
    }

    /// Runs the program: what a coalition sees.
    pub fn view(&mut self, inputs: &Inputs, coalition: &[u32]) -> View {
        self.runs += 1;
        let mut view = View::new();
        let (run, revealed) = watch(&self.fast, inputs);
        match run {
            Ok(outputs) => {
                for (id, leaf) in self.ir.outputs.iter().enumerate() {
                    if !leaf.receivers.iter().any(|r| coalition.contains(r)) {
                        continue;
                    }
                    let origin = Origin::Output(OutputId::new(id));
                    let words = outputs.get(id).into_iter().flatten();
                    view.extend(words.enumerate().map(|(k, w)| ((origin, k), *w)));
                }
            }
            // What was revealed before is known all the same.
            Err(stopped) => view.push(((Origin::Stopped(stopped.span), 0), 1)),
        }
        let mut counts: Vec<(Span, usize)> = Vec::new();
        for revealed in revealed {
            let found = counts.iter().position(|(span, _)| *span == revealed.span);
            let slot = found.unwrap_or_else(|| {
                counts.push((revealed.span, 0));
                counts.len() - 1
            });
            for word in revealed.words {
                if let Some((span, n)) = counts.get_mut(slot) {
                    view.push(((Origin::Reveal(*span), *n), word));
                    *n += 1;
                }
            }
        }
        view
    }

    /// Inputs at random: all over their ranges, small, or near each other, with some that are equal.
    pub fn draw(&self, rng: &mut SplitMix) -> Inputs {
        let mut inputs: Inputs = Vec::new();
        let mode = rng.below(3);
        let centre = u128::from(rng.draw()) << 64 | u128::from(rng.draw());
        for leaf in &self.ir.inputs {
            if leaf.drawn {
                let part = |_| match leaf.party {
                    0 => leaf.scalar.wrap(rng.word()),
                    _ => 0,
                };
                inputs.push((0..leaf.lanes).map(part).collect());
                continue;
            }
            let (lo, hi) = ends(leaf.scalar, leaf.range);
            let span = hi.wrapping_sub(lo) as u128;
            // Small numbers: those right above zero, or above the least where zero is not among them.
            let zero = match lo <= 0 && hi >= 0 {
                true => lo.unsigned_abs(),
                false => 0,
            };
            let mut words: Vec<Word> = Vec::new();
            for _ in 0..leaf.lanes {
                let any = u128::from(rng.draw()) << 64 | u128::from(rng.draw());
                let within = |x: u128| match span.checked_add(1) {
                    Some(n) => x % n,
                    None => x,
                };
                let offset = match mode {
                    0 => within(any),
                    1 => zero.saturating_add(any % 17).min(span),
                    _ => within(centre).saturating_add(any % 9).min(span),
                };
                let again = words.len() > 1 && rng.one_in(8);
                let word = match again {
                    true => words[rng.below(words.len() as u64) as usize],
                    false => leaf.scalar.wrap((lo as u128).wrapping_add(offset)),
                };
                words.push(word);
            }
            inputs.push(words);
        }
        inputs
    }

    /// The same inputs with other draws.
    pub fn with_other_draws(&self, inputs: &Inputs, rng: &mut SplitMix) -> Inputs {
        let mut new = inputs.clone();
        for &leaf in &self.draws {
            let scalar = self.ir.inputs[leaf].scalar;
            for word in &mut new[leaf] {
                *word = scalar.wrap(rng.word());
            }
        }
        new
    }

    /// How many bits are drawn altogether.
    pub fn drawn_bits(&self) -> u64 {
        let bits = |&leaf: &usize| {
            let leaf = &self.ir.inputs[leaf];
            leaf.lanes.saturating_mul(leaf.scalar.width().into())
        };
        self.draws.iter().map(bits).fold(0, u64::saturating_add)
    }

    /// Gives draws of at most 64 bits altogether the bits of a number.
    pub fn set_draws(&self, inputs: &mut Inputs, mut bits: u64) {
        for &leaf in &self.draws {
            let scalar = self.ir.inputs[leaf].scalar;
            for word in &mut inputs[leaf] {
                *word = scalar.wrap(bits.into());
                bits = bits.checked_shr(scalar.width()).unwrap_or(0);
            }
        }
    }

    /// One word of a draw, by leaf and lane, somewhere near or anew.
    pub fn shake(&self, inputs: &mut Inputs, (leaf, lane): (usize, usize), rng: &mut SplitMix) {
        let scalar = self.ir.inputs[leaf].scalar;
        let word = &mut inputs[leaf][lane];
        *word = scalar.wrap(match rng.below(8) {
            0 => word.wrapping_add(1 + Word::from(rng.below(2))),
            1 => word.wrapping_sub(1 + Word::from(rng.below(2))),
            // What a step of a number changes in a pad.
            2 | 3 => *word ^ ((2 << rng.below(3)) - 1),
            _ => rng.word(),
        });
    }

    /// Draws one record anew; the rest stays.
    pub fn redraw(&self, inputs: &Inputs, record: &Record, rng: &mut SplitMix) -> Inputs {
        let other = self.draw(rng);
        let mut new = inputs.clone();
        for cell in &record.cells {
            cell.set(&mut new, cell.get(&other));
        }
        new
    }
}

/// The ends of a leaf's values, as far as they can be counted with.
fn ends(scalar: Scalar, range: Option<(Integer, Integer)>) -> (i128, i128) {
    if let Some((lo, hi)) = range
        && let (Some(lo), Some(hi)) = (lo.to_i128(), hi.to_i128())
    {
        return (lo, hi);
    }
    let width = scalar.width();
    if scalar.is_signed() {
        let top = i128::MAX >> 128u32.saturating_sub(width);
        (-top - 1, top)
    } else {
        (0, (scalar.mask() & Word::from(i128::MAX as u128)) as i128)
    }
}

/// The records of what one party gives for one parameter.
fn records_of(ir: &Ir, param: &ParamShape) -> Vec<Record> {
    let leaves: Vec<usize> = param.leaves.iter().map(|id| id.index()).collect();
    let secret = |leaf: &&usize| ir.inputs.get(**leaf).is_some_and(|l| !l.public);
    let leaves: Vec<usize> = leaves.iter().filter(secret).copied().collect();
    let rows = match param.shape.0.first() {
        Some(ShapeNode::Array(len)) => rows(ir, param, *len),
        _ => None,
    };
    let n = rows.unwrap_or(1);
    (0..n)
        .map(|row| Record {
            party: param.party,
            name: match rows {
                Some(_) => format!("`{}[{row}]`", param.name),
                None => String::new(),
            },
            cells: leaves
                .iter()
                .flat_map(|leaf| cells(ir, *leaf, row, n, rows.is_some()))
                .collect(),
        })
        .filter(|record| !record.cells.is_empty())
        .collect()
}

/// How many rows an array has: its leaves tell where its length comes from the data.
fn rows(ir: &Ir, param: &ParamShape, len: Option<u64>) -> Option<u64> {
    if len.is_some() {
        return len;
    }
    // A leaf right below the array has one lane for each row; others have a multiple.
    let lanes = |id: &smpcc_circuit::ids::InputId| ir.inputs.get(id.index()).map(|l| l.lanes);
    let inner: u64 = param.shape.0[1..]
        .iter()
        .take_while(|node| matches!(node, ShapeNode::Array(_)))
        .map(|node| match node {
            ShapeNode::Array(Some(n)) => *n,
            _ => 1,
        })
        .product();
    let least = param.leaves.iter().filter_map(lanes).min()?;
    Some(least / inner.max(1))
}

/// The cells of one leaf that belong to a row.
fn cells(ir: &Ir, leaf: usize, row: u64, rows: u64, named: bool) -> Vec<Cell> {
    let Some(input) = ir.inputs.get(leaf) else {
        return Vec::new();
    };
    let per = input.lanes / rows.max(1);
    let (lo, hi) = ends(input.scalar, input.range);
    (0..per)
        .map(|k| {
            let mut name = input.path.clone();
            if named {
                name = name.replacen("[]", &format!("[{row}]"), 1);
            }
            if per > 1 {
                name = match name.contains("[]") {
                    true => name.replacen("[]", &format!("[{k}]"), 1),
                    false => format!("{name} ({k})"),
                };
            }
            Cell {
                leaf,
                lane: (row * per + k) as usize,
                lo,
                hi,
                scalar: input.scalar,
                name,
            }
        })
        .collect()
}
