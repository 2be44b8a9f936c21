//! Dead code: what nothing needs is left out, and values are numbered anew in the order of their definition.
//!
//! ```text
//! before: v1 = mul a, a   v2 = loop 10 a, b { (i, x, y) … yield x+1, y*y }   (only the first result is used)
//! after:  v1 = loop 10 a { (i, x) … yield x+1 }
//! ```
//!
//! Needed are reveals, assertions, inputs (they are part of the contract; parts of draws are not), outputs, whatever may stop the run (an index not
//! known to be in range), loops that may not end, and what these need. A carried value of a loop is needed if its
//! result or its use in a needed part of the body is; carried values that only feed themselves go.

use super::Outcome;
use super::rewrite::is_droppable;
use crate::ir::{Ir, Node, Op, Reducer, Region, Value};
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::InputLeaf;
use smpcc_circuit::value::ConstVec;

/// The pass.
pub fn run(ir: Ir) -> Outcome {
    swept(ir).0
}

/// The pass, and by old value what it is called now, if it is there.
pub(crate) fn swept(ir: Ir) -> (Outcome, Vec<Option<ValueId>>) {
    let mut marker = Marker {
        def: vec![None; ir.values.len()],
        constants: vec![None; ir.values.len()],
        nodes: Vec::new(),
        live: vec![false; ir.values.len()],
        kept: Vec::new(),
        queue: Vec::new(),
        values: &ir.values,
        inputs: &ir.inputs,
    };
    marker.index(&ir.body, None);
    marker.mark();
    let (live, kept) = (marker.live, marker.kept);
    let mut sweep = Sweep {
        live,
        kept,
        at: 0,
        dropped: false,
        values: Vec::with_capacity(ir.values.len()),
        renamed: vec![None; ir.values.len()],
        old: ir.values,
    };
    let body = sweep.region(ir.body, &[]);
    let same = |(new, old): (usize, &Option<ValueId>)| *old == Some(ValueId::new(new));
    let changed = sweep.dropped || !sweep.renamed.iter().enumerate().all(same);
    let values = sweep.values;
    let ir = Ir { values, body, ..ir };
    let outcome = Outcome {
        ir,
        changed,
        applied_rules: false,
    };
    (outcome, sweep.renamed)
}

/// Where a value comes from: result `k` of a node, or parameter `k` of one of its regions.
#[derive(Clone, Copy)]
enum Site {
    Result(u32, u32),
    Param(u32, u32),
}

struct Marker<'a> {
    def: Vec<Option<Site>>,
    constants: Vec<Option<&'a ConstVec>>,
    /// All nodes in pre-order with the node around them.
    nodes: Vec<(&'a Node, Option<u32>)>,
    live: Vec<bool>,
    kept: Vec<bool>,
    queue: Vec<ValueId>,
    values: &'a [Value],
    inputs: &'a [InputLeaf],
}

impl<'a> Marker<'a> {
    fn index(&mut self, region: &'a Region, parent: Option<u32>) {
        for node in &region.nodes {
            let at = self.nodes.len() as u32;
            self.nodes.push((node, parent));
            self.kept.push(false);
            for (k, result) in node.results.iter().enumerate() {
                self.def[result.index()] = Some(Site::Result(at, k as u32));
            }
            if let (Op::Const(words), [result]) = (&node.op, &node.results[..]) {
                self.constants[result.index()] = Some(words);
            }
            for inner in &node.regions {
                for (k, param) in inner.params.iter().enumerate() {
                    self.def[param.index()] = Some(Site::Param(at, k as u32));
                }
                self.index(inner, Some(at));
            }
        }
    }

