//! What a drawn program means: a walk over its syntax with integers, written from the language's reference and from nothing
//! of the compiler.

use super::program::{Arm, Expr, Fun, Is, Like, One, Pat, Place, Program, Step, Stmt, Two, Ty};
use super::real;

/// A value: a number, or parts. An enum's are its variant's number and what that holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Val {
    Word(i128),
    Parts(Vec<Val>),
}

impl Val {
    fn word(&self) -> i128 {
        match self {
            Self::Word(word) => *word,
            Self::Parts(_) => unreachable!("a number"),
        }
    }

    fn parts(&self) -> &[Self] {
        match self {
            Self::Parts(parts) => parts,
            Self::Word(_) => unreachable!("parts"),
        }
    }

    /// All numbers in order.
    pub fn words(&self, out: &mut Vec<i128>) {
        match self {
            Self::Word(word) => out.push(*word),
            Self::Parts(parts) => parts.iter().for_each(|part| part.words(out)),
        }
    }
}

/// The run stops: an assertion, or a public index out of range.
#[derive(Debug)]
pub struct Stopped;

enum Flow {
    On,
    Break,
    Continue,
    Return(Val),
}

/// The integer that a pattern of `width` bits stands for.
pub fn wrap(word: i128, ty: &Ty) -> i128 {
    let (width, signed) = ty.shape();
    let low = word & ((1i128 << width) - 1);
    if signed && low >> (width - 1) & 1 == 1 {
        low - (1i128 << width)
    } else {
        low
    }
}

/// All zeros.
pub fn zero(ty: &Ty, program: &Program) -> Val {
    match ty {
        ty if ty.is_scalar() => Val::Word(0),
        Ty::Array(of, n) => Val::Parts(vec![zero(of, program); *n]),
        Ty::Tuple(parts) => Val::Parts(parts.iter().map(|ty| zero(ty, program)).collect()),
        Ty::Struct(id) => {
            let fields = program.structs[*id].iter();
            Val::Parts(fields.map(|ty| zero(ty, program)).collect())
        }
        Ty::Enum(id) => {
            let held = program.enums[*id][0].iter().map(|ty| zero(ty, program));
            Val::Parts(std::iter::once(Val::Word(0)).chain(held).collect())
        }
        Ty::Option(_) => Val::Parts(vec![Val::Word(0)]),
        _ => unreachable!("a scalar"),
    }
}

/// The value with the order that its parts have in it.
fn keyed(value: &Val, ty: &Ty, program: &Program) -> Val {
    let all = |parts: &[Val], types: &[Ty]| -> Vec<Val> {
        let pairs = parts.iter().zip(types);
        pairs.map(|(part, ty)| keyed(part, ty, program)).collect()
    };
    match (ty, value) {
        (Ty::Float, Val::Word(word)) => Val::Word(real::key(*word)),
        (_, Val::Word(word)) => Val::Word(*word),
        (Ty::Array(of, n), Val::Parts(parts)) => Val::Parts(all(parts, &vec![(**of).clone(); *n])),
        (Ty::Tuple(types), Val::Parts(parts)) => Val::Parts(all(parts, types)),
        (Ty::Struct(id), Val::Parts(parts)) => Val::Parts(all(parts, &program.structs[*id])),
        (Ty::Enum(id), Val::Parts(parts)) => {
            let held = all(&parts[1..], &program.enums[*id][parts[0].word() as usize]);
            Val::Parts(std::iter::once(parts[0].clone()).chain(held).collect())
        }
        (Ty::Option(of), Val::Parts(parts)) => {
            let held = all(&parts[1..], std::slice::from_ref(&**of));
            Val::Parts(std::iter::once(parts[0].clone()).chain(held).collect())
        }
        (_, parts) => parts.clone(),
    }
}

/// `a op b` of numbers of any kind.
fn number(op: Two, a: i128, b: i128, ty: &Ty, to: &Ty) -> i128 {
    if ty.is_real() {
        real::two(op, a, b, ty)
    } else {
        two(op, a, b, ty, to)
    }
}

struct Machine<'a> {
    program: &'a Program,
    vars: Vec<Val>,
    may_stop: bool,
}

