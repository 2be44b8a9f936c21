//! Both ways of sorting give what the interpreter says, and the choice follows the cost.

use super::*;
use crate::ir::interpret::interpret;
use crate::session::{Network, ObjectiveChoice};
use smpcc_circuit::cost::Costs;
use smpcc_circuit::eval::eval;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::program::{InputLeaf, Suite, Threat};
use smpcc_circuit::splitmix::SplitMix;
use smpcc_circuit::value::{ConstVec, Word};
use smpcc_circuit::verify::verify;

fn options(suite: Suite, threshold: u32, network: Network) -> Options {
    Options {
        suite,
        threat: Threat::SemiHonest,
        threshold,
        protocol: ProtocolChoice::Auto,
        local: LocalChoice::Auto,
        objective: ObjectiveChoice::Auto,
        network,
        costs: Costs::SHIPPED,
        opt: 2,
    }
}

fn sorting(columns: &[Scalar], keys: u64, segments: u64, lanes: u64) -> Shape {
    Shape {
        columns: columns.to_vec(),
        keys,
        segments,
        lanes,
        places: false,
        asked: false,
        owned: false,
    }
}

/// Rows with few different keys, so that the order of equal ones shows.
fn rows(shape: &Shape, seed: u64) -> Vec<Vec<Word>> {
    let mut random = SplitMix::new(seed);
    let column = |(i, scalar): (usize, &Scalar)| -> Vec<Word> {
        let few = (i as u64) < shape.keys && shape.columns.len() > 1;
        (0..shape.lanes)
            .map(|_| {
                let word = if few {
                    random.below(3).into()
                } else {
                    random.word()
                };
                scalar.wrap(word.wrapping_sub(1))
            })
            .collect()
    };
    shape.columns.iter().enumerate().map(column).collect()
}

/// Every sort as its owner does it.
struct Counted;

impl Rule for Counted {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let Op::Sort { keys, segments, .. } = node.op else {
            walk.push(node);
            return;
        };
        let columns = radix::sort(walk, &node.args, keys, segments);
        walk.replace_all(&node.results, &columns);
    }
}

/// Networks in the IR, what an owner does, and digits of all widths as programs, on signed and unsigned keys, several of them, in several segments.
#[test]
fn both_ways_sort() {
    let (u, i) = (Scalar::unsigned, Scalar::signed);
    let shapes = [
        sorting(&[u(7)], 1, 1, 100),
        sorting(&[i(6)], 1, 1, 33),
        sorting(&[Scalar::Bool], 1, 1, 17),
        sorting(&[u(70)], 1, 1, 9),
        sorting(&[u(4), i(5), u(9)], 2, 1, 40),
        sorting(&[i(4), u(6)], 1, 5, 65),
        sorting(&[u(3)], 1, 4, 4),
        sorting(&[u(3)], 1, 1, 2),
    ];
    for (shape, seed) in shapes.iter().zip(1..) {
        let ir = program(shape, 3);
        let given = rows(shape, seed);
        let expected = interpret(&ir, &given).unwrap().outputs;
        let network = rewrite(ir.clone(), false, &mut Written).ir;
        crate::ir::verify::verify(&network).unwrap();
        assert_eq!(interpret(&network, &given).unwrap().outputs, expected);
        let counted = rewrite(ir.clone(), false, &mut Counted).ir;
        crate::ir::verify::verify(&counted).unwrap();
        assert_eq!(interpret(&counted, &given).unwrap().outputs, expected);
        let alone = options(Suite::Rep3, 1, Network::LAN);
        let plan = assign(&counted, &alone).unwrap();
        let emitted = emit(&counted, &plan, &alone, "sort", Vec::new(), &|_| {
            Default::default()
        });
        let verified = verify(emitted.unwrap().program).unwrap();
        assert_eq!(
            eval(&verified, &given).unwrap().outputs,
            expected,
            "{shape:?}"
        );
        let ways = DIGITS
            .map(Way::Digits)
            .into_iter()
            .chain(DIGITS.map(Way::Apart));
        let ways = ways.chain([Way::Pairs]);
        for way in ways {
            let boolean = Options {
                protocol: ProtocolChoice::Boolean,
                local: LocalChoice::Off,
                ..options(Suite::Rep3, 1, Network::LAN)
            };
            let mut plan = assign(&ir, &boolean).unwrap();
            let results = ir.body.nodes.iter().flat_map(|n| &n.results);
            plan.ways = results.map(|&r| (r, way)).collect();
            let emitted = emit(&ir, &plan, &boolean, "sort", Vec::new(), &|_| {
                Default::default()
            });
            let verified = verify(emitted.unwrap().program).unwrap();
            let outcome = eval(&verified, &given).unwrap();
            assert_eq!(outcome.outputs, expected, "{shape:?}, {way:?}");
            assert!(outcome.revealed.is_empty());
        }
    }
}

