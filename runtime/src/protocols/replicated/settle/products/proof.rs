//! The algebra of a proof about products: what a prover computes and what each of its two verifiers does.
//!
//! Nothing here sends anything; see `products` for the statement and for who knows what.

use smpcc_circuit::settle::{HALVES, TERMS, TermShape};
use zeroize::{Zeroize, Zeroizing};

use super::super::Said;
use super::super::terms::Chunk;
use crate::hash::{Digest, Transcript};
use crate::prg::{Prg, PrgKey};
use crate::simd::prime::{self, MINUS_SIZE, Prime, Vector, Wide, accumulate, reduced};
use crate::simd::subsets::{self, WEIGHT_BITS};

/// What prover and verifiers of a proof know: its shape, and what challenges follow from.
#[derive(Clone)]
pub struct Public {
    pub shape: TermShape,
    /// The hash of the whole statement, before any message.
    pub start: Digest,
}

/// Challenges: each follows from all before it.
struct Challenges {
    state: Digest,
}

impl Challenges {
    fn new(public: &Public) -> Self {
        Self {
            state: public.start,
        }
    }

    /// A message has come, as its hash.
    fn absorb(&mut self, message: &Digest) {
        let mut next = Transcript::new("smpcc/rep3/products/message");
        next.digest(&self.state).digest(message);
        self.state = next.finish();
    }

    fn draw(&self, what: &str) -> [u8; 32] {
        let mut t = Transcript::new("smpcc/rep3/products/challenge");
        t.digest(&self.state).string(what);
        t.finish().0
    }

    /// Words that follow from the challenge.
    fn words(&self, what: &str, words: &mut [u64]) {
        let seed = self.draw(what);
        let mut key = [0; 16];
        key.copy_from_slice(&seed[..16]);
        Prg::new(&PrgKey::from_bytes(key)).fill_words(0, 0, words);
    }

    /// An element.
    fn one(&self) -> Prime {
        let element = Prime::from_le_bytes(&self.draw("point"));
        #[cfg(test)]
        let element = tests::cut(element);
        element
    }
}

/// The hash of one message of a prover to its first verifier. The salt is theirs alone, so that it says nothing to the second.
fn message_hash(salt: &[u8], level: usize, elements: &[Prime]) -> Digest {
    let mut t = Transcript::new("smpcc/rep3/products/level");
    t.bytes(salt).number(level as u64).list(elements.len());
    for element in elements {
        t.words64(&element.words());
    }
    t.finish()
}

/// Where the messages stand in the list of all elements: sums, two for each halving, three.
fn levels(shape: TermShape) -> impl Iterator<Item = std::ops::Range<usize>> {
    let sums = HALVES + 1;
    let halvings = (0..shape.halvings as usize).map(move |i| sums + 2 * i..sums + 2 * i + 2);
    let last = sums + 2 * shape.halvings as usize;
    std::iter::once(0..sums)
        .chain(halvings)
        .chain(std::iter::once(last..last + 3))
}

/// The hashes of a prover's messages.
pub fn hashes(shape: TermShape, salt: &[u8], first: &[Prime]) -> Vec<Digest> {
    let levels = levels(shape).enumerate();
    levels
        .map(|(level, range)| message_hash(salt, level, &first[range]))
        .collect()
}

/// Memory that one proof after the other takes: it is wiped in between where it held secrets.
#[derive(Default)]
pub struct Room {
    vectors: prime::Room,
    halves: Vec<u64>,
    weights: Vec<u128>,
}

/// Which products each random half takes: for each product a bit for each half, in two words.
struct Halves(Vec<u64>);

impl Halves {
    fn new(challenges: &Challenges, products: usize, room: &mut Room) -> Self {
        let mut words = std::mem::take(&mut room.halves);
        words.resize(2 * products, 0);
        challenges.words("halves", &mut words);
        Self(words)
    }

    /// The sum over each half of what the products have, word by word mod 2^64.
    fn sums<const L: usize>(&self, values: &[[u64; L]]) -> Zeroizing<Vec<[u64; L]>> {
        subsets::sums(&self.0, values)
    }
}

/// What each sum weighs, and the one of the product that goes on.
struct Weights(Vec<u128>);

impl Weights {
    fn new(challenges: &Challenges) -> Self {
        let mut words = [0; 2 * (HALVES + 1)];
        challenges.words("weights", &mut words);
        let pairs = words.chunks_exact(2);
        let sums = pairs.map(|w| {
            let weight = u128::from(w[0]) | u128::from(w[1]) << 64;
            #[cfg(test)]
            let weight = tests::cut_weight(weight);
            weight & ((1 << WEIGHT_BITS) - 1)
        });
        Self(sums.collect())
    }

