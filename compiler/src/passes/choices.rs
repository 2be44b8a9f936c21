//! Choices: what a chain of selections gives by what one value equals becomes a table that the value reads.
//!
//! ```text
//! before: v3 = eq x, 0   v4 = eq x, 1   v5 = select v4, b, c   v6 = select v3, a, v5
//! after:  v7 = concat a, b, c, c        v6 = read_secret v7, x
//! ```
//!
//! A `match` is such a chain: each arm costs a comparison and a selection, and each passes through all before it. A table decodes the
//! value once, in as many levels as its width has, and what is known in it costs nothing more. Only values that few are between are read
//! so. Otherwise, and where products are chosen among, which may be shared as numbers, the chain becomes a tree: no two comparisons
//! with different constants hold, so that arms may be paired. A chain of fewer known words than they have bits is left alone where it is
//! added up: as numbers its comparisons may count, which is less than to share what a table gives as a number.

use super::Outcome;
use super::constants::Constants;
use super::dot::count_uses;
use super::rewrite::{Rule, Walk, rewrite};
use crate::hir::Protocol;
use crate::ir::{Ir, Node, Op, Reducer, Region, Ty};
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    let mut chains = Chains::new(&ir);
    chains.find(&ir.body);
    chains.follow();
    rewrite(ir, true, &mut Choices { chains })
}

/// Chains of fewer arms are left alone: where all of them are known, and others.
const FEWEST_KNOWN: usize = 2;
const FEWEST: usize = 3;

/// Tables have at most so many lanes.
const MAX_LANES: u64 = 1 << 14;

/// What a selection asks, and what it chooses between.
#[derive(Clone, Copy, Debug)]
struct Link {
    /// The condition.
    holds: ValueId,
    /// The value that is compared, and with what.
    value: ValueId,
    word: Word,
    /// Where they are equal.
    then: ValueId,
    /// Otherwise.
    otherwise: ValueId,
    /// Whether `otherwise` is the next selection of the chain, which nothing else needs.
    goes_on: bool,
}

/// The chains of a program.
struct Chains {
    uses: Vec<u32>,
    known: Vec<Option<Word>>,
    /// Comparisons: of which value with which word.
    asks: Vec<Option<(ValueId, Word)>>,
    /// Comparisons as numbers: what a choice between 1 and 0 has become.
    numbers: Vec<Option<(ValueId, Word)>>,
    /// Selections by a comparison, and the region in which they stand.
    links: Vec<Option<(Link, usize)>>,
    /// Selections that are the next ones of others.
    inner: Vec<bool>,
    /// Values that are added up or multiplied.
    counted: Vec<bool>,
    /// Values that are parts or other types of others, and those.
    parts: Vec<(ValueId, ValueId)>,
    lanes: Vec<u64>,
    scalars: Vec<Scalar>,
}

impl Chains {
    fn new(ir: &Ir) -> Self {
        let n = ir.values.len();
        Self {
            uses: count_uses(ir),
            known: vec![None; n],
            asks: vec![None; n],
            numbers: vec![None; n],
            links: vec![None; n],
            inner: vec![false; n],
            counted: vec![false; n],
            parts: Vec::new(),
            lanes: ir.values.iter().map(|v| v.ty.lanes).collect(),
            scalars: ir.values.iter().map(|v| v.ty.scalar).collect(),
        }
    }

    /// Finds what is counted by what is made of it, also in the next iteration.
    fn follow(&mut self) {
        for _ in 0..2 {
            for &(part, whole) in self.parts.iter().rev() {
                let is_counted = self.counted[whole.index()];
                self.counted[part.index()] |= is_counted;
            }
        }
    }

    /// Notes what a node counts, and of what it is made.
    fn note(&mut self, node: &Node) {
        let counts = match &node.op {
            Op::Word(WordOp::Add | WordOp::Sub | WordOp::Mul) | Op::Dot { .. } => true,
            Op::Reduce { reducer, .. } | Op::Scan { reducer, .. } => {
                *reducer == Reducer::Word(WordOp::Add)
            }
            _ => false,
        };
        let moves = matches!(
            node.op,
            Op::Word(WordOp::Cast | WordOp::Select)
                | Op::Gather { .. }
                | Op::Scatter { .. }
                | Op::Concat
        );
        for arg in &node.args {
            self.counted[arg.index()] |= counts;
            if let (true, Some(&result)) = (moves, node.results.first()) {
                self.parts.push((*arg, result));
            }
        }
        for inner in &node.regions {
            self.parts.extend(
                inner
                    .results
                    .iter()
                    .copied()
                    .zip(node.results.iter().copied()),
            );
            // What one iteration leaves is what the next one has.
            if matches!(node.op, Op::Loop { .. }) {
                let next = inner.params.iter().skip(1).copied();
                self.parts.extend(inner.results.iter().copied().zip(next));
            }
        }
    }

