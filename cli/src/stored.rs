//! Runs of a study: its nodes compute, and what others give or are to learn is held in shares.
//!
//! A program's roles say who gives and who learns; the study says which of them are nodes, and the share files say how many have
//! contributed. From that follow the seats of the run ([`Stored`]), which all nodes agree on.

pub mod portion;
pub mod shelf;

use crate::choices::Asked;
use crate::exit::{Failure, Outcome};
use crate::play::PartyReport;
use crate::render::json_string;
use crate::seating::{Portion, Stored};
use crate::seats::{Gift, Seats};
use crate::source::Source;
use smpcc_circuit::program::{Present, Shape, ShapeNode, Suite};
use smpcc_circuit::sorted::SortedMap;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::schema::{self, RoleSchema};
use smpcc_compiler::session::Seating;
use smpcc_runtime::hash::{Transcript, sha256};
use smpcc_runtime::protocols::stored::Scheme;
use smpcc_study::id::ContributionId;
use smpcc_study::share_file::{Header, Kind};
use smpcc_study::study::{Contributors, Study, Terms};

/// Attempts at one run, at most: only the loss of a node makes another one.
pub const MAX_ATTEMPTS: u32 = 3;

/// Who takes part in an attempt at a run, and in what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1 on.
    pub number: u32,
    /// The nodes, ascending, by their numbers in the study.
    pub members: Vec<u32>,
    /// What of the data they work on.
    pub portion: Portion,
}

impl Attempt {
    /// The first, of all nodes.
    pub fn first(terms: &Terms) -> Self {
        Self {
            number: 1,
            members: (0..terms.nodes.len() as u32).collect(),
            portion: Portion::Whole,
        }
    }

    /// The next, without those that are lost.
    #[must_use]
    pub fn without(&self, lost: &[u32]) -> Self {
        let members = self.members.iter().copied();
        Self {
            number: self.number + 1,
            members: members.filter(|m| !lost.contains(m)).collect(),
            portion: self.portion,
        }
    }

    /// Whether these nodes can run: with Shamir's shares 2t + 1, and more than half, so that no two halves both run.
    ///
    /// # Errors
    /// Why not; the shares stay where they are.
    pub fn check(&self, terms: &Terms) -> Outcome {
        stores(terms)?;
        let (n, there) = (terms.nodes.len(), self.members.len());
        let stays = "all shares stay where they are, for when it is back";
        if self.number > MAX_ATTEMPTS {
            return Err(Failure::usage(format!(
                "there were {MAX_ATTEMPTS} attempts at this run; {stays}"
            )));
        }
        if there == n {
            return Ok(());
        }
        if terms.suite != Suite::Bgw {
            return Err(Failure::usage(format!(
                "`{}` cannot run without one of its nodes; {stays}",
                terms.suite.name()
            )));
        }
        let least = terms.least_nodes();
        if there < least {
            return Err(Failure::usage(format!(
                "{there} of {n} nodes are too few: with {} that may be corrupt, {least} can go on; {stays}",
                terms.threshold
            )));
        }
        Ok(())
    }
}

/// What the nodes found of contributions in a run of [`Seating::validity`].
pub struct Validity {
    n: usize,
    misdealt: Vec<String>,
    out_of_range: Vec<String>,
}

impl Validity {
    /// What the first of these reports says: `places` are those of the run, `headers` its files.
    pub fn of(reports: &[PartyReport], headers: &[&Header], places: &[Place]) -> Self {
        let bits = reports.first().and_then(|report| report.output.as_deref());
        let bits: Vec<bool> = bits
            .and_then(|bits| serde_json::from_str(bits).ok())
            .unwrap_or_default();
        let misdealt = reports.first().map_or(&[][..], |report| &report.misdealt);
        let mut places: Vec<&Place> = places.iter().collect();
        places.sort_by_key(|place| place.number);
        let outside = bits.iter().zip(&places).filter(|(bit, _)| **bit);
        let ids = outside.filter_map(|(_, place)| Some(headers.get(place.file)?.id.to_string()));
        Self {
            n: places.len(),
            // Of what is not shared as it should be nothing was looked at.
            out_of_range: ids.filter(|id| !misdealt.contains(id)).collect(),
            misdealt: misdealt.to_vec(),
        }
    }