    /// The weight of every term: that of all halves that take its product.
    fn terms(&self, halves: &Halves, chunk: &Chunk, room: &mut Room) -> Vec<u128> {
        let (sums, goes_on) = (&self.0[..HALVES], self.0[HALVES]);
        let (runs, n) = (&chunk.products.runs, chunk.rows[0].len());
        let mut all = std::mem::take(&mut room.weights);
        all.resize(runs.len(), 0);
        subsets::weights(&halves.0, sums, &mut all);
        if runs.len() == n {
            return all;
        }
        let mut terms = Vec::with_capacity(n);
        for (weight, &run) in all.into_iter().zip(runs) {
            terms.resize(terms.len() + run, weight);
        }
        terms.resize(n, goes_on);
        terms
    }

    /// What the sums weigh together.
    fn claim(&self, sums: &[Prime]) -> Prime {
        let mut total: Wide = [0; 7];
        for (&weight, &sum) in self.0.iter().zip(sums) {
            accumulate(&mut total, Prime::scaled(weight, 1), sum);
        }
        reduced(&total)
    }
}

/// Two rows, one after the other, padded with zeros to a power of two, in halves. Rows that are halves as they are stay where they are.
enum Halved<'a, T: Zeroize> {
    Rows([&'a [T]; 2]),
    Joined(Zeroizing<Vec<T>>),
}

impl<'a, T: Copy + Default + Zeroize> Halved<'a, T> {
    fn new(rows: [&'a [T]; 2]) -> Self {
        let n = rows[0].len();
        if n.is_power_of_two() {
            return Self::Rows(rows);
        }
        let len = (2 * n).next_power_of_two();
        let mut all = Zeroizing::new(Vec::with_capacity(len));
        rows.iter().for_each(|row| all.extend_from_slice(row));
        all.resize(len, T::default());
        Self::Joined(all)
    }

    fn get(&self) -> [&[T]; 2] {
        match self {
            Self::Rows(rows) => *rows,
            Self::Joined(all) => all.split_at(all.len() / 2).into(),
        }
    }
}

/// Rows, weighed.
fn weighed(rows: [&[u64]; 2], weights: Vec<u128>, room: &mut Room) -> Vector {
    let (words, both) = (Halved::new(rows), Halved::new([&weights[..]; 2]));
    let weighed = Vector::weighed(words.get(), both.get(), &mut room.vectors);
    room.weights = weights;
    weighed
}

/// What is left of a vector of words after some halvings. Before the first it is words, with which products take a third of the time, and
/// there are as many elements as ever after.
enum Left<'a> {
    Words(Halved<'a, u64>),
    Elements(Vector),
}

impl Left<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Words(all) => 2 * all.get()[0].len(),
            Self::Elements(all) => all.len(),
        }
    }

    /// What a halving says of this and another vector: `Σ u_1 v_1` and `Σ (u_1 − u_0)(v_1 − v_0)` over two halves.
    fn halved(&self, u: &Vector) -> [Prime; 2] {
        match self {
            Self::Words(v) => u.halved_words(v.get()),
            Self::Elements(v) => u.halved(v),
        }
    }

    /// The first half plus `r` times what the second has more; that is what is left.
    fn fold(&mut self, r: Prime, room: &mut Room) {
        match self {
            Self::Words(all) => {
                *self = Self::Elements(Vector::folded(all.get(), r, &mut room.vectors));
            }
            Self::Elements(all) => all.fold(r),
        }
    }

    /// The one element that is left when all halvings are done.
    fn only(self, room: &mut Room) -> Prime {
        match self {
            Self::Words(_) => Prime::default(),
            Self::Elements(all) => {
                let first = all.first();
                all.leave(&mut room.vectors);
                first
            }
        }
    }
}

/// A quadratic polynomial with these values at 0 and 1 and this leading coefficient, at `r`.
fn quadratic([zero, one, infinity]: [Prime; 3], r: Prime) -> Prime {
    let middle = one.minus(zero).minus(infinity);
    zero.plus(r.times(middle.plus(r.times(infinity))))
}

/// The last challenge is neither of the points at which something is known.
fn beyond_bits(r: Prime) -> Prime {
    let small = u64::from(r.words()[0] < 2 && r.words()[1] == 0 && r.words()[2] == 0);
    r.plus(Prime::of_words(&[2 * small]))
}

/// What hides the factors of the last product.
#[derive(Clone, Copy)]
pub struct Masks {
    pub first: Prime,
    pub second: Prime,
}

