//! Random programs in which nothing is shared, against the evaluator; updates in place, exchanged values, faults that all parties see.

use smpcc_circuit::eval::{endless, eval};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op};
use smpcc_circuit::regions::Quiet;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

use super::super::execute::MAX_ITERATIONS;
use super::super::testing::{AllInputs, Builder, inputs, rep3, run_all, try_run, words};

const P: Domain = Domain::Public;
const U64: Scalar = Scalar::unsigned(64);

/// Lanes on both sides of what lies in the memory.
const LANES: [u64; 6] = [1, 2, 5, 32, 33, 70];
/// Types in both machine words.
const SCALARS: [Scalar; 4] = [
    Scalar::unsigned(8),
    U64,
    Scalar::unsigned(100),
    Scalar::signed(33),
];

const fn own(owner: u32) -> Domain {
    Domain::Local { owner }
}

/// Draws programs.
struct Draw {
    rng: SplitMix,
    b: Builder,
}

impl Draw {
    fn is(&self, v: ValueId) -> (Domain, Scalar, u64) {
        let info = self.b.program.values[v.index()];
        (info.domain, info.scalar, info.lanes)
    }

    /// The domain of what is made of these, if one party can make it.
    fn domain(&self, values: &[ValueId]) -> Option<Domain> {
        let mut owners = values.iter().map(|&v| self.is(v).0).filter(|d| *d != P);
        let Some(first) = owners.next() else {
            return Some(P);
        };
        owners.all(|owner| owner == first).then_some(first)
    }

    /// One of the values that fit, made if there is none.
    fn pick(&mut self, seen: &[ValueId], scalar: Scalar, lanes: u64, domain: Domain) -> ValueId {
        let fits = |v: &ValueId| {
            let (d, s, l) = self.is(*v);
            (s, l) == (scalar, lanes) && (d == P || d == domain)
        };
        let all: Vec<ValueId> = seen.iter().copied().filter(fits).collect();
        if all.is_empty() || self.rng.one_in(8) {
            if self.rng.one_in(3) {
                // It leaves the type on its way.
                let (start, step) = (self.rng.word() & scalar.mask(), scalar.mask());
                let dims = vec![(lanes, step)];
                return self.b.constant(scalar, ConstVec::Affine { start, dims });
            }
            let words = (0..lanes).map(|_| self.rng.word() & scalar.mask());
            let words = ConstVec::Table(words.collect());
            return self.b.constant(scalar, words);
        }
        self.rng.of(&all)
    }

    /// So many public places of an array of `n` elements.
    fn places(&mut self, seen: &[ValueId], n: u64, many: u64) -> ValueId {
        let any = self.pick(seen, U64, many, P);
        let words = ConstVec::Splat {
            word: n.into(),
            lanes: many,
        };
        let all = self.b.constant(U64, words);
        self.b.op(Op::Word(WordOp::Rem), &[any, all], P, U64, many)
    }

    fn word(&mut self, op: WordOp, args: &[ValueId], to: Scalar) -> Option<ValueId> {
        let lanes = self.is(args[0]).2;
        let domain = self.domain(args)?;
        Some(self.b.op(Op::Word(op), args, domain, to, lanes))
    }

    /// A condition or a number below 5 that all know.
    fn public(&mut self, seen: &[ValueId], scalar: Scalar) -> ValueId {
        let any = self.pick(seen, U64, 1, P);
        match scalar {
            Scalar::Bool => self.b.op(Op::Word(WordOp::Cast), &[any], P, scalar, 1),
            _ => self.places(&[any], 5, 1),
        }
    }

