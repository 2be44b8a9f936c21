//! Rows of several parties that stand one party's after the other's: each party sorts its own, and together they are merged, where that is
//! cheaper.
//!
//! ```text
//! before: v3, v4 = sort keys=1 (concat x0, x1), (concat y0, y1)
//! after:  a0, b0 = sort x0, y0   a1, b1 = sort x1, y1   v3, v4 = (layers of exchanges on concat a0, a1 and concat b0, b1)
//! ```
//!
//! Batcher's odd-even merge for lists of any lengths (D. E. Knuth, The Art of Computer Programming 3, 5.3.4, theorem M): N + M rows take
//! log N + 1 layers, where a network that sorts them takes log² of them.

use super::network::exchange;
use super::places::Places;
use super::{Choice, Shape, Sorter, program};
use crate::assign;
use crate::ir::{Ir, Node, Op, Ty};
use crate::passes::dead;
use crate::passes::own::grid::{Grid, Owner};
use crate::passes::own::taken;
use crate::passes::rewrite::{Rule, Walk, rewrite};
use crate::session::ProtocolChoice;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::Domain;
use smpcc_circuit::sorted::SortedMap;
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// Rows of more parties in turn are sorted as one.
const MOST_RUNS: usize = 32;

/// Sorts each party's rows by themselves where merging them is cheaper than sorting all, or everywhere if nobody asks; with which values are
/// known to be places then. `owners` says by value who computes it alone.
pub(super) fn run(ir: Ir, sorter: Option<Sorter<'_>>, owners: Vec<Grid>) -> (Ir, Places) {
    let mut rule = Merges {
        owners,
        sorter,
        cheaper: SortedMap::new(),
        places: Places::default(),
        merged: Vec::new(),
        sorted: Vec::new(),
    };
    let rewritten = rewrite(ir.clone(), false, &mut rule).ir;
    if rule.sorted.is_empty() {
        return (rewritten, Places::default());
    }
    let (swept, renamed) = dead::swept(rewritten);
    if let Some(sorter) = sorter {
        // What only one can do in few steps is not to be done by all.
        let who = assign::alone(&swept.ir, sorter.options);
        let is_alone = |v: &ValueId| who.get(v.index()).is_some_and(Option::is_some);
        let mut sorted = rule.sorted.iter().filter_map(|v| renamed[v.index()]);
        if !sorted.all(|v| is_alone(&v)) {
            return (ir, Places::default());
        }
    }
    let mut places = Places::default();
    for column in rule.merged {
        if let Some(now) = renamed[column.index()] {
            places.note(now, 1);
        }
    }
    (swept.ir, places)
}

struct Merges<'a> {
    owners: Vec<Grid>,
    sorter: Option<Sorter<'a>>,
    /// By sort and lengths of runs.
    cheaper: SortedMap<(Shape, Vec<u64>), bool>,
    places: Places,
    /// Columns that were merged and are places.
    merged: Vec<ValueId>,
    /// Columns of one party's rows that it sorts.
    sorted: Vec<ValueId>,
}

impl Rule for Merges<'_> {
    fn node(&mut self, walk: &mut Walk, node: Node) {
        let shape = Shape::of(&node, |v| walk.ty(v));
        let found = shape.filter(|shape| shape.keys > 0 && shape.segments == 1 && !shape.asked);
        let runs = self.runs(&node.args);
        let (Some(shape), Some(runs)) = (found, runs) else {
            walk.push(node);
            return;
        };
        let keys = shape.keys;
        if !self.is_cheaper(shape, &runs) {
            walk.push(node);
            return;
        }
        let are_places: Vec<bool> = (node.args.iter())
            .map(|&arg| self.places.are(walk, arg, 1))
            .collect();
        (walk.span, walk.protocol) = (node.span, node.protocol);
        let merged = merged(walk, &node.args, keys, &runs, Some(&mut self.sorted));
        for (&result, &column) in node.results.iter().zip(&merged) {
            walk.replace(result, column);
        }
        for (column, are_places) in merged.into_iter().zip(are_places) {
            if are_places {
                self.places.note(column, 1);
                self.merged.push(column);
            }
        }
    }
}

