//! What tries are called: from what was seen of views to findings.
//!
//! What is seen at any inputs comes before what is seen at some, and what one result says before what two say together. What is explained once is
//! not named again.

use super::coarse::coarse;
use super::guess::guesses;
use super::places::places;
use super::probe::{alike, everywhere};
use super::shown::{ALWAYS, Seen, Shown, Sight};
use super::subject::{Cell, Inputs, Item, Origin, Subject, View, near};
use super::{Finding, Guessed, Kind, show};
use smpcc_circuit::sorted::{SortedMap, SortedSet};
use smpcc_circuit::splitmix::SplitMix;

/// The share of tries from which on it is worth a word that numbers are determined up to their order.
const MOSTLY: f64 = 0.5;

/// The same as [`ALWAYS`] where a result is rounded, so that a few neighbours look alike.
const NEARLY: f64 = 0.75;

/// The share of tries from which on an input that is determined in some cases is worth a word.
const OFTEN: f64 = 0.12;

/// The same where a program draws: that no other draws hide it is looked for with luck.
const OFTEN_DRAWN: f64 = 0.3;

/// How often what comes out must be one record's, where several count elsewhere, at inputs that meet what the program asks for.
const PLANTED: u64 = 3;

/// The share of tries below which something is left to chance.
const RARELY: f64 = 0.02;

/// Values of a number, all over its range, at which it is looked at what they decide; all of them where there are no more.
const PARTED: u128 = 64;

/// How often a part that says between which limits a number lies is another one along its range.
const LIMITS: usize = 2;

/// How often a group of two must show.
const OF_TWO: u64 = 2;

/// Inputs at which it is looked at what is rounded away.
const ROUNDED: usize = 8;

/// From which these follow.
const ROUNDED_SEED: u64 = 0x0dd1_5ed0;

/// Changes of something after which it is known from which records it follows.
const CHANGES: u64 = 10;

/// Changes by other records that must have left alone what is one record's.
const OTHERS_CHANGES: u64 = 30;

/// How often what comes out step by step must follow from more records than before.
const STEPS: usize = 2;

/// Tries at which an attribute must decide for it to be an extreme record's.
const ATTRIBUTES: u64 = 3;

/// Pairs of inputs near each other with the same view that are enough to say how many there are.
const TWINS: u64 = 3;

/// Inputs near each other that are compared for that.
const NEAR_EACH_OTHER: usize = 800;

/// Values of a field among these.
const VALUES: u64 = 12;

/// The fewest records of a field among which one can be hidden so.
const CROWD: usize = 3;

/// What the tries of one coalition say, one name for each thing that comes out.
pub(super) fn findings(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    shown: &Shown,
    rng: &mut SplitMix,
) -> Vec<Finding> {
    let mut judge = Judge {
        subject,
        coalition,
        shown,
        found: Vec::new(),
        explained: SortedSet::new(),
        determined: SortedSet::new(),
        named: SortedSet::new(),
    };
    let rest = judge.pinned(rng);
    judge.isolated(|kind, _| matches!(kind, Kind::Determined | Kind::OneOfMany | Kind::Nearly));
    judge.guesses();
    judge.by_place(rng);
    judge.attributes(|kind| kind == Kind::OneOfMany);
    judge.isolated(|_, n_origins| n_origins == 1);
    judge.unordered(rest.unordered);
    judge.isolated(|_, _| true);
    judge.attributes(|kind| kind == Kind::SmallGroup);
    judge.pairs();
    judge.of_two();
    judge.unordered(rest.unordered_sometimes);
    judge.sometimes(rest.sometimes);
    judge.coarse(rng);
    judge.per_record();
    judge.parts();
    judge.step_by_step();
    judge.counts_of_one();
    judge.found
}

/// How many pairs of some values are not the same.
fn different_pairs(all: &[Vec<i128>]) -> u64 {
    let mut different = 0;
    for (at, values) in all.iter().enumerate() {
        different += all[..at].iter().filter(|other| *other != values).count() as u64;
    }
    different
}

/// Findings that are named if nothing else explains what comes out, each with its field.
#[derive(Default)]
struct Rest {
    unordered: Vec<(u64, Finding)>,
    unordered_sometimes: Vec<(u64, Finding)>,
    sometimes: Vec<(u64, Finding)>,
}

