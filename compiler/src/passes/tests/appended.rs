//! Loops that append to arrays at secret places, as people write them: what they mean must stay, and what they append is moved by sorts.

use super::assert_same;
use super::source::ir_of;
use crate::ir::{Ir, Op, Region};
use crate::passes::{algebra, common, counts, dead, lanes, optimise};
use crate::session::LocalChoice;
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::Word;

/// A loop over `a` and `b` with `w`, `u` and `p` to append to, counted by `n` and `m`; how many sorts it becomes, and how many writes at
/// secret indices are left in its text.
struct Case {
    body: &'static str,
    n_sorts: usize,
    n_writes: usize,
}

const fn case(body: &'static str, n_sorts: usize, n_writes: usize) -> Case {
    Case {
        body,
        n_sorts,
        n_writes,
    }
}

const CASES: &[Case] = &[
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 1; } }",
        1,
        0,
    ),
    case(
        "for x in a { if x > 3 { w[n as u64] = x; n = n + 1; } }",
        1,
        0,
    ),
    // The same with no branch around one of the two.
    case(
        "for i in 0..N { w[n] = a[i]; if a[i] > 3 { n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { w[n] = a[i]; n += if a[i] > 3 { 1 } else { 0 }; }",
        1,
        0,
    ),
    case(
        "for i in 0..N { w[n] = a[i]; n += (a[i] > 3) as u32; }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { n += 1; w[n - 1] = a[i]; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { n += 1; w[n] = a[i]; } }",
        1,
        0,
    ),
    // From elsewhere than zero, and behind the last place.
    case(
        "n = 2; for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 1; } }",
        1,
        0,
    ),
    case(
        "n = 21; for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 1; } }",
        0,
        0,
    ),
    case(
        "n = 4294967290; for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 1; } }",
        0,
        1,
    ),
    case(
        "n = (a[0] % 8) as u32; for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 1; } }",
        1,
        0,
    ),
    case(
        "n = (a[0] % 2) as u32 + 6; for i in 0..N { if a[i] > 3 { w[n] = a[i]; u[n] = b[i]; n += 1; } }",
        1,
        0,
    ),
    // Both arms, into two arrays, into one, and into one by two counters.
    case(
        "for i in 0..N { if a[i] > b[i] { w[n] = a[i]; n += 1; } else { u[m] = b[i]; m += 1; } }",
        2,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > b[i] { w[n] = a[i]; n += 1; } else if b[i] > 4 { w[n] = b[i] + 1; n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 1; } if b[i] > 3 { w[n] = b[i]; n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 1; if b[i] > 3 { w[n] = b[i]; n += 1; } } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; w[n + 1] = b[i]; n += 2; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 1; } else { w[m] = b[i]; m += 1; } }",
        0,
        1,
    ),
    // Several at once share a sort.
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; u[n] = b[i]; n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { p[n] = (a[i], b[i] as u32); n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { p[n].0 = a[i]; p[n].1 = i as u32; n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { q[n] = [a[i], b[i], 7]; n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 1; } if b[i] > a[i] { u[m] = b[i]; m += 1; } }",
        2,
        0,
    ),
    // Places that stay empty, and elements that are written twice.
    case(
        "for i in 0..N { if a[i] > 3 { if b[i] > 4 { w[n] = a[i]; } n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; if b[i] > 4 { w[n] = b[i]; } n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 && b[i] < 5 { if i % 3 != 1 { w[n] = a[i]; n += 1; } } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if i % 2 == 0 { if a[i] > 3 { w[n] = a[i]; n += 1; } } else if b[i] > 3 { u[n] = a[i]; n += 1; } }",
        1,
        0,
    ),
    // What is appended follows from the one before.
    case(
        "let mut last: secret u8 = 0; for i in 0..N { if a[i] != last { w[n] = a[i]; n += 1; last = a[i]; } }",
        1,
        0,
    ),
    case(
        "let mut s: secret u8 = 1; for i in 0..N { s = s * 3 + a[i]; if s > 7 { w[n] = s; s ^= 5; n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 && n < 3 { w[n] = a[i]; n += 1; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i] + n as u8; n += 1; } }",
        1,
        0,
    ),
    // Read in between: as it stands.
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = w[1] + 1; n += 1; } }",
        0,
        1,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 2; } }",
        1,
        0,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; n -= 1; } }",
        0,
        1,
    ),
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; } if b[i] > 3 { n += 1; } }",
        0,
        1,
    ),
    // A small counter begins again at zero.
    case(
        "let mut k: secret u8 = 252; for i in 0..N { if a[i] > 3 { w[k] = a[i]; k += 1; } } n = k as u32;",
        0,
        1,
    ),
    case(
        "let mut k: secret u8 = 2; for i in 0..N { if a[i] > 3 { w[k] = a[i]; k += 1; } } n = k as u32;",
        1,
        0,
    ),
    // One list after the other.
    case(
        "for i in 0..N { if a[i] > 3 { w[n] = a[i]; n += 1; } } for i in 0..N { if b[i] > 3 { w[n] = b[i]; n += 1; } }",
        2,
        0,
    ),
    // Lists in lists.
    case(
        "for p in 0..3 { for i in 0..N { if xs[p][i] > 3 { w[n] = xs[p][i]; n += 1; } } }",
        1,
        0,
    ),
    case(
        "for row in xs { for x in row { if x > 3 { w[n] = x; u[n] = x + 1; n += 1; } } }",
        1,
        0,
    ),
    case(
        "for p in 0..2 { for i in p + 1..N { if a[i] > b[p] { w[n] = a[i]; n += 1; } } }",
        1,
        0,
    ),
    case(
        "for p in 0..2 { for q in 0..3 { for i in 0..N { if a[i] > b[p] && b[i] > a[q] { w[n] = a[i]; n += 1; } } } }",
        1,
        0,
    ),
    case(
        "let mut last: secret u8 = 3; for row in xs { for x in row { if x > last { w[n] = x; n += 1; } last = x; } }",
        1,
        0,
    ),
];

