//! The encoding of what parties tell each other outside of shares: fixed-width little-endian numbers and
//! length-prefixed bytes, every length capped.
//!
//! Written by hand and small on purpose: it reads what a hostile peer sends. Reading never allocates more than
//! the cap of the field being read, never panics, and [`Reader::finish`] refuses trailing bytes.

/// What a peer sent is not what the format says; holds what was being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Writes fields one after another.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.fixed(&value.to_le_bytes())
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.fixed(&value.to_le_bytes())
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.fixed(&value.to_le_bytes())
    }

    /// Bytes whose number both sides know.
    pub(crate) fn fixed(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Bytes with their number in front; the caller keeps to the field's cap, which is below 4 GiB.
    pub(crate) fn sized(&mut self, bytes: &[u8]) -> &mut Self {
        self.u32(bytes.len() as u32).fixed(bytes)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads fields one after another.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], Malformed> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Malformed(what))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, Malformed> {
        self.array(what).map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, Malformed> {
        self.array(what).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, Malformed> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, Malformed> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// Bytes with their number in front, at most `cap` of them.
    pub(crate) fn sized(&mut self, cap: usize, what: &'static str) -> Result<&'a [u8], Malformed> {
        let len = self.u32(what)? as usize;
        if len > cap || len > self.rest.len() {
            return Err(Malformed(what));
        }
        let (head, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(head)
    }

    /// Text with its length in bytes in front.
    pub(crate) fn text(&mut self, cap: usize, what: &'static str) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.sized(cap, what)?).map_err(|_| Malformed(what))
    }

    /// The number of elements that follow, at most `cap`.
    pub(crate) fn count(&mut self, cap: usize, what: &'static str) -> Result<usize, Malformed> {
        let n = self.u32(what)? as usize;
        if n > cap {
            return Err(Malformed(what));
        }
        Ok(n)
    }

    /// Refuses trailing bytes.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        match self.rest {
            [] => Ok(()),
            [..] => Err(Malformed("the end")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back() {
        let mut w = Writer::default();
        w.u8(1).u16(2).u32(3).u64(4).sized(b"five").fixed(b"six");
        let bytes = w.finish();
        let mut r = Reader::new(&bytes);
        assert_eq!(r.u8("").unwrap(), 1);
        assert_eq!(r.u16("").unwrap(), 2);
        assert_eq!(r.u32("").unwrap(), 3);
        assert_eq!(r.u64("").unwrap(), 4);
        assert_eq!(r.text(4, "").unwrap(), "five");
        assert_eq!(&r.array::<3>("").unwrap(), b"six");
        r.finish().unwrap();
    }

    #[test]
    fn lengths_are_checked_before_use() {
        let huge = u32::MAX.to_le_bytes();
        assert_eq!(Reader::new(&huge).sized(1 << 20, "x"), Err(Malformed("x")));
        assert_eq!(Reader::new(&huge).count(10, "x"), Err(Malformed("x")));
        let beyond = [4, 0, 0, 0, 1, 2, 3];
        assert_eq!(Reader::new(&beyond).sized(10, "x"), Err(Malformed("x")));
        assert_eq!(Reader::new(&[0]).u16("x"), Err(Malformed("x")));
        assert_eq!(Reader::new(&[0]).finish(), Err(Malformed("the end")));
        assert_eq!(
            Reader::new(&[1, 0, 0, 0, 0xff]).text(9, "x"),
            Err(Malformed("x"))
        );
    }
}
