//! How each sort of a program is done: by a network of comparisons, or with shuffles (digit by digit, or each row compared with each), whichever is cheaper.
//!
//! A sort stays one operation through the passes, so that they know its ranges and its type. Here all ways of doing it are compiled
//! and priced as programs of their own, with this suite, network and table of local times. A network is written out in the IR and
//! compiled like everything else; what is done with shuffles stays one operation, which emission writes.

mod asked;
mod bests;
mod counts;
mod found;
mod groups;
mod lookups;
mod matched;
mod merges;
mod network;
mod pairs;
mod places;
mod radix;
mod rows;
mod shuffles;
mod summands;
mod writes;

use crate::assign::{self, Plan, assign};
use crate::emit::{Emitted, emit};
use crate::forms::Way;
use crate::ir::build::Builder;
use crate::ir::exact::order;
use crate::ir::{Ir, Node, Op, Region, Ty};
use crate::passes::constants::vectors::normal;
use crate::passes::own::grid::{Grid, Owner};
use crate::passes::own::owners::owners;
use crate::passes::rewrite::{Rule, Walk, rewrite};
use crate::passes::{dead, has};
use crate::session::{LocalChoice, Options, ProtocolChoice};
use crate::span::Span;
use found::Form;
use places::Places;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::Domain;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::stats::{Link, milliseconds};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// Bits of a digit that are tried.
const DIGITS: [u32; 3] = [1, 2, 3];
/// Rows by known keys that are put in order before the run.
const MOST_KNOWN: u64 = 1 << 22;
/// Pairs of rows that are compared at once, for which a party holds about 100 MB.
const MOST_PAIRS: u64 = 1 << 21;

/// What may become sorts, in the order in which it is written so.
const FORMS: [Form; 4] = [groups::FORM, pairs::FORM, bests::FORM, lookups::FORM];
/// Those of them that compare all pairs of two lists.
const OF_PAIRS: [Form; 2] = [pairs::FORM, bests::FORM];

/// A program in which every sort is decided.
pub(crate) struct Sorted {
    /// The program: what sorts by network is written out.
    pub ir: Ir,
    /// For each result of a sort that is no network, how it is done.
    pub ways: SortedMap<ValueId, Way>,
    /// For results of either, why they are done this way.
    pub reasons: SortedMap<ValueId, String>,
}

/// What a sort is, as far as its cost depends on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    columns: Vec<Scalar>,
    keys: u64,
    segments: u64,
    lanes: u64,
    /// Whether the keys are places, each once.
    places: bool,
    /// Whether the source asks for a domain.
    asked: bool,
    /// Whether one party sorts its own rows.
    owned: bool,
}

/// How a sort is done.
#[derive(Clone, Debug)]
struct Choice {
    /// None for a network.
    way: Option<Way>,
    /// Milliseconds, as far as they were looked at.
    time: f64,
    why: String,
}

/// Decides every sort of a program, and what becomes one.
pub(crate) fn decide(ir: Ir, options: &Options) -> Sorted {
    let sorter = Sorter {
        options,
        n_parties: ir.n_parties,
    };
    if writes::spans(&ir).is_empty() {
        return sorter.formed(ir);
    }
    let who = assign::alone(&ir, options);
    let sorted = sorter.formed(writes::run(ir.clone(), sorter, &who));
    let who = assign::alone(&sorted.ir, options);
    match has_orphans(&sorted.ir.body, &sorted.ir, &who) {
        false => sorted,
        true => sorter.formed(writes::run(ir, sorter, &[])),
    }
}

/// Whether a program may compare all pairs of two long lists, at a glance.
pub(crate) fn may_compare_pairs(ir: &Ir) -> bool {
    OF_PAIRS.iter().any(|form| form.may_be_in(ir))
}

/// Whether it does, in a form that may become a sort.
pub(crate) fn compares_pairs(ir: &Ir) -> bool {
    OF_PAIRS.iter().any(|form| !form.spans(ir).is_empty())
}

