//! The language, construct by construct: source text to interpreted result, against what Rust computes.

use super::harness::{Run, Words, count, eval1};
use crate::ir::Op;

const AUCTION: &str = "
party seller;
party bidder[2..];
struct Outcome { winner: u16, price: u64 }
fn main(reserve: secret u64 from seller, bid: secret u64 from each bidder) -> Outcome to all {
    let mut best = reserve;  let mut second = reserve;  let mut winner: secret u16 = 0;
    for i in 0..bid.len() {
        if bid[i] > best {
            second = best;  best = bid[i];  winner = i as u16 + 1;
        } else if bid[i] > second {
            second = bid[i];
        }
    }
    Outcome { winner, price: second }
}
";

#[test]
fn the_average() {
    let text = "use std::stats::mean;
fn main(salary: secret u32 from each) -> u32 { mean(salary) }";
    for n in [1u32, 2, 3, 7] {
        let mut words = Words(u64::from(n));
        let mut run = Run::new(text, n);
        let mut sum = 0;
        for p in 0..n {
            let x = words.next(1 << 32);
            sum += x;
            run = run.input("salary", p, &[x]);
        }
        assert_eq!(
            run.try_run().unwrap(),
            vec![vec![sum / i128::from(n)]; n as usize]
        );
    }
}

#[test]
fn the_second_price_auction() {
    let mut words = Words(5);
    for n in 3..7u32 {
        for _ in 0..8 {
            let reserve = words.next(20);
            let bids = words.many(n as usize - 1, 40);
            let mut run = Run::new(AUCTION, n).input("reserve", 0, &[reserve]);
            for (p, &bid) in (1..n).zip(&bids) {
                run = run.input("bid", p, &[bid]);
            }
            let (mut best, mut second, mut winner) = (reserve, reserve, 0);
            for (i, &bid) in (1..).zip(&bids) {
                if bid > best {
                    second = best;
                    best = bid;
                    winner = i;
                } else if bid > second {
                    second = bid;
                }
            }
            assert_eq!(
                run.try_run().unwrap(),
                vec![vec![winner, second]; n as usize]
            );
        }
    }
}

#[test]
fn integers_have_the_values_of_the_language() {
    let text = "fn main(x: [secret i8; 2] from each) -> [i8; 7] {
        let a = x[0][0]; let b = x[0][1];
        [a + b, a - b, a * b, a / b, a % b, -a, !a]
    }";
    for (a, b) in [
        (100i8, 100i8),
        (-128, -1),
        (-7, 2),
        (5, 0),
        (-5, 0),
        (7, -3),
    ] {
        let want: Vec<i128> = [
            a.wrapping_add(b),
            a.wrapping_sub(b),
            a.wrapping_mul(b),
            if b == 0 {
                if a < 0 { 1 } else { -1 }
            } else {
                a.wrapping_div(b)
            },
            if b == 0 { a } else { a.wrapping_rem(b) },
            a.wrapping_neg(),
            !a,
        ]
        .map(i128::from)
        .to_vec();
        let run = Run::new(text, 1).input("x[]", 0, &[a.into(), b.into()]);
        assert_eq!(run.run(), want, "{a} {b}");
    }
}

#[test]
fn shifts_casts_and_bits() {
    let text = "fn main(x: secret u8 from each, s: secret u8 from each) -> [u16; 8] {
        let a = x[0]; let n = s[0];
        [(a << n) as u16, (a >> n) as u16, (a as i8) as i16 as u16, (a as u16) << 4u8,
         (a & 15) as u16, (a | 128) as u16, (a ^ 255) as u16, count_ones(a) as u16]
    }";
    for (a, n) in [(0x81u8, 1u32), (0xff, 8), (0x7f, 3), (0, 200)] {
        let want = [
            u16::from(if n < 8 { a << n } else { 0 }),
            u16::from(if n < 8 { a >> n } else { 0 }),
            a as i8 as i16 as u16,
            u16::from(a) << 4,
            u16::from(a & 15),
            u16::from(a | 128),
            u16::from(a ^ 255),
            a.count_ones() as u16,
        ]
        .map(i128::from);
        let run = Run::new(text, 1)
            .input("x", 0, &[a.into()])
            .input("s", 0, &[n.into()]);
        assert_eq!(run.run(), want, "{a} {n}");
    }
}

