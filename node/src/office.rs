//! Where requests to the keeper go: a queue that many threads may write to, and what they can ask for.

use crate::Error;
use crate::arrival::Arrival;
use crate::hosted::Hosted;
use crate::keeper::{BATCH, Keeper, Request, ToStore, folder};
use crate::metrics::Metrics;
use crate::store::{Change, Row, State, Status, Store};
use crate::vault::Draft;
use smpcc_circuit::sorted::SortedMap;
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::seal::SealingKey;
use smpcc_study::signature::SigningKey;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Where requests go; there may be many of it.
#[derive(Clone)]
pub struct Office {
    queue: mpsc::SyncSender<Request>,
    /// The studies.
    pub hosted: Arc<SortedMap<StudyId, Hosted>>,
    folder: PathBuf,
    metrics: Arc<Metrics>,
}

impl Office {
    /// Starts the thread; it ends when nobody can ask any more.
    ///
    /// # Errors
    /// Files that cannot be read or written, or are damaged.
    pub fn open(
        data: &Path,
        hosted: SortedMap<StudyId, Hosted>,
        sign: SigningKey,
        seal: SealingKey,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, JoinHandle<()>), Error> {
        let failed = |e: std::io::Error| Error::machine("the node's folder", e);
        std::fs::create_dir_all(data).map_err(failed)?;
        let alone = alone(data)?;
        let mut store = Store::open(&data.join("node.db"))?;
        let hosted = Arc::new(hosted);
        let mut keeper = Keeper::open(data, &mut store, hosted.clone(), sign, seal)?;
        let (queue, asked) = mpsc::sync_channel(1024);
        let office = Self {
            queue,
            hosted,
            folder: data.to_owned(),
            metrics,
        };
        let thread = std::thread::Builder::new().name("keeper".into());
        let thread = thread.spawn(move || {
            let _alone = alone;
            while let Ok(first) = asked.recv() {
                let more = std::iter::from_fn(|| asked.try_recv().ok());
                let batch = std::iter::once(first).chain(more).take(BATCH).collect();
                keeper.batch(&mut store, batch);
            }
        });
        Ok((office, thread.map_err(failed)?))
    }

    /// A study that is here.
    ///
    /// # Errors
    /// It is not.
    pub fn study(&self, id: &StudyId) -> Result<&Hosted, Error> {
        self.hosted
            .get(id)
            .ok_or_else(|| Error::Absent("this node takes part in no such study".into()))
    }

    /// The folder of a study.
    pub fn folder(&self, id: &StudyId) -> PathBuf {
        folder(&self.folder, id)
    }

    /// Stores a contribution, and returns the receipt for it. Whoever stores the same again gets the receipt of the first time.
    ///
    /// # Errors
    /// Another contribution of that name or of that contributor, a study that takes none or no more, or a disk that takes nothing.
    pub async fn store(&self, arrival: Arrival, draft: Draft) -> Result<String, Error> {
        let (answer, answered) = oneshot::channel();
        let parts = arrival.held.1.iter().filter_map(|part| {
            let commitment = arrival.manifest.parts.get(usize::from(part.number))?;
            Some((part.number, *commitment))
        });
        let request = ToStore {
            study: arrival.manifest.study,
            key: arrival.key,
            role: arrival.role,
            parts: parts.collect(),
            manifest: arrival.manifest,
            text: arrival.text,
            draft,
        };
        self.send(Request::Store(Box::new(request), answer))?;
        answered.await.map_err(|_| gone())?
    }

    /// Withdraws a contribution, as its contributor asks in a signed text, and returns the receipt for it.
    ///
    /// # Errors
    /// Somebody else's text, a study that has closed, or a disk that takes nothing.
    pub async fn withdraw(
        &self,
        study: StudyId,
        id: ContributionId,
        text: String,
    ) -> Result<String, Error> {
        self.study(&study)?;
        // The decision is durable before the key is gone, and the key is gone before anybody is told so.
        let first = self.ask(move |keeper, change| keeper.leave(change, &study, &id, &text));
        if let Some(receipt) = first.await? {
            return Ok(receipt);
        }
        self.ask(move |keeper, change| keeper.left(change, &study, &[id], State::Withdrawn))
            .await?;
        let row = self.contribution(study, id).await?;
        Ok(row.receipt)
    }

    /// A contribution.
    ///
    /// # Errors
    /// There is none.
    pub async fn contribution(&self, study: StudyId, id: ContributionId) -> Result<Row, Error> {
        let row = self
            .ask(move |_, change| change.contribution(&study, &id))
            .await?;
        row.ok_or_else(|| Error::Absent(format!("there is no contribution {id}")))
    }

    /// What there is to say about a study.
    ///
    /// # Errors
    /// A database that is damaged.
    pub async fn status(&self, study: StudyId) -> Result<Status, Error> {
        self.ask(move |_, change| change.status(&study)).await
    }

    /// Does something in a transaction of its batch, and returns what came of it when that is durable. What fails must have changed
    /// nothing.
    ///
    /// # Errors
    /// What it says, or a disk that takes nothing.
    pub async fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Keeper, &Change<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.submit(what)?.await.map_err(|_| gone())?
    }

    /// The same for a thread that may wait.
    ///
    /// # Errors
    /// As [`Office::ask`].
    pub fn ask_here<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Keeper, &Change<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.submit(what)?.blocking_recv().map_err(|_| gone())?
    }

    fn submit<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Keeper, &Change<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, Error>>, Error> {
        let (answer, answered) = oneshot::channel();
        self.send(Request::Other(Box::new(move |keeper, change| {
            let result = what(keeper, change);
            Box::new(move |durable: Result<(), Error>| {
                let _ = answer.send(durable.and(result));
            })
        })))?;
        Ok(answered)
    }

    fn send(&self, request: Request) -> Result<(), Error> {
        self.queue.try_send(request).map_err(|e| match e {
            mpsc::TrySendError::Full(_) => {
                self.metrics.refused.fetch_add(1, Ordering::Relaxed);
                Error::Machine("this node is busy: try again".into())
            }
            mpsc::TrySendError::Disconnected(_) => gone(),
        })
    }
}

/// Makes sure that no other process works on a node's folder: it would take what this one is writing for what a crash has left, and
/// remove it. Holds for as long as the file is open.
fn alone(data: &Path) -> Result<File, Error> {
    let failed = |e: std::io::Error| Error::machine("the node's folder", e);
    let mut options = File::options();
    let options = options.write(true).create(true).truncate(false);
    let file = options.open(data.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Machine(format!(
            "another smpcc-node works on {}",
            data.display()
        ))),
        Err(TryLockError::Error(e)) => Err(failed(e)),
    }
}

fn gone() -> Error {
    Error::Machine("this node is stopping".into())
}
