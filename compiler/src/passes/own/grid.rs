//! Who knows each lane of a vector, in a form whose size does not follow its lanes.
//!
//! ```text
//! concat x0, x1 (100 lanes of party 0, 200 of party 1), copied twelve times:
//! dimensions 12 · 300, the second cut at 100; cells: party 0, party 1
//! ```
//!
//! Lanes are counted through dimensions, outermost first, and each dimension is cut into intervals. The lanes of one cell, an
//! interval of each dimension, have one owner. Constant indices move dimensions about as a whole. What has no such form, or one
//! of too many cells, is taken as one cell whose owner is the join of all: a grid never claims that somebody knows what he does not.

mod align;
mod written;

use super::digits::Digits;
use crate::passes::constants::vectors::affine;
use align::{aligned, chained, rows, stacked};
use smpcc_circuit::value::{ConstVec, Word};

/// More cells are taken as one.
const MAX_CELLS: usize = 1024;

/// Vectors of more lanes are not looked at lane by lane.
pub const LOOKED_AT: u64 = 4096;

/// Who can compute a value from what he has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Everybody.
    Public,
    /// One party by itself: the value follows from its inputs and from what is public.
    Party(u32),
    /// Nobody alone.
    Joint,
}

impl Owner {
    /// Who can compute something from two values.
    #[must_use]
    pub const fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Public, owner) | (owner, Self::Public) => owner,
            (Self::Party(p), Self::Party(q)) if p == q => self,
            (Self::Party(_) | Self::Joint, Self::Party(_) | Self::Joint) => Self::Joint,
        }
    }

    /// Who can compute something from all of them.
    pub fn join_all(owners: impl IntoIterator<Item = Self>) -> Self {
        owners.into_iter().fold(Self::Public, Self::join)
    }
}

/// The owners of the lanes of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    dims: Vec<Dim>,
    /// Of each cell, in the order of lanes.
    owners: Vec<Owner>,
}

/// A dimension and where it is cut: strictly increasing, inside `0..len`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Dim {
    len: u64,
    cuts: Vec<u64>,
}

impl Dim {
    const fn whole(len: u64) -> Self {
        Self {
            len,
            cuts: Vec::new(),
        }
    }

    fn n_cells(&self) -> usize {
        self.cuts.len() + 1
    }

    /// The interval that a place lies in.
    fn cell(&self, at: u64) -> usize {
        self.cuts.partition_point(|&cut| cut <= at)
    }

    /// Where an interval starts.
    fn start(&self, cell: usize) -> u64 {
        if cell == 0 { 0 } else { self.cuts[cell - 1] }
    }

    /// Where an interval ends.
    fn end(&self, cell: usize) -> u64 {
        self.cuts.get(cell).copied().unwrap_or(self.len)
    }
}

/// Lanes that lie together in each dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'g> {
    /// First place and length per dimension.
    pub ranges: Vec<(u64, u64)>,
    /// The owners of the cells of the dimensions that were not looked at; without such, the piece's own.
    pub owners: &'g [Owner],
}

impl Grid {
    /// One owner for all lanes.
    pub fn uniform(lanes: u64, owner: Owner) -> Self {
        Self {
            dims: vec![Dim::whole(lanes)],
            owners: vec![owner],
        }
    }

    /// Number of lanes.
    pub fn lanes(&self) -> u64 {
        self.lens().into_iter().product()
    }

    /// The lengths of the dimensions.
    pub fn lens(&self) -> Vec<u64> {
        self.dims.iter().map(|dim| dim.len).collect()
    }

    /// Who can compute all lanes.
    pub fn whole(&self) -> Owner {
        Owner::join_all(self.owners.iter().copied())
    }

    /// Whether lanes differ in their owner and some of them have one.
    pub fn is_mixed(&self) -> bool {
        self.owners.len() > 1 && self.owners.iter().any(|o| matches!(o, Owner::Party(_)))
    }

    /// The same with one cell.
    #[must_use]
    pub fn flat(&self) -> Self {
        Self::uniform(self.lanes(), self.whole())
    }

    /// Lane by lane what can be computed from all of these, which have equally many lanes.
    pub fn join(grids: &[&Self]) -> Self {
        let Some((&first, rest)) = grids.split_first() else {
            return Self::uniform(1, Owner::Public);
        };
        if rest.iter().all(|grid| *grid == first) {
            return first.clone();
        }
        let flat = || {
            let owner = Owner::join_all(grids.iter().map(|grid| grid.whole()));
            Self::uniform(first.lanes(), owner)
        };
        let Some(aligned) = aligned(grids) else {
            return flat();
        };
        let owners = (0..aligned[0].owners.len())
            .map(|cell| Owner::join_all(aligned.iter().map(|grid| grid.owners[cell])))
            .collect();
        let dims = aligned[0].dims.clone();
        Self { dims, owners }.normal()
    }

