//! Circuits in the cost model: an operation in bits as ANDs per lane, levels, and the lanes that it runs over.

use super::super::Kind;
use super::super::circuits::{Circuit, Forms, adder, ceil_log2, operator};
use super::Walk;
use crate::forms::{Wanted, is_looked_up};
use crate::ir::{Node, Op, Reducer, needed_bits};
use crate::templates::{Objective, lookup_size};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;

/// ANDs of what emission refuses: more than anything has.
const NEVER: f64 = 1e15;

impl Walk<'_, '_> {
    /// The circuit of an operation in bits, and over how many lanes it runs.
    pub(super) fn in_bits(&self, op: &Op, node: &Node, kind: Kind) -> (Forms, f64) {
        let r = node.results[0];
        let n = self.lanes(r);
        let lanes = node.args.first().map_or(0.0, |&first| self.lanes(first));
        let Some(&first) = node.args.first() else {
            return (Forms::default(), n);
        };
        let len = |segments: u64| (lanes as u64).checked_div(segments).unwrap_or(0);
        let w = self.width(first);
        let one = |ands: f64, depth: f64| Forms::both(Circuit { ands, depth });
        match op {
            Op::Word(op) => (self.word(*op, node), n),
            Op::Reduce {
                reducer: Reducer::Word(op),
                segments,
            } => {
                let levels = f64::from(ceil_log2(len(*segments)));
                let each = operator(*op, w);
                let tree = each.map(|c| {
                    if *op == WordOp::Add {
                        Circuit {
                            ands: w,
                            depth: levels + c.depth,
                        }
                    } else {
                        Circuit {
                            ands: c.ands,
                            depth: levels * c.depth,
                        }
                    }
                });
                (tree, lanes)
            }
            Op::Scan {
                reducer: Reducer::Word(op),
                segments,
            } => {
                let levels = f64::from(ceil_log2(len(*segments)));
                let scan = operator(*op, w).map(|c| Circuit {
                    ands: c.ands * levels / 2.0,
                    depth: c.depth * levels,
                });
                (scan, lanes)
            }
            Op::Dot { segments } => {
                let levels = f64::from(ceil_log2(len(*segments)));
                let products = self.word(WordOp::Mul, node).map(|c| Circuit {
                    ands: c.ands,
                    depth: c.depth + levels,
                });
                (products, lanes)
            }
            Op::ReadSecret { block, groups } => {
                let elements = len(groups.saturating_mul(*block));
                if self.model.table[first.index()]
                    && *groups == 1
                    && is_looked_up(elements, *block, self.bits(r))
                {
                    return self.looked_up(elements, *block, node);
                }
                let depth = f64::from(ceil_log2(elements)) + 1.0;
                (one(elements as f64 * self.width(r), depth), n)
            }
            Op::WriteSecret { block, groups } => {
                let elements = len(groups.saturating_mul(*block));
                let depth = f64::from(ceil_log2(elements)) + 2.0;
                if self.lanes(node.args[1]) > *groups as f64 {
                    // Only an owner writes to several places at once.
                    return (one(NEVER, depth), n);
                }
                (one(self.width(r) + 2.0, depth), n)
            }
            Op::Circuit { circuit, calls } => {
                // Making a form takes time: only those that emission may choose.
                let of = |objective| {
                    let form = circuit.form(objective);
                    Circuit {
                        ands: form.ands as f64,
                        depth: f64::from(form.and_depth),
                    }
                };
                let calls = *calls as f64;
                let forms = match self.model.wanted(kind, calls) {
                    Wanted::Fewest => Forms::both(of(Objective::Size)),
                    Wanted::Shallowest => Forms::both(of(Objective::Depth)),
                    Wanted::Cheapest => Forms {
                        size: of(Objective::Size),
                        depth: of(Objective::Depth),
                    },
                };
                (forms, calls)
            }
            _ => (Forms::default(), n),
        }
    }

    /// Reading a constant table of blocks: once per index, whatever the block.
    fn looked_up(&self, elements: u64, block: u64, node: &Node) -> (Forms, f64) {
        let at = node.args[1];
        let bits = block * u64::from(self.bits(node.results[0]));
        // A table of this many bits is at most 2^19 entries long.
        let size = |objective| {
            let (n, bits) = (elements as usize, bits as usize);
            let (ands, depth) = lookup_size(n, self.bits(at) as usize, bits, objective);
            Circuit {
                ands: ands as f64,
                depth: f64::from(depth),
            }
        };
        let forms = Forms {
            size: size(Objective::Size),
            depth: size(Objective::Depth),
        };
        (forms, self.lanes(at))
    }