/// Where there are sorts in a program, and in the form after the passes what may become one.
pub(crate) fn spans(ir: &Ir, optimised: &Ir) -> Vec<Span> {
    let mut found: Vec<Span> = (FORMS.iter())
        .flat_map(|form| form.spans(optimised))
        .chain(writes::spans(optimised))
        .collect();
    let mut open = vec![&ir.body];
    while let Some(region) = open.pop() {
        for node in &region.nodes {
            open.extend(&node.regions);
            if matches!(node.op, Op::Sort { .. }) {
                found.push(node.span);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// By value who owns it; nothing where nobody is asked.
fn owned(ir: &Ir, options: &Options) -> Vec<Grid> {
    match options.local {
        LocalChoice::Auto => owners(ir),
        LocalChoice::Off => Vec::new(),
    }
}

/// What is said of values, by their new names.
fn kept<T>(said: SortedMap<ValueId, T>, renamed: &[Option<ValueId>]) -> SortedMap<ValueId, T> {
    (said.into_iter())
        .filter_map(|(value, what)| Some((renamed[value.index()]?, what)))
        .collect()
}

/// Whether there are writes at many places that nobody does alone: an order of rows that are known to all, say, is nobody's. There they
/// have no form.
fn has_orphans(region: &Region, ir: &Ir, alone: &[Option<u32>]) -> bool {
    let orphan = |node: &Node| match (&node.op, &node.args[..], &node.results[..]) {
        (Op::WriteSecret { groups, .. }, &[_, at, _], &[written]) => {
            let owner = alone.get(written.index()).copied().flatten();
            ir.values[at.index()].ty.lanes != *groups && owner.is_none()
        }
        _ => false,
    };
    region.any(&mut |node| orphan(node))
}

impl Shape {
    /// Of a sort, as far as the node tells.
    fn of(node: &Node, ty: impl Fn(ValueId) -> Ty) -> Option<Self> {
        let Op::Sort { keys, segments, .. } = node.op else {
            return None;
        };
        Some(Self {
            columns: node.args.iter().map(|&a| ty(a).scalar).collect(),
            keys,
            segments,
            lanes: node.args.first().map_or(0, |&a| ty(a).lanes),
            places: false,
            asked: node.protocol.is_some(),
            owned: false,
        })
    }

    fn pairs(&self) -> u64 {
        let rows = self.lanes.checked_div(self.segments).unwrap_or(0);
        self.lanes.saturating_mul(rows.saturating_sub(1)) / 2
    }
}

struct Sorts<'a> {
    /// By value; none where nobody computes anything alone.
    owners: Vec<Grid>,
    /// Who computes a value alone when domains are chosen.
    alone: Vec<Option<u32>>,
    sorter: Sorter<'a>,
    places: Places,
    choices: SortedMap<Shape, Choice>,
    ways: SortedMap<ValueId, Way>,
    reasons: SortedMap<ValueId, String>,
}

impl Rule for Sorts<'_> {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let Some(shape) = Shape::of(&node, |v| walk.ty(v)) else {
            self.places.follow(walk, &node);
            walk.push(node);
            return;
        };
        if let Some(order) = known_order(walk, &node) {
            (walk.span, walk.protocol) = (node.span, node.protocol);
            for (&result, &column) in node.results.iter().zip(&node.args) {
                let moved = walk.gather_at(column, order.clone());
                walk.replace(result, moved);
            }
            return;
        }
        let segments = shape.segments;
        let are_places: Vec<bool> = (node.args.iter())
            .map(|&arg| self.places.are(walk, arg, segments))
            .collect();
        let owner = |r: &ValueId| self.owners.get(r.index()).map(Grid::whole);
        let owner = node.results.first().and_then(owner);
        let shape = Shape {
            places: shape.keys == 1 && are_places[0],
            owned: owner.is_some_and(|owner| owner != Owner::Joint),
            ..shape
        };
        let alone = |r: &ValueId| self.alone.get(r.index()).copied().flatten();
        let one = node.results.first().and_then(alone);
        let is_alone =
            one.is_some() && !shape.asked && node.results.iter().all(|r| alone(r) == one);
        let choice = self.choices.entry(shape);
        let choice = choice.or_insert_with_key(|shape| self.sorter.choose(shape));
        let columns = match choice.way {
            Some(way) => {
                let columns = node.results.clone();
                walk.push(node);
                for &column in &columns {
                    self.ways.insert(column, way);
                    self.reasons.insert(column, choice.why.clone());
                }
                columns
            }
            None => {
                (walk.span, walk.protocol) = (node.span, node.protocol);
                let Op::Sort { keys, .. } = node.op else {
                    return;
                };
                let first = walk.all_values().len();
                let columns = if is_alone && radix::is_cheaper(walk, &node.args, keys, segments) {
                    radix::sort(walk, &node.args, keys, segments)
                } else {
                    network::sort(walk, &node.args, keys, segments)
                };
                for value in first..walk.all_values().len() {
                    self.reasons.insert(ValueId::new(value), choice.why.clone());
                }
                for (&result, &column) in node.results.iter().zip(&columns) {
                    walk.replace(result, column);
                }
                columns
            }
        };
        for (column, are_places) in columns.into_iter().zip(are_places) {
            if are_places {
                self.places.note(column, segments);
            }
        }
    }
}

