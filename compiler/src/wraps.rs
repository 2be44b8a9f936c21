//! Where declared ranges let a number leave its type: the warning that says so, with the ranges that lead there.
//!
//! It needs no session, so it follows only what the source alone says: values that `main` is given, through elements, fields, loops over
//! them, variables that do not change, and functions without type parameters. Of all else nothing is known, and nothing is said; nor of
//! what stands under a condition about the same variables, which may keep them from it. A variable that a loop adds to is followed where
//! few additions, or those of a loop whose length the source says, leave its type.
//!
//! A secret index beyond an array's end, which reads zero and writes nothing, is found in the same way.

use crate::diagnostic;
use crate::diagnostic::Diagnostic;
use crate::hir::effects::{Effects, mentioned_parts};
use crate::hir::{
    BinaryOp, Builtin, Expr, ExprKind as E, Fn, GenericArg, Hir, Len, LocalId, Place, PlaceStep,
    Range, Stmt, Type, UnaryOp, ValueRange,
};
use crate::library;
use crate::span::Span;
use smpcc_circuit::decimal::fixed_text;
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::value::{Integer, Scalar, Word};

/// Deepest nesting that is followed.
const MAX_DEPTH: u32 = 400;

/// Most calls that are followed.
const MAX_CALLS: u32 = 1000;

/// Most declared ranges that a warning shows.
const MAX_SHOWN: usize = 3;

/// How many rows and how many parties are taken to be usual, where a loop's length is only known when the program runs.
const ROWS: u64 = 1000;
const PARTIES: u64 = 3;

/// The warnings of a program without errors.
pub fn warnings(hir: &Hir) -> Vec<Diagnostic> {
    let Some(main) = &hir.main else {
        return Vec::new();
    };
    let Some(function) = hir.fns.get(main.function.index()) else {
        return Vec::new();
    };
    let mut walk = Walk {
        hir,
        function,
        values: vec![Value::Unknown; function.locals.len()],
        kept: SortedSet::new(),
        loops: Vec::new(),
        sums: vec![None; function.locals.len()],
        under_equality: false,
        said: SortedSet::new(),
        calls: MAX_CALLS,
        out: Vec::new(),
    };
    for param in &main.params {
        let given = Given {
            range: param.range,
            name: param.name.clone(),
            place: param.span,
        };
        walk.bind(param.local, Value::Given(given));
    }
    walk.value(&function.body, 0);
    walk.out
}

/// What is known of a value.
#[derive(Clone, Debug)]
enum Value {
    /// Nothing.
    Unknown,
    /// It is a part of what `main` is given.
    Given(Given),
    /// All numbers in it are in a range.
    Numbers(Numbers),
}

/// A part of what `main` is given.
#[derive(Clone, Debug)]
struct Given {
    /// What is declared of its numbers.
    range: Option<ValueRange>,
    /// What it is called there.
    name: String,
    place: Span,
}

#[derive(Clone, Debug)]
struct Numbers {
    range: Range,
    /// The declarations that it follows from; none of what the source says.
    from: Vec<(Span, String)>,
}

/// A type of numbers: its scalar, and of fixed-point numbers the bits behind the point.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Numeric {
    scalar: Scalar,
    frac: Option<u8>,
}

impl Numeric {
    fn of(ty: &Type) -> Option<Self> {
        match ty {
            Type::Scalar(scalar @ Scalar::Int { .. }, _) => Some(Self {
                scalar: *scalar,
                frac: None,
            }),
            Type::Usize => Some(Self {
                scalar: Scalar::USIZE,
                frac: None,
            }),
            Type::Real(real, _) => real.fixed().map(|(width, frac)| Self {
                scalar: Scalar::signed(width),
                frac: Some(frac),
            }),
            _ => None,
        }
    }

    fn holds(self, range: Range) -> bool {
        let (width, signed) = (self.scalar.width(), self.scalar.is_signed());
        match signed {
            true if width == 128 => true,
            true => -(1i128 << (width - 1)) <= range.lo && range.hi < 1i128 << (width - 1),
            false => range.lo >= 0 && (width >= 127 || range.hi < 1i128 << width),
        }
    }

    fn name(self) -> String {
        match self.frac {
            Some(frac) => format!("fixed<{}, {frac}>", self.scalar.width()),
            None => self.scalar.to_string(),
        }
    }