#[test]
fn prelude_functions_of_numbers() {
    let text = "fn main(x: secret u16 from each, y: secret i16 from each) -> [u32; 8] {
        let a = x[0]; let b = y[0];
        let (p, q) = swap_if(a > 10, a, 7);
        [min(a, 9) as u32, max(a, 9) as u32, abs(b) as u32, isqrt(a) as u32,
         rotate_left(a, 4u8) as u32, rotate_right(a, 4u8) as u32, p as u32, q as u32]
    }";
    for (a, b) in [(3u16, -5i16), (0x8001, 77), (65535, -32768)] {
        let (p, q) = if a > 10 { (7, a) } else { (a, 7) };
        let want = [
            u32::from(a.min(9)),
            u32::from(a.max(9)),
            b.wrapping_abs() as i32 as u32,
            u32::from(a.isqrt()),
            u32::from(a.rotate_left(4)),
            u32::from(a.rotate_right(4)),
            u32::from(p),
            u32::from(q),
        ]
        .map(i128::from);
        let run = Run::new(text, 1)
            .input("x", 0, &[a.into()])
            .input("y", 0, &[b.into()]);
        assert_eq!(run.run(), want, "{a} {b}");
    }
}

#[test]
fn nested_secret_branches_select() {
    let text = "fn main(x: secret i32 from each) -> [i32; 3] {
        let a = x[0];
        let mut b: secret i32 = 1;
        let mut c: secret i32 = 2;
        if a > 0 {
            b = a;
            if a > 10 { c = b * 2; b = 5; } else { c += 1; }
        } else if a == 0 { c = 100; } else { b = c; c = -1; }
        let d = if b > c { b - c } else { c - b };
        [b, c, d]
    }";
    for a in [-3i128, 0, 4, 11] {
        let (mut b, mut c) = (1, 2);
        if a > 0 {
            b = a;
            if a > 10 {
                c = b * 2;
                b = 5;
            } else {
                c += 1;
            }
        } else if a == 0 {
            c = 100;
        } else {
            b = c;
            c = -1;
        }
        assert_eq!(eval1(text, &[a]), [b, c, (b - c).abs()], "{a}");
    }
}

#[test]
fn elements_stored_under_secret_conditions() {
    let text = "fn main(x: secret u8 from each, k: secret u8 from each) -> [u8; 4] {
        let v = x[0];
        let mut a: [secret u8; 4] = [10, 20, 30, 40];
        if v > 5 {
            a[0] = v;
            if v > 9 { a[1] = a[0] + 1; } else { a[2] = 0; }
            a[k[0]] = 77;
        } else {
            a[3] = a[0];
            a[k[0]] = 66;
        }
        a
    }";
    for v in [1i128, 6, 12] {
        for k in [0i128, 2, 3, 9] {
            let mut a = [10, 20, 30, 40];
            let put = |a: &mut [i128; 4], what| {
                if let Some(slot) = a.get_mut(k as usize) {
                    *slot = what;
                }
            };
            if v > 5 {
                a[0] = v;
                if v > 9 {
                    a[1] = a[0] + 1;
                } else {
                    a[2] = 0;
                }
                put(&mut a, 77);
            } else {
                a[3] = a[0];
                put(&mut a, 66);
            }
            let run = Run::new(text, 1).input("x", 0, &[v]).input("k", 0, &[k]);
            assert_eq!(run.run(), a, "{v} {k}");
        }
    }
}