    fn find(&mut self, region: &Region) {
        let here = std::ptr::from_ref(region) as usize;
        for node in &region.nodes {
            for inner in &node.regions {
                self.find(inner);
            }
            self.note(node);
            let &[result] = node.results.as_slice() else {
                continue;
            };
            let at = result.index();
            match (&node.op, node.args.as_slice()) {
                (Op::Const(ConstVec::Splat { word, .. }), []) => {
                    self.known[at] = Some(self.scalars[at].wrap(*word));
                }
                (Op::Word(WordOp::Eq), &[a, b]) => {
                    self.asks[at] = match (self.known[a.index()], self.known[b.index()]) {
                        (None, Some(word)) => Some((a, word)),
                        (Some(word), None) => Some((b, word)),
                        _ => None,
                    };
                }
                // A comparison of one lane for all lanes of an array.
                (Op::Gather { .. }, &[a, idx])
                    if self.lanes[a.index()] == 1 && self.known[idx.index()] == Some(0) =>
                {
                    self.asks[at] = self.asks[a.index()];
                }
                (Op::Word(WordOp::Cast), &[a]) => self.numbers[at] = self.asks[a.index()],
                (Op::Word(WordOp::Select), &[holds, then, otherwise]) => {
                    if let Some((value, word)) = self.asks[holds.index()] {
                        let next = self.links[otherwise.index()];
                        let goes_on = self.uses[otherwise.index()] == 1
                            && next.is_some_and(|(link, region)| {
                                link.value == value && region == here
                            });
                        self.inner[otherwise.index()] |= goes_on;
                        let link = Link {
                            holds,
                            value,
                            word,
                            then,
                            otherwise,
                            goes_on,
                        };
                        self.links[at] = Some((link, here));
                    }
                }
                _ => {}
            }
        }
    }

    /// The chain that ends in a value, the first question first.
    fn of(&self, id: ValueId) -> Option<Vec<Link>> {
        if self.inner.get(id.index()).copied().unwrap_or(true) {
            return None;
        }
        let mut links = Vec::new();
        let mut at = id;
        loop {
            let (link, _) = self.links.get(at.index()).copied().flatten()?;
            links.push(link);
            if !link.goes_on {
                return Some(links);
            }
            at = link.otherwise;
        }
    }
}

/// An arm of a chain, as it stands in the program that is built.
#[derive(Clone, Copy, Debug)]
struct Arm {
    holds: ValueId,
    value: ValueId,
}

/// A chain, as it stands in the program that is built.
struct Chain {
    value: ValueId,
    arms: SortedMap<Word, Arm>,
    otherwise: ValueId,
    ty: Ty,
}

/// Where a table begins, and how many entries it has.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: Word,
    len: u64,
    /// Whether the value cannot be beyond it.
    covers: bool,
}

struct Choices {
    chains: Chains,
}

impl Rule for Choices {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        if let (Op::Word(WordOp::Select), &[result]) = (&node.op, &node.results[..])
            && node.protocol != Some(Protocol::Arithmetic)
            && let Some(links) = self.chains.of(result)
            && let Some(chain) = self.chain(walk, &links, walk.ty(result))
            && !(self.chains.counted[result.index()] && chain.counts_better(walk))
            && let Some(found) = chain.decided(walk)
        {
            let found = walk.with_secrecy(found, walk.ty(result).secret);
            walk.replace(result, found);
            return;
        }
        Constants.node(walk, node);
    }
}

impl Choices {
    fn chain(&self, walk: &mut Walk, links: &[Link], ty: Ty) -> Option<Chain> {
        let last = links.last()?;
        let mut arms = SortedMap::new();
        for link in links {
            let arm = Arm {
                holds: walk.get(link.holds),
                value: walk.get(link.then),
            };
            // The first of equal questions is answered.
            arms.entry(link.word).or_insert(arm);
        }
        let value = walk.get(last.value);
        if !walk.ty(value).secret {
            return None;
        }
        let mut otherwise = walk.get(last.otherwise);
        if let Some((asked, word)) = self.chains.numbers[last.otherwise.index()]
            && asked == last.value
            && let Some(&[holds]) = walk.word_args(otherwise, WordOp::Cast)
        {
            let public = Ty {
                secret: false,
                ..ty
            };
            let one = walk.splat_of(public, 1);
            let arm = Arm { holds, value: one };
            arms.entry(word).or_insert(arm);
            otherwise = walk.splat_of(public, 0);
        }
        Some(Chain {
            value,
            arms,
            otherwise,
            ty,
        })
    }
}