    fn shown(self, value: i128) -> String {
        match self.frac {
            // Sums may have left the type: they are shown in the widest.
            Some(frac) => fixed_text(value as Word, 128, u32::from(frac)),
            None => value.to_string(),
        }
    }

    /// A type like it that holds a range.
    fn wider(self, range: Range) -> Option<String> {
        let signed = range.lo < 0 || self.scalar.is_signed();
        [16u8, 32, 64, 128].into_iter().find_map(|width| {
            let scalar = match signed {
                true => Scalar::signed(width),
                false => Scalar::unsigned(width),
            };
            let wider = Self { scalar, ..self };
            (wider.holds(range) && width > self.frac.unwrap_or(0)).then(|| wider.name())
        })
    }
}

struct Walk<'a> {
    hir: &'a Hir,
    function: &'a Fn,
    values: Vec<Value>,
    /// Fields of variables, and variables that sums are in, that a condition around is about.
    kept: SortedSet<(LocalId, Option<u32>)>,
    /// How often each loop around runs, where that is known or usual.
    loops: Vec<Option<u64>>,
    /// In how many loops a variable is declared that may be added to.
    sums: Vec<Option<usize>>,
    /// Whether a condition around may hold only once of a loop: it compares two values.
    under_equality: bool,
    said: SortedSet<Span>,
    calls: u32,
    out: Vec<Diagnostic>,
}

impl<'a> Walk<'a> {
    fn bind(&mut self, local: LocalId, value: Value) {
        if let Some(slot) = self.values.get_mut(local.index()) {
            *slot = value;
        }
    }

    /// What is known of an expression; warns of what is in it.
    fn value(&mut self, e: &'a Expr, depth: u32) -> Value {
        if depth > MAX_DEPTH {
            return Value::Unknown;
        }
        let depth = depth + 1;
        let value = match &e.kind {
            E::Lit(word) => match Numeric::of(&e.ty) {
                Some(numeric) => exact(Integer::of(numeric.scalar, *word)),
                None => Value::Unknown,
            },
            E::Const(id) => {
                let value = self.hir.consts.get(id.index()).map(|c| &c.value);
                match value {
                    Some(value) if matches!(value.kind, E::Lit(_)) => self.value(value, depth),
                    _ => Value::Unknown,
                }
            }
            E::Local(id) => self
                .values
                .get(id.index())
                .cloned()
                .unwrap_or(Value::Unknown),
            E::Field(base, at) => self.field(base, *at, depth),
            E::Index(base, index) => {
                let value = self.value(base, depth);
                let at = self.value(index, depth);
                self.index(&base.ty, index, at);
                value
            }
            E::Slice { array, lo, hi, .. } => {
                let value = self.value(array, depth);
                for bound in [lo, hi].into_iter().flatten() {
                    self.value(bound, depth);
                }
                value
            }
            E::Reveal(inner) | E::MakeSecret(inner) | E::Within(_, inner) => {
                self.value(inner, depth)
            }
            E::Unary(op, inner) => {
                let value = self.value(inner, depth);
                match (op, value, Numeric::of(&e.ty)) {
                    (UnaryOp::Neg, Value::Numbers(numbers), Some(numeric)) => {
                        let range = numbers
                            .range
                            .lo
                            .checked_neg()
                            .zip(numbers.range.hi.checked_neg());
                        let range = range.map(|(hi, lo)| Range { lo, hi });
                        self.number(e, numeric, range, numbers.from)
                    }
                    _ => Value::Unknown,
                }
            }
            E::Binary(op, a, b) => {
                let (left, right) = (self.value(a, depth), self.value(b, depth));
                self.binary(e, *op, left, right)
            }
            E::Cast(inner) => {
                let value = self.value(inner, depth);
                self.cast(e, inner, value)
            }
            E::LogicalAnd(a, b) | E::LogicalOr(a, b) => {
                self.value(a, depth);
                self.under(a, |walk| walk.value(b, depth));
                Value::Unknown
            }
            E::If {
                cond,
                then,
                otherwise,
            } => {
                self.value(cond, depth);
                self.under(cond, |walk| {
                    let then = walk.value(then, depth);
                    let otherwise = match otherwise {
                        Some(otherwise) => walk.value(otherwise, depth),
                        None => Value::Unknown,
                    };
                    match (then, otherwise) {
                        (Value::Numbers(a), Value::Numbers(b)) => Value::Numbers(joined(a, b)),
                        _ => Value::Unknown,
                    }
                })
            }
            E::Block(stmts, tail) => {
                for stmt in stmts {
                    self.stmt(stmt, depth);
                }
                match tail {
                    Some(tail) => self.value(tail, depth),
                    None => Value::Unknown,
                }
            }
            E::Builtin(builtin, args) => self.builtin(e, *builtin, args, depth),
            E::Call {
                function,
                generics,
                args,
            } => {
                let values: Vec<Value> = args.iter().map(|arg| self.value(arg, depth)).collect();
                let callee = self.hir.fns.get(function.index());
                if let Some(callee) = callee.filter(|f| library::owns(f.span.file)) {
                    return self.library(e, callee, generics, args, &values);
                }
                match callee {
                    Some(callee) if generics.is_empty() => self.call(callee, values, depth),
                    _ => Value::Unknown,
                }
            }
            E::Closure { body, .. } => {
                self.value(body, depth);
                Value::Unknown
            }
            E::Array(items) | E::Tuple(items) | E::Struct(items) => {
                for item in items {
                    self.value(item, depth);
                }
                Value::Unknown
            }
            E::Repeat(item, n) => {
                self.value(n, depth);
                self.value(item, depth)
            }
            E::CallValue(callee, args) => {
                self.value(callee, depth);
                for arg in args {
                    self.value(arg, depth);
                }
                Value::Unknown
            }
            E::Assert(inner, _) => {
                self.value(inner, depth);
                Value::Unknown
            }
            E::Return(inner) => {
                if let Some(inner) = inner {
                    self.value(inner, depth);
                }
                Value::Unknown
            }
            E::Decimal(_)
            | E::Zero
            | E::ConstParam(_)
            | E::Limit(..)
            | E::Circuit(_)
            | E::FnValue(_)
            | E::Break
            | E::Continue => Value::Unknown,
        };
        self.settled(value, &e.ty)
    }

