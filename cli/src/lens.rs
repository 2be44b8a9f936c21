//! How long open inputs are: from the inputs themselves, or from `--len` where there are none.

use crate::exit::{Failure, Outcome};
use crate::given::PartyInputs;
use crate::seats::Seats;
use crate::words::{did_you_mean, label, rows};
use smpcc_circuit::program::ShapeNode;
use smpcc_circuit::sorted::SortedMap;
use smpcc_compiler::schema;

/// The length of each open array, by [`smpcc_compiler::schema::len_key`] and owner.
pub type Lens = SortedMap<(String, u32), u64>;

/// Lengths from inputs.
pub fn lens_of(parties: &[PartyInputs]) -> SortedMap<(String, u32), u64> {
    let mut lens = SortedMap::new();
    for (party, inputs) in (0u32..).zip(parties) {
        lens.extend(lens_of_one(party, inputs));
    }
    lens
}

/// Lengths from the inputs of one party.
pub fn lens_of_one(party: u32, inputs: &PartyInputs) -> Lens {
    let lens = inputs.lens.iter();
    lens.map(|(name, len)| ((name.clone(), party), *len))
        .collect()
}

/// How many rows each party gives, a line for each input; only what the data decide.
pub fn shown(lens: &Lens, names: &[String]) -> Vec<String> {
    let mut inputs: SortedMap<&str, Vec<String>> = SortedMap::new();
    for ((input, owner), len) in lens {
        let gives = format!("{} from {}", rows(*len), label(*owner, names));
        inputs.entry(input).or_default().push(gives);
    }
    let line = |(input, gives): (&str, Vec<String>)| format!("`{input}`: {}", gives.join(", "));
    inputs.into_iter().map(line).collect()
}

/// That parties give no rows of an input, if any of `owners` does so: a result over the rows of the others alone is rarely what
/// was meant.
pub fn without_rows(
    lens: &Lens,
    owners: impl Fn(u32) -> bool,
    label: &dyn Fn(u32) -> String,
) -> Option<String> {
    let none = lens
        .iter()
        .filter(|((_, owner), len)| **len == 0 && owners(*owner));
    let none: Vec<String> = none
        .map(|((input, owner), _)| format!("{} gives no rows of `{input}`", label(*owner)))
        .collect();
    (!none.is_empty()).then(|| none.join(", and "))
}

/// The same length for every open array of every party.
pub fn lens_of_all(seats: &Seats, rows: u64) -> Lens {
    let mut lens = Lens::new();
    for party in 0..seats.names.len() as u32 {
        for gift in seats.gifts(party) {
            let arrays = gift.shape.0.iter().enumerate();
            for (depth, node) in arrays.take_while(|(_, n)| matches!(n, ShapeNode::Array(_))) {
                if matches!(node, ShapeNode::Array(None)) {
                    lens.insert((schema::len_key(&gift.name, depth), party), rows);
                }
            }
        }
    }
    lens
}

/// Whether the lengths of `--len` options are those of the inputs, where there are inputs: nothing else could be run.
///
/// # Errors
/// As [`lens_given`], and a length that the inputs do not have.
pub fn check_given(options: &[String], seats: &Seats, lens: &Lens) -> Outcome {
    for ((name, owner), len) in lens_given(options, seats, Lens::new())? {
        let found = lens.get(&(name.clone(), owner));
        if found != Some(&len) {
            let who = label(owner, &seats.names);
            let gives = match found {
                Some(found) => format!("{found} rows"),
                None => "as many as the program says".to_owned(),
            };
            return Err(Failure::usage(format!(
                "`--len` says {len} rows of `{name}` for {who}, whose inputs have {gives}: the lengths of a run are those of its inputs"
            )));
        }
    }
    Ok(())
}

/// Lengths from `--len` options, on top of `lens`: a length for all owners of an input, then those for one of them, in
/// whatever order they stand. `[]` after the name means the arrays inside of it.
///
/// # Errors
/// Another form, an input or owner that there is not, and what is said twice.
pub fn lens_given(options: &[String], seats: &Seats, mut lens: Lens) -> Outcome<Lens> {
    let mut for_all: Vec<(String, Vec<u32>, u64)> = Vec::new();
    let mut for_one: Lens = SortedMap::new();
    for option in options {
        let wrong = |why: &str| Failure::usage(format!("`--len {option}`: {why}"));
        let Some((target, len)) = option.split_once('=') else {
            return Err(wrong("write NAME=N or NAME[PARTY]=N"));
        };
        let len: u64 = len
            .trim()
            .parse()
            .map_err(|_| wrong("the length is not a number"))?;
        let (name, mut rest) = target.split_at(target.find('[').unwrap_or(target.len()));
        let mut depth = 0;
        while let Some(inner) = rest.strip_prefix("[]") {
            (rest, depth) = (inner, depth + 1);
        }
        let owners = seats.owners(name);
        if owners.is_empty() {
            let hint = did_you_mean(name, seats.inputs());
            return Err(wrong(&format!("the program has no input `{name}`{hint}")));
        }
        let key = schema::len_key(name, depth);
        if !seats.is_open(name, depth) {
            return Err(wrong(&format!(
                "the program says how long `{key}` is; only a length `_` is open"
            )));
        }
        let twice = match rest.strip_prefix('[') {
            None if rest.is_empty() => {
                let before = for_all.iter().any(|(known, ..)| *known == key);
                for_all.push((key, owners, len));
                before
            }
            None => return Err(wrong("write NAME=N or NAME[PARTY]=N")),
            Some(party) => {
                let Some(party) = party.strip_suffix(']') else {
                    return Err(wrong("a bracket is not closed"));
                };
                match seats.party(party).filter(|p| owners.contains(p)) {
                    Some(party) => for_one.insert((key, party), len).is_some(),
                    None => return Err(wrong(&format!("`{party}` does not give `{name}`"))),
                }
            }
        };
        if twice {
            return Err(wrong("this length is given twice"));
        }
    }
    for (key, owners, len) in for_all {
        lens.extend(owners.into_iter().map(|owner| ((key.clone(), owner), len)));
    }
    lens.extend(for_one);
    Ok(lens)
}
