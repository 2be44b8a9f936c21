//! A program as a picture: what parties give, the sections with their domains and costs, conversions between them, and who
//! learns what.
//!
//! A [`Picture`] is boxes and arrows without places; [`dot`] leaves the places to others, [`svg`] finds them with the small
//! layered layout of [`layout`]. The same program gives the same bytes.

mod layout;
mod svg;

pub use svg::svg;

use smpcc_circuit::ids::{SectionId, ValueId};
use smpcc_circuit::program::{Domain, Kind, Node, Op, Program, Region};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::stats::{SectionStats, Stats};
use std::fmt::Write as _;

/// Boxes and arrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// The program's name and what it runs on.
    pub title: String,
    /// Boxes; arrows name them by position.
    pub boxes: Vec<Drawn>,
    /// Arrows.
    pub edges: Vec<Edge>,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What a party gives.
    Gives,
    /// A section.
    Computes(Domain),
    /// What parties learn.
    Learns,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// What it stands for.
    pub role: Role,
    /// Its lines of text, the title first.
    pub lines: Vec<String>,
    /// What is too long to show in it.
    pub note: String,
    /// The sections that it stands for: several where they look alike.
    pub sections: Vec<u32>,
}

/// An arrow between two boxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Index of the box it leaves.
    pub from: usize,
    /// Index of the box it enters.
    pub to: usize,
    /// What goes along it.
    pub label: String,
    /// Whether the values change their domain on it.
    pub converts: bool,
}

/// Values that go along an arrow, and the domains before and after where they change.
type Along = (SortedSet<ValueId>, Option<(char, char)>);

