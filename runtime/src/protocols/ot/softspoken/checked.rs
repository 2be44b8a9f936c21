//! The extension against malicious parties: two checks, one of the set-up's trees and one of each batch.
//!
//! - **Functionality**: that of [`super`]; a receiver that cheats may try to guess bits of Δ, and is caught if it guesses wrong.
//! - **Adversary**: malicious, either party, with abort.
//! - **Source**: Roy, "SoftSpokenOT" (CRYPTO 2022, ePrint 2022/192): the check of the punctured generator (section 5, its figure of the
//!   protocol for small-field VOLE from OT against malicious parties) and the consistency check of the subspace VOLE (section 4).
//! - **Assumptions**: SHA-256 is a random oracle; AES-128 is a pseudo-random generator; those of [`crate::protocols::ot::base`].
//! - **Cost**: in the set-up 32 bytes more for each tree, for its first level and for a hash; for each batch 128 transfers that are given up and
//!   2,064 bytes.
//! - **Departures from the paper**: the challenge of a batch is hashed from its corrections (Fiat and Shamir) as they come, chunk by chunk, in
//!   place of being sent: errors that the hash does not find are found with a chance of 2^−128 for each hash that somebody tries. Each tree
//!   grows from a seed of the planter's and has corrections for its first level too, since a corrupt party may choose the keys of
//!   its base transfers (endemic security); this is our own, and follows from masking by keys of which each is used once.
//! - **Leakage and failure**: a failed check is the receiver's fault, and the run ends. What it took to make it fail, the guess of some bits of
//!   Δ, says nothing of any input, as Δ is drawn anew in each run.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::{
    Chunk, Columns, Context, Fields, ReceivedKeys, Receiver, SECURITY, Seen, Sender, SentKeys,
    is_for_extension,
};
use crate::block::Label;
use crate::error::Error;
use crate::hash::{Digest, Transcript};
use crate::mask::Mask;
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::protocols::Malicious;
use crate::protocols::ot::tree::{climb_root, plant_root};
use crate::simd::columns::ROWS;
use crate::simd::field::{Field, halves, mul};
use std::marker::PhantomData;

/// Transfers of a batch that are given up: what they add hides the sums that are told.
pub const SACRIFICED: usize = smpcc_circuit::cost::SACRIFICED as usize;

// They are one block of each column.
const _: () = assert!(SACRIFICED == ROWS);

/// Bytes of a field element.
const FIELD: usize = 16;

/// Bytes of a leaf's part in the check of its tree.
const CHECK: usize = 32;

/// Bytes of a hash.
const HASH: usize = 32;

/// Bytes of a batch's check: the sum of choices, and the sums of all columns.
const CHECK_LEN: usize = FIELD * (1 + SECURITY);

/// The stream for what a leaf is expanded to; children are in another.
const LEAF: u64 = 2;

impl Fields {
    /// Bytes of the message with which the receiver ends the set-up.
    pub fn planted_len(self) -> usize {
        let levels: usize = self.each().map(|(_, bits)| 2 * FIELD * bits).sum();
        levels + CHECK * self.count() + HASH
    }

    /// Bytes of the receiver's message for a batch of `n` OTs.
    pub const fn checked_len(self, n: usize) -> usize {
        self.message_len(n + SACRIFICED, false) + CHECK_LEN
    }
}

/// A leaf in use, and its part in the check, which says nothing of it.
fn expand(leaf: Label) -> (Label, [u8; CHECK]) {
    let prg = Prg::new(&PrgKey::from_bytes(leaf.to_bytes()));
    let mut check = [0; CHECK];
    prg.fill_bytes(LEAF, 1, &mut check);
    (Label::from_bytes(prg.block(LEAF, 0)), check)
}

/// Adds up bytes.
fn add(sum: &mut [u8; CHECK], part: &[u8; CHECK]) {
    sum.iter_mut().zip(part).for_each(|(s, p)| *s ^= p);
}

