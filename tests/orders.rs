//! Orders of rows under every suite and against both threats: sorts, ranks, orders that are applied, shuffles, and sums by group.
//! What comes out is what native code says, and what was predicted is what was sent.

use crate::protocols::run;
use crate::support::{SETTINGS, Setting, compile, options, session};
use smpcc_circuit::eval::eval;
use smpcc_circuit::program::{Op, Suite};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::stats::{Known, stats};
use smpcc_circuit::value::Word;
use smpcc_circuit::verify::Verified;
use smpcc_compiler::session::{LocalChoice, Network, ProtocolChoice};
use std::collections::BTreeSet;

/// Rounds alone count.
const FAR: Network = Network {
    rtt_us: 1_000_000,
    mbit_per_s: 100_000,
};
/// Bytes alone count.
const NARROW: Network = Network {
    rtt_us: 1,
    mbit_per_s: 1,
};

/// Networks for which orders are made in different ways: where somebody may cheat, sorts are networks for all of them.
fn networks(setting: Setting) -> &'static [Network] {
    match setting.threat.deviates() {
        true => &[NARROW],
        false => &[NARROW, Network::LAN],
    }
}

/// What the first and the last party give for a parameter.
type Given = [Vec<Word>; 2];

/// Compiles a program, in which nothing is computed alone, for what is given by parameter.
fn compiled(text: &str, given: &[(&str, Given)], setting: Setting, network: Network) -> Verified {
    let mut session = session(&[setting.n_parties]);
    for (param, lists) in given {
        for party in 0..setting.n_parties {
            let len = list(lists, party, setting).map_or(0, Vec::len) as u64;
            session.lens.insert((param.to_string(), party), len);
        }
    }
    let mut options = options(setting, ProtocolChoice::Auto, network);
    options.local = LocalChoice::Off;
    compile(text, &session, &options).program
}

fn list(lists: &Given, party: u32, setting: Setting) -> Option<&Vec<Word>> {
    match party {
        0 => Some(&lists[0]),
        last if last + 1 == setting.n_parties => Some(&lists[1]),
        _ => None,
    }
}

/// The inputs of a program; what is drawn is drawn from a seed.
fn inputs(program: &Verified, given: &[(&str, Given)], setting: Setting) -> Vec<Vec<Word>> {
    let mut random = SplitMix::new(7);
    let input = |leaf: &smpcc_circuit::program::InputLeaf| {
        if leaf.drawn {
            let mask = leaf.scalar.mask();
            return (0..leaf.lanes).map(|_| random.word() & mask).collect();
        }
        let of = |(param, _): &&(&str, Given)| leaf.path.starts_with(param);
        let (_, lists) = given.iter().find(of).expect("a parameter");
        let words = list(lists, leaf.party, setting)
            .cloned()
            .unwrap_or_default();
        words.iter().map(|w| w & leaf.scalar.mask()).collect()
    };
    program.inputs.iter().map(input).collect()
}

/// Runs a program; what all learn, by leaf of the result. Bytes and rounds are as predicted.
fn learned(program: &Verified, inputs: &[Vec<Word>], at: &str) -> Vec<Vec<Word>> {
    let (outputs, rounds, sent) = run(program, inputs).unwrap_or_else(|e| panic!("{at}: {e}"));
    let stats = stats(program, &Known::default());
    assert!(stats.exact, "{at}");
    assert_eq!(stats.totals.rounds, Some(rounds), "rounds of {at}");
    assert_eq!(stats.totals.bytes_sent, Some(sent), "bytes of {at}");
    outputs.into_iter().map(Option::unwrap_or_default).collect()
}

fn shuffles(program: &Verified) -> usize {
    let nodes = program.regions.iter().flat_map(|region| &region.nodes);
    nodes.filter(|node| node.op == Op::Shuffle).count()
}

/// Settings of which runs take little.
fn settings() -> impl Iterator<Item = Setting> {
    SETTINGS.into_iter().filter(|s| s.n_parties <= 7)
}

