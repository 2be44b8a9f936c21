//! Rows in an order that nobody knows.
//!
//! - **Functionality**: columns of one length, in A and B, come back with their rows in a uniform order, the same for all columns, in
//!   fresh sharings.
//! - **Adversary**: semi-honest, all parties but one.
//! - **Source**: Mohassel, Sadeghian, "How to hide circuits in MPC" (EUROCRYPT 2013, ePrint 2013/137): a network of switches whose
//!   settings one party knows, a transfer for each switch and other party, all of them at once. Each party in turn puts rows into
//!   an order of its own. Products of a bit with another party's element after Gilboa (CRYPTO 1999), section 4, with the
//!   lengths of Asharov, Lindell, Schneider, Zohner (CCS 2013) for correlated transfers; choices corrected after Beaver (CRYPTO 1995).
//! - **Assumptions**: those of `ot`; AES-128 is a pseudo-random function.
//! - **Cost**: one round for choices and one for each party; for each row about ⌈log2 rows⌉ switches, and for each of these, ordered pair of
//!   parties and 128 bits of a row one transfer made ahead and a bit, and the row's bits once.
//! - **Departures from the paper**: masks of a switch are not drawn for all wires: a switch adds b·(y − x) to one row and takes it from the
//!   other, so that a correlated transfer of one row is enough where the paper masks two.
//! - **Leakage and failure**: choices are sent under random ones, corrections under random strings, each used once. Whoever is
//!   honest has put the rows into an order that nobody else knows. A wrong message makes results wrong.
//!
//! In a party's turn a switch on rows x, y with setting b makes x + z and y − z with z = b·(y − x). The party swaps its own shares. Of another
//! party's share of y − x, which is D, it needs b·D: that party has strings r and s, sends τ = r − s + D, and takes −r as its share;
//! the party in turn has r or s by b, and with τ added where b is 1 it has r + b·D. What the other party does depends on r alone, so it
//! goes through the whole network at once.

use std::ops::Range;

use smpcc_circuit::cost::{Demand, strings_per_switch};
use zeroize::{Zeroize, Zeroizing};

use super::network::{settings, switches};
use super::pool::Transfers;
use super::{Begun, Pairwise, Share, party};
use crate::bits::{Packer, Unpacker, words_for};
use crate::block::Label;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::mask::Mask;
use crate::prg::{OsEntropy, PrgKey};
use crate::protocols::Outcome;
use crate::protocols::interface::Site;
use crate::protocols::operands::block_range;
use crate::protocols::pipeline::{Blocks, Pipeline, Place};
use crate::protocols::shuffle::{Columns, Kind, Order, PIECE, Vector, outcome};
use crate::ring::{Element, Elements, each, other_word};

struct Shuffle {
    kinds: Vec<Kind>,
    /// This party's shares, lanes of bits as integers.
    columns: Vec<Elements>,
    switches: Vec<[u32; 2]>,
    /// Of this party's own network.
    settings: Zeroizing<Vec<u64>>,
    /// Transfers for each switch.
    strings: usize,
    /// By other party.
    transfers: Vec<Option<Transfers>>,
    n: usize,
}

