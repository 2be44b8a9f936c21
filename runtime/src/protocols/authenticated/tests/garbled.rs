//! Garbled circuits on shared bits: what they take, and what becomes of lies in what they send.

use super::*;

const WIDTH: u32 = 4;
const LANES: u64 = 14;

fn data() -> [Vec<Word>; 2] {
    [words(1, WIDTH, LANES), words(2, WIDTH, LANES)]
}

/// Sums, and bytes of what is opened for them, of the tables, and of the masked bits.
fn garbled() -> (Builder, [usize; 3]) {
    let b = sums_in(Y, LANES, WIDTH as u8, &[0, 1]);
    let ands = b.program.templates[0].and_levels().iter().sum::<u64>() * LANES;
    let inputs = u64::from(2 * WIDTH) * LANES;
    let tables = 16 * inputs + 32 * ands + ands.div_ceil(8);
    let lens = [(inputs + 2 * ands).div_ceil(8), tables, ands.div_ceil(8)];
    (b, lens.map(|len| len as usize))
}

/// However deep a circuit is, it takes three rounds, and what speaks for it one more; circuits that follow it take two each.
#[test]
fn rounds_do_not_follow_depth() {
    let rounds = |domain, width: u8, times: usize| {
        let mut b = malicious();
        let [mut x, y] = [0, 1].map(|party| b.input(party, B, u(width), 2));
        let add = b.template(sum_template(width.into(), 2));
        for _ in 0..times {
            x = call(&mut b, domain, add, &[x, y], (width, 2));
        }
        b.output(x, &[0, 1]);
        let width = width.into();
        check(&b, &[words(1, width, 2), words(2, width, 2)]);
        stats(&b.program, &Known::default()).totals.rounds.unwrap()
    };
    assert_eq!(rounds(Y, 5, 1), rounds(Y, 60, 1));
    assert_eq!(rounds(Y, 60, 3), rounds(Y, 60, 1) + 4);
    // A comparison in turn.
    assert_eq!(rounds(B, 5, 1), rounds(Y, 5, 1) + (5 - 1) - 3 - 1);
}

/// Lanes that go their own ways between garbled circuits, and a loop of them.
#[test]
fn garbled_values_are_moved_like_any_other() {
    let (width, lanes) = (7, 66);
    let mut b = malicious();
    let inputs = [0, 1].map(|party| b.input(party, B, u(width), lanes));
    let add = b.template(sum_template(width.into(), 2));
    let [x, y] = inputs.map(|v| b.op(Op::BooleanToYao, &[v], Y, u(width), lanes));
    let both = b.op(Op::Concat, &[x, y], Y, u(width), 2 * lanes);
    let index = b.constant(
        u(64),
        ConstVec::Table((0..2 * lanes).rev().map(Word::from).collect()),
    );
    let (i, acc) = (b.value(P, u(64), 1), b.value(Y, u(width), 2 * lanes));
    let body = b.open(&[i, acc]);
    let turned = b.op(
        Op::Gather { block: 1 },
        &[acc, index],
        Y,
        u(width),
        2 * lanes,
    );
    let sum = b.op(Op::Call(add), &[acc, turned], Y, u(width), 2 * lanes);
    let few = b.constant(u(64), ConstVec::Table(vec![3, 70]));
    let picked = b.op(Op::Gather { block: 1 }, &[turned, few], Y, u(width), 2);
    let next = b.op(
        Op::Scatter { block: 1 },
        &[sum, few, picked],
        Y,
        u(width),
        2 * lanes,
    );
    b.close(&[next]);
    let last = b.value(Y, u(width), 2 * lanes);
    b.node(
        Op::Loop {
            count: Some(3),
            body,
        },
        &[both],
        &[last],
    );
    let out = b.op(Op::YaoToBoolean, &[last], B, u(width), 2 * lanes);
    b.output(out, &[1]);
    check(
        &b,
        &[words(1, width.into(), lanes), words(2, width.into(), lanes)],
    );
}

