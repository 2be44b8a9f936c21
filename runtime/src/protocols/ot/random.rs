//! Random and chosen OT of 128-bit strings, from an extension or, for few, from base OTs directly.
//!
//! - **Functionality**: the sender gets two random strings for each OT; the receiver gets a choice bit, random or its own, and the string
//!   that it names. Chosen OT masks the sender's own strings with them.
//! - **Adversary**: that of the parts below.
//! - **Source**: hashing of correlated OTs with the hash TMMO of Guo, Katz, Wang, Yu (S&P 2020, ePrint 2019/074); chosen choices from
//!   random ones after Beaver, "Precomputing oblivious transfer" (CRYPTO 1995).
//! - **Assumptions**: AES-128 is an ideal cipher. Its keys are public and fresh in every session; none hashes more than 2,048 OTs, so
//!   that an attack on one instance takes some 2^116 evaluations of it, however many OTs the instance has.
//! - **Cost**: one message from the receiver: [`Route::message_len`] bytes; none where few OTs have random choices. Chosen OT: 32 bytes
//!   an OT from the sender.
//! - **Departures from the paper**: none.
//! - **Leakage and failure**: lengths are checked. The tweak of a hash is the OT's number in its instance, which is never used
//!   again; the keys of the hash are derived from session, parties and instance, and from the number of the chunk's first OT.

use zeroize::{Zeroize, Zeroizing};

use super::base::{ReceivedKeys, SentKeys};
use super::softspoken::{self, CHUNK, Fields};
use super::{Context, FEW};
use crate::bits::words_for;
use crate::block::Label;
use crate::error::Error;
use crate::mask::Mask;
use crate::protocols::SemiHonest;
use crate::simd::columns::Cipher;

/// Where an instance's OTs come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// From base OTs, as many as are needed.
    Few,
    /// From an extension.
    Many(Fields),
}

impl Route {
    /// The route for so many OTs in a whole run.
    pub fn for_demand(n: u64) -> Self {
        if n < FEW as u64 {
            Self::Few
        } else {
            Self::Many(Fields::DEFAULT)
        }
    }

    /// Bytes that the receiver sends for a batch of `n` OTs; `fixed` if it fixes its choices.
    pub const fn message_len(self, n: usize, fixed: bool) -> usize {
        match self {
            Self::Few if fixed => n.div_ceil(8),
            Self::Few => 0,
            Self::Many(fields) => fields.message_len(n, fixed),
        }
    }
}

/// OTs of an instance that come from base OTs, in order.
pub(super) struct Pool<K> {
    pub(super) context: Context,
    keys: K,
    len: usize,
    used: usize,
}

impl<K> Pool<K> {
    pub(super) fn new(context: &Context, keys: K, len: usize) -> Self {
        Self {
            context: context.clone(),
            keys,
            len,
            used: 0,
        }
    }

    /// The next `n`, which are then used.
    pub(super) fn take(&mut self, n: usize) -> Result<(&K, std::ops::Range<usize>), Error> {
        let start = self.used;
        let end = start.checked_add(n).filter(|&end| end <= self.len);
        self.used = end.ok_or_else(|| Error::bug("more OTs are taken than were counted"))?;
        Ok((&self.keys, start..self.used))
    }
}

/// Bit `i` of bits that stand 64 to a word.
pub(super) fn bit(words: &[u64], i: usize) -> u64 {
    words.get(i / 64).copied().unwrap_or(0) >> (i % 64) & 1
}

/// Adds a bit, 0 or 1, at a place where there is a zero.
pub(in crate::protocols) fn set_bit(words: &mut [u64], i: usize, bit: u64) {
    words[i / 64] |= bit << (i % 64);
}

enum Sends<A> {
    Few(Pool<SentKeys<A>>),
    Many(Box<(softspoken::Sender<A>, Hashes)>),
}

/// The party that gets both strings.
pub struct Sender<A>(Sends<A>);

/// Both strings of consecutive OTs of a batch.
pub struct SentChunk<'a> {
    /// Where in the batch the first is.
    pub at: usize,
    /// First and second strings.
    pub strings: [&'a [Label]; 2],
}

/// Transfers that are hashed under one key, at most. Whoever evaluates the cipher under a key attacks all of them at once, so
/// their number is what an instance of any size loses of the cipher's strength.
const TARGETS: usize = 2048;

// A chunk of an extension has one key.
const _: () = assert!(CHUNK <= TARGETS);

/// The hashes of an instance: all keys are public and nobody's choice.
struct Hashes(Cipher);

impl Hashes {
    fn new(context: &Context) -> Self {
        let digest = context.transcript("smpcc/ot/hash keys").finish();
        let mut key = [0; 16];
        key.copy_from_slice(&digest.0[..16]);
        Self(Cipher::new(&key))
    }

