//! Correlations are made ahead, exactly as many as are used, in batches, whatever the shape of the program.
//!
//! The suite here hides nothing: a share is the value, and messages are zeros of the length that `smpcc_circuit::cost` says. What is
//! tested is when and how often the engine asks for correlations, and what it accounts for.

use std::sync::{Arc, Mutex};

use smpcc_circuit::cost::{
    Correlation, Delay, Demand, Demands, demand, op_cost, preparation_rounds, prepared, setup,
};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::program::{Domain, Node, Op, Program, Suite as SuiteName};
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar};

use crate::engine::testing::{AllInputs, Builder, a, build, expect_costs, predict, run_with};
use crate::engine::{RunReport, run_suite};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::net::{Options, memory};
use crate::party::PartyId;
use crate::protocols::{
    Batch, Begun, Check, Machine, Opened, Operand, Outcome, Preparation, Step, Suite, Value,
};
use crate::ring::Elements;

const P: Domain = Domain::Public;
const U64: Scalar = Scalar::unsigned(64);
const TRIPLE: Correlation = Correlation::Triple { ring: 64 };

/// What the suite saw.
#[derive(Default)]
struct Seen {
    pools: SortedMap<Correlation, u64>,
    most: SortedMap<Correlation, u64>,
    batches: Vec<Demand>,
}

struct Clear {
    me: usize,
    n: usize,
    seen: Arc<Mutex<Seen>>,
}

/// Sends that many zeros to the party after this one at once, and ends after some ticks.
struct Send {
    sent: Vec<u64>,
    rounds: u32,
    done: u32,
    then: Then,
}

enum Then {
    Make(Demand),
    Give(Option<Outcome<Elements>>),
}

impl Machine<Clear> for Send {
    fn step(
        &mut self,
        suite: &mut Clear,
        wire: &mut Exchange<'_>,
    ) -> Result<Step<Elements>, Error> {
        let (me, n) = (suite.me, suite.n);
        let (to, from) = ((me + 1) % n, (me + n - 1) % n);
        let party = |i: usize| PartyId::new(i as u16);
        if self.done == 0 {
            let len = self.sent[me] as usize;
            wire.send(party(to), |out| out.resize(out.len() + len, 0))?;
            wire.expect(party(from), self.sent[from] as usize)?;
        }
        if self.done == 1 {
            wire.take(party(from), self.sent[from] as usize)?;
        }
        self.done += 1;
        if self.done <= self.rounds {
            return Ok(Step::Waiting);
        }
        let outcome = match &mut self.then {
            Then::Make(made) => {
                let mut seen = suite.seen.lock().unwrap();
                seen.batches.push(made.clone());
                for (kind, count) in made.iter() {
                    *seen.pools.entry(kind).or_default() += count;
                    let now = seen.pools[&kind];
                    let most = seen.most.entry(kind).or_default();
                    *most = now.max(*most);
                }
                Outcome::Values(Vec::new())
            }
            Then::Give(outcome) => outcome.take().unwrap(),
        };
        Ok(Step::Done(outcome, Delay::Rounds(self.rounds)))
    }
}

impl Suite for Clear {
    type Share = Elements;
    type Evidence = ();

    fn deviates(&self) -> bool {
        false
    }

    fn cut(share: &Elements, from: usize, lanes: usize) -> Elements {
        share.slice(from, lanes)
    }

    fn put(
        whole: Option<Elements>,
        lanes: usize,
        from: usize,
        block: &Elements,
    ) -> Result<Elements, Error> {
        let mut whole = whole.unwrap_or_else(|| block.zeros_like(lanes));
        whole.put(from, block)?;
        Ok(whole)
    }

    fn check(&mut self, batch: Batch<()>) -> Result<Check<Self>, Error> {
        Ok(Check::Passed(crate::protocols::check::tests::believed(
            batch,
        )))
    }

    fn setup(&mut self, program: &Program) -> Result<Preparation<Self>, Error> {
        let cost = setup(program);
        Ok(Some(Box::new(Send {
            sent: cost.sent,
            rounds: cost.rounds,
            done: 0,
            then: Then::Make(Demand::default()),
        })))
    }

    fn prepare(&mut self, program: &Program, demand: &Demand) -> Result<Preparation<Self>, Error> {
        Ok(Some(Box::new(Send {
            sent: prepared(program, demand),
            rounds: preparation_rounds(program, demand),
            done: 0,
            then: Then::Make(demand.clone()),
        })))
    }