/// Bits of a part of a term's integer: sums of all terms of a chunk fit into a word.
const PART: u32 = 44;

/// The integers that products add up to, in three parts each, and the one that goes on last: `Σ x_0 y_1 + x_1 y_0`.
pub fn integers(chunk: &Chunk) -> Zeroizing<Vec<[u64; 3]>> {
    let [x0, x1, y0, y1] = &chunk.rows;
    let mut terms = x0.iter().zip(y1).zip(x1.iter().zip(y0));
    let low = (1 << PART) - 1;
    let mut sum = |run: usize| {
        let mut sum = [0; 3];
        for ((&x0, &y1), (&x1, &y0)) in terms.by_ref().take(run) {
            for (x, y) in [(x0, y1), (x1, y0)] {
                let product = u128::from(x) * u128::from(y);
                sum[0] += product as u64 & low;
                sum[1] += (product >> PART) as u64 & low;
                sum[2] += (product >> (2 * PART)) as u64;
            }
        }
        sum
    };
    let runs = &chunk.products.runs;
    let mut all: Vec<[u64; 3]> = Vec::with_capacity(runs.len() + 1);
    all.extend(runs.iter().map(|&run| sum(run)));
    all.push(sum(usize::MAX));
    Zeroizing::new(all)
}

/// The element that an integer in parts is.
fn whole([low, middle, high]: [u64; 3]) -> Prime {
    let low = u128::from(low) + (u128::from(middle) << PART);
    let high = (low >> 64) + (u128::from(high) << (2 * PART - 64));
    Prime::of_words(&[low as u64, high as u64, (high >> 64) as u64])
}

/// An integer in parts, mod 2^64: the highest part is beyond.
const fn wrapped([low, middle, _]: [u64; 3]) -> u64 {
    low.wrapping_add(middle << PART)
}

/// What products add up to, mod 2^64 and without what the second verifier adds, which is what the first one knows of a true statement.
pub fn expected(integers: &[[u64; 3]], second: &[u64]) -> Zeroizing<Vec<u64>> {
    let both = integers.iter().zip(second);
    Zeroizing::new(both.map(|(&e, a)| wrapped(e).wrapping_sub(*a)).collect())
}

/// Proves a statement about a chunk and its integers. `second` are the second verifier's shares of all messages.
pub fn prove(
    public: &Public,
    (chunk, integers): (&Chunk, &[[u64; 3]]),
    second: &[Prime],
    masks: Masks,
    salt: &[u8],
    room: &mut Room,
) -> Said<Prime> {
    let honest = |_: usize, _: &Challenges, message| message;
    prove_saying(public, (chunk, integers), second, masks, salt, room, honest)
}

/// The same by a prover who says something else: it is given the number of a message, the challenges before it, and what it should be.
fn prove_saying(
    public: &Public,
    (chunk, integers): (&Chunk, &[[u64; 3]]),
    second: &[Prime],
    masks: Masks,
    salt: &[u8],
    room: &mut Room,
    mut says: impl FnMut(usize, &Challenges, Vec<Prime>) -> Vec<Prime>,
) -> Said<Prime> {
    let mut challenges = Challenges::new(public);
    let (mut first, mut hashes) = (Vec::with_capacity(second.len()), Vec::new());
    let mut say = |message: Vec<Prime>, challenges: &mut Challenges| {
        let message = says(hashes.len(), challenges, message);
        let from = first.len();
        let shares = message.iter().zip(&second[from..]);
        first.extend(shares.map(|(m, s)| m.minus(*s)));
        let hash = message_hash(salt, hashes.len(), &first[from..]);
        challenges.absorb(&hash);
        hashes.push(hash);
    };
    let halves = Halves::new(&challenges, chunk.products.runs.len(), room);
    let (goes_on, ended) = integers.split_last().unwrap_or((&[0; 3], &[]));
    let sums = halves.sums(ended);
    let sums = sums.iter().chain([goes_on]).map(|&sum| whole(sum));
    say(sums.collect(), &mut challenges);
    let weights = Weights::new(&challenges).terms(&halves, chunk, room);
    room.halves = halves.0;
    let [x0, x1, y0, y1] = &chunk.rows;
    let mut u = weighed([x0, y0], weights, room);
    let mut v = Left::Words(Halved::new([y1, x1]));
    while u.len() > 1 {
        say(v.halved(&u).to_vec(), &mut challenges);
        let r = challenges.one();
        u.fold(r);
        v.fold(r, room);
    }
    let (u, v) = (Left::Elements(u).only(room), v.only(room));
    let Masks {
        first: mu,
        second: nu,
    } = masks;
    let last = vec![mu.times(nu), u.times(v), u.minus(mu).times(v.minus(nu))];
    say(last, &mut challenges);
    Said {
        elements: Zeroizing::new(first),
        hashes,
    }
}

