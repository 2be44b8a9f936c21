//! A node's share files: found, opened and checked before a run, and written after it.
//!
//! A folder holds one file for each contribution (`ID.share`) and each result that a run kept (`ID.result`).

use super::portion::{self, PartOf};
use super::{Attempt, Gave, Place, node_names, role_of, scheme};
use crate::choices::Choices;
use crate::exit::{Failure, Outcome};
use crate::given::PartyInputs;
use crate::play::PartyReport;
use crate::seating::{Portion, Stored, held_key};
use crate::studies;
use serde::{Deserialize, Serialize};
use smpcc_circuit::sorted::SortedMap;
use smpcc_compiler::hir::Hir;
use smpcc_compiler::schema;
use smpcc_runtime::hash::sha256;
use smpcc_runtime::protocols::stored::Scheme;
use smpcc_runtime::ring::Elements;
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::open::{Held, shares};
use smpcc_study::pack::pack;
use smpcc_study::schema::Value;
use smpcc_study::seal::{SealingKey, SealingPublic};
use smpcc_study::share_file::{self, Header, Key, Kind, Part, SealTo, Wanted};
use smpcc_study::store;
use smpcc_study::study::{Study, Time};
use std::path::{Path, PathBuf};

/// The longest share file that is read, in bytes.
const MAX_FILE: u64 = 1 << 40;

/// The endings of files, by what they hold.
pub const ENDINGS: [(Kind, &str); 2] = [(Kind::Contribution, "share"), (Kind::Result, "result")];

/// The name of a file.
pub fn file_name(kind: Kind, id: &ContributionId) -> String {
    let ending = match kind {
        Kind::Contribution => "share",
        Kind::Result => "result",
    };
    format!("{id}.{ending}")
}

/// An error of a file of this name.
pub fn of_file(path: &Path, error: &smpcc_study::Error) -> Failure {
    Failure::usage(format!("{}: {error}", path.display()))
}

