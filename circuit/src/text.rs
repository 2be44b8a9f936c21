//! The readable form of a program, for `dump --stage program` and `build --emit text`.
//!
//! One line per value, with its domain, type and lanes before the operation and its place in the source behind it; regions are
//! indented under the operation that runs them; circuits follow at the end. For people and for comparing plans: every
//! field of a program shows in it, so that different programs have different texts.

use crate::program::{Domain, Node, Op, Program, Region, ShapeNode, ValueInfo};
use crate::template::{Gate, Lit, Template};
use crate::value::{ConstVec, Integer, Word};
use std::fmt::{self, Write};

/// The text of a program; any value of the type has one.
pub fn print(program: &Program) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_program(&mut out, program);
    out
}

fn write_program(out: &mut String, p: &Program) -> fmt::Result {
    writeln!(
        out,
        "program {:?}: {}, {}, {} parties, threshold {}",
        p.name,
        p.suite.name(),
        p.threat.name(),
        p.n_parties,
        p.threshold
    )?;
    for (i, name) in p.party_names.iter().enumerate() {
        writeln!(out, "party {i} {name:?}")?;
    }
    if let Some(present) = &p.present {
        writeln!(out, "present {:?} of {}", present.numbers, present.of)?;
    }
    for (i, file) in p.files.iter().enumerate() {
        writeln!(out, "file {i} {file:?}")?;
    }
    for (i, leaf) in p.inputs.iter().enumerate() {
        let kind = match (leaf.public, leaf.drawn) {
            (true, _) => "public",
            (false, true) => "drawn",
            (false, false) => "secret",
        };
        write!(
            out,
            "in{i}: {kind} {}×{} from party {} {:?}",
            leaf.scalar, leaf.lanes, leaf.party, leaf.path
        )?;
        range(out, leaf.range)?;
        writeln!(out)?;
    }
    for param in &p.params {
        write!(out, "param {:?} of party {}: ", param.name, param.party)?;
        shape(out, &param.shape.0)?;
        writeln!(out, " = {}", list(&param.leaves))?;
    }
    for (i, leaf) in p.outputs.iter().enumerate() {
        writeln!(
            out,
            "out{i}: {}×{} to {:?} {:?}",
            leaf.scalar, leaf.lanes, leaf.receivers, leaf.path
        )?;
    }
    for result in &p.results {
        write!(out, "result of party {}: ", result.party)?;
        shape(out, &result.shape.0)?;
        writeln!(out, " = {}", list(&result.leaves))?;
    }
    for (i, s) in p.sections.iter().enumerate() {
        writeln!(
            out,
            "s{i}: {}{} {} ({})",
            s.domain.letter(),
            owner(s.domain),
            s.place(&p.files).as_deref().unwrap_or("no line"),
            s.why
        )?;
    }
    if let Some(body) = p.regions.first() {
        // Regions that are nested stand where they are run; a budget keeps the text of a malformed program finite.
        let mut left = p.regions.len();
        write_region(out, p, body, 0, &mut left)?;
    }
    for (i, template) in p.templates.iter().enumerate() {
        write_template(out, i, template)?;
    }
    Ok(())
}

fn write_region(
    out: &mut String,
    p: &Program,
    region: &Region,
    depth: usize,
    left: &mut usize,
) -> fmt::Result {
    let pad = "  ".repeat(depth);
    if depth > 0 {
        let params: Vec<_> = region.params.iter().map(|&v| typed(p, v)).collect();
        writeln!(out, "{pad}({}) {{", params.join(", "))?;
    } else {
        writeln!(out, "{{")?;
    }
    for node in &region.nodes {
        write_node(out, p, node, depth + 1, left)?;
    }
    if depth > 0 {
        writeln!(out, "{pad}}} = ({})", list(&region.results))
    } else {
        writeln!(out, "}}")
    }
}

fn write_node(
    out: &mut String,
    p: &Program,
    node: &Node,
    depth: usize,
    left: &mut usize,
) -> fmt::Result {
    let pad = "  ".repeat(depth);
    let results: Vec<_> = node.results.iter().map(|&v| typed(p, v)).collect();
    write!(out, "{pad}")?;
    if !results.is_empty() {
        write!(out, "{} = ", results.join(", "))?;
    }
    write!(out, "{}", node.op.name())?;
    match &node.op {
        Op::Const(words) => constant(out, words)?,
        Op::Reduce { op, segments } | Op::Scan { op, segments } => {
            write!(out, " {} segments={segments}", op.name())?;
        }
        Op::Read { block, groups } | Op::Write { block, groups } => {
            write!(out, " block={block} groups={groups}")?;
        }
        Op::Input(id) => write!(out, " {id}")?,
        Op::Output(id) => write!(out, " {id}")?,
        Op::Call(id) => write!(out, " {id}")?,
        Op::Gather { block } | Op::Scatter { block } => write!(out, " block={block}")?,
        Op::Linear {
            coefficients,
            constant,
        } => {
            let c: Vec<_> = coefficients.iter().map(ToString::to_string).collect();
            write!(out, " [{}]+{constant}", c.join(", "))?;
        }
        Op::SumLanes { segments } | Op::Dot { segments } => write!(out, " segments={segments}")?,
        Op::Assert(message) => write!(out, " {message:?}")?,
        Op::Loop { count, .. } => match count {
            Some(n) => write!(out, " {n}")?,
            None => write!(out, " while counted")?,
        },
        _ => {}
    }
    if !node.args.is_empty() {
        write!(out, " {}", list(&node.args))?;
    }
    writeln!(
        out,
        "    # {} {}:{}:{}",
        node.section, node.loc.file, node.loc.line, node.loc.col
    )?;
    for index in node.op.regions() {
        let (Some(region), Some(rest)) = (p.regions.get(index as usize), left.checked_sub(1))
        else {
            writeln!(out, "{pad}region {index} again")?;
            continue;
        };
        *left = rest;
        write_region(out, p, region, depth, left)?;
    }
    Ok(())
}

