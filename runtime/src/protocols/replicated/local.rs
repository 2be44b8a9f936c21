//! What each party does with its own components: everything linear.
//!
//! A component is treated alike at its two holders, so nothing is sent; a public constant goes into component 0.

use std::sync::Arc;

use smpcc_circuit::program::{Domain, ValueInfo};
use smpcc_circuit::value::{Scalar, Word};

use super::{
    Arithmetic, Boolean, Held, Rep3, Share, arithmetic, bits_of, boolean, in_ring, part_of, yao,
};
use crate::bits::Bits;
use crate::block::Labels;
use crate::engine::local as clear;
use crate::error::Error;
use crate::protocols::{Value, linear};
use crate::ring::Elements;

/// The component that takes public constants.
const CONSTANT: usize = 0;

/// A public value as a shared one.
pub(super) fn from_public(
    suite: &Rep3,
    value: &Elements,
    scalar: Scalar,
    to: ValueInfo,
) -> Result<Share, Error> {
    let me = suite.me;
    match to.domain {
        Domain::Arithmetic { ring } => {
            let ring = u32::from(ring);
            let elements = in_ring(value, scalar, ring);
            Ok(Share::Arithmetic(Arithmetic::of_component(
                me, CONSTANT, ring, elements,
            )))
        }
        Domain::Boolean => {
            let bits = Bits::from_elements(to.scalar.width() as usize, value);
            Ok(Share::Boolean(Boolean::of_component(me, CONSTANT, bits)))
        }
        Domain::Yao => {
            let width = to.scalar.width() as usize;
            Ok(Share::Yao(suite.yao.garbling.public(width, value)))
        }
        Domain::Public => Err(Error::bug("a public value becomes no share")),
    }
}

/// Blocks of lanes that start at `index`.
pub(super) fn gather(src: &Value<Share>, index: &[usize], block: usize) -> Result<Share, Error> {
    match src {
        Value::Shared(Share::Arithmetic(a)) => Ok(Share::Arithmetic(Arithmetic {
            ring: a.ring,
            part: a.part.each_ref().map(|p| clear::gather(p, index, block)),
        })),
        Value::Shared(Share::Boolean(b)) => Ok(Share::Boolean(Boolean {
            part: b.part.each_ref().map(|p| p.gather(index, block)),
        })),
        Value::Shared(Share::Yao(l)) => Ok(Share::Yao(l.gather(index, block))),
        Value::Public(_) => Err(Error::bug("operands of different domains")),
    }
}

/// Consecutive lanes.
pub(super) fn cut(share: &Share, from: usize, lanes: usize) -> Share {
    match share {
        Share::Arithmetic(a) => Share::Arithmetic(Arithmetic {
            ring: a.ring,
            part: a.part.each_ref().map(|p| p.slice(from, lanes)),
        }),
        Share::Boolean(b) => Share::Boolean(Boolean {
            part: b.part.each_ref().map(|p| p.slice(from, lanes)),
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
        Share::Arithmetic(a) => Share::Arithmetic(Arithmetic::zeros(a.ring, lanes)),
        Share::Boolean(b) => Share::Boolean(Boolean::zeros(b.width(), lanes)),
        Share::Yao(l) => Share::Yao(Labels::zeros(l.width(), lanes)),
    });
    match (&mut whole, block) {
        (Share::Arithmetic(a), Share::Arithmetic(block)) => {
            for (part, block) in a.part.iter_mut().zip(&block.part) {
                part.put(from, block);
            }
        }
        (Share::Boolean(b), Share::Boolean(block)) => {
            for (part, block) in b.part.iter_mut().zip(&block.part) {
                part.put(from, block);
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
            for (d, v) in a.part.iter_mut().zip(&arithmetic(val)?.part) {
                clear::scatter(d, index, v, block);
            }
        }
        Share::Boolean(b) => {
            for (d, v) in b.part.iter_mut().zip(&boolean(val)?.part) {
                d.scatter(index, v, block);
            }
        }
        Share::Yao(l) => l.scatter(index, yao::labels(val)?, block),
    }
    Ok(share)
}

/// One vector after the other.
pub(super) fn concat(args: &[Held], to: ValueInfo) -> Result<Share, Error> {
    match to.domain {
        Domain::Arithmetic { ring } => {
            let shares = args
                .iter()
                .map(|a| arithmetic(a))
                .collect::<Result<Vec<_>, _>>()?;
            let part = |p: usize| {
                let parts: Vec<_> = shares.iter().map(|s| &s.part[p]).collect();
                clear::concat(u32::from(ring), &parts)
            };
            Ok(Share::Arithmetic(Arithmetic {
                ring: u32::from(ring),
                part: [part(0), part(1)],
            }))
        }
        Domain::Boolean => {
            let shares = args
                .iter()
                .map(|a| boolean(a))
                .collect::<Result<Vec<_>, _>>()?;
            let part = |p: usize| {
                let parts: Vec<_> = shares.iter().map(|s| &s.part[p]).collect();
                Bits::concat(bits_of(to) as usize, &parts)
            };
            Ok(Share::Boolean(Boolean {
                part: [part(0), part(1)],
            }))
        }
        Domain::Yao => {
            let parts = args
                .iter()
                .map(|a| yao::labels(a))
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
    let lanes = super::n_lanes(to)?;
    let shares = args
        .iter()
        .map(|a| arithmetic(a))
        .collect::<Result<Vec<_>, _>>()?;
    let constant_part = part_of(me, CONSTANT);
    let part = |p: usize| {
        let parts: Vec<_> = shares.iter().map(|s| &s.part[p]).collect();
        let start = if constant_part == Some(p) {
            constant
        } else {
            0
        };
        linear::combine(ring, lanes, start, coefficients, &parts)
    };
    Ok(Share::Arithmetic(Arithmetic {
        ring,
        part: [part(0), part(1)],
    }))
}

/// Lane-wise product with a public vector.
pub(super) fn mul_public(
    x: &Value<Share>,
    factor: &Elements,
    scalar: Scalar,
) -> Result<Share, Error> {
    let x = arithmetic(x)?;
    let ring = x.ring;
    let factor = in_ring(factor, scalar, ring);
    let part = x
        .part
        .each_ref()
        .map(|p| linear::multiply(ring, p, &factor));
    Ok(Share::Arithmetic(Arithmetic { ring, part }))
}

/// Sums of runs of lanes.
pub(super) fn sum_lanes(x: &Value<Share>, segments: u64) -> Result<Share, Error> {
    let x = arithmetic(x)?;
    let ring = x.ring;
    let part = x
        .part
        .each_ref()
        .map(|p| linear::sum_lanes(ring, p, segments));
    Ok(Share::Arithmetic(Arithmetic { ring, part }))
}

/// The same integers mod a smaller power of two.
pub(super) fn lower_ring(x: &Value<Share>, ring: u32) -> Result<Share, Error> {
    let x = arithmetic(x)?;
    Ok(Share::Arithmetic(Arithmetic {
        ring,
        part: x.part.each_ref().map(|p| p.lowered(ring)),
    }))
}
