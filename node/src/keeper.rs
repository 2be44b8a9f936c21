//! The one thread that changes anything: it owns the database, the log and the keys of data.
//!
//! Requests wait for it in a queue. It takes what waits, up to a number, does all of it in one transaction, and answers when that is
//! durable: so a thousand contributors cost some dozen writes to the disk. The order within a batch is: data keys and shares durable,
//! then the database with the lines of the log, then the file of the log. A crash between two of these loses nothing that was
//! answered, and leaves at most shares that nobody knows of, which are removed at the next start.

use crate::hosted::Hosted;
use crate::store::{Change, Row, State, Store};
use crate::vault::{Draft, Vault};
use crate::{Error, agreement};
use smpcc_circuit::sorted::SortedMap;
use smpcc_study::contribution;
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::log::{Chain, Event, Head};
use smpcc_study::manifest::{Commitment, Manifest};
use smpcc_study::open::Held;
use smpcc_study::receipt::{Deed, Receipt};
use smpcc_study::seal::SealingKey;
use smpcc_study::signature::{SigningKey, SigningPublic};
use smpcc_study::study::Time;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Requests in one transaction.
pub(crate) const BATCH: usize = 64;

/// Lines of the log between two that the node signs, and that the database keeps at most.
const SIGN_EVERY: u64 = 1000;

