//! How long open inputs are: from the inputs themselves, or from `--len` where there are none.

use crate::exit::{Failure, Outcome};
use crate::given::{PartyInputs, owned};
use smpcc_compiler::hir::Hir;
use smpcc_compiler::schema;
use std::collections::BTreeMap;

/// The length of each open array, by [`schema::len_key`] and owner.
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

/// Lengths from `--len` options, on top of `lens`.
pub fn lens_given(
    options: &[String],
    hir: &Hir,
    role_counts: &[u32],
    mut lens: BTreeMap<(String, u32), u64>,
) -> Outcome<BTreeMap<(String, u32), u64>> {
    let schema = schema::schema(hir);
    let names = schema::party_names(hir, role_counts);
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
        let owners: Vec<u32> = (0..names.len() as u32)
            .filter(|p| {
                owned(&schema, role_counts, *p)
                    .iter()
                    .any(|q| q.name == name)
            })
            .collect();
        if owners.is_empty() {
            return Err(wrong(&format!("the program has no input `{name}`")));
        }
        match key {
            None => lens.extend(owners.into_iter().map(|p| ((name.to_string(), p), len))),
            Some(key) => {
                let party = key
                    .parse::<u32>()
                    .ok()
                    .or_else(|| names.iter().position(|n| n == key).map(|p| p as u32));
                match party.filter(|p| owners.contains(p)) {
                    Some(party) => lens.insert((name.to_string(), party), len),
                    None => return Err(wrong(&format!("`{key}` does not give `{name}`"))),
                };
            }
        }
    }
    Ok(lens)
}
