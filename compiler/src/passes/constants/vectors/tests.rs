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

/// Long vectors as loops and networks make them, all of 3,000 lanes.
fn long_forms() -> Vec<ConstVec> {
    let affine = |start, dims: &[(u64, Word)]| ConstVec::Affine {
        start,
        dims: dims.to_vec(),
    };
    let usize_ = Scalar::USIZE;
    let iota = ConstVec::iota(3000);
    let splat = |word| ConstVec::Splat { lanes: 3000, word };
    let of = |op, a: &ConstVec, b: &ConstVec| {
        normal(
            word(op, usize_, usize_, Some(usize_), &[a, b]).unwrap(),
            usize_,
        )
    };
    let bit = of(WordOp::And, &iota, &splat(64));
    let halves = ConstVec::Table(
        (0..3000)
            .map(|i| if i < 1100 { 2 * i } else { 7 })
            .collect(),
    );
    let odd = ConstVec::Table((0..3000).map(|i| i * i % 1009).collect());
    vec![
        splat(5),
        splat(0),
        affine(1, &[(3000, 1)]),
        affine(3100, &[(3000, Word::MAX)]),
        affine(0, &[(60, 0), (50, 1)]),
        affine(20, &[(60, 1), (50, 0)]),
        affine(9, &[(60, Word::MAX), (50, 1)]),
        affine(0, &[(30, 0), (2, 8), (50, 0)]),
        of(WordOp::Shr, &iota, &splat(5)),
        of(WordOp::And, &iota, &splat(31)),
        of(WordOp::Add, &bit, &iota),
        bit,
        normal(halves, usize_),
        normal(odd, usize_),
        iota,
    ]
}

#[test]
fn folding_long_vectors_agrees_with_lane_by_lane() {
    for scalar in [Scalar::USIZE, Scalar::unsigned(8)] {
        let forms = || {
            long_forms()
                .into_iter()
                .map(move |words| normal(words, scalar))
        };
        for (a, b) in forms().flat_map(|a| forms().map(move |b| (a.clone(), b))) {
            let (of_a, of_b) = (lanes(&a, scalar), lanes(&b, scalar));
            for op in WordOp::ALL.into_iter().filter(|op| op.arity() == 2) {
                let to = match op {
                    WordOp::Eq | WordOp::Ne | WordOp::Lt | WordOp::Le => Scalar::Bool,
                    _ => scalar,
                };
                let folded = word(op, scalar, to, Some(scalar), &[&a, &b]).unwrap();
                let expected: Vec<Word> = (of_a.iter().zip(&of_b))
                    .map(|(&x, &y)| op.eval(scalar, to, &[x, y]))
                    .collect();
                let text = || format!("{} {scalar} {a:?} {b:?}", op.name());
                assert!(lanes(&folded, to) == expected, "{}", text());
                let folded = normal(folded, to);
                assert!(lanes(&folded, to) == expected, "{}", text());
                if to != Scalar::Bool {
                    continue;
                }
                for truth in [false, true] {
                    let places = (0..)
                        .zip(&expected)
                        .filter(|(_, word)| (**word == 1) == truth);
                    let places: Vec<Word> = places.map(|(place, _)| place).collect();
                    let found = sets::chosen(&folded, truth).unwrap();
                    assert!(lanes(&found, Scalar::USIZE) == places, "{}", text());
                    let negated: Vec<&ConstVec> = vec![&folded, &a, &b];
                    let chosen = word(WordOp::Select, scalar, scalar, None, &negated).unwrap();
                    let expected: Vec<Word> = (expected.iter().zip(&of_a))
                        .zip(&of_b)
                        .map(|((&c, &x), &y)| if c == 1 { x } else { y })
                        .collect();
                    assert!(lanes(&chosen, scalar) == expected, "{}", text());
                }
            }
        }
    }
}

#[test]
fn reading_long_vectors_agrees_with_lane_by_lane() {
    let usize_ = Scalar::USIZE;
    let indices = |idx: &ConstVec| lanes(idx, usize_);
    for src in long_forms() {
        for idx in long_forms() {
            let inside = indices(&idx).iter().all(|&at| at < 3000);
            let Some(out) = gather(&src, usize_, &idx, usize_, 1) else {
                assert!(!inside, "{src:?} {idx:?}");
                continue;
            };
            let expected: Vec<Word> = (indices(&idx).iter())
                .map(|&at| usize_.wrap(src.get(at as u64)))
                .collect();
            assert_eq!(lanes(&out, usize_), expected, "{src:?} {idx:?}");
        }
        let both = concat(&[&src, &ConstVec::iota(300), &src], usize_).unwrap();
        let expected: Vec<Word> = (src.words().chain(0..300).chain(src.words())).collect();
        let cut = |words: Vec<Word>| {
            words
                .into_iter()
                .map(|w| usize_.wrap(w))
                .collect::<Vec<_>>()
        };
        assert_eq!(lanes(&both, usize_), cut(expected));
    }
}

