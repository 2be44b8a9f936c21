//! The extension of 128 base OTs to any number of correlated ones, most of whose bytes are traded for generator output.
//!
//! - **Functionality**: the sender has Δ of 128 bits and gets a block `w` for each OT; the receiver gets a bit `u` and a block `v`, random
//!   or with `u` as it likes, so that `w = v ⊕ u·Δ`.
//! - **Adversary**: semi-honest, either party.
//! - **Source**: Roy, "SoftSpokenOT: quieter OT extension from small-field silent VOLE in the minicrypt model" (CRYPTO 2022, ePrint
//!   2022/192): the small-field VOLE of section 3.1, the subspace VOLE with a repetition code of section 4.
//! - **Assumptions**: AES-128 in counter mode is a pseudo-random generator; 128 base OTs with roles reversed.
//! - **Cost**: `⌈128/k⌉ − 1` bits an OT, all from the receiver, in one message, and one bit more where the receiver fixes `u`; `2^k ·
//!   ⌈128/k⌉` bits of generator output an OT and party. Set-up: the base OTs and one message of tree corrections.
//! - **Departures from the paper**: where `k` does not divide 128, one field is smaller. The sender counts leaves relative to Δ,
//!   so that its memory accesses show nothing of Δ.
//! - **Leakage and failure**: without the paper's checks a malicious receiver could learn Δ: this is for semi-honest parties, and [`checked`]
//!   adds the checks. A message of another length is the receiver's fault; any of the right length is taken.
//!
//! A *column* is one bit of the blocks of many OTs, a *row* is one block. Columns `c..c + k` make a field of 2^k elements, for which
//! the receiver knows the generators `r_x` of all leaves of a tree and the sender all but that at its part Δ_c of Δ. Then `u = Σ r_x`, `v =
//! Σ x·r_x`, and `w = Σ (x ⊕ Δ_c)·r_x` (figure of section 3.1), which needs no `r_{Δ_c}`. What is random in the choices of every field
//! but the first is corrected to the first one's.

use std::marker::PhantomData;

use zeroize::Zeroizing;

use super::base::{ReceivedKeys, SentKeys, is_for_extension};
use super::tree::{climb, corrections_len, plant};
use super::{Context, SECURITY};
use crate::block::Label;
use crate::error::Error;
use crate::mask::Mask;
use crate::protocols::SemiHonest;
use crate::simd::columns::{Cipher, ROWS, add_masked, fold, transpose};

pub mod checked;

/// Blocks of 128 OTs that are computed together: their columns and rows stay in the second-level cache.
const CHUNK_BLOCKS: usize = 16;

/// OTs that are computed together.
pub const CHUNK: usize = CHUNK_BLOCKS * ROWS;

/// The stream of a leaf's generator.
const EXPANSION: u64 = 1;

/// The size of the fields, which trades bytes for work: elements have `k` bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fields {
    bits: usize,
}

impl Fields {
    /// Four bits: 31 bits an OT, four blocks of generator output.
    pub const DEFAULT: Self = Self { bits: 4 };

    /// Fields of 2 to 2^8 elements.
    pub fn new(bits: usize) -> Option<Self> {
        (1..=8).contains(&bits).then_some(Self { bits })
    }

    /// Number of fields.
    pub const fn count(self) -> usize {
        SECURITY.div_ceil(self.bits)
    }

    /// First column and number of columns of each field.
    fn each(self) -> impl Iterator<Item = (usize, usize)> {
        (0..SECURITY)
            .step_by(self.bits)
            .map(move |c| (c, self.bits.min(SECURITY - c)))
    }

    /// Bytes of the message with which the receiver ends the set-up.
    pub fn corrections_len(self) -> usize {
        self.each().map(|(_, bits)| corrections_len(bits)).sum()
    }

