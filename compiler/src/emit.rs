//! From the IR and a choice of domains to a compiled [`Program`].
//!
//! A walk over the IR writes each node as operations in its domain ([`frame`]); operands come from wherever they are, by
//! explicit conversions ([`convert`]); when a region ends, its bit logic is fused ([`fuse`]) into templates ([`circuit`]). Every node can be
//! written in every domain: what has no arithmetic form is computed in bits and converted back, so that a plan is a matter of
//! cost alone. Deterministic: tables in order, hash maps for look-ups only.

mod arith;
mod array;
mod circuit;
mod convert;
mod frame;
mod fuse;
mod guard;
mod imported;
mod reduce;
mod scan;
mod shape;
mod sort;
mod sums;
#[cfg(test)]
mod tests;

use crate::assign::Plan;
use crate::forms::Way;
use crate::ir::{Ir, Node as IrNode, Op as IrOp, Reducer, Region as IrRegion, needed_bits};
use crate::session::Options;
use crate::span::Span;
use crate::templates::Objective;
use frame::{Frame, Known, Logic, Work};
use fuse::Closed;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{TemplateId, ValueId};
use smpcc_circuit::program::{Domain, Loc, Op, Program, Region, Suite, Threat, ValueInfo};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::stats::Attribution;
use smpcc_circuit::template::Template;
use smpcc_circuit::value::{ConstVec, Scalar};
use std::collections::HashMap;

/// Where a span is: file, line and column.
pub type Locate<'a> = &'a (dyn Fn(Span) -> Loc + Sync);

/// Writes `ir` in the domains of `plan`. `files` are the source files by the index that `locate` gives.
///
/// # Errors
/// An access by secret index that lays out more lanes than a value may have.
pub fn emit(
    ir: &Ir,
    plan: &Plan,
    options: &Options,
    name: &str,
    files: Vec<String>,
    locate: Locate<'_>,
) -> Result<Emitted, TooLarge> {
    let mut emitter = Emitter {
        ir,
        plan,
        suite: options.suite,
        threat: options.threat,
        threshold: options.threshold,
        locate,
        values: Vec::new(),
        known: Vec::new(),
        regions: vec![Region::default()],
        whys: vec![Vec::new()],
        templates: Vec::new(),
        template_ids: HashMap::new(),
        wholes: SortedMap::new(),
        converted: SortedMap::new(),
        map: vec![None; ir.values.len()],
        alone: vec![None; ir.values.len()],
        frames: vec![Frame::default()],
        at: 0,
        scale: 1,
        loc: Loc::default(),
        span: Span::default(),
        why: 0,
        rewritable: circuit::MOST_REWRITTEN_IN_ALL,
        guards: guard::are_needed(ir, options.threat).then(Vec::new),
        held: SortedSet::new(),
        unlooked: Vec::new(),
        enums: guard::Enums::of(ir, options.threat),
        attribution: Attribution::new(),
        too_large: None,
    };
    emitter.region(&ir.body);
    emitter.guard();
    emitter.close(Vec::new(), Vec::new());
    if let Some(too_large) = emitter.too_large {
        return Err(too_large);
    }
    let (attribution, whys) = (emitter.attribution, emitter.whys);
    let mut program = Program {
        name: name.to_owned(),
        suite: options.suite,
        threat: options.threat,
        n_parties: ir.n_parties,
        threshold: options.threshold,
        party_names: ir.party_names.clone(),
        present: ir.present.clone(),
        params: ir.params.clone(),
        inputs: ir.inputs.clone(),
        results: ir.results.clone(),
        outputs: ir.outputs.clone(),
        values: emitter.values,
        templates: emitter.templates,
        regions: emitter.regions,
        sections: Vec::new(),
        files,
    };
    let reason = |region: usize, node: usize| {
        let why = *whys.get(region)?.get(node)?;
        plan.reasons.get(why as usize).map(String::as_str)
    };
    crate::sections::assign_sections(&mut program, &reason);
    compact(&mut program);
    Ok(Emitted {
        program,
        attribution,
    })
}

/// A read at secret indices for which every element would have to be laid out once per index, in more lanes than there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// Where it is.
    pub span: Span,
    /// Elements of the array.
    pub elements: u64,
    /// Words that are read.
    pub reads: u64,
}

