//! Circuits of fused logic: built by the generators one piece after the other, in the forms that the network may want.
//!
//! Generators know their own operation and the arrival of its operands. What a user wrote bit by bit, in ANDs and ORs of
//! words, no generator knows; circuits of such logic alone are rewritten as a whole ([`templates::rewrite`]), within a
//! budget that keeps the compiler's time bounded. Their figures are then spread over the lines in proportion.

use super::Emitter;
use super::frame::{Logic, Micro, Work};
use super::shape::Shape;
use super::sums::{Slack, Words, resized};
use crate::memo::Memo;
use crate::mix::Mix;
use crate::templates::{self, Objective, Term};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{TemplateId, ValueId};
use smpcc_circuit::program::{Domain, Loc};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::template::{Builder, Gate, Lit, Template};
use smpcc_circuit::value::Scalar;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

/// Gates that a bit of a result takes, more often than not.
const GATES_A_BIT: usize = 10;
/// Gates that room is made for before they are built.
const MOST_RESERVED: usize = 1 << 20;
/// Gates, about, that the fingerprint of a circuit looks at.
const HASHED: usize = 1 << 12;
/// Most gates of a circuit that is rewritten; a gate takes about a microsecond.
const MOST_REWRITTEN: usize = 1 << 14;
/// Most gates of all circuits of a program that are rewritten.
pub(super) const MOST_REWRITTEN_IN_ALL: usize = 1 << 16;

/// For each source line, its ANDs in a circuit and those on the circuit's longest chain.
pub(super) type Shares = SortedMap<Loc, (u64, u64)>;

/// Gates of the circuits that are remembered, and words of what they follow from; a gate is 8 bytes, a word at most 32.
const MOST_REMEMBERED: usize = 1 << 22;

/// Circuits by what they follow from.
static BUILT: Memo<Shape, Arc<Built>> = Memo::new(MOST_REMEMBERED);

/// A circuit, and of each run of its gates the step that it belongs to, its ANDs and its levels on the longest chain.
struct Built {
    template: Template,
    runs: Vec<(usize, (u64, u64))>,
}

impl Built {
    /// The ANDs and levels of each line.
    fn shares(&self, members: &[&Micro]) -> Shares {
        let mut shares = Shares::new();
        for &(owner, (ands, levels)) in &self.runs {
            let line = shares.entry(members[owner].loc).or_default();
            *line = (line.0 + ands, line.1 + levels);
        }
        shares
    }
}

