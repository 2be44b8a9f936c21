//! What editors ask of a program: pure functions of a checked program, a file and byte offsets.
//!
//! Programs under an editor's hands have errors most of the time. Everything here answers what can be answered, from the
//! tokens if there is no more, and never panics on an offset or a file. Positions of protocols, and how answers travel, are
//! the server's affair.

mod complete;
mod fill;
mod fixes;
mod hints;
mod hover;
mod limits;
mod members;
mod names;
mod offer;
mod outline;
mod ranges;
mod signature;
mod tokens;

pub use complete::complete;
pub use fixes::{Fix, fixes};
pub use hints::{Hint, hints};
pub use hover::{Hover, hover};
pub use limits::{Limits, limits};
pub use names::{Edit, declaration, nameable, references, rename, shared};
pub use offer::{Beside, Completion};
pub use outline::{Symbol, outline};
pub use ranges::{enclosing, folds};
pub use signature::{Signature, signature};
pub use tokens::{Colour, Known, colours};

use crate::check::Checked;
use crate::format::{self, Refused};
use crate::front;
use crate::index::{Definition, Index, Kind};
use crate::lexer::{self, Kind as Tok, Token};
use crate::library;
use crate::parses::Parses;
use crate::source::{FileId, SourceSet};
use crate::span::Span;

/// A program as far as it can be understood.
pub struct Program {
    /// All files.
    pub sources: SourceSet,
    /// The file that was asked for.
    pub root: FileId,
    /// What the front end makes of it.
    pub checked: Checked,
    /// Files as they were parsed, for the next time.
    pub parses: Parses,
}

impl Program {
    /// Checks a program; files that were parsed before with the same text are not parsed again.
    pub fn new(sources: SourceSet, root: FileId, mut parses: Parses) -> Self {
        let checked = front::analyse(&sources, root, &mut parses);
        Self {
            sources,
            root,
            checked,
            parses,
        }
    }

    fn index(&self) -> &Index {
        &self.checked.index
    }

    fn text(&self, file: FileId) -> &str {
        self.sources.get(file).map_or("", |f| f.text.as_str())
    }

    /// The tokens of a file, comments included.
    fn tokens(&self, file: FileId) -> Vec<Token> {
        lexer::lex(file, self.text(file)).0
    }

    /// Definitions of the program's own files and of its library that are declared somewhere.
    fn declared(&self) -> impl Iterator<Item = (&Definition, Span)> {
        let all = self.index().definitions();
        all.filter_map(|(_, d)| d.place.map(|place| (d, place)))
    }
}

/// A file in the one style.
///
/// # Errors
/// A file with syntax errors, and one that the formatter would change.
pub fn format(program: &Program, file: FileId) -> Result<String, Refused> {
    let mut parses = program.parses.clone();
    let text = program.text(file);
    format::format_parsed(file, text, &parses.parse(file, text))
}

/// Whether a value of this type is secret, or holds what is.
fn is_secret(ty: &str) -> bool {
    ty.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == "secret")
}

/// How a definition is written, for people.
fn shown(definition: &Definition) -> String {
    let Definition { name, kind, ty, .. } = definition;
    let typed = |word: &str| {
        if ty.is_empty() {
            format!("{word}{name}")
        } else {
            format!("{word}{name}: {ty}")
        }
    };
    match kind {
        Kind::Function => format!("fn {name}{ty}"),
        Kind::Circuit => format!("circuit {name}: fn{ty}"),
        Kind::Struct => format!("struct {name}"),
        Kind::Alias => format!("type {name} = {ty}"),
        Kind::Constant => typed("const "),
        Kind::Role => format!("party {name}{ty}"),
        Kind::Module => format!("module {name}"),
        Kind::Field => typed("field "),
        Kind::Parameter | Kind::Variable => typed(""),
        _ => name.clone(),
    }
}

/// Whether a file is the library's, which no editor changes.
fn is_library(file: FileId) -> bool {
    library::owns(file)
}

fn is_comment(kind: Tok) -> bool {
    matches!(
        kind,
        Tok::Comment | Tok::BlockComment | Tok::DocComment | Tok::ModuleDoc
    )
}
