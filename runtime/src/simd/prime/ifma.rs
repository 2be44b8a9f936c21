//! The same with eight elements at once, by products of 52 bits (AVX-512 IFMA).
//!
//! An element is four limbs of 52 bits, of which the multiplier takes the lowest 52 bits and leaves what is above; a column is a sum of
//! what has the weight of one limb. Nothing is exact before the end: columns have 12 bits to spare.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Block, LANES, Prime, REST, Wide, reduced};

/// Bits of a limb.
const BITS: u32 = 52;
/// Limbs of an element; the last has 36 bits.
const LIMBS: usize = 4;
const TOP_BITS: u32 = 36;
const LOW: i64 = (1 << BITS) - 1;
const TOP: i64 = (1 << TOP_BITS) - 1;

/// Twice the size of the field, in limbs from each of which a limb can be taken.
const TWICE: [i64; LIMBS] = [
    (1 << 53) - 2 * REST as i64,
    (1 << 53) - 2,
    (1 << 53) - 2,
    (1 << 37) - 2,
];

/// Blocks whose products are added up before columns are carried: eight for each product and column, and some more.
const SUMS: usize = 256;

type Limbs = [__m512i; LIMBS];
type Columns = [__m512i; 2 * LIMBS];

/// Writes the safe function of a kernel.
macro_rules! safe {
    ($name:ident = $kernel:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?) => {
        pub(super) fn $name($($arg: $type),*) $(-> $out)? {
            // SAFETY: whoever calls has asked the processor (`vector::at_once`).
            unsafe { $kernel($($arg),*) }
        }
    };
}

safe!(weigh = weigh_kernel(words: &[u64], weights: &[u128], out: &mut [Block]));
safe!(fold_words = fold_words_kernel(words: [&[u64]; 2], r: Prime, out: &mut [Block]));
safe!(fold = fold_kernel(low: &mut [Block], high: &[Block], r: Prime));
safe!(halved = halved_kernel(u: [&[Block]; 2], v: [&[Block]; 2]) -> [Prime; 2]);
safe!(halved_words = halved_words_kernel(u: [&[Block]; 2], v: [&[u64]; 2]) -> [Prime; 2]);

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u64; LANES]) -> __m512i {
    // SAFETY: eight words are 64 bytes, which may be read at any alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(words: &mut [u64; LANES], x: __m512i) {
    // SAFETY: as above.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), x) }
}

/// Limbs for products; what is above 52 bits is of the next ones.
#[inline]
#[target_feature(enable = "avx512f,avx512vbmi2")]
fn loose(block: &Block) -> Limbs {
    let [a, b, c] = [load(&block[0]), load(&block[1]), load(&block[2])];
    [
        a,
        _mm512_shrdi_epi64::<52>(a, b),
        _mm512_shrdi_epi64::<40>(b, c),
        _mm512_srli_epi64::<28>(c),
    ]
}

/// Limbs that are numbers of 52 bits.
#[inline]
#[target_feature(enable = "avx512f,avx512vbmi2")]
fn limbs(block: &Block) -> Limbs {
    let low = _mm512_set1_epi64(LOW);
    let [a, b, c, d] = loose(block);
    [
        _mm512_and_si512(a, low),
        _mm512_and_si512(b, low),
        _mm512_and_si512(c, low),
        d,
    ]
}

/// The limbs of one element in all lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512vbmi2")]
fn all(element: Prime) -> Limbs {
    limbs(&element.words().map(|word| [word; LANES]))
}

/// Limbs of words, the first with more than its 52 bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn loose_words(words: &[u64; LANES]) -> [__m512i; 2] {
    let x = load(words);
    [x, _mm512_srli_epi64::<BITS>(x)]
}

/// Adds products to columns.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add<const A: usize, const B: usize, const N: usize>(
    columns: &mut [__m512i; N],
    a: &[__m512i; A],
    b: &[__m512i; B],
) {
    for i in 0..A {
        for j in 0..B {
            columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], b[j]);
            columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], b[j]);
        }
    }
}

/// Leaves 52 bits in each column but the last.
#[inline]
#[target_feature(enable = "avx512f")]
fn carry<const N: usize>(columns: &mut [__m512i; N]) {
    let low = _mm512_set1_epi64(LOW);
    for i in 1..N {
        let over = _mm512_srli_epi64::<BITS>(columns[i - 1]);
        columns[i] = _mm512_add_epi64(columns[i], over);
        columns[i - 1] = _mm512_and_si512(columns[i - 1], low);
    }
}

/// Takes off what is at 2^192 and above, and adds 237 times that.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn wrap(limbs: &mut Limbs) {
    let over = _mm512_srli_epi64::<TOP_BITS>(limbs[3]);
    limbs[3] = _mm512_and_si512(limbs[3], _mm512_set1_epi64(TOP));
    limbs[0] = _mm512_madd52lo_epu64(limbs[0], over, _mm512_set1_epi64(REST as i64));
}

