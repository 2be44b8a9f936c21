//! Bit triples: transfers both ways between all pairs, of bits whose product both sides of a pair then share.
//!
//! Asharov, Lindell, Schneider, Zohner (CCS 2013), section 5.1. With more than two parties a receiver fixes its choices, and a sender
//! corrects its factors towards all receivers but the first.

use smpcc_circuit::cost::Delay;
use zeroize::Zeroizing;

use super::{TRANSFERS, WINDOW, out_of_turn};
use crate::bits::{Packer, Unpacker, words_for};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Outcome;
use crate::protocols::operands::block_range;
use crate::protocols::ot::products::{ReceivedBits, receive_bits, send_bits};
use crate::protocols::pairwise::pool::{BitRun, BitTriples};
use crate::protocols::pairwise::{Pairwise, Share, party};
use crate::protocols::pipeline::{Blocks, Place};

/// Bit triples.
pub(super) struct MakeBits {
    pub(super) count: usize,
    /// Parties.
    pub(super) n: usize,
    /// Rounds of the receivers' messages.
    pub(super) asking: u32,
}

#[derive(Default)]
pub(super) struct BitState {
    a: Zeroizing<Vec<u64>>,
    b: Zeroizing<Vec<u64>>,
    /// Shares of products so far.
    c: Zeroizing<Vec<u64>>,
    /// By sender, where its correction is still to come.
    received: Vec<Option<ReceivedBits>>,
    /// By receiver, until it is sent.
    corrections: Vec<Option<Vec<u64>>>,
}

fn add_words(sum: &mut [u64], other: &[u64]) {
    sum.iter_mut().zip(other).for_each(|(s, o)| *s ^= *o);
}

/// The party towards which a sender's bits are not corrected.
fn first_of(party: usize) -> usize {
    usize::from(party == 0)
}

impl Blocks<Pairwise> for MakeBits {
    type State = BitState;

    fn n_blocks(&self) -> usize {
        self.count.div_ceil(TRANSFERS)
    }

    fn n_phases(&self) -> u32 {
        if self.n > 2 { 2 } else { 1 }
    }

    fn window(&self) -> usize {
        WINDOW
    }

    fn send(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        state: &mut BitState,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        if place.phase == 1 {
            for other in suite.others() {
                if let Some(corrections) = state.corrections[other].take() {
                    wire.send(party(other), |out| {
                        let mut packer = Packer::new(out);
                        packer.push(&corrections, n);
                        packer.finish();
                    })?;
                }
                if suite.me != first_of(other) {
                    wire.expect(party(other), n.div_ceil(8))?;
                }
            }
            return Ok(());
        }
        let fixed = suite.fixes();
        *state = BitState::default();
        state.c.resize(words_for(n), 0);
        state.received.resize_with(suite.n, || None);
        state.corrections.resize_with(suite.n, || None);
        if fixed {
            *state.b = suite.fresh_words(words_for(n));
        }
        for other in suite.others() {
            let end = suite.ends.receiver(other)?;
            let factors = fixed.then_some(&state.b[..]);
            let mut received = None;
            wire.send(party(other), |out| {
                received = Some(receive_bits(end, n, factors, out));
            })?;
            let received = received.ok_or_else(out_of_turn)??;
            if !fixed {
                *state.b = received.factors.clone();
            }
            state.received[other] = Some(received);
            let route = suite.ends.sender(other)?.route();
            wire.expect(party(other), route.message_len(n, fixed))?;
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        state: &mut BitState,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        let (fixed, n_phases) = (suite.fixes(), self.n_phases());
        if place.phase == 0 {
            for other in suite.others() {
                let end = suite.ends.sender(other)?;
                let message = wire.take(party(other), end.route().message_len(n, fixed))?;
                let mut sent = send_bits(end, n, fixed, message)?;
                if other == first_of(suite.me) {
                    *state.a = sent.factors.clone();
                } else {
                    state.corrections[other] = Some(sent.replace_factors(&state.a));
                }
                add_words(&mut state.c, &sent.shares);
            }
        }
        if place.phase + 1 < n_phases {
            return Ok(());
        }
        for other in suite.others() {
            let mut received = state.received[other].take().ok_or_else(out_of_turn)?;
            if place.phase == 1 && suite.me != first_of(other) {
                let mut corrections = vec![0; words_for(n)];
                let bytes = wire.take(party(other), n.div_ceil(8))?;
                Unpacker::new(bytes).pull(&mut corrections, n);
                received.correct(&corrections);
            }
            add_words(&mut state.c, &received.shares);
        }
        let state = std::mem::take(state);
        let own = state.a.iter().zip(state.b.iter());
        let c = state.c.iter().zip(own).map(|(c, (a, b))| c ^ (a & b));
        suite.pools.put_bits(BitTriples {
            c: BitRun::new(c.collect(), n),
            a: BitRun::new(state.a.to_vec(), n),
            b: BitRun::new(state.b.to_vec(), n),
        });
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(Outcome::Values(Vec::new()))
    }

    fn delay(&self, n_phases: u32) -> Delay {
        Delay::Rounds(n_phases - 1 + self.asking)
    }
}