    /// For people: a line for each that is left out, then how many those are.
    pub fn human(&self) -> String {
        let (n, misdealt, outside) = (self.n, &self.misdealt, &self.out_of_range);
        let mut text = String::new();
        for (ids, is) in [(misdealt, NOT_SHARED), (outside, OUT_OF_RANGE)] {
            for id in ids {
                text += &format!("{id}{is}\n");
            }
        }
        if !misdealt.is_empty() {
            text += &format!(
                "{} of {n} contributions are not shared as they should be\n",
                misdealt.len()
            );
        }
        text + &format!(
            "{} of {n} contributions are out of their declared ranges\n",
            outside.len()
        )
    }

    /// One member of a report's object.
    pub fn json(&self) -> String {
        let list = |ids: &[String]| {
            let ids: Vec<String> = ids.iter().map(|id| json_string(id)).collect();
            format!("[{}]", ids.join(", "))
        };
        format!(
            "\"validity\": {{\"contributions\": {}, \"not_shared\": {}, \"out_of_range\": {}}}",
            self.n,
            list(&self.misdealt),
            list(&self.out_of_range)
        )
    }
}

/// What is said of a contribution that is left out, behind its name.
const OUT_OF_RANGE: &str = " is out of its declared ranges";
/// The same of one whose shares are not those of one value.
const NOT_SHARED: &str = " is not shared as it should be";

/// Whether shares of a study can outlive a run.
///
/// # Errors
/// Why not.
pub fn stores(terms: &Terms) -> Outcome {
    match terms.suite.stores(terms.threat) {
        true => Ok(()),
        false => Err(Failure::usage(format!(
            "`{}` stores no shares against {} nodes: what makes sure of a share there ends with its run; `rep3` does, with three nodes, and `rep4` with four",
            terms.suite.name(),
            terms.threat.name()
        ))),
    }
}

/// A contribution that a node has, and as which role it was given.
pub type Gave = (ContributionId, String);

/// All of them, in the order of their ids.
pub type Contributed = [Gave];

/// A share file's place in a run.
pub struct Place {
    /// Which of the files.
    pub file: usize,
    /// The number of its giver in the compiled program.
    pub number: u32,
    /// By value of the file, the parameter that it is for.
    pub params: Vec<String>,
}

/// How the nodes of a study share values.
pub fn scheme(terms: &Terms) -> Scheme {
    Scheme {
        suite: terms.suite,
        n_parties: terms.nodes.len() as u32,
        threshold: terms.threshold,
    }
}

/// The names of a study's nodes, by number.
pub fn node_names(terms: &Terms) -> Vec<String> {
    terms.nodes.iter().map(|node| node.name.clone()).collect()
}

/// Whether a program is the one that a study names, whatever its files' folders are called.
///
/// # Errors
/// Which file is another one.
pub fn is_program_of(source: &Source, study: &Study) -> Outcome {
    let program = &study.terms().program;
    for (i, (name, text)) in source.own_files().iter().enumerate() {
        let hash = sha256(text.as_bytes()).0;
        let listed = match i {
            0 => program.root.1 == hash,
            _ => program.modules.values().any(|module| *module == hash),
        };
        if !listed {
            return Err(Failure::usage(format!(
                "{name} is not of the program of this study"
            )));
        }
    }
    Ok(())
}

/// Makes what is asked for what the study says.
///
/// # Errors
/// Something else was asked for.
pub fn as_agreed(study: &Study, asked: &mut Asked) -> Outcome {
    let terms = study.terms();
    let usual = Asked::default();
    let wrong = |what: &str, is: &str| {
        Err(Failure::usage(format!(
            "the study fixes the {what}: it is {is}"
        )))
    };
    if asked.suite != usual.suite && asked.suite != terms.suite.name() {
        return wrong("suite", terms.suite.name());
    }
    if asked.threat != usual.threat && asked.threat != terms.threat.name() {
        return wrong("threat", terms.threat.name());
    }
    if asked.threshold.is_some_and(|t| t != terms.threshold) {
        return wrong("threshold", &terms.threshold.to_string());
    }
    let agreed = &terms.program.arguments;
    if let Some((name, _)) =
        (asked.args.iter()).find(|(name, value)| agreed.get(*name) != Some(value))
    {
        let is = agreed.get(name).map_or("not there", String::as_str);
        return wrong(&format!("public argument `{name}`"), is);
    }
    asked.suite = terms.suite.name().into();
    asked.threat = terms.threat.name().into();
    asked.threshold = Some(terms.threshold);
    asked.args.clone_from(agreed);
    Ok(())
}

