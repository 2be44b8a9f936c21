//! The text form of an [`Ir`], as `smpcc dump --stage ir` shows it; [`super::parse`] reads it back to an equal value.
//!
//! ```text
//! parties 3 "party 0" "party 1" "party 2"
//! param "salary" of 0 [u32] in0
//! input in0 of 0 "salary" u32 x1 secret
//! result of 0 [u32] out0
//! output out0 to 0 1 2 "" u32 x1
//! v0: secret u32 x1 = input in0 @0:9..15
//! v1, v2: secret u32 x4, u64 x1 = loop 10 v0, v3 @0:20..80 {
//!   (v4: u64 x1, v5: secret u32 x4)
//!   v6: u64 x1 = const 1 x1 @0:30..31
//!   yield v5
//! }
//! ```
//!
//! Values keep their numbers; `in lo..=hi` after a type is a known range, `#boolean` a domain that the user asked for, and
//! `unused v7: u8 x1` an entry of the value table that nothing defines. Constants are `word xLANES` (the same in every lane),
//! `start + [count*step, …]` (affine), or `[word, …]`, all unsigned. Imported circuits stand before the body, each with its
//! operands and results, its gates (`& 4 7`, `^ 4 7`: twice a wire, and one more for its complement) and, after `=`, the
//! bits of each element of its results.

use super::{Ir, Node, Op, Reducer, Region};
use crate::hir::Protocol;
use crate::imported::{Circuit, Port};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Shape, ShapeNode};
use smpcc_circuit::template::Gate;
use smpcc_circuit::value::{ConstVec, Form, Word};
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// The text form, ending in a newline.
pub fn print(ir: &Ir) -> String {
    let mut out = String::new();
    write_ir(&mut out, ir).expect("writing to a string does not fail");
    out
}

impl fmt::Display for Ir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(self))
    }
}

fn write_ir(out: &mut String, ir: &Ir) -> fmt::Result {
    write!(out, "parties {}", ir.n_parties)?;
    for name in &ir.party_names {
        write!(out, " {name:?}")?;
    }
    out.push('\n');
    for param in &ir.params {
        write!(out, "param {:?} of {} ", param.name, param.party)?;
        shape(out, &param.shape)?;
        for leaf in &param.leaves {
            write!(out, " {leaf}")?;
        }
        out.push('\n');
    }
    for (id, leaf) in ir.inputs.iter().enumerate() {
        write!(out, "input in{id} of {} {:?} ", leaf.party, leaf.path)?;
        write!(out, "{} x{}", leaf.scalar, leaf.lanes)?;
        out.push_str(match (leaf.public, leaf.drawn) {
            (true, _) => " public",
            (false, true) => " drawn",
            (false, false) => " secret",
        });
        range(out, leaf.range)?;
        out.push('\n');
    }
    for result in &ir.results {
        write!(out, "result of {} ", result.party)?;
        shape(out, &result.shape)?;
        for leaf in &result.leaves {
            write!(out, " {leaf}")?;
        }
        out.push('\n');
    }
    for (id, leaf) in ir.outputs.iter().enumerate() {
        write!(out, "output out{id} to")?;
        for party in &leaf.receivers {
            write!(out, " {party}")?;
        }
        writeln!(out, " {:?} {} x{}", leaf.path, leaf.scalar, leaf.lanes)?;
    }
    let circuits = circuits(ir);
    for (id, circuit) in circuits.iter().enumerate() {
        self::circuit(out, id, circuit)?;
    }
    let mut defined = vec![false; ir.values.len()];
    region(out, ir, &circuits, &ir.body, 0, &mut defined)?;
    for (index, defined) in defined.into_iter().enumerate() {
        if !defined {
            out.push_str("unused ");
            value(out, ir, ValueId::new(index))?;
            out.push('\n');
        }
    }
    Ok(())
}

/// The circuits that a program calls, in the order of their first calls.
fn circuits(ir: &Ir) -> Vec<&Arc<Circuit>> {
    fn walk<'i>(region: &'i Region, out: &mut Vec<&'i Arc<Circuit>>) {
        for node in &region.nodes {
            if let Op::Circuit { circuit, .. } = &node.op
                && !out.contains(&circuit)
            {
                out.push(circuit);
            }
            for inner in &node.regions {
                walk(inner, out);
            }
        }
    }
    let mut out = Vec::new();
    walk(&ir.body, &mut out);
    out
}

