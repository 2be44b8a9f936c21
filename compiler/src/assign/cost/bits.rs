//! Circuits in the cost model: an operation in bits as ANDs per lane, levels, and the lanes that it runs over.

use super::super::Kind;
use super::super::circuits::{Circuit, Forms, adder, ceil_log2, operator};
use super::Walk;
use crate::forms::Wanted;
use crate::ir::{Node, Op, Reducer};
use crate::templates::Objective;
use smpcc_circuit::gate::WordOp;

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
                let depth = f64::from(ceil_log2(elements)) + 1.0;
                (one(elements as f64 * self.width(r), depth), n)
            }
            Op::WriteSecret { block, groups } => {
                let elements = len(groups.saturating_mul(*block));
                let depth = f64::from(ceil_log2(elements)) + 2.0;
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
            op => operator(op, w),
        }
    }
}