impl Emitter<'_> {
    /// The circuit for connected logic that takes the least time on the network, of the forms to try.
    pub(super) fn cheapest(
        &mut self,
        members: &[&Micro],
        inputs: &[ValueId],
        outputs: &[ValueId],
        domain: Domain,
        lanes: u64,
    ) -> (Template, Shares) {
        let own_bits = self.is_written_in_bits(members);
        let objectives = self.objectives(domain, lanes);
        let mut forms = Vec::with_capacity(objectives.len());
        for &objective in objectives {
            let (template, shares) = self.circuit(members, inputs, outputs, objective);
            forms.push(if own_bits {
                self.rewritten(template, shares, objective)
            } else {
                (template, shares)
            });
        }
        let only = forms.len() == 1;
        forms
            .into_iter()
            .min_by_key(
                |(template, _)| {
                    if only { 0 } else { self.price(template, lanes) }
                },
            )
            .unwrap_or_else(|| self.circuit(members, inputs, outputs, Objective::Size))
    }

    /// Whether this is bits that a user combined by hand: two or more ANDs or ORs of words, and nothing that has a generator
    /// of more than one gate a bit, whose circuits are good and whose gates all belong to a line.
    fn is_written_in_bits(&self, members: &[&Micro]) -> bool {
        let mut by_hand = 0;
        for member in members {
            let Work::Logic(logic) = &member.work else {
                return false;
            };
            let by_constant = || (member.args.get(1)).is_some_and(|&v| self.splat_of(v).is_some());
            match logic {
                Logic::Word { op, .. } => match op {
                    WordOp::And | WordOp::Or => by_hand += 1,
                    WordOp::Xor | WordOp::Not | WordOp::Cast | WordOp::Select => {}
                    WordOp::Shl | WordOp::Shr | WordOp::RotL | WordOp::RotR if by_constant() => {}
                    _ => return false,
                },
                Logic::Bit(_) | Logic::Unless | Logic::When => {}
                _ => return false,
            }
        }
        by_hand >= 2
    }

    /// The circuit rewritten bit by bit, if that is better and the budget allows it.
    fn rewritten(
        &mut self,
        template: Template,
        shares: Shares,
        objective: Objective,
    ) -> (Template, Shares) {
        let n = template.gates.len();
        if n > MOST_REWRITTEN.min(self.rewritable) {
            return (template, shares);
        }
        self.rewritable -= n;
        let figures = |template: &Template| {
            let (ands, depth) = (template.n_and(), u64::from(template.and_depth()));
            match objective {
                Objective::Size => (ands, depth),
                Objective::Balanced | Objective::Depth => (depth, ands),
            }
        };
        let better = templates::rewrite(&template, objective);
        if figures(&better) >= figures(&template) {
            return (template, shares);
        }
        let shares = scaled(&shares, better.n_and(), u64::from(better.and_depth()));
        (better, shares)
    }

    /// One circuit for connected logic, and for each source line its ANDs in it and those on the longest chain.
    pub(super) fn circuit(
        &self,
        members: &[&Micro],
        inputs: &[ValueId],
        outputs: &[ValueId],
        objective: Objective,
    ) -> (Template, Shares) {
        let shape = self.shape(members, inputs, outputs, objective);
        let weight = |shape: &Shape, built: &Arc<Built>| shape.words() + built.template.gates.len();
        let built = BUILT.get(shape, weight, |_| {
            Arc::new(self.made(members, inputs, outputs, objective))
        });
        (built.template.clone(), built.shares(members))
    }

    fn made(
        &self,
        members: &[&Micro],
        inputs: &[ValueId],
        outputs: &[ValueId],
        objective: Objective,
    ) -> Built {
        let (first, slack) = self.built(members, inputs, outputs, objective, None);
        if let Some(slack) = slack {
            let (again, _) = self.built(members, inputs, outputs, objective, Some(&slack));
            let figures = |built: &Built| (built.template.and_depth(), built.template.n_and());
            if figures(&again) < figures(&first) {
                return again;
            }
        }
        first
    }

    /// The circuit, and what slack it has unless that is used already.
    fn built(
        &self,
        members: &[&Micro],
        inputs: &[ValueId],
        outputs: &[ValueId],
        objective: Objective,
        slack: Option<&Slack>,
    ) -> (Built, Option<Slack>) {
        let widths: Vec<u32> = inputs
            .iter()
            .map(|&v| self.info(v).scalar.width())
            .collect();
        let mut b = Builder::new(&widths);
        let results = members.iter().flat_map(|m| &m.results);
        let n_bits: usize = results.map(|&v| self.info(v).scalar.width() as usize).sum();
        b.reserve((GATES_A_BIT * n_bits).min(MOST_RESERVED));
        let mut known = Words::new(members, outputs, objective, slack);
        for (i, &v) in inputs.iter().enumerate() {
            known.set(v, b.input(i));
        }
        let mut name = Name::default();
        for (at, m) in members.iter().enumerate() {
            let Work::Logic(logic) = &m.work else {
                continue;
            };
            known.begin(at);
            let widths: Vec<u32> = m
                .results
                .iter()
                .map(|&v| self.info(v).scalar.width())
                .collect();
            name.add(logic, &widths);
            let width = widths.first().copied().unwrap_or(0);
            let literal = |v: ValueId| self.literal(v);
            let is_made = objective == Objective::Depth
                && (known.add(&mut b, m, logic, width, &literal)
                    || known.compare(&mut b, m, logic, &literal));
            if !is_made {
                let args: Vec<Vec<Lit>> = (m.args.iter())
                    .map(|&v| known.get(&mut b, v).unwrap_or_else(|| self.literal(v)))
                    .collect();
                let outs = build(&mut b, logic, &args, &widths, objective);
                for (&v, out) in m.results.iter().zip(outs) {
                    known.set(v, out);
                }
            }
            known.end(&b);
        }
        let outs: Vec<_> = outputs
            .iter()
            .map(|&v| known.get(&mut b, v).unwrap_or_default())
            .collect();
        let found = match slack {
            None => known.slack(&b, &outs),
            Some(_) => None,
        };
        let (bounds, owners) = known.runs();
        let (template, parts) = b.finish_parts(name.finish(), outs, &bounds);
        let runs = owners.into_iter().zip(parts).collect();
        (Built { template, runs }, found)
    }

    pub(super) fn template(&mut self, template: Template) -> TemplateId {
        let key = fingerprint(&template);
        let known = self.template_ids.entry(key).or_default();
        for &id in known.iter() {
            let other: &Template = &self.templates[id.index()];
            if (&other.inputs, &other.gates, &other.outputs)
                == (&template.inputs, &template.gates, &template.outputs)
            {
                return id;
            }
        }
        let id = TemplateId::new(self.templates.len());
        known.push(id);
        self.templates.push(template);
        id
    }

    fn literal(&self, value: ValueId) -> Vec<Lit> {
        let word = self.splat_of(value).unwrap_or(0);
        (0..self.info(value).scalar.width())
            .map(|i| Lit::from(word >> i & 1 == 1))
            .collect()
    }
}

