//! What a choice of domains costs: bytes over bandwidth, rounds times latency, local work; for comparing plans, not for
//! reports.
//!
//! One walk over the IR adds up bytes per party and local nanoseconds with the number of times that each region runs, and
//! follows rounds along the data as the schedule does: independent work shares rounds, regions are barriers, garblers do not
//! wait for the evaluator. Sizes of circuits come from formulas near what the generators make; exact figures are the
//! statistics' matter once a program is emitted. Only the four basic operations on floating-point numbers are used, so
//! that every machine gets the same answer.

use super::Kind;
use crate::ir::{Ir, Node, Op, Reducer, Region};
use crate::session::{ObjectiveChoice, Options};
use crate::templates::Objective;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{ConstVec, Scalar};

/// Bytes of a wire label.
const LABEL: f64 = 16.0;
/// Local nanoseconds per lane: a shared AND, a garbled AND, a product.
const AND_NS: f64 = 0.5;
const GARBLED_AND_NS: f64 = 60.0;
const MUL_NS: f64 = 10.0;
/// Local nanoseconds of an operation whatever its lanes.
const OP_NS: f64 = 2000.0;
/// Iterations that a run-time count stands for.
const UNKNOWN_COUNT: f64 = 8.0;

/// A circuit's size and depth.
#[derive(Clone, Copy, Debug, Default)]
struct Circuit {
    ands: f64,
    depth: f64,
}

/// When a value is there, in rounds: at all parties, and at those who garble.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Stamp {
    ready: f64,
    garbled: f64,
}

impl Stamp {
    fn join(self, other: Self) -> Self {
        Self {
            ready: self.ready.max(other.ready),
            garbled: self.garbled.max(other.garbled),
        }
    }

    fn rounds(self, n: f64) -> Self {
        if n == 0.0 {
            return self;
        }
        let then = self.ready.max(self.garbled) + n;
        Self {
            ready: then,
            garbled: then,
        }
    }

    fn to_evaluator(self) -> Self {
        Self {
            ready: self.ready.max(self.garbled + 1.0),
            garbled: self.garbled,
        }
    }
}

/// The cost model for one program.
pub(super) struct Model<'a> {
    ir: &'a Ir,
    byte_ns: f64,
    round_ns: f64,
    size_form: bool,
    /// Values that are one public word.
    constant: Vec<bool>,
}

impl<'a> Model<'a> {
    pub(super) fn new(ir: &'a Ir, options: &Options) -> Self {
        let mut constant = vec![false; ir.values.len()];
        mark_constants(&ir.body, &mut constant);
        Self {
            ir,
            byte_ns: 8000.0 / (options.network.mbit_per_s.max(1) as f64),
            round_ns: options.network.rtt_us as f64 * 500.0,
            size_form: options.objective == ObjectiveChoice::Size,
            constant,
        }
    }

    /// Nanoseconds of a run with these domains.
    pub(super) fn cost(&self, kinds: &[Kind]) -> f64 {
        let mut walk = Walk {
            model: self,
            kinds,
            sent: [0.0; 3],
            local: 0.0,
            stamps: vec![None; 4 * self.ir.values.len()],
            times: 1.0,
            home_times: vec![1.0; self.ir.values.len()],
        };
        let end = walk.region(&self.ir.body, Stamp::default());
        let most = walk.sent.iter().copied().fold(0.0, f64::max);
        most * self.byte_ns + end.ready.max(end.garbled) * self.round_ns + walk.local
    }
}

fn mark_constants(region: &Region, constant: &mut [bool]) {
    for node in &region.nodes {
        if let Op::Const(words) = &node.op
            && (matches!(words, ConstVec::Splat { .. }) || words.lanes() == 1)
            && let Some(r) = node.results.first()
        {
            constant[r.index()] = true;
        }
        for inner in &node.regions {
            mark_constants(inner, constant);
        }
    }
}

