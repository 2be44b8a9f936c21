//! Builds an [`Ir`] node by node, with result types inferred: for passes' tests, generated programs and small rewrites.
//!
//! A mistake in the operands does not stop the builder (it gives the result the first operand's type); the verifier
//! reports it, so that tests can also build what is wrong.

use super::verify::result_ty;
use super::{Ir, Node, Op, Reducer, Region, Ty, Value};
use crate::hir::{Range, ValueRange};
use crate::span::Span;
use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::{InputId, OutputId, ValueId};
use smpcc_circuit::program::{InputLeaf, OutputLeaf};
use smpcc_circuit::value::{ConstVec, Scalar, Word};

/// A program under construction.
#[derive(Debug)]
pub struct Builder {
    pub(crate) ir: Ir,
    open: Vec<Region>,
    /// The span of the nodes to come.
    pub span: Span,
}

impl Builder {
    /// An empty program for `n_parties` parties without declared roles.
    pub fn new(n_parties: u32) -> Self {
        Self {
            ir: Ir {
                n_parties,
                party_names: (0..n_parties).map(|p| format!("party {p}")).collect(),
                present: None,
                params: Vec::new(),
                inputs: Vec::new(),
                results: Vec::new(),
                outputs: Vec::new(),
                values: Vec::new(),
                body: Region::default(),
            },
            open: vec![Region::default()],
            span: Span::default(),
        }
    }

    /// The finished program.
    pub fn finish(mut self) -> Ir {
        self.ir.body = self.open.swap_remove(0);
        self.ir
    }

    /// The type of a value.
    pub fn ty(&self, id: ValueId) -> Ty {
        self.ir.values[id.index()].ty
    }

    /// Declares a range of a value.
    pub fn set_range(&mut self, id: ValueId, lo: i128, hi: i128) {
        self.ir.values[id.index()].range = Some(Range { lo, hi });
    }

    /// A secret input of one party.
    pub fn input(&mut self, party: u32, path: &str, scalar: Scalar, lanes: u64) -> ValueId {
        self.input_leaf(InputLeaf {
            party,
            path: path.into(),
            scalar,
            lanes,
            public: false,
            drawn: false,
            range: None,
        })
    }

    /// An input as its leaf says; a declared range becomes the value's range.
    pub fn input_leaf(&mut self, leaf: InputLeaf) -> ValueId {
        let ty = Ty {
            scalar: leaf.scalar,
            lanes: leaf.lanes,
            secret: !leaf.public,
        };
        let range = leaf
            .range
            .and_then(|(lo, hi)| ValueRange { lo, hi }.interval());
        let id = InputId::new(self.ir.inputs.len());
        self.ir.inputs.push(leaf);
        let value = self.emit(Op::Input(id), vec![], ty);
        self.ir.values[value.index()].range = range;
        value
    }

    /// Hands a value to its receivers.
    pub fn output(&mut self, value: ValueId, receivers: &[u32]) -> OutputId {
        let id = OutputId::new(self.ir.outputs.len());
        let ty = self.ty(value);
        self.ir.outputs.push(OutputLeaf {
            receivers: receivers.to_vec(),
            path: String::new(),
            scalar: ty.scalar,
            lanes: ty.lanes,
        });
        self.push(Op::Output(id), vec![value], vec![], vec![]);
        id
    }

    /// A public constant vector.
    pub fn constant(&mut self, scalar: Scalar, words: ConstVec) -> ValueId {
        let ty = Ty {
            scalar,
            lanes: words.lanes(),
            secret: false,
        };
        self.emit(Op::Const(words), vec![], ty)
    }

    /// The same constant in every lane.
    pub fn splat(&mut self, scalar: Scalar, lanes: u64, word: Word) -> ValueId {
        self.constant(scalar, ConstVec::Splat { lanes, word })
    }

