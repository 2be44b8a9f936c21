//! Correlations: randomness that parties make together before they use it, once.
//!
//! Demands are counted per kind, so that what a region needs is a sum and what is made ahead is exactly what is used.
//! Counts of one operation are rounded up to whole bytes of bit-sized correlations ([`Demand::bits`]), so that cutting its
//! lanes into blocks of multiples of 64 changes nothing.

use crate::sorted::SortedMap;

/// A kind of correlation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Correlation {
    /// XOR-shared bits a, b and ab.
    BitTriple,
    /// Shares mod 2^ring of a, b and ab.
    Triple {
        /// log2 of the modulus.
        ring: u8,
    },
    /// A random bit in XOR shares and in shares mod 2^ring.
    DaBit {
        /// log2 of the modulus.
        ring: u8,
    },
    /// A correlated oblivious transfer of a wire's labels.
    Label,
    /// An oblivious transfer of random strings of 128 bits with a random choice, each way between all pairs.
    Transfer,
    /// A random bit in XOR shares, each with a MAC under a key of the other party.
    AuthBit,
    /// Such bits a, b and ab.
    AuthTriple,
    /// A group of random elements in sharings of degree t, as many as one extraction gives, to each of which keys add an
    /// additive sharing in place of one of degree 2t; 1 for words of 64 bits.
    DoubleSharing {
        /// log2 of the modulus.
        ring: u8,
    },
}

impl Correlation {
    /// How many are made at a time, at most, when an operation does not need more: about 2^20 bit triples, or a few MiB of
    /// what is sent and held. A multiple of 64 that depends on the kind alone, so that all parties cut alike.
    pub const fn batch(self) -> u64 {
        match self {
            Self::BitTriple => 1 << 20,
            Self::Triple { ring } => (1 << 20) / bits(ring),
            Self::DaBit { ring } => (1 << 22) / bits(ring),
            Self::DoubleSharing { ring } => (1 << 18) / if ring == 1 { 64 } else { bits(ring) },
            Self::Label | Self::Transfer => 1 << 17,
            Self::AuthBit | Self::AuthTriple => 1 << 16,
        }
    }

    /// The sizes of the batches that it is made in, the largest first and each a multiple of the next; none where as many are made as are
    /// used.
    pub const fn whole(self) -> &'static [u64] {
        match self {
            Self::AuthTriple => &[1 << 16, 1 << 12, 1 << 10],
            Self::AuthBit => &[1 << 16, 1 << 10],
            Self::BitTriple
            | Self::Triple { .. }
            | Self::DaBit { .. }
            | Self::Label
            | Self::Transfer
            | Self::DoubleSharing { .. } => &[],
        }
    }

    /// Bits that a party holds of one, where they have MACs; others are little beside what is computed with them.
    pub const fn bits_with_macs(self) -> u64 {
        match self {
            Self::AuthTriple => 3 * super::authenticated::PARTS,
            Self::AuthBit => super::authenticated::PARTS,
            Self::BitTriple
            | Self::Triple { .. }
            | Self::DaBit { .. }
            | Self::Label
            | Self::Transfer
            | Self::DoubleSharing { .. } => 0,
        }
    }

    /// What is made for one of a whole batch of such a size, relative to other sizes.
    pub const fn share_of(self, size: u64) -> u64 {
        match self {
            Self::AuthTriple => super::authenticated::bucket(size),
            Self::AuthBit
            | Self::BitTriple
            | Self::Triple { .. }
            | Self::DaBit { .. }
            | Self::Label
            | Self::Transfer
            | Self::DoubleSharing { .. } => 1,
        }
    }
}

/// A ring's bits, as a power of two that divides batches.
const fn bits(ring: u8) -> u64 {
    (ring as u64).next_power_of_two()
}

/// How many correlations of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand(SortedMap<Correlation, u64>);

impl Demand {
    /// One kind.
    pub fn of(kind: Correlation, count: u64) -> Self {
        let mut demand = Self::default();
        demand.add(kind, count);
        demand
    }

    /// A number of bit-sized correlations, in whole bytes.
    pub const fn bits(count: u64) -> u64 {
        count.div_ceil(8).saturating_mul(8)
    }

    /// A number of correlations, in whole words of 64.
    pub const fn words(count: u64) -> u64 {
        count.div_ceil(64).saturating_mul(64)
    }

    /// More of one kind.
    pub fn add(&mut self, kind: Correlation, count: u64) {
        if count > 0 {
            let sum = self.0.entry(kind).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// Another demand, a number of times.
    pub fn add_times(&mut self, other: &Self, times: u64) {
        for (kind, count) in other.iter() {
            self.add(kind, count.saturating_mul(times));
        }
    }

    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The count of a kind.
    pub fn count(&self, kind: Correlation) -> u64 {
        self.0.get(&kind).copied().unwrap_or(0)
    }

    /// All kinds needed, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Correlation, u64)> + '_ {
        self.0.iter().map(|(&kind, &count)| (kind, count))
    }
}
