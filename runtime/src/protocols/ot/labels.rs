//! Correlated OTs whose blocks are input labels of garbled circuits.
//!
//! - **Functionality**: the sender, who garbles with its own Δ, gets a zero label for each OT; the receiver, who evaluates, gets a random
//!   bit and the label of that bit.
//! - **Adversary**: that of the parts below.
//! - **Source**: Asharov, Lindell, Schneider, Zohner, "More efficient oblivious transfer" (CCS 2013), correlated OT; with few OTs each is a
//!   random OT and one correction.
//! - **Assumptions**: those of [`super::softspoken`] or of [`super::base`]; the garbling's hash must be circular correlation robust for Δ.
//! - **Cost**: from an extension its message from the receiver; with few, 16 bytes an OT from the sender and nothing from the receiver.
//! - **Departures from the paper**: the choice is random. An evaluator with its own bit sends the sum of both, one bit, and the
//!   garbler adds Δ to the zero label where that is one.
//! - **Leakage and failure**: lengths are checked. Nothing here is hashed, so this Δ serves in no other instance.

use zeroize::{Zeroize, Zeroizing};

use super::base::{ReceivedKeys, SentKeys};
use super::random::{Pool, Route, bit, set_bit};
use super::{Context, softspoken};
use crate::bits::words_for;
use crate::block::{LABEL_LEN, Label, read_labels};
use crate::error::Error;
#[cfg(test)]
use crate::freed::{Origin, plant};
use crate::mask::Mask;
use crate::prg::OsEntropy;
use crate::protocols::SemiHonest;

/// A fresh Δ, whose colour is 1.
pub fn fresh_delta(entropy: &mut OsEntropy) -> Result<Zeroizing<Label>, Error> {
    let mut label = Label::from_bytes(*entropy.bytes()?);
    label.0 |= 1;
    Ok(Zeroizing::new(label))
}

/// Bytes with which the sender answers for `n` OTs.
pub const fn reply_len(route: Route, n: usize) -> usize {
    match route {
        Route::Few => LABEL_LEN * n,
        Route::Many(_) => 0,
    }
}

enum Sends<A> {
    Few(Pool<SentKeys<A>>, Zeroizing<Label>),
    Many(softspoken::Sender<A>),
}

/// The garbler.
pub struct Sender<A>(Sends<A>);

impl Sender<SemiHonest> {
    /// From as many base OTs as the run needs.
    pub fn few(context: &Context, keys: SentKeys<SemiHonest>, delta: Label) -> Result<Self, Error> {
        let len = keys.len();
        Self(Sends::Few(
            Pool::new(context, keys, len),
            Zeroizing::new(delta),
        ))
        .coloured()
    }

    /// From an extension that was started with the garbler's Δ and serves nothing else.
    pub fn many(extension: softspoken::Sender<SemiHonest>) -> Result<Self, Error> {
        Self(Sends::Many(extension)).coloured()
    }
}

impl<A> Sender<A> {
    fn coloured(self) -> Result<Self, Error> {
        if self.delta().colour() == 1 {
            Ok(self)
        } else {
            Err(Error::bug("an offset between labels must have colour 1"))
        }
    }

    /// The offset between the labels of a bit.
    pub fn delta(&self) -> Label {
        match &self.0 {
            Sends::Few(_, delta) => **delta,
            Sends::Many(extension) => extension.delta(),
        }
    }

    /// Where its OTs come from.
    pub fn route(&self) -> Route {
        match &self.0 {
            Sends::Few(..) => Route::Few,
            Sends::Many(extension) => Route::Many(extension.fields()),
        }
    }