    /// Where a number that is given is reached, its range.
    fn settled(&self, value: Value, ty: &Type) -> Value {
        let (Value::Given(given), Some(numeric)) = (&value, Numeric::of(ty)) else {
            return value;
        };
        let Some(range) = given.range.and_then(ValueRange::interval) else {
            return Value::Unknown;
        };
        let said = format!(
            "`{}` is in {}..={}",
            given.name,
            numeric.shown(range.lo),
            numeric.shown(range.hi)
        );
        Value::Numbers(Numbers {
            range,
            from: vec![(given.place, said)],
        })
    }

    fn field(&mut self, base: &'a Expr, at: u32, depth: u32) -> Value {
        let value = self.value(base, depth);
        if let E::Local(of) = &base.kind
            && self.kept.contains(&(*of, Some(at)))
        {
            return Value::Unknown;
        }
        let Value::Given(given) = value else {
            return Value::Unknown;
        };
        match &base.ty {
            Type::Struct { id, .. } => match self.hir.structs.get(id.index()) {
                Some(of) if !of.is_enum() => match of.fields.get(at as usize) {
                    Some(field) => Value::Given(Given {
                        range: field.range,
                        name: field.name.clone(),
                        place: field.span,
                    }),
                    None => Value::Unknown,
                },
                _ => Value::Unknown,
            },
            Type::Tuple(_) => Value::Given(given),
            _ => Value::Unknown,
        }
    }

    /// Something that happens under a condition: of what the condition is about nothing is known there.
    fn under<R>(&mut self, cond: &Expr, then: impl FnOnce(&mut Self) -> R) -> R {
        let before = (self.values.clone(), self.kept.clone(), self.under_equality);
        for (local, field) in mentioned_parts(cond) {
            self.kept.insert((local, field));
            if field.is_none() {
                self.bind(local, Value::Unknown);
            }
        }
        self.under_equality |= compares(cond, 0);
        let result = then(self);
        (self.values, self.kept, self.under_equality) = before;
        result
    }

    /// The body of a loop that runs so often, if that is known.
    fn repeated(&mut self, times: Option<u64>, body: &'a Expr, depth: u32) {
        let effects = Effects::of(body);
        let times = times.filter(|_| !effects.exits());
        for local in effects.replaced {
            if let Some(slot) = self.sums.get_mut(local.index()) {
                *slot = None;
            }
        }
        self.loops.push(times);
        self.value(body, depth);
        self.loops.pop();
    }