impl Chain {
    fn decided(&self, walk: &mut Walk) -> Option<ValueId> {
        let is_known = |walk: &Walk, id: ValueId| {
            let id = walk.public_source(id).unwrap_or(id);
            walk.constant(id).is_some()
        };
        let n = self.arms.len();
        let open: Vec<Arm> = (self.arms.values().copied())
            .filter(|arm| !is_known(walk, arm.value))
            .collect();
        let ends_known = is_known(walk, self.otherwise);
        let n_known = n - open.len();
        let span = self.span(walk);
        if n < FEWEST_KNOWN || (n < FEWEST && (!open.is_empty() || !ends_known)) {
            return None;
        }
        match span {
            Some(span) if open.is_empty() && ends_known => Some(self.read(walk, span, &[])),
            // What arms compute is chosen among after the table where that costs less than to have it in there.
            Some(span)
                if ends_known && n_known > 0 && self.is_cheaper_apart(walk, span, open.len()) =>
            {
                let table = self.read(walk, span, &open);
                Some(tree(walk, &open, table))
            }
            Some(span) if !self.may_be_numbers(walk, &open) => Some(self.read(walk, span, &[])),
            _ if n > FEWEST => {
                let arms: Vec<Arm> = self.arms.values().copied().collect();
                Some(tree(walk, &arms, self.otherwise))
            }
            _ => None,
        }
    }

    /// Whether what it gives is known and has more bits than there are comparisons.
    fn counts_better(&self, walk: &Walk) -> bool {
        let words = self.arms.values().map(|arm| walk.splat(arm.value));
        let words: Option<Vec<Word>> = words.chain([walk.splat(self.otherwise)]).collect();
        words.is_some_and(|words| {
            // Bits that are not the same in all of them.
            let differ = words.iter().fold(0, |bits, word| bits | (word ^ words[0]));
            self.arms.len() < (128 - differ.leading_zeros()) as usize
        })
    }

    /// Whether a comparison and a selection for each open arm, after a table of what is known, cost less than a selection for each entry.
    fn is_cheaper_apart(&self, walk: &Walk, span: Span, n_open: usize) -> bool {
        let value = walk.ty(self.value);
        let each = u64::from(self.ty.scalar.width()) * (self.ty.lanes / value.lanes.max(1)).max(1);
        let question = u64::from(value.scalar.width());
        n_open as u64 * (each + question) + span.len < (span.len - 1) * each
    }

    /// Whether products or sums are chosen among: as bits they may cost more than as numbers.
    fn may_be_numbers(&self, walk: &Walk, open: &[Arm]) -> bool {
        let mut all = open.iter().map(|arm| arm.value).chain([self.otherwise]);
        all.any(|mut id| {
            while let Some(&[inner]) = walk.word_args(id, WordOp::Cast) {
                id = inner;
            }
            matches!(
                walk.simple(id),
                Some((
                    Op::Word(WordOp::Mul) | Op::Dot { .. } | Op::Reduce { .. },
                    _
                ))
            )
        })
    }

    /// The table for the words that are asked for, if few others are between them.
    fn span(&self, walk: &Walk) -> Option<Span> {
        let value = walk.ty(self.value);
        if value.lanes != self.ty.lanes && value.lanes != 1 {
            return None;
        }
        let (&least, &most) = (self.arms.keys().next()?, self.arms.keys().next_back()?);
        let n = self.arms.len() as Word;
        let first = if least <= n { 0 } else { least };
        let len = (most - first).checked_add(1)?;
        let all = Word::checked_shl(1, value.scalar.width()).filter(|_| value.scalar.width() < 127);
        let len_all = all.filter(|&all| first == 0 && all <= 2 * len);
        let is_short = len <= 2 * n + 2;
        let len = u64::try_from(len_all.unwrap_or(len)).ok()?;
        let fits = len.checked_mul(self.ty.lanes)? <= MAX_LANES;
        (is_short && fits).then_some(Span {
            first,
            len,
            covers: len_all.is_some(),
        })
    }