    /// Bytes of the receiver's message for a batch of `n` OTs; `fixed` if it fixes its choices.
    pub const fn message_len(self, n: usize, fixed: bool) -> usize {
        (self.count() - 1 + fixed as usize) * n.div_ceil(8)
    }

    /// The choice bits of the base OTs with which the sender of this Δ starts.
    pub fn base_choices(self, delta: Label) -> [u64; 2] {
        let choices = self.exchange(!delta.0);
        [choices as u64, (choices >> 64) as u64]
    }

    /// Δ from its tree's bits, or the other way round: within each field the order is reversed, since trees are climbed from
    /// the highest bit on.
    fn exchange(self, word: u128) -> u128 {
        self.each().fold(0, |out, (c, bits)| {
            (0..bits).fold(out, |out, i| {
                out | (word >> (c + i) & 1) << (c + bits - 1 - i)
            })
        })
    }
}

/// A part of a batch as it is computed.
pub struct Chunk<'a> {
    /// Where in the batch its first OT is; a multiple of [`CHUNK`].
    pub at: usize,
    /// The number of its first OT in the whole instance.
    pub number: u64,
    /// At the receiver the choice bits, 128 to a block; empty at the sender.
    pub choices: &'a [Label],
    /// One block an OT: `v` at the receiver, `w` at the sender.
    pub rows: &'a mut [Label],
}

/// Leaves' generators, field by field, and room to work in.
struct Columns {
    context: Context,
    fields: Fields,
    leaves: Vec<Cipher>,
    /// The first block of output that has not been used.
    next: u64,
    room: Room,
    columns: Zeroizing<Vec<Label>>,
    rows: Zeroizing<Vec<Label>>,
}

impl Columns {
    fn new(context: &Context, fields: Fields) -> Self {
        let room = |n: usize| Zeroizing::new(vec![Label::ZERO; n * CHUNK_BLOCKS]);
        Self {
            context: context.clone(),
            fields,
            leaves: Vec::with_capacity(fields.count() << fields.bits),
            next: 0,
            room: Room {
                leaves: room(SUBTREE),
                roots: room((1 << fields.bits) / SUBTREE),
                part: room(SUBTREE_BITS),
            },
            columns: room(SECURITY),
            rows: room(ROWS),
        }
    }

    fn add_leaves(&mut self, leaves: &[Label]) {
        let ciphers = leaves.iter().map(|leaf| Cipher::new(&leaf.to_bytes()));
        self.leaves.extend(ciphers);
    }

    /// Takes the numbers of a batch.
    fn begin(&mut self, n: usize) -> Result<u64, Error> {
        let first = self.next;
        let end = first.checked_add(n.div_ceil(ROWS) as u64);
        // OTs are counted in 64 bits too.
        self.next = end
            .filter(|&end| end < 1 << 56)
            .ok_or_else(|| Error::bug("an instance of OT is used up"))?;
        Ok(first)
    }
}

/// Leaves of a larger tree that are expanded and added up together, so that their output stays in the first-level cache.
const SUBTREE: usize = 16;
/// Its levels.
const SUBTREE_BITS: usize = SUBTREE.ilog2() as usize;

/// Room to expand a field's leaves.
struct Room {
    leaves: Zeroizing<Vec<Label>>,
    /// Sums over subtrees, one for each.
    roots: Zeroizing<Vec<Label>>,
    part: Zeroizing<Vec<Label>>,
}