    /// A variable that a loop adds to.
    fn summed(&mut self, place: &Place, e: &Expr, value: &Expr, added: &Value) {
        let (Value::Numbers(added), Some(numeric)) = (added, Numeric::of(&value.ty)) else {
            return;
        };
        let declared = self.sums.get(place.local.index()).copied().flatten();
        let inner = declared.and_then(|loops| self.loops.get(loops..));
        let Some(inner) = inner.filter(|inner| !inner.is_empty()) else {
            return;
        };
        let times = inner
            .iter()
            .try_fold(1u64, |n, times| n.checked_mul((*times)?));
        if self.under_equality || self.kept.contains(&(place.local, None)) {
            return;
        }
        let Some(times) = times.filter(|times| *times > 1) else {
            return;
        };
        let of = |bound: i128| bound.checked_mul(i128::from(times));
        let Some((lo, hi)) = of(added.range.lo.min(0)).zip(of(added.range.hi.max(0))) else {
            return;
        };
        let range = Range { lo, hi };
        if numeric.holds(range) {
            return;
        }
        if added.from.is_empty() || library::owns(e.span.file) || !self.said.insert(e.span) {
            return;
        }
        let name = self.function.locals.get(place.local.index());
        let name = name.map_or("", |local| &local.name);
        let one = match added.range.hi >= added.range.lo.saturating_neg() {
            true => added.range.hi,
            false => added.range.lo,
        };
        let mut warning = diagnostic!(
            W0004,
            e.span,
            "what the loop adds to `{name}` can leave `{}`",
            numeric.name()
        )
        .here(format!("adds up to {} each time", numeric.shown(one)));
        for (at, said) in &added.from {
            warning = warning.because(*at, said.clone());
        }
        let help = match numeric.wider(range) {
            Some(wider) => format!("declare `{name}` as `{wider}`, and add `… as {wider}`"),
            None => "declare narrower ranges".to_owned(),
        };
        self.out.push(warning.help(help));
    }

    /// A secret index that its declared range lets be beyond the end.
    fn index(&mut self, array: &Type, index: &Expr, at: Value) {
        let (Value::Numbers(at), Type::Array(_, Len::Const(n))) = (at, array) else {
            return;
        };
        if matches!(index.ty, Type::Scalar(_, true)) && at.range.hi >= i128::from(*n) {
            self.beyond(
                index.span,
                *n,
                at,
                "this index",
                "reads zero and writes nothing",
            );
        }
    }

    fn beyond(&mut self, place: Span, n: u64, at: Numbers, what: &str, does: &str) {
        if at.from.is_empty() || library::owns(place.file) || !self.said.insert(place) {
            return;
        }
        let last = match n.checked_sub(1) {
            Some(last) => format!("the last of {n} places is {last}"),
            None => "there are no places".to_owned(),
        };
        let mut warning = diagnostic!(W0004, place, "{what} can be beyond the end: {last}")
            .here(format!("{} to {}", at.range.lo, at.range.hi));
        for (span, said) in at.from {
            warning = warning.because(span, said);
        }
        let help = match at.range.lo > 0 && at.range.hi - at.range.lo < i128::from(n) {
            true => format!("subtract {}: places are counted from 0", at.range.lo),
            false => format!(
                "what is beyond the end {does}: make the array {} long, or keep the number below",
                at.range.hi.saturating_add(1)
            ),
        };
        self.out.push(warning.help(help));
    }

    /// What is known of what a function of the library gives.
    fn library(
        &mut self,
        e: &Expr,
        callee: &Fn,
        generics: &[GenericArg],
        args: &[Expr],
        values: &[Value],
    ) -> Value {
        let (lo, hi) = match callee.name.as_str() {
            "std::date::month" => (1, 12),
            "std::date::day" => (1, 31),
            "std::date::weekday" => (1, 7),
            "std::date::hour" => (0, 23),
            "std::date::minute" | "std::date::second" => (0, 59),
            "std::stats::tally" => {
                if let (Some(GenericArg::Len(Len::Const(n))), [xs], [Value::Numbers(at)]) =
                    (generics.last(), args, values)
                    && at.range.hi >= i128::from(*n)
                {
                    self.beyond(xs.span, *n, at.clone(), "a number", "is not counted");
                }
                return Value::Unknown;
            }
            _ => return Value::Unknown,
        };
        let name = callee.name.rsplit("::").next().unwrap_or_default();
        let said = format!("`{name}` gives {lo} to {hi}");
        Value::Numbers(Numbers {
            range: Range { lo, hi },
            from: vec![(e.span, said)],
        })
    }