struct Walk<'m, 'a> {
    model: &'m Model<'a>,
    kinds: &'m [Kind],
    sent: [f64; 3],
    local: f64,
    /// When each value is there in each domain that it is held in.
    stamps: Vec<Option<Stamp>>,
    /// How often the current region runs.
    times: f64,
    /// How often each value's region runs.
    home_times: Vec<f64>,
}

const fn slot(v: ValueId, kind: Kind) -> usize {
    4 * v.0 as usize + kind as usize
}

impl Walk<'_, '_> {
    fn stamp(&self, v: ValueId, kind: Kind) -> Option<Stamp> {
        self.stamps[slot(v, kind)]
    }

    fn kind(&self, v: ValueId) -> Kind {
        self.kinds[v.index()]
    }

    fn width(&self, v: ValueId) -> f64 {
        f64::from(self.model.ir.values[v.index()].ty.scalar.width())
    }

    fn lanes(&self, v: ValueId) -> f64 {
        self.model.ir.values[v.index()].ty.lanes as f64
    }

    fn define(&mut self, v: ValueId, kind: Kind, stamp: Stamp) {
        self.stamps[slot(v, kind)] = Some(stamp);
        self.home_times[v.index()] = self.times;
    }

    fn all_send(&mut self, bytes: f64, times: f64) {
        for party in &mut self.sent {
            *party += bytes * times;
        }
    }

    /// A circuit over lanes in bits.
    fn circuit(
        &mut self,
        kind: Kind,
        circuit: Circuit,
        lanes: f64,
        times: f64,
        start: Stamp,
    ) -> Stamp {
        let ands = circuit.ands * lanes * times;
        if kind == Kind::Yao {
            self.sent[0] += 2.0 * LABEL * ands;
            self.local += GARBLED_AND_NS * ands;
            if ands > 0.0 {
                start.to_evaluator()
            } else {
                start
            }
        } else {
            self.all_send(ands / 8.0, 1.0);
            self.local += AND_NS * ands + OP_NS * 0.1 * circuit.depth * times;
            start.rounds(circuit.depth)
        }
    }

    /// When `v` is there in `kind`; pays for the conversion the first time.
    fn get(&mut self, v: ValueId, kind: Kind, start: Stamp) -> Stamp {
        let home = self.kind(v);
        if home == Kind::Public || kind == Kind::Public {
            return self.stamp(v, home).unwrap_or(start).join(start);
        }
        if let Some(known) = self.stamp(v, kind) {
            return known.join(start);
        }
        let from = self.stamp(v, home).unwrap_or(start);
        let (w, n) = (self.width(v), self.lanes(v));
        let times = self.home_times[v.index()];
        self.local += OP_NS * times;
        let done = match (home, kind) {
            (Kind::Arithmetic, Kind::Boolean) => {
                let parts = Circuit {
                    ands: w + self.adder(w).ands,
                    depth: 1.0 + self.adder(w).depth,
                };
                self.circuit(Kind::Boolean, parts, n, times, from)
            }
            (Kind::Arithmetic, Kind::Yao) => {
                self.labels(w, n, times);
                let parts = Circuit { ands: w, depth: w };
                self.circuit(Kind::Yao, parts, n, times, from.to_evaluator())
            }
            (Kind::Boolean, Kind::Arithmetic) => self.inject(w, n, times, from),
            (Kind::Boolean, Kind::Yao) => {
                self.labels(w, n, times);
                from.to_evaluator()
            }
            (Kind::Yao, _) => {
                self.sent[2] += w * n * times / 8.0;
                let bits = from.rounds(1.0);
                self.stamps[slot(v, Kind::Boolean)] = Some(bits);
                if kind == Kind::Arithmetic {
                    self.inject(w, n, times, bits)
                } else {
                    bits
                }
            }
            _ => from,
        };
        self.stamps[slot(v, kind)] = Some(done);
        done.join(start)
    }

    fn labels(&mut self, w: f64, n: f64, times: f64) {
        self.sent[0] += LABEL * w * n * times;
        self.sent[1] += LABEL * w * n * times;
    }

