//! What a program compares single numbers with: a look at both sides of its comparisons, as it runs on numbers at random.
//!
//! A branch that waits for two numbers at once (a code and a pin, or one of each of two parties) is not met by trying one at a time.
//! So it is seen which numbers stand, as they were given, on one side of a comparison whose other side is known, and inputs are made at
//! which many of them meet together what is met rarely (Aschermann et al., "REDQUEEN", NDSS 2019).

use super::subject::{Cell, Compared, Equated, Inputs, Subject, work};
use crate::ir::interpret::watch;
use crate::ir::{Ir, Node, Op, Region, Value};
use crate::span::{FileId, Span};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Form, Integer};

/// Inputs at random at which it is looked at the sides of comparisons.
const LOOKS: usize = 3;

/// Numbers of fewer values are met at random.
const RARE: i128 = 1 << 8;

/// Words of one comparison that are looked at, at most.
const LANES: usize = 256;

/// Numbers that one cell is compared with, at most.
const MOST: usize = 8;

/// Inputs at which comparisons are met together.
const TOGETHER: usize = 24;

/// The file of spans that are none.
const MARK: FileId = FileId(u32::MAX);

/// A limit that fewer than one of so many values are beyond is rarely met.
const BEYOND: i128 = 64;

/// So far beyond a limit numbers are put that small steps do not cross it.
const AWAY: i128 = 5;

/// What one run may take at which it is looked at comparisons: it is not optimised, and all that is compared is kept.
const MOST_WORK: u64 = 1 << 20;

/// From what inputs follow at which comparisons are looked at.
const SEED: u64 = 0xc03b_a2ed;

/// The program with both sides of each comparison opened: their places are numbered in pairs. Of each side, whether the two are tested for
/// equality.
fn opened(ir: &Ir) -> (Ir, Vec<bool>) {
    let mut ir = ir.clone();
    let mut body = std::mem::take(&mut ir.body);
    let mut sides = Vec::new();
    open(&mut body, &mut ir.values, &mut sides);
    ir.body = body;
    (ir, sides)
}

fn open(region: &mut Region, values: &mut Vec<Value>, sides: &mut Vec<bool>) {
    let mut nodes = Vec::new();
    for mut node in std::mem::take(&mut region.nodes) {
        for inner in &mut node.regions {
            open(inner, values, sides);
        }
        if let (Op::Word(op @ (WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le)), &[a, b]) =
            (&node.op, node.args.as_slice())
        {
            for side in [a, b] {
                let result = ValueId::new(values.len());
                values.extend(values.get(side.index()).cloned());
                nodes.push(Node {
                    op: Op::Reveal(Form::Plain),
                    args: vec![side],
                    results: vec![result],
                    regions: Vec::new(),
                    span: Span::new(MARK, sides.len(), sides.len()),
                    ..node.clone()
                });
                sides.push(matches!(op, WordOp::Eq | WordOp::Ne));
            }
        }
        nodes.push(node);
    }
    region.nodes = nodes;
}

/// Which cells the program compares with which numbers, and which two cells it tests for equality.
fn compared(subject: &Subject<'_>, rng: &mut SplitMix) -> (Compared, Equated) {
    let (mut found, mut equated) = (Compared::new(), Equated::new());
    let (ir, tests) = opened(subject.ir);
    for _ in 0..LOOKS {
        let inputs = subject.draw_wide(rng);
        let mut places: SortedMap<Integer, (usize, usize)> = SortedMap::new();
        let mut fields: SortedMap<Integer, (usize, usize)> = SortedMap::new();
        for (r, record) in subject.records.iter().enumerate() {
            for (c, cell) in record.cells.iter().enumerate() {
                if cell.form != Form::Float && cell.hi.saturating_sub(cell.lo) >= RARE {
                    places.insert(cell.integer(&inputs), (r, c));
                }
                if cell.form != Form::Float && !cell.is_small() {
                    fields.insert(cell.integer(&inputs), (r, c));
                }
            }
        }
        if fields.is_empty() {
            break;
        }
        let (_, revealed) = watch(&ir, &subject.unused.cleared(&inputs));
        for pair in revealed.windows(2) {
            let [a, b] = pair else {
                continue;
            };
            let (at, next) = (a.span.start as usize, b.span.start as usize);
            if a.span.file != MARK || at % 2 != 0 || next != at + 1 {
                continue;
            }
            for (x, y) in a.words.iter().zip(&b.words).take(LANES) {
                let sides = [Integer::of(a.scalar, *x), Integer::of(b.scalar, *y)];
                let is_exact = tests.get(at).copied().unwrap_or(false);
                if let [Some(one), Some(other)] = sides.map(|side| fields.get(&side))
                    && is_exact
                {
                    equated.insert([*one.min(other), *one.max(other)]);
                }
                for (own, other) in [(sides[0], sides[1]), (sides[1], sides[0])] {
                    let Some(&(r, c)) = places.get(&own) else {
                        continue;
                    };
                    let cell = &subject.records[r].cells[c];
                    let limits = found.entry((r, c)).or_default();
                    // What somebody gives is no number of the program.
                    let limit = cell
                        .of_integer(other)
                        .filter(|_| !places.contains_key(&other));
                    let rare = limit.and_then(|limit| rarely(cell, limit, is_exact));
                    limits.extend(rare.filter(|_| limits.len() < MOST));
                }
            }
        }
    }
    found.retain(|_, limits| !limits.is_empty());
    (found, equated)
}

/// A value that meets a comparison which is rarely met: the number itself, or one beyond a limit that is near an end.
fn rarely(cell: &Cell, limit: i128, is_exact: bool) -> Option<i128> {
    let few = cell.hi.saturating_sub(cell.lo) / BEYOND;
    if is_exact {
        Some(limit)
    } else if cell.hi.saturating_sub(limit) < few {
        Some(limit.saturating_add(AWAY).min(cell.hi))
    } else if limit.saturating_sub(cell.lo) < few {
        Some(limit.saturating_sub(AWAY).max(cell.lo))
    } else {
        None
    }
}

impl Subject<'_> {
    /// Looks at what the program compares numbers with, where that does not take too long.
    pub fn look_at_comparisons(&mut self) {
        if work(self.ir, &self.ir.body) <= MOST_WORK {
            (self.compared, self.equated) = compared(self, &mut SplitMix::new(SEED));
        }
    }

    /// Inputs at which several comparisons are met together: all of them, or those of one record or two.
    pub fn met_together(&self, rng: &mut SplitMix) -> Vec<Inputs> {
        let records: SortedSet<usize> = self.compared.keys().map(|(r, _)| *r).collect();
        let records: Vec<usize> = records.into_iter().collect();
        // One number by itself is planted anyway.
        if self.compared.len() < 2 {
            return Vec::new();
        }
        let one = |turn: usize, rng: &mut SplitMix| {
            let mut inputs = self.draw(rng);
            let chosen = match turn % 4 {
                0 | 1 => records.clone(),
                2 => vec![rng.of(&records)],
                _ => vec![rng.of(&records), rng.of(&records)],
            };
            for ((r, c), limits) in &self.compared {
                let limits: Vec<i128> = limits.iter().copied().collect();
                if chosen.contains(r) {
                    self.records[*r].cells[*c].set(&mut inputs, rng.of(&limits));
                }
            }
            inputs
        };
        (0..TOGETHER).map(|turn| one(turn, rng)).collect()
    }
}