    fn mark(&mut self) {
        for at in 0..self.nodes.len() {
            let node = self.nodes[at].0;
            // A node with regions is needed for the needed nodes in them: those ask for it themselves. What it may
            // do by itself is not to end.
            let drawn = matches!(&node.op, Op::Input(id) if self.inputs[id.index()].drawn);
            let needed = if drawn {
                false
            } else if node.regions.is_empty() {
                !is_droppable(node, &|id| self.constants[id.index()], self.values)
            } else {
                node.op == Op::While
            };
            if needed {
                self.keep(at as u32);
            }
        }
        while let Some(id) = self.queue.pop() {
            match self.def[id.index()] {
                None => {}
                Some(Site::Result(at, k)) => {
                    self.keep(at);
                    self.component(at, k as usize);
                }
                Some(Site::Param(at, k)) => {
                    self.keep(at);
                    let node = self.nodes[at as usize].0;
                    let k = k as usize;
                    match &node.op {
                        Op::Loop { .. } if k > 0 => self.component(at, k - 1),
                        Op::While => self.component(at, k),
                        Op::Reduce { .. } | Op::Scan { .. } => {
                            self.component(at, k % node.args.len().max(1));
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// A node is needed: so is the node around it, and what it uses whatever its results are needed for.
    fn keep(&mut self, at: u32) {
        if std::mem::replace(&mut self.kept[at as usize], true) {
            return;
        }
        let (node, parent) = self.nodes[at as usize];
        if let Some(parent) = parent {
            self.keep(parent);
        }
        match &node.op {
            Op::Loop { count: Some(_) } => {}
            Op::Loop { count: None } | Op::If => self.need(node.args[0]),
            Op::While => {
                for &id in &node.regions[0].results {
                    self.need(id);
                }
            }
            // Needed for an index that its operator may find out of range: it must keep an operand.
            Op::Reduce {
                reducer: Reducer::Region,
                ..
            }
            | Op::Scan {
                reducer: Reducer::Region,
                ..
            } => self.component(at, 0),
            _ => {
                for &arg in &node.args {
                    self.need(arg);
                }
            }
        }
    }

    /// Component `k` of what a node with regions carries is needed.
    fn component(&mut self, at: u32, k: usize) {
        let node = self.nodes[at as usize].0;
        let init = match &node.op {
            Op::Loop { count } => Some(k + usize::from(count.is_none())),
            Op::While => Some(k),
            Op::Reduce {
                reducer: Reducer::Region,
                ..
            }
            | Op::Scan {
                reducer: Reducer::Region,
                ..
            } => Some(k),
            Op::If => None,
            _ => return,
        };
        if let Some(&result) = node.results.get(k) {
            self.live[result.index()] = true;
        }
        if let Some(&init) = init.and_then(|i| node.args.get(i)) {
            self.need(init);
        }
        let regions = if node.op == Op::While {
            &node.regions[1..]
        } else {
            &node.regions[..]
        };
        for region in regions {
            if let Some(&result) = region.results.get(k) {
                self.need(result);
            }
        }
    }

    fn need(&mut self, id: ValueId) {
        if !std::mem::replace(&mut self.live[id.index()], true) {
            self.queue.push(id);
        }
    }
}

struct Sweep {
    live: Vec<bool>,
    kept: Vec<bool>,
    /// The next node in pre-order.
    at: usize,
    /// Whether a node was left out.
    dropped: bool,
    old: Vec<Value>,
    values: Vec<Value>,
    renamed: Vec<Option<ValueId>>,
}

impl Sweep {
    /// The region without what is not needed; of its parameters and results those components that are kept.
    fn region(&mut self, region: Region, drop_params: &[usize]) -> Region {
        let params = region.params.iter().enumerate();
        let params = params
            .filter(|(k, _)| !drop_params.contains(k))
            .map(|(_, &id)| self.define(id))
            .collect();
        let mut nodes = Vec::with_capacity(region.nodes.len());
        for node in region.nodes {
            let at = self.at;
            self.at += 1;
            if self.kept[at] {
                nodes.push(self.node(node));
            } else {
                self.dropped = true;
                self.skip(&node);
            }
        }
        Region {
            params,
            nodes,
            results: Vec::new(),
        }
    }

    fn node(&mut self, mut node: Node) -> Node {
        if node.regions.is_empty() {
            for arg in &mut node.args {
                *arg = self.use_(*arg);
            }
            for result in &mut node.results {
                *result = self.define(*result);
            }
            return node;
        }
        // Components of which neither the result nor the parameter is needed.
        let dead: Vec<usize> = (0..node.results.len())
            .filter(|&k| !self.live[node.results[k].index()])
            .collect();
        let first_arg = match &node.op {
            Op::Loop { count: None } => 1,
            Op::If => usize::MAX,
            _ => 0,
        };
        let args = (node.args.iter().enumerate())
            .filter(|(i, _)| *i < first_arg || !dead.contains(&(i - first_arg)))
            .map(|(_, &id)| self.use_(id))
            .collect();
        let n = node.results.len();
        let dead_params: Vec<usize> = match &node.op {
            Op::Loop { .. } => dead.iter().map(|k| k + 1).collect(),
            Op::Reduce { .. } | Op::Scan { .. } => dead.iter().flat_map(|&k| [k, k + n]).collect(),
            _ => dead.clone(),
        };
        let mut regions = Vec::with_capacity(node.regions.len());
        for (i, mut inner) in node.regions.into_iter().enumerate() {
            let results = std::mem::take(&mut inner.results);
            let mut swept = self.region(inner, &dead_params);
            let is_cond = node.op == Op::While && i == 0;
            swept.results = (results.into_iter().enumerate())
                .filter(|(k, _)| is_cond || !dead.contains(k))
                .map(|(_, id)| self.use_(id))
                .collect();
            regions.push(swept);
        }
        let results = (node.results.iter().enumerate())
            .filter(|(k, _)| !dead.contains(k))
            .map(|(_, &id)| self.define(id))
            .collect();
        Node {
            args,
            results,
            regions,
            ..node
        }
    }

    fn skip(&mut self, node: &Node) {
        for inner in node.regions.iter().flat_map(|region| &region.nodes) {
            self.at += 1;
            self.skip(inner);
        }
    }

    fn define(&mut self, id: ValueId) -> ValueId {
        let new = ValueId::new(self.values.len());
        self.values.push(self.old[id.index()].clone());
        self.renamed[id.index()] = Some(new);
        new
    }

    /// Every needed value was defined before; the old id stands for a broken program, which the verifier names.
    fn use_(&self, id: ValueId) -> ValueId {
        self.renamed[id.index()].unwrap_or(id)
    }
}
