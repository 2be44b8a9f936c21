//! Everything that leaves secrecy: what `smpcc reveals` lists and an auditor signs.
//!
//! Read off the freshly lowered [`Ir`], where each operation still stands at its source line. A disclosure's sources
//! are found by walking definitions backwards, through loops, branches and earlier reveals alike; the walk is
//! breadth-first, so that the path shown is a shortest one.

use crate::ir::{Forms, Ir, Node, Op, Region};
use crate::passes;
use crate::session::LocalChoice;
use crate::sorts;
use crate::span::Span;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::value::{Form, Scalar};

/// Why a value leaves secrecy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DisclosureKind {
    /// A parameter that its owner publishes.
    PublicInput,
    /// `reveal(x)`.
    Reveal,
    /// The outcome of an assertion on a secret.
    Assert,
    /// The result of `main`.
    Output,
}

/// One value that leaves secrecy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// Why.
    pub kind: DisclosureKind,
    /// Where in the source.
    pub span: Span,
    /// The path of the input or output, or the assertion's message; empty for `reveal`.
    pub label: String,
    /// The type of a lane.
    pub scalar: Scalar,
    /// How it is written: as an integer where a value is opened within the program.
    pub form: Form,
    /// Number of lanes each time.
    pub lanes: u64,
    /// Whether it stands in a loop or under a run-time condition, so that it happens any number of times.
    pub repeated: bool,
    /// How many equal operations the source place has become.
    pub sites: u64,
    /// Who learns it, ascending.
    pub receivers: Vec<u32>,
    /// Whether it depends on what `random()` drew.
    pub drawn: bool,
    /// The secret inputs that it depends on.
    pub sources: Vec<Source>,
    /// Source places on a shortest way from an input to here, in the direction of flow.
    pub path: Vec<Span>,
    /// The same from each input by itself, whoever gives it.
    pub ways: Vec<Way>,
}

/// A shortest way from an input to where it leaves secrecy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The path of the input: `rows[].age`.
    pub input: String,
    /// Source places, in the direction of flow.
    pub places: Vec<Span>,
}

impl Disclosure {
    /// The name of a lane's type, as people know it.
    pub fn type_name(&self) -> String {
        self.form.name(self.scalar)
    }
}

/// A secret input that a disclosure depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The owner.
    pub party: u32,
    /// The path of the input: `rows[].age`.
    pub path: String,
}

/// All disclosures: public inputs first, then in program order. Operations that a loop's unrolling has multiplied are
/// one entry.
pub fn reveals(ir: &Ir) -> Vec<Disclosure> {
    let everyone: Vec<u32> = (0..ir.n_parties).collect();
    let mut found: Vec<Disclosure> = Vec::new();
    let mut graph = Graph {
        definitions: vec![Definition::default(); ir.values.len()],
    };
    graph.region(&ir.body);
    let mut collect = Collect {
        ir,
        forms: ir.forms(),
        graph: &graph,
        everyone: &everyone,
        found: &mut found,
        seen: vec![0; ir.values.len()],
        stamp: 0,
    };
    collect.public_inputs(&ir.body);
    collect.region(&ir.body, false);
    found
}

/// Where a value comes from.
#[derive(Clone, Debug, Default)]
struct Definition {
    span: Span,
    from: Vec<ValueId>,
    input: Option<usize>,
}

struct Graph {
    definitions: Vec<Definition>,
}

impl Graph {
    fn region(&mut self, region: &Region) {
        for node in &region.nodes {
            self.node(node);
            node.regions.iter().for_each(|r| self.region(r));
        }
    }

    fn add(&mut self, id: ValueId, span: Span, from: impl IntoIterator<Item = ValueId>) {
        if let Some(definition) = self.definitions.get_mut(id.index()) {
            definition.span = span;
            definition.from.extend(from);
        }
    }