#[test]
fn a_store_under_a_condition_costs_an_element() {
    let text = "fn main(x: secret u8 from each) -> u8 {
        let mut a: [secret u8; 1000] = [0; 1000];
        for i in 0..1000 { if x[0] > i as u8 { a[i] = x[0]; } }
        a[999]
    }";
    let run = Run::new(text, 1).input("x", 0, &[9]);
    let ir = run.ir();
    let wide = |op: &Op| matches!(op, Op::Word(smpcc_circuit::gate::WordOp::Select));
    assert_eq!(count(&ir, &wide), 1);
    assert!(
        !ir.values
            .iter()
            .any(|v| v.ty.scalar == smpcc_circuit::value::Scalar::Bool && v.ty.lanes > 1)
    );
}

#[test]
fn all_values_of_a_narrow_secret_index() {
    // Two bits name every element: predication must find an index outside.
    let text = "fn main(x: secret u2 from each, c: secret bool from each) -> [u8; 4] {
        let mut a: [secret u8; 4] = [1, 2, 3, 4];
        if c[0] { a[x[0]] = 9; }
        a
    }";
    for k in 0..4 {
        for c in 0..2 {
            let mut a = [1, 2, 3, 4];
            if c == 1 {
                a[k as usize] = 9;
            }
            let run = Run::new(text, 1).input("x", 0, &[k]).input("c", 0, &[c]);
            assert_eq!(run.run(), a);
        }
    }
}

#[test]
fn structs_tuples_and_arrays_of_them() {
    let text = "struct Point { x: u16, y: u16 }
    struct Line { from: Point, to: Point, tags: [u8; 3] }
    fn length(l: secret Line) -> secret u16 { (l.to.x - l.from.x) + (l.to.y - l.from.y) }
    fn main(x: secret u16 from each) -> { total: u16 to all, pair: (u16, u8) to all } {
        let v = x[0];
        let mut lines: [secret Line; 2] = [Line { from: Point { x: 0, y: 0 }, to: Point { x: v, y: v }, tags: [1, 2, 3] }; 2];
        lines[1].to.x = 50;
        lines[1].tags[2] = 9;
        let mut total: secret u16 = 0;
        for l in lines { total += length(l); }
        { total: total, pair: (lines[0].to.y, lines[1].tags[2]) }
    }";
    let text = text.replace("{ total: total, pair:", "Out { total: total, pair:");
    let text = format!("struct Out {{ total: secret u16, pair: (secret u16, secret u8) }}\n{text}");
    assert_eq!(eval1(&text, &[7]), [7 + 7 + 50 + 7, 7, 9]);
}

#[test]
fn nested_arrays_and_indices() {
    let text = "fn main(x: secret u8 from each, k: secret u8 from each) -> [u16; 4] {
        let mut m: [[secret u16; 3]; 4] = [[0; 3]; 4];
        for i in 0..4 { for j in 0..3 { m[i][j] = (i * 10 + j) as u16 + x[0] as u16; } }
        let s = k[0];
        let before = m[s][2];
        m[s][1] = 500;
        m[1][s] = 600;
        let row = m[s];
        [before, m[2][1], m[1][2], row[0]]
    }";
    for k in 0..5i128 {
        let mut m = [[0i128; 3]; 4];
        for (i, row) in m.iter_mut().enumerate() {
            for (j, v) in row.iter_mut().enumerate() {
                *v = (i * 10 + j) as i128 + 3;
            }
        }
        let s = k as usize;
        let before = m.get(s).map_or(0, |r| r[2]);
        if let Some(r) = m.get_mut(s) {
            r[1] = 500;
        }
        if let Some(v) = m[1].get_mut(s) {
            *v = 600;
        }
        let row = m.get(s).copied().unwrap_or_default();
        let run = Run::new(text, 1).input("x", 0, &[3]).input("k", 0, &[k]);
        assert_eq!(run.run(), [before, m[2][1], m[1][2], row[0]], "{k}");
    }
}