/// Nothing, one, equal ones, all in order, the ends of the type, many with ties.
fn lists() -> Vec<Given> {
    let mut random = SplitMix::new(3);
    let mut many = |n: usize| {
        (0..n)
            .map(|_| random.below(9).into())
            .collect::<Vec<Word>>()
    };
    vec![
        [vec![], vec![]],
        [vec![5], vec![]],
        [vec![3], vec![3]],
        [vec![2], vec![1]],
        [vec![7; 6], vec![7; 3]],
        [(0..8).collect(), (8..11).collect()],
        [vec![0, 127, 64, 63, 0], vec![64, 127]],
        [many(13), many(12)],
    ]
}

#[test]
fn sorted_rows_and_applied_orders() {
    let text = "use std::sort::{sort, sort_by_key, rank, permute, move_to};
fn main(x: [secret i7; _] from each) -> ([i7; _], [u8; _], [u32; _], [u8; _], [u8; _]) {
    let all = x.flatten();
    let rows = all.enumerate().map(|(i, key)| (key, i as u8));
    let by_key = sort_by_key(rows, |r| r.0).map(|r| r.1);
    let ranks = rank(all);
    (sort(all), by_key, ranks, permute(by_key, ranks), move_to(by_key, ranks))
}";
    let mut shuffled = BTreeSet::new();
    for setting in settings() {
        for (i, lists) in lists().into_iter().enumerate() {
            let network = [Network::LAN, FAR, NARROW][i % 3];
            let given = [("x", lists.clone())];
            let program = compiled(text, &given, setting, network);
            let at = format!("{lists:?}, {setting:?}");
            let inputs = inputs(&program, &given, setting);
            let all: Vec<Word> = lists.concat();
            // Numbers of seven bits in the order of signed ones.
            let signed = |w: Word| w ^ 64;
            let mut order: Vec<usize> = (0..all.len()).collect();
            order.sort_by_key(|&i| signed(all[i]));
            let mut ranks = vec![0; all.len()];
            for (rank, &i) in order.iter().enumerate() {
                ranks[i] = rank;
            }
            let mut moved = vec![0; all.len()];
            for (&rank, &row) in ranks.iter().zip(&order) {
                moved[rank] = row;
            }
            let words = |all: &[usize]| -> Vec<Word> { all.iter().map(|&i| i as Word).collect() };
            let expected = [
                order.iter().map(|&i| all[i]).collect(),
                words(&order),
                words(&ranks),
                (0..all.len() as Word).collect(),
                words(&moved),
            ];
            let clear = eval(&program, &inputs).unwrap_or_else(|e| panic!("{at}: {e}"));
            assert_eq!(clear.outputs, expected, "{at}: evaluator");
            assert!(clear.revealed.is_empty(), "{at}: nothing is disclosed");
            assert_eq!(learned(&program, &inputs, &at), expected, "{at}");
            if shuffles(&program) > 0 {
                shuffled.insert((setting.suite.name(), setting.threat.name()));
            }
        }
    }
    let semi = "semi-honest";
    let all = ["bgw", "gmw", "rep3", "two-party"].map(|suite| (suite, semi));
    assert!(
        shuffled.into_iter().eq(all),
        "each suite that shuffles does"
    );
}

/// An order that a party gives is sorted, also where it names places twice.
#[test]
fn given_orders_are_not_opened() {
    let text = "use std::sort::permute;
fn main(x: [secret u8; _] from each, to: [secret u32; _] from each) -> [u8; _] { permute(x.flatten(), to.flatten()) }";
    for setting in settings() {
        for network in [Network::LAN, FAR] {
            let given = [
                ("x", [vec![10, 11, 12], vec![13, 14]]),
                ("to", [vec![3, 0, 4], vec![2, 1]]),
            ];
            let program = compiled(text, &given, setting, network);
            let at = format!("{setting:?}");
            let inputs_of = inputs(&program, &given, setting);
            let expected = vec![vec![13, 10, 14, 12, 11]];
            assert_eq!(learned(&program, &inputs_of, &at), expected, "{at}");
            // A place that is named twice shows in nothing that is opened: these are places of all rows, however they come about.
            let twice = [given[0].clone(), ("to", [vec![3, 3, 3], vec![7, 0]])];
            let inputs = inputs(&program, &twice, setting);
            let clear = eval(&program, &inputs).expect("a result");
            let all: BTreeSet<Word> = clear.outputs[0].iter().copied().collect();
            assert_eq!(all, (10..15).collect(), "{at}");
        }
    }
}

