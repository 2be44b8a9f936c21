//! Draws programs that the compiler accepts: conditions on secrets in each other, loops with constant and run-time bounds,
//! early exits, arrays, structs, tuples, closures, functions. They depend on the seed alone.

#[path = "draw/choice.rs"]
mod choice;
#[path = "draw/value.rs"]
mod value;

use super::meaning::wrap;
use super::program::{Enums, From, Fun, Place, Program, Step, Stmt, Two, Ty};
use smpcc_circuit::splitmix::SplitMix;

struct Var {
    ty: Ty,
    secret: bool,
    mutable: bool,
    /// Secret conditions around its declaration.
    under: u32,
}

struct Draw {
    numbers: SplitMix,
    vars: Vec<Var>,
    scope: Vec<usize>,
    structs: Vec<Vec<Ty>>,
    enums: Enums,
    functions: Vec<(Fun, bool)>,
    /// Secret conditions around what is drawn.
    under: u32,
    /// Whether a loop that may be left is around it, with no secret condition between.
    in_loop: bool,
    /// What `return` takes.
    result: Option<(Ty, bool)>,
    /// Whether what is drawn reveals, asserts or leaves early.
    effects: bool,
    /// Whether it may.
    may: bool,
    depth: u32,
}

/// A program and the types of its variables.
pub fn draw(seed: u64, n_parties: u32) -> (Program, Vec<Ty>) {
    let mut d = Draw {
        numbers: SplitMix::new(seed),
        vars: Vec::new(),
        scope: Vec::new(),
        structs: Vec::new(),
        enums: Vec::new(),
        functions: Vec::new(),
        under: 0,
        in_loop: false,
        result: None,
        effects: false,
        may: true,
        depth: 0,
    };
    for _ in 0..d.below(3) {
        let fields = (0..1 + d.below(3)).map(|_| d.small_ty()).collect();
        d.structs.push(fields);
    }
    for _ in 0..d.below(3) {
        let variants = d.variants();
        d.enums.push(variants);
    }
    for _ in 0..d.below(4) {
        let fun = d.function();
        let effects = d.effects;
        d.functions.push((fun, effects));
    }
    let mut inputs = Vec::new();
    for i in 0..4 + d.below(3) {
        let from = match i {
            0 | 1 => From::Secret(i as u32 % n_parties),
            2 => From::Public(2 % n_parties),
            _ => match d.below(6) {
                0 => From::Argument,
                1 => From::Public(d.below(u64::from(n_parties)) as u32),
                _ => From::Secret(d.below(u64::from(n_parties)) as u32),
            },
        };
        let scalar = match i {
            0 => Ty::Bool,
            _ if from == From::Argument => d.int(),
            _ => d.scalar(),
        };
        let ty = if i == 1 || from != From::Argument && i > 2 && d.one_in(3) {
            Ty::Array(Box::new(scalar.clone()), 1 + d.below(5) as usize)
        } else {
            scalar.clone()
        };
        let n = if let Ty::Array(_, n) = &ty { *n } else { 1 };
        let words = (0..n).map(|_| d.word(&scalar)).collect();
        let v = d.var(ty.clone(), matches!(from, From::Secret(_)), false);
        inputs.push((v, ty, from, words));
    }
    d.effects = false;
    d.may = true;
    let tys: Vec<Ty> = (0..1 + d.below(3))
        .map(|_| {
            if d.one_in(3) {
                Ty::Array(Box::new(d.scalar()), 2)
            } else {
                d.scalar()
            }
        })
        .collect();
    // A tuple has at least two parts.
    let tys = if tys.len() == 1 {
        vec![tys[0].clone(), Ty::Bool]
    } else {
        tys
    };
    let result = (Ty::Tuple(tys), true);
    d.result = Some(result.clone());
    let n = 4 + d.below(6);
    let body = d.stmts(n);
    let last = d.value(&result.0, true, 2);
    let program = Program {
        n_parties,
        structs: d.structs,
        enums: d.enums,
        functions: d.functions.into_iter().map(|(fun, _)| fun).collect(),
        inputs,
        main: Fun {
            params: Vec::new(),
            result,
            body,
            last,
            attribute: None,
        },
        n_vars: d.vars.len(),
    };
    (program, d.vars.into_iter().map(|v| v.ty).collect())
}

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.numbers.below(n)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.numbers.one_in(n)
    }

    fn of<T: Clone>(&mut self, from: &[T]) -> T {
        self.numbers.of(from)
    }

    fn word(&mut self, ty: &Ty) -> i128 {
        let (width, _) = ty.shape();
        if *ty == Ty::Float {
            let x = match self.below(8) {
                0 => self.of(&[0.0, -0.0, f32::NAN, f32::INFINITY, 1e-45, f32::MAX]),
                1..=4 => self.below(400) as f32 / 8.0 - 20.0,
                5 => 2f32.powi(self.below(60) as i32 - 30),
                _ => f32::from_bits(self.numbers.draw() as u32 & 0x7f7f_ffff),
            };
            return i128::from(x.to_bits());
        }
        let word = match self.below(6) {
            0 => 0,
            1 => 1,
            2 => -1,
            3 => 1 << (width - 1),
            4 => i128::from(self.below(12)),
            _ => i128::from(self.numbers.draw()),
        };
        wrap(word, ty)
    }

    fn int(&mut self) -> Ty {
        let (width, signed) = self.of(&[
            (8, false),
            (8, false),
            (8, true),
            (16, false),
            (16, true),
            (32, false),
            (32, true),
            (5, false),
            (3, true),
            (64, false),
        ]);
        Ty::Int { width, signed }
    }

    fn scalar(&mut self) -> Ty {
        match self.below(10) {
            0 | 1 => Ty::Bool,
            2 => self.real(),
            _ => self.int(),
        }
    }

    fn real(&mut self) -> Ty {
        let fixed = |width, frac| Ty::Fixed { width, frac };
        let all = [
            fixed(16, 8),
            fixed(8, 3),
            fixed(12, 0),
            fixed(24, 20),
            fixed(40, 16),
            Ty::Float,
            Ty::Float,
        ];
        self.of(&all)
    }

    /// A type of a field.
    fn small_ty(&mut self) -> Ty {
        match self.below(6) {
            0 => Ty::Array(Box::new(self.scalar()), 1 + self.below(3) as usize),
            _ => self.scalar(),
        }
    }

    fn ty(&mut self) -> Ty {
        match self.below(13) {
            10 => Ty::Option(Box::new(self.scalar())),
            11 if !self.enums.is_empty() => Ty::Enum(self.below(self.enums.len() as u64) as usize),
            12 if !self.enums.is_empty() => {
                let id = self.below(self.enums.len() as u64) as usize;
                Ty::Array(Box::new(Ty::Enum(id)), 1 + self.below(3) as usize)
            }
            0 | 1 => Ty::Array(Box::new(self.scalar()), 1 + self.below(4) as usize),
            2 => Ty::Tuple(vec![self.scalar(), self.small_ty()]),
            3 if !self.structs.is_empty() => {
                Ty::Struct(self.below(self.structs.len() as u64) as usize)
            }
            4 if !self.structs.is_empty() => {
                let id = self.below(self.structs.len() as u64) as usize;
                Ty::Array(Box::new(Ty::Struct(id)), 1 + self.below(3) as usize)
            }
            5 => {
                let row = Ty::Array(Box::new(self.scalar()), 1 + self.below(3) as usize);
                Ty::Array(Box::new(row), 1 + self.below(3) as usize)
            }
            _ => self.scalar(),
        }
    }

    fn var(&mut self, ty: Ty, secret: bool, mutable: bool) -> usize {
        self.vars.push(Var {
            ty,
            secret,
            mutable,
            under: self.under,
        });
        self.scope.push(self.vars.len() - 1);
        self.vars.len() - 1
    }

    /// Draws inside a scope of its own.
    fn scoped<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        let n = self.scope.len();
        self.depth += 1;
        let out = f(self);
        self.depth -= 1;
        self.scope.truncate(n);
        out
    }

    fn function(&mut self) -> Fun {
        let before = std::mem::take(&mut self.scope);
        self.effects = false;
        self.may = self.one_in(2);
        let mut params = Vec::new();
        for _ in 0..1 + self.below(3) {
            let ty = if self.one_in(3) {
                self.ty()
            } else {
                self.scalar()
            };
            let secret = !self.one_in(4);
            let v = self.var(ty.clone(), secret, false);
            params.push((v, ty, secret));
        }
        let result = (
            if self.one_in(4) {
                self.ty()
            } else {
                self.scalar()
            },
            true,
        );
        self.result = Some(result.clone());
        let n = self.below(4);
        let body = self.stmts(n);
        let last = self.value(&result.0, true, 2);
        self.scope = before;
        let attribute = match self.below(8) {
            0 => Some("boolean"),
            _ => None,
        };
        Fun {
            params,
            result,
            body,
            last,
            attribute,
        }
    }

    fn stmts(&mut self, n: u64) -> Vec<Stmt> {
        let mut out = Vec::new();
        for _ in 0..n {
            let stmt = self.stmt();
            let ends = matches!(stmt, Stmt::Break | Stmt::Continue | Stmt::Return(_));
            out.push(stmt);
            if ends {
                break;
            }
        }
        out
    }

    /// Whether control may leave here.
    fn free(&self) -> bool {
        self.may && self.under == 0
    }

    fn stmt(&mut self) -> Stmt {
        let choices = if self.depth < 3 { 24 } else { 11 };
        match self.below(choices) {
            0..=3 => self.declare(),
            4..=7 => self.assign(),
            8 | 9 => self.update(),
            10 if self.free() => {
                self.effects = true;
                match self.below(4) {
                    // Seldom alone: what follows would never run.
                    0 if self.depth > 0 && self.in_loop => Stmt::Break,
                    1 if self.depth > 0 && self.in_loop => Stmt::Continue,
                    2 if self.depth > 0 => {
                        let (ty, secret) = self.result.clone().unwrap_or((Ty::Bool, true));
                        Stmt::Return(self.value(&ty, secret, 2))
                    }
                    _ => {
                        let c = self.scalar_expr(&Ty::Bool, true, 2);
                        let truth = self.literal(&Ty::Bool, 1);
                        let c = if self.one_in(4) {
                            c
                        } else {
                            self.two(Two::OrElse, Ty::Bool, c, truth)
                        };
                        Stmt::Assert(c)
                    }
                }
            }
            10 => self.declare(),
            11 | 12 => self.secret_if(),
            13 | 14 => self.match_stmt(),
            15..=17 => {
                let c = self.scalar_expr(&Ty::Bool, false, 2);
                let a = self.arm();
                let b = if self.one_in(2) {
                    self.arm()
                } else {
                    Vec::new()
                };
                Stmt::If(c, a, b)
            }
            18 if self.one_in(3) => self.count_to_an_end(),
            18 | 19 => {
                let (lo, hi) = if self.one_in(2) {
                    let lo = self.below(2) as i128;
                    let hi = lo + self.below(4) as i128;
                    (self.literal(&Ty::Usize, lo), self.literal(&Ty::Usize, hi))
                } else {
                    let hi = self.bounded(4);
                    (self.literal(&Ty::Usize, 0), hi)
                };
                self.in_a_loop(|d| {
                    let v = d.var(Ty::Usize, false, false);
                    let inclusive = d.one_in(3);
                    Stmt::Count(v, lo, hi, inclusive, d.some_stmts())
                })
            }
            20 | 21 => {
                let Some((array, of)) = self.some_array() else {
                    return self.declare();
                };
                let secret = array.secret;
                let both = self.one_in(2);
                self.in_a_loop(|d| {
                    if both {
                        let i = d.var(Ty::Usize, false, false);
                        let v = d.var(of, secret, false);
                        Stmt::Enumerate(i, v, array, d.some_stmts())
                    } else {
                        let v = d.var(of, secret, false);
                        Stmt::Each(v, array, d.some_stmts())
                    }
                })
            }
            22 => {
                let count = self.bounded(4);
                self.in_a_loop(|d| {
                    let v = d.var(Ty::Usize, false, false);
                    Stmt::While(v, count, d.some_stmts())
                })
            }
            _ => self.secret_if(),
        }
    }

    /// A loop that counts up to the largest number of a type, whose bounds may be known while running only.
    fn count_to_an_end(&mut self) -> Stmt {
        let ty = match self.below(4) {
            0 => Ty::Usize,
            _ => self.int(),
        };
        let (width, signed) = ty.shape();
        let top = (1i128 << (width - u32::from(signed))) - 1;
        let n = self.below(4) as i128;
        let (lo, hi) = if self.one_in(2) {
            (self.literal(&ty, top - n), self.literal(&ty, top))
        } else {
            // The same number from an expression: `e | top` of an unsigned type.
            let ty = Ty::Usize;
            let e = self.scalar_expr(&ty, false, 1);
            let all = self.literal(&ty, i128::from(u64::MAX));
            let less = i128::from(u64::MAX) - n;
            let hi = self.two(Two::Or, ty.clone(), e, all);
            (self.literal(&ty, less), hi)
        };
        self.in_a_loop(|d| {
            let v = d.var(lo.ty.clone(), false, false);
            Stmt::Count(v, lo, hi, true, d.some_stmts())
        })
    }

    fn some_stmts(&mut self) -> Vec<Stmt> {
        let n = 1 + self.below(3);
        self.stmts(n)
    }

    fn arm(&mut self) -> Vec<Stmt> {
        self.scoped(Self::some_stmts)
    }

    fn in_a_loop(&mut self, f: impl FnOnce(&mut Self) -> Stmt) -> Stmt {
        let before = std::mem::replace(&mut self.in_loop, true);
        let out = self.scoped(f);
        self.in_loop = before;
        out
    }

    fn secret_if(&mut self) -> Stmt {
        let c = self.scalar_expr(&Ty::Bool, true, 3);
        let secret = c.secret;
        self.under += u32::from(secret);
        let a = self.arm();
        let b = if self.one_in(2) {
            self.arm()
        } else {
            Vec::new()
        };
        self.under -= u32::from(secret);
        Stmt::If(c, a, b)
    }

    fn declare(&mut self) -> Stmt {
        let ty = self.ty();
        let secret = !self.one_in(4);
        let e = self.value(&ty, secret, 3);
        let mutable = !self.one_in(4);
        let v = self.var(ty, secret, mutable);
        Stmt::Let(v, mutable, secret, e)
    }

    /// A place that may be assigned to here, its type and secrecy.
    fn place(&mut self) -> Option<(Place, Ty, bool)> {
        let fits: Vec<usize> = (self.scope.iter().copied())
            .filter(|&v| {
                let var = &self.vars[v];
                var.mutable && (var.secret || var.under == self.under)
            })
            .collect();
        if fits.is_empty() {
            return None;
        }
        let var = self.of(&fits);
        let (mut ty, secret) = (self.vars[var].ty.clone(), self.vars[var].secret);
        let mut path = Vec::new();
        while matches!(ty, Ty::Array(..) | Ty::Tuple(_) | Ty::Struct(_)) && !self.one_in(4) {
            let step = match &ty {
                Ty::Array(_, n) => Step::Index(self.index(*n, secret)),
                Ty::Tuple(parts) => Step::Part(self.below(parts.len() as u64) as usize),
                Ty::Struct(id) => {
                    let n = self.structs[*id].len();
                    Step::Part(self.below(n as u64) as usize)
                }
                _ => break,
            };
            ty = match (ty, &step) {
                (Ty::Array(of, _), _) => *of,
                (Ty::Tuple(parts), Step::Part(k)) => parts[*k].clone(),
                (Ty::Struct(id), Step::Part(k)) => self.structs[id][*k].clone(),
                (ty, _) => ty,
            };
            path.push(step);
        }
        Some((Place { var, path }, ty, secret))
    }

    fn assign(&mut self) -> Stmt {
        let Some((place, ty, secret)) = self.place() else {
            return self.declare();
        };
        let e = self.value(&ty, secret, 3);
        Stmt::Set(place, e)
    }

    fn update(&mut self) -> Stmt {
        match self.place() {
            Some((place, ty, secret)) if ty.is_real() => {
                let op = self.of(&[Two::Add, Two::Sub, Two::Mul]);
                let e = self.scalar_expr(&ty, secret, 2);
                Stmt::Update(op, place, e)
            }
            Some((place, ty, secret)) if ty.is_int() => {
                let op = self.of(&[Two::Add, Two::Sub, Two::Mul, Two::Xor, Two::And, Two::Or]);
                let e = self.scalar_expr(&ty, secret, 2);
                Stmt::Update(op, place, e)
            }
            _ => self.assign(),
        }
    }
}
