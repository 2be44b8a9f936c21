//! The algebra of a proof about ANDs: what a prover computes and what each of its two verifiers does.
//!
//! Nothing here sends anything; see `ands` for the statement and for who knows what.

use smpcc_circuit::settle::Shape;
use zeroize::{Zeroize, Zeroizing};

use super::super::Said;
use crate::bits::transpose64;
use crate::hash::{Digest, Transcript};
use crate::simd::field::{Field, Wide, accumulate, fold, halves, mul, reduced, weigh};

/// What prover and verifiers of a proof know: its shape, and what challenges follow from.
#[derive(Clone)]
pub(super) struct Public {
    pub(super) shape: Shape,
    /// The hash of the whole statement, before any message.
    pub(super) start: Digest,
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
        let mut next = Transcript::new("smpcc/rep3/proof/message");
        next.digest(&self.state).digest(message);
        self.state = next.finish();
    }

    fn draw(&self, n: usize) -> Vec<Field> {
        let element = |i: usize| {
            let mut t = Transcript::new("smpcc/rep3/proof/challenge");
            t.digest(&self.state).number(i as u64);
            let Digest(bytes) = t.finish();
            let mut low = [0; 16];
            low.copy_from_slice(&bytes[..16]);
            let element = Field::from_le_bytes(low);
            #[cfg(test)]
            let element = element & tests::CHALLENGES.get();
            element
        };
        (0..n).map(element).collect()
    }

    fn one(&self) -> Field {
        self.draw(1).first().copied().unwrap_or(0)
    }
}

/// The hash of one message of a prover to its first verifier. The salt is theirs alone, so that it says nothing to the second.
fn message_hash(salt: &[u8], level: usize, elements: &[Field]) -> Digest {
    let mut t = Transcript::new("smpcc/rep3/proof/level");
    t.bytes(salt)
        .number(level as u64)
        .words(elements.iter().copied());
    t.finish()
}

/// Where the messages stand in the list of all elements: the grid, two for each halving, three.
fn levels(shape: Shape) -> impl Iterator<Item = std::ops::Range<usize>> {
    let grid = shape.points();
    let halvings = (0..shape.halvings as usize).map(move |i| grid + 2 * i..grid + 2 * i + 2);
    let last = grid + 2 * shape.halvings as usize;
    std::iter::once(0..grid)
        .chain(halvings)
        .chain(std::iter::once(last..last + 3))
}

/// The hashes of a prover's messages.
pub(super) fn hashes(shape: Shape, salt: &[u8], first: &[Field]) -> Vec<Digest> {
    let levels = levels(shape).enumerate();
    levels
        .map(|(level, range)| message_hash(salt, level, &first[range]))
        .collect()
}

/// `Π w_m` over the bits of an index, where a bit of one takes `w.1` and a bit of zero takes `w.0`.
fn tensor(weights: impl IntoIterator<Item = (Field, Field)>) -> Vec<Field> {
    let mut all = vec![1];
    for (zero, one) in weights {
        let ones: Vec<Field> = all.iter().map(|&w| mul(w, one)).collect();
        if zero != 1 {
            all.iter_mut().for_each(|w| *w = mul(*w, zero));
        }
        all.extend(ones);
    }
    all
}

/// The weights of words: of those of a group, and of groups.
struct Weights {
    words: Vec<Field>,
    groups: Vec<Field>,
    /// By variable of the grid.
    grid: Vec<Field>,
}

impl Weights {
    fn new(shape: Shape, challenges: &Challenges) -> Self {
        let n_groups = shape.groups.next_power_of_two().trailing_zeros();
        let mut grid = challenges.draw((shape.grid + n_groups) as usize);
        let rest = grid.split_off(shape.grid as usize);
        let mut groups = tensor(rest.into_iter().map(|t| (1, t)));
        groups.truncate(shape.groups);
        Self {
            words: tensor(grid.iter().map(|&t| (1, t))),
            groups,
            grid,
        }
    }
}

/// The words of each group, which may end early.
fn groups(shape: Shape, row: &[u64]) -> impl Iterator<Item = &[u64]> {
    row.chunks(1 << shape.grid)
}

