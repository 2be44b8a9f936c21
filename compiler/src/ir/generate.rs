//! Random well-formed programs with inputs that fit them, for differential tests of passes, circuits and protocols.
//!
//! The programs look like lowered source: loops that sum, select, search, map and fill arrays, nested loops over pairs,
//! branches on public values, reads and writes by secret index, next to arbitrary operations on whatever is in
//! scope. They depend on the seed alone. Indices mostly stay in range; a program may also stop, as real ones do.

mod imported;

use super::build::Builder;
use super::{Ir, Op, Reducer, Ty};
use crate::span::{FileId, Span};
use smpcc_circuit::float::FloatOp;
use smpcc_circuit::gate::{Rule, WordOp};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::InputLeaf;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{ConstVec, Form, Integer, Scalar, Word};

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Number of parties; inputs are spread over them.
    pub n_parties: u32,
    /// Statements outside loops.
    pub statements: u32,
    /// The largest trip count of a loop, and about the largest array.
    pub count: u64,
    /// Whether programs may reveal, assert and steer control by revealed values.
    pub reveals: bool,
    /// The widest integer type.
    pub max_width: u8,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            n_parties: 3,
            statements: 8,
            count: 5,
            reveals: true,
            max_width: 128,
        }
    }
}

/// A program and lanes for its input leaves, by [`smpcc_circuit::ids::InputId`].
pub fn generate(seed: u64, size: Size) -> (Ir, Vec<Vec<Word>>) {
    let mut g = Gen {
        draw: SplitMix::new(seed),
        size,
        b: Builder::new(size.n_parties),
        line: 0,
    };
    let mut scope = Vec::new();
    let mut inputs = Vec::new();
    for i in 0..3 + g.below(3) {
        let scalar = g.scalar();
        let lanes = g.lanes();
        let narrow = g.one_in(4) && scalar.width() >= 8;
        let public = g.one_in(5);
        let id = g.b.input_leaf(InputLeaf {
            party: i as u32 % size.n_parties,
            path: format!("x{i}"),
            scalar,
            lanes,
            public,
            drawn: i == 2 && !public && !narrow,
            range: narrow.then_some((Integer::natural(2), Integer::natural(17))),
        });
        inputs.push(
            (0..lanes)
                .map(|_| {
                    if narrow {
                        Word::from(2 + g.below(16))
                    } else {
                        g.interesting(scalar)
                    }
                })
                .collect(),
        );
        scope.push(id);
    }
    for _ in 0..size.statements {
        g.statement(&mut scope, 0);
    }
    let n = scope.len();
    for (i, id) in scope.into_iter().enumerate() {
        if i + 3 >= n || g.one_in(3) {
            g.b.output(id, &[0]);
        }
    }
    (g.b.finish(), inputs)
}

struct Gen {
    draw: SplitMix,
    size: Size,
    b: Builder,
    line: u32,
}

impl Gen {
    fn below(&mut self, n: u64) -> u64 {
        self.draw.below(n)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.draw.one_in(n)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        self.draw.of(choices)
    }

    fn scalar(&mut self) -> Scalar {
        let choice = self.of(&[
            Scalar::Bool,
            Scalar::unsigned(8),
            Scalar::unsigned(8),
            Scalar::unsigned(16),
            Scalar::unsigned(32),
            Scalar::unsigned(64),
            Scalar::unsigned(5),
            Scalar::unsigned(128),
            Scalar::signed(8),
            Scalar::signed(32),
            Scalar::signed(3),
            Scalar::signed(128),
        ]);
        if choice.width() > u32::from(self.size.max_width) {
            Scalar::unsigned(8)
        } else {
            choice
        }
    }

    fn int(&mut self) -> Scalar {
        match self.scalar() {
            Scalar::Bool => Scalar::unsigned(16),
            int => int,
        }
    }

    fn lanes(&mut self) -> u64 {
        if self.one_in(3) {
            1
        } else {
            1 + self.below(self.size.count + 2)
        }
    }

