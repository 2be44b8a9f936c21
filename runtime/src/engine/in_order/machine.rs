//! Takes the steps of a listing.

use std::sync::Arc;

use smpcc_circuit::eval::endless;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Program};
use smpcc_circuit::value::Word;
use zeroize::Zeroizing;

use super::super::execute::MAX_ITERATIONS;
use super::listing::{Block, Count, Indices, Listing, Moves, Place, Range, Step};
use crate::error::Error;
use crate::io::Secret;
use crate::mask::Mask;
use crate::party::PartyId;
use crate::protocols::{Operand, Suite, Value, clear};
use crate::ring::{Element, Elements, each};
use crate::words::{self, Places};

/// Steps after which a party looks whether the run goes on.
const TURN: u64 = 1 << 12;

/// A listing under way.
pub struct Machine<'p, 'a, S: Suite> {
    program: &'p Program,
    listing: &'a Listing<'p>,
    me: PartyId,
    memory: Zeroizing<Vec<Word>>,
    held: Vec<Option<Operand<S>>>,
    moved: Vec<(usize, Operand<S>)>,
    /// Steps since the last turn, and parts of the plan that have ended since.
    steps: u64,
    parts: u64,
    turn: &'a mut dyn FnMut(u64) -> Result<(), Error>,
}

fn absent() -> Error {
    Error::bug("a value is used before it is there")
}

impl<'p, 'a, S: Suite> Machine<'p, 'a, S> {
    /// With nothing but the constants in its memory. `turn` is called now and then, with the number of parts that have ended.
    pub fn new(
        program: &'p Program,
        listing: &'a Listing<'p>,
        me: PartyId,
        turn: &'a mut dyn FnMut(u64) -> Result<(), Error>,
    ) -> Self {
        let mut memory = Zeroizing::new(vec![0; listing.n_words]);
        for (at, words) in &listing.constants {
            memory[*at..][..words.len()].copy_from_slice(words);
        }
        let held = std::iter::repeat_with(|| None).take(listing.n_held);
        Self {
            program,
            listing,
            me,
            memory,
            held: held.collect(),
            moved: Vec::new(),
            steps: 0,
            parts: 0,
            turn,
        }
    }

    /// Gives it a value.
    ///
    /// # Errors
    /// A bug: one of another kind.
    pub fn put(&mut self, v: ValueId, value: Operand<S>) -> Result<(), Error> {
        match self.listing.places.get(&v) {
            Some(&Place::Words(at)) => {
                let words = &mut self.memory[at..];
                each!(clear::known(&value)?, all => {
                    for (word, lane) in words.iter_mut().zip(all) {
                        *word = lane.word();
                    }
                });
            }
            Some(&Place::Held(n)) => self.held[n] = Some(value),
            Some(Place::Absent) | None => {}
        }
        Ok(())
    }

    /// A value as others hold it; the `last` time.
    ///
    /// # Errors
    /// A bug: a value that is not there.
    pub fn get(&mut self, v: ValueId, last: bool) -> Result<Operand<S>, Error> {
        let info = self.program.values.get(v.index()).ok_or_else(absent)?;
        let value = match *self.listing.places.get(&v).ok_or_else(absent)? {
            Place::Held(n) => return self.take(n, last),
            Place::Absent => Value::Local(None),
            Place::Words(at) => {
                let words = self.memory[at..][..info.lanes as usize].iter().copied();
                let words = Elements::of_words(info.scalar.width(), words);
                match info.domain {
                    Domain::Local { .. } => Value::Local(Some(Secret::new(words))),
                    _ => Value::Public(words),
                }
            }
        };
        Ok(Arc::new(value))
    }

    fn take(&mut self, held: usize, last: bool) -> Result<Operand<S>, Error> {
        let held = &mut self.held[held];
        let value = if last { held.take() } else { held.clone() };
        value.ok_or_else(absent)
    }

    /// Takes all steps; `counted` says whether the plan says how often the region of the operations runs.
    ///
    /// # Errors
    /// A fault of the program, the same at all parties.
    pub fn run(mut self, counted: bool) -> Result<Self, Error> {
        for step in &self.listing.steps {
            self.step(step, counted)?;
        }
        (self.turn)(self.parts)?;
        Ok(self)
    }

