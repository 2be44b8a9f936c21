//! Triples mod 2^k: products of one party's random factor and another's, both ways between all pairs.
//!
//! Gilboa (CRYPTO 1999), section 4. A sender uses its own factor towards all; with more than two parties a receiver fixes its
//! factor too.

use smpcc_circuit::cost::Delay;
use zeroize::Zeroizing;

use super::{TRANSFERS, WINDOW, out_of_turn};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::protocols::Outcome;
use crate::protocols::linear;
use crate::protocols::operands::block_range;
use crate::protocols::ot::products::{
    Pending, products_len, products_ots, receive_products, send_products,
};
use crate::protocols::pairwise::pool::Triples;
use crate::protocols::pairwise::{Pairwise, Share, party};
use crate::protocols::pipeline::{Blocks, Place};
use crate::ring::Elements;

/// Triples mod 2^ring.
pub(super) struct MakeTriples {
    pub(super) count: usize,
    pub(super) ring: u32,
    /// Rounds of the receivers' messages.
    pub(super) asking: u32,
}

pub(super) struct TripleState {
    a: Zeroizing<Elements>,
    b: Zeroizing<Elements>,
    /// Shares of products so far.
    c: Zeroizing<Elements>,
    /// By sender.
    pending: Vec<Option<Pending>>,
    /// By receiver, until they are sent.
    replies: Vec<Vec<u8>>,
}

/// `sum ← sum + other` mod 2^ring.
fn add_to(ring: u32, sum: &mut Zeroizing<Elements>, other: Elements) -> Result<(), Error> {
    let other = Zeroizing::new(other);
    *sum = Zeroizing::new(linear::add(ring, sum, &other)?);
    Ok(())
}

impl MakeTriples {
    fn block(&self) -> usize {
        (TRANSFERS / self.ring as usize).next_multiple_of(64)
    }
}

impl Blocks<Pairwise> for MakeTriples {
    type State = Option<TripleState>;

    fn n_blocks(&self) -> usize {
        self.count.div_ceil(self.block())
    }

    fn n_phases(&self) -> u32 {
        2
    }

    fn window(&self) -> usize {
        WINDOW
    }

    fn send(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        slot: &mut Option<TripleState>,
    ) -> Result<(), Error> {
        let n = block_range(place.block, self.block(), self.count).len();
        let (ring, fixed) = (self.ring, suite.fixes());
        if place.phase == 1 {
            let state = slot.as_mut().ok_or_else(out_of_turn)?;
            for other in suite.others() {
                let reply = std::mem::take(&mut state.replies[other]);
                wire.send(party(other), |out| out.extend_from_slice(&reply))?;
                wire.expect(party(other), products_len(ring, n))?;
            }
            return Ok(());
        }
        let mut state = TripleState {
            a: Zeroizing::new(suite.fresh_elements(ring, n)),
            b: Zeroizing::new(match fixed {
                true => suite.fresh_elements(ring, n),
                false => Elements::zeros(ring, 0),
            }),
            c: Zeroizing::new(Elements::zeros(ring, n)),
            pending: (0..suite.n).map(|_| None).collect(),
            replies: vec![Vec::new(); suite.n],
        };
        let transfers = products_ots(ring, n);
        for other in suite.others() {
            let end = suite.ends.receiver(other)?;
            let factors = fixed.then_some(&*state.b);
            let mut pending = None;
            wire.send(party(other), |out| {
                pending = Some(receive_products(end, ring, n, factors, out));
            })?;
            state.pending[other] = Some(pending.ok_or_else(out_of_turn)??);
            let route = suite.ends.sender(other)?.route();
            wire.expect(party(other), route.message_len(transfers, fixed))?;
        }
        *slot = Some(state);
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        slot: &mut Option<TripleState>,
    ) -> Result<(), Error> {
        let n = block_range(place.block, self.block(), self.count).len();
        let (ring, fixed) = (self.ring, suite.fixes());
        let state = slot.as_mut().ok_or_else(out_of_turn)?;
        if place.phase == 0 {
            let transfers = products_ots(ring, n);
            for other in suite.others() {
                let end = suite.ends.sender(other)?;
                let len = end.route().message_len(transfers, fixed);
                let message = wire.take(party(other), len)?;
                let reply = &mut state.replies[other];
                let shares = send_products(end, ring, &state.a, fixed, message, reply)?;
                add_to(ring, &mut state.c, shares)?;
            }
            return Ok(());
        }
        for other in suite.others() {
            let pending = state.pending[other].take().ok_or_else(out_of_turn)?;
            let bytes = wire.take(party(other), products_len(ring, n))?;
            let (factors, shares) = pending.finish(bytes).ok_or_else(out_of_turn)?;
            *state.b = factors;
            add_to(ring, &mut state.c, shares)?;
        }
        let own = linear::multiply(ring, &state.a, &state.b)?;
        add_to(ring, &mut state.c, own)?;
        if let Some(state) = slot.take() {
            let TripleState { a, b, c, .. } = state;
            let [a, b, c] = [a, b, c].map(|mut part| std::mem::take(&mut *part));
            suite.pools.put_triples(ring, Triples { a, b, c });
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(Outcome::Values(Vec::new()))
    }

    fn delay(&self, n_phases: u32) -> Delay {
        Delay::Rounds(n_phases - 1 + self.asking)
    }
}
