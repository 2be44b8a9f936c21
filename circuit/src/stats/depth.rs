//! The longest chains of AND gates and of products, bit by bit through the whole program.
//!
//! Levels are maxima and sums, so a loop is a linear map in the (max, +) algebra: the growth of the carried levels per
//! iteration becomes periodic. The walk simulates iterations until it sees the same growth several periods in a row, and
//! multiplies; a loop of a million iterations costs a few dozen.

use super::control::Control;
use crate::ids::{SectionId, TemplateId, ValueId};
use crate::program::{Node, Op, Program};
use crate::template::{Lit, Template};
use std::collections::HashMap;
use std::rc::Rc;

/// The longest period of growth that is looked for.
const PERIODS: usize = 8;
/// How many equal periods settle it.
const REPEATS: usize = 4;
/// Iterations that are simulated before growth is trusted: at least this many, and more than there are carried bits (a
/// carry climbs one bit per iteration), up to a limit.
const SETTLE: (u64, u64) = (24, 512);
/// Gates that are visited before loops are trusted sooner: nested loops multiply.
const WORK: u64 = 400_000_000;
/// Gates and operations that are visited before the walk gives up.
const MOST: (u64, u64) = (10 * WORK, 4_000_000);

/// Of a value: the level of each bit, and its level in products.
#[derive(Clone)]
struct Level {
    bits: Bits,
    products: u64,
}

/// The levels of a value's bits.
#[derive(Clone)]
enum Bits {
    /// All bits are at one level.
    Even(u64),
    Each(Rc<[u64]>),
}

impl Bits {
    /// The level of each of so many bits.
    fn iter(&self, width: usize) -> impl Iterator<Item = u64> + '_ {
        let (even, each) = match self {
            Self::Even(level) => (Some(*level), &[][..]),
            Self::Each(each) => (None, &**each),
        };
        let even = even.into_iter().cycle().take(width);
        even.chain(each.iter().copied())
    }

    fn most(&self) -> u64 {
        match self {
            Self::Even(level) => *level,
            Self::Each(each) => each.iter().copied().max().unwrap_or(0),
        }
    }
}

impl FromIterator<u64> for Bits {
    fn from_iter<I: IntoIterator<Item = u64>>(bits: I) -> Self {
        let each: Vec<u64> = bits.into_iter().collect();
        match each.split_first() {
            Some((first, rest)) if rest.iter().any(|level| level != first) => {
                Self::Each(each.into())
            }
            first => Self::Even(first.map_or(0, |(first, _)| *first)),
        }
    }
}

impl Level {
    fn flat() -> Self {
        Self {
            bits: Bits::Even(0),
            products: 0,
        }
    }

    fn join(&mut self, other: &Self) {
        self.bits = match (&self.bits, &other.bits) {
            (Bits::Even(a), Bits::Even(b)) => Bits::Even(*a.max(b)),
            (Bits::Each(a), Bits::Each(b)) => a.iter().zip(&**b).map(|(a, b)| *a.max(b)).collect(),
            (Bits::Each(each), Bits::Even(even)) | (Bits::Even(even), Bits::Each(each)) => {
                each.iter().map(|level| *level.max(even)).collect()
            }
        };
        self.products = self.products.max(other.products);
    }
}

/// Numbers that are kept of what circuits did to levels before, at most.
const KEPT: usize = 1 << 22;

/// No level of an input is taken for further than this from the lowest.
const FURTHEST: u64 = 1 << 30;

/// A circuit, and the levels of its inputs as [`Near`] has them.
type Asked = (TemplateId, Vec<u32>);

/// What circuits do to levels: loops ask for the same again and again, and so do the sections of a program.
#[derive(Default)]
pub(super) struct Known {
    /// The longest chain through each circuit.
    depths: HashMap<TemplateId, u32>,
    /// The levels of outputs.
    levels: HashMap<Asked, Rc<[Vec<u32>]>>,
    n_numbers: usize,
}

/// Levels of inputs, moved together: where the next is further away than a circuit is deep, it is brought as near as it can be without
/// being reached by a chain from below.
struct Near {
    levels: Vec<u32>,
    /// Where levels that are near each other begin: here, and where they are.
    starts: Vec<(u32, u64)>,
}

