//! Chooses how each value of a program is held: public, arithmetic in some ring, Boolean, or garbled.
//!
//! A forced domain holds for everything secret. Otherwise the cost model ([`cost`]) and a bounded, deterministic search
//! ([`search`]) choose. Emission can write any operation in any domain, by conversions if need be, so a plan only decides
//! what a run costs, with one exception: `--protocol arithmetic` promises that nothing leaves the arithmetic domain, and
//! an operation without such a form is an error that names it.
//!
//! Rings follow from the choice: a value takes the widest ring that a use needs, if range analysis proves that the integer
//! itself can be held there (`wide`), and the ring of its own width otherwise.

mod legal;
mod rings;

use crate::ir::{Ir, Node};
use crate::session::{Options, ProtocolChoice};
use crate::span::Span;
use smpcc_circuit::ids::ValueId;
use smpcc_circuit::program::Domain;

/// How values are held, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For each value of the IR, the domain that it is computed in.
    pub homes: Vec<Domain>,
    /// For each value, whether its integer itself can be held in a ring wider than the type: no operation on the way wraps.
    pub wide: Vec<bool>,
    /// For each value, the widest ring that an arithmetic use of it needs; 0 without one.
    pub rings: Vec<u8>,
    /// Reasons for people; sections name one.
    pub reasons: Vec<String>,
    /// For each value, its reason.
    pub reason: Vec<u32>,
}

impl Plan {
    /// The reason that a node's results have, or else its operands.
    pub fn reason_of(&self, node: &Node) -> u32 {
        let of = |v: &ValueId| self.reason.get(v.index()).copied();
        node.results
            .first()
            .or(node.args.first())
            .and_then(of)
            .unwrap_or(0)
    }
}

/// The plan for `ir`.
///
/// # Errors
/// With `--protocol arithmetic`, each operation that has no arithmetic form.
pub fn assign(ir: &Ir, options: &Options) -> Result<Plan, Vec<NoArithmeticForm>> {
    let kind = match options.protocol {
        ProtocolChoice::Arithmetic => {
            legal::check_arithmetic(ir)?;
            Kind::Arithmetic
        }
        ProtocolChoice::Yao => Kind::Yao,
        ProtocolChoice::Boolean | ProtocolChoice::Auto => Kind::Boolean,
    };
    let kinds: Vec<Kind> = ir
        .values
        .iter()
        .map(|v| if v.ty.secret { kind } else { Kind::Public })
        .collect();
    let why = format!("asked for by --protocol {}", kind.word());
    Ok(finish(ir, &kinds, vec!["known to all".into(), why], |k| {
        u32::from(k != Kind::Public)
    }))
}

/// An operation that arithmetic shares cannot do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoArithmeticForm {
    /// The operation, in words that fit before "has no arithmetic form".
    pub what: String,
    /// Where it stands.
    pub span: Span,
}

/// A domain without its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Public,
    Arithmetic,
    Boolean,
    Yao,
}

impl Kind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Arithmetic => "arithmetic",
            Self::Boolean => "boolean",
            Self::Yao => "yao",
        }
    }
}

/// Adds the rings to a choice of domains.
fn finish(ir: &Ir, kinds: &[Kind], reasons: Vec<String>, reason: impl Fn(Kind) -> u32) -> Plan {
    let rings::Rings { wide, rings } = rings::rings(ir, kinds);
    let homes = kinds
        .iter()
        .zip(&rings)
        .zip(&ir.values)
        .map(|((kind, &ring), value)| match kind {
            Kind::Public => Domain::Public,
            Kind::Boolean => Domain::Boolean,
            Kind::Yao => Domain::Yao,
            Kind::Arithmetic => Domain::Arithmetic {
                ring: ring.max(value.ty.scalar.width() as u8),
            },
        })
        .collect();
    Plan {
        homes,
        wide,
        rings,
        reasons,
        reason: kinds.iter().map(|&k| reason(k)).collect(),
    }
}

/// A plan without sense, for tests: each secret value in a domain of its own.
#[cfg(test)]
pub(crate) fn scattered(ir: &Ir, seed: u64) -> Plan {
    let mut state = seed;
    let kinds: Vec<Kind> = ir
        .values
        .iter()
        .map(|v| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            match (v.ty.secret, (state >> 33) % 3) {
                (false, _) => Kind::Public,
                (true, 0) => Kind::Arithmetic,
                (true, 1) => Kind::Boolean,
                (true, _) => Kind::Yao,
            }
        })
        .collect();
    finish(ir, &kinds, vec![String::new()], |_| 0)
}