    fn node(&mut self, node: &Node) {
        let (args, span) = (&node.args, node.span);
        match &node.op {
            Op::Loop { count } => {
                let skip = usize::from(count.is_none());
                let counts = args.iter().take(skip).copied();
                let counts: Vec<ValueId> = counts.collect();
                let start = &args[skip.min(args.len())..];
                let Some(body) = node.regions.first() else {
                    return;
                };
                for (k, &result) in node.results.iter().enumerate() {
                    let from = start.get(k).into_iter().chain(body.results.get(k));
                    self.add(result, span, from.chain(&counts).copied());
                    if let Some(&param) = body.params.get(k + 1) {
                        let from = start.get(k).into_iter().chain(body.results.get(k));
                        self.add(param, span, from.copied());
                    }
                }
            }
            Op::While => {
                let conditions: Vec<ValueId> = node
                    .regions
                    .first()
                    .map(|r| r.results.clone())
                    .unwrap_or_default();
                for (k, &result) in node.results.iter().enumerate() {
                    let next = node.regions.get(1).and_then(|r| r.results.get(k));
                    let from = args.get(k).into_iter().chain(next);
                    self.add(result, span, from.clone().chain(&conditions).copied());
                    for region in &node.regions {
                        if let Some(&param) = region.params.get(k) {
                            self.add(param, span, from.clone().copied());
                        }
                    }
                }
            }
            Op::If => {
                for (k, &result) in node.results.iter().enumerate() {
                    let arms = node.regions.iter().filter_map(|r| r.results.get(k));
                    self.add(result, span, args.iter().chain(arms).copied());
                }
            }
            Op::Reduce { .. } | Op::Scan { .. } => {
                for (k, &result) in node.results.iter().enumerate() {
                    let inner = node.regions.first().and_then(|r| r.results.get(k));
                    self.add(result, span, args.iter().chain(inner).copied());
                }
                for region in &node.regions {
                    let n = args.len().max(1);
                    for (k, &param) in region.params.iter().enumerate() {
                        self.add(param, span, args.get(k % n).copied());
                    }
                }
            }
            Op::Input(id) => {
                for &result in &node.results {
                    self.add(result, span, []);
                    if let Some(definition) = self.definitions.get_mut(result.index()) {
                        definition.input = Some(id.index());
                    }
                }
            }
            _ => {
                for &result in &node.results {
                    self.add(result, span, args.iter().copied());
                }
            }
        }
    }
}

/// Where a program draws what no party knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Where in the source.
    pub span: Span,
    /// The type of a lane.
    pub scalar: Scalar,
    /// Number of lanes, over all iterations of loops around it.
    pub lanes: u64,
}

/// All draws, in the order in which they are traced; those of one place and type are one entry.
pub fn draws(ir: &Ir) -> Vec<Draw> {
    let mut found: Vec<Draw> = Vec::new();
    for node in &ir.body.nodes {
        let Op::Input(id) = node.op else { continue };
        // One party's parts stand for all parties'.
        let part = ir.inputs.get(id.index());
        let Some(leaf) = part.filter(|leaf| leaf.drawn && leaf.party == 0) else {
            continue;
        };
        let same = |d: &&mut Draw| d.span == node.span && d.scalar == leaf.scalar;
        match found.iter_mut().find(same) {
            Some(known) => known.lanes = known.lanes.saturating_add(leaf.lanes),
            None => found.push(Draw {
                span: node.span,
                scalar: leaf.scalar,
                lanes: leaf.lanes,
            }),
        }
    }
    found
}

/// What stands behind a value.
struct Walked {
    drawn: bool,
    sources: Vec<Source>,
    path: Vec<Span>,
    ways: Vec<Way>,
}

/// Where a program sorts, or adds up by group or looks up at many secret places, which may become a sort: what such an operation may open are places of shuffled rows,
/// which is no disclosure.
pub fn sorts(ir: &Ir) -> Vec<Span> {
    let optimised = passes::optimise(ir.clone(), 2, LocalChoice::Off, &mut |_, _| {});
    sorts::spans(ir, &optimised)
}

struct Collect<'a> {
    ir: &'a Ir,
    forms: Forms,
    graph: &'a Graph,
    everyone: &'a [u32],
    found: &'a mut Vec<Disclosure>,
    /// Stamps of the last walk that reached a value.
    seen: Vec<u32>,
    stamp: u32,
}