struct Judge<'a, 's> {
    subject: &'a mut Subject<'s>,
    coalition: &'a [u32],
    shown: &'a Shown,
    found: Vec<Finding>,
    /// What comes out and has a name.
    explained: SortedSet<Origin>,
    /// Records of which a number is determined whatever the inputs are.
    determined: SortedSet<usize>,
    /// Parties and fields of which a number is named.
    named: SortedSet<(u32, u64)>,
}

impl Judge<'_, '_> {
    fn tries(&self) -> f64 {
        self.shown.tries.max(1) as f64
    }

    fn is_explained(&self, origins: &[Origin]) -> bool {
        origins.iter().any(|origin| self.explained.contains(origin))
    }

    /// Names what a sight shows.
    fn name(&mut self, kind: Kind, origins: &[Origin], sight: &Sight, share: f64) {
        let record = &self.subject.records[sight.record];
        let (owner, about) = (record.party, record.cells[sight.cell].name.clone());
        self.explained.extend(origins);
        self.found.push(Finding {
            kind,
            coalition: self.coalition.to_vec(),
            origins: origins.to_vec(),
            about,
            owner,
            also: Vec::new(),
            alike: Vec::new(),
            guess: None,
            of_two: false,
            among: false,
            share,
            unordered: false,
            example: show(self.subject, self.coalition, &sight.inputs),
        });
    }

    /// What the view determines whatever the inputs are; one number of each party and field is named.
    fn pinned(&mut self, rng: &mut SplitMix) -> Rest {
        let shown = self.shown;
        let mut rest = Rest::default();
        for (&(record, cell), pins) in &shown.pinned {
            // That no other draws hide a number was looked for with luck: one try at which they do is enough.
            let drawn = !self.subject.draws.is_empty();
            let always = pins.is_always() && (!drawn || pins.times == pins.tries);
            let share = pins.times as f64 / pins.tries.max(1) as f64;
            let Some(example) = &pins.example else {
                continue;
            };
            let unordered = pins.swapped * 2 > pins.times;
            let (owner, about, turn, small) = {
                let r = &self.subject.records[record];
                let c = &r.cells[cell];
                (r.party, c.name.clone(), c.leaf_turn(), c.is_small())
            };
            let by_itself = pins.by.iter();
            let by_itself = by_itself.filter(|(_, n)| **n as f64 >= ALWAYS * pins.times as f64);
            let alone: Vec<Origin> = by_itself.map(|(origin, _)| *origin).collect();
            let everything: SortedSet<Origin> = shown.counts.keys().map(|item| item.0).collect();
            let origins = match alone.is_empty() {
                true => everything.into_iter().collect(),
                false => alone,
            };
            let least = match (unordered, always) {
                (_, true) => 0.0,
                (true, false) => MOSTLY,
                (false, false) if drawn => OFTEN_DRAWN,
                (false, false) => OFTEN,
            };
            let enough = always || !small && share >= least && pins.times >= 2;
            if !enough || (unordered || !always) && self.is_often_hidden(record, cell, rng) {
                continue;
            }
            // That a variant is known says nothing of what it holds.
            let is_tag = {
                let cells = &self.subject.records[record].cells;
                cells.iter().any(|held| cells[cell].is_tag_of(held))
            };
            let finding = Finding {
                kind: match always {
                    true if is_tag => Kind::Partly,
                    true => Kind::Determined,
                    false => Kind::Sometimes,
                },
                coalition: self.coalition.to_vec(),
                origins,
                about,
                owner,
                also: Vec::new(),
                alike: Vec::new(),
                guess: None,
                of_two: false,
                among: false,
                share,
                unordered,
                example: show(self.subject, self.coalition, example),
            };
            match (unordered, always) {
                (true, true) => rest.unordered.push((turn, finding)),
                (true, false) => rest.unordered_sometimes.push((turn, finding)),
                (false, false) if self.named.contains(&(owner, turn)) => {}
                (false, false) => rest.sometimes.push((turn, finding)),
                (false, true) => {
                    if !is_tag {
                        self.determined.insert(record);
                    }
                    self.explained.extend(&finding.origins);
                    if self.named.insert((owner, turn)) {
                        self.found.push(finding);
                    }
                }
            }
        }
        rest
    }