/// What one party gives is sorted by that party, and what several give is not; unless all is to be computed together.
#[test]
fn who_owns_all_rows_sorts_them() {
    let sort = Op::Sort {
        keys: 1,
        segments: 1,
        drawn: false,
    };
    for (local, parties, by_digits) in [
        (LocalChoice::Auto, [1, 1], false),
        (LocalChoice::Auto, [1, 2], true),
        (LocalChoice::Off, [1, 1], true),
    ] {
        let mut b = Builder::new(3);
        let halves = parties.map(|p| b.input(p, "x", Scalar::unsigned(20), 5000));
        // One of several parties' rows after the other, so that no run of them is one party's.
        let all = b.inferred(Op::Concat, &halves);
        let turns = ConstVec::Affine {
            start: 0,
            dims: vec![(5000, 1), (2, 5000)],
        };
        let turns = b.constant(Scalar::USIZE, turns);
        let all = b.gather(all, turns, 1);
        let ty = b.ty(all);
        let sorted = b.push(sort.clone(), vec![all], vec![ty], vec![]);
        b.output(sorted[0], &[0]);
        let options = Options {
            local,
            ..options(Suite::Rep3, 1, Network::LAN)
        };
        let decided = decide(b.finish(), &options);
        let sorts = has(&decided.ir.body, |op| matches!(op, Op::Sort { .. }));
        assert_eq!(sorts, by_digits, "{parties:?}");
        assert_eq!(decided.ways.is_empty(), !by_digits);
        let plan = assign(&decided.ir, &options).unwrap();
        let owned = plan
            .homes
            .iter()
            .filter(|d| matches!(d, Domain::Local { owner: 1 }));
        assert_eq!(owned.count() > 100, !by_digits, "{parties:?}");
    }
}

/// Few rows are compared, many are counted; a suite without a shuffle has networks alone, and so has who asks for a domain.
#[test]
fn the_choice_follows_size_and_suite() {
    let among = |suite, n_parties, threshold, network, shape: &Shape| {
        let options = options(suite, threshold, network);
        let sorter = Sorter {
            options: &options,
            n_parties,
        };
        sorter.choose(shape).way
    };
    let rows = |lanes| sorting(&[Scalar::unsigned(32)], 1, 1, lanes);
    let (lan, wan) = (Network::LAN, Network::WAN);
    assert_eq!(among(Suite::Rep3, 3, 1, lan, &rows(2)), None);
    assert_eq!(among(Suite::Rep3, 3, 1, wan, &rows(400)), Some(Way::Pairs));
    let many = rows(20_000);
    for network in [lan, wan] {
        let way = among(Suite::Rep3, 3, 1, network, &many);
        let digits = matches!(way, Some(Way::Digits(_) | Way::Apart(_)));
        assert!(digits, "{way:?}");
    }
    assert_eq!(among(Suite::Bgw, 16, 7, lan, &many), None);
    let owned = Shape {
        owned: true,
        ..many.clone()
    };
    assert_eq!(among(Suite::Rep3, 3, 1, lan, &owned), None);
    let asked = Shape {
        asked: true,
        ..many.clone()
    };
    assert_eq!(among(Suite::Rep3, 3, 1, lan, &asked), None);
    let places = Shape {
        places: true,
        ..many
    };
    assert_eq!(among(Suite::Rep3, 3, 1, lan, &places), Some(Way::Places));
}

/// Numbers of two parties, and the rows' numbers.
fn joint(b: &mut Builder, rows: u64) -> (ValueId, ValueId) {
    let halves = [0, 1].map(|p| b.input(p, "x", Scalar::unsigned(20), rows / 2));
    let all = b.inferred(Op::Concat, &halves);
    let numbers = b.constant(Scalar::unsigned(32), ConstVec::iota(rows));
    let numbers = b.inferred(Op::MakeSecret, &[numbers]);
    (all, numbers)
}

