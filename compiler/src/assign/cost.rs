//! What a choice of domains costs: bytes over bandwidth, rounds times latency, local work; for comparing plans, not for
//! reports.
//!
//! One walk over the IR adds up bytes per party and local nanoseconds with the number of times that each region runs, and
//! follows rounds along the data as the schedule does: independent work shares rounds, regions are barriers, garblers do not
//! wait for the evaluator. What an operation sends comes from the suite's tables ([`super::prices`]), correlations included,
//! and local times from the cost table that parties agree on. Sizes of circuits come from formulas near what the generators
//! make ([`super::circuits`]); exact figures are the statistics' matter once a program is emitted. Only the four basic
//! operations on floating-point numbers are used, so that every machine gets the same answer.

use super::Kind;
use super::circuits::{Circuit, Forms, adder, ceil_log2, operator, sum};
use super::prices::{Price, Prices};
use crate::emit::many_lanes;
use crate::ir::{Ir, Node, Op, Reducer, Region};
use crate::session::{ObjectiveChoice, Options};
use crate::templates::Objective;
use smpcc_circuit::cost::Delay;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Suite};
use smpcc_circuit::value::{ConstVec, Scalar};

/// Iterations that a run-time count stands for.
const UNKNOWN_COUNT: f64 = 8.0;

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

    /// After an operation with this delay, `times` of them one after the other.
    fn after(self, delay: Delay, times: f64) -> Self {
        if times == 0.0 {
            return self;
        }
        match delay {
            Delay::None => self,
            Delay::Rounds(rounds) => {
                let then = self.ready.max(self.garbled) + f64::from(rounds) * times;
                Self {
                    ready: then,
                    garbled: then,
                }
            }
            Delay::ToEvaluator => Self {
                ready: self.ready.max(self.garbled + 1.0),
                garbled: self.garbled,
            },
            Delay::BothWays => Self {
                ready: self.ready.max(self.garbled + 1.0),
                garbled: self.garbled.max(self.ready + 1.0),
            },
        }
    }
}

/// One party's local nanoseconds.
struct Local {
    and: f64,
    garbled_and: f64,
    label: f64,
    product: f64,
    step: f64,
    setup: f64,
}

/// The cost model for one program.
pub(super) struct Model<'a> {
    ir: &'a Ir,
    suite: Suite,
    threshold: u32,
    prices: Prices,
    local: Local,
    byte_ns: f64,
    round_ns: f64,
    /// What decides between forms of shared circuits: nanoseconds of an AND and of a level, and lanes from which both count.
    and_and_level: (f64, f64),
    many_lanes: f64,
    objective: ObjectiveChoice,
    /// Values that are one public word.
    constant: Vec<bool>,
}

impl<'a> Model<'a> {
    pub(super) fn new(ir: &'a Ir, options: &Options) -> Self {
        let mut constant = vec![false; ir.values.len()];
        mark_constants(&ir.body, &mut constant);
        let widths = ir.values.iter().map(|v| v.ty.scalar.width());
        let work = options
            .costs
            .among(options.suite, ir.n_parties, options.threshold);
        let ns = |ps: u64| ps as f64 / 1000.0;
        let (and_ps, level_ps) = super::shared_and_ps(options, ir.n_parties);
        Self {
            ir,
            suite: options.suite,
            threshold: options.threshold,
            prices: Prices::new(options, ir.n_parties, widths.chain([64]), &ir.outputs),
            local: Local {
                and: ns(work.and_ps),
                garbled_and: ns(work.garbled_and_ps),
                label: ns(work.label_ps),
                product: ns(work.product_ps),
                step: ns(work.step_ps),
                setup: ns(work.setup_ps),
            },
            byte_ns: 8000.0 / (options.network.mbit_per_s.max(1) as f64),
            round_ns: options.network.rtt_us as f64 * 500.0,
            and_and_level: (ns(and_ps), ns(level_ps)),
            many_lanes: many_lanes(and_ps) as f64,
            objective: options.objective,
            constant,
        }
    }