/// The picture of a program with its figures.
pub fn picture(program: &Program, stats: &Stats) -> Picture {
    let origins = origins(program);
    let mut picture = Picture {
        title: format!(
            "{}: {} among {} parties",
            program.name,
            program.suite.name(),
            program.n_parties
        ),
        ..Picture::default()
    };
    let mut givers: SortedMap<u32, usize> = SortedMap::new();
    // Those who are away give shares.
    for owner in 0..program.party_names.len() as u32 {
        let gives: Vec<String> = program
            .inputs
            .iter()
            .filter(|leaf| leaf.party == owner)
            .map(|leaf| {
                let secrecy = if leaf.public { " (public)" } else { "" };
                let ty = typed(&leaf.scalar.to_string(), leaf.lanes);
                format!("{}: {ty}{secrecy}", leaf.path)
            })
            .collect();
        if !gives.is_empty() {
            givers.insert(owner, picture.boxes.len());
            let title = format!("{} gives", party(program, owner));
            picture.boxes.push(Drawn {
                role: Role::Gives,
                lines: shortened([vec![title], gives].concat(), 5),
                note: String::new(),
                sections: Vec::new(),
            });
        }
    }
    let used = used_sections(program);
    let mut section_box: SortedMap<SectionId, usize> = SortedMap::new();
    // Sections that look alike are one box: unrolled code has many.
    let mut alike: SortedMap<(char, Vec<String>), (usize, u64)> = SortedMap::new();
    for (i, section) in program.sections.iter().enumerate() {
        let id = SectionId::new(i);
        if !used.contains(&id) {
            continue;
        }
        let lines = section_lines(program, id, stats.sections.get(i));
        let (title, rest) = lines.split_first().map_or(("", &[][..]), |(t, r)| (t, r));
        let mut look: Vec<String> = rest.to_vec();
        look.push(
            title
                .split_once(": ")
                .map_or(title, |(_, text)| text)
                .into(),
        );
        let (at, n) = alike
            .entry((section.domain.letter(), look))
            .or_insert((picture.boxes.len(), 0));
        *n += 1;
        section_box.insert(id, *at);
        if *n == 1 {
            picture.boxes.push(Drawn {
                role: Role::Computes(section.domain),
                lines,
                note: section.why.clone(),
                sections: Vec::new(),
            });
        }
        picture.boxes[*at].sections.push(i as u32);
    }
    for (at, n) in alike.into_values().filter(|(_, n)| *n > 1) {
        let lines = &mut picture.boxes[at].lines;
        lines[0] = format!("{}, {n} times", lines[0]);
    }
    let place = |origin: SectionId| section_box.get(&origin).copied();
    // Values along each arrow, and whether they arrive in another domain.
    let mut along: SortedMap<(usize, usize), Along> = SortedMap::new();
    let mut learns: SortedMap<Vec<u32>, usize> = SortedMap::new();
    for node in nodes(program) {
        if let Op::Output(id) = node.op {
            let Some(leaf) = program.outputs.get(id.index()) else {
                continue;
            };
            let receivers = leaf.receivers.clone();
            let at = *learns.entry(receivers).or_insert_with(|| {
                picture.boxes.push(Drawn {
                    role: Role::Learns,
                    lines: vec![receivers_of(program, &leaf.receivers)],
                    note: String::new(),
                    sections: Vec::new(),
                });
                picture.boxes.len() - 1
            });
            let name = if leaf.path.is_empty() {
                "result"
            } else {
                &leaf.path
            };
            let line = format!("{name}: {}", typed(&leaf.scalar.to_string(), leaf.lanes));
            picture.boxes[at].lines.push(line);
            for &arg in &node.args {
                for &origin in origins.get(&arg).into_iter().flatten() {
                    if let Some(from) = place(origin) {
                        along.entry((from, at)).or_default().0.insert(arg);
                    }
                }
            }
            continue;
        }
        let Some(&to) = section_box.get(&node.section) else {
            continue;
        };
        if let Op::Input(id) = node.op
            && let Some(leaf) = program.inputs.get(id.index())
            && let (Some(&from), Some(&r)) = (givers.get(&leaf.party), node.results.first())
        {
            along.entry((from, to)).or_default().0.insert(r);
            continue;
        }
        if node.op.kind() == Kind::Control {
            continue;
        }
        // Of a composition, the value; its random parts have no meaning of their own.
        let args = match node.op {
            Op::Compose => node.args.get(..1).unwrap_or(&[]),
            _ => &node.args,
        };
        for &arg in args {
            for &origin in origins.get(&arg).into_iter().flatten() {
                let Some(from) = place(origin).filter(|&from| from != to) else {
                    continue;
                };
                let entry = along.entry((from, to)).or_default();
                entry.0.insert(arg);
                if let Some(change) = change(program, node, arg) {
                    entry.1 = Some(change);
                }
            }
        }
    }
    for drawn in picture.boxes.iter_mut().filter(|b| b.role == Role::Learns) {
        drawn.lines = shortened(std::mem::take(&mut drawn.lines), 5);
    }
    picture.edges = along
        .into_iter()
        .map(|((from, to), (values, change))| Edge {
            from,
            to,
            label: label(program, &values, change),
            converts: change.is_some_and(|(a, b)| a != 'P' && b != 'P'),
        })
        .collect();
    picture
}

/// The picture in the DOT language.
pub fn dot(picture: &Picture) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = String::from("digraph program {\n");
    let _ = writeln!(text, "    label=\"{}\";", quoted(&picture.title));
    text.push_str("    labelloc=t;\n    node [shape=box, style=\"filled,rounded\", fontname=\"sans-serif\"];\n    edge [fontname=\"sans-serif\", fontsize=11];\n");
    for (i, drawn) in picture.boxes.iter().enumerate() {
        let (fill, line) = colours(drawn.role);
        let _ = writeln!(
            text,
            "    b{i} [label=\"{}\", tooltip=\"{}\", fillcolor=\"{fill}\", color=\"{line}\"];",
            quoted(&drawn.lines.join("\n")).replace('\n', "\\n"),
            quoted(&drawn.note)
        );
    }
    for edge in &picture.edges {
        let style = if edge.converts { ", style=bold" } else { "" };
        let _ = writeln!(
            text,
            "    b{} -> b{} [label=\"{}\"{style}];",
            edge.from,
            edge.to,
            quoted(&edge.label)
        );
    }
    text.push_str("}\n");
    text
}

