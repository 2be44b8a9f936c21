//! Inputs that are tried: at random, and such that meet what a program asks for.
//!
//! Numbers at random hardly ever equal one that the program compares with, and hardly ever leave one record alone in a group. So besides them
//! each such number is given to a record, to all records, and one record is set apart from others that are alike.

use super::subject::{Cell, Inputs, Record, Subject, ends, is_from_middle, word_of};
use super::texts::{self, Like};
use smpcc_circuit::ids::InputId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Form, Word};

/// Numbers of a program that are tried for each field, at most.
const CONSTANTS: usize = 10;

/// Inputs that meet what a program asks for, at most.
const PLANTED: usize = 80;

/// How far beyond a limit numbers are planted.
const BEYOND: i128 = 8;

/// Fields of more values than this are not the same for many records.
const GROUPED: i128 = 1 << 10;

impl Subject<'_> {
    /// The program's numbers that a cell can have, those rarely met at random: none where there are few values.
    pub fn constants_of(&self, cell: &Cell) -> Vec<i128> {
        let values = self.constants.iter();
        let all: Vec<i128> = match cell.is_small() {
            true => Vec::new(),
            false => values.filter_map(|c| cell.of_integer(*c)).collect(),
        };
        // Large numbers are hardly ever a count, a step or a place.
        all[all.len().saturating_sub(CONSTANTS)..].to_vec()
    }

    /// Inputs that meet what the program asks for, each by itself.
    pub fn planted(&self, rng: &mut SplitMix) -> Vec<Inputs> {
        let honest = self.honest();
        let mut fields: SortedMap<u64, Vec<(usize, usize)>> = SortedMap::new();
        for (r, record) in self.records.iter().enumerate() {
            for (c, cell) in record.cells.iter().enumerate() {
                fields.entry(cell.leaf_turn()).or_default().push((r, c));
            }
        }
        let mut all: Vec<Inputs> = Vec::new();
        for places in fields.values() {
            let Some(&(r, c)) = places.first() else {
                continue;
            };
            let is_honest = |place: &&(usize, usize)| honest.contains(&place.0);
            let ends = [
                places.iter().find(is_honest),
                places.iter().rev().find(is_honest),
                places.iter().find(|place| !is_honest(place)),
            ];
            let mut ends: Vec<(usize, usize)> = ends.into_iter().flatten().copied().collect();
            ends.dedup();
            for constant in self.constants_of(&self.records[r].cells[c]) {
                for &(r, c) in &ends {
                    let mut inputs = self.draw(rng);
                    self.records[r].cells[c].set(&mut inputs, constant);
                    all.push(inputs);
                }
                // Beyond a limit on either side, so far that steps do not cross it.
                if let Some(&(r, c)) = ends.first() {
                    for beyond in [
                        constant.saturating_sub(BEYOND),
                        constant.saturating_add(BEYOND),
                    ] {
                        let mut inputs = self.draw(rng);
                        if self.records[r].cells[c].set(&mut inputs, beyond) {
                            all.push(inputs);
                        }
                    }
                }
                let mut together = self.draw(rng);
                for &(r, c) in places {
                    self.records[r].cells[c].set(&mut together, constant);
                }
                all.push(together);
            }
        }
        while all.len() > PLANTED {
            let drop = rng.below(all.len() as u64) as usize;
            all.swap_remove(drop);
        }
        all.extend(self.met_together(rng));
        all
    }

    /// Inputs in which one record is apart and the others are alike in what makes groups.
    pub fn apart(&self, record: usize, rng: &mut SplitMix) -> Inputs {
        self.group(&[record], rng)
    }

    /// Inputs in which some records are alike in what makes groups, and the others are in another way.
    pub fn group(&self, records: &[usize], rng: &mut SplitMix) -> Inputs {
        let mut inputs = self.draw(rng);
        let mut usual: SortedMap<u64, [i128; 2]> = SortedMap::new();
        for (r, own) in self.records.iter().enumerate() {
            for cell in &own.cells {
                if cell.hi.saturating_sub(cell.lo) > GROUPED {
                    continue;
                }
                let two = usual.entry(cell.leaf_turn()).or_insert_with(|| {
                    let span = (cell.hi - cell.lo) as u64 + 1;
                    let any = |rng: &mut SplitMix| cell.lo + i128::from(rng.below(span));
                    let constants = self.constants_of(cell);
                    let other = match constants.is_empty() || records.len() == 1 && rng.one_in(3) {
                        true => any(rng),
                        false => rng.of(&constants),
                    };
                    let usual = any(rng);
                    // Of several in a group it must be another one.
                    let next = if other < cell.hi { other + 1 } else { cell.lo };
                    match records.len() > 1 && usual == other {
                        true => [next, other],
                        false => [usual, other],
                    }
                });
                cell.set(&mut inputs, two[usize::from(records.contains(&r))]);
            }
        }
        inputs
    }

    /// Inputs at random: all over their ranges, small, or near each other, with some that are equal.
    pub fn draw(&self, rng: &mut SplitMix) -> Inputs {
        let mode = rng.below(3);
        self.draw_as(mode, rng)
    }

    /// Inputs at random, all over their ranges.
    pub fn draw_wide(&self, rng: &mut SplitMix) -> Inputs {
        self.draw_as(0, rng)
    }

    fn draw_as(&self, mode: u64, rng: &mut SplitMix) -> Inputs {
        let mut inputs: Inputs = Vec::new();
        let forms = self.ir.forms();
        let centre = u128::from(rng.draw()) << 64 | u128::from(rng.draw());
        for (id, leaf) in self.ir.inputs.iter().enumerate() {
            if leaf.drawn {
                let part = |_| match leaf.party {
                    0 => leaf.scalar.wrap(rng.word()),
                    _ => 0,
                };
                inputs.push((0..leaf.lanes).map(part).collect());
                continue;
            }
            let form = forms.input(InputId::new(id));
            let (lo, hi) = ends(leaf.scalar, form, leaf.range);
            let span = hi.wrapping_sub(lo) as u128;
            // Small numbers: those right above zero, or above the least where zero is not among them.
            let zero = match lo <= 0 && hi >= 0 && !is_from_middle(leaf.scalar) {
                true => lo.unsigned_abs(),
                false => 0,
            };
            // As many as there are from a number on, so that none comes too often.
            let near = |from: u128, n: u128, any: u128| {
                let room = (span - from.min(span)).saturating_add(1);
                from.min(span) + any % n.min(room)
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
                    1 => near(zero.min(span.saturating_sub(16)), 17, any),
                    _ => near(within(centre), 9, any),
                };
                let again = words.len() > 1 && rng.one_in(8);
                let word = match again {
                    true => words[rng.below(words.len() as u64) as usize],
                    false if form == Form::Text => {
                        let like = like(mode, centre as u64);
                        texts::draw(leaf.scalar, like, rng)
                    }
                    false => word_of(leaf.scalar, form, lo.wrapping_add(offset as i128)),
                };
                words.push(word);
            }
            inputs.push(words);
        }
        inputs
    }

    /// The same inputs with other numbers of who looks: a number of the others, one within its range, or one of any size.
    pub fn with_own(&self, inputs: &Inputs, rng: &mut SplitMix) -> Inputs {
        let mut new = inputs.clone();
        let is_own = |r: &&Record| self.known.contains(&r.party);
        let theirs = self.records.iter().filter(|r| !is_own(r));
        let theirs: Vec<&Cell> = theirs.flat_map(|r| &r.cells).collect();
        for cell in self.records.iter().filter(is_own).flat_map(|r| &r.cells) {
            let meets = |other: &&&Cell| {
                (other.form == Form::Float) == (cell.form == Form::Float)
                    && other.lo.max(cell.lo) <= other.hi.min(cell.hi)
            };
            let meeting: Vec<&Cell> = theirs.iter().filter(meets).copied().collect();
            let (lo, hi) = match (rng.below(3), meeting.is_empty()) {
                (0, _) | (_, true) => of_any_size(cell, rng),
                (turn, false) => {
                    let other = rng.of(&meeting);
                    let there = other.get(inputs);
                    match turn == 1 && (cell.lo..=cell.hi).contains(&there) {
                        true => (there, there),
                        false => (other.lo.max(cell.lo), other.hi.min(cell.hi)),
                    }
                }
            };
            cell.set(&mut new, cell.any(lo, hi, rng));
        }
        new
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

    /// Changes one word of a draw by as much as something else has changed.
    pub fn take_back(
        &self,
        inputs: &mut Inputs,
        (leaf, lane): (usize, usize),
        (before, after): (Word, Word),
        rng: &mut SplitMix,
    ) {
        let scalar = self.ir.inputs[leaf].scalar;
        let word = &mut inputs[leaf][lane];
        *word = scalar.wrap(match rng.below(3) {
            0 => *word ^ before ^ after,
            1 => word.wrapping_add(before).wrapping_sub(after),
            _ => word.wrapping_add(after).wrapping_sub(before),
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

/// How texts are drawn.
const fn like(mode: u64, centre: u64) -> Like {
    match mode {
        0 => Like::Any,
        1 => Like::Short,
        _ => Like::Near(centre),
    }
}

/// The numbers of a cell from zero, or its least, up to some power of two more.
fn of_any_size(cell: &Cell, rng: &mut SplitMix) -> (i128, i128) {
    let zero = cell.lo.max(0).min(cell.hi);
    let room = cell.hi.saturating_sub(zero);
    let bits = u64::from(i128::BITS - room.leading_zeros());
    let size = 1i128 << rng.below(bits.max(1));
    (zero, zero.saturating_add(room.min(size)))
}
