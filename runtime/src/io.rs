//! What goes into a run and what comes out: secrets behind a wrapper, and their checks before anything is sent.

use smpcc_circuit::ids::{InputId, OutputId};
use smpcc_circuit::program::Program;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{Integer, Scalar, Word};
use zeroize::Zeroize;

use crate::error::Error;
use crate::party::PartyId;
use crate::ring::{Element, Elements, each};

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

    /// The value, to change it where it is.
    pub(crate) fn expose_mut(&mut self) -> &mut T {
        &mut self.0
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

/// One party's inputs by leaf, in either machine word; of what is held in shares, its share ([`crate::protocols::stored`]).
pub type Inputs = SortedMap<InputId, Secret<Elements>>;

/// What one party learnt, by leaf; of what stays shared, its share.
pub type Outputs = SortedMap<OutputId, Elements>;

/// Checks that a party gives exactly what the program asks of it: each leaf, the right number of lanes, each in range; of what is
/// held in shares, a share of that many words, which says nothing of ranges.
///
/// # Errors
/// A fault of the usage that names the leaf, never the value.
pub fn check_inputs(program: &Program, me: PartyId, inputs: &Inputs) -> Result<(), Error> {
    let mine = |id: &InputId| {
        let leaf = program.inputs.get(id.index());
        leaf.is_some_and(|leaf| leaf.party as usize == me.index()) || program.is_held(*id)
    };
    if let Some(id) = inputs.keys().find(|id| !mine(id)) {
        return Err(Error::bug(format!("{id} is not an input of {me}")));
    }
    for (i, leaf) in program.inputs.iter().enumerate() {
        let id = InputId::new(i);
        if !mine(&id) {
            continue;
        }
        let path = &leaf.path;
        let Some(words) = inputs.get(&id).map(Secret::expose) else {
            return Err(Error::usage(format!("the input `{path}` is missing")));
        };
        if program.is_held(id) {
            let n_words = leaf.lanes.checked_mul(program.stored_words());
            if n_words != Some(words.lanes() as u64) || misfit(words, leaf.scalar, None).is_some() {
                return Err(Error::usage(format!(
                    "the stored share of the input `{path}` is another one's"
                )));
            }
            continue;
        }
        if words.lanes() as u64 != leaf.lanes {
            return Err(Error::usage(format!(
                "the input `{path}` has {} values where the program takes {}",
                words.lanes(),
                leaf.lanes
            )));
        }
        if let Some(lane) = misfit(words, leaf.scalar, leaf.range) {
            return Err(Error::usage(format!(
                "value {lane} of the input `{path}` is out of its range"
            )));
        }
    }
    Ok(())
}

/// The first lane that is no word of a type, or out of a range.
fn misfit(words: &Elements, scalar: Scalar, range: Option<(Integer, Integer)>) -> Option<usize> {
    // With the bit of the sign turned, words are in the order of the integers.
    let sign = match scalar.is_signed() {
        true => 1 << (scalar.width() - 1),
        false => 0,
    };
    let (low, high) = match range {
        Some((low, high)) => (
            scalar.wrap(low.word()) ^ sign,
            scalar.wrap(high.word()) ^ sign,
        ),
        None => (0, scalar.mask()),
    };
    let fits = |word: Word| scalar.wrap(word) == word && (low..=high).contains(&(word ^ sign));
    each!(words, v => v.iter().position(|word| !fits(word.word())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_what_the_integers_say() {
        for width in [1, 2, 5, 8] {
            for scalar in [Scalar::unsigned(width), Scalar::signed(width.max(2))] {
                let integers = || (0..=scalar.mask()).map(|word| Integer::of(scalar, word));
                let ends: Vec<Integer> = integers().step_by(3).collect();
                for (&low, &high) in ends
                    .iter()
                    .flat_map(|low| ends.iter().map(move |high| (low, high)))
                {
                    if low > high {
                        continue;
                    }
                    for word in 0..=scalar.mask() + 3 {
                        let inside = (low..=high).contains(&Integer::of(scalar, scalar.wrap(word)));
                        let fits = word <= scalar.mask() && inside;
                        let words = Elements::Narrow(vec![
                            low.word() as u64 & scalar.mask() as u64,
                            word as u64,
                        ]);
                        let found = misfit(&words, scalar, Some((low, high)));
                        assert_eq!(
                            found,
                            (!fits).then_some(1),
                            "{word} as {scalar} in {low}..={high}"
                        );
                    }
                }
                assert_eq!(
                    misfit(&Elements::Narrow(vec![0, 1 << width.max(2)]), scalar, None),
                    Some(1)
                );
            }
        }
    }
}
