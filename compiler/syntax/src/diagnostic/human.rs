//! Diagnostics for people: source excerpts with labels, drawn by `ariadne`.
//!
//! This is the only file that knows `ariadne`. Spans are cut to character boundaries first, because the library
//! panics on a range that ends inside a character.

use super::{Diagnostic, Label, Severity};
use crate::source::{SourceSet, Span};
use ariadne::{Color, Config, IndexType, Report, ReportKind};

/// All diagnostics as text, one after the other, in colours if asked for.
pub fn render(sources: &SourceSet, diagnostics: &[Diagnostic], color: bool) -> String {
    let mut out = Vec::new();
    for diagnostic in diagnostics {
        if draw(sources, diagnostic, color, &mut out).is_err() {
            // Writing to memory does not fail; the short form says the same should the library ever refuse.
            out.extend_from_slice(super::short::line(sources, diagnostic).as_bytes());
            out.push(b'\n');
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn draw(
    sources: &SourceSet,
    d: &Diagnostic,
    color: bool,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let (kind, main, other) = match d.severity() {
        Severity::Error => (ReportKind::Error, Color::Red, Color::Blue),
        Severity::Warning => (ReportKind::Warning, Color::Yellow, Color::Blue),
    };
    let config = Config::default()
        .with_color(color)
        .with_index_type(IndexType::Byte);
    let mut report = Report::build(kind, range(sources, d.primary.span))
        .with_config(config)
        .with_code(d.code.as_str())
        .with_message(&d.message);
    let labels = std::iter::once((&d.primary, main)).chain(d.causes.iter().map(|c| (c, other)));
    for (order, (Label { span, text }, color)) in labels.enumerate() {
        let mut label = ariadne::Label::new(range(sources, *span)).with_color(color);
        label = label.with_order(i32::try_from(order).unwrap_or(i32::MAX));
        report = report.with_label(if text.is_empty() {
            label.with_message("here")
        } else {
            label.with_message(text)
        });
    }
    if let Some(help) = &d.help {
        report = report.with_help(help);
    }
    let files: Vec<(String, &str)> = sources
        .iter()
        .map(|(_, f)| (f.name.clone(), f.text.as_str()))
        .collect();
    report.finish().write(ariadne::sources(files), &mut *out)
}

/// The file's name and the span in whole characters; an empty span becomes the character after it, if there is one.
fn range(sources: &SourceSet, span: Span) -> (String, std::ops::Range<usize>) {
    let Some(file) = sources.get(span.file) else {
        return (String::new(), 0..0);
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
    (file.name.clone(), start..end)
}