impl Receiver<Malicious> {
    /// From base OTs that this party sent; gives the set-up's last message, [`Fields::planted_len`] bytes.
    ///
    /// # Errors
    /// No randomness, or a bug.
    pub fn checked(
        context: &Context,
        fields: Fields,
        keys: SentKeys<Malicious>,
        entropy: &mut OsEntropy,
    ) -> Result<(Self, Vec<u8>), Error> {
        is_for_extension(keys.len())?;
        let mut columns = Columns::new(context, fields);
        let mut message = Vec::with_capacity(fields.planted_len());
        let mut hash = context.transcript("smpcc/ot/trees");
        for (c, bits) in fields.each() {
            let root = Zeroizing::new(Label::from_bytes(*entropy.bytes()?));
            let leaves = plant_root(*root, &keys.pairs[c..c + bits], &mut message);
            let mut sum = [0; CHECK];
            let mut used = Zeroizing::new(Vec::with_capacity(leaves.len()));
            for &leaf in leaves.iter() {
                let (leaf, check) = expand(leaf);
                add(&mut sum, &check);
                hash.bytes(&check);
                used.push(leaf);
            }
            // t of the tree: the sum of all leaves' checks, of which the climber lacks one.
            message.extend_from_slice(&sum);
            columns.add_leaves(&used);
        }
        message.extend_from_slice(&hash.finish().0);
        let receiver = Self {
            columns,
            level: PhantomData,
        };
        Ok((receiver, message))
    }

    /// Extends by as many OTs as there are `rows`, a multiple of 128, with random choices, which are appended, 64 to a word; and appends
    /// [`Fields::checked_len`] bytes for the sender.
    ///
    /// # Errors
    /// A bug.
    pub fn extend_checked(
        &mut self,
        rows: &mut [Label],
        choices: &mut Vec<u64>,
        message: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let n = rows.len();
        whole_blocks(n)?;
        let mut sums = Sums::new(&self.columns);
        let seen = |seen: Seen<'_>| sums.add(&seen);
        let end = choices.len() + n / 64;
        // What is given up comes last.
        let sink = |chunk: Chunk<'_>| {
            let words = chunk
                .choices
                .iter()
                .flat_map(|u| [u.0 as u64, (u.0 >> 64) as u64]);
            choices.extend(words.take(end - choices.len()));
        };
        self.extend_seen(n + SACRIFICED, None, message, rows, seen, sink)?;
        for sum in std::iter::once(&sums.choices).chain(sums.columns.iter()) {
            message.extend_from_slice(&sum.to_le_bytes());
        }
        Ok(())
    }
}

impl Sender<Malicious> {
    /// From base OTs that this party received with the choices [`Fields::base_choices`], and the receiver's last message of
    /// the set-up.
    ///
    /// # Errors
    /// The receiver's fault: its trees are not what it says.
    pub fn checked(
        context: &Context,
        fields: Fields,
        keys: ReceivedKeys<Malicious>,
        message: &[u8],
    ) -> Result<Self, Error> {
        is_for_extension(keys.len())?;
        let fault = || context.receiver_fault("sent trees that do not go with their check");
        if message.len() != fields.planted_len() {
            return Err(fault());
        }
        let word = |i: usize| u128::from(keys.choices.get(i).copied().unwrap_or(0));
        // The choices are the complements of Δ's bits, in the order of the trees' levels.
        let path = Zeroizing::new(!(word(0) | word(1) << 64));
        let mut columns = Columns::new(context, fields);
        let mut hash = context.transcript("smpcc/ot/trees");
        let mut rest = message;
        for (c, n_bits) in fields.each() {
            let (corrections, after) = rest.split_at(2 * FIELD * n_bits);
            let (sum, after) = after.split_at(CHECK);
            rest = after;
            let mut bits = Zeroizing::new([Mask::default(); 8]);
            for (i, bit) in bits.iter_mut().enumerate().take(n_bits) {
                *bit = Mask::lowest((*path >> (c + i)) as u64);
            }
            let bits = &bits[..n_bits];
            let leaves = climb_root(&keys.keys[c..c + n_bits], bits, corrections);
            let mut missing = [0; CHECK];
            missing.copy_from_slice(sum);
            let mut used = Zeroizing::new(vec![Label::ZERO]);
            let mut checks = vec![[0; CHECK]];
            for &leaf in leaves.iter().skip(1) {
                let (leaf, check) = expand(leaf);
                add(&mut missing, &check);
                used.push(leaf);
                checks.push(check);
            }
            checks[0] = missing;
            in_place(&mut checks, bits);
            for check in &checks {
                hash.bytes(check);
            }
            columns.add_leaves(&used);
        }
        if !bool::from(hash.finish().0.ct_eq(rest)) {
            return Err(fault());
        }
        Ok(Self {
            columns,
            delta: Zeroizing::new(Label(fields.exchange(*path))),
            level: PhantomData,
        })
    }

