//! Operations in the clear: what every party computes for itself on public values, what an owner computes on its own, and the checks
//! that stop all parties alike.
//!
//! Both are the same code (`crate::words`). Who does not own a result has nothing of it, but sees like all others where a public index
//! is out of range.

use std::sync::Arc;

use smpcc_circuit::gate::WordOp;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::{Domain, Kind, Loc, Node, Op, Program, ValueInfo};
use smpcc_circuit::value::{ConstVec, Word};

use crate::error::Error;
use crate::io::Secret;
use crate::party::PartyId;
use crate::protocols::Value;
use crate::ring::{Element, Elements, each, for_width};
use crate::words;

/// The public vector in a value.
pub fn public<S>(value: &Value<S>) -> Result<&Elements, Error> {
    match value {
        Value::Public(elements) => Ok(elements),
        Value::Local(_) | Value::Shared(_) => {
            Err(Error::bug("a secret where a public value belongs"))
        }
    }
}

/// The vector in a value that this party knows.
pub fn known<S>(value: &Value<S>) -> Result<&Elements, Error> {
    match value {
        Value::Public(elements) => Ok(elements),
        Value::Local(Some(own)) => Ok(own.expose()),
        Value::Local(None) => Err(Error::bug("another party's value is read")),
        Value::Shared(_) => Err(Error::bug("a shared value where a known one belongs")),
    }
}

/// The same, for one that changes it; copied where others use it.
fn taken<S>(value: Arc<Value<S>>) -> Result<Elements, Error> {
    match Arc::try_unwrap(value) {
        Ok(Value::Public(elements)) => Ok(elements),
        Ok(Value::Local(Some(own))) => Ok(own.into_inner()),
        Ok(other) => known(&other).cloned(),
        Err(held) => known(&held).cloned(),
    }
}

/// The vector in a value that this party knows, to be changed: `own` says whether the result is the party's own. It is copied where
/// others use it as it was.
///
/// # Errors
/// A bug: a value that this party does not know.
pub fn changed<S>(value: &mut Arc<Value<S>>, own: bool) -> Result<&mut Elements, Error> {
    let is_free = match Arc::get_mut(value) {
        Some(Value::Public(_)) => !own,
        Some(Value::Local(Some(_))) => own,
        Some(Value::Local(None) | Value::Shared(_)) | None => false,
    };
    if !is_free {
        let words = taken(std::mem::replace(value, Arc::new(Value::Local(None))))?;
        *value = Arc::new(match own {
            true => Value::Local(Some(Secret::new(words))),
            false => Value::Public(words),
        });
    }
    match Arc::get_mut(value) {
        Some(Value::Public(words)) => Ok(words),
        Some(Value::Local(Some(own))) => Ok(own.expose_mut()),
        Some(Value::Local(None) | Value::Shared(_)) | None => {
            Err(Error::bug("a value that others use is changed"))
        }
    }
}

/// Whether an operation touches no share.
pub fn is_local<S>(node: &Node, args: &[Arc<Value<S>>]) -> bool {
    let all_clear = || args.iter().all(|a| !matches!(**a, Value::Shared(_)));
    match node.op.kind() {
        Kind::Clear => true,
        Kind::Move => all_clear(),
        Kind::Linear | Kind::Interactive(_) | Kind::Control => false,
    }
}

/// Whether an operation is an input that its owner keeps for itself.
pub fn is_kept(program: &Program, node: &Node) -> bool {
    matches!(node.op, Op::Input(_)) && owner(program, node).is_some()
}

/// Who alone knows an operation's result.
fn owner(program: &Program, node: &Node) -> Option<u32> {
    match info(program, &node.results, 0).ok()?.domain {
        Domain::Local { owner } => Some(owner),
        Domain::Public | Domain::Arithmetic { .. } | Domain::Boolean | Domain::Yao => None,
    }
}

