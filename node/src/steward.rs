//! What time brings: a study closes, the nodes agree on what takes part, and what is over is deleted.
//!
//! One thread looks at the clock and at the other nodes every few seconds. Each look does what can be done and may end anywhere: all that
//! was decided is in the database, so that the next look, or the next start, goes on from there.

use crate::Error;
use crate::agreement::{self, Question};
use crate::hosted::Hosted;
use crate::members::{ELSEWHERE, Next, is_lost};
use crate::peers::Peers;
use crate::run::{self, LOST, Tools};
use crate::store::{RunRow, State, Status};
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::log::Event;
use smpcc_study::study::Time;

/// Where a study is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has not closed yet.
    Open,
    /// These nodes have not said yet what they hold, or what takes part.
    Waiting(Vec<String>),
    /// All nodes hold the same so many contributions.
    Agreed(u64),
    /// The other nodes run under this number, without this one.
    Without(u32),
    /// A run of this number has failed in a way that is not tried again by itself: with this exit status.
    Failed(u32, i32),
    /// So many runs, as many as were agreed on, have been made.
    Done(u32),
    /// Of this role too few contributions reached all nodes: nothing runs.
    TooFew(String, u64),
    /// The contributions have been deleted.
    Over,
}

/// Looks after studies with a node's own key.
pub struct Steward {
    /// The other nodes.
    pub peers: Peers,
    /// What runs need.
    pub tools: Tools,
    /// Whether the node is to stop.
    pub stopped: Box<dyn Fn() -> bool + Send>,
}

/// Seconds that this node's clock may be ahead of all others when it closes a study or deletes.
const MOST_AHEAD: u64 = 3600;

/// How often a run that lost a node is begun again.
const MOST_LOST: usize = 3;

