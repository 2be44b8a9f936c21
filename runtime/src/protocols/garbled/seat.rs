//! What a party knows of garbling for a whole execution: its seat, the offset, the hash, and which gates have been numbered.

use std::sync::Arc;

use smpcc_circuit::program::Program;
use zeroize::Zeroize;

use super::Plan;
use crate::block::{LABEL_LEN, Label, Labels};
use crate::error::Error;
#[cfg(test)]
use crate::freed::{Origin, plant};
use crate::hash::Transcript;
use crate::mask::Mask;
use crate::party::PartyId;
use crate::ring::{Elements, each};
use crate::session::Session;
use crate::simd::Hash;

/// A party's part in garbling.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// Knows both labels of every wire and sends the tables.
    Garbler,
    /// Knows both labels of every wire and sends nothing.
    Follower,
    /// Knows one label of every wire.
    Evaluator,
}

/// What a party knows of garbling for the whole execution.
pub struct Garbling {
    pub(in crate::protocols) hash: Hash,
    pub(super) seat: Seat,
    /// The offset between the labels of a wire; zero at the evaluator.
    pub(super) delta: Label,
    pub(super) garbler: PartyId,
    pub(super) evaluator: PartyId,
    /// The number of the next half gate.
    next_half_gate: u64,
    /// For many lanes and for few.
    plans: Vec<[Option<Arc<Plan>>; 2]>,
}

impl Drop for Garbling {
    fn drop(&mut self) {
        self.delta.zeroize();
    }
}

impl Garbling {
    /// At the start of an execution. `delta` is what this party knows of the offset: it is made one whose colour is 1, so
    /// that the colours of a wire's labels differ (EUROCRYPT 2015, section 3); `None` at the evaluator alone. `domain` tells
    /// executions by different suites apart.
    pub fn new(
        session: &Session,
        domain: &str,
        delta: Option<Label>,
        [garbler, evaluator]: [PartyId; 2],
    ) -> Result<Self, Error> {
        // S is known to all and fresh in each execution, as the session is; nobody can steer it, for all parties'
        // nonces are in the session.
        let mut start = Transcript::new(domain);
        start.bytes(&session.id().0);
        let mut bytes = [0; LABEL_LEN];
        bytes.copy_from_slice(&start.finish().0[..LABEL_LEN]);
        let seat = if session.me() == garbler {
            Seat::Garbler
        } else if session.me() == evaluator {
            Seat::Evaluator
        } else {
            Seat::Follower
        };
        if delta.is_none() != (seat == Seat::Evaluator) {
            return Err(Error::bug("the offset is at the wrong party"));
        }
        let delta = delta.map_or(Label::ZERO, |d| Label(d.0 | 1));
        #[cfg(test)]
        plant(Origin::Offset, delta);
        Ok(Self {
            hash: Hash {
                start: Label::from_bytes(bytes),
            },
            seat,
            delta,
            garbler,
            evaluator,
            next_half_gate: 0,
            plans: Vec::new(),
        })
    }

    /// Δ at the garblers, zero at the evaluator: what a one adds to the label that a party holds of a public bit, or of a
    /// complement.
    pub fn offset(&self) -> Label {
        self.delta
    }

    /// The third of three parties, who follows the garbler.
    pub(super) fn follower(&self) -> PartyId {
        let ends = [self.garbler, self.evaluator];
        PartyId::all(3)
            .find(|party| !ends.contains(party))
            .unwrap_or(self.garbler)
    }

    /// Where the hash of the execution starts, which all know.
    #[cfg(test)]
    pub(crate) fn start(&self) -> Label {
        self.hash.start
    }

    /// A public value: the evaluator's label is zero, and the garblers' zero label is Δ where the bit is one. Nothing is sent;
    /// the hash allows known labels, and the value is no secret.
    pub fn public(&self, width: usize, value: &Elements) -> Labels {
        let mut out = Labels::zeros(width, value.lanes());
        each!(value, v => {
            for bit in 0..width {
                for (label, e) in out.bit_mut(bit).iter_mut().zip(v) {
                    *label = self.delta.select(Mask::public(e >> bit & 1 == 1));
                }
            }
        });
        out
    }

    /// The steps of circuit `id` for so many lanes, made once.
    pub(in crate::protocols) fn plan(
        &mut self,
        program: &Program,
        id: usize,
        lanes: usize,
    ) -> Result<Arc<Plan>, Error> {
        let template = program
            .templates
            .get(id)
            .ok_or_else(|| Error::bug("a circuit is missing"))?;
        if self.plans.len() <= id {
            self.plans
                .resize_with(program.templates.len(), || [None, None]);
        }
        let few = Plan::few(lanes);
        let slot = &mut self.plans[id][usize::from(few)];
        Ok(slot
            .get_or_insert_with(|| Arc::new(Plan::new(template, few)))
            .clone())
    }

    /// Numbers of so many half gates, which no others have; the first of them.
    pub(in crate::protocols) fn take_half_gates(&mut self, n: u64) -> Result<u64, Error> {
        let first = self.next_half_gate;
        self.next_half_gate = first
            .checked_add(n)
            .ok_or_else(|| Error::bug("too many gates for one execution"))?;
        Ok(first)
    }
}
