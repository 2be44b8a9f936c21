//! The other nodes of a study, as one node asks them.

use crate::Error;
use crate::agreement::{self, Question};
use crate::hosted::Hosted;
use crate::office::Office;
use smpcc_circuit::sorted::SortedMap;
use smpcc_study::https::{self, Patience};
use smpcc_study::id::StudyId;
use smpcc_study::log::{Event, Head};
use smpcc_study::signature::SigningKey;
use smpcc_study::study::{Node, Time};
use std::sync::Mutex;
use std::time::Duration;

/// What a node needs to ask the others, and to keep what they say.
pub struct Peers {
    /// The keeper.
    pub office: Office,
    /// What this node signs with.
    pub sign: SigningKey,
    /// Since when it waits for others to sign on to a run.
    pub waits: Waits,
}

/// By study and number of a run.
pub type Waits = Mutex<SortedMap<(StudyId, u32), Time>>;

/// Reads what a node has signed, with the head of its log then.
pub(crate) type Reader<'r, T> = dyn Fn(&str) -> Result<(T, Head), Error> + 'r;

impl Peers {
    /// The other nodes.
    pub(crate) fn others<'h>(
        &self,
        hosted: &'h Hosted,
    ) -> impl Iterator<Item = &'h Node> + use<'h> {
        let me = hosted.me;
        let nodes = hosted.study.terms().nodes.iter().enumerate();
        nodes.filter(move |(i, _)| *i != me).map(|(_, node)| node)
    }

    /// What another node said: as it was kept, else by asking it, else by asking others to whom it spoke; `None` if it says nothing yet.
    /// The first word that it signed counts.
    pub(crate) fn said<T>(
        &self,
        hosted: &Hosted,
        node: &Node,
        question: Question,
        read: &Reader<'_, T>,
    ) -> Result<Option<T>, Error> {
        let study = hosted.study.id();
        let (name, word) = (node.name.clone(), question.word());
        let kept = self.office.ask_here({
            let (name, word) = (name.clone(), word.clone());
            move |_, change| change.heard(&study, &name, &word)
        })?;
        if let Some(text) = kept {
            return Ok(Some(read(&text)?.0));
        }
        let (text, (value, head)) = match self.ask(hosted, node, question, None) {
            Some(Ok(text)) => {
                let word = read(&text)?;
                (text, word)
            }
            // It has nothing to say yet.
            Some(Err(())) => return Ok(None),
            None => match self.relayed(hosted, node, question, read) {
                Some(heard) => heard,
                None => return Ok(None),
            },
        };
        self.office.ask_here(move |keeper, change| {
            change.hear(&study, &name, &word, &text)?;
            keeper.note(change, &Event::Heard(name, head.to_string()))
        })?;
        Ok(Some(value))
    }

    /// What a node that does not answer has said to another one; a word that it has not signed is none.
    fn relayed<T>(
        &self,
        hosted: &Hosted,
        node: &Node,
        question: Question,
        read: &Reader<'_, T>,
    ) -> Option<(String, (T, Head))> {
        let others = self.others(hosted).filter(|other| other.name != node.name);
        others
            .filter_map(|other| self.ask(hosted, other, question, Some(&node.name))?.ok())
            .find_map(|text| {
                let word = read(&text).ok()?;
                Some((text, word))
            })
    }

    /// What another node answers to a question, or that it refuses it; `None` if it does not answer.
    fn ask(
        &self,
        hosted: &Hosted,
        node: &Node,
        question: Question,
        of: Option<&str>,
    ) -> Option<Result<String, ()>> {
        let study = hosted.study.id();
        let names = (hosted.name(), node.name.as_str());
        let asked = agreement::question_text(&study, names, question, of, &self.sign);
        let path = format!("/v1/studies/{study}/questions");
        let to = (node.address.as_str(), &node.certificate);
        let answer = https::request(to, ("POST", &path), asked.as_bytes(), patience()).ok()?;
        let body = answer.good().map_err(|_| ());
        Some(body.map(|body| String::from_utf8_lossy(&body).into_owned()))
    }

    /// What another node tells anybody, if it does.
    pub(crate) fn get(&self, node: &Node, path: &str) -> Option<Vec<u8>> {
        let to = (node.address.as_str(), &node.certificate);
        let answer = https::request(to, ("GET", path), b"", patience());
        answer.and_then(https::Answer::good).ok()
    }

    /// The seconds since 1970 by the clock of another node, if it answers.
    pub(crate) fn clock(&self, hosted: &Hosted, node: &Node) -> Option<u64> {
        let body = self.get(node, &format!("/v1/studies/{}", hosted.study.id()))?;
        let json: serde_json::Value = serde_json::from_slice(&body).ok()?;
        json["time"].as_u64()
    }

    /// Whether another node answers at all.
    pub(crate) fn answers(&self, node: &Node) -> bool {
        self.get(node, "/health").is_some()
    }

    /// Notes how a run ended here.
    pub(crate) fn ended(&self, study: &StudyId, number: u32, exit: i32) -> Result<(), Error> {
        let study = *study;
        self.office.ask_here(move |keeper, change| {
            change.ended(&study, number, Time::now().0, exit)?;
            keeper.note(
                change,
                &match exit {
                    0 => Event::RunFinished(study, number),
                    exit => Event::RunFailed(study, number, exit),
                },
            )
        })
    }
}

/// With nodes that may be gone.
fn patience() -> Patience {
    Patience {
        step: Duration::from_secs(5),
        ..Patience::default()
    }
}
