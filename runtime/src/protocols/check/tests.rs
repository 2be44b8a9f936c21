//! Nothing that was opened is used before its check: an adversary of the tests' own, whose check sends something and can fail.
//!
//! The suite hides nothing: a share is the value, and its evidence is the value too. A check sends the sum of its batch's evidence
//! to all others, who compare it with theirs; the liar sends another.

use std::sync::{Arc, Mutex};

use smpcc_circuit::cost::Delay;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Node, Op, Program};
use smpcc_circuit::value::{ConstVec, Scalar};

use super::{Batch, Check, Claim, Opened, Passed};
use crate::engine::testing::{AllInputs, Builder, a, rep3, run_with};
use crate::engine::{RunReport, run_suite};
use crate::error::{Error, Fault};
use crate::exchange::Exchange;
use crate::net::{Options, memory};
use crate::party::PartyId;
use crate::protocols::{Begun, Machine, Operand, Outcome, Step, Stepped, Suite, Value};
use crate::ring::Elements;

const P: Domain = Domain::Public;
const U64: Scalar = Scalar::unsigned(64);
const LIAR: usize = 2;

/// Bytes of a message of the check.
const TAG: usize = 16;

struct Watched {
    me: usize,
    lies: bool,
    /// Operations and checks, in the order in which they began.
    seen: Arc<Mutex<Vec<String>>>,
}

/// Sends one message to all and compares what comes with it.
struct Compare {
    sum: u128,
    claim: Option<Claim>,
    sent: bool,
}

impl Machine<Watched> for Compare {
    fn step(
        &mut self,
        suite: &mut Watched,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<Watched>, Error> {
        let others = PartyId::all(3).filter(|p| p.index() != suite.me);
        let claim = match self.claim.take() {
            Some(claim) if self.sent => claim,
            claim => {
                for other in others {
                    let said = self.sum ^ u128::from(suite.lies);
                    wire.send(other, |out| out.extend(said.to_le_bytes()))?;
                    wire.expect(other, TAG)?;
                }
                (self.claim, self.sent) = (claim, true);
                return Ok(Step::Waiting);
            }
        };
        for other in others {
            if wire.take(other, TAG)? != self.sum.to_le_bytes() {
                return Err(Error::peer(other, "an opened value is false"));
            }
        }
        Ok(Step::Done(
            Outcome::Passed(claim.proven()),
            Delay::Rounds(1),
        ))
    }
}

impl Suite for Watched {
    type Share = Elements;
    type Evidence = u128;

    /// A corrupt party says what it likes.
    fn deviates(&self) -> bool {
        true
    }

    fn cut(share: &Elements, from: usize, lanes: usize) -> Elements {
        share.slice(from, lanes)
    }

    fn put(
        _whole: Option<Elements>,
        _lanes: usize,
        _from: usize,
        _block: &Elements,
    ) -> Result<Elements, Error> {
        Err(Error::bug("no blocks in these tests"))
    }

    fn check(&mut self, batch: Batch<u128>) -> Result<Check<Self>, Error> {
        let (evidence, claim) = batch.open();
        let mut seen = self.seen.lock().unwrap();
        seen.push(format!("check {}", evidence.len()));
        Ok(Check::Machine(Box::new(Compare {
            sum: evidence.iter().sum(),
            claim: Some(claim),
            sent: false,
        })))
    }