    /// A word of the type, often at the ends of its range.
    fn interesting(&mut self, scalar: Scalar) -> Word {
        let word = match self.below(8) {
            0 => 0,
            1 => Word::MAX,
            2 => 1,
            3 => 1 << (scalar.width() - 1),
            4 | 5 => Word::from(self.below(20)),
            _ => self.draw.word(),
        };
        scalar.wrap(word)
    }

    fn span(&mut self) {
        self.line += 1;
        self.b.span = Span {
            file: FileId(0),
            start: self.line,
            end: self.line + 1,
        };
    }

    /// A value in scope, recent ones more often.
    fn any(&mut self, scope: &[ValueId]) -> ValueId {
        let n = scope.len() as u64;
        let back = self.below(n).min(self.below(n));
        scope[(n - 1 - back) as usize]
    }

    /// A value in scope as a vector of the given type.
    fn vector(&mut self, scope: &[ValueId], scalar: Scalar, lanes: u64) -> ValueId {
        if self.one_in(6) {
            return self.constant(scalar, lanes);
        }
        let id = self.any(scope);
        self.convert(id, scalar, lanes)
    }

    fn constant(&mut self, scalar: Scalar, lanes: u64) -> ValueId {
        let words = match self.below(3) {
            0 => ConstVec::Table((0..lanes).map(|_| self.interesting(scalar)).collect()),
            1 => ConstVec::Affine {
                start: self.interesting(scalar),
                dims: vec![(lanes, self.interesting(scalar))],
            },
            _ => ConstVec::Splat {
                lanes,
                word: self.interesting(scalar),
            },
        };
        self.b.constant(scalar, words)
    }

    fn convert(&mut self, id: ValueId, scalar: Scalar, lanes: u64) -> ValueId {
        let ty = self.b.ty(id);
        let mut id = id;
        if ty.lanes != lanes {
            if ty.lanes == 0 {
                return self.constant(scalar, lanes);
            }
            let words = if self.one_in(3) {
                ConstVec::Table(
                    (0..lanes)
                        .map(|_| Word::from(self.below(ty.lanes)))
                        .collect(),
                )
            } else if lanes <= ty.lanes {
                ConstVec::Affine {
                    start: Word::from(self.below(ty.lanes - lanes + 1)),
                    dims: vec![(lanes, 1)],
                }
            } else {
                ConstVec::Splat {
                    lanes,
                    word: Word::from(self.below(ty.lanes)),
                }
            };
            let idx = self.b.constant(Scalar::USIZE, words);
            id = self.b.gather(id, idx, 1);
        }
        if ty.scalar != scalar {
            id = self.b.cast(id, scalar);
        }
        id
    }

    fn secret(&mut self, id: ValueId) -> ValueId {
        if self.b.ty(id).secret {
            id
        } else {
            self.b.inferred(Op::MakeSecret, &[id])
        }
    }

    /// A public `usize` vector whose lanes are below `len`.
    fn index(&mut self, scope: &[ValueId], lanes: u64, len: u64) -> ValueId {
        let public: Vec<ValueId> = (scope.iter().copied())
            .filter(|&id| !self.b.ty(id).secret)
            .collect();
        if public.is_empty() || self.one_in(3) {
            let step = self.below(3);
            let words = (0..lanes).map(|k| Word::from((k * step + self.below(2)) % len.max(1)));
            let table = ConstVec::Table(words.collect());
            return self.b.constant(Scalar::USIZE, table);
        }
        let id = self.vector(&public, Scalar::USIZE, lanes);
        if self.one_in(40) {
            return id;
        }
        let len = self.b.splat(Scalar::USIZE, lanes, Word::from(len.max(1)));
        self.b.word(WordOp::Rem, &[id, len])
    }

