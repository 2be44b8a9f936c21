//! Who takes part in a run, and when a run is over for good.
//!
//! At first all nodes take part, and all sign a list that says so. When a run lost a node, the next one has another number and a list of
//! its own. Under `bgw` those that answer can be enough: the first of them proposes a list, and the others sign the same one. A node
//! signs one list for each number, and a list has more than half of the nodes: so that no two sets of nodes both run under one number.
//!
//! A run that ended well at one node may have been lost at another. So no node hands out a result before it knows that enough nodes
//! have kept theirs: as many as open it, and so many that the rest could not run without one of them. Where fewer have, a node
//! that is asked on to the next run deletes what it kept and takes part.

use crate::Error;
use crate::agreement::{self, List, Question};
use crate::arrival::scheme;
use crate::hosted::Hosted;
use crate::peers::Peers;
use crate::run::{self, LOST};
use crate::store::RunRow;
use smpcc_study::log::Event;
use smpcc_study::study::{Node, Terms, Time};

/// Seconds for which nodes that have signed on to a run wait for the others of its list.
const SIGNING: u64 = 60;

/// The number of the last attempt, and of all that follow by command.
const LAST_ATTEMPT: u32 = 3;

/// Numbers of runs without this node that it looks past.
const MOST_PASSED: u32 = 16;

/// Instead of an exit status: the run ended well at enough other nodes, and was lost here.
pub const ELSEWHERE: i32 = -1;

/// Who runs next.
pub enum Next {
    /// These, under this number.
    Run(u32, List),
    /// Those are waited for.
    Wait(Vec<String>),
    /// The others run under this number, and do without this node.
    Without(u32),
}

/// What another node says of a list.
enum Said {
    This(List),
    NotYet,
    Nothing,
}

/// How a run ended at the others, as far as they answer.
#[derive(Default)]
struct Endings {
    well: Vec<String>,
    lost: Vec<String>,
}

/// Nodes that must have kept a result before any hands it out.
fn enough(terms: &Terms) -> usize {
    let rest = terms.nodes.len() - terms.least_nodes();
    scheme(terms).least().max(rest + 1)
}

fn named<'h>(hosted: &'h Hosted, name: &str) -> Option<&'h Node> {
    let nodes = &hosted.study.terms().nodes;
    nodes.iter().find(|node| node.name == name)
}

impl Peers {
    /// Who runs under this number or a later one, after these runs. `set` is the hash of what takes part in all of them.
    pub(crate) fn next(
        &self,
        hosted: &Hosted,
        runs: &[RunRow],
        number: u32,
        set: &[u8; 32],
    ) -> Result<Next, Error> {
        for passed in 0..MOST_PASSED {
            let number = number + passed;
            if let Some(run) = runs.iter().find(|run| run.number == number) {
                let own = (&hosted.study.id(), hosted.name(), &self.sign.public());
                return Ok(Next::Run(
                    number,
                    agreement::read_members(&run.members, own, number)?.0,
                ));
            }
            let mut lists = Vec::new();
            let mut there = vec![hosted.name().to_owned()];
            for node in self.others(hosted) {
                match self.list_of(hosted, node, number)? {
                    Said::This(list) if list.set != *set => return Err(another_set(node, number)),
                    Said::This(list) => lists.push(list),
                    Said::NotYet => {}
                    Said::Nothing => continue,
                }
                there.push(node.name.clone());
            }
            let fits = |list: &&List| {
                list.members.len() >= hosted.study.terms().least_nodes()
                    && list.members.iter().any(|m| m == hosted.name())
            };
            if let Some(list) = lists.iter().find(fits) {
                return Ok(Next::Run(number, list.clone()));
            }
            match (lists.is_empty(), passed) {
                (true, 0) => return self.proposed(hosted, runs, number, set, &there),
                // Who was left out proposes nothing.
                (true, _) => return Ok(Next::Without(number - 1)),
                (false, _) => {}
            }
        }
        Ok(Next::Without(number + MOST_PASSED - 1))
    }

    /// A list that nobody has signed yet: of all, or, after a run that was lost, of those who are there, if that is for this node to say.
    fn proposed(
        &self,
        hosted: &Hosted,
        runs: &[RunRow],
        number: u32,
        set: &[u8; 32],
        there: &[String],
    ) -> Result<Next, Error> {
        let terms = hosted.study.terms();
        let all: Vec<String> = terms.nodes.iter().map(|node| node.name.clone()).collect();
        let lost = || runs.iter().rev().take_while(|run| is_lost(run));
        let list = |members: Vec<String>| List {
            attempt: (1 + lost().filter(|run| run.started.is_some()).count() as u32)
                .min(LAST_ATTEMPT),
            set: *set,
            members,
        };
        let Some(before) = lost().next() else {
            return Ok(Next::Run(number, list(all)));
        };
        let own = (&hosted.study.id(), hosted.name(), &self.sign.public());
        let listed = agreement::read_members(&before.members, own, before.number)?.0;
        let present: Vec<String> = all.iter().filter(|n| there.contains(n)).cloned().collect();
        if present.len() < terms.least_nodes() {
            let missing = all.into_iter().filter(|n| !there.contains(n));
            return Ok(Next::Wait(missing.collect()));
        }
        // The first for whom the run before was lost, too.
        let well = self.endings(hosted, before.number).well;
        let mut lead = (present.iter()).filter(|n| listed.members.contains(n) && !well.contains(n));
        if let Some(first) = lead.next().filter(|n| *n != hosted.name()) {
            return Ok(Next::Wait(vec![first.clone()]));
        }
        // Who did not sign the list before would keep the others waiting again.
        let signed = match before.started {
            Some(_) => present.clone(),
            None => self.who_signed(hosted, before.number, &listed, &present)?,
        };
        let members = match signed.len() >= terms.least_nodes() {
            true => signed,
            false => present,
        };
        Ok(Next::Run(number, list(members)))
    }

