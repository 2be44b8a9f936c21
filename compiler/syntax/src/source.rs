//! Source files and positions in them.
//!
//! Spans are byte ranges, so that every syntax node can carry one; lines
//! and columns are computed only when a diagnostic is shown. The set of files is filled by the caller: the
//! compiler itself reads nothing.

pub use crate::span::{FileId, Span};
use std::path::Path;

/// One source file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as messages show it.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Where lines start. Lines end with LF or CRLF, and with nothing else, in every message and format.
    line_starts: Vec<u32>,
    /// How many characters start before every [`STRIDE`]th byte; empty when every byte is one.
    chars: Vec<u32>,
}

/// Bytes between two counts of characters: what finding a column reads at most.
const STRIDE: usize = 256;

impl SourceFile {
    fn new(name: String, text: String) -> SourceFile {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut line_starts = vec![0];
        let mut chars = Vec::new();
        let count = !text.is_ascii();
        let mut n_chars = 0;
        for (at, byte) in text.bytes().enumerate() {
            if count && at % STRIDE == 0 {
                chars.push(clamp(n_chars));
            }
            n_chars += usize::from(starts_char(byte));
            if byte == b'\n' {
                line_starts.push(clamp(at + 1));
            }
        }
        if count {
            // For the very end of a text whose length is a multiple of the stride.
            chars.push(clamp(n_chars));
        }
        SourceFile {
            name,
            text,
            line_starts,
            chars,
        }
    }

    /// How many characters start before a byte offset.
    fn chars_before(&self, offset: usize) -> usize {
        let Some(before) = self.chars.get(offset / STRIDE) else {
            return offset;
        };
        let from = offset / STRIDE * STRIDE;
        let rest = self.text.as_bytes().get(from..offset).unwrap_or(&[]);
        *before as usize + rest.iter().filter(|&&b| starts_char(b)).count()
    }

    /// The largest character boundary that is not after `offset`.
    pub fn snap(&self, offset: usize) -> usize {
        let mut at = offset.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Line and column of a byte offset, both counted from 1, columns in characters.
    pub fn line_col(&self, offset: usize) -> (usize, usize) {
        let offset = self.snap(offset);
        let line = self
            .line_starts
            .partition_point(|&start| start as usize <= offset)
            .max(1);
        let start = self.line_starts[line - 1] as usize;
        (
            line,
            self.chars_before(offset) - self.chars_before(start) + 1,
        )
    }

    /// The text of a line counted from 1, without its end; empty past the end of the file.
    pub fn line(&self, line: usize) -> &str {
        let Some(&start) = line.checked_sub(1).and_then(|l| self.line_starts.get(l)) else {
            return "";
        };
        let end = self
            .line_starts
            .get(line)
            .map_or(self.text.len(), |&end| end as usize);
        self.text[start as usize..end].trim_end_matches(['\n', '\r'])
    }

    /// Number of lines.
    pub fn n_lines(&self) -> usize {
        self.line_starts.len()
    }
}

/// Whether a character of UTF-8 text starts with this byte.
fn starts_char(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// All files of one compilation: the program, its modules and the standard library.
#[derive(Clone, Debug)]
pub struct SourceSet {
    files: Vec<SourceFile>,
}

impl Default for SourceSet {
    fn default() -> SourceSet {
        SourceSet::new()
    }
}

impl SourceSet {
    /// A set with the standard library and nothing else.
    pub fn new() -> SourceSet {
        let mut set = SourceSet { files: Vec::new() };
        for (module, text) in crate::library::MODULES {
            set.add(crate::library::file_name(module), *text);
        }
        set
    }

    /// Adds a file under the path by which messages and `use crate::…` know it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.files.push(SourceFile::new(name.into(), text.into()));
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// The file with this id.
    ///
    /// # Panics
    /// When the id comes from another set.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The file with this id, if it is in the set.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The file with this name.
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.files
            .iter()
            .position(|f| f.name == name)
            .and_then(|i| u32::try_from(i).ok())
            .map(FileId)
    }

    /// All files with their ids, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0u32..).map(FileId).zip(self.files.iter())
    }

