//! What goes into a run and what comes out: secrets behind a wrapper, and their checks before anything is sent.

use std::collections::BTreeMap;

use smpcc_circuit::ids::{InputId, OutputId};
use smpcc_circuit::program::Program;
use smpcc_circuit::value::{Integer, Word};
use zeroize::Zeroize;

use crate::error::Error;
use crate::party::PartyId;
use crate::ring::Elements;

/// A value that is never printed or compared, and wiped when dropped.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for another place that wipes it.
    pub(crate) fn into_inner(mut self) -> T
    where
        T: Default,
    {
        std::mem::take(&mut self.0)
    }

    /// The value, to compute on.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl Secret<Elements> {
    /// A vector of words, in the narrower machine word that holds them all.
    pub fn of(words: impl IntoIterator<Item = Word>) -> Self {
        let words = words.into_iter();
        let mut all = Self(Elements::Narrow(Vec::with_capacity(words.size_hint().0)));
        for word in words {
            all.0.push(word);
        }
        all
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// One party's inputs by leaf, in either machine word.
pub type Inputs = BTreeMap<InputId, Secret<Elements>>;

/// What one party learnt, by leaf.
pub type Outputs = BTreeMap<OutputId, Elements>;

/// Checks that a party gives exactly what the program asks of it: each leaf, the right number of lanes, each in range.
///
/// # Errors
/// A fault of the usage that names the leaf, never the value.
pub fn check_inputs(program: &Program, me: PartyId, inputs: &Inputs) -> Result<(), Error> {
    let mine = |id: &InputId| {
        program
            .inputs
            .get(id.index())
            .is_some_and(|leaf| leaf.party as usize == me.index())
    };
    if let Some(id) = inputs.keys().find(|id| !mine(id)) {
        return Err(Error::bug(format!("{id} is not an input of {me}")));
    }
    for (i, leaf) in program.inputs.iter().enumerate() {
        if leaf.party as usize != me.index() {
            continue;
        }
        let path = &leaf.path;
        let Some(words) = inputs.get(&InputId::new(i)).map(Secret::expose) else {
            return Err(Error::usage(format!("the input `{path}` is missing")));
        };
        if words.lanes() as u64 != leaf.lanes {
            return Err(Error::usage(format!(
                "the input `{path}` has {} values where the program takes {}",
                words.lanes(),
                leaf.lanes
            )));
        }
        for lane in 0..words.lanes() {
            let word = words.get(lane);
            let fits = leaf.scalar.wrap(word) == word
                && leaf.range.is_none_or(|(low, high)| {
                    (low..=high).contains(&Integer::of(leaf.scalar, word))
                });
            if !fits {
                return Err(Error::usage(format!(
                    "value {lane} of the input `{path}` is out of its range"
                )));
            }
        }
    }
    Ok(())
}