fn program(body: &str, len: usize) -> String {
    format!(
        "fn main<const N: usize>(xs: [secret u8; N] from each) -> ([u8; {len}], [u8; {len}], [(u8, u32); {len}], [[u8; 3]; {len}], u32, u32) {{
    let a = xs[0];
    let b = xs[1];
    let mut w: [secret u8; {len}] = [9; {len}];
    let mut u: [secret u8; {len}] = [0; {len}];
    let mut p: [(secret u8, secret u32); {len}] = [(1, 2); {len}];
    let mut q: [[secret u8; 3]; {len}] = [[4; 3]; {len}];
    for i in 0..{len} {{ if i < N {{ w[i] = xs[2][i]; }} }}
    let mut n: secret u32 = 0;
    let mut m: secret u32 = 0;
    {body}
    (w, u, p, q, n, m)
}}"
    )
}

fn count(region: &Region, wanted: fn(&Op) -> bool) -> usize {
    (region.nodes.iter())
        .map(|node| {
            let inside: usize = node.regions.iter().map(|inner| count(inner, wanted)).sum();
            usize::from(wanted(&node.op)) + inside
        })
        .sum()
}

/// Whether the meaning stays for random inputs, few of which are equal or many.
pub(super) fn stays(ir: &Ir, after: &Ir, what: &str) {
    let mut rng = SplitMix::new(11);
    for modulus in [8, 8, 8, 5, 256] {
        let inputs: Vec<Vec<Word>> = (ir.inputs.iter())
            .map(|leaf| (0..leaf.lanes).map(|_| rng.below(modulus).into()).collect())
            .collect();
        assert_same(ir, after, &inputs, what);
    }
}

