//! One operation of a program as gates of the flat circuit, or as words where it is known.

use super::{Flat, MAX_GATES, MAX_LANES, Val};
use crate::eval;
use crate::gate::WordOp;
use crate::ids::{InputId, TemplateId, ValueId};
use crate::program::{Domain, Kind, Node, Op, Region};
use crate::template::Lit;
use crate::value::{ConstVec, Scalar, Word};

type Done = Result<(), String>;

/// What a turn of a loop takes, in lanes.
const TURN: u64 = 64;

impl<'a> Flat<'a> {
    /// Writes out an operation.
    pub(super) fn node(&mut self, node: &Node) -> Done {
        let mut work = 1;
        for &id in &node.results {
            let lanes = self.lanes(id);
            if lanes > MAX_LANES {
                return Err(format!(
                    "a value of {lanes} lanes is too large to be written out"
                ));
            }
            work += lanes;
        }
        self.spend(work)?;
        let is_owned = |id: &ValueId| {
            let info = self.program.values.get(id.index());
            info.is_some_and(|v| matches!(v.domain, Domain::Local { .. }))
        };
        if node.op.kind() == Kind::Clear && node.results.iter().any(is_owned) {
            return Err(
                "what a party computes by itself has no gates: compile with --local off".into(),
            );
        }
        let one = |value: Val| -> Result<(ValueId, Val), String> { Ok((result(node)?, value)) };
        let (id, value) = match &node.op {
            Op::Const(words) => one(self.constant(node, words)?)?,
            Op::Word(op) => one(self.word(node, *op)?)?,
            Op::Reduce { op, segments } => one(self.reduced(node, *op, *segments)?)?,
            Op::Input(id) => one(self.input(*id)?)?,
            Op::Scan { op, segments } => {
                let (words, scalar) = (self.public(arg(node, 0)?)?, self.scalar(arg(node, 0)?));
                one(Val::Public(eval::scan(*op, scalar, words, *segments)))?
            }
            Op::Read { block, groups } => {
                let (src, index) = (self.public(arg(node, 0)?)?, self.public(arg(node, 1)?)?);
                one(Val::Public(eval::read(&src, &index, *block, *groups)))?
            }
            Op::Write { block, groups } => {
                let (index, val) = (self.public(arg(node, 1)?)?, self.public(arg(node, 2)?)?);
                let dst = self.public(arg(node, 0)?)?;
                one(Val::Public(eval::write(dst, &index, &val, *block, *groups)))?
            }
            Op::FromPublic => one(Val::Bits(self.bits(arg(node, 0)?)?))?,
            Op::BooleanToYao | Op::YaoToBoolean | Op::Share => one(self.value(arg(node, 0)?)?)?,
            Op::Gather { block } => one(self.gathered(node, *block)?)?,
            Op::Scatter { block } => one(self.scattered(node, *block)?)?,
            Op::Concat => one(self.joined(node)?)?,
            Op::Call(id) => return self.call(node, *id),
            Op::Output(id) => {
                let bits = self.bits(arg(node, 0)?)?;
                if let Some(slot) = self.outputs.get_mut(id.index()) {
                    *slot = Some(bits);
                }
                return Ok(());
            }
            Op::Assert(_) => {
                return match self.public(arg(node, 0)?)?.iter().all(|w| *w & 1 == 1) {
                    true => Ok(()),
                    false => Err("an assertion does not hold".into()),
                };
            }
            Op::Loop { count, body } => return self.counted(node, *count, *body),
            Op::While { cond, body } => return self.repeated(node, *cond, *body),
            Op::If { then, otherwise } => {
                let taken = self.holds(arg(node, 0)?)?;
                let values = self.region(self.nested(if taken { *then } else { *otherwise })?)?;
                self.set_all(&node.results, values);
                return Ok(());
            }
            Op::Reveal => return Err("a revealed value is not known before the run".into()),
            // What else there is works on arithmetic shares.
            _ => {
                return Err(
                    "arithmetic shares are not a circuit: compile with --protocol boolean".into(),
                );
            }
        };
        self.set(id, value);
        Ok(())
    }

    fn spend(&mut self, work: u64) -> Done {
        let left = self.left.checked_sub(work);
        self.left = left.ok_or("the program takes too many steps to be written out")?;
        Ok(())
    }