impl Near {
    fn new(arrivals: &[u64], depth: u32) -> Self {
        let mut sorted = arrivals.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let (mut near, mut starts) = (Vec::with_capacity(sorted.len()), Vec::new());
        let (mut at, mut before) = (0u32, 0);
        let apart = u64::from(depth) + 1;
        for &level in &sorted {
            let gap = level - before;
            let far = gap > apart;
            at = (u64::from(at) + gap.min(apart)).min(FURTHEST) as u32;
            if far || starts.is_empty() {
                starts.push((at, level));
            }
            near.push(at);
            before = level;
        }
        let find = |level| near[sorted.partition_point(|&l| l < level)];
        Self {
            levels: arrivals.iter().map(|&level| find(level)).collect(),
            starts,
        }
    }

    /// Where a level of an output is.
    fn back(&self, level: u32) -> u64 {
        let i = self.starts.partition_point(|start| start.0 <= level);
        let start = i.checked_sub(1).map_or((0, 0), |i| self.starts[i]);
        start.1 + u64::from(level - start.0)
    }
}

impl Known {
    /// The levels of a circuit's outputs, and how many numbers were looked at to find them.
    fn outputs(
        &mut self,
        id: TemplateId,
        template: &Template,
        arrivals: &[u64],
    ) -> (Vec<Vec<u64>>, u64) {
        let depth = *(self.depths.entry(id)).or_insert_with(|| template.and_depth());
        let near = Near::new(arrivals, depth);
        let (found, work) = self.outputs_near(id, template, near.levels.clone());
        let level = |(lit, level): (&Lit, &u32)| match lit.wire() {
            0 => 0,
            _ => near.back(*level),
        };
        let outputs = template.outputs.iter().zip(&*found);
        let outputs = outputs.map(|(out, levels)| out.iter().zip(levels).map(level).collect());
        (outputs.collect(), work)
    }

    fn outputs_near(
        &mut self,
        id: TemplateId,
        template: &Template,
        arrivals: Vec<u32>,
    ) -> (Rc<[Vec<u32>]>, u64) {
        let n_in = arrivals.len();
        let key = (id, arrivals);
        if let Some(found) = self.levels.get(&key) {
            return (found.clone(), n_in as u64);
        }
        let level = template.levels(|i| key.1[i]);
        let outputs = template.outputs.iter();
        let found: Rc<[Vec<u32>]> = outputs
            .map(|out| out.iter().map(|lit| level[lit.wire() as usize]).collect())
            .collect();
        self.n_numbers += n_in + found.iter().map(Vec::len).sum::<usize>();
        if self.n_numbers > KEPT {
            *self = Self::default();
        } else {
            self.levels.insert(key, found.clone());
        }
        (found, template.gates.len() as u64)
    }
}

/// What a walk found.
pub(super) struct Depths {
    /// The longest chain of ANDs, and of products.
    pub most: (u64, u64),
    /// Operations that were visited.
    pub visited: u64,
}

/// The longest chains; with a section, those of its operations only. `None` where loops are nested too deeply to find out.
pub(super) fn depths(
    program: &Program,
    control: &Control<'_>,
    only: Option<SectionId>,
    known: &mut Known,
) -> Option<Depths> {
    let mut walk = Walk {
        program,
        control,
        only,
        known,
        levels: HashMap::new(),
        most: (0, 0),
        work: 0,
        visited: 0,
    };
    walk.region(0, &mut 0);
    (!walk.gives_up()).then_some(Depths {
        most: walk.most,
        visited: walk.visited,
    })
}

struct Walk<'a> {
    program: &'a Program,
    control: &'a Control<'a>,
    only: Option<SectionId>,
    known: &'a mut Known,
    levels: HashMap<ValueId, Level>,
    most: (u64, u64),
    /// Gates visited so far, and operations.
    work: u64,
    visited: u64,
}