impl Drop for Shuffle {
    fn drop(&mut self) {
        self.columns.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// Puts the rows of columns into an order that nobody knows.
pub(super) fn begin(
    suite: &mut Pairwise,
    site: Site<'_>,
    columns: Columns,
) -> Result<Begun<Pairwise>, Error> {
    let too_many = |_| Error::machine("more rows than can be shuffled");
    let switches = switches(u32::try_from(columns.lanes).map_err(too_many)?);
    let strings = strings_per_switch(site.program, site.node) as usize;
    let taken = Demand::bits((switches.len() * strings) as u64) as usize;
    let order = Order::sample(&PrgKey::fresh(&mut OsEntropy)?, columns.lanes)?;
    let mut transfers = Vec::with_capacity(suite.n);
    for other in 0..suite.n {
        transfers.push(match other == suite.me {
            true => None,
            false => Some(suite.pools.take_transfers(other, taken)?),
        });
    }
    Pipeline::begun(Shuffle {
        kinds: columns.kinds()?,
        columns: columns
            .parts(0)?
            .into_iter()
            .map(Vector::into_integers)
            .collect(),
        settings: settings(&order, switches.len()),
        switches,
        strings,
        transfers,
        n: suite.n,
    })
}

/// Where a column is in the strings of a switch.
struct Field {
    /// Its first bit.
    from: usize,
    bits: u32,
    /// Whether its lanes are added bit by bit.
    sliced: bool,
}

impl Field {
    /// The column's part of a switch's strings.
    fn of<E: Element>(&self, strings: &[Label]) -> E {
        let (first, shift) = (self.from / 128, self.from % 128);
        let string = |i: usize| strings.get(i).map_or(0, |s| s.0);
        let mut word = string(first) >> shift;
        if shift > 0 {
            word |= string(first + 1) << (128 - shift);
        }
        E::of(word).low(self.bits)
    }

    fn add<E: Element>(&self, a: E, b: E) -> E {
        match self.sliced {
            true => E::of(a.word() ^ b.word()),
            false => a.add(b).low(self.bits),
        }
    }

    fn subtract<E: Element>(&self, a: E, b: E) -> E {
        match self.sliced {
            true => E::of(a.word() ^ b.word()),
            false => a.sub(b).low(self.bits),
        }
    }
}

impl Shuffle {
    /// The fields of all columns.
    fn fields(&self) -> Vec<Field> {
        let mut from = 0;
        let field = |kind: &Kind| {
            let (bits, sliced) = match *kind {
                Kind::Integers(ring) => (ring, false),
                Kind::Bits(width) => (width as u32, true),
            };
            let field = Field { from, bits, sliced };
            from += bits as usize;
            field
        };
        self.kinds.iter().map(field).collect()
    }

    /// Transfers of one direction.
    fn n_transfers(&self) -> usize {
        self.switches.len() * self.strings
    }

    /// Pieces of all columns' corrections, in the order in which they are sent.
    fn pieces(&self) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let (columns, n) = (self.kinds.len(), self.switches.len());
        let pieces = move |c| (0..n.div_ceil(PIECE)).map(move |p| (c, block_range(p, PIECE, n)));
        (0..columns).flat_map(pieces)
    }

    /// What this party's choices of another's strings are to be changed by, so that they are its settings.
    fn choices(&self, other: usize) -> Result<Vec<u64>, Error> {
        let transfers = transfers(&self.transfers, other)?;
        let mut words = vec![0; words_for(self.n_transfers())];
        transfers.choices.read(0, self.n_transfers(), &mut words);
        for (i, word) in (0..self.n_transfers()).map(|i| (i, i / 64)) {
            let switch = i / self.strings;
            let setting = self.settings[switch / 64] >> (switch % 64) & 1;
            words[word] ^= setting << (i % 64);
        }
        Ok(words)
    }

    /// Goes through the network of another party with this party's shares; the corrections for that party, by column.
    fn pass(&mut self, other: usize) -> Result<Vec<Vector>, Error> {
        let fields = self.fields();
        let transfers = transfers(&self.transfers, other)?;
        let (switches, strings) = (&self.switches, self.strings);
        let columns = self.columns.iter_mut().zip(&self.kinds).zip(&fields);
        let column = |((column, kind), field): ((&mut Elements, &Kind), &Field)| {
            let corrections = each!(column, rows => {
                Element::wrap(pass_column(rows, field, switches, strings, &transfers.sent))
            });
            kind.of_integers(corrections)
        };
        Ok(columns.map(column).collect())
    }

    /// Goes through this party's own network with its shares and what the others sent, by column and other party.
    fn turn(&mut self, corrections: &[Vec<(usize, Elements)>]) -> Result<(), Error> {
        let fields = self.fields();
        let columns = self.columns.iter_mut().zip(&fields).zip(corrections);
        for ((column, field), corrections) in columns {
            let mut parts = Vec::with_capacity(corrections.len());
            for (other, corrections) in corrections {
                parts.push((corrections, transfers(&self.transfers, *other)?));
            }
            let (switches, strings, settings) = (&self.switches, self.strings, &self.settings);
            each!(column, rows => turn_column(rows, field, switches, strings, settings, &parts))?;
        }
        Ok(())
    }
}

fn transfers(all: &[Option<Transfers>], other: usize) -> Result<&Transfers, Error> {
    let transfers = all.get(other).and_then(Option::as_ref);
    transfers.ok_or_else(|| Error::bug("a switch without transfers"))
}

/// One column through another party's network: corrections, switch by switch.
fn pass_column<E: Element>(
    rows: &mut [E],
    field: &Field,
    switches: &[[u32; 2]],
    strings: usize,
    sent: &[Zeroizing<Vec<Label>>; 2],
) -> Vec<E> {
    let pairs = sent[0]
        .chunks_exact(strings)
        .zip(sent[1].chunks_exact(strings));
    let switch = |(&[a, b], (first, second)): (&[u32; 2], (&[Label], &[Label]))| {
        let (a, b) = (a as usize, b as usize);
        let (r, s): (E, E) = (field.of(first), field.of(second));
        let difference = field.subtract(rows[b], rows[a]);
        rows[a] = field.subtract(rows[a], r);
        rows[b] = field.add(rows[b], r);
        field.add(field.subtract(r, s), difference)
    };
    switches.iter().zip(pairs).map(switch).collect()
}

/// One column through a party's own network.
fn turn_column<E: Element>(
    rows: &mut [E],
    field: &Field,
    switches: &[[u32; 2]],
    strings: usize,
    settings: &[u64],
    parts: &[(&Elements, &Transfers)],
) -> Result<(), Error> {
    let parts = parts.iter().map(|(corrections, transfers)| {
        let corrections = E::slice(corrections).ok_or_else(other_word)?;
        Ok((corrections, &transfers.chosen[..]))
    });
    let parts = parts.collect::<Result<Vec<_>, Error>>()?;
    for (i, &[a, b]) in switches.iter().enumerate() {
        let (a, b) = (a as usize, b as usize);
        let crosses = Mask::at(settings, i);
        let mut z = field.subtract(rows[b], rows[a]).select(crosses);
        for (corrections, chosen) in &parts {
            let string: E = field.of(&chosen[i * strings..(i + 1) * strings]);
            z = field.add(z, field.add(string, corrections[i].select(crosses)));
        }
        rows[a] = field.add(rows[a], z);
        rows[b] = field.subtract(rows[b], z);
    }
    Ok(())
}

impl Blocks<Pairwise> for Shuffle {
    type State = ();