    fn inject(&mut self, w: f64, n: f64, times: f64, from: Stamp) -> Stamp {
        if w == 1.0 {
            // The ring is that of the use; a word of 64 bits stands for it.
            self.all_send(8.0 * n, times);
            return from.rounds(2.0);
        }
        let parts = Circuit {
            ands: w + self.adder(w).ands,
            depth: 1.0 + self.adder(w).depth,
        };
        let difference = self.circuit(Kind::Boolean, parts, n, times, from);
        self.sent[1] += w * n * times / 8.0;
        self.sent[2] += w * n * times / 8.0;
        difference.rounds(1.0)
    }

    fn region(&mut self, region: &Region, start: Stamp) -> Stamp {
        let mut end = start;
        for node in &region.nodes {
            end = end.join(self.node(node, start));
        }
        end
    }

    fn node(&mut self, node: &Node, start: Stamp) -> Stamp {
        let home = node.results.first().map_or(Kind::Public, |&r| self.kind(r));
        let times = self.times;
        match &node.op {
            Op::Loop { count } => return self.counted(node, *count, start),
            Op::While | Op::If => return self.steered(node, start),
            _ => {}
        }
        let region_reducer = matches!(
            node.op,
            Op::Reduce {
                reducer: Reducer::Region,
                ..
            } | Op::Scan {
                reducer: Reducer::Region,
                ..
            }
        );
        if region_reducer {
            return self.reduce_region(node, start);
        }
        let ready = node.args.iter().fold(start, |s, &a| {
            let kind = if node.results.is_empty() || matches!(node.op, Op::Reveal) {
                self.kind(a)
            } else {
                home
            };
            s.join(self.get(a, kind, start))
        });
        self.local += OP_NS * times;
        let done = match &node.op {
            Op::Input(_) => {
                let r = node.results[0];
                let bits = self.width(r) * self.lanes(r);
                self.all_send(bits / 8.0 / 3.0, times);
                let shared = ready.rounds(1.0);
                if home == Kind::Yao {
                    self.labels(self.width(r), self.lanes(r), times);
                    shared.to_evaluator()
                } else {
                    shared
                }
            }
            Op::Reveal | Op::Output(_) => {
                let a = node.args[0];
                if self.kind(a) == Kind::Public {
                    ready
                } else {
                    let bytes = self.width(a) * self.lanes(a) / 8.0;
                    self.all_send(bytes, times);
                    ready.rounds(if self.kind(a) == Kind::Yao { 2.0 } else { 1.0 })
                }
            }
            _ if home == Kind::Public || node.results.is_empty() => ready,
            op if home == Kind::Arithmetic => self.arithmetic(op, node, ready),
            op => {
                let (circuit, lanes) = self.in_bits(op, node, home);
                self.circuit(home, circuit, lanes, times, ready)
            }
        };
        for &r in &node.results {
            let kind = self.kind(r);
            self.define(r, kind, done);
        }
        done
    }

    fn arithmetic(&mut self, op: &Op, node: &Node, ready: Stamp) -> Stamp {
        let r = node.results[0];
        let secret = node
            .args
            .iter()
            .filter(|&&a| self.kind(a) != Kind::Public)
            .count();
        let (w, n) = (self.width(r).max(8.0), self.lanes(r));
        let from = node
            .args
            .first()
            .map_or(Scalar::Bool, |&a| self.model.ir.values[a.index()].ty.scalar);
        let ir = self.model.ir;
        let mut products = |rounds: f64, results: f64, work: f64| {
            self.all_send(w / 8.0 * results, self.times);
            self.local += MUL_NS * work * self.times;
            ready.rounds(rounds)
        };
        match op {
            Op::Word(WordOp::Mul | WordOp::Select) if secret > 1 => products(1.0, n, n),
            Op::Word(WordOp::And | WordOp::Or | WordOp::Xor | WordOp::Eq | WordOp::Ne)
                if secret > 1 && from == Scalar::Bool =>
            {
                products(1.0, n, n)
            }
            Op::Dot { .. } if secret > 1 => {
                let lanes = ir.values[node.args[0].index()].ty.lanes as f64;
                products(1.0, n, lanes)
            }
            Op::Reduce {
                reducer: Reducer::Word(op),
                segments,
            } if *op != WordOp::Add => {
                let lanes = ir.values[node.args[0].index()].ty.lanes;
                let len = lanes.checked_div(*segments).unwrap_or(0);
                products(f64::from(ceil_log2(len)), lanes as f64, lanes as f64)
            }
            Op::Scan {
                reducer: Reducer::Word(op),
                segments,
            } if *op != WordOp::Add => {
                let len = (n as u64).checked_div(*segments).unwrap_or(0);
                let levels = f64::from(ceil_log2(len));
                products(levels, n * levels / 2.0, n * levels / 2.0)
            }
            _ => ready,
        }
    }

