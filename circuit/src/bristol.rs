//! Bristol Fashion: scalar circuits as text that other tools read and write.
//!
//! The format (Smart and others, "Bristol Fashion MPC circuits") lists gates in topological order over numbered wires:
//! inputs first, outputs last. Gates are `XOR`, `AND`, `INV`, `EQ` (a constant) and `EQW` (a copy); the reader also takes
//! `MAND` (several ANDs on one line), `OR` and `NOT`, and the older format whose header has one line `in1 in2 out`. What is
//! read goes through the [`Builder`], so that equal gates become one and unused ones vanish. A file is foreign input: every
//! line is checked, memory follows what is written and not what a header claims, and an error names line and reason. It
//! never quotes a word of the file: a file that was named by mistake may hold anything.

use crate::template::{Builder, Gate, Lit, Template};
use std::fmt;
use std::fmt::Write as _;

/// The most wires that a circuit may have: memory while reading is a few words per wire.
pub const MAX_WIRES: u64 = 1 << 25;

/// The most input bits that a circuit may have: a header can claim them without writing anything for them.
pub const MAX_INPUT_BITS: u64 = 1 << 22;

/// Why a file was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BristolError {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for BristolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for BristolError {}

/// The circuit in `text`; its operands and results are the file's input and output values.
pub fn read(name: &str, text: &str) -> Result<Template, BristolError> {
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(i, line)| Line {
            number: i + 1,
            line,
        })
        .filter(|l| !l.line.trim().is_empty());
    let end = text.lines().count().max(1);
    let missing = |what: &str| BristolError {
        line: end,
        reason: format!("the file ends where {what} should stand"),
    };

    let first = lines
        .next()
        .ok_or_else(|| missing("the numbers of gates and wires"))?;
    let [n_gates, n_wires] = first.numbers()?[..] else {
        return Err(first.error("expected two numbers: gates and wires"));
    };
    if n_wires > MAX_WIRES {
        return Err(first.error(format!("{n_wires} wires; at most {MAX_WIRES} are read")));
    }
    if n_gates > n_wires {
        return Err(first.error(format!("{n_gates} gates cannot set {n_wires} wires")));
    }
    let second = lines.next().ok_or_else(|| missing("the input widths"))?;
    let mut lines = lines.peekable();
    // The older format has one line of widths, so a gate or nothing follows it.
    let old = lines.peek().is_none_or(|l| l.numbers().is_err());
    let (inputs, outputs) = if old {
        let [x, y, out] = second.numbers()?[..] else {
            return Err(second.error("expected the widths of two inputs and an output"));
        };
        let inputs = if y == 0 { vec![x] } else { vec![x, y] };
        (inputs, vec![out])
    } else {
        let inputs = second.widths("input")?;
        let third = lines.next().ok_or_else(|| missing("the output widths"))?;
        (inputs, third.widths("output")?)
    };
    let total = |widths: &[u64]| widths.iter().fold(0u64, |sum, &w| sum.saturating_add(w));
    let (n_inputs, n_outputs) = (total(&inputs), total(&outputs));
    if n_inputs > n_wires || n_outputs > n_wires {
        return Err(second.error(format!(
            "{n_inputs} input and {n_outputs} output bits do not fit in {n_wires} wires"
        )));
    }
    if n_inputs > MAX_INPUT_BITS {
        return Err(second.error(format!(
            "{n_inputs} input bits; at most {MAX_INPUT_BITS} are read"
        )));
    }
    if n_wires - n_inputs > text.len() as u64 {
        return Err(first.error(format!("a file of this length cannot set {n_wires} wires")));
    }

    let widths: Vec<u32> = inputs.iter().map(|&w| w as u32).collect();
    let mut builder = Builder::new(&widths);
    let mut wires = Wires::new(n_wires as usize);
    for i in 0..widths.len() {
        wires.known.extend(builder.input(i).into_iter().map(Some));
    }
    let mut n_seen = 0;
    for line in lines {
        if n_seen == n_gates {
            return Err(line.error(format!(
                "the header announces {n_gates} gates; here is one more"
            )));
        }
        n_seen += 1;
        gate(&line, &mut builder, &mut wires)?;
    }
    if n_seen < n_gates {
        return Err(BristolError {
            line: end,
            reason: format!("the file ends after {n_seen} of {n_gates} gates"),
        });
    }
    let mut at = n_wires - n_outputs;
    let mut results = Vec::with_capacity(outputs.len());
    for &width in &outputs {
        let bits = (at..at + width).map(|wire| {
            wires.get(wire).ok_or_else(|| BristolError {
                line: end,
                reason: format!("no gate sets output wire {wire}"),
            })
        });
        results.push(bits.collect::<Result<Vec<Lit>, _>>()?);
        at += width;
    }
    Ok(builder.finish(name, results))
}