    /// Whether among all inputs near each other there are, for each, others that give the same view, as estimated from pairs of some of them. Sums
    /// of squares and products are such: a few steps hardly ever cancel out in them, and those of many records nearly always do.
    fn is_often_hidden(&mut self, record: usize, cell: usize, rng: &mut SplitMix) -> bool {
        let turn = self.subject.records[record].cells[cell].leaf_turn();
        let honest = self.subject.honest();
        let places: Vec<Cell> = (honest.iter())
            .flat_map(|r| self.subject.records[*r].cells.iter())
            .filter(|cell| cell.leaf_turn() == turn)
            .cloned()
            .collect();
        if places.len() < CROWD || !self.subject.draws.is_empty() {
            return false;
        }
        let base = self.subject.draw(rng);
        [2, 8].iter().any(|part| {
            let mut seen: SortedMap<_, Vec<Vec<i128>>> = SortedMap::new();
            for _ in 0..NEAR_EACH_OTHER {
                let mut inputs = base.clone();
                let mut values = Vec::new();
                for cell in &places {
                    let from = cell.lo + cell.hi.saturating_sub(cell.lo) / part;
                    let value = from.saturating_add(rng.below(VALUES).into()).min(cell.hi);
                    cell.set(&mut inputs, value);
                    values.push(value);
                }
                values.sort_unstable();
                let view = self.subject.view(&inputs, self.coalition);
                seen.entry(view).or_default().push(values);
            }
            let twins: u64 = seen.values().map(|all| different_pairs(all)).sum();
            let pairs = (NEAR_EACH_OTHER * (NEAR_EACH_OTHER - 1) / 2) as f64;
            let all = (VALUES as f64).powi(places.len() as i32);
            twins >= TWINS && twins as f64 / pairs * all >= 1.0
        })
    }

    /// What is one record's number, always or when few count.
    fn isolated(&mut self, wanted: impl Fn(Kind, usize) -> bool) {
        let shown = self.shown;
        let mut isolated: Vec<_> = shown.isolated.iter().collect();
        // What one result says by itself comes before what two say together.
        isolated.sort_by_key(|(origins, _)| origins.len());
        for (origins, seen) in isolated {
            let known = self.is_explained(origins);
            let Some(sight) = seen.sight.as_ref().filter(|_| !known) else {
                continue;
            };
            if seen.records.iter().all(|r| self.determined.contains(r)) {
                continue;
            }
            let Some((kind, share)) = self.kind_of_isolated(seen, sight) else {
                continue;
            };
            // Under a thin noise what would be a record's number is one near it.
            let is_thin = shown.thin.iter().any(|item| origins.contains(&item.0));
            let kind = match kind {
                Kind::Determined | Kind::Sometimes | Kind::OneOfMany if is_thin => Kind::Nearly,
                kind => kind,
            };
            if wanted(kind, origins.len()) {
                self.name(kind, origins, sight, share);
            }
        }
    }

    fn kind_of_isolated(&mut self, seen: &Seen, sight: &Sight) -> Option<(Kind, f64)> {
        let share = seen.times as f64 / self.tries();
        // Where there is nothing but the number itself, nothing else decides whether it comes out.
        let r = &self.subject.records[sight.record];
        let fields: SortedSet<u64> = r.cells.iter().map(Cell::leaf_turn).collect();
        let same = seen.equal == seen.times && fields.len() == 1;
        let turn = r.cells[sight.cell].leaf_turn();
        let honest = self.subject.honest();
        let has_field = |r: &&usize| {
            let mut cells = self.subject.records[**r].cells.iter();
            cells.any(|cell| cell.leaf_turn() == turn)
        };
        let only = honest.iter().filter(has_field).count() == 1;
        let of_one = seen.records.len() == 1;
        let bare = match seen.times {
            0 => seen.single > 0,
            _ => seen.bare > 0 && (seen.planted > 0 || share >= RARELY),
        };
        // Others have a part in what comes out where nobody meets what the program waits for.
        let is_planted = seen.times == 0 && seen.bare > 0 && seen.planted >= PLANTED;
        Some(if of_one && share >= NEARLY {
            (self.kind_of_determined(sight), share)
        } else if only && share >= OFTEN {
            (Kind::Sometimes, share)
        } else if seen.share_of_one(self.tries()) >= MOSTLY || same && share >= OFTEN {
            (Kind::OneOfMany, share)
        } else if of_one && bare && self.has_place(sight) != Some(true)
            || of_one && is_planted && self.has_place(sight) == Some(false)
        {
            let planted = self.share_of_planted(seen.planted);
            (Kind::Sometimes, if share > 0.0 { share } else { planted })
        } else if bare || share >= MOSTLY {
            let planted = self.share_of_planted(seen.planted);
            (Kind::SmallGroup, if share > 0.0 { share } else { planted })
        } else {
            return None;
        })
    }

