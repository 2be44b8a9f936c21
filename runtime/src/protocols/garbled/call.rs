//! Calls of circuits on labels, for every suite that garbles: who writes tables, who reads them, and how blocks of lanes
//! stream past.
//!
//! A suite gives its seat and the two ends of the tables' way ([`Garbling`](super::seat::Garbling)); how labels of inputs come about is
//! its own.

use std::sync::Arc;

use smpcc_circuit::cost::Delay;
use smpcc_circuit::program::Program;

use super::seat::Seat;
use super::{Piece, Plan, Role, Wires};
use crate::block::{Label, Labels};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::Protocols;
use crate::protocols::operands::block_range;
use crate::protocols::pipeline::{Blocks, Pipeline, Place};
use crate::protocols::sharing::{Held, Share, done, labels};
use crate::protocols::vouch::{HASH, Polynomial};
use crate::protocols::{Begun, Outcome, Value};

/// A template called on labels.
struct Call {
    plan: Arc<Plan>,
    args: Vec<Held>,
    lanes: usize,
    block: usize,
    pieces: Arc<[Piece]>,
    /// Operand and bit of each input bit.
    inputs: Vec<(usize, usize)>,
    first_half_gate: u64,
    wires: Wires,
    /// What the second garbler vouches for.
    witness: Option<Polynomial>,
    /// Its copy of a piece's tables.
    copy: Vec<u8>,
    out: Vec<Labels>,
}

/// Calls circuit `id` over the lanes of its operands.
pub(in crate::protocols) fn call<S: Protocols>(
    suite: &mut S,
    program: &Program,
    id: usize,
    args: Vec<Held>,
    lanes: usize,
) -> Result<Begun<S>, Error> {
    let plan = suite.garbling()?.plan(program, id, lanes)?;
    let witness = (plan.n_and() > 0).then(|| suite.witness()).flatten();
    let garbling = suite.garbling()?;
    let mut inputs = Vec::with_capacity(plan.n_inputs());
    for (i, arg) in args.iter().enumerate() {
        let arg = labels(arg)?;
        if arg.lanes() != lanes {
            return Err(Error::bug("operands of different lanes"));
        }
        inputs.extend((0..arg.width()).map(|bit| (i, bit)));
    }
    if inputs.len() != plan.n_inputs() {
        return Err(Error::bug("a circuit gets operands of other widths"));
    }
    let first_half_gate = garbling.take_half_gates(2 * plan.n_and() as u64 * lanes as u64)?;
    let (hash, delta) = (garbling.hash, garbling.delta);
    let block = plan.block_lanes().min(lanes.max(1));
    let mut call = Call {
        pieces: plan.pieces(block),
        out: plan
            .output_widths()
            .map(|w| Labels::zeros(w, lanes))
            .collect(),
        plan,
        args,
        lanes,
        block,
        inputs,
        first_half_gate,
        wires: Wires::default(),
        witness,
        copy: Vec::new(),
    };
    if call.plan.n_and() == 0 {
        for block in 0..lanes.div_ceil(call.block) {
            call.load(block)?;
            let role = Role::Follow { delta };
            call.wires.walk(&call.plan, &call.pieces[0], hash, 0, role);
            call.store(block, delta);
        }
        return done(call.out.into_iter().map(Share::Yao).collect());
    }
    Pipeline::begun(call)
}

impl Call {
    fn range(&self, block: usize) -> std::ops::Range<usize> {
        block_range(block, self.block, self.lanes)
    }

    fn load(&mut self, block: usize) -> Result<(), Error> {
        let range = self.range(block);
        let args = self
            .args
            .iter()
            .map(|a| labels(a))
            .collect::<Result<Vec<_>, _>>()?;
        let inputs = &self.inputs;
        self.wires.load(&self.plan, range.len(), |i| {
            let (arg, bit) = inputs[i];
            &args[arg].bit(bit)[range.clone()]
        });
        Ok(())
    }

