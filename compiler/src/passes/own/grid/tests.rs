//! Grids against lanes written out: a grid may know less than is true, never more; and what patterns of programs it keeps apart.

use super::super::digits::{inside, lanes_of};
use super::*;
use smpcc_circuit::splitmix::SplitMix;

const P0: Owner = Owner::Party(0);
const P1: Owner = Owner::Party(1);
const P2: Owner = Owner::Party(2);

fn lanes(grid: &Grid) -> Vec<Owner> {
    (0..grid.lanes()).map(|lane| grid.at(lane)).collect()
}

fn row(runs: &[(u64, Owner)]) -> Grid {
    let parts: Vec<Grid> = runs.iter().map(|&(n, o)| Grid::uniform(n, o)).collect();
    Grid::concat(&parts.iter().collect::<Vec<_>>())
}

fn affine_at(start: u64, dims: &[(u64, u64)]) -> ConstVec {
    ConstVec::Affine {
        start: start.into(),
        dims: dims.iter().map(|&(n, s)| (n, s.into())).collect(),
    }
}

/// Whether `found` claims no more than `truth`.
fn covers(found: Owner, truth: Owner) -> bool {
    found.join(truth) == found
}

#[test]
fn rows_of_owners_stay_apart_where_programs_take_them() {
    let rows = row(&[(100, P0), (100, P1), (100, P2)]);
    assert_eq!(rows.dims.len(), 1);
    // Copied twelve times, each row 42 times, backwards.
    let copies = rows.gather(&affine_at(0, &[(12, 0), (300, 1)]));
    assert_eq!((copies.dims.len(), copies.owners.len()), (2, 3));
    let spread = rows.gather(&affine_at(0, &[(300, 1), (42, 0)]));
    assert_eq!(spread, row(&[(4200, P0), (4200, P1), (4200, P2)]));
    let back = rows.gather(&affine_at(299, &[(300, u64::MAX)]));
    assert_eq!(back, row(&[(100, P2), (100, P1), (100, P0)]));
    // Every pair: nine cells, three of them of one owner.
    let pairs = Grid::join(&[
        &rows.gather(&affine_at(0, &[(300, 1), (300, 0)])),
        &rows.gather(&affine_at(0, &[(300, 0), (300, 1)])),
    ]);
    assert_eq!(pairs.owners.len(), 9);
    assert_eq!(
        pairs.owners.iter().filter(|o| **o == Owner::Joint).count(),
        6
    );
    // Neighbours: only the pairs across a border are nobody's.
    let next = rows.gather(&affine_at(1, &[(299, 1)]));
    let neighbours = Grid::join(&[&rows.gather(&affine_at(0, &[(299, 1)])), &next]);
    assert_eq!(
        neighbours,
        row(&[
            (99, P0),
            (1, Owner::Joint),
            (99, P1),
            (1, Owner::Joint),
            (99, P2)
        ])
    );
}

#[test]
fn columns_of_rows_come_apart_and_together() {
    let rows = row(&[(100, P0), (200, P1)]);
    let known = Grid::uniform(300, Owner::Public);
    let columns = Grid::concat(&[&known, &rows, &rows, &rows]);
    assert_eq!(columns.lens(), [4, 300]);
    // Row by row, all pairs of columns.
    let pairs = |by: [u64; 2]| columns.gather(&affine_at(0, &[(300, 1), (3, by[0]), (4, by[1])]));
    let products = Grid::join(&[&pairs([300, 0]), &pairs([0, 300])]);
    assert_eq!(products.whole(), Owner::Joint);
    let sums = products.gather(&affine_at(0, &[(12, 1), (300, 12)]));
    let (kept, cut) = sums.split_at(300).unwrap();
    let piece = &cut.pieces(kept)[..];
    assert_eq!(piece.len(), 3, "the sum over what is known stands apart");
    let owners: Vec<Owner> = (cut.pieces_of(kept, &piece[1]).iter())
        .map(|p| p.owners[0])
        .collect();
    assert_eq!(owners, [P0, P1]);
    assert_eq!(sums.reduce(12).whole(), Owner::Joint);
}

#[test]
fn writing_in_a_place_changes_the_owner_there_alone() {
    let base = Grid::uniform(10_000, P0);
    let at = affine_at(50, &[(20, 100), (25, 1)]);
    let written = base.scatter(&at, &Grid::uniform(500, P1));
    assert_eq!(written.at(50), P1);
    assert_eq!(written.at(49), P0);
    assert_eq!(written.at(75), P0);
    assert_eq!(written.at(1974), P1);
    assert_eq!(written.at(2050), P0);
    assert_eq!(written.owners.len(), 6);
}

fn random(rng: &mut SplitMix, depth: u32) -> Grid {
    let owners = [Owner::Public, P0, P1, Owner::Joint];
    let n = 1 + rng.below(3);
    let grids: Vec<Grid> = (0..n)
        .map(|_| {
            if depth > 0 && rng.below(2) == 0 {
                random(rng, depth - 1)
            } else {
                Grid::uniform(1 + rng.below(4), owners[rng.below(4) as usize])
            }
        })
        .collect();
    let grid = Grid::concat(&grids.iter().collect::<Vec<_>>());
    let all: Vec<Owner> = grids.iter().flat_map(lanes).collect();
    assert!(
        lanes(&grid).iter().zip(&all).all(|(f, t)| covers(*f, *t)),
        "{grids:?}\n{grid:?}"
    );
    match rng.below(3) {
        0 => grid.gather(&affine_at(0, &[(1 + rng.below(3), 0), (grid.lanes(), 1)])),
        1 => grid.gather(&affine_at(0, &[(grid.lanes(), 1), (1 + rng.below(3), 0)])),
        _ => grid,
    }
}