    /// The circuit of an operation in bits, and over how many lanes it runs.
    fn in_bits(&self, op: &Op, node: &Node, kind: Kind) -> (Circuit, f64) {
        let r = node.results[0];
        let n = self.lanes(r);
        let lanes = node.args.first().map_or(0.0, |&first| self.lanes(first));
        let Some(&first) = node.args.first() else {
            return (Circuit::default(), n);
        };
        let len = |segments: u64| (lanes as u64).checked_div(segments).unwrap_or(0);
        match op {
            Op::Word(op) => (self.word(*op, node), n),
            Op::Reduce {
                reducer: Reducer::Word(op),
                segments,
            } => {
                let each = self.operator(*op, self.width(first));
                let levels = f64::from(ceil_log2(len(*segments)));
                let depth = if *op == WordOp::Add {
                    levels + each.depth
                } else {
                    levels * each.depth
                };
                let ands = if *op == WordOp::Add {
                    self.width(first)
                } else {
                    each.ands
                };
                (Circuit { ands, depth }, lanes)
            }
            Op::Scan {
                reducer: Reducer::Word(op),
                segments,
            } => {
                let each = self.operator(*op, self.width(first));
                let levels = f64::from(ceil_log2(len(*segments)));
                let circuit = Circuit {
                    ands: each.ands * levels / 2.0,
                    depth: each.depth * levels,
                };
                (circuit, lanes)
            }
            Op::Dot { segments } => {
                let mul = self.word(WordOp::Mul, node);
                let depth = mul.depth + f64::from(ceil_log2(len(*segments)));
                (
                    Circuit {
                        ands: mul.ands,
                        depth,
                    },
                    lanes,
                )
            }
            Op::ReadSecret { block, groups } => {
                let elements = len(groups.saturating_mul(*block));
                let depth = f64::from(ceil_log2(elements)) + 1.0;
                let ands = elements as f64 * self.width(r);
                (Circuit { ands, depth }, n)
            }
            Op::WriteSecret { block, groups } => {
                let elements = len(groups.saturating_mul(*block));
                let depth = f64::from(ceil_log2(elements)) + 2.0;
                let ands = self.width(r) + 2.0;
                (Circuit { ands, depth }, n)
            }
            Op::Circuit { circuit, calls } => {
                let form = circuit.form(if kind == Kind::Yao || self.model.size_form {
                    Objective::Size
                } else {
                    Objective::Depth
                });
                let circuit = Circuit {
                    ands: form.ands as f64,
                    depth: f64::from(form.and_depth),
                };
                (circuit, *calls as f64)
            }
            _ => (Circuit::default(), n),
        }
    }

    fn word(&self, op: WordOp, node: &Node) -> Circuit {
        let data = node.args.get(usize::from(op == WordOp::Select)).copied();
        let w = data.map_or(1.0, |v| self.width(v));
        let constant = |i: usize| {
            node.args
                .get(i)
                .is_some_and(|a| self.model.constant[a.index()])
        };
        let lg = f64::from(ceil_log2(w as u64));
        match op {
            WordOp::Shl | WordOp::Shr | WordOp::RotL | WordOp::RotR if constant(1) => {
                Circuit::default()
            }
            WordOp::And | WordOp::Or if constant(0) || constant(1) => Circuit::default(),
            WordOp::Mul if constant(0) || constant(1) => Circuit {
                ands: 3.0 * w,
                depth: lg + 2.0,
            },
            WordOp::Div | WordOp::Rem if constant(1) => Circuit {
                ands: w * w,
                depth: 2.0 * lg + 2.0,
            },
            op => self.operator(op, w),
        }
    }