/// Fill and line of a box.
pub(crate) const fn colours(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Gives | Role::Learns => ("#ffffff", "#555555"),
        Role::Computes(Domain::Public) => ("#eeeeee", "#777777"),
        Role::Computes(Domain::Arithmetic { .. }) => ("#dceaf7", "#2b6ca3"),
        Role::Computes(Domain::Boolean) => ("#e0f2dc", "#3c8031"),
        Role::Computes(Domain::Yao) => ("#fbe6cf", "#b3681a"),
        Role::Computes(Domain::Local { .. }) => ("#efe3f7", "#7a4a9e"),
    }
}

fn nodes(program: &Program) -> impl Iterator<Item = &Node> {
    program.regions.iter().flat_map(|r| &r.nodes)
}

/// Sections in which something is done beside handing values on.
fn used_sections(program: &Program) -> SortedSet<SectionId> {
    let works = |node: &&Node| {
        !matches!(node.op, Op::Output(_) | Op::Const(_)) && node.op.kind() != Kind::Control
    };
    nodes(program).filter(works).map(|n| n.section).collect()
}

/// For each value the sections that may have made it; through loops and branches, of all that it may be. Constants come
/// from nowhere.
fn origins(program: &Program) -> SortedMap<ValueId, SortedSet<SectionId>> {
    let mut origins: SortedMap<ValueId, SortedSet<SectionId>> = SortedMap::new();
    for node in nodes(program) {
        if matches!(node.op, Op::Const(_)) || node.op.kind() == Kind::Control {
            continue;
        }
        for &r in &node.results {
            origins.entry(r).or_default().insert(node.section);
        }
    }
    // What loops carry and branches give is what flows into it: until nothing new arrives.
    let mut flows: Vec<(ValueId, ValueId)> = Vec::new();
    let region = |i: u32| program.regions.get(i as usize);
    for node in nodes(program) {
        let mut flow = |from: &[ValueId], to: &[ValueId]| {
            flows.extend(from.iter().copied().zip(to.iter().copied()));
        };
        match node.op {
            Op::Loop { count, body } => {
                let Some(body) = region(body) else { continue };
                let init = node.args.get(usize::from(count.is_none())..).unwrap_or(&[]);
                let params = body.params.get(1..).unwrap_or(&[]);
                flow(init, params);
                flow(&body.results, params);
                flow(init, &node.results);
                flow(&body.results, &node.results);
            }
            Op::While { cond, body } => {
                let (Some(cond), Some(body)) = (region(cond), region(body)) else {
                    continue;
                };
                for params in [&cond.params, &body.params, &node.results] {
                    flow(&node.args, params);
                    flow(&body.results, params);
                }
            }
            Op::If { then, otherwise } => {
                for arm in [then, otherwise].into_iter().filter_map(region) {
                    let Region { results, .. } = arm;
                    flow(results, &node.results);
                }
            }
            _ => {}
        }
    }
    let mut changed = true;
    while changed {
        changed = false;
        for (from, to) in &flows {
            let more = origins.get(from).cloned().unwrap_or_default();
            let known = origins.entry(*to).or_default();
            let before = known.len();
            known.extend(more);
            changed |= known.len() > before;
        }
    }
    origins
}

/// The domains before and after, where an operation changes that of an operand.
fn change(program: &Program, node: &Node, arg: ValueId) -> Option<(char, char)> {
    let letter = |v: ValueId| {
        program
            .values
            .get(v.index())
            .map_or('P', |i| i.domain.letter())
    };
    let (from, to) = (letter(arg), letter(*node.results.first()?));
    (from != to && matches!(node.args.as_slice(), [only] if *only == arg)
        || matches!(node.op, Op::Compose))
    .then_some((from, to))
    .filter(|(a, b)| a != b)
}

