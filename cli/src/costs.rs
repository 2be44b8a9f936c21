//! Tables of local times in files: `smpcc calibrate` writes them, `--costs` reads them.
//!
//! TOML with one table per suite and whole numbers of picoseconds. What a file leaves out is as shipped; what it names
//! wrongly is an error, so that a typing error never plans silently with other times than meant.

use crate::exit::{Failure, Outcome};
use serde::{Deserialize, Serialize};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::program::Suite;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// The longest time that a table may hold: a quarter of an hour.
const MOST_PS: u64 = 1_000_000_000_000_000;

/// What a file says, by suite and name; empty for what is shipped. Plain data, so that it can go to a child.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table(BTreeMap<String, BTreeMap<String, u64>>);

impl Table {
    /// The whole table.
    pub fn costs(&self) -> Costs {
        let mut costs = Costs::SHIPPED;
        for suite in Suite::ALL {
            for (name, ps) in self.0.get(suite.name()).into_iter().flatten() {
                costs.of_mut(suite).set(name, *ps);
            }
        }
        costs
    }

    fn check(&self) -> Result<(), String> {
        for (suite, times) in &self.0 {
            let Some(known) = Suite::named(suite) else {
                return Err(format!("there is no suite `{suite}`"));
            };
            for (name, ps) in times {
                let mut work = *Costs::SHIPPED.of(known);
                if !work.set(name, *ps) {
                    let names: Vec<&str> = work.entries().iter().map(|e| e.0).collect();
                    return Err(format!(
                        "`{name}` of `{suite}` is none of {}",
                        names.join(", ")
                    ));
                }
                if *ps > MOST_PS {
                    return Err(format!("`{name}` of `{suite}` is beyond {MOST_PS}"));
                }
            }
        }
        Ok(())
    }
}

/// Reads a table.
pub fn read(path: &Path) -> Outcome<Table> {
    let wrong = |what: String| Failure::usage(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
    let table: Table =
        toml::from_str(&text).map_err(|e| wrong(e.to_string().trim_end().to_string()))?;
    table.check().map_err(wrong)?;
    Ok(table)
}

/// A table as a file.
pub fn text(costs: &Costs) -> String {
    let mut text = String::from(
        "# Picoseconds of one party's work, by suite: per lane of an operation, its correlations included.\n",
    );
    for suite in Suite::ALL {
        let _ = writeln!(text, "\n[{}]", suite.name());
        for (name, ps) in costs.of(suite).entries() {
            let _ = writeln!(text, "{name} = {ps}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Table, String> {
        let table: Table = toml::from_str(text).map_err(|e| e.to_string())?;
        table.check().map(|()| table)
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut costs = Costs::SHIPPED;
        costs.rep3.and_ps = 777;
        costs.two_party.setup_ps = 5;
        let table = parse(&text(&costs)).expect("a table");
        assert_eq!(table.costs(), costs);
        assert_eq!(Table::default().costs(), Costs::SHIPPED);
    }

    #[test]
    fn wrong_tables_say_what_is_wrong() {
        for (text, part) in [
            ("[rep4]\nand_ps = 1", "rep4"),
            ("[rep3]\nxor_ps = 1", "xor_ps"),
            ("[rep3]\nand_ps = 9000000000000000", "beyond"),
            ("[rep3]\nand_ps = -1", "-1"),
            ("[rep3]\nand_ps = \"fast\"", "string"),
            ("and_ps = 1", "and_ps"),
        ] {
            let message = parse(text).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