fn circuit(out: &mut String, id: usize, circuit: &Circuit) -> fmt::Result {
    let ports = |ports: &[Port]| {
        let text: Vec<String> = ports
            .iter()
            .map(|p| format!("{} x{}", p.scalar, p.block))
            .collect();
        text.join(", ")
    };
    let (operands, results) = (ports(&circuit.operands), ports(&circuit.results));
    writeln!(
        out,
        "circuit c{id} {:?} ({operands}) ({results})",
        circuit.name
    )?;
    for gates in circuit.template().gates.chunks(16) {
        out.push(' ');
        for gate in gates {
            let (sign, a, b) = match *gate {
                Gate::Xor(a, b) => ('^', a, b),
                Gate::And(a, b) => ('&', a, b),
            };
            write!(out, " {sign} {} {}", a.0, b.0)?;
        }
        out.push('\n');
    }
    for result in &circuit.template().outputs {
        out.push_str("  =");
        for lit in result {
            write!(out, " {}", lit.0)?;
        }
        out.push('\n');
    }
    Ok(())
}

fn region(
    out: &mut String,
    ir: &Ir,
    circuits: &[&Arc<Circuit>],
    region: &Region,
    depth: usize,
    defined: &mut [bool],
) -> fmt::Result {
    for id in region
        .params
        .iter()
        .chain(region.nodes.iter().flat_map(|n| &n.results))
    {
        if let Some(slot) = defined.get_mut(id.index()) {
            *slot = true;
        }
    }
    let indent = "  ".repeat(depth);
    if !region.params.is_empty() {
        write!(out, "{indent}(")?;
        for (i, &param) in region.params.iter().enumerate() {
            out.push_str(if i == 0 { "" } else { ", " });
            value(out, ir, param)?;
        }
        out.push_str(")\n");
    }
    for node in &region.nodes {
        out.push_str(&indent);
        node_line(out, ir, circuits, node)?;
        for (i, inner) in node.regions.iter().enumerate() {
            if i == 0 {
                out.push_str(" {\n");
            } else {
                writeln!(out, "{indent}}} {{")?;
            }
            self::region(out, ir, circuits, inner, depth + 1, defined)?;
        }
        if !node.regions.is_empty() {
            write!(out, "{indent}}}")?;
        }
        out.push('\n');
    }
    if depth > 0 || !region.results.is_empty() {
        write!(out, "{indent}yield")?;
        list(out, &region.results)?;
        out.push('\n');
    }
    Ok(())
}

fn node_line(out: &mut String, ir: &Ir, circuits: &[&Arc<Circuit>], node: &Node) -> fmt::Result {
    for (i, &result) in node.results.iter().enumerate() {
        out.push_str(if i == 0 { "" } else { ", " });
        value(out, ir, result)?;
    }
    if !node.results.is_empty() {
        out.push_str(" = ");
    }
    out.push_str(node.op.name());
    match &node.op {
        Op::Const(words) => constant(out, words)?,
        Op::Input(id) => write!(out, " {id}")?,
        Op::Output(id) => write!(out, " {id}")?,
        Op::Gather { block } | Op::Scatter { block } => {
            if *block != 1 {
                write!(out, " block={block}")?;
            }
        }
        Op::ReadSecret { block, groups } | Op::WriteSecret { block, groups } => {
            write!(out, " block={block} groups={groups}")?;
        }
        Op::Reduce { reducer, segments } | Op::Scan { reducer, segments } => {
            match reducer {
                Reducer::Word(op) => write!(out, " {}", op.name())?,
                Reducer::Region => out.push_str(" region"),
            }
            write!(out, " segments={segments}")?;
        }
        Op::Dot { segments } => write!(out, " segments={segments}")?,
        Op::Sort {
            keys,
            segments,
            drawn,
        } => {
            let drawn = if *drawn { " drawn" } else { "" };
            write!(out, " keys={keys} segments={segments}{drawn}")?;
        }
        Op::Circuit { circuit, calls } => {
            let id = circuits.iter().position(|known| *known == circuit);
            write!(out, " c{} calls={calls}", id.unwrap_or(circuits.len()))?;
        }
        Op::Assert(Some(message)) => write!(out, " {message:?}")?,
        Op::Reveal(form) => out.push_str(&written_as(*form)),
        Op::Loop { count: Some(count) } => write!(out, " {count}")?,
        Op::Loop { count: None } => out.push_str(" run_time"),
        Op::Word(_) | Op::MakeSecret | Op::Concat | Op::Assert(None) | Op::While | Op::If => {}
    }
    list(out, &node.args)?;
    let span = node.span;
    write!(out, " @{}:{}..{}", span.file.0, span.start, span.end)?;
    match node.protocol {
        None => {}
        Some(Protocol::Arithmetic) => out.push_str(" #arithmetic"),
        Some(Protocol::Boolean) => out.push_str(" #boolean"),
        Some(Protocol::Yao) => out.push_str(" #yao"),
    }
    Ok(())
}