    /// What it is called when one number decides something nearly always: numbers far from it may give the same, as with a remainder. (Those next to it
    /// give the same where it is rounded, and that it is known up to that is no less.)
    fn kind_of_determined(&mut self, sight: &Sight) -> Kind {
        let cell = self.subject.records[sight.record].cells[sight.cell].clone();
        let seen = self.subject.view(&sight.inputs, self.coalition);
        for value in everywhere(self.subject, &cell, cell.get(&sight.inputs)) {
            let mut other = sight.inputs.clone();
            let is_set = cell.set(&mut other, value);
            if is_set && self.subject.view(&other, self.coalition) == seen {
                return Kind::Partly;
            }
        }
        Kind::Determined
    }

    /// Whether another record in the place of the one that is seen shows as well: then it is what the record has that matters, and not which one
    /// it is. Nothing where there is no record like it.
    fn has_place(&mut self, sight: &Sight) -> Option<bool> {
        let record = sight.record;
        let mine = self.subject.records[record].cells.clone();
        let here = mine[sight.cell].get(&sight.inputs);
        let is_like = |r: &usize| *r != record && alike(&mine, &self.subject.records[*r].cells);
        let others: Vec<usize> = self.subject.honest().into_iter().filter(is_like).collect();
        let shows = others.iter().any(|other| {
            let theirs = self.subject.records[*other].cells.clone();
            // Two that have the same number show nothing by their places.
            let mut inputs = sight.inputs.clone();
            let there = theirs[sight.cell].get(&inputs);
            let apart = near(&mine[sight.cell], here);
            if here == there
                && !apart
                    .first()
                    .is_some_and(|v| mine[sight.cell].set(&mut inputs, *v))
            {
                return false;
            }
            let mut swapped = inputs.clone();
            for (a, b) in mine.iter().zip(&theirs) {
                a.set(&mut swapped, b.get(&inputs));
                b.set(&mut swapped, a.get(&inputs));
            }
            let view = self.subject.view(&inputs, self.coalition);
            self.subject.view(&swapped, self.coalition) == view
        });
        (!others.is_empty()).then_some(shows)
    }

    fn share_of_planted(&self, times: u64) -> f64 {
        times as f64 / self.shown.planted.max(1) as f64
    }

    /// What is one record's attribute, for all inputs or when few count.
    fn attributes(&mut self, wanted: impl Fn(Kind) -> bool) {
        let shown = self.shown;
        for ((origin, _), seen) in &shown.attributes {
            let Some(sight) = seen.sight.as_ref() else {
                continue;
            };
            // Where it is always the same one, each number that comes out is one record's by its place.
            let one_each = !seen.several && seen.deciders.values().all(|records| records.len() < 2);
            let kind = if one_each {
                continue;
            } else if !seen.several && seen.times >= ATTRIBUTES {
                Kind::OneOfMany
            } else if seen.shown > 0 {
                Kind::SmallGroup
            } else {
                continue;
            };
            if wanted(kind)
                && !self.is_explained(&[*origin])
                && !self.determined.contains(&sight.record)
            {
                let all = (shown.tries + shown.planted).max(1) as f64;
                self.name(kind, &[*origin], sight, (seen.times as f64 / all).min(1.0));
            }
        }
    }

    /// What two results say together: of a record that has just one value, and of one that counts in one of two means.
    fn pairs(&mut self) {
        let shown = self.shown;
        for (origins, seen) in &shown.windows {
            let known = self.is_explained(origins);
            if let Some(sight) = seen.sight.as_ref().filter(|_| !known) {
                let share = match seen.times {
                    0 => self.share_of_planted(seen.planted),
                    times => times as f64 / self.tries(),
                };
                self.name(Kind::SmallGroup, origins, sight, share);
            }
        }
        for ((items, _), seen) in &shown.weighted {
            let share = seen.times as f64 / self.tries();
            let origins: SortedSet<Origin> = items.iter().map(|item| item.0).collect();
            let origins: Vec<Origin> = origins.into_iter().collect();
            let known = self.is_explained(&origins);
            if let Some(sight) = seen.sight.as_ref().filter(|_| !known && share >= MOSTLY) {
                self.name(Kind::Nearly, &origins, sight, share);
            }
        }
    }