impl Walk<'_> {
    fn width(&self, v: ValueId) -> usize {
        self.program
            .values
            .get(v.index())
            .map_or(0, |i| i.scalar.width() as usize)
    }

    fn level(&self, v: ValueId) -> Level {
        self.levels.get(&v).cloned().unwrap_or_else(Level::flat)
    }

    fn gives_up(&self) -> bool {
        self.work > MOST.0 || self.visited > MOST.1
    }

    fn set(&mut self, v: ValueId, level: Level) {
        self.most = (
            self.most.0.max(level.bits.most()),
            self.most.1.max(level.products),
        );
        self.levels.insert(v, level);
    }

    fn region(&mut self, index: u32, at: &mut usize) {
        let program = self.program;
        for node in &program.regions[index as usize].nodes {
            self.visited += 1;
            if self.gives_up() {
                return;
            }
            self.node(node, at);
        }
    }

    /// Runs a region on levels; the levels of its results.
    fn call(&mut self, index: u32, args: &[Level], at: &mut usize) -> Vec<Level> {
        let region = &self.program.regions[index as usize];
        for (&p, level) in region.params.iter().zip(args) {
            self.levels.insert(p, level.clone());
        }
        self.region(index, at);
        region.results.iter().map(|&r| self.level(r)).collect()
    }

    fn node(&mut self, node: &Node, at: &mut usize) {
        let args: Vec<Level> = node.args.iter().map(|&a| self.level(a)).collect();
        let results: Vec<Level> = match &node.op {
            Op::Loop { count, body } => {
                let n = count.unwrap_or_else(|| self.control.decision(at));
                let init = &args[usize::from(count.is_none())..];
                self.repeat(*body, n, init, at)
            }
            Op::While { cond, body } => {
                let mut carried = args;
                for _ in 0..self.control.decision(at) {
                    self.call(*cond, &carried, at);
                    carried = self.call(*body, &carried, at);
                }
                self.call(*cond, &carried, at);
                carried
            }
            Op::If { then, otherwise } => {
                let arm = if self.control.decision(at) == 1 {
                    then
                } else {
                    otherwise
                };
                self.call(*arm, &[], at)
            }
            Op::Call(id) if self.counts(node) => {
                let Some(template) = self.program.templates.get(id.index()) else {
                    return;
                };
                let widths = node.args.iter().map(|&a| self.width(a));
                let arrivals = args.iter().zip(widths);
                let arrivals: Vec<u64> = arrivals.flat_map(|(a, w)| a.bits.iter(w)).collect();
                let (outputs, work) = self.known.outputs(*id, template, &arrivals);
                self.work += work;
                let products = args.iter().map(|a| a.products).max().unwrap_or(0);
                let level = |bits: Vec<u64>| Level {
                    bits: bits.into_iter().collect(),
                    products,
                };
                outputs.into_iter().map(level).collect()
            }
            Op::Gather { .. }
            | Op::Scatter { .. }
            | Op::Concat
            | Op::YaoToBoolean
            | Op::BooleanToYao => {
                let mut joined = args.first().cloned().unwrap_or_else(Level::flat);
                for (i, arg) in args.iter().enumerate().skip(1) {
                    // An index decides where, not what.
                    if i != 1 || matches!(node.op, Op::Concat) {
                        joined.join(arg);
                    }
                }
                vec![joined]
            }
            op => {
                let bits = args.iter().map(|a| a.bits.most()).max().unwrap_or(0);
                let step = u64::from(matches!(op, Op::Mul | Op::Dot { .. }) && self.counts(node));
                let products = step + args.iter().map(|a| a.products).max().unwrap_or(0);
                let level = Level {
                    bits: Bits::Even(bits),
                    products,
                };
                vec![level; node.results.len()]
            }
        };
        for (&r, level) in node.results.iter().zip(results) {
            self.set(r, level);
        }
    }

    fn counts(&self, node: &Node) -> bool {
        self.only.is_none_or(|s| s == node.section)
    }

    fn repeat(&mut self, body: u32, n: u64, init: &[Level], at: &mut usize) -> Vec<Level> {
        let counter = Level::flat();
        let results = &self.program.regions[body as usize].results;
        let widths: Vec<usize> = results.iter().map(|&r| self.width(r)).collect();
        let flat = |levels: &[Level]| -> Vec<u64> {
            let levels = levels.iter().zip(&widths);
            levels
                .flat_map(|(l, &w)| l.bits.iter(w).chain([l.products]))
                .collect()
        };
        let mut carried = init.to_vec();
        // Carried levels and the maximum so far, after each iteration.
        let mut history: Vec<Vec<u64>> = Vec::new();
        for i in 0..n {
            if self.gives_up() {
                break;
            }
            let mut args = vec![counter.clone()];
            args.append(&mut carried);
            carried = self.call(body, &args, at);
            if self.control.dynamic[body as usize] {
                continue;
            }
            let mut state = flat(&carried);
            state.extend([self.most.0, self.most.1]);
            history.push(state);
            if history.len() > PERIODS * REPEATS + 1 {
                history.remove(0);
            }
            let done = i + 1;
            let bits = history.last().map_or(0, |h| h.len() as u64);
            let settle = if self.work > WORK {
                1
            } else {
                (bits + 8).clamp(SETTLE.0, SETTLE.1)
            };
            if done < settle {
                continue;
            }
            let Some((period, growth)) = growth(&history) else {
                continue;
            };
            let left = n - done;
            // Whole periods at once, the remainder by simulation.
            let times = left / period as u64;
            let mut grown = growth.iter().map(|g| g.saturating_mul(times));
            for (level, &width) in carried.iter_mut().zip(&widths) {
                let bits = level.bits.iter(width).zip(grown.by_ref().take(width));
                level.bits = bits.map(|(bit, grown)| bit.saturating_add(grown)).collect();
                level.products = level.products.saturating_add(grown.next().unwrap_or(0));
            }
            self.most.0 = self.most.0.saturating_add(grown.next().unwrap_or(0));
            self.most.1 = self.most.1.saturating_add(grown.next().unwrap_or(0));
            for _ in 0..left % period as u64 {
                let mut args = vec![counter.clone()];
                args.append(&mut carried);
                carried = self.call(body, &args, at);
            }
            break;
        }
        carried
    }
}

