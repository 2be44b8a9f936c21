//! A program as an auditor tries it: its inputs as records of cells, its runs as views of coalitions.
//!
//! A record is what belongs to one person or thing: a row of a table, an element of an array, or all scalars that one party
//! gives. A view is all that a coalition learns: the results that its members receive and what is revealed to everybody.

use super::constants::constants;
use super::texts::{self, Like};
use crate::ir::interpret::Ready;
use crate::ir::unused::Unused;
use crate::ir::{Ir, Op, Region};
use crate::passes;
use crate::reveals::{DisclosureKind, reveals};
use crate::session::LocalChoice;
use crate::span::Span;
use smpcc_circuit::ids::{InputId, OutputId, ValueId};
use smpcc_circuit::program::{ParamShape, ShapeNode};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Form, Integer, Scalar, Word};

/// By record and cell, the values that meet a comparison which is rarely met.
pub(super) type Compared = SortedMap<(usize, usize), SortedSet<i128>>;

/// Two cells, each a record and a number of it, that the program tests for equality.
pub(super) type Equated = SortedSet<[(usize, usize); 2]>;

/// The lanes of each input leaf.
pub(super) type Inputs = Vec<Vec<Word>>;

/// Cells with fewer values than this have no inner values: what pins them at an end says nothing of the middle.
const FEW: i128 = 5;

/// Floats that are tried are multiples of one part in so many: sums and products of them are exact, and as they are for integers.
const GRID: f64 = 16.0;

/// The greatest float that is tried, in steps of the grid.
const MOST_FLOAT: i128 = 1 << 14;

/// What all runs together may take, in lanes that are computed.
const MOST_WORK: u64 = 1 << 29;

/// What a node takes besides, in lanes.
const NODE_WORK: u64 = 8;

/// Iterations that a loop is taken to have whose number is known only when it runs.
const USUAL_ITERATIONS: u64 = 32;

/// Lanes that a run computes, about.
pub(super) fn work(ir: &Ir, region: &Region) -> u64 {
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
    /// How its words are written.
    pub form: Form,
    /// As messages call it: `rows[2].age`.
    pub name: String,
}

impl Cell {
    /// Whether it has so few values that each is an end.
    pub fn is_small(&self) -> bool {
        self.hi.saturating_sub(self.lo) < FEW - 1
    }

    /// Whether it says which variant a record has, and another cell is what a variant holds.
    pub fn is_tag_of(&self, held: &Self) -> bool {
        let rest = held.name.strip_prefix(self.name.as_str());
        self.is_small() && rest.is_some_and(|rest| rest.starts_with('.'))
    }

    /// The value so many steps from one; a step of a text is one of its last letter.
    pub fn next(&self, here: i128, steps: i128) -> i128 {
        let step = match self.form {
            Form::Text => texts::step(self.scalar, here),
            _ => 1,
        };
        here.saturating_add(steps.saturating_mul(step))
    }

    /// A value from the first of two to the second, at random; texts are of letters where some there are.
    pub fn any(&self, lo: i128, hi: i128, rng: &mut SplitMix) -> i128 {
        if self.form == Form::Text {
            let value = texts::number(self.scalar, texts::draw(self.scalar, Like::Any, rng));
            return value.clamp(lo, hi);
        }
        let room = u64::try_from(hi.saturating_sub(lo));
        let room = room.map_or(u64::MAX, |room| room.saturating_add(1));
        lo.saturating_add(rng.below(room).into())
    }

    /// A number that cells of one field share, whoever gives them.
    pub fn leaf_turn(&self) -> u64 {
        let letters = self.name.bytes().filter(|b| !b.is_ascii_digit());
        letters.fold(7, |hash: u64, b| {
            hash.wrapping_mul(31).wrapping_add(u64::from(b))
        })
    }

    /// Its value, as it is counted with: see [`word_of`].
    pub fn get(&self, inputs: &Inputs) -> i128 {
        let word = self.word(inputs);
        match self.form {
            Form::Float => (float(self.scalar, word) * GRID).round() as i128,
            Form::Text => texts::number(self.scalar, word),
            _ => counted(self.scalar, Integer::of(self.scalar, word)).unwrap_or(self.hi),
        }
    }

    fn word(&self, inputs: &Inputs) -> Word {
        let word = inputs.get(self.leaf).and_then(|l| l.get(self.lane));
        word.copied().unwrap_or(0)
    }

    /// The integer that its word denotes.
    pub fn integer(&self, inputs: &Inputs) -> Integer {
        Integer::of(self.scalar, self.word(inputs))
    }

    /// The value of an integer that it can have.
    pub fn of_integer(&self, integer: Integer) -> Option<i128> {
        let value = match self.form {
            Form::Text => texts::of_integer(self.scalar, integer)?,
            _ => counted(self.scalar, integer)?,
        };
        (self.lo..=self.hi).contains(&value).then_some(value)
    }

