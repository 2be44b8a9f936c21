//! The one type of everything that the compiler says about a program.
//!
//! A diagnostic has a code with a page, a primary place, the reason why the compiler believes so as further labels,
//! and what to write instead. It is built in one line (see [`bail!`](crate::bail)) and knows nothing of how it is
//! shown: `human`, `short` and `json` each turn a slice of diagnostics into text.

pub mod codes;
pub mod human;
pub mod json;
pub mod short;

pub use codes::{Blame, Code};

use crate::source::{SourceSet, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program is not accepted.
    Error,
    /// The program is accepted; something in it is probably not meant.
    Warning,
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; one short phrase.
    pub text: String,
}

/// One error or warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The code, which also fixes the severity.
    pub code: Code,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The place that is wrong.
    pub primary: Label,
    /// Why: the causes, in the order in which they lead to the primary place.
    pub causes: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic at a place.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            primary: Label {
                span,
                text: String::new(),
            },
            causes: Vec::new(),
            help: None,
        }
    }

    /// Says something at the primary place itself.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Diagnostic {
        self.primary.text = text.into();
        self
    }

    /// Adds a cause at another place.
    #[must_use]
    pub fn because(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.causes.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    /// Whether it is an error or a warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }
}

/// Whether any of the diagnostics is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}

/// Sorts errors before warnings, each by place and code, and drops exact repetitions: the order in which people read them.
/// A warning is often only the echo of an error that stands after it in the text.
pub fn sort(sources: &SourceSet, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| {
            (
                d.severity(),
                d.primary.span.file,
                d.primary.span.start,
                d.code,
                d.primary.span.end,
            )
        };
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    diagnostics.dedup_by(|a, b| {
        a.code == b.code
            && a.message == b.message
            && sources.line_col(a.primary.span) == sources.line_col(b.primary.span)
            && a.primary.span.file == b.primary.span.file
    });
}

/// `bail!(E3001, span, "text {}", x)` returns `Err` with that diagnostic from the function around it.
#[macro_export]
macro_rules! bail {
    ($code:ident, $span:expr, $($text:tt)+) => {
        return Err($crate::diagnostic!($code, $span, $($text)+).into())
    };
}

/// `diagnostic!(E3001, span, "text {}", x)` is that diagnostic.
#[macro_export]
macro_rules! diagnostic {
    ($code:ident, $span:expr, $($text:tt)+) => {
        $crate::diagnostic::Diagnostic::new($crate::diagnostic::Code::$code, $span, format!($($text)+))
    };
}

/// How many diagnostics are found before suggestions stop: comparing every name with every other one takes its time, and
/// nobody reads that far.
const SUGGESTED: usize = 100;

/// As [`suggestion`], after so many diagnostics that have been found already.
pub fn suggestion_after<'a>(
    n_found: usize,
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if n_found < SUGGESTED {
        suggestion(name, candidates)
    } else {
        None
    }
}

/// Names as a list in words; of many only the first.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown = names.len().min(LISTED);
    let mut list = format!("`{}`", names[..shown].join("`, `"));
    if names.len() > shown {
        list.push_str(&format!(" and {} more", names.len() - shown));
    }
    list
}

/// How many names a list shows.
const LISTED: usize = 20;

/// The candidate nearest to `name` by edit distance, when it is near enough to be a slip of the finger.
pub fn suggestion<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let limit = match name.chars().count() {
        0..=1 => 0,
        2 | 3 => 1,
        4 | 5 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == name || candidate.len() > 80 {
            continue;
        }
        let distance = edit_distance(name, candidate);
        // A name of which nothing is left is not a slip.
        if distance <= limit
            && distance < candidate.chars().count().max(2)
            && best.is_none_or(|(d, _)| distance < d)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Levenshtein distance with transpositions of neighbours, in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j - 1] + change).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_before_the_warnings_that_follow_from_them() {
        let sources = SourceSet::new();
        let at = |start| Span::new(crate::span::FileId(9), start, start + 1);
        let mut all = vec![
            diagnostic!(W0001, at(1), "`salary` is never read"),
            diagnostic!(E2001, at(5), "there is no `salray` in scope"),
            diagnostic!(E2001, at(3), "there is no `x` in scope"),
            diagnostic!(E2001, at(3), "there is no `x` in scope"),
        ];
        sort(&sources, &mut all);
        let starts: Vec<u32> = all.iter().map(|d| d.primary.span.start).collect();
        assert_eq!(starts, [3, 5, 1]);
    }

    #[test]
    fn lists_end() {
        assert_eq!(listed(["a", "b"]), "`a`, `b`");
        let many: Vec<String> = (0..100).map(|i| format!("n{i}")).collect();
        assert!(listed(many.iter().map(String::as_str)).ends_with("`n19` and 80 more"));
    }

    #[test]
    fn suggestions_are_near_and_not_silly() {
        assert_eq!(suggestion("lenght", ["length", "width"]), Some("length"));
        assert_eq!(suggestion("salray", ["salary", "sum"]), Some("salary"));
        assert_eq!(suggestion("x", ["y", "salary"]), None);
        assert_eq!(suggestion("count", ["bids", "seller"]), None);
        assert_eq!(edit_distance("ab", "ba"), 1);
        assert_eq!(edit_distance("", "abc"), 3);
    }
}
