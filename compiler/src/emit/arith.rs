//! Word operations on arithmetic shares: sums and public factors are local, products cost one communication.
//!
//! Truth values are held as 0 or 1, never as another number of the same parity, so that logic is products:
//! `a ∧ b = ab`, `a ∨ b = a + b − ab`, `a ⊕ b = a + b − 2ab`, `c ? a : b = b + c(a − b)`. What has no such form is
//! computed in bits and comes back.

use super::Emitter;
use crate::forms::has_arithmetic_form;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op, ValueInfo};
use smpcc_circuit::value::{Scalar, Word};

const MINUS_ONE: Word = Word::MAX;

impl Emitter<'_> {
    /// `op` in the ring of `ring` bits.
    pub(super) fn arith(
        &mut self,
        ring: u8,
        op: WordOp,
        from: Scalar,
        to: Scalar,
        args: &[ValueId],
    ) -> ValueId {
        let lanes = args.first().map_or(1, |&a| self.info(a).lanes);
        let info = ValueInfo {
            domain: Domain::Arithmetic { ring },
            scalar: to,
            lanes,
        };
        let is_public = |s: &Self, v: ValueId| s.info(v).domain == Domain::Public;
        let amount = args.get(1).is_some_and(|&v| is_public(self, v));
        if !has_arithmetic_form(op, from, to, amount) {
            let bits = self.word(Domain::Boolean, op, from, to, args);
            self.known[bits.index()].ring = ring;
            return self.to(bits, info.domain);
        }
        let arg = |i: usize| args.get(i).copied().unwrap_or(ValueId(0));
        match op {
            WordOp::Add => self.linear(info, &[(arg(0), 1), (arg(1), 1)], 0),
            WordOp::Sub => self.linear(info, &[(arg(0), 1), (arg(1), MINUS_ONE)], 0),
            WordOp::Neg => self.linear(info, &[(arg(0), MINUS_ONE)], 0),
            WordOp::Not if from == Scalar::Bool => self.linear(info, &[(arg(0), MINUS_ONE)], 1),
            WordOp::Not => self.linear(info, &[(arg(0), MINUS_ONE)], MINUS_ONE),
            WordOp::Mul | WordOp::And => self.product(info, arg(0), arg(1)),
            WordOp::Or => {
                let both = self.product(info, arg(0), arg(1));
                self.linear(info, &[(arg(0), 1), (arg(1), 1), (both, MINUS_ONE)], 0)
            }
            WordOp::Xor | WordOp::Ne => self.differ(info, arg(0), arg(1)),
            WordOp::Eq => {
                let differ = self.differ(info, arg(0), arg(1));
                self.linear(info, &[(differ, MINUS_ONE)], 1)
            }
            WordOp::Select => {
                let (a, b) = (arg(1), arg(2));
                let difference = self.linear(info, &[(a, 1), (b, MINUS_ONE)], 0);
                let chosen = self.product(info, arg(0), difference);
                let result = self.linear(info, &[(b, 1), (chosen, 1)], 0);
                self.canonical_if_all_held(result, &[a, b]);
                result
            }
            WordOp::Shl => match self.splat_of(arg(1)) {
                Some(s) if s >= Word::from(from.width()) => self.linear(info, &[(arg(0), 0)], 0),
                Some(s) => self.linear(info, &[(arg(0), 1 << s)], 0),
                None => {
                    let one = self.splat(to, lanes, 1);
                    let power = self.word(Domain::Public, WordOp::Shl, to, to, &[one, arg(1)]);
                    self.product(info, arg(0), power)
                }
            },
            WordOp::Cast => self.cast(info, from, arg(0)),
            _ => unreachable!("every operation with an arithmetic form is above"),
        }
    }

    /// Whether operands that a result combines without change of value are canonical in the result's ring.
    fn canonical_if_all_held(&mut self, result: ValueId, parts: &[ValueId]) {
        let all = parts.iter().all(|&p| match self.info(p).domain {
            Domain::Arithmetic { .. } => self.known[p.index()].canonical,
            Domain::Public | Domain::Boolean | Domain::Yao | Domain::Local { .. } => true,
        });
        self.known[result.index()].canonical |= all;
    }

    fn differ(&mut self, info: ValueInfo, a: ValueId, b: ValueId) -> ValueId {
        if info.domain == (Domain::Arithmetic { ring: 1 }) {
            return self.linear(info, &[(a, 1), (b, 1)], 0);
        }
        let both = self.product(info, a, b);
        self.linear(info, &[(a, 1), (b, 1), (both, MINUS_ONE << 1)], 0)
    }

    /// `Σ c·x + constant`, with public operands folded into the constant where they are one word.
    fn linear(&mut self, info: ValueInfo, terms: &[(ValueId, Word)], constant: Word) -> ValueId {
        let mut total = constant;
        let (mut args, mut coefficients) = (Vec::new(), Vec::new());
        for &(value, c) in terms {
            match self.splat_of(value) {
                Some(word) => {
                    let word = self.info(value).scalar.extend(word);
                    total = total.wrapping_add(word.wrapping_mul(c));
                }
                None => {
                    args.push(self.to(value, info.domain));
                    coefficients.push(c);
                }
            }
        }
        let Domain::Arithmetic { ring } = info.domain else {
            return args[0];
        };
        let mask = smpcc_circuit::value::mask(u32::from(ring));
        if args.is_empty() {
            // All operands are constants: share the result.
            let word = self.splat(Scalar::unsigned(ring), info.lanes, total & mask);
            let shared = ValueInfo {
                scalar: Scalar::unsigned(ring),
                ..info
            };
            let held = self.plain(Op::FromPublic, &[word], shared);
            args.push(held);
            coefficients.push(1);
            total = 0;
        }
        let op = Op::Linear {
            coefficients: coefficients.iter().map(|c| c & mask).collect(),
            constant: total & mask,
        };
        let result = self.plain(op, &args, info);
        // A truth value is 0 or 1 by construction of the formulas above.
        self.known[result.index()].canonical |= info.scalar == Scalar::Bool;
        result
    }

    /// A product, free when one side is public.
    pub(super) fn product(&mut self, info: ValueInfo, a: ValueId, b: ValueId) -> ValueId {
        let public = |s: &Self, v: ValueId| s.info(v).domain == Domain::Public;
        let (a, b) = if public(self, a) { (b, a) } else { (a, b) };
        if let Some(word) = self.splat_of(b) {
            let word = self.info(b).scalar.extend(word);
            return self.linear(info, &[(a, word)], 0);
        }
        let a = self.to(a, info.domain);
        let result = if public(self, b) {
            self.plain(Op::MulPublic, &[a, b], info)
        } else {
            let b = self.to(b, info.domain);
            self.plain(Op::Mul, &[a, b], info)
        };
        self.known[result.index()].canonical |= info.scalar == Scalar::Bool;
        result
    }

    /// The same integer as another type, or its low bits.
    fn cast(&mut self, info: ValueInfo, from: Scalar, value: ValueId) -> ValueId {
        let value = match (self.info(value).domain, info.domain) {
            // An owner shares the integer itself, in a ring that holds both types.
            (Domain::Local { .. }, Domain::Arithmetic { ring }) => {
                let ring = ring.max(from.width() as u8);
                self.to(value, Domain::Arithmetic { ring })
            }
            // A bit is injected as such: a word made of it would cost its width.
            (Domain::Boolean | Domain::Yao, Domain::Arithmetic { .. }) if from == Scalar::Bool => {
                self.to(value, info.domain)
            }
            _ => value,
        };
        let held = self.info(value);
        let (Domain::Arithmetic { ring: k }, Domain::Arithmetic { ring: l }) =
            (held.domain, info.domain)
        else {
            return self.cast_in_bits(info, from, value);
        };
        let to = info.scalar;
        // Dropping bits needs nothing; keeping the integer needs that it is held as such.
        let narrows = to.width() <= from.width();
        let canonical = self.known[value.index()].canonical;
        if l <= k && (canonical || narrows) {
            let result = if l == k {
                self.plain(
                    Op::Linear {
                        coefficients: vec![1],
                        constant: 0,
                    },
                    &[value],
                    info,
                )
            } else {
                self.plain(Op::LowerRing, &[value], info)
            };
            let keeps = to.width() > from.width() || (to.width() == from.width() && to == from);
            self.known[result.index()].canonical |=
                canonical && keeps && (to.is_signed() || !from.is_signed());
            result
        } else {
            self.cast_in_bits(info, from, value)
        }
    }

    fn cast_in_bits(&mut self, info: ValueInfo, from: Scalar, value: ValueId) -> ValueId {
        let op = WordOp::Cast;
        if self.info(value).domain == Domain::Public {
            let cast = self.word(Domain::Public, op, from, info.scalar, &[value]);
            return self.to(cast, info.domain);
        }
        let bits = self.word(Domain::Boolean, op, from, info.scalar, &[value]);
        if let Domain::Arithmetic { ring } = info.domain {
            self.known[bits.index()].ring = ring;
        }
        self.to(bits, info.domain)
    }
}
