//! What a region becomes before its logic is fused: operations on program values, and the values' tables.
//!
//! Lowering writes [`Micro`]s: either one operation of the program, or a piece of bit logic that may share a template with its
//! neighbours. A stack of frames mirrors the open regions, so that a conversion of a value is written where the value is
//! defined, however deep its first use stands: nothing that a loop does not change is converted in every iteration.

use super::Emitter;
use crate::imported::Circuit;
use crate::passes::constants::hull;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Effect, Loc, Op, ValueInfo};
use smpcc_circuit::value::{ConstVec, Scalar, Word};
use std::collections::HashMap;
use std::sync::Arc;

/// An open region.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub micros: Vec<Micro>,
    /// Public constants that it has defined.
    pub constants: HashMap<(Scalar, ConstVec), ValueId>,
    /// What it has gathered at constant places: source, places, block. Equal bits must be one value for circuits to see it.
    pub gathers: HashMap<(ValueId, ValueId, u64), ValueId>,
}

/// One step of a region.
#[derive(Clone, Debug)]
pub(super) struct Micro {
    pub work: Work,
    pub args: Vec<ValueId>,
    pub results: Vec<ValueId>,
    /// Values that nested regions use.
    pub captured: Vec<ValueId>,
    /// Whether it stays, and keeps its place among the others of its kind, even if nobody uses its results.
    pub effect: bool,
    /// Whether it has a template of its own, which others like it share.
    pub whole: bool,
    pub loc: Loc,
    pub why: u32,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// An operation of the program.
    Plain(Op),
    /// Bit logic on one lane count in one domain; public constants among the operands become literals.
    Logic(Logic),
}

/// Bit logic, lane by lane.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Logic {
    /// A word operation.
    Word {
        op: WordOp,
        from: Scalar,
        to: Scalar,
    },
    /// The sum of all operands, each read as an integer of `bits` bits, mod 2^width of the result.
    Sum { bits: u32, signed: bool },
    /// The first operand minus all others, mod 2^width of the result.
    Difference,
    /// Two words whose sum is the operands' sum, mod 2^width of the results.
    CarrySave,
    /// `Σ arg[i] · arg[i + n/2]`, each operand read as an integer of its `bits`.
    Products {
        bits: (u32, u32),
        signed: (bool, bool),
    },
    /// One bit of the operand.
    Bit(u32),
    /// Whether a bit of the operand from this one on is set.
    AnyFrom(u32),
    /// `arg[0] and not arg[1]`, the second a Bool for all bits of the first.
    Unless,
    /// `arg[0] and arg[1]`, the second a Bool for all bits of the first.
    When,
    /// Elements, then an index: the element, zero out of range.
    ReadArray,
    /// Elements, an index, a value: the elements after the write.
    WriteArray,
    /// Constant tables of one length at a secret index, zero out of range: one result each.
    Lookup(Vec<Vec<Word>>),
    /// The gates of an imported circuit, one operand and one result per element.
    Circuit(Arc<Circuit>),
}

/// What is known of a program value while it is written.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The constant that it is.
    pub constant: Option<ConstVec>,
    /// The public value that it is in another form.
    pub public: Option<ValueId>,
    /// As an index: made of constants, in range.
    pub indexes_safely: bool,
    /// The frame that defines it.
    pub frame: usize,
    /// Arithmetic: the held integer is the value itself, sign and all, and not only congruent to it.
    pub canonical: bool,
    /// The ring to share it in when it goes into the arithmetic domain.
    pub ring: u8,
}

/// Imported circuits with more gates are operations of their own, so that their calls share one template.
const MAX_FUSED_GATES: usize = 4096;

impl Micro {
    /// Whether it may share a template with its neighbours.
    pub(super) fn fuses(&self) -> bool {
        match &self.work {
            Work::Plain(_) => false,
            Work::Logic(_) if self.whole => false,
            Work::Logic(Logic::Circuit(circuit)) => {
                circuit.template().gates.len() <= MAX_FUSED_GATES
            }
            Work::Logic(_) => true,
        }
    }
}

