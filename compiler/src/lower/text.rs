//! What texts are asked: a text is one word, its first byte on top and zeros after its end.

use super::Tracer;
use super::fault::{Stop, Traced};
use super::value::{Leaf, Val};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::value::Scalar;

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
