//! What each party does with its own share: everything linear.
//!
//! Nothing is sent; a public constant goes into party 0's share.

use std::sync::Arc;

use smpcc_circuit::program::{Domain, ValueInfo};
use smpcc_circuit::value::{Scalar, Word};

use super::{Arithmetic, Boolean, Held, Pairwise, Share, arithmetic, boolean, labels};
use crate::bits::Bits;
use crate::block::Labels;
use crate::engine::local as clear;
use crate::error::Error;
use crate::protocols::operands::{bits_of, in_ring, n_lanes};
use crate::protocols::{Value, linear};
use crate::ring::Elements;

/// The party that takes public constants.
pub(super) const CONSTANT: usize = 0;

/// A public value as a shared one.
pub(super) fn from_public(
    suite: &Pairwise,
    value: &Elements,
    scalar: Scalar,
    to: ValueInfo,
) -> Result<Share, Error> {
    let mine = suite.me == CONSTANT;
    match to.domain {
        Domain::Arithmetic { ring } => {
            let ring = u32::from(ring);
            let elements = if mine {
                in_ring(value, scalar, ring)
            } else {
                Elements::zeros(ring, value.lanes())
            };
            Ok(Share::Arithmetic(Arithmetic { ring, elements }))
        }
        Domain::Boolean => {
            let width = to.scalar.width() as usize;
            Ok(Share::Boolean(Boolean::of(if mine {
                Bits::from_elements(width, value)
            } else {
                Bits::zeros(width, value.lanes())
            })))
        }
        Domain::Yao => {
            let width = to.scalar.width() as usize;
            Ok(Share::Yao(suite.yao()?.garbling.public(width, value)))
        }
        Domain::Public => Err(Error::bug("a public value becomes no share")),
    }
}

/// Blocks of lanes that start at `index`.
pub(super) fn gather(src: &Value<Share>, index: &[usize], block: usize) -> Result<Share, Error> {
    match src {
        Value::Shared(Share::Arithmetic(a)) => Ok(Share::Arithmetic(Arithmetic {
            ring: a.ring,
            elements: clear::gather(&a.elements, index, block),
        })),
        Value::Shared(Share::Boolean(b)) => {
            Ok(Share::Boolean(Boolean::of(b.bits.gather(index, block))))
        }
        Value::Shared(Share::Yao(l)) => Ok(Share::Yao(l.gather(index, block))),
        Value::Public(_) => Err(Error::bug("operands of different domains")),
    }
}

/// Consecutive lanes.
pub(super) fn cut(share: &Share, from: usize, lanes: usize) -> Share {
    match share {
        Share::Arithmetic(a) => Share::Arithmetic(Arithmetic {
            ring: a.ring,
            elements: a.elements.slice(from, lanes),
        }),
        Share::Boolean(b) => Share::Boolean(Boolean {
            bits: b.bits.slice(from, lanes),
            known: b.known.as_ref().map(|known| known.slice(from, lanes)),
        }),
        Share::Yao(l) => Share::Yao(l.slice(from, lanes)),
    }
}

/// Consecutive lanes overwritten, in a vector that the first of them begins.
pub(super) fn put(
    whole: Option<Share>,
    lanes: usize,
    from: usize,
    block: &Share,
) -> Result<Share, Error> {
    let mut whole = whole.unwrap_or_else(|| match block {
        Share::Arithmetic(a) => Share::Arithmetic(Arithmetic {
            ring: a.ring,
            elements: a.elements.zeros_like(lanes),
        }),
        Share::Boolean(b) => Share::Boolean(Boolean {
            bits: Bits::zeros(b.bits.width(), lanes),
            known: b
                .known
                .as_ref()
                .map(|known| Bits::zeros(known.width(), lanes)),
        }),
        Share::Yao(l) => Share::Yao(Labels::zeros(l.width(), lanes)),
    });
    match (&mut whole, block) {
        (Share::Arithmetic(a), Share::Arithmetic(block)) => a.elements.put(from, &block.elements),
        (Share::Boolean(b), Share::Boolean(block)) => {
            b.bits.put(from, &block.bits);
            if let (Some(known), Some(block)) = (&mut b.known, &block.known) {
                known.put(from, block);
            }
        }
        (Share::Yao(l), Share::Yao(block)) => l.put(from, block),
        (Share::Arithmetic(_) | Share::Boolean(_) | Share::Yao(_), _) => {
            return Err(Error::bug("blocks of different kinds"));
        }
    }
    Ok(whole)
}