#[test]
fn shuffles_move_whole_rows_into_orders_that_differ() {
    let text = "use std::sort::shuffle;
fn main(x: [secret u16; _] from each) -> [(u16, u8); _] {
    shuffle(x.flatten().enumerate().map(|(i, x)| (x, i as u8)))
}";
    let lists = [(100..120).collect(), (200..213).collect()];
    let given = [("x", lists)];
    for setting in settings() {
        let at = format!("{setting:?}");
        let program = compiled(text, &given, setting, NARROW);
        let model = setting.suite.against(setting.threat);
        let does = model.shuffles(setting.n_parties, setting.threshold);
        assert_eq!(shuffles(&program), usize::from(does), "{at}");
        let drawn = program.inputs.iter().any(|leaf| leaf.drawn);
        let nodes = || program.regions.iter().flat_map(|region| &region.nodes);
        let draws = nodes()
            .any(|node| matches!(node.op, Op::Input(id) if program.inputs[id.index()].drawn));
        assert!(drawn && draws != does, "{at}: only keys are drawn");
        let opens = nodes().any(|node| node.op == Op::RevealShuffled);
        assert!(!does || !opens, "{at}: a shuffle opens nothing");
        let inputs = inputs(&program, &given, setting);
        let orders = [0, 1].map(|_| {
            let all = learned(&program, &inputs, &at);
            let rows: Vec<(Word, Word)> =
                all[0].iter().copied().zip(all[1].iter().copied()).collect();
            let mut sorted = rows.clone();
            sorted.sort_by_key(|row| row.1);
            let whole = (0..33).map(|i| (if i < 20 { 100 + i } else { 180 + i }, i));
            assert!(sorted.into_iter().eq(whole), "{at}");
            rows
        });
        assert_eq!(
            orders[0] != orders[1],
            does,
            "{at}: keys follow from a seed"
        );
    }
}

/// In a loop each run is shuffled by itself.
#[test]
fn runs_are_shuffled_by_themselves() {
    let text = "use std::sort::{shuffle, rank};
fn main(x: [secret u8; _] from each) -> ([[u8; 8]; 3], [[u32; 8]; 3]) {
    let rows = x.flatten().chunks(8);
    (rows.map(|row| shuffle(row)), rows.map(|row| rank(row)))
}";
    let given = [("x", [(0..16).rev().collect(), (16..24).rev().collect()])];
    for setting in settings() {
        let at = format!("{setting:?}");
        let program = compiled(text, &given, setting, Network::LAN);
        let inputs = inputs(&program, &given, setting);
        let mut all = learned(&program, &inputs, &at);
        let ranks: Vec<Word> = (0..3).flat_map(|_| (0..8).rev()).collect();
        assert_eq!(all[1], ranks, "{at}");
        let before = all[0].clone();
        for (run, first) in all[0].chunks_mut(8).zip([8, 0, 16]) {
            run.sort();
            assert!(run.iter().copied().eq(first..first + 8), "{at}: {before:?}");
        }
    }
}

