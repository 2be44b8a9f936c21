//! What is refused and why, by what an asker can do about it.

use std::fmt;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// What came is not what it should be.
    Refused(String),
    /// Nobody may do this who cannot show who it is.
    Unknown(String),
    /// There is no such thing here.
    Absent(String),
    /// It contradicts what is here already.
    Conflict(String),
    /// Not now.
    Closed(String),
    /// It is more than this node takes.
    TooMuch(String),
    /// This machine: its disk, its memory, its files.
    Machine(String),
}

impl Error {
    /// The status of an answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(_) => 400,
            Self::Unknown(_) => 403,
            Self::Absent(_) => 404,
            Self::Conflict(_) => 409,
            Self::Closed(_) => 410,
            Self::TooMuch(_) => 413,
            Self::Machine(_) => 503,
        }
    }

    /// A failure of this machine, with what was being done.
    pub fn machine(what: &str, why: impl fmt::Display) -> Self {
        Self::Machine(format!("{what}: {why}"))
    }
}

impl From<smpcc_study::Error> for Error {
    fn from(error: smpcc_study::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::machine("the database", error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Refused(what)
        | Self::Unknown(what)
        | Self::Absent(what)
        | Self::Conflict(what)
        | Self::Closed(what)
        | Self::TooMuch(what)
        | Self::Machine(what)) = self;
        f.write_str(what)
    }
}

impl std::error::Error for Error {}
