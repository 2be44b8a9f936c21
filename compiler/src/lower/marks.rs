//! What values stand for, noted for a run in exact arithmetic ([`crate::exact`]): operators, `as`, functions of numbers, and those of the library
//! that work on the integers behind them. Nothing is noted for other runs, and nothing changes what is emitted.

use super::Tracer;
use super::fault::Traced;
use super::real::Kind;
use super::value::{Data, GenericValue, Leaf, Val};
use crate::hir::{BinaryOp, Builtin, Fn};
use crate::ir::exact::{
    Compare, Events, FLOAT, Given, Lanes, Mark, Marks, Meaning, Operand, Source, elementary, held,
};
use crate::ir::{Node, Op, Ty};
use crate::library;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// Of vectors with more lanes that are known it is not noted what their numbers are exactly.
const MOST_KNOWN: u64 = 1 << 16;

/// How many bits of a number are behind the point; `None` of an integer.
pub(super) type Places = Option<u32>;

/// What a call means, of which operands.
pub(super) type Call = (Meaning, Vec<Operand>, Places);

/// What is noted.
#[derive(Debug, Default)]
pub(super) struct Marking {
    /// By value, if anything is.
    pub marks: Option<Marks>,
    /// How many operations that are noted as one are being traced.
    within: u32,
    /// What is known and stands before all else, with a mark.
    known: SortedSet<ValueId>,
}

impl Marking {
    /// To note what values stand for.
    pub fn on() -> Self {
        Self {
            marks: Some(Marks::default()),
            within: 0,
            known: SortedSet::new(),
        }
    }

    /// Forgets all values from one on.
    pub fn truncate(&mut self, n_values: usize) {
        if let Some(marks) = &mut self.marks {
            marks.truncate(n_values);
        }
        self.known.split_off(&ValueId::new(n_values));
    }

    fn is_on(&self) -> bool {
        self.marks.is_some() && self.within == 0
    }
}

impl<'h> Tracer<'h> {
    /// The result of `work`, noted as what it means of its operands.
    pub(super) fn meant(
        &mut self,
        meaning: Meaning,
        args: &[(&Leaf, Places)],
        places: Places,
        work: impl FnOnce(&mut Self) -> Traced<Leaf>,
    ) -> Traced<Leaf> {
        if !self.marking.is_on() {
            return work(self);
        }
        let args: Vec<Operand> = (args.iter())
            .map(|(leaf, places)| operand(leaf, places.unwrap_or(0)))
            .collect();
        let before = self.values.len();
        self.marking.within += 1;
        let result = work(self);
        self.marking.within -= 1;
        let mut result = result?;
        self.note(meaning, args, places, before, &mut result)?;
        Ok(result)
    }

    fn note(
        &mut self,
        meaning: Meaning,
        args: Vec<Operand>,
        places: Places,
        before: usize,
        result: &mut Leaf,
    ) -> Traced<()> {
        let id = match result.data {
            Data::Value(id) => Some(id),
            Data::Const(_) => result.noted,
        };
        // What was computed before has its own meaning.
        if id.is_some_and(|id| id.index() < before) {
            return Ok(());
        }
        let of_library = library::owns(self.span.file);
        // Hashes, ciphers and the like wrap on purpose.
        let wraps = places.is_none() && !result.scalar.is_signed();
        if of_library && wraps && !matches!(meaning, Meaning::Compare(_)) {
            return Ok(());
        }
        let span = if of_library { self.called } else { self.span };
        let mark = Mark {
            meaning,
            args,
            conditions: self.conditions.iter().map(|c| operand(c, 0)).collect(),
            places,
            span,
        };
        match id {
            Some(id) => self.mark(id, mark),
            None => self.note_known(mark, result)?,
        }
        Ok(())
    }

    fn mark(&mut self, id: ValueId, mark: Mark) {
        if let Some(marks) = &mut self.marking.marks {
            marks.insert(id, mark);
        }
    }

    /// Notes what a known result is of known operands, where that is not just what its words say: as a value before all else, so that
    /// it is there wherever the result is used.
    fn note_known(&mut self, mut mark: Mark, result: &mut Leaf) -> Traced<()> {
        let is_known = |o: &Operand| match &o.source {
            Source::Known(vec) => vec.lanes() <= MOST_KNOWN,
            Source::Value(id) => self.marking.known.contains(id),
        };
        if result.lanes > MOST_KNOWN || !mark.args.iter().all(is_known) {
            return Ok(());
        }
        // Conditions are not known here: what they may leave out is not counted.
        if !mark.conditions.is_empty() {
            mark.conditions = vec![operand(&Leaf::truth(false), 0)];
        }
        if says_nothing(&mark, result) {
            return Ok(());
        }
        let id = self.known_value(result)?;
        self.mark(id, mark);
        result.noted = Some(id);
        Ok(())
    }

