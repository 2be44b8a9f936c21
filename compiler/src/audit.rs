//! What a program gives away beyond what its reader may expect: tried, not guessed.
//!
//! `smpcc reveals` says what leaves; this says what that tells. The program is run in the clear on inputs at random and on
//! small changes of them (`probe`), as each coalition would see it: the results of its members, what is revealed, and
//! its own inputs. What is found comes with inputs that show it. Finding nothing proves nothing; finding something proves it for those
//! inputs. How many bits a coalition learns of a record is computed for values that are spread over the ranges (`bits`).
//!
//! Numbers follow from a fixed seed, so that an audit of the same program says the same.

mod attribute;
mod bits;
mod coalitions;
mod coarse;
mod compared;
mod constants;
mod drawn;
mod guess;
mod isolate;
mod judge;
mod pads;
mod places;
mod probe;
mod shown;
mod shuffled;
mod subject;
mod texts;

use crate::ir::{Ir, Tag, Tags};
use crate::reveals::DisclosureKind;
pub use bits::Bits;
use judge::findings;
use probe::probe;
use shown::Shown;
use shuffled::{linked, shuffled};
use smpcc_circuit::ids::{InputId, OutputId};
use smpcc_circuit::sorted::SortedSet;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{Form, Scalar, Word};
pub use subject::Origin;
use subject::{Inputs, Item, Subject};

/// From what inputs at random follow.
const SEED: u64 = 0x5eed_a0d1;

/// Inputs at random that each coalition's view is tried at.
const TRIES: u64 = 50;

/// The same where it is only asked whether a secret is split between two.
const SPLIT_TRIES: u64 = 20;

/// Runs for the bits that one coalition learns.
const BITS_RUNS: u64 = 20_000;

/// The least that there must be to learn, in bits, for what is learned of it to be most of it.
const LEAST_OF: f64 = 1.5;

/// The share of what there is to learn from which on it is most of it.
const MOST_SHARE: f64 = 0.8;

/// What is given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The view determines an input, whatever it is.
    Determined,
    /// The view determines an input in some cases.
    Sometimes,
    /// The view determines an input up to close neighbours: rounding or what is drawn hides it from no others.
    Nearly,
    /// A part of a number that comes out follows from one record alone (a sign, a digit, a bit), or all of it from a part of a record's number (a
    /// remainder).
    Partly,
    /// The view says whether a number is the one that who looks gives.
    Guessed,
    /// What comes out is the number of one record: a minimum, a maximum, a median.
    OneOfMany,
    /// When few records count, what comes out is one record's number.
    SmallGroup,
    /// Numbers of one record come out side by side, though nobody sees whose they are.
    Linked,
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
            Self::Partly => "partly determined",
            Self::Guessed => "guess confirmed",
            Self::OneOfMany => "one record's number",
            Self::SmallGroup => "small group",
            Self::Linked => "linked",
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
            Self::Partly => {
                "compute each part of what comes out from all records: no sign, digit or bit of it from one alone"
            }
            Self::Guessed => {
                "give only how many of many numbers meet, and only from a least number on; let nobody try twice; or compare what nobody can guess (long random numbers)"
            }
            Self::OneOfMany => {
                "give a quantile of many records, a rounded number or a class in place of the minimum, maximum or median of few"
            }
            Self::SmallGroup => {
                "give the result only where at least so many records count (`if n >= 5 { … } else { 0 }`), or add noise"
            }
            Self::Linked => {
                "give counts or means of groups, or each column in an order of its own: who knows one number of a row learns the others"
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
    /// Other numbers that are given away in the same way, each with its owner.
    pub also: Vec<(u32, String)>,
    /// Other coalitions that see as much.
    pub alike: Vec<Vec<u32>>,
    /// The guess, where one is confirmed.
    pub guess: Option<Guessed>,
    /// Whether it takes two records for a group, neither of who looks.
    pub of_two: bool,
    /// Whether what comes out for each record says where it stands among the others, which have a part in it.
    pub among: bool,
    /// In what share of the tries.
    pub share: f64,
    /// Whether the number is known, but not of which of several records it is.
    pub unordered: bool,
    /// Inputs that show it, and what comes out.
    pub example: Example,
}

/// A guess that comes out confirmed or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Guessed {
    /// The number that is the guess, of who looks.
    pub by: String,
    /// Whether any of several records may have the number.
    pub any: bool,
    /// Whether neighbours of the number are told from it.
    pub exact: bool,
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
    /// The results that depend on secrets and were the same in every run: nothing was learnt about what they tell.
    pub unvaried: Vec<OutputId>,
    /// Runs in the clear that it took.
    pub runs: u64,
    /// Whether all that was planned was run.
    pub complete: bool,
}

