//! Files that commands write: never over what they read, and never over another kind of file unless forced.
//!
//! A file is opened before the work begins, so that a place where nothing can be written does not cost the result.

use crate::args::PlanArgs;
use smpcc::exit::{Failure, Outcome};
use smpcc::given;
use smpcc::source::Source;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The programs at a path: the file, or all in the folder and in those in it, hidden ones left out.
pub fn programs(path: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(path, &mut found)?;
    if found.is_empty() {
        return Err(Failure::usage(format!(
            "there is no .smpc file in {}",
            path.display()
        )));
    }
    Ok(found)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let wrong = |e: std::io::Error| Failure::usage(format!("cannot read {}: {e}", path.display()));
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
            .and_then(|d| d.map(|e| e.map(|e| e.path())).collect())
            .map_err(wrong)?;
        entries.sort();
        for entry in entries {
            let hidden = entry
                .file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with('.'));
            if entry.is_dir() && !hidden || entry.extension().is_some_and(|e| e == "smpc") {
                collect(&entry, files)?;
            }
        }
        return Ok(());
    }
    std::fs::metadata(path).map_err(wrong)?;
    files.push(path.to_path_buf());
    Ok(())
}

/// What is written, told by how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A compiled program.
    Program,
    /// A compiled program as text.
    Text,
    /// A netlist.
    Bristol,
    /// A graph.
    Dot,
    /// A picture.
    Svg,
    /// A run's report.
    Report,
    /// A table of local times.
    Costs,
    /// Inputs to fill in, whose form is the user's: no file there is one of ours.
    Inputs,
    /// A page for a browser.
    Page,
    /// An audit.
    Audit,
    /// A page for `man`.
    Man,
    /// A page of documentation.
    Documentation,
    /// When what took place in a run.
    Trace,
    /// A signature of a study.
    Signature,
    /// The text of a program, which is its author's: no file there is one of ours.
    Source,
}

impl Kind {
    /// Whether a file that begins so is one of these.
    fn begins(self, head: &[u8]) -> bool {
        match self {
            Self::Program => smpcc_circuit::codec::is_encoded(head),
            Self::Text => head.starts_with(b"program "),
            Self::Bristol => head.first().is_some_and(u8::is_ascii_digit),
            Self::Dot => head.starts_with(b"digraph"),
            Self::Svg => head.starts_with(b"<svg"),
            Self::Report => head.starts_with(b"{\"outputs\""),
            Self::Costs => head.starts_with(b"# Picoseconds"),
            Self::Page => head.starts_with(b"<!doctype html>"),
            Self::Audit => head.starts_with(b"What ") || head.starts_with(b"{\"arguments\""),
            Self::Trace => head.starts_with(b"{\"displayTimeUnit\""),
            Self::Man => head.starts_with(b".ie"),
            Self::Signature => head.starts_with(b"smpcc study signature"),
            Self::Documentation => head.starts_with(b"<!-- Written by `smpcc doc`"),
            Self::Inputs | Self::Source => false,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Program => "a compiled program",
            Self::Text => "the text of a program",
            Self::Bristol => "a netlist",
            Self::Dot => "a graph",
            Self::Svg => "a picture",
            Self::Report => "a report",
            Self::Costs => "a table of times",
            Self::Page => "a page",
            Self::Audit => "an audit",
            Self::Trace => "a trace",
            Self::Man => "a page of `man`",
            Self::Signature => "a signature of a study",
            Self::Documentation => "a page of `smpcc doc`",
            Self::Source => "the text of a program",
            Self::Inputs => "a file of inputs",
        }
    }
}

/// The files that a command reads for a program and its options.
pub fn read_for(program: &Path, source: Option<&Source>, args: &PlanArgs) -> Outcome<Vec<PathBuf>> {
    let mut read = vec![program.to_path_buf()];
    read.extend(source.iter().flat_map(|source| source.read.clone()));
    if let Some(inputs) = given::place(program, args.inputs.as_ref()) {
        read.extend(given::files(&inputs)?);
    }
    read.extend(args.costs.clone());
    read.extend(args.study.clone());
    Ok(read)
}

