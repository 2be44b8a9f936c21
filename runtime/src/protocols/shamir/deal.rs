//! Dealing: one party turns a vector that it knows into shares of all parties.
//!
//! - **Functionality**: every party has one value of a polynomial of degree t whose value at 0 is the dealt integer (or bit)
//!   and whose other coefficients are uniform in all of GR(2^k, d).
//! - **Adversary**: semi-honest, t of n parties.
//! - **Source**: Shamir, "How to share a secret" (1979), over exceptional points of a Galois ring as in Abspoel, Cramer, Damgård,
//!   Escudero, Yuan, "Efficient information-theoretic secure multiparty computation over Z/p^kZ via Galois rings" (TCC 2019).
//! - **Assumptions**: AES-128 is a pseudo-random function; links are private and authenticated.
//! - **Cost**: one round; the dealer sends n − 1 − t shares of d coefficients each.
//! - **Departures from the paper**: the shares of the t parties after the dealer come from the keys that they have in common with
//!   the dealer, which interpolates the others': t uniform values at exceptional points and the integer at 0 are as good as t uniform
//!   coefficients.
//! - **Leakage and failure**: any t shares are uniform; a wrong message makes the value wrong.
//!
//! A batch is cut into units; the words of unit `u` are `d` rows, one per coordinate, of the unit's length.

use zeroize::Zeroizing;

use super::coefficients::{Coefficients, accumulate, combine};
use super::{Bgw, party};
use crate::error::Error;
use crate::exchange::Exchange;

/// How a vector of words is cut and sent.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Words in all.
    pub(super) total: usize,
    /// Words per unit; the last unit may be shorter where words are integers.
    pub(super) unit: usize,
    /// The ring's bits, or the lanes of a row of bits.
    pub(super) format: usize,
}

impl Layout {
    /// Units, each as the range of its words in a vector of one coordinate.
    pub(super) fn units(self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let unit = self.unit.max(1);
        (0..self.total.div_ceil(unit)).map(move |u| u * unit..((u + 1) * unit).min(self.total))
    }

    /// Bytes of a message with `rows` rows per unit.
    pub(super) fn len<R: Coefficients>(self, rows: usize) -> usize {
        let units = self.total.div_ceil(self.unit.max(1));
        if units * self.unit == self.total {
            R::len(rows * units, self.unit, self.format)
        } else {
            R::len(rows, self.total, self.format)
        }
    }

    /// Numbers of the generator that one draw of `rows` rows per unit takes, per unit.
    pub(super) fn per_unit<R: Coefficients>(self, rows: usize) -> usize {
        (rows * self.unit * R::RANDOM).div_ceil(2)
    }

    /// Numbers that a draw takes in all.
    pub(super) fn numbers<R: Coefficients>(self, rows: usize) -> usize {
        self.total.div_ceil(self.unit.max(1)) * self.per_unit::<R>(rows)
    }
}

/// Shares of a vector, in the making.
pub(super) struct Batch<R: Coefficients> {
    pub(super) layout: Layout,
    /// All coordinates of all units.
    pub(super) shares: Vec<R::Word>,
    /// What this party deals to those who draw nothing, in the order of [`super::geometry::Geometry::sent`].
    sent: Vec<Vec<R::Word>>,
}

impl<R: Coefficients> Default for Batch<R> {
    fn default() -> Self {
        let layout = Layout {
            total: 0,
            unit: 1,
            format: 1,
        };
        Self {
            layout,
            shares: Vec::new(),
            sent: Vec::new(),
        }
    }
}

impl<R: Coefficients> Batch<R> {
    /// Starts anew, with shares of zero.
    pub(super) fn reset(&mut self, layout: Layout, d: usize) {
        self.layout = layout;
        self.shares.clear();
        self.shares.resize(d * layout.total, R::Word::default());
    }

