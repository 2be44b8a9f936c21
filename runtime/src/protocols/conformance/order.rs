//! The order of what a party says: nothing of a result before all that it follows from has come, and no coin before what binds the other party.
//!
//! A party that cheats by waiting keeps one piece back. Whoever was to get it has not told its part of any opening by then, whichever piece
//! it was; the run ends, and what it said until then is counted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use smpcc_circuit::cost::opener;
use smpcc_circuit::program::{Domain, Op, Suite, Threat};
use smpcc_circuit::verify::{Verified, verify};

use super::cheats::Piece;
use super::templates::sum_template;
use super::{B, Y};
use crate::engine::run;
use crate::engine::testing::{AllInputs, Builder, a, inputs, run_with, u, words};
use crate::error::Error;
use crate::exchange::mallory;
use crate::net::{Options, memory};

const WIDTH: u8 = 8;
const LANES: u64 = 5;

/// Enough for most runs: where it is not, less is said, which no test takes for a fault.
const SHORT: Duration = Duration::from_millis(60);
/// Enough on a machine that does much else.
const LONG: Duration = Duration::from_secs(5);

/// A sum of bits, garbled or not, or a product, opened to all.
fn program(suite: Suite, n: u32, domain: Domain) -> Verified {
    let mut b = Builder::new(suite, n, 1);
    b.program.threat = Threat::Malicious;
    let z = if let Domain::Arithmetic { .. } = domain {
        let [x, y] = [0, 1].map(|party| b.input(party, domain, u(WIDTH), LANES));
        b.op(Op::Mul, &[x, y], domain, u(WIDTH), LANES)
    } else {
        let given = [0, 1].map(|party| b.input(party, B, u(WIDTH), LANES));
        let add = b.template(sum_template(WIDTH.into(), 2));
        let to = |b: &mut Builder, v| match domain {
            Y => b.op(Op::BooleanToYao, &[v], Y, u(WIDTH), LANES),
            _ => v,
        };
        let args = given.map(|v| to(&mut b, v));
        let z = b.op(Op::Call(add), &args, domain, u(WIDTH), LANES);
        match domain {
            Y => b.op(Op::YaoToBoolean, &[z], B, u(WIDTH), LANES),
            _ => z,
        }
    };
    let all: Vec<u32> = (0..n).collect();
    b.output(z, &all);
    verify(b.program).unwrap_or_else(|e| panic!("{e}"))
}

/// What each party says, of which one keeps its piece of a number back; and whether each has a result. Who waits for more than `patience`
/// ends, and says less than it would have.
fn said(
    program: &Verified,
    data: &AllInputs,
    withheld: Option<(usize, usize)>,
    patience: Duration,
) -> Vec<(Vec<Piece>, bool)> {
    let n = program.n_parties as usize;
    let sent: Arc<Mutex<Vec<Vec<Piece>>>> = Arc::new(Mutex::new(vec![Vec::new(); n]));
    let options = Options {
        patience,
        ..Options::default()
    };
    let links = memory::links(n).unwrap_or_else(|e| panic!("{e}"));
    let results = run_with(program, data, links, &options, |session, program, mine| {
        let (sent, me) = (sent.clone(), session.me().index());
        mallory::begin(Box::new(move |to, piece| {
            let mut sent = sent.lock().unwrap_or_else(|e| panic!("{e}"));
            let number = sent[me].len();
            sent[me].push((to.index(), piece.clone()));
            if withheld == Some((me, number)) {
                piece.clear();
            }
        }));
        run(session, program, mine, &mut |_| {})
    });
    let sent = std::mem::take(&mut *sent.lock().unwrap_or_else(|e| panic!("{e}")));
    let has = results.into_iter().map(|r: Result<_, Error>| r.is_ok());
    sent.into_iter().zip(has).collect()
}

/// A party's pieces of an opening to all.
fn of_an_opening(suite: Suite, party: usize) -> usize {
    match suite {
        // It sends one component and vouches for another.
        Suite::Rep3 => 2,
        Suite::Rep4 => {
            let routes = (0..4).map(opener);
            routes
                .filter(|r| r.from == party || r.voucher == party)
                .count()
        }
        _ => 1,
    }
}

#[test]
fn nothing_is_opened_to_who_keeps_anything_back() {
    let number = a(WIDTH);
    for (suite, n, domains) in [
        (Suite::Rep3, 3, &[B, Y, number][..]),
        (Suite::Rep4, 4, &[B, number]),
        (Suite::TwoParty, 2, &[B, Y]),
    ] {
        for &domain in domains {
            let program = program(suite, n, domain);
            let data = inputs(&[&words(1, 8, LANES), &words(2, 8, LANES)]);
            let honest = said(&program, &data, None, LONG);
            assert!(honest.iter().all(|(_, has)| *has));
            let last = |party: usize| honest[party].0.len() - of_an_opening(suite, party);
            for (cheater, (pieces, _)) in honest.iter().enumerate() {
                for (number, (to, _)) in pieces[..last(cheater)].iter().enumerate() {
                    let what = format!("{suite:?}, {domain:?}, party {cheater}, piece {number}");
                    let (pieces, has) = &said(&program, &data, Some((cheater, number)), SHORT)[*to];
                    assert!(!has, "{what}");
                    assert!(pieces.len() <= last(*to), "{what}: {}", pieces.len());
                }
            }
        }
    }
}

/// Between two parties a coin is tossed: the first one tells its part when the second one has committed to its own, and that one opens the
/// commitment when it has the first one's.
#[test]
fn no_coin_is_told_before_what_binds_the_other() {
    let program = program(Suite::TwoParty, 2, B);
    let data = inputs(&[&words(1, 8, LANES), &words(2, 8, LANES)]);
    let honest = said(&program, &data, None, LONG);
    let first = |party: usize, len: usize| {
        let mut pieces = honest[party].0.iter();
        let found = pieces.position(|(_, piece)| piece.len() == len);
        found.unwrap_or_else(|| panic!("no piece of {len} bytes from party {party}"))
    };
    let (commitment, coin) = (first(1, 32), first(0, 64));
    let stopped = said(&program, &data, Some((1, commitment)), LONG);
    assert_eq!(stopped[0].0.len(), coin);
    let stopped = said(&program, &data, Some((0, coin)), LONG);
    assert_eq!(stopped[1].0.len(), commitment + 1);
}
