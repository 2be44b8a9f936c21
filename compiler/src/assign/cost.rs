//! What a choice of domains costs: bytes over bandwidth, rounds times latency, local work; for comparing plans, not for
//! reports.
//!
//! One walk over the IR adds up bytes per party and local nanoseconds with the number of times that each region runs, and
//! follows rounds along the data as the schedule does: independent work shares rounds, regions are barriers, garblers do not
//! wait for the evaluator. What an operation sends comes from the suite's tables ([`super::prices`]), correlations included,
//! and local times from the cost table that parties agree on. Sizes of circuits come from formulas near what the generators
//! make ([`super::circuits`]); exact figures are the statistics' matter once a program is emitted. Only the four basic
//! operations on floating-point numbers are used, so that every machine gets the same answer.

mod bits;
mod regions;

use super::Kind;
use super::circuits::{Circuit, Forms, ceil_log2, sum};
use super::local::Local as Owners;
use super::prices::{Price, Prices};
use crate::forms::{FormChoice, Wanted};
use crate::ir::unused::Unused;
use crate::ir::{Ir, Node, Op, Reducer, Region};
use crate::session::Options;
use smpcc_circuit::cost::{ADDED_PRODUCTS, Delay};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Suite, Threat};
use smpcc_circuit::value::{ConstVec, Scalar};

/// Iterations that a run-time count stands for.
const UNKNOWN_COUNT: f64 = 8.0;

/// Nanoseconds that an owner takes for a lane of what it computes by itself.
const OWNED_NS: f64 = 1.0;
/// The same for an operation, whatever its lanes; and for one on shares, which is scheduled.
const EACH_NS: f64 = 8.0;
const EACH_SHARED_NS: f64 = 500.0;

/// When a value is there, in rounds: whole ones and, of chains that are estimated, parts.
type Stamp = smpcc_circuit::stamp::Stamp<f64>;

/// After an operation with this delay, `times` of them one after the other.
fn after(start: Stamp, delay: Delay, times: f64) -> Stamp {
    if times == 0.0 {
        return start;
    }
    start.chained(delay, |from, rounds| from + f64::from(rounds) * times)
}

/// One party's local nanoseconds.
struct Local {
    and: f64,
    garbled_and: f64,
    label: f64,
    product: f64,
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
    /// What decides between forms of circuits.
    forms: FormChoice,
    /// Values that are one public word.
    constant: Vec<bool>,
    /// Values that are constant tables.
    table: Vec<bool>,
    /// What owners compute by themselves.
    owners: &'a Owners,
    /// The widest ring that each value needs where everything that can be is arithmetic; 0 without one.
    rings: Vec<u8>,
    threat: Threat,
    /// What variants of enums hold, where owners may lie of it.
    unused: Unused,
}