    fn lanes(&self, id: ValueId) -> u64 {
        let info = self.program.values.get(id.index());
        info.map_or(0, |v| v.lanes)
    }

    fn scalar(&self, id: ValueId) -> Scalar {
        let info = self.program.values.get(id.index());
        info.map_or(Scalar::Bool, |v| v.scalar)
    }

    fn set_all(&mut self, ids: &[ValueId], values: Vec<Val>) {
        for (id, value) in ids.iter().zip(values) {
            self.set(*id, value);
        }
    }

    fn constant(&self, node: &Node, words: &ConstVec) -> Result<Val, String> {
        let scalar = self.scalar(result(node)?);
        Ok(Val::Public(words.words().map(|w| scalar.wrap(w)).collect()))
    }

    fn word(&self, node: &Node, op: WordOp) -> Result<Val, String> {
        let to = self.scalar(result(node)?);
        let from = self.scalar(arg(node, usize::from(op == WordOp::Select))?);
        let operands = self.publics(node)?;
        let lanes = self.lanes(result(node)?) as usize;
        let of = |lane: usize| {
            let word = |o: &Vec<Word>| o.get(lane).copied().unwrap_or(0);
            let args: Vec<Word> = operands.iter().map(word).collect();
            op.eval(from, to, &args)
        };
        Ok(Val::Public((0..lanes).map(of).collect()))
    }

    fn reduced(&self, node: &Node, op: WordOp, segments: u64) -> Result<Val, String> {
        let words = self.public(arg(node, 0)?)?;
        let scalar = self.scalar(arg(node, 0)?);
        let len = (words.len() as u64 / segments.max(1)).max(1) as usize;
        let reduced = words.chunks(len).map(|run| {
            let all = run.iter().copied();
            all.reduce(|a, b| op.eval(scalar, scalar, &[a, b]))
                .unwrap_or(0)
        });
        Ok(Val::Public(reduced.collect()))
    }

    fn input(&self, id: InputId) -> Result<Val, String> {
        let leaf = self.program.inputs.get(id.index());
        let leaf = leaf.ok_or("an unknown input")?;
        if leaf.public {
            return Err(format!(
                "the public input `{}` is not known before the run",
                leaf.path
            ));
        }
        if leaf.drawn {
            return Err(
                "the program draws, and a netlist draws nothing: give it what is drawn as an input"
                    .into(),
            );
        }
        let bits = self.inputs.get(id.index()).cloned();
        Ok(Val::Bits(bits.unwrap_or_default()))
    }

    fn publics(&self, node: &Node) -> Result<Vec<Vec<Word>>, String> {
        node.args.iter().map(|a| self.public(*a)).collect()
    }

    fn all_bits(&self, node: &Node) -> Result<Vec<Vec<Vec<Lit>>>, String> {
        node.args.iter().map(|a| self.bits(*a)).collect()
    }

    fn gathered(&self, node: &Node, block: u64) -> Result<Val, String> {
        let index = self.public(arg(node, 1)?)?;
        Ok(match self.value(arg(node, 0)?)? {
            Val::Public(src) => Val::Public(gather(&src, &index, block)?),
            Val::Bits(src) => Val::Bits(gather(&src, &index, block)?),
        })
    }

    fn scattered(&self, node: &Node, block: u64) -> Result<Val, String> {
        let index = self.public(arg(node, 1)?)?;
        let (dst, val) = (arg(node, 0)?, arg(node, 2)?);
        Ok(match (self.value(dst)?, self.value(val)?) {
            (Val::Public(dst), Val::Public(val)) => Val::Public(scatter(dst, &index, &val, block)?),
            (Val::Public(_) | Val::Bits(_), Val::Public(_) | Val::Bits(_)) => {
                Val::Bits(scatter(self.bits(dst)?, &index, &self.bits(val)?, block)?)
            }
        })
    }

    fn joined(&self, node: &Node) -> Result<Val, String> {
        let mut all_public = true;
        for &a in &node.args {
            all_public &= matches!(self.value(a)?, Val::Public(_));
        }
        Ok(if all_public {
            Val::Public(self.publics(node)?.concat())
        } else {
            Val::Bits(self.all_bits(node)?.concat())
        })
    }

