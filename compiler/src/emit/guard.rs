//! Declared ranges of inputs, where their owners may lie: nothing else is opened before all inputs are known to be in theirs.
//!
//! Against parties that follow the protocol the owner's own software checks its inputs. A cheating owner is bound to the bits of a type
//! alone, and the passes have used the range. So each input with a range is compared with both ends in shares, and one bit of
//! all of them is opened first. It says nothing where owners keep to their ranges.
//!
//! Nor has anybody's software looked at what is held in shares since it came from one who takes no part, whoever corrupts whom: it is
//! compared too.
//!
//! A number that is shared in a ring wider than its type would not even be bound to its type: it is shared as bits, and becomes a number
//! by a conversion.

use super::Emitter;
use super::frame::Work;
use crate::ir::Ir;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{InputId, ValueId};
use smpcc_circuit::program::{Domain, InputLeaf, Op, Threat, ValueInfo};
use smpcc_circuit::value::{Integer, Scalar};

/// A type, a range of it, and values to be compared with that.
pub(super) type Ranged = (Scalar, (Integer, Integer), Vec<ValueId>);

/// Whether any declared range has to be compared in shares.
pub(super) fn are_needed(ir: &Ir, threat: Threat) -> bool {
    let held = |leaf: &InputLeaf| leaf.party >= ir.n_parties && leaf.range.is_some();
    threat.deviates() || ir.inputs.iter().any(held)
}

impl Emitter<'_> {
    /// Whether nothing that its owner says of an input is believed.
    fn is_doubted(&self, input: InputId) -> bool {
        self.threat.deviates() || self.ir.is_held(input)
    }

    /// Whether an input is shared as bits, which hold its owner to its type, though it is wanted in a ring.
    pub(super) fn guards_bits(&self, input: InputId, scalar: Scalar, ring: u8) -> bool {
        let leaf = self.ir.inputs.get(input.index());
        let has_range = leaf.is_some_and(|leaf| leaf.range.is_some());
        self.is_doubted(input) && (has_range || u32::from(ring) != scalar.width())
    }

    /// Notes whether any lane of an input is out of its declared range.
    pub(super) fn guard_range(&mut self, input: InputId, value: ValueId) {
        if !self.is_doubted(input) {
            return;
        }
        let leaf = self.ir.inputs.get(input.index());
        let Some((lo, hi)) = leaf.and_then(|leaf| leaf.range) else {
            return;
        };
        let ValueInfo { scalar, lanes, .. } = self.info(value);
        if lanes == 0 {
            return;
        }
        if !self.ir.is_held(input) {
            return self.compare_range(value, (lo, hi));
        }
        // What many give under one declaration is compared at once.
        let alike = |(of, range, _): &&mut Ranged| *of == scalar && *range == (lo, hi);
        match self.unlooked.iter_mut().find(alike) {
            Some((_, _, values)) => values.push(value),
            None => self.unlooked.push((scalar, (lo, hi), vec![value])),
        }
    }

    fn compare_range(&mut self, value: ValueId, (lo, hi): (Integer, Integer)) {
        let ValueInfo {
            domain,
            scalar,
            lanes,
        } = self.info(value);
        let low = self.splat(scalar, lanes, lo.word());
        let high = self.splat(scalar, lanes, hi.word());
        let below = self.word(domain, WordOp::Lt, scalar, Scalar::Bool, &[value, low]);
        let above = self.word(domain, WordOp::Lt, scalar, Scalar::Bool, &[high, value]);
        let bool = Scalar::Bool;
        let beyond = self.word(domain, WordOp::Or, bool, bool, &[below, above]);
        let any = self.reduce(domain, WordOp::Or, beyond, 1, None);
        if let Some(guards) = &mut self.guards {
            guards.push(any);
        }
    }

    /// Opens whether all inputs so far are in their ranges, and stops the run if one is not.
    pub(super) fn guard(&mut self) {
        // Inputs stand in the outermost frame, and so does what is asserted of them.
        if self.at != 0 {
            return;
        }
        for (_, range, values) in std::mem::take(&mut self.unlooked) {
            let all = match values[..] {
                [one] => one,
                _ => self.concat(&values),
            };
            self.compare_range(all, range);
        }
        let guards = self.guards.as_mut().map(std::mem::take);
        let guards = guards.unwrap_or_default();
        for domain in [Domain::Public, Domain::Boolean] {
            let here = guards.iter().filter(|&&v| self.info(v).domain == domain);
            let here: Vec<ValueId> = here.copied().collect();
            let Some((&first, rest)) = here.split_first() else {
                continue;
            };
            let bool = Scalar::Bool;
            let any = rest.iter().fold(first, |any, &one| {
                self.word(domain, WordOp::Or, bool, bool, &[any, one])
            });
            let public = ValueInfo {
                domain: Domain::Public,
                scalar: bool,
                lanes: 1,
            };
            let any = match domain {
                Domain::Public => any,
                _ => self.plain(Op::Reveal, &[any], public),
            };
            let none = self.plain(Op::Word(WordOp::Not), &[any], public);
            let message = "an input is out of its declared range, which its owner's software should have refused";
            let assertion = Op::Assert(Some(message.into()));
            self.push(Work::Plain(assertion), vec![none], Vec::new());
        }
    }
}