/// What `main` gives; and whether a run may stop all the same, in something that counts only under a secret condition that
/// does not hold: who sees in the source that it never does need not compute it.
pub fn run(program: &Program) -> (Result<Val, Stopped>, bool) {
    let mut machine = Machine {
        program,
        vars: vec![Val::Word(0); program.n_vars],
        may_stop: false,
    };
    for (v, ty, _, words) in &program.inputs {
        machine.vars[*v] = match ty {
            Ty::Array(..) => Val::Parts(words.iter().map(|&w| Val::Word(w)).collect()),
            _ => Val::Word(words[0]),
        };
    }
    let value = machine.body(&program.main);
    (value, machine.may_stop)
}

impl Machine<'_> {
    fn body(&mut self, fun: &Fun) -> Result<Val, Stopped> {
        match self.stmts(&fun.body)? {
            Flow::Return(value) => Ok(value),
            _ => self.expr(&fun.last),
        }
    }

    fn stmts(&mut self, stmts: &[Stmt]) -> Result<Flow, Stopped> {
        for stmt in stmts {
            match self.stmt(stmt)? {
                Flow::On => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::On)
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result<Flow, Stopped> {
        match stmt {
            Stmt::Let(v, _, _, e) => self.vars[*v] = self.expr(e)?,
            Stmt::Set(place, e) => {
                let value = self.expr(e)?;
                self.set(place, value)?;
            }
            Stmt::Update(op, place, e) => {
                let right = self.expr(e)?.word();
                let left = self.place(place)?.word();
                let value = Val::Word(number(*op, left, right, &e.ty, &e.ty));
                self.set(place, value)?;
            }
            Stmt::If(c, a, b) => return self.branch(c, a, b),
            Stmt::Match(value, arms) => {
                let taken = self.chosen(value, arms, |m, body| m.stmts(body).map(drop))?;
                let flow = self.stmts(&arms[taken].body)?;
                // Nothing leaves from under a secret, which a guard of a later arm is not above.
                let asked = &arms[..=taken];
                let guards = || asked.iter().filter_map(|arm| arm.guard.as_ref());
                if !value.secret && !guards().any(|guard| guard.secret) {
                    return Ok(flow);
                }
            }
            Stmt::Count(v, lo, hi, inclusive, body) => {
                let (lo, hi) = (self.expr(lo)?.word(), self.expr(hi)?.word());
                for i in lo..hi + i128::from(*inclusive) {
                    self.vars[*v] = Val::Word(i);
                    match self.stmts(body)? {
                        Flow::On | Flow::Continue => {}
                        Flow::Break => break,
                        back @ Flow::Return(_) => return Ok(back),
                    }
                }
            }
            Stmt::Each(v, of, body) => {
                for x in self.expr(of)?.parts().to_vec() {
                    self.vars[*v] = x;
                    match self.stmts(body)? {
                        Flow::On | Flow::Continue => {}
                        Flow::Break => break,
                        back @ Flow::Return(_) => return Ok(back),
                    }
                }
            }
            Stmt::Enumerate(i, v, of, body) => {
                for (k, x) in (0..).zip(self.expr(of)?.parts().to_vec()) {
                    self.vars[*i] = Val::Word(k);
                    self.vars[*v] = x;
                    match self.stmts(body)? {
                        Flow::On | Flow::Continue => {}
                        Flow::Break => break,
                        back @ Flow::Return(_) => return Ok(back),
                    }
                }
            }
            Stmt::While(v, start, body) => {
                self.vars[*v] = self.expr(start)?;
                while self.vars[*v].word() > 0 {
                    self.vars[*v] = Val::Word(self.vars[*v].word() - 1);
                    match self.stmts(body)? {
                        Flow::On | Flow::Continue => {}
                        Flow::Break => break,
                        back @ Flow::Return(_) => return Ok(back),
                    }
                }
            }
            Stmt::Break => return Ok(Flow::Break),
            Stmt::Continue => return Ok(Flow::Continue),
            Stmt::Return(e) => return Ok(Flow::Return(self.expr(e)?)),
            Stmt::Assert(e) => {
                if self.expr(e)?.word() == 0 {
                    return Err(Stopped);
                }
            }
        }
        Ok(Flow::On)
    }

    /// Computes what does not count.
    fn beside<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, Stopped>) {
        let before = self.vars.clone();
        self.may_stop |= f(self).is_err();
        self.vars = before;
    }

    /// Which arm is taken, whose names are bound then; all arms run where that is secret.
    fn chosen<T>(
        &mut self,
        value: &Expr,
        arms: &[Arm<T>],
        run: impl Fn(&mut Self, &T) -> Result<(), Stopped>,
    ) -> Result<usize, Stopped> {
        let hidden = value.secret
            || arms
                .iter()
                .any(|a| a.guard.as_ref().is_some_and(|g| g.secret));
        let value = self.expr(value)?;
        let mut taken = None;
        for (k, arm) in arms.iter().enumerate() {
            let fits = self.fits(&arm.pat, &value);
            if taken.is_none() && fits {
                let holds = match &arm.guard {
                    Some(guard) => self.expr(guard)?.word() != 0,
                    None => true,
                };
                if holds {
                    taken = Some(k);
                    continue;
                }
            }
            if hidden {
                self.beside(|m| {
                    if let Some(guard) = &arm.guard {
                        m.expr(guard)?;
                    }
                    run(m, &arm.body)
                });
            }
        }
        let taken = taken.expect("a last arm for everything");
        self.fits(&arms[taken].pat, &value);
        Ok(taken)
    }

    /// Whether a value is like a pattern. All its names are bound, as an arm that is not taken may run: those of another
    /// variant are zero.
    fn fits(&mut self, pat: &Pat, value: &Val) -> bool {
        let program = self.program;
        let mut all = |parts: &[Pat], values: &[Val]| {
            let pairs = parts.iter().zip(values);
            pairs.fold(true, |so_far, (part, value)| {
                self.fits(part, value) && so_far
            })
        };
        match &pat.is {
            Like::Any => true,
            Like::Bind(v) => {
                self.vars[*v] = value.clone();
                true
            }
            Like::Word(word) => value.word() == *word,
            Like::Words(lo, hi) => (*lo..=*hi).contains(&value.word()),
            Like::Parts(parts) => all(parts, value.parts()),
            Like::Variant(k, parts) => {
                let (tag, held) = value.parts().split_first().expect("a tag");
                if tag.word() == *k as i128 {
                    all(parts, held)
                } else {
                    let unused: Vec<Val> = parts.iter().map(|p| zero(&p.ty, program)).collect();
                    all(parts, &unused);
                    false
                }
            }
            Like::Or(parts) => parts.iter().any(|part| self.fits(part, value)),
        }
    }

    /// On a secret condition both arms run, and may stop, whatever it is.
    fn branch(&mut self, c: &Expr, a: &[Stmt], b: &[Stmt]) -> Result<Flow, Stopped> {
        let holds = self.expr(c)?.word() != 0;
        if !c.secret {
            return self.stmts(if holds { a } else { b });
        }
        let (taken, other) = if holds { (a, b) } else { (b, a) };
        self.beside(|m| m.stmts(other).map(drop));
        self.stmts(taken)?;
        Ok(Flow::On)
    }

    /// A place's path with its indices computed; `None` where a secret one is out of range.
    fn path(&mut self, place: &Place) -> Result<Option<Vec<usize>>, Stopped> {
        let mut at = self.vars[place.var].clone();
        let mut path = Some(Vec::new());
        for step in &place.path {
            let k = match step {
                Step::Part(k) => *k,
                Step::Index(i) => {
                    let k = self.expr(i)?.word() as usize;
                    if k >= at.parts().len() {
                        if !i.secret {
                            return Err(Stopped);
                        }
                        path = None;
                        at = at.parts()[0].clone();
                        continue;
                    }
                    k
                }
            };
            at = at.parts()[k].clone();
            if let Some(path) = &mut path {
                path.push(k);
            }
        }
        Ok(path)
    }

    fn place(&mut self, place: &Place) -> Result<Val, Stopped> {
        Ok(match self.path(place)? {
            Some(path) => path
                .iter()
                .fold(&self.vars[place.var], |at, &k| &at.parts()[k])
                .clone(),
            None => Val::Word(0),
        })
    }

    fn set(&mut self, place: &Place, value: Val) -> Result<(), Stopped> {
        let Some(path) = self.path(place)? else {
            return Ok(());
        };
        let mut at = &mut self.vars[place.var];
        for k in path {
            let Val::Parts(parts) = at else {
                unreachable!("parts")
            };
            at = &mut parts[k];
        }
        *at = value;
        Ok(())
    }

    fn expr(&mut self, e: &Expr) -> Result<Val, Stopped> {
        Ok(Val::Word(match &e.is {
            Is::Literal(word) => *word,
            Is::Var(v) => return Ok(self.vars[*v].clone()),
            Is::One(op, a) if a.ty.is_real() => real::one(*op, self.expr(a)?.word(), &a.ty),
            Is::One(op, a) => one(*op, self.expr(a)?.word(), &a.ty),
            Is::Two(op @ (Two::Eq | Two::Ne | Two::Lt | Two::Le), a, b) => {
                let (x, y) = (self.expr(a)?, self.expr(b)?);
                let program = self.program;
                if a.ty == Ty::Float {
                    let holds = real::compared(*op, x.word(), y.word());
                    return Ok(Val::Word(i128::from(holds)));
                }
                let (a, b) = (keyed(&x, &a.ty, program), keyed(&y, &b.ty, program));
                i128::from(match op {
                    Two::Eq => a == b,
                    Two::Ne => a != b,
                    Two::Lt => a < b,
                    _ => a <= b,
                })
            }
            Is::Two(op, a, b) => {
                let left = self.expr(a)?.word();
                // Both sides are computed where either is secret.
                let decided = match op {
                    Two::AndAlso => left == 0,
                    Two::OrElse => left != 0,
                    _ => false,
                };
                if decided {
                    if a.secret || b.secret {
                        self.beside(|m| m.expr(b).map(drop));
                    }
                    left
                } else {
                    number(*op, left, self.expr(b)?.word(), &a.ty, &e.ty)
                }
            }
            Is::Cast(a) => real::cast(self.expr(a)?.word(), &a.ty, &e.ty),
            Is::Part(a, k) => return Ok(self.expr(a)?.parts()[*k].clone()),
            Is::Index(a, i) => {
                let (array, k) = (self.expr(a)?, self.expr(i)?.word());
                return match array.parts().get(k as usize) {
                    Some(found) => Ok(found.clone()),
                    None if i.secret => Ok(zero(&e.ty, self.program)),
                    None => Err(Stopped),
                };
            }
            Is::Build(parts) => {
                let parts: Result<Vec<Val>, Stopped> =
                    parts.iter().map(|part| self.expr(part)).collect();
                return Ok(Val::Parts(parts?));
            }
            Is::Variant(k, parts) => {
                let mut out = vec![Val::Word(*k as i128)];
                for part in parts {
                    out.push(self.expr(part)?);
                }
                return Ok(Val::Parts(out));
            }
            Is::Match(value, arms) => {
                let taken = self.chosen(value, arms, |m, body| m.expr(body).map(drop))?;
                return self.expr(&arms[taken].body);
            }
            Is::IfLet(pat, value, a, b) => {
                let hidden = value.secret;
                let value = self.expr(value)?;
                let (taken, other) = if self.fits(pat, &value) {
                    (a, b)
                } else {
                    (b, a)
                };
                if hidden {
                    self.beside(|m| m.expr(other).map(drop));
                }
                return self.expr(taken);
            }
            Is::UnwrapOr(a, b) => {
                let (a, b) = (self.expr(a)?, self.expr(b)?);
                return Ok(a.parts().get(1).cloned().unwrap_or(b));
            }
            Is::If(c, a, b) => {
                let holds = self.expr(c)?.word() != 0;
                let (taken, other) = if holds { (a, b) } else { (b, a) };
                if c.secret {
                    self.beside(|m| m.expr(other).map(drop));
                }
                return self.expr(taken);
            }
            Is::Swapped(c, a, b) => {
                let holds = self.expr(c)?.word() != 0;
                let (a, b) = (self.expr(a)?, self.expr(b)?);
                return Ok(if holds { b } else { a });
            }
            Is::Call(g, args) => {
                let args: Result<Vec<Val>, Stopped> =
                    args.iter().map(|arg| self.expr(arg)).collect();
                let program = self.program;
                let fun = &program.functions[*g];
                for ((v, ..), arg) in fun.params.iter().zip(args?) {
                    self.vars[*v] = arg;
                }
                return self.body(fun);
            }
            Is::Reveal(a) => return self.expr(a),
            Is::Map(a, x, body) => {
                let mut out = Vec::new();
                for value in self.expr(a)?.parts().to_vec() {
                    self.vars[*x] = value;
                    out.push(self.expr(body)?);
                }
                return Ok(Val::Parts(out));
            }
            Is::Fold(a, start, acc, x, body) => {
                let values = self.expr(a)?;
                let mut so_far = self.expr(start)?;
                for value in values.parts().to_vec() {
                    self.vars[*acc] = so_far;
                    self.vars[*x] = value;
                    so_far = self.expr(body)?;
                }
                return Ok(so_far);
            }
            Is::Any(a) => i128::from(self.expr(a)?.parts().contains(&Val::Word(1))),
            Is::All(a) => i128::from(!self.expr(a)?.parts().contains(&Val::Word(0))),
            Is::ZipMap(a, b, x, y, body) => {
                let (a, b) = (self.expr(a)?, self.expr(b)?);
                let mut out = Vec::new();
                for (left, right) in a.parts().iter().zip(b.parts()) {
                    self.vars[*x] = left.clone();
                    self.vars[*y] = right.clone();
                    out.push(self.expr(body)?);
                }
                return Ok(Val::Parts(out));
            }
        }))
    }
}