    /// One public `usize`.
    pub fn index(&mut self, at: u64) -> ValueId {
        self.splat(Scalar::USIZE, 1, Word::from(at))
    }

    /// An element-wise operation (use [`Builder::cast`] for conversions).
    pub fn word(&mut self, op: WordOp, args: &[ValueId]) -> ValueId {
        self.inferred(Op::Word(op), args)
    }

    /// A conversion.
    pub fn cast(&mut self, value: ValueId, scalar: Scalar) -> ValueId {
        let ty = Ty {
            scalar,
            ..self.ty(value)
        };
        self.emit(Op::Word(WordOp::Cast), vec![value], ty)
    }

    /// An operation that names its type.
    pub fn word_to(&mut self, op: WordOp, args: &[ValueId], scalar: Scalar) -> ValueId {
        let tys = args.iter().map(|&id| self.ty(id));
        let ty = Ty {
            scalar,
            lanes: args.first().map_or(1, |&id| self.ty(id).lanes),
            secret: tys.into_iter().any(|ty| ty.secret),
        };
        self.emit(Op::Word(op), args.to_vec(), ty)
    }

    /// An operation without regions whose result type follows from its operands.
    pub fn inferred(&mut self, op: Op, args: &[ValueId]) -> ValueId {
        let tys: Vec<Ty> = args.iter().map(|&id| self.ty(id)).collect();
        let ty = match result_ty(&op, &tys) {
            Ok(Some(ty)) => ty,
            Ok(None) | Err(_) => tys.first().copied().unwrap_or(Ty {
                scalar: Scalar::Bool,
                lanes: 1,
                secret: false,
            }),
        };
        self.emit(op, args.to_vec(), ty)
    }

    /// Blocks of lanes of `src` at public indices.
    pub fn gather(&mut self, src: ValueId, idx: ValueId, block: u64) -> ValueId {
        self.inferred(Op::Gather { block }, &[src, idx])
    }

    /// `dst` with blocks of lanes replaced at public indices.
    pub fn scatter(&mut self, dst: ValueId, idx: ValueId, val: ValueId, block: u64) -> ValueId {
        self.inferred(Op::Scatter { block }, &[dst, idx, val])
    }

    /// A reduction by a word operation.
    pub fn reduce(&mut self, op: WordOp, value: ValueId, segments: u64) -> ValueId {
        let reducer = Reducer::Word(op);
        self.inferred(Op::Reduce { reducer, segments }, &[value])
    }

    /// A loop with a known count; `body` gets the counter and the carried values and gives the next ones.
    pub fn counted(
        &mut self,
        count: u64,
        init: &[ValueId],
        body: impl FnOnce(&mut Self, ValueId, &[ValueId]) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        self.looped(Some(count), init.to_vec(), init, body)
    }

    /// A loop whose public `usize` count is computed while running.
    pub fn run_time_counted(
        &mut self,
        count: ValueId,
        init: &[ValueId],
        body: impl FnOnce(&mut Self, ValueId, &[ValueId]) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        let args = [count].iter().chain(init).copied().collect();
        self.looped(None, args, init, body)
    }

    fn looped(
        &mut self,
        count: Option<u64>,
        args: Vec<ValueId>,
        init: &[ValueId],
        body: impl FnOnce(&mut Self, ValueId, &[ValueId]) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        let mut tys = vec![Ty {
            scalar: Scalar::USIZE,
            lanes: 1,
            secret: false,
        }];
        tys.extend(init.iter().map(|&id| self.ty(id)));
        let region = self.region(&tys, |b, params| body(b, params[0], &params[1..]));
        self.push(Op::Loop { count }, args, tys[1..].to_vec(), vec![region])
    }

