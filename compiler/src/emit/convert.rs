//! Conversions between domains, each written once per value, in the frame that defines the value.
//!
//! - arithmetic → bits: the additive parts as shared bit strings, and their sum (which fuses with the consumer);
//! - bits → arithmetic: one bit is injected; a word minus random parts is opened to those who hold that part;
//! - Boolean ↔ Yao: an operation of the suite; Yao → arithmetic goes through Boolean;
//! - an owner's value → shares: shared as an input is; → labels through bits;
//! - a smaller ring is free, a larger one goes through bits unless the held integer is the value itself… which a plan avoids
//!   by sharing in the larger ring from the start.

use super::Emitter;
use super::frame::{Logic, Work};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op, ValueInfo};
use smpcc_circuit::value::Scalar;

impl Emitter<'_> {
    /// `value` held in `domain`.
    pub(super) fn to(&mut self, value: ValueId, domain: Domain) -> ValueId {
        if self.info(value).domain == domain {
            return value;
        }
        if let Some(&known) = self.converted.get(&(value, domain)) {
            return known;
        }
        let back = std::mem::replace(&mut self.at, self.known[value.index()].frame);
        let result = self.convert(value, domain);
        self.at = back;
        self.converted.insert((value, domain), result);
        result
    }

    fn convert(&mut self, value: ValueId, domain: Domain) -> ValueId {
        let info = self.info(value);
        let target = ValueInfo { domain, ..info };
        match (info.domain, domain) {
            (Domain::Public, Domain::Local { .. }) => {
                let result = self.plain(Op::Word(WordOp::Cast), &[value], target);
                self.known[result.index()].public = Some(value);
                result
            }
            (Domain::Public, _) => {
                let result = self.plain(Op::FromPublic, &[value], target);
                self.known[result.index()].canonical = true;
                self.known[result.index()].public = Some(value);
                result
            }
            (Domain::Boolean, Domain::Yao) => self.plain(Op::BooleanToYao, &[value], target),
            (Domain::Yao, Domain::Boolean) => self.plain(Op::YaoToBoolean, &[value], target),
            (Domain::Yao, Domain::Arithmetic { .. }) => {
                let bits = self.to(value, Domain::Boolean);
                self.known[bits.index()].ring = self.known[value.index()].ring;
                self.to(bits, domain)
            }
            (Domain::Arithmetic { .. }, Domain::Boolean | Domain::Yao) => {
                // Parts made from fewer ring elements are as good, and the ring need not be the value's width.
                let part = ValueInfo {
                    domain,
                    scalar: bits_scalar(info.scalar.width()),
                    lanes: info.lanes,
                };
                let parts: Vec<_> = (0..self.n_parts(domain))
                    .map(|_| self.fresh(part))
                    .collect();
                self.push(Work::Plain(Op::Decompose), vec![value], parts.clone());
                let bits = info.scalar.width();
                self.logic1(
                    domain,
                    Logic::Sum {
                        bits,
                        signed: false,
                    },
                    &parts,
                    info.scalar,
                )
            }
            (Domain::Arithmetic { ring: k }, Domain::Arithmetic { ring: l }) if l < k => {
                let canonical = self.known[value.index()].canonical;
                let result = self.plain(Op::LowerRing, &[value], target);
                self.known[result.index()].canonical |= canonical;
                result
            }
            (Domain::Arithmetic { .. }, Domain::Arithmetic { .. }) => {
                let bits = self.to(value, Domain::Boolean);
                self.to(bits, domain)
            }
            (Domain::Boolean, Domain::Arithmetic { ring }) => {
                // One conversion into the largest ring that any use needs; smaller rings follow from it for free.
                let widest = self.known[value.index()].ring;
                if widest > ring {
                    let wide = self.to(value, Domain::Arithmetic { ring: widest });
                    return self.to(wide, domain);
                }
                let result = if info.scalar.width() == 1 && !info.scalar.is_signed() {
                    self.plain(Op::InjectBit, &[value], target)
                } else {
                    self.compose(value, target, ring)
                };
                self.known[result.index()].canonical = true;
                result
            }
            (_, Domain::Public) => unreachable!("only a reveal makes a value public"),
            (Domain::Local { .. }, Domain::Arithmetic { ring })
                if self.known[value.index()].ring > ring =>
            {
                // Shared once, in the largest ring that any use needs.
                let widest = self.known[value.index()].ring;
                let wide = self.to(value, Domain::Arithmetic { ring: widest });
                self.to(wide, domain)
            }
            (Domain::Local { .. }, Domain::Arithmetic { .. } | Domain::Boolean) => {
                let result = self.plain(Op::Share, &[value], target);
                self.known[result.index()].canonical = true;
                result
            }
            (Domain::Local { .. }, Domain::Yao) => {
                let bits = self.to(value, Domain::Boolean);
                self.to(bits, domain)
            }
            (Domain::Local { owner: a }, Domain::Local { owner: b }) if a == b => value,
            (_, Domain::Local { .. }) => unreachable!("nothing shared becomes one party's"),
            (Domain::Boolean, Domain::Boolean) | (Domain::Yao, Domain::Yao) => value,
        }
    }

    fn compose(&mut self, value: ValueId, target: ValueInfo, ring: u8) -> ValueId {
        let from = target.scalar;
        let wide = bits_scalar(u32::from(ring));
        let extended = if from.width() == wide.width() {
            value
        } else {
            let op = WordOp::Cast;
            self.logic1(
                Domain::Boolean,
                Logic::Word { op, from, to: wide },
                &[value],
                wide,
            )
        };
        let part = ValueInfo {
            domain: Domain::Boolean,
            scalar: wide,
            lanes: target.lanes,
        };
        let parts: Vec<_> = (1..self.n_parts(Domain::Boolean))
            .map(|_| self.fresh(part))
            .collect();
        self.push(Work::Plain(Op::RandomParts), vec![], parts.clone());
        let mut args = vec![extended];
        args.extend(&parts);
        let difference = self.logic1(Domain::Boolean, Logic::Difference, &args, wide);
        args[0] = difference;
        self.plain(Op::Compose, &args, target)
    }
}

/// The type of a string of `width` bits.
fn bits_scalar(width: u32) -> Scalar {
    Scalar::unsigned(width as u8)
}