#[test]
fn map_zip_fold_and_friends() {
    let text = "fn main(xs: [secret u32; _] from each, ys: [secret u32; _] from each) -> [u64; 7] {
        let a = flatten(xs); let b = flatten(ys);
        let dot = sum(map(zip(a, b), |(x, y)| x * y));
        let zero: secret u64 = 0;
        let weighted = fold(enumerate(a), zero, |acc, (i, x)| acc + (i as u64 + 1) * (x as u64));
        let limit = a[0];
        let big = a.map(|x| if x > limit { 1u8 } else { 0 }).sum();
        let most = fold(a, a[0], |m, x| if x > m { x } else { m });
        let both = concat(a, b);
        [dot as u64, weighted, big as u64, most as u64, any(map(a, |x| x == 3)) as u64, all(map(a, |x| x < 50)) as u64, sum(both[1..3]) as u64]
    }";
    let mut words = Words(9);
    for (n, m) in [(3usize, 4usize), (1, 1), (5, 2)] {
        let rows: Vec<Vec<i128>> = vec![words.many(n, 60), words.many(m, 60)];
        let more: Vec<Vec<i128>> = vec![words.many(n, 60), words.many(m, 60)];
        let mut run = Run::new(text, 2);
        for p in 0..2 {
            run = run
                .input("xs[]", p, &rows[p as usize])
                .input("ys[]", p, &more[p as usize]);
        }
        let (a, b) = (rows.concat(), more.concat());
        let both = [a.clone(), b.clone()].concat();
        let want = [
            a.iter().zip(&b).map(|(x, y)| x * y).sum(),
            (1..).zip(&a).map(|(i, x)| i * x).sum(),
            a.iter().filter(|&&x| x > a[0]).count() as i128,
            *a.iter().max().unwrap(),
            i128::from(a.contains(&3)),
            i128::from(a.iter().all(|&x| x < 50)),
            both[1] + both[2],
        ];
        assert_eq!(run.run(), want);
    }
}

#[test]
fn an_element_wise_map_is_traced_on_vectors() {
    let text = "fn clamp(x: secret u32, top: u32) -> secret u32 { if x > top { top } else { x } }
    fn main(xs: [secret u32; _] from each, top: u32) -> u64 {
        sum(map(flatten(xs), |x| clamp(x, top) * 2))
    }";
    let run = Run::new(text, 2)
        .arg("top", "10")
        .input("xs[]", 0, &[1, 20, 3])
        .input("xs[]", 1, &[40]);
    let ir = run.ir();
    assert_eq!(count(&ir, &|op| matches!(op, Op::Loop { .. })), 0);
    assert_eq!(run.run(), [2 * (1 + 10 + 3 + 10)]);
    let many = Run::new(text, 2)
        .arg("top", "10")
        .len("xs", 0, 1_000_000)
        .len("xs", 1, 1 << 30);
    assert_eq!(many.ir().body.nodes.len(), ir.body.nodes.len());
}

#[test]
fn a_map_over_rows_is_a_loop() {
    let text = "fn main(m: [[secret u16; 3]; _] from each) -> [u64; _] {
        map(flatten(m), |row| sum(row))
    }";
    let run = Run::new(text, 1)
        .len("m", 0, 2)
        .input("m[][]", 0, &[1, 2, 3, 4, 5, 6])
        .len("m", 0, 2);
    assert_eq!(run.run(), [6, 15]);
}

#[test]
fn signed_ranges_and_inclusive_ones() {
    let text = "fn main(x: secret i32 from each) -> [i32; 2] {
        let mut a = x[0]; let mut b: secret i32 = 0;
        for i in -3i32..4 { a += i * i; }
        for k in 250u8..=255 { b += k as i32; }
        [a, b]
    }";
    assert_eq!(eval1(text, &[1]), [1 + 2 * (1 + 4 + 9), (250..=255).sum()]);
}