    /// An operation on two secrets of `w` bits.
    fn operator(&self, op: WordOp, w: f64) -> Circuit {
        let lg = f64::from(ceil_log2(w as u64));
        let small = self.model.size_form;
        let pick = |size: (f64, f64), depth: (f64, f64)| {
            let (ands, depth) = if small { size } else { depth };
            Circuit { ands, depth }
        };
        match op {
            WordOp::Add | WordOp::Sub | WordOp::Neg | WordOp::Abs => self.adder(w),
            WordOp::Lt | WordOp::Le => pick((w, w), (2.0 * w, lg + 1.0)),
            WordOp::Min | WordOp::Max => pick((2.0 * w, w + 1.0), (3.0 * w, lg + 2.0)),
            WordOp::Eq | WordOp::Ne => pick((w - 1.0, lg), (w - 1.0, lg)),
            WordOp::Mul => pick((0.55 * w * w, 2.0 * w), (0.7 * w * w, 2.0 * lg)),
            WordOp::Div | WordOp::Rem => pick((0.8 * w * w, w * w), (5.0 * w * w, 3.0 * w)),
            WordOp::Isqrt => pick((0.15 * w * w, 0.5 * w * w), (2.0 * w * w, 2.0 * w)),
            WordOp::Select | WordOp::And | WordOp::Or => pick((w, 1.0), (w, 1.0)),
            WordOp::Shl | WordOp::Shr | WordOp::RotL | WordOp::RotR => {
                pick((w * lg, lg), (w * lg, lg))
            }
            WordOp::CountOnes => pick((w, lg + 1.0), (w, lg + 1.0)),
            WordOp::Xor | WordOp::Not | WordOp::Cast => Circuit::default(),
        }
    }

    fn adder(&self, w: f64) -> Circuit {
        let lg = f64::from(ceil_log2(w as u64));
        if self.model.size_form {
            Circuit {
                ands: w - 1.0,
                depth: w - 1.0,
            }
        } else {
            Circuit {
                ands: (w * (lg - 0.5)).max(w - 1.0),
                depth: lg.max(1.0),
            }
        }
    }

    fn counted(&mut self, node: &Node, count: Option<u64>, start: Stamp) -> Stamp {
        let body = &node.regions[0];
        let init = &node.args[usize::from(count.is_none()).min(node.args.len())..];
        let params = body.params.get(1..).unwrap_or(&[]);
        let mut begin = start;
        for (&p, &v) in params.iter().zip(init) {
            let kind = self.kind(p);
            begin = begin.join(self.get(v, kind, start));
        }
        let n = count.map_or(UNKNOWN_COUNT, |n| n as f64);
        let outer = self.times;
        self.times = outer * n;
        let mut ends = [begin; 2];
        // Bytes of one walk count for all iterations; the second only shows how stamps grow.
        let before = (self.sent, self.local);
        for end in &mut ends {
            (self.sent, self.local) = before;
            let at = begin;
            for &p in params {
                let kind = self.kind(p);
                self.define(p, kind, at);
            }
            self.forget(body);
            let mut done = self.region(body, at);
            for (&p, &r) in params.iter().zip(&body.results) {
                let kind = self.kind(p);
                done = done.join(self.get(r, kind, at));
            }
            *end = done;
            begin = done;
        }
        self.times = outer;
        let more = (n - 1.0).max(0.0);
        let end = Stamp {
            ready: ends[0].ready + more * (ends[1].ready - ends[0].ready),
            garbled: ends[0].garbled + more * (ends[1].garbled - ends[0].garbled),
        };
        self.finish(node, params, end)
    }

