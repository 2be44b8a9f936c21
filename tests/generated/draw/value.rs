//! Draws expressions: of any type, with what is in scope.

use super::super::meaning::wrap;
use super::super::program::{Expr, Is, One, Two, Ty};
use super::Draw;

impl Draw {
    /// An index into an array of `n`: mostly in range.
    pub(super) fn index(&mut self, n: usize, secret: bool) -> Expr {
        match self.below(6) {
            0 | 1 => {
                let k = self.below(n as u64) as i128;
                self.literal(&Ty::Usize, k)
            }
            2 | 3 if secret => {
                let ty = self.of(&[
                    Ty::Int {
                        width: 2,
                        signed: false,
                    },
                    Ty::Int {
                        width: 3,
                        signed: false,
                    },
                    Ty::U8,
                ]);
                let i = self.scalar_expr(&ty, true, 1);
                // One that is not secret may be known to be out of range, which is refused.
                if i.secret { i } else { self.bounded(n as u64) }
            }
            _ => self.bounded(n as u64),
        }
    }

    /// A public number below `n`, or seldom any.
    pub(super) fn bounded(&mut self, n: u64) -> Expr {
        let e = self.scalar_expr(&Ty::Usize, false, 2);
        let n = self.literal(&Ty::Usize, n as i128);
        self.two(Two::Rem, Ty::Usize, e, n)
    }

    /// An array in scope and the type of its elements.
    pub(super) fn some_array(&mut self) -> Option<(Expr, Ty)> {
        let fits: Vec<usize> = (self.scope.iter().copied())
            .filter(|&v| matches!(self.vars[v].ty, Ty::Array(..)))
            .collect();
        if fits.is_empty() {
            return None;
        }
        let v = self.of(&fits);
        let Ty::Array(of, _) = self.vars[v].ty.clone() else {
            return None;
        };
        Some((self.named(v), *of))
    }

    pub(super) fn named(&self, v: usize) -> Expr {
        Expr {
            ty: self.vars[v].ty.clone(),
            secret: self.vars[v].secret,
            is: Is::Var(v),
        }
    }

    pub(super) fn literal(&self, ty: &Ty, word: i128) -> Expr {
        Expr {
            ty: ty.clone(),
            secret: false,
            is: Is::Literal(word),
        }
    }

    pub(super) fn two(&self, op: Two, ty: Ty, a: Expr, b: Expr) -> Expr {
        Expr {
            ty,
            secret: a.secret || b.secret,
            is: Is::Two(op, Box::new(a), Box::new(b)),
        }
    }

    /// A value of any type; scalars are expressions, the others variables, calls or put together.
    pub(super) fn value(&mut self, ty: &Ty, secret: bool, depth: u32) -> Expr {
        if ty.is_scalar() {
            return self.scalar_expr(ty, secret, depth);
        }
        let fits: Vec<usize> = (self.scope.iter().copied())
            .filter(|&v| self.vars[v].ty == *ty && (secret || !self.vars[v].secret))
            .collect();
        match self.below(6) {
            0..=2 if !fits.is_empty() => {
                let v = self.of(&fits);
                return self.named(v);
            }
            3 if secret => {
                if let Some(e) = self.call(ty, depth) {
                    return e;
                }
            }
            4 if depth > 0 => {
                if let Ty::Array(of, n) = ty
                    && let Some(e) = self.mapped(of, *n, secret, depth - 1)
                {
                    return e;
                }
            }
            _ => {}
        }
        if matches!(ty, Ty::Enum(_) | Ty::Option(_)) {
            return self.variant(ty, secret, depth);
        }
        let depth = depth.saturating_sub(1);
        let parts: Vec<Expr> = match ty {
            Ty::Array(of, n) => (0..*n).map(|_| self.value(of, secret, depth)).collect(),
            Ty::Tuple(parts) => parts
                .iter()
                .map(|ty| self.value(ty, secret, depth))
                .collect(),
            Ty::Struct(id) => {
                let fields = self.structs[*id].clone();
                fields
                    .iter()
                    .map(|ty| self.value(ty, secret, depth))
                    .collect()
            }
            _ => Vec::new(),
        };
        Expr {
            ty: ty.clone(),
            secret,
            is: Is::Build(parts),
        }
    }