/// Sums and counts of groups that no row has, that one has, and that many have; of indices behind the last; by sorting and by
/// comparing all with all.
#[test]
fn sums_by_group() {
    let text = "use std::stats::tally;
fn main(i: [secret u12; _] from each, v: [secret u20; _] from each) -> ([u24; 400], [u32; 400]) {
    let at = i.flatten();
    let of = v.flatten();
    let mut sums: [secret u24; 400] = [0; 400];
    for k in 0..at.len() {
        sums[at[k]] += of[k] as u24;
    }
    (sums, tally(at))
}";
    let mut random = SplitMix::new(11);
    let mut draw = |n: usize, below: u64| -> Vec<Word> {
        (0..n).map(|_| random.below(below).into()).collect()
    };
    let many: [Given; 2] = [
        [draw(300, 500), vec![0, 399, 400, 4095, 399]],
        [draw(300, 1 << 20), vec![1, (1 << 20) - 1, 5, 5, 2]],
    ];
    let few: [Given; 2] = [
        [draw(39, 450), vec![17, 17, 17, 400]],
        [draw(39, 1 << 20), draw(4, 4)],
    ];
    let mut sorted = BTreeSet::new();
    for setting in settings().filter(|s| s.n_parties <= 4) {
        let cheap = [Suite::Rep3, Suite::Bgw].contains(&setting.suite);
        for [at, of] in if cheap { vec![&many, &few] } else { vec![&few] } {
            let given = [("i", at.clone()), ("v", of.clone())];
            let (mut sums, mut counts) = (vec![0; 400], vec![0; 400]);
            for (at, of) in at.concat().into_iter().zip(of.concat()) {
                if let Some(sum) = sums.get_mut(at as usize) {
                    *sum = (*sum + of) & 0xff_ffff;
                    counts[at as usize] += 1;
                }
            }
            let program = compiled(text, &given, setting, NARROW);
            let place = format!("{} rows, {setting:?}", at.concat().len());
            let inputs = inputs(&program, &given, setting);
            let all = learned(&program, &inputs, &place);
            assert_eq!(all, [sums, counts], "{place}");
            if shuffles(&program) > 0 {
                sorted.insert(setting.suite.name());
            }
        }
    }
    assert!(sorted.contains("rep3"), "{sorted:?}");
}

/// A program gives what is expected under all suites, by sorting and by comparing all with all.
fn check_by_sorting(text: &str, given: &[(&str, Given)], expected: &[Vec<Word>]) {
    let mut sorted = BTreeSet::new();
    for setting in settings().filter(|s| s.n_parties <= 4) {
        for &network in networks(setting) {
            let program = compiled(text, given, setting, network);
            let place = format!("{setting:?}");
            let inputs = inputs(&program, given, setting);
            assert_eq!(learned(&program, &inputs, &place), expected, "{place}");
            if shuffles(&program) > 0 {
                sorted.insert(setting.suite.name());
            }
        }
    }
    assert!(sorted.contains("rep3"), "{sorted:?}");
}

/// Counts and sums of what lies below edges that everybody knows, in any order and some of them twice, or up to them; and a histogram. By
/// sorting and by comparing all with all.
#[test]
fn sums_below_edges() {
    const EDGES: [i128; 8] = [5, -2048, 17, 5, 2047, -3, 900, -900];
    let text = "use std::stats::histogram;
const EDGES: [i12; 80] = [MANY];
fn main(x: [secret i12; _] from each, v: [secret u20; _] from each) -> ([u32; 80], [u32; 80], [u24; 80], [u32; 79]) {
    let (all, of) = (x.flatten(), v.flatten());
    let mut below: [secret u32; 80] = [0; 80];
    let mut up_to: [secret u32; 80] = [0; 80];
    let mut sums: [secret u24; 80] = [0; 80];
    for e in 0..80 {
        for k in 0..all.len() {
            if all[k] < EDGES[e] { below[e] += 1; }
            if all[k] <= EDGES[e] { up_to[e] += 1; sums[e] += of[k] as u24; }
        }
    }
    let mut even: [i12; 80] = [0; 80];
    for e in 0..80 { even[e] = e as i12 * 10 - 400; }
    (below, up_to, sums, histogram(all, even))
}";
    let edges: Vec<i128> = (0..80)
        .map(|i| EDGES[i % 8] + i as i128 / 8 * 7 % 5)
        .map(|edge| edge.clamp(-2048, 2047))
        .collect();
    let many: Vec<String> = edges.iter().map(ToString::to_string).collect();
    let text = &text.replace("MANY", &many.join(", "));
    let mut random = SplitMix::new(12);
    let mut draw = |n: usize, below: u64| -> Vec<Word> {
        (0..n).map(|_| random.below(below).into()).collect()
    };
    let ends = vec![0, 2047, 2048, 4095, 5, 5, 4093];
    let given: Given = [draw(400, 4096), ends];
    let of: Given = [draw(400, 1 << 20), draw(7, 1 << 20)];
    let number = |word: &Word| (*word as i128 + 2048) % 4096 - 2048;
    let rows: Vec<(i128, Word)> = (given.concat().iter().map(number))
        .zip(of.concat())
        .collect();
    let by_edge = |f: &dyn Fn(i128) -> Word| edges.iter().map(|&edge| f(edge)).collect::<Vec<_>>();
    let count = |f: &dyn Fn(i128) -> bool| rows.iter().filter(|r| f(r.0)).count() as Word;
    let expected = [
        by_edge(&|edge| count(&|x| x < edge)),
        by_edge(&|edge| count(&|x| x <= edge)),
        by_edge(&|edge| {
            let sum: Word = rows.iter().filter(|r| r.0 <= edge).map(|r| r.1).sum();
            sum & 0xff_ffff
        }),
        (0..79)
            .map(|bin| {
                let (low, high) = (bin * 10 - 400, bin * 10 - 390);
                count(&|x| low <= x && (x < high || (bin == 78 && x == high)))
            })
            .collect(),
    ];
    check_by_sorting(text, &[("x", given), ("v", of)], &expected);
}

