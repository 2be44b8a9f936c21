//! What draws hide: other draws with which another value of a number gives the same view.
//!
//! Words of draws are looked at one by one for what they move, so that those are tried which can make up for a change: by as much as it was, as a
//! pad and an addend do, or by a little.

use super::subject::{Cell, Inputs, Item, Subject, View, differences, near, some};
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Word;

/// Words of draws that are looked at one by one.
const DRAWN_WORDS: usize = 64;

/// Changes of words of draws to see what they move.
const LOOKS: usize = 150;

/// Changes of draws that are tried to hide a number.
const SHAKES: u64 = 500;

/// Words of draws, each with the items that it was seen to move; none where it may move some, but rarely.
pub(super) type Moves = Vec<((usize, usize), SortedSet<Item>)>;

pub(super) fn moves(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    rng: &mut SplitMix,
) -> Moves {
    let lanes = |&leaf: &usize| (0..inputs[leaf].len()).map(move |lane| (leaf, lane));
    let words: Vec<(usize, usize)> = subject.draws.iter().flat_map(lanes).collect();
    let places: Vec<usize> = (0..words.len()).collect();
    let mut moves = Moves::new();
    let times = (LOOKS / words.len().max(1)).clamp(3, 10);
    for place in some(&places, DRAWN_WORDS, rng) {
        let mut moved = SortedSet::new();
        for _ in 0..times {
            let mut other = inputs.clone();
            subject.shake(&mut other, words[place], rng);
            moved.extend(differences(view, &subject.view(&other, coalition)));
        }
        moves.push((words[place], moved));
    }
    moves
}

/// Whether other draws, of the words that move the items which a number does, give the same view with another value of the number, and
/// perhaps of a second one that makes up for it where nothing is drawn.
pub(super) fn is_hidden_by_draws(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    inputs: &Inputs,
    view: &View,
    (cell, own, others): (&Cell, &[i128], &[(usize, usize)]),
    (moves, touched): (&Moves, &SortedSet<Item>),
    rng: &mut SplitMix,
) -> bool {
    let useful = |(_, moved): &&((usize, usize), SortedSet<Item>)| {
        moved.is_empty() || !moved.is_disjoint(touched)
    };
    let all: Vec<(usize, usize)> = moves.iter().map(|(word, _)| *word).collect();
    let useful: Vec<(usize, usize)> = moves.iter().filter(useful).map(|(word, _)| *word).collect();
    (0..SHAKES).any(|_| {
        if !subject.may_run() {
            return false;
        }
        let mut other = inputs.clone();
        cell.set(&mut other, own[rng.below(own.len() as u64) as usize]);
        // A second number moves what other draws hide.
        let mut words = &useful;
        if !others.is_empty() && (useful.is_empty() || rng.one_in(2)) {
            words = &all;
            let (r, c) = others[rng.below(others.len() as u64) as usize];
            let second = subject.records[r].cells[c].clone();
            let choices = near(&second, second.get(inputs));
            if !choices.is_empty() {
                second.set(
                    &mut other,
                    choices[rng.below(choices.len() as u64) as usize],
                );
            }
        }
        if words.is_empty() {
            return false;
        }
        // What has changed, taken back by a word of a draw as a pad or an addend would.
        if rng.one_in(2) {
            let changed = subject.view(&other, coalition);
            let differ: Vec<(Word, Word)> = (view.iter().zip(&changed))
                .filter(|(a, b)| a.0 == b.0 && a.1 != b.1)
                .map(|(a, b)| (a.1, b.1))
                .collect();
            if !differ.is_empty() {
                let change = rng.of(&differ);
                subject.take_back(&mut other, rng.of(words), change, rng);
            }
        } else {
            for _ in 0..1 + rng.below(2) {
                subject.shake(&mut other, rng.of(words), rng);
            }
        }
        differences(view, &subject.view(&other, coalition)).is_empty()
    })
}