    /// The same of what only moves lanes.
    pub(super) fn note_moved(&mut self, op: Op, args: &[&Leaf], result: &mut Leaf) -> Traced<()> {
        let all_known = args
            .iter()
            .all(|a| a.const_vec().is_some() && a.lanes <= MOST_KNOWN);
        let some_noted = args.iter().any(|a| a.noted.is_some());
        if !some_noted || !all_known || result.lanes > MOST_KNOWN {
            return Ok(());
        }
        let args = args.iter().map(|a| self.known_value(a));
        let args = args.collect::<Traced<Vec<_>>>()?;
        result.noted = Some(self.before_all(op, args, result)?);
        Ok(())
    }

    /// What is known, as a value before all else.
    fn known_value(&mut self, leaf: &Leaf) -> Traced<ValueId> {
        match (leaf.noted, leaf.const_vec()) {
            (Some(id), _) => Ok(id),
            (None, vec) => {
                let vec = vec.cloned().unwrap_or_else(|| ConstVec::scalar(0));
                self.before_all(Op::Const(vec), Vec::new(), leaf)
            }
        }
    }

    fn before_all(&mut self, op: Op, args: Vec<ValueId>, like: &Leaf) -> Traced<ValueId> {
        let ty = Ty {
            scalar: like.scalar,
            lanes: like.lanes,
            secret: false,
        };
        let id = self.new_value(ty, None)?;
        let node = Node {
            op,
            args,
            results: vec![id],
            regions: Vec::new(),
            span: self.span,
            protocol: None,
        };
        if let Some(block) = self.blocks.first_mut() {
            block.push(node);
        }
        self.marking.known.insert(id);
        Ok(id)
    }

    /// An operator on two numbers, or a shift of one.
    pub(super) fn meant_binary(
        &mut self,
        op: BinaryOp,
        kind: Option<Kind>,
        a: Leaf,
        b: Leaf,
        work: impl FnOnce(&mut Self, Leaf, Leaf) -> Traced<Leaf>,
    ) -> Traced<Leaf> {
        use BinaryOp as B;
        if !self.marking.is_on() {
            return work(self, a, b);
        }
        let places = kind.map(Kind::behind);
        let compare = |name, holds| Meaning::Compare(Compare { name, holds });
        let meaning = match op {
            B::Add => Meaning::Add,
            B::Sub => Meaning::Sub,
            B::Mul => Meaning::Mul,
            B::Div => Meaning::Div,
            B::Rem => Meaning::Rem,
            // Bits move out of integers on purpose.
            B::Shl | B::Shr if places.is_none() => return work(self, a, b),
            B::Shl => Meaning::Up,
            B::Shr => Meaning::Down,
            B::Eq => compare("==", [false, true, false]),
            B::Ne => compare("!=", [true, false, true]),
            B::Lt => compare("<", [true, false, false]),
            B::Le => compare("<=", [true, true, false]),
            B::Gt => compare(">", [false, false, true]),
            B::Ge => compare(">=", [false, true, true]),
            B::And | B::Or | B::Xor => return work(self, a, b),
        };
        let second = match meaning {
            Meaning::Up | Meaning::Down => None,
            _ => places,
        };
        let operands = [(&a, places), (&b, second)];
        self.meant(meaning, &operands, places, |t| {
            work(t, a.clone(), b.clone())
        })
    }

    /// A function of the prelude of one number.
    pub(super) fn meant_function(
        &mut self,
        builtin: Builtin,
        places: Places,
        a: &Leaf,
        work: impl FnOnce(&mut Self) -> Traced<Leaf>,
    ) -> Traced<Leaf> {
        let meaning = match builtin {
            Builtin::Abs => Meaning::Abs,
            Builtin::Floor => Meaning::Floor,
            Builtin::Ceil => Meaning::Ceil,
            Builtin::Round if places == Some(FLOAT) => Meaning::RoundAway,
            Builtin::Round => Meaning::Round,
            Builtin::Trunc => Meaning::Trunc,
            Builtin::Sqrt => Meaning::Sqrt,
            Builtin::Sum => Meaning::Sum,
            Builtin::Average => Meaning::Mean,
            _ => return work(self),
        };
        self.meant(meaning, &[(a, places)], places, work)
    }