    /// The hash of a chunk, by the number of its first transfer in the instance. Both sides cut batches alike, so they have
    /// the same chunks; numbers differ, and so do keys, for they are encryptions of the numbers.
    fn of_chunk(&self, number: u64) -> Cipher {
        let mut key = [Label::ZERO];
        self.0.counter(0, number, &mut key);
        Cipher::new(&key[0].to_bytes())
    }
}

impl Sender<SemiHonest> {
    /// From as many base OTs as the run needs.
    pub fn few(context: &Context, keys: SentKeys<SemiHonest>) -> Self {
        let len = keys.len();
        Self(Sends::Few(Pool::new(context, keys, len)))
    }

    /// From an extension, which then serves nothing else.
    pub fn many(context: &Context, extension: softspoken::Sender<SemiHonest>) -> Self {
        Self(Sends::Many(Box::new((extension, Hashes::new(context)))))
    }
}

impl<A> Sender<A> {
    /// Where its OTs come from.
    pub fn route(&self) -> Route {
        match &self.0 {
            Sends::Few(_) => Route::Few,
            Sends::Many(many) => Route::Many(many.0.fields()),
        }
    }

    /// Takes the receiver's message for `n` OTs and gives their strings, some at a time and in order.
    pub fn answer(
        &mut self,
        n: usize,
        fixed: bool,
        message: &[u8],
        mut sink: impl FnMut(SentChunk<'_>),
    ) -> Result<(), Error> {
        match &mut self.0 {
            Sends::Few(pool) => {
                if message.len() != Route::Few.message_len(n, fixed) {
                    return Err(pool
                        .context
                        .receiver_fault("sent choices of another length"));
                }
                let (keys, range) = pool.take(n)?;
                let mut strings = [0, 1].map(|_| Zeroizing::new(Vec::with_capacity(n)));
                for (i, &[k0, k1]) in keys.pairs[range].iter().enumerate() {
                    // The receiver's correction says whether its choice is the other one.
                    let other = message.get(i / 8).copied().unwrap_or(0) >> (i % 8);
                    let swap = (k0 ^ k1).select(Mask::lowest(other.into()));
                    strings[0].push(k0 ^ swap);
                    strings[1].push(k1 ^ swap);
                }
                sink(SentChunk {
                    at: 0,
                    strings: [&strings[0], &strings[1]],
                });
                Ok(())
            }
            Sends::Many(many) => {
                let (extension, hashes) = &mut **many;
                let delta = extension.delta();
                let mut second = Zeroizing::new(vec![Label::ZERO; CHUNK.min(n)]);
                extension.extend(n, fixed, message, |chunk| {
                    let second = &mut second[..chunk.rows.len()];
                    for (to, from) in second.iter_mut().zip(chunk.rows.iter()) {
                        *to = *from ^ delta;
                    }
                    let hash = hashes.of_chunk(chunk.number);
                    hash.tmmo(chunk.number, chunk.rows);
                    hash.tmmo(chunk.number, second);
                    sink(SentChunk {
                        at: chunk.at,
                        strings: [chunk.rows, second],
                    });
                })
            }
        }
    }

    /// [`Sender::answer`], all at once.
    pub fn pairs(
        &mut self,
        n: usize,
        fixed: bool,
        message: &[u8],
    ) -> Result<Zeroizing<Vec<[Label; 2]>>, Error> {
        let mut pairs = Zeroizing::new(Vec::with_capacity(n));
        self.answer(n, fixed, message, |chunk| {
            let [first, second] = chunk.strings;
            pairs.extend(first.iter().zip(second).map(|(&a, &b)| [a, b]));
        })?;
        Ok(pairs)
    }
}

enum Receives<A> {
    Few(Pool<ReceivedKeys<A>>),
    Many(Box<(softspoken::Receiver<A>, Hashes)>),
}

/// The party that gets one string.
pub struct Receiver<A>(Receives<A>);

/// Choices and strings of consecutive OTs of a batch.
pub struct ReceivedChunk<'a> {
    /// Where in the batch the first is; a multiple of 64.
    pub at: usize,
    /// Choice bits, 64 to a word; what stands above the last is unspecified.
    pub choices: &'a [u64],
    /// The strings that they name.
    pub strings: &'a [Label],
}

impl Receiver<SemiHonest> {
    /// From as many base OTs as the run needs, with random choices.
    pub fn few(context: &Context, keys: ReceivedKeys<SemiHonest>) -> Self {
        let len = keys.len();
        Self(Receives::Few(Pool::new(context, keys, len)))
    }