/// The results of a local operation, as `me` has them.
///
/// # Errors
/// A fault of the program when a public index is out of range or an assertion does not hold: the same at all parties.
pub fn execute<S>(
    program: &Program,
    node: &Node,
    args: Vec<Arc<Value<S>>>,
    me: PartyId,
) -> Result<Vec<Arc<Value<S>>>, Error> {
    if let Op::Assert(message) = &node.op {
        return assert(program, node, message.as_deref(), public(first(&args)?)?).map(|()| vec![]);
    }
    let index = index(program, node, &args)?;
    Ok(vec![Arc::new(match owner(program, node) {
        None => Value::Public(compute(program, node, args, index)?),
        Some(owner) if owner as usize == me.index() => {
            Value::Local(Some(Secret::new(compute(program, node, args, index)?)))
        }
        Some(_) => Value::Local(None),
    })])
}

/// Where the elements lie that an operation's public index names, if it has one.
fn index<S>(
    program: &Program,
    node: &Node,
    args: &[Arc<Value<S>>],
) -> Result<Option<Vec<usize>>, Error> {
    let (Op::Gather { block } | Op::Scatter { block }) = &node.op else {
        return Ok(None);
    };
    let lanes = usize::try_from(info(program, &node.args, 0)?.lanes);
    let lanes = lanes.map_err(|_| Error::machine("a value is larger than memory"))?;
    indices(program, node, public(nth(args, 1)?)?, lanes, *block).map(Some)
}

/// The result of an operation whose operands are all known here.
fn compute<S>(
    program: &Program,
    node: &Node,
    mut args: Vec<Arc<Value<S>>>,
    index: Option<Vec<usize>>,
) -> Result<Elements, Error> {
    let to = info(program, &node.results, 0)?.scalar;
    let missing = || Error::bug("an operand is missing");
    let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    match &node.op {
        Op::Const(words) => Ok(constant(words, to.width(), 0, words.lanes())),
        Op::Word(op) => {
            let data = usize::from(*op == WordOp::Select);
            let from = info(program, &node.args, data)?.scalar;
            words::map(*op, from, to, &all_known(&args)?)
        }
        Op::Reduce { op, segments } => {
            words::reduce(*op, to, known(first(&args)?)?, size(*segments))
        }
        Op::Scan { op, segments } => words::scan(*op, to, known(first(&args)?)?, size(*segments)),
        Op::Read { block, groups } => {
            let (src, index) = (known(first(&args)?)?, known(nth(&args, 1)?)?);
            words::read(src, index, size(*block), size(*groups))
        }
        Op::Write { block, groups } => {
            let val = args.pop().ok_or_else(missing)?;
            let index = args.pop().ok_or_else(missing)?;
            let mut dst = taken(args.pop().ok_or_else(missing)?)?;
            let (index, val) = (known(&index)?, known(&val)?);
            words::write(&mut dst, index, val, size(*block), size(*groups))?;
            Ok(dst)
        }
        Op::Gather { block } => {
            let index = index.ok_or_else(missing)?;
            Ok(gather(known(first(&args)?)?, &index, size(*block)))
        }
        Op::Scatter { block } => {
            let (val, index) = (args.pop().ok_or_else(missing)?, index.ok_or_else(missing)?);
            args.truncate(1);
            let mut dst = taken(args.pop().ok_or_else(missing)?)?;
            scatter(&mut dst, &index, known(&val)?, size(*block))?;
            Ok(dst)
        }
        Op::Concat => concat(to.width(), &all_known(&args)?),
        _ => Err(Error::bug(
            "an operation on shares where a local one belongs",
        )),
    }
}

fn all_known<S>(args: &[Arc<Value<S>>]) -> Result<Vec<&Elements>, Error> {
    args.iter().map(|a| known(a)).collect()
}

/// Stops all parties unless all lanes hold.
fn assert(
    program: &Program,
    node: &Node,
    message: Option<&str>,
    holds: &Elements,
) -> Result<(), Error> {
    if each!(holds, v => v.iter().all(|w| w.word() & 1 == 1)) {
        return Ok(());
    }
    let what = message.map_or_else(
        || "the assertion does not hold".to_owned(),
        |m| format!("the assertion does not hold: {m}"),
    );
    Err(at(program, node.loc, &what))
}

