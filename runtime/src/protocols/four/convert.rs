//! Between arithmetic and Boolean shares, as far as nobody has to be asked; `open` has the composition.
//!
//! - **Functionality**: `Decompose`: components as Boolean-shared strings. `RandomParts`: three of the components of an arithmetic
//!   sharing to be.
//! - **Adversary**: malicious, one of four parties: nothing is sent.
//! - **Source**: Mohassel, Rindal, ABY3 (CCS 2018), section 5.3, with four components.
//! - **Assumptions**: AES-128 is a pseudo-random function.
//! - **Cost**: none.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: none.

use super::{
    Adversary, Arithmetic, Boolean, N, PARTS, Rep4, Share, component_of, numbers_for, part_of,
};
use crate::bits::{Bits, words_for};
use crate::error::Error;

/// Each component of the held integer as a Boolean sharing of its own: all its holders know it, so it is component `c` of string `c`, and
/// the other components are zero.
pub(super) fn decompose(me: usize, value: &Arithmetic, width: usize) -> Vec<Share> {
    let string = |component: usize| {
        let held = part_of(me, component).and_then(|part| Some((part, value.part.get(part)?)));
        Share::Boolean(match held {
            Some((part, elements)) => with_part(part, Bits::from_elements(width, elements)),
            None => Boolean::zeros(PARTS, width, value.lanes()),
        })
    };
    (0..N).map(string).collect()
}

/// A share of which only one part is not zero.
fn with_part(part: usize, bits: Bits) -> Boolean {
    let mut share = Boolean::zeros(PARTS, bits.width(), bits.lanes());
    share.part[part] = bits;
    share
}

/// Components 1, 2 and 3 of a sharing to be: string `c − 1` is drawn by the three holders of component `c`.
pub(super) fn random_parts<T: Adversary>(
    suite: &mut Rep4<T>,
    width: usize,
    lanes: usize,
) -> Result<Vec<Share>, Error> {
    let words = width * words_for(lanes);
    let number = suite.numbers.take(numbers_for(words));
    let string = |component: usize| {
        let Some(part) = part_of(suite.me, component) else {
            return Ok(Share::Boolean(Boolean::zeros(PARTS, width, lanes)));
        };
        let drawn = suite.draw(component, number, words)?;
        let bits = Bits::from_words(width, lanes, drawn)?;
        debug_assert_eq!(component_of(suite.me, part), component);
        Ok(Share::Boolean(with_part(part, bits)))
    };
    (1..N).map(string).collect()
}
