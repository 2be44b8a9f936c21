//! Programs put together operation by operation: by tests, benchmarks and whoever measures protocols. The compiler has its own way,
//! which knows of sections and sources.
//!
//! Nothing is checked here; [`crate::verify`] says what is wrong with the result.
//!
//! ```
//! use smpcc_circuit::program::builder::Builder;
//! use smpcc_circuit::program::{Domain, Op, Suite};
//! use smpcc_circuit::value::Scalar;
//!
//! let (a, u64) = (Domain::Arithmetic { ring: 64 }, Scalar::unsigned(64));
//! let mut b = Builder::new(Suite::Rep3, 3, 1);
//! let x = b.input(0, a, u64, 10);
//! let square = b.op(Op::Mul, &[x, x], a, u64, 10);
//! b.output(square, &[0, 1, 2]);
//! assert!(smpcc_circuit::verify::verify(b.program).is_ok());
//! ```

use super::{
    Domain, InputLeaf, Loc, Node, Op, OutputLeaf, Program, Region, Section, Suite, Threat,
    ValueInfo,
};
use crate::ids::{InputId, OutputId, SectionId, TemplateId, ValueId};
use crate::template::Template;
use crate::value::{ConstVec, Scalar};

/// A program so far; nodes go to the region opened last.
pub struct Builder {
    /// The program.
    pub program: Program,
    /// Where the next nodes come from.
    pub loc: Loc,
    open: Vec<usize>,
}

impl Builder {
    /// An empty program in one section.
    pub fn new(suite: Suite, n_parties: u32, threshold: u32) -> Self {
        let section = Section {
            domain: Domain::Public,
            why: String::new(),
            file: 0,
            lines: (0, 0),
        };
        Self {
            program: Program {
                name: "built".into(),
                suite,
                threat: Threat::SemiHonest,
                n_parties,
                threshold,
                party_names: (0..n_parties).map(|i| format!("party {i}")).collect(),
                present: None,
                params: Vec::new(),
                inputs: Vec::new(),
                results: Vec::new(),
                outputs: Vec::new(),
                values: Vec::new(),
                templates: Vec::new(),
                regions: vec![Region::default()],
                sections: vec![section],
                files: Vec::new(),
            },
            loc: Loc::default(),
            open: vec![0],
        }
    }

    /// A value that nothing gives yet.
    pub fn value(&mut self, domain: Domain, scalar: Scalar, lanes: u64) -> ValueId {
        self.program.values.push(ValueInfo {
            domain,
            scalar,
            lanes,
        });
        ValueId::new(self.program.values.len() - 1)
    }

    /// An operation on values that are there.
    pub fn node(&mut self, op: Op, args: &[ValueId], results: &[ValueId]) {
        let region = self.open.last().copied().unwrap_or_default();
        self.program.regions[region].nodes.push(Node {
            op,
            args: args.to_vec(),
            results: results.to_vec(),
            section: SectionId(0),
            loc: self.loc,
        });
    }

    /// An operation with one result.
    pub fn op(
        &mut self,
        op: Op,
        args: &[ValueId],
        domain: Domain,
        scalar: Scalar,
        lanes: u64,
    ) -> ValueId {
        let result = self.value(domain, scalar, lanes);
        self.node(op, args, &[result]);
        result
    }

    /// An operation with `n` results of one shape.
    pub fn several(
        &mut self,
        op: Op,
        args: &[ValueId],
        (domain, scalar, lanes): (Domain, Scalar, u64),
        n: usize,
    ) -> Vec<ValueId> {
        let results: Vec<_> = (0..n).map(|_| self.value(domain, scalar, lanes)).collect();
        self.node(op, args, &results);
        results
    }

    /// A party's input.
    pub fn input(&mut self, party: u32, domain: Domain, scalar: Scalar, lanes: u64) -> ValueId {
        let id = InputId::new(self.program.inputs.len());
        self.program.inputs.push(InputLeaf {
            party,
            path: format!("x{}", id.0),
            scalar,
            lanes,
            public: domain == Domain::Public,
            drawn: false,
            range: None,
        });
        self.op(Op::Input(id), &[], domain, scalar, lanes)
    }

    /// Words that stand in the program.
    pub fn constant(&mut self, scalar: Scalar, words: ConstVec) -> ValueId {
        let lanes = words.lanes();
        self.op(Op::Const(words), &[], Domain::Public, scalar, lanes)
    }

    /// An output to these parties.
    pub fn output(&mut self, value: ValueId, receivers: &[u32]) -> OutputId {
        let info = self.program.values[value.index()];
        let id = OutputId::new(self.program.outputs.len());
        self.program.outputs.push(OutputLeaf {
            receivers: receivers.to_vec(),
            path: format!("y{}", id.0),
            scalar: info.scalar,
            lanes: info.lanes,
        });
        self.node(Op::Output(id), &[value], &[]);
        id
    }

    /// A circuit to call.
    pub fn template(&mut self, template: Template) -> TemplateId {
        self.program.templates.push(template);
        TemplateId::new(self.program.templates.len() - 1)
    }

    /// Opens a region with these parameters; nodes go there until it is closed.
    pub fn open(&mut self, params: &[ValueId]) -> u32 {
        self.program.regions.push(Region {
            params: params.to_vec(),
            ..Region::default()
        });
        self.open.push(self.program.regions.len() - 1);
        self.program.regions.len() as u32 - 1
    }

    /// Ends the region opened last, with these results. The program's own region is never ended.
    pub fn close(&mut self, results: &[ValueId]) {
        if self.open.len() > 1
            && let Some(region) = self.open.pop()
        {
            self.program.regions[region].results = results.to_vec();
        }
    }
}
