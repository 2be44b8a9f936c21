//! Correlations from oblivious transfers, made before they are used.
//!
//! - **Functionality**: shares of random bits a, b and ab; of random a, b and ab mod 2^k; of random bits both as bits and mod 2^k;
//!   transfers of labels.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: bit triples: Asharov, Lindell, Schneider, Zohner (CCS 2013), section 5.1, between all pairs. Triples mod 2^k: Gilboa
//!   (CRYPTO 1999), section 4. Bits in two sharings: x ⊕ b = x + b − 2xb (ABY3, CCS 2018, section 5.3), one party's bit after the
//!   other, each product of a share and a bit by one correlated transfer.
//! - **Assumptions**: those of `ot`.
//! - **Cost**: `smpcc_circuit::cost::prepared`.
//! - **Departures from the paper**: with more than two parties, a party's b is the same towards all others, so receivers fix their
//!   choices, and a sender corrects its a towards all but the first.
//! - **Leakage and failure**: lengths are checked; a wrong message makes results wrong.
//!
//! A batch is cut into blocks of a fixed number of transfers; several are in flight, so that computing and sending overlap and
//! memory does not grow with the batch.

use smpcc_circuit::cost::{Correlation, Delay, Demand};
use zeroize::Zeroizing;

use super::pool::{BitRun, BitTriples, LabelTransfers, Triples, slice};
use super::yao::{EVALUATOR, GARBLER};
use super::{Pairwise, Share, party};
use crate::bits::{Bits, Packer, Unpacker, words_for};
use crate::engine::exchange::Exchange;
use crate::error::Error;
use crate::protocols::operands::block_range;
use crate::protocols::ot::labels::{Asked, reply_len};
use crate::protocols::ot::products::{
    Pending, ReceivedBits, products_len, products_ots, receive_bits, receive_products, send_bits,
    send_products,
};
use crate::protocols::ot::random::Route;
use crate::protocols::{Blocks, Machine, Outcome, Pipeline, Place, Preparation, Step};
use crate::ring::{Element, Elements, for_width};

/// Transfers of a block.
const TRANSFERS: usize = 1 << 16;
/// Blocks in flight.
const WINDOW: usize = 4;

/// Everything of one demand, kind by kind.
struct Preparing {
    kinds: Vec<Box<dyn Machine<Pairwise>>>,
    rounds: u32,
}

/// The machine that makes a demand.
pub(super) fn begin(suite: &Pairwise, demand: &Demand) -> Result<Preparation<Pairwise>, Error> {
    let mut kinds: Vec<Box<dyn Machine<Pairwise>>> = Vec::new();
    for (kind, count) in demand.iter() {
        let count = usize::try_from(count)
            .map_err(|_| Error::machine("an operation is larger than memory"))?;
        kinds.push(match kind {
            Correlation::BitTriple => Box::new(Pipeline::new(MakeBits {
                count,
                n: suite.n,
                asking: suite.asking_rounds(),
                slots: Vec::new(),
            })),
            Correlation::Triple { ring } => Box::new(Pipeline::new(MakeTriples {
                count,
                ring: ring.into(),
                asking: suite.asking_rounds(),
                slots: Vec::new(),
            })),
            Correlation::DaBit { ring } if ring <= 64 => {
                Box::new(Pipeline::new(MakeDaBits::<u64>::new(suite, count, ring)))
            }
            Correlation::DaBit { ring } => {
                Box::new(Pipeline::new(MakeDaBits::<u128>::new(suite, count, ring)))
            }
            Correlation::Label => Box::new(Pipeline::new(MakeLabels {
                count,
                slots: Vec::new(),
            })),
            Correlation::DoubleSharing { .. } => {
                return Err(Error::bug("this suite has no double sharings"));
            }
        });
    }
    Ok(match kinds.is_empty() {
        true => None,
        false => Some(Box::new(Preparing { kinds, rounds: 0 })),
    })
}

impl Machine<Pairwise> for Preparing {
    fn step(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
    ) -> Result<Step<Share>, Error> {
        let mut left = Vec::with_capacity(self.kinds.len());
        for mut kind in self.kinds.drain(..) {
            match kind.step(suite, wire)? {
                Step::Waiting => left.push(kind),
                Step::Done(_, Delay::Rounds(rounds)) => self.rounds = self.rounds.max(rounds),
                Step::Done(..) => {}
            }
        }
        self.kinds = left;
        Ok(match self.kinds.is_empty() {
            true => Step::Done(Outcome::Values(Vec::new()), Delay::Rounds(self.rounds)),
            false => Step::Waiting,
        })
    }
}

