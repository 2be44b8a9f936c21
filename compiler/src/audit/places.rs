//! Tries that show whether what comes out stands for one record each: to exchange two records exchanges two of its parts, and nothing else.
//!
//! A rank, a part of the largest or a class by quarters follows from all records, so that no number of it is one record's; but each says where one
//! record stands among the others. That a part is one of many alike says less: who has won is known from a list of flags as from a name.

use super::probe::alike;
use super::shown::{Shown, Sight};
use super::subject::{Inputs, Origin, Subject, View};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Word;

/// Inputs at which records are exchanged.
const BASES: usize = 12;

/// Pairs of records that are, at each of them.
const PAIRS: usize = 4;

/// How often an exchange must have been seen.
const SEEN: usize = 4;

/// From which number of different parts on they say where a record stands, and not whether it is the one.
const SEVERAL: usize = 3;

/// What was seen of an origin.
#[derive(Default)]
struct Exchanged {
    /// The parts that may be each record's.
    parts: SortedMap<usize, SortedSet<usize>>,
    times: usize,
    /// How often they told several records apart.
    told: usize,
    /// The same of two classes.
    classed: usize,
    /// Which parts there were, whosesoever they are.
    kinds: SortedSet<Vec<Vec<Word>>>,
    sight: Option<Sight>,
}

/// The origins of which each part stands for one record.
pub(super) fn places(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    shown: &Shown,
    rng: &mut SplitMix,
) -> Vec<(Origin, Sight)> {
    let honest = subject.honest();
    if honest.len() < 2 {
        return Vec::new();
    }
    let mut found: SortedMap<Origin, Option<Exchanged>> = SortedMap::new();
    for _ in 0..BASES {
        let inputs = subject.draw_wide(rng);
        let view = subject.view(&inputs, coalition);
        for _ in 0..PAIRS {
            if !subject.may_run() {
                return Vec::new();
            }
            let (first, second) = (rng.of(&honest), rng.of(&honest));
            let Some(other) = exchanged(subject, (first, second), &inputs) else {
                continue;
            };
            let n_alike = {
                let cells = &subject.records[first].cells;
                let all = subject.records.iter();
                all.filter(|record| alike(cells, &record.cells)).count()
            };
            let (before, after) = (
                by_origin(&view),
                by_origin(&subject.view(&other, coalition)),
            );
            let origins = before.keys().chain(after.keys());
            let origins: SortedSet<Origin> = origins.copied().collect();
            for origin in origins {
                let seen = found
                    .entry(origin)
                    .or_insert_with(|| Some(Exchanged::default()));
                let sides = before.get(&origin).zip(after.get(&origin));
                let kept = sides.zip(seen.as_mut()).is_some_and(|((a, b), seen)| {
                    let sides = (parts(a, n_alike), parts(b, n_alike));
                    seen.note(sides, (first, second), &inputs)
                });
                if !kept {
                    *seen = None;
                }
            }
        }
    }
    let drawn: SortedSet<Origin> = shown.noisy.iter().map(|item| item.0).collect();
    let found = found
        .into_iter()
        .filter(|(origin, _)| !drawn.contains(origin));
    found
        .filter_map(|(origin, seen)| Some((origin, seen?.stands()?)))
        .collect()
}

impl Exchanged {
    /// Notes what an exchange of two records has done; whether two parts were exchanged, or nothing was.
    fn note(
        &mut self,
        (before, after): (Vec<Vec<Word>>, Vec<Vec<Word>>),
        (first, second): (usize, usize),
        inputs: &Inputs,
    ) -> bool {
        let moved = (0..before.len().max(after.len())).filter(|k| before.get(*k) != after.get(*k));
        let moved: Vec<usize> = moved.collect();
        let &[a, b] = moved.as_slice() else {
            return moved.is_empty();
        };
        if before.get(a) != after.get(b) || before.get(b) != after.get(a) {
            return false;
        }
        for record in [first, second] {
            let parts = self.parts.entry(record).or_insert([a, b].into());
            parts.retain(|part| *part == a || *part == b);
            if parts.is_empty() {
                return false;
            }
        }
        let mut kinds = before;
        kinds.sort_unstable();
        let each: SortedSet<&Vec<Word>> = kinds.iter().collect();
        let twice = each
            .iter()
            .all(|part| kinds.iter().filter(|kind| *kind == *part).count() > 1);
        self.times += 1;
        self.told += usize::from(each.len() >= SEVERAL);
        self.classed += usize::from(each.len() >= SEVERAL || twice);
        self.kinds.insert(kinds);
        self.sight.get_or_insert_with(|| Sight {
            inputs: inputs.clone(),
            record: first,
            cell: 0,
        });
        true
    }

    /// Where it was seen, if its parts stand for records.
    fn stands(self) -> Option<Sight> {
        let mostly = |n: usize| 2 * n >= self.times;
        // As many of each class whatever the inputs are: so many have won.
        let says = mostly(self.told) || mostly(self.classed) && self.kinds.len() > 1;
        self.sight.filter(|_| self.times >= SEEN && says)
    }
}

/// The inputs with two records in each other's place, if they are alike and differ.
fn exchanged(
    subject: &Subject<'_>,
    (first, second): (usize, usize),
    inputs: &Inputs,
) -> Option<Inputs> {
    let (mine, theirs) = (
        &subject.records[first].cells,
        &subject.records[second].cells,
    );
    if !alike(mine, theirs) {
        return None;
    }
    let mut other = inputs.clone();
    for (a, b) in mine.iter().zip(theirs) {
        a.set(&mut other, b.get(inputs));
        b.set(&mut other, a.get(inputs));
    }
    (other != *inputs).then_some(other)
}

/// The numbers of each origin in a view.
fn by_origin(view: &View) -> SortedMap<Origin, Vec<Word>> {
    let mut all: SortedMap<Origin, Vec<Word>> = SortedMap::new();
    for ((origin, _), word) in view {
        all.entry(*origin).or_default().push(*word);
    }
    all
}

/// As many parts as there are records, each with its numbers in no order, or as many as there are numbers.
fn parts(words: &[Word], n_records: usize) -> Vec<Vec<Word>> {
    let each = match words.len().is_multiple_of(n_records) {
        true => words.len() / n_records,
        false => 1,
    };
    let parts = words.chunks(each.max(1)).map(|part| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part
    });
    parts.collect()
}
