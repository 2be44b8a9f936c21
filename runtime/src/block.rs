//! Wire labels: 128-bit strings, whose lowest bit is the colour.

use crate::error::Error;
use crate::mask::Mask;
use crate::ring::append_bytes;

/// A label, little-endian in messages.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Label(pub u128);

impl zeroize::DefaultIsZeroes for Label {}

/// Bytes of a label in a message.
pub const LABEL_LEN: usize = 16;

impl Label {
    /// All zeros.
    pub const ZERO: Self = Self(0);

    /// The lowest bit, 0 or 1.
    #[inline(always)]
    pub const fn colour(self) -> u64 {
        self.0 as u64 & 1
    }

    /// The lowest bit, to select by.
    #[inline(always)]
    pub fn colour_mask(self) -> Mask {
        Mask::lowest(self.0 as u64)
    }

    /// This label where the bit is one, else zeros.
    #[must_use]
    #[inline(always)]
    pub const fn select(self, bit: Mask) -> Self {
        Self(self.0 & bit.wide())
    }

    /// Labels of two words each, the low one first.
    pub fn of_words(words: &[u64]) -> Vec<Self> {
        let pairs = words.as_chunks::<2>().0.iter();
        pairs
            .map(|&[low, high]| Self(u128::from(low) | u128::from(high) << 64))
            .collect()
    }

    /// From a message.
    pub const fn from_bytes(bytes: [u8; LABEL_LEN]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }

    /// For a message.
    pub const fn to_bytes(self) -> [u8; LABEL_LEN] {
        self.0.to_le_bytes()
    }
}

impl std::ops::BitXor for Label {
    type Output = Self;
    fn bitxor(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

impl std::ops::BitXorAssign for Label {
    fn bitxor_assign(&mut self, other: Self) {
        self.0 ^= other.0;
    }
}

/// Labels of a vector of `width`-bit lanes, bit-major: zero labels at who garbles, the labels of the value at who evaluates.
#[derive(Clone)]
pub struct Labels {
    width: usize,
    lanes: usize,
    labels: Vec<Label>,
}

impl Labels {
    /// All zeros: what the evaluator holds of public values.
    pub fn zeros(width: usize, lanes: usize) -> Self {
        Self {
            width,
            lanes,
            labels: vec![Label::ZERO; width * lanes],
        }
    }

    /// Bits per lane.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of lanes.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// The labels of one bit.
    pub fn bit(&self, bit: usize) -> &[Label] {
        &self.labels[bit * self.lanes..(bit + 1) * self.lanes]
    }

    /// The labels of one bit.
    pub fn bit_mut(&mut self, bit: usize) -> &mut [Label] {
        &mut self.labels[bit * self.lanes..(bit + 1) * self.lanes]
    }

    /// Adds the labels of a message to those of lanes `from..from + lanes`, bit after bit.
    pub fn add_read(&mut self, from: usize, lanes: usize, bytes: &[u8]) {
        let labels = bytes.as_chunks().0;
        for (bit, labels) in labels.chunks_exact(lanes.max(1)).enumerate() {
            let into = &mut self.bit_mut(bit)[from..from + lanes];
            for (into, label) in into.iter_mut().zip(labels) {
                *into ^= Label::from_bytes(*label);
            }
        }
    }

    /// The colours of lanes `from..from + lanes` of one bit, 64 to a word.
    pub fn colours(&self, bit: usize, from: usize, lanes: usize) -> impl Iterator<Item = u64> + '_ {
        self.bit(bit)[from..from + lanes].chunks(64).map(|chunk| {
            chunk
                .iter()
                .enumerate()
                .fold(0, |w, (i, l)| w | l.colour() << i)
        })
    }

    /// Lanes `from..from + lanes`.
    #[must_use]
    pub fn slice(&self, from: usize, lanes: usize) -> Self {
        self.gather(&[from], lanes)
    }

    /// Overwrites lanes from `from` on.
    ///
    /// # Errors
    /// A bug: labels of another width, or more lanes than there are.
    pub fn put(&mut self, from: usize, part: &Self) -> Result<(), Error> {
        self.scatter(&[from], part, part.lanes)
    }

    /// Blocks of consecutive lanes that start at `index`.
    #[must_use]
    pub fn gather(&self, index: &[usize], block: usize) -> Self {
        let mut out = Self::zeros(self.width, 0);
        out.lanes = index.len() * block;
        out.labels.reserve(self.width * out.lanes);
        for bit in 0..self.width {
            for &i in index {
                out.labels.extend_from_slice(&self.bit(bit)[i..i + block]);
            }
        }
        out
    }

    /// Overwrites blocks of consecutive lanes; later ones win.
    ///
    /// # Errors
    /// A bug: labels of another width, not a block for each index, or one that reaches beyond the end.
    pub fn scatter(&mut self, index: &[usize], val: &Self, block: usize) -> Result<(), Error> {
        let inside = |&i: &usize| i.checked_add(block).is_some_and(|end| end <= self.lanes);
        fits((self.width, index.len() * block) == (val.width, val.lanes))?;
        fits(index.iter().all(inside))?;
        for bit in 0..self.width {
            for (k, &i) in index.iter().enumerate() {
                self.bit_mut(bit)[i..i + block]
                    .copy_from_slice(&val.bit(bit)[k * block..(k + 1) * block]);
            }
        }
        Ok(())
    }

    /// One vector after the other.
    ///
    /// # Errors
    /// A bug: labels of different widths.
    pub fn concat(width: usize, parts: &[&Self]) -> Result<Self, Error> {
        fits(parts.iter().all(|part| part.width == width))?;
        let mut out = Self::zeros(width, 0);
        out.lanes = parts.iter().map(|p| p.lanes).sum();
        out.labels.reserve(width * out.lanes);
        for bit in 0..width {
            for part in parts {
                out.labels.extend_from_slice(part.bit(bit));
            }
        }
        Ok(out)
    }
}

/// What is put together has the shape that it must have, or a protocol is wrong: nothing is cut to fit.
fn fits(shapes: bool) -> Result<(), Error> {
    match shapes {
        true => Ok(()),
        false => Err(Error::bug("labels of different shapes")),
    }
}

impl Drop for Labels {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.labels);
    }
}