    /// Extends by as many OTs as there are `rows`, a multiple of 128, from the receiver's message. They must not be used unless this ends well.
    ///
    /// # Errors
    /// The receiver's fault: its choices are not the same in all columns. Δ must not be used again.
    pub fn extend_checked(&mut self, rows: &mut [Label], message: &[u8]) -> Result<(), Error> {
        let n = rows.len();
        whole_blocks(n)?;
        let context = self.columns.context.clone();
        let fault = || context.receiver_fault("sent an extension that does not pass its check");
        if message.len() != self.columns.fields.checked_len(n) {
            return Err(fault());
        }
        let (corrections, told) = message.split_at(message.len() - CHECK_LEN);
        let mut sums = Sums::new(&self.columns);
        let seen = |seen: Seen<'_>| sums.add(&seen);
        self.extend_seen(n + SACRIFICED, false, corrections, rows, seen, |_| ())?;
        let (told, _) = told.as_chunks::<FIELD>();
        let mut told = told.iter().map(|bytes| Field::from_le_bytes(*bytes));
        let choices = told.next().unwrap_or(0);
        // w = v ⊕ u·Δ in every column, and so do their sums.
        let mut wrong = 0;
        for (c, (sum, v)) in sums.columns.iter().zip(told).enumerate() {
            let bit = Mask::lowest((self.delta.0 >> c) as u64);
            wrong |= sum ^ v ^ (choices & bit.wide());
        }
        match wrong {
            0 => Ok(()),
            _ => Err(fault()),
        }
    }
}

/// Sums are over whole blocks, of which all rows are told.
fn whole_blocks(n: usize) -> Result<(), Error> {
    match n.is_multiple_of(ROWS) {
        true => Ok(()),
        false => Err(Error::bug("a batch of transfers in part")),
    }
}

/// Puts what stands relative to a place in order: entry `y` becomes that at `y ⊕ place`. `bits` are the place's, from the highest on.
fn in_place(entries: &mut [[u8; CHECK]], bits: &[Mask]) {
    for (level, bit) in bits.iter().rev().enumerate() {
        let step = 1 << level;
        let mask = bit.word() as u8;
        for low in (0..entries.len()).filter(|y| y & step == 0) {
            if let Ok([a, b]) = entries.get_disjoint_mut([low, low | step]) {
                for (a, b) in a.iter_mut().zip(b) {
                    let swap = (*a ^ *b) & mask;
                    *a ^= swap;
                    *b ^= swap;
                }
            }
        }
    }
}

/// Sums of a batch's columns, and at the receiver of its choices: each block of 128 times a challenge.
struct Sums {
    /// Of all corrections so far.
    hash: Digest,
    choices: Field,
    columns: Zeroizing<Vec<Field>>,
    room: [Zeroizing<Vec<Field>>; 2],
}

impl Sums {
    fn new(columns: &Columns) -> Self {
        let mut start = columns.context.transcript("smpcc/ot/subspace");
        start.number(columns.next);
        let room = || Zeroizing::new(vec![0; super::CHUNK_BLOCKS]);
        Self {
            hash: start.finish(),
            choices: 0,
            columns: Zeroizing::new(vec![0; SECURITY]),
            room: [room(), room()],
        }
    }

