//! A party that sends what it likes: it runs the protocol, and one of its pieces leaves changed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use smpcc_circuit::program::Program;

use crate::engine::testing::{AllInputs, run_with};
use crate::engine::{RunReport, run};
use crate::error::Error;
use crate::exchange::mallory;
use crate::net::{Options, memory};

/// How a piece is changed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// One bit of it, by its place from the start or the end.
    First,
    Last,
    Middle,
    /// It is the last piece of its length that went to the same party, or zeros.
    Replay,
    /// Zeros.
    Zeros,
    /// All bits.
    Not,
    /// It is left out.
    Withhold,
}

/// All ways.
pub(crate) const CHANGES: [Change; 7] = [
    Change::First,
    Change::Last,
    Change::Middle,
    Change::Replay,
    Change::Zeros,
    Change::Not,
    Change::Withhold,
];

impl Change {
    /// Changes a piece, before which `earlier` ones went to the same and to other parties.
    fn apply(self, to: usize, piece: &mut Vec<u8>, earlier: &[Piece]) {
        let n = piece.len();
        match self {
            Change::First => piece[0] ^= 1,
            Change::Last => piece[n - 1] ^= 0x80,
            Change::Middle => piece[n / 2] ^= 0x10,
            Change::Replay => {
                let before = earlier.iter().rev();
                let mut before = before.filter(|(other, old)| *other == to && old.len() == n);
                *piece = before.next().map_or(vec![0; n], |(_, old)| old.clone());
            }
            Change::Zeros => piece.fill(0),
            Change::Not => piece.iter_mut().for_each(|b| *b = !*b),
            Change::Withhold => piece.clear(),
        }
    }
}

/// The piece of a number as it left, if that is not what it should have been: a random byte is what is put in its place once in 256 runs.
pub(crate) fn became(sent: &[Piece], number: usize, change: Change) -> Option<Vec<u8>> {
    let (to, piece) = &sent[number];
    let mut changed = piece.clone();
    change.apply(*to, &mut changed, &sent[..number]);
    (changed != *piece).then_some(changed)
}

/// What a party sends: to whom, and what.
pub(crate) type Piece = (usize, Vec<u8>);

/// Pieces as they are sent.
type Sent = Arc<Mutex<Vec<Piece>>>;

/// Runs a program in which one party changes its piece of a number; all results, and the pieces as they should have been.
pub(crate) fn cheat(
    program: &Program,
    data: &AllInputs,
    cheater: usize,
    changed: Option<(usize, Change)>,
) -> (Vec<Result<RunReport, Error>>, Vec<Piece>) {
    let sent: Sent = Arc::default();
    // Who waits for what is never sent is not kept for long.
    let withheld = matches!(changed, Some((_, Change::Withhold)));
    let options = Options {
        patience: Duration::from_millis(if withheld { 150 } else { 5000 }),
        ..Options::default()
    };
    let links = memory::links(program.n_parties as usize).unwrap();
    let results = run_with(program, data, links, &options, |session, program, mine| {
        if session.me().index() == cheater {
            let sent = sent.clone();
            let mut number = 0;
            mallory::begin(Box::new(move |to, piece| {
                let mut sent = sent.lock().unwrap();
                let to = to.index();
                let original = piece.clone();
                if let Some((_, change)) = changed.filter(|c| c.0 == number) {
                    change.apply(to, piece, &sent);
                }
                sent.push((to, original));
                number += 1;
            }));
        }
        run(session, program, mine, &mut |_| {})
    });
    let sent = std::mem::take(&mut *sent.lock().unwrap());
    (results, sent)
}