/// Appends labels to a message.
pub fn write_labels(labels: &[Label], out: &mut Vec<u8>) {
    append_bytes(labels, out, Label::to_bytes);
}

/// The labels of a message.
pub fn read_labels(bytes: &[u8]) -> impl Iterator<Item = Label> + '_ {
    bytes.as_chunks().0.iter().map(|&b| Label::from_bytes(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    /// What does not fit is a bug that is told, and nothing is cut or filled up.
    #[test]
    fn other_shapes_are_refused() {
        let is_bug = |result: Result<(), Error>| result.is_err_and(|e| e.fault() == Fault::Bug);
        let (whole, half, wider) = (
            Labels::zeros(3, 8),
            Labels::zeros(3, 4),
            Labels::zeros(4, 8),
        );
        let mut into = whole.clone();
        for (from, part, fits) in [
            (0, &whole, true),
            (1, &whole, false),
            (4, &half, true),
            (5, &half, false),
            (usize::MAX, &half, false),
            (0, &wider, false),
        ] {
            assert_eq!(is_bug(into.put(from, part)), !fits, "{from}");
        }
        for (index, fits) in [(&[0, 6][..], true), (&[0][..], false), (&[0, 7][..], false)] {
            assert_eq!(is_bug(into.scatter(index, &half, 2)), !fits, "{index:?}");
        }
        assert!(is_bug(Labels::concat(3, &[&whole, &wider]).map(drop)));
        assert_eq!(
            Labels::concat(3, &[&whole, &half]).map(|l| l.lanes()).ok(),
            Some(12)
        );
    }
}
