//! What the words of a value stand for, and how that is computed of exact numbers.
//!
//! A word of a fixed-point number with F places is an integer, and so is the exact number that is carried beside it: it is in units of 2^-F,
//! and need not be whole.

use super::lanes::Lanes;
use super::number::Number;
use super::{Event, What, functions};
use crate::span::Span;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Form, Scalar, Word};
use std::cmp::Ordering;
use std::rc::Rc;

/// As places behind the point: those of a float, whose words are no integers.
pub const FLOAT: u32 = u32::MAX;

/// What a value is of its operands.
#[derive(Clone, Copy, Debug)]
pub enum Meaning {
    /// The number itself, in another type.
    Same,
    /// The number toward zero, in an integer type.
    Whole,
    /// The sum of two.
    Add,
    /// The difference.
    Sub,
    /// The product.
    Mul,
    /// The quotient.
    Div,
    /// What a division that ends before the point leaves.
    Rem,
    /// The opposite.
    Neg,
    /// The magnitude.
    Abs,
    /// Times two to the power of the second one.
    Up,
    /// Divided by two to the power of the second one.
    Down,
    /// Next integer below.
    Floor,
    /// Next integer above.
    Ceil,
    /// Nearest integer, ties up.
    Round,
    /// Nearest integer, ties away from zero.
    RoundAway,
    /// Next integer toward zero.
    Trunc,
    /// The square root.
    Sqrt,
    /// The sum of all lanes.
    Sum,
    /// The mean of all lanes.
    Mean,
    /// The sum of the products of all lanes.
    Dot,
    /// The product of two, and a third one.
    MulAdd,
    /// Whether the first one is so to the second one.
    Compare(Compare),
    /// A function of the library of one number, and its name.
    One(&'static str, fn(&Number) -> Option<Number>),
    /// A function of the library of two numbers, and its name.
    Two(&'static str, fn(&Number, &Number) -> Option<Number>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compare {
    /// As it is written.
    pub name: &'static str,
    /// Of which orders it holds: less, equal, greater.
    pub holds: [bool; 3],
}

/// The function of the library's elementary ones that has a name.
pub fn elementary(name: &str) -> Option<Meaning> {
    Some(match name {
        "exp" => Meaning::One("exp", functions::exp),
        "ln" => Meaning::One("ln", functions::ln),
        "log2" => Meaning::One("log2", functions::log2),
        "sin" => Meaning::One("sin", functions::sin),
        "cos" => Meaning::One("cos", functions::cos),
        "sigmoid" => Meaning::One("sigmoid", functions::sigmoid),
        "tanh" => Meaning::One("tanh", functions::tanh),
        "pow" => Meaning::Two("pow", functions::pow),
        _ => return None,
    })
}

/// Where an operand is.
#[derive(Clone, Debug)]
pub enum Source {
    /// Known.
    Known(ConstVec),
    /// Computed.
    Value(ValueId),
}

/// An operand: lanes, and how many places they have behind the point.
#[derive(Clone, Debug)]
pub struct Operand {
    /// The lanes; one lane stands for all.
    pub source: Source,
    /// Their type.
    pub scalar: Scalar,
    /// Bits behind the point, or [`FLOAT`].
    pub places: u32,
}

/// What a value stands for.
#[derive(Clone, Debug)]
pub struct Mark {
    /// What it is of its operands.
    pub meaning: Meaning,
    /// The operands.
    pub args: Vec<Operand>,
    /// Truth values: what it counts for only where all hold.
    pub conditions: Vec<Operand>,
    /// Bits behind the point, or [`FLOAT`]; `None` of an integer, which wraps because its type says so.
    pub places: Option<u32>,
    /// Where to report what happens.
    pub span: Span,
}

impl Meaning {
    fn name(self) -> &'static str {
        match self {
            Self::Same | Self::Whole => "as",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::Neg => "-",
            Self::Abs => "abs",
            Self::Up => "<<",
            Self::Down => ">>",
            Self::Floor => "floor",
            Self::Ceil => "ceil",
            Self::Round | Self::RoundAway => "round",
            Self::Trunc => "trunc",
            Self::Sqrt => "sqrt",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Dot => "dot",
            Self::MulAdd => "mul_add",
            Self::Compare(compare) => compare.name,
            Self::One(name, _) | Self::Two(name, _) => name,
        }
    }

    /// Whether all lanes of the operands make one lane.
    fn gathers(self) -> bool {
        matches!(self, Self::Sum | Self::Mean | Self::Dot)
    }

    /// Whether a divisor may be zero; that of a mean is the number of lanes.
    fn divides(self) -> bool {
        matches!(self, Self::Div | Self::Rem | Self::Mean)
    }

    /// Of numbers, as a number. `None` where it is none, and of comparisons.
    fn of(self, args: &[Number]) -> Option<Number> {
        let half = || Number::integer(1).moved(-1);
        match (self, args) {
            (Self::Same, [a]) => Some(a.clone()),
            (Self::Whole | Self::Trunc, [a]) => a.truncated(),
            (Self::Add, [a, b]) => Some(a.plus(b)),
            (Self::Sub, [a, b]) => Some(a.minus(b)),
            (Self::Mul, [a, b]) => Some(a.times(b)),
            (Self::Div, [a, b]) => a.over(b),
            (Self::Rem, [a, b]) => Some(a.minus(&b.times(&a.over(b)?.truncated()?))),
            (Self::Neg, [a]) => Some(a.negated()),
            (Self::Abs, [a]) => Some(a.magnitude()),
            (Self::Up, [a, by]) => Some(a.moved(by.to_f64().min(512.0) as i64)),
            (Self::Down, [a, by]) => Some(a.moved(-(by.to_f64().min(512.0) as i64))),
            (Self::Floor, [a]) => a.floor(),
            (Self::Ceil, [a]) => Some(a.negated().floor()?.negated()),
            (Self::Round, [a]) => a.plus(&half()).floor(),
            (Self::RoundAway, [a]) => match a.is_negative() {
                true => a.negated().plus(&half()).floor().map(|x| x.negated()),
                false => a.plus(&half()).floor(),
            },
            (Self::Sqrt, [a]) => a.root(),
            (Self::MulAdd, [a, b, c]) => Some(a.times(b).plus(c)),
            (Self::One(_, f), [a]) => f(a),
            (Self::Two(_, f), [a, b]) => f(a, b),
            _ => None,
        }
    }

    /// The same of all lanes together.
    fn of_all(self, columns: &[Vec<Number>]) -> Option<Number> {
        let first = columns.first()?;
        let mut sum = Number::default();
        for (lane, a) in first.iter().enumerate() {
            sum = match self {
                Self::Dot => sum.plus(&a.times(columns.get(1)?.get(lane)?)),
                _ => sum.plus(a),
            };
        }
        match self {
            Self::Mean => sum.over(&Number::integer(first.len() as i128)),
            _ => Some(sum),
        }
    }
}

/// An operand's lanes while running.
pub struct Given<'m> {
    /// What is known of it.
    pub operand: &'m Operand,
    /// The lanes.
    pub lanes: Lanes,
}

