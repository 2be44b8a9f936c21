//! Diagnostics one per line, `PATH:LINE:COL: error[E3002]: message`, for tools that know that form and for tests.

use super::{Diagnostic, Severity};
use crate::source::SourceSet;
use crate::visible::visible;

/// All diagnostics, one line each.
pub fn render(sources: &SourceSet, diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|d| line(sources, d) + "\n")
        .collect()
}

/// One diagnostic as one line, without the line's end.
pub fn line(sources: &SourceSet, d: &Diagnostic) -> String {
    let kind = match d.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = format!(
        "{}: {kind}[{}]: {}",
        sources.place(d.primary.span),
        d.code,
        d.message
    );
    if let Some(help) = &d.help {
        text.push_str("; help: ");
        text.push_str(help);
    }
    visible(&text.replace('\n', " ")).into_owned()
}