    fn begin(
        &mut self,
        program: &Program,
        node: &Node,
        args: Vec<Operand<Self>>,
        _input: Option<Elements>,
    ) -> Result<Begun<Self>, Error> {
        for (kind, count) in demand(program, node).iter() {
            let mut seen = self.seen.lock().unwrap();
            let pool = seen.pools.entry(kind).or_default();
            *pool = pool.checked_sub(count).expect("what was promised is there");
        }
        let words = |i: usize| match &*args[i] {
            Value::Public(e) | Value::Shared(e) => e.words(),
            Value::Local(_) => Vec::new(),
        };
        let info = |v: &smpcc_circuit::ids::ValueId| program.values[v.index()];
        let of = |words: Vec<u128>| Elements::of_words(64, words.into_iter());
        let outcome = match &node.op {
            Op::FromPublic => Outcome::Values(vec![Value::Shared(of(words(0)))]),
            Op::Mul => {
                assert_eq!(info(&node.args[0]).lanes as usize, words(0).len());
                let (x, y) = (words(0), words(1));
                let z = x.iter().zip(y).map(|(&x, y)| x.wrapping_mul(y)).collect();
                Outcome::Values(vec![Value::Shared(of(z))])
            }
            Op::Reveal => Outcome::Revealed(Opened::new(of(words(0)))),
            Op::Output(id) => Outcome::Output(*id, Some(Opened::new(of(words(0))))),
            _ => return Err(Error::bug("not in these tests")),
        };
        let cost = op_cost(program, node);
        if cost.rounds == 0 {
            return Ok(Begun::Done(outcome));
        }
        Ok(Begun::Machine(Box::new(Send {
            sent: cost.sent,
            rounds: cost.rounds,
            done: 0,
            then: Then::Give(Some(outcome)),
        })))
    }
}

/// Runs two parties; their reports, and what the suite saw at the first.
fn run(program: &Program) -> (Vec<RunReport>, Seen) {
    let n = program.n_parties as usize;
    let seen: Vec<Arc<Mutex<Seen>>> = (0..n).map(|_| Arc::default()).collect();
    let reports = run_with(
        program,
        &AllInputs::new(),
        memory::links(n).unwrap(),
        &Options::default(),
        |session, program, inputs| {
            let me = session.me().index();
            let seen = seen[me].clone();
            run_suite(session, program, Clear { me, n, seen }, inputs, &mut |_| {})
        },
    );
    let reports = reports
        .into_iter()
        .map(|r| r.unwrap_or_else(|e| panic!("{e}")))
        .collect();
    for party in &seen {
        assert!(party.lock().unwrap().pools.values().all(|&left| left == 0));
    }
    let first = std::mem::take(&mut *seen[0].lock().unwrap());
    (reports, first)
}

fn builder() -> Builder {
    build(SuiteName::TwoParty, 2, 1)
}

fn shared(b: &mut Builder, word: u128, lanes: u64) -> smpcc_circuit::ids::ValueId {
    let public = b.constant(U64, ConstVec::Splat { lanes, word });
    b.op(Op::FromPublic, &[public], a(64), U64, lanes)
}

#[test]
fn a_program_that_needs_none_starts_at_once() {
    let mut b = builder();
    let x = shared(&mut b, 3, 1);
    b.output(x, &[0, 1]);
    let (reports, seen) = run(&b.program);
    expect_costs(&b.program, &reports);
    assert_eq!((reports[0].rounds, reports[0].correlations.rounds), (1, 0));
    // Only the setup, which makes nothing.
    assert_eq!(seen.batches, [Demand::default()]);
}

#[test]
fn all_of_a_small_program_is_one_batch_before_it() {
    let mut b = builder();
    let x = shared(&mut b, 3, 8);
    let y = b.op(Op::Mul, &[x, x], a(64), U64, 8);
    let z = b.op(Op::Mul, &[y, x], a(64), U64, 8);
    b.output(z, &[0, 1]);
    let (reports, seen) = run(&b.program);
    expect_costs(&b.program, &reports);
    let before = setup(&b.program).rounds + preparation_rounds(&b.program, &Demand::of(TRIPLE, 16));
    assert_eq!(reports[0].correlations.rounds, u64::from(before));
    assert_eq!(reports[0].rounds, u64::from(before) + 3);
    assert_eq!(
        reports[0].output(smpcc_circuit::ids::OutputId(0)),
        Some(vec![27; 8])
    );
    assert_eq!(seen.batches[1..], [Demand::of(TRIPLE, 16)]);
    // A section's rounds are its own.
    assert_eq!(reports[0].sections[0].rounds, 3);
}

