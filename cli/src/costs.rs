//! Tables of local times in files: `smpcc calibrate` writes them, `--costs` reads them.
//!
//! TOML with one table per suite and threat and whole numbers of picoseconds. What a file leaves out is as shipped; what it names
//! wrongly is an error, so that a typing error never plans silently with other times than meant.

use crate::exit::{Failure, Outcome};
use crate::reading;
use crate::toml_file::{self, unknown};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::program::{Suite, Threat};
use smpcc_circuit::sorted::SortedMap;
use std::fmt::Write as _;
use std::path::Path;

/// The longest time that a table may hold: a quarter of an hour.
const MOST_PS: u64 = 1_000_000_000_000_000;

/// Reads a table.
///
/// # Errors
/// What is wrong with the file; its text is not quoted, since the path may name another file by mistake.
pub fn read(path: &Path) -> Outcome<Costs> {
    let text = reading::text(path, reading::BY_HAND)
        .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
    parse(&text).map_err(|what| Failure::usage(format!("{}: {what}", path.display())))
}

/// Reads the text of a table.
pub(crate) fn parse(text: &str) -> Result<Costs, String> {
    let tables: SortedMap<String, SortedMap<String, u64>> = toml_file::parse(text)?;
    let mut costs = Costs::SHIPPED;
    for (suite, times) in &tables {
        let Some((_, known, threat)) = all().find(|(name, ..)| name == suite) else {
            let names: Vec<String> = all().map(|(name, ..)| name).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            return Err(unknown("suite", suite, &names));
        };
        let work = costs.measured_mut(known, threat);
        for (name, ps) in times {
            if !work.set(name, *ps) {
                let names: Vec<&str> = work.entries().iter().map(|e| e.0).collect();
                return Err(format!("{} of `{suite}`", unknown("time", name, &names)));
            }
            if *ps > MOST_PS {
                return Err(format!("`{name}` of `{suite}` is beyond {MOST_PS}"));
            }
        }
    }
    Ok(costs)
}

/// What a table of a file is called, and whose times it has: of each suite, and of it against malicious parties if it stands them.
fn all() -> impl Iterator<Item = (String, Suite, Threat)> {
    let against = |suite: Suite| {
        let threats = Threat::ALL.into_iter().filter(move |t| suite.stands(*t));
        threats.map(move |threat| {
            let name = match threat {
                Threat::SemiHonest => suite.name().to_owned(),
                Threat::Malicious => format!("{}-{}", suite.name(), threat.name()),
            };
            (name, suite, threat)
        })
    };
    Suite::ALL.into_iter().flat_map(against)
}

/// A table as a file.
pub fn text(costs: &Costs) -> String {
    let mut text = String::from(
        "# Picoseconds of one party's work, by suite: per lane of an operation, its correlations included.\n",
    );
    for (name, suite, threat) in all() {
        let Some(work) = costs.measured(suite, threat) else {
            continue;
        };
        let _ = writeln!(text, "\n[{name}]");
        for (name, ps) in work.entries() {
            let _ = writeln!(text, "{name} = {ps}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut costs = Costs::SHIPPED;
        costs.of_mut(Suite::Rep3).and_ps = 777;
        costs.of_mut(Suite::TwoParty).setup_ps = 5;
        let proven = costs.measured_mut(Suite::Rep3, Threat::Malicious);
        proven.product_ps = 9;
        assert_eq!(parse(&text(&costs)), Ok(costs));
        assert_eq!(parse(""), Ok(Costs::SHIPPED));
    }

    #[test]
    fn wrong_tables_say_what_is_wrong() {
        for (text, part) in [
            ("[rep5]\nand_ps = 1", "rep5"),
            ("[bgw-malicious]\nand_ps = 1", "an unknown suite"),
            ("[rep3-malicious]\nxor_ps = 1", "xor_ps"),
            ("[rep3]\nxor_ps = 1", "xor_ps"),
            ("[rep3]\nand_ps = 9000000000000000", "beyond"),
            ("[rep3]\nand_ps = -1", "line 2"),
            ("[rep3]\nand_ps = \"fast\"", "line 2"),
            ("and_ps = 1", "line 1"),
        ] {
            let message = parse(text).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
            assert!(!message.contains("fast"), "{message}");
        }
    }
}