    /// What a call means that is one of those of the library that compute a number by the integers behind others.
    pub(super) fn meaning_of_call(
        &self,
        callee: &Fn,
        generics: &[GenericValue],
        args: &[Val<'h>],
    ) -> Option<Call> {
        (self.marking.is_on() && library::owns(callee.span.file))
            .then(|| call(callee, generics, args))
            .flatten()
    }

    /// The result of a call, noted as what it means.
    pub(super) fn meant_call(
        &mut self,
        meant: Option<Call>,
        work: impl FnOnce(&mut Self) -> Traced<Val<'h>>,
    ) -> Traced<Val<'h>> {
        let Some((meaning, args, places)) = meant else {
            return work(self);
        };
        let before = self.values.len();
        self.marking.within += 1;
        let result = work(self);
        self.marking.within -= 1;
        let mut result = result?;
        if let Val::Leaf(leaf) = &mut result {
            self.note(meaning, args, places, before, leaf)?;
        }
        Ok(result)
    }
}

/// What a call of a function of the library means.
fn call(callee: &Fn, generics: &[GenericValue], args: &[Val<'_>]) -> Option<Call> {
    /// Of the results of `std::survival`.
    const RESULT: Places = Some(32);
    let leaves: Vec<&Leaf> = args.iter().map(one_leaf).collect::<Option<_>>()?;
    Some(match (callee.name.as_str(), leaves.as_slice()) {
        // The integer behind a number.
        ("std::inference::raw" | "std::ml::raw", [x]) => (Meaning::Same, vec![operand(x, 0)], None),
        ("std::survival::ratio", [a, b]) => {
            (Meaning::Div, vec![operand(a, 0), operand(b, 0)], RESULT)
        }
        (name, leaves) if name.starts_with("std::float::") => {
            let name = name.strip_prefix("std::float::")?;
            let name = name.strip_suffix("_f32").or(name.strip_suffix("_f64"))?;
            let args = leaves.iter().map(|leaf| operand(leaf, FLOAT)).collect();
            (elementary(name)?, args, Some(FLOAT))
        }
        (name, leaves) => {
            let meaning = elementary(name.strip_prefix("std::math::")?)?;
            // All of them are of `fixed<W, F>`.
            let Some(GenericValue::Len(frac)) = generics.get(1) else {
                return None;
            };
            let places = u32::try_from(*frac).ok()?;
            let args = leaves.iter().map(|leaf| operand(leaf, places)).collect();
            (meaning, args, Some(places))
        }
    })
}

/// Whether a known result is what its words say, and nothing happened.
fn says_nothing(mark: &Mark, result: &Leaf) -> bool {
    let known = (known_operands(&mark.args), known_operands(&mark.conditions));
    let ((Some(args), Some(conditions)), Some(vec)) = (known, result.const_vec()) else {
        return false;
    };
    let scalar = result.scalar;
    let lanes = known_lanes(vec, scalar);
    let mut events = Events::new();
    let settled = mark.settle(&args, &conditions, lanes, scalar, &mut events);
    let numbers = settled.exact.iter().flat_map(|all| all.iter());
    let mut pairs = numbers.zip(settled.iter());
    let places = mark.places.unwrap_or(0);
    events.is_empty()
        && pairs.all(|(number, &word)| Some(number) == held(scalar, word, places).as_ref())
}

/// The lanes of operands of which all are just what their words say.
fn known_operands(operands: &[Operand]) -> Option<Vec<Given<'_>>> {
    let mut all = Vec::with_capacity(operands.len());
    for operand in operands {
        let Source::Known(vec) = &operand.source else {
            return None;
        };
        let lanes = known_lanes(vec, operand.scalar);
        all.push(Given { operand, lanes });
    }
    Some(all)
}

fn known_lanes(vec: &ConstVec, scalar: Scalar) -> Lanes {
    let words = vec.words().map(|word| scalar.wrap(word));
    words.collect::<Vec<Word>>().into()
}

fn one_leaf<'v>(val: &'v Val<'_>) -> Option<&'v Leaf> {
    match val {
        Val::Leaf(leaf) => Some(leaf),
        _ => None,
    }
}

fn operand(leaf: &Leaf, places: u32) -> Operand {
    let source = match (&leaf.data, leaf.noted) {
        _ if leaf.lanes == 0 => Source::Known(ConstVec::Splat { lanes: 0, word: 0 }),
        (Data::Const(vec), None) => Source::Known((**vec).clone()),
        (Data::Const(_), Some(id)) => Source::Value(id),
        (Data::Value(id), _) => Source::Value(*id),
    };
    Operand {
        source,
        scalar: leaf.scalar,
        places,
    }
}