    fn statement(&mut self, scope: &mut Vec<ValueId>, depth: u32) {
        self.span();
        let id = match self.below(if depth < 2 { 20 } else { 14 }) {
            0..=7 => self.expression(scope),
            8 => {
                let (a, b) = (self.any(scope), self.any(scope));
                let ty = self.b.ty(a);
                let b = self.convert(b, ty.scalar, 1);
                self.b.inferred(Op::Concat, &[a, b, a])
            }
            9 => {
                let src = self.any(scope);
                let len = self.b.ty(src).lanes;
                if len == 0 {
                    return;
                }
                let lanes = self.lanes();
                let idx = self.index(scope, lanes, len);
                if self.one_in(2) {
                    self.b.gather(src, idx, 1)
                } else {
                    let scalar = self.b.ty(src).scalar;
                    let val = self.vector(scope, scalar, lanes);
                    self.b.scatter(src, idx, val, 1)
                }
            }
            10 if self.one_in(3) => self.imported(scope),
            10 => self.secret_access(scope),
            11 => self.reduction(scope),
            12 if self.size.reveals => {
                let id = self.any(scope);
                if !self.b.ty(id).secret {
                    return;
                }
                self.b.inferred(Op::Reveal(Form::Plain), &[id])
            }
            13 if self.size.reveals && self.one_in(3) => {
                let a = self.index(scope, 1, 1000);
                let bound = self.b.index(1000);
                let holds = self.b.word(WordOp::Lt, &[a, bound]);
                self.b.assert(holds, Some("a small number"));
                holds
            }
            12 | 13 => self.expression(scope),
            14..=17 => return self.counted(scope, depth),
            18 => return self.search(scope),
            _ => return self.branch(scope, depth),
        };
        scope.push(id);
    }

    fn expression(&mut self, scope: &[ValueId]) -> ValueId {
        // Half of all operations are on floats, and their circuits are large.
        let mut op = self.of(&WordOp::ALL);
        while matches!(op, WordOp::Float(..)) && !self.one_in(8) {
            op = self.of(&WordOp::ALL);
        }
        let a = self.any(scope);
        let ty = self.b.ty(a);
        let float = self.of(&[32, 64].map(Scalar::unsigned));
        let scalar = match op {
            WordOp::Isqrt => Scalar::unsigned(16),
            WordOp::SubByte => Scalar::unsigned(8),
            WordOp::Float(..) if op.rule() != Rule::FloatFrom => float,
            WordOp::And | WordOp::Or | WordOp::Xor | WordOp::Not => ty.scalar,
            WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le => ty.scalar,
            WordOp::Select | WordOp::Cast => ty.scalar,
            _ if ty.scalar == Scalar::Bool => self.int(),
            _ => ty.scalar,
        };
        let a = self.convert(a, scalar, ty.lanes);
        match op {
            WordOp::Cast => {
                let to = self.scalar();
                self.b.cast(a, to)
            }
            WordOp::Select => {
                let c = self.vector(scope, Scalar::Bool, ty.lanes);
                let other = self.vector(scope, scalar, ty.lanes);
                self.b.word(op, &[c, a, other])
            }
            WordOp::Float(..) if op.names_its_type() => {
                let mut args = vec![a];
                if op.takes_amount() {
                    args.push(self.vector(scope, Scalar::unsigned(8), ty.lanes));
                }
                let to = match op.rule() {
                    Rule::FloatTo => self.int(),
                    _ => float,
                };
                self.b.word_to(op, &args, to)
            }
            WordOp::Float(FloatOp::MulAdd, _) => {
                let [y, z] = [0; 2].map(|_| self.vector(scope, scalar, ty.lanes));
                self.b.word(op, &[a, y, z])
            }
            WordOp::Shl | WordOp::Shr | WordOp::RotL | WordOp::RotR => {
                let amount = self.of(&[Scalar::unsigned(8), Scalar::unsigned(5), Scalar::USIZE]);
                let s = self.vector(scope, amount, ty.lanes);
                self.b.word(op, &[a, s])
            }
            _ if op.arity() == 1 => self.b.word(op, &[a]),
            _ => {
                let other = if self.one_in(8) {
                    a
                } else {
                    self.vector(scope, scalar, ty.lanes)
                };
                let pair = if self.one_in(2) {
                    [a, other]
                } else {
                    [other, a]
                };
                self.b.word(op, &pair)
            }
        }
    }

