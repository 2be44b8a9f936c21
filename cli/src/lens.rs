//! How long open inputs are: from the inputs themselves, or from `--len` where there are none.

use crate::exit::{Failure, Outcome};
use crate::given::PartyInputs;
use crate::seats::Seats;
use crate::words::did_you_mean;
use std::collections::BTreeMap;

/// The length of each open array, by [`smpcc_compiler::schema::len_key`] and owner.
pub type Lens = BTreeMap<(String, u32), u64>;

/// Lengths from inputs.
pub fn lens_of(parties: &[PartyInputs]) -> BTreeMap<(String, u32), u64> {
    let mut lens = BTreeMap::new();
    for (party, inputs) in (0u32..).zip(parties) {
        for (name, len) in &inputs.lens {
            lens.insert((name.clone(), party), *len);
        }
    }
    lens
}

/// Lengths from `--len` options, on top of `lens`: a length for all owners of an input, then those for one of them, in
/// whatever order they stand.
///
/// # Errors
/// Another form, an input or owner that there is not, and what is said twice.
pub fn lens_given(options: &[String], seats: &Seats, mut lens: Lens) -> Outcome<Lens> {
    let mut for_all: BTreeMap<&str, u64> = BTreeMap::new();
    let mut for_one: Lens = BTreeMap::new();
    for option in options {
        let wrong = |why: &str| Failure::usage(format!("`--len {option}`: {why}"));
        let Some((target, len)) = option.split_once('=') else {
            return Err(wrong("write NAME=N or NAME[PARTY]=N"));
        };
        let len: u64 = len
            .trim()
            .parse()
            .map_err(|_| wrong("the length is not a number"))?;
        let (name, key) = match target.split_once('[') {
            Some((name, rest)) => (
                name,
                Some(
                    rest.strip_suffix(']')
                        .ok_or_else(|| wrong("a bracket is not closed"))?,
                ),
            ),
            None => (target, None),
        };
        let owners = seats.owners(name);
        if owners.is_empty() {
            let hint = did_you_mean(name, seats.inputs());
            return Err(wrong(&format!("the program has no input `{name}`{hint}")));
        }
        let before = match key {
            None => for_all.insert(name, len),
            Some(key) => {
                let party = seats.party(key);
                match party.filter(|p| owners.contains(p)) {
                    Some(party) => for_one.insert((name.to_string(), party), len),
                    None => return Err(wrong(&format!("`{key}` does not give `{name}`"))),
                }
            }
        };
        if before.is_some() {
            return Err(wrong("this length is given twice"));
        }
    }
    for (name, len) in for_all {
        for owner in seats.owners(name) {
            lens.insert((name.to_string(), owner), len);
        }
    }
    lens.extend(for_one);
    Ok(lens)
}
