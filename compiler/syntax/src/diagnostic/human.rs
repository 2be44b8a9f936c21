//! Diagnostics for people: source excerpts with labels, drawn by `ariadne`.
//!
//! This is the only file that knows `ariadne`. What it draws is a copy of the source in which hidden characters are
//! escapes, so that nothing in a file reaches the terminal raw, and lines end where every other part of the compiler
//! says that they end. Nobody reads a thousand messages: the first [`SHOWN`] are drawn, errors before warnings, and the
//! rest is counted. An excerpt of a very long line helps nobody either: it is named, not drawn.

use super::{Diagnostic, Label, Severity};
use crate::source::{SourceFile, SourceSet, Span};
use crate::span::FileId;
use crate::visible::{escaped, is_hidden, visible};
use ariadne::{Cache, Color, Config, IndexType, Report, ReportKind, Source};
use std::collections::BTreeMap;
use std::ops::Range;

/// How many diagnostics are drawn.
pub const SHOWN: usize = 20;
/// Longest line that is drawn, in bytes.
const DRAWN_BYTES: usize = 500;

/// The first diagnostics as text, one after the other, in colours if asked for, and how many more there are.
pub fn render(sources: &SourceSet, diagnostics: &[Diagnostic], color: bool) -> String {
    let mut out = Vec::new();
    let mut excerpts = Excerpts {
        sources,
        files: BTreeMap::new(),
    };
    let of = |severity| move |d: &&Diagnostic| d.severity() == severity;
    let n_errors = diagnostics.iter().filter(of(Severity::Error)).count();
    let n_warnings = diagnostics.len() - n_errors;
    let errors = n_errors.min(SHOWN);
    let warnings = n_warnings.min(SHOWN - errors);
    let mut left = [errors, warnings];
    for diagnostic in diagnostics {
        let left = &mut left[usize::from(!diagnostic.is_error())];
        if *left == 0 {
            continue;
        }
        *left -= 1;
        if !excerpts.can_draw(diagnostic) || excerpts.draw(diagnostic, color, &mut out).is_err() {
            out.extend_from_slice(in_words(sources, diagnostic).as_bytes());
        }
    }
    let mut text = String::from_utf8_lossy(&out).into_owned();
    let more: Vec<String> = [
        (n_errors - errors, "error"),
        (n_warnings - warnings, "warning"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{n} more {what}{}", if n == 1 { "" } else { "s" }))
    .collect();
    if !more.is_empty() {
        text.push_str(&format!(
            "… and {}, not shown here; `smpcc check --format json` lists all\n",
            more.join(" and ")
        ));
    }
    text
}

/// A diagnostic without excerpts: its line in short form, then a line for each cause.
fn in_words(sources: &SourceSet, d: &Diagnostic) -> String {
    let mut text = super::short::line(sources, d) + "\n";
    for cause in &d.causes {
        let line = format!("  {}: {}", sources.place(cause.span), cause.text);
        text.push_str(&visible(&line));
        text.push('\n');
    }
    text
}

/// What is drawn of a file: its text with hidden characters escaped.
struct Excerpt {
    source: Source<String>,
    /// After which byte of the file the text is longer than the file, and by how many bytes.
    shifts: Vec<(usize, usize)>,
}

impl Excerpt {
    fn new(file: &SourceFile) -> Self {
        let mut text = String::with_capacity(file.text.len());
        let mut shifts = Vec::new();
        let mut chars = file.text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let ends_line = c == '\r' && chars.peek().is_some_and(|(_, next)| *next == '\n');
            if is_hidden(c) && !ends_line {
                text.push_str(&escaped(c));
                let end = at + c.len_utf8();
                shifts.push((end, text.len() - end));
            } else {
                text.push(c);
            }
        }
        Self {
            source: Source::from(text),
            shifts,
        }
    }

    /// A position in the file as one in the text.
    fn position(&self, at: usize) -> usize {
        let passed = self.shifts.partition_point(|(end, _)| *end <= at);
        let shift = passed.checked_sub(1).and_then(|i| self.shifts.get(i));
        at + shift.map_or(0, |(_, longer)| *longer)
    }
}

/// The excerpts of all files that are drawn, each made once.
struct Excerpts<'s> {
    sources: &'s SourceSet,
    files: BTreeMap<FileId, Excerpt>,
}

impl Cache<FileId> for Excerpts<'_> {
    type Storage = String;

    fn fetch(&mut self, id: &FileId) -> Result<&Source<String>, impl std::fmt::Debug> {
        match self.sources.get(*id) {
            Some(file) => Ok(&self.excerpt(*id, file).source),
            None => Err("no such file"),
        }
    }

    fn display<'a>(&self, id: &'a FileId) -> Option<impl std::fmt::Display + 'a> {
        self.sources
            .get(*id)
            .map(|file| visible(&file.name).into_owned())
    }
}