/// Expands `n` blocks of each of a field's leaves from block `index` on and adds them up: `sums[j]` is the sum of those with
/// bit `j`, and what is returned the sum of all. The first `skip` leaves are unknown and count for nothing.
fn field<'r>(
    leaves: &[Cipher],
    skip: usize,
    index: u64,
    n: usize,
    room: &'r mut Room,
    sums: &mut [Label],
) -> &'r [Label] {
    let levels = sums.len() / n;
    let (low, high) = sums.split_at_mut(levels.min(SUBTREE_BITS) * n);
    low.fill(Label::ZERO);
    let part = &mut room.part[..low.len()];
    for (s, leaves) in leaves.chunks(SUBTREE).enumerate() {
        let expanded = &mut room.leaves[..leaves.len() * n];
        let skip = if s == 0 { skip } else { 0 };
        expanded[..skip * n].fill(Label::ZERO);
        for (leaf, out) in leaves.iter().zip(expanded.chunks_exact_mut(n)).skip(skip) {
            leaf.counter(EXPANSION, index, out);
        }
        if high.is_empty() {
            fold(expanded, n, low);
            return &room.leaves[..n];
        }
        fold(expanded, n, part);
        add_masked(low, part, Label(u128::MAX));
        room.roots[s * n..(s + 1) * n].copy_from_slice(&expanded[..n]);
    }
    let roots = &mut room.roots[..leaves.len() / SUBTREE * n];
    fold(roots, n, high);
    &room.roots[..n]
}

/// A chunk's place in a batch.
#[derive(Clone, Copy)]
struct Span {
    at: usize,
    n: usize,
    blocks: usize,
}

fn spans(n: usize) -> impl Iterator<Item = Span> {
    (0..n).step_by(CHUNK).map(move |at| {
        let len = CHUNK.min(n - at);
        Span {
            at,
            n: len,
            blocks: len.div_ceil(ROWS),
        }
    })
}

/// A chunk's rows from its columns: in their place in `into` where all of them have one, else in `room`, with a copy of those that have.
fn turn<'r>(
    columns: &[Label],
    room: &'r mut [Label],
    into: &'r mut [Label],
    span: Span,
) -> &'r mut [Label] {
    let n = ROWS * span.blocks;
    let into = into.get_mut(span.at..).unwrap_or_default();
    if into.len() >= n {
        transpose(columns, &mut into[..n]);
        return &mut into[..span.n];
    }
    transpose(columns, &mut room[..n]);
    into.copy_from_slice(&room[..into.len()]);
    &mut room[..span.n]
}

/// A chunk's columns, and what was sent for them.
struct Seen<'a> {
    /// Of `v` at the receiver, of `w` at the sender: one column after the other.
    columns: &'a [Label],
    /// At the receiver `u`.
    choices: &'a [Label],
    /// The whole batch's corrections, in columns of `len` bytes.
    message: &'a [u8],
    len: usize,
    span: Span,
}

impl Seen<'_> {
    /// The chunk's corrections, column by column.
    fn corrections(&self) -> impl Iterator<Item = &[u8]> {
        let columns = self.message.len().checked_div(self.len).unwrap_or(0);
        (0..columns).map(|column| &self.message[place(column, self.len, self.span)])
    }
}

/// A column's bytes of a chunk within a message of columns of `len` bytes.
fn place(column: usize, len: usize, span: Span) -> std::ops::Range<usize> {
    let start = column * len + span.at / 8;
    start..start + span.n.div_ceil(8)
}

/// The party that gets one of two strings: knows all leaves.
pub struct Receiver<A> {
    columns: Columns,
    level: PhantomData<A>,
}

impl Receiver<SemiHonest> {
    /// From base OTs that this party sent; gives the set-up's last message, [`Fields::corrections_len`] bytes.
    pub fn new(
        context: &Context,
        fields: Fields,
        keys: SentKeys<SemiHonest>,
    ) -> Result<(Self, Vec<u8>), Error> {
        is_for_extension(keys.len())?;
        let mut columns = Columns::new(context, fields);
        let mut corrections = Vec::with_capacity(fields.corrections_len());
        for (c, bits) in fields.each() {
            let leaves = plant(&keys.pairs[c..c + bits], &mut corrections);
            columns.add_leaves(&leaves);
        }
        let receiver = Self {
            columns,
            level: PhantomData,
        };
        Ok((receiver, corrections))
    }
}

impl<A> Receiver<A> {
    /// The size of the fields.
    pub fn fields(&self) -> Fields {
        self.columns.fields
    }