/// Loops over all pairs of two lists, and over those of one list: matches, ranks, what matches bring, keys of two columns, conditions of
/// either row; by sorting and by comparing all with all.
#[test]
fn pairs_of_rows() {
    let text = "fn main(x: [secret u8; _] from each, v: [secret u12; _] from each) -> (u32, [u32; 60], [u16; 60], u16, u32) {
    let (all, of) = (x.flatten(), v.flatten());
    let (a, b) = (all[0..60], all[60..160]);
    let (va, vb) = (of[0..60], of[60..160]);
    let mut matches: secret u32 = 0;
    let mut below: [secret u32; 60] = [0; 60];
    let mut brought: [secret u16; 60] = [0; 60];
    let mut both: secret u16 = 0;
    for i in 0..60 {
        for j in 0..100 {
            if a[i] == b[j] && vb[j] > 700 { matches += 1; }
            if b[j] < a[i] { below[i] += 1; }
            if a[i] == b[j] { brought[i] += vb[j] as u16; }
            if a[i] == b[j] && va[i] & 3 == vb[j] & 3 { both += va[i] as u16; }
        }
    }
    let mut twins: secret u32 = 0;
    for i in 0..160 { for j in i + 1..160 { if all[i] == all[j] { twins += 1; } } }
    (matches, below, brought, both, twins)
}";
    let mut random = SplitMix::new(13);
    let mut draw = |n: usize, below: u64| -> Vec<Word> {
        (0..n).map(|_| random.below(below).into()).collect()
    };
    let given: Given = [[draw(70, 256), vec![0, 255, 255]].concat(), draw(87, 60)];
    let of: Given = [draw(73, 1 << 12), draw(87, 1 << 12)];
    let rows: Vec<(Word, Word)> = given.concat().into_iter().zip(of.concat()).collect();
    let (a, b) = rows.split_at(60);
    let sum = |f: &dyn Fn(Word, Word, Word, Word) -> Word| -> Vec<Word> {
        let of = |&(x, v): &(Word, Word)| b.iter().map(|&(y, w)| f(x, v, y, w)).sum();
        a.iter().map(of).collect()
    };
    let total = |sums: Vec<Word>| -> Word { sums.into_iter().sum() };
    let twins = (0..160).map(|i| rows[i + 1..].iter().filter(|r| r.0 == rows[i].0).count());
    let expected = [
        vec![total(sum(&|x, _, y, w| (x == y && w > 700).into()))],
        sum(&|x, _, y, _| (y < x).into()),
        (sum(&|x, _, y, w| if x == y { w } else { 0 }).into_iter())
            .map(|sum| sum & 0xffff)
            .collect(),
        vec![
            total(sum(&|x, v, y, w| {
                if x == y && v & 3 == w & 3 { v } else { 0 }
            })) & 0xffff,
        ],
        vec![twins.sum::<usize>() as Word],
    ];
    check_by_sorting(text, &[("x", given), ("v", of)], &expected);
}