/// Whatever piece of either party is changed at either end, the other one stops or has what the inputs mean; and it stops wherever somebody looks.
#[test]
fn every_piece_matters() {
    let (b, [opened, tables, masked]) = garbled();
    let (program, data) = (verified(&b.program), data());
    let meaning = |data: &[Vec<Word>]| eval(&b.program, data).unwrap().outputs[0].clone();
    let input_len = (u64::from(WIDTH) * LANES).div_ceil(8) as usize;
    for cheater in 0..2 {
        let lens = pieces(&program, &data, cheater);
        let place = |len: usize| lens.iter().filter(|&&l| l == len).count();
        let mine = if cheater == 0 { tables } else { masked };
        assert_eq!([opened, mine, input_len].map(place), [1; 3], "{lens:?}");
        let changes: [fn(&mut Vec<u8>); 2] = [
            |piece| piece[0] ^= 1,
            |piece| piece.iter_mut().rev().take(1).for_each(|b| *b ^= 0x80),
        ];
        // From the inputs on; what is before is that of shared bits.
        let from = lens.iter().position(|&len| len == input_len).unwrap();
        for (at, &len) in lens.iter().enumerate().skip(from) {
            for (which, change) in changes.into_iter().enumerate() {
                let what = format!("party {cheater}, piece {at} of {lens:?}, change {which}");
                let mut effective = data.clone();
                if len == input_len {
                    let bit = [0, 8 * input_len as u64 - 1][which];
                    effective[cheater][(bit % LANES) as usize] ^= 1 << (bit / LANES);
                }
                match cheated(&program, &data, cheater, at, change) {
                    Ok(report) => {
                        assert_eq!(
                            report.output(OutputId(0)),
                            Some(meaning(&effective)),
                            "{what}"
                        );
                        // The lowest bit of a label is known; no lane has the last bit.
                        let unused = len == input_len || which == 1 || len == tables;
                        assert!(unused, "{what}: believed");
                    }
                    Err(error) => assert_ne!(error.fault(), Fault::Bug, "{what}: {error}"),
                }
            }
        }
    }
}

/// A row of a table that is spoilt is used if and only if a masked bit is one, which is random whatever the input is: so is whether the evaluator stops.
#[test]
fn selective_failures_say_nothing_of_inputs() {
    let (b, [_, tables, _]) = garbled();
    let program = verified(&b.program);
    let labels = 16 * 2 * WIDTH as usize * LANES as usize;
    const RUNS: u32 = 24;
    let mut failures = [0; 2];
    for (input, failures) in failures.iter_mut().enumerate() {
        let value = vec![[0, 15][input]; LANES as usize];
        let data = [value.clone(), value];
        let lens = pieces(&program, &data, 0);
        let at = lens.iter().position(|&len| len == tables).unwrap();
        for _ in 0..RUNS {
            let hook = move |number: usize, piece: &mut Vec<u8>| {
                if number == at {
                    piece[labels + 5] ^= 1;
                }
            };
            let hook = Arc::new(Mutex::new(hook));
            let results = with_hook(&program, &data, 0, 5000, Some(hook));
            match &results[1] {
                Ok(report) => {
                    let expected = eval(&b.program, &data).unwrap().outputs[0].clone();
                    assert_eq!(report.output(OutputId(0)), Some(expected));
                }
                Err(error) => {
                    assert_ne!(error.fault(), Fault::Bug, "{error}");
                    *failures += 1;
                }
            }
        }
    }
    // Of 24 coins fewer than 4 fall on one side with a chance of 2^−12; and as often for one input as for the other (χ² of one degree).
    assert!(
        failures.iter().all(|n| (3..=RUNS - 3).contains(n)),
        "{failures:?}"
    );
    let [a, b] = failures.map(f64::from);
    let (n, mean) = (f64::from(RUNS), (a + b) / 2.0);
    let chi = ((a - mean).powi(2) + (b - mean).powi(2)) * (1.0 / mean + 1.0 / (n - mean));
    assert!(chi < 15.0, "{failures:?}: {chi}");
}

/// To an evaluator that lies about a masked bit the garbler does not tell what speaks for its tables: it would tell a mask.
#[test]
fn a_lie_about_a_masked_bit_has_no_answer() {
    let (b, [_, _, masked]) = garbled();
    let (program, data) = (verified(&b.program), data());
    let at = pieces(&program, &data, 1)
        .iter()
        .position(|&len| len == masked)
        .unwrap();
    let honest = pieces(&program, &data, 0);
    let lens = Arc::new(Mutex::new(Vec::new()));
    let refs: Vec<&[Word]> = data.iter().map(Vec::as_slice).collect();
    let links = memory::links(2).unwrap_or_else(|e| panic!("{e}"));
    let options = Options::default();
    let results = run_with(
        &program,
        &inputs(&refs),
        links,
        &options,
        |session, program, mine| {
            let (me, lens, mut number) = (session.me().index(), lens.clone(), 0);
            mallory::begin(Box::new(move |_, piece| {
                match me {
                    0 => lens.lock().unwrap().push(piece.len()),
                    _ if number == at => piece[0] ^= 1,
                    _ => {}
                }
                number += 1;
            }));
            run(session, program, mine, &mut |_| {})
        },
    );
    assert!(results.iter().all(Result::is_err));
    // Neither its hash nor its bits of the result.
    let sent = lens.lock().unwrap();
    assert_eq!(sent[..], honest[..honest.len() - 2]);
    assert_eq!(honest[honest.len() - 2], super::super::HASH);
}