/// `Σ ρ_w φ(w)` over the words of a row.
fn weighted_sum(shape: Shape, row: &[u64], weights: &Weights) -> Field {
    let mut sums: Vec<Wide> = vec![[0; 3]; 1 << shape.grid];
    for (&weight, words) in weights.groups.iter().zip(groups(shape, row)) {
        accumulate(&mut sums, weight, words);
    }
    let words = weights.words.iter().zip(sums);
    words.fold(0, |sum, (&weight, words)| sum ^ mul(weight, reduced(words)))
}

/// Groups that are worked on together.
const TOGETHER: usize = 8;

/// A word of each of them.
type Words = [u64; TOGETHER];

fn plus(a: &[Words], b: &[Words], out: &mut Vec<Words>) {
    out.clear();
    out.extend(a.iter().zip(b).map(|(a, b)| {
        let mut sum = *a;
        sum.iter_mut().zip(b).for_each(|(s, b)| *s ^= b);
        sum
    }));
}

/// Room for sums of halves of four rows, one for each variable.
type Room = [[Vec<Words>; 4]];

/// `x_0 y_1 ⊕ y_0 x_1` at all points, for rows of the multilinear functions' values at zeros and ones: the last variable is set to 0, 1 and ∞,
/// which stands for the sum of both, and so on. Variable `k` has the digit of 3^k.
fn points(rows: [&[Words]; 4], room: &mut Room, out: &mut Vec<Words>) {
    let Some((sums, room)) = room.split_first_mut() else {
        let at = |row: usize| rows[row].first().copied().unwrap_or_default();
        let (x0, x1, y0, y1) = (at(0), at(1), at(2), at(3));
        let mut point = Words::default();
        for (i, point) in point.iter_mut().enumerate() {
            *point = x0[i] & y1[i] ^ y0[i] & x1[i];
        }
        out.push(point);
        return;
    };
    let halves = rows.map(|row| row.split_at(row.len() / 2));
    points(halves.map(|half| half.0), room, out);
    points(halves.map(|half| half.1), room, out);
    for (sums, (zero, one)) in sums.iter_mut().zip(halves) {
        plus(zero, one, sums);
    }
    points(sums.each_ref().map(|s| &s[..]), room, out);
}

/// The grid of `Σ weight φ(x_0 y_1 ⊕ y_0 x_1)` over all groups.
fn grid(shape: Shape, weights: &Weights, x: [&[u64]; 2], y: [&[u64]; 2]) -> Vec<Field> {
    let mut sums: Vec<Wide> = vec![[0; 3]; shape.points()];
    let group = 1 << shape.grid;
    let mut at: [Vec<Words>; 4] = Default::default();
    let mut room: Vec<[Vec<Words>; 4]> = (0..shape.grid).map(|_| Default::default()).collect();
    let mut out = Vec::with_capacity(shape.points());
    let mut words = vec![0; shape.points()];
    let rows = [x[0], x[1], y[0], y[1]];
    for (g, weights) in weights.groups.chunks(TOGETHER).enumerate() {
        for (words, row) in at.iter_mut().zip(rows) {
            words.clear();
            words.resize(group, Words::default());
            // The last groups may be cut, or not be there.
            let row = row.chunks(group).skip(g * TOGETHER);
            for (i, row) in row.take(TOGETHER).enumerate() {
                words.iter_mut().zip(row).for_each(|(to, w)| to[i] = *w);
            }
        }
        out.clear();
        points(at.each_ref().map(|row| &row[..]), &mut room, &mut out);
        for (i, &weight) in weights.iter().enumerate() {
            words.iter_mut().zip(&out).for_each(|(to, w)| *to = w[i]);
            accumulate(&mut sums, weight, &words);
        }
    }
    wipe(&mut at);
    room.iter_mut().for_each(wipe);
    out.as_flattened_mut().zeroize();
    words.zeroize();
    sums.into_iter().map(reduced).collect()
}

fn wipe(rows: &mut [Vec<Words>; 4]) {
    for row in rows {
        row.as_flattened_mut().zeroize();
    }
}