    fn begin(
        &mut self,
        program: &Program,
        node: &Node,
        args: Vec<Operand<Self>>,
        _input: Option<Elements>,
    ) -> Result<Begun<Self>, Error> {
        self.seen.lock().unwrap().push(node.op.name().to_owned());
        let words = |i: usize| match &*args[i] {
            Value::Public(e) | Value::Shared(e) => e.words(),
            Value::Local(_) => Vec::new(),
        };
        let of = |words: Vec<u128>| Elements::of_words(64, words.into_iter());
        let opened = || Opened::with(of(words(0)), words(0).iter().sum());
        Ok(Begun::Done(match &node.op {
            Op::FromPublic => Outcome::Values(vec![Value::Shared(of(words(0)))]),
            Op::Mul => {
                let z = words(0).iter().zip(words(1)).map(|(&x, y)| x * y).collect();
                Outcome::Values(vec![Value::Shared(of(z))])
            }
            Op::Reveal => Outcome::Revealed(opened()),
            Op::Output(id) => {
                let receivers = &program.outputs[id.index()].receivers;
                let mine = receivers.contains(&(self.me as u32));
                Outcome::Output(*id, mine.then(opened))
            }
            _ => return Err(Error::bug("not in these tests")),
        }))
    }
}

/// Runs three parties; their reports, and what the first one saw.
fn run(program: &Program, lies: bool) -> (Vec<Result<RunReport, Error>>, Vec<String>) {
    let seen: Vec<Arc<Mutex<Vec<String>>>> = (0..3).map(|_| Arc::default()).collect();
    let reports = run_with(
        program,
        &AllInputs::new(),
        memory::links(3).unwrap(),
        &Options::default(),
        |session, program, inputs| {
            let me = session.me().index();
            let suite = Watched {
                me,
                lies: lies && me == LIAR,
                seen: seen[me].clone(),
            };
            run_suite(session, program, suite, inputs, &mut |_| {})
        },
    );
    let first = std::mem::take(&mut *seen[0].lock().unwrap());
    (reports, first)
}

/// A batch that a suite of other tests believes.
pub(crate) fn believed(batch: Batch<()>) -> Passed {
    batch.believed()
}

fn shared(b: &mut Builder, word: u128) -> ValueId {
    let public = b.constant(U64, ConstVec::scalar(word));
    b.op(Op::FromPublic, &[public], a(64), U64, 1)
}

/// Two values are revealed at once; one decides whether their product is an output, or one of them.
fn steered() -> Builder {
    let mut b = rep3();
    let (x, y) = (shared(&mut b, 5), shared(&mut b, 7));
    let shown = b.op(Op::Reveal, &[x], P, U64, 1);
    let other = b.op(Op::Reveal, &[y], P, U64, 1);
    let less = b.op(Op::Word(WordOp::Lt), &[shown, other], P, Scalar::Bool, 1);
    let then = b.open(&[]);
    let product = b.op(Op::Mul, &[x, y], a(64), U64, 1);
    b.close(&[product]);
    let otherwise = b.open(&[]);
    b.close(&[x]);
    let result = b.value(a(64), U64, 1);
    b.node(Op::If { then, otherwise }, &[less], &[result]);
    b.output(result, &[0, 1, 2]);
    b
}

#[test]
fn openings_of_a_tick_are_checked_together_and_before_control_uses_one() {
    let b = steered();
    let (reports, seen) = run(&b.program, false);
    let order = ["from_public", "from_public", "reveal", "reveal", "check 2"];
    assert_eq!(seen[..5], order);
    assert_eq!(seen[5..], ["mul", "output", "check 1"]);
    for report in reports {
        let report = report.unwrap();
        let id = smpcc_circuit::ids::OutputId(0);
        assert_eq!(report.output(id), Some(vec![35]));
        // Two checks, each one message to both others and one round; the openings themselves are free here.
        assert_eq!(report.checks.n_checks, 2);
        assert_eq!(report.checks.bytes_sent, 2 * 2 * TAG as u64);
        assert_eq!((report.bytes_sent, report.rounds), (2 * 2 * TAG as u64, 2));
    }
}

#[test]
fn nothing_comes_of_a_false_opening() {
    let b = steered();
    let (reports, seen) = run(&b.program, true);
    // The check began, and nothing after it.
    assert_eq!(seen[3..], ["reveal", "check 2"]);
    for (party, report) in reports.into_iter().enumerate() {
        let error = report.err().expect("no result");
        if party != LIAR {
            let liar = PartyId::new(LIAR as u16);
            assert_eq!(error.fault(), Fault::Peer(liar), "{error}");
        }
    }
}

#[test]
fn a_false_output_leaves_nowhere() {
    let mut b = rep3();
    let x = shared(&mut b, 5);
    for _ in 0..3 {
        b.output(x, &[0, 1, 2]);
    }
    for lies in [false, true] {
        let (reports, seen) = run(&b.program, lies);
        // Nobody waits for an output: all of them are checked at the end, at once.
        assert_eq!(seen[1..], ["output", "output", "output", "check 3"]);
        for (party, report) in reports.iter().enumerate() {
            // The liar itself finds nothing wrong, and may be gone before the others say what they have found.
            assert!(
                report.is_err() == lies || lies && party == LIAR,
                "party {party}"
            );
        }
    }
}

/// In a loop, each turn waits for its own check.
#[test]
fn every_turn_of_a_loop_waits() {
    let mut b = rep3();
    let (x, two) = (shared(&mut b, 3), shared(&mut b, 2));
    let in_cond = b.value(a(64), U64, 1);
    let cond = b.open(&[in_cond]);
    let shown = b.op(Op::Reveal, &[in_cond], P, U64, 1);
    let limit = b.constant(U64, ConstVec::scalar(1000));
    let less = b.op(Op::Word(WordOp::Lt), &[shown, limit], P, Scalar::Bool, 1);
    b.close(&[less]);
    let in_body = b.value(a(64), U64, 1);
    let body = b.open(&[in_body]);
    let doubled = b.op(Op::Mul, &[in_body, two], a(64), U64, 1);
    b.close(&[doubled]);
    let last = b.value(a(64), U64, 1);
    b.node(Op::While { cond, body }, &[x], &[last]);
    let out = b.output(last, &[0, 1, 2]);
    let (reports, seen) = run(&b.program, false);
    let turns = 10;
    let report = reports.into_iter().next().unwrap().unwrap();
    assert_eq!(report.output(out), Some(vec![3 << (turns - 1)]));
    // Each turn's opening and the output's.
    assert_eq!(report.checks.n_checks, turns + 1);
    assert_eq!(report.rounds, turns + 1);
    let pairs = seen.windows(2).filter(|w| w[0] == "reveal");
    assert!(pairs.map(|w| &w[1]).all(|next| next == "check 1"));
}

/// A check releases its own batch only.
#[test]
fn a_batch_is_released_by_its_own_check() {
    let (mut first, mut second) = (Batch::new(0), Batch::new(1));
    let early = Opened::new(1).submit(&mut first);
    let late = Opened::new(2).submit(&mut second);
    let passed = first.believed();
    assert_eq!(early.release(&passed).ok(), Some(1));
    let error = late.release(&passed).err().unwrap();
    assert_eq!(error.fault(), Fault::Bug);
}