    /// A loop on a public condition.
    pub fn repeat_while(
        &mut self,
        init: &[ValueId],
        cond: impl FnOnce(&mut Self, &[ValueId]) -> ValueId,
        body: impl FnOnce(&mut Self, &[ValueId]) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        let tys: Vec<Ty> = init.iter().map(|&id| self.ty(id)).collect();
        let cond = self.region(&tys, |b, params| vec![cond(b, params)]);
        let body = self.region(&tys, body);
        self.push(Op::While, init.to_vec(), tys, vec![cond, body])
    }

    /// A choice on a public condition.
    pub fn branch(
        &mut self,
        cond: ValueId,
        then: impl FnOnce(&mut Self) -> Vec<ValueId>,
        otherwise: impl FnOnce(&mut Self) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        let then = self.region(&[], |b, _| then(b));
        let otherwise = self.region(&[], |b, _| otherwise(b));
        let tys = then.results.iter().map(|&id| self.ty(id)).collect();
        self.push(Op::If, vec![cond], tys, vec![then, otherwise])
    }

    /// A reduction by an associative region over tuples: `combine` gets the left and the right tuple.
    pub fn reduce_region(
        &mut self,
        values: &[ValueId],
        segments: u64,
        combine: impl FnOnce(&mut Self, &[ValueId], &[ValueId]) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        let one: Vec<Ty> = values
            .iter()
            .map(|&id| Ty {
                lanes: 1,
                ..self.ty(id)
            })
            .collect();
        let both: Vec<Ty> = one.iter().chain(&one).copied().collect();
        let k = one.len();
        let region = self.region(&both, |b, params| combine(b, &params[..k], &params[k..]));
        let reducer = Reducer::Region;
        let results = one
            .iter()
            .map(|ty| Ty {
                lanes: segments,
                ..*ty
            })
            .collect();
        self.push(
            Op::Reduce { reducer, segments },
            values.to_vec(),
            results,
            vec![region],
        )
    }

    /// Stops the run unless all lanes of a public bool hold.
    pub fn assert(&mut self, cond: ValueId, message: Option<&str>) {
        self.push(
            Op::Assert(message.map(str::to_owned)),
            vec![cond],
            vec![],
            vec![],
        );
    }

    /// A node with one result of the given type.
    pub fn emit(&mut self, op: Op, args: Vec<ValueId>, ty: Ty) -> ValueId {
        self.push(op, args, vec![ty], vec![])[0]
    }

    /// A node; its results.
    pub fn push(
        &mut self,
        op: Op,
        args: Vec<ValueId>,
        tys: Vec<Ty>,
        regions: Vec<Region>,
    ) -> Vec<ValueId> {
        let results: Vec<ValueId> = tys.into_iter().map(|ty| self.fresh(ty)).collect();
        let node = Node {
            op,
            args,
            results: results.clone(),
            regions,
            span: self.span,
            protocol: None,
        };
        if let Some(region) = self.open.last_mut() {
            region.nodes.push(node);
        }
        results
    }

    /// A region with parameters of the given types; `fill` adds its nodes and gives its results.
    pub fn region(
        &mut self,
        params: &[Ty],
        fill: impl FnOnce(&mut Self, &[ValueId]) -> Vec<ValueId>,
    ) -> Region {
        let params = self.open_region(params);
        let results = fill(self, &params);
        self.close_region(results)
    }

    /// Starts a region with parameters of the given types; nodes go there until it is closed. Its parameters.
    pub fn open_region(&mut self, params: &[Ty]) -> Vec<ValueId> {
        let params: Vec<ValueId> = params.iter().map(|&ty| self.fresh(ty)).collect();
        self.open.push(Region {
            params: params.clone(),
            ..Region::default()
        });
        params
    }

    /// Ends the region opened last.
    pub fn close_region(&mut self, results: Vec<ValueId>) -> Region {
        let region = self.open.pop().unwrap_or_default();
        Region { results, ..region }
    }

    fn fresh(&mut self, ty: Ty) -> ValueId {
        let id = ValueId::new(self.ir.values.len());
        self.ir.values.push(Value { ty, range: None });
        id
    }
}
