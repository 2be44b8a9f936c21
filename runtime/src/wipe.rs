//! Room for secrets: vectors that leave nothing behind when they grow.
//!
//! A vector that outgrows its block is copied to a larger one, and the old block goes back to the allocator as it is. For secrets that
//! are worth wiping, room is made here instead.

use zeroize::Zeroize;

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