fn label(program: &Program, values: &SortedSet<ValueId>, change: Option<(char, char)>) -> String {
    let mut text = change.map_or_else(String::new, |(a, b)| format!("{a}→{b}: "));
    let infos: Vec<_> = values
        .iter()
        .filter_map(|v| program.values.get(v.index()))
        .collect();
    match infos.as_slice() {
        [only] => text.push_str(&typed(&only.scalar.to_string(), only.lanes)),
        many => {
            let lanes = many.iter().fold(0u64, |n, i| n.saturating_add(i.lanes));
            let _ = write!(text, "{} values, {}", many.len(), counted(lanes, "lane"));
        }
    }
    text
}

fn section_lines(program: &Program, id: SectionId, stats: Option<&SectionStats>) -> Vec<String> {
    let section = &program.sections[id.index()];
    let domain = match section.domain {
        Domain::Public => "in the clear",
        Domain::Arithmetic { .. } => "arithmetic",
        Domain::Boolean => "Boolean",
        Domain::Yao => "garbled",
        Domain::Local { owner } => {
            (program.party_names.get(owner as usize)).map_or("one party alone", String::as_str)
        }
    };
    let at = section.place(&program.files).map(|at| format!(", {at}"));
    let at = at.unwrap_or_default();
    let n = nodes(program).filter(|n| n.section == id).count();
    let mut lines = vec![format!("s{}: {domain}{at}", id.index())];
    let Some(stats) = stats else { return lines };
    lines.push(format!(
        "{}, {}{}",
        counted(n as u64, "operation"),
        if stats.lanes > 1 { "up to " } else { "" },
        counted(stats.lanes, "lane")
    ));
    let mut gates = Vec::new();
    if let Some(and) = stats.and.filter(|&n| n > 0) {
        gates.push(format!(
            "{} AND, depth {}",
            thousands(and),
            stats.and_depth.map_or_else(|| "?".into(), thousands)
        ));
    }
    if let Some(mul) = stats.mul.filter(|&n| n > 0) {
        gates.push(counted(mul, "product"));
    }
    if !gates.is_empty() {
        lines.push(gates.join(", "));
    }
    if section.domain != Domain::Public || stats.bytes.is_none_or(|b| b > 0) {
        let known = |n: Option<u64>, what: &str| {
            n.map_or_else(|| format!("? {what}s"), |n| counted(n, what))
        };
        lines.push(format!(
            "{}, {}",
            known(stats.rounds, "round"),
            known(stats.bytes, "byte")
        ));
    }
    lines
}

/// So many of something.
pub fn counted(n: u64, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {what}{s}", thousands(n))
}

fn typed(scalar: &str, lanes: u64) -> String {
    if lanes == 1 {
        scalar.to_string()
    } else {
        format!("{} × {scalar}", thousands(lanes))
    }
}

fn party(program: &Program, number: u32) -> String {
    match program.party_names.get(number as usize) {
        Some(name) if !name.starts_with("party ") => format!("party {number} ({name})"),
        _ => format!("party {number}"),
    }
}

fn receivers_of(program: &Program, receivers: &[u32]) -> String {
    if receivers.len() == program.n_parties as usize {
        return "all learn".into();
    }
    let names: Vec<String> = receivers.iter().map(|&p| party(program, p)).collect();
    let verb = if names.len() == 1 { "learns" } else { "learn" };
    format!("{} {verb}", shortened(names, 4).join(", "))
}

/// At most so many entries; the last says how many are left out.
fn shortened(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() > most {
        let left = lines.len() - most + 1;
        lines.truncate(most - 1);
        lines.push(format!("… and {left} more"));
    }
    lines
}

/// A number with commas between thousands.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests;