/// Where each row of a sort comes from, if its keys are known to all.
fn known_order(walk: &Walk, node: &Node) -> Option<ConstVec> {
    let Op::Sort { keys, segments, .. } = node.op else {
        return None;
    };
    let known = |&key: &ValueId| -> Option<Vec<Word>> {
        let words = walk.constant(walk.public_source(key).unwrap_or(key))?;
        let scalar = walk.ty(key).scalar;
        (words.lanes() <= MOST_KNOWN).then(|| words.words().map(|w| scalar.wrap(w)).collect())
    };
    let columns: Vec<Vec<Word>> = (node.args.iter())
        .take(keys as usize)
        .map(known)
        .collect::<Option<_>>()?;
    let (columns, types): (Vec<&[Word]>, Vec<Scalar>) = (columns.iter().zip(&node.args))
        .map(|(column, &arg)| (&column[..], walk.ty(arg).scalar))
        .unzip();
    let rows = (!columns.is_empty()).then(|| order(&columns, &types, keys, segments))?;
    let rows = ConstVec::Table(rows.into_iter().map(|row| row as Word).collect());
    Some(normal(rows, Scalar::USIZE))
}

/// Finds the cheapest way of a sort.
#[derive(Clone, Copy)]
struct Sorter<'a> {
    options: &'a Options,
    n_parties: u32,
}