/// What it is asked: done in the transaction of its batch, it returns what to do when that is durable.
pub(crate) type Ask = Box<dyn FnOnce(&mut Keeper, &Change<'_>) -> Done + Send>;

/// What is done once all is durable, or once it failed.
pub(crate) type Done = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// Where a receipt goes, or why there is none.
pub(crate) type Receipts = oneshot::Sender<Result<String, Error>>;

pub(crate) enum Request {
    Store(Box<ToStore>, Receipts),
    Other(Ask),
}

pub(crate) struct ToStore {
    pub(crate) study: StudyId,
    pub(crate) key: SigningPublic,
    /// As which of the study's contributors.
    pub(crate) role: usize,
    pub(crate) manifest: Manifest,
    pub(crate) text: String,
    pub(crate) parts: Vec<(u16, Commitment)>,
    pub(crate) draft: Draft,
}

/// The thread's own.
pub struct Keeper {
    hosted: Arc<SortedMap<StudyId, Hosted>>,
    vaults: SortedMap<StudyId, Vault>,
    sign: SigningKey,
    seal: SealingKey,
    chain: Chain,
    pending: Vec<String>,
    log: File,
    signed: u64,
}

/// The folder of a study in a node's.
pub fn folder(data: &Path, id: &StudyId) -> PathBuf {
    data.join("studies").join(id.to_string())
}

impl Keeper {
    /// Opens all that a node has, and ends what a crash interrupted.
    ///
    /// # Errors
    /// Files that cannot be read or written, or are damaged.
    pub(crate) fn open(
        data: &Path,
        store: &mut Store,
        hosted: Arc<SortedMap<StudyId, Hosted>>,
        sign: SigningKey,
        seal: SealingKey,
    ) -> Result<Self, Error> {
        let change = store.change()?;
        let chain = match change.chain()? {
            Some((length, hash)) => Chain::resume(length, hash),
            None => Chain::new(&sign.public()),
        };
        let log = caught_up(&data.join("audit.log"), &change, chain.length())?;
        let mut vaults = SortedMap::new();
        for id in hosted.keys() {
            vaults.insert(*id, Vault::open(&folder(data, id), *id, &seal)?);
        }
        let mut keeper = Self {
            hosted,
            vaults,
            sign,
            seal,
            chain,
            pending: Vec::new(),
            log,
            signed: 0,
        };
        keeper.settle(&change)?;
        change.commit()?;
        keeper.follow()?;
        Ok(keeper)
    }

    /// Ends what a crash interrupted: studies that are new, withdrawals that were decided, shares that nobody knows of.
    fn settle(&mut self, change: &Change<'_>) -> Result<(), Error> {
        let studies: Vec<StudyId> = self.hosted.keys().copied().collect();
        for study in studies {
            if change.study(&study)?.is_none() {
                change.accept(&study, Time::now().0)?;
                self.note(change, &Event::StudyAccepted(study))?;
            }
            if change.study(&study)?.is_some_and(|row| row.deleted) {
                let stored = change.contributions(&study, State::Stored)?;
                let ids: Vec<ContributionId> = stored.iter().map(|row| row.id).collect();
                self.left(change, &study, &ids, State::Deleted)?;
            }
            let leaving = change.contributions(&study, State::Leaving)?;
            let ids: Vec<ContributionId> = leaving.iter().map(|row| row.id).collect();
            self.left(change, &study, &ids, State::Withdrawn)?;
            let stored = change.contributions(&study, State::Stored)?;
            let known: Vec<ContributionId> = stored.iter().map(|row| row.id).collect();
            let Some(vault) = self.vaults.get_mut(&study) else {
                continue;
            };
            vault.sweep(&|id| known.binary_search(id).is_ok())?;
            let strays = |id: &&ContributionId| known.binary_search(id).is_err();
            let strays: Vec<ContributionId> = vault.ids().filter(strays).copied().collect();
            if let Some(lost) = known.iter().find(|id| !vault.has(id)) {
                return Err(Error::Machine(format!(
                    "the data key of contribution {lost} is missing"
                )));
            }
            vault.destroy(&strays, &self.seal)?;
        }
        Ok(())
    }

    fn vault(&mut self, study: &StudyId) -> Result<&mut Vault, Error> {
        self.vaults
            .get_mut(study)
            .ok_or_else(|| Error::Absent("this node takes part in no such study".into()))
    }

    /// Adds a line to the log, in the transaction of what it tells.
    ///
    /// # Errors
    /// A database that is damaged.
    pub fn note(&mut self, change: &Change<'_>, event: &Event) -> Result<(), Error> {
        let mut chain = self.chain;
        let line = chain.append(Time::now(), event);
        change.line(&line, chain.length(), chain.hash())?;
        self.chain = chain;
        self.pending.push(line);
        Ok(())
    }

    /// The head of the log here.
    pub fn head(&self) -> Head {
        self.chain.head(&self.sign)
    }

    /// What this node signs with.
    pub fn sign(&self) -> &SigningKey {
        &self.sign
    }

    /// A study that is here.
    ///
    /// # Errors
    /// It is not.
    pub fn hosted(&self, study: &StudyId) -> Result<&Hosted, Error> {
        self.hosted
            .get(study)
            .ok_or_else(|| Error::Absent("this node takes part in no such study".into()))
    }

    /// What this node holds of a contribution.
    ///
    /// # Errors
    /// There is none, or its file is damaged.
    pub fn shares(&mut self, study: &StudyId, id: &ContributionId) -> Result<Held, Error> {
        self.vault(study)?.read(id)
    }

    /// Does a batch of requests in one transaction, and answers.
    pub(crate) fn batch(&mut self, store: &mut Store, batch: Vec<Request>) {
        let before = (self.chain, self.pending.len(), self.signed);
        let mut done: Vec<Done> = Vec::new();
        let durable = self.transaction(store, batch, &mut done);
        if durable.is_err() {
            (self.chain, self.signed) = (before.0, before.2);
            self.pending.truncate(before.1);
        }
        for tell in done {
            tell(durable.clone());
        }
        // Whatever the file of the log lacks is in the database.
        let _ = self.follow();
    }

    fn transaction(
        &mut self,
        store: &mut Store,
        batch: Vec<Request>,
        done: &mut Vec<Done>,
    ) -> Result<(), Error> {
        let change = match store.change() {
            Ok(change) => change,
            Err(e) => {
                done.extend(batch.into_iter().map(|request| refusal(request, e.clone())));
                return Ok(());
            }
        };
        let mut fresh = Vec::new();
        for request in batch {
            match request {
                Request::Other(ask) => done.push(ask(self, &change)),
                Request::Store(request, answer) => {
                    let mut taken = fresh.iter().map(|(r, _): &(Box<ToStore>, _)| &**r);
                    match self.admit(&change, &request, &mut taken) {
                        Ok(None) => fresh.push((request, answer)),
                        Ok(Some(receipt)) => {
                            done.push(Box::new(|d| drop(answer.send(d.map(|()| receipt)))))
                        }
                        Err(e) => done.push(Box::new(|_| drop(answer.send(Err(e))))),
                    }
                }
            }
        }
        // Lines that the file of the log has for good.
        let safe = self.chain.length() - self.pending.len() as u64;
        let kept = self.keep(&change, fresh, done);
        if self.chain.length() >= self.signed + SIGN_EVERY {
            let head = self.head();
            self.note(&change, &Event::Signed(head.signature))?;
            change.forget_lines(self.signed.min(safe))?;
            self.signed = self.chain.length();
        }
        kept?;
        change.commit()
    }

    /// Whether a contribution may be stored; the receipt, if it is here already. `taken` are those of the same batch.
    fn admit(
        &self,
        change: &Change<'_>,
        request: &ToStore,
        taken: &mut dyn Iterator<Item = &ToStore>,
    ) -> Result<Option<String>, Error> {
        let (study, id) = (&request.study, &request.manifest.contribution);
        let other = || Error::Conflict(format!("contribution {id} is here with other contents"));
        if let Some(row) = change.contribution(study, id)? {
            return match (row.text == request.text, row.state) {
                (true, State::Stored) => Ok(Some(row.receipt)),
                (true, State::Leaving | State::Withdrawn | State::Deleted) => Err(Error::Closed(
                    format!("contribution {id} was here and has been deleted"),
                )),
                (false, _) => Err(other()),
            };
        }
        let hosted = self.hosted(study)?;
        hosted
            .study
            .is_open(Time::now())
            .map_err(|e| Error::Closed(e.to_string()))?;
        if change
            .study(study)?
            .is_some_and(|row| row.holdings.is_some())
        {
            return Err(Error::Closed("the study has closed".into()));
        }
        let mut n = 0;
        for earlier in taken.filter(|earlier| earlier.study == *study) {
            n += u64::from(earlier.role == request.role);
            if earlier.key == request.key {
                return Err(Error::Conflict(
                    "this key or invitation has been used".into(),
                ));
            }
            if earlier.manifest.contribution == *id {
                return Err(other());
            }
        }
        if change.given_by(study, &request.key)?.is_some() {
            return Err(Error::Conflict(
                "this key or invitation has been used".into(),
            ));
        }
        let who = hosted.study.terms().contributors.get(request.role);
        let who = who.ok_or_else(|| Error::Machine("a role that the study has not".into()))?;
        if change.count_as(study, State::Stored, request.role)? + n >= who.most {
            return Err(Error::Closed(format!(
                "the study has its {} contributions of `{}`",
                who.most, who.role
            )));
        }
        Ok(None)
    }

    /// Stores what was admitted.
    fn keep(
        &mut self,
        change: &Change<'_>,
        mut fresh: Vec<(Box<ToStore>, Receipts)>,
        done: &mut Vec<Done>,
    ) -> Result<(), Error> {
        let mut drafts: SortedMap<StudyId, Vec<(ContributionId, &mut Draft)>> = SortedMap::new();
        for (request, _) in &mut fresh {
            let entry = drafts.entry(request.study).or_default();
            entry.push((request.manifest.contribution, &mut request.draft));
        }
        let mut kept = Ok(());
        for (study, mut drafts) in drafts {
            kept = kept.and_then(|()| self.vault(&study)?.keep(&mut drafts));
        }
        for (request, answer) in fresh {
            let receipt = kept.clone().and_then(|()| self.receive(change, &request));
            match receipt {
                Ok(receipt) => done.push(Box::new(|d| drop(answer.send(d.map(|()| receipt))))),
                Err(e) => {
                    kept = kept.and(Err(e.clone()));
                    done.push(Box::new(|_| drop(answer.send(Err(e)))));
                }
            }
        }
        kept
    }

    fn receive(&mut self, change: &Change<'_>, request: &ToStore) -> Result<String, Error> {
        let id = request.manifest.contribution;
        let manifest = request.manifest.digest();
        self.note(change, &Event::Received(request.study, id, manifest))?;
        let receipt = self.receipt(Deed::Stored, request.study, id, manifest, &request.parts)?;
        let row = Row {
            id,
            key: request.key,
            role: request.role,
            manifest,
            text: request.text.clone(),
            state: State::Stored,
            receipt: receipt.clone(),
        };
        change.insert(&request.study, &row, Time::now().0)?;
        Ok(receipt)
    }

    fn receipt(
        &self,
        deed: Deed,
        study: StudyId,
        contribution: ContributionId,
        manifest: [u8; 32],
        parts: &[(u16, Commitment)],
    ) -> Result<String, Error> {
        let receipt = Receipt {
            deed,
            study,
            contribution,
            node: self.hosted(&study)?.name().to_owned(),
            manifest,
            parts: parts.to_vec(),
            time: Time::now(),
            head: self.head(),
        };
        Ok(receipt.sign(&self.sign))
    }

    /// Decides that a contribution goes; the receipt, if it has gone.
    pub(crate) fn leave(
        &mut self,
        change: &Change<'_>,
        study: &StudyId,
        id: &ContributionId,
        text: &str,
    ) -> Result<Option<String>, Error> {
        let row = change.contribution(study, id)?;
        let row = row.ok_or_else(|| Error::Absent(format!("there is no contribution {id}")))?;
        contribution::check_withdrawal(text, study, id, &row.key)
            .map_err(|e| Error::Unknown(e.to_string()))?;
        match row.state {
            State::Withdrawn | State::Deleted => return Ok(Some(row.receipt)),
            State::Leaving => return Ok(None),
            State::Stored => {}
        }
        let closes = self.hosted(study)?.study.terms().window.1;
        let closed = change
            .study(study)?
            .is_some_and(|row| row.holdings.is_some());
        if closed || Time::now() >= closes {
            return Err(Error::Closed(
                "the study has closed: nothing is withdrawn any more".into(),
            ));
        }
        change.set(study, id, State::Leaving, None)?;
        Ok(None)
    }

    /// Destroys the keys of contributions for which that is decided, durably, and says so.
    ///
    /// # Errors
    /// A disk that is full or broken; then it is to be tried again.
    pub fn left(
        &mut self,
        change: &Change<'_>,
        study: &StudyId,
        ids: &[ContributionId],
        to: State,
    ) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        let vault = self.vaults.get_mut(study);
        let vault =
            vault.ok_or_else(|| Error::Absent("this node takes part in no such study".into()))?;
        vault.destroy(ids, &self.seal)?;
        for id in ids {
            let row = change.contribution(study, id)?;
            let row = row.ok_or_else(|| Error::Absent(format!("there is no contribution {id}")))?;
            match to {
                State::Withdrawn => {
                    self.note(change, &Event::Withdrawn(*study, *id))?;
                    let receipt = self.receipt(Deed::Withdrawn, *study, *id, row.manifest, &[])?;
                    change.set(study, id, to, Some(&receipt))?;
                }
                State::Stored | State::Leaving | State::Deleted => {
                    self.note(change, &Event::Deleted(*study, *id))?;
                    change.set(study, id, State::Deleted, None)?;
                }
            }
        }
        Ok(())
    }

    /// Closes a study: what is here is signed, and nothing is taken or withdrawn any more.
    ///
    /// # Errors
    /// A database that is damaged.
    pub fn close(&mut self, change: &Change<'_>, study: &StudyId) -> Result<(), Error> {
        if change
            .study(study)?
            .is_some_and(|row| row.holdings.is_some())
        {
            return Ok(());
        }
        let stored = change.contributions(study, State::Stored)?;
        let vault = self.vault(study)?;
        let holdings = (stored.iter())
            .map(|row| Ok((row.id, vault.header(&row.id)?.digest())))
            .collect::<Result<agreement::Holdings, Error>>()?;
        let hash = agreement::hash(&holdings);
        self.note(change, &Event::Closed(*study, holdings.len() as u64, hash))?;
        let text =
            agreement::holdings_text(study, self.hosted(study)?.name(), &holdings, &self.head());
        change.close(study, &text.sign(&self.sign))
    }

    /// Brings the file of the log to what the database has.
    fn follow(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let text = self.pending.concat();
        let failed = |e: std::io::Error| Error::machine("the audit log", e);
        let before = self.log.stream_position().map_err(failed)?;
        let written = self
            .log
            .write_all(text.as_bytes())
            .and_then(|()| self.log.sync_data());
        if let Err(e) = written {
            // The next lines go where these should have gone.
            let _ = self.log.set_len(before);
            let _ = self.log.seek(SeekFrom::Start(before));
            return Err(failed(e));
        }
        self.pending.clear();
        Ok(())
    }
}

