//! Exit codes: one list, so that scripts can tell whose fault it was.

use std::process::ExitCode;

/// What the process says to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// It worked.
    Ok = 0,
    /// The program has errors, a test failed, or an assertion of the program did not hold.
    Program = 1,
    /// Wrong usage, input or environment.
    Usage = 2,
    /// A peer misbehaved or aborted.
    Peer = 3,
    /// The network timed out or disconnected.
    Network = 4,
    /// A bug in smpcc.
    Bug = 101,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The exit of a child process by its code; an unknown one is a bug.
    pub fn of_code(code: i32) -> Self {
        match code {
            0 => Self::Ok,
            1 => Self::Program,
            2 => Self::Usage,
            3 => Self::Peer,
            4 => Self::Network,
            130 => Self::Interrupted,
            _ => Self::Bug,
        }
    }
}

/// Why a command stopped: the code and one message for people.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// The message; empty when everything has been said already (diagnostics).
    pub message: String,
}

impl Failure {
    /// Wrong usage, input or environment.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            message: message.into(),
        }
    }

    /// The diagnostics have been printed.
    pub fn reported() -> Self {
        Self {
            exit: Exit::Program,
            message: String::new(),
        }
    }
}

/// What commands return.
pub type Outcome<T = ()> = Result<T, Failure>;
