//! Draws enums, options, patterns and what chooses by them.

use super::super::meaning::wrap;
use super::super::program::{Arm, Expr, Is, Like, Pat, Stmt, Ty};
use super::Draw;

impl Draw {
    /// What the variants of an enum hold.
    pub(super) fn variants(&mut self) -> Vec<Vec<Ty>> {
        (0..1 + self.below(4))
            .map(|_| (0..self.below(3)).map(|_| self.held_ty()).collect())
            .collect()
    }

    fn held_ty(&mut self) -> Ty {
        match self.below(8) {
            0 => Ty::Option(Box::new(self.scalar())),
            1 => Ty::Tuple(vec![self.scalar(), self.scalar()]),
            2 if !self.structs.is_empty() => {
                Ty::Struct(self.below(self.structs.len() as u64) as usize)
            }
            3 if !self.enums.is_empty() => Ty::Enum(self.below(self.enums.len() as u64) as usize),
            _ => self.small_ty(),
        }
    }

    fn variants_of(&self, ty: &Ty) -> Vec<Vec<Ty>> {
        match ty {
            Ty::Enum(id) => self.enums[*id].clone(),
            Ty::Option(of) => vec![Vec::new(), vec![(**of).clone()]],
            _ => Vec::new(),
        }
    }

    /// A variant of an enum or option.
    pub(super) fn variant(&mut self, ty: &Ty, secret: bool, depth: u32) -> Expr {
        let variants = self.variants_of(ty);
        let k = self.below(variants.len() as u64) as usize;
        let parts = variants[k]
            .iter()
            .map(|ty| self.value(ty, secret, depth.saturating_sub(1)))
            .collect();
        Expr {
            ty: ty.clone(),
            secret,
            is: Is::Variant(k, parts),
        }
    }

    /// A variable of a type with parts or of a scalar one, to be looked at.
    fn looked_at(&mut self, secret: bool) -> Expr {
        let fits: Vec<usize> = (self.scope.iter().copied())
            .filter(|&v| secret || !self.vars[v].secret)
            .collect();
        let chosen: Vec<usize> = (fits.iter().copied())
            .filter(|&v| matches!(self.vars[v].ty, Ty::Enum(_) | Ty::Option(_)))
            .collect();
        let fits = if chosen.is_empty() || self.one_in(3) {
            fits
        } else {
            chosen
        };
        if fits.is_empty() {
            return self.literal(&Ty::U8, 3);
        }
        let v = self.of(&fits);
        self.named(v)
    }

    /// A pattern; without `binds` it binds nothing.
    fn pattern(&mut self, ty: &Ty, secret: bool, binds: bool, depth: u32) -> Pat {
        let pat = |is: Like| Pat { ty: ty.clone(), is };
        match self.below(8) {
            0 => return pat(Like::Any),
            1 | 2 if binds && *ty != Ty::Usize => {
                return pat(Like::Bind(self.var(ty.clone(), secret, false)));
            }
            3 if depth > 0 => {
                let all = (0..2 + self.below(2))
                    .map(|_| self.pattern(ty, secret, false, depth - 1))
                    .collect();
                return pat(Like::Or(all));
            }
            _ => {}
        }
        if ty.is_real() || depth == 0 && !ty.is_scalar() {
            return pat(Like::Any);
        }
        let parts = |d: &mut Self, types: &[Ty]| -> Vec<Pat> {
            types
                .iter()
                .map(|ty| d.pattern(ty, secret, binds, depth.saturating_sub(1)))
                .collect()
        };
        let is = match ty {
            Ty::Bool => Like::Word(self.below(2) as i128),
            Ty::Int { .. } | Ty::Usize => {
                let (width, signed) = ty.shape();
                let least = if signed { -(1i128 << (width - 1)) } else { 0 };
                let lo = match self.word(ty) {
                    // The smallest number has no literal here.
                    word if signed && word == least => 0,
                    word => word,
                };
                let hi = lo + self.below(100) as i128;
                if self.one_in(2) && wrap(hi, ty) == hi {
                    Like::Words(lo, hi)
                } else {
                    Like::Word(lo)
                }
            }
            Ty::Fixed { .. } | Ty::Float => Like::Any,
            Ty::Array(of, n) => {
                let types = vec![(**of).clone(); *n];
                Like::Parts(parts(self, &types))
            }
            Ty::Tuple(types) => Like::Parts(parts(self, types)),
            Ty::Struct(id) => {
                let types = self.structs[*id].clone();
                Like::Parts(parts(self, &types))
            }
            Ty::Enum(_) | Ty::Option(_) => {
                let variants = self.variants_of(ty);
                let k = self.below(variants.len() as u64) as usize;
                Like::Variant(k, parts(self, &variants[k]))
            }
        };
        pat(is)
    }

