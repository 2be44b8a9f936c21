//! Room for secrets: vectors that leave nothing behind when they grow, and when they are given back.
//!
//! A vector that outgrows its block is copied to a larger one, and the old block goes back to the allocator as it is. For secrets that
//! are worth wiping, room is made here instead.

use std::mem::MaybeUninit;

use zeroize::Zeroize;

use crate::opaque::observed;

/// Overwrites all of a vector of numbers with zeros and leaves it empty, with its room: the same as its `zeroize`, with stores as wide as
/// there are instead of one for each byte.
pub fn clear<T: Copy + Default>(vector: &mut Vec<T>) {
    vector.fill(T::default());
    observed(vector);
    let beyond = vector.spare_capacity_mut();
    beyond.fill(MaybeUninit::new(T::default()));
    observed(beyond);
    vector.clear();
}

/// Makes room for `more` elements.
pub(crate) fn reserve<T: Copy + Zeroize>(vector: &mut Vec<T>, more: usize) {
    let len = vector.len() + more;
    if len > vector.capacity() {
        let mut larger = Vec::with_capacity(len.max(2 * vector.capacity()));
        larger.extend_from_slice(vector);
        vector.zeroize();
        *vector = larger;
    }
}

/// Cuts to `len` elements, or fills up with `value`.
pub(crate) fn resize<T: Copy + Zeroize>(vector: &mut Vec<T>, len: usize, value: T) {
    reserve(vector, len.saturating_sub(vector.len()));
    vector.resize(len, value);
}
