//! Compact forms against lane-by-lane evaluation.

use super::*;

const U8: Scalar = Scalar::unsigned(8);

fn forms() -> Vec<ConstVec> {
    let affine = |start, dims: &[(u64, Word)]| ConstVec::Affine {
        start,
        dims: dims.to_vec(),
    };
    vec![
        ConstVec::Splat { lanes: 12, word: 3 },
        ConstVec::Splat { lanes: 12, word: 0 },
        affine(0, &[(12, 1)]),
        affine(250, &[(12, 1)]),
        affine(11, &[(12, Word::MAX)]),
        affine(2, &[(3, 5), (4, 1)]),
        affine(0, &[(2, 0), (3, 4), (2, 2)]),
        affine(100, &[(4, Word::MAX - 6), (3, 7)]),
        ConstVec::Table(vec![9, 1, 200, 7, 7, 0, 255, 3, 2, 1, 8, 128]),
    ]
}

fn lanes(words: &ConstVec, scalar: Scalar) -> Vec<Word> {
    words.words().map(|word| scalar.wrap(word)).collect()
}

#[test]
fn folding_agrees_with_lane_by_lane() {
    for scalar in [
        U8,
        Scalar::signed(8),
        Scalar::unsigned(64),
        Scalar::unsigned(128),
    ] {
        for (a, b) in forms()
            .iter()
            .flat_map(|a| forms().into_iter().map(move |b| (a.clone(), b)))
        {
            let (a, b) = (normal(a, scalar), normal(b, scalar));
            for op in WordOp::ALL {
                if op.arity() != 2 {
                    continue;
                }
                let to = match op {
                    WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le => Scalar::Bool,
                    _ => scalar,
                };
                let folded = word(op, scalar, to, Some(scalar), &[&a, &b]).unwrap();
                let expected: Vec<Word> = (lanes(&a, scalar).iter())
                    .zip(lanes(&b, scalar))
                    .map(|(&x, y)| op.eval(scalar, to, &[x, y]))
                    .collect();
                let text = format!("{} {scalar} {a:?} {b:?}", op.name());
                assert_eq!(lanes(&folded, to), expected, "{text}");
                assert_eq!(lanes(&normal(folded, to), to), expected, "{text}");
            }
            for to in [U8, Scalar::unsigned(64), Scalar::signed(128), Scalar::Bool] {
                let folded = word(WordOp::Cast, scalar, to, None, &[&a]).unwrap();
                let expected: Vec<Word> = (lanes(&a, scalar).iter())
                    .map(|&x| WordOp::Cast.eval(scalar, to, &[x]))
                    .collect();
                assert_eq!(lanes(&folded, to), expected, "cast {scalar} {to} {a:?}");
            }
        }
    }
}

#[test]
fn gathering_agrees_with_lane_by_lane() {
    for src in forms() {
        for idx in forms() {
            for block in [1, 2, 3] {
                let Some(out) = gather(&src, U8, &idx, U8, block) else {
                    assert!(lanes(&idx, U8).iter().any(|&i| i >= 12 / Word::from(block)));
                    continue;
                };
                let expected: Vec<Word> = lanes(&idx, U8)
                    .iter()
                    .flat_map(|&i| (0..block).map(move |t| i as u64 * block + t))
                    .map(|at| U8.wrap(src.get(at)))
                    .collect();
                assert_eq!(lanes(&out, U8), expected, "{src:?} {idx:?} {block}");
            }
        }
    }
}

#[test]
fn large_vectors_stay_compact() {
    let n = 1 << 40;
    let iota = ConstVec::iota(n);
    let usize_ = Scalar::USIZE;
    let seven = ConstVec::Splat { lanes: n, word: 8 };
    for op in [
        WordOp::Add,
        WordOp::Mul,
        WordOp::Div,
        WordOp::Rem,
        WordOp::Shl,
    ] {
        let out = word(op, usize_, usize_, Some(usize_), &[&iota, &seven]).unwrap();
        assert_eq!(out.lanes(), n);
        let at = n - 3;
        let expected = op.eval(usize_, usize_, &[Word::from(at), 8]);
        assert_eq!(usize_.wrap(out.get(at)), expected);
    }
    let less = word(
        WordOp::Lt,
        usize_,
        Scalar::Bool,
        Some(usize_),
        &[&iota, &seven],
    );
    assert_eq!(less, None);
    let row = ConstVec::Affine {
        start: 0,
        dims: vec![(n, 0), (4, 1)],
    };
    let table = gather(&ConstVec::iota(4), U8, &row, usize_, 1).unwrap();
    assert_eq!(table.lanes(), 4 * n);
}