/// What stands on each wire so far; grows with the wires that are set.
struct Wires {
    known: Vec<Option<Lit>>,
    n_wires: usize,
}

impl Wires {
    fn new(n_wires: usize) -> Self {
        Self {
            known: Vec::new(),
            n_wires,
        }
    }

    fn get(&self, wire: u64) -> Option<Lit> {
        self.known.get(usize::try_from(wire).ok()?).copied()?
    }

    fn read(&self, line: &Line<'_>, wire: u64) -> Result<Lit, BristolError> {
        self.get(wire).ok_or_else(|| {
            line.error(if wire >= self.n_wires as u64 {
                format!("there is no wire {wire}: the header announces {}", self.n_wires)
            } else {
                format!("wire {wire} is read before a line sets it: the gates are cyclic or out of order")
            })
        })
    }

    fn set(&mut self, line: &Line<'_>, wire: u64, lit: Lit) -> Result<(), BristolError> {
        if wire >= self.n_wires as u64 {
            return Err(line.error(format!(
                "there is no wire {wire}: the header announces {}",
                self.n_wires
            )));
        }
        let wire = wire as usize;
        if self.known.len() <= wire {
            self.known.resize(wire + 1, None);
        }
        match self.known.get_mut(wire) {
            Some(slot @ None) => {
                *slot = Some(lit);
                Ok(())
            }
            Some(Some(_)) | None => Err(line.error(format!("wire {wire} is set a second time"))),
        }
    }
}

/// A line that is not blank.
struct Line<'a> {
    number: usize,
    line: &'a str,
}

impl Line<'_> {
    fn error(&self, reason: impl Into<String>) -> BristolError {
        BristolError {
            line: self.number,
            reason: reason.into(),
        }
    }

    fn number(&self, word: &str) -> Result<u64, BristolError> {
        if !word.bytes().all(|c| c.is_ascii_digit()) {
            return Err(self.error("expected a number, found something else"));
        }
        word.parse()
            .map_err(|_| self.error("a number is too large"))
    }

    fn numbers(&self) -> Result<Vec<u64>, BristolError> {
        self.line
            .split_ascii_whitespace()
            .map(|word| self.number(word))
            .collect()
    }

    /// A count and as many widths.
    fn widths(&self, what: &str) -> Result<Vec<u64>, BristolError> {
        let numbers = self.numbers()?;
        match numbers.split_first() {
            Some((&count, widths)) if count == widths.len() as u64 => Ok(widths.to_vec()),
            Some((count, widths)) => Err(self.error(format!(
                "{count} {what} values are announced, {} widths given",
                widths.len()
            ))),
            None => Err(self.error(format!("expected the {what} widths"))),
        }
    }
}