fn refusal(request: Request, why: Error) -> Done {
    match request {
        Request::Store(_, answer) => Box::new(|_| drop(answer.send(Err(why)))),
        // Whoever asked hears that nobody answers.
        Request::Other(ask) => Box::new(|_| drop(ask)),
    }
}

/// The log's file, with all lines that the database has: a crash leaves it behind by some, or with half a line.
fn caught_up(path: &Path, change: &Change<'_>, length: u64) -> Result<File, Error> {
    let failed = |e: std::io::Error| Error::machine("the audit log", e);
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path).map_err(failed)?;
    let (mut lines, mut whole) = (0, 0);
    let mut reader = BufReader::new(&file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(failed)?;
        if read == 0 || line.last() != Some(&b'\n') {
            break;
        }
        lines += 1;
        whole += read as u64;
    }
    drop(reader);
    if lines > length {
        return Err(Error::Machine(format!(
            "the audit log has {lines} lines, and the database knows of {length}: one of them is not this node's, or older"
        )));
    }
    file.set_len(whole).map_err(failed)?;
    file.seek(SeekFrom::Start(whole)).map_err(failed)?;
    let missing = change.lines_from(lines + 1)?;
    if missing.len() as u64 != length - lines {
        return Err(Error::Machine(format!(
            "the audit log ends after {lines} lines, and the database knows of {length}: somebody cut it"
        )));
    }
    file.write_all(missing.concat().as_bytes())
        .and_then(|()| file.sync_data())
        .map_err(failed)?;
    Ok(file)
}