/// Equal for templates with equal gates, and seldom otherwise.
fn fingerprint(template: &Template) -> u64 {
    let mut hash = Mix.build_hasher();
    hash.write_usize(template.gates.len());
    // Of a large circuit a sample tells enough.
    let step = 1 + template.gates.len() / HASHED;
    for gate in template.gates.iter().step_by(step) {
        let (Gate::Xor(a, b) | Gate::And(a, b)) = *gate;
        hash.write_u64(u64::from(a.0) << 32 | u64::from(b.0));
    }
    for lit in template.outputs.iter().flatten() {
        hash.write_u32(lit.0);
    }
    hash.finish()
}

/// Shares in the proportions of `shares` that add up to so many ANDs and levels: rewriting mixes the gates of all lines.
fn scaled(shares: &Shares, ands: u64, levels: u64) -> Shares {
    let (mut all_ands, mut all_levels) = (0, 0);
    for (ands, levels) in shares.values() {
        all_ands += ands;
        all_levels += levels;
    }
    // Differences of rounded running sums: the parts add up.
    let upto = |part: u64, of: u64, to: u64| {
        let scaled = u128::from(part) * u128::from(to) / u128::from(of.max(1));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    };
    let (mut before_ands, mut before_levels) = (0, 0);
    shares
        .iter()
        .map(|(&loc, &(a, l))| {
            let (after_ands, after_levels) = (before_ands + a, before_levels + l);
            let share = (
                upto(after_ands, all_ands, ands) - upto(before_ands, all_ands, ands),
                upto(after_levels, all_levels, levels) - upto(before_levels, all_levels, levels),
            );
            (before_ands, before_levels) = (after_ands, after_levels);
            (loc, share)
        })
        .collect()
}

