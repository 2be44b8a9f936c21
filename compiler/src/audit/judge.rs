//! What tries are called: from what was seen of views to findings.
//!
//! What is seen at any inputs comes before what is seen at some, and what one result says before what two say together. What is explained once is
//! not named again.

use super::shown::{ALWAYS, Seen, Shown, Sight};
use super::subject::{Cell, Inputs, Item, Origin, Subject};
use super::{Finding, Kind, show};
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

/// The share of tries below which something is left to chance.
const RARELY: f64 = 0.02;

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
    judge.isolated(|kind, _| matches!(kind, Kind::Determined | Kind::OneOfMany));
    judge.attributes(|kind| kind == Kind::OneOfMany);
    judge.isolated(|_, n_origins| n_origins == 1);
    judge.unordered(rest.unordered);
    judge.isolated(|_, _| true);
    judge.attributes(|kind| kind == Kind::SmallGroup);
    judge.pairs();
    judge.unordered(rest.unordered_sometimes);
    judge.sometimes(rest.sometimes);
    judge.per_record();
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
            let finding = Finding {
                kind: if always {
                    Kind::Determined
                } else {
                    Kind::Sometimes
                },
                coalition: self.coalition.to_vec(),
                origins,
                about,
                owner,
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
                    self.determined.insert(record);
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
            if wanted(kind, origins.len()) {
                self.name(kind, origins, sight, share);
            }
        }
    }

    fn kind_of_isolated(&self, seen: &Seen, sight: &Sight) -> Option<(Kind, f64)> {
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
        Some(if of_one && share >= NEARLY {
            (Kind::Determined, share)
        } else if only && share >= OFTEN {
            (Kind::Sometimes, share)
        } else if seen.share_of_one(self.tries()) >= MOSTLY || same && share >= OFTEN {
            (Kind::OneOfMany, share)
        } else if seen.times == 0 && of_one && bare {
            (Kind::Sometimes, self.share_of_planted(seen.planted))
        } else if bare || share >= MOSTLY {
            let planted = self.share_of_planted(seen.planted);
            (Kind::SmallGroup, if share > 0.0 { share } else { planted })
        } else {
            return None;
        })
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
            let kind = if !seen.several && seen.times >= ATTRIBUTES {
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
                self.name(kind, &[*origin], sight, seen.times as f64 / all);
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
        for (origins, seen) in &shown.weighted {
            let share = seen.times as f64 / self.tries();
            let known = self.is_explained(origins);
            if let Some(sight) = seen.sight.as_ref().filter(|_| !known && share >= MOSTLY) {
                self.name(Kind::Nearly, origins, sight, share);
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
        if honest.len() < 2 || self.subject.records.len() < 3 {
            return;
        }
        for (origin, records) in alone {
            let record = records.iter().next().copied().unwrap_or(0);
            if records.iter().all(|r| self.determined.contains(r)) || !self.explained.insert(origin)
            {
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
            if few || self.explained.contains(&origin) {
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
/// their order, and what they have come into they mostly stay in. (Tries miss some of what a number follows from.)
fn growing(shown: &Shown) -> Vec<Origin> {
    let mut chains: SortedMap<Origin, Vec<&SortedSet<usize>>> = SortedMap::new();
    for (item, records) in &shown.depends {
        if !shown.noisy.contains(item) && !records.is_empty() {
            chains.entry(item.0).or_default().push(records);
        }
    }
    let grows = |chain: &Vec<&SortedSet<usize>>| {
        let all: SortedSet<usize> = chain.iter().copied().flatten().copied().collect();
        let first = |r: &usize| chain.iter().position(|records| records.contains(r));
        let firsts: Vec<usize> = all.iter().filter_map(first).collect();
        let later: usize = firsts.iter().map(|first| chain.len() - first).sum();
        let stay: usize = chain.iter().map(|records| records.len()).sum();
        firsts.is_sorted()
            && firsts.iter().collect::<SortedSet<_>>().len() > STEPS
            && 2 * stay >= later
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