/// As words of 64 bits, from limbs that are numbers of 52 bits and less than 2^192 together.
#[inline]
#[target_feature(enable = "avx512f")]
fn packed(limbs: &Limbs, out: &mut Block) {
    let [a, b, c, d] = *limbs;
    let first = _mm512_or_si512(a, _mm512_slli_epi64::<52>(b));
    let second = _mm512_or_si512(_mm512_srli_epi64::<12>(b), _mm512_slli_epi64::<40>(c));
    let third = _mm512_or_si512(_mm512_srli_epi64::<24>(c), _mm512_slli_epi64::<28>(d));
    store(&mut out[0], first);
    store(&mut out[1], second);
    store(&mut out[2], third);
}

/// What columns are in the field: of the upper ones the last is less than 2^28.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce<const H: usize>(mut low: Limbs, mut high: [__m512i; H], out: &mut Block) {
    // 2^208 is 237 · 2^16.
    let times = _mm512_set1_epi64((REST << 16) as i64);
    for i in 1..H {
        high[i] = _mm512_add_epi64(high[i], _mm512_srli_epi64::<BITS>(high[i - 1]));
    }
    for i in 0..H {
        low[i] = _mm512_madd52lo_epu64(low[i], high[i], times);
        // Of the fourth nothing is above.
        if i + 1 < LIMBS {
            low[i + 1] = _mm512_madd52hi_epu64(low[i + 1], high[i], times);
        }
    }
    // Less than 2^220 is left, then less than 2^193, and what wraps then is small.
    carry(&mut low);
    wrap(&mut low);
    carry(&mut low);
    wrap(&mut low);
    packed(&low, out);
}

/// `a − b` and twice the size of the field, in limbs that are not carried: less than 2^54 each.
#[inline]
#[target_feature(enable = "avx512f")]
fn difference(a: &Limbs, b: &Limbs) -> Limbs {
    let mut out = *a;
    for i in 0..LIMBS {
        let more = _mm512_add_epi64(a[i], _mm512_set1_epi64(TWICE[i]));
        out[i] = _mm512_sub_epi64(more, b[i]);
    }
    out
}

/// Adds to each limb what is above 52 bits in the one before it, which the multiplier does not take.
#[inline]
#[target_feature(enable = "avx512f")]
fn carried<const N: usize>(mut limbs: [__m512i; N]) -> [__m512i; N] {
    for i in 1..N {
        limbs[i] = _mm512_add_epi64(limbs[i], _mm512_srli_epi64::<BITS>(limbs[i - 1]));
    }
    limbs
}

/// `2^64 + high − low` of words, as two limbs for products.
#[inline]
#[target_feature(enable = "avx512f")]
fn difference_of_words(low: &[u64; LANES], high: &[u64; LANES]) -> [__m512i; 2] {
    let ([low, low_top], [high, high_top]) = (loose_words(low), loose_words(high));
    let bits = _mm512_set1_epi64(LOW);
    let more = _mm512_add_epi64(_mm512_and_si512(high, bits), _mm512_set1_epi64(1 << BITS));
    let more_top = _mm512_add_epi64(high_top, _mm512_set1_epi64((1 << 12) - 1));
    carried([
        _mm512_sub_epi64(more, _mm512_and_si512(low, bits)),
        _mm512_sub_epi64(more_top, low_top),
    ])
}

/// The sum of all lanes of columns.
#[inline]
#[target_feature(enable = "avx512f")]
fn sum<const N: usize>(columns: &[__m512i; N]) -> Prime {
    let mut columns = *columns;
    carry(&mut columns);
    let mut sum: Wide = [0; 7];
    for (i, &column) in columns.iter().enumerate() {
        let column = _mm512_reduce_add_epi64(column) as u64;
        let at = BITS as usize * i;
        let shifted = u128::from(column) << (at % 64);
        let mut more = shifted;
        for word in &mut sum[at / 64..] {
            more += u128::from(*word);
            *word = more as u64;
            more >>= 64;
        }
    }
    reduced(&sum)
}