impl Sorter<'_> {
    /// Decides every sort, and what becomes one.
    fn formed(self, ir: Ir) -> Sorted {
        let mut ir = ir;
        if self.options.protocol == ProtocolChoice::Auto {
            for form in FORMS {
                if form.may_be_in(&ir) {
                    let owners = owned(&ir, self.options);
                    ir = (form.write)(ir, self, owners);
                }
            }
        }
        self.decide(ir)
    }

    /// Decides every sort.
    fn decide(self, ir: Ir) -> Sorted {
        if !has(&ir.body, |op| matches!(op, Op::Sort { .. })) {
            return Sorted {
                ir,
                ways: SortedMap::new(),
                reasons: SortedMap::new(),
            };
        }
        let mut ir = shuffles::run(ir, self);
        let mut places = Places::default();
        if assign::owners_compute(self.options) {
            let owners = owned(&ir, self.options);
            (ir, places) = merges::run(ir, Some(self), owners);
        }
        let who = match self.options.protocol {
            ProtocolChoice::Auto => assign::alone(&ir, self.options),
            _ => Vec::new(),
        };
        if who.iter().any(Option::is_some) {
            let sorted = self.written(ir.clone(), who, places.clone());
            let who = assign::alone(&sorted.ir, self.options);
            if !has_orphans(&sorted.ir.body, &sorted.ir, &who) {
                return sorted;
            }
        }
        self.written(ir, Vec::new(), places)
    }

    /// Writes every sort out, where somebody computes `alone` as an owner does, and some values are known to be places.
    fn written(self, ir: Ir, alone: Vec<Option<u32>>, places: Places) -> Sorted {
        let mut rule = Sorts {
            owners: owned(&ir, self.options),
            alone,
            sorter: self,
            places,
            choices: SortedMap::new(),
            ways: SortedMap::new(),
            reasons: SortedMap::new(),
        };
        let ir = rewrite(ir, false, &mut rule).ir;
        // Columns that nobody looks at after the sort, as keys often are: what nobody needs is nobody's own, and would be priced and
        // emitted as if all computed it together.
        let (swept, renamed) = dead::swept(ir);
        Sorted {
            ir: swept.ir,
            ways: kept(rule.ways, &renamed),
            reasons: kept(rule.reasons, &renamed),
        }
    }

    /// Whether rows may be shuffled. Who asks for a domain gets a network, which every domain has, and so does who sorts alone.
    fn shuffles(&self, shape: &Shape) -> bool {
        let model = self.options.suite.against(self.options.threat);
        !shape.asked
            && self.options.protocol == ProtocolChoice::Auto
            && !shape.owned
            && model.shuffles(self.n_parties, self.options.threshold)
    }

    fn choose(&self, shape: &Shape) -> Choice {
        if shape.keys == 0 {
            return Choice {
                way: Some(Way::Shuffle),
                time: f64::INFINITY,
                why: "shuffled: the rows need no keys".into(),
            };
        }
        if !self.shuffles(shape) {
            let asked = shape.asked || self.options.protocol != ProtocolChoice::Auto;
            let why = match (asked, shape.owned) {
                (true, _) => "sorted by a network, in the domain that is asked for",
                (false, true) => "sorted by who owns all of it",
                (false, false) => {
                    "sorted by a network: this suite does not shuffle among so many parties"
                }
            };
            return Choice {
                way: None,
                time: f64::INFINITY,
                why: why.into(),
            };
        }
        let mut ways = vec![(self.by_network(shape), None)];
        if shape.places {
            ways.push((self.by(shape, Way::Places), Some(Way::Places)));
        } else {
            let digits = DIGITS
                .map(Way::Digits)
                .into_iter()
                .chain(DIGITS.map(Way::Apart));
            let digits = digits.map(|way| (self.by(shape, way), Some(way)));
            ways.extend(digits.min_by(|a, b| a.0.total_cmp(&b.0)));
            if shape.pairs() <= MOST_PAIRS {
                ways.push((self.by(shape, Way::Pairs), Some(Way::Pairs)));
            }
        }
        ways.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: Vec<String> = ways.iter().map(|&(time, way)| named(way, time)).collect();
        let why = format!(
            "sorted {} and not {}, as estimated for this network",
            all[0],
            all[1..].join(" or ")
        );
        let (time, way) = ways[0];
        Choice { way, time, why }
    }

    /// Milliseconds of a network, in the better of the domains that it can have.
    fn by_network(&self, shape: &Shape) -> f64 {
        let ir = program(shape, self.n_parties);
        let mut rule = Written;
        let ir = rewrite(ir, false, &mut rule).ir;
        let mut domains = vec![ProtocolChoice::Boolean];
        if self.options.suite.offers(self.options.threat, Domain::Yao) {
            domains.push(ProtocolChoice::Yao);
        }
        let price = |&protocol: &ProtocolChoice| self.priced(&ir, protocol, None);
        domains.iter().map(price).fold(f64::INFINITY, f64::min)
    }

    /// Milliseconds in another way.
    fn by(&self, shape: &Shape, way: Way) -> f64 {
        let ir = program(shape, self.n_parties);
        self.priced(&ir, ProtocolChoice::Boolean, Some(way))
    }

    /// Milliseconds of a program in one domain.
    fn priced(&self, ir: &Ir, protocol: ProtocolChoice, way: Option<Way>) -> f64 {
        let options = self.together(protocol);
        let Ok(mut plan) = assign(ir, &options) else {
            return f64::INFINITY;
        };
        let sorts = (ir.body.nodes.iter()).filter(|n| matches!(n.op, Op::Sort { .. }));
        let results = sorts.flat_map(|n| &n.results);
        plan.ways = results.filter_map(|&r| Some((r, way?))).collect();
        self.emitted(ir, &plan, &options)
    }

    /// Milliseconds of a program in the domains that are best for it, of those that are asked for.
    fn whole(&self, ir: Ir) -> f64 {
        let options = self.together(self.options.protocol);
        let sorter = Sorter {
            options: &options,
            ..*self
        };
        let Sorted { ir, ways, reasons } = sorter.decide(ir);
        let Ok(mut plan) = assign(&ir, &options) else {
            return f64::INFINITY;
        };
        plan.sort(&ways, &reasons);
        (std::iter::once(&plan).chain(&plan.others))
            .map(|plan| self.emitted(&ir, plan, &options))
            .fold(f64::INFINITY, f64::min)
    }

    /// Options of programs that are priced: all rows are one party's there.
    fn together(&self, protocol: ProtocolChoice) -> Options {
        Options {
            protocol,
            local: LocalChoice::Off,
            ..self.options.clone()
        }
    }

    fn emitted(&self, ir: &Ir, plan: &Plan, options: &Options) -> f64 {
        let emitted = emit(ir, plan, options, "sort", Vec::new(), &|_| {
            Default::default()
        });
        let link = Link {
            rtt_us: options.network.rtt_us,
            mbit_per_s: options.network.mbit_per_s,
        };
        let price = |emitted: Emitted| milliseconds(&emitted.program, link, &options.costs);
        emitted.ok().and_then(price).unwrap_or(f64::INFINITY)
    }
}

/// A way of sorting and its milliseconds, after "sorted".
fn named(way: Option<Way>, time: f64) -> String {
    match way {
        None => format!("by a network ({time:.2} ms)"),
        Some(Way::Digits(digit)) => {
            let plural = if digit == 1 { "" } else { "s" };
            format!("by digits of {digit} bit{plural}, each opened after a shuffle ({time:.2} ms)")
        }
        Some(Way::Apart(digit)) => {
            let plural = if digit == 1 { "" } else { "s" };
            format!(
                "by digits of {digit} bit{plural} apart from their rows, each opened after a shuffle ({time:.2} ms)"
            )
        }
        Some(Way::Pairs) => {
            format!("by comparing all with all, the places opened after a shuffle ({time:.2} ms)")
        }
        Some(Way::Places) => format!("to places that are opened after a shuffle ({time:.2} ms)"),
        Some(Way::Shuffle) => format!("by nothing ({time:.2} ms)"),
    }
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
        drawn: shape.keys == 0,
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
        let Op::Sort { keys, segments, .. } = node.op else {
            walk.push(node);
            return;
        };
        let columns = network::sort(walk, &node.args, keys, segments);
        walk.replace_all(&node.results, &columns);
    }
}

#[cfg(test)]
mod tests;