    fn secret_access(&mut self, scope: &[ValueId]) -> ValueId {
        let src = self.any(scope);
        let ty = self.b.ty(src);
        if ty.lanes == 0 {
            return src;
        }
        let groups = if ty.lanes.is_multiple_of(2) && self.one_in(2) {
            2
        } else {
            1
        };
        let narrow = self.of(&[Scalar::unsigned(8), Scalar::unsigned(3)]);
        let q = 1 + self.below(2);
        let write = self.one_in(2);
        let n = if write { groups } else { groups * q };
        let idx = self.vector(scope, narrow, n);
        let idx = self.secret(idx);
        if write {
            let val = self.vector(scope, ty.scalar, groups);
            let op = Op::WriteSecret { block: 1, groups };
            self.b.inferred(op, &[src, idx, val])
        } else {
            let op = Op::ReadSecret { block: 1, groups };
            self.b.inferred(op, &[src, idx])
        }
    }

    fn associative(&mut self, scalar: Scalar) -> WordOp {
        if scalar == Scalar::Bool {
            self.of(&[WordOp::And, WordOp::Or, WordOp::Xor])
        } else {
            self.of(&[
                WordOp::Add,
                WordOp::Add,
                WordOp::Mul,
                WordOp::Min,
                WordOp::Max,
                WordOp::Xor,
                WordOp::And,
                WordOp::Or,
            ])
        }
    }

    fn reduction(&mut self, scope: &[ValueId]) -> ValueId {
        let a = self.any(scope);
        let ty = self.b.ty(a);
        if ty.lanes == 0 {
            return a;
        }
        let segments = if ty.lanes.is_multiple_of(2) && self.one_in(2) {
            2
        } else {
            1
        };
        let op = self.associative(ty.scalar);
        match self.below(4) {
            0 if ty.scalar != Scalar::Bool => {
                let other = self.vector(scope, ty.scalar, ty.lanes);
                self.b.inferred(Op::Dot { segments }, &[a, other])
            }
            1 => {
                let reducer = Reducer::Word(op);
                self.b.inferred(Op::Scan { reducer, segments }, &[a])
            }
            _ => self.b.reduce(op, a, segments),
        }
    }

    /// A counted loop: accumulators, arrays filled by position, and arbitrary updates.
    fn counted(&mut self, scope: &mut Vec<ValueId>, depth: u32) {
        let count = if self.one_in(8) {
            self.below(2)
        } else {
            1 + self.below(self.size.count)
        };
        let mut init = Vec::new();
        for _ in 0..1 + self.below(2) {
            let id = if self.one_in(2) {
                let scalar = self.int();
                let lanes = if self.one_in(2) {
                    1
                } else {
                    count + self.below(2)
                };
                self.constant(scalar, lanes)
            } else {
                self.any(scope)
            };
            init.push(self.secret(id));
        }
        let tys: Vec<Ty> = init.iter().map(|&id| self.b.ty(id)).collect();
        let mut params = vec![Ty {
            scalar: Scalar::USIZE,
            lanes: 1,
            secret: false,
        }];
        params.extend(&tys);
        let run_time = self.one_in(8);
        let count_id = self.b.index(count);
        let params = self.b.open_region(&params);
        let results = self.loop_body(scope, &params, &tys, count, depth);
        let region = self.b.close_region(results);
        let mut args = Vec::new();
        args.extend(run_time.then_some(count_id));
        args.extend(&init);
        let count = (!run_time).then_some(count);
        scope.extend(self.b.push(Op::Loop { count }, args, tys, vec![region]));
    }