    /// The names of all files as every copy of the program has them, whatever folder it lies in: relative to the folder of the first
    /// file that is not the library's, with `/` between folders.
    pub fn portable_names(&self) -> Vec<String> {
        let library = crate::library::MODULES.len();
        let root = self.files.get(library).map(|root| Path::new(&root.name));
        let folder = root.and_then(Path::parent);
        let portable = |(i, file): (usize, &SourceFile)| {
            let inside = folder.and_then(|folder| Path::new(&file.name).strip_prefix(folder).ok());
            match inside.filter(|_| i >= library) {
                Some(path) => {
                    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
                    parts.join("/")
                }
                None => file.name.clone(),
            }
        };
        self.files.iter().enumerate().map(portable).collect()
    }

    /// Line and column of the start of a span, counted from 1.
    pub fn line_col(&self, span: Span) -> (usize, usize) {
        self.get(span.file)
            .map_or((1, 1), |f| f.line_col(span.start as usize))
    }

    /// The text of a span, cut to character boundaries.
    pub fn text(&self, span: Span) -> &str {
        let Some(file) = self.get(span.file) else {
            return "";
        };
        let (start, end) = (file.snap(span.start as usize), file.snap(span.end as usize));
        &file.text[start..end.max(start)]
    }

    /// `PATH:LINE:COL` of the start of a span.
    pub fn place(&self, span: Span) -> String {
        let (line, col) = self.line_col(span);
        let name = self.get(span.file).map_or("<unknown>", |f| f.name.as_str());
        format!("{name}:{line}:{col}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_tell_where_a_copy_lies() {
        let names = |folder: &str| {
            let mut set = SourceSet::new();
            for name in ["main.smpc", "part.smpc", "circuits/add.txt"] {
                set.add(format!("{folder}{name}"), "");
            }
            set.portable_names()
        };
        let plain = names("");
        let own = ["main.smpc", "part.smpc", "circuits/add.txt"];
        assert_eq!(plain[plain.len() - 3..], own);
        for folder in ["./", "../", "/home/anna/", "a/b/../", "./examples/"] {
            assert_eq!(names(folder), plain, "{folder}");
        }
    }

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let mut set = SourceSet::new();
        let id = set.add("a.smpc", "ä b\nsecond\n");
        let file = set.file(id);
        assert_eq!(file.line_col(0), (1, 1));
        assert_eq!(
            file.line_col(1),
            (1, 1),
            "inside a character snaps to its start"
        );
        assert_eq!(file.line_col(3), (1, 3));
        assert_eq!(file.line_col(5), (2, 1));
        assert_eq!(file.line_col(999), (3, 1));
        assert_eq!(file.line(2), "second");
        assert_eq!(file.line(0), "");
        assert_eq!(set.place(Span::new(id, 5, 7)), "a.smpc:2:1");
        assert_eq!(set.text(Span::new(id, 0, 1)), "");
    }

    #[test]
    fn columns_of_long_lines_are_those_of_counting() {
        for unit in ["a", "ä", "a\u{1f600}é", "x\ny ä"] {
            let text = unit.repeat(3 * STRIDE);
            for text in [&text[..], &text[..text.floor_char_boundary(2 * STRIDE)]] {
                let file = SourceFile::new(String::new(), text.to_owned());
                for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
                    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
                    let counted = text[start..at].chars().count() + 1;
                    assert_eq!(file.line_col(at).1, counted, "{unit} at {at}");
                }
            }
        }
    }

    #[test]
    fn only_line_feeds_end_lines() {
        let text = "a\u{b}b\u{c}c\rd\u{85}e\u{2028}f\u{2029}g\r\nh";
        let file = SourceFile::new(String::new(), text.to_owned());
        assert_eq!(file.n_lines(), 2);
        assert_eq!(file.line_col(text.len() - 1), (2, 1));
    }
}
