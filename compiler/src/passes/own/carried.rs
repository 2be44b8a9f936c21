//! What a loop carries for several owners, or a choice gives, becomes one variable for each.
//!
//! ```text
//! before: v9: x3 = loop 100 v0 { (i, s: x3) … yield t }                       (lane p of s follows from party p's data)
//! after:  a9, b9, c9 = loop 100 a0, b0, c0 { (i, a, b, c) s = concat a, b, c … yield gather t, 0, gather t, 1, gather t, 2 }
//! ```
//!
//! A loop whose iterations are a chain keeps its lanes together, and with them would make all of them nobody's.

use super::MAX_PIECES;
use super::digits::lanes_of;
use super::grid::{Grid, Owner, Piece};
use super::owners::owners;
use crate::ir::{Ir, Node, Op, Region, Ty, Value};
use crate::span::Span;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar};

/// The program with the variables of each owner apart, and the owners of all its values.
pub(super) fn apart(mut ir: Ir) -> (Ir, Vec<Grid>, bool) {
    let grids = owners(&ir);
    let mut apart = Apart {
        grids: &grids,
        values: std::mem::take(&mut ir.values),
        changed: false,
    };
    let body = apart.region(std::mem::take(&mut ir.body));
    let (values, changed) = (apart.values, apart.changed);
    let ir = Ir { values, body, ..ir };
    match changed {
        true => {
            let grids = owners(&ir);
            (ir, grids, true)
        }
        false => (ir, grids, false),
    }
}

struct Apart<'g> {
    /// Of the values of the original program.
    grids: &'g [Grid],
    values: Vec<Value>,
    changed: bool,
}

/// The lanes of a variable that have one owner, in order of pieces.
struct Pieces {
    at: Vec<ConstVec>,
    /// Whether the pieces one after the other are the whole.
    in_order: bool,
}

