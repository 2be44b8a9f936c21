//! Reads the text form of an [`Ir`] that [`super::print`] writes: tests and bug reports can hold a program as text.
//!
//! A token at a time by recursive descent; the value table is filled where values are defined. What it reads has
//! the right form, not necessarily the right types: run the verifier on the result.

mod tokens;

use super::{Ir, Node, Op, Reducer, Region, Ty, Value};
use crate::hir::{Protocol, Range};
use crate::imported::{Circuit, MAX_ELEMENTS, Port};
use crate::span::{FileId, Span};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{InputId, OutputId, ValueId};
use smpcc_circuit::program::{
    InputLeaf, OutputLeaf, ParamShape, ResultShape, Shape, ShapeNode, ShapeVariant,
};
use smpcc_circuit::template::{Gate, Lit, Template};
use smpcc_circuit::value::{ConstVec, Form, Piece, Scalar, Word};
use std::sync::Arc;
use tokens::{Token, tokens};

/// Reads a whole program; an error names the line.
pub fn parse(text: &str) -> Result<Ir, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        values: Vec::new(),
        circuits: Vec::new(),
        depth: 0,
    };
    let line = |parser: &Parser<'_>| {
        let at = parser.at.min(parser.tokens.len().saturating_sub(1));
        parser.tokens.get(at).map_or(1, |token| token.0)
    };
    match parser.program() {
        Ok(ir) => Ok(ir),
        Err(why) => Err(format!("line {}: {why}", line(&parser))),
    }
}

/// Limits of what a text may ask for: regions inside regions, and the highest value number.
const MAX_DEPTH: u32 = 256;
const MAX_VALUE: usize = 1 << 26;

struct Parser<'t> {
    tokens: Vec<(u32, Token<'t>)>,
    at: usize,
    values: Vec<Option<Value>>,
    circuits: Vec<Arc<Circuit>>,
    depth: u32,
}

type Parsed<T> = Result<T, String>;

impl<'t> Parser<'t> {
    fn program(&mut self) -> Parsed<Ir> {
        self.word_is("parties")?;
        let n_parties = self.number()?;
        let party_names = self.texts();
        let mut ir = Ir {
            n_parties,
            party_names,
            present: None,
            params: Vec::new(),
            inputs: Vec::new(),
            results: Vec::new(),
            outputs: Vec::new(),
            values: Vec::new(),
            body: Region::default(),
        };
        loop {
            if self.eat_word("param") {
                let name = self.text()?;
                self.word_is("of")?;
                ir.params.push(ParamShape {
                    name,
                    party: self.number()?,
                    shape: self.shape()?,
                    leaves: self.ids("in", InputId)?,
                });
            } else if self.eat_word("circuit") {
                let circuit = self.circuit()?;
                self.circuits.push(Arc::new(circuit));
            } else if self.peek_word() == Some("input") {
                self.at += 1;
                self.id("in")?;
                self.word_is("of")?;
                let party = self.number()?;
                let path = self.text()?;
                let (scalar, lanes) = self.vector()?;
                let public = self.eat_word("public");
                let drawn = !public && self.eat_word("drawn");
                if !public && !drawn {
                    self.word_is("secret")?;
                }
                ir.inputs.push(InputLeaf {
                    party,
                    path,
                    scalar,
                    lanes,
                    public,
                    drawn,
                    range: self.range()?,
                });
            } else if self.eat_word("result") {
                self.word_is("of")?;
                ir.results.push(ResultShape {
                    party: self.number()?,
                    shape: self.shape()?,
                    leaves: self.ids("out", OutputId)?,
                });
            } else if self.peek_word() == Some("output") && self.peek_word_at(2) == Some("to") {
                self.at += 1;
                self.id("out")?;
                self.word_is("to")?;
                let mut receivers = Vec::new();
                while self.peek_word().is_some() {
                    receivers.push(self.number()?);
                }
                let path = self.text()?;
                let (scalar, lanes) = self.vector()?;
                ir.outputs.push(OutputLeaf {
                    receivers,
                    path,
                    scalar,
                    lanes,
                });
            } else {
                break;
            }
        }
        ir.body = self.region()?;
        while self.eat_word("unused") {
            self.definition()?;
        }
        if self.at < self.tokens.len() {
            return Err(format!("unexpected {:?}", self.tokens[self.at].1));
        }
        for (index, value) in std::mem::take(&mut self.values).into_iter().enumerate() {
            ir.values
                .push(value.ok_or_else(|| format!("v{index} is not described"))?);
        }
        Ok(ir)
    }

