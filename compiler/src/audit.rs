//! What a program gives away beyond what its reader may expect: tried, not guessed.
//!
//! `smpcc reveals` says what leaves; this says what that tells. The program is run in the clear on inputs at random and on
//! small changes of them (`probe`), as each coalition would see it: the results of its members, what is revealed, and
//! its own inputs. What is found comes with inputs that show it. Finding nothing proves nothing; finding something proves it for those
//! inputs. How many bits a coalition learns of a record is computed for values that are spread over the ranges (`bits`).
//!
//! Numbers follow from a fixed seed, so that an audit of the same program says the same.

mod bits;
mod isolate;
mod probe;
mod shown;
mod subject;

use crate::ir::interpret::watch;
use crate::ir::{Ir, Tag, Tags};
use crate::reveals::DisclosureKind;
pub use bits::Bits;
use probe::probe;
use shown::Shown;
use smpcc_circuit::ids::{InputId, OutputId};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Form, Scalar, Word};
use std::collections::{BTreeMap, BTreeSet};
pub use subject::Origin;
use subject::{Inputs, Item, Subject};

/// Inputs at random that each coalition's view is tried at.
const TRIES: u64 = 50;

/// Coalitions that are looked at, at most.
const COALITIONS: usize = 8;

/// The share of tries from which on something happens always.
const ALWAYS: f64 = 0.9;

/// The share of tries from which on it is worth a word that numbers are determined up to their order.
const MOSTLY: f64 = 0.5;

/// The same as [`ALWAYS`] where a result is rounded, so that a few neighbours look alike.
const NEARLY: f64 = 0.75;

/// The share of tries from which on an input that is determined in some cases is worth a word.
const OFTEN: f64 = 0.12;

/// The share of tries below which something is left to chance.
const RARELY: f64 = 0.02;

/// The least that there must be to learn, in bits, for what is learned of it to be most of it.
const LEAST_OF: f64 = 1.5;

/// The share of what there is to learn from which on it is most of it.
const MOST_SHARE: f64 = 0.7;

/// How often what comes out step by step must follow from more records than before.
const STEPS: usize = 2;

/// What is given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The view determines an input, whatever it is.
    Determined,
    /// The view determines an input in some cases.
    Sometimes,
    /// The view determines an input up to close neighbours: rounding or what is drawn hides it from no others.
    Nearly,
    /// What comes out is the number of one record: a minimum, a maximum, a median.
    OneOfMany,
    /// When few records count, what comes out is one record's number.
    SmallGroup,
    /// Each of several things that come out follows from one record.
    PerRecord,
    /// Of what comes out one after the other, each follows from more records than the one before.
    StepByStep,
    /// Counts of groups can be one.
    CountOfOne,
}

impl Kind {
    /// As reports call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Determined => "determined",
            Self::Sometimes => "sometimes determined",
            Self::Nearly => "nearly determined",
            Self::OneOfMany => "one record's number",
            Self::SmallGroup => "small group",
            Self::PerRecord => "record by record",
            Self::StepByStep => "step by step",
            Self::CountOfOne => "count of one",
        }
    }

    /// Whether it is a leak; otherwise it is to be thought about.
    pub const fn is_leak(self) -> bool {
        !matches!(self, Self::CountOfOne)
    }

    /// What usually helps.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Determined => {
                "give fewer results that can be subtracted from each other, compute over more parties or records, or leave the result out"
            }
            Self::Sometimes => {
                "give a coarser result (a rounded number, a class), or give it only where a condition holds that hides such cases"
            }
            Self::Nearly => {
                "draw more noise: as much as one record can change what comes out (`std::dp` with that sensitivity); without any, give fewer results that can be subtracted from each other"
            }
            Self::OneOfMany => {
                "give a quantile of many records, a rounded number or a class in place of the minimum, maximum or median of few"
            }
            Self::SmallGroup => {
                "give the result only where at least so many records count (`if n >= 5 { … } else { 0 }`), or add noise"
            }
            Self::PerRecord => {
                "give a total over the records in place of something for each, or shuffle before revealing"
            }
            Self::StepByStep => {
                "reveal once, after the loop: run it to its end, and select by a secret flag what counts"
            }
            Self::CountOfOne => {
                "leave out counts below a least size (`if n >= 5 { n } else { 0 }`), use coarser groups, or add noise"
            }
        }
    }
}