    /// Nanoseconds of a run with these domains.
    pub(super) fn cost(&self, kinds: &[Kind]) -> f64 {
        let mut walk = Walk {
            model: self,
            kinds,
            sent: vec![0.0; self.ir.n_parties as usize],
            local: 0.0,
            correlated: false,
            stamps: vec![None; 4 * self.ir.values.len()],
            times: 1.0,
            home_times: vec![1.0; self.ir.values.len()],
        };
        let end = walk.region(&self.ir.body, Stamp::default());
        let mut most = walk.sent.iter().copied().fold(0.0, f64::max);
        let mut rounds = end.ready.max(end.garbled);
        let mut local = walk.local;
        if walk.correlated {
            most += self.prices.setup.0;
            rounds += self.prices.setup.1;
            local += self.local.setup;
        }
        most * self.byte_ns + rounds * self.round_ns + local
    }

    /// The form in which emission writes a circuit.
    fn form(&self, kind: Kind, forms: Forms, lanes: f64) -> Circuit {
        match (self.objective, kind) {
            (ObjectiveChoice::Depth, _) => forms.depth,
            (ObjectiveChoice::Size, _) | (ObjectiveChoice::Auto, Kind::Yao) => forms.size,
            (ObjectiveChoice::Auto, _) if lanes >= self.many_lanes => {
                let (and, level) = self.and_and_level;
                let price = |c: Circuit| c.ands * lanes * and + c.depth * level;
                if price(forms.size) < price(forms.depth) {
                    forms.size
                } else {
                    forms.depth
                }
            }
            (ObjectiveChoice::Auto, _) => forms.depth,
        }
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
    sent: Vec<f64>,
    local: f64,
    /// Whether correlations are used up.
    correlated: bool,
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

    fn bits(&self, v: ValueId) -> u32 {
        self.model.ir.values[v.index()].ty.scalar.width()
    }

    fn width(&self, v: ValueId) -> f64 {
        f64::from(self.bits(v))
    }

    fn lanes(&self, v: ValueId) -> f64 {
        self.model.ir.values[v.index()].ty.lanes as f64
    }

    fn parts(&self, domain: Domain) -> f64 {
        let model = self.model;
        let n = model.ir.n_parties;
        model.suite.parts(n, model.threshold, domain) as f64
    }

    fn define(&mut self, v: ValueId, kind: Kind, stamp: Stamp) {
        self.stamps[slot(v, kind)] = Some(stamp);
        self.home_times[v.index()] = self.times;
    }

    /// Pays a price for so many lanes in all.
    fn pay(&mut self, price: &Price, lanes: f64) {
        for (sum, sent) in self.sent.iter_mut().zip(&price.sent) {
            *sum += sent * lanes;
        }
        self.correlated |= price.correlated && lanes > 0.0;
    }

    /// A circuit over lanes in bits.
    fn circuit(&mut self, kind: Kind, forms: Forms, lanes: f64, times: f64, start: Stamp) -> Stamp {
        let model = self.model;
        let circuit = model.form(kind, forms, lanes);
        let ands = circuit.ands * lanes * times;
        if ands == 0.0 {
            return start;
        }
        if let (Kind::Yao, Some(price)) = (kind, &model.prices.garbled_and) {
            self.pay(price, ands);
            self.local += model.local.garbled_and * ands;
            return start.after(price.delay, 1.0);
        }
        self.pay(&model.prices.and, ands);
        self.local += model.local.and * ands + model.local.step * circuit.depth * times;
        start.after(model.prices.and.delay, circuit.depth)
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
        let model = self.model;
        let (w, n) = (self.width(v), self.lanes(v));
        let prices = model.prices.of(self.bits(v));
        let times = self.home_times[v.index()];
        self.local += model.local.step * times;
        let done = match (home, kind) {
            (Kind::Arithmetic, Kind::Boolean) => {
                self.pay(&prices.to_bits, n * times);
                let shared = from.after(prices.to_bits.delay, 1.0);
                let add = sum(self.parts(Domain::Boolean), w);
                self.circuit(Kind::Boolean, add, n, times, shared)
            }
            (Kind::Arithmetic, Kind::Yao) => {
                let parts = self.parts(Domain::Yao);
                let shared = self.enter(prices.to_labels.as_ref(), parts * w, n * times, from);
                self.circuit(Kind::Yao, sum(parts, w), n, times, shared)
            }
            (Kind::Boolean, Kind::Arithmetic) => self.inject(v, times, from),
            (Kind::Boolean, Kind::Yao) => {
                let price = prices.label.as_ref().map(|p| &p[0]);
                self.enter(price, w, n * times, from)
            }
            (Kind::Yao, _) => {
                let bits = self.colours(v, times, from);
                self.stamps[slot(v, Kind::Boolean)] = Some(bits);
                if kind == Kind::Arithmetic {
                    self.inject(v, times, bits)
                } else {
                    bits
                }
            }
            _ => from,
        };
        self.stamps[slot(v, kind)] = Some(done);
        done.join(start)
    }

    /// Shares become labels of so many wires per lane.
    fn enter(&mut self, price: Option<&Price>, wires: f64, lanes: f64, from: Stamp) -> Stamp {
        let Some(price) = price else { return from };
        self.pay(price, lanes);
        self.local += self.model.local.label * wires * lanes;
        from.after(price.delay, 1.0)
    }

    /// Labels become shared bits.
    fn colours(&mut self, v: ValueId, times: f64, from: Stamp) -> Stamp {
        let model = self.model;
        let Some([_, price]) = &model.prices.of(self.bits(v)).label else {
            return from;
        };
        let lanes = self.lanes(v) * times;
        self.pay(price, lanes);
        from.after(price.delay, 1.0)
    }

    fn inject(&mut self, v: ValueId, times: f64, from: Stamp) -> Stamp {
        let model = self.model;
        let (w, n) = (self.width(v), self.lanes(v));
        if w == 1.0 {
            // The ring is that of the use; a word of 64 bits stands for it.
            let price = &model.prices.of(64).inject;
            self.pay(price, n * times);
            if price.correlated {
                // A transfer per ring bit: an eighth of a product's.
                self.local += model.local.product / 8.0 * n * times;
            }
            return from.after(price.delay, 1.0);
        }
        let less = sum(self.parts(Domain::Boolean), w);
        let difference = self.circuit(Kind::Boolean, less, n, times, from);
        let price = &model.prices.of(self.bits(v)).from_bits;
        self.pay(price, n * times);
        difference.after(price.delay, 1.0)
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
        let model = self.model;
        self.local += model.local.step * times;
        let arithmetic = |walk: &Self, v: ValueId| walk.kind(v) == Kind::Arithmetic;
        let done = match &node.op {
            Op::Input(id) => {
                let r = node.results[0];
                let prices = model.prices.of(self.bits(r));
                let owner = model.ir.inputs.get(id.index()).map_or(0, |leaf| leaf.party);
                let price = &prices.input[usize::from(home != Kind::Arithmetic)];
                if home == Kind::Public {
                    // The same under every plan.
                    ready.after(Delay::Rounds(1), 1.0)
                } else {
                    let lanes = self.lanes(r) * times;
                    self.pay(&price.of_owner(owner), lanes);
                    let shared = ready.after(price.delay, 1.0);
                    if home == Kind::Yao {
                        let price = prices.label.as_ref().map(|p| &p[0]);
                        self.enter(price, self.width(r), lanes, shared)
                    } else {
                        shared
                    }
                }
            }
            Op::Reveal | Op::Output(_) => {
                let a = node.args[0];
                if self.kind(a) == Kind::Public {
                    ready
                } else {
                    let shared = if self.kind(a) == Kind::Yao {
                        self.colours(a, times, ready)
                    } else {
                        ready
                    };
                    let number = arithmetic(self, a);
                    let price = match &node.op {
                        Op::Output(id) => model.prices.output(*id, number),
                        _ => Some(&model.prices.of(self.bits(a)).reveal[usize::from(!number)]),
                    };
                    let lanes = self.lanes(a) * times;
                    price.map_or(shared, |price| {
                        self.pay(price, lanes);
                        shared.after(price.delay, 1.0)
                    })
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

    /// `n` products of numbers of `width` bits in all, in `levels` one after the other.
    fn products(&mut self, width: u32, n: f64, levels: f64, ready: Stamp) -> Stamp {
        let price = &self.model.prices.of(width).product;
        let n = n * self.times;
        self.pay(price, n);
        self.local += self.product_ns(width) * n;
        ready.after(price.delay, levels)
    }

    /// Of one product: with oblivious transfers quadratic in the width.
    fn product_ns(&self, width: u32) -> f64 {
        let model = self.model;
        let w = f64::from(width) / 64.0;
        let scale = if model.prices.of(width).product.correlated {
            w * w
        } else {
            w
        };
        model.local.product * scale.max(1.0 / 32.0)
    }

    fn arithmetic(&mut self, op: &Op, node: &Node, ready: Stamp) -> Stamp {
        let r = node.results[0];
        let secret = node
            .args
            .iter()
            .filter(|&&a| self.kind(a) != Kind::Public)
            .count();
        let (w, n) = (self.bits(r), self.lanes(r));
        let ir = self.model.ir;
        let first = node.args.first().map(|&a| ir.values[a.index()].ty);
        let from = first.map_or(Scalar::Bool, |ty| ty.scalar);
        let lanes = first.map_or(0, |ty| ty.lanes);
        match op {
            Op::Word(WordOp::Mul | WordOp::Select) if secret > 1 => self.products(w, n, 1.0, ready),
            Op::Word(WordOp::And | WordOp::Or | WordOp::Xor | WordOp::Eq | WordOp::Ne)
                if secret > 1 && from == Scalar::Bool =>
            {
                self.products(w, n, 1.0, ready)
            }
            Op::Dot { .. } if secret > 1 => {
                let [element, result] = &self.model.prices.of(w).dot;
                let elements = lanes as f64 * self.times;
                self.pay(element, elements);
                self.pay(result, n * self.times);
                self.local += self.product_ns(w) * elements;
                ready.after(element.delay, 1.0)
            }
            Op::Reduce {
                reducer: Reducer::Word(op),
                segments,
            } if *op != WordOp::Add => {
                let len = lanes.checked_div(*segments).unwrap_or(0);
                self.products(w, lanes as f64, f64::from(ceil_log2(len)), ready)
            }
            Op::Scan {
                reducer: Reducer::Word(op),
                segments,
            } if *op != WordOp::Add => {
                let len = (n as u64).checked_div(*segments).unwrap_or(0);
                let levels = f64::from(ceil_log2(len));
                self.products(w, n * levels / 2.0, levels, ready)
            }
            _ => ready,
        }
    }

    /// The circuit of an operation in bits, and over how many lanes it runs.
    fn in_bits(&self, op: &Op, node: &Node, kind: Kind) -> (Forms, f64) {
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
                let model = self.model;
                let forms = match (model.objective, kind) {
                    (ObjectiveChoice::Size, _) | (ObjectiveChoice::Auto, Kind::Yao) => {
                        Forms::both(of(Objective::Size))
                    }
                    (ObjectiveChoice::Auto, _) if *calls as f64 >= model.many_lanes => Forms {
                        size: of(Objective::Size),
                        depth: of(Objective::Depth),
                    },
                    (ObjectiveChoice::Depth | ObjectiveChoice::Auto, _) => {
                        Forms::both(of(Objective::Depth))
                    }
                };
                (forms, *calls as f64)
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
        let before = (self.sent.clone(), self.local);
        for end in &mut ends {
            (self.sent, self.local) = before.clone();
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
        let pairs = body.nodes.len() as f64 * self.model.local.step * outer * lanes;
        self.local = (self.local - pairs).max(ops);
        let end = Stamp {
            ready: begin.ready + (done.ready - begin.ready) * levels,
            garbled: begin.garbled + (done.garbled - begin.garbled) * levels,
        };
        self.finish(node, &body.params, end)
    }
}
