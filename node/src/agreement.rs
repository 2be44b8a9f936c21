//! What nodes tell each other about a study, each in a signed text: what one holds when it has closed, and what takes part.
//!
//! Nobody leads. Each node closes by its own clock and signs what it holds, once; each fetches what the others signed and takes what all
//! hold with the same manifests, types and lengths; each signs the hash of that, and nothing runs before all have signed the same. A contribution
//! that reached only some nodes takes no part. A node that tells two nodes different things is found out by the hashes, with its own
//! signatures as evidence.
//!
//! A node that another one does not reach may have spoken to a third before, and its word is signed: the third hands it on.

use crate::Error;
use crate::hosted::Hosted;
use smpcc_circuit::sorted::SortedMap;
use smpcc_runtime::hash::Transcript;
use smpcc_study::document::{Document, Unchecked};
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::log::Head;
use smpcc_study::signature::{Purpose, SigningKey, SigningPublic};

/// Contributions with the digests of what is held of them ([`smpcc_study::share_file::Header::digest`]).
pub type Holdings = SortedMap<ContributionId, [u8; 32]>;

/// What a node may be asked by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// What it held when it closed.
    Holdings,
    /// What takes part.
    Frozen,
    /// Which run it signs on to, by number.
    Members(u32),
}

impl Question {
    /// Its word in texts.
    pub fn word(self) -> String {
        match self {
            Self::Holdings => "holdings".into(),
            Self::Frozen => "frozen".into(),
            Self::Members(run) => format!("members-{run}"),
        }
    }

    /// The question of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "holdings" => Some(Self::Holdings),
            "frozen" => Some(Self::Frozen),
            _ => word
                .strip_prefix("members-")?
                .parse()
                .ok()
                .map(Self::Members),
        }
    }
}

/// The hash of a set.
pub fn hash(set: &Holdings) -> [u8; 32] {
    let mut transcript = Transcript::new("smpcc/study/set");
    transcript.list(set.len());
    for (id, manifest) in set {
        transcript.bytes(&id.0).bytes(manifest);
    }
    transcript.finish().0
}

/// What all of several nodes hold, with the same digests.
pub fn common(all: &[Holdings]) -> Holdings {
    let Some((first, others)) = all.split_first() else {
        return Holdings::new();
    };
    let everywhere = |(id, manifest): &(&ContributionId, &[u8; 32])| {
        others.iter().all(|other| other.get(id) == Some(manifest))
    };
    first
        .iter()
        .filter(everywhere)
        .map(|(id, m)| (*id, *m))
        .collect()
}

/// What a node holds.
pub fn holdings_text(study: &StudyId, node: &str, holdings: &Holdings, head: &Head) -> Document {
    let mut document = Document::new(Purpose::Holdings)
        .with("study", study)
        .with("node", node)
        .with("head", head);
    for (id, manifest) in holdings {
        document = document.with("holds", format_args!("{id} {}", hex(manifest)));
    }
    document
}

/// What a node of this key holds, by its own signed word, and the head of its log then.
///
/// # Errors
/// It is not that node's word about this study.
pub fn read_holdings(
    text: &str,
    study: &StudyId,
    node: &str,
    key: &SigningPublic,
) -> Result<(Holdings, Head), Error> {
    let (document, head) = told(Purpose::Holdings, text, study, node, key)?;
    let mut holdings = Holdings::new();
    let entry = |line: &str| {
        let (id, manifest) = line.split_once(' ')?;
        Some((id.parse().ok()?, bytes(manifest)?))
    };
    let mut last = None;
    for line in document.all("holds") {
        let wrong = || Error::Refused(format!("what node `{node}` holds is malformed"));
        let (id, manifest) = entry(line).ok_or_else(wrong)?;
        if last >= Some(id) {
            return Err(wrong());
        }
        last = Some(id);
        holdings.insert(id, manifest);
    }
    Ok((holdings, head))
}