    /// From an extension, which then serves nothing else.
    pub fn many(context: &Context, extension: softspoken::Receiver<SemiHonest>) -> Self {
        Self(Receives::Many(Box::new((extension, Hashes::new(context)))))
    }
}

impl<A> Receiver<A> {
    /// Where its OTs come from.
    pub fn route(&self) -> Route {
        match &self.0 {
            Receives::Few(_) => Route::Few,
            Receives::Many(many) => Route::Many(many.0.fields()),
        }
    }

    /// Appends the message for `n` OTs and gives their choices and strings, some at a time and in order. With `choices` given,
    /// 64 to a word, the receiver fixes them; else they are random.
    pub fn ask(
        &mut self,
        n: usize,
        choices: Option<&[u64]>,
        message: &mut Vec<u8>,
        mut sink: impl FnMut(ReceivedChunk<'_>),
    ) -> Result<(), Error> {
        match &mut self.0 {
            Receives::Few(pool) => {
                let (keys, range) = pool.take(n)?;
                let mut own = Zeroizing::new(vec![0; words_for(n)]);
                let mut corrections = vec![0u8; n.div_ceil(8)];
                for (i, from) in range.clone().enumerate() {
                    let random = bit(&keys.choices, from);
                    let chosen = choices.map_or(random, |c| bit(c, i));
                    set_bit(&mut own, i, chosen);
                    corrections[i / 8] |= ((chosen ^ random) as u8) << (i % 8);
                }
                if choices.is_some() {
                    message.extend_from_slice(&corrections);
                }
                sink(ReceivedChunk {
                    at: 0,
                    choices: &own,
                    strings: &keys.keys[range],
                });
                Ok(())
            }
            Receives::Many(many) => {
                let (extension, hashes) = &mut **many;
                let mut words = Zeroizing::new(Vec::with_capacity(CHUNK / 64));
                extension.extend(n, choices, message, |chunk| {
                    hashes.of_chunk(chunk.number).tmmo(chunk.number, chunk.rows);
                    words.clear();
                    let halves = chunk
                        .choices
                        .iter()
                        .flat_map(|c| [c.0 as u64, (c.0 >> 64) as u64]);
                    words.extend(halves);
                    sink(ReceivedChunk {
                        at: chunk.at,
                        choices: &words,
                        strings: chunk.rows,
                    });
                })
            }
        }
    }

    /// [`Receiver::ask`], all at once: choices, 64 to a word, and strings.
    pub fn chosen(
        &mut self,
        n: usize,
        choices: Option<&[u64]>,
        message: &mut Vec<u8>,
    ) -> Result<Chosen, Error> {
        let mut out = Chosen {
            choices: vec![0; words_for(n)],
            strings: Vec::with_capacity(n),
        };
        self.ask(n, choices, message, |chunk| {
            let words = &mut out.choices[chunk.at / 64..];
            words
                .iter_mut()
                .zip(chunk.choices)
                .for_each(|(w, c)| *w = *c);
            out.strings.extend_from_slice(chunk.strings);
        })?;
        Ok(out)
    }
}

/// Choices and what they name; wiped when dropped.
pub struct Chosen {
    /// Choice bits, 64 to a word; what stands above the last is unspecified.
    pub choices: Vec<u64>,
    /// A string for each.
    pub strings: Vec<Label>,
}

impl Drop for Chosen {
    fn drop(&mut self) {
        self.choices.zeroize();
        self.strings.zeroize();
    }
}

/// Chosen OT: appends the sender's own strings, masked by those of random OTs whose choices the receiver fixed, 32 bytes
/// each.
pub fn mask(random: &[[Label; 2]], own: &[[Label; 2]], message: &mut Vec<u8>) {
    for (random, own) in random.iter().zip(own) {
        for (mask, string) in random.iter().zip(own) {
            message.extend_from_slice(&(*mask ^ *string).to_bytes());
        }
    }
}

/// Chosen OT: the sender's strings that the receiver chose; `None` if the message has another length.
pub fn unmask(chosen: &Chosen, message: &[u8]) -> Option<Vec<Label>> {
    let (pairs, rest) = message.as_chunks::<32>();
    if pairs.len() != chosen.strings.len() || !rest.is_empty() {
        return None;
    }
    let strings = chosen.strings.iter().zip(pairs).enumerate();
    Some(
        strings
            .map(|(i, (&mask, pair))| {
                let (halves, _) = pair.as_chunks();
                let [first, second] = [halves[0], halves[1]].map(Label::from_bytes);
                let other = (first ^ second).select(Mask::at(&chosen.choices, i));
                mask ^ first ^ other
            })
            .collect(),
    )
}