    /// One vector after the other.
    pub fn concat(parts: &[&Self]) -> Self {
        let flat = || {
            let owner = Owner::join_all(parts.iter().map(|part| part.whole()));
            Self::uniform(parts.iter().map(|part| part.lanes()).sum(), owner)
        };
        stacked(parts)
            .or_else(|| chained(parts))
            .or_else(|| stacked(&rows(parts)?.iter().collect::<Vec<_>>()))
            .unwrap_or_else(flat)
    }

    /// The lanes at constant indices, all of them in range.
    pub fn gather(&self, at: &ConstVec) -> Self {
        let lanes = at.lanes();
        if self.owners.len() == 1 || lanes == 0 {
            return Self::uniform(lanes, self.whole());
        }
        if let Some((start, dims)) = affine(at)
            && let Some(grid) = self.through(start, &dims)
        {
            return grid;
        }
        if lanes <= LOOKED_AT {
            by_lane(at.words().map(|lane| self.at(lane as u64)).collect())
        } else {
            (self.through_each(at)).unwrap_or_else(|| Self::uniform(lanes, self.whole()))
        }
    }

    /// The grid of affine countings one after the other, each of which stays with one owner.
    fn through_each(&self, at: &ConstVec) -> Option<Self> {
        let ConstVec::Pieces(pieces) = at else {
            return None;
        };
        let (mut cuts, mut owners): (Vec<u64>, Vec<Owner>) = (Vec::new(), Vec::new());
        let mut lanes = 0;
        for piece in pieces {
            let owner = self.through(piece.start, &piece.dims)?.whole();
            if owners.last() != Some(&owner) {
                owners.push(owner);
                cuts.push(lanes);
            }
            lanes += piece.lanes();
        }
        cuts.remove(0);
        let dims = vec![Dim { len: lanes, cuts }];
        Some(Self { dims, owners }.normal())
    }

    /// Lanes that are each one of those between two indices, all of them in range.
    pub fn between(&self, low: &ConstVec, high: &ConstVec) -> Self {
        let lanes = low.lanes();
        if self.owners.len() == 1 || lanes == 0 || lanes > LOOKED_AT {
            return Self::uniform(lanes, self.whole());
        }
        let owner = |(low, high): (Word, Word)| match &self.dims[..] {
            [dim] => {
                let cells = dim.cell(low as u64)..=dim.cell(high as u64);
                Owner::join_all(cells.map(|cell| self.owners[cell]))
            }
            _ if low == high => self.at(low as u64),
            _ => self.whole(),
        };
        by_lane(low.words().zip(high.words()).map(owner).collect())
    }

    /// With a boundary between dimensions so that `len` lanes are counted inside it; the number of dimensions outside.
    pub fn split_at(&self, len: u64) -> Option<(usize, Self)> {
        let mut inner = 1u64;
        let dims = self.dims.clone();
        for i in (0..self.dims.len()).rev() {
            if inner == len {
                return Some((
                    i + 1,
                    Self {
                        dims,
                        ..self.clone()
                    },
                ));
            }
            let dim = &self.dims[i];
            let whole = inner.checked_mul(dim.len)?;
            if len < whole {
                let m = len / inner;
                if !len.is_multiple_of(inner) || !dim.len.is_multiple_of(m) {
                    return None;
                }
                return Some((i + 1, self.dim_split(i, m)?));
            }
            inner = whole;
        }
        (inner == len).then_some((
            0,
            Self {
                dims,
                ..self.clone()
            },
        ))
    }

    /// With one dimension in two, the inner one of `m` places. A place that is cut inside has a cell of the outer one for itself.
    fn dim_split(&self, i: usize, m: u64) -> Option<Self> {
        let dim = &self.dims[i];
        let mut outer = Vec::with_capacity(2 * dim.cuts.len());
        let mut inner = Vec::with_capacity(dim.cuts.len());
        for cut in &dim.cuts {
            outer.extend([cut / m, cut.div_ceil(m)]);
            inner.push(cut % m);
        }
        for (cuts, len) in [(&mut outer, dim.len / m), (&mut inner, m)] {
            cuts.retain(|cut| *cut > 0 && *cut < len);
            cuts.sort_unstable();
            cuts.dedup();
        }
        let split = [(dim.len / m, outer), (m, inner)].map(|(len, cuts)| Dim { len, cuts });
        let mut dims = self.dims.clone();
        dims.splice(i..=i, split);
        let n = (dims.iter()).try_fold(1usize, |n, dim| n.checked_mul(dim.n_cells()))?;
        if n > 16 * MAX_CELLS {
            return None;
        }
        let owners = (0..n).map(|index| {
            let cells = cells_of(&dims, index);
            let lane =
                (dims.iter().zip(cells)).fold(0, |at, (dim, cell)| at * dim.len + dim.start(cell));
            self.at(lane)
        });
        let owners = owners.collect();
        Some(Self { dims, owners })
    }

