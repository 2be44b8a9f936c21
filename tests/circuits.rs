//! The circuits that programs of one line become: ANDs and AND depth, exact, in the size and in the depth form.
//!
//! Equalities, not bounds: a circuit that grows is a fault, and one that shrinks is news to write down here. The comments
//! give the bounds that the project promises; where a lower bound is known (add `n − 1`, compare `n`, equal `n − 1`, select `n`,
//! population count `n − weight of n`), the size form meets it.

use crate::support;
use smpcc_circuit::stats::{self, Known};
use smpcc_compiler::session::{LocalChoice, Network, ObjectiveChoice, Options, ProtocolChoice};

/// ANDs and AND depth.
type Figures = (u64, u64);

/// The figures of a program, and products and their depth, of three parties.
fn figures(text: &str, protocol: ProtocolChoice, objective: ObjectiveChoice) -> [Figures; 2] {
    figures_on(Network::LAN, text, protocol, objective)
}

/// The same where parties are connected in some way.
fn figures_on(
    network: Network,
    text: &str,
    protocol: ProtocolChoice,
    objective: ObjectiveChoice,
) -> [Figures; 2] {
    let text = format!("party a; party b; party c;\n{text}");
    let options = Options {
        objective,
        // The circuit of what one party could compute alone, too.
        local: LocalChoice::Off,
        ..support::options(support::REP3, protocol, network)
    };
    let compiled = support::compile(&text, &support::session(&[1, 1, 1]), &options);
    let known = Known {
        trace: None,
        attribution: None,
        functions: &[],
        costs: None,
    };
    let totals = stats::stats(&compiled.program, &known).totals;
    let pair = |x: Option<u64>, y: Option<u64>| (x.expect("a count"), y.expect("a depth"));
    [
        pair(totals.and, totals.and_depth),
        pair(totals.mul, totals.mul_depth),
    ]
}

/// The program of one operation on `u{w}` (or `i{w}`).
fn operation(name: &str, w: u32) -> String {
    let (x, y) = (
        format!("x: secret u{w} from a"),
        format!("y: secret u{w} from b"),
    );
    let c = "c: secret bool from c";
    let two = |result: &str, body: &str| format!("fn main({x}, {y}) -> {result} {{ {body} }}");
    let word = format!("u{w}");
    match name {
        "add" => two(&word, "x + y"),
        "subtract" => two(&word, "x - y"),
        "less" => two("bool", "x < y"),
        "equal" => two("bool", "x == y"),
        "multiply" => two(&word, "x * y"),
        "multiply full" => {
            let wide = format!("u{}", 2 * w);
            two(&wide, &format!("(x as {wide}) * (y as {wide})"))
        }
        "multiply fixed" => {
            let ty = format!("fixed<{w}, {}>", w / 2);
            format!("fn main(x: secret {ty} from a, y: secret {ty} from b) -> {ty} {{ x * y }}")
        }
        "square" => format!("fn main({x}) -> u{w} {{ x * x }}"),
        "divide" => two(&word, "x / y"),
        "divide signed" => {
            format!("fn main(x: secret i{w} from a, y: secret i{w} from b) -> i{w} {{ x / y }}")
        }
        "isqrt" => format!("fn main({x}) -> u{w} {{ isqrt(x) }}"),
        "select" => format!("fn main({c}, {x}, {y}) -> u{w} {{ if c {{ x }} else {{ y }} }}"),
        "swap" => format!("fn main({c}, {x}, {y}) -> (u{w}, u{w}) {{ swap_if(c, x, y) }}"),
        "swap by hand" => format!(
            "fn main({c}, {x}, {y}) -> (u{w}, u{w}) {{ let mut p = x; let mut q = y; \
             if c {{ let t = p; p = q; q = t; }} (p, q) }}"
        ),
        "rotate" => format!(
            "fn main(c: secret u{} from c, {x}) -> u{w} {{ rotate_left(x, c) }}",
            w.ilog2()
        ),
        "count ones" => format!("fn main({x}) -> u{w} {{ count_ones(x) }}"),
        _ => unreachable!("every operation of the table is above"),
    }
}