    /// What two records say together that are a group among others.
    fn of_two(&mut self) {
        let shown = self.shown;
        for (origin, seen) in &shown.of_two {
            let known = self.is_explained(&[*origin]) || seen.planted < OF_TWO;
            if let Some(sight) = seen.sight.as_ref().filter(|_| !known) {
                self.name(Kind::SmallGroup, &[*origin], sight, 1.0);
                if let Some(found) = self.found.last_mut() {
                    found.of_two = true;
                }
            }
        }
    }

    /// Numbers that are known up to their order.
    fn unordered(&mut self, findings: Vec<(u64, Finding)>) {
        for (turn, finding) in findings {
            if !self.is_explained(&finding.origins) && self.named.insert((0, turn)) {
                self.explained.extend(&finding.origins);
                self.found.push(finding);
            }
        }
    }

    /// Numbers that are determined in some cases.
    fn sometimes(&mut self, findings: Vec<(u64, Finding)>) {
        for (turn, finding) in findings {
            if !self.is_explained(&finding.origins) && self.named.insert((finding.owner, turn)) {
                self.found.push(finding);
            }
        }
    }

    /// Numbers of which neighbours look alike, and no others.
    fn coarse(&mut self, rng: &mut SplitMix) {
        let found = coarse(self.subject, self.coalition, self.shown, rng);
        for (item, sight) in found {
            let is_known = self.determined.contains(&sight.record);
            if !is_known && !self.is_explained(&[item.0]) {
                self.name(Kind::Nearly, &[item.0], &sight, 1.0);
            }
        }
    }

    /// Bits of what comes out that follow from one record alone, in numbers that follow from several.
    fn parts(&mut self) {
        let shown = self.shown;
        let honest = self.subject.honest();
        for (item, by_record) in &shown.flips {
            let flips = |r: &usize| by_record.get(r).copied().unwrap_or_default();
            let changes: u64 = honest.iter().map(|r| flips(r).changes).sum();
            if self.subject.is_float(*item) || self.is_explained(&[item.0]) {
                continue;
            }
            for &record in &honest {
                let others = honest.iter().filter(|r| **r != record).map(flips);
                let of_others = others.fold(0, |bits, flips| bits | flips.ever());
                let drawn = shown.shaken.get(item).copied().unwrap_or(0);
                let own = flips(&record);
                let alone = own.often() & !of_others & !drawn;
                if alone == 0
                    || of_others == 0
                    || changes - own.changes < OTHERS_CHANGES
                    || self.determined.contains(&record)
                {
                    continue;
                }
                if let Some(sight) = self.sight_of_part(*item, record, alone) {
                    self.name(Kind::Partly, &[item.0], &sight, 1.0);
                    break;
                }
            }
        }
    }

    /// Inputs at which a number of a record decides some bits of an item: one of few values, or one that does so by being above or below a limit.
    /// (Whether a large number is odd says next to nothing, and sums of weighted numbers tell such things.)
    fn sight_of_part(&mut self, item: Item, record: usize, bits: u128) -> Option<Sight> {
        let inputs = self.shown.first.clone()?;
        let word = |view: &View| view.iter().find(|(i, _)| *i == item).map(|(_, w)| *w);
        let cells = self.subject.records[record].cells.clone();
        let cell = cells.iter().position(|cell| {
            let span = cell.hi.wrapping_sub(cell.lo) as u128;
            let step = (span / PARTED).max(1);
            let values = (0..=PARTED)
                .map(|k| k * step)
                .filter(|offset| *offset <= span);
            let seen: Vec<Option<u128>> = values
                .map(|offset| {
                    let mut other = inputs.clone();
                    cell.set(&mut other, cell.lo.wrapping_add(offset as i128));
                    let seen = word(&self.subject.view(&other, self.coalition));
                    seen.map(|seen| seen & bits)
                })
                .collect();
            let changes = seen.windows(2).filter(|two| two[0] != two[1]).count();
            changes > 0 && (step == 1 || changes <= LIMITS)
        });
        let cell = cell.or_else(|| self.beside_rounded(item, record, bits))?;
        Some(Sight {
            inputs: inputs.clone(),
            record,
            cell,
        })
    }