/// Tries a program against each party and against sets of `threshold` parties, with at most so many runs for each of them. What a
/// finding is called follows from a plan of tries that is the same for any number of runs that suffices for it.
pub fn audit(ir: &Ir, threshold: u32, most_runs: u64) -> Audit {
    audit_from(ir, threshold, most_runs, SEED)
}

/// As [`audit`], with other inputs at random.
pub fn audit_from(ir: &Ir, threshold: u32, most_runs: u64, seed: u64) -> Audit {
    let mut subject = Subject::new(ir);
    subject.look_at_comparisons();
    let mut audit = Audit {
        complete: true,
        ..Audit::default()
    };
    let mut all = coalitions::singles(ir);
    all.extend(coalitions::sets(ir, threshold));
    all.retain(|coalition| learns(ir, coalition));
    let pairs = coalitions::pairs(ir, &all);
    let n = all.len() + pairs.len();
    let affords = |subject: &mut Subject<'_>, at: usize| {
        let left = subject.affordable.saturating_sub(subject.runs) / (n - at) as u64;
        subject.most = subject.runs + most_runs.min(left);
    };
    for (at, coalition) in all.iter().enumerate() {
        affords(&mut subject, at);
        let mut rng = SplitMix::new(seed);
        look(&mut subject, coalition, &mut audit, &mut rng);
    }
    for (at, pair) in pairs.iter().enumerate() {
        affords(&mut subject, all.len() + at);
        let mut rng = SplitMix::new(seed);
        audit.findings.extend(split(&mut subject, pair, &mut rng));
    }
    audit.runs = subject.runs;
    audit.unvaried = subject.unvaried();
    fold(&mut audit.findings);
    audit
}

/// What one coalition learns.
fn look(subject: &mut Subject<'_>, coalition: &[u32], audit: &mut Audit, rng: &mut SplitMix) {
    subject.known = coalition.to_vec();
    subject.shuffled = Vec::new();
    subject.shuffled = shuffled(subject, coalition, rng);
    let shown = probe(subject, coalition, TRIES, rng);
    audit.complete &= shown.tries == TRIES && subject.may_run();
    let mut found = findings(subject, coalition, &shown, rng);
    for (origins, (record, cell), inputs) in linked(subject, coalition, rng) {
        found.push(Finding {
            kind: Kind::Linked,
            coalition: coalition.to_vec(),
            origins,
            about: subject.records[record].cells[cell].name.clone(),
            owner: subject.records[record].party,
            also: Vec::new(),
            alike: Vec::new(),
            guess: None,
            of_two: false,
            among: false,
            share: 1.0,
            unordered: false,
            example: show(subject, coalition, &inputs),
        });
    }
    // What is determined in some cases does not say what draws leave in all.
    let leaks = found
        .iter()
        .filter(|f| f.kind.is_leak() && f.kind != Kind::Sometimes);
    let leaks: SortedSet<u32> = leaks.map(|f| f.owner).collect();
    audit.findings.extend(found);
    let mut owners = SortedSet::new();
    let first = |r: &usize| owners.insert(subject.records[*r].party);
    let records: Vec<usize> = subject.honest().into_iter().filter(first).collect();
    // A slow program has no more of these either.
    subject.most = (subject.runs + BITS_RUNS).min(subject.affordable);
    let all = bits::bits(subject, coalition, &records, None, rng);
    for (record, bits) in records.into_iter().zip(all) {
        let r = &subject.records[record];
        let (owner, name) = (r.party, r.name.clone());
        if !leaks.contains(&owner) && is_thin(subject, coalition, record, (&bits, &shown), rng) {
            let found = nearly(subject, coalition, record, &shown);
            audit.findings.extend(found);
        }
        audit.leakage.push(Leakage {
            coalition: coalition.to_vec(),
            owner,
            record: name,
            bits,
        });
    }
}