impl Stored {
    /// The run of a study with these share files, of these contributions in all, and where each of them goes.
    ///
    /// # Errors
    /// Too few or too many contributions, and files of other types than the program's.
    pub fn new(
        study: &Study,
        hir: &Hir,
        (headers, contributed): (&[&Header], &Contributed),
        attempt: &Attempt,
    ) -> Outcome<(Self, Vec<Place>)> {
        let terms = study.terms();
        let portion = attempt.portion;
        attempt.check(terms)?;
        let of_kind = |kind| (0..headers.len()).filter(move |&i| headers[i].kind == kind);
        let mut contributions: Vec<usize> = of_kind(Kind::Contribution).collect();
        contributions.sort_by_key(|&i| headers[i].id);
        let mut counts = SortedMap::new();
        for who in &terms.contributors {
            let as_it = |whose: &str| whose == who.role;
            let all = contributed.iter().filter(|(_, whose)| as_it(whose)).count() as u64;
            let here = contributions
                .iter()
                .filter(|&&i| as_it(&headers[i].whose))
                .count() as u32;
            if !(who.least..=who.most).contains(&all) && portion.n_parts() == 0 {
                return Err(Failure::usage(format!(
                    "there are {all} contributions as `{}`, and the study runs with {} to {}",
                    who.role, who.least, who.most
                )));
            }
            if here == 0 && portion.shard().is_some() {
                return Err(Failure::usage(format!(
                    "{portion} has none of the {all} contributions as `{}`: take fewer shards",
                    who.role
                )));
            }
            counts.insert(who.role.clone(), here);
        }
        let parts = match portion {
            Portion::Combine(of) => Some((portion::part_role(terms, hir)?, of)),
            Portion::Whole | Portion::Shard { .. } => None,
        };
        let (role_counts, seating) = seats(terms, hir, (&counts, parts), &attempt.members);
        let counts = role_counts.iter().map(|n| u64::from(*n)).sum::<u64>();
        if counts > u64::from(u32::MAX) {
            return Err(Failure::usage("there are too many contributions"));
        }
        let by_seat = Seats::of(hir, &role_counts);
        let places = seating.places();
        let mut stored = Self {
            study: study.id().to_string(),
            role_counts,
            seating,
            lens: Vec::new(),
            files: files(headers),
            attempt: attempt.number,
            members: attempt.members.clone(),
            portion,
        };
        let mut placed = Vec::new();
        for (seat, name) in (0u32..).zip(&by_seat.names) {
            let away = stored.seating.seats.get(seat as usize) == Some(&None);
            let gifts = by_seat.gifts(seat);
            if !away || gifts.is_empty() {
                continue;
            }
            let file = if terms.contributing(role_of(name)).is_some() {
                let next = contributions
                    .iter()
                    .position(|&i| headers[i].whose == role_of(name));
                next.map(|next| contributions.remove(next))
            } else {
                let mut results = of_kind(Kind::Result).filter(|&i| headers[i].whose == *name);
                let one = results.next();
                if let (Some(_), Some(_)) = (one, results.next()) {
                    return Err(Failure::usage(format!(
                        "several stored results are for `{name}`, who gives one value: leave one of them there"
                    )));
                }
                one
            };
            let Some(file) = file else {
                return Err(Failure::usage(format!(
                    "there is no share file of what `{name}` gives"
                )));
            };
            let params = stored.take(headers[file], gifts, seat, name)?;
            let number = places.get(seat as usize).copied().unwrap_or(u32::MAX);
            placed.push(Place {
                file,
                number,
                params,
            });
        }
        if let Portion::Combine(of) = portion {
            let parts = placed.iter().map(|place| headers[place.file]);
            let results = parts.filter(|h| h.kind == Kind::Result);
            portion::belong_together(results, of, contributed)?;
        }
        Ok((stored, placed))
    }

