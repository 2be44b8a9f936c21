//! How every suite holds a value: a share of one or more parts, each linear in the value, or labels.
//!
//! What is linear in the value needs nobody else and is the same work on every part, whatever the parts are: one summand
//! (`pairwise`), two components (`replicated`), the coordinates of a point (`shamir`). So it stands here once. A suite says
//! how many parts its shares have, and what public constants add to each of them at this party ([`Sharing`]).

use std::sync::Arc;

use smpcc_circuit::program::{Domain, Kind, Node, Op, Program, ValueInfo};
use smpcc_circuit::value::{Scalar, Word};
use zeroize::Zeroizing;

use super::clear::{self, indices, public};
use super::operands::{bits_of, in_ring, info, n_lanes, nth};
use super::{Begun, Outcome, Suite, Value, linear};
use crate::bits::{Bits, Picks};
use crate::block::Labels;
use crate::error::Error;
use crate::mask::Mask;
use crate::ring::Elements;

/// A share of a value.
#[derive(Clone)]
pub enum Share {
    /// Of integers mod a power of two.
    Arithmetic(Arithmetic),
    /// Of bit strings.
    Boolean(Boolean),
    /// Zero labels at who garbles, the value's labels at who evaluates.
    Yao(Labels),
}

/// Parts of a share of integers mod 2^ring.
#[derive(Clone)]
pub struct Arithmetic {
    pub(super) ring: u32,
    pub(super) part: Vec<Elements>,
}

/// Parts of a share of bit strings.
#[derive(Clone)]
pub struct Boolean {
    pub(super) part: Vec<Bits>,
    /// The strings themselves, at the party that drew them at random; for [`Op::Compose`].
    pub(super) known: Option<Arc<Zeroizing<Bits>>>,
}

/// A value as its operations hold it.
pub(super) type Held = Arc<Value<Share>>;

/// The shape of one party's shares: a weight for each part, times which a public constant is added to it. A weight is 1 at one part
/// of some parties' shares and 0 at the others; a part that authenticates the others has its key there.
#[derive(Clone)]
pub struct Sharing(Arc<[Word]>);

impl Arithmetic {
    /// Shares of zero without any randomness.
    pub(super) fn zeros(parts: usize, ring: u32, lanes: usize) -> Self {
        let part = (0..parts).map(|_| Elements::zeros(ring, lanes)).collect();
        Self { ring, part }
    }

    pub(super) fn lanes(&self) -> usize {
        self.part.first().map_or(0, Elements::lanes)
    }
}

impl Boolean {
    /// Shares of zero without any randomness.
    pub(super) fn zeros(parts: usize, width: usize, lanes: usize) -> Self {
        Self::of((0..parts).map(|_| Bits::zeros(width, lanes)).collect())
    }

    /// Nobody knows the strings.
    pub(super) fn of(part: Vec<Bits>) -> Self {
        Self { part, known: None }
    }

    pub(super) fn lanes(&self) -> usize {
        self.part.first().map_or(0, Bits::lanes)
    }

    pub(super) fn width(&self) -> usize {
        self.part.first().map_or(0, Bits::width)
    }
}

/// The arithmetic share in a value.
pub(super) fn arithmetic(value: &Value<Share>) -> Result<&Arithmetic, Error> {
    match value {
        Value::Shared(Share::Arithmetic(share)) => Ok(share),
        Value::Shared(Share::Boolean(_) | Share::Yao(_)) | Value::Public(_) | Value::Local(_) => {
            Err(Error::bug("an operand is not an arithmetic share"))
        }
    }
}

/// The Boolean share in a value.
pub(super) fn boolean(value: &Value<Share>) -> Result<&Boolean, Error> {
    match value {
        Value::Shared(Share::Boolean(share)) => Ok(share),
        Value::Shared(Share::Arithmetic(_) | Share::Yao(_))
        | Value::Public(_)
        | Value::Local(_) => Err(Error::bug("an operand is not a Boolean share")),
    }
}

/// The labels in a value.
pub(super) fn labels(value: &Value<Share>) -> Result<&Labels, Error> {
    match value {
        Value::Shared(Share::Yao(labels)) => Ok(labels),
        Value::Shared(Share::Arithmetic(_) | Share::Boolean(_))
        | Value::Public(_)
        | Value::Local(_) => Err(Error::bug("an operand is not a vector of labels")),
    }
}

/// For an operation that [`Sharing::local`] or the engine does.
pub(super) fn misplaced() -> Error {
    Error::bug("this is not an operation on shares")
}

