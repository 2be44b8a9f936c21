//! How each sort of a program is done: by a network of comparisons, or digit by digit with shuffles, whichever is cheaper.
//!
//! A sort stays one operation through the passes, so that they know its ranges and its type. Here both ways of doing it are compiled
//! and priced as programs of their own, with this suite, network and table of local times. A network is written out in the IR and
//! compiled like everything else; what is done by digits stays one operation, which emission writes.

mod network;

use crate::assign::assign;
use crate::emit::{Emitted, emit};
use crate::ir::build::Builder;
use crate::ir::{Ir, Node, Op, Region, Ty};
use crate::passes::own::grid::{Grid, Owner};
use crate::passes::own::owners::owners;
use crate::passes::rewrite::{Rule, Walk, rewrite};
use crate::session::{LocalChoice, Options, ProtocolChoice};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::Domain;
use smpcc_circuit::stats::{Link, milliseconds};
use smpcc_circuit::value::Scalar;
use std::collections::BTreeMap;

/// Bits of a digit that are tried.
const DIGITS: [u32; 3] = [1, 2, 3];

/// A program in which every sort is decided.
pub(crate) struct Sorted {
    /// The program: what sorts by network is written out.
    pub ir: Ir,
    /// For each result of a sort by digits, the bits of a digit.
    pub digits: BTreeMap<ValueId, u32>,
    /// For results of either, why they are done this way.
    pub reasons: BTreeMap<ValueId, String>,
}

/// What a sort is, as far as its cost depends on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    columns: Vec<Scalar>,
    keys: u64,
    segments: u64,
    lanes: u64,
    /// Whether the source asks for a domain.
    asked: bool,
    /// Whether one party sorts its own rows.
    owned: bool,
}

/// How a sort is done.
#[derive(Clone, Debug)]
struct Choice {
    /// By digits of so many bits; else by a network.
    digit: Option<u32>,
    why: String,
}

/// Decides every sort of a program.
pub(crate) fn decide(ir: Ir, options: &Options) -> Sorted {
    let owners = match options.local {
        LocalChoice::Auto => owners(&ir),
        LocalChoice::Off => Vec::new(),
    };
    let mut rule = Sorts {
        owners,
        options,
        n_parties: ir.n_parties,
        choices: BTreeMap::new(),
        reasons: BTreeMap::new(),
    };
    if !has_sorts(&ir.body) {
        return Sorted {
            ir,
            digits: BTreeMap::new(),
            reasons: BTreeMap::new(),
        };
    }
    let ir = rewrite(ir, false, &mut rule).ir;
    let mut sorted = Sorted {
        digits: BTreeMap::new(),
        reasons: std::mem::take(&mut rule.reasons),
        ir,
    };
    let mut open = vec![&sorted.ir.body];
    while let Some(region) = open.pop() {
        for node in &region.nodes {
            open.extend(&node.regions);
            if let Some(shape) = shape(node, |v| sorted.ir.values[v.index()].ty, &rule.owners)
                && let Some(choice) = rule.choices.get(&shape)
            {
                for &result in &node.results {
                    sorted
                        .digits
                        .extend(choice.digit.map(|digit| (result, digit)));
                    sorted.reasons.insert(result, choice.why.clone());
                }
            }
        }
    }
    sorted
}

fn has_sorts(region: &Region) -> bool {
    let sorts = |node: &Node| matches!(node.op, Op::Sort { .. });
    (region.nodes.iter()).any(|node| sorts(node) || node.regions.iter().any(has_sorts))
}

fn shape(node: &Node, ty: impl Fn(ValueId) -> Ty, owners: &[Grid]) -> Option<Shape> {
    let Op::Sort { keys, segments } = node.op else {
        return None;
    };
    Some(Shape {
        columns: node.args.iter().map(|&a| ty(a).scalar).collect(),
        keys,
        segments,
        lanes: node.args.first().map_or(0, |&a| ty(a).lanes),
        asked: node.protocol.is_some(),
        owned: node.results.first().is_some_and(|r| {
            let owner = owners.get(r.index()).map(Grid::whole);
            owner.is_some_and(|owner| owner != Owner::Joint)
        }),
    })
}

struct Sorts<'a> {
    /// By value; none where nobody computes anything alone.
    owners: Vec<Grid>,
    options: &'a Options,
    n_parties: u32,
    choices: BTreeMap<Shape, Choice>,
    reasons: BTreeMap<ValueId, String>,
}

impl Rule for Sorts<'_> {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let Some(shape) = shape(&node, |v| walk.ty(v), &self.owners) else {
            walk.push(node);
            return;
        };
        let (options, n_parties) = (self.options, self.n_parties);
        let choice = self.choices.entry(shape.clone());
        let choice = choice.or_insert_with(|| choose(&shape, n_parties, options));
        if choice.digit.is_some() {
            walk.push(node);
            return;
        }
        (walk.span, walk.protocol) = (node.span, node.protocol);
        let first = walk.all_values().len();
        let columns = network::sort(walk, &node.args, shape.keys, shape.segments);
        for value in first..walk.all_values().len() {
            self.reasons.insert(ValueId::new(value), choice.why.clone());
        }
        for (&result, column) in node.results.iter().zip(columns) {
            let range = walk.all_values()[result.index()].range;
            walk.note_range(column, range);
            walk.replace(result, column);
        }
    }
}