fn list(out: &mut String, ids: &[ValueId]) -> fmt::Result {
    for (i, id) in ids.iter().enumerate() {
        out.push_str(if i == 0 { " " } else { ", " });
        write!(out, "{id}")?;
    }
    Ok(())
}

fn value(out: &mut String, ir: &Ir, id: ValueId) -> fmt::Result {
    let Some(value) = ir.values.get(id.index()) else {
        return write!(out, "{id}: missing");
    };
    write!(out, "{id}: ")?;
    if value.ty.secret {
        out.push_str("secret ");
    }
    write!(out, "{} x{}", value.ty.scalar, value.ty.lanes)?;
    range(out, value.range.map(|range| (range.lo, range.hi)))
}

fn range<T: fmt::Display>(out: &mut String, range: Option<(T, T)>) -> fmt::Result {
    match range {
        Some((lo, hi)) => write!(out, " in {lo}..={hi}"),
        None => Ok(()),
    }
}

fn constant(out: &mut String, words: &ConstVec) -> fmt::Result {
    let sep = |i: usize| if i == 0 { "" } else { ", " };
    match words {
        ConstVec::Splat { lanes, word } => write!(out, " {word} x{lanes}"),
        ConstVec::Affine { start, dims } => counting(out, *start, dims),
        ConstVec::Pieces(pieces) => {
            out.push_str(" pieces");
            pieces
                .iter()
                .try_for_each(|piece| counting(out, piece.start, &piece.dims))
        }
        ConstVec::Table(words) => {
            out.push_str(" [");
            for (i, word) in words.iter().enumerate() {
                write!(out, "{}{word}", sep(i))?;
            }
            out.write_char(']')
        }
    }
}

fn counting(out: &mut String, start: Word, dims: &[(u64, Word)]) -> fmt::Result {
    write!(out, " {start} + [")?;
    for (i, (count, step)) in dims.iter().enumerate() {
        let sep = if i == 0 { "" } else { ", " };
        write!(out, "{sep}{count}*{step}")?;
    }
    out.write_char(']')
}

fn written_as(form: Form) -> String {
    match form {
        Form::Plain => String::new(),
        Form::Date => " date".into(),
        Form::Datetime => " datetime".into(),
        Form::Text => " text".into(),
        Form::Fixed(frac) => format!(" point {frac}"),
        Form::Float => " float".into(),
    }
}

fn shape(out: &mut String, shape: &Shape) -> fmt::Result {
    out.write_char('[')?;
    for (i, node) in shape.0.iter().enumerate() {
        out.push_str(if i == 0 { "" } else { " " });
        match node {
            ShapeNode::Scalar {
                scalar,
                form,
                range: r,
            } => {
                write!(out, "{scalar}{}", written_as(*form))?;
                range(out, *r)?;
            }
            ShapeNode::Array(Some(n)) => write!(out, "array {n}")?,
            ShapeNode::Array(None) => out.push_str("array _"),
            ShapeNode::Tuple(n) => write!(out, "tuple {n}")?,
            ShapeNode::Struct { name, fields } => {
                write!(out, "struct {name:?}")?;
                for field in fields {
                    write!(out, " {field:?}")?;
                }
            }
            ShapeNode::Enum {
                name,
                optional,
                slots,
                variants,
            } => {
                let word = if *optional { "option" } else { "enum" };
                write!(out, "{word} {name:?} {slots}")?;
                for variant in variants {
                    let form = if variant.tuple { "numbered" } else { "named" };
                    write!(out, " {form} {:?}", variant.name)?;
                    for field in &variant.fields {
                        write!(out, " {field:?}")?;
                    }
                }
            }
            ShapeNode::Shared {
                scalar,
                form,
                range: r,
                leaf,
            } => {
                write!(out, "shared {leaf} {scalar}{}", written_as(*form))?;
                range(out, *r)?;
            }
        }
    }
    out.write_char(']')
}