    /// Of each segment, the join over its lanes.
    pub fn reduce(&self, segments: u64) -> Self {
        let flat = || Self::uniform(segments, self.whole());
        let Some(len) = self.lanes().checked_div(segments) else {
            return flat();
        };
        let Some((kept, grid)) = self.split_at(len).filter(|_| len > 0) else {
            return flat();
        };
        let n: usize = grid.dims[kept..].iter().map(Dim::n_cells).product();
        let owners: Vec<Owner> = (grid.owners.chunks(n))
            .map(|cells| Owner::join_all(cells.iter().copied()))
            .collect();
        let mut dims = grid.dims[..kept].to_vec();
        if dims.is_empty() {
            dims.push(Dim::whole(1));
        }
        Self { dims, owners }.normal()
    }

    /// The pieces that the first `kept` dimensions fall into, neighbours that are alike taken together.
    pub fn pieces(&self, kept: usize) -> Vec<Piece<'_>> {
        pieces(&self.dims[..kept], &self.owners)
    }

    /// The pieces that the dimensions from `kept` on fall into, for a piece of the others.
    pub fn pieces_of<'g>(&self, kept: usize, piece: &Piece<'g>) -> Vec<Piece<'g>> {
        pieces(&self.dims[kept..], piece.owners)
    }

    /// Whether only the first of the dimensions from `kept` on is cut.
    pub fn runs_from(&self, kept: usize) -> bool {
        (self.dims.iter().skip(kept + 1)).all(|dim| dim.cuts.is_empty())
    }

    /// The owner of a lane.
    fn at(&self, lane: u64) -> Owner {
        let (mut rest, mut index, mut scale) = (lane, 0, 1);
        for dim in self.dims.iter().rev() {
            index += scale * dim.cell(rest % dim.len.max(1));
            scale *= dim.n_cells();
            rest /= dim.len.max(1);
        }
        self.owners.get(index).copied().unwrap_or(Owner::Joint)
    }

    /// The grid of affine indices, if each of them moves along one dimension.
    fn through(&self, start: Word, at: &[(u64, Word)]) -> Option<Self> {
        let digits = Digits::of(start, at, &self.lens())?;
        let mut dims: Vec<Dim> = digits.steps.iter().map(|s| Dim::whole(s.count)).collect();
        // Per dimension of the source: the dimension of the result that moves in it most, and how far the others reach.
        let mut movers = Vec::with_capacity(self.dims.len());
        for (d, dim) in self.dims.iter().enumerate() {
            let (mut mover, mut low, mut high) = (None, digits.start[d], digits.start[d]);
            if !dim.cuts.is_empty() {
                let along = |k: &usize| {
                    let step = digits.steps[*k];
                    (step.dim == Some(d)).then_some(step.step)
                };
                let users: Vec<usize> = (0..dims.len()).filter(|k| along(k).is_some()).collect();
                let most = |k: &&usize| along(k).map(i128::unsigned_abs);
                mover = users.iter().max_by_key(most).copied();
                for &k in users.iter().filter(|k| Some(**k) != mover) {
                    let span = digits.steps[k].span();
                    low += span.min(0);
                    high += span.max(0);
                }
            }
            if let Some(k) = mover {
                let step = digits.steps[k].step;
                for &cut in &dim.cuts {
                    for from in [low, high] {
                        dims[k]
                            .cuts
                            .extend(first_beyond(from, step, i128::from(cut)));
                    }
                }
                let count = dims[k].len;
                dims[k].cuts.retain(|j| *j > 0 && *j < count);
                dims[k].cuts.sort_unstable();
                dims[k].cuts.dedup();
            }
            movers.push((mover, low, high));
        }
        let n: usize = dims
            .iter()
            .try_fold(1usize, |n, dim| n.checked_mul(dim.n_cells()))
            .filter(|n| *n <= 16 * MAX_CELLS)?;
        let mut owners = Vec::with_capacity(n);
        for index in 0..n {
            let cells = cells_of(&dims, index);
            let mut reached = vec![0usize];
            for (dim, &(mover, low, high)) in self.dims.iter().zip(&movers) {
                let by = mover.map_or(0, |k| {
                    digits.steps[k].step * i128::from(dims[k].start(cells[k]))
                });
                let (first, last) = (dim.cell((low + by) as u64), dim.cell((high + by) as u64));
                reached = (reached.iter())
                    .flat_map(|at| (first..=last).map(move |c| at * dim.n_cells() + c))
                    .collect();
            }
            owners.push(Owner::join_all(
                reached.into_iter().map(|at| self.owners[at]),
            ));
        }
        if dims.is_empty() {
            dims.push(Dim::whole(1));
        }
        Some(Self { dims, owners }.normal())
    }

    /// Without cuts and dimensions that say nothing, and with one cell if there are too many.
    fn normal(mut self) -> Self {
        for d in 0..self.dims.len() {
            let n = self.dims[d].n_cells();
            let inner: usize = self.dims[d + 1..].iter().map(Dim::n_cells).product();
            let same = |cell: usize| {
                (self.owners.chunks(n * inner)).all(|table| {
                    table[(cell - 1) * inner..cell * inner] == table[cell * inner..][..inner]
                })
            };
            let keep: Vec<bool> = (0..n).map(|cell| cell == 0 || !same(cell)).collect();
            if keep.iter().all(|keep| *keep) {
                continue;
            }
            self.owners = (self.owners.chunks(inner).enumerate())
                .filter(|(i, _)| keep[i % n])
                .flat_map(|(_, owners)| owners.iter().copied())
                .collect();
            let mut cell = 0;
            self.dims[d].cuts.retain(|_| {
                cell += 1;
                keep[cell]
            });
        }
        let lanes = self.lanes();
        if self.owners.len() > MAX_CELLS || lanes == 0 {
            return Self::uniform(lanes, self.whole());
        }
        let mut dims: Vec<Dim> = Vec::with_capacity(self.dims.len());
        for dim in self.dims {
            match dims.last_mut() {
                _ if dim.len == 1 => {}
                Some(outer) if dim.cuts.is_empty() => {
                    outer.len *= dim.len;
                    outer.cuts.iter_mut().for_each(|cut| *cut *= dim.len);
                }
                Some(_) | None => dims.push(dim),
            }
        }
        if dims.is_empty() {
            dims.push(Dim::whole(1));
        }
        Self { dims, ..self }
    }

    /// With more cuts, one list per dimension.
    fn refined(&self, cuts: &[Vec<u64>]) -> Self {
        let dims: Vec<Dim> = (self.dims.iter().zip(cuts))
            .map(|(dim, cuts)| Dim {
                len: dim.len,
                cuts: cuts.clone(),
            })
            .collect();
        let n: usize = dims.iter().map(Dim::n_cells).product();
        let owners = (0..n)
            .map(|index| {
                let cells = cells_of(&dims, index);
                let place = |at: usize, ((old, new), cell): ((&Dim, &Dim), usize)| {
                    at * old.n_cells() + old.cell(new.start(cell))
                };
                let at = self.dims.iter().zip(&dims).zip(cells).fold(0, place);
                self.owners[at]
            })
            .collect();
        Self { dims, owners }
    }
}