/// What the results of two parties determine together, and those of neither with the inputs of both.
fn split(subject: &mut Subject<'_>, pair: &[u32], rng: &mut SplitMix) -> Vec<Finding> {
    subject.known = pair.to_vec();
    let mut determined = |subject: &mut Subject<'_>, sees: &[u32]| {
        subject.shuffled = Vec::new();
        subject.shuffled = shuffled(subject, sees, rng);
        let shown = probe(subject, sees, SPLIT_TRIES, rng);
        let mut found = findings(subject, sees, &shown, rng);
        found.retain(|f| matches!(f.kind, Kind::Determined) && !f.unordered);
        found
    };
    let mut found = determined(subject, pair);
    for sees in pair {
        if !found.is_empty() {
            let alone = determined(subject, &[*sees]);
            found.retain(|f| !alone.iter().any(|a| a.owner == f.owner));
        }
    }
    found
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
    let alone = |records: &SortedSet<usize>| records.len() == 1 && records.contains(&record);
    let items = shown.depends.iter();
    let part: SortedSet<Item> = items
        .filter(|(_, records)| alone(records))
        .map(|(item, _)| *item)
        .collect();
    is_most(bits)
        || !part.is_empty()
            && bits::bits(subject, coalition, &[record], Some(&part), rng)
                .iter()
                .any(is_most)
}

/// Whether nearly all that there is to learn is learned.
fn is_most(bits: &Bits) -> bool {
    !bits.coarse && bits.of >= LEAST_OF && bits.learned - bits.error >= MOST_SHARE * bits.of
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
    let origins: SortedSet<Origin> = items
        .filter(|(_, records)| records.contains(&record))
        .map(|(item, _)| item.0)
        .collect();
    Some(Finding {
        kind: Kind::Nearly,
        coalition: coalition.to_vec(),
        origins: origins.into_iter().collect(),
        about: r.cells.first()?.name.clone(),
        owner: r.party,
        also: Vec::new(),
        alike: Vec::new(),
        guess: None,
        of_two: false,
        among: false,
        share: 1.0,
        unordered: false,
        example: show(subject, coalition, shown.first.as_ref()?),
    })
}

/// Whether anything comes out to a coalition.
fn learns(ir: &Ir, coalition: &[u32]) -> bool {
    let receives = ir.outputs.iter().flat_map(|leaf| &leaf.receivers);
    receives.clone().any(|party| coalition.contains(party))
        || crate::reveals::reveals(ir)
            .iter()
            .any(|d| matches!(d.kind, DisclosureKind::Reveal | DisclosureKind::Assert))
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
            None if form == Form::Text => format!("{:?}", form.display(scalar, *w)),
            None => form.display(scalar, *w),
        };
        let mut text: Vec<String> = shown.map(one).collect();
        if words.len() > 12 {
            text.push("…".to_owned());
        }
        text.join(", ")
    };
    let mut example = Example::default();
    let inputs = subject.unused.cleared(inputs);
    let given = ir.inputs.iter().zip(&*inputs).enumerate();
    for (id, (leaf, words)) in given.filter(|(_, (leaf, _))| !leaf.drawn) {
        let id = InputId::new(id);
        let text = list(leaf.scalar, forms.input(id), tags.input(id), words);
        example.inputs.push((leaf.party, leaf.path.clone(), text));
    }
    let (run, revealed) = subject.fast.watch(&inputs);
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
    let alone: Vec<(Vec<Origin>, u32)> = (findings.iter())
        .filter(|f| matches!(f.kind, Kind::OneOfMany | Kind::SmallGroup))
        .map(|f| (f.origins.clone(), f.owner))
        .collect();
    let named = |f: &Finding| {
        alone
            .iter()
            .any(|(o, owner)| *o == f.origins && *owner == f.owner)
    };
    findings.retain(|f| f.kind != Kind::Sometimes || !named(f));
    for finding in findings.drain(..) {
        let same = |k: &&mut Finding| {
            k.kind == finding.kind
                && k.origins == finding.origins
                && k.coalition.len() <= finding.coalition.len()
        };
        let number = (finding.owner, finding.about.clone());
        match kept.iter_mut().find(same) {
            Some(first) if first.coalition == finding.coalition => {
                let is_first = (first.owner, &first.about) == (finding.owner, &finding.about);
                if !is_first && !first.also.contains(&number) {
                    first.also.push(number);
                }
            }
            Some(first) => {
                let more = finding.coalition.len() > first.coalition.len();
                if !more && !first.alike.contains(&finding.coalition) {
                    first.alike.push(finding.coalition);
                }
            }
            None => kept.push(finding),
        }
    }
    kept.sort_by(|a, b| {
        let rank = |f: &Finding| (!f.kind.is_leak(), f.kind, f.coalition.len());
        rank(a).cmp(&rank(b))
    });
    *findings = kept;
}