#[target_feature(enable = "avx512f,avx512ifma,avx512vbmi2")]
fn weigh_kernel(words: &[u64], weights: &[u128], out: &mut [Block]) {
    let even = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
    let odd = _mm512_set_epi64(15, 13, 11, 9, 7, 5, 3, 1);
    let words = words.as_chunks::<LANES>().0.iter();
    let weights = weights.as_chunks::<LANES>().0.iter();
    for (out, (words, weights)) in out.iter_mut().zip(words.zip(weights)) {
        let some = weights.as_ptr().cast::<__m512i>();
        // SAFETY: eight weights are 128 bytes, which may be read at any alignment.
        let (one, other) = unsafe { (_mm512_loadu_si512(some), _mm512_loadu_si512(some.add(1))) };
        let low = _mm512_permutex2var_epi64(one, even, other);
        let high = _mm512_permutex2var_epi64(one, odd, other);
        let weight = [
            low,
            _mm512_shrdi_epi64::<52>(low, high),
            _mm512_srli_epi64::<40>(high),
        ];
        let mut columns = [_mm512_setzero_si512(); LIMBS + 1];
        add(&mut columns, &weight, &loose_words(words));
        // Less than 2^191: nothing is in the last column, nor to be reduced.
        let [a, b, c, d, _] = columns;
        let mut limbs = [a, b, c, d];
        carry(&mut limbs);
        packed(&limbs, out);
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512vbmi2")]
fn fold_words_kernel([low, high]: [&[u64]; 2], r: Prime, out: &mut [Block]) {
    // The difference is 2^64 too much, so that this is added.
    let minus = Prime::default().minus(r.times(Prime::of_words(&[0, 1])));
    let (r, minus) = (all(r), all(minus));
    let (low, high) = (low.as_chunks::<LANES>().0, high.as_chunks::<LANES>().0);
    for (out, (low, high)) in out.iter_mut().zip(low.iter().zip(high)) {
        let difference = difference_of_words(low, high);
        let [word, top] = loose_words(low);
        let word = _mm512_and_si512(word, _mm512_set1_epi64(LOW));
        let zero = _mm512_setzero_si512();
        let mut columns = [
            _mm512_add_epi64(minus[0], word),
            _mm512_add_epi64(minus[1], top),
            minus[2],
            minus[3],
            zero,
            zero,
        ];
        add(&mut columns, &r, &difference);
        let [a, b, c, d, e, f] = columns;
        reduce([a, b, c, d], [e, f], out);
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512vbmi2")]
fn fold_kernel(low: &mut [Block], high: &[Block], r: Prime) {
    let r = all(r);
    for (low, high) in low.iter_mut().zip(high) {
        let mine = limbs(low);
        let more = carried(difference(&limbs(high), &mine));
        let zero = _mm512_setzero_si512();
        let [a, b, c, d] = mine;
        let mut columns: Columns = [a, b, c, d, zero, zero, zero, zero];
        add(&mut columns, &r, &more);
        let [a, b, c, d, e, f, g, h] = columns;
        reduce([a, b, c, d], [e, f, g, h], low);
    }
}

#[target_feature(enable = "avx512f,avx512ifma,avx512vbmi2")]
fn halved_kernel(u: [&[Block]; 2], v: [&[Block]; 2]) -> [Prime; 2] {
    let zero = [_mm512_setzero_si512(); 2 * LIMBS];
    let (mut one, mut infinity): (Columns, Columns) = (zero, zero);
    let n = u[0].len().min(u[1].len()).min(v[0].len()).min(v[1].len());
    for from in (0..n).step_by(SUMS) {
        for i in from..n.min(from + SUMS) {
            let (u1, v1) = (limbs(&u[1][i]), limbs(&v[1][i]));
            add(&mut one, &u1, &v1);
            let more_u = carried(difference(&u1, &limbs(&u[0][i])));
            let more_v = carried(difference(&v1, &limbs(&v[0][i])));
            add(&mut infinity, &more_u, &more_v);
        }
        carry(&mut one);
        carry(&mut infinity);
    }
    [sum(&one), sum(&infinity)]
}

#[target_feature(enable = "avx512f,avx512ifma,avx512vbmi2")]
fn halved_words_kernel(u: [&[Block]; 2], v: [&[u64]; 2]) -> [Prime; 2] {
    let zero = _mm512_setzero_si512();
    let (mut one, mut infinity) = ([zero; LIMBS + 2], [zero; LIMBS + 2]);
    let mut differences = [zero; LIMBS + 1];
    let [v0, v1] = v.map(|v| v.as_chunks::<LANES>().0);
    let n = u[0].len().min(u[1].len()).min(v0.len()).min(v1.len());
    for from in (0..n).step_by(SUMS) {
        for i in from..n.min(from + SUMS) {
            let u1 = limbs(&u[1][i]);
            add(&mut one, &u1, &loose_words(&v1[i]));
            let more = difference(&u1, &limbs(&u[0][i]));
            for (sum, more) in differences.iter_mut().zip(more) {
                *sum = _mm512_add_epi64(*sum, more);
            }
            let more_v = difference_of_words(&v0[i], &v1[i]);
            add(&mut infinity, &carried(more), &more_v);
        }
        carry(&mut one);
        carry(&mut infinity);
        carry(&mut differences);
    }
    // Each difference of words was 2^64 too much.
    let too_much = sum(&differences).times(Prime::of_words(&[0, 1]));
    [sum(&one), sum(&infinity).minus(too_much)]
}