fn gate(line: &Line<'_>, b: &mut Builder, wires: &mut Wires) -> Result<(), BristolError> {
    let mut words: Vec<&str> = line.line.split_ascii_whitespace().collect();
    let name = words.pop().unwrap_or_default();
    if name.bytes().all(|c| c.is_ascii_digit()) {
        return Err(line.error("expected a gate, found only numbers"));
    }
    let numbers: Vec<u64> = words
        .iter()
        .map(|word| line.number(word))
        .collect::<Result<_, _>>()?;
    let (n_in, n_out, rest) = match numbers[..] {
        [n_in, n_out, ref rest @ ..] => (n_in, n_out, rest),
        _ => return Err(line.error("expected a gate: counts, wires and a name")),
    };
    if n_in.checked_add(n_out) != Some(rest.len() as u64) {
        return Err(line.error(format!(
            "{n_in} inputs and {n_out} outputs are announced, {} wires given",
            rest.len()
        )));
    }
    let arity = match name {
        "XOR" | "AND" | "OR" => (2, 1),
        "INV" | "NOT" | "EQ" | "EQW" => (1, 1),
        "MAND" => (2 * n_out, n_out),
        _ => return Err(line.error("there is no gate of this name")),
    };
    if (n_in, n_out) != arity {
        return Err(line.error(format!(
            "`{name}` has {} inputs and {} outputs, not {n_in} and {n_out}",
            arity.0, arity.1
        )));
    }
    let (ins, outs) = rest.split_at(n_in as usize);
    let (left, right) = ins.split_at(ins.len().div_ceil(2));
    for (i, (&x, &out)) in left.iter().zip(outs).enumerate() {
        let lit = if name == "EQ" {
            match x {
                0 => Lit::FALSE,
                1 => Lit::TRUE,
                _ => return Err(line.error(format!("`EQ` takes the constant 0 or 1, not {x}"))),
            }
        } else {
            let x = wires.read(line, x)?;
            match (name, right.get(i)) {
                ("XOR", Some(&y)) => {
                    let y = wires.read(line, y)?;
                    b.xor(x, y)
                }
                ("OR", Some(&y)) => {
                    let y = wires.read(line, y)?;
                    b.or(x, y)
                }
                (_, Some(&y)) => {
                    let y = wires.read(line, y)?;
                    b.and(x, y)
                }
                ("INV" | "NOT", None) => !x,
                (_, None) => x,
            }
        };
        wires.set(line, out, lit)?;
    }
    Ok(())
}

/// `template` in Bristol Fashion: one input value per operand, one output value per result.
pub fn write(template: &Template) -> String {
    Writer::new(template).write()
}

struct Writer<'a> {
    template: &'a Template,
    /// The number, and whether it carries the complement, of each wire of the template.
    wire: Vec<(u32, bool)>,
    /// The number of each wire's complement once it was needed.
    inverse: Vec<Option<u32>>,
    /// The output position that a gate's wire is numbered for.
    output: Vec<Option<u32>>,
    n_inputs: u32,
    next: u32,
    gates: Vec<Out>,
}

/// A gate; wires at or above [`OUTPUT`] are output positions, numbered when their place is known.
enum Out {
    Xor(u32, u32, u32),
    And(u32, u32, u32),
    Inv(u32, u32),
    Eq(bool, u32),
    Copy(u32, u32),
}

const OUTPUT: u32 = 1 << 31;

impl<'a> Writer<'a> {
    fn new(template: &'a Template) -> Self {
        let n_inputs = template.n_input_bits();
        let n_wires = template.n_wires();
        let mut wire = vec![(0, false); n_wires];
        for i in 0..n_inputs {
            wire[1 + i as usize] = (i, false);
        }
        let mut output = vec![None; n_wires];
        for (i, lit) in template.outputs.iter().flatten().enumerate() {
            let slot = &mut output[lit.wire() as usize];
            if lit.wire() >= template.first_gate_wire() && slot.is_none() {
                *slot = Some(i as u32);
            }
        }
        Self {
            template,
            wire,
            inverse: vec![None; n_wires],
            output,
            n_inputs,
            next: n_inputs,
            gates: Vec::new(),
        }
    }

