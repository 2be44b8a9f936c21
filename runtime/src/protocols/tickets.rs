//! Numbers of randomness, given to operations when they begin.
//!
//! Generators have no position (`prg`): what is drawn is a function of a number, and all parties must use the same numbers for the
//! same thing, each once. An operation reserves all that it will draw when it begins, and a block of its lanes has its place
//! among them. So what a block draws does not depend on when it is computed, by which thread, or on what else is under way.

/// Numbers that are not given away yet. Operations begin in the same order at all parties.
#[derive(Default)]
pub(super) struct Numbers {
    next: u64,
}

/// What one operation reserved: so many numbers for each of its blocks.
#[derive(Clone, Copy)]
pub(super) struct Ticket {
    first: u64,
    per_block: u64,
}

impl Numbers {
    /// Reserves `per_block` numbers for each of so many blocks.
    pub(super) fn reserve(&mut self, n_blocks: usize, per_block: usize) -> Ticket {
        let (first, per_block) = (self.next, per_block as u64);
        self.next += n_blocks as u64 * per_block;
        Ticket { first, per_block }
    }

    /// Reserves numbers for an operation that is not cut: the first of them.
    pub(super) fn take(&mut self, numbers: usize) -> u64 {
        self.reserve(1, numbers).first
    }
}

impl Ticket {
    /// The first number of a block.
    pub(super) fn block(self, block: usize) -> u64 {
        self.first + block as u64 * self.per_block
    }
}
