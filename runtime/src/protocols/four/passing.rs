//! Messages that two parties know and a third is to know: one sends, the other vouches, and the third compares before it uses anything.
//!
//! - **Functionality**: the receiver has what both know, or stops.
//! - **Adversary**: semi-honest, where nobody vouches; malicious, one of four parties.
//! - **Source**: Dalskov, Escudero, Keller (ePrint 2020/1330), section 3, with a polynomial (`vouch`) in place of a collision-resistant hash: receiver and
//!   voucher draw its point from their own key, which the sender does not know.
//! - **Assumptions**: AES-128 is a pseudo-random function; links are private and authenticated.
//! - **Cost**: one round; the message, and 16 bytes for each [`CHUNK`] lanes of it.
//! - **Departures from the paper**: hashes are not gathered over many messages: see `four`.
//! - **Leakage and failure**: the hash says no more than the message. Other bytes pass with a chance of one in 2^128 for each sixteen of them.

use std::ops::Range;

use smpcc_circuit::cost::{Passed, VOUCHED_LANES};

use super::{HASH, N, Rep4, party};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::party::PartyId;
use crate::prg::Prg;
use crate::protocols::Adversary;
use crate::protocols::vouch::{Point, Points};
use crate::session::Session;

/// Lanes of a message, at most.
pub(super) const CHUNK: usize = VOUCHED_LANES as usize;

/// Lanes of an operation, cut where messages are. Blocks are multiples of [`CHUNK`].
pub(super) fn chunks(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range
        .step_by(CHUNK)
        .map(move |at| at..(at + CHUNK).min(end))
}

/// At which points this party and each other one hash what they say to each other, by party.
pub(super) struct Links([Option<Points>; N]);

impl Links {
    pub(super) fn new(session: &Session) -> Result<Self, Error> {
        let me = session.me();
        let mut points = [None, None, None, None];
        for with in session.others() {
            let pair = session.pair_key(with)?;
            let key = Prg::once(&pair.prg_key("rep4/vouch"));
            // One for each who says something.
            let of = |party: PartyId| Point::new(&key, 0, party.number().into());
            if let Some(slot) = points.get_mut(with.index()) {
                *slot = Some(Points::new(of(me), of(with)));
            }
        }
        Ok(Self(points))
    }

    /// Those of this party and another one.
    pub(super) fn with(&self, party: usize) -> Result<&Points, Error> {
        let points = self.0.get(party).and_then(Option::as_ref);
        points.ok_or_else(|| Error::bug("a party vouches for itself"))
    }
}

/// This party's part of sending: it sends, vouches, or expects `len` bytes.
pub(super) fn say<T: Adversary>(
    suite: &Rep4<T>,
    wire: &mut Exchange<'_>,
    route: Passed,
    len: usize,
    write: impl FnOnce(&mut Vec<u8>),
) -> Result<(), Error> {
    let to = party(route.to);
    if suite.me == route.from {
        return wire.send(to, write);
    }
    if !T::DEVIATES {
        return match suite.me == route.to {
            true => wire.expect(party(route.from), len),
            false => Ok(()),
        };
    }
    if suite.me == route.voucher && len > 0 {
        let mut bytes = Vec::with_capacity(len);
        write(&mut bytes);
        let points = suite.links.with(route.to)?;
        let hash = points.numbered(points.said(&bytes));
        wire.send(to, |out| out.extend_from_slice(&hash))?;
    } else if suite.me == route.to && len > 0 {
        wire.expect(party(route.from), len)?;
        wire.expect(party(route.voucher), HASH)?;
    }
    Ok(())
}

/// This party's part of receiving: what came, if something did, is read before it is compared, and not used after that if it is wrong.
pub(super) fn hear<T: Adversary>(
    suite: &Rep4<T>,
    wire: &mut Exchange<'_>,
    route: Passed,
    len: usize,
    read: impl FnOnce(&[u8]),
) -> Result<(), Error> {
    if suite.me != route.to || len == 0 {
        return Ok(());
    }
    let (from, voucher) = (party(route.from), party(route.voucher));
    let bytes = wire.take(from, len)?;
    read(bytes);
    if !T::DEVIATES {
        return Ok(());
    }
    let points = suite.links.with(route.voucher)?;
    let hash = points.numbered(points.heard(bytes));
    if wire.take(voucher, HASH)? != hash {
        return Err(not_vouched_for([from, voucher]));
    }
    Ok(())
}

/// One of two does not say what the other says.
pub(super) fn not_vouched_for(among: [PartyId; 2]) -> Error {
    Error::cheating(among, "what one sends is not what the other vouches for")
}