    /// The number of a record that decides some bits of an item by its neighbours, where the others of its field are rounded away from these bits: room
    /// was made for it. (In a sum of weighted numbers each step of each of them shows.)
    fn beside_rounded(&mut self, item: Item, record: usize, bits: u128) -> Option<usize> {
        let word = |view: &View| view.iter().find(|(i, _)| *i == item).map(|(_, w)| *w);
        let cells = self.subject.records[record].cells.clone();
        let honest = self.subject.honest();
        let mut rng = SplitMix::new(ROUNDED_SEED);
        let bases: Vec<Inputs> = (0..ROUNDED)
            .map(|_| self.subject.draw_wide(&mut rng))
            .collect();
        (0..cells.len()).find(|&c| {
            let turn = cells[c].leaf_turn();
            let own = self.steps_of(&bases, &cells[c]);
            let shows = own
                .iter()
                .filter_map(|[a, b]| Some((word(a)? ^ word(b)?) & bits));
            let shows = shows.filter(|changed| *changed != 0).count();
            let others: Vec<Cell> = (honest.iter().filter(|r| **r != record))
                .flat_map(|r| self.subject.records[*r].cells.clone())
                .filter(|cell| cell.leaf_turn() == turn)
                .collect();
            let stays = others.iter().any(|cell| {
                let steps = self.steps_of(&bases, cell);
                let same = steps.iter().filter(|[a, b]| word(a) == word(b)).count();
                (1..steps.len()).contains(&same)
            });
            shows * 2 > ROUNDED && stays
        })
    }

    /// What comes out at some inputs, and when a number is one more.
    fn steps_of(&mut self, bases: &[Inputs], cell: &Cell) -> Vec<[View; 2]> {
        let mut steps = Vec::new();
        for inputs in bases {
            let mut other = inputs.clone();
            if cell.set(&mut other, cell.next(cell.get(inputs), 1)) {
                let here = self.subject.view(inputs, self.coalition);
                steps.push([here, self.subject.view(&other, self.coalition)]);
            }
        }
        steps
    }

    /// Guesses that come out confirmed or not.
    fn guesses(&mut self) {
        for (item, guess) in guesses(self.subject, self.coalition, self.shown) {
            if self.is_explained(&[item.0]) || self.determined.contains(&guess.record) {
                continue;
            }
            let sight = Sight {
                inputs: guess.inputs,
                record: guess.record,
                cell: guess.cell,
            };
            self.name(Kind::Guessed, &[item.0], &sight, 1.0);
            if let Some(found) = self.found.last_mut() {
                found.guess = Some(Guessed {
                    by: guess.by,
                    any: guess.any,
                    exact: guess.exact,
                });
            }
        }
    }

    /// Things of which each part says where one record stands among the others.
    fn by_place(&mut self, rng: &mut SplitMix) {
        for (origin, sight) in places(self.subject, self.coalition, self.shown, rng) {
            if self.explained.insert(origin) {
                self.found.push(Finding {
                    about: record_name(self.subject, sight.record),
                    owner: self.subject.records[sight.record].party,
                    among: true,
                    ..self.of_no_record(Kind::PerRecord, origin, 1.0, &sight.inputs)
                });
            }
        }
    }

    /// Things that come out for each record.
    fn per_record(&mut self) {
        let shown = self.shown;
        let honest = self.subject.honest();
        let mut alone: SortedMap<Origin, SortedSet<usize>> = SortedMap::new();
        for (item, records) in &shown.depends {
            let of_one = records.len() == 1 && records.iter().all(|r| honest.contains(r));
            if of_one && !shown.noisy.contains(item) {
                alone.entry(item.0).or_default().extend(records);
            }
        }
        let Some(inputs) = shown.first.as_ref() else {
            return;
        };
        let few = honest.len() < 2 || self.subject.records.len() < 3;
        for (origin, records) in alone {
            let record = records.iter().next().copied().unwrap_or(0);
            if records.iter().all(|r| self.determined.contains(r)) || !self.explained.insert(origin)
            {
                continue;
            }
            // All of it follows from this one alone, and not from what who looks gives.
            if few {
                let sight = Sight {
                    inputs: inputs.clone(),
                    record,
                    cell: 0,
                };
                self.name(Kind::Partly, &[origin], &sight, 1.0);
                continue;
            }
            self.found.push(Finding {
                about: record_name(self.subject, record),
                owner: self.subject.records[record].party,
                ..self.of_no_record(Kind::PerRecord, origin, 1.0, inputs)
            });
        }
    }