#[test]
fn what_never_meets_shares_no_word() {
    let all = long_forms();
    for a in &all {
        let words: smpcc_circuit::sorted::SortedSet<Word> =
            lanes(a, Scalar::USIZE).into_iter().collect();
        if sets::all_differ(a) {
            assert_eq!(words.len() as u64, a.lanes(), "{a:?}");
        }
        for b in &all {
            if sets::never_meet(a, b) {
                assert!(
                    lanes(b, Scalar::USIZE)
                        .iter()
                        .all(|word| !words.contains(word))
                );
            }
        }
    }
    // The two sides of a layer of a sorting network.
    let usize_ = Scalar::USIZE;
    let n = 99_700;
    let (iota, bit) = (
        ConstVec::iota(n),
        ConstVec::Splat {
            lanes: n,
            word: 1 << 9,
        },
    );
    let field = word(WordOp::And, usize_, usize_, None, &[&iota, &bit]).unwrap();
    let set = word(WordOp::Eq, usize_, Scalar::Bool, None, &[&field, &bit]).unwrap();
    let low = sets::chosen(&set, false).unwrap();
    let low = pieces::read(&ConstVec::iota(n), &low, usize_).unwrap();
    let step = ConstVec::Splat {
        lanes: low.lanes(),
        word: 3 << 9,
    };
    let high = word(WordOp::Add, usize_, usize_, None, &[&low, &step]).unwrap();
    assert!(
        matches!(&low, ConstVec::Pieces(pieces) if pieces.len() < 4),
        "{low:?}"
    );
    assert!(sets::never_meet(&low, &high) && sets::all_differ(&low));
    assert!(!sets::never_meet(&low, &low));
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
    let less = less.unwrap();
    assert_eq!((less.get(7), less.get(8), less.get(n - 1)), (1, 0, 0));
    let row = ConstVec::Affine {
        start: 0,
        dims: vec![(n, 0), (4, 1)],
    };
    let table = gather(&ConstVec::iota(4), U8, &row, usize_, 1).unwrap();
    assert_eq!(table.lanes(), 4 * n);
}

/// The indices of a triangle's pairs are computed row by row, however many rows there are: neighbouring rows whose lengths look alike
/// are no table.
#[test]
fn a_choice_of_rows_is_no_table() {
    let u = Scalar::USIZE;
    for n in [300u64, 1000, 3000, 6000] {
        let lanes = n * (n - 1);
        let dims = vec![(n, 1), (n - 1, 1)];
        let all = ConstVec::Affine { start: 1, dims };
        let splat = |word| ConstVec::Splat { lanes, word };
        let below = word(
            WordOp::Lt,
            u,
            Scalar::Bool,
            Some(u),
            &[&all, &splat(n.into())],
        );
        let below = below.expect("pieces");
        let chosen = word(WordOp::Select, u, u, None, &[&below, &all, &splat(0)]);
        let chosen = normal(chosen.expect("pieces"), u);
        let pieces = pieces::parts(&chosen).map(|pieces| pieces.len() as u64);
        assert!(pieces < Some(3 * n), "{n}: {pieces:?}");
        for lane in [
            0,
            n - 2,
            n - 1,
            lanes / 2 - 1,
            lanes / 2,
            lanes - n,
            lanes - 1,
        ] {
            let word = all.get(lane);
            let expected = if word < n.into() { word } else { 0 };
            assert_eq!(chosen.get(lane), expected, "{n}: lane {lane}");
        }
    }
}

/// A bit of numbers that begin anywhere is a few pieces, however many numbers there are: the layers of a merge of two lists ask for it.
#[test]
fn a_bit_of_numbers_from_any_start_is_no_table() {
    let u = Scalar::USIZE;
    let lanes = MAX_TABLE + 1_234_567;
    for start in [0u64, 1, 48_576, 999_999] {
        let dims = vec![(lanes, 1)];
        let start = Word::from(start);
        let all = ConstVec::Affine { start, dims };
        for bit in 0..23 {
            let splat = |word| ConstVec::Splat { lanes, word };
            let masked = word(WordOp::And, u, u, Some(u), &[&all, &splat(1 << bit)]);
            let masked = normal(masked.expect("pieces"), u);
            let args = [&masked, &splat(0)];
            let set = word(WordOp::Ne, u, Scalar::Bool, Some(u), &args);
            let set = normal(set.expect("pieces"), Scalar::Bool);
            let chosen = sets::chosen(&set, true).expect("pieces");
            for vector in [&masked, &set, &chosen] {
                let n = pieces::parts(vector).map(|pieces| pieces.len());
                assert!(n.is_some_and(|n| n < 9), "{start}, {bit}: {n:?}");
            }
            for lane in (0..lanes).step_by(104_729).chain([lanes - 1]) {
                let expected = (start + Word::from(lane)) >> bit & 1;
                let found = Scalar::Bool.wrap(set.get(lane));
                assert_eq!(found, expected, "{start}, {bit}, {lane}");
            }
            let firsts: Vec<Word> = chosen.words_in(0..5).collect();
            let expected = (0..).filter(|lane| (start + lane) >> bit & 1 == 1);
            assert!(firsts.into_iter().eq(expected.take(5)), "{start}, {bit}");
        }
    }
}