fn typed(p: &Program, v: crate::ids::ValueId) -> String {
    match p.values.get(v.index()) {
        Some(ValueInfo {
            domain,
            scalar,
            lanes,
        }) => {
            let ring = match domain {
                Domain::Arithmetic { ring } => ring.to_string(),
                Domain::Public | Domain::Boolean | Domain::Yao | Domain::Local { .. } => {
                    owner(*domain)
                }
            };
            format!("{v}: {}{ring} {scalar}×{lanes}", domain.letter())
        }
        None => v.to_string(),
    }
}

/// The number of the party that alone knows a value.
fn owner(domain: Domain) -> String {
    match domain {
        Domain::Local { owner } => owner.to_string(),
        Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Yao => String::new(),
    }
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

fn constant(out: &mut String, words: &ConstVec) -> fmt::Result {
    match words {
        ConstVec::Splat { lanes, word } => write!(out, " {word}×{lanes}"),
        ConstVec::Affine { start, dims } => counting(out, *start, dims),
        ConstVec::Pieces(pieces) => {
            for (i, piece) in pieces.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { " |" });
                counting(out, piece.start, &piece.dims)?;
            }
            Ok(())
        }
        ConstVec::Table(words) => write!(out, " [{}]", list(words)),
    }
}

fn counting(out: &mut String, start: Word, dims: &[(u64, Word)]) -> fmt::Result {
    write!(out, " {start}")?;
    for (count, step) in dims {
        write!(out, " + {count}·{}", *step as i128)?;
    }
    Ok(())
}

fn range(out: &mut String, range: Option<(Integer, Integer)>) -> fmt::Result {
    match range {
        Some((lo, hi)) => write!(out, " in {lo}..={hi}"),
        None => Ok(()),
    }
}

fn shape(out: &mut String, nodes: &[ShapeNode]) -> fmt::Result {
    for (i, node) in nodes.iter().enumerate() {
        if i > 0 {
            write!(out, " ")?;
        }
        match node {
            ShapeNode::Scalar {
                scalar,
                form,
                range: r,
            } => {
                write!(out, "{}", form.name(*scalar))?;
                range(out, *r)?;
            }
            ShapeNode::Array(Some(n)) => write!(out, "array {n}")?,
            ShapeNode::Array(None) => write!(out, "array _")?,
            ShapeNode::Tuple(n) => write!(out, "tuple {n}")?,
            ShapeNode::Struct { name, fields } => write!(out, "struct {name:?} {fields:?}")?,
            ShapeNode::Enum {
                name,
                optional,
                slots,
                variants,
            } => {
                let word = if *optional { "option" } else { "enum" };
                write!(out, "{word} {name:?} of {slots}")?;
                for v in variants {
                    let form = if v.tuple { "tuple" } else { "named" };
                    write!(out, " variant {:?} {form} {:?}", v.name, v.fields)?;
                }
            }
            ShapeNode::Shared {
                scalar,
                form,
                range: r,
                leaf,
            } => {
                write!(out, "shared {leaf} {}", form.name(*scalar))?;
                range(out, *r)?;
            }
        }
    }
    Ok(())
}

fn write_template(out: &mut String, i: usize, t: &Template) -> fmt::Result {
    writeln!(
        out,
        "t{i} {:?}: {:?} {{ # {} AND, {} XOR",
        t.name,
        t.inputs,
        t.n_and(),
        t.n_xor()
    )?;
    let first = 1 + t.inputs.iter().map(|&w| u64::from(w)).sum::<u64>();
    for (line, gates) in t.gates.chunks(8).enumerate() {
        write!(out, " ")?;
        for (g, gate) in gates.iter().enumerate() {
            let wire = first + (line * 8 + g) as u64;
            let (sign, a, b) = match *gate {
                Gate::Xor(a, b) => ('^', a, b),
                Gate::And(a, b) => ('&', a, b),
            };
            write!(out, " {wire}={}{sign}{}", lit(a), lit(b))?;
        }
        writeln!(out)?;
    }
    for output in &t.outputs {
        let bits: Vec<_> = output.iter().map(|&l| lit(l)).collect();
        writeln!(out, "  → {}", bits.join(" "))?;
    }
    writeln!(out, "}}")
}

fn lit(l: Lit) -> String {
    let not = if l.is_complemented() { "!" } else { "" };
    format!("{not}{}", l.wire())
}
