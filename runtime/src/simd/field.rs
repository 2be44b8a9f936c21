//! GF(2^128) for proofs about bits: `X^128 + X^7 + X^2 + X + 1`, bit `i` of an element being the coefficient of `X^i`.
//!
//! Three forms compute the same: with carry-less multiplication of words where the processor has it, of two or four at once where it has
//! that, and portable code, which says what the others must give. Neither has a branch or an index that an element decides.

#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;
#[cfg(target_arch = "x86_64")]
use std::sync::atomic::Ordering;

#[cfg(target_arch = "x86_64")]
use super::PORTABLE;

#[cfg(target_arch = "x86_64")]
mod clmul;
mod portable;
#[cfg(target_arch = "x86_64")]
mod vectors;

/// An element.
pub(crate) type Field = u128;

/// A sum of products of an element and a word, not yet reduced: words of weight 0, 64 and 128.
pub(crate) type Wide = [u64; 3];

/// How many products of elements are made at once; none without carry-less multiplication, or where it is not wanted.
fn lanes() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        static THERE: OnceLock<usize> = OnceLock::new();
        let there = || {
            let words = is_x86_feature_detected!("pclmulqdq") && is_x86_feature_detected!("sse4.1");
            let vectors = words && is_x86_feature_detected!("vpclmulqdq");
            let long = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
            match vectors {
                true if long => 4,
                true if is_x86_feature_detected!("avx2") => 2,
                _ => usize::from(words),
            }
        };
        match PORTABLE.load(Ordering::Relaxed) {
            true => 0,
            false => *THERE.get_or_init(there),
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    0
}

/// Writes a function that takes the form that this machine can compute with.
macro_rules! forms {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?) => {
        $(#[$doc])*
        pub(crate) fn $name($($arg: $type),*) $(-> $out)? {
            match lanes() {
                #[cfg(target_arch = "x86_64")]
                1.. => clmul::$name($($arg),*),
                _ => portable::$name($($arg),*),
            }
        }
    };
}

/// The same, of what there is also in vectors.
macro_rules! vectors {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?) => {
        $(#[$doc])*
        pub(crate) fn $name($($arg: $type),*) $(-> $out)? {
            match lanes() {
                #[cfg(target_arch = "x86_64")]
                4 => vectors::four::$name($($arg),*),
                #[cfg(target_arch = "x86_64")]
                2 => vectors::two::$name($($arg),*),
                #[cfg(target_arch = "x86_64")]
                1 => clmul::$name($($arg),*),
                _ => portable::$name($($arg),*),
            }
        }
    };
}

forms! {
    /// A product.
    mul(a: Field, b: Field) -> Field
}

forms! {
    /// Adds `weight · word` to each sum, word by word up to the shorter slice.
    accumulate(sums: &mut [Wide], weight: Field, words: &[u64])
}

vectors! {
    /// Multiplies element `b` of a run by `weight · X^b`.
    weigh(run: &mut [Field], weight: Field)
}

vectors! {
    /// `Σ u_1 v_1` and `Σ (u_0 + u_1)(v_0 + v_1)` over two halves of equal length each.
    halves(u: [&[Field]; 2], v: [&[Field]; 2]) -> [Field; 2]
}

vectors! {
    /// `Σ u v` up to the shorter slice.
    dot(u: &[Field], v: &[Field]) -> Field
}

vectors! {
    /// Adds `weight · what`, element by element up to the shortest slice, to sums that are not reduced: the lower half of each product and
    /// the upper one, which has weight X^128.
    scale(low: &mut [Field], high: &mut [Field], weight: Field, what: &[Field])
}

vectors! {
    /// `low ← low + r (low + high)`, element by element up to the shorter slice.
    fold(low: &mut [Field], high: &[Field], r: Field)
}

/// The element that a sum of products is.
pub(crate) fn reduced(sum: Wide) -> Field {
    let low = u128::from(sum[0]) | u128::from(sum[1]) << 64;
    // X^128 is X^7 + X^2 + X + 1.
    let high = u128::from(sum[2]);
    low ^ high ^ high << 1 ^ high << 2 ^ high << 7
}

/// `Σ X^c s_c` of sums that are not reduced, `s_c = low_c + X^128 high_c`; destroys them.
pub(crate) fn joined(low: &mut [Field], high: &mut [Field]) -> Field {
    let sum = |run: &mut [Field]| {
        weigh(run, 1);
        run.iter().fold(0, |sum, one| sum ^ one)
    };
    // X^128 is X^7 + X^2 + X + 1.
    sum(low) ^ mul(sum(high), 0x87)
}