fn mixed() -> Error {
    Error::bug("operands of different domains")
}

/// What is put into a share has its shape: parts, width, and lanes where they are known.
fn alike<T: PartialEq>(whole: T, part: T) -> Result<(), Error> {
    match whole == part {
        true => Ok(()),
        false => Err(Error::bug("operands of different shapes")),
    }
}

fn each<T, U>(parts: &[T], f: impl FnMut(&T) -> U) -> Vec<U> {
    parts.iter().map(f).collect()
}

/// Gives a public vector of so many bits as labels, where garbled sections hold such.
pub(super) type PublicLabels<'a> =
    dyn FnMut(usize, &Elements) -> Result<Option<Labels>, Error> + 'a;

impl Sharing {
    /// Shares with these weights.
    pub(super) fn new(constant: Vec<Word>) -> Self {
        Self(constant.into())
    }

    /// Parts of a share.
    pub(super) fn parts(&self) -> usize {
        self.0.len()
    }

    /// By part, the share of the public one: of 64 lanes of bits.
    pub(super) fn ones(&self) -> impl Iterator<Item = u64> + '_ {
        // Weights may be secret: bits of a key.
        let one = |&weight: &Word| Mask::lowest(weight as u64).word();
        self.0.iter().map(one)
    }

    /// The result of an operation that needs nobody else; `None` for those that suites do with others, and this is the one list
    /// of both. `labels` gives a public vector of so many bits as labels, where garbled sections hold such. Operands are taken where they
    /// are used up.
    pub(super) fn local(
        &self,
        program: &Program,
        node: &Node,
        args: &mut Vec<Held>,
        labels: &mut PublicLabels<'_>,
    ) -> Result<Option<Share>, Error> {
        let to = info(program, &node.results, 0);
        Ok(Some(match &node.op {
            Op::FromPublic => {
                let scalar = info(program, &node.args, 0)?.scalar;
                let (value, to) = (nth(args, 0)?, to?);
                let value = public(&value)?;
                let labels = match to.domain {
                    Domain::Yao => labels(bits_of(to) as usize, value)?,
                    _ => None,
                };
                match labels {
                    Some(labels) => Share::Yao(labels),
                    None => self.public(value, scalar, to)?,
                }
            }
            Op::Gather { block } => {
                let lanes = n_lanes(info(program, &node.args, 0)?)?;
                let index = nth(args, 1)?;
                let index = indices(program, node, public(&index)?, lanes, *block)?;
                gather(&*nth(args, 0)?, &index, *block as usize)?
            }
            Op::Scatter { block } => {
                if args.len() != 3 {
                    return Err(Error::bug("a scatter of the wrong operands"));
                }
                let dst = args.remove(0);
                let lanes = n_lanes(info(program, &node.args, 0)?)?;
                let index = nth(args, 0)?;
                let index = indices(program, node, public(&index)?, lanes, *block)?;
                scatter(dst, &index, &*nth(args, 1)?, *block as usize)?
            }
            Op::Concat => self.concat(args, to?)?,
            Op::Linear {
                coefficients,
                constant,
            } => self.combine(coefficients, *constant, args, to?)?,
            Op::MulPublic => {
                let scalar = info(program, &node.args, 1)?.scalar;
                let (x, factor) = (nth(args, 0)?, nth(args, 1)?);
                let x = arithmetic(&x)?;
                let factor = in_ring(public(&factor)?, scalar, x.ring);
                x.try_each(x.ring, |p| linear::multiply(x.ring, p, &factor))?
            }
            Op::SumLanes { segments } => {
                let x = nth(args, 0)?;
                let x = arithmetic(&x)?;
                x.try_each(x.ring, |p| linear::sum_lanes(x.ring, p, *segments))?
            }
            Op::RunningSums => {
                let x = nth(args, 0)?;
                let x = arithmetic(&x)?;
                x.each(x.ring, |p| linear::running_sums(x.ring, p))
            }
            Op::LowerRing => {
                let (x, ring) = (nth(args, 0)?, bits_of(to?));
                arithmetic(&x)?.each(ring, |p| p.lowered(ring))
            }
            op => {
                return match op.kind() {
                    Kind::Interactive(_) => Ok(None),
                    Kind::Clear | Kind::Move | Kind::Linear | Kind::Control => Err(misplaced()),
                };
            }
        }))
    }

    /// A public value as a share that every party makes for itself.
    fn public(&self, value: &Elements, scalar: Scalar, to: ValueInfo) -> Result<Share, Error> {
        let bits = bits_of(to);
        match to.domain {
            Domain::Arithmetic { .. } => {
                let value = in_ring(value, scalar, bits);
                let weighted = |&weight: &Word| match weight {
                    0 => Ok(Elements::zeros(bits, value.lanes())),
                    1 => Ok(value.clone()),
                    _ => linear::combine(bits, value.lanes(), 0, &[weight], &[&value]),
                };
                let part = self.0.iter().map(weighted).collect::<Result<_, _>>()?;
                Ok(Share::Arithmetic(Arithmetic { ring: bits, part }))
            }
            Domain::Boolean | Domain::Yao => {
                let width = bits as usize;
                let bits = Bits::from_elements(width, value);
                let weighted = |one: u64| {
                    let mut part = bits.clone();
                    part.words_mut().iter_mut().for_each(|word| *word &= one);
                    part
                };
                Ok(Share::Boolean(Boolean::of(
                    self.ones().map(weighted).collect(),
                )))
            }
            Domain::Public | Domain::Local { .. } => {
                Err(Error::bug("a public value becomes no such share"))
            }
        }
    }

    /// One vector after the other.
    fn concat(&self, args: &[Held], to: ValueInfo) -> Result<Share, Error> {
        let bits = bits_of(to);
        match to.domain {
            Domain::Arithmetic { .. } => {
                let part = self.of_parts(
                    args,
                    |a| Ok(&arithmetic(a)?.part),
                    |parts| clear::concat(bits, parts),
                )?;
                Ok(Share::Arithmetic(Arithmetic { ring: bits, part }))
            }
            Domain::Yao if args.iter().any(|a| labels(a).is_ok()) => {
                let parts = args
                    .iter()
                    .map(|a| labels(a))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Share::Yao(Labels::concat(bits as usize, &parts)?))
            }
            Domain::Boolean | Domain::Yao => {
                let part = self.of_parts(
                    args,
                    |a| Ok(&boolean(a)?.part),
                    |parts| Bits::concat(bits as usize, parts),
                )?;
                Ok(Share::Boolean(Boolean::of(part)))
            }
            Domain::Public | Domain::Local { .. } => Err(mixed()),
        }
    }

    /// `Σ coefficients[i] · args[i] + constant`.
    fn combine(
        &self,
        coefficients: &[Word],
        constant: Word,
        args: &[Held],
        to: ValueInfo,
    ) -> Result<Share, Error> {
        let (ring, lanes) = (bits_of(to), n_lanes(to)?);
        let mut weights = self.0.iter();
        let part = self.of_parts(
            args,
            |a| Ok(&arithmetic(a)?.part),
            |parts| {
                let weight = weights.next().copied().unwrap_or(0);
                let start = constant.wrapping_mul(weight);
                linear::combine(ring, lanes, start, coefficients, parts)
            },
        )?;
        Ok(Share::Arithmetic(Arithmetic { ring, part }))
    }

    /// Part by part, `f` of that part of all operands.
    fn of_parts<'a, T: 'a>(
        &self,
        args: &'a [Held],
        parts: impl Fn(&'a Value<Share>) -> Result<&'a Vec<T>, Error>,
        mut f: impl FnMut(&[&T]) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let missing = || Error::bug("a part of a share is missing");
        (0..self.parts())
            .map(|p| {
                let part = |a: &'a Held| parts(a)?.get(p).ok_or_else(missing);
                f(&args.iter().map(part).collect::<Result<Vec<_>, _>>()?)
            })
            .collect()
    }
}

