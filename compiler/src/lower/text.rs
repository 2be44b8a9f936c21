//! What texts are asked: a text is one word, its first byte on top and zeros after its end.

use super::Tracer;
use super::fault::{Fault, Stop, Traced, code};
use super::value::{Leaf, Val};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::{Scalar, Word};

impl<'h> Tracer<'h> {
    /// How many bytes of a text are not zero.
    pub(super) fn text_len(&mut self, text: &Leaf) -> Traced<Leaf> {
        let u8s = Scalar::unsigned(8);
        let mut len = Leaf::word(u8s, 0);
        for at in 0..text.scalar.width() / 8 {
            let mask = Leaf::word(text.scalar, 0xff << (8 * at));
            let byte = self.word(WordOp::And, text.scalar, &[text.clone(), mask])?;
            let zero = Leaf::word(text.scalar, 0);
            let there = self.word(WordOp::Ne, Scalar::Bool, &[byte, zero])?;
            let there = self.cast(&there, u8s)?;
            len = self.word(WordOp::Add, u8s, &[len, there])?;
        }
        Ok(len)
    }

    /// The same text with more zeros behind it.
    pub(super) fn longer_text(&mut self, text: &Leaf, to: Scalar) -> Traced<Leaf> {
        let (n, m) = (text.scalar.width() / 8, to.width() / 8);
        if n > m {
            let message = format!("a `str<{n}>` does not fit in a `str<{m}>`");
            let fault = Fault::new(code::LENGTHS, self.span, message).here("made shorter here");
            return Err(fault.help("make the shorter text longer").into());
        }
        let wide = self.cast(text, to)?;
        if n == m {
            return Ok(wide);
        }
        let by = Leaf::word(Scalar::unsigned(8), Word::from(8 * (m - n)));
        self.word(WordOp::Shl, to, &[wide, by])
    }

    /// The bytes of a text, in order.
    pub(super) fn text_bytes(&mut self, text: &Leaf) -> Traced<Val<'h>> {
        if self.batch.is_some() {
            return Err(Stop::NotElementwise);
        }
        let byte = Scalar::unsigned(8);
        let mut bytes = Vec::new();
        for at in (0..text.scalar.width() / 8).rev() {
            let by = Leaf::word(byte, u128::from(8 * at));
            let part = self.word(WordOp::Shr, text.scalar, &[text.clone(), by])?;
            bytes.push(self.cast(&part, byte)?);
        }
        let n = bytes.len() as u64;
        Ok(Val::Array(n, Box::new(Val::Leaf(self.concat(&bytes)?))))
    }
}
