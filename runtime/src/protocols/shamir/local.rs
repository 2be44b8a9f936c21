//! What each party does with its own shares: everything linear. All coordinates are treated alike; a public constant is a
//! constant polynomial, which every party adds to coordinate 0.

use std::sync::Arc;

use smpcc_circuit::program::{Domain, ValueInfo};
use smpcc_circuit::value::{Scalar, Word};

use super::{Arithmetic, Boolean, Held, Share, arithmetic, bits_of, boolean, in_ring};
use crate::bits::Bits;
use crate::engine::local as clear;
use crate::error::Error;
use crate::protocols::operands::n_lanes;
use crate::protocols::{Value, linear};
use crate::ring::Elements;

/// A public value as a shared one.
pub(super) fn from_public(
    d: usize,
    value: &Elements,
    scalar: Scalar,
    to: ValueInfo,
) -> Result<Share, Error> {
    match to.domain {
        Domain::Arithmetic { ring } => {
            let ring = u32::from(ring);
            let mut share = Arithmetic::zeros(d, ring, value.lanes());
            share.part[0] = in_ring(value, scalar, ring);
            Ok(Share::Arithmetic(share))
        }
        Domain::Boolean => {
            let width = to.scalar.width() as usize;
            let mut share = Boolean::zeros(d, width, value.lanes());
            share.part[0] = Bits::from_elements(width, value);
            Ok(Share::Boolean(share))
        }
        Domain::Public | Domain::Yao => Err(Error::bug("a public value becomes no such share")),
    }
}

/// Blocks of lanes that start at `index`.
pub(super) fn gather(src: &Value<Share>, index: &[usize], block: usize) -> Result<Share, Error> {
    match src {
        Value::Shared(Share::Arithmetic(a)) => Ok(Share::Arithmetic(Arithmetic {
            ring: a.ring,
            part: each(&a.part, |p| clear::gather(p, index, block)),
        })),
        Value::Shared(Share::Boolean(b)) => Ok(Share::Boolean(Boolean {
            part: each(&b.part, |p| p.gather(index, block)),
            known: None,
        })),
        Value::Public(_) => Err(Error::bug("operands of different domains")),
    }
}

fn each<T>(parts: &[T], f: impl FnMut(&T) -> T) -> Vec<T> {
    parts.iter().map(f).collect()
}

/// Consecutive lanes.
pub(super) fn cut(share: &Share, from: usize, lanes: usize) -> Share {
    match share {
        Share::Arithmetic(a) => Share::Arithmetic(Arithmetic {
            ring: a.ring,
            part: each(&a.part, |p| p.slice(from, lanes)),
        }),
        Share::Boolean(b) => Share::Boolean(Boolean {
            part: each(&b.part, |p| p.slice(from, lanes)),
            known: b
                .known
                .as_ref()
                .map(|known| Arc::new(known.slice(from, lanes))),
        }),
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
            part: each(&a.part, |p| p.zeros_like(lanes)),
        }),
        Share::Boolean(b) => Share::Boolean(Boolean {
            part: each(&b.part, |p| Bits::zeros(p.width(), lanes)),
            known: b
                .known
                .as_ref()
                .map(|known| Arc::new(Bits::zeros(known.width(), lanes))),
        }),
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
            if let (Some(known), Some(block)) = (&mut b.known, &block.known) {
                Arc::make_mut(known).put(from, block);
            }
        }
        (Share::Arithmetic(_) | Share::Boolean(_), _) => {
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
            b.known = None;
            for (d, v) in b.part.iter_mut().zip(&boolean(val)?.part) {
                d.scatter(index, v, block);
            }
        }
    }
    Ok(share)
}

/// One vector after the other.
pub(super) fn concat(d: usize, args: &[Held], to: ValueInfo) -> Result<Share, Error> {
    match to.domain {
        Domain::Arithmetic { ring } => {
            let ring = u32::from(ring);
            let shares = args
                .iter()
                .map(|a| arithmetic(a))
                .collect::<Result<Vec<_>, _>>()?;
            let part = |p: usize| {
                let parts: Vec<_> = shares.iter().map(|s| &s.part[p]).collect();
                clear::concat(ring, &parts)
            };
            let part = (0..d).map(part).collect();
            Ok(Share::Arithmetic(Arithmetic { ring, part }))
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
                part: (0..d).map(part).collect(),
                known: None,
            }))
        }
        Domain::Public | Domain::Yao => Err(Error::bug("operands of different domains")),
    }
}

/// `Σ coefficients[i] · args[i] + constant`.
pub(super) fn combine(
    d: usize,
    coefficients: &[Word],
    constant: Word,
    args: &[Held],
    to: ValueInfo,
) -> Result<Share, Error> {
    let (ring, lanes) = (bits_of(to), n_lanes(to)?);
    let shares = args
        .iter()
        .map(|a| arithmetic(a))
        .collect::<Result<Vec<_>, _>>()?;
    let part = |p: usize| {
        let parts: Vec<_> = shares.iter().map(|s| &s.part[p]).collect();
        let start = if p == 0 { constant } else { 0 };
        linear::combine(ring, lanes, start, coefficients, &parts)
    };
    let part = (0..d).map(part).collect();
    Ok(Share::Arithmetic(Arithmetic { ring, part }))
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
        part: each(&x.part, |p| linear::multiply(x.ring, p, &factor)),
    }))
}

/// Sums of runs of lanes.
pub(super) fn sum_lanes(x: &Value<Share>, segments: u64) -> Result<Share, Error> {
    let x = arithmetic(x)?;
    Ok(Share::Arithmetic(Arithmetic {
        ring: x.ring,
        part: each(&x.part, |p| linear::sum_lanes(x.ring, p, segments)),
    }))
}

/// The same integers mod a smaller power of two: reduction maps GR(2^k, d) onto the smaller ring.
pub(super) fn lower_ring(x: &Value<Share>, ring: u32) -> Result<Share, Error> {
    let x = arithmetic(x)?;
    Ok(Share::Arithmetic(Arithmetic {
        ring,
        part: each(&x.part, |p| p.lowered(ring)),
    }))
}