impl Arithmetic {
    /// `f` of each part, in a ring.
    fn each(&self, ring: u32, f: impl FnMut(&Elements) -> Elements) -> Share {
        let part = each(&self.part, f);
        Share::Arithmetic(Self { ring, part })
    }

    /// The same, where parts may have a wrong shape.
    fn try_each(
        &self,
        ring: u32,
        f: impl FnMut(&Elements) -> Result<Elements, Error>,
    ) -> Result<Share, Error> {
        let part = self.part.iter().map(f).collect::<Result<_, _>>()?;
        Ok(Share::Arithmetic(Self { ring, part }))
    }
}

/// Blocks of lanes that start at `index`.
fn gather(src: &Value<Share>, index: &[usize], block: usize) -> Result<Share, Error> {
    Ok(match src {
        Value::Shared(Share::Arithmetic(a)) => a.each(a.ring, |p| clear::gather(p, index, block)),
        Value::Shared(Share::Boolean(b)) => {
            let picks = Picks::new(index, block);
            Share::Boolean(Boolean::of(each(&b.part, |p| p.pick(&picks))))
        }
        Value::Shared(Share::Yao(l)) => Share::Yao(l.gather(index, block)),
        Value::Public(_) | Value::Local(_) => return Err(mixed()),
    })
}

