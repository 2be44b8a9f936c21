//! Reductions: local sums in the arithmetic domain, carry-save trees over lanes in bits, tournaments for the rest.
//!
//! Lanes are first laid out element by element (all segments' first elements, then all second ones, …), so that halves,
//! rows and left-overs are contiguous whatever the number of segments. A reduction of few elements is unrolled over values
//! of one lane per segment, so that it fuses with what stands around it.

use super::Emitter;
use super::frame::Logic;
use crate::hir::Range;
use crate::ir::{Node as IrNode, needed_bits};
use smpcc_circuit::eval::identity;
use smpcc_circuit::float::FloatOp;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op, ValueInfo};
use smpcc_circuit::value::Scalar;

/// Most elements per segment, and most lanes, of an unrolled reduction.
const UNROLL: u64 = 256;
/// Most gates of an unrolled reduction.
const UNROLL_GATES: u64 = 1 << 16;
/// Rows that one carry-save circuit adds up.
const ROWS: u64 = 64;
/// Rows that the last circuit of a sum takes at most, left-overs apart.
const LAST_ROWS: u64 = 128;

impl Emitter<'_> {
    /// Reduces runs of `lanes / segments` lanes with an associative word operation.
    pub(super) fn reduce(
        &mut self,
        domain: Domain,
        op: WordOp,
        value: ValueId,
        segments: u64,
        range: Option<Range>,
    ) -> ValueId {
        let info = self.info(value);
        let len = info.lanes.checked_div(segments).unwrap_or(0);
        let ty = info.scalar;
        if len == 0 {
            let neutral = self.splat(ty, segments, identity(op, ty));
            return self.to(neutral, domain);
        }
        if domain.is_clear() {
            let info = ValueInfo {
                domain,
                lanes: segments,
                ..info
            };
            return self.plain(Op::Reduce { op, segments }, &[value], info);
        }
        if len == 1 {
            return self.to(value, domain);
        }
        let adds = op == WordOp::Add && ty != Scalar::Bool;
        if adds && matches!(domain, Domain::Arithmetic { .. }) {
            let value = self.to(value, domain);
            return self.sum_lanes(value, segments);
        }
        if adds {
            let (bits, signed) = needed_bits(ty, range);
            return self.sum_bits(domain, value, segments, bits, signed);
        }
        let value = self.to(value, domain);
        let combine = |s: &mut Self, left: &[ValueId], right: &[ValueId]| {
            vec![s.word(domain, op, ty, ty, &[left[0], right[0]])]
        };
        let gates = len * op_gates(op, u64::from(ty.width()));
        let small = len * segments <= UNROLL && gates <= UNROLL_GATES;
        self.tournament(&[value], segments, small, combine)[0]
    }

    /// Sums of runs of lanes in the arithmetic domain: local.
    pub(super) fn sum_lanes(&mut self, value: ValueId, segments: u64) -> ValueId {
        let info = ValueInfo {
            lanes: segments,
            ..self.info(value)
        };
        self.plain(Op::SumLanes { segments }, &[value], info)
    }

    /// Sums of products of runs of lanes.
    pub(super) fn dot(
        &mut self,
        domain: Domain,
        a: ValueId,
        b: ValueId,
        segments: u64,
        ranges: (Option<Range>, Option<Range>),
    ) -> ValueId {
        let info = self.info(a);
        let ty = info.scalar;
        let public = |s: &Self, v: ValueId| s.info(v).domain == Domain::Public;
        match domain {
            Domain::Arithmetic { .. } => {
                let target = ValueInfo { domain, ..info };
                if public(self, a) || public(self, b) || segments == 0 || info.lanes == 0 {
                    let products = self.product(target, a, b);
                    return self.sum_lanes(products, segments);
                }
                let (a, b) = (self.to(a, domain), self.to(b, domain));
                let result = ValueInfo {
                    lanes: segments,
                    ..target
                };
                self.plain(Op::Dot { segments }, &[a, b], result)
            }
            Domain::Boolean | Domain::Yao => {
                let len = info.lanes.checked_div(segments).unwrap_or(0);
                let (left, right) = (needed_bits(ty, ranges.0), needed_bits(ty, ranges.1));
                let gates = len * u64::from(left.0) * u64::from(right.0);
                if (2..=UNROLL).contains(&len) && gates <= UNROLL_GATES {
                    let mut factors = self.elements(a, segments);
                    factors.extend(self.elements(b, segments));
                    let logic = Logic::Products {
                        bits: (left.0, right.0),
                        signed: (left.1, right.1),
                    };
                    return self.logic1(domain, logic, &factors, ty);
                }
                let products = self.word(domain, WordOp::Mul, ty, ty, &[a, b]);
                self.reduce(domain, WordOp::Add, products, segments, None)
            }
            Domain::Public | Domain::Local { .. } => {
                let products = self.word(domain, WordOp::Mul, ty, ty, &[a, b]);
                self.reduce(domain, WordOp::Add, products, segments, None)
            }
        }
    }

    /// The sum in bits, of elements that are integers of `bits` bits.
    fn sum_bits(
        &mut self,
        domain: Domain,
        value: ValueId,
        segments: u64,
        bits: u32,
        signed: bool,
    ) -> ValueId {
        let ty = self.info(value).scalar;
        let width = ty.width();
        let len = self.info(value).lanes / segments;
        let value = self.to(value, domain);
        if len <= LAST_ROWS {
            let rows = self.elements(value, segments);
            return self.logic1(domain, Logic::Sum { bits, signed }, &rows, ty);
        }
        // Rows of carry-save form are unsigned; negative elements need the whole width to be right mod 2^width.
        let (mut bits, mut array) = (bits, value);
        if signed {
            bits = width;
        } else if bits < width {
            let narrow = Scalar::unsigned(bits as u8);
            let op = WordOp::Cast;
            let from = Scalar::unsigned(width as u8);
            array = self.logic1(
                domain,
                Logic::Word {
                    op,
                    from,
                    to: narrow,
                },
                &[array],
                narrow,
            );
        }
        array = self.element_major(array, segments);
        let (mut arrays, mut len) = (vec![array], len);
        let mut rest = Vec::new();
        while arrays.len() as u64 * len > LAST_ROWS {
            let per = ROWS / arrays.len() as u64;
            let m = len / per;
            let mut rows = Vec::new();
            for &array in &arrays {
                for j in 0..per {
                    rows.push(match domain {
                        // Labels are long: rows of neighbours can be made block by block of lanes.
                        Domain::Yao => {
                            let dims = [(m, per * segments), (segments, 1)];
                            self.gather_affine(array, j * segments, &dims)
                        }
                        // Bits of rows lie together.
                        Domain::Public
                        | Domain::Arithmetic { .. }
                        | Domain::Boolean
                        | Domain::Local { .. } => self.slice(array, j * m * segments, m * segments),
                    });
                }
                for e in per * m..len {
                    rest.push(self.slice(array, e * segments, segments));
                }
            }
            bits = width.min(bits + (rows.len() as u64).next_power_of_two().ilog2());
            let row = Scalar::unsigned(bits as u8);
            arrays = self.logic(domain, Logic::CarrySave, &rows, &[row, row]);
            len = m;
        }
        for array in arrays {
            for e in 0..len {
                rest.push(self.slice(array, e * segments, segments));
            }
        }
        let logic = Logic::Sum {
            bits: width,
            signed: false,
        };
        self.logic1(domain, logic, &rest, ty)
    }

    /// The elements of runs of lanes, each as a value of one lane per segment.
    pub(super) fn elements(&mut self, value: ValueId, segments: u64) -> Vec<ValueId> {
        let len = self.info(value).lanes / segments.max(1);
        (0..len)
            .map(|i| self.gather_affine(value, i, &[(segments, len)]))
            .collect()
    }

    /// From segment by segment to element by element.
    pub(super) fn element_major(&mut self, value: ValueId, segments: u64) -> ValueId {
        let len = self.info(value).lanes / segments.max(1);
        self.gather_affine(value, 0, &[(len, 1), (segments, len)])
    }

    /// Reduces runs of equal length of several values together, in order, pairing neighbours.
    fn tournament(
        &mut self,
        values: &[ValueId],
        segments: u64,
        small: bool,
        mut combine: impl FnMut(&mut Self, &[ValueId], &[ValueId]) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        if small {
            let columns: Vec<Vec<ValueId>> =
                values.iter().map(|&v| self.elements(v, segments)).collect();
            let mut level: Vec<Vec<ValueId>> = (0..columns[0].len())
                .map(|i| columns.iter().map(|c| c[i]).collect())
                .collect();
            while level.len() > 1 {
                let mut next = Vec::new();
                for pair in level.chunks(2) {
                    next.push(match pair {
                        [left, right] => combine(self, left, right),
                        _ => pair[0].clone(),
                    });
                }
                level = next;
            }
            return level.swap_remove(0);
        }
        let s = segments;
        let mut len = self.info(values[0]).lanes / s;
        let mut arrays: Vec<ValueId> = values.iter().map(|&v| self.element_major(v, s)).collect();
        while len > 1 {
            let m = len / 2;
            let side = |e: &mut Self, start: u64| -> Vec<ValueId> {
                arrays
                    .iter()
                    .map(|&v| e.gather_affine(v, start, &[(m, 2 * s), (s, 1)]))
                    .collect()
            };
            let (left, right) = (side(self, 0), side(self, s));
            let mut next = combine(self, &left, &right);
            if len % 2 == 1 {
                next = next
                    .iter()
                    .zip(&arrays)
                    .map(|(&n, &v)| {
                        let last = self.slice(v, 2 * m * s, s);
                        self.concat(&[n, last])
                    })
                    .collect();
            }
            arrays = next;
            len = len.div_ceil(2);
        }
        arrays
    }

    /// A reduction whose operator is a region.
    pub(super) fn reduce_region(
        &mut self,
        node: &IrNode,
        args: &[ValueId],
        segments: u64,
    ) -> Vec<ValueId> {
        let body = &node.regions[0];
        let args: Vec<_> = args
            .iter()
            .zip(&body.params)
            .map(|(&a, &p)| {
                let home = self.home(p);
                let a = self.operand(a, home);
                self.to(a, home)
            })
            .collect();
        let lanes = args.first().map_or(0, |&a| self.info(a).lanes);
        let len = lanes.checked_div(segments).unwrap_or(0);
        if len == 0 {
            return args
                .iter()
                .map(|&a| {
                    let info = self.info(a);
                    let zero = self.splat(info.scalar, segments, 0);
                    self.to(zero, info.domain)
                })
                .collect();
        }
        let small = len * segments <= UNROLL && len * body.nodes.len() as u64 <= 4 * UNROLL;
        let combine =
            |s: &mut Self, left: &[ValueId], right: &[ValueId]| s.instantiate(node, left, right);
        self.tournament(&args, segments, small, combine)
    }

    /// The body of a reduction on as many lanes as its operands have, results where the parameters are.
    pub(super) fn instantiate(
        &mut self,
        node: &IrNode,
        left: &[ValueId],
        right: &[ValueId],
    ) -> Vec<ValueId> {
        let body = &node.regions[0];
        let lanes = left.first().map_or(1, |&v| self.info(v).lanes);
        if lanes != 1 && !scales(self, node) {
            return self.instantiate_lane_by_lane(node, left, right, lanes);
        }
        let params: Vec<_> = left.iter().chain(right).copied().collect();
        for (&p, &v) in body.params.iter().zip(&params) {
            let home = self.home(p);
            let v = self.to(v, home);
            self.bind(p, v);
        }
        let scale = std::mem::replace(&mut self.scale, lanes);
        self.region(body);
        let results = body
            .results
            .iter()
            .zip(left)
            .map(|(&r, &l)| {
                let domain = self.info(l).domain;
                let value = self.operand(r, domain);
                self.to(value, domain)
            })
            .collect();
        self.scale = scale;
        results
    }

    fn instantiate_lane_by_lane(
        &mut self,
        node: &IrNode,
        left: &[ValueId],
        right: &[ValueId],
        lanes: u64,
    ) -> Vec<ValueId> {
        let mut columns: Vec<Vec<ValueId>> = vec![Vec::new(); left.len()];
        for lane in 0..lanes {
            let pick = |s: &mut Self, side: &[ValueId]| -> Vec<ValueId> {
                side.iter().map(|&v| s.slice(v, lane, 1)).collect()
            };
            let (l, r) = (pick(self, left), pick(self, right));
            for (column, value) in columns.iter_mut().zip(self.instantiate(node, &l, &r)) {
                column.push(value);
            }
        }
        columns.iter().map(|c| self.concat(c)).collect()
    }
}

/// Whether the body works lane by lane, so that one copy can do many pairs.
fn scales(emitter: &Emitter<'_>, node: &IrNode) -> bool {
    use crate::ir::Op as IrOp;
    node.regions[0].nodes.iter().all(|n| {
        let lane_wise = matches!(
            n.op,
            IrOp::Const(_) | IrOp::Word(_) | IrOp::MakeSecret | IrOp::Circuit { .. }
        );
        lane_wise
            && n.args
                .iter()
                .chain(&n.results)
                .all(|v| emitter.ir.values[v.index()].ty.lanes == 1)
    })
}

/// About how many gates an operation on one lane has.
pub(super) fn op_gates(op: WordOp, w: u64) -> u64 {
    match op {
        WordOp::Mul => w * w,
        WordOp::Div | WordOp::Rem => 3 * w * w,
        WordOp::Isqrt => w * w,
        WordOp::Float(FloatOp::Div | FloatOp::Mul | FloatOp::MulAdd | FloatOp::Sqrt, _) => {
            4 * w * w
        }
        WordOp::Float(..) => 64 * w,
        _ => 4 * w,
    }
}