impl Merges<'_> {
    fn is_cheaper(&mut self, shape: Shape, runs: &[u64]) -> bool {
        let Some(sorter) = &self.sorter else {
            return true;
        };
        let known = self.cheaper.entry((shape, runs.to_vec()));
        *known.or_insert_with_key(|(shape, runs)| {
            let Choice { time, .. } = sorter.choose(shape);
            time_to_merge(sorter, shape, runs) < time
        })
    }

    /// The lengths of the runs of rows of one party each, if there are several.
    fn runs(&self, columns: &[ValueId]) -> Option<Vec<u64>> {
        let grids: Vec<&Grid> = (columns.iter())
            .map(|column| self.owners.get(column.index()))
            .collect::<Option<_>>()?;
        let all = Grid::join(&grids);
        if all.lens().len() != 1 {
            return None;
        }
        let (mut runs, mut known): (Vec<(u64, Owner)>, u64) = (Vec::new(), 0);
        for piece in all.pieces(1) {
            let len = piece.ranges[0].1;
            match (piece.owners[0], runs.last_mut()) {
                (Owner::Joint, _) => return None,
                // What all know goes with what stands before or behind it.
                (Owner::Public, Some(last)) => last.0 += len,
                (Owner::Public, None) => known += len,
                (owner, Some(last)) if last.1 == owner => last.0 += len,
                (owner, _) => runs.push((len + std::mem::take(&mut known), owner)),
            }
        }
        let lens: Vec<u64> = runs.into_iter().map(|(len, _)| len).collect();
        (2..=MOST_RUNS).contains(&lens.len()).then_some(lens)
    }
}

/// Milliseconds that merging sorted runs takes.
fn time_to_merge(sorter: &Sorter<'_>, shape: &Shape, runs: &[u64]) -> f64 {
    /// Every sort as merges of runs that are sorted.
    struct Written<'a>(&'a [u64]);
    impl Rule for Written<'_> {
        fn node(&mut self, walk: &mut Walk, node: Node) {
            let Op::Sort { keys, .. } = node.op else {
                walk.push(node);
                return;
            };
            let merged = merged(walk, &node.args, keys, self.0, None);
            walk.replace_all(&node.results, &merged);
        }
    }
    let ir = rewrite(program(shape, sorter.n_parties), false, &mut Written(runs)).ir;
    let mut domains = vec![ProtocolChoice::Boolean];
    let options = sorter.options;
    if options.suite.offers(options.threat, Domain::Yao) {
        domains.push(ProtocolChoice::Yao);
    }
    let merging = domains
        .iter()
        .map(|&protocol| sorter.priced(&ir, protocol, None));
    merging.fold(f64::INFINITY, f64::min)
}

/// The columns in order, from runs of rows that follow each other. Each run is sorted first and noted, if they are not sorted.
fn merged(
    walk: &mut Walk,
    columns: &[ValueId],
    keys: u64,
    runs: &[u64],
    mut unsorted: Option<&mut Vec<ValueId>>,
) -> Vec<ValueId> {
    let rows: u64 = runs.iter().sum();
    let n = columns.len();
    let (mut columns, mut compared) = (columns.to_vec(), keys as usize);
    let has_places = compared < n;
    if has_places {
        // What is equal is compared by its place: a merge does not keep it by itself.
        let scalar = Scalar::unsigned((rows - 1).ilog2() as u8 + 1);
        let places = walk.constant_value(scalar, ConstVec::iota(rows));
        columns.insert(compared, walk.with_secrecy(places, true));
        compared += 1;
    }
    let mut start = 0;
    let mut lists: Vec<(u64, Vec<ValueId>)> = (runs.iter())
        .map(|&len| {
            let at = ConstVec::Affine {
                start: Word::from(start),
                dims: vec![(len, 1)],
            };
            start += len;
            let own: Vec<ValueId> = (columns.iter())
                .map(|&column| {
                    let own = taken(walk, column, &at);
                    walk.with_secrecy(own, true)
                })
                .collect();
            let Some(noted) = unsorted.as_mut().filter(|_| len > 1) else {
                return (len, own);
            };
            let tys: Vec<Ty> = own.iter().map(|&column| walk.ty(column)).collect();
            let ranges: Vec<_> = (own.iter())
                .map(|column| walk.all_values()[column.index()].range)
                .collect();
            let op = Op::Sort {
                keys,
                segments: 1,
                drawn: false,
            };
            let sorted = walk.push_new(op, own, &tys, Vec::new());
            for (&column, range) in sorted.iter().zip(ranges) {
                walk.note_range(column, range);
            }
            noted.extend(&sorted);
            (len, sorted)
        })
        .collect();
    // The two neighbours that are shortest together first, so that no row goes through more merges than it must.
    while lists.len() > 1 {
        let together = |at: &usize| lists[*at].0 + lists[*at + 1].0;
        let Some(at) = (0..lists.len() - 1).min_by_key(together) else {
            break;
        };
        let (m, second) = lists.remove(at + 1);
        let (len, first) = &mut lists[at];
        let mut both: Vec<ValueId> = (first.iter().zip(second))
            .map(|(&a, b)| walk.concat(vec![a, b]))
            .collect();
        for layer in layers(*len, m) {
            let low = layer.places(walk, 0);
            let high = layer.places(walk, layer.distance);
            exchange(walk, &mut both, compared, low, high);
        }
        *first = both;
        *len += m;
    }
    let mut columns = lists.pop().map_or_else(Vec::new, |(_, columns)| columns);
    if has_places && columns.len() > n {
        columns.remove(compared - 1);
    }
    columns
}