impl Apart<'_> {
    fn region(&mut self, region: Region) -> Region {
        let mut nodes = Vec::with_capacity(region.nodes.len());
        for mut node in region.nodes {
            node.regions = std::mem::take(&mut node.regions)
                .into_iter()
                .map(|inner| self.region(inner))
                .collect();
            match node.op {
                Op::Loop { .. } | Op::While | Op::If => self.control(node, &mut nodes),
                _ => nodes.push(node),
            }
        }
        Region { nodes, ..region }
    }

    /// A loop or a choice whose variables are taken apart, and what is around it then.
    fn control(&mut self, mut node: Node, out: &mut Vec<Node>) {
        let counts = matches!(node.op, Op::Loop { .. });
        // A count, or a condition.
        let first_arg = usize::from(matches!(node.op, Op::Loop { count: None } | Op::If));
        let carried: Vec<Option<Pieces>> = (node.results.iter())
            .map(|&result| self.pieces(result))
            .collect();
        if carried.iter().all(Option::is_none) {
            return out.push(node);
        }
        self.changed = true;
        let span = node.span;
        // Before the loop: the pieces of what it starts from.
        let init = node.args.split_off(first_arg);
        for (init, pieces) in init.into_iter().zip(&carried) {
            match pieces {
                Some(pieces) => node.args.extend(self.taken(init, pieces, span, out)),
                None => node.args.push(init),
            }
        }
        // In each region: the whole from the pieces, and the pieces of what it hands on.
        for (i, region) in node.regions.iter_mut().enumerate() {
            let skip = usize::from(counts);
            let params = region.params.split_off(skip);
            let mut head = Vec::new();
            for (param, pieces) in params.into_iter().zip(&carried) {
                match pieces {
                    Some(pieces) => {
                        let parts = self.parts(param, pieces);
                        self.joined(param, &parts, pieces, span, &mut head);
                        region.params.extend(parts);
                    }
                    None => region.params.push(param),
                }
            }
            head.append(&mut region.nodes);
            region.nodes = head;
            let is_condition = matches!(node.op, Op::While) && i == 0;
            if is_condition {
                continue;
            }
            for (result, pieces) in std::mem::take(&mut region.results)
                .into_iter()
                .zip(&carried)
            {
                match pieces {
                    Some(pieces) => {
                        let parts = self.taken(result, pieces, span, &mut region.nodes);
                        region.results.extend(parts);
                    }
                    None => region.results.push(result),
                }
            }
        }
        // After it: the whole from the pieces.
        let mut tail = Vec::new();
        for (result, pieces) in std::mem::take(&mut node.results).into_iter().zip(&carried) {
            match pieces {
                Some(pieces) => {
                    let parts = self.parts(result, pieces);
                    self.joined(result, &parts, pieces, span, &mut tail);
                    node.results.extend(parts);
                }
                None => node.results.push(result),
            }
        }
        out.push(node);
        out.append(&mut tail);
    }

    /// The pieces of a variable that several parties know some lanes of.
    fn pieces(&self, id: ValueId) -> Option<Pieces> {
        let grid = self.grids.get(id.index()).filter(|grid| grid.is_mixed())?;
        let lens = grid.lens();
        let ranges = match lens[..] {
            [_] => runs(grid).into_iter().map(|run| vec![run]).collect(),
            _ => boxes(grid),
        };
        if ranges.len() < 2 || ranges.len() > MAX_PIECES {
            return None;
        }
        let lens = &lens[..ranges[0].len()];
        let inner: u64 = grid.lens()[lens.len()..].iter().product();
        Some(Pieces {
            in_order: lens.len() == 1,
            at: (ranges.into_iter())
                .map(|mut ranges| {
                    let lens: Vec<u64> = lens.iter().copied().chain([inner]).collect();
                    ranges.push((0, inner));
                    lanes_of(&lens, &ranges)
                })
                .collect(),
        })
    }

    fn fresh(&mut self, like: ValueId, ty: impl Fn(Ty) -> Ty) -> ValueId {
        let id = ValueId::new(self.values.len());
        let like = self.values[like.index()].clone();
        self.values.push(Value {
            ty: ty(like.ty),
            ..like
        });
        id
    }

    /// New values for the pieces of one.
    fn parts(&mut self, whole: ValueId, pieces: &Pieces) -> Vec<ValueId> {
        let part = |at: &ConstVec| {
            let lanes = at.lanes();
            self.fresh(whole, |ty| Ty { lanes, ..ty })
        };
        pieces.at.iter().map(part).collect()
    }

    fn constant(&mut self, words: ConstVec, span: Span, out: &mut Vec<Node>) -> ValueId {
        let id = ValueId::new(self.values.len());
        self.values.push(Value {
            ty: Ty {
                scalar: Scalar::USIZE,
                lanes: words.lanes(),
                secret: false,
            },
            range: None,
        });
        out.push(step(Op::Const(words), Vec::new(), id, span));
        id
    }

    /// The pieces of a value that is there.
    fn taken(
        &mut self,
        whole: ValueId,
        pieces: &Pieces,
        span: Span,
        out: &mut Vec<Node>,
    ) -> Vec<ValueId> {
        let parts = self.parts(whole, pieces);
        for (&part, at) in parts.iter().zip(&pieces.at) {
            let idx = self.constant(at.clone(), span, out);
            out.push(step(Op::Gather { block: 1 }, vec![whole, idx], part, span));
        }
        parts
    }

    /// Defines a value by its pieces.
    fn joined(
        &mut self,
        whole: ValueId,
        parts: &[ValueId],
        pieces: &Pieces,
        span: Span,
        out: &mut Vec<Node>,
    ) {
        let all = if pieces.in_order {
            whole
        } else {
            self.fresh(whole, |ty| ty)
        };
        out.push(step(Op::Concat, parts.to_vec(), all, span));
        if pieces.in_order {
            return;
        }
        // Piece by piece to where the lanes belong: every one of them is written.
        let mut to = all;
        for (k, at) in pieces.at.iter().enumerate() {
            let last = k + 1 == pieces.at.len();
            let next = if last {
                whole
            } else {
                self.fresh(whole, |ty| ty)
            };
            let idx = self.constant(at.clone(), span, out);
            out.push(step(
                Op::Scatter { block: 1 },
                vec![to, idx, parts[k]],
                next,
                span,
            ));
            to = next;
        }
    }
}

/// The runs of lanes of one owner. What all know goes with what stands behind it, or else before: whoever computes that has it, too.
pub(super) fn runs(grid: &Grid) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    let mut known = None;
    for piece in grid.pieces(1) {
        let (start, len) = piece.ranges[0];
        if piece.owners[0] == Owner::Public {
            known = Some(start);
            continue;
        }
        let from = known.take().unwrap_or(start);
        runs.push((from, start + len - from));
    }
    if let (Some(_), Some(last)) = (known, runs.last_mut()) {
        last.1 = grid.lanes() - last.0;
    }
    runs
}

/// Boxes of lanes of one owner, in as few dimensions as can be, again with what all know.
fn boxes(grid: &Grid) -> Vec<Vec<(u64, u64)>> {
    let n_dims = grid.lens().len();
    let apart = |kept: usize| {
        let pieces = grid.pieces(kept);
        let of_one = |piece: &Piece<'_>| {
            let owner = Owner::join_all(piece.owners.iter().copied());
            owner != Owner::Joint || piece.owners.iter().all(|&o| o == Owner::Joint)
        };
        (pieces.iter().all(of_one)).then(|| pieces.into_iter().map(|p| p.ranges).collect())
    };
    (1..=n_dims).find_map(apart).unwrap_or_default()
}

fn step(op: Op, args: Vec<ValueId>, result: ValueId, span: Span) -> Node {
    Node {
        op,
        args,
        results: vec![result],
        regions: Vec::new(),
        span,
        protocol: None,
    }
}