impl Collect<'_> {
    fn public_inputs(&mut self, body: &Region) {
        for node in &body.nodes {
            let Op::Input(id) = node.op else { continue };
            let Some(leaf) = self.ir.inputs.get(id.index()) else {
                continue;
            };
            if leaf.public {
                self.push(Disclosure {
                    kind: DisclosureKind::PublicInput,
                    span: node.span,
                    label: leaf.path.clone(),
                    scalar: leaf.scalar,
                    form: self.forms.input(id),
                    lanes: leaf.lanes,
                    repeated: false,
                    sites: 1,
                    receivers: self.everyone.to_vec(),
                    drawn: false,
                    sources: vec![Source {
                        party: leaf.party,
                        path: leaf.path.clone(),
                    }],
                    path: vec![node.span],
                    ways: vec![Way {
                        input: leaf.path.clone(),
                        places: vec![node.span],
                    }],
                });
            }
        }
    }

    fn region(&mut self, region: &Region, repeated: bool) {
        for (k, node) in region.nodes.iter().enumerate() {
            match &node.op {
                Op::Reveal(form) => {
                    let assertion = region.nodes.get(k + 1).and_then(|next| match &next.op {
                        Op::Assert(why) if next.span == node.span && next.args == node.results => {
                            Some(why.clone().unwrap_or_default())
                        }
                        _ => None,
                    });
                    let kind = if assertion.is_some() {
                        DisclosureKind::Assert
                    } else {
                        DisclosureKind::Reveal
                    };
                    let receivers = self.everyone.to_vec();
                    let label = assertion.unwrap_or_default();
                    self.disclose(node, kind, label, *form, repeated, receivers);
                }
                Op::Output(id) => {
                    if let Some(leaf) = self.ir.outputs.get(id.index()) {
                        let (label, receivers) = (leaf.path.clone(), leaf.receivers.clone());
                        let (kind, form) = (DisclosureKind::Output, self.forms.output(*id));
                        self.disclose(node, kind, label, form, repeated, receivers);
                    }
                }
                _ => {}
            }
            for inner in &node.regions {
                self.region(inner, true);
            }
        }
    }

    fn disclose(
        &mut self,
        node: &Node,
        kind: DisclosureKind,
        label: String,
        form: Form,
        repeated: bool,
        receivers: Vec<u32>,
    ) {
        let Some(&arg) = node.args.first() else {
            return;
        };
        let Some(value) = self.ir.values.get(arg.index()) else {
            return;
        };
        let Walked {
            drawn,
            sources,
            path,
            ways,
        } = self.walk(arg, node.span);
        self.push(Disclosure {
            kind,
            span: node.span,
            label,
            scalar: value.ty.scalar,
            form,
            lanes: value.ty.lanes,
            repeated,
            sites: 1,
            receivers,
            drawn,
            sources,
            path,
            ways,
        });
    }

    /// The secret inputs behind a value, and the places on a shortest way from each of them.
    fn walk(&mut self, from: ValueId, at: Span) -> Walked {
        self.stamp += 1;
        let mut queue: Vec<(ValueId, Option<usize>)> = vec![(from, None)];
        if let Some(seen) = self.seen.get_mut(from.index()) {
            *seen = self.stamp;
        }
        let mut drawn = false;
        let mut sources = Vec::new();
        // The first of each path, nearest first.
        let mut nearest: Vec<(&str, usize)> = Vec::new();
        let mut next = 0;
        while let Some(&(id, _)) = queue.get(next) {
            if let Some(definition) = self.graph.definitions.get(id.index()) {
                let leaf = definition.input.and_then(|i| self.ir.inputs.get(i));
                drawn |= leaf.is_some_and(|l| l.drawn);
                if let Some(leaf) = leaf.filter(|l| !l.public && !l.drawn) {
                    if !nearest.iter().any(|(path, _)| *path == leaf.path) {
                        nearest.push((&leaf.path, next));
                    }
                    sources.push(Source {
                        party: leaf.party,
                        path: leaf.path.clone(),
                    });
                }
                for &before in &definition.from {
                    if let Some(seen) = self.seen.get_mut(before.index())
                        && *seen != self.stamp
                    {
                        *seen = self.stamp;
                        queue.push((before, Some(next)));
                    }
                }
            }
            next += 1;
        }
        sources.sort();
        sources.dedup();
        let way = |from: Option<usize>| {
            let mut places = Vec::new();
            let mut step = from;
            while let Some(&(id, towards)) = step.and_then(|s| queue.get(s)) {
                places.extend(self.graph.definitions.get(id.index()).map(|d| d.span));
                step = towards;
            }
            places.push(at);
            places.dedup();
            places
        };
        let path = way(nearest.first().map(|(_, at)| *at));
        let mut ways: Vec<Way> = (nearest.iter())
            .map(|(input, at)| Way {
                input: (*input).to_owned(),
                places: way(Some(*at)),
            })
            .collect();
        ways.sort_by(|a, b| a.input.cmp(&b.input));
        Walked {
            drawn,
            sources,
            path,
            ways,
        }
    }

    fn push(&mut self, new: Disclosure) {
        let same = |old: &&mut Disclosure| {
            old.kind == new.kind
                && old.span == new.span
                && old.label == new.label
                && old.scalar == new.scalar
                && old.form == new.form
                && old.lanes == new.lanes
                && old.receivers == new.receivers
                && old.kind != DisclosureKind::Output
                && old.kind != DisclosureKind::PublicInput
        };
        // Copies of one source place stand near each other; looking further back would cost more than it tells.
        if let Some(old) = self.found.iter_mut().rev().take(64).find(same) {
            old.sites += 1;
            old.repeated |= new.repeated;
            old.drawn |= new.drawn;
            old.sources.extend(new.sources);
            old.sources.sort();
            old.sources.dedup();
            for way in new.ways {
                if !old.ways.iter().any(|known| known.input == way.input) {
                    old.ways.push(way);
                }
            }
        } else {
            self.found.push(new);
        }
    }
}