fn push_sort(b: &mut Builder, columns: [ValueId; 2], drawn: bool) -> Vec<ValueId> {
    let op = Op::Sort {
        keys: 1,
        segments: 1,
        drawn,
    };
    let tys = columns.map(|c| b.ty(c)).to_vec();
    b.push(op, columns.to_vec(), tys, vec![])
}

/// An order is opened if a sort made it of the rows' numbers, and if it is another order of such; never if it is given or computed.
#[test]
fn orders_that_sorts_find_are_opened_and_no_others() {
    let ways = |make: &dyn Fn(&mut Builder, ValueId, ValueId) -> ValueId| {
        let mut b = Builder::new(3);
        let (all, numbers) = joint(&mut b, 2000);
        let key = make(&mut b, all, numbers);
        let moved = push_sort(&mut b, [key, all], false);
        b.output(moved[1], &[0]);
        let decided = decide(b.finish(), &options(Suite::Rep3, 1, Network::LAN));
        decided
            .ways
            .values()
            .filter(|&&way| way == Way::Places)
            .count()
            > 0
    };
    let order = |b: &mut Builder, all, numbers| push_sort(b, [all, numbers], false)[1];
    assert!(ways(&|b, all, numbers| order(b, all, numbers)));
    assert!(ways(&|b, all, numbers| {
        let order = order(b, all, numbers);
        let ranks = push_sort(b, [order, numbers], false)[1];
        b.cast(ranks, Scalar::unsigned(11))
    }));
    // Given; cut to fewer bits than places have; changed afterwards; of other numbers than the rows'.
    assert!(!ways(&|_, all, _| all));
    assert!(!ways(&|b, all, numbers| {
        let order = order(b, all, numbers);
        b.cast(order, Scalar::unsigned(10))
    }));
    assert!(!ways(&|b, all, numbers| {
        let order = order(b, all, numbers);
        b.word(WordOp::Xor, &[order, order])
    }));
    assert!(!ways(&|b, all, _| {
        let twice = b.constant(
            Scalar::unsigned(32),
            ConstVec::Affine {
                start: 0,
                dims: vec![(2, 0), (1000, 1)],
            },
        );
        let twice = b.inferred(Op::MakeSecret, &[twice]);
        order(b, all, twice)
    }));
}

/// Keys that are drawn go, unless something else uses them; their inputs go with them.
#[test]
fn drawn_keys_are_left_out() {
    for (used, suite, goes) in [
        (false, Suite::Rep3, true),
        (true, Suite::Rep3, false),
        (false, Suite::Rep4, false),
    ] {
        let mut b = Builder::new(if suite == Suite::Rep4 { 4 } else { 3 });
        let (all, keys) = (
            b.input(0, "x", Scalar::unsigned(20), 500),
            b.input_leaf(InputLeaf {
                party: 1,
                path: "random()".into(),
                scalar: Scalar::unsigned(64),
                lanes: 500,
                public: false,
                drawn: true,
                range: None,
            }),
        );
        let sorted = push_sort(&mut b, [keys, all], true);
        b.output(sorted[1], &[0]);
        if used {
            b.output(sorted[0], &[0]);
        }
        let decided = decide(b.finish(), &options(suite, 1, Network::LAN));
        let inputs = (decided.ir.body.nodes.iter()).filter(|n| matches!(n.op, Op::Input(_)));
        assert_eq!(inputs.count(), if goes { 1 } else { 2 }, "{suite:?}");
        let shuffled = decided.ways.values().any(|&way| way == Way::Shuffle);
        assert_eq!(shuffled, goes, "{suite:?}");
    }
}