    /// An operation on values that are seen; what it gives.
    fn operation(&mut self, seen: &[ValueId], depth: u32) -> Vec<ValueId> {
        let a = self.rng.of(seen);
        let (domain, scalar, lanes) = self.is(a);
        let owner = match domain {
            P => own(self.rng.below(3) as u32),
            other => other,
        };
        let many = self.rng.of(&[1, 1, 2, 33]);
        let some = match self.rng.below(if depth < 2 { 14 } else { 11 }) {
            0..=2 => {
                let b = self.pick(seen, scalar, lanes, domain);
                let op = self.rng.of(&[
                    WordOp::Add,
                    WordOp::Mul,
                    WordOp::Xor,
                    WordOp::Max,
                    WordOp::Div,
                ]);
                self.word(op, &[a, b], scalar)
            }
            3 => {
                let b = self.pick(seen, scalar, lanes, domain);
                let c = self.word(WordOp::Lt, &[a, b], Scalar::Bool);
                c.and_then(|c| self.word(WordOp::Select, &[c, b, a], scalar))
            }
            4 => {
                let to = self.rng.of(&SCALARS);
                self.word(WordOp::Cast, &[a], to)
            }
            5 => {
                let (block, many) = if lanes % 2 == 0 { (2, many) } else { (1, many) };
                let at = self.places(seen, lanes / block, many);
                let op = Op::Gather { block };
                Some(self.b.op(op, &[a, at], domain, scalar, many * block))
            }
            6 => {
                let at = self.places(seen, lanes, many);
                let val = self.pick(seen, scalar, many, owner);
                let to = self.domain(&[a, val]).unwrap_or(owner);
                let op = Op::Scatter { block: 1 };
                Some(self.b.op(op, &[a, at, val], to, scalar, lanes))
            }
            7 | 8 => {
                let at = self.pick(seen, U64, many, owner);
                let at = self.word(WordOp::Cast, &[at], Scalar::unsigned(8));
                at.and_then(|at| {
                    let (block, groups) = (1, 1);
                    if self.rng.one_in(2) {
                        let to = self.domain(&[a, at])?;
                        let op = Op::Read { block, groups };
                        return Some(self.b.op(op, &[a, at], to, scalar, many));
                    }
                    let val = self.pick(seen, scalar, many, owner);
                    let to = self.domain(&[a, at, val])?;
                    let op = Op::Write { block, groups };
                    Some(self.b.op(op, &[a, at, val], to, scalar, lanes))
                })
            }
            9 => {
                let op = self.rng.of(&[WordOp::Add, WordOp::Max, WordOp::Xor]);
                let segments = if lanes % 2 == 0 { 2 } else { 1 };
                let (op, lanes) = match self.rng.one_in(2) {
                    true => (Op::Reduce { op, segments }, segments),
                    false => (Op::Scan { op, segments }, lanes),
                };
                Some(self.b.op(op, &[a], domain, scalar, lanes))
            }
            10 => {
                let b = self.pick(seen, scalar, many, domain);
                Some(self.b.op(Op::Concat, &[a, b], domain, scalar, lanes + many))
            }
            kind => return self.control(seen, depth, kind),
        };
        some.into_iter().collect()
    }

    /// A loop or a branch.
    fn control(&mut self, seen: &[ValueId], depth: u32, kind: u64) -> Vec<ValueId> {
        let carried: Vec<ValueId> = (0..3).map(|_| self.rng.of(seen)).collect();
        let like = |s: &mut Self| -> Vec<ValueId> {
            let is: Vec<_> = carried.iter().map(|&v| s.is(v)).collect();
            let made = is.into_iter().map(|(d, t, l)| s.b.value(d, t, l));
            made.collect()
        };
        let in_region = |s: &mut Self, params: &[ValueId], more: &[ValueId]| -> Vec<ValueId> {
            let inner = [seen, params, more].concat();
            s.region(&inner, depth + 1, &carried)
        };
        match kind {
            11 => {
                let (known, computed) = (self.rng.below(4), self.public(seen, U64));
                let count = self.rng.one_in(2).then_some(known);
                let (i, params, results) = (self.b.value(P, U64, 1), like(self), like(self));
                let body = self.b.open(&[&[i], &params[..]].concat());
                let last = in_region(self, &params, &[i]);
                self.b.close(&last);
                let mut args = carried.clone();
                if count.is_none() {
                    args.insert(0, computed);
                }
                self.b.node(Op::Loop { count, body }, &args, &results);
                results
            }
            12 => {
                // It ends with a counter of its own.
                let start = self.public(seen, U64);
                let (tested, params, results) = (like(self), like(self), like(self));
                let [k, n, end] = [(); 3].map(|()| self.b.value(P, U64, 1));
                let cond = self.b.open(&[&[k], &tested[..]].concat());
                let limit = self.b.constant(U64, ConstVec::scalar(4));
                let holds = self
                    .b
                    .op(Op::Word(WordOp::Lt), &[k, limit], P, Scalar::Bool, 1);
                self.b.close(&[holds]);
                let body = self.b.open(&[&[n], &params[..]].concat());
                let last = in_region(self, &params, &[n]);
                let one = self.b.constant(U64, ConstVec::scalar(1));
                let next = self.b.op(Op::Word(WordOp::Add), &[n, one], P, U64, 1);
                self.b.close(&[&[next], &last[..]].concat());
                let args = [&[start], &carried[..]].concat();
                let all = [&[end], &results[..]].concat();
                self.b.node(Op::While { cond, body }, &args, &all);
                all
            }
            _ => {
                let holds = self.public(seen, Scalar::Bool);
                let results = like(self);
                let mut arms = [0; 2];
                for arm in &mut arms {
                    *arm = self.b.open(&[]);
                    let last = in_region(self, &[], &[]);
                    self.b.close(&last);
                }
                let [then, otherwise] = arms;
                self.b.node(Op::If { then, otherwise }, &[holds], &results);
                results
            }
        }
    }