    /// Adds this party's shares of what `dealer` deals, as far as they need no message. `secrets` is the vector at the dealer; `number`
    /// is the same at all parties and used for this dealing alone.
    pub(super) fn deal(
        &mut self,
        suite: &Bgw,
        dealer: usize,
        number: u64,
        secrets: &[R::Word],
    ) -> Result<(), Error> {
        let geometry = &suite.geometry;
        let (me, d, layout) = (geometry.me, geometry.d, self.layout);
        if me == dealer {
            if secrets.len() != layout.total {
                return Err(Error::bug("a dealer without its vector"));
            }
            return self.deal_own(suite, number, secrets);
        }
        if !geometry.draws(dealer, me) {
            return Ok(());
        }
        let key = suite.key(dealer)?;
        let mut drawn = vec![R::Word::default(); d * layout.unit.min(layout.total)];
        for (u, range) in layout.units().enumerate() {
            let drawn = &mut drawn[..d * range.len()];
            let at = number + (u * layout.per_unit::<R>(d)) as u64;
            R::fill(key, dealer as u64, at, drawn);
            let shares = &mut self.shares[d * range.start..d * range.end];
            accumulate::<R>(shares, 1, drawn);
        }
        Ok(())
    }

    fn deal_own(&mut self, suite: &Bgw, number: u64, secrets: &[R::Word]) -> Result<(), Error> {
        let geometry = &suite.geometry;
        let (me, d, t, layout) = (geometry.me, geometry.d, geometry.t, self.layout);
        let widest = layout.unit.min(layout.total);
        let mut drawn = Zeroizing::new(vec![R::Word::default(); t * d * widest]);
        self.sent.resize_with(geometry.sent.len(), Vec::new);
        for sent in &mut self.sent {
            sent.clear();
            sent.resize(d * layout.total, R::Word::default());
        }
        let keys = (1..=t)
            .map(|k| suite.key((me + k) % geometry.n))
            .collect::<Result<Vec<_>, _>>()?;
        for (u, range) in layout.units().enumerate() {
            let n = range.len();
            let drawn = &mut drawn[..t * d * n];
            let at = number + (u * layout.per_unit::<R>(d)) as u64;
            for (key, drawn) in keys.iter().zip(drawn.chunks_exact_mut((d * n).max(1))) {
                R::fill(key, me as u64, at, drawn);
            }
            let secret = &secrets[range.clone()];
            let words = d * range.start..d * range.end;
            let targets = self.sent.iter_mut().zip(geometry.sent.iter().map(|s| &s.1));
            let targets = targets.map(|(sent, rows)| (&mut sent[words.clone()], rows));
            let own = (&mut self.shares[words.clone()], &geometry.own);
            for (shares, rows) in std::iter::once(own).chain(targets) {
                // Interpolation: the integer at 0 and the t drawn values give the value at this party's point.
                for (share, row) in shares.chunks_exact_mut(n.max(1)).zip(rows) {
                    combine::<R>(share, row, secret, drawn);
                }
            }
        }
        Ok(())
    }

    /// Sends what this party deals if it is the dealer, or says what comes from the dealer.
    pub(super) fn send(
        &self,
        suite: &Bgw,
        wire: &mut Exchange<'_>,
        dealer: usize,
    ) -> Result<(), Error> {
        let (geometry, layout) = (&suite.geometry, self.layout);
        if dealer != geometry.me {
            if geometry.draws(dealer, geometry.me) {
                return Ok(());
            }
            return wire.expect(party(dealer), layout.len::<R>(geometry.d));
        }
        for ((to, _), sent) in geometry.sent.iter().zip(&self.sent) {
            wire.send(party(*to), |out| {
                R::write(sent, layout.unit, layout.format, out);
            })?;
        }
        Ok(())
    }

    /// Takes and adds what came from `dealer`.
    pub(super) fn receive(
        &mut self,
        suite: &Bgw,
        wire: &mut Exchange<'_>,
        dealer: usize,
    ) -> Result<(), Error> {
        let geometry = &suite.geometry;
        if dealer == geometry.me || geometry.draws(dealer, geometry.me) {
            return Ok(());
        }
        let len = self.layout.len::<R>(geometry.d);
        let bytes = wire.take(party(dealer), len)?;
        R::add_read(
            bytes,
            self.layout.unit,
            self.layout.format,
            &mut self.shares,
        );
        Ok(())
    }
}