    /// Gives it a value within its range; whether that was one.
    pub fn set(&self, inputs: &mut Inputs, value: i128) -> bool {
        if value < self.lo || value > self.hi {
            return false;
        }
        if let Some(word) = inputs.get_mut(self.leaf).and_then(|l| l.get_mut(self.lane)) {
            *word = word_of(self.scalar, self.form, value);
        }
        true
    }
}

/// A float's number.
pub(super) fn float(scalar: Scalar, word: Word) -> f64 {
    match scalar.width() {
        32 => f64::from(f32::from_bits(word as u32)),
        _ => f64::from_bits(word as u64),
    }
}

/// Whether integers of a type are counted from the middle of their range, for not all are `i128`.
pub(super) fn is_from_middle(scalar: Scalar) -> bool {
    scalar.width() == 128 && !scalar.is_signed()
}

/// What an integer is counted with.
fn counted(scalar: Scalar, integer: Integer) -> Option<i128> {
    match is_from_middle(scalar) {
        true => (!integer.is_negative()).then_some((integer.word() ^ MIDDLE) as i128),
        false => integer.to_i128(),
    }
}

/// The middle of the widest unsigned type.
const MIDDLE: Word = 1 << 127;

/// The word of a number; that of a float is on the grid, one of `u128` is counted from the middle, and texts are counted in their order.
pub(super) fn word_of(scalar: Scalar, form: Form, value: i128) -> Word {
    match (form, scalar.width()) {
        (Form::Text, _) => texts::word(scalar, value),
        _ if is_from_middle(scalar) => value as Word ^ MIDDLE,
        (Form::Float, 32) => Word::from((value as f32 / GRID as f32).to_bits()),
        (Form::Float, _) => Word::from((value as f64 / GRID).to_bits()),
        _ => scalar.wrap(value as Word),
    }
}

/// So many of some places, at random.
pub(super) fn some(from: &[usize], most: usize, rng: &mut SplitMix) -> Vec<usize> {
    let mut rest = from.to_vec();
    while rest.len() > most {
        let drop = rng.below(rest.len() as u64) as usize;
        rest.swap_remove(drop);
    }
    rest
}

/// The items of two views that differ, and those that only one of them has.
pub(super) fn differences(a: &View, b: &View) -> Vec<Item> {
    let same_items = a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.0 == y.0);
    if same_items {
        let differ = |(x, y): &(&(Item, u128), &(Item, u128))| x.1 != y.1;
        return a.iter().zip(b).filter(differ).map(|(x, _)| x.0).collect();
    }
    let by_item = |v: &View| v.iter().copied().collect::<SortedMap<Item, u128>>();
    let (a, b) = (by_item(a), by_item(b));
    let items: SortedSet<Item> = a.keys().chain(b.keys()).copied().collect();
    let differ = |item: &Item| a.get(item) != b.get(item);
    items.into_iter().filter(differ).collect()
}

