//! What a party gives, as authenticated bits.
//!
//! - **Functionality**: the owner's bits become shared; the other party learns nothing.
//! - **Adversary**: malicious, either party: whatever an owner sends is some input.
//! - **Source**: Nielsen et al. (CRYPTO 2012), section 3: a random authenticated bit of the owner, and the difference to it.
//! - **Assumptions**: none beyond those of the bits.
//! - **Cost**: one round; one bit from the owner for each. One authenticated bit each.
//! - **Departures from the paper**: of a bit that is authenticated both ways the other party's half is left out.
//! - **Leakage and failure**: the difference is masked by a bit that the other party knows nothing of, and that is used once.

use zeroize::Zeroizing;

use super::pool::Run;
use super::{Authenticated, MAC, PARTS};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::interface::{Clear, Owned};
use crate::protocols::sharing::{Boolean, Share};
use crate::protocols::{Begun, Machine, Outcome, Step, Stepped, Value};
use smpcc_circuit::cost::{Delay, Demand};

struct Input {
    owner: usize,
    width: usize,
    lanes: usize,
    /// At the owner.
    value: Option<Zeroizing<Bits>>,
    masks: Run,
    /// The owner's random bits, and what goes with them, as parts of a share.
    share: Option<Boolean>,
}

/// Shares an input; the value is there at its owner.
pub(super) fn begin(
    suite: &mut Authenticated,
    input: &Owned,
    value: Clear,
) -> Result<Begun<Authenticated>, Error> {
    let Clear::Bits(value) = value else {
        return Err(super::not_offered());
    };
    let (width, lanes) = (input.bits as usize, input.lanes);
    let words = Demand::words(width as u64 * lanes as u64) / 64;
    let input = Input {
        owner: input.owner,
        width,
        lanes,
        value,
        masks: suite.pools.bits.take(words as usize)?,
        share: None,
    };
    if words == 0 {
        let share = Share::Boolean(Boolean::zeros(PARTS, width, lanes));
        return crate::protocols::sharing::done(vec![share]);
    }
    Ok(Begun::Machine(Box::new(input)))
}

impl Input {
    /// The share of the owner's random bits: the owner has bits and MACs, the other party keys.
    fn random(&self, me: usize) -> Boolean {
        let mut share = Boolean::zeros(PARTS, self.width, self.lanes);
        let n = words_for(self.lanes);
        let mut room = Zeroizing::new(vec![0; PARTS * n]);
        let kept = match me == self.owner {
            true => 0..1 + MAC,
            false => 1 + MAC..PARTS,
        };
        for bit in 0..self.width {
            self.masks.read(0, bit * self.lanes, self.lanes, &mut room);
            let parts = room.chunks_exact(n).zip(&mut share.part).enumerate();
            for (_, (words, part)) in parts.filter(|(i, _)| kept.contains(i)) {
                part.bit_mut(bit).copy_from_slice(words);
            }
        }
        share
    }

    fn len(&self) -> usize {
        (self.width * self.lanes).div_ceil(8)
    }
}

impl Machine<Authenticated> for Input {
    fn step(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<Authenticated>, Error> {
        let (mine, other) = (suite.me == self.owner, suite.other());
        let Some(mut share) = self.share.take() else {
            let mut share = self.random(suite.me);
            if mine {
                let value = self.value.take();
                let value = value.ok_or_else(|| Error::bug("an owner without its input"))?;
                // What is sent is Λ = x ⊕ a; the owner's bit becomes a ⊕ Λ, and the MAC stays.
                let mut told = share.part[0].clone();
                told.xor_assign(&value)?;
                share.part[0] = Bits::clone(&value);
                wire.send(other, |out| {
                    let mut packer = Packer::new(out);
                    told.pack(0, self.lanes, &mut packer);
                    packer.finish();
                })?;
            } else {
                wire.expect(other, self.len())?;
            }
            self.share = Some(share);
            return Ok(Step::Waiting);
        };
        if !mine {
            let mut told = Bits::zeros(self.width, self.lanes);
            told.unpack(
                0,
                self.lanes,
                &mut Unpacker::new(wire.take(other, self.len())?),
            );
            // The key becomes K ⊕ Λ·Δ.
            for (part, mask) in share.part[1 + MAC..]
                .iter_mut()
                .zip(suite.delta.masks.iter())
            {
                for (key, bit) in part.words_mut().iter_mut().zip(told.words()) {
                    *key ^= bit & mask;
                }
            }
        }
        let values = vec![Value::Shared(Share::Boolean(share))];
        Ok(Step::Done(Outcome::Values(values), Delay::Rounds(1)))
    }
}
