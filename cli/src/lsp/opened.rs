//! A program as an editor has it: with the paths of its files, which names in it need not be. (Files of packages are called after these.)

use super::{places, shelf};
use smpcc::exit::Outcome;
use smpcc::source::Source;
use smpcc_circuit::sorted::SortedMap;
use smpcc_compiler::ide::Program;
use smpcc_compiler::parses::Parses;
use smpcc_compiler::source::{FileId, SourceSet};
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// A program, and where its files lie.
pub struct Opened {
    program: Program,
    paths: SortedMap<FileId, PathBuf>,
}

impl Opened {
    /// A program that was read.
    pub fn read(source: Source) -> Self {
        let paths = source.places();
        let (sources, root, parses) = source.into_parts();
        let program = Program::new(sources, root, parses);
        Self { program, paths }
    }

    /// A text alone.
    pub fn alone(path: &Path, text: &str) -> Self {
        let mut sources = SourceSet::new();
        let root = sources.add(path.display().to_string(), text.to_owned());
        Self {
            program: Program::new(sources, root, Parses::default()),
            paths: SortedMap::from([(root, path.to_owned())]),
        }
    }

    /// A program that was read, or else the text alone.
    pub fn or_alone(source: Outcome<Source>, path: &Path, text: &str) -> Self {
        source.map_or_else(|_| Self::alone(path, text), Self::read)
    }

    /// Where a file lies; nothing for those of the library, and for what has no path.
    pub fn path(&self, file: FileId) -> Option<&Path> {
        let path = self.paths.get(&file)?;
        path.is_absolute().then_some(path)
    }

    /// How the editor calls a file.
    pub fn uri(&self, file: FileId) -> Option<String> {
        match (self.path(file), self.paths.get(&file)) {
            (Some(path), _) => Some(places::uri(path)),
            // A text that was never saved is called by its URI.
            (None, Some(name)) => Some(name.display().to_string()),
            (None, None) => {
                let file = self.program.sources.get(file)?;
                shelf::module(&file.name, &file.text)
            }
        }
    }

    /// The file that lies there.
    pub fn find(&self, path: &Path) -> Option<FileId> {
        let mut all = self.paths.iter();
        all.find(|(_, known)| *known == path).map(|(file, _)| *file)
    }
}

impl Deref for Opened {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}