/// Blocks of lanes overwritten, in place where nobody else uses the vector.
pub(super) fn scatter(
    dst: Held,
    index: &[usize],
    val: &Value<Share>,
    block: usize,
) -> Result<Share, Error> {
    let mixed = || Error::bug("operands of different domains");
    let own = Arc::try_unwrap(dst).unwrap_or_else(|held| match &*held {
        Value::Public(p) => Value::Public(p.clone()),
        Value::Shared(s) => Value::Shared(s.clone()),
    });
    let Value::Shared(mut share) = own else {
        return Err(mixed());
    };
    match &mut share {
        Share::Arithmetic(a) => {
            clear::scatter(&mut a.elements, index, &arithmetic(val)?.elements, block);
        }
        Share::Boolean(b) => {
            b.bits.scatter(index, &boolean(val)?.bits, block);
            b.known = None;
        }
        Share::Yao(l) => l.scatter(index, labels(val)?, block),
    }
    Ok(share)
}

/// One vector after the other.
pub(super) fn concat(args: &[Held], to: ValueInfo) -> Result<Share, Error> {
    match to.domain {
        Domain::Arithmetic { ring } => {
            let ring = u32::from(ring);
            let parts = args
                .iter()
                .map(|a| arithmetic(a).map(|a| &a.elements))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Share::Arithmetic(Arithmetic {
                ring,
                elements: clear::concat(ring, &parts),
            }))
        }
        Domain::Boolean => {
            let parts = args
                .iter()
                .map(|a| boolean(a).map(|b| &b.bits))
                .collect::<Result<Vec<_>, _>>()?;
            let bits = Bits::concat(bits_of(to) as usize, &parts);
            Ok(Share::Boolean(Boolean::of(bits)))
        }
        Domain::Yao => {
            let parts = args
                .iter()
                .map(|a| labels(a))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Share::Yao(Labels::concat(bits_of(to) as usize, &parts)))
        }
        Domain::Public => Err(Error::bug("operands of different domains")),
    }
}

/// `Σ coefficients[i] · args[i] + constant`.
pub(super) fn combine(
    me: usize,
    coefficients: &[Word],
    constant: Word,
    args: &[Held],
    to: ValueInfo,
) -> Result<Share, Error> {
    let ring = bits_of(to);
    let parts = args
        .iter()
        .map(|a| arithmetic(a).map(|a| &a.elements))
        .collect::<Result<Vec<_>, _>>()?;
    let start = if me == CONSTANT { constant } else { 0 };
    Ok(Share::Arithmetic(Arithmetic {
        ring,
        elements: linear::combine(ring, n_lanes(to)?, start, coefficients, &parts),
    }))
}

/// Lane-wise product with a public vector.
pub(super) fn mul_public(
    x: &Value<Share>,
    factor: &Elements,
    scalar: Scalar,
) -> Result<Share, Error> {
    let x = arithmetic(x)?;
    let factor = in_ring(factor, scalar, x.ring);
    Ok(Share::Arithmetic(Arithmetic {
        ring: x.ring,
        elements: linear::multiply(x.ring, &x.elements, &factor),
    }))
}

/// Sums of runs of lanes.
pub(super) fn sum_lanes(x: &Value<Share>, segments: u64) -> Result<Share, Error> {
    let x = arithmetic(x)?;
    Ok(Share::Arithmetic(Arithmetic {
        ring: x.ring,
        elements: linear::sum_lanes(x.ring, &x.elements, segments),
    }))
}

/// The same integers mod a smaller power of two.
pub(super) fn lower_ring(x: &Value<Share>, ring: u32) -> Result<Share, Error> {
    let x = arithmetic(x)?;
    Ok(Share::Arithmetic(Arithmetic {
        ring,
        elements: x.elements.lowered(ring),
    }))
}
