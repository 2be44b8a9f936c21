//! Declared ranges of inputs, where their owners may lie: nothing else is opened before all inputs are known to be in theirs.
//!
//! Against parties that follow the protocol the owner's own software checks its inputs. A cheating owner is bound to the bits of a type
//! alone, and the passes have used the range. So each input with a range is compared with both ends in shares, and one bit of
//! all of them is opened first. It says nothing where owners keep to their ranges.
//!
//! Nor has anybody's software looked at what is held in shares since it came from one who takes no part, whoever corrupts whom: it is
//! compared too.
//!
//! What a variant of an `enum` does not hold is zero where owners keep to the protocol, and programs compare it. Of parties that may lie it is compared
//! with zero, in the same bit.
//!
//! A number that is shared in a ring wider than its type would not even be bound to its type: it is shared as bits, and becomes a number
//! by a conversion.

use super::Emitter;
use super::frame::Work;
use crate::ir::Ir;
use crate::ir::unused::{Holds, Unused};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{InputId, ValueId};
use smpcc_circuit::program::{Domain, InputLeaf, Op, Threat, ValueInfo};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{Integer, Scalar};

/// A type, a range of it, and values to be compared with that.
pub(super) type Ranged = (Scalar, (Integer, Integer), Vec<ValueId>);

/// Whether any declared range has to be compared in shares.
pub(super) fn are_needed(ir: &Ir, threat: Threat) -> bool {
    let held = |leaf: &InputLeaf| leaf.party >= ir.n_parties && leaf.range.is_some();
    threat.deviates() || ir.inputs.iter().any(held)
}

/// Enums among the inputs of parties that may lie. Of what is held in shares it could not be said who gave it.
#[derive(Default)]
pub(super) struct Enums {
    unused: Unused,
    /// By leaf, those that are there.
    given: SortedMap<usize, ValueId>,
    /// What is not compared yet.
    unlooked: Vec<usize>,
}

impl Enums {
    pub(super) fn of(ir: &Ir, threat: Threat) -> Self {
        match threat.deviates() {
            true => Self {
                unused: Unused::of(ir),
                ..Self::default()
            },
            false => Self::default(),
        }
    }
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
        let in_enum = self.enums.unused.places(input.index()).is_some();
        self.is_doubted(input) && (has_range || in_enum || u32::from(ring) != scalar.width())
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

    /// Notes a leaf of an enum: a tag, or what variants hold.
    pub(super) fn guard_variant(&mut self, input: InputId, value: ValueId) {
        if self.enums.unused.is_empty() || self.ir.is_held(input) {
            return;
        }
        let leaf = input.index();
        self.enums.given.insert(leaf, value);
        if self.enums.unused.places(leaf).is_some() && self.info(value).lanes > 0 {
            self.enums.unlooked.push(leaf);
        }
    }

    /// Notes whether anything is beside what a variant holds, of all whose tags are there. Where a tag is not, nothing depends on it.
    fn compare_variants(&mut self) {
        for leaf in std::mem::take(&mut self.enums.unlooked) {
            let places = self.enums.unused.places(leaf).map(<[Holds]>::to_vec);
            let (Some(places), Some(&value)) = (places, self.enums.given.get(&leaf)) else {
                continue;
            };
            let is_there = |holds: &Holds| {
                let mut tags = holds.iter();
                tags.all(|(tag, _)| self.enums.given.contains_key(tag))
            };
            match places.iter().all(is_there) {
                true => self.compare_unused(value, &places),
                false => self.enums.unlooked.push(leaf),
            }
        }
    }

    fn compare_unused(&mut self, value: ValueId, places: &[Holds]) {
        let ValueInfo {
            domain,
            scalar,
            lanes,
        } = self.info(value);
        let bool = Scalar::Bool;
        let mut used = None;
        for holds in places {
            let mut all = None;
            for &(tag, variant) in holds {
                let Some(&tag) = self.enums.given.get(&tag) else {
                    return;
                };
                let of = self.info(tag);
                if domain == Domain::Public && of.domain != domain {
                    return;
                }
                let tag = self.to(tag, domain);
                let variant = self.splat(of.scalar, of.lanes, variant);
                let holds = self.word(domain, WordOp::Eq, of.scalar, bool, &[tag, variant]);
                // Arrays in variants have several lanes for each tag.
                let each = lanes / of.lanes.max(1);
                let holds = self.gather_affine(holds, 0, &[(of.lanes, 1), (each, 0)]);
                all = Some(match all {
                    Some(all) => self.word(domain, WordOp::And, bool, bool, &[all, holds]),
                    None => holds,
                });
            }
            let Some(all) = all else {
                return;
            };
            used = Some(match used {
                Some(used) => self.word(domain, WordOp::Or, bool, bool, &[used, all]),
                None => all,
            });
        }
        let zero = self.splat(scalar, lanes, 0);
        let filled = match scalar {
            Scalar::Bool => value,
            _ => self.word(domain, WordOp::Ne, scalar, bool, &[value, zero]),
        };
        let beyond = match used {
            Some(used) => {
                let unused = self.word(domain, WordOp::Not, bool, bool, &[used]);
                self.word(domain, WordOp::And, bool, bool, &[filled, unused])
            }
            None => filled,
        };
        let any = self.reduce(domain, WordOp::Or, beyond, 1, None);
        if let Some(guards) = &mut self.guards {
            guards.push(any);
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

    /// Opens whether all inputs so far are in their ranges and hold nothing beside their variants, and stops the run if one is not.
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
        self.compare_variants();
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
            let what = match self.enums.unused.is_empty() {
                true => "is out of its declared range",
                false => "is out of its declared range or has something beside its variant",
            };
            let message =
                format!("an input {what}, which its owner's software should have refused");
            let assertion = Op::Assert(Some(message));
            self.push(Work::Plain(assertion), vec![none], Vec::new());
        }
    }
}