    /// What the chain gives, read from a table; what some arms give does not matter.
    fn read(&self, walk: &mut Walk, span: Span, without: &[Arm]) -> ValueId {
        let unsigned = Scalar::unsigned(walk.ty(self.value).scalar.width() as u8);
        let mut index = walk.cast(self.value, unsigned);
        if span.first > 0 {
            let first = walk.splat_of(
                Ty {
                    secret: false,
                    ..walk.ty(index)
                },
                span.first,
            );
            index = walk.word(WordOp::Sub, &[index, first]);
        }
        let left_out = |arm: &&Arm| without.iter().all(|other| other.holds != arm.holds);
        let entries = (0..span.len).map(|at| {
            let arm = self.arms.get(&(span.first + Word::from(at)));
            arm.filter(left_out).map_or(self.otherwise, |arm| arm.value)
        });
        let all = walk.concat(entries.collect());
        let lanes = self.ty.lanes;
        let is_each = walk.ty(index).lanes == lanes;
        let (block, groups) = if is_each { (1, lanes) } else { (lanes, 1) };
        let all = match groups {
            1 => all,
            // Entry `j` of lane `i` stands at `j·lanes + i`.
            _ => {
                let dims = vec![(lanes, 1), (span.len, Word::from(lanes))];
                walk.gather_at(all, ConstVec::Affine { start: 0, dims })
            }
        };
        let ty = Ty {
            secret: true,
            ..self.ty
        };
        let read = walk.emit(Op::ReadSecret { block, groups }, vec![all, index], ty);
        if span.covers || walk.splat(self.otherwise) == Some(0) {
            return read;
        }
        let end = Ty {
            secret: false,
            ..walk.ty(index)
        };
        let end = walk.splat_of(end, Word::from(span.len));
        let mut inside = walk.word(WordOp::Lt, &[index, end]);
        if !is_each {
            let idx = ConstVec::Splat { lanes, word: 0 };
            inside = walk.gather_at(inside, idx);
        }
        walk.word(WordOp::Select, &[inside, read, self.otherwise])
    }
}