impl Pairwise {
    /// Whether receivers fix their choices.
    fn fixes(&self) -> bool {
        self.n > 2
    }

    /// Rounds that the receivers' messages take.
    fn asking_rounds(&self) -> u32 {
        let senders = self.ends.senders.iter().flatten().map(|end| end.route());
        let receivers = self.ends.receivers.iter().flatten().map(|end| end.route());
        let extended = senders.chain(receivers).any(|route| route != Route::Few);
        u32::from(self.fixes() || extended)
    }
}

/// Room for the state of the block in a slot.
fn slot<T: Default>(slots: &mut Vec<T>, at: usize) -> &mut T {
    while slots.len() <= at {
        slots.push(T::default());
    }
    &mut slots[at]
}

fn out_of_turn() -> Error {
    Error::bug("a message of a preparation out of turn")
}

/// Bit triples.
struct MakeBits {
    count: usize,
    n: usize,
    /// Rounds of the receivers' messages.
    asking: u32,
    slots: Vec<BitState>,
}

#[derive(Default)]
struct BitState {
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
    fn n_blocks(&self) -> usize {
        self.count.div_ceil(TRANSFERS)
    }

    fn n_phases(&self) -> u32 {
        if self.n > 2 { 2 } else { 1 }
    }

    fn window(&self) -> usize {
        WINDOW
    }

