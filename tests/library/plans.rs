//! Plans of the library's larger functions stay small: what repeats is a loop, a lane or a shared circuit.

use crate::support;
use smpcc_circuit::codec::encode_program;
use smpcc_compiler::session::{Network, ProtocolChoice};

/// Names taken from the library, `main` without its keyword, and the most kilobytes of a plan among three parties, each of whom gives a hundred
/// elements of what is open.
const PLANS: [(&str, &str, usize); 21] = [
    (
        "inference::pearson",
        "main(x: [secret fixed<32, 16>; _] from each, y: [secret fixed<32, 16>; _] from each) -> fixed<72, 32> {
    pearson(x.flatten(), y.flatten())
}",
        400,
    ),
    (
        "inference::spearman",
        "main(x: [secret fixed<32, 16>; _] from each, y: [secret fixed<32, 16>; _] from each) -> fixed<72, 32> {
    spearman(x.flatten(), y.flatten())
}",
        800,
    ),
    (
        "inference::{Test, welch}",
        "main(x: [secret fixed<32, 16>; _] from each, y: [secret fixed<32, 16>; _] from each) -> Test {
    welch(x.flatten(), y.flatten())
}",
        700,
    ),
    (
        "inference::{Line, line}",
        "main(x: [secret fixed<32, 16>; _] from each, y: [secret fixed<32, 16>; _] from each) -> Line {
    line(x.flatten(), y.flatten())
}",
        950,
    ),
    (
        "inference::{Model, least_squares}",
        "main(x: [[secret fixed<32, 16>; 6]; _] from each) -> Model<5> {
    let all = x.flatten();
    least_squares(all.map(|r| r[0..5]), all.map(|r| r[5]))
}",
        1_500,
    ),
    (
        "inference::{Coefficients, coefficients}",
        "main(x: [[secret fixed<32, 16>; 6]; _] from each) -> Coefficients<5> {
    let all = x.flatten();
    coefficients(all.map(|r| r[0..5]), all.map(|r| r[5]))
}",
        800,
    ),
    (
        "inference::mann_whitney",
        "main(x: [secret fixed<32, 16>; _] from each, y: [secret fixed<32, 16>; _] from each) -> fixed<72, 32> {
    mann_whitney(x.flatten(), y.flatten())
}",
        100,
    ),
    (
        "survival::{Moment, kaplan_meier}",
        "main(t: [secret u8 in 0..=35; _] from each, d: [secret bool; _] from each) -> [Moment; 36] {
    kaplan_meier(t.flatten(), d.flatten())
}",
        400,
    ),
    (
        "survival::{LogRank, log_rank}",
        "main(t: [secret u8 in 0..=35; _] from each, d: [secret bool; _] from each, g: [secret bool; _] from each) -> LogRank {
    log_rank(t.flatten(), d.flatten(), g.flatten(), 36)
}",
        950,
    ),
    (
        "linear::solve",
        "main(a: [[secret fixed<64, 32>; 4]; 4] from each, b: [[secret fixed<64, 32>; 1]; 4] from each) -> [[fixed<64, 32>; 1]; 4] {
    solve(a[0], b[1])
}",
        300,
    ),
    (
        "crypto::hmac_sha256",
        "main(k: [secret u8; 64] from each) -> [u8; 32] { hmac_sha256(k[0], k[1]) }",
        600,
    ),
    (
        "crypto::sha512",
        "main(k: [secret u8; 64] from each) -> [u8; 64] { sha512(k[0]) }",
        100,
    ),
    (
        "ml::k_means",
        "main(x: [[secret fixed<32, 16>; 2]; _] from each) -> [[fixed<32, 16>; 2]; 3] {
    let all = x.flatten();
    k_means(all, all[0..3], 5)
}",
        400,
    ),
    (
        "ml::softmax",
        "main(v: [secret fixed<32, 16>; 10] from each) -> [fixed<32, 16>; 10] { softmax(v[0]) }",
        100,
    ),
    (
        "ml::{Logistic, logistic_newton}",
        "main(x: [[secret fixed<32, 16>; 4]; _] from each, y: [secret bool; _] from each) -> Logistic<4> {
    logistic_newton(x.flatten(), y.flatten(), 6, 0)
}",
        800,
    ),
    (
        "ml::logistic_gradient",
        "main(x: [[secret fixed<32, 16>; 4]; _] from each, y: [secret bool; _] from each) -> [fixed<48, 24>; 5] {
    logistic_gradient(x.flatten(), y.flatten(), 20, 1, 0)
}",
        200,
    ),
    (
        "math::exp",
        "main(v: secret fixed<64, 32> from each) -> fixed<64, 32> { exp(v[0] + v[1]) }",
        400,
    ),
    (
        "math::pow",
        "main(v: secret fixed<64, 32> from each) -> fixed<64, 32> { pow(v[0], v[1]) }",
        800,
    ),
    (
        "stats::variance",
        "main(x: [secret u64; _] from each) -> u128 { variance(x.flatten()) }",
        950,
    ),
    (
        "vote::{Runoff, instant_runoff}",
        "main(x: [[secret u8; 5]; _] from each) -> Runoff<5> { instant_runoff(x.flatten()) }",
        100,
    ),
    (
        "text::edit_distance",
        "main(a: [secret u8; 16] from each) -> u32 { edit_distance(a[0], a[1]) as u32 }",
        100,
    ),
];

#[test]
fn plans_of_the_library_stay_small() {
    for (names, main, most) in PLANS {
        let mut session = support::session(&[3]);
        for name in ["x", "y", "t", "d", "g"] {
            for party in 0..3 {
                session.lens.insert((name.to_string(), party), 100);
            }
        }
        let text = format!("use std::{names};\nfn {main}\n");
        let options = support::options(support::REP3, ProtocolChoice::Auto, Network::LAN);
        let plan = support::compile(&text, &session, &options).program;
        let bytes = encode_program(&plan).expect("a plan").len();
        assert!(bytes <= most * 1_000, "{names}: {bytes} bytes");
    }
}
