//! The owners of a vector some of whose lanes were replaced, at indices that are constant or computed while running.

use super::{Dim, Grid, LOOKED_AT, Owner, aligned, by_lane};
use crate::passes::constants::vectors::{self, affine};
use crate::passes::own::MAX_PIECES;
use crate::passes::own::digits::lanes_of;
use smpcc_circuit::value::{ConstVec, Scalar};

/// More intervals are not told apart.
const MAX_INTERVALS: usize = 256;

impl Grid {
    /// With the lanes at constant indices replaced by others.
    pub fn scatter(&self, at: &ConstVec, val: &Self) -> Self {
        let lanes = self.lanes();
        if let ([before], [written]) = (&self.owners[..], &val.owners[..])
            && before == written
        {
            return Self::uniform(lanes, *before);
        }
        if lanes > 0 && lanes <= LOOKED_AT && at.lanes() <= LOOKED_AT {
            let mut owners: Vec<Owner> = (0..lanes).map(|lane| self.at(lane)).collect();
            for (k, lane) in at.words().enumerate() {
                if let Some(owner) = owners.get_mut(lane as usize) {
                    *owner = val.at(k as u64);
                }
            }
            return by_lane(owners);
        }
        self.piece_by_piece(at, val)
            .unwrap_or_else(|| Self::uniform(lanes, self.whole().join(val.whole())))
    }

    /// [`Grid::scatter`] by the pieces of what is written.
    fn piece_by_piece(&self, at: &ConstVec, val: &Self) -> Option<Self> {
        let lens = val.lens();
        let pieces = val.pieces(lens.len());
        if pieces.len() > MAX_PIECES {
            return None;
        }
        let usize_ = Scalar::USIZE;
        let mut written = self.clone();
        for piece in pieces {
            let lanes = lanes_of(&lens, &piece.ranges);
            let own = vectors::gather(at, usize_, &lanes, usize_, 1)?;
            let owner = piece.owners[0];
            // What has that owner keeps it.
            if self
                .gather(&own)
                .owners
                .iter()
                .any(|&before| before != owner)
            {
                written = written.boxed(&own, owner)?;
            }
        }
        Some(written)
    }

    /// [`Grid::scatter`] of lanes that lie together in each dimension and have one owner.
    pub(super) fn boxed(&self, at: &ConstVec, written: Owner) -> Option<Self> {
        let (start, dims) = affine(at)?;
        let mut rest = u64::try_from(start).ok()?;
        let mut outer = self.lanes();
        let mut inside = Vec::new();
        let unit = (dims.last()?.1 != 1).then_some(&(1, 1));
        for &(count, step) in dims.iter().chain(unit) {
            let step = u64::try_from(step).ok().filter(|step| *step > 0)?;
            let len = outer.checked_div(step)?;
            let first = rest / step;
            if !outer.is_multiple_of(step) || first.checked_add(count)? > len {
                return None;
            }
            let cuts = [first, first + count];
            inside.push((
                Dim {
                    len,
                    cuts: cuts.into_iter().filter(|c| *c > 0 && *c < len).collect(),
                },
                usize::from(first > 0),
            ));
            rest %= step;
            outer = step;
        }
        let (dims, cell): (Vec<Dim>, Vec<usize>) = inside.into_iter().unzip();
        let n: usize = dims.iter().map(Dim::n_cells).product();
        let mut owners = vec![Owner::Public; n];
        let place = (dims.iter().zip(&cell)).fold(0, |at, (dim, cell)| at * dim.n_cells() + cell);
        owners[place] = Owner::Joint;
        let mask = Self { dims, owners };
        let [mut base, mask]: [Self; 2] = aligned(&[self, &mask])?.try_into().ok()?;
        for (owner, hit) in base.owners.iter_mut().zip(mask.owners) {
            if hit == Owner::Joint {
                *owner = written;
            }
        }
        Some(base.normal())
    }

    /// With lanes replaced that are each one of those between two indices, all of them in range: what may be replaced and may stay is
    /// known to who knows both.
    pub fn scatter_between(&self, low: &ConstVec, high: &ConstVec, val: &Self) -> Option<Self> {
        if low.lanes() > LOOKED_AT {
            return None;
        }
        let mut intervals: Vec<(u64, u64, Owner)> = (low.words().zip(high.words()).enumerate())
            .map(|(k, (low, high))| (low as u64, high as u64 + 1, val.at(k as u64)))
            .collect();
        intervals.sort_unstable();
        intervals.dedup();
        if intervals.len() > MAX_INTERVALS {
            return None;
        }
        let len = self.lanes();
        let mut cuts: Vec<u64> = intervals.iter().flat_map(|i| [i.0, i.1]).collect();
        cuts.retain(|cut| *cut > 0 && *cut < len);
        cuts.sort_unstable();
        cuts.dedup();
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let owners = starts
            .map(|at| {
                let there = intervals.iter().filter(|i| i.0 <= at && at < i.1);
                Owner::join_all(there.map(|i| i.2))
            })
            .collect();
        let dims = vec![Dim { len, cuts }];
        let may_be = Self { dims, owners }.normal();
        Some(Self::join(&[self, &may_be]))
    }
}
