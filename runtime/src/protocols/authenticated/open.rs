//! Opening to both parties or to one.
//!
//! - **Functionality**: receivers learn the bits; nobody else learns anything.
//! - **Adversary**: malicious, either party, with abort.
//! - **Source**: Nielsen et al. (CRYPTO 2012), section 3.
//! - **Assumptions**: SHA-256 is collision resistant; a MAC of another bit is as hard to guess as Δ.
//! - **Cost**: one round; to each receiver the other party's bits and a hash of their MACs.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: a receiver learns the other party's bits, which are the value minus its own: they say no more. It stops unless
//!   the hash is that of MACs of these bits. Before anything is opened, MACs of all ANDs are compared (`macs`).

use smpcc_circuit::cost::Delay;
use subtle::ConstantTimeEq;

use super::{Authenticated, HASH, MAC, PARTS, macs};
use crate::bits::{Bits, Packer, Unpacker};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::hash::Transcript;
use crate::protocols::interface::Opening;
use crate::protocols::sharing::{Boolean, boolean};
use crate::protocols::{Begun, Machine, Step, Stepped};

struct Open {
    opening: Opening,
    /// Of this party's MACs, and of the other's.
    hashes: Option<[Transcript; 2]>,
    heard: Option<Transcript>,
}

/// Opens a value to those who receive it.
pub(super) fn begin(
    suite: &mut Authenticated,
    opening: Opening,
) -> Result<Begun<Authenticated>, Error> {
    let share = boolean(&opening.value)?;
    if share.part.len() != PARTS || share.width() != opening.width as usize {
        return Err(Error::bug("what is opened has another shape"));
    }
    let open = Open {
        hashes: Some(suite.macs.opening()?),
        heard: None,
        opening,
    };
    if open.len() == 0 {
        let nothing = Bits::zeros(open.opening.width as usize, 0);
        return Ok(Begun::Done(open.opening.outcome(nothing.to_elements())));
    }
    Ok(Begun::Machine(Box::new(open)))
}

impl Open {
    fn len(&self) -> usize {
        match (self.opening.width as usize * self.opening.lanes).div_ceil(8) {
            0 => 0,
            bits => bits + HASH,
        }
    }

    fn share(&self) -> Result<&Boolean, Error> {
        boolean(&self.opening.value)
    }
}

/// One bit of 128 parts, with zeros above the last lane.
fn columns(parts: &[Bits], bit: usize, lanes: usize, out: &mut Vec<u64>) {
    out.clear();
    for part in parts {
        let words = part.bit(bit);
        out.extend_from_slice(words);
        if let (rest @ 1.., Some(last)) = (lanes % 64, out.last_mut()) {
            *last &= (1 << rest) - 1;
        }
    }
}

impl Machine<Authenticated> for Open {
    fn step(
        &mut self,
        suite: &mut Authenticated,
        wire: &mut Exchange<'_>,
    ) -> Result<Stepped<Authenticated>, Error> {
        let (other, lanes, len) = (suite.other(), self.opening.lanes, self.len());
        let receives = |p: usize| self.opening.receives.get(p).copied().unwrap_or(false);
        let (mine, theirs) = (receives(suite.me), receives(other.index()));
        let mut room = Vec::new();
        if let Some([mut said, heard]) = self.hashes.take() {
            if theirs {
                let share = self.share()?;
                for bit in 0..share.width() {
                    columns(&share.part[1..=MAC], bit, lanes, &mut room);
                    macs::absorb(&mut said, &room, lanes);
                }
                let said = said.finish();
                wire.send(other, |out| {
                    let mut packer = Packer::new(out);
                    share.part[0].pack(0, lanes, &mut packer);
                    packer.finish();
                    out.extend_from_slice(&said.0);
                })?;
            }
            if mine {
                wire.expect(other, len)?;
            }
            self.heard = Some(heard);
            return Ok(Step::Waiting);
        }
        let mut heard = self.heard.take().ok_or_else(super::out_of_step)?;
        let kept = self.opening.kept();
        let mut opened = Bits::zeros(self.opening.width as usize, kept);
        if mine {
            let share = self.share()?;
            let message = wire.take(other, len)?;
            let (bits, hash) = message.split_at(len - HASH);
            opened.unpack(0, lanes, &mut Unpacker::new(bits));
            let mut expected = Vec::new();
            for bit in 0..share.width() {
                columns(&share.part[1 + MAC..], bit, lanes, &mut room);
                macs::expected(&room, opened.bit(bit), &suite.delta.masks, &mut expected);
                macs::absorb(&mut heard, &expected, lanes);
            }
            if !bool::from(heard.finish().0[..].ct_eq(hash)) {
                return Err(suite.fault("opened a value that is not its own"));
            }
            opened.xor_assign(&share.part[0])?;
        }
        let outcome = self.opening.outcome(opened.to_elements());
        Ok(Step::Done(outcome, Delay::Rounds(1)))
    }
}