impl<'a> Model<'a> {
    pub(super) fn new(
        ir: &'a Ir,
        options: &Options,
        forms: FormChoice,
        owners: &'a Owners,
    ) -> Self {
        let mut constant = vec![false; ir.values.len()];
        let mut table = constant.clone();
        mark_constants(&ir.body, &mut constant, &mut table);
        let rings = super::rings::widest(ir, owners);
        let widths = ir.values.iter().map(|v| v.ty.scalar.width());
        let widths = widths.chain(rings.iter().map(|&ring| u32::from(ring)));
        let work = options.costs.among(
            options.suite,
            options.threat,
            ir.n_parties,
            options.threshold,
        );
        let ns = |ps: u64| ps as f64 / 1000.0;
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
                setup: ns(work.setup_ps),
            },
            byte_ns: 8000.0 / (options.network.mbit_per_s.max(1) as f64),
            round_ns: options.network.rtt_us as f64 * 500.0 + ns(work.step_ps),
            forms,
            constant,
            table,
            owners,
            rings,
            threat: options.threat,
            unused: match options.threat.deviates() {
                true => Unused::of(ir),
                false => Unused::default(),
            },
        }
    }

    /// Nanoseconds of a run with these domains.
    pub(super) fn cost(&self, kinds: &[Kind], stamps: &mut Stamps) -> f64 {
        let mut walk = Walk::new(self, kinds, stamps);
        let end = walk.region(&self.ir.body, Stamp::default());
        let most = walk.sent.iter().copied().fold(0.0, f64::max);
        let rounds = end.ready.max(end.garbled);
        // Owners work side by side.
        let local = walk.local + walk.owned.iter().copied().fold(0.0, f64::max);
        let setup = match walk.correlated {
            true => self.setup(),
            false => 0.0,
        };
        most * self.byte_ns + rounds * self.round_ns + local + setup
    }

    /// Nanoseconds before the first correlation of a run.
    pub(super) fn setup(&self) -> f64 {
        let (bytes, rounds) = self.prices.setup;
        bytes * self.byte_ns + rounds * self.round_ns + self.local.setup
    }

    /// The forms from which emission chooses for a circuit over so many lanes.
    fn wanted(&self, kind: Kind, lanes: f64) -> Wanted {
        let many = lanes >= self.forms.many_lanes() as f64;
        self.forms.wanted(kind == Kind::Yao, many)
    }

    /// The form in which emission writes a circuit.
    fn form(&self, kind: Kind, forms: Forms, lanes: f64) -> Circuit {
        match self.wanted(kind, lanes) {
            Wanted::Shallowest => forms.depth,
            Wanted::Fewest => forms.size,
            Wanted::Cheapest => {
                let ns = |ps: u64| ps as f64 / 1000.0;
                let (and, level) = (ns(self.forms.and_ps), ns(self.forms.level_ps));
                let price = |c: Circuit| c.ands * lanes * and + c.depth * level;
                if price(forms.size) < price(forms.depth) {
                    forms.size
                } else {
                    forms.depth
                }
            }
        }
    }
}

fn mark_constants(region: &Region, constant: &mut [bool], table: &mut [bool]) {
    for node in &region.nodes {
        if let (Op::Const(words), Some(r)) = (&node.op, node.results.first()) {
            let one = matches!(words, ConstVec::Splat { .. }) || words.lanes() == 1;
            constant[r.index()] = one;
            table[r.index()] = true;
        }
        for inner in &node.regions {
            mark_constants(inner, constant, table);
        }
    }
}

struct Walk<'m, 'a> {
    model: &'m Model<'a>,
    kinds: &'m [Kind],
    sent: Vec<f64>,
    local: f64,
    /// What each party computes by itself.
    owned: Vec<f64>,
    /// Whether correlations are used up.
    correlated: bool,
    stamps: &'m mut Stamps,
    /// How often the current region runs.
    times: f64,
}

/// What one walk learns of values, to be overwritten by the next.
#[derive(Default)]
pub(super) struct Stamps {
    /// When each value is there in each domain that it is held in.
    there: Vec<Option<Stamp>>,
    /// How often each value's region runs.
    times: Vec<f64>,
}

const fn slot(v: ValueId, kind: Kind) -> usize {
    Kind::ALL.len() * v.0 as usize + kind as usize
}

impl<'m, 'a> Walk<'m, 'a> {
    fn new(model: &'m Model<'a>, kinds: &'m [Kind], stamps: &'m mut Stamps) -> Self {
        let n_values = model.ir.values.len();
        stamps.there.clear();
        stamps.there.resize(Kind::ALL.len() * n_values, None);
        stamps.times.clear();
        stamps.times.resize(n_values, 1.0);
        Self {
            model,
            kinds,
            sent: vec![0.0; model.ir.n_parties as usize],
            local: 0.0,
            correlated: false,
            owned: vec![0.0; model.ir.n_parties as usize],
            stamps,
            times: 1.0,
        }
    }

    fn stamp(&self, v: ValueId, kind: Kind) -> Option<Stamp> {
        self.stamps.there[slot(v, kind)]
    }

    fn kind(&self, v: ValueId) -> Kind {
        self.kinds[v.index()]
    }

    fn bits(&self, v: ValueId) -> u32 {
        self.model.ir.values[v.index()].ty.scalar.width()
    }

    /// The ring in which it is held as a number.
    fn ring(&self, v: ValueId) -> u32 {
        self.bits(v).max(u32::from(self.model.rings[v.index()]))
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
        model.suite.parts(model.threat, n, model.threshold, domain) as f64
    }

