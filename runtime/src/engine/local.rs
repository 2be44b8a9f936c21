//! Operations in the clear: what every party computes for itself on public values, and the checks that stop all parties
//! alike.

use std::sync::Arc;

use smpcc_circuit::gate::WordOp;
use smpcc_circuit::program::{Kind, Loc, Node, Op, Program};
use smpcc_circuit::value::{Scalar, Word};

use crate::error::Error;
use crate::protocols::Value;
use crate::ring::{Element, Elements, each, for_width};

/// The public vector in a value.
pub fn public<S>(value: &Value<S>) -> Result<&Elements, Error> {
    match value {
        Value::Public(elements) => Ok(elements),
        Value::Shared(_) => Err(Error::bug("a shared value where a public one belongs")),
    }
}

/// Whether an operation touches no share.
pub fn is_local<S>(node: &Node, args: &[Arc<Value<S>>]) -> bool {
    let all_public = || args.iter().all(|a| matches!(**a, Value::Public(_)));
    match node.op.kind() {
        Kind::Clear => true,
        Kind::Move => all_public(),
        Kind::Linear | Kind::Interactive(_) | Kind::Control => false,
    }
}

/// The results of a local operation.
///
/// # Errors
/// A fault of the program when a public index is out of range or an assertion does not hold: the same at all parties.
pub fn execute<S>(
    program: &Program,
    node: &Node,
    mut args: Vec<Arc<Value<S>>>,
) -> Result<Vec<Arc<Value<S>>>, Error> {
    let ty = |ids: &[smpcc_circuit::ids::ValueId], i: usize| {
        ids.get(i)
            .and_then(|v| program.values.get(v.index()))
            .map_or(Scalar::Bool, |v| v.scalar)
    };
    let to = ty(&node.results, 0);
    let out = match &node.op {
        Op::Const(words) => Elements::of_words(to.width(), words.words()),
        Op::Word(op) => {
            let from = match op {
                WordOp::Select => ty(&node.args, 1),
                _ => ty(&node.args, 0),
            };
            let args = args
                .iter()
                .map(|a| public(a))
                .collect::<Result<Vec<_>, _>>()?;
            let lanes = args.first().map_or(0, |a| a.lanes());
            let mut lane_args = vec![0; args.len()];
            Elements::of_words(
                to.width(),
                (0..lanes).map(|lane| {
                    for (word, arg) in lane_args.iter_mut().zip(&args) {
                        *word = arg.get(lane);
                    }
                    op.eval(from, to, &lane_args)
                }),
            )
        }
        Op::Reduce { op, segments } => {
            let arg = public(first(&args)?)?;
            let run = arg.lanes() / usize::try_from(*segments).unwrap_or(usize::MAX).max(1);
            if run == 0 {
                return Err(Error::bug("a reduction of nothing"));
            }
            Elements::of_words(
                to.width(),
                (0..arg.lanes() / run).map(|s| {
                    (s * run + 1..(s + 1) * run).fold(arg.get(s * run), |a, lane| {
                        op.eval(to, to, &[a, arg.get(lane)])
                    })
                }),
            )
        }
        Op::Assert(message) => {
            let arg = public(first(&args)?)?;
            if arg.words().iter().any(|w| w & 1 == 0) {
                let what = message.as_deref().map_or_else(
                    || "the assertion does not hold".to_owned(),
                    |m| format!("the assertion does not hold: {m}"),
                );
                return Err(at(program, node.loc, &what));
            }
            return Ok(Vec::new());
        }
        Op::Gather { block } => {
            let src = public(first(&args)?)?;
            let index = indices(program, node, public(nth(&args, 1)?)?, src.lanes(), *block)?;
            gather(src, &index, *block as usize)
        }
        Op::Scatter { block } => {
            if args.len() != 3 {
                return Err(Error::bug("a scatter of the wrong operands"));
            }
            let dst = args.remove(0);
            let lanes = public(&dst)?.lanes();
            let index = indices(program, node, public(nth(&args, 0)?)?, lanes, *block)?;
            let mut dst = match Arc::try_unwrap(dst) {
                Ok(Value::Public(own)) => own,
                Ok(Value::Shared(_)) => {
                    return Err(Error::bug("a shared value where a public one belongs"));
                }
                Err(held) => public(&held)?.clone(),
            };
            scatter(&mut dst, &index, public(nth(&args, 1)?)?, *block as usize);
            dst
        }
        Op::Concat => {
            let parts = args
                .iter()
                .map(|a| public(a))
                .collect::<Result<Vec<_>, _>>()?;
            concat(to.width(), &parts)
        }
        _ => {
            return Err(Error::bug(
                "an operation on shares where a local one belongs",
            ));
        }
    };
    Ok(vec![Arc::new(Value::Public(out))])
}

fn first<S>(args: &[Arc<Value<S>>]) -> Result<&Value<S>, Error> {
    nth(args, 0)
}

fn nth<S>(args: &[Arc<Value<S>>], i: usize) -> Result<&Value<S>, Error> {
    args.get(i)
        .map(|a| &**a)
        .ok_or_else(|| Error::bug("an operand is missing"))
}

/// An error of the program at a place of its source.
pub fn at(program: &Program, loc: Loc, what: &str) -> Error {
    match program.files.get(loc.file as usize) {
        Some(file) if loc.line > 0 => {
            Error::program(format!("{file}:{}:{}: {what}", loc.line, loc.col))
        }
        Some(_) | None => Error::program(what),
    }
}

/// The first lane of each block that an index vector names in a vector of `lanes`.
///
/// # Errors
/// A fault of the program when an index is out of range.
pub fn indices(
    program: &Program,
    node: &Node,
    index: &Elements,
    lanes: usize,
    block: u64,
) -> Result<Vec<usize>, Error> {
    let block = usize::try_from(block).unwrap_or(usize::MAX).max(1);
    let n = lanes / block;
    let start = |word: Word| match usize::try_from(word) {
        Ok(i) if i < n => Ok(i * block),
        Ok(_) | Err(_) => Err(at(
            program,
            node.loc,
            &format!("the index {word} is out of range: there are {n} elements"),
        )),
    };
    each!(index, v => v.iter().map(|i| start(i.word())).collect())
}

/// Blocks of consecutive lanes that start at `index`.
pub fn gather(src: &Elements, index: &[usize], block: usize) -> Elements {
    fn pick<E: Element>(src: &[E], index: &[usize], block: usize) -> Elements {
        let mut out = Vec::with_capacity(index.len() * block);
        if block == 1 {
            out.extend(index.iter().map(|&i| src[i]));
        } else {
            for &i in index {
                out.extend_from_slice(&src[i..i + block]);
            }
        }
        E::wrap(out)
    }
    each!(src, v => pick(v, index, block))
}

/// Overwrites blocks of consecutive lanes; later ones win.
pub fn scatter(dst: &mut Elements, index: &[usize], val: &Elements, block: usize) {
    each!(dst, d => {
        for (k, &i) in index.iter().enumerate() {
            for t in 0..block {
                d[i + t] = Element::of(val.get(k * block + t));
            }
        }
    });
}

/// One vector after the other, of `bits` bits.
pub fn concat(bits: u32, parts: &[&Elements]) -> Elements {
    for_width!(bits, E => {
        let mut out: Vec<E> = Vec::with_capacity(parts.iter().map(|p| p.lanes()).sum());
        for part in parts {
            match E::slice(part) {
                Some(same) => out.extend_from_slice(same),
                None => out.extend(part.words().into_iter().map(E::of)),
            }
        }
        E::wrap(out)
    })
}