    fn loop_body(
        &mut self,
        outer: &[ValueId],
        params: &[ValueId],
        tys: &[Ty],
        count: u64,
        depth: u32,
    ) -> Vec<ValueId> {
        let (counter, carried) = (params[0], &params[1..]);
        let mut scope: Vec<ValueId> = outer.to_vec();
        scope.push(counter);
        for _ in 0..1 + self.below(2) {
            let array = self.any(outer);
            if self.b.ty(array).lanes >= count {
                scope.push(self.b.gather(array, counter, 1));
            }
        }
        let uses_carried = self.one_in(3);
        if uses_carried {
            scope.extend(carried);
        }
        for _ in 0..1 + self.below(3) {
            self.statement(&mut scope, depth + 1);
        }
        let mut results = Vec::new();
        for (&acc, ty) in carried.iter().zip(tys) {
            let next = match self.below(8) {
                0..=2 => {
                    let op = self.associative(ty.scalar);
                    let v = self.vector(&scope, ty.scalar, ty.lanes);
                    self.b.word(op, &[acc, v])
                }
                3 if ty.lanes == 1 => {
                    let v = self.vector(&scope, ty.scalar, 1);
                    let better = self.b.word(WordOp::Lt, &[acc, v]);
                    self.b.word(WordOp::Select, &[better, v, acc])
                }
                4..=6 if ty.lanes >= count && ty.lanes > 0 => {
                    let v = self.vector(&scope, ty.scalar, 1);
                    let v = if self.one_in(3) {
                        let old = self.b.gather(acc, counter, 1);
                        self.b.word(WordOp::Xor, &[old, v])
                    } else {
                        v
                    };
                    self.b.scatter(acc, counter, v, 1)
                }
                _ => {
                    let v = self.vector(&scope, ty.scalar, ty.lanes);
                    let c = self.vector(&scope, Scalar::Bool, ty.lanes);
                    self.b.word(WordOp::Select, &[c, v, acc])
                }
            };
            results.push(self.secret(next));
        }
        results
    }

    /// `if x > best { best = x; at = i }` over an array.
    fn search(&mut self, scope: &mut Vec<ValueId>) {
        let array = self.any(scope);
        let ty = self.b.ty(array);
        let (first, usize0) = (self.interesting(ty.scalar), self.b.index(0));
        let best = self.b.splat(ty.scalar, 1, first);
        let (best, at) = (self.secret(best), self.secret(usize0));
        let strict = self.one_in(2);
        let found = self.b.counted(ty.lanes, &[best, at], |b, i, carried| {
            let x = b.gather(array, i, 1);
            let better = if strict {
                b.word(WordOp::Lt, &[carried[0], x])
            } else {
                b.word(WordOp::Le, &[x, carried[0]])
            };
            vec![
                b.word(WordOp::Select, &[better, x, carried[0]]),
                b.word(WordOp::Select, &[better, i, carried[1]]),
            ]
        });
        scope.extend(found);
    }

    fn branch(&mut self, scope: &mut Vec<ValueId>, depth: u32) {
        let cond = self.index(scope, 1, 2);
        let one = self.b.index(1);
        let cond = self.b.word(WordOp::Eq, &[cond, one]);
        let like = self.any(scope);
        let ty = self.b.ty(like);
        let mut arms = Vec::new();
        for _ in 0..2 {
            self.b.open_region(&[]);
            let mut inner = scope.clone();
            for _ in 0..1 + self.below(2) {
                self.statement(&mut inner, depth + 1);
            }
            let v = self.vector(&inner, ty.scalar, ty.lanes);
            let v = self.secret(v);
            arms.push(self.b.close_region(vec![v]));
        }
        let ty = Ty { secret: true, ..ty };
        scope.extend(self.b.push(Op::If, vec![cond], vec![ty], arms));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::interpret::interpret;
    use crate::ir::parse::parse;
    use crate::ir::print::print;
    use crate::ir::verify::verify;

    #[test]
    fn generated_programs_are_well_formed_run_and_round_trip() {
        let mut finished = 0;
        for seed in 0..300 {
            let (ir, inputs) = generate(seed, Size::default());
            let text = print(&ir);
            verify(&ir).unwrap_or_else(|why| panic!("seed {seed}: {why}\n{text}"));
            assert_eq!(parse(&text).as_ref(), Ok(&ir), "seed {seed}");
            finished += u32::from(interpret(&ir, &inputs).is_ok());
        }
        assert!(finished > 200, "only {finished} of 300 run to the end");
    }
}