/// Blocks of lanes overwritten, in place where nobody else uses the vector.
fn scatter(dst: Held, index: &[usize], val: &Value<Share>, block: usize) -> Result<Share, Error> {
    let mut share = match Arc::try_unwrap(dst) {
        Ok(Value::Shared(own)) => own,
        Ok(Value::Public(_) | Value::Local(_)) => return Err(mixed()),
        Err(held) => match &*held {
            Value::Shared(held) => held.clone(),
            Value::Public(_) | Value::Local(_) => return Err(mixed()),
        },
    };
    match &mut share {
        Share::Arithmetic(a) => {
            let val = arithmetic(val)?;
            alike((a.part.len(), a.ring), (val.part.len(), val.ring))?;
            for (d, v) in a.part.iter_mut().zip(&val.part) {
                clear::scatter(d, index, v, block)?;
            }
        }
        Share::Boolean(b) => {
            let val = boolean(val)?;
            alike(b.part.len(), val.part.len())?;
            b.known = None;
            for (d, v) in b.part.iter_mut().zip(&val.part) {
                d.scatter(index, v, block)?;
            }
        }
        Share::Yao(l) => l.scatter(index, labels(val)?, block)?,
    }
    Ok(share)
}

/// Consecutive lanes; `from` is a multiple of 64.
pub(super) fn cut(share: &Share, from: usize, lanes: usize) -> Share {
    match share {
        Share::Arithmetic(a) => a.each(a.ring, |p| p.slice(from, lanes)),
        Share::Boolean(b) => {
            let known = b.known.as_ref();
            Share::Boolean(Boolean {
                part: each(&b.part, |p| p.slice(from, lanes)),
                known: known.map(|known| Arc::new(Zeroizing::new(known.slice(from, lanes)))),
            })
        }
        Share::Yao(l) => Share::Yao(l.slice(from, lanes)),
    }
}

/// Consecutive lanes overwritten, in a vector of `lanes` lanes that the first of them begins.
pub(super) fn put(
    whole: Option<Share>,
    lanes: usize,
    from: usize,
    block: &Share,
) -> Result<Share, Error> {
    let zeros = |bits: &Bits| Bits::zeros(bits.width(), lanes);
    let mut whole = whole.unwrap_or_else(|| match block {
        Share::Arithmetic(a) => a.each(a.ring, |p| p.zeros_like(lanes)),
        Share::Boolean(b) => {
            let known = b.known.as_ref();
            Share::Boolean(Boolean {
                part: each(&b.part, zeros),
                known: known.map(|known| Arc::new(Zeroizing::new(zeros(known)))),
            })
        }
        Share::Yao(l) => Share::Yao(Labels::zeros(l.width(), lanes)),
    });
    match (&mut whole, block) {
        (Share::Arithmetic(a), Share::Arithmetic(block)) => {
            alike((a.part.len(), a.ring), (block.part.len(), block.ring))?;
            for (part, block) in a.part.iter_mut().zip(&block.part) {
                part.put(from, block)?;
            }
        }
        (Share::Boolean(b), Share::Boolean(block)) => {
            alike(b.part.len(), block.part.len())?;
            for (part, block) in b.part.iter_mut().zip(&block.part) {
                part.put(from, block)?;
            }
            if let (Some(known), Some(block)) = (&mut b.known, &block.known) {
                Arc::make_mut(known).put(from, block)?;
            }
        }
        (Share::Yao(l), Share::Yao(block)) => l.put(from, block)?,
        (Share::Arithmetic(_) | Share::Boolean(_) | Share::Yao(_), _) => {
            return Err(Error::bug("blocks of different kinds"));
        }
    }
    Ok(whole)
}

/// Results of an operation that needed nobody else.
pub(super) fn done<S: Suite<Share = Share>>(values: Vec<Share>) -> Result<Begun<S>, Error> {
    let values = values.into_iter().map(Value::Shared).collect();
    Ok(Begun::Done(Outcome::Values(values)))
}
