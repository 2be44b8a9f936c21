//! Base OTs between parties that follow the protocol, of a third of the bytes and half of the work of those that hold against others.
//!
//! - **Functionality**: for each index the sender gets two random keys, the receiver the one that its choice bit names.
//! - **Adversary**: semi-honest, either party, in the random-oracle model.
//! - **Source**: Naor, Pinkas, "Efficient oblivious transfer protocols" (SODA 2001), protocol 3.1, with one `C` and one exponent of the sender
//!   for all transfers of a batch, as its section 3.1 has it.
//! - **Assumptions**: computational Diffie–Hellman in Ristretto255, SHA-256 as a random oracle; a generator seeded by the
//!   operating system.
//! - **Cost**: one round, both messages at once; 32 bytes an OT from the receiver, 32 for all from the sender. A scalar times the base and
//!   one point at the receiver, one point at the sender.
//! - **Departures from the paper**: `C` comes from a random oracle of the session and the two parties and is not sent, so that the messages do not
//!   wait for each other; nobody knows its logarithm. Keys are hashed from the shared point together with what was sent,
//!   the index and the choice.
//! - **Leakage and failure**: a message that is not exactly canonical encodings of points other than the identity is the sending
//!   party's fault. No branch and no index depends on a choice.
//!
//! The receiver's point tells nothing of its choice, whatever the sender does: `PK_0` is uniform for either. Who knows the exponents of `PK_0`
//! and of `PK_1 = C − PK_0` knows that of `C`.

use curve25519_dalek::ristretto::{RistrettoBasepointTable, RistrettoPoint};
use rayon::prelude::*;
use subtle::ConditionallySelectable;
use zeroize::Zeroizing;

use super::super::Context;
use super::{
    Encoded, POINT_LEN, ReceivedKeys, SentKeys, choice, choice_words, decode, encodings, exponent,
};
use crate::block::Label;
use crate::error::Error;
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::protocols::SemiHonest;

/// Bytes of what the receiver sends for `n` OTs.
pub const fn receiver_len(n: usize) -> usize {
    POINT_LEN * n
}

/// Bytes of what the sender sends for all OTs of a batch.
pub const SENDER_LEN: usize = POINT_LEN;

/// `C`: the sum of the two public keys of every transfer.
fn sum_of_keys(context: &Context) -> RistrettoPoint {
    super::hash_to_point(|| context.transcript("smpcc/ot/base/sum"), &[])
}

/// The key of choice `j` of a transfer in which `pk` and `y` were sent, from the point that both sides know.
fn key(
    context: &Context,
    i: usize,
    j: u8,
    pk: &Encoded,
    y: &Encoded,
    shared: &RistrettoPoint,
) -> Label {
    let mut t = context.transcript("smpcc/ot/base/semi-honest/key");
    t.number(i as u64).number(j.into()).bytes(pk).bytes(y);
    super::key(t, shared)
}

/// The receiver between its message and the sender's.
pub struct Receiver {
    context: Context,
    /// Boxed, so that no copy of the key is left where this is moved from.
    prg: Box<Prg>,
    /// Choice bits, 64 to a word.
    choices: Zeroizing<Vec<u64>>,
    message: Vec<u8>,
}

impl Receiver {
    /// Chooses; gives the message for the sender, [`receiver_len`] bytes. Bit `i % 64` of word `i / 64` is the choice of OT
    /// `i`; missing words are zero.
    pub fn new(
        context: &Context,
        n: usize,
        choices: &[u64],
        entropy: &mut OsEntropy,
    ) -> Result<(Self, Vec<u8>), Error> {
        let key = PrgKey::fresh(entropy)?;
        Ok(Self::with_key(context, n, choices, &key))
    }

    pub(in super::super) fn with_key(
        context: &Context,
        n: usize,
        choices: &[u64],
        key: &PrgKey,
    ) -> (Self, Vec<u8>) {
        let (prg, choices) = (Box::new(Prg::new(key)), choice_words(n, choices));
        let sum = sum_of_keys(context);
        let points = (0..n).into_par_iter().map(|i| {
            // PK_b = a·G and PK_{1−b} = C − PK_b; PK_0 is sent.
            let chosen = RistrettoPoint::mul_base(&exponent(&prg, i));
            let zero =
                RistrettoPoint::conditional_select(&chosen, &(sum - chosen), choice(&choices, i));
            zero.compress().to_bytes()
        });
        let message = points.collect::<Vec<_>>().concat();
        let receiver = Self {
            context: context.clone(),
            prg,
            choices,
            message: message.clone(),
        };
        (receiver, message)
    }

    /// Takes the sender's message.
    pub fn finish(self, message: &[u8]) -> Result<ReceivedKeys<SemiHonest>, Error> {
        let fault = || {
            self.context
                .sender_fault("sent a base transfer that is no point")
        };
        let y = encodings(message, 1).ok_or_else(fault)?;
        // Multiples of this one point are found in a table of some, as those of the base are.
        let powers = RistrettoBasepointTable::create(&decode(&y[0]).ok_or_else(fault)?);
        let pks = self.message.as_chunks::<POINT_LEN>().0;
        let keys = pks.par_iter().enumerate().map(|(i, pk)| {
            // (g^r)^k of the chosen key.
            let shared = Zeroizing::new(&powers * &*exponent(&self.prg, i));
            let b = choice(&self.choices, i).unwrap_u8();
            key(&self.context, i, b, pk, &y[0], &shared)
        });
        let keys = Zeroizing::new(keys.collect());
        Ok(ReceivedKeys::new(self.choices, keys))
    }
}

/// The sender between its message and the receiver's.
pub struct Sender {
    context: Context,
    /// Boxed, so that no copy of the key is left where this is moved from.
    prg: Box<Prg>,
    n: usize,
    message: Encoded,
}

impl Sender {
    /// Gives the message for the receiver, [`SENDER_LEN`] bytes.
    pub fn new(
        context: &Context,
        n: usize,
        entropy: &mut OsEntropy,
    ) -> Result<(Self, Encoded), Error> {
        let key = PrgKey::fresh(entropy)?;
        Ok(Self::with_key(context, n, &key))
    }

    pub(in super::super) fn with_key(context: &Context, n: usize, key: &PrgKey) -> (Self, Encoded) {
        let prg = Box::new(Prg::new(key));
        let message = RistrettoPoint::mul_base(&exponent(&prg, 0)).compress();
        let sender = Self {
            context: context.clone(),
            prg,
            n,
            message: message.to_bytes(),
        };
        (sender, message.to_bytes())
    }

    /// Takes the receiver's message.
    pub fn finish(self, message: &[u8]) -> Result<SentKeys<SemiHonest>, Error> {
        let fault = || {
            self.context
                .receiver_fault("sent base transfers that are not points")
        };
        let pks = encodings(message, self.n).ok_or_else(fault)?;
        let exponent = exponent(&self.prg, 0);
        let sum = Zeroizing::new(sum_of_keys(&self.context) * *exponent);
        let pairs = pks.par_iter().enumerate().map(|(i, pk)| {
            let point = decode(pk).ok_or_else(fault)?;
            // PK_0^r, and PK_1^r = C^r / PK_0^r.
            let zero = Zeroizing::new(point * *exponent);
            let one = Zeroizing::new(*sum - *zero);
            let key = |j, shared| key(&self.context, i, j, pk, &self.message, shared);
            Ok([key(0, &zero), key(1, &one)])
        });
        let pairs = Zeroizing::new(pairs.collect::<Result<_, Error>>()?);
        Ok(SentKeys::new(pairs))
    }
}