/// What takes part, as a node has found it.
pub fn frozen_text(study: &StudyId, node: &str, set: &Holdings, head: &Head) -> Document {
    Document::new(Purpose::Frozen)
        .with("study", study)
        .with("node", node)
        .with("head", head)
        .with("count", set.len())
        .with("set", hex(&hash(set)))
}

/// The hash of what takes part, by a node's signed word, and the head of its log then.
///
/// # Errors
/// It is not that node's word about this study.
pub fn read_frozen(
    text: &str,
    study: &StudyId,
    node: &str,
    key: &SigningPublic,
) -> Result<([u8; 32], Head), Error> {
    let (document, head) = told(Purpose::Frozen, text, study, node, key)?;
    let set = bytes(&document.one::<String>("set")?);
    let set =
        set.ok_or_else(|| Error::Refused(format!("the set of node `{node}` is malformed")))?;
    Ok((set, head))
}

/// Who takes part in a run, and in what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Which attempt at what is to be computed it is, from 1 on.
    pub attempt: u32,
    /// The hash of the contributions.
    pub set: [u8; 32],
    /// The nodes by name, in the order of the study.
    pub members: Vec<String>,
}

/// That a node takes part in a run of a list; it signs one for each number.
pub fn members_text(study: &StudyId, node: &str, run: u32, list: &List, head: &Head) -> Document {
    let mut document = Document::new(Purpose::Members)
        .with("study", study)
        .with("node", node)
        .with("head", head)
        .with("run", run)
        .with("attempt", list.attempt)
        .with("set", hex(&list.set));
    for member in &list.members {
        document = document.with("member", member);
    }
    document
}

/// The list that a node has signed for a run of this number, and the head of its log then.
///
/// # Errors
/// It is not that node's word about this study and run, or a list without the node.
pub fn read_members(
    text: &str,
    (study, node, key): (&StudyId, &str, &SigningPublic),
    run: u32,
) -> Result<(List, Head), Error> {
    let (document, head) = told(Purpose::Members, text, study, node, key)?;
    let wrong = || {
        Error::Conflict(format!(
            "what node `{node}` has signed is no list of run {run}"
        ))
    };
    let members: Vec<String> = document.all("member").map(str::to_owned).collect();
    let set = bytes(&document.one::<String>("set")?).ok_or_else(wrong)?;
    match document.one::<u32>("run")? == run && members.iter().any(|m| m == node) {
        true => Ok((
            List {
                attempt: document.one("attempt")?,
                set,
                members,
            },
            head,
        )),
        false => Err(wrong()),
    }
}

/// What one node asks another: for that node's own word, or for what it has heard from the node `of`.
pub fn question_text(
    study: &StudyId,
    (from, to): (&str, &str),
    question: Question,
    of: Option<&str>,
    key: &SigningKey,
) -> String {
    let document = Document::new(Purpose::Request)
        .with("study", study)
        .with("node", from)
        .with("to", to)
        .with("question", question.word());
    let document = match of {
        Some(name) => document.with("of", name),
        None => document,
    };
    document.sign(key)
}

/// What another node asks this one, and from which node it wants to know the word, if it is not this one's.
///
/// # Errors
/// Nobody asks whom the study knows, or somebody else is asked.
pub fn asked(text: &str, hosted: &Hosted) -> Result<(Question, Option<String>), Error> {
    let unknown = || Error::Unknown("the study knows no node that asks this".into());
    let unchecked = Unchecked::read(Purpose::Request, text).map_err(|_| unknown())?;
    let name: String = unchecked.claims().one("node").map_err(|_| unknown())?;
    let node = hosted.study.terms().nodes.iter().find(|n| n.name == name);
    let node = node.ok_or_else(unknown)?;
    let document = unchecked.verify(&node.sign).map_err(|_| unknown())?;
    let study: StudyId = document.one("study")?;
    let to: String = document.one("to")?;
    if study != hosted.study.id() || to != hosted.name() {
        return Err(Error::Refused(
            "this asks another node, or about another study".into(),
        ));
    }
    let word: String = document.one("question")?;
    let question = Question::of_word(&word);
    let question = question.ok_or_else(|| Error::Refused("an unknown question".into()))?;
    let of = document.all("of").next().map(str::to_owned);
    Ok((question, of.filter(|name| name != hosted.name())))
}