    fn of_no_record(&self, kind: Kind, origin: Origin, share: f64, inputs: &Inputs) -> Finding {
        Finding {
            kind,
            coalition: self.coalition.to_vec(),
            origins: vec![origin],
            about: String::new(),
            owner: 0,
            also: Vec::new(),
            alike: Vec::new(),
            guess: None,
            of_two: false,
            among: false,
            share,
            unordered: false,
            example: show(self.subject, self.coalition, inputs),
        }
    }

    /// Things that come out on the way, while records are added.
    fn step_by_step(&mut self) {
        let several = self.subject.honest().len() >= 3;
        if let (true, Some(inputs)) = (several, self.shown.first.as_ref()) {
            for origin in growing(self.shown) {
                if self.explained.insert(origin) {
                    let finding = self.of_no_record(Kind::StepByStep, origin, 1.0, inputs);
                    self.found.push(finding);
                }
            }
        }
    }

    /// Counts of groups that can be one.
    fn counts_of_one(&mut self) {
        let shown = self.shown;
        let mut groups: SortedMap<Origin, Vec<Item>> = SortedMap::new();
        for (item, counted) in &shown.counts {
            let counts = counted.changes > 0 && counted.most == 1 && counted.ones > 0;
            if counts && !shown.noisy.contains(item) {
                groups.entry(item.0).or_default().push(*item);
            }
        }
        for (origin, items) in groups {
            let counted = items.first().and_then(|item| shown.counts.get(item));
            let Some(example) = counted.and_then(|c| c.example.as_ref()) else {
                continue;
            };
            let few = items.len() < 3 || self.subject.records.len() < 3;
            // What is never more than one says whether, and not how many.
            let seen = items.iter().filter_map(|i| shown.counts.get(i));
            let says_whether = seen.map(|c| c.top).max() <= Some(1);
            if few || says_whether || self.explained.contains(&origin) {
                continue;
            }
            let ones = items.iter().filter_map(|i| shown.counts.get(i));
            let times = ones.map(|c| c.ones).max().unwrap_or(0);
            let share = times as f64 / self.tries();
            let finding = self.of_no_record(Kind::CountOfOne, origin, share, example);
            self.found.push(finding);
        }
    }
}

/// Origins with several numbers, of which later ones follow from more records than earlier ones: records come in one after the other, in
/// their order, and what they have come into they mostly stay in; or in any order, if they all stay. (Tries miss some of what a number
/// follows from.)
fn growing(shown: &Shown) -> Vec<Origin> {
    let mut chains: SortedMap<Origin, Vec<&SortedSet<usize>>> = SortedMap::new();
    for (item, records) in &shown.depends {
        let changes = shown.counts.get(item).map_or(0, |counted| counted.changes);
        if !shown.noisy.contains(item) && !records.is_empty() && changes >= CHANGES {
            chains.entry(item.0).or_default().push(records);
        }
    }
    let grows = |chain: &Vec<&SortedSet<usize>>| {
        let nested = (chain.windows(2)).all(|two| two[0].iter().all(|r| two[1].contains(r)));
        let all: SortedSet<usize> = chain.iter().copied().flatten().copied().collect();
        let first = |r: &usize| chain.iter().position(|records| records.contains(r));
        let firsts: Vec<usize> = all.iter().filter_map(first).collect();
        let later: usize = firsts.iter().map(|first| chain.len() - first).sum();
        let stay: usize = chain.iter().map(|records| records.len()).sum();
        let in_order = firsts.is_sorted() && 2 * stay > later;
        firsts.iter().collect::<SortedSet<_>>().len() > STEPS && (in_order || nested)
    };
    let grown = chains.into_iter().filter(|(_, chain)| grows(chain));
    grown.map(|(origin, _)| origin).collect()
}

fn record_name(subject: &Subject<'_>, record: usize) -> String {
    let r = &subject.records[record];
    match r.name.is_empty() {
        true => r.cells.first().map_or(String::new(), |c| c.name.clone()),
        false => r.name.trim_matches('`').to_owned(),
    }
}
