//! Asking for missing inputs on a terminal; elsewhere a clear error says what is missing for whom.

use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc::given::{self, PartyInputs};
use smpcc::inputs::{Tree, json, number};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::schema;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

/// Asks for every input of every party, as JSON values.
pub fn ask(hir: &Hir, role_counts: &[u32], program: &Path) -> Outcome<Vec<PartyInputs>> {
    let schema = schema::schema(hir);
    let names = schema::party_names(hir, role_counts);
    let who = |party: usize| {
        let name = names.get(party).map_or("", String::as_str);
        if name.starts_with("party ") {
            name.to_string()
        } else {
            format!("party {party} ({name})")
        }
    };
    if !io::stdin().is_terminal() || !out::interactive() {
        let missing: Vec<String> = (0..names.len())
            .filter_map(|party| {
                let owned = given::owned(&schema, role_counts, party as u32);
                let params: Vec<String> = owned.iter().map(|p| format!("`{}`", p.name)).collect();
                (!params.is_empty()).then(|| format!("{} of {}", params.join(", "), who(party)))
            })
            .collect();
        return Err(Failure::usage(format!(
            "no inputs: {} missing; give them with --inputs PATH or in {}",
            missing.join("; "),
            program.with_extension("inputs.json").display()
        )));
    }
    let mut all = Vec::new();
    for party in 0..names.len() {
        let mut entries = Vec::new();
        for param in given::owned(&schema, role_counts, party as u32) {
            let mut err = io::stderr().lock();
            let _ = write!(err, "{}, `{}`: ", who(party), param.name);
            let _ = err.flush();
            drop(err);
            let mut line = String::new();
            match io::stdin().lock().read_line(&mut line) {
                Ok(n) if n > 0 => {}
                Ok(_) | Err(_) => return Err(Failure::usage("the inputs ended early")),
            }
            let text = line.trim();
            let tree = match number(text) {
                Tree::BadNumber(_) => json::parse(text)
                    .map_err(|e| Failure::usage(format!("`{}`: {e}", param.name)))?,
                tree => tree,
            };
            entries.push((param.name.clone(), tree));
        }
        all.push(given::one_party(
            &schema,
            role_counts,
            party as u32,
            &Tree::Map(entries),
            &who(party),
        )?);
    }
    Ok(all)
}