impl Emitter<'_> {
    /// A new value of the current frame.
    pub(super) fn fresh(&mut self, info: ValueInfo) -> ValueId {
        let id = ValueId::new(self.values.len());
        self.values.push(info);
        self.known.push(Known {
            constant: None,
            public: None,
            indexes_safely: false,
            frame: self.at,
            canonical: match info.domain {
                Domain::Arithmetic { ring } => u32::from(ring) == info.scalar.width(),
                Domain::Public | Domain::Boolean | Domain::Yao | Domain::Local { .. } => true,
            },
            ring: 0,
        });
        id
    }

    pub(super) fn info(&self, value: ValueId) -> ValueInfo {
        self.values[value.index()]
    }

    pub(super) fn push(&mut self, work: Work, args: Vec<ValueId>, results: Vec<ValueId>) {
        let effect = match &work {
            Work::Logic(_) => false,
            Work::Plain(op) => match (op.effect(), op) {
                (Effect::Index, Op::Gather { block } | Op::Scatter { block }) => {
                    matches!(args[..], [array, idx, ..] if !self.in_range(array, idx, *block))
                }
                (Effect::None, _) => false,
                (Effect::Index | Effect::Regions | Effect::Always, _) => true,
            },
        };
        let (loc, why) = (self.loc, self.why);
        self.frames[self.at].micros.push(Micro {
            work,
            args,
            results,
            captured: Vec::new(),
            effect,
            whole: false,
            loc,
            why,
        });
    }

    /// Whether every index is known to lie in an array of blocks of `block` lanes. One that does not stops the run, also where
    /// nobody uses what it finds.
    fn in_range(&self, array: ValueId, idx: ValueId, block: u64) -> bool {
        let known = &self.known[idx.index()];
        let len = self.info(array).lanes.checked_div(block).unwrap_or(0);
        known.indexes_safely
            || self.info(idx).lanes == 0
            || (known.constant.as_ref())
                .and_then(|words| hull(words, self.info(idx).scalar))
                .is_some_and(|(_, last)| last < Word::from(len))
    }

    /// An operation with one result.
    pub(super) fn plain(&mut self, op: Op, args: &[ValueId], info: ValueInfo) -> ValueId {
        let result = self.fresh(info);
        self.push(Work::Plain(op), args.to_vec(), vec![result]);
        result
    }

    /// A public constant; equal ones of a frame exist once.
    pub(super) fn constant(&mut self, scalar: Scalar, words: ConstVec) -> ValueId {
        let lanes = words.lanes();
        let key = (scalar, words);
        if let Some(&known) = self.frames[self.at].constants.get(&key) {
            return known;
        }
        let id = self.plain(
            Op::Const(key.1.clone()),
            &[],
            ValueInfo {
                domain: Domain::Public,
                scalar,
                lanes,
            },
        );
        self.known[id.index()].constant = Some(key.1.clone());
        self.frames[self.at].constants.insert(key, id);
        id
    }

    pub(super) fn splat(&mut self, scalar: Scalar, lanes: u64, word: Word) -> ValueId {
        self.constant(
            scalar,
            ConstVec::Splat {
                lanes,
                word: scalar.wrap(word),
            },
        )
    }

    /// The word that all lanes of a public constant hold.
    pub(super) fn splat_of(&self, value: ValueId) -> Option<Word> {
        match self.known[value.index()].constant {
            Some(ConstVec::Splat { word, .. }) => Some(word),
            _ => None,
        }
    }

    /// Bit logic in `domain` (Boolean or Yao); operands come from any domain. One result per scalar.
    pub(super) fn logic(
        &mut self,
        domain: Domain,
        logic: Logic,
        args: &[ValueId],
        results: &[Scalar],
    ) -> Vec<ValueId> {
        let lanes = args.first().map_or(1, |&a| self.info(a).lanes);
        let args = args
            .iter()
            .map(|&a| {
                if self.splat_of(a).is_some() {
                    a
                } else {
                    self.to(a, domain)
                }
            })
            .collect();
        let results: Vec<_> = results
            .iter()
            .map(|&scalar| {
                self.fresh(ValueInfo {
                    domain,
                    scalar,
                    lanes,
                })
            })
            .collect();
        self.push(Work::Logic(logic), args, results.clone());
        results
    }

    /// Bit logic with one result.
    pub(super) fn logic1(
        &mut self,
        domain: Domain,
        logic: Logic,
        args: &[ValueId],
        result: Scalar,
    ) -> ValueId {
        self.logic(domain, logic, args, &[result])[0]
    }

    /// `src[idx]` for a public index vector, blocks of `block` lanes.
    pub(super) fn gather(&mut self, src: ValueId, idx: ValueId, block: u64) -> ValueId {
        let info = self.info(src);
        let lanes = self.info(idx).lanes * block;
        if let Some(word) = self.splat_of(src)
            && self.known[idx.index()].constant.is_some()
            && self.in_range(src, idx, block)
        {
            return self.splat(info.scalar, lanes, word);
        }
        let key = (src, idx, block);
        if let Some(&known) = self.frames[self.at].gathers.get(&key) {
            return known;
        }
        let result = self.plain(
            Op::Gather { block },
            &[src, idx],
            ValueInfo { lanes, ..info },
        );
        self.known[result.index()].canonical |= self.known[src.index()].canonical;
        if self.known[idx.index()].constant.is_some() {
            self.frames[self.at].gathers.insert(key, result);
        }
        result
    }

    /// `src` at lanes `start + Σ i_j · step_j`, counting through `dims` from the outermost on.
    pub(super) fn gather_affine(
        &mut self,
        src: ValueId,
        start: u64,
        dims: &[(u64, u64)],
    ) -> ValueId {
        let lanes = self.info(src).lanes;
        // A step of 1 or a run of everything needs no operation.
        if start == 0 && dims.iter().map(|d| d.0).product::<u64>() == lanes && is_identity(dims) {
            return src;
        }
        let dims: Vec<(u64, Word)> = dims
            .iter()
            .filter(|d| d.0 != 1)
            .map(|&(n, step)| (n, Word::from(step)))
            .collect();
        let idx = if dims.iter().all(|d| d.1 == 0) {
            ConstVec::Splat {
                lanes: dims.iter().map(|d| d.0).product(),
                word: Word::from(start),
            }
        } else {
            ConstVec::Affine {
                start: Word::from(start),
                dims,
            }
        };
        let idx = self.constant(Scalar::USIZE, idx);
        self.gather(src, idx, 1)
    }

    /// `len` lanes from `start` on.
    pub(super) fn slice(&mut self, src: ValueId, start: u64, len: u64) -> ValueId {
        self.gather_affine(src, start, &[(len, 1)])
    }

    /// One operand after the other; all in the first one's domain.
    pub(super) fn concat(&mut self, args: &[ValueId]) -> ValueId {
        let args: Vec<_> = args
            .iter()
            .copied()
            .filter(|&a| self.info(a).lanes > 0)
            .collect();
        match args[..] {
            [one] => one,
            _ => {
                let lanes = args.iter().map(|&a| self.info(a).lanes).sum();
                let info = ValueInfo {
                    lanes,
                    ..self.info(args[0])
                };
                let args: Vec<_> = args.iter().map(|&a| self.to(a, info.domain)).collect();
                let result = self.plain(Op::Concat, &args, info);
                self.canonical_if_all(result, &args);
                result
            }
        }
    }
}

/// Whether counting through `dims` gives 0, 1, 2, ….
fn is_identity(dims: &[(u64, u64)]) -> bool {
    let mut next = 1;
    for &(n, step) in dims.iter().rev() {
        if n != 1 {
            if step != next {
                return false;
            }
            next *= n;
        }
    }
    true
}