    fn call(&mut self, node: &Node, id: TemplateId) -> Done {
        let template = self.program.templates.get(id.index());
        let template = template.ok_or("an unknown circuit")?;
        let operands = self.all_bits(node)?;
        let lanes = match operands.first() {
            Some(operand) => operand.len(),
            None => self.lanes(result(node)?) as usize,
        };
        let mut results: Vec<Vec<Vec<Lit>>> = vec![Vec::with_capacity(lanes); node.results.len()];
        for lane in 0..lanes {
            let args: Vec<Vec<Lit>> = operands
                .iter()
                .map(|o| o.get(lane).cloned().unwrap_or_default())
                .collect();
            for (result, bits) in results.iter_mut().zip(self.builder.call(template, &args)) {
                result.push(bits);
            }
            self.affordable()?;
        }
        self.set_all(&node.results, results.into_iter().map(Val::Bits).collect());
        Ok(())
    }

    fn affordable(&self) -> Done {
        if self.builder.n_gates() > MAX_GATES {
            return Err(format!("the circuit has more than {MAX_GATES} gates"));
        }
        Ok(())
    }

    fn nested(&self, index: u32) -> Result<&'a Region, String> {
        let region = self.program.regions.get(index as usize);
        region.ok_or_else(|| "an unknown region".into())
    }

    fn carried(&self, init: &[ValueId]) -> Result<Vec<Val>, String> {
        init.iter().map(|a| self.value(*a)).collect()
    }

    fn holds(&self, id: ValueId) -> Result<bool, String> {
        Ok(self.public(id)?.first().is_some_and(|w| w & 1 == 1))
    }

    fn counted(&mut self, node: &Node, count: Option<u64>, body: u32) -> Done {
        let n = match count {
            Some(n) => Word::from(n),
            None => self.public(arg(node, 0)?)?.first().copied().unwrap_or(0),
        };
        let region = self.nested(body)?;
        let init = node.args.get(usize::from(count.is_none())..);
        let mut state = self.carried(init.unwrap_or(&[]))?;
        let mut i: Word = 0;
        while i < n {
            self.spend(TURN)?;
            if let Some(counter) = region.params.first() {
                self.set(*counter, Val::Public(vec![i]));
            }
            self.set_all(region.params.get(1..).unwrap_or(&[]), state);
            state = self.region(region)?;
            i += 1;
        }
        self.set_all(&node.results, state);
        Ok(())
    }

    fn repeated(&mut self, node: &Node, cond: u32, body: u32) -> Done {
        let (cond, body) = (self.nested(cond)?, self.nested(body)?);
        let mut state = self.carried(&node.args)?;
        loop {
            self.spend(TURN)?;
            self.set_all(&cond.params, state.clone());
            match self.region(cond)?.first() {
                Some(Val::Public(holds)) if holds.first().is_some_and(|w| w & 1 == 1) => {}
                Some(Val::Public(_)) => break,
                Some(Val::Bits(_)) | None => return Err("a secret steers the program".into()),
            }
            self.set_all(&body.params, state);
            state = self.region(body)?;
            self.affordable()?;
        }
        self.set_all(&node.results, state);
        Ok(())
    }
}

fn arg(node: &Node, i: usize) -> Result<ValueId, String> {
    let id = node.args.get(i).copied();
    id.ok_or_else(|| "a missing operand".into())
}

fn result(node: &Node) -> Result<ValueId, String> {
    let id = node.results.first().copied();
    id.ok_or_else(|| "a missing result".into())
}

fn gather<T: Clone>(src: &[T], index: &[Word], block: u64) -> Result<Vec<T>, String> {
    let mut out = Vec::new();
    for i in index {
        let at = usize::try_from(*i)
            .ok()
            .and_then(|i| i.checked_mul(block as usize));
        let run = at
            .and_then(|at| src.get(at..at.checked_add(block as usize)?))
            .ok_or("an index is out of range")?;
        out.extend_from_slice(run);
    }
    Ok(out)
}

fn scatter<T: Clone>(
    mut dst: Vec<T>,
    index: &[Word],
    val: &[T],
    block: u64,
) -> Result<Vec<T>, String> {
    for (i, run) in index.iter().zip(val.chunks(block.max(1) as usize)) {
        let at = usize::try_from(*i)
            .ok()
            .and_then(|i| i.checked_mul(block as usize));
        let slot = at
            .and_then(|at| dst.get_mut(at..at.checked_add(run.len())?))
            .ok_or("an index is out of range")?;
        slot.clone_from_slice(run);
    }
    Ok(dst)
}