    /// Some operations; then values like the carried ones, whatever was seen or made.
    fn region(&mut self, seen: &[ValueId], depth: u32, like: &[ValueId]) -> Vec<ValueId> {
        let mut seen = seen.to_vec();
        for _ in 0..2 + self.rng.below(8) {
            let made = self.operation(&seen, depth);
            seen.extend(made);
        }
        seen.reverse();
        like.iter()
            .map(|&v| {
                let is = self.is(v);
                let all: Vec<ValueId> =
                    seen.iter().copied().filter(|&o| self.is(o) == is).collect();
                // The newest most of the time.
                match self.rng.one_in(3) {
                    true => self.rng.of(&all),
                    false => all[0],
                }
            })
            .collect()
    }
}

/// Random operations on what three parties and all know, something that they open, and a loop around others; and inputs for it.
fn program(seed: u64) -> (Builder, AllInputs) {
    let mut draw = Draw {
        rng: SplitMix::new(seed),
        b: rep3(),
    };
    let (mut seen, mut given) = (Vec::new(), AllInputs::new());
    for k in 0..9 {
        let (scalar, lanes) = (draw.rng.of(&SCALARS), draw.rng.of(&LANES));
        let domain = if k % 3 == 0 { P } else { own(k % 4 % 3) };
        let party = if domain == P { 0 } else { k % 4 % 3 };
        seen.push(draw.b.input(party, domain, scalar, lanes));
        let id = smpcc_circuit::ids::InputId::new(k as usize);
        given.insert(id, words(seed + u64::from(k), scalar.width(), lanes));
        draw.b.program.inputs[k as usize].public = domain == P;
    }
    // What can be done at once, and what waits for an opening.
    for _ in 0..2 {
        seen = draw.region(&seen, 1, &seen.clone());
        let shared = draw.rng.of(&seen);
        let (domain, scalar, lanes) = draw.is(shared);
        if domain != P {
            let shared = draw
                .b
                .op(Op::Share, &[shared], Domain::Boolean, scalar, lanes);
            let opened = draw.b.op(Op::Reveal, &[shared], P, scalar, lanes);
            let place = draw.rng.below(9) as usize;
            seen[place] = opened;
        }
    }
    let is: Vec<_> = seen.iter().map(|&v| draw.is(v)).collect();
    let like = |draw: &mut Draw| -> Vec<ValueId> {
        is.iter().map(|&(d, s, l)| draw.b.value(d, s, l)).collect()
    };
    let (i, params, results) = (draw.b.value(P, U64, 1), like(&mut draw), like(&mut draw));
    let body = draw.b.open(&[&[i], &params[..]].concat());
    let inner = [&seen[..], &params[..], &[i]].concat();
    let last = draw.region(&inner, 0, &seen);
    draw.b.close(&last);
    let count = Some(3);
    draw.b.node(Op::Loop { count, body }, &seen, &results);
    for (k, v) in results.into_iter().enumerate() {
        draw.b.output(v, &[k as u32 % 3]);
    }
    (draw.b, given)
}