/// Affine indices in range.
fn indices(rng: &mut SplitMix, lanes: u64) -> ConstVec {
    let mut dims = Vec::new();
    let (mut low, mut high) = (0i64, 0i64);
    for _ in 0..rng.below(4) {
        let count = 1 + rng.below(6);
        let step = [0, 1, 1, 2, 3, 4, 6, -1, -2][rng.below(9) as usize];
        let span = step * (count as i64 - 1);
        if high + span.max(0) - low - span.min(0) < lanes as i64 {
            low += span.min(0);
            high += span.max(0);
            dims.push((count, step as u64));
        }
    }
    let room = lanes as i64 - (high - low);
    affine_at((rng.below(room as u64) as i64 - low) as u64, &dims)
}

#[test]
fn grids_never_claim_too_much() {
    let mut rng = SplitMix::new(7);
    let mut mixed = 0;
    for _ in 0..3000 {
        let grid = random(&mut rng, 3);
        let truth = lanes(&grid);
        let n = truth.len() as u64;
        let at = indices(&mut rng, n);
        let picked = grid.gather(&at);
        for (k, lane) in at.words().enumerate() {
            let (found, truth) = (picked.at(k as u64), truth[lane as usize]);
            assert!(covers(found, truth), "{grid:?}\n{at:?}\n{picked:?}");
        }
        mixed += u32::from(picked.is_mixed());
        // Lanes of pieces are each lane once, and owned as the piece says.
        let lens = grid.lens();
        let mut seen = vec![0; truth.len()];
        for piece in grid.pieces(lens.len()) {
            let all = lanes_of(&lens, &piece.ranges);
            for lane in all.words() {
                seen[lane as usize] += 1;
                assert_eq!(truth[lane as usize], piece.owners[0], "{grid:?}");
            }
            if let Some(own) = inside(&lens, &piece.ranges, &at) {
                for (k, lane) in at.words().enumerate() {
                    let at_own = own.get(k as u64) as u64;
                    assert_eq!(all.get(at_own) as u64, lane as u64, "{grid:?} {at:?}");
                }
            }
        }
        assert!(seen.iter().all(|n| *n == 1), "{grid:?}");
        for segments in (1..=n).filter(|s| n.is_multiple_of(*s)) {
            let sums = grid.reduce(segments);
            assert_eq!(sums.lanes(), segments);
            for (i, run) in truth.chunks((n / segments) as usize).enumerate() {
                assert!(covers(
                    sums.at(i as u64),
                    Owner::join_all(run.iter().copied())
                ));
            }
        }
        let other = grid.gather(&affine_at(n - 1, &[(n, u64::MAX)]));
        let both = Grid::join(&[&grid, &other]);
        for lane in 0..n {
            assert!(covers(both.at(lane), grid.at(lane).join(other.at(lane))));
        }
        // At indices that are not known: what lies between may be of either.
        let val = random(&mut rng, 1);
        let bound = |rng: &mut SplitMix| {
            let lanes = 0..val.lanes();
            ConstVec::Table(lanes.map(|_| rng.below(n).into()).collect())
        };
        let (a, b) = (bound(&mut rng), bound(&mut rng));
        let each = |f: fn(Word, Word) -> Word| {
            ConstVec::Table(a.words().zip(b.words()).map(|(a, b)| f(a, b)).collect())
        };
        let (low, high) = (each(Word::min), each(Word::max));
        let may_be = grid.scatter_between(&low, &high, &val).expect("few");
        for lane in 0..n {
            let mut owner = grid.at(lane);
            for k in 0..val.lanes() {
                if (low.get(k)..=high.get(k)).contains(&lane.into()) {
                    owner = owner.join(val.at(k));
                }
            }
            assert!(
                covers(may_be.at(lane), owner),
                "{grid:?} {val:?} {may_be:?}"
            );
        }
        // Beyond what is looked at lane by lane.
        if let Some(written) = grid.boxed(&at, P2) {
            let hit: Vec<u64> = at.words().map(|w| w as u64).collect();
            for lane in 0..n {
                let truth = if hit.contains(&lane) {
                    P2
                } else {
                    truth[lane as usize]
                };
                assert!(
                    covers(written.at(lane), truth),
                    "{grid:?} {at:?} {written:?}"
                );
            }
        }
    }
    assert!(mixed > 300, "{mixed}");
}

#[test]
fn lanes_of_several_owners_are_written_as_they_are() {
    let base = Grid::uniform(30_000, Owner::Public);
    let val = row(&[(9_999, P0), (9_999, P1), (9_999, P2)]);
    let at = affine_at(1, &[(3, 10_000), (9_999, 1)]);
    let written = base.scatter(&at, &val);
    let owners = [0, 1, 9_999, 10_000, 10_001, 29_999].map(|lane| written.at(lane));
    assert_eq!(owners, [Owner::Public, P0, P0, Owner::Public, P1, P2]);
}

#[test]
fn no_lanes_of_several_owners_are_no_lanes() {
    let rows = row(&[(1, P0), (1, P1)]);
    let none = ConstVec::Table(Vec::new());
    assert_eq!(rows.between(&none, &none).lanes(), 0);
    assert_eq!(rows.gather(&none).lanes(), 0);
    let empty = Grid::uniform(0, P0);
    assert_eq!(empty.scatter(&none, &Grid::uniform(0, P1)).lanes(), 0);
}
