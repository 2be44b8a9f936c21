//! Why tracing stops: an error for the user, a request to trace differently, or code that leaves early.
//!
//! Tracing is a walk with one error channel. Besides diagnostics that channel carries two things that a loop or a
//! `map` can answer by starting over (unrolled, or rolled instead of lane-wise), and the static `return`, `break` and
//! `continue`, which unwind to the construct that they leave.

use crate::diagnostic::{Code, Diagnostic, Label};
use crate::library;
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

/// An error, with what the constructs around it need to know of it.
#[derive(Debug)]
pub struct Fault {
    /// What the user reads.
    pub diagnostic: Diagnostic,
    /// Whether knowing a loop's counter could cure it: then the loop is traced again, unrolled.
    pub needs_known: bool,
}

impl Fault {
    /// An error at a place; the message is one sentence without a full stop.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            diagnostic: Diagnostic::new(code, span, message),
            needs_known: false,
        }
    }

    /// Says what is wrong at the place itself.
    pub fn here(mut self, text: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.here(text);
        self
    }

    /// Says what to write instead.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.help(text);
        self
    }

    /// Marks it as curable by unrolling.
    pub fn needs_known(mut self) -> Self {
        self.needs_known = true;
        self
    }
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Fault(Box::new(Fault {
            diagnostic,
            needs_known: false,
        }))
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl Stop {
    /// An error inside of the library, told at the line of the user's program that called it; others as they are.
    pub fn called_at(self, call: Span) -> Self {
        let Self::Fault(mut fault) = self else {
            return self;
        };
        let d = &mut fault.diagnostic;
        if library::owns(d.primary.span.file)
            && call != Span::default()
            && !library::owns(call.file)
        {
            let text = if d.primary.text.is_empty() {
                "found here, in the library".to_owned()
            } else {
                std::mem::take(&mut d.primary.text)
            };
            let span = std::mem::replace(&mut d.primary.span, call);
            d.primary.text = "in this call".to_owned();
            d.causes.insert(0, Label { span, text });
        }
        Self::Fault(fault)
    }
}

/// The result of tracing something.
pub type Traced<T> = Result<T, Stop>;

/// The codes that lowering raises.
pub mod code {
    use crate::diagnostic::Code;

    /// The number of parties does not fit the program.
    pub const PARTIES: Code = Code::E4001;
    /// The lengths do not fit the program.
    pub const LENGTHS: Code = Code::E4002;
    /// A known index is out of range.
    pub const INDEX: Code = Code::E4003;
    /// The program grows without bound.
    pub const TOO_LARGE: Code = Code::E4004;
    /// Something that must be known before the run is not.
    pub const NOT_KNOWN: Code = Code::E4005;
    /// A public argument is missing, unknown or malformed.
    pub const ARGUMENT: Code = Code::E4006;
    /// A draw stands where nobody knows before the run how often it is made.
    pub const DRAWS: Code = Code::E4010;
    /// A constant draws its value.
    pub const DRAWN_CONSTANT: Code = Code::E3032;
    /// Noise claims more than the program promises.
    pub const PRIVACY: Code = Code::E4011;
    /// An assertion on known values fails.
    pub const ASSERTION: Code = Code::E4007;
}