    fn stmt(&mut self, stmt: &'a Stmt, depth: u32) {
        match stmt {
            Stmt::Let(local, Some(e)) => {
                let value = self.value(e, depth);
                let stays = self
                    .function
                    .locals
                    .get(local.index())
                    .is_some_and(|l| !l.mutable);
                self.bind(*local, if stays { value } else { Value::Unknown });
                if let Some(slot) = self.sums.get_mut(local.index()) {
                    *slot = (!stays).then_some(self.loops.len());
                }
            }
            Stmt::Let(_, None) => {}
            Stmt::Assign(place, e, _) => {
                match added(place, e) {
                    Some(more) => {
                        let value = self.value(more, depth);
                        self.summed(place, e, more, &value);
                    }
                    None => {
                        self.value(e, depth);
                    }
                }
                let local = self.function.locals.get(place.local.index());
                let mut ty = local.map(|local| &local.ty);
                for step in &place.steps {
                    if let PlaceStep::Index(index) = step {
                        let at = self.value(index, depth);
                        if let Some(of) = ty {
                            self.index(of, index, at);
                        }
                    }
                    ty = match (ty, step) {
                        (Some(Type::Array(of, _)), PlaceStep::Index(_)) => Some(&**of),
                        (Some(Type::Tuple(parts)), PlaceStep::Field(at)) => parts.get(*at as usize),
                        _ => None,
                    };
                }
            }
            Stmt::Expr(e) => {
                self.value(e, depth);
            }
            Stmt::ForRange {
                var,
                lo,
                hi,
                inclusive,
                body,
                ..
            } => {
                let (lo, hi) = (self.value(lo, depth), self.value(hi, depth));
                let times = match (&lo, &hi) {
                    (Value::Numbers(lo), Value::Numbers(hi)) => {
                        let n = hi.range.hi.checked_sub(lo.range.lo);
                        let n = n.and_then(|n| n.checked_add(i128::from(*inclusive)));
                        n.and_then(|n| u64::try_from(n).ok())
                    }
                    _ => None,
                };
                let value = match (lo, hi) {
                    (Value::Numbers(lo), Value::Numbers(hi)) if lo.range.lo < hi.range.hi => {
                        let last = hi.range.hi - i128::from(!inclusive);
                        let range = Range {
                            lo: lo.range.lo,
                            hi: last,
                        };
                        let from = both(&lo.from, &hi.from);
                        Value::Numbers(Numbers { range, from })
                    }
                    _ => Value::Unknown,
                };
                self.bind(*var, value);
                self.repeated(times, body, depth);
            }
            Stmt::ForEach {
                var, array, body, ..
            } => {
                let value = self.value(array, depth);
                self.bind(*var, value);
                if let Some(local) = self.function.locals.get(var.index()) {
                    let settled = self.values.get(var.index()).cloned();
                    let settled = self.settled(settled.unwrap_or(Value::Unknown), &local.ty);
                    self.bind(*var, settled);
                }
                let times = match &array.ty {
                    Type::Array(_, Len::Const(n)) => Some(*n),
                    Type::Array(_, Len::Parties(_)) | Type::Ragged(..) => Some(PARTIES),
                    Type::Array(_, Len::Session) => Some(ROWS),
                    _ => None,
                };
                self.repeated(times, body, depth);
            }
            Stmt::While { cond, body, .. } => {
                self.value(cond, depth);
                self.under(cond, |walk| walk.repeated(None, body, depth));
            }
        }
    }