    fn word(&self, op: WordOp, node: &Node) -> Forms {
        let data = node.args.get(usize::from(op == WordOp::Select)).copied();
        let w = data.map_or(1.0, |v| self.width(v));
        let constant = |i: usize| {
            node.args
                .get(i)
                .is_some_and(|a| self.model.constant[a.index()])
        };
        let lg = f64::from(ceil_log2(w as u64));
        let one = |ands: f64, depth: f64| Forms::both(Circuit { ands, depth });
        match op {
            WordOp::Shl | WordOp::Shr | WordOp::RotL | WordOp::RotR if constant(1) => {
                Forms::default()
            }
            WordOp::And | WordOp::Or if constant(0) || constant(1) => Forms::default(),
            WordOp::Mul if constant(0) || constant(1) => {
                let last = adder(w);
                last.map(|c| Circuit {
                    ands: 2.0 * w + c.ands,
                    depth: 2.0 + c.depth,
                })
            }
            WordOp::Div | WordOp::Rem if constant(1) => one(w * w, 2.0 * lg + 2.0),
            // Bits that an operand cannot have take no gates, but in a reciprocal.
            WordOp::Mul | WordOp::Div | WordOp::Rem => {
                let used: f64 = node
                    .args
                    .iter()
                    .map(|&id| self.used(id) / w.max(1.0))
                    .product();
                let less = |c: Circuit| Circuit {
                    ands: c.ands * used,
                    ..c
                };
                let forms = operator(op, w);
                match op {
                    WordOp::Mul => forms.map(less),
                    _ => Forms {
                        size: less(forms.size),
                        ..forms
                    },
                }
            }
            op => operator(op, w),
        }
    }

    /// The bits that the range of a value needs.
    fn used(&self, id: ValueId) -> f64 {
        let value = &self.model.ir.values[id.index()];
        let (bits, _) = needed_bits(value.ty.scalar, value.range);
        f64::from(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::cost::{Model, Stamps};
    use crate::assign::local::Local as Owners;
    use crate::assign::{assign, forms};
    use crate::emit::emit;
    use crate::ir::build::Builder;
    use crate::session::{LocalChoice, Network, ObjectiveChoice, Options, ProtocolChoice};
    use smpcc_circuit::cost::Costs;
    use smpcc_circuit::program::{Loc, Suite, Threat};
    use smpcc_circuit::stats::{Known, stats};
    use smpcc_circuit::value::{ConstVec, Scalar, Word};
    use smpcc_circuit::verify::verify;

    /// What the search believes that a read of a constant table costs is what the emitted program has.
    #[test]
    fn a_constant_table_has_the_price_of_its_circuit() {
        for (n, width, places, block) in [(10_000, 32, 3, 1), (256, 8, 1000, 1), (1000, 16, 7, 4)] {
            let mut b = Builder::new(3);
            let words =
                (0..n * block).map(|i| Word::from(i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11);
            let words: Vec<Word> = words.map(|w| Scalar::unsigned(width).wrap(w)).collect();
            let table = b.constant(Scalar::unsigned(width), ConstVec::Table(words));
            let at = b.input(0, "at", Scalar::unsigned(32), places);
            let read = Op::ReadSecret { block, groups: 1 };
            let found = b.inferred(read, &[table, at]);
            b.output(found, &[0]);
            let ir = b.finish();
            for objective in [ObjectiveChoice::Size, ObjectiveChoice::Depth] {
                let options = Options {
                    suite: Suite::Rep3,
                    threat: Threat::SemiHonest,
                    threshold: 1,
                    protocol: ProtocolChoice::Boolean,
                    local: LocalChoice::Off,
                    objective,
                    network: Network::LAN,
                    costs: Costs::SHIPPED,
                    opt: 2,
                };
                let together = Owners::none(&ir);
                let model = Model::new(&ir, &options, forms(&options, 3), &together);
                let kinds = vec![Kind::Boolean; ir.values.len()];
                let mut stamps = Stamps::default();
                let walk = Walk::new(&model, &kinds, &mut stamps);
                let node = ir
                    .body
                    .nodes
                    .iter()
                    .find(|node| node.results.contains(&found));
                let node = node.expect("the read");
                let (size, lanes) = walk.in_bits(&node.op, node, Kind::Boolean);
                let believed = model.form(Kind::Boolean, size, lanes);
                let plan = assign(&ir, &options).expect("a plan");
                let none = |_| Loc::default();
                let program = emit(&ir, &plan, &options, "test", Vec::new(), &none);
                let program = verify(program.expect("small").program).expect("a valid program");
                let totals = stats(&program, &Known::default()).totals;
                let real = totals.and.expect("a count") as f64;
                let ands = believed.ands * lanes;
                assert!(
                    ands >= 0.8 * real && ands <= 1.25 * real,
                    "{n} of {width} bits, {objective:?}: {ands} believed, {real} real"
                );
                let depth = totals.and_depth.expect("a depth") as f64;
                assert!(
                    (believed.depth - depth).abs() <= 1.0,
                    "{} {depth}",
                    believed.depth
                );
            }
        }
    }
}