    /// A chunk's challenges, from its corrections and all before; they and its columns.
    fn add(&mut self, seen: &Seen<'_>) {
        let mut t = Transcript::new("smpcc/ot/subspace/chunk");
        t.digest(&self.hash);
        for correction in seen.corrections() {
            t.bytes(correction);
        }
        self.hash = t.finish();
        let mut key = [0; 16];
        key.copy_from_slice(&self.hash.0[..16]);
        let prg = Prg::new(&PrgKey::from_bytes(key));
        let blocks = seen.span.blocks;
        let challenge = |k| Field::from_le_bytes(prg.block(0, k));
        let challenges: Vec<Field> = (0..blocks as u64).map(challenge).collect();
        for (u, x) in seen.choices.iter().zip(&challenges) {
            self.choices ^= mul(u.0, *x);
        }
        // Two columns at a time: one is left out of the first sum and both are in the second.
        let none = vec![0; blocks];
        let [first, second] = &mut self.room;
        let pairs = seen.columns.chunks_exact(2 * blocks);
        for (pair, sums) in pairs.zip(self.columns.chunks_exact_mut(2)) {
            let (a, b) = pair.split_at(blocks);
            first.iter_mut().zip(a).for_each(|(to, from)| *to = from.0);
            second.iter_mut().zip(b).for_each(|(to, from)| *to = from.0);
            let [of_second, of_both] =
                halves([&first[..blocks], &second[..blocks]], [&none, &challenges]);
            sums[0] ^= of_second ^ of_both;
            sums[1] ^= of_second;
        }
    }
}