/// The gates of one piece of logic; results of `widths` bits.
fn build(
    b: &mut Builder,
    logic: &Logic,
    args: &[Vec<Lit>],
    widths: &[u32],
    objective: Objective,
) -> Vec<Vec<Lit>> {
    let width = widths.first().copied().unwrap_or(0);
    let empty = Vec::new();
    let arg = |i: usize| args.get(i).unwrap_or(&empty);
    let term = |bits: &[Lit], n: u32, signed: bool, negated: bool| Term {
        bits: resized(bits, n, signed),
        signed,
        negated,
        shift: 0,
    };
    match logic {
        Logic::Word { op, from, to } => {
            vec![templates::word_op(b, *op, *from, *to, args, objective)]
        }
        Logic::Sum { bits, signed } => {
            if width == 1 {
                let bit = args
                    .iter()
                    .filter_map(|a| a.first().copied())
                    .fold(Lit::FALSE, |x, y| b.xor(x, y));
                return vec![vec![bit]];
            }
            let terms: Vec<_> = args
                .iter()
                .map(|a| term(a, *bits, *signed, false))
                .collect();
            vec![templates::sum(b, &terms, width, objective)]
        }
        Logic::Difference => {
            let terms: Vec<_> = args
                .iter()
                .enumerate()
                .map(|(i, a)| term(a, width, false, i > 0))
                .collect();
            vec![templates::sum(b, &terms, width, objective)]
        }
        Logic::CarrySave => {
            let rows: Vec<_> = args.iter().map(|a| resized(a, width, false)).collect();
            let mut rows = templates::csa(b, &rows);
            rows.resize(2, Vec::new());
            rows.iter().map(|r| resized(r, width, false)).collect()
        }
        Logic::Products { bits, signed } => {
            let n = args.len() / 2;
            // Factors are cut to what their range needs and extended to the result's width by wires alone.
            let factor = |a: &[Lit], bits: u32, signed: bool| {
                resized(&resized(a, bits, signed), width, signed)
            };
            let products: Vec<_> = (0..n)
                .map(|i| {
                    (
                        factor(arg(i), bits.0, signed.0),
                        factor(arg(n + i), bits.1, signed.1),
                        false,
                    )
                })
                .collect();
            vec![templates::product_sum(b, &products, &[], width, objective)]
        }
        Logic::Bit(i) => vec![vec![arg(0).get(*i as usize).copied().unwrap_or(Lit::FALSE)]],
        Logic::AnyFrom(i) => {
            let high = arg(0).get(*i as usize..).unwrap_or(&[]).to_vec();
            vec![vec![templates::or_all(b, &high)]]
        }
        Logic::Unless | Logic::When => {
            let when = arg(1).first().copied().unwrap_or(Lit::FALSE);
            let when = if matches!(logic, Logic::Unless) {
                !when
            } else {
                when
            };
            vec![arg(0).iter().map(|&x| b.and(x, when)).collect()]
        }
        Logic::ReadArray => match args.split_last() {
            Some((index, elements)) => vec![resized(
                &templates::array_read(b, elements, index, objective),
                width,
                false,
            )],
            None => vec![vec![Lit::FALSE; width as usize]],
        },
        Logic::WriteArray => match args {
            [elements @ .., index, value] => {
                templates::array_write(b, elements, index, value, objective)
            }
            _ => Vec::new(),
        },
        Logic::Lookup(tables) => templates::table_lookups(b, tables, width, arg(0), objective),
        Logic::Circuit(circuit) => b.call(&circuit.form(objective).template, args),
    }
}

/// What a template is called: its operations, as far as they fit.
#[derive(Default)]
struct Name {
    parts: Vec<(String, usize)>,
}

impl Name {
    fn add(&mut self, logic: &Logic, widths: &[u32]) {
        let width = widths.first().copied().unwrap_or(0);
        let part = match logic {
            Logic::Word { op, from, to } => match from {
                Scalar::Bool => format!("{}.bool", op.name()),
                Scalar::Int { .. } if *op == smpcc_circuit::gate::WordOp::Cast => {
                    format!("cast.{from}.{to}")
                }
                Scalar::Int { .. } => format!("{}.{from}", op.name()),
            },
            Logic::Sum { .. } => format!("sum.{width}"),
            Logic::Difference => format!("difference.{width}"),
            Logic::CarrySave => format!("carry_save.{width}"),
            Logic::Products { .. } => format!("products.{width}"),
            Logic::Bit(_) | Logic::AnyFrom(_) => "bits".into(),
            Logic::Unless | Logic::When => format!("mask.{width}"),
            Logic::ReadArray => format!("read.{width}"),
            Logic::WriteArray => format!("write.{width}"),
            Logic::Lookup(_) => format!("lookup.{width}"),
            Logic::Circuit(circuit) => circuit.name.clone(),
        };
        match self.parts.iter_mut().find(|p| p.0 == part) {
            Some(known) => known.1 += 1,
            None => self.parts.push((part, 1)),
        }
    }

    fn finish(self) -> String {
        let n = self.parts.len();
        let mut text: Vec<String> = self
            .parts
            .into_iter()
            .take(4)
            .map(|(part, n)| if n == 1 { part } else { format!("{n}×{part}") })
            .collect();
        if n > 4 {
            text.push("…".into());
        }
        text.join(" ")
    }
}