#[test]
fn generic_functions_and_callables() {
    let text = "fn largest<T: Ord, const N: usize>(xs: [T; N]) -> T {
        let mut m = xs[0];
        for x in xs { if x > m { m = x; } }
        m
    }
    fn twice<T>(x: T, f: fn(T) -> T) -> T { f(f(x)) }
    fn add3(x: secret u32) -> secret u32 { x + 3 }
    const K: u32 = 4 * 5;
    fn main(x: secret u32 from each) -> [u32; 4] {
        let v = x[0];
        let public = largest([3usize, 9, 4]);
        let ys = [v, 7, v * 2];
        [largest(ys), public as u32, twice(v, add3), twice(v, |y| y * K)]
    }";
    assert_eq!(eval1(text, &[5]), [10, 9, 11, 5 * 400]);
}

#[test]
fn loops_adapt_what_they_carry() {
    // `m` starts public and becomes secret; the pair is carried leaf by leaf.
    let text = "fn step<T: Int>(a: T, b: T) -> T { a + b }
    fn main(x: secret u32 from each) -> [u32; 2] {
        let mut pair: (secret u32, u32) = (0, 1);
        for i in 0..10 { pair = (step(pair.0, x[0]), pair.1 * 2); }
        [pair.0, pair.1]
    }";
    assert_eq!(eval1(text, &[3]), [30, 1024]);
}

#[test]
fn windows_and_slices() {
    let text = "fn main<const N: usize>(x: [secret u32; N] from each) -> [u64; 4] {
        let xs = x[0];
        let mut best: secret u64 = 0;
        for i in 0..N - 2 { let s = sum(xs[i..i + 3]); if s > best { best = s; } }
        let mut blocks: secret u64 = 0;
        for i in 0..N / 2 { blocks += sum(xs[i * 2..(i + 1) * 2]) * (i as u64 + 1); }
        let mut prefixes: secret u64 = 0;
        for i in 0..4 { prefixes += sum(xs[..i]); }
        [best, blocks, prefixes, sum(xs[N - 1..])]
    }";
    let xs = [4i128, 1, 7, 2, 2, 9];
    let best = xs.windows(3).map(|w| w.iter().sum::<i128>()).max().unwrap();
    let blocks: i128 = (1..)
        .zip(xs.chunks(2))
        .map(|(i, c)| i * c.iter().sum::<i128>())
        .sum();
    let prefixes: i128 = (0..4).map(|i| xs[..i].iter().sum::<i128>()).sum();
    let run = Run::new(text, 1).input("x[]", 0, &xs);
    assert_eq!(run.run(), [best, blocks, prefixes, 9]);
}

#[test]
fn an_index_of_secret_type_never_stops_the_run() {
    // The indices are known to tracing, but their type is secret: out of range reads zero and writes nothing.
    let text = "fn main(x: secret u8 from each) -> [u8; 3] {
        let mut a: [secret u8; 2] = [x[0], 7];
        let inside: secret u8 = 1; let outside: secret u8 = 200;
        a[outside] = 9;
        a[inside] = 8;
        [a[0], a[inside], a[outside]]
    }";
    assert_eq!(eval1(text, &[5]), [5, 8, 0]);
}

#[test]
fn branches_around_loops_around_branches() {
    let text = "fn main(x: secret u8 from each) -> [u16; 4] {
        let mut h: [secret u16; 3] = [0; 3];
        let mut n: secret u16 = 0;
        if x[0] > 4 {
            for i in 0..6 {
                let mut own: [secret u16; 2] = [i as u16, 0];
                if x[0] > i as u8 { own[1] = 10; h[i % 3] += own[0]; } else { h[2] = own[1] + 1; }
                n += own[1];
            }
        } else {
            let mut i: usize = 0;
            while i < 3 { h[i] = n; n += 2; i += 1; }
        }
        [h[0], h[1], h[2], n]
    }";
    for x in 0..9i128 {
        let (mut h, mut n) = ([0i128; 3], 0);
        if x > 4 {
            for i in 0..6 {
                let mut own = [i, 0];
                if x > i {
                    own[1] = 10;
                    h[(i % 3) as usize] += own[0];
                } else {
                    h[2] = own[1] + 1;
                }
                n += own[1];
            }
        } else {
            for slot in &mut h {
                *slot = n;
                n += 2;
            }
        }
        assert_eq!(eval1(text, &[x]), [h[0], h[1], h[2], n], "{x}");
    }
}