#[test]
fn every_step_means_what_the_evaluator_says() {
    for seed in 0..400 {
        let (b, given) = program(seed);
        let all: Vec<Vec<Word>> = given.values().cloned().collect();
        let expected = eval(&b.program, &all).unwrap_or_else(|e| panic!("{seed}: {e}"));
        let quiet = Quiet::new(&b.program);
        assert!(quiet.regions[1..].iter().all(|&is_quiet| is_quiet));
        let reports = run_all(&b.program, &given);
        for (k, (leaf, words)) in b.program.outputs.iter().zip(&expected.outputs).enumerate() {
            let id = smpcc_circuit::ids::OutputId::new(k);
            let got = reports[leaf.receivers[0] as usize].output(id);
            assert!(got.as_ref() == Some(words), "seed {seed}, output {k}");
        }
    }
}

/// Values that a loop carries and exchanges: each is read before another takes its place.
#[test]
fn what_is_carried_changes_places_at_once() {
    let mut b = rep3();
    let lanes = [1, 40];
    let given: Vec<ValueId> = (0..6)
        .map(|k| b.input(1, own(1), U64, lanes[k % 2]))
        .collect();
    let [params, results]: [Vec<ValueId>; 2] =
        std::array::from_fn(|_| (0..6).map(|k| b.value(own(1), U64, lanes[k % 2])).collect());
    let i = b.value(P, U64, 1);
    let body = b.open(&[&[i], &params[..]].concat());
    let turned: Vec<ValueId> = (0..6).map(|k| params[(k + 2) % 6]).collect();
    b.close(&turned);
    let count = Some(4);
    b.node(Op::Loop { count, body }, &given, &results);
    let outs: Vec<_> = results.iter().map(|&v| b.output(v, &[0])).collect();
    let all: Vec<Vec<Word>> = (0..6)
        .map(|k| vec![k; lanes[k as usize % 2] as usize])
        .collect();
    let all: Vec<&[Word]> = all.iter().map(Vec::as_slice).collect();
    let reports = run_all(&b.program, &inputs(&all));
    for (k, out) in outs.into_iter().enumerate() {
        // Four turns by one pair of three.
        let got = reports[0].output(out);
        assert_eq!(got.as_deref(), Some(all[(k + 2) % 6]), "{k}");
    }
}

/// Who does not own an array sees like its owner where an index is out of range.
#[test]
fn all_parties_see_an_index_out_of_range() {
    for lanes in [3, 300] {
        for scatter in [false, true] {
            let mut b = rep3();
            let x = b.input(2, own(2), U64, lanes);
            let (i, array) = (b.value(P, U64, 1), b.value(own(2), U64, lanes));
            let body = b.open(&[i, array]);
            let zero = b.constant(U64, ConstVec::scalar(0));
            let (read, write) = (Op::Gather { block: 1 }, Op::Scatter { block: 1 });
            let next = match scatter {
                true => b.op(write, &[array, i, zero], own(2), U64, lanes),
                false => {
                    b.op(read, &[array, i], own(2), U64, 1);
                    array
                }
            };
            b.close(&[next]);
            let last = b.value(own(2), U64, lanes);
            let count = Some(lanes + 1);
            b.node(Op::Loop { count, body }, &[x], &[last]);
            b.output(last, &[0]);
            let given = words(1, 64, lanes);
            let results = try_run(&b.program, &inputs(&[&given]));
            for error in results.into_iter().map(|r| r.err().map(|e| e.to_string())) {
                let expected = format!(
                    "test.smpc:3:5: the index {lanes} is out of range: there are {lanes} elements"
                );
                assert_eq!(error.as_deref(), Some(&*expected), "{scatter}");
            }
        }
    }
}

#[test]
fn a_loop_that_does_not_end_is_stopped() {
    let mut b = rep3();
    let x = b.input(0, own(0), U64, 1);
    let [tested, param, last] = [(); 3].map(|()| b.value(own(0), U64, 1));
    let cond = b.open(&[tested]);
    let always = b.constant(Scalar::Bool, ConstVec::scalar(1));
    b.close(&[always]);
    let body = b.open(&[param]);
    let next = b.op(Op::Word(WordOp::Add), &[param, param], own(0), U64, 1);
    b.close(&[next]);
    b.node(Op::While { cond, body }, &[x], &[last]);
    b.output(last, &[0]);
    let results = try_run(&b.program, &inputs(&[&[1]]));
    let expected = format!("test.smpc:3:5: {}", endless(MAX_ITERATIONS));
    for result in results {
        assert_eq!(result.err().map(|e| e.to_string()), Some(expected.clone()));
    }
}