/// A program and where its circuits come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The program.
    pub program: Program,
    /// The source lines of each fused operation's ANDs.
    pub attribution: Attribution,
}

/// A long operation by what its circuit follows from: its types, its domain and its lanes.
type Whole = (WordOp, Scalar, Scalar, Domain, u64);

/// The state of the walk.
struct Emitter<'a> {
    ir: &'a Ir,
    plan: &'a Plan,
    suite: Suite,
    threat: Threat,
    threshold: u32,
    locate: Locate<'a>,
    values: Vec<ValueInfo>,
    known: Vec<Known>,
    regions: Vec<Region>,
    /// For each operation of each region, the index of its reason in the plan.
    whys: Vec<Vec<u32>>,
    templates: Vec<Template>,
    /// Templates by the fingerprints of their gates.
    template_ids: HashMap<u64, Vec<TemplateId>>,
    /// Circuits of long operations that stay whole, with their ANDs and levels.
    wholes: SortedMap<Whole, (TemplateId, (u64, u64))>,
    converted: SortedMap<(ValueId, Domain), ValueId>,
    /// The program's value for each of the IR's.
    map: Vec<Option<ValueId>>,
    /// For those that several parties compute, what an owner computes for itself.
    alone: Vec<Option<ValueId>>,
    frames: Vec<Frame>,
    /// The frame that is written to: the innermost, except while a conversion is written further out.
    at: usize,
    /// While the body of a reduction is written: how many pairs are combined at once.
    scale: u64,
    loc: Loc,
    span: Span,
    why: u32,
    /// Gates that may still be rewritten bit by bit.
    rewritable: usize,
    /// Where owners may lie, and of what is held in shares: whether inputs are out of their declared ranges, a Bool each, as far as nothing was opened yet.
    guards: Option<Vec<ValueId>>,
    /// Inputs that are held in shares: bits, whatever their homes are. They go where they are used together.
    held: SortedSet<ValueId>,
    /// Of those that have a declared range, what is not compared with it yet.
    unlooked: Vec<guard::Ranged>,
    /// Of those that are enums, where their leaves are.
    enums: guard::Enums,
    attribution: Attribution,
    /// The first access that cannot be written.
    too_large: Option<TooLarge>,
}