    /// Draws the body of a closure, where nothing has effects.
    fn closure<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        let (may, in_loop) = (self.may, self.in_loop);
        (self.may, self.in_loop) = (false, false);
        let out = self.scoped(f);
        (self.may, self.in_loop) = (may, in_loop);
        out
    }

    /// An array of `n` from another, element by element.
    fn mapped(&mut self, of: &Ty, n: usize, secret: bool, depth: u32) -> Option<Expr> {
        if !of.is_scalar() || *of == Ty::Usize {
            return None;
        }
        let fits: Vec<usize> = (self.scope.iter().copied())
            .filter(|&v| {
                matches!(&self.vars[v].ty, Ty::Array(_, m) if *m == n)
                    && (secret || !self.vars[v].secret)
            })
            .collect();
        if fits.is_empty() {
            return None;
        }
        let first = self.of(&fits);
        let second = self.of(&fits);
        let (a, b) = (self.named(first), self.named(second));
        let element = |e: &Expr| match &e.ty {
            Ty::Array(of, _) => (**of).clone(),
            other => other.clone(),
        };
        let ty = Ty::Array(Box::new(of.clone()), n);
        let is = if self.one_in(2) {
            self.closure(|d| {
                let x = d.var(element(&a), a.secret, false);
                let body = d.scalar_expr(of, secret, depth);
                let is = body.secret;
                (is, Is::Map(Box::new(a), x, Box::new(body)))
            })
        } else {
            self.closure(|d| {
                let x = d.var(element(&a), a.secret, false);
                let y = d.var(element(&b), b.secret, false);
                let body = d.scalar_expr(of, secret, depth);
                let is = body.secret;
                (
                    is,
                    Is::ZipMap(Box::new(a), Box::new(b), x, y, Box::new(body)),
                )
            })
        };
        Some(Expr {
            ty,
            secret: is.0,
            is: is.1,
        })
    }

    fn call(&mut self, ty: &Ty, depth: u32) -> Option<Expr> {
        let free = self.free();
        let fits: Vec<usize> = (0..self.functions.len())
            .filter(|&g| {
                let (fun, effects) = &self.functions[g];
                fun.result.0 == *ty && (!effects || free)
            })
            .collect();
        if fits.is_empty() {
            return None;
        }
        let g = self.of(&fits);
        self.effects |= self.functions[g].1;
        let params = self.functions[g].0.params.clone();
        let args = (params.iter())
            .map(|(_, ty, secret)| self.value(ty, *secret, depth.saturating_sub(1)))
            .collect();
        Some(Expr {
            ty: ty.clone(),
            secret: true,
            is: Is::Call(g, args),
        })
    }

    /// A scalar; public if not `secret`.
    pub(super) fn scalar_expr(&mut self, ty: &Ty, secret: bool, depth: u32) -> Expr {
        if depth == 0 || self.one_in(5) {
            return self.leaf(ty, secret);
        }
        let depth = depth - 1;
        let whole = |ty: &Ty, secret: bool, is: Is| Expr {
            ty: ty.clone(),
            secret,
            is,
        };
        match self.below(18) {
            16 => return self.match_expr(ty, secret, depth),
            17 if *ty != Ty::Usize => return self.held(ty, secret, depth),
            0 if secret => {
                if let Some(e) = self.call(ty, depth) {
                    return e;
                }
            }
            1 => {
                let c = self.scalar_expr(&Ty::Bool, secret, depth);
                self.under += u32::from(c.secret);
                let a = self.scalar_expr(ty, secret, depth);
                let b = self.scalar_expr(ty, secret, depth);
                self.under -= u32::from(c.secret);
                let is = c.secret || a.secret || b.secret;
                return whole(ty, is, Is::If(Box::new(c), Box::new(a), Box::new(b)));
            }
            2 => {
                if let Some((array, of)) = self.some_array()
                    && of == *ty
                    && (secret || !array.secret)
                {
                    let Ty::Array(_, n) = array.ty else {
                        return self.leaf(ty, secret);
                    };
                    let i = self.index(n, secret);
                    let is = array.secret || i.secret;
                    return whole(ty, is, Is::Index(Box::new(array), Box::new(i)));
                }
            }
            3 if *ty != Ty::Usize => {
                if let Some((array, of)) = self.some_array()
                    && (secret || !array.secret)
                {
                    let start = self.leaf(ty, secret);
                    // The type of what has been folded so far is that of the start.
                    let start_secret = start.secret;
                    let a = array.secret;
                    if secret && !start_secret {
                        return start;
                    }
                    let (acc, x, body) = self.closure(|d| {
                        let acc = d.var(ty.clone(), start_secret, false);
                        let x = d.var(of, a, false);
                        let body = d.scalar_expr(ty, start_secret, depth);
                        (acc, x, body)
                    });
                    let is = Is::Fold(Box::new(array), Box::new(start), acc, x, Box::new(body));
                    return whole(ty, start_secret, is);
                }
            }
            4 if self.free() && !secret && *ty != Ty::Usize => {
                self.effects = true;
                let e = self.scalar_expr(ty, true, depth);
                if e.secret {
                    return whole(ty, false, Is::Reveal(Box::new(e)));
                }
                return e;
            }
            5 if *ty != Ty::Bool => {
                // Truth values are no numbers, and counters no fractions.
                let from = match self.scalar() {
                    Ty::Bool if ty.is_real() => self.real(),
                    from if from.is_real() && *ty == Ty::Usize => self.int(),
                    from => from,
                };
                let e = self.scalar_expr(&from, secret, depth);
                // Indices are public by nature.
                let is = e.secret;
                return whole(ty, is, Is::Cast(Box::new(e)));
            }
            6 => {
                let c = self.scalar_expr(&Ty::Bool, secret, depth);
                let a = self.scalar_expr(ty, secret, depth);
                let b = self.scalar_expr(ty, secret, depth);
                let is = c.secret || a.secret || b.secret;
                return whole(ty, is, Is::Swapped(Box::new(c), Box::new(a), Box::new(b)));
            }
            _ => {}
        }
        if *ty == Ty::Bool {
            if let Some((array, Ty::Bool)) = self.some_array()
                && (secret || !array.secret)
                && self.one_in(2)
            {
                let is = array.secret;
                let array = Box::new(array);
                let any = self.one_in(2);
                return whole(ty, is, if any { Is::Any(array) } else { Is::All(array) });
            }
            return match self.below(4) {
                0 | 1 => {
                    let of = if self.one_in(4) {
                        self.ty()
                    } else {
                        self.scalar()
                    };
                    let op = self.of(&[Two::Lt, Two::Le, Two::Lt, Two::Le, Two::Eq, Two::Ne]);
                    let a = self.value(&of, secret, depth);
                    // Nothing alone does not say of what.
                    let b = self.value(&of, secret, depth);
                    let typed = |e: &Expr| !e.to_string().contains("None");
                    if !typed(&a) || !typed(&b) {
                        return self.leaf(ty, secret);
                    }
                    self.two(op, Ty::Bool, a, b)
                }
                2 => {
                    let a = self.scalar_expr(ty, secret, depth);
                    whole(ty, a.secret, Is::One(One::Not, Box::new(a)))
                }
                _ => {
                    let op = self.of(&[Two::AndAlso, Two::OrElse, Two::Xor, Two::And, Two::Or]);
                    let a = self.scalar_expr(ty, secret, depth);
                    let b = self.scalar_expr(ty, secret, depth);
                    self.two(op, Ty::Bool, a, b)
                }
            };
        }
        let (_, signed) = ty.shape();
        if ty.is_real() {
            let a = self.scalar_expr(ty, secret, depth);
            if self.one_in(6) {
                let op = self.of(&[One::Neg, One::Abs]);
                return whole(ty, a.secret, Is::One(op, Box::new(a)));
            }
            let both = [Two::Add, Two::Sub, Two::Mul, Two::Div, Two::Min, Two::Max];
            let op = match self.below(7) {
                0 if *ty != Ty::Float => Two::Rem,
                k => both[k as usize % 6],
            };
            let b = self.scalar_expr(ty, secret, depth);
            return self.two(op, ty.clone(), a, b);
        }
        match self.below(9) {
            0 => {
                let op = if signed {
                    self.of(&[One::Neg, One::Abs, One::Not])
                } else {
                    self.of(&[One::Not, One::CountOnes, One::Isqrt])
                };
                let a = self.scalar_expr(ty, secret, depth);
                whole(ty, a.secret, Is::One(op, Box::new(a)))
            }
            1 => {
                let op = self.of(&[Two::Shl, Two::Shr, Two::RotL, Two::RotR]);
                let amount = self.of(&[
                    Ty::U8,
                    Ty::Int {
                        width: 5,
                        signed: false,
                    },
                ]);
                let a = self.scalar_expr(ty, secret, depth);
                let b = self.scalar_expr(&amount, secret, depth);
                self.two(op, ty.clone(), a, b)
            }
            _ => {
                let op = self.of(&[
                    Two::Add,
                    Two::Add,
                    Two::Sub,
                    Two::Mul,
                    Two::Mul,
                    Two::Div,
                    Two::Rem,
                    Two::And,
                    Two::Or,
                    Two::Xor,
                    Two::Min,
                    Two::Max,
                ]);
                let a = self.scalar_expr(ty, secret, depth);
                let b = self.scalar_expr(ty, secret, depth);
                self.two(op, ty.clone(), a, b)
            }
        }
    }

    /// A variable, a part of one, or a literal.
    fn leaf(&mut self, ty: &Ty, secret: bool) -> Expr {
        let mut fits: Vec<Expr> = Vec::new();
        for &v in &self.scope {
            let var = &self.vars[v];
            if var.secret && !secret {
                continue;
            }
            if var.ty == *ty {
                fits.push(self.named(v));
                fits.push(self.named(v));
            }
            let parts = match &var.ty {
                Ty::Tuple(parts) => parts.clone(),
                Ty::Struct(id) => self.structs[*id].clone(),
                _ => Vec::new(),
            };
            for (k, part) in parts.iter().enumerate() {
                if part == ty {
                    fits.push(Expr {
                        ty: ty.clone(),
                        secret: var.secret,
                        is: Is::Part(Box::new(self.named(v)), k),
                    });
                }
            }
        }
        if !fits.is_empty() && !self.one_in(5) {
            return self.of(&fits);
        }
        // Another scalar's value, or a literal.
        let scalars: Vec<usize> = (self.scope.iter().copied())
            .filter(|&v| {
                let var = &self.vars[v];
                let fits = var.ty.is_int() || var.ty == Ty::Bool && !ty.is_real();
                fits && (secret || !var.secret)
            })
            .collect();
        if *ty != Ty::Bool && !scalars.is_empty() && !self.one_in(3) {
            let v = self.of(&scalars);
            let e = self.named(v);
            return Expr {
                ty: ty.clone(),
                secret: e.secret,
                is: Is::Cast(Box::new(e)),
            };
        }
        let word = match self.word(ty) {
            // The smallest number has no literal.
            least if least < 0 && wrap(-least, ty) == least => 0,
            word => word,
        };
        self.literal(ty, word)
    }
}
