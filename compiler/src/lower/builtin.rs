//! The functions of the prelude that are no `.smpc`: each by its operation, with the arguments traced here.

use super::Tracer;
use super::fault::{Fault, Traced, code};
use super::lists::item_type;
use super::real::Kind;
use super::types::element_type;
use super::value::{Leaf, Val};
use crate::hir::{Builtin, Expr, wide_scalar};
use crate::ir::exact::{FLOAT, Meaning};
use smpcc_circuit::gate::WordOp;

impl<'h> Tracer<'h> {
    /// A function of the prelude.
    pub(super) fn builtin(
        &mut self,
        builtin: Builtin,
        args: &'h [Expr],
        expr: &'h Expr,
    ) -> Traced<Val<'h>> {
        let mut vals = Vec::with_capacity(args.len());
        for arg in args {
            vals.push(self.expr(arg)?);
        }
        self.span = expr.span;
        let mut vals = vals.into_iter();
        let mut next = || vals.next().unwrap_or(Val::Never);
        match builtin {
            Builtin::Parties => Ok(Val::Leaf(Leaf::usize(u64::from(self.n_parties)))),
            Builtin::Random => {
                let ty = self.close(&expr.ty);
                self.random(&ty)
            }
            Builtin::Len => match next() {
                Val::Leaf(text) => Ok(Val::Leaf(self.text_len(&text)?)),
                array => {
                    let n = self.length(&array)?;
                    Ok(Val::Leaf(Leaf::usize(n)))
                }
            },
            Builtin::Bytes => {
                let text = self.one_leaf(next())?;
                self.text_bytes(&text)
            }
            Builtin::Overflows(op) => {
                let (a, b) = (self.one_leaf(next())?, self.one_leaf(next())?);
                let kind = args.first().map(|arg| self.real_of(&arg.ty)).transpose()?;
                Ok(Val::Leaf(match kind.flatten() {
                    Some(Kind::Fixed(fixed)) => self.fixed_overflows(op, fixed, &a, &b)?,
                    _ => self.overflows(op, &a, &b)?,
                }))
            }
            Builtin::Saturating(op) => {
                let (a, b) = (self.one_leaf(next())?, self.one_leaf(next())?);
                Ok(Val::Leaf(self.saturating(op, &a, &b)?))
            }
            Builtin::Min | Builtin::Max => {
                let largest = builtin == Builtin::Max;
                let (a, b) = (next(), next());
                if let (Val::Leaf(x), Val::Leaf(y)) = (&a, &b)
                    && let Some(Kind::Float { .. }) = self.real_of(&expr.ty)?
                {
                    return self.float_extreme(largest, x, y).map(Val::Leaf);
                }
                self.extreme(!largest, a, b, &expr.ty)
            }
            Builtin::MulAdd => {
                let (a, b) = (self.one_leaf(next())?, self.one_leaf(next())?);
                let c = self.one_leaf(next())?;
                let places = Some(FLOAT);
                let operands = [(&a, places), (&b, places), (&c, places)];
                let work = |t: &mut Self| t.float_mul_add(a.clone(), b.clone(), c.clone());
                self.meant(Meaning::MulAdd, &operands, places, work)
                    .map(Val::Leaf)
            }
            Builtin::RotateLeft => self.word2(WordOp::RotL, next(), next()),
            Builtin::RotateRight => self.word2(WordOp::RotR, next(), next()),
            Builtin::Abs => {
                let leaf = self.one_leaf(next())?;
                match self.real_of(&expr.ty)? {
                    Some(kind @ Kind::Float { .. }) => {
                        self.meant_function(builtin, Some(FLOAT), &leaf, |t| {
                            t.real_function(builtin, kind, &leaf)
                        })
                    }
                    kind => {
                        let places = kind.and_then(Kind::places);
                        self.meant_function(builtin, places, &leaf, |t| {
                            t.word(WordOp::Abs, leaf.scalar, std::slice::from_ref(&leaf))
                        })
                    }
                }
                .map(Val::Leaf)
            }
            Builtin::Isqrt => self.word1(WordOp::Isqrt, next()),
            Builtin::CountOnes => self.word1(WordOp::CountOnes, next()),
            Builtin::Widen => {
                let leaf = self.one_leaf(next())?;
                if let Some(Kind::Float { .. }) = self.real_of(&expr.ty)? {
                    return Ok(Val::Leaf(leaf));
                }
                Ok(Val::Leaf(self.cast(&leaf, wide_scalar(leaf.scalar))?))
            }
            Builtin::Sum => {
                let real = self.item_real(args)?;
                let leaf = self.column(next())?;
                if let Some(Kind::Float { .. }) = real {
                    let work = |t: &mut Self| t.float_sum(&leaf);
                    let sum = self.meant_function(builtin, Some(FLOAT), &leaf, work);
                    return sum.map(Val::Leaf);
                }
                let places = real.and_then(Kind::places);
                self.meant_function(builtin, places, &leaf, |t| {
                    let wide = t.cast(&leaf, wide_scalar(leaf.scalar))?;
                    t.reduce(WordOp::Add, &wide, 0)
                })
                .map(Val::Leaf)
            }
            Builtin::Average => {
                let real = self.item_real(args)?;
                let leaf = self.column(next())?;
                if let Some(Kind::Float { .. }) = real {
                    let work = |t: &mut Self| t.float_average(&leaf);
                    let mean = self.meant_function(builtin, Some(FLOAT), &leaf, work);
                    return mean.map(Val::Leaf);
                }
                let places = real.and_then(Kind::places);
                let work = |t: &mut Self| t.average(real.is_some(), &leaf);
                self.meant_function(builtin, places, &leaf, work)
                    .map(Val::Leaf)
            }
            Builtin::AverageOf => {
                let kind = match args.first() {
                    Some(total) => self.real_of(&total.ty)?,
                    None => None,
                };
                let (total, n) = (self.one_leaf(next())?, self.one_leaf(next())?);
                let places = kind.map(Kind::behind);
                let operands = [(&total, places), (&n, None)];
                let work = |t: &mut Self| t.average_of(kind, &total, &n);
                self.meant(Meaning::Div, &operands, places, work)
                    .map(Val::Leaf)
            }
            Builtin::Dot => {
                let real = self.item_real(args)?;
                let (a, b) = (next(), next());
                let (n, m) = (self.length(&a)?, self.length(&b)?);
                if n != m {
                    let message =
                        format!("`dot` needs arrays of one length; these have {n} and {m}");
                    return Err(Fault::new(code::LENGTHS, self.span, message).into());
                }
                let (a, b) = (self.column(a)?, self.column(b)?);
                let fixed = match real {
                    Some(Kind::Float { .. }) => {
                        let operands = [(&a, Some(FLOAT)), (&b, Some(FLOAT))];
                        let work = |t: &mut Self| t.float_dot(&a, &b);
                        let dot = self.meant(Meaning::Dot, &operands, Some(FLOAT), work);
                        return dot.map(Val::Leaf);
                    }
                    Some(Kind::Fixed(fixed)) => Some(fixed),
                    None => None,
                };
                let places = fixed.map(|f| f.frac);
                let operands = [(&a, places), (&b, places)];
                self.meant(Meaning::Dot, &operands, places, |t| t.dot(fixed, &a, &b))
                    .map(Val::Leaf)
            }
            Builtin::Floor | Builtin::Ceil | Builtin::Round | Builtin::Trunc | Builtin::Sqrt => {
                let leaf = self.one_leaf(next())?;
                match self.real_of(&expr.ty)? {
                    Some(kind) => {
                        let work = |t: &mut Self| t.real_function(builtin, kind, &leaf);
                        let places = Some(kind.behind());
                        self.meant_function(builtin, places, &leaf, work)
                            .map(Val::Leaf)
                    }
                    None => Ok(Val::Leaf(leaf)),
                }
            }
            Builtin::Any => {
                let leaf = self.column(next())?;
                Ok(Val::Leaf(self.reduce(WordOp::Or, &leaf, 0)?))
            }
            Builtin::All => {
                let leaf = self.column(next())?;
                Ok(Val::Leaf(self.reduce(WordOp::And, &leaf, 1)?))
            }
            Builtin::SwapIf => {
                let condition = self.one_leaf(next())?;
                let (a, b) = (next(), next());
                let first = self.select(&condition, &b, &a)?;
                let second = self.select(&condition, &a, &b)?;
                Ok(Val::Tuple(vec![first, second]))
            }
            Builtin::Zip => self.zip(next(), next()),
            Builtin::Enumerate => self.enumerate(next()),
            Builtin::Flatten => {
                let xss = next();
                let ty = self.close(&expr.ty);
                self.flatten(xss, &ty)
            }
            Builtin::Concat => {
                let (a, b) = (next(), next());
                self.concat_arrays(a, b)
            }
            Builtin::Rev | Builtin::StepBy | Builtin::Chunks | Builtin::Windows => {
                let xs = next();
                let count = match args.len() {
                    2 => Some(self.one_leaf(next())?),
                    _ => None,
                };
                self.rearrange(builtin, xs, count.as_ref())
            }
            Builtin::Map => {
                let (xs, f) = (next(), next());
                let arg = args.first().map(|a| self.close(&a.ty));
                let result = self.close(&expr.ty);
                self.map(xs, &f, arg.as_ref(), &result)
            }
            Builtin::Fold => {
                let (xs, init, f) = (next(), next(), next());
                let element = args.first().map(|a| self.close(&a.ty));
                let types = [Some(self.close(&expr.ty)), item_type(element.as_ref())];
                self.fold(xs, init, &f, &types)
            }
        }
    }

    /// What the items of the first argument are, if they have fractions.
    fn item_real(&self, args: &'h [Expr]) -> Traced<Option<Kind>> {
        let ty = args.first().map(|a| self.close(&a.ty));
        match element_type(ty.as_ref()) {
            Some(item) => self.real_of(item),
            None => Ok(None),
        }
    }

    fn one_leaf(&self, val: Val<'h>) -> Traced<Leaf> {
        match val {
            Val::Leaf(leaf) => Ok(leaf),
            other => Err(Fault::new(
                code::NOT_KNOWN,
                self.span,
                format!("a scalar is needed here, not {}", other.describe()),
            )
            .into()),
        }
    }

    /// The vector of an array of scalars.
    fn column(&mut self, val: Val<'h>) -> Traced<Leaf> {
        match val {
            Val::Array(_, element) => self.one_leaf(*element),
            other => Err(Fault::new(
                code::LENGTHS,
                self.span,
                format!(
                    "an array of scalars is needed here, not {}",
                    other.describe()
                ),
            )
            .into()),
        }
    }

    fn word1(&mut self, op: WordOp, a: Val<'h>) -> Traced<Val<'h>> {
        let a = self.one_leaf(a)?;
        Ok(Val::Leaf(self.word(
            op,
            a.scalar,
            std::slice::from_ref(&a),
        )?))
    }

    fn word2(&mut self, op: WordOp, a: Val<'h>, b: Val<'h>) -> Traced<Val<'h>> {
        let (a, b) = (self.one_leaf(a)?, self.one_leaf(b)?);
        Ok(Val::Leaf(self.word(op, a.scalar, &[a.clone(), b])?))
    }
}
