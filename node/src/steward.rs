//! What time brings: a study closes, the nodes agree on what takes part, and what is over is deleted.
//!
//! One thread looks at the clock and at the other nodes every few seconds. Each look does what can be done and may end anywhere: all that
//! was decided is in the database, so that the next look, or the next start, goes on from there.

use crate::Error;
use crate::agreement::{self, Question};
use crate::hosted::Hosted;
use crate::office::Office;
use crate::run::{self, LOST, Tools};
use crate::store::{RunRow, State, Status};
use smpcc_study::https::{self, Patience};
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::log::{Event, Head};
use smpcc_study::signature::SigningKey;
use smpcc_study::study::{Node, Time};
use std::time::Duration;

/// Where a study is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has not closed yet.
    Open,
    /// These nodes have not said yet what they hold, or what takes part.
    Waiting(Vec<String>),
    /// All nodes hold the same so many contributions.
    Agreed(u64),
    /// A run of this number has failed in a way that is not tried again by itself: with this exit status.
    Failed(u32, i32),
    /// So many runs, as many as were agreed on, have been made.
    Done(u32),
    /// Too few contributions reached all nodes: nothing runs.
    TooFew(u64),
    /// The contributions have been deleted.
    Over,
}

/// Looks after studies with a node's own key.
pub struct Steward {
    /// The keeper.
    pub office: Office,
    /// What this node signs with.
    pub sign: SigningKey,
    /// What runs need.
    pub tools: Tools,
    /// Whether the node is to stop.
    pub stopped: Box<dyn Fn() -> bool + Send>,
}

/// How often a run that lost a node is begun again.
const MOST_LOST: usize = 3;

/// Reads what a node has signed, with the head of its log then.
type Reader<'r, T> = dyn Fn(&str) -> Result<(T, Head), Error> + 'r;

impl Steward {
    /// Looks at one study, and does what can be done.
    ///
    /// # Errors
    /// A node that contradicts itself or the others, by name; or this machine.
    pub fn look(&self, study: &StudyId, now: Time) -> Result<Phase, Error> {
        let hosted = self.office.study(study)?;
        let terms = hosted.study.terms();
        let closes = terms.window.1;
        if now < closes {
            return Ok(Phase::Open);
        }
        let id = *study;
        self.office
            .ask_here(move |keeper, change| keeper.close(change, &id))?;
        let status = self.status(study)?;
        let over = now >= closes.after_days(terms.retention.contributions_days);
        if status.row.deleted || over {
            if !status.row.deleted || status.stored > 0 {
                self.delete(study)?;
            }
            self.forget(hosted, &status, now)?;
            return Ok(Phase::Over);
        }
        self.forget(hosted, &status, now)?;
        if status.row.frozen.is_none() {
            let waiting = self.freeze(hosted, &status)?;
            if !waiting.is_empty() {
                return Ok(Phase::Waiting(waiting));
            }
        }
        match self.compare(hosted)? {
            Phase::Agreed(n) => self.runs(hosted, &status, n),
            other => Ok(other),
        }
    }