/// Rows of several parties, one party's after the other's, are sorted by whom they belong to and merged: equal keys stay in the order of
/// their rows, in each of several columns, and it takes a fraction of the comparisons.
#[test]
fn what_each_party_can_sort_is_merged() {
    let (u, i) = (Scalar::unsigned, Scalar::signed);
    for (lens, keys) in [
        ([500, 300, 1], 1),
        ([1, 200, 300], 1),
        ([256, 256, 256], 2),
        ([400, 3, 500], 3),
    ] {
        let mut b = Builder::new(3);
        let columns = [i(5), u(4), u(20)].map(|scalar| {
            let parts: Vec<ValueId> = (lens.iter().zip(0..))
                .map(|(&len, party)| b.input(party, "x", scalar, len))
                .collect();
            b.inferred(Op::Concat, &parts)
        });
        let op = Op::Sort {
            keys,
            segments: 1,
            drawn: false,
        };
        let tys = columns.map(|c| b.ty(c)).to_vec();
        for column in b.push(op, columns.to_vec(), tys, vec![]) {
            b.output(column, &[0]);
        }
        let ir = b.finish();
        let mut random = SplitMix::new(keys);
        let given: Vec<Vec<Word>> = (ir.inputs.iter())
            .map(|input| {
                let word = |_| input.scalar.wrap(random.word());
                (0..input.lanes).map(word).collect()
            })
            .collect();
        let expected = interpret(&ir, &given).unwrap().outputs;
        let options = options(Suite::Gmw, 1, Network::LAN);
        let cheapest = decide(ir.clone(), &options).ir;
        let everywhere = merges::run(ir.clone(), None, owners(&ir)).0;
        for (ir, is_merged) in [(cheapest, false), (everywhere, true)] {
            crate::ir::verify::verify(&ir).unwrap();
            assert_eq!(interpret(&ir, &given).unwrap().outputs, expected);
            if !is_merged {
                continue;
            }
            let grids = owners(&ir);
            let joint = |node: &Node| grids[node.results[0].index()].whole() == Owner::Joint;
            let is_sort = |node: &Node| matches!(node.op, Op::Sort { .. }) && joint(node);
            assert!(!ir.body.nodes.iter().any(is_sort), "{lens:?}");
            let compared = (ir.body.nodes.iter())
                .filter(|node| matches!(node.op, Op::Word(WordOp::Lt)) && joint(node))
                .map(|node| ir.values[node.results[0].index()].ty.lanes);
            let (compared, rows) = (compared.sum::<u64>(), lens.iter().sum::<u64>());
            // Half of the rows in each of nine or ten layers, by each key and by the place.
            assert!(compared < 11 * (keys + 1) * rows, "{lens:?}: {compared}");
        }
    }
}

/// What is read at many secret places by a sort is what is read by comparing: elements of several lanes, several arrays at the same places,
/// places out of range, places of fewer bits than there are elements, and those that are known to lie inside.
#[test]
fn lookups_that_sort_find_what_is_there() {
    let (u, i) = (Scalar::unsigned, Scalar::signed);
    for (n, q, block, place, most) in [
        (700, 600, 1, u(32), 1000),
        (129, 700, 3, u(64), 128),
        (300, 900, 2, u(8), 255),
        (256, 900, 1, u(8), 255),
        (255, 900, 1, u(8), 255),
        (600, 600, 1, u(12), 599),
        (20_000, 3, 1, u(40), 30_000),
    ] {
        let mut b = Builder::new(3);
        let types = [u(17), i(40), Scalar::Bool];
        let arrays = types.map(|scalar| b.input(0, "t", scalar, n * block));
        let index = b.input(1, "i", place, q);
        b.set_range(index, 0, most.into());
        let found = arrays.map(|src| {
            let ty = Ty {
                lanes: q * block,
                ..b.ty(src)
            };
            let op = Op::ReadSecret { block, groups: 1 };
            b.emit(op, vec![src, index], ty)
        });
        for found in found {
            b.output(found, &[0]);
        }
        let ir = b.finish();
        let mut random = SplitMix::new(n + q);
        let mut given: Vec<Vec<Word>> = (types.iter())
            .map(|scalar| {
                let word = |_| scalar.wrap(random.word());
                (0..n * block).map(word).collect()
            })
            .collect();
        given.push((0..q).map(|_| random.below(most + 1).into()).collect());
        given[3][..2].copy_from_slice(&[0, most.into()]);
        let expected = interpret(&ir, &given).unwrap().outputs;
        let sorted = lookups::run(ir, None, Vec::new());
        let reads = |node: &Node| matches!(node.op, Op::ReadSecret { .. });
        assert!(!sorted.body.nodes.iter().any(reads), "{n} {q}");
        crate::ir::verify::verify(&sorted).unwrap();
        assert_eq!(interpret(&sorted, &given).unwrap().outputs, expected);
    }
}