/// What a verifier tells the other: the hash of what it has of the sums mod 2^64, its factor of the last product, its shares of a check and
/// of the last claim.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub sums: Digest,
    pub factor: Prime,
    pub check: Prime,
    pub claim: Prime,
}

impl Verdict {
    /// Whether both verifiers have the same of the sums, their shares of the check are of zero, and the last product is what is claimed.
    pub fn agrees(&self, other: &Self) -> bool {
        self.sums == other.sums
            && self.check.plus(other.check) == Prime::default()
            && self.factor.times(other.factor) == self.claim.plus(other.claim)
    }
}

/// What a verifier knows of a statement.
pub struct Side<'a> {
    /// Its rows of the factors, in the order of the sum.
    pub rows: [&'a [u64]; 2],
    /// What it knows of each product that ends here.
    pub summand: &'a [u64],
    /// Whether it is the first one, whose part of the product is weighed.
    pub first: bool,
    /// What hides its factor of the last product.
    pub mask: Prime,
}

/// Sums of the products of a chunk's terms are less than 2 to this.
const SUM_BITS: u32 = TERMS.ilog2() + 2 * u64::BITS + 1;

/// Whether a second verifier's share may be at most the sum, so that both shares together are the sum and not the size of the field more.
const fn may_wrap(share: Prime) -> bool {
    let [_, _, high] = share.words();
    high >> (SUM_BITS - 2 * u64::BITS) == 0
}

/// What a verifier's share of a sum is mod 2^64: both shares together are the sum and once the size of the field, of which the
/// second takes care. That fails where the second's share is at most the sum, which happens once in 2^47 times or less.
pub const fn share_of_sum(first: bool, share: Prime) -> u64 {
    let low = share.words()[0];
    match first {
        true => low,
        false => low.wrapping_add(MINUS_SIZE),
    }
}

/// Follows a proof with this verifier's shares of its messages.
pub fn follow(
    public: &Public,
    chunk: &Chunk,
    side: &Side<'_>,
    shares: &[Prime],
    hashes: &[Digest],
    room: &mut Room,
) -> Verdict {
    let shape = public.shape;
    let mut challenges = Challenges::new(public);
    let halves = Halves::new(&challenges, chunk.products.runs.len(), room);
    let mut messages = levels(shape).zip(hashes);
    let mut next = |challenges: &mut Challenges| {
        let (range, hash) = messages.next().unwrap_or((0..0, &public.start));
        challenges.absorb(hash);
        &shares[range]
    };
    let message = next(&mut challenges);
    let known = halves.sums(side.summand.as_chunks::<1>().0);
    // What the first knows less its share is the second's share less what that one knows.
    let words = known.iter().zip(message).map(|([known], share)| {
        let share = share_of_sum(side.first, *share);
        match side.first {
            true => known.wrapping_sub(share),
            false => share.wrapping_sub(*known),
        }
    });
    let words: Zeroizing<Vec<u64>> = Zeroizing::new(words.collect());
    let mut sums = Transcript::new("smpcc/rep3/products/sums");
    sums.digest(&public.start).words64(&words);
    // Of what goes on there are no halves in which an error would have to go unnoticed, and its prover knows this share beforehand.
    if !side.first && chunk.goes_on() && message.get(HALVES).is_some_and(|&s| may_wrap(s)) {
        sums.string("may wrap");
    }
    let weights = Weights::new(&challenges);
    let mut claim = weights.claim(message);
    let mut own = match side.first {
        true => {
            let weights = weights.terms(&halves, chunk, room);
            Left::Elements(weighed(side.rows, weights, room))
        }
        false => Left::Words(Halved::new(side.rows)),
    };
    room.halves = halves.0;
    while own.len() > 1 {
        let message = next(&mut challenges);
        let r = challenges.one();
        claim = quadratic([claim.minus(message[0]), message[0], message[1]], r);
        own.fold(r, room);
    }
    let message = next(&mut challenges);
    let check = message[1].minus(claim);
    let r = beyond_bits(challenges.one());
    Verdict {
        sums: sums.finish(),
        factor: side.mask.plus(r.times(own.only(room).minus(side.mask))),
        check,
        claim: quadratic([message[0], message[1], message[2]], r),
    }
}

#[cfg(test)]
mod tests;