impl Drop for Sums {
    fn drop(&mut self) {
        self.choices.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;
    use crate::party::PartyId;
    use crate::protocols::ot::Instance;
    use crate::protocols::ot::base::endemic;

    /// Ends of an instance with some Δ, or why there are none; the set-up's last message goes through `change`.
    fn ends(
        delta: Label,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(Receiver<Malicious>, Sender<Malicious>), Error> {
        let mut entropy = OsEntropy;
        let party = PartyId::new;
        let context = Context::new(&[3; 32], party(0), party(1), Instance::Macs);
        let (reversed, fields) = (context.reversed(), Fields::DEFAULT);
        let choices = fields.base_choices(delta);
        let (receiver, ours) = endemic::Receiver::new(&reversed, SECURITY, &choices, &mut entropy)?;
        let (sender, theirs) = endemic::Sender::new(&reversed, SECURITY, &mut entropy)?;
        let (received, sent) = (receiver.finish(&theirs)?, sender.finish(&ours)?);
        let (receiver, mut message) = Receiver::checked(&context, fields, sent, &mut entropy)?;
        assert_eq!(message.len(), fields.planted_len());
        change(&mut message);
        let sender = Sender::checked(&context, fields, received, &message)?;
        Ok((receiver, sender))
    }

    fn is_receivers_fault<T>(result: Result<T, Error>) -> bool {
        result.is_err_and(|e| e.fault() == Fault::Peer(PartyId::new(1)))
    }

    /// The rows of a batch on both sides, if its check passes; the message goes through `change`.
    fn batch(
        ends: &mut (Receiver<Malicious>, Sender<Malicious>),
        n: usize,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Result<[Vec<Label>; 3], Error> {
        let (mut u, mut message) = (vec![], vec![]);
        let [mut v, mut w] = [vec![Label::ZERO; n], vec![Label::ZERO; n]];
        ends.0.extend_checked(&mut v, &mut u, &mut message)?;
        assert_eq!(
            (message.len(), u.len()),
            (Fields::DEFAULT.checked_len(n), n / 64)
        );
        change(&mut message);
        ends.1.extend_checked(&mut w, &message)?;
        Ok([Label::of_words(&u), v, w])
    }

    #[test]
    fn honest_parties_pass_and_each_spoilt_byte_does_not() {
        let delta = Label(0x1234_5678_9abc_def0_0fed_cba9_8765_4321);
        let mut pair = ends(delta, |_| ()).unwrap_or_else(|e| panic!("{e}"));
        assert!(pair.1.delta() == delta);
        for n in [128, 1024, 5120] {
            let [u, v, w] = batch(&mut pair, n, |_| ()).unwrap_or_else(|e| panic!("{e}"));
            for i in 0..n {
                let bit = Mask::lowest((u[i / 128].0 >> (i % 128)) as u64);
                assert!(w[i] == v[i] ^ delta.select(bit), "{i} of {n}");
            }
        }
        // Two corrections of one chunk, of another, of those that are given up; sums of choices and of columns.
        let len = Fields::DEFAULT.checked_len(5120);
        let column = (5120 + SACRIFICED).div_ceil(8);
        for at in [
            0,
            column + 3,
            3 * column - 1,
            len - CHECK_LEN,
            len - 700,
            len - 1,
        ] {
            let mut pair = ends(delta, |_| ()).unwrap_or_else(|e| panic!("{e}"));
            let spoilt = batch(&mut pair, 5120, |message| message[at] ^= 4);
            assert!(is_receivers_fault(spoilt), "byte {at} of {len}");
        }
        assert!(is_receivers_fault(batch(&mut pair, 128, |m| m.truncate(9))));
    }

    /// A wrong level or sum makes the tree fail, whichever leaf it meant; where the level is on Δ's path, nothing is changed.
    #[test]
    fn spoilt_trees_are_found() {
        let delta = Label(u128::MAX / 5);
        for at in [128, 159, Fields::DEFAULT.planted_len() - 1] {
            assert!(is_receivers_fault(ends(delta, |m| m[at] ^= 1)), "{at}");
        }
        let mut caught = 0;
        for at in (0..128).step_by(16) {
            caught += u32::from(is_receivers_fault(ends(delta, |m| m[at] ^= 1)));
        }
        // Of both corrections of a level one is used.
        assert_eq!(caught, 4);
        // Both of them spoilt are always found.
        let both = ends(delta, |m| [0, 16].iter().for_each(|&i| m[i] ^= 1));
        assert!(is_receivers_fault(both));
    }

    /// A receiver whose choices differ in the columns of one field passes if and only if it has guessed Δ's bits there.
    #[test]
    fn cheating_in_one_field_is_a_guess_of_its_bits() {
        let n = 128 + SACRIFICED;
        for bits in [0u128, 0b1010, 0b1111] {
            for guess in [0u128, 0b1010, 0b1111] {
                let delta = Label(bits << 4 | 1 << 77);
                let (mut receiver, mut sender) =
                    ends(delta, |_| ()).unwrap_or_else(|e| panic!("{e}"));
                let mut sums = Sums::new(&receiver.columns);
                let (mut message, mut columns, mut choices) = (vec![], vec![], vec![]);
                let keep = |seen: Seen<'_>| {
                    columns = seen.columns.to_vec();
                    choices = seen.choices.to_vec();
                };
                let made = receiver.extend_seen(n, None, &mut message, &mut [], keep, |_| ());
                assert!(made.is_ok());
                // The first correction is that of columns 4 to 7.
                message[0] ^= 1;
                let (at, blocks) = (0, n.div_ceil(ROWS));
                sums.add(&Seen {
                    columns: &columns,
                    choices: &choices,
                    message: &message,
                    len: n.div_ceil(8),
                    span: super::super::Span { at, n, blocks },
                });
                let mut key = [0; 16];
                key.copy_from_slice(&sums.hash.0[..16]);
                let challenge = Prg::new(&PrgKey::from_bytes(key)).block(0, 0);
                for c in 0..4 {
                    if guess >> c & 1 == 1 {
                        sums.columns[4 + c] ^= Field::from_le_bytes(challenge);
                    }
                }
                for sum in std::iter::once(&sums.choices).chain(sums.columns.iter()) {
                    message.extend_from_slice(&sum.to_le_bytes());
                }
                let passed = sender
                    .extend_checked(&mut [Label::ZERO; 128], &message)
                    .is_ok();
                assert_eq!(passed, bits == guess, "{bits:b}, {guess:b}");
            }
        }
    }
}