#[test]
fn lane_wise_functions_read_captured_arrays() {
    let text = "fn main(x: secret u8 from each, k: secret u2 from each) -> [u16; 6] {
        let table = [10u16, 20, 30, 40];
        let mine = [x[0] as u16, 2, 3, 4];
        let idx = [k[0], 1, 2, 3, 0, k[0]];
        map(enumerate(idx), |(i, j)| {
            let mut t = table[j] + mine[i % 4];
            for r in 0..3 { t = t * 2 + r as u16; }
            let far = if i > 2 { t } else { 0 };
            far + mine[j]
        })
    }";
    for k in 0..4usize {
        let (table, mine) = ([10, 20, 30, 40], [5, 2, 3, 4]);
        let want: Vec<i128> = [k, 1, 2, 3, 0, k]
            .iter()
            .enumerate()
            .map(|(i, &j)| {
                let t = (0..3).fold(table[j] + mine[i % 4], |t, r| t * 2 + r);
                (if i > 2 { t } else { 0 }) + mine[j]
            })
            .collect();
        let run = Run::new(text, 1)
            .input("x", 0, &[5])
            .input("k", 0, &[k as i128]);
        assert_eq!(run.run(), want);
    }
}

#[test]
fn vectors_of_one_lane_and_of_none() {
    let text = "fn main(x: [secret u8; _] from each) -> [u64; 4] {
        let a = flatten(x);
        let doubled = map(a, |v| v as u16 * 2);
        let pairs = zip(a, doubled);
        let mut m: secret u64 = 0;
        for (p, q) in pairs { m += p as u64 + q as u64; }
        [sum(doubled), m, fold(a, 7u8 as secret_u8, |s, v| s + v) as u64, any(map(a, |v| v > 3)) as u64]
    }";
    let text = text
        .replace("7u8 as secret_u8", "start")
        .replace("let a = ", "let start: secret u8 = 7; let a = ");
    for xs in [vec![], vec![4i128], vec![1, 2]] {
        let run = Run::new(&text, 1).input("x[]", 0, &xs);
        let sum: i128 = xs.iter().sum();
        assert_eq!(
            run.run(),
            [
                2 * sum,
                3 * sum,
                7 + sum,
                i128::from(xs.iter().any(|&v| v > 3))
            ]
        );
    }
}

#[test]
fn a_return_that_nothing_leads_to_is_none() {
    let text = "fn main(x: secret u8 from each, n: public u8 from each) -> (u8, bool) {
        for i in 0..n[0] as usize {
            if false { return (7, true); }
        }
        (x[0], false)
    }";
    for n in [0, 3] {
        let run = Run::new(text, 1).input("x", 0, &[9]).input("n", 0, &[n]);
        assert_eq!(run.run(), [9, 0]);
    }
}

#[test]
fn a_loop_that_a_session_makes_endless_is_stopped() {
    let text = "fn main(x: secret u32 from each, step: u32) -> u32 {
        let mut i: u32 = 0;
        let mut last: secret u32 = 0;
        while i != 10 { i += step; last = last + x[0]; }
        last
    }";
    let ends = Run::new(text, 2)
        .arg("step", "5")
        .input("x", 0, &[3])
        .input("x", 1, &[4]);
    assert_eq!(ends.run(), [6]);
    let never = Run::new(text, 2)
        .arg("step", "0")
        .input("x", 0, &[3])
        .input("x", 1, &[4]);
    let message = never.try_run().expect_err("it never ends");
    assert!(
        message.contains("this loop has run 65536 times"),
        "{message}"
    );
}