    fn emit(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        let state = slot(&mut self.slots, place.slot);
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

    fn absorb(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        let (fixed, n_phases) = (suite.fixes(), self.n_phases());
        let state = slot(&mut self.slots, place.slot);
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

/// Triples mod 2^ring.
struct MakeTriples {
    count: usize,
    ring: u32,
    /// Rounds of the receivers' messages.
    asking: u32,
    slots: Vec<Option<TripleState>>,
}

struct TripleState {
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
fn add_elements(ring: u32, sum: &mut Elements, other: &Elements) -> Result<(), Error> {
    *sum = for_width!(ring, E => {
        let (a, b) = (slice::<E>(sum)?, slice::<E>(other)?);
        E::wrap(a.iter().zip(b).map(|(a, &b)| a.add(b).low(ring)).collect())
    });
    Ok(())
}

impl MakeTriples {
    fn block(&self) -> usize {
        (TRANSFERS / self.ring as usize).next_multiple_of(64)
    }
}

impl Blocks<Pairwise> for MakeTriples {
    fn n_blocks(&self) -> usize {
        self.count.div_ceil(self.block())
    }

    fn n_phases(&self) -> u32 {
        2
    }

    fn window(&self) -> usize {
        WINDOW
    }

    fn emit(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let n = block_range(place.block, self.block(), self.count).len();
        let (ring, fixed) = (self.ring, suite.fixes());
        let slot = slot(&mut self.slots, place.slot);
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

    fn absorb(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let n = block_range(place.block, self.block(), self.count).len();
        let (ring, fixed) = (self.ring, suite.fixes());
        let slot = slot(&mut self.slots, place.slot);
        let state = slot.as_mut().ok_or_else(out_of_turn)?;
        if place.phase == 0 {
            let transfers = products_ots(ring, n);
            for other in suite.others() {
                let end = suite.ends.sender(other)?;
                let len = end.route().message_len(transfers, fixed);
                let message = wire.take(party(other), len)?;
                let reply = &mut state.replies[other];
                let shares = send_products(end, ring, &state.a, fixed, message, reply)?;
                add_elements(ring, &mut state.c, &Zeroizing::new(shares))?;
            }
            return Ok(());
        }
        for other in suite.others() {
            let pending = state.pending[other].take().ok_or_else(out_of_turn)?;
            let bytes = wire.take(party(other), products_len(ring, n))?;
            let (factors, shares) = pending.finish(bytes).ok_or_else(out_of_turn)?;
            *state.b = factors;
            add_elements(ring, &mut state.c, &Zeroizing::new(shares))?;
        }
        let own = crate::protocols::linear::multiply(ring, &state.a, &state.b);
        add_elements(ring, &mut state.c, &Zeroizing::new(own))?;
        if let Some(state) = slot.take() {
            let take = |part: &Zeroizing<Elements>| Elements::clone(part);
            suite.pools.put_triples(
                ring,
                Triples {
                    a: take(&state.a),
                    b: take(&state.b),
                    c: take(&state.c),
                },
            );
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

/// Random bits as bits and mod 2^ring. Phase 0 makes transfers; in phase `s` party `s`'s bit is folded in: with x the sum of the
/// bits of parties below `s`, each of these has a share of x, which times the bit of party `s` needs one correction.
struct MakeDaBits<E: Element> {
    count: usize,
    ring: u32,
    parties: usize,
    /// Rounds of the receivers' messages.
    asking: u32,
    slots: Vec<Option<DaBitState<E>>>,
}

struct DaBitState<E: Element> {
    bits: Zeroizing<Vec<u64>>,
    /// The share of the sum so far.
    share: Zeroizing<Vec<E>>,
    /// By receiver: both strings, mod 2^(ring − 1).
    sent: Vec<Zeroizing<Vec<[E; 2]>>>,
    /// By sender: the chosen strings.
    chosen: Vec<Zeroizing<Vec<E>>>,
}

impl<E: Element> MakeDaBits<E> {
    fn new(suite: &Pairwise, count: usize, ring: u8) -> Self {
        Self {
            count,
            ring: ring.into(),
            parties: suite.n,
            asking: suite.asking_rounds(),
            slots: Vec::new(),
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

    fn emit(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        let (me, fixed, low) = (suite.me, suite.fixes(), self.ring - 1);
        let len = self.correction_len(n);
        let slot = slot(&mut self.slots, place.slot);
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

    fn absorb(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        let (me, fixed, ring, low) = (suite.me, suite.fixes(), self.ring, self.ring - 1);
        let (len, last) = (self.correction_len(n), place.phase + 1 == self.n_phases());
        let slot = slot(&mut self.slots, place.slot);
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
                    let product = m.add(tau.mul(E::of(bit(&state.bits, l).into())));
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

/// Transfers of labels.
struct MakeLabels {
    count: usize,
    slots: Vec<Option<LabelState>>,
}

enum LabelState {
    Asked(Asked),
    Answered(LabelTransfers),
    Waiting,
}

impl Blocks<Pairwise> for MakeLabels {
    fn n_blocks(&self) -> usize {
        self.count.div_ceil(TRANSFERS)
    }

    fn n_phases(&self) -> u32 {
        1
    }

    fn window(&self) -> usize {
        WINDOW
    }

    fn emit(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        let slot = slot(&mut self.slots, place.slot);
        if let Some(end) = &mut suite.ends.evaluator {
            let mut asked = None;
            wire.send(party(GARBLER), |out| asked = Some(end.ask(n, out)))?;
            *slot = Some(LabelState::Asked(asked.ok_or_else(out_of_turn)??));
            return wire.expect(party(GARBLER), reply_len(end.route(), n));
        }
        let end = suite.ends.garbler.as_mut().ok_or_else(super::no_labels)?;
        if end.route() == Route::Few {
            // What it answers does not depend on a message.
            let mut labels = None;
            wire.send(party(EVALUATOR), |out| {
                labels = Some(end.answer(n, &[], out));
            })?;
            *slot = Some(LabelState::Answered(LabelTransfers {
                labels: labels.ok_or_else(out_of_turn)??,
                choices: BitRun::default(),
            }));
            return Ok(());
        }
        *slot = Some(LabelState::Waiting);
        wire.expect(party(EVALUATOR), end.route().message_len(n, false))
    }

    fn absorb(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
    ) -> Result<(), Error> {
        let n = block_range(place.block, TRANSFERS, self.count).len();
        let slot = slot(&mut self.slots, place.slot);
        let transfers = match (slot.take(), &mut suite.ends) {
            (Some(LabelState::Answered(transfers)), _) => transfers,
            (Some(LabelState::Asked(asked)), ends) => {
                let end = ends.evaluator.as_ref().ok_or_else(out_of_turn)?;
                let len = reply_len(end.route(), n);
                let mut held = asked.finish(wire.take(party(GARBLER), len)?)?;
                LabelTransfers {
                    labels: std::mem::take(&mut held.labels),
                    choices: BitRun::new(std::mem::take(&mut held.choices), n),
                }
            }
            (Some(LabelState::Waiting), ends) => {
                let end = ends.garbler.as_mut().ok_or_else(out_of_turn)?;
                let len = end.route().message_len(n, false);
                let message = wire.take(party(EVALUATOR), len)?;
                LabelTransfers {
                    labels: end.answer(n, message, &mut Vec::new())?,
                    choices: BitRun::default(),
                }
            }
            (None, _) => return Err(out_of_turn()),
        };
        suite.pools.put_labels(transfers);
        Ok(())
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        Ok(Outcome::Values(Vec::new()))
    }
}