/// A file that will be written. Dropped without that, nothing is left of it that was not there.
pub struct Place {
    path: PathBuf,
    /// `None` once it is written.
    file: Option<File>,
    created: bool,
}

impl Place {
    /// Opens `path` and leaves it as it is. `read` are the files that the command reads.
    pub fn open(path: &Path, kind: Kind, read: &[PathBuf], force: bool) -> Outcome<Self> {
        let shown = path.display();
        let failed = |e: std::io::Error| Failure::usage(format!("cannot write {shown}: {e}"));
        let before = std::fs::metadata(path).ok();
        if before.is_some()
            && let Some(input) = read.iter().find(|input| same(path, input))
        {
            return Err(Failure::usage(format!(
                "{shown} is what this command reads ({}); it is not overwritten",
                input.display()
            )));
        }
        let regular = before.as_ref().filter(|m| m.is_file() && m.len() > 0);
        if regular.is_some() && !force {
            let mut head = Vec::new();
            let there = File::open(path).map_err(failed)?;
            there.take(64).read_to_end(&mut head).map_err(failed)?;
            if !kind.begins(&head) {
                return Err(Failure::usage(format!(
                    "{shown} is there and is not {}; --force overwrites it",
                    kind.name()
                )));
            }
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        Ok(Self {
            path: path.to_path_buf(),
            file: Some(file),
            created: before.is_none(),
        })
    }

    /// Writes all of it.
    pub fn write(mut self, bytes: &[u8]) -> Outcome {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        // A pipe or a device has no length to cut.
        let cut = match file.metadata() {
            Ok(there) if there.is_file() => file.set_len(0),
            Ok(_) | Err(_) => Ok(()),
        };
        cut.and_then(|()| file.write_all(bytes))
            .and_then(|()| file.flush())
            .map_err(|e| Failure::usage(format!("cannot write {}: {e}", self.path.display())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.created && self.file.is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Writes a file at once: see [`Place::open`].
pub fn write(path: &Path, kind: Kind, read: &[PathBuf], force: bool, bytes: &[u8]) -> Outcome {
    Place::open(path, kind, read, force)?.write(bytes)
}

/// Whether both paths lead to one file, by whatever names.
fn same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if real(a).is_some_and(|a| real(b) == Some(a)) {
        return true;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let file = |path: &Path| Some(std::fs::metadata(path).ok()?).map(|m| (m.dev(), m.ino()));
        file(a).is_some_and(|a| file(b) == Some(a))
    }
    #[cfg(not(unix))]
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_and_strangers_are_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("in.smpc"), "fn main() {}").unwrap();
        std::fs::write(at("old.dot"), "digraph old {}").unwrap();
        let nothing = &[][..];
        let input = at("in.smpc");
        let reads = &[input.clone()][..];
        for force in [false, true] {
            let refused = Place::open(&input, Kind::Dot, reads, force).err().unwrap();
            assert!(refused.message.contains("is what this command reads"));
        }
        let refused = Place::open(&input, Kind::Dot, nothing, false)
            .err()
            .unwrap();
        assert!(refused.message.contains("--force"), "{}", refused.message);
        write(&at("old.dot"), Kind::Dot, reads, false, b"digraph {}").unwrap();
        assert_eq!(std::fs::read(at("old.dot")).unwrap(), b"digraph {}");
        write(&input, Kind::Dot, nothing, true, b"digraph").unwrap();
        assert_eq!(std::fs::read(&input).unwrap(), b"digraph");
        drop(Place::open(&at("new"), Kind::Report, nothing, false).unwrap());
        assert!(!at("new").exists());
        assert!(Place::open(&at("no/new"), Kind::Report, nothing, false).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_to_an_input_are_the_input() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.smpc"), "digraph").unwrap();
        std::os::unix::fs::symlink(at("a.smpc"), at("soft")).unwrap();
        std::fs::hard_link(at("a.smpc"), at("hard")).unwrap();
        let input = at("a.smpc");
        for name in ["soft", "hard"] {
            assert!(Place::open(&at(name), Kind::Dot, std::slice::from_ref(&input), true).is_err());
        }
    }
}
