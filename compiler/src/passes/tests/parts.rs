//! Parts of elements at secret places: what they mean must stay, and what is not asked for of an element must not be touched.

use super::appended::stays;
use super::source::ir_of;
use crate::ir::{Ir, Op, Region};
use crate::passes::optimise;
use crate::session::LocalChoice;

/// What is done with rows `t`, records `r`, a list `s` and secret places `i`, `j`, and how many lanes are read and written at secret
/// indices then: of an array of seven elements, all of the arrays.
const CASES: &[(&str, u64)] = &[
    ("out = t[i][3];", 7),
    ("out = t[i][3] + t[i][1];", 14),
    ("out = t[i][3]; out ^= t[j][3];", 14),
    ("let row = t[i]; out = row[0] ^ row[4];", 14),
    ("out = t[i][1..3].sum() as u8;", 14),
    ("for k in 0..3 { out += t[i][k]; }", 21),
    ("for k in 0..5 { out += t[i][k]; }", 35),
    ("out = r[i].b;", 7),
    ("out = r[i].c[1];", 7),
    ("out = t[2][i];", 5),
    ("out = t[i % 4][j];", 40),
    ("t[i][3] = 9; out = t[1][3];", 7),
    ("t[i][3] = 9; t[j][1] += 2;", 21),
    ("t[i][3] += 9;", 14),
    ("if out > 3 { t[i][3] = 9; }", 7),
    ("if s[0] > 3 { t[i][0] += s[1]; }", 14),
    ("t[i] = [1, 2, 3, 4, s[0]];", 35),
    ("r[i].b += 3;", 14),
    ("r[i].c[1] = 3;", 7),
    ("r[i].c[0] ^= s[1]; r[i].a = 2;", 21),
    // Each row's own place, and one that wraps: a column only where the row is in range when the element is.
    ("for k in 0..7 { out += t[k][i]; }", 35),
    ("out = s[i * 2 + 1];", 7),
    ("for v in s { t[v % 8][2] += v; }", 0),
];

fn program(body: &str) -> String {
    format!(
        "struct R {{ a: u8, b: u8, c: [u8; 2] }}
fn main(xs: [secret u8; 40] from each) -> (u8, [[u8; 5]; 7], [R; 7], [u8; 7]) {{
    let (a, b) = (xs[0], xs[1]);
    let mut t: [[secret u8; 5]; 7] = [[0; 5]; 7];
    let mut r: [secret R; 7] = [R {{ a: 1, b: 2, c: [3, 4] }}; 7];
    let mut s: [secret u8; 7] = [0; 7];
    for k in 0..7 {{
        for l in 0..5 {{ t[k][l] = a[k * 5 + l]; }}
        r[k].a = b[k]; r[k].b = b[k + 7]; r[k].c = [b[k + 14], b[k + 21]];
        s[k] = b[k + 28];
    }}
    let i = b[36] % 8;
    let j = b[37] % 8;
    let mut out: secret u8 = b[38];
    {body}
    (out, t, r, s)
}}"
    )
}

/// Lanes of the arrays that are read or written at secret indices.
fn touched(region: &Region, ir: &Ir) -> u64 {
    (region.nodes.iter())
        .map(|node| {
            let inside: u64 = node.regions.iter().map(|inner| touched(inner, ir)).sum();
            let own = match node.op {
                Op::ReadSecret { .. } | Op::WriteSecret { .. } => {
                    ir.values[node.args[0].index()].ty.lanes
                }
                _ => 0,
            };
            inside + own
        })
        .sum()
}

#[test]
fn only_what_is_asked_for_of_an_element_is_touched() {
    let mut wrong = Vec::new();
    for (body, lanes) in CASES {
        let ir = ir_of(&program(body), 40);
        let after = optimise(ir.clone(), 2, LocalChoice::Off, &mut |_, _| {});
        stays(&ir, &after, body);
        let found = touched(&after.body, &after);
        if found != *lanes {
            wrong.push(format!("{body}: {found} lanes, not {lanes}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Known lanes of one bit say which lanes of the other operand matter; known words of several bits do not.
#[test]
fn words_with_known_bits_are_asked_for_wherever_a_bit_is() {
    for n in [8, 20, 100] {
        for op in ["&", "|", "^"] {
            let ir = ir_of(
                &format!(
                    "fn main(xs: [secret u8; {n}] from each) -> [u8; {n}] {{
    let mut w: [secret u8; {n}] = [0; {n}];
    for i in 0..{n} {{ w[i] = (xs[1][i] ^ xs[0][i]) {op} (i as u8); }}
    w
}}"
                ),
                n,
            );
            let after = optimise(ir.clone(), 2, LocalChoice::Off, &mut |_, _| {});
            stays(&ir, &after, &format!("{n} {op}"));
        }
    }
}