    /// A run that is only looked at, with so many contributions of each role, or the fewest.
    pub fn planned(study: &Study, hir: &Hir, contributions: Option<u32>) -> Self {
        let terms = study.terms();
        let members = Attempt::first(terms).members;
        let n = |who: &Contributors| {
            let n = contributions.map_or(who.least, |n| u64::from(n).clamp(who.least, who.most));
            (who.role.clone(), u32::try_from(n).unwrap_or(u32::MAX))
        };
        let counts = terms.contributors.iter().map(n).collect();
        let (role_counts, seating) = seats(terms, hir, (&counts, None), &members);
        Self {
            study: study.id().to_string(),
            role_counts,
            seating,
            lens: Vec::new(),
            files: String::new(),
            attempt: 1,
            members,
            portion: Portion::Whole,
        }
    }

    /// Notes the lengths of a file's values, and finds the parameter of each.
    fn take(
        &mut self,
        header: &Header,
        gifts: &[Gift],
        seat: u32,
        name: &str,
    ) -> Outcome<Vec<String>> {
        let wrong = || {
            Failure::usage(format!(
                "the share file {} does not hold what `{name}` gives in this program",
                header.id
            ))
        };
        if header.values.len() != gifts.len() {
            return Err(wrong());
        }
        let mut params = Vec::new();
        for value in &header.values {
            let mut gifts = gifts.iter();
            // A stored result has no name, and is all that its receiver gives.
            let gift = gifts.find(|gift| value.name.is_empty() || gift.name == value.name);
            let gift = gift.ok_or_else(wrong)?;
            let lens = lengths(&gift.shape, &value.shape).ok_or_else(wrong)?;
            for (depth, len) in lens {
                self.lens
                    .push((schema::len_key(&gift.name, depth), seat, len));
            }
            params.push(gift.name.clone());
        }
        Ok(params)
    }
}

/// The role in a name such as `person[3]`.
pub fn role_of(name: &str) -> &str {
    name.split(['[', ' ']).next().unwrap_or(name)
}

/// Which of those who play a role a name such as `person[3]` is: the first, where it has no number.
fn player_of(name: &str) -> u32 {
    let number = name
        .split_once('[')
        .and_then(|(_, rest)| rest.strip_suffix(']'));
    number.map_or(0, |n| n.parse().unwrap_or(u32::MAX))
}

/// How many play each role, and which of them are nodes that take part. `contributions` are how many there are of each contributing role,
/// `parts` is the role as which results of shards are given, and how many there are.
fn seats(
    terms: &Terms,
    hir: &Hir,
    (contributions, parts): (&SortedMap<String, u32>, Option<(String, u32)>),
    members: &[u32],
) -> (Vec<u32>, Seating) {
    let playing = |role: &RoleSchema| -> Vec<u32> {
        let nodes = (0u32..).zip(&terms.nodes);
        let plays = |text: &Option<String>| text.as_deref().map(role_of) == Some(&*role.name);
        nodes
            .filter(|(_, node)| plays(&node.role))
            .map(|(number, _)| number)
            .collect()
    };
    let (mut counts, mut seats) = (Vec::new(), Vec::new());
    for role in &schema::schema(hir).roles {
        let mut nodes = playing(role);
        // `hospital[2]` before `hospital[10]`, however the study lists them.
        nodes.sort_by_key(|&node| {
            let node = terms.nodes.get(node as usize);
            node.and_then(|n| n.role.as_deref()).map_or(0, player_of)
        });
        let count = if let Some(n) = contributions.get(&role.name) {
            *n
        } else if let Some((_, n)) = parts.as_ref().filter(|(part, _)| *part == role.name) {
            *n
        } else if nodes.is_empty() {
            let receives = |r: &&smpcc_study::study::Receiver| role_of(&r.role) == role.name;
            let receivers = terms.receivers.iter().filter(receives).count() as u32;
            receivers.max(role.min)
        } else {
            nodes.len() as u32
        };
        counts.push(count);
        let place = |node: u32| members.iter().position(|m| *m == node);
        let mut nodes = nodes.into_iter().map(|node| place(node).map(|p| p as u32));
        seats.extend((0..count).map(|_| nodes.next().flatten()));
    }
    let names = node_names(terms);
    let name = |member: &u32| names.get(*member as usize).cloned().unwrap_or_default();
    let n_nodes = names.len();
    let seating = Seating {
        nodes: members.iter().map(name).collect(),
        seats,
        present: (members.len() < n_nodes).then(|| Present {
            of: n_nodes as u32,
            numbers: members.to_vec(),
        }),
        validity: false,
    };
    (counts, seating)
}