    fn builtin(&mut self, e: &'a Expr, builtin: Builtin, args: &'a [Expr], depth: u32) -> Value {
        if let (Builtin::Map, [xs, closure]) = (builtin, args)
            && let E::Closure { params, body } = &closure.kind
            && let [param] = params.as_slice()
        {
            let value = self.value(xs, depth);
            let ty = self.function.locals.get(param.index()).map(|l| &l.ty);
            let value = match ty {
                Some(ty) => self.settled(value, ty),
                None => Value::Unknown,
            };
            self.bind(*param, value);
            return match self.value(body, depth) {
                numbers @ Value::Numbers(_) => numbers,
                _ => Value::Unknown,
            };
        }
        let values: Vec<Value> = args.iter().map(|arg| self.value(arg, depth)).collect();
        match (builtin, values.as_slice()) {
            (
                Builtin::Flatten
                | Builtin::Rev
                | Builtin::StepBy
                | Builtin::Chunks
                | Builtin::Windows,
                [xs, ..],
            ) => xs.clone(),
            (Builtin::Concat, [Value::Numbers(a), Value::Numbers(b)]) => {
                Value::Numbers(joined(a.clone(), b.clone()))
            }
            (Builtin::Min | Builtin::Max, [Value::Numbers(a), Value::Numbers(b)])
                if Numeric::of(&e.ty).is_some() =>
            {
                let of = |x: i128, y: i128| match builtin {
                    Builtin::Min => x.min(y),
                    _ => x.max(y),
                };
                let range = Range {
                    lo: of(a.range.lo, b.range.lo),
                    hi: of(a.range.hi, b.range.hi),
                };
                Value::Numbers(Numbers {
                    range,
                    from: both(&a.from, &b.from),
                })
            }
            _ => Value::Unknown,
        }
    }

    fn call(&mut self, callee: &'a Fn, values: Vec<Value>, depth: u32) -> Value {
        if library::owns(callee.span.file) || self.calls == 0 {
            return Value::Unknown;
        }
        self.calls -= 1;
        let function = std::mem::replace(&mut self.function, callee);
        let mut own = vec![Value::Unknown; callee.locals.len()];
        for (slot, (value, local)) in own.iter_mut().zip(values.into_iter().zip(&callee.locals)) {
            if !local.mutable {
                *slot = value;
            }
        }
        let before = std::mem::replace(&mut self.values, own);
        let kept = std::mem::take(&mut self.kept);
        let loops = std::mem::take(&mut self.loops);
        let sums = std::mem::replace(&mut self.sums, vec![None; callee.locals.len()]);
        let under = std::mem::replace(&mut self.under_equality, false);
        let value = self.value(&callee.body, depth);
        self.values = before;
        (self.kept, self.loops, self.sums, self.under_equality) = (kept, loops, sums, under);
        self.function = function;
        value
    }

    fn binary(&mut self, e: &Expr, op: BinaryOp, a: Value, b: Value) -> Value {
        let (Value::Numbers(a), Value::Numbers(b), Some(numeric)) = (a, b, Numeric::of(&e.ty))
        else {
            return Value::Unknown;
        };
        let from = both(&a.from, &b.from);
        let (x, y) = (a.range, b.range);
        let corners = |of: &dyn std::ops::Fn(i128, i128) -> Option<i128>| {
            let all = [
                of(x.lo, y.lo),
                of(x.lo, y.hi),
                of(x.hi, y.lo),
                of(x.hi, y.hi),
            ];
            let all: Option<Vec<i128>> = all.into_iter().collect();
            let all = all?;
            Some(Range {
                lo: *all.iter().min()?,
                hi: *all.iter().max()?,
            })
        };
        let whole = numeric.frac.is_none();
        let frac = u32::from(numeric.frac.unwrap_or(0));
        let range = match op {
            BinaryOp::Add => corners(&i128::checked_add),
            BinaryOp::Sub => corners(&i128::checked_sub),
            BinaryOp::Mul => corners(&|x, y| Some(scaled(x.checked_mul(y)?, frac))),
            BinaryOp::Div if whole && y.lo > 0 => corners(&i128::checked_div),
            BinaryOp::Rem if whole && y.lo > 0 && x.lo >= 0 => Some(Range {
                lo: 0,
                hi: x.hi.min(y.hi - 1),
            }),
            _ => return Value::Unknown,
        };
        self.number(e, numeric, range, from)
    }

    /// A number of a type, if it is one: else a warning. (`None` is more than any type has.)
    fn number(
        &mut self,
        e: &Expr,
        numeric: Numeric,
        range: Option<Range>,
        from: Vec<(Span, String)>,
    ) -> Value {
        let Some(range) = range else {
            return Value::Unknown;
        };
        if numeric.holds(range) {
            return Value::Numbers(Numbers { range, from });
        }
        let help = match numeric.wider(range) {
            Some(wider) => format!(
                "compute in a type that holds it, with `as {wider}` on both sides, or declare narrower ranges"
            ),
            None => "declare narrower ranges".to_owned(),
        };
        self.warn(e.span, numeric, range, from, "this", help);
        Value::Unknown
    }