/// A quadratic polynomial with these values at 0, 1 and ∞, at `r`.
fn quadratic([zero, one, infinity]: [Field; 3], r: Field) -> Field {
    zero ^ mul(zero ^ one ^ infinity, r) ^ mul(infinity, mul(r, r))
}

/// What is quadratic in each variable, at a point; and the sum over zeros and ones with weights.
fn at_point(grid: &[Field], point: &[Field]) -> Field {
    let mut values = grid.to_vec();
    for &r in point {
        values = values
            .chunks_exact(3)
            .map(|v| quadratic([v[0], v[1], v[2]], r))
            .collect();
    }
    values.first().copied().unwrap_or(0)
}

fn over_cube(grid: &[Field], weights: &[Field]) -> Field {
    let mut values = grid.to_vec();
    for &t in weights {
        let sum = |v: &[Field]| v[0] ^ mul(t, v[1]);
        values = values.chunks_exact(3).map(sum).collect();
    }
    values.first().copied().unwrap_or(0)
}

/// Sums of eight bits' weights for all values of a byte.
type Tables = Vec<[Field; 256]>;

fn tables(weights: &[Field]) -> Tables {
    let mut all = Vec::new();
    for eight in weights.chunks(8) {
        let mut table = [0; 256];
        for (b, &weight) in eight.iter().enumerate() {
            for i in 0..1 << b {
                table[i | 1 << b] = table[i] ^ weight;
            }
        }
        all.push(table);
    }
    all
}

/// Two rows, one after the other, each folded over the words of a group: one element for every group and lane, padded with zeros to a
/// power of two.
fn folded(shape: Shape, rows: [&[u64]; 2], tables: &Tables) -> Vec<Field> {
    let mut out = Vec::with_capacity(1 << shape.halvings);
    for row in rows {
        for words in groups(shape, row) {
            let mut square = [0; 64];
            square[..words.len()].copy_from_slice(words);
            transpose64(&mut square);
            for lane in square {
                let bytes = lane.to_le_bytes();
                // An index into a table by a share's bits: a table is 4 KiB, which a cache line does not hide.
                out.push(
                    tables
                        .iter()
                        .zip(bytes)
                        .fold(0, |sum, (t, byte)| sum ^ t[usize::from(byte)]),
                );
            }
        }
    }
    out.resize(1 << shape.halvings, 0);
    out
}

/// Multiplies each element by the weight of its group and lane.
fn weighted(shape: Shape, elements: &mut [Field], weights: &Weights) {
    let row = 64 * shape.groups;
    for row in elements.chunks_mut(row).take(2) {
        for (run, &weight) in row.chunks_mut(64).zip(&weights.groups) {
            weigh(run, weight);
        }
    }
}

/// The last challenge is neither of the points at which something is known.
const fn beyond_bits(r: Field) -> Field {
    if r < 2 { r + 2 } else { r }
}

/// What hides the factors of the last product.
#[derive(Clone, Copy)]
pub(super) struct Masks {
    pub(super) first: Field,
    pub(super) second: Field,
}

/// Proves a statement about the components of two operands.
pub(super) fn prove(
    public: &Public,
    x: [&[u64]; 2],
    y: [&[u64]; 2],
    second: &[Field],
    masks: Masks,
    salt: &[u8],
) -> Said<Field> {
    prove_saying(public, x, y, second, masks, salt, |_, _, message| message)
}

