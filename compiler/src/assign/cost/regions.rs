//! Loops, branches and reductions in the cost model: what a region's operations take, times how often it runs.

use super::super::Kind;
use super::super::circuits::ceil_log2;
use super::{Stamp, UNKNOWN_COUNT, Walk, slot};
use crate::ir::{Node, Op, Region};
use smpcc_circuit::ids::ValueId;

impl Walk<'_, '_> {
    pub(super) fn counted(&mut self, node: &Node, count: Option<u64>, start: Stamp) -> Stamp {
        let body = &node.regions[0];
        let init = &node.args[usize::from(count.is_none()).min(node.args.len())..];
        let params = body.params.get(1..).unwrap_or(&[]);
        let mut begin = start;
        for (&p, &v) in params.iter().zip(init) {
            let kind = self.kind(p);
            begin = begin.join(self.get(v, kind, start));
        }
        let n = count.map_or(UNKNOWN_COUNT, |n| n as f64);
        let outer = self.times;
        self.times = outer * n;
        let mut ends = [begin; 2];
        // Bytes of one walk count for all iterations; the second only shows how stamps grow.
        let before = (self.sent.clone(), self.local, self.owned.clone());
        for end in &mut ends {
            (self.sent, self.local, self.owned) = before.clone();
            let at = begin;
            for &p in params {
                let kind = self.kind(p);
                self.define(p, kind, at);
            }
            self.forget(body);
            let mut done = self.region(body, at);
            for (&p, &r) in params.iter().zip(&body.results) {
                let kind = self.kind(p);
                done = done.join(self.get(r, kind, at));
            }
            *end = done;
            begin = done;
        }
        self.times = outer;
        let more = (n - 1.0).max(0.0);
        let end = Stamp {
            ready: ends[0].ready + more * (ends[1].ready - ends[0].ready),
            garbled: ends[0].garbled + more * (ends[1].garbled - ends[0].garbled),
        };
        self.finish(node, params, end)
    }

    /// Conversions that an earlier walk of the same body has paid for.
    fn forget(&mut self, body: &Region) {
        for node in &body.nodes {
            for &r in &node.results {
                for kind in Kind::ALL {
                    self.stamps.there[slot(r, kind)] = None;
                }
            }
        }
        for &p in &body.params {
            for kind in Kind::ALL {
                if kind != self.kind(p) && kind != Kind::Public {
                    self.stamps.there[slot(p, kind)] = None;
                }
            }
        }
    }

    fn finish(&mut self, node: &Node, like: &[ValueId], end: Stamp) -> Stamp {
        for (i, &r) in node.results.iter().enumerate() {
            let kind = like.get(i).map_or(self.kind(r), |&p| self.kind(p));
            self.define(r, kind, end);
            let own = self.kind(r);
            self.stamps.there[slot(r, own)] = Some(end);
        }
        end
    }

    pub(super) fn steered(&mut self, node: &Node, start: Stamp) -> Stamp {
        let mut begin = start;
        let loops = matches!(node.op, Op::While);
        let params = node.regions.last().map_or(&[][..], |r| &r.params);
        for (i, &v) in node.args.iter().enumerate() {
            let kind = params.get(i).map_or(self.kind(v), |&p| self.kind(p));
            begin = begin.join(self.get(v, kind, start));
        }
        let n = if loops { UNKNOWN_COUNT } else { 1.0 };
        let outer = self.times;
        self.times = outer * n;
        let mut end = begin;
        for region in &node.regions {
            for &p in &region.params {
                let kind = self.kind(p);
                self.define(p, kind, begin);
            }
            let mut done = self.region(region, begin);
            let like = if loops { params } else { &node.results };
            for (&r, &p) in region.results.iter().zip(like) {
                let kind = self.kind(p);
                done = done.join(self.get(r, kind, begin));
            }
            end = if loops {
                Stamp {
                    ready: end.ready + (done.ready - begin.ready) * n,
                    garbled: end.garbled + (done.garbled - begin.garbled) * n,
                }
            } else {
                end.join(done)
            };
        }
        self.times = outer;
        self.finish(node, if loops { params } else { &[] }, end)
    }

    pub(super) fn reduce_region(&mut self, node: &Node, start: Stamp) -> Stamp {
        let body = &node.regions[0];
        let mut begin = start;
        for (&p, &v) in body.params.iter().zip(&node.args) {
            let kind = self.kind(p);
            begin = begin.join(self.get(v, kind, start));
        }
        let lanes = node.args.first().map_or(0.0, |&a| self.lanes(a));
        let (segments, scans) = match node.op {
            Op::Scan { segments, .. } => (segments, true),
            Op::Reduce { segments, .. } => (segments, false),
            _ => (1, false),
        };
        let levels = f64::from(ceil_log2((lanes as u64).checked_div(segments).unwrap_or(0)));
        let outer = self.times;
        self.times = outer * if scans { lanes * levels / 2.0 } else { lanes };
        for &p in &body.params {
            let kind = self.kind(p);
            self.define(p, kind, begin);
        }
        let mut done = self.region(body, begin);
        for (&r, &p) in body.results.iter().zip(&body.params) {
            let kind = self.kind(p);
            done = done.join(self.get(r, kind, begin));
        }
        self.times = outer;
        let end = Stamp {
            ready: begin.ready + (done.ready - begin.ready) * levels,
            garbled: begin.garbled + (done.garbled - begin.garbled) * levels,
        };
        self.finish(node, &body.params, end)
    }
}