/// Something that a coalition learns beyond a total.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Who learns it, ascending; several parties when they put together what they know.
    pub coalition: Vec<u32>,
    /// From what: results and reveals.
    pub origins: Vec<Origin>,
    /// The number that is given away, as `rows[2].age`.
    pub about: String,
    /// Whose it is.
    pub owner: u32,
    /// In what share of the tries.
    pub share: f64,
    /// Whether the number is known, but not of which of several records it is.
    pub unordered: bool,
    /// Inputs that show it, and what comes out.
    pub example: Example,
}

/// Inputs and what a coalition sees of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Example {
    /// By party: the input's path and its values.
    pub inputs: Vec<(u32, String, String)>,
    /// What comes out: origin and value.
    pub view: Vec<(Origin, String)>,
}

/// How many bits a coalition learns of one record of a party.
#[derive(Clone, Debug, PartialEq)]
pub struct Leakage {
    /// Who learns.
    pub coalition: Vec<u32>,
    /// Of whom.
    pub owner: u32,
    /// Of which record: `row 2 of rows`, or empty for all that a party gives.
    pub record: String,
    /// How much.
    pub bits: Bits,
}

/// The result of an audit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audit {
    /// What was found, leaks first.
    pub findings: Vec<Finding>,
    /// Bits by coalition and record.
    pub leakage: Vec<Leakage>,
    /// Runs in the clear that it took.
    pub runs: u64,
    /// Whether all that was planned was run.
    pub complete: bool,
}

/// Tries a program against coalitions of one party and of `threshold` parties, with at most so many runs.
pub fn audit(ir: &Ir, threshold: u32, most_runs: u64) -> Audit {
    let mut subject = Subject::new(ir, most_runs);
    let most_runs = subject.most;
    let mut rng = SplitMix::new(0x5eed_a0d1);
    let mut audit = Audit::default();
    let coalitions = coalitions(ir.n_parties, threshold);
    let share = most_runs / coalitions.len().max(1) as u64;
    for (k, coalition) in coalitions.iter().enumerate() {
        if !learns(ir, coalition) {
            continue;
        }
        subject.most = (k as u64 + 1) * share;
        let shown = probe(&mut subject, coalition, TRIES, &mut rng);
        audit.complete = shown.tries == TRIES || audit.complete && k > 0;
        let found = findings(&mut subject, coalition, &shown);
        let mut leaks: BTreeSet<u32> = BTreeSet::new();
        leaks.extend(found.iter().filter(|f| f.kind.is_leak()).map(|f| f.owner));
        audit.findings.extend(found);
        subject.most = most_runs;
        let mut owners = BTreeSet::new();
        for record in 0..subject.records.len() {
            let (owner, name) = {
                let r = &subject.records[record];
                (r.party, r.name.clone())
            };
            if coalition.contains(&owner) || !owners.insert(owner) {
                continue;
            }
            if let Some(bits) = bits::bits(&mut subject, coalition, record, &mut rng) {
                if !leaks.contains(&owner)
                    && is_thin(&mut subject, coalition, record, (&bits, &shown), &mut rng)
                {
                    let found = nearly(&mut subject, coalition, record, &shown);
                    audit.findings.extend(found);
                }
                audit.leakage.push(Leakage {
                    coalition: coalition.clone(),
                    owner,
                    record: name,
                    bits,
                });
            }
        }
    }
    audit.runs = subject.runs;
    fold(&mut audit.findings);
    audit
}

/// Whether what is drawn leaves nearly all of a record to be learned, from the whole view or from what follows from this record alone.
fn is_thin(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    record: usize,
    (bits, shown): (&Bits, &Shown),
    rng: &mut SplitMix,
) -> bool {
    if subject.draws.is_empty() {
        return false;
    }
    let alone = |records: &BTreeSet<usize>| records.len() == 1 && records.contains(&record);
    let items = shown.depends.iter();
    let part: BTreeSet<Item> = items
        .filter(|(_, records)| alone(records))
        .map(|(item, _)| *item)
        .collect();
    is_most(bits)
        || !part.is_empty()
            && bits::bits_of(subject, coalition, record, Some(&part), rng)
                .is_some_and(|bits| is_most(&bits))
}

/// Whether nearly all that there is to learn is learned.
fn is_most(bits: &Bits) -> bool {
    bits.of >= LEAST_OF && bits.learned - bits.error >= MOST_SHARE * bits.of
}