/// Rows that are compared with those `distance` behind them: so many runs of them, by their first place, length and step from run to run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Layer {
    distance: u64,
    runs: Vec<Runs>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Runs {
    start: u64,
    n: u64,
    len: u64,
    step: u64,
}

/// The layers that merge the first `n` rows with the `m` behind them.
fn layers(n: u64, m: u64) -> Vec<Layer> {
    // Both lists stand around the middle of twice as many places as the longer one's power of two. What is missing before the first would be
    // smaller than all, what is missing behind the second larger: neither would move.
    let half = n.max(m).next_power_of_two();
    let missing = half - n;
    let mut layers = Vec::new();
    let mut distance = half;
    while distance > 0 {
        let end = (n + m).saturating_sub(distance);
        let mut runs = Vec::new();
        let mut push = |start: u64, count: u64, len: u64| {
            if count * len > 0 {
                runs.push(Runs {
                    start,
                    n: count,
                    len,
                    step: 2 * distance,
                });
            }
        };
        if distance == half {
            push(0, 1, n.min(end));
        } else {
            // Places with this bit, from the middle's count: distance, …, 2·distance − 1 in every 2·distance.
            let mut from = distance;
            while from + distance <= missing {
                from += 2 * distance;
            }
            if from < missing {
                let stop = (from + distance - missing).min(end);
                push(0, 1, stop);
                from += 2 * distance;
            }
            let first = from - missing;
            if first < end {
                let whole = (end - first + distance) / (2 * distance);
                push(first, whole, distance);
                let last = first + whole * 2 * distance;
                push(last, 1, end.saturating_sub(last));
            }
        }
        if !runs.is_empty() {
            layers.push(Layer { distance, runs });
        }
        distance /= 2;
    }
    layers
}

impl Layer {
    /// The places of its rows, moved by `by`.
    fn places(&self, walk: &mut Walk, by: u64) -> ValueId {
        let pieces: Vec<ValueId> = (self.runs.iter())
            .map(|runs| {
                let start = Word::from(runs.start + by);
                let dims = vec![(runs.n, Word::from(runs.step)), (runs.len, 1)];
                walk.constant_value(Scalar::USIZE, ConstVec::Affine { start, dims })
            })
            .collect();
        match pieces[..] {
            [one] => one,
            _ => walk.concat(pieces),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All rows of a layer are apart, and two runs of zeros and ones come out in order: so does everything else (the 0-1 principle).
    #[test]
    fn layers_merge_zeros_and_ones() {
        for n in 1..20u64 {
            for m in 1..20u64 {
                let layers = layers(n, m);
                assert!(layers.len() as u32 <= n.max(m).next_power_of_two().ilog2() + 1);
                for (ones, also) in (0..=n).flat_map(|a| (0..=m).map(move |b| (a, b))) {
                    let mut values: Vec<u8> = [(n, ones), (m, also)]
                        .into_iter()
                        .flat_map(|(len, ones)| (0..len).map(move |i| u8::from(i >= len - ones)))
                        .collect();
                    for layer in &layers {
                        let mut seen = vec![false; values.len()];
                        for runs in &layer.runs {
                            for i in (0..runs.n).flat_map(|k| {
                                (0..runs.len).map(move |i| runs.start + k * runs.step + i)
                            }) {
                                let (a, b) = (i as usize, (i + layer.distance) as usize);
                                assert!(!seen[a] && !seen[b]);
                                (seen[a], seen[b]) = (true, true);
                                if values[b] < values[a] {
                                    values.swap(a, b);
                                }
                            }
                        }
                    }
                    assert!(values.is_sorted(), "{n} {m}");
                }
            }
        }
    }
}