/// An element times X.
const fn doubled(x: Field) -> Field {
    (x << 1) ^ ((x >> 127) * 0x87)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prg::{Prg, PrgKey};

    fn elements(seed: u64, n: usize) -> Vec<Field> {
        let prg = Prg::new(&PrgKey::from_bytes([5; 16]));
        let element = |i| u128::from_le_bytes(prg.block(seed, i));
        (0..n as u64).map(element).collect()
    }

    /// Schoolbook, apart from both forms.
    fn slow(a: Field, b: Field) -> Field {
        let mut sum = 0;
        for i in (0..128).rev() {
            let carry = sum >> 127 & 1;
            sum <<= 1;
            sum ^= carry * 0x87;
            sum ^= (b >> i & 1) * a;
        }
        sum
    }

    #[test]
    fn it_is_the_field() {
        // X^64 times X^64; the inverse of X.
        assert_eq!(portable::mul(1 << 64, 1 << 64), 0x87);
        assert_eq!(portable::mul(2, 1 << 127 | 0x43), 1);
        for (i, x) in elements(1, 40).into_iter().enumerate() {
            let y = elements(2, 40)[i];
            assert_eq!(mul(x, y), slow(x, y));
            assert_eq!(portable::mul(x, y), slow(x, y));
            // Fermat's little theorem: squaring 128 times is the identity.
            assert_eq!((0..128).fold(x, |x, _| mul(x, x)), x);
        }
    }

    /// Sums of products that are reduced in the end, in every form.
    fn scaled([_, u]: &[&[Field]; 2], [_, v]: &[&[Field]; 2]) {
        type Scale = fn(&mut [Field], &mut [Field], Field, &[Field]);
        let mut forms: Vec<Scale> = vec![scale, portable::scale];
        #[cfg(target_arch = "x86_64")]
        if lanes() > 0 {
            forms.push(clmul::scale);
        }
        #[cfg(target_arch = "x86_64")]
        if lanes() > 1 {
            forms.push(vectors::two::scale);
        }
        let weights = elements(6, 2);
        for scale in forms {
            let (mut low, mut high) = (vec![0; u.len()], vec![0; u.len()]);
            scale(&mut low, &mut high, weights[0], u);
            scale(&mut low, &mut high, weights[1], v);
            let sum = |i: usize| slow(weights[0], u[i]) ^ slow(weights[1], v[i]);
            for i in 0..u.len() {
                assert_eq!(low[i] ^ slow(high[i], 0x87), sum(i));
            }
            let expected = (0..u.len()).fold(0, |s, i| s ^ slow(sum(i), 1 << i));
            assert_eq!(joined(&mut low, &mut high), expected);
        }
    }

    #[test]
    fn all_forms_agree() {
        for n in [0, 1, 2, 3, 7, 64] {
            let (u, v) = (elements(3, 2 * n), elements(4, 2 * n));
            let (u, v) = (u.split_at(n), v.split_at(n));
            let (u, v) = ([u.0, u.1], [v.0, v.1]);
            let sums =
                |a: &[Field], b: &[Field]| a.iter().zip(b).fold(0, |s, (&a, &b)| s ^ slow(a, b));
            let added = |a: [&[Field]; 2]| -> Vec<Field> {
                a[0].iter().zip(a[1]).map(|(a, b)| a ^ b).collect()
            };
            let expected = [sums(u[1], v[1]), sums(&added(u), &added(v))];
            assert_eq!(halves(u, v), expected);
            assert_eq!(portable::halves(u, v), expected);
            #[cfg(target_arch = "x86_64")]
            if lanes() > 0 {
                assert_eq!(clmul::halves(u, v), expected);
            }
            #[cfg(target_arch = "x86_64")]
            if lanes() > 1 {
                assert_eq!(vectors::two::halves(u, v), expected);
            }
            assert_eq!(dot(u[1], v[1]), expected[0]);
            assert_eq!(portable::dot(u[1], v[1]), expected[0]);
            #[cfg(target_arch = "x86_64")]
            if lanes() > 0 {
                assert_eq!(clmul::dot(u[1], v[1]), expected[0]);
            }
            #[cfg(target_arch = "x86_64")]
            if lanes() > 1 {
                assert_eq!(vectors::two::dot(u[1], v[1]), expected[0]);
            }
            scaled(&u, &v);
            let r = elements(5, 1)[0];
            let mut folded = [u[0].to_vec(), u[0].to_vec()];
            fold(&mut folded[0], u[1], r);
            portable::fold(&mut folded[1], u[1], r);
            let expected: Vec<Field> = (0..n)
                .map(|k| u[0][k] ^ slow(r, u[0][k] ^ u[1][k]))
                .collect();
            assert_eq!(folded, [expected.clone(), expected.clone()]);
            #[cfg(target_arch = "x86_64")]
            if lanes() > 0 {
                let mut folded = u[0].to_vec();
                clmul::fold(&mut folded, u[1], r);
                assert_eq!(folded, expected);
            }
            #[cfg(target_arch = "x86_64")]
            if lanes() > 1 {
                let mut folded = u[0].to_vec();
                vectors::two::fold(&mut folded, u[1], r);
                assert_eq!(folded, expected);
            }
            let mut weighed = [u[0].to_vec(), u[0].to_vec()];
            weigh(&mut weighed[0], r);
            portable::weigh(&mut weighed[1], r);
            let expected: Vec<Field> = (0..n).map(|b| slow(u[0][b], slow(r, 1 << b))).collect();
            assert_eq!(weighed, [expected.clone(), expected.clone()]);
            #[cfg(target_arch = "x86_64")]
            if lanes() > 0 {
                let mut weighed = u[0].to_vec();
                clmul::weigh(&mut weighed, r);
                assert_eq!(weighed, expected);
            }
            #[cfg(target_arch = "x86_64")]
            if lanes() > 1 {
                let mut weighed = u[0].to_vec();
                vectors::two::weigh(&mut weighed, r);
                assert_eq!(weighed, expected);
            }
            let words: Vec<u64> = u[1].iter().map(|w| *w as u64).collect();
            let mut sums = [vec![[7, 8, 9]; n], vec![[7, 8, 9]; n]];
            accumulate(&mut sums[0], r, &words);
            portable::accumulate(&mut sums[1], r, &words);
            assert_eq!(sums[0], sums[1]);
            for (sum, &word) in sums[0].iter().zip(&words) {
                let expected = reduced([7, 8, 9]) ^ slow(r, word.into());
                assert_eq!(reduced(*sum), expected);
            }
        }
    }
}