/// That what is drawn hides a record from its neighbours only.
fn nearly(
    subject: &mut Subject<'_>,
    coalition: &[u32],
    record: usize,
    shown: &Shown,
) -> Option<Finding> {
    let r = &subject.records[record];
    let items = shown.depends.iter();
    let origins: BTreeSet<Origin> = items
        .filter(|(_, records)| records.contains(&record))
        .map(|(item, _)| item.0)
        .collect();
    Some(Finding {
        kind: Kind::Nearly,
        coalition: coalition.to_vec(),
        origins: origins.into_iter().collect(),
        about: r.cells.first()?.name.clone(),
        owner: r.party,
        share: 1.0,
        unordered: false,
        example: show(subject, coalition, shown.first.as_ref()?),
    })
}

/// Single parties first, then sets of the threshold's size; all but one together can always subtract, so they are left out
/// where there are more than two.
fn coalitions(n_parties: u32, threshold: u32) -> Vec<Vec<u32>> {
    let mut all: Vec<Vec<u32>> = (0..n_parties).map(|p| vec![p]).collect();
    if threshold > 1 && threshold + 1 < n_parties {
        all.extend((0..n_parties).map(|p| {
            let mut set: Vec<u32> = (0..threshold).map(|k| (p + k) % n_parties).collect();
            set.sort_unstable();
            set
        }));
    }
    all.truncate(COALITIONS);
    all
}

/// Whether anything comes out to a coalition.
fn learns(ir: &Ir, coalition: &[u32]) -> bool {
    let receives = ir.outputs.iter().flat_map(|leaf| &leaf.receivers);
    receives.clone().any(|party| coalition.contains(party))
        || crate::reveals::reveals(ir)
            .iter()
            .any(|d| matches!(d.kind, DisclosureKind::Reveal | DisclosureKind::Assert))
}