    /// Arms, the last of which takes everything. Whether what is tested is secret.
    fn arms<T>(
        &mut self,
        value: &Expr,
        mut body: impl FnMut(&mut Self) -> T,
    ) -> (Vec<Arm<T>>, bool) {
        let before = self.under;
        let mut hidden = value.secret;
        self.under += u32::from(hidden);
        let mut arms = Vec::new();
        for _ in 0..self.below(4) {
            let arm = self.scoped(|d| {
                let pat = d.pattern(&value.ty, value.secret, true, 2);
                let guard = d.one_in(3).then(|| d.scalar_expr(&Ty::Bool, true, 1));
                let secret = guard.as_ref().is_some_and(|g| g.secret);
                if secret && !hidden {
                    hidden = true;
                    d.under += 1;
                }
                let body = body(d);
                Arm { pat, guard, body }
            });
            arms.push(arm);
        }
        let last = self.scoped(|d| {
            let is = if d.one_in(2) && value.ty != Ty::Usize {
                Like::Bind(d.var(value.ty.clone(), value.secret, false))
            } else {
                Like::Any
            };
            let ty = value.ty.clone();
            Arm {
                pat: Pat { ty, is },
                guard: None,
                body: body(d),
            }
        });
        arms.push(last);
        self.under = before;
        (arms, hidden)
    }

    /// A scalar by `match` or `if let`.
    pub(super) fn match_expr(&mut self, ty: &Ty, secret: bool, depth: u32) -> Expr {
        let value = self.looked_at(secret);
        if self.one_in(3) {
            self.under += u32::from(value.secret);
            let (pat, a) = self.scoped(|d| {
                let pat = d.pattern(&value.ty, value.secret, true, 2);
                (pat, d.scalar_expr(ty, secret, depth))
            });
            let b = self.scalar_expr(ty, secret, depth);
            self.under -= u32::from(value.secret);
            let hidden = value.secret || a.secret || b.secret;
            return Expr {
                ty: ty.clone(),
                secret: hidden,
                is: Is::IfLet(pat, Box::new(value), Box::new(a), Box::new(b)),
            };
        }
        // A guard of a public scalar must be public, too.
        let (mut arms, mut hidden) = self.arms(&value, |d| d.scalar_expr(ty, secret, depth));
        if !secret {
            for arm in &mut arms {
                if arm.guard.as_ref().is_some_and(|g| g.secret) {
                    arm.guard = None;
                }
            }
            hidden = false;
        }
        let hidden = hidden || arms.iter().any(|arm| arm.body.secret);
        Expr {
            ty: ty.clone(),
            secret: hidden,
            is: Is::Match(Box::new(value), arms),
        }
    }

    /// What an option holds, or something else.
    pub(super) fn held(&mut self, ty: &Ty, secret: bool, depth: u32) -> Expr {
        let of = Ty::Option(Box::new(ty.clone()));
        let fits: Vec<usize> = (self.scope.iter().copied())
            .filter(|&v| self.vars[v].ty == of && (secret || !self.vars[v].secret))
            .collect();
        if fits.is_empty() {
            return self.match_expr(ty, secret, depth);
        }
        let v = self.of(&fits);
        let option = self.named(v);
        let other = self.scalar_expr(ty, secret, depth);
        Expr {
            ty: ty.clone(),
            secret: option.secret || other.secret,
            is: Is::UnwrapOr(Box::new(option), Box::new(other)),
        }
    }

    pub(super) fn match_stmt(&mut self) -> Stmt {
        let secret = !self.one_in(3);
        let value = self.looked_at(secret);
        let (arms, _) = self.arms(&value, Self::some_stmts);
        Stmt::Match(value, arms)
    }
}