/// The shortest period whose growth was the same several times in a row, and that growth.
fn growth(history: &[Vec<u64>]) -> Option<(usize, Vec<u64>)> {
    let last = history.len() - 1;
    (1..=PERIODS).find_map(|p| {
        let step = |k: usize| -> Option<Vec<u64>> {
            let (a, b) = (
                history.get(last.checked_sub((k + 1) * p)?)?,
                history.get(last - k * p)?,
            );
            b.iter().zip(a).map(|(b, a)| b.checked_sub(*a)).collect()
        };
        let first = step(0)?;
        (1..REPEATS)
            .all(|k| step(k).as_ref() == Some(&first))
            .then_some((p, first))
    })
}

#[cfg(test)]
mod tests {
    use super::Known;
    use crate::ids::TemplateId;
    use crate::template::Builder;

    /// However far inputs are from each other, levels are those of the circuit itself, also when it is asked again.
    #[test]
    fn levels_are_those_of_the_circuit() {
        let mut t = Builder::new(&[4]);
        let x = t.input(0);
        let first = t.and(x[0], x[1]);
        let second = t.and(first, x[2]);
        let (last, mixed) = (t.and(second, x[3]), t.xor(first, x[3]));
        let outputs = vec![vec![first, second, last], vec![mixed, x[1], !x[2]]];
        let template = t.finish("chain", outputs);
        let (id, mut known) = (TemplateId::new(0), Known::default());
        let levels = [0, 1, 2, 3, 4, 5, 9, 1_000, 1_003, 1_004];
        let mut seed = 1usize;
        for _ in 0..2000 {
            let arrivals: Vec<u64> = (0..4)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    levels[(seed >> 33) % levels.len()]
                })
                .collect();
            let level = template.levels(|i| arrivals[i] as u32);
            let expected: Vec<Vec<u64>> = (template.outputs.iter())
                .map(|out| {
                    out.iter()
                        .map(|lit| level[lit.wire() as usize].into())
                        .collect()
                })
                .collect();
            assert_eq!(
                known.outputs(id, &template, &arrivals).0,
                expected,
                "{arrivals:?}"
            );
        }
        let far: Vec<u64> = [7, 8, 1 << 40, (1 << 40) + 2].into();
        let outputs = known.outputs(id, &template, &far).0;
        assert_eq!(outputs[0], [9, (1 << 40) + 1, (1 << 40) + 3]);
    }
}
