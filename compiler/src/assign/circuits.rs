//! Sizes and depths of circuits as formulas of their widths: near what the generators make, and cheap to ask for.
//!
//! Figures of 32 and 64 bits are those that the tests of the generators pin; other widths follow the trend.

use smpcc_circuit::float::FloatOp;
use smpcc_circuit::gate::WordOp;

/// A circuit's size and depth.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Circuit {
    pub ands: f64,
    pub depth: f64,
}

/// A circuit with the fewest ANDs, and the shallowest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Forms {
    pub size: Circuit,
    pub depth: Circuit,
}

impl Forms {
    pub fn both(circuit: Circuit) -> Self {
        Self {
            size: circuit,
            depth: circuit,
        }
    }

    #[must_use]
    pub fn map(self, f: impl Fn(Circuit) -> Circuit) -> Self {
        Self {
            size: f(self.size),
            depth: f(self.depth),
        }
    }
}

/// A sum of two words.
pub(super) fn adder(w: f64) -> Forms {
    let lg = f64::from(ceil_log2(w as u64));
    let few = (w - 1.0).max(0.0);
    Forms {
        size: Circuit {
            ands: few,
            depth: few,
        },
        depth: Circuit {
            ands: (w * (lg - 1.0) * 0.95).max(few),
            depth: lg.max(1.0),
        },
    }
}

/// A sum of `parts` words: carry-save steps, and one adder.
pub(super) fn sum(parts: f64, w: f64) -> Forms {
    let mut levels = 0.0;
    let mut left = parts as u64;
    while left > 2 {
        left = left / 3 * 2 + left % 3;
        levels += 1.0;
    }
    adder(w).map(|last| Circuit {
        ands: last.ands + (parts - 2.0).max(0.0) * (w - 1.0).max(0.0),
        depth: last.depth + levels,
    })
}

/// An operation on two secrets of `w` bits.
pub(super) fn operator(op: WordOp, w: f64) -> Forms {
    let lg = f64::from(ceil_log2(w as u64));
    let forms = |size: (f64, f64), depth: (f64, f64)| Forms {
        size: Circuit {
            ands: size.0,
            depth: size.1,
        },
        depth: Circuit {
            ands: depth.0,
            depth: depth.1,
        },
    };
    let one = |ands: f64, depth: f64| forms((ands, depth), (ands, depth));
    match op {
        WordOp::Add | WordOp::Sub | WordOp::Neg | WordOp::Abs => adder(w),
        WordOp::Lt | WordOp::Le => forms((w, w), (2.1 * w, lg + 1.0)),
        WordOp::Min | WordOp::Max => forms((2.0 * w, w + 1.0), (3.1 * w, lg + 2.0)),
        WordOp::Eq | WordOp::Ne => one((w - 1.0).max(0.0), lg),
        WordOp::Mul => forms((0.54 * w * w, w), (0.6 * w * w, 2.0 * lg)),
        WordOp::Div | WordOp::Rem => forms((0.8 * w * w, 0.67 * w * w), (4.1 * w * w, 10.0 * lg)),
        WordOp::Isqrt => forms((0.13 * w * w, 0.13 * w * w), (0.4 * w * w, 2.0 * w)),
        WordOp::Select | WordOp::And | WordOp::Or => one(w, 1.0),
        WordOp::Shl | WordOp::Shr | WordOp::RotL | WordOp::RotR => one(w * lg, lg),
        WordOp::CountOnes => one(w, lg),
        WordOp::Xor | WordOp::Not | WordOp::Cast => Forms::default(),
        WordOp::SubByte => forms((32.0, 6.0), (34.0, 4.0)),
        WordOp::Float(op, _) => float(op, w),
    }
}

/// An operation whose first operand has `w` bits; figures between those of binary32 and binary64 follow the trend.
fn float(op: FloatOp, w: f64) -> Forms {
    let (lg, fraction) = (f64::from(ceil_log2(w as u64)), 0.85 * w);
    let forms = |size: f64, ands: f64, depth: f64| Forms {
        size: Circuit {
            ands: size,
            depth: size / 4.0,
        },
        depth: Circuit { ands, depth },
    };
    match op {
        FloatOp::Add | FloatOp::Sub => forms(18.0 * w, 30.0 * w, 9.0 * lg),
        FloatOp::Mul => forms(
            0.9 * fraction * fraction + 15.0 * w,
            1.4 * fraction * fraction + 20.0 * w,
            7.0 * lg,
        ),
        FloatOp::MulAdd => forms(
            0.9 * fraction * fraction + 45.0 * w,
            1.4 * fraction * fraction + 60.0 * w,
            14.0 * lg,
        ),
        FloatOp::Div => forms(
            1.1 * fraction * fraction + 15.0 * w,
            8.0 * fraction * fraction,
            20.0 * lg,
        ),
        FloatOp::Sqrt => forms(
            0.6 * fraction * fraction + 8.0 * w,
            2.0 * fraction * fraction,
            4.0 * w,
        ),
        FloatOp::Min | FloatOp::Max => forms(3.0 * w, 4.0 * w, lg + 4.0),
        FloatOp::Eq | FloatOp::Lt | FloatOp::Le => forms(1.7 * w, 2.5 * w, lg + 3.0),
        FloatOp::Neg => forms(0.3 * w, 0.3 * w, 5.0),
        FloatOp::Floor | FloatOp::Ceil | FloatOp::Round | FloatOp::Trunc => {
            forms(6.0 * w, 8.0 * w, 4.0 * lg)
        }
        FloatOp::Convert | FloatOp::FromInt | FloatOp::ToInt | FloatOp::ToNearest => {
            forms(8.0 * w, 10.0 * w, 5.0 * lg)
        }
    }
}

/// The smallest number whose power of two is at least `n`.
pub(super) fn ceil_log2(n: u64) -> u32 {
    if n <= 1 {
        0
    } else {
        64 - (n - 1).leading_zeros()
    }
}