impl Given<'_> {
    fn at(&self, lane: usize) -> usize {
        if self.lanes.len() == 1 { 0 } else { lane }
    }

    /// What the program has, as a real number.
    fn own(&self, lane: usize) -> Number {
        let word = self.lanes.get(self.at(lane)).copied().unwrap_or(0);
        let places = self.operand.places;
        held(self.operand.scalar, word, places)
            .unwrap_or_default()
            .moved(-unit(places))
    }

    /// Whether it is a number: floats may be infinite, or none.
    fn is_number(&self, lane: usize) -> bool {
        let word = self.lanes.get(self.at(lane)).copied().unwrap_or(0);
        held(self.operand.scalar, word, self.operand.places).is_some()
    }

    /// What it is in exact arithmetic, as a real number.
    fn exact(&self, lane: usize) -> Number {
        match &self.lanes.exact {
            Some(all) => {
                let number = all.get(self.at(lane)).cloned().unwrap_or_default();
                number.moved(-unit(self.operand.places))
            }
            None => self.own(lane),
        }
    }

    fn shown(&self, lane: usize) -> String {
        let word = self.lanes.get(self.at(lane)).copied().unwrap_or(0);
        form(self.operand.places).display(self.operand.scalar, word)
    }
}

/// The number of a word, in units of its last place; of a float as it is, if it is one.
pub fn held(scalar: Scalar, word: Word, places: u32) -> Option<Number> {
    match places {
        FLOAT => Number::float(scalar.width(), word),
        _ => Some(Number::word(scalar, word)),
    }
}

/// How far numbers are moved up to be in the units of their words.
fn unit(places: u32) -> i64 {
    if places == FLOAT {
        0
    } else {
        i64::from(places)
    }
}