fn told(
    purpose: Purpose,
    text: &str,
    study: &StudyId,
    node: &str,
    key: &SigningPublic,
) -> Result<(Document, Head), Error> {
    let of = |e: smpcc_study::Error| Error::Refused(format!("node `{node}`: {e}"));
    let document = Unchecked::read(purpose, text)
        .and_then(|u| u.verify(key))
        .map_err(of)?;
    let (about, by): (StudyId, String) = (document.one("study")?, document.one("node")?);
    let head: Head = document.one("head")?;
    head.check(key).map_err(of)?;
    match about == *study && by == node {
        true => Ok((document, head)),
        false => Err(Error::Refused(format!(
            "node `{node}` speaks of another study, or as another node"
        ))),
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    StudyId(*bytes).to_string()
}

fn bytes(text: &str) -> Option<[u8; 32]> {
    text.parse::<StudyId>().ok().map(|id| id.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_study::log::Chain;

    fn set(ids: &[(u8, u8)]) -> Holdings {
        ids.iter()
            .map(|(id, m)| (ContributionId([*id; 16]), [*m; 32]))
            .collect()
    }

    #[test]
    fn what_is_not_everywhere_the_same_takes_no_part() {
        let all = [
            set(&[(1, 1), (2, 2), (3, 3), (4, 4)]),
            set(&[(1, 1), (3, 9), (4, 4)]),
            set(&[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]),
        ];
        let common = super::common(&all);
        assert_eq!(common, set(&[(1, 1), (4, 4)]));
        assert_ne!(hash(&common), hash(&set(&[(1, 1)])));
        assert_ne!(hash(&common), hash(&set(&[(1, 4), (4, 1)])));
    }

    #[test]
    fn a_nodes_word_is_its_own_and_about_one_study() {
        let key = SigningKey::fresh().unwrap();
        let head = Chain::new(&key.public()).head(&key);
        let study = StudyId([1; 32]);
        let held = set(&[(1, 1), (2, 2)]);
        let text = holdings_text(&study, "a", &held, &head).sign(&key);
        let read = |text: &str, study: [u8; 32], node: &str, key: &SigningKey| {
            read_holdings(text, &StudyId(study), node, &key.public()).map(|(h, _)| h)
        };
        assert_eq!(read(&text, [1; 32], "a", &key), Ok(held.clone()));
        assert!(read(&text, [2; 32], "a", &key).is_err());
        assert!(read(&text, [1; 32], "b", &key).is_err());
        assert!(read(&text, [1; 32], "a", &SigningKey::fresh().unwrap()).is_err());
        let twice = holdings_text(&study, "a", &held, &head).with(
            "holds",
            format!("{} {}", ContributionId([2; 16]), "00".repeat(32)),
        );
        assert!(read(&twice.sign(&key), [1; 32], "a", &key).is_err());
        let frozen = frozen_text(&study, "a", &held, &head).sign(&key);
        assert_eq!(
            read_frozen(&frozen, &study, "a", &key.public()).unwrap().0,
            hash(&held)
        );
        let list = List {
            attempt: 2,
            set: [7; 32],
            members: vec!["a".into(), "b".into()],
        };
        let signed = |node: &str| members_text(&study, node, 2, &list, &head).sign(&key);
        let public = key.public();
        let read = |text: &str, node: &str, run| {
            read_members(text, (&study, node, &public), run).map(|(list, _)| list)
        };
        assert_eq!(read(&signed("a"), "a", 2), Ok(list.clone()));
        assert!(read(&signed("a"), "a", 1).is_err());
        assert!(read(&signed("a"), "b", 2).is_err());
        assert!(read(&signed("c"), "c", 2).is_err());
    }
}
