//! Names of studies and of contributions: fixed-width bytes, written as hexadecimal digits.

use crate::Error;
use smpcc_runtime::hash::sha256;
use smpcc_runtime::prg::OsEntropy;
use std::fmt;
use std::str::FromStr;

/// A study: SHA-256 of the exact bytes of its `study.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StudyId(pub [u8; 32]);

/// A contribution or a stored result within a study: drawn at random by whoever makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContributionId(pub [u8; 16]);

impl StudyId {
    /// The study of a file with these bytes.
    pub fn of_file(bytes: &[u8]) -> Self {
        Self(sha256(bytes).0)
    }
}

impl ContributionId {
    /// A fresh one.
    ///
    /// # Errors
    /// An operating system without randomness.
    pub fn fresh() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        OsEntropy
            .fill(&mut bytes)
            .map_err(|e| Error::new(e.to_string()))?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for StudyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Display for ContributionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl FromStr for StudyId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read_hex(text).map(Self)
    }
}

impl FromStr for ContributionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read_hex(text).map(Self)
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of lower-case hexadecimal digits, of any number.
///
/// # Errors
/// It is something else.
pub fn unhex(digits: &str) -> Result<Vec<u8>, Error> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let pair = std::str::from_utf8(pair).unwrap_or_default();
        read_hex::<1>(pair).map(|[byte]| byte)
    };
    match rest {
        [] => pairs.iter().map(byte).collect(),
        _ => Err(Error::new("expected pairs of hexadecimal digits")),
    }
}

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Exactly `N` bytes from lower-case hexadecimal digits; there is one way to write each.
pub(crate) fn read_hex<const N: usize>(text: &str) -> Result<[u8; N], Error> {
    let wrong = || Error::new(format!("expected {} hexadecimal digits", 2 * N));
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return Err(wrong());
    }
    let digit = |c: u8| match c {
        b'0'..=b'9' => Ok(c - b'0'),
        b'a'..=b'f' => Ok(c - b'a' + 10),
        _ => Err(wrong()),
    };
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        let study = StudyId::of_file(b"a study");
        assert_eq!(study.to_string().parse(), Ok(study));
        let id = ContributionId::fresh().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(Ok(id), ContributionId::fresh());
        for wrong in ["", "0", &"A".repeat(32), &"0".repeat(33), &"é".repeat(16)] {
            assert!(wrong.parse::<ContributionId>().is_err(), "{wrong}");
        }
    }
}