impl Excerpts<'_> {
    fn excerpt(&mut self, id: FileId, file: &SourceFile) -> &Excerpt {
        self.files.entry(id).or_insert_with(|| Excerpt::new(file))
    }

    /// Whether all places of a diagnostic are in files, on lines of a length that is worth drawing.
    fn can_draw(&self, d: &Diagnostic) -> bool {
        std::iter::once(&d.primary).chain(&d.causes).all(|label| {
            self.sources.get(label.span.file).is_some_and(|file| {
                [label.span.start, label.span.end].iter().all(|&at| {
                    let (line, _) = file.line_col(at as usize);
                    file.line(line).len() <= DRAWN_BYTES
                })
            })
        })
    }

    fn draw(&mut self, d: &Diagnostic, color: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
        let (kind, main, other) = match d.severity() {
            Severity::Error => (ReportKind::Error, Color::Red, Color::Blue),
            Severity::Warning => (ReportKind::Warning, Color::Yellow, Color::Blue),
        };
        let config = Config::default()
            .with_color(color)
            .with_index_type(IndexType::Byte);
        let mut report = Report::build(kind, self.range(d.primary.span))
            .with_config(config)
            .with_code(d.code.as_str())
            .with_message(visible(&d.message));
        let labels = std::iter::once((&d.primary, main)).chain(d.causes.iter().map(|c| (c, other)));
        for (order, (Label { span, text }, color)) in labels.enumerate() {
            let mut label = ariadne::Label::new(self.range(*span)).with_color(color);
            label = label.with_order(i32::try_from(order).unwrap_or(i32::MAX));
            report = report.with_label(if text.is_empty() {
                label.with_message("here")
            } else {
                label.with_message(visible(text))
            });
        }
        if let Some(help) = &d.help {
            report = report.with_help(visible(help));
        }
        report.finish().write(self, &mut *out)
    }

    /// The span in whole characters of the drawn text; an empty one becomes the character after it, if there is one.
    fn range(&mut self, span: Span) -> (FileId, Range<usize>) {
        let sources = self.sources;
        let Some(file) = sources.get(span.file) else {
            return (span.file, 0..0);
        };
        let start = file.snap(span.start as usize);
        let mut end = file.snap(span.end as usize).max(start);
        if end == start {
            end += file.text[start..]
                .chars()
                .next()
                .filter(|c| *c != '\n')
                .map_or(0, char::len_utf8);
        }
        let excerpt = self.excerpt(span.file, file);
        (span.file, excerpt.position(start)..excerpt.position(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic;

    fn at(sources: &mut SourceSet, text: &str, wanted: &str) -> Diagnostic {
        let id = sources.add("a.smpc", text);
        let start = text.find(wanted).unwrap_or(0);
        let span = Span::new(id, start, start + wanted.len());
        diagnostic!(E2001, span, "there is no `{wanted}` in scope").help("declare it")
    }

    #[test]
    fn nothing_raw_reaches_the_terminal_and_places_stay_true() {
        let mut sources = SourceSet::new();
        let text = "// \u{1b}]0;x\u{7}\u{202e} é\u{b}\u{c}\r\u{85}\u{2028}\n/*\u{1b}*/ wrong\r\n";
        let d = at(&mut sources, text, "wrong");
        for color in [false, true] {
            let shown = render(&sources, std::slice::from_ref(&d), color);
            assert!(shown.contains("a.smpc:2:"), "{shown}");
            let plain = if color { String::new() } else { shown.clone() };
            assert!(!plain.contains(is_hidden), "{plain:?}");
            assert!(
                !shown.contains(['\u{7}', '\u{202e}', '\u{85}', '\u{2028}']),
                "{shown:?}"
            );
        }
        let shown = render(&sources, &[d], false);
        let drawn = shown.lines().find(|l| l.contains("wrong")).unwrap_or("");
        assert!(shown.contains("\\u{1b}"), "{shown}");
        // The label is under the word, however long the escapes before it are.
        let under = shown.lines().find(|l| l.contains("──┬──")).unwrap_or("");
        let column = |line: &str, what: &str| line.find(what).map(|at| line[..at].chars().count());
        let _ = drawn;
        let line = shown.lines().find(|l| l.contains("*/ wrong")).unwrap_or("");
        assert_eq!(column(line, "wrong"), column(under, "──┬──"), "{shown}");
    }

    #[test]
    fn many_are_counted_and_long_lines_are_not_drawn() {
        let mut sources = SourceSet::new();
        let text = "wrong ".repeat(20_000);
        let id = sources.add("a.smpc", text);
        let mut all: Vec<Diagnostic> = (0..20_000)
            .map(|i| {
                diagnostic!(
                    W0001,
                    Span::new(id, 6 * i, 6 * i + 5),
                    "`x{i}` is never read"
                )
            })
            .collect();
        let end = Span::new(id, 119_994, 119_999);
        all.push(diagnostic!(E2001, end, "there is no `wrong`"));
        let shown = render(&sources, &all, false);
        assert!(shown.len() < 5_000, "{} bytes", shown.len());
        assert_eq!(shown.matches("is never read").count(), SHOWN - 1);
        assert!(shown.contains("a.smpc:1:119995: error[E2001]"), "{shown}");
        assert!(shown.contains("and 19981 more warnings"), "{shown}");
    }
}
