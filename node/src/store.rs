//! The database of a node: which contributions are here, what was agreed on, which runs there were, and the last lines of the log.
//!
//! SQLite with a write-ahead log, every change in a transaction that begins as a writer. A line of the audit log is written here first,
//! in the transaction of what it tells; the file of the log follows, and whatever it lacks after a crash is appended when the node
//! starts. No share, key or value is ever in here.

use crate::Error;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::signature::SigningPublic;
use std::path::Path;
use std::time::Duration;

/// What makes each version of the schema from the one before.
const MIGRATIONS: [&str; 3] = ["
    CREATE TABLE chain (one INTEGER PRIMARY KEY CHECK (one = 1), length INTEGER NOT NULL, hash BLOB NOT NULL);
    CREATE TABLE line (number INTEGER PRIMARY KEY, text TEXT NOT NULL);
    CREATE TABLE study (id BLOB PRIMARY KEY, accepted INTEGER NOT NULL, holdings TEXT, frozen TEXT, deleted INTEGER) WITHOUT ROWID;
    CREATE TABLE contribution (
        study BLOB NOT NULL, id BLOB NOT NULL, key BLOB NOT NULL, manifest BLOB NOT NULL, text TEXT NOT NULL,
        received INTEGER NOT NULL, state INTEGER NOT NULL, receipt TEXT NOT NULL, takes_part INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (study, id), UNIQUE (study, key)) WITHOUT ROWID;
    CREATE TABLE heard (study BLOB NOT NULL, node TEXT NOT NULL, what TEXT NOT NULL, text TEXT NOT NULL,
        PRIMARY KEY (study, node, what)) WITHOUT ROWID;
    CREATE TABLE run (study BLOB NOT NULL, number INTEGER NOT NULL, members TEXT NOT NULL, started INTEGER,
        ended INTEGER, exit INTEGER, PRIMARY KEY (study, number)) WITHOUT ROWID;
", "
    ALTER TABLE run ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
", "
    ALTER TABLE contribution ADD COLUMN role INTEGER NOT NULL DEFAULT 0;
"];

/// Where a contribution is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its shares are here.
    Stored = 0,
    /// Its key is being destroyed.
    Leaving = 1,
    /// It was withdrawn.
    Withdrawn = 2,
    /// Its time was over.
    Deleted = 3,
}

/// A contribution as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub id: ContributionId,
    /// Who gave it.
    pub key: SigningPublic,
    /// As which of the study's contributors.
    pub role: usize,
    /// The hash of its manifest.
    pub manifest: [u8; 32],
    /// The signed text of that.
    pub text: String,
    /// Where it is.
    pub state: State,
    /// The last receipt for it.
    pub receipt: String,
}

/// What is known of a study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StudyRow {
    /// What this node holds, signed when it closed.
    pub holdings: Option<String>,
    /// What takes part, signed.
    pub frozen: Option<String>,
    /// Whether the contributions' time was over.
    pub deleted: bool,
}

/// A run as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Its number.
    pub number: u32,
    /// Who takes part, signed.
    pub members: String,
    /// When it began here.
    pub started: Option<u64>,
    /// How it ended here: when, and with which status.
    pub ended: Option<(u64, i32)>,
    /// Whether enough nodes have kept its result.
    pub settled: bool,
}

/// How much of one role's contributions is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Contributions that are here.
    pub stored: u64,
    /// Contributions that take part.
    pub members: u64,
}

/// What there is to say about a study.
#[derive(Clone, Debug)]
pub struct Status {
    /// What is known of it.
    pub row: StudyRow,
    /// Contributions that are here.
    pub stored: u64,
    /// Contributions that were withdrawn.
    pub withdrawn: u64,
    /// Contributions that take part.
    pub members: u64,
    /// Its runs.
    pub runs: Vec<RunRow>,
}

/// The database.
pub struct Store(Connection);

/// What one transaction sees and changes.
pub struct Change<'s>(Transaction<'s>);

