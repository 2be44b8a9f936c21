//! Bytes of shares: overwritten before their memory is given back.

use smpcc_runtime::wipe;
use std::ops::{Deref, DerefMut};

/// Bytes that are overwritten when they are dropped. There is no way to make them longer than the room that they were made with, so
/// that no copy is left behind elsewhere.
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// None yet, and room for so many.
    pub fn with_room(len: usize) -> Self {
        Self(Vec::with_capacity(len))
    }

    /// So many zeros.
    pub fn zeros(len: usize) -> Self {
        Self(vec![0; len])
    }

    /// Adds some at the end.
    ///
    /// # Panics
    /// There is no room for them.
    pub fn append(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.0.capacity() - self.0.len(), "no room");
        self.0.extend_from_slice(bytes);
    }

    /// Takes all out, and leaves the room.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Deref for SecretBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for SecretBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        wipe::clear(&mut self.0);
    }
}