    fn write(mut self) -> String {
        let outputs: Vec<Lit> = self.template.outputs.iter().flatten().copied().collect();
        for (g, gate) in self.template.gates.iter().enumerate() {
            let wire = self.template.first_gate_wire() as usize + g;
            // A gate whose plain value is an output sets that output's wire itself.
            let place = self.output[wire].map(|i| (i, outputs[i as usize].is_complemented()));
            match *gate {
                Gate::Xor(a, b) => {
                    // Complements pass through to the result.
                    let ((x, cx), (y, cy)) =
                        (self.wire[a.wire() as usize], self.wire[b.wire() as usize]);
                    let complement = cx ^ cy ^ a.is_complemented() ^ b.is_complemented();
                    let out = match place {
                        Some((i, wanted)) if wanted == complement => OUTPUT | i,
                        Some(_) | None => self.fresh(),
                    };
                    self.gates.push(Out::Xor(x, y, out));
                    self.wire[wire] = (out, complement);
                }
                Gate::And(a, b) => {
                    let (x, y) = (self.plain(a), self.plain(b));
                    let out = match place {
                        Some((i, false)) => OUTPUT | i,
                        Some(_) | None => self.fresh(),
                    };
                    self.gates.push(Out::And(x, y, out));
                    self.wire[wire] = (out, false);
                }
            }
        }
        for (i, &lit) in outputs.iter().enumerate() {
            let out = OUTPUT | i as u32;
            let (number, complement) = self.wire[lit.wire() as usize];
            if let Some(value) = lit.as_const() {
                self.gates.push(Out::Eq(value, out));
            } else if number != out {
                self.gates.push(if lit.is_complemented() != complement {
                    Out::Inv(number, out)
                } else {
                    Out::Copy(number, out)
                });
            }
        }
        self.text(outputs.len())
    }

    fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    /// A wire that carries `lit` itself.
    fn plain(&mut self, lit: Lit) -> u32 {
        let at = lit.wire() as usize;
        if lit.wire() == 0 {
            let out = self.fresh();
            self.gates.push(Out::Eq(lit.is_complemented(), out));
            return out;
        }
        let (number, complement) = self.wire[at];
        if complement == lit.is_complemented() {
            return number;
        }
        if let Some(known) = self.inverse[at] {
            return known;
        }
        let out = self.fresh();
        self.gates.push(Out::Inv(number, out));
        self.inverse[at] = Some(out);
        out
    }

    fn text(&self, n_outputs: usize) -> String {
        let place = |wire: u32| {
            if wire & OUTPUT != 0 {
                self.next + (wire & !OUTPUT)
            } else {
                wire
            }
        };
        let mut text = String::new();
        let n_wires = self.next as usize + n_outputs;
        // Writing to a string does not fail.
        let _ = writeln!(text, "{} {n_wires}", self.gates.len());
        let list = |text: &mut String, widths: Vec<usize>| {
            let _ = write!(text, "{}", widths.len());
            for width in widths {
                let _ = write!(text, " {width}");
            }
            text.push('\n');
        };
        debug_assert_eq!(self.n_inputs, self.template.n_input_bits());
        list(
            &mut text,
            self.template.inputs.iter().map(|&w| w as usize).collect(),
        );
        list(
            &mut text,
            self.template.outputs.iter().map(Vec::len).collect(),
        );
        text.push('\n');
        for gate in &self.gates {
            let _ = match *gate {
                Out::Xor(x, y, out) => {
                    writeln!(text, "2 1 {} {} {} XOR", place(x), place(y), place(out))
                }
                Out::And(x, y, out) => {
                    writeln!(text, "2 1 {} {} {} AND", place(x), place(y), place(out))
                }
                Out::Inv(x, out) => writeln!(text, "1 1 {} {} INV", place(x), place(out)),
                Out::Eq(value, out) => writeln!(text, "1 1 {} {} EQ", u8::from(value), place(out)),
                Out::Copy(x, out) => writeln!(text, "1 1 {} {} EQW", place(x), place(out)),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests;
