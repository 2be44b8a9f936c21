//! Base OTs that hold against either party whatever it does.
//!
//! - **Functionality**: for each index the sender gets two random keys, the receiver the one that its choice bit names.
//! - **Adversary**: malicious, either party, in the random-oracle model: *endemic* security, in which a corrupt party may choose its own keys.
//!   What is built on it against such parties sends corrections under all of them (`softspoken::checked`).
//! - **Source**: Masny, Rindal, "Endemic oblivious transfer" (CCS 2019, ePrint 2019/706): the one-round OT from a uniform key
//!   agreement, with Diffie–Hellman as the agreement.
//! - **Assumptions**: computational Diffie–Hellman in Ristretto255, SHA-256 as a random oracle; a generator seeded by the
//!   operating system.
//! - **Cost**: one round, both messages at once; 64 bytes an OT from the receiver, 32 from the sender. A scalar times the base and
//!   one point at the receiver, the base and two points at the sender.
//! - **Departures from the paper**: keys are hashed from the shared point together with everything that was sent, the index, the choice
//!   and the session. The sender uses one exponent for both keys of an OT: its message does not depend on
//!   the receiver's, and the keys come from different points.
//! - **Leakage and failure**: a message that is not exactly canonical encodings of points other than the identity is the sending
//!   party's fault. No branch and no index depends on a choice.
//!
//! Steps below are of the protocol in the paper's section on OT from key agreement: the receiver's message is `(r_0, r_1)` with `r_b =
//! m_A ⊖ H_b(r_{1−b})`, the sender's is `m_B`, keys are agreed with `m_A = r_j ⊕ H_j(r_{1−j})`.

use curve25519_dalek::ristretto::RistrettoPoint;
use rayon::prelude::*;
use subtle::ConditionallySelectable;
use zeroize::Zeroizing;

use super::super::Context;
use super::{
    Encoded, POINT_LEN, ReceivedKeys, SentKeys, Stream, choice, choice_words, decode, draw,
    encodings, exponent,
};
use crate::block::Label;
use crate::error::Error;
use crate::prg::{OsEntropy, Prg, PrgKey};
use crate::protocols::Malicious;

/// Bytes of what the receiver sends for `n` OTs.
pub const fn receiver_len(n: usize) -> usize {
    2 * POINT_LEN * n
}

/// Bytes of what the sender sends for `n` OTs.
pub const fn sender_len(n: usize) -> usize {
    POINT_LEN * n
}

/// `H_j`: a point from the other point of the pair.
fn hash_to_point(context: &Context, i: usize, j: u8, other: &Encoded) -> RistrettoPoint {
    let start = || {
        let mut t = context.transcript("smpcc/ot/base/point");
        t.number(i as u64).number(j.into());
        t
    };
    super::hash_to_point(start, other)
}

/// What was sent for an OT.
struct Sent<'a> {
    r: [&'a Encoded; 2],
    y: &'a Encoded,
}

