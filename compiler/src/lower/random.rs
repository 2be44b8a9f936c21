//! `random()`: each draw as one hidden input of every party, all of them joined by XOR.
//!
//! A draw's words are fixed before any pass: they are the parts of one input leaf for each place and call path at which `random()` is
//! traced, and in a rolled loop the lanes of its iteration. So no pass has to know of draws: two draws are two inputs, which nothing
//! merges; code that is copied reads the same input; and iterations that become lanes keep their own words.

use super::Tracer;
use super::fault::{Fault, Stop, Traced, code};
use super::value::{Leaf, Val};
use super::{MAX_LANES, Node};
use crate::hir::{Len, Type};
use crate::ir::{Op, Ty};
use crate::library;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::InputId;
use smpcc_circuit::program::InputLeaf;
use smpcc_circuit::value::Scalar;

/// A rolled loop around what is traced.
#[derive(Clone, Debug)]
pub(super) struct Iteration {
    /// A number of iterations that it does not exceed, and which of them this is; none where nobody knows before the run.
    counted: Option<(u64, Leaf)>,
}

impl Iteration {
    /// A loop of which nobody knows how often it runs.
    pub const fn uncounted() -> Self {
        Self { counted: None }
    }
}

impl<'h> Tracer<'h> {
    /// In the innermost loop: its counter `k` stays below `n`.
    pub(super) fn counts(&mut self, n: &Leaf, k: &Leaf) {
        let most = n.known_u64().or_else(|| {
            let hi = n.interval().and_then(|range| u64::try_from(range.hi).ok());
            hi.filter(|&hi| hi <= MAX_LANES)
        });
        if let Some(innermost) = self.iterations.last_mut() {
            innermost.counted = most.map(|n| (n, k.clone()));
        }
    }

    /// How often what stands here is run, over all iterations of the loops around it.
    ///
    /// # Errors
    /// A loop may run any number of times.
    pub(super) fn times(&self) -> Traced<u64> {
        let mut times = self.batch.unwrap_or(1);
        for iteration in &self.iterations {
            let n = iteration.counted.as_ref().map(|(n, _)| *n);
            times = times.saturating_mul(n.ok_or_else(|| self.uncounted())?);
        }
        Ok(times)
    }

    fn uncounted(&self) -> Stop {
        let what = "nobody knows before the run how often this is drawn";
        let help = "draw in a `for` loop over a known range, and leave it with `break`, or draw an array before the loop";
        Fault::new(code::DRAWS, self.span, what)
            .here("in a loop that may run any number of times")
            .help(help)
            .into()
    }

    /// A value of that type with every word drawn.
    pub(super) fn random(&mut self, ty: &Type) -> Traced<Val<'h>> {
        if self.batch.is_some() && matches!(ty, Type::Array(..)) {
            return Err(Stop::NotElementwise);
        }
        self.drawn(ty, self.batch.unwrap_or(1))
    }

    fn drawn(&mut self, ty: &Type, lanes: u64) -> Traced<Val<'h>> {
        match ty {
            Type::Array(_, Len::Const(0)) => Ok(self.zero(ty, lanes)),
            Type::Array(element, Len::Const(n)) => {
                let lanes = self.product(lanes, *n)?;
                let element = self.drawn(element, lanes)?;
                Ok(Val::Array(*n, Box::new(element)))
            }
            Type::Array(..) => {
                let what = "nothing says how many `random()` draws here";
                Err(Fault::new(code::LENGTHS, self.span, what)
                    .help("give a length: `let rs: [secret u32; 10] = random();`")
                    .into())
            }
            leaf => {
                let scalar = self.scalar(leaf)?;
                self.draw(scalar, lanes).map(Val::Leaf)
            }
        }
    }

    /// So many words of a type, uniform and independent, anew in each iteration of the loops around.
    fn draw(&mut self, scalar: Scalar, lanes: u64) -> Traced<Leaf> {
        let mut all = lanes;
        let mut which: Option<Leaf> = None;
        for iteration in self.iterations.clone() {
            let (n, k) = iteration.counted.ok_or_else(|| self.uncounted())?;
            all = self.product(all, n)?;
            which = Some(match which {
                None => k,
                Some(outer) => {
                    let usize = Scalar::USIZE;
                    let rows = self.word(WordOp::Mul, usize, &[outer, Leaf::usize(n)])?;
                    self.word(WordOp::Add, usize, &[rows, k])?
                }
            });
        }
        let drawn = self.ahead(&mut |t| t.parts(scalar, all))?;
        match which {
            None => Ok(drawn),
            Some(index) => self.gather(&drawn, &index, lanes),
        }
    }

    /// The XOR of what each party draws.
    fn parts(&mut self, scalar: Scalar, lanes: u64) -> Traced<Leaf> {
        let mut drawn: Option<Leaf> = None;
        for party in 0..self.n_nodes() {
            let id = InputId::new(self.inputs.len());
            self.inputs.push(InputLeaf {
                party,
                path: "random()".into(),
                scalar,
                lanes,
                public: false,
                drawn: true,
                range: None,
            });
            let ty = Ty {
                scalar,
                lanes,
                secret: true,
            };
            let part = self.node1(Op::Input(id), Vec::new(), ty)?;
            drawn = Some(match drawn {
                None => part,
                Some(before) => self.word(WordOp::Xor, scalar, &[before, part])?,
            });
        }
        drawn.ok_or_else(|| Fault::new(code::PARTIES, self.span, "nobody draws").into())
    }

    /// Emits before everything else, outside of all loops and without the protocol that is asked for here.
    fn ahead(&mut self, emit: &mut dyn FnMut(&mut Self) -> Traced<Leaf>) -> Traced<Leaf> {
        let before: Vec<Node> = std::mem::take(&mut self.draws);
        self.blocks.push(before);
        // What the library draws, it draws for the program.
        let span = self.span;
        if library::owns(span.file) {
            self.span = self.called;
        }
        let protocol = self.frame().protocol.take();
        let batch = self.batch.take();
        let emitted = emit(self);
        self.batch = batch;
        self.frame().protocol = protocol;
        self.span = span;
        self.draws = self.blocks.pop().unwrap_or_default();
        emitted
    }
}
