//! Random bits in two sharings, one party's bit after the other.
//!
//! x ⊕ b = x + b − 2xb (ABY3, CCS 2018, section 5.3); a product of a party's share of x and another party's bit takes one transfer
//! and a correction of k − 1 bits, for it is doubled.

use std::marker::PhantomData;

use smpcc_circuit::cost::Delay;
use zeroize::Zeroizing;

use super::{TRANSFERS, WINDOW, out_of_turn};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::mask::Mask;
use crate::protocols::Outcome;
use crate::protocols::operands::block_range;
use crate::protocols::pairwise::pool::{BitRun, slice};
use crate::protocols::pairwise::{Pairwise, Share, party};
use crate::protocols::pipeline::{Blocks, Place};
use crate::ring::{Element, for_width};

/// Random bits as bits and mod 2^ring. Phase 0 makes transfers; in phase `s` party `s`'s bit is folded in: with x the sum of the
/// bits of parties below `s`, each of these has a share of x, which times the bit of party `s` needs one correction.
pub(super) struct MakeDaBits<E: Element> {
    count: usize,
    ring: u32,
    parties: usize,
    /// Rounds of the receivers' messages.
    asking: u32,
    /// The machine word of the ring.
    word: PhantomData<E>,
}

pub(super) struct DaBitState<E: Element> {
    bits: Zeroizing<Vec<u64>>,
    /// The share of the sum so far.
    share: Zeroizing<Vec<E>>,
    /// By receiver: both strings, mod 2^(ring − 1).
    sent: Vec<Zeroizing<Vec<[E; 2]>>>,
    /// By sender: the chosen strings.
    chosen: Vec<Zeroizing<Vec<E>>>,
}

impl<E: Element> MakeDaBits<E> {
    pub(super) fn new(suite: &Pairwise, count: usize, ring: u8) -> Self {
        Self {
            count,
            ring: ring.into(),
            parties: suite.n,
            asking: suite.asking_rounds(),
            word: PhantomData,
        }
    }

    fn correction_len(&self, n: usize) -> usize {
        ((self.ring as usize - 1) * n).div_ceil(8)
    }
}

fn bit(words: &[u64], at: usize) -> u64 {
    words.get(at / 64).copied().unwrap_or(0) >> (at % 64) & 1
}

impl<E: Element> Blocks<Pairwise> for MakeDaBits<E> {
    type State = Option<DaBitState<E>>;

    fn n_blocks(&self) -> usize {
        self.count.div_ceil(TRANSFERS)
    }

    fn n_phases(&self) -> u32 {
        // In the ring of two elements a share is its bit.
        if self.ring == 1 {
            1
        } else {
            self.parties as u32
        }
    }

    fn window(&self) -> usize {
        WINDOW
    }

    fn send(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        slot: &mut Option<DaBitState<E>>,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        let (me, fixed, low) = (suite.me, suite.fixes(), self.ring - 1);
        let len = self.correction_len(n);
        if place.phase > 0 {
            let (state, to) = (slot.as_mut().ok_or_else(out_of_turn)?, place.phase as usize);
            if me < to {
                // x·b: this party keeps −m_0, the other m_b + b·τ with τ = m_0 − m_1 + x.
                let lanes = state.sent[to].iter().zip(state.share.iter());
                let corrections = lanes.map(|([m0, m1], &x)| m0.sub(*m1).add(x).low(low));
                let corrections =
                    Bits::from_elements(low as usize, &E::wrap(corrections.collect()));
                wire.send(party(to), |out| {
                    let mut packer = Packer::new(out);
                    corrections.pack(0, n, &mut packer);
                    packer.finish();
                })?;
                // x ⊕ b = x + b − 2xb.
                for (x, [m0, _]) in state.share.iter_mut().zip(state.sent[to].iter()) {
                    *x = x.add(m0.add(*m0));
                }
            } else if me == to {
                for from in 0..me {
                    wire.expect(party(from), len)?;
                }
            }
            return Ok(());
        }
        let mut state = DaBitState {
            bits: Zeroizing::new(Vec::new()),
            share: Zeroizing::new(Vec::new()),
            sent: (0..suite.n).map(|_| Zeroizing::default()).collect(),
            chosen: (0..suite.n).map(|_| Zeroizing::default()).collect(),
        };
        if self.ring == 1 || me == 0 || fixed {
            *state.bits = suite.fresh_words(words_for(n));
        }
        if self.ring > 1 {
            for from in 0..me {
                let end = suite.ends.receiver(from)?;
                let choices = fixed.then_some(&state.bits[..]);
                let mut chosen = None;
                wire.send(party(from), |out| {
                    chosen = Some(end.chosen(n, choices, out));
                })?;
                let chosen = chosen.ok_or_else(out_of_turn)??;
                if !fixed {
                    *state.bits = chosen.choices.clone();
                }
                let strings = chosen.strings.iter().map(|s| E::of(s.0).low(low));
                *state.chosen[from] = strings.collect();
            }
            for from in me + 1..suite.n {
                let route = suite.ends.sender(from)?.route();
                wire.expect(party(from), route.message_len(n, fixed))?;
            }
        }
        if self.ring == 1 || me == 0 {
            let bits = (0..n).map(|l| E::of(bit(&state.bits, l).into()));
            *state.share = bits.collect();
        }
        *slot = Some(state);
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        slot: &mut Option<DaBitState<E>>,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        let (me, fixed, ring, low) = (suite.me, suite.fixes(), self.ring, self.ring - 1);
        let (len, last) = (self.correction_len(n), place.phase + 1 == self.n_phases());
        let state = slot.as_mut().ok_or_else(out_of_turn)?;
        if place.phase == 0 && ring > 1 {
            for to in me + 1..suite.n {
                let end = suite.ends.sender(to)?;
                let message = wire.take(party(to), end.route().message_len(n, fixed))?;
                let sent = &mut state.sent[to];
                sent.reserve(n);
                end.answer(n, fixed, message, |chunk| {
                    let [first, second] = chunk.strings;
                    let pairs = first.iter().zip(second);
                    sent.extend(pairs.map(|(a, b)| [a, b].map(|m| E::of(m.0).low(low))));
                })?;
            }
        } else if place.phase as usize == me && place.phase > 0 {
            let mut share: Vec<E> = (0..n).map(|l| E::of(bit(&state.bits, l).into())).collect();
            for from in 0..me {
                let mut tau = Bits::zeros(low as usize, n);
                tau.unpack(0, n, &mut Unpacker::new(wire.take(party(from), len)?));
                let tau = Zeroizing::new(for_width!(ring, F => {
                    // In the machine word of the ring, which may be wider than that of one bit less.
                    F::wrap(tau.to_elements().words().into_iter().map(F::of).collect())
                }));
                let lanes = slice::<E>(&tau)?.iter().zip(state.chosen[from].iter());
                for (l, (share, (&tau, &m))) in share.iter_mut().zip(lanes).enumerate() {
                    let product = m.add(tau.select(Mask::at(&state.bits, l)));
                    *share = share.sub(product.add(product));
                }
            }
            *state.share = share;
        }
        if last && let Some(state) = slot.take() {
            let elements = state.share.iter().map(|x| x.low(ring)).collect();
            let bits = BitRun::new(state.bits.to_vec(), n);
            suite.pools.put_dabits(ring, bits, E::wrap(elements));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(Outcome::Values(Vec::new()))
    }

    fn delay(&self, n_phases: u32) -> Delay {
        Delay::Rounds(if self.ring == 1 {
            0
        } else {
            n_phases - 1 + self.asking
        })
    }
}