/// The cheapest way. Who asks for a domain gets a network, which every domain has, and so does who sorts alone.
fn choose(shape: &Shape, n_parties: u32, options: &Options) -> Choice {
    let asked = shape.asked || options.protocol != ProtocolChoice::Auto;
    let model = options.suite.against(options.threat);
    if asked || shape.owned || !model.shuffles(n_parties, options.threshold) {
        let why = match (asked, shape.owned) {
            (true, _) => "sorted by a network, in the domain that is asked for",
            (false, true) => "sorted by who owns all of it",
            (false, false) => {
                "sorted by a network: this suite does not shuffle among so many parties"
            }
        };
        return Choice {
            digit: None,
            why: why.into(),
        };
    }
    let network = by_network(shape, n_parties, options);
    let by_digits = DIGITS.map(|digit| (by_digits(shape, digit, n_parties, options), digit));
    let (time, digit) = by_digits
        .into_iter()
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap_or((f64::INFINITY, 1));
    let plural = if digit == 1 { "" } else { "s" };
    let ways = [
        format!("by a network ({network:.2} ms)"),
        format!("by digits of {digit} bit{plural}, each opened after a shuffle ({time:.2} ms)"),
    ];
    let by_digits = time < network;
    let [a, b] = match by_digits {
        true => [&ways[1], &ways[0]],
        false => [&ways[0], &ways[1]],
    };
    Choice {
        digit: by_digits.then_some(digit),
        why: format!("sorted {a} and not {b}, as estimated for this network"),
    }
}

/// Milliseconds of a network, in the better of the domains that it can have.
fn by_network(shape: &Shape, n_parties: u32, options: &Options) -> f64 {
    let ir = program(shape, n_parties);
    let mut rule = Written;
    let ir = rewrite(ir, false, &mut rule).ir;
    let mut domains = vec![ProtocolChoice::Boolean];
    if options.suite.offers(options.threat, Domain::Yao) {
        domains.push(ProtocolChoice::Yao);
    }
    let price = |&protocol: &ProtocolChoice| priced(&ir, protocol, BTreeMap::new(), options);
    domains.iter().map(price).fold(f64::INFINITY, f64::min)
}

/// Milliseconds with digits of so many bits.
fn by_digits(shape: &Shape, digit: u32, n_parties: u32, options: &Options) -> f64 {
    let ir = program(shape, n_parties);
    let sorts = ir
        .body
        .nodes
        .iter()
        .filter(|n| matches!(n.op, Op::Sort { .. }));
    let digits = sorts
        .flat_map(|n| &n.results)
        .map(|&r| (r, digit))
        .collect();
    priced(&ir, ProtocolChoice::Boolean, digits, options)
}

/// Milliseconds of a program in one domain.
fn priced(
    ir: &Ir,
    protocol: ProtocolChoice,
    digits: BTreeMap<ValueId, u32>,
    options: &Options,
) -> f64 {
    let options = Options {
        protocol,
        // In the programs that are priced all rows are one party's.
        local: LocalChoice::Off,
        ..options.clone()
    };
    let Ok(mut plan) = assign(ir, &options) else {
        return f64::INFINITY;
    };
    plan.digits = digits;
    let emitted = emit(ir, &plan, &options, "sort", Vec::new(), &|_| {
        Default::default()
    });
    let link = Link {
        rtt_us: options.network.rtt_us,
        mbit_per_s: options.network.mbit_per_s,
    };
    let price = |emitted: Emitted| milliseconds(&emitted.program, link, &options.costs);
    emitted.ok().and_then(price).unwrap_or(f64::INFINITY)
}

/// A program that sorts rows of a shape and does nothing else.
fn program(shape: &Shape, n_parties: u32) -> Ir {
    let mut b = Builder::new(n_parties);
    let columns: Vec<ValueId> = shape
        .columns
        .iter()
        .map(|&scalar| b.input(0, "x", scalar, shape.lanes))
        .collect();
    let tys: Vec<Ty> = columns.iter().map(|&c| b.ty(c)).collect();
    let op = Op::Sort {
        keys: shape.keys,
        segments: shape.segments,
    };
    let sorted = b.push(op, columns, tys, vec![]);
    for column in sorted {
        b.output(column, &[0]);
    }
    b.finish()
}

/// Every sort as a network.
struct Written;

impl Rule for Written {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let Op::Sort { keys, segments } = node.op else {
            walk.push(node);
            return;
        };
        let columns = network::sort(walk, &node.args, keys, segments);
        walk.replace_all(&node.results, &columns);
    }
}

#[cfg(test)]
mod tests;
