//! Nested loops as people write them: bounds that follow from the outer counter, public branches, what is known while running
//! only, writes by position and folds at secret places. What each combination means must stay.

use super::source::{ir_of, n_loops, optimised};

const INNER: [&str; 6] = [
    "0..N",
    "i + 1..N",
    "0..i",
    "i..min(i + 3, N)",
    "(if i > 2 { i - 2 } else { 0 })..N - i / 2",
    "(mask[i] as usize) % N..N",
];

const GUARDS: [&str; 6] = [
    "",
    "if i < j",
    "if i != 2",
    "if (i * 3 + j) % 4 == 1",
    "if mask[j] % 2 == 0",
    "if mask[i] < mask[j] && j > 1",
];

const BODIES: [&str; 9] = [
    "if a[i] < b[j] { c += 1; }",
    "out[j] = out[j] * 3 + a[i] as u32;",
    "out[i] ^= (b[j] as u32) * 5;",
    "h[b[j] % 8] += a[i] as u32;",
    "if a[i] == b[j] { h[a[i] % 7] += 1; }",
    "if h[a[j] % 6] < b[i] as u32 { h[a[j] % 6] = b[i] as u32; }",
    "c = if a[j] > a[i] { c + 2 } else { c ^ 1 };",
    "if out[i] > out[j] { let t = out[i]; out[i] = out[j]; out[j] = t; }",
    "g[i][j] += (a[i] as u32) * (b[j] as u32); c += g[j][i];",
];

fn program(inner: &str, guard: &str, body: &str) -> String {
    format!(
        "fn main<const N: usize>(xs: [secret u8; N] from each) -> [u32; N] {{
    let a = xs[0];
    let b = xs[1];
    let mask = reveal(xs[2]);
    let mut c: secret u32 = 0;
    let mut h: [secret u32; 6] = [0; 6];
    let mut out: [secret u32; N] = [7; N];
    let mut g: [[secret u32; N]; N] = [[1; N]; N];
    for i in 0..N {{ for j in {inner} {{ {guard} {{ {body} }} }} }}
    out[0] += c;
    for k in 0..6 {{ out[1] ^= h[k] * (k as u32 + 1); }}
    for i in 0..N {{ for j in 0..N {{ out[i] += g[i][j]; }} }}
    out
}}"
    )
}

#[test]
fn every_nest_keeps_its_meaning() {
    for (x, inner) in INNER.iter().enumerate() {
        for (y, guard) in GUARDS.iter().enumerate() {
            for (z, body) in BODIES.iter().enumerate() {
                let ir = |len| ir_of(&program(inner, guard, body), len);
                optimised(&ir(5), 250);
                // Many lanes are pieces, few are tables of constants.
                if (x + 2 * y + 3 * z) % 11 == 0 {
                    optimised(&ir(18), 250);
                }
            }
        }
    }
}

#[test]
fn three_levels_and_rows_of_a_matrix() {
    let triple = "fn main<const N: usize>(xs: [secret u8; N] from each) -> u32 {
    let mut c: secret u32 = 0;
    for i in 0..N { for j in i + 1..N { for k in j + 1..N {
        if xs[0][i] < xs[0][j] && xs[0][j] < xs[1][k] { c += 1; }
    } } }
    c
}";
    let after = optimised(&ir_of(triple, 9), 250);
    assert_eq!(n_loops(&after.body), 0, "{after}");
    // 9 choose 3.
    assert!(after.to_string().contains("x84"), "{after}");
    let elimination = "fn main(xs: [secret u8; 9] from each) -> [[u32; 3]; 3] {
    let mut g: [[secret u32; 3]; 3] = [[0; 3]; 3];
    for i in 0..3 { for j in 0..3 { g[i][j] = xs[0][3 * i + j] as u32; } }
    for k in 0..3 {
        let pivot = g[k];
        for i in 0..3 {
            if i != k {
                let f = g[i][k] / pivot[k];
                for j in 0..3 { g[i][j] -= f * pivot[j]; }
            }
        }
    }
    g
}";
    optimised(&ir_of(elimination, 9), 250);
}