    /// Those present who have signed a list, and those who were not on it.
    fn who_signed(
        &self,
        hosted: &Hosted,
        number: u32,
        list: &List,
        present: &[String],
    ) -> Result<Vec<String>, Error> {
        let (study, word) = (hosted.study.id(), Question::Members(number).word());
        let mut signed = Vec::new();
        for name in present {
            let (other, word) = (name.clone(), word.clone());
            let heard = self
                .office
                .ask_here(move |_, change| change.heard(&study, &other, &word))?;
            if heard.is_some() || name == hosted.name() || !list.members.contains(name) {
                signed.push(name.clone());
            }
        }
        Ok(signed)
    }

    /// The list that another node has signed for a run.
    fn list_of(&self, hosted: &Hosted, node: &Node, number: u32) -> Result<Said, Error> {
        let study = hosted.study.id();
        let read = |text: &str| {
            agreement::read_members(text, (&study, node.name.as_str(), &node.sign), number)
        };
        Ok(
            match self.said(hosted, node, Question::Members(number), &read)? {
                Some(list) => Said::This(list),
                None if self.answers(node) => Said::NotYet,
                None => Said::Nothing,
            },
        )
    }

    /// Whether all on a list have signed it: those who have not yet, or nothing where they never will.
    pub(crate) fn unsigned(
        &self,
        hosted: &Hosted,
        number: u32,
        list: &List,
        now: Time,
    ) -> Result<Option<Vec<String>>, Error> {
        let mut waiting = Vec::new();
        for name in list.members.iter().filter(|name| *name != hosted.name()) {
            let Some(node) = named(hosted, name) else {
                return Ok(None);
            };
            match self.list_of(hosted, node, number)? {
                Said::This(other) if other == *list => {}
                Said::This(other) if other.set != list.set => {
                    return Err(another_set(node, number));
                }
                Said::This(_) => return Ok(None),
                Said::NotYet | Said::Nothing => waiting.push(name.clone()),
            }
        }
        let terms = hosted.study.terms();
        let mut waits = self.waits.lock().unwrap_or_else(|e| e.into_inner());
        let since = *waits.entry((hosted.study.id(), number)).or_insert(now);
        let others_go_on = terms.least_nodes() < terms.nodes.len();
        let tired = others_go_on && now.0 > since.0.saturating_add(SIGNING);
        Ok((waiting.is_empty() || !tired).then_some(waiting))
    }

    /// Looks whether a run that ended well here is over for good. Returns whether another one follows all the same, with this node: too few
    /// have kept the result of this one.
    pub(crate) fn settle(&self, hosted: &Hosted, run: &RunRow) -> Result<bool, Error> {
        if run.settled {
            return Ok(false);
        }
        let (study, number) = (hosted.study.id(), run.number);
        let endings = self.endings(hosted, number);
        if 1 + endings.well.len() >= enough(hosted.study.terms()) {
            self.office
                .ask_here(move |_, change| change.settle(&study, number))?;
            return Ok(false);
        }
        for name in &endings.lost {
            let Some(node) = named(hosted, name) else {
                continue;
            };
            let Said::This(list) = self.list_of(hosted, node, number + 1)? else {
                continue;
            };
            if list.members.iter().any(|m| m == hosted.name()) {
                run::forget(&self.office, &study, number)?;
                self.ended(&study, number, LOST)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a run that was lost here ended well at enough of the others. Then it is over here, too.
    pub(crate) fn ended_elsewhere(&self, hosted: &Hosted, run: &RunRow) -> Result<bool, Error> {
        if run.started.is_none()
            || self.endings(hosted, run.number).well.len() < enough(hosted.study.terms())
        {
            return Ok(false);
        }
        let (study, number) = (hosted.study.id(), run.number);
        self.office.ask_here(move |keeper, change| {
            change.ended(&study, number, Time::now().0, ELSEWHERE)?;
            keeper.note(change, &Event::RunFinished(study, number))
        })?;
        Ok(true)
    }

    fn endings(&self, hosted: &Hosted, number: u32) -> Endings {
        let mut endings = Endings::default();
        for node in self.others(hosted) {
            match self.ending(hosted, node, number) {
                Some(0) => endings.well.push(node.name.clone()),
                Some(LOST) => endings.lost.push(node.name.clone()),
                Some(_) | None => {}
            }
        }
        endings
    }

    /// With which status a run ended at another node, by what it tells everybody.
    fn ending(&self, hosted: &Hosted, node: &Node, number: u32) -> Option<i32> {
        let path = format!("/v1/studies/{}", hosted.study.id());
        let body = self.get(node, &path)?;
        let json: serde_json::Value = serde_json::from_slice(&body).ok()?;
        let runs = json["runs"].as_array()?;
        let run = runs.iter().find(|run| run["number"] == number)?;
        i32::try_from(run["exit"].as_i64()?).ok()
    }
}

fn another_set(node: &Node, number: u32) -> Error {
    Error::Conflict(format!(
        "node `{}` has signed on to another set of contributions in run {number}",
        node.name
    ))
}

/// Whether a run ended because somebody was lost.
pub(crate) fn is_lost(run: &RunRow) -> bool {
    matches!(run.ended, Some((_, LOST)))
}
