//! Fixed-width numbers and counted strings in files: written one way, and read with limits.

use crate::Error;
use crate::id::{ContributionId, StudyId};

/// The longest string, in bytes.
const MAX_TEXT: usize = 1 << 12;

/// Bytes in the making; numbers are big-endian.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn u8(&mut self, n: u8) -> &mut Self {
        self.raw(&[n])
    }

    pub(crate) fn u16(&mut self, n: u16) -> &mut Self {
        self.raw(&n.to_be_bytes())
    }

    pub(crate) fn u32(&mut self, n: u32) -> &mut Self {
        self.raw(&n.to_be_bytes())
    }

    pub(crate) fn u64(&mut self, n: u64) -> &mut Self {
        self.raw(&n.to_be_bytes())
    }

    pub(crate) fn u128(&mut self, n: u128) -> &mut Self {
        self.raw(&n.to_be_bytes())
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.u32(text.len() as u32).raw(text.as_bytes())
    }
}

/// Bytes that are read from front to back. Whatever is wrong with them is one error: they are cut short or damaged.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn raw(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (head, rest) = self.0.split_at_checked(len).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut out = [0; N];
        out.copy_from_slice(self.raw(N)?);
        Ok(out)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn u128(&mut self) -> Result<u128, Error> {
        self.array().map(u128::from_be_bytes)
    }

    pub(crate) fn bytes32(&mut self) -> Result<[u8; 32], Error> {
        self.array()
    }

    pub(crate) fn study(&mut self) -> Result<StudyId, Error> {
        self.array().map(StudyId)
    }

    pub(crate) fn contribution(&mut self) -> Result<ContributionId, Error> {
        self.array().map(ContributionId)
    }

    pub(crate) fn text(&mut self) -> Result<String, Error> {
        let len = self.u32()? as usize;
        if len > MAX_TEXT {
            return Err(damaged());
        }
        let text = std::str::from_utf8(self.raw(len)?).map_err(|_| damaged())?;
        Ok(text.to_owned())
    }

    /// How many things follow, each of at least so many bytes.
    pub(crate) fn count(&mut self, least: usize) -> Result<usize, Error> {
        let n = self.u32()? as usize;
        match n.checked_mul(least.max(1)) {
            Some(len) if len <= self.0.len() => Ok(n),
            _ => Err(damaged()),
        }
    }

    pub(crate) fn end(&self) -> Result<(), Error> {
        match self.0 {
            [] => Ok(()),
            _ => Err(damaged()),
        }
    }
}

pub(crate) fn damaged() -> Error {
    Error::new("it is cut short or damaged")
}
