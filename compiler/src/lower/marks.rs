//! What values stand for, noted for a run in exact arithmetic ([`crate::exact`]): operators, `as`, functions of numbers, and those of the library
//! that work on the integers behind them. Nothing is noted for other runs, and nothing changes what is emitted.

use super::Tracer;
use super::fault::Traced;
use super::real::Kind;
use super::value::{Data, GenericValue, Leaf, Val};
use crate::hir::{BinaryOp, Builtin, Fn};
use crate::ir::exact::{Compare, Mark, Marks, Meaning, Operand, Source, elementary};
use crate::library;

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
}

impl Marking {
    /// To note what values stand for.
    pub fn on() -> Self {
        Self {
            marks: Some(Marks::default()),
            within: 0,
        }
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
        let result = result?;
        self.note(meaning, args, places, before, &result);
        Ok(result)
    }

    fn note(
        &mut self,
        meaning: Meaning,
        args: Vec<Operand>,
        places: Places,
        before: usize,
        result: &Leaf,
    ) {
        // What was computed before has its own meaning.
        let Data::Value(id) = result.data else { return };
        if id.index() < before {
            return;
        }
        let of_library = library::owns(self.span.file);
        // Hashes, ciphers and the like wrap on purpose.
        let wraps = places.is_none() && !result.scalar.is_signed();
        if of_library && wraps && !matches!(meaning, Meaning::Compare(_)) {
            return;
        }
        let span = if of_library { self.called } else { self.span };
        let conditions = self.conditions.iter().map(|c| operand(c, 0)).collect();
        if let Some(marks) = &mut self.marking.marks {
            let mark = Mark {
                meaning,
                args,
                conditions,
                places,
                span,
            };
            marks.insert(id, mark);
        }
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
        let places = match kind {
            Some(Kind::Fixed(fixed)) => Some(fixed.frac),
            Some(Kind::Float { .. }) => return work(self, a, b),
            None => None,
        };
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
        let result = result?;
        if let Val::Leaf(leaf) = &result {
            self.note(meaning, args, places, before, leaf);
        }
        Ok(result)
    }
}

/// What a call of a function of the library means.
fn call(callee: &Fn, generics: &[GenericValue], args: &[Val<'_>]) -> Option<Call> {
    /// Of the results of `std::inference` and `std::survival`.
    const RESULT: Places = Some(32);
    let leaves: Vec<&Leaf> = args.iter().map(one_leaf).collect::<Option<_>>()?;
    let known = |leaf: &Leaf| leaf.known_u64().and_then(|n| u32::try_from(n).ok());
    Some(match (callee.name.as_str(), leaves.as_slice()) {
        // The integer behind a number.
        ("std::inference::raw", [x]) => (Meaning::Same, vec![operand(x, 0)], None),
        ("std::inference::scaled", [value, places]) => {
            let value = operand(value, known(places)?);
            (Meaning::Same, vec![value], RESULT)
        }
        ("std::inference::centered", [sum, places, n]) => {
            let args = vec![operand(sum, known(places)?), operand(n, 0)];
            (Meaning::Div, args, RESULT)
        }
        ("std::inference::divided", [spread, _, places, _, divisor]) => {
            let spread = operand(spread, 2 * known(places)?);
            (Meaning::Div, vec![spread, operand(divisor, 0)], RESULT)
        }
        ("std::survival::ratio", [a, b]) => {
            (Meaning::Div, vec![operand(a, 0), operand(b, 0)], RESULT)
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

fn one_leaf<'v>(val: &'v Val<'_>) -> Option<&'v Leaf> {
    match val {
        Val::Leaf(leaf) => Some(leaf),
        _ => None,
    }
}

fn operand(leaf: &Leaf, places: u32) -> Operand {
    let source = match &leaf.data {
        Data::Const(vec) => Source::Known((**vec).clone()),
        Data::Value(id) => Source::Value(*id),
    };
    Operand {
        source,
        scalar: leaf.scalar,
        places,
    }
}