    fn region(&mut self) -> Parsed<Region> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("regions are nested too deeply".into());
        }
        let mut region = Region::default();
        if self.eat("(") {
            while !self.eat(")") {
                region.params.push(self.definition()?);
                self.eat(",");
            }
        }
        loop {
            match self.peek_word() {
                None | Some("unused") => break,
                Some("yield") => {
                    self.at += 1;
                    region.results = self.operands()?;
                    break;
                }
                Some(_) => {
                    let node = self.node()?;
                    region.nodes.push(node);
                }
            }
        }
        self.depth -= 1;
        Ok(region)
    }

    fn node(&mut self) -> Parsed<Node> {
        let mut results = Vec::new();
        if self.sign_at(1) == Some(":") {
            loop {
                results.push(self.definition()?);
                if !self.eat(",") {
                    break;
                }
            }
            self.sign("=")?;
        }
        let op = self.op()?;
        let args = self.operands()?;
        self.sign("@")?;
        let file = FileId(self.number()?);
        self.sign(":")?;
        let start = self.number()?;
        self.sign("..")?;
        let end = self.number()?;
        let protocol = if self.eat("#") {
            Some(match self.any_word()? {
                "arithmetic" => Protocol::Arithmetic,
                "boolean" => Protocol::Boolean,
                "yao" => Protocol::Yao,
                other => return Err(format!("no domain is called {other}")),
            })
        } else {
            None
        };
        let mut regions = Vec::new();
        while self.eat("{") {
            regions.push(self.region()?);
            self.sign("}")?;
        }
        Ok(Node {
            op,
            args,
            results,
            regions,
            span: Span { file, start, end },
            protocol,
        })
    }

    fn op(&mut self) -> Parsed<Op> {
        let name = self.any_word()?;
        Ok(match name {
            "const" => Op::Const(self.constant()?),
            "input" => Op::Input(InputId(self.id("in")?)),
            "output" => Op::Output(OutputId(self.id("out")?)),
            "make_secret" => Op::MakeSecret,
            "gather" | "scatter" => {
                let block = if self.peek_word() == Some("block") {
                    self.setting("block")?
                } else {
                    1
                };
                if name == "gather" {
                    Op::Gather { block }
                } else {
                    Op::Scatter { block }
                }
            }
            "concat" => Op::Concat,
            "read_secret" => Op::ReadSecret {
                block: self.setting("block")?,
                groups: self.setting("groups")?,
            },
            "write_secret" => Op::WriteSecret {
                block: self.setting("block")?,
                groups: self.setting("groups")?,
            },
            "reduce" | "scan" => {
                let reducer = match self.any_word()? {
                    "region" => Reducer::Region,
                    word => Reducer::Word(word_op(word)?),
                };
                let segments = self.setting("segments")?;
                if name == "reduce" {
                    Op::Reduce { reducer, segments }
                } else {
                    Op::Scan { reducer, segments }
                }
            }
            "dot" => Op::Dot {
                segments: self.setting("segments")?,
            },
            "sort" => Op::Sort {
                keys: self.setting("keys")?,
                segments: self.setting("segments")?,
                drawn: self.eat_word("drawn"),
            },
            "circuit" => {
                let id = self.id("c")? as usize;
                let known = self.circuits.get(id).cloned();
                Op::Circuit {
                    circuit: known.ok_or_else(|| format!("there is no circuit c{id}"))?,
                    calls: self.setting("calls")?,
                }
            }
            "reveal" => Op::Reveal(self.form()?),
            "assert" => Op::Assert(match self.tokens.get(self.at) {
                Some((_, Token::Text(_))) => Some(self.text()?),
                _ => None,
            }),
            "loop" => Op::Loop {
                count: if self.eat_word("run_time") {
                    None
                } else {
                    Some(self.number()?)
                },
            },
            "while" => Op::While,
            "if" => Op::If,
            word => Op::Word(word_op(word)?),
        })
    }

    /// `"name" (u8 x4, bool x1) (u8 x4)`, gates and results.
    fn circuit(&mut self) -> Parsed<Circuit> {
        let id = self.id("c")? as usize;
        if id != self.circuits.len() {
            return Err(format!("circuit c{id} is out of order"));
        }
        let name = self.text()?;
        let (operands, results) = (self.ports()?, self.ports()?);
        let widths = |ports: &[Port]| -> Parsed<Vec<u32>> {
            let n: u64 = ports.iter().fold(0, |n, p| n.saturating_add(p.block));
            if n > MAX_ELEMENTS as u64 {
                return Err(format!("more than {MAX_ELEMENTS} elements"));
            }
            let of = |p: &Port| vec![p.scalar.width(); p.block as usize];
            Ok(ports.iter().flat_map(of).collect())
        };
        let inputs = widths(&operands)?;
        let mut n_wires = 1 + inputs.iter().sum::<u32>();
        let mut gates = Vec::new();
        loop {
            let and = self.eat("&");
            if !and && !self.eat("^") {
                break;
            }
            let (a, b) = (self.lit(n_wires)?, self.lit(n_wires)?);
            gates.push(if and {
                Gate::And(a, b)
            } else {
                Gate::Xor(a, b)
            });
            n_wires += 1;
        }
        let mut outputs = Vec::new();
        for width in widths(&results)? {
            self.sign("=")?;
            let bits = (0..width).map(|_| self.lit(n_wires));
            outputs.push(bits.collect::<Parsed<Vec<Lit>>>()?);
        }
        let template = Template::new(name.clone(), inputs, gates, outputs);
        Circuit::from_parts(name, operands, results, template)
    }

    fn ports(&mut self) -> Parsed<Vec<Port>> {
        self.sign("(")?;
        let mut ports = Vec::new();
        while !self.eat(")") {
            let (scalar, block) = self.vector()?;
            ports.push(Port { scalar, block });
            self.eat(",");
        }
        Ok(ports)
    }

    /// A literal on one of the first `n_wires` wires.
    fn lit(&mut self, n_wires: u32) -> Parsed<Lit> {
        let lit = Lit(self.number()?);
        if lit.wire() < n_wires {
            Ok(lit)
        } else {
            Err(format!("wire {} is not set before", lit.wire()))
        }
    }

    fn constant(&mut self) -> Parsed<ConstVec> {
        if self.eat("[") {
            let mut words = Vec::new();
            while !self.eat("]") {
                words.push(self.number()?);
                self.eat(",");
            }
            return Ok(ConstVec::Table(words));
        }
        if self.eat_word("pieces") {
            let mut pieces = Vec::new();
            while self.sign_at(1) == Some("+") {
                let start = self.number()?;
                let dims = self.counting()?;
                pieces.push(Piece { start, dims });
            }
            return Ok(ConstVec::Pieces(pieces));
        }
        let start: Word = self.number()?;
        if self.sign_at(0) != Some("+") {
            let lanes = self.lanes()?;
            return Ok(ConstVec::Splat { lanes, word: start });
        }
        let dims = self.counting()?;
        Ok(ConstVec::Affine { start, dims })
    }

    /// `+ [4*1, 2*0]`.
    fn counting(&mut self) -> Parsed<Vec<(u64, Word)>> {
        self.sign("+")?;
        self.sign("[")?;
        let mut dims = Vec::new();
        while !self.eat("]") {
            let count = self.number()?;
            self.sign("*")?;
            dims.push((count, self.number()?));
            self.eat(",");
        }
        Ok(dims)
    }

    /// `v1: secret u32 x4 in 0..=9`, entered into the value table.
    fn definition(&mut self) -> Parsed<ValueId> {
        let id = ValueId(self.id("v")?);
        self.sign(":")?;
        let secret = self.eat_word("secret");
        let (scalar, lanes) = self.vector()?;
        let range = self.range()?.map(|(lo, hi)| Range { lo, hi });
        let ty = Ty {
            scalar,
            lanes,
            secret,
        };
        if id.index() >= MAX_VALUE {
            return Err(format!("{id} is beyond the largest value number"));
        }
        if self.values.len() <= id.index() {
            self.values.resize(id.index() + 1, None);
        }
        self.values[id.index()] = Some(Value { ty, range });
        Ok(id)
    }

    fn operands(&mut self) -> Parsed<Vec<ValueId>> {
        let mut ids = Vec::new();
        let is_value = |word: Option<&str>| {
            word.and_then(|w| w.strip_prefix('v'))
                .is_some_and(|n| n.parse::<u32>().is_ok())
        };
        while is_value(self.peek_word()) && self.sign_at(1) != Some(":") {
            ids.push(ValueId(self.id("v")?));
            if !self.eat(",") {
                break;
            }
        }
        Ok(ids)
    }

    fn shape(&mut self) -> Parsed<Shape> {
        self.sign("[")?;
        let mut nodes = Vec::new();
        while !self.eat("]") {
            let word = self.any_word()?;
            nodes.push(match word {
                "array" if self.eat_word("_") => ShapeNode::Array(None),
                "array" => ShapeNode::Array(Some(self.number()?)),
                "tuple" => ShapeNode::Tuple(self.number()?),
                "struct" => ShapeNode::Struct {
                    name: self.text()?,
                    fields: self.texts(),
                },
                "enum" | "option" => ShapeNode::Enum {
                    name: self.text()?,
                    optional: word == "option",
                    slots: self.number()?,
                    variants: self.variants()?,
                },
                "shared" => ShapeNode::Shared {
                    leaf: self.number()?,
                    scalar: scalar(self.any_word()?)?,
                    form: self.form()?,
                    range: self.range()?,
                },
                _ => ShapeNode::Scalar {
                    scalar: scalar(word)?,
                    form: self.form()?,
                    range: self.range()?,
                },
            });
        }
        Ok(Shape(nodes))
    }

    /// How a scalar is written.
    fn form(&mut self) -> Parsed<Form> {
        Ok(if self.eat_word("date") {
            Form::Date
        } else if self.eat_word("datetime") {
            Form::Datetime
        } else if self.eat_word("text") {
            Form::Text
        } else if self.eat_word("point") {
            Form::Fixed(self.number()?)
        } else if self.eat_word("float") {
            Form::Float
        } else {
            Form::Plain
        })
    }

    fn variants(&mut self) -> Parsed<Vec<ShapeVariant>> {
        let mut variants = Vec::new();
        loop {
            let tuple = self.eat_word("numbered");
            if !tuple && !self.eat_word("named") {
                return Ok(variants);
            }
            variants.push(ShapeVariant {
                tuple,
                name: self.text()?,
                fields: self.texts(),
            });
        }
    }

    /// `u32 x4`.
    fn vector(&mut self) -> Parsed<(Scalar, u64)> {
        let scalar = scalar(self.any_word()?)?;
        Ok((scalar, self.lanes()?))
    }

    fn lanes(&mut self) -> Parsed<u64> {
        let word = self.any_word()?;
        word.strip_prefix('x')
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| format!("expected a number of lanes, found {word}"))
    }

    fn range<T: std::str::FromStr>(&mut self) -> Parsed<Option<(T, T)>> {
        if !self.eat_word("in") {
            return Ok(None);
        }
        let lo = self.number()?;
        self.sign("..=")?;
        Ok(Some((lo, self.number()?)))
    }

    fn setting(&mut self, name: &str) -> Parsed<u64> {
        self.word_is(name)?;
        self.sign("=")?;
        self.number()
    }
}

fn word_op(name: &str) -> Parsed<WordOp> {
    WordOp::from_name(name).ok_or_else(|| format!("no operation is called {name}"))
}

fn scalar(name: &str) -> Parsed<Scalar> {
    if name == "bool" {
        return Ok(Scalar::Bool);
    }
    let width = |n: &str| n.parse::<u8>().ok();
    if let Some(width) = name.strip_prefix('u').and_then(width) {
        Ok(Scalar::unsigned(width))
    } else if let Some(width) = name.strip_prefix('i').and_then(width) {
        Ok(Scalar::signed(width))
    } else {
        Err(format!("no type is called {name}"))
    }
}

#[cfg(test)]
mod tests;
