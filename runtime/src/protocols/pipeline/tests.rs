//! Neither results nor traffic depend on how many cores a party has.

use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Op, Program, Suite};
use smpcc_circuit::value::Word;

use crate::engine::run;
use crate::engine::testing::{AllInputs, Builder, a, inputs, run_with, u, words};
use crate::net::record::{Recorded, Recording};
use crate::net::{Options, memory};
use crate::party::PartyId;
use crate::prg::known;
use crate::protocols::conformance::templates::{and_template, difference_template, sum_template};

const B: Domain = Domain::Boolean;
const WIDTH: u8 = 40;

/// An operation by itself, so that its vectors are whole however long they are. Its results are of the types of its first operands.
fn alone(b: &mut Builder, op: Op, args: &[ValueId], n_results: usize) -> Vec<ValueId> {
    let types: Vec<_> = args.iter().map(|v| b.program.values[v.index()]).collect();
    let values = |b: &mut Builder| -> Vec<ValueId> {
        let values = types.iter().map(|t| b.value(t.domain, t.scalar, t.lanes));
        values.collect()
    };
    let counter = b.value(Domain::Public, u(64), 1);
    let params = values(b);
    let body = b.open(&[&[counter], &params[..]].concat());
    let mut results = params.clone();
    for (result, t) in results.iter_mut().zip(&types).take(n_results) {
        *result = b.value(t.domain, t.scalar, t.lanes);
    }
    b.node(op, &params, &results[..n_results]);
    b.close(&results);
    let last = values(b);
    let count = Some(1);
    b.node(Op::Loop { count, body }, args, &last);
    last
}

/// All operations that compute much, each on several blocks.
fn blocks(suite: Suite, n: u32, t: u32, lanes: u64) -> Program {
    let mut b = Builder::new(suite, n, t);
    let (ring, width) = (a(WIDTH), u(WIDTH));
    let x = b.input(0, ring, width, lanes);
    let y = b.input(1, ring, width, lanes);
    let product = alone(&mut b, Op::Mul, &[x, y], 1)[0];
    b.output(product, &[0]);
    // As many as are worked on whole.
    let lanes = lanes.min(1 << 15);
    let bits = b.input(0, B, width, lanes);
    let other = b.input(1, B, width, lanes);
    let flag = b.input(1, B, u(1), lanes);
    let add = b.template(sum_template(WIDTH.into(), 2));
    let sum = b.op(Op::Call(add), &[bits, other], B, width, lanes);
    let n_parts = b.program.parts(B);
    let parts: Vec<_> = (1..n_parts).map(|_| b.value(B, width, lanes)).collect();
    b.node(Op::RandomParts, &[], &parts);
    let sub = b.template(difference_template(WIDTH.into(), n_parts));
    let all = |first| [&[first], &parts[..]].concat();
    let difference = b.op(Op::Call(sub), &all(sum), B, width, lanes);
    let back = b.op(Op::Compose, &all(difference), ring, width, lanes);
    let and = b.template(and_template());
    let bit = b.op(Op::Call(and), &[flag, flag], B, u(1), lanes);
    let number = b.op(Op::InjectBit, &[bit], ring, width, lanes);
    let both = Op::Linear {
        coefficients: vec![1, 1],
        constant: 1,
    };
    let both = b.op(both, &[back, number], ring, width, lanes);
    b.output(both, &[1]);
    b.program
}

/// All that anybody learns, and all messages that anybody sends.
type Transcript = (Vec<Vec<Option<Vec<Word>>>>, Vec<Vec<Recorded>>);

fn transcript(program: &Program, inputs: &AllInputs, threads: usize) -> Transcript {
    known::begin(99);
    let n = program.n_parties as usize;
    let recordings: Vec<Recording> = (0..n).map(|_| Recording::default()).collect();
    let links = memory::links(n).unwrap().into_iter().zip(&recordings);
    let links = links.map(|(links, r)| r.wrap(links)).collect();
    let options = Options::default();
    let reports = run_with(
        program,
        inputs,
        links,
        &options,
        |session, program, mine| {
            known::begin(session.me().index() as u8);
            session.use_threads(threads);
            run(session, program, mine, &mut |_| {})
        },
    );
    let outputs = reports.into_iter().map(|report| {
        let report = report.unwrap_or_else(|e| panic!("{e}"));
        let outputs = 0..program.outputs.len();
        outputs
            .map(|o| report.output(smpcc_circuit::ids::OutputId::new(o)))
            .collect()
    });
    // When parties say goodbye depends on the clock.
    let sent = |r: &Recording| {
        let frames = PartyId::all(n).flat_map(|to| r.sent_to(to));
        frames.filter(|frame| frame.is_data).collect()
    };
    (outputs.collect(), recordings.iter().map(sent).collect())
}

#[test]
fn cores_change_neither_results_nor_traffic() {
    for (suite, n, t, lanes) in [
        (Suite::Rep3, 3, 1, 70_000),
        (Suite::TwoParty, 2, 1, 40_000),
        (Suite::Gmw, 3, 2, 26_000),
        (Suite::Bgw, 3, 1, 40_000),
        (Suite::Bgw, 5, 2, 40_000),
    ] {
        let program = blocks(suite, n, t, lanes);
        let short = lanes.min(1 << 15);
        let (x, y) = (words(1, WIDTH.into(), lanes), words(2, WIDTH.into(), lanes));
        let bits = [3, 4].map(|seed| words(seed, WIDTH.into(), short));
        let flags = words(5, 1, short);
        let inputs = inputs(&[&x, &y, &bits[0], &bits[1], &flags]);
        let one = transcript(&program, &inputs, 1);
        for threads in [2, 3] {
            let several = transcript(&program, &inputs, threads);
            assert!(one.0 == several.0, "{suite:?}, {threads} threads: results");
            assert!(one.1 == several.1, "{suite:?}, {threads} threads: traffic");
        }
    }
}
