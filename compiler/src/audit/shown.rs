//! What the tries of one coalition have shown, before it is judged.

use super::subject::{Inputs, Item, Origin};
use smpcc_circuit::sorted::{SortedMap, SortedSet};

/// The share of tries from which on something happens always.
pub(super) const ALWAYS: f64 = 0.9;

/// Something that was seen once: inputs, the item if it is one, and the record and cell that are given away.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub inputs: Inputs,
    pub record: usize,
    pub cell: usize,
}

/// What was seen of an origin over all tries.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Tries in which it was seen.
    pub times: u64,
    /// The records that it was seen of.
    pub records: SortedSet<usize>,
    /// How often each number of the view was the one.
    pub looks: SortedMap<Vec<Item>, u64>,
    /// How often the item equals the number that it gives away.
    pub equal: u64,
    /// How often it was seen at inputs that meet what the program asks for, beside those at random.
    pub planted: u64,
    /// How often nothing was found that another record hides of it.
    pub bare: u64,
    /// How often no other record was found to count together with it.
    pub single: u64,
    /// How often that was looked for.
    pub looked: u64,
    /// The first, or the first at which nothing hides it.
    pub sight: Option<Sight>,
}

impl Seen {
    /// The share of the tries in which it was one and the same number of the view that was one record's.
    pub fn share_of_one(&self, tries: f64) -> f64 {
        self.looks.values().copied().max().unwrap_or(0) as f64 / tries
    }
}

/// What the tries of one coalition have shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    /// Inputs that were tried.
    pub tries: u64,
    /// Inputs that meet what the program asks for, tried besides.
    pub planted: u64,
    /// Isolated, by the origins that it takes.
    pub isolated: SortedMap<Vec<Origin>, Seen>,
    /// Pairs of origins whose difference one record makes by having just one value.
    pub windows: SortedMap<Vec<Origin>, Seen>,
    /// Pairs of numbers of the view of which a weighted difference follows one record, more or less: with the record.
    pub weighted: SortedMap<([Item; 2], usize), Seen>,
    /// What follows two records alone that are a group.
    pub of_two: SortedMap<Origin, Seen>,
    /// What decides something by itself: by origin and field of few values.
    pub attributes: SortedMap<(Origin, u64), Attribute>,
    /// Tries and pins by record and cell, and by which origins alone, if any.
    pub pinned: SortedMap<(usize, usize), Pins>,
    /// The records that ever changed an item, and one try in which it did.
    pub depends: SortedMap<Item, SortedSet<usize>>,
    /// For each item the greatest change by one record, whether it ever was 1, and a try.
    pub counts: SortedMap<Item, Counted>,
    /// Items that other draws alone have changed.
    pub noisy: SortedSet<Item>,
    /// Items that draws change, but by far less than a record does.
    pub thin: SortedSet<Item>,
    /// The bits of each number of the view that draws have changed.
    pub shaken: SortedMap<Item, u128>,
    /// The bits of each number of the view that each record has changed.
    pub flips: SortedMap<Item, SortedMap<usize, Flips>>,
    /// Inputs of the first try.
    pub first: Option<Inputs>,
}

/// What was seen of a field of few values.
#[derive(Clone, Debug, Default)]
pub(super) struct Attribute {
    /// Tries at which one record's decided, whatever the others had.
    pub times: u64,
    /// Those of them at which it shows that the record is alone.
    pub shown: u64,
    /// Whether there were inputs at which several records had a part.
    pub several: bool,
    /// The records that ever decided each number of the view.
    pub deciders: SortedMap<Item, SortedSet<usize>>,
    /// The first, or the first at which it shows.
    pub sight: Option<Sight>,
}

/// Pins of one number.
#[derive(Clone, Debug, Default)]
pub(super) struct Pins {
    pub tries: u64,
    pub times: u64,
    /// How often two records in each other's place gave the same view.
    pub swapped: u64,
    /// How often each origin alone pinned it.
    pub by: SortedMap<Origin, u64>,
    pub example: Option<Inputs>,
}

impl Pins {
    /// Whether a number is determined at nearly all inputs.
    pub fn is_always(&self) -> bool {
        self.tries >= 3 && self.times as f64 >= ALWAYS * self.tries as f64
    }

    /// Whether more tries would hardly say anything else: most of the work goes into these.
    pub fn is_settled(&self) -> bool {
        self.tries >= 5 && self.times == 0
    }
}

/// How an item changes when one record does.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    pub most: u128,
    /// The largest value seen.
    pub top: u128,
    pub ones: u64,
    pub changes: u64,
    pub example: Option<Inputs>,
}

/// The bits of a number that a record has changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flips {
    /// Changes of the number.
    pub changes: u64,
    /// Bits that were changed at least once, twice, and so on.
    pub times: [u128; OFTEN],
}

/// How often a bit must be changed for that to be no chance.
const OFTEN: usize = 6;

impl Flips {
    /// Notes a change.
    pub fn note(&mut self, change: u128) {
        self.changes += 1;
        let mut rest = change;
        for bits in &mut self.times {
            (rest, *bits) = (rest & *bits, rest | *bits);
        }
    }

    /// Bits that were ever changed.
    pub const fn ever(&self) -> u128 {
        self.times[0]
    }

    /// Bits that were changed often.
    pub const fn often(&self) -> u128 {
        self.times[OFTEN - 1]
    }
}
