//! Exit codes: one list, so that scripts can tell whose fault it was.

use smpcc_compiler::diagnostic::{Blame, Diagnostic};
use std::fmt::Display;
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

/// Why a command stopped.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// One message for people; empty when everything has been said already, or the diagnostics say it.
    pub message: String,
    /// What the compiler says, not yet shown.
    pub diagnostics: Vec<Diagnostic>,
}

impl Failure {
    /// A failure that one message explains.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            diagnostics: Vec::new(),
        }
    }

    /// Wrong usage, input or environment.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// An error of the program.
    pub fn program(message: impl Into<String>) -> Self {
        Self::new(Exit::Program, message)
    }

    /// We are at fault.
    pub fn bug(what: impl Display) -> Self {
        Self::new(Exit::Bug, format!("a bug in smpcc: {what}"))
    }

    /// The parent is gone, or somebody asked to stop.
    pub fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "")
    }

    /// The program is refused, and everything has been said.
    pub fn reported() -> Self {
        Self::program("")
    }

    /// What the compiler refuses, and so whose fault it is: ours, else the program's, else the caller's.
    pub fn compiler(diagnostics: Vec<Diagnostic>) -> Self {
        let errors = || diagnostics.iter().filter(|d| d.is_error());
        let any = |blame| errors().any(|d| d.code.blame() == blame);
        let exit = if any(Blame::Compiler) {
            Exit::Bug
        } else if any(Blame::Program) || !any(Blame::Caller) {
            Exit::Program
        } else {
            Exit::Usage
        };
        Self {
            exit,
            message: String::new(),
            diagnostics,
        }
    }
}

/// What commands return.
pub type Outcome<T = ()> = Result<T, Failure>;