impl Emitter<'_> {
    /// Parts of an arithmetic value that become shares of a domain.
    fn n_parts(&self, domain: Domain) -> usize {
        self.suite
            .parts(self.threat, self.ir.n_parties, self.threshold, domain)
    }

    /// The forms of circuits to try for a domain and a number of lanes.
    fn objectives(&self, domain: Domain, lanes: u64) -> &'static [Objective] {
        let forms = &self.plan.forms;
        let many = lanes >= forms.many_lanes();
        forms.wanted(domain == Domain::Yao, many).objectives()
    }

    /// Picoseconds that a shared circuit takes on the network.
    fn price(&self, template: &Template, lanes: u64) -> u128 {
        let (ands, depth) = (template.n_and(), template.and_depth());
        self.plan.forms.price(ands, depth, lanes)
    }

    fn region(&mut self, region: &IrRegion) {
        for node in &region.nodes {
            self.span = node.span;
            self.loc = (self.locate)(node.span);
            self.why = self.plan.reason_of(node);
            self.ir_node(node);
        }
    }

    /// The program's value of an IR value, as many lanes as are being worked on.
    fn arg(&mut self, value: ValueId) -> ValueId {
        let Some(id) = self.map[value.index()] else {
            // The IR verifier excludes it; a constant keeps the walk total.
            let ty = self.ir.values[value.index()].ty;
            return self.splat(ty.scalar, ty.lanes, 0);
        };
        self.scaled(value, id)
    }

    /// As many lanes as are being worked on.
    fn scaled(&mut self, value: ValueId, id: ValueId) -> ValueId {
        let lanes = self.ir.values[value.index()].ty.lanes;
        if self.scale > 1 && lanes == 1 && self.info(id).lanes == 1 {
            return self.gather_affine(id, 0, &[(self.scale, 0)]);
        }
        id
    }

    /// The program's value of an IR value for a use in a domain: for what an owner computes, in a form that it knows.
    fn operand(&mut self, value: ValueId, domain: Domain) -> ValueId {
        if !matches!(domain, Domain::Local { .. }) {
            return self.arg(value);
        }
        if let Some(alone) = self.alone[value.index()] {
            return self.scaled(value, alone);
        }
        let public = self.map[value.index()].and_then(|id| self.known[id.index()].public);
        match public {
            Some(public) => self.scaled(value, public),
            None => self.arg(value),
        }
    }

    /// What an owner tells others, or shares that they open.
    fn told(&mut self, value: ValueId) -> ValueId {
        let known = self.alone[value.index()].or(self.map[value.index()]);
        match known.map(|id| self.info(id).domain) {
            Some(domain @ Domain::Local { .. }) => self.operand(value, domain),
            _ => self.arg(value),
        }
    }

    fn bind(&mut self, ir: ValueId, value: ValueId) {
        let arithmetic = matches!(self.info(value).domain, Domain::Arithmetic { .. });
        let known = &mut self.known[value.index()];
        known.ring = known.ring.max(self.plan.rings[ir.index()]);
        known.canonical |= arithmetic && self.plan.wide[ir.index()];
        self.map[ir.index()] = Some(value);
    }

    fn home(&self, value: ValueId) -> Domain {
        self.plan.homes[value.index()]
    }

    fn ir_node(&mut self, node: &IrNode) {
        if let &[result] = &node.results[..] {
            if let Some(owner) = self.plan.also[result.index()] {
                let home = Domain::Local { owner };
                self.node_in(node, home);
                self.alone[result.index()] = self.map[result.index()];
            }
            return self.node_in(node, self.home(result));
        }
        let home = node
            .results
            .first()
            .map_or(Domain::Public, |&r| self.home(r));
        self.node_in(node, home);
    }

    /// Writes a node in a domain.
    fn node_in(&mut self, node: &IrNode, home: Domain) {
        if matches!(
            node.op,
            IrOp::Reveal(_) | IrOp::Output(_) | IrOp::Loop { .. } | IrOp::While | IrOp::If
        ) {
            self.guard();
        }
        let args: Vec<ValueId> = node.args.iter().map(|&a| self.operand(a, home)).collect();
        let scalar = |i: usize| {
            node.args
                .get(i)
                .map_or(Scalar::Bool, |a| self.ir.values[a.index()].ty.scalar)
        };
        let result = node.results.first().map(|r| self.ir.values[r.index()].ty);
        let to = result.map_or(Scalar::Bool, |ty| ty.scalar);
        let out = match &node.op {
            IrOp::Const(words) => {
                let words = match words {
                    ConstVec::Splat { lanes, word } => ConstVec::Splat {
                        lanes: lanes * self.scale,
                        word: to.wrap(*word),
                    },
                    ConstVec::Table(words) => {
                        ConstVec::Table(words.iter().map(|&w| to.wrap(w)).collect())
                    }
                    affine if affine.lanes() == 1 => ConstVec::Splat {
                        lanes: self.scale,
                        word: to.wrap(affine.get(0)),
                    },
                    affine => affine.clone(),
                };
                self.constant(to, words)
            }
            IrOp::Input(id) => {
                let lanes = result.map_or(1, |ty| ty.lanes);
                let domain = match home {
                    _ if self.ir.is_held(*id) => Domain::Boolean,
                    Domain::Yao => Domain::Boolean,
                    Domain::Arithmetic { ring } if self.guards_bits(*id, to, ring) => {
                        Domain::Boolean
                    }
                    _ => home,
                };
                let info = ValueInfo {
                    domain,
                    scalar: to,
                    lanes,
                };
                let value = self.plain(Op::Input(*id), &[], info);
                self.known[value.index()].canonical = true;
                self.guard_range(*id, value);
                self.guard_variant(*id, value);
                if self.ir.is_held(*id) {
                    self.held.insert(value);
                    value
                } else {
                    self.to(value, home)
                }
            }
            IrOp::Word(op) => {
                let from = scalar(usize::from(*op == WordOp::Select));
                let mut args = args;
                if *op == WordOp::Mul && matches!(home, Domain::Boolean | Domain::Yao) {
                    for (arg, &id) in args.iter_mut().zip(&node.args) {
                        *arg = self.factor(home, id, *arg);
                    }
                }
                self.word(home, *op, from, to, &args)
            }
            IrOp::MakeSecret => self.to(args[0], home),
            IrOp::Gather { block } => {
                let src = self.to(args[0], home);
                self.gather(src, args[1], *block)
            }
            IrOp::Scatter { block } => {
                let (dst, val) = (self.to(args[0], home), self.to(args[2], home));
                let info = self.info(dst);
                let result = self.plain(Op::Scatter { block: *block }, &[dst, args[1], val], info);
                self.canonical_if_all(result, &[dst, val]);
                result
            }
            IrOp::Concat => {
                // What many give is converted at once.
                let held = !home.is_clear() && args.iter().all(|a| self.held.contains(a));
                let here = if held { Domain::Boolean } else { home };
                let parts: Vec<_> = args.iter().map(|&a| self.to(a, here)).collect();
                let lanes: u64 = parts.iter().map(|&a| self.info(a).lanes).sum();
                let all = if lanes == 0 {
                    parts[0]
                } else {
                    self.concat(&parts)
                };
                self.to(all, home)
            }
            IrOp::ReadSecret { block, groups } if home.is_clear() => {
                let (block, groups) = (*block, *groups);
                let info = ValueInfo {
                    domain: home,
                    scalar: to,
                    lanes: self.info(args[1]).lanes * block,
                };
                self.plain(Op::Read { block, groups }, &args, info)
            }
            IrOp::WriteSecret { block, groups } if home.is_clear() => {
                let (block, groups) = (*block, *groups);
                let info = ValueInfo {
                    domain: home,
                    ..self.info(args[0])
                };
                self.plain(Op::Write { block, groups }, &args, info)
            }
            IrOp::ReadSecret { block, groups } => {
                let value = self.read_secret(home, args[0], args[1], *block, *groups);
                self.to(value, home)
            }
            IrOp::WriteSecret { block, groups } => {
                let value = self.write_secret(home, args[0], args[1], args[2], *block, *groups);
                self.to(value, home)
            }
            IrOp::Sort { keys, segments, .. } => {
                let way = node.results.first().and_then(|r| self.plan.ways.get(r));
                let way = way.copied().unwrap_or(match keys {
                    0 => Way::Shuffle,
                    _ => Way::Digits(1),
                });
                let homes: Vec<Domain> = node.results.iter().map(|&r| self.home(r)).collect();
                let results = self.sort(&args, &homes, *keys, *segments, way);
                for (&r, value) in node.results.iter().zip(results) {
                    let home = self.home(r);
                    let value = self.to(value, home);
                    self.bind(r, value);
                }
                return;
            }
            IrOp::Circuit { circuit, calls } => {
                let results = self.imported(home, circuit, *calls, &args);
                for (&r, value) in node.results.iter().zip(results) {
                    let home = self.home(r);
                    let value = self.to(value, home);
                    self.bind(r, value);
                }
                return;
            }
            IrOp::Reduce { reducer, segments } => match reducer {
                Reducer::Word(op) => {
                    let range = node
                        .args
                        .first()
                        .and_then(|a| self.ir.values[a.index()].range);
                    self.reduce(home, *op, args[0], *segments, range)
                }
                Reducer::Region => {
                    let results = self.reduce_region(node, &node.args, *segments);
                    return self.bind_all(&node.results, &results);
                }
            },
            IrOp::Scan { reducer, segments } => {
                let results = self.scan(node, *reducer, &args, home, *segments);
                return self.bind_all(&node.results, &results);
            }
            IrOp::Dot { segments } => {
                let range = |i: usize| {
                    node.args
                        .get(i)
                        .and_then(|a| self.ir.values[a.index()].range)
                };
                let ranges = (range(0), range(1));
                self.dot(home, args[0], args[1], *segments, ranges)
            }
            IrOp::Reveal(_) => {
                let value = self.told(node.args[0]);
                let value = self.openable(value);
                let info = self.info(value);
                let public = ValueInfo {
                    domain: Domain::Public,
                    ..info
                };
                self.plain(Op::Reveal, &[value], public)
            }
            IrOp::Assert(message) => {
                self.push(Work::Plain(Op::Assert(message.clone())), args, Vec::new());
                return;
            }
            IrOp::Output(id) if self.ir.is_stored(*id) => {
                let value = self.arg(node.args[0]);
                let value = self.to(value, Domain::Boolean);
                self.push(Work::Plain(Op::Output(*id)), vec![value], Vec::new());
                return;
            }
            IrOp::Output(id) => {
                let value = self.told(node.args[0]);
                let value = self.openable(value);
                self.push(Work::Plain(Op::Output(*id)), vec![value], Vec::new());
                return;
            }
            IrOp::Loop { count } => return self.counted(node, &args, *count),
            IrOp::While => return self.while_loop(node),
            IrOp::If => return self.branch(node, &args),
        };
        if let Some(&r) = node.results.first() {
            self.bind(r, out);
        }
    }

    fn bind_all(&mut self, irs: &[ValueId], values: &[ValueId]) {
        for (&ir, &value) in irs.iter().zip(values) {
            self.bind(ir, value);
        }
    }

    fn canonical_if_all(&mut self, result: ValueId, parts: &[ValueId]) {
        let all = parts.iter().all(|p| self.known[p.index()].canonical);
        self.known[result.index()].canonical |= all;
    }

    /// In a form that shows the value and nothing else when it is opened.
    fn openable(&mut self, value: ValueId) -> ValueId {
        let info = self.info(value);
        match info.domain {
            Domain::Public | Domain::Boolean | Domain::Local { .. } => value,
            Domain::Yao => self.to(value, Domain::Boolean),
            Domain::Arithmetic { .. } => self.to(
                value,
                Domain::Arithmetic {
                    ring: info.scalar.width() as u8,
                },
            ),
        }
    }

    /// A word operation in `domain`.
    fn word(
        &mut self,
        domain: Domain,
        op: WordOp,
        from: Scalar,
        to: Scalar,
        args: &[ValueId],
    ) -> ValueId {
        match domain {
            Domain::Public | Domain::Local { .. } => {
                let lanes = args.first().map_or(1, |&a| self.info(a).lanes);
                let info = ValueInfo {
                    domain,
                    scalar: to,
                    lanes,
                };
                self.plain(Op::Word(op), args, info)
            }
            Domain::Boolean | Domain::Yao => {
                self.logic1(domain, Logic::Word { op, from, to }, args, to)
            }
            Domain::Arithmetic { ring } => self.arith(ring, op, from, to, args),
        }
    }

    /// A factor whose bits beyond its range are constants, so that a product in bits has no rows for them.
    fn factor(&mut self, domain: Domain, id: ValueId, value: ValueId) -> ValueId {
        let of = &self.ir.values[id.index()];
        let from = of.ty.scalar;
        let (bits, signed) = needed_bits(from, of.range);
        if bits >= from.width() || self.info(value).domain == Domain::Public {
            return value;
        }
        let narrow = match signed {
            true => Scalar::signed(bits as u8),
            false => Scalar::unsigned(bits as u8),
        };
        let cut = self.word(domain, WordOp::Cast, from, narrow, &[value]);
        self.word(domain, WordOp::Cast, narrow, from, &[cut])
    }

    /// Opens a frame whose parameters are `infos`.
    fn open(&mut self, infos: &[ValueInfo]) -> Vec<ValueId> {
        self.frames.push(Frame::default());
        self.at = self.frames.len() - 1;
        infos.iter().map(|&info| self.fresh(info)).collect()
    }

    /// The types of carried values: the initial ones of the IR, in the domains of the region's parameters.
    fn carried(&mut self, params: &[ValueId], init: &[ValueId]) -> (Vec<ValueId>, Vec<ValueInfo>) {
        let init: Vec<_> = params
            .iter()
            .zip(init)
            .map(|(&p, &v)| {
                let home = self.home(p);
                let v = self.operand(v, home);
                self.to(v, home)
            })
            .collect();
        let infos = init.iter().map(|&v| self.info(v)).collect();
        (init, infos)
    }

    fn bind_params(&mut self, irs: &[ValueId], values: &[ValueId]) {
        for (&ir, &value) in irs.iter().zip(values) {
            self.bind(ir, value);
        }
    }

    fn results_as(&mut self, irs: &[ValueId], infos: &[ValueInfo]) -> Vec<ValueId> {
        irs.iter()
            .zip(infos)
            .map(|(&r, info)| {
                let value = self.operand(r, info.domain);
                self.to(value, info.domain)
            })
            .collect()
    }

    /// Writes the operation of closed regions, after them.
    fn control(
        &mut self,
        op: Op,
        args: Vec<ValueId>,
        infos: &[ValueInfo],
        captured: Vec<ValueId>,
        node: &IrNode,
    ) {
        self.loc = (self.locate)(node.span);
        self.why = self.plan.reason_of(node);
        let results: Vec<_> = infos.iter().map(|&info| self.fresh(info)).collect();
        self.push(Work::Plain(op), args, results.clone());
        if let Some(micro) = self.frames[self.at].micros.last_mut() {
            micro.captured = captured;
        }
        for (&ir, &value) in node.results.iter().zip(&results) {
            self.bind(ir, value);
        }
    }

    fn counted(&mut self, node: &IrNode, args: &[ValueId], count: Option<u64>) {
        let body = &node.regions[0];
        let n_args = usize::from(count.is_none());
        let (init, infos) = self.carried(&body.params[1..], &node.args[n_args..]);
        let mut params = vec![ValueInfo {
            domain: Domain::Public,
            scalar: Scalar::USIZE,
            lanes: 1,
        }];
        params.extend(&infos);
        let values = self.open(&params);
        self.bind_params(&body.params, &values);
        self.region(body);
        let results = self.results_as(&body.results, &infos);
        let Closed { region, captured } = self.close(values, results);
        let mut all = args[..n_args].to_vec();
        all.extend(init);
        self.control(
            Op::Loop {
                count,
                body: region,
            },
            all,
            &infos,
            captured,
            node,
        );
    }

    fn while_loop(&mut self, node: &IrNode) {
        let (cond, body) = (&node.regions[0], &node.regions[1]);
        let (init, infos) = self.carried(&body.params, &node.args);
        let values = self.open(&infos);
        self.bind_params(&cond.params, &values);
        self.region(cond);
        let holds = self.results_as(&cond.results, &[BOOL]);
        let first = self.close(values, holds);
        let values = self.open(&infos);
        self.bind_params(&body.params, &values);
        self.region(body);
        let results = self.results_as(&body.results, &infos);
        let second = self.close(values, results);
        let captured = first.captured.into_iter().chain(second.captured).collect();
        let op = Op::While {
            cond: first.region,
            body: second.region,
        };
        self.control(op, init, &infos, captured, node);
    }

    fn branch(&mut self, node: &IrNode, args: &[ValueId]) {
        let infos: Vec<_> = node
            .results
            .iter()
            .map(|r| {
                let ty = self.ir.values[r.index()].ty;
                ValueInfo {
                    domain: self.home(*r),
                    scalar: ty.scalar,
                    lanes: ty.lanes,
                }
            })
            .collect();
        let mut closed = Vec::new();
        for region in &node.regions {
            self.open(&[]);
            self.region(region);
            let results = self.results_as(&region.results, &infos);
            closed.push(self.close(Vec::new(), results));
        }
        let op = Op::If {
            then: closed[0].region,
            otherwise: closed[1].region,
        };
        let captured = closed.into_iter().flat_map(|c| c.captured).collect();
        self.control(op, args.to_vec(), &infos, captured, node);
    }
}

