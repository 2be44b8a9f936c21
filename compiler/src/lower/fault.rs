//! Why tracing stops: an error for the user, a request to trace differently, or code that leaves early.
//!
//! Tracing is a walk with one error channel. Besides diagnostics that channel carries two things that a loop or a
//! `map` can answer by starting over (unrolled, or rolled instead of lane-wise), and the static `return`, `break` and
//! `continue`, which unwind to the construct that they leave.

use crate::span::Span;

/// What interrupts tracing.
#[derive(Debug)]
pub enum Stop {
    /// The program is wrong for this session.
    Fault(Box<Fault>),
    /// The code that is traced lane-wise is not element-wise; the caller traces it as a loop.
    NotElementwise,
    /// Control left by `return`, `break` or `continue`; the frame's flags say how.
    Exit,
}

/// An error before it becomes a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code, `E4…`.
    pub code: &'static str,
    /// The place.
    pub span: Span,
    /// One sentence without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Causes at other places.
    pub labels: Vec<(Span, String)>,
    /// Whether knowing a loop's counter could cure it: then the loop is traced again, unrolled.
    pub needs_known: bool,
}

impl Fault {
    /// An error at a place.
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            span,
            message: message.into(),
            help: None,
            labels: Vec::new(),
            needs_known: false,
        }
    }

    /// Says what to write instead.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds a cause at another place.
    pub fn because(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    /// Marks it as curable by unrolling.
    pub fn needs_known(mut self) -> Self {
        self.needs_known = true;
        self
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

/// The result of tracing something.
pub type Traced<T> = Result<T, Stop>;

/// The codes that lowering raises.
pub mod code {
    /// The number of parties does not fit the program.
    pub const PARTIES: &str = "E4001";
    /// The lengths do not fit the program.
    pub const LENGTHS: &str = "E4002";
    /// A known index is out of range.
    pub const INDEX: &str = "E4003";
    /// The program grows without bound.
    pub const TOO_LARGE: &str = "E4004";
    /// Something that must be known before the run is not.
    pub const NOT_KNOWN: &str = "E4005";
    /// A public argument is missing, unknown or malformed.
    pub const ARGUMENT: &str = "E4006";
    /// An assertion on known values fails.
    pub const ASSERTION: &str = "E4007";
}