/// The open lengths of a declared shape in a stored one, by how deep they stand; `None` if it is another type.
fn lengths(declared: &Shape, stored: &Shape) -> Option<Vec<(usize, u64)>> {
    if declared.0.len() != stored.0.len() {
        return None;
    }
    let mut lens = Vec::new();
    for (depth, pair) in declared.0.iter().zip(&stored.0).enumerate() {
        match pair {
            // Open lengths stand in the outer nest only, where the place is the depth.
            (ShapeNode::Array(None), ShapeNode::Array(Some(n))) => lens.push((depth, *n)),
            (
                ShapeNode::Scalar {
                    scalar: a, form: f, ..
                },
                ShapeNode::Scalar {
                    scalar: b, form: g, ..
                },
            ) if a == b && f == g => {}
            (a, b) if a == b => {}
            _ => return None,
        }
    }
    Some(lens)
}

/// How many files there are, and a hash of what identifies each and of its commitments: what nodes compare before a run.
fn files(headers: &[&Header]) -> String {
    let mut all = headers.to_vec();
    all.sort_by_key(|header| header.id);
    let mut t = Transcript::new("smpcc/held");
    t.list(all.len());
    for header in &all {
        t.bytes(&header.study.0)
            .bytes(&header.id.0)
            .number(match header.kind {
                Kind::Contribution => 0,
                Kind::Result => 1,
            })
            .string(&header.whose)
            .string(&header.session)
            .bytes(&header.manifest().digest());
    }
    format!("{} files, {}", all.len(), t.finish())
}

/// A declared shape with the lengths that were given.
pub fn with_lens(shape: &Shape, name: &str, given: &SortedMap<String, u64>) -> Shape {
    let mut shape = shape.clone();
    for (depth, node) in shape.0.iter_mut().enumerate() {
        if let ShapeNode::Array(len @ None) = node {
            *len = given.get(&schema::len_key(name, depth)).copied();
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_attempt_is_of_those_who_are_left() {
        let attempt = Attempt {
            number: 1,
            members: vec![0, 1, 2, 3, 4],
            portion: Portion::Whole,
        };
        let next = attempt.without(&[1, 4]);
        assert_eq!((next.number, next.members), (2, vec![0, 2, 3]));
    }
    use smpcc_circuit::value::{Form, Scalar};

    fn shape(lens: &[Option<u64>], width: u8) -> Shape {
        let arrays = lens.iter().map(|len| ShapeNode::Array(*len));
        let scalar = ShapeNode::Scalar {
            scalar: Scalar::unsigned(width),
            form: Form::Plain,
            range: None,
        };
        Shape(arrays.chain([scalar]).collect())
    }

    #[test]
    fn only_open_lengths_may_differ() {
        let declared = shape(&[None, Some(3)], 8);
        assert_eq!(
            lengths(&declared, &shape(&[Some(7), Some(3)], 8)),
            Some(vec![(0, 7)])
        );
        for other in [
            shape(&[Some(7), Some(4)], 8),
            shape(&[Some(7), Some(3)], 9),
            shape(&[Some(7)], 8),
            shape(&[None, Some(3)], 9),
        ] {
            assert_eq!(lengths(&declared, &other), None);
        }
    }
}
