//! Comparisons of sums, made from what the sums add up: they need not wait for carry chains.
//!
//! With integers `X ≡ x` and `Y ≡ y` mod 2^w, `x < y` is bit `w` of `X − Y`, of `X` and of `Y`, all exclusive-ored: where the
//! words are `x = X − p·2^w` and `y = Y − q·2^w`, bit `w` of `X` is the parity of `p`, and that of `x − y` is the borrow. The three
//! chains run side by side. `x == y` is `X − Y ≡ 0`, which takes no chain at all.

use super::{As, Operand, Words};
use crate::emit::frame::{Logic, Micro};
use crate::templates::{self, IsZero, Planned, Term};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::template::{Builder, Lit};
use smpcc_circuit::value::Scalar;

/// Whether this is a comparison whose operands may be taken apart.
pub(super) fn compares(logic: &Logic) -> bool {
    let Logic::Word { op, from, .. } = logic else {
        return false;
    };
    let compares = matches!(
        op,
        WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le | WordOp::Min | WordOp::Max
    );
    compares && from.width() > 1
}

impl Words<'_> {
    /// Makes a comparison from what its operands add up, if that comes earlier than from their words; `false` if not.
    pub(in crate::emit) fn compare(
        &mut self,
        b: &mut Builder,
        micro: &Micro,
        logic: &Logic,
        literal: &dyn Fn(ValueId) -> Vec<Lit>,
    ) -> bool {
        let (Logic::Word { op, from, .. }, &[x, y], &[result]) =
            (logic, &micro.args[..], &micro.results[..])
        else {
            return false;
        };
        if !compares(logic) {
            return false;
        }
        let width = from.width();
        // The lesser operand, if the comparison holds, and the greater one.
        let (less, greater) = match op {
            WordOp::Le | WordOp::Min => (y, x),
            _ => (x, y),
        };
        let operands = [(less, false), (greater, true)].map(|(value, negated)| Operand {
            value,
            negated,
            bits: width,
            signed: false,
            is_sum: (self.sums.get(&value)).is_some_and(|sum| sum.width >= width),
        });
        if !operands.iter().any(|o| o.is_sum) {
            return false;
        }
        for operand in operands.iter().filter(|o| !o.is_sum) {
            if self.get(b, operand.value).is_none() {
                self.words.insert(operand.value, literal(operand.value));
            }
        }
        let out = match op {
            WordOp::Eq | WordOp::Ne => match self.equal(b, &operands, width) {
                Some(equal) if *op == WordOp::Eq => vec![equal],
                Some(equal) => vec![!equal],
                None => return false,
            },
            _ => {
                let Some(holds) = self.less_than(b, &operands, *from) else {
                    return false;
                };
                match op {
                    WordOp::Lt => vec![holds],
                    WordOp::Le => vec![!holds],
                    _ => {
                        let (Some(x), Some(y)) = (self.get(b, x), self.get(b, y)) else {
                            return false;
                        };
                        templates::select(b, holds, &y, &x)
                    }
                }
            }
        };
        self.set(result, out);
        true
    }

    /// The ways to take operands apart: all that are sums, or the later one only.
    fn ways(&mut self, b: &Builder, operands: &[Operand; 2]) -> Vec<[As; 2]> {
        let apart = |s: &Self, o: &Operand| if o.is_sum { s.apart(o) } else { As::Word };
        let all = [apart(self, &operands[0]), apart(self, &operands[1])];
        if all.contains(&As::Word) {
            return vec![all];
        }
        let levels = [0, 1].map(|i| self.level(b, operands[i].value));
        let one = if levels[0] < levels[1] {
            [As::Word, all[1]]
        } else {
            [all[0], As::Word]
        };
        vec![one, all]
    }

    fn less_than(&mut self, b: &mut Builder, operands: &[Operand; 2], from: Scalar) -> Option<Lit> {
        let width = from.width() + 1;
        let words = {
            let (mut terms, mut later) = self.side(b, &operands[0], As::Word, from);
            let other = self.side(b, &operands[1], As::Word, from);
            terms.extend(other.0);
            later.extend(other.1);
            Planned::arrival(b, &terms, &later, width)
        };
        let mut best = (words, None);
        for ways in self.ways(b, operands) {
            let mut difference = Vec::new();
            let mut parts = Vec::new();
            for (operand, way) in operands.iter().zip(ways) {
                if way == As::Word {
                    self.get(b, operand.value);
                }
                let (terms, _) = self.side(b, operand, way, from);
                if way != As::Word {
                    // The operand itself, not what is subtracted.
                    let own: Vec<Term> = (terms.iter().cloned())
                        .map(|term| Term {
                            negated: term.negated != operand.negated,
                            ..term
                        })
                        .collect();
                    parts.push(Planned::new(b, &own, width));
                }
                difference.extend(terms);
            }
            parts.push(Planned::new(b, &difference, width));
            let level = parts.iter().map(Planned::level).max().unwrap_or(0);
            if level < best.0 {
                best = (level, Some(parts));
            }
        }
        let (level, parts) = best;
        let mut holds = Lit::FALSE;
        for part in parts? {
            let top = part.top(b, level);
            holds = b.xor(holds, top);
        }
        Some(holds)
    }

    fn equal(&mut self, b: &mut Builder, operands: &[Operand; 2], width: u32) -> Option<Lit> {
        let words = operands.iter().map(|o| self.level(b, o.value)).max();
        let mut best = (words.unwrap_or(0), None);
        for ways in self.ways(b, operands) {
            for (operand, way) in operands.iter().zip(ways) {
                if way == As::Word {
                    self.get(b, operand.value);
                }
            }
            let (terms, _) = self.terms(b, operands, &ways);
            let plan = IsZero::new(b, &terms, width);
            if plan.level() < best.0 {
                best = (plan.level(), Some(plan));
            }
        }
        Some(best.1?.build(b))
    }

    /// One operand's terms. Where words are signed, half of the range is added, which makes their order that of unsigned ones.
    fn side(
        &mut self,
        b: &mut Builder,
        operand: &Operand,
        way: As,
        from: Scalar,
    ) -> (Vec<Term>, Vec<(u32, bool)>) {
        let (mut terms, later) = self.terms(b, std::slice::from_ref(operand), &[way]);
        if !from.is_signed() {
            return (terms, later);
        }
        if way != As::Word {
            terms.push(Term {
                bits: vec![Lit::TRUE],
                signed: false,
                negated: operand.negated,
                shift: from.width() - 1,
            });
        } else if let Some(top) = terms.first_mut().and_then(|t| t.bits.last_mut()) {
            *top = !*top;
        }
        (terms, later)
    }
}