/// What is asked of groups in each form that is known, by one party's rows and by several parties', means what comparing means.
#[test]
fn sums_by_group_are_those_of_all_their_rows() {
    let (rows, groups) = (2000, 400);
    let ways = |joint: bool, form: usize, has_values: bool, has_mask: bool| {
        let mut b = Builder::new(3);
        let mut given = |scalar: Scalar| {
            let first = b.input(0, "x", scalar, rows / 2);
            let second = b.input(u32::from(joint), "x", scalar, rows / 2);
            b.inferred(Op::Concat, &[first, second])
        };
        let index = given(Scalar::unsigned(16));
        let values = given(Scalar::signed(24));
        let mask = given(Scalar::Bool);
        let again = ConstVec::Affine {
            start: 0,
            dims: vec![(groups, 0), (rows, 1)],
        };
        let again = b.constant(Scalar::USIZE, again);
        let [index, values, mask] = [index, values, mask].map(|v| b.gather(v, again, 1));
        // Edges that rise by three, for forms 1 to 4.
        let step = if form == 0 { 1 } else { 3 };
        let numbers = ConstVec::Affine {
            start: 0,
            dims: vec![(groups, step), (rows, 0)],
        };
        let numbers = b.constant(Scalar::unsigned(16), numbers);
        let hit = match form {
            0 => b.word(WordOp::Eq, &[index, numbers]),
            1 => b.word(WordOp::Lt, &[index, numbers]),
            2 => b.word(WordOp::Le, &[index, numbers]),
            3 => b.word(WordOp::Lt, &[numbers, index]),
            _ => b.word(WordOp::Le, &[numbers, index]),
        };
        let hit = match has_mask {
            true => b.word(WordOp::And, &[mask, hit]),
            false => hit,
        };
        let scalar = Scalar::signed(40);
        let terms = match has_values {
            true => {
                let none = b.splat(Scalar::signed(24), groups * rows, 0);
                let values = b.word(WordOp::Select, &[hit, values, none]);
                b.cast(values, scalar)
            }
            false => b.cast(hit, scalar),
        };
        let sums = b.reduce(WordOp::Add, terms, groups);
        b.output(sums, &[2]);
        b.finish()
    };
    let mut random = SplitMix::new(3);
    let mut word =
        |most: u64| -> Vec<Word> { (0..rows / 2).map(|_| random.below(most).into()).collect() };
    let given = [1300, 1300, 1 << 24, 1 << 24, 2, 2].map(&mut word);
    for joint in [false, true] {
        for form in 0..5 {
            for (has_values, has_mask) in
                [(false, false), (false, true), (true, false), (true, true)]
            {
                let what = format!("{joint} {form} {has_values} {has_mask}");
                let ir = ways(joint, form, has_values, has_mask);
                let expected = interpret(&ir, &given).unwrap().outputs;
                let decided = decide(ir, &options(Suite::Rep3, 1, Network::LAN)).ir;
                crate::ir::verify::verify(&decided).unwrap();
                let compares = |node: &Node| matches!(node.op, Op::Reduce { segments: 2.., .. });
                assert!(!decided.body.nodes.iter().any(compares), "{what}");
                let loops = |node: &Node| matches!(node.op, Op::Loop { .. });
                assert_eq!(decided.body.nodes.iter().any(loops), !joint, "{what}");
                let found = interpret(&decided, &given).unwrap().outputs;
                assert_eq!(found, expected, "{what}");
            }
        }
    }
}

