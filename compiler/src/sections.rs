//! Sections: the maximal parts of a program that stay in one domain, and the graph of data between them.
//!
//! Operations of one domain belong together when a value goes from one to the other, also around a loop or out of a
//! branch. Work in the clear is one section.

use petgraph::dot::{Config, Dot};
use petgraph::graph::DiGraph;
use petgraph::unionfind::UnionFind;
use smpcc_circuit::ids::{SectionId, ValueId};
use smpcc_circuit::program::{Domain, Loc, Node, Op, Program, Section};
use smpcc_circuit::sorted::{SortedMap, SortedSet};

/// Gives each operation its section. `reason`: why an operation, by region and position in it, is in its domain.
pub(crate) fn assign_sections<'r>(
    program: &mut Program,
    reason: &dyn Fn(usize, usize) -> Option<&'r str>,
) {
    let classes = classes(program);
    let mut sections: Vec<Section> = Vec::new();
    let mut ids: SortedMap<(char, usize), SectionId> = SortedMap::new();
    let mut regions = std::mem::take(&mut program.regions);
    for (r, region) in regions.iter_mut().enumerate() {
        for (n, node) in region.nodes.iter_mut().enumerate() {
            let domain = place(program, node);
            let value = node.results.first().or(node.args.first());
            let class = match (domain, value) {
                (Domain::Public, _) | (_, None) => usize::MAX,
                (_, Some(v)) => classes[section_value(program, node).unwrap_or(*v).index()],
            };
            let id = *ids.entry((domain.letter(), class)).or_insert_with(|| {
                sections.push(Section {
                    domain: match domain {
                        Domain::Arithmetic { .. } => Domain::Arithmetic { ring: 0 },
                        other => other,
                    },
                    why: match domain {
                        Domain::Public => "known to all",
                        Domain::Arithmetic { .. }
                        | Domain::Boolean
                        | Domain::Yao
                        | Domain::Local { .. } => reason(r, n).unwrap_or_default(),
                    }
                    .into(),
                    file: 0,
                    lines: (0, 0),
                });
                SectionId::new(sections.len() - 1)
            });
            cover(&mut sections[id.index()], node.loc);
            node.section = id;
        }
    }
    program.regions = regions;
    program.sections = sections;
}

/// Adds a place to a section's. Lines of two files do not make a range: the user's own files come before the library's, and
/// the program's before those that it uses.
fn cover(section: &mut Section, at: Loc) {
    let rank = |file: u32| ((file as usize) < crate::library::MODULES.len(), file);
    if at.line == 0 || section.lines.0 > 0 && rank(section.file) < rank(at.file) {
        return;
    }
    if section.lines.0 == 0 || section.file != at.file {
        section.file = at.file;
        section.lines = (at.line, at.line);
    }
    let (first, last) = section.lines;
    section.lines = (first.min(at.line), last.max(at.line));
}

/// The domain in which an operation's work is done: a conversion belongs to where it arrives, an opening to where it starts.
fn place(program: &Program, node: &Node) -> Domain {
    section_value(program, node).map_or(Domain::Public, |v| program.values[v.index()].domain)
}

fn section_value(program: &Program, node: &Node) -> Option<ValueId> {
    let secret = |v: &&ValueId| program.values[v.index()].domain != Domain::Public;
    node.results
        .iter()
        .find(secret)
        .or_else(|| node.args.iter().find(secret))
        .copied()
}

/// A class for each value: values that meet in an operation of their own domain are in one.
fn classes(program: &Program) -> Vec<usize> {
    let mut union = UnionFind::<usize>::new(program.values.len());
    let letter = |v: ValueId| program.values[v.index()].domain.letter();
    let join = |union: &mut UnionFind<usize>, a: ValueId, b: ValueId| {
        if letter(a) == letter(b) {
            union.union(a.index(), b.index());
        }
    };
    let zip = |union: &mut UnionFind<usize>, a: &[ValueId], b: &[ValueId]| {
        for (&a, &b) in a.iter().zip(b) {
            join(union, a, b);
        }
    };
    for region in &program.regions {
        for node in &region.nodes {
            let own = |i: &u32| &program.regions[*i as usize];
            match &node.op {
                Op::Loop { count, body } => {
                    let init = if count.is_some() {
                        &node.args[..]
                    } else {
                        &node.args[1..]
                    };
                    zip(&mut union, init, &own(body).params[1..]);
                    zip(&mut union, init, &own(body).results);
                    zip(&mut union, init, &node.results);
                }
                Op::While { cond, body } => {
                    zip(&mut union, &node.args, &own(cond).params);
                    zip(&mut union, &node.args, &own(body).params);
                    zip(&mut union, &node.args, &own(body).results);
                    zip(&mut union, &node.args, &node.results);
                }
                Op::If { then, otherwise } => {
                    zip(&mut union, &node.results, &own(then).results);
                    zip(&mut union, &node.results, &own(otherwise).results);
                }
                _ => {
                    let all: Vec<ValueId> =
                        node.args.iter().chain(&node.results).copied().collect();
                    for (i, &a) in all.iter().enumerate() {
                        // Against the first of the same letter is enough.
                        if let Some(&b) = all[..i].iter().find(|&&b| letter(b) == letter(a)) {
                            join(&mut union, a, b);
                        }
                    }
                }
            }
        }
    }
    union.into_labeling()
}

/// The sections as a picture in the DOT language: an edge for each direction in which values go between two sections.
pub fn dot(program: &Program) -> String {
    let mut graph = DiGraph::<String, String>::new();
    let nodes: Vec<_> = program
        .sections
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let place = s.place(&program.files).map(|place| format!("\n{place}"));
            let place = place.unwrap_or_default();
            graph.add_node(format!("s{i}: {}{place}\n{}", name(s.domain), s.why))
        })
        .collect();
    let mut made: SortedMap<ValueId, SectionId> = SortedMap::new();
    let mut edges: SortedMap<(SectionId, SectionId), SortedSet<ValueId>> = SortedMap::new();
    for region in &program.regions {
        for node in &region.nodes {
            for &r in &node.results {
                made.insert(r, node.section);
            }
        }
    }
    for node in program.regions.iter().flat_map(|r| &r.nodes) {
        for &arg in &node.args {
            if let Some(&from) = made.get(&arg)
                && from != node.section
            {
                edges.entry((from, node.section)).or_default().insert(arg);
            }
        }
    }
    for ((from, to), values) in edges {
        let lanes: u64 = values.iter().map(|v| program.values[v.index()].lanes).sum();
        let what = if lanes == 1 {
            "1 lane".into()
        } else {
            format!("{lanes} lanes")
        };
        graph.add_edge(nodes[from.index()], nodes[to.index()], what);
    }
    format!("{}", Dot::with_config(&graph, &[] as &[Config]))
}

const fn name(domain: Domain) -> &'static str {
    match domain {
        Domain::Public => "in the clear",
        Domain::Arithmetic { .. } => "arithmetic",
        Domain::Boolean => "Boolean",
        Domain::Yao => "garbled",
        Domain::Local { .. } => "on one party's own data",
    }
}
