//! Small programs for this crate's tests.

use crate::ids::{SectionId, ValueId};
use crate::program::{Domain, Loc, Node, Op, Program, Region, Section, Suite, Threat, ValueInfo};

/// A program of one section that does nothing.
pub fn empty(suite: Suite, n_parties: u32) -> Program {
    Program {
        name: "sample".into(),
        suite,
        threat: Threat::SemiHonest,
        n_parties,
        threshold: 1,
        party_names: vec![String::new(); n_parties as usize],
        present: None,
        params: Vec::new(),
        inputs: Vec::new(),
        results: Vec::new(),
        outputs: Vec::new(),
        values: Vec::new(),
        templates: Vec::new(),
        regions: vec![Region::default()],
        sections: vec![Section {
            domain: Domain::Public,
            why: String::new(),
            file: 0,
            lines: (1, 1),
        }],
        files: vec!["sample.smpc".into()],
    }
}

/// An operation of line 1.
pub fn node(op: Op, args: &[ValueId], results: &[ValueId]) -> Node {
    Node {
        op,
        args: args.to_vec(),
        results: results.to_vec(),
        section: SectionId(0),
        loc: Loc {
            file: 0,
            line: 1,
            col: 1,
        },
    }
}

impl Program {
    /// A new value.
    pub fn value(&mut self, info: ValueInfo) -> ValueId {
        self.values.push(info);
        ValueId::new(self.values.len() - 1)
    }
}