/// An operation, its width, its size form and its depth form.
type Row = (&'static str, u32, Figures, Figures);

#[test]
fn operations_have_the_circuits_of_the_table() {
    let rows: [Row; 31] = [
        // 31 [63]; depth form ≤ 144 at 5 [≤ 352 at 6].
        ("add", 32, (31, 31), (134, 5)),
        ("add", 64, (63, 63), (318, 6)),
        ("subtract", 32, (31, 31), (134, 5)),
        ("subtract", 64, (63, 63), (318, 6)),
        // 32 [64]; ≤ 66 at 6 [≤ 137 at 7].
        ("less", 32, (32, 32), (66, 6)),
        ("less", 64, (64, 64), (137, 7)),
        // 31 at 5 [63 at 6].
        ("equal", 32, (31, 5), (31, 5)),
        ("equal", 64, (63, 6), (63, 6)),
        // ≤ 559 [≤ 2143]; ≤ 698 at 10 [≤ 2537 at 12].
        ("multiply", 32, (558, 32), (612, 10)),
        ("multiply", 64, (2142, 64), (2281, 12)),
        // ≤ 1100 [≤ 3680]; ≤ 1652 at 11 [≤ 5575 at 13].
        ("multiply full", 32, (1080, 64), (1296, 11)),
        ("multiply full", 64, (3590, 144), (4713, 13)),
        // ≤ 1000; the depth form is to be ≤ 1400 at 13.
        ("multiply fixed", 32, (981, 48), (1061, 12)),
        // ≤ 270 [≤ 1054]; ≤ 394 at 9 [≤ 1456 at 11].
        ("square", 32, (254, 30), (318, 9)),
        ("square", 64, (1022, 62), (1187, 11)),
        // ≤ 830 [≤ 3198]; ≤ 100 deep.
        ("divide", 32, (830, 693), (4250, 51)),
        ("divide", 64, (3198, 2669), (16228, 70)),
        // ≤ 923 [≤ 3387].
        ("divide signed", 32, (923, 755), (4398, 56)),
        ("divide signed", 64, (3387, 2795), (16571, 76)),
        // ≤ 136 [≤ 528].
        ("isqrt", 32, (136, 136), (377, 53)),
        ("isqrt", 64, (528, 528), (1739, 134)),
        // 32 at 1 [64 at 1].
        ("select", 32, (32, 1), (32, 1)),
        ("select", 64, (64, 1), (64, 1)),
        ("swap", 32, (32, 1), (32, 1)),
        ("swap", 64, (64, 1), (64, 1)),
        ("swap by hand", 32, (32, 1), (32, 1)),
        ("swap by hand", 64, (64, 1), (64, 1)),
        // ≤ 144 at 5 [≤ 352 at 6].
        ("rotate", 32, (144, 5), (144, 5)),
        ("rotate", 64, (352, 6), (352, 6)),
        // n − weight of n.
        ("count ones", 32, (31, 5), (31, 5)),
        ("count ones", 64, (63, 6), (63, 6)),
    ];
    let mut wrong = Vec::new();
    for (name, w, size, depth) in rows {
        for (objective, expected) in [
            (ObjectiveChoice::Size, size),
            (ObjectiveChoice::Depth, depth),
        ] {
            let [found, _] = figures(&operation(name, w), ProtocolChoice::Boolean, objective);
            if found != expected {
                wrong.push(format!(
                    "{name} {w} {objective:?}: {found:?}, not {expected:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A program's size and depth form.
fn forms(text: &str) -> (Figures, Figures) {
    let [size, _] = figures(text, ProtocolChoice::Boolean, ObjectiveChoice::Size);
    let [depth, _] = figures(text, ProtocolChoice::Boolean, ObjectiveChoice::Depth);
    (size, depth)
}

#[test]
fn a_running_maximum_is_a_tournament() {
    // 63·64 ANDs; in the depth form 6 matches of 7 levels.
    let from_an_element = "fn main(x: [secret u32; 64] from a) -> u32 \
        { let mut p = x[0]; for v in x { if v > p { p = v; } } p }";
    let from_the_second = "fn main(x: [secret u32; 64] from a) -> u32 \
        { let mut p = x[0]; for i in 1..64 { if x[i] > p { p = x[i]; } } p }";
    let argmax = "fn main(x: [secret u32; 64] from a) -> u32 { let mut p = x[0]; let mut k: secret u32 = 0; \
        for i in 0..64 { if x[i] > p { p = x[i]; k = i as u32; } } k }";
    for text in [from_an_element, from_the_second] {
        let (size, depth) = forms(text);
        assert_eq!(size.0, 63 * 64, "{text}");
        assert_eq!(depth, (63 * 98, 42), "{text}");
    }
    let (size, depth) = forms(argmax);
    // A comparison, a word and an index of 6 bits per match, of which the last needs no word.
    assert_eq!(size.0, 63 * 70 - 32);
    assert_eq!(depth.1, 42);
}

#[test]
fn a_running_product_takes_as_many_rounds_as_a_tree_has_levels() {
    let text = "fn main(x: [secret u32; 64] from a) -> u32 \
        { let mut p: secret u32 = 1; for v in x { p = p * v; } p }";
    let [_, products] = figures(text, ProtocolChoice::Arithmetic, ObjectiveChoice::Auto);
    assert_eq!(products, (63, 6));
    assert_eq!(forms(text), ((63 * 558, 37), (37_673, 37)));
}

#[test]
fn what_cancels_costs_nothing() {
    let text = "fn main(x: secret u32 from a, y: secret u32 from b) -> u32 { (x & y) ^ (x & !y) }";
    assert_eq!(forms(text), ((0, 0), (0, 0)));
}

#[test]
fn a_match_decodes_its_value_once() {
    let of = |arms: &str| {
        let text = format!(
            "fn main(x: secret u4 from a, y: secret u4 from b, z: secret u16 from a) -> u16 {{ \
             let w = z ^ (y as u16); match x ^ y {{ {arms} }} }}"
        );
        let [(ands, depth), _] = figures(&text, ProtocolChoice::Boolean, ObjectiveChoice::Auto);
        (ands, depth)
    };
    // Sixteen constants: one decoding, whatever they are.
    let constants = "0 => 5, 1 => 7, 2 => 99, 3 => 1, 4 => 2, 5 => 3, 6 => 1000, 7 => 9, 8 => 8, 9 => 7, 10 => 6, \
        11 => 5, 12 => 4, 13 => 3, 14 => 2, 15 => 1";
    assert_eq!(of(constants), (11, 2));
    // Sixteen values: fifteen selections of 16 bits in four levels.
    let values: Vec<String> = (0..16).map(|i| format!("{i} => w ^ {}", 77 * i)).collect();
    let (ands, depth) = of(&values.join(", "));
    assert!(ands <= 15 * 16 && depth <= 4, "{ands} {depth}");
    // Two values among constants: a question and a selection for each after the table.
    let (ands, depth) =
        of("0 => w, 5 => w ^ 9, 1 => 7, 2 => 99, 3 => 1, 4 => 2, 6 => 3, 7 => 1000, _ => 4");
    assert!(ands <= 11 + 2 * (16 + 3) && depth <= 4, "{ands} {depth}");
}

#[test]
fn sorting_64_words_takes_521_comparators() {
    // ≤ 34,752 ANDs; depth ≤ 150.
    let text = "use std::sort::sort;\nfn main(x: [secret u32; 64] from a) -> [u32; 64] { sort(x) }";
    let (size, depth) = forms(text);
    assert_eq!(size.0, 34_752);
    assert_eq!(depth, (53_214, 147));
}

#[test]
fn ciphers_and_hash_functions_have_published_sizes_or_less() {
    // AES-128 ≤ 6400; ≤ 6800 at 40. Keccak-f 38,400 at 24. SHA-256 ≤ 22,573.
    let forms_of = |call: &str, key: &str, block: &str, result: &str| {
        forms(&format!(
            "use std::crypto::{{aes128, aes256, chacha20_block, keccak_f}};\n\
             fn main(key: secret {key} from a, block: secret {block} from b) -> {result} {{ {call} }}"
        ))
    };
    let aes = forms_of("aes128(key, block)", "[u8; 16]", "[u8; 16]", "[u8; 16]");
    assert_eq!(aes, ((6400, 60), (6800, 40)));
    let aes = forms_of("aes256(key, block)", "[u8; 32]", "[u8; 16]", "[u8; 16]");
    assert_eq!(aes, ((8832, 84), (9384, 56)));
    let keccak = forms_of("keccak_f(block)", "u8", "[u64; 25]", "[u64; 25]");
    assert_eq!(keccak, ((38_400, 24), (38_400, 24)));
    let chacha = "chacha20_block(key, 1, [2, 3, 4])";
    let chacha = forms_of(chacha, "[u32; 8]", "u8", "[u32; 16]");
    assert_eq!(chacha.0.0, 10_416);
    let sha = "use std::crypto::sha256_block;\n\
        fn main(block: secret [u32; 16] from a, state: secret [u32; 8] from b) -> [u32; 8] { \
        sha256_block(state, block) }";
    let [size, _] = figures(sha, ProtocolChoice::Boolean, ObjectiveChoice::Size);
    assert_eq!(size, (22_573, 1607));
}

#[test]
fn biometric_matching_squares_its_differences() {
    // ≤ 360,000 ANDs; depth ≤ 75.
    let text = "fn main(db: [[secret u32; 4]; 256] from a, q: [secret u32; 4] from b) -> u32 { \
        let mut best: secret u32 = 4294967295; \
        for i in 0..256 { let mut d: secret u32 = 0; for k in 0..4 { let e = db[i][k] - q[k]; d += e * e; } \
        if d < best { best = d; } } best }";
    let (size, depth) = forms(text);
    assert_eq!(size.0, 309_440);
    assert_eq!(depth, (439_198, 72));
}

#[test]
fn the_network_and_the_lanes_choose_the_form() {
    let sums = |lanes: u64| {
        format!(
            "fn main(x: secret [u32; {lanes}] from a, y: secret [u32; {lanes}] from b) -> [u32; {lanes}] {{ \
             let mut z: secret [u32; {lanes}] = [0; {lanes}]; \
             for i in 0..{lanes} {{ z[i] = x[i] + y[i]; }} z }}"
        )
    };
    let chosen = |network: Network, lanes: u64| {
        let (protocol, objective) = (ProtocolChoice::Boolean, ObjectiveChoice::Auto);
        let [(ands, depth), _] = figures_on(network, &sums(lanes), protocol, objective);
        (ands / lanes, depth)
    };
    // Few lanes: rounds count. Very many: bytes do. Between them, two levels more save a third of the ANDs.
    assert_eq!(chosen(Network::LAN, 100), (134, 5));
    assert_eq!(chosen(Network::LAN, 20_000), (85, 7));
    assert_eq!(chosen(Network::LAN, 100_000), (85, 7));
    assert_eq!(chosen(Network::LAN, 400_000), (31, 31));
    // A level takes 200 times as long on the slow network, an AND up to 100 times.
    assert_eq!(chosen(Network::WAN, 20_000), (134, 5));
    assert_eq!(chosen(Network::WAN, 100_000), (85, 7));
}

#[test]
fn logic_written_by_hand_becomes_what_an_expert_would_write() {
    let words = "x: secret u32 from a, y: secret u32 from b, z: secret u32 from c";
    let program = |body: &str| forms(&format!("fn main({words}) -> u32 {{ {body} }}"));
    // The majority of three bits is one AND, a choice between two is one.
    assert_eq!(program("(x & y) | (x & z) | (y & z)"), ((32, 1), (32, 1)));
    assert_eq!(program("(x & y) | (!x & z)"), ((32, 1), (32, 1)));
}

#[test]
fn sums_of_sums_have_one_carry_chain() {
    let four = "x: secret [u32; 4] from a, y: secret [u32; 4] from b";
    let program = |result: &str, body: &str| format!("fn main({four}) -> {result} {{ {body} }}");
    let programs = [
        // One carry chain of 5 levels behind full adders, however many sums stand in one another; `t` has no chain of its own, as
        // nobody needs its word.
        program(
            "[u32; 2]",
            "let t = x[0] + x[1] + y[0]; [t + x[2], y[1] - t]",
        ),
        // Every partial sum is an output.
        program(
            "[u32; 7]",
            "let s1 = x[0] + x[1]; let s2 = s1 + x[2]; let s3 = s2 + x[3]; let s4 = s3 + y[0]; \
             let s5 = s4 - y[1]; let s6 = s5 + y[2]; let s7 = s6 + y[3]; [s1, s2, s3, s4, s5, s6, s7]",
        ),
        // The low half of a sum is a sum; what has been widened is not.
        program(
            "u16",
            "let t = x[0] + x[1]; ((t + y[0]) as u16) + (x[2] as u16)",
        ),
        program("u64", "((x[0] + x[1]) as u64) + (y[0] as u64)"),
        // A comparison with a sum takes a full adder more than one of words; an equality no chain at all.
        program("bool", "x[0] + x[1] < y[0]"),
        program("bool", "x[0] - y[1] == y[0]"),
    ];
    assert_eq!(
        programs.map(|text| forms(&text)),
        [
            ((124, 31), (329, 7)),
            ((217, 31), (1089, 8)),
            ((45, 15), (71, 6)),
            ((63, 32), (231, 10)),
            ((63, 32), (170, 6)),
            ((62, 32), (62, 6)),
        ]
    );
}

/// Beside a longer chain a sum takes one AND a bit, and one in the middle of a chain what its place asks for.
#[test]
fn sums_with_time_to_spare_take_few_gates() {
    let program = |result: &str| {
        format!(
            "fn main(x: secret [u32; 4] from a, y: secret [u32; 4] from b) -> u32 {{ \
             let mut c = y[0]; for i in 0..8 {{ c = rotate_left(c, 1u8) + y[1]; }} {result} }}"
        )
    };
    let (_, alone) = forms(&program("c"));
    let (_, beside) = forms(&program("c ^ (x[0] + x[1])"));
    let (_, chained) = forms(&program("c ^ (rotate_left(x[0] + x[1], 9u8) + x[2])"));
    assert_eq!(beside, (alone.0 + 31, alone.1));
    assert_eq!(chained.1, alone.1);
    // Two chains that are as shallow as can be take 250.
    assert!(chained.0 <= alone.0 + 100, "{chained:?} {alone:?}");
}

#[test]
fn a_block_of_sha_256_takes_seven_levels_a_round() {
    let text = include_str!("../compiler/benches/sha256.smpc");
    let program = &text[text.find("const K").expect("the constants")..];
    // 22,573 ANDs is the best netlist known.
    let (size, depth) = forms(program);
    assert_eq!(size.0, 22_573);
    assert_eq!(depth, (44_853, 457));
}