/// A node's key, to which its files are sealed.
///
/// # Errors
/// A file that is no such key.
pub fn sealing_key(path: &Path) -> Outcome<SealingKey> {
    let bytes = store::read(path, 1 << 12).map_err(|e| Failure::usage(e.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    SealingKey::from_text(&text).map_err(|e| of_file(path, &e))
}

/// All share files in a folder that are of a portion and from which a program takes something, each opened as this node's, in the order of
/// their ids, and which contributions there are in all. Results
/// that it gives to somebody and does not take are left alone: a run that failed may have left them at some nodes only.
///
/// # Errors
/// A file that is another one's, or damaged: nothing runs on what is left of a set.
pub fn read(
    folder: &Path,
    key: &SealingKey,
    (study, hir): (&Study, &Hir),
    node: u32,
    portion: Portion,
) -> Outcome<(Vec<Held>, Vec<Gave>)> {
    let schema = schema::schema(hir);
    let gives = |whose: &str| {
        studies::given_by(&schema, role_of(whose)).is_some_and(|given| !given.is_empty())
    };
    let unreadable =
        |e: std::io::Error| Failure::usage(format!("cannot read {}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .and_then(|dir| dir.map(|e| e.map(|e| e.path())).collect())
        .map_err(unreadable)?;
    paths.sort();
    let names = node_names(study.terms());
    let mut all = Vec::new();
    let mut contributions = Vec::new();
    // By role, how many there were so far: each shard has some of each.
    let mut places: SortedMap<String, usize> = SortedMap::new();
    for path in paths {
        let ending = path.extension().and_then(|e| e.to_str());
        let Some((kind, _)) = ENDINGS.iter().find(|(_, e)| ending == Some(*e)) else {
            continue;
        };
        let stem = path
            .file_stem()
            .and_then(|s| s.to_str())
            .unwrap_or_default();
        let id: ContributionId = stem.parse().map_err(|e| of_file(&path, &e))?;
        // Files are called after their ids, so that this is the order of ids.
        if *kind == Kind::Contribution {
            let whose = given_as(&path, study)?;
            contributions.push((id, whose.clone()));
            let place = places.entry(whose).or_default();
            *place += 1;
            if !portion.takes(*place - 1) {
                continue;
            }
        }
        let wanted = Wanted {
            study: study.id(),
            scheme: scheme(study.terms()),
            threat: study.terms().threat,
            node,
            names: &names,
            kind: Some(*kind),
            id: Some(id),
        };
        // The results of other shards are not what a shard begins with.
        let taken = |header: &Header| {
            header.kind == Kind::Contribution || portion.shard().is_none() && gives(&header.whose)
        };
        all.extend(read_one(&path, key, &wanted, taken)?);
    }
    all.sort_by_key(|(header, _)| header.id);
    Ok((all, contributions))
}

/// As which role a contribution was given, by what its file says of itself.
fn given_as(path: &Path, study: &Study) -> Outcome<String> {
    if let [only] = &study.terms().contributors[..] {
        return Ok(only.role.clone());
    }
    let bytes = store::beginning(path, share_file::MAX_BEGIN);
    let bytes = bytes.map_err(|e| Failure::usage(e.to_string()))?;
    let header = share_file::unchecked_header(&bytes).map_err(|e| of_file(path, &e))?;
    Ok(header.whose)
}

/// One file that has to be this; none if it is not taken.
fn read_one(
    path: &Path,
    key: &SealingKey,
    wanted: &Wanted<'_>,
    taken: impl Fn(&Header) -> bool,
) -> Outcome<Option<Held>> {
    let bytes = store::read(path, MAX_FILE).map_err(|e| Failure::usage(e.to_string()))?;
    // What it says of itself may be false, but says best why it is not the one.
    let header = share_file::unchecked_header(&bytes).map_err(|e| of_file(path, &e))?;
    if !taken(&header) {
        return Ok(None);
    }
    header.check(wanted).map_err(|e| of_file(path, &e))?;
    let held = share_file::open(&bytes, &Key::Node(key)).map_err(|e| of_file(path, &e))?;
    Ok(Some(held))
}

/// Refuses sets of files that differ: a contribution that has reached some nodes only takes no part.
///
/// # Errors
/// Which node lacks which file, or holds another one.
pub fn same(shelves: &[Vec<Held>], names: &[String]) -> Outcome {
    let Some(first) = shelves.first() else {
        return Ok(());
    };
    for (shelf, name) in shelves.iter().zip(names) {
        for (one, other, lacks) in [(first, shelf, name), (shelf, first, &names[0])] {
            for (header, _) in one {
                // In the order of their ids, all of them.
                let place = other.binary_search_by_key(&header.id, |(other, _)| other.id);
                match place.ok().and_then(|at| other.get(at)) {
                    None => {
                        return Err(Failure::usage(format!(
                            "the node `{lacks}` has no share of {}",
                            header.id
                        )));
                    }
                    Some((other, _)) if other.manifest() != header.manifest() => {
                        return Err(Failure::usage(format!(
                            "the nodes `{}` and `{name}` hold different things as {}",
                            names[0], header.id
                        )));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    Ok(())
}

/// Puts a node's shares where its run takes them from.
///
/// # Errors
/// Parts that are not of their values.
pub fn hold(inputs: &mut PartyInputs, shelf: &[Held], places: &[Place]) -> Outcome {
    for place in places {
        let Some(held) = shelf.get(place.file) else {
            return Err(Failure::bug("a share file that was read is gone"));
        };
        let all = shares(held).map_err(|e| Failure::usage(format!("{}: {e}", held.0.id)))?;
        inputs.given.insert(place.number, held.0.id.to_string());
        for (param, shares) in place.params.iter().zip(all) {
            let words = shares.into_iter().map(|mut s| std::mem::take(&mut *s));
            let key = held_key(param, place.number);
            inputs.words.insert(key, words.collect());
        }
    }
    Ok(())
}

/// Where and as what a node keeps results.
#[derive(Clone, Serialize, Deserialize)]
pub struct Keep {
    /// The folder; it is there.
    pub folder: PathBuf,
    /// To whom its files are sealed.
    pub seal: String,
    /// As what the result of a shard is kept; one that was kept before is replaced.
    pub part: Option<PartOf>,
}

/// Writes what a run kept, sealed to the node itself, and notes in its report where each share is.
///
/// # Errors
/// A disk that is full, and the like: then no file is there that is not whole.
pub fn keep(report: &mut PartyReport, choices: &Choices, to: Option<&Keep>) -> Outcome {
    let kept = std::mem::take(&mut report.kept);
    if kept.is_empty() {
        return Ok(());
    }
    let (Some(to), Some(stored)) = (to, &choices.stored) else {
        return Err(Failure::usage(
            "a result stays shared, and nothing says where its shares are kept",
        ));
    };
    let failed = |e: smpcc_study::Error| Failure::usage(e.to_string());
    let seal: SealingPublic = to.seal.parse().map_err(failed)?;
    let study: StudyId = stored.study.parse().map_err(failed)?;
    // As the study numbers it, also where others are lost.
    let member = stored.members.get(report.party as usize).copied();
    let node = member.ok_or_else(|| Failure::bug("a party that is no node has shares"))? as usize;
    let present = stored.seating.present.as_ref();
    let scheme = Scheme {
        suite: choices.options.suite,
        n_parties: present.map_or(choices.n_parties, |present| present.of),
        threshold: choices.options.threshold,
    };
    if to.part.is_some() && kept.len() > 1 {
        return Err(Failure::usage(
            "a shard keeps one result, and the program gives several away",
        ));
    }
    for result in kept {
        let (whose, session) = match &to.part {
            Some(part) => (part.whose.clone(), part.session(&report.session)),
            None => (result.whose, report.session.clone()),
        };
        let id = result_id(&session, &whose);
        let leaves = result.leaves.iter();
        let scalars = leaves.map(|(scalar, _, words)| (*scalar, words.expose()));
        let numbers = scheme.parts(node).into_iter();
        let parts: Vec<Part> = numbers
            .zip(pack(scheme, node, scalars))
            .map(|(number, bytes)| Part {
                number: number as u16,
                blinder: None,
                bytes,
            })
            .collect();
        let header = Header {
            kind: Kind::Result,
            scheme,
            threat: choices.options.threat,
            node: node as u32,
            study,
            id,
            whose: whose.clone(),
            session,
            made: Time::now().0,
            values: vec![Value {
                name: String::new(),
                shape: result.shape.clone(),
                leaves: result.leaves.iter().map(|(s, n, _)| (*s, *n)).collect(),
            }],
            manifest: Vec::new(),
        };
        let bytes = share_file::write(&header, &parts, &SealTo::Node(&seal)).map_err(failed)?;
        let path = to.folder.join(file_name(Kind::Result, &id));
        store::write_whole(&path, &bytes).map_err(failed)?;
        let shown = path.display().to_string();
        if to.part.is_some() {
            replace(&to.folder, &header)?;
        }
        report.stored.push((whose, shown));
    }
    Ok(())
}

/// Removes what earlier sessions kept of the same shard: a task that is started again leaves one result.
fn replace(folder: &Path, new: &Header) -> Outcome {
    let failed = |e: std::io::Error| Failure::usage(format!("{}: {e}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|e| e != "result") {
            continue;
        }
        // Another shard may have replaced its own meanwhile.
        let Ok(bytes) = store::read(&path, MAX_FILE) else {
            continue;
        };
        let old = share_file::unchecked_header(&bytes);
        let same = old
            .is_ok_and(|old| old.study == new.study && old.whose == new.whose && old.id != new.id);
        if same {
            std::fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

/// All nodes of a study on one machine: what they hold, and where they keep results.
pub struct Nodes<'a> {
    /// The study.
    pub study: &'a Study,
    /// What they agree on.
    pub stored: Stored,
    /// By member, its files.
    pub shelves: Vec<Vec<Held>>,
    /// Where each of a node's files goes.
    pub places: Vec<Place>,
    /// By member.
    pub keeps: Vec<Keep>,
}

impl<'a> Nodes<'a> {
    /// Reads the folders of all nodes: `SHARES/NODE`, and their keys `KEYS/NODE.seal.key`.
    ///
    /// # Errors
    /// Keys that are not the study's, files that are not these nodes', and nodes that hold different things.
    pub fn read(
        study: &'a Study,
        hir: &Hir,
        shares: &Path,
        keys: &Path,
        keep: Option<&Path>,
        attempt: &Attempt,
    ) -> Outcome<Self> {
        attempt.check(study.terms())?;
        let (mut shelves, mut keeps, mut names) = (Vec::new(), Vec::new(), Vec::new());
        let mut all = Vec::new();
        for (number, node) in (0u32..).zip(&study.terms().nodes) {
            if !attempt.members.contains(&number) {
                continue;
            }
            names.push(node.name.clone());
            let path = keys.join(format!("{}.seal.key", node.name));
            let key = own_key(&path, study, number)?;
            let folder = shares.join(&node.name);
            let (shelf, contributions) =
                read(&folder, &key, (study, hir), number, attempt.portion)?;
            shelves.push(shelf);
            let part = portion::kept_as(attempt.portion, study.terms(), hir, &contributions)?;
            all = contributions;
            let folder = keep.unwrap_or(shares).join(&node.name);
            keeps.push(Keep::new(folder, &key, part)?);
        }
        same(&shelves, &names)?;
        let headers: Vec<&Header> = shelves.iter().take(1).flatten().map(|(h, _)| h).collect();
        let (stored, places) = Stored::new(study, hir, (&headers, &all), attempt)?;
        Ok(Self {
            study,
            stored,
            shelves,
            places,
            keeps,
        })
    }
}

/// One node of a study: what it holds, and where it keeps results.
pub struct Own {
    /// The study.
    pub study: Study,
    /// What all nodes agree on.
    pub stored: Stored,
    /// Its files.
    pub shelf: Vec<Held>,
    /// Where each of them goes.
    pub places: Vec<Place>,
    /// Where its results go.
    pub keep: Keep,
}

impl Own {
    /// Reads the files of a node: those in `inputs`; results go to `outputs`.
    ///
    /// # Errors
    /// As [`Nodes::read`].
    pub fn read(
        study: Study,
        hir: &Hir,
        node: u32,
        key: &Path,
        (inputs, outputs): (&Path, &Path),
        attempt: &Attempt,
    ) -> Outcome<Self> {
        let key = own_key(key, &study, node)?;
        let (shelf, all) = read(inputs, &key, (&study, hir), node, attempt.portion)?;
        let headers: Vec<&Header> = shelf.iter().map(|(header, _)| header).collect();
        let (stored, places) = Stored::new(&study, hir, (&headers, &all), attempt)?;
        let part = portion::kept_as(attempt.portion, study.terms(), hir, &all)?;
        Ok(Self {
            study,
            stored,
            shelf,
            places,
            keep: Keep::new(outputs.to_path_buf(), &key, part)?,
        })
    }
}

impl Own {
    /// Notes beside the results, before anybody is connected to, with whom this node takes part in an attempt: in one of each number at
    /// the same set of contributions, so that no two sets of nodes both run as the same attempt.
    ///
    /// # Errors
    /// It has taken part in this attempt with others, or the note cannot be written.
    pub fn note_members(&self) -> Outcome {
        let stored = &self.stored;
        let set = sha256(format!("{}\0{}", stored.study, stored.files).as_bytes());
        let set: String = set.0[..8].iter().map(|b| format!("{b:02x}")).collect();
        let name = format!("{set}.attempt{}", stored.attempt);
        let path = self.keep.folder.join(name);
        let members = stored.seating.nodes.join(" ");
        match std::fs::read_to_string(&path) {
            Ok(before) if before == members => Ok(()),
            Ok(before) => Err(Failure::usage(format!(
                "this node has taken part in attempt {} at these contributions with {before}, and not with {members}: give the next attempt another number",
                stored.attempt
            ))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                store::write_whole(&path, members.as_bytes())
                    .map_err(|e| Failure::usage(e.to_string()))
            }
            Err(e) => Err(Failure::usage(format!(
                "cannot read {}: {e}",
                path.display()
            ))),
        }
    }
}

/// A node's key, which has to be the one in the study.
///
/// # Errors
/// Another one, or none.
pub fn own_key(path: &Path, study: &Study, node: u32) -> Outcome<SealingKey> {
    let key = sealing_key(path)?;
    match study.terms().nodes.get(node as usize) {
        Some(known) if known.seal == key.public() => Ok(key),
        Some(known) => Err(Failure::usage(format!(
            "{}: this is not the key of `{}` in the study",
            path.display(),
            known.name
        ))),
        None => Err(Failure::usage(format!("the study has no node {node}"))),
    }
}

impl Keep {
    /// In this folder, which is made if it is not there, sealed to this node.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn new(folder: PathBuf, key: &SealingKey, part: Option<PartOf>) -> Outcome<Self> {
        std::fs::create_dir_all(&folder)
            .map_err(|e| Failure::usage(format!("cannot make {}: {e}", folder.display())))?;
        Ok(Self {
            folder,
            seal: key.public().to_string(),
            part,
        })
    }
}

/// The name of a result: the same at all nodes of the session that made it.
fn result_id(session: &str, whose: &str) -> ContributionId {
    let digest = sha256(format!("smpcc result v1\0{session}\0{whose}").as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest.0[..16]);
    ContributionId(id)
}

/// Words of the scalars of values in their order, for who shows them.
pub fn shown(words: &[impl std::ops::Deref<Target = Elements>]) -> Vec<&Elements> {
    words.iter().map(|w| &**w).collect()
}