    /// Takes the receiver's message for `n` OTs, appends [`reply_len`] bytes for it and gives the zero labels.
    pub fn answer(
        &mut self,
        n: usize,
        message: &[u8],
        reply: &mut Vec<u8>,
    ) -> Result<Zeroizing<Vec<Label>>, Error> {
        let mut zeros = Zeroizing::new(Vec::with_capacity(n));
        match &mut self.0 {
            Sends::Few(pool, delta) => {
                if !message.is_empty() {
                    return Err(pool.context.receiver_fault("sent a message out of turn"));
                }
                let (keys, range) = pool.take(n)?;
                for &[k0, k1] in &keys.pairs[range] {
                    reply.extend_from_slice(&(k0 ^ k1 ^ **delta).to_bytes());
                    zeros.push(k0);
                }
            }
            Sends::Many(extension) => extension.extend(n, false, message, |chunk| {
                zeros.extend_from_slice(chunk.rows);
            })?,
        }
        #[cfg(test)]
        zeros
            .iter()
            .take(2)
            .for_each(|&zero| plant(Origin::Transferred, zero));
        Ok(zeros)
    }
}

enum Receives<A> {
    Few(Pool<ReceivedKeys<A>>),
    Many(softspoken::Receiver<A>, Context),
}

/// The evaluator.
pub struct Receiver<A>(Receives<A>);

impl Receiver<SemiHonest> {
    /// From as many base OTs as the run needs, with random choices.
    pub fn few(context: &Context, keys: ReceivedKeys<SemiHonest>) -> Self {
        let len = keys.len();
        Self(Receives::Few(Pool::new(context, keys, len)))
    }

    /// From an extension that serves nothing else.
    pub fn many(context: &Context, extension: softspoken::Receiver<SemiHonest>) -> Self {
        Self(Receives::Many(extension, context.clone()))
    }
}

impl<A> Receiver<A> {
    /// Where its OTs come from.
    pub fn route(&self) -> Route {
        match &self.0 {
            Receives::Few(_) => Route::Few,
            Receives::Many(extension, _) => Route::Many(extension.fields()),
        }
    }

    /// Appends the message for `n` OTs.
    pub fn ask(&mut self, n: usize, message: &mut Vec<u8>) -> Result<Asked, Error> {
        let mut held = Held {
            choices: vec![0; words_for(n)],
            labels: Vec::with_capacity(n),
        };
        let (context, route) = match &mut self.0 {
            Receives::Few(pool) => {
                let (keys, range) = pool.take(n)?;
                for (i, from) in range.clone().enumerate() {
                    set_bit(&mut held.choices, i, bit(&keys.choices, from));
                }
                held.labels.extend_from_slice(&keys.keys[range]);
                (pool.context.clone(), Route::Few)
            }
            Receives::Many(extension, context) => {
                extension.extend(n, None, message, |chunk| {
                    let words = &mut held.choices[chunk.at / 64..];
                    let halves = chunk
                        .choices
                        .iter()
                        .flat_map(|c| [c.0 as u64, (c.0 >> 64) as u64]);
                    words.iter_mut().zip(halves).for_each(|(w, c)| *w = c);
                    held.labels.extend_from_slice(chunk.rows);
                })?;
                (context.clone(), Route::Many(extension.fields()))
            }
        };
        Ok(Asked {
            held,
            route,
            context,
        })
    }
}

/// OTs that wait for the sender's answer.
pub struct Asked {
    held: Held,
    route: Route,
    context: Context,
}

impl Asked {
    /// The choices, 64 to a word, which are known before the answer; what stands above the last is unspecified.
    pub fn choices(&self) -> &[u64] {
        &self.held.choices
    }

    /// Takes the sender's answer.
    pub fn finish(mut self, reply: &[u8]) -> Result<Held, Error> {
        if reply.len() != reply_len(self.route, self.held.labels.len()) {
            return Err(self
                .context
                .sender_fault("sent corrections of another length"));
        }
        let mut held = std::mem::take(&mut self.held);
        let Held { choices, labels } = &mut held;
        for (i, (label, correction)) in labels.iter_mut().zip(read_labels(reply)).enumerate() {
            *label ^= correction.select(Mask::at(choices, i));
        }
        Ok(held)
    }
}

/// Random bits and their labels; wiped when dropped.
#[derive(Default)]
pub struct Held {
    /// The bits, 64 to a word; what stands above the last is unspecified.
    pub choices: Vec<u64>,
    /// A label for each.
    pub labels: Vec<Label>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.choices.zeroize();
        self.labels.zeroize();
    }
}