/// As many groups as the type of their numbers has words: no number is left for rows of no group.
#[test]
fn all_numbers_of_a_type_may_be_groups() {
    for joint in [false, true] {
        let mut b = Builder::new(3);
        let halves = [0, u32::from(joint)].map(|p| b.input(p, "x", Scalar::unsigned(8), 2000));
        let index = b.inferred(Op::Concat, &halves);
        let dims = |step, again| vec![(256, step), (4000, again)];
        let again = ConstVec::Affine {
            start: 0,
            dims: dims(0, 1),
        };
        let again = b.constant(Scalar::USIZE, again);
        let each = b.gather(index, again, 1);
        let numbers = ConstVec::Affine {
            start: 0,
            dims: dims(1, 0),
        };
        let numbers = b.constant(Scalar::unsigned(8), numbers);
        let hit = b.word(WordOp::Eq, &[each, numbers]);
        let hit = b.cast(hit, Scalar::unsigned(20));
        let sums = b.reduce(WordOp::Add, hit, 256);
        b.output(sums, &[2]);
        let ir = b.finish();
        let mut random = SplitMix::new(8);
        let given = [0, 1].map(|_| (0..2000).map(|_| random.below(256).into()).collect());
        let expected = interpret(&ir, &given).unwrap().outputs;
        let decided = decide(ir, &options(Suite::Rep3, 1, Network::LAN)).ir;
        let compares = |node: &Node| matches!(node.op, Op::Reduce { segments: 2.., .. });
        assert!(!decided.body.nodes.iter().any(compares), "{joint}");
        assert_eq!(interpret(&decided, &given).unwrap().outputs, expected);
    }
}

/// Rows whose keys are known to all are where they are to be before the run.
#[test]
fn known_keys_are_no_sort() {
    let mut b = Builder::new(3);
    let dims = vec![(25, 1), (4, 0)];
    let keys = b.constant(Scalar::unsigned(7), ConstVec::Affine { start: 3, dims });
    let keys = b.inferred(Op::MakeSecret, &[keys]);
    let last = b.constant(
        Scalar::unsigned(7),
        ConstVec::Table((0..100).map(|k| k * 37 % 100).collect()),
    );
    let last = b.inferred(Op::MakeSecret, &[last]);
    let values = b.input(1, "x", Scalar::unsigned(20), 100);
    for key in [keys, last] {
        let sorted = push_sort(&mut b, [key, values], false);
        b.output(sorted[0], &[0]);
        b.output(sorted[1], &[0]);
    }
    let ir = b.finish();
    let given = [(0..100).map(|k| k * k).collect()];
    let expected = interpret(&ir, &given).unwrap().outputs;
    let decided = decide(ir, &options(Suite::Rep3, 1, Network::LAN)).ir;
    crate::ir::verify::verify(&decided).unwrap();
    let moves = |node: &Node| matches!(node.op, Op::Sort { .. } | Op::WriteSecret { .. });
    assert!(!decided.body.nodes.iter().any(moves));
    assert_eq!(interpret(&decided, &given).unwrap().outputs, expected);
}

/// Where two runs differ first.
fn first_difference(found: &[Vec<Word>], expected: &[Vec<Word>]) -> String {
    let lanes = |outputs: &[Vec<Word>]| -> Vec<(usize, usize, Word)> {
        let each = |(at, output): (usize, &Vec<Word>)| {
            let lanes = output.iter().enumerate();
            lanes
                .map(|(lane, word)| (at, lane, *word))
                .collect::<Vec<_>>()
        };
        outputs.iter().enumerate().flat_map(each).collect()
    };
    let pairs = lanes(found).into_iter().zip(lanes(expected));
    let different = |(found, expected): &(_, _)| found != expected;
    format!("{:?}", pairs.into_iter().find(different))
}

/// Holds a program whose pairs become sorts to the program that compares them all, on inputs of these types with a bound of their words.
pub(super) fn finds_by_sorting(
    ir: Ir,
    inputs: &[(Scalar, u64, u64)],
    random: &mut SplitMix,
    what: &str,
    written: fn(Ir) -> Ir,
) {
    let given: Vec<Vec<Word>> = (inputs.iter())
        .map(|&(scalar, lanes, most)| {
            // On both sides of zero.
            let word = |_| Word::from(random.below(most)).wrapping_sub(Word::from(most / 2));
            (0..lanes).map(word).map(|w| scalar.wrap(w)).collect()
        })
        .collect();
    let expected = interpret(&ir, &given).unwrap().outputs;
    let sorted = written(ir);
    crate::ir::verify::verify(&sorted).unwrap();
    let sorts = |node: &Node| matches!(node.op, Op::Sort { .. });
    assert!(sorted.body.nodes.iter().any(sorts), "{what}");
    let most = sorted.values.iter().map(|value| value.ty.lanes).max();
    assert!(most < Some(1 << 15), "{what}: {most:?} lanes");
    let found = interpret(&sorted, &given).unwrap().outputs;
    assert!(
        found == expected,
        "{what}: {}",
        first_difference(&found, &expected)
    );
}