#[test]
fn what_is_appended_is_moved_by_sorts_and_means_the_same() {
    let mut wrong = Vec::new();
    for one in CASES {
        // Arrays that are longer than the loop, as long, and shorter; and short ones, whose other writes become choices.
        for (n, len) in [(19, 21), (21, 21), (24, 21), (40, 21), (7, 9), (12, 9)] {
            let ir = ir_of(&program(one.body, len), n);
            let simple = dead::run(common::run(algebra::run(ir.clone()).ir).ir).ir;
            let by_lanes = dead::run(lanes::run(counts::run(simple).ir).ir).ir;
            let what = format!("{} for {n} into {len}", one.body);
            stays(&ir, &by_lanes, &what);
            let sorts = count(&by_lanes.body, |op| matches!(op, Op::Sort { .. }));
            let writes = count(&by_lanes.body, |op| matches!(op, Op::WriteSecret { .. }));
            let is_short = len as u64 <= lanes::spread::MOST;
            let n_writes = if is_short {
                writes.min(one.n_writes)
            } else {
                one.n_writes
            };
            if (sorts, writes) != (one.n_sorts, n_writes) {
                wrong.push(format!("{what}: {sorts} sorts, {writes} writes"));
            }
            let after = optimise(ir.clone(), 2, LocalChoice::Auto, &mut |_, _| {});
            stays(&ir, &after, &what);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Places that are no count are written behind the loop: the last element at each stays, and what is outside is written nowhere.
#[test]
fn what_is_written_at_any_places_is_written_behind_the_loop() {
    for (body, n_behind, n_inside) in [
        ("for i in 0..N { w[a[i]] = b[i]; }", 1, 0),
        (
            "for i in 0..N { if b[i] > 2 { w[a[i] as u32 * 3] = b[i]; } }",
            1,
            0,
        ),
        ("for i in 0..N { w[a[i]] = b[i]; u[a[i]] = i as u8; }", 2, 0),
        (
            "for i in 0..N { p[a[i] % 90] = (b[i], i as u32); q[a[i]] = [1, 2, b[i]]; }",
            3,
            0,
        ),
        (
            "for i in 0..N { w[a[i]] = b[i]; if b[i] % 2 == 0 { w[b[i]] = a[i]; } }",
            1,
            0,
        ),
        (
            "let mut s: secret u8 = 1; for i in 0..N { s = s * 3 + a[i]; w[s] = b[i]; s ^= 5; }",
            1,
            0,
        ),
        (
            "for i in 0..N { if i % 3 == 1 { w[a[i]] = b[i]; } else { w[b[i]] = 3; } }",
            1,
            0,
        ),
        // Read in between: as it stands.
        ("for i in 0..N { w[a[i]] = w[3] + 1; }", 0, 1),
        ("for i in 0..20 { w[a[i]] = b[i]; }", 1, 0),
        ("for i in 0..5 { w[a[i]] = b[i]; }", 0, 1),
    ] {
        let ir = ir_of(&program(body, 90), 200);
        let simple = dead::run(common::run(algebra::run(ir.clone()).ir).ir).ir;
        let after = dead::run(lanes::run(counts::run(simple).ir).ir).ir;
        stays(&ir, &after, body);
        let writes = |op: &Op| matches!(op, Op::WriteSecret { .. });
        let behind = (after.body.nodes.iter()).filter(|node| writes(&node.op));
        let behind = behind.count();
        let inside = count(&after.body, writes) - behind;
        assert_eq!((behind, inside), (n_behind, n_inside), "{body}\n{after}");
    }
}

/// What was appended last is known without the list: nothing is read of it, and it is gathered behind the loop.
#[test]
fn what_was_appended_last_is_carried() {
    for (body, n_loops) in [
        (
            "for i in 0..N { if i == 0 || a[i] != w[n - 1] { w[n] = a[i]; n += 1; } }",
            0,
        ),
        (
            "for i in 0..N { if i == 0 || w[n - 1] != a[i] { w[n] = a[i]; n += 1; } else { m += 1; } }",
            0,
        ),
        (
            "for v in a { if v > 2 && v != w[n - 1] { w[n] = v; n += 1; } }",
            0,
        ),
        (
            "for v in a { if n == 0 || !(w[n - 1] == v) { w[n] = v; n += 1; } }",
            0,
        ),
        (
            "w[0] = 5; n = 1; for v in a { if v != w[n - 1] { w[n] = v; n += 1; } }",
            0,
        ),
        (
            "for i in 0..N { m += w[n - 1] as u32; if a[i] > 2 { w[n] = a[i]; n += 1; } }",
            0,
        ),
        (
            "for i in 0..N { m = m * 2 + w[n - 1] as u32; if a[i] > 2 { w[n] = a[i]; n += 1; if b[i] > 4 { w[n] = b[i]; n += 1; } } }",
            1,
        ),
        // What goes on for longer than any element is a loop, of single elements.
        (
            "for i in 0..N { if i == 0 || a[i] > w[n - 1] { w[n] = a[i]; n += 1; } }",
            1,
        ),
    ] {
        for len in [41, 60] {
            let ir = ir_of(&program(body, len), 20);
            let simple = dead::run(common::run(algebra::run(ir.clone()).ir).ir).ir;
            let after = dead::run(lanes::run(counts::run(simple).ir).ir).ir;
            stays(&ir, &after, body);
            let loops = count(&after.body, |op| matches!(op, Op::Loop { .. }));
            let at_secret = |op: &Op| matches!(op, Op::WriteSecret { .. } | Op::ReadSecret { .. });
            let at_secret = count(&after.body, at_secret);
            assert_eq!((loops, at_secret), (n_loops, 0), "{body}\n{after}");
        }
    }
    // An element that may be none of the list's own.
    let body = "for v in a { if v != w[n] { w[n] = v; n += 1; } }";
    let ir = ir_of(&program(body, 19), 20);
    let after = optimise(ir.clone(), 2, LocalChoice::Auto, &mut |_, _| {});
    stays(&ir, &after, body);
}

/// Lists that get full, and counters that stop: what is done for one row does not wait for the row before.
#[test]
fn counters_count_on_behind_their_bounds() {
    for body in [
        // Full lists, which are read behind their end.
        "for i in 0..N { if i == 0 || a[i] != w[n - 1] { w[n] = a[i]; n += 1; } }",
        "for v in a { if v != w[n - 1] { w[n] = v; n += 1; } }",
        "for v in a { if n == 0 || v != w[n - 1] { w[n] = v; n += 1; } }",
        "for i in 0..N { if b[i] > 2 && (n == 0 || a[i] != w[n - 1]) { w[n] = a[i]; n += 1; } else { m += 1; } }",
        "for i in 0..N { if n == 0 || a[i] != w[n - 1] || b[i] != u[n - 1] { w[n] = a[i]; u[n] = b[i]; n += 1; } }",
        "for i in 0..N { if i == 0 || p[n - 1].0 != a[i] { p[n] = (a[i], i as u32); n += 1; } }",
        "w[0] = 5; n = 1; for v in a { if v != w[n - 1] { w[n] = v; n += 1; } }",
        "n = 30; for v in a { if v != w[n - 1] { w[n] = v; n += 1; } }",
        "for i in 0..N { m += w[n - 1] as u32; if a[i] > 2 { w[n] = a[i]; n += 1; } }",
        // Bounds, at which they stay.
        "for i in 0..N { if (i == 0 || a[i] != w[n - 1]) && n < 9 { w[n] = a[i]; n += 1; } }",
        "for v in a { if n < 6 && (n == 0 || v != w[n - 1]) { w[n] = v; n += 1; m += v as u32; } }",
        "for v in a { if n <= 6 { if n == 0 || v != w[n - 1] { w[n] = v; n += 1; } else { m += v as u32; } } }",
        "let mut last: secret u8 = 0; for v in a { if v != last && n < 7 { w[n] = v; n += 1; last = v; } } m = last as u32;",
        "let mut last: secret u8 = 0; for v in a { if v != last && n < 7 { w[n] = v; n += 1; last = v; } else { m += last as u32; } }",
        "for i in 0..N { if a[i] > 2 && n != 4 { w[n] = a[i]; n += 1; } }",
        "for i in 0..N { if a[i] > 2 && !(n == 4) { m += a[i] as u32; n += 1; } }",
        "let mut k: secret u128 = 0; for v in a { if v > 1 && k < 5 { m += v as u32; k += 1; } } n = k as u32;",
        "let mut k: secret i8 = -3; for v in a { if v > 1 && k < 5 { m += v as u32; k += 1; } } n = k as u32;",
        "let mut k: secret u8 = 250; for v in a { if v > 1 && k < 254 { m += v as u32; k += 1; } } n = k as u32;",
        "let mut k: secret u8 = 9; for v in a { if v > 1 && k < 5 { m += v as u32; k += 1; } } n = k as u32;",
        // Two of them, and a bound that is not the lowest one.
        "for i in 0..N { if a[i] > 2 && n < 5 { n += 1; } if b[i] > a[i] && m < 7 && n > 0 { m += 1; u[m] = b[i]; } }",
        "for i in 0..N { if a[i] > 2 && n < 5 { n += 1; if n == 3 { w[0] = a[i]; } } if n < 2 { m += b[i] as u32; } }",
        // One more than the greatest number is none, and the bound is none.
        "for v in a { if v > 1 && n != 30 { n += 1; m += v as u32; } }",
    ] {
        for len in [9, 21, 39, 40, 41] {
            let ir = ir_of(&program(body, len), 40);
            let simple = dead::run(common::run(algebra::run(ir.clone()).ir).ir).ir;
            let after = dead::run(lanes::run(counts::run(simple).ir).ir).ir;
            stays(&ir, &after, body);
            let loops = count(&after.body, |op| matches!(op, Op::Loop { .. }));
            assert_eq!(loops, 0, "{body} into {len}\n{after}");
        }
    }
    // Counters that begin anew, and conditions that wait for more than the count.
    for body in [
        "let mut k: secret u8 = 240; for v in a { if v > 1 || k == 240 { m += 1; k += 1; } } n = k as u32;",
        "for v in a { m = m * 3 + v as u32; if m > 7 && n < 4 { w[n] = v; n += 1; m = 1; } }",
        "for v in a { if (v as u32) > n && n < 5 { w[n] = v; n += 1; } }",
        "for v in a { if n != 3 || v > 4 { n += 1; } }",
        "for v in a { if n == 2 || v > 4 { n += 1; } }",
        "for i in 0..N { if i == 0 || q[n - 1][1] != a[i] { q[n] = [b[i], a[i], 3]; n += 1; } }",
        "for v in a { if n > 0 { if v != w[n - 1] { w[n] = v; n += 1; } } else { w[n] = v; n += 1; } }",
    ] {
        let ir = ir_of(&program(body, 21), 40);
        let after = optimise(ir.clone(), 2, LocalChoice::Auto, &mut |_, _| {});
        stays(&ir, &after, body);
    }
}
