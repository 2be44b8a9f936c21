//! Names of the functions of the prelude that become comparisons, `if`s and variants.

use crate::hir::Arith;

/// One of these functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    IsSome,
    IsNone,
    UnwrapOr,
    Checked(Arith),
    Saturating(Arith),
}

/// Names and what they stand for.
pub(crate) const NAMES: &[(&str, Asked)] = &[
    ("checked_add", Asked::Checked(Arith::Add)),
    ("checked_div", Asked::Checked(Arith::Div)),
    ("checked_mul", Asked::Checked(Arith::Mul)),
    ("checked_sub", Asked::Checked(Arith::Sub)),
    ("is_none", Asked::IsNone),
    ("is_some", Asked::IsSome),
    ("saturating_add", Asked::Saturating(Arith::Add)),
    ("saturating_mul", Asked::Saturating(Arith::Mul)),
    ("saturating_sub", Asked::Saturating(Arith::Sub)),
    ("unwrap_or", Asked::UnwrapOr),
];