    /// Conversions that an earlier walk of the same body has paid for.
    fn forget(&mut self, body: &Region) {
        for node in &body.nodes {
            for &r in &node.results {
                for kind in [Kind::Arithmetic, Kind::Boolean, Kind::Yao, Kind::Public] {
                    self.stamps[slot(r, kind)] = None;
                }
            }
        }
        for &p in &body.params {
            for kind in [Kind::Arithmetic, Kind::Boolean, Kind::Yao] {
                if kind != self.kind(p) {
                    self.stamps[slot(p, kind)] = None;
                }
            }
        }
    }

    fn finish(&mut self, node: &Node, like: &[ValueId], end: Stamp) -> Stamp {
        for (i, &r) in node.results.iter().enumerate() {
            let kind = like.get(i).map_or(self.kind(r), |&p| self.kind(p));
            self.define(r, kind, end);
            let own = self.kind(r);
            self.stamps[slot(r, own)] = Some(end);
        }
        end
    }

    fn steered(&mut self, node: &Node, start: Stamp) -> Stamp {
        let mut begin = start;
        let loops = matches!(node.op, Op::While);
        let params = node.regions.last().map_or(&[][..], |r| &r.params);
        for (i, &v) in node.args.iter().enumerate() {
            let kind = params.get(i).map_or(self.kind(v), |&p| self.kind(p));
            begin = begin.join(self.get(v, kind, start));
        }
        let n = if loops { UNKNOWN_COUNT } else { 1.0 };
        let outer = self.times;
        self.times = outer * n;
        let mut end = begin;
        for region in &node.regions {
            for &p in &region.params {
                let kind = self.kind(p);
                self.define(p, kind, begin);
            }
            let mut done = self.region(region, begin);
            let like = if loops { params } else { &node.results };
            for (&r, &p) in region.results.iter().zip(like) {
                let kind = self.kind(p);
                done = done.join(self.get(r, kind, begin));
            }
            end = if loops {
                Stamp {
                    ready: end.ready + (done.ready - begin.ready) * n,
                    garbled: end.garbled + (done.garbled - begin.garbled) * n,
                }
            } else {
                end.join(done)
            };
        }
        self.times = outer;
        self.finish(node, if loops { params } else { &[] }, end)
    }

    fn reduce_region(&mut self, node: &Node, start: Stamp) -> Stamp {
        let body = &node.regions[0];
        let mut begin = start;
        for (&p, &v) in body.params.iter().zip(&node.args) {
            let kind = self.kind(p);
            begin = begin.join(self.get(v, kind, start));
        }
        let lanes = node.args.first().map_or(0.0, |&a| self.lanes(a));
        let (segments, scans) = match node.op {
            Op::Scan { segments, .. } => (segments, true),
            Op::Reduce { segments, .. } => (segments, false),
            _ => (1, false),
        };
        let levels = f64::from(ceil_log2((lanes as u64).checked_div(segments).unwrap_or(0)));
        let outer = self.times;
        self.times = outer * if scans { lanes * levels / 2.0 } else { lanes };
        let ops = self.local;
        for &p in &body.params {
            let kind = self.kind(p);
            self.define(p, kind, begin);
        }
        let mut done = self.region(body, begin);
        for (&r, &p) in body.results.iter().zip(&body.params) {
            let kind = self.kind(p);
            done = done.join(self.get(r, kind, begin));
        }
        self.times = outer;
        // Operations run once per level, not once per pair.
        let pairs = body.nodes.len() as f64 * OP_NS * outer * lanes;
        self.local = (self.local - pairs).max(ops);
        let end = Stamp {
            ready: begin.ready + (done.ready - begin.ready) * levels,
            garbled: begin.garbled + (done.garbled - begin.garbled) * levels,
        };
        self.finish(node, &body.params, end)
    }
}

fn ceil_log2(n: u64) -> u32 {
    if n <= 1 {
        0
    } else {
        64 - (n - 1).leading_zeros()
    }
}