fn one(op: One, a: i128, ty: &Ty) -> i128 {
    let (width, _) = ty.shape();
    match op {
        One::Neg => wrap(-a, ty),
        One::Not if *ty == Ty::Bool => 1 - a,
        One::Not => wrap(!a, ty),
        One::Abs => wrap(a.abs(), ty),
        One::CountOnes => wrap(i128::from((a & ((1i128 << width) - 1)).count_ones()), ty),
        One::Isqrt => (a as u128).isqrt() as i128,
    }
}

pub fn two(op: Two, a: i128, b: i128, ty: &Ty, to: &Ty) -> i128 {
    let (width, signed) = ty.shape();
    let bits = |a: i128| a & ((1i128 << width) - 1);
    let turn = |left: u32| {
        let left = left % width;
        wrap(bits(a) << left | bits(a) >> (width - left), ty)
    };
    let amount = u32::try_from(b.clamp(0, 1 << 20)).unwrap_or(0);
    match op {
        Two::Add => wrap(a + b, to),
        Two::Sub => wrap(a - b, to),
        Two::Mul => wrap(a.wrapping_mul(b), to),
        // All ones on the magnitudes, then the sign rule.
        Two::Div if b == 0 && signed => wrap(if a < 0 { 1 } else { -1 }, to),
        Two::Div if b == 0 => bits(-1),
        Two::Div => wrap(a / b, to),
        Two::Rem if b == 0 => a,
        Two::Rem => wrap(a % b, to),
        Two::And | Two::AndAlso => a & b,
        Two::Or | Two::OrElse => a | b,
        Two::Xor => a ^ b,
        Two::Shl if amount >= width => 0,
        Two::Shl => wrap(bits(a) << amount, to),
        Two::Shr => a >> amount.min(127),
        Two::Eq => i128::from(a == b),
        Two::Ne => i128::from(a != b),
        Two::Lt => i128::from(a < b),
        Two::Le => i128::from(a <= b),
        Two::Min => a.min(b),
        Two::Max => a.max(b),
        Two::RotL => turn(rest(b, width)),
        Two::RotR => turn(width - rest(b, width)),
    }
}

/// `b mod width`, for an amount of any size.
fn rest(b: i128, width: u32) -> u32 {
    u32::try_from(b.rem_euclid(i128::from(width))).unwrap_or(0)
}