    fn cast(&mut self, e: &Expr, inner: &Expr, value: Value) -> Value {
        let (Value::Numbers(numbers), Some(to), Some(was)) =
            (value, Numeric::of(&e.ty), Numeric::of(&inner.ty))
        else {
            return Value::Unknown;
        };
        let (after, before) = (to.frac.unwrap_or(0), was.frac.unwrap_or(0));
        let converted = |bound: i128| match after.checked_sub(before) {
            Some(more) => bound.checked_mul(1i128.checked_shl(more.into()).filter(|x| *x > 0)?),
            None => Some(scaled(bound, u32::from(before - after))),
        };
        let (Some(lo), Some(hi)) = (converted(numbers.range.lo), converted(numbers.range.hi))
        else {
            return Value::Unknown;
        };
        let range = Range { lo, hi };
        if to.holds(range) {
            return Value::Numbers(Numbers { range, ..numbers });
        }
        let help = match to.wider(range) {
            Some(wider) => format!("write `as {wider}`, or declare narrower ranges"),
            None => "declare narrower ranges".to_owned(),
        };
        self.warn(e.span, to, range, numbers.from, "what is converted", help);
        Value::Unknown
    }

    fn warn(
        &mut self,
        place: Span,
        numeric: Numeric,
        range: Range,
        from: Vec<(Span, String)>,
        what: &str,
        help: String,
    ) {
        if from.is_empty() || library::owns(place.file) || !self.said.insert(place) {
            return;
        }
        let mut warning = diagnostic!(W0004, place, "{what} can leave `{}`", numeric.name()).here(
            format!("{} to {}", numeric.shown(range.lo), numeric.shown(range.hi)),
        );
        for (at, said) in from {
            warning = warning.because(at, said);
        }
        self.out.push(warning.help(help));
    }
}

/// What an assignment adds to its variable: `x` of `n += x`.
fn added<'a>(place: &Place, e: &'a Expr) -> Option<&'a Expr> {
    match &e.kind {
        E::Binary(BinaryOp::Add, a, b) if place.steps.is_empty() => match (&a.kind, &b.kind) {
            (E::Local(id), _) if *id == place.local => Some(b),
            (_, E::Local(id)) if *id == place.local => Some(a),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a condition compares two values that are not constants: it may single out one of many.
fn compares(cond: &Expr, depth: u32) -> bool {
    if depth > MAX_DEPTH {
        return true;
    }
    let plain = |e: &Expr| matches!(e.kind, E::Lit(_) | E::Const(_) | E::Zero);
    match &cond.kind {
        E::Local(_) | E::Field(..) | E::Lit(_) => false,
        E::Binary(_, a, b) => !(plain(a) || plain(b)),
        E::LogicalAnd(a, b) | E::LogicalOr(a, b) => {
            compares(a, depth + 1) || compares(b, depth + 1)
        }
        E::Unary(_, a) | E::Reveal(a) => compares(a, depth + 1),
        _ => true,
    }
}

/// Without so many bits behind the point, toward zero.
fn scaled(value: i128, frac: u32) -> i128 {
    match 1i128.checked_shl(frac) {
        Some(one) if one > 0 => value / one,
        _ => 0,
    }
}

fn exact(value: Integer) -> Value {
    match value.to_i128() {
        Some(value) => Value::Numbers(Numbers {
            range: Range {
                lo: value,
                hi: value,
            },
            from: Vec::new(),
        }),
        None => Value::Unknown,
    }
}

fn joined(a: Numbers, b: Numbers) -> Numbers {
    Numbers {
        range: Range {
            lo: a.range.lo.min(b.range.lo),
            hi: a.range.hi.max(b.range.hi),
        },
        from: both(&a.from, &b.from),
    }
}

/// The declarations of both, each once.
fn both(a: &[(Span, String)], b: &[(Span, String)]) -> Vec<(Span, String)> {
    let mut all = a.to_vec();
    for one in b {
        if !all.contains(one) && all.len() < MAX_SHOWN {
            all.push(one.clone());
        }
    }
    all
}