    fn n_blocks(&self) -> usize {
        usize::from(!self.switches.is_empty())
    }

    fn n_phases(&self) -> u32 {
        1 + self.n as u32
    }

    fn send(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let n = self.n_transfers();
        let Some(turn) = (place.phase as usize).checked_sub(1) else {
            for other in suite.others() {
                let choices = self.choices(other)?;
                wire.send(party(other), |out| {
                    let mut packer = Packer::new(out);
                    packer.push(&choices, n);
                    packer.finish();
                })?;
                wire.expect(party(other), n.div_ceil(8))?;
            }
            return Ok(());
        };
        if turn == suite.me {
            for other in suite.others() {
                for (c, range) in self.pieces() {
                    wire.expect(party(other), self.kinds[c].len(range.len()))?;
                }
            }
            return Ok(());
        }
        let corrections = self.pass(turn)?;
        for (c, range) in self.pieces() {
            wire.send(party(turn), |out| corrections[c].write(range, out))?;
        }
        Ok(())
    }

    fn receive(
        &mut self,
        suite: &mut Pairwise,
        wire: &mut Exchange<'_>,
        place: Place,
        (): &mut (),
    ) -> Result<(), Error> {
        let n = self.n_transfers();
        let Some(turn) = (place.phase as usize).checked_sub(1) else {
            for other in suite.others() {
                let mut changes = vec![0; words_for(n)];
                let bytes = wire.take(party(other), n.div_ceil(8))?;
                Unpacker::new(bytes).pull(&mut changes, n);
                let transfers = self.transfers.get_mut(other).and_then(Option::as_mut);
                let transfers =
                    transfers.ok_or_else(|| Error::bug("a switch without transfers"))?;
                let [first, second] = &mut transfers.sent;
                let pairs = first.iter_mut().zip(second.iter_mut());
                for ((a, b), change) in pairs.zip(Mask::each(&changes, 0, n)) {
                    let swap = (*a ^ *b).select(change);
                    *a ^= swap;
                    *b ^= swap;
                }
            }
            return Ok(());
        };
        if turn != suite.me {
            return Ok(());
        }
        let n = self.switches.len();
        let mut corrections: Vec<Vec<(usize, Elements)>> = Vec::new();
        corrections.resize_with(self.kinds.len(), Vec::new);
        for other in suite.others() {
            let mut columns: Vec<Vector> = self.kinds.iter().map(|kind| kind.zeros(n)).collect();
            for (c, range) in self.pieces() {
                let len = self.kinds[c].len(range.len());
                columns[c].read(range, wire.take(party(other), len)?);
            }
            for (column, all) in columns.into_iter().zip(&mut corrections) {
                all.push((other, column.into_integers()));
            }
        }
        self.turn(&corrections)
    }

    fn finish(&mut self) -> Result<Outcome<Share>, Error> {
        let columns = std::mem::take(&mut self.columns);
        let columns = columns.into_iter().zip(&self.kinds);
        outcome(columns.map(|(column, kind)| [kind.of_integers(column)]))
    }
}