/// Runs of lanes with one owner.
fn by_lane(lanes: Vec<Owner>) -> Grid {
    let cuts: Vec<u64> = (1..lanes.len())
        .filter(|&i| lanes[i] != lanes[i - 1])
        .map(|i| i as u64)
        .collect();
    let owners = std::iter::once(0)
        .chain(cuts.iter().copied())
        .map(|i| lanes[i as usize])
        .collect();
    let len = lanes.len() as u64;
    let dims = vec![Dim { len, cuts }];
    Grid { dims, owners }.normal()
}

/// The interval of each dimension of a cell.
fn cells_of(dims: &[Dim], index: usize) -> Vec<usize> {
    let mut rest = index;
    let mut cells: Vec<usize> = (dims.iter().rev())
        .map(|dim| {
            let cell = rest % dim.n_cells();
            rest /= dim.n_cells();
            cell
        })
        .collect();
    cells.reverse();
    cells
}

fn pieces<'g>(dims: &[Dim], owners: &'g [Owner]) -> Vec<Piece<'g>> {
    let Some((dim, inner)) = dims.split_first() else {
        let ranges = Vec::new();
        return vec![Piece { ranges, owners }];
    };
    let size = owners.len() / dim.n_cells();
    let mut out = Vec::new();
    let mut first = 0;
    for cell in 0..dim.n_cells() {
        let table = &owners[cell * size..][..size];
        if owners.get((cell + 1) * size..(cell + 2) * size) == Some(table) {
            continue;
        }
        let from = dim.start(first);
        for piece in pieces(inner, table) {
            let mut ranges = vec![(from, dim.end(cell) - from)];
            ranges.extend(piece.ranges);
            out.push(Piece { ranges, ..piece });
        }
        first = cell + 1;
    }
    out
}

/// The first `j` at which `from + step·j` is on the other side of a cut.
fn first_beyond(from: i128, step: i128, cut: i128) -> Option<u64> {
    let (gap, step) = if step > 0 {
        (cut - from, step)
    } else {
        (from - (cut - 1), -step)
    };
    u64::try_from(gap.checked_add(step - 1)?.checked_div(step)?).ok()
}

#[cfg(test)]
mod tests;