/// What loops over all pairs do with an else, with bounds, with products, with what is near, and by keeping a row: by sorting and by comparing all
/// with all.
#[test]
fn more_of_pairs_of_rows() {
    let text = "fn main(x: [secret u8; _] from each, v: [secret u12; _] from each) -> (u32, u32, u32, u32, [u16; 60], [u12; 60], [u12; 60], [bool; 60]) {
    let (all, of) = (x.flatten(), v.flatten());
    let (a, b) = (all[0..60], all[60..160]);
    let (va, vb) = (of[0..60], of[60..160]);
    let mut score: secret u32 = 0;
    let mut larger: secret u32 = 0;
    let mut products: secret u32 = 0;
    let mut near: secret u32 = 0;
    let mut within: [secret u16; 60] = [0; 60];
    let mut best: [secret u12; 60] = [0; 60];
    let mut last: [secret u12; 60] = [7; 60];
    let mut none: [secret bool; 60] = [true; 60];
    for i in 0..60 {
        for j in 0..100 {
            if a[i] > b[j] { score += 2; } else if a[i] == b[j] { score += 1; }
            larger += max(va[i], vb[j]) as u32;
            if a[i] == b[j] { products += va[i] as u32 * vb[j] as u32; }
            let apart = if va[i] > vb[j] { va[i] - vb[j] } else { vb[j] - va[i] };
            if apart < 40 && a[i] & 7 == b[j] & 7 { near += 1; }
            if a[i] & 3 == b[j] & 3 && vb[j] >= va[i] && vb[j] < va[i] + 100 { within[i] += 1; }
            if a[i] == b[j] && vb[j] > best[i] { best[i] = vb[j]; }
            if a[i] == b[j] && vb[j] & 1 == 1 { last[i] = vb[j]; }
            if a[i] == b[j] { none[i] = false; }
        }
    }
    (score, larger, products, near, within, best, last, none)
}";
    let mut random = SplitMix::new(14);
    let mut draw = |n: usize, below: u64| -> Vec<Word> {
        (0..n).map(|_| random.below(below).into()).collect()
    };
    let given: Given = [[draw(70, 256), vec![0, 255, 255]].concat(), draw(87, 90)];
    let of: Given = [
        [draw(70, 1 << 12), vec![0, 4095, 4000]].concat(),
        draw(87, 1 << 12),
    ];
    let rows: Vec<(Word, Word)> = given.concat().into_iter().zip(of.concat()).collect();
    let (a, b) = rows.split_at(60);
    let sum = |f: &dyn Fn(Word, Word, Word, Word) -> Word| -> Vec<Word> {
        let of = |&(x, v): &(Word, Word)| b.iter().map(|&(y, w)| f(x, v, y, w)).sum();
        a.iter().map(of).collect()
    };
    let total =
        |sums: Vec<Word>| -> Vec<Word> { vec![sums.into_iter().sum::<Word>() & 0xffff_ffff] };
    let kept = |first: Word, f: &dyn Fn(Word, Word) -> bool| -> Vec<Word> {
        let of = |&(x, _): &(Word, Word)| {
            let rows = b.iter().filter(|r| r.0 == x);
            rows.fold(first, |kept, r| if f(kept, r.1) { r.1 } else { kept })
        };
        a.iter().map(of).collect()
    };
    let expected = [
        total(sum(&|x, _, y, _| Word::from(x >= y) + Word::from(x > y))),
        total(sum(&|_, v, _, w| v.max(w))),
        total(sum(&|x, v, y, w| if x == y { v * w } else { 0 })),
        total(sum(&|x, v, y, w| {
            (v.abs_diff(w) < 40 && x & 7 == y & 7).into()
        })),
        sum(&|x, v, y, w| (x & 3 == y & 3 && w >= v && w < (v + 100) & 0xfff).into()),
        kept(0, &|kept, w| w > kept),
        kept(7, &|_, w| w & 1 == 1),
        sum(&|x, _, y, _| (x == y).into())
            .into_iter()
            .map(|n| (n == 0).into())
            .collect(),
    ];
    check_by_sorting(text, &[("x", given), ("v", of)], &expected);
}