    fn store(&mut self, block: usize, delta: Label) {
        let range = self.range(block);
        let out = &mut self.out;
        self.wires
            .store(&self.plan, delta, |result, bit, labels, flip| {
                let into = &mut out[result].bit_mut(bit)[range.clone()];
                for (into, &label) in into.iter_mut().zip(labels) {
                    *into = label ^ flip;
                }
            });
    }

    /// Whether the hash of all tables goes with this piece.
    fn is_last(&self, place: Place) -> bool {
        place.block + 1 == self.lanes.div_ceil(self.block)
            && place.phase as usize + 1 == self.pieces.len()
    }

    /// The number of a block's first half gate.
    fn first(&self, block: usize) -> u64 {
        self.first_half_gate + 2 * (self.plan.n_and() * block * self.block) as u64
    }
}

impl<S: Protocols> Blocks<S> for Call {
    type State = ();

    fn n_blocks(&self) -> usize {
        self.lanes.div_ceil(self.block)
    }

    fn n_phases(&self) -> u32 {
        self.pieces.len() as u32
    }

    /// Blocks come one after the other: the garblers run ahead by themselves.
    fn window(&self) -> usize {
        1
    }

    fn send(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        if place.phase == 0 {
            self.load(place.block)?;
        }
        let garbling = suite.garbling()?;
        let lanes = self.range(place.block).len();
        let (first, hash, delta) = (self.first(place.block), garbling.hash, garbling.delta);
        let (is_last, follower) = (self.is_last(place), garbling.follower());
        let piece = &self.pieces[place.phase as usize];
        let len = piece.len(lanes);
        match garbling.seat {
            Seat::Garbler => {
                let (plan, wires) = (&self.plan, &mut self.wires);
                wire.send_slice(garbling.evaluator, len, |tables| {
                    wires.walk(plan, piece, hash, first, Role::Garble { delta, tables });
                })?;
            }
            Seat::Evaluator => {
                wire.expect(garbling.garbler, len)?;
                if is_last && self.witness.is_some() {
                    wire.expect(follower, HASH)?;
                }
                return Ok(());
            }
            Seat::Follower => match &mut self.witness {
                Some(witness) => {
                    self.copy.resize(len, 0);
                    let tables = &mut self.copy[..];
                    let role = Role::Garble { delta, tables };
                    self.wires.walk(&self.plan, piece, hash, first, role);
                    witness.absorb(&self.copy);
                    if is_last {
                        let said = witness.said();
                        wire.send(garbling.evaluator, |out| out.extend_from_slice(&said))?;
                    }
                }
                None => {
                    let role = Role::Follow { delta };
                    self.wires.walk(&self.plan, piece, hash, first, role);
                }
            },
        }
        if place.phase + 1 == self.pieces.len() as u32 {
            self.store(place.block, delta);
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut S,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let garbling = suite.garbling()?;
        if garbling.seat != Seat::Evaluator {
            return Ok(());
        }
        let lanes = self.range(place.block).len();
        let first = self.first(place.block);
        let piece = &self.pieces[place.phase as usize];
        let ends = [garbling.garbler, garbling.follower()];
        let tables = wire.take(garbling.garbler, piece.len(lanes))?;
        if let Some(witness) = &mut self.witness {
            witness.absorb(tables);
        }
        self.wires.walk(
            &self.plan,
            piece,
            garbling.hash,
            first,
            Role::Evaluate { tables },
        );
        if let (Some(witness), true) = (&self.witness, self.is_last(place)) {
            // What was evaluated is used only after this.
            if wire.take(ends[1], HASH)? != witness.said() {
                return Err(Error::cheating(
                    ends,
                    "tables are not what both garblers make",
                ));
            }
        }
        if place.phase + 1 == self.pieces.len() as u32 {
            self.store(place.block, Label::ZERO);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let out = std::mem::take(&mut self.out).into_iter();
        Ok(Outcome::Values(
            out.map(|l| Value::Shared(Share::Yao(l))).collect(),
        ))
    }

    fn delay(&self, _n_phases: u32) -> Delay {
        Delay::ToEvaluator
    }
}
