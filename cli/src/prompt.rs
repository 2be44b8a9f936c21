//! Asking for missing inputs on a terminal; elsewhere a clear error says what is missing for whom.

use crate::out;
use smpcc::exit::{Failure, Outcome};
use smpcc::given::{self, PartyInputs};
use smpcc::inputs::{Tree, json, number};
use smpcc::seats::Seats;
use smpcc::words::label;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

/// Asks whether to go on where a party gives no rows; without a terminal the answer is no.
///
/// # Errors
/// That it does not go on, and with which option it would.
pub fn confirm(none: &str) -> Outcome {
    if io::stdin().is_terminal() && out::interactive() {
        let mut err = io::stderr().lock();
        let _ = write!(err, "{none}: go on without them? [y/N] ");
        let _ = err.flush();
        drop(err);
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        if read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes") {
            return Ok(());
        }
    }
    Err(Failure::usage(format!(
        "{none}: nothing is computed; where that is right, go on with --yes"
    )))
}

/// Asks whether to do something that binds; without a terminal the answer is no.
///
/// # Errors
/// That it is not done, and with which option it would be.
pub fn agree(question: &str) -> Outcome {
    if !io::stdin().is_terminal() || !out::interactive() {
        return Err(Failure::usage(
            "nobody is there to agree: where that is right, go on with --yes",
        ));
    }
    let mut err = io::stderr().lock();
    let _ = write!(err, "{question} [y/N] ");
    let _ = err.flush();
    drop(err);
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(_) if matches!(line.trim(), "y" | "Y" | "yes") => Ok(()),
        Ok(_) | Err(_) => Err(Failure::usage("not done")),
    }
}

/// Asks for every input of every party, as JSON values.
pub fn ask(seats: &Seats, program: &Path) -> Outcome<Vec<PartyInputs>> {
    let parties = 0..seats.names.len() as u32;
    if !io::stdin().is_terminal() || !out::interactive() {
        let missing: Vec<String> = parties
            .filter(|party| !seats.gifts(*party).is_empty())
            .map(|party| format!("{} of {}", seats.listed(party), label(party, &seats.names)))
            .collect();
        return Err(Failure::usage(format!(
            "no inputs: {} missing; give them with --inputs PATH or in {}",
            missing.join("; "),
            program.with_extension("inputs.json").display()
        )));
    }
    let mut all = Vec::new();
    for party in parties {
        let who = label(party, &seats.names);
        let mut entries = Vec::new();
        for gift in seats.gifts(party) {
            let mut err = io::stderr().lock();
            let _ = write!(err, "{who}, `{}`: ", gift.name);
            let _ = err.flush();
            drop(err);
            let mut line = String::new();
            match io::stdin().lock().read_line(&mut line) {
                Ok(n) if n > 0 => {}
                Ok(_) | Err(_) => return Err(Failure::usage("the inputs ended early")),
            }
            let text = line.trim();
            let tree = match number(text) {
                // A date, a name: what is no JSON is a text, as in a sheet.
                Tree::Text(text) => match json::parse(&text) {
                    Ok(tree) => tree,
                    Err(_) if !text.starts_with(['"', '[', '{']) => Tree::Text(text),
                    Err(e) => return Err(Failure::usage(format!("`{}`: {e}", gift.name))),
                },
                tree => tree,
            };
            entries.push((gift.name.clone(), tree));
        }
        all.push(given::one_party(
            seats,
            party,
            &given::Source::Whole(Tree::Map(entries)),
            &who,
        )?);
    }
    Ok(all)
}