fn findings(subject: &mut Subject<'_>, coalition: &[u32], shown: &Shown) -> Vec<Finding> {
    let mut found = Vec::new();
    let tries = shown.tries.max(1) as f64;
    let mut explained: BTreeSet<Origin> = BTreeSet::new();
    let mut determined: BTreeSet<usize> = BTreeSet::new();

    // What the view determines whatever the inputs are; one number of each party and field is named.
    let mut named: BTreeSet<(u32, u64)> = BTreeSet::new();
    let mut sometimes = Vec::new();
    let mut unordered_ones = Vec::new();
    for (&(record, cell), pins) in &shown.pinned {
        let always = pins.tries >= 3 && pins.times as f64 >= ALWAYS * pins.tries as f64;
        let share = pins.times as f64 / pins.tries.max(1) as f64;
        let Some(example) = &pins.example else {
            continue;
        };
        let unordered = pins.swapped * 2 > pins.times;
        let (owner, about, turn, small) = {
            let r = &subject.records[record];
            let c = &r.cells[cell];
            (r.party, c.name.clone(), c.leaf_turn(), c.is_small())
        };
        let alone: Vec<Origin> = pins
            .by
            .iter()
            .filter(|(_, n)| **n as f64 >= ALWAYS * pins.times as f64)
            .map(|(o, _)| *o)
            .collect();
        let everything: BTreeSet<Origin> = shown.counts.keys().map(|item| item.0).collect();
        let origins = match alone.is_empty() {
            true => everything.into_iter().collect(),
            false => alone,
        };
        let finding = |kind, subject: &mut Subject<'_>| Finding {
            kind,
            coalition: coalition.to_vec(),
            origins: origins.clone(),
            about: about.clone(),
            owner,
            share,
            unordered,
            example: show(subject, coalition, example),
        };
        if unordered {
            if always {
                unordered_ones.push((turn, finding(Kind::Determined, subject)));
            } else if !small && share >= MOSTLY && pins.times >= 2 {
                unordered_ones.push((turn, finding(Kind::Sometimes, subject)));
            }
        } else if always {
            determined.insert(record);
            explained.extend(&origins);
            if named.insert((owner, turn)) {
                found.push(finding(Kind::Determined, subject));
            }
        } else if !small && share >= OFTEN && pins.times >= 2 && !named.contains(&(owner, turn)) {
            sometimes.push((turn, finding(Kind::Sometimes, subject)));
        }
    }

    // What is one record's number, always or when few count.
    let mut isolated: Vec<_> = shown.isolated.iter().collect();
    // What one result says by itself comes before what two say together.
    isolated.sort_by_key(|(origins, _)| origins.len());
    for (origins, seen) in isolated {
        let share = seen.times as f64 / tries;
        let known = origins.iter().any(|origin| explained.contains(origin));
        let Some(sight) = seen.sight.as_ref().filter(|_| !known) else {
            continue;
        };
        if share < RARELY || seen.records.iter().all(|r| determined.contains(r)) {
            continue;
        }
        // Where there is nothing but the number itself, nothing else decides whether it comes out.
        let r = &subject.records[sight.record];
        let fields: BTreeSet<u64> = r.cells.iter().map(subject::Cell::leaf_turn).collect();
        let same = seen.equal == seen.times && fields.len() == 1;
        let kind = if seen.records.len() == 1 && share >= NEARLY {
            Kind::Determined
        } else if seen.share_of_one(tries) >= 0.5 || same && share >= OFTEN {
            Kind::OneOfMany
        } else {
            Kind::SmallGroup
        };
        explained.extend(origins);
        found.push(Finding {
            kind,
            coalition: coalition.to_vec(),
            origins: origins.clone(),
            about: subject.records[sight.record].cells[sight.cell].name.clone(),
            owner: subject.records[sight.record].party,
            share,
            unordered: false,
            example: show(subject, coalition, &sight.inputs),
        });
    }
    for (origins, seen) in &shown.weighted {
        let share = seen.times as f64 / tries;
        let known = origins.iter().any(|origin| explained.contains(origin));
        if let Some(sight) = seen.sight.as_ref().filter(|_| !known && share >= 0.5) {
            explained.extend(origins);
            found.push(Finding {
                kind: Kind::Nearly,
                coalition: coalition.to_vec(),
                origins: origins.clone(),
                about: subject.records[sight.record].cells[sight.cell].name.clone(),
                owner: subject.records[sight.record].party,
                share,
                unordered: false,
                example: show(subject, coalition, &sight.inputs),
            });
        }
    }
    for (turn, finding) in unordered_ones {
        if !finding.origins.iter().any(|o| explained.contains(o)) && named.insert((0, turn)) {
            explained.extend(&finding.origins);
            found.push(finding);
        }
    }
    for (turn, finding) in sometimes {
        if !finding.origins.iter().any(|o| explained.contains(o))
            && named.insert((finding.owner, turn))
        {
            found.push(finding);
        }
    }

    // Things that come out for each record.
    let honest = |r: &usize| !coalition.contains(&subject.records[*r].party);
    let n_honest = (0..subject.records.len()).filter(honest).count();
    let mut alone: BTreeMap<Origin, BTreeSet<usize>> = BTreeMap::new();
    for (item, records) in &shown.depends {
        let origin = &item.0;
        if shown.noisy.contains(item) {
            continue;
        }
        if records.len() == 1 && records.iter().all(honest) {
            alone.entry(*origin).or_default().extend(records);
        }
    }
    if n_honest >= 2 && subject.records.len() >= 3 {
        for (origin, records) in alone {
            let record = records.iter().next().copied().unwrap_or(0);
            if explained.contains(&origin) || records.iter().all(|r| determined.contains(r)) {
                continue;
            }
            explained.insert(origin);
            let Some(inputs) = shown.first.as_ref() else {
                continue;
            };
            found.push(Finding {
                kind: Kind::PerRecord,
                coalition: coalition.to_vec(),
                origins: vec![origin],
                about: record_name(subject, record),
                owner: subject.records[record].party,
                share: 1.0,
                unordered: false,
                example: show(subject, coalition, inputs),
            });
        }
    }

    // Things that come out on the way, while records are added.
    if let (true, Some(inputs)) = (n_honest >= 3, shown.first.as_ref()) {
        for origin in growing(shown) {
            if explained.insert(origin) {
                found.push(Finding {
                    kind: Kind::StepByStep,
                    coalition: coalition.to_vec(),
                    origins: vec![origin],
                    about: String::new(),
                    owner: 0,
                    share: 1.0,
                    unordered: false,
                    example: show(subject, coalition, inputs),
                });
            }
        }
    }

    // Counts of groups that can be one.
    let mut groups: BTreeMap<Origin, Vec<Item>> = BTreeMap::new();
    for (item, counted) in &shown.counts {
        if !shown.noisy.contains(item)
            && counted.changes > 0
            && counted.most == 1
            && counted.ones > 0
        {
            groups.entry(item.0).or_default().push(*item);
        }
    }
    for (origin, items) in groups {
        let counted = items.first().and_then(|item| shown.counts.get(item));
        let Some(example) = counted.and_then(|c| c.example.as_ref()) else {
            continue;
        };
        if items.len() < 3 || explained.contains(&origin) || subject.records.len() < 3 {
            continue;
        }
        let times = items
            .iter()
            .filter_map(|i| shown.counts.get(i))
            .map(|c| c.ones)
            .max();
        found.push(Finding {
            kind: Kind::CountOfOne,
            coalition: coalition.to_vec(),
            origins: vec![origin],
            about: String::new(),
            owner: 0,
            share: times.unwrap_or(0) as f64 / tries,
            unordered: false,
            example: show(subject, coalition, example),
        });
    }
    found
}