    /// Begins the next run, if one is due and all nodes have signed on to it; else says what it waits for.
    fn runs(&self, hosted: &Hosted, status: &Status, agreed: u64) -> Result<Phase, Error> {
        let study = hosted.study.id();
        let terms = hosted.study.terms();
        let ended = |run: &RunRow| run.ended.map(|(_, exit)| exit);
        let good = status
            .runs
            .iter()
            .filter(|run| ended(run) == Some(0))
            .count() as u32;
        if good >= terms.runs.most {
            return Ok(Phase::Done(good));
        }
        let command = self.office.folder(&study).join("run");
        // After a run that ended well the next one needs a command, whatever the first one needed.
        let due = terms.runs.when_closed && good == 0 || command.exists();
        let last = status.runs.last();
        let number = match last {
            None if due => 1,
            None => return Ok(Phase::Agreed(agreed)),
            // A run that this node was stopped in: if it is lost, what comes next has another number.
            Some(run) if run.started.is_some() && run.ended.is_none() => {
                let exit = run::rejoin(&self.office, &study, run.number, &self.stopped);
                if (self.stopped)() {
                    return Ok(Phase::Agreed(agreed));
                }
                self.ended(&study, run.number, exit)?;
                return Ok(Phase::Agreed(agreed));
            }
            Some(run) if run.started.is_none() => run.number,
            Some(run) => match ended(run) {
                Some(0) if due => run.number + 1,
                Some(0) => return Ok(Phase::Agreed(agreed)),
                Some(LOST) => {
                    let lost = status
                        .runs
                        .iter()
                        .rev()
                        .take_while(|r| ended(r) == Some(LOST));
                    if lost.count() >= MOST_LOST && !command.exists() {
                        return Ok(Phase::Failed(run.number, LOST));
                    }
                    run.number + 1
                }
                // What failed a check is not tried again without people.
                exit => return Ok(Phase::Failed(run.number, exit.unwrap_or(LOST))),
            },
        };
        let members: Vec<&str> = terms.nodes.iter().map(|n| n.name.as_str()).collect();
        let own = status.row.frozen.as_deref().unwrap_or_default();
        let set = agreement::read_frozen(own, &study, hosted.name(), &self.sign.public())?.0;
        if last.is_none_or(|run| run.number != number) {
            let (name, all) = (
                hosted.name().to_owned(),
                members.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>(),
            );
            self.office.ask_here(move |keeper, change| {
                let all: Vec<&str> = all.iter().map(String::as_str).collect();
                let text =
                    agreement::members_text(&study, &name, number, &set, &all, &keeper.head());
                change.join(&study, number, &text.sign(keeper.sign()))
            })?;
        }
        let mut waiting = Vec::new();
        for node in self.others(hosted) {
            let read = |text: &str| {
                let of = (&study, node.name.as_str(), &node.sign);
                agreement::check_members(text, of, number, &set, &members).map(|head| ((), head))
            };
            if self
                .said(hosted, node, Question::Members(number), &read)?
                .is_none()
            {
                waiting.push(node.name.clone());
            }
        }
        if !waiting.is_empty() {
            return Ok(Phase::Waiting(waiting));
        }
        let with = members.join(",");
        self.office.ask_here(move |keeper, change| {
            change.began(&study, number, Time::now().0)?;
            keeper.note(change, &Event::RunStarted(study, number, with))
        })?;
        let exit = run::play(&self.office, &self.tools, hosted, number, &self.stopped);
        self.ended(&study, number, *exit.as_ref().unwrap_or(&LOST))?;
        if exit == Ok(0) {
            let _ = std::fs::remove_file(command);
        }
        exit.map(|exit| match exit {
            0 => Phase::Done(good + 1),
            LOST => Phase::Agreed(agreed),
            exit => Phase::Failed(number, exit),
        })
    }

