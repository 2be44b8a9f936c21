//! Words that messages share: who somebody is, how much something is, what may have been meant.

use smpcc_compiler::diagnostic;
pub use smpcc_compiler::graph::{counted, thousands};

/// `; did you mean …?`, if one of the names is a slip away.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    // Names in capitals differ in every letter, and are meant all the same.
    let same = known.iter().find(|one| one.eq_ignore_ascii_case(name));
    same.copied()
        .or_else(|| diagnostic::suggestion(name, known.iter().copied()))
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// A party by number, with its role where it has one.
pub fn label(party: u32, names: &[String]) -> String {
    match names.get(party as usize) {
        Some(name) if !name.starts_with("party ") => format!("party {party} ({name})"),
        _ => format!("party {party}"),
    }
}

/// A number of rows for people.
pub fn rows(n: u64) -> String {
    match n {
        1 => "1 row".into(),
        _ => format!("{n} rows"),
    }
}

/// Bytes for people.
pub fn bytes(n: u64) -> String {
    match n {
        0..10_000 => format!("{n} bytes"),
        10_000..10_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        10_000_000..10_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// Milliseconds for people: two digits that count, more where there are more before the point.
pub fn milliseconds(ms: f64) -> String {
    match ms {
        _ if ms >= 1000.0 => format!("{:.1} s", ms / 1000.0),
        _ if ms >= 10.0 => format!("{ms:.0} ms"),
        _ if ms >= 1.0 => format!("{ms:.1} ms"),
        _ => format!("{ms:.2} ms"),
    }
}
