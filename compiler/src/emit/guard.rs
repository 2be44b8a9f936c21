//! Declared ranges of inputs, where their owners may lie: nothing else is opened before all inputs are known to be in theirs.
//!
//! Against parties that follow the protocol the owner's own software checks its inputs. A cheating owner is bound to the bits of a type
//! alone, and the passes have used the range. So each input with a range is compared with both ends in shares, and one bit of
//! all of them is opened first. It says nothing where owners keep to their ranges.
//!
//! A number that is shared in a ring wider than its type would not even be bound to its type: it is shared as bits, and becomes a number
//! by a conversion.

use super::Emitter;
use super::frame::Work;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{InputId, ValueId};
use smpcc_circuit::program::{Domain, Op, ValueInfo};
use smpcc_circuit::value::Scalar;

impl Emitter<'_> {
    /// Whether an input is shared as bits, which hold its owner to its type, though it is wanted in a ring.
    pub(super) fn guards_bits(&self, input: InputId, scalar: Scalar, ring: u8) -> bool {
        let leaf = self.ir.inputs.get(input.index());
        let has_range = leaf.is_some_and(|leaf| leaf.range.is_some());
        self.guards.is_some() && (has_range || u32::from(ring) != scalar.width())
    }

    /// Notes whether any lane of an input is out of its declared range.
    pub(super) fn guard_range(&mut self, input: InputId, value: ValueId) {
        if self.guards.is_none() {
            return;
        }
        let leaf = self.ir.inputs.get(input.index());
        let Some((lo, hi)) = leaf.and_then(|leaf| leaf.range) else {
            return;
        };
        let ValueInfo {
            domain,
            scalar,
            lanes,
        } = self.info(value);
        if lanes == 0 {
            return;
        }
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