impl Steward {
    /// Before a study closes here, or its contributions are deleted because their time is over: whether this node's clock is not far ahead of
    /// the clocks of all other nodes that answer. What a wrong clock closed or deleted stays so.
    ///
    /// # Errors
    /// It is far ahead.
    pub fn trusts_clock(&self, study: &StudyId, now: Time) -> Result<(), Error> {
        let hosted = self.peers.office.study(study)?;
        let terms = hosted.study.terms();
        let closes = terms.window.1;
        if now < closes {
            return Ok(());
        }
        let row = self.status(study)?.row;
        let over = now >= closes.after_days(terms.retention.contributions_days);
        if row.deleted || row.holdings.is_some() && !over {
            return Ok(());
        }
        let clocks = self.peers.others(hosted);
        let latest = clocks
            .filter_map(|node| self.peers.clock(hosted, node))
            .max();
        match latest {
            Some(latest) if now.0 > latest.saturating_add(MOST_AHEAD) => {
                Err(Error::Machine(format!(
                    "by this machine's clock it is {now}, and by no other node's later than {}: nothing is closed or deleted before the clock is right",
                    Time(latest)
                )))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Looks at one study, and does what can be done.
    ///
    /// # Errors
    /// A node that contradicts itself or the others, by name; or this machine.
    pub fn look(&self, study: &StudyId, now: Time) -> Result<Phase, Error> {
        let hosted = self.peers.office.study(study)?;
        let terms = hosted.study.terms();
        let closes = terms.window.1;
        if now < closes {
            return Ok(Phase::Open);
        }
        let id = *study;
        self.peers
            .office
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
            // What is agreed on may have been signed just now.
            Phase::Agreed(n) => self.runs(hosted, &self.status(study)?, n, now),
            other => Ok(other),
        }
    }

    /// Begins the next run, if one is due and all its nodes have signed on to it; else says what it waits for.
    fn runs(
        &self,
        hosted: &Hosted,
        status: &Status,
        agreed: u64,
        now: Time,
    ) -> Result<Phase, Error> {
        let study = hosted.study.id();
        let terms = hosted.study.terms();
        let exit = |run: &RunRow| run.ended.map(|(_, exit)| exit);
        let is_good = |run: &&RunRow| matches!(exit(run), Some(0 | ELSEWHERE));
        let good = status.runs.iter().filter(is_good).count() as u32;
        let last = status.runs.last();
        if let Some(run) = last.filter(|run| exit(run) == Some(0))
            && self.peers.settle(hosted, run)?
        {
            return Ok(Phase::Agreed(agreed));
        }
        if good >= terms.runs.most {
            return Ok(Phase::Done(good));
        }
        let command = self.peers.office.folder(&study).join("run");
        // After a run that ended well the next one needs a command, whatever the first one needed.
        let due = terms.runs.when_closed && good == 0 || command.exists();
        let number = match last {
            None if due => 1,
            None => return Ok(Phase::Agreed(agreed)),
            // A run that this node was stopped in: if it is lost, what comes next has another number.
            Some(run) if run.started.is_some() && run.ended.is_none() => {
                let exit = run::rejoin(&self.peers.office, &study, run.number, &self.stopped);
                if (self.stopped)() {
                    return Ok(Phase::Agreed(agreed));
                }
                self.peers.ended(&study, run.number, exit)?;
                return Ok(Phase::Agreed(agreed));
            }
            Some(run) if run.ended.is_none() => run.number,
            Some(run) => match exit(run) {
                Some(0 | ELSEWHERE) if due => run.number + 1,
                Some(0 | ELSEWHERE) => return Ok(Phase::Agreed(agreed)),
                Some(LOST) => {
                    if self.peers.ended_elsewhere(hosted, run)? {
                        return Ok(Phase::Agreed(agreed));
                    }
                    let lost = status.runs.iter().rev().take_while(|run| is_lost(run));
                    let tried = lost.filter(|run| run.started.is_some()).count();
                    if tried >= MOST_LOST && !command.exists() {
                        return Ok(Phase::Failed(run.number, LOST));
                    }
                    run.number + 1
                }
                // What failed a check is not tried again without people.
                exit => return Ok(Phase::Failed(run.number, exit.unwrap_or(LOST))),
            },
        };
        let own = status.row.frozen.as_deref().unwrap_or_default();
        let set = agreement::read_frozen(own, &study, hosted.name(), &self.peers.sign.public())?.0;
        let (number, list) = match self.peers.next(hosted, &status.runs, number, &set)? {
            Next::Run(number, list) => (number, list),
            Next::Wait(nodes) => return Ok(Phase::Waiting(nodes)),
            Next::Without(number) => return Ok(Phase::Without(number)),
        };
        if !status.runs.iter().any(|run| run.number == number) {
            let (name, list) = (hosted.name().to_owned(), list.clone());
            self.peers.office.ask_here(move |keeper, change| {
                let text = agreement::members_text(&study, &name, number, &list, &keeper.head());
                change.join(&study, number, &text.sign(keeper.sign()))
            })?;
        }
        match self.peers.unsigned(hosted, number, &list, now)? {
            Some(waiting) if waiting.is_empty() => {}
            Some(waiting) => return Ok(Phase::Waiting(waiting)),
            None => {
                self.peers.ended(&study, number, LOST)?;
                return Ok(Phase::Agreed(agreed));
            }
        }
        let with = list.members.join(",");
        self.peers.office.ask_here(move |keeper, change| {
            change.began(&study, number, Time::now().0)?;
            keeper.note(change, &Event::RunStarted(study, number, with))
        })?;
        let run = (number, &list);
        let exit = run::play(&self.peers.office, &self.tools, hosted, run, &self.stopped);
        self.peers
            .ended(&study, number, *exit.as_ref().unwrap_or(&LOST))?;
        if exit == Ok(0) {
            let _ = std::fs::remove_file(command);
        }
        exit.map(|exit| match exit {
            0 if good + 1 >= terms.runs.most => Phase::Done(good + 1),
            0 | LOST => Phase::Agreed(agreed),
            exit => Phase::Failed(number, exit),
        })
    }

    /// Deletes results whose time is over.
    fn forget(&self, hosted: &Hosted, status: &Status, now: Time) -> Result<(), Error> {
        let study = hosted.study.id();
        let days = hosted.study.terms().retention.results_days;
        for run in &status.runs {
            let Some((at, _)) = run.ended else { continue };
            if now >= Time(at).after_days(days)
                && run::folder(&self.peers.office, &study, run.number).exists()
            {
                run::forget(&self.peers.office, &study, run.number)?;
                self.peers.office.ask_here(move |keeper, change| {
                    keeper.note(change, &Event::ResultsDeleted(study))
                })?;
            }
        }
        Ok(())
    }

    fn status(&self, study: &StudyId) -> Result<Status, Error> {
        let id = *study;
        self.peers
            .office
            .ask_here(move |_, change| change.status(&id))
    }

    /// Signs what all nodes hold, once all have said what they hold; else returns who has not.
    fn freeze(&self, hosted: &Hosted, status: &Status) -> Result<Vec<String>, Error> {
        let study = hosted.study.id();
        let own = status.row.holdings.as_deref().unwrap_or_default();
        let mut all = vec![
            agreement::read_holdings(own, &study, hosted.name(), &self.peers.sign.public())?.0,
        ];
        let mut waiting = Vec::new();
        for node in self.peers.others(hosted) {
            let read = |text: &str| agreement::read_holdings(text, &study, &node.name, &node.sign);
            match self.peers.said(hosted, node, Question::Holdings, &read)? {
                Some(holdings) => all.push(holdings),
                None => waiting.push(node.name.clone()),
            }
        }
        if waiting.is_empty() {
            let set = agreement::common(&all);
            let name = hosted.name().to_owned();
            self.peers.office.ask_here(move |keeper, change| {
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
        let who = &hosted.study.terms().contributors;
        let roles = who.len();
        let (set, given) = self.peers.office.ask_here(move |_, change| {
            let row = change.study(&study)?.unwrap_or_default();
            Ok((row.frozen.unwrap_or_default(), change.given(&study, roles)?))
        })?;
        let own = agreement::read_frozen(&set, &study, hosted.name(), &self.peers.sign.public())?.0;
        let mut waiting = Vec::new();
        for node in self.peers.others(hosted) {
            let read = |text: &str| agreement::read_frozen(text, &study, &node.name, &node.sign);
            match self.peers.said(hosted, node, Question::Frozen, &read)? {
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
        if !waiting.is_empty() {
            return Ok(Phase::Waiting(waiting));
        }
        let mut few = who
            .iter()
            .zip(&given)
            .filter(|(who, given)| given.members < who.least);
        Ok(match few.next() {
            Some((who, given)) => Phase::TooFew(who.role.clone(), given.members),
            None => Phase::Agreed(given.iter().map(|given| given.members).sum()),
        })
    }

    /// Destroys the keys of all contributions of a study whose time is over.
    fn delete(&self, study: &StudyId) -> Result<(), Error> {
        let study = *study;
        // The decision is durable before any key is gone: a crash in between is told from a loss.
        self.peers
            .office
            .ask_here(move |_, change| change.over(&study, Time::now().0))?;
        self.peers.office.ask_here(move |keeper, change| {
            let stored = change.contributions(&study, State::Stored)?;
            let ids: Vec<ContributionId> = stored.iter().map(|row| row.id).collect();
            keeper.left(change, &study, &ids, State::Deleted)
        })
    }
}