impl Store {
    /// Opens the database of a folder, and brings it to this release's schema.
    ///
    /// # Errors
    /// A database that is damaged, locked by another node, or of a later release.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        let version: usize = connection.query_row("PRAGMA user_version", [], |r| r.get(0))?;
        if version > MIGRATIONS.len() {
            return Err(Error::Machine("the database is of a later release".into()));
        }
        for (i, migration) in MIGRATIONS.iter().enumerate().skip(version) {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute_batch(migration)?;
            tx.pragma_update(None, "user_version", i + 1)?;
            tx.commit()?;
        }
        Ok(Self(connection))
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// A database that somebody else holds.
    pub fn change(&mut self) -> Result<Change<'_>, Error> {
        let tx = self
            .0
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Change(tx))
    }
}

impl Change<'_> {
    /// Makes all of it durable.
    ///
    /// # Errors
    /// A disk that is full or broken; then nothing of it happened.
    pub fn commit(self) -> Result<(), Error> {
        Ok(self.0.commit()?)
    }

    /// Where the log is.
    ///
    /// # Errors
    /// As for all below: a damaged database.
    pub fn chain(&self) -> Result<Option<(u64, [u8; 32])>, Error> {
        let row = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?));
        Ok(self
            .0
            .query_row("SELECT length, hash FROM chain", [], row)
            .optional()?)
    }

    /// Adds a line of the log, after which the log is there.
    pub fn line(&self, text: &str, length: u64, hash: &[u8; 32]) -> Result<(), Error> {
        self.0
            .prepare_cached("INSERT INTO line VALUES (?1, ?2)")?
            .execute(params![length, text])?;
        self.0
            .prepare_cached("INSERT INTO chain VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE SET length = ?1, hash = ?2")?
            .execute(params![length, hash])?;
        Ok(())
    }

    /// The lines from a number on.
    pub fn lines_from(&self, number: u64) -> Result<Vec<String>, Error> {
        let mut statement = self
            .0
            .prepare_cached("SELECT text FROM line WHERE number >= ?1 ORDER BY number")?;
        let rows = statement.query_map([number], |r| r.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets lines up to a number, which the file of the log has for good.
    pub fn forget_lines(&self, number: u64) -> Result<(), Error> {
        self.0
            .prepare_cached("DELETE FROM line WHERE number <= ?1")?
            .execute([number])?;
        Ok(())
    }

    /// A study, if it was accepted.
    pub fn study(&self, id: &StudyId) -> Result<Option<StudyRow>, Error> {
        let mut statement = self
            .0
            .prepare_cached("SELECT holdings, frozen, deleted FROM study WHERE id = ?1")?;
        let row = |r: &rusqlite::Row<'_>| {
            Ok(StudyRow {
                holdings: r.get(0)?,
                frozen: r.get(1)?,
                deleted: r.get::<_, Option<u64>>(2)?.is_some(),
            })
        };
        Ok(statement.query_row([&id.0], row).optional()?)
    }

    /// What there is to say about a study.
    pub fn status(&self, study: &StudyId) -> Result<Status, Error> {
        Ok(Status {
            row: self.study(study)?.unwrap_or_default(),
            stored: self.count(study, State::Stored)?,
            withdrawn: self.count(study, State::Withdrawn)? + self.count(study, State::Leaving)?,
            members: self.members(study)?.len() as u64,
            runs: self.runs(study)?,
        })
    }

    /// Accepts a study.
    pub fn accept(&self, id: &StudyId, at: u64) -> Result<(), Error> {
        self.0.execute(
            "INSERT INTO study (id, accepted) VALUES (?1, ?2)",
            params![id.0, at],
        )?;
        Ok(())
    }

    /// Keeps what this node holds, signed: from now on it takes no more.
    pub fn close(&self, id: &StudyId, holdings: &str) -> Result<(), Error> {
        self.0.execute(
            "UPDATE study SET holdings = ?2 WHERE id = ?1",
            params![id.0, holdings],
        )?;
        Ok(())
    }

    /// Keeps what takes part, signed.
    pub fn freeze(
        &self,
        id: &StudyId,
        frozen: &str,
        members: &[ContributionId],
    ) -> Result<(), Error> {
        self.0.execute(
            "UPDATE study SET frozen = ?2 WHERE id = ?1",
            params![id.0, frozen],
        )?;
        let mut statement = self.0.prepare_cached(
            "UPDATE contribution SET takes_part = 1 WHERE study = ?1 AND id = ?2",
        )?;
        for member in members {
            statement.execute(params![id.0, member.0])?;
        }
        Ok(())
    }

    /// Notes that the contributions' time was over.
    pub fn over(&self, id: &StudyId, at: u64) -> Result<(), Error> {
        self.0.execute(
            "UPDATE study SET deleted = ?2 WHERE id = ?1",
            params![id.0, at],
        )?;
        Ok(())
    }

    /// A contribution.
    pub fn contribution(&self, study: &StudyId, id: &ContributionId) -> Result<Option<Row>, Error> {
        let sql = "SELECT id, key, role, manifest, text, state, receipt FROM contribution WHERE study = ?1 AND id = ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement
            .query_row(params![study.0, id.0], contribution)
            .optional()?)
    }

    /// All contributions of a study in one state, by their names.
    pub fn contributions(&self, study: &StudyId, state: State) -> Result<Vec<Row>, Error> {
        let sql = "SELECT id, key, role, manifest, text, state, receipt FROM contribution WHERE study = ?1 AND state = ?2 ORDER BY id";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(params![study.0, state as i64], contribution)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The contributions that take part, by their names.
    pub fn members(&self, study: &StudyId) -> Result<Vec<ContributionId>, Error> {
        let sql = "SELECT id FROM contribution WHERE study = ?1 AND takes_part = 1 ORDER BY id";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map([&study.0], |r| r.get(0).map(ContributionId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The contribution that somebody gave, in whatever state.
    pub fn given_by(
        &self,
        study: &StudyId,
        key: &SigningPublic,
    ) -> Result<Option<ContributionId>, Error> {
        let mut statement = self
            .0
            .prepare_cached("SELECT id FROM contribution WHERE study = ?1 AND key = ?2")?;
        let id = statement.query_row(params![study.0, key.0], |r| r.get(0).map(ContributionId));
        Ok(id.optional()?)
    }

    /// How many contributions of a study are in a state.
    pub fn count(&self, study: &StudyId, state: State) -> Result<u64, Error> {
        let mut statement = self
            .0
            .prepare_cached("SELECT COUNT(*) FROM contribution WHERE study = ?1 AND state = ?2")?;
        Ok(statement.query_row(params![study.0, state as i64], |r| r.get(0))?)
    }

    /// How many of them were given as one role of the contributors.
    pub fn count_as(&self, study: &StudyId, state: State, role: usize) -> Result<u64, Error> {
        let sql = "SELECT COUNT(*) FROM contribution WHERE study = ?1 AND state = ?2 AND role = ?3";
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement.query_row(params![study.0, state as i64, role], |r| r.get(0))?)
    }

    /// By role of the contributors, how many of their contributions are here and take part.
    pub fn given(&self, study: &StudyId, roles: usize) -> Result<Vec<Given>, Error> {
        let sql = "SELECT COUNT(CASE WHEN state = 0 THEN 1 END), COUNT(CASE WHEN takes_part = 1 THEN 1 END) FROM contribution WHERE study = ?1 AND role = ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        let given = |r: &rusqlite::Row<'_>| {
            Ok(Given {
                stored: r.get(0)?,
                members: r.get(1)?,
            })
        };
        (0..roles)
            .map(|role| Ok(statement.query_row(params![study.0, role], given)?))
            .collect()
    }

    /// Adds a contribution.
    pub fn insert(&self, study: &StudyId, row: &Row, at: u64) -> Result<(), Error> {
        self.0
            .prepare_cached("INSERT INTO contribution (study, id, key, role, manifest, text, received, state, receipt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
            .execute(params![study.0, row.id.0, row.key.0, row.role, row.manifest, row.text, at, row.state as i64, row.receipt])?;
        Ok(())
    }

    /// Moves a contribution to a state; with another receipt, if there is one.
    pub fn set(
        &self,
        study: &StudyId,
        id: &ContributionId,
        state: State,
        receipt: Option<&str>,
    ) -> Result<(), Error> {
        self.0
            .prepare_cached("UPDATE contribution SET state = ?3, receipt = COALESCE(?4, receipt) WHERE study = ?1 AND id = ?2")?
            .execute(params![study.0, id.0, state as i64, receipt])?;
        Ok(())
    }

    /// What another node said, if it did.
    pub fn heard(&self, study: &StudyId, node: &str, what: &str) -> Result<Option<String>, Error> {
        let mut statement = self.0.prepare_cached(
            "SELECT text FROM heard WHERE study = ?1 AND node = ?2 AND what = ?3",
        )?;
        Ok(statement
            .query_row(params![study.0, node, what], |r| r.get(0))
            .optional()?)
    }

    /// Keeps what another node said; the first word stays.
    pub fn hear(&self, study: &StudyId, node: &str, what: &str, text: &str) -> Result<(), Error> {
        self.0.execute(
            "INSERT OR IGNORE INTO heard VALUES (?1, ?2, ?3, ?4)",
            params![study.0, node, what, text],
        )?;
        Ok(())
    }

    /// The runs of a study, by number.
    pub fn runs(&self, study: &StudyId) -> Result<Vec<RunRow>, Error> {
        let mut statement = self.0.prepare_cached("SELECT number, members, started, ended, exit, settled FROM run WHERE study = ?1 ORDER BY number")?;
        let rows = statement.query_map([&study.0], |r| {
            let ended: Option<u64> = r.get(3)?;
            let exit: Option<i32> = r.get(4)?;
            Ok(RunRow {
                number: r.get(0)?,
                members: r.get(1)?,
                started: r.get(2)?,
                ended: ended.zip(exit),
                settled: r.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Signs on to a run.
    pub fn join(&self, study: &StudyId, number: u32, members: &str) -> Result<(), Error> {
        self.0.execute(
            "INSERT INTO run (study, number, members) VALUES (?1, ?2, ?3)",
            params![study.0, number, members],
        )?;
        Ok(())
    }

    /// Notes that a run began here.
    pub fn began(&self, study: &StudyId, number: u32, at: u64) -> Result<(), Error> {
        self.0.execute(
            "UPDATE run SET started = ?3 WHERE study = ?1 AND number = ?2",
            params![study.0, number, at],
        )?;
        Ok(())
    }

    /// Notes that enough nodes have kept its result: it is over for good.
    pub fn settle(&self, study: &StudyId, number: u32) -> Result<(), Error> {
        self.0.execute(
            "UPDATE run SET settled = 1 WHERE study = ?1 AND number = ?2",
            params![study.0, number],
        )?;
        Ok(())
    }

    /// Notes that it ended.
    pub fn ended(&self, study: &StudyId, number: u32, at: u64, exit: i32) -> Result<(), Error> {
        self.0.execute(
            "UPDATE run SET ended = ?3, exit = ?4 WHERE study = ?1 AND number = ?2",
            params![study.0, number, at, exit],
        )?;
        Ok(())
    }
}

fn contribution(r: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let state: i64 = r.get(5)?;
    let known = [
        State::Stored,
        State::Leaving,
        State::Withdrawn,
        State::Deleted,
    ];
    let state = known.into_iter().find(|s| *s as i64 == state);
    Ok(Row {
        id: ContributionId(r.get(0)?),
        key: SigningPublic(r.get(1)?),
        role: r.get(2)?,
        manifest: r.get(3)?,
        text: r.get(4)?,
        state: state.ok_or(rusqlite::Error::InvalidQuery)?,
        receipt: r.get(6)?,
    })
}