/// Chooses among arms of which at most one holds, in as few levels as there can be: what is taken otherwise is the last of them.
fn tree(walk: &mut Walk, arms: &[Arm], otherwise: ValueId) -> ValueId {
    let arms = arms.iter().map(|arm| (Some(arm.holds), arm.value));
    let mut level: Vec<(Option<ValueId>, ValueId)> = arms.chain([(None, otherwise)]).collect();
    while level.len() > 1 {
        let pairs = level.chunks(2).map(|pair| match *pair {
            [(Some(holds), value), (other, last)] => (
                other.map(|other| walk.word(WordOp::Xor, &[holds, other])),
                walk.word(WordOp::Select, &[holds, value, last]),
            ),
            _ => pair[0],
        });
        level = pairs.collect();
    }
    level[0].1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::build::Builder;
    use crate::passes::{dead, tests::assert_same};

    const U16: Scalar = Scalar::unsigned(16);

    /// A chain on a value of a type, by words, with arms that are known or not.
    fn chosen(by: Scalar, lanes: u64, arms: &[(Word, Option<Word>)], last: Option<Word>) -> Ir {
        let mut b = Builder::new(2);
        let x = b.input(0, "x", by, lanes);
        let arm = |b: &mut Builder, known: Option<Word>, name: &str| match known {
            Some(word) => b.splat(U16, lanes, word),
            None => b.input(1, name, U16, lanes),
        };
        let mut all = arm(&mut b, last, "last");
        for (i, &(word, known)) in arms.iter().enumerate().rev() {
            let value = arm(&mut b, known, &format!("a{i}"));
            let word = b.splat(by, lanes, word);
            let holds = b.word(WordOp::Eq, &[x, word]);
            all = b.word(WordOp::Select, &[holds, value, all]);
        }
        b.output(all, &[0]);
        b.finish()
    }

    /// The program after the pass, which gives the same for each word.
    fn same_after(ir: &Ir, words: &[Word]) -> String {
        let after = dead::run(run(ir.clone()).ir).ir;
        for word in words {
            let inputs: Vec<Vec<Word>> = (ir.inputs.iter().enumerate())
                .map(|(i, leaf)| {
                    let lanes = Word::from(leaf.lanes);
                    let of = |lane: Word| {
                        if i == 0 {
                            word + lane
                        } else {
                            100 * i as Word + lane
                        }
                    };
                    (0..lanes).map(|lane| leaf.scalar.wrap(of(lane))).collect()
                })
                .collect();
            assert_same(ir, &after, &inputs, "chain");
        }
        after.to_string()
    }

    #[test]
    fn what_is_known_is_a_table() {
        let arms: Vec<(Word, Option<Word>)> = (0..5).map(|i| (i, Some(7 * i + 1))).collect();
        for (by, last) in [(3, 99), (3, 0), (8, 99), (8, 0), (16, 5)] {
            for lanes in [1, 3] {
                let ir = chosen(Scalar::unsigned(by), lanes, &arms, Some(last));
                let text = same_after(&ir, &[0, 1, 2, 3, 4, 5, 6, 7, 200]);
                assert!(
                    text.contains("read_secret") && !text.contains("= eq"),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn codes_that_begin_elsewhere_and_those_below_zero() {
        let arms: Vec<(Word, Option<Word>)> = (0..4).map(|i| (2020 + i, Some(i + 1))).collect();
        let ir = chosen(U16, 1, &arms, Some(9));
        let text = same_after(&ir, &[0, 4, 2019, 2020, 2021, 2022, 2023, 2024, 65_535]);
        assert!(text.contains("read_secret"), "{text}");
        let arms: Vec<(Word, Option<Word>)> = (0..4).map(|i| (i, Some(i + 1))).collect();
        let ir = chosen(Scalar::signed(8), 1, &arms, Some(9));
        let text = same_after(&ir, &[0, 1, 2, 3, 4, 127, 128, 255]);
        assert!(text.contains("read_secret"), "{text}");
    }

    #[test]
    fn few_arms_that_compute_are_chosen_after_the_table() {
        let arm = |i: Word| (i, (i != 4).then_some(3 * i));
        let arms: Vec<(Word, Option<Word>)> = (0..9).map(arm).collect();
        let ir = chosen(Scalar::unsigned(8), 1, &arms, Some(77));
        let text = same_after(&ir, &[0, 3, 4, 5, 8, 9, 255]);
        assert_eq!(text.matches("= eq").count(), 1, "{text}");
        assert!(text.contains("read_secret"), "{text}");
    }

    #[test]
    fn values_that_are_far_apart_make_a_tree() {
        let arms: Vec<(Word, Option<Word>)> = (0..8).map(|i| (1000 * i, None)).collect();
        let ir = chosen(U16, 2, &arms, None);
        let text = same_after(&ir, &[0, 1000, 3000, 6999, 7000, 7001]);
        assert!(!text.contains("read_secret"), "{text}");
        assert_eq!(text.matches("= select").count(), 8, "{text}");
    }

    #[test]
    fn a_last_choice_between_one_and_zero_is_part_of_the_chain() {
        let arms: Vec<(Word, Option<Word>)> = (0..6)
            .map(|i| (i, Some([9, 7, 5, 4, 2, 1][i as usize])))
            .collect();
        let ir = chosen(Scalar::unsigned(3), 2, &arms, Some(0));
        let ir = crate::passes::algebra::run(ir).ir;
        assert!(ir.to_string().contains("= cast"), "{ir}");
        let text = same_after(&ir, &[0, 1, 4, 5, 6, 7]);
        assert!(
            text.contains("read_secret") && !text.contains("= eq"),
            "{text}"
        );
    }

    #[test]
    fn what_is_added_up_stays_a_chain_of_few_comparisons() {
        for (n, stays) in [(4, true), (12, false)] {
            let mut b = Builder::new(2);
            let x = b.input(0, "x", Scalar::unsigned(4), 5);
            let mut all = b.splat(U16, 5, 0);
            for i in 0..n {
                let value = b.splat(U16, 5, 1000 + i);
                let word = b.splat(Scalar::unsigned(4), 5, i);
                let holds = b.word(WordOp::Eq, &[x, word]);
                all = b.word(WordOp::Select, &[holds, value, all]);
            }
            let sum = b.reduce(WordOp::Add, all, 1);
            b.output(sum, &[0]);
            let text = same_after(&b.finish(), &[0, 2, 3, 11, 14]);
            assert_eq!(text.contains("read_secret"), !stays, "{n}: {text}");
        }
    }

    /// The least and the greatest word of the widest type, between which are more than can be counted.
    #[test]
    fn both_ends_of_the_widest_type_make_a_tree() {
        for by in [Scalar::unsigned(128), Scalar::signed(128)] {
            for n in [2, 3, 5] {
                let mut arms: Vec<(Word, Option<Word>)> =
                    (0..n - 1).map(|i| (i, Some(i + 3))).collect();
                arms.push((Word::MAX, Some(40)));
                let ir = chosen(by, 1, &arms, Some(9));
                let words = [0, 1, 2, 3, 4, 5, Word::MAX >> 1, Word::MAX - 1, Word::MAX];
                let text = same_after(&ir, &words);
                assert!(!text.contains("read_secret"), "{text}");
            }
        }
    }

    #[test]
    fn the_first_of_equal_questions_is_answered() {
        let arms = [(1, Some(5)), (0, Some(6)), (1, Some(7)), (2, Some(8))];
        let ir = chosen(Scalar::unsigned(2), 1, &arms, Some(9));
        same_after(&ir, &[0, 1, 2, 3]);
    }
}