    /// Extends by `n` OTs, chunk after chunk, and appends [`Fields::message_len`] bytes for the sender. With `choices` given, 64
    /// to a word, the receiver fixes them; else they are random.
    pub fn extend(
        &mut self,
        n: usize,
        choices: Option<&[u64]>,
        message: &mut Vec<u8>,
        sink: impl FnMut(Chunk<'_>),
    ) -> Result<(), Error> {
        self.extend_seen(n, choices, message, &mut [], |_| (), sink)
    }

    /// The same; `seen` sees each chunk's columns and corrections before it is given, and the rows are also put in `into`, as far as it
    /// reaches.
    fn extend_seen(
        &mut self,
        n: usize,
        choices: Option<&[u64]>,
        message: &mut Vec<u8>,
        into: &mut [Label],
        mut seen: impl FnMut(Seen<'_>),
        mut sink: impl FnMut(Chunk<'_>),
    ) -> Result<(), Error> {
        let s = &mut self.columns;
        let first = s.begin(n)?;
        let len = n.div_ceil(8);
        let start = message.len();
        message.resize(start + s.fields.message_len(n, choices.is_some()), 0);
        let message = &mut message[start..];
        for span in spans(n) {
            let b = span.blocks;
            let index = first + (span.at / ROWS) as u64;
            let mut u = Zeroizing::new([Label::ZERO; CHUNK_BLOCKS]);
            let u = &mut u[..b];
            if let Some(choices) = choices {
                let words = choices.get(span.at / 64..).unwrap_or_default();
                for (u, pair) in u.iter_mut().zip(words.chunks(2)) {
                    let word = |i: usize| u128::from(pair.get(i).copied().unwrap_or(0));
                    *u = Label(word(0) | word(1) << 64);
                }
            }
            let mut column = 0;
            let mut leaves = &s.leaves[..];
            for (c, bits) in s.fields.each() {
                let (tree, rest) = leaves.split_at(1 << bits);
                leaves = rest;
                let sums = &mut s.columns[c * b..(c + bits) * b];
                let sum = field(tree, 0, index, b, &mut s.room, sums);
                if c == 0 && choices.is_none() {
                    u.copy_from_slice(sum);
                    continue;
                }
                // The correction c_g = u_g ⊕ u.
                let out = &mut message[place(column, len, span)];
                let mut blocks = sum.iter().zip(u.iter()).map(|(sum, u)| *sum ^ *u);
                let (whole, last) = out.as_chunks_mut();
                for (out, block) in whole.iter_mut().zip(&mut blocks) {
                    *out = block.to_bytes();
                }
                if let Some(block) = blocks.next() {
                    last.copy_from_slice(&block.to_bytes()[..last.len()]);
                }
                column += 1;
            }
            seen(Seen {
                columns: &s.columns[..SECURITY * b],
                choices: u,
                message,
                len,
                span,
            });
            sink(Chunk {
                at: span.at,
                number: index * ROWS as u64,
                choices: u,
                rows: turn(&s.columns[..SECURITY * b], &mut s.rows, into, span),
            });
        }
        Ok(())
    }
}

/// The party that has two strings: knows Δ, and all leaves but those that Δ names.
pub struct Sender<A> {
    columns: Columns,
    delta: Zeroizing<Label>,
    level: PhantomData<A>,
}

impl Sender<SemiHonest> {
    /// From base OTs that this party received with the choices [`Fields::base_choices`], and the receiver's last message of
    /// the set-up.
    pub fn new(
        context: &Context,
        fields: Fields,
        keys: ReceivedKeys<SemiHonest>,
        corrections: &[u8],
    ) -> Result<Self, Error> {
        is_for_extension(keys.len())?;
        if corrections.len() != fields.corrections_len() {
            return Err(context.receiver_fault("sent tree corrections of another length"));
        }
        let word = |i: usize| u128::from(keys.choices.get(i).copied().unwrap_or(0));
        // The choices are the complements of Δ's bits, in the order of the trees' levels.
        let path = Zeroizing::new(!(word(0) | word(1) << 64));
        let mut columns = Columns::new(context, fields);
        let mut rest = corrections;
        for (c, n_bits) in fields.each() {
            let (mine, after) = rest.split_at(corrections_len(n_bits));
            rest = after;
            let mut bits = Zeroizing::new([Mask::default(); 8]);
            for (i, bit) in bits.iter_mut().enumerate().take(n_bits) {
                *bit = Mask::lowest((*path >> (c + i)) as u64);
            }
            let leaves = climb(&keys.keys[c..c + n_bits], &bits[..n_bits], mine);
            columns.add_leaves(&leaves);
        }
        Ok(Self {
            columns,
            delta: Zeroizing::new(Label(fields.exchange(*path))),
            level: PhantomData,
        })
    }
}

impl<A> Sender<A> {
    /// The size of the fields.
    pub fn fields(&self) -> Fields {
        self.columns.fields
    }

    /// Δ.
    pub fn delta(&self) -> Label {
        *self.delta
    }

    /// Extends by `n` OTs, chunk after chunk, from the receiver's message; `fixed` if the receiver fixed its choices.
    pub fn extend(
        &mut self,
        n: usize,
        fixed: bool,
        message: &[u8],
        sink: impl FnMut(Chunk<'_>),
    ) -> Result<(), Error> {
        self.extend_seen(n, fixed, message, &mut [], |_| (), sink)
    }

    /// The same; `seen` sees each chunk's columns and corrections before it is given, and the rows are also put in `into`, as far as it
    /// reaches.
    fn extend_seen(
        &mut self,
        n: usize,
        fixed: bool,
        message: &[u8],
        into: &mut [Label],
        mut seen: impl FnMut(Seen<'_>),
        mut sink: impl FnMut(Chunk<'_>),
    ) -> Result<(), Error> {
        let s = &mut self.columns;
        if message.len() != s.fields.message_len(n, fixed) {
            return Err(s
                .context
                .receiver_fault("sent an extension of another length"));
        }
        let first = s.begin(n)?;
        let len = n.div_ceil(8);
        for span in spans(n) {
            let b = span.blocks;
            let index = first + (span.at / ROWS) as u64;
            let mut column = 0;
            let mut leaves = &s.leaves[..];
            for (c, bits) in s.fields.each() {
                let (tree, rest) = leaves.split_at(1 << bits);
                leaves = rest;
                let sums = &mut s.columns[c * b..(c + bits) * b];
                field(tree, 1, index, b, &mut s.room, sums);
                if c == 0 && !fixed {
                    continue;
                }
                let correction = &message[place(column, len, span)];
                column += 1;
                let mut blocks = [Label::ZERO; CHUNK_BLOCKS];
                let (whole, last) = correction.as_chunks();
                for (block, bytes) in blocks.iter_mut().zip(whole) {
                    *block = Label::from_bytes(*bytes);
                }
                if let (false, Some(block)) = (last.is_empty(), blocks.get_mut(whole.len())) {
                    let mut bytes = [0; 16];
                    bytes[..last.len()].copy_from_slice(last);
                    *block = Label::from_bytes(bytes);
                }
                for (j, sum) in sums.chunks_exact_mut(b).enumerate() {
                    let taken = Mask::lowest((self.delta.0 >> (c + j)) as u64);
                    add_masked(sum, &blocks, Label(taken.wide()));
                }
            }
            seen(Seen {
                columns: &s.columns[..SECURITY * b],
                choices: &[],
                message,
                len,
                span,
            });
            sink(Chunk {
                at: span.at,
                number: index * ROWS as u64,
                choices: &[],
                rows: turn(&s.columns[..SECURITY * b], &mut s.rows, into, span),
            });
        }
        Ok(())
    }
}