/// The smallest and the largest values of groups that no row has, that one has, and that many have, beside a bound of one's own; by sorting
/// and by comparing all with all.
#[test]
fn extremes_by_group() {
    let text = "use std::table::{Group, group_by};
fn main(i: [secret u12; _] from each, v: [secret i20; _] from each) -> ([i20; 100], [i20; 100], [i20; 100], [u32; 100]) {
    let rows = i.flatten().zip(v.flatten());
    let mut bounded: [secret i20; 100] = [-7; 100];
    for g in 0..100 {
        for (at, of) in rows { if at == g as u12 { bounded[g] = max(bounded[g], of); } }
    }
    let groups: [secret Group<i20, i64>; 100] = group_by(rows, |r| r.0, |r| r.1);
    (groups.map(|g| g.min), groups.map(|g| g.max), bounded, groups.map(|g| g.count))
}";
    let mut random = SplitMix::new(13);
    let mut draw = |n: usize, below: u64| -> Vec<Word> {
        (0..n).map(|_| random.below(below).into()).collect()
    };
    let least = 1 << 19;
    let at: Given = [draw(400, 110), vec![0, 99, 100, 4095, 99, 3, 3]];
    let of: Given = [
        draw(400, 1 << 20),
        vec![least, least - 1, 5, 5, least, least, least],
    ];
    let number = |word: Word| (word as i128 ^ (1 << 19)) - (1 << 19);
    let word = |number: i128| number as Word & 0xf_ffff;
    let values = |group: usize| -> Vec<i128> {
        let rows = at.concat().into_iter().zip(of.concat());
        rows.filter(|row| row.0 == group as Word)
            .map(|row| number(row.1))
            .collect()
    };
    let each = |f: &dyn Fn(Vec<i128>) -> Word| (0..100).map(|g| f(values(g))).collect::<Vec<_>>();
    let expected = [
        each(&|all| word(all.into_iter().min().unwrap_or(0))),
        each(&|all| word(all.into_iter().max().unwrap_or(0))),
        each(&|all| word(all.into_iter().max().unwrap_or(-7).max(-7))),
        each(&|all| all.len() as Word),
    ];
    let given = [("i", at.clone()), ("v", of.clone())];
    check_by_sorting(text, &given, &expected);
}

/// What rows of other groups bring into a comparison does not come in where there are none: all rows are in one group.
#[test]
fn extremes_of_the_group_of_all_rows() {
    let text = "fn main(i: [secret u12; _] from each, v: [secret i20; _] from each) -> ([i20; 64], [i20; 64]) {
    let rows = i.flatten().zip(v.flatten());
    let mut most: [secret i20; 64] = [0; 64];
    let mut least: [secret i20; 64] = [0; 64];
    for g in 0..64 {
        let mut high: secret i20 = -524288;
        let mut low: secret i20 = 524287;
        for (at, of) in rows {
            high = max(high, if at == g as u12 { of } else { -7 });
            low = min(low, if at == g as u12 { of } else { -150 });
        }
        most[g] = high;
        least[g] = low;
    }
    (most, least)
}";
    let word = |number: i128| number as Word & 0xf_ffff;
    let of = |n: i128| -> Vec<Word> { (0..n).map(|i| word(-100 - i % 9)).collect() };
    let given = [("i", [vec![3; 250], vec![3; 50]]), ("v", [of(250), of(50)])];
    let expected = |all: i128, none: i128| -> Vec<Word> {
        (0..64)
            .map(|g| word(if g == 3 { all } else { none }))
            .collect()
    };
    check_by_sorting(text, &given, &[expected(-100, -7), expected(-108, -150)]);
}