fn form(places: u32) -> Form {
    if places == FLOAT {
        return Form::Float;
    }
    match u8::try_from(places) {
        Ok(places @ 1..) => Form::Fixed(places),
        _ => Form::Plain,
    }
}

/// What happened so far, by place, what, and operation.
pub type Events = SortedMap<(Span, What, &'static str), Event>;

impl Mark {
    /// The result of an operation, with what it is in exact arithmetic beside it; what happened is noted.
    pub fn settle(
        &self,
        args: &[Given<'_>],
        conditions: &[Given<'_>],
        result: Lanes,
        scalar: Scalar,
        events: &mut Events,
    ) -> Lanes {
        let differs = args.iter().any(|a| a.lanes.exact.is_some());
        if let Meaning::Compare(compare) = self.meaning {
            if differs {
                self.compared(compare, args, conditions, &result, events);
            }
            return result;
        }
        if !differs && self.fits(args, &result, scalar) {
            return result;
        }
        let places = self.places.unwrap_or(0);
        let up = unit(places);
        let mut all = Vec::with_capacity(result.len());
        let mut wrapped = false;
        for (lane, &word) in result.iter().enumerate() {
            let own = self
                .number(args, lane, |g, lane| g.own(lane))
                .map(|x| x.moved(up));
            let is_number = held(scalar, word, places).is_some();
            let held = held(scalar, word, places).unwrap_or_default();
            let numbers = match self.meaning.gathers() {
                true => args
                    .iter()
                    .all(|a| (0..a.lanes.len()).all(|lane| a.is_number(lane))),
                false => args.iter().all(|a| a.is_number(lane)),
            };
            // What follows from the infinite is what IEEE 754 says.
            if !numbers {
                all.push(held);
                continue;
            }
            let far = own.as_ref().is_some_and(|own| match places {
                FLOAT => !is_number,
                _ => is_outside(own, &held, scalar),
            });
            let no_divisor = own.is_none() && self.meaning.divides();
            if (far || no_divisor) && holds(conditions, lane) {
                let what = match no_divisor {
                    true => What::DividedByZero,
                    false => What::Wrapped,
                };
                self.note(what, args, lane, (scalar, word), own.as_ref(), events);
            }
            wrapped |= far;
            let exact = match differs {
                true => self
                    .number(args, lane, |g, lane| g.exact(lane))
                    .map(|x| x.moved(up)),
                false => own,
            };
            if matches!(self.meaning, Meaning::Whole)
                && exact.as_ref().is_some_and(|exact| *exact != held)
                && !far
                && holds(conditions, lane)
            {
                let what = What::DecidedOtherwise;
                self.note(what, args, lane, (scalar, word), exact.as_ref(), events);
            }
            all.push(exact.unwrap_or(held));
        }
        // An integer that wrapped is what its type says.
        let drops = wrapped || !differs || matches!(self.meaning, Meaning::Whole);
        match (self.places, drops) {
            (None, true) => Lanes {
                exact: None,
                ..result
            },
            (Some(FLOAT), _) => result.with_floats(Rc::new(all)),
            (Some(_), _) | (None, false) => result.with(Rc::new(all)),
        }
    }

    fn number(
        &self,
        args: &[Given<'_>],
        lane: usize,
        of: impl Fn(&Given<'_>, usize) -> Number,
    ) -> Option<Number> {
        let number = if self.meaning.gathers() {
            let column = |a: &Given<'_>| (0..a.lanes.len()).map(|lane| of(a, lane)).collect();
            let columns: Vec<Vec<Number>> = args.iter().map(column).collect();
            self.meaning.of_all(&columns)?
        } else {
            let numbers: Vec<Number> = args.iter().map(|a| of(a, lane)).collect();
            self.meaning.of(&numbers)?
        };
        match (self.places, self.meaning) {
            (None, Meaning::Div | Meaning::Down | Meaning::Mean) => number.truncated(),
            _ => Some(number),
        }
    }

    /// Whether surely nothing was rounded and nothing wrapped: the quick way for most operations.
    fn fits(&self, args: &[Given<'_>], result: &Lanes, scalar: Scalar) -> bool {
        let is_float = |a: &Given<'_>| a.operand.places == FLOAT;
        if self.places == Some(FLOAT) || args.iter().any(is_float) {
            return false;
        }
        let equal = args
            .iter()
            .all(|a| a.operand.places == self.places.unwrap_or(0) && a.operand.scalar == scalar);
        let lanes = |f: fn(i128, i128) -> Option<i128>| {
            result.iter().enumerate().all(|(lane, &word)| {
                let int = |a: &Given<'_>| {
                    let word = a.lanes.get(a.at(lane)).copied().unwrap_or(0);
                    integer(scalar, word)
                };
                let ints = (args.first().map(int), args.last().map(int));
                let (Some(Some(a)), Some(Some(b))) = ints else {
                    return false;
                };
                f(a, b).is_some_and(|found| Some(found) == integer(scalar, word))
            })
        };
        let whole = self.places.unwrap_or(0) == 0;
        match self.meaning {
            Meaning::Add if equal => lanes(i128::checked_add),
            Meaning::Sub if equal => lanes(i128::checked_sub),
            Meaning::Mul if equal && whole => lanes(i128::checked_mul),
            Meaning::Div if equal && self.places.is_none() => lanes(i128::checked_div),
            Meaning::Rem if equal && self.places.is_none() => lanes(i128::checked_rem),
            Meaning::Neg if equal => lanes(|a, _| a.checked_neg()),
            _ => false,
        }
    }

    fn compared(
        &self,
        compare: Compare,
        args: &[Given<'_>],
        conditions: &[Given<'_>],
        result: &Lanes,
        events: &mut Events,
    ) {
        let [a, b] = args else { return };
        for (lane, &word) in result.iter().enumerate() {
            if !a.is_number(lane) || !b.is_number(lane) {
                continue;
            }
            let holds_exactly = match a.exact(lane).cmp(&b.exact(lane)) {
                Ordering::Less => compare.holds[0],
                Ordering::Equal => compare.holds[1],
                Ordering::Greater => compare.holds[2],
            };
            if holds_exactly != (word == 1) && holds(conditions, lane) {
                let truth = Number::integer(i128::from(holds_exactly));
                let found = (Scalar::Bool, word);
                self.note(
                    What::DecidedOtherwise,
                    args,
                    lane,
                    found,
                    Some(&truth),
                    events,
                );
            }
        }
    }

    fn note(
        &self,
        what: What,
        args: &[Given<'_>],
        lane: usize,
        (scalar, word): (Scalar, Word),
        exact: Option<&Number>,
        events: &mut Events,
    ) {
        let operation = self.meaning.name();
        let places = self.places.unwrap_or(0);
        let event = (events.entry((self.span, what, operation))).or_insert_with(|| {
            let exact = exact.map(|x| match scalar {
                Scalar::Bool => (!x.is_zero()).to_string(),
                Scalar::Int { .. } if places == FLOAT => x.as_float(),
                Scalar::Int { .. } => x.moved(-i64::from(places)).text(40.min(places)),
            });
            let shown = |a: &Given<'_>| match (self.meaning.gathers(), a.lanes.len()) {
                (true, n) if n != 1 => format!("{n} numbers"),
                _ => a.shown(lane),
            };
            // Of a comparison the places are those of its operands.
            let (ty, result) = match scalar {
                Scalar::Bool => ("bool".to_owned(), (word == 1).to_string()),
                Scalar::Int { .. } => {
                    let form = form(places);
                    (form.name(scalar), form.display(scalar, word))
                }
            };
            Event {
                span: self.span,
                what,
                operation,
                ty,
                count: 0,
                operands: args.iter().map(shown).collect(),
                result,
                exact,
            }
        });
        event.count += 1;
    }
}

/// Whether a number, which a word should be, does not fit the word's type: it is outside, or so far from it as only wrapping moves
/// a number.
fn is_outside(own: &Number, held: &Number, scalar: Scalar) -> bool {
    let width = i64::from(scalar.width());
    let one = Number::integer(1);
    let (least, end) = match scalar.is_signed() {
        true => (one.moved(width - 1).negated(), one.moved(width - 1)),
        false => (Number::default(), one.moved(width)),
    };
    *own > end || *own < least.minus(&one) || own.minus(held).top() > (width - 1).max(1)
}

/// The integer that a word is, if it is below 2^127.
fn integer(scalar: Scalar, word: Word) -> Option<i128> {
    match scalar.is_signed() {
        true => Some(scalar.extend(word) as i128),
        false => i128::try_from(scalar.wrap(word)).ok(),
    }
}

/// Whether all conditions hold in a lane; of those that have other lanes it is not known.
fn holds(conditions: &[Given<'_>], lane: usize) -> bool {
    conditions.iter().all(|c| {
        let word = c.lanes.get(c.at(lane)).copied().unwrap_or(1);
        word == 1
    })
}