/// `count` iterations of a product of `lanes` lanes.
fn looped(b: &mut Builder, count: Option<u64>, lanes: u64) -> smpcc_circuit::ids::ValueId {
    let x = shared(b, 1, lanes);
    let mut args = vec![x];
    if count.is_none() {
        let n = shared(b, 5, 1);
        args.insert(0, b.op(Op::Reveal, &[n], P, U64, 1));
    }
    let (i, acc) = (b.value(P, U64, 1), b.value(a(64), U64, lanes));
    let body = b.open(&[i, acc]);
    let next = b.op(Op::Mul, &[acc, x], a(64), U64, lanes);
    b.close(&[next]);
    let last = b.value(a(64), U64, lanes);
    b.node(Op::Loop { count, body }, &args, &[last]);
    last
}

#[test]
fn a_long_loop_holds_few_batches() {
    let mut b = builder();
    let batch = TRIPLE.batch();
    let last = looped(&mut b, Some(100), batch / 16);
    b.output(last, &[0]);
    let (reports, seen) = run(&b.program);
    expect_costs(&b.program, &reports);
    let made: u64 = seen.batches.iter().map(|d| d.count(TRIPLE)).sum();
    assert_eq!(made, 100 * batch / 16);
    assert!(seen.batches.len() > 6);
    assert!(seen.most[&TRIPLE] <= 2 * batch);
}

#[test]
fn an_operation_larger_than_a_batch_gets_all_it_needs() {
    let mut b = builder();
    let lanes = 3 * TRIPLE.batch() + 7;
    let x = shared(&mut b, 2, lanes);
    let y = b.op(Op::Mul, &[x, x], a(64), U64, lanes);
    let z = b.op(Op::Mul, &[x, x], a(64), U64, lanes);
    b.output(y, &[0]);
    b.output(z, &[0]);
    let (reports, seen) = run(&b.program);
    expect_costs(&b.program, &reports);
    assert!(seen.most[&TRIPLE] <= 2 * lanes);
    let made: u64 = seen.batches.iter().map(|d| d.count(TRIPLE)).sum();
    assert_eq!(made, 2 * lanes);
}

#[test]
fn what_revealed_values_steer_is_made_when_it_starts() {
    let mut b = builder();
    let last = looped(&mut b, None, 4);
    let shown = b.op(Op::Reveal, &[last], P, U64, 4);
    let zero = b.constant(U64, ConstVec::Splat { lanes: 4, word: 0 });
    let all = b.op(Op::Word(WordOp::Eq), &[shown, zero], P, Scalar::Bool, 4);
    let reduce = Op::Reduce {
        op: WordOp::And,
        segments: 1,
    };
    let holds = b.op(reduce, &[all], P, Scalar::Bool, 1);
    let then = b.open(&[]);
    let squared = b.op(Op::Mul, &[last, last], a(64), U64, 4);
    b.close(&[squared]);
    let otherwise = b.open(&[]);
    b.close(&[last]);
    let result = b.value(a(64), U64, 4);
    b.node(Op::If { then, otherwise }, &[holds], &[result]);
    b.output(result, &[0, 1]);
    let (reports, seen) = run(&b.program);
    // The count is revealed to be five; the branch is the one without a product.
    let batches: Vec<u64> = seen.batches[1..].iter().map(|d| d.count(TRIPLE)).collect();
    assert_eq!(batches, [20]);
    let prep = preparation_rounds(&b.program, &Demand::of(TRIPLE, 20));
    let rounds = setup(&b.program).rounds + 1 + prep + 5 + 1 + 1;
    assert_eq!(reports[0].rounds, u64::from(rounds));
    // The prediction by the trace of a clear run is the same.
    let trace = smpcc_circuit::eval::eval(&b.program, &[]).unwrap().trace;
    let stats = smpcc_circuit::stats::stats(
        &b.program,
        &smpcc_circuit::stats::Known {
            trace: Some(&trace),
            ..Default::default()
        },
    );
    assert_eq!(stats.totals.rounds, Some(reports[0].rounds));
    let sent: Vec<u64> = reports.iter().map(|r| r.bytes_sent).collect();
    assert_eq!(stats.totals.bytes_sent, Some(sent));
    let sections: u64 = stats.sections.iter().filter_map(|s| s.bytes).sum();
    assert_eq!(
        stats.totals.bytes,
        stats.correlations.bytes.map(|made| made + sections)
    );
}

#[test]
fn demands_add_up_over_loops() {
    let mut b = builder();
    let last = looped(&mut b, Some(7), 3);
    b.output(last, &[0]);
    let demands = Demands::new(&b.program);
    assert_eq!(demands.region(0).map(|d| d.count(TRIPLE)), Some(21));
    assert_eq!(
        predict(&b.program).prepared,
        prepared(&b.program, &Demand::of(TRIPLE, 21))
    );
}