    fn block(&mut self, block: usize, counted: bool) -> Result<(), Error> {
        let Block { steps, parts } = &self.listing.blocks[block];
        for step in steps {
            self.step(step, counted)?;
        }
        self.parts += if counted { *parts } else { 0 };
        self.work(1 + steps.len() as u64)
    }

    fn work(&mut self, steps: u64) -> Result<(), Error> {
        self.steps += steps;
        if self.steps < TURN {
            return Ok(());
        }
        self.steps = 0;
        (self.turn)(std::mem::take(&mut self.parts))
    }

    fn step(&mut self, step: &'a Step<'p>, counted: bool) -> Result<(), Error> {
        match step {
            &Step::Word {
                op,
                from,
                to,
                args,
                result,
                lanes,
            } => {
                let memory = &mut self.memory;
                let places = Places {
                    memory,
                    args,
                    result,
                    lanes,
                };
                words::map_in(op, from, to, places)
            }
            &Step::Fold {
                op,
                scalar,
                from,
                result,
                lanes,
                segments,
                each,
            } => {
                let places = Places {
                    memory: &mut self.memory,
                    args: [from; 3],
                    result,
                    lanes,
                };
                words::fold_in(op, scalar, places, segments, each)
            }
            Step::Move(moves) => self.moves(moves),
            Step::Read { from, at, result } => self.read(*from, at, *result),
            &Step::Write {
                into,
                last,
                ref at,
                values,
                result,
                own,
                lanes,
            } => match (into, result) {
                (Place::Words(from), Place::Words(to)) => {
                    self.memory.copy_within(from..from + lanes, to);
                    self.write_words(at, values, to)
                }
                (Place::Held(from), Place::Held(to)) => {
                    let mut array = self.take(from, last)?;
                    self.write_held(at, values, clear::changed(&mut array, own)?)?;
                    self.held[to] = Some(array);
                    Ok(())
                }
                _ => Err(Error::bug("an array that changes its place")),
            },
            Step::Look(indices) => (0..indices.n).try_for_each(|k| {
                let index = self.memory[indices.from + k];
                place(self.program, indices, k, index).map(drop)
            }),
            Step::Other(node, last) => {
                let mut args = Vec::with_capacity(node.args.len());
                for (&v, &last) in node.args.iter().zip(last) {
                    args.push(self.get(v, last)?);
                }
                let results = clear::execute(self.program, node, args, self.me)?;
                for (&v, value) in node.results.iter().zip(results) {
                    self.put(v, value)?;
                }
                self.work(100)
            }
            &Step::Free(held) => {
                self.held[held] = None;
                Ok(())
            }
            Step::Loop {
                count,
                counter,
                body,
                counted: is_counted,
                enter,
                again,
                leave,
            } => {
                let count = match *count {
                    Count::Known(count) => count,
                    Count::At(at) => u64::try_from(self.memory[at]).unwrap_or(u64::MAX),
                };
                self.moves(enter)?;
                for i in 0..count {
                    self.memory[*counter] = i.into();
                    self.block(*body, counted && *is_counted)?;
                    self.moves(again)?;
                }
                self.moves(leave)
            }
            Step::While {
                node,
                test,
                condition,
                holds,
                body,
                enter,
                again,
                leave,
            } => {
                self.moves(enter)?;
                for i in 0..=MAX_ITERATIONS {
                    self.moves(test)?;
                    self.block(*condition, false)?;
                    if self.memory[*holds] & 1 == 0 {
                        return self.moves(leave);
                    }
                    if i == MAX_ITERATIONS {
                        break;
                    }
                    self.block(*body, false)?;
                    self.moves(again)?;
                }
                Err(clear::at(self.program, node.loc, &endless(MAX_ITERATIONS)))
            }
            Step::If { holds, arms } => {
                let (block, leave) = &arms[usize::from(self.memory[*holds] & 1 == 0)];
                self.block(*block, false)?;
                self.moves(leave)
            }
        }
    }