/// Origins with several numbers, of which later ones follow from more records than earlier ones: records come in one after the other, in
/// their order, and what they have come into they mostly stay in. (Tries miss some of what a number follows from.)
fn growing(shown: &Shown) -> Vec<Origin> {
    let mut chains: BTreeMap<Origin, Vec<&BTreeSet<usize>>> = BTreeMap::new();
    for (item, records) in &shown.depends {
        if !shown.noisy.contains(item) && !records.is_empty() {
            chains.entry(item.0).or_default().push(records);
        }
    }
    let grows = |chain: &Vec<&BTreeSet<usize>>| {
        let all: BTreeSet<usize> = chain.iter().copied().flatten().copied().collect();
        let first = |r: &usize| chain.iter().position(|records| records.contains(r));
        let firsts: Vec<usize> = all.iter().filter_map(first).collect();
        let later: usize = firsts.iter().map(|first| chain.len() - first).sum();
        let stay: usize = chain.iter().map(|records| records.len()).sum();
        firsts.is_sorted()
            && firsts.iter().collect::<BTreeSet<_>>().len() > STEPS
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

/// Inputs as people read them, and what a coalition sees of them.
fn show(subject: &Subject<'_>, coalition: &[u32], inputs: &Inputs) -> Example {
    let ir = subject.ir;
    let forms = ir.forms();
    let tags = Tags::of(ir);
    let list = |scalar: Scalar, form: Form, tag: Option<&Tag>, words: &[Word]| {
        let shown = words.iter().take(12);
        let one = |w: &Word| match tag.and_then(|tag| tag.variants.get(usize::try_from(*w).ok()?)) {
            Some(variant) => variant.clone(),
            None => form.display(scalar, *w),
        };
        let mut text: Vec<String> = shown.map(one).collect();
        if words.len() > 12 {
            text.push("…".to_owned());
        }
        text.join(", ")
    };
    let mut example = Example::default();
    let given = ir.inputs.iter().zip(inputs).enumerate();
    for (id, (leaf, words)) in given.filter(|(_, (leaf, _))| !leaf.drawn) {
        let id = InputId::new(id);
        let text = list(leaf.scalar, forms.input(id), tags.input(id), words);
        example.inputs.push((leaf.party, leaf.path.clone(), text));
    }
    let (run, revealed) = watch(&subject.fast, inputs);
    if let Ok(outputs) = run {
        for (id, leaf) in ir.outputs.iter().enumerate() {
            if leaf.receivers.iter().any(|r| coalition.contains(r)) {
                let words = outputs.get(id).map_or(&[][..], Vec::as_slice);
                let id = OutputId::new(id);
                let text = list(leaf.scalar, forms.output(id), tags.output(id), words);
                example.view.push((Origin::Output(id), text));
            }
        }
    }
    for revealed in &revealed {
        let origin = Origin::Reveal(revealed.span);
        let text = list(revealed.scalar, revealed.form, None, &revealed.words);
        match example.view.iter_mut().find(|(o, _)| *o == origin) {
            Some((_, all)) if all.len() < 80 => *all = format!("{all}, {text}"),
            Some(_) => {}
            None => example.view.push((origin, text)),
        }
    }
    example
}

/// One finding for what several coalitions see alike, the first of them; leaks first, and those that always happen.
fn fold(findings: &mut Vec<Finding>) {
    let mut kept: Vec<Finding> = Vec::new();
    // What is one record's number to some is not a small group's to others besides.
    let of_one: Vec<Vec<Origin>> = (findings.iter())
        .filter(|f| f.kind == Kind::OneOfMany)
        .map(|f| f.origins.clone())
        .collect();
    findings.retain(|f| f.kind != Kind::SmallGroup || !of_one.contains(&f.origins));
    for finding in findings.drain(..) {
        let same = |k: &Finding| {
            k.kind == finding.kind
                && k.origins == finding.origins
                && k.coalition.len() <= finding.coalition.len()
        };
        if !kept.iter().any(same) {
            kept.push(finding);
        }
    }
    kept.sort_by(|a, b| {
        let rank = |f: &Finding| (!f.kind.is_leak(), f.kind, f.coalition.len());
        rank(a).cmp(&rank(b))
    });
    *findings = kept;
}