const BOOL: ValueInfo = ValueInfo {
    domain: Domain::Public,
    scalar: Scalar::Bool,
    lanes: 1,
};

/// Drops values and templates that no region mentions any more and numbers the rest in order.
fn compact(program: &mut Program) {
    let mut new: Vec<Option<ValueId>> = vec![None; program.values.len()];
    let mut values = Vec::new();
    let mut templates: SortedMap<TemplateId, TemplateId> = SortedMap::new();
    let mut order: Vec<TemplateId> = Vec::new();
    for region in &mut program.regions {
        let mut define = |v: &mut ValueId| {
            let id = *new[v.index()].get_or_insert_with(|| {
                values.push(program.values[v.index()]);
                ValueId::new(values.len() - 1)
            });
            *v = id;
        };
        region.params.iter_mut().for_each(&mut define);
        for node in &mut region.nodes {
            node.args.iter_mut().for_each(&mut define);
            node.results.iter_mut().for_each(&mut define);
            if let Op::Call(id) = &mut node.op {
                *id = *templates.entry(*id).or_insert_with(|| {
                    order.push(*id);
                    TemplateId::new(order.len() - 1)
                });
            }
        }
        region.results.iter_mut().for_each(&mut define);
    }
    program.values = values;
    let mut old: Vec<Option<Template>> = std::mem::take(&mut program.templates)
        .into_iter()
        .map(Some)
        .collect();
    // Each is named once in the order.
    program.templates = order
        .iter()
        .filter_map(|id| old[id.index()].take())
        .collect();
}