    fn define(&mut self, v: ValueId, kind: Kind, stamp: Stamp) {
        self.stamps.there[slot(v, kind)] = Some(stamp);
        self.stamps.times[v.index()] = self.times;
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
            return after(start, price.delay, 1.0);
        }
        self.pay(&model.prices.and, ands);
        self.local += model.local.and * ands;
        after(start, model.prices.and.delay, circuit.depth)
    }

    /// When `v` is there in `kind`; pays for the conversion the first time.
    fn get(&mut self, v: ValueId, kind: Kind, start: Stamp) -> Stamp {
        let home = self.kind(v);
        if home == Kind::Public || kind == Kind::Public || kind == Kind::Local {
            return self.stamp(v, home).unwrap_or(start).join(start);
        }
        if let Some(known) = self.stamp(v, kind) {
            return known.join(start);
        }
        let from = self.stamp(v, home).unwrap_or(start);
        let model = self.model;
        let (w, n) = (self.width(v), self.lanes(v));
        let prices = model.prices.of(self.bits(v));
        let times = self.stamps.times[v.index()];
        let done = match (home, kind) {
            (Kind::Local, _) => self.share(v, kind, times, from),
            (Kind::Arithmetic, Kind::Boolean) => {
                self.pay(&prices.to_bits, n * times);
                let shared = after(from, prices.to_bits.delay, 1.0);
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
                self.stamps.there[slot(v, Kind::Boolean)] = Some(bits);
                if kind == Kind::Arithmetic {
                    self.inject(v, times, bits)
                } else {
                    bits
                }
            }
            _ => from,
        };
        self.stamps.there[slot(v, kind)] = Some(done);
        done.join(start)
    }

    /// What an owner holds becomes shared.
    fn share(&mut self, v: ValueId, kind: Kind, times: f64, from: Stamp) -> Stamp {
        let model = self.model;
        let prices = model.prices.of(self.bits(v));
        let price = &prices.input[usize::from(kind != Kind::Arithmetic)];
        let owner = model.owners.owner[v.index()].unwrap_or_default();
        let lanes = self.lanes(v) * times;
        self.pay(&price.of_owner(owner), lanes);
        let shared = after(from, price.delay, 1.0);
        if kind == Kind::Yao {
            let price = prices.label.as_ref().map(|p| &p[0]);
            self.enter(price, self.width(v), lanes, shared)
        } else {
            shared
        }
    }

    /// An owner tells so many others what it holds.
    fn tell(&mut self, v: ValueId, others: usize, ready: Stamp) -> Stamp {
        let owner = self.model.owners.owner[v.index()].unwrap_or_default();
        let bytes = (self.width(v) / 8.0) * self.lanes(v) * self.times;
        self.sent[owner as usize] += bytes * others as f64;
        let rounds = Delay::Rounds(u32::from(others > 0));
        after(ready, rounds, 1.0)
    }

    /// Shares become labels of so many wires per lane.
    fn enter(&mut self, price: Option<&Price>, wires: f64, lanes: f64, from: Stamp) -> Stamp {
        let Some(price) = price else { return from };
        self.pay(price, lanes);
        self.local += self.model.local.label * wires * lanes;
        after(from, price.delay, 1.0)
    }

    /// Labels become shared bits.
    fn colours(&mut self, v: ValueId, times: f64, from: Stamp) -> Stamp {
        let model = self.model;
        let Some([_, price]) = &model.prices.of(self.bits(v)).label else {
            return from;
        };
        let lanes = self.lanes(v) * times;
        self.pay(price, lanes);
        after(from, price.delay, 1.0)
    }

    fn inject(&mut self, v: ValueId, times: f64, from: Stamp) -> Stamp {
        let model = self.model;
        let (ring, n) = (self.ring(v), self.lanes(v));
        if self.bits(v) == 1 {
            let price = &model.prices.of(ring).inject;
            self.pay(price, n * times);
            if price.correlated {
                // A transfer per ring bit: an eighth of a product's.
                self.local += model.local.product / 8.0 * n * times;
            }
            return after(from, price.delay, 1.0);
        }
        let less = sum(self.parts(Domain::Boolean), f64::from(ring));
        let difference = self.circuit(Kind::Boolean, less, n, times, from);
        let price = &model.prices.of(ring).from_bits;
        self.pay(price, n * times);
        after(difference, price.delay, 1.0)
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
            let kind = if node.results.is_empty() || matches!(node.op, Op::Reveal(_)) {
                self.kind(a)
            } else {
                home
            };
            s.join(self.get(a, kind, start))
        });
        let model = self.model;
        let arithmetic = |walk: &Self, v: ValueId| walk.kind(v) == Kind::Arithmetic;
        let done = match &node.op {
            Op::Input(id) => {
                let r = node.results[0];
                let leaf = model.ir.inputs.get(id.index());
                let ranged = leaf.is_some_and(|leaf| leaf.range.is_some())
                    || model.unused.places(id.index()).is_some();
                let held = model.ir.is_held(*id);
                // What is to hold its owner to its type or range is shared as bits, and so is what is stored.
                let bound =
                    held || model.threat.deviates() && (ranged || self.ring(r) != self.bits(r));
                let as_number = home == Kind::Arithmetic && !bound;
                let prices = model.prices.of(match as_number {
                    true => self.ring(r),
                    false => self.bits(r),
                });
                let owner = leaf.map_or(0, |leaf| leaf.party);
                let price = &prices.input[usize::from(!as_number)];
                if home == Kind::Public {
                    // The same under every plan.
                    after(ready, Delay::Rounds(1), 1.0)
                } else if home == Kind::Local {
                    ready
                } else {
                    let lanes = self.lanes(r) * times;
                    let shared = if held {
                        ready
                    } else {
                        self.pay(&price.of_owner(owner), lanes);
                        after(ready, price.delay, 1.0)
                    };
                    if home == Kind::Arithmetic && bound {
                        self.inject(r, times, shared)
                    } else if home == Kind::Yao {
                        let price = prices.label.as_ref().map(|p| &p[0]);
                        self.enter(price, self.width(r), lanes, shared)
                    } else {
                        shared
                    }
                }
            }
            Op::Output(id) if model.ir.is_stored(*id) => match self.kind(node.args[0]) {
                Kind::Public => ready,
                _ => self.get(node.args[0], Kind::Boolean, start),
            },
            Op::Reveal(_) | Op::Output(_) => {
                let a = node.args[0];
                if self.kind(a) == Kind::Public {
                    ready
                } else if let Some(owner) = model.owners.owner[a.index()] {
                    let others = match &node.op {
                        Op::Output(id) => (model.ir.outputs.get(id.index())).map_or(0, |leaf| {
                            leaf.receivers.iter().filter(|p| **p != owner).count()
                        }),
                        _ => model.ir.n_parties.saturating_sub(1) as usize,
                    };
                    self.tell(a, others, ready)
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
                        after(shared, price.delay, 1.0)
                    })
                }
            }
            _ if home == Kind::Public || node.results.is_empty() => ready,
            _ if home == Kind::Local => {
                // An array of which elements are read or written is handed over and not copied.
                let touched = match node.op {
                    Op::Gather { .. } | Op::ReadSecret { .. } => {
                        (&node.args[1..], &node.results[..])
                    }
                    Op::Scatter { .. } | Op::WriteSecret { .. } => (&node.args[1..], &[][..]),
                    _ => (&node.args[..], &node.results[..]),
                };
                let lanes = touched.0.iter().chain(touched.1).map(|&v| self.lanes(v));
                let owner = node
                    .results
                    .first()
                    .and_then(|r| model.owners.owner[r.index()]);
                let ns = (EACH_NS + OWNED_NS * lanes.fold(0.0, f64::max)) * times;
                self.owned[owner.unwrap_or_default() as usize] += ns;
                ready
            }
            op if home == Kind::Arithmetic => {
                self.local += EACH_SHARED_NS * times;
                self.arithmetic(op, node, ready)
            }
            op => {
                self.local += EACH_SHARED_NS * times;
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
        after(ready, price.delay, levels)
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
                let results = n * self.times;
                self.pay(result, results);
                let each = match self.model.suite.adds_products(self.model.threat) {
                    true => results + (elements - results).max(0.0) / ADDED_PRODUCTS,
                    false => elements,
                };
                self.local += self.product_ns(w) * each;
                after(ready, element.delay, 1.0)
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
}