    fn ended(&self, study: &StudyId, number: u32, exit: i32) -> Result<(), Error> {
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

    /// Deletes results whose time is over.
    fn forget(&self, hosted: &Hosted, status: &Status, now: Time) -> Result<(), Error> {
        let study = hosted.study.id();
        let days = hosted.study.terms().retention.results_days;
        for run in &status.runs {
            let Some((at, _)) = run.ended else { continue };
            if now >= Time(at).after_days(days)
                && run::folder(&self.office, &study, run.number).exists()
            {
                run::forget(&self.office, &study, run.number)?;
                self.office.ask_here(move |keeper, change| {
                    keeper.note(change, &Event::ResultsDeleted(study))
                })?;
            }
        }
        Ok(())
    }

    fn status(&self, study: &StudyId) -> Result<Status, Error> {
        let id = *study;
        self.office.ask_here(move |_, change| change.status(&id))
    }

    /// Signs what all nodes hold, once all have said what they hold; else returns who has not.
    fn freeze(&self, hosted: &Hosted, status: &Status) -> Result<Vec<String>, Error> {
        let study = hosted.study.id();
        let own = status.row.holdings.as_deref().unwrap_or_default();
        let mut all =
            vec![agreement::read_holdings(own, &study, hosted.name(), &self.sign.public())?.0];
        let mut waiting = Vec::new();
        for node in self.others(hosted) {
            let read = |text: &str| agreement::read_holdings(text, &study, &node.name, &node.sign);
            match self.said(hosted, node, Question::Holdings, &read)? {
                Some(holdings) => all.push(holdings),
                None => waiting.push(node.name.clone()),
            }
        }
        if waiting.is_empty() {
            let set = agreement::common(&all);
            let name = hosted.name().to_owned();
            self.office.ask_here(move |keeper, change| {
                if change
                    .study(&study)?
                    .is_some_and(|row| row.frozen.is_some())
                {
                    return Ok(());
                }
                let hash = agreement::hash(&set);
                keeper.note(change, &Event::Frozen(study, set.len() as u64, hash))?;
                let text = agreement::frozen_text(&study, &name, &set, &keeper.head());
                let members: Vec<ContributionId> = set.keys().copied().collect();
                change.freeze(&study, &text.sign(keeper.sign()), &members)
            })?;
        }
        Ok(waiting)
    }

    /// Whether all nodes have signed the same set.
    fn compare(&self, hosted: &Hosted) -> Result<Phase, Error> {
        let study = hosted.study.id();
        let (set, members) = self.office.ask_here(move |_, change| {
            let row = change.study(&study)?.unwrap_or_default();
            Ok((
                row.frozen.unwrap_or_default(),
                change.members(&study)?.len() as u64,
            ))
        })?;
        let own = agreement::read_frozen(&set, &study, hosted.name(), &self.sign.public())?.0;
        let mut waiting = Vec::new();
        for node in self.others(hosted) {
            let read = |text: &str| agreement::read_frozen(text, &study, &node.name, &node.sign);
            match self.said(hosted, node, Question::Frozen, &read)? {
                Some(set) if set == own => {}
                Some(_) => {
                    return Err(Error::Conflict(format!(
                        "node `{}` has signed another set of contributions than this node: nothing runs before that is cleared up",
                        node.name
                    )));
                }
                None => waiting.push(node.name.clone()),
            }
        }
        Ok(match waiting.is_empty() {
            false => Phase::Waiting(waiting),
            true if members < hosted.study.terms().contributors.least => Phase::TooFew(members),
            true => Phase::Agreed(members),
        })
    }

    fn others<'h>(&self, hosted: &'h Hosted) -> impl Iterator<Item = &'h Node> + use<'h> {
        let me = hosted.me;
        let nodes = hosted.study.terms().nodes.iter().enumerate();
        nodes.filter(move |(i, _)| *i != me).map(|(_, node)| node)
    }

    /// What another node said: as it was kept, else by asking it; `None` if it says nothing yet. The first word that it signed counts.
    fn said<T>(
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
        let asked =
            agreement::question_text(&study, hosted.name(), &node.name, question, &self.sign);
        let path = format!("/v1/studies/{study}/questions");
        let patience = Patience {
            step: Duration::from_secs(5),
            ..Patience::default()
        };
        let to = (node.address.as_str(), &node.certificate);
        let answer = https::request(to, ("POST", &path), asked.as_bytes(), patience);
        let Ok(body) = answer.and_then(https::Answer::good) else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&body).into_owned();
        let (value, head) = read(&text)?;
        self.office.ask_here(move |keeper, change| {
            change.hear(&study, &name, &word, &text)?;
            keeper.note(change, &Event::Heard(name, head.to_string()))
        })?;
        Ok(Some(value))
    }

    /// Destroys the keys of all contributions of a study whose time is over.
    fn delete(&self, study: &StudyId) -> Result<(), Error> {
        let study = *study;
        // The decision is durable before any key is gone: a crash in between is told from a loss.
        self.office
            .ask_here(move |_, change| change.over(&study, Time::now().0))?;
        self.office.ask_here(move |keeper, change| {
            let stored = change.contributions(&study, State::Stored)?;
            let ids: Vec<ContributionId> = stored.iter().map(|row| row.id).collect();
            keeper.left(change, &study, &ids, State::Deleted)
        })
    }
}
