//! Where boxes and arrows go: layers from top to bottom, few crossings, arrows around boxes.
//!
//! The layered method (Sugiyama, Tagawa, Toda 1981) in its plainest form: arrows that close a circle are turned round, a box
//! stands one layer below the lowest box that leads to it, long arrows get a bend in every layer that they cross, and boxes
//! move towards the middle of their neighbours a fixed number of times. Only basic arithmetic, in a fixed order: the same
//! picture everywhere.

/// Space between boxes of a layer, and between layers.
const GAP: (f64, f64) = (36.0, 76.0);
/// Width that an arrow takes where it passes a layer.
const BEND: f64 = 18.0;
/// Times that boxes are sorted by their neighbours.
const SWEEPS: usize = 12;

/// A place in the picture.
pub(super) type Point = (f64, f64);

/// A laid-out graph.
pub(super) struct Layout {
    /// Width and height of the whole.
    pub size: Point,
    /// Centre of the upper edge of each box.
    pub boxes: Vec<Point>,
    /// The way of each arrow, from its tail to its head: lower and upper ends of straight pieces.
    pub ways: Vec<Vec<Point>>,
}

/// Places boxes of given sizes; `edges` are pairs of their indices.
pub(super) fn layout(sizes: &[Point], edges: &[(usize, usize)]) -> Layout {
    let turned = turned(sizes.len(), edges);
    let down: Vec<(usize, usize)> = edges
        .iter()
        .zip(&turned)
        .map(|(&(a, b), &turn)| if turn { (b, a) } else { (a, b) })
        .collect();
    let layer_of = layers(sizes.len(), &down);
    // Boxes and bends together are cells; each belongs to a layer.
    let mut cells = Cells {
        width: sizes.iter().map(|s| s.0).collect(),
        layer: layer_of.clone(),
        links: Vec::new(),
    };
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for &(a, b) in &down {
        let mut chain = vec![a];
        for layer in layer_of[a] + 1..layer_of[b] {
            cells.width.push(BEND);
            cells.layer.push(layer);
            chain.push(cells.width.len() - 1);
        }
        chain.push(b);
        cells
            .links
            .extend(chain.windows(2).map(|pair| (pair[0], pair[1])));
        chains.push(chain);
    }
    let rows = cells.order();
    let x = cells.columns(&rows);
    let mut top = vec![0.0; rows.len()];
    let mut height = vec![0.0f64; rows.len()];
    for (i, size) in sizes.iter().enumerate() {
        height[layer_of[i]] = height[layer_of[i]].max(size.1);
    }
    let mut y = 0.0;
    for (row, top) in top.iter_mut().enumerate() {
        *top = y;
        y += height[row] + GAP.1;
    }
    let width = (0..x.len())
        .map(|c| x[c] + cells.width[c] / 2.0)
        .fold(0.0, f64::max);
    let boxes: Vec<Point> = (0..sizes.len())
        .map(|i| {
            (
                x[i],
                top[layer_of[i]] + (height[layer_of[i]] - sizes[i].1) / 2.0,
            )
        })
        .collect();
    let ports = ports(&chains, &x, sizes);
    let ways = chains
        .iter()
        .zip(&ports)
        .zip(&turned)
        .map(|((chain, &(out, into)), &turn)| {
            let (first, last) = (chain[0], chain[chain.len() - 1]);
            let mut way = vec![(boxes[first].0 + out, boxes[first].1 + sizes[first].1)];
            for &bend in &chain[1..chain.len() - 1] {
                let row = cells.layer[bend];
                way.push((x[bend], top[row]));
                way.push((x[bend], top[row] + height[row]));
            }
            way.push((boxes[last].0 + into, boxes[last].1));
            if turn {
                way.reverse();
            }
            way
        })
        .collect();
    Layout {
        size: (width, (y - GAP.1).max(0.0)),
        boxes,
        ways,
    }
}

/// Which arrows to turn round so that nothing leads back to itself: those that lead to a box on the way that is walked.
fn turned(n: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut out: Vec<Vec<(usize, usize)>> = vec![Vec::new(); n];
    for (i, &(a, b)) in edges.iter().enumerate() {
        out[a].push((i, b));
    }
    let mut mark = vec![Mark::New; n];
    let mut turned = vec![false; edges.len()];
    for root in 0..n {
        if mark[root] != Mark::New {
            continue;
        }
        mark[root] = Mark::Open;
        let mut stack = vec![(root, 0)];
        while let Some((at, next)) = stack.pop() {
            let Some(&(edge, to)) = out[at].get(next) else {
                mark[at] = Mark::Done;
                continue;
            };
            stack.push((at, next + 1));
            match mark[to] {
                Mark::Open => turned[edge] = true,
                Mark::New => {
                    mark[to] = Mark::Open;
                    stack.push((to, 0));
                }
                Mark::Done => {}
            }
        }
    }
    turned
}

/// The longest way to each box; boxes that nothing leads to stand just above the first that they lead to.
fn layers(n: usize, down: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0usize; n];
    // Without circles, as many rounds as there are boxes settle it.
    for _ in 0..n {
        let before = layer.clone();
        for &(a, b) in down {
            layer[b] = layer[b].max(layer[a] + 1);
        }
        if layer == before {
            break;
        }
    }
    for i in 0..n {
        let entered = down.iter().any(|&(_, b)| b == i);
        let next = down
            .iter()
            .filter(|&&(a, _)| a == i)
            .map(|&(_, b)| layer[b]);
        if let (false, Some(least)) = (entered, next.min()) {
            layer[i] = least.saturating_sub(1);
        }
    }
    layer
}