/// The same by a prover who says something else: it is given the number of a message, the challenges before it, and what it should be.
fn prove_saying(
    public: &Public,
    x: [&[u64]; 2],
    y: [&[u64]; 2],
    second: &[Field],
    masks: Masks,
    salt: &[u8],
    mut says: impl FnMut(usize, &Challenges, Vec<Field>) -> Vec<Field>,
) -> Said<Field> {
    let shape = public.shape;
    let mut challenges = Challenges::new(public);
    let weights = Weights::new(shape, &challenges);
    let (mut first, mut hashes) = (Vec::with_capacity(second.len()), Vec::new());
    let mut say = |message: Vec<Field>, challenges: &mut Challenges| {
        let message = says(hashes.len(), challenges, message);
        let from = first.len();
        let shares = message.iter().zip(&second[from..]);
        first.extend(shares.map(|(m, s)| m ^ s));
        let hash = message_hash(salt, hashes.len(), &first[from..]);
        challenges.absorb(&hash);
        hashes.push(hash);
    };
    say(grid(shape, &weights, x, y), &mut challenges);
    let point = challenges.draw(shape.grid as usize);
    let tables = tables(&tensor(point.iter().map(|&r| (1 ^ r, r))));
    let mut u = folded(shape, [x[0], y[0]], &tables);
    weighted(shape, &mut u, &weights);
    let mut v = folded(shape, [y[1], x[1]], &tables);
    while u.len() > 1 {
        let half = u.len() / 2;
        let ((u0, u1), (v0, v1)) = (u.split_at_mut(half), v.split_at_mut(half));
        say(halves([u0, u1], [v0, v1]).to_vec(), &mut challenges);
        let r = challenges.one();
        fold(u0, u1, r);
        fold(v0, v1, r);
        u.truncate(half);
        v.truncate(half);
    }
    let Masks {
        first: mu,
        second: nu,
    } = masks;
    let last = vec![mul(mu, nu), mul(u[0], v[0]), mul(mu ^ u[0], nu ^ v[0])];
    say(last, &mut challenges);
    Said {
        elements: Zeroizing::new(first),
        hashes,
    }
}

/// What a verifier tells the other: its factor of the last product, its shares of two checks and of the last claim.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub(super) factor: Field,
    pub(super) checks: [Field; 2],
    pub(super) claim: Field,
}

impl Verdict {
    /// Whether both verifiers' shares of the checks are of zero, and the last product is what is claimed.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.checks == other.checks && mul(self.factor, other.factor) == self.claim ^ other.claim
    }
}

/// What a verifier knows of a statement.
pub(super) struct Side<'a> {
    /// Its rows of the operands, in the order of the sum.
    pub(super) rows: [&'a [u64]; 2],
    /// Its summand of what the sum is to be.
    pub(super) summand: &'a [u64],
    /// Whether weights are its part of the product.
    pub(super) weighs: bool,
    /// What hides its factor of the last product.
    pub(super) mask: Field,
}

/// Follows a proof with this verifier's shares of its messages.
pub(super) fn follow(
    public: &Public,
    side: &Side<'_>,
    shares: &[Field],
    hashes: &[Digest],
) -> Verdict {
    let shape = public.shape;
    let mut challenges = Challenges::new(public);
    let weights = Weights::new(shape, &challenges);
    let mut messages = levels(shape).zip(hashes);
    let mut next = |challenges: &mut Challenges| {
        let (range, hash) = messages.next().unwrap_or((0..0, &public.start));
        challenges.absorb(hash);
        &shares[range]
    };
    let grid = next(&mut challenges);
    let claimed = over_cube(grid, &weights.grid);
    let first_check = claimed ^ weighted_sum(shape, side.summand, &weights);
    let point = challenges.draw(shape.grid as usize);
    let mut claim = at_point(grid, &point);
    let tables = tables(&tensor(point.iter().map(|&r| (1 ^ r, r))));
    let mut own = folded(shape, side.rows, &tables);
    if side.weighs {
        weighted(shape, &mut own, &weights);
    }
    while own.len() > 1 {
        let half = own.len() / 2;
        let message = next(&mut challenges);
        let r = challenges.one();
        claim = quadratic([claim ^ message[0], message[0], message[1]], r);
        let (low, high) = own.split_at_mut(half);
        fold(low, high, r);
        own.truncate(half);
    }
    let message = next(&mut challenges);
    let second_check = message[1] ^ claim;
    let r = beyond_bits(challenges.one());
    Verdict {
        factor: side.mask ^ mul(r, side.mask ^ own[0]),
        checks: [first_check, second_check],
        claim: quadratic([message[0], message[1], message[2]], r),
    }
}

#[cfg(test)]
mod tests;