    fn moves(&mut self, moves: &Moves) -> Result<(), Error> {
        if moves.aside {
            let mut aside = self.listing.aside;
            for &(from, _, lanes) in &moves.words {
                self.memory.copy_within(from..from + lanes, aside);
                aside += lanes;
            }
            let mut aside = self.listing.aside;
            for &(_, to, lanes) in &moves.words {
                self.memory.copy_within(aside..aside + lanes, to);
                aside += lanes;
            }
        } else {
            for &(from, to, lanes) in &moves.words {
                match lanes {
                    1 => self.memory[to] = self.memory[from],
                    _ => self.memory.copy_within(from..from + lanes, to),
                }
            }
        }
        let mut moved = std::mem::take(&mut self.moved);
        for &(from, to, last) in &moves.held {
            moved.push((to, self.take(from, last)?));
        }
        for (to, value) in moved.drain(..) {
            self.held[to] = Some(value);
        }
        self.moved = moved;
        Ok(())
    }

    fn read(&mut self, from: Place, indices: &Indices<'p>, result: usize) -> Result<(), Error> {
        let block = indices.block;
        for k in 0..indices.n {
            let index = self.memory[indices.from + k];
            let (at, inside) = place(self.program, indices, k, index)?;
            let into = result + k * block..result + (k + 1) * block;
            match from {
                _ if is_empty(indices) => self.memory[into].fill(0),
                Place::Words(from) => {
                    for (t, to) in into.enumerate() {
                        self.memory[to] = self.memory[from + at + t].select(inside);
                    }
                }
                Place::Held(n) => {
                    let array = self.held[n].as_ref().ok_or_else(absent)?;
                    each!(clear::known(array)?, lanes => {
                        for (to, lane) in self.memory[into].iter_mut().zip(&lanes[at..at + block]) {
                            *to = lane.select(inside).word();
                        }
                    });
                }
                Place::Absent => return Err(absent()),
            }
        }
        Ok(())
    }

    fn write_words(
        &mut self,
        indices: &Indices<'p>,
        values: usize,
        into: usize,
    ) -> Result<(), Error> {
        for k in 0..indices.n {
            let index = self.memory[indices.from + k];
            let (at, inside) = place(self.program, indices, k, index)?;
            for t in 0..if is_empty(indices) { 0 } else { indices.block } {
                let new = self.memory[values + k * indices.block + t];
                let lane = &mut self.memory[into + at + t];
                *lane = words::either(inside, new, *lane);
            }
        }
        Ok(())
    }

    fn write_held(
        &self,
        indices: &Indices<'p>,
        values: usize,
        array: &mut Elements,
    ) -> Result<(), Error> {
        fn put<E: words::Lane>(lanes: &mut [E], new: &[Word], inside: Mask) {
            for (lane, &new) in lanes.iter_mut().zip(new) {
                *lane = words::either(inside, E::of(new), *lane);
            }
        }
        let block = indices.block;
        for k in 0..indices.n {
            let index = self.memory[indices.from + k];
            let (at, inside) = place(self.program, indices, k, index)?;
            if !is_empty(indices) {
                let new = &self.memory[values + k * block..][..block];
                each!(array, lanes => put(&mut lanes[at..at + block], new, inside));
            }
        }
        Ok(())
    }
}

/// Whether no index names an element.
fn is_empty(indices: &Indices<'_>) -> bool {
    matches!(&indices.range, Range::Own(arrays) if arrays.are_empty())
}

/// Where the element of the `k`-th index begins, and whether there is one: see [`words::Arrays::place`].
#[inline(always)]
fn place(
    program: &Program,
    indices: &Indices<'_>,
    k: usize,
    index: Word,
) -> Result<(usize, Mask), Error> {
    match indices.range {
        Range::Public(n, _) if index < n as Word => {
            Ok((index as usize * indices.block, Mask::public(true)))
        }
        Range::Public(n, node) => Err(clear::out_of_range(program, node, index, n)),
        Range::Own(ref arrays) => Ok(arrays.place(k, index, indices.block)),
    }
}
