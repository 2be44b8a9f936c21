//! Minimum cuts, after Dinic: layers by breadth-first search, then flows along them, until no way is left.
//!
//! Of several minimum cuts the one with the largest source side is taken. Edges are walked in the order in which they were added,
//! so that every party finds the same cut.

/// A network of capacities.
#[derive(Debug)]
pub(super) struct Flow {
    /// Of each node, its edges.
    from: Vec<Vec<usize>>,
    /// Where each edge leads, and what it can still take. Edge `e` and its reverse `e ^ 1` stand together.
    edges: Vec<(usize, u64)>,
}

impl Flow {
    /// A network of so many nodes without edges.
    pub fn new(nodes: usize) -> Self {
        Self {
            from: vec![Vec::new(); nodes],
            edges: Vec::new(),
        }
    }

    /// An edge; what takes `u64::MAX` is never cut.
    pub fn edge(&mut self, a: usize, b: usize, capacity: u64) {
        for (from, to, capacity) in [(a, b, capacity), (b, a, 0)] {
            self.from[from].push(self.edges.len());
            self.edges.push((to, capacity));
        }
    }

    /// For each node, whether it is on the source's side of a minimum cut.
    pub fn cut(mut self, source: usize, sink: usize) -> Vec<bool> {
        while let Some(layers) = self.layers(source, sink) {
            let mut next = vec![0; self.from.len()];
            while self.push(source, sink, &layers, &mut next) {}
        }
        // The sink's side: what still reaches it.
        let mut reaches = vec![false; self.from.len()];
        let mut todo = vec![sink];
        reaches[sink] = true;
        while let Some(node) = todo.pop() {
            for &edge in &self.from[node] {
                let (other, _) = self.edges[edge];
                if !reaches[other] && self.edges[edge ^ 1].1 > 0 {
                    reaches[other] = true;
                    todo.push(other);
                }
            }
        }
        reaches.into_iter().map(|reaches| !reaches).collect()
    }

    /// How far each node is from the source; `None` if the sink is out of reach.
    fn layers(&self, source: usize, sink: usize) -> Option<Vec<usize>> {
        let mut layers = vec![usize::MAX; self.from.len()];
        layers[source] = 0;
        let mut row = vec![source];
        while !row.is_empty() && layers[sink] == usize::MAX {
            let mut next = Vec::new();
            for node in row {
                for &edge in &self.from[node] {
                    let (to, left) = self.edges[edge];
                    if left > 0 && layers[to] == usize::MAX {
                        layers[to] = layers[node] + 1;
                        next.push(to);
                    }
                }
            }
            row = next;
        }
        (layers[sink] != usize::MAX).then_some(layers)
    }

    /// Sends what fits along one way through the layers; `next` are the edges that may still lead on.
    fn push(&mut self, source: usize, sink: usize, layers: &[usize], next: &mut [usize]) -> bool {
        let mut way: Vec<usize> = Vec::new();
        let mut at = source;
        while at != sink {
            let Some(&edge) = self.from[at].get(next[at]) else {
                // A dead end: one step back, and never here again.
                let Some(back) = way.pop() else { return false };
                at = self.edges[back ^ 1].0;
                next[at] += 1;
                continue;
            };
            let (to, left) = self.edges[edge];
            if left > 0 && layers[to] == layers[at] + 1 {
                way.push(edge);
                at = to;
            } else {
                next[at] += 1;
            }
        }
        let most = way.iter().map(|&e| self.edges[e].1).min().unwrap_or(0);
        for edge in way {
            if self.edges[edge].1 != u64::MAX {
                self.edges[edge].1 -= most;
            }
            let back = &mut self.edges[edge ^ 1].1;
            *back = back.saturating_add(most).min(u64::MAX - 1);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpcc_circuit::splitmix::SplitMix;

    /// The least capacity between sides, over all choices of sides.
    fn least(n: usize, edges: &[(usize, usize, u64)]) -> u64 {
        (0..1u32 << n)
            .filter(|side| side & 1 == 1 && side >> (n - 1) & 1 == 0)
            .map(|side| weight(edges, |node| side >> node & 1 == 1))
            .min()
            .unwrap()
    }

    fn weight(edges: &[(usize, usize, u64)], side: impl Fn(usize) -> bool) -> u64 {
        let cut = edges.iter().filter(|&&(a, b, _)| side(a) && !side(b));
        cut.map(|edge| edge.2).fold(0, u64::saturating_add)
    }

    #[test]
    fn cuts_are_the_cheapest_and_the_latest() {
        let mut rng = SplitMix::new(3);
        for _ in 0..2000 {
            let n = 2 + rng.below(6) as usize;
            let edges: Vec<(usize, usize, u64)> = (0..rng.below(16))
                .map(|_| {
                    let (a, b) = (rng.below(n as u64) as usize, rng.below(n as u64) as usize);
                    (
                        a,
                        b,
                        if rng.one_in(6) {
                            u64::MAX
                        } else {
                            rng.below(9)
                        },
                    )
                })
                .filter(|(a, b, _)| a != b)
                .collect();
            let best = least(n, &edges);
            if best == u64::MAX {
                continue;
            }
            let mut flow = Flow::new(n);
            edges.iter().for_each(|&(a, b, c)| flow.edge(a, b, c));
            let side = flow.cut(0, n - 1);
            assert!(side[0] && !side[n - 1], "{edges:?}");
            assert_eq!(weight(&edges, |node| side[node]), best, "{edges:?}");
            // No cut of the same weight has more on the source's side.
            let own = side.iter().filter(|side| **side).count() as u32;
            let larger = (0..1u32 << n)
                .filter(|side| side & 1 == 1 && side >> (n - 1) & 1 == 0)
                .filter(|side| weight(&edges, |node| side >> node & 1 == 1) == best)
                .map(u32::count_ones)
                .max();
            assert_eq!(larger, Some(own), "{edges:?}");
        }
    }
}