/// The key of choice `j`, from the point that both sides know.
fn key(context: &Context, i: usize, j: u8, sent: &Sent<'_>, shared: &RistrettoPoint) -> Label {
    let mut t = context.transcript("smpcc/ot/base/key");
    t.number(i as u64).number(j.into());
    t.bytes(sent.r[0]).bytes(sent.r[1]).bytes(sent.y);
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
        let mut receiver = Self {
            context: context.clone(),
            prg: Box::new(Prg::new(key)),
            choices: choice_words(n, choices),
            message: Vec::new(),
        };
        let pairs: Vec<_> = (0..n).into_par_iter().map(|i| receiver.pair(i)).collect();
        receiver.message = pairs.concat();
        let message = receiver.message.clone();
        (receiver, message)
    }

    /// `(r_0, r_1)` of an OT.
    fn pair(&self, i: usize) -> [u8; 2 * POINT_LEN] {
        let b = choice(&self.choices, i);
        let a = exponent(&self.prg, i);
        // r_{1−b} is any point; r_b = m_A ⊖ H_b(r_{1−b}) with m_A = a·G.
        let uniform = draw(&self.prg, Stream::Point, i);
        let other = RistrettoPoint::from_uniform_bytes(&uniform)
            .compress()
            .to_bytes();
        let hashed = hash_to_point(&self.context, i, b.unwrap_u8(), &other);
        let chosen = (RistrettoPoint::mul_base(&a) - hashed)
            .compress()
            .to_bytes();
        let mut pair = [0; 2 * POINT_LEN];
        let (r0, r1) = pair.split_at_mut(POINT_LEN);
        for (((r0, r1), c), o) in r0.iter_mut().zip(r1).zip(chosen).zip(other) {
            *r0 = u8::conditional_select(&c, &o, b);
            *r1 = u8::conditional_select(&o, &c, b);
        }
        pair
    }

    /// Takes the sender's message.
    pub fn finish(self, message: &[u8]) -> Result<ReceivedKeys<Malicious>, Error> {
        let pairs = self.message.as_chunks::<{ 2 * POINT_LEN }>().0;
        let fault = || {
            self.context
                .sender_fault("sent base transfers that are not points")
        };
        let ys = encodings(message, pairs.len()).ok_or_else(fault)?;
        let sent = pairs.par_iter().zip(ys).enumerate();
        let keys = sent.map(|(i, (pair, y))| {
            let point = decode(y).ok_or_else(fault)?;
            let shared = Zeroizing::new(point * *exponent(&self.prg, i));
            let (r, _) = pair.as_chunks();
            let sent = Sent {
                r: [&r[0], &r[1]],
                y,
            };
            let b = choice(&self.choices, i).unwrap_u8();
            Ok(key(&self.context, i, b, &sent, &shared))
        });
        let keys = Zeroizing::new(keys.collect::<Result<_, Error>>()?);
        Ok(ReceivedKeys::new(self.choices, keys))
    }
}

/// The sender between its message and the receiver's.
pub struct Sender {
    context: Context,
    /// Boxed, so that no copy of the key is left where this is moved from.
    prg: Box<Prg>,
    message: Vec<u8>,
}

impl Sender {
    /// Gives the message for the receiver, [`sender_len`] bytes.
    pub fn new(
        context: &Context,
        n: usize,
        entropy: &mut OsEntropy,
    ) -> Result<(Self, Vec<u8>), Error> {
        let key = PrgKey::fresh(entropy)?;
        Ok(Self::with_key(context, n, &key))
    }

    pub(in super::super) fn with_key(context: &Context, n: usize, key: &PrgKey) -> (Self, Vec<u8>) {
        let prg = Box::new(Prg::new(key));
        // m_B = y·G, whatever the receiver sends.
        let points = (0..n).into_par_iter().map(|i| {
            let y = RistrettoPoint::mul_base(&exponent(&prg, i));
            y.compress().to_bytes()
        });
        let message = points.collect::<Vec<_>>().concat();
        let sender = Self {
            context: context.clone(),
            prg,
            message: message.clone(),
        };
        (sender, message)
    }

    /// Takes the receiver's message.
    pub fn finish(self, message: &[u8]) -> Result<SentKeys<Malicious>, Error> {
        let ys = self.message.as_chunks::<POINT_LEN>().0;
        let fault = || {
            self.context
                .receiver_fault("sent base transfers that are not points")
        };
        let rs = encodings(message, 2 * ys.len()).ok_or_else(fault)?;
        let (rs, _) = rs.as_chunks::<2>();
        let pairs = rs.par_iter().zip(ys).enumerate().map(|(i, (r, y))| {
            let sent = Sent {
                r: [&r[0], &r[1]],
                y,
            };
            let exponent = exponent(&self.prg, i);
            let mut pair = [Label::ZERO; 2];
            for (j, (own, other)) in (0u8..).zip([(&r[0], &r[1]), (&r[1], &r[0])]) {
                // m_A of choice j is r_j ⊕ H_j(r_{1−j}).
                let point = decode(own).ok_or_else(fault)?;
                let agreed = point + hash_to_point(&self.context, i, j, other);
                let shared = Zeroizing::new(agreed * *exponent);
                pair[usize::from(j)] = key(&self.context, i, j, &sent, &shared);
            }
            Ok(pair)
        });
        let pairs = Zeroizing::new(pairs.collect::<Result<_, Error>>()?);
        Ok(SentKeys::new(pairs))
    }
}