/// Values near one that a number may have instead.
pub(super) fn near(cell: &Cell, here: i128) -> Vec<i128> {
    match cell.is_small() {
        true => (cell.lo..=cell.hi).filter(|v| *v != here).collect(),
        false => [1, -1, 2, -2]
            .iter()
            .map(|d| cell.next(here, *d))
            .filter(|v| (cell.lo..=cell.hi).contains(v))
            .collect(),
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
    pub fast: Ready,
    pub records: Vec<Record>,
    /// The leaves of one party's parts of draws: they stand for what all parties draw together.
    pub draws: Vec<usize>,
    /// Where inputs hold nothing.
    pub unused: Unused,
    /// What each result was in the first run that came to its end, and whether it has been something else since.
    results: Vec<(Option<Vec<Word>>, bool)>,
    /// How results are written.
    output_forms: Vec<Form>,
    /// The parties whose inputs are known to who looks.
    pub known: Vec<u32>,
    /// Results of as many numbers each that come out in one drawn order: what they say is which rows there are.
    pub shuffled: Vec<Vec<Origin>>,
    /// Numbers that stand in the program, ascending.
    pub constants: Vec<Integer>,
    /// What it compares single numbers with, once that was looked at.
    pub compared: Compared,
    /// Which single numbers it tests for equality, once that was looked at.
    pub equated: Equated,
    /// Runs so far.
    pub runs: u64,
    /// Runs that all coalitions together may take, by what one takes.
    pub affordable: u64,
    /// Runs that are allowed.
    pub most: u64,
}

impl<'a> Subject<'a> {
    pub fn new(ir: &'a Ir) -> Self {
        let fast = passes::optimise(ir.clone(), 2, LocalChoice::Off, &mut |_, _| {});
        let affordable = (MOST_WORK / work(&fast, &fast.body).max(1)).max(1);
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
            fast: Ready::new(fast),
            records,
            draws: (0..ir.inputs.len())
                .filter(|&leaf| {
                    let leaf = &ir.inputs[leaf];
                    leaf.drawn && leaf.party == 0 && leaf.lanes > 0
                })
                .collect(),
            output_forms: {
                let forms = ir.forms();
                let ids = (0..ir.outputs.len()).map(OutputId::new);
                ids.map(|id| forms.output(id)).collect()
            },
            unused: Unused::of(ir),
            results: vec![(None, false); ir.outputs.len()],
            known: Vec::new(),
            shuffled: Vec::new(),
            constants: constants(ir),
            compared: Compared::new(),
            equated: Equated::new(),
            runs: 0,
            affordable,
            most: affordable,
        }
    }

    /// The records of those who are not among who looks.
    pub fn honest(&self) -> Vec<usize> {
        let all = self.records.iter().enumerate();
        all.filter(|(_, r)| !self.known.contains(&r.party))
            .map(|(at, _)| at)
            .collect()
    }

    /// Whether a number of a view is a float.
    pub fn is_float(&self, item: Item) -> bool {
        match item.0 {
            Origin::Output(id) => self.output_forms.get(id.index()) == Some(&Form::Float),
            Origin::Reveal(_) | Origin::Stopped(_) => false,
        }
    }

    /// A number of a view to be counted with: differences of two of one item are right up to a float's precision.
    pub fn number(&self, item: Item, word: Word) -> f64 {
        match item.0 {
            Origin::Output(id) if self.is_float(item) => {
                float(self.ir.outputs[id.index()].scalar, word)
            }
            Origin::Output(id) => {
                let whole = Integer::of(self.ir.outputs[id.index()].scalar, word).to_i128();
                whole.map_or(word as f64, |whole| whole as f64)
            }
            Origin::Reveal(_) | Origin::Stopped(_) => word as f64,
        }
    }

    /// The results that depend on secrets and were the same in every run that came to its end.
    pub fn unvaried(&self) -> Vec<OutputId> {
        let all = reveals(self.ir);
        let depends = |path: &str| {
            all.iter().any(|d| {
                d.kind == DisclosureKind::Output && d.label == path && !d.sources.is_empty()
            })
        };
        let results = self.results.iter().enumerate();
        let same = results.filter(|(id, (first, varies))| {
            let has_any = first.as_ref().is_some_and(|words| !words.is_empty());
            has_any && !varies && depends(&self.ir.outputs[*id].path)
        });
        same.map(|(id, _)| OutputId::new(id)).collect()
    }

    /// Whether there are runs left.
    pub fn may_run(&self) -> bool {
        self.runs < self.most
    }

    /// Runs the program: what a coalition sees.
    pub fn view(&mut self, inputs: &Inputs, coalition: &[u32]) -> View {
        self.runs += 1;
        let mut view = View::new();
        let (run, revealed) = self.fast.watch(&self.unused.cleared(inputs));
        match run {
            Ok(outputs) => {
                for ((first, varies), words) in self.results.iter_mut().zip(&outputs) {
                    if !*varies {
                        *varies = first.get_or_insert_with(|| words.clone()) != words;
                    }
                }
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
        in_order(&mut view, &self.shuffled);
        view
    }
}

/// Puts rows that come out in a drawn order in one that says nothing.
fn in_order(view: &mut View, shuffled: &[Vec<Origin>]) {
    for group in shuffled {
        let columns: Vec<Vec<usize>> = (group.iter())
            .map(|origin| {
                let places = view.iter().enumerate();
                let own = places.filter(|(_, ((o, _), _))| o == origin);
                own.map(|(place, _)| place).collect()
            })
            .collect();
        let n = columns.iter().map(Vec::len).min().unwrap_or(0);
        let row = |k: usize| columns.iter().map(|c| view[c[k]].1).collect::<Vec<Word>>();
        let mut rows: Vec<Vec<Word>> = (0..n).map(row).collect();
        rows.sort_unstable();
        for (k, row) in rows.iter().enumerate() {
            for (column, word) in columns.iter().zip(row) {
                view[column[k]].1 = *word;
            }
        }
    }
}

/// The ends of a leaf's values, as far as they can be counted with.
pub(super) fn ends(scalar: Scalar, form: Form, range: Option<(Integer, Integer)>) -> (i128, i128) {
    if form == Form::Float {
        return (-MOST_FLOAT, MOST_FLOAT);
    }
    if form == Form::Text {
        return (0, texts::last(scalar));
    }
    if let Some((lo, hi)) = range
        && let (Some(lo), Some(hi)) = (counted(scalar, lo), counted(scalar, hi))
    {
        return (lo, hi);
    }
    let width = scalar.width();
    if scalar.is_signed() || is_from_middle(scalar) {
        let top = i128::MAX >> 128u32.saturating_sub(width);
        (-top - 1, top)
    } else {
        (0, scalar.mask() as i128)
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
    let form = ir.forms().input(InputId::new(leaf));
    let (lo, hi) = ends(input.scalar, form, input.range);
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
                form,
                name,
            }
        })
        .collect()
}