/// Lanes `from..from + lanes` of a constant, of `bits` bits.
pub fn constant(words: &ConstVec, bits: u32, from: u64, lanes: u64) -> Elements {
    match *words {
        ConstVec::Splat { word, .. } => {
            for_width!(bits, E => E::wrap(vec![E::of(word).low(bits); lanes as usize]))
        }
        ConstVec::Affine { start, ref dims } if dims.len() == 1 => {
            let step = dims.first().map_or(0, |d| d.1);
            let first = start.wrapping_add(step.wrapping_mul(Word::from(from)));
            for_width!(bits, E => {
                let (first, step) = (E::of(first), E::of(step));
                let lane = |l: u64| first.add(step.mul(E::of(l.into()))).low(bits);
                E::wrap((0..lanes).map(lane).collect())
            })
        }
        ConstVec::Affine { .. } | ConstVec::Pieces(_) | ConstVec::Table(_) => {
            Elements::of_words(bits, words.words_in(from..from + lanes))
        }
    }
}

fn info(program: &Program, ids: &[ValueId], i: usize) -> Result<ValueInfo, Error> {
    let info = ids.get(i).and_then(|v| program.values.get(v.index()));
    info.copied()
        .ok_or_else(|| Error::bug("a value is missing"))
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

/// A public index names none of `n` elements.
pub fn out_of_range(program: &Program, node: &Node, index: Word, n: usize) -> Error {
    let what = format!("the index {index} is out of range: there are {n} elements");
    at(program, node.loc, &what)
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
    let beyond = each!(index, v => v.iter().map(|i| i.word()).find(|&i| i >= n as Word));
    if let Some(word) = beyond {
        return Err(out_of_range(program, node, word, n));
    }
    Ok(each!(index, v => v.iter().map(|i| i.word() as usize * block).collect()))
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

/// Overwrites blocks of consecutive lanes, which start at indices that are in range; later ones win.
///
/// # Errors
/// A bug: values in another machine word, or not a block for each index.
pub fn scatter(
    dst: &mut Elements,
    index: &[usize],
    val: &Elements,
    block: usize,
) -> Result<(), Error> {
    fn copy<E: Element>(dst: &mut [E], index: &[usize], val: &[E], block: usize) {
        if block == 1 {
            for (&i, &word) in index.iter().zip(val) {
                dst[i] = word;
            }
        } else {
            for (&i, words) in index.iter().zip(val.chunks_exact(block.max(1))) {
                dst[i..i + block].copy_from_slice(words);
            }
        }
    }
    if index.len() * block != val.lanes() {
        return Err(Error::bug("not a block of values for each index"));
    }
    match (dst, val) {
        (Elements::Narrow(dst), Elements::Narrow(val)) => copy(dst, index, val, block),
        (Elements::Wide(dst), Elements::Wide(val)) => copy(dst, index, val, block),
        (Elements::Narrow(_), Elements::Wide(_)) | (Elements::Wide(_), Elements::Narrow(_)) => {
            return Err(Error::bug("values in another machine word than the vector"));
        }
    }
    Ok(())
}

/// One vector after the other, of `bits` bits.
///
/// # Errors
/// A bug: a vector in another machine word.
pub fn concat(bits: u32, parts: &[&Elements]) -> Result<Elements, Error> {
    let other = || Error::bug("a vector in another machine word than those beside it");
    for_width!(bits, E => {
        let mut out: Vec<E> = Vec::with_capacity(parts.iter().map(|p| p.lanes()).sum());
        for part in parts {
            out.extend_from_slice(E::slice(part).ok_or_else(other)?);
        }
        Ok(E::wrap(out))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    #[test]
    fn what_does_not_fit_is_refused() {
        let (narrow, wide) = (Elements::zeros(8, 4), Elements::zeros(100, 4));
        let is_bug = |result: Result<(), Error>| result.is_err_and(|e| e.fault() == Fault::Bug);
        for (index, val, fits) in [
            (&[0, 2][..], &narrow, true),
            (&[0][..], &narrow, false),
            (&[0, 1, 2][..], &narrow, false),
            (&[0, 2][..], &wide, false),
        ] {
            let mut into = narrow.clone();
            assert_eq!(is_bug(scatter(&mut into, index, val, 2)), !fits);
        }
        assert!(is_bug(concat(8, &[&narrow, &wide]).map(drop)));
        assert_eq!(
            concat(8, &[&narrow, &narrow]).map(|e| e.lanes()).ok(),
            Some(8)
        );
    }
}