struct Cells {
    width: Vec<f64>,
    layer: Vec<usize>,
    links: Vec<(usize, usize)>,
}

impl Cells {
    /// The cells of each layer from left to right.
    fn order(&self) -> Vec<Vec<usize>> {
        let n_layers = self.layer.iter().max().map_or(0, |l| l + 1);
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); n_layers];
        for (cell, &layer) in self.layer.iter().enumerate() {
            rows[layer].push(cell);
        }
        let mut best = rows.clone();
        let mut fewest = self.crossings(&rows);
        for sweep in 0..SWEEPS {
            let at = positions(&rows, self.width.len());
            for row in &mut rows {
                let mut keyed: Vec<(f64, usize)> = row
                    .iter()
                    .map(|&c| (self.middle(c, &at, sweep % 3), c))
                    .collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                *row = keyed.into_iter().map(|(_, c)| c).collect();
            }
            let crossings = self.crossings(&rows);
            if crossings < fewest {
                (best, fewest) = (rows.clone(), crossings);
            }
        }
        best
    }

    /// The middle of the neighbours' places: above, below, or both.
    fn middle(&self, cell: usize, at: &[f64], side: usize) -> f64 {
        let (mut sum, mut n) = (0.0, 0.0);
        for &(a, b) in &self.links {
            for (here, there, wanted) in [(b, a, side != 1), (a, b, side != 0)] {
                if here == cell && wanted {
                    sum += at[there];
                    n += 1.0;
                }
            }
        }
        if n == 0.0 { at[cell] } else { sum / n }
    }

    fn crossings(&self, rows: &[Vec<usize>]) -> usize {
        let at = positions(rows, self.width.len());
        let mut n = 0;
        for (i, &(a, b)) in self.links.iter().enumerate() {
            for &(c, d) in &self.links[i + 1..] {
                if self.layer[a] == self.layer[c] && (at[a] - at[c]) * (at[b] - at[d]) < 0.0 {
                    n += 1;
                }
            }
        }
        n
    }

    /// Horizontal centres: side by side, then towards the neighbours as far as there is room.
    fn columns(&self, rows: &[Vec<usize>]) -> Vec<f64> {
        let mut x = vec![0.0; self.width.len()];
        for row in rows {
            let mut left = 0.0;
            for &c in row {
                x[c] = left + self.width[c] / 2.0;
                left += self.width[c] + GAP.0;
            }
        }
        for _ in 0..4 * SWEEPS {
            for row in rows {
                let wanted: Vec<f64> = row.iter().map(|&c| self.middle(c, &x, 2)).collect();
                self.settle(row, &wanted, &mut x);
            }
        }
        let least = (0..x.len())
            .map(|c| x[c] - self.width[c] / 2.0)
            .fold(f64::INFINITY, f64::min);
        if least.is_finite() {
            x.iter_mut().for_each(|x| *x -= least);
        }
        x
    }

    /// Moves the cells of a row to where they want to be, in order and without overlap; where several want the same place,
    /// they share the way to it.
    fn settle(&self, row: &[usize], wanted: &[f64], x: &mut [f64]) {
        let apart = |a: usize, b: usize| (self.width[a] + self.width[b]) / 2.0 + GAP.0;
        // Groups of touching cells: first index, offsets' sum taken off, mean wanted place of the first cell.
        let mut groups: Vec<(usize, usize, f64)> = Vec::new();
        let mut offset = vec![0.0; row.len()];
        for i in 0..row.len() {
            if i > 0 {
                offset[i] = offset[i - 1] + apart(row[i - 1], row[i]);
            }
            let mut group = (i, 1usize, wanted[i] - offset[i]);
            while let Some(&(start, n, mean)) = groups.last() {
                if mean <= group.2 {
                    break;
                }
                groups.pop();
                let total = n + group.1;
                let both = (mean * n as f64 + group.2 * group.1 as f64) / total as f64;
                group = (start, total, both);
            }
            groups.push(group);
        }
        for (start, n, place) in groups {
            for i in start..start + n {
                x[row[i]] = place + offset[i];
            }
        }
    }
}

fn positions(rows: &[Vec<usize>], n: usize) -> Vec<f64> {
    let mut at = vec![0.0; n];
    for row in rows {
        for (i, &c) in row.iter().enumerate() {
            at[c] = i as f64;
        }
    }
    at
}

/// For each arrow, how far from the middle of its boxes it leaves and enters: side by side in the order of the other ends.
fn ports(chains: &[Vec<usize>], x: &[f64], sizes: &[Point]) -> Vec<(f64, f64)> {
    let mut ports = vec![(0.0, 0.0); chains.len()];
    for (cell, size) in sizes.iter().enumerate() {
        for enters in [false, true] {
            let end = |chain: &[usize]| {
                if enters {
                    chain[chain.len() - 1]
                } else {
                    chain[0]
                }
            };
            let next = |chain: &[usize]| {
                if enters {
                    chain[chain.len() - 2]
                } else {
                    chain[1]
                }
            };
            let mut here: Vec<usize> = (0..chains.len())
                .filter(|&i| end(&chains[i]) == cell)
                .collect();
            here.sort_by(|&a, &b| x[next(&chains[a])].total_cmp(&x[next(&chains[b])]));
            let step = (size.0 * 0.7 / here.len().max(1) as f64).min(40.0);
            let middle = (here.len() as f64 - 1.0) / 2.0;
            for (k, i) in here.into_iter().enumerate() {
                let port = (k as f64 - middle) * step;
                if enters {
                    ports[i].1 = port;
                } else {
                    ports[i].0 = port;
                }
            }
        }
    }
    ports
}
